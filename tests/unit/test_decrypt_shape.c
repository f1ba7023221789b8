/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Encrypted assertions of another shape than one EncryptedAssertion with one assertion in it. */
#include "tests/unit/decrypt_stage.h"

/* An edit of the Response around a well encrypted assertion. */
static void assert_edit_refused(const struct forge_seal *how, const char *from, const char *to, enum reason reason)
{
	struct saml_expect expect = expect_sealed();

	assert_refuses(&expect, forge_text(&(struct forge){.seal = forge_seal, .how = how, .after = {{from, to}}}), reason, "");
}

#define INJECTED "<EncryptedAssertion xmlns=\"" NS_SAML "\"><xenc:EncryptedData xmlns:xenc=\"" NS_XENC "\"/></EncryptedAssertion>"

/* ---- what was encrypted must be one assertion and nothing else ---- */

static void refuses_other_content(void **state)
{
	static const struct {
		const char *from, *to, *says;
	} rows[] = {
		{"</Assertion>", "</Assertion></opened><opened>", "response-malformed"},
		{"</Assertion>", "</Assertion></opened>", "response-malformed"},
		{"</Assertion>", "</Assertion><Assertion xmlns=\"" NS_SAML "\"/>", "assertion-count"},
		{"</Assertion>", "</Assertion>text", "xml-shape"},
		{"</Assertion>", INJECTED "</Assertion>", "EncryptedAssertion within"},
		{"<NameID ", "<EncryptedID/><NameID ", "EncryptedID within"},
		{"<AttributeStatement>", "<AttributeStatement><EncryptedAttribute/>", "EncryptedAttribute within"},
		{"<Assertion ", "<!DOCTYPE Assertion []><Assertion ", "response-malformed"},
		{"<Assertion ", "<?xml version=\"1.0\"?><Assertion ", "response-malformed"},
		{"<Assertion ", "<?target data?><Assertion ", "xml-comment"},
		{"<Assertion ", "<Advice xmlns=\"" NS_SAML "\"/><Assertion ", "assertion-count"},
		{"ID=\"" FORGE_ASSERTION_ID "\"", "ID=\"" FORGE_RESPONSE_ID "\"", "duplicate-id"},
		{"<Subject>", "<Subject Id=\"_key\">", "duplicate-id"},
		{"<Subject>", "<Subject id=\"_data\">", "duplicate-id"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct forge_seal how = {.inside = {{rows[i].from, rows[i].to}}};

		assert_content_refused(&how, rows[i].says);
		assert_sealed_refused(FORGE_BOTH, &how, REASON_ENCRYPTED_ANSWER, rows[i].says);
	}
	assert_content_refused(&(struct forge_seal){.instead = INJECTED}, "assertion-count");
}

/* The signature outside covers what was sent, the one inside its own assertion: neither reaches the other. */
static void refuses_references_between_the_documents(void **state)
{
	(void)state;
	assert_sealed_refused(FORGE_BOTH, &(struct forge_seal){.inside = {{"URI=\"#" FORGE_ASSERTION_ID, "URI=\"#" FORGE_RESPONSE_ID}}},
		REASON_ENCRYPTED_ANSWER, "signature-reference");
	assert_sealed_refused(FORGE_BOTH, &(struct forge_seal){.inside = {{"URI=\"#" FORGE_ASSERTION_ID, "URI=\"#_data"}}},
		REASON_ENCRYPTED_ANSWER, "signature-reference");
	assert_edit_refused(&(struct forge_seal){0}, "<samlp:Status>", "<Signature xmlns=\"" NS_DS "\"/><samlp:Status>", REASON_SIGNATURE_SHAPE);
}

/* ---- the shape around it ---- */

static void refuses_algorithms_that_are_not_listed(void **state)
{
	static const char *const content_algorithms[] = {
		NS_XENC "tripledes-cbc", NS_XENC "aes192-cbc", NS_XENC11 "aes192-gcm", NS_XENC "kw-aes256", "http://www.w3.org/2000/09/xmldsig#rsa-sha1",
		"AES-256-CBC", NS_XENC "aes256-CBC", NS_XENC "aes256-gcm", NS_XENC11 "aes256-cbc",
	};
	static const char *const transports[] = {
		NS_XENC "rsa-1_5", NS_XENC "kw-aes128", NS_XENC "rsa-oaep", NS_XENC11 "ECDH-ES", NS_XENC11 "rsa-oaep-mgf1p",
	};
	static const struct forge_seal newer = {.transport = OAEP_11, .digest = ALGORITHM_SHA256, .mask = NS_XENC11 "mgf1sha256"};

	(void)state;
	for (size_t i = 0; i < sizeof(content_algorithms) / sizeof(*content_algorithms); i++)
		assert_edit_refused(&(struct forge_seal){0}, AES256_CBC, content_algorithms[i], REASON_ENCRYPTION_ALGORITHM);
	for (size_t i = 0; i < sizeof(transports) / sizeof(*transports); i++)
		assert_edit_refused(&(struct forge_seal){0}, OAEP_MGF1P, transports[i], REASON_ENCRYPTION_ALGORITHM);
	assert_edit_refused(&newer, NS_XENC11 "mgf1sha256", NS_XENC11 "mgf1sha512", REASON_ENCRYPTION_ALGORITHM);
	assert_edit_refused(&newer, "Algorithm=\"" ALGORITHM_SHA256 "\"/><xenc11", "Algorithm=\"" NS_XENC "sha512\"/><xenc11", REASON_ENCRYPTION_ALGORITHM);
	assert_edit_refused(&newer, "Algorithm=\"" ALGORITHM_SHA256 "\"/><xenc11", "Algorithm=\"http://www.w3.org/2001/04/xmldsig-more#md5\"/><xenc11",
		REASON_ENCRYPTION_ALGORITHM);
}

static void refuses_other_shapes(void **state)
{
	static const struct forge_seal inside = {.transport = OAEP_11, .digest = DIGEST_SHA1, .mask = NS_XENC11 "mgf1sha1"};
	static const struct forge_seal beside = {.place = FORGE_RETRIEVED};
	static const struct {
		const struct forge_seal *how;
		const char *from, *to;
	} rows[] = {
		{&inside, " Type=\"" NS_XENC "Element\"", ""}, {&inside, NS_XENC "Element", NS_XENC "Content"},
		{&inside, " Id=\"_data\"", " Id=\"_data\" Encoding=\"x\""}, {&inside, " Id=\"_key\"", " Id=\"_key\" Type=\"x\""},
		{&inside, " Id=\"_key\"", " Recipient=\"https://example.org/\""}, {&inside, "<EncryptedAssertion ", "<EncryptedAssertion ID=\"_a\" "},
		{&inside, "<xenc:EncryptedData ", "text<xenc:EncryptedData "}, {&inside, "</xenc:EncryptedData>", "</xenc:EncryptedData><xenc:a xmlns:xenc=\"" NS_XENC "\"/>"},
		{&inside, "<xenc:CipherValue>", "<xenc:CipherReference URI=\"https://example.org/\"/><xenc:CipherValue>"},
		{&inside, "<xenc:CipherValue>", "<xenc:CipherValue>A"}, {&inside, "<xenc:CipherValue>", "<xenc:CipherValue>AAAA</xenc:CipherValue><xenc:CipherValue>"},
		{&inside, "<xenc:CipherValue>", "<xenc:CipherValue Id=\"_v\">"}, {&inside, "<xenc:EncryptionMethod ", "<xenc:EncryptionMethod Id=\"_m\" "},
		{&inside, "<ds:KeyName>of no meaning</ds:KeyName>", "<xenc:EncryptedKey xmlns:xenc=\"" NS_XENC "\"/>"},
		{&inside, "<ds:KeyName>of no meaning</ds:KeyName>", "<xenc:EncryptedData xmlns:xenc=\"" NS_XENC "\"/>"},
		{&inside, "<xenc11:MGF ", "<xenc:OAEPparams>AAAA</xenc:OAEPparams><xenc11:MGF "}, {&inside, "<xenc11:MGF ", "<xenc:KeySize>256</xenc:KeySize><xenc11:MGF "},
		{&inside, "<ds:DigestMethod ", "<ds:DigestMethod xmlns:ds=\"" NS_DS "\" Algorithm=\"" DIGEST_SHA1 "\"/><ds:DigestMethod "},
		{&inside, OAEP_11, OAEP_MGF1P}, {&inside, "</xenc:EncryptionMethod>", "text</xenc:EncryptionMethod>"},
		{&beside, "#_key", "#_other"}, {&beside, "\"#_data\"", "\"#_other\""}, {&beside, NS_XENC "EncryptedKey\" URI", NS_XENC "DerivedKey\" URI"},
		{&beside, " URI=\"#_key\"/>", " URI=\"#_key\"><ds:Transforms/></ds:RetrievalMethod>"}, {&beside, "<xenc:DataReference", "<xenc:KeyReference"},
		{&beside, " Id=\"_key\"", ""}, {&beside, " Id=\"_data\"", ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		assert_edit_refused(rows[i].how, rows[i].from, rows[i].to, REASON_ENCRYPTION_SHAPE);
}

static void refuses_ids_that_are_there_twice(void **state)
{
	(void)state;
	assert_edit_refused(&(struct forge_seal){0}, "Id=\"_key\"", "Id=\"_data\"", REASON_DUPLICATE_ID);
	assert_edit_refused(&(struct forge_seal){0}, "Id=\"_key\"", "Id=\"" FORGE_RESPONSE_ID "\"", REASON_DUPLICATE_ID);
}

/* Nothing is decrypted for somebody whose answer is refused for what everybody can read. */
static void looks_at_the_outside_first(void **state)
{
	static const struct forge_seal other = {.whom = FORGE_SOMEBODY};
	struct saml_expect expect = expect_sealed();

	(void)state;
	expect.request_id = "_another";
	assert_refuses(&expect, sealed(FORGE_ASSERTION, &other), REASON_WRONG_IN_RESPONSE_TO, "");
	assert_edit_refused(&other, FORGE_ACS, "https://example.org/", REASON_WRONG_DESTINATION);
	assert_edit_refused(&other, FORGE_ISSUER, "https://example.org/", REASON_WRONG_ISSUER);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(refuses_other_content),
		TEST(refuses_references_between_the_documents),
		TEST(refuses_algorithms_that_are_not_listed),
		TEST(refuses_other_shapes),
		TEST(refuses_ids_that_are_there_twice),
		TEST(looks_at_the_outside_first),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
