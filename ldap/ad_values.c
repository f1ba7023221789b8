/* SPDX-License-Identifier: GPL-3.0-or-later */
/* See ad_values.h. */
#include "ldap/ad_values.h"

#include "base/encode.h"
#include "base/text.h"

#include <endian.h>
#include <openssl/evp.h>
#include <stdio.h>

/* ---- GUIDs ---- */

static void swap(unsigned char *p, size_t n)
{
	for (size_t i = 0; i < n / 2; i++) {
		unsigned char c = p[i];

		p[i] = p[n - 1 - i];
		p[n - 1 - i] = c;
	}
}

int guid_read(struct slice bytes, unsigned char uuid[UUID_SIZE])
{
	if (bytes.n != UUID_SIZE)
		return -1;
	memcpy(uuid, bytes.p, UUID_SIZE);
	swap(uuid, 4);
	swap(uuid + 4, 2);
	swap(uuid + 6, 2);
	return 0;
}

void guid_text(const unsigned char uuid[UUID_SIZE], char out[GUID_TEXT_SIZE])
{
	char hex[UUID_SIZE * 2 + 1];

	hex_encode(uuid, UUID_SIZE, hex);
	snprintf(out, GUID_TEXT_SIZE, "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12, hex + 16, hex + 20);
}

int guid_parse(struct slice text, unsigned char uuid[UUID_SIZE])
{
	unsigned char bytes[UUID_SIZE];
	size_t n = 0;

	if (text.n != GUID_TEXT_SIZE - 1)
		return -1;
	for (size_t i = 0; i < text.n;) {
		int high, low;

		if (i == 8 || i == 13 || i == 18 || i == 23) {
			if (text.p[i++] != '-')
				return -1;
			continue;
		}
		high = hex_value(text.p[i]);
		low = hex_value(text.p[i + 1]);
		if (high < 0 || low < 0)
			return -1;
		bytes[n++] = (unsigned char)(high << 4 | low);
		i += 2;
	}
	memcpy(uuid, bytes, UUID_SIZE);
	return 0;
}

/* ---- SIDs ---- */

#define SID_HEAD 8
#define SID_PARTS_MAX 15

int sid_text(struct slice bytes, char out[SID_TEXT_SIZE])
{
	const unsigned char *p = (const unsigned char *)bytes.p;
	uint64_t authority = 0;
	size_t parts, n;

	if (bytes.n < SID_HEAD || p[0] != 1 || p[1] > SID_PARTS_MAX || bytes.n != SID_HEAD + (size_t)p[1] * 4)
		return -1;
	parts = p[1];
	for (size_t i = 2; i < SID_HEAD; i++)
		authority = authority << 8 | p[i];
	n = (size_t)snprintf(out, SID_TEXT_SIZE, "S-1-%llu", (unsigned long long)authority);
	for (size_t i = 0; i < parts; i++) {
		uint32_t part;

		memcpy(&part, p + SID_HEAD + i * 4, sizeof(part));
		n += (size_t)snprintf(out + n, SID_TEXT_SIZE - n, "-%u", (unsigned)le32toh(part));
	}
	return 0;
}

int sid_of_primary_group(struct slice person_sid_text, struct slice primary_group_id, char out[SID_TEXT_SIZE])
{
	size_t n = person_sid_text.n;
	uint64_t rid;

	while (n && person_sid_text.p[n - 1] != '-')
		n--;
	if (n < 5 || !slice_begins(person_sid_text, "S-1-") || number_read(primary_group_id, 0, UINT32_MAX, &rid) < 0)
		return -1;
	if (n + 11 > SID_TEXT_SIZE)
		return -1;
	snprintf(out, SID_TEXT_SIZE, "%.*s%llu", (int)n, person_sid_text.p, (unsigned long long)rid);
	return 0;
}

/* ---- DNs with GUID and SID in front ---- */

int extended_dn_read(struct slice value, struct extended_dn *out)
{
	static const char guid[] = "<GUID=";
	struct extended_dn e;
	size_t at = sizeof(guid) - 1 + GUID_TEXT_SIZE - 1;

	if (!slice_begins(value, guid) || value.n < at + 2 || value.p[at] != '>' || value.p[at + 1] != ';' ||
		guid_parse(slice_of(value.p + sizeof(guid) - 1, GUID_TEXT_SIZE - 1), e.uuid) < 0)
		return -1;
	at += 2;
	if (slice_begins(slice_of(value.p + at, value.n - at), "<SID=")) {
		const char *end = memchr(value.p + at, '>', value.n - at);

		if (!end || end + 1 == value.p + value.n || end[1] != ';')
			return -1;
		at = (size_t)(end - value.p) + 2;
	}
	if (at == value.n)
		return -1;
	e.dn = slice_of(value.p + at, value.n - at);
	*out = e;
	return 0;
}

/* ---- ranges ---- */

int value_range_read(const char *attribute, struct value_range *out)
{
	static const char option[] = ";range=";
	const char *p = strchr(attribute, ';'), *dash;
	struct value_range r = {.last = 0};

	if (!p)
		return 0;
	if (strncasecmp(p, option, sizeof(option) - 1) != 0)
		return strcasestr(p, option) ? -1 : 0;
	r.name_length = (size_t)(p - attribute);
	p += sizeof(option) - 1;
	dash = strchr(p, '-');
	if (!dash || number_read(slice_of(p, (size_t)(dash - p)), 0, UINT32_MAX, &r.first) < 0)
		return -1;
	r.is_end = strcmp(dash + 1, "*") == 0;
	if (!r.is_end && (number_read(slice_c(dash + 1), 0, UINT32_MAX, &r.last) < 0 || r.last < r.first))
		return -1;
	*out = r;
	return 1;
}

/* ---- accounts ---- */

#define UF_ACCOUNTDISABLE 2

/* Some servers write it as a signed number. */
bool account_is_disabled(const struct slice *user_account_control, size_t n)
{
	struct slice s;
	uint64_t flags;

	if (n != 1)
		return true;
	s = user_account_control[0];
	if (s.n && s.p[0] == '-') {
		if (number_read(slice_of(s.p + 1, s.n - 1), 1, (uint64_t)INT32_MAX + 1, &flags) < 0)
			return true;
		flags = UINT32_MAX - flags + 1;
	} else if (number_read(s, 0, UINT32_MAX, &flags) < 0) {
		return true;
	}
	return flags & UF_ACCOUNTDISABLE;
}

#define TICKS_A_SECOND 10000000
#define SECONDS_1601_TO_1970 INT64_C(11644473600)

bool account_has_ended(struct slice account_expires, int64_t now)
{
	uint64_t ticks;

	if (number_read(account_expires, 0, INT64_MAX, &ticks) < 0)
		return true;
	if (ticks == 0 || ticks == INT64_MAX)
		return false;
	return (int64_t)(ticks / TICKS_A_SECOND) - SECONDS_1601_TO_1970 <= now;
}

/* ---- attributes ---- */

static bool holds_guid(const char *attribute)
{
	return strcasecmp(attribute, "objectGUID") == 0 || strcasecmp(attribute, "mS-DS-ConsistencyGuid") == 0;
}

struct slice ad_kept_value(struct arena *a, const char *attribute, struct slice value)
{
	unsigned char uuid[UUID_SIZE];
	char guid[GUID_TEXT_SIZE], sid[SID_TEXT_SIZE];
	struct text t;

	if (strcasecmp(attribute, "objectSid") == 0 && sid_text(value, sid) == 0)
		return slice_c(arena_strdup(a, sid));
	if (!holds_guid(attribute))
		return value;
	if (guid_read(value, uuid) == 0) {
		guid_text(uuid, guid);
		return slice_c(arena_strdup(a, guid));
	}
	text_begin(&t, a, value.n * 2);
	text_add_base64(&t, value);
	return text_slice(&t);
}

#define GUID_BASE64_SIZE 24

/* 24 characters of base64 for 16 bytes, in the one spelling that they have. */
static int guid_from_base64(struct slice text, unsigned char out[UUID_SIZE])
{
	unsigned char bytes[UUID_SIZE + 2], again[GUID_BASE64_SIZE + 1];

	if (text.n != GUID_BASE64_SIZE || EVP_DecodeBlock(bytes, (const unsigned char *)text.p, GUID_BASE64_SIZE) != sizeof(bytes))
		return -1;
	EVP_EncodeBlock(again, bytes, UUID_SIZE);
	if (memcmp(again, text.p, GUID_BASE64_SIZE) != 0)
		return -1;
	memcpy(out, bytes, UUID_SIZE);
	return 0;
}

int ad_claimed_guid(const char *attribute, struct slice claim, char out[GUID_TEXT_SIZE])
{
	unsigned char bytes[UUID_SIZE], uuid[UUID_SIZE];

	if (!holds_guid(attribute))
		return 0;
	if (guid_parse(claim, uuid) < 0 &&
		(guid_from_base64(claim, bytes) < 0 || guid_read(slice_of(bytes, UUID_SIZE), uuid) < 0))
		return 0;
	guid_text(uuid, out);
	return 1;
}
