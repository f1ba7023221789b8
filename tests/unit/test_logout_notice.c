/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/logout_notice.c: the identity provider's requests, what they end, and how they are answered. */
#include "tests/unit/logout_stage.h"

static int begin_with_page(void **state)
{
	(void)state;
	return begin_with(", logout_answer: page", "https://sts.windows.net/", "https://idp.example/");
}

static int begin_with_signed_only(void **state)
{
	(void)state;
	return begin_with(", logout_signed: required, sign_requests: yes, logout_answer: response", NULL, NULL);
}

static int begin_with_signing(void **state)
{
	(void)state;
	return begin_with(", sign_requests: yes, logout_answer: response", NULL, NULL);
}

/* Some other product than Entra ID. */
static int begin_with_other(void **state)
{
	(void)state;
	return begin_with("", "https://sts.windows.net/", "https://idp.example/");
}

/* The cloud of the United States' government, by the name of its log-in host. */
static int begin_with_government(void **state)
{
	(void)state;
	return begin_with("", "https://sts.windows.net/", "https://login.microsoftonline.us/");
}

static void is_told(const char *query, enum logout_state then)
{
	struct http_exchange *x = notice(query, "iframe");

	if (x->status != 200)
		fail_msg("status %d: %.*s", x->status, (int)x->reply_body.n, x->reply_body.p);
	assert_string_equal(x->frame_ancestors, "*");
	assert_false(page_has(x, "<a ") || page_has(x, "<form") || page_has(x, "<script"));
	assert_int_equal(in_browser().sessions[0].state, then);
	if (then == LOGOUT_LIVE)
		assert_null(x->set_cookies);
}

static void a_broadcast_ends_the_session_that_its_index_names(void **state)
{
	(void)state;
	anna_signed_on();
	is_told(request_of(FORGE_ISSUER, "pairwise", FORGE_ASSERTION_ID), LOGOUT_ENDED);
	audit_has("the identity provider asked");
	assert_true(page_has(open_page(), "You are signed out"));
	/* again: there is nothing left to end */
	is_told(request_of(FORGE_ISSUER, "pairwise", FORGE_ASSERTION_ID), LOGOUT_ENDED);
}

static void a_signed_broadcast_ends_the_session_that_its_name_names(void **state)
{
	(void)state;
	anna_signed_on();
	is_told(by_entra(request_of(FORGE_ISSUER, FORGE_NAME_ID, "_unknown")), LOGOUT_ENDED);
}

/* Whoever knows a mail address could take the button of /logout away, by an image. */
static void an_unsigned_request_by_name_ends_nothing(void **state)
{
	(void)state;
	anna_signed_on();
	is_told(request_of(FORGE_ISSUER, FORGE_NAME_ID, NULL), LOGOUT_LIVE);
	is_told(request_of(FORGE_ISSUER, FORGE_NAME_ID, "_guess"), LOGOUT_LIVE);
}

static void a_request_for_somebody_else_ends_nothing(void **state)
{
	(void)state;
	anna_signed_on();
	is_told(by_entra(request_of(FORGE_ISSUER, "mallory@example.org", "_mallory")), LOGOUT_LIVE);
}

/* Seconds behind the instant at which message() says that it was made. */
static void signed_on_after(int64_t seconds)
{
	struct logout_cookie c;
	struct http_exchange x = {.arena = a};

	anna_signed_on();
	c = in_browser();
	c.sessions[0].since = FORGE_NOW - 1 + seconds;
	logout_cookie_set(&x, &gateway.logout_key, &c, 43200);
	cookie.value = slice_c(x.set_cookies->value);
	clock_set(FORGE_NOW + 300);
}

/* A request that comes again, or late, is older than the sign-on. */
static void a_request_ends_no_sign_on_that_came_after_it(void **state)
{
	(void)state;
	signed_on_after(250);
	is_told(by_entra(request_of(FORGE_ISSUER, FORGE_NAME_ID, NULL)), LOGOUT_LIVE);
	is_told(request_of(FORGE_ISSUER, FORGE_NAME_ID, FORGE_ASSERTION_ID), LOGOUT_LIVE);
}

static void ends_what_is_younger_by(int64_t skew)
{
	signed_on_after(skew + 1);
	is_told(by_entra(request_of(FORGE_ISSUER, FORGE_NAME_ID, FORGE_ASSERTION_ID)), LOGOUT_LIVE);
	signed_on_after(skew);
	is_told(by_entra(request_of(FORGE_ISSUER, FORGE_NAME_ID, FORGE_ASSERTION_ID)), LOGOUT_ENDED);
}

static void ends_what_is_younger_by_the_skew_and_no_second_more(void **state)
{
	struct settings_provider *p = (struct settings_provider *)(uintptr_t)settings_provider(gateway.settings, "entra");

	(void)state;
	assert_int_equal(p->skew, SAML_SKEW);
	ends_what_is_younger_by(SAML_SKEW);
	p->skew = 20;
	ends_what_is_younger_by(20);
	/* settings refuse 0; in saml/ it is what was not set, and here it is the same */
	p->skew = 0;
	ends_what_is_younger_by(SAML_SKEW);
}

static void a_bad_request_is_refused_and_ends_nothing(void **state)
{
	(void)state;
	anna_signed_on();
	refused_with(notice(request_of("https://evil.example/", FORGE_NAME_ID, FORGE_ASSERTION_ID), "iframe"), REASON_LOGOUT_UNKNOWN_ISSUER);
	refused_with(notice(forge_signed_query(request_of(FORGE_ISSUER, FORGE_NAME_ID, FORGE_ASSERTION_ID), FORGE_SIG_ALG, FORGE_FOREIGN), "iframe"),
		REASON_SIGNATURE_INVALID);
	clock_set(FORGE_NOW + 1000);
	refused_with(notice(request_of(FORGE_ISSUER, FORGE_NAME_ID, FORGE_ASSERTION_ID), "iframe"), REASON_LOGOUT_EXPIRED);
	assert_int_equal(in_browser().sessions[0].state, LOGOUT_LIVE);
}

/* Where the person looks at it, the page that says what lives on. */
static void a_broadcast_that_the_person_sees_leads_to_the_page(void **state)
{
	struct http_exchange *x;

	(void)state;
	anna_signed_on();
	x = notice(request_of(FORGE_ISSUER, FORGE_NAME_ID, FORGE_ASSERTION_ID), "document");
	assert_int_equal(x->status, 303);
	assert_string_equal(x->location, PUBLIC "/logout");
}

/* Entra ID refuses a LogoutResponse to its broadcast, in each of its clouds. */
static void every_cloud_of_entra_gets_a_page(void **state)
{
	(void)state;
	anna_signed_on();
	is_told(request_of("https://login.microsoftonline.us/" FORGE_TENANT "/", FORGE_NAME_ID, FORGE_ASSERTION_ID), LOGOUT_ENDED);
	anna_signed_on();
	is_told(request_of(FORGE_ISSUER, FORGE_NAME_ID, FORGE_ASSERTION_ID), LOGOUT_ENDED);
}

static void others_than_entra_get_a_logout_response(void **state)
{
	const char *issuer = "https://idp.example/" FORGE_TENANT "/";
	struct saml_logout m;

	(void)state;
	anna_signed_on();
	m = sent_to_provider(notice(arena_printf(a, "%s&RelayState=r%%2fs", request_of(issuer, FORGE_NAME_ID, FORGE_ASSERTION_ID)), "iframe"), 302);
	assert_int_equal(m.kind, SAML_LOGOUT_RESPONSE);
	assert_string_equal(m.in_response_to, "_theirs");
	assert_slice_is(m.relay_state, "r/s");
	assert_null(m.fault);
	assert_int_equal(in_browser().sessions[0].state, LOGOUT_ENDED);
	/* nothing to end is no failure */
	sent_to_provider(notice(request_of(issuer, "nobody", NULL), "document"), 302);
}

/* Its id and relay state are anybody's: our name is not put under them. */
static void an_answer_is_signed_only_where_the_request_was(void **state)
{
	const char *query = arena_printf(a, "%s&RelayState=anything", request_of(FORGE_ISSUER, FORGE_NAME_ID, "_unknown"));
	struct http_exchange *x = notice(query, "iframe");

	(void)state;
	assert_int_equal(sent_to_provider(x, 302).kind, SAML_LOGOUT_RESPONSE);
	assert_null(strstr(x->location, "Signature=") ? x->location : strstr(x->location, "SigAlg="));
	x = notice(by_entra(query), "iframe");
	assert_int_equal(sent_to_provider(x, 302).kind, SAML_LOGOUT_RESPONSE);
	assert_non_null(strstr(x->location, "&Signature="));
	refused_with(notice(forge_signed_query(query, FORGE_SIG_ALG, FORGE_FOREIGN), "iframe"), REASON_SIGNATURE_INVALID);
}

static void a_setting_gives_others_the_page(void **state)
{
	(void)state;
	anna_signed_on();
	is_told(request_of("https://idp.example/" FORGE_TENANT "/", FORGE_NAME_ID, FORGE_ASSERTION_ID), LOGOUT_ENDED);
}

static void settings_demand_signatures_and_sign_ours(void **state)
{
	const char *plain = request_of(FORGE_ISSUER, FORGE_NAME_ID, FORGE_ASSERTION_ID);
	struct http_exchange *x;

	(void)state;
	anna_signed_on();
	refused_with(notice(plain, "iframe"), REASON_UNSIGNED);
	refused_with(notice(by_entra(plain), "iframe"), REASON_LOGOUT_WRONG_DESTINATION);
	x = press(form_of(0));
	sent_to_provider(x, 303);
	assert_non_null(strstr(x->location, "&SigAlg="));
	x = notice(by_entra(forge_query("SAMLRequest", message("LogoutRequest", " Destination=\"" SLO "\"", FORGE_ISSUER,
		"<NameID xmlns=\"" NS_SAML "\">" FORGE_NAME_ID "</NameID>"), "")), "iframe");
	sent_to_provider(x, 302);
	assert_non_null(strstr(x->location, "&Signature="));
	assert_int_equal(in_browser().sessions[0].state, LOGOUT_ENDED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STAGED(a_broadcast_ends_the_session_that_its_index_names, begin),
		STAGED(a_signed_broadcast_ends_the_session_that_its_name_names, begin),
		STAGED(an_unsigned_request_by_name_ends_nothing, begin),
		STAGED(a_request_for_somebody_else_ends_nothing, begin),
		STAGED(a_request_ends_no_sign_on_that_came_after_it, begin),
		STAGED(ends_what_is_younger_by_the_skew_and_no_second_more, begin),
		STAGED(a_bad_request_is_refused_and_ends_nothing, begin),
		STAGED(a_broadcast_that_the_person_sees_leads_to_the_page, begin),
		STAGED(every_cloud_of_entra_gets_a_page, begin_with_government),
		STAGED(others_than_entra_get_a_logout_response, begin_with_other),
		STAGED(a_setting_gives_others_the_page, begin_with_page),
		STAGED(an_answer_is_signed_only_where_the_request_was, begin_with_signing),
		STAGED(settings_demand_signatures_and_sign_ours, begin_with_signed_only),
	};

	return cmocka_run_group_tests(tests, forge_begin, forge_end);
}
