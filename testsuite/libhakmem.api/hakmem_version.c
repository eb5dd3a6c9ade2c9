/* SPDX-License-Identifier: MIT */
/*
 * The version of the library is the header's, and spelt from its numbers.
 *
 * { dg-hakmem-modes "linked" }
 */
#include "t.h"

#include <hakmem/hakmem.h>

int main(void)
{
	char text[40];

	snprintf(text, sizeof(text), "%d.%d.%d", HAKMEM_VERSION_MAJOR,
		 HAKMEM_VERSION_MINOR, HAKMEM_VERSION_PATCH);
	CHECK(strcmp(text, HAKMEM_VERSION_STRING) == 0);
	CHECK(strcmp(hakmem_version(), HAKMEM_VERSION_STRING) == 0);
	return 0;
}
