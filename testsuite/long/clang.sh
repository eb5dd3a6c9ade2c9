#!/bin/sh
# SPDX-License-Identifier: MIT
# clang: the test of libhakmem.preload/ with all of lib/.
# shellcheck disable=SC1091 # what is sourced is not followed
. "${srcdir:?}/libhakmem.preload/clang.sh"
