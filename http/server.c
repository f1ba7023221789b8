/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The server of a worker: evhttp, its sockets and connections, replies.
 *
 * The one file that knows event2/http.h.  What evhttp 2.1.12 has no hook for is
 * had like this: evhttp asks us for a bufferevent before anything else, and its
 * callbacks' argument is the evhttp_connection, so its close callback is set in
 * the loop turn in which the connection was accepted, before its first byte.
 */
#include "http/connection.h"

#include "base/clock.h"
#include "base/log.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/http_struct.h>
#include <event2/keyvalq_struct.h>
#include <event2/listener.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>

#define CONNECTIONS 4096
#define DESCRIPTORS_KEPT 64             /* for files, other listeners and the log */
#define HEAD_ROOM 4096                  /* a reply's fields with two cookies */
#define READ_AHEAD 4096                 /* of what comes behind a request */
#define PAUSE_US 20000
#define TURN_US 100000                  /* of the loop, before it looks again at what comes first */
#define COMPLAIN_US (60 * INT64_C(1000000))

/* Only to find a server by its evhttp, which is all that a listener's error callback is told. */
static LIST_HEAD(servers, http_server) servers = LIST_HEAD_INITIALIZER(servers);

/* ---- connections ---- */

static void on_close(struct evhttp_connection *evcon, void *arg)
{
	(void)evcon;
	connection_free(arg);
}

static void remember(struct http_server *s, struct connection *c)
{
	size_t wanted = (size_t)c->fd + 1;

	if (wanted > s->by_fd_size) {
		wanted = wanted * 2;
		s->by_fd = realloc(s->by_fd, wanted * sizeof(struct connection *));
		if (!s->by_fd)
			abort();
		memset(s->by_fd + s->by_fd_size, 0, (wanted - s->by_fd_size) * sizeof(struct connection *));
		s->by_fd_size = wanted;
	}
	s->by_fd[c->fd] = c;
}

static struct connection *find(struct http_server *s, struct evhttp_connection *evcon)
{
	int fd = bufferevent_getfd(evhttp_connection_get_bufferevent(evcon));

	return fd >= 0 && (size_t)fd < s->by_fd_size ? s->by_fd[fd] : NULL;
}

/* The address that a connection comes from; evhttp makes "localhost" of a Unix socket. */
static const char *peer_of(struct connection *c)
{
	struct sockaddr_storage ours = {0};
	socklen_t size = sizeof(ours);
	char *peer = NULL;
	ev_uint16_t port;

	if (c->server->unix_sockets && getsockname(c->fd, (struct sockaddr *)&ours, &size) == 0 && ours.ss_family == AF_UNIX)
		return HTTP_UNIX_PEER;
	evhttp_connection_get_peer(c->evcon, &peer, &port);
	return peer ? peer_without_zone(peer, c->caller) : "";
}

/* Whose connections may end for a newcomer. */
enum room { ROOM_OF_ANYBODY, ROOM_OF_ITS_NETWORK };

static bool may_go(const struct connection *c, const struct connection *newcomer, enum room room)
{
	return c->evcon && c != newcomer && (room == ROOM_OF_ANYBODY || crowd_same(c, newcomer));
}

static struct connection *oldest(const struct connections *list, const struct connection *newcomer, enum room room, bool replying)
{
	struct connection *c;

	TAILQ_FOREACH(c, list, entry)
		if ((c->phase == PHASE_REPLYING) == replying && may_go(c, newcomer, room))
			return c;
	return NULL;
}

/*
 * Ends the longest idle connection, or else the one that has been sending its request for the longest time; where there is
 * none of anybody's, the one that has not taken its reply for the longest time: most replies leave at once.
 * For a newcomer of a crowded network it is one of that network.  False: there is none that could.
 */
static bool make_room(struct http_server *s, const struct connection *newcomer, enum room room)
{
	struct connection *c = oldest(&s->idle, newcomer, room, false);

	c = c ? c : oldest(&s->busy, newcomer, room, false);
	if (!c && room == ROOM_OF_ANYBODY)
		c = oldest(&s->busy, newcomer, room, true);
	if (!c)
		return false;
	server_end(c);
	return true;
}

bool server_has_room(struct connection *c)
{
	const struct http_options *o = &c->server->options;

	if (c->ssl && o->welcome && !o->welcome(c->peer, o->context))
		return false;
	if (!crowd_enter(c))
		return true;
	if (o->crowded)
		o->crowded(c->peer, o->context);
	return make_room(c->server, c, ROOM_OF_ITS_NETWORK);
}

void server_begin(struct connection *c)
{
	bufferevent_data_cb read = NULL, write = NULL;
	bufferevent_event_cb event = NULL;
	void *arg = NULL;

	bufferevent_getcb(c->bev, &read, &write, &event, &arg);
	if (!arg || bufferevent_getfd(c->bev) < 0) {
		connection_free(c);             /* evhttp gave it up at once */
		return;
	}
	c->evcon = arg;
	c->fd = bufferevent_getfd(c->bev);
	remember(c->server, c);
	evhttp_connection_set_closecb(c->evcon, on_close, c);
	c->peer = peer_of(c);
	if (peers_hold(&c->server->options.proxy_protocol, c->peer))
		connection_expect_header(c);
	connection_begin(c);
	if (!c->header && !server_has_room(c)) {
		server_end(c);
		return;
	}
	if (c->server->count > c->server->options.connection_limit)
		make_room(c->server, c, ROOM_OF_ANYBODY);
}

void server_end(struct connection *c)
{
	evhttp_connection_free(c->evcon);
}

static struct bufferevent *on_connection(struct event_base *base, void *arg)
{
	struct http_server *s = arg;
	struct ssl_st *ssl = s->tls ? tls_accept(s->tls) : NULL;
	struct bufferevent *bev;

	if (s->tls && !ssl)
		abort();
	bev = ssl ? bufferevent_openssl_socket_new(base, -1, ssl, BUFFEREVENT_SSL_ACCEPTING, BEV_OPT_CLOSE_ON_FREE) :
		bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE);
	/* out of memory ends a worker: evhttp would go on without our gate */
	if (!bev || !connection_new(s, bev, ssl))
		abort();
	if (ssl)
		bufferevent_openssl_set_allow_dirty_shutdown(bev, 1);
	bufferevent_setwatermark(bev, EV_READ, 0, s->read_most);
	return bev;
}

/* ---- requests ---- */

static enum http_method method_of(struct evhttp_request *req)
{
	switch (evhttp_request_get_command(req)) {
	case EVHTTP_REQ_GET: return HTTP_GET;
	case EVHTTP_REQ_HEAD: return HTTP_HEAD;
	case EVHTTP_REQ_POST: return HTTP_POST;
	case EVHTTP_REQ_PUT: return HTTP_PUT;
	case EVHTTP_REQ_PATCH: return HTTP_PATCH;
	case EVHTTP_REQ_DELETE: return HTTP_DELETE;
	default:
		return 0;
	}
}

static size_t fields_of(struct evhttp_request *req, struct field *out, size_t max)
{
	struct evkeyval *kv;
	size_t n = 0;

	for (kv = evhttp_request_get_input_headers(req)->tqh_first; kv && n < max; kv = kv->next.tqe_next)
		out[n++] = (struct field){kv->key, kv->value};
	return n;
}

static void read_request(struct http_exchange *x, struct evhttp_request *req, struct connection *c)
{
	struct evbuffer *body = evhttp_request_get_input_buffer(req);
	const char *uri = evhttp_request_get_uri(req);
	struct field fields[READER_FIELDS];
	struct slice path = {NULL, 0};

	x->method = method_of(req);
	if (uri && gate_target(c->server->options.public_host, slice_c(uri), &path, &x->query) == REASON_NONE)
		x->path = arena_copy(x->arena, path);
	if (x->method & HTTP_WITH_BODY)
		x->body = slice_of(evbuffer_pullup(body, -1), evbuffer_get_length(body));
	exchange_read(x, &c->server->options, c->peer, fields, fields_of(req, fields, READER_FIELDS));
}

static void on_sent(struct evhttp_request *req, void *arg)
{
	(void)req;
	connection_replied(arg);
}

static void add_field(void *to, const char *name, const char *value)
{
	evhttp_add_header(to, name, value);
}

static void reply(struct http_exchange *x, struct evhttp_request *req, struct connection *c, bool last)
{
	headers_check(x);
	headers_write(x, c->server->options.hsts_seconds, last, add_field, evhttp_request_get_output_headers(req));
	if (x->method != HTTP_HEAD)
		evbuffer_add(evhttp_request_get_output_buffer(req), x->reply_body.p, x->reply_body.n);
	evhttp_request_set_on_complete_cb(req, on_sent, c);
	/* evhttp prints field by field; where one does not fit, it is printed twice */
	evbuffer_expand(bufferevent_get_output(c->bev), HEAD_ROOM);
	evhttp_send_reply(req, x->status, status_phrase(x->status), NULL);
	/* the end of a half-closed client's bytes must not end its reply, and nothing piles up meanwhile */
	bufferevent_disable(c->bev, EV_READ);
	connection_send(c);
}

/* The generic callback: evhttp has a whole request. */
static void on_request(struct evhttp_request *req, void *arg)
{
	struct http_server *s = arg;
	struct connection *c = find(s, evhttp_request_get_connection(req));
	struct http_exchange x = {.arena = NULL};
	bool agreed;

	if (!c) {
		evhttp_add_header(evhttp_request_get_output_headers(req), "Connection", "close");
		evhttp_send_reply(req, 500, NULL, NULL);
		return;
	}
	x.arena = arena_new();
	connection_replying(c);
	read_request(&x, req, c);
	agreed = x.path && x.method && c->handled <= c->reader.complete;
	if (agreed) {
		exchange_handle(&x, &s->options);
	} else {
		log_warning("two readings of one request", "client", c->peer, NULL);
		exchange_refuse(&x, &s->options, REASON_BAD_REQUEST);
	}
	reply(&x, req, c, s->draining || !agreed || connection_ends_with(c, &x));
	arena_free(x.arena);
}

/* ---- the server ---- */

static void log_event(int severity, const char *message)
{
	if (severity >= EVENT_LOG_ERR)
		log_error("libevent", "detail", message, NULL);
	else if (severity == EVENT_LOG_WARN)
		log_warning("libevent", "detail", message, NULL);
}

/* Whether the log is to be told once more. */
static bool may_complain(int64_t *last_us)
{
	int64_t now = clock_monotonic_us();

	if (*last_us && now - *last_us < COMPLAIN_US)
		return false;
	*last_us = now;
	return true;
}

void server_complain_of_header(struct http_server *s, const char *peer, const char *why)
{
	if (may_complain(&s->header_complained_us))
		log_warning("connection refused: its PROXY header is not right", "peer", peer, "detail", why, NULL);
}

/*
 * No descriptor is left.  An eighth of the connections makes room; their
 * descriptors are free in the next turn, and without a pause until then the
 * loop would spin on the waiting connection.
 */
static void on_accept_error(struct evconnlistener *listener, void *arg)
{
	const char *detail = strerror(errno);
	struct http_server *s;

	(void)listener;
	LIST_FOREACH(s, &servers, entry)
		if (s->http == arg)
			break;
	if (!s)
		return;
	if (may_complain(&s->complained_us))
		log_error("connections cannot be accepted", "detail", detail, NULL);
	for (size_t n = s->count / 8 + 1; n > 0; n--)
		make_room(s, NULL, ROOM_OF_ANYBODY);
	turns_shut(s, PAUSE_US);
}

static void on_drained(evutil_socket_t fd, short what, void *arg)
{
	struct http_server *s = arg;
	void (*drained)(void *context) = s->drained;

	(void)fd;
	(void)what;
	s->drained = NULL;
	if (drained)
		drained(s->drained_context);    /* may free s */
}

static void set_defaults(struct http_options *o)
{
	struct rlimit files = {.rlim_cur = RLIM_INFINITY};
	size_t most = CONNECTIONS;

	getrlimit(RLIMIT_NOFILE, &files);
	/* the usual 1,024 are meant for programs that use select() */
	if (files.rlim_cur < most + DESCRIPTORS_KEPT && files.rlim_max > files.rlim_cur) {
		files.rlim_cur = files.rlim_max < most + DESCRIPTORS_KEPT ? files.rlim_max : most + DESCRIPTORS_KEPT;
		setrlimit(RLIMIT_NOFILE, &files);
		getrlimit(RLIMIT_NOFILE, &files);
	}
	if (files.rlim_cur != RLIM_INFINITY && files.rlim_cur < most + DESCRIPTORS_KEPT)
		most = files.rlim_cur > 2 * DESCRIPTORS_KEPT ? files.rlim_cur - DESCRIPTORS_KEPT : DESCRIPTORS_KEPT;
	if (o->connection_limit == 0 || o->connection_limit > most)
		o->connection_limit = most;
	/* whatever the settings say and the descriptors allow, some are left for everybody else */
	if (o->network_limit > o->connection_limit - o->connection_limit / 4)
		o->network_limit = o->connection_limit - o->connection_limit / 4;
	o->header_seconds = o->header_seconds ? o->header_seconds : 20;
	o->idle_seconds = o->idle_seconds ? o->idle_seconds : 60;
	o->header_limit = o->header_limit ? o->header_limit : 16384;
	o->input_limit = o->input_limit ? o->input_limit : 64 * 1024 * 1024;
}

static void set_up(struct http_server *s)
{
	const struct http_options *o = &s->options;
	size_t body = 0;

	for (const struct http_route *r = o->routes; r->path; r++)
		body = r->body_limit > body ? r->body_limit : body;
	s->read_most = body + o->header_limit + READ_AHEAD;
	/* the reader and the phases are stricter than all of these */
	evhttp_set_allowed_methods(s->http, 0xffff);
	evhttp_set_max_headers_size(s->http, (ev_ssize_t)o->header_limit + 1024);
	evhttp_set_max_body_size(s->http, (ev_ssize_t)body + 1);
	evhttp_set_timeout(s->http, (int)(o->header_seconds + o->idle_seconds + 10));
	evhttp_set_default_content_type(s->http, NULL);
	evhttp_set_bevcb(s->http, on_connection, s);
	evhttp_set_gencb(s->http, on_request, s);
}

struct event_base *http_event_base(void)
{
	const struct timeval turn = {.tv_usec = TURN_US};
	struct event_config *config = event_config_new();
	struct event_base *base;

	/* evhttp switches reading and writing on and off six times a request; unsafe only with descriptors made by dup() */
	if (!config || event_config_set_flag(config, EVENT_BASE_FLAG_EPOLL_USE_CHANGELIST) < 0 ||
		event_config_set_max_dispatch_interval(config, &turn, -1, HTTP_EVENT_FIRST + 1) < 0)
		abort();
	base = event_base_new_with_config(config);
	event_config_free(config);
	if (!base || event_base_priority_init(base, 2) < 0)
		abort();
	return base;
}

int http_server_new(struct event_base *base, const struct http_options *options, struct slice tls_certificate,
	struct slice tls_key, struct http_server **out, struct error *err)
{
	struct http_server *s = calloc(1, sizeof(*s));

	if (!s)
		abort();
	event_set_log_callback(log_event);
	TAILQ_INIT(&s->idle);
	TAILQ_INIT(&s->busy);
	s->base = base;
	s->options = *options;
	set_defaults(&s->options);
	if ((tls_certificate.p || tls_key.p) && tls_new(tls_certificate, tls_key, &s->tls, err) < 0) {
		free(s);
		return -1;
	}
	s->http = evhttp_new(base);
	turns_begin(s);
	crowd_begin(s);
	s->drained_event = event_new(base, -1, 0, on_drained, s);
	if (!s->http || !s->drained_event)
		abort();
	set_up(s);
	LIST_INSERT_HEAD(&servers, s, entry);
	*out = s;
	return 0;
}

int http_server_accept(struct http_server *s, int fd, struct error *err)
{
	struct sockaddr_storage ours = {0};
	struct evconnlistener *listener;
	socklen_t size = sizeof(ours);
	int on = 1;

	if (s->socket_count == SERVER_SOCKETS)
		return error_set(err, REASON_SETTINGS, "more than %d addresses to listen on", SERVER_SOCKETS);
	if (evutil_make_socket_nonblocking(fd) < 0)
		return error_set(err, REASON_INTERNAL, "listening socket: %s", strerror(errno));
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));      /* inherited; fails on a Unix socket, harmlessly */
	listener = evconnlistener_new(s->base, NULL, NULL, LEV_OPT_CLOSE_ON_EXEC, 0, fd);
	if (!listener)
		return error_set(err, REASON_INTERNAL, "listening socket: %s", strerror(errno));
	s->sockets[s->socket_count] = evhttp_bind_listener(s->http, listener);
	if (!s->sockets[s->socket_count])
		abort();
	evconnlistener_set_error_cb(listener, on_accept_error);
	s->unix_sockets |= getsockname(fd, (struct sockaddr *)&ours, &size) == 0 && ours.ss_family == AF_UNIX;
	turns_add(s, listener);
	return 0;
}

static void stop_accepting(struct http_server *s)
{
	size_t n = s->socket_count;

	turns_end(s);
	for (size_t i = 0; i < n; i++)
		evhttp_del_accept_socket(s->http, s->sockets[i]);
}

void http_server_drain(struct http_server *s, void (*drained)(void *context), void *context)
{
	struct connections idle = TAILQ_HEAD_INITIALIZER(idle);
	struct connection *c;

	s->draining = true;
	s->drained = drained;
	s->drained_context = context;
	stop_accepting(s);
	/* hurrying moves each to the end of s->idle */
	TAILQ_CONCAT(&idle, &s->idle, entry);
	while ((c = TAILQ_FIRST(&idle)) != NULL) {
		TAILQ_REMOVE(&idle, c, entry);
		TAILQ_INSERT_TAIL(&s->idle, c, entry);
		connection_hurry(c);
	}
	if (s->count == 0)
		event_active(s->drained_event, EV_READ, 1);
}

void http_server_free(struct http_server *s)
{
	struct connection *c;

	if (!s)
		return;
	LIST_REMOVE(s, entry);
	s->drained = NULL;
	stop_accepting(s);
	evhttp_free(s->http);                   /* closes what it began; on_close frees ours */
	while ((c = TAILQ_FIRST(&s->idle)) != NULL)
		connection_free(c);             /* accepted in this very turn */
	event_free(s->turn_over);
	event_free(s->drained_event);
	tls_free(s->tls);
	free(s->by_fd);
	free(s);
}
