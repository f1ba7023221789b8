/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The parts of making a plan, in their order.  Internal to provision/. */
#ifndef PROVISION_PLAN_PARTS_H
#define PROVISION_PLAN_PARTS_H

#include "provision/plan.h"

/* ---- look-ups: sorted pairs ---- */
struct pair {
	const char *key;
	uint32_t value;
};
struct index {
	struct pair *pairs;
	size_t n;
};
void index_add(struct arena *a, struct index *ix, const char *key, uint32_t value);
void index_sort(struct index *ix);
const struct pair *index_find(const struct index *ix, const char *key, size_t *count_out);     /* the first of count */

#define NOBODY UINT32_MAX

/* ---- what is thought of an account of the world ---- */
struct account_state {
	uint32_t person;                /* index into desired.people; NOBODY */
	uint32_t record;                /* index into ledger.people; NOBODY: not ours */
	bool guarded;                   /* protected */
	bool unlinked;                  /* the way back took it off its account, and the ledger has not learned that it is on one again */
	bool wanted;                    /* a want below has it */
	bool stays;                     /* memberships are not taken away: held, in grace, or the replacement could not be planned */
	bool loses;
	bool active_after;
	uint32_t licensed_now, licensed_after;  /* licensed groups it is in */
	uint32_t mark;                  /* of the group looked at last */
};

/* A person who shall have an account at a target. */
struct want {
	uint32_t person;
	uint32_t user;                  /* index into world users; NOBODY: to be made */
	uint32_t waits_for;             /* user whose mail changes first, since this one gets it; NOBODY */
	bool adopts;                    /* the ledger does not know the account yet */
	bool relinks;                   /* the way back took the SCIM user off the account, and it is wanted again: made anew, it is linked */
	bool changes_mail;
	bool keeps;                     /* not all that is wanted could be planned, so nothing is taken away */
	unsigned char visit;            /* ordering of updates */
	uint32_t licensed_after;        /* of who is yet to be made */
	const char *mail;               /* lower case */
	const char *const *groups, *const *desks;
};

struct side {
	const struct target *target;
	const struct world_target *world;
	size_t number;
	bool usable;
	struct index by_external, by_mail, by_user;     /* world users, twice; records of the ledger by user id */
	struct account_state *users;
	uint32_t *user_of;              /* of each desired person: index into world users; NOBODY */
	struct want *wants;
	size_t want_count;
	uint32_t *want_of_user;         /* of each world user; NOBODY */
	size_t creates;
	uint32_t mark;                  /* the last one given to its users */
	struct plan_count count;
};

enum phase { PHASE_ADOPT, PHASE_UPDATE, PHASE_CREATE, PHASE_GROUP, PHASE_ADD, PHASE_ACTIVATE, PHASE_REMOVE, PHASE_DEACTIVATE,
	PHASE_DELETE, PHASES };

struct step_list {
	struct step *steps;
	size_t n;
};

struct planning {
	struct arena *arena;
	const struct desired *desired;
	const struct world *world;
	const struct ledger_view *ledger;
	const struct plan_limits *limits;
	int64_t now;
	struct side *sides;
	bool lists_managed, lists_portal;       /* which kinds the inventory has at all */
	const char *old_inventory;      /* why the inventory is doubted; NULL: it is not */
	bool *frozen;                   /* of each desired person: nothing is done for them anywhere */
	struct index guards;            /* lower-cased mails and ids that are protected */
	struct index accounts, account_ids;     /* of the inventory, by mail and by id */
	struct index replacing;         /* names of groups that others are left for: a task says so, or somebody confirmed it; sorted by plan_new_groups */
	struct index nameless;          /* mails of desired.nameless */
	struct index asked;             /* mails of people for whom nothing is done, since something is in doubt: whose they are is not known */
	struct step_list phases[PHASES];
	struct plan_seat *seats;
	size_t seat_count;
	struct plan_task *tasks;
	size_t task_count;
	struct plan_problem *problems;
	size_t problem_count;
};

/* plan_sides.c: who is who */
void plan_sides(struct planning *p);
bool plan_guards_group(const struct planning *p, const char *name);
bool plan_guards_mail(const struct planning *p, const char *mail);      /* or the account that the inventory has under it */
/* plan_match.c: wants get their accounts; who is in doubt is frozen */
void plan_match(struct planning *p);
/* plan_kinds.c: no account for who has one of the other kind */
bool plan_other_kind(struct planning *p, struct side *side, struct want *want);
/* plan_people.c, plan_leaving.c, plan_groups.c: steps */
void plan_people(struct planning *p);
void plan_leaving(struct planning *p);
void plan_groups(struct planning *p);
void plan_attachments(struct planning *p);      /* plan_attach.c; after the groups */
void plan_deletions(struct planning *p);
void plan_new_groups(struct planning *p);       /* plan_new_groups.c; after all steps */
void plan_count_licensed(struct side *s);       /* licensed_now and licensed_after of each user, from the world */
/* plan_fingerprint.c */
const char *plan_fingerprint(struct planning *p);
const char *plan_id(struct arena *a, const struct plan *plan);

/* plan.c: the beginning and the end that every plan has.  REASON_INTERNAL: world and desired state do not fit. */
int plan_begin(struct planning *p, struct error *err);
void plan_end(struct planning *p, struct plan *plan);
/* desired_person.id of whose user of the world it is, or the ledger's; NULL: nobody's. */
const char *plan_person_of_user(const struct planning *p, const struct side *s, uint32_t n);
struct step *plan_step(struct planning *p, enum phase phase, enum step_kind kind, const struct side *side);
void plan_task(struct planning *p, enum plan_task_kind kind, size_t target, const struct desired_person *person, const char *what);
void plan_group_task(struct planning *p, enum plan_task_kind kind, size_t target, const char *group, const char *what);
void plan_problem(struct planning *p, enum plan_problem_kind kind, size_t target, const char *person, const char *what);
static inline bool is_scim(const struct side *side)
{
	return side->target->kind != TARGET_PORTAL_REST;
}
static inline const struct desired_person *person_of(const struct planning *p, uint32_t n)
{
	return &p->desired->people[n];
}

#endif
