/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Doing a plan: exactly the one that was shown, step by step, through a
 * struct step_doer, each call in the ledger before it is sent and again with
 * its answer.
 *
 * The world is read again (unless it was read just now) and the plan made
 * again, at the time of the one that was given: only when the same comes out
 * is it done.  A run that was cut short (killed, stopped, a refused key) is gone on with when the same plan is
 * given again: what is left then must be a part of it.  So nothing is done
 * twice, and nothing that nobody saw.
 *
 * A step that fails takes others with it: who was not put into the new group
 * is not taken out of the old one, and no account is switched off after
 * something failed for its person.  What fails in the same way again and again
 * is left out for the others.
 */
#ifndef PROVISION_APPLY_H
#define PROVISION_APPLY_H

#include "provision/way_back.h"

struct apply_progress {
	size_t done, failed, left_out, total;
	const char *target;
	const struct step *step;        /* the one that has just ended, as it was planned */
	const struct error *failure;    /* NULL: it was done */
	const struct step_result *result;       /* NULL: no call was made */
};

/* A change to the account of one person, or to a group: for whoever keeps a record of them. */
enum apply_event { APPLY_BEGINS, APPLY_DONE, APPLY_FAILED };

struct apply_change {
	enum apply_event event;         /* of each change APPLY_BEGINS before its call, and one of the others when the answer is known */
	const char *plan;               /* id */
	const struct step *step;        /* as it was planned; of one with members there is a change for each of them */
	const char *person, *user;      /* whose; NULL: nobody's, or not known yet */
	const char *account_id;         /* Atlassian's; NULL: not known */
	int status;                     /* of the answer; 0: there is none */
	const struct error *failure;    /* APPLY_FAILED: why */
};

struct apply_options {
	const struct world *world;      /* read just now for the plan that was given, and nobody was asked since; NULL: it is read again */
	const struct plan *given;       /* what somebody was shown; NULL: whatever the plan is now (provision: auto) */
	const struct way_back_options *way_back;        /* the plan is one of the way back; NULL: an ordinary one */
	bool accept_stopped;            /* somebody said yes to what is unusual in it */
	int64_t (*now)(void *context);
	bool (*go_on)(void *context);   /* asked before every step; NULL: always */
	void (*progress)(const struct apply_progress *progress, void *context);         /* after every step; NULL */
	/* Of every change; -1 ends everything: what was to begin is not done.  NULL: nobody keeps one. */
	int (*record)(const struct apply_change *change, void *context, struct error *err);
	void *context;
};

struct apply_result {
	struct plan plan;               /* what was to be done */
	struct world world;             /* as it was before the first step; without targets: it was not read */
	bool resumed;                   /* it went on with a run that was cut short */
	bool ended;                     /* nothing of it is left to be done, but what failed */
	size_t done, failed, left_out;  /* steps; left out: what they need failed, or their target was stopped */
	const char *const *braked;      /* a sentence for each kind of step that failed so often in a row that the rest was left out; not terminated */
	size_t braked_count;
	const size_t *kept;             /* of each target, accounts that Postern made or adopted, after all this; NULL: as the plan says */
	bool cut_short;                 /* told to stop during a call: whether that was done is found out next time; it is no failure */
	size_t people_failed;           /* members that were not taken in calls that were done */
	unsigned requests;
	struct error stop;              /* why a target was stopped; REASON_NONE: none was */
};

/*
 * REASON_PLAN_MOVED: what would be done now is not what was given.
 * REASON_PLAN_STOPPED: it is unusual, and nobody accepted that; or a stage of
 * the way back is to be done for many and was done for nobody yet.  *out has
 * the plan; nothing was done then.  REASON_STORE: the ledger could not be
 * written, so nothing more was done; the same with whatever `record` says.
 * Failed steps are no error: they are in *out.
 */
int apply(struct arena *a, const struct desired *desired, const struct plan_limits *limits, struct ledger *ledger,
	const struct step_doer *doer, const struct apply_options *options, struct apply_result *out, struct error *err);

#endif
