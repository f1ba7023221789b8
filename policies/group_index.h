/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A person's groups by name, for one decision: with 200 rules and 100 groups,
 * comparing each with each is most of what a decision costs.  Internal to
 * policies/.
 */
#ifndef POLICIES_GROUP_INDEX_H
#define POLICIES_GROUP_INDEX_H

#include "policies/policies.h"

struct group_index {
	uint32_t mask;
	/* one more than the number of a group, so that 0 is none: the nearest group of a place, and the next one behind each */
	uint32_t *by_dn, *by_cn, *next_dn, *next_cn;
};

/* Without the case of A to Z, so that it serves cn, too; what is equal has the same, what has the same may differ. */
uint32_t group_hash(const char *name);

struct group_index *group_index_make(struct arena *a, const struct facts *facts);

#endif
