/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Logout messages on lasso, read with its profile and written as its nodes:
 * the profile writes only from a dump of a session of its own.
 */
#include "tests/demo/entra_logout.h"
#include "tests/demo/entra_idp.h"
#include "tests/demo/peer_saml.h"

#include <lasso/xml/saml-2.0/saml2_name_id.h>
#include <lasso/xml/saml-2.0/samlp2_logout_request.h>
#include <lasso/xml/saml-2.0/samlp2_logout_response.h>
#include <lasso/xml/saml-2.0/samlp2_status.h>
#include <lasso/xml/saml-2.0/samlp2_status_code.h>
#include <zlib.h>

/* SAML bindings 3.4.4.1: lasso tells what a message is only by failing at the others, aloud. */
bool entra_logout_is_asked(const char *query)
{
	unsigned char xml[8192] = "";
	struct evkeyvalq form;
	z_stream inflater = {.next_out = xml, .avail_out = sizeof(xml) - 1};
	const char *message;
	gsize n = 0;
	guchar *packed;

	evhttp_parse_query_str(query, &form);
	message = evhttp_find_header(&form, "SAMLRequest");
	packed = g_base64_decode(message ? message : "", &n);
	evhttp_clear_headers(&form);
	inflater.next_in = packed;
	inflater.avail_in = (unsigned)n;
	if (inflateInit2(&inflater, -MAX_WBITS) == Z_OK) {
		inflate(&inflater, Z_FINISH);
		inflateEnd(&inflater);
	}
	g_free(packed);
	return strstr((char *)xml, ":LogoutRequest ") != NULL;
}

bool entra_logout_read(struct entra_idp *idp, const char *query, struct entra_logout *out, const char **problem_out)
{
	LassoLogout *logout = lasso_logout_new(idp->server);
	LassoProfile *profile = LASSO_PROFILE(logout);
	int rc;

	*out = (struct entra_logout){.logout = logout};
	/* As Entra, which registers no key of an application for this. */
	lasso_profile_set_signature_verify_hint(profile, LASSO_PROFILE_SIGNATURE_VERIFY_HINT_IGNORE);
	rc = lasso_logout_process_request_msg(logout, (char *)query);
	if (rc != 0 || !LASSO_IS_SAMLP2_LOGOUT_REQUEST(profile->request) || !profile->remote_providerID ||
		!entra_idp_application(idp, profile->remote_providerID)) {
		*problem_out = "AADSTS750054: the request to sign out cannot be read, or comes from an application not registered here.";
		return false;
	}
	out->application = profile->remote_providerID;
	return true;
}

void entra_logout_end(struct entra_logout *logout)
{
	if (logout->logout)
		g_object_unref(logout->logout);
	logout->logout = NULL;
}

static bool has_seat(const struct entra_session *session, const char *application, const char *index)
{
	for (size_t i = 0; i < session->seat_count && i < ENTRA_SEATS_MAX; i++) {
		if (strcmp(session->seats[i].application, application) == 0 && strcmp(session->seats[i].index, index) == 0)
			return true;
	}
	return false;
}

bool entra_logout_means(const struct entra_logout *logout, const struct entra_session *session)
{
	LassoSamlp2LogoutRequest *request = LASSO_SAMLP2_LOGOUT_REQUEST(LASSO_PROFILE(logout->logout)->request);
	GList *indexes = lasso_samlp2_logout_request_get_session_indexes(request);
	bool good = request->NameID && request->NameID->content && strcmp(request->NameID->content, session->person->upn) == 0;

	for (GList *link = indexes; link; link = link->next)
		good = good && has_seat(session, logout->application, link->data);
	g_list_free_full(indexes, g_free);
	return good;
}

/* That address with the message in its query, signed; frees the message. */
static char *send_to(struct entra_idp *idp, const char *address, const char *parameter, LassoNode *message)
{
	const char *pem = idp->server->private_key;
	LassoKey *key = lasso_key_new_for_signature_from_memory(pem, strlen(pem), NULL, idp->server->signature_method, NULL);
	char *url = key ? lasso_node_export_to_saml2_query(message, parameter, address, key) : NULL;

	if (!url)
		peer_die("lasso does not write the logout message");
	g_object_unref(key);
	g_object_unref(message);
	return url;
}

static char *new_id(void)
{
	char id[PEER_ID_SIZE];

	peer_random_id(id);
	return g_strdup(id);
}

static char *now(void)
{
	char text[PEER_TIME_SIZE];

	peer_time(text, time(NULL));
	return g_strdup(text);
}

static LassoSamlp2Status *status_of(bool success)
{
	LassoSamlp2Status *status = LASSO_SAMLP2_STATUS(lasso_samlp2_status_new());

	status->StatusCode = LASSO_SAMLP2_STATUS_CODE(lasso_samlp2_status_code_new());
	status->StatusCode->Value = g_strdup(success ? LASSO_SAML2_STATUS_CODE_SUCCESS : LASSO_SAML2_STATUS_CODE_REQUESTER);
	return status;
}

char *entra_logout_answer(struct entra_idp *idp, const struct entra_logout *logout, bool success)
{
	const char *address = entra_idp_application(idp, logout->application)->logout_url;
	LassoSamlp2StatusResponse *response;

	if (!address)
		return NULL;
	response = LASSO_SAMLP2_STATUS_RESPONSE(lasso_samlp2_logout_response_new());
	response->ID = new_id();
	response->Version = g_strdup("2.0");
	response->IssueInstant = now();
	response->Destination = g_strdup(address);
	response->InResponseTo = g_strdup(LASSO_SAMLP2_REQUEST_ABSTRACT(LASSO_PROFILE(logout->logout)->request)->ID);
	response->Issuer = LASSO_SAML2_NAME_ID(lasso_saml2_name_id_new_with_string(idp->issuer));
	response->Status = status_of(success);
	return send_to(idp, address, "SAMLResponse", LASSO_NODE(response));
}

char *entra_logout_notice(struct entra_idp *idp, const struct entra_session *session, const struct entra_seat *seat)
{
	const char *address = entra_idp_application(idp, seat->application)->logout_url;
	LassoSamlp2LogoutRequest *message;
	LassoSamlp2RequestAbstract *request;

	if (!address)
		return NULL;
	message = LASSO_SAMLP2_LOGOUT_REQUEST(lasso_samlp2_logout_request_new());
	request = LASSO_SAMLP2_REQUEST_ABSTRACT(message);
	request->ID = new_id();
	request->Version = g_strdup("2.0");
	request->IssueInstant = now();
	request->Destination = g_strdup(address);
	request->Issuer = LASSO_SAML2_NAME_ID(lasso_saml2_name_id_new_with_string(idp->issuer));
	/* Entra leaves the Format out. */
	message->NameID = LASSO_SAML2_NAME_ID(lasso_saml2_name_id_new_with_string((char *)session->person->upn));
	message->SessionIndex = g_strdup(seat->index);
	return send_to(idp, address, "SAMLRequest", LASSO_NODE(message));
}
