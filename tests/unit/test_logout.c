/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/logout.c, the page that asks; and the identity provider's answers to what we asked. */
#include "tests/unit/logout_stage.h"

static int begin_without_logout(void **state)
{
	(void)state;
	return begin_with("", "<SingleLogoutService", "<ManageNameIDService");
}

static const char *response_to(const char *id, const char *status)
{
	return forge_query("SAMLResponse", message("LogoutResponse", arena_printf(a, " InResponseTo=\"%s\"", id), FORGE_ISSUER, arena_printf(a,
		"<samlp:Status><samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:%s\"/></samlp:Status>", status)), "");
}

/* ---- the page ---- */

static void survives_logout_without_session(void **state)
{
	static const char *const bodies[] = {"", "token=", "token=&session=0", "session=99999999999999999999", "%%%", "token=a&token=b"};
	static const char *const cookies[] = {"", "x", "AAAA", "%00", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"};
	size_t i;

	(void)state;
	assert_true(page_has(open_page(), "You are not signed on here"));
	for (i = 0; i < sizeof(bodies) / sizeof(*bodies); i++)
		assert_true(page_has(press(bodies[i]), "You are not signed on here"));
	for (i = 0; i < sizeof(cookies) / sizeof(*cookies); i++) {
		cookie = (struct http_cookie){slice_c("__Host-logout"), slice_c(cookies[i])};
		assert_true(page_has(open_page(), "You are not signed on here"));
		assert_true(page_has(press("token=x&session=0"), "You are not signed on here"));
	}
	refused_with(notice("", "document"), REASON_LOGOUT_MISSING);
	refused_with(notice("SAMLRequest=garbage", "iframe"), REASON_LOGOUT_MALFORMED);
	refused_with(notice(response_to("_nothing", "Success"), "document"), REASON_LOGOUT_NOT_ASKED);
	assert_int_equal(notice(request_of(FORGE_ISSUER, FORGE_NAME_ID, NULL), "iframe")->status, 200);
}

static void the_page_asks_before_it_does_anything_and_names_the_doors(void **state)
{
	struct http_exchange *x;

	(void)state;
	anna_signed_on();
	signed_on("entra", FORGE_NAME_ID, FORGE_ASSERTION_ID, "helpdesk");
	signed_on("entra", FORGE_NAME_ID, FORGE_ASSERTION_ID, "other");
	signed_on("entra", FORGE_NAME_ID, FORGE_ASSERTION_ID, "no-longer-there");
	x = open_page();
	assert_int_equal(x->status, 200);
	assert_null(x->set_cookies);
	assert_true(page_has(x, "Sign out?"));
	assert_true(page_has(x, "<button name=\"session\" value=\"0\">Sign out</button>"));
	assert_true(page_has(x, in_browser().token));
	assert_true(page_has(x, "<a href=\"https://id.atlassian.com/logout\">Jira &amp; &lt;Confluence&gt;</a>"));
	assert_true(page_has(x, "<a href=\"https://help.example/portal?a=1&amp;b=2\">helpdesk</a>"));
	assert_true(page_has(x, "<a href=\"https://o.example/bye\">other</a>"));
	assert_false(page_has(x, "no-longer-there"));
	assert_false(page_has(x, FORGE_NAME_ID));
	assert_string_equal(x->form_action, "'self' https:");
	assert_null(x->frame_ancestors);
}

static void the_button_asks_the_identity_provider(void **state)
{
	struct saml_logout m;

	(void)state;
	anna_signed_on();
	m = sent_to_provider(press(form_of(0)), 303);
	assert_int_equal(m.kind, SAML_LOGOUT_REQUEST);
	assert_string_equal(m.name_id, FORGE_NAME_ID);
	assert_int_equal(m.session_index_count, 1);
	assert_string_equal(m.session_indexes[0], FORGE_ASSERTION_ID);
	assert_string_equal(in_browser().sessions[0].request_id, m.id);
	assert_int_equal(in_browser().sessions[0].state, LOGOUT_LIVE);
	audit_has("\"event\":\"logout\"");
	audit_has("\"provider\":\"entra\"");
	audit_has("not at an end: organisation");
}

static void a_form_of_another_site_is_refused(void **state)
{
	static const char *const forms[] = {"", "session=0", "token=&session=0", "token=00000000000000000000000000000000&session=0"};

	(void)state;
	anna_signed_on();
	for (size_t i = 0; i < sizeof(forms) / sizeof(*forms); i++)
		refused_with(press(forms[i]), REASON_LOGOUT_FORGED);
	refused_with(press(arena_printf(a, "%s&token=x", form_of(0))), REASON_LOGOUT_FORGED);
	refused_with(send_as(logout_page, NULL, form_of(0), "iframe"), REASON_BAD_REQUEST);
	assert_null(in_browser().sessions[0].request_id);
	assert_true(page_has(press(form_of(1)), "Sign out?"));
}

static void several_sessions_have_a_button_each(void **state)
{
	struct http_exchange *x;

	(void)state;
	signed_on("gone", "bea", "_bea", "other");
	anna_signed_on();
	x = open_page();
	assert_true(page_has(x, "value=\"0\">Sign out of <bdi>Example &amp; Company</bdi><"));
	assert_true(page_has(x, "value=\"1\">Sign out of <bdi>gone</bdi><"));
	assert_int_equal(x->status, 200);
	refused_with(press(form_of(1)), REASON_NOT_READY);
	sent_to_provider(press(form_of(0)), 303);
	assert_null(in_browser().sessions[1].request_id);
}

static void a_provider_without_logout_is_said_to_go_on(void **state)
{
	struct http_exchange *x;

	(void)state;
	anna_signed_on();
	x = press(form_of(0));
	assert_true(page_has(x, "You are still signed in") && page_has(x, "&lt;Confluence&gt;</a>"));
	assert_false(page_has(x, "<form"));
	assert_null(x->set_cookies);
	assert_int_equal(in_browser().sessions[0].state, LOGOUT_LIVE);
	audit_has("offers no logout");
}

/* ---- its answer ---- */

static void its_answer_ends_the_session_here(void **state)
{
	const char *answer = response_to(asked(), "Success");
	struct http_exchange *x = notice(answer, "document");

	(void)state;
	assert_int_equal(x->status, 303);
	assert_string_equal(x->location, PUBLIC "/logout");
	x = open_page();
	assert_true(page_has(x, "You are signed out"));
	assert_true(page_has(x, "https://id.atlassian.com/logout"));
	assert_false(page_has(x, "<form"));
	audit_has("has ended its session");
	/* loaded again: the same */
	assert_string_equal(notice(answer, "document")->location, PUBLIC "/logout");
	clock_set(FORGE_NOW + LOGOUT_MARK_SECONDS + 1);
	assert_true(page_has(open_page(), "You are not signed on here"));
}

static void its_refusal_is_told_and_can_be_tried_again(void **state)
{
	struct http_exchange *x = notice(response_to(asked(), "Requester"), "document");

	(void)state;
	assert_int_equal(x->status, 200);
	assert_true(page_has(x, "You may still be signed in"));
	assert_true(page_has(x, ">Sign out</button>"));
	assert_int_equal(in_browser().sessions[0].state, LOGOUT_LIVE);
	audit_has("\"reason\":\"status-not-success\"");
	audit_has("refused: Requester");
	sent_to_provider(press(form_of(0)), 303);
}

static void an_answer_that_this_browser_did_not_ask_for_is_refused(void **state)
{
	(void)state;
	asked();
	refused_with(notice(response_to("_somebody-else", "Success"), "document"), REASON_LOGOUT_NOT_ASKED);
	refused_with(notice(by_entra(response_to("_somebody-else", "Success")), "document"), REASON_LOGOUT_NOT_ASKED);
	assert_int_equal(in_browser().sessions[0].state, LOGOUT_LIVE);
}

static void an_answer_with_a_bad_signature_or_of_another_issuer_is_refused(void **state)
{
	const char *id = asked();
	struct slice foreign = forge_replace(slice_c(message("LogoutResponse", arena_printf(a, " InResponseTo=\"%s\"", id), "https://evil.example/",
		"<samlp:Status><samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:Success\"/></samlp:Status>")), "_theirs", "_t");

	(void)state;
	refused_with(notice(forge_signed_query(response_to(id, "Success"), FORGE_SIG_ALG, FORGE_FOREIGN), "document"), REASON_SIGNATURE_INVALID);
	refused_with(notice(forge_query("SAMLResponse", foreign.p, ""), "document"), REASON_LOGOUT_UNKNOWN_ISSUER);
	assert_int_equal(in_browser().sessions[0].state, LOGOUT_LIVE);
}

/* ---- at Atlassian's door ---- */

/* Atlassian offers single logout with one other product only. */
static void connections_are_told_that_logout_is_not_offered(void **state)
{
	(void)state;
	refused_with(send_as(logout_not_offered, "SAMLRequest=x", NULL, "document"), REASON_LOGOUT_NOT_OFFERED);
	refused_with(send_as(logout_not_offered, NULL, "SAMLRequest=x", "document"), REASON_LOGOUT_NOT_OFFERED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STAGED(survives_logout_without_session, begin),
		STAGED(the_page_asks_before_it_does_anything_and_names_the_doors, begin),
		STAGED(the_button_asks_the_identity_provider, begin),
		STAGED(a_form_of_another_site_is_refused, begin),
		STAGED(several_sessions_have_a_button_each, begin),
		STAGED(a_provider_without_logout_is_said_to_go_on, begin_without_logout),
		STAGED(its_answer_ends_the_session_here, begin),
		STAGED(its_refusal_is_told_and_can_be_tried_again, begin),
		STAGED(an_answer_that_this_browser_did_not_ask_for_is_refused, begin),
		STAGED(an_answer_with_a_bad_signature_or_of_another_issuer_is_refused, begin),
		STAGED(connections_are_told_that_logout_is_not_offered, begin),
	};

	return cmocka_run_group_tests(tests, forge_begin, forge_end);
}
