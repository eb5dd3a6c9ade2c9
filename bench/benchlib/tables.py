# SPDX-License-Identifier: MIT
"""The results of bench/run as text."""

from . import figures
from .allocators import OURS


def cell(value, digits=2):
    return "-" if value is None else f"{value:.{digits}f}"


def amount(value, unit=1):
    """Three digits and a letter: 38.1M"""
    if value is None:
        return "-"
    value /= unit
    for limit, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= limit:
            return f"{value / limit:.3g}{letter}"
    return f"{value:.3g}"


def plain(value, unit=1):
    """Four digits, or all of an integer."""
    if value is None:
        return "-"
    value /= unit
    return f"{value:.4g}" if value < 1000 else f"{value:.0f}"


def aligned(rows):
    """The first column to the left, the others to the right."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        yield "  ".join(
            c.ljust(w) if i == 0 else c.rjust(w)
            for i, (c, w) in enumerate(zip(row, widths, strict=True)))


def label(workload):
    """The name, with the mode of transparent huge pages."""
    return f"{workload['name']} {workload.get('thp') or ''}".strip()


def mark(workload, name):
    """What stands in place of figures, or after incomplete ones."""
    result = workload["results"].get(name)
    if not result:
        return "-"
    if not result["failures"]:
        return ""
    if result["runs"]:
        return "!"
    if any("time-out" in f["reason"] for f in result["failures"]):
        return "TIME-OUT"
    return "FAILED"


def compared(title, workloads, names, key, more_is_better=False, unit=1,
             show=amount):
    """Lines for one figure: each allocator's median, and how ours stands."""
    ours = OURS in names
    head = [title] + names
    if ours:
        head += ["spread", "to best", "to median"]
    rows = [head]
    to_best, to_median = [], []
    for w in workloads:
        row = [label(w)]
        for name in names:
            value = figures.median(w, name, key)
            flag = mark(w, name)
            row.append(flag if value is None and flag else
                       show(value, unit) + (flag if flag == "!" else ""))
        if ours:
            value = figures.median(w, OURS, key)
            best = figures.ratio(
                value, figures.virtual_best(w, key, more_is_better)[1])
            middle = figures.ratio(value, figures.typical(w, key))
            s = value and w["results"][OURS]["summary"][key]
            row += [f"{(s['q3'] - s['q1']) / value * 100:.0f}%"
                    if value else "-", cell(best), cell(middle)]
            to_best.append(best)
            to_median.append(middle)
        rows.append(row)
    if ours and len(workloads) > 1:
        rows.append(["geometric mean"] + ["" for _ in names] +
                    ["", cell(figures.geometric_mean(to_best)),
                     cell(figures.geometric_mean(to_median))])
    return list(aligned(rows)) + [""]


def troubles(workloads, skipped):
    """Everything that did not run, with its reason."""
    out = []
    for w in workloads:
        for name, result in w["results"].items():
            reasons = {}
            for f in result["failures"]:
                reasons.setdefault(f["reason"], []).append(str(f["round"]))
            for reason, rounds in reasons.items():
                out.append(f"{label(w)}, {name}, round "
                           f"{', '.join(rounds)}: {reason}")
    if out:
        out = ["Failed:"] + out + [""]
    if skipped:
        out += ["Not run:"]
        out += [f"{s['name']}: {s['reason']}" for s in skipped] + [""]
    return out


NOTE = f"""Medians.  Spread: the quartiles of {OURS} as part of its median;
to best, to median: its ratio to the best and to the median of the others.
!: some rounds failed.  More is better for operations, else less.
"""


def render(results, by_cpu=False, show=()):
    """The whole text for a results structure."""
    names = [a["name"] for a in results["allocators"]]
    workloads = results["workloads"]
    out = [NOTE]
    timed = [w for w in workloads if w["time"]]
    if timed and by_cpu:
        out += compared("operations per CPU second", timed, names,
                        "ops_per_cpu_s", more_is_better=True)
    elif timed:
        out += compared("operations per second", timed, names, "ops_per_s",
                        more_is_better=True)
    sized = [w for w in workloads if w["rss"]]
    if sized:
        out += compared("peak resident MiB", sized, names, "peak_kib",
                        unit=1024, show=plain)
    for key in dict.fromkeys(k for w in workloads for k in w["extra"]):
        have = [w for w in workloads if key in w["extra"]]
        out += compared(key, have, names, key, show=plain)
    for key in show:
        out += compared(key, workloads, names, key, show=plain)
    out += troubles(workloads, results["skipped"])
    return "\n".join(out)
