/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * HTTP to one of Atlassian's interfaces, by libcurl.
 *
 * One handle, one connection that is kept, one call at a time, each of which
 * blocks.  https only, or http to this very host; certificates are verified;
 * no redirect is followed, no cookie kept, no proxy used but the one given.
 *
 * A call is sent again when no answer came, or 429, 500, 502, 503 or 504:
 * after Retry-After or X-RateLimit-Reset where one is said, else after a time
 * that doubles.  So only calls may be made that may be done twice, or whose
 * second answer (409) the caller looks into.
 *
 * The key is in no error, no log and no line for the ledger: where an answer
 * repeats it, it is taken out.
 */
#ifndef PROVISION_WEB_H
#define PROVISION_WEB_H

#include "base/arena.h"

#include <stdint.h>

#define WEB_BODY_MOST ((size_t)32 << 20)        /* bytes of an answer: a group of 35,000 members fits */
#define WEB_TRIES 7                             /* of one call */
#define WEB_WAIT_MOST ((int64_t)900)            /* seconds that an answer may ask us to wait */
#define WEB_SECONDS 60                          /* for one request, unless set */

struct web_options {
	const char *name;               /* of the target, for errors */
	const char *base;               /* address without a slash at its end */
	const char *login;              /* NULL: the key is a bearer's; else Basic, login and key */
	struct slice key;
	struct slice ca_pem;            /* {NULL, 0}: the system's */
	const char *proxy;              /* NULL: none */
	unsigned rate;                  /* requests a second, at most; 0: as fast as answers come */
	int64_t seconds;                /* for one request; 0: WEB_SECONDS */
	/* Asked about once a second, also while waiting; false ends the call (PROVISION_STOP).  NULL: never asked. */
	bool (*go_on)(void *context);
	/* Tests: told how long would be waited, instead of waiting.  NULL: it is waited. */
	void (*instead_of_waiting)(int64_t us, void *context);
	/* Told of each request that was sent: the status of its answer, 0 when none came.  NULL: nobody counts. */
	void (*answered)(const char *name, int status, void *context);
	void *context;
};

enum web_method { WEB_GET, WEB_POST, WEB_PUT, WEB_PATCH, WEB_DELETE };

struct web_call {
	enum web_method method;
	const char *endpoint;           /* fixed text: what Atlassian counts together with the method; slows down by itself after 429 */
	const char *path;               /* behind the base, with its query; escaped */
	struct slice body;              /* JSON; {NULL, 0}: none */
	const char *type;               /* media type of body and answer; NULL: application/json */
	bool experimental;              /* X-ExperimentalApi: opt-in */
	const char *needs;              /* what the key must be allowed to, said when the answer is 403 */
	bool *too_large;                /* NULL: an answer above WEB_BODY_MOST is PROVISION_STOP; else true is put there, and status is 0 */
};

struct web_answer {
	int status;
	struct slice body;              /* the arena's */
	unsigned requests;              /* sent for it; above 1, an earlier one may have been done */
	const char *line;               /* for the ledger: "POST /Users: 409 uniqueness: …" */
};

struct web;

/* Everything of the options is copied.  PROVISION_STOP: no such address, or a key that no header can hold. */
int web_open(const struct web_options *options, struct web **out, struct error *err);
void web_close(struct web *w);          /* NULL is fine; the key is wiped */

/*
 * Any other status than those above is an answer, and 0 is returned.
 * PROVISION_STOP: 401, 3xx, a certificate that is not trusted, nobody there
 * after all tries, told to stop.  PROVISION_STEP: 500 after all tries.
 */
int web_do(struct arena *a, struct web *w, const struct web_call *call, struct web_answer *out, struct error *err);

/* PROVISION_STEP with what the answer says, and on 403 what the key needs.  Is -1. */
int web_refused(const struct web *w, const struct web_call *call, const struct web_answer *answer, struct error *err);
/* PROVISION_STOP: the answer cannot be right; `why` says what about it.  Is -1. */
int web_nonsense(const struct web *w, const struct web_call *call, const char *why, struct error *err);

/* Until when an answer asked to be left alone, for longer than is waited here, in seconds since 1970; 0: none did. */
int64_t web_left_alone(const struct web *w);
unsigned web_requests(const struct web *w);     /* sent since it was opened */

/* The text, without the key should it be in there. */
const char *web_without_key(struct arena *a, const struct web *w, const char *text);

#endif
