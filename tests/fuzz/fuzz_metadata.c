/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Metadata of identity providers, signed or not, and of connections. */
#include "tests/fuzz/fuzz.h"

#include "base/file.h"
#include "saml/saml.h"
#include "tests/fuzz/forged.h"

static struct slice signer_of_corpus(void)
{
	static struct arena *kept;
	static struct slice pem;
	struct error err;

	if (kept)
		return pem;
	kept = arena_new();
	if (saml_start(&err) < 0 || file_read(kept, fuzz_path(kept, "forged-metadata-signer.crt"), FILE_PUBLIC, 1 << 16, &pem, &err) < 0) {
		fprintf(stderr, "%s\n", err.detail);
		abort();
	}
	return pem;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct saml_provider_options by_a_signer = {.now = FORGED_NOW, .signer_pem = signer_of_corpus()}, options = {.now = FORGED_NOW};
	struct arena *a = arena_new();
	struct saml_provider *any = NULL, *vouched = NULL;
	const char *entity_id, *acs;
	struct error err;

	(void)!saml_provider_read(slice_of(data, size), &options, &any, &err);
	if (saml_provider_read(slice_of(data, size), &by_a_signer, &vouched, &err) == 0) {
		/* what its signer vouches for is read the same where nobody asks for a signature */
		if (!any || strcmp(saml_provider_info(any)->entity_id, saml_provider_info(vouched)->entity_id) != 0)
			abort();
		fuzz_succeeded(0);
	}
	saml_provider_free(vouched);
	saml_provider_free(any);
	(void)!saml_sp_metadata_read(a, slice_of(data, size), &entity_id, &acs, &err);
	arena_free(a);
	return 0;
}
