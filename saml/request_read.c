/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The AuthnRequest from Atlassian, from the bytes that a browser brought (SAML
 * bindings 3.4 and 3.5, core 3.4.1).
 *
 * Parameters are taken from the raw query or form body, each at most once, so
 * that what is read is what a signature over the query covers.  Whether one is
 * there and right is judged afterwards, on the same document
 * (request_signature.c).
 */
#include "saml/binding.h"
#include "saml/message.h"
#include "saml/request_signature.h"

#define MALFORMED REASON_REQUEST_MALFORMED

static const struct binding_message authn_request = {
	.name = "SAMLRequest", .bytes = SAML_REQUEST_MAX, .missing = REASON_REQUEST_MISSING, .malformed = REASON_REQUEST_MALFORMED,
	.doubled = REASON_REQUEST_DOUBLED, .too_large = REASON_REQUEST_TOO_LARGE,
};

/* ---- from the document to the request ---- */

/* In the order of the schema (core 3.2.1 and 3.4.1). */
static const struct message_child children[] = {
	{XML_NS_ASSERTION, "Issuer"},
	{XML_NS_SIGNATURE, "Signature"},
	{XML_NS_PROTOCOL, "Extensions"},
	{XML_NS_ASSERTION, "Subject"},
	{XML_NS_PROTOCOL, "NameIDPolicy"},
	{XML_NS_ASSERTION, "Conditions"},
	{XML_NS_PROTOCOL, "RequestedAuthnContext"},
	{XML_NS_PROTOCOL, "Scoping"},
	{NULL, NULL},
};

/* Only a name in clear is a hint; other subjects say nothing to us. */
static int read_subject(struct arena *a, const xml_node *root, const char **out, struct error *err)
{
	xml_node *subject, *name_id = NULL;

	if (xml_children(root, XML_NS_ASSERTION, "Subject", &subject) == 0)
		return 0;
	if (xml_optional_child(subject, XML_NS_ASSERTION, "NameID", MALFORMED, &name_id, err) < 0)
		return -1;
	return name_id ? message_value(a, name_id, MALFORMED, out, err) : 0;
}

static int read_request(struct arena *a, const xml_node *root, struct saml_request *out, struct error *err)
{
	struct saml_request r = {.has_acs_index = xml_attribute(root, "AssertionConsumerServiceIndex") != NULL};

	if (!xml_is(root, XML_NS_PROTOCOL, "AuthnRequest"))
		return error_set(err, MALFORMED, "%s is not an AuthnRequest", xml_name(root));
	if (message_require(root, children, MALFORMED, err) < 0)
		return -1;
	if (message_id(a, root, MALFORMED, &r.id, err) < 0 || message_issuer(a, root, MALFORMED, &r.issuer, err) < 0)
		return -1;
	if (xml_time(root, "IssueInstant", MALFORMED, &r.issue_instant, err) < 0)
		return -1;
	if (message_attribute(a, root, "AssertionConsumerServiceURL", MALFORMED, &r.acs_url, err) < 0 ||
		message_attribute(a, root, "ProtocolBinding", MALFORMED, &r.protocol_binding, err) < 0 ||
		message_attribute(a, root, "Destination", MALFORMED, &r.destination, err) < 0)
		return -1;
	if (xml_boolean(root, "ForceAuthn", false, MALFORMED, &r.force_authn, err) < 0 ||
		xml_boolean(root, "IsPassive", false, MALFORMED, &r.is_passive, err) < 0)
		return -1;
	if (read_subject(a, root, &r.subject, err) < 0)
		return -1;
	*out = r;
	return 0;
}

int saml_request_read(struct arena *a, enum saml_binding binding, struct slice parameters, struct saml_request *out,
	struct slice *relay_state_out, struct error *err)
{
	/* nobody is known, so nobody's signature is looked at */
	const struct saml_request_source from = {.binding = binding, .parameters = parameters};

	return saml_request_accept(a, &from, out, relay_state_out, err);
}

int saml_request_accept(struct arena *a, const struct saml_request_source *from, struct saml_request *out, struct slice *relay_state_out,
	struct error *err)
{
	struct slice relay_state, message;
	struct saml_request request;
	xml_doc *doc = NULL;
	int rc = -1;

	if (binding_read(a, &authn_request, from->binding, from->parameters, &message, &relay_state, err) < 0)
		return -1;
	if (xml_read(message, &xml_rules_request, &doc, err) < 0)
		return -1;
	if (read_request(a, xml_root(doc), &request, err) < 0)
		goto out;
	if (request_signature_judge(a, from, xml_root(doc), request.issuer, &request.is_signed, err) < 0)
		goto out;
	*out = request;
	*relay_state_out = relay_state;
	rc = 0;
out:
	xml_free(doc);
	return rc;
}
