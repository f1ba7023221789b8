/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The metrics role: answers GET /metrics on a listener of its own.
 *
 * Holds no secret and reads only: the counters of all processes, the mirror,
 * and what stands beside the metadata.  Another process than the workers, so
 * that who scrapes, however often, takes no time from a sign-on, and so that
 * nothing of it can be reached through the public address.
 */
#include "gateway/service/listener_role.h"
#include "gateway/metrics_gauges.h"

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

static void look_again(struct gateway *g)
{
	providers_look_again(g->providers);
	gateway_open_stores(g);
}

static int open_server(struct listener_role *l, struct event_base *base, struct http_server **out, struct error *err)
{
	static const struct http_route routes[] = {{"/metrics", HTTP_GET, 0, answer}, {0}};
	struct http_options options = {
		.hosts = l->gateway.settings->metrics_hosts, .routes = routes, .refuse = refuse, .context = &l->gateway, .connection_limit = 64,
	};
	struct slice plain = {NULL, 0};

	return http_server_new(base, &options, plain, plain, out, err);
}

int role_metrics(const struct role *role)
{
	struct listener_role metrics = {
		.open = open_server, .look_again = look_again, .complaint = "metrics cannot be answered", .role = role,
	};

	return listener_role_run(&metrics);
}
