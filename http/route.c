/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * From path and method to a row of the route table.
 *
 * Paths are compared as they were sent: no escapes are decoded, no dots or
 * double slashes folded, so that a proxy in front and we never disagree about
 * what a path is.  Rows are tried in order; a path may have several rows.
 */
#include "http/internal.h"

#include "base/text.h"

static bool path_fits(const char *pattern, struct slice path)
{
	size_t n = strlen(pattern);

	if (n > 0 && pattern[n - 1] == '*')
		return path.n >= n - 1 && memcmp(path.p, pattern, n - 1) == 0;
	return slice_is(path, pattern);
}

/* GET implies HEAD (RFC 9110 section 9.3.2). */
static unsigned methods_of(const struct http_route *route)
{
	return route->methods | (route->methods & HTTP_GET ? HTTP_HEAD : 0);
}

const struct http_route *route_find(const struct http_route *routes, struct slice path, unsigned method,
	unsigned *allowed_out, enum reason *why_out)
{
	unsigned allowed = 0;

	for (const struct http_route *r = routes; r->path; r++) {
		if (!path_fits(r->path, path))
			continue;
		if (methods_of(r) & method)
			return r;
		allowed |= methods_of(r);
	}
	*allowed_out = allowed;
	*why_out = allowed ? REASON_WRONG_METHOD : REASON_NO_SUCH_PAGE;
	return NULL;
}

const char *route_allow(struct arena *a, unsigned methods)
{
	static const struct {
		unsigned method;
		const char *name;
	} names[] = {
		{HTTP_GET, "GET"}, {HTTP_HEAD, "HEAD"}, {HTTP_POST, "POST"}, {HTTP_PUT, "PUT"}, {HTTP_PATCH, "PATCH"}, {HTTP_DELETE, "DELETE"},
	};
	struct text t;

	text_begin(&t, a, 32);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (methods & names[i].method)
			text_addf(&t, "%s%s", t.n ? ", " : "", names[i].name);
	return t.p;
}
