/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The Response to Atlassian: one assertion, signed; or none, and why not.
 *
 * The text is written at once in the form that exclusive canonicalisation
 * (xml-exc-c14n) would give it: attributes in their order, every element with
 * an end tag, each namespace declared on the outermost element of each subtree
 * that uses its prefix.  So the bytes we hash are the bytes we send, and no
 * document is ever built.  tests/unit/test_response_write.c compares them with
 * what libxml2 makes of them.
 *
 * An element that will be signed is written in two pieces, before and after
 * its signature: the enveloped-signature transform takes the signature out,
 * so the digest is over the two pieces as one.
 *
 * What receivers are known to want (measured with Auth0's code, which is
 * Atlassian's log-in): Destination and Recipient equal the ACS with its query,
 * one Audience, the signature after the Issuer.  Attributes have neither
 * xsi:type nor, when their name is not a URI, a NameFormat, as Entra writes
 * them; a name that is a URI says so, since Shibboleth looks for that.
 */
#include "saml/key.h"

#include "base/encode.h"
#include "base/random.h"
#include "base/text.h"

#define NS_ASSERTION "urn:oasis:names:tc:SAML:2.0:assertion"
#define NS_PROTOCOL "urn:oasis:names:tc:SAML:2.0:protocol"
#define NS_DSIG "http://www.w3.org/2000/09/xmldsig#"
#define C14N_EXCLUSIVE "http://www.w3.org/2001/10/xml-exc-c14n#"
#define STATUS "urn:oasis:names:tc:SAML:2.0:status:"
#define LIFETIME 300                    /* seconds, unless the caller says */
#define CLOCK_BEHIND 60                 /* NotBefore lies so far back: the receiver's clock may be behind ours */

/* An element in two pieces: its signature goes between them. */
struct around {
	struct slice id;
	struct slice before, after;
};

struct writer {
	struct arena *arena;
	const struct saml_answer *answer;
	char assertion_id[RANDOM_ID_SIZE], response_id[RANDOM_ID_SIZE];
	char now[21], not_before[21], not_on_or_after[21], authn_instant[21];
};

static void attribute(struct text *t, const char *name, const char *value)
{
	text_add_c(t, " ");
	text_add_c(t, name);
	text_add_c(t, "=\"");
	text_add_xml_attribute(t, slice_c(value));
	text_add_c(t, "\"");
}

/* open: "<saml:Issuer>"; shut: "</saml:Issuer>". */
static void element(struct text *t, const char *open, const char *value, const char *shut)
{
	text_add_c(t, open);
	text_add_xml_text(t, slice_c(value));
	text_add_c(t, shut);
}

/* SAML core 2.4 */
static void write_subject(struct text *t, const struct writer *w)
{
	text_add_c(t, "<saml:Subject><saml:NameID");
	attribute(t, "Format", w->answer->name_id_format);
	element(t, ">", w->answer->name_id, "</saml:NameID>");
	text_add_c(t, "<saml:SubjectConfirmation Method=\"urn:oasis:names:tc:SAML:2.0:cm:bearer\">"
		"<saml:SubjectConfirmationData");
	if (w->answer->in_response_to)
		attribute(t, "InResponseTo", w->answer->in_response_to);
	attribute(t, "NotOnOrAfter", w->not_on_or_after);
	attribute(t, "Recipient", w->answer->acs_url);
	text_add_c(t, "></saml:SubjectConfirmationData></saml:SubjectConfirmation></saml:Subject>");
}

/* SAML core 2.5.1 */
static void write_conditions(struct text *t, const struct writer *w)
{
	text_add_c(t, "<saml:Conditions");
	attribute(t, "NotBefore", w->not_before);
	attribute(t, "NotOnOrAfter", w->not_on_or_after);
	element(t, "><saml:AudienceRestriction><saml:Audience>", w->answer->audience,
		"</saml:Audience></saml:AudienceRestriction></saml:Conditions>");
}

/* SAML core 2.7.2; the session index is the assertion's id, so that a logout can be found in the audit. */
static void write_authn_statement(struct text *t, const struct writer *w)
{
	const char *context = w->answer->authn_context;

	text_add_c(t, "<saml:AuthnStatement");
	attribute(t, "AuthnInstant", w->authn_instant);
	attribute(t, "SessionIndex", w->assertion_id);
	element(t, "><saml:AuthnContext><saml:AuthnContextClassRef>",
		context ? context : "urn:oasis:names:tc:SAML:2.0:ac:classes:unspecified",
		"</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>");
}

/* The names that Atlassian and Entra use begin with a scheme; "groups" does not. */
static bool name_is_uri(const char *name)
{
	return strncmp(name, "http://", 7) == 0 || strncmp(name, "https://", 8) == 0 || strncmp(name, "urn:", 4) == 0;
}

/* SAML core 2.7.3.  An attribute without a value is left out, and so is a statement without an attribute (schema). */
static void write_attribute_statement(struct text *t, const struct writer *w)
{
	size_t written = 0;

	for (size_t i = 0; i < w->answer->attribute_count; i++) {
		const struct saml_attribute *one = &w->answer->attributes[i];

		if (one->n == 0)
			continue;
		text_add_c(t, written++ == 0 ? "<saml:AttributeStatement><saml:Attribute" : "<saml:Attribute");
		attribute(t, "Name", one->name);
		if (name_is_uri(one->name))
			attribute(t, "NameFormat", "urn:oasis:names:tc:SAML:2.0:attrname-format:uri");
		text_add_c(t, ">");
		for (size_t v = 0; v < one->n; v++)
			element(t, "<saml:AttributeValue>", one->values[v], "</saml:AttributeValue>");
		text_add_c(t, "</saml:Attribute>");
	}
	if (written > 0)
		text_add_c(t, "</saml:AttributeStatement>");
}

/* SAML core 2.3.3 */
static struct around write_assertion(const struct writer *w)
{
	struct text before, after;

	text_begin(&before, w->arena, 512);
	text_add_c(&before, "<saml:Assertion xmlns:saml=\"" NS_ASSERTION "\"");
	attribute(&before, "ID", w->assertion_id);
	attribute(&before, "IssueInstant", w->now);
	element(&before, " Version=\"2.0\"><saml:Issuer>", w->answer->entity_id, "</saml:Issuer>");

	text_begin(&after, w->arena, 4096);
	write_subject(&after, w);
	write_conditions(&after, w);
	write_authn_statement(&after, w);
	write_attribute_statement(&after, w);
	text_add_c(&after, "</saml:Assertion>");
	return (struct around){slice_c(w->assertion_id), text_slice(&before), text_slice(&after)};
}

/* SAML core 3.3.3 */
static struct around write_response(const struct writer *w, struct slice status, struct slice assertion)
{
	struct text before, after;

	text_begin(&before, w->arena, 768);
	text_add_c(&before, "<samlp:Response xmlns:samlp=\"" NS_PROTOCOL "\"");
	attribute(&before, "Destination", w->answer->acs_url);
	attribute(&before, "ID", w->response_id);
	if (w->answer->in_response_to)
		attribute(&before, "InResponseTo", w->answer->in_response_to);
	attribute(&before, "IssueInstant", w->now);
	element(&before, " Version=\"2.0\"><saml:Issuer xmlns:saml=\"" NS_ASSERTION "\">", w->answer->entity_id,
		"</saml:Issuer>");

	text_begin(&after, w->arena, assertion.n + 256);
	text_add_c(&after, "<samlp:Status>");
	text_add(&after, status);
	text_add_c(&after, "</samlp:Status>");
	text_add(&after, assertion);
	text_add_c(&after, "</samlp:Response>");
	return (struct around){slice_c(w->response_id), text_slice(&before), text_slice(&after)};
}

/* XML signature 4.4, behind "<ds:SignedInfo". */
static struct slice write_signed_info(struct arena *a, struct slice id, const unsigned char digest[KEY_DIGEST_SIZE])
{
	struct text t;

	text_begin(&t, a, 1024);
	text_add_c(&t, "><ds:CanonicalizationMethod Algorithm=\"" C14N_EXCLUSIVE "\"></ds:CanonicalizationMethod>"
		"<ds:SignatureMethod Algorithm=\"http://www.w3.org/2001/04/xmldsig-more#rsa-sha256\"></ds:SignatureMethod>"
		"<ds:Reference URI=\"#");
	text_add_xml_attribute(&t, id);
	text_add_c(&t, "\"><ds:Transforms>"
		"<ds:Transform Algorithm=\"" NS_DSIG "enveloped-signature\"></ds:Transform>"
		"<ds:Transform Algorithm=\"" C14N_EXCLUSIVE "\"></ds:Transform></ds:Transforms>"
		"<ds:DigestMethod Algorithm=\"http://www.w3.org/2001/04/xmlenc#sha256\"></ds:DigestMethod><ds:DigestValue>");
	text_add_base64(&t, slice_of(digest, KEY_DIGEST_SIZE));
	text_add_c(&t, "</ds:DigestValue></ds:Reference></ds:SignedInfo>");
	return text_slice(&t);
}

/*
 * The element with its signature inside.  SignedInfo is hashed as an element
 * of its own, so there it declares the namespace that in the message its
 * parent declares.
 */
static int sign(struct arena *a, const struct saml_key *key, const struct around *what, struct slice *out, struct error *err)
{
	unsigned char digest[KEY_DIGEST_SIZE];
	struct slice info, signature, certificate = key_certificate(key);
	struct text alone, whole;

	if (key_digest(key, what->before, what->after, digest, err) < 0)
		return -1;
	info = write_signed_info(a, what->id, digest);
	text_begin(&alone, a, info.n + 64);
	text_add_c(&alone, "<ds:SignedInfo xmlns:ds=\"" NS_DSIG "\"");
	text_add(&alone, info);
	if (key_sign(key, a, text_slice(&alone), &signature, err) < 0)
		return -1;

	text_begin(&whole, a, what->before.n + what->after.n + info.n + signature.n * 4 / 3 + certificate.n + 512);
	text_add(&whole, what->before);
	text_add_c(&whole, "<ds:Signature xmlns:ds=\"" NS_DSIG "\"><ds:SignedInfo");
	text_add(&whole, info);
	text_add_c(&whole, "<ds:SignatureValue>");
	text_add_base64(&whole, signature);
	text_add_c(&whole, "</ds:SignatureValue><ds:KeyInfo><ds:X509Data><ds:X509Certificate>");
	text_add(&whole, certificate);
	text_add_c(&whole, "</ds:X509Certificate></ds:X509Data></ds:KeyInfo></ds:Signature>");
	text_add(&whole, what->after);
	*out = text_slice(&whole);
	return 0;
}

static struct slice join(struct arena *a, const struct around *what)
{
	struct text t;

	text_begin(&t, a, what->before.n + what->after.n + 1);
	text_add(&t, what->before);
	text_add(&t, what->after);
	return text_slice(&t);
}

/* Whatever came from a directory or a person may hold anything; what XML cannot carry would break the whole message. */
static int require_sendable(const char *what, const char *value, struct error *err)
{
	if (!value)
		return error_set(err, REASON_UNSENDABLE, "%s is missing", what);
	if (!utf8_is_clean(slice_c(value)))
		return error_set(err, REASON_UNSENDABLE, "%s holds bytes that XML cannot carry", what);
	return 0;
}

static int require_filled(const char *what, const char *value, struct error *err)
{
	if (require_sendable(what, value, err) < 0)
		return -1;
	if (!*value)
		return error_set(err, REASON_UNSENDABLE, "%s is empty", what);
	return 0;
}

static int require_attributes(const struct saml_answer *answer, struct error *err)
{
	for (size_t i = 0; i < answer->attribute_count; i++) {
		const struct saml_attribute *one = &answer->attributes[i];

		if (require_filled("an attribute's name", one->name, err) < 0)
			return -1;
		for (size_t v = 0; v < one->n; v++)
			if (require_sendable(one->name, one->values[v], err) < 0)
				return -1;
	}
	return 0;
}

static int require_answer(const struct saml_answer *answer, struct error *err)
{
	const struct {
		const char *what, *value;
	} needed[] = {
		{"the entity ID", answer->entity_id},
		{"the audience", answer->audience},
		{"the assertion consumer service", answer->acs_url},
		{"the name ID", answer->name_id},
		{"the format of the name ID", answer->name_id_format},
		{"the authentication context", answer->authn_context ? answer->authn_context : "-"},
		{"the id of the request", answer->in_response_to ? answer->in_response_to : "-"},
	};

	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
		if (require_filled(needed[i].what, needed[i].value, err) < 0)
			return -1;
	if (answer->now <= 0 || answer->authn_instant <= 0 || answer->lifetime < 0)
		return error_set(err, REASON_INTERNAL, "a Response without a time");
	return require_attributes(answer, err);
}

static void writer_begin(struct writer *w, struct arena *a, const struct saml_answer *answer)
{
	*w = (struct writer){.arena = a, .answer = answer};
	random_id(w->assertion_id);
	random_id(w->response_id);
	time_write(answer->now, w->now);
	time_write(answer->now - CLOCK_BEHIND, w->not_before);
	time_write(answer->now + (answer->lifetime ? answer->lifetime : LIFETIME), w->not_on_or_after);
	time_write(answer->authn_instant, w->authn_instant);
}

static struct saml_issued issued(const struct writer *w, struct slice whole)
{
	struct text base64;

	text_begin(&base64, w->arena, whole.n * 4 / 3 + 8);
	text_add_base64(&base64, whole);
	return (struct saml_issued){.response_id = arena_strdup(w->arena, w->response_id), .xml = whole, .base64 = base64.p};
}

int saml_response_write(struct arena *a, const struct saml_key *key, const struct saml_answer *answer, struct saml_issued *out,
	struct error *err)
{
	struct writer w;
	struct around assertion, response;
	struct slice inner, whole;

	if (require_answer(answer, err) < 0)
		return -1;
	writer_begin(&w, a, answer);

	assertion = write_assertion(&w);
	if (answer->sign == SAML_SIGN_RESPONSE)
		inner = join(a, &assertion);
	else if (sign(a, key, &assertion, &inner, err) < 0)
		return -1;

	response = write_response(&w, slice_c("<samlp:StatusCode Value=\"" STATUS "Success\"></samlp:StatusCode>"), inner);
	if (answer->sign == SAML_SIGN_ASSERTION)
		whole = join(a, &response);
	else if (sign(a, key, &response, &whole, err) < 0)
		return -1;

	*out = issued(&w, whole);
	out->assertion_id = arena_strdup(a, w.assertion_id);
	return 0;
}

/* ---- a Response that says no ---- */

/* SAML core 3.2.2.  RequestDenied as the first status is not known to everybody (Auth0's code). */
static struct slice write_refusal(struct arena *a, const struct saml_rejection *refusal)
{
	static const char *const second[] = {[SAML_REQUEST_DENIED] = "RequestDenied", [SAML_NO_PASSIVE] = "NoPassive"};
	struct text t;

	text_begin(&t, a, 512);
	text_addf(&t, "<samlp:StatusCode Value=\"" STATUS "Responder\"><samlp:StatusCode Value=\"" STATUS "%s\"></samlp:StatusCode>"
		"</samlp:StatusCode>", second[refusal->status]);
	element(&t, "<samlp:StatusMessage>", refusal->message, "</samlp:StatusMessage>");
	return text_slice(&t);
}

int saml_rejection_write(struct arena *a, const struct saml_key *key, const struct saml_rejection *refusal, struct saml_issued *out,
	struct error *err)
{
	const struct saml_answer answer = {
		.entity_id = refusal->entity_id, .acs_url = refusal->acs_url, .in_response_to = refusal->in_response_to, .now = refusal->now,
		.authn_instant = refusal->now,
	};
	struct around response;
	struct slice whole;
	struct writer w;

	if (require_filled("the entity ID", refusal->entity_id, err) < 0 ||
		require_filled("the assertion consumer service", refusal->acs_url, err) < 0 ||
		require_filled("the id of the request", refusal->in_response_to, err) < 0 || require_filled("the message", refusal->message, err) < 0)
		return -1;
	if (refusal->now <= 0)
		return error_set(err, REASON_INTERNAL, "a Response without a time");
	writer_begin(&w, a, &answer);
	response = write_response(&w, write_refusal(a, refusal), slice_c(""));
	if (sign(a, key, &response, &whole, err) < 0)
		return -1;
	*out = issued(&w, whole);
	return 0;
}
