/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The identity provider whose key signed the Responses of the corpus. */
#ifndef TESTS_FUZZ_FORGED_PROVIDER_H
#define TESTS_FUZZ_FORGED_PROVIDER_H

#include "tests/fuzz/fuzz.h"

#include "base/file.h"
#include "saml/saml.h"
#include "tests/fuzz/forged.h"

/* The same each time; starts the libraries. */
static inline struct saml_provider *forged_provider(void)
{
	static struct saml_provider *p;
	struct saml_provider_options options = {.now = FORGED_NOW};
	struct arena *a = arena_new();
	struct slice metadata;
	struct error err;

	if (!p && (saml_start(&err) < 0 ||
		file_read(a, fuzz_path(a, "forged-metadata.xml"), FILE_PUBLIC, 1 << 20, &metadata, &err) < 0 ||
		saml_provider_read(metadata, &options, &p, &err) < 0)) {
		fprintf(stderr, "%s\n", err.detail);
		abort();
	}
	arena_free(a);
	return p;
}

#endif
