/* SPDX-License-Identifier: MIT */
#include "stats.h"

struct hakmem_stats hakmem_stats
	__attribute__((visibility("default"), aligned(HAK_CACHE_LINE)));
extern struct hakmem_stats hak_stats __attribute__((alias("hakmem_stats")));
