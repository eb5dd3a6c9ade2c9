/* SPDX-License-Identifier: MIT */
/*
 * Size classes: every size to 256 KiB gets the smallest class that holds it,
 * or none; what is lost is bounded; start and number of a block are right for
 * every offset in a slab.
 */
#include "t.h"

#include "sizeclass.h"

#define LAST ((size_t)256 * 1024)

static size_t table[HAK_CLASSES]; /* block sizes, as the header says */

static void make_table(void)
{
	unsigned cls = 0;

	for (size_t size = 16; size <= 128; size += 16)
		table[++cls] = size;
	for (size_t from = 128; from < HAK_MID_MAX; from *= 2)
		for (unsigned i = 1; i <= 8; i++)
			table[++cls] = from + from / 8 * i;
	CHECK(cls == HAK_CLASSES - 1);
	CHECK(table[cls] == HAK_MID_MAX);
	CHECK(table[HAK_TINY_CLASSES - 1] == HAK_TINY_MAX);
}

static void check_sizes(void)
{
	unsigned cls = 1;

	for (size_t size = 0; size <= LAST; size++) {
		if (size > HAK_MID_MAX) {
			CHECK(hak_class_of_aligned(size, 1) == 0);
			continue;
		}
		if (size > table[cls])
			cls++;
		if (hak_class_of(size) != cls)
			FAIL("size %zu: class %u, not %u", size,
			     hak_class_of(size), cls);
		CHECK(hak_class_size(cls) == table[cls]);
		CHECK(hak_class_of_aligned(size, 1) == cls);
		/* at most 12.5 % of a block is not asked for */
		if (size >= 16)
			CHECK((table[cls] - size) * 8 <= table[cls] ||
			      table[cls] - size < 16);
	}
}

static unsigned aligned_class(size_t size, size_t align)
{
	for (unsigned cls = 1; cls < HAK_CLASSES; cls++)
		if (table[cls] >= size && table[cls] % align == 0)
			return cls;
	return 0;
}

static void check_alignments(void)
{
	for (size_t align = 1; align && align <= SIZE_MAX / 2; align *= 2)
		for (size_t size = 0; size <= LAST;
		     size += size < 40000 ? 1 : 997)
			if (hak_class_of_aligned(size, align) !=
			    aligned_class(size, align))
				FAIL("size %zu at %zu: class %u, not %u", size,
				     align, hak_class_of_aligned(size, align),
				     aligned_class(size, align));
	for (size_t align = 1; align <= HAK_MID_MAX; align *= 2)
		CHECK(hak_class_of_aligned(HAK_MID_MAX, align) != 0);
	CHECK(hak_class_of_aligned(SIZE_MAX, 16) == 0);
}

static void check_geometry(unsigned cls)
{
	const struct hak_class *c = &hak_class[cls];
	size_t bytes = c->pub.slots * HAK_SLOT_SIZE;
	size_t used = (size_t)c->pub.blocks * c->pub.block_size;

	CHECK(c->pub.block_size % HAK_ALIGNMENT == 0);
	CHECK(used <= bytes && bytes - used < c->pub.block_size);
	CHECK(bytes - used <= bytes / 8);
	CHECK(c->pub.blocks >= 8);
	CHECK(c->pub.slots >= 1 && c->pub.slots <= HAK_SS_SLOTS);
	/* numbers fit their fields: struct hak_slab */
	CHECK(c->pub.blocks <= UINT16_MAX);
	CHECK(c->words * 64 >= c->pub.blocks && c->words <= 64);
	CHECK(c->pub.cache_blocks >= 1);
	/* frees of one-slot slabs look at the low 16 bits of the address */
	CHECK(c->pub.slots == 1 || c->pub.block_size > HAK_TINY_MAX);
}

static void check_offsets(unsigned cls)
{
	uint64_t magic = hak_class[cls].magic;
	size_t size = table[cls];
	size_t bytes = hak_class[cls].pub.slots * HAK_SLOT_SIZE;
	size_t in = 0;
	unsigned index = 0;

	for (size_t offset = 0; offset < bytes; offset++) {
		if (hak_is_block_start(offset, magic) != (in == 0))
			FAIL("%zu is%s a start of a %zu-byte block", offset,
			     in ? "" : " not", size);
		if (hak_block_index(offset, magic) != index)
			FAIL("%zu is in block %u of %zu bytes, not %u", offset,
			     hak_block_index(offset, magic), size, index);
		if (++in == size) {
			in = 0;
			index++;
		}
	}
}

int main(void)
{
	struct hak_class first[HAK_CLASSES];

	make_table();
	hak_sizeclass_init();
	memcpy(first, hak_class, sizeof(first));
	hak_sizeclass_init();
	CHECK(memcmp(first, hak_class, sizeof(first)) == 0);
	check_sizes();
	check_alignments();
	for (unsigned cls = 1; cls < HAK_CLASSES; cls++) {
		check_geometry(cls);
		check_offsets(cls);
	}
	return 0;
}
