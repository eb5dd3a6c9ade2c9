#!/bin/sh
# SPDX-License-Identifier: MIT
# python3: the test of libhakmem.preload/ for more rounds.
# shellcheck disable=SC1091 # what is sourced is not followed
. "${srcdir:?}/libhakmem.preload/python3.sh"
