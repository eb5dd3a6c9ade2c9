#!/bin/sh
# SPDX-License-Identifier: MIT
# options.def, the library and hakmem(7) have the same options, and agree on
# which of them can be changed at run time.

set -eu

# Set by the test suite.
: "${HAKMEM_LIB:?}" "${top_srcdir:?}" "${top_builddir:?}" "${CC:?}"

page=$top_builddir/man/hakmem.7
fail=0

same()
{
	if ! diff "$1" "$2" >diff.out; then
		echo "$1 and $2 differ:"
		cat diff.out
		fail=1
	fi
}

# options.def: "NAME run-time?"
sed -n 's/^HAK_OPTION(\([A-Z0-9_]*\),.*, \(RT\|ST\), ".*/\1 \2/p' \
	"$top_srcdir/lib/options.def" | sort >def.list
test -s def.list || {
	echo "no option found in options.def"
	exit 1
}
cut -d' ' -f1 def.list >def.names

sh "$top_srcdir/build-aux/gen-options" names "$top_srcdir/lib" |
	sort >generated.names
same def.names generated.names

# The page: the list, and every variable that the prose speaks of.
awk '/^\.It Ev HAKMEM_/ { name = substr($3, 8); getline
	print name, /run time/ ? "RT" : "ST" }' "$page" | sort >page.list
same def.list page.list
grep -o 'HAKMEM_[A-Z0-9_]*[A-Z0-9]' "$page" | sed 's/^HAKMEM_//' |
	sort -u >page.names
same def.names page.names

# The library: what it holds, what set and get say, what the parser knows.
cat >probe.c <<'END'
#include <errno.h>
#include <stdio.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <hakmem/hakmem.h>
#include <hakmem/stats.h>

int main(void)
{
	struct hakmem_stats stats;
	char *text;

	free(malloc(1));
	if (hakmem_stats_get(&stats, sizeof(stats)))
		return 1;
	text = strdup((const char *)(uintptr_t)stats.options);
	for (char *line = strtok(text, "\n"); line;
	     line = strtok(NULL, "\n")) {
		char *value = strchr(line, '=');
		char have[300];
		int fixed;

		*value++ = 0;
		if (hakmem_option_get(line, have, sizeof(have)) < 0 ||
		    strcmp(have, value)) {
			printf("%s is not \"%s\"\n", line, value);
			return 1;
		}
		fixed = hakmem_option_set(line, value) && errno == EPERM;
		printf("%s %s\n", line, fixed ? "ST" : "RT");
	}
	return 0;
}
END
# CC and CFLAGS may hold several words.
# shellcheck disable=SC2086
$CC ${CFLAGS:-} -I"$top_srcdir/include" -o probe probe.c "$HAKMEM_LIB"
LD_LIBRARY_PATH=$(dirname "$HAKMEM_LIB") ./probe >library.out || {
	cat library.out
	exit 1
}
sort library.out >library.list
same def.list library.list

# No option takes a control character.
bad=$(printf '\001')
set --
while read -r name; do
	set -- "$@" "HAKMEM_$name=$bad"
done <def.names
env "$@" LD_PRELOAD="$HAKMEM_LIB" sh -c : 2>warnings
sed -n 's/^hakmem: warning: HAKMEM_\([A-Z0-9_]*\)="?": not understood.*/\1/p' \
	warnings | sort >parser.names
same def.names parser.names
if test "$(wc -l <warnings)" -ne "$(wc -l <def.names)"; then
	echo "not one warning for each option:"
	cat warnings
	fail=1
fi

exit $fail
