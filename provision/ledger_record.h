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
 * the last call, LEDGER_TRIED stage -> when, LEDGER_LOSS target NUL user -> when, 8 bytes big-endian, LEDGER_OWED target NUL user -> JSON,
 * LEDGER_UNLINKED target NUL user -> when, 8 bytes big-endian, LEDGER_DESK target NUL desk -> when.
 */
enum ledger_table { LEDGER_PEOPLE, LEDGER_GROUPS, LEDGER_MAILS, LEDGER_CALLS, LEDGER_RUN };

#define LEDGER_LOSS "loss "
#define LEDGER_TRIED "tried "
#define LEDGER_OWED "owed "
#define LEDGER_UNLINKED "unlinked "
#define LEDGER_DESK "desk "

struct ledger {
	char *path;
	struct store *store;            /* NULL: there is no file */
};

/* REASON_STORE when one is empty or longer than LEDGER_KEY_MAX. */
int ledger_key(struct arena *a, const char *target, const char *second, struct slice *out, struct error *err);
char *lower_case(struct arena *a, const char *s);       /* A to Z; NULL gives NULL */
/* Of those keys of run that are a word, target NUL user. */
int ledger_run_key(struct arena *a, const char *word, const char *target, const char *user, struct slice *out, struct error *err);
int ledger_run_key_read(struct arena *a, const char *word, struct slice key, const char **target_out, const char **user_out);
int ledger_loss_read(struct arena *a, struct slice key, struct slice value, struct ledger_loss *out, struct error *err);
/* Of a step that puts customers somewhere at a site: who was not taken (NULL: nobody was) is known by no id any more. */
int ledger_lose_unknown(struct arena *a, struct store_txn *t, const char *target, const struct step *s, const char *const *failed,
	struct error *err);
/* Before a SCIM user is taken off its account; now 0: it is not, or not any more. */
int ledger_mark_unlinked(struct arena *a, struct store_txn *t, const char *target, const char *user, int64_t now, struct error *err);
int ledger_unlinked_read(struct arena *a, struct slice key, struct ledger_unlinked *out, struct error *err);
/* Before a SCIM user is deleted, and when its account is active again, or the user was not deleted for sure. */
int ledger_owe(struct arena *a, struct store_txn *t, const char *target, const struct step *s, int64_t now, struct error *err);
int ledger_owe_no_more(struct arena *a, struct store_txn *t, const char *target, const char *user, struct error *err);
int ledger_owed_read(struct arena *a, struct slice key, struct slice value, struct ledger_owed *out, struct error *err);
/* Somebody was to be taken out of a desk: it is open, or it is not. */
int ledger_note_desk(struct arena *a, struct store_txn *t, const char *target, const char *desk, int64_t now, struct error *err);
int ledger_forget_desk(struct arena *a, struct store_txn *t, const char *target, const char *desk, struct error *err);
int ledger_desk_read(struct arena *a, struct slice key, struct slice value, struct ledger_desk *out, struct error *err);
/* What was noted while a clock was ahead becomes of now: losses, groups, stages of the way back. */
int ledger_set_clock(struct arena *a, struct store_txn *t, const struct ledger_view *view, int64_t now, struct error *err);
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
