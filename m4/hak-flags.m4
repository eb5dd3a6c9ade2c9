# SPDX-License-Identifier: MIT
# hak-flags.m4 - collect options that the compiler or linker knows

# HAK_COMPILE_FLAGS(VARIABLE, FLAGS): append those of FLAGS that work.
# -Werror, because clang only warns of options it does not know.
AC_DEFUN([HAK_COMPILE_FLAGS], [m4_foreach_w([flag], [$2],
	[AX_CHECK_COMPILE_FLAG(flag, [AS_VAR_APPEND([$1], [" flag"])], [],
		[-Werror])])])

# HAK_LINK_FLAG(VARIABLE, FLAG): append a linker option if it works.
AC_DEFUN([HAK_LINK_FLAG],
	[AX_CHECK_LINK_FLAG([$2], [AS_VAR_APPEND([$1], [" $2"])])])
