/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Accounts: what Atlassian is known to hold, looked at in every decision.
 *
 * The inventory is one LMDB file, written by `postern accounts import` (later
 * by the provision role) and read by workers.  Account kinds cannot be changed
 * back, so an outcome of another kind than the account we know of is refused.
 *
 * Atlassian's export of managed accounts lists managed accounts only: it never
 * proves that a mail has no portal account.  What Postern itself saw where it
 * keeps accounts stands in a second file (accounts_seen.h), which proves that
 * some are there, never that there are no others; look-ups see both.
 */
#ifndef PROVISION_ACCOUNTS_H
#define PROVISION_ACCOUNTS_H

#include "base/arena.h"

#include <stdint.h>

#define SEEN_BY_IMPORT "(import)"       /* no connection is called that */

enum account_kind { ACCOUNT_UNKNOWN, ACCOUNT_MANAGED, ACCOUNT_PORTAL };

struct account {
	const char *mail;               /* as Atlassian writes it; looked up without case; NULL: not told, and then there is an id */
	const char *name;               /* NULL: not there */
	const char *id;                 /* Atlassian's account id; NULL: not in the source */
	enum account_kind kind;
	const char *status;             /* "active", … as in the source; NULL: not there */
	int billable;                   /* 1 yes, 0 no, -1 not said */
	const char *last_active;        /* as in the source; NULL */
	const char *const *products;    /* names of products with access, NULL-terminated */
	const char *const *products_active;     /* of each of them when it was last used, as in the source; "": not said; NULL: of none */
	int64_t as_of;                  /* when the source was read */
	const char *at;                 /* the connection where Postern saw it, or SEEN_BY_IMPORT; NULL: it is of the inventory */
};

struct accounts;

/*
 * A missing file is no error: every look-up says "no inventory", until the
 * first import is seen by looking again, without opening anew.  In a process
 * of its own LMDB file only once: close before importing in the same process.
 */
int accounts_open(const char *path, struct accounts **out, struct error *err);
int accounts_look_again(struct accounts *accounts, struct error *err);
void accounts_close(struct accounts *a);

/* NULL is "no inventory"; so is a mail that was seen nowhere, where there is none. */
enum accounts_answer { ACCOUNTS_NO_INVENTORY, ACCOUNTS_NOT_LISTED, ACCOUNTS_LISTED };

struct accounts_found {
	enum accounts_answer answer;
	struct account account;         /* ACCOUNTS_LISTED; where both kinds are known the managed one, unless the inventory has the other */
	const char *other_at;           /* where an account of the other kind was seen, as account.at; NULL: none is known */
	int64_t as_of;                  /* of the inventory; without one, of where the account was seen; 0: none */
};
/* mail NULL or empty is never listed; whether a person needs one is the caller's to say. */
int accounts_find(struct arena *a, struct accounts *accounts, const char *mail, struct accounts_found *out, struct error *err);

/* For `check`: 1 with when the inventory was read and how many accounts it lists, 0 no inventory, -1 error. */
int accounts_inventory(struct accounts *accounts, int64_t *as_of_out, size_t *count_out, struct error *err);

/* Every account of the inventory, those that no mail leads to first, then by mail, from a time that is one for all; each lives until `each` returns.  0 also without an inventory. */
int accounts_each(struct accounts *accounts, void (*each)(const struct account *account, void *context), void *context, struct error *err);

/* Every account that was seen elsewhere, by mail; of each `at` and `as_of` are set. */
int accounts_each_seen(struct accounts *accounts, void (*each)(const struct account *account, void *context), void *context,
	struct error *err);
/* Where accounts were seen, and when last; in order of the names, which live until `each` returns. */
int accounts_each_source(struct accounts *accounts, void (*each)(const char *at, int64_t as_of, void *context), void *context,
	struct error *err);

/*
 * When somebody was last active, as sources write it: "Nov 20, 2026", "20 Nov 2026", "2026-11-20", or with a time behind it.
 * 1 with seconds since 1970 (of the day's begin where no time is said), 0 "Never", -1 not said or not understood.
 */
int account_active(const char *text, int64_t *out);

struct accounts_import {
	size_t rows;                    /* below the header, empty lines not counted */
	size_t managed, billable;       /* accounts now in the inventory, and those of them said to be billed */
	size_t portal;                  /* portal-only customers that the file lists, too (accounts_seen.h) */
	size_t before;                  /* accounts in the inventory until now */
	const char *const *columns_used;        /* header names, NULL-terminated; with those of products */
	const char *const *columns_unneeded;    /* understood, and of no use here */
	const char *const *columns_ignored;     /* not understood: tell the administrator */
	const char *const *problems;    /* "line 17: no mail address", at most 20, NULL-terminated */
	size_t problem_count;           /* all of them */
};
/*
 * Replaces the managed accounts of the inventory by those of the file, in one
 * transaction, and portal-only customers by those of the file, where it lists
 * some; a file of customers alone leaves the managed ones as they were.
 * Columns are matched by header name, since Atlassian's set changed over the years.  A row that cannot be used is a problem with its
 * line and is left out.  REASON_FILE, and the inventory stays as it was: not a
 * CSV file, no mail column, no account in it, or more rows unusable than used.
 */
int accounts_import_csv(struct arena *a, const char *path, struct slice csv, int64_t now, struct accounts_import *out,
	struct error *err);
/*
 * The accounts of such a file, handed to `each` one after another without any inventory; each lives until `each` returns.
 * The same refusals; accounts that are there twice are handed over twice, and portal-only customers, which some exports list, too.
 */
int accounts_read_csv(struct arena *a, struct slice csv, int64_t now, void (*each)(const struct account *account, void *context),
	void *context, struct accounts_import *out, struct error *err);
/*
 * The same from accounts that an interface listed (organization_client.h): `as_of` of each is `now`.  One without a mail is
 * counted, a problem, and found by no look-up; so is the second of two with one mail, where the one that is billed is found.  A
 * list in which most have no mail is refused, and so is one of less than half of what the inventory holds: it may have been cut.
 */
int accounts_import_listed(struct arena *a, const char *path, const struct account *accounts, size_t n, int64_t now,
	struct accounts_import *out, struct error *err);

#endif
