/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The keys that open encrypted assertions, and the stand-ins: assertions of
 * our own making, of several sizes, one of which is read and verified in place
 * of one that could not be, so that this costs what a signature that does not
 * fit costs.
 */
#include "saml/encrypted.h"

#include "base/encode.h"
#include "saml/key.h"
#include "saml/signature.h"

#define STAND_IN_SIGNED_INFO 600        /* bytes, about as many as a SignedInfo has */
#define STAND_IN_TIME 1000000000        /* any: nobody looks at it */

/* As one of Entra's without groups, and from there on with more and more; what is larger yet is several of them. */
#define ATTRIBUTES 9
#define GROUPS_MOST 512
static const size_t group_counts[STAND_INS] = {0, 16, 40, 72, 116, 176, 256, 364, GROUPS_MOST};

/* Written by our own writer, signed with the first key; nobody ever sees it. */
static int write_stand_in(struct saml_decryption_keys *keys, size_t groups, struct slice *out, struct error *err)
{
	static const char *const value[] = {"http://schemas.microsoft.com/ws/2008/06/identity/authenticationmethod/password", NULL};
	struct saml_attribute attributes[ATTRIBUTES + 1];
	const char *names[GROUPS_MOST + 1] = {NULL};
	struct saml_answer answer = {
		.entity_id = "urn:postern:stand-in", .audience = "urn:postern:stand-in", .acs_url = "https://stand-in.invalid/",
		.name_id = "nobody", .name_id_format = SAML_FORMAT_UNSPECIFIED, .attributes = attributes,
		.attribute_count = ATTRIBUTES + (groups > 0), .authn_instant = STAND_IN_TIME, .now = STAND_IN_TIME,
	};
	struct saml_issued issued;
	const char *begin, *end;

	for (size_t i = 0; i < ATTRIBUTES; i++)
		attributes[i] = (struct saml_attribute){arena_printf(keys->arena, SAML_CLAIM_AUTHN_METHODS "/%zu", i), value, 1};
	for (size_t i = 0; i < groups; i++)
		names[i] = "00000000-0000-4000-8000-000000000000";
	attributes[ATTRIBUTES] = (struct saml_attribute){SAML_CLAIM_GROUPS, names, groups};
	if (saml_response_write(keys->arena, keys->list[0], &answer, &issued, err) < 0)
		return -1;
	begin = memmem(issued.xml.p, issued.xml.n, "<saml:Assertion", 15);
	end = memmem(issued.xml.p, issued.xml.n, "</samlp:Response>", 17);
	if (!begin || !end || end < begin)
		return error_set(err, REASON_INTERNAL, "no stand-in for decryption");
	*out = slice_of(begin, (size_t)(end - begin));
	return 0;
}

static int write_stand_ins(struct saml_decryption_keys *keys, struct error *err)
{
	for (size_t i = 0; i < STAND_INS; i++) {
		if (write_stand_in(keys, group_counts[i], &keys->stand_ins[i].text, err) < 0)
			return -1;
	}
	return 0;
}

/* The value of its signature: whether it fits what is verified with it alone is no matter. */
static int take_signature(struct saml_decryption_keys *keys, struct error *err)
{
	static const char open[] = "<ds:SignatureValue>";
	struct slice text = keys->stand_ins[0].text;
	const char *begin = memmem(text.p, text.n, open, sizeof(open) - 1), *end;

	if (begin)
		begin += sizeof(open) - 1;
	end = begin ? memchr(begin, '<', text.n - (size_t)(begin - text.p)) : NULL;
	if (!end || base64_decode(keys->arena, slice_of(begin, (size_t)(end - begin)), &keys->stand_in_signature) < 0)
		return error_set(err, REASON_INTERNAL, "a stand-in for decryption without a signature");
	return 0;
}

/* certificate: of the first key, base64. */
static int prepare_stand_ins(struct saml_decryption_keys *keys, struct slice certificate, struct error *err)
{
	struct slice der;

	for (size_t i = 0; i < STAND_INS; i++) {
		if (xml_read(keys->stand_ins[i].text, &xml_rules_response, &keys->stand_ins[i].doc, err) < 0)
			return -1;
	}
	keys->stand_in_keys = arena_alloc(keys->arena, sizeof(*keys->stand_in_keys));
	keys->stand_in_keys->list = arena_alloc(keys->arena, sizeof(struct trusted_key));
	if (base64_decode(keys->arena, certificate, &der) < 0)
		return error_set(err, REASON_INTERNAL, "no certificate for decryption");
	if (take_signature(keys, err) < 0 || trusted_key_read(der, &keys->stand_in_keys->list[0], err) < 0)
		return -1;
	keys->stand_in_keys->n = 1;
	/* tried once, so that all of them are made ready: a signature that is used first costs more */
	for (size_t i = 0; i < STAND_INS; i++) {
		if (decryption_stand_in(keys, &(struct saved_work){.content = keys->stand_ins[i].text.n, .verifications = 1}, err) < 0)
			return -1;
	}
	return 0;
}

/* That of the nearest size. */
static const struct stand_in *stand_in_for(const struct saml_decryption_keys *keys, size_t bytes)
{
	const struct stand_in *s = keys->stand_ins, *last = s + STAND_INS - 1;

	while (s < last && bytes > (s[0].text.n + s[1].text.n) / 2)
		s++;
	return s;
}

/* Over and over the stand-in, which ends in the middle the last time. */
static void parse_bytes(const struct stand_in *s, size_t bytes)
{
	while (bytes > 0) {
		struct slice part = {s->text.p, bytes < s->text.n ? bytes : s->text.n};
		struct error ignored;
		xml_doc *doc = NULL;

		xml_read(part, &xml_rules_response, &doc, &ignored);
		xml_free(doc);
		bytes -= part.n;
	}
}

/* The RSA operation and little else. */
static void verify_alone(const struct saml_decryption_keys *keys)
{
	trusted_key_verifies(&keys->stand_in_keys->list[0], "SHA256", slice_of(keys->stand_ins[0].text.p, STAND_IN_SIGNED_INFO),
		keys->stand_in_signature);
}

int decryption_stand_in(const struct saml_decryption_keys *keys, const struct saved_work *saved, struct error *err)
{
	const struct stand_in *s = stand_in_for(keys, saved->content);
	size_t times = (saved->content + s->text.n / 2) / s->text.n;
	xml_node *assertion = xml_root(s->doc), *signature = NULL;

	parse_bytes(s, saved->parsing);
	for (size_t i = 0; i < saved->signatures; i++)
		verify_alone(keys);
	if (signature_find(assertion, &signature, err) < 0 || !signature)
		return -1;
	for (size_t i = 0; i < saved->verifications * (times ? times : 1); i++) {
		/* At time 0 no certificate has ended. */
		if (signature_verify(assertion, signature, keys->stand_in_keys, 0, err) < 0)
			return -1;
	}
	return 0;
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
	if (k->n == 1 && (write_stand_ins(k, err) < 0 || prepare_stand_ins(k, key_certificate(key), err) < 0))
		goto out;
	*keys = k;
	return 0;
out:
	if (!*keys)
		saml_decryption_keys_free(k);
	return -1;
}

struct slice saml_decryption_stand_in(const struct saml_decryption_keys *keys, size_t which)
{
	return keys->stand_ins[which].text;
}

int saml_decryption_keys_held(const struct saml_holder *holder, size_t n, struct slice certificate_pem,
	const struct slice stand_ins[SAML_STAND_INS], struct saml_decryption_keys **out, struct error *err)
{
	struct saml_decryption_keys *keys = keys_new();
	const char *certificate;
	int64_t until;

	if (!keys)
		return error_set(err, REASON_INTERNAL, "out of memory");
	keys->holder = holder;
	keys->n = n;
	for (size_t i = 0; i < STAND_INS; i++)
		keys->stand_ins[i].text = arena_slice(keys->arena, stand_ins[i]);
	if (saml_certificate_read(keys->arena, certificate_pem, &certificate, &until, err) < 0 ||
		prepare_stand_ins(keys, slice_c(certificate), err) < 0) {
		saml_decryption_keys_free(keys);
		return -1;
	}
	*out = keys;
	return 0;
}

void saml_decryption_keys_free(struct saml_decryption_keys *keys)
{
	if (!keys)
		return;
	for (size_t i = 0; i < STAND_INS; i++)
		xml_free(keys->stand_ins[i].doc);
	for (size_t i = 0; keys->stand_in_keys && i < keys->stand_in_keys->n; i++)
		trusted_key_free(&keys->stand_in_keys->list[i]);
	for (size_t i = 0; i < SAML_DECRYPTION_KEYS_MAX; i++)
		saml_key_free(keys->list[i]);
	arena_free(keys->arena);
	free(keys);
}
