#!/bin/bash
# SPDX-License-Identifier: MIT
# The completion for bash: options, values, columns, processes.

# shellcheck source=testsuite/lib/stat.sh
. "${srcdir:?}/lib/stat.sh"

compile target
start env LD_PRELOAD="$lib" ./target
order alloc 10 10

PATH=$top_builddir:$PATH
# shellcheck source=/dev/null
. "$top_srcdir/tools/hakmem-stat/hakmem-stat.bash"
complete -p hakmem-stat | grep -q '_hakmem_stat' || fail "not registered"

# completes WORDS... WANTED - the last of the words is being typed
completes()
{
	local want=${!#}

	COMP_WORDS=(hakmem-stat "${@:1:$#-1}")
	COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
	_hakmem_stat hakmem-stat "${COMP_WORDS[COMP_CWORD]}" \
		"${COMP_WORDS[COMP_CWORD - 1]}"
	same "completion of '${*:1:$#-1}'" "${COMPREPLY[*]}" "$want"
}

completes --thr "--threads"
completes --p "--pool --prometheus --procfs"
completes --color=a "--color=auto --color=always"
completes -o LIV "LIVE"
completes -c -o SLAB "SLABS SLABBYTES"
completes -c -o LIVE,SLABB "LIVE,SLABBYTES"
completes --pool -o +CH "+CHANGE/s"
completes -u roo "root"
completes "$pid" "$pid"
completes --cgroup x ""
mkdir some-dir
completes --procfs some "some-dir"
touch some-file
completes --svg some-f "some-file"
completes rec "record"
completes report some-f "some-file"

# Every option of --help is offered, and no other.
completes -- "$("$stat" --help | sed -n 's/^  *\(-., \)*\(--[a-z-]*\).*/\2/p' |
	tr '\n' ' ' | sed 's/ $//')"
finish
