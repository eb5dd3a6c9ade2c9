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
    # Run under this mode of transparent huge pages.
    thp: str = ""

    @property
    def label(self):
        return f"{self.name} {self.thp}" if self.thp else self.name

    @property
    def pinned(self):
        return self.threads == 1

    def arguments(self, full):
        out = list(self.args)
        if self.scale:
            amount = self.full if full else self.quick
            out.append(f"{self.scale}={amount}")
        return out


def threaded(name, group, program, args, quick, full, slots, **more):
    """The same load with 1, 2, 4 and 8 threads.

    quick and full are the operations in all; with two threads, twice as many:
    machines have at least two CPUs.
    """
    out = []
    for t in (1, 2, 4, 8):
        each = (2 if t == 2 else 1, t)
        out.append(Workload(
            name if t == 1 else f"{name}-t{t}", group, program,
            (*args, f"slots={slots(t)}", f"threads={t}"), "ops",
            quick * each[0] // each[1], full * each[0] // each[1],
            threads=t, rounds=2 if t > 2 else 0, **more))
    return out


def in_sets(workloads, name, members):
    """The workloads, those named in members belonging to the set."""
    out = []
    for w in workloads:
        if w.name in members:
            w = Workload(**{**w.__dict__, "sets": w.sets + (name,)})
        out.append(w)
    return out


FOUNDATION = ("mixed-256", "mixed-8k", "mid-8k", "mixed-256-t2",
              "mixed-8k-t2", "mid-8k-t2", "prodcons-1", "startup-true")
# What is told of memory that huge pages may change.
MEMORY = ("return-all", "return-most", "fragment", "heap-1m", "heap-16m",
          "heap-128m", "heap-1g", "fork-heap", "idle-sleep", "idle-bash",
          "idle-python3")
M = 1_000_000
KEPT = ("once_kib", "idle_kib", "trickle_kib")


def random_mixed():
    """Random replacement, by tier and size of the working set."""
    def rows(name, sizes, slots, quick, touch="ends"):
        return threaded(name, "random mixed", "random_mixed",
                        (*sizes, f"touch={touch}"), quick, 20 * quick,
                        slots if callable(slots) else lambda threads: slots)

    tiny = ("min=16", "max=1024")
    mid = ("min=1K", "max=8K")
    upper = ("min=8K", "max=32K")
    large = ("min=32K", "max=2M")
    huge = ("min=2M", "max=25M")
    return [
        *rows("mixed-256", tiny, 256, 24 * M),
        *rows("mixed-8k", tiny, 8192, 14 * M),
        # The blocks of all threads together: half a GiB.
        *rows("mixed-1m", tiny, lambda threads: (1 << 20) // threads,
              1_000_000),
        *rows("mid-8k", mid, 256, 6 * M),
        *rows("mid-32k", upper, 256, 3 * M),
        *rows("large-first", large, 32, 600_000, touch="first"),
        *rows("large-pages", large, 32, 30_000, touch="pages"),
        *rows("huge-first", huge, 8, 30_000, touch="first"),
        *rows("huge-pages", huge, 8, 120, touch="pages"),
    ]


def one_thread():
    group = "one thread"
    return [
        *(Workload(f"pair-{size}", group, "pair", (f"size={size}",),
                   "ops", quick, 20 * quick)
          for size, quick in ((16, 30 * M), (64, 30 * M), (1024, 30 * M),
                              (8192, 20 * M), (100_000, 3 * M))),
        *(Workload(f"ramp-{order}", group, "ramp", (f"order={order}",),
                   "rounds", 12, 200)
          for order in ("forward", "reverse", "random")),
        Workload("burst", group, "burst", (), "ops", 15 * M, 250 * M),
        Workload("sweep", group, "sweep", ("max=32K",), "ops", 60_000, M,
                 extra=("worst_ns",)),
        Workload("aligned", group, "aligned_mix", (), "ops", 3 * M, 50 * M),
        Workload("calloc-fresh", group, "calloc_mix", ("mode=fresh",),
                 "ops", 60_000, 500_000),
        Workload("calloc-reused", group, "calloc_mix", ("mode=reused",),
                 "ops", 2 * M, 30 * M),
        Workload("realloc-strings", group, "realloc_grow",
                 ("mode=strings",), "ops", 6 * M, 100 * M),
        Workload("realloc-array", group, "realloc_grow", ("mode=array",),
                 "rounds", 1, 5, rounds=1),
    ]


def between_threads():
    group = "between threads"
    return [
        Workload("prodcons-1", group, "prodcons", ("pairs=1",),
                 "ops", 3 * M, 60 * M, threads=2),
        Workload("prodcons-4", group, "prodcons", ("pairs=4",),
                 "ops", 2 * M, 20 * M, threads=8),
        Workload("message-1", group, "message", ("pairs=1",),
                 "ops", 4 * M, 80 * M, threads=2),
        Workload("message-4", group, "message", ("pairs=4",),
                 "ops", M, 20 * M, threads=8),
        Workload("successor-2", group, "successor", ("threads=2",),
                 "generations", 400, 6000, threads=2),
        Workload("successor-8", group, "successor", ("threads=8",),
                 "generations", 100, 1500, threads=8),
        Workload("threads-short", group, "thread_churn", (),
                 "count", 20_000, 100_000, threads=2, rounds=1),
        Workload("threads-survivor", group, "thread_churn", ("survivor=1",),
                 "count", 6_000, 100_000, threads=2),
        Workload("sharing-active", group, "false_sharing", ("mode=active",),
                 "ops", 150_000, 2_500_000, threads=2),
        Workload("sharing-passive", group, "false_sharing", ("mode=passive",),
                 "ops", 150_000, 2_500_000, threads=2),
    ]


def heap_size():
    """The same load in heaps of four sizes."""
    return [
        Workload(f"heap-{heap.lower()}", "heap size", "heap_random",
                 (f"heap={heap}",), "replace", quick, 15 * quick,
                 rounds=rounds, extra=("replace_ns",))
        for heap, quick, rounds in (("1M", 7 * M, 0), ("16M", 3 * M, 0),
                                    ("128M", 1_500_000, 0), ("1G", M, 1))
    ]


def memory():
    group = "memory"
    return [
        Workload("fragment", group, "fragment", (), "count",
                 500_000, 5 * M, rss=False, extra=("rss_live",)),
        Workload("return-all", group, "mem_return", ("peak=1G",), "keep", 0, 0,
                 rounds=1, time=False, extra=KEPT),
        Workload("return-most", group, "mem_return", ("peak=1G",),
                 "keep", 10, 10, rounds=1, time=False, extra=KEPT),
        Workload("threads-idle", group, "idle_threads", ("count=4000",),
                 "ops", 1, 1, threads=2, time=False, rss=False,
                 extra=("kib_per_thread",)),
        *(Workload(f"idle-{p}", group, "idle", (f"program={p}",),
                   script=True, time=False, rss=False, extra=("dirty_kib",))
          for p in ("sleep", "bash", "python3")),
    ]


def processes():
    group = "processes"
    return [
        Workload("startup-true", group, "startup", ("program=true",),
                 "count", 120, 1000, script=True, rss=False,
                 extra=("faults", "calls")),
        Workload("fork-exec", group, "fork_exec", (), "count", 200, 2000),
        Workload("fork-heap", group, "fork_heap", ("heap=1G",),
                 "count", 10, 100, rounds=1, extra=("faults",)),
    ]


def programs():
    """Real programs: scripts of programs/."""
    group = "programs"
    return [
        Workload(name, group, name, (), "scale", 1, 5, threads=threads,
                 script=True)
        for name, threads in (("cc1plus", 1), ("gs", 1), ("lua", 1),
                              ("perl", 1), ("python3", 1),
                              ("python3-malloc", 1), ("redis", 2),
                              ("sqlite3", 1), ("z3", 1))
    ]


def table():
    all_of_them = [
        *random_mixed(), *one_thread(), *between_threads(), *heap_size(),
        *memory(), *processes(), *programs(),
    ]
    return in_sets(in_sets(all_of_them, "foundation", FOUNDATION),
                   "memory", MEMORY)


WORKLOADS = table()
SETS = sorted({s for w in WORKLOADS for s in w.sets})
