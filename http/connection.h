/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The life of one connection, between evhttp and the reader.
 *
 *	IDLE, its PROXY header still to come    its bytes reach neither the reader nor evhttp
 *	IDLE -> READING -> REPLYING -> IDLE …   evhttp drives, we watch the clock
 *	READING -> TAKEN -> LINGERING           the reader refused: evhttp is cut off, we reply and close
 *
 * Each phase has one deadline for the whole of it, so that a byte now and then
 * keeps nothing alive.  evhttp frees a connection when it likes; its close
 * callback is set from the first moment on and is the only place where a struct
 * connection ends.
 */
#ifndef HTTP_CONNECTION_H
#define HTTP_CONNECTION_H

#include "base/hash.h"
#include "http/internal.h"

#include <sys/queue.h>

struct bufferevent;
struct event;
struct evhttp;
struct evhttp_bound_socket;
struct evhttp_connection;
struct evconnlistener;

enum turn { TURN_OPEN, TURN_WATCHING, TURN_WAITING, TURN_TAKING, TURN_SHUT };
enum phase { PHASE_IDLE, PHASE_READING, PHASE_REPLYING, PHASE_TAKEN, PHASE_LINGERING };

#define CROWD_ROWS 4
#define CROWD_CELLS 8192

struct crowd {
	unsigned char secret[HASH_SECRET_SIZE];
	uint16_t counts[CROWD_ROWS][CROWD_CELLS];       /* connections */
	uint32_t input[CROWD_ROWS][CROWD_CELLS];        /* bytes of theirs, as http_server.input */
};

struct connection {
	struct http_server *server;
	struct bufferevent *bev;                /* a reference of our own, so that it outlives an early end of evhttp's */
	struct ssl_st *ssl;                     /* NULL: plain; the bufferevent's */
	struct evhttp_connection *evcon;        /* NULL until server_begin found it */
	struct event *turn;                     /* the deadline, and work for the next turn of the loop */
	int fd;
	const char *peer;                       /* evhttp's, HTTP_UNIX_PEER, or `caller` */
	struct proxy_header *header;            /* still to come; NULL: none, or it was read */
	char caller[NETWORK_TEXT_SIZE];         /* whom it named, or a peer without its zone */
	bool refused;                           /* for its PROXY header or its records; ends in the next turn */
	enum phase phase;
	unsigned long handled;                  /* requests that evhttp handed over */
	size_t input;                           /* bytes received and not yet handled */
	size_t discarded;                       /* bytes thrown away since PHASE_TAKEN */
	bool reads_rest;                        /* within read_rest */
	struct tls_watch watch;                 /* of its records */
	unsigned idle_records;                  /* that held no data */
	struct reader reader;
	bool counted;                   /* crowd.c: its network, and where that is counted */
	struct network network;
	uint16_t cells[CROWD_ROWS];
	TAILQ_ENTRY(connection) entry;
};

TAILQ_HEAD(connections, connection);

#define SERVER_SOCKETS 16

struct http_server {
	struct event_base *base;
	struct evhttp *http;
	struct http_options options;            /* zeros replaced by the defaults */
	struct ssl_ctx_st *tls;
	struct connections idle, busy;          /* each by age in its phase, the oldest first */
	struct connection **by_fd;
	size_t by_fd_size;
	size_t count;                           /* connections */
	size_t input;                           /* sum of their input */
	size_t read_most;                       /* bytes that are read of a connection ahead of its handler */
	struct evhttp_bound_socket *sockets[SERVER_SOCKETS];
	struct evconnlistener *listeners[SERVER_SOCKETS];       /* theirs */
	struct event *knocks[SERVER_SOCKETS];
	size_t socket_count;
	struct crowd crowd;
	enum turn turn;                         /* turns.c */
	struct event *turn_over;
	size_t taken;                           /* connections, in this turn */
	int64_t complained_us;                  /* when the log was last told so */
	int64_t header_complained_us;           /* likewise, of PROXY headers */
	bool unix_sockets;                      /* one of the sockets is */
	struct event *drained_event;
	bool draining;
	void (*drained)(void *context);
	void *drained_context;
	LIST_ENTRY(http_server) entry;
};

/* connection.c */
struct connection *connection_new(struct http_server *s, struct bufferevent *bev, struct ssl_st *ssl);
void connection_free(struct connection *c);             /* gives its references back; ends nothing at evhttp */
void connection_begin(struct connection *c);            /* evcon, fd and peer are known now */
void connection_expect_header(struct connection *c);    /* it begins with a PROXY header */
void connection_replying(struct connection *c);         /* evhttp handed a request over */
bool connection_ends_with(const struct connection *c, const struct http_exchange *x);   /* this reply is its last */
void connection_send(struct connection *c);             /* its reply is in the output buffer */
void connection_replied(struct connection *c);          /* its reply left */
void connection_hurry(struct connection *c);            /* the server drains */

/* server.c */
void server_begin(struct connection *c);                /* finds evcon, fd and peer, or frees c */
void server_end(struct connection *c);                  /* closes; c is freed on return */
/* Its client is known now; false: its network has too many connections, none of which could end instead. */
bool server_has_room(struct connection *c);

/* crowd.c: how many connections each network has, and how much it has sent that is not yet handled */
void crowd_begin(struct http_server *s);
bool crowd_enter(struct connection *c);                 /* its peer is known; true: its network has too many now */
void crowd_leave(struct connection *c);
void crowd_input(struct connection *c, size_t was);     /* c->input is another than it was */
bool crowd_sends_too_much(const struct connection *c);
bool crowd_same(const struct connection *a, const struct connection *b);
void server_complain_of_header(struct http_server *s, const char *peer, const char *why);

/* turns.c: which process accepts */
void turns_begin(struct http_server *s);
void turns_add(struct http_server *s, struct evconnlistener *listener);
void turns_counted(struct http_server *s, bool came);   /* a connection came, or went */
void turns_shut(struct http_server *s, int microseconds);
void turns_end(struct http_server *s);                  /* accepts no more */

#endif
