/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Lists of strings that end with NULL, in the arena `a` of a test. */
#ifndef TESTS_UNIT_LIST_H
#define TESTS_UNIT_LIST_H

#include "tests/unit/unit.h"

#define LIST(...) list_in(a, (const char *const[]){__VA_ARGS__, NULL})

static inline const char *const *list_in(struct arena *arena, const char *const *from)
{
	size_t n = 0;
	const char **list;

	while (from[n])
		n++;
	list = arena_alloc(arena, (n + 1) * sizeof(*list));
	memcpy(list, from, n * sizeof(*list));
	return list;
}

#endif
