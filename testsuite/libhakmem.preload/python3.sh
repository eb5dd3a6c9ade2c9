#!/bin/sh
# SPDX-License-Identifier: MIT
# python3: JSON, regular expressions and sqlite3 in threads, and children.
# { dg-hakmem-timeout "180" }
# shellcheck disable=SC1091,SC2154 # what is sourced is not followed

. "${srcdir:?}/lib/preload.sh"

# The system's python, whatever else PATH has.
python=/usr/bin/python3
need $python
rounds=$(pick 1 15)
export PYTHONHASHSEED=0 PYTHONDONTWRITEBYTECODE=1

by_default() {
	$python "$srcdir/lib/workload.py" "$rounds"
}

# Every object by malloc, none by Python's own allocator on mmap.
by_malloc() {
	PYTHONMALLOC=malloc $python "$srcdir/lib/workload.py" "$rounds"
}

same "python3 workload" by_default
succeeded "python3 workload" 0 '^all done$'
ours 'python3*' 20000
same "python3 workload, PYTHONMALLOC=malloc" by_malloc
succeeded "python3 workload, PYTHONMALLOC=malloc" 0 '^all done$'
ours 'python3*' 500000
finish
