/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The connection whose signed requests are in the corpus (sign_corpus.c), and the moment to judge them at. */
#ifndef TESTS_FUZZ_SIGNER_H
#define TESTS_FUZZ_SIGNER_H

#include "tests/fuzz/fuzz.h"

#include "base/file.h"
#include "saml/saml.h"
#include "tests/fuzz/forged.h"

#define SIGNER_ENTITY "https://auth.example/saml/1"

static inline const struct saml_requester *signer_of_corpus(void)
{
	static struct saml_requester requester;
	struct arena *a = arena_new();
	struct slice pem;
	struct error err;

	if (!requester.signer && (saml_start(&err) < 0 || file_read(a, fuzz_path(a, "forged-signer.crt"), FILE_PUBLIC, 1 << 16, &pem, &err) < 0 ||
		saml_signer_read(&pem, 1, (struct slice){0}, &requester.signer, &err) < 0)) {
		fprintf(stderr, "%s\n", err.detail);
		abort();
	}
	requester.entity_id = SIGNER_ENTITY;
	arena_free(a);
	return &requester;
}

#endif
