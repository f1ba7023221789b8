/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The way back: who is billed without a rule, and one stage of it at a time. */
#include "tests/unit/way_back_stage.h"

static const char *said(const struct plan *plan)
{
	char *all = arena_strdup(a, "");

	for (size_t i = 0; i < plan->step_count; i++)
		all = arena_printf(a, "%s%s%s %s", all, i > 0 ? ", " : "", step_kind_word(plan->steps[i].kind),
			plan->steps[i].user ? plan->steps[i].user : plan->steps[i].member_users[0]);
	return all;
}

static void takes_them_out_of_licensed_groups_first(void **state)
{
	struct plan plan = make(WAY_BACK_GROUPS, NULL, SIZE_MAX);

	(void)state;
	assert_string_equal(said(&plan), "members-remove u2, members-remove u3");
	assert_int_equal(plan_seats_now(&plan), 4);
	assert_int_equal(plan_seats_after(&plan), 2);
	assert_int_equal(plan.counts[0].losing, 2);
	plan = make(WAY_BACK_GROUPS, NULL, 1);
	assert_string_equal(said(&plan), "members-remove u2");
	plan = make(WAY_BACK_GROUPS, "3@X.org", SIZE_MAX);
	assert_string_equal(said(&plan), "members-remove u3");
	plan = make(WAY_BACK_GROUPS, "5@x.org", SIZE_MAX);
	assert_int_equal(plan.step_count, 0);
}

static void names_products_for_a_human(void **state)
{
	struct plan plan = make(WAY_BACK_PRODUCTS, NULL, SIZE_MAX);

	(void)state;
	assert_int_equal(plan.step_count, 0);
	assert_int_equal(plan.task_count, 4);
	assert_int_equal(plan.tasks[0].kind, TASK_PRODUCTS);
	assert_string_equal(plan.tasks[0].what, "2@x.org is billed for trello");
	assert_string_equal(plan.tasks[3].what, "6@x.org is billed for trello, and is no user of this SCIM directory");
}

static void unlinks_only_who_shall_have_no_account_and_is_in_no_licensed_group(void **state)
{
	struct plan plan = make(WAY_BACK_UNLINK, NULL, SIZE_MAX);

	(void)state;
	assert_string_equal(said(&plan), "unlink u4");
	assert_string_equal(plan.steps[0].account_id, "a4");
	assert_string_equal(plan.steps[0].person, "4@x.org");   /* nobody here knows them */
	users[3].account_id = NULL;     /* done already */
	plan = make(WAY_BACK_UNLINK, NULL, SIZE_MAX);
	assert_int_equal(plan.step_count, 0);
}

static void deletes_and_activates_again_last(void **state)
{
	struct plan plan;

	(void)state;
	t.group_count = 0;
	plan = make(WAY_BACK_DELETE, NULL, SIZE_MAX);
	assert_string_equal(said(&plan), "user-delete u3, restore u3, user-delete u4, restore u4");
	assert_null(way_back_undo(WAY_BACK_DELETE));
	assert_non_null(strstr(plan.stopped, "cannot be undone"));
	assert_non_null(way_back_undo(WAY_BACK_UNLINK));
	assert_string_equal(way_back_word(WAY_BACK_UNLINK), "unlink");
	assert_non_null(way_back_says(WAY_BACK_DELETE));
}

static void the_held_and_the_unbilled_are_not_in_it(void **state)
{
	struct plan plan;

	(void)state;
	people[1].held = "in doubt";
	accounts[2].billable = -1;
	accounts[3].billable = 0;
	plan = make(WAY_BACK_GROUPS, NULL, SIZE_MAX);
	assert_int_equal(plan.step_count, 0);
	world.account_count = 0;
	plan = make(WAY_BACK_PRODUCTS, NULL, SIZE_MAX);
	assert_int_equal(plan.task_count, 0);
}

/* Of everybody who is billed and not in the plan: "2@x.org: …" */
static const char *left(const struct plan *plan)
{
	char *all = arena_strdup(a, "");

	for (size_t i = 0; i < plan->problem_count; i++)
		if (plan->problems[i].kind == PROBLEM_BILLED_LEFT)
			all = arena_printf(a, "%s%s: %s\n", all, plan->problems[i].person ? plan->problems[i].person : "", plan->problems[i].what);
	return all;
}

static void who_is_billed_and_left_is_named_with_the_reason(void **state)
{
	static const char *const protected[] = {"A4", NULL};
	struct plan plan;

	(void)state;
	plan = make(WAY_BACK_GROUPS, NULL, 1);
	assert_string_equal(left(&plan),
		"4@x.org: billed for trello, and left: in no licensed group: --release products names what they are billed for\n"
		"5@x.org: billed for trello, and left: an administrator of the organisation, by the settings\n"
		"6@x.org: billed for trello, and left: no user of this SCIM directory: --release products names what they are billed for\n"
		": people for batches after this one: 1\n");
	people[1].why = "rule staff";
	people[2].held = "something is unclear";
	limits.protect = protected;
	accounts[5].billable = -1;
	plan = make(WAY_BACK_DELETE, NULL, SIZE_MAX);
	assert_int_equal(plan.step_count, 0);
	assert_string_equal(left(&plan),
		"p2: billed for trello, and left: in the licensed group agents still: --release groups comes first\n"
		"3@x.org: billed for trello, and left: something is unclear\n"
		"4@x.org: billed for trello, and left: protected by the settings\n"
		"5@x.org: billed for trello, and left: an administrator of the organisation, by the settings\n"
		": the inventory does not say of 1 accounts whether they are billed\n");
	t.group_count = 0;
	plan = make(WAY_BACK_UNLINK, "2@x.org", SIZE_MAX);
	assert_string_equal(left(&plan), "p2: billed for trello, and left: rule staff gives them an Atlassian account\n");
	people[0].why = "rule agents";
	plan = make(WAY_BACK_UNLINK, "1@x.org", SIZE_MAX);
	assert_string_equal(left(&plan), "1@x.org: billed for trello, and left: rule agents licenses them\n");
	plan = make(WAY_BACK_UNLINK, "9@x.org", SIZE_MAX);
	assert_string_equal(left(&plan), ": the inventory knows no managed account 9@x.org that is billed\n");
}

/* Whoever the directory may have without our knowing it is not taken to be nobody's. */
static void who_may_be_in_the_directory_is_left(void **state)
{
	static const char *const nameless[] = {"4@x.org", NULL};
	struct plan plan;

	(void)state;
	t.group_count = 0;
	desired.nameless = nameless;
	plan = make(WAY_BACK_UNLINK, "4@x.org", SIZE_MAX);
	assert_int_equal(plan.step_count, 0);
	assert_non_null(strstr(left(&plan), "without telling whose it is"));
	desired.nameless = NULL;
	desired.stale = "corp was last heard of long ago";
	plan = make(WAY_BACK_UNLINK, NULL, SIZE_MAX);
	assert_string_equal(said(&plan), "unlink u3");      /* who is in it, and denied */
	assert_non_null(strstr(left(&plan), "4@x.org: billed for trello, and left: corp was last heard of long ago"));
}

/* Two who swapped mails since the inventory was read: the one who is billed has the other's mail now. */
static void a_mail_that_moved_leads_to_nobody_else(void **state)
{
	struct plan plan;

	(void)state;
	accounts[2].billable = 0;
	users[2].mail = "4@x.org";
	users[3].mail = "3@x.org";
	for (enum way_back_stage stage = 0; stage < WAY_BACK_STAGES; stage++) {
		plan = make(stage, "4@x.org", SIZE_MAX);
		assert_int_equal(plan.step_count + plan.task_count, 0);
	}
	users[2].mail = "3@x.org";
	users[3].mail = NULL;           /* known by its account alone */
	t.group_count = 0;
	plan = make(WAY_BACK_UNLINK, "4@x.org", SIZE_MAX);
	assert_string_equal(said(&plan), "unlink u4");
	users[3].external_id = "p1";    /* whom a rule licenses, under another mail */
	plan = make(WAY_BACK_PRODUCTS, "4@x.org", SIZE_MAX);
	assert_int_equal(plan.task_count, 0);
	users[3].external_id = NULL;
	users[3].account_id = "a9";     /* nobody else's, and not the one that is billed */
	users[3].mail = "4@x.org";
	plan = make(WAY_BACK_DELETE, "4@x.org", SIZE_MAX);
	assert_int_equal(plan.step_count, 0);
	assert_non_null(strstr(plan.problems[plan.problem_count - 1].what, "is another account's by now"));
}

/* Unlinked or deleted, an account goes on without the directory: nobody's who has left. */
static void who_has_left_is_not_cut_loose(void **state)
{
	const struct ledger_person gone = {.target = "organisation", .person = "p9", .user = "u4", .mail = "4@x.org"};
	struct plan plan;

	(void)state;
	t.group_count = 0;
	for (enum way_back_stage stage = WAY_BACK_UNLINK; stage <= WAY_BACK_DELETE; stage++) {
		users[2].active = false;
		plan = make(stage, "3@x.org", SIZE_MAX);
		assert_int_equal(plan.step_count, 0);
		users[2].active = true;
		accounts[2].status = "inactive";
		plan = make(stage, "3@x.org", SIZE_MAX);
		assert_int_equal(plan.step_count, 0);
		accounts[2].status = "active";
		people[2].disabled = true;
		plan = make(stage, "3@x.org", SIZE_MAX);
		assert_int_equal(plan.step_count, 0);
		assert_non_null(strstr(plan.problems[plan.problem_count - 1].what, "switched off in the directory"));
		people[2].disabled = false;
		plan = make(stage, "3@x.org", SIZE_MAX);
		assert_true(plan.step_count > 0);
		ledger = (struct ledger_view){.people = &gone, .count = 1};
		plan = make(stage, "4@x.org", SIZE_MAX);
		assert_int_equal(plan.step_count, 0);
		assert_non_null(strstr(plan.problems[plan.problem_count - 1].what, "not in the directory any more"));
		ledger = (struct ledger_view){0};
	}
}

/* Whom this is for above all: licensed once, and wanted at the portal alone.  Their Atlassian account is why nothing is made for them there. */
static void who_shall_be_portal_only_is_in_every_stage(void **state)
{
	const struct target two[] = {target, {.name = "helpdesk", .kind = TARGET_PORTAL_SCIM, .base = "p"}};
	struct world_target worlds[] = {t, {.complete = true}};
	const struct desired_place place = {.target = 1};
	struct plan plan;

	(void)state;
	people[2] = (struct desired_person){.id = "p3", .mail = "3@x.org", .kind = DESIRED_PORTAL, .places = &place, .place_count = 1};
	desired.targets = two;
	world.targets = worlds;
	desired.target_count = world.target_count = 2;
	plan = make(WAY_BACK_GROUPS, "3@x.org", SIZE_MAX);
	assert_string_equal(said(&plan), "members-remove u3");
	plan = make(WAY_BACK_PRODUCTS, "3@x.org", SIZE_MAX);
	assert_int_equal(plan.task_count, 1);
	assert_string_equal(plan.tasks[0].what, "3@x.org is billed for trello");
	worlds[0].group_count = 0;
	plan = make(WAY_BACK_UNLINK, "3@x.org", SIZE_MAX);
	assert_string_equal(said(&plan), "unlink u3");
	plan = make(WAY_BACK_DELETE, "3@x.org", SIZE_MAX);
	assert_string_equal(said(&plan), "user-delete u3, restore u3");
	users[3].external_id = "p3";    /* in doubt for something else, too: two accounts */
	plan = make(WAY_BACK_DELETE, "3@x.org", SIZE_MAX);
	assert_int_equal(plan.step_count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(takes_them_out_of_licensed_groups_first),
		TEST(names_products_for_a_human),
		TEST(unlinks_only_who_shall_have_no_account_and_is_in_no_licensed_group),
		TEST(deletes_and_activates_again_last),
		TEST(the_held_and_the_unbilled_are_not_in_it),
		TEST(who_is_billed_and_left_is_named_with_the_reason),
		TEST(who_may_be_in_the_directory_is_left),
		TEST(a_mail_that_moved_leads_to_nobody_else),
		TEST(who_has_left_is_not_cut_loose),
		TEST(who_shall_be_portal_only_is_in_every_stage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
