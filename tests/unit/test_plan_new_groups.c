/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which licensed groups an administrator has to give a product: provision/plan_new_groups.c. */
#include "tests/unit/unit.h"

#include "provision/plan.h"

#define NOW 1795000000
#define DAY 86400

static const char *const all[] = {"agents", "customers", NULL}, *const agents[] = {"agents", NULL}, *const members[] = {"u1", "u2", NULL};

static struct arena *a;
static struct plan_limits limits;
static struct target target;
static struct world_user users[2];
static struct world_group group;
static struct ledger_group made;
static struct account accounts[2];
static struct desired_person people[2];
static int64_t inventory_as_of;
static size_t there;                    /* users, and so groups: 0, or 2 */

/* Two people are in a group that Postern made a month ago, and the inventory of today says that nobody is billed. */
static int begin(void **state)
{
	(void)state;
	a = arena_new();
	limits = (struct plan_limits){.lose_most = SIZE_MAX, .lose_percent = 100, .seats_most = SIZE_MAX, .seats_percent = 100, .grace = DAY};
	target = (struct target){.name = "org", .kind = TARGET_ORGANIZATION, .base = "o", .groups = all, .licensed = agents};
	group = (struct world_group){.id = "g", .name = "agents", .members = members, .member_count = 2};
	made = (struct ledger_group){.target = "org", .name = "agents", .id = "g", .since = NOW - 30 * DAY};
	for (size_t i = 0; i < 2; i++) {
		const char *mail = i ? "b@x.org" : "a@x.org";

		people[i] = (struct desired_person){.id = i ? "p2" : "p1", .mail = mail, .kind = DESIRED_LICENSED, .groups = agents};
		users[i] = (struct world_user){.id = members[i], .external_id = people[i].id, .user_name = mail, .mail = mail, .active = true};
		accounts[i] = (struct account){.mail = mail, .kind = ACCOUNT_MANAGED, .billable = 0};
	}
	inventory_as_of = NOW;
	there = 2;
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
	const struct desired desired = {.targets = &target, .target_count = 1, .people = people, .count = 2};
	const struct world_target one = {.complete = true, .users = users, .user_count = there, .groups = &group, .group_count = there / 2};
	const struct world world = {.targets = &one, .target_count = 1, .accounts = accounts, .account_count = inventory_as_of ? 2 : 0,
		.inventory_as_of = inventory_as_of};
	const struct ledger_view ledger = {.groups = &made, .group_count = made.name && there};
	struct plan plan = {0};
	struct error err;

	assert_done(plan_make(a, &desired, &world, &ledger, &limits, NOW, &plan, &err), err);
	return plan;
}

/* Is the product of agents asked for? */
static bool asks(void)
{
	struct plan plan = make();

	assert_true(plan.task_count <= 1);
	if (plan.task_count == 0)
		return false;
	assert_int_equal(plan.tasks[0].kind, TASK_GROUP_NEW);
	assert_string_equal(plan.tasks[0].group, "agents");
	return true;
}

static void it_is_asked_for_when_the_group_is_made(void **state)
{
	(void)state;
	there = 0;
	inventory_as_of = 0;
	assert_true(asks());
	people[0].kind = people[1].kind = DESIRED_CUSTOMER;     /* who is in no licensed group */
	people[0].groups = people[1].groups = &all[1];
	assert_false(asks());
}

static void it_is_asked_for_until_its_people_are_billed(void **state)
{
	(void)state;
	assert_true(asks());
	accounts[0].billable = 1;               /* the other one not yet */
	assert_false(asks());
	accounts[0].mail = "z@x.org";           /* somebody else's bill */
	assert_true(asks());
	accounts[0].id = users[0].account_id = "acc";   /* no, theirs: under another mail */
	assert_false(asks());
}

/* As when making people failed, and making the group did not. */
static void it_is_asked_for_where_people_are_yet_to_come(void **state)
{
	(void)state;
	inventory_as_of = 0;
	made.since = NOW - 1;
	group.members = NULL;
	group.member_count = 0;
	assert_true(asks());
	people[0].kind = people[1].kind = DESIRED_CUSTOMER;
	people[0].groups = people[1].groups = &all[1];
	assert_false(asks());
}

static void an_inventory_of_before_says_nothing_so_a_day_is_enough(void **state)
{
	const int64_t times[] = {0, NOW - 40 * DAY};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		inventory_as_of = times[i];
		made.since = NOW - DAY + 1;
		assert_true(asks());
		made.since = NOW - DAY;
		assert_false(asks());
		made.since = NOW - 30 * DAY;
	}
}

static void groups_that_others_made_have_what_they_have(void **state)
{
	(void)state;
	made.name = NULL;
	assert_false(asks());
}

static void none_is_made_beside_one_that_differs_by_case_alone(void **state)
{
	static const char *const other[] = {"Agents", NULL};
	struct plan plan;

	(void)state;
	target.groups = target.licensed = people[0].groups = people[1].groups = other;
	plan = make();
	assert_int_equal(plan_step_total(&plan, STEP_GROUP_CREATE, 0), 0);
	assert_int_equal(plan_step_total(&plan, STEP_GROUP_DELETE, 0), 0);
	assert_int_equal(plan_step_total(&plan, STEP_MEMBERS_REMOVE, 0), 0);
	assert_int_equal(plan.problems[0].kind, PROBLEM_GROUP_CASE);
	assert_string_equal(plan.problems[0].what, "Agents is called agents there, and names of groups do not differ by case alone: write it so: "
		"people not put into it: 2");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(it_is_asked_for_when_the_group_is_made),
		TEST(it_is_asked_for_until_its_people_are_billed),
		TEST(it_is_asked_for_where_people_are_yet_to_come),
		TEST(an_inventory_of_before_says_nothing_so_a_day_is_enough),
		TEST(none_is_made_beside_one_that_differs_by_case_alone),
		TEST(groups_that_others_made_have_what_they_have),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
