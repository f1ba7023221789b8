/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What one network, and one person, may cost us in a minute.
 *
 *	requests   of a network     everything but /health, and each TLS connection; high: a whole company at nine o'clock
 *	failures   of a network     refused for what it held, before a signature of anybody had verified
 *	answers    of a sign-on     that we began: the first answer to it is read whatever else its network did
 *	sign_ons   of a person      answers of the identity provider that verified
 *
 * Honest people behind one address are told apart from an attacker behind it
 * where that is possible without remembering anything: who comes back with our
 * sealed cookie had begun a sign-on, and one answer to it is always read.  So a
 * sign-on under way ends well in a network that is over its failures; a new one
 * waits.  A successful sign-on costs two requests and no failure.
 *
 * A network is what `ipv4_prefix` and `ipv6_prefix` make of the client's
 * address (http.h), which nobody but a proxy of ours can choose.  Of IPv6 the
 * first 48 bits together have 16 times as much, so a site with 65,536 networks
 * is not 65,536 clients.  A client that a proxy of ours describes in words that
 * cannot be read is "unknown", and all of those are one network.  A proxy that
 * names nobody, and this host itself (loopback, a Unix socket), have no limit:
 * it would be one for the whole world behind them.
 *
 * State: base/buckets.h, in memory that the parent made and all workers share,
 * so the numbers count for the host and not for each worker.
 */
#ifndef GATEWAY_LIMITS_H
#define GATEWAY_LIMITS_H

#include "gateway/gateway.h"
#include "http/http.h"

struct limits;

/* In the parent: the memory. */
int limits_make(int *fd_out, struct error *err);
/* In a worker; the descriptor stays the caller's. */
int limits_open(int fd, struct limits **out, struct error *err);
void limits_close(struct limits *l);

/* Each asks for one more.  REASON_NONE, or REASON_TOO_MANY with x->retry_after, counted, and in the log where nobody said so lately. */
enum reason limits_request(const struct gateway *g, struct http_exchange *x);
enum reason limits_answer(const struct gateway *g, struct http_exchange *x, const char *pending_id);
enum reason limits_person(const struct gateway *g, struct http_exchange *x, const char *person);

/* The request was refused with this reason, and no signature had verified. */
void limits_failed(const struct gateway *g, const struct http_exchange *x, enum reason reason);

/* A TLS connection costs as much as a request or more: it takes one.  False: there is none left. */
bool limits_connection(const struct gateway *g, const char *peer);

/* A network has as many connections as it may: counted, logged. */
void limits_crowded(const struct gateway *g, const char *peer);

/* Whether there is a word to be said about this subject in this minute: once a minute for each, and not more than 60 in all. */
bool limits_tells(const struct gateway *g, const char *subject);

#endif
