#!/bin/sh
# SPDX-License-Identifier: MIT
# soak.sh - the long runs that look for what is rare, one after the other
#
#   SOAK_SECONDS   for the shadow model with 8 threads, 1800 by default; each
#                  setting, sanitizer, fuzz target and stress-ng get a sixth
#   SOAK_PARTS     of shadow, sanitizers, stress_ng, fuzz and models, all by
#                  default; several build trees can share them
#
# Run by make check-soak, which sets the variables of the README.  A line on
# standard error tells what is going on; the last line on standard output is the
# summary.  With less than 600 fuzz targets and models are left to make check,
# which has their short runs: what they need to begin with is a minute or two.
set -u
: "${srcdir:?}" "${top_srcdir:?}"
seconds=${SOAK_SECONDS:-1800}
part=$((seconds / 6))
parts="shadow sanitizers stress_ng"
[ "$seconds" -lt 600 ] || parts="$parts fuzz models"
parts=${SOAK_PARTS:-$parts}
# the library's tests hand on what is in the environment
unset SOAK_SECONDS SOAK_PARTS

rm -rf soak
mkdir soak || exit 1
started=$(date +%s)
for name in $parts; do
	SHADOW_FIRST=$seconds SHADOW_SECONDS=$part SANITIZER_SECONDS=$part \
		FUZZ_SECONDS=$part STRESS_SECONDS=$part \
		HAKMEM_LONG_TIMEOUT=$((seconds * 5 + 1800)) \
		"${SHELL:-sh}" "$top_srcdir/build-aux/run-long" "$srcdir/long" \
		"soak/$name.sum" "$name"
	printf 'soak: %s, %d s: %s, %d passed, %d failed\n' \
		"$(date +%H:%M:%S)" $(($(date +%s) - started)) "$name" \
		"$(grep -c '^PASS' "soak/$name.sum")" \
		"$(grep -c '^FAIL' "soak/$name.sum")" >&2
done
exec "${SHELL:-sh}" "$top_srcdir/build-aux/check-summary" \
	-s "$srcdir/skips.list" soak/*.sum
