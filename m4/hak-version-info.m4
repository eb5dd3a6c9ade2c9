# SPDX-License-Identifier: MIT
# hak-version-info.m4 - version of the binary interface, for libtool
#
# CURRENT:REVISION:AGE, changed once per release, here and nowhere else:
#
#   nothing but the code changed           CURRENT    REVISION+1  AGE
#   functions, fields or options were      CURRENT+1  0           AGE+1
#   added, nothing else
#   anything was removed or changed in     CURRENT+1  0           0
#   meaning (a new SONAME)
#
# The SONAME is libhakmem.so.(CURRENT - AGE).  It stays libhakmem.so.0 as long
# as the statistics object and the exported symbols only grow.  An addition
# also opens a new node in lib/libhakmem.map and a line in
# testsuite/exports.list.  The version of the release (AC_INIT) is unrelated.
AC_DEFUN([HAK_VERSION_INFO], [AC_SUBST([HAKMEM_VERSION_INFO], [0:0:0])])
