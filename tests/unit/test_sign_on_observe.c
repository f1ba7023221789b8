/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Limits of sign-ons, and connections that observe. */
#include "tests/unit/sign_on_stage.h"

static int begin_with_limits(void **state)
{
	int fd;

	(void)state;
	if (begin_with(&(struct more){.top = "limits: {sign_ons: 5, failures: 10}"}) < 0 || limits_make(&fd, &err) < 0)
		return -1;
	assert_done(limits_open(fd, &gateway.limits, &err), err);
	close(fd);
	return 0;
}

/* ---- limits ---- */

static void answered_with_an_assertion(const struct http_exchange *x)
{
	assert_int_equal(x->status, 200);
	assert_true(page_has(x, "SAMLResponse"));
}

/* A loop, or a stolen session that hammers: one line a minute, and the answer can be brought once more later. */
static void a_person_is_signed_on_so_often_a_minute_and_no_more(void **state)
{
	struct http_exchange *x;
	size_t before;

	(void)state;
	for (int i = 0; i < 5; i++) {
		answered_with_an_assertion(finish(answer_to(sent_to_entra(start("")))));
		clock_set(FORGE_NOW - 20);
	}
	before = audit_lines();
	for (int i = 0; i < 4; i++) {
		x = finish(answer_to(sent_to_entra(start(""))));
		refused_with(x, REASON_TOO_MANY);
		assert_in_range(strtol(x->retry_after, NULL, 10), 7, 19);
		assert_true(page_has(x, "<h1>Please try again in a minute</h1>"));
		clock_set(FORGE_NOW - 20);
	}
	assert_int_equal(audit_lines(), before + 1);
	audit_says("reason", "too-many");
	audit_says("object_id", FORGE_OBJECT_ID);
	/* whoever asked passively is told so by a Response, as of any other refusal */
	x = finish(answer_to(sent_to_entra(ask_passively())));
	assert_int_equal(x->status, 200);
	assert_non_null(strstr(response_on(x), NO_PASSIVE));
	assert_non_null(strstr(response_on(x), "too-many: "));
}

/* An answer that comes again and again is one person's, whether or not it gives anything. */
static void a_replay_counts_for_its_person(void **state)
{
	struct slice form = answer_to(sent_to_entra(start("")));
	struct http_cookie before[JAR];
	size_t before_size = jar_size;

	(void)state;
	memcpy(before, jar, sizeof(jar));
	for (int i = 0; i < 6; i++) {
		struct http_exchange *x;

		memcpy(jar, before, sizeof(jar));
		jar_size = before_size;
		x = finish(form);
		if (i == 0)
			answered_with_an_assertion(x);
		else if (i < 5)
			sent_to_entra(x);
		else
			refused_with(x, REASON_TOO_MANY);
	}
}

/* A colleague behind the same address sends rubbish: who has begun a sign-on ends it. */
static void the_first_answer_to_a_sign_on_is_read_whatever_its_network_did(void **state)
{
	struct asked honest = sent_to_entra(start("")), other = sent_to_entra(start("IsPassive=\"true\""));
	struct slice bad = form_with(slice_c("<rubbish/>"), other.relay_state);
	struct http_exchange *x;

	(void)state;
	for (int i = 0; i < 10; i++)
		assert_null(finish(bad)->retry_after);
	/* a page and no Response, which would cost a signature, though it was asked passively */
	x = finish(bad);
	refused_with(x, REASON_TOO_MANY);
	assert_in_range(strtol(x->retry_after, NULL, 10), 7, 13);
	answered_with_an_assertion(finish(answer_to(honest)));
	assert_int_equal(limits_request(&gateway, request(sign_on_start, slice_c("x=y"), "")), REASON_TOO_MANY);
}

static void a_fresh_sign_on_is_demanded_where_it_was_asked_for(void **state)
{
	struct http_exchange *x = start("ForceAuthn=\"true\"");
	struct asked asked = sent_to_entra(x);
	struct slice relay_state;
	struct saml_request r;

	(void)state;
	assert_done(saml_request_read(a, SAML_REDIRECT, slice_c(strchr(x->location, '?') + 1), &r, &relay_state, &err), err);
	assert_true(r.force_authn && !r.is_passive);
	refused_with(finish(answer_to(asked)), REASON_NOT_FRESH);       /* the forge's AuthnInstant is 81 days old */
	asked = sent_to_entra(start("ForceAuthn=\"1\""));
	assert_int_equal(finish(form_with(forge_text(&(struct forge){.before = {{FORGE_REQUEST, asked.request_id}, {FORGE_REQUEST, asked.request_id},
		{"2026-09-04T06:11:02.000Z", "2026-11-24T13:19:10.000Z"}}}), asked.relay_state))->status, 200);
}

/* ---- observe: yes ---- */

static void observed_says(const char *key, const char *value)
{
	json_t *o = last_audit_line();
	const char *found = json_string_value(json_object_get(json_object_get(o, "observed"), key));

	if (value ? !found || strcmp(found, value) != 0 : found != NULL)
		fail_msg("observed %s is %s, not %s", key, found ? found : "not there", value ? value : "not there");
	json_decref(o);
}

static void audit_does_not_say(const char *key)
{
	json_t *o = last_audit_line();

	if (json_object_get(o, key))
		fail_msg("the audit says %s", key);
	json_decref(o);
}

static void whoever_the_rules_would_deny_is_observed(void **state)
{
	struct http_exchange *x;

	(void)state;
	anna_is_in("former");
	x = finish(answer_to(sent_to_entra(start(""))));
	assert_int_equal(x->status, 200);
	assert_non_null(strstr(response_on(x), ">anna.meier@example.org</saml:NameID>"));
	audit_says("event", "assertion");
	audit_says("passage", "assert");
	observed_says("verdict", "denied");
	observed_says("outcome", "deny");
	observed_says("rule", "left");
	observed_says("reason", "denied-by-rule");
	observed_says("passage", "refuse");
	audit_does_not_say("outcome");
	audit_does_not_say("rule");
	audit_does_not_say("reason");
	/* and whom they send elsewhere */
	anna_is_in("partners");
	x = finish(answer_to(sent_to_entra(start(""))));
	assert_non_null(strstr(response_on(x), ">anna.meier@example.org</saml:NameID>"));
	observed_says("verdict", "elsewhere");
	observed_says("outcome", "portal");
	observed_says("reason", NULL);
	/* and whom they give what is given */
	anna_is_in("agents");
	assert_non_null(strstr(response_on(finish(answer_to(sent_to_entra(start(""))))), "<saml:Assertion "));
	audit_says("outcome", "licensed");
	audit_says("rule", "agents");
	observed_says("verdict", "same");
	observed_says("rule", "agents");
}

static void a_passive_request_is_observed_as_well(void **state)
{
	(void)state;
	anna_is_in("partners");
	assert_non_null(strstr(response_on(finish(answer_to(sent_to_entra(ask_passively())))), "<saml:Assertion "));
	observed_says("verdict", "elsewhere");
}

static void a_link_is_not_observed(void **state)
{
	(void)state;
	anna_is_in("former");
	refused_with(finish(answer_to(sent_to_entra(request(link_start, (struct slice){0}, "help")))), REASON_DENIED_BY_RULE);
	audit_does_not_say("observed");
}

static void observing_lets_nobody_in_who_is_not_known(void **state)
{
	static const char other[] = "99999999-0000-4000-8000-000000000000";

	(void)state;
	fill_mirror(other, "anna.meier@example.org", "agents", "staff");
	refused_with(finish(answer_to(sent_to_entra(start("")))), REASON_PERSON_NOT_FOUND);
	fill_mirror(FORGE_OBJECT_ID, "anna.meier@example.org", "agents", "disabled");
	refused_with(finish(answer_to(sent_to_entra(start("")))), REASON_PERSON_DISABLED);
	fill_mirror(FORGE_OBJECT_ID, NULL, "agents", "staff");
	refused_with(finish(answer_to(sent_to_entra(start("")))), REASON_PERSON_NO_MAIL);
	anna_is_in("agents");
	add_a_twin();
	refused_with(finish(answer_to(sent_to_entra(start("")))), REASON_PERSON_FOUND_TWICE);
	audit_does_not_say("observed");
}

static void observing_lets_in_no_guest_and_nothing_that_is_not_verified(void **state)
{
	struct asked asked = sent_to_entra(start(""));
	struct forge f = {.before = {{FORGE_REQUEST, asked.request_id}, {FORGE_REQUEST, asked.request_id}},
		.after = {{FORGE_NAME_ID "</NameID>", "somebody.else@example.org</NameID>"}}};

	(void)state;
	refused_with(finish(answer_named(sent_to_entra(start("")), "anna_partner.example#EXT#@example.onmicrosoft.com")), REASON_GUEST_DENIED);
	audit_does_not_say("observed");
	anna_is_in("nothing");
	refused_with(finish(answer_named(sent_to_entra(start("")), "anna_partner.example#EXT#@example.onmicrosoft.com")),
		REASON_DENIED_BY_DEFAULT);
	clock_set(FORGE_NOW);
	refused_with(finish(form_with(forge_text(&f), asked.relay_state)), REASON_SIGNATURE_INVALID);
	/* of yesterday, when it comes to the audit: too old */
	clock_set(FORGE_NOW - 20);
	asked = sent_to_entra(start(""));
	anna_was_last_heard_of(FORGE_NOW - 30 * 86400);
	refused_with(finish(answer_to(asked)), REASON_DIRECTORY_STALE);
	audit_says("stale", "denied");
	audit_does_not_say("observed");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(whoever_the_rules_would_deny_is_observed, begin_observing, end),
		cmocka_unit_test_setup_teardown(a_passive_request_is_observed_as_well, begin_observing, end),
		cmocka_unit_test_setup_teardown(a_link_is_not_observed, begin_observing, end),
		cmocka_unit_test_setup_teardown(observing_lets_nobody_in_who_is_not_known, begin_observing, end),
		cmocka_unit_test_setup_teardown(observing_lets_in_no_guest_and_nothing_that_is_not_verified, begin_observing, end),
		test(a_fresh_sign_on_is_demanded_where_it_was_asked_for),
		cmocka_unit_test_setup_teardown(a_person_is_signed_on_so_often_a_minute_and_no_more, begin_with_limits, end),
		cmocka_unit_test_setup_teardown(a_replay_counts_for_its_person, begin_with_limits, end),
		cmocka_unit_test_setup_teardown(the_first_answer_to_a_sign_on_is_read_whatever_its_network_did, begin_with_limits, end),
	};

	return run_on_stage(tests);
}
