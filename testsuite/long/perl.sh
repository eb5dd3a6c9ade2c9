#!/bin/sh
# SPDX-License-Identifier: MIT
# perl: the test of libhakmem.preload/ with twenty times the data.
# shellcheck disable=SC1091 # what is sourced is not followed
. "${srcdir:?}/libhakmem.preload/perl.sh"
