/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One document over HTTP, by libcurl.  Blocks, with a time-out; only the
 * refresh role and `postern check` use it.  No redirects, no cookies, no
 * netrc, no proxy but the one given; https, or http to this host.
 */
#ifndef GATEWAY_FETCH_H
#define GATEWAY_FETCH_H

#include "base/arena.h"

#define FETCH_LIMIT ((size_t)4 << 20)   /* bytes */
#define FETCH_SECONDS 60                /* for all of it */

struct fetch {
	const char *url;
	struct slice ca_pem;            /* {NULL, 0}: the system's */
	const char *proxy;              /* NULL: none */
	const char *etag;               /* of the document at hand, NULL: none */
	bool (*go_on)(void *context);   /* called about once a second, NULL: not; false ends it */
	void *context;
};

struct fetched {
	bool unchanged;                 /* 304: it is the document at hand */
	struct slice body;
	const char *etag;               /* NULL: not sent */
};

/* REASON_FETCH: no connection, certificate not trusted, another status than 200 or 304, too large, too slow. */
int fetch(struct arena *a, const struct fetch *what, struct fetched *out, struct error *err);

#endif
