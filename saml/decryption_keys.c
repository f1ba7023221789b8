/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The keys that open encrypted assertions, and the stand-in: an assertion of
 * our own making that is read and verified in place of one that could not be
 * read, so that this costs what a signature that does not fit costs.
 */
#include "saml/encrypted.h"

#include "base/encode.h"
#include "saml/key.h"
#include "saml/signature.h"

#define STAND_IN_ATTRIBUTES 9           /* about as large as one of Entra's */
#define STAND_IN_TIME 1000000000        /* any: nobody looks at it */

/* Written by our own writer, signed with the first key; nobody ever sees it. */
static int write_stand_in(struct saml_decryption_keys *keys, struct error *err)
{
	static const char *const value[] = {"http://schemas.microsoft.com/ws/2008/06/identity/authenticationmethod/password", NULL};
	struct saml_attribute attributes[STAND_IN_ATTRIBUTES];
	struct saml_answer answer = {
		.entity_id = "urn:postern:stand-in", .audience = "urn:postern:stand-in", .acs_url = "https://stand-in.invalid/",
		.name_id = "nobody", .name_id_format = SAML_FORMAT_UNSPECIFIED, .attributes = attributes,
		.attribute_count = STAND_IN_ATTRIBUTES, .authn_instant = STAND_IN_TIME, .now = STAND_IN_TIME,
	};
	struct saml_issued issued;
	const char *begin, *end;

	for (size_t i = 0; i < STAND_IN_ATTRIBUTES; i++)
		attributes[i] = (struct saml_attribute){arena_printf(keys->arena, SAML_CLAIM_AUTHN_METHODS "/%zu", i), value, 1};
	if (saml_response_write(keys->arena, keys->list[0], &answer, &issued, err) < 0)
		return -1;
	begin = memmem(issued.xml.p, issued.xml.n, "<saml:Assertion", 15);
	end = memmem(issued.xml.p, issued.xml.n, "</samlp:Response>", 17);
	if (!begin || !end || end < begin)
		return error_set(err, REASON_INTERNAL, "no stand-in for decryption");
	keys->stand_in = slice_of(begin, (size_t)(end - begin));
	return 0;
}

static int make_stand_in(struct saml_decryption_keys *keys, struct error *err)
{
	struct slice der;

	if (write_stand_in(keys, err) < 0)
		return -1;
	keys->stand_in_keys.list = arena_alloc(keys->arena, sizeof(struct trusted_key));
	if (base64_decode(keys->arena, key_certificate(keys->list[0]), &der) < 0)
		return error_set(err, REASON_INTERNAL, "no certificate for decryption");
	if (trusted_key_read(der, &keys->stand_in_keys.list[0], err) < 0)
		return -1;
	keys->stand_in_keys.n = 1;
	if (xml_read(keys->stand_in, &xml_rules_response, &keys->stand_in_doc, err) < 0)
		return -1;
	return decryption_stand_in(keys, 0, err);
}

/* Over and over the stand-in, which ends in the middle the last time. */
static void parse_bytes(const struct saml_decryption_keys *keys, size_t bytes)
{
	while (bytes > 0) {
		struct slice part = {keys->stand_in.p, bytes < keys->stand_in.n ? bytes : keys->stand_in.n};
		struct error ignored;
		xml_doc *doc = NULL;

		xml_read(part, &xml_rules_response, &doc, &ignored);
		xml_free(doc);
		bytes -= part.n;
	}
}

int decryption_stand_in(const struct saml_decryption_keys *keys, size_t bytes, struct error *err)
{
	struct trusted_keys trusted = keys->stand_in_keys;
	xml_node *assertion = xml_root(keys->stand_in_doc), *signature = NULL;

	parse_bytes(keys, bytes);
	if (signature_find(assertion, &signature, err) < 0)
		return -1;
	/* At time 0 no certificate has ended. */
	return signature ? signature_verify(assertion, signature, &trusted, 0, err) : -1;
}

static struct saml_decryption_keys *keys_new(void)
{
	struct saml_decryption_keys *keys = calloc(1, sizeof(*keys));

	if (keys)
		keys->arena = arena_new();
	return keys;
}

int saml_decryption_keys_add(struct saml_decryption_keys **keys, struct slice key_pem, struct slice certificate_pem,
	struct error *err)
{
	struct saml_decryption_keys *k = *keys ? *keys : keys_new();
	struct saml_key *key = NULL;

	if (!k)
		return error_set(err, REASON_INTERNAL, "out of memory");
	if (k->n == SAML_DECRYPTION_KEYS_MAX) {
		error_set(err, REASON_SETTINGS, "more than %d decryption keys", SAML_DECRYPTION_KEYS_MAX);
		goto out;
	}
	if (saml_key_read(key_pem, certificate_pem, &key, err) < 0)
		goto out;
	k->list[k->n++] = key;
	if (k->n == 1 && make_stand_in(k, err) < 0)
		goto out;
	*keys = k;
	return 0;
out:
	if (!*keys)
		saml_decryption_keys_free(k);
	return -1;
}

void saml_decryption_keys_free(struct saml_decryption_keys *keys)
{
	if (!keys)
		return;
	xml_free(keys->stand_in_doc);
	for (size_t i = 0; i < keys->stand_in_keys.n; i++)
		trusted_key_free(&keys->stand_in_keys.list[i]);
	for (size_t i = 0; i < keys->n; i++)
		saml_key_free(keys->list[i]);
	arena_free(keys->arena);
	free(keys);
}
