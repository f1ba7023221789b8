/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The Response of the identity provider (SAML profiles 4.1.4): from the form a
 * browser posted to a judged identity, or a refusal.
 *
 * Cheap questions that can only refuse come before the signature, so that the
 * reason says what is wrong; nothing is believed before it.
 */
#include "saml/assertion.h"

#include "base/encode.h"
#include "saml/provider.h"
#include "saml/signature.h"

/* base64 of the largest Response, folded by CR LF every 60 characters or more. */
#define BASE64_MAX (SAML_RESPONSE_MAX / 3 * 4 + SAML_RESPONSE_MAX / 15)

#define FORMAT_ENTITY "urn:oasis:names:tc:SAML:2.0:nameid-format:entity"

struct part {
	const char *ns, *name;
};

/* Extensions and Advice are optional for a sender and hold what was not agreed on: refused, as is all else. */
static const struct part response_parts[] = {
	{XML_NS_ASSERTION, "Issuer"}, {XML_NS_SIGNATURE, "Signature"}, {XML_NS_PROTOCOL, "Status"},
	{XML_NS_ASSERTION, "Assertion"}, {NULL, NULL},
};

static const struct part assertion_parts[] = {
	{XML_NS_ASSERTION, "Issuer"}, {XML_NS_SIGNATURE, "Signature"}, {XML_NS_ASSERTION, "Subject"},
	{XML_NS_ASSERTION, "Conditions"}, {XML_NS_ASSERTION, "AuthnStatement"}, {XML_NS_ASSERTION, "AttributeStatement"},
	{NULL, NULL},
};

/* The document while it is being judged. */
struct reading {
	xml_node *response, *assertion;
	xml_node *response_signature, *assertion_signature;     /* NULL: not signed */
};

int64_t expect_skew(const struct saml_expect *expect)
{
	return expect->skew ? expect->skew : SAML_SKEW;
}

int saml_response_find(struct arena *a, struct slice form, struct slice *response_out, struct slice *relay_state_out,
	struct error *err)
{
	struct slice raw = {NULL, 0}, response, relay_state = {NULL, 0};
	int found = form_find(form, "SAMLResponse", &raw);

	if (found < 0)
		return error_set(err, REASON_RESPONSE_MALFORMED, "SAMLResponse is there twice");
	if (found == 0 || raw.n == 0)
		return error_set(err, REASON_RESPONSE_MISSING, "no SAMLResponse among %zu bytes", form.n);
	/* %2B, %2F and %3D may stand for any character. */
	if (raw.n > (size_t)BASE64_MAX * 3)
		return error_set(err, REASON_RESPONSE_TOO_LARGE, "SAMLResponse of %zu bytes", raw.n);
	if (form_decode(a, raw, &response) < 0)
		return error_set(err, REASON_RESPONSE_MALFORMED, "SAMLResponse with a wrong %% escape");
	found = form_find(form, "RelayState", &raw);
	if (found < 0)
		return error_set(err, REASON_RESPONSE_MALFORMED, "RelayState is there twice");
	if (found > 0 && form_decode(a, raw, &relay_state) < 0)
		return error_set(err, REASON_RESPONSE_MALFORMED, "RelayState with a wrong %% escape");
	if (relay_state.n > SAML_RELAY_STATE_MAX)
		return error_set(err, REASON_RELAY_STATE_TOO_LONG, "RelayState of %zu bytes", relay_state.n);
	*response_out = response;
	*relay_state_out = relay_state;
	return 0;
}

static int decode(struct arena *a, struct slice base64, struct slice *out, struct error *err)
{
	if (base64.n == 0)
		return error_set(err, REASON_RESPONSE_MISSING, "SAMLResponse is empty");
	if (base64.n > BASE64_MAX)
		return error_set(err, REASON_RESPONSE_TOO_LARGE, "SAMLResponse of %zu bytes of base64", base64.n);
	if (base64_decode(a, base64, out) < 0)
		return error_set(err, REASON_RESPONSE_MALFORMED, "SAMLResponse is not base64");
	return 0;
}

/* Each part at most once, nothing else, Version 2.0. */
static int require_parts(const xml_node *element, const struct part *parts, struct error *err)
{
	const char *version = xml_attribute(element, "Version");

	if (!version || strcmp(version, "2.0") != 0)
		return error_set(err, REASON_XML_SHAPE, "%s of version \"%.20s\"", xml_name(element), version ? version : "");
	for (const xml_node *node = xml_first(element); node; node = xml_next(node)) {
		const struct part *part = parts;

		while (part->name && !xml_is(node, part->ns, part->name))
			part++;
		if (!part->name)
			return error_set(err, REASON_XML_SHAPE, "%.80s in %s", xml_name(node), xml_name(element));
		if (!xml_is(node, XML_NS_SIGNATURE, "Signature") && xml_children(element, part->ns, part->name, NULL) != 1)
			return error_set(err, REASON_XML_SHAPE, "two %s in %s", part->name, xml_name(element));
	}
	return xml_require_no_text(element, REASON_XML_SHAPE, err);
}

/*
 * The one assertion.  Counted in the whole document, not where it belongs: a
 * second one anywhere means that somebody moved something.  Decryption, once
 * there is a key for it, belongs here: it must give exactly this element.
 */
static int take_assertion(struct reading *r, struct error *err)
{
	size_t n;

	if (!xml_is(r->response, XML_NS_PROTOCOL, "Response"))
		return error_set(err, REASON_XML_SHAPE, "the document is %.80s, not a Response", xml_name(r->response));
	if (require_status(r->response, err) < 0)
		return -1;
	n = xml_count(r->response, XML_NS_ASSERTION, "EncryptedAssertion");
	if (n > 0)
		return error_set(err, REASON_ENCRYPTED, "%zu EncryptedAssertion", n);
	n = xml_count(r->response, XML_NS_ASSERTION, "Assertion");
	if (n != 1)
		return error_set(err, REASON_ASSERTION_COUNT, "%zu assertions in the document", n);
	if (xml_children(r->response, XML_NS_ASSERTION, "Assertion", &r->assertion) != 1)
		return error_set(err, REASON_ASSERTION_COUNT, "the assertion is not where it belongs");
	if (require_parts(r->response, response_parts, err) < 0)
		return -1;
	return require_parts(r->assertion, assertion_parts, err);
}

int require_issuer(const xml_node *issuer, const struct saml_expect *expect, struct error *err)
{
	const char *format = xml_attribute(issuer, "Format"), *expected = expect->provider->info.entity_id, *value = NULL;

	if (format && strcmp(format, FORMAT_ENTITY) != 0)
		return error_set(err, REASON_WRONG_ISSUER, "Issuer of format %.120s", format);
	if (xml_value(issuer, REASON_WRONG_ISSUER, &value, err) < 0)
		return -1;
	if (strcmp(value, expected) != 0)
		return error_set(err, REASON_WRONG_ISSUER, "\"%.200s\", not \"%.200s\"", value, expected);
	return 0;
}

/* Both Issuers: SAML lets the Response go without, the identity providers served here never do. */
static int require_issuers(const struct reading *r, const struct saml_expect *expect, struct error *err)
{
	const xml_node *const elements[] = {r->response, r->assertion};

	for (size_t i = 0; i < 2; i++) {
		xml_node *issuer = NULL;

		if (xml_require_child(elements[i], XML_NS_ASSERTION, "Issuer", REASON_WRONG_ISSUER, &issuer, err) < 0)
			return -1;
		if (require_issuer(issuer, expect, err) < 0)
			return error_prefix(err, "%s: ", xml_name(elements[i]));
	}
	return 0;
}

static int require_signed_parts(const struct reading *r, enum saml_signed wanted, struct error *err)
{
	static const bool wants_response[] = {
		[SAML_SIGNED_RESPONSE] = true, [SAML_SIGNED_BOTH] = true,
	};
	static const bool wants_assertion[] = {
		[SAML_SIGNED_ASSERTION] = true, [SAML_SIGNED_BOTH] = true, [SAML_SIGNED_ANY] = false,
	};
	size_t n = (size_t)(r->response_signature != NULL) + (r->assertion_signature != NULL);

	if (xml_count(r->response, XML_NS_SIGNATURE, "Signature") != n)
		return error_set(err, REASON_SIGNATURE_SHAPE, "a signature that is not where it belongs");
	if (n == 0)
		return error_set(err, REASON_UNSIGNED, "neither Response nor Assertion is signed");
	if (wanted != SAML_SIGNED_ANY && wants_response[wanted] && !r->response_signature)
		return error_set(err, REASON_UNSIGNED, "the Response is not signed");
	if (wanted != SAML_SIGNED_ANY && wants_assertion[wanted] && !r->assertion_signature)
		return error_set(err, REASON_UNSIGNED, "the Assertion is not signed");
	return 0;
}

/* Whatever is signed must verify, also when one good signature would do. */
static int require_signatures(struct reading *r, const struct saml_expect *expect, struct error *err)
{
	const struct saml_provider *p = expect->provider;

	if (p->info.valid_until && expect->now >= p->info.valid_until)
		return error_set(err, REASON_METADATA, "the metadata of the identity provider is past its validUntil");
	if (signature_find(r->response, &r->response_signature, err) < 0)
		return -1;
	if (signature_find(r->assertion, &r->assertion_signature, err) < 0)
		return -1;
	if (require_signed_parts(r, expect->signed_part, err) < 0)
		return -1;
	if (r->response_signature &&
		signature_verify(r->response, r->response_signature, p->keys, expect->now, err) < 0)
		return error_prefix(err, "Response: ");
	if (r->assertion_signature &&
		signature_verify(r->assertion, r->assertion_signature, p->keys, expect->now, err) < 0)
		return error_prefix(err, "Assertion: ");
	return 0;
}

int require_issue_instant(const xml_node *element, const struct saml_expect *expect, struct error *err)
{
	int64_t instant = 0, skew = expect_skew(expect);

	if (xml_time(element, "IssueInstant", REASON_ISSUE_INSTANT, &instant, err) < 0)
		return -1;
	if (instant > expect->now + skew)
		return error_set(err, REASON_NOT_YET_VALID,
			"IssueInstant of %s lies %lld s ahead, skew %lld s: clocks differ",
			xml_name(element), (long long)(instant - expect->now), (long long)skew);
	if (instant < expect->requested_at - skew)
		return error_set(err, REASON_ISSUE_INSTANT, "%s was made %lld s before it was asked for", xml_name(element),
			(long long)(expect->requested_at - instant));
	return 0;
}

/* SAML core 3.2.2: to us, for the request of this browser, after it. */
static int require_answer(const xml_node *response, const struct saml_expect *expect, struct error *err)
{
	const char *destination = xml_attribute(response, "Destination"), *request = xml_attribute(response, "InResponseTo");

	if (!destination || strcmp(destination, expect->acs_url) != 0)
		return error_set(err, REASON_WRONG_DESTINATION, "Destination \"%.200s\"", destination ? destination : "");
	if (!request || !*request)
		return error_set(err, REASON_UNSOLICITED, "no InResponseTo");
	if (strcmp(request, expect->request_id) != 0)
		return error_set(err, REASON_WRONG_IN_RESPONSE_TO, "InResponseTo \"%.80s\", the request was \"%.80s\"",
			request,
			expect->request_id);
	return require_issue_instant(response, expect, err);
}

static int read_assertion(struct arena *a, const xml_node *assertion, const struct saml_expect *expect,
	struct saml_identity *out, struct error *err)
{
	const char *id = NULL;

	if (xml_require_attribute(assertion, "ID", REASON_XML_SHAPE, &id, err) < 0)
		return -1;
	out->assertion_id = arena_strdup(a, id);
	out->issuer = arena_strdup(a, expect->provider->info.entity_id);
	if (require_issue_instant(assertion, expect, err) < 0)
		return -1;
	if (subject_read(a, assertion, expect, out, err) < 0)
		return -1;
	if (conditions_read(assertion, expect, out, err) < 0)
		return -1;
	if (authn_statement_read(a, assertion, expect, out, err) < 0)
		return -1;
	if (attributes_read(a, assertion, expect, out, err) < 0)
		return -1;
	return claims_read(a, expect, out, err);
}

int saml_response_read(struct arena *a, const struct saml_expect *expect, struct slice base64, struct saml_identity *out,
	struct error *err)
{
	struct saml_identity identity = {0};
	struct reading r = {0};
	struct slice bytes;
	xml_doc *doc = NULL;
	int rc = -1;

	if (decode(a, base64, &bytes, err) < 0)
		goto out;
	if (xml_read(bytes, &xml_rules_response, &doc, err) < 0)
		goto out;
	r.response = xml_root(doc);
	if (take_assertion(&r, err) < 0)
		goto out;
	if (require_issuers(&r, expect, err) < 0)
		goto out;
	if (require_signatures(&r, expect, err) < 0)
		goto out;
	if (require_answer(r.response, expect, err) < 0)
		goto out;
	if (read_assertion(a, r.assertion, expect, &identity, err) < 0)
		goto out;
	*out = identity;
	rc = 0;
out:
	xml_free(doc);
	return rc;
}
