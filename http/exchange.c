/* SPDX-License-Identifier: GPL-3.0-or-later */
/* An exchange: the request as plain data, then the handler or the refusal. */
#include "http/internal.h"

#include "base/log.h"

static const char *only_field(const struct field *fields, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (strcasecmp(fields[i].name, name) == 0)
			return fields[i].value;
	return NULL;
}

/* All lines of a list field, joined by commas (RFC 9110 section 5.3). */
static struct slice list_field(struct arena *a, const struct field *fields, size_t count, const char *name)
{
	struct slice joined = {NULL, 0};

	for (size_t i = 0; i < count; i++) {
		if (strcasecmp(fields[i].name, name) != 0)
			continue;
		joined = joined.p ? slice_c(arena_printf(a, "%s,%s", joined.p, fields[i].value)) : slice_c(fields[i].value);
	}
	return joined;
}

/* "application/x-www-form-urlencoded; charset=UTF-8" -> "application/x-www-form-urlencoded" */
static const char *media_type(struct arena *a, const char *value)
{
	size_t n = value ? strcspn(value, "; \t") : 0;
	char *type;

	if (n == 0)
		return NULL;
	type = arena_copy(a, slice_of(value, n));
	for (char *p = type; *p; p++)
		if (*p >= 'A' && *p <= 'Z')
			*p |= 0x20;
	return type;
}

void exchange_read(struct http_exchange *x, const struct http_options *options, const char *peer,
	const struct field *fields, size_t count)
{
	struct http_cookie *cookies = NULL;
	struct forwarded f = {{NULL, 0}, {NULL, 0}};

	for (size_t i = 0; i < count; i++)
		if (strcasecmp(fields[i].name, "cookie") == 0)
			cookies_read(x->arena, slice_c(fields[i].value), &cookies, &x->cookie_count);
	x->cookies = cookies;
	if (options->trusted.count || options->trusted.unix_sockets) {
		f.x_forwarded_for = list_field(x->arena, fields, count, "x-forwarded-for");
		f.forwarded = list_field(x->arena, fields, count, "forwarded");
	}
	x->client = forwarded_client(x->arena, peer, &f, &options->trusted);
	x->content_type = media_type(x->arena, only_field(fields, count, "content-type"));
	x->fetch_dest = only_field(fields, count, "sec-fetch-dest");
	x->fetch_mode = only_field(fields, count, "sec-fetch-mode");
	x->accept_language = only_field(fields, count, "accept-language");
	/* two of them are no token */
	x->authorization = list_field(x->arena, fields, count, "authorization").p;
	x->if_match = list_field(x->arena, fields, count, "if-match").p;
	x->if_none_match = list_field(x->arena, fields, count, "if-none-match").p;
}

void exchange_refuse(struct http_exchange *x, const struct http_options *options, enum reason why)
{
	unsigned allowed = 0;
	enum reason again;

	/* a refusal of the gate may come before anything was read */
	x->path = x->path ? x->path : "";
	x->rest = x->rest ? x->rest : "";
	if (why == REASON_WRONG_METHOD) {
		route_find(options->routes, slice_c(x->path), x->method, &allowed, &again);
		x->allow = route_allow(x->arena, allowed);
	}
	log_debug("request refused", "reason", reason_word(why), "client", x->client ? x->client : "", "path", x->path, NULL);
	if (options->refuse)
		options->refuse(x, why, options->context);
	if (x->status == 0)
		x->status = reason_status(why);
	if (!options->refuse) {
		x->reply_type = "text/plain; charset=utf-8";
		x->reply_body = slice_c(arena_printf(x->arena, "%s\n", reason_sentence(why)));
	}
}

void exchange_handle(struct http_exchange *x, const struct http_options *options)
{
	unsigned allowed = 0;
	enum reason why = REASON_NONE;
	const struct http_route *route = route_find(options->routes, slice_c(x->path), x->method, &allowed, &why);
	enum reason refused = options->admit && !(route && route->always) ? options->admit(x, options->context) : REASON_NONE;
	size_t n;

	if (!route || refused != REASON_NONE) {
		exchange_refuse(x, options, refused != REASON_NONE ? refused : why);
		return;
	}
	if (x->body.n > route->body_limit) {
		exchange_refuse(x, options, REASON_TOO_LARGE);
		return;
	}
	n = strlen(route->path);
	x->rest = n > 0 && route->path[n - 1] == '*' ? x->path + n - 1 : "";
	route->handle(x, options->context);
	if (x->status == 0) {
		log_error("a handler gave no reply", "path", x->path, NULL);
		exchange_refuse(x, options, REASON_INTERNAL);
	}
}
