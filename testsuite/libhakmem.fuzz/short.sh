#!/bin/sh
# SPDX-License-Identifier: MIT
# Each fuzz target of fuzz/ on its seeds, and for a few seconds from there.
# long/fuzz.sh, "make fuzz", is the same for longer.
# { dg-hakmem-timeout "600" }
set -u
: "${top_srcdir:?}" "${top_builddir:?}" "${builddir:?}"
# What was built stays for the next time.
mkdir -p "$builddir/tmp/fuzz" && cd "$builddir/tmp/fuzz" || exit 1
# shellcheck source=/dev/null
. "$top_srcdir/testsuite/fuzz/fuzz.sh"

if reason=$(fuzz_lacks); then
	echo "UNSUPPORTED: $reason"
	exit 77
fi
fuzz_all "${FUZZ_SECONDS:-2}"
