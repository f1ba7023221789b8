/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Encrypted assertions that are read with two keys of ours, and refusals that say nothing about what was inside. */
#ifndef TESTS_UNIT_DECRYPT_STAGE_H
#define TESTS_UNIT_DECRYPT_STAGE_H

#include "tests/unit/forge_encryption.h"

#include "saml/encrypted.h"
#include "saml/provider.h"

static struct saml_decryption_keys *ours;       /* both of them */

static inline int begin(void **state)
{
	if (forge_encryption_begin(state) < 0)
		return -1;
	ours = forge_keys(FORGE_OURS, FORGE_OURS_TOO);
	return 0;
}

static inline int end(void **state)
{
	saml_decryption_keys_free(ours);
	return forge_encryption_end(state);
}

static inline struct saml_expect expect_sealed(void)
{
	struct saml_expect expect = forge_expect();

	expect.decryption_keys = ours;
	return expect;
}

static inline struct slice sealed(enum forge_sign sign, const struct forge_seal *how)
{
	return forge_text(&(struct forge){.sign = sign, .seal = forge_seal, .how = how});
}

static inline struct error read_with(const struct saml_expect *expect, struct slice xml, struct saml_identity *out)
{
	struct error err = {0};

	if (saml_response_read(forge_arena(), expect, forge_base64(xml), out, &err) == 0)
		assert_int_equal(err.reason, REASON_NONE);
	return err;
}

/* `says`: what the operator's detail must hold. */
static inline void assert_refuses(const struct saml_expect *expect, struct slice xml, enum reason reason, const char *says)
{
	struct saml_identity who = {0};
	struct error err = read_with(expect, xml, &who);

	assert_null(who.name_id);
	if (err.reason != reason || !strstr(err.detail, says))
		fail_msg("wanted %s with \"%s\", got %s: %s", reason_word(reason), says, reason_word(err.reason), err.detail);
}

static inline void assert_sealed_refused(enum forge_sign sign, const struct forge_seal *how, enum reason reason, const char *says)
{
	struct saml_expect expect = expect_sealed();

	assert_refuses(&expect, sealed(sign, how), reason, says);
}

/* Not opened, or not believed: the one answer, by the assertion's signature or by nothing. */
static inline void assert_content_refused(const struct forge_seal *how, const char *says)
{
	assert_sealed_refused(FORGE_ASSERTION, how, REASON_ENCRYPTED_ANSWER, says);
}

#define TEST(name) cmocka_unit_test_teardown(name, forge_reset)

#endif
