/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Looking people, users and groups up in a world and in what is desired. */
#include "provision/world.h"

#include <stdlib.h>

static int person_after(const void *key, const void *element)
{
	return strcmp(key, ((const struct desired_person *)element)->id);
}

const struct desired_person *desired_person_by_id(const struct desired *d, const char *id)
{
	return d->count == 0 ? NULL : bsearch(id, d->people, d->count, sizeof(*d->people), person_after);
}

bool desired_wants(const struct desired_person *p, size_t target)
{
	if (p->kind == DESIRED_LICENSED || p->kind == DESIRED_CUSTOMER)
		return p->target == target;
	for (size_t i = 0; p->kind == DESIRED_PORTAL && i < p->place_count; i++)
		if (p->places[i].target == target)
			return true;
	return false;
}

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
