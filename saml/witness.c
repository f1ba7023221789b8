/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The second opinion: lasso plays the service provider for what we issued, and
 * for a Response that an administrator stored and wants explained.
 *
 * For the first it reads our own metadata, as a partner would, verifies the signature its
 * own way and gives back a NameID; what lasso does not look at by itself
 * (audience, times, recipient, InResponseTo) is asked of what it read.  Used
 * by `postern check` and by tests.  The second may be a stranger's, and is read in a process of its own.
 */
#include "saml/provider.h"

#include "base/text.h"

#include <lasso/lasso.h>
#include <lasso/saml-2.0/saml2_helper.h>
#include <lasso/xml/saml-2.0/saml2_assertion.h>
#include <lasso/xml/saml-2.0/saml2_name_id.h>
#include <lasso/xml/saml-2.0/saml2_subject_confirmation_data.h>
#include <lasso/xml/saml-2.0/samlp2_response.h>

static int says(struct error *err, const char *what, int rc)
{
	return error_set(err, REASON_INTERNAL, "lasso, as service provider, %s: %s", what, lasso_strerror(rc));
}

static LassoServer *server_of(struct slice own_idp_metadata, const char *sp_entity_id, const char *sp_acs, struct error *err)
{
	const char *const acs_urls[] = {sp_acs, NULL};
	const struct saml_own own = {.entity_id = sp_entity_id, .acs_urls = acs_urls};
	struct arena *a = arena_new();
	LassoServer *server = lasso_server_new_from_buffers(saml_sp_metadata(a, &own).p, NULL, NULL, NULL);
	int rc;

	if (!server) {
		error_set(err, REASON_INTERNAL, "lasso does not take the values of the connection");
		goto out;
	}
	rc = lasso_server_add_provider_from_buffer(server, LASSO_PROVIDER_ROLE_IDP, arena_copy(a, own_idp_metadata), NULL,
		NULL);
	if (rc != 0) {
		says(err, "does not take our metadata", rc);
		lasso_server_destroy(server);
		server = NULL;
	}
out:
	arena_free(a);
	return server;
}

/*
 * A login that has asked with that request.  lasso makes the ids of its
 * requests itself and compares with the one it keeps; the form in which it
 * stores a login between two requests is the only way to give it ours.
 */
static LassoLogin *login_of(LassoServer *server, const char *request_id)
{
	struct arena *a = arena_new();
	LassoLogin *login;
	struct text t;

	if (!request_id) {
		login = lasso_login_new(server);
	} else {
		text_begin(&t, a, 512);
		text_add_c(&t, "<lasso:Login xmlns:lasso=\"" LASSO_LASSO_HREF "\" LoginDumpVersion=\"2\"><lasso:RequestID>");
		text_add_xml_text(&t, slice_c(request_id));
		text_add_c(&t, "</lasso:RequestID></lasso:Login>");
		login = lasso_login_new_from_dump(server, text_slice(&t).p);
	}
	arena_free(a);
	return login;
}

static bool same(const char *a, const char *b)
{
	return g_strcmp0(a, b) == 0;
}

/* name_id NULL: whoever it is. */
static int judge_subject(const LassoSaml2Subject *subject, const char *sp_acs, const char *request_id, const char *name_id,
	struct error *err)
{
	const LassoSaml2SubjectConfirmationData *data = NULL;

	if (subject && subject->SubjectConfirmation)
		data = subject->SubjectConfirmation->SubjectConfirmationData;
	if (!data || !subject->NameID)
		return error_set(err, REASON_INTERNAL, "lasso reads no confirmed subject");
	if (name_id && !same(subject->NameID->content, name_id))
		return error_set(err, REASON_INTERNAL, "lasso reads another name ID");
	if (!same(data->Recipient, sp_acs))
		return error_set(err, REASON_INTERNAL, "lasso reads another recipient: %.200s",
			data->Recipient ? data->Recipient : "none");
	if (!same(data->InResponseTo, request_id))
		return error_set(err, REASON_INTERNAL, "lasso reads an answer to another request");
	return 0;
}

/* At `now` (0: the system's) with that much difference of clocks; 0, or -1 with what does not fit. */
struct asked_of {
	const char *sp_entity_id, *sp_acs, *request_id, *name_id;
	int64_t now, skew;
};

static int judge(LassoLogin *login, const struct asked_of *q, struct error *err)
{
	LassoSaml2Assertion *assertion = LASSO_SAML2_ASSERTION(lasso_login_get_assertion(login));
	int rc = -1;

	if (!assertion)
		return error_set(err, REASON_INTERNAL, "lasso reads no assertion");
	if (!same(LASSO_SAMLP2_STATUS_RESPONSE(LASSO_PROFILE(login)->response)->Destination, q->sp_acs))
		error_set(err, REASON_INTERNAL, "lasso reads another destination");
	else if (lasso_saml2_assertion_validate_audience(assertion, q->sp_entity_id) != LASSO_SAML2_ASSERTION_VALID)
		error_set(err, REASON_INTERNAL, "lasso reads another audience");
	else if (lasso_saml2_assertion_validate_time_checks(assertion, (unsigned int)q->skew, (time_t)q->now) != LASSO_SAML2_ASSERTION_VALID)
		error_set(err, REASON_INTERNAL, "lasso finds the assertion not valid at this time");
	/* this one asks the system's clock, whatever time is meant */
	else if (!q->now && lasso_saml2_assertion_validate_conditions(assertion, q->sp_entity_id) != LASSO_SAML2_ASSERTION_VALID)
		error_set(err, REASON_INTERNAL, "lasso finds the conditions not met");
	else
		rc = judge_subject(assertion->Subject, q->sp_acs, q->request_id, q->name_id, err);
	g_object_unref(assertion);
	return rc;
}

int saml_witness_issued(struct slice own_idp_metadata, const char *sp_entity_id, const char *sp_acs, const char *request_id,
	const char *base64, const char *name_id, struct error *err)
{
	const struct asked_of q = {.sp_entity_id = sp_entity_id, .sp_acs = sp_acs, .request_id = request_id, .name_id = name_id};
	LassoServer *server = server_of(own_idp_metadata, sp_entity_id, sp_acs, err);
	LassoLogin *login = NULL;
	char *message = NULL;
	int rc, result = -1;

	if (!server)
		return -1;
	login = login_of(server, request_id);
	message = g_strdup(base64);
	if (!login) {
		error_set(err, REASON_INTERNAL, "lasso makes no login");
		goto out;
	}
	rc = lasso_login_process_authn_response_msg(login, message);
	if (rc != 0) {
		says(err, "does not accept the response", rc);
		goto out;
	}
	rc = lasso_login_accept_sso(login);
	if (rc != 0) {
		says(err, "does not accept the sign-on", rc);
		goto out;
	}
	result = judge(login, &q, err);
out:
	g_free(message);
	if (login)
		lasso_login_destroy(login);
	lasso_server_destroy(server);
	return result;
}

/* ---- a Response that we were given ---- */

static void read_name(struct arena *a, LassoLogin *login, struct saml_opinion *out)
{
	LassoSaml2Assertion *assertion = LASSO_SAML2_ASSERTION(lasso_login_get_assertion(login));

	if (!assertion)
		return;
	if (assertion->Subject && assertion->Subject->NameID)
		out->name_id = arena_strdup(a, assertion->Subject->NameID->content);
	g_object_unref(assertion);
}

static void ask(struct arena *a, LassoLogin *login, const struct saml_expect *expect, const char *base64, struct saml_opinion *out)
{
	const struct asked_of q = {
		.sp_entity_id = expect->entity_id, .sp_acs = expect->acs_url, .request_id = expect->request_id, .now = expect->now,
		.skew = saml_skew(expect->skew),
	};
	char *message = g_strdup(base64);
	int rc = lasso_login_process_authn_response_msg(login, message);
	struct error err;

	if (rc == 0)
		rc = lasso_login_accept_sso(login);
	g_free(message);
	out->accepts = rc == 0;
	out->says = rc == 0 ? NULL : arena_strdup(a, lasso_strerror(rc));
	if (rc != 0)
		return;
	read_name(a, login, out);
	out->asked = true;
	out->fits = judge(login, &q, &err) == 0;
	out->misfit = out->fits ? NULL : arena_strdup(a, err.detail);
}

void saml_witness_received(struct arena *a, const struct saml_expect *expect, const char *base64, struct saml_opinion *out)
{
	struct error err;
	LassoServer *server = server_of(expect->provider->metadata, expect->entity_id, expect->acs_url, &err);
	LassoLogin *login = server ? login_of(server, expect->request_id) : NULL;

	*out = (struct saml_opinion){.accepts = false};
	if (!login)
		out->says = server ? "lasso makes no login" : arena_strdup(a, err.detail);
	else
		ask(a, login, expect, base64, out);
	if (login)
		lasso_login_destroy(login);
	if (server)
		lasso_server_destroy(server);
}
