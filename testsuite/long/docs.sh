#!/bin/sh
# SPDX-License-Identifier: MIT
# Every block of commands in doc/DEPLOYMENT.md and doc/TUNING.md, run in their
# order in a fresh Debian with the packages installed; and the lines for a
# container image, one by one, in another.  What it says of systemd is tried by
# systemd.sh.
. "${srcdir:?}/lib/debian_root.sh"

build_packages
lay_root
repack "$version"
offer "$version"
inside apt-get -y install --no-install-recommends libhakmem python3-minimal \
	time >apt.out 2>&1 || {
	cat apt.out
	fail "the packages are installed"
	exit 1
}

blocks=0
for guide in DEPLOYMENT TUNING; do
	rm -f block-*
	awk '
	/^#/ { title = $0; sub(/^#+ */, "", title) }
	/^```sh$/ { number++; file = sprintf("block-%02d", number)
		print title >(file ".title"); inside = 1; next }
	/^```/ { inside = 0 }
	inside { print >file }
	' "$top_srcdir/doc/$guide.md"
	for block in block-??; do
		[ -f "$block" ] || continue
		blocks=$((blocks + 1))
		cp "$block" "$system/tmp/block"
		check "$guide.md, $(cat "$block.title") (${block#block-})" \
			inside sh -e /tmp/block
	done
done
check "there were blocks" [ "$blocks" -ge 15 ]
grep -c '^\[exe:' "$system/etc/hakmem.conf" >count
check "the options are in hakmem.conf" [ "$(cat count)" -eq 3 ]

# The image: what docker build does with each line, and docker run after it.
system=$tmpdir/image
lay_root
# shellcheck disable=SC2016 # a pattern
sed -n '/^```dockerfile$/,/^```$/{/^```/!p}' "$top_srcdir/doc/DEPLOYMENT.md" \
	>dockerfile
: >environment

# build_line INSTRUCTION REST
build_line()
{
	case $1 in
	COPY)
		# shellcheck disable=SC2086 # a pattern and a folder
		set -- $2
		# shellcheck disable=SC2086 # the packages it matches
		(cd "$packages" && cp $1 "$system$2")
		;;
	RUN) in_image sh -c "$2" ;;
	ENV) printf '%s\n' "$2" >>environment ;;
	*) return 1 ;;
	esac
}

# in_image COMMAND... - with the environment of the image
in_image()
{
	# shellcheck disable=SC2046 # words without blanks
	inside env $(cat environment) "$@" 2>image.err || {
		cat image.err
		return 1
	}
	cat image.err
	[ ! -s image.err ]
}

in_image sh -c true
check "image: the library is not in it" \
	sh -c "! grep libhakmem '$system/var/lib/dpkg/status'"
lines=0
while read -r instruction rest; do
	lines=$((lines + 1))
	check "image: $instruction $rest" build_line "$instruction" "$rest"
done <dockerfile
check "image: there were lines" [ "$lines" -ge 3 ]
check "image: nothing is left in /tmp" \
	[ -z "$(ls "$system/tmp")" ]
check "image: a program has the library" \
	in_image grep -q 'libhakmem\.so\.0' /proc/self/maps
check "image: so has one that another starts" in_image sh -c \
	'sh -c "grep -q libhakmem /proc/self/maps"'
check "image: and one of another user" in_image \
	chroot --userspec=65534:65534 / grep -q libhakmem /proc/self/maps
check "image: without the variable it has not" \
	sh -c "! chroot '$system' grep libhakmem /proc/self/maps"

# A C library of another kind: musl's loader ends the program.
if command -v musl-gcc >/dev/null; then
	echo 'int main(void) { return 0; }' >other.c
	musl-gcc -o other other.c
	LD_PRELOAD=$top_builddir/.libs/libhakmem.so.0 ./other 2>other.err
	check "another C library: status 127, as the guide says" [ $? -eq 127 ]
	check "another C library: it tells why" grep -q 'symbol not found' other.err
	check "the guide says so" grep -q 'status 127' \
		"$top_srcdir/doc/DEPLOYMENT.md"
else
	echo "SKIP: docs.sh: no program musl-gcc"
fi
