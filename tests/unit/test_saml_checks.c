/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is noted of the checks of a Response, what it says of itself, and what lasso says of it. */
#include "tests/unit/forge_encryption.h"

#include "base/text.h"

static struct saml_decryption_keys *ours;

static int begin(void **state)
{
	int rc = forge_encryption_begin(state);

	ours = forge_keys(FORGE_OURS, FORGE_OURS);
	return rc;
}

static int end(void **state)
{
	saml_decryption_keys_free(ours);
	return forge_encryption_end(state);
}

static int read_noted(struct slice xml, struct saml_checks *checks, struct error *err)
{
	struct saml_expect expect = forge_expect();
	struct saml_identity who;

	*checks = (struct saml_checks){.n = 0};
	expect.checks = checks;
	expect.decryption_keys = ours;
	return saml_response_read(forge_arena(), &expect, forge_base64(xml), &who, err);
}

static const char *noted(const struct saml_checks *checks)
{
	struct text t;
	size_t i;

	text_begin(&t, forge_arena(), 256);
	for (i = 0; i < checks->n; i++)
		text_addf(&t, "%s%s", i ? " " : "", saml_check_word(checks->begun[i]));
	return text_slice(&t).p;
}

#define BEFORE "form xml status one-assertion encryption shape "
#define AFTER "destination in-response-to response-instant "
#define CONTENT "assertion-instant name-id confirmation conditions validity audience authn session attributes tenant"

static void every_check_is_noted_in_its_order(void **state)
{
	struct saml_checks checks;
	struct error err;

	(void)state;
	assert_done(read_noted(forge_text(&(struct forge){.sign = FORGE_BOTH}), &checks, &err), err);
	assert_string_equal(noted(&checks), BEFORE "response-issuer assertion-issuer metadata signature-place signed response-signature "
		"assertion-signature " AFTER CONTENT);
	assert_done(read_noted(forge_text(&(struct forge){.sign = FORGE_ASSERTION}), &checks, &err), err);
	assert_string_equal(noted(&checks), BEFORE "response-issuer assertion-issuer metadata signature-place signed assertion-signature " AFTER
		CONTENT);
}

static void those_of_what_was_encrypted_too(void **state)
{
	static const struct forge_seal how = {.whom = FORGE_OURS}, foreign = {.whom = FORGE_SOMEBODY};
	struct saml_checks checks;
	struct error err;

	(void)state;
	assert_done(read_noted(forge_text(&(struct forge){.sign = FORGE_BOTH, .seal = forge_seal, .how = &how}), &checks, &err), err);
	assert_string_equal(noted(&checks), BEFORE "response-issuer metadata signature-place signed response-signature " AFTER
		"decryption shape assertion-issuer signature-place signed assertion-signature " CONTENT);
	assert_refused(read_noted(forge_text(&(struct forge){.seal = forge_seal, .how = &foreign}), &checks, &err), err, REASON_ENCRYPTED_ANSWER);
	assert_string_equal(saml_check_word(checks.begun[checks.n - 1]), "decryption");
}

/* The last one that was begun is the one that refused. */
static void a_refusal_is_by_the_last_check_that_was_begun(void **state)
{
	static const struct { const char *from, *to, *check; enum reason reason; } rows[] = {
		{"status:Success", "status:Responder", "status", REASON_STATUS_NOT_SUCCESS},
		{"<Issuer>" FORGE_ISSUER, "<Issuer>https://sts.windows.net/other/", "assertion-issuer", REASON_WRONG_ISSUER},
		{"Destination=\"" FORGE_ACS "\"", "Destination=\"https://other.example/\"", "destination", REASON_WRONG_DESTINATION},
		{"InResponseTo=\"" FORGE_REQUEST "\"", "InResponseTo=\"_other\"", "in-response-to", REASON_WRONG_IN_RESPONSE_TO},
		{FORGE_NAME_ID "</NameID>", "</NameID>", "name-id", REASON_BAD_NAME_ID},
		{"Recipient=\"" FORGE_ACS "\"", "Recipient=\"https://other.example/\"", "confirmation", REASON_WRONG_RECIPIENT},
		{"<Audience>" FORGE_ENTITY, "<Audience>https://other.example/", "audience", REASON_WRONG_AUDIENCE},
		{" SessionIndex=\"" FORGE_ASSERTION_ID "\"", "", "session", REASON_NO_AUTHN_STATEMENT},
		{"<AttributeValue>" FORGE_TENANT, "<AttributeValue>11111111-2222-4333-8444-555555555555", "tenant", REASON_WRONG_TENANT},
	};
	struct saml_checks checks;
	struct error err;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct slice xml = forge_text(&(struct forge){.sign = FORGE_ASSERTION, .before = {{rows[i].from, rows[i].to}}});

		assert_refused(read_noted(xml, &checks, &err), err, rows[i].reason);
		assert_string_equal(saml_check_word(checks.begun[checks.n - 1]), rows[i].check);
	}
	assert_refused(read_noted(forge_text(&(struct forge){.sign = FORGE_ASSERTION, .key = FORGE_FOREIGN}), &checks, &err), err,
		REASON_SIGNATURE_INVALID);
	assert_string_equal(saml_check_word(checks.begun[checks.n - 1]), "assertion-signature");
	assert_refused(read_noted(slice_c("<x"), &checks, &err), err, REASON_RESPONSE_MALFORMED);
	assert_string_equal(noted(&checks), "form xml");
}

static void says_of_itself_what_it_says(void **state)
{
	static const struct forge_seal how = {.whom = FORGE_OURS};
	struct slice xml = forge_text(&(struct forge){.sign = FORGE_ASSERTION});
	struct saml_peek peek;
	struct error err;

	(void)state;
	assert_done(saml_response_peek(forge_arena(), forge_base64(xml), &peek, &err), err);
	assert_string_equal(peek.issuer, FORGE_ISSUER);
	assert_string_equal(peek.in_response_to, FORGE_REQUEST);
	assert_true(peek.issue_instant > FORGE_NOW - 60 && peek.issue_instant <= FORGE_NOW);
	assert_false(peek.is_encrypted);
	assert_done(saml_response_peek(forge_arena(), forge_base64(forge_text(&(struct forge){.seal = forge_seal, .how = &how})), &peek, &err), err);
	assert_true(peek.is_encrypted);
	assert_done(saml_response_peek(forge_arena(), forge_base64(slice_c("<x xmlns=\"urn:x\"/>")), &peek, &err), err);
	assert_null(peek.issuer);
	assert_null(peek.in_response_to);
	assert_int_equal(peek.issue_instant, 0);
	assert_refused(saml_response_peek(forge_arena(), slice_c("%"), &peek, &err), err, REASON_RESPONSE_MALFORMED);
	assert_refused(saml_response_peek(forge_arena(), slice_c(""), &peek, &err), err, REASON_RESPONSE_MISSING);
	assert_refused(saml_response_peek(forge_arena(), forge_base64(slice_c("<!DOCTYPE x><x/>")), &peek, &err), err, REASON_DOCTYPE);
}

static struct saml_opinion opinion_of(struct slice xml, int64_t now)
{
	struct saml_expect expect = forge_expect();
	struct saml_opinion o;

	expect.now = now;
	saml_witness_received(forge_arena(), &expect, arena_copy(forge_arena(), forge_base64(xml)), &o);
	return o;
}

static void lasso_has_an_opinion_of_its_own(void **state)
{
	struct slice good = forge_text(&(struct forge){.sign = FORGE_ASSERTION});
	struct saml_opinion o = opinion_of(good, FORGE_NOW);

	(void)state;
	if (!o.accepts || !o.asked || !o.fits)
		fail_msg("%s, %s", o.says ? o.says : "accepts", o.misfit ? o.misfit : "fits");
	assert_string_equal(o.name_id, FORGE_NAME_ID);
	o = opinion_of(forge_text(&(struct forge){.sign = FORGE_ASSERTION, .key = FORGE_FOREIGN}), FORGE_NOW);
	assert_false(o.accepts || o.asked || o.fits);
	assert_non_null(o.says);
	/* what it leaves to its caller */
	o = opinion_of(good, FORGE_NOW + 86400);
	assert_true(o.accepts && !o.fits);
	assert_non_null(o.misfit);
	o = opinion_of(forge_text(&(struct forge){.sign = FORGE_ASSERTION, .before = {{"<Audience>" FORGE_ENTITY, "<Audience>urn:other"}}}), FORGE_NOW);
	assert_true(o.accepts && !o.fits);
	assert_false(opinion_of(slice_c("no XML"), FORGE_NOW).accepts);
}

#define TEST(f) cmocka_unit_test_teardown(f, forge_reset)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(every_check_is_noted_in_its_order),
		TEST(those_of_what_was_encrypted_too),
		TEST(a_refusal_is_by_the_last_check_that_was_begun),
		TEST(says_of_itself_what_it_says),
		TEST(lasso_has_an_opinion_of_its_own),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
