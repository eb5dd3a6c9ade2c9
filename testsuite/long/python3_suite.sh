#!/bin/sh
# SPDX-License-Identifier: MIT
# python3's own tests (libpython3.*-testsuite), every object from malloc: a
# module that passes without the library passes with it.
# shellcheck disable=SC1091,SC2154 # what is sourced is not followed
. "${srcdir:?}/lib/preload.sh"

python=/usr/bin/python3
modules=${PYTHON_MODULES:-test_gc test_zlib test_mmap test_threading}
limit=${PYTHON_MODULE_SECONDS:-300}
export PYTHONMALLOC=malloc

need $python timeout
$python -c 'import test.test_threading' 2>/dev/null || {
	echo "SKIP: python3: no program libpython3-testsuite"
	exit 0
}

# run_module PRELOAD MODULE - its exit status; work/out has what it said
run_module() {
	rm -rf "${work:?}/run"
	mkdir "$work/run"
	(
		cd "$work/run" || exit 1
		if [ "$1" ]; then
			export LD_PRELOAD="$1" HAKMEM_STATS=exit \
				HAKMEM_STATS_FORMAT=json \
				HAKMEM_STATS_FILE="$reports/%e.%p.json"
		fi
		timeout -k 10 "$limit" $python -m test -q "$2"
	) >"$work/out" 2>&1 </dev/null
}

for module in $modules; do
	# Debian's has all but a few.
	if ! $python -c "import importlib.util as u, sys
sys.exit(not u.find_spec('test.$module'))"; then
		echo "SKIP: $module: no program libpython3-testsuite with it"
		continue
	fi
	echo "$module, $(date +%H:%M:%S)"
	rm -rf "$reports"
	mkdir "$reports"
	run_module "$lib" "$module"
	status=$?
	if [ $status -eq 0 ]; then
		pass "$module"
		ours 'python*' 10000
		continue
	fi
	cp "$work/out" "$work/ours"
	if run_module "" "$module"; then
		tail -n 40 "$work/ours" | cut -c 1-200
		fail "$module" "status $status, passes without the library"
	else
		pass "$module: fails without the library, too"
	fi
done
finish
