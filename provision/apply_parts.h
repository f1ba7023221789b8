/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The parts of doing a plan.  Internal to provision/. */
#ifndef PROVISION_APPLY_PARTS_H
#define PROVISION_APPLY_PARTS_H

#include "provision/apply.h"

/* Something that a step brought and later ones need, of one target: the account of a person, the id of a group, somebody's bad luck. */
struct learned {
	size_t target;
	const char *key, *id;
};
struct learned_list {
	struct learned *list;
	size_t n;
	bool sorted;
};

/* A step as the doer gets it, with users' ids; `people` are the persons of its members. */
struct ready {
	struct step step;
	const char **people;
};

/* How one kind of step goes at one target; see apply_brake.c. */
struct brake {
	unsigned row;                   /* failures in a row */
	int status;                     /* of each of them */
	unsigned braked_at;             /* the row when it last was long enough: one that is done ends it, yet steps were left out */
	const char *why;                /* of the last one, once there are enough */
	size_t met;                     /* steps that came after those */
	size_t left_out;                /* those of them that were not done */
};

struct applying {
	struct arena *arena;            /* what must live to the end */
	const struct desired *desired;
	const struct world *world;
	const struct plan *plan;
	struct ledger *ledger;
	const struct step_doer *doer;
	const struct apply_options *options;
	struct apply_result *result;
	struct learned_list users, groups, troubled;
	struct learned_list accounts;   /* of who was made here, by the user's id */
	bool *stopped;                  /* of each target */
	struct brake *brakes;           /* STEP_KINDS of each target */
	struct error *err;
};

/* Tells of it, for each member that the step was done for; `ready` NULL: it has none.  -1: nothing more may be done. */
int apply_record(struct applying *w, enum apply_event event, const struct step *planned, const struct ready *ready,
	const struct step_result *result, const struct error *failure);
/* Atlassian's id of the account of this user, as it was read or told when it was made; NULL: not known. */
const char *apply_account_of(struct applying *w, size_t target, const char *user);
bool apply_takes_away(enum step_kind kind);
/* Has it failed so often that it is left out? */
bool apply_brakes(struct applying *w, const struct step *s);
void apply_brake_failed(struct applying *w, const struct step *s, const struct step_result *r, const struct error *why);
void apply_brake_done(struct applying *w, const struct step *s);
void apply_tell_brakes(struct applying *w);     /* into the result */
/* 1: to the end; 0: `go_on` said no; -1: the ledger could not be written. */
int apply_steps(struct applying *w);

#endif
