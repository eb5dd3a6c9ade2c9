#!/bin/sh
# SPDX-License-Identifier: MIT
# lua: the test of libhakmem.preload/ with twenty times the work.
# shellcheck disable=SC1091 # what is sourced is not followed
. "${srcdir:?}/libhakmem.preload/lua.sh"
