/* SPDX-License-Identifier: GPL-3.0-or-later */
/* See connection.h for the phases. */
#include "http/connection.h"

#include "base/text.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <stdlib.h>
#include <sys/socket.h>

#define LINGER_SECONDS 2                /* to take the reply after a refusal */
/* what we read meanwhile, so that a reset does not overtake the reply: all that the proxies of doc/proxies let through */
#define LINGER_BYTES (2 * 1024 * 1024 + 65536)
#define DRAIN_US 500000                 /* an idle connection's last chance: its next request may be on the way */
#define IDLE_RECORDS 16                 /* of TLS, without data: new keys, refused renegotiations; browsers send none, and a goodbye */
#define VECTORS 8
#define READ_AT_ONCE 4096               /* bytes that libevent 2.1 takes from a socket in one go */
#define READ_REST 16384

static void set_phase(struct connection *c, enum phase phase, struct timeval deadline)
{
	struct http_server *s = c->server;

	TAILQ_REMOVE(c->phase == PHASE_IDLE ? &s->idle : &s->busy, c, entry);
	c->phase = phase;
	TAILQ_INSERT_TAIL(phase == PHASE_IDLE ? &s->idle : &s->busy, c, entry);
	event_add(c->turn, &deadline);
}

static void set_input(struct connection *c, size_t n)
{
	size_t was = c->input;

	c->input = n;
	c->server->input += n - was;
	crowd_input(c, was);
}

static struct timeval seconds(int64_t n)
{
	return (struct timeval){.tv_sec = n};
}

static void become_idle(struct connection *c, int64_t s)
{
	set_phase(c, PHASE_IDLE, c->server->draining ? (struct timeval){.tv_usec = DRAIN_US} : seconds(s));
}

/* The newest n bytes of buf, to the reader. */
static void feed(struct connection *c, struct evbuffer *buf, size_t n)
{
	struct evbuffer_iovec v[VECTORS];
	struct evbuffer_ptr at;
	int count;

	evbuffer_ptr_set(buf, &at, evbuffer_get_length(buf) - n, EVBUFFER_PTR_SET);
	while (n > 0 && (count = evbuffer_peek(buf, (ev_ssize_t)n, &at, v, VECTORS)) > 0) {
		for (int i = 0; i < count && i < VECTORS && n > 0; i++) {
			size_t part = v[i].iov_len < n ? v[i].iov_len : n;

			reader_feed(&c->reader, v[i].iov_base, part);
			n -= part;
			evbuffer_ptr_set(buf, &at, part, EVBUFFER_PTR_ADD);
		}
	}
}

/* All requests before the refused one have had their reply. */
static bool is_due(const struct connection *c)
{
	return c->reader.bad && c->handled == c->reader.complete;
}

/* evhttp finds nothing to read, and the next turn of the loop takes over. */
static void schedule_refusal(struct connection *c, struct evbuffer *buf)
{
	evbuffer_drain(buf, evbuffer_get_length(buf));
	event_active(c->turn, EV_READ, 1);
}

/*
 * A message is longer than what libevent takes in one go.  What has arrived of
 * it is taken here, inside libevent's own reading, instead of turn by turn: this
 * runs on_input once more.
 */
static void read_rest(struct connection *c, struct evbuffer *buf)
{
	struct evbuffer_iovec v;
	ssize_t n;

	if (c->ssl || c->reads_rest || evbuffer_reserve_space(buf, READ_REST, &v, 1) != 1)
		return;
	n = recv(c->fd, v.iov_base, v.iov_len, MSG_DONTWAIT);
	v.iov_len = n > 0 ? (size_t)n : 0;      /* an end and an error are libevent's to find */
	c->reads_rest = true;
	evbuffer_commit_space(buf, &v, 1);
	c->reads_rest = false;
}

/* Within OpenSSL, which reads one such record in a turn of the loop. */
static void on_idle_record(void *arg)
{
	struct connection *c = arg;

	if (++c->idle_records <= IDLE_RECORDS)
		return;
	c->refused = true;
	event_active(c->turn, EV_READ, 1);
}

/* ---- the PROXY header ---- */

static void forget_header(struct connection *c)
{
	if (c->header && c->ssl)
		tls_forget_header(c->ssl);
	free(c->header);
	c->header = NULL;
}

/* Takes its bytes off the front, so that evhttp never sees them; TLS has done so before there was any input. */
static void feed_header(struct connection *c, struct evbuffer *buf)
{
	struct evbuffer_iovec v;

	while (!c->ssl && c->header->state == PROXY_HEADER_MORE && evbuffer_peek(buf, -1, NULL, &v, 1) > 0)
		evbuffer_drain(buf, proxy_header_feed(c->header, v.iov_base, v.iov_len));
}

/* From here on the caller is the peer; false: there is no room for his network.  A proxy that speaks for itself has no limit. */
static bool believe_header(struct connection *c)
{
	if (c->header->own)
		return true;
	memcpy(c->caller, c->header->source, sizeof(c->caller));
	c->peer = c->caller;
	return server_has_room(c);
}

/* Ahead of a handshake, which is what the caller's share is for.  May end other connections, and never this one. */
static bool on_header_ahead_of_tls(void *arg)
{
	struct connection *c = arg;

	c->refused = c->refused || !believe_header(c);
	return !c->refused;
}

void connection_expect_header(struct connection *c)
{
	c->header = calloc(1, sizeof(*c->header));
	if (!c->header)
		abort();
	c->header->read = on_header_ahead_of_tls;
	c->header->context = c;
	if (c->ssl)
		tls_expect_header(c->ssl, c->header);
}

/* Whether it is complete, so that what is left in `buf` is for the reader. */
static bool header_is_read(struct connection *c, struct evbuffer *buf)
{
	feed_header(c, buf);
	if (c->header->state == PROXY_HEADER_MORE)
		return false;
	if (c->header->state == PROXY_HEADER_DONE && (c->ssl || believe_header(c))) {
		forget_header(c);
		become_idle(c, c->server->options.header_seconds);
		return true;
	}
	evbuffer_drain(buf, evbuffer_get_length(buf));
	c->refused = true;
	event_active(c->turn, EV_READ, 1);
	return false;
}

/* ---- bytes ---- */

/* Runs when bytes have arrived and before evhttp looks at them. */
static void on_input(struct evbuffer *buf, const struct evbuffer_cb_info *info, void *arg)
{
	struct connection *c = arg;
	struct http_server *s = c->server;
	size_t added = info->n_added;

	if (added == 0)
		return;
	if (c->refused) {
		evbuffer_drain(buf, evbuffer_get_length(buf));
		return;
	}
	if (c->header) {
		if (!header_is_read(c, buf))
			return;
		added = evbuffer_get_length(buf);       /* before the header was complete, nothing was left in it */
		if (added == 0)
			return;
	}
	if (c->phase >= PHASE_TAKEN) {
		c->discarded += info->n_added;
		evbuffer_drain(buf, evbuffer_get_length(buf));
		if (c->discarded > LINGER_BYTES)
			event_active(c->turn, EV_READ, 1);
		return;
	}
	set_input(c, c->input + added);
	if (c->phase == PHASE_IDLE)
		set_phase(c, PHASE_READING, seconds(s->options.header_seconds));
	feed(c, buf, added);
	if (!c->reader.bad && !reader_is_idle(&c->reader) && (s->input > s->options.input_limit || crowd_sends_too_much(c)))
		reader_stop(&c->reader, s->input > s->options.input_limit ? REASON_BUSY : REASON_TOO_MANY);
	if (is_due(c) && c->phase == PHASE_READING)
		schedule_refusal(c, buf);
	else if (info->n_added == READ_AT_ONCE)
		read_rest(c, buf);
}

static void linger(struct connection *c)
{
	if (c->ssl)
		tls_say_goodbye(c->ssl);
	shutdown(c->fd, SHUT_WR);
	set_phase(c, PHASE_LINGERING, seconds(LINGER_SECONDS));
}

static void on_written(struct bufferevent *bev, void *arg)
{
	struct connection *c = arg;

	(void)bev;
	if (c->phase == PHASE_TAKEN)
		linger(c);
}

static void on_event(struct bufferevent *bev, short what, void *arg)
{
	struct connection *c = arg;

	(void)bev;
	/* a client that closed its half still reads the reply */
	if (c->phase == PHASE_TAKEN && (what & BEV_EVENT_EOF) && (what & BEV_EVENT_READING))
		return;
	server_end(c);
}

static void add_line(void *to, const char *name, const char *value)
{
	text_addf(to, "%s: %s\r\n", name, value);
}

/* From here on evhttp does not hear of this connection until it is freed. */
static void take_over(struct connection *c)
{
	struct http_server *s = c->server;
	struct http_exchange x = {.arena = arena_new()};
	struct slice path = {NULL, 0}, query;
	size_t kept = c->reader.target_size < READER_TARGET ? c->reader.target_size : READER_TARGET;
	struct text t;

	x.method = c->reader.method;
	if (gate_target(s->options.public_host, slice_of(c->reader.target, kept), &path, &query) == REASON_NONE)
		x.path = arena_copy(x.arena, path);
	exchange_read(&x, &s->options, c->peer, NULL, 0);
	exchange_refuse(&x, &s->options, c->reader.bad);
	headers_check(&x);
	text_begin(&t, x.arena, 1024);
	text_addf(&t, "HTTP/1.1 %d %s\r\n", x.status, status_phrase(x.status));
	headers_write(&x, s->options.hsts_seconds, true, add_line, &t);
	text_add_c(&t, "\r\n");
	if (x.method != HTTP_HEAD)
		text_add(&t, x.reply_body);

	/* nothing of it waits any more: whoever lingers must not use up what others may send */
	set_input(c, 0);
	/* no read callback: evhttp may have one scheduled with its own argument; on_input discards what comes */
	bufferevent_setcb(c->bev, NULL, on_written, on_event, c);
	bufferevent_setwatermark(c->bev, EV_READ, 0, 0);
	set_phase(c, PHASE_TAKEN, seconds(s->options.header_seconds));
	bufferevent_write(c->bev, t.p, t.n);
	bufferevent_enable(c->bev, EV_READ | EV_WRITE);
	arena_free(x.arena);
}

static void deadline(struct connection *c)
{
	struct evbuffer *buf = bufferevent_get_input(c->bev);

	if (c->phase != PHASE_READING || c->handled != c->reader.complete) {
		server_end(c);
		return;
	}
	if (!c->reader.bad)
		reader_stop(&c->reader, REASON_REQUEST_SLOW);
	evbuffer_drain(buf, evbuffer_get_length(buf));
	take_over(c);
}

static void on_turn(evutil_socket_t fd, short what, void *arg)
{
	struct connection *c = arg;

	(void)fd;
	if (!c->evcon)
		server_begin(c);
	else if (c->refused || (c->discarded > LINGER_BYTES && !(c->phase == PHASE_READING && is_due(c))))
		server_end(c);
	else if (c->phase == PHASE_READING && is_due(c))
		take_over(c);
	else if (what & EV_TIMEOUT)
		deadline(c);
}

struct connection *connection_new(struct http_server *s, struct bufferevent *bev, struct ssl_st *ssl)
{
	struct connection *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	*c = (struct connection){.server = s, .bev = bev, .ssl = ssl, .fd = -1};
	c->turn = event_new(s->base, -1, 0, on_turn, c);
	if (!c->turn || !evbuffer_add_cb(bufferevent_get_input(bev), on_input, c)) {
		if (c->turn)
			event_free(c->turn);
		free(c);
		return NULL;
	}
	reader_begin(&c->reader, s->options.header_limit, gate(&s->options));
	bufferevent_incref(bev);
	c->watch = (struct tls_watch){on_idle_record, c};
	if (ssl)
		tls_watch(ssl, &c->watch);
	TAILQ_INSERT_TAIL(&s->idle, c, entry);
	s->count++;
	turns_counted(s, true);
	event_active(c->turn, EV_READ, 1);
	return c;
}

void connection_free(struct connection *c)
{
	struct http_server *s = c->server;

	if (c->header && c->header->state == PROXY_HEADER_BAD)
		server_complain_of_header(s, c->peer, c->header->why);
	forget_header(c);
	if (c->ssl)
		tls_watch(c->ssl, NULL);
	TAILQ_REMOVE(c->phase == PHASE_IDLE ? &s->idle : &s->busy, c, entry);
	s->count--;
	set_input(c, 0);
	crowd_leave(c);
	turns_counted(s, false);
	if (c->fd >= 0)
		s->by_fd[c->fd] = NULL;
	evbuffer_remove_cb(bufferevent_get_input(c->bev), on_input, c);
	event_free(c->turn);
	bufferevent_decref(c->bev);
	free(c);
	if (s->draining && s->count == 0)
		event_active(s->drained_event, EV_READ, 1);
}

void connection_begin(struct connection *c)
{
	become_idle(c, c->server->options.header_seconds);
}

void connection_replying(struct connection *c)
{
	c->handled++;
	set_phase(c, PHASE_REPLYING, seconds(c->server->options.header_seconds));
}

/*
 * A client over a limit waits for longer than its connection is worth: it would
 * keep a place among those of its network, and of this worker, from others who
 * come meanwhile; and where we do TLS its next attempt is now turned away ahead
 * of the handshake (`welcome`).  An honest one behind the same address makes a
 * new connection after its Retry-After, and browsers do not show that.  A
 * proxy's connection carries others, who are under no limit; with a PROXY
 * header it is the caller's own.
 */
bool connection_ends_with(const struct connection *c, const struct http_exchange *x)
{
	return x->status == 429 && !peers_hold(&c->server->options.trusted, c->peer);
}

/*
 * What the socket takes of a reply leaves at once, without a turn of the loop
 * and its three system calls.  The rest, and any error, is left to libevent,
 * which keeps the front of its output frozen while it does not write itself.
 */
void connection_send(struct connection *c)
{
	struct evbuffer *buf = bufferevent_get_output(c->bev);

	if (c->ssl)
		return;
	evbuffer_unfreeze(buf, 1);
	evbuffer_write(buf, c->fd);
	evbuffer_freeze(buf, 1);
	if (evbuffer_get_length(buf) == 0)
		bufferevent_trigger(c->bev, EV_WRITE, BEV_TRIG_DEFER_CALLBACKS);
}

void connection_replied(struct connection *c)
{
	struct http_server *s = c->server;
	struct evbuffer *buf = bufferevent_get_input(c->bev);

	set_input(c, evbuffer_get_length(buf));
	if (c->input || c->reader.bad)
		set_phase(c, PHASE_READING, seconds(s->options.header_seconds));
	else
		become_idle(c, s->options.idle_seconds);
	if (is_due(c))
		schedule_refusal(c, buf);
}

void connection_hurry(struct connection *c)
{
	if (c->phase == PHASE_IDLE && c->evcon)
		become_idle(c, 0);
}
