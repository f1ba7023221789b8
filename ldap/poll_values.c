/* SPDX-License-Identifier: GPL-3.0-or-later */
/* See poll_values.h. */
#include "ldap/poll_values.h"

#include "base/encode.h"

#include <openssl/sha.h>
#include <time.h>

#define SECOND INT64_C(1000000)
#define FUTURE_MOST 30

const char *const poll_id_attributes[] = {"entryUUID", "nsUniqueId", "ipaUniqueID", "objectGUID", "GUID", "ibm-entryUUID", NULL};

/* 32 hexadecimal digits with dashes between them, wherever a server puts them. */
static bool is_written_uuid(struct slice value, unsigned char uuid[UUID_SIZE])
{
	size_t n = 0;

	if (value.n != 32 && value.n != 35 && value.n != 36)
		return false;
	memset(uuid, 0, UUID_SIZE);
	for (size_t i = 0; i < value.n; i++) {
		int digit = hex_value(value.p[i]);

		if (value.p[i] == '-' && i > 0 && i + 1 < value.n && value.p[i - 1] != '-')
			continue;
		if (digit < 0 || n == (size_t)UUID_SIZE * 2)
			return false;
		uuid[n / 2] |= (unsigned char)(n % 2 ? digit : digit << 4);
		n++;
	}
	return n == (size_t)UUID_SIZE * 2;
}

/* MS-DTYP 2.3.4.2: the first three fields in little-endian order. */
static void from_little_endian(struct slice value, unsigned char uuid[UUID_SIZE])
{
	static const unsigned char order[UUID_SIZE] = {3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};

	for (size_t i = 0; i < UUID_SIZE; i++)
		uuid[i] = (unsigned char)value.p[order[i]];
}

int poll_id(const char *attribute, struct slice value, unsigned char uuid[UUID_SIZE])
{
	unsigned char hash[SHA256_DIGEST_LENGTH];

	if (value.n == 0)
		return -1;
	if (value.n == UUID_SIZE && strcasecmp(attribute, "objectGUID") == 0) {
		from_little_endian(value, uuid);
	} else if (!is_written_uuid(value, uuid)) {
		SHA256((const unsigned char *)value.p, value.n, hash);
		memcpy(uuid, hash, UUID_SIZE);
	}
	return 0;
}

/* ---- stamps ---- */

static int two_digits(const char *p)
{
	return p[0] >= '0' && p[0] <= '9' && p[1] >= '0' && p[1] <= '9' ? (p[0] - '0') * 10 + (p[1] - '0') : -1;
}

/* Behind the seconds: a fraction, then Z or the difference to UTC. */
static int zone_of(const char *p, size_t n, int64_t *seconds)
{
	size_t i = 0;
	int hours, minutes;

	if (n && (p[0] == '.' || p[0] == ','))
		for (i = 1; i < n && p[i] >= '0' && p[i] <= '9'; i++)
			;
	*seconds = 0;
	if (n - i == 1 && p[i] == 'Z')
		return 0;
	if (n - i != 5 || (p[i] != '+' && p[i] != '-'))
		return -1;
	hours = two_digits(p + i + 1);
	minutes = two_digits(p + i + 3);
	if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59)
		return -1;
	*seconds = hours * 3600 + minutes * 60;
	if (p[i] == '-')
		*seconds = -*seconds;
	return 0;
}

int stamp_read(struct slice value, int64_t *out)
{
	char text[21];
	const char *p = value.p;
	int64_t t, zone;

	if (value.n < 15 || value.n > 40 || zone_of(p + 14, value.n - 14, &zone) < 0)
		return -1;
	for (size_t i = 0; i < 14; i++)
		if (p[i] < '0' || p[i] > '9')
			return -1;
	snprintf(text, sizeof(text), "%.4s-%.2s-%.2sT%.2s:%.2s:%.2sZ", p, p + 4, p + 6, p + 8, p + 10, p + 12);
	if (time_read(slice_c(text), &t) < 0)
		return -1;
	*out = t - zone;
	return 0;
}

void stamp_write(int64_t t, char out[STAMP_SIZE])
{
	char text[21];

	time_write(t, text);
	snprintf(out, STAMP_SIZE, "%.4s%.2s%.2s%.2s%.2s%.2sZ", text, text + 5, text + 8, text + 11, text + 14, text + 17);
}

/* ---- where a poll stands ---- */

#define FORMAT "poll-1"

static int take_number(struct slice *s, int64_t *out)
{
	const char *blank = s->n ? memchr(s->p, ' ', s->n) : NULL;
	uint64_t number;

	if (!blank || number_read(slice_of(s->p, (size_t)(blank - s->p)), 0, INT64_MAX, &number) < 0)
		return -1;
	*out = (int64_t)number;
	s->n -= (size_t)(blank - s->p) + 1;
	s->p = blank + 1;
	return 0;
}

int poll_place_read(struct slice cookie, struct poll_place *out)
{
	static const char begin[] = FORMAT " ";
	size_t n = sizeof(begin) - 1;
	struct poll_place place;

	if (cookie.n < n || memcmp(cookie.p, begin, n) != 0)
		return -1;
	cookie = slice_of(cookie.p + n, cookie.n - n);
	if (take_number(&cookie, &place.known) < 0 || take_number(&cookie, &place.compared) < 0)
		return -1;
	place.uri = cookie;
	*out = place;
	return 0;
}

struct slice poll_place_write(struct arena *a, const struct poll_place *place)
{
	return slice_c(arena_printf(a, FORMAT " %lld %lld %.*s", (long long)place->known, (long long)place->compared,
		(int)place->uri.n, place->uri.p));
}

/* ---- the server's clock ---- */

int64_t server_clock_at(const struct server_clock *c, int64_t at)
{
	int64_t t;

	if (!c->stamp)
		return 0;
	/* down: a time that it had at least reached */
	t = c->stamp + (at - c->at) / SECOND - (at < c->at);
	return t > 0 ? t : 0;
}

void server_clock_saw(struct server_clock *c, int64_t stamp, int64_t at, int64_t now)
{
	if (stamp <= now + FUTURE_MOST && stamp > server_clock_at(c, at))
		*c = (struct server_clock){stamp, at};
}
