#!/bin/sh
# SPDX-License-Identifier: MIT
# sort: the test of libhakmem.preload/ with 200 MB.
# shellcheck disable=SC1091 # what is sourced is not followed
. "${srcdir:?}/libhakmem.preload/sort.sh"
