/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Filters and paths as Entra ID and the RFC write them. */
#include "tests/unit/unit.h"

#include "scim/internal.h"

static const char person[] =
	"{\"userName\":\"Anna@Example.org\",\"externalId\":\"jyoung\",\"active\":true,\"age\":42,\"name\":{\"familyName\":\"O'Malley\"},"
	"\"emails\":[{\"type\":\"work\",\"value\":\"anna@example.org\"},{\"type\":\"home\",\"value\":\"a@home.example\"}],"
	"\"" URN_ENTERPRISE "\":{\"department\":\"Sales\",\"manager\":{\"value\":\"m1\"}}}";

static bool matches(const char *text)
{
	struct arena *a = arena_new();
	json_t *resource = json_loads(person, 0, NULL);
	const struct filter *filter;
	struct fault f = {0};
	bool answer;

	if (filter_read(a, slice_c(text), &filter, &f) < 0)
		fail_msg("%s: %s", text, f.detail);
	answer = filter_matches(filter, resource);
	json_decref(resource);
	arena_free(a);
	return answer;
}

static void what_entra_asks_for_is_found(void **state)
{
	static const char *const yes[] = {
		"userName eq \"anna@example.org\"", "USERNAME Eq \"ANNA@example.org\"", "externalId eq jyoung", "emails[type eq \"work\"].value eq \"anna@example.org\"",
		"emails.value eq \"a@home.example\"", "userName eq \"anna@example.org\" and active eq true", "active eq \"True\"",
		URN_ENTERPRISE ":manager eq \"m1\"", URN_ENTERPRISE ":manager.value eq \"m1\"", "urn:ietf:params:scim:schemas:core:2.0:User:userName sw \"anna\"",
	};
	static const char *const no[] = {
		"userName eq \"5f3a2c\"", "emails[type eq \"work\"].value eq \"a@home.example\"", "userName eq \"anna@example.org\" and active eq false",
		"nickName eq \"x\"", URN_ENTERPRISE ":manager eq \"m2\"",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(yes) / sizeof(*yes); i++)
		if (!matches(yes[i]))
			fail_msg("does not match: %s", yes[i]);
	for (size_t i = 0; i < sizeof(no) / sizeof(*no); i++)
		if (matches(no[i]))
			fail_msg("matches: %s", no[i]);
}

static void the_grammar_of_the_rfc_is_understood(void **state)
{
	static const char *const yes[] = {
		"name.familyName co \"O'Malley\"", "userName ew \".ORG\"", "age gt 41 and age le 42", "not (age eq 7)", "age ne 7", "title ne \"x\"", "emails pr",
		"emails[type eq \"home\"]", "emails[type eq \"work\" and value co \"@example.org\"]", "(age eq 1 or age eq 42) and active eq true",
		"age eq 1 or age eq 2 or age eq 42", "title eq null", "age eq 42 and not (title pr)", "userName eq \"\\u0061nna@example.org\"",
	};
	/* `and` binds more closely than `or` */
	static const char *const no[] = {"title pr", "age eq 42 and title pr or age eq 3", "not (emails pr)", "emails[type eq \"other\"]"};

	(void)state;
	for (size_t i = 0; i < sizeof(yes) / sizeof(*yes); i++)
		if (!matches(yes[i]))
			fail_msg("does not match: %s", yes[i]);
	for (size_t i = 0; i < sizeof(no) / sizeof(*no); i++)
		if (matches(no[i]))
			fail_msg("matches: %s", no[i]);
}

static void what_is_no_filter_is_refused(void **state)
{
	static const char *const bad[] = {
		"", "userName", "userName eq", "userName eq \"x", "userName is \"x\"", "eq \"x\"", "userName eq \"x\" or", "(userName eq \"x\"", "userName eq \"x\")",
		"emails[type eq \"work\"", "emails[type eq \"work\"].", "[type eq \"x\"]", "userName eq \"x\" \"y\"", "userName eq \"\\q\"", "userName eq \"\\u00\"",
		".userName eq x", "a.b.c eq x", "urn: eq x", "$version pr", "emails[a eq b][c eq d] pr",
		"((((((((((((((((((((((((a eq b))))))))))))))))))))))))",
	};
	struct arena *a = arena_new();
	const struct filter *filter;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct fault f = {0};

		if (filter_read(a, slice_c(bad[i]), &filter, &f) == 0)
			fail_msg("was read: %s", bad[i]);
		assert_int_equal(f.status, 400);
		assert_string_equal(f.type, "invalidFilter");
		assert_true(*f.detail);
	}
	arena_free(a);
}

static void a_path_is_taken_apart(void **state)
{
	struct arena *a = arena_new();
	struct fault f = {0};
	struct path p;

	(void)state;
	assert_int_equal(path_read(a, slice_c("NAME.givenname"), &p, &f), 0);
	assert_string_equal(p.name, "name");
	assert_string_equal(p.sub, "givenName");
	assert_int_equal(path_read(a, slice_c("emails[type eq \"work\"].value"), &p, &f), 0);
	assert_string_equal(p.name, "emails");
	assert_string_equal(p.sub, "value");
	assert_string_equal(filter_wants(p.within, "type", NULL), "work");
	assert_int_equal(path_read(a, slice_c("urn:ietf:params:scim:schemas:extension:ENTERPRISE:2.0:user:Manager"), &p, &f), 0);
	assert_string_equal(p.urn, URN_ENTERPRISE);
	assert_string_equal(p.name, "manager");
	assert_int_equal(path_read(a, slice_c(URN_ENTERPRISE), &p, &f), 0);
	assert_string_equal(p.urn, URN_ENTERPRISE);
	assert_null(p.name);
	assert_int_equal(path_read(a, slice_c("emails[type eq \"work\"] x"), &p, &f), -1);
	assert_string_equal(f.type, "invalidPath");
	arena_free(a);
}

static void what_must_be_equal_is_known(void **state)
{
	struct arena *a = arena_new();
	const struct filter *filter;
	struct fault f = {0};

	(void)state;
	assert_int_equal(filter_read(a, slice_c("active eq true and userName eq \"x\""), &filter, &f), 0);
	assert_string_equal(filter_wants(filter, "userName", NULL), "x");
	assert_null(filter_wants(filter, "externalId", NULL));
	/* one of two says nothing */
	assert_int_equal(filter_read(a, slice_c("active eq true or userName eq \"x\""), &filter, &f), 0);
	assert_null(filter_wants(filter, "userName", NULL));
	assert_int_equal(filter_read(a, slice_c("emails.type eq \"work\""), &filter, &f), 0);
	assert_null(filter_wants(filter, "emails", "value"));
	arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_entra_asks_for_is_found), cmocka_unit_test(the_grammar_of_the_rfc_is_understood),
		cmocka_unit_test(what_is_no_filter_is_refused), cmocka_unit_test(a_path_is_taken_apart), cmocka_unit_test(what_must_be_equal_is_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
