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
#include "saml/encrypted.h"
#include "saml/provider.h"
#include "saml/signature.h"

/* base64 of the largest Response, folded by CR LF every 60 characters or more. */
#define BASE64_MAX (SAML_RESPONSE_MAX / 3 * 4 + SAML_RESPONSE_MAX / 15)

#define FORMAT_ENTITY "urn:oasis:names:tc:SAML:2.0:nameid-format:entity"

struct part {
	const char *ns, *name;
	int place;                      /* in the order of the schema; 0: anywhere, or judged elsewhere (signature_find) */
};

/* Extensions and Advice are optional for a sender and hold what was not agreed on: refused, as is all else. */
static const struct part response_parts[] = {
	{XML_NS_ASSERTION, "Issuer", 1}, {XML_NS_SIGNATURE, "Signature", 0}, {XML_NS_PROTOCOL, "Status", 2},
	{XML_NS_ASSERTION, "Assertion", 3}, {XML_NS_ASSERTION, "EncryptedAssertion", 3}, {NULL, NULL, 0},
};

static const struct part assertion_parts[] = {
	{XML_NS_ASSERTION, "Issuer", 1}, {XML_NS_SIGNATURE, "Signature", 0}, {XML_NS_ASSERTION, "Subject", 2},
	{XML_NS_ASSERTION, "Conditions", 3}, {XML_NS_ASSERTION, "AuthnStatement", 4},
	{XML_NS_ASSERTION, "AttributeStatement", 4}, {NULL, NULL, 0},
};

/* The document while it is being judged, and that of an encrypted assertion. */
struct reading {
	xml_doc *doc, *opened;          /* opened: what was encrypted, in a document of its own; NULL: nothing was */
	xml_node *response, *assertion, *encrypted;
	xml_node *response_signature, *assertion_signature;     /* NULL: not signed */
	size_t opened_bytes;            /* how far what was encrypted was read */
	size_t tried, unused;          /* what the provider's keys counted before it was opened */
};

int64_t saml_skew(int64_t set)
{
	return set ? set : SAML_SKEW;
}

int64_t expect_skew(const struct saml_expect *expect)
{
	return saml_skew(expect->skew);
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

/* Each part at most once, in order, nothing else, Version 2.0. */
static int require_parts(const xml_node *element, const struct part *parts, struct error *err)
{
	const char *version = xml_attribute(element, "Version");
	int place = 0;

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
		if (part->place && part->place < place)
			return error_set(err, REASON_XML_SHAPE, "%s in %s out of order", part->name, xml_name(element));
		place = part->place ? part->place : place;
	}
	return xml_require_no_text(element, REASON_XML_SHAPE, err);
}

/*
 * The one assertion, plain or encrypted.  Counted in the whole document, not
 * where it belongs: a second one anywhere means that somebody moved something.
 */
static int take_assertion(struct reading *r, struct error *err)
{
	static const char *const names[] = {"Assertion", "EncryptedAssertion"};
	size_t plain = xml_count(r->response, XML_NS_ASSERTION, names[0]);
	size_t encrypted = xml_count(r->response, XML_NS_ASSERTION, names[1]);
	xml_node **out = encrypted ? &r->encrypted : &r->assertion;

	if (plain + encrypted != 1)
		return error_set(err, REASON_ASSERTION_COUNT, "%zu assertions and %zu encrypted ones in the document", plain,
			encrypted);
	if (xml_children(r->response, XML_NS_ASSERTION, names[encrypted], out) != 1)
		return error_set(err, REASON_ASSERTION_COUNT, "the assertion is not where it belongs");
	return 0;
}

static int require_wanted_form(const struct reading *r, const struct saml_expect *expect, struct error *err)
{
	if (r->encrypted && !expect->decryption_keys)
		return error_set(err, REASON_ENCRYPTED, "the assertion is encrypted, and the settings have no decryption_keys");
	if (!r->encrypted && expect->encrypted != SAML_ENCRYPTED_ALLOWED)
		return error_set(err, REASON_NOT_ENCRYPTED, "the assertion is plain, and the settings want it encrypted");
	return 0;
}

static int take_response(struct reading *r, const struct saml_expect *expect, struct error *err)
{
	check_begins(expect, SAML_CHECK_STATUS);
	r->response = xml_root(r->doc);
	if (!xml_is(r->response, XML_NS_PROTOCOL, "Response"))
		return error_set(err, REASON_XML_SHAPE, "the document is %.80s, not a Response", xml_name(r->response));
	if (require_status(r->response, err) < 0)
		return -1;
	check_begins(expect, SAML_CHECK_ONE_ASSERTION);
	if (take_assertion(r, err) < 0)
		return -1;
	check_begins(expect, SAML_CHECK_ENCRYPTION_WANTED);
	if (require_wanted_form(r, expect, err) < 0)
		return -1;
	check_begins(expect, SAML_CHECK_SHAPE);
	if (require_parts(r->response, response_parts, err) < 0)
		return -1;
	return r->encrypted ? 0 : require_parts(r->assertion, assertion_parts, err);
}

/* `issuer`: the Issuer element; it must name the provider (SAML core 2.2.5). */
static int require_issuer(const xml_node *issuer, const struct saml_expect *expect, struct error *err)
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

/* SAML lets the Response go without one, the identity providers served here never do. */
static int require_issuer_of(const xml_node *element, const struct saml_expect *expect, struct error *err)
{
	xml_node *issuer = NULL;

	check_begins(expect, xml_is(element, XML_NS_PROTOCOL, "Response") ? SAML_CHECK_RESPONSE_ISSUER : SAML_CHECK_ASSERTION_ISSUER);
	if (xml_require_child(element, XML_NS_ASSERTION, "Issuer", REASON_WRONG_ISSUER, &issuer, err) < 0)
		return -1;
	if (require_issuer(issuer, expect, err) < 0)
		return error_prefix(err, "%s: ", xml_name(element));
	return 0;
}

/* `expected` signatures below `top`, itself included: none is where it does not belong. */
static int require_signature_count(const xml_node *top, size_t expected, struct error *err)
{
	if (xml_count(top, XML_NS_SIGNATURE, "Signature") != expected)
		return error_set(err, REASON_SIGNATURE_SHAPE, "a signature that is not where it belongs");
	return 0;
}

static int require_signed_response(const struct reading *r, enum saml_signed wanted, struct error *err)
{
	if (!r->response_signature && (wanted == SAML_SIGNED_RESPONSE || wanted == SAML_SIGNED_BOTH))
		return error_set(err, REASON_UNSIGNED, "the Response is not signed");
	return 0;
}

static int require_signed_parts(const struct reading *r, enum saml_signed wanted, struct error *err)
{
	if (!r->response_signature && !r->assertion_signature)
		return error_set(err, REASON_UNSIGNED, "neither Response nor Assertion is signed");
	if (!r->assertion_signature && (wanted == SAML_SIGNED_ASSERTION || wanted == SAML_SIGNED_BOTH))
		return error_set(err, REASON_UNSIGNED, "the Assertion is not signed");
	return require_signed_response(r, wanted, err);
}

/* Whatever is signed must verify, also when one good signature would do.  signature: NULL, nothing to verify. */
static int verify(xml_node *element, xml_node *signature, const struct saml_expect *expect, struct error *err)
{
	if (signature)
		check_begins(expect, xml_is(element, XML_NS_PROTOCOL, "Response") ? SAML_CHECK_RESPONSE_SIGNATURE : SAML_CHECK_ASSERTION_SIGNATURE);
	if (signature && signature_verify(element, signature, expect->provider->keys, expect->now, err) < 0)
		return error_prefix(err, "%s: ", xml_name(element));
	return 0;
}

static int require_metadata(const struct saml_expect *expect, struct error *err)
{
	int64_t until = expect->provider->info.valid_until;

	check_begins(expect, SAML_CHECK_METADATA);
	if (until && expect->now >= until)
		return error_set(err, REASON_METADATA, "the metadata of the identity provider is past its validUntil");
	return 0;
}

/* After the request, not in the future. */
static int require_issue_instant(const xml_node *element, const struct saml_expect *expect, struct error *err)
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

	check_begins(expect, SAML_CHECK_DESTINATION);
	if (!destination || strcmp(destination, expect->acs_url) != 0)
		return error_set(err, REASON_WRONG_DESTINATION, "Destination \"%.200s\"", destination ? destination : "");
	check_begins(expect, SAML_CHECK_IN_RESPONSE_TO);
	if (!request || !*request)
		return error_set(err, REASON_UNSOLICITED, "no InResponseTo");
	if (strcmp(request, expect->request_id) != 0)
		return error_set(err, REASON_WRONG_IN_RESPONSE_TO, "InResponseTo \"%.80s\", the request was \"%.80s\"",
			request,
			expect->request_id);
	check_begins(expect, SAML_CHECK_RESPONSE_INSTANT);
	return require_issue_instant(response, expect, err);
}

static int read_assertion(struct arena *a, const xml_node *assertion, const struct saml_expect *expect,
	struct saml_identity *out, struct error *err)
{
	const char *id = NULL;

	check_begins(expect, SAML_CHECK_ASSERTION_INSTANT);
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
	check_begins(expect, SAML_CHECK_ATTRIBUTES);
	if (attributes_read(a, assertion, expect, out, err) < 0)
		return -1;
	check_begins(expect, SAML_CHECK_TENANT);
	return claims_read(a, expect, out, err);
}

/* ---- a plain assertion ---- */

static int judge_plain(struct arena *a, struct reading *r, const struct saml_expect *expect, struct saml_identity *out,
	struct error *err)
{
	if (require_issuer_of(r->response, expect, err) < 0 || require_issuer_of(r->assertion, expect, err) < 0)
		return -1;
	if (require_metadata(expect, err) < 0)
		return -1;
	check_begins(expect, SAML_CHECK_SIGNATURE_PLACE);
	if (signature_find(r->response, &r->response_signature, err) < 0)
		return -1;
	if (signature_find(r->assertion, &r->assertion_signature, err) < 0)
		return -1;
	if (require_signature_count(r->response, (size_t)!!r->response_signature + (size_t)!!r->assertion_signature, err) < 0)
		return -1;
	check_begins(expect, SAML_CHECK_SIGNED);
	if (require_signed_parts(r, expect->signed_part, err) < 0)
		return -1;
	if (verify(r->response, r->response_signature, expect, err) < 0)
		return -1;
	if (verify(r->assertion, r->assertion_signature, expect, err) < 0)
		return -1;
	if (require_answer(r->response, expect, err) < 0)
		return -1;
	return read_assertion(a, r->assertion, expect, out, err);
}

/* ---- an encrypted assertion ---- */

/*
 * XML encryption 4.4: the content takes the place of EncryptedData, so the
 * namespaces in scope there are its own.  It stands in a document of its own,
 * so that no reference leads from one to the other.
 */
static int parse_opened(struct arena *a, struct reading *r, struct slice content, struct error *err)
{
	struct text t;

	text_begin(&t, a, content.n + 512);
	text_add_c(&t, "<opened");
	xml_add_namespaces(&t, r->encrypted);
	text_add_c(&t, ">");
	text_add(&t, content);
	text_add_c(&t, "</opened>");
	return xml_read_counted(text_slice(&t), &xml_rules_response, &r->opened, &r->opened_bytes, err);
}

/* One assertion and nothing else, nothing of it encrypted once more, no ID that is outside too. */
static int take_opened(struct reading *r, struct error *err)
{
	static const char *const encrypted[] = {"EncryptedAssertion", "EncryptedID", "EncryptedAttribute"};
	xml_node *root = xml_root(r->opened);

	r->assertion = xml_first(root);
	if (!r->assertion || xml_next(r->assertion) || !xml_is(r->assertion, XML_NS_ASSERTION, "Assertion") ||
		xml_count(root, XML_NS_ASSERTION, "Assertion") != 1)
		return error_set(err, REASON_ASSERTION_COUNT, "what was encrypted is not one assertion");
	for (size_t i = 0; i < sizeof(encrypted) / sizeof(*encrypted); i++) {
		if (xml_count(root, XML_NS_ASSERTION, encrypted[i]) > 0)
			return error_set(err, REASON_ENCRYPTED, "%s within what was encrypted", encrypted[i]);
	}
	if (xml_require_no_text(root, REASON_XML_SHAPE, err) < 0)
		return -1;
	if (xml_require_distinct_ids(r->doc, r->opened, &xml_rules_response, err) < 0)
		return -1;
	return require_parts(r->assertion, assertion_parts, err);
}

static int judge_opened(struct arena *a, struct reading *r, struct slice content, const struct saml_expect *expect, struct error *err)
{
	check_begins(expect, SAML_CHECK_SHAPE);
	if (parse_opened(a, r, content, err) < 0 || take_opened(r, err) < 0)
		return -1;
	if (require_issuer_of(r->assertion, expect, err) < 0)
		return -1;
	check_begins(expect, SAML_CHECK_SIGNATURE_PLACE);
	if (signature_find(r->assertion, &r->assertion_signature, err) < 0)
		return -1;
	if (require_signature_count(r->assertion, (size_t)!!r->assertion_signature, err) < 0)
		return -1;
	check_begins(expect, SAML_CHECK_SIGNED);
	if (require_signed_parts(r, expect->signed_part, err) < 0)
		return -1;
	return verify(r->assertion, r->assertion_signature, expect, err);
}

/* One answer to whoever cannot read the content himself; the operator may know. */
static int refuse_opened(struct error *err)
{
	struct error why = *err;

	if (why.reason == REASON_ENCRYPTED_ANSWER)
		return -1;
	return error_set(err, REASON_ENCRYPTED_ANSWER, "%s: %s", reason_word(why.reason), why.detail);
}

/*
 * What was not done, done on a stand-in: see saml_response_read in saml.h.  A
 * signature that fits no key was tried with each, so this is what every
 * refusal must cost.
 */
static void even_out(const struct reading *r, const struct encrypted *e, const struct saml_expect *expect)
{
	const struct trusted_keys *keys = expect->provider->keys;
	size_t tried = keys->tried - r->tried;
	const struct saved_work saved = {
		.content = e->content.n, .parsing = e->content.n > r->opened_bytes ? e->content.n - r->opened_bytes : 0,
		.verifications = keys->n > tried ? keys->n - tried : 0, .signatures = keys->unused - r->unused,
	};
	struct error ignored;

	decryption_stand_in(expect->decryption_keys, &saved, &ignored);
}

/* Decrypts and verifies. */
static int open_encrypted(struct arena *a, struct reading *r, const struct encrypted *e, const struct saml_expect *expect,
	struct error *err)
{
	struct slice content;

	r->tried = expect->provider->keys->tried;
	r->unused = expect->provider->keys->unused;
	if (encrypted_open(a, expect->decryption_keys, e, &content, err) == 0 && judge_opened(a, r, content, expect, err) == 0)
		return 0;
	/* says nothing about the content: nobody came to look at it */
	if (err->reason == REASON_KEYS_UNAVAILABLE)
		return -1;
	even_out(r, e, expect);
	return refuse_opened(err);
}

/*
 * The signature of the Response covers the assertion as it was sent: it comes
 * before any key is used.  With it the content is the identity provider's, and
 * what it says may be refused by name.
 */
static int judge_encrypted(struct arena *a, struct reading *r, const struct saml_expect *expect, struct saml_identity *out,
	struct error *err)
{
	struct encrypted e;

	if (require_issuer_of(r->response, expect, err) < 0)
		return -1;
	if (require_metadata(expect, err) < 0)
		return -1;
	check_begins(expect, SAML_CHECK_SIGNATURE_PLACE);
	if (signature_find(r->response, &r->response_signature, err) < 0)
		return -1;
	if (require_signature_count(r->response, (size_t)!!r->response_signature, err) < 0)
		return -1;
	check_begins(expect, SAML_CHECK_SIGNED);
	if (require_signed_response(r, expect->signed_part, err) < 0)
		return -1;
	if (verify(r->response, r->response_signature, expect, err) < 0)
		return -1;
	if (require_answer(r->response, expect, err) < 0)
		return -1;
	check_begins(expect, SAML_CHECK_DECRYPTION);
	if (encrypted_read(a, r->encrypted, expect->entity_id, &e, err) < 0)
		return -1;
	if (open_encrypted(a, r, &e, expect, err) < 0)
		return -1;
	if (read_assertion(a, r->assertion, expect, out, err) == 0)
		return 0;
	if (r->response_signature)
		return -1;
	even_out(r, &e, expect);
	return refuse_opened(err);
}

int saml_response_read(struct arena *a, const struct saml_expect *expect, struct slice base64, struct saml_identity *out,
	struct error *err)
{
	struct saml_identity identity = {0};
	struct reading r = {0};
	struct slice bytes;
	int rc = -1;

	check_begins(expect, SAML_CHECK_FORM);
	if (decode(a, base64, &bytes, err) < 0)
		goto out;
	check_begins(expect, SAML_CHECK_XML);
	if (xml_read(bytes, &xml_rules_response, &r.doc, err) < 0)
		goto out;
	if (take_response(&r, expect, err) < 0)
		goto out;
	if (r.encrypted)
		rc = judge_encrypted(a, &r, expect, &identity, err);
	else
		rc = judge_plain(a, &r, expect, &identity, err);
	if (rc == 0)
		*out = identity;
out:
	xml_free(r.opened);
	xml_free(r.doc);
	return rc;
}
