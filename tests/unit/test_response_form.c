/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The form that brings a Response. */
#include "tests/unit/forge.h"

static void accepts_folded_base64(void **state)
{
	struct saml_expect expect = forge_expect();
	struct slice base64 = forge_base64(forge_text(&(struct forge){0}));
	char *folded = arena_alloc(forge_arena(), base64.n * 2);
	struct saml_identity who = {0};
	struct error err;
	size_t n = 0;

	(void)state;
	for (size_t i = 0; i < base64.n; i++) {
		folded[n++] = base64.p[i];
		if (i % 76 == 75) {
			folded[n++] = '\r';
			folded[n++] = '\n';
		}
	}
	assert_done(saml_response_read(forge_arena(), &expect, slice_of(folded, n), &who, &err), err);
}

static void finds_the_response_in_a_form(void **state)
{
	struct slice response, relay;
	struct error err;

	(void)state;
	assert_done(saml_response_find(forge_arena(), slice_c("RelayState=a%20b%2B&SAMLResponse=PHg%2BPA%3D%3D"),
		&response, &relay, &err), err);
	assert_slice_is(response, "PHg+PA==");
	assert_slice_is(relay, "a b+");
	assert_done(saml_response_find(forge_arena(), slice_c("SAMLResponse=abc"), &response, &relay, &err), err);
	assert_null(relay.p);
	assert_refused(saml_response_find(forge_arena(), slice_c("SAMLRequest=abc"), &response, &relay, &err), err,
		REASON_RESPONSE_MISSING);
	assert_refused(saml_response_find(forge_arena(), slice_c(""), &response, &relay, &err), err, REASON_RESPONSE_MISSING);
	assert_refused(saml_response_find(forge_arena(), slice_c("SAMLResponse="), &response, &relay, &err), err,
		REASON_RESPONSE_MISSING);
	assert_refused(saml_response_find(forge_arena(), slice_c("SAMLResponse=%4"), &response, &relay, &err), err,
		REASON_RESPONSE_MALFORMED);
	assert_refused(saml_response_find(forge_arena(), slice_c("SAMLResponse=a&RelayState=%"), &response, &relay, &err),
		err,
		REASON_RESPONSE_MALFORMED);
}

static void refuses_doubled_form_field(void **state)
{
	struct slice response, relay;
	struct error err;

	(void)state;
	assert_refused(saml_response_find(forge_arena(), slice_c("SAMLResponse=a&SAMLResponse=b"), &response, &relay,
		&err), err,
		REASON_RESPONSE_MALFORMED);
	assert_refused(saml_response_find(forge_arena(), slice_c("SAMLResponse=a&RelayState=b&RelayState=b"), &response,
		&relay, &err), err,
		REASON_RESPONSE_MALFORMED);
}

static void refuses_long_relay_state_and_large_form(void **state)
{
	char *form = arena_alloc(forge_arena(), SAML_RESPONSE_MAX * 6);
	struct slice response, relay;
	struct error err;
	int n = snprintf(form, 100, "SAMLResponse=a&RelayState=");

	(void)state;
	memset(form + n, 'r', SAML_RELAY_STATE_MAX);
	assert_done(saml_response_find(forge_arena(), slice_c(form), &response, &relay, &err), err);
	form[n + SAML_RELAY_STATE_MAX] = 'r';
	assert_refused(saml_response_find(forge_arena(), slice_c(form), &response, &relay, &err), err,
		REASON_RELAY_STATE_TOO_LONG);
	memset(form, 'a', SAML_RESPONSE_MAX * 5);
	memcpy(form, "SAMLResponse=", 13);
	assert_refused(saml_response_find(forge_arena(), slice_c(form), &response, &relay, &err), err,
		REASON_RESPONSE_TOO_LARGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(accepts_folded_base64, forge_reset),
		cmocka_unit_test_teardown(finds_the_response_in_a_form, forge_reset),
		cmocka_unit_test_teardown(refuses_doubled_form_field, forge_reset),
		cmocka_unit_test_teardown(refuses_long_relay_state_and_large_form, forge_reset),
	};

	return cmocka_run_group_tests(tests, forge_begin, forge_end);
}
