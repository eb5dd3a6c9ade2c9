# SPDX-License-Identifier: MIT
"""Plots of the results of bench/run, drawn by gnuplot."""

import re
import subprocess

from . import figures

# A colour and a shape for each allocator: ours, the peers, any others.
COLOURS = ("#d01020", "#404040", "#1070c0", "#e08000", "#109040", "#8040b0",
           "#00a0a0", "#a06020")
SHAPES = (7, 5, 9, 11, 13, 4, 6, 8)


class PlotError(Exception):
    """gnuplot is not here or did not like its input."""


def quote(text):
    """A string for gnuplot, without its markup."""
    return '"' + re.sub(r'["\\]', "", text) + '"'


def draw(path, width, height, body):
    """Runs gnuplot on commands that draw one SVG file."""
    script = (f"set terminal svg size {width},{height} font 'sans,11' "
              "background '#ffffff' noenhanced\n"
              f"set output {quote(path)}\n" + body + "\nunset output\n")
    try:
        run = subprocess.run(["gnuplot"], input=script, text=True,
                             capture_output=True, timeout=120, check=False)
    except FileNotFoundError:
        raise PlotError("gnuplot is not installed") from None
    if run.returncode or run.stderr:
        raise PlotError(f"gnuplot, {path}: {run.stderr.strip()}")


def style(index, line=False):
    text = (f"lc rgb {quote(COLOURS[index % len(COLOURS)])} "
            f"pt {SHAPES[index % len(SHAPES)]} ps {1 if index == 0 else 0.8}")
    if line:
        text += f" lw {2.5 if index == 0 else 1.2}"
    return text


def data_block(name, rows):
    lines = [" ".join(str(c) for c in row) for row in rows]
    return f"${name} << EOD\n" + "\n".join(lines) + "\nEOD\n"


def ratios(path, title, workloads, names, key, more_is_better=False):
    """A row for each workload, a point for each allocator."""
    body, labels, at, group = "", [], 0, None
    points = {name: [] for name in names}
    for w in workloads:
        best = figures.virtual_best(w, key, more_is_better)[1]
        if best is None:
            continue
        if group != w["group"]:
            group = w["group"]
            at += 1
            labels.append(f'"-- {group} --" {at}')
        at += 1
        labels.append(f"{quote(w['name'])} {at}")
        for name in names:
            value = figures.median(w, name, key)
            if value:
                points[name].append(
                    (best / value if more_is_better else value / best, at))
    if not labels:
        return False
    shown = [n for n in names if points[n]]
    for i, name in enumerate(shown):
        body += data_block(f"d{i}", points[name])
    values = [x for name in shown for x, _ in points[name]]
    body += (f"set title {quote(title)}\nset logscale x\n"
             f"set xrange [{min(values) / 1.2}:{max(values) * 1.2}]\n"
             f"set yrange [{at + 1}:0]\nset ytics ({', '.join(labels)})\n"
             "set grid x y lc rgb '#e0e0e0'\nset key outside top center "
             "horizontal\nset xtics (0.1, 0.2, 0.5, 0.7, 1, 1.5, 2, 3, 5, 10, "
             "20, 50, 100)\n"
             f"set arrow 1 from 1,0 to 1,{at + 1} nohead lc rgb '#808080'\n")
    # Ours last, so that it lies above the others.
    order = sorted(range(len(shown)), key=lambda i: -i)
    body += "plot " + ", ".join(
        f"$d{i} using 1:2 with points {style(i)} title {quote(shown[i])}"
        for i in order)
    draw(path, 900, 15 * at + 110, body)
    return True


def lines(path, panels, names, x_label, y_label, log_y=False):
    """Small plots side by side: [(title, {name: [(x, y)]})]"""
    if not panels:
        return False
    columns = min(3, len(panels))
    rows = -(-len(panels) // columns)
    body, plots = "", ""
    for p, (title, series) in enumerate(panels):
        shown = [(i, n) for i, n in enumerate(names) if series.get(n)]
        for i, name in shown:
            body += data_block(f"p{p}_{i}", series[name])
        plots += f"set title {quote(title)}\n"
        plots += "plot " + ", ".join(
            f"$p{p}_{i} using 1:2 with linespoints {style(i, True)} "
            f"title {quote(name)}" for i, name in reversed(shown)) + "\n"
    body += (f"set multiplot layout {rows},{columns}\nset logscale x 2\n"
             f"set xlabel {quote(x_label)}\nset ylabel {quote(y_label)}\n"
             "set format y '%.1s%c'\nset grid lc rgb '#e0e0e0'\n"
             "set key below center horizontal samplen 2\n")
    body += "set logscale y\n" if log_y else "set yrange [0:*]\n"
    draw(path, 400 * columns + 60, 300 * rows, body + plots +
         "unset multiplot\n")
    return True


def scaling(path, workloads, names):
    """Operations per second with 1, 2, 4, 8 threads."""
    families = {}
    for w in workloads:
        m = re.fullmatch(r"(.+)-t(\d+)", w["name"])
        if m:
            families.setdefault(m[1], {})[int(m[2])] = w
    by_name = {w["name"]: w for w in workloads}
    panels = []
    for base, members in families.items():
        if base in by_name:
            members[1] = by_name[base]
        series = {}
        for name in names:
            series[name] = [
                (t, v) for t, v in (
                    (t, figures.median(members[t], name, "ops_per_s"))
                    for t in sorted(members)) if v]
        panels.append((base, series))
    return lines(path, panels, names, "threads", "operations per second")


def heap_sizes(path, workloads, names):
    """Nanoseconds per replacement over the size of the heap."""
    series = {n: [] for n in names}
    for w in workloads:
        m = re.fullmatch(r"heap-(\d+)([mg])", w["name"])
        if not m:
            continue
        mib = int(m[1]) * (1024 if m[2] == "g" else 1)
        for name in names:
            value = figures.median(w, name, "replace_ns")
            if value:
                series[name].append((mib, value))
    if not any(series.values()):
        return False
    return lines(path, [("random replacement", series)], names,
                 "live heap, MiB", "ns per operation", log_y=True)
