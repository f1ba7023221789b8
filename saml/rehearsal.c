/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A sign-on played through with lasso in the two roles that speak to us: the
 * connection that asks, and the identity provider that answers.
 *
 * Proves that our own addresses and entity IDs fit together before a person
 * tries it, and that what we accept is what lasso writes.  The identity
 * provider's key is made here, used once and thrown away; lasso never sees
 * what a browser sent.
 */
#include "saml/saml.h"

#include "base/encode.h"
#include "base/random.h"

#include <lasso/lasso.h>
#include <lasso/key.h>
#include <lasso/xml/saml-2.0/saml2_assertion.h>
#include <lasso/xml/saml-2.0/saml2_authn_statement.h>
#include <lasso/xml/saml-2.0/saml2_name_id.h>
#include <lasso/xml/saml-2.0/saml2_subject.h>
#include <lasso/xml/saml-2.0/samlp2_response.h>

#define PROVIDER_ENTITY "urn:postern:rehearsal"
#define PROVIDER_SSO "https://rehearsal.invalid/sso"
#define HOLDS 300                       /* seconds */
#define KEY_HOLDS 3600

struct stage {
	struct arena *arena;
	struct slice key, certificate;  /* PEM, of the identity provider */
	struct slice metadata;
	struct saml_provider *provider; /* as we read it */
	LassoServer *server;            /* as lasso is it */
	LassoLogin *login;
};

static int says(struct error *err, const char *role, const char *what, int rc)
{
	return error_set(err, REASON_INTERNAL, "lasso, as %s, %s: %s", role, what, lasso_strerror(rc));
}

/* ---- the identity provider ---- */

/* A key object of the partner's: the one that lasso makes of the server's PEM for each signature leaks. */
static int lend_key(struct stage *s, const char *sp_entity_id, struct error *err)
{
	LassoProvider *partner = lasso_server_get_provider(s->server, sp_entity_id);
	LassoKey *key = lasso_key_new_for_signature_from_memory(s->key.p, s->key.n, NULL, LASSO_SIGNATURE_METHOD_RSA_SHA256, NULL);
	int rc = partner && key ? lasso_provider_set_server_signing_key(partner, key) : -1;

	if (key)
		g_object_unref(key);
	return rc == 0 ? 0 : error_set(err, REASON_INTERNAL, "lasso, as identity provider, takes no key");
}

/* RSA 1.5 and Triple-DES are among what lasso would do, neither of which we read. */
static void encrypt_for(LassoProvider *partner)
{
	lasso_provider_set_encryption_mode(partner, LASSO_ENCRYPTION_MODE_ASSERTION);
	lasso_provider_set_encryption_sym_key_type(partner, LASSO_ENCRYPTION_SYM_KEY_TYPE_AES_256);
	lasso_provider_set_key_encryption_method(partner, LASSO_KEY_ENCRYPTION_METHOD_OAEP);
}

static int set_stage(struct stage *s, const struct saml_rehearsal *r, struct error *err)
{
	const struct saml_provider_options options = {.entity_id = PROVIDER_ENTITY, .now = r->now};
	const char *certificates[] = {NULL, NULL}, *const ours[] = {r->certificate, NULL}, *const acs_urls[] = {r->acs_url, NULL};
	const struct saml_own own_idp = {.entity_id = PROVIDER_ENTITY, .certificates = certificates, .sso_url = PROVIDER_SSO};
	const struct saml_own own_sp = {
		.entity_id = r->sp_entity_id, .certificates = r->key ? ours : &ours[1], .acs_urls = acs_urls, .requests_signed = r->key != NULL,
		.encryption_certificates = r->encryption_certificates,
	};
	const struct saml_new_key wish = {
		.common_name = "rehearsal", .bits = 2048, .not_before = r->now - KEY_HOLDS, .not_after = r->now + KEY_HOLDS,
	};
	int64_t until;
	int rc;

	if (saml_key_make(s->arena, &wish, &s->key, &s->certificate, err) < 0 ||
		saml_certificate_read(s->arena, s->certificate, &certificates[0], &until, err) < 0)
		return -1;
	s->metadata = saml_idp_metadata(s->arena, &own_idp);
	if (saml_provider_read(s->metadata, &options, &s->provider, err) < 0)
		return -1;
	s->server = lasso_server_new_from_buffers(s->metadata.p, s->key.p, NULL, s->certificate.p);
	if (!s->server)
		return error_set(err, REASON_INTERNAL, "lasso does not become an identity provider");
	s->server->signature_method = LASSO_SIGNATURE_METHOD_RSA_SHA256;
	rc = lasso_server_add_provider_from_buffer(s->server, LASSO_PROVIDER_ROLE_SP, saml_sp_metadata(s->arena, &own_sp).p, NULL, NULL);
	if (rc != 0)
		return says(err, "identity provider", "does not take our metadata", rc);
	if (r->encryption_certificates)
		encrypt_for(lasso_server_get_provider(s->server, r->sp_entity_id));
	return lend_key(s, r->sp_entity_id, err);
}

static void set(char **field, const char *value)
{
	g_free(*field);
	*field = g_strdup(value);
}

static int build_assertion(struct stage *s, const struct saml_rehearsal *r, struct error *err)
{
	char now[21], before[21], after[21];
	LassoSaml2Assertion *assertion;
	int rc;

	time_write(r->now, now);
	time_write(r->now - HOLDS, before);
	time_write(r->now + HOLDS, after);
	rc = lasso_login_build_assertion(s->login, LASSO_SAML2_AUTHN_CONTEXT_PASSWORD, now, NULL, before, after);
	if (rc != 0)
		return says(err, "identity provider", "builds no assertion", rc);
	assertion = LASSO_SAML2_ASSERTION(lasso_login_get_assertion(s->login));
	if (!assertion || !assertion->Subject || !assertion->Subject->SubjectConfirmation || !assertion->AuthnStatement)
		return error_set(err, REASON_INTERNAL, "lasso, as identity provider, builds half an assertion");
	if (assertion->Subject->NameID)
		g_object_unref(assertion->Subject->NameID);
	assertion->Subject->NameID = LASSO_SAML2_NAME_ID(lasso_saml2_name_id_new_with_string((char *)r->name_id));
	set(&assertion->Subject->SubjectConfirmation->SubjectConfirmationData->NotBefore, NULL);
	set(&LASSO_SAML2_AUTHN_STATEMENT(assertion->AuthnStatement->data)->SessionIndex, assertion->ID);
	g_object_unref(assertion);
	return 0;
}

/* From our AuthnRequest to its Response, in base64; NULL with err. */
static const char *answer(struct stage *s, const struct saml_rehearsal *r, const char *url, struct error *err)
{
	LassoProfile *profile;
	int rc;

	s->login = lasso_login_new(s->server);
	if (r->key)
		lasso_profile_set_signature_verify_hint(LASSO_PROFILE(s->login), LASSO_PROFILE_SIGNATURE_VERIFY_HINT_FORCE);
	rc = lasso_login_process_authn_request_msg(s->login, strchr(url, '?') + 1);
	if (rc == 0)
		rc = lasso_login_validate_request_msg(s->login, TRUE, FALSE);
	if (rc != 0) {
		says(err, "identity provider", "does not take our request", rc);
		return NULL;
	}
	if (build_assertion(s, r, err) < 0)
		return NULL;
	profile = LASSO_PROFILE(s->login);
	lasso_profile_set_signature_hint(profile, LASSO_PROFILE_SIGNATURE_HINT_FORBID);     /* the assertion alone, as Entra */
	rc = lasso_login_build_authn_response_msg(s->login);
	if (rc != 0) {
		says(err, "identity provider", "builds no Response", rc);
		return NULL;
	}
	return profile->msg_body;
}

int saml_rehearse_provider(const struct saml_rehearsal *r, struct error *err)
{
	struct stage s = {.arena = arena_new()};
	struct saml_identity identity;
	struct saml_expect expect;
	char id[RANDOM_ID_SIZE];
	struct saml_ask ask = {
		.id = id, .entity_id = r->sp_entity_id, .acs_url = r->acs_url, .relay_state = "rehearsal", .key = r->key,
		.now = r->now,
	};
	const char *url, *response;
	int rc = -1;

	random_id(id);
	if (set_stage(&s, r, err) < 0 || saml_request_write(s.arena, s.provider, &ask, &url, err) < 0)
		goto out;
	response = answer(&s, r, url, err);
	if (!response)
		goto out;
	expect = (struct saml_expect){
		.provider = s.provider, .entity_id = r->sp_entity_id, .acs_url = r->acs_url, .request_id = id, .requested_at = r->now, .now = r->now,
		.encrypted = r->encryption_certificates ? SAML_ENCRYPTED_REQUIRED : SAML_ENCRYPTED_ALLOWED, .decryption_keys = r->decryption_keys,
	};
	if (saml_response_read(s.arena, &expect, slice_c(response), &identity, err) < 0) {
		error_prefix(err, "what lasso answers is not accepted: ");
		goto out;
	}
	rc = strcmp(identity.name_id, r->name_id) == 0 ? 0 : error_set(err, REASON_INTERNAL, "lasso's name ID was read as another one");
out:
	if (s.login)
		lasso_login_destroy(s.login);
	if (s.server)
		lasso_server_destroy(s.server);
	saml_provider_free(s.provider);
	arena_free(s.arena);
	return rc;
}

/* ---- the connection that asks ---- */

int saml_rehearse_request(struct arena *a, struct slice own_idp_metadata, const char *sp_entity_id, const char *sp_acs, struct saml_request *out,
	struct error *err)
{
	const char *const acs_urls[] = {sp_acs, NULL}, *const none[] = {NULL};
	const struct saml_own own = {.entity_id = sp_entity_id, .certificates = none, .acs_urls = acs_urls};
	LassoServer *server = lasso_server_new_from_buffers(saml_sp_metadata(a, &own).p, NULL, NULL, NULL);
	LassoLogin *login = NULL;
	struct slice relay_state;
	const char *query;
	int rc = -1, lasso_rc;

	if (!server)
		return error_set(err, REASON_INTERNAL, "lasso does not take the values of the connection");
	lasso_rc = lasso_server_add_provider_from_buffer(server, LASSO_PROVIDER_ROLE_IDP, arena_copy(a, own_idp_metadata), NULL, NULL);
	if (lasso_rc == 0) {
		login = lasso_login_new(server);
		lasso_profile_set_signature_hint(LASSO_PROFILE(login), LASSO_PROFILE_SIGNATURE_HINT_FORBID);
		lasso_rc = lasso_login_init_authn_request(login, NULL, LASSO_HTTP_METHOD_REDIRECT);
	}
	if (lasso_rc == 0)
		lasso_rc = lasso_login_build_authn_request_msg(login);
	if (lasso_rc != 0) {
		says(err, "service provider", "does not ask us", lasso_rc);
		goto out;
	}
	query = strchr(LASSO_PROFILE(login)->msg_url, '?');
	rc = saml_request_read(a, SAML_REDIRECT, slice_c(query ? query + 1 : ""), out, &relay_state, err);
out:
	if (login)
		lasso_login_destroy(login);
	lasso_server_destroy(server);
	return rc;
}
