/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The strict parse and the walkers. */
#include "tests/unit/unit.h"

#include "base/clock.h"
#include "base/text.h"
#include "saml/library.h"
#include "saml/saml.h"
#include "saml/xml.h"

static int read_response(const char *text, struct error *err)
{
	xml_doc *doc = NULL;
	int rc = xml_read(slice_c(text), &xml_rules_response, &doc, err);

	xml_free(doc);
	return rc;
}

struct refusal {
	const char *text;
	enum reason reason;
};

static void refuse_all(const struct refusal *table, size_t n)
{
	struct error err;

	for (size_t i = 0; i < n; i++)
		assert_refused(read_response(table[i].text, &err), err, table[i].reason);
}
#define REFUSE_ALL(table) refuse_all(table, sizeof(table) / sizeof(*(table)))

static void reads_a_plain_document(void **state)
{
	struct error err;
	xml_doc *doc = NULL;
	xml_node *child;
	struct slice text;

	(void)state;
	assert_done(xml_read(slice_c("\xef\xbb\xbf<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"
		"<a xmlns=\"urn:x\" k=\"v&amp;w\" e=\"\">"
		"<b>one &lt; two &#x263a;</b><c/></a>"), &xml_rules_response, &doc, &err), err);
	assert_true(xml_is(xml_root(doc), "urn:x", "a"));
	assert_false(xml_is(xml_root(doc), "urn:y", "a"));
	assert_string_equal(xml_attribute(xml_root(doc), "k"), "v&w");
	assert_string_equal(xml_attribute(xml_root(doc), "e"), "");
	assert_null(xml_attribute(xml_root(doc), "x"));
	assert_done(xml_require_child(xml_root(doc), "urn:x", "b", REASON_XML_SHAPE, &child, &err), err);
	assert_done(xml_text(child, REASON_XML_SHAPE, &text, &err), err);
	assert_slice_is(text, "one < two \xe2\x98\xba");
	assert_int_equal(xml_count(xml_root(doc), "urn:x", "c"), 1);
	xml_free(doc);
}

static void walks_in_document_order(void **state)
{
	struct error err;
	xml_doc *doc = NULL;
	char order[10] = "";
	size_t n = 0;

	(void)state;
	assert_done(xml_read(slice_c("<a><b><c/></b><d/><e><f><g/></f></e></a>"), &xml_rules_response, &doc, &err), err);
	for (xml_node *node = xml_root(doc); node; node = xml_walk(node, xml_root(doc)))
		order[n++] = xml_name(node)[0];
	assert_string_equal(order, "abcdefg");
	n = 0;
	for (xml_node *b = xml_first(xml_root(doc)), *node = b; node; node = xml_walk(node, b))
		n++;
	assert_int_equal(n, 2);
	xml_free(doc);
}

static void refuses_what_is_not_well_formed(void **state)
{
	static const struct refusal table[] = {
		{"", REASON_RESPONSE_MALFORMED}, {" ", REASON_RESPONSE_MALFORMED}, {"no XML", REASON_RESPONSE_MALFORMED},
		{"<a>", REASON_RESPONSE_MALFORMED}, {"<a></b>", REASON_RESPONSE_MALFORMED},
		{"<a x='1' x='2'/>", REASON_RESPONSE_MALFORMED}, {"<a>&nbsp;</a>", REASON_RESPONSE_MALFORMED},
		{"<a b='&x;'/>", REASON_RESPONSE_MALFORMED}, {"<a/>text", REASON_RESPONSE_MALFORMED},
		{"<a>\xff</a>", REASON_RESPONSE_MALFORMED}, {"<a>\xc0\xaf</a>", REASON_RESPONSE_MALFORMED},
		{"<a>\x01</a>", REASON_RESPONSE_MALFORMED}, {"<a>&#0;</a>", REASON_RESPONSE_MALFORMED},
		{"<?xml version='1.0' encoding='ISO-8859-1'?><a/>", REASON_RESPONSE_MALFORMED},
		{"<?xml version='1.0' encoding='UTF-7'?><a/>", REASON_RESPONSE_MALFORMED},
		{"\xef\xbb\xbf<?xml version='1.0' encoding='UTF-7'?><a/>", REASON_RESPONSE_MALFORMED},
		{"<?xml version='1.0' encoding='UTF-7'><a/>", REASON_RESPONSE_MALFORMED},
		{"<?xml version='1.0' encoding = 'UTF-8' encoding='UTF-7'?><a/>", REASON_RESPONSE_MALFORMED},
		{"<?xml version='1.1'?><a/>", REASON_RESPONSE_MALFORMED},
	};

	(void)state;
	REFUSE_ALL(table);
}

static void refuses_two_documents_in_one(void **state)
{
	static const struct refusal table[] = {
		{"<a/><a/>", REASON_RESPONSE_MALFORMED}, {"<a/><?xml version='1.0'?><a/>", REASON_RESPONSE_MALFORMED},
	};

	(void)state;
	REFUSE_ALL(table);
}

static void refuses_any_doctype(void **state)
{
	static const struct refusal table[] = {
		{"<!DOCTYPE a><a/>", REASON_DOCTYPE}, {"<!DOCTYPE a SYSTEM 'http://x.test/a.dtd'><a/>", REASON_DOCTYPE},
		{"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", REASON_DOCTYPE},
		{"<!DOCTYPE a [<!ENTITY b '0123456789'><!ENTITY c '&b;&b;&b;&b;&b;&b;&b;&b;'>"
			"<!ENTITY d '&c;&c;&c;&c;'>]><a>&d;</a>",
			REASON_DOCTYPE},
		{"<!DOCTYPE a [<!ATTLIST a ID ID #IMPLIED>]><a ID='x'/>", REASON_DOCTYPE},
	};

	(void)state;
	REFUSE_ALL(table);
}

static void refuses_external_entity(void **state)
{
	static const struct refusal table[] = {
		{"<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><a>&b;</a>", REASON_DOCTYPE},
		{"<!DOCTYPE a [<!ENTITY % b SYSTEM 'http://127.0.0.1/x'>%b;]><a/>", REASON_DOCTYPE},
	};

	(void)state;
	REFUSE_ALL(table);
}

static void refuses_entity_in_id_attribute(void **state)
{
	static const struct refusal table[] = {
		{"<!DOCTYPE a [<!ENTITY b '_1'>]><a ID='&b;'/>", REASON_DOCTYPE}, {"<a ID='&b;'/>",
			REASON_RESPONSE_MALFORMED},
	};

	(void)state;
	REFUSE_ALL(table);
}

static void refuses_comments_instructions_and_cdata_anywhere(void **state)
{
	static const struct refusal table[] = {
		{"<a>b<!-- c -->d</a>", REASON_XML_COMMENT}, {"<!-- c --><a/>", REASON_XML_COMMENT},
		{"<a/><!-- c -->", REASON_XML_COMMENT}, {"<a>b<?c d?>e</a>", REASON_XML_COMMENT}, {"<?c d?><a/>",
			REASON_XML_COMMENT},
		{"<a><![CDATA[b]]></a>", REASON_XML_COMMENT}, {"<a>b<![CDATA[]]>c</a>", REASON_XML_COMMENT},
		{"<?xml-stylesheet href='x.xsl'?><a/>", REASON_XML_COMMENT},
	};

	(void)state;
	REFUSE_ALL(table);
}

static void refuses_relative_namespace(void **state)
{
	static const struct refusal table[] = {
		{"<a xmlns='b'/>", REASON_XML_SHAPE}, {"<a xmlns:b='./c'/>", REASON_XML_SHAPE},
			{"<a><c xmlns:b='1:x'/></a>", REASON_XML_SHAPE},
		{"<a xmlns:b=' urn:x'/>", REASON_XML_SHAPE},
	};

	(void)state;
	REFUSE_ALL(table);
}

static void refuses_undeclared_prefixes(void **state)
{
	static const struct refusal table[] = {
		{"<a:b/>", REASON_XML_SHAPE}, {"<a b:c='d'/>", REASON_XML_SHAPE}, {"<a:b:c xmlns:a='urn:x'/>",
			REASON_XML_SHAPE},
	};

	(void)state;
	REFUSE_ALL(table);
}

static void refuses_id_in_a_namespace(void **state)
{
	static const struct refusal table[] = {
		{"<a xmlns:s='urn:s' s:ID='x'/>", REASON_XML_SHAPE}, {"<a xmlns:s='urn:s' ID='y' s:Id='x'/>",
			REASON_XML_SHAPE},
		{"<a xml:id='x'/>", REASON_XML_SHAPE}, {"<a xml:base='http://x.test/'/>", REASON_XML_SHAPE},
	};

	(void)state;
	REFUSE_ALL(table);
}

static void refuses_duplicate_ids(void **state)
{
	static const struct refusal table[] = {
		{"<a ID='x'><b ID='x'/></a>", REASON_DUPLICATE_ID}, {"<a ID='x'><b><c Id='x'/></b></a>", REASON_DUPLICATE_ID},
		{"<a ID='x'><b id='y'/><c id='&#x78;'/></a>", REASON_DUPLICATE_ID},
	};

	(void)state;
	REFUSE_ALL(table);
}

/* `levels` nested elements. */
static int read_nested(int levels, struct error *err)
{
	char text[1000];
	int n = 0;

	for (int i = 0; i < levels; i++)
		n += snprintf(text + n, sizeof(text) - (size_t)n, "<a>");
	for (int i = 0; i < levels; i++)
		n += snprintf(text + n, sizeof(text) - (size_t)n, "</a>");
	return read_response(text, err);
}

static void refuses_deep_nesting(void **state)
{
	struct error err;

	(void)state;
	assert_done(read_nested(SAML_DEPTH_MAX, &err), err);
	assert_refused(read_nested(SAML_DEPTH_MAX + 1, &err), err, REASON_RESPONSE_TOO_LARGE);
}

/* A document of n bytes, made of `piece` over and over. */
static int read_padded(size_t n, const char *piece, struct error *err)
{
	char *text = malloc(n + 8);
	size_t at = 3, step = strlen(piece);
	int rc;

	memcpy(text, "<a>", 3);
	for (; at + step + 4 <= n; at += step)
		memcpy(text + at, piece, step);
	memset(text + at, ' ', n - 4 - at);
	memcpy(text + n - 4, "</a>", 5);
	rc = read_response(text, err);
	free(text);
	return rc;
}

static void refuses_too_many_bytes_or_elements(void **state)
{
	struct error err;

	(void)state;
	assert_done(read_padded(SAML_RESPONSE_MAX, "x", &err), err);
	assert_refused(read_padded(SAML_RESPONSE_MAX + 1, "x", &err), err, REASON_RESPONSE_TOO_LARGE);
	assert_done(read_padded(4 * 19000, "<b/>", &err), err);
	assert_refused(read_padded(4 * 21000, "<b/>", &err), err, REASON_RESPONSE_TOO_LARGE);
	assert_refused(read_padded(14 * 11000, "<b c='d'>x</b>", &err), err, REASON_RESPONSE_TOO_LARGE);
}

/* The parser's own comparison of attributes took 3.5 seconds of the first, 1.3 of the last. */
static void refuses_crowded_elements_at_once(void **state)
{
	static const struct { const char *begin, *each; enum reason reason; } rows[] = {
		{"<a", " a%05x=''", REASON_RESPONSE_TOO_LARGE},
		{"<a", " xmlns:a%05x='u:'", REASON_RESPONSE_TOO_LARGE},
		{"<a xmlns:p='u:'", " p:a%05x=''", REASON_RESPONSE_TOO_LARGE},
		{"<?xml version='1.0' encoding='UTF-7'?><a", " a%05x+AD0-''", REASON_RESPONSE_MALFORMED},
	};
	struct arena *a = arena_new();
	struct error err;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		int64_t before;
		struct text t;

		text_begin(&t, a, SAML_RESPONSE_MAX);
		text_add_c(&t, rows[i].begin);
		for (unsigned n = 0; t.n < SAML_RESPONSE_MAX - 30; n++) {
			const char *percent = strchr(rows[i].each, '%');

			text_addf(&t, "%.*s%05x%s", (int)(percent - rows[i].each), rows[i].each, n, percent + 4);
		}
		text_add_c(&t, "/>");
		before = cpu_us();
		assert_refused(read_response(t.p, &err), err, rows[i].reason);
		assert_true(cpu_us() - before < 250000);
	}
	assert_done(read_response("<?xml version='1.0' encoding = \"utf-8\" ?><a a='1=2' b=''>===</a>", &err), err);
	arena_free(a);
}

static void drops_comments_of_metadata_but_refuses_its_doctype(void **state)
{
	struct error err;
	xml_doc *doc = NULL;

	(void)state;
	assert_done(xml_read(slice_c("<!-- from: us --><a><?p q?><b>c<!-- d -->e</b></a>"), &xml_rules_metadata, &doc,
		&err), err);
	assert_int_equal(xml_count(xml_root(doc), "urn:x", "b"), 0);
	xml_free(doc);
	assert_refused(xml_read(slice_c("<!DOCTYPE a><a/>"), &xml_rules_metadata, &doc, &err), err, REASON_METADATA);
	assert_refused(xml_read(slice_c("<a b='c'"), &xml_rules_request, &doc, &err), err, REASON_REQUEST_MALFORMED);
}

static void wants_one_clean_text(void **state)
{
	static const char *const wrong[] = {
		"<a/>", "<a><b/></a>", "<a>b<c/></a>", "<a>b<c/>d</a>", "<a>&#x7f;</a>", "<a>&#x85;</a>",
	};
	static const char *const wrong_values[] = {"<a>b\n</a>", "<a>b&#xd;c</a>", "<a>\tb</a>", "<a/>"};
	struct error err;
	struct slice text;
	const char *value;
	xml_doc *doc = NULL;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		assert_done(xml_read(slice_c(wrong[i]), &xml_rules_response, &doc, &err), err);
		assert_refused(xml_text(xml_root(doc), REASON_BAD_ATTRIBUTE, &text, &err), err, REASON_BAD_ATTRIBUTE);
		xml_free(doc);
	}
	for (size_t i = 0; i < sizeof(wrong_values) / sizeof(*wrong_values); i++) {
		assert_done(xml_read(slice_c(wrong_values[i]), &xml_rules_response, &doc, &err), err);
		assert_refused(xml_value(xml_root(doc), REASON_BAD_NAME_ID, &value, &err), err, REASON_BAD_NAME_ID);
		xml_free(doc);
	}
}

static void counts_children(void **state)
{
	struct error err;
	xml_doc *doc = NULL;
	xml_node *child;

	(void)state;
	assert_done(xml_read(slice_c("<a xmlns='urn:x'><b/><b/><c/><d xmlns='urn:y'/>  </a>"), &xml_rules_response, &doc,
		&err), err);
	assert_refused(xml_require_child(xml_root(doc), "urn:x", "b", REASON_XML_SHAPE, &child, &err), err, REASON_XML_SHAPE);
	assert_refused(xml_optional_child(xml_root(doc), "urn:x", "b", REASON_XML_SHAPE, &child, &err), err,
		REASON_XML_SHAPE);
	assert_refused(xml_require_child(xml_root(doc), "urn:x", "d", REASON_XML_SHAPE, &child, &err), err, REASON_XML_SHAPE);
	assert_done(xml_optional_child(xml_root(doc), "urn:x", "d", REASON_XML_SHAPE, &child, &err), err);
	assert_null(child);
	assert_done(xml_require_no_text(xml_root(doc), REASON_XML_SHAPE, &err), err);
	xml_free(doc);
	assert_done(xml_read(slice_c("<a><b/>x</a>"), &xml_rules_response, &doc, &err), err);
	assert_refused(xml_require_no_text(xml_root(doc), REASON_XML_SHAPE, &err), err, REASON_XML_SHAPE);
	xml_free(doc);
}

static void reads_booleans_and_times(void **state)
{
	struct error err;
	xml_doc *doc = NULL;
	bool b = false;
	int64_t t;

	(void)state;
	assert_done(xml_read(slice_c("<a t='true' o='1' f='false' x='TRUE' w='2026-11-24T13:19:16Z' v='2026-11-24'/>"),
		&xml_rules_response, &doc, &err), err);
	assert_done(xml_boolean(xml_root(doc), "t", false, REASON_XML_SHAPE, &b, &err), err);
	assert_true(b);
	assert_done(xml_boolean(xml_root(doc), "f", true, REASON_XML_SHAPE, &b, &err), err);
	assert_false(b);
	assert_done(xml_boolean(xml_root(doc), "missing", true, REASON_XML_SHAPE, &b, &err), err);
	assert_true(b);
	assert_refused(xml_boolean(xml_root(doc), "x", true, REASON_XML_SHAPE, &b, &err), err, REASON_XML_SHAPE);
	assert_done(xml_time(xml_root(doc), "w", REASON_EXPIRED, &t, &err), err);
	assert_int_equal(t, 1795526356);
	assert_refused(xml_time(xml_root(doc), "v", REASON_EXPIRED, &t, &err), err, REASON_EXPIRED);
	assert_refused(xml_time(xml_root(doc), "missing", REASON_EXPIRED, &t, &err), err, REASON_EXPIRED);
	xml_free(doc);
}

static void registers_only_proper_ids(void **state)
{
	struct error err;
	xml_doc *doc = NULL;
	const char *id;
	xml_node *b;

	(void)state;
	assert_done(xml_read(slice_c("<a ID='_x'><b ID='1'/><b/></a>"), &xml_rules_response, &doc, &err), err);
	assert_done(xml_register_id(xml_root(doc), REASON_SIGNATURE_REFERENCE, &id, &err), err);
	assert_string_equal(id, "_x");
	b = xml_first(xml_root(doc));
	assert_refused(xml_register_id(b, REASON_SIGNATURE_REFERENCE, &id, &err), err, REASON_SIGNATURE_REFERENCE);
	assert_refused(xml_register_id(xml_next(b), REASON_SIGNATURE_REFERENCE, &id, &err), err, REASON_SIGNATURE_REFERENCE);
	xml_free(doc);
}

static int start(void **state)
{
	struct error err = {0};

	(void)state;
	return saml_library_start(&err);
}

static int stop(void **state)
{
	(void)state;
	saml_library_stop();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_a_plain_document),
		cmocka_unit_test(walks_in_document_order),
		cmocka_unit_test(refuses_what_is_not_well_formed),
		cmocka_unit_test(refuses_two_documents_in_one),
		cmocka_unit_test(refuses_any_doctype),
		cmocka_unit_test(refuses_external_entity),
		cmocka_unit_test(refuses_entity_in_id_attribute),
		cmocka_unit_test(refuses_comments_instructions_and_cdata_anywhere),
		cmocka_unit_test(refuses_relative_namespace),
		cmocka_unit_test(refuses_undeclared_prefixes),
		cmocka_unit_test(refuses_id_in_a_namespace),
		cmocka_unit_test(refuses_duplicate_ids),
		cmocka_unit_test(refuses_deep_nesting),
		cmocka_unit_test(refuses_too_many_bytes_or_elements),
		cmocka_unit_test(refuses_crowded_elements_at_once),
		cmocka_unit_test(drops_comments_of_metadata_but_refuses_its_doctype),
		cmocka_unit_test(wants_one_clean_text),
		cmocka_unit_test(counts_children),
		cmocka_unit_test(reads_booleans_and_times),
		cmocka_unit_test(registers_only_proper_ids),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
