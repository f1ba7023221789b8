/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Requests and replies of the SCIM server. */
#include "tests/unit/scim_server.h"

#include <signal.h>
#include <sys/resource.h>

/* ---- users ---- */

static void a_user_comes_back_as_it_was_sent(void **state)
{
	json_t *user = ask(SCIM_POST, "/Users", user_body("Anna@example.org", ANNA));
	const char *id = arena_strdup(a, json_text(user, "id"));

	(void)state;
	assert_int_equal(reply.status, 201);
	assert_string_equal(reply.location, arena_printf(a, BASE "/Users/%s", id));
	assert_string_equal(reply.etag, "W/\"1\"");
	user = ask(SCIM_GET, arena_printf(a, "/Users/%s", id), NULL);
	assert_string_equal(json_text(user, "userName"), "Anna@example.org");
	assert_string_equal(json_text(user, "externalId"), ANNA);
	assert_true(json_is_true(json_object_get(user, "active")));
	assert_string_equal(json_text(json_object_get(user, "meta"), "location"), arena_printf(a, BASE "/Users/%s", id));
	/* nulls and empty lists are nothing, and passwords are not kept */
	assert_null(json_object_get(user, "title"));
	assert_null(json_object_get(user, "roles"));
	assert_null(json_object_get(user, "password"));
	assert_null(json_object_get(user, KEPT_VERSION));
}

static void a_test_of_the_connection_finds_nobody(void **state)
{
	(void)state;
	assert_int_equal(total("/Users?filter=userName+eq+%22b2c1f0a4-1111-2222-3333-444455556666%22"), 0);
	assert_int_equal(total("/Users"), 0);
}

static void an_external_id_that_is_no_object_id_is_refused_with_the_cure(void **state)
{
	json_t *body;

	(void)state;
	body = ask(SCIM_POST, "/Users", user_body("anna@example.org", "anna"));
	refused(400, "invalidValue");
	assert_non_null(strstr(json_text(body, "detail"), "map objectId to externalId"));
	body = ask(SCIM_POST, "/Users", "{\"userName\":\"anna@example.org\"}");
	refused(400, "invalidValue");
	assert_non_null(strstr(json_text(body, "detail"), "externalId is missing"));
	patch("Users", make_user("anna@example.org", ANNA), "[{\"op\":\"Replace\",\"path\":\"externalId\",\"value\":\"anna\"}]");
	refused(400, "invalidValue");
}

static void names_and_object_ids_are_unique(void **state)
{
	const char *other;

	(void)state;
	make_user("anna@example.org", ANNA);
	ask(SCIM_POST, "/Users", user_body("ANNA@example.org", BERT));
	refused(409, "uniqueness");
	other = make_user("bert@example.org", BERT);
	patch("Users", other, "[{\"op\":\"Replace\",\"path\":\"userName\",\"value\":\"Anna@example.org\"}]");
	refused(409, "uniqueness");
	assert_int_equal(total("/Users"), 2);
}

static void who_is_renamed_is_found_by_the_new_name_only(void **state)
{
	const char *id = make_user("anna@example.org", ANNA);

	(void)state;
	patch("Users", id, "[{\"op\":\"Replace\",\"path\":\"userName\",\"value\":\"anna.b@example.org\"},"
		"{\"op\":\"Replace\",\"path\":\"emails[type eq \\\"work\\\"].value\",\"value\":\"anna.b@example.org\"}]");
	assert_int_equal(reply.status, 200);
	assert_int_equal(total("/Users?filter=userName%20eq%20%22anna@example.org%22"), 0);
	assert_int_equal(total("/Users?filter=userName%20eq%20%22ANNA.B@example.org%22"), 1);
	assert_int_equal(total("/Users?filter=emails%5Btype%20eq%20%22work%22%5D.value%20eq%20%22anna@example.org%22"), 0);
	assert_int_equal(total("/Users?filter=emails%5Btype%20eq%20%22work%22%5D.value%20eq%20%22anna.b@example.org%22"), 1);
	assert_int_equal(total("/Users?filter=externalId%20eq%20" ANNA), 1);
	make_user("anna@example.org", BERT);
}

/* ---- soft deletion ---- */

#define BURY "[{\"op\":\"Replace\",\"path\":\"active\",\"value\":\"False\"},{\"op\":\"Replace\",\"path\":\"userName\",\"value\":\"" ANNA_HEX "anna@example.org\"}]"

static void a_soft_deletion_keeps_the_old_name(void **state)
{
	const char *id = make_user("anna@example.org", ANNA);
	json_t *user = patch("Users", id, BURY);

	(void)state;
	assert_int_equal(reply.status, 200);
	assert_string_equal(json_text(user, "userName"), "anna@example.org");
	assert_true(json_is_false(json_object_get(user, "active")));
	/* Entra asks for what it named it */
	assert_int_equal(total("/Users?filter=userName%20eq%20%22" ANNA_HEX "anna@example.org%22"), 1);
	/* and the same once more changes nothing */
	patch("Users", id, BURY);
	assert_null(reply.done);
	user = patch("Users", id, "[{\"op\":\"Replace\",\"path\":\"active\",\"value\":\"True\"},{\"op\":\"Replace\",\"path\":\"userName\",\"value\":\"anna@example.org\"}]");
	assert_int_equal(reply.status, 200);
	assert_true(json_is_true(json_object_get(user, "active")));
	assert_int_equal(total("/Users?filter=userName%20eq%20%22anna@example.org%22"), 1);
	assert_int_equal(total("/Users?filter=userName%20eq%20%22" ANNA_HEX "anna@example.org%22"), 0);
}

static void a_successor_of_the_same_name_is_another_person(void **state)
{
	const char *id = make_user("anna@example.org", ANNA), *successor;

	(void)state;
	patch("Users", id, BURY);
	assert_int_equal(total("/Users?filter=userName%20eq%20%22anna@example.org%22"), 0);
	successor = make_user("anna@example.org", BERT);
	assert_string_not_equal(successor, id);
	/* the first one cannot come back under a name that is somebody's */
	patch("Users", id, "[{\"op\":\"Replace\",\"path\":\"active\",\"value\":\"True\"}]");
	refused(409, "uniqueness");
}

static void a_buried_one_is_restored_by_another_post(void **state)
{
	const char *id = make_user("anna@example.org", ANNA);
	json_t *user;

	(void)state;
	patch("Users", id, BURY);
	user = ask(SCIM_POST, "/Users", user_body("anna@example.org", ANNA));
	assert_int_equal(reply.status, 201);
	assert_string_equal(json_text(user, "id"), id);
	assert_true(json_is_true(json_object_get(user, "active")));
}

static void a_record_that_becomes_another_person_leaves_its_groups(void **state)
{
	const char *id = make_user("anna@example.org", ANNA), *group = make_group("Agents");

	(void)state;
	patch("Groups", group, arena_printf(a, "[{\"op\":\"Add\",\"path\":\"members\",\"value\":[{\"value\":\"%s\"}]}]", id));
	assert_int_equal(member_count(group), 1);
	patch("Users", id, "[{\"op\":\"Replace\",\"path\":\"externalId\",\"value\":\"" BERT "\"}]");
	assert_int_equal(reply.status, 200);
	assert_non_null(reply.remark);
	assert_int_equal(member_count(group), 0);
}

static void nobody_is_switched_on_by_what_is_not_said(void **state)
{
	static const char *const silent[] = {
		"[{\"op\":\"remove\",\"path\":\"active\"}]", "[{\"op\":\"Replace\",\"path\":\"active\",\"value\":null}]", "[{\"op\":\"add\",\"value\":{\"active\":null}}]",
	};
	const char *id = make_user("anna@example.org", ANNA);
	json_t *user;

	(void)state;
	patch("Users", id, "[{\"op\":\"Replace\",\"path\":\"active\",\"value\":\"False\"}]");
	for (size_t i = 0; i < sizeof(silent) / sizeof(*silent); i++) {
		user = patch("Users", id, silent[i]);
		assert_int_equal(reply.status, 200);
		assert_true(json_is_false(json_object_get(user, "active")));
	}
	user = ask(SCIM_PUT, arena_printf(a, "/Users/%s", id), "{\"userName\":\"anna@example.org\",\"externalId\":\"" ANNA "\"}");
	assert_true(json_is_false(json_object_get(user, "active")));
	user = patch("Users", id, "[{\"op\":\"Replace\",\"path\":\"active\",\"value\":\"True\"}]");
	assert_true(json_is_true(json_object_get(user, "active")));
}

/* Whoever has a token cannot make a record that costs everybody else's requests: neither at once nor bit by bit. */
static void a_record_cannot_be_made_large(void **state)
{
	const char *id = make_user("anna@example.org", ANNA), *group = make_group("Agents");
	struct text t;
	char *long_text = arena_alloc(a, 70001);

	(void)state;
	text_begin(&t, a, 4096);
	for (int i = 0; i < 40000; i++)
		text_addf(&t, "%s{\"value\":\"%d@x\"}", i ? "," : "", i);
	ask(SCIM_POST, "/Users", arena_printf(a, "{\"userName\":\"b@example.org\",\"externalId\":\"" BERT "\",\"emails\":[%s]}", text_slice(&t).p));
	refused(413, NULL);
	text_begin(&t, a, 4096);
	for (int i = 0; i < 201; i++)
		text_addf(&t, "%s{\"op\":\"add\",\"path\":\"emails[type eq \\\"t%d\\\"].value\",\"value\":\"%d@x\"}", i ? "," : "", i, i);
	patch("Users", id, arena_printf(a, "[%s]", text_slice(&t).p));
	refused(413, NULL);
	memset(long_text, 'x', 70000);
	long_text[70000] = 0;
	patch("Users", id, arena_printf(a, "[{\"op\":\"add\",\"path\":\"title\",\"value\":\"%s\"}]", long_text));
	refused(413, NULL);
	patch("Groups", group, arena_printf(a, "[{\"op\":\"add\",\"path\":\"urn:example:Group:note\",\"value\":\"%s\"}]", long_text));
	refused(413, NULL);
	ask(SCIM_GET, arena_printf(a, "/Users/%s", id), NULL);
	assert_string_equal(reply.etag, "W/\"1\"");
}

static void a_disk_that_is_full_refuses_only_what_writes(void **state)
{
	const char *target = arena_printf(a, "/Users/%s", make_user("anna@example.org", ANNA));
	struct scim_request late = {.method = SCIM_DELETE, .path = target};
	struct rlimit before, none;

	(void)state;
	getrlimit(RLIMIT_FSIZE, &before);
	signal(SIGXFSZ, SIG_IGN);
	none = (struct rlimit){1, before.rlim_max};
	clock_set(clock_now() + 3600);
	setrlimit(RLIMIT_FSIZE, &none);
	ask(SCIM_GET, target, NULL);
	assert_int_equal(reply.status, 200);
	scim_answer(server, a, &late, &reply);
	assert_int_equal(reply.status, 503);
	assert_null(reply.done);
	setrlimit(RLIMIT_FSIZE, &before);
	ask(SCIM_GET, target, NULL);
	assert_int_equal(reply.status, 200);
	ask(SCIM_DELETE, target, NULL);
	assert_int_equal(reply.status, 204);
}

/* ---- versions, methods ---- */

static void an_old_version_changes_nothing(void **state)
{
	const char *target = arena_printf(a, "/Users/%s", make_user("anna@example.org", ANNA));
	static const char title[] = "{\"Operations\":[{\"op\":\"add\",\"path\":\"title\",\"value\":\"t\"}]}";

	(void)state;
	ask_if(SCIM_PATCH, target, title, "W/\"7\"");
	refused(412, NULL);
	ask_if(SCIM_PATCH, target, title, "W/\"1\"");
	assert_int_equal(reply.status, 200);
	assert_string_equal(reply.etag, "W/\"2\"");
	ask_if(SCIM_DELETE, target, NULL, "\"1\"");
	refused(412, NULL);
	ask_if(SCIM_PUT, target, user_body("anna@example.org", ANNA), "W/\"1\"");
	refused(412, NULL);
	ask_if(SCIM_DELETE, target, NULL, "*");
	assert_int_equal(reply.status, 204);
	assert_int_equal(reply.body.n, 0);
	ask(SCIM_GET, target, NULL);
	refused(404, NULL);
}

static void what_is_not_there_and_not_offered_is_said(void **state)
{
	(void)state;
	ask(SCIM_GET, "/Users/nobody", NULL);
	refused(404, NULL);
	ask(SCIM_GET, "/Users/00000000-0000-4000-8000-000000000000", NULL);
	refused(404, NULL);
	ask(SCIM_PATCH, "/Users", "{}");
	refused(405, NULL);
	assert_string_equal(reply.allow, "GET, POST");
	ask(SCIM_POST, "/Users/00000000-0000-4000-8000-000000000000", "{}");
	refused(405, NULL);
	ask(SCIM_GET, "/Bulk", NULL);
	refused(404, NULL);
	ask(SCIM_POST, "/Users", "not json");
	refused(400, "invalidSyntax");
	ask(SCIM_GET, "/Users?filter=userName%20is%20x", NULL);
	refused(400, "invalidFilter");
	ask(SCIM_GET, "/Users?count=many", NULL);
	refused(400, "invalidValue");
	ask(SCIM_GET, "/Users?count=1&count=2", NULL);
	refused(400, "invalidValue");
}

static void put_replaces_all_of_it(void **state)
{
	const char *id = make_user("anna@example.org", ANNA);
	json_t *user;

	(void)state;
	patch("Users", id, "[{\"op\":\"add\",\"path\":\"title\",\"value\":\"t\"}]");
	user = ask(SCIM_PUT, arena_printf(a, "/Users/%s", id), "{\"userName\":\"anna@example.org\",\"externalId\":\"" ANNA "\",\"id\":\"other\",\"$version\":9}");
	assert_int_equal(reply.status, 200);
	assert_null(json_object_get(user, "title"));
	assert_null(json_object_get(user, "emails"));
	assert_string_equal(json_text(user, "id"), id);
	assert_string_equal(reply.etag, "W/\"3\"");
}

/* ---- groups ---- */

static void members_come_and_go(void **state)
{
	const char *anna = make_user("anna@example.org", ANNA), *bert = make_user("bert@example.org", BERT), *group = make_group("Agents");

	(void)state;
	patch("Groups", group, arena_printf(a, "[{\"op\":\"Add\",\"path\":\"members\",\"value\":[{\"$ref\":null,\"value\":\"%s\"},{\"value\":\"%s\"}]}]", anna, bert));
	assert_int_equal(reply.status, 204);
	assert_int_equal(member_count(group), 2);
	patch("Groups", group, arena_printf(a, "[{\"op\":\"Add\",\"path\":\"members\",\"value\":[{\"value\":\"%s\"}]}]", anna));
	assert_null(reply.done);
	/* legacy: by the RFC it would empty the group */
	patch("Groups", group, arena_printf(a, "[{\"op\":\"Remove\",\"path\":\"members\",\"value\":[{\"$ref\":null,\"value\":\"%s\"}]}]", anna));
	assert_int_equal(reply.status, 204);
	assert_int_equal(member_count(group), 1);
	patch("Groups", group, arena_printf(a, "[{\"op\":\"remove\",\"path\":\"members[value eq \\\"%s\\\"]\"}]", bert));
	assert_int_equal(member_count(group), 0);
	patch("Groups", group, "[{\"op\":\"Add\",\"path\":\"members\",\"value\":[{\"value\":\"00000000-0000-4000-8000-000000000000\"}]}]");
	refused(400, "invalidValue");
	patch("Groups", group, arena_printf(a, "[{\"op\":\"Add\",\"path\":\"members\",\"value\":[{\"value\":\"%s\"}]}]", group));
	refused(400, "invalidValue");
}

static void half_of_a_request_is_not_done(void **state)
{
	const char *anna = make_user("anna@example.org", ANNA), *group = make_group("Agents");

	(void)state;
	patch("Groups", group, arena_printf(a, "[{\"op\":\"Add\",\"path\":\"members\",\"value\":[{\"value\":\"%s\"},{\"value\":\"nobody\"}]}]", anna));
	refused(400, "invalidValue");
	assert_int_equal(member_count(group), 0);
}

static void a_user_that_goes_leaves_the_groups(void **state)
{
	const char *anna = make_user("anna@example.org", ANNA), *group = make_group("Agents");

	(void)state;
	patch("Groups", group, arena_printf(a, "[{\"op\":\"Add\",\"path\":\"members\",\"value\":[{\"value\":\"%s\"}]}]", anna));
	ask(SCIM_GET, arena_printf(a, "/Groups/%s", group), NULL);
	assert_string_equal(reply.etag, "W/\"2\"");
	ask(SCIM_DELETE, arena_printf(a, "/Users/%s", anna), NULL);
	assert_int_equal(reply.status, 204);
	assert_int_equal(member_count(group), 0);
	/* who knows the version before does not know this one */
	assert_string_equal(reply.etag, "W/\"3\"");
}

static void a_group_is_asked_for_without_its_members(void **state)
{
	const char *anna = make_user("anna@example.org", ANNA), *group = make_group("Agents");
	json_t *shown;

	(void)state;
	patch("Groups", group, arena_printf(a, "[{\"op\":\"Add\",\"path\":\"members\",\"value\":[{\"value\":\"%s\"}]}]", anna));
	shown = ask(SCIM_GET, "/Groups?excludedAttributes=members&filter=displayName%20eq%20%22agents%22", NULL);
	assert_int_equal(json_integer_value(json_object_get(shown, "totalResults")), 1);
	shown = json_array_get(json_object_get(shown, "Resources"), 0);
	assert_string_equal(json_text(shown, "displayName"), "Agents");
	assert_null(json_object_get(shown, "members"));
	shown = ask(SCIM_GET, arena_printf(a, "/Groups/%s?attributes=displayname", group), NULL);
	assert_non_null(json_object_get(shown, "id"));
	assert_null(json_object_get(shown, "members"));
	assert_null(json_object_get(shown, "meta"));
	ask(SCIM_POST, "/Groups", "{\"displayName\":\"AGENTS\"}");
	refused(409, "uniqueness");
	ask(SCIM_DELETE, arena_printf(a, "/Groups/%s", group), NULL);
	assert_int_equal(total("/Groups?filter=displayName%20eq%20%22Agents%22"), 0);
}

static void an_id_is_looked_for_like_any_attribute(void **state)
{
	const char *anna = make_user("anna@example.org", ANNA), *bert = make_user("bert@example.org", BERT);

	(void)state;
	assert_int_equal(total(arena_printf(a, "/Users?filter=id%%20eq%%20%%22%s%%22", anna)), 1);
	assert_int_equal(total(arena_printf(a, "/Users?filter=id%%20eq%%20%%22%s%%22%%20and%%20id%%20eq%%20%%22%s%%22", anna, bert)), 0);
	assert_int_equal(total("/Users?filter=id%20pr"), 2);
	assert_int_equal(total("/Users?filter=id%20eq%20null"), 0);
	assert_int_equal(total(arena_printf(a, "/Users?filter=id%%20sw%%20%%22%.8s%%22%%20or%%20userName%%20eq%%20%%22x%%22", bert)), 1);
}

static void a_manager_is_looked_for_by_id(void **state)
{
	const char *anna = make_user("anna@example.org", ANNA), *bert = make_user("bert@example.org", BERT);

	(void)state;
	patch("Users", bert, arena_printf(a, "[{\"op\":\"Add\",\"path\":\"" URN_ENTERPRISE ":manager\",\"value\":\"%s\"}]", anna));
	assert_int_equal(total(arena_printf(a, "/Users?filter=id%%20eq%%20%%22%s%%22%%20and%%20manager%%20eq%%20%%22%s%%22&attributes=id", bert, anna)), 1);
	assert_int_equal(total(arena_printf(a, "/Users?filter=id%%20eq%%20%%22%s%%22%%20and%%20manager%%20eq%%20%%22%s%%22&attributes=id", anna, bert)), 0);
}

static void a_member_is_looked_for_in_a_group(void **state)
{
	const char *anna = make_user("anna@example.org", ANNA), *bert = make_user("bert@example.org", BERT), *group = make_group("Agents");
	json_t *list;

	(void)state;
	patch("Groups", group, arena_printf(a, "[{\"op\":\"Add\",\"path\":\"members\",\"value\":[{\"value\":\"%s\"}]}]", anna));
	list = ask(SCIM_GET, arena_printf(a, "/Groups?filter=id%%20eq%%20%%22%s%%22%%20and%%20members%%20eq%%20%%22%s%%22&excludedAttributes=members", group, anna), NULL);
	assert_int_equal(json_integer_value(json_object_get(list, "totalResults")), 1);
	assert_null(json_object_get(json_array_get(json_object_get(list, "Resources"), 0), "members"));
	assert_int_equal(total(arena_printf(a, "/Groups?filter=displayName%%20eq%%20%%22agents%%22%%20and%%20members.value%%20eq%%20%%22%s%%22", anna)), 1);
	assert_int_equal(total(arena_printf(a, "/Groups?filter=id%%20eq%%20%%22%s%%22%%20and%%20members%%20eq%%20%%22%s%%22", group, bert)), 0);
}

static void pages_hold_everybody_once(void **state)
{
	json_t *list;

	(void)state;
	for (int i = 0; i < 25; i++)
		make_user(arena_printf(a, "u%d@example.org", i), arena_printf(a, "7b1c2d3e-4f50-4a61-8b72-93a4b5c6d7%02x", i));
	for (int from = 1; from <= 21; from += 10) {
		list = ask(SCIM_GET, arena_printf(a, "/Users?startIndex=%d&count=10", from), NULL);
		assert_int_equal(json_integer_value(json_object_get(list, "totalResults")), 25);
		assert_int_equal(json_array_size(json_object_get(list, "Resources")), from < 21 ? 10 : 5);
		assert_int_equal(json_integer_value(json_object_get(list, "itemsPerPage")), from < 21 ? 10 : 5);
	}
	list = ask(SCIM_GET, "/Users?count=0", NULL);
	assert_int_equal(json_integer_value(json_object_get(list, "totalResults")), 25);
	assert_int_equal(json_array_size(json_object_get(list, "Resources")), 0);
	assert_int_equal(total("/Users?filter=name.familyName%20eq%20%22f%22&count=3"), 25);
	list = ask(SCIM_GET, "/Users?startIndex=26", NULL);
	assert_int_equal(json_array_size(json_object_get(list, "Resources")), 0);
}

static void a_page_of_large_groups_ends_early(void **state)
{
	enum { GROUPS = 3, MEMBERS = SCIM_MEMBERS_SHOWN / 2 + 1 };
	struct store_txn *t;
	json_t *list;

	(void)state;
	for (int i = 0; i < GROUPS; i++) {
		struct data_member member = {.kind = RESOURCE_USER};
		struct id group;

		assert_true(id_read(make_group(arena_printf(a, "Group %d", i)), &group));
		assert_done(store_begin_write(server->store, &t, &err), err);
		for (uint32_t j = 0; j < MEMBERS; j++) {
			memcpy(member.id.bytes, &j, sizeof(j));
			assert_int_equal(data_member_add(t, &group, &member, &err), 1);
		}
		assert_done(store_commit(t, &err), err);
	}
	list = ask(SCIM_GET, "/Groups", NULL);
	assert_int_equal(json_integer_value(json_object_get(list, "totalResults")), GROUPS);
	assert_int_equal(json_integer_value(json_object_get(list, "itemsPerPage")), 2);
	assert_int_equal(json_array_size(json_object_get(list, "Resources")), 2);
	list = ask(SCIM_GET, "/Groups?startIndex=3", NULL);
	assert_int_equal(json_array_size(json_object_get(list, "Resources")), 1);
	list = ask(SCIM_GET, "/Groups?excludedAttributes=members", NULL);
	assert_int_equal(json_array_size(json_object_get(list, "Resources")), GROUPS);
}

static void the_service_describes_itself(void **state)
{
	json_t *answer = ask(SCIM_GET, "/ServiceProviderConfig", NULL);

	(void)state;
	assert_true(json_is_true(json_object_get(json_object_get(answer, "patch"), "supported")));
	answer = ask(SCIM_GET, "/Schemas", NULL);
	assert_int_equal(json_array_size(json_object_get(answer, "Resources")), 3);
	assert_null(memmem(reply.body.p, reply.body.n, "null", 4));
	ask(SCIM_GET, "/Schemas/" URN_USER, NULL);
	assert_int_equal(reply.status, 200);
	answer = ask(SCIM_GET, "/ResourceTypes", NULL);
	assert_int_equal(json_array_size(json_object_get(answer, "Resources")), 2);
	ask(SCIM_GET, "/ResourceTypes/Group", NULL);
	assert_int_equal(reply.status, 200);
}

static void what_is_in_it_is_counted(void **state)
{
	const char *anna = make_user("anna@example.org", ANNA);
	struct scim_state s;

	(void)state;
	make_user("bert@example.org", BERT);
	make_group("Agents");
	patch("Users", anna, "[{\"op\":\"Replace\",\"path\":\"active\",\"value\":\"False\"}]");
	scim_close(server);
	server = NULL;
	assert_int_equal(scim_state(path, &s, &err), 1);
	assert_int_equal(s.users, 2);
	assert_int_equal(s.disabled, 1);
	assert_int_equal(s.groups, 1);
	assert_true(s.heard > 0 && s.changed > 0);
	assert_int_equal(scim_state("/nonexistent/scim.mdb", &s, &err), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_user_comes_back_as_it_was_sent), T(a_test_of_the_connection_finds_nobody),
		T(an_external_id_that_is_no_object_id_is_refused_with_the_cure), T(names_and_object_ids_are_unique),
		T(who_is_renamed_is_found_by_the_new_name_only), T(a_soft_deletion_keeps_the_old_name),
		T(a_successor_of_the_same_name_is_another_person), T(a_buried_one_is_restored_by_another_post),
		T(a_record_that_becomes_another_person_leaves_its_groups), T(nobody_is_switched_on_by_what_is_not_said),
		T(a_record_cannot_be_made_large), T(a_disk_that_is_full_refuses_only_what_writes),
		T(an_old_version_changes_nothing), T(what_is_not_there_and_not_offered_is_said), T(put_replaces_all_of_it),
		T(members_come_and_go), T(half_of_a_request_is_not_done), T(a_user_that_goes_leaves_the_groups),
		T(a_group_is_asked_for_without_its_members), T(an_id_is_looked_for_like_any_attribute), T(a_manager_is_looked_for_by_id),
		T(a_member_is_looked_for_in_a_group), T(pages_hold_everybody_once), T(a_page_of_large_groups_ends_early),
		T(the_service_describes_itself), T(what_is_in_it_is_counted),
	};
	int rc = cmocka_run_group_tests(tests, NULL, NULL);

	forget_answers();
	return rc;
}
