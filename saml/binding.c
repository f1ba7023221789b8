/* SPDX-License-Identifier: GPL-3.0-or-later */
/* HTTP-Redirect and HTTP-POST: parameters, base64, inflating, RelayState. */
#include "saml/binding.h"

#include "base/encode.h"

#include <zlib.h>

#define INFLATE_BEGIN 4096
#define DEFLATE_ENCODING "urn:oasis:names:tc:SAML:2.0:bindings:URL-Encoding:DEFLATE"

/* What is being read, for its limits and its words. */
struct reading {
	struct arena *arena;
	const struct binding_message *m;
	struct slice parameters;
	struct error *err;
};

/* decoded {NULL, 0}: the parameter is not there. */
static int parameter(struct reading *r, const char *name, struct slice *out)
{
	struct slice raw = {NULL, 0}, decoded = {NULL, 0};
	int found = form_find(r->parameters, name, &raw);

	if (found < 0)
		return error_set(r->err, r->m->doubled, "%s is there twice", name);
	if (found > 0 && form_decode(r->arena, raw, &decoded) < 0)
		return error_set(r->err, r->m->malformed, "%s has a bad %%-escape", name);
	*out = decoded;
	return 0;
}

/*
 * Goes to a browser as a form value and comes back from there: what a form
 * does not carry unchanged (no UTF-8; line ends become CR LF) is refused, the
 * rest is kept byte for byte.
 */
static int read_relay_state(struct reading *r, struct slice *out)
{
	struct slice s;

	if (parameter(r, "RelayState", &s) < 0)
		return -1;
	if (s.n > SAML_RELAY_STATE_MAX)
		return error_set(r->err, REASON_RELAY_STATE_TOO_LONG, "RelayState has %zu bytes, at most %d", s.n,
			SAML_RELAY_STATE_MAX);
	if (s.n && (!utf8_is_clean(s) || memchr(s.p, '\r', s.n) || memchr(s.p, '\n', s.n)))
		return error_set(r->err, r->m->malformed, "RelayState is not UTF-8, or holds control characters");
	*out = s;
	return 0;
}

/* SAML bindings 3.4.4.1; the stream must end where the bytes end. */
static int inflate_all(struct reading *r, z_stream *z, struct slice *out)
{
	size_t capacity = INFLATE_BEGIN;
	char *p = arena_alloc(r->arena, capacity);
	int rc;

	for (;;) {
		z->next_out = (Bytef *)p + z->total_out;
		z->avail_out = (uInt)(capacity - z->total_out);
		rc = inflate(z, Z_FINISH);
		if (z->total_out > r->m->bytes)
			return error_set(r->err, r->m->too_large, "inflates to more than %zu bytes", r->m->bytes);
		if (rc == Z_STREAM_END)
			break;
		if (z->avail_out != 0 || (rc != Z_OK && rc != Z_BUF_ERROR))
			return error_set(r->err, r->m->malformed, "not a deflate stream: %s", z->msg ? z->msg : "cut off");
		p = memcpy(arena_alloc(r->arena, capacity * 2), p, z->total_out);
		capacity *= 2;
	}
	if (z->avail_in != 0)
		return error_set(r->err, r->m->malformed, "%u bytes behind the deflate stream", z->avail_in);
	*out = slice_of(p, z->total_out);
	return 0;
}

static int inflate_raw(struct reading *r, struct slice in, struct slice *out)
{
	z_stream z = {.next_in = (Bytef *)(uintptr_t)in.p, .avail_in = (uInt)in.n};
	int rc;

	if (inflateInit2(&z, -MAX_WBITS) != Z_OK)
		return error_set(r->err, REASON_INTERNAL, "zlib does not start");
	rc = inflate_all(r, &z, out);
	inflateEnd(&z);
	return rc;
}

static int require_encoding(struct reading *r)
{
	struct slice encoding;

	if (parameter(r, "SAMLEncoding", &encoding) < 0)
		return -1;
	if (encoding.p && !slice_is(encoding, DEFLATE_ENCODING))
		return error_set(r->err, r->m->malformed, "SAMLEncoding is not DEFLATE");
	return 0;
}

static int read_message(struct reading *r, enum saml_binding binding, struct slice *out)
{
	struct slice base64, bytes;

	if (parameter(r, r->m->name, &base64) < 0)
		return -1;
	if (base64.n == 0)
		return error_set(r->err, r->m->missing, "no %s", r->m->name);
	if (base64.n > r->m->bytes * 2 && binding == SAML_POST)
		return error_set(r->err, r->m->too_large, "%s has %zu bytes", r->m->name, base64.n);
	if (binding == SAML_REDIRECT && require_encoding(r) < 0)
		return -1;
	if (base64_decode(r->arena, base64, &bytes) < 0)
		return error_set(r->err, r->m->malformed, "%s is not base64", r->m->name);
	if (binding == SAML_REDIRECT)
		return inflate_raw(r, bytes, out);
	*out = bytes;
	return 0;
}

int binding_read(struct arena *a, const struct binding_message *m, enum saml_binding binding, struct slice parameters,
	struct slice *message_out, struct slice *relay_state_out, struct error *err)
{
	struct reading r = {.arena = a, .m = m, .parameters = parameters, .err = err};
	struct slice message, relay_state;

	if (read_message(&r, binding, &message) < 0 || read_relay_state(&r, &relay_state) < 0)
		return -1;
	*message_out = message;
	*relay_state_out = relay_state;
	return 0;
}

struct slice binding_deflate(struct arena *a, struct slice in)
{
	z_stream z = {.next_in = (Bytef *)(uintptr_t)in.p, .avail_in = (uInt)in.n};
	size_t most;

	if (in.n > INT32_MAX || deflateInit2(&z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY) != Z_OK)
		abort();
	most = deflateBound(&z, in.n);
	z.next_out = arena_alloc(a, most);
	z.avail_out = (uInt)most;
	if (deflate(&z, Z_FINISH) != Z_STREAM_END)
		abort();                /* deflateBound is room enough */
	deflateEnd(&z);
	return slice_of((char *)z.next_out - z.total_out, z.total_out);
}
