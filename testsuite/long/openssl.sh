#!/bin/sh
# SPDX-License-Identifier: MIT
# openssl: the test of libhakmem.preload/ with 80 MB.
# shellcheck disable=SC1091 # what is sourced is not followed
. "${srcdir:?}/libhakmem.preload/openssl.sh"
