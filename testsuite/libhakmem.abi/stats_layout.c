/* SPDX-License-Identifier: MIT */
/*
 * The layout of <hakmem/stats.h>, as other processes read it: offsets never
 * change, new fields come at the end of hakmem_stats only, and there is no
 * padding.  The exported object says the same of itself.
 *
 * { dg-hakmem-options "-ldl" }
 */
#include "t.h"

#include <dlfcn.h>
#include <elf.h>
#include <hakmem/stats.h>
#include <link.h>

/* Written down once, not computed: a change here is a change of the ABI. */
#define AT(type, field, offset)                                  \
	_Static_assert(offsetof(struct type, field) == (offset), \
		       #type "." #field " is at " #offset)
#define SIZE(type, size) \
	_Static_assert(sizeof(struct type) == (size), #type " has " #size)

SIZE(hakmem_stats_class, 16);
AT(hakmem_stats_class, block_size, 0);
AT(hakmem_stats_class, slots, 4);
AT(hakmem_stats_class, blocks, 8);
AT(hakmem_stats_class, cache_blocks, 12);

SIZE(hakmem_stats_bin, 64);
AT(hakmem_stats_bin, filled, 0);
AT(hakmem_stats_bin, flushed, 8);
AT(hakmem_stats_bin, drained, 16);
AT(hakmem_stats_bin, remote_freed, 24);
AT(hakmem_stats_bin, refills, 32);
AT(hakmem_stats_bin, flushes, 40);
AT(hakmem_stats_bin, slabs, 48);
AT(hakmem_stats_bin, _spare, 56);

SIZE(hakmem_stats_heap, 144);
AT(hakmem_stats_heap, next, 0);
AT(hakmem_stats_heap, caches, 8);
AT(hakmem_stats_heap, bins, 16);
AT(hakmem_stats_heap, countdown, 24);
AT(hakmem_stats_heap, armed, 32);
AT(hakmem_stats_heap, thread, 40);
AT(hakmem_stats_heap, generation, 48);
AT(hakmem_stats_heap, drains, 56);
AT(hakmem_stats_heap, remote_out, 64);
AT(hakmem_stats_heap, state, 72);
AT(hakmem_stats_heap, tag, 76);
AT(hakmem_stats_heap, slow_mallocs, 80);
AT(hakmem_stats_heap, slow_frees, 88);
AT(hakmem_stats_heap, large_served, 96);
AT(hakmem_stats_heap, large_kept, 104);
AT(hakmem_stats_heap, large_kept_bytes, 112);
AT(hakmem_stats_heap, large_freed, 120);
AT(hakmem_stats_heap, large_bytes, 128);
AT(hakmem_stats_heap, registry_slots, 136);

SIZE(hakmem_stats_superslab, 112);
AT(hakmem_stats_superslab, next, 0);
AT(hakmem_stats_superslab, base, 8);
AT(hakmem_stats_superslab, slots, 16);
AT(hakmem_stats_superslab, generation, 20);
AT(hakmem_stats_superslab, active, 24);
AT(hakmem_stats_superslab, empty, 28);
AT(hakmem_stats_superslab, size_class, 32);
AT(hakmem_stats_superslab, run, 64);
AT(hakmem_stats_superslab, slabs, 96);
AT(hakmem_stats_superslab, purged, 104);
AT(hakmem_stats_superslab, _spare, 108);

SIZE(hakmem_stats_mapping, 32);
AT(hakmem_stats_mapping, next, 0);
AT(hakmem_stats_mapping, base, 8);
AT(hakmem_stats_mapping, size, 16);
AT(hakmem_stats_mapping, kind, 24);
AT(hakmem_stats_mapping, stamp, 28);

AT(hakmem_stats, magic, 0);
AT(hakmem_stats, major, 8);
AT(hakmem_stats, minor, 10);
AT(hakmem_stats, size, 12);
AT(hakmem_stats, version, 16);
AT(hakmem_stats, class_size, 32);
AT(hakmem_stats, bin_size, 36);
AT(hakmem_stats, heap_size, 40);
AT(hakmem_stats, superslab_size, 44);
AT(hakmem_stats, classes, 48);
AT(hakmem_stats, pointer_size, 52);
AT(hakmem_stats, cache_stride, 56);
AT(hakmem_stats, cache_top, 60);
AT(hakmem_stats, cache_base, 64);
AT(hakmem_stats, slab_stride, 68);
AT(hakmem_stats, slab_nfree, 72);
AT(hakmem_stats, page_size, 76);
AT(hakmem_stats, slot_size, 80);
AT(hakmem_stats, pid, 84);
AT(hakmem_stats, mapping_size, 88);
AT(hakmem_stats, _spare, 92);
AT(hakmem_stats, seq, 96);
AT(hakmem_stats, start_time, 104);
AT(hakmem_stats, class_info, 112);
AT(hakmem_stats, heaps, 120);
AT(hakmem_stats, superslabs, 128);
AT(hakmem_stats, mappings, 136);
AT(hakmem_stats, options, 144);
AT(hakmem_stats, slots_active, 152);
AT(hakmem_stats, slots_empty, 160);
AT(hakmem_stats, slots_unused, 168);
AT(hakmem_stats, superslabs_mapped, 176);
AT(hakmem_stats, superslabs_peak, 184);
AT(hakmem_stats, superslabs_map_total, 192);
AT(hakmem_stats, superslabs_unmap_total, 200);
AT(hakmem_stats, lru_length, 208);
AT(hakmem_stats, acquires, 216);
AT(hakmem_stats, releases, 224);
AT(hakmem_stats, adoptions, 232);
AT(hakmem_stats, dissolutions, 240);
AT(hakmem_stats, pool_drains, 248);
AT(hakmem_stats, shared_fail, 256);
AT(hakmem_stats, shared_fail_fallback, 264);
AT(hakmem_stats, registry_slots, 272);
AT(hakmem_stats, registry_peak, 280);
AT(hakmem_stats, registry_leaves, 288);
AT(hakmem_stats, registry_tombstones, 296);
AT(hakmem_stats, mapped_bytes, 304);
AT(hakmem_stats, meta_bytes, 312);
AT(hakmem_stats, empty_bytes, 320);
AT(hakmem_stats, purged_bytes, 328);
AT(hakmem_stats, purges, 336);
AT(hakmem_stats, refaulted_bytes, 344);
AT(hakmem_stats, hole_bytes, 352);
AT(hakmem_stats, boot_mallocs, 360);
AT(hakmem_stats, boot_frees, 368);
AT(hakmem_stats, boot_live_bytes, 376);
AT(hakmem_stats, large_mallocs, 384);
AT(hakmem_stats, large_frees, 392);
AT(hakmem_stats, large_live_bytes, 400);
AT(hakmem_stats, huge_mallocs, 408);
AT(hakmem_stats, huge_frees, 416);
AT(hakmem_stats, huge_live_bytes, 424);
AT(hakmem_stats, huge_cached_bytes, 432);
AT(hakmem_stats, nested_mallocs, 440);
AT(hakmem_stats, nested_live, 448);
AT(hakmem_stats, heaps_live, 456);
AT(hakmem_stats, heaps_orphan, 464);
AT(hakmem_stats, heaps_total, 472);
AT(hakmem_stats, heaps_unhooked, 480);
AT(hakmem_stats, forks_repaired, 488);
AT(hakmem_stats, limit_hard, 496);
AT(hakmem_stats, os_errors, 504);
AT(hakmem_stats, foreign_ignored, 512);
AT(hakmem_stats, foreign_forwarded, 520);
AT(hakmem_stats, mallocs, 528);
AT(hakmem_stats, frees, 536);
AT(hakmem_stats, live_bytes, 544);
AT(hakmem_stats, cached_bytes, 552);
AT(hakmem_stats, pending_bytes, 560);
/* Also where the ABI would be content with 4 (i386). */
#define WHOLE(type) \
	_Static_assert(_Alignof(struct type) == 8, #type " is aligned to 8")
WHOLE(hakmem_stats_bin);
WHOLE(hakmem_stats_heap);
WHOLE(hakmem_stats_superslab);
WHOLE(hakmem_stats_mapping);
WHOLE(hakmem_stats);

/* It grows, but for what it had in the first release. */
_Static_assert(sizeof(struct hakmem_stats) >= 568, "hakmem_stats shrinks");

_Static_assert(HAKMEM_STATS_MAGIC == UINT64_C(0x31544154534b4148), "magic");
_Static_assert(HAKMEM_STATS_MAJOR == 1, "major");
_Static_assert(HAKMEM_STATS_CLASSES == 73, "classes");
_Static_assert(HAKMEM_STATS_SLOTS == 32, "slots");
_Static_assert(HAKMEM_SLOT_UNUSED == 0 && HAKMEM_SLOT_ACTIVE == 1 &&
		       HAKMEM_SLOT_EMPTY == 2,
	       "states of a slot");
_Static_assert(HAKMEM_HEAP_FREE == 0 && HAKMEM_HEAP_LIVE == 1 &&
		       HAKMEM_HEAP_ORPHAN == 2 && HAKMEM_HEAP_DISSOLVING == 3,
	       "states of a heap");
_Static_assert(HAKMEM_MAPPING_FREE == 0 && HAKMEM_MAPPING_HUGE == 1 &&
		       HAKMEM_MAPPING_CACHED == 2 && HAKMEM_MAPPING_META == 3,
	       "kinds of a mapping");

/* Bytes of the object as the symbol table has them. */
static size_t symbol_size(const struct hakmem_stats *s)
{
	const ElfW(Sym) * sym;
	Dl_info info;

	CHECK(dladdr1(s, &info, (void **)&sym, RTLD_DL_SYMENT));
	CHECK(info.dli_saddr == s);
	return sym->st_size;
}

int main(void)
{
	/* the library's own object, however the program was linked */
	const struct hakmem_stats *s = dlsym(RTLD_DEFAULT, "hakmem_stats");

	free(malloc(1));
	CHECK(s && symbol_size(s) == sizeof(*s));
	CHECK(s->magic == HAKMEM_STATS_MAGIC);
	CHECK(memcmp(&s->magic, "HAKSTAT1", 8) == 0 ||
	      memcmp(&s->magic, "1TATSKAH", 8) == 0);
	CHECK(s->major == HAKMEM_STATS_MAJOR);
	CHECK(s->minor >= HAKMEM_STATS_MINOR);
	CHECK(s->size == sizeof(*s));
	CHECK(s->class_size == sizeof(struct hakmem_stats_class));
	CHECK(s->bin_size == sizeof(struct hakmem_stats_bin));
	CHECK(s->heap_size == sizeof(struct hakmem_stats_heap));
	CHECK(s->superslab_size == sizeof(struct hakmem_stats_superslab));
	CHECK(s->mapping_size == sizeof(struct hakmem_stats_mapping));
	CHECK(s->classes == HAKMEM_STATS_CLASSES);
	CHECK(s->slot_size == 65536);
	return 0;
}
