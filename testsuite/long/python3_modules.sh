#!/bin/sh
# SPDX-License-Identifier: MIT
# python3_suite.sh with the modules that start processes, use other libraries
# or look at memory.
# shellcheck disable=SC1091 # what is sourced is not followed
PYTHON_MODULES="test_subprocess test_multiprocessing_fork test_ctypes"
PYTHON_MODULES="$PYTHON_MODULES test_signal test_ssl test_asyncio"
PYTHON_MODULES="$PYTHON_MODULES test_tracemalloc test_sqlite3"
. "${srcdir:?}/long/python3_suite.sh"
