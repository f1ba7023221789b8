/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Conditions that name others, and how large they may grow. */
#include "tests/unit/condition_stage.h"

static struct policy_names names_of(const struct policy_condition *list, size_t n)
{
	struct policy_names names = two;

	names.conditions = list;
	names.condition_count = n;
	return names;
}

static int read_conditions(struct policy_condition *list, size_t n, size_t *which, struct error *err)
{
	struct policy_names names = names_of(list, n);

	for (size_t i = 0; i < n; i++)
		assert_done(condition_parse(a, list[i].text, CONDITION_REQUIRE, &names, &list[i].when, err), *err);
	return policy_conditions_link(list, n, which, err);
}

static void conditions_name_others_in_any_order(void **state)
{
	struct policy_condition list[] = {
		{"insider", "condition staff and not condition leaver", NULL},
		{"staff", "member of corp:staff", NULL},
		{"leaver", "employeeType = leaver or contractEnd before today", NULL},
		{"at-work", "condition insider and mfa", NULL},
	};
	struct policy_names names = names_of(list, 4);
	struct condition *c;
	struct error err;
	size_t which;

	(void)state;
	assert_done(read_conditions(list, 4, &which, &err), err);
	parses("condition insider and department = x", CONDITION_RULE, &names);
	parses("condition 'at-work'", CONDITION_REQUIRE, &names);
	assert_refused(condition_parse(a, "a = b and condition at-work", CONDITION_RULE, &names, &c, &err), err, REASON_RULE);
	assert_string_equal(err.detail,
		"column 21: condition `at-work` uses `mfa`, which is a fact of one sign-on and belongs under `require`");
	assert_refused(condition_parse(a, "condition stuff", CONDITION_RULE, &names, &c, &err), err, REASON_RULE);
	assert_string_equal(err.detail, "column 11: no condition is called `stuff`; did you mean `staff`?");
}

static void conditions_that_lead_back_to_themselves_are_refused(void **state)
{
	struct policy_condition circle[] = {
		{"a", "x = y or condition b", NULL}, {"b", "not (z = y and condition c)", NULL}, {"c", "condition a", NULL},
	};
	struct policy_condition self[] = {{"fine", "x = y", NULL}, {"self", "x = y and condition self", NULL}};
	struct error err;
	size_t which = 9;

	(void)state;
	assert_refused(read_conditions(circle, 3, &which, &err), err, REASON_RULE);
	assert_string_equal(err.detail, "column 11: condition `a` leads back to this one");
	assert_int_equal(which, 2);
	assert_refused(read_conditions(self, 2, &which, &err), err, REASON_RULE);
	assert_string_equal(err.detail, "column 21: condition `self` leads back to this one");
	assert_int_equal(which, 1);
}

/* Each names the one before it: twice, or once. */
static void conditions_do_not_grow_beyond_bounds(void **state)
{
	struct policy_condition twice[40], once[40];
	struct error err;
	size_t which;

	(void)state;
	for (size_t i = 0; i < 40; i++) {
		const char *before = arena_printf(a, "condition c%zu", i - 1);

		twice[i] = once[i] = (struct policy_condition){.name = arena_printf(a, "c%zu", i), .text = "x = y"};
		if (i > 0) {
			twice[i].text = arena_printf(a, "%s and %s", before, before);
			once[i].text = before;
		}
	}
	assert_refused(read_conditions(twice, 40, &which, &err), err, REASON_RULE);
	assert_string_equal(err.detail, "holds more than 5000 tests with all the conditions that it names");
	assert_refused(read_conditions(once, 40, &which, &err), err, REASON_RULE);
	assert_string_equal(err.detail, "column 11: more than 32 conditions that name one another in a row");
	assert_done(read_conditions(once, 33, &which, &err), err);
}

static void limits_depth_length_and_patterns(void **state)
{
	const struct refusal table[] = {
		{repeated("", "(", 33, "a = b"), "column 33: more than 32 parentheses and `not` within each other"},
		{repeated("", "not ", 33, "a = b"), "column 129: more than 32 parentheses and `not` within each other"},
		{repeated("", "(not ", 2000, ""), "the condition has 10000 bytes, more than 4000"},
		{repeated("a like ", "x", 257, ""), "column 8: the pattern has more than 256 bytes"},
	};

	(void)state;
	REFUSES(table, CONDITION_RULE);
	parses(repeated("", "(", 32, repeated("a = b", ")", 32, "")), CONDITION_RULE, &two);
	parses(repeated("", "not ", 32, "a = b"), CONDITION_RULE, &two);
	parses(repeated("a = b", " or a = b", 400, ""), CONDITION_RULE, &two);
	parses(repeated("(a = b)", " and (a = b)", 300, ""), CONDITION_RULE, &two);
	parses(repeated("a like ", "x", 256, ""), CONDITION_RULE, &two);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST_OF(conditions_name_others_in_any_order),
		TEST_OF(conditions_that_lead_back_to_themselves_are_refused),
		TEST_OF(conditions_do_not_grow_beyond_bounds),
		TEST_OF(limits_depth_length_and_patterns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
