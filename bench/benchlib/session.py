# SPDX-License-Identifier: MIT
"""A run of the suite: what bench/run and bench/ceiling have in common."""

import contextlib
import datetime
import fnmatch
import json
import os
import platform
import subprocess
import sys
import time

from . import allocators, figures, hugepages
from .allocators import Unusable
from .measure import Bench, Skipped, measure

SOURCE_DIR = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
QUICK_ROUNDS = 3
FULL_ROUNDS = 7


def add_arguments(p):
    """The options of commands that compare rounds."""
    add_common_arguments(p)
    p.add_argument("--rounds", type=rounds, metavar="N",
                   help=f"at least 1; default: {QUICK_ROUNDS}, with --full "
                   f"{FULL_ROUNDS}")
    p.add_argument("--cpu", action="store_true",
                   help="compare user and system time instead of elapsed "
                   "time: steadier on a busy machine, blind to waiting")


def add_common_arguments(p):
    """The options that all commands have."""
    p.add_argument("--workloads", metavar="PATTERN,...",
                   help="names, * and ? allowed; default: all")
    size = p.add_mutually_exclusive_group()
    size.add_argument("--quick", action="store_true",
                      help="about a third of a second a run (default)")
    size.add_argument("--full", action="store_true",
                      help="several seconds a run")
    p.add_argument("--list", action="store_true",
                   help="show workloads and allocators, and end")
    p.add_argument("--json", metavar="FILE",
                   help="write all figures there; - is standard output")
    p.add_argument("--library", metavar="FILE",
                   help="our library; default: that of the build directory")
    p.add_argument("--build-dir", metavar="DIR",
                   help="default: here, or build/ of the source tree")


def rounds(text):
    number = int(text)
    if number < 1:
        raise ValueError
    return number


def stop(number, _):
    """A signal handler: ends the command and what it runs."""
    sys.exit(128 + number)


def find_build_dir(args):
    top = os.path.dirname(SOURCE_DIR)
    choices = ([args.build_dir] if args.build_dir else
               [os.getcwd(), os.path.join(top, "build"), top])
    for d in choices:
        if os.path.exists(os.path.join(d, "libhakmem.pc")):
            return os.path.abspath(d)
    raise Unusable(f"nothing configured in {' or '.join(choices)}; run "
                   "./bootstrap and configure, or give --build-dir")


def build(args, build_dir):
    """Programs, and the library unless one is given; returns its path."""
    targets = ["bench-programs"]
    if not args.library:
        targets.insert(0, "libhakmem.la")
    make = subprocess.run(["make", "-s", "-C", build_dir] + targets,
                          stdout=sys.stderr, check=False)
    if make.returncode:
        raise Unusable("the build failed")
    library = args.library or os.path.join(build_dir, ".libs", "libhakmem.so")
    if not os.path.isfile(library):
        raise Unusable(f"there is no library {library}")
    return os.path.abspath(library)


def choose_workloads(args, table):
    """Those of the table that --workloads names."""
    chosen = table
    if args.workloads:
        patterns = args.workloads.split(",")
        for p in patterns:
            if not any(fnmatch.fnmatchcase(w.name, p) for w in table):
                raise Unusable(f"no workload {p}; see --list")
        chosen = [w for w in chosen
                  if any(fnmatch.fnmatchcase(w.name, p) for p in patterns)]
    return chosen


def show_list(chosen, workloads, full):
    rows = [["workload", "group", "program"]]
    for w in workloads:
        rows.append([w.name, w.group,
                     " ".join([w.program] + w.arguments(full))])
    width = [max(len(r[i]) for r in rows) for i in range(2)]
    for name, group, program in rows:
        print(f"{name:{width[0]}}  {group:{width[1]}}  {program}")
    print()
    for a in chosen:
        print(f"{a.name}  {a.library or '(the C library)'}"
              f"{''.join('  ' + e for e in a.env)}")


def first_line(path, key=None):
    try:
        with open(path, encoding="utf-8") as f:
            for line in f:
                if key is None or line.startswith(key):
                    return line.partition(":")[2].strip() if key else \
                        line.strip()
    except OSError:
        pass
    return ""


def machine():
    return {
        "cpu": first_line("/proc/cpuinfo", "model name"),
        "cpus": len(os.sched_getaffinity(0)),
        "memory_kib": int(first_line("/proc/meminfo", "MemTotal").split()[0]),
        "kernel": platform.release(),
        "libc": " ".join(platform.libc_ver()),
        "huge_pages": first_line(
            "/sys/kernel/mm/transparent_hugepage/enabled"),
    }


class Progress:
    """One line of standard error, rewritten on a terminal."""

    def __init__(self, total):
        self.total = total
        self.done = 0
        self.terminal = sys.stderr.isatty()
        self.last = ""

    def workload(self):
        self.done += 1

    def __call__(self, workload, allocator, number, rounds):
        place = f"[{self.done}/{self.total}] {workload.label}"
        if self.terminal:
            print(f"\r\033[K{place}: {allocator.name}, round {number} of "
                  f"{rounds}", end="", file=sys.stderr, flush=True)
        elif place != self.last:
            print(place, file=sys.stderr, flush=True)
        self.last = place

    def end(self):
        if self.terminal:
            print("\r\033[K", end="", file=sys.stderr, flush=True)


def run_all(bench, args, chosen, workloads):
    """(workloads with results, workloads skipped); chosen(workload) are the
    allocators"""
    progress = Progress(len(workloads))
    done, skipped = [], []
    for w in workloads:
        progress.workload()
        rounds = args.rounds or (1 if w.thp else FULL_ROUNDS if args.full
                                 else w.rounds or QUICK_ROUNDS)
        try:
            results = measure(bench, w, chosen(w), rounds, progress)
        except Skipped as e:
            skipped.append({"name": w.label, "reason": str(e)})
            continue
        for result in results.values():
            figures.summarize(result)
        done.append({
            "name": w.name, "thp": w.thp, "group": w.group,
            "threads": w.threads,
            "command": " ".join([w.program] + w.arguments(args.full)),
            "extra": list(w.extra), "time": w.time, "rss": w.rss,
            "rounds": rounds, "results": results,
        })
    progress.end()
    return done, skipped


def head(args, chosen):
    """Of all figures: when, where, and of what."""
    load = os.getloadavg()[0]
    if load > 0.5:
        print(f"the machine is busy (load {load:.1f}); the figures will be "
              "rough", file=sys.stderr)
    now = datetime.datetime.now(datetime.timezone.utc)
    return {
        "format": 1,
        "date": now.isoformat(timespec="seconds"),
        "size": "full" if args.full else "quick",
        "machine": machine(),
        "load_before": load,
        "allocators": [{"name": a.name, "library": a.library,
                        "env": list(a.env)} for a in chosen],
    }


def run(args, build_dir, chosen, workloads, chosen_for=None, modes=(),
        late=0):
    """All figures, as they are written by --json."""
    bench = Bench(SOURCE_DIR, os.path.join(build_dir, "bench"), args.full,
                  late)
    if modes:
        bench.huge_pages = hugepages.HugePages(modes)
    for a in chosen:
        allocators.verify(a, bench.launch,
                          os.path.join(bench.program_dir, "random_mixed"))
    results = head(args, chosen)
    start = time.monotonic()
    with bench.huge_pages or contextlib.nullcontext():
        done, skipped = run_all(bench, args,
                                chosen_for or (lambda w: chosen), workloads)
    results.update(seconds=round(time.monotonic() - start), workloads=done,
                   skipped=skipped)
    if modes:
        results["thp"] = {"modes": list(modes), "late_s": late,
                          "how": bench.huge_pages.how}
    return results


def failed(results):
    """Did a run with our library fail?"""
    return any(r["failures"] for w in results["workloads"]
               for r in w["results"].values() if not r["peer"])


def write_json(path, results):
    text = json.dumps(results, indent=1) + "\n"
    if path == "-":
        sys.stdout.write(text)
        return
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
