/* SPDX-License-Identifier: GPL-3.0-or-later */
/* See standing.h. */
#include "scim/standing.h"

#include <endian.h>

static void put(char **at, uint64_t number)
{
	uint64_t big = htobe64(number);

	memcpy(*at, &big, sizeof(big));
	*at += sizeof(big);
}

static uint64_t take(const char **at)
{
	uint64_t big;

	memcpy(&big, *at, sizeof(big));
	*at += sizeof(big);
	return be64toh(big);
}

void standing_write(const struct standing *s, char out[STANDING_SIZE])
{
	char *at = out + SCIM_ID_SIZE;

	memcpy(out, s->file, SCIM_ID_SIZE);
	put(&at, s->number);
	put(&at, (uint64_t)s->since);
	put(&at, s->went[RESOURCE_USER]);
	put(&at, s->went[RESOURCE_GROUP]);
}

bool standing_read(struct slice cookie, struct standing *out)
{
	const char *at = cookie.p + SCIM_ID_SIZE;

	if (cookie.n != STANDING_SIZE)
		return false;
	memcpy(out->file, cookie.p, SCIM_ID_SIZE);
	out->number = take(&at);
	out->since = (int64_t)take(&at);
	out->went[RESOURCE_USER] = take(&at);
	out->went[RESOURCE_GROUP] = take(&at);
	return true;
}

bool standing_fits(const struct standing *s, const struct data_place *now)
{
	if (memcmp(s->file, now->file, SCIM_ID_SIZE) == 0)
		return s->number <= now->number;
	return now->has_former && memcmp(s->file, now->former, SCIM_ID_SIZE) == 0 && s->number <= now->former_number;
}

void standing_add(struct standing *s, enum resource kind, size_t n, int64_t now)
{
	if (n && !s->since)
		s->since = now;
	s->went[kind] += n;
}

void standing_age(struct standing *s, int64_t now)
{
	if (s->since == STANDING_UNTIL_DECIDED)
		return;
	/* under a clock that was wrong */
	if (s->since > now)
		s->since = now;
	if (now - s->since >= STANDING_DAY)
		standing_forget(s);
}

void standing_forget(struct standing *s)
{
	s->since = 0;
	s->went[RESOURCE_USER] = s->went[RESOURCE_GROUP] = 0;
}
