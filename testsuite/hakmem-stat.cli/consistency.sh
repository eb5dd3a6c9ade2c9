#!/bin/sh
# SPDX-License-Identifier: MIT
# 1,000 samples of a program whose threads come and go, eight at a time, while
# one allocates without an end: none is inconsistent, nothing that grows goes back.
# { dg-hakmem-timeout "120" }

# shellcheck source=testsuite/lib/stat.sh
. "${srcdir:?}/lib/stat.sh"

command -v python3 >/dev/null || unsupported "needs python3"
compile target
start env LD_PRELOAD="$lib" ./target
# Nobody else uses this class: 100 blocks at any time.
order alloc 12000 100
order comego 8
order churn 1
"$stat" --json "$pid" 0.001 1000 >samples || fail "status $?"
python3 "$here/stat_check.py" samples 1000 12288 100 ||
	fail "an inconsistent sample"
finish
