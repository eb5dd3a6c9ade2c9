#!/bin/sh
# SPDX-License-Identifier: MIT
# gcc compiles, links and runs a program, and compiles sources of this project.
# { dg-hakmem-timeout "180" }
# shellcheck disable=SC1091,SC2154 # what is sourced is not followed

. "${srcdir:?}/lib/preload.sh"
. "$srcdir/lib/compiler.sh"

need gcc

setup() {
	c_sources
}

same "gcc" in_c gcc
succeeded "gcc" 1 '^small: 7$'
ours gcc 100
ours cc1 1000
ours as 100
ours ld 100
same "gcc of this project" project gcc
succeeded "gcc of this project"
ours cc1 10000
finish
