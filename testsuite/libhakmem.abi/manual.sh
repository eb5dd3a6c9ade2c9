#!/bin/sh
# SPDX-License-Identifier: MIT
# The examples of hakmem(3) compile without a warning and run: a whole program
# as it stands, a fragment inside a function.

set -eu

# Set by the test suite.
: "${HAKMEM_LIB:?}" "${top_srcdir:?}" "${CC:?}"
lib=$HAKMEM_LIB
unset HAKMEM_LIB

awk '
	/^\.Sh/ { on = $2 == "EXAMPLES" }
	on && /^\.Ed/ { file = "" }
	file { gsub(/\\e/, "\\"); print >file }
	on && /^\.Bd/ { file = "example" ++n ".c" }
' "$top_srcdir/man/hakmem.3"

programs=0 fragments=0
for source in example*.c; do
	name=${source%.c}
	if grep -q 'int main' "$source"; then
		programs=$((programs + 1))
	else
		fragments=$((fragments + 1))
		{
			# what the fragments take as given
			echo '#include <hakmem/hakmem.h>'
			echo '#include <stdlib.h>'
			echo 'static int job, done;'
			echo 'static void finish(int j) { done += j; }'
			echo 'static void wait_for_work(void) { done++; }'
			echo 'int main(void) {'
			cat "$source"
			echo 'finish(job); wait_for_work();'
			! grep -q ' \*line = ' "$source" ||
				echo 'line[room - 1] = 1; free(line);'
			echo 'return 0; }'
		} >"whole-$source"
		source=whole-$source
	fi
	# CC may hold several words.
	# shellcheck disable=SC2086
	$CC -O1 -Wall -Werror -I"$top_srcdir/include" "$source" "$lib" \
		-Wl,-rpath,"$(dirname "$lib")" -o "$name"
	"./$name" >"$name.out"
done
echo "$programs programs, $fragments fragments"
test "$programs" = 1
test "$fragments" = 2
grep -Eqx '[0-9]+ bytes live' example3.out
