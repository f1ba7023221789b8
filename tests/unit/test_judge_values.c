/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Conditions on numbers, dates and time, sets of groups, and named ones. */
#include "tests/unit/judge_stage.h"

/* ---- numbers, dates, time ---- */

/* 2026-11-28T22:30:00Z, a Saturday; in Berlin it is 23:30, in Auckland the next day. */
#define NOW 1795905000

static const struct slice level[] = {V("5")}, levels[] = {V("-3"), V("x"), V("0012")}, wordy[] = {V("n/a"), V("")};
static const struct slice soon[] = {V("2026-12-01")}, today[] = {V("2026-11-28")}, generalized[] = {V("20261128233000Z")}, iso[] = {V("2026-11-28T22:00:00Z")};
static const struct slice ticks[] = {V("134087166000000000")}, never[] = {V("9223372036854775807")}, zero[] = {V("0")}, ended[] = {V("2026-11-27")};

static const struct fact_attribute dated[] = {
	{"level", level, 1}, {"levels", levels, 3}, {"wordy", wordy, 2}, {"contractend", soon, 1}, {"hiredate", today, 1}, {"ended", ended, 1},
	{"changed", generalized, 1}, {"iso", iso, 1}, {"lastlogontimestamp", ticks, 1}, {"accountexpires", never, 1}, {"lastlogon", zero, 1},
	{"emptied", NULL, 0}, {"other", ticks, 1},
};

static const struct facts dates = {.directory = "corp", .attributes = dated, .attribute_count = sizeof(dated) / sizeof(dated[0]), .now = NOW};

static void compares_numbers(void **state)
{
	static const struct row rows[] = {
		{"level > 4", TRUTH_YES, "level is \"5\""},
		{"level > 5", TRUTH_NO, "level is \"5\""},
		{"level >= 5", TRUTH_YES, "level is \"5\""},
		{"level < 5", TRUTH_NO, "level is \"5\""},
		{"level <= 5", TRUTH_YES, "level is \"5\""},
		{"level > -9223372036854775807", TRUTH_YES, "level is \"5\""},
		{"levels = 12", TRUTH_NO, "levels is \"-3\", \"x\", \"0012\""},
		{"levels >= 12", TRUTH_YES, "levels has the value \"0012\""},
		{"levels < -2", TRUTH_YES, "levels has the value \"-3\""},
		{"levels > 12", TRUTH_UNSURE, "levels is \"-3\", \"x\", \"0012\", which is no whole number"},
		{"wordy > 0", TRUTH_UNSURE, "wordy is \"n/a\", \"\", which is no whole number"},
		{"phone > 0", TRUTH_NO, "phone has no value"},
		{"emptied < 0", TRUTH_NO, "emptied has no value"},
	};
	struct evaluation e;

	(void)state;
	JUDGES(rows, &dates);
	assert_int_equal(judge("not wordy > 0", &dates, &e, TRACE_NO), TRUTH_UNSURE);
	assert_int_equal(judge("not phone > 0", &dates, &e, TRACE_NO), TRUTH_YES);
}

#define TODAY "; today is 2026-11-28 (UTC)"

static void compares_dates(void **state)
{
	static const struct row rows[] = {
		{"contractEnd after today", TRUTH_YES, "contractEnd is \"2026-12-01\"" TODAY},
		{"contractEnd before today", TRUTH_NO, "contractEnd is \"2026-12-01\"" TODAY},
		{"contractEnd before today + 3 days", TRUTH_NO, "contractEnd is \"2026-12-01\"" TODAY},
		{"contractEnd before today + 4 days", TRUTH_YES, "contractEnd is \"2026-12-01\"" TODAY},
		{"contractEnd until 2026-12-01", TRUTH_YES, "contractEnd is \"2026-12-01\""},
		{"contractEnd until 2026-11-30", TRUTH_NO, "contractEnd is \"2026-12-01\""},
		{"contractEnd since 2026-12-01", TRUTH_YES, "contractEnd is \"2026-12-01\""},
		{"contractEnd after 2026-12-01", TRUTH_NO, "contractEnd is \"2026-12-01\""},
		/* a day against an instant within it */
		{"contractEnd before 2026-12-01T12:00Z", TRUTH_UNSURE, "contractEnd is \"2026-12-01\", which does not say it"},
		{"contractEnd before 2026-12-02T00:00Z", TRUTH_YES, "contractEnd is \"2026-12-01\""},
		{"hireDate until today", TRUTH_YES, "hireDate is \"2026-11-28\"" TODAY},
		{"hireDate before today", TRUTH_NO, "hireDate is \"2026-11-28\"" TODAY},
		{"hireDate since today - 1 day", TRUTH_YES, "hireDate is \"2026-11-28\"" TODAY},
		{"changed since today", TRUTH_YES, "changed is \"20261128233000Z\"" TODAY},
		{"changed before 2026-11-28T23:30:00Z", TRUTH_NO, "changed is \"20261128233000Z\""},
		{"changed until 2026-11-28T23:30:00Z", TRUTH_YES, "changed is \"20261128233000Z\""},
		{"changed before 2026-11-28T23:30:01Z", TRUTH_YES, "changed is \"20261128233000Z\""},
		{"iso before 2026-11-28T23:00+01:00", TRUTH_NO, "iso is \"2026-11-28T22:00:00Z\""},
		/* FILETIME, only where Active Directory writes it */
		{"lastLogonTimestamp until 2025-11-26", TRUTH_NO, "lastLogonTimestamp is \"134087166000000000\""},
		{"lastLogonTimestamp until 2025-11-27", TRUTH_YES, "lastLogonTimestamp is \"134087166000000000\""},
		{"lastLogonTimestamp before today - 364 days", TRUTH_YES, "lastLogonTimestamp is \"134087166000000000\"" TODAY},
		{"other before today", TRUTH_UNSURE, "other is \"134087166000000000\", which does not say it"},
		{"accountExpires after 9999-12-31", TRUTH_YES, "accountExpires is \"9223372036854775807\""},
		{"accountExpires before today", TRUTH_NO, "accountExpires is \"9223372036854775807\"" TODAY},
		{"lastLogon before today", TRUTH_NO, "lastLogon is \"0\"" TODAY},
		{"lastLogon after today - 90 days", TRUTH_NO, "lastLogon is \"0\"" TODAY},
		{"level before today", TRUTH_UNSURE, "level is \"5\", which does not say it"},
		{"phone before today", TRUTH_NO, "phone has no value" TODAY},
		{"today until 2026-11-28", TRUTH_YES, "today is 2026-11-28 (UTC)"},
		{"today before 2026-11-28", TRUTH_NO, "today is 2026-11-28 (UTC)"},
		{"today since 2026-11-28", TRUTH_YES, "today is 2026-11-28 (UTC)"},
		{"today after 2026-11-28", TRUTH_NO, "today is 2026-11-28 (UTC)"},
	};
	static const struct row timeless[] = {
		{"contractEnd after 2026-01-01", TRUTH_YES, "contractEnd is \"2026-12-01\""},
		{"contractEnd after today", TRUTH_UNSURE, "contractEnd is \"2026-12-01\"; today is not known"},
		{"today after 2026-01-01", TRUTH_UNSURE, "today is not known"},
	};
	struct facts without = dates;
	struct evaluation e;

	(void)state;
	JUDGES(rows, &dates);
	without.now = 0;
	JUDGES(timeless, &without);
	assert_int_equal(judge("not contractEnd after today", &without, &e, TRACE_NO), TRUTH_UNSURE);
	assert_int_equal(judge("not level before today", &dates, &e, TRACE_NO), TRUTH_UNSURE);
}

/* Days and hours are those of the zone of the settings. */
static void days_and_hours_are_of_the_zone(void **state)
{
	static const struct zone_change changes[] = {{INT64_MIN, 7200}};
	static const struct zone zone = {"Test/East", changes, 1};
	static const struct row rows[] = {
		{"today since 2026-11-29", TRUTH_YES, "today is 2026-11-29 (Test/East)"},
		{"changed since 2026-11-29", TRUTH_YES, "changed is \"20261128233000Z\""},
		{"ended before today - 1 day", TRUTH_YES, "ended is \"2026-11-27\"; today is 2026-11-29 (Test/East)"},
		{"time in 00:30-00:31", TRUTH_YES, "it is 00:30 on a Sunday (Test/East)"},
		{"time in 22:00-00:30", TRUTH_NO, "it is 00:30 on a Sunday (Test/East)"},
		{"time in 22:00-06:00", TRUTH_YES, "it is 00:30 on a Sunday (Test/East)"},
		{"time in 08:00-18:00, 00:00-01:00", TRUTH_YES, "it is 00:30 on a Sunday (Test/East)"},
		{"weekday in mon-sat", TRUTH_NO, "it is 00:30 on a Sunday (Test/East)"},
		{"weekday in sat-mon", TRUTH_YES, "it is 00:30 on a Sunday (Test/East)"},
		{"weekday in wed, sunday", TRUTH_YES, "it is 00:30 on a Sunday (Test/East)"},
	};
	static const struct row utc[] = {
		{"time in 22:30-23:00", TRUTH_YES, "it is 22:30 on a Saturday (UTC)"},
		{"time in 22:31-24:00", TRUTH_NO, "it is 22:30 on a Saturday (UTC)"},
		{"weekday in sat", TRUTH_YES, "it is 22:30 on a Saturday (UTC)"},
	};
	static const struct row timeless[] = {
		{"time in 00:00-24:00", TRUTH_UNSURE, "the time is not known"},
		{"weekday in mon-sun", TRUTH_UNSURE, "the time is not known"},
	};
	struct facts east = dates;
	struct evaluation e;

	(void)state;
	JUDGES(utc, &dates);
	east.zone = &zone;
	JUDGES(rows, &east);
	JUDGES(timeless, &nobody);
	assert_int_equal(judge("not time in 08:00-09:00", &nobody, &e, TRACE_NO), TRUTH_UNSURE);
}

static void knows_tenant_link_and_kind_of_user(void **state)
{
	static const struct facts facts = {.tenant = "7b1c2d3e-4f50-4a61-8b72-93a4b5c6d7e8", .link = "help", .guest = true};
	static const struct row rows[] = {
		{"tenant is 7B1C2D3E-4f50-4a61-8b72-93a4b5c6d7e8", TRUTH_YES, "the tenant is 7b1c2d3e-4f50-4a61-8b72-93a4b5c6d7e8"},
		{"tenant is 7b1c2d3e-4f50-4a61-8b72-93a4b5c6d7e9", TRUTH_NO, "the tenant is 7b1c2d3e-4f50-4a61-8b72-93a4b5c6d7e8"},
		{"link is help", TRUTH_YES, "the link is help"},
		{"link is intranet", TRUTH_NO, "the link is help"},
		{"user is guest", TRUTH_YES, "a guest in the tenant"},
		{"user is member", TRUTH_NO, "a guest in the tenant"},
	};
	static const struct row without[] = {
		{"tenant is 7b1c2d3e-4f50-4a61-8b72-93a4b5c6d7e8", TRUTH_UNSURE, "the identity provider names no tenant"},
		{"link is help", TRUTH_NO, "there is no link"},
		{"user is member", TRUTH_YES, "not a guest in the tenant"},
	};
	struct evaluation e;

	(void)state;
	JUDGES(rows, &facts);
	JUDGES(without, &nobody);
	assert_int_equal(judge("not tenant is 7b1c2d3e-4f50-4a61-8b72-93a4b5c6d7e8", &nobody, &e, TRACE_NO), TRUTH_UNSURE);
}

static void sets_and_rows_of_groups(void **state)
{
	static const struct {
		const char *text;
		enum truth truth;
	} table[] = {
		{"member of (corp:none, corp:agents)", TRUTH_YES},
		{"member of (corp:none, corp:nobody)", TRUTH_NO},
		{"member of (corp:none, corp:shared)", TRUTH_UNSURE},
		{"member of set teams", TRUTH_YES},
		{"member of set nothing", TRUTH_NO},
		{"not member of set nothing", TRUTH_YES},
		{"title in set nothing", TRUTH_NO},
		{"title like set nothing", TRUTH_NO},
		{"title like (none, eng*)", TRUTH_YES},
		{"client in set networks", TRUTH_YES},
		{"not client in set nothing", TRUTH_YES},
	};
	struct evaluation e;

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (judge(table[i].text, &person, &e, TRACE_YES) != table[i].truth)
			fail_msg("%s", table[i].text);
		assert_int_equal(judge(table[i].text, &person, &e, TRACE_NO), table[i].truth);
	}
	judge("member of (corp:none, corp:team)", &person, &e, TRACE_YES);
	assert_int_equal(e.step_count, 3);
	assert_string_equal(e.steps[0].text, "at least one of");
	assert_string_equal(e.steps[2].text, "member of corp:team");
	assert_int_equal(e.group_count, 1);
}

static void a_named_condition_is_judged_as_its_text(void **state)
{
	struct policy_condition list[] = {{"staff", "member of corp:team and title = x", NULL}, {"unread", NULL, NULL}};
	struct policy_names names = two;
	struct evaluation e;
	struct condition *c;
	struct error err;
	size_t which;

	(void)state;
	names.conditions = list;
	names.condition_count = 2;
	assert_done(condition_parse(a, list[0].text, CONDITION_RULE, &names, &list[0].when, &err), err);
	assert_done(policy_conditions_link(list, 2, &which, &err), err);
	assert_done(condition_parse(a, "department = Sales and condition staff", CONDITION_RULE, &names, &c, &err), err);
	evaluation_begin(&e, a, &person, TRACE_YES);
	assert_int_equal(condition_evaluate(&e, c), TRUTH_YES);
	assert_int_equal(e.step_count, 6);
	assert_string_equal(e.steps[2].text, "condition staff");
	assert_true(e.steps[2].matched);
	assert_string_equal(e.steps[3].text, "all of");
	assert_int_equal(e.steps[3].depth, 2);
	assert_int_equal(e.group_count, 1);
	assert_done(condition_parse(a, "not condition unread", CONDITION_RULE, &names, &c, &err), err);
	evaluation_begin(&e, a, &person, TRACE_NO);
	assert_int_equal(condition_evaluate(&e, c), TRUTH_UNSURE);
}

#define TEST_OF(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST_OF(compares_numbers),
		TEST_OF(compares_dates),
		TEST_OF(days_and_hours_are_of_the_zone),
		TEST_OF(knows_tenant_link_and_kind_of_user),
		TEST_OF(sets_and_rows_of_groups),
		TEST_OF(a_named_condition_is_judged_as_its_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
