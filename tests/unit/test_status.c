/* SPDX-License-Identifier: GPL-3.0-or-later */
/* saml/status.c: why an identity provider refused, and how little of it may be shown to a browser. */
#include "tests/unit/forge.h"

#include "base/encode.h"

#define STATUS "<samlp:Status><samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:Success\"/></samlp:Status>"
#define TRACE "6f0c3a52-8f6a-4d0b-9a55-2f5d1c7e0b00"

/* The detail of a Response that refuses with this message. */
static const char *refused_with(const char *message)
{
	struct saml_expect expect = forge_expect();
	struct saml_identity who = {0};
	struct error err;
	char *status = arena_printf(forge_arena(), "<samlp:Status><samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:Responder\"/>"
		"<samlp:StatusMessage>%s</samlp:StatusMessage></samlp:Status>", message);
	struct slice text = forge_text(&(struct forge){.sign = FORGE_NOTHING, .before = {{STATUS, status}}});

	assert_refused(saml_response_read(forge_arena(), &expect, forge_base64(text), &who, &err), err, REASON_STATUS_NOT_SUCCESS);
	return arena_strdup(forge_arena(), err.detail);
}

static void reads_code_trace_and_time_of_a_long_message(void **state)
{
	char many[500];
	struct saml_refusal r;

	(void)state;
	for (size_t i = 0; i + 2 < sizeof(many); i += 2)
		memcpy(many + i, "\xc3\xa4", 3);
	saml_refusal_read(refused_with(arena_printf(forge_arena(), "AADSTS50105: Your administrator %s. Trace ID: " TRACE "\r\n"
		"Correlation ID: 11111111-2222-4333-8444-555555555555\r\nTimestamp: 2026-11-24 13:19:16Z", many)), &r);
	assert_string_equal(r.code, "50105");
	assert_string_equal(r.trace, TRACE);
	assert_string_equal(r.time, "2026-11-24 13:19:16Z");
}

static void shortens_a_message_between_its_characters(void **state)
{
	char many[1001];
	const char *detail;

	(void)state;
	for (size_t i = 0; i + 2 < sizeof(many); i += 2)
		memcpy(many + i, "\xc3\xa4", 3);
	detail = refused_with(arena_printf(forge_arena(), "x%s", many));
	assert_true(utf8_is_clean(slice_c(detail)));
	assert_true(strlen(detail) < 520);
	assert_non_null(strstr(detail, " \xe2\x80\xa6 "));
}

static void shows_nothing_that_has_not_the_form(void **state)
{
	static const char *const details[] = {
		"", "Responder", "AADSTS", "AADSTS12: short", "AADSTS12345678: long", "AADSTSabcde", "aadsts50105",
		"Trace ID: call 0800 123456 now", "Trace ID: 6f0c3a52-8f6a-4d0b-9a55-2f5d1c7e0b0", "Trace ID: " TRACE "0",
		"Trace ID: 6f0c3a528f6a4d0b9a552f5d1c7e0b00----", "Trace ID: ------------------------------------",
		"Timestamp: soon", "Timestamp: 2026-13-24 13:19:16Z", "Timestamp: 2026-11-24T13:19:16", "Timestamp: 00000000000000000000",
		"Timestamp: 2026-11-24 13:19:16Z2",
	};
	struct saml_refusal r;

	(void)state;
	for (size_t i = 0; i < sizeof(details) / sizeof(*details); i++) {
		memset(&r, 'x', sizeof(r));
		saml_refusal_read(details[i], &r);
		if (*r.code || *r.trace || *r.time)
			fail_msg("\"%s\" gave \"%s\" \"%s\" \"%s\"", details[i], r.code, r.trace, r.time);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(reads_code_trace_and_time_of_a_long_message, forge_reset),
		cmocka_unit_test_teardown(shortens_a_message_between_its_characters, forge_reset),
		cmocka_unit_test_teardown(shows_nothing_that_has_not_the_form, forge_reset),
	};

	return cmocka_run_group_tests(tests, forge_begin, forge_end);
}
