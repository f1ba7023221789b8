/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A record a month of what seats counted: STATE_DIR/accounts/seats.json.
 *
 * Counts and sums, no names.  The provision role writes it once a day, and
 * `postern seats --record` as that role's user; asking alone leaves nothing
 * behind, and where there is no earlier month, that is said.  The last record
 * of a month stands for it.
 */
#ifndef GATEWAY_SEATS_RECORD_H
#define GATEWAY_SEATS_RECORD_H

#include "gateway/census/seats.h"

#define SEATS_MONTHS_MOST 36

struct seats_month {
	const char *month;              /* "2026-10" */
	int64_t at;                     /* when it was recorded */
	size_t wanted, customers, portal;       /* people who can sign on */
	int64_t wanted_money;           /* MONEY_UNKNOWN: there were no prices */
	bool compared;                  /* the rest is known */
	size_t billed, unwanted;
	int64_t billed_money;
	const char *prices;             /* which ones: tells others apart; NULL: none */
};

/* What has changed since the last recorded month, or that none is recorded. */
const char *seats_since_text(const struct seats *s);
/* This month, as it is now. */
void seats_month_now(const struct seats *s, struct seats_month *out);
/* The last record of an earlier month than that of `now`; 1, 0 there is none, -1 error. */
int seats_month_before(struct arena *a, const char *path, int64_t now, struct seats_month *out, struct error *err);
int seats_month_record(struct arena *a, const char *path, const struct seats_month *month, struct error *err);
/* Not in place of a record that says what Atlassian bills, when this one does not. */
int seats_month_keep(struct arena *a, const char *path, const struct seats_month *month, struct error *err);
/* Counts everybody and keeps that.  `alive` is called meanwhile; NULL: never.  REASON_MIRROR_EMPTY: nothing was read yet. */
int seats_keep_month(struct arena *a, const struct settings *settings, bool (*alive)(void *context), void *context, struct error *err);

#endif
