#!/bin/sh
# SPDX-License-Identifier: MIT
# What others could change is refused, and left as it is.
. "${srcdir:?}/lib/preload_tool.sh"

make_root "$system/root"

# refused PATTERN - enable says why, in one line, and changes nothing
refused()
{
	before=$(contents)
	expect 1 "hakmem-preload: $1" --root "$root" enable
	case $out in
	*'
'*) fail "more than one line: $out" ;;
	esac
	[ "$(contents)" = "$before" ] || fail "changed: $1"
}

echo "# elsewhere" >"$root/etc/real"
ln -s real "$file"
refused "refused: * is reached by a symbolic link"
expect 1 "*symbolic link*" --root "$root" disable
expect 1 "*symbolic link*" --root "$root" suspend
[ -L "$file" ] || fail "the link was replaced"
rm "$file"
ln -s nowhere "$file"
refused "refused: * is reached by a symbolic link"
[ -L "$file" ] || fail "the dangling link was replaced"
rm "$file"

mkdir "$file"
expect 1 "hakmem-preload: refused: * is not a regular file" --root "$root" enable
rmdir "$file"
mkfifo "$file"
expect 1 "*not a regular file" --root "$root" enable
rm "$file"

mv "$root/etc" "$root/etc.real"
ln -s etc.real "$root/etc"
refused "refused: * is reached by a symbolic link"
rm "$root/etc"
mv "$root/etc.real" "$root/etc"

chmod o+w "$root/etc"
refused "refused: $root/etc can be written by everybody"
chmod o-w "$root/etc"
echo "# x" >"$file"
chmod o+w "$file"
refused "refused: $file can be written by everybody"
rm "$file"

for path in "$root$libdir/libhakmem.so.0" "$root$libdir" "$root/usr"; do
	chmod o+w "$path"
	refused "refused: $path can be written by everybody"
	chmod 1777 "$path"
	refused "refused: $path can be written by everybody"
	chmod 755 "$path"
done
chmod 640 "$root$libdir/libhakmem.so.0"
refused "refused: * cannot be read by everybody"
chmod 644 "$root$libdir/libhakmem.so.0"
chmod 750 "$root$libdir"
refused "refused: * cannot be entered by everybody"
chmod 755 "$root$libdir"
if chown 65534 "$root$libdir" 2>/dev/null; then
	refused "refused: $root$libdir is not root's"
	chown 0 "$root$libdir"
fi

# A library by a link that leads out of the root, where it is another file.
mv "$root$libdir/libhakmem.so.0" "$system/outside.so"
ln -s "$system/outside.so" "$root$libdir/libhakmem.so.0"
refused "refused: * leads out of $root"
rm "$root$libdir/libhakmem.so.0"
mv "$system/outside.so" "$root$libdir/libhakmem.so.0"

rm -r "$root$libdir/libhakmem-0"
refused "$root$libdir/libhakmem-0/selftest is missing or does not run"
install_library "$lib" "$root"

# A loader whose programs would find no library; the same loader, told apart.
cat >fake.c <<'F'
#include <stdio.h>
int main(void) { puts("dl_dst_lib=\"lib/other-linux-gnu\""); return 0; }
F
# shellcheck disable=SC2086 # words
$CC $CFLAGS -o "$root/lib/ld-linux-other.so.9" fake.c || exit 1
refused "refused: programs that look for /usr/lib/other-linux-gnu/*"
expect 0 "*/usr/lib/other-linux-gnu/libhakmem.so.0 will not find it*enabled" \
	--root "$root" --force enable
expect 1 "enabled*other-linux-gnu/libhakmem.so.0 (missing)*" \
	--root "$root" status
chmod 600 "$file"
expect 1 "*cannot be read by everybody*" --root "$root" status
expect 0 disabled --root "$root" disable

# Nothing was wrong with the rest.
rm "$root/lib/ld-linux-other.so.9"
expect 0 enabled --root "$root" enable

finish
