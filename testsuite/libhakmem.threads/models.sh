#!/bin/sh
# SPDX-License-Identifier: MIT
# The models of models/ hold in all of their states at a small size, and find
# the mistakes that they can be told to make.
# { dg-hakmem-timeout "600" }
set -u
: "${srcdir:?}" "${CC:?}"
command -v spin >/dev/null || {
	echo "UNSUPPORTED: no program spin"
	exit 77
}
# shellcheck source=/dev/null
. "$srcdir/models/models.sh"

models_build slots -DNOREDUCE &&
	models_build remote &&
	models_build heaps &&
	models_holds slots 1 &&
	models_holds remote 112 &&
	models_holds heaps 20 &&
	models_finds slots 1 &&
	models_finds remote 211 &&
	models_finds heaps 21
