/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One event loop around one HTTP server, for the roles that listen. */
#include "gateway/service/listener_role.h"

#include "base/log.h"

#include <event2/event.h>

struct loop {
	struct listener_role *l;
	struct event_base *base;
	struct http_server *server;
	struct event *second, *term;
	bool draining;
};

static void drained(void *context)
{
	struct loop *loop = context;

	event_base_loopbreak(loop->base);
}

static void every_second(evutil_socket_t fd, short what, void *context)
{
	struct loop *loop = context;
	const struct role *role = loop->l->role;

	(void)fd;
	(void)what;
	role_alive(role);
	loop->l->look_again(&loop->l->gateway);
	if (*role->stop && !loop->draining) {
		loop->draining = true;
		http_server_drain(loop->server, drained, loop);
	}
}

/* SIGTERM comes between two seconds: the loop is woken at once. */
static void on_stop(evutil_socket_t fd, short what, void *context)
{
	struct loop *loop = context;

	*loop->l->role->stop = 1;
	every_second(fd, what, context);
}

static int run(struct loop *loop, struct error *err)
{
	const struct timeval second = {.tv_sec = 1};
	struct listener_role *l = loop->l;
	const struct role *role = l->role;
	size_t i;

	if (saml_start(err) < 0 || gateway_open(role->arena, role->files, role->settings, &l->gateway, err) < 0)
		return -1;
	l->gateway.metrics = role->metrics;
	loop->base = http_event_base();
	if (!loop->base)
		return error_set(err, REASON_INTERNAL, "no event loop");
	if (l->open(l, loop->base, &loop->server, err) < 0)
		return -1;
	for (i = 0; i < role->socket_count; i++) {
		if (http_server_accept(loop->server, role->sockets[i], err) < 0)
			return -1;
	}
	loop->second = event_new(loop->base, -1, EV_PERSIST, every_second, loop);
	loop->term = evsignal_new(loop->base, SIGTERM, on_stop, loop);
	if (!loop->second || !loop->term || event_priority_set(loop->second, HTTP_EVENT_FIRST) < 0 ||
		event_priority_set(loop->term, HTTP_EVENT_FIRST) < 0 || event_add(loop->second, &second) < 0 || event_add(loop->term, NULL) < 0)
		return error_set(err, REASON_INTERNAL, "no timer or signal event");
	role_alive(role);
	event_base_dispatch(loop->base);
	return 0;
}

int listener_role_run(struct listener_role *l)
{
	struct loop loop = {.l = l};
	struct error err;
	int rc = run(&loop, &err);

	if (rc < 0)
		log_error(l->complaint, "reason", reason_word(err.reason), "detail", err.detail, NULL);
	if (loop.second)
		event_free(loop.second);
	if (loop.term)
		event_free(loop.term);
	http_server_free(loop.server);
	gateway_close(&l->gateway);
	if (loop.base)
		event_base_free(loop.base);
	saml_stop();
	return rc < 0 ? 1 : 0;
}
