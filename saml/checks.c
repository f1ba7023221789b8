/* SPDX-License-Identifier: GPL-3.0-or-later */
/* For whoever explains a stored Response: the words of its checks, and what it says of itself. */
#include "saml/saml.h"
#include "saml/xml.h"

#include "base/encode.h"

const char *saml_check_word(enum saml_check check)
{
	static const char *const words[SAML_CHECK_COUNT] = {
#define CHECK(name, word, what) [SAML_CHECK_##name] = word,
#include "saml/checks.def"
#undef CHECK
	};

	return words[check];
}

const char *saml_check_what(enum saml_check check)
{
	static const char *const texts[SAML_CHECK_COUNT] = {
#define CHECK(name, word, what) [SAML_CHECK_##name] = what,
#include "saml/checks.def"
#undef CHECK
	};

	return texts[check];
}

static void peek(struct arena *a, const xml_doc *doc, struct saml_peek *out)
{
	const xml_node *response = xml_root(doc);
	xml_node *issuer = NULL;
	const char *value = NULL;
	struct error ignored;

	out->in_response_to = arena_strdup(a, xml_attribute(response, "InResponseTo"));
	if (xml_time(response, "IssueInstant", REASON_ISSUE_INSTANT, &out->issue_instant, &ignored) < 0)
		out->issue_instant = 0;
	if (xml_optional_child(response, XML_NS_ASSERTION, "Issuer", REASON_WRONG_ISSUER, &issuer, &ignored) == 0 && issuer &&
		xml_value(issuer, REASON_WRONG_ISSUER, &value, &ignored) == 0)
		out->issuer = arena_strdup(a, value);
	out->is_encrypted = xml_count(response, XML_NS_ASSERTION, "EncryptedAssertion") > 0;
}

int saml_response_peek(struct arena *a, struct slice base64, struct saml_peek *out, struct error *err)
{
	struct saml_peek found = {0};
	xml_doc *doc = NULL;
	struct slice bytes;

	if (base64_decode(a, base64, &bytes) < 0)
		return error_set(err, REASON_RESPONSE_MALFORMED, "SAMLResponse is not base64");
	if (bytes.n == 0 || bytes.n > SAML_RESPONSE_MAX)
		return error_set(err, bytes.n ? REASON_RESPONSE_TOO_LARGE : REASON_RESPONSE_MISSING, "SAMLResponse of %zu bytes", bytes.n);
	if (xml_read(bytes, &xml_rules_response, &doc, err) < 0)
		return -1;
	peek(a, doc, &found);
	xml_free(doc);
	*out = found;
	return 0;
}
