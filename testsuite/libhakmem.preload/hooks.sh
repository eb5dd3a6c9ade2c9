#!/bin/sh
# SPDX-License-Identifier: MIT
# Libraries that stand before functions of the C library, each preloaded
# together with this one in both orders: programs end, say the same, and are
# served by us.  What such a library does it goes on doing.
# { dg-hakmem-timeout "120" }
# shellcheck disable=SC1091,SC2154,SC2034 # what is sourced is not followed
# shellcheck disable=SC2016,SC2317 # programs of perl, functions of same

. "${srcdir:?}/lib/preload.sh"

need perl sort readlink stat
: "${CC:?}"
ours=$lib

cat >"$work/program.c" <<'END'
#include "t.h"
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>
#include <sys/syscall.h>

static void *churn(void *arg)
{
	uint64_t seed = (uintptr_t)arg + 1;
	void *p[100] = { 0 };

	for (int i = 0; i < 20000; i++) {
		size_t k = t_below(&seed, 100);

		free(p[k]);
		p[k] = malloc(t_below(&seed, i % 50 ? 3000 : 3000000));
		CHECK(p[k]);
	}
	for (int i = 0; i < 100; i++)
		free(p[i]);
	return NULL;
}

static void child(void)
{
	churn(NULL);
}

int main(void)
{
	struct timespec ts;
	pthread_t t[4];
	char name[] = "fileXXXXXX";
	int fd = mkstemp(name);

	for (uintptr_t i = 0; i < 4; i++)
		CHECK(pthread_create(&t[i], NULL, churn, (void *)i) == 0);
	/* what they stand before, while threads allocate */
	for (int i = 0; i < 2000; i++) {
		CHECK(syscall(SYS_getpid) == getpid());
		CHECK(clock_gettime(CLOCK_REALTIME, &ts) == 0);
		CHECK(pwrite(fd, "x", 1, i) == 1);
		if (i % 100 == 0)
			CHECK(fsync(fd) == 0 && fchmod(fd, 0600) == 0);
		free(strdup("a word"));
	}
	CHECK(dlopen("libm.so.6", RTLD_NOW | RTLD_DEEPBIND));
	CHECK(t_child(child) == 0);
	for (int i = 0; i < 4; i++)
		CHECK(pthread_join(t[i], NULL) == 0);
	CHECK(unlink(name) == 0);
	puts("whole");
	return 0;
}
END
# CC and CFLAGS may hold several words.
# shellcheck disable=SC2086
$CC ${CFLAGS-} -std=gnu11 -D_GNU_SOURCE -fno-builtin -I"$srcdir/lib" \
	-o "$work/program" "$work/program.c" -pthread -ldl || {
	fail "program.c" "does not compile"
	finish
}
numbers 2000 >"$work/in"

# A program that hangs must not be one with timeout(1): it has what is
# preloaded as well.
each() {
	(
		preload=$LD_PRELOAD
		unset LD_PRELOAD
		exec timeout -k 2 20 env LD_PRELOAD="$preload" "$@"
	)
}

# The first line tells whether the library is there at all.
job() {
	each perl -ne '$n = 1 if m|/lib\Q$ENV{hook}\E|;
		END { print "there: ", $n + 0, "\n" }' /proc/self/maps &&
		each sort --parallel=2 -S 100k -T . -k2 "$work/in" | cksum &&
		each perl -e 'my %h; $h{$_ * 7} = "x" x ($_ % 90) for 1..5000;
			print join(",", (sort keys %h)[0..20]), "\n"' &&
		each sh -c 'ls / | sort | tail -n 1; echo $((6 * 7))' &&
		each "$work/program" &&
		shows
}

shows() {
	:
}

# together HOOK LIBRARY... - the first that is there, in both orders
together() {
	export hook="$1"
	shift
	for file; do
		[ ! -f "$file" ] || break
	done
	[ -f "$file" ] || {
		absent="$absent $hook"
		return
	}
	baseline=$file
	for lib in "$ours $file" "$file $ours"; do
		[ "$lib" = "$ours $file" ] && what="before $hook" ||
			what="behind $hook"
		same "$what" job
		succeeded "$what" 0 '^there: 1$'
		succeeded "$what" 0 '^whole$'
		ours sort 30
		ours perl 3000
		ours program 20000
	done
	shows() {
		:
	}
}

absent=
together torsocks /usr/lib/*/torsocks/libtorsocks.so
together snoopy /usr/lib/*/libsnoopy.so.0 /lib/*/libsnoopy.so.0
together eatmydata /usr/lib/*/libeatmydata.so

shows() {
	FAKETIME="2001-02-03 04:05:06" each date +%Y-%m-%d
}
together faketime /usr/lib/*/faketime/libfaketime.so.1

# It asks a server who owns what.
key=
if command -v faked-sysv >/dev/null && key=$(faked-sysv 2>/dev/null); then
	export FAKEROOTKEY="${key%:*}"
	shows() {
		touch owned && each chown 1234:55 owned &&
			each stat -c 'owner %u %g' owned
	}
	together fakeroot /usr/lib/*/libfakeroot/libfakeroot-sysv.so
	succeeded "fakeroot" 0 '^owner 1234 55$'
	kill "${key#*:}"
else
	absent="$absent fakeroot"
fi
if [ "$absent" ] && [ "$failed" = 0 ]; then
	rm -rf "$work"
	echo "UNSUPPORTED: not here:$absent"
	exit 77
fi
finish
