/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What plan_groups.c (who is in which group) and plan_moves.c (who leaves one for another) share.  Internal to provision/. */
#ifndef PROVISION_PLAN_GROUPS_H
#define PROVISION_PLAN_GROUPS_H

#include "provision/plan_parts.h"

/* What is different between groups of SCIM, customer organizations and desks of REST. */
struct form {
	enum step_kind add, remove, create;
	bool desks;
};
extern const struct form plan_scim_form;

struct group_work {
	const char *name;
	const struct world_group *group;        /* NULL: not there */
	bool licensed;
	uint32_t *wanted;               /* indices of wants */
	size_t count, filled;
};

/* One form of groups at one target. */
struct work {
	struct planning *p;
	struct side *side;
	const struct form *form;
	struct group_work *groups;
	size_t n;
};

bool plan_is_in(const char *const *list, const char *name);     /* NULL: an empty list */
/* Index of a member among the users; NOBODY: the target does not list it. */
uint32_t plan_user_number(const struct side *s, const char *id);
bool plan_is_stranger(const struct account_state *state);       /* nobody here knows whose it is */
/* Who is wanted gets the mark returned; who is wanted and in the group gets the one after it. */
uint32_t plan_mark_members(struct work *w, const struct group_work *g);
void plan_remove_members(struct work *w, const struct group_work *g);   /* who is in the group, and neither wanted nor to be left alone */
void plan_leave_group(struct work *w, const struct group_work *g);      /* the same, but for who goes to a group that may have no product yet */

#endif
