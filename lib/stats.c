/* SPDX-License-Identifier: MIT */
#include "stats.h"

struct hakmem_stats hakmem_stats
	__attribute__((visibility("default"), aligned(HAK_CACHE_LINE)));
extern struct hakmem_stats hak_stats __attribute__((alias("hakmem_stats")));

/*
 * Where the object is, for a reader who finds no symbol table: in a stripped
 * static program, in a core file.  Name "hakmem", type 1, descriptor: distance
 * of the object from the descriptor, a signed 32-bit number.
 */
__asm__(".pushsection .note.hakmem, \"a\", %note\n"
	".balign 4\n"
	".long 7, 4, 1\n"
	".asciz \"hakmem\"\n"
	".balign 4\n"
	".long hak_stats - .\n"
	".popsection");
