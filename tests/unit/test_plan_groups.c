/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Groups that are protected, fixed, dropped, or called otherwise. */
#include "tests/unit/plan_stage.h"

static void a_protected_group_keeps_its_members_and_gets_none(void **state)
{
	const struct desired_person people[] = {licensed("p1", "a@x.org"), denied("p2", "b@x.org")};
	const struct world_user users[] = {user("u1", "p1", "a@x.org"), user("u2", "p2", "b@x.org")};
	const struct world_group groups[] = {group("g1", "agents", LIST("u2"))};
	const struct ledger_person records[] = {ours("organisation", "p1", "u1", "a@x.org"), ours("organisation", "p2", "u2", "b@x.org")};
	struct plan plan;

	(void)state;
	limits.protect_groups = LIST("ag*");
	SET_USERS(ORG, users);
	SET_GROUPS(ORG, groups);
	SET_LEDGER(records);
	plan = make(people, 2);
	assert_string_equal(said(&plan), "");
	assert_problem(&plan, PROBLEM_PROTECTED);
}

static void who_cannot_be_given_the_new_group_keeps_the_old_one(void **state)
{
	struct desired_person people[] = {licensed("p1", "a@x.org")};
	const struct world_user users[] = {user("u1", "p1", "a@x.org")};
	const struct world_group groups[] = {group("g1", "agents", LIST("u1"))};
	const struct ledger_person records[] = {ours("organisation", "p1", "u1", "a@x.org")};
	struct plan plan;

	(void)state;
	targets[ORG].groups = targets[ORG].licensed = LIST("agents", "jira-servicedesk-users-acme");
	people[0].groups = LIST("jira-servicedesk-users-acme");
	SET_USERS(ORG, users);
	SET_GROUPS(ORG, groups);
	SET_LEDGER(records);
	plan = make(people, 1);
	assert_string_equal(said(&plan), "");
	assert_problem(&plan, PROBLEM_GROUP_BUILTIN);
}

static void an_organization_that_scim_keeps_is_left_alone(void **state)
{
	const struct desired_person people[] = {at_portal("p1", "a@y.org", SITE)};
	const struct world_user users[] = {user("q1", NULL, "a@y.org"), user("q2", NULL, "b@y.org")};
	struct world_group groups[] = {group("7", "partners", LIST("q2"))};
	const struct world_group desks[] = {group("15", "Help", LIST("q1"))};
	const struct ledger_person records[] = {ours("site", "p1", "q1", "a@y.org"), ours("site", "p2", "q2", "b@y.org")};
	struct plan plan;

	(void)state;
	groups[0].fixed = true;
	SET_USERS(SITE, users);
	SET_GROUPS(SITE, groups);
	worlds[SITE].desks = desks;
	worlds[SITE].desk_count = 1;
	SET_LEDGER(records);
	plan = make(people, 1);
	assert_string_equal(said(&plan), "");
	assert_problem(&plan, PROBLEM_GROUP_FIXED);
}

static void a_group_of_ours_that_nothing_names_is_deleted_last(void **state)
{
	const struct desired_person people[] = {customer("p1", "a@x.org")};
	struct world_user users[] = {user("u1", "p1", "a@x.org"), user("u2", NULL, "b@x.org")};
	struct world_group groups[] = {group("g2", "customers", NULL), group("g9", "old", LIST("u1")), group("g8", "theirs", NULL)};
	const struct ledger_person records[] = {ours("organisation", "p1", "u1", "a@x.org")};
	const struct ledger_group made[] = {{.target = "organisation", .name = "customers", .id = "g2"},
		{.target = "organisation", .name = "old", .id = "g9", .since = 1}};
	struct plan plan;

	(void)state;
	SET_USERS(ORG, users);
	SET_GROUPS(ORG, groups);
	SET_LEDGER(records);
	SET_MADE(made);
	plan = make(people, 1);
	assert_string_equal(said(&plan), "members-add customers:p1, group-delete old");
	assert_int_equal(plan.counts[ORG].losing, 1);
	groups_unsure = true;           /* a mark of LDAP that cannot be read may name it */
	plan = make(people, 1);
	assert_string_equal(said(&plan), "members-add customers:p1");
	groups_unsure = false;
	groups[1] = group("g9", "old", LIST("u1", "u2"));
	plan = make(people, 1);        /* who has no business there leaves it */
	assert_string_equal(said(&plan), "members-add customers:p1, members-remove old:p1");
	assert_problem(&plan, PROBLEM_GROUP_KEPT);
}

/* Three of the agents' group, which was called otherwise before: p3 is none any more. */
static struct plan make_renamed(struct world_group *groups, size_t group_count)
{
	static struct desired_person people[3];
	static struct world_user users[3];
	static struct ledger_person records[3];

	people[0] = licensed("p1", "a@x.org");
	people[1] = licensed("p2", "b@x.org");
	people[2] = denied("p3", "c@x.org");
	for (int i = 0; i < 3; i++) {
		users[i] = user(LIST("u1", "u2", "u3")[i], people[i].id, people[i].mail);
		records[i] = ours("organisation", people[i].id, users[i].id, people[i].mail);
	}
	SET_USERS(ORG, users);
	SET_LEDGER(records);
	worlds[ORG].groups = groups;
	worlds[ORG].group_count = group_count;
	return make(people, 3);
}

static void a_group_of_another_name_takes_the_old_ones_place_when_somebody_says_so(void **state)
{
	struct world_group before[] = {group("g9", "old", LIST("u1", "u2", "u3"))};
	struct world_group after[] = {group("g1", "agents", LIST("u1", "u2")), group("g9", "old", LIST("u1", "u2"))};
	const struct ledger_group made[] = {{.target = "organisation", .name = "agents", .id = "g1", .since = NOW},
		{.target = "organisation", .name = "old", .id = "g9", .since = NOW - 100 * DAY}};
	struct plan plan, read;
	struct error err;

	(void)state;
	ledger.groups = &made[1];
	ledger.group_count = 1;
	limits.confirmed_group = "old";         /* of a group that is not there yet nobody knows what it gives */
	plan = make_renamed(before, 1);
	assert_string_equal(said(&plan), "group-create agents, members-add agents:p1+p2, members-remove old:p3");
	assert_task(&plan, TASK_GROUP_PRODUCTS, "old");
	assert_string_equal(plan.tasks[0].what, "give agents what old gives access to; 2 people stay in old until then");
	assert_done(plan_read(a, plan_write(a, &plan), &read, &err), err);
	assert_string_equal(read.tasks[0].group, "old");

	SET_MADE(made);
	limits.confirmed_group = NULL;
	plan = make_renamed(after, 2);
	assert_string_equal(said(&plan), "");
	assert_task(&plan, TASK_GROUP_PRODUCTS, "old");
	limits.confirmed_group = "agents";      /* another one */
	plan = make_renamed(after, 2);
	assert_string_equal(said(&plan), "");

	limits.confirmed_group = "old";
	plan = make_renamed(after, 2);
	assert_string_equal(said(&plan), "group-delete old");
	assert_int_equal(plan.task_count, 0);
	assert_int_equal(plan.counts[ORG].losing, 2);
}

static void who_goes_to_a_young_group_stays_in_the_old_one_for_a_day(void **state)
{
	struct world_group groups[] = {group("g1", "agents", LIST("u1", "u2")), group("g9", "old", LIST("u1", "u2", "u3"))};
	struct ledger_group made[] = {{.target = "organisation", .name = "agents", .id = "g1", .since = NOW - DAY + 1},
		{.target = "organisation", .name = "old", .id = "g9", .since = NOW - 100 * DAY}};
	struct plan plan;

	(void)state;
	targets[ORG].groups = LIST("agents", "customers", "old");
	targets[ORG].licensed = LIST("agents", "old");
	SET_MADE(made);
	plan = make_renamed(groups, 2);
	assert_string_equal(said(&plan), "members-remove old:p3");
	assert_task(&plan, TASK_GROUP_PRODUCTS, "old");
	limits.confirmed_group = "old";
	plan = make_renamed(groups, 2);
	assert_string_equal(said(&plan), "members-remove old:p1+p2+p3");
	limits.confirmed_group = NULL;
	made[0].since = NOW - DAY;
	plan = make_renamed(groups, 2);
	assert_string_equal(said(&plan), "members-remove old:p1+p2+p3");
	assert_int_equal(plan.task_count, 0);
	made[0].since = NOW - 1;        /* older than the old one */
	made[1].since = NOW;
	plan = make_renamed(groups, 2);
	assert_string_equal(said(&plan), "members-remove old:p1+p2+p3");
	targets[ORG].licensed = LIST("agents"); /* customers who became licensed leave what customers have */
	made[1].since = NOW - 100 * DAY;
	plan = make_renamed(groups, 2);
	assert_string_equal(said(&plan), "members-remove old:p1+p2+p3");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_protected_group_keeps_its_members_and_gets_none),
		TEST(who_cannot_be_given_the_new_group_keeps_the_old_one),
		TEST(an_organization_that_scim_keeps_is_left_alone),
		TEST(a_group_of_ours_that_nothing_names_is_deleted_last),
		TEST(a_group_of_another_name_takes_the_old_ones_place_when_somebody_says_so),
		TEST(who_goes_to_a_young_group_stays_in_the_old_one_for_a_day),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
