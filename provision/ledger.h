/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The ledger: what Postern did at Atlassian, and for whom it answers.
 *
 * One LMDB file, durable, written by the provision role alone.  It holds
 * nothing that could be read anywhere else: a lost ledger means that accounts
 * are adopted anew (by externalId, then mail), and that groups which Postern
 * made are not known as such any more, so they are never deleted.
 *
 *  people   (target, person id) -> the account, how it became ours, since when
 *           it is not wanted any more
 *  groups   those that Postern made: nobody else's is ever deleted; and
 *           organizations that it attached to a desk (ledger_attachment)
 *  mails    (target, mail) -> whose it was last: a mail that moves to another
 *           person is held until somebody confirms it
 *  calls    each call to Atlassian: written before it is sent, and again with
 *           the answer.  At most LEDGER_CALLS_MAX: the oldest go.
 *  run      the plan that is being applied, until it was done to its end; which
 *           stages of the way back were ever done for somebody; which SCIM
 *           users were taken off their accounts, and which accounts are to be
 *           activated again; which desks are open; and who lost something in
 *           the last days, so that many small plans are not less
 *           than a large one
 *
 * A call that was begun and has no answer (the process was killed) may or may
 * not have been done; apply.h reads the world again and so finds out.
 */
#ifndef PROVISION_LEDGER_H
#define PROVISION_LEDGER_H

#include "provision/step.h"

#define LEDGER_CALLS_MAX 100000         /* some 50 MB; at 10 calls a second the last three hours, usually months */
#define LEDGER_ANSWER_MAX 500           /* bytes of an answer that are kept */
#define LEDGER_KEY_MAX 255              /* bytes of a person's id, a mail or a group's name */
#define LEDGER_LOSS_KEPT (31 * 86400)   /* seconds */
#define LEDGER_CLOCK_AHEAD 300          /* seconds: what is of a later time than that was noted while a clock was ahead */
#define LEDGER_DESK_KEPT 86400          /* seconds that a desk is taken to be open: an administrator may close it, and no interface tells */

enum ledger_deed { LEDGER_CREATED, LEDGER_ADOPTED };

struct ledger_person {
	const char *target, *person;
	const char *user;               /* world_user.id; NULL: a call to make one was begun */
	const char *account_id;         /* Atlassian's; NULL: not told */
	const char *mail;               /* as last set or seen by us; NULL */
	enum ledger_deed deed;
	int64_t since;
	int64_t unwanted_since;         /* first look that did not want it; 0: wanted.  Time in which nobody looked does not count as grace */
	int64_t ended;                  /* when Postern deactivated or revoked it; 0: it did not */
};

struct ledger_group {
	const char *target, *name;
	const char *id;                 /* NULL: a call to make it was begun */
	int64_t since;
};

struct ledger_mail {
	const char *target, *mail;      /* lower case */
	const char *person;
};

/* An account that lost something at a plan's hands. */
struct ledger_loss {
	const char *target, *user;      /* world_user.id */
	int64_t at;                     /* when last */
};

/* A desk of which Atlassian said that nobody can be taken out of it, since it is open to everybody. */
struct ledger_desk {
	const char *target, *desk;
	int64_t at;                     /* when it was said last */
};

/* A SCIM user that Postern took off its Atlassian account, or may have, whoever it belongs to. */
struct ledger_unlinked {
	const char *target, *user;
};

/* An account that was deactivated with its SCIM user, or may have been, and shall be active again. */
struct ledger_owed {
	const char *target, *user;      /* world_user.id of who is deleted */
	const char *account_id;
	const char *person;             /* NULL: not known */
	int64_t since;
};

/* Everything but the calls, each list by (target, second), by bytes. */
struct ledger_view {
	const struct ledger_person *people;
	size_t count;
	const struct ledger_group *groups;
	size_t group_count;
	const struct ledger_mail *mails;
	size_t mail_count;
	const struct ledger_loss *losses;       /* of the last LEDGER_LOSS_KEPT, but for what somebody accepted */
	size_t loss_count;
	const struct ledger_unlinked *unlinked;
	size_t unlinked_count;
	const struct ledger_owed *owed;
	size_t owed_count;
	const struct ledger_desk *open_desks;
	size_t open_desk_count;
	const char *run;                /* id of the plan being applied; NULL: none is */
	int64_t run_began;
};

enum call_state { CALL_BEGUN, CALL_DONE, CALL_FAILED };
const char *call_state_word(enum call_state state);     /* "begun", "done", "failed" */

struct ledger_call {
	uint64_t number;
	int64_t at, ended;              /* ended 0: no answer is known */
	const char *run, *target;
	struct step step;               /* .target is not set */
	enum call_state state;
	int status;
	unsigned requests;
	const char *answer;             /* NULL */
};

struct ledger;

/* LEDGER_READ: no file is an empty ledger.  One environment a process for one file. */
enum ledger_use { LEDGER_READ, LEDGER_WRITE };
int ledger_open(const char *path, enum ledger_use use, struct ledger **out, struct error *err);
void ledger_close(struct ledger *l);    /* NULL is fine */

int ledger_load(struct arena *a, struct ledger *l, struct ledger_view *out, struct error *err);
/* Of lists by (target, second); NULL: none. */
const struct ledger_person *ledger_person_of(const struct ledger_view *view, const char *target, const char *person);
const struct ledger_group *ledger_group_of(const struct ledger_view *view, const char *target, const char *name);
/*
 * The name of a record among the groups which says that Postern attached this
 * organization to that desk; its id is the organization's.  No group is called
 * that: there is a line feed in it.
 */
const char *ledger_attachment(struct arena *a, const char *desk, const char *organization);
/* 1 it is one, 0 it is a group. */
int ledger_attachment_read(struct arena *a, const struct ledger_group *g, const char **desk_out, const char **organization_out);
/* NULL: nothing of the kind was said within LEDGER_DESK_KEPT. */
const struct ledger_desk *ledger_open_desk(const struct ledger_view *view, const char *target, const char *desk, int64_t now);
const struct ledger_mail *ledger_mail_of(const struct ledger_view *view, const char *target, const char *mail);

/* ---- a step, before and after its call; each is on the disk when it returns ---- */
int ledger_begin(struct ledger *l, const char *target, const struct step *step, int64_t now, uint64_t *number_out, struct error *err);
int ledger_done(struct ledger *l, uint64_t number, const char *target, const struct step *step, const struct step_result *result,
	int64_t now, struct error *err);
int ledger_failed(struct ledger *l, uint64_t number, const char *target, const struct step *step, const struct step_result *result,
	const struct error *why, int64_t now, struct error *err);

/* Steps of kind STEP_ADOPT, which are no calls, all in one transaction; `targets` are names. */
int ledger_adopt(struct ledger *l, const char *const *targets, const struct step *steps, size_t n, int64_t now, struct error *err);

/* ---- a plan being applied ---- */
/* accepted: somebody said yes to what is unusual in it.  Then what it takes is no loss to be added up, nor is any before it. */
int ledger_run_begin(struct ledger *l, const char *id, bool accepted, int64_t now, struct error *err);
int ledger_run_end(struct ledger *l, struct error *err);
/* A plan of this stage of the way back (way_back_word) was done, and nothing of it failed; was that ever so?  1 yes, and when last, 0 no. */
int ledger_note_tried(struct ledger *l, const char *stage, int64_t now, struct error *err);
int ledger_was_tried(struct ledger *l, const char *stage, int64_t *when_out, struct error *err);

/* ---- what a look at desired state and world teaches ---- */
/* Since when each account of ours is not wanted; forgets it for those that are.  Of a held person nothing is noted. */
int ledger_note(struct arena *a, struct ledger *l, const struct desired *desired, int64_t now, struct error *err);
/* Finds the accounts and groups whose making was begun and never answered. */
int ledger_settle(struct arena *a, struct ledger *l, const struct desired *desired, const struct world *world, struct error *err);
/* Of deletions that were begun: whose SCIM user is there still was not deleted, so nothing is owed to their account. */
int ledger_settle_owed(struct arena *a, struct ledger *l, const struct desired *desired, const struct world *world, struct error *err);
/* Somebody says that this mail is that person's now. */
int ledger_confirm_mail(struct ledger *l, const char *target, const char *mail, const char *person, struct error *err);

/* ---- connections that are called otherwise, or are no more ---- */
/*
 * All that the ledger keeps is under the name of the connection.  Of accounts
 * that are under a name which none of these targets has nothing would be known:
 * they would be adopted anew, and never be switched off.  The first such name
 * and how many accounts it has; NULL: there is none.
 */
const char *ledger_orphan(const struct ledger_view *view, const struct target *targets, size_t target_count, size_t *accounts_out);
/* Moves everything but the calls, which stay as they were.  SETTINGS: there is nothing of `from`, or something of `to` already. */
int ledger_rename(struct ledger *l, const char *from, const char *to, size_t *accounts_out, struct error *err);
/* Postern answers for none of its accounts any more; at Atlassian they stay as they are.  SETTINGS: there is nothing of it. */
int ledger_forget(struct ledger *l, const char *name, size_t *accounts_out, struct error *err);

/* The newest `limit` calls, oldest of them first; `each` until it returns other than 0. */
int ledger_calls(struct ledger *l, size_t limit, int (*each)(const struct ledger_call *call, void *context), void *context,
	struct error *err);

#endif
