/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Exceptions: whose they are, until when, and what happens when they end. */
#include "tests/unit/arena.h"
#include "tests/unit/policy_names.h"

/* 2026-11-28T12:00:00Z */
#define NOW 1795867200
#define TODAY 20785

static const struct slice ids[] = {{"aGVsbG8=", 8}, {"4711", 4}};

static const struct facts ada = {
	.directory = "corp", .dn = "uid=ada,dc=y", .dn_key = "uid=ada,dc=y", .mail = "Ada@example.org", .ids = ids, .id_count = 2, .now = NOW,
};

static const char *const sites[] = {"helpdesk", NULL};

static void decide(const struct exception *list, size_t n, enum outcome by_rule, const struct facts *facts, struct decision *d)
{
	struct rule everybody = {.name = "everybody", .outcome = by_rule, .at = sites};
	struct policy policy = {.rules = &everybody, .rule_count = 1, .exceptions = list, .exception_count = n};
	const struct policy_names names = two;
	struct decision quiet;
	struct error err;

	assert_done(condition_parse(a, "not x = y", CONDITION_RULE, &names, &everybody.when, &err), err);
	policy_decide(a, &policy, facts, TRACE_YES, d);
	policy_decide(a, &policy, facts, TRACE_NO, &quiet);
	assert_int_equal(quiet.granted, d->granted);
	assert_int_equal(quiet.outcome, d->outcome);
	assert_int_equal(quiet.reason, d->reason);
}

static struct exception until(int64_t day, enum outcome outcome)
{
	return (struct exception){.name = "x", .id = "4711", .outcome = outcome, .at = sites, .because = "Stands in.", .until = day};
}

static void gives_its_outcome_before_any_rule(void **state)
{
	struct exception x = until(TODAY, OUTCOME_LICENSED);
	struct decision d;

	(void)state;
	decide(&x, 1, OUTCOME_DENY, &ada, &d);
	assert_true(d.granted);
	assert_int_equal(d.outcome, OUTCOME_LICENSED);
	assert_string_equal(d.rule, "x");
	assert_string_equal(d.exception, "x");
	assert_false(d.exception_ended);
	assert_int_equal(d.rule_count, 1);
	assert_string_equal(d.rules[0].name, "exception x");
	assert_string_equal(d.rules[0].steps[0].text, "the person is id 4711");
	assert_string_equal(d.rules[0].steps[0].why, "until 2026-11-28: Stands in.");
	x.outcome = OUTCOME_PORTAL;
	decide(&x, 1, OUTCOME_DENY, &ada, &d);
	assert_string_equal(d.at[0], "helpdesk");
	x.outcome = OUTCOME_DENY;
	decide(&x, 1, OUTCOME_LICENSED, &ada, &d);
	assert_false(d.granted);
	assert_int_equal(d.reason, REASON_DENIED_BY_RULE);
	assert_string_equal(d.sentence, "Stands in.");
}

static void means_one_person(void **state)
{
	static const struct {
		struct exception x;
		bool is;
	} table[] = {
		{{.id = "4711"}, true},
		{{.id = "aGVsbG8="}, true},
		{{.id = "aGVsbg8="}, false},
		{{.id = "471"}, false},
		{{.dn_key = "uid=ada,dc=y"}, true},
		{{.dn_key = "dc=y"}, false},
		{{.mail = "ada@EXAMPLE.org"}, true},
		{{.mail = "ada@example.or"}, false},
		{{.id = "4711", .directory = "corp"}, true},
		{{.id = "4711", .directory = "lab"}, false},
		{{0}, false},
	};
	struct exception x;
	struct decision d;

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		x = table[i].x;
		x.name = "x";
		x.until = TODAY;
		x.outcome = OUTCOME_LICENSED;
		decide(&x, 1, OUTCOME_DENY, &ada, &d);
		assert_int_equal(d.granted, table[i].is);
		x.outcome = OUTCOME_DENY;
		decide(&x, 1, OUTCOME_LICENSED, &ada, &d);
		assert_int_equal(d.granted, !table[i].is);
	}
}

static void ends_with_its_day_where_the_zone_is(void **state)
{
	static const struct zone_change changes[] = {{INT64_MIN, 14 * 3600}};
	static const struct zone east = {"Test/East", changes, 1};
	struct exception x = until(TODAY, OUTCOME_LICENSED);
	struct facts facts = ada;
	struct decision d;

	(void)state;
	facts.now = (TODAY + 1) * CALENDAR_DAY - 1;
	decide(&x, 1, OUTCOME_CUSTOMER, &facts, &d);
	assert_int_equal(d.outcome, OUTCOME_LICENSED);
	facts.now++;
	decide(&x, 1, OUTCOME_CUSTOMER, &facts, &d);
	assert_int_equal(d.outcome, OUTCOME_CUSTOMER);
	assert_true(d.granted);
	assert_null(d.exception);
	facts.now = NOW;
	facts.zone = &east;
	decide(&x, 1, OUTCOME_CUSTOMER, &facts, &d);
	assert_int_equal(d.outcome, OUTCOME_CUSTOMER);
}

/* Whether the outcome after the end is of another kind of account. */
static void an_end_makes_no_account_of_another_kind(void **state)
{
	static const struct {
		enum outcome was, by_rule;
		bool granted;
		enum reason reason;
	} table[] = {
		{OUTCOME_LICENSED, OUTCOME_LICENSED, true, REASON_NONE},
		{OUTCOME_LICENSED, OUTCOME_CUSTOMER, true, REASON_NONE},
		{OUTCOME_CUSTOMER, OUTCOME_LICENSED, true, REASON_NONE},
		{OUTCOME_LICENSED, OUTCOME_PORTAL, false, REASON_EXCEPTION_ENDED},
		{OUTCOME_CUSTOMER, OUTCOME_PORTAL, false, REASON_EXCEPTION_ENDED},
		{OUTCOME_PORTAL, OUTCOME_LICENSED, false, REASON_EXCEPTION_ENDED},
		{OUTCOME_PORTAL, OUTCOME_CUSTOMER, false, REASON_EXCEPTION_ENDED},
		{OUTCOME_PORTAL, OUTCOME_PORTAL, true, REASON_NONE},
		{OUTCOME_DENY, OUTCOME_PORTAL, true, REASON_NONE},
		{OUTCOME_DENY, OUTCOME_LICENSED, true, REASON_NONE},
		{OUTCOME_LICENSED, OUTCOME_DENY, false, REASON_DENIED_BY_RULE},
	};
	struct exception x;
	struct decision d;

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		x = until(TODAY - 1, table[i].was);
		decide(&x, 1, table[i].by_rule, &ada, &d);
		assert_int_equal(d.outcome, table[i].by_rule);
		assert_int_equal(d.granted, table[i].granted);
		assert_int_equal(d.reason, table[i].reason);
		assert_int_equal(d.exception_ended, table[i].reason == REASON_EXCEPTION_ENDED);
		assert_string_equal(d.rule, "everybody");
	}
	/* of somebody else nothing changes */
	x = until(TODAY - 1, OUTCOME_LICENSED);
	x.id = "4712";
	decide(&x, 1, OUTCOME_PORTAL, &ada, &d);
	assert_true(d.granted);
}

/* Another exception that gives the other kind is no way round it either, but one of the same kind is. */
static void an_exception_after_an_ended_one(void **state)
{
	struct exception list[] = {until(TODAY - 1, OUTCOME_LICENSED), until(TODAY, OUTCOME_PORTAL)};
	struct decision d;

	(void)state;
	list[1].name = "second";
	decide(list, 2, OUTCOME_DENY, &ada, &d);
	assert_false(d.granted);
	assert_int_equal(d.reason, REASON_EXCEPTION_ENDED);
	list[1].outcome = OUTCOME_CUSTOMER;
	decide(list, 2, OUTCOME_PORTAL, &ada, &d);
	assert_true(d.granted);
	assert_string_equal(d.exception, "second");
	assert_int_equal(d.rule_count, 2);
	assert_string_equal(d.rules[0].steps[0].why, "ended after 2026-11-27: Stands in.");
}

static void guests_and_requirements_are_judged_as_with_rules(void **state)
{
	struct exception x = until(TODAY, OUTCOME_LICENSED);
	struct requirement mfa = {.name = "mfa", .for_outcome = {[OUTCOME_LICENSED] = true}, .otherwise = "Use it."};
	struct policy policy = {.requirements = &mfa, .requirement_count = 1, .exceptions = &x, .exception_count = 1};
	const struct policy_names names = two;
	struct facts facts = ada;
	struct decision d;
	struct error err;

	(void)state;
	assert_done(condition_parse(a, "mfa", CONDITION_REQUIRE, &names, &mfa.when, &err), err);
	policy_decide(a, &policy, &facts, TRACE_NO, &d);
	assert_int_equal(d.reason, REASON_REQUIREMENT_FAILED);
	facts.mfa = facts.guest = true;
	policy_decide(a, &policy, &facts, TRACE_NO, &d);
	assert_int_equal(d.reason, REASON_GUEST_DENIED);
	x.guests = true;
	policy_decide(a, &policy, &facts, TRACE_NO, &d);
	assert_true(d.granted);
}

/* Neither day nor DN known: what gives does not, what denies does, and no other kind of account is made. */
static void in_doubt_the_refusing_side_wins(void **state)
{
	struct exception gives = until(TODAY, OUTCOME_LICENSED), denies = until(TODAY, OUTCOME_DENY);
	struct facts timeless = ada, placeless = ada;
	struct decision d;

	(void)state;
	timeless.now = 0;
	decide(&gives, 1, OUTCOME_DENY, &timeless, &d);
	assert_false(d.granted);
	decide(&denies, 1, OUTCOME_LICENSED, &timeless, &d);
	assert_false(d.granted);
	decide(&gives, 1, OUTCOME_PORTAL, &timeless, &d);
	assert_int_equal(d.reason, REASON_EXCEPTION_ENDED);
	placeless.dn_key = NULL;
	gives.id = denies.id = NULL;
	gives.dn_key = denies.dn_key = "uid=ada,dc=y";
	decide(&gives, 1, OUTCOME_DENY, &placeless, &d);
	assert_false(d.granted);
	decide(&denies, 1, OUTCOME_LICENSED, &placeless, &d);
	assert_false(d.granted);
	gives.until = TODAY - 1;
	decide(&gives, 1, OUTCOME_PORTAL, &placeless, &d);
	assert_int_equal(d.reason, REASON_EXCEPTION_ENDED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST_OF(f) cmocka_unit_test_setup_teardown(f, begin, end)
		TEST_OF(gives_its_outcome_before_any_rule),
		TEST_OF(means_one_person),
		TEST_OF(ends_with_its_day_where_the_zone_is),
		TEST_OF(an_end_makes_no_account_of_another_kind),
		TEST_OF(an_exception_after_an_ended_one),
		TEST_OF(guests_and_requirements_are_judged_as_with_rules),
		TEST_OF(in_doubt_the_refusing_side_wins),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
