/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Form bodies with an AuthnRequest, signed or not: first byte even as redirect, odd as POST. */
#include "tests/fuzz/signer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct saml_request_source from = {.requesters = signer_of_corpus(), .requester_count = 1, .now = FORGED_NOW};
	struct saml_request request;
	struct slice relay_state;
	struct error err;
	struct arena *a;

	if (size == 0)
		return 0;
	a = arena_new();
	from.binding = data[0] & 1 ? SAML_POST : SAML_REDIRECT;
	from.parameters = slice_of(data + 1, size - 1);
	fuzz_succeeded(saml_request_accept(a, &from, &request, &relay_state, &err));
	arena_free(a);
	return 0;
}
