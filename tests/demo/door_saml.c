/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A service provider on lasso, as strict as Atlassian's measured code and where that is lax, stricter. */
#include "tests/demo/door_saml.h"
#include "tests/demo/peer.h"
#include "tests/demo/peer_saml.h"

#include <lasso/lasso.h>
#include <lasso/xml/misc_text_node.h>
#include <lasso/xml/saml-2.0/saml2_assertion.h>
#include <lasso/xml/saml-2.0/saml2_attribute.h>
#include <lasso/xml/saml-2.0/saml2_attribute_statement.h>
#include <lasso/xml/saml-2.0/saml2_attribute_value.h>
#include <lasso/xml/saml-2.0/saml2_audience_restriction.h>
#include <lasso/xml/saml-2.0/saml2_conditions.h>
#include <lasso/xml/saml-2.0/saml2_name_id.h>
#include <lasso/xml/saml-2.0/saml2_subject.h>
#include <lasso/xml/saml-2.0/saml2_subject_confirmation.h>
#include <lasso/xml/saml-2.0/samlp2_authn_request.h>
#include <lasso/xml/saml-2.0/samlp2_response.h>

#include <openssl/evp.h>
#include <openssl/pem.h>

#define BEARER "urn:oasis:names:tc:SAML:2.0:cm:bearer"

struct door_sp {
	LassoServer *server;
	char *entity_id, *acs_url, *idp_entity_id;
};

/* lasso begins no request without a key, even where nothing is signed: one that nobody else knows or trusts. */
static char *throw_away_key(void)
{
	EVP_PKEY *key = EVP_RSA_gen(2048);
	BIO *bio = BIO_new(BIO_s_mem());
	char *bytes, *pem;
	long n;

	if (!key || !bio || PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) != 1)
		peer_die("no key can be made");
	n = BIO_get_mem_data(bio, &bytes);
	pem = g_strndup(bytes, (gsize)n);
	BIO_free(bio);
	EVP_PKEY_free(key);
	return pem;
}

struct door_sp *door_sp_new(const struct door_options *options)
{
	struct door_sp *sp = g_new0(struct door_sp, 1);
	char *own = peer_sp_metadata(options->entity_id, options->acs_url, NULL, NULL);
	char *certificate = peer_certificate_body(options->idp_certificate_pem), *key = throw_away_key();
	char *other = peer_idp_metadata(options->idp_entity_id, options->idp_sso_url, certificate);

	sp->entity_id = g_strdup(options->entity_id);
	sp->acs_url = g_strdup(options->acs_url);
	sp->idp_entity_id = g_strdup(options->idp_entity_id);
	sp->server = lasso_server_new_from_buffers(own, key, NULL, NULL);
	if (!sp->server || lasso_server_add_provider_from_buffer(sp->server, LASSO_PROVIDER_ROLE_IDP, other, NULL, NULL) != 0)
		peer_die("lasso does not take these values of the identity provider");
	g_free(key);
	free(other);
	free(certificate);
	free(own);
	return sp;
}

void door_sp_free(struct door_sp *sp)
{
	g_object_unref(sp->server);
	g_free(sp->entity_id);
	g_free(sp->acs_url);
	g_free(sp->idp_entity_id);
	g_free(sp);
}

char *door_request_write(struct door_sp *sp, const char *relay_state, char *id_out, size_t id_size)
{
	LassoLogin *login = lasso_login_new(sp->server);
	LassoProfile *profile = LASSO_PROFILE(login);
	LassoSamlp2AuthnRequest *request;
	char *url;
	int rc;

	rc = lasso_login_init_authn_request(login, sp->idp_entity_id, LASSO_HTTP_METHOD_REDIRECT);
	if (rc != 0)
		peer_die("lasso does not begin an AuthnRequest: %s", lasso_strerror(rc));
	request = LASSO_SAMLP2_AUTHN_REQUEST(profile->request);
	g_clear_object(&request->NameIDPolicy);
	g_free(request->ProtocolBinding);
	request->ProtocolBinding = g_strdup(LASSO_SAML2_METADATA_BINDING_POST);
	g_free(request->AssertionConsumerServiceURL);
	request->AssertionConsumerServiceURL = g_strdup(sp->acs_url);
	g_free(LASSO_SAMLP2_REQUEST_ABSTRACT(request)->ID);
	LASSO_SAMLP2_REQUEST_ABSTRACT(request)->ID = g_malloc(PEER_ID_SIZE);
	peer_random_id(LASSO_SAMLP2_REQUEST_ABSTRACT(request)->ID);
	profile->msg_relayState = g_strdup(relay_state);
	lasso_profile_set_signature_hint(profile, LASSO_PROFILE_SIGNATURE_HINT_FORBID);
	rc = lasso_login_build_authn_request_msg(login);
	if (rc != 0)
		peer_die("lasso does not write an AuthnRequest: %s", lasso_strerror(rc));
	snprintf(id_out, id_size, "%s", LASSO_SAMLP2_REQUEST_ABSTRACT(request)->ID);
	url = g_strdup(profile->msg_url);
	g_object_unref(login);
	return url;
}

/* ---- the response ---- */

static bool is(const char *value, const char *wanted)
{
	return value && strcmp(value, wanted) == 0;
}

static const char *destination_problem(const struct door_sp *sp, const LassoSamlp2StatusResponse *response, const char *request_id)
{
	if (!is(response->Destination, sp->acs_url))
		return "Destination is not this door's ACS with its query";
	if (request_id ? !is(response->InResponseTo, request_id) : response->InResponseTo != NULL)
		return "InResponseTo of the Response is not the request of this browser";
	return NULL;
}

static const char *subject_problem(const struct door_sp *sp, const LassoSaml2Subject *subject, const char *request_id)
{
	const LassoSaml2SubjectConfirmationData *data;

	if (!subject || !subject->NameID || !subject->NameID->content || !*subject->NameID->content)
		return "no NameID";
	if (!subject->SubjectConfirmation || !is(subject->SubjectConfirmation->Method, BEARER))
		return "no bearer confirmation";
	data = subject->SubjectConfirmation->SubjectConfirmationData;
	if (!data || !is(data->Recipient, sp->acs_url))
		return "Recipient is not this door's ACS with its query";
	if (request_id ? !is(data->InResponseTo, request_id) : data->InResponseTo != NULL)
		return "InResponseTo of the confirmation is not the request of this browser";
	if (!data->NotOnOrAfter)
		return "the confirmation does not end";
	return NULL;
}

static const char *conditions_problem(const struct door_sp *sp, LassoSaml2Assertion *assertion)
{
	const LassoSaml2Conditions *conditions = assertion->Conditions;
	const GList *restrictions = conditions ? conditions->AudienceRestriction : NULL;

	if (!conditions || !conditions->NotBefore || !conditions->NotOnOrAfter)
		return "no Conditions with both times";
	if (!restrictions || restrictions->next)
		return "not exactly one audience";
	if (!is(LASSO_SAML2_AUDIENCE_RESTRICTION(restrictions->data)->Audience, sp->entity_id))
		return "the audience is not this door";
	/* One answer of three: only VALID is good. */
	if (lasso_saml2_assertion_validate_conditions(assertion, sp->entity_id) != LASSO_SAML2_ASSERTION_VALID ||
			lasso_saml2_assertion_validate_time_checks(assertion, 180, 0) != LASSO_SAML2_ASSERTION_VALID)
		return "the assertion does not hold now";
	return NULL;
}

static void copy_attribute(struct door_attribute *to, const LassoSaml2Attribute *from)
{
	size_t n = 0;

	snprintf(to->name, sizeof to->name, "%s", from->Name ? from->Name : "");
	for (const GList *v = from->AttributeValue; v; v = v->next) {
		const LassoSaml2AttributeValue *value = v->data;

		for (const GList *part = value->any; part; part = part->next) {
			const char *text = LASSO_IS_MISC_TEXT_NODE(part->data) ? LASSO_MISC_TEXT_NODE(part->data)->content : NULL;

			if (text && n < sizeof to->values)
				n += (size_t)snprintf(to->values + n, sizeof to->values - n, "%s%s", n ? "\n" : "", text);
		}
	}
}

static void copy_identity(struct door_identity *out, const LassoSaml2Assertion *assertion, const char *request_id)
{
	const LassoSaml2NameID *name = assertion->Subject->NameID;

	memset(out, 0, sizeof *out);
	snprintf(out->name_id, sizeof out->name_id, "%s", name->content);
	snprintf(out->name_id_format, sizeof out->name_id_format, "%s", name->Format ? name->Format : "");
	snprintf(out->in_response_to, sizeof out->in_response_to, "%s", request_id ? request_id : "");
	for (const GList *s = assertion->AttributeStatement; s; s = s->next) {
		for (const GList *a = LASSO_SAML2_ATTRIBUTE_STATEMENT(s->data)->Attribute; a; a = a->next) {
			if (out->attribute_count < DOOR_ATTRIBUTES_MAX)
				copy_attribute(&out->attributes[out->attribute_count++], a->data);
		}
	}
}

/* The one assertion of a Response that lasso has verified, or NULL with the problem. */
static LassoSaml2Assertion *verified_assertion(LassoLogin *login, const char *response, const char **problem, int *rc_out)
{
	LassoSamlp2Response *message;

	/* lasso's own way: a signature on the Response or on the assertion; neither is an error (a test of ours strips both). */
	*rc_out = lasso_login_process_authn_response_msg(login, (char *)response);
	*problem = "lasso refuses the Response";
	if (*rc_out != 0 || !LASSO_IS_SAMLP2_RESPONSE(LASSO_PROFILE(login)->response))
		return NULL;
	message = LASSO_SAMLP2_RESPONSE(LASSO_PROFILE(login)->response);
	*problem = "not exactly one assertion in the clear";
	if (!message->Assertion || message->Assertion->next || message->EncryptedAssertion)
		return NULL;
	*problem = NULL;
	return LASSO_SAML2_ASSERTION(message->Assertion->data);
}

bool door_response_read(struct door_sp *sp, const char *response, const char *request_id, struct door_identity *out,
	char *problem, size_t problem_size)
{
	LassoLogin *login = lasso_login_new(sp->server);
	LassoSaml2Assertion *assertion;
	const char *what = NULL;
	int rc = 0;

	assertion = verified_assertion(login, response, &what, &rc);
	if (assertion && !what)
		what = destination_problem(sp, LASSO_SAMLP2_STATUS_RESPONSE(LASSO_PROFILE(login)->response), request_id);
	if (assertion && !what)
		what = subject_problem(sp, assertion->Subject, request_id);
	if (assertion && !what)
		what = conditions_problem(sp, assertion);
	if (assertion && !what)
		copy_identity(out, assertion, request_id);
	else if (rc != 0)
		snprintf(problem, problem_size, "%s: %s", what, lasso_strerror(rc));
	else
		snprintf(problem, problem_size, "%s", what);
	g_object_unref(login);
	return !what;
}

const char *door_attribute(const struct door_identity *identity, const char *name_end)
{
	size_t n = strlen(name_end);

	for (size_t i = 0; i < identity->attribute_count; i++) {
		const char *name = identity->attributes[i].name;

		if (strlen(name) >= n && strcmp(name + strlen(name) - n, name_end) == 0)
			return identity->attributes[i].values;
	}
	return "";
}
