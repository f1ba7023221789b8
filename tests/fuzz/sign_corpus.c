/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Makes the seeds of signed AuthnRequests: sign_corpus FOLDER writes
 * forged-signer.crt, corpus/redirect_signature/ and the signed ones of
 * corpus/request/ there.  lasso signs; the key is thrown away.
 */
#include "base/encode.h"
#include "base/file.h"
#include "base/text.h"
#include "saml/saml.h"
#include "tests/fuzz/signer.h"
#include "tests/unit/keys.h"

#include <lasso/lasso.h>

#define SSO "https://sso.example.org/saml/idp/sso"

static const char *folder;
static struct arena *a;

static void write_file(const char *name, const char *text)
{
	struct error err;

	if (file_write(arena_printf(a, "%s/%s", folder, name), 0644, slice_c(text), &err) < 0) {
		fprintf(stderr, "%s\n", err.detail);
		exit(1);
	}
}

/* The query of a redirect, or the form of a POST. */
static const char *asked(struct test_pair pair, LassoHttpMethod method, const char *relay_state)
{
	const char *const acs_urls[] = {"https://auth.example/acs?x=1", NULL}, *const none[] = {NULL};
	const struct saml_own sp = {.entity_id = SIGNER_ENTITY, .certificates = none, .acs_urls = acs_urls, .requests_signed = true};
	const struct saml_own idp = {.entity_id = "https://sso.example.org/", .certificates = none, .sso_url = SSO, .requests_signed = true};
	LassoServer *server = lasso_server_new_from_buffers(saml_sp_metadata(a, &sp).p, pair.key.p, NULL, pair.certificate.p);
	LassoLogin *login;
	struct text form;

	server->signature_method = LASSO_SIGNATURE_METHOD_RSA_SHA256;
	lasso_server_add_provider_from_buffer(server, LASSO_PROVIDER_ROLE_IDP, saml_idp_metadata(a, &idp).p, NULL, NULL);
	login = lasso_login_new(server);
	lasso_profile_set_signature_hint(LASSO_PROFILE(login), LASSO_PROFILE_SIGNATURE_HINT_FORCE);
	LASSO_PROFILE(login)->msg_relayState = g_strdup(relay_state);
	if (lasso_login_init_authn_request(login, NULL, method) != 0 || lasso_login_build_authn_request_msg(login) != 0)
		exit(1);
	if (method == LASSO_HTTP_METHOD_REDIRECT)
		return strchr(LASSO_PROFILE(login)->msg_url, '?') + 1;
	text_begin(&form, a, 8192);
	text_add_c(&form, "SAMLRequest=");
	text_add_url(&form, slice_c(LASSO_PROFILE(login)->msg_body));
	return form.p;
}

int main(int argc, char **argv)
{
	struct test_pair pair, other;
	struct error err;
	const char *query;

	a = arena_new();
	if (argc != 2 || saml_start(&err) < 0)
		return 2;
	folder = argv[1];
	pair = test_pair_of(a, EVP_RSA_gen(2048), 86400L * 3650);
	other = test_rsa(a, 2048);
	query = asked(pair, LASSO_HTTP_METHOD_REDIRECT, "a/b c");
	write_file("forged-signer.crt", arena_copy(a, pair.certificate));
	write_file("corpus/redirect_signature/signed", query);
	write_file("corpus/redirect_signature/without-relay-state", asked(pair, LASSO_HTTP_METHOD_REDIRECT, NULL));
	write_file("corpus/redirect_signature/foreign-key", asked(other, LASSO_HTTP_METHOD_REDIRECT, "r"));
	write_file("corpus/redirect_signature/doubled", arena_printf(a, "%s&SigAlg=x", query));
	write_file("corpus/redirect_signature/half", arena_copy(a, slice_of(query, (size_t)(strstr(query, "&Signature=") - query))));
	write_file("corpus/request/signed-redirect", arena_printf(a, "0%s", query));
	write_file("corpus/request/signed-post", arena_printf(a, "1%s", asked(pair, LASSO_HTTP_METHOD_POST, NULL)));
	write_file("corpus/request/foreign-post", arena_printf(a, "1%s", asked(other, LASSO_HTTP_METHOD_POST, NULL)));
	saml_stop();
	arena_free(a);
	return 0;
}
