/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Operations of both dialects, on a user and on what is wanted of a group's members. */
#include "tests/unit/unit.h"

#include "scim/internal.h"

static const char before[] =
	"{\"userName\":\"anna@example.org\",\"externalId\":\"7b1c2d3e-4f50-4a61-8b72-93a4b5c6d7e8\",\"active\":true,\"name\":{\"givenName\":\"Anna\"},"
	"\"emails\":[{\"type\":\"work\",\"value\":\"anna@example.org\",\"primary\":true}]}";

/* `from` after these operations must be `wanted`; both as JSON. */
static void expect(const char *from, const char *operations, const char *wanted)
{
	struct arena *a = arena_new();
	json_t *resource = json_loads(from, 0, NULL), *goal = json_loads(wanted, 0, NULL), *body;
	struct fault f = {0};
	char *got;

	body = json_loads(arena_printf(a, "{\"schemas\":[\"" URN_PATCH "\"],\"Operations\":%s}", operations), 0, NULL);
	assert_non_null(body);
	assert_non_null(goal);
	if (patch_apply(a, resource, body, NULL, &f) < 0 || value_normalize(&resource, &f) < 0)
		fail_msg("%s: %s", operations, f.detail);
	got = json_dumps(resource, JSON_SORT_KEYS);
	if (!json_equal(resource, goal))
		fail_msg("%s\n  gave   %s\n  wanted %s", operations, got, wanted);
	free(got);
	json_decref(resource);
	json_decref(goal);
	json_decref(body);
	arena_free(a);
}

static void refuse(const char *operations, const char *type)
{
	struct arena *a = arena_new();
	json_t *resource = json_loads(before, 0, NULL), *body = json_loads(arena_printf(a, "{\"Operations\":%s}", operations), 0, NULL);
	struct members members = {.arena = a};
	struct fault f = {0};

	assert_non_null(body);
	if (patch_apply(a, resource, body, &members, &f) == 0 && value_normalize(&resource, &f) == 0)
		fail_msg("was taken: %s", operations);
	assert_true(f.status >= 400 && f.status < 500);
	if (type)
		assert_string_equal(f.type, type);
	json_decref(resource);
	json_decref(body);
	arena_free(a);
}

#define REST "\"userName\":\"u\",\"externalId\":\"e\""
#define U(more) "{" REST more "}"

static void the_legacy_dialect_is_understood(void **state)
{
	(void)state;
	expect(U(",\"active\":true"), "[{\"op\":\"Replace\",\"path\":\"active\",\"value\":\"False\"}]", U(",\"active\":false"));
	expect(U(""), "[{\"op\":\"Add\",\"path\":\"name.givenName\",\"value\":\"A\"},{\"op\":\"Add\",\"path\":\"name.familyName\",\"value\":\"B\"}]",
		U(",\"name\":{\"givenName\":\"A\",\"familyName\":\"B\"}"));
	expect(U(""), "[{\"op\":\"Add\",\"path\":\"" URN_ENTERPRISE ":manager\",\"value\":[{\"$ref\":null,\"value\":\"m\"}]}]",
		U(",\"" URN_ENTERPRISE "\":{\"manager\":{\"value\":\"m\"}}"));
	expect(U(""), "[{\"op\":\"Replace\",\"path\":\"" URN_ENTERPRISE ":manager\",\"value\":\"m\"}]",
		U(",\"" URN_ENTERPRISE "\":{\"manager\":{\"value\":\"m\"}}"));
	expect(U(",\"title\":\"t\""), "[{\"op\":\"Remove\",\"path\":\"title\"}]", U(""));
	expect(U(",\"title\":\"t\""), "[{\"op\":\"Replace\",\"path\":\"title\",\"value\":null}]", U(""));
	expect(U(",\"nickName\":\"t\""), "[{\"OP\":\"REPLACE\",\"Path\":\"nickname\",\"Value\":\"n\"}]", U(",\"nickName\":\"n\""));
}

static void a_single_value_may_come_as_a_list_of_one(void **state)
{
	(void)state;
	expect(U(",\"active\":true"), "[{\"op\":\"Replace\",\"path\":\"active\",\"value\":[{\"$ref\":null,\"value\":\"False\"}]}]", U(",\"active\":false"));
	expect(U(",\"title\":\"t\""), "[{\"op\":\"Add\",\"path\":\"title\",\"value\":[{\"$ref\":null,\"value\":\"n\"}]}]", U(",\"title\":\"n\""));
	expect(U(",\"title\":\"t\""), "[{\"op\":\"Replace\",\"path\":\"title\",\"value\":[\"n\"]}]", U(",\"title\":\"n\""));
	expect(U(",\"title\":\"t\""), "[{\"op\":\"Replace\",\"path\":\"title\",\"value\":[{\"$ref\":null,\"value\":null}]}]", U(""));
	expect(U(""), "[{\"op\":\"Add\",\"path\":\"name.givenName\",\"value\":[{\"$ref\":null,\"value\":\"A\"}]}]", U(",\"name\":{\"givenName\":\"A\"}"));
	expect(U(""), "[{\"op\":\"Add\",\"path\":\"emails[type eq \\\"work\\\"].value\",\"value\":[{\"value\":\"x@y\"}]}]",
		U(",\"emails\":[{\"type\":\"work\",\"value\":\"x@y\"}]"));
	expect(U(""), "[{\"op\":\"Add\",\"path\":\"" URN_ENTERPRISE ":department\",\"value\":[{\"value\":\"Sales\"}]}]",
		U(",\"" URN_ENTERPRISE "\":{\"department\":\"Sales\"}"));
	refuse("[{\"op\":\"Replace\",\"path\":\"active\",\"value\":[{\"value\":\"False\"},{\"value\":\"True\"}]}]", "invalidValue");
	refuse("[{\"op\":\"Replace\",\"path\":\"title\",\"value\":[[\"n\"]]}]", "invalidValue");
	refuse("[{\"op\":\"Replace\",\"path\":\"title\",\"value\":{\"value\":\"n\"}}]", "invalidValue");
}

static void operations_without_a_path_are_understood(void **state)
{
	(void)state;
	expect(U(",\"active\":true"), "[{\"op\":\"replace\",\"value\":{\"active\":false,\"name.givenName\":\"A\",\"DisplayName\":\"D\","
		"\"" URN_ENTERPRISE ":department\":\"Sales\",\"emails[type eq \\\"work\\\"].value\":\"x@y\"}}]",
		U(",\"active\":false,\"name\":{\"givenName\":\"A\"},\"displayName\":\"D\",\"" URN_ENTERPRISE "\":{\"department\":\"Sales\"},"
			"\"emails\":[{\"type\":\"work\",\"value\":\"x@y\"}]"));
	expect(U(",\"" URN_ENTERPRISE "\":{\"costCenter\":\"1\"}"), "[{\"op\":\"add\",\"value\":{\"" URN_ENTERPRISE "\":{\"division\":\"d\"},"
		"\"urn:example:2.0:User\":{\"badge\":\"7\"},\"id\":\"other\"}}]",
		U(",\"" URN_ENTERPRISE "\":{\"costCenter\":\"1\",\"division\":\"d\"},\"urn:example:2.0:User\":{\"badge\":\"7\"}"));
	expect(U(""), "[{\"op\":\"add\",\"value\":{\"" URN_USER "\":{\"title\":\"t\"},\"" URN_USER ":nickName\":\"n\"}}]",
		U(",\"title\":\"t\",\"nickName\":\"n\""));
	expect(U(""), "[{\"op\":\"replace\",\"value\":{\"" URN_ENTERPRISE ":manager\":{\"value\":\"m\"},\"" URN_USER ":name\":{\"givenName\":\"A\"}}}]",
		U(",\"name\":{\"givenName\":\"A\"},\"" URN_ENTERPRISE "\":{\"manager\":{\"value\":\"m\"}}"));
	expect(U(",\"$version\":3"), "[{\"op\":\"add\",\"value\":{\"" URN_USER "\":{\"title\":\"t\"}}}]", U(",\"title\":\"t\",\"$version\":3"));
}

static void elements_are_found_changed_and_made(void **state)
{
	static const char work[] = U(",\"emails\":[{\"type\":\"work\",\"value\":\"a\"},{\"type\":\"home\",\"value\":\"h\"}]");

	(void)state;
	expect(work, "[{\"op\":\"Replace\",\"path\":\"emails[type eq \\\"work\\\"].value\",\"value\":\"b\"}]",
		U(",\"emails\":[{\"type\":\"work\",\"value\":\"b\"},{\"type\":\"home\",\"value\":\"h\"}]"));
	expect(U(""), "[{\"op\":\"Add\",\"path\":\"emails[type eq \\\"work\\\"].value\",\"value\":\"b\"}]", U(",\"emails\":[{\"type\":\"work\",\"value\":\"b\"}]"));
	expect(work, "[{\"op\":\"remove\",\"path\":\"emails[type eq \\\"work\\\"]\"}]", U(",\"emails\":[{\"type\":\"home\",\"value\":\"h\"}]"));
	expect(work, "[{\"op\":\"remove\",\"path\":\"emails[type eq \\\"other\\\"]\"}]", work);
	expect(work, "[{\"op\":\"Remove\",\"path\":\"emails\",\"value\":[{\"value\":\"h\",\"type\":\"home\"}]}]", U(",\"emails\":[{\"type\":\"work\",\"value\":\"a\"}]"));
	expect(work, "[{\"op\":\"Remove\",\"path\":\"emails\",\"value\":[]}]", work);
	expect(work, "[{\"op\":\"remove\",\"path\":\"emails\"}]", U(""));
	expect(U(",\"emails\":[{\"value\":\"a\",\"primary\":true}]"), "[{\"op\":\"add\",\"path\":\"emails\",\"value\":{\"value\":\"b\",\"primary\":\"True\"}}]",
		U(",\"emails\":[{\"value\":\"a\",\"primary\":false},{\"value\":\"b\",\"primary\":true}]"));
	expect(U(""), "[{\"op\":\"Add\",\"path\":\"roles[primary eq \\\"True\\\"].value\",\"value\":\"admin\"}]",
		U(",\"roles\":[{\"primary\":true,\"value\":\"admin\"}]"));
	/* the same once more is one */
	expect(work, "[{\"op\":\"add\",\"path\":\"emails\",\"value\":[{\"type\":\"work\",\"value\":\"a\"}]}]", work);
}

static void what_cannot_be_done_is_refused_with_its_kind(void **state)
{
	(void)state;
	refuse("[]", "invalidSyntax");
	refuse("[7]", "invalidSyntax");
	refuse("[{\"op\":\"move\",\"path\":\"title\"}]", "invalidSyntax");
	refuse("[{\"op\":\"remove\"}]", "noTarget");
	refuse("[{\"op\":\"add\",\"value\":\"x\"}]", "invalidValue");
	refuse("[{\"op\":\"add\",\"path\":\"title\"}]", "invalidValue");
	refuse("[{\"op\":\"replace\",\"path\":\"id\",\"value\":\"x\"}]", "mutability");
	refuse("[{\"op\":\"replace\",\"path\":\"title[\",\"value\":\"x\"}]", "invalidPath");
	refuse("[{\"op\":\"replace\",\"path\":\"$version\",\"value\":1}]", "invalidPath");
	refuse("[{\"op\":\"add\",\"value\":{\"$version\":1}}]", "invalidPath");
	refuse("[{\"op\":\"replace\",\"path\":\"" URN_USER ":$tombstone\",\"value\":\"x\"}]", "invalidPath");
	refuse("[{\"op\":\"add\",\"value\":{\"" URN_USER ":$version\":{\"a\":1}}}]", "invalidPath");
	refuse("[{\"op\":\"add\",\"path\":\"emails[type eq \\\"a\\\\u0007\\\"].value\",\"value\":\"x\"}]", "invalidPath");
	refuse("[{\"op\":\"replace\",\"path\":\"active\",\"value\":\"maybe\"}]", "invalidValue");
	refuse("[{\"op\":\"replace\",\"path\":\"emails[value co \\\"nobody\\\"].type\",\"value\":\"x\"}]", "noTarget");
	refuse("[{\"op\":\"replace\",\"path\":\"members.value\",\"value\":\"x\"}]", "invalidPath");
	refuse("[{\"op\":\"remove\",\"path\":\"members\",\"value\":null}]", "invalidValue");
	refuse("[{\"op\":\"replace\",\"path\":\"userName\",\"value\":{\"a\":\"b\"}}]", "invalidValue");
}

/* As "+a -b 0": what is to be done with members. */
static void members_are(const char *operations, const char *wanted)
{
	struct arena *a = arena_new();
	json_t *resource = json_object(), *body = json_loads(arena_printf(a, "{\"Operations\":%s}", operations), 0, NULL);
	struct members members = {.arena = a};
	const char *got = "";
	struct fault f = {0};

	if (patch_apply(a, resource, body, &members, &f) < 0)
		fail_msg("%s: %s", operations, f.detail);
	for (size_t i = 0; i < members.n; i++)
		got = arena_printf(a, "%s%s%s%s", got, *got ? " " : "", members.list[i].change == MEMBER_CLEAR ? "0" :
			members.list[i].change == MEMBER_ADD ? "+" : "-", members.list[i].id ? members.list[i].id : "");
	assert_string_equal(got, wanted);
	json_decref(resource);
	json_decref(body);
	arena_free(a);
}

static void members_come_and_go_by_name_only(void **state)
{
	(void)state;
	members_are("[{\"op\":\"Add\",\"path\":\"members\",\"value\":[{\"$ref\":null,\"value\":\"a\"},{\"value\":\"b\"}]}]", "+a +b");
	/* by the RFC this would empty the group */
	members_are("[{\"op\":\"Remove\",\"path\":\"members\",\"value\":[{\"$ref\":null,\"value\":\"a\"}]}]", "-a");
	members_are("[{\"op\":\"Remove\",\"path\":\"members\",\"value\":[]}]", "");
	members_are("[{\"op\":\"remove\",\"path\":\"members[value eq \\\"a\\\"]\"}]", "-a");
	members_are("[{\"op\":\"add\",\"value\":{\"members\":[{\"value\":\"a\"}],\"displayName\":\"g\"}}]", "+a");
	members_are("[{\"op\":\"add\",\"value\":{\"" URN_GROUP ":members\":{\"value\":\"a\"}}}]", "+a");
	members_are("[{\"op\":\"replace\",\"path\":\"members\",\"value\":[{\"value\":\"a\"}]}]", "0 +a");
	members_are("[{\"op\":\"remove\",\"path\":\"members\"}]", "0");
	members_are("[{\"op\":\"add\",\"path\":\"members\",\"value\":\"a\"}]", "+a");
}

static void a_list_cannot_be_made_long(void **state)
{
	struct arena *a = arena_new();
	json_t *list = json_array(), *body, *resource = json_object();
	struct fault f = {0};

	(void)state;
	for (int i = 0; i < 201; i++)
		json_array_append_new(list, json_pack("{s:s}", "value", arena_printf(a, "%d", i)));
	body = json_pack("{s:[{s:s, s:s, s:o}]}", "Operations", "op", "add", "path", "emails", "value", list);
	assert_int_equal(patch_apply(a, resource, body, NULL, &f), -1);
	assert_int_equal(f.status, 413);
	json_decref(body);
	json_decref(resource);
	arena_free(a);
}

static void json_that_is_ambiguous_is_refused(void **state)
{
	static const char *const bad[] = {
		"", "[]", "{\"a\":1,\"a\":2}", "{\"userName\":\"a\",\"USERNAME\":\"b\"}", "{\"a\":{\"x\":1,\"X\":2}}", "{\"a\":\"\\u0007\"}", "{\"a\":\"\\u0000\"}", "{",
		"{\"a\":[[[[[[[[[[[[1]]]]]]]]]]]]}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct fault f = {0};

		if (json_read(slice_c(bad[i]), &f))
			fail_msg("was read: %s", bad[i]);
		assert_int_equal(f.status, 400);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_legacy_dialect_is_understood), cmocka_unit_test(a_single_value_may_come_as_a_list_of_one), cmocka_unit_test(operations_without_a_path_are_understood),
		cmocka_unit_test(elements_are_found_changed_and_made), cmocka_unit_test(what_cannot_be_done_is_refused_with_its_kind),
		cmocka_unit_test(members_come_and_go_by_name_only), cmocka_unit_test(a_list_cannot_be_made_long),
		cmocka_unit_test(json_that_is_ambiguous_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
