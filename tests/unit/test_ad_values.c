/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/unit.h"

#include "ldap/ad.h"
#include "ldap/ad_rights.h"
#include "ldap/ad_search.h"

/* The bytes of 96cba114-4755-49c4-b0a7-2964d59f8235 as Active Directory keeps them. */
static const char guid_bytes[] = "\x14\xa1\xcb\x96\x55\x47\xc4\x49\xb0\xa7\x29\x64\xd5\x9f\x82\x35";
#define GUID "96cba114-4755-49c4-b0a7-2964d59f8235"
#define GUID_BASE64 "FKHLllVHxEmwpylk1Z+CNQ=="

static void reads_a_guid_in_its_order(void **state)
{
	unsigned char uuid[UUID_SIZE], again[UUID_SIZE];
	char text[GUID_TEXT_SIZE];

	(void)state;
	assert_int_equal(guid_read(slice_of(guid_bytes, 16), uuid), 0);
	guid_text(uuid, text);
	assert_string_equal(text, GUID);
	assert_int_equal(guid_parse(slice_c("96CBA114-4755-49c4-b0a7-2964d59f8235"), again), 0);
	assert_memory_equal(uuid, again, UUID_SIZE);
	assert_int_equal(guid_read(slice_of(guid_bytes, 15), uuid), -1);
	assert_int_equal(guid_read(slice_of(guid_bytes, 17), uuid), -1);
}

static void refuses_what_is_no_guid(void **state)
{
	static const char *const bad[] = {"", "96cba114", "{" GUID "}", GUID "0", "96cba114x4755-49c4-b0a7-2964d59f8235",
		"96cba11g-4755-49c4-b0a7-2964d59f8235", "96cba114-4755-49c4-b0a7-2964d59f823", "96cba11447554-9c4-b0a7-2964d59f8235"};
	unsigned char uuid[UUID_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_int_equal(guid_parse(slice_c(bad[i]), uuid), -1);
}

static void reads_a_sid(void **state)
{
	static const char sid[] = "\1\5\0\0\0\0\0\5\x15\0\0\0\x2f\xb5\xba\x29\x3d\xf7\xfb\xab\x44\xab\xce\x69\x50\x04\0\0";
	static const char widest[] = "\1\1\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff";
	char text[SID_TEXT_SIZE];

	(void)state;
	assert_int_equal(sid_text(slice_of(sid, 28), text), 0);
	assert_string_equal(text, "S-1-5-21-700101935-2885416765-1775151940-1104");
	assert_int_equal(sid_text(slice_of(widest, 12), text), 0);
	assert_string_equal(text, "S-1-281474976710655-4294967295");
	assert_int_equal(sid_text(slice_of(sid, 27), text), -1);
	assert_int_equal(sid_text(slice_of(sid, 7), text), -1);
	assert_int_equal(sid_text(slice_of("\2\0\0\0\0\0\0\5", 8), text), -1);
	assert_int_equal(sid_text(slice_of("\1\x10\0\0\0\0\0\5", 8), text), -1);
}

static void the_longest_sid_fits(void **state)
{
	char bytes[8 + 15 * 4], text[SID_TEXT_SIZE];

	(void)state;
	memset(bytes, 0xff, sizeof(bytes));
	bytes[0] = 1;
	bytes[1] = 15;
	assert_int_equal(sid_text(slice_of(bytes, sizeof(bytes)), text), 0);
	assert_true(strlen(text) + 1 < SID_TEXT_SIZE);
}

static void the_primary_group_is_of_the_persons_domain(void **state)
{
	char sid[SID_TEXT_SIZE];

	(void)state;
	assert_int_equal(sid_of_primary_group(slice_c("S-1-5-21-1-2-3-1104"), slice_c("513"), sid), 0);
	assert_string_equal(sid, "S-1-5-21-1-2-3-513");
	assert_int_equal(sid_of_primary_group(slice_c("S-1-5-21-1-2-3-1104"), slice_c("-513"), sid), -1);
	assert_int_equal(sid_of_primary_group(slice_c("S-1-5-21-1-2-3-1104"), slice_c("4294967296"), sid), -1);
	assert_int_equal(sid_of_primary_group(slice_c("1104"), slice_c("513"), sid), -1);
	assert_int_equal(sid_of_primary_group(slice_c(""), slice_c("513"), sid), -1);
}

static void takes_a_dn_from_behind_its_guid_and_sid(void **state)
{
	static const char *const bad[] = {"CN=x", "<GUID=" GUID ">", "<GUID=" GUID ">;", "<GUID=" GUID ">CN=x", "<GUID=" GUID "",
		"<GUID=" GUID ">;<SID=S-1-5", "<GUID=" GUID ">;<SID=S-1-5>", "<GUID=" GUID ">;<SID=S-1-5>;", "<GUID=" GUID_BASE64 ">;CN=x"};
	struct extended_dn e;

	(void)state;
	assert_int_equal(extended_dn_read(slice_c("<GUID=" GUID ">;<SID=S-1-5-21-1>;CN=x\\2C y,DC=z"), &e), 0);
	assert_slice_is(e.dn, "CN=x\\2C y,DC=z");
	assert_int_equal(e.uuid[0], 0x96);
	assert_int_equal(extended_dn_read(slice_c("<GUID=" GUID ">;OU=x,DC=z"), &e), 0);
	assert_slice_is(e.dn, "OU=x,DC=z");
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_int_equal(extended_dn_read(slice_c(bad[i]), &e), -1);
}

static void reads_ranges(void **state)
{
	static const char *const bad[] = {"member;range=", "member;range=1", "member;range=2-1", "member;range=-1", "member;range=0-x",
		"member;range=0-*x", "member;binary;range=0-1", "member;range=0-99999999999"};
	struct value_range r;

	(void)state;
	assert_int_equal(value_range_read("member;range=0-1499", &r), 1);
	assert_int_equal(r.name_length, 6);
	assert_int_equal(r.first, 0);
	assert_int_equal(r.last, 1499);
	assert_false(r.is_end);
	assert_int_equal(value_range_read("member;Range=1500-*", &r), 1);
	assert_int_equal(r.first, 1500);
	assert_true(r.is_end);
	assert_int_equal(value_range_read("member", &r), 0);
	assert_int_equal(value_range_read("cn;lang-de", &r), 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_int_equal(value_range_read(bad[i], &r), -1);
}

static bool disabled(const char *value)
{
	const struct slice s = slice_c(value);

	return account_is_disabled(&s, 1);
}

static void an_account_is_on_only_when_it_says_so(void **state)
{
	const struct slice two[] = {{"512", 3}, {"512", 3}};

	(void)state;
	assert_false(disabled("512"));
	assert_false(disabled("66048"));
	assert_true(disabled("514"));
	assert_true(disabled("66050"));
	assert_false(disabled("-2147483136"));         /* 0x80000200 */
	assert_true(disabled("-2147483134"));
	assert_true(disabled(""));
	assert_true(disabled("on"));
	assert_true(disabled("4294967808"));
	assert_true(account_is_disabled(NULL, 0));
	assert_true(account_is_disabled(two, 2));
}

static void an_account_ends_when_its_time_comes(void **state)
{
	const int64_t now = 1700000000;         /* 133444736000000000 */

	(void)state;
	assert_false(account_has_ended(slice_c("0"), now));
	assert_false(account_has_ended(slice_c("9223372036854775807"), now));
	assert_false(account_has_ended(slice_c("133444736010000000"), now));
	assert_true(account_has_ended(slice_c("133444736000000000"), now));
	assert_true(account_has_ended(slice_c("1"), now));
	assert_true(account_has_ended(slice_c("never"), now));
	assert_true(account_has_ended(slice_c("-1"), now));
}

static void keeps_guids_and_sids_as_text(void **state)
{
	struct arena *a = arena_new();

	(void)state;
	assert_slice_is(ad_kept_value(a, "objectguid", slice_of(guid_bytes, 16)), GUID);
	assert_slice_is(ad_kept_value(a, "ms-ds-consistencyguid", slice_of(guid_bytes, 16)), GUID);
	assert_slice_is(ad_kept_value(a, "ms-ds-consistencyguid", slice_of("four", 4)), "Zm91cg==");
	assert_slice_is(ad_kept_value(a, "objectsid", slice_of("\1\1\0\0\0\0\0\5\x12\0\0\0", 12)), "S-1-5-18");
	assert_slice_is(ad_kept_value(a, "mail", slice_of(guid_bytes, 16)).n == 16 ? slice_c("as it is") : slice_c("changed"), "as it is");
	arena_free(a);
}

static void a_claim_means_a_guid_in_two_spellings(void **state)
{
	/* no padding, bits left over, another alphabet, in lower case, a line end, 15 and 17 bytes, the text in braces */
	static const char *const other[] = {"FKHLllVHxEmwpylk1Z+CNQ", "FKHLllVHxEmwpylk1Z+CNR==", "FKHLllVHxEmwpylk1Z-CNQ==",
		"FKHLllVHxEmwpylk1Z+CNQ=\n", "FKHLllVHxEmwpylk1Z+C", "FKHLllVHxEmwpylk1Z+CNQA=", "{" GUID "}", ""};
	char guid[GUID_TEXT_SIZE];

	(void)state;
	assert_int_equal(ad_claimed_guid("objectGUID", slice_c(GUID_BASE64), guid), 1);
	assert_string_equal(guid, GUID);
	assert_int_equal(ad_claimed_guid("mS-DS-ConsistencyGuid", slice_c("96CBA114-4755-49C4-B0A7-2964D59F8235"), guid), 1);
	assert_string_equal(guid, GUID);
	assert_int_equal(ad_claimed_guid("employeeNumber", slice_c(GUID_BASE64), guid), 0);
	for (size_t i = 0; i < sizeof(other) / sizeof(*other); i++)
		assert_int_equal(ad_claimed_guid("objectGUID", slice_c(other[i]), guid), 0);
	/* base64 knows case: another GUID */
	assert_int_equal(ad_claimed_guid("objectGUID", slice_c("fKHLllVHxEmwpylk1Z+CNQ=="), guid), 1);
	assert_string_not_equal(guid, GUID);
}

static void knows_what_a_filter_looks_at(void **state)
{
	struct arena *a = arena_new();
	const char *const *names = filter_attributes(a, "(&(objectCategory=person)(!(userAccountControl:1.2.840.113556.1.4.803:=2))"
		"(|(mail=*)(cn>=\\28x\\29)))");

	(void)state;
	assert_string_equal(names[0], "objectCategory");
	assert_string_equal(names[1], "userAccountControl");
	assert_string_equal(names[2], "mail");
	assert_string_equal(names[3], "cn");
	assert_null(names[4]);
	arena_free(a);
}

static void a_dn_is_within_a_base_by_whole_parts(void **state)
{
	(void)state;
	assert_true(dn_is_within("ou=a,dc=x", "dc=x"));
	assert_true(dn_is_within("dc=x", "dc=x"));
	assert_false(dn_is_within("ou=a,dc=xx", "dc=x"));
	assert_false(dn_is_within("ou=a,adc=x", "dc=x"));
	assert_false(dn_is_within("dc=x", "ou=a,dc=x"));
}

/* ---- rights ---- */

#define SELF_SID "\1\1\0\0\0\0\0\5\x0a\0\0\0"
#define USERS_SID "\1\1\0\0\0\0\0\5\x0b\0\0\0"
#define SYSTEM_SID "\1\1\0\0\0\0\0\5\x12\0\0\0"
#define WRITE_PROPERTY "\x20\0\0\0"
#define READ_PROPERTY "\x10\0\0\0"
#define MINE "0123456789abcdef"
#define MY_SET "ABCDEF0123456789"
#define OTHER "ffffffffffffffff"

static const struct attribute_rights mine = {{MINE, 16}, {MY_SET, 16}};

struct descriptor {
	size_t n;
	unsigned char bytes[400];
};

static void grow(struct descriptor *d, const void *p, size_t n)
{
	memcpy(d->bytes + d->n, p, n);
	d->n += n;
}

static struct descriptor empty_list(void)
{
	struct descriptor d = {.n = 0};

	grow(&d, "\1\0\4\x80\0\0\0\0\0\0\0\0\0\0\0\0\x14\0\0\0", 20);
	grow(&d, "\4\0\x8\0\0\0\0\0", 8);
	return d;
}

/* object NULL: an entry about every property. */
static void add(struct descriptor *d, unsigned char type, unsigned char flags, const char *mask, const char *object, const char *sid)
{
	const unsigned char size = (unsigned char)(4 + 4 + (object ? 4 + 16 : 0) + 12), head[] = {type, flags, size, 0};

	grow(d, head, 4);
	grow(d, mask, 4);
	if (object) {
		grow(d, "\1\0\0\0", 4);
		grow(d, object, 16);
	}
	grow(d, sid, 12);
	d->bytes[22] = (unsigned char)(d->bytes[22] + size);
	d->bytes[24]++;
}

static const char *writer(const struct descriptor *d)
{
	const char *who = "nobody";
	int rc = rights_writer(slice_of(d->bytes, d->n), &mine, &who);

	return rc < 0 ? "broken" : rc ? who : "nobody";
}

static void finds_who_may_write_an_attribute(void **state)
{
	struct descriptor d = empty_list();

	(void)state;
	assert_string_equal(writer(&d), "nobody");
	add(&d, 5, 0, WRITE_PROPERTY, OTHER, SELF_SID);
	add(&d, 5, 0, READ_PROPERTY, MINE, SELF_SID);
	add(&d, 5, 8, WRITE_PROPERTY, MINE, SELF_SID);
	add(&d, 5, 0, WRITE_PROPERTY, MINE, SYSTEM_SID);
	assert_string_equal(writer(&d), "nobody");
	add(&d, 5, 0, WRITE_PROPERTY, MY_SET, SELF_SID);
	assert_string_equal(writer(&d), "SELF");
	d = empty_list();
	add(&d, 5, 0, WRITE_PROPERTY, MINE, USERS_SID);
	assert_string_equal(writer(&d), "Authenticated Users");
	d = empty_list();
	add(&d, 0, 0, "\0\0\0\x10", NULL, SELF_SID);
	assert_string_equal(writer(&d), "SELF");
	d = empty_list();
	add(&d, 6, 0, WRITE_PROPERTY, MINE, SELF_SID);
	add(&d, 0, 0, WRITE_PROPERTY, NULL, SELF_SID);
	assert_string_equal(writer(&d), "nobody");
}

static void a_descriptor_that_is_cut_is_none(void **state)
{
	struct descriptor d = empty_list();

	(void)state;
	add(&d, 5, 0, WRITE_PROPERTY, OTHER, SELF_SID);
	add(&d, 5, 0, WRITE_PROPERTY, MINE, SELF_SID);
	assert_string_equal(writer(&d), "SELF");
	for (size_t n = 0; n < d.n; n++) {
		unsigned char *cut = malloc(n + 1);
		const char *who;

		memcpy(cut, d.bytes, n);
		assert_int_equal(rights_writer(slice_of(cut, n), &mine, &who), -1);
		free(cut);
	}
	d.bytes[28 + 2] = 3;            /* the size of the first entry */
	assert_string_equal(writer(&d), "broken");
}

static void without_a_list_everybody_may(void **state)
{
	struct descriptor d = empty_list();

	(void)state;
	d.bytes[2] = 0;
	assert_string_equal(writer(&d), "Everyone");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_a_guid_in_its_order),
		cmocka_unit_test(refuses_what_is_no_guid),
		cmocka_unit_test(reads_a_sid),
		cmocka_unit_test(the_longest_sid_fits),
		cmocka_unit_test(the_primary_group_is_of_the_persons_domain),
		cmocka_unit_test(takes_a_dn_from_behind_its_guid_and_sid),
		cmocka_unit_test(reads_ranges),
		cmocka_unit_test(an_account_is_on_only_when_it_says_so),
		cmocka_unit_test(an_account_ends_when_its_time_comes),
		cmocka_unit_test(keeps_guids_and_sids_as_text),
		cmocka_unit_test(a_claim_means_a_guid_in_two_spellings),
		cmocka_unit_test(knows_what_a_filter_looks_at),
		cmocka_unit_test(a_dn_is_within_a_base_by_whole_parts),
		cmocka_unit_test(finds_who_may_write_an_attribute),
		cmocka_unit_test(a_descriptor_that_is_cut_is_none),
		cmocka_unit_test(without_a_list_everybody_may),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
