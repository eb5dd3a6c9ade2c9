/* SPDX-License-Identifier: MIT */
/*
 * fault.h - reports of misuse and of broken invariants
 *
 * Responsibility: the wording and the one line on standard error, and the
 * abort after it.  Decides nothing about what is a fault.
 *
 * Contract: called with no lock held where the caller can arrange it (a
 * SIGABRT handler may allocate); hak_fault never returns.  Calling it under
 * the pool lock would make such a handler wait for itself.
 *
 * Observable: "hakmem: fatal: WORDS of ADDRESS (DETAIL) [pid N]", then
 * SIGABRT.
 *
 * Composable: write(2) only; safe before libc is ready, after fork and in
 * handlers.
 */
#ifndef HAK_FAULT_H
#define HAK_FAULT_H

#include "base.h"

enum hak_fault {
	HAK_FAULT_INVALID_FREE,
	HAK_FAULT_UNALIGNED_FREE,
	HAK_FAULT_DOUBLE_FREE,
	HAK_FAULT_SIZE_MISMATCH,
	HAK_FAULT_FOREIGN_POINTER,
	HAK_FAULT_CANARY,
	HAK_FAULT_WRITE_AFTER_FREE,
};

/* detail_size is the block size for the "(64-byte class)" part, 0 to leave it
 * out. */
_Noreturn void hak_fault(enum hak_fault kind, const void *p,
			 size_t detail_size) HAK_COLD;
_Noreturn void hak_fault_text(const char *text) HAK_COLD;
_Noreturn void hak_fault_assert(const char *expr, const char *where) HAK_COLD;

/* One line "hakmem: TEXT" without an abort. */
void hak_warn(const char *text) HAK_COLD;

#endif /* HAK_FAULT_H */
