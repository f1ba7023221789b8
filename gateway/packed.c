/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Lengths of two bytes, the largest of which says that there is no text. */
#include "gateway/packed.h"

#include <endian.h>
#include <stdint.h>

#define ABSENT 0xffff

size_t packed_size(struct slice s)
{
	return 2 + s.n;
}

void packed_put(char **at, struct slice s)
{
	uint16_t n = htobe16(s.p ? (uint16_t)s.n : ABSENT);

	if (s.n > PACKED_MAX)
		abort();
	memcpy(*at, &n, 2);
	*at += 2;
	if (s.n)
		memcpy(*at, s.p, s.n);
	*at += s.n;
}

int packed_take(struct arena *a, struct slice *from, struct slice *out)
{
	uint16_t n;

	if (from->n < 2)
		return -1;
	memcpy(&n, from->p, 2);
	n = be16toh(n);
	*from = slice_of(from->p + 2, from->n - 2);
	*out = (struct slice){0};
	if (n == ABSENT)
		return 0;
	if (from->n < n)
		return -1;
	*out = arena_slice(a, slice_of(from->p, n));
	*from = slice_of(from->p + n, from->n - n);
	return 0;
}
