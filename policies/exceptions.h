/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Exceptions within a decision.  Internal to policies/. */
#ifndef POLICIES_EXCEPTIONS_H
#define POLICIES_EXCEPTIONS_H

#include "policies/condition.h"

/* The one that gives this person's outcome now, or NULL; those of the person go into the trace, with `rules`. */
const struct exception *exceptions_find(struct arena *a, const struct policy *policy, const struct facts *facts, enum policy_trace trace,
	struct decision *d);

/* After the rules: whether an ended exception of this person gave an account of another kind; then nothing is granted. */
void exceptions_require_kind(const struct policy *policy, const struct facts *facts, struct decision *d);

#endif
