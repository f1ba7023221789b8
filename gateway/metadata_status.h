/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What is known of a provider's metadata besides the document itself, beside
 * it in STATE_DIR/metadata, as JSON.
 *
 * NAME.status has one writer, the refresh role: how its address is doing.
 * NAME.key is written by workers: which key verified the last sign-ons.  Both
 * survive restarts, so that an alarm that takes a day does not begin anew with
 * each, and a key that left the document is noticed before anybody tries to
 * sign on with it.  All of it is for alarms and conditions of fetching; no
 * sign-on is judged by it, except that a copy of another address is not used.
 */
#ifndef GATEWAY_METADATA_STATUS_H
#define GATEWAY_METADATA_STATUS_H

#include "base/arena.h"

#include <stdint.h>

struct metadata_status {
	const char *url;                /* that was asked: what all of this but `source` is about */
	const char *source;             /* address that the document on disk came from; NULL: not known */
	const char *entity;             /* of the last good document; NULL: none yet */
	int64_t taken;                  /* when the bytes at hand were first taken; 0: none were */
	int64_t confirmed;              /* when the address last gave or confirmed them; 0: never */
	int64_t tried;                  /* when it was last asked */
	int64_t failing_since;          /* the first failure in a row; 0: the last try went well */
	const char *result;             /* of the last try: "taken", "unchanged", "refused", "failed" */
	const char *detail;             /* why not; NULL: it went well */
};

struct metadata_key {
	const char *entity;             /* whose key it is */
	const char *fingerprint;
	int64_t not_after;
	int64_t seen;                   /* when it verified a sign-on, to the day */
};

/* REASON_FILE: there is none, or it cannot be read as what it should be. */
int metadata_status_read(struct arena *a, const char *path, struct metadata_status *out, struct error *err);
int metadata_status_write(const char *path, const struct metadata_status *status, struct error *err);
int metadata_key_read(struct arena *a, const char *path, struct metadata_key *out, struct error *err);
int metadata_key_write(const char *path, const struct metadata_key *key, struct error *err);

#endif
