/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the two halves of the desired state share.  Internal to desired_*.c. */
#ifndef GATEWAY_DESIRED_PARTS_H
#define GATEWAY_DESIRED_PARTS_H

#include "gateway/provisioning/desired_census.h"
#include "gateway/ldap_rules_live.h"

/* A set of names that is being gathered. */
struct name_set {
	struct arena *arena;
	const char **list;
	size_t n;
};

void name_set_add(struct name_set *names, const char *const *more);   /* NULL is fine */
/* Each once, in order, NULL-terminated; the names themselves are copies in `copy_to`. */
const char *const *name_set_end(struct name_set *names, struct arena *copy_to);
bool name_list_has(const char *const *list, const char *name);

/* A mark counts at every site, or at those that it names. */
bool given_counts_at(const struct ldap_given *given, const char *site);

#endif
