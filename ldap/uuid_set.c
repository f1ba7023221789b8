/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Open addressing, at most half full.  Entry UUIDs may be made from a host's
 * address and the time, so all 16 bytes go into the place.
 */
#include "ldap/uuid_set.h"

struct slot {
	bool taken;
	unsigned char uuid[UUID_SIZE];
};

struct uuid_set {
	size_t n, capacity;             /* capacity: a power of two */
	struct slot *slots;
};

static struct slot *slots_new(size_t n)
{
	struct slot *p = calloc(n, sizeof(*p));

	if (!p)
		abort();
	return p;
}

struct uuid_set *uuid_set_new(void)
{
	struct uuid_set *s = calloc(1, sizeof(*s));

	if (!s)
		abort();
	s->capacity = 256;
	s->slots = slots_new(s->capacity);
	return s;
}

void uuid_set_free(struct uuid_set *s)
{
	if (!s)
		return;
	free(s->slots);
	free(s);
}

static size_t home(const struct uuid_set *s, const unsigned char uuid[UUID_SIZE])
{
	uint64_t a, b;

	memcpy(&a, uuid, sizeof(a));
	memcpy(&b, uuid + sizeof(a), sizeof(b));
	a = (a ^ b * UINT64_C(0x9e3779b97f4a7c15)) * UINT64_C(0xbf58476d1ce4e5b9);
	return (a ^ a >> 32) & (s->capacity - 1);
}

static struct slot *place(const struct uuid_set *s, const unsigned char uuid[UUID_SIZE])
{
	size_t i;

	for (i = home(s, uuid); s->slots[i].taken; i = (i + 1) & (s->capacity - 1))
		if (memcmp(s->slots[i].uuid, uuid, UUID_SIZE) == 0)
			break;
	return &s->slots[i];
}

static void grow(struct uuid_set *s)
{
	struct uuid_set bigger = {s->n, s->capacity * 2, slots_new(s->capacity * 2)};

	for (size_t i = 0; i < s->capacity; i++)
		if (s->slots[i].taken)
			*place(&bigger, s->slots[i].uuid) = s->slots[i];
	free(s->slots);
	*s = bigger;
}

void uuid_set_add(struct uuid_set *s, const unsigned char uuid[UUID_SIZE])
{
	struct slot *slot = place(s, uuid);

	if (slot->taken)
		return;
	slot->taken = true;
	memcpy(slot->uuid, uuid, UUID_SIZE);
	if (++s->n > s->capacity / 2)
		grow(s);
}

/* What lies behind it moves up, so that no search ends too early. */
void uuid_set_remove(struct uuid_set *s, const unsigned char uuid[UUID_SIZE])
{
	size_t mask = s->capacity - 1, hole = (size_t)(place(s, uuid) - s->slots);

	if (!s->slots[hole].taken)
		return;
	s->n--;
	for (size_t i = (hole + 1) & mask; s->slots[i].taken; i = (i + 1) & mask) {
		if (((i - home(s, s->slots[i].uuid)) & mask) < ((i - hole) & mask))
			continue;
		s->slots[hole] = s->slots[i];
		hole = i;
	}
	s->slots[hole].taken = false;
}

bool uuid_set_has(const struct uuid_set *s, const unsigned char uuid[UUID_SIZE])
{
	return place(s, uuid)->taken;
}

size_t uuid_set_count(const struct uuid_set *s)
{
	return s->n;
}
