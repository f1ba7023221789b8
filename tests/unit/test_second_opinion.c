/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What we accept, lasso must accept too: the same Responses, read by
 * saml_response_read and by lasso as service provider, which verifies them its
 * own way and must come to the same person.
 */
#include "tests/unit/forge.h"

#include <lasso/lasso.h>
#include <lasso/saml-2.0/saml2_helper.h>
#include <lasso/xml/saml-2.0/saml2_assertion.h>
#include <lasso/xml/saml-2.0/saml2_name_id.h>

static const enum forge_key both_keys[] = {FORGE_FIRST, FORGE_SECOND, FORGE_KEYS};

/* lasso, with our values, and the metadata that our provider was read from. */
static LassoServer *server_with(const char *use)
{
	const char *const acs_urls[] = {FORGE_ACS, NULL};
	const struct saml_own own = {.entity_id = FORGE_ENTITY, .acs_urls = acs_urls};
	LassoServer *server = lasso_server_new_from_buffers(saml_sp_metadata(forge_arena(), &own).p, NULL, NULL, NULL);
	const char *metadata = arena_copy(forge_arena(), forge_metadata(use, both_keys));

	assert_non_null(server);
	assert_int_equal(lasso_server_add_provider_from_buffer(server, LASSO_PROVIDER_ROLE_IDP, metadata, NULL, NULL), 0);
	return server;
}

/* 0 and the name that lasso read, or lasso's code.  The login remembers our request, as a dump of one would. */
static int lasso_reads(const char *use, struct slice base64, const char **name_out)
{
	static const char asked[] = "<lasso:Login xmlns:lasso=\"" LASSO_LASSO_HREF "\" LoginDumpVersion=\"2\">"
		"<lasso:RequestID>" FORGE_REQUEST "</lasso:RequestID></lasso:Login>";
	LassoServer *server = server_with(use);
	LassoLogin *login = lasso_login_new_from_dump(server, asked);
	LassoSaml2Assertion *assertion = NULL;
	int rc;

	assert_non_null(login);
	rc = lasso_login_process_authn_response_msg(login, arena_copy(forge_arena(), base64));
	if (rc == 0)
		rc = lasso_login_accept_sso(login);
	if (rc == 0) {
		assertion = LASSO_SAML2_ASSERTION(lasso_login_get_assertion(login));
		assert_non_null(assertion);
		*name_out = arena_strdup(forge_arena(), assertion->Subject->NameID->content);
		if (lasso_saml2_assertion_validate_audience(assertion, FORGE_ENTITY) != LASSO_SAML2_ASSERTION_VALID)
			rc = -1;
		g_object_unref(assertion);
	}
	lasso_login_destroy(login);
	lasso_server_destroy(server);
	return rc;
}

static void both_accept(const char *use, const struct forge *f)
{
	struct slice posted = forge_base64(forge_text(f));
	struct saml_provider *provider = forge_provider(use, both_keys);
	struct saml_expect expect = forge_expect();
	struct saml_identity who = {0};
	const char *name = NULL;
	struct error err;

	expect.provider = provider;
	assert_done(saml_response_read(forge_arena(), &expect, posted, &who, &err), err);
	assert_int_equal(lasso_reads(use, posted, &name), 0);
	assert_string_equal(name, who.name_id);
	saml_provider_free(provider);
}

static void lasso_accepts_every_way_of_signing(void **state)
{
	(void)state;
	for (int what = FORGE_ASSERTION; what <= FORGE_BOTH; what++) {
		both_accept("signing", &(struct forge){.sign = (enum forge_sign)what});
		both_accept(NULL, &(struct forge){.sign = (enum forge_sign)what});
		both_accept("signing", &(struct forge){.sign = (enum forge_sign)what, .key = FORGE_SECOND});
	}
}

static void lasso_accepts_every_algorithm_that_we_accept(void **state)
{
	(void)state;
	both_accept("signing", &(struct forge){.signature_method = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha384"});
	both_accept("signing", &(struct forge){.signature_method = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512"});
	both_accept("signing", &(struct forge){.digest_method = "http://www.w3.org/2001/04/xmldsig-more#sha384"});
	both_accept("signing", &(struct forge){.digest_method = "http://www.w3.org/2001/04/xmlenc#sha512"});
	both_accept("signing", &(struct forge){.transforms = "<Transform Algorithm=\"" ALGORITHM_ENVELOPED "\"/>"
		"<Transform Algorithm=\"" ALGORITHM_C14N "\"><InclusiveNamespaces xmlns=\"" ALGORITHM_C14N "\" PrefixList=\"xs samlp\"/>"
		"</Transform>"});
}

static void lasso_reads_the_same_name(void **state)
{
	static const char *const names[] = {
		"o'brien&amp;sons@example.org", "a&lt;b&gt;c", "J\xc3\xbcrgen &#x4e00;", "a  b", "]]&gt;", "&#34;x&#34;",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		for (int what = FORGE_ASSERTION; what <= FORGE_BOTH; what++)
			both_accept("signing", &(struct forge){.sign = (enum forge_sign)what,
				.before = {{FORGE_NAME_ID "</NameID>", arena_printf(forge_arena(), "%s</NameID>", names[i])}}});
	}
}

/* So that the yes above means something. */
static void lasso_refuses_what_was_changed_or_is_not_ours(void **state)
{
	const struct forge bad[] = {
		{.after = {{FORGE_NAME_ID "</NameID>", "admin@example.org</NameID>"}}},
		{.sign = FORGE_RESPONSE, .after = {{FORGE_OBJECT_ID, "1"}}},
		{.sign = FORGE_BOTH, .key = FORGE_FOREIGN},
		{.sign = FORGE_NOTHING},
		{.before = {{"<Audience>", "<Audience>x"}}},
		{.before = {{"<SubjectConfirmationData InResponseTo=\"", "<SubjectConfirmationData InResponseTo=\"x"}}},
	};
	const char *name = NULL;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		if (lasso_reads("signing", forge_base64(forge_text(&bad[i])), &name) == 0)
			fail_msg("lasso accepts row %zu", i);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(lasso_accepts_every_way_of_signing, forge_reset),
		cmocka_unit_test_teardown(lasso_accepts_every_algorithm_that_we_accept, forge_reset),
		cmocka_unit_test_teardown(lasso_reads_the_same_name, forge_reset),
		cmocka_unit_test_teardown(lasso_refuses_what_was_changed_or_is_not_ours, forge_reset),
	};

	return cmocka_run_group_tests(tests, forge_begin, forge_end);
}
