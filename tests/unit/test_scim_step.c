/* SPDX-License-Identifier: GPL-3.0-or-later */
/* provision/scim_users.c, scim_groups.c and batches.c: steps of a plan, done by SCIM. */
#include "tests/unit/scim_client_stage.h"

#include "provision/batches.h"

/* ---- users ---- */

static const struct step create = {
	.kind = STEP_USER_CREATE,
	.fields = {.external_id = "e1", .mail = "a@x", .display_name = "Ada \"L\"", .given_name = "Ada", .department = "R"},
};

static void makes_a_user(void **state)
{
	static const struct scripted script[] = {{"201 Created", USER("u1", "e1", "A@x")}, {NULL}};

	(void)state;
	open_at(script);
	assert_done(do_step(&create), err);
	assert_string_equal(out.id, "u1");
	assert_string_equal(out.account_id, "acc-u1");
	assert_false(out.was_so);
	assert_int_equal(out.status, 201);
	assert_int_equal(out.requests, 1);
	assert_string_equal(out.answer, "POST /Users: 201");
	assert_text_in("{\"schemas\":[\"urn:ietf:params:scim:schemas:core:2.0:User\",\"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User\"],"
		"\"userName\":\"a@x\",\"externalId\":\"e1\",\"displayName\":\"Ada \\\"L\\\"\","
		"\"emails\":[{\"value\":\"a@x\",\"type\":\"work\",\"primary\":true}],\"active\":true,\"name\":{\"givenName\":\"Ada\"},"
		"\"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User\":{\"department\":\"R\"}}", scripted_request(0));
}

static void conflict_is_looked_into(void **state)
{
	static const struct {
		struct scripted second, third;
		int rc;
		unsigned requests;
		const char *says;
	} rows[] = {
		/* the very same: after an answer that was lost */
		{{"200 OK", LIST("1", USER("u1", "e1", "a@x"))}, {NULL}, 0, 2, NULL},
		{{"200 OK", LIST("0", "")}, {"200 OK", LIST("1", USER("u9", "e9", "a@x"))}, -1, 3, "is that of u9, whose external id is e9"},
		{{"200 OK", LIST("0", "")}, {"200 OK", LIST("1", "{\"id\":\"u9\",\"userName\":\"a@x\"}")}, -1, 3, "a new plan adopts it"},
		{{"200 OK", LIST("0", "")}, {"200 OK", LIST("0", "")}, -1, 3, "the mail may belong to an account outside of this directory"},
		{{"200 OK", LIST("2", USER("u1", "e1", "a@x") "," USER("u2", "e1", "b@x"))}, {NULL}, -1, 2, NULL},
		/* a server that does not know the filter answers everybody */
		{{"200 OK", LIST("1", USER("u9", "e9", "b@x"))}, {NULL}, -1, 2, "somebody else is answered"},
	};
	struct step step = create;

	(void)state;
	step.fields.display_name = "Ada L";
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct scripted script[] = {
			{"409 Conflict", "{\"scimType\":\"uniqueness\",\"detail\":\"taken\"}"}, rows[i].second, rows[i].third, {NULL},
		};

		open_at(script);
		if (rows[i].rc == 0) {
			assert_done(do_step(&step), err);
			assert_string_equal(out.id, "u1");
			assert_true(out.was_so);
		} else {
			assert_refused(do_step(&step), err, REASON_PROVISION_STEP);
			assert_text_in(rows[i].says ? "POST /Users: 409 uniqueness: taken" : "more than one there has externalId `e1`", err.detail);
			assert_text_in(rows[i].says ? rows[i].says : "", err.detail);
		}
		assert_int_equal(scripted_requests(), rows[i].requests);
		assert_text_in("GET /Users?filter=externalId%20eq%20%22e1%22&startIndex=1&count=2 ", scripted_request(1));
	}
}

static void a_person_that_is_there_but_other_is_made_as_wanted(void **state)
{
	static const struct scripted script[] = {
		{"409 Conflict", "{}"}, {"200 OK", LIST("1", USER("u1", "e1", "old@x"))}, {"200 OK", USER("u1", "e1", "a@x")}, {NULL},
	};

	(void)state;
	open_at(script);
	assert_done(do_step(&create), err);
	assert_string_equal(out.id, "u1");
	assert_int_equal(out.requests, 3);
	assert_text_in("PATCH /Users/u1 ", scripted_request(2));
	assert_text_in("{\"op\":\"replace\",\"path\":\"active\",\"value\":true}", scripted_request(2));
}

static void a_lost_answer_makes_nobody_twice(void **state)
{
	static const struct scripted script[] = {{.end = RESET}, {"409 Conflict", "{}"}, {"200 OK", LIST("1", USER("u1", "e1", "a@x"))}, {NULL}};
	struct step step = create;

	(void)state;
	step.fields.display_name = NULL;
	open_at(script);
	assert_done(do_step(&step), err);
	assert_string_equal(out.id, "u1");
	assert_int_equal(out.requests, 3);
}

static void changes_only_what_is_named(void **state)
{
	static const struct scripted script[] = {{"200 OK", USER("u1", "e1", "a@x")}, {"200 OK", USER("u1", "e1", "a@x")}, {NULL}};
	struct step step = {.kind = STEP_USER_UPDATE, .user = "u1", .fields = {.external_id = "e1", .mail = "a@x", .family_name = "L"}};

	(void)state;
	open_at(script);
	assert_done(do_step(&step), err);
	assert_text_in("{\"schemas\":[\"urn:ietf:params:scim:api:messages:2.0:PatchOp\"],\"Operations\":["
		"{\"op\":\"replace\",\"path\":\"externalId\",\"value\":\"e1\"},{\"op\":\"replace\",\"path\":\"userName\",\"value\":\"a@x\"},"
		"{\"op\":\"replace\",\"path\":\"emails[type eq \\\"work\\\"].value\",\"value\":\"a@x\"},"
		"{\"op\":\"replace\",\"path\":\"name.familyName\",\"value\":\"L\"}]}", scripted_request(0));
	step = (struct step){.kind = STEP_USER_ACTIVATE, .user = "u1"};
	assert_done(do_step(&step), err);
	assert_text_in("\"Operations\":[{\"op\":\"replace\",\"path\":\"active\",\"value\":true}]", scripted_request(1));
}

static void a_user_without_a_work_mail_gets_the_list_anew(void **state)
{
	static const struct scripted script[] = {{"400 Bad Request", "{\"scimType\":\"noTarget\"}"}, {"200 OK", USER("u1", "e1", "a@x")}, {NULL}};
	struct step step = {.kind = STEP_USER_UPDATE, .user = "u1", .fields = {.mail = "a@x"}};

	(void)state;
	open_at(script);
	assert_done(do_step(&step), err);
	assert_int_equal(out.requests, 2);
	assert_text_in("{\"op\":\"replace\",\"path\":\"emails\",\"value\":[{\"value\":\"a@x\",\"type\":\"work\",\"primary\":true}]}", scripted_request(1));
}

static void success_that_changed_nothing_is_none(void **state)
{
	static const struct scripted script[] = {
		{"200 OK", USER("u1", "e1", "a@x")}, {"200 OK", USER("u1", "e1", "a@x")}, {"200 OK", USER("u1", "e1", "a@x")},
		{"200 OK", USER("u7", "e1", "a@x")}, {NULL},
	};
	struct step step = {.kind = STEP_USER_DEACTIVATE, .user = "u1"};

	(void)state;
	open_at(script);
	assert_refused(do_step(&step), err, REASON_PROVISION_STEP);
	assert_text_in("success, but `active` is not as it was set", err.detail);
	step = (struct step){.kind = STEP_USER_UPDATE, .user = "u1", .fields = {.mail = "b@x"}};
	assert_refused(do_step(&step), err, REASON_PROVISION_STEP);
	assert_text_in("`emails` is not as it was set", err.detail);
	assert_int_equal(scripted_requests(), 3);
	step = (struct step){.kind = STEP_USER_ACTIVATE, .user = "u1"};
	assert_refused(do_step(&step), err, REASON_PROVISION_STOP);
	assert_text_in("another user is answered", err.detail);
}

static void who_is_gone_is_deactivated_and_deleted(void **state)
{
	static const struct scripted script[] = {{"404 Not Found", "{}"}, {"404 Not Found", "{}"}, {"204 No Content"}, {"404 Not Found", "{}"}, {NULL}};
	struct step step = {.kind = STEP_USER_DEACTIVATE, .user = "u1"};

	(void)state;
	open_at(script);
	assert_done(do_step(&step), err);
	assert_true(out.was_so);
	step.kind = STEP_USER_DELETE;
	assert_done(do_step(&step), err);
	assert_true(out.was_so);
	assert_done(do_step(&step), err);
	assert_false(out.was_so);
	assert_text_in("DELETE /Users/u1 ", scripted_request(2));
	step.kind = STEP_USER_ACTIVATE;
	assert_refused(do_step(&step), err, REASON_PROVISION_STEP);
}

/* ---- groups ---- */

static void makes_a_group_and_looks_whether_it_is_there(void **state)
{
	static const struct scripted script[] = {
		{"201 Created", GROUP("g1", "agents", "")}, {"200 OK", LIST("1", GROUP("g1", "agents", ""))},
		{"409 Conflict", "{}"}, {"200 OK", LIST("1", GROUP("g1", "agents", ""))},
		{"201 Created", GROUP("g1", "site-admins", "")}, {"200 OK", LIST("0", "")}, {NULL},
	};
	struct step step = {.kind = STEP_GROUP_CREATE, .name = "agents"};

	(void)state;
	open_at(script);
	assert_done(do_step(&step), err);
	assert_string_equal(out.id, "g1");
	assert_false(out.was_so);
	assert_int_equal(out.requests, 2);
	assert_text_in("{\"schemas\":[\"urn:ietf:params:scim:schemas:core:2.0:Group\"],\"displayName\":\"agents\"}", scripted_request(0));
	assert_done(do_step(&step), err);
	assert_true(out.was_so);
	assert_string_equal(out.id, "g1");
	step.name = "site-admins";
	assert_refused(do_step(&step), err, REASON_PROVISION_STEP);
	assert_text_in("there is no group `site-admins` afterwards: a group that Atlassian made itself has this name", err.detail);
}

static void members_come_and_go(void **state)
{
	static const char *const members[] = {"u1", "u2", NULL};
	static const struct scripted script[] = {
		{"200 OK", GROUP("g1", "agents", M("u3") "," M("u2") "," M("u1"))}, {"200 OK", "{\"id\":\"g1\",\"displayName\":\"agents\"}"},
		{"204 No Content"}, {NULL},
	};
	struct step step = {.kind = STEP_MEMBERS_ADD, .group = "g1", .name = "agents", .members = members, .member_count = 2};

	(void)state;
	open_at(script);
	assert_done(do_step(&step), err);
	assert_null(out.failed);
	assert_text_in("\"Operations\":[{\"op\":\"add\",\"path\":\"members\",\"value\":[{\"value\":\"u1\"},{\"value\":\"u2\"}]}]", scripted_request(0));
	step.kind = STEP_MEMBERS_REMOVE;
	assert_done(do_step(&step), err);
	assert_text_in("\"Operations\":[{\"op\":\"remove\",\"path\":\"members[value eq \\\"u1\\\"]\"},"
		"{\"op\":\"remove\",\"path\":\"members[value eq \\\"u2\\\"]\"}]", scripted_request(1));
	assert_done(do_step(&step), err);
}

static void finds_the_member_that_is_not_taken(void **state)
{
	static const char *const members[] = {"u1", "u2", "u3", NULL};
	static const struct scripted script[] = {
		{"400 Bad Request", "{\"detail\":\"unknown member\"}"}, {"200 OK", GROUP("g1", "agents", M("u1"))},
		{"400 Bad Request", "{}"}, {"200 OK", GROUP("g1", "agents", M("u1") "," M("u2"))}, {"400 Bad Request", "{\"detail\":\"unknown\"}"},
		{"400 Bad Request", "{\"detail\":\"none of them\"}"}, {"400 Bad Request", "{\"detail\":\"nor him\"}"}, {"400 Bad Request", "{\"detail\":\"nor her\"}"},
		{NULL},
	};
	struct step step = {.kind = STEP_MEMBERS_ADD, .group = "g1", .name = "agents", .members = members, .member_count = 3};

	(void)state;
	open_at(script);
	assert_done(do_step(&step), err);
	assert_string_equal(out.failed[0], "u3");
	assert_null(out.failed[1]);
	assert_int_equal(out.requests, 5);
	step.members = members + 1;
	assert_refused(do_step(&step), err, REASON_PROVISION_STEP);
	assert_text_in("nor her", err.detail);
}

static void who_is_not_in_a_group_need_not_be_taken_out(void **state)
{
	static const char *const members[] = {"u1", NULL};
	static const struct scripted script[] = {
		{"400 Bad Request", "{\"scimType\":\"noTarget\"}"}, {"200 OK", GROUP("g1", "agents", M("u2"))},
		{"400 Bad Request", "{\"scimType\":\"noTarget\"}"}, {"200 OK", GROUP("g1", "agents", M("u1"))},
		{"200 OK", GROUP("g1", "agents", M("u1"))}, {NULL},
	};
	struct step step = {.kind = STEP_MEMBERS_REMOVE, .group = "g1", .name = "agents", .members = members, .member_count = 1};

	(void)state;
	open_at(script);
	assert_done(do_step(&step), err);
	assert_refused(do_step(&step), err, REASON_PROVISION_STEP);
	assert_text_in("noTarget", err.detail);
	assert_refused(do_step(&step), err, REASON_PROVISION_STEP);
	assert_text_in("success, but u1 is still in the group", err.detail);
}

/* Who is taken: everyone but those whose number `bad` divides. */
static int take(struct arena *arena, void *context, const char *const *ids, size_t n, struct step_result *result, struct error *e)
{
	unsigned long bad = *(unsigned long *)context;

	(void)arena;
	result->requests++;
	for (size_t i = 0; i < n; i++)
		if (strtoul(ids[i], NULL, 10) % bad == 0) {
			error_set(e, REASON_PROVISION_STEP, "not %s", ids[i]);
			return 0;
		}
	return 1;
}

static void a_batch_is_halved_until_it_is_known(void **state)
{
	const char *ids[251];
	unsigned long bad = 200;
	struct batches b = {.send = take, .context = &bad, .most = 100};

	(void)state;
	for (int i = 0; i < 250; i++)
		ids[i] = arena_printf(a, "%d", i + 1);
	ids[250] = NULL;
	assert_done(batches_do(a, &b, ids, &out, &err), err);
	assert_string_equal(out.failed[0], "200");
	assert_null(out.failed[1]);
	assert_in_range(out.requests, 10, 20);
	bad = 1;
	out = (struct step_result){0};
	assert_refused(batches_do(a, &b, ids, &out, &err), err, REASON_PROVISION_STEP);
	assert_in_range(out.requests, 10, 40);
	bad = 1000;
	out = (struct step_result){0};
	assert_done(batches_do(a, &b, ids, &out, &err), err);
	assert_null(out.failed);
	assert_int_equal(out.requests, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(makes_a_user),
		TEST(conflict_is_looked_into),
		TEST(a_person_that_is_there_but_other_is_made_as_wanted),
		TEST(a_lost_answer_makes_nobody_twice),
		TEST(changes_only_what_is_named),
		TEST(a_user_without_a_work_mail_gets_the_list_anew),
		TEST(success_that_changed_nothing_is_none),
		TEST(who_is_gone_is_deactivated_and_deleted),
		TEST(makes_a_group_and_looks_whether_it_is_there),
		TEST(members_come_and_go),
		TEST(finds_the_member_that_is_not_taken),
		TEST(who_is_not_in_a_group_need_not_be_taken_out),
		TEST(a_batch_is_halved_until_it_is_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
