/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Messages about signing out.  First byte even: the raw query; odd: the XML,
 * for a request where the next bit is 0 and for an answer else.
 */
#include "tests/fuzz/forged_provider.h"

#include "base/text.h"

#define STORED_MOST 65535

/* A deflate stream of one block that is not compressed (RFC 1951 section 3.2.4). */
static struct slice stored(struct arena *a, struct slice in)
{
	unsigned n = (unsigned)(in.n < STORED_MOST ? in.n : STORED_MOST);
	unsigned char *out = arena_alloc(a, n + 5);

	out[0] = 1;
	out[1] = n & 0xff;
	out[2] = (unsigned char)(n >> 8);
	out[3] = (unsigned char)~out[1];
	out[4] = (unsigned char)~out[2];
	memcpy(out + 5, in.p, n);
	return slice_of(out, n + 5);
}

static struct slice query_of(struct arena *a, const char *name, struct slice xml)
{
	struct text base64, query;

	text_begin(&base64, a, xml.n * 2 + 16);
	text_add_base64(&base64, stored(a, xml));
	text_begin(&query, a, xml.n * 4 + 64);
	text_add_c(&query, name);
	text_add_url(&query, text_slice(&base64));
	return text_slice(&query);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct saml_logout_expect expect = {
		.provider = forged_provider(), .slo_url = "https://sso.example.org/saml/sp/slo", .now = FORGED_NOW,
	};
	struct arena *a = arena_new();
	struct saml_logout m = {0};
	struct slice query;
	struct error err;
	int rc;

	query = slice_of(data + (size > 0), size - (size > 0));
	if (size > 0 && data[0] & 1)
		query = query_of(a, data[0] & 2 ? "SAMLResponse=" : "SAMLRequest=", query);
	rc = saml_logout_read(a, query, &m, &err);
	if (rc == 0 && (!m.issuer || !m.id || m.is_signed))
		abort();
	if (rc == 0)
		rc = saml_logout_judge(a, &expect, query, &m, &err);
	/* nobody has that key any more */
	if (rc == 0 && m.is_signed)
		abort();
	fuzz_succeeded(rc);
	arena_free(a);
	return 0;
}
