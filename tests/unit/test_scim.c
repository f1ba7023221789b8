/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Requests and replies of the SCIM server, its tokens, and what the mirror makes of its file. */
#include "tests/unit/unit.h"

#include "base/clock.h"
#include "base/text.h"
#include "scim/internal.h"

#include <dirent.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define BASE "https://sso.example.org/scim/v2"
#define ANNA "7b1c2d3e-4f50-4a61-8b72-93a4b5c6d7e8"
#define ANNA_HEX "7b1c2d3e4f504a618b7293a4b5c6d7e8"
#define BERT "8c1c2d3e-4f50-4a61-8b72-93a4b5c6d7e9"

static char folder[40], path[60], mirror_path[60];
static struct arena *a;
static struct scim *server;
static struct scim_reply reply;
static struct error err;

static int make(void **state)
{
	(void)state;
	a = arena_new();
	snprintf(folder, sizeof(folder), "/tmp/test_scim.XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof(path), "%s/scim.mdb", folder);
	snprintf(mirror_path, sizeof(mirror_path), "%s/mirror.mdb", folder);
	return scim_open(path, BASE, &server, &err);
}

static int drop(void **state)
{
	static const char *const names[] = {"scim.mdb", "scim.mdb-lock", "mirror.mdb", "mirror.mdb-lock"};

	(void)state;
	scim_close(server);
	server = NULL;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		unlink(arena_printf(a, "%s/%s", folder, names[i]));
	rmdir(folder);
	arena_free(a);
	clock_set(0);
	return 0;
}

/* The reply's body, or NULL; what it holds lives in the arena as text. */
static json_t *asked[64];
static size_t asked_count;

static json_t *ask_if(enum scim_method method, const char *target, const char *body, const char *if_match)
{
	const char *mark = strchr(target, '?');
	struct scim_request request = {
		.method = method, .path = mark ? arena_copy(a, slice_of(target, (size_t)(mark - target))) : target, .query = slice_c(mark ? mark + 1 : NULL),
		.body = slice_c(body), .if_match = if_match,
	};
	json_t *answer;

	scim_answer(server, a, &request, &reply);
	assert_true(reply.status >= 200 && reply.status < 500);
	answer = reply.body.n ? json_loadb(reply.body.p, reply.body.n, 0, NULL) : NULL;
	if (reply.body.n)
		assert_non_null(answer);
	json_decref(asked[asked_count % 64]);
	asked[asked_count++ % 64] = answer;
	return answer;
}

static json_t *ask(enum scim_method method, const char *target, const char *body)
{
	return ask_if(method, target, body, NULL);
}

static const char *user_body(const char *name, const char *object_id)
{
	return arena_printf(a, "{\"schemas\":[\"" URN_USER "\",\"" URN_ENTERPRISE "\"],\"externalId\":\"%s\",\"userName\":\"%s\",\"active\":true,"
		"\"emails\":[{\"primary\":true,\"type\":\"work\",\"value\":\"%s\"}],\"meta\":{\"resourceType\":\"User\"},\"name\":{\"givenName\":\"G\",\"familyName\":\"F\"},"
		"\"roles\":[],\"title\":null,\"password\":\"secret\"}", object_id, name, name);
}

static const char *make_user(const char *name, const char *object_id)
{
	json_t *user = ask(SCIM_POST, "/Users", user_body(name, object_id));

	assert_int_equal(reply.status, 201);
	return arena_strdup(a, json_text(user, "id"));
}

static const char *make_group(const char *name)
{
	json_t *group = ask(SCIM_POST, "/Groups", arena_printf(a, "{\"schemas\":[\"" URN_GROUP "\","
		"\"http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group\"],\"externalId\":\"%s\",\"displayName\":\"%s\",\"members\":[],"
		"\"meta\":{\"resourceType\":\"Group\"}}", BERT, name));

	assert_int_equal(reply.status, 201);
	return arena_strdup(a, json_text(group, "id"));
}

static json_t *patch(const char *where, const char *id, const char *operations)
{
	return ask(SCIM_PATCH, arena_printf(a, "/%s/%s", where, id), arena_printf(a, "{\"schemas\":[\"" URN_PATCH "\"],\"Operations\":%s}", operations));
}

static json_int_t total(const char *target)
{
	json_t *list = ask(SCIM_GET, target, NULL);

	assert_int_equal(reply.status, 200);
	return json_integer_value(json_object_get(list, "totalResults"));
}

static void refused(int status, const char *type)
{
	json_t *body = asked[(asked_count - 1) % 64];

	assert_int_equal(reply.status, status);
	assert_string_equal(json_string_value(json_array_get(json_object_get(body, "schemas"), 0)), URN_ERROR);
	assert_string_equal(json_text(body, "status"), arena_printf(a, "%d", status));
	if (type)
		assert_string_equal(json_text(body, "scimType"), type);
	assert_true(strlen(json_text(body, "detail")) > 10);
	assert_null(reply.done);
}

static size_t member_count(const char *group)
{
	json_t *shown = ask(SCIM_GET, arena_printf(a, "/Groups/%s", group), NULL);

	return json_array_size(json_object_get(shown, "members"));
}

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
	/* as after a rename that did not come through */
	ask(SCIM_POST, "/Users", user_body("anna.new@example.org", ANNA));
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

/* ---- tokens ---- */

static void a_token_is_known_by_its_hash_alone(void **state)
{
	char text[SCIM_TOKEN_SIZE], other[SCIM_TOKEN_SIZE];
	struct scim_token list[SCIM_TOKENS_MAX], back[SCIM_TOKENS_MAX];
	struct slice file;
	size_t n;

	(void)state;
	scim_token_make("one", 1795867200, text, &list[0]);
	scim_token_make("two", 1795867200, other, &list[1]);
	assert_string_not_equal(text, other);
	file = scim_tokens_write(a, list, 2);
	assert_null(memmem(file.p, file.n, text, strlen(text)));
	assert_done(scim_tokens_read(a, file, back, &n, &err), err);
	assert_int_equal(n, 2);
	assert_string_equal(scim_token_of(back, n, arena_printf(a, "Bearer %s", text)), "one");
	assert_string_equal(scim_token_of(back, n, arena_printf(a, "bearer %s", other)), "two");
	assert_null(scim_token_of(back, n, NULL));
	assert_null(scim_token_of(back, n, text));
	assert_null(scim_token_of(back, n, "Bearer "));
	assert_null(scim_token_of(back, n, arena_printf(a, "Basic %s", text)));
	text[20] = text[20] == 'A' ? 'B' : 'A';
	assert_null(scim_token_of(back, n, arena_printf(a, "Bearer %s", text)));
	assert_null(scim_token_of(back, 0, arena_printf(a, "Bearer %s", other)));
}

static void a_file_of_tokens_that_is_not_right_is_refused(void **state)
{
#define HASH "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define AT " 2026-11-24T13:19:16Z\n"
	static const char *const bad[] = {
		"one\n", "one " HASH "\n", "one " HASH "0" AT, "o/ne " HASH AT, "one " HASH AT "one " HASH AT, "a " HASH AT "b " HASH AT "c " HASH AT,
		"one x" HASH AT, "one " HASH " yesterday\n", "one " HASH " 2026-11-24T13:19:16Z more\n",
	};
	struct scim_token list[SCIM_TOKENS_MAX];
	size_t n;

	(void)state;
	assert_done(scim_tokens_read(a, slice_c("# none\n\n"), list, &n, &err), err);
	assert_int_equal(n, 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_refused(scim_tokens_read(a, slice_c(bad[i]), list, &n, &err), err, REASON_SETTINGS);
}

/* ---- the mirror ---- */

static int turns;
static bool is_whole;

static void alive(void *context)
{
	(void)context;
}

/* Done by another process, as the server is one, when so many turns are left. */
static void (*meanwhile)(void);
static int meanwhile_at;

static bool stop(void *context)
{
	(void)context;
	if (meanwhile && turns == meanwhile_at) {
		pid_t child = fork();
		int status;

		assert_true(child >= 0);
		if (child == 0) {
			meanwhile();
			_exit(0);
		}
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_int_equal(status, 0);
	}
	return turns-- <= 0;
}

static void whole(void *context, const char *uri)
{
	(void)context;
	(void)uri;
	is_whole = true;
}

static struct directory_options entra(void)
{
	static const char *const attributes[] = {"department", "displayName", "externalId", NULL};
	struct directory_options d = {.name = "entra", .kind = DIRECTORY_SCIM, .attributes = attributes};

	scim_directory_options(a, &d);
	return d;
}

enum { NEWS = 4, ALL = 2 * 256 + 3 };     /* how often it asks whether to stop, until a few looks later */

/* The process that follows, for some looks. */
static void follow(int looks)
{
	const struct mirror_progress progress = {.alive = alive, .stop = stop, .whole = whole};
	struct directory_options d = entra();

	turns = looks;
	is_whole = false;
	/* the file must not be open twice in one process */
	scim_close(server);
	assert_done(scim_follow(mirror_path, path, &d, &progress, &err), err);
	assert_done(scim_open(path, BASE, &server, &err), err);
}

static int person_by(const char *object_id, struct mirror_person *out)
{
	const struct mirror_claim claim = {"http://schemas.microsoft.com/identity/claims/objectidentifier", object_id};
	const struct mirror_query query = {.claims = &claim, .claim_count = 1};
	struct directory_options d = entra();
	struct mirror *m;
	int rc;

	assert_done(mirror_open(mirror_path, &m, &err), err);
	rc = mirror_person(a, m, &d, 1, &query, out, &err);
	mirror_close(m);
	return rc;
}

static void the_mirror_has_people_and_groups(void **state)
{
	const char *anna = make_user("anna@example.org", "7B1C2D3E-4f50-4a61-8b72-93a4b5c6d7e8"), *group = make_group("Agents"), *all = make_group("All");
	struct mirror_person p;

	(void)state;
	patch("Users", anna, "[{\"op\":\"add\",\"value\":{\"" URN_ENTERPRISE ":department\":\"Sales\",\"emails\":[{\"type\":\"home\",\"value\":\"a@home\"}]}}]");
	patch("Groups", group, arena_printf(a, "[{\"op\":\"Add\",\"path\":\"members\",\"value\":[{\"value\":\"%s\"}]}]", anna));
	patch("Groups", all, arena_printf(a, "[{\"op\":\"Add\",\"path\":\"members\",\"value\":[{\"value\":\"%s\"}]}]", group));
	follow(ALL);
	assert_true(is_whole);
	assert_int_equal(person_by(ANNA, &p), 0);
	assert_string_equal(p.mail, "anna@example.org");
	assert_string_equal(p.dn, arena_printf(a, "scimid=%s,ou=people,scimdirectory=entra", anna));
	assert_string_equal(p.entry_uuid, anna);
	assert_int_equal(p.group_count, 2);
	assert_string_equal(p.groups[0].cn, "Agents");
	assert_string_equal(p.groups[1].cn, "All");
	assert_string_equal(p.groups[0].directory, "entra");
	/* what changes comes by the log */
	patch("Users", anna, "[{\"op\":\"Replace\",\"path\":\"active\",\"value\":\"False\"}]");
	follow(NEWS);
	assert_false(is_whole);
	assert_refused(person_by(ANNA, &p), err, REASON_PERSON_DISABLED);
	patch("Users", anna, "[{\"op\":\"Replace\",\"path\":\"active\",\"value\":\"True\"}]");
	patch("Groups", group, arena_printf(a, "[{\"op\":\"Remove\",\"path\":\"members\",\"value\":[{\"value\":\"%s\"}]}]", anna));
	follow(NEWS);
	assert_int_equal(person_by(ANNA, &p), 0);
	assert_int_equal(p.group_count, 0);
	ask(SCIM_DELETE, arena_printf(a, "/Users/%s", anna), NULL);
	follow(NEWS);
	assert_refused(person_by(ANNA, &p), err, REASON_PERSON_NOT_FOUND);
}

/* A file that was lost and begun anew must not lock everybody out unasked. */
static void what_an_empty_file_lacks_is_held(void **state)
{
	struct mirror_state m_state;
	struct mirror_person p;
	struct mirror *m;

	(void)state;
	for (int i = 0; i < 25; i++)
		make_user(arena_printf(a, "u%d@example.org", i), arena_printf(a, "7b1c2d3e-4f50-4a61-8b72-93a4b5c6d7%02x", i));
	follow(ALL);
	scim_close(server);
	unlink(path);
	unlink(arena_printf(a, "%s-lock", path));
	assert_done(scim_open(path, BASE, &server, &err), err);
	follow(ALL);
	assert_int_equal(person_by("7b1c2d3e-4f50-4a61-8b72-93a4b5c6d703", &p), 0);
	assert_done(mirror_open(mirror_path, &m, &err), err);
	assert_done(mirror_state(a, m, "entra", &m_state, &err), err);
	mirror_close(m);
	assert_int_equal(m_state.people_held.n, 25);
}

static const char *who_is_switched_off;

static void switch_off(void)
{
	if (scim_open(path, BASE, &server, &err) < 0)
		_exit(2);
	patch("Users", who_is_switched_off, "[{\"op\":\"Replace\",\"path\":\"active\",\"value\":\"False\"}]");
	if (reply.status != 200)
		_exit(3);
	scim_close(server);
}

/* So much is gone that it waits for somebody; who is switched off does not. */
static void who_is_switched_off_while_a_removal_is_held_is_off(void **state)
{
	struct mirror_person p;
	const char *ids[25];

	(void)state;
	for (int i = 0; i < 25; i++)
		ids[i] = make_user(arena_printf(a, "u%d@example.org", i), arena_printf(a, "7b1c2d3e-4f50-4a61-8b72-93a4b5c6d7%02x", i));
	follow(ALL);
	for (int i = 1; i < 25; i++)
		ask(SCIM_DELETE, arena_printf(a, "/Users/%s", ids[i]), NULL);
	who_is_switched_off = ids[0];
	meanwhile = switch_off;
	meanwhile_at = NEWS;
	follow(ALL + 2 * NEWS);
	meanwhile = NULL;
	assert_int_equal(person_by("7b1c2d3e-4f50-4a61-8b72-93a4b5c6d703", &p), 0);
	assert_refused(person_by("7b1c2d3e-4f50-4a61-8b72-93a4b5c6d700", &p), err, REASON_PERSON_DISABLED);
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

#define T(name) cmocka_unit_test_setup_teardown(name, make, drop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_user_comes_back_as_it_was_sent), T(a_test_of_the_connection_finds_nobody),
		T(an_external_id_that_is_no_object_id_is_refused_with_the_cure), T(names_and_object_ids_are_unique),
		T(who_is_renamed_is_found_by_the_new_name_only), T(a_soft_deletion_keeps_the_old_name), T(a_successor_of_the_same_name_is_another_person),
		T(a_buried_one_is_restored_by_another_post), T(a_record_that_becomes_another_person_leaves_its_groups),
		T(nobody_is_switched_on_by_what_is_not_said), T(a_record_cannot_be_made_large), T(a_disk_that_is_full_refuses_only_what_writes),
		T(an_old_version_changes_nothing),
		T(what_is_not_there_and_not_offered_is_said), T(put_replaces_all_of_it), T(members_come_and_go), T(half_of_a_request_is_not_done),
		T(a_user_that_goes_leaves_the_groups), T(a_group_is_asked_for_without_its_members), T(a_manager_is_looked_for_by_id),
		T(a_member_is_looked_for_in_a_group), T(pages_hold_everybody_once),
		T(a_page_of_large_groups_ends_early), T(the_service_describes_itself), T(a_token_is_known_by_its_hash_alone),
		T(a_file_of_tokens_that_is_not_right_is_refused), T(the_mirror_has_people_and_groups), T(what_an_empty_file_lacks_is_held),
		T(who_is_switched_off_while_a_removal_is_held_is_off),
		T(what_is_in_it_is_counted),
	};
	int rc = cmocka_run_group_tests(tests, NULL, NULL);

	for (size_t i = 0; i < 64; i++)
		json_decref(asked[i]);
	return rc;
}
