# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# What the scripts of this folder share.  bench/README tells how they are run.
set -u

# arguments "NAME..." NAME=VALUE... - sets the variables
arguments() {
	known=$1
	shift
	for argument; do
		case " $known " in
		*" ${argument%%=*} "*) eval "${argument%%=*}=\${argument#*=}" ;;
		*)
			echo "$0: bad argument $argument" >&2
			exit 1
			;;
		esac
	done
}

skip() {
	echo "$*"
	exit 77
}

# need PROGRAM - ends the script when it is not here
need() {
	command -v "$1" >/dev/null || skip "there is no $1"
}

# The interpreter itself: python3 of the search path may be a script that
# starts one.
find_python() {
	python3 -c 'import sys; print(sys.executable)'
}

# The variables of a variant, for programs that launch does not start
variant_environment() {
	eval "set -- $BENCH_ENV"
	for setting; do
		export "${setting?}"
	done
}
