/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Rules that can never match, and requirements that can never hold.
 *
 * A condition is written as "at least one of" rows of tests that must all hold
 * (its disjunctive normal form, which three truths allow as two do).  A row that
 * contradicts itself is nobody's.  A rule all of whose rows are nobody's, or
 * imply a row of an earlier rule, never matches.  What this finds is so; that
 * nothing is found proves nothing: large conditions are passed over.
 *
 * Doubt counts: a rule that denies also matches where its condition is UNSURE,
 * so it is only nobody's where all is sure, and an earlier rule that gives
 * only takes what is surely its own.
 */
#include "policies/implication.h"

#include "base/text.h"

#define ROWS_MAX 128
#define TESTS_MAX 64
#define WORK_MAX 20000000

struct row {
	struct literal *list;
	size_t n;
};

struct rows {
	struct row *list;
	size_t n;
	bool unknown;                   /* too many, or a condition that was not parsed */
};

struct review {
	struct arena *arena;            /* of the work */
	struct arena *out;
	const struct policy *policy;
	int64_t today;
	size_t work;
	struct rows *rules;             /* of each rule up to the one looked at */
	struct policy_note *notes;
	size_t note_count;
};

/* ---- normal form ---- */

static void add_row(struct review *v, struct rows *rows, struct row row)
{
	if (rows->n == ROWS_MAX || row.n > TESTS_MAX) {
		rows->unknown = true;
		return;
	}
	rows->list = arena_grow(v->arena, rows->list, rows->n, sizeof(*rows->list));
	rows->list[rows->n++] = row;
}

static struct rows both(struct review *v, const struct rows *a, const struct rows *b)
{
	struct rows out = {.unknown = a->unknown || b->unknown};

	for (size_t i = 0; i < a->n && !out.unknown; i++)
		for (size_t k = 0; k < b->n && !out.unknown; k++) {
			struct row row = {arena_alloc(v->arena, (a->list[i].n + b->list[k].n + 1) * sizeof(*row.list)), 0};

			for (size_t n = 0; n < a->list[i].n; n++)
				row.list[row.n++] = a->list[i].list[n];
			for (size_t n = 0; n < b->list[k].n; n++)
				row.list[row.n++] = b->list[k].list[n];
			add_row(v, &out, row);
		}
	return out;
}

static struct rows rows_of(struct review *v, const struct condition *c, bool negated);

/* `and`, or the negation of `or`: every child; without children it always holds. */
static struct rows all_of(struct review *v, const struct condition *c, bool negated)
{
	struct rows all = {0}, one;

	add_row(v, &all, (struct row){NULL, 0});
	for (const struct condition *child = c->child; child && !all.unknown; child = child->next) {
		one = rows_of(v, child, negated);
		all = both(v, &all, &one);
	}
	return all;
}

static struct rows any_of(struct review *v, const struct condition *c, bool negated)
{
	struct rows any = {0}, one;

	for (const struct condition *child = c->child; child && !any.unknown; child = child->next) {
		one = rows_of(v, child, negated);
		any.unknown = one.unknown;
		for (size_t i = 0; i < one.n && !any.unknown; i++)
			add_row(v, &any, one.list[i]);
	}
	return any;
}

static struct rows rows_of(struct review *v, const struct condition *c, bool negated)
{
	struct rows rows = {0};
	struct literal *literal;

	if (!c || c->kind == CONDITION_NOTHING) {
		rows.unknown = true;
		return rows;
	}
	switch (c->kind) {
	case CONDITION_NOT: return rows_of(v, c->child, !negated);
	case CONDITION_NAMED: return rows_of(v, c->child, negated);
	case CONDITION_AND: return negated ? any_of(v, c, negated) : all_of(v, c, negated);
	case CONDITION_OR: return negated ? all_of(v, c, negated) : any_of(v, c, negated);
	default: break;
	}
	literal = arena_alloc(v->arena, sizeof(*literal));
	*literal = (struct literal){c, negated};
	add_row(v, &rows, (struct row){literal, 1});
	return rows;
}

/* ---- rows that are nobody's ---- */

static const char *say(struct review *v, const struct literal *l)
{
	return arena_printf(v->out, "%s%s", l->negated ? "not " : "", l->test->text ? l->test->text : "");
}

/* Tests of `today` together: no day is left, or none from now on. */
static const char *why_no_day(struct review *v, const struct row *row)
{
	struct days left = {INT64_MIN, INT64_MAX}, days;
	const struct literal *last = NULL;
	char day[11];

	for (size_t i = 0; i < row->n; i++) {
		if (!literal_days(&row->list[i], &days))
			continue;
		left.from = days.from > left.from ? days.from : left.from;
		left.to = days.to < left.to ? days.to : left.to;
		last = &row->list[i];
	}
	if (!last || (left.from <= left.to && left.to >= v->today))
		return NULL;
	if (left.from > left.to)
		return arena_printf(v->out, "no day is left by `%s` and the other tests of today", say(v, last));
	calendar_write_day(left.to, day);
	return arena_printf(v->out, "its last day was %s", day);
}

/* Why no person and no sign-on fits the row, or NULL; with `denies` also none that is in doubt. */
static const char *why_nobody(struct review *v, const struct row *row, bool denies)
{
	for (size_t i = 0; i < row->n; i++) {
		const struct literal *l = &row->list[i];

		if (denies && !literal_is_sure(l))
			continue;
		if (literal_is_impossible(l))
			return arena_printf(v->out, "`%s`: nothing is in it", say(v, l));
		for (size_t k = 0; k < i; k++)
			if ((!denies || literal_is_sure(&row->list[k])) && literals_exclude(&row->list[k], l))
				return arena_printf(v->out, "`%s` and `%s` never hold together", say(v, &row->list[k]), say(v, l));
	}
	return why_no_day(v, row);
}

static void note(struct review *v, const char *name, int line, bool requirement, const char *text)
{
	v->notes = arena_grow(v->out, v->notes, v->note_count, sizeof(*v->notes));
	v->notes[v->note_count++] = (struct policy_note){.name = name, .line = line, .requirement = requirement, .text = text};
}

/* Why all rows are nobody's, or NULL. */
static const char *why_never(struct review *v, const struct rows *rows, bool denies)
{
	const char *why = "nothing is in it";

	if (rows->unknown)
		return NULL;
	for (size_t i = 0; i < rows->n && why; i++)
		why = why_nobody(v, &rows->list[i], denies);
	return why;
}

/* ---- rules behind others ---- */

static bool row_implies(struct review *v, const struct row *a, const struct row *b)
{
	for (size_t i = 0; i < b->n; i++) {
		size_t k = 0;

		while (k < a->n && !literal_implies(&a->list[k], &b->list[i]))
			k++;
		v->work += k + 1;
		if (k == a->n)
			return false;
	}
	return true;
}

static bool is_sure(const struct row *row)
{
	for (size_t i = 0; i < row->n; i++)
		if (!literal_is_sure(&row->list[i]))
			return false;
	return true;
}

/* The earlier rule that matches whenever this row of rule `at` does, or SIZE_MAX. */
static size_t taken_by(struct review *v, size_t at, const struct row *row)
{
	bool denies = v->policy->rules[at].outcome == OUTCOME_DENY;

	for (size_t i = 0; i < at && v->work < WORK_MAX; i++) {
		if (v->rules[i].unknown || (denies && v->policy->rules[i].outcome != OUTCOME_DENY && !is_sure(row)))
			continue;
		for (size_t k = 0; k < v->rules[i].n; k++)
			if (row_implies(v, row, &v->rules[i].list[k]))
				return i;
	}
	return SIZE_MAX;
}

/* The rules that take all of it, for a person; NULL: they do not. */
static const char *why_shadowed(struct review *v, size_t at)
{
	const struct rows *rows = &v->rules[at];
	const struct policy *p = v->policy;
	bool named[ROWS_MAX] = {false};
	size_t by[ROWS_MAX];
	struct text t;

	text_begin(&t, v->out, 64);
	for (size_t i = 0; i < rows->n; i++) {
		bool again = false;

		if (why_nobody(v, &rows->list[i], p->rules[at].outcome == OUTCOME_DENY))
			continue;
		by[i] = taken_by(v, at, &rows->list[i]);
		if (by[i] == SIZE_MAX)
			return NULL;
		named[i] = true;
		for (size_t k = 0; k < i; k++)
			again = again || (named[k] && by[k] == by[i]);
		if (!again)
			text_addf(&t, "%s%s (line %d)", t.n ? ", " : "", p->rules[by[i]].name ? p->rules[by[i]].name : "", p->rules[by[i]].line);
	}
	return arena_printf(v->out, "whoever it means is met before, by %s", t.p);
}

static void review_rules(struct review *v)
{
	const struct policy *p = v->policy;
	const char *why;

	v->rules = arena_alloc(v->arena, (p->rule_count + 1) * sizeof(*v->rules));
	for (size_t i = 0; i < p->rule_count; i++) {
		v->rules[i] = rows_of(v, p->rules[i].when, false);
		why = why_never(v, &v->rules[i], p->rules[i].outcome == OUTCOME_DENY);
		if (!why && !v->rules[i].unknown)
			why = why_shadowed(v, i);
		if (why)
			note(v, p->rules[i].name, p->rules[i].line, false, why);
	}
}

static void review_requirements(struct review *v)
{
	const struct policy *p = v->policy;

	for (size_t i = 0; i < p->requirement_count; i++) {
		struct rows rows = rows_of(v, p->requirements[i].when, false);
		const char *why = why_never(v, &rows, false);

		if (why)
			note(v, p->requirements[i].name, p->requirements[i].line, true, why);
	}
}

size_t policy_review(struct arena *a, const struct policy *policy, int64_t now, const struct zone *zone, const struct policy_note **out)
{
	struct review v = {.arena = arena_new(), .out = a, .policy = policy, .today = zone_day(zone, now)};

	review_rules(&v);
	review_requirements(&v);
	arena_free(v.arena);
	*out = v.notes;
	return v.note_count;
}
