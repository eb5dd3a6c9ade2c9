# SPDX-License-Identifier: MIT
"""Medians, quartiles and ratios from the results of bench/run."""

import math
import statistics


def spread(values):
    """{"median", "q1", "q3"} of some numbers."""
    values = sorted(values)
    if len(values) == 1:
        q1 = q3 = values[0]
    else:
        q1, _, q3 = statistics.quantiles(values, n=4, method="inclusive")
    return {"median": statistics.median(values), "q1": q1, "q3": q3}


def summarize(result):
    """Adds to a result of measure() the spread of each figure."""
    runs = result["runs"]
    for run in runs:
        if run["seconds"] > 0:
            run["ops_per_s"] = run["ops"] / run["seconds"]
        cpu = run.get("user_s", 0) + run.get("system_s", 0)
        if "user_s" in run:
            run["cpu_s"] = cpu
        if cpu > 0:
            run["ops_per_cpu_s"] = run["ops"] / cpu
    keys = {k for run in runs for k, v in run.items()
            if isinstance(v, (int, float))}
    result["summary"] = {
        k: spread([run[k] for run in runs if k in run]) for k in sorted(keys)
    }


def median(workload, name, key):
    """The median of a figure, or None."""
    result = workload["results"].get(name)
    figure = result and result["summary"].get(key)
    return figure["median"] if figure else None


def peers(workload, key):
    """{name: median} of the peers that have the figure."""
    found = {n: median(workload, n, key)
             for n, result in workload["results"].items() if result["peer"]}
    return {n: v for n, v in found.items() if v is not None}


def virtual_best(workload, key, more_is_better=False):
    """(name, value) of the best peer, or (None, None)."""
    values = peers(workload, key)
    if not values:
        return None, None
    pick = max if more_is_better else min
    name = pick(values, key=values.get)
    return name, values[name]


def typical(workload, key):
    """The median of the peers, or None."""
    values = peers(workload, key)
    return statistics.median(values.values()) if values else None


def ratio(value, to):
    """value / to, or None if there is none."""
    return value / to if value is not None and to else None


def geometric_mean(values):
    values = [v for v in values if v]
    if not values:
        return None
    return math.exp(statistics.fmean(math.log(v) for v in values))
