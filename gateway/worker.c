/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The worker role: one event loop that serves browsers.
 *
 * Holds the signing key, talks to nobody but browsers, reads files that other
 * roles write.  Drains on SIGTERM: what is under way is answered, then it ends.
 */
#include "gateway/role.h"

#include "base/log.h"
#include "gateway/gateway.h"
#include "gateway/pages.h"

#include <event2/event.h>
#include <malloc.h>

#define RESPONSE_BODY_MAX (SAML_RESPONSE_MAX * 2)       /* base64, form-encoded */
#define REQUEST_BODY_MAX (SAML_REQUEST_MAX * 2)
#define LOGOUT_BODY_MAX 256             /* a token and a number */

#define HSTS_SECONDS (365 * 86400)
#define HEAP_KEPT (8 << 20)
#define HEAP_STEP (1 << 20)

struct worker {
	const struct role *role;
	struct gateway gateway;
	struct event_base *base;
	struct http_server *server;
	struct event *second;
	bool draining;
};

static bool is_https(const struct settings *s)
{
	return strncmp(s->public_url, "https:", 6) == 0;
}

static void refuse(struct http_exchange *x, enum reason reason, void *context)
{
	const struct gateway *g = context;
	struct page_refusal page = {.reason = reason, .ask = reason_status(reason) >= 500 ? g->settings->ask : NULL};

	metrics_count(g->metrics, METRIC_REFUSALS, reason_word(reason), NULL);
	page_refusal(x, &page);
}

static void drained(void *context)
{
	struct worker *w = context;

	event_base_loopbreak(w->base);
}

static void every_second(evutil_socket_t fd, short what, void *context)
{
	struct worker *w = context;

	(void)fd;
	(void)what;
	role_alive(w->role);
	gateway_look_again(&w->gateway);
	if (*w->role->stop && !w->draining) {
		w->draining = true;
		http_server_drain(w->server, drained, w);
	}
}

/* SIGTERM comes between two seconds: the loop is woken at once. */
static void on_stop(evutil_socket_t fd, short what, void *context)
{
	struct worker *w = context;

	*w->role->stop = 1;
	every_second(fd, what, context);
}

static int open_server(struct worker *w, struct error *err)
{
	const struct settings *s = w->gateway.settings;
	static struct http_route routes[] = {
		{"/saml/idp/sso", HTTP_GET | HTTP_POST, REQUEST_BODY_MAX, sign_on_start},
		{NULL, HTTP_POST, RESPONSE_BODY_MAX, sign_on_finish},   /* acs_path */
		{"/go/*", HTTP_GET, 0, link_start},
		{"/choose/*", HTTP_GET, 0, sign_on_chosen},
		{"/logout", HTTP_GET | HTTP_POST, LOGOUT_BODY_MAX, logout_page},
		{"/saml/sp/slo", HTTP_GET, 0, logout_notice},
		{"/saml/idp/slo", HTTP_GET | HTTP_POST, REQUEST_BODY_MAX, logout_not_offered},
		{"/saml/idp/metadata", HTTP_GET, 0, metadata_idp},
		{"/saml/idp/metadata/*", HTTP_GET, 0, metadata_idp_for},
		{"/saml/sp/metadata", HTTP_GET, 0, metadata_sp},
		{"/health/live", HTTP_GET, 0, health_live},
		{"/health/ready", HTTP_GET, 0, health_ready},
		{0},
	};
	struct http_options options = {
		.public_host = s->public_host, .proxies = s->proxies, .proxy_count = s->proxy_count, .routes = routes, .refuse = refuse,
		.context = &w->gateway, .hsts_seconds = is_https(s) ? HSTS_SECONDS : 0,
	};
	struct slice certificate = {0}, key = {0};
	size_t i;

	routes[1].path = s->acs_path;
	if (s->tls_certificate_file &&
		(files_get(w->gateway.files, s->tls_certificate_file, FILE_PUBLIC, FILES_ALL, &certificate, err) < 0 ||
			files_get(w->gateway.files, s->tls_key_file, FILE_SECRET, FILES_WORKER, &key, err) < 0))
		return -1;
	if (http_server_new(w->base, &options, certificate, key, &w->server, err) < 0)
		return -1;
	for (i = 0; i < w->role->socket_count; i++) {
		if (http_server_accept(w->server, w->role->sockets[i], err) < 0)
			return -1;
	}
	return 0;
}

static int run(struct worker *w, struct error *err)
{
	const struct role *role = w->role;
	const struct timeval second = {.tv_sec = 1};
	struct event *term;

	/* a request's memory is given back to the heap, not to the kernel only to be asked for again */
	mallopt(M_TRIM_THRESHOLD, HEAP_KEPT);
	mallopt(M_TOP_PAD, HEAP_STEP);
	if (saml_start(err) < 0 || gateway_open(role->arena, role->files, role->settings, &w->gateway, err) < 0 ||
		gateway_open_worker(&w->gateway, err) < 0)
		return -1;
	w->gateway.metrics = role->metrics;
	pages_start(is_https(role->settings) ? "https:" : "https: http:");
	w->base = http_event_base();
	if (!w->base)
		return error_set(err, REASON_INTERNAL, "no event loop");
	if (open_server(w, err) < 0)
		return -1;
	w->second = event_new(w->base, -1, EV_PERSIST, every_second, w);
	term = evsignal_new(w->base, SIGTERM, on_stop, w);
	if (!w->second || !term || event_add(w->second, &second) < 0 || event_add(term, NULL) < 0)
		return error_set(err, REASON_INTERNAL, "no timer or signal event");
	role_alive(role);
	event_base_dispatch(w->base);
	event_free(term);
	return 0;
}

int role_worker(const struct role *role)
{
	struct worker w = {.role = role};
	struct error err;
	int rc = run(&w, &err);

	if (rc < 0)
		log_error("worker cannot run", "reason", reason_word(err.reason), "detail", err.detail, NULL);
	if (w.second)
		event_free(w.second);
	http_server_free(w.server);
	gateway_close(&w.gateway);
	if (w.base)
		event_base_free(w.base);
	saml_stop();
	return rc < 0 ? 1 : 0;
}
