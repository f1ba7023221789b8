/* SPDX-License-Identifier: GPL-3.0-or-later */
/* An arena for each test, for programs that need no other fixture. */
#ifndef TESTS_UNIT_ARENA_H
#define TESTS_UNIT_ARENA_H

#include "tests/unit/unit.h"

static struct arena *a;

static inline int begin(void **state)
{
	(void)state;
	a = arena_new();
	return 0;
}

static inline int end(void **state)
{
	(void)state;
	arena_free(a);
	return 0;
}

#endif
