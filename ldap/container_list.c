/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The balanced trees of libc; a file of its own, since their header has a struct entry, too. */
#include "ldap/container_list.h"

#include <search.h>

struct container {
	unsigned char uuid[UUID_SIZE];
	char dn[];
};

static int by_uuid(const void *a, const void *b)
{
	return memcmp(a, b, UUID_SIZE);
}

static struct container *find(const struct container_list *l, const unsigned char uuid[UUID_SIZE])
{
	struct container *const *found = tfind(uuid, &l->tree, by_uuid);

	return found ? *found : NULL;
}

const char *container_look_up(const struct container_list *l, const unsigned char uuid[UUID_SIZE])
{
	const struct container *c = find(l, uuid);

	return c ? c->dn : NULL;
}

/* With what the tree and the heap take beside it. */
static size_t size_of(const char *dn)
{
	return sizeof(struct container) + strlen(dn) + 64;
}

bool container_take_away(struct container_list *l, const unsigned char uuid[UUID_SIZE])
{
	struct container *c = find(l, uuid);

	if (!c)
		return false;
	tdelete(c, &l->tree, by_uuid);
	l->n--;
	l->bytes -= size_of(c->dn);
	free(c);
	return true;
}

void container_put(struct container_list *l, const unsigned char uuid[UUID_SIZE], const char *dn)
{
	size_t length = strlen(dn) + 1;
	struct container *c = malloc(sizeof(*c) + length);

	if (!c)
		abort();
	memcpy(c->uuid, uuid, UUID_SIZE);
	memcpy(c->dn, dn, length);
	container_take_away(l, uuid);
	if (!tsearch(c, &l->tree, by_uuid))
		abort();
	l->n++;
	l->bytes += size_of(dn);
}

void containers_empty(struct container_list *l)
{
	tdestroy(l->tree, free);
	*l = (struct container_list){0};
}
