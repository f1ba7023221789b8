/* SPDX-License-Identifier: GPL-3.0-or-later */
/* An account as bytes in the inventory, and the inventory's tables.  Internal to provision/. */
#ifndef PROVISION_ACCOUNT_RECORD_H
#define PROVISION_ACCOUNT_RECORD_H

#include "provision/accounts.h"
#include "store/store.h"

#define ACCOUNTS_SCHEMA 1
#define ACCOUNTS_MAP_SIZE ((size_t)1 << 30)
#define ACCOUNT_MAIL_MAX 254            /* RFC 5321 section 4.5.3.1.3, without the brackets */

/*
 * managed: lower-cased mail -> JSON, which is what sign-ons ask; and of accounts that no mail leads to, since none is told or another
 * account has the same, ACCOUNT_BESIDE and their id -> JSON.  imported: "as_of" -> decimal seconds; without it there is no inventory.
 */
#define ACCOUNT_BESIDE "\1"             /* no mail begins like that */
enum accounts_table { ACCOUNTS_MANAGED, ACCOUNTS_IMPORTED };
extern const char *const accounts_tables[];
extern const struct slice accounts_as_of_key;
extern const char accounts_cure[];      /* nothing else has what is in it, so a file of another schema stays as it is */

/*
 * Beside it, accounts that were seen where Postern keeps some (accounts_seen.h).  accounts: key as account_seen_key -> JSON.
 * sources: name -> decimal seconds when it was read last.
 */
#define SEEN_SCHEMA 1
#define SEEN_MAP_SIZE ((size_t)1 << 30)
enum seen_table { SEEN_ACCOUNTS, SEEN_SOURCES };
extern const char *const seen_tables[];
const char *account_seen_path(struct arena *a, const char *path);       /* path: of the inventory */
/* Lower-cased mail, line feed, source, line feed, kind; {NULL, 0}: too long to be one, or a line feed is in it. */
struct slice account_seen_key(struct arena *a, const char *source, const struct account *account);
struct slice account_seen_prefix(struct arena *a, const char *mail);
/* The source in such a key. */
struct slice account_seen_source(struct slice key);
/* What such a key alone tells: mail and kind, should the record be damaged.  false: the key is no such one. */
bool account_of_seen_key(struct arena *a, struct slice key, struct account *out);
/* Decimal seconds, as both files keep times.  REASON_STORE: damaged. */
int account_time_read(struct slice value, int64_t *out, struct error *err);

/* The key of a mail: its letters A to Z in lower case. */
struct slice account_key(struct arena *a, const char *mail);

struct slice account_write(struct arena *a, const struct account *account);
/* Fewer than half of what the inventory had: a list that ended too early, or one of something else. */
static inline bool accounts_are_cut(size_t before, size_t now)
{
	return before >= 20 && now < before - now && now < before;
}

/*
 * Puts an account where it belongs: of two with one mail the one that is billed is found by it.  *why_beside tells why no mail leads to it,
 * or to the one that was there before; NULL: nothing of the kind.  1 it is there besides all others, 2 in the place of another that has
 * no id, 0 it has no place, -1 error.
 */
int account_put(struct arena *a, struct store_txn *t, const struct account *account, const char **why_beside, struct error *err);
/* REASON_STORE when the bytes are not a record. */
int account_read(struct arena *a, struct slice bytes, struct account *out, struct error *err);

#endif
