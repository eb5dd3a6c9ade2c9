#!/bin/sh
# SPDX-License-Identifier: MIT
# A library that is missing, damaged or faulty is never put in, and one that
# went bad later can be taken out and told.
. "${srcdir:?}/lib/preload_tool.sh"

make_root "$system/root"
installed=$root$libdir/libhakmem.so.0

make_library ctor-crash.so <<'F'
__attribute__((constructor)) static void crash(void) { __builtin_trap(); }
F
make_library ctor-talk.so <<'F'
#include <unistd.h>
__attribute__((constructor)) static void talk(void)
{
	if (write(2, "hello\n", 6) != 6)
		_exit(1);
}
F
make_library ctor-hang.so <<'F'
__attribute__((constructor)) static void hang(void) { for (;;) ; }
F
make_library unbound.so -Wl,-z,now <<'F'
extern void defined_nowhere(void);
__attribute__((constructor)) static void call(void) { defined_nowhere(); }
F
# What it needs is nowhere.
make_library gone.so -Wl,-soname,gone.so </dev/null
make_library needed.so -L. -Wl,--no-as-needed -l:gone.so </dev/null
# Loads and does nothing: malloc stays the C library's.
echo 'const char *hakmem_version(void) { return "0"; }' >other.c
# shellcheck disable=SC2086 # words
$CC $CFLAGS -fPIC -shared -o other.so other.c || exit 1
head -c 5000 "$lib" >truncated.so
head -c 50000 "$lib" >short.so
: >empty.so
echo "not a library" >text.so
# ELF of another machine, and of another word size
cp "$lib" machine.so
printf '\011' | dd of=machine.so bs=1 seek=18 conv=notrunc 2>/dev/null
cp "$lib" class.so
printf '\001' | dd of=class.so bs=1 seek=4 conv=notrunc 2>/dev/null

for bad in ctor-crash ctor-talk ctor-hang unbound needed other truncated \
	short empty text machine class; do
	[ -s "$bad.so" ] || [ "$bad" = empty ] || fail "$bad.so was not made"
	install_library "$bad.so" "$root"
	echo "enable and verify with $bad.so"
	expect 1 "hakmem-preload: self-test failed: *; nothing was changed" \
		--root "$root" --timeout 1 enable
	expect_file none
	case $bad in
	ctor-crash | ctor-talk | other | truncated)
		expect 1 "*verify: *" --root "$root" --timeout 1 verify
		;;
	esac
done
rm "$installed"
expect 1 "*there is no $root$entry" --root "$root" enable
expect_file none

# Enabled, and then it goes bad: told, and taken out.
for bad in ctor-crash unbound truncated machine; do
	install_library "$lib" "$root"
	echo "enabled, then $bad.so"
	expect 0 enabled --root "$root" enable
	install_library "$bad.so" "$root"
	expect 1 "*" --root "$root" verify
	expect 1 "hakmem-preload: *" --root "$root" enable
	expect_file "$entry|"
	expect 0 "" --root "$root" suspend
	expect_file none
	# The package scripts' way: not back while it is bad, back when good.
	expect 1 "*self-test failed*" --root "$root" resume
	expect_file none
	install_library "$lib" "$root"
	expect 0 enabled --root "$root" resume
	expect_file "$entry|"
	rm "$installed"
	expect 1 "enabled*(missing)*" --root "$root" status
	expect 0 disabled --root "$root" disable
	expect_file none
done

finish
