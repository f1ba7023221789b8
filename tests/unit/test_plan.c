/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a plan does for people: made, adopted, changed, never of two kinds, never of another's mail. */
#include "tests/unit/plan_stage.h"

/* ---- making ---- */

static void makes_people_then_groups_then_members(void **state)
{
	const struct desired_person people[] = {licensed("p1", "a@x.org"), customer("p2", "b@x.org"), at_portal("p3", "c@y.org", PORTAL),
		at_portal("p4", "d@y.org", SITE)};
	const struct world_group desks[] = {group("15", "Help", NULL)};
	struct plan plan;

	(void)state;
	worlds[SITE].desks = desks;
	worlds[SITE].desk_count = 1;
	plan = make(people, COUNT(people));
	assert_string_equal(said(&plan), "user-create p1, user-create p2, user-create p3, customer-create p4, group-create agents, "
		"group-create customers, group-create partners, organization-create partners, members-add agents:p1, members-add customers:p2, "
		"members-add partners:p3, organization-add partners:p4, desk-add 15:p4");
	assert_string_equal(plan.steps[0].fields.external_id, "p1");
	assert_string_equal(plan.steps[0].fields.mail, "a@x.org");
	assert_string_equal(plan.steps[0].why, "rule agents");
	assert_null(plan.steps[3].fields.external_id);
	assert_int_equal(plan_seats_now(&plan), 0);
	assert_int_equal(plan_seats_after(&plan), 1);
	assert_int_equal(plan.seat_count, 1);
	assert_string_equal(plan.seats[0].person, "p1");
	assert_false(plan.seats[0].now);
	assert_int_equal(plan.counts[ORG].created, 2);
	assert_int_equal(plan_step_total(&plan, STEP_USER_CREATE, ORG), 2);
	assert_null(plan.stopped);
}

static void nothing_is_to_be_done_where_all_is_as_it_shall_be(void **state)
{
	const struct desired_person people[] = {licensed("p1", "a@x.org"), customer("p2", "b@x.org")};
	const struct world_user users[] = {user("u1", "p1", "A@x.org"), user("u2", "p2", "b@x.org")};
	const struct world_group groups[] = {group("g1", "agents", LIST("u1")), group("g2", "customers", LIST("u2"))};
	const struct ledger_person records[] = {ours("organisation", "p1", "u1", "a@x.org"), ours("organisation", "p2", "u2", "b@x.org")};
	struct plan plan;

	(void)state;
	SET_USERS(ORG, users);
	SET_GROUPS(ORG, groups);
	SET_LEDGER(records);
	plan = make(people, 2);
	assert_string_equal(said(&plan), "");
	assert_int_equal(plan.counts[ORG].seats_now, 1);
	assert_int_equal(plan.counts[ORG].ours, 2);
}

static void members_go_in_batches_and_a_group_is_never_overfull(void **state)
{
	enum { MANY = 250 };
	struct desired_person *people = arena_alloc(a, MANY * sizeof(*people));
	const char **members = arena_alloc(a, (PLAN_MEMBERS_A_GROUP + 1) * sizeof(*members));
	struct world_group groups[1];
	struct plan plan;

	(void)state;
	for (int i = 0; i < MANY; i++)
		people[i] = licensed(arena_printf(a, "p%03d", i), arena_printf(a, "p%03d@x.org", i));
	plan = make(people, MANY);
	assert_int_equal(plan_step_total(&plan, STEP_MEMBERS_ADD, ORG), 3);
	assert_int_equal(plan.steps[MANY + 1].member_count, PLAN_MEMBERS_A_CALL);
	assert_int_equal(plan.steps[MANY + 3].member_count, 50);
	assert_string_equal(plan.steps[MANY + 3].why, "50 people by rule agents");

	for (int i = 0; i < PLAN_MEMBERS_A_GROUP - 10; i++)
		members[i] = "stranger";
	groups[0] = group("g1", "agents", members);
	SET_GROUPS(ORG, groups);
	plan = make(people, MANY);
	assert_int_equal(plan.counts[ORG].added, 10);
	assert_problem(&plan, PROBLEM_GROUP_FULL);
}

/* ---- adopting ---- */

static void adopts_by_external_id_then_by_mail(void **state)
{
	const struct desired_person people[] = {customer("p1", "a@x.org"), customer("p2", "b@x.org"), customer("p3", "c@x.org")};
	struct world_user users[] = {user("u1", "p1", "a@x.org"), user("u2", "nickname", "B@X.org"), user("u3", NULL, "c@x.org")};
	const struct world_group groups[] = {group("g2", "customers", LIST("u1", "u2", "u3"))};
	struct plan plan;

	(void)state;
	users[1].display_name = "p2";
	users[2].display_name = "p3";
	SET_USERS(ORG, users);
	SET_GROUPS(ORG, groups);
	plan = make(people, 3);
	assert_string_equal(said(&plan), "adopt p1, adopt p2, adopt p3, user-update p2, user-update p3");
	assert_string_equal(plan.steps[3].fields.external_id, "p2");
	assert_string_equal(plan.steps[3].before.external_id, "nickname");
	assert_null(plan.steps[3].fields.mail);
	assert_int_equal(plan.counts[ORG].adopted, 3);
}

static void a_guid_is_found_in_any_case(void **state)
{
	const struct desired_person people[] = {customer("7b1c2d3e-4f50-4a61-8b72-93a4b5c6d7e8", "a@x.org")};
	struct world_user users[] = {user("u1", "7B1C2D3E-4F50-4A61-8B72-93A4B5C6D7E8", "other@x.org")};
	struct plan plan;

	(void)state;
	users[0].display_name = people[0].id;
	SET_USERS(ORG, users);
	plan = make(people, 1);
	assert_string_equal(plan.steps[1].fields.mail, "a@x.org");
	assert_null(plan.steps[1].fields.external_id);
	assert_int_equal(plan.counts[ORG].created, 0);
}

static void updates_what_differs_and_leaves_what_is_not_known(void **state)
{
	struct desired_person people[] = {customer("p1", "new@x.org")};
	struct world_user users[] = {user("u1", "p1", "old@x.org")};
	const struct world_group groups[] = {group("g2", "customers", LIST("u1"))};
	const struct ledger_person records[] = {ours("organisation", "p1", "u1", "old@x.org")};
	struct plan plan;

	(void)state;
	people[0].title = "Engineer";
	users[0].department = "IT";
	SET_USERS(ORG, users);
	SET_GROUPS(ORG, groups);
	SET_LEDGER(records);
	plan = make(people, 1);
	assert_string_equal(said(&plan), "user-update p1");
	assert_string_equal(plan.steps[0].fields.mail, "new@x.org");
	assert_string_equal(plan.steps[0].before.mail, "old@x.org");
	assert_string_equal(plan.steps[0].fields.title, "Engineer");
	assert_null(plan.steps[0].fields.department);
	assert_null(plan.steps[0].fields.display_name);
}

/* ---- sticky kinds ---- */

static void a_portal_only_account_is_not_doubled_by_an_atlassian_account(void **state)
{
	const struct desired_person people[] = {licensed("p1", "a@x.org"), licensed("p2", "b@x.org"), licensed("p3", "c@x.org")};
	const struct world_user portal[] = {user("q1", NULL, "A@x.org")};
	const struct account accounts[] = {{.mail = "b@x.org", .kind = ACCOUNT_PORTAL},
		{.mail = "c@x.org", .kind = ACCOUNT_PORTAL, .status = "closed"}};
	struct plan plan;

	(void)state;
	SET_USERS(SITE, portal);
	world.accounts = accounts;
	world.account_count = 2;
	plan = make(people, 3);
	assert_string_equal(said(&plan), "user-create p3, group-create agents, members-add agents:p3");
	assert_task(&plan, TASK_TO_MANAGED, "p1");
	assert_task(&plan, TASK_TO_MANAGED, "p2");
	assert_non_null(plan_task_link(TASK_TO_MANAGED));
	assert_non_null(plan_task_steps(TASK_TO_MANAGED)[2]);
}

static void an_atlassian_account_is_not_doubled_by_a_portal_only_one(void **state)
{
	const struct desired_person people[] = {at_portal("p1", "a@x.org", PORTAL), at_portal("p2", "b@x.org", SITE)};
	struct world_user users[] = {user("u1", "p1", "a@x.org")};
	const struct world_group groups[] = {group("g1", "agents", LIST("u1"))};
	const struct ledger_person records[] = {ours("organisation", "p1", "u1", "a@x.org")};
	const struct account accounts[] = {{.mail = "b@x.org", .kind = ACCOUNT_MANAGED}};
	struct plan plan;

	(void)state;
	limits.grace = 0;
	SET_USERS(ORG, users);
	SET_GROUPS(ORG, groups);
	SET_LEDGER(records);
	world.accounts = accounts;
	world.account_count = 1;
	plan = make(people, 2);
	assert_string_equal(said(&plan), "");
	assert_task(&plan, TASK_TO_PORTAL, "p1");
	assert_task(&plan, TASK_TO_PORTAL, "p2");
}

/* Among the customers of a site are Atlassian accounts. */
static void an_atlassian_account_that_is_a_sites_customer_is_no_portal_only_one(void **state)
{
	const struct desired_person people[] = {at_portal("p1", "a@x.org", SITE), licensed("p2", "b@x.org"), denied("p3", "c@x.org")};
	struct world_user users[] = {user("5a", NULL, "a@x.org"), user("5b", NULL, "b@x.org"), user("5c", NULL, "c@x.org")};
	struct ledger_person records[] = {ours("site", "p3", "5c", "c@x.org")};
	struct plan plan;

	(void)state;
	limits.grace = 0;
	users[0].atlassian = users[1].atlassian = users[2].atlassian = true;
	SET_USERS(SITE, users);
	SET_LEDGER(records);
	plan = make(people, 3);
	assert_string_equal(said(&plan), "user-create p2, group-create agents, members-add agents:p2");
	assert_task(&plan, TASK_TO_PORTAL, "p1");
	assert_task(&plan, TASK_GROUP_NEW, "agents");
	assert_int_equal(plan.task_count, 2);
}

static void nothing_is_made_while_the_other_kind_cannot_be_seen(void **state)
{
	const struct desired_person people[] = {licensed("p1", "a@x.org")};
	const struct world_user users[] = {user("u1", NULL, "a@x.org")};
	struct plan plan;

	(void)state;
	worlds[SITE].complete = false;
	plan = make(people, 1);
	assert_string_equal(said(&plan), "");
	assert_problem(&plan, PROBLEM_OTHER_KIND_UNREAD);
	SET_USERS(ORG, users);          /* who has an account is not concerned */
	plan = make(people, 1);
	assert_int_equal(plan.counts[ORG].adopted, 1);
}

/* ---- mails ---- */

static void two_people_with_one_mail_are_both_held(void **state)
{
	const struct desired_person people[] = {customer("p1", "a@x.org"), customer("p2", "A@x.org"), customer("p3", "c@x.org")};
	struct plan plan = make(people, 3);

	(void)state;
	assert_int_equal(plan.counts[ORG].created, 1);
	assert_task(&plan, TASK_ONE_MAIL, "p1");
	assert_task(&plan, TASK_ONE_MAIL, "p2");
}

static void a_mail_that_was_anothers_is_held_until_confirmed(void **state)
{
	const struct desired_person people[] = {customer("p2", "a@x.org")};
	struct world_user users[] = {user("u1", "p1", "a@x.org")};
	const struct ledger_person records[] = {ours("organisation", "p1", "u1", "a@x.org")};
	struct ledger_mail mails[] = {{"organisation", "a@x.org", "p1"}};
	struct plan plan;

	(void)state;
	SET_USERS(ORG, users);
	SET_LEDGER(records);
	ledger.mails = mails;
	ledger.mail_count = 1;
	plan = make(people, 1);
	assert_string_equal(said(&plan), "");
	assert_task(&plan, TASK_MAIL_MOVED, "p2");

	mails[0].person = "p2";         /* the same human being: the account passes on */
	plan = make(people, 1);
	assert_string_equal(plan.steps[0].person, "p2");
	assert_int_equal(plan.steps[0].kind, STEP_ADOPT);
	assert_string_equal(plan.steps[0].before.external_id, "p1");
	assert_string_equal(plan.steps[1].fields.external_id, "p2");

	mails[0].person = "p1";         /* nobody has the account any more: still another's until somebody says so */
	worlds[ORG].user_count = 0;
	plan = make(people, 1);
	assert_string_equal(said(&plan), "");
	assert_task(&plan, TASK_MAIL_MOVED, "p2");
}

static void an_account_with_an_object_id_that_nobody_knows_is_not_adopted_by_mail(void **state)
{
	const struct desired_person people[] = {customer("p2", "a@x.org")};
	const struct world_user users[] = {user("u1", "7b1c2d3e-4f50-4a61-8b72-93a4b5c6d7e8", "a@x.org")};
	struct plan plan;

	(void)state;
	SET_USERS(ORG, users);
	plan = make(people, 1);
	assert_string_equal(said(&plan), "");
	assert_task(&plan, TASK_MAIL_MOVED, "p2");
}

static void two_who_swap_their_mails_are_held_then_swapped(void **state)
{
	const struct desired_person people[] = {customer("p1", "b@x.org"), customer("p2", "a@x.org")};
	const struct world_user users[] = {user("u1", "p1", "a@x.org"), user("u2", "p2", "b@x.org")};
	const struct world_group groups[] = {group("g2", "customers", LIST("u1", "u2"))};
	const struct ledger_person records[] = {ours("organisation", "p1", "u1", "a@x.org"), ours("organisation", "p2", "u2", "b@x.org")};
	struct ledger_mail mails[] = {{"organisation", "a@x.org", "p1"}, {"organisation", "b@x.org", "p2"}};
	struct plan plan;

	(void)state;
	SET_USERS(ORG, users);
	SET_GROUPS(ORG, groups);
	SET_LEDGER(records);
	ledger.mails = mails;
	ledger.mail_count = 2;
	plan = make(people, 2);
	assert_string_equal(said(&plan), "");
	assert_task(&plan, TASK_MAIL_MOVED, "p1");
	assert_task(&plan, TASK_MAIL_MOVED, "p2");

	mails[0].person = "p2";
	mails[1].person = "p1";
	plan = make(people, 2);
	assert_string_equal(said(&plan), "user-update p1, user-update p2, user-update p1");
	assert_string_equal(plan.steps[0].fields.mail, "postern-swap-u1@x.org");
	assert_string_equal(plan.steps[1].fields.mail, "a@x.org");
	assert_string_equal(plan.steps[2].fields.mail, "b@x.org");
}

static void a_mail_passes_on_after_its_holder_is_renamed(void **state)
{
	struct desired_person people[] = {customer("p1", "new@x.org"), customer("p2", "a@x.org")};
	const struct world_user users[] = {user("u1", "p1", "a@x.org")};
	const struct ledger_person records[] = {ours("organisation", "p1", "u1", "a@x.org")};
	const struct ledger_mail mails[] = {{"organisation", "a@x.org", "p2"}};
	struct plan plan;

	(void)state;
	SET_USERS(ORG, users);
	SET_LEDGER(records);
	ledger.mails = mails;
	ledger.mail_count = 1;
	plan = make(people, 2);
	assert_int_equal(plan.steps[0].kind, STEP_USER_UPDATE);
	assert_string_equal(plan.steps[0].fields.mail, "new@x.org");
	assert_int_equal(plan.steps[1].kind, STEP_USER_CREATE);

	people[0].held = "in doubt";    /* then whoever waits for that mail waits, too */
	plan = make(people, 2);
	assert_string_equal(said(&plan), "");
	assert_task(&plan, TASK_MAIL_MOVED, "p2");
}

static void a_second_account_with_the_new_mail_is_a_humans_to_look_at(void **state)
{
	const struct desired_person people[] = {customer("p1", "new@x.org"), customer("p2", "b@x.org")};
	const struct world_user users[] = {user("u1", "p1", "old@x.org"), user("u2", NULL, "new@x.org"), user("u3", NULL, "b@x.org"),
		user("u4", NULL, "b@x.org")};
	struct plan plan;

	(void)state;
	SET_USERS(ORG, users);
	plan = make(people, 2);
	assert_string_equal(said(&plan), "");
	assert_task(&plan, TASK_TWO_ACCOUNTS, "p1");
	assert_task(&plan, TASK_TWO_ACCOUNTS, "p2");
}

static void a_portal_customers_mail_and_return_are_tasks(void **state)
{
	const struct desired_person people[] = {at_portal("p1", "new@x.org", SITE)};
	struct world_user users[] = {user("q1", NULL, "old@x.org")};
	const struct ledger_person records[] = {ours("site", "p1", "q1", "old@x.org")};
	struct plan plan;

	(void)state;
	users[0].active = false;
	SET_USERS(SITE, users);
	SET_LEDGER(records);
	plan = make(people, 1);
	assert_int_equal(plan_step_total(&plan, STEP_CUSTOMER_CREATE, SITE), 0);
	assert_task(&plan, TASK_PORTAL_MAIL, "p1");
	assert_task(&plan, TASK_PORTAL_RETURN, "p1");
}

/* ---- what is refused ---- */

/* No interface changes the mail of an account there, so whoever is to have it waits, in whichever order the two stand. */
static void a_mail_that_a_customer_of_a_site_still_has_is_given_to_nobody(void **state)
{
	static const char *const ids[][2] = {{"p1", "p2"}, {"p2", "p1"}};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		const char *new = ids[i][0], *old = ids[i][1];
		const struct world_user there[] = {user("qm:2", NULL, "x@y.org")};
		const struct ledger_person records[] = {ours("site", old, "qm:2", "x@y.org")};
		const struct ledger_mail mails[] = {{"site", "x@y.org", new}};         /* somebody confirmed it */
		struct desired_person people[] = {at_portal("p1", "x@y.org", SITE), at_portal("p2", "x@y.org", SITE)};
		struct plan plan;

		people[1 - i].mail = "y@y.org";
		SET_USERS(SITE, there);
		SET_LEDGER(records);
		ledger.mails = mails;
		ledger.mail_count = 1;
		plan = make(people, 2);
		assert_null(strstr(said(&plan), "customer-create"));
		assert_task(&plan, TASK_PORTAL_MAIL, old);
		assert_task(&plan, TASK_MAIL_MOVED, new);
	}
}

static void a_world_of_other_targets_is_refused(void **state)
{
	struct desired desired = {.targets = targets, .target_count = 2};
	struct plan plan;
	struct error err;

	(void)state;
	assert_refused(plan_make(a, &desired, &world, &ledger, &limits, NOW, &plan, &err), err, REASON_INTERNAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(makes_people_then_groups_then_members),
		TEST(nothing_is_to_be_done_where_all_is_as_it_shall_be),
		TEST(members_go_in_batches_and_a_group_is_never_overfull),
		TEST(adopts_by_external_id_then_by_mail),
		TEST(a_guid_is_found_in_any_case),
		TEST(updates_what_differs_and_leaves_what_is_not_known),
		TEST(a_portal_only_account_is_not_doubled_by_an_atlassian_account),
		TEST(an_atlassian_account_is_not_doubled_by_a_portal_only_one),
		TEST(an_atlassian_account_that_is_a_sites_customer_is_no_portal_only_one),
		TEST(nothing_is_made_while_the_other_kind_cannot_be_seen),
		TEST(two_people_with_one_mail_are_both_held),
		TEST(a_mail_that_was_anothers_is_held_until_confirmed),
		TEST(an_account_with_an_object_id_that_nobody_knows_is_not_adopted_by_mail),
		TEST(two_who_swap_their_mails_are_held_then_swapped),
		TEST(a_mail_passes_on_after_its_holder_is_renamed),
		TEST(a_second_account_with_the_new_mail_is_a_humans_to_look_at),
		TEST(a_portal_customers_mail_and_return_are_tasks),
		TEST(a_mail_that_a_customer_of_a_site_still_has_is_given_to_nobody),
		TEST(a_world_of_other_targets_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
