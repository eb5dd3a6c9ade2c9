# SPDX-License-Identifier: MIT
"""Check that every line of hakmem-stat --json agrees with itself, and that
what only grows never goes back.

usage: stat_check.py FILE LINES [CLASS-SIZE LIVE-OBJECTS]
With the last two: this class holds exactly so many objects in every line.
"""
import json
import sys


def paths(value, path=()):
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from paths(inner, path + (key,))
    elif isinstance(value, int):
        yield path, value


GROW = {
    "mallocs", "refills", "flushes", "remote_frees", "purged_bytes",
    "superslabs_peak", "superslabs_map_total", "superslabs_unmap_total",
    "acquires", "releases", "adoptions", "dissolutions", "pool_drains",
    "shared_fail", "registry_peak", "purges", "boot_mallocs", "boot_frees",
    "large_mallocs", "large_frees", "total", "seq", "time_ns",
    "filled", "flushed", "drained", "remote_freed", "generation",
}


def same(where, what, have, want):
    if have != want:
        sys.exit(f"line {where}: {what} is {have}, not {want}")


def sums(n, o):
    heaps, classes, pool = o["heaps"]["heap"], o["classes"], o["pool"]
    for key in ("slabs", "slab_bytes", "filled", "flushed", "drained",
                "remote_freed", "refills", "flushes", "cached_objects"):
        same(n, "sum of " + key, sum(c[key] for c in classes),
             sum(h[key] for h in heaps))
    same(n, "cached bytes", o["figures"]["cached_bytes"],
         sum(h["cached_bytes"] for h in heaps))
    for state in ("live", "orphan"):
        same(n, "heaps " + state, o["heaps"][state],
             sum(h["state"] == state for h in heaps))
    same(n, "live bytes", o["figures"]["live_bytes"],
         sum(c["live_bytes"] for c in classes)
         + sum(o["tiers"][t + "_live_bytes"]
               for t in ("boot", "large", "huge")))
    def bits(key):
        return sum(bin(s[key]).count("1") for s in o["superslabs"])
    same(n, "slots active", pool["slots_active"], bits("active"))
    same(n, "slots empty", pool["slots_empty"], bits("empty"))
    same(n, "slots", sum(s["slots"] for s in o["superslabs"]),
         pool["slots_active"] + pool["slots_empty"] + pool["slots_unused"])
    same(n, "SuperSlabs", pool["superslabs_mapped"], len(o["superslabs"]))
    same(n, "acquired and not released", pool["slots_active"],
         pool["acquires"] - pool["releases"])


def growing(o):
    for path, value in paths(o):
        if path[-1] in GROW:
            yield path, value
    for kind, key in (("classes", "size"), ("heap", "tag")):
        for part in o[kind] if kind == "classes" else o["heaps"][kind]:
            for path, value in paths(part):
                if path[-1] in GROW:
                    yield (kind, part[key]) + path, value


def main():
    before = {}
    n = retries = moved = 0
    for line in open(sys.argv[1], encoding="utf-8"):
        n += 1
        o = json.loads(line)
        sums(n, o)
        now = dict(growing(o))
        for path, value in before.items():
            if path in now and now[path] < value:
                sys.exit(f"line {n}: {path} went from {value} "
                         f"back to {now[path]}")
        before = now
        retries += o["layout"]["retries"]
        moved = max(moved, o["layout"]["moved_objects"])
        if len(sys.argv) > 3:
            size, want = map(int, sys.argv[3:5])
            same(n, f"live of {size}",
                 [c["live_objects"] for c in o["classes"]
                  if c["size"] == size], [want])
    same("count", "lines", n, int(sys.argv[2]))
    print(f"{n} consistent, {retries} readings repeated, "
          f"at most {moved} objects moved")


main()
