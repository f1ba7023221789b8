/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Attacks on the parser and on readers that disagree with the signature, in whole Responses. */
#include "tests/unit/forge.h"

#include "base/text.h"

#include <errno.h>
#include <malloc.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

/* Comments and CDATA change nothing in the canonical form without comments, so the signature stays good. */
static void refuse_inside(const char *from, const char *to, enum reason reason)
{
	for (int what = FORGE_ASSERTION; what <= FORGE_BOTH; what++)
		forge_refused(&(struct forge){.sign = (enum forge_sign)what, .after = {{from, to}}}, reason);
}

static void refuses_comment_in_name_id(void **state)
{
	(void)state;
	refuse_inside(FORGE_NAME_ID "</NameID>", "anna.meier<!-- -->@example.org</NameID>", REASON_XML_COMMENT);
	refuse_inside(FORGE_NAME_ID "</NameID>", FORGE_NAME_ID "<!----></NameID>", REASON_XML_COMMENT);
}

static void refuses_comment_in_attribute(void **state)
{
	(void)state;
	refuse_inside("<AttributeValue>anna.meier@example.org", "<AttributeValue>anna.meier@example<!-- -->.org",
		REASON_XML_COMMENT);
}

static void refuses_comment_in_audience_and_issuer(void **state)
{
	(void)state;
	refuse_inside("<Audience>", "<Audience><!-- -->", REASON_XML_COMMENT);
	refuse_inside("<Issuer>", "<Issuer><!-- -->", REASON_XML_COMMENT);
}

static void refuses_cdata_in_name_id(void **state)
{
	(void)state;
	refuse_inside(FORGE_NAME_ID "</NameID>", "<![CDATA[" FORGE_NAME_ID "]]></NameID>", REASON_XML_COMMENT);
	refuse_inside(FORGE_NAME_ID "</NameID>", "anna.meier@<![CDATA[example.org]]></NameID>", REASON_XML_COMMENT);
}

static void refuses_cdata_in_attribute(void **state)
{
	(void)state;
	refuse_inside("<AttributeValue>Anna Meier", "<AttributeValue>Anna <![CDATA[Meier]]>", REASON_XML_COMMENT);
}

static void refuses_processing_instruction_in_signed_text(void **state)
{
	(void)state;
	refuse_inside(FORGE_NAME_ID "</NameID>", "anna.meier@example<?x y?>.org</NameID>", REASON_XML_COMMENT);
	refuse_inside("<samlp:Status>", "<?x y?><samlp:Status>", REASON_XML_COMMENT);
}

static void refuses_any_doctype(void **state)
{
	static const char *const doctypes[] = {
		"<!DOCTYPE samlp:Response>", "<!DOCTYPE samlp:Response SYSTEM \"http://127.0.0.1:1/x.dtd\">",
		"<!DOCTYPE samlp:Response [<!ENTITY a \"b\">]>",
		("<!DOCTYPE samlp:Response [<!ENTITY a \"0123456789\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;\">"
			"<!ENTITY c \"&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;\"><!ENTITY d \"&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;\">]>"),
		"<!DOCTYPE samlp:Response [<!ATTLIST samlp:Response ID ID #IMPLIED>]>",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(doctypes) / sizeof(*doctypes); i++)
		forge_text_refused(forge_replace(forge_text(&(struct forge){.sign = FORGE_BOTH}), "<samlp:Response",
			arena_printf(forge_arena(), "%s<samlp:Response", doctypes[i])), REASON_DOCTYPE);
}

static void refuses_external_entity(void **state)
{
	(void)state;
	forge_refused(&(struct forge){.after = {{"<samlp:Response",
		"<!DOCTYPE r [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><samlp:Response"},
		{FORGE_NAME_ID "</NameID>", "&x;</NameID>"}}}, REASON_DOCTYPE);
}

static void refuses_undeclared_entity(void **state)
{
	(void)state;
	refuse_inside(FORGE_NAME_ID "</NameID>", FORGE_NAME_ID "&x;</NameID>", REASON_RESPONSE_MALFORMED);
}

static void refuses_entity_in_id_attribute(void **state)
{
	(void)state;
	forge_refused(&(struct forge){.after = {{"<samlp:Response", "<!DOCTYPE r [<!ENTITY x \"_x\">]><samlp:Response"},
		{" ID=\"" FORGE_ASSERTION_ID "\"", " ID=\"&x;\""}}}, REASON_DOCTYPE);
	forge_refused(&(struct forge){.after = {{" ID=\"" FORGE_ASSERTION_ID "\"", " ID=\"&x;\""}}},
		REASON_RESPONSE_MALFORMED);
}

static void refuses_two_documents_in_one(void **state)
{
	struct slice text = forge_text(&(struct forge){0});
	struct text both;

	(void)state;
	text_begin(&both, forge_arena(), text.n * 2);
	text_add(&both, text);
	text_add(&both, text);
	forge_text_refused(text_slice(&both), REASON_RESPONSE_MALFORMED);
}

/* Documents that one parser reads so and the next otherwise. */
static void refuses_namespace_parser_variants(void **state)
{
	static const struct {
		const char *from, *to;
		enum reason reason;
	} table[] = {
		{"<Subject>", "<Subject x:a=\"1\">", REASON_XML_SHAPE},                 /* prefix not declared */
		{"<Subject>", "<Subject xmlns:x=\"\">", REASON_XML_SHAPE},              /* prefix undeclared: XML 1.1 only */
		{"<Subject>", "<Subject a:b:c=\"1\" xmlns:a=\"urn:x\">", REASON_XML_SHAPE},
		{"<Subject>", "<Subject xmlns:xml=\"urn:x\">", REASON_XML_SHAPE},
		{"<Subject>", "<Subject xmlns:xmlns=\"urn:x\">", REASON_XML_SHAPE},
		{"<Subject>", "<Subject x=\"1\" x=\"2\">", REASON_RESPONSE_MALFORMED},
		{"<Subject>", "<Subject xmlns:p=\"urn:x\" xmlns:q=\"urn:x\" p:a=\"1\" q:a=\"2\">", REASON_XML_SHAPE},
		{"<Subject>", "<Subject :a=\"1\">", REASON_XML_SHAPE},
		{"<Subject>", "<Subject xmlns=\"urn:other\">", REASON_XML_SHAPE},       /* not SAML's Subject any more */
		{"<samlp:Response", "<?xml version=\"1.1\"?><samlp:Response", REASON_RESPONSE_MALFORMED},
		{"<samlp:Response", "<?xml version=\"1.0\" encoding=\"UTF-16\"?><samlp:Response", REASON_RESPONSE_MALFORMED},
		{"<samlp:Response", "<?xml version=\"1.0\" encoding=\"UTF-7\"?><samlp:Response", REASON_RESPONSE_MALFORMED},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++)
		refuse_inside(table[i].from, table[i].to, table[i].reason);
}

static void refuses_raw_line_end_and_invalid_utf8(void **state)
{
	(void)state;
	refuse_inside("anna.meier@example.org</NameID>", "anna.meier@example.org\xff</NameID>", REASON_RESPONSE_MALFORMED);
	refuse_inside("anna.meier@example.org</NameID>", "anna.meier@example.org\xc0\x80</NameID>",
		REASON_RESPONSE_MALFORMED);
	refuse_inside("anna.meier@example.org</NameID>", "anna.meier@example.org\x0b</NameID>", REASON_RESPONSE_MALFORMED);
}

static void refuses_deep_nesting(void **state)
{
	char deep[2000] = "<AttributeStatement>";
	size_t n = strlen(deep);

	(void)state;
	for (int i = 0; i < 60; i++)
		n += (size_t)snprintf(deep + n, sizeof(deep) - n, "<AttributeValue>");
	for (int i = 0; i < 60; i++)
		n += (size_t)snprintf(deep + n, sizeof(deep) - n, "</AttributeValue>");
	refuse_inside("<AttributeStatement>", deep, REASON_RESPONSE_TOO_LARGE);
}

static void refuses_padding(void **state)
{
	char *padding = arena_alloc(forge_arena(), SAML_RESPONSE_MAX + 1);

	(void)state;
	memset(padding, ' ', SAML_RESPONSE_MAX);
	refuse_inside("<samlp:Status>", arena_printf(forge_arena(), "%s<samlp:Status>", padding), REASON_RESPONSE_TOO_LARGE);
}

/* ---- encrypted: counted like any other, wherever it stands; test_decrypt.c has the rest ---- */

#define ENCRYPTED "<EncryptedAssertion xmlns=\"" NS_SAML "\"><xenc:EncryptedData " \
	"xmlns:xenc=\"http://www.w3.org/2001/04/xmlenc#\"/></EncryptedAssertion>"

static void counts_encrypted_assertions_anywhere(void **state)
{
	(void)state;
	refuse_inside("</samlp:Response>", ENCRYPTED "</samlp:Response>", REASON_ASSERTION_COUNT);
	refuse_inside("</samlp:Status>", "</samlp:Status>" ENCRYPTED, REASON_ASSERTION_COUNT);
	refuse_inside("<Subject>", "<Subject>" ENCRYPTED, REASON_ASSERTION_COUNT);
}

/* ---- faults of lasso 2.5 to 2.8, each by what its advisory says: here nothing of a message reaches lasso ---- */

#define LASSO_NS "http://www.entrouvert.org/namespaces/lasso/0.0"
#define XSI "xmlns:i=\"http://www.w3.org/2001/XMLSchema-instance\" i:type="

static void survives_lasso_advisory_fixtures(void **state)
{
	static const struct {
		const char *from, *to;
		enum reason reason;             /* unsigned edit */
	} table[] = {
		/* CVE-2025-47151: an attribute with the name of the member that holds "any attribute" */
		{"<Attribute ", "<Attribute attributes=\"a\" any=\"b\" any_attributes=\"c\" anyAttribute=\"d\" ", REASON_SIGNATURE_INVALID},
		{"<SubjectConfirmationData ", "<SubjectConfirmationData any=\"a\" attributes=\"b\" ", REASON_SIGNATURE_INVALID},
		{"<AttributeValue>", "<AttributeValue any=\"a\" attributes=\"b\">", REASON_SIGNATURE_INVALID},
		{"<samlp:Status>", "<samlp:Extensions any=\"a\"><x xmlns=\"urn:x\" any=\"b\"/></samlp:Extensions><samlp:Status>",
			REASON_XML_SHAPE},
		/* CVE-2025-46404: elements without a namespace where a signature is looked for */
		{"<Subject>", "<Signature xmlns=\"\"><SignedInfo/></Signature><Subject>", REASON_XML_SHAPE},
		{"<samlp:Status>", "<Signature xmlns=\"\"/><samlp:Status>", REASON_XML_SHAPE},
		{"</samlp:Response>", "<Assertion xmlns=\"\"><Signature/></Assertion></samlp:Response>", REASON_XML_SHAPE},
		/* CVE-2025-46705: kinds of nodes that lasso does not know, or knows as something else */
		{"<AttributeValue>", "<AttributeValue " XSI "\"lasso:LassoServer\"><x xmlns=\"" LASSO_NS "\"/>", REASON_SIGNATURE_INVALID},
		{"<Subject>", "<Server xmlns=\"" LASSO_NS "\" Version=\"9\"/><Subject>", REASON_XML_SHAPE},
		{"<samlp:Status>", "<Envelope xmlns=\"http://schemas.xmlsoap.org/soap/envelope/\"/><samlp:Status>", REASON_XML_SHAPE},
		/* CVE-2021-28091: a second assertion that nobody signed */
		{"</samlp:Response>", "<Assertion xmlns=\"" NS_SAML "\" ID=\"_x\"/></samlp:Response>", REASON_ASSERTION_COUNT},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++)
		forge_refused(&(struct forge){.after = {{table[i].from, table[i].to}}}, table[i].reason);
	/* CVE-2025-46784: whatever the message is called, its memory is given back (see leaves_no_byte_behind) */
	forge_text_refused(slice_c("<Server xmlns=\"" LASSO_NS "\"/>"), REASON_XML_SHAPE);
	forge_text_refused(slice_c("<Envelope xmlns=\"http://schemas.xmlsoap.org/soap/envelope/\"><Body/></Envelope>"),
		REASON_XML_SHAPE);
}

/* ---- addresses in a message are words ---- */

#define XINCLUDE "http://www.w3.org/2001/XInclude"

static void fetches_no_url_from_input(void **state)
{
	static const struct {
		const char *from, *to;
		enum reason reason;
	} table[] = {
		{"<samlp:Response", "<!DOCTYPE r SYSTEM \"@\"><samlp:Response", REASON_DOCTYPE},
		{"<samlp:Response", "<!DOCTYPE r [<!ENTITY % x SYSTEM \"@\">%x;]><samlp:Response", REASON_DOCTYPE},
		{"<samlp:Response", "<?xml-stylesheet href=\"@\"?><samlp:Response", REASON_XML_COMMENT},
		{"<Subject>", "<Subject><i:include xmlns:i=\"" XINCLUDE "\" href=\"@\"/>", REASON_SIGNATURE_INVALID},
		{"URI=\"#" FORGE_ASSERTION_ID, "URI=\"@", REASON_SIGNATURE_REFERENCE},
		{"<samlp:Response", "<samlp:Response xmlns:i=\"http://www.w3.org/2001/XMLSchema-instance\" i:schemaLocation=\"urn:x @\"",
			REASON_NONE},
		{"<KeyInfo>", "<KeyInfo><RetrievalMethod URI=\"@\"/>", REASON_NONE},
	};
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(address);
	int trap = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	const char *url;

	(void)state;
	assert_int_equal(bind(trap, (struct sockaddr *)&address, size), 0);
	assert_int_equal(listen(trap, 8), 0);
	assert_int_equal(getsockname(trap, (struct sockaddr *)&address, &size), 0);
	url = arena_printf(forge_arena(), "http://127.0.0.1:%d/x", ntohs(address.sin_port));
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		struct forge f = {.after = {{table[i].from, forge_replace(slice_c(table[i].to), "@", url).p}}};

		if (table[i].reason == REASON_NONE)
			forge_accepted(&f);
		else
			forge_refused(&f, table[i].reason);
	}
	assert_int_equal(accept(trap, NULL, NULL), -1);
	assert_int_equal(errno, EAGAIN);
	close(trap);
}

/* ---- nothing is left behind ---- */

static void read_one_of_each(const struct slice *posted, const enum reason *reasons, size_t n)
{
	struct saml_expect expect = forge_expect();

	for (size_t i = 0; i < n; i++) {
		struct arena *a = arena_new();
		struct saml_identity who = {0};
		struct error err;

		if (reasons[i] == REASON_NONE)
			assert_done(saml_response_read(a, &expect, posted[i], &who, &err), err);
		else
			assert_refused(saml_response_read(a, &expect, posted[i], &who, &err), err, reasons[i]);
		arena_free(a);
	}
}

/* Under ASan mallinfo2 counts nothing; there the leak check at the end looks. */
static void leaves_no_byte_behind(void **state)
{
	const struct slice posted[] = {
		forge_base64(forge_text(&(struct forge){.sign = FORGE_BOTH})),
		forge_base64(forge_text(&(struct forge){.sign = FORGE_BOTH, .key = FORGE_FOREIGN})),
		forge_base64(forge_text(&(struct forge){.after = {{"<Subject>", "<Subject"}}})),
		forge_base64(forge_text(&(struct forge){.after = {{"<samlp:Response",
			"<!DOCTYPE x [<!ENTITY y 'z'>]><samlp:Response"}}})),
		forge_base64(forge_text(&(struct forge){.after = {{"<Subject>", "<Subject>" ENCRYPTED}}})),
		forge_base64(forge_text(&(struct forge){.after = {{"<Subject>", "<Subject><!-- -->"}}})),
		forge_base64(forge_text(&(struct forge){.before = {{"<Audience>", "<Audience>x"}}})),
	};
	static const enum reason reasons[] = {
		REASON_NONE, REASON_SIGNATURE_INVALID, REASON_RESPONSE_MALFORMED, REASON_DOCTYPE, REASON_ASSERTION_COUNT,
			REASON_XML_COMMENT,
		REASON_WRONG_AUDIENCE,
	};
	size_t n = sizeof(posted) / sizeof(*posted), before, least = SIZE_MAX;

	(void)state;
	/* A leak grows in each round; a table of a library that grows for good does so once in a while. */
	for (int i = 0; i < 5; i++) {
		before = mallinfo2().uordblks;
		for (int k = 0; k < 20; k++)
			read_one_of_each(posted, reasons, n);
		if (mallinfo2().uordblks - before < least)
			least = mallinfo2().uordblks - before;
	}
	assert_int_equal(least, 0);
}

/* ---- messages that are small and cost seconds ---- */

/* Each time with its number between the two. */
static const char *repeated(const char *before, const char *after, int n)
{
	struct text t;

	text_begin(&t, forge_arena(), 4096);
	for (int i = 0; i < n; i++)
		text_addf(&t, "%s%d%s", before, i, after);
	return text_slice(&t).p;
}

/* Each prefix is looked up for each element, before the signature is known to be anybody's. */
static void refuses_long_prefix_list(void **state)
{
	const char *transform = "<Transform Algorithm=\"" ALGORITHM_C14N "\"/>";
	const char *with_list = arena_printf(forge_arena(), "<Transform Algorithm=\"" ALGORITHM_C14N "\"><InclusiveNamespaces"
		" xmlns=\"" ALGORITHM_C14N "\" PrefixList=\"%s\"/></Transform>", repeated("p", " ", 100));

	(void)state;
	forge_refused(&(struct forge){.after = {{transform, with_list}}}, REASON_SIGNATURE_TRANSFORM);
}

static void refuses_many_namespaces_in_one_document(void **state)
{
	const char *one = arena_printf(forge_arena(), "<x%s/>", repeated(" xmlns:a", "='urn:x'", 60));

	(void)state;
	forge_edit_refused("<AuthnContext>", arena_printf(forge_arena(), "%s%s%s%s%s<AuthnContext>", one, one, one, one, one),
		REASON_RESPONSE_TOO_LARGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(refuses_comment_in_name_id, forge_reset),
		cmocka_unit_test_teardown(refuses_comment_in_attribute, forge_reset),
		cmocka_unit_test_teardown(refuses_comment_in_audience_and_issuer, forge_reset),
		cmocka_unit_test_teardown(refuses_cdata_in_name_id, forge_reset),
		cmocka_unit_test_teardown(refuses_cdata_in_attribute, forge_reset),
		cmocka_unit_test_teardown(refuses_processing_instruction_in_signed_text, forge_reset),
		cmocka_unit_test_teardown(refuses_any_doctype, forge_reset),
		cmocka_unit_test_teardown(refuses_external_entity, forge_reset),
		cmocka_unit_test_teardown(refuses_undeclared_entity, forge_reset),
		cmocka_unit_test_teardown(refuses_entity_in_id_attribute, forge_reset),
		cmocka_unit_test_teardown(refuses_two_documents_in_one, forge_reset),
		cmocka_unit_test_teardown(refuses_namespace_parser_variants, forge_reset),
		cmocka_unit_test_teardown(refuses_raw_line_end_and_invalid_utf8, forge_reset),
		cmocka_unit_test_teardown(refuses_deep_nesting, forge_reset),
		cmocka_unit_test_teardown(refuses_padding, forge_reset),
		cmocka_unit_test_teardown(refuses_long_prefix_list, forge_reset),
		cmocka_unit_test_teardown(refuses_many_namespaces_in_one_document, forge_reset),
		cmocka_unit_test_teardown(counts_encrypted_assertions_anywhere, forge_reset),
		cmocka_unit_test_teardown(survives_lasso_advisory_fixtures, forge_reset),
		cmocka_unit_test_teardown(fetches_no_url_from_input, forge_reset),
		cmocka_unit_test_teardown(leaves_no_byte_behind, forge_reset),
	};

	/* ./run-tests runs one of them under valgrind, where all would take minutes */
	if (getenv("TEST_FILTER"))
		cmocka_set_test_filter(getenv("TEST_FILTER"));
	return cmocka_run_group_tests(tests, forge_begin, forge_end);
}
