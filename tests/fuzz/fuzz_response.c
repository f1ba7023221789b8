/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Responses as posted (XML, without its base64), under the provider and the moment of corpus/response.xml. */
#include "tests/fuzz/forged_provider.h"

#include "base/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct saml_expect expect = {
		.provider = forged_provider(), .entity_id = FORGED_ENTITY, .acs_url = FORGED_ACS, .request_id = FORGED_REQUEST,
		.now = FORGED_NOW, .requested_at = FORGED_NOW,
	};
	struct arena *a = arena_new();
	struct saml_identity identity;
	struct error err;
	struct text base64;

	text_begin(&base64, a, size * 2);
	text_add_base64(&base64, slice_of(data, size));
	fuzz_succeeded(saml_response_read(a, &expect, text_slice(&base64), &identity, &err));
	arena_free(a);
	return 0;
}
