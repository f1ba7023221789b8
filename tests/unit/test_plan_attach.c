/* SPDX-License-Identifier: GPL-3.0-or-later */
/* When a customer organization is attached to a desk, and above all when it is not. */
#include "tests/unit/unit.h"

#include "provision/plan.h"

#define NOW 1795000000

static struct arena *a;
static struct plan_limits limits;
static struct ledger_view ledger;
static struct ledger_person records[2];
static struct ledger_group attached[2];
static struct target target;
static struct world_target there;
static struct world_user users[2];
static struct world_group organizations[1], desks[1];
static struct desired_place places[2];
static struct desired_person people[2];
static bool groups_unsure;

static const char *const acme[] = {"Acme", NULL}, *const desk[] = {"15", NULL}, *const members[] = {"qm:1", "qm:2", NULL};
static const char *const its_id[] = {"7", NULL};
static const struct desired_attachment together[] = {{"Acme", "15"}};

/* Two people are in Acme and at desk 15, as one rule says, and all is well but for that. */
static int begin(void **state)
{
	(void)state;
	a = arena_new();
	limits = (struct plan_limits){.lose_most = SIZE_MAX, .lose_percent = 100, .seats_most = SIZE_MAX, .seats_percent = 100, .grace = 86400};
	target = (struct target){.name = "site", .kind = TARGET_PORTAL_REST, .base = "s", .groups = acme, .desks = desk, .attach = together,
		.attach_count = 1};
	organizations[0] = (struct world_group){.id = "7", .name = "Acme", .members = members, .member_count = 2};
	desks[0] = (struct world_group){.id = "15", .name = "15", .members = members, .member_count = 2};
	for (size_t i = 0; i < 2; i++) {
		places[i] = (struct desired_place){.organizations = acme, .desks = desk};
		people[i] = (struct desired_person){.id = i ? "p2" : "p1", .dn = "d", .mail = i ? "b@y.org" : "a@y.org", .kind = DESIRED_PORTAL,
			.places = &places[i], .place_count = 1};
		users[i] = (struct world_user){.id = members[i], .account_id = members[i], .mail = people[i].mail, .active = true};
		records[i] = (struct ledger_person){.target = "site", .person = people[i].id, .user = users[i].id, .mail = people[i].mail};
	}
	ledger = (struct ledger_view){.people = records, .count = 2, .groups = attached};
	groups_unsure = false;
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
	const struct desired desired = {.targets = &target, .target_count = 1, .people = people, .count = 2, .groups_unsure = groups_unsure};
	const struct world world = {.targets = &there, .target_count = 1, .inventory_as_of = NOW};
	struct plan plan = {0};
	struct error err;

	there = (struct world_target){.complete = true, .users = users, .user_count = 2, .groups = organizations, .group_count = 1,
		.desks = desks, .desk_count = 1};
	assert_done(plan_make(a, &desired, &world, &ledger, &limits, NOW, &plan, &err), err);
	return plan;
}

static bool attaches(const struct plan *plan)
{
	return plan_step_total(plan, STEP_DESK_ATTACH, 0) == 1;
}

static void what_one_rule_names_together_is_attached_once(void **state)
{
	struct plan plan;

	(void)state;
	plan = make();
	assert_int_equal(plan.step_count, 1);
	assert_int_equal(plan.steps[0].kind, STEP_DESK_ATTACH);
	assert_string_equal(plan.steps[0].name, "Acme");
	assert_string_equal(plan.steps[0].group, "7");
	assert_string_equal(plan.steps[0].desk, "15");
	desks[0].attached = its_id;
	desks[0].attached_count = 1;
	assert_int_equal(make().step_count, 0);
	desks[0].attached = NULL;
	desks[0].attached_count = 0;
	target.attach_count = 0;
	assert_int_equal(make().step_count, 0);
}

static void nobody_gets_a_desk_by_it_that_no_rule_gives(void **state)
{
	static const char *const others[] = {"qm:1", "qm:2", "qm:9", NULL};
	static const char *const nothing[] = {NULL};
	struct plan plan;

	(void)state;
	places[1].desks = nothing;              /* in Acme by another rule, and at no desk */
	plan = make();
	assert_false(attaches(&plan));
	assert_int_equal(plan.problems[plan.problem_count - 1].kind, PROBLEM_STRANGERS);
	places[1].desks = desk;
	organizations[0].members = others;      /* somebody put a stranger into it */
	organizations[0].member_count = 3;
	plan = make();
	assert_false(attaches(&plan));
	assert_non_null(strstr(plan.problems[plan.problem_count - 1].what, "1 members that nobody here knows would get the desk"));
}

static void what_scim_keeps_or_is_protected_or_not_there_is_left_alone(void **state)
{
	struct plan plan;

	(void)state;
	organizations[0].fixed = true;
	plan = make();
	assert_false(attaches(&plan));
	organizations[0].fixed = false;
	limits.protect_groups = acme;
	plan = make();
	assert_false(attaches(&plan));
	limits.protect_groups = NULL;
	desks[0].id = "16";
	plan = make();
	assert_false(attaches(&plan));
}

static void one_that_is_made_in_the_same_plan_is_attached_behind_it(void **state)
{
	struct plan plan;

	(void)state;
	organizations[0].name = "Another";
	plan = make();
	assert_true(attaches(&plan));
	assert_int_equal(plan.steps[0].kind, STEP_ORGANIZATION_CREATE);
	assert_int_equal(plan.steps[plan.step_count - 1].kind, STEP_DESK_ATTACH);
	assert_null(plan.steps[plan.step_count - 1].group);
}

static void taken_off_is_what_postern_attached_and_nothing_else(void **state)
{
	struct plan plan;

	(void)state;
	desks[0].attached = its_id;
	desks[0].attached_count = 1;
	target.attach_count = 0;
	assert_int_equal(make().step_count, 0);         /* somebody else's */
	attached[0] = (struct ledger_group){.target = "site", .name = ledger_attachment(a, "15", "Acme"), .id = "7"};
	attached[1] = (struct ledger_group){.target = "site", .name = "Acme", .id = "7"};       /* the organization itself is ours, too */
	ledger.group_count = 2;
	plan = make();
	assert_int_equal(plan.step_count, 1);
	assert_int_equal(plan.steps[0].kind, STEP_DESK_DETACH);
	assert_string_equal(plan.steps[0].desk, "15");
	groups_unsure = true;
	assert_int_equal(make().step_count, 0);
	groups_unsure = false;
	organizations[0].fixed = true;
	assert_int_equal(make().step_count, 0);
	organizations[0].fixed = false;
	target.attach_count = 1;
	assert_int_equal(make().step_count, 0);
}

static void it_is_taken_off_before_somebody_else_gets_the_desk_by_it(void **state)
{
	static const char *const others[] = {"qm:1", "qm:2", "qm:9", NULL};
	static const char *const nothing[] = {NULL}, *const one_of_them[] = {"qm:1", NULL};
	struct plan plan;

	(void)state;
	desks[0].attached = its_id;
	desks[0].attached_count = 1;
	attached[0] = (struct ledger_group){.target = "site", .name = ledger_attachment(a, "15", "Acme"), .id = "7"};
	ledger.group_count = 1;
	assert_int_equal(make().step_count, 0);
	/* another rule gives Acme alone to somebody who is not in it yet */
	places[1].desks = nothing;
	organizations[0].members = desks[0].members = one_of_them;
	organizations[0].member_count = desks[0].member_count = 1;
	plan = make();
	assert_int_equal(plan.step_count, 2);
	assert_int_equal(plan.steps[0].kind, STEP_DESK_DETACH);
	assert_non_null(strstr(plan.steps[0].why, "b@y.org"));
	assert_int_equal(plan.steps[1].kind, STEP_ORGANIZATION_ADD);
	/* somebody else's stays */
	ledger.group_count = 0;
	plan = make();
	assert_int_equal(plan_step_total(&plan, STEP_DESK_DETACH, 0), 0);
	ledger.group_count = 1;
	places[1].desks = desk;
	organizations[0].members = others;
	organizations[0].member_count = 3;
	desks[0].members = members;
	desks[0].member_count = 2;
	plan = make();
	assert_int_equal(plan.step_count, 1);
	assert_int_equal(plan.steps[0].kind, STEP_DESK_DETACH);
}

static void it_is_the_same_plan_when_it_is_read_back(void **state)
{
	struct plan plan, again = {0};
	struct slice json;
	struct error err;

	(void)state;
	plan = make();
	json = plan_write(a, &plan);
	assert_done(plan_read(a, json, &again, &err), err);
	assert_string_equal(again.steps[0].desk, "15");
	assert_null(plan_beyond(a, &again, &plan));
	again = make();
	((struct step *)(uintptr_t)again.steps)[0].desk = "16";
	assert_non_null(plan_beyond(a, &again, &plan));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_one_rule_names_together_is_attached_once),
		TEST(nobody_gets_a_desk_by_it_that_no_rule_gives),
		TEST(what_scim_keeps_or_is_protected_or_not_there_is_left_alone),
		TEST(one_that_is_made_in_the_same_plan_is_attached_behind_it),
		TEST(taken_off_is_what_postern_attached_and_nothing_else),
		TEST(it_is_taken_off_before_somebody_else_gets_the_desk_by_it),
		TEST(it_is_the_same_plan_when_it_is_read_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
