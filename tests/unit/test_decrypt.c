/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Encrypted assertions: what is opened, by which settings, and the known attacks on what is inside. */
#include "tests/unit/decrypt_stage.h"

static void opens(const struct saml_expect *expect, struct slice xml)
{
	struct saml_identity who = {0};
	struct error err = read_with(expect, xml, &who);

	if (!who.name_id)
		fail_msg("%s: %s", reason_word(err.reason), err.detail);
	assert_string_equal(who.name_id, FORGE_NAME_ID);
	assert_string_equal(who.object_id, FORGE_OBJECT_ID);
	assert_true(who.mfa);
}

/* ---- opened ---- */

static const char *const contents[] = {AES128_CBC, AES256_CBC, AES128_GCM, AES256_GCM};

static void opens_each_method_wherever_the_key_stands(void **state)
{
	struct saml_expect expect = expect_sealed();

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		for (int place = FORGE_INSIDE; place <= FORGE_RETRIEVED; place++) {
			for (int sign = FORGE_ASSERTION; sign <= FORGE_BOTH; sign++)
				opens(&expect, sealed((enum forge_sign)sign,
					&(struct forge_seal){.content = contents[i], .place = (enum forge_place)place}));
		}
	}
}

static void opens_each_way_of_key_transport(void **state)
{
	static const struct forge_seal ways[] = {
		{.transport = OAEP_MGF1P}, {.transport = OAEP_MGF1P, .digest = DIGEST_SHA1}, {.transport = OAEP_MGF1P, .digest = ALGORITHM_SHA256},
		{.transport = OAEP_11}, {.transport = OAEP_11, .digest = ALGORITHM_SHA256},
		{.transport = OAEP_11, .mask = NS_XENC11 "mgf1sha1"}, {.transport = OAEP_11, .mask = NS_XENC11 "mgf1sha256"},
		{.transport = OAEP_11, .digest = ALGORITHM_SHA256, .mask = NS_XENC11 "mgf1sha256"},
		{.transport = OAEP_11, .digest = DIGEST_SHA1, .mask = NS_XENC11 "mgf1sha1", .recipient = FORGE_ENTITY},
	};
	struct saml_expect expect = expect_sealed();

	(void)state;
	for (size_t i = 0; i < sizeof(ways) / sizeof(*ways); i++)
		opens(&expect, sealed(FORGE_ASSERTION, &ways[i]));
}

static void opens_with_any_of_the_keys(void **state)
{
	struct saml_decryption_keys *first = forge_keys(FORGE_OURS, FORGE_OURS);
	struct saml_expect expect = expect_sealed();

	(void)state;
	opens(&expect, sealed(FORGE_ASSERTION, &(struct forge_seal){.whom = FORGE_OURS}));
	opens(&expect, sealed(FORGE_ASSERTION, &(struct forge_seal){.whom = FORGE_OURS_TOO}));
	expect.decryption_keys = first;
	opens(&expect, sealed(FORGE_ASSERTION, &(struct forge_seal){.whom = FORGE_OURS}));
	assert_refuses(&expect, sealed(FORGE_ASSERTION, &(struct forge_seal){.whom = FORGE_OURS_TOO}), REASON_ENCRYPTED_ANSWER, "another certificate");
	saml_decryption_keys_free(first);
}

/* XML encryption 4.4: the content stands where EncryptedData stood. */
static void opens_content_that_uses_namespaces_from_around(void **state)
{
	struct saml_expect expect = expect_sealed();
	struct forge_seal how = {.inside = {{" xmlns=\"" NS_SAML "\"", ""}}};

	(void)state;
	opens(&expect, sealed(FORGE_ASSERTION, &how));
	opens(&expect, sealed(FORGE_BOTH, &how));
}

static void keeps_to_what_must_be_signed(void **state)
{
	static const struct {
		enum saml_signed wanted;
		enum forge_sign sign;
		enum reason reason;
	} rows[] = {
		{SAML_SIGNED_ANY, FORGE_RESPONSE, REASON_NONE}, {SAML_SIGNED_ANY, FORGE_ASSERTION, REASON_NONE},
		{SAML_SIGNED_ASSERTION, FORGE_ASSERTION, REASON_NONE}, {SAML_SIGNED_ASSERTION, FORGE_BOTH, REASON_NONE},
		{SAML_SIGNED_ASSERTION, FORGE_RESPONSE, REASON_ENCRYPTED_ANSWER}, {SAML_SIGNED_RESPONSE, FORGE_RESPONSE, REASON_NONE},
		{SAML_SIGNED_RESPONSE, FORGE_BOTH, REASON_NONE}, {SAML_SIGNED_RESPONSE, FORGE_ASSERTION, REASON_UNSIGNED},
		{SAML_SIGNED_BOTH, FORGE_BOTH, REASON_NONE}, {SAML_SIGNED_BOTH, FORGE_ASSERTION, REASON_UNSIGNED},
		{SAML_SIGNED_BOTH, FORGE_RESPONSE, REASON_ENCRYPTED_ANSWER},
	};
	const struct forge_seal how = {.content = AES256_GCM};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct saml_expect expect = expect_sealed();

		expect.signed_part = rows[i].wanted;
		if (rows[i].reason == REASON_NONE)
			opens(&expect, sealed(rows[i].sign, &how));
		else
			assert_refuses(&expect, sealed(rows[i].sign, &how), rows[i].reason, "signed");
	}
}

/* ---- the settings ---- */

static void refuses_an_encrypted_answer_without_keys(void **state)
{
	struct saml_expect expect = forge_expect();

	(void)state;
	assert_refuses(&expect, sealed(FORGE_BOTH, &(struct forge_seal){0}), REASON_ENCRYPTED, "decryption_keys");
}

static void refuses_a_plain_answer_where_it_must_be_encrypted(void **state)
{
	struct saml_expect expect = expect_sealed();

	(void)state;
	opens(&expect, forge_text(&(struct forge){.sign = FORGE_BOTH}));
	expect.encrypted = SAML_ENCRYPTED_REQUIRED;
	assert_refuses(&expect, forge_text(&(struct forge){.sign = FORGE_BOTH}), REASON_NOT_ENCRYPTED, "plain");
	opens(&expect, sealed(FORGE_BOTH, &(struct forge_seal){0}));
}

static void takes_a_few_pairs_that_fit(void **state)
{
	struct saml_decryption_keys *keys = forge_keys(FORGE_OURS, FORGE_SOMEBODY);
	struct slice key = slice_c(forge_sealing_key(FORGE_OURS)), certificate = slice_c(forge_sealing_certificate(FORGE_OURS));
	struct error err;

	(void)state;
	assert_refused(saml_decryption_keys_add(&keys, key, slice_c(forge_sealing_certificate(FORGE_SOMEBODY)), &err), err, REASON_SETTINGS);
	assert_done(saml_decryption_keys_add(&keys, key, certificate, &err), err);
	assert_refused(saml_decryption_keys_add(&keys, key, certificate, &err), err, REASON_SETTINGS);
	saml_decryption_keys_free(keys);
	keys = NULL;
	assert_refused(saml_decryption_keys_add(&keys, slice_c("no key"), certificate, &err), err, REASON_SETTINGS);
	assert_null(keys);
}

/* ---- by name, from the list of known attacks ---- */

/* Our key is public: anybody can encrypt.  Only a signature says who did. */
static void refuses_encrypted_unsigned_assertion(void **state)
{
	static const struct forge_seal how = {.inside = {{FORGE_NAME_ID, "admin@example.org"}}};

	(void)state;
	for (size_t i = 0; i < 4; i++)
		assert_sealed_refused(FORGE_NOTHING, &(struct forge_seal){.content = contents[i]}, REASON_ENCRYPTED_ANSWER, "neither Response nor Assertion");
	assert_sealed_refused(FORGE_NOTHING, &how, REASON_ENCRYPTED_ANSWER, "neither Response nor Assertion");
}

/* The attacker's beside the honest one, whatever is signed; then in its place, in a signed Response. */
static void refuses_injected_encrypted_assertion(void **state)
{
	struct saml_expect expect = expect_sealed();
	struct slice own = sealed(FORGE_NOTHING, &(struct forge_seal){.inside = {{FORGE_NAME_ID, "admin@example.org"}}});
	const char *from = memmem(own.p, own.n, "<EncryptedAssertion", 19), *to = memmem(own.p, own.n, "</samlp:Response>", 17);
	const char *evil = arena_copy(forge_arena(), slice_of(from, (size_t)(to - from)));
	struct slice honest;

	(void)state;
	evil = forge_replace(forge_replace(slice_c(evil), "\"_data\"", "\"_evil_data\""), "\"_key\"", "\"_evil_key\"").p;
	for (int sign = FORGE_ASSERTION; sign <= FORGE_BOTH; sign++) {
		assert_refuses(&expect, forge_replace(forge_text(&(struct forge){.sign = (enum forge_sign)sign}), "</samlp:Status>",
			arena_printf(forge_arena(), "</samlp:Status>%s", evil)), REASON_ASSERTION_COUNT, "1 encrypted");
		honest = sealed((enum forge_sign)sign, &(struct forge_seal){0});
		assert_refuses(&expect, forge_replace(honest, "</samlp:Status>", arena_printf(forge_arena(), "</samlp:Status>%s", evil)),
			REASON_ASSERTION_COUNT, "2 encrypted");
		assert_refuses(&expect, forge_replace(honest, "</samlp:Response>", "<Assertion xmlns=\"" NS_SAML "\"/></samlp:Response>"),
			REASON_ASSERTION_COUNT, "1 encrypted");
	}
	honest = forge_replace(sealed(FORGE_RESPONSE, &(struct forge_seal){0}), "<EncryptedAssertion", arena_printf(forge_arena(), "%s<old", evil));
	honest = forge_replace(honest, "</EncryptedAssertion></samlp:Response>", "</old></samlp:Response>");
	assert_refuses(&expect, honest, REASON_XML_SHAPE, "old");
	honest = forge_text(&(struct forge){.sign = FORGE_RESPONSE, .seal = forge_seal, .how = &(struct forge_seal){0}});
	from = memmem(honest.p, honest.n, "<EncryptedAssertion", 19);
	to = memmem(honest.p, honest.n, "</samlp:Response>", 17);
	assert_refuses(&expect, forge_replace(honest, arena_copy(forge_arena(), slice_of(from, (size_t)(to - from))), evil), REASON_SIGNATURE_INVALID,
		"Response");
}

static void flip_last(unsigned char *content, size_t n)
{
	content[n - 1] ^= 1;
}

static void flip_first_of_content(unsigned char *content, size_t n)
{
	(void)n;
	content[20] ^= 1;
}

static void flip_iv(unsigned char *content, size_t n)
{
	(void)n;
	content[0] ^= 0x80;
}

static void refuses_flipped_gcm_tag(void **state)
{
	static void (*const spoils[])(unsigned char *, size_t) = {flip_last, flip_first_of_content, flip_iv};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		assert_content_refused(&(struct forge_seal){.content = AES128_GCM, .spoil = spoils[i]}, "AES-128-GCM does not decrypt");
		assert_content_refused(&(struct forge_seal){.content = AES256_GCM, .spoil = spoils[i]}, "AES-256-GCM does not decrypt");
	}
}

static void refuses_encryption_for_other_key(void **state)
{
	(void)state;
	for (size_t i = 0; i < 4; i++) {
		for (int sign = FORGE_ASSERTION; sign <= FORGE_BOTH; sign++)
			assert_sealed_refused((enum forge_sign)sign, &(struct forge_seal){.whom = FORGE_SOMEBODY, .content = contents[i]},
				REASON_ENCRYPTED_ANSWER, "none of the 2 decryption keys");
	}
}

/* The padding is 17 bytes long, says its last byte. */
static void spoil_padding(unsigned char *content, size_t n)
{
	content[n - 17] ^= 0x40;
}

static void spoil_last_block(unsigned char *content, size_t n)
{
	memset(content + n - 32, 0x55, 32);
}

/* Manger's question: is the number small? */
static void clear_first(unsigned char *wrapped, size_t n)
{
	(void)n;
	memset(wrapped, 0, 2);
}

/*
 * Whatever an attacker changes in what he cannot read: the person's browser
 * learns the same.  The signature that does not fit is among them, and what
 * only an honest, but old, answer can be refused for.
 */
static void same_answer_for_bad_padding_and_bad_signature(void **state)
{
	static const struct forge_seal ways[] = {
		{.spoil = spoil_padding}, {.spoil = spoil_last_block}, {.spoil = flip_first_of_content}, {.spoil = flip_iv},
		{.whom = FORGE_SOMEBODY}, {.spoil_key = flip_last}, {.spoil_key = clear_first}, {.key_bytes = 16}, {.content = AES128_CBC, .key_bytes = 32}, {.content = AES256_GCM, .spoil = flip_last},
		{.instead = ""}, {.instead = "x"}, {.instead = "<a/>"}, {.instead = "<Assertion"}, {.instead = "\xff\xfe"},
		{.inside = {{"Anna Meier", "Otto Meier"}}}, {.inside = {{"<SignatureValue>", "<SignatureValue>AAAA"}}},
		{.inside = {{ALGORITHM_RSA_SHA256, "http://www.w3.org/2000/09/xmldsig#rsa-sha1"}}},
		{.inside = {{"#" FORGE_ASSERTION_ID, "#" FORGE_RESPONSE_ID}}}, {.inside = {{"<Subject>", "<Subject><!-- -->"}}},
		{.inside = {{"Version=\"2.0\"", "Version=\"2.1\""}}}, {.inside = {{FORGE_ISSUER, "https://example.org/"}}},
	};
	struct saml_expect expect = expect_sealed();

	(void)state;
	for (size_t i = 0; i < sizeof(ways) / sizeof(*ways); i++)
		assert_content_refused(&ways[i], "");
	/* verified, and old: an attacker may have changed what no signature covers (KeyInfo), so he must not learn that it fits */
	expect.now += 86400;
	expect.requested_at += 86400;
	assert_refuses(&expect, sealed(FORGE_ASSERTION, &(struct forge_seal){0}), REASON_ISSUE_INSTANT, "Response was made");
	expect.requested_at -= 86400;
	assert_refuses(&expect, sealed(FORGE_ASSERTION, &(struct forge_seal){.inside = {{"<KeyInfo>", "<KeyInfo> "}}}), REASON_ENCRYPTED_ANSWER, "-expired:");
	/* under a signed Response nobody changed anything: the reason is named */
	assert_refuses(&expect, sealed(FORGE_RESPONSE, &(struct forge_seal){0}), REASON_CONFIRMATION_EXPIRED, "");
}

/* What was not verified of it is verified of a stand-in: as often as a signature that fits no key is tried, whatever was wrong. */
static void every_refusal_costs_a_verification_by_each_key(void **state)
{
	static const enum forge_key list[] = {FORGE_FIRST, FORGE_SECOND, FORGE_ENDED, FORGE_KEYS};
	static const struct {
		struct forge_seal how;
		enum forge_key key;
		size_t tried, unused;
	} rows[] = {
		{.how = {.whom = FORGE_SOMEBODY}}, {.how = {.spoil = spoil_padding}}, {.how = {.instead = "x"}},
		{.how = {.inside = {{"<Signature", "<Signaturf"}, {"</Signature>", "</Signaturf>"}}}},
		{.how = {.inside = {{ALGORITHM_RSA_SHA256, "x"}}}}, {.how = {.inside = {{"Version=\"2.0\"", "Version=\"2.1\""}}}},
		{.how = {.inside = {{"Anna Meier", "Otto Meier"}}}, .tried = 1, .unused = 1},
		{.key = FORGE_FOREIGN, .tried = 3},
		{.how = {.inside = {{"<SignatureValue>", "<SignatureValue>AAAA"}}}, .tried = 3, .unused = 3},
		{.how = {.inside = {{"<SignatureValue>", "<SignatureValue>-"}}}, .tried = 3, .unused = 3},
		{.key = FORGE_ENDED, .tried = 3}, {.key = FORGE_SECOND, .tried = 2},
	};
	struct saml_expect expect = expect_sealed();
	struct saml_provider *provider = forge_provider("signing", list);
	struct trusted_keys *theirs = provider->keys, *spare = expect.decryption_keys->stand_in_keys;

	(void)state;
	expect.provider = provider;
	expect.now += 86400;            /* the last one verifies, and has ended */
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		size_t stand_ins = spare->tried;

		theirs->tried = theirs->unused = theirs->last = 0;
		assert_refuses(&expect, forge_text(&(struct forge){.key = rows[i].key, .seal = forge_seal, .how = &rows[i].how}), REASON_ENCRYPTED_ANSWER, "");
		if (theirs->tried != rows[i].tried || theirs->unused != rows[i].unused || theirs->tried + spare->tried - stand_ins != 3)
			fail_msg("row %zu: %zu keys tried, %zu unused, %zu stand-ins", i, theirs->tried, theirs->unused, spare->tried - stand_ins);
	}
	saml_provider_free(provider);
}

/* From the smallest to the largest and beyond, each of them verifies: one that does not would cost less. */
static void a_stand_in_of_every_size_verifies(void **state)
{
	struct saml_expect expect = expect_sealed();
	struct error err;

	(void)state;
	for (size_t n = 0; n < 200000; n += 1000)
		assert_done(decryption_stand_in(expect.decryption_keys, &(struct saved_work){n, n, 1, 1}, &err), err);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(opens_each_method_wherever_the_key_stands),
		TEST(opens_each_way_of_key_transport),
		TEST(opens_with_any_of_the_keys),
		TEST(opens_content_that_uses_namespaces_from_around),
		TEST(keeps_to_what_must_be_signed),
		TEST(refuses_an_encrypted_answer_without_keys),
		TEST(refuses_a_plain_answer_where_it_must_be_encrypted),
		TEST(takes_a_few_pairs_that_fit),
		TEST(refuses_encrypted_unsigned_assertion),
		TEST(refuses_injected_encrypted_assertion),
		TEST(refuses_flipped_gcm_tag),
		TEST(refuses_encryption_for_other_key),
		TEST(same_answer_for_bad_padding_and_bad_signature),
		TEST(every_refusal_costs_a_verification_by_each_key),
		TEST(a_stand_in_of_every_size_verifies),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
