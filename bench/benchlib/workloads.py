# SPDX-License-Identifier: MIT
"""The workloads of the suite: one table.

A workload runs one of the programs of this folder (or, a "script", one of
programs/) with arguments.  The argument named by "scale" has two values, one
for --quick and one for --full.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Workload:
    name: str
    group: str
    program: str
    args: tuple = ()
    scale: str = ""
    quick: int = 0
    full: int = 0
    threads: int = 1
    sets: tuple = ()
    script: bool = False
    # Runs of a --quick suite, when not as many as of the others.
    rounds: int = 0
    timeout: int = 60
    # Figures of the result line that are compared as well; less is better.
    extra: tuple = ()
    # The program's time or peak means nothing here.
    time: bool = True
    rss: bool = True

    @property
    def pinned(self):
        return self.threads == 1

    def arguments(self, full):
        out = list(self.args)
        if self.scale:
            amount = self.full if full else self.quick
            out.append(f"{self.scale}={amount}")
        return out


def threaded(name, counts, group, program, args, quick, full, **more):
    """The same load with several numbers of threads, "ops" for each."""
    return [
        Workload(name if t == 1 else f"{name}-t{t}", group, program,
                 args + (f"threads={t}",), "ops",
                 quick * min(t, 2) // t, full * min(t, 2) // t,
                 threads=t, **more) for t in counts
    ]


def in_sets(workloads, name, members):
    """The workloads, those named in members belonging to the set."""
    out = []
    for w in workloads:
        if w.name in members:
            w = Workload(**{**w.__dict__, "sets": w.sets + (name,)})
        out.append(w)
    return out


def table():
    w = []
    w += threaded("mixed-256", (1, 2, 4, 8), "random mixed", "random_mixed",
                  ("min=16", "max=1024", "slots=256"),
                  12_000_000, 60_000_000)
    w += threaded("mixed-8k", (1, 2, 4, 8), "random mixed", "random_mixed",
                  ("min=16", "max=1024", "slots=8192"),
                  10_000_000, 50_000_000)
    w += threaded("mid-8k", (1, 2, 4, 8), "random mixed", "random_mixed",
                  ("min=1024", "max=8192", "slots=256"),
                  8_000_000, 40_000_000)
    w += [
        Workload("prodcons-1", "between threads", "prodcons", ("pairs=1",),
                 "ops", 4_000_000, 20_000_000, threads=2),
        Workload("startup-true", "start-up", "startup", ("program=true",),
                 "count", 200, 1000, script=True, rss=False,
                 extra=("faults", "calls")),
    ]
    w = in_sets(w, "foundation",
                ("mixed-256", "mixed-8k", "mid-8k", "mixed-256-t2",
                 "mixed-8k-t2", "mid-8k-t2", "prodcons-1", "startup-true"))
    return w


WORKLOADS = table()
SETS = sorted({s for w in WORKLOADS for s in w.sets})
