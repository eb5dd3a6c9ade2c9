#!/bin/sh
# SPDX-License-Identifier: MIT
# git: the test of libhakmem.preload/ with 2,000 files.
# shellcheck disable=SC1091 # what is sourced is not followed
. "${srcdir:?}/libhakmem.preload/git.sh"
