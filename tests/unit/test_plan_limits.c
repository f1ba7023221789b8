/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What stops a plan: many at once, many one after another, settings that were mixed up, a clock that jumps; and who is not switched off. */
#include "tests/unit/unit.h"

#include "provision/plan.h"

#define NOW 1795000000
#define DAY 86400
#define CROWD 30

static struct arena *a;
static struct plan_limits limits;
static struct ledger_view ledger;
static struct target target;
static struct world_target there;
static struct desired_person people[CROWD];
static struct world_user users[CROWD];
static struct ledger_person records[CROWD];
static struct ledger_loss losses[CROWD];
static struct world_group groups[2];
static size_t count;
static int64_t now;
static const struct account *listed;    /* in the inventory; NULL: nobody */

static const char *const agents[] = {"agents", NULL}, *const customers[] = {"customers", NULL}, *const both[] = {"agents", "customers", NULL};

static const char *numbered(const char *what, size_t n)
{
	return arena_printf(a, "%s%02zu", what, n);
}

/* `licensed` of CROWD people are agents, the others customers, and all is as it shall be. */
static void company(size_t licensed)
{
	const char **in[2] = {arena_alloc(a, (CROWD + 1) * sizeof(char *)), arena_alloc(a, (CROWD + 1) * sizeof(char *))};

	memset(groups, 0, sizeof(groups));
	for (size_t i = 0; i < CROWD; i++) {
		struct world_group *g = &groups[i >= licensed];

		people[i] = (struct desired_person){.id = numbered("p", i), .dn = numbered("p", i), .mail = arena_printf(a, "p%02zu@x.org", i),
			.display_name = numbered("p", i), .kind = i < licensed ? DESIRED_LICENSED : DESIRED_CUSTOMER,
			.groups = i < licensed ? agents : customers};
		users[i] = (struct world_user){.id = numbered("u", i), .external_id = people[i].id, .user_name = people[i].mail,
			.mail = people[i].mail, .display_name = people[i].id, .active = true};
		records[i] = (struct ledger_person){.target = "organisation", .person = people[i].id, .user = users[i].id, .mail = users[i].mail,
			.since = NOW - 100 * DAY};
		in[i >= licensed][g->member_count++] = users[i].id;
	}
	groups[0] = (struct world_group){.id = "g0", .name = "agents", .members = in[0], .member_count = groups[0].member_count};
	groups[1] = (struct world_group){.id = "g1", .name = "customers", .members = in[1], .member_count = groups[1].member_count};
	count = CROWD;
}

static int begin(void **state)
{
	(void)state;
	a = arena_new();
	now = NOW;
	listed = NULL;
	limits = (struct plan_limits){.grace = 7 * DAY, .lose_most = 20, .lose_within = DAY, .lose_percent = 100, .seats_most = 20,
		.seats_percent = 100};
	target = (struct target){.name = "organisation", .kind = TARGET_ORGANIZATION, .base = "o", .groups = both, .licensed = agents};
	company(10);
	ledger = (struct ledger_view){.people = records, .count = CROWD, .losses = losses};
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
	const struct desired desired = {.targets = &target, .target_count = 1, .people = people, .count = count};
	const struct world world = {.targets = &there, .target_count = 1, .accounts = listed, .account_count = listed != NULL,
		.inventory_as_of = NOW};
	struct plan plan = {0};
	struct error err;

	there = (struct world_target){.complete = true, .users = users, .user_count = CROWD, .groups = groups, .group_count = 2};
	assert_done(plan_make(a, &desired, &world, &ledger, &limits, now, &plan, &err), err);
	return plan;
}

static void lost(size_t first, size_t n, int64_t ago)
{
	for (size_t i = 0; i < n; i++)
		losses[ledger.loss_count++] = (struct ledger_loss){"organisation", users[first + i].id, NOW - ago};
}

static void deny(size_t first, size_t n)
{
	for (size_t i = first; i < first + n; i++) {
		people[i].kind = DESIRED_NOTHING;
		people[i].groups = NULL;
	}
}

/* ---- one after another ---- */

static void what_is_taken_piece_by_piece_is_added_up(void **state)
{
	(void)state;
	deny(0, 1);
	lost(10, 19, 5);
	assert_null(make().stopped);            /* 20 in all */
	assert_int_equal(make().counts[0].lost, 19);
	lost(29, 1, 5);
	assert_string_equal(make().stopped, "1 accounts at organisation, with 20 others that lately did, would lose something, and the limit is 20");
	limits.lose_within = 0;
	assert_null(make().stopped);
	limits.lose_within = DAY;
	limits.lose_most = SIZE_MAX;
	limits.lose_percent = 69;
	assert_string_equal(make().stopped, "1 of 30 accounts at organisation, with 20 others that lately did, would lose something, and the limit is "
		"69 %");
	limits.lose_percent = 70;
	assert_null(make().stopped);
}

static void what_is_long_ago_or_elsewhere_or_the_same_account_is_not(void **state)
{
	(void)state;
	deny(0, 2);
	lost(0, 2, 5);                  /* they lose another thing */
	lost(10, 18, DAY);
	losses[2].at++;
	assert_int_equal(make().counts[0].lost, 1);
	losses[2].target = "helpdesk";
	assert_int_equal(make().counts[0].lost, 0);
	assert_null(make().stopped);
}

static void a_plan_that_takes_nothing_is_not_stopped_by_what_others_took(void **state)
{
	(void)state;
	lost(0, CROWD, 5);
	users[3].display_name = "another name";
	assert_int_equal(make().step_count, 1);
	assert_null(make().stopped);
}

/* ---- mixed up ---- */

static void licensed_and_customer_that_were_swapped_stop_it(void **state)
{
	struct plan plan;

	(void)state;
	target.licensed = customers;
	for (size_t i = 0; i < CROWD; i++)
		people[i].groups = i < 10 ? customers : agents;
	plan = make();
	assert_string_equal(plan.stopped, "30 accounts at organisation would lose something, and the limit is 20");
	limits.lose_most = SIZE_MAX;
	limits.lose_percent = 10;
	assert_non_null(make().stopped);
}

static void rules_that_license_everybody_stop_it(void **state)
{
	(void)state;
	company(2);
	for (size_t i = 2; i < CROWD; i++) {
		people[i].kind = DESIRED_LICENSED;
		people[i].groups = both;        /* nobody loses anything */
	}
	assert_string_equal(make().stopped, "28 more seats would be taken (2 now, 30 then), and the limit is 20");
}

static void a_clock_that_jumps_over_the_grace_time_stops_it(void **state)
{
	struct plan plan;

	(void)state;
	for (size_t i = 0; i < 25; i++)
		records[i].unwanted_since = NOW - DAY;
	memmove(people, people + 25, 5 * sizeof(*people));
	count = 5;
	plan = make();
	assert_int_equal(plan.counts[0].waiting, 25);
	assert_int_equal(plan.step_count, 0);
	now = NOW + 400 * DAY;
	plan = make();
	assert_int_equal(plan.counts[0].deactivated, 25);
	assert_string_equal(plan.stopped, "25 accounts at organisation would lose something, and the limit is 20");
	now = NOW - 400 * DAY;          /* and one that goes back is patient */
	assert_int_equal(make().step_count, 0);
}

/* Nobody is there yet, so nobody loses anything, and the number was allowed. */
static void a_first_load_that_licenses_most_people_stops(void **state)
{
	(void)state;
	company(10);
	groups[0].member_count = groups[1].member_count = 0;
	limits.seats_most = SIZE_MAX;
	limits.seats_percent = 50;
	assert_null(make().stopped);
	company(16);
	groups[0].member_count = groups[1].member_count = 0;
	assert_string_equal(make().stopped, "16 more seats would be taken (0 now, 16 then), for 30 people who shall have any account, and the limit is "
		"50 % of them: are rules mixed up, or the licensed groups?");
	limits.seats_percent = 54;
	assert_null(make().stopped);
	deny(20, 10);                           /* a share of those who get something */
	assert_non_null(strstr(make().stopped, "for 20 people who shall have any account"));
	company(9);
	groups[0].member_count = groups[1].member_count = 0;
	deny(9, 21);
	assert_null(make().stopped);            /* of few no share is looked at */
}

/* ---- an old inventory ---- */

static bool has_problem(const struct plan *plan, enum plan_problem_kind kind)
{
	for (size_t i = 0; i < plan->problem_count; i++)
		if (plan->problems[i].kind == kind)
			return true;
	return false;
}

static void an_old_inventory_is_told_of_and_nothing_is_made_by_it_unseen(void **state)
{
	const struct account portal = {.mail = "x@y.org", .kind = ACCOUNT_PORTAL}, managed = {.mail = "x@y.org", .kind = ACCOUNT_MANAGED};
	struct plan plan;

	(void)state;
	limits.inventory_most = 7 * DAY;
	listed = &portal;
	records[0].user = users[0].external_id = users[0].user_name = users[0].mail = NULL;      /* somebody is to be made */
	users[0].id = "nobody";
	now = NOW + 7 * DAY;
	plan = make();
	assert_false(has_problem(&plan, PROBLEM_INVENTORY_OLD));
	assert_int_equal(plan.counts[0].created, 1);
	now++;
	plan = make();                  /* somebody looks at it */
	assert_true(has_problem(&plan, PROBLEM_INVENTORY_OLD));
	assert_int_equal(plan.counts[0].created, 1);
	limits.inventory_needed = true;
	plan = make();
	assert_true(has_problem(&plan, PROBLEM_OTHER_KIND_UNREAD));
	assert_int_equal(plan.counts[0].created, 0);
	listed = &managed;              /* which lists no portal-only customers at all, old or new */
	assert_int_equal(make().counts[0].created, 1);
	listed = &portal;
	now = NOW - 1000;               /* of the future: a clock was wrong */
	assert_int_equal(make().counts[0].created, 0);
	now = NOW - 100;
	assert_int_equal(make().counts[0].created, 1);
}

/* ---- the same mail under a new id ---- */

static void who_was_made_anew_in_the_directory_keeps_the_account(void **state)
{
	static struct ledger_mail mail = {"organisation", "p05@x.org", "p05"};
	struct plan plan;

	(void)state;
	people[5].id = "p05new";
	people[5].dn = "p05 anew";
	records[5].unwanted_since = NOW - 100 * DAY;
	ledger.mails = &mail;
	ledger.mail_count = 1;
	plan = make();
	assert_int_equal(plan.task_count, 1);
	assert_int_equal(plan.tasks[0].kind, TASK_MAIL_MOVED);
	assert_int_equal(plan.step_count, 0);           /* not switched off while somebody is asked, however long that takes */
	assert_int_equal(plan.counts[0].waiting, 1);
	mail.person = "p05new";                         /* postern apply --confirm */
	plan = make();
	assert_int_equal(plan.task_count, 0);
	assert_int_equal(plan.step_count, 2);
	assert_int_equal(plan.steps[0].kind, STEP_ADOPT);
	assert_string_equal(plan.steps[0].user, "u05");
	assert_int_equal(plan.steps[1].kind, STEP_USER_UPDATE);
	assert_string_equal(plan.steps[1].fields.external_id, "p05new");
	mail.person = "p05";
}

static void the_account_of_who_was_switched_off_waits_for_the_answer_too(void **state)
{
	static struct ledger_mail mail = {"organisation", "p05@x.org", "p05"};
	struct plan plan;

	(void)state;
	deny(5, 1);
	people[29].mail = people[5].mail;       /* the old entry is still there, switched off; the new one wants its mail */
	records[5].unwanted_since = NOW - 100 * DAY;
	ledger.mails = &mail;
	ledger.mail_count = 1;
	plan = make();
	assert_int_equal(plan.counts[0].deactivated, 0);
	assert_int_equal(plan.counts[0].removed, 1);    /* the groups are left at once all the same */
	people[29].mail = users[29].mail;
	plan = make();
	assert_int_equal(plan.counts[0].deactivated, 1);
}

/* ---- administrators ---- */

/* Whether anything is done, with the administrator under the one name or the other. */
static bool does_something(const char *name)
{
	limits.administrators = (const char *const []){name, NULL};
	return make().step_count > 0;
}

/* No interface tells who is one, so whoever is meant by any of an account's names is, also where SCIM and the inventory call it otherwise. */
static void administrators_are_known_by_all_their_names(void **state)
{
	const struct account root = {.mail = "root@x.org", .id = "557058:root", .kind = ACCOUNT_MANAGED};

	(void)state;
	listed = &root;
	limits.grace = 0;
	/* somebody gives himself the mail of an account that no SCIM user is linked to: making one would link it */
	people[0].mail = "root@x.org";
	records[0].user = users[0].external_id = NULL;
	users[0].mail = users[0].user_name = "other@x.org";
	assert_true(does_something("nobody"));
	assert_false(does_something("root@x.org"));
	assert_false(does_something("557058:root"));
	/* the same for a mail that changes */
	company(10);
	people[0].mail = "root@x.org";
	assert_true(does_something("nobody"));
	assert_false(does_something("557058:root"));
	/* a SCIM user with another mail than the account, or with a user name alone */
	company(10);
	deny(0, 1);
	users[0].account_id = "557058:root";
	assert_true(does_something("nobody"));
	assert_false(does_something("Root@x.org"));
	users[0].account_id = NULL;
	users[0].mail = NULL;
	users[0].user_name = "root@x.org";
	assert_true(does_something("nobody"));
	assert_false(does_something("557058:root"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_taken_piece_by_piece_is_added_up),
		TEST(what_is_long_ago_or_elsewhere_or_the_same_account_is_not),
		TEST(a_plan_that_takes_nothing_is_not_stopped_by_what_others_took),
		TEST(licensed_and_customer_that_were_swapped_stop_it),
		TEST(rules_that_license_everybody_stop_it),
		TEST(a_first_load_that_licenses_most_people_stops),
		TEST(a_clock_that_jumps_over_the_grace_time_stops_it),
		TEST(an_old_inventory_is_told_of_and_nothing_is_made_by_it_unseen),
		TEST(who_was_made_anew_in_the_directory_keeps_the_account),
		TEST(the_account_of_who_was_switched_off_waits_for_the_answer_too),
		TEST(administrators_are_known_by_all_their_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
