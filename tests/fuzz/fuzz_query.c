/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The raw query of a redirect, as a request and as an answer: parameters, base64, inflating, relay state. */
#include "tests/fuzz/fuzz.h"

#include "saml/binding.h"

static const struct binding_message messages[] = {
	{"SAMLRequest", SAML_REQUEST_MAX, REASON_REQUEST_MISSING, REASON_REQUEST_MALFORMED, REASON_REQUEST_DOUBLED,
		REASON_REQUEST_TOO_LARGE},
	{"SAMLResponse", SAML_REQUEST_MAX, REASON_RESPONSE_MISSING, REASON_RESPONSE_MALFORMED, REASON_RESPONSE_MALFORMED,
		REASON_RESPONSE_TOO_LARGE},
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	for (int i = 0; i < 2; i++) {
		struct arena *a = arena_new();
		struct slice message, relay_state;
		struct error err;
		int rc = binding_read(a, &messages[i], SAML_REDIRECT, slice_of(data, size), &message, &relay_state, &err);

		if (rc == 0 && (message.n > SAML_REQUEST_MAX || relay_state.n > SAML_RELAY_STATE_MAX))
			abort();
		fuzz_succeeded(rc);
		arena_free(a);
	}
	return 0;
}
