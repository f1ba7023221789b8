/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What one test says about another, for policy_review.  Internal to policies/.
 *
 * Everything here answers "surely" or "not known", never "surely not".
 */
#ifndef POLICIES_IMPLICATION_H
#define POLICIES_IMPLICATION_H

#include "policies/condition.h"

struct literal {
	const struct condition *test;
	bool negated;
};

/* Days on which a test of `today` holds. */
struct days {
	int64_t from, to;
};
bool literal_days(const struct literal *l, struct days *out);   /* false: it is no such test, or one of an instant */

/* Whenever `a` holds, `b` does; and whenever `b` does not, nor does `a` (so doubt in `a` is doubt in `b` at least). */
bool literal_implies(const struct literal *a, const struct literal *b);
/* Never both. */
bool literals_exclude(const struct literal *a, const struct literal *b);
/* It holds of nobody. */
bool literal_is_impossible(const struct literal *l);
/* A sign-on always knows whether it holds. */
bool literal_is_sure(const struct literal *l);

#endif
