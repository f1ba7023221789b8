/* SPDX-License-Identifier: GPL-3.0-or-later */
/* An account as bytes in the inventory, and the inventory's tables.  Internal to provision/. */
#ifndef PROVISION_ACCOUNT_RECORD_H
#define PROVISION_ACCOUNT_RECORD_H

#include "provision/accounts.h"
#include "store/store.h"

#define ACCOUNTS_SCHEMA 1
#define ACCOUNTS_MAP_SIZE ((size_t)1 << 30)
#define ACCOUNT_MAIL_MAX 254            /* RFC 5321 section 4.5.3.1.3, without the brackets */

/* managed: lower-cased mail -> JSON.  imported: "as_of" -> decimal seconds; without it there is no inventory. */
enum accounts_table { ACCOUNTS_MANAGED, ACCOUNTS_IMPORTED };
extern const char *const accounts_tables[];
extern const struct slice accounts_as_of_key;
extern const char accounts_cure[];      /* nothing else has what is in it, so a file of another schema stays as it is */

/* The key of a mail: its letters A to Z in lower case. */
struct slice account_key(struct arena *a, const char *mail);

struct slice account_write(struct arena *a, const struct account *account);
/* REASON_STORE when the bytes are not a record. */
int account_read(struct arena *a, struct slice bytes, struct account *out, struct error *err);

#endif
