/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Metadata of identity providers and of connections. */
#include "tests/fuzz/fuzz.h"

#include "saml/saml.h"
#include "tests/fuzz/forged.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int started;
	struct saml_provider_options options = {.now = FORGED_NOW};
	struct arena *a = arena_new();
	struct saml_provider *provider = NULL;
	const char *entity_id, *acs;
	struct error err;

	if (!started && saml_start(&err) < 0)
		abort();
	started = 1;
	fuzz_succeeded(saml_provider_read(slice_of(data, size), &options, &provider, &err));
	saml_provider_free(provider);
	(void)!saml_sp_metadata_read(a, slice_of(data, size), &entity_id, &acs, &err);
	arena_free(a);
	return 0;
}
