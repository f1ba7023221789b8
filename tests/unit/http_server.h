/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * For the tests of http/: a server in a child process, and a client that sends
 * bytes and knows nothing of HTTP.
 */
#ifndef TESTS_UNIT_HTTP_SERVER_H
#define TESTS_UNIT_HTTP_SERVER_H

#include "http/http.h"

#include <sys/types.h>

#define HTTP_TEST_HOST "sso.example.org"

struct http_test {
	pid_t child;
	int listener;                   /* 0: one of its own; else another server's, to share */
	int port;
	const char *path;               /* NULL: a port of 127.0.0.1; else a Unix socket there, which the test removes */
	struct http_options options;    /* set what you need before http_test_start */
	struct slice certificate, key;  /* PEM; {NULL, 0}: plain */
	unsigned descriptors;           /* RLIMIT_NOFILE once the server is made; 0: as it is */
	bool draining;
};

/*
 * Routes: GET /ok, GET /go/ *, POST /form (body up to 1,000 bytes), POST /large (up to 300,000), POST /closed (likewise, a
 * large one of `Bearer good` alone), POST /twice and GET /twice as two rows, GET /page (100,000 bytes), GET /bad (a Location of two lines), GET /nothing (no reply),
 * GET /health (by_address).
 * The body of a reply says what the handler saw.
 */
void http_test_start(struct http_test *t);
void http_test_drain(struct http_test *t);      /* SIGTERM: the child drains, frees, exits */
/* Fails unless the child exits with 0 (a leak or a fault would not); drains it first where that was not done. */
void http_test_stop(struct http_test *t);
unsigned http_test_handled(void);       /* handlers run so far, in all children */
unsigned http_test_refused(void);       /* calls of options.refuse */
unsigned http_test_crowded(void);       /* of options.crowded */

int client_connect(int port);
/* From 127.0.0.HOST, and with as little room for what comes as the kernel allows. */
int client_connect_from(int host, int port);
void client_send(int fd, const char *p, size_t n);
/* Until the server has read all of it, however busy the machine is. */
void client_taken(int fd);
/* Everything until the server closes (*closed = 1) or says nothing for `quiet_ms`. */
struct slice client_read(int fd, int quiet_ms, int *closed);
/* The same, but first waits up to 20 s for these statuses: a busy machine, or valgrind, is slow. */
struct slice client_wait(int fd, const char *statuses, int quiet_ms, int *closed);
/* "200 400": the status of each reply in `bytes` */
const char *client_statuses(struct slice bytes);

#endif
