/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Who and what comes a second time: after a restart of Entra's provisioning, under another name. */
#include "tests/unit/scim_server.h"

#include "scim/entry.h"

#define OTHER "9d1c2d3e-4f50-4a61-8b72-93a4b5c6d7ea"

static void join(const char *group, const char *user)
{
	patch("Groups", group, arena_printf(a, "[{\"op\":\"Add\",\"path\":\"members\",\"value\":[{\"value\":\"%s\"}]}]", user));
	assert_int_equal(reply.status, 204);
}

static json_t *post_group(const char *name, const char *external, const char *members)
{
	return ask(SCIM_POST, "/Groups", arena_printf(a, "{\"displayName\":\"%s\",\"externalId\":\"%s\",\"members\":[%s]}", name, external, members));
}

/* ---- people ---- */

static void who_comes_again_under_a_new_name_is_the_same_person(void **state)
{
	const char *id = make_user("anna@example.org", ANNA), *chief = make_user("bert@example.org", BERT), *group = make_group("Agents");
	json_t *user;

	(void)state;
	join(group, id);
	patch("Users", id, arena_printf(a, "[{\"op\":\"Add\",\"path\":\"title\",\"value\":\"t\"},{\"op\":\"Add\",\"path\":\"nickName\",\"value\":\"n\"},"
		"{\"op\":\"Add\",\"path\":\"" URN_ENTERPRISE ":manager\",\"value\":\"%s\"}]", chief));
	user = ask(SCIM_POST, "/Users", "{\"externalId\":\"" ANNA "\",\"userName\":\"anna.b@example.org\",\"active\":true,\"title\":null,"
		"\"emails\":[{\"type\":\"work\",\"value\":\"anna.b@example.org\"}],\"" URN_ENTERPRISE "\":{\"department\":\"d\"}}");
	assert_int_equal(reply.status, 201);
	assert_string_equal(json_text(user, "id"), id);
	assert_string_equal(reply.location, arena_printf(a, BASE "/Users/%s", id));
	assert_string_equal(reply.etag, "W/\"3\"");
	assert_string_equal(reply.done, "user changed");
	/* what was not named stays, what is null goes */
	assert_string_equal(json_text(user, "nickName"), "n");
	assert_null(json_object_get(user, "title"));
	assert_string_equal(json_text(json_find(json_find(user, URN_ENTERPRISE), "manager"), "value"), chief);
	assert_string_equal(json_text(json_find(user, URN_ENTERPRISE), "department"), "d");
	assert_int_equal(json_array_size(json_object_get(user, "emails")), 1);
	assert_int_equal(member_count(group), 1);
	assert_int_equal(total("/Users?filter=userName%20eq%20%22anna@example.org%22"), 0);
	assert_int_equal(total("/Users?filter=userName%20eq%20%22anna.b@example.org%22"), 1);
	assert_int_equal(total("/Users"), 2);
	/* and can be switched off, which is what it is for */
	user = patch("Users", id, "[{\"op\":\"Replace\",\"path\":\"active\",\"value\":\"False\"}]");
	assert_int_equal(reply.status, 200);
	assert_true(json_is_false(json_object_get(user, "active")));
}

static void the_same_once_more_changes_nothing(void **state)
{
	const char *id = make_user("anna@example.org", ANNA);
	json_t *user = ask(SCIM_POST, "/Users", user_body("anna@example.org", ANNA));

	(void)state;
	assert_int_equal(reply.status, 201);
	assert_string_equal(json_text(user, "id"), id);
	assert_string_equal(reply.etag, "W/\"1\"");
	assert_null(reply.done);
}

static void nobody_gets_the_name_of_another_person_so(void **state)
{
	const char *id = make_user("anna@example.org", ANNA);
	json_t *user;

	(void)state;
	make_user("bert@example.org", BERT);
	ask(SCIM_POST, "/Users", user_body("Bert@example.org", ANNA));
	refused(409, "uniqueness");
	ask(SCIM_POST, "/Users", user_body("anna@example.org", OTHER));
	refused(409, "uniqueness");
	user = ask(SCIM_GET, arena_printf(a, "/Users/%s", id), NULL);
	assert_string_equal(json_text(user, "userName"), "anna@example.org");
	assert_string_equal(json_text(json_array_get(json_object_get(user, "emails"), 0), "value"), "anna@example.org");
	assert_string_equal(reply.etag, "W/\"1\"");
	assert_int_equal(total("/Users"), 2);
}

static void nobody_is_switched_on_by_coming_again(void **state)
{
	const char *id = make_user("anna@example.org", ANNA);
	json_t *user;

	(void)state;
	patch("Users", id, "[{\"op\":\"Replace\",\"path\":\"active\",\"value\":\"False\"}]");
	user = ask(SCIM_POST, "/Users", "{\"externalId\":\"" ANNA "\",\"userName\":\"anna.b@example.org\"}");
	assert_int_equal(reply.status, 201);
	assert_true(json_is_false(json_object_get(user, "active")));
	user = ask(SCIM_POST, "/Users", user_body("anna.b@example.org", ANNA));
	assert_true(json_is_true(json_object_get(user, "active")));
}

static const char *mail_in_mirror(const json_t *user)
{
	struct directory_options directory = {.name = "entra"};
	const char *mail = NULL;
	struct entry entry;
	struct id unused = {{0}};

	scim_directory_options(a, &directory);
	entry_of_user(a, &directory, &unused, user, &entry);
	for (size_t i = 0; i < entry.attribute_count; i++)
		if (strcmp(entry.attributes[i].name, "mail") == 0)
			mail = arena_copy(a, entry.attributes[i].values[0]);
	assert_non_null(mail);
	return mail;
}

/* A mail that is mapped from the userName is renamed with it. */
static void a_soft_deletion_gives_nobody_another_mail(void **state)
{
	const char *id = make_user("anna@example.org", ANNA);
	json_t *user = patch("Users", id, "[{\"op\":\"Replace\",\"path\":\"active\",\"value\":\"False\"},"
		"{\"op\":\"Replace\",\"path\":\"userName\",\"value\":\"" ANNA_HEX "anna@example.org\"},"
		"{\"op\":\"Replace\",\"path\":\"emails[type eq \\\"work\\\"].value\",\"value\":\"" ANNA_HEX "anna@example.org\"}]");

	(void)state;
	assert_int_equal(reply.status, 200);
	assert_string_equal(mail_in_mirror(user), "anna@example.org");
	/* to Entra it is what Entra made of it: a successor with that mail is another person */
	assert_int_equal(total("/Users?filter=emails%5Btype%20eq%20%22work%22%5D.value%20eq%20%22anna@example.org%22"), 0);
	assert_int_equal(total("/Users?filter=emails%5Btype%20eq%20%22work%22%5D.value%20eq%20%22" ANNA_HEX "anna@example.org%22"), 1);
}

/* Whoever may choose an alias of his own must not have that of the boss by writing his object id in front of it. */
static void who_is_there_has_the_mail_that_is_written(void **state)
{
	json_t *user = patch("Users", make_user("anna@example.org", ANNA),
		"[{\"op\":\"Replace\",\"path\":\"emails[type eq \\\"work\\\"].value\",\"value\":\"" ANNA_HEX "boss@example.org\"}]");

	(void)state;
	assert_int_equal(reply.status, 200);
	assert_string_equal(mail_in_mirror(user), ANNA_HEX "boss@example.org");
}

/* ---- letters ---- */

#define SMALL "m\xc3\xbcller@example.org"
#define LARGE "M\xc3\x9cLLER@example.org"
#define LARGE_ENCODED "M%C3%9CLLER@example.org"

static void names_are_told_without_the_case_of_their_letters(void **state)
{
	static const char *const filters[] = {
		"userName%20eq%20%22" LARGE_ENCODED "%22", "emails.value%20eq%20%22" LARGE_ENCODED "%22", "userName%20co%20%22%C3%9CLL%22",
		"userName%20sw%20%22M%C3%9C%22", "userName%20ew%20%22%C3%9CLLER@example.org%22",
	};

	(void)state;
	make_user(SMALL, ANNA);
	ask(SCIM_POST, "/Users", user_body(LARGE, BERT));
	refused(409, "uniqueness");
	for (size_t i = 0; i < sizeof(filters) / sizeof(*filters); i++)
		assert_int_equal(total(arena_printf(a, "/Users?filter=%s", filters[i])), 1);
	assert_int_equal(total("/Users?filter=userName%20eq%20%22muller@example.org%22"), 0);
	assert_int_equal(total("/Users?filter=userName%20co%20%22u%22"), 0);
	post_group("\xc3\x84rzte", ANNA, "");
	assert_int_equal(reply.status, 201);
	post_group("\xc3\xa4RZTE", BERT, "");
	refused(409, "uniqueness");
}

static void reopen(void)
{
	scim_close(server);
	server = NULL;
	assert_done(scim_open(path, BASE, &server, &err), err);
}

/* A file whose index knows the case of ASCII letters alone, and two who are one name by now. */
static void older_files_with_twins_open_and_can_be_changed(void **state)
{
	const char *ids[2] = {make_user(SMALL, ANNA), make_user("x@example.org", BERT)};
	static const char key[] = "um\xc3\x9cller@example.org";
	struct store_txn *t;
	struct id id;
	json_t *kept;

	(void)state;
	assert_true(id_read(ids[1], &id));
	assert_done(store_begin_write(server->store, &t, &err), err);
	assert_int_equal(data_get(t, RESOURCE_USER, &id, &kept, &err), 1);
	assert_done(user_kind.index(t, kept, NULL, &id, &err), err);
	json_object_set_new(kept, "userName", json_string(LARGE));
	assert_done(data_put(t, RESOURCE_USER, &id, kept, &err), err);
	assert_done(store_add(t, DATA_INDEX, slice_of(key, sizeof(key) - 1), id_slice(&id), &err), err);
	assert_done(data_meta_put(t, DATA_FOLDING, 0, &err), err);
	assert_done(store_commit(t, &err), err);
	json_decref(kept);
	reopen();
	assert_int_equal(total("/Users?filter=userName%20eq%20%22" LARGE_ENCODED "%22"), 2);
	assert_int_equal(total("/Users?filter=externalId%20eq%20%22" BERT "%22"), 1);
	for (int i = 0; i < 2; i++) {
		patch("Users", ids[i], "[{\"op\":\"Replace\",\"path\":\"active\",\"value\":\"False\"}]");
		assert_int_equal(reply.status, 200);
	}
	patch("Users", ids[1], "[{\"op\":\"Replace\",\"path\":\"userName\",\"value\":\"y@example.org\"}]");
	assert_int_equal(reply.status, 200);
	assert_int_equal(total("/Users?filter=userName%20eq%20%22" LARGE_ENCODED "%22"), 1);
	patch("Users", ids[1], "[{\"op\":\"Replace\",\"path\":\"userName\",\"value\":\"" LARGE "\"}]");
	refused(409, "uniqueness");
	reopen();
	assert_int_equal(total("/Users"), 2);
}

/* ---- addresses ---- */

static void a_tenant_url_may_end_in_a_slash(void **state)
{
	const char *id = make_user("anna@example.org", ANNA);

	(void)state;
	assert_int_equal(total("//Users?filter=userName%20eq%20%22anna@example.org%22"), 1);
	ask(SCIM_GET, arena_printf(a, "//Users/%s", id), NULL);
	assert_int_equal(reply.status, 200);
	ask(SCIM_GET, arena_printf(a, "/Users//%s/", id), NULL);
	assert_int_equal(reply.status, 200);
	ask(SCIM_POST, "//Groups", "{\"displayName\":\"Agents\"}");
	assert_int_equal(reply.status, 201);
	assert_string_equal(reply.location, arena_printf(a, BASE "/Groups/%s", reply.id));
	ask(SCIM_GET, "//", NULL);
	refused(404, NULL);
	ask(SCIM_GET, arena_printf(a, "/Users/%s/name", id), NULL);
	refused(404, NULL);
}

/* ---- groups ---- */

static void a_group_that_comes_again_under_a_new_name_is_renamed(void **state)
{
	const char *anna = make_user("anna@example.org", ANNA), *bert = make_user("bert@example.org", BERT), *id;
	json_t *group;

	(void)state;
	id = arena_strdup(a, json_text(post_group("Agents", OTHER, ""), "id"));
	assert_null(reply.remark);
	join(id, anna);
	group = post_group("Agents 2", OTHER, "");
	assert_int_equal(reply.status, 201);
	assert_string_equal(json_text(group, "id"), id);
	assert_string_equal(reply.done, "group changed");
	assert_non_null(reply.remark);
	assert_int_equal(member_count(id), 1);
	assert_int_equal(total("/Groups?filter=displayName%20eq%20%22Agents%22"), 0);
	assert_int_equal(total("/Groups?filter=displayName%20eq%20%22Agents%202%22"), 1);
	/* who is named comes in, nobody goes */
	group = post_group("Agents 2", OTHER, arena_printf(a, "{\"value\":\"%s\"}", bert));
	assert_int_equal(reply.status, 201);
	assert_null(reply.remark);
	assert_null(json_object_get(group, "members"));
	assert_int_equal(member_count(id), 2);
	assert_int_equal(total("/Groups"), 1);
}

static void a_group_is_told_by_its_external_id(void **state)
{
	const char *id, *name;

	(void)state;
	id = arena_strdup(a, json_text(post_group("Agents", OTHER, ""), "id"));
	name = json_text(post_group("Staff", BERT, ""), "displayName");
	assert_string_equal(name, "Staff");
	/* another one's name */
	post_group("STAFF", OTHER, "");
	refused(409, "uniqueness");
	post_group("Agents", ANNA, "");
	refused(409, "uniqueness");
	/* another one's id */
	patch("Groups", id, "[{\"op\":\"Replace\",\"path\":\"externalId\",\"value\":\"" BERT "\"}]");
	refused(409, "uniqueness");
	/* without any they are told by their names */
	ask(SCIM_POST, "/Groups", "{\"displayName\":\"One\"}");
	assert_int_equal(reply.status, 201);
	ask(SCIM_POST, "/Groups", "{\"displayName\":\"Two\",\"externalId\":\"\"}");
	assert_int_equal(reply.status, 201);
	ask(SCIM_POST, "/Groups", "{\"displayName\":\"Three\",\"externalId\":\"\"}");
	assert_int_equal(reply.status, 201);
	assert_int_equal(total("/Groups"), 5);
}

/* Whoever may make groups in Entra ID makes one of the same name. */
static void a_group_is_not_taken_over_by_one_of_its_name(void **state)
{
	const char *anna = make_user("anna@example.org", ANNA), *id;
	json_t *group;

	(void)state;
	id = arena_strdup(a, json_text(post_group("Agents", OTHER, ""), "id"));
	join(id, anna);
	patch("Groups", id, "[{\"op\":\"Replace\",\"path\":\"externalId\",\"value\":\"" BERT "\"}]");
	refused(409, "uniqueness");
	ask(SCIM_PUT, arena_printf(a, "/Groups/%s", id), "{\"displayName\":\"Agents\",\"externalId\":\"" BERT "\"}");
	refused(409, "uniqueness");
	/* nor in two steps */
	patch("Groups", id, "[{\"op\":\"Remove\",\"path\":\"externalId\"}]");
	assert_int_equal(reply.status, 204);
	group = ask(SCIM_PUT, arena_printf(a, "/Groups/%s", id), "{\"displayName\":\"Agents\",\"externalId\":null}");
	assert_string_equal(json_text(group, "externalId"), OTHER);
	patch("Groups", id, "[{\"op\":\"Replace\",\"path\":\"externalId\",\"value\":\"\"}]");
	refused(409, "uniqueness");
	/* one that is nobody's yet is adopted */
	id = arena_strdup(a, json_text(ask(SCIM_POST, "/Groups", "{\"displayName\":\"Staff\"}"), "id"));
	patch("Groups", id, "[{\"op\":\"Replace\",\"path\":\"externalId\",\"value\":\"" BERT "\"}]");
	assert_int_equal(reply.status, 204);
}

static void names_may_be_as_long_as_in_entra(void **state)
{
	char name[SCIM_NAME_MAX + 2];

	(void)state;
	for (size_t i = 0; i < SCIM_NAME_MAX; i += 2)
		memcpy(name + i, "\xd0\xaf", 2);
	name[SCIM_NAME_MAX] = 0;
	make_user(name, ANNA);
	ask(SCIM_POST, "/Users", user_body(name, BERT));
	refused(409, "uniqueness");
	post_group(name, OTHER, "");
	assert_int_equal(reply.status, 201);
	memcpy(name + SCIM_NAME_MAX, "x", 2);
	post_group(name, BERT, "");
	refused(400, "invalidValue");
}

static void whoever_renames_a_group_is_told_what_that_means(void **state)
{
	const char *group = make_group("Agents");

	(void)state;
	patch("Groups", group, "[{\"op\":\"Replace\",\"path\":\"displayName\",\"value\":\"AGENTS\"}]");
	assert_string_equal(reply.done, "group changed");
	assert_null(reply.remark);
	patch("Groups", group, "[{\"op\":\"Replace\",\"path\":\"displayName\",\"value\":\"\xc3\x84rzte\"}]");
	assert_non_null(reply.remark);
	patch("Groups", group, "[{\"op\":\"Replace\",\"path\":\"displayName\",\"value\":\"\xc3\xa4rzte\"}]");
	assert_non_null(reply.remark);
}

/* An older version let two groups have one externalId. */
static void of_two_groups_with_one_external_id_each_can_be_changed(void **state)
{
	const char *ids[2] = {make_group("Agents"), make_group("Agents 2")};
	struct store_txn *t;

	(void)state;
	for (int i = 0; i < 2; i++) {
		json_t *kept, *before;
		struct id id;

		assert_true(id_read(ids[i], &id));
		assert_done(store_begin_write(server->store, &t, &err), err);
		assert_int_equal(data_get(t, RESOURCE_GROUP, &id, &kept, &err), 1);
		before = json_deep_copy(kept);
		json_object_set_new(kept, "externalId", json_string(OTHER));
		assert_done(group_kind.index(t, before, kept, &id, &err), err);
		assert_done(data_put(t, RESOURCE_GROUP, &id, kept, &err), err);
		assert_done(store_commit(t, &err), err);
		json_decref(before);
		json_decref(kept);
	}
	assert_int_equal(total("/Groups?filter=externalId%20eq%20%22" OTHER "%22"), 2);
	for (int i = 0; i < 2; i++) {
		patch("Groups", ids[i], arena_printf(a, "[{\"op\":\"Replace\",\"path\":\"displayName\",\"value\":\"New %d\"}]", i));
		assert_int_equal(reply.status, 204);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(who_comes_again_under_a_new_name_is_the_same_person), T(the_same_once_more_changes_nothing),
		T(nobody_gets_the_name_of_another_person_so), T(nobody_is_switched_on_by_coming_again),
		T(a_soft_deletion_gives_nobody_another_mail),
		T(who_is_there_has_the_mail_that_is_written), T(a_tenant_url_may_end_in_a_slash),
		T(names_are_told_without_the_case_of_their_letters), T(older_files_with_twins_open_and_can_be_changed),
		T(a_group_that_comes_again_under_a_new_name_is_renamed), T(a_group_is_told_by_its_external_id),
		T(a_group_is_not_taken_over_by_one_of_its_name), T(names_may_be_as_long_as_in_entra),
		T(whoever_renames_a_group_is_told_what_that_means), T(of_two_groups_with_one_external_id_each_can_be_changed),
	};
	int rc = cmocka_run_group_tests(tests, NULL, NULL);

	forget_answers();
	return rc;
}
