/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Signs a query, and verifies what others signed. */
#include "saml/redirect.h"

#include "base/encode.h"

#define RSA_SHA256 "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
#define SIGNATURE_MAX 4096              /* bytes, still escaped; a key of 8192 bits makes 1,366 */

static const struct {
	const char *uri, *digest;
} algorithms[] = {
	{RSA_SHA256, "SHA256"},
	{"http://www.w3.org/2001/04/xmldsig-more#rsa-sha384", "SHA384"},
	{"http://www.w3.org/2001/04/xmldsig-more#rsa-sha512", "SHA512"},
};

int redirect_sign(struct text *t, size_t from, const struct saml_key *key, struct error *err)
{
	struct slice signature;
	struct text base64;

	text_add_c(t, "&SigAlg=");
	text_add_url(t, slice_c(RSA_SHA256));
	if (key_sign(key, t->arena, slice_of(t->p + from, t->n - from), &signature, err) < 0)
		return -1;
	text_begin(&base64, t->arena, signature.n * 4 / 3 + 8);
	text_add_base64(&base64, signature);
	text_add_c(t, "&Signature=");
	text_add_url(t, text_slice(&base64));
	return 0;
}

bool redirect_is_signed(struct slice query)
{
	struct slice unused;

	return form_find(query, "Signature", &unused) != 0 || form_find(query, "SigAlg", &unused) != 0;
}

/* 1 there, 0 not there, -1 twice; as sent. */
static int take(struct slice query, const char *name, struct slice *out, struct error *err)
{
	int found = form_find(query, name, out);

	return found >= 0 ? found : error_set(err, REASON_SIGNATURE_SHAPE, "%s is there twice", name);
}

static int require(struct slice query, const char *name, struct slice *out, struct error *err)
{
	int found = take(query, name, out, err);

	return found != 0 ? found : error_set(err, REASON_SIGNATURE_SHAPE, "a signed query without %s", name);
}

/* What was signed: the values as sent, RelayState only where it was. */
static int signed_bytes(struct arena *a, struct slice query, const char *message, struct slice *out, struct error *err)
{
	struct slice value, relay_state, algorithm;
	int has_relay_state = take(query, "RelayState", &relay_state, err);
	struct text t;

	if (has_relay_state < 0 || require(query, message, &value, err) < 0 || require(query, "SigAlg", &algorithm, err) < 0)
		return -1;
	text_begin(&t, a, query.n + 64);
	text_add_c(&t, message);
	text_add_c(&t, "=");
	text_add(&t, value);
	if (has_relay_state) {
		text_add_c(&t, "&RelayState=");
		text_add(&t, relay_state);
	}
	text_add_c(&t, "&SigAlg=");
	text_add(&t, algorithm);
	*out = text_slice(&t);
	return 0;
}

static int read_algorithm(struct arena *a, struct slice query, const char **digest_out, struct error *err)
{
	struct slice raw, uri;

	if (require(query, "SigAlg", &raw, err) < 0)
		return -1;
	if (form_decode(a, raw, &uri) < 0)
		return error_set(err, REASON_SIGNATURE_SHAPE, "SigAlg has a bad %%-escape");
	for (size_t i = 0; i < sizeof(algorithms) / sizeof(*algorithms); i++) {
		if (slice_is(uri, algorithms[i].uri)) {
			*digest_out = algorithms[i].digest;
			return 0;
		}
	}
	return error_set(err, REASON_SIGNATURE_ALGORITHM, "SigAlg %.*s", uri.n > 100 ? 100 : (int)uri.n, uri.p);
}

static int read_signature(struct arena *a, struct slice query, struct slice *out, struct error *err)
{
	struct slice raw, base64;

	if (require(query, "Signature", &raw, err) < 0)
		return -1;
	if (raw.n == 0 || raw.n > SIGNATURE_MAX || form_decode(a, raw, &base64) < 0 || base64_decode(a, base64, out) < 0)
		return error_set(err, REASON_SIGNATURE_SHAPE, "Signature is not base64 in a query, of at most %d bytes", SIGNATURE_MAX);
	return 0;
}

int redirect_verify(struct arena *a, struct slice query, const char *message, struct trusted_keys *keys, int64_t now,
	struct error *err)
{
	struct slice bytes, signature;
	const char *digest = NULL;

	if (signed_bytes(a, query, message, &bytes, err) < 0 || read_algorithm(a, query, &digest, err) < 0 ||
		read_signature(a, query, &signature, err) < 0)
		return -1;
	/* A key may stand in two certificates, one of which ended: the usable ones first, as in signature.c. */
	for (size_t i = 0; keys->n > 0 && i < 2 * keys->n; i++) {
		size_t at = (keys->last + i) % keys->n;
		const struct trusted_key *key = &keys->list[at];
		enum reason fault = trusted_key_judge(key, now);
		bool usable = fault == REASON_NONE;

		if (usable != (i < keys->n) || !trusted_key_verifies(key, digest, bytes, signature))
			continue;
		if (!usable)
			return error_set(err, fault, "signed with key %zu: %d bits RSA, ends at %lld", at + 1, key->bits,
				(long long)key->not_after);
		keys->last = at;
		return 0;
	}
	return error_set(err, REASON_SIGNATURE_INVALID, "made by none of the %zu keys, or changed after signing", keys->n);
}
