/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The metrics role: answers GET /metrics on a listener of its own.
 *
 * Holds no secret and reads only: the counters of all processes, the mirror,
 * and what stands beside the metadata.  Another process than the workers, so
 * that who scrapes, however often, takes no time from a sign-on, and so that
 * nothing of it can be reached through the public address.
 */
#include "base/log.h"
#include "gateway/metrics_gauges.h"
#include "gateway/role.h"

#include <event2/event.h>

struct listener_role {
	const struct role *role;
	struct gateway gateway;
	struct event_base *base;
	struct http_server *server;
	struct event *second;
	bool draining;
};

static bool may_ask(const struct settings *s, const char *client)
{
	static const struct network loopback[] = {
		{.address = {[10] = 0xff, [11] = 0xff, [12] = 127}, .bits = 104}, {.address = {[15] = 1}, .bits = 128},
	};
	unsigned char address[NETWORK_ADDRESS_SIZE];
	size_t i;

	if (network_address_read(slice_c(client), address) < 0)
		return false;
	for (i = 0; i < s->metrics_network_count; i++) {
		if (network_holds(&s->metrics_networks[i], address))
			return true;
	}
	return network_holds(&loopback[0], address) || network_holds(&loopback[1], address);
}

static void refuse(struct http_exchange *x, enum reason reason, void *context)
{
	(void)context;
	x->status = reason_status(reason);
	x->reply_type = "text/plain; charset=utf-8";
	x->reply_body = slice_c(arena_printf(x->arena, "%s\n", reason_word(reason)));
}

static void answer(struct http_exchange *x, void *context)
{
	const struct gateway *g = context;
	struct gauges gauges = {.arena = x->arena};

	/* a page in a browser has no business here; one on a plain http address does not say so, but its Host does */
	if (!may_ask(g->settings, x->client) || (x->fetch_mode && strcmp(x->fetch_mode, "navigate") != 0)) {
		refuse(x, REASON_METRICS_CLIENT, NULL);
		return;
	}
	metrics_gauges(&gauges, g);
	x->status = 200;
	x->reply_type = METRICS_TEXT_TYPE;
	x->reply_body = metrics_text(x->arena, g->metrics, &gauges);
}

static void drained(void *context)
{
	struct listener_role *l = context;

	event_base_loopbreak(l->base);
}

static void every_second(evutil_socket_t fd, short what, void *context)
{
	struct listener_role *l = context;

	(void)fd;
	(void)what;
	role_alive(l->role);
	providers_look_again(l->gateway.providers);
	gateway_open_stores(&l->gateway);
	if (*l->role->stop && !l->draining) {
		l->draining = true;
		http_server_drain(l->server, drained, l);
	}
}

/* SIGTERM comes between two seconds: the loop is woken at once. */
static void on_stop(evutil_socket_t fd, short what, void *context)
{
	struct listener_role *l = context;

	*l->role->stop = 1;
	every_second(fd, what, context);
}

static int open_server(struct listener_role *l, struct error *err)
{
	static const struct http_route routes[] = {{"/metrics", HTTP_GET, 0, answer}, {0}};
	struct http_options options = {
		.hosts = l->gateway.settings->metrics_hosts, .routes = routes, .refuse = refuse, .context = &l->gateway, .connection_limit = 64,
	};
	struct slice plain = {NULL, 0};
	size_t i;

	if (http_server_new(l->base, &options, plain, plain, &l->server, err) < 0)
		return -1;
	for (i = 0; i < l->role->socket_count; i++) {
		if (http_server_accept(l->server, l->role->sockets[i], err) < 0)
			return -1;
	}
	return 0;
}

static int run(struct listener_role *l, struct error *err)
{
	const struct role *role = l->role;
	const struct timeval second = {.tv_sec = 1};
	struct event *term;

	if (saml_start(err) < 0 || gateway_open(role->arena, role->files, role->settings, &l->gateway, err) < 0)
		return -1;
	l->gateway.metrics = role->metrics;
	l->base = http_event_base();
	if (!l->base)
		return error_set(err, REASON_INTERNAL, "no event loop");
	if (open_server(l, err) < 0)
		return -1;
	l->second = event_new(l->base, -1, EV_PERSIST, every_second, l);
	term = evsignal_new(l->base, SIGTERM, on_stop, l);
	if (!l->second || !term || event_add(l->second, &second) < 0 || event_add(term, NULL) < 0)
		return error_set(err, REASON_INTERNAL, "no timer or signal event");
	role_alive(role);
	event_base_dispatch(l->base);
	event_free(term);
	return 0;
}

int role_metrics(const struct role *role)
{
	struct listener_role l = {.role = role};
	struct error err;
	int rc = run(&l, &err);

	if (rc < 0)
		log_error("metrics cannot be answered", "reason", reason_word(err.reason), "detail", err.detail, NULL);
	if (l.second)
		event_free(l.second);
	http_server_free(l.server);
	gateway_close(&l.gateway);
	if (l.base)
		event_base_free(l.base);
	saml_stop();
	return rc < 0 ? 1 : 0;
}
