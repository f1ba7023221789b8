/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Makes the seeds that need a signature: forge_corpus FOLDER writes
 * corpus/response/, corpus/metadata/signed…, forged-metadata.xml, its signer's
 * certificate and forged.h there.  Run it when the shape of a Response
 * changes; the keys are thrown away.
 */
#include "base/file.h"
#include "tests/unit/forge.h"

#define SUCCESS "<samlp:Status><samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:Success\"/></samlp:Status>"
#define NO "<samlp:Status><samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:Responder\"/><samlp:StatusMessage>AADSTS50105: " \
	"Your administrator has configured the application to block users. Trace ID: 6f0c3a52-8f6a-4d0b-9a55-2f5d1c7e0b00&#13;&#10;" \
	"Timestamp: 2026-11-24 13:19:16Z</samlp:StatusMessage></samlp:Status>"

static const char *folder;

static void write_file(const char *name, struct slice bytes)
{
	struct arena *a = arena_new();
	struct error err;

	if (file_write(arena_printf(a, "%s/%s", folder, name), 0644, bytes, &err) < 0) {
		fprintf(stderr, "%s\n", err.detail);
		exit(1);
	}
	arena_free(a);
}

int main(int argc, char **argv)
{
	static const enum forge_key keys[] = {FORGE_FIRST, FORGE_KEYS};
	struct arena *a = arena_new();
	void *state = NULL;

	if (argc != 2 || forge_begin(&state) != 0)
		return 2;
	folder = argv[1];
	write_file("forged-metadata.xml", forge_metadata("signing", keys));
	write_file("corpus/response/assertion-signed", forge_text(&(struct forge){.sign = FORGE_ASSERTION}));
	write_file("corpus/response/response-signed", forge_text(&(struct forge){.sign = FORGE_RESPONSE}));
	write_file("corpus/response/both-signed", forge_text(&(struct forge){.sign = FORGE_BOTH}));
	write_file("corpus/response/unsigned", forge_text(&(struct forge){.sign = FORGE_NOTHING}));
	write_file("corpus/response/status", forge_text(&(struct forge){.sign = FORGE_NOTHING, .before = {{SUCCESS, NO}}}));
	write_file("corpus/response/foreign-key", forge_text(&(struct forge){.key = FORGE_FOREIGN}));
	write_file("forged-metadata-signer.crt", forge_certificate_pem(FORGE_FOREIGN));
	write_file("corpus/metadata/signed.xml",
		forge_signed_metadata(&(struct forge){.key = FORGE_FOREIGN}, forge_metadata("signing", keys), "EntityDescriptor"));
	write_file("corpus/metadata/signed-by-another.xml",
		forge_signed_metadata(&(struct forge){.key = FORGE_SECOND}, forge_metadata("signing", keys), "EntityDescriptor"));
	write_file("forged.h", slice_c(arena_printf(a,
		"/* SPDX-License-Identifier: GPL-3.0-or-later */\n/* Made by forge_corpus.c: what the Responses of the corpus were made for. */\n"
		"#ifndef TESTS_FUZZ_FORGED_H\n#define TESTS_FUZZ_FORGED_H\n\n#define FORGED_NOW %lldLL\n#define FORGED_ENTITY \"%s\"\n"
		"#define FORGED_ACS \"%s\"\n#define FORGED_REQUEST \"%s\"\n\n#endif\n", (long long)FORGE_NOW, FORGE_ENTITY, FORGE_ACS, FORGE_REQUEST)));
	forge_end(&state);
	arena_free(a);
	return 0;
}
