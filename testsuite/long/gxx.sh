#!/bin/sh
# SPDX-License-Identifier: MIT
# g++: the test of libhakmem.preload/ with forty classes.
# shellcheck disable=SC1091 # what is sourced is not followed
. "${srcdir:?}/libhakmem.preload/gxx.sh"
