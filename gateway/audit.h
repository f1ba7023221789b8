/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Audit: one line of JSON a sign-on, whatever its outcome; in a file of its own,
 * two for each change of an account at Atlassian.
 *
 * Written before the assertion leaves, to a file that several workers share and
 * that may be moved away (audit_file.h).  The fields are described in
 * schema/audit.schema.json and in the manual postern(8); they are only ever
 * added.
 *
 * Refusals of requests that named nobody (no signature had verified) cost
 * whoever sends them nothing, and a full disk refuses everybody.  So a worker
 * writes at most AUDIT_NAMELESS_BURST of them at once and
 * AUDIT_NAMELESS_PER_SECOND from then on, and says in the log how many it left
 * out.
 */
#ifndef GATEWAY_AUDIT_H
#define GATEWAY_AUDIT_H

#include "base/arena.h"
#include "gateway/metrics.h"

#include <stdint.h>

#define AUDIT_NAMELESS_BURST 500
#define AUDIT_NAMELESS_PER_SECOND 10

/* At a connection with `observe: yes`: what the rules said, which kept nobody out. */
struct audit_observed {
	const char *verdict;            /* "same", "denied", "elsewhere", "refused" */
	const char *outcome, *rule, *requirement;
	const char *reason;             /* with which they would have refused; NULL: they would not have */
	const char *passage;
};

struct audit_line {
	const char *id;                 /* of the sign-on; what the person's page shows */
	const char *event;              /* "assertion", "redirect", "refusal", "restart", "unsolicited", "logout" */
	const char *reason;             /* refusal, or logout that the identity provider refused: its word */
	const char *detail;             /* refusal, restart, unsolicited, logout: for the operator */
	const char *provider_code, *provider_trace;     /* with which the identity provider refused: "AADSTS50105", a GUID */
	const char *client;
	const char *door;               /* connection that asked or was answered */
	const char *link;
	const char *provider;
	const char *tenant, *object_id, *name_id;       /* who the provider said */
	const char *guest, *mfa;        /* "yes", of the identity; NULL: no */
	const char *groups_claim;       /* how many groups it sent, which nobody looks at; "too many to send" */
	const char *roles_claim;        /* how many app roles and directory roles, the same */
	const char *directory, *dn, *mail;              /* who the mirror knows */
	const char *outcome, *rule, *requirement;
	const char *const *groups;      /* DNs of those that decided, nearest first, NULL-terminated */
	const struct audit_observed *observed;  /* NULL: the rules count here.  Overruled, outcome and rule stand here alone */
	const char *account;            /* "managed", "portal", "not listed", "not checked" */
	const char *passage;            /* "assert", "to-managed", "to-portal" */
	const char *to;                 /* where the browser is sent */
	const char *assertion_in, *assertion_out;
	const char *answer;             /* refusal: "page", "page-and-response", "response" */
	const char *status, *response_out;      /* of that Response: its second status, its id */
	int64_t mirror_age;             /* seconds; -1: not looked at, or not known */
	const char *stale;              /* "served", "denied": the mirror was older than stale_after; NULL: it was not */
	/* microseconds: reading the Response, person, decision, writing the assertion, all of it; -1: not done */
	int64_t read_us, person_us, decide_us, write_us, total_us;
};

/* A change of an account, before it is asked for and when what became of it is known. */
struct audit_account {
	const char *id;                 /* of the plan being done: all its lines have it */
	const char *event;              /* "account-begin", "account-change", "account-failed" */
	const char *reason, *detail;    /* account-failed */
	const char *change;             /* "user-create", as in plans */
	const char *door;               /* connection whose account it is */
	const char *person;             /* the stable id; NULL: a change of a group */
	const char *user, *account_id;  /* the directory's id at Atlassian, the account's */
	const char *directory, *dn, *mail;      /* who the mirror knows; mail also of who is gone, as the account had it */
	const char *mail_before;        /* of a change of the mail */
	const char *group;              /* group, customer organization or desk */
	const char *desk;               /* that an organization is attached to, or taken off */
	const char *const *fields;      /* that are given or changed, NULL-terminated; NULL: none */
	const char *outcome, *rule, *why;
	const char *plan;
	const char *ran, *by;           /* "apply" or "provision"; of apply, who called it */
	const char *accepted;           /* "yes": somebody said so to an unusual plan */
	int status;                     /* of Atlassian's answer; 0: there is none */
	int64_t total_us;               /* since the line that began it */
};

struct audit;

/* Never fails: with a file that cannot be written, lines cannot, until it can. */
struct audit *audit_open(const char *path, struct metrics *metrics);
void audit_close(struct audit *a);
/* REASON_AUDIT when the line could not be written whole. */
int audit_write(struct audit *a, const struct audit_line *line, struct error *err);
int audit_write_account(struct audit *a, const struct audit_account *line, struct error *err);
/* Since when lines cannot be written; 0: they can, as far as is known. */
int64_t audit_failing(const struct audit *a);
/* Whether one more line (of the audit, and of the log) about a request that named nobody has room at this monotonic time. */
bool audit_has_room(struct audit *a, int64_t now_us);
/* The part of the line that is the decision, as an object: the same sign-on has the same bytes, whenever it is judged. */
struct slice audit_decision(struct arena *a, const struct audit_line *line);
/* Once a second: whether the file was moved away, or can be written again. */
void audit_look_again(struct audit *a);

#endif
