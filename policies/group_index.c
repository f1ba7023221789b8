/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Hash tables of a person's groups; see group_index.h. */
#include "policies/group_index.h"

#define FOLD UINT64_C(0x2020202020202020)       /* makes small letters of capitals, and one of some signs */

static uint64_t mix(uint64_t h, uint64_t word)
{
	h = (h ^ word) * UINT64_C(0x9e3779b97f4a7c15);
	return h ^ h >> 29;
}

uint32_t group_hash(const char *name)
{
	size_t n = strlen(name), i;
	uint64_t h = n, word;

	for (i = 0; i + 8 <= n; i += 8) {
		memcpy(&word, name + i, 8);
		h = mix(h, word | FOLD);
	}
	word = 0;
	memcpy(&word, name + i, n - i);
	h = mix(h, word | FOLD);
	return (uint32_t)(h >> 32);
}

/* From the last to the first, so that each place leads from the nearest group outward. */
struct group_index *group_index_make(struct arena *a, const struct facts *facts)
{
	struct group_index *index = arena_alloc(a, sizeof(*index));
	uint32_t size = 16, n = (uint32_t)facts->group_count, *place;

	while (size < 2 * n)
		size *= 2;
	index->mask = size - 1;
	index->by_dn = arena_alloc(a, 2 * (size + n) * sizeof(*index->by_dn));
	index->by_cn = index->by_dn + size;
	index->next_dn = index->by_cn + size;
	index->next_cn = index->next_dn + n;
	for (uint32_t i = n; i-- > 0;) {
		const struct fact_group *g = &facts->groups[i];

		if (g->dn_key) {
			place = &index->by_dn[group_hash(g->dn_key) & index->mask];
			index->next_dn[i] = *place;
			*place = i + 1;
		}
		if (g->cn) {
			place = &index->by_cn[group_hash(g->cn) & index->mask];
			index->next_cn[i] = *place;
			*place = i + 1;
		}
	}
	return index;
}
