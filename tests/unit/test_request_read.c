/* SPDX-License-Identifier: GPL-3.0-or-later */
/* AuthnRequests as browsers bring them: what is read, and why the others are refused. */
#include "tests/unit/unit.h"

#include "saml/saml.h"

#include "base/clock.h"
#include "base/encode.h"
#include "base/text.h"

#include <zlib.h>

#define ACS "https://auth.atlassian.com/login/callback?connection=saml-1234"
#define XMLNS " xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\" xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\""
#define ISSUER "<saml:Issuer>https://auth.atlassian.com/saml/1234</saml:Issuer>"
#define TIMES " Version=\"2.0\" IssueInstant=\"2026-11-24T13:19:16Z\""

/* A request with attributes in its start tag and children behind the Issuer. */
#define REQUEST(attributes, children) "<samlp:AuthnRequest" XMLNS attributes ">" children "</samlp:AuthnRequest>"
#define PLAIN REQUEST(" ID=\"_a\"" TIMES, ISSUER)

static struct arena *arena;

static int begin(void **state)
{
	struct error err;

	(void)state;
	arena = arena_new();
	return saml_start(&err);
}

static int end(void **state)
{
	(void)state;
	saml_stop();
	arena_free(arena);
	return 0;
}

static struct slice deflate_raw(struct slice in)
{
	z_stream z = {.next_in = (Bytef *)(uintptr_t)in.p, .avail_in = (uInt)in.n};
	size_t capacity = in.n / 2 + 1024;
	char *p = arena_alloc(arena, capacity);

	assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, -MAX_WBITS, 9, Z_DEFAULT_STRATEGY), Z_OK);
	z.next_out = (Bytef *)p;
	z.avail_out = (uInt)capacity;
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	deflateEnd(&z);
	return slice_of(p, z.total_out);
}

/* name=value with the value in base64, escaped for a query; `more` follows as it is. */
static struct slice parameter(const char *name, struct slice bytes, const char *more)
{
	struct text base64, t;

	text_begin(&base64, arena, bytes.n * 4 / 3 + 8);
	text_add_base64(&base64, bytes);
	text_begin(&t, arena, base64.n + 64);
	text_addf(&t, "%s=", name);
	text_add_url(&t, text_slice(&base64));
	text_add_c(&t, more);
	return text_slice(&t);
}

static struct slice redirect(const char *xml, const char *more)
{
	return parameter("SAMLRequest", deflate_raw(slice_c(xml)), more);
}

static struct slice post(const char *xml, const char *more)
{
	return parameter("SAMLRequest", slice_c(xml), more);
}

/* saml_request_read with the arena of the tests. */
static int request_of(enum saml_binding binding, struct slice parameters, struct saml_request *out,
	struct slice *relay_state_out, struct error *err)
{
	return saml_request_read(arena, binding, parameters, out, relay_state_out, err);
}

static void same_request(const struct saml_request *r)
{
	assert_string_equal(r->issuer, "https://auth.atlassian.com/saml/1234");
	assert_string_equal(r->id, "_1b2c3d4e.5-F");
	assert_string_equal(r->acs_url, ACS "&a=b");
	assert_false(r->has_acs_index);
	assert_string_equal(r->protocol_binding, "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST");
	assert_string_equal(r->destination, "https://sso.example.org/saml/idp/sso");
	assert_int_equal(r->issue_instant, 1795526356);
	assert_true(r->force_authn);
	assert_false(r->is_passive);
	assert_null(r->subject);
}

/* The shape of Auth0's code: tabs and double blanks between attributes, no NameIDPolicy. */
static void reads_what_atlassian_sends(void **state)
{
	static const char xml[] = "<samlp:AuthnRequest xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\""
		"\n\tAssertionConsumerServiceURL=\"" ACS "&amp;a=b\"  \tDestination=\"https://sso.example.org/saml/idp/sso\"\n"
		"  ID=\"_1b2c3d4e.5-F\"\t\tIssueInstant=\"2026-11-24T13:19:16Z\""
		"  ProtocolBinding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST\" Version=\"2.0\"  ForceAuthn=\"true\" >\n"
		"<saml:Issuer xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\">https://auth.atlassian.com/saml/1234"
		"</saml:Issuer>\n"
		"</samlp:AuthnRequest>";
	struct saml_request r;
	struct slice relay_state;
	struct error err;

	(void)state;
	assert_done(request_of(SAML_REDIRECT, redirect(xml, "&RelayState=a%2Fb+c%3d"), &r, &relay_state, &err), err);
	same_request(&r);
	assert_slice_is(relay_state, "a/b c=");
	assert_done(request_of(SAML_POST, post(xml, ""), &r, &relay_state, &err), err);
	same_request(&r);
	assert_null(relay_state.p);
}

static void reads_everything_that_may_be_there(void **state)
{
	static const char xml[] = REQUEST(" ID=\"b\" AssertionConsumerServiceIndex=\"1\" IsPassive=\"1\" Consent=\"urn:x\""
		" Version=\"2.0\" IssueInstant=\"2026-11-24T13:19:16.123Z\"",
		ISSUER "<ds:Signature xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"><ds:SignedInfo/></ds:Signature>"
		"<samlp:Extensions><x:y xmlns:x=\"urn:x\"/></samlp:Extensions>"
		"<saml:Subject><saml:NameID>anna@example.org</saml:NameID></saml:Subject>"
		"<samlp:NameIDPolicy/><saml:Conditions/><samlp:RequestedAuthnContext/><samlp:Scoping/>");
	struct saml_request r;
	struct slice relay_state;
	struct error err;

	(void)state;
	assert_done(request_of(SAML_REDIRECT, redirect(xml, "&RelayState="), &r, &relay_state, &err), err);
	assert_true(r.has_acs_index && r.is_passive);
	assert_false(r.force_authn);
	assert_null(r.acs_url);
	assert_null(r.protocol_binding);
	assert_null(r.destination);
	assert_string_equal(r.subject, "anna@example.org");
	assert_int_equal(r.issue_instant, 1795526356);
	assert_int_equal(relay_state.n, 0);
}

static const char *of_length(char c, size_t n)
{
	char *p = arena_alloc(arena, n + 1);

	memset(p, c, n);
	return p;
}

static void refuses_requests_that_are_not_as_they_must_be(void **state)
{
	static const struct {
		const char *why, *xml;
	} rows[] = {
		{"without ID", REQUEST(TIMES, ISSUER)},
		{"without ID", REQUEST(" ID=\"\"" TIMES, ISSUER)},
		{"not an xs:ID", REQUEST(" ID=\"1a\"" TIMES, ISSUER)},
		{"not an xs:ID", REQUEST(" ID=\"_a b\"" TIMES, ISSUER)},
		{"control character", REQUEST(" ID=\"_a&#10;\"" TIMES, ISSUER)},
		{"not an xs:ID", REQUEST(" ID=\"_a&quot;&gt;\"" TIMES, ISSUER)},
		{"not an xs:ID", REQUEST(" ID=\"a:b\"" TIMES, ISSUER)},
		{"ID in a namespace", REQUEST(" samlp:ID=\"_a\"" TIMES, ISSUER)},
		{"without Version", REQUEST(" ID=\"_a\" IssueInstant=\"2026-11-24T13:19:16Z\"", ISSUER)},
		{"only 2.0", REQUEST(" ID=\"_a\" Version=\"1.1\" IssueInstant=\"2026-11-24T13:19:16Z\"", ISSUER)},
		{"without IssueInstant", REQUEST(" ID=\"_a\" Version=\"2.0\"", ISSUER)},
		{"not a time", REQUEST(" ID=\"_a\" Version=\"2.0\" IssueInstant=\"yesterday\"", ISSUER)},
		{"not a time", REQUEST(" ID=\"_a\" Version=\"2.0\" IssueInstant=\"2026-13-24T13:19:16Z\"", ISSUER)},
		{"0 Issuer", REQUEST(" ID=\"_a\"" TIMES, "")},
		{"Issuer does not belong", REQUEST(" ID=\"_a\"" TIMES, ISSUER ISSUER)},
		{"Issuer must hold", REQUEST(" ID=\"_a\"" TIMES, "<saml:Issuer/>")},
		{"Issuer must hold", REQUEST(" ID=\"_a\"" TIMES, "<saml:Issuer><b/></saml:Issuer>")},
		{"Issuer holds a line end", REQUEST(" ID=\"_a\"" TIMES, "<saml:Issuer>a\nb</saml:Issuer>")},
		{"Issuer does not belong", REQUEST(" ID=\"_a\"" TIMES, "<Issuer>x</Issuer>")},
		{"Issuer does not belong", REQUEST(" ID=\"_a\"" TIMES, "<samlp:NameIDPolicy/>" ISSUER)},
		{"other does not belong", REQUEST(" ID=\"_a\"" TIMES, ISSUER "<other/>")},
		{"text between", REQUEST(" ID=\"_a\"" TIMES, ISSUER "text")},
		{"not a boolean", REQUEST(" ID=\"_a\" ForceAuthn=\"yes\"" TIMES, ISSUER)},
		{"not a boolean", REQUEST(" ID=\"_a\" IsPassive=\"\"" TIMES, ISSUER)},
		{"AssertionConsumerServiceURL holds control", 
			REQUEST(" ID=\"_a\" AssertionConsumerServiceURL=\"a&#13;b\"" TIMES, ISSUER)},
		{"Destination holds control", REQUEST(" ID=\"_a\" Destination=\"a&#9;b\"" TIMES, ISSUER)},
		{"2 NameID", REQUEST(" ID=\"_a\"" TIMES, ISSUER "<saml:Subject><saml:NameID>a</saml:NameID>"
			"<saml:NameID>b</saml:NameID></saml:Subject>")},
		{"not an AuthnRequest", "<samlp:LogoutRequest" XMLNS " ID=\"_a\"" TIMES ">" ISSUER "</samlp:LogoutRequest>"},
		{"not an AuthnRequest", "<AuthnRequest ID=\"_a\"" TIMES "/>"},
		{"DOCTYPE", "<!DOCTYPE x>" PLAIN},
		{"DOCTYPE", "<!DOCTYPE x [<!ENTITY e SYSTEM \"file:///etc/passwd\">]>" PLAIN},
		{"comment", REQUEST(" ID=\"_a\"" TIMES, "<saml:Issuer>a<!-- -->b</saml:Issuer>")},
		{"CDATA", REQUEST(" ID=\"_a\"" TIMES, "<saml:Issuer><![CDATA[a]]></saml:Issuer>")},
		{"processing instruction", REQUEST(" ID=\"_a\"" TIMES, ISSUER "<?php x?>")},
		{"Extra content", PLAIN PLAIN},
		{"line 1", "garbage"},
		{"line 1", "<samlp:AuthnRequest"},
	};
	struct saml_request untouched = {.issuer = "untouched"};
	struct slice relay_state;
	struct error err;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_refused(request_of(SAML_REDIRECT, redirect(rows[i].xml, ""), &untouched, &relay_state, &err), err,
			REASON_REQUEST_MALFORMED);
		if (!strstr(err.detail, rows[i].why))
			fail_msg("row %zu: wanted \"%s\", got \"%s\"", i, rows[i].why, err.detail);
		assert_refused(request_of(SAML_POST, post(rows[i].xml, ""), &untouched, &relay_state, &err), err,
			REASON_REQUEST_MALFORMED);
	}
	assert_string_equal(untouched.issuer, "untouched");
}

static void refuses_parameters_that_are_not_as_they_must_be(void **state)
{
	const char *good = redirect(PLAIN, "").p;
	struct slice trailing = deflate_raw(slice_c(PLAIN)), cut = deflate_raw(slice_c(PLAIN));
	const struct {
		enum reason reason;
		struct slice query;
	} rows[] = {
		{REASON_REQUEST_MISSING, slice_c("")},
		{REASON_REQUEST_MISSING, slice_of(NULL, 0)},
		{REASON_REQUEST_MISSING, slice_c("RelayState=x")},
		{REASON_REQUEST_MISSING, slice_c("SAMLRequest=")},
		{REASON_REQUEST_MISSING, slice_c("samlrequest=abcd")},
		{REASON_REQUEST_DOUBLED, slice_c(arena_printf(arena, "%s&%s", good, good))},
		{REASON_REQUEST_DOUBLED, slice_c(arena_printf(arena, "%s&SAMLRequest=", good))},
		{REASON_REQUEST_DOUBLED, slice_c(arena_printf(arena, "%s&RelayState=a&RelayState=a", good))},
		{REASON_REQUEST_DOUBLED, slice_c(arena_printf(arena, "SAMLEncoding=x&%s&SAMLEncoding=x", good))},
		{REASON_REQUEST_MALFORMED, slice_c(arena_printf(arena, "%s&SAMLEncoding=urn%%3Aother", good))},
		{REASON_REQUEST_MALFORMED, slice_c(arena_printf(arena, "%s&SAMLEncoding=", good))},
		{REASON_REQUEST_MALFORMED, slice_c(arena_printf(arena, "%s&RelayState=%%4", good))},
		{REASON_REQUEST_MALFORMED, slice_c(arena_printf(arena, "%s&RelayState=%%zz", good))},
		{REASON_REQUEST_MALFORMED, slice_c("SAMLRequest=%%%")},
		{REASON_REQUEST_MALFORMED, slice_c("SAMLRequest=a*b")},
		{REASON_REQUEST_MALFORMED, slice_c("SAMLRequest=abc")},
		{REASON_REQUEST_MALFORMED, slice_c("SAMLRequest=abcd")},
		{REASON_REQUEST_MALFORMED, post(PLAIN, "")},
		{REASON_REQUEST_MALFORMED, parameter("SAMLRequest", slice_of(trailing.p, trailing.n + 1), "")},
		{REASON_REQUEST_MALFORMED, parameter("SAMLRequest", slice_of(cut.p, cut.n - 1), "")},
	};
	struct saml_request r;
	struct slice relay_state;
	struct error err;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_refused(request_of(SAML_REDIRECT, rows[i].query, &r, &relay_state, &err), err, rows[i].reason);
	assert_refused(request_of(SAML_POST, redirect(PLAIN, ""), &r, &relay_state, &err), err, REASON_REQUEST_MALFORMED);
}

/* Signed or not: whoever takes the first and whoever takes the last read the same, or nobody reads anything. */
static void refuses_doubled_query_parameter(void **state)
{
	static const char *const doubled[] = {"SAMLRequest=abcd", "SAMLRequest=", "SAMLRequest", "RelayState=b", "RelayState="};
	const char *good = arena_copy(arena, redirect(PLAIN, "&RelayState=a"));
	struct saml_request r;
	struct slice relay_state;
	struct error err;

	(void)state;
	assert_done(request_of(SAML_REDIRECT, slice_c(good), &r, &relay_state, &err), err);
	for (size_t i = 0; i < sizeof(doubled) / sizeof(*doubled); i++) {
		struct slice behind = slice_c(arena_printf(arena, "%s&%s", good, doubled[i]));
		struct slice ahead = slice_c(arena_printf(arena, "%s&%s", doubled[i], good));

		assert_refused(request_of(SAML_REDIRECT, behind, &r, &relay_state, &err), err, REASON_REQUEST_DOUBLED);
		assert_refused(request_of(SAML_REDIRECT, ahead, &r, &relay_state, &err), err, REASON_REQUEST_DOUBLED);
	}
}

static void accepts_the_encoding_by_its_name(void **state)
{
	struct saml_request r;
	struct slice relay_state, query = redirect(PLAIN,
		"&SAMLEncoding=urn%3Aoasis%3Anames%3Atc%3ASAML%3A2.0%3Abindings%3AURL-Encoding%3ADEFLATE"
		"&SigAlg=http%3A%2F%2Fwww.w3.org%2F2001%2F04%2Fxmldsig-more%23rsa-sha256&Signature=abcd");
	struct error err;

	(void)state;
	assert_done(request_of(SAML_REDIRECT, query, &r, &relay_state, &err), err);
	assert_string_equal(r.id, "_a");
}

static void refuses_deflate_bomb(void **state)
{
	const size_t whole = 200u << 20;
	struct saml_request r;
	struct slice relay_state, bomb;
	char *text = calloc(1, whole);
	struct arena *own = arena_new();
	struct error err;
	int64_t began;

	(void)state;
	assert_non_null(text);
	bomb = parameter("SAMLRequest", deflate_raw(slice_of(text, whole)), "");
	free(text);
	assert_in_range(bomb.n, 100000, 600000);
	began = cpu_us();
	assert_refused(saml_request_read(own, SAML_REDIRECT, bomb, &r, &relay_state, &err), err, REASON_REQUEST_TOO_LARGE);
	/* Decoding is paid, inflating 200 MB is not: that would take half a second and the memory. */
	assert_in_range(cpu_us() - began, 0, 100000);
	assert_in_range(arena_size(own), 0, 4u << 20);
	arena_free(own);
}

static const char *padded(size_t n)
{
	return arena_printf(arena, REQUEST(" ID=\"_a\" Consent=\"%s\"" TIMES, ISSUER), of_length('x', n));
}

static void refuses_requests_beyond_the_limit(void **state)
{
	size_t room = SAML_REQUEST_MAX - strlen(padded(0));
	struct saml_request r;
	struct slice relay_state;
	struct error err;

	(void)state;
	assert_done(request_of(SAML_REDIRECT, redirect(padded(room), ""), &r, &relay_state, &err), err);
	assert_done(request_of(SAML_POST, post(padded(room), ""), &r, &relay_state, &err), err);
	assert_refused(request_of(SAML_REDIRECT, redirect(padded(room + 1), ""), &r, &relay_state, &err), err,
		REASON_REQUEST_TOO_LARGE);
	assert_refused(request_of(SAML_POST, post(padded(room + 1), ""), &r, &relay_state, &err), err,
		REASON_REQUEST_TOO_LARGE);
	assert_refused(request_of(SAML_POST, post(padded(room * 3), ""), &r, &relay_state, &err), err,
		REASON_REQUEST_TOO_LARGE);
}

static void refuses_ids_and_addresses_that_are_too_long(void **state)
{
	const char *fits = arena_printf(arena, REQUEST(" ID=\"_%s\"" TIMES, ISSUER), of_length('a', 255));
	const char *long_id = arena_printf(arena, REQUEST(" ID=\"_%s\"" TIMES, ISSUER), of_length('a', 256));
	const char *long_acs = arena_printf(arena, REQUEST(" ID=\"_a\" AssertionConsumerServiceURL=\"%s\"" TIMES, ISSUER),
		of_length('a', 2049));
	struct saml_request r;
	struct slice relay_state;
	struct error err;

	(void)state;
	assert_done(request_of(SAML_POST, post(fits, ""), &r, &relay_state, &err), err);
	assert_int_equal(strlen(r.id), 256);
	assert_refused(request_of(SAML_POST, post(long_id, ""), &r, &relay_state, &err), err, REASON_REQUEST_MALFORMED);
	assert_refused(request_of(SAML_POST, post(long_acs, ""), &r, &relay_state, &err), err, REASON_REQUEST_MALFORMED);
}

/* Opaque: what it means is Atlassian's business, and none of ours to open. */
static void keeps_relay_state_byte_for_byte(void **state)
{
	const char *const rows[] = {
		"https://example.atlassian.net/servicedesk?a=b&c=d#e", "javascript:alert(1)", "//h", "///h", "\\\\h", "http:h",
		"\"><script>alert(1)</script>", "%2F%2f", "a+b c", "Jürgen", "=&;", " ", "tab\t", of_length('x', 1500),
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct text more;
		struct saml_request r;
		struct slice relay_state;
		struct error err;

		text_begin(&more, arena, 64);
		text_add_c(&more, "&RelayState=");
		text_add_url(&more, slice_c(rows[i]));
		assert_done(request_of(SAML_REDIRECT, redirect(PLAIN, more.p), &r, &relay_state, &err), err);
		assert_slice_is(relay_state, rows[i]);
	}
}

static void refuses_relay_state_that_no_form_carries(void **state)
{
	const struct {
		enum reason reason;
		const char *escaped;
	} rows[] = {
		{REASON_RELAY_STATE_TOO_LONG, of_length('x', 1501)},
		{REASON_REQUEST_MALFORMED, "a%00b"},
		{REASON_REQUEST_MALFORMED, "%ff"},
		{REASON_REQUEST_MALFORMED, "a%0d%0ab"},
		{REASON_REQUEST_MALFORMED, "a%0ab"},
		{REASON_REQUEST_MALFORMED, "%1b"},
	};
	struct saml_request r;
	struct slice relay_state;
	struct error err;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct slice query = redirect(PLAIN, arena_printf(arena, "&RelayState=%s", rows[i].escaped));

		assert_refused(request_of(SAML_REDIRECT, query, &r, &relay_state, &err), err, rows[i].reason);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_what_atlassian_sends),
		cmocka_unit_test(reads_everything_that_may_be_there),
		cmocka_unit_test(refuses_requests_that_are_not_as_they_must_be),
		cmocka_unit_test(refuses_parameters_that_are_not_as_they_must_be),
		cmocka_unit_test(refuses_doubled_query_parameter),
		cmocka_unit_test(accepts_the_encoding_by_its_name),
		cmocka_unit_test(refuses_deflate_bomb),
		cmocka_unit_test(refuses_requests_beyond_the_limit),
		cmocka_unit_test(refuses_ids_and_addresses_that_are_too_long),
		cmocka_unit_test(keeps_relay_state_byte_for_byte),
		cmocka_unit_test(refuses_relay_state_that_no_form_carries),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
