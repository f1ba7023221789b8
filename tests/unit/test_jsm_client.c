/* SPDX-License-Identifier: GPL-3.0-or-later */
/* provision/jsm_*.c by way of the doer, against a server that follows a script. */
#include "tests/unit/doer_fixture.h"

#include "provision/jsm_client.h"

#define PAGE(last, values) "{\"size\":1,\"start\":0,\"limit\":50,\"isLastPage\":" last ",\"_links\":{},\"values\":[" values "]}"
#define U(id, mail) "{\"accountId\":\"" id "\",\"emailAddress\":\"" mail "\",\"displayName\":\"Ada\",\"active\":true,\"timeZone\":null}"
#define HIDDEN(id) "{\"accountId\":\"" id "\",\"emailAddress\":null,\"displayName\":\"Somebody\"}"
#define O(id, name, scim) "{\"id\":\"" id "\",\"name\":\"" name "\",\"scimManaged\":" scim "}"
#define API "/rest/servicedeskapi"
#define WRONG(message) "{\"errorMessage\":\"" message "\",\"i18nErrorMessage\":{\"i18nKey\":\"x\",\"parameters\":[]}}"

static const char *const organizations[] = {"Acme", "Zeta", NULL};
static const char *const desks[] = {"projectKey:HELP", "15", NULL};

static void open_at(const struct scripted *script)
{
	struct doer_options o = {.targets = &target, .target_count = 1, .instead_of_waiting = pass};

	close_doer();
	target = (struct target){
		.name = "helpdesk", .kind = TARGET_PORTAL_REST, .base = scripted_begin(a, script), .login = "admin@example.org", .key = slice_c("token"),
		.groups = organizations, .desks = desks,
	};
	doer = doer_new(&o);
}

static struct world_target read_world(const struct scripted *script)
{
	open_at(script);
	return read_target();
}

/* ---- reading ---- */

static void reads_organizations_and_desks_to_their_last_page(void **state)
{
	static const struct scripted script[] = {
		{"200 OK", PAGE("false", O("2", "Zeta", "true"))}, {"200 OK", PAGE("true", O("1", "Acme", "false") "," O("3", "Other", "false"))},
		{"200 OK", PAGE("false", U("qm:1:b", "b@x"))}, {"200 OK", PAGE("true", HIDDEN("qm:1:a"))},        /* Acme */
		{"200 OK", PAGE("true", "")},                                                                    /* Zeta */
		{"200 OK", PAGE("true", U("qm:1:a", "a@x") "," HIDDEN("qm:1:c") "," U("557058:x", "x@x"))},        /* HELP */
		{"200 OK", PAGE("true", "")},
		{NULL},
	};
	struct world_target got = read_world(script);

	(void)state;
	assert_null(got.fault);
	assert_true(got.complete);
	assert_int_equal(got.user_count, 4);
	assert_string_equal(world_user_by_id(&got, "qm:1:a")->mail, "a@x");
	assert_string_equal(world_user_by_id(&got, "qm:1:a")->account_id, "qm:1:a");
	assert_null(world_user_by_id(&got, "qm:1:c")->mail);
	assert_false(world_user_by_id(&got, "qm:1:c")->atlassian);
	assert_true(world_user_by_id(&got, "557058:x")->atlassian);
	assert_true(world_user_by_id(&got, "qm:1:c")->active);
	assert_int_equal(got.group_count, 3);
	assert_int_equal(world_group_by_name(&got, "Acme")->member_count, 2);
	assert_string_equal(world_group_by_name(&got, "Acme")->members[0], "qm:1:a");
	assert_false(world_group_by_name(&got, "Acme")->fixed);
	assert_true(world_group_by_name(&got, "Zeta")->fixed);
	assert_int_equal(world_group_by_name(&got, "Other")->member_count, 0);
	assert_int_equal(got.desk_count, 2);
	assert_string_equal(got.desks[0].id, "projectKey:HELP");
	assert_int_equal(got.desks[0].member_count, 3);
	assert_int_equal(got.desks[1].member_count, 0);
	assert_text_in("GET " API "/organization?start=0&limit=50 ", scripted_request(0));
	assert_text_in("GET " API "/organization?start=1&limit=50 ", scripted_request(1));
	assert_text_in("GET " API "/organization/1/user?start=1&limit=50 ", scripted_request(3));
	assert_text_in("GET " API "/servicedesk/projectKey%3AHELP/customer?start=0&limit=50 ", scripted_request(5));
	assert_text_in("X-ExperimentalApi: opt-in", scripted_request(5));
	assert_null(strstr(scripted_request(4), "X-ExperimentalApi"));
	assert_text_in("Authorization: Basic ", scripted_request(0));
}

static void what_makes_no_sense_is_no_world(void **state)
{
	static const struct {
		const char *page, *says;
	} rows[] = {
		{"{}", "does not say whether it is the last page"}, {PAGE("false", ""), "a page is empty that is not the last one"},
		{PAGE("true", "7"), "a value is no object"}, {PAGE("true", "{\"id\":\"1\"}"), "`name` is missing"},
		{PAGE("true", "{\"id\":1,\"name\":\"x\"}"), "`id` is no text"}, {PAGE("\"true\"", ""), "does not say"},
		{"{\"isLastPage\":true,\"values\":{}}", "`values` is no list"}, {"[]", "no object"},
		{PAGE("true", O("1/../2", "x", "false")), "is no id"}, {PAGE("true", O("1", "x", "1")), "`scimManaged` is neither"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct scripted script[] = {{"200 OK", rows[i].page}, {NULL}};
		struct world_target got = read_world(script);

		assert_false(got.complete);
		assert_text_in(rows[i].says, got.fault);
	}
}

static void what_cannot_be_read_is_said(void **state)
{
	static const struct scripted twins[] = {{"200 OK", PAGE("true", O("1", "Acme", "false") "," O("2", "Acme", "false"))}, {NULL}};
	static const struct scripted forbidden[] = {
		{"200 OK", PAGE("true", "")}, {"403 Forbidden", WRONG("no")}, {NULL},
	};
	static const struct scripted absent[] = {{"404 Not Found", WRONG("no such site")}, {NULL}};

	(void)state;
	assert_text_in("two customer organizations have the name `Acme`", read_world(twins).fault);
	assert_text_in("403 no; the key may not do that: it needs the token of a Jira administrator", read_world(forbidden).fault);
	assert_text_in("/organization?start=0&limit=50: 404 no such site", read_world(absent).fault);
}

/* Desks are named by marks in LDAP, too: one mistake there must not stop what is done at the others. */
static void a_desk_that_is_not_there_is_left_out(void **state)
{
	static const struct scripted script[] = {
		{"200 OK", PAGE("true", "")}, {"404 Not Found", WRONG("The desk does not exist")}, {"200 OK", PAGE("true", U("qm:1:a", "a@x"))}, {NULL},
	};
	struct world_target got = read_world(script);

	(void)state;
	assert_true(got.complete);
	assert_int_equal(got.desk_count, 1);
	assert_string_equal(got.desks[0].id, "15");
	assert_int_equal(got.desks[0].member_count, 1);
	assert_int_equal(got.user_count, 1);
}

/* ---- customers ---- */

static const struct step create = {.kind = STEP_CUSTOMER_CREATE, .fields = {.mail = "a@x", .display_name = "Ada"}};

static void makes_a_customer(void **state)
{
	static const struct scripted script[] = {
		{"201 Created", U("qm:1:a", "A@x")}, {"201 Created", HIDDEN("qm:1:a")}, {"201 Created", U("qm:1:a", "b@x")}, {NULL},
	};

	(void)state;
	open_at(script);
	assert_done(do_step(&create), err);
	assert_string_equal(out.id, "qm:1:a");
	assert_string_equal(out.account_id, "qm:1:a");
	assert_false(out.was_so);
	assert_text_in("POST " API "/customer?strictConflictStatusCode=true ", scripted_request(0));
	assert_text_in("{\"email\":\"a@x\",\"displayName\":\"Ada\"}", scripted_request(0));
	assert_done(do_step(&create), err);
	assert_refused(do_step(&create), err, REASON_PROVISION_STOP);
	assert_text_in("a customer of another mail is answered", err.detail);
}

static void a_customer_that_is_there_is_found(void **state)
{
	static const struct {
		struct scripted desk, other_desk, site;
		const char *says;               /* NULL: found */
	} rows[] = {
		{{"200 OK", PAGE("true", U("qm:1:b", "aa@x") "," U("qm:1:a", "A@X"))}, {NULL}, {NULL}, NULL},
		{{"200 OK", PAGE("true", "")}, {"200 OK", PAGE("true", "")}, {"200 OK", "[" U("qm:1:a", "a@x") "]"}, NULL},
		{{"200 OK", PAGE("true", "")}, {"200 OK", PAGE("true", "")}, {"200 OK", "[]"}, "it is at none of the desks"},
		{{"200 OK", PAGE("true", "")}, {"200 OK", PAGE("true", "")}, {"403 Forbidden", "{}"}, "it is at none of the desks"},
		{{"200 OK", PAGE("true", HIDDEN("qm:1:a"))}, {"200 OK", PAGE("true", "")}, {"404 Not Found", "{}"}, "Atlassian keeps mails from us"},
		{{"200 OK", PAGE("true", U("557058:7", "a@x"))}, {NULL}, {NULL}, "belongs to an Atlassian account (557058:7)"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct scripted script[] = {{"409 Conflict", WRONG("exists")}, rows[i].desk, rows[i].other_desk, rows[i].site, {NULL}};

		open_at(script);
		if (!rows[i].says) {
			assert_done(do_step(&create), err);
			assert_string_equal(out.id, "qm:1:a");
			assert_true(out.was_so);
		} else {
			assert_refused(do_step(&create), err, REASON_PROVISION_STEP);
			assert_text_in(rows[i].says, err.detail);
		}
		assert_text_in("/servicedesk/projectKey%3AHELP/customer?query=a%40x&start=0&limit=50 ", scripted_request(1));
	}
}

static void revokes_portal_access_once(void **state)
{
	static const struct scripted script[] = {{"204 No Content"}, {"404 Not Found", WRONG("no such")}, {"403 Forbidden", WRONG("no")}, {NULL}};
	const struct step step = {.kind = STEP_CUSTOMER_REVOKE, .user = "qm:1|x:a"};

	(void)state;
	open_at(script);
	assert_done(do_step(&step), err);
	assert_false(out.was_so);
	assert_text_in("PUT " API "/customer/user/qm%3A1%7Cx%3Aa/revoke-portal-only-access ", scripted_request(0));
	assert_done(do_step(&step), err);
	assert_true(out.was_so);
	assert_refused(do_step(&step), err, REASON_PROVISION_STEP);
	assert_text_in("it needs the token of a site administrator", err.detail);
}

/* ---- desks and organizations ---- */

static void customers_come_to_desks_and_leave_them(void **state)
{
	static const char *const members[] = {"qm:1:a", "qm:1:b", NULL};
	static const struct scripted script[] = {
		{"204 No Content"}, {"204 No Content"},
		{"400 Bad Request", WRONG("open")}, {NULL},
	};
	struct step step = {.kind = STEP_DESK_ADD, .name = "15", .members = members, .member_count = 2};

	(void)state;
	open_at(script);
	assert_done(do_step(&step), err);
	assert_null(out.failed);
	assert_text_in("POST " API "/servicedesk/15/customer ", scripted_request(0));
	assert_text_in("{\"accountIds\":[\"qm:1:a\",\"qm:1:b\"]}", scripted_request(0));
	step.kind = STEP_DESK_REMOVE;
	assert_done(do_step(&step), err);
	assert_text_in("DELETE " API "/servicedesk/15/customer ", scripted_request(1));
	assert_text_in("X-ExperimentalApi: opt-in", scripted_request(1));
	assert_text_in("{\"accountIds\":[\"qm:1:a\",\"qm:1:b\"]}", scripted_request(1));
	assert_false(out.open);
	assert_done(do_step(&step), err);       /* the one meaning of 400 there: nothing can be taken, and nobody is asked about singly */
	assert_true(out.open && out.was_so);
	assert_null(out.failed);
	assert_int_equal(out.requests, 1);
}

static void finds_who_was_not_taken_when_others_were(void **state)
{
	static const char *const members[] = {"qm:1:a", "qm:1:b", "qm:1:c", NULL};
	static const struct scripted script[] = {
		{"400 Bad Request", WRONG("some do not exist")}, {"204 No Content"}, {"400 Bad Request", WRONG("x")}, {"400 Bad Request", WRONG("y")},
		{"204 No Content"}, {NULL},
	};
	const struct step step = {.kind = STEP_DESK_ADD, .name = "15", .members = members, .member_count = 3};

	(void)state;
	open_at(script);
	assert_done(do_step(&step), err);
	assert_string_equal(out.failed[0], "qm:1:b");
	assert_null(out.failed[1]);
	assert_int_equal(out.requests, 5);
}

static void organizations_are_made_and_filled(void **state)
{
	static const char *const members[] = {"qm:1:a", NULL};
	static const struct scripted script[] = {
		{"201 Created", O("7", "Acme", "false")}, {"204 No Content"}, {"204 No Content"}, {"404 Not Found", WRONG("gone")},
		{"201 Created", O("8", "Acme", "true")}, {"201 Created", O("9", "acme", "false")}, {NULL},
	};
	struct step step = {.kind = STEP_ORGANIZATION_CREATE, .name = "Acme"};

	(void)state;
	open_at(script);
	assert_done(do_step(&step), err);
	assert_string_equal(out.id, "7");
	assert_text_in("POST " API "/organization ", scripted_request(0));
	assert_text_in("{\"name\":\"Acme\"}", scripted_request(0));
	step = (struct step){.kind = STEP_ORGANIZATION_ADD, .name = "Acme", .group = "7", .members = members, .member_count = 1};
	assert_done(do_step(&step), err);
	assert_text_in("POST " API "/organization/7/user ", scripted_request(1));
	step.kind = STEP_ORGANIZATION_REMOVE;
	assert_done(do_step(&step), err);
	assert_text_in("DELETE " API "/organization/7/user ", scripted_request(2));
	assert_refused(do_step(&step), err, REASON_PROVISION_STEP);
	step = (struct step){.kind = STEP_ORGANIZATION_CREATE, .name = "Acme"};
	assert_refused(do_step(&step), err, REASON_PROVISION_STEP);
	assert_text_in("is kept by SCIM, so it is left alone here", err.detail);
	assert_refused(do_step(&step), err, REASON_PROVISION_STOP);
	assert_text_in("an organization of another name is answered", err.detail);
}

static void steps_of_scim_are_refused(void **state)
{
	static const struct scripted script[] = {{NULL}};
	const struct step step = {.kind = STEP_USER_ACTIVATE, .user = "qm:1:a"};

	(void)state;
	open_at(script);
	assert_refused(do_step(&step), err, REASON_PROVISION_STEP);
	assert_string_equal(err.detail, "user-activate: not by Jira Service Management");
	assert_int_equal(scripted_requests(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST_OF(f) cmocka_unit_test_setup_teardown(f, begin, end)
		TEST_OF(reads_organizations_and_desks_to_their_last_page),
		TEST_OF(what_makes_no_sense_is_no_world),
		TEST_OF(what_cannot_be_read_is_said),
		TEST_OF(a_desk_that_is_not_there_is_left_out),
		TEST_OF(makes_a_customer),
		TEST_OF(a_customer_that_is_there_is_found),
		TEST_OF(revokes_portal_access_once),
		TEST_OF(customers_come_to_desks_and_leave_them),
		TEST_OF(finds_who_was_not_taken_when_others_were),
		TEST_OF(organizations_are_made_and_filled),
		TEST_OF(steps_of_scim_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
