/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Mails outside of the organisation's verified domains: provision/plan_match.c. */
#include "tests/unit/unit.h"

#include "provision/plan.h"

#define NOW 1795000000

static const char *const agents[] = {"agents", NULL}, *const domains[] = {"example.org", NULL}, *const members[] = {"u1", NULL};

static struct arena *a;
static struct plan_limits limits;
static struct ledger_view ledger;
static struct ledger_person record;
static struct target target;
static struct world_user user;
static struct world world;
static struct desired_person person;

/* Somebody shall be licensed, and has no account. */
static int begin(void **state)
{
	(void)state;
	a = arena_new();
	limits = (struct plan_limits){.lose_most = SIZE_MAX, .lose_percent = 100, .seats_most = SIZE_MAX, .seats_percent = 100, .grace = 86400};
	target = (struct target){.name = "org", .kind = TARGET_ORGANIZATION, .base = "o", .groups = agents, .licensed = agents};
	person = (struct desired_person){.id = "p1", .dn = "d", .mail = "ada@elsewhere.example", .kind = DESIRED_LICENSED, .groups = agents};
	world = (struct world){.inventory_as_of = NOW, .domains = domains, .domain_count = 1};
	ledger = (struct ledger_view){.people = &record, .count = 0};
	return 0;
}

static int end(void **state)
{
	(void)state;
	arena_free(a);
	return 0;
}

static struct plan make(void)
{
	const struct desired desired = {.targets = &target, .target_count = 1, .people = &person, .count = 1};
	const struct world_group groups[] = {{.id = "g", .name = "agents", .members = members, .member_count = ledger.count}};
	const struct world_target there = {.complete = true, .users = &user, .user_count = ledger.count, .groups = groups, .group_count = 1};
	struct plan plan = {0};
	struct error err;

	world.targets = &there;
	world.target_count = 1;
	assert_done(plan_make(a, &desired, &world, &ledger, &limits, NOW, &plan, &err), err);
	return plan;
}

/* An account of this mail, which Postern keeps. */
static void has_account(const char *mail)
{
	user = (struct world_user){.id = "u1", .external_id = "p1", .user_name = mail, .mail = mail, .active = true};
	record = (struct ledger_person){.target = "org", .person = "p1", .user = "u1", .mail = mail};
	ledger.count = 1;
}

static void nothing_is_made_of_a_mail_outside(void **state)
{
	struct plan plan = make();

	(void)state;
	assert_int_equal(plan.step_count, 0);
	assert_int_equal(plan.counts[0].seats_after, 0);
	assert_int_equal(plan.problem_count, 1);
	assert_int_equal(plan.problems[0].kind, PROBLEM_MAIL_OUTSIDE);
	assert_string_equal(plan.problems[0].person, "p1");
	person.mail = "Ada@sub.example.org";    /* each domain is verified by itself */
	assert_int_equal(make().step_count, 0);
	person.mail = "Ada@Example.ORG";
	assert_int_equal(plan_step_total((plan = make(), &plan), STEP_USER_CREATE, 0), 1);
	assert_int_equal(plan.problem_count, 0);
}

static void a_setting_or_another_place_lets_them_in(void **state)
{
	static const struct desired_place place = {.target = 0};
	struct plan plan;

	(void)state;
	limits.external_users = true;
	plan = make();
	assert_int_equal(plan_step_total(&plan, STEP_USER_CREATE, 0), 1);
	limits.external_users = false;
	target.kind = TARGET_PORTAL_SCIM;       /* customers of the portal are of any domain */
	target.licensed = NULL;
	person.kind = DESIRED_PORTAL;
	person.places = &place;
	person.place_count = 1;
	plan = make();
	assert_int_equal(plan_step_total(&plan, STEP_USER_CREATE, 0), 1);
}

static void a_new_mail_outside_waits_for_a_human(void **state)
{
	struct plan plan;

	(void)state;
	has_account("ada@example.org");
	plan = make();
	assert_int_equal(plan.step_count, 0);
	assert_int_equal(plan.task_count, 1);
	assert_int_equal(plan.tasks[0].kind, TASK_MAIL_OUTSIDE);
	assert_non_null(strstr(plan.tasks[0].what, "the account has ada@example.org, the directory says ada@elsewhere.example"));
}

static void an_account_that_is_outside_already_is_told_of_and_goes_on(void **state)
{
	struct plan plan;

	(void)state;
	has_account("ada@elsewhere.example");
	plan = make();
	assert_int_equal(plan.problem_count, 1);
	assert_int_equal(plan.problems[0].kind, PROBLEM_MAIL_OUTSIDE);
	assert_null(plan.problems[0].person);
	person.kind = DESIRED_NOTHING;
	person.groups = NULL;
	plan = make();
	assert_int_equal(plan_step_total(&plan, STEP_MEMBERS_REMOVE, 0), 1);
}

static void domains_that_are_not_known_keep_nobody_out(void **state)
{
	struct plan plan;

	(void)state;
	world.domains = NULL;
	world.domain_count = 0;
	plan = make();
	assert_int_equal(plan_step_total(&plan, STEP_USER_CREATE, 0), 1);
	assert_int_equal(plan.problem_count, 0);
	world.domains_fault = "Organizations API: 403";
	plan = make();
	assert_int_equal(plan_step_total(&plan, STEP_USER_CREATE, 0), 1);
	assert_int_equal(plan.problems[0].kind, PROBLEM_DOMAINS_UNKNOWN);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(nothing_is_made_of_a_mail_outside),
		TEST(a_setting_or_another_place_lets_them_in),
		TEST(a_new_mail_outside_waits_for_a_human),
		TEST(an_account_that_is_outside_already_is_told_of_and_goes_on),
		TEST(domains_that_are_not_known_keep_nobody_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
