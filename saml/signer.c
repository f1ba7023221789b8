/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The keys with which a service provider signs, from its certificates or its metadata. */
#include "saml/metadata_read.h"
#include "saml/request_signature.h"
#include "saml/role_keys.h"

#include "base/encode.h"

static int read_certificates(struct saml_signer *s, const struct slice *pems, size_t n, struct error *err)
{
	s->keys.list = arena_alloc(s->arena, n * sizeof(*s->keys.list));
	for (size_t i = 0; i < n; i++) {
		struct trusted_key *key = &s->keys.list[i];
		const char *base64 = NULL;
		struct slice der;
		int64_t until;

		if (saml_certificate_read(s->arena, pems[i], &base64, &until, err) < 0)
			return -1;
		if (base64_decode(s->arena, slice_c(base64), &der) < 0 || trusted_key_read(der, key, err) < 0)
			return error_set(err, REASON_SETTINGS, "the certificate's key cannot verify anything");
		s->keys.n++;
		if (key->bits < TRUSTED_KEY_BITS_MIN)
			return error_set(err, REASON_SETTINGS, "the certificate's key has %d bits of RSA; %d and more are accepted", key->bits,
				TRUSTED_KEY_BITS_MIN);
	}
	return 0;
}

static int read_metadata(struct saml_signer *s, struct slice metadata, struct error *err)
{
	struct metadata_role found;
	xml_doc *doc = NULL;
	int rc = -1;

	if (xml_read(metadata, &xml_rules_metadata, &doc, err) < 0)
		return -1;
	if (metadata_find_role(doc, "SPSSODescriptor", NULL, &found, err) == 0) {
		role_keys_read(s->arena, found.role, found.entity_id, &s->keys);
		rc = 0;
	}
	xml_free(doc);
	return rc;
}

static void count_keys(struct saml_signer *s)
{
	for (size_t i = 0; i < s->keys.n; i++) {
		const struct trusted_key *key = &s->keys.list[i];

		if (key->bits < TRUSTED_KEY_BITS_MIN)
			continue;
		s->info.key_count++;
		if (key->not_after > s->info.keys_until)
			s->info.keys_until = key->not_after;
	}
}

int saml_signer_read(const struct slice *certificates, size_t n, struct slice metadata, struct saml_signer **out, struct error *err)
{
	struct arena *a = arena_new();
	struct saml_signer *s = arena_alloc(a, sizeof(*s));
	int rc = 0;

	s->arena = a;
	if (n > 0)
		rc = read_certificates(s, certificates, n, err);
	else if (metadata.n > 0)
		rc = read_metadata(s, metadata, err);
	count_keys(s);
	if (rc < 0 || s->keys.n == 0) {
		saml_signer_free(s);
		s = NULL;
	}
	if (rc == 0)
		*out = s;
	return rc;
}

void saml_signer_free(struct saml_signer *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->keys.n; i++)
		trusted_key_free(&s->keys.list[i]);
	arena_free(s->arena);
}

const struct saml_signer_info *saml_signer_info(const struct saml_signer *s)
{
	return &s->info;
}
