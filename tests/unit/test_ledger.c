/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the ledger learns of calls, and of looking. */
#include "tests/unit/ledger_stage.h"

#include "base/clock.h"

static void remembers_what_was_made(void **state)
{
	struct ledger_view view;
	const struct ledger_person *p;

	(void)state;
	done(&create, &made);
	view = load();
	p = ledger_person_of(&view, "org", "p1");
	assert_non_null(p);
	assert_string_equal(p->user, "u1");
	assert_string_equal(p->account_id, "557");
	assert_int_equal(p->deed, LEDGER_CREATED);
	assert_string_equal(ledger_mail_of(&view, "org", "a@x.org")->person, "p1");
	assert_null(ledger_person_of(&view, "org", "p2"));
	assert_null(ledger_person_of(&view, "other", "p1"));
}

static void what_was_there_already_is_adopted(void **state)
{
	struct step_result found = made;
	struct ledger_view view;
	const struct step group = {.kind = STEP_GROUP_CREATE, .name = "g"};

	(void)state;
	found.was_so = true;
	done(&create, &found);
	done(&group, &found);
	view = load();
	assert_int_equal(view.people[0].deed, LEDGER_ADOPTED);
	assert_int_equal(view.group_count, 0);
}

static void follows_updates_switching_off_and_on(void **state)
{
	const struct step update = {.kind = STEP_USER_UPDATE, .person = "p1", .user = "u1", .fields = {.mail = "b@x.org"}};
	const struct step off = {.kind = STEP_USER_DEACTIVATE, .person = "p1", .user = "u1"};
	const struct step on = {.kind = STEP_USER_ACTIVATE, .person = "p1", .user = "u1"};
	const struct step_result ok = {.status = 200};
	struct ledger_view view;

	(void)state;
	done(&create, &made);
	done(&update, &ok);
	done(&off, &ok);
	view = load();
	assert_string_equal(view.people[0].mail, "b@x.org");
	assert_int_equal(view.people[0].ended, NOW + 1);
	assert_int_equal(view.mail_count, 2);   /* the old one stays theirs until somebody says otherwise */
	done(&on, &ok);
	view = load();
	assert_int_equal(view.people[0].ended, 0);
}

static void accounts_that_a_site_does_not_know_are_known_by_no_id_any_more(void **state)
{
	const char *const people[] = {"p1", "p2", NULL}, *const users[] = {"557", "558", NULL}, *const unknown[] = {"558", NULL};
	const struct step other = {.kind = STEP_USER_CREATE, .person = "p2", .fields = {.external_id = "p2", .mail = "b@x.org"}};
	const struct step_result made_other = {.id = "558", .status = 201}, partly = {.status = 204, .failed = unknown},
		refused = {.status = 400}, forbidden = {.status = 403};
	struct step add = {.kind = STEP_DESK_ADD, .name = "15", .members = people, .member_users = users, .member_count = 2};
	struct error err, why;

	(void)state;
	error_set(&why, REASON_PROVISION_STEP, "no");
	done(&create, &(struct step_result){.id = "557", .status = 201});
	done(&other, &made_other);
	done(&add, &partly);
	assert_string_equal(load().people[0].user, "557");
	assert_null(load().people[1].user);
	assert_done(ledger_failed(ledger, begun(&add), "org", &add, &forbidden, &why, NOW, &err), err);
	assert_string_equal(load().people[0].user, "557");
	add.member_count = 1;
	assert_done(ledger_failed(ledger, begun(&add), "org", &add, &refused, &why, NOW, &err), err);
	assert_null(load().people[0].user);
}

/* The name of a group of a directory, a text that was cut: one that is no UTF-8 must not hide all calls. */
static void a_call_is_read_again_whatever_it_says(void **state)
{
	struct step add = create;
	struct ledger_call calls[2] = {0}, *next = calls;
	struct error err;

	(void)state;
	add.why = "rule agents, by corp:\xc3\xa4gents\xfc through corp:\xe2\x82";
	done(&add, &made);
	assert_done(ledger_calls(ledger, 2, keep_call, &next, &err), err);
	assert_int_equal(next - calls, 1);
	assert_string_equal(calls[0].answer, "POST /Users 201");
}

/* Known before the call, and until it was refused for sure. */
static void what_may_have_been_unlinked_is_known_as_such(void **state)
{
	const struct step cut = {.kind = STEP_UNLINK, .person = "p1", .user = "u1", .account_id = "557"};
	const struct step gone = {.kind = STEP_USER_DELETE, .person = "p1", .user = "u1"};
	const struct step_result refused = {.status = 403}, ok = {.status = 204}, lost = {.status = 0};
	struct error err, why;

	(void)state;
	error_set(&why, REASON_PROVISION_STEP, "no");
	assert_done(ledger_failed(ledger, begun(&cut), "org", &cut, &refused, &why, NOW + 1, &err), err);
	assert_int_equal(load().unlinked_count, 0);
	assert_done(ledger_failed(ledger, begun(&cut), "org", &cut, &lost, &why, NOW + 1, &err), err);
	assert_int_equal(load().unlinked_count, 1);
	done(&cut, &ok);
	assert_string_equal(load().unlinked[0].target, "org");
	assert_string_equal(load().unlinked[0].user, "u1");
	done(&gone, &ok);
	assert_int_equal(load().unlinked_count, 0);
}

static void an_account_that_passes_on_is_the_old_persons_no_more(void **state)
{
	const struct step adopt = {.kind = STEP_ADOPT, .person = "p2", .user = "u1", .fields = {.mail = "a@x.org"}, .before = {.external_id = "p1"}};
	const struct step_result ok = {0};
	struct ledger_view view;

	(void)state;
	done(&create, &made);
	done(&adopt, &ok);
	view = load();
	assert_int_equal(view.count, 1);
	assert_string_equal(view.people[0].person, "p2");
	assert_int_equal(view.people[0].deed, LEDGER_ADOPTED);
	assert_string_equal(ledger_mail_of(&view, "org", "a@x.org")->person, "p2");
}

static void knows_groups_that_are_ours(void **state)
{
	const struct step group = {.kind = STEP_GROUP_CREATE, .name = "g"}, gone = {.kind = STEP_GROUP_DELETE, .name = "g"};
	const struct step_result result = {.id = "7", .status = 201}, ok = {.status = 204};
	struct ledger_view view;

	(void)state;
	done(&group, &result);
	view = load();
	assert_string_equal(ledger_group_of(&view, "org", "g")->id, "7");
	done(&gone, &ok);
	assert_int_equal(load().group_count, 0);
}

static void each_call_is_there_before_and_after(void **state)
{
	struct ledger_call calls[4] = {0}, *next = calls;
	const struct step off = {.kind = STEP_USER_DEACTIVATE, .person = "p1", .user = "u1"};
	struct step_result refused = {.status = 403, .requests = 3};
	struct error err, why = {0};
	uint64_t number;

	(void)state;
	assert_done(ledger_run_begin(ledger, "plan-1", false, NOW, &err), err);
	done(&create, &made);
	number = begun(&off);
	refused.answer = arena_alloc(a, 1000);
	memset((char *)(uintptr_t)refused.answer, 'x', 999);
	error_set(&why, REASON_PROVISION_STEP, "no");
	assert_done(ledger_failed(ledger, number, "org", &off, &refused, &why, NOW + 2, &err), err);
	begun(&off);
	assert_done(ledger_calls(ledger, 10, keep_call, &next, &err), err);
	assert_int_equal(next - calls, 3);
	assert_int_equal(calls[0].state, CALL_DONE);
	assert_int_equal(calls[0].status, 201);
	assert_string_equal(calls[0].answer, "POST /Users 201");
	assert_string_equal(calls[0].run, "plan-1");
	assert_int_equal(calls[1].state, CALL_FAILED);
	assert_int_equal(strlen(calls[1].answer), LEDGER_ANSWER_MAX);
	assert_int_equal(calls[1].at, NOW);
	assert_int_equal(calls[1].ended, NOW + 2);
	assert_int_equal(calls[2].state, CALL_BEGUN);
	assert_int_equal(calls[2].ended, 0);
	assert_true(calls[2].number > calls[1].number);
	next = calls;
	assert_done(ledger_calls(ledger, 1, keep_call, &next, &err), err);
	assert_int_equal(next - calls, 1);
	assert_string_equal(load().run, "plan-1");
	assert_done(ledger_run_end(ledger, &err), err);
	assert_null(load().run);
}

/* ---- killed between the call and its answer ---- */

static const struct target org = {.name = "org", .kind = TARGET_ORGANIZATION}, site = {.name = "org", .kind = TARGET_PORTAL_REST};

static void finds_what_a_killed_process_made(void **state)
{
	const struct world_user users[] = {{.id = "u1", .external_id = "P1", .mail = "a@x.org", .account_id = "557"}};
	const struct world_group groups[] = {{.id = "7", .name = "g"}};
	const struct world_target t = {.complete = true, .users = users, .user_count = 1, .groups = groups, .group_count = 1};
	const struct world world = {.targets = &t, .target_count = 1};
	const struct desired desired = {.targets = &org, .target_count = 1};
	const struct step group = {.kind = STEP_GROUP_CREATE, .name = "g"};
	struct ledger_view view;
	struct error err;

	(void)state;
	begun(&create);
	begun(&group);
	view = load();
	assert_null(view.people[0].user);
	assert_done(ledger_settle(a, ledger, &desired, &world, &err), err);
	view = load();
	assert_string_equal(view.people[0].user, "u1");
	assert_string_equal(view.people[0].account_id, "557");
	assert_int_equal(view.people[0].deed, LEDGER_CREATED);
	assert_string_equal(view.groups[0].id, "7");
}

/* A customer who is at no desk is listed nowhere: when he shall be at one, the site says that his mail is taken, and may not say by whom. */
static void a_refusal_forgets_no_account_that_is_ours(void **state)
{
	const struct step again = {.kind = STEP_CUSTOMER_CREATE, .person = "p1", .fields = {.mail = "a@x.org"}};
	const struct step_result taken = {.status = 409};
	const struct ledger_person *p;
	struct error err, why = {0};
	struct ledger_view view;

	(void)state;
	done(&again, &made);
	assert_done(ledger_failed(ledger, begun(&again), "org", &again, &taken, &why, NOW + 2, &err), err);
	view = load();
	p = ledger_person_of(&view, "org", "p1");
	assert_non_null(p);
	assert_string_equal(p->user, "u1");
	done(&again, &(const struct step_result){.id = "u2", .account_id = "558", .status = 201});
	view = load();
	assert_string_equal(ledger_person_of(&view, "org", "p1")->user, "u2");
}

static void finds_a_portal_customer_by_mail_and_forgets_what_was_refused(void **state)
{
	const struct world_user users[] = {{.id = "qm:1", .mail = "a@X.org"}};
	const struct world_target t = {.complete = true, .users = users, .user_count = 1};
	const struct world world = {.targets = &t, .target_count = 1};
	const struct desired desired = {.targets = &site, .target_count = 1};
	const struct step customer = {.kind = STEP_CUSTOMER_CREATE, .person = "p1", .fields = {.mail = "A@x.org"}};
	const struct step_result refused = {.status = 400};
	struct error err, why = {0};

	(void)state;
	assert_done(ledger_failed(ledger, begun(&customer), "org", &customer, &refused, &why, NOW, &err), err);
	assert_done(ledger_settle(a, ledger, &desired, &world, &err), err);
	assert_int_equal(load().count, 0);
	begun(&customer);
	assert_done(ledger_settle(a, ledger, &desired, &world, &err), err);
	assert_string_equal(load().people[0].user, "qm:1");
}

/* ---- looking ---- */

static void notes_since_when_nobody_wants_an_account(void **state)
{
	struct desired_person person = {.id = "p1", .mail = "a@x.org", .kind = DESIRED_NOTHING};
	struct desired desired = {.targets = &org, .target_count = 1, .people = &person, .count = 1};
	struct error err;

	(void)state;
	done(&create, &made);
	assert_done(ledger_note(a, ledger, &desired, NOW + 5, &err), err);
	assert_done(ledger_note(a, ledger, &desired, NOW + 9, &err), err);
	assert_int_equal(load().people[0].unwanted_since, NOW + 5);
	person.kind = DESIRED_CUSTOMER;
	person.held = "in doubt";
	assert_done(ledger_note(a, ledger, &desired, NOW + 10, &err), err);
	assert_int_equal(load().people[0].unwanted_since, NOW + 5);
	person.held = NULL;
	assert_done(ledger_note(a, ledger, &desired, NOW + 11, &err), err);
	assert_int_equal(load().people[0].unwanted_since, 0);
	desired.count = 0;              /* gone altogether */
	assert_done(ledger_note(a, ledger, &desired, NOW + 12, &err), err);
	assert_int_equal(load().people[0].unwanted_since, NOW + 12);
	/* a clock that was ahead then must not lengthen the grace time by as much */
	assert_done(ledger_note(a, ledger, &desired, NOW - 200, &err), err);
	assert_int_equal(load().people[0].unwanted_since, NOW + 12);
	assert_done(ledger_note(a, ledger, &desired, NOW - 400, &err), err);
	assert_int_equal(load().people[0].unwanted_since, NOW - 400);
}

/* A host that was just switched on may be in the year 2000: when its clock is set, nobody's grace time has been over for years. */
static void a_clock_that_is_not_set_yet_ends_no_grace_time(void **state)
{
	const struct desired nobody = {.targets = &org, .target_count = 1};
	struct error err;

	(void)state;
	done(&create, &made);
	assert_done(ledger_note(a, ledger, &nobody, NOW, &err), err);
	assert_done(ledger_note(a, ledger, &nobody, 946684800, &err), err);
	assert_int_equal(load().people[0].unwanted_since, NOW);
	assert_done(ledger_note(a, ledger, &nobody, CLOCK_LEAST, &err), err);
	assert_int_equal(load().people[0].unwanted_since, CLOCK_LEAST);
}

static void a_mail_is_confirmed_in_any_case(void **state)
{
	struct ledger_view view;
	struct error err;

	(void)state;
	assert_done(ledger_confirm_mail(ledger, "org", "A@X.org", "p9", &err), err);
	view = load();
	assert_string_equal(ledger_mail_of(&view, "org", "a@x.org")->person, "p9");
	assert_refused(ledger_confirm_mail(ledger, "org", "", "p9", &err), err, REASON_STORE);
}

static void no_file_is_an_empty_ledger_to_readers(void **state)
{
	struct ledger *none;
	struct ledger_view view;
	struct ledger_call call, *next = &call;
	struct error err;
	uint64_t number;

	(void)state;
	assert_done(ledger_open(arena_printf(a, "%s/none", folder), LEDGER_READ, &none, &err), err);
	assert_done(ledger_load(a, none, &view, &err), err);
	assert_int_equal(view.count, 0);
	assert_done(ledger_calls(none, 5, keep_call, &next, &err), err);
	assert_refused(ledger_begin(none, "org", &create, NOW, &number, &err), err, REASON_INTERNAL);
	ledger_close(none);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(remembers_what_was_made),
		TEST(what_was_there_already_is_adopted),
		TEST(follows_updates_switching_off_and_on),
		TEST(accounts_that_a_site_does_not_know_are_known_by_no_id_any_more),
		TEST(a_call_is_read_again_whatever_it_says),
		TEST(what_may_have_been_unlinked_is_known_as_such),
		TEST(an_account_that_passes_on_is_the_old_persons_no_more),
		TEST(knows_groups_that_are_ours),
		TEST(each_call_is_there_before_and_after),
		TEST(finds_what_a_killed_process_made),
		TEST(a_refusal_forgets_no_account_that_is_ours),
		TEST(finds_a_portal_customer_by_mail_and_forgets_what_was_refused),
		TEST(notes_since_when_nobody_wants_an_account),
		TEST(a_clock_that_is_not_set_yet_ends_no_grace_time),
		TEST(a_mail_is_confirmed_in_any_case),
		TEST(no_file_is_an_empty_ledger_to_readers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
