/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whole sign-ons: the good ways, replays and other lives, the first request, and what nobody asked for. */
#include "tests/unit/sign_on_stage.h"

static int begin_with_default_link(void **state)
{
	(void)state;
	return begin_with(&(struct more){.top = "default_link: help"});
}

/* No managed connection: a link has no door of its own, and this one lands at an address. */
static int begin_with_portals_only(void **state)
{
	(void)state;
	return begin_with(&(struct more){.top = "#only portals#"});
}

/* ---- good ways ---- */

static void an_agent_gets_an_assertion_for_the_request(void **state)
{
	struct http_exchange *x = finish(answer_to(sent_to_entra(start(""))));

	(void)state;
	assert_int_equal(x->status, 200);
	assert_true(page_has(x, "action=\"https://auth.example/login/callback?connection=saml-1&amp;x=2\""));
	assert_true(page_has(x, "name=\"RelayState\" value=\"r&quot;&lt;s&gt;&amp;t\xc3\xa4te\""));
	assert_true(page_has(x, "name=\"SAMLResponse\""));
	audit_says("event", "assertion");
	audit_says("door", "organisation");
	audit_says("outcome", "licensed");
	audit_says("rule", "agents");
	audit_says("mail", "anna.meier@example.org");
	audit_says("object_id", FORGE_OBJECT_ID);
	audit_says("account", "not checked");
}

static bool leaves_a_logout_cookie(const struct http_exchange *x)
{
	const struct http_set_cookie *c = x->set_cookies;

	while (c && strcmp(c->name, "__Host-logout") != 0)
		c = c->next;
	return c && c->max_age == gateway.settings->logout_seconds;
}

static void only_a_sign_on_that_succeeds_is_remembered_for_signing_out(void **state)
{
	struct logout_cookie c;

	(void)state;
	assert_true(leaves_a_logout_cookie(finish(answer_to(sent_to_entra(start(""))))));
	logout_cookie_read(&(struct http_exchange){.arena = a, .cookies = jar, .cookie_count = jar_size}, &gateway.logout_key, FORGE_NOW, 43200, &c);
	assert_int_equal(c.count, 1);
	assert_string_equal(c.sessions[0].provider, "entra");
	assert_string_equal(c.sessions[0].name_id, FORGE_NAME_ID);
	assert_string_equal(c.sessions[0].session_index, FORGE_ASSERTION_ID);
	assert_string_equal(c.sessions[0].doors[0], "organisation");
	anna_is_in("former");
	assert_false(leaves_a_logout_cookie(finish(answer_to(sent_to_entra(start(""))))));
}

static void the_assertion_says_what_the_mirror_knows(void **state)
{
	struct http_exchange *x = finish(answer_to(sent_to_entra(start(""))));
	const char *at = strstr(x->reply_body.p, "name=\"SAMLResponse\" value=\"") + strlen("name=\"SAMLResponse\" value=\"");
	struct slice xml;

	(void)state;
	assert_int_equal(base64_decode(a, slice_of(at, strcspn(at, "\"")), &xml), 0);
	assert_non_null(memmem(xml.p, xml.n, ">anna.meier@example.org</", 25));
	assert_non_null(memmem(xml.p, xml.n, "InResponseTo=\"_asked\"", 21));
	assert_non_null(memmem(xml.p, xml.n, "M\xc3\xbcller &lt;/x&gt;&amp;", 22));
	assert_non_null(memmem(xml.p, xml.n, "Audience>" DOOR_ENTITY "<", strlen("Audience>" DOOR_ENTITY "<")));
}

static void a_partner_at_the_managed_door_is_sent_to_the_portal(void **state)
{
	struct http_exchange *x;

	(void)state;
	fill_mirror(FORGE_OBJECT_ID, "p@partner.example", "partners", "x");
	x = finish(answer_to(sent_to_entra(start(""))));
	assert_int_equal(x->status, 303);
	assert_string_equal(x->location, "https://help.example/portal");
	audit_says("event", "redirect");
	audit_says("passage", "to-portal");
}

static void a_link_ends_in_its_landing_by_an_unsolicited_response(void **state)
{
	struct http_exchange *x = finish(answer_to(sent_to_entra(request(link_start, (struct slice){0}, "help"))));

	(void)state;
	assert_int_equal(x->status, 200);
	assert_true(page_has(x, "name=\"RelayState\" value=\"https://site.example/jira?a=1&amp;b=2\""));
	audit_says("link", "help");
	audit_says("to", "https://site.example/jira?a=1&b=2");
}

static int begin_with_signed_requests(void **state)
{
	(void)state;
	return begin_with(&(struct more){.provider = ", sign_requests: yes, name_id_format: persistent"});
}

static void the_request_is_signed_when_the_provider_wants_it(void **state)
{
	struct http_exchange *x = start(""), *metadata = arena_alloc(a, sizeof(*metadata));

	(void)state;
	sent_to_entra(x);
	assert_non_null(strstr(x->location, "&SigAlg=http%3A%2F%2Fwww.w3.org%2F2001%2F04%2Fxmldsig-more%23rsa-sha256&Signature="));
	assert_in_range(strlen(x->location), 800, 1900);
	metadata->arena = a;
	metadata_sp(metadata, &gateway);
	assert_true(page_has(metadata, "AuthnRequestsSigned=\"true\""));
	assert_true(page_has(metadata, gateway.keyring.requests->certificate.base64));
	assert_int_equal(finish(answer_to(sent_to_entra(start(""))))->status, 200);
}

/* What looks like an address is proposed to the person at the provider; nothing else reaches it, and nothing depends on it. */
static void a_hint_goes_on_to_the_provider_when_it_is_an_address(void **state)
{
	static const struct { const char *query, *sent; } rows[] = {
		{"login_hint=anna%2Bx%40example.org", "&login_hint=anna%2Bx%40example.org"}, {"login_hint=a@b.example&x", "&login_hint=a%40b.example"},
		{"login_hint=anna", NULL}, {"login_hint=a%40b%26prompt%3Dnone", NULL}, {"login_hint=a@b&login_hint=c@d", NULL}, {"login_hint=%", NULL}, {"", NULL},
	};
	struct http_exchange *x;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		x = arena_alloc(a, sizeof(*x));
		*x = (struct http_exchange){.arena = a, .method = HTTP_GET, .query = slice_c(rows[i].query), .rest = "help", .client = "192.0.2.1"};
		link_start(x, &gateway);
		sent_to_entra(x);
		if (rows[i].sent)
			assert_string_equal(strstr(x->location, "&login_hint="), rows[i].sent);
		else
			assert_null(strstr(x->location, "login_hint"));
	}
	x = request(sign_on_start, ask(DOOR_ENTITY, "", NULL), "");
	assert_null(strstr(x->location, "login_hint"));
	x = request(sign_on_start, ask_with(DOOR_ENTITY, "", "<saml:Subject xmlns:saml=\"" NS_SAML "\"><saml:NameID>anna@example.org</saml:NameID>"
		"</saml:Subject>", NULL), "");
	assert_string_equal(strstr(x->location, "&login_hint="), "&login_hint=anna%40example.org");
}

static void a_link_without_a_managed_connection_lands_at_its_address(void **state)
{
	struct http_exchange *x;

	(void)state;
	fill_mirror(FORGE_OBJECT_ID, "p@partner.example", "partners", "x");
	x = finish(answer_to(sent_to_entra(request(link_start, (struct slice){0}, "help"))));
	assert_int_equal(x->status, 303);
	assert_string_equal(x->location, "https://help.example/portal/7");
	audit_says("passage", "to-portal");
}

static void two_tabs_are_two_sign_ons(void **state)
{
	struct asked one = sent_to_entra(start("")), two = sent_to_entra(start(""));

	(void)state;
	assert_string_not_equal(one.relay_state, two.relay_state);
	assert_int_equal(finish(answer_to(one))->status, 200);
	clock_set(FORGE_NOW);
	assert_int_equal(finish(form_with(forge_text(&(struct forge){.before = {{FORGE_REQUEST, two.request_id}, {FORGE_REQUEST, two.request_id},
		{FORGE_ASSERTION_ID, "_second"}, {FORGE_ASSERTION_ID, "_second"}}, .sign = FORGE_RESPONSE}), two.relay_state))->status, 200);
}

static void the_back_button_finds_a_page_that_goes_on(void **state)
{
	struct slice form = answer_to(sent_to_entra(start("")));
	struct http_exchange *x;

	(void)state;
	assert_int_equal(finish(form)->status, 200);
	x = finish(form);
	assert_int_equal(x->status, 200);
	assert_true(page_has(x, "href=\"https://site.example/\""));
	assert_false(page_has(x, "SAMLResponse"));
}

/* ---- replay, other lives, other hosts ---- */

static void refuses_replay(void **state)
{
	struct slice form = answer_to(sent_to_entra(start("")));
	struct http_cookie before[JAR];
	size_t before_size = jar_size;
	struct http_exchange *x;

	(void)state;
	memcpy(before, jar, sizeof(jar));
	assert_int_equal(finish(form)->status, 200);
	/* the answer never reached the browser: its cookie is as it was.  A fresh sign-on, not a second assertion */
	memcpy(jar, before, sizeof(jar));
	jar_size = before_size;
	x = finish(form);
	sent_to_entra(x);
	assert_false(page_has(x, "SAMLResponse"));
	audit_says("event", "restart");
}

static void refuses_replay_on_second_process(void **state)
{
	struct slice form = answer_to(sent_to_entra(start("")));
	struct http_cookie before[JAR];
	size_t before_size = jar_size;

	(void)state;
	memcpy(before, jar, sizeof(jar));
	assert_int_equal(finish(form)->status, 200);
	claims_close(gateway.claims);
	assert_done(claims_open(settings_claims_path(a, gateway.settings), &gateway.claims, &err), err);
	memcpy(jar, before, sizeof(jar));
	jar_size = before_size;
	sent_to_entra(finish(form));
}

/* The claims file is swept from the oldest on: an assertion that lasts for years must not hold that up. */
static void a_claim_ends_with_its_sign_on_and_not_with_its_assertion(void **state)
{
	static const char end[] = "NotOnOrAfter=\"2026-11-24T14:19:15.013Z\"", late[] = "NotOnOrAfter=\"2036-11-24T14:19:15Z\"";
	struct asked asked = sent_to_entra(start(""));
	struct forge f = {.before = {{FORGE_REQUEST, asked.request_id}, {FORGE_REQUEST, asked.request_id}, {end, late}, {end, late}}};
	int64_t since = FORGE_NOW - 20, later = since + PENDING_SECONDS_MOST + SAML_SKEW;
	struct slice id = slice_c(asked.request_id);

	(void)state;
	clock_set(FORGE_NOW);
	assert_int_equal(finish(form_with(forge_text(&f), asked.relay_state))->status, 200);
	assert_int_equal(claims_take(gateway.claims, slice_c("_a"), later, later, later + 9, &err), 1);
	assert_int_equal(claims_take(gateway.claims, id, since, later, later + 9, &err), 0);
	assert_int_equal(claims_take(gateway.claims, slice_c("_b"), later, later + 9, later + 9, &err), 1);
	assert_int_equal(claims_take(gateway.claims, id, since, later + 9, later + 9, &err), 1);
}

static void starts_again_when_the_claims_are_of_another_life(void **state)
{
	struct slice form = answer_to(sent_to_entra(start("")));

	(void)state;
	claims_close(gateway.claims);
	unlink(settings_claims_path(a, gateway.settings));
	assert_done(claims_open(settings_claims_path(a, gateway.settings), &gateway.claims, &err), err);
	sent_to_entra(finish(form));
	assert_int_equal(jar_size, 1);
}

static void refuses_pending_of_other_host(void **state)
{
	struct slice form = answer_to(sent_to_entra(start("")));
	struct settings *other = other_settings();
	struct http_exchange *x;

	(void)state;
	other->host = "host2";
	gateway.settings = other;
	x = finish(form);
	assert_int_equal(x->status, 302);
	assert_false(page_has(x, "SAMLResponse"));
	audit_says("event", "restart");
}

/* Where a load balancer sends what a dead host had asked for: its own sign-ons are not judged there either. */
static void starts_again_on_the_path_of_another_host(void **state)
{
	struct asked asked = sent_to_entra(start(""));
	struct asked again;

	(void)state;
	again = sent_to_entra(request(sign_on_finish, answer_to(asked), "host2"));
	audit_says("event", "restart");
	assert_string_not_equal(again.request_id, asked.request_id);
	assert_int_equal(finish(answer_to(again))->status, 200);
	refused_with(request(sign_on_finish, answer_to(asked), "host2"), REASON_COOKIE_MISSING);
}

static void gives_up_after_some_fresh_starts(void **state)
{
	struct settings *other = other_settings();
	struct http_exchange *x = start("");
	int i;

	(void)state;
	gateway.settings = other;
	for (i = 0; i < 4; i++) {
		struct slice form = answer_to(sent_to_entra(x));

		other->host = arena_printf(a, "yet another %d", i);
		x = finish(form);
	}
	refused_with(x, REASON_LOOP);
}

/* ---- refusals of the first request ---- */

static void refuses_requests_that_are_not_its_connections(void **state)
{
	static const struct { const char *issuer, *attributes; enum reason reason; } rows[] = {
		{"https://evil.example/", "", REASON_UNKNOWN_ISSUER},
		{DOOR_ENTITY, "AssertionConsumerServiceURL=\"https://evil.example/\"", REASON_WRONG_ACS},
		{DOOR_ENTITY, "AssertionConsumerServiceURL=\"https://auth.example/login/callback\"", REASON_WRONG_ACS},
		{DOOR_ENTITY, "AssertionConsumerServiceURL=\"https://help.example/acs\"", REASON_WRONG_ACS},
		{DOOR_ENTITY, "AssertionConsumerServiceIndex=\"0\"", REASON_ACS_INDEX},
		{DOOR_ENTITY, "ProtocolBinding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Artifact\"", REASON_WRONG_BINDING},
		{DOOR_ENTITY, "Destination=\"https://other.example/saml/idp/sso\"", REASON_REQUEST_WRONG_DESTINATION},
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		refused_with(request(sign_on_start, ask(rows[i].issuer, rows[i].attributes, "r"), ""), rows[i].reason);
		audit_says("reason", reason_word(rows[i].reason));
	}
	assert_int_equal(jar_size, 0);
}

static void takes_its_own_acs_destination_and_binding(void **state)
{
	(void)state;
	sent_to_entra(start("AssertionConsumerServiceURL=\"https://auth.example/login/callback?connection=saml-1&amp;x=2\" "
		"Destination=\"" PUBLIC "/saml/idp/sso\" ProtocolBinding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST\""));
}

static void an_image_starts_nothing(void **state)
{
	struct http_exchange x = {.arena = a, .method = HTTP_POST, .body = ask(DOOR_ENTITY, "", "r"), .client = "192.0.2.1", .fetch_dest = "image"};

	(void)state;
	sign_on_start(&x, &gateway);
	refused_with(&x, REASON_BAD_REQUEST);
	assert_null(x.set_cookies);
	x = (struct http_exchange){.arena = a, .method = HTTP_GET, .rest = "help", .client = "192.0.2.1", .fetch_dest = "iframe"};
	link_start(&x, &gateway);
	refused_with(&x, REASON_BAD_REQUEST);
}

static void refuses_a_link_that_does_not_exist(void **state)
{
	(void)state;
	refused_with(request(link_start, (struct slice){0}, "<nowhere>"), REASON_NO_SUCH_LINK);
}

static void explains_a_loop_between_doors(void **state)
{
	struct asked asked;
	int i;

	(void)state;
	fill_mirror(FORGE_OBJECT_ID, "p@partner.example", "partners", "x");
	for (i = 0; i < PENDING_LOOP_MOST; i++) {
		char id[40];

		clock_set(FORGE_NOW - 20);
		asked = sent_to_entra(start(""));
		snprintf(id, sizeof(id), "_round%d", i);
		clock_set(FORGE_NOW);
		assert_int_equal(finish(form_with(forge_text(&(struct forge){.sign = FORGE_RESPONSE, .before = {{FORGE_REQUEST, asked.request_id},
			{FORGE_REQUEST, asked.request_id}, {FORGE_ASSERTION_ID, id}, {FORGE_ASSERTION_ID, id}}}), asked.relay_state))->status, 303);
	}
	refused_with(start(""), REASON_LOOP);
}

/* ---- an answer that nobody asked for ---- */

static void an_unsolicited_answer_starts_the_default_link(void **state)
{
	struct asked asked;
	struct http_exchange *x;

	(void)state;
	clock_set(FORGE_NOW);
	x = finish(form_with(slice_c("not even XML"), "https://graph.example/relay"));
	assert_int_equal(x->status, 303);
	assert_string_equal(x->location, PUBLIC "/go/help");
	assert_int_equal(jar_size, 0);
	audit_says("event", "unsolicited");
	audit_says("link", "help");
	/* what was posted, a good answer even, has no part in what follows */
	clock_set(FORGE_NOW - 20);
	asked = sent_to_entra(request(link_start, (struct slice){0}, "help"));
	clock_set(FORGE_NOW);
	assert_int_equal(finish(form_with(forge_text(&(struct forge){0}), NULL))->status, 303);
	x = finish(answer_to(asked));
	assert_int_equal(x->status, 200);
	assert_true(page_has(x, "SAMLResponse"));
}

/* A known relay state is judged as ever, and an image or a frame starts nothing. */
static void the_default_link_starts_for_nothing_else(void **state)
{
	struct slice form = answer_to(sent_to_entra(request(link_start, (struct slice){0}, "help")));
	struct http_exchange *x = arena_alloc(a, sizeof(*x));

	(void)state;
	jar_size = 0;
	refused_with(finish(form), REASON_COOKIE_MISSING);
	refused_with(finish(slice_c("x=y")), REASON_RESPONSE_MISSING);
	*x = (struct http_exchange){.arena = a, .method = HTTP_POST, .body = form_with(slice_c("x"), NULL), .rest = "", .client = "192.0.2.1",
		.fetch_dest = "iframe"};
	sign_on_finish(x, &gateway);
	refused_with(x, REASON_BAD_REQUEST);
}

static void the_default_link_does_not_start_for_ever(void **state)
{
	int i;

	(void)state;
	clock_set(FORGE_NOW);
	for (i = 0; i < PENDING_LOOP_MOST; i++) {
		assert_int_equal(finish(form_with(slice_c("x"), NULL))->status, 303);
		sent_to_entra(request(link_start, (struct slice){0}, "help"));
	}
	refused_with(finish(form_with(slice_c("x"), NULL)), REASON_LOOP);
	clock_set(FORGE_NOW + PENDING_LOOP_SECONDS + 1);
	assert_int_equal(finish(form_with(slice_c("x"), NULL))->status, 303);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(an_agent_gets_an_assertion_for_the_request),
		test(only_a_sign_on_that_succeeds_is_remembered_for_signing_out),
		test(the_assertion_says_what_the_mirror_knows),
		test(a_partner_at_the_managed_door_is_sent_to_the_portal),
		test(a_link_ends_in_its_landing_by_an_unsolicited_response),
		cmocka_unit_test_setup_teardown(the_request_is_signed_when_the_provider_wants_it, begin_with_signed_requests, end),
		test(a_hint_goes_on_to_the_provider_when_it_is_an_address),
		cmocka_unit_test_setup_teardown(a_link_without_a_managed_connection_lands_at_its_address, begin_with_portals_only, end),
		test(two_tabs_are_two_sign_ons),
		test(the_back_button_finds_a_page_that_goes_on),
		test(refuses_replay),
		test(refuses_replay_on_second_process),
		test(a_claim_ends_with_its_sign_on_and_not_with_its_assertion),
		test(starts_again_when_the_claims_are_of_another_life),
		test(refuses_pending_of_other_host),
		test(starts_again_on_the_path_of_another_host),
		test(gives_up_after_some_fresh_starts),
		test(refuses_requests_that_are_not_its_connections),
		test(takes_its_own_acs_destination_and_binding),
		test(an_image_starts_nothing),
		test(refuses_a_link_that_does_not_exist),
		test(explains_a_loop_between_doors),
		cmocka_unit_test_setup_teardown(an_unsolicited_answer_starts_the_default_link, begin_with_default_link, end),
		cmocka_unit_test_setup_teardown(the_default_link_starts_for_nothing_else, begin_with_default_link, end),
		cmocka_unit_test_setup_teardown(the_default_link_does_not_start_for_ever, begin_with_default_link, end),
	};

	return run_on_stage(tests);
}
