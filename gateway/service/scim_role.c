/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The scim role: what Entra ID's provisioning service sends (scim/scim.h), on a
 * listener of its own.
 *
 * Holds the hashes of the bearer tokens and client secrets, the key that seals
 * access tokens, and the TLS key, where there is one; it alone writes
 * STATE_DIR/scim/.  Nobody without a token gets further than its comparison,
 * and each such request takes one of the network's failures.
 */
#include "gateway/limits.h"
#include "gateway/service/listener_role.h"
#include "scim/scim.h"

#include "base/log.h"

#include <unistd.h>

#define BASE "/scim/v2"
#define TOKEN_ENDPOINT BASE "/token"    /* below BASE, so that a proxy which passes that needs no second rule */
#define GRANT_LIMIT ((size_t)8 * 1024)

struct scim_service {
	struct gateway *gateway;
	struct scim *scim;
	struct scim_callers callers;
};

/* ---- saying no ---- */

/* Who guesses has only so many tries.  error: a word of OAuth's; NULL: none. */
static void count_guess(struct http_exchange *x, const struct scim_service *s, const char *error)
{
	limits_failed(s->gateway, x, REASON_SCIM_TOKEN);
	if (limits_tells(s->gateway, arena_printf(x->arena, "scim %s", x->client)))
		log_warning("a request without a good token", "reason", reason_word(REASON_SCIM_TOKEN), "client", x->client, error ? "error" : NULL, error, NULL);
}

/* RFC 6750 section 3.1: who sent no token is told of no error. */
static void refuse_token(struct http_exchange *x, const struct scim_service *s)
{
	bool sent = x->authorization && strncasecmp(x->authorization, "Bearer ", 7) == 0;
	bool ended = scim_access_ended(x->arena, &s->callers, x->authorization);

	if (!ended)
		count_guess(x, s, NULL);
	x->status = reason_status(REASON_SCIM_TOKEN);
	x->reply_type = SCIM_TYPE;
	x->www_authenticate = ended ? "Bearer realm=\"scim\", error=\"invalid_token\", error_description=\"The access token expired\""
		: sent ? "Bearer realm=\"scim\", error=\"invalid_token\"" : "Bearer realm=\"scim\"";
	x->reply_body = scim_error_body(x->arena, x->status, NULL, "The bearer token is missing, has ended or is not known: `postern scim token new` "
		"makes one, and a reload of the service makes it known.");
}

/* `reason_sentence` speaks to people with browsers; a provisioning service is told in its own form. */
static void refuse(struct http_exchange *x, enum reason reason, void *context)
{
	const struct scim_service *s = context;

	if (reason == REASON_SCIM_TOKEN) {
		refuse_token(x, s);
		return;
	}
	limits_failed(s->gateway, x, reason);
	x->status = reason_status(reason);
	x->reply_type = SCIM_TYPE;
	x->reply_body = scim_error_body(x->arena, x->status, NULL, arena_printf(x->arena, "Refused: %s.", reason_word(reason)));
}

static struct scim_grant *grant_of(struct http_exchange *x, const struct scim_service *s)
{
	const struct scim_grant_request request = {.authorization = x->authorization, .content_type = x->content_type, .body = x->body};
	struct scim_grant *grant = arena_alloc(x->arena, sizeof(*grant));

	scim_grant(x->arena, &s->callers, &request, grant);
	return grant;
}

static bool is_grant(const struct http_exchange *x)
{
	return x->method == HTTP_POST && strcmp(x->path, TOKEN_ENDPOINT) == 0 && x->body.n <= GRANT_LIMIT;
}

/*
 * Who has a token, or the secret of a client, is not held up by what its network did: Entra ID sends for all of its
 * tenants from the same addresses, and any of them may have guesses sent from there.
 */
static enum reason admit(struct http_exchange *x, void *context)
{
	const struct scim_service *s = context;
	bool known = is_grant(x) ? grant_of(x, s)->name != NULL : scim_caller(x->arena, &s->callers, x->authorization) != NULL;

	return known ? REASON_NONE : limits_request(s->gateway, x);
}

/* Ahead of a large body.  Whose access token has ended is no stranger: it is to be told so, and then buys another one. */
static bool knows(struct slice authorization, void *context)
{
	const struct scim_service *s = context;
	struct arena *a = arena_new();
	const char *text = arena_copy(a, authorization);
	bool known = scim_caller(a, &s->callers, text) || scim_access_ended(a, &s->callers, text);

	arena_free(a);
	return known;
}

static bool welcome(const char *peer, void *context)
{
	const struct scim_service *s = context;

	return limits_connection(s->gateway, peer);
}

static void crowded(const char *peer, void *context)
{
	const struct scim_service *s = context;

	limits_crowded(s->gateway, peer);
}

/* ---- an answer ---- */

static enum scim_method method_of(const struct http_exchange *x)
{
	switch (x->method) {
	case HTTP_POST: return SCIM_POST;
	case HTTP_PUT: return SCIM_PUT;
	case HTTP_PATCH: return SCIM_PATCH;
	case HTTP_DELETE: return SCIM_DELETE;
	default: return SCIM_GET;
	}
}

/* Ids and what was done; nothing of what was sent. */
static void tell(const char *token, const struct scim_reply *r)
{
	char status[16];

	snprintf(status, sizeof(status), "%d", r->status);
	if (r->remark)
		log_warning("scim", "done", r->done, "id", r->id, "token", token, "remark", r->remark, NULL);
	else if (r->done)
		log_info("scim", "done", r->done, "id", r->id, "token", token, NULL);
	else if (r->status >= 400 && r->status != 404)
		log_info("scim: refused", "status", status, "type", r->type ? r->type : "", "token", token, NULL);
}

static void answer(struct http_exchange *x, void *context)
{
	struct scim_service *s = context;
	const char *token = scim_caller(x->arena, &s->callers, x->authorization);
	const struct scim_request request = {
		.method = method_of(x), .path = arena_printf(x->arena, "/%s", x->rest), .query = x->query, .body = x->body, .if_match = x->if_match,
		.if_none_match = x->if_none_match,
	};
	struct scim_reply reply;

	if (!token) {
		refuse_token(x, s);
		return;
	}
	scim_answer(s->scim, x->arena, &request, &reply);
	tell(token, &reply);
	x->status = reply.status;
	x->reply_type = SCIM_TYPE;
	x->reply_body = reply.body;
	x->etag = reply.etag;
	x->location = reply.location;
	x->allow = reply.allow;
	x->retry_after = reply.status == 503 ? "60" : NULL;
}

/* The token endpoint (RFC 6749 section 3.2). */
static void grant(struct http_exchange *x, void *context)
{
	const struct scim_service *s = context;
	const struct scim_grant *g = grant_of(x, s);

	/* a request that nobody could read, too: it proved nothing, and each would be a line of the log */
	if (!g->name) {
		count_guess(x, s, g->error);
		x->www_authenticate = "Basic realm=\"scim\"";          /* goes with 401 alone */
	} else if (g->error) {
		log_info("scim: no access token", "error", g->error, "client", x->client, NULL);
	} else {
		log_info("scim: an access token", "secret", g->name, "client", x->client, NULL);
	}
	x->status = g->status;
	x->reply_type = SCIM_GRANT_TYPE;
	x->reply_body = g->body;
}

/* ---- the role ---- */

/* A file that is not there yet holds none: whoever asks is refused, and `postern check` says so. */
static int read_tokens(const struct listener_role *l, struct scim_service *s, struct error *err)
{
	const char *path = l->gateway.settings->scim_tokens;
	struct error ignored;
	struct slice text;

	s->callers.n = 0;
	if (files_get(l->gateway.files, path, FILE_SECRET, FILES_SCIM, &text, &ignored) < 0) {
		log_warning("there is no token yet: postern scim token new NAME", "file", path, NULL);
		return 0;
	}
	if (scim_tokens_read(l->gateway.arena, text, s->callers.list, &s->callers.n, err) < 0)
		return error_prefix(err, "%s: ", path);
	return 0;
}

static int read_tls(const struct listener_role *l, struct slice *certificate, struct slice *key, struct error *err)
{
	const struct settings *s = l->gateway.settings;

	if (!s->tls_certificate_file)
		return 0;
	if (files_get(l->gateway.files, s->tls_certificate_file, FILE_PUBLIC, FILES_ALL, certificate, err) < 0)
		return -1;
	return files_get(l->gateway.files, s->tls_key_file, FILE_SECRET, FILES_WORKER | FILES_SCIM, key, err);
}

/* Limits of this role's own: what is asked here takes nothing away from browsers. */
static int open_limits(struct gateway *g, struct error *err)
{
	int fd, rc;

	if (limits_make(&fd, err) < 0)
		return -1;
	rc = limits_open(fd, &g->limits, err);
	close(fd);
	return rc;
}

static void look_again(struct gateway *g)
{
	(void)g;
}

static struct scim_service service;

static int open_server(struct listener_role *l, struct event_base *base, struct http_server **out, struct error *err)
{
	static const struct http_route routes[] = {
		{TOKEN_ENDPOINT, HTTP_POST, GRANT_LIMIT, grant},
		{BASE "/*", HTTP_GET | HTTP_POST | HTTP_PUT | HTTP_PATCH | HTTP_DELETE, SCIM_BODY_LIMIT, answer,
			.stranger = REASON_SCIM_TOKEN}, {0},
	};
	const struct settings *s = l->gateway.settings;
	struct http_options options = {
		.public_host = s->scim_host, .trusted = s->trusted_proxies, .proxy_protocol = s->proxy_protocol, .routes = routes, .refuse = refuse,
		.context = &service, .knows = knows, .admit = admit, .welcome = welcome, .crowded = crowded, .connection_limit = 256,
		.network_limit = s->limits.connections, .ipv4_prefix = (int)s->limits.ipv4_prefix, .ipv6_prefix = (int)s->limits.ipv6_prefix,
		.exempt = s->limits.exempt, .exempt_count = s->limits.exempt_count,
	};
	struct slice certificate = {0}, key = {0};
	struct arena *a = l->gateway.arena;

	service.gateway = &l->gateway;
	if (read_tokens(l, &service, err) < 0 || read_tls(l, &certificate, &key, err) < 0 || open_limits(&l->gateway, err) < 0 ||
		scim_access_key(a, settings_scim_key_path(a, s), &service.callers.key, err) < 0 ||
		scim_open(settings_scim_path(a, s), arena_printf(a, "%s" BASE, s->scim_url), &service.scim, err) < 0)
		return -1;
	return http_server_new(base, &options, certificate, key, out, err);
}

int role_scim(const struct role *role)
{
	struct listener_role scim = {
		.open = open_server, .look_again = look_again, .complaint = "SCIM cannot be answered", .role = role,
	};
	int rc = listener_role_run(&scim);

	scim_close(service.scim);
	return rc;
}
