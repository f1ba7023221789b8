/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Pending sign-ons: remembered by the browser, sealed, one cookie each.
 *
 * The server keeps nothing until a signature has verified.  A cookie is named
 * `__Host-p-` and 32 hex digits, the relay state toward Entra is those digits,
 * so two tabs never meet.  At most PENDING_MOST cookies and PENDING_BYTES in
 * all: the oldest are dropped when a new one is set.
 *
 * A finished sign-on leaves a mark in its cookie for PENDING_MARK_SECONDS: the
 * back button and a second click find it and are offered a fresh sign-on, and
 * a loop between doors is counted by it.
 */
#ifndef GATEWAY_PENDING_H
#define GATEWAY_PENDING_H

#include "base/seal.h"
#include "http/http.h"
#include "store/store.h"

#define PENDING_MOST 8
#define PENDING_BYTES 6144
#define PENDING_SECONDS_MOST 3600       /* what pending_time may be set to */
#define PENDING_MARK_SECONDS 300
#define PENDING_LOOP_SECONDS 60
#define PENDING_LOOP_MOST 5
#define PENDING_ID_SIZE 33

enum pending_state { PENDING_OPEN = 1, PENDING_ANSWERED, PENDING_REDIRECTED, PENDING_CHOOSING };

struct pending {
	enum pending_state state;
	const char *id;                 /* 32 hex digits */
	int64_t started;                /* when set; an end: when it was reached */
	unsigned hops;                  /* starts again of this one sign-on */
	const char *host;               /* that made the request to the provider */
	unsigned char generation[CLAIMS_GENERATION_SIZE];
	const char *provider;           /* NULL while the person is asked which (CHOOSING), as is our request's id */
	const char *our_request_id;
	const char *connection;         /* who asked; NULL: a link */
	const char *link;               /* NULL: a connection */
	const char *request_id;         /* of who asked */
	struct slice relay_state;       /* p NULL: none */
	bool force_authn, is_passive;
};

void pending_id(char out[PENDING_ID_SIZE]);
bool pending_is_id(struct slice text);

/* Sets the cookie of p, for `seconds`, and drops the oldest others beyond the limits. */
void pending_set(struct http_exchange *x, const struct seal_key *key, const struct pending *p, int64_t now, int64_t seconds);
void pending_drop(struct http_exchange *x, const char *id);

/*
 * The cookie that `id` names: COOKIE_MISSING, PENDING_INVALID (not sealed by
 * us under this name, or there twice), PENDING_EXPIRED (older than `seconds`,
 * an end older than PENDING_MARK_SECONDS; *out is then filled nevertheless: it
 * says who asked).
 */
int pending_get(struct http_exchange *x, const struct seal_key *key, struct slice id, int64_t now, int64_t seconds, struct pending *out,
	struct error *err);

/* Redirects between doors that this browser went through lately. */
unsigned pending_redirects(struct http_exchange *x, const struct seal_key *key, int64_t now);

/* Sign-ons by this link that this browser began lately and that are still under way. */
unsigned pending_starts(struct http_exchange *x, const struct seal_key *key, const char *link, int64_t now);

#endif
