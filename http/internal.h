/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the files of http/ say to each other; no other folder includes this.
 *
 *	listen.c, unix_socket.c         sockets, for the parent
 *	proxy_header.c, proxy_bio.c     what a proxy says ahead of the first byte; the same ahead of TLS
 *	reader.c -> gate.c              bytes -> the head of a request -> may it pass?
 *	server.c, connection.c          evhttp, the life of one connection
 *	exchange.c, cookie.c, forwarded.c, route.c
 *	headers.c                       the fields of a reply
 *	crowd.c                         connections of each client network
 *	turns.c                         which of several processes accepts next
 */
#ifndef HTTP_INTERNAL_H
#define HTTP_INTERNAL_H

#include "http/http.h"

/* ---- route.c ---- */

/*
 * The row for this path and method.  NULL with REASON_NO_SUCH_PAGE, or with
 * REASON_WRONG_METHOD and in allowed_out what the path's rows allow.
 */
const struct http_route *route_find(const struct http_route *routes, struct slice path, unsigned method,
	unsigned *allowed_out, enum reason *why_out);
/* "GET, HEAD" */
const char *route_allow(struct arena *a, unsigned methods);

/* ---- cookie.c ---- */

/* RFC 6265 section 4.2.1, names of token characters, values as they are; broken pairs are left out. */
void cookies_read(struct arena *a, struct slice field, struct http_cookie **list, size_t *count);
bool cookie_name_ok(const char *name);
bool cookie_value_ok(const char *value);
bool http_is_token(unsigned char c);    /* RFC 9110 section 5.6.2 */

/* ---- forwarded.c ---- */

struct forwarded {
	struct slice x_forwarded_for;   /* lines joined by a comma, in order; {NULL, 0}: none */
	struct slice forwarded;
};

/*
 * Of "fe80::1%eth0" the address, which is one like any other, with its limits; where it came in says nothing of who it is.
 * Writes to `out` where there is something to leave out.
 */
const char *peer_without_zone(const char *peer, char out[NETWORK_TEXT_SIZE]);
/* Whether a connection from there is one of these; `peer` is a numeric address, HTTP_UNIX_PEER, or nobody's. */
bool peers_hold(const struct http_peers *peers, const char *peer);
/*
 * The client's address in its usual spelling: the peer, unless the peer is a proxy of ours and names another; "unknown"
 * when what it passes on cannot be read or differs.
 */
const char *forwarded_client(struct arena *a, const char *peer, const struct forwarded *f, const struct http_peers *trusted);

/* ---- proxy_header.c ---- */

#define PROXY_HEADER_MAX 4096           /* addresses take at most 216 bytes; the rest are fields that nobody reads here */

enum proxy_header_state { PROXY_HEADER_MORE, PROXY_HEADER_DONE, PROXY_HEADER_BAD };

/* All zero to begin with. */
struct proxy_header {
	enum proxy_header_state state;
	const char *why;                /* BAD: what is wrong, a fixed text */
	bool own;                       /* DONE: the proxy speaks for itself; else: */
	char source[NETWORK_TEXT_SIZE]; /* who called it, "unknown" where it does not say */
	/* Ahead of TLS, once DONE and before a byte of the handshake is read: whether it may go on. */
	bool (*read)(void *context);
	void *context;
	/* private */
	size_t n, size;                 /* size: of version 2, once it is known */
	unsigned char bytes[PROXY_HEADER_MAX];
};

/* How many of the n bytes belong to the header; all of them as long as it wants more. */
size_t proxy_header_feed(struct proxy_header *h, const void *p, size_t n);

/* ---- headers.c ---- */

/* What the reply says besides its body; `close` adds Connection: close.  Turns x into a 500 when a handler's field is unfit. */
void headers_check(struct http_exchange *x);
void headers_write(const struct http_exchange *x, int64_t hsts_seconds, bool close,
	void (*add)(void *to, const char *name, const char *value), void *to);
const char *status_phrase(int status);

/* ---- reader.c ---- */

#define READER_TARGET 512               /* of a target only so much is kept: routes are shorter */
#define READER_FIELDS 200               /* no browser sends more; one that was left out might be the one of a proxy behind them */
#define READER_VALUE 264                /* a host name has at most 253 characters */

struct reader;

/* What the reader asks: may it go on?  REASON_NONE: yes.  `line` is asked after the request line, `head` before the body. */
struct judge {
	enum reason (*line)(const struct reader *r, const void *context);
	enum reason (*head)(struct reader *r, const void *context);     /* sets body_limit */
	bool (*knows)(struct slice authorization, const void *context); /* at that field; NULL: nobody's is known */
	const void *context;
};

struct reader {
	/* of the request under way, complete when `head` is called */
	enum http_method method;        /* 0: another */
	char target[READER_TARGET];
	size_t target_size;             /* as sent; kept are at most READER_TARGET */
	char host[READER_VALUE];
	size_t host_size;
	int minor;                      /* HTTP/1.minor */
	unsigned hosts, lengths, encodings, authorizations;     /* fields of that name */
	bool known;                     /* by the one Authorization */
	uint64_t length;                /* Content-Length */
	uint64_t body_limit;            /* set by `head` */
	/* all requests of the connection */
	unsigned long complete;         /* requests read to their last byte */
	enum reason bad;                /* the one after those is refused for this; nothing more is read */
	size_t header_limit;
	struct judge judge;
	/* private */
	int state;
	int field;                      /* row of the fields that are read here, or -1 */
	char word[READER_VALUE];        /* method, version, field name or value */
	size_t word_size;
	size_t head_size;
	unsigned fields;
	uint64_t left, body_size;
};

void reader_begin(struct reader *r, size_t header_limit, struct judge judge);
void reader_feed(struct reader *r, const char *p, size_t n);
void reader_stop(struct reader *r, enum reason why);    /* as if the next byte were wrong */
bool reader_is_idle(const struct reader *r);    /* between two requests */

/* ---- gate.c ---- */

/* The method and the form of the target; the host, the route, the size of the body.  The context is the options. */
struct judge gate(const struct http_options *options);
/* Path and query of a target that passed: absolute form loses scheme and host, which then must be ours. */
enum reason gate_target(const char *public_host, struct slice target, struct slice *path_out, struct slice *query_out);

/* ---- exchange.c ---- */

struct field {
	const char *name, *value;
};

/* Fills in the request's side; fields and body stay where they are. */
void exchange_read(struct http_exchange *x, const struct http_options *options, const char *peer,
	const struct field *fields, size_t count);
/* The page for a refusal, by options.refuse. */
void exchange_refuse(struct http_exchange *x, const struct http_options *options, enum reason why);
/* Runs the route's handler, or the refusal. */
void exchange_handle(struct http_exchange *x, const struct http_options *options);

/* ---- tls.c ---- */

struct ssl_ctx_st;
struct ssl_st;
int tls_new(struct slice certificate, struct slice key, struct ssl_ctx_st **out, struct error *err);
struct ssl_st *tls_accept(struct ssl_ctx_st *context);  /* NULL: out of memory */
/* Calls `seen` for each record of the peer that holds no data, once the handshake is over.  NULL ends a watch. */
struct tls_watch {
	void (*seen)(void *context);
	void *context;
};
void tls_watch(struct ssl_st *ssl, struct tls_watch *watch);
void tls_say_goodbye(struct ssl_st *ssl);
void tls_free(struct ssl_ctx_st *context);

/* ---- proxy_bio.c ---- */

/* Feeds h from the socket ahead of the handshake.  h must last until the connection ends or tls_forget_header. */
void tls_expect_header(struct ssl_st *ssl, struct proxy_header *h);
void tls_forget_header(struct ssl_st *ssl);     /* only where one was expected */

#endif
