/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Rules that can never match: what is said, and that nothing is said where it is not sure. */
#include "tests/unit/arena.h"
#include "tests/unit/policy_names.h"

#include "base/text.h"
#include "policies/condition.h"

/* 2026-11-28T12:00:00Z */
#define NOW 1795867200

static struct condition *parse(const char *text, enum condition_scope scope)
{
	struct condition *c = NULL;
	struct error err;

	if (condition_parse(a, text, scope, &two, &c, &err) < 0)
		fail_msg("`%s`: %s", text, err.detail);
	return c;
}

static size_t review(struct rule *rules, size_t n, const struct policy_note **notes)
{
	const struct policy policy = {.rules = rules, .rule_count = n};

	for (size_t i = 0; i < n; i++) {
		rules[i].name = arena_printf(a, "r%zu", i);
		rules[i].line = (int)i + 1;
		rules[i].when = parse(rules[i].when_text, CONDITION_RULE);
	}
	return policy_review(a, &policy, NOW, NULL, notes);
}

static void conditions_that_hold_of_nobody(void **state)
{
	static const struct {
		const char *when, *why;         /* NULL: nothing is said */
	} table[] = {
		{"x = A and x != a", "`x = A` and `x != a` never hold together"},
		{"x in (A, a) and x != A", "`x in (A, a)` and `x != A` never hold together"},
		{"x in (A, B) and x != A", NULL},
		{"x = A and x = B", NULL},
		{"mail = a@x.org and mail = b@x.org", "`mail = a@x.org` and `mail = b@x.org` never hold together"},
		{"mail in (a@x.org, b@x.org) and mail = B@x.org", NULL},
		{"mail in (a@x.org) and mail like *@y.org", "`mail in (a@x.org)` and `mail like *@y.org` never hold together"},
		{"x = A and not x = A", "`x = A` and `not x = A` never hold together"},
		{"x = A and not x present", "`x = A` and `not x present` never hold together"},
		{"x = A and not x in (B, a)", "`x = A` and `not x in (B, a)` never hold together"},
		{"x in (A, B) and not x = A", NULL},
		{"x = Ab and not x like a*", "`x = Ab` and `not x like a*` never hold together"},
		{"x >= 5 and not x > 4", "`x >= 5` and `not x > 4` never hold together"},
		{"x >= 5 and not x > 5", NULL},
		{"x >= 5 and x < 3", NULL},
		{"x before 2026-01-01 and not x until 2026-06-01", "`x before 2026-01-01` and `not x until 2026-06-01` never hold together"},
		{"x before today and not x before today + 1 day", "`x before today` and `not x before today + 1 day` never hold together"},
		{"x before today and not x before 2027-01-01", NULL},
		{"directory is corp and directory is lab", "`directory is corp` and `directory is lab` never hold together"},
		{"dn under 'ou=a,dc=y' and dn under 'ou=b,dc=y'", "`dn under 'ou=a,dc=y'` and `dn under 'ou=b,dc=y'` never hold together"},
		{"dn under 'ou=a,dc=y' and dn under 'dc=y'", NULL},
		{"dn under 'ou=a,dc=y' and not dn under 'dc=y'", "`dn under 'ou=a,dc=y'` and `not dn under 'dc=y'` never hold together"},
		{"member of corp:a and not member of corp:A", "`member of corp:a` and `not member of corp:A` never hold together"},
		{"member of corp:a and not member of lab:a", NULL},
		{"member of 'corp:cn=a' and not member of 'cn=a'", "`member of 'corp:cn=a'` and `not member of 'cn=a'` never hold together"},
		{"member of 'cn=a' and not member of 'corp:cn=a'", NULL},
		{"member of set nothing", "nothing is in it"},
		{"x in set nothing or y like set nothing", "`y like set nothing`: nothing is in it"},
		{"not x in set nothing", NULL},
		{"today before 2026-11-28", "its last day was 2026-11-27"},
		{"today until 2026-11-28", NULL},
		{"not today since 2026-01-01", "its last day was 2025-12-31"},
		{"today since 2027-01-01", NULL},
		{"today since 2027-01-01 and today before 2027-01-01", "no day is left by `today before 2027-01-01` and the other tests of today"},
		{"(x = A and x != A) or (y = A and y != A)", "`y = A` and `y != A` never hold together"},
		{"(x = A and x != A) or y = A", NULL},
		{"not (x = A or x != A) and x present", NULL},
		{"not (x present or y present) and y = 1", "`not y present` and `y = 1` never hold together"},
	};
	const struct policy_note *notes;
	size_t n;

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct rule rule = {.when_text = table[i].when, .outcome = OUTCOME_LICENSED};

			continue;
		n = review(&rule, 1, &notes);
		if (n != (table[i].why ? 1u : 0u))
			fail_msg("`%s`: %s", table[i].when, n ? notes[0].text : "nothing said");
		if (n && strcmp(notes[0].text, table[i].why) != 0)
			fail_msg("`%s`:\n  got    %s\n  wanted %s", table[i].when, notes[0].text, table[i].why);
	}
}

static void rules_behind_others(void **state)
{
	static const struct {
		const char *first, *second, *third;
		bool shadowed;                  /* the third */
		const char *by;
	} table[] = {
		{"x = A", "y = B", "x = a", true, "r0 (line 1)"},
		{"x = A", "y = B", "x = A and z = C", true, "r0 (line 1)"},
		{"x in (A, B)", "y = B", "x = B", true, "r0 (line 1)"},
		{"x = A", "x = B", "x in (A, B)", false, NULL},
		{"x = A", "x = B", "x = A or x = B", true, "r0 (line 1), r1 (line 2)"},
		{"x = A and y = B", "z = C", "x = A", false, NULL},
		{"x present", "z = C", "x != A", true, "r0 (line 1)"},
		{"x present", "z = C", "not x = A", false, NULL},
		{"not x = A", "z = C", "not x in (A, B)", true, "r0 (line 1)"},
		{"not x in (A, B)", "z = C", "not x = A", false, NULL},
		{"not x = A", "x = A", "z = C", false, NULL},
		{"member of corp:a", "z = C", "member of corp:a and member of corp:b", true, "r0 (line 1)"},
		{"member of (corp:a, corp:b)", "z = C", "member of corp:b", true, "r0 (line 1)"},
		{"x like a*", "z = C", "x in (Ab, ac)", true, "r0 (line 1)"},
		{"x like (a*, b*)", "z = C", "x like B*", true, "r0 (line 1)"},
		{"x like a*", "z = C", "x like ab*", false, NULL},
		{"x >= 3", "z = C", "x > 3", true, "r0 (line 1)"},
		{"x until 2026-06-01", "z = C", "x before 2026-06-02", true, "r0 (line 1)"},
		{"dn under 'dc=y'", "z = C", "dn under 'ou=a,dc=y'", true, "r0 (line 1)"},
		{"not member of set nothing", "z = C", "x = A", true, "r0 (line 1)"},
		{"x = A or not x = A", "z = C", "y = B", false, NULL},
	};
	const struct policy_note *notes;
	size_t n;

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct rule rules[] = {
			{.when_text = table[i].first, .outcome = OUTCOME_LICENSED}, {.when_text = table[i].second, .outcome = OUTCOME_CUSTOMER},
			{.when_text = table[i].third, .outcome = OUTCOME_LICENSED},
		};
		const char *wanted = arena_printf(a, "whoever it means is met before, by %s", table[i].by ? table[i].by : "");

		n = review(rules, 3, &notes);
		if (strstr(table[i].first, "nothing"))
			n--, notes++;           /* the second one is behind it, too */
		if (n != table[i].shadowed)
			fail_msg("`%s`, `%s`, `%s`: %zu notes", table[i].first, table[i].second, table[i].third, n);
		if (n)
			assert_string_equal(notes[0].text, wanted);
	}
}

/* A rule that denies matches in doubt as well, one that gives does not. */
static void doubt_is_counted(void **state)
{
	static const struct {
		const char *when;
		enum outcome first, second;
		size_t notes;
	} table[] = {
		/* a cn may be shared: then the first does not give, and the second denies */
		{"member of corp:a", OUTCOME_LICENSED, OUTCOME_DENY, 0},
		{"member of corp:a", OUTCOME_DENY, OUTCOME_DENY, 1},
		{"member of corp:a", OUTCOME_DENY, OUTCOME_LICENSED, 1},
		{"member of corp:a", OUTCOME_LICENSED, OUTCOME_CUSTOMER, 1},
		{"member of 'cn=a'", OUTCOME_LICENSED, OUTCOME_DENY, 1},
		{"x > 3", OUTCOME_LICENSED, OUTCOME_DENY, 0},
		{"x = A", OUTCOME_LICENSED, OUTCOME_DENY, 1},
	};
	const struct policy_note *notes;
	struct rule denies[] = {{.when_text = "member of corp:a and not member of corp:a", .outcome = OUTCOME_DENY}};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct rule rules[] = {
			{.when_text = table[i].when, .outcome = table[i].first}, {.when_text = table[i].when, .outcome = table[i].second},
		};

		assert_int_equal(review(rules, 2, &notes), table[i].notes);
	}
	assert_int_equal(review(denies, 1, &notes), 0);
	denies[0].outcome = OUTCOME_LICENSED;
	assert_int_equal(review(denies, 1, &notes), 1);
}

static void requirements_that_can_never_hold(void **state)
{
	static const struct {
		const char *when;
		bool never;
	} table[] = {
		{"mfa and not mfa", true}, {"door is helpdesk and door is portal", true}, {"link is help and link is intranet", true},
		{"door kind is portal and door kind is managed", true}, {"client in 10.0.0.0/8 and client in 192.0.2.0/24", true},
		{"client in 10.0.0.0/8 and client in 10.1.0.0/16", false}, {"client in 10.1.0.0/16 and not client in 10.0.0.0/8", true},
		{"guest and user is member", true}, {"guest and not user is guest", true}, {"weekday in mon-fri and weekday in sat, sun", true},
		{"weekday in mon and not weekday in mon-fri", true}, {"time in 08:00-09:00 and time in 10:00-11:00", false},
		{"time in 08:00-09:00 and not time in 08:00-09:00", true}, {"client in set nothing", true}, {"claim x = A and claim x = a", false},
		{"claim x = A and not claim x = A", true}, {"claim x = A and not claim x = a", false}, {"method is x509 and method is password", false},
		{"mfa", false},
	};
	const struct policy_note *notes;

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		const struct requirement r = {.name = "r", .when = parse(table[i].when, CONDITION_REQUIRE), .line = 7};
		const struct policy policy = {.requirements = &r, .requirement_count = 1};
		size_t n = policy_review(a, &policy, NOW, NULL, &notes);

		if (n != table[i].never)
			fail_msg("`%s`: %zu", table[i].when, n);
		if (n)
			assert_true(notes[0].requirement && notes[0].line == 7);
	}
}

/* Nothing is said of what is too large, and it takes no time. */
static void large_rules_are_passed_over(void **state)
{
	struct rule *rules = arena_alloc(a, 300 * sizeof(*rules));
	const struct policy_note *notes;
	struct text t;

	(void)state;
	for (size_t i = 0; i < 300; i++) {
		text_begin(&t, a, 4000);
		for (size_t k = 0; k < 20; k++)
			text_addf(&t, "%s(x%zu = %zu or y%zu = %zu)", k ? " and " : "", k, i, k, i);
		rules[i] = (struct rule){.when_text = t.p, .outcome = OUTCOME_LICENSED};
	}
	rules[299].when_text = "x = A and x != A";
	assert_int_equal(review(rules, 300, &notes), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST_OF(f) cmocka_unit_test_setup_teardown(f, begin, end)
		TEST_OF(conditions_that_hold_of_nobody),
		TEST_OF(rules_behind_others),
		TEST_OF(doubt_is_counted),
		TEST_OF(requirements_that_can_never_hold),
		TEST_OF(large_rules_are_passed_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
