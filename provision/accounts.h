/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Accounts: what Atlassian is known to hold, looked at in every decision.
 *
 * The inventory is one LMDB file, written by `postern accounts import` (later
 * by the provision role) and read by workers.  Account kinds cannot be changed
 * back, so an outcome of another kind than the account we know of is refused.
 *
 * Atlassian's export of managed accounts lists managed accounts only: it never
 * proves that a mail has no portal account.
 */
#ifndef PROVISION_ACCOUNTS_H
#define PROVISION_ACCOUNTS_H

#include "base/arena.h"

#include <stdint.h>

enum account_kind { ACCOUNT_UNKNOWN, ACCOUNT_MANAGED, ACCOUNT_PORTAL };

struct account {
	const char *mail;               /* as Atlassian writes it; looked up without case */
	const char *name;
	const char *id;                 /* Atlassian's account id; NULL: not in the source */
	enum account_kind kind;
	const char *status;             /* "active", … as in the source; NULL: not there */
	int billable;                   /* 1 yes, 0 no, -1 not said */
	const char *last_active;        /* as in the source; NULL */
	const char *const *products;    /* names of products with access, NULL-terminated */
	int64_t as_of;                  /* when the source was read */
};

struct accounts;

/* A missing file is no error: *out is NULL and every look-up says "no inventory". */
int accounts_open(const char *path, struct accounts **out, struct error *err);
void accounts_close(struct accounts *a);

enum accounts_answer { ACCOUNTS_NO_INVENTORY, ACCOUNTS_NOT_LISTED, ACCOUNTS_LISTED };

struct accounts_found {
	enum accounts_answer answer;
	struct account account;         /* ACCOUNTS_LISTED */
	int64_t as_of;                  /* of the inventory; 0: none */
};
int accounts_find(struct arena *a, struct accounts *accounts, const char *mail, struct accounts_found *out, struct error *err);

struct accounts_import {
	size_t rows, managed, billable;
	const char *const *columns_used;        /* header names, NULL-terminated */
	const char *const *columns_ignored;
	const char *const *problems;    /* "line 17: no mail address", at most 20, NULL-terminated */
	size_t problem_count;           /* all of them */
};
/*
 * Replaces the managed accounts of the inventory by those of the file, in one
 * transaction.  Columns are matched by header name, since Atlassian's set
 * changed over the years.  REASON_FILE: not a CSV file, no mail column.
 */
int accounts_import_csv(struct arena *a, const char *path, struct slice csv, int64_t now, struct accounts_import *out, struct error *err);

#endif
