/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The text of a `when`, and of conditions that it names (each but the last ends
 * with a byte 1, and is called a, b, c …), judged on two people when it parses.
 *
 * Promises: an error is REASON_RULE with words; a trace changes no decision;
 * `not (TEXT)` is the opposite, and doubt stays doubt; a rule that the review
 * calls impossible does not match.
 */
#include "tests/fuzz/fuzz.h"

#include "policies/condition.h"

#define NOW 1795867200
#define NAMED_MAX 8

static int normalize(struct arena *a, const char *dn, const char **key_out)
{
	if (!strchr(dn, '='))
		return -1;
	*key_out = arena_strdup(a, dn);
	return 0;
}

static struct policy_names names_of(const struct policy_condition *list, size_t n)
{
	static const char *const directories[] = {"corp", NULL}, *const doors[] = {"organisation", "helpdesk", NULL}, *const links[] = {"help", NULL};
	static const char *const values[] = {"Sales", "*gin*", NULL}, *const groups[] = {"corp:agents", "cn=leads,dc=y", NULL};
	static const char *const networks[] = {"10.0.0.0/8", NULL}, *const nothing[] = {NULL};
	static const struct policy_set sets[] = {{"values", values}, {"groups", groups}, {"networks", networks}, {"nothing", nothing}};

	return (struct policy_names){.normalize = normalize, .directories = directories, .doors = doors, .links = links, .sets = sets, .set_count = 4,
		.conditions = list, .condition_count = n};
}

static void require_words(const struct error *err, const char *text, struct arena *a)
{
	if (err->reason != REASON_RULE || !err->detail[0])
		abort();
	condition_caret(a, text, err->detail);
}

static struct facts facts_of_somebody(void)
{
	static struct slice department = {"Sales", 5}, level = {"5", 1}, end = {"2026-12-31", 10}, ticks = {"134087166000000000", 18}, odd = {"a\0b", 3};
	static struct fact_attribute attributes[] = {
		{"department", &department, 1}, {"level", &level, 1}, {"end", &end, 1}, {"lastlogon", &ticks, 1}, {"odd", &odd, 1},
	};
	static struct fact_attribute claim = {"http://x/role", &department, 1};
	static struct fact_group groups[] = {
		{.directory = "corp", .dn = "cn=agents,dc=y", .dn_key = "cn=agents,dc=y", .cn = "agents", .through = -1},
		{.directory = "corp", .dn = "cn=shared,dc=y", .dn_key = "cn=shared,dc=y", .cn = "shared", .through = 0, .cn_shared = true},
	};

	return (struct facts){
		.directory = "corp", .dn = "uid=a,dc=y", .dn_key = "uid=a,dc=y", .mail = "a@example.org", .attributes = attributes, .attribute_count = 5,
		.groups = groups, .group_count = 2, .door = "organisation", .door_kind = DOOR_MANAGED, .client = "192.0.2.1", .claims = &claim,
		.claim_count = 1, .mfa = true, .tenant = "7b1c2d3e-4f50-4a61-8b72-93a4b5c6d7e8", .link = "help", .now = NOW,
	};
}

static enum truth truth_for(struct arena *a, const struct condition *c, const struct facts *facts)
{
	struct evaluation quick, traced;

	evaluation_begin(&quick, a, facts, TRACE_NO);
	evaluation_begin(&traced, a, facts, TRACE_YES);
	if (condition_evaluate(&quick, c) != condition_evaluate(&traced, c))
		abort();
	return condition_evaluate(&quick, c);
}

static void require_opposite(struct arena *a, const char *text, const struct policy_names *names, enum truth truth, const struct facts *facts)
{
	const char *opposite = arena_printf(a, "not (%s)", text);
	struct condition *c;
	struct error err;

	/* one that just fits does not with a `not` and parentheses */
	if (condition_parse(a, opposite, CONDITION_REQUIRE, names, &c, &err) == 0 && (int)truth_for(a, c, facts) != TRUTH_YES - (int)truth)
		abort();
}

static void decide(struct arena *a, struct condition *when, const struct facts *facts)
{
	struct rule rule = {.name = "r", .outcome = OUTCOME_LICENSED, .when = when};
	struct policy policy = {.rules = &rule, .rule_count = 1};
	const struct policy_note *notes;
	size_t n = policy_review(a, &policy, NOW, NULL, &notes);
	struct decision d;

	policy_decide(a, &policy, facts, TRACE_YES, &d);
	if (d.granted != (truth_for(a, when, facts) == TRUTH_YES) || (n && d.granted))
		abort();
}

static void judge(struct arena *a, const char *text, const struct policy_names *names)
{
	const struct facts somebody = facts_of_somebody(), nobody = {0};
	struct condition *c;
	struct error err;

	if (condition_parse(a, text, CONDITION_REQUIRE, names, &c, &err) < 0) {
		require_words(&err, text, a);
		return;
	}
	fuzz_succeeded(0);
	require_opposite(a, text, names, truth_for(a, c, &somebody), &somebody);
	require_opposite(a, text, names, truth_for(a, c, &nobody), &nobody);
	decide(a, c, &somebody);
	if (condition_parse(a, text, CONDITION_RULE, names, &c, &err) < 0)
		require_words(&err, text, a);
	else if (condition_sign_on(c))
		abort();
}

/* The conditions before the last text, parsed and linked; how many, or -1. */
static int take_named(struct arena *a, const char **text, struct policy_condition *list)
{
	static const char *const called[NAMED_MAX] = {"a", "b", "c", "d", "e", "f", "g", "h"};
	struct policy_names names;
	struct error err;
	char *end;
	size_t which = 0;
	int n = 0;

	for (; n < NAMED_MAX && (end = strchr(*text, 1)); n++) {
		list[n] = (struct policy_condition){called[n], arena_copy(a, slice_of(*text, (size_t)(end - *text))), NULL};
		*text = end + 1;
	}
	names = names_of(list, (size_t)n);
	for (int i = 0; i < n; i++)
		if (condition_parse(a, list[i].text, CONDITION_REQUIRE, &names, &list[i].when, &err) < 0)
			require_words(&err, list[i].text, a);
	if (policy_conditions_link(list, (size_t)n, &which, &err) == 0)
		return n;
	require_words(&err, list[which].text, a);
	return -1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct policy_condition list[NAMED_MAX];
	struct arena *a = arena_new();
	struct policy_names names;
	struct error err;
	const char *text;
	int n;

	if (arena_cstr(a, slice_of(data, size), REASON_RULE, &text, &err) == 0) {
		n = take_named(a, &text, list);
		names = names_of(list, n < 0 ? 0 : (size_t)n);
		if (n >= 0)
			judge(a, text, &names);
	}
	arena_free(a);
	return 0;
}
