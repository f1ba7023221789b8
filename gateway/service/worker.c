/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The worker role: one event loop that serves browsers.
 *
 * Holds no signing key: the keys role beside it is asked.  Talks to nobody else
 * but browsers, reads files that other roles write.
 */
#include "gateway/keys/keys_link.h"
#include "gateway/limits.h"
#include "gateway/service/listener_role.h"
#include "gateway/pages.h"

#include <malloc.h>

#define RESPONSE_BODY_MAX (SAML_RESPONSE_MAX * 2)       /* base64, form-encoded */
#define REQUEST_BODY_MAX (SAML_REQUEST_MAX * 2)
#define LOGOUT_BODY_MAX 256             /* a token and a number */

#define HSTS_SECONDS (365 * 86400)
#define HEAP_KEPT (8 << 20)             /* bytes */
#define HEAP_STEP (1 << 20)

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

static enum reason admit(struct http_exchange *x, void *context)
{
	return limits_request(context, x);
}

static bool welcome(const char *peer, void *context)
{
	return limits_connection(context, peer);
}

static void crowded(const char *peer, void *context)
{
	limits_crowded(context, peer);
}

static bool share(size_t connections, bool accepts, void *context)
{
	const struct gateway *g = context;

	return metrics_connections(g->metrics, connections, accepts);
}

/* While it waits for its keys role. */
static void alive(const void *role)
{
	role_alive(role);
}

static int open_server(struct listener_role *w, struct event_base *base, struct http_server **out, struct error *err)
{
	const struct settings *s = w->gateway.settings;
	static const struct http_route routes[] = {
		{"/saml/idp/sso", HTTP_GET | HTTP_POST, REQUEST_BODY_MAX, sign_on_start},
		{"/saml/sp/acs/*", HTTP_POST, RESPONSE_BODY_MAX, sign_on_finish},       /* also of a host that died */
		{"/go/*", HTTP_GET, 0, link_start},
		{"/choose/*", HTTP_GET, 0, sign_on_chosen},
		{"/logout", HTTP_GET | HTTP_POST, LOGOUT_BODY_MAX, logout_page},
		{"/saml/sp/slo", HTTP_GET, 0, logout_notice},
		{"/saml/idp/slo", HTTP_GET | HTTP_POST, REQUEST_BODY_MAX, logout_not_offered},
		{"/saml/idp/metadata", HTTP_GET, 0, metadata_idp},
		{"/saml/idp/metadata/*", HTTP_GET, 0, metadata_idp_for},
		{"/saml/sp/metadata", HTTP_GET, 0, metadata_sp},
		{"/health/live", HTTP_GET, 0, health_live, .always = true, .by_address = true},
		{"/health/ready", HTTP_GET, 0, health_ready, .always = true, .by_address = true},
		{0},
	};
	struct http_options options = {
		.public_host = s->public_host, .trusted = s->trusted_proxies, .proxy_protocol = s->proxy_protocol, .routes = routes, .refuse = refuse,
		.context = &w->gateway, .admit = admit, .welcome = welcome, .crowded = crowded, .share = share,
		.network_limit = s->limits.connections, .ipv4_prefix = (int)s->limits.ipv4_prefix, .ipv6_prefix = (int)s->limits.ipv6_prefix,
		.exempt = s->limits.exempt, .exempt_count = s->limits.exempt_count, .hsts_seconds = is_https(s) ? HSTS_SECONDS : 0,
	};
	static struct brand brand;
	struct slice certificate = {0}, key = {0};
	const struct keys_link_options line = {.end = w->role->keys, .alive = alive, .context = w->role};
	struct keys_link *keys;         /* lives as long as the process */

	if (keys_link_open(&line, &keys, err) < 0 || gateway_open_worker(&w->gateway, keys_link_keeper(keys), err) < 0 ||
		limits_open(w->role->limits, &w->gateway.limits, err) < 0 || brand_open(w->gateway.arena, w->gateway.files, s, &brand, err) < 0)
		return -1;
	pages_start(w->gateway.arena, &(struct pages_options){.form_action = is_https(s) ? "https:" : "https: http:", .brand = &brand});
	if (s->tls_certificate_file &&
		(files_get(w->gateway.files, s->tls_certificate_file, FILE_PUBLIC, FILES_ALL, &certificate, err) < 0 ||
			files_get(w->gateway.files, s->tls_key_file, FILE_SECRET, FILES_WORKER, &key, err) < 0))
		return -1;
	return http_server_new(base, &options, certificate, key, out, err);
}

/*
 * Thousands of connections leave free pieces all over the heap.  What a worker
 * needs is far below HEAP_KEPT, so more than that is what a flood has left; the
 * kernel gets it back, and a worker is as small afterwards as before.
 */
static void look_again(struct gateway *g)
{
	gateway_look_again(g);
	if (mallinfo2().fordblks > HEAP_KEPT)
		malloc_trim(HEAP_STEP);
}

int role_worker(const struct role *role)
{
	struct listener_role worker = {
		.open = open_server, .look_again = look_again, .complaint = "worker cannot run", .role = role,
	};

	/* a request's memory is given back to the heap, not to the kernel only to be asked for again */
	mallopt(M_TRIM_THRESHOLD, HEAP_KEPT);
	mallopt(M_TOP_PAD, HEAP_STEP);
	return listener_role_run(&worker);
}
