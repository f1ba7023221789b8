/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sign-ons of several tenants, of guests, by claims, and the codes of Entra ID. */
#include "tests/unit/sign_on_stage.h"

static int begin_with_two_tenants(void **state)
{
	(void)state;
	return begin_with(&(struct more){.top = "#two tenants#"});
}

static int begin_with_a_door_of_one_tenant(void **state)
{
	(void)state;
	return begin_with(&(struct more){.top = "#two tenants, a door of one#"});
}

/* ---- two tenants ---- */

static const char *choice_for(const struct http_exchange *x, const char *name)
{
	const char *page = arena_copy(a, x->reply_body), *end = strstr(page, arena_printf(a, "/%s\">", name)), *at;

	assert_int_equal(x->status, 200);
	assert_non_null(end);
	for (at = end; strncmp(at, "/choose/", 8) != 0; at--)
		assert_true(at > page);
	return arena_copy(a, slice_of(at + 8, (size_t)(end - at - 8) + 1 + strlen(name)));
}

static void the_person_says_which_organisation(void **state)
{
	struct http_exchange *x = start(""), *chosen;
	const char *entra, *fabrikam;

	(void)state;
	assert_true(page_has(x, "Which organisation do you belong to?"));
	assert_true(page_has(x, ">Example &amp; Co</a>"));
	assert_true(page_has(x, ">Fabrikam</a>"));
	assert_null(x->location);
	entra = choice_for(x, "entra");
	fabrikam = choice_for(x, "fabrikam");
	assert_true(strncmp(entra, fabrikam, 33) == 0);
	chosen = finish(answer_to(sent_to_entra(request(sign_on_chosen, (struct slice){0}, entra))));
	assert_int_equal(chosen->status, 200);
	assert_true(page_has(chosen, "SAMLResponse"));
	audit_says("provider", "entra");
	/* once: who comes back gets a fresh start, and nothing was remembered */
	x = request(sign_on_chosen, (struct slice){0}, fabrikam);
	assert_int_equal(x->status, 200);
	assert_true(page_has(x, "already been answered"));
	assert_true(page_has(start(""), "Which organisation do you belong to?"));
}

static void a_choice_leads_nowhere_else(void **state)
{
	const char *entra = choice_for(start(""), "entra"), *id = arena_copy(a, slice_of(entra, 32));
	static const char *const bad[] = {"", "/", "entra", "0123/entra", "0123456789abcdef0123456789abcdeg/entra"};
	struct asked asked = {NULL, id};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		refused_with(request(sign_on_chosen, (struct slice){0}, bad[i]), REASON_NO_SUCH_PAGE);
	refused_with(request(sign_on_chosen, (struct slice){0}, arena_printf(a, "%s/nobody", id)), REASON_PROVIDER_CHOICE);
	refused_with(request(sign_on_chosen, (struct slice){0}, arena_printf(a, "%s/entra/", id)), REASON_PROVIDER_CHOICE);
	refused_with(request(sign_on_chosen, (struct slice){0}, arena_printf(a, "%s/https:%%2f%%2fevil.example", id)), REASON_PROVIDER_CHOICE);
	/* nobody was asked yet, so there is nothing to answer */
	clock_set(FORGE_NOW);
	refused_with(finish(form_with(forge_text(&(struct forge){0}), asked.relay_state)), REASON_PENDING_INVALID);
	/* in another browser it means nothing */
	jar_size = 0;
	refused_with(request(sign_on_chosen, (struct slice){0}, entra), REASON_COOKIE_MISSING);
}

static void a_choice_is_one_of_its_own_door(void **state)
{
	const char *id = arena_copy(a, slice_of(choice_for(request(link_start, (struct slice){0}, "help"), "fabrikam"), 32));

	(void)state;
	refused_with(request(sign_on_chosen, (struct slice){0}, arena_printf(a, "%s/organisation", id)), REASON_PROVIDER_CHOICE);
	assert_int_equal(request(sign_on_chosen, (struct slice){0}, arena_printf(a, "%s/fabrikam", id))->status, 302);
}

static void the_hint_of_a_link_chooses_silently(void **state)
{
	(void)state;
	query = slice_c("login_hint=anna.meier%40EXAMPLE.org");
	assert_int_equal(finish(answer_to(sent_to_entra(request(link_start, (struct slice){0}, "help"))))->status, 200);
	audit_says("provider", "entra");
	query = slice_c("login_hint=x%40nowhere.example");
	assert_true(page_has(request(link_start, (struct slice){0}, "help"), "Which organisation"));
	query = slice_c("login_hint=a%40example.org&login_hint=b%40example.org");
	assert_true(page_has(request(link_start, (struct slice){0}, "help"), "Which organisation"));
}

static void a_passive_request_gets_no_page(void **state)
{
	struct http_exchange *x = start("IsPassive=\"true\"");

	(void)state;
	assert_false(page_has(x, "Which organisation"));
	audit_says("reason", "provider-choice");
}

/* The forge's answer is entra's, whatever was chosen. */
static void refuses_the_answer_of_the_other_tenant(void **state)
{
	struct asked asked = sent_to_entra(request(sign_on_chosen, (struct slice){0}, choice_for(start(""), "fabrikam")));

	(void)state;
	refused_with(finish(answer_to(asked)), REASON_WRONG_ISSUER);
}

static void refuses_names_and_mail_of_the_other_tenant(void **state)
{
	struct http_exchange *x;

	(void)state;
	x = start("");
	refused_with(finish(answer_named(sent_to_entra(request(sign_on_chosen, (struct slice){0}, choice_for(x, "entra"))), "anna@fabrikam.example")),
		REASON_FOREIGN_DOMAIN);
	/* the object id leads to an entry whose mail is the other tenant's: that mail is what would be asserted */
	fill_mirror(FORGE_OBJECT_ID, "boss@fabrikam.example", "agents", "staff");
	clock_set(FORGE_NOW - 20);
	x = start("");
	x = finish(answer_to(sent_to_entra(request(sign_on_chosen, (struct slice){0}, choice_for(x, "entra")))));
	refused_with(x, REASON_FOREIGN_DOMAIN);
	audit_says("reason", "foreign-domain");
}

/* The link asks both, but an assertion for a door comes only from whom that door trusts; what leads elsewhere asks there anew. */
static void a_link_is_no_way_around_the_providers_of_a_door(void **state)
{
	struct http_exchange *x;

	(void)state;
	query = slice_c("login_hint=anna.meier%40example.org");
	refused_with(finish(answer_to(sent_to_entra(request(link_start, (struct slice){0}, "help")))), REASON_PROVIDER_CHOICE);
	audit_says("provider", "entra");
	audit_says("event", "refusal");
	fill_mirror(FORGE_OBJECT_ID, "p@partner.example", "partners", "x");
	clock_set(FORGE_NOW - 20);
	x = finish(answer_to(sent_to_entra(request(link_start, (struct slice){0}, "help"))));
	assert_int_equal(x->status, 303);
	assert_string_equal(x->location, "https://help.example/portal");
}

/* ---- guests, claims, codes ---- */

static void refuses_a_guest_where_the_rule_does_not_say_guests(void **state)
{
	(void)state;
	refused_with(finish(answer_named(sent_to_entra(start("")), "anna_partner.example#EXT#@example.onmicrosoft.com")), REASON_GUEST_DENIED);
	audit_says("rule", "agents");
}

static void an_empty_street_address_keeps_nobody_out(void **state)
{
	struct asked asked = sent_to_entra(start(""));
	struct forge f = {.before = {{FORGE_REQUEST, asked.request_id}, {FORGE_REQUEST, asked.request_id}, {"<AttributeStatement>",
		"<AttributeStatement><Attribute Name=\"urn:street\"><AttributeValue/></Attribute>"
		"<Attribute Name=\"" SAML_CLAIM_GROUPS "\"><AttributeValue>1</AttributeValue><AttributeValue>2</AttributeValue></Attribute>"
		"<Attribute Name=\"" SAML_CLAIM_ROLE "\"><AttributeValue>admin</AttributeValue></Attribute>"
		"<Attribute Name=\"" SAML_CLAIM_DIRECTORY_ROLES "\"><AttributeValue>1</AttributeValue><AttributeValue>2</AttributeValue></Attribute>"}}};

	(void)state;
	clock_set(FORGE_NOW);
	assert_int_equal(finish(form_with(forge_text(&f), asked.relay_state))->status, 200);
	audit_says("event", "assertion");
	audit_says("groups_claim", "2");
	audit_says("roles_claim", "3");
}

static void shows_the_code_of_entra_and_none_of_its_words(void **state)
{
	static const char status[] = "<samlp:Status><samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:Success\"/></samlp:Status>";
	struct asked asked = sent_to_entra(start(""));
	struct forge f = {.sign = FORGE_NOTHING, .before = {{status,
		"<samlp:Status><samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:Responder\"/><samlp:StatusMessage>AADSTS50105: call "
		"evil.example now. Trace ID: 6f0c3a52-8f6a-4d0b-9a55-2f5d1c7e0b00 Timestamp: 2026-11-24 13:19:16Z</samlp:StatusMessage></samlp:Status>"}}};
	struct http_exchange *x;

	(void)state;
	clock_set(FORGE_NOW);
	x = finish(form_with(forge_text(&f), asked.relay_state));
	refused_with(x, REASON_STATUS_NOT_SUCCESS);
	assert_true(page_has(x, "<code>AADSTS50105</code>"));
	assert_true(page_has(x, "<code>6f0c3a52-8f6a-4d0b-9a55-2f5d1c7e0b00</code>"));
	assert_true(page_has(x, "<code>2026-11-24 13:19:16Z</code>"));
	assert_true(page_has(x, "Your account is not assigned to this application."));
	assert_false(page_has(x, "evil.example"));
	audit_says("provider_code", "AADSTS50105");
	audit_says("provider_trace", "6f0c3a52-8f6a-4d0b-9a55-2f5d1c7e0b00");
	/* only in the browser whose sign-on it answers */
	jar_size = 0;
	refused_with(finish(form_with(forge_text(&f), asked.relay_state)), REASON_COOKIE_MISSING);
}

static void refuses_with_code(const char *code)
{
	static const char status[] = "<samlp:Status><samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:Success\"/></samlp:Status>";
	struct forge f = {.sign = FORGE_NOTHING, .before = {{status, arena_printf(a, "<samlp:Status>"
		"<samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:Responder\"/><samlp:StatusMessage>%s</samlp:StatusMessage></samlp:Status>",
		code)}}};
	struct asked asked = sent_to_entra(start(""));

	refused_with(finish(form_with(forge_text(&f), asked.relay_state)), REASON_STATUS_NOT_SUCCESS);
}

/* Whoever makes codes up cannot fill the memory of the counters. */
static void counts_refusals_of_entra_by_the_codes_that_are_known(void **state)
{
	static const struct {
		const char *code;
		uint64_t count;
	} rows[] = {{"AADSTS50105", 2}, {"none", 1}, {"other", 2}};
	const struct metrics_sample *samples;
	size_t n, i, j, found = 0;
	int fd;

	(void)state;
	assert_done(metrics_make(&fd, &err), err);
	assert_done(metrics_open(fd, 0, &gateway.metrics, &err), err);
	close(fd);
	refuses_with_code("AADSTS50105: no");
	refuses_with_code("AADSTS50105: again no");
	refuses_with_code("AADSTS99999: made up");
	refuses_with_code("AADSTS99998: made up");
	refuses_with_code("no code");
	n = metrics_read(a, gateway.metrics, &samples);
	for (i = 0; i < n; i++) {
		if (samples[i].metric != METRIC_STATUSES)
			continue;
		assert_string_equal(samples[i].values[0], "entra");
		for (j = 0; j < sizeof(rows) / sizeof(*rows) && strcmp(rows[j].code, samples[i].values[1]) != 0; j++)
			;
		assert_true(j < sizeof(rows) / sizeof(*rows));
		assert_int_equal(samples[i].count, rows[j].count);
		found++;
	}
	assert_int_equal(found, 3);
	metrics_close(gateway.metrics);
	gateway.metrics = NULL;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_person_says_which_organisation, begin_with_two_tenants, end),
		cmocka_unit_test_setup_teardown(a_choice_leads_nowhere_else, begin_with_two_tenants, end),
		cmocka_unit_test_setup_teardown(a_choice_is_one_of_its_own_door, begin_with_two_tenants, end),
		cmocka_unit_test_setup_teardown(the_hint_of_a_link_chooses_silently, begin_with_two_tenants, end),
		cmocka_unit_test_setup_teardown(a_passive_request_gets_no_page, begin_with_two_tenants, end),
		cmocka_unit_test_setup_teardown(refuses_the_answer_of_the_other_tenant, begin_with_two_tenants, end),
		cmocka_unit_test_setup_teardown(refuses_names_and_mail_of_the_other_tenant, begin_with_two_tenants, end),
		cmocka_unit_test_setup_teardown(a_link_is_no_way_around_the_providers_of_a_door, begin_with_a_door_of_one_tenant, end),
		test(refuses_a_guest_where_the_rule_does_not_say_guests),
		test(an_empty_street_address_keeps_nobody_out),
		test(shows_the_code_of_entra_and_none_of_its_words),
		test(counts_refusals_of_entra_by_the_codes_that_are_known),
	};

	return run_on_stage(tests);
}
