#!/bin/sh
# SPDX-License-Identifier: MIT
# The models of models/ at the sizes that take a minute or two, and some GiB.
set -u
: "${srcdir:?}" "${CC:?}"
command -v spin >/dev/null || {
	echo "SKIP: models: no program spin"
	exit 0
}
# shellcheck source=/dev/null
. "$srcdir/models/models.sh"

# holds NAME SIZE
holds() {
	if models_holds "$1" "$2"; then
		echo "PASS: $1 $2"
	else
		echo "FAIL: $1 $2"
	fi
}

models_build remote -DCOLLAPSE && models_build heaps -DCOLLAPSE || exit 1
for size in 121 211 212; do
	holds remote $size
done
for size in 21 30; do
	holds heaps $size
done
