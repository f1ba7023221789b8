/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Conditions made at random, judged by the real thing and by a few lines that
 * share no code with it: a tree that was never text, and people with few
 * properties.  Beside them: that a rule of which the review says that it never
 * matches does not, and that groups are found with an index as without.
 */
#include "tests/unit/unit.h"
#include "tests/unit/policy_names.h"

#include "base/text.h"
#include "policies/condition.h"

#define NOW 1795867200          /* 2026-11-28T12:00:00Z, a Saturday */
#define MAX_DEPTH 5

static struct arena *a;
static uint32_t seed;

static int begin(void **state)
{
	(void)state;
	a = arena_new();
	seed = 4711;
	return 0;
}

static int end(void **state)
{
	(void)state;
	arena_free(a);
	return 0;
}

static unsigned pick(unsigned n)
{
	seed = seed * 1664525u + 1013904223u;
	return (seed >> 8) % n;
}

/* ---- people ---- */

struct person {
	unsigned departments;   /* bit 0: Sales, bit 1: Ops */
	unsigned levels;        /* bit 0: 1, bit 1: 5, bit 2: x */
	unsigned ends;          /* bit 0: yesterday, bit 1: tomorrow, bit 2: junk */
	unsigned groups;        /* bit 0: team, bit 1: leads, bit 2: one of two called shared */
	bool lab, knows_place, other_mail;
	bool mfa, guest, knows_client, inside, knows_now;
};

static struct person person_at_random(void)
{
	return (struct person){
		.departments = pick(4), .levels = pick(8), .ends = pick(8), .groups = pick(8), .lab = pick(2), .knows_place = pick(4) > 0,
		.other_mail = pick(2), .mfa = pick(2), .guest = pick(2), .knows_client = pick(4) > 0, .inside = pick(2), .knows_now = pick(6) > 0,
	};
}

static void add_value(struct fact_attribute *at, struct slice *values, const char *text)
{
	values[at->n] = slice_c(text);
	at->values = values;
	at->n++;
}

static struct facts facts_of(const struct person *p)
{
	static struct fact_attribute attributes[3];
	static struct slice departments[2], levels[3], ends[3];
	static struct fact_group groups[3];
	struct facts f = {.directory = p->lab ? "lab" : "corp", .mail = p->other_mail ? "b@y.org" : "a@x.org", .attributes = attributes,
		.attribute_count = 3, .groups = groups, .mfa = p->mfa, .guest = p->guest, .now = p->knows_now ? NOW : 0};

	attributes[0] = (struct fact_attribute){.name = "department"};
	attributes[1] = (struct fact_attribute){.name = "level"};
	attributes[2] = (struct fact_attribute){.name = "end"};
	for (unsigned i = 0; i < 2; i++)
		if (p->departments >> i & 1)
			add_value(&attributes[0], departments, i ? "Ops" : "Sales");
	for (unsigned i = 0; i < 3; i++)
		if (p->levels >> i & 1)
			add_value(&attributes[1], levels, i == 0 ? "1" : i == 1 ? "5" : "x");
	for (unsigned i = 0; i < 3; i++)
		if (p->ends >> i & 1)
			add_value(&attributes[2], ends, i == 0 ? "2026-11-27" : i == 1 ? "20261129080000Z" : "soon");
	for (unsigned i = 0; i < 3; i++)
		if (p->groups >> i & 1)
			groups[f.group_count++] = (struct fact_group){.directory = "corp", .dn = i == 0 ? "cn=team,dc=y" : i == 1 ? "cn=leads,dc=y" :
				"cn=shared,dc=y", .cn = i == 0 ? "team" : i == 1 ? "leads" : "shared", .through = -1, .cn_shared = i == 2};
	for (size_t i = 0; i < f.group_count; i++)
		groups[i].dn_key = groups[i].dn;
	if (p->knows_place)
		f.dn = f.dn_key = p->lab ? "uid=a,ou=lab,dc=y" : "uid=a,ou=people,dc=y";
	if (p->knows_client)
		f.client = p->inside ? "10.1.2.3" : "192.0.2.1";
	return f;
}

/* ---- tests, and what they mean ---- */

enum { NO, UNSURE, YES };

static int yes(bool b)
{
	return b ? YES : NO;
}

/* Some value fits: if none does, a value that says nothing leaves it open. */
static int some(bool fits, bool silent)
{
	return fits ? YES : silent ? UNSURE : NO;
}

#define ATOMS(X) \
	X("department = Sales", yes(p->departments & 1)) \
	X("department != sales", yes(p->departments == 2)) \
	X("department in (OPS, other)", yes(p->departments & 2)) \
	X("department in (Sales, Ops)", yes(p->departments)) \
	X("department like 's*'", yes(p->departments & 1)) \
	X("department like ('?ps', x)", yes(p->departments & 2)) \
	X("department present", yes(p->departments)) \
	X("department in set nothing", NO) \
	X("level = 5", yes(p->levels & 2)) \
	X("level >= 5", some(p->levels & 2, p->levels & 4)) \
	X("level > 5", some(false, p->levels & 4)) \
	X("level < 5", some(p->levels & 1, p->levels & 4)) \
	X("level <= 5", some(p->levels & 3, p->levels & 4)) \
	X("level present", yes(p->levels)) \
	X("end before today", p->knows_now ? some(p->ends & 1, p->ends & 4) : p->ends ? UNSURE : NO) \
	X("end after today", p->knows_now ? some(p->ends & 2, p->ends & 4) : p->ends ? UNSURE : NO) \
	X("end until 2026-11-27", some(p->ends & 1, p->ends & 4)) \
	X("end since 2026-11-29T08:00Z", some(p->ends & 2, p->ends & 4)) \
	X("end since 2026-01-01", some(p->ends & 3, p->ends & 4)) \
	X("today until 2026-11-28", p->knows_now ? YES : UNSURE) \
	X("today before 2026-11-28", p->knows_now ? NO : UNSURE) \
	X("member of 'CN=team, dc=y'", yes(p->groups & 1)) \
	X("member of corp:LEADS", yes(p->groups & 2)) \
	X("member of lab:leads", NO) \
	X("member of corp:shared", p->groups & 4 ? UNSURE : NO) \
	X("member of 'cn=shared,dc=y'", yes(p->groups & 4)) \
	X("member of (corp:team, corp:shared)", p->groups & 1 ? YES : p->groups & 4 ? UNSURE : NO) \
	X("directory is corp", yes(!p->lab)) \
	X("directory is lab", yes(p->lab)) \
	X("dn under 'ou=people,dc=y'", p->knows_place ? yes(!p->lab) : UNSURE) \
	X("dn under 'dc=y'", p->knows_place ? YES : UNSURE) \
	X("mail = A@x.org", yes(!p->other_mail)) \
	X("mail like *@y.org", yes(p->other_mail)) \
	X("mail present", YES) \
	X("mfa", yes(p->mfa)) \
	X("guest", yes(p->guest)) \
	X("user is member", yes(!p->guest)) \
	X("client in 10.0.0.0/8", p->knows_client ? yes(p->inside) : UNSURE) \
	X("client in 192.0.2.0/24, 10.1.0.0/16", p->knows_client ? YES : UNSURE) \
	X("weekday in sat, sun", p->knows_now ? YES : UNSURE) \
	X("time in 12:01-11:59", p->knows_now ? NO : UNSURE)

static const char *const atoms[] = {
#define X(text, meaning) text,
	ATOMS(X)
#undef X
};
#define ATOM_COUNT (sizeof(atoms) / sizeof(atoms[0]))
#define FIRST_OF_SIGN_ON 34     /* "mfa" */

static int atom_truth(unsigned atom, const struct person *p)
{
	const int truths[] = {
#define X(text, meaning) meaning,
		ATOMS(X)
#undef X
	};

	return truths[atom];
}

/* ---- trees ---- */

struct tree {
	char kind;              /* '.', '!', '&', '|' */
	unsigned atom;
	struct tree *left, *right;
};

static struct tree *tree_at_random(unsigned depth, unsigned atom_count)
{
	struct tree *t = arena_alloc(a, sizeof(*t));

	t->kind = depth == 0 ? '.' : ".!&|&|"[pick(6)];
	t->atom = pick(atom_count);
	if (t->kind != '.')
		t->left = tree_at_random(depth - 1, atom_count);
	if (t->kind == '&' || t->kind == '|')
		t->right = tree_at_random(depth - 1, atom_count);
	return t;
}

static int tree_truth(const struct tree *t, const struct person *p)
{
	int left = t->left ? tree_truth(t->left, p) : NO, right = t->right ? tree_truth(t->right, p) : NO;

	switch (t->kind) {
	case '!': return YES - left;
	case '&': return left < right ? left : right;
	case '|': return left > right ? left : right;
	default: return atom_truth(t->atom, p);
	}
}

/* With parentheses only where they are needed, and sometimes where they are not. */
static void tree_write(struct text *out, const struct tree *t, char around)
{
	bool parentheses = (t->kind == '|' && (around == '&' || around == '!')) || (t->kind == '&' && around == '!') || pick(8) == 0;

	text_add_c(out, parentheses ? "( " : "");
	if (t->kind == '.')
		text_add_c(out, atoms[t->atom]);
	if (t->kind == '!')
		text_add_c(out, pick(2) ? "not " : "NOT\n");
	if (t->left)
		tree_write(out, t->left, t->kind);
	if (t->right) {
		text_add_c(out, t->kind == '&' ? " and " : " OR ");
		tree_write(out, t->right, t->kind);
	}
	text_add_c(out, parentheses ? ")" : "");
}

static const char *tree_text(const struct tree *t)
{
	struct text out;

	text_begin(&out, a, 256);
	tree_write(&out, t, 0);
	return out.p;
}

static struct condition *parse(const char *text, enum condition_scope scope)
{
	struct condition *c = NULL;
	struct error err;

	if (condition_parse(a, text, scope, &two, &c, &err) < 0)
		fail_msg("`%s`: %s", text, err.detail);
	return c;
}

static void conditions_mean_what_a_few_lines_say(void **state)
{
	size_t seen[3] = {0};

	(void)state;
	for (int round = 0; round < 4000; round++) {
		const struct tree *t = tree_at_random(pick(MAX_DEPTH + 1), ATOM_COUNT);
		const char *text = tree_text(t);
		struct condition *c = parse(text, CONDITION_REQUIRE);

		for (int i = 0; i < 12; i++) {
			struct person p = person_at_random();
			struct facts f = facts_of(&p);
			struct evaluation quick, traced;
			int wanted = tree_truth(t, &p);

			evaluation_begin(&quick, a, &f, TRACE_NO);
			evaluation_begin(&traced, a, &f, TRACE_YES);
			if ((int)condition_evaluate(&quick, c) != wanted || (int)condition_evaluate(&traced, c) != wanted)
				fail_msg("`%s`: wanted %d", text, wanted);
			seen[wanted]++;
		}
		if (round % 100 == 99) {
			arena_free(a);
			a = arena_new();
		}
	}
	assert_true(seen[NO] > 5000 && seen[UNSURE] > 1000 && seen[YES] > 5000);
}

/* What the review says of a rule must hold of every person; there are people enough to find one of whom it does not. */
static void a_rule_that_is_said_never_to_match_does_not(void **state)
{
	size_t said = 0;

	(void)state;
	for (int round = 0; round < 1500; round++) {
		struct rule rules[4] = {{0}};
		struct policy policy = {.rules = rules, .rule_count = 4};
		const struct policy_note *notes;
		size_t n;

		for (size_t i = 0; i < 4; i++)
			rules[i] = (struct rule){.name = arena_printf(a, "%zu", i), .line = (int)i, .outcome = pick(2) ? OUTCOME_DENY : OUTCOME_CUSTOMER,
				.when_text = tree_text(tree_at_random(pick(3), FIRST_OF_SIGN_ON))};
		for (size_t i = 0; i < 4; i++)
			rules[i].when = parse(rules[i].when_text, CONDITION_RULE);
		n = policy_review(a, &policy, NOW, NULL, &notes);
		said += n;
		for (int i = 0; n && i < 300; i++) {
			struct person p = person_at_random();
			struct decision d;
			struct facts f;

			p.knows_now = true;     /* the review takes it for granted, as of sign-ons it is */
			f = facts_of(&p);
			policy_decide(a, &policy, &f, TRACE_NO, &d);
			for (size_t k = 0; k < n; k++)
				if (d.rule && strcmp(d.rule, notes[k].name) == 0)
					fail_msg("`%s` matched, though %s", rules[notes[k].line].when_text, notes[k].text);
		}
		arena_free(a);
		a = arena_new();
	}
	assert_true(said > 300);
}

static void groups_are_found_with_an_index_as_without(void **state)
{
	struct fact_group groups[60];
	struct facts f = {.directory = "corp", .groups = groups, .group_count = 60};

	(void)state;
	for (int round = 0; round < 300; round++) {
		for (size_t i = 0; i < 60; i++) {
			const char *cn = arena_printf(a, pick(2) ? "Group%u" : "group%u", pick(40));
			const char *dn = arena_printf(a, "cn=g%u,ou=some-long-name-of-a-department-%u,dc=y", pick(30), pick(3));

			groups[i] = (struct fact_group){.directory = pick(2) ? "corp" : "lab", .dn = dn, .dn_key = pick(9) ? dn : NULL, .cn = pick(9) ? cn : NULL,
				.through = i ? (int)pick((unsigned)i + 1) - 1 : -1, .cn_shared = pick(4) == 0};
		}
		for (unsigned k = 0; k < 40; k++) {
			const char *text = pick(2) ? arena_printf(a, "member of %s:gROUP%u", pick(2) ? "corp" : "lab", k) :
				arena_printf(a, "member of '%scn=g%u,ou=some-long-name-of-a-department-%u,dc=y'", pick(2) ? "lab:" : "", pick(30), pick(3));
			struct condition *c = parse(text, CONDITION_RULE);
			struct evaluation with, without;

			evaluation_begin(&with, a, &f, TRACE_YES);
			evaluation_begin(&without, a, &f, TRACE_YES);
			with.index = group_index_make(a, &f);
			assert_int_equal(condition_evaluate(&with, c), condition_evaluate(&without, c));
			assert_string_equal(with.steps[0].why, without.steps[0].why);
			assert_int_equal(with.group_count, without.group_count);
			for (size_t i = 0; i < with.group_count; i++)
				assert_int_equal(with.groups[i], without.groups[i]);
		}
		arena_free(a);
		a = arena_new();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST_OF(f) cmocka_unit_test_setup_teardown(f, begin, end)
		TEST_OF(conditions_mean_what_a_few_lines_say),
		TEST_OF(a_rule_that_is_said_never_to_match_does_not),
		TEST_OF(groups_are_found_with_an_index_as_without),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
