#!/bin/sh
# SPDX-License-Identifier: MIT
# The filters of libhakmem.sandbox/ with ten million operations under each.
set -u

# Set by run-long.
: "${srcdir:?}"
if [ "${HAK_INTERPOSE:-1}" = 0 ]; then
	echo "SKIP: sandbox: built without interposition"
	exit 0
fi
{
	OPERATIONS=10000000 sh "$srcdir/libhakmem.sandbox/filters.sh"
	echo "status $?"
} | tee result
reason=$(sed -n 's/^UNSUPPORTED: //p' result)
if [ -n "$reason" ]; then
	echo "SKIP: sandbox: $reason"
elif grep -qx 'status 0' result; then
	echo "PASS: ten million operations under each of four filters"
else
	echo "FAIL: operations under filters"
fi
