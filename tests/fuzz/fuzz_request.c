/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Form bodies with an AuthnRequest: first byte even as redirect, odd as POST. */
#include "tests/fuzz/fuzz.h"

#include "saml/saml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int started;
	struct saml_request request;
	struct slice relay_state;
	struct error err;
	struct arena *a;

	if (!started && saml_start(&err) < 0)
		abort();
	started = 1;
	if (size == 0)
		return 0;
	a = arena_new();
	fuzz_succeeded(saml_request_read(a, data[0] & 1 ? SAML_POST : SAML_REDIRECT, slice_of(data + 1, size - 1), &request, &relay_state, &err));
	arena_free(a);
	return 0;
}
