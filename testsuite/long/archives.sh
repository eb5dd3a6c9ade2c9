#!/bin/sh
# SPDX-License-Identifier: MIT
# tar, xz, gzip, bzip2: the test of libhakmem.preload/ with 270 MB.
# shellcheck disable=SC1091 # what is sourced is not followed
. "${srcdir:?}/libhakmem.preload/archives.sh"
