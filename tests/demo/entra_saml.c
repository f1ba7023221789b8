/* SPDX-License-Identifier: GPL-3.0-or-later */
/* An identity provider on lasso, shaped like Entra ID. */
#include "tests/demo/entra_idp.h"
#include "tests/demo/peer_saml.h"

#include <lasso/xml/misc_text_node.h>
#include <lasso/xml/saml-2.0/saml2_assertion.h>
#include <lasso/xml/saml-2.0/saml2_attribute.h>
#include <lasso/xml/saml-2.0/saml2_attribute_statement.h>
#include <lasso/xml/saml-2.0/saml2_attribute_value.h>
#include <lasso/xml/saml-2.0/saml2_authn_statement.h>
#include <lasso/xml/saml-2.0/saml2_name_id.h>
#include <lasso/xml/saml-2.0/saml2_subject.h>
#include <lasso/xml/saml-2.0/saml2_subject_confirmation.h>
#include <lasso/xml/saml-2.0/samlp2_authn_request.h>
#include <lasso/xml/saml-2.0/samlp2_response.h>

#define MICROSOFT "http://schemas.microsoft.com/identity/claims/"
#define XMLSOAP "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/"
#define METHODS "http://schemas.microsoft.com/claims/authnmethodsreferences"
#define METHOD_PASSWORD "http://schemas.microsoft.com/ws/2008/06/identity/authenticationmethod/password"
#define METHOD_MULTIPLE "http://schemas.microsoft.com/claims/multipleauthn"

struct entra_idp *entra_idp_new(const struct entra_options *options)
{
	struct entra_idp *idp = g_new0(struct entra_idp, 1);
	char *certificate = peer_certificate_body(options->certificate_pem), *metadata;

	idp->tenant = g_strdup(options->tenant);
	idp->sign_assertion = strcmp(options->sign, "response") != 0;
	idp->sign_response = strcmp(options->sign, "assertion") != 0;
	if (options->encrypt_for_pem && !idp->sign_assertion)
		peer_die("lasso encrypts no assertion that is not signed");
	idp->encrypt_for = options->encrypt_for_pem ? peer_certificate_body(options->encrypt_for_pem) : NULL;
	idp->issuer = g_strdup_printf("https://sts.windows.net/%s/", options->tenant);
	metadata = peer_idp_metadata(idp->issuer, options->sso_url, certificate);
	idp->server = lasso_server_new_from_buffers(metadata, options->key_pem, NULL, options->certificate_pem);
	if (!idp->server)
		peer_die("lasso takes neither this key nor this certificate");
	/* lasso signs with SHA-1 unless told otherwise. */
	idp->server->signature_method = LASSO_SIGNATURE_METHOD_RSA_SHA256;
	free(metadata);
	free(certificate);
	return idp;
}

void entra_idp_free(struct entra_idp *idp)
{
	for (size_t i = 0; i < idp->application_count; i++) {
		g_free(idp->applications[i].entity_id);
		g_free(idp->applications[i].acs_urls);
		g_free(idp->applications[i].logout_url);
	}
	g_object_unref(idp->server);
	free(idp->encrypt_for);
	g_free(idp->tenant);
	g_free(idp->issuer);
	g_free(idp);
}

/* As Entra does it, of what lasso can: not the Triple-DES and RSA 1.5 that it takes by itself. */
static void encrypt_for(LassoProvider *application)
{
	lasso_provider_set_encryption_mode(application, LASSO_ENCRYPTION_MODE_ASSERTION);
	lasso_provider_set_encryption_sym_key_type(application, LASSO_ENCRYPTION_SYM_KEY_TYPE_AES_256);
	lasso_provider_set_key_encryption_method(application, LASSO_KEY_ENCRYPTION_METHOD_OAEP);
}

void entra_idp_add_application(struct entra_idp *idp, const char *entity_id, const char *acs_urls, const char *logout_url)
{
	char *metadata = peer_sp_metadata(entity_id, acs_urls, logout_url, idp->encrypt_for);
	struct entra_application *application = &idp->applications[idp->application_count];

	if (idp->application_count == APPLICATIONS_MAX)
		peer_die("more than %d applications", APPLICATIONS_MAX);
	if (lasso_server_add_provider_from_buffer(idp->server, LASSO_PROVIDER_ROLE_SP, metadata, NULL, NULL) != 0)
		peer_die("lasso does not take the application %s", entity_id);
	if (idp->encrypt_for)
		encrypt_for(lasso_server_get_provider(idp->server, entity_id));
	*application = (struct entra_application){g_strdup(entity_id), g_strdup(acs_urls), g_strdup(logout_url)};
	idp->application_count++;
	free(metadata);
}

const struct entra_application *entra_idp_application(const struct entra_idp *idp, const char *entity_id)
{
	for (size_t i = 0; i < idp->application_count; i++) {
		if (strcmp(idp->applications[i].entity_id, entity_id) == 0)
			return &idp->applications[i];
	}
	return NULL;
}

/* The one that the request names, if it is registered; the first, if it names none; otherwise NULL.  Callers free. */
static char *reply_address(const struct entra_idp *idp, const char *issuer, const char *wanted)
{
	const struct entra_application *application = entra_idp_application(idp, issuer);
	char **urls = g_strsplit(application ? application->acs_urls : "", ",", 0), *found = NULL;

	for (size_t i = 0; urls[i] && !found; i++) {
		if (!wanted || strcmp(urls[i], wanted) == 0)
			found = g_strdup(urls[i]);
	}
	g_strfreev(urls);
	return found;
}

bool entra_request_read(struct entra_idp *idp, const char *query, struct entra_request *out, const char **problem_out)
{
	LassoLogin *login = lasso_login_new(idp->server);
	LassoSamlp2AuthnRequest *asked;
	int rc = lasso_login_process_authn_request_msg(login, query);

	*out = (struct entra_request){.login = login};
	if (rc == LASSO_SERVER_ERROR_PROVIDER_NOT_FOUND || rc == LASSO_PROFILE_ERROR_UNKNOWN_PROVIDER) {
		*problem_out = "AADSTS700016: the application that asks is not registered in this tenant.";
		return false;
	}
	if (rc != 0 || !LASSO_IS_SAMLP2_AUTHN_REQUEST(LASSO_PROFILE(login)->request)) {
		*problem_out = "AADSTS750054: SAMLRequest or SAMLResponse must be present as query string parameters, and readable.";
		return false;
	}
	asked = LASSO_SAMLP2_AUTHN_REQUEST(LASSO_PROFILE(login)->request);
	out->issuer = LASSO_PROFILE(login)->remote_providerID;
	out->force_authn = asked->ForceAuthn;
	out->is_passive = asked->IsPassive;
	out->reply_address = reply_address(idp, out->issuer, asked->AssertionConsumerServiceURL);
	if (!out->reply_address) {
		*problem_out = "AADSTS50011: the reply address of the request is not one of the application's.";
		return false;
	}
	return true;
}

void entra_request_end(struct entra_request *request)
{
	if (request->login)
		g_object_unref(request->login);
	request->login = NULL;
	g_free(request->reply_address);
	request->reply_address = NULL;
}

/* ---- the assertion ---- */

static void set_string(char **field, const char *value)
{
	g_free(*field);
	*field = g_strdup(value);
}

static void add_attribute_value(LassoSaml2Attribute *attribute, const char *value)
{
	LassoMiscTextNode *text = LASSO_MISC_TEXT_NODE(lasso_misc_text_node_new_with_string(value));
	LassoSaml2AttributeValue *node = LASSO_SAML2_ATTRIBUTE_VALUE(lasso_saml2_attribute_value_new());

	text->text_child = TRUE;
	node->any = g_list_append(NULL, text);
	attribute->AttributeValue = g_list_append(attribute->AttributeValue, node);
}

/* Entra writes no NameFormat. */
static LassoSaml2Attribute *add_attribute(LassoSaml2AttributeStatement *statement, const char *name, const char *value)
{
	LassoSaml2Attribute *attribute = LASSO_SAML2_ATTRIBUTE(lasso_saml2_attribute_new());

	attribute->Name = g_strdup(name);
	add_attribute_value(attribute, value);
	statement->Attribute = g_list_append(statement->Attribute, attribute);
	return attribute;
}

static void add_claims(const struct entra_idp *idp, LassoSaml2Assertion *assertion, const struct entra_session *session)
{
	LassoSaml2AttributeStatement *statement = LASSO_SAML2_ATTRIBUTE_STATEMENT(lasso_saml2_attribute_statement_new());
	const struct entra_person *person = session->person;
	LassoSaml2Attribute *methods;

	add_attribute(statement, MICROSOFT "tenantid", idp->tenant);
	add_attribute(statement, MICROSOFT "objectidentifier", person->id);
	add_attribute(statement, MICROSOFT "displayname", person->name);
	add_attribute(statement, MICROSOFT "identityprovider", idp->issuer);
	methods = add_attribute(statement, METHODS, METHOD_PASSWORD);
	if (session->mfa)
		add_attribute_value(methods, METHOD_MULTIPLE);
	add_attribute(statement, XMLSOAP "givenname", person->given);
	add_attribute(statement, XMLSOAP "surname", person->surname);
	if (*person->mail)
		add_attribute(statement, XMLSOAP "emailaddress", person->mail);
	add_attribute(statement, XMLSOAP "name", person->upn);
	assertion->AttributeStatement = g_list_append(NULL, statement);
}

static void set_name_id(LassoSaml2Assertion *assertion, const char *upn)
{
	LassoSaml2NameID *name = LASSO_SAML2_NAME_ID(lasso_saml2_name_id_new_with_string((char *)upn));

	name->Format = g_strdup("urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress");
	if (assertion->Subject->NameID)
		g_object_unref(assertion->Subject->NameID);
	assertion->Subject->NameID = name;
}

static void take_seat(struct entra_session *session, const struct entra_application *application, const char *index)
{
	struct entra_seat *seat = &session->seats[session->seat_count++ % ENTRA_SEATS_MAX];

	seat->application = application->entity_id;
	snprintf(seat->index, sizeof(seat->index), "%s", index);
}

/* Real messages hold from five minutes ago for an hour, whatever the documentation says. */
static bool build_assertion(struct entra_idp *idp, LassoLogin *login, struct entra_session *session)
{
	char instant[PEER_TIME_SIZE], not_before[PEER_TIME_SIZE], not_on_or_after[PEER_TIME_SIZE], id[PEER_ID_SIZE];
	time_t now = time(NULL);
	LassoSaml2Assertion *assertion;
	LassoSaml2AuthnStatement *statement;
	LassoSaml2SubjectConfirmationData *confirmation;

	peer_time(instant, session->since);
	peer_time(not_before, now - 300);
	peer_time(not_on_or_after, now + 3600);
	if (lasso_login_build_assertion(login, "urn:oasis:names:tc:SAML:2.0:ac:classes:Password", instant, NULL, not_before,
			not_on_or_after) != 0)
		return false;
	assertion = LASSO_SAML2_ASSERTION(lasso_login_get_assertion(login));
	if (!assertion || !assertion->AuthnStatement || !assertion->Subject || !assertion->Subject->SubjectConfirmation)
		return false;
	peer_random_id(id);
	set_string(&assertion->ID, id);
	statement = assertion->AuthnStatement->data;
	set_string(&statement->SessionIndex, id);
	set_string(&statement->SessionNotOnOrAfter, NULL);
	confirmation = assertion->Subject->SubjectConfirmation->SubjectConfirmationData;
	set_string(&confirmation->NotBefore, NULL);
	set_name_id(assertion, session->person->upn);
	add_claims(idp, assertion, session);
	take_seat(session, entra_idp_application(idp, LASSO_PROFILE(login)->remote_providerID), id);
	g_object_unref(assertion);
	return true;
}

/*
 * lasso marks each assertion to be signed, and takes the mark back nowhere: so
 * the one in the response is replaced by what is read from the same XML.  That
 * has no mark to be encrypted, either, and lasso lets others set none.
 */
static void leave_assertion_unsigned(LassoProfile *profile, const char *recipient)
{
	GList *link = LASSO_SAMLP2_RESPONSE(profile->response)->Assertion;
	char *text = lasso_node_export_to_xml(link->data);
	xmlDoc *document = xmlReadMemory(text, (int)strlen(text), NULL, NULL, XML_PARSE_NONET);
	xmlNode *root = xmlDocGetRootElement(document), *child = root->children, *next;

	for (; child; child = next) {
		next = child->next;
		if (xmlStrEqual(child->name, BAD_CAST "Signature")) {
			xmlUnlinkNode(child);
			xmlFreeNode(child);
		}
	}
	g_object_unref(link->data);
	link->data = lasso_node_new_from_xmlNode(root);
	/* lasso names the recipient later, in the one that it knows. */
	set_string(&LASSO_SAML2_ASSERTION(link->data)->Subject->SubjectConfirmation->SubjectConfirmationData->Recipient, recipient);
	xmlFreeDoc(document);
	g_free(text);
}

bool entra_response_write(struct entra_idp *idp, struct entra_request *request, struct entra_session *session,
	struct entra_form *out)
{
	LassoLogin *login = request->login;
	LassoProfile *profile = LASSO_PROFILE(login);
	char id[PEER_ID_SIZE];

	/* Without a session lasso has set the status that says no, and returns it as an error. */
	if (lasso_login_validate_request_msg(login, session != NULL, FALSE) != 0 && session)
		return false;
	if (session && !build_assertion(idp, login, session))
		return false;
	peer_random_id(id);
	set_string(&LASSO_SAMLP2_STATUS_RESPONSE(profile->response)->ID, id);
	if (session && !idp->sign_assertion)
		leave_assertion_unsigned(profile, request->reply_address);
	if (session)
		lasso_profile_set_signature_hint(profile, idp->sign_response ? LASSO_PROFILE_SIGNATURE_HINT_FORCE :
			LASSO_PROFILE_SIGNATURE_HINT_FORBID);
	if (lasso_login_build_authn_response_msg(login) != 0)
		return false;
	*out = (struct entra_form){profile->msg_url, profile->msg_body, profile->msg_relayState};
	return true;
}
