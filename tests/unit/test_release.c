/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/release.c: what a connection is told of a person; and the claims that it comes from. */
#include "tests/unit/gateway_judge_stage.h"

#include "gateway/release.h"

static const char *one[] = {"11111111-2222-4333-8444-555555555555"}, *two[] = {"a", "b"};
static const struct saml_attribute claims[] = {{SAML_CLAIM_OBJECT_ID, one, 1}, {"urn:roles", two, 2}};
static const struct saml_identity identity = {.name_id = "a@example.org", .attributes = claims, .attribute_count = 2};

static void reads_claims_by_short_and_full_name(void **state)
{
	(void)state;
	assert_string_equal(judge_claim(&identity, "objectidentifier"), one[0]);
	assert_string_equal(judge_claim(&identity, SAML_CLAIM_OBJECT_ID), one[0]);
	assert_string_equal(judge_claim(&identity, "nameid"), "a@example.org");
	assert_null(judge_claim(&identity, "urn:roles"));       /* of several values none is the one */
	assert_null(judge_claim(&identity, "upn"));
}

static void releases_what_the_connection_names_and_no_more(void **state)
{
	static const struct settings_attribute wanted[] = {
		{"id", ATTRIBUTE_CLAIM, "objectidentifier", false}, {"department", ATTRIBUTE_LDAP, "Department", false},
		{"missing", ATTRIBUTE_LDAP, "title", false}, {"fixed", ATTRIBUTE_VALUE, "x", false}, {"groups", ATTRIBUTE_GROUPS, "ag*", false},
		{"dns", ATTRIBUTE_GROUPS, "*", true}, {"none", ATTRIBUTE_GROUPS, "zz*", false}, {"mail", ATTRIBUTE_MAIL, "mail", false},
	};
	struct settings_connection c = {.attributes = wanted, .attribute_count = 8};
	struct slice values[] = {slice_c("</x>&"), slice_of("\0", 1)};
	struct mirror_attribute attributes[] = {{"department", values, 2}};
	struct mirror_person p = person("a@example.org", "agents");
	const struct saml_attribute *out;

	(void)state;
	p.attributes = attributes;
	p.attribute_count = 1;
	assert_int_equal(release_attributes(a, &gateway, &c, &identity, &p, &out), 6);
	assert_string_equal(out[0].values[0], one[0]);
	assert_string_equal(out[1].name, "department");
	assert_int_equal(out[1].n, 1);
	assert_string_equal(out[1].values[0], "</x>&");
	assert_string_equal(out[2].values[0], "x");
	assert_string_equal(out[3].values[0], "agents");
	assert_string_equal(out[4].values[0], "cn=agents,dc=example");
	assert_string_equal(out[5].values[0], "a@example.org");
	assert_int_equal(release_attributes(a, &gateway, &c, NULL, &p, &out), 5);
}

/* Whoever may make a group somewhere in the directory chooses its name. */
static void releases_no_name_that_several_groups_share(void **state)
{
	static const struct settings_attribute wanted[] = {{"groups", ATTRIBUTE_GROUPS, "*", false}, {"dns", ATTRIBUTE_GROUPS, "*", true}};
	struct settings_connection c = {.attributes = wanted, .attribute_count = 2};
	struct mirror_person p = person("a@example.org", "agents");
	struct mirror_group shared = p.groups[0];
	const struct saml_attribute *out;

	(void)state;
	shared.cn_shared = true;
	p.groups = &shared;
	assert_int_equal(release_attributes(a, &gateway, &c, &identity, &p, &out), 1);
	assert_string_equal(out[0].name, "dns");
	assert_string_equal(out[0].values[0], "cn=agents,dc=example");
}

/* What a group is called is not its members' doing: they sign on without it. */
static void releases_no_group_that_cannot_be_told(void **state)
{
	static const struct settings_attribute wanted[] = {{"groups", ATTRIBUTE_GROUPS, "*", false}, {"dns", ATTRIBUTE_GROUPS, "*", true}};
	struct settings_connection c = {.attributes = wanted, .attribute_count = 2};
	static struct mirror_group groups[] = {
		{.dn = "cn=nameless,dc=x", .cn_shared = true}, {.dn = "cn=bell,dc=x", .cn = "bell\a"}, {.dn = "cn=bell\a,dc=x", .cn = "bell"},
		{.dn = "cn=site-admins,dc=x", .cn = "Bosses"}, {.dn = "cn=Bosses,dc=x", .cn = "site-admins"}, {.dn = "cn=agents,dc=x", .cn = "agents"},
	};
	struct mirror_person p = person("a@example.org", "agents");
	const struct saml_attribute *out;

	(void)state;
	p.groups = groups;
	p.group_count = sizeof(groups) / sizeof(groups[0]);
	assert_int_equal(release_attributes(a, &gateway, &c, &identity, &p, &out), 2);
	assert_int_equal(out[0].n, 3);
	assert_string_equal(out[0].values[0], "bell");
	assert_string_equal(out[0].values[1], "Bosses");
	assert_string_equal(out[0].values[2], "agents");
	assert_int_equal(out[1].n, 2);
	assert_string_equal(out[1].values[0], "cn=bell,dc=x");
	assert_string_equal(out[1].values[1], "cn=agents,dc=x");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_claims_by_short_and_full_name),
		cmocka_unit_test(releases_no_name_that_several_groups_share),
		cmocka_unit_test(releases_no_group_that_cannot_be_told),
		cmocka_unit_test(releases_what_the_connection_names_and_no_more),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
