/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The place of an inventory of accounts, for each test, and an arena. */
#ifndef TESTS_UNIT_INVENTORY_H
#define TESTS_UNIT_INVENTORY_H

#include "tests/unit/unit.h"

#include <stdlib.h>
#include <unistd.h>

static struct arena *a;
static char folder[] = "/tmp/postern-accounts-XXXXXX";
static const char *path;

static inline int inventory_begin(void)
{
	a = arena_new();
	memcpy(folder + strlen(folder) - 6, "XXXXXX", 6);
	if (!mkdtemp(folder))
		return -1;
	path = arena_printf(a, "%s/accounts", folder);
	return 0;
}

static inline int inventory_end(void)
{
	static const char *const names[] = {"", "-lock", ".billed", ".seen", ".seen-lock"};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		unlink(arena_printf(a, "%s%s", path, names[i]));
	arena_free(a);
	return rmdir(folder);
}

#endif
