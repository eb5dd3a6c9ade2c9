# SPDX-License-Identifier: MIT
# fuzz.sh - build and run the fuzz targets of this folder; sourced
#
# Needs top_srcdir, top_builddir (for config.h) and a current directory to work
# in.  The code under test is compiled for libFuzzer, AddressSanitizer and
# UndefinedBehaviorSanitizer, with all assertions, and without malloc's names.
# shellcheck shell=sh disable=SC2154

fuzz_cc=${FUZZ_CC:-clang}
fuzz_flags="-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all"

# fuzz_targets - the names of those that can be built here
fuzz_targets() {
	echo operations options conf
	! fuzz_stat_flags --exists || echo image core
}

# fuzz_lacks - why nothing can be fuzzed here; false: it can
fuzz_lacks() {
	if ! command -v "$fuzz_cc" >/dev/null; then
		echo "no program $fuzz_cc"
	elif ! echo 'int LLVMFuzzerTestOneInput(const char *p, unsigned long n)
		{ return p && n > 1000000; }' |
		"$fuzz_cc" -fsanitize=fuzzer,address,undefined -x c - \
			-o fuzz-probe 2>/dev/null || ! ./fuzz-probe -runs=1 \
			2>/dev/null; then
		echo "no libFuzzer"
	else
		return 1
	fi
}

# The packages that hakmem-stat needs; false: not all are here.
fuzz_stat_flags() {
	pkg-config "$@" smartcols libelf jansson zlib 2>/dev/null
}

# fuzz_compile ARCHIVE FLAGS - the sources named on standard input
fuzz_compile() {
	archive=$1 flags=$2
	rm -rf "$archive.d" "$archive" && mkdir "$archive.d" || return 1
	# shellcheck disable=SC2086,SC2016 # words; for the inner shell
	xargs -P "${FUZZ_JOBS:-2}" -I '{}' sh -c '
		source=$1; object=$2/$(basename "$1" .c).o; shift 2
		exec "$@" -c "$source" -o "$object"' sh '{}' "$archive.d" \
		"$fuzz_cc" -std=gnu11 -O1 -g -w -I. -I"$top_srcdir/include" \
		$fuzz_flags $flags -DHAVE_CONFIG_H &&
		ar rcs "$archive" "$archive.d"/*.o
}

# fuzz_prepare - the archives; what is older than its sources is made again
fuzz_prepare() {
	sed -e 's/^#define HAK_INTERPOSE .*/#define HAK_INTERPOSE 0/' \
		-e 's/^#define HAK_DEBUG .*/#define HAK_DEBUG 3/' \
		-e 's/^#define HAVE_NCURSES .*/#define HAVE_NCURSES 0/' \
		"$top_builddir/config.h" >config.h || return 1
	fuzz_is_new libfuzz-hak.a "$top_srcdir/lib" ||
		find "$top_srcdir/lib" -name '*.c' ! -name malloc.c |
		fuzz_compile libfuzz-hak.a -ftls-model=initial-exec || return 1
	fuzz_stat_flags --exists || return 0
	fuzz_is_new libfuzz-stat.a "$top_srcdir/tools/hakmem-stat" ||
		find "$top_srcdir/tools/hakmem-stat" -name '*.c' \
			! -name main.c ! -name 'top*.c' |
		fuzz_compile libfuzz-stat.a \
			"$(fuzz_stat_flags --cflags) -D_GNU_SOURCE
				-Dclock_gettime=fuzz_clock
				-Dnanosleep=fuzz_sleep"
}

# fuzz_is_new FILE FOLDER
fuzz_is_new() {
	[ -f "$1" ] && [ -z "$(find "$2" "$top_srcdir/include" -name '*.[chf]*' \
		-newer "$1" 2>/dev/null)" ]
}

# fuzz_build TARGET
fuzz_build() {
	case $1 in
	image | core)
		more="-I$top_srcdir/tools/hakmem-stat $(fuzz_stat_flags --cflags)"
		libraries="libfuzz-stat.a libfuzz-hak.a $(fuzz_stat_flags --libs)"
		;;
	*)
		more="-iquote $top_srcdir/lib"
		libraries=libfuzz-hak.a
		;;
	esac
	# shellcheck disable=SC2086 # words
	"$fuzz_cc" -std=gnu11 -O1 -g -Wall -Wextra -D_GNU_SOURCE \
		-DHAVE_CONFIG_H -I. -I"$top_srcdir/include" \
		-Wl,--export-dynamic-symbol=hakmem_stats \
		-fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all \
		$more -o "fuzz-$1" "$top_srcdir/testsuite/fuzz/$1.c" \
		$libraries -pthread
}

# fuzz_run TARGET SECONDS - first the seeds as they are, then from them on;
# what libFuzzer said is in TARGET.log, an input that failed in found-TARGET/
fuzz_run() {
	seeds=$top_srcdir/testsuite/fuzz/seeds/$1
	mkdir -p "corpus-$1" "found-$1" || return 1
	rm -f "found-$1"/*
	"./fuzz-$1" -close_fd_mask=2 -timeout=20 -runs=0 \
		-artifact_prefix="found-$1/" "$seeds" >"$1.log" 2>&1 &&
		"./fuzz-$1" -close_fd_mask=2 -rss_limit_mb=4096 -timeout=20 \
			-max_len=16384 -max_total_time="$2" -print_final_stats=1 \
			-artifact_prefix="found-$1/" "corpus-$1" "$seeds" \
			>>"$1.log" 2>&1
}

# fuzz_test TARGET SECONDS - built, run, and told of in a line
fuzz_test() {
	fuzz_build "$1" || {
		echo "FAIL: $1: does not build"
		return 1
	}
	if fuzz_run "$1" "$2"; then
		echo "PASS: $1: $(sed -n 's/^stat::number_of_executed_units: //p' \
			"$1.log") inputs in $2 s"
		return 0
	fi
	tail -n 60 "$1.log"
	for input in "found-$1"/*; do
		[ ! -f "$input" ] || { echo "$input:" && base64 "$input"; }
	done
	echo "FAIL: $1: an input fails"
	return 1
}

# fuzz_all SECONDS - each target for so long
fuzz_all() {
	fuzz_failed=0
	fuzz_prepare || return 1
	for target in $(fuzz_targets); do
		fuzz_test "$target" "$1" || fuzz_failed=1
	done
	return $fuzz_failed
}
