/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Rules and requirements to one decision. */
#include "tests/unit/arena.h"
#include "tests/unit/policy_names.h"

static struct condition *when(const char *text, enum condition_scope scope)
{
	struct condition *c = NULL;
	struct error err = {0};

	if (condition_parse(a, text, scope, &two, &c, &err) < 0)
		fail_msg("`%s`: %s", text, err.detail);
	return c;
}

static struct rule rule(const char *name, const char *text, enum outcome outcome)
{
	static const char *const at[] = {"helpdesk", NULL};

	return (struct rule){.name = name, .when_text = text, .when = when(text, CONDITION_RULE), .outcome = outcome, .at = at,
		.because = "Not for you."};
}

static struct requirement requirement(const char *name, const char *text, enum outcome for_outcome)
{
	struct requirement r = {.name = name, .when_text = text, .when = when(text, CONDITION_REQUIRE),
		.otherwise = "Use MFA."};

	r.for_outcome[for_outcome] = true;
	return r;
}

static const struct fact_group groups[] = {
	{"corp", "cn=team,dc=y", "cn=team,dc=y", "team", -1, false},
	{"corp", "cn=staff,dc=y", "cn=staff,dc=y", "staff", -1, false},
	{"corp", "cn=agents,dc=y", "cn=agents,dc=y", "agents", 0, false},
	{"corp", "cn=shared,dc=y", "cn=shared,dc=y", "shared", -1, true},
};

static const struct facts person = {.directory = "corp", .mail = "ada@example.org", .groups = groups, .group_count = 4};

static void decide(const struct rule *rules, size_t n, const struct requirement *requirements, size_t m,
	const struct facts *facts, struct decision *out)
{
	struct policy policy = {rules, n, requirements, m};
	struct decision traced;

	policy_decide(a, &policy, facts, TRACE_NO, out);
	policy_decide(a, &policy, facts, TRACE_YES, &traced);
	assert_int_equal(traced.outcome, out->outcome);
	assert_int_equal(traced.granted, out->granted);
	assert_int_equal(traced.reason, out->reason);
	assert_int_equal(traced.group_count, out->group_count);
	assert_ptr_equal(traced.rule, out->rule);
	assert_ptr_equal(traced.requirement, out->requirement);
	assert_ptr_equal(traced.sentence, out->sentence);
	assert_int_equal(out->rule_count, 0);
	*out = traced;
}

static void the_first_rule_that_matches_wins(void **state)
{
	const struct rule rules[] = {
		rule("others", "member of corp:others", OUTCOME_PORTAL),
		rule("agents", "member of corp:agents", OUTCOME_LICENSED),
		rule("staff", "member of corp:staff", OUTCOME_CUSTOMER),
	};
	struct decision d;

	(void)state;
	decide(rules, 3, NULL, 0, &person, &d);
	assert_int_equal(d.outcome, OUTCOME_LICENSED);
	assert_true(d.granted);
	assert_int_equal(d.reason, REASON_NONE);
	assert_string_equal(d.rule, "agents");
	assert_null(d.requirement);
	assert_null(d.sentence);
	assert_null(d.at[0]);
	assert_int_equal(d.rule_count, 2);
	assert_false(d.rules[0].matched);
	assert_true(d.rules[1].matched);
	assert_string_equal(d.rules[0].name, "others");
	assert_string_equal(d.rules[1].steps[0].why, "through corp:team, which is in corp:agents");
}

static void no_rule_that_matches_is_a_denial_by_default(void **state)
{
	const struct rule rules[] = {rule("others", "member of corp:others", OUTCOME_PORTAL)};
	struct decision d;

	(void)state;
	decide(rules, 1, NULL, 0, &person, &d);
	assert_false(d.granted);
	assert_int_equal(d.outcome, OUTCOME_DENY);
	assert_int_equal(d.reason, REASON_DENIED_BY_DEFAULT);
	assert_null(d.rule);
	assert_null(d.sentence);
	assert_null(d.at[0]);
	decide(NULL, 0, NULL, 0, &person, &d);
	assert_false(d.granted);
	assert_int_equal(d.reason, REASON_DENIED_BY_DEFAULT);
}

static void a_denying_rule_gives_its_sentence(void **state)
{
	const struct rule rules[] = {
		rule("no-staff", "member of corp:staff", OUTCOME_DENY),
		rule("agents", "member of corp:agents", OUTCOME_LICENSED),
	};
	const struct requirement requirements[] = {requirement("mfa", "mfa", OUTCOME_DENY)};
	struct decision d;

	(void)state;
	decide(rules, 2, requirements, 1, &person, &d);
	assert_false(d.granted);
	assert_int_equal(d.reason, REASON_DENIED_BY_RULE);
	assert_string_equal(d.rule, "no-staff");
	assert_string_equal(d.sentence, "Not for you.");
	assert_int_equal(d.requirement_count, 0);
}

static void a_portal_outcome_carries_its_sites(void **state)
{
	struct rule rules[] = {rule("partners", "member of corp:staff", OUTCOME_PORTAL)};
	struct decision d;

	(void)state;
	decide(rules, 1, NULL, 0, &person, &d);
	assert_string_equal(d.at[0], "helpdesk");
	rules[0].at = NULL;
	decide(rules, 1, NULL, 0, &person, &d);
	assert_null(d.at[0]);
}

static void where_facts_are_not_sure_the_refusing_side_wins(void **state)
{
	static const char *const unsure[] = {"member of corp:shared", "not member of corp:shared"};
	struct rule rules[2];
	struct requirement shared;
	struct decision d;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		rules[0] = rule("unsure", unsure[i], OUTCOME_LICENSED);
		decide(rules, 1, NULL, 0, &person, &d);
		assert_false(d.granted);
		assert_int_equal(d.reason, REASON_DENIED_BY_DEFAULT);

		rules[0] = rule("unsure", unsure[i], OUTCOME_DENY);
		rules[1] = rule("staff", "member of corp:staff", OUTCOME_CUSTOMER);
		decide(rules, 2, NULL, 0, &person, &d);
		assert_int_equal(d.reason, REASON_DENIED_BY_RULE);

		shared = requirement("unsure", unsure[i], OUTCOME_CUSTOMER);
		decide(rules + 1, 1, &shared, 1, &person, &d);
		assert_int_equal(d.reason, REASON_REQUIREMENT_FAILED);
	}
}

static void a_rule_or_requirement_without_a_condition_refuses(void **state)
{
	struct rule rules[] = {
		{.name = "empty", .outcome = OUTCOME_LICENSED},
		rule("staff", "member of corp:staff", OUTCOME_CUSTOMER),
	};
	struct requirement empty = {.name = "empty", .for_outcome = {[OUTCOME_CUSTOMER] = true}};
	struct decision d;

	(void)state;
	decide(rules, 2, NULL, 0, &person, &d);
	assert_string_equal(d.rule, "staff");
	decide(rules, 2, &empty, 1, &person, &d);
	assert_int_equal(d.reason, REASON_REQUIREMENT_FAILED);
	rules[0].outcome = OUTCOME_DENY;
	decide(rules, 2, NULL, 0, &person, &d);
	assert_int_equal(d.reason, REASON_DENIED_BY_RULE);
}

static void a_requirement_turns_only_its_own_outcomes_into_no(void **state)
{
	const struct rule rules[] = {rule("staff", "member of corp:staff", OUTCOME_CUSTOMER)};
	const struct requirement requirements[] = {
		requirement("agents-mfa", "mfa", OUTCOME_LICENSED),
		requirement("not-guest", "not guest", OUTCOME_CUSTOMER),
		requirement("staff-mfa", "mfa", OUTCOME_CUSTOMER),
		requirement("office", "client in 10.0.0.0/8", OUTCOME_CUSTOMER),
	};
	struct facts facts = person;
	struct decision d;

	(void)state;
	decide(rules, 1, requirements, 4, &facts, &d);
	assert_false(d.granted);
	assert_int_equal(d.outcome, OUTCOME_CUSTOMER);
	assert_int_equal(d.reason, REASON_REQUIREMENT_FAILED);
	assert_string_equal(d.requirement, "staff-mfa");
	assert_string_equal(d.rule, "staff");
	assert_string_equal(d.sentence, "Use MFA.");
	assert_int_equal(d.requirement_count, 3);
	assert_true(d.requirements[0].matched);
	assert_false(d.requirements[1].matched);
	assert_string_equal(d.requirements[2].name, "office");

	facts.mfa = true;
	facts.client = "10.0.0.1";
	decide(rules, 1, requirements, 4, &facts, &d);
	assert_true(d.granted);
	assert_int_equal(d.reason, REASON_NONE);
	assert_null(d.requirement);
}

static void names_the_groups_that_decided(void **state)
{
	static const struct {
		const char *when;
		size_t n;
		int groups[4];
	} table[] = {
		{"member of corp:staff", 1, {1}},
		{"member of corp:agents", 2, {2, 0}},
		{"member of corp:agents and member of corp:team", 2, {2, 0}},
		{"member of corp:staff and member of corp:agents", 3, {1, 2, 0}},
		{"member of corp:staff or member of corp:agents", 1, {1}},
		{"member of corp:others or member of corp:agents", 2, {2, 0}},
		{"(member of corp:agents and member of corp:others) or member of corp:staff", 1, {1}},
		{"member of corp:staff and not (member of corp:agents and member of corp:others)", 1, {1}},
		{"mail like '*@example.org'", 0, {0}},
		{"not not member of corp:staff", 0, {0}},
	};
	struct rule r;
	struct decision d;

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		r = rule("r", table[i].when, OUTCOME_LICENSED);
		decide(&r, 1, NULL, 0, &person, &d);
		assert_true(d.granted);
		if (d.group_count != table[i].n || (d.group_count && memcmp(d.groups, table[i].groups,
			d.group_count * sizeof(int)) != 0))
			fail_msg("%s: %zu groups", table[i].when, d.group_count);
	}
}

static void a_guest_gets_something_only_where_a_rule_says_so(void **state)
{
	struct rule rules[] = {
		rule("staff", "member of corp:staff", OUTCOME_LICENSED),
		rule("everybody", "mail like '*'", OUTCOME_PORTAL),
	};
	struct requirement vain = requirement("guests", "guest", OUTCOME_LICENSED);
	struct facts facts = person;
	struct decision d;

	(void)state;
	facts.guest = true;
	/* the next rule says yes to guests, but the first one that matches decides, as it does for everybody */
	rules[1].guests = true;
	decide(rules, 2, NULL, 0, &facts, &d);
	assert_false(d.granted);
	assert_true(d.guest_denied);
	assert_int_equal(d.reason, REASON_GUEST_DENIED);
	assert_int_equal(d.outcome, OUTCOME_LICENSED);
	assert_string_equal(d.rule, "staff");
	/* a requirement that names guests gives nothing */
	decide(rules, 2, &vain, 1, &facts, &d);
	assert_int_equal(d.reason, REASON_GUEST_DENIED);
	rules[0].guests = true;
	decide(rules, 2, NULL, 0, &facts, &d);
	assert_true(d.granted);
	assert_false(d.guest_denied);
	rules[0].guests = false;
	facts.guest = false;
	decide(rules, 2, NULL, 0, &facts, &d);
	assert_true(d.granted);
}

static void a_rule_that_denies_denies_guests_as_everybody(void **state)
{
	struct rule denies = rule("staff", "member of corp:staff", OUTCOME_DENY);
	struct facts facts = person;
	struct decision d;

	(void)state;
	facts.guest = true;
	decide(&denies, 1, NULL, 0, &facts, &d);
	assert_int_equal(d.reason, REASON_DENIED_BY_RULE);
	assert_false(d.guest_denied);
	decide(NULL, 0, NULL, 0, &facts, &d);
	assert_int_equal(d.reason, REASON_DENIED_BY_DEFAULT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST_OF(f) cmocka_unit_test_setup_teardown(f, begin, end)
		TEST_OF(the_first_rule_that_matches_wins),
		TEST_OF(no_rule_that_matches_is_a_denial_by_default),
		TEST_OF(a_denying_rule_gives_its_sentence),
		TEST_OF(a_portal_outcome_carries_its_sites),
		TEST_OF(where_facts_are_not_sure_the_refusing_side_wins),
		TEST_OF(a_rule_or_requirement_without_a_condition_refuses),
		TEST_OF(a_requirement_turns_only_its_own_outcomes_into_no),
		TEST_OF(names_the_groups_that_decided),
		TEST_OF(a_guest_gets_something_only_where_a_rule_says_so),
		TEST_OF(a_rule_that_denies_denies_guests_as_everybody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
