#!/bin/sh
# SPDX-License-Identifier: MIT
# The shadow model of libhakmem.threads/ built with the library's sources under
# ThreadSanitizer, AddressSanitizer and UndefinedBehaviorSanitizer of clang, each
# for SANITIZER_SECONDS, 300 by default, without a report.  malloc is the
# sanitizer's: --enable-sanitizer builds the hakmem_* functions only, and the
# model calls those.  No report is suppressed.  What the model leaves behind is not
# looked for: that would read pages of hardened blocks that cannot be accessed.
# shellcheck source=testsuite/lib/arch.sh
. "${srcdir:?}/lib/arch.sh"

seconds=${SANITIZER_SECONDS:-300}
unset SANITIZER_SECONDS

# One setting a line: the default, paths that are rare made frequent, hardened.
settings()
{
	echo HAKMEM_ENABLE=1
	echo HAKMEM_CACHE_MAX=0 HAKMEM_PURGE_DELAY=0 HAKMEM_FOREIGN_REUSE=1
	echo HAKMEM_SECURITY=2
	echo HAKMEM_SECURITY=3
}

# model KIND SECONDS SETTING... - one run; the model takes its time twice
model()
{
	kind=$1 time=$2
	shift 2
	env "$@" TSAN_OPTIONS=halt_on_error=1 ASAN_OPTIONS=detect_leaks=0 \
		UBSAN_OPTIONS=print_stacktrace=1 "./model-$kind" $((time / 2)) >model.out 2>model.err
	status=$?
	if [ $status -eq 0 ] && [ ! -s model.err ] &&
		[ "$(cat model.out)" = ok ]; then
		pass "$kind sanitizer, $*, $time s"
	else
		cat model.err
		fail "$kind sanitizer, $*: exit status $status"
	fi
}

need clang
settings >list
part=$((seconds / $(wc -l <list)))
[ $part -ge 2 ] || part=2
for kind in thread address undefined; do
	if ! compiles clang "-fsanitize=$kind" || ! ./a.out; then
		skip "no $kind sanitizer here"
	fi
	build $kind CC=clang CFLAGS="-O1 -g" --enable-sanitizer=$kind
	clang -std=gnu11 -O1 -g -D_GNU_SOURCE -pthread "-fsanitize=$kind" \
		-fno-sanitize-recover=all -I"$top_srcdir/include" \
		-include "$srcdir/lib/hakmem_names.h" -o "model-$kind" \
		"$srcdir/libhakmem.threads/shadow_model.c" \
		"$kind/.libs/libhakmem.a" || {
		fail "$kind sanitizer: the model does not compile"
		continue
	}
	while read -r setting; do
		# shellcheck disable=SC2086 # words
		model $kind $part $setting
	done <list
done
finish
