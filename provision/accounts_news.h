/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Who is billed since the inventory was last replaced: for the alarm that names them.
 *
 * Every import compares what it brings with what was there, whatever the
 * source.  The first one has nothing to compare with; who was not said to be
 * billed before, and products that no account had before, are no news either,
 * since then the source says more than the last one did.
 *
 * The news stand in a file beside the inventory for a day, so that processes
 * which read no inventory can tell of them; and of when the inventory is, so
 * that they can tell that there may be news which nobody has read.
 */
#ifndef PROVISION_ACCOUNTS_NEWS_H
#define PROVISION_ACCOUNTS_NEWS_H

#include "provision/accounts.h"

#define ACCOUNTS_NEWS_TIME 86400        /* seconds */
#define ACCOUNTS_NEWS_MOST 100          /* people who are kept by name */

struct accounts_newly {
	const char *mail;               /* "account 557058:…" where none is told */
	const char *products;           /* "Jira, Trello": what is new of it; "": not said */
	int64_t since;                  /* of the import that brought it */
};

struct accounts_news {
	const struct accounts_newly *people;    /* the newest first */
	size_t count;
	size_t more;                    /* beyond the most that are kept */
	int64_t newest;                 /* since; 0: there are none */
	int64_t as_of;                  /* of the inventory; 0: nothing was imported yet */
};

/* path: of the inventory.  What is older than a day at `now` is left out; no file is no news. */
int accounts_news_read(struct arena *a, const char *path, int64_t now, struct accounts_news *out, struct error *err);

/* ---- for imports, inside provision/ ---- */

struct accounts_before;
struct store_txn;

/* What is there before it is cleared. */
int accounts_before_read(struct arena *a, struct store_txn *t, struct accounts_before **out, struct error *err);
/* An account that is there now. */
void accounts_before_compare(struct accounts_before *before, const struct account *account);
/* Just ahead of the commit: what was found, and what is not a day old of earlier news, into the file. */
int accounts_before_tell(struct accounts_before *before, const char *path, int64_t now, struct error *err);

#endif
