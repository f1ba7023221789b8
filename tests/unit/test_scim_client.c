/* SPDX-License-Identifier: GPL-3.0-or-later */
/* provision/scim_*.c and doer.c against a server that follows a script. */
#include "tests/unit/doer_fixture.h"

#include "base/clock.h"
#include "provision/batches.h"
#include "provision/scim_client.h"

#define KEY "kR3y-s3cret"
#define LIST(total, resources) "{\"totalResults\":" total ",\"startIndex\":1,\"itemsPerPage\":100,\"Resources\":[" resources "]}"
#define USER(id, external, mail) \
	"{\"id\":\"" id "\",\"externalId\":\"" external "\",\"userName\":\"" mail "\",\"emails\":[{\"value\":\"old@x\"}," \
	"{\"value\":\"" mail "\",\"type\":\"work\",\"primary\":true}],\"active\":true,\"displayName\":\"Ada L\"," \
	"\"name\":{\"givenName\":\"Ada\",\"familyName\":\"L\"},\"title\":\"\",\"department\":\"R\"," \
	"\"urn:scim:schemas:extension:atlassian-external:1.0\":{\"atlassianAccountId\":\"acc-" id "\"}}"
#define GROUP(id, name, members) "{\"id\":\"" id "\",\"displayName\":\"" name "\",\"members\":[" members "]}"
#define M(id) "{\"value\":\"" id "\",\"type\":\"User\"}"

static const char *const groups[] = {"agents", "customers", NULL};

static void open_at(const struct scripted *script)
{
	struct doer_options o = {.targets = &target, .target_count = 1, .instead_of_waiting = pass};

	close_doer();
	target = (struct target){.name = "organisation", .base = scripted_begin(a, script), .key = slice_c(KEY), .groups = groups};
	doer = doer_new(&o);
}

static struct world_target read_world(const struct scripted *script)
{
	open_at(script);
	return read_target();
}

static void who_asks_to_be_left_alone_is_sent_nothing_until_then(void **state)
{
	static const struct scripted script[] = {{"429 Too Many Requests", "{}", "Retry-After: 3600\r\n"}, {"200 OK", LIST("0", "")},
		{"200 OK", LIST("0", "")}, {"200 OK", LIST("0", "")}, {"200 OK", LIST("0", "")}, {NULL}};
	struct doer_options o = {.targets = &target, .target_count = 1, .instead_of_waiting = pass};
	const struct step step = {.kind = STEP_GROUP_CREATE, .name = "agents"};
	int64_t until;

	(void)state;
	clock_set(1795000000);
	assert_text_in("asks to be left alone for 3600 seconds", read_world(script).fault);
	assert_refused(do_step(&step), err, REASON_PROVISION_STOP);
	until = doer_left_alone(doer, 0);
	assert_int_equal(until, 1795003600);
	/* another run, as after a restart */
	doer_free(doer);
	o.left_alone = &until;
	doer = doer_new(&o);
	assert_string_equal(read_target().fault, "organisation asked to be left alone until 2026-11-18T12:06:40Z; nothing is sent before");
	assert_int_equal(scripted_requests(), 1);
	clock_set(until - 86400 - 301);         /* the clock was ahead when it was noted */
	doer_free(doer);
	doer = doer_new(&o);
	assert_true(read_target().complete);
	clock_set(until);
	doer_free(doer);
	doer = doer_new(&o);
	assert_true(read_target().complete);
	clock_set(0);
}

static void a_time_of_a_clock_that_was_ahead_hides_no_other(void **state)
{
	static const struct scripted script[] = {{"429 Too Many Requests", "{}", "Retry-After: 3600\r\n"}, {NULL}};
	struct doer_options o = {.targets = &target, .target_count = 1, .instead_of_waiting = pass};
	int64_t until = 1795000000 + 30 * 86400;

	(void)state;
	clock_set(1795000000);
	open_at(script);
	doer_free(doer);
	o.left_alone = &until;
	doer = doer_new(&o);
	assert_text_in("asks to be left alone for 3600 seconds", read_target().fault);
	assert_int_equal(doer_left_alone(doer, 0), 1795003600);
	clock_set(0);
}

/* ---- reading ---- */

static void reads_users_and_groups_page_by_page(void **state)
{
	static const struct scripted script[] = {
		/* fewer than were asked for, in no order */
		{"200 OK", LIST("3", USER("u2", "e2", "Bob@x"))},
		{"200 OK", LIST("3", USER("u3", "e3", "c@x") "," USER("u1", "e1", "a@x"))},
		{"200 OK", LIST("2", GROUP("g2", "zeta", M("u3") "," M("u1")) ",{\"id\":\"g1\",\"displayName\":\"agents\"}")},
		{"200 OK", GROUP("g1", "agents", M("u2"))},
		{NULL},
	};
	struct world_target got = read_world(script);

	(void)state;
	assert_true(got.complete);
	assert_null(got.fault);
	assert_int_equal(got.user_count, 3);
	assert_string_equal(got.users[1].id, "u2");
	assert_string_equal(got.users[1].external_id, "e2");
	assert_string_equal(got.users[1].user_name, "Bob@x");
	assert_string_equal(got.users[1].mail, "Bob@x");
	assert_string_equal(got.users[1].display_name, "Ada L");
	assert_string_equal(got.users[1].given_name, "Ada");
	assert_string_equal(got.users[1].family_name, "L");
	assert_null(got.users[1].title);
	assert_string_equal(got.users[1].department, "R");
	assert_true(got.users[1].active);
	assert_string_equal(got.users[1].account_id, "acc-u2");
	assert_non_null(world_user_by_id(&got, "u3"));
	assert_int_equal(got.group_count, 2);
	assert_string_equal(world_group_by_name(&got, "agents")->members[0], "u2");
	assert_string_equal(world_group_by_name(&got, "zeta")->members[0], "u1");
	assert_int_equal(world_group_by_name(&got, "zeta")->member_count, 2);
	assert_text_in("GET /Users?startIndex=1&count=100&excludedAttributes=groups ", scripted_request(0));
	assert_text_in("GET /Users?startIndex=2&count=100&excludedAttributes=groups ", scripted_request(1));
	assert_text_in("GET /Groups?startIndex=1&count=100 ", scripted_request(2));
	assert_text_in("GET /Groups/g1 ", scripted_request(3));
	assert_int_equal(doer_requests(doer), 4);
}

static void what_makes_no_sense_is_no_world(void **state)
{
	static const struct {
		const char *users, *says;
	} rows[] = {
		{"", "not JSON"}, {"[]", "no object"}, {"{}", "`totalResults` is no number"}, {"{\"totalResults\":\"3\"}", "`totalResults`"},
		{LIST("-1", ""), "`totalResults`"}, {LIST("99999999", ""), "`totalResults`"}, {LIST("2", ""), "the list ends after 0 of 2"},
		{LIST("1", "7"), "a resource is no object"}, {LIST("1", "{}"), "`id` is missing"}, {LIST("1", "{\"id\":7}"), "`id` is no text"},
		{LIST("1", "{\"id\":\"../x\"}"), "is no id"}, {LIST("1", "{\"id\":\"..\"}"), "is no id"},
		{LIST("1", "{\"id\":\"u\",\"active\":\"True\"}"), "`active` is neither"},
		{LIST("1", "{\"id\":\"u\",\"emails\":{}}"), "`emails` is no list"}, {LIST("1", "{\"id\":\"u\",\"emails\":[1]}"), "no object"},
		{LIST("1", "{\"id\":\"u\",\"name\":\"x\"}"), "`name` is no object"}, {LIST("1", "{\"id\":\"u\",\"id\":\"v\"}"), "not JSON"},
		{"{\"totalResults\":1,\"Resources\":{}}", "`Resources` is no list"},
		{"<html>Welcome to this hotel</html>", "not JSON"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct scripted script[] = {{"200 OK", rows[i].users}, {NULL}};
		struct world_target got = read_world(script);

		assert_false(got.complete);
		assert_int_equal(got.user_count, 0);
		assert_text_in(rows[i].says, got.fault);
		assert_text_in("makes no sense", got.fault);
		assert_null(strstr(got.fault, KEY));
	}
}

static void a_list_that_changes_meanwhile_is_read_again(void **state)
{
	static const struct scripted script[] = {
		{"200 OK", LIST("2", USER("u1", "e1", "a@x"))}, {"200 OK", LIST("3", USER("u2", "e2", "b@x"))},   /* grew */
		{"200 OK", LIST("2", USER("u1", "e1", "a@x"))}, {"200 OK", LIST("2", USER("u1", "e1", "a@x"))},   /* moved */
		{"200 OK", LIST("2", USER("u1", "e1", "a@x") "," USER("u2", "e2", "b@x"))},
		{"200 OK", LIST("0", "")},
		{NULL},
	};
	static const struct scripted never[] = {
		{"200 OK", LIST("2", USER("u1", "e1", "a@x") "," USER("u1", "e2", "b@x"))},
		{"200 OK", LIST("2", USER("u1", "e1", "a@x") "," USER("u1", "e2", "b@x"))},
		{"200 OK", LIST("1", USER("u1", "e1", "a@x") "," USER("u2", "e2", "b@x"))},
		{NULL},
	};
	struct world_target got = read_world(script);

	(void)state;
	assert_true(got.complete);
	assert_int_equal(got.user_count, 2);
	assert_int_equal(got.group_count, 0);
	got = read_world(never);
	assert_false(got.complete);
	assert_text_in("the list changed while it was read, 3 times", got.fault);
}

static void pages_that_are_too_large_are_asked_for_in_parts(void **state)
{
	static const struct scripted script[] = {
		{"200 OK", LIST("0", "")},
		{"200 OK", LIST("1", GROUP("g", "x", "")), .large = WEB_BODY_MOST}, {"200 OK", LIST("1", GROUP("g", "x", ""))},
		{NULL},
	};
	struct world_target got = read_world(script);

	(void)state;
	assert_true(got.complete);
	assert_text_in("GET /Groups?startIndex=1&count=25 ", scripted_request(2));
}

static void a_target_that_cannot_be_read_is_incomplete_and_says_why(void **state)
{
	static const struct {
		struct scripted first;
		const char *says;
	} rows[] = {
		{{"403 Forbidden", "{\"error\":\"nope\"}"}, "403 nope; the key may not do that: it needs the API key of this very directory"},
		{{"404 Not Found", "{\"detail\":\"no such directory\"}"}, "404 no such directory"},
		{{"401 Unauthorized", "{}"}, "401, the key is not accepted"},
		{{"302 Found", "", "Location: /x\r\n"}, "makes no sense"},
	};
	static const struct scripted twins[] = {
		{"200 OK", LIST("0", "")}, {"200 OK", LIST("2", GROUP("g1", "x", "") "," GROUP("g2", "x", ""))}, {NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct scripted script[] = {rows[i].first, {NULL}};
		struct world_target got = read_world(script);

		assert_false(got.complete);
		assert_text_in(rows[i].says, got.fault);
	}
	assert_text_in("two groups have the name `x`", read_world(twins).fault);
}

/* By the status the ledger knows what was refused for sure, so that nothing of that name is taken for ours later. */
static void a_step_that_is_refused_tells_what_was_answered(void **state)
{
	static const struct scripted script[] = {{"403 Forbidden", "{\"error\":\"nope\"}"}, {NULL}};
	const struct step step = {.kind = STEP_GROUP_CREATE, .name = "agents"};

	(void)state;
	open_at(script);
	assert_refused(do_step(&step), err, REASON_PROVISION_STEP);
	assert_int_equal(out.status, 403);
	assert_int_equal(out.requests, 1);
	assert_string_equal(out.answer, "POST /Groups: 403 nope");
}

static void a_refused_key_is_not_shown_again(void **state)
{
	static const struct scripted script[] = {{"401 Unauthorized", "{}"}, {NULL}};
	struct step step = {.kind = STEP_USER_ACTIVATE, .user = "u1"};
	struct target both[2];
	struct doer_options o = {.targets = both, .target_count = 2, .instead_of_waiting = pass};

	(void)state;
	both[0] = (struct target){.name = "organisation", .base = scripted_begin(a, script), .key = slice_c(KEY)};
	both[1] = (struct target){.name = "other", .base = both[0].base, .key = slice_c(KEY)};
	doer = doer_new(&o);
	assert_refused(do_step(&step), err, REASON_PROVISION_STOP);
	assert_refused(do_step(&step), err, REASON_PROVISION_STOP);
	step.target = 1;
	assert_refused(do_step(&step), err, REASON_PROVISION_STOP);
	assert_int_equal(scripted_requests(), 1);
	step.target = 2;
	assert_refused(do_step(&step), err, REASON_PROVISION_STEP);
}

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

/* ---- what is asked of the doer ---- */

static void a_step_that_says_too_little_sends_nothing(void **state)
{
	static const char *const good[] = {"u1", NULL}, *const odd[] = {"u1", "u/2", NULL}, *const nobody[] = {NULL};
	static const struct scripted script[] = {{NULL}};
	const struct step steps[] = {
		{.kind = STEP_USER_CREATE}, {.kind = STEP_USER_CREATE, .fields = {.mail = "a\r\n@x"}}, {.kind = STEP_USER_CREATE, .fields = {.mail = "\xff@x"}},
		{.kind = STEP_USER_UPDATE, .user = "u1"}, {.kind = STEP_USER_UPDATE, .fields = {.mail = "a@x"}},
		{.kind = STEP_USER_ACTIVATE}, {.kind = STEP_USER_ACTIVATE, .user = "../Groups/g1"}, {.kind = STEP_USER_DEACTIVATE, .user = ""},
		{.kind = STEP_GROUP_CREATE}, {.kind = STEP_GROUP_CREATE, .name = ""}, {.kind = STEP_GROUP_DELETE, .name = "x"},
		{.kind = STEP_MEMBERS_ADD, .group = "g1"}, {.kind = STEP_MEMBERS_ADD, .group = "g1", .members = nobody},
		{.kind = STEP_MEMBERS_ADD, .group = "g1", .members = odd}, {.kind = STEP_MEMBERS_ADD, .members = good},
		{.kind = STEP_USER_DELETE}, {.kind = STEP_ADOPT, .user = "u1"}, {.kind = STEP_KINDS}, {.kind = STEP_DESK_ADD, .name = "1", .members = good},
	};

	(void)state;
	open_at(script);
	for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++)
		assert_refused(do_step(&steps[i]), err, REASON_PROVISION_STEP);
	assert_int_equal(scripted_requests(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST_OF(f) cmocka_unit_test_setup_teardown(f, begin, end)
		TEST_OF(who_asks_to_be_left_alone_is_sent_nothing_until_then),
		TEST_OF(a_time_of_a_clock_that_was_ahead_hides_no_other),
		TEST_OF(reads_users_and_groups_page_by_page),
		TEST_OF(what_makes_no_sense_is_no_world),
		TEST_OF(a_list_that_changes_meanwhile_is_read_again),
		TEST_OF(pages_that_are_too_large_are_asked_for_in_parts),
		TEST_OF(a_target_that_cannot_be_read_is_incomplete_and_says_why),
		TEST_OF(a_step_that_is_refused_tells_what_was_answered),
		TEST_OF(a_refused_key_is_not_shown_again),
		TEST_OF(makes_a_user),
		TEST_OF(conflict_is_looked_into),
		TEST_OF(a_person_that_is_there_but_other_is_made_as_wanted),
		TEST_OF(a_lost_answer_makes_nobody_twice),
		TEST_OF(changes_only_what_is_named),
		TEST_OF(a_user_without_a_work_mail_gets_the_list_anew),
		TEST_OF(success_that_changed_nothing_is_none),
		TEST_OF(who_is_gone_is_deactivated_and_deleted),
		TEST_OF(makes_a_group_and_looks_whether_it_is_there),
		TEST_OF(members_come_and_go),
		TEST_OF(finds_the_member_that_is_not_taken),
		TEST_OF(who_is_not_in_a_group_need_not_be_taken_out),
		TEST_OF(a_batch_is_halved_until_it_is_known),
		TEST_OF(a_step_that_says_too_little_sends_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
