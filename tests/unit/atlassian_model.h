/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Atlassian as a few arrays, for tests of what is done there: strict where the
 * real one is (one account a mail, unknown members and groups refused), and in
 * memory that survives a child which is killed.
 */
#ifndef TESTS_UNIT_ATLASSIAN_MODEL_H
#define TESTS_UNIT_ATLASSIAN_MODEL_H

#include "provision/step.h"

#define MODEL_TARGETS 3
#define MODEL_USERS 96
#define MODEL_GROUPS 12

struct model_user {
	char id[16], external[48], mail[80], name[48];
	bool there, active;
	unsigned touched;               /* steps that changed it or its memberships */
};

struct model_group {
	char id[16], name[48];
	bool there, fixed;
	bool members[MODEL_USERS];
};

struct model_target {
	bool rest, unread;
	struct model_user users[MODEL_USERS];
	struct model_group groups[MODEL_GROUPS], desks[MODEL_GROUPS];
};

struct model {
	struct model_target targets[MODEL_TARGETS];
	unsigned next_id;
	unsigned calls;                 /* steps done or refused */
	unsigned deactivations;
	unsigned kill_before, kill_after;       /* the process ends before, or after, the call of this number; 0: never */
	enum step_kind fail_kind;       /* the next `fails` steps of this kind fail … */
	unsigned fails;
	enum reason fail_reason;        /* … with this reason */
};

struct model *model_new(void);          /* shared with children */
void model_free(struct model *m);
struct model_user *model_add_user(struct model *m, int target, const char *external, const char *mail);
struct model_group *model_add_group(struct model *m, int target, const char *name);
struct model_group *model_add_desk(struct model *m, int target, const char *id);
struct model_user *model_user_of(struct model *m, int target, const char *mail);        /* NULL: nobody */
struct model_group *model_group_of(struct model *m, int target, const char *name);
bool model_is_in(const struct model *m, int target, const char *group, const char *mail);
/* `target_count` of its targets are read. */
struct step_doer model_doer(struct model *m);

#endif
