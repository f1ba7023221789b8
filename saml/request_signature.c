/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Is a request signed by whom it names as its issuer?
 *
 * By HTTP-Redirect the signature stands in the query (bindings 3.4.4.1), by
 * HTTP-POST in the document (bindings 3.5.4.1).  One that stands where the
 * binding does not have it is refused rather than passed over: somebody wanted
 * it to be looked at.
 */
#include "saml/request_signature.h"

#include "saml/redirect.h"
#include "saml/signature.h"

static const struct {
	enum reason verifier, ours;
} reasons[] = {
	{REASON_SIGNATURE_SHAPE, REASON_REQUEST_SIGNATURE_SHAPE},
	{REASON_SIGNATURE_REFERENCE, REASON_REQUEST_SIGNATURE_SHAPE},
	{REASON_SIGNATURE_TRANSFORM, REASON_REQUEST_SIGNATURE_SHAPE},
	{REASON_SIGNATURE_ALGORITHM, REASON_REQUEST_SIGNATURE_ALGORITHM},
};

/* The verifiers speak of the identity provider; here another one signed.  All else is a signature that is not right. */
static int refuse(struct error *err)
{
	enum reason reason = REASON_REQUEST_SIGNATURE;

	for (size_t i = 0; i < sizeof(reasons) / sizeof(*reasons); i++) {
		if (reasons[i].verifier == err->reason)
			reason = reasons[i].ours;
	}
	err->reason = reason;
	return -1;
}

static const struct saml_requester *find(const struct saml_request_source *from, const char *issuer)
{
	for (size_t i = 0; i < from->requester_count; i++) {
		if (from->requesters[i].entity_id && strcmp(from->requesters[i].entity_id, issuer) == 0)
			return &from->requesters[i];
	}
	return NULL;
}

/* 1 verified, 0 there is none, -1 refused. */
static int judge_query(struct arena *a, const struct saml_request_source *from, const xml_node *root, struct trusted_keys *keys,
	struct error *err)
{
	if (xml_count(root, XML_NS_SIGNATURE, "Signature") != 0)
		return error_set(err, REASON_SIGNATURE_SHAPE, "a signature in a document that came by HTTP-Redirect");
	if (!redirect_is_signed(from->parameters))
		return 0;
	return redirect_verify(a, from->parameters, "SAMLRequest", keys, from->now, err) < 0 ? -1 : 1;
}

/* The same, of a form.  One signature in the whole document, in its place: a second one means that somebody moved something. */
static int judge_document(const struct saml_request_source *from, xml_node *root, struct trusted_keys *keys, struct error *err)
{
	size_t n = xml_count(root, XML_NS_SIGNATURE, "Signature");
	xml_node *signature = NULL;

	if (redirect_is_signed(from->parameters))
		return error_set(err, REASON_SIGNATURE_SHAPE, "a signature beside a document that came by HTTP-POST");
	if (n == 0)
		return 0;
	if (signature_find(root, &signature, err) < 0)
		return -1;
	if (n != 1 || !signature)
		return error_set(err, REASON_SIGNATURE_SHAPE, "a signature that is not where it belongs");
	return signature_verify(root, signature, keys, from->now, err) < 0 ? -1 : 1;
}

int request_signature_judge(struct arena *a, const struct saml_request_source *from, xml_node *root, const char *issuer, bool *signed_out,
	struct error *err)
{
	const struct saml_requester *who = find(from, issuer);
	int found = 0;

	if (who && who->signer) {
		found = from->binding == SAML_REDIRECT ? judge_query(a, from, root, &who->signer->keys, err) :
			judge_document(from, root, &who->signer->keys, err);
	}
	if (found < 0)
		return refuse(err);
	if (found == 0 && who && who->signed_only)
		return error_set(err, REASON_REQUEST_UNSIGNED, "%.200s must sign its requests", issuer);
	*signed_out = found == 1;
	return 0;
}
