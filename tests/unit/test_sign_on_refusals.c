/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sign-ons that are refused at their second request, on a page or in a Response. */
#include "tests/unit/sign_on_stage.h"

static int begin_with_full_disk(void **state)
{
	(void)state;
	return begin_with(&(struct more){.top = "audit_file: /dev/full"});
}

static int begin_with_full_disk_and_patience(void **state)
{
	(void)state;
	return begin_with(&(struct more){.top = "audit_file: /dev/full\naudit_failure: continue"});
}

/* ---- refusals of the second request ---- */

static void refuses_unsolicited(void **state)
{
	struct asked asked = sent_to_entra(start(""));

	(void)state;
	clock_set(FORGE_NOW);
	refused_with(finish(form_with(forge_text(&(struct forge){0}), NULL)), REASON_UNSOLICITED);
	refused_with(finish(form_with(forge_text(&(struct forge){0}), "https://site.example/")), REASON_UNSOLICITED);
	refused_with(finish(form_with(forge_text(&(struct forge){.before = {{" InResponseTo=\"" FORGE_REQUEST "\"", ""}}}), asked.relay_state)),
		REASON_UNSOLICITED);
	refused_with(finish(slice_c("x=y")), REASON_RESPONSE_MISSING);
}

static void refuses_captured_response_without_cookie(void **state)
{
	struct slice form = answer_to(sent_to_entra(start("")));

	(void)state;
	jar_size = 0;
	refused_with(finish(form), REASON_COOKIE_MISSING);
	audit_says("reason", "cookie-missing");
}

static void refuses_captured_response_with_foreign_cookie(void **state)
{
	struct asked victim = sent_to_entra(start("")), attacker;
	struct slice form = answer_to(victim);

	(void)state;
	jar_size = 0;
	clock_set(FORGE_NOW - 20);
	attacker = sent_to_entra(start(""));
	refused_with(finish(form), REASON_COOKIE_MISSING);
	/* the same Response under the name of a sign-on that this browser does have */
	clock_set(FORGE_NOW);
	refused_with(finish(form_with(forge_text(&(struct forge){.before = {{FORGE_REQUEST, victim.request_id}, {FORGE_REQUEST, victim.request_id}}}),
		attacker.relay_state)), REASON_WRONG_IN_RESPONSE_TO);
}

static void refuses_answer_for_other_downstream_sp(void **state)
{
	struct asked managed = sent_to_entra(start("")), portal;

	(void)state;
	portal = sent_to_entra(request(sign_on_start, ask("urn:help", "", "r"), ""));
	clock_set(FORGE_NOW);
	refused_with(finish(form_with(forge_text(&(struct forge){.before = {{FORGE_REQUEST, portal.request_id}, {FORGE_REQUEST, portal.request_id}}}),
		managed.relay_state)), REASON_WRONG_IN_RESPONSE_TO);
}

static void refuses_a_sign_on_that_took_too_long(void **state)
{
	struct slice form = answer_to(sent_to_entra(start("")));

	(void)state;
	clock_set(FORGE_NOW + 900);
	refused_with(finish(form), REASON_PENDING_EXPIRED);
}

static void refuses_who_is_not_found_and_shows_no_groups(void **state)
{
	struct http_exchange *x;

	(void)state;
	fill_mirror("00000000-0000-4000-8000-000000000000", "anna.meier@example.org", "agents", "x");
	x = finish(answer_to(sent_to_entra(start(""))));
	refused_with(x, REASON_PERSON_NOT_FOUND);
	assert_false(page_has(x, "agents"));
	assert_true(page_has(x, "it@example.org"));
	assert_true(page_has(x, "href=\"https://site.example/\""));
}

static void refuses_an_assertion_without_the_claim_of_the_join(void **state)
{
	static const char claim[] = "<Attribute Name=\"" SAML_CLAIM_OBJECT_ID "\"><AttributeValue>" FORGE_OBJECT_ID "</AttributeValue></Attribute>";
	struct asked asked = sent_to_entra(start(""));
	struct forge f = {.before = {{FORGE_REQUEST, asked.request_id}, {FORGE_REQUEST, asked.request_id}, {claim, ""}}};

	(void)state;
	refused_with(finish(form_with(forge_text(&f), asked.relay_state)), REASON_NO_OBJECT_ID);
}

static void refuses_who_is_switched_off(void **state)
{
	(void)state;
	fill_mirror(FORGE_OBJECT_ID, "anna.meier@example.org", "agents", "disabled");
	refused_with(finish(answer_to(sent_to_entra(start("")))), REASON_PERSON_DISABLED);
}

static void refuses_by_rule_with_its_sentence_and_the_groups(void **state)
{
	struct http_exchange *x;

	(void)state;
	anna_is_in("former");
	x = finish(answer_to(sent_to_entra(start(""))));
	refused_with(x, REASON_DENIED_BY_RULE);
	assert_true(page_has(x, "You have left us."));
	assert_true(page_has(x, "<li>former</li>"));
	audit_says("rule", "left");
}

static void refuses_by_default(void **state)
{
	(void)state;
	anna_is_in("nobody");
	refused_with(finish(answer_to(sent_to_entra(start("")))), REASON_DENIED_BY_DEFAULT);
}

static void a_refused_person_is_not_judged_twice_on_one_answer(void **state)
{
	struct slice form;

	(void)state;
	anna_is_in("nobody");
	form = answer_to(sent_to_entra(start("")));
	refused_with(finish(form), REASON_DENIED_BY_DEFAULT);
	assert_true(page_has(finish(form), "This sign-on is complete"));
}

static void refuses_while_the_mirror_is_not_there(void **state)
{
	(void)state;
	mirror_close(gateway.mirror);
	gateway.mirror = NULL;
	assert_int_equal(unlink(settings_mirror_path(a, gateway.settings)), 0);
	refused_with(finish(answer_to(sent_to_entra(start("")))), REASON_MIRROR_EMPTY);
	assert_null(gateway.mirror);
}

/* The mirror role had it ready after the worker last looked, and before the worker looks again by itself. */
static void opens_a_mirror_made_since_the_last_look(void **state)
{
	(void)state;
	mirror_close(gateway.mirror);
	gateway.mirror = NULL;
	assert_true(page_has(finish(answer_to(sent_to_entra(start("")))), "name=\"SAMLResponse\""));
}

/* The disk is damaged, or root imported what the workers may not read: not the same as no inventory. */
static void refuses_while_the_inventory_cannot_be_read(void **state)
{
	(void)state;
	accounts_close(gateway.accounts);
	gateway.accounts = NULL;
	write_here("state/accounts/accounts.mdb", 0640, slice_c("this is no LMDB file, and it is longer than the head of one would be, so it is refused"));
	gateway_open_stores(&gateway);
	refused_with(finish(answer_to(sent_to_entra(start("")))), REASON_STORE);
	audit_says("event", "refusal");
	unlink(in_folder("state/accounts/accounts.mdb"));
	gateway_open_stores(&gateway);
	assert_non_null(gateway.accounts);
	assert_int_equal(gateway.accounts_fault.reason, REASON_NONE);
}

/* Anybody can be refused a thousand times a second; who was named by a verified answer is recorded all the same. */
static void a_flood_of_nobody_does_not_fill_the_audit(void **state)
{
	struct slice form;
	size_t before;

	(void)state;
	anna_is_in("nobody");
	form = answer_to(sent_to_entra(start("")));
	for (int i = 0; i < 3 * AUDIT_NAMELESS_BURST; i++)
		assert_int_equal(finish(slice_c("x=y"))->status, reason_status(REASON_RESPONSE_MISSING));
	before = audit_lines();
	assert_in_range(before, AUDIT_NAMELESS_BURST, 2 * AUDIT_NAMELESS_BURST);
	refused_with(finish(form), REASON_DENIED_BY_DEFAULT);
	assert_int_equal(audit_lines(), before + 1);
	audit_says("reason", "denied-by-default");
}

static void refuses_when_the_audit_cannot_be_written(void **state)
{
	(void)state;
	refused_with(finish(answer_to(sent_to_entra(start("")))), REASON_AUDIT);
}

static void goes_on_without_audit_only_when_told_so(void **state)
{
	struct http_exchange *x = finish(answer_to(sent_to_entra(start(""))));

	(void)state;
	assert_int_equal(x->status, 200);
	assert_true(page_has(x, "SAMLResponse"));
}

/* ---- refusals as Responses ---- */

static void says_no(const char *xml, const char *status, enum reason reason)
{
	const char *const parts[] = {
		"InResponseTo=\"_asked\"", "Value=\"urn:oasis:names:tc:SAML:2.0:status:Responder\"", status, "<ds:SignatureValue>",
		arena_printf(a, "<samlp:StatusMessage>%s: %s (", reason_word(reason), reason_sentence(reason)),
	};

	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
		if (!strstr(xml, parts[i]))
			fail_msg("no %s in %s", parts[i], xml);
	}
	assert_null(strstr(xml, "Assertion "));
	assert_null(strstr(xml, "anna"));
	audit_says("event", "refusal");
	audit_says("reason", reason_word(reason));
	audit_says("status", strrchr(status, ':') + 1);
}

/* No page and no redirect, whatever it is. */
static void passively_refused(const struct http_exchange *x, const char *status, enum reason reason)
{
	assert_int_equal(x->status, 200);
	says_no(response_on(x), status, reason);
	assert_non_null(x->script_hash);
	audit_says("answer", "response");
}

static void a_passive_request_is_asked_passively_and_answered(void **state)
{
	struct http_exchange *x = ask_passively();
	struct asked asked = sent_to_entra(x);
	struct slice relay_state;
	struct saml_request r;

	(void)state;
	assert_done(saml_request_read(a, SAML_REDIRECT, slice_c(strchr(x->location, '?') + 1), &r, &relay_state, &err), err);
	assert_true(r.is_passive && !r.force_authn);
	x = finish(answer_to(asked));
	assert_non_null(strstr(response_on(x), "<saml:Assertion "));
	assert_true(page_has(x, "name=\"RelayState\" value=\"r&quot;&lt;s&gt;&amp;t\xc3\xa4te\""));
}

static void what_the_rules_refuse_of_a_passive_request_is_denied(void **state)
{
	(void)state;
	fill_mirror(FORGE_OBJECT_ID, "anna.meier@example.org", "former", "staff");
	passively_refused(finish(answer_to(sent_to_entra(ask_passively()))), REQUEST_DENIED, REASON_DENIED_BY_RULE);
	assert_true(page_has(finish(answer_to(sent_to_entra(ask_passively()))), "name=\"RelayState\" value=\"r&quot;&lt;s&gt;&amp;t\xc3\xa4te\""));
}

/* To ask again aloud would not help a guest either. */
static void a_guest_whom_the_rules_refuse_of_a_passive_request_is_denied(void **state)
{
	(void)state;
	passively_refused(finish(answer_named(sent_to_entra(ask_passively()), "anna_partner.example#EXT#@example.onmicrosoft.com")), REQUEST_DENIED,
		REASON_GUEST_DENIED);
}

static void no_passive_of_the_provider_is_passed_through(void **state)
{
	struct asked asked = sent_to_entra(ask_passively());

	(void)state;
	clock_set(FORGE_NOW);
	passively_refused(finish(form_with(slice_c(arena_printf(a, "<samlp:Response xmlns:samlp=\"" NS_SAMLP "\" ID=\"_r\" Version=\"2.0\""
		" IssueInstant=\"2026-11-24T13:19:16Z\" Destination=\"" FORGE_ACS "\" InResponseTo=\"%s\"><samlp:Status><samlp:StatusCode"
		" Value=\"urn:oasis:names:tc:SAML:2.0:status:Responder\"><samlp:StatusCode Value=\"" NO_PASSIVE "\"/></samlp:StatusCode>"
		"</samlp:Status></samlp:Response>", asked.request_id)), asked.relay_state)), NO_PASSIVE, REASON_STATUS_NOT_SUCCESS);
}

static void a_passive_request_never_leads_to_another_door(void **state)
{
	struct http_exchange *x;

	(void)state;
	fill_mirror(FORGE_OBJECT_ID, "p@partner.example", "partners", "x");
	x = finish(answer_to(sent_to_entra(ask_passively())));
	passively_refused(x, NO_PASSIVE, REASON_ELSEWHERE);
	audit_says("passage", "to-portal");
}

static void whatever_goes_wrong_with_a_passive_request_is_a_response(void **state)
{
	struct slice form = answer_to(sent_to_entra(ask_passively()));
	struct settings *other = other_settings();
	struct http_exchange *x;
	int i;

	(void)state;
	assert_int_equal(finish(form)->status, 200);
	passively_refused(finish(form), NO_PASSIVE, REASON_ALREADY_ANSWERED);
	form = answer_to(sent_to_entra(ask_passively()));
	clock_set(FORGE_NOW + 901);
	passively_refused(finish(form), NO_PASSIVE, REASON_PENDING_EXPIRED);
	clock_set(FORGE_NOW);
	fill_mirror("00000000-0000-4000-8000-000000000000", "anna.meier@example.org", "agents", "x");
	passively_refused(finish(answer_to(sent_to_entra(ask_passively()))), NO_PASSIVE, REASON_PERSON_NOT_FOUND);
	gateway.settings = other;
	x = ask_passively();
	for (i = 0; i < 4; i++) {
		form = answer_to(sent_to_entra(x));
		other->host = arena_printf(a, "yet another %d", i);
		x = finish(form);
	}
	passively_refused(x, NO_PASSIVE, REASON_LOOP);
	providers_close(gateway.providers);
	other->provider_count = 0;
	gateway.providers = providers_open(other, gateway.files);
	other->provider_count = 1;
	passively_refused(ask_passively(), NO_PASSIVE, REASON_NOT_READY);
}

static void a_passive_request_that_cannot_be_recorded_is_told_so(void **state)
{
	struct http_exchange *x = finish(answer_to(sent_to_entra(ask_passively())));

	(void)state;
	assert_non_null(strstr(response_on(x), NO_PASSIVE));
	assert_non_null(strstr(response_on(x), "<samlp:StatusMessage>audit: "));
}

/* Only what is sure says who asked: its own request, or our cookie. */
static void nobody_is_told_where_nobody_is_known_to_have_asked(void **state)
{
	struct slice form = answer_to(sent_to_entra(ask_passively()));

	(void)state;
	refused_with(request(sign_on_start, ask("https://evil.example/", "IsPassive=\"true\"", "r"), ""), REASON_UNKNOWN_ISSUER);
	refused_with(request(sign_on_start, ask(DOOR_ENTITY, "IsPassive=\"true\" AssertionConsumerServiceURL=\"https://evil.example/\"", "r"), ""),
		REASON_WRONG_ACS);
	jar_size = 0;
	refused_with(finish(form), REASON_COOKIE_MISSING);
	fill_mirror(FORGE_OBJECT_ID, "anna.meier@example.org", "former", "staff");
	refused_with(finish(answer_to(sent_to_entra(request(link_start, (struct slice){0}, "help")))), REASON_DENIED_BY_RULE);
	audit_says("answer", "page");
}

static int begin_with_refusals_as_responses(void **state)
{
	(void)state;
	return begin_with(&(struct more){.door = ", refusals: response"});
}

static void a_refused_person_can_take_the_refusal_back(void **state)
{
	struct http_exchange *x;

	(void)state;
	fill_mirror(FORGE_OBJECT_ID, "anna.meier@example.org", "former", "staff");
	x = finish(answer_to(sent_to_entra(start(""))));
	assert_int_equal(x->status, 403);
	assert_true(page_has(x, "You have left us."));
	assert_true(page_has(x, "<code>denied-by-rule</code>"));
	assert_true(page_has(x, "name=\"RelayState\" value=\"r&quot;&lt;s&gt;&amp;t\xc3\xa4te\""));
	assert_null(x->script_hash);
	says_no(response_on(x), REQUEST_DENIED, REASON_DENIED_BY_RULE);
	audit_says("answer", "page-and-response");
	/* nobody asked: a link is refused on a page */
	refused_with(finish(answer_to(sent_to_entra(request(link_start, (struct slice){0}, "help")))), REASON_DENIED_BY_RULE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(refuses_unsolicited),
		test(refuses_captured_response_without_cookie),
		test(refuses_captured_response_with_foreign_cookie),
		test(refuses_answer_for_other_downstream_sp),
		test(refuses_a_sign_on_that_took_too_long),
		test(a_passive_request_is_asked_passively_and_answered),
		test(what_the_rules_refuse_of_a_passive_request_is_denied),
		test(a_guest_whom_the_rules_refuse_of_a_passive_request_is_denied),
		test(no_passive_of_the_provider_is_passed_through),
		test(a_passive_request_never_leads_to_another_door),
		test(whatever_goes_wrong_with_a_passive_request_is_a_response),
		cmocka_unit_test_setup_teardown(a_passive_request_that_cannot_be_recorded_is_told_so, begin_with_full_disk, end),
		test(nobody_is_told_where_nobody_is_known_to_have_asked),
		cmocka_unit_test_setup_teardown(a_refused_person_can_take_the_refusal_back, begin_with_refusals_as_responses, end),
		test(refuses_who_is_not_found_and_shows_no_groups),
		test(refuses_an_assertion_without_the_claim_of_the_join),
		test(refuses_who_is_switched_off),
		test(refuses_by_rule_with_its_sentence_and_the_groups),
		test(refuses_by_default),
		test(a_refused_person_is_not_judged_twice_on_one_answer),
		test(refuses_while_the_mirror_is_not_there),
		test(opens_a_mirror_made_since_the_last_look),
		test(a_flood_of_nobody_does_not_fill_the_audit),
		test(refuses_while_the_inventory_cannot_be_read),
		cmocka_unit_test_setup_teardown(refuses_when_the_audit_cannot_be_written, begin_with_full_disk, end),
		cmocka_unit_test_setup_teardown(goes_on_without_audit_only_when_told_so, begin_with_full_disk_and_patience, end),
	};

	return run_on_stage(tests);
}
