#!/bin/sh
# SPDX-License-Identifier: MIT
# sqlite3: the test of libhakmem.preload/ with a million rows.
# shellcheck disable=SC1091 # what is sourced is not followed
. "${srcdir:?}/libhakmem.preload/sqlite3.sh"
