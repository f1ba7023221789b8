/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The Cookie field: RFC 6265 section 4.2.1, with what browsers really send.
 *
 * A host name has cookies of others (a sibling's, an analytics script's), some
 * of them broken.  A pair without `=`, with a name that is not a token, or with
 * a control character in its value is left out, the rest is read: otherwise one
 * broken cookie would lock a person out.  Values are passed on as they are,
 * quotes included; ours are base64url.
 */
#include "http/internal.h"

#define COOKIES_MAX 512                 /* browsers keep at most 180 a host, and a sibling's can all stand before ours */

bool http_is_token(unsigned char c)
{
	if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'))
		return true;
	return c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL;
}

static bool is_token(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!http_is_token((unsigned char)s.p[i]))
			return false;
	return s.n > 0;
}

static bool is_clean(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] < 0x20 || s.p[i] == 0x7f)
			return false;
	return true;
}

static bool pair_read(struct slice pair, struct http_cookie *out)
{
	const char *equals = pair.n ? memchr(pair.p, '=', pair.n) : NULL;
	struct http_cookie cookie;

	if (!equals)
		return false;
	cookie.name = slice_trimmed(slice_of(pair.p, (size_t)(equals - pair.p)));
	cookie.value = slice_trimmed(slice_of(equals + 1, pair.n - (size_t)(equals - pair.p) - 1));
	if (!is_token(cookie.name) || !is_clean(cookie.value))
		return false;
	*out = cookie;
	return true;
}

void cookies_read(struct arena *a, struct slice field, struct http_cookie **list, size_t *count)
{
	struct http_cookie cookie;

	while (field.n && *count < COOKIES_MAX) {
		const char *semicolon = memchr(field.p, ';', field.n);
		size_t n = semicolon ? (size_t)(semicolon - field.p) : field.n;

		if (pair_read(slice_of(field.p, n), &cookie)) {
			*list = arena_grow(a, *list, *count, sizeof(cookie));
			(*list)[(*count)++] = cookie;
		}
		n += semicolon != NULL;
		field = slice_of(field.p + n, field.n - n);
	}
}

bool cookie_name_ok(const char *name)
{
	return name && is_token(slice_c(name));
}

/* cookie-octet of RFC 6265 section 4.1.1 */
bool cookie_value_ok(const char *value)
{
	if (!value)
		return false;
	for (const unsigned char *p = (const unsigned char *)value; *p; p++)
		if (*p <= 0x20 || *p >= 0x7f)
			return false;
	return strpbrk(value, "\",;\\") == NULL;
}

void http_set_cookie(struct http_exchange *x, const char *name, const char *value, int64_t max_age)
{
	struct http_set_cookie *c = arena_alloc(x->arena, sizeof(*c)), **end = &x->set_cookies;

	c->name = arena_strdup(x->arena, name);
	c->value = arena_strdup(x->arena, value ? value : "");
	c->max_age = max_age;
	while (*end)
		end = &(*end)->next;
	*end = c;
}
