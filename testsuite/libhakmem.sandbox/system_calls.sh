#!/bin/sh
# SPDX-License-Identifier: MIT
# The lists of system calls in hakmem(7): strace finds no call of the library
# that is not on them, with no other flags and advice than the page tells, and
# each call on them is one that the library makes.
# { dg-hakmem-timeout "120" }
set -u

# Set by the test suite.
: "${HAKMEM_LIB:?}" "${srcdir:?}" "${top_srcdir:?}" "${CC:?}"
lib=$HAKMEM_LIB
unset HAKMEM_LIB
page=$top_srcdir/man/hakmem.7.in

command -v strace >/dev/null || {
	echo "UNSUPPORTED: no program strace"
	exit 77
}
strace -k -qq -o stacks true 2>/dev/null
grep -q '^ > .*(' stacks || {
	echo "UNSUPPORTED: strace shows no stacks"
	exit 77
}
# CC and CFLAGS may hold several words.
# shellcheck disable=SC2086
$CC ${CFLAGS:-} -std=gnu11 -D_GNU_SOURCE -fno-builtin -I"$srcdir/lib" \
	-o calls "$srcdir/lib/calls.c" -pthread || exit 1

# listed START - the names in the list under that heading
listed()
{
	sed -n "/^\.Ss $1/,/^\.Ss P\|^\.Ss System calls at start/{
		/^\.Ss $1/d
		/^\.Ss /q
		s/^\.It //p
	}" "$page" | tr -s ' ,' '\n' | grep . | sort -u
}

listed "System calls after start-up" >after.page
listed "System calls at start" >start.page
if [ "$(wc -l <after.page)" -lt 6 ] || [ "$(wc -l <start.page)" -lt 4 ]; then
	echo "no lists in hakmem(7)"
	exit 1
fi

# trace VARIABLE... -- ARGUMENT... - "start CALL" or "after CALL" for each call
# that the library makes: the first frame outside of the C library and the
# loader is its own.  What abort(3) does is the C library's.
n=0
trace()
{
	n=$((n + 1))
	strace -f -k -qq -s 20 -o "trace.$n" -E LD_PRELOAD="$lib" "$@" \
		>"out.$n" 2>&1
	awk '
		function judge() {
			if (call != "" && own)
				print call
			call = ""
		}
		/^[0-9]+ +[a-z0-9_]+\(/ {
			judge()
			process = $1
			call = $0
			sub(/^[0-9]+ +/, "", call)
			if (call ~ /^write\(-1, "start-up ends"/)
				ended = 1
			# Whole calls only: a stack follows the end
			call = (ended ? "after " : "start ") call
			own = 0
			decided = 0
			next
		}
		/^[0-9]+ +<\.\.\. / {
			judge()
			call = $0
			sub(/^[0-9]+ +<\.\.\. /, "", call)
			sub(/ resumed>/, "(resumed", call)
			call = (ended ? "after " : "start ") call
			own = 0
			decided = 0
			next
		}
		/^ > / && !decided {
			if ($2 ~ /\/libc\.so|\/libc-|\/ld-linux|\/libpthread/) {
				if ($0 ~ /\(abort\+/)
					decided = 1
				next
			}
			decided = 1
			own = $2 ~ /libhakmem\.so/
		}
		END { judge() }' "trace.$n" >"calls.$n"
	[ "$(wc -l <"calls.$n")" -gt 50 ] || {
		tail -n 5 "out.$n"
		echo "the library made no calls"
		exit 1
	}
}

trace ./calls misuse
trace -E HAKMEM_PURGE_METHOD=free -E HAKMEM_PURGE_DELAY=10 ./calls
trace -E HAKMEM_THP=always -E HAKMEM_STATS=exit ./calls

fail=0
cat calls.* >calls
# A call that was interrupted by another one is told in two lines.
for when in start after; do
	sed -n "s/^$when \([a-z0-9_]*\)(.*/\1/p" calls | sort -u >"$when.seen"
	echo "$when: $(tr '\n' ' ' <"$when.seen")"
	if [ "$when" = start ]; then
		sort -u start.page after.page >may
	else
		cat after.page >may
	fi
	comm -23 "$when.seen" may >odd
	[ ! -s odd ] || {
		echo "$when: not in hakmem(7): $(tr '\n' ' ' <odd)"
		fail=1
	}
done

# arguments CALL EXPRESSION - no call of it looks otherwise
arguments()
{
	grep -E "^after $1\\([^r]" calls | grep -vE "$2" >odd
	[ ! -s odd ] || {
		head -n 3 odd
		fail=1
	}
}
arguments mmap 'PROT_READ\|PROT_WRITE, MAP_PRIVATE\|MAP_ANONYMOUS, -1, 0'
arguments mremap ', (0|MREMAP_MAYMOVE\|MREMAP_FIXED, 0x[0-9a-f]+)(\)| <)'
arguments madvise 'MADV_(DONTNEED|FREE|NOHUGEPAGE|HUGEPAGE|WIPEONFORK)(\)| <)'
arguments futex 'FUTEX_(WAIT|WAKE)_PRIVATE'

# The other way round: seen, or else written in the sources.
for when in start after; do
	while read -r call; do
		grep -qx "$call" "$when.seen" && continue
		grep -qE "SYS_$call\\b|[^_a-z]$call\\(" "$top_srcdir"/lib/*.c \
			"$top_srcdir"/lib/*.h && {
			echo "$when: $call was not made, the sources have it"
			continue
		}
		echo "$when: hakmem(7) lists $call, which nothing makes"
		fail=1
	done <"$when.page"
done
exit $fail
