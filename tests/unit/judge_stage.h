/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One person, and a condition judged against what is known. */
#ifndef TESTS_JUDGE_STAGE_H
#define TESTS_JUDGE_STAGE_H

#include "tests/unit/arena.h"
#include "tests/unit/policy_names.h"

#include "base/text.h"
#include "policies/condition.h"

/* ---- one person ---- */

#define V(text) {text, sizeof(text) - 1}

static const struct slice sales[] = {V("Sales")};
static const struct slice titles[] = {V("Engineer"), V("Teamleiterin Köln"), V("100% *"), V("x"), V("y")};
static const struct slice odd[] = {V("a\0b\n\"")};
static const struct slice roles[] = {V("admin"), V("Reader")};

static const struct fact_attribute attributes[] = {
	{"department", sales, 1},
	{"title", titles, 5},
	{"odd", odd, 1},
	{"emptied", NULL, 0},
};

static const struct fact_attribute claims[] = {
	{"http://x/role", roles, 2},
};

/* team <- leads <- agents; all-staff direct; two groups of corp called "shared". */
static const struct fact_group groups[] = {
	{"corp", "cn=team,dc=y", "cn=team,dc=y", "team", -1, false},
	{"corp", "cn=All Staff,dc=y", "cn=all staff,dc=y", "All Staff", -1, false},
	{"corp", "cn=leads,dc=y", "cn=leads,dc=y", "leads", 0, false},
	{"corp", "cn=shared,ou=a,dc=y", "cn=shared,ou=a,dc=y", "shared", -1, true},
	{"corp", "cn=agents,dc=y", "cn=agents,dc=y", "agents", 2, false},
	{"lab", "cn=agents,dc=y", "cn=agents,dc=y", NULL, -1, false},
};

static const struct facts person = {
	.directory = "corp",
	.dn = "uid=ada,ou=People,dc=y",
	.dn_key = "uid=ada,ou=people,dc=y",
	.mail = "Ada@example.org",
	.attributes = attributes,
	.attribute_count = sizeof(attributes) / sizeof(attributes[0]),
	.groups = groups,
	.group_count = sizeof(groups) / sizeof(groups[0]),
	.door = "helpdesk",
	.door_kind = DOOR_PORTAL,
	.claims = claims,
	.claim_count = 1,
	.mfa = true,
	.client = "10.1.2.3",
};

static const struct facts nobody = {0};

static inline enum truth judge(const char *text, const struct facts *facts, struct evaluation *e, enum policy_trace trace)
{
	struct condition *c = NULL;
	struct error err = {0};

	if (condition_parse(a, text, CONDITION_REQUIRE, &two, &c, &err) < 0)
		fail_msg("`%s`: %s", text, err.detail);
	evaluation_begin(e, a, facts, trace);
	return condition_evaluate(e, c);
}

struct row {
	const char *text;
	enum truth truth;
	const char *why;
};

static inline void judges(const struct row *rows, size_t n, const struct facts *facts)
{
	struct evaluation e, quick;
	enum truth t;

	for (size_t i = 0; i < n; i++) {
		t = judge(rows[i].text, facts, &e, TRACE_YES);
		if (t != rows[i].truth)
			fail_msg("`%s`: got %d (%s)", rows[i].text, t, e.steps[0].why);
		assert_int_equal(judge(rows[i].text, facts, &quick, TRACE_NO), t);
		assert_string_equal(e.steps[0].text, rows[i].text);
		assert_int_equal(e.steps[0].matched, t == TRUTH_YES);
		if (strcmp(e.steps[0].why, rows[i].why) != 0)
			fail_msg("`%s`:\n  got    %s\n  wanted %s", rows[i].text, e.steps[0].why, rows[i].why);
	}
}

#define JUDGES(rows, facts) judges(rows, sizeof(rows) / sizeof((rows)[0]), facts)

#endif
