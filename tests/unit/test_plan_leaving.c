/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Who leaves and when, what a plan leaves alone, and where it stops. */
#include "tests/unit/plan_stage.h"

/* ---- leaving ---- */

/* A site lists only who is at a desk or in an organization. */
static void portal_access_of_who_is_at_no_desk_any_more_is_revoked_when_due(void **state)
{
	const struct desired_person out[] = {denied("p1", "a@x.org")}, up[] = {licensed("p1", "a@x.org")};
	struct desired_person bare[] = {at_portal("p1", "a@x.org", SITE)};
	struct ledger_person records[] = {ours("site", "p1", "q1", "a@x.org")};
	struct plan plan;

	(void)state;
	SET_LEDGER(records);
	plan = make(out, 1);
	assert_string_equal(said(&plan), "");
	assert_int_equal(plan.counts[SITE].waiting, 1);
	records[0].unwanted_since = NOW - 31 * DAY;
	plan = make(out, 1);
	assert_string_equal(said(&plan), "customer-revoke p1");
	assert_string_equal(plan.steps[0].user, "q1");
	plan = make(NULL, 0);           /* not in the directory either */
	assert_string_equal(said(&plan), "customer-revoke p1");
	plan = make(up, 1);             /* the other kind is there, though nobody lists it */
	assert_string_equal(said(&plan), "");
	assert_task(&plan, TASK_TO_MANAGED, "p1");
	((struct desired_place *)bare[0].places)->organizations = ((struct desired_place *)bare[0].places)->desks = NULL;
	records[0].unwanted_since = 0;
	plan = make(bare, 1);           /* made once, not with every plan anew */
	assert_string_equal(said(&plan), "");
	((struct desired_place *)bare[0].places)->desks = LIST("15");
	plan = make(bare, 1);           /* nor where the one desk that was meant is not there any more */
	assert_string_equal(said(&plan), "");
	assert_problem(&plan, PROBLEM_GROUP_UNKNOWN);
	records[0].ended = NOW - DAY;
	plan = make(out, 1);
	assert_string_equal(said(&plan), "");
}

/* Back within the grace time, with the mail of before or another one: it is their account, which nobody lists. */
static void who_comes_back_to_a_site_has_the_account_of_before(void **state)
{
	const struct desired_person back[] = {at_portal("p1", "new@x.org", SITE)};
	const struct ledger_person records[] = {ours("site", "p1", "q1", "old@x.org")};
	struct plan plan;

	(void)state;
	SET_LEDGER(records);
	plan = make(back, 1);
	assert_int_equal(plan_step_total(&plan, STEP_CUSTOMER_CREATE, SITE), 0);
	assert_task(&plan, TASK_PORTAL_MAIL, "p1");
	for (size_t i = 0; i < plan.step_count; i++)
		assert_true(plan.steps[i].kind == STEP_ORGANIZATION_CREATE || strcmp(plan.steps[i].member_users[0], "q1") == 0);
	assert_int_equal(plan_step_total(&plan, STEP_ORGANIZATION_ADD, SITE), 1);
}

static void nobody_is_taken_to_be_gone_by_old_data_or_without_a_name(void **state)
{
	const struct world_user users[] = {user("u1", "p1", "a@x.org"), user("u2", "p2", "B@x.org")};
	const struct world_group groups[] = {group("g1", "agents", LIST("u1", "u2"))};
	struct ledger_person records[] = {ours("organisation", "p1", "u1", "a@x.org"), ours("organisation", "p2", "u2", "b@x.org")};
	struct plan plan;

	(void)state;
	records[0].unwanted_since = records[1].unwanted_since = NOW - 31 * DAY;
	SET_USERS(ORG, users);
	SET_GROUPS(ORG, groups);
	SET_LEDGER(records);
	stale = "corp was last heard of long ago";
	plan = make(NULL, 0);
	assert_string_equal(said(&plan), "");
	assert_int_equal(plan.counts[ORG].waiting, 2);
	assert_problem(&plan, PROBLEM_HELD);
	stale = NULL;
	nameless = LIST("b@X.org");
	plan = make(NULL, 0);
	assert_string_equal(said(&plan), "members-remove agents:p1, user-deactivate p1");
}

static void who_is_gone_stays_as_they_were_until_the_grace_time_is_over(void **state)
{
	const struct world_user users[] = {user("u1", "p1", "a@x.org")};
	const struct world_group groups[] = {group("g1", "agents", LIST("u1"))};
	struct ledger_person records[] = {ours("organisation", "p1", "u1", "a@x.org")};
	struct plan plan;

	(void)state;
	SET_USERS(ORG, users);
	SET_GROUPS(ORG, groups);
	SET_LEDGER(records);
	plan = make(NULL, 0);           /* nobody looked before: the grace time begins now */
	assert_string_equal(said(&plan), "");
	assert_int_equal(plan.counts[ORG].waiting, 1);
	records[0].unwanted_since = NOW - 30 * DAY + 1;
	plan = make(NULL, 0);
	assert_string_equal(said(&plan), "");
	records[0].unwanted_since = NOW - 30 * DAY;
	plan = make(NULL, 0);
	assert_string_equal(said(&plan), "members-remove agents:p1, user-deactivate p1");
	assert_int_equal(plan.counts[ORG].seats_now, 1);
	assert_int_equal(plan.counts[ORG].seats_after, 0);
	assert_int_equal(plan.counts[ORG].losing, 1);
	assert_int_equal(plan.seat_count, 1);
	assert_string_equal(plan.seats[0].person, "p1");        /* by the ledger: the directory does not have them */
	assert_true(plan.seats[0].now && !plan.seats[0].after);
}

static void who_is_denied_leaves_the_groups_at_once_and_the_account_later(void **state)
{
	const struct desired_person people[] = {denied("p1", "a@x.org"), denied("p2", NULL)};
	const struct world_user users[] = {user("u1", "p1", "a@x.org"), user("u2", "p2", "b@x.org")};
	const struct world_group groups[] = {group("g1", "agents", LIST("u1", "u2"))};
	const struct ledger_person records[] = {ours("organisation", "p1", "u1", "a@x.org")};
	struct plan plan;

	(void)state;
	SET_USERS(ORG, users);
	SET_GROUPS(ORG, groups);
	SET_LEDGER(records);
	plan = make(people, 2);
	assert_string_equal(said(&plan), "members-remove agents:p1+p2");
	limits.grace = 0;
	plan = make(people, 2);         /* u2 is not ours */
	assert_string_equal(said(&plan), "members-remove agents:p1+p2, user-deactivate p1");
}

static void who_returns_is_activated_again(void **state)
{
	const struct desired_person people[] = {licensed("p1", "a@x.org")};
	struct world_user users[] = {user("u1", "p1", "a@x.org")};
	struct ledger_person records[] = {ours("organisation", "p1", "u1", "a@x.org")};
	const struct world_group groups[] = {group("g1", "agents", NULL)};
	struct plan plan;

	(void)state;
	users[0].active = false;
	records[0].ended = NOW - DAY;
	records[0].unwanted_since = NOW - 40 * DAY;
	SET_USERS(ORG, users);
	SET_GROUPS(ORG, groups);
	SET_LEDGER(records);
	plan = make(people, 1);
	assert_string_equal(said(&plan), "members-add agents:p1, user-activate p1");
	assert_int_equal(plan.counts[ORG].seats_after, 1);
}

static void an_agent_who_becomes_a_customer_is_moved_in_that_order(void **state)
{
	const struct desired_person people[] = {customer("p1", "a@x.org")};
	const struct world_user users[] = {user("u1", "p1", "a@x.org")};
	const struct world_group groups[] = {group("g1", "agents", LIST("u1"))};
	const struct ledger_person records[] = {ours("organisation", "p1", "u1", "a@x.org")};
	struct plan plan;

	(void)state;
	SET_USERS(ORG, users);
	SET_GROUPS(ORG, groups);
	SET_LEDGER(records);
	plan = make(people, 1);
	assert_string_equal(said(&plan), "group-create customers, members-add customers:p1, members-remove agents:p1");
	assert_int_equal(plan_seats_after(&plan), 0);
}

/* ---- what is left alone ---- */

static void a_customer_is_never_put_into_a_licensed_group(void **state)
{
	struct desired_person people[] = {customer("p1", "a@x.org")};
	struct plan plan;

	(void)state;
	people[0].groups = LIST("agents", "customers");
	plan = make(people, 1);
	assert_string_equal(said(&plan), "user-create p1, group-create customers, members-add customers:p1");
	assert_problem(&plan, PROBLEM_CUSTOMER_LICENSED);
}

static void the_protected_are_not_touched(void **state)
{
	const struct desired_person people[] = {customer("p1", "new@x.org"), denied("p2", "b@x.org"), customer("p3", "c@x.org"),
		customer("p4", "d@x.org")};
	struct world_user users[] = {user("u1", "p1", "a@x.org"), user("u2", "p2", "b@x.org"), user("u4", NULL, "d@x.org")};
	const struct world_group groups[] = {group("g1", "agents", LIST("u1", "u2"))};
	const struct ledger_person records[] = {ours("organisation", "p1", "u1", "a@x.org"), ours("organisation", "p2", "u2", "b@x.org")};
	const struct account accounts[] = {{.mail = "d@x.org", .id = "557058:admin", .kind = ACCOUNT_MANAGED}};
	struct plan plan;

	(void)state;
	limits.grace = 0;
	limits.protect = LIST("A@X.org", "c@x.org");
	limits.administrators = LIST("u2", "557058:admin");
	world.accounts = accounts;
	world.account_count = 1;
	SET_USERS(ORG, users);
	SET_GROUPS(ORG, groups);
	SET_LEDGER(records);
	plan = make(people, 4);
	assert_string_equal(said(&plan), "");
	assert_problem(&plan, PROBLEM_PROTECTED);
}

/* Who may change their own mail in the directory must not become the administrator by it. */
static void a_protected_mail_is_given_to_nobody(void **state)
{
	const struct desired_person people[] = {customer("p1", "root@example.net")};
	struct world_user users[] = {user("u1", "p1", "a@x.org")};
	const struct world_group groups[] = {group("g2", "customers", LIST("u1"))};
	const struct ledger_person records[] = {ours("organisation", "p1", "u1", "a@x.org")};
	struct plan plan;

	(void)state;
	limits.administrators = LIST("Root@example.net");
	SET_USERS(ORG, users);
	SET_GROUPS(ORG, groups);
	SET_LEDGER(records);
	plan = make(people, 1);
	assert_string_equal(said(&plan), "");
	assert_problem(&plan, PROBLEM_PROTECTED);
}

static void the_held_keep_all_they_have(void **state)
{
	struct desired_person people[] = {denied("p1", "a@x.org")};
	const struct world_user users[] = {user("u1", "p1", "a@x.org")};
	const struct world_group groups[] = {group("g1", "agents", LIST("u1"))};
	struct ledger_person records[] = {ours("organisation", "p1", "u1", "a@x.org")};
	struct plan plan;

	(void)state;
	limits.grace = 0;
	people[0].held = "facts are too old";
	SET_USERS(ORG, users);
	SET_GROUPS(ORG, groups);
	SET_LEDGER(records);
	plan = make(people, 1);
	assert_string_equal(said(&plan), "");
	assert_problem(&plan, PROBLEM_HELD);
}

static void strangers_and_what_was_not_read_are_left_alone(void **state)
{
	const struct world_user users[] = {user("u1", NULL, "a@x.org"), user("u2", "p2", "b@x.org")};
	const struct world_group groups[] = {group("g1", "agents", LIST("u1", "u2"))};
	const struct ledger_person records[] = {ours("organisation", "p2", "u2", "b@x.org")};
	struct plan plan;

	(void)state;
	limits.grace = 0;
	SET_USERS(ORG, users);
	SET_GROUPS(ORG, groups);
	SET_LEDGER(records);
	plan = make(NULL, 0);
	assert_string_equal(said(&plan), "members-remove agents:p2, user-deactivate p2");
	assert_problem(&plan, PROBLEM_STRANGERS);
	assert_string_equal(plan.problems[plan.problem_count - 1].what,
		"agents has 1 member that nobody here knows, left alone, though each may take a seat: a@x.org");
	worlds[ORG].complete = false;
	worlds[ORG].fault = "429";
	plan = make(NULL, 0);
	assert_string_equal(said(&plan), "");
	assert_problem(&plan, PROBLEM_TARGET_UNREAD);
}

/* A key that was revoked must not look like a world in which nothing is to be done. */
static void a_target_that_was_not_read_is_no_success(void **state)
{
	const struct desired_person people[] = {licensed("p1", "a@x.org")};
	const struct world_user users[] = {user("u1", "p1", "a@x.org")};
	struct error err;
	struct plan plan;

	(void)state;
	SET_USERS(ORG, users);
	plan = make(people, 1);
	assert_done(plan_require_read(&plan, &err), err);
	worlds[PORTAL].complete = false;
	worlds[PORTAL].fault = "401";
	plan = make(people, 1);
	assert_int_equal(plan_step_total(&plan, STEP_ADOPT, ORG), 1);   /* the others go on */
	assert_refused(plan_require_read(&plan, &err), err, REASON_PROVISION_STEP);
	assert_string_equal(err.detail, "helpdesk could not be read, so nothing is done there: 401");
	worlds[ORG].complete = worlds[SITE].complete = false;
	plan = make(people, 1);
	assert_refused(plan_require_read(&plan, &err), err, REASON_PROVISION_STOP);
	assert_string_equal(err.detail, "organisation and 2 more could not be read, so nothing is done there: not read to its end");
}

/* ---- the safety stop ---- */

static void stops_when_nobody_would_be_licensed_any_more(void **state)
{
	const struct desired_person people[] = {denied("p1", "a@x.org"), denied("p2", "b@x.org"), denied("p3", "c@x.org")};
	const struct world_user users[] = {user("u1", "p1", "a@x.org"), user("u2", "p2", "b@x.org"), user("u3", "p3", "c@x.org")};
	struct world_group groups[] = {group("g1", "agents", LIST("u1", "u2", "u3"))};
	const struct ledger_person records[] = {ours("organisation", "p1", "u1", "a@x.org"), ours("organisation", "p2", "u2", "b@x.org"),
		ours("organisation", "p3", "u3", "c@x.org")};

	(void)state;
	SET_USERS(ORG, users);
	SET_GROUPS(ORG, groups);
	SET_LEDGER(records);
	assert_null(make(people, 3).stopped);   /* any share may */
	limits.lose_percent = 10;
	assert_non_null(strstr(make(people, 3).stopped, "nobody at organisation would be licensed any more (3 now)"));
	groups[0] = group("g1", "agents", LIST("u1", "u2"));
	assert_null(make(people, 3).stopped);
}

static void stops_when_many_would_lose_something(void **state)
{
	struct world_user users[12];
	struct ledger_person records[12];
	struct plan plan;

	(void)state;
	limits.grace = 0;
	for (int i = 0; i < 12; i++) {
		users[i] = user(arena_printf(a, "u%02d", i), arena_printf(a, "p%02d", i), arena_printf(a, "%d@x.org", i));
		records[i] = ours("organisation", users[i].external_id, users[i].id, users[i].mail);
	}
	SET_USERS(ORG, users);
	SET_LEDGER(records);
	plan = make(NULL, 0);
	assert_null(plan.stopped);
	limits.lose_most = 11;
	plan = make(NULL, 0);
	assert_string_equal(plan.stopped, "12 accounts at organisation would lose something, and the limit is 11");
	limits.lose_most = 12;
	limits.lose_percent = 20;
	plan = make(NULL, 0);
	assert_string_equal(plan.stopped, "12 of 12 accounts at organisation would lose something, and the limit is 20 %");
	worlds[ORG].user_count = 9;     /* a share of few is no share */
	plan = make(NULL, 0);
	assert_null(plan.stopped);
}

static void stops_when_seats_rise_too_far(void **state)
{
	const struct desired_person people[] = {licensed("p1", "a@x.org"), licensed("p2", "b@x.org"), customer("p3", "c@x.org")};
	struct plan plan;

	(void)state;
	limits.seats_most = 2;
	plan = make(people, 3);
	assert_null(plan.stopped);
	limits.seats_most = 1;
	plan = make(people, 3);
	assert_string_equal(plan.stopped, "2 more seats would be taken (0 now, 2 then), and the limit is 1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(who_comes_back_to_a_site_has_the_account_of_before),
		TEST(portal_access_of_who_is_at_no_desk_any_more_is_revoked_when_due),
		TEST(nobody_is_taken_to_be_gone_by_old_data_or_without_a_name),
		TEST(who_is_gone_stays_as_they_were_until_the_grace_time_is_over),
		TEST(who_is_denied_leaves_the_groups_at_once_and_the_account_later),
		TEST(who_returns_is_activated_again),
		TEST(an_agent_who_becomes_a_customer_is_moved_in_that_order),
		TEST(a_customer_is_never_put_into_a_licensed_group),
		TEST(stops_when_nobody_would_be_licensed_any_more),
		TEST(the_protected_are_not_touched),
		TEST(a_protected_mail_is_given_to_nobody),
		TEST(the_held_keep_all_they_have),
		TEST(strangers_and_what_was_not_read_are_left_alone),
		TEST(a_target_that_was_not_read_is_no_success),
		TEST(stops_when_many_would_lose_something),
		TEST(stops_when_seats_rise_too_far),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
