/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What every request of ours over libcurl has in common: https, or http to
 * where the caller lets it go; TLS 1.2 at least, certificates and names
 * verified; no netrc, no proxy but the one given, no signals; a time-out for
 * all of it, an answer of bounded size, and somebody to ask whether to go on.
 */
#ifndef BASE_TRANSFER_H
#define BASE_TRANSFER_H

#include "base/arena.h"
#include "base/text.h"

#include <curl/curl.h>
#include <stdint.h>

struct transfer {
	/* Filled by the caller; must live until the request is done. */
	const char *url;
	struct slice ca_pem;            /* {NULL, 0}: the system's */
	const char *proxy;              /* NULL: none */
	int64_t seconds;                /* for all of it */
	size_t body_most;               /* bytes of an answer; a longer one ends the request */
	bool (*go_on)(void *context);   /* NULL: never asked; else about once a second, and false ends the request */
	void *context;

	/* What came of it. */
	struct text body;
	long status;                    /* 0: no answer */
	bool too_large, stopped;
	char problem[CURL_ERROR_SIZE];  /* in words, when there is no whole answer */
};

/* Sets the options on a fresh or reset handle, and empties what came of an earlier request.  The body is the arena's. */
CURLcode transfer_begin(struct arena *a, CURL *curl, struct transfer *t);
CURLcode transfer_perform(CURL *curl, struct transfer *t);

/* After the request: the last field of this name in the last answer; "" when there is none, or one longer than TRANSFER_FIELD_MOST. */
#define TRANSFER_FIELD_MOST 300 /* bytes */
const char *transfer_field(CURL *curl, const char *name);       /* libcurl's, until its next request */

#endif
