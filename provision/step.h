/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A step: one change at Atlassian, small enough to be done again harmlessly.
 *
 * A plan (plan.h) is a row of steps; apply.h writes each into the ledger before
 * and after it is done.  Who really does it is behind `struct step_doer`: the
 * clients of the interfaces (doer.h), or a test.
 *
 * Every step is idempotent: what is there already is success (409 of a create
 * is answered by looking whose it is: the very person's is adopted, another's
 * is an error).  After SIGKILL the last step may be done twice, never skipped.
 */
#ifndef PROVISION_STEP_H
#define PROVISION_STEP_H

#include "base/arena.h"
#include "provision/world.h"

/* The order of the words is that of step_kind_word and of the ledger: new ones at the end. */
enum step_kind {
	/* SCIM */
	STEP_USER_CREATE,               /* fields; POST */
	STEP_USER_UPDATE,               /* fields that differ; also adopts: sets externalId */
	STEP_USER_ACTIVATE,
	STEP_USER_DEACTIVATE,
	STEP_GROUP_CREATE,              /* name */
	STEP_MEMBERS_ADD,               /* name, members: as many as one call takes */
	STEP_MEMBERS_REMOVE,
	STEP_GROUP_DELETE,
	/* Jira Service Management REST */
	STEP_CUSTOMER_CREATE,           /* fields: mail, display_name */
	STEP_CUSTOMER_REVOKE,           /* portal-only access of one account */
	STEP_DESK_ADD,                  /* name: desk id; members */
	STEP_DESK_REMOVE,
	STEP_ORGANIZATION_CREATE,       /* name */
	STEP_ORGANIZATION_ADD,          /* name; members */
	STEP_ORGANIZATION_REMOVE,
	/* Organizations API: the way back */
	STEP_UNLINK,                    /* the SCIM user from the Atlassian account; both stay */
	STEP_USER_DELETE,               /* SCIM; deactivates the Atlassian account */
	STEP_RESTORE,                   /* activates such an account again */
	STEP_ADOPT,                     /* the ledger learns whose `user` is: no call, so no doer is ever given it */
	STEP_DESK_ATTACH,               /* name, group: a customer organization; desk: its members are customers there */
	STEP_DESK_DETACH,
	STEP_KINDS
};

const char *step_kind_word(enum step_kind kind);        /* "user-create"; for plans, ledger and audit */

/* What a user shall be like; NULL: leave as it is (create: do not say). */
struct step_fields {
	const char *external_id, *mail, *display_name, *given_name, *family_name, *title, *department;
};

struct step {
	enum step_kind kind;
	size_t target;                  /* index into desired.targets */
	const char *person;             /* desired_person.id, or the ledger's of who is gone; NULL: a step about a group alone */
	const char *user;               /* world_user.id; NULL: not made yet, the ledger will know it when the step's turn comes */
	const char *account_id;         /* of UNLINK, RESTORE; NULL: as `user` */
	const char *name;               /* group, customer organization or desk */
	const char *group;              /* world_group.id; NULL: not made yet */
	const char *desk;               /* of DESK_ATTACH, DESK_DETACH */
	const char *const *members;     /* persons' ids, NULL-terminated; the doer is given users' ids in their place */
	const char *const *member_users;        /* world_user.id of each of them; NULL in it: not made yet.  Nothing for a doer */
	size_t member_count;
	struct step_fields fields;
	struct step_fields before;      /* of `fields` what is there now, where that is known: for people and the ledger */
	const char *why;                /* of the person, or "3 people by rule agents" */
};

/* What the call brought; of one that failed status, requests and answer. */
struct step_result {
	const char *id;                 /* of the user or group, when it was made or found; NULL */
	const char *account_id;         /* Atlassian's, when told; NULL */
	bool was_so;                    /* nothing had to be changed */
	int status;                     /* HTTP, of the last answer; 0: none */
	unsigned requests;              /* sent for it, those repeated too */
	const char *answer;             /* a line for the ledger: method, path, status and what the error says; never a secret */
	bool open;                      /* DESK_REMOVE: whoever gets to the portal may ask at this desk, so nobody can be taken out of it */
	const char *const *failed;      /* of `members` those that were not taken (one that is unknown, …); NULL: all were */
};

/*
 * REASON_… of a failed step says what goes on: PROVISION_STEP (this step alone
 * failed, others may go on), PROVISION_STOP (the key is refused, or the answer
 * makes no sense: nothing more is done at any target of that key).
 */
struct step_doer {
	/* Fills *out for each of `targets`; a target that cannot be read is no error but incomplete.  -1: nothing could be done at all. */
	int (*read)(struct arena *a, void *context, struct world *out, struct error *err);
	int (*step)(struct arena *a, void *context, const struct step *step, struct step_result *out, struct error *err);
	void *context;
};

#endif
