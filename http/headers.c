/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The fields of every reply.
 *
 * Content-Security-Policy: nothing is allowed but what a page names by hash.
 * `form-action` is the one source that a page widens: Chromium applies it to
 * the redirects after a POST too, so a page that posts to Atlassian says
 * `https:`.  `frame-ancestors` is widened by the one answer that identity
 * providers load in a hidden frame, which has nothing to press.
 *
 * Referrer-Policy no-referrer makes a browser send `Origin: null` with that
 * POST.  That is harmless: neither Entra nor Atlassian looks at Origin at a
 * SAML endpoint, and the addresses here hold messages that are nobody's else.
 *
 * No Cross-Origin-Opener-Policy: a sign-on may run in a pop-up of the portal,
 * and the policy would cut the pop-up off from its opener for good.
 */
#include "http/internal.h"

#include "base/log.h"
#include "base/text.h"

#include <inttypes.h>

static const struct field always[] = {
	{"X-Content-Type-Options", "nosniff"},
	{"X-Frame-Options", "DENY"},
	{"Referrer-Policy", "no-referrer"},
	{"Cross-Origin-Resource-Policy", "same-origin"},
	{"Cache-Control", "no-store"},
};

static const struct {
	int status;
	const char *phrase;
} phrases[] = {
	{200, "OK"}, {201, "Created"}, {204, "No Content"}, {301, "Moved Permanently"}, {302, "Found"}, {303, "See Other"}, {304, "Not Modified"},
	{307, "Temporary Redirect"}, {308, "Permanent Redirect"}, {400, "Bad Request"}, {401, "Unauthorized"},
	{403, "Forbidden"}, {404, "Not Found"}, {405, "Method Not Allowed"}, {408, "Request Timeout"}, {409, "Conflict"},
	{410, "Gone"}, {412, "Precondition Failed"}, {413, "Content Too Large"}, {429, "Too Many Requests"},
	{431, "Request Header Fields Too Large"}, {500, "Internal Server Error"}, {501, "Not Implemented"},
	{502, "Bad Gateway"}, {503, "Service Unavailable"}, {508, "Loop Detected"},
};

const char *status_phrase(int status)
{
	for (size_t i = 0; i < sizeof(phrases) / sizeof(phrases[0]); i++)
		if (phrases[i].status == status)
			return phrases[i].phrase;
	return "Other";
}

/* No control characters; `least` is the first that may stand there: 0x20 with blanks, 0x21 without */
static bool is_clean(const char *value, unsigned char least)
{
	for (const unsigned char *p = (const unsigned char *)value; *p; p++)
		if (*p < least || *p == 0x7f)
			return false;
	return true;
}

static const char *unfit(const struct http_exchange *x)
{
	const struct {
		const char *name, *value;
		unsigned char least;
	} values[] = {
		{"Location", x->location, 0x21},
		{"Content-Type", x->reply_type, 0x20},
		{"form-action", x->form_action, 0x20},
		{"frame-ancestors", x->frame_ancestors, 0x20},
		{"style hash", x->style_hash, 0x21},
		{"script hash", x->script_hash, 0x21},
		{"image source", x->image_source, 0x21},
		{"Retry-After", x->retry_after, 0x20},
		{"ETag", x->etag, 0x21},
		{"WWW-Authenticate", x->www_authenticate, 0x20},
	};

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		if (values[i].value && (!*values[i].value || !is_clean(values[i].value, values[i].least)))
			return values[i].name;
	for (const struct http_set_cookie *c = x->set_cookies; c; c = c->next)
		if (!cookie_name_ok(c->name) || !cookie_value_ok(c->value))
			return "Set-Cookie";
	if (x->status < 200 || x->status > 599)
		return "status";
	return NULL;
}

/* A field that a handler built from foreign text must not become two fields: the reply is a bare 500 instead. */
void headers_check(struct http_exchange *x)
{
	const char *name = unfit(x);

	if (!name)
		return;
	log_error("reply withheld: a field is unfit", "field", name, "path", x->path ? x->path : "", NULL);
	x->status = reason_status(REASON_INTERNAL);
	x->reply_type = "text/plain; charset=utf-8";
	x->reply_body = slice_c(reason_sentence(REASON_INTERNAL));
	x->etag = x->www_authenticate = NULL;
	x->location = x->form_action = x->frame_ancestors = x->style_hash = x->script_hash = x->image_source = x->retry_after = NULL;
	x->set_cookies = NULL;
}

const char *http_content_security_policy(const struct http_exchange *x)
{
	struct text t;

	text_begin(&t, x->arena, 200);
	text_add_c(&t, "default-src 'none'; base-uri 'none'; frame-ancestors ");
	text_add_c(&t, x->frame_ancestors ? x->frame_ancestors : "'none'");
	text_add_c(&t, "; form-action ");
	text_add_c(&t, x->form_action ? x->form_action : "'none'");
	if (x->style_hash)
		text_addf(&t, "; style-src %s", x->style_hash);
	if (x->script_hash)
		text_addf(&t, "; script-src %s", x->script_hash);
	if (x->image_source)
		text_addf(&t, "; img-src %s", x->image_source);
	return t.p;
}

static const char *cookie_line(struct arena *a, const struct http_set_cookie *c)
{
	struct text t;

	text_begin(&t, a, strlen(c->name) + strlen(c->value) + 96);
	text_add_c(&t, c->name);
	text_add_c(&t, "=");
	text_add_c(&t, c->value);
	text_addf(&t, "; Path=/; Max-Age=%" PRId64 "; Secure; HttpOnly; SameSite=None", c->max_age > 0 ? c->max_age : 0);
	return t.p;
}

void headers_write(const struct http_exchange *x, int64_t hsts_seconds, bool close,
	void (*add)(void *to, const char *name, const char *value), void *to)
{
	const char *hsts = hsts_seconds > 0 ? arena_printf(x->arena, "max-age=%" PRId64, hsts_seconds) : NULL;
	const struct field some[] = {
		{"Location", x->location},
		{"Content-Type", x->reply_body.n ? (x->reply_type ? x->reply_type : "text/plain; charset=utf-8") : NULL},
		{"Retry-After", x->retry_after},
		{"Allow", x->status == 405 ? x->allow : NULL},
		{"ETag", x->etag},
		{"WWW-Authenticate", x->status == 401 ? x->www_authenticate : NULL},
		{"Connection", close ? "close" : NULL},
		{"Strict-Transport-Security", hsts},
	};

	for (size_t i = 0; i < sizeof(some) / sizeof(some[0]); i++)
		if (some[i].value)
			add(to, some[i].name, some[i].value);
	if (x->status != 204 && x->status != 304)
		add(to, "Content-Length", arena_printf(x->arena, "%zu", x->reply_body.n));
	add(to, "Content-Security-Policy", http_content_security_policy(x));
	for (size_t i = 0; i < sizeof(always) / sizeof(always[0]); i++)
		if (!x->frame_ancestors || strcmp(always[i].name, "X-Frame-Options") != 0)
			add(to, always[i].name, always[i].value);
	for (const struct http_set_cookie *c = x->set_cookies; c; c = c->next)
		add(to, "Set-Cookie", cookie_line(x->arena, c));
}
