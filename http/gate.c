/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * May this request pass?  Asked after its request line, and once its head is
 * complete, before its body.
 *
 * reader.c has made sure of the form; here is what it means: the target, the
 * one host that is ours, a method we know, and a body only where a route takes
 * one of that size, and of whom it takes it.  A path without a route passes
 * when it has no body: its page is made later, and the connection lives on.
 */
#include "http/internal.h"

static struct slice after(struct slice s, size_t n)
{
	return slice_of(s.p + n, s.n - n);
}

/* Takes "http://HOST" off an absolute-form target (RFC 9112 section 3.2.2). */
static enum reason absolute_form(const char *public_host, struct slice *target)
{
	size_t n = public_host ? strlen(public_host) : 0;
	struct slice rest;

	if (target->n > 8 && strncasecmp(target->p, "https://", 8) == 0)
		rest = after(*target, 8);
	else if (target->n > 7 && strncasecmp(target->p, "http://", 7) == 0)
		rest = after(*target, 7);
	else
		return REASON_BAD_REQUEST;
	if (!n || rest.n < n || strncasecmp(rest.p, public_host, n) != 0)
		return REASON_WRONG_HOST;
	rest = after(rest, n);
	if (rest.n == 0)
		rest = slice_c("/");
	if (rest.p[0] != '/')
		return REASON_WRONG_HOST;
	*target = rest;
	return REASON_NONE;
}

enum reason gate_target(const char *public_host, struct slice target, struct slice *path_out, struct slice *query_out)
{
	const char *mark;
	enum reason why;

	/* `//host/` is a path to us and a host to evhttp; nothing of ours begins so */
	if (target.n == 0 || (target.n > 1 && target.p[0] == '/' && target.p[1] == '/'))
		return REASON_BAD_REQUEST;
	if (target.p[0] != '/') {
		why = absolute_form(public_host, &target);
		if (why != REASON_NONE)
			return why;
	}
	mark = memchr(target.p, '?', target.n);
	*path_out = slice_of(target.p, mark ? (size_t)(mark - target.p) : target.n);
	*query_out = mark ? after(target, path_out->n + 1) : slice_of(NULL, 0);
	return REASON_NONE;
}

/* Of "sso.example.org:8443", "[::1]:8080": what stands before the port, which says nothing. */
static struct slice name_of(struct slice host)
{
	bool bracket = host.n > 0 && host.p[0] == '[';
	struct slice name = bracket ? after(host, 1) : host;
	const char *end = name.n ? memchr(name.p, bracket ? ']' : ':', name.n) : NULL;

	if (end)
		name.n = (size_t)(end - name.p);
	return name;
}

/*
 * Whatever name a browser was led here by, somebody else's DNS can have pointed
 * it at us; numbers and "localhost" it cannot.
 */
static bool is_address(struct slice host)
{
	unsigned char address[NETWORK_ADDRESS_SIZE];
	struct slice name = name_of(host);

	return network_address_read(name, address) == 0 || slice_is_nocase(name, "localhost");
}

static bool is_host_of_ours(const struct http_options *o, struct slice host)
{
	struct slice name = name_of(host);

	if (o->public_host)
		return slice_is_nocase(host, o->public_host);
	for (const char *const *known = o->hosts; known && *known; known++)
		if (slice_is_nocase(name, *known))
			return true;
	return is_address(host);
}

/*
 * A load balancer's health check knows an address and no name; some send an
 * empty Host, or none at all, which RFC 9112 section 3.2 wants refused.  Where
 * the answer depends on no name, nothing can be had by that.
 */
static enum reason require_host(const struct reader *r, const struct http_options *o, const struct http_route *route)
{
	struct slice host = slice_of(r->host, r->host_size);

	if (route && route->by_address && (!host.n || is_address(host)))
		return REASON_NONE;
	if (!host.n)
		return REASON_BAD_REQUEST;
	return is_host_of_ours(o, host) ? REASON_NONE : REASON_WRONG_HOST;
}

static enum reason path_of(const struct reader *r, const struct http_options *o, struct slice *path_out)
{
	size_t kept = r->target_size < sizeof(r->target) ? r->target_size : sizeof(r->target);
	struct slice query;

	return gate_target(o->public_host, slice_of(r->target, kept), path_out, &query);
}

/* One that no route here takes is as unknown as any other. */
static bool is_known(unsigned method, const struct http_options *o)
{
	unsigned known = HTTP_GET | HTTP_HEAD | HTTP_POST;

	for (const struct http_route *r = o->routes; r && r->path; r++)
		known |= r->methods;
	return (method & known) != 0;
}

static enum reason line(const struct reader *r, const void *options)
{
	struct slice path;

	return is_known(r->method, options) ? path_of(r, options, &path) : REASON_UNKNOWN_METHOD;
}

static enum reason head(struct reader *r, const void *options)
{
	const struct http_options *o = options;
	const struct http_route *route;
	struct slice path;
	enum reason why = path_of(r, o, &path), wrong;
	unsigned allowed;

	if (why != REASON_NONE)
		return why;
	route = route_find(o->routes, path, r->method, &allowed, &why);
	wrong = require_host(r, o, route);
	if (wrong != REASON_NONE)
		return wrong;
	if (route && route->stranger != REASON_NONE && !r->known && (r->encodings || r->length > HTTP_STRANGERS_BODY))
		return route->stranger;
	if (route)
		r->body_limit = route->body_limit;
	else if (r->length || r->encodings)
		return why;
	return REASON_NONE;
}

static bool knows(struct slice authorization, const void *options)
{
	const struct http_options *o = options;

	return o->knows && o->knows(authorization, o->context);
}

struct judge gate(const struct http_options *options)
{
	return (struct judge){.line = line, .head = head, .knows = knows, .context = options};
}
