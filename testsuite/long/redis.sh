#!/bin/sh
# SPDX-License-Identifier: MIT
# redis-server: the test of libhakmem.preload/ with more requests.
# shellcheck disable=SC1091 # what is sourced is not followed
. "${srcdir:?}/libhakmem.preload/redis.sh"
