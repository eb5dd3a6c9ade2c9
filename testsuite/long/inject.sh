#!/bin/sh
# SPDX-License-Identifier: MIT
# libhakmem.oom/inject.sh for each n up to 200.
set -u

# Set by run-long.
: "${srcdir:?}"
if [ "${HAK_INTERPOSE:-1}" = 0 ]; then
	echo "SKIP: inject: built without interposition"
	exit 0
fi
{
	STEP=1 bash "$srcdir/libhakmem.oom/inject.sh"
	echo "status $?"
} | tee result
reason=$(sed -n 's/^UNSUPPORTED: //p' result)
if [ -n "$reason" ]; then
	echo "SKIP: inject: $reason"
elif grep -qx 'status 0' result; then
	echo "PASS: calls that fail under real programs"
else
	echo "FAIL: calls that fail under real programs"
fi
