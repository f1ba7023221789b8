/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * For the tests of provision/: a server in a child process that answers one
 * request after another as a script says, keeps what it was sent, and keeps
 * connections open unless told otherwise.
 */
#ifndef TESTS_UNIT_SCRIPTED_SERVER_H
#define TESTS_UNIT_SCRIPTED_SERVER_H

#include "base/arena.h"

enum scripted_end {
	KEEP,                           /* the connection */
	CLOSE,                          /* behind the answer */
	CUT,                            /* in the middle of the body: Content-Length says more than there is */
	RESET,                          /* instead of an answer */
	SILENT                          /* no answer until the client goes away */
};

struct scripted {
	const char *status;             /* "201 Created"; NULL ends the script: whatever comes then gets 418 */
	const char *body;               /* NULL: none; {base} in it is the server's address */
	const char *fields;             /* header fields, each with its CRLF; NULL: none */
	enum scripted_end end;
	size_t large;                   /* bytes of blanks in front of the body */
};

/* Answers from the first row on; the base address is the arena's. */
const char *scripted_begin(struct arena *a, const struct scripted *script);
void scripted_end(void);

/* What was sent, from 0 on: "POST /Users\nhead…\n\nbody"; "" when there was no such request. */
const char *scripted_request(unsigned n);
unsigned scripted_requests(void);
unsigned scripted_connections(void);

#endif
