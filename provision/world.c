/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "provision/world.h"

#include <stdlib.h>

static int user_after(const void *key, const void *element)
{
	return strcmp(key, ((const struct world_user *)element)->id);
}

const struct world_user *world_user_by_id(const struct world_target *t, const char *id)
{
	return t->user_count == 0 ? NULL : bsearch(id, t->users, t->user_count, sizeof(*t->users), user_after);
}

static int group_after(const void *key, const void *element)
{
	return strcmp(key, ((const struct world_group *)element)->name);
}

const struct world_group *world_group_by_name(const struct world_target *t, const char *name)
{
	return t->group_count == 0 ? NULL : bsearch(name, t->groups, t->group_count, sizeof(*t->groups), group_after);
}
