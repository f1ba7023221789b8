/* SPDX-License-Identifier: GPL-3.0-or-later */
/* provision/scim_read.c and doer.c: what is there, and when nothing is asked. */
#include "tests/unit/scim_client_stage.h"

#include "base/clock.h"

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
		TEST(who_asks_to_be_left_alone_is_sent_nothing_until_then),
		TEST(a_time_of_a_clock_that_was_ahead_hides_no_other),
		TEST(reads_users_and_groups_page_by_page),
		TEST(what_makes_no_sense_is_no_world),
		TEST(a_list_that_changes_meanwhile_is_read_again),
		TEST(pages_that_are_too_large_are_asked_for_in_parts),
		TEST(a_target_that_cannot_be_read_is_incomplete_and_says_why),
		TEST(a_step_that_is_refused_tells_what_was_answered),
		TEST(a_refused_key_is_not_shown_again),
		TEST(a_step_that_says_too_little_sends_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
