/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A plan: what is to be changed at Atlassian so that the world becomes as it is desired.
 *
 * Pure: made of the desired state, the world, the ledger, limits and the time,
 * nothing else, and of the same always the same.  It changes nothing; apply.h
 * does it.
 *
 * What a plan never does:
 *  - take access away before its replacement was given (the order of steps),
 *    nor where the replacement could not be planned (a full group, …), or is
 *    a group that may have no product yet;
 *  - deactivate what Postern neither made nor adopted, or touch what is
 *    protected, held, or in doubt;
 *  - make an account for a mail that has one of the other kind: kinds cannot
 *    be changed by interface, so that is a task for a human;
 *  - put a customer into a licensed group;
 *  - anything at a target that could not be read whole.
 *
 * Who is who: by the ledger, then externalId, then mail.  An account found by
 * externalId or mail is adopted.  A mail that was another person's is held
 * until ledger_confirm_mail (postern apply --confirm).
 */
#ifndef PROVISION_PLAN_H
#define PROVISION_PLAN_H

#include "provision/ledger.h"

/*
 * Members a call: no page says how many one PATCH may carry.  100 keeps a call
 * at some 8 kB, one refusal concerns 100 people at most, and 4,000 people in
 * one group are 40 calls, 1 % of their creation.
 */
#define PLAN_MEMBERS_A_CALL 100
#define PLAN_MEMBERS_A_GROUP 35000      /* Atlassian's limit */
#define PLAN_USERS_A_DIRECTORY 150000   /* Atlassian's limit */
#define PLAN_GROUP_YOUNG 86400          /* seconds: a group made in them may have no product yet, which an administrator gives by hand */
#define PLAN_CLOCKS_DIFFER 300          /* seconds: an inventory may be so much newer than now */
#define PLAN_ALL_FROM 3                 /* so many are licensed, and nobody after the plan: that stops it, unless any share may lose */
#define PLAN_SHARE_FROM 10              /* so many must lose something, or get a seat, before a share of all is looked at: one of three is 33 % */

struct plan_limits {
	int64_t grace;                  /* seconds an account of ours stays as it is after nobody wants it */
	size_t lose_most;               /* more people of a target losing something stop the plan; SIZE_MAX: any number */
	int64_t lose_within;            /* seconds: who lost something in them by earlier plans counts, too; 0: each plan for itself */
	unsigned lose_percent;          /* the same as a share of our accounts there; 100: any share */
	int64_t inventory_most;         /* seconds: an older inventory is doubted; 0: none is */
	bool inventory_needed;          /* then nothing is made that it should know of: nobody looks at this plan before it is done */
	size_t seats_most;              /* more seats than this in addition stop the plan; SIZE_MAX: any number */
	unsigned seats_percent;         /* the same as a share of all people who shall have an account; 100: any share */
	const char *const *protect;     /* mails, account ids and SCIM ids that are never touched; NULL-terminated, or NULL */
	const char *const *protect_groups;      /* patterns (* and ?) */
	const char *const *administrators;      /* as `protect`: the organisation's administrators, as the settings name them; no interface tells */
	bool external_users;            /* people with a mail outside of the organisation's domains get an account there all the same */
	const char *confirmed_group;    /* somebody said that the groups which take its place have its products; NULL: of none */
};

enum plan_task_kind {
	TASK_TO_MANAGED,                /* a portal-only account becomes an Atlassian account: one at a time, by an administrator */
	TASK_TO_PORTAL,                 /* there is no such way: the Atlassian account goes first, or the rule changes */
	TASK_MAIL_MOVED,                /* the mail was another person's: say whether it is the same human being */
	TASK_ONE_MAIL,                  /* two people of the directory with one mail */
	TASK_TWO_ACCOUNTS,              /* more than one account that could be the person's */
	TASK_PORTAL_MAIL,               /* a portal-only customer's mail changed; REST cannot change it */
	TASK_PORTAL_RETURN,             /* portal access was revoked and is wanted again; REST cannot give it back */
	TASK_PRODUCTS,                  /* billed for a product that no group of Postern's gives (way_back.h) */
	TASK_GROUP_PRODUCTS,            /* about a group: those that take its place may have no product yet */
	TASK_MAIL_OUTSIDE,              /* the new mail of an account is outside of the organisation's domains: it would be managed no more */
	TASK_GROUP_NEW,                 /* about a licensed group that Postern makes: it may have no product yet */
	TASK_KINDS
};

struct plan_task {
	enum plan_task_kind kind;
	size_t target;
	const char *person, *mail;      /* NULL: about a group */
	const char *group;              /* NULL: about a person */
	const char *what;               /* one sentence about them */
};

const char *plan_task_word(enum plan_task_kind kind);           /* "to-managed", … */
const char *plan_task_title(enum plan_task_kind kind);          /* a heading */
const char *const *plan_task_steps(enum plan_task_kind kind);   /* what a human does, in order; NULL-terminated */
const char *plan_task_link(enum plan_task_kind kind);           /* Atlassian's page about it */

enum plan_problem_kind {
	PROBLEM_TARGET_UNREAD,          /* nothing is planned there */
	PROBLEM_NO_INVENTORY,           /* kinds of accounts are known by what the targets list alone */
	PROBLEM_HELD,                   /* this person's accounts stay as they are */
	PROBLEM_NO_MAIL,
	PROBLEM_PROTECTED,              /* what a rule wants and `protect` forbids */
	PROBLEM_CUSTOMER_LICENSED,      /* a rule wants a customer in a licensed group */
	PROBLEM_GROUP_BUILTIN,          /* Atlassian answers success and makes no such group */
	PROBLEM_GROUP_FULL,
	PROBLEM_GROUP_FIXED,            /* SCIM owns this customer organization */
	PROBLEM_GROUP_UNKNOWN,          /* a desk that the site does not have, a group that the target does not list */
	PROBLEM_GROUP_KEPT,             /* ours, not wanted any more, but others are in it */
	PROBLEM_STRANGERS,              /* members that nobody here knows, left alone */
	PROBLEM_DIRECTORY_FULL,
	PROBLEM_INVENTORY_OLD,          /* who has an account of another kind is known as of then */
	PROBLEM_BILLED_LEFT,            /* of the way back: billed without a rule, and why nothing is done about it in this plan */
	PROBLEM_OTHER_KIND_UNREAD,      /* nothing is made while it cannot be seen who has an account of the other kind */
	PROBLEM_DESK_OPEN,              /* nobody can be taken out of this desk: whoever gets to the portal may ask there */
	PROBLEM_MAIL_OUTSIDE,           /* outside of the organisation's domains, where no managed account is made */
	PROBLEM_DOMAINS_UNKNOWN,        /* which these are could not be read */
	PROBLEM_GROUP_CASE,             /* a group is there whose name differs by case alone, and none can be made beside it */
	PROBLEM_KINDS
};

struct plan_problem {
	enum plan_problem_kind kind;
	size_t target;
	const char *person;             /* NULL: about no one person */
	const char *what;
};

const char *plan_problem_word(enum plan_problem_kind kind);

/* Of one target. */
struct plan_count {
	size_t wanted;                  /* people who shall have an account there */
	size_t ours;                    /* accounts that Postern made or adopted, until now */
	size_t active_now, active_after;        /* all active accounts there */
	size_t created, adopted, updated, activated, deactivated;
	size_t added, removed;          /* memberships, of desks and customer organizations too */
	size_t losing;                  /* accounts that lose something */
	size_t lost;                    /* others, that lost something within limits.lose_within by earlier plans nobody accepted */
	size_t waiting;                 /* not wanted, and in their grace time */
	size_t seats_now, seats_after;  /* active accounts in a licensed group */
};

/* An account in a licensed group, now or after the plan. */
struct plan_seat {
	const char *person;             /* desired_person.id, or the ledger's of who is gone; NULL: nobody that Postern knows */
	const char *mail;               /* of the account; NULL: not told */
	bool now, after;
};

struct plan {
	int64_t made;
	const char *id;                 /* of what is in it: equal plans have equal ids */
	const char *fingerprint;        /* of what it was made of */
	const char *const *targets;     /* names */
	size_t target_count;
	const struct plan_count *counts;        /* of each target */
	const struct plan_seat *seats;  /* all that counts.seats_now and seats_after count; of what is made again from plan_write, none */
	size_t seat_count;
	const struct step *steps;       /* in the order in which they are done */
	size_t step_count;
	const struct plan_task *tasks;
	size_t task_count;
	const struct plan_problem *problems;
	size_t problem_count;
	const char *stopped;            /* why it is only done when somebody says so; NULL: nothing is unusual */
};

/*
 * All memory is the arena's; the plan points into what it was made of.  REASON_INTERNAL: world and desired state do not fit.
 * SETTINGS: the ledger has accounts of a connection that is none (ledger_orphan).
 */
int plan_make(struct arena *a, const struct desired *desired, const struct world *world, const struct ledger_view *ledger,
	const struct plan_limits *limits, int64_t now, struct plan *out, struct error *err);

/* That every target could be read.  PROVISION_STEP: which could not, and why; PROVISION_STOP: none could. */
int plan_require_read(const struct plan *p, struct error *err);

size_t plan_seats_now(const struct plan *p);
size_t plan_seats_after(const struct plan *p);
size_t plan_step_total(const struct plan *p, enum step_kind kind, size_t target);       /* steps of a kind at a target */

/* One JSON document, the same bytes for the same plan; ends with a line feed. */
struct slice plan_write(struct arena *a, const struct plan *p);
/* The same piece by piece, without its end, `}` and a line feed, for who has more members to write. */
void plan_write_open(const struct plan *p, void (*put)(struct slice piece, void *context), void *context);
/* REASON_FILE: these bytes are no plan of this version. */
int plan_read(struct arena *a, struct slice json, struct plan *out, struct error *err);

/*
 * Is every single change of `part` one of `whole`?  NULL: yes; else a word about one that is not.  Members count each for
 * themselves, so it does not matter how they are batched.
 */
const char *plan_beyond(struct arena *a, const struct plan *part, const struct plan *whole);

/* ---- for printing ---- */
/* Why of one member of a step, from the desired state: "rule agents, …"; NULL: nothing is known of them. */
const char *plan_why(const struct desired *desired, const char *person);

#endif
