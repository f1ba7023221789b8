/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Raw queries of a connection that must sign its requests: only a query that is signed succeeds. */
#include "tests/fuzz/signer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct saml_requester must = *signer_of_corpus();
	struct saml_request_source from = {
		.binding = SAML_REDIRECT, .parameters = slice_of(data, size), .requesters = &must, .requester_count = 1, .now = FORGED_NOW,
	};
	struct arena *a = arena_new();
	struct saml_request request;
	struct slice relay_state;
	struct error err;
	int rc;

	must.signed_only = true;
	rc = saml_request_accept(a, &from, &request, &relay_state, &err);
	/* whoever is not known to sign is another matter */
	if (rc == 0 && strcmp(request.issuer, SIGNER_ENTITY) == 0 && !request.is_signed)
		abort();
	fuzz_succeeded(rc == 0 && request.is_signed ? 0 : -1);
	arena_free(a);
	return 0;
}
