/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Judging a condition: three truths, and the steps that `explain` prints.
 *
 * `and` is the least of its children and `or` the greatest, in the order NO,
 * UNSURE, YES; `not` turns the order round.  Without a trace the first child
 * that decides ends it; with one every child is tried, so that an
 * administrator sees them all, and the result is the same because tests
 * change nothing.
 */
#include "policies/condition.h"

void evaluation_begin(struct evaluation *e, struct arena *a, const struct facts *facts, enum policy_trace trace)
{
	*e = (struct evaluation){.arena = a, .facts = facts, .traced = trace == TRACE_YES, .collects = true};
}

static size_t add_step(struct evaluation *e, const char *text, int depth)
{
	e->steps = arena_grow(e->arena, e->steps, e->step_count, sizeof(*e->steps));
	e->steps[e->step_count] = (struct trace_step){.text = text, .why = "", .depth = depth};
	return e->step_count++;
}

static enum truth evaluate(struct evaluation *e, const struct condition *c, int depth);

static enum truth evaluate_test(struct evaluation *e, const struct condition *c, int depth)
{
	const char *why = "";
	enum truth t = test_evaluate(e, c, e->traced ? &why : NULL);
	size_t step;

	if (!e->traced)
		return t;
	step = add_step(e, c->text ? c->text : "", depth);
	e->steps[step].matched = t == TRUTH_YES;
	e->steps[step].why = why;
	return t;
}

/* Groups under a `not` never made anything match. */
static enum truth evaluate_not(struct evaluation *e, const struct condition *c, int depth)
{
	bool collected = e->collects;
	enum truth t;

	e->collects = false;
	t = evaluate(e, c->child, depth + 1);
	e->collects = collected;
	return t == TRUTH_YES ? TRUTH_NO : t == TRUTH_NO ? TRUTH_YES : TRUTH_UNSURE;
}

static enum truth evaluate_all(struct evaluation *e, const struct condition *c, int depth)
{
	enum truth all = TRUTH_YES, t;

	for (const struct condition *child = c->child; child && (e->traced || all != TRUTH_NO); child = child->next) {
		t = evaluate(e, child, depth + 1);
		all = t < all ? t : all;
	}
	return all;
}

/* Only the first child that holds gives its groups. */
static enum truth evaluate_any(struct evaluation *e, const struct condition *c, int depth)
{
	enum truth any = TRUTH_NO, t;
	bool collected = e->collects;

	for (const struct condition *child = c->child; child && (e->traced || any != TRUTH_YES); child = child->next) {
		e->collects = collected && any != TRUTH_YES;
		t = evaluate(e, child, depth + 1);
		any = t > any ? t : any;
	}
	e->collects = collected;
	return any;
}

static const char *joiner_text(const struct condition *c)
{
	if (c->kind == CONDITION_NAMED)
		return c->text;
	return c->kind == CONDITION_AND ? "all of" : c->kind == CONDITION_OR ? "at least one of" : "not";
}

static enum truth evaluate_joined(struct evaluation *e, const struct condition *c, int depth)
{
	size_t step = 0, groups = e->group_count;
	enum truth t;

	if (e->traced)
		step = add_step(e, joiner_text(c), depth);
	if (c->kind == CONDITION_AND)
		t = evaluate_all(e, c, depth);
	else if (c->kind == CONDITION_OR)
		t = evaluate_any(e, c, depth);
	else if (c->kind == CONDITION_NAMED)
		t = evaluate(e, c->child, depth + 1);
	else
		t = evaluate_not(e, c, depth);
	if (e->traced)
		e->steps[step].matched = t == TRUTH_YES;
	if (t != TRUTH_YES)
		e->group_count = groups;
	return t;
}

static enum truth evaluate(struct evaluation *e, const struct condition *c, int depth)
{
	if (!c)
		return TRUTH_UNSURE;
	if (c->kind >= CONDITION_OR && c->kind <= CONDITION_NAMED)
		return evaluate_joined(e, c, depth);
	return evaluate_test(e, c, depth);
}

enum truth condition_evaluate(struct evaluation *e, const struct condition *c)
{
	return evaluate(e, c, 0);
}
