/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A raw deflate stream as the message of a redirect. */
#include "tests/fuzz/fuzz.h"

#include "base/text.h"
#include "saml/binding.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct binding_message m = {
		"SAMLRequest", SAML_REQUEST_MAX, REASON_REQUEST_MISSING, REASON_REQUEST_MALFORMED, REASON_REQUEST_DOUBLED,
		REASON_REQUEST_TOO_LARGE,
	};
	struct arena *a = arena_new();
	struct slice message, relay_state;
	struct text base64, query;
	struct error err;
	int rc;

	text_begin(&base64, a, size * 2 + 8);
	text_add_base64(&base64, slice_of(data, size));
	text_begin(&query, a, size * 4 + 32);
	text_add_c(&query, "SAMLRequest=");
	text_add_url(&query, text_slice(&base64));
	rc = binding_read(a, &m, SAML_REDIRECT, text_slice(&query), &message, &relay_state, &err);
	/* what a message may cost: its limit, and what doubling leaves behind on the way there */
	if ((rc == 0 && message.n > SAML_REQUEST_MAX) || arena_size(a) > size * 20 + 8 * SAML_REQUEST_MAX)
		abort();
	fuzz_succeeded(rc);
	arena_free(a);
	return 0;
}
