/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One document over HTTP, by libcurl.  Blocks, with a time-out; only the
 * refresh role and `postern check` use it.  No cookies, no netrc, no names
 * and passwords in addresses, no proxy but the one given; https, or http to
 * this host.  A redirect is followed to https only, and FETCH_REDIRECTS of
 * them.
 */
#ifndef GATEWAY_FETCH_H
#define GATEWAY_FETCH_H

#include "base/arena.h"

#include <stdint.h>

#define FETCH_LIMIT ((size_t)4 << 20)   /* bytes */
#define FETCH_SECONDS 30                /* for all of it, unless set */
#define FETCH_REDIRECTS 3

struct fetch {
	const char *url;
	struct slice ca_pem;            /* {NULL, 0}: the system's */
	const char *proxy;              /* NULL: none */
	const char *etag, *modified;    /* ETag and Last-Modified of the document at hand, NULL: none */
	int64_t seconds;                /* for all of it; 0: FETCH_SECONDS */
	bool (*go_on)(void *context);   /* called about once a second, NULL: not; false ends it */
	void *context;
};

struct fetched {
	bool unchanged;                 /* 304: it is the document at hand */
	struct slice body;
	const char *etag, *modified;    /* NULL: not sent */
	int64_t max_age;                /* seconds, of Cache-Control; 0: not said, or not to be kept */
};

/* REASON_FETCH: no connection, certificate not trusted, another status than 200 or 304, too large, too slow. */
int fetch(struct arena *a, const struct fetch *what, struct fetched *out, struct error *err);

#endif
