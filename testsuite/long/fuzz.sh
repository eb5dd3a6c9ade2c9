#!/bin/sh
# SPDX-License-Identifier: MIT
# Each fuzz target of fuzz/ for FUZZ_SECONDS, 60 by default.  Its corpus is
# kept in tmp/fuzz/ of the build directory and grows from run to run.
set -u
: "${top_srcdir:?}" "${top_builddir:?}" "${builddir:?}"
mkdir -p "$builddir/tmp/fuzz" && cd "$builddir/tmp/fuzz" || exit 1
# shellcheck source=/dev/null
. "$top_srcdir/testsuite/fuzz/fuzz.sh"

if reason=$(fuzz_lacks); then
	echo "SKIP: fuzz: $reason"
	exit 0
fi
fuzz_all "${FUZZ_SECONDS:-60}"
