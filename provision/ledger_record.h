/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Records of the ledger as bytes, and its tables.  Internal to provision/. */
#ifndef PROVISION_LEDGER_RECORD_H
#define PROVISION_LEDGER_RECORD_H

#include "provision/ledger.h"
#include "store/store.h"

#define LEDGER_SCHEMA 1
#define LEDGER_MAP_SIZE ((size_t)1 << 32)

/*
 * people, groups, mails: target NUL second -> JSON.  calls: number, 8 bytes big-endian -> JSON.  run: "run" -> JSON, "last" -> number of
 * the last call, LEDGER_TRIED stage -> when, LEDGER_LOSS target NUL user -> when, 8 bytes big-endian.
 */
enum ledger_table { LEDGER_PEOPLE, LEDGER_GROUPS, LEDGER_MAILS, LEDGER_CALLS, LEDGER_RUN };

#define LEDGER_LOSS "loss "
#define LEDGER_TRIED "tried "

struct ledger {
	char *path;
	struct store *store;            /* NULL: there is no file */
};

/* REASON_STORE when one is empty or longer than LEDGER_KEY_MAX. */
int ledger_key(struct arena *a, const char *target, const char *second, struct slice *out, struct error *err);
char *lower_case(struct arena *a, const char *s);       /* A to Z; NULL gives NULL */
int ledger_loss_key(struct arena *a, const char *target, const char *user, struct slice *out, struct error *err);
int ledger_loss_read(struct arena *a, struct slice key, struct slice value, struct ledger_loss *out, struct error *err);
/* Numbers and times as keys and values. */
struct slice ledger_number(unsigned char bytes[8], uint64_t number);
uint64_t ledger_number_read(struct slice value);

struct slice ledger_person_write(struct arena *a, const struct ledger_person *p);
struct slice ledger_group_write(struct arena *a, const struct ledger_group *g);
struct slice ledger_mail_write(struct arena *a, const struct ledger_mail *m);
struct slice ledger_call_write(struct arena *a, const struct ledger_call *c);
int ledger_person_read(struct arena *a, struct slice key, struct slice value, struct ledger_person *out, struct error *err);
int ledger_group_read(struct arena *a, struct slice key, struct slice value, struct ledger_group *out, struct error *err);
int ledger_mail_read(struct arena *a, struct slice key, struct slice value, struct ledger_mail *out, struct error *err);
int ledger_call_read(struct arena *a, struct slice key, struct slice value, struct ledger_call *out, struct error *err);

#endif
