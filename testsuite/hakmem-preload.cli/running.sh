#!/bin/sh
# SPDX-License-Identifier: MIT
# Under programs that run, whose threads allocate, the library's file is replaced,
# by a rename and by install(1), and removed; they change into a root without it.
# They go on as if nothing had happened; programs that are started, also in the
# middle of it, have the file that is there.  Nobody says a word.
. "${srcdir:?}/lib/preload_tool.sh"

cat >worker.c <<'END'
#include "t.h"
#include <dlfcn.h>
#include <pthread.h>

enum { THREADS = 3, KEPT = 300 };

static unsigned long steps[THREADS]; /* atomic */
static char *kept[KEPT];

static void *churn(void *arg)
{
	uint64_t seed = (uintptr_t)arg + 5;
	void *p[50] = { 0 };

	for (;;) {
		size_t i = t_below(&seed, 50);

		free(p[i]);
		p[i] = malloc(t_below(&seed, 40) ? t_below(&seed, 3000)
						 : t_below(&seed, 400000));
		CHECK(p[i]);
		__atomic_fetch_add(&steps[(uintptr_t)arg], 1,
				   __ATOMIC_RELAXED);
	}
	return NULL;
}

/* Which library is in this process? */
static const char *which(void)
{
	if (dlsym(RTLD_DEFAULT, "upgraded"))
		return "new";
	return dlsym(RTLD_DEFAULT, "hakmem_version") ? "old" : "none";
}

static void *child_thread(void *arg)
{
	for (size_t i = 0; i < T_SIZES; i++) {
		char *p = calloc(1, t_sizes[i]), *q;

		CHECK(p && t_zero(p, t_sizes[i]));
		q = realloc(p, t_sizes[i] * 2);
		CHECK(q);
		free(q);
	}
	return arg;
}

static void child(void)
{
	pthread_t t;

	alarm(20);
	child_thread(NULL);
	CHECK(pthread_create(&t, NULL, child_thread, NULL) == 0);
	CHECK(pthread_join(t, NULL) == 0);
}

/* Everything that a program does with memory, once more. */
static void work(void)
{
	unsigned long before[THREADS];
	void *h;

	for (int i = 0; i < THREADS; i++)
		before[i] = __atomic_load_n(&steps[i], __ATOMIC_RELAXED);
	for (int i = 0; i < KEPT; i++) {
		size_t size = (size_t)i * 97 + 1;

		CHECK(!kept[i] || t_filled(kept[i], size, (unsigned)i));
		if (kept[i] && i % 3)
			continue;
		free(kept[i]);
		kept[i] = malloc(size);
		CHECK(kept[i]);
		t_fill(kept[i], size, (unsigned)i);
	}
	malloc_trim(0);
	h = dlopen("/plugin.so", RTLD_NOW | RTLD_DEEPBIND);
	CHECK(!h || dlclose(h) == 0);
	CHECK(t_child(child) == 0);
	for (int i = 0; i < THREADS; i++)
		while (__atomic_load_n(&steps[i], __ATOMIC_RELAXED) <
		       before[i] + 1000)
			usleep(100);
}

/* A line of orders each: a root to change into, or nothing.  The answer is what
 * this process has, and what a program that it starts has. */
int main(int argc, char **argv)
{
	pthread_t t;
	char line[100];

	if (argc > 1)
		return puts(which()) < 0;
	for (uintptr_t i = 0; i < THREADS; i++)
		CHECK(pthread_create(&t, NULL, churn, (void *)i) == 0);
	while (fgets(line, sizeof(line), stdin)) {
		line[strcspn(line, "\n")] = 0;
		alarm(30);
		if (line[0])
			CHECK(chroot(line) == 0 && chdir("/") == 0);
		work();
		printf("%s ", which());
		fflush(stdout);
		CHECK(system("/worker probe") == 0);
	}
	fflush(stdout);
	_exit(7);
}
END
# shellcheck disable=SC2086 # words
$CC $CFLAGS -std=gnu11 -D_GNU_SOURCE -fno-builtin -I"$srcdir/lib" \
	-o worker worker.c -pthread -ldl || exit 1
echo 'int plugin;' >plugin.c
# shellcheck disable=SC2086 # words
$CC $CFLAGS -shared -fPIC -o plugin.so plugin.c || exit 1
echo 'int upgraded; int more_data[5000] = { 1 };' | make_library new.so

make_root "$system/root/inner"
rm -r "$root/$libdir"/libhakmem*
cp worker "$root"
make_root "$system/root"
cp worker plugin.so "$root"
installed=$root$libdir/libhakmem.so.0
expect 0 enabled --root "$root" enable

# begin N - another worker
begin()
{
	mkfifo "orders.$1"
	: >"said.$1"
	chroot "$root" /worker <"orders.$1" >"said.$1" 2>"err.$1" &
	eval "worker$1=\$!"
}

# order N FD ROOT ANSWER - to worker N, through a descriptor
order()
{
	want=$(($(wc -l <"said.$1") + 1))
	(trap '' PIPE && echo "$3" >&"$2") 2>/dev/null
	tries=0
	while [ "$(wc -l <"said.$1")" -lt "$want" ]; do
		tries=$((tries + 1))
		if [ "$tries" -gt 3000 ] ||
			! eval "kill -0 \$worker$1" 2>/dev/null; then
			fail "$what: worker $1 does not answer: $(cat "err.$1")"
			return
		fi
		sleep 0.01
	done
	said=$(sed -n "${want}p" "said.$1")
	[ "$said" = "$4" ] || fail "$what: worker $1 and its child have" \
		"\"$said\", not \"$4\""
}

# probe ANSWER COMMAND... - a program that is started has this, and says no more
probe()
{
	wanted=$1
	shift
	out=$("$@" /worker probe 2>&1) || fail "$what: status $?"
	[ "$out" = "$wanted" ] || fail "$what: \"$out\", not \"$wanted\""
}

# replace FILE - by a rename, as packages do
replace()
{
	cp "$1" "$installed.new"
	mv -f "$installed.new" "$installed"
}

what="at first"
begin 1
exec 8>orders.1
order 1 8 "" "old old"
probe old chroot "$root"

what="replaced by a rename"
replace new.so
order 1 8 "" "old new"
grep -q 'libhakmem.*(deleted)' "/proc/$worker1/maps" ||
	fail "$what: the first worker has the file that is there"
probe new chroot "$root"
begin 2
exec 9>orders.2
order 2 9 "" "new new"

what="replaced by install"
install -m 644 "$lib" "$installed"
order 1 8 "" "old old"
order 2 9 "" "new old"

what="replaced all the time"
{
	until [ -e enough ]; do
		replace new.so
		replace "$lib"
	done
	: >ended
} &
tries=0
old=0
new=0
while [ "$tries" -lt 60 ]; do
	tries=$((tries + 1))
	out=$(chroot "$root" /worker probe 2>&1) || fail "$what: status $?"
	case $out in
	old) old=$((old + 1)) ;;
	new) new=$((new + 1)) ;;
	*) fail "$what: \"$out\"" ;;
	esac
done
: >enough
until [ -e ended ]; do
	sleep 0.01
done
echo "started in the middle of it: $old with the old file, $new with the new"
if [ "$old" -eq 0 ] || [ "$new" -eq 0 ]; then
	fail "$what: only one of the files was ever met"
fi
order 1 8 "" "old old"
order 2 9 "" "new old"

what="in a root without the library"
probe none chroot "$root" /usr/sbin/chroot /inner
order 2 9 /inner "new none"
order 2 9 "" "new none"
# A variable that names it is the loader's to complain of, once
out=$(chroot "$root" /usr/sbin/chroot /inner /bin/sh -c \
	"LD_PRELOAD=$libdir/libhakmem.so.0 /worker probe" 2>&1)
case $out in
*ERROR*libhakmem*cannot\ be\ preloaded*ignored.?none) ;;
*) fail "$what, named: $out" ;;
esac

what="removed"
expect 0 disabled --root "$root" disable
rm "$installed"
order 1 8 "" "old none"
probe none chroot "$root"

exec 8>&- 9>&-
for n in 1 2; do
	eval "wait \$worker$n"
	status=$?
	[ "$status" -eq 7 ] || fail "worker $n ended with $status"
	[ ! -s "err.$n" ] || fail "worker $n said: $(cat "err.$n")"
done
finish
