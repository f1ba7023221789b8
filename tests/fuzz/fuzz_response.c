/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Responses as posted (XML, without its base64), under the provider and the moment of corpus/response.xml. */
#include "tests/fuzz/fuzz.h"

#include "base/file.h"
#include "base/text.h"
#include "saml/saml.h"
#include "tests/fuzz/forged.h"

static struct saml_provider *provider(void)
{
	static struct saml_provider *p;
	struct saml_provider_options options = {.now = FORGED_NOW};
	struct arena *a = arena_new();
	struct slice metadata;
	struct error err;

	if (!p && (saml_start(&err) < 0 || file_read(a, fuzz_path(a, "forged-metadata.xml"), FILE_PUBLIC, 1 << 20, &metadata, &err) < 0 ||
		saml_provider_read(metadata, &options, &p, &err) < 0)) {
		fprintf(stderr, "%s\n", err.detail);
		abort();
	}
	arena_free(a);
	return p;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct saml_expect expect = {
		.provider = provider(), .entity_id = FORGED_ENTITY, .acs_url = FORGED_ACS, .request_id = FORGED_REQUEST, .now = FORGED_NOW,
		.requested_at = FORGED_NOW,
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
