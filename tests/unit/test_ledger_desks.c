/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the ledger keeps besides people: losses, organizations at desks, names of connections. */
#include "tests/unit/ledger_stage.h"

/* ---- who lost something ---- */

static void who_lost_something_is_remembered_unless_somebody_said_yes(void **state)
{
	const struct step off = {.kind = STEP_USER_DEACTIVATE, .person = "p1", .user = "u1"};
	const struct step out = {.kind = STEP_MEMBERS_REMOVE, .name = "g", .members = (const char *const[]){"p1", "p2", NULL},
		.member_users = (const char *const[]){"u1", "u2", NULL}, .member_count = 2};
	const struct step_result ok = {.status = 204}, idle = {.status = 204, .was_so = true};
	const struct desired nobody = {0};
	struct ledger_view view;
	struct error err;

	(void)state;
	done(&out, &idle);
	assert_int_equal(load().loss_count, 0);
	done(&out, &ok);
	done(&off, &ok);
	view = load();
	assert_int_equal(view.loss_count, 2);
	assert_string_equal(view.losses[0].target, "org");
	assert_string_equal(view.losses[0].user, "u1");
	assert_int_equal(view.losses[1].at, NOW + 1);
	assert_null(view.run);
	assert_done(ledger_run_begin(ledger, "small", false, NOW, &err), err);
	assert_int_equal(load().loss_count, 2);
	assert_done(ledger_run_begin(ledger, "large", true, NOW, &err), err);
	done(&out, &ok);
	assert_int_equal(load().loss_count, 0);
	assert_string_equal(load().run, "large");
	assert_done(ledger_run_end(ledger, &err), err);
	done(&off, &ok);
	assert_done(ledger_note(a, ledger, &nobody, NOW + LEDGER_LOSS_KEPT, &err), err);
	assert_int_equal(load().loss_count, 1);
	assert_done(ledger_note(a, ledger, &nobody, NOW + LEDGER_LOSS_KEPT + 2, &err), err);
	assert_int_equal(load().loss_count, 0);
}

/* A clock that was a year ahead must not stop plans for a year, nor keep people in two groups, nor ask for an inventory of then. */
static void what_was_noted_by_a_clock_that_was_ahead_counts_from_the_next_look_on(void **state)
{
	const struct step off = {.kind = STEP_USER_DEACTIVATE, .person = "p1", .user = "u1"};
	const struct step group = {.kind = STEP_GROUP_CREATE, .name = "g"};
	const struct step_result ok = {.status = 204}, grouped = {.id = "7", .status = 201};
	const int64_t earlier = NOW - 300 * 86400;
	const struct desired nobody = {0};
	struct ledger_view view;
	struct error err;
	int64_t when = 0;

	(void)state;
	done(&group, &grouped);
	done(&off, &ok);
	assert_done(ledger_note_tried(ledger, "groups", NOW, &err), err);
	assert_done(ledger_note(a, ledger, &nobody, NOW - 200, &err), err);      /* clocks of one host differ by so much */
	view = load();
	assert_int_equal(view.losses[0].at, NOW + 1);
	assert_int_equal(view.groups[0].since, NOW + 1);
	assert_done(ledger_note(a, ledger, &nobody, earlier, &err), err);
	view = load();
	assert_int_equal(view.loss_count, 1);
	assert_int_equal(view.losses[0].at, earlier);
	assert_int_equal(view.groups[0].since, earlier);
	assert_string_equal(view.groups[0].id, "7");
	assert_int_equal(ledger_was_tried(ledger, "groups", &when, &err), 1);
	assert_int_equal(when, earlier);
}

/* ---- organizations at desks ---- */

static void an_organization_that_was_attached_is_known_and_no_group(void **state)
{
	const struct step on = {.kind = STEP_DESK_ATTACH, .name = "Acme", .group = "7", .desk = "HELP"};
	const struct step off = {.kind = STEP_DESK_DETACH, .name = "Acme", .group = "7", .desk = "HELP"};
	const struct ledger_group group = {.name = "HELP"};
	const struct step_result ok = {.status = 204};
	struct ledger_call calls[4] = {0}, *next = calls;
	const char *desk, *organization;
	struct ledger_view view;
	struct error err;

	(void)state;
	done(&on, &ok);
	view = load();
	assert_int_equal(view.group_count, 1);
	assert_int_equal(ledger_attachment_read(a, &view.groups[0], &desk, &organization), 1);
	assert_string_equal(desk, "HELP");
	assert_string_equal(organization, "Acme");
	assert_string_equal(view.groups[0].id, "7");
	assert_int_equal(ledger_attachment_read(a, &group, &desk, &organization), 0);
	assert_non_null(ledger_group_of(&view, "org", ledger_attachment(a, "HELP", "Acme")));
	assert_done(ledger_calls(ledger, 1, keep_call, &next, &err), err);
	assert_int_equal(calls[0].step.kind, STEP_DESK_ATTACH);
	done(&off, &ok);
	assert_int_equal(load().group_count, 0);
}

static void a_desk_that_is_open_is_known_for_a_day(void **state)
{
	static const char *const members[] = {"p1", NULL}, *const users[] = {"qm:1", NULL};
	const struct step out = {.kind = STEP_DESK_REMOVE, .name = "15", .members = members, .member_users = users, .member_count = 1};
	const struct step_result open = {.status = 400, .was_so = true, .open = true}, taken = {.status = 204};
	struct ledger_view view;
	struct error err;
	size_t n;

	(void)state;
	done(&create, &made);
	done(&out, &open);
	view = load();
	assert_int_equal(view.loss_count, 0);
	assert_non_null(ledger_open_desk(&view, "org", "15", NOW + LEDGER_DESK_KEPT));
	assert_null(ledger_open_desk(&view, "org", "15", NOW + 1 + LEDGER_DESK_KEPT));
	assert_null(ledger_open_desk(&view, "org", "15", NOW - LEDGER_CLOCK_AHEAD));    /* noted while a clock was ahead */
	assert_null(ledger_open_desk(&view, "org", "1", NOW));
	assert_null(ledger_open_desk(&view, "help", "15", NOW));
	assert_done(ledger_rename(ledger, "org", "site", &n, &err), err);
	view = load();
	assert_non_null(ledger_open_desk(&view, "site", "15", NOW));
	assert_done(ledger_rename(ledger, "site", "org", &n, &err), err);
	done(&out, &taken);             /* somebody closed it */
	view = load();
	assert_int_equal(view.open_desk_count, 0);
	assert_int_equal(view.loss_count, 1);
}

/* ---- names of connections ---- */

static void what_is_kept_goes_with_the_name_of_its_connection(void **state)
{
	const struct step group = {.kind = STEP_GROUP_CREATE, .name = "g"};
	const struct step out = {.kind = STEP_MEMBERS_REMOVE, .name = "g", .user = "u1"};
	const struct target before[] = {{.name = "org"}}, after[] = {{.name = "organisation"}};
	struct ledger_view view;
	struct error err;
	size_t n = 0;

	(void)state;
	done(&create, &made);
	done(&group, &made);
	done(&out, &made);
	assert_refused(ledger_rename(ledger, "or", "new", &n, &err), err, REASON_SETTINGS);
	assert_refused(ledger_rename(ledger, "org", "org", &n, &err), err, REASON_SETTINGS);
	assert_refused(ledger_rename(ledger, "org", "", &n, &err), err, REASON_SETTINGS);
	view = load();
	assert_null(ledger_orphan(&view, before, 1, &n));
	assert_string_equal(ledger_orphan(&view, after, 1, &n), "org");
	assert_int_equal(n, 1);
	assert_done(ledger_rename(ledger, "org", "organisation", &n, &err), err);
	assert_int_equal(n, 1);
	view = load();
	assert_null(ledger_orphan(&view, after, 1, &n));
	assert_non_null(ledger_person_of(&view, "organisation", "p1"));
	assert_non_null(ledger_group_of(&view, "organisation", "g"));
	assert_non_null(ledger_mail_of(&view, "organisation", "a@x.org"));
	assert_string_equal(view.losses[0].target, "organisation");
	assert_int_equal(view.count + view.group_count + view.mail_count + view.loss_count, 4);

	done(&create, &made);
	assert_refused(ledger_rename(ledger, "organisation", "org", &n, &err), err, REASON_SETTINGS);   /* two would be one */
	assert_int_equal(load().count, 2);
	assert_done(ledger_forget(ledger, "org", &n, &err), err);
	assert_int_equal(load().count, 1);
	assert_refused(ledger_forget(ledger, "org", &n, &err), err, REASON_SETTINGS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_was_noted_by_a_clock_that_was_ahead_counts_from_the_next_look_on),
		TEST(who_lost_something_is_remembered_unless_somebody_said_yes),
		TEST(an_organization_that_was_attached_is_known_and_no_group),
		TEST(a_desk_that_is_open_is_known_for_a_day),
		TEST(what_is_kept_goes_with_the_name_of_its_connection),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
