/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The body of a form: fields found by name, decoded, and what was decoded encoded and decoded again. */
#include "tests/fuzz/fuzz.h"

#include "base/encode.h"
#include "base/text.h"
#include "saml/saml.h"

static void read_field(struct arena *a, struct slice body, const char *name)
{
	struct slice raw, value, again;
	struct text t;

	if (form_find(body, name, &raw) != 1 || form_decode(a, raw, &value) < 0)
		return;
	text_begin(&t, a, value.n * 3 + 1);
	text_add_url(&t, value);
	if (form_decode(a, text_slice(&t), &again) < 0 || !slice_equal(value, again))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *a = arena_new();
	struct slice body = slice_of(data, size), response, relay_state;
	struct error err;

	read_field(a, body, "SAMLResponse");
	read_field(a, body, "RelayState");
	fuzz_succeeded(saml_response_find(a, body, &response, &relay_state, &err));
	arena_free(a);
	return 0;
}
