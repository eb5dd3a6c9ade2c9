# SPDX-License-Identifier: MIT
"""What programs ask for, and what allocators give for it."""

import os
import statistics
import subprocess
from dataclasses import dataclass, field

from .allocators import OURS, Allocator, Unusable, clean_environment
from .measure import Failed
from .tables import aligned, amount, cell

EXACT = 32 << 10  # counted size by size; above, by pages: see record.c


@dataclass
class Requests:
    """Of one program: {size: [requests, bytes]}"""
    sizes: dict = field(default_factory=dict)
    aligned: int = 0

    def add(self, line):
        word, *numbers = line.split()
        numbers = [int(n) for n in numbers]
        if word == "aligned":
            self.aligned += numbers[0]
            return
        size, requests, asked = numbers
        total = self.sizes.setdefault(size, [0, 0])
        total[0] += requests
        total[1] += asked

    def means(self):
        """(mean size, requests, bytes), exact up to EXACT"""
        for requests, asked in self.sizes.values():
            yield round(asked / requests), requests, asked


def recorder(program_dir):
    """The recorder as an allocator.  A program may be linked with another
    malloc, so the C library, whose blocks these are, comes before it."""
    library = os.path.join(program_dir, ".libs", "record.so")
    return Allocator("record", f"{library}:libc.so.6", peer=False)


def record(bench, workload, allocator, path):
    """Runs the program; its processes leave what they count at the path."""
    bench.run(workload, Allocator(allocator.name, allocator.library,
                                  (f"BENCH_RECORD={path}",)))
    requests = Requests()
    try:
        with open(path, encoding="ascii") as f:
            for line in f:
                requests.add(line)
    except FileNotFoundError:
        raise Failed("the recorder left nothing") from None
    return requests


def sizes(recorded):
    """All that allocators are to be asked for, in order."""
    return sorted({*range(EXACT + 1), *(
        size for r in recorded.values() for size, _, _ in r.means())})


def usable(program_dir, allocator, wanted):
    """{size: (usable, good)}, good being hakmem_good_size or 0"""
    env = clean_environment()
    env.update(setting.split("=", 1) for setting in allocator.env)
    if allocator.library:
        env["LD_PRELOAD"] = allocator.library
    run = subprocess.run([os.path.join(program_dir, "usable")], env=env,
                         input="\n".join(map(str, wanted)), text=True,
                         capture_output=True, timeout=60, check=False)
    rows = [[int(w) for w in line.split()] for line in run.stdout.splitlines()]
    if run.returncode or [r[0] for r in rows] != wanted:
        raise Unusable(f"{allocator.name}: no usable sizes: "
                       f"{run.stderr.strip()}")
    return {size: (given, good) for size, given, good in rows}


def count(requests, given, class_of):
    """One program: totals, and a line for each size class."""
    classes = {}
    for size, n, asked in requests.means():
        row = classes.setdefault(class_of(size), {
            "requests": 0, "asked": 0, "given": dict.fromkeys(given, 0)})
        row["requests"] += n
        row["asked"] += asked
        for name, answers in given.items():
            row["given"][name] += n * answers[size][0]
    return {"aligned": requests.aligned,
            **total(classes.values()),
            "classes": [{"size": size, **row}
                        for size, row in sorted(classes.items())]}


def total(rows):
    rows = list(rows)
    return {"requests": sum(r["requests"] for r in rows),
            "asked": sum(r["asked"] for r in rows),
            "given": {name: sum(r["given"][name] for r in rows)
                      for name in rows[0]["given"]}}


def evaluate(recorded, given):
    """The figures for JSON.  Class 0: above the size classes."""
    ours = given[OURS]

    def class_of(size):
        return ours[size][1] if size <= EXACT else 0

    programs = [{"name": name, **count(r, given, class_of)}
                for name, r in recorded.items()]
    by_size = {}
    for p in programs:
        for row in p["classes"]:
            by_size.setdefault(row["size"], []).append(row)
    return {"programs": programs, **total(programs),
            "classes": [{"size": size, **total(rows)}
                        for size, rows in sorted(by_size.items())]}


def per_cent(row, name):
    """The part of what is given that was not asked for."""
    given = row["given"][name]
    return (given - row["asked"]) / given * 100 if given else None


def lines(title, rows, names):
    """[head, ...]: [(first column, totals)] as rows of text"""
    yield ([title, "requests", "asked", "given", f"{names[0]} %"] +
           [f"{n} %" for n in names[1:]])
    for text, row in rows:
        yield ([text, amount(row["requests"]), amount(row["asked"]),
                amount(row["given"][names[0]])] +
               [cell(per_cent(row, n), 1) for n in names])


def class_lines(figures, names):
    """By size class, small to large, those above in the last line."""
    rows = sorted(figures["classes"], key=lambda c: c["size"] or EXACT + 1)
    yield from lines("block", [
        (str(c["size"]) if c["size"] else "larger", c) for c in rows] +
        [("all", figures)], names)


def program_lines(figures, names):
    programs = figures["programs"]
    yield from lines("program", [(p["name"], p) for p in programs] +
                     [("all", figures)], names)
    if len(programs) > 1:
        means = [[per_cent(p, n) for p in programs] for n in names]
        yield ["mean of the programs", "", "", ""] + [
            cell(statistics.fmean(v for v in values if v is not None), 1)
            for values in means]


NOTE = f"""Requests and bytes of whole runs; given: by {OURS}, whose
size classes these are.  %: the part of the bytes given that nobody asked for.
Headers outside of the usable size, 8 bytes a block with glibc, are not in it,
nor is what an alignment asked for costs.
"""


def render(results):
    names = [a["name"] for a in results["allocators"]]
    figures = results["waste"]
    out = [NOTE, *aligned(list(class_lines(figures, names))), "",
           *aligned(list(program_lines(figures, names))), ""]
    few = sum(p["aligned"] for p in figures["programs"])
    out += [f"Requests with an alignment: {few}", ""]
    for title, key in (("Failed:", "failed"), ("Not run:", "skipped")):
        if results[key]:
            out += [title] + [f"{s['name']}: {s['reason']}"
                              for s in results[key]] + [""]
    return "\n".join(out)
