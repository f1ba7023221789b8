/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Responses of the identity provider: which are accepted, and what they must say. */
#include "tests/unit/forge.h"

static void accepts_an_assertion_signed_by_entra(void **state)
{
	struct saml_identity who = forge_accepted(&(struct forge){.sign = FORGE_ASSERTION});
	const struct saml_attribute *given;

	(void)state;
	assert_string_equal(who.issuer, FORGE_ISSUER);
	assert_string_equal(who.name_id, FORGE_NAME_ID);
	assert_string_equal(who.name_id_format, SAML_FORMAT_EMAIL);
	assert_string_equal(who.session_index, FORGE_ASSERTION_ID);
	assert_string_equal(who.assertion_id, FORGE_ASSERTION_ID);
	assert_string_equal(who.tenant, FORGE_TENANT);
	assert_string_equal(who.object_id, FORGE_OBJECT_ID);
	assert_string_equal(who.authn_context, "urn:oasis:names:tc:SAML:2.0:ac:classes:Password");
	assert_int_equal(who.authn_instant, 1788502262);
	assert_int_equal(who.not_on_or_after, FORGE_NOW + 3599 + SAML_SKEW);
	assert_true(who.mfa);
	assert_false(who.guest);
	assert_false(who.groups_overage);
	assert_int_equal(who.attribute_count, 8);
	given = saml_identity_attribute(&who, "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/givenname");
	assert_non_null(given);
	assert_int_equal(given->n, 1);
	assert_string_equal(given->values[0], "Anna");
	assert_null(saml_identity_attribute(&who, "givenname"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(accepts_an_assertion_signed_by_entra, forge_reset),
	};

	return cmocka_run_group_tests(tests, forge_begin, forge_end);
}
