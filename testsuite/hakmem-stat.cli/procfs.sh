#!/bin/sh
# SPDX-License-Identifier: MIT
# --procfs: the same figures, read through the mem file of another /proc.

# shellcheck source=testsuite/lib/stat.sh
. "${srcdir:?}/lib/stat.sh"

compile target
start env LD_PRELOAD="$lib" ./target
order alloc 300 400
mkdir elsewhere
ln -s "/proc/$pid" "elsewhere/$pid"
"$stat" --json "$pid" >one.json || fail "no snapshot"
"$stat" --json --procfs elsewhere "$pid" >two.json || fail "no snapshot"
grep -v time_ns one.json >one
grep -v time_ns two.json >two
diff one two || fail "the figures differ"
expect 2 'no such process' "$stat" --procfs elsewhere 1
finish
