/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Values of directory servers: the first letter says which reader gets the rest.
 *
 * G GUID of 16 bytes, g its text, s SID, p primary group, d extended DN, r range, u userAccountControl,
 * e accountExpires, k kept value, c claim, t stamp, i id of a poll, w place of a poll
 */
#include "tests/fuzz/fuzz.h"

#include "ldap/ad_values.h"
#include "ldap/poll_values.h"

static void same_guid(const unsigned char uuid[UUID_SIZE])
{
	unsigned char again[UUID_SIZE];
	char text[GUID_TEXT_SIZE];

	guid_text(uuid, text);
	if (guid_parse(slice_c(text), again) < 0 || memcmp(uuid, again, UUID_SIZE) != 0)
		abort();
}

static int guids(struct slice value, bool is_text)
{
	unsigned char uuid[UUID_SIZE];
	int rc = is_text ? guid_parse(value, uuid) : guid_read(value, uuid);

	if (rc == 0)
		same_guid(uuid);
	return rc;
}

static int sids(struct slice value)
{
	char text[SID_TEXT_SIZE], group[SID_TEXT_SIZE];

	if (sid_text(value, text) < 0)
		return -1;
	if (strncmp(text, "S-1-", 4) != 0)
		abort();
	return sid_of_primary_group(slice_c(text), slice_c("513"), group);
}

static int extended_dns(struct slice value)
{
	struct extended_dn dn;

	if (extended_dn_read(value, &dn) < 0)
		return -1;
	if (dn.dn.p < value.p || dn.dn.p + dn.dn.n != value.p + value.n)
		abort();
	same_guid(dn.uuid);
	return 0;
}

static int ranges(struct arena *a, struct slice value)
{
	struct value_range range;
	const char *attribute;
	struct error err;

	if (arena_cstr(a, value, REASON_RULE, &attribute, &err) < 0 || value_range_read(attribute, &range) != 1)
		return -1;
	if (range.name_length >= strlen(attribute))
		abort();
	return 0;
}

static int stamps(struct slice value)
{
	char text[STAMP_SIZE];
	int64_t t, again;

	if (stamp_read(value, &t) < 0)
		return -1;
	stamp_write(t, text);
	if (stamp_read(slice_c(text), &again) < 0 || again != t)
		abort();
	return 0;
}

static int places(struct arena *a, struct slice value)
{
	struct poll_place place, again;

	if (poll_place_read(value, &place) < 0)
		return -1;
	if (poll_place_read(poll_place_write(a, &place), &again) < 0 || again.known != place.known || again.compared != place.compared)
		abort();
	return 0;
}

static int read_value(struct arena *a, char which, struct slice value)
{
	unsigned char uuid[UUID_SIZE];
	char text[GUID_TEXT_SIZE];

	switch (which) {
	case 'G':
	case 'g':
		return guids(value, which == 'g');
	case 's':
		return sids(value);
	case 'p':
		return sid_of_primary_group(slice_c("S-1-5-21-1-2-3-1105"), value, (char[SID_TEXT_SIZE]){0});
	case 'd':
		return extended_dns(value);
	case 'r':
		return ranges(a, value);
	case 'u':
		return account_is_disabled(&value, 1) ? -1 : 0;
	case 'e':
		return account_has_ended(value, 1700000000) ? -1 : 0;
	case 'k':
		ad_kept_value(a, "objectSid", value);
		return ad_kept_value(a, "objectGUID", value).n ? 0 : -1;
	case 'c':
		return ad_claimed_guid("objectGUID", value, text) - 1;
	case 't':
		return stamps(value);
	case 'i':
		return poll_id("entryUUID", value, uuid);
	case 'w':
		return places(a, value);
	default:
		return -1;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *a;

	if (size == 0)
		return 0;
	a = arena_new();
	fuzz_succeeded(read_value(a, (char)data[0], slice_of((const char *)data + 1, size - 1)));
	arena_free(a);
	return 0;
}
