#!/bin/sh
# SPDX-License-Identifier: MIT
# gs: the test of libhakmem.preload/ with more pages.
# shellcheck disable=SC1091 # what is sourced is not followed
. "${srcdir:?}/libhakmem.preload/ghostscript.sh"
