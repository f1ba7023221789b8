/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The AuthnRequest to the identity provider (SAML core 3.4.1, bindings 3.4),
 * written by lasso from the metadata it holds.
 *
 * What Entra wants, and what is left out for its sake: no NameIDPolicy (a
 * requested format would beat the application's setting), no
 * RequestedAuthnContext (AADSTS75011), no Scoping, no Subject (a hint goes
 * into the query as login_hint), no signature.  The ids of lasso come from an
 * ordinary random generator, so the request gets ours, and our time.
 */
#include "saml/asker.h"

#include "base/encode.h"
#include "base/text.h"

#include <lasso/lasso.h>
#include <lasso/xml/saml-2.0/samlp2_authn_request.h>

#define RELAY_STATE_SENT_MAX 80         /* bytes: SAML bindings 3.4.3 */

struct saml_asker {
	LassoServer *server;
	char *entity_id;
};

/*
 * lasso wants metadata of its own side.  Issuer and ACS are given anew in each
 * request, so this names nobody.
 */
static const char nobody[] =
	"<EntityDescriptor xmlns=\"urn:oasis:names:tc:SAML:2.0:metadata\" entityID=\"urn:postern:asker\">"
	"<SPSSODescriptor AuthnRequestsSigned=\"false\" protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:2.0:protocol\">"
	"<AssertionConsumerService index=\"0\" isDefault=\"true\" Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST\""
	" Location=\"https://asker.invalid/acs\"/></SPSSODescriptor></EntityDescriptor>";

static char *text_of(struct slice s)
{
	return g_strndup(s.p ? s.p : "", s.n);
}

static int load(struct saml_asker *asker, const char *metadata, struct error *err)
{
	LassoProvider *provider;
	char *url = NULL;
	int rc;

	asker->server = lasso_server_new_from_buffers(nobody, NULL, NULL, NULL);
	if (!asker->server)
		return error_set(err, REASON_INTERNAL, "lasso makes no server");
	rc = lasso_server_add_provider_from_buffer(asker->server, LASSO_PROVIDER_ROLE_IDP, metadata, NULL, NULL);
	if (rc != 0)
		return error_set(err, REASON_METADATA, "lasso cannot load the metadata: %s", lasso_strerror(rc));
	provider = lasso_server_get_provider(asker->server, asker->entity_id);
	if (!provider)
		return error_set(err, REASON_METADATA, "lasso does not find %s in the metadata", asker->entity_id);
	url = lasso_provider_get_metadata_one(provider, "SingleSignOnService HTTP-Redirect");
	if (!url)
		return error_set(err, REASON_METADATA, "lasso finds no HTTP-Redirect endpoint for %s", asker->entity_id);
	g_free(url);
	return 0;
}

int asker_new(struct slice metadata, const char *entity_id, struct saml_asker **out, struct error *err)
{
	struct saml_asker *asker;
	char *text;
	int rc;

	if (metadata.n == 0 || memchr(metadata.p, '\0', metadata.n))
		return error_set(err, REASON_METADATA, "the metadata is empty or holds a NUL");
	asker = g_new0(struct saml_asker, 1);
	asker->entity_id = g_strdup(entity_id);
	text = text_of(metadata);
	rc = load(asker, text, err);
	g_free(text);
	if (rc < 0) {
		asker_free(asker);
		return -1;
	}
	*out = asker;
	return 0;
}

void asker_free(struct saml_asker *asker)
{
	if (!asker)
		return;
	lasso_server_destroy(asker->server);
	g_free(asker->entity_id);
	g_free(asker);
}

static void replace(char **field, const char *value)
{
	g_free(*field);
	*field = g_strdup(value);
}

static void fill(LassoLogin *login, const struct saml_ask *ask)
{
	LassoSamlp2AuthnRequest *request = LASSO_SAMLP2_AUTHN_REQUEST(LASSO_PROFILE(login)->request);
	LassoSamlp2RequestAbstract *general = &request->parent;
	char now[21];

	time_write(ask->now, now);
	replace(&general->ID, ask->id);
	replace(&general->IssueInstant, now);
	replace(&general->Issuer->content, ask->entity_id);
	replace(&request->ProtocolBinding, LASSO_SAML2_METADATA_BINDING_POST);
	replace(&request->AssertionConsumerServiceURL, ask->acs_url);
	g_clear_object(&request->NameIDPolicy);
	request->ForceAuthn = ask->force_authn;
	request->IsPassive = ask->is_passive;
	replace(&LASSO_PROFILE(login)->msg_relayState, ask->relay_state);
}

static int require_ask(const struct saml_ask *ask, struct error *err)
{
	if (!ask->id || !ask->entity_id || !ask->acs_url || ask->now <= 0)
		return error_set(err, REASON_INTERNAL, "an AuthnRequest without id, entity ID, ACS or time");
	if (ask->relay_state && strlen(ask->relay_state) > RELAY_STATE_SENT_MAX)
		return error_set(err, REASON_INTERNAL, "a RelayState of more than %d bytes", RELAY_STATE_SENT_MAX);
	return 0;
}

static const char *with_hint(struct arena *a, const char *url, const char *login_hint)
{
	struct text t;

	text_begin(&t, a, strlen(url) + 256);
	text_add_c(&t, url);
	if (login_hint && *login_hint) {
		text_add_c(&t, "&login_hint=");
		text_add_url(&t, slice_c(login_hint));
	}
	return text_slice(&t).p;
}

int asker_write(struct arena *a, const struct saml_asker *asker, const struct saml_ask *ask, const char **url_out,
	struct error *err)
{
	LassoLogin *login = NULL;
	int rc, result = -1;

	if (require_ask(ask, err) < 0)
		return -1;
	login = lasso_login_new(asker->server);
	if (!login)
		return error_set(err, REASON_INTERNAL, "lasso makes no login");
	lasso_profile_set_signature_hint(LASSO_PROFILE(login), LASSO_PROFILE_SIGNATURE_HINT_FORBID);
	rc = lasso_login_init_authn_request(login, asker->entity_id, LASSO_HTTP_METHOD_REDIRECT);
	if (rc != 0) {
		error_set(err, REASON_INTERNAL, "lasso begins no AuthnRequest: %s", lasso_strerror(rc));
		goto out;
	}
	fill(login, ask);
	rc = lasso_login_build_authn_request_msg(login);
	if (rc != 0 || !LASSO_PROFILE(login)->msg_url) {
		error_set(err, REASON_INTERNAL, "lasso writes no AuthnRequest: %s", lasso_strerror(rc));
		goto out;
	}
	*url_out = with_hint(a, LASSO_PROFILE(login)->msg_url, ask->login_hint);
	result = 0;
out:
	lasso_login_destroy(login);
	return result;
}
