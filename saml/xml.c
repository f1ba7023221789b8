/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The strict parse: libxml2's tree builder behind guards that see each element
 * before it is built.
 */
#include "saml/xml.h"

#include "base/encode.h"
#include "saml/saml.h"

#include <libxml/parser.h>
#include <libxml/parserInternals.h>
#include <libxml/tree.h>
#include <libxml/valid.h>

/* A message holds a handful of IDs: Response, Assertion, parts of signatures. */
#define IDS_MAX 32
/*
 * `=` between two `<`, so attributes of one element and what text says behind
 * it.  libxml2 compares each attribute of an element with each other before
 * anybody is asked: 65,000 of them would hold the process for seconds.
 */
#define EQUALS_MAX 128

const struct xml_rules xml_rules_response = {
	.bytes = SAML_RESPONSE_MAX, .depth = SAML_DEPTH_MAX, .nodes = 20000, .namespaces = 256,
	.malformed = REASON_RESPONSE_MALFORMED, .too_large = REASON_RESPONSE_TOO_LARGE, .doctype = REASON_DOCTYPE,
	.comment = REASON_XML_COMMENT, .shape = REASON_XML_SHAPE, .duplicate_id = REASON_DUPLICATE_ID,
};

const struct xml_rules xml_rules_request = {
	.bytes = SAML_REQUEST_MAX, .depth = SAML_DEPTH_MAX, .nodes = 2000, .namespaces = 256,
	.malformed = REASON_REQUEST_MALFORMED, .too_large = REASON_REQUEST_TOO_LARGE, .doctype = REASON_REQUEST_MALFORMED,
	.comment = REASON_REQUEST_MALFORMED, .shape = REASON_REQUEST_MALFORMED, .duplicate_id = REASON_REQUEST_MALFORMED,
};

const struct xml_rules xml_rules_logout = {
	.bytes = SAML_REQUEST_MAX, .depth = SAML_DEPTH_MAX, .nodes = 2000, .namespaces = 256,
	.malformed = REASON_LOGOUT_MALFORMED, .too_large = REASON_LOGOUT_TOO_LARGE, .doctype = REASON_LOGOUT_MALFORMED,
	.comment = REASON_LOGOUT_MALFORMED, .shape = REASON_LOGOUT_MALFORMED, .duplicate_id = REASON_LOGOUT_MALFORMED,
};

/* An administrator's file or the answer of an https address; federations publish many entities in one document. */
const struct xml_rules xml_rules_metadata = {
	.bytes = 8u << 20, .depth = SAML_DEPTH_MAX, .nodes = 200000, .comments = true,
	.malformed = REASON_METADATA, .too_large = REASON_METADATA, .doctype = REASON_METADATA,
	.comment = REASON_METADATA, .shape = REASON_METADATA, .duplicate_id = REASON_METADATA,
};

/* One parse: its rules, what was seen, and the first refusal. */
struct guard {
	const struct xml_rules *rules;
	startElementNsSAX2Func build_element;
	size_t nodes, namespaces;
	size_t read;                    /* bytes, when it refused */
	enum reason reason;
	char detail[200];
};

static size_t bytes_read(xmlParserCtxtPtr parser)
{
	long n = xmlByteConsumed(parser);

	return n > 0 ? (size_t)n : 0;
}

static void refuse(xmlParserCtxtPtr parser, enum reason reason, const char *what, const xmlChar *name)
{
	struct guard *g = parser->_private;

	if (g->reason == REASON_NONE) {
		g->reason = reason;
		snprintf(g->detail, sizeof(g->detail), "%s%s%.80s, line %d", what, name ? " " : "",
			name ? (const char *)name : "", xmlSAX2GetLineNumber(parser));
		g->read = bytes_read(parser);
	}
	xmlStopParser(parser);
}

/* An absolute name has a scheme (RFC 3986 section 3.1); exclusive canonical form is not defined for others. */
static bool is_absolute(const xmlChar *uri)
{
	const xmlChar *p = uri;

	if (!((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z')))
		return false;
	while ((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9') || *p == '+' || *p == '-' ||
		*p == '.')
		p++;
	return *p == ':';
}

/* attributes: five pointers each (name, prefix, namespace, value, its end), as of libxml2's SAX2. */
static const char *judge_attributes(int count, const xmlChar **attributes)
{
	for (int i = 0; i < count; i++) {
		const xmlChar *name = attributes[i * 5], *ns = attributes[i * 5 + 2];

		if (!ns)
			continue;
		if (xmlStrEqual(ns, XML_XML_NAMESPACE) && !xmlStrEqual(name, BAD_CAST "lang") &&
			!xmlStrEqual(name, BAD_CAST "space"))
			return "xml: attribute";
		if (xmlStrcasecmp(name, BAD_CAST "id") == 0)
			return "ID in a namespace";
	}
	return NULL;
}

static void on_element(void *context, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri, int namespace_count,
	const xmlChar **namespaces, int attribute_count, int defaulted, const xmlChar **attributes)
{
	xmlParserCtxtPtr parser = context;
	struct guard *g = parser->_private;
	const char *wrong = judge_attributes(attribute_count, attributes);

	g->nodes += 1 + (size_t)attribute_count + (size_t)namespace_count;
	if (g->nodes > g->rules->nodes) {
		refuse(parser, g->rules->too_large, "too many elements, at", name);
		return;
	}
	g->namespaces += (size_t)namespace_count;
	if (g->rules->namespaces && g->namespaces > g->rules->namespaces) {
		refuse(parser, g->rules->too_large, "too many namespaces, at", name);
		return;
	}
	if (parser->nodeNr >= g->rules->depth) {
		refuse(parser, g->rules->too_large, "nested too deep, at", name);
		return;
	}
	if (wrong) {
		refuse(parser, g->rules->shape, wrong, name);
		return;
	}
	for (int i = 0; i < namespace_count; i++) {
		if (namespaces[i * 2 + 1] && namespaces[i * 2 + 1][0] && !is_absolute(namespaces[i * 2 + 1])) {
			refuse(parser, g->rules->shape, "relative namespace at", name);
			return;
		}
	}
	g->build_element(context, name, prefix, uri, namespace_count, namespaces, attribute_count, defaulted, attributes);
}

static void on_doctype(void *context, const xmlChar *name, const xmlChar *public_id, const xmlChar *system_id)
{
	xmlParserCtxtPtr parser = context;
	struct guard *g = parser->_private;

	(void)public_id;
	(void)system_id;
	refuse(parser, g->rules->doctype, "DOCTYPE", name);
}

static void on_comment(void *context, const xmlChar *text)
{
	xmlParserCtxtPtr parser = context;
	struct guard *g = parser->_private;

	(void)text;
	if (!g->rules->comments)
		refuse(parser, g->rules->comment, "comment", NULL);
}

static void on_instruction(void *context, const xmlChar *target, const xmlChar *data)
{
	xmlParserCtxtPtr parser = context;
	struct guard *g = parser->_private;

	(void)data;
	if (!g->rules->comments)
		refuse(parser, g->rules->comment, "processing instruction", target);
}

static void on_cdata(void *context, const xmlChar *text, int n)
{
	xmlParserCtxtPtr parser = context;
	struct guard *g = parser->_private;

	(void)text;
	(void)n;
	refuse(parser, g->rules->comment, "CDATA", NULL);
}

/* Without a DOCTYPE only the five predefined entities exist; libxml2 turns those into text by itself. */
static void on_reference(void *context, const xmlChar *name)
{
	xmlParserCtxtPtr parser = context;
	struct guard *g = parser->_private;

	refuse(parser, g->rules->malformed, "entity", name);
}

/* The attributes that any standard around SAML uses as xs:ID. */
static bool is_id(const xmlAttr *attribute)
{
	return !attribute->ns && xmlStrcasecmp(attribute->name, BAD_CAST "id") == 0;
}

struct ids {
	const char *seen[IDS_MAX];
	size_t n;
};

static int add_id(struct ids *ids, const char *id, const struct xml_rules *rules, struct error *err)
{
	for (size_t i = 0; i < ids->n; i++) {
		if (strcmp(ids->seen[i], id) == 0)
			return error_set(err, rules->duplicate_id, "two elements with ID %.80s", id);
	}
	if (ids->n == IDS_MAX)
		return error_set(err, rules->shape, "more than %d IDs", IDS_MAX);
	ids->seen[ids->n++] = id;
	return 0;
}

/* No two equal IDs: a Reference must have one meaning.  Metadata is not verified by Reference, so it may hold more. */
static int require_unique_ids(const xml_doc *doc, const struct xml_rules *rules, struct ids *ids, struct error *err)
{
	const xml_node *root = xml_root(doc);

	for (const xml_node *node = root; node && !rules->comments; node = xml_walk(node, root)) {
		for (const xmlAttr *a = node->properties; a; a = a->next) {
			if (is_id(a) && a->children && add_id(ids, (const char *)a->children->content, rules, err) < 0)
				return -1;
		}
	}
	return 0;
}

int xml_require_distinct_ids(const xml_doc *first, const xml_doc *second, const struct xml_rules *rules, struct error *err)
{
	struct ids ids = {.n = 0};

	if (require_unique_ids(first, rules, &ids, err) < 0)
		return -1;
	return require_unique_ids(second, rules, &ids, err);
}

static void set_guards(xmlParserCtxtPtr parser, struct guard *g)
{
	xmlSAXHandlerPtr sax = parser->sax;

	parser->_private = g;
	g->build_element = sax->startElementNs;
	sax->startElementNs = on_element;
	sax->internalSubset = on_doctype;
	sax->externalSubset = on_doctype;
	sax->comment = on_comment;
	sax->processingInstruction = on_instruction;
	sax->cdataBlock = on_cdata;
	sax->reference = on_reference;
}

/* libxml2's messages end in a newline. */
static int refuse_parse(enum reason reason, const xmlError *last, struct error *err)
{
	const char *message = last && last->message ? last->message : "no message";

	return error_set(err, reason, "%.*s, line %d", (int)strcspn(message, "\n"), message, last ? last->line : 0);
}

static int judge_document(xmlParserCtxtPtr parser, xml_doc *doc, const struct guard *g, struct error *err)
{
	const struct xml_rules *rules = g->rules;
	const xmlError *last = xmlCtxtGetLastError(parser);
	struct ids ids = {.n = 0};

	if (g->reason != REASON_NONE)
		return error_set(err, g->reason, "%s", g->detail);
	if (!doc || !parser->wellFormed || !xml_root(doc))
		return refuse_parse(rules->malformed, last, err);
	if (!parser->nsWellFormed)
		return refuse_parse(rules->shape, last, err);
	if (!xmlStrEqual(doc->version, BAD_CAST "1.0"))
		return error_set(err, rules->malformed, "XML version %.20s", doc->version ? (const char *)doc->version : "");
	if (doc->encoding && xmlStrcasecmp(doc->encoding, BAD_CAST "UTF-8") != 0)
		return error_set(err, rules->malformed, "encoding %.40s", (const char *)doc->encoding);
	return require_unique_ids(doc, rules, &ids, err);
}

/* Every encoding that the XML declaration names is UTF-8: in others a byte is not what it seems to whoever counts it. */
static bool declares_only_utf8(struct slice bytes)
{
	const char *end = memmem(bytes.p, bytes.n, "?>", 2), *at = bytes.p;

	if (!end)
		return false;
	while ((at = memmem(at, (size_t)(end - at), "encoding", 8)) != NULL) {
		at += 8;
		at += strspn(at, " \t\r\n=");
		if ((*at != '"' && *at != '\'') || end - at < 7 || strncasecmp(at + 1, "UTF-8", 5) != 0 || at[6] != *at)
			return false;
	}
	return true;
}

static size_t count(struct slice bytes, char c)
{
	const char *at = bytes.p, *end = bytes.p + bytes.n;
	size_t n = 0;

	for (; (at = memchr(at, c, (size_t)(end - at))) != NULL; at++)
		n++;
	return n;
}

static bool has_crowded_element(struct slice bytes)
{
	while (bytes.n > 0) {
		const char *next = memchr(bytes.p + 1, '<', bytes.n - 1);
		size_t n = next ? (size_t)(next - bytes.p) : bytes.n;

		if (count(slice_of(bytes.p, n), '=') > EQUALS_MAX)
			return true;
		bytes = slice_of(bytes.p + n, bytes.n - n);
	}
	return false;
}

static bool is_declared(struct slice bytes)
{
	return slice_begins(bytes, "<?xml") || slice_begins(bytes, "\xef\xbb\xbf<?xml");
}

/* What has to be known before the parser sees the first byte. */
static int judge_bytes(struct slice bytes, const struct xml_rules *rules, struct error *err)
{
	if (bytes.n == 0)
		return error_set(err, rules->malformed, "empty");
	if (bytes.n > rules->bytes)
		return error_set(err, rules->too_large, "%zu bytes, at most %zu", bytes.n, rules->bytes);
	if (!utf8_is_clean(bytes))
		return error_set(err, rules->malformed, "not UTF-8, or control characters");
	if (is_declared(bytes) && !declares_only_utf8(bytes))
		return error_set(err, rules->malformed, "an encoding that is not UTF-8");
	if (!rules->comments && has_crowded_element(bytes))
		return error_set(err, rules->too_large, "an element with more than %d attributes", EQUALS_MAX);
	return 0;
}

int xml_read(struct slice bytes, const struct xml_rules *rules, xml_doc **out, struct error *err)
{
	size_t ignored;

	return xml_read_counted(bytes, rules, out, &ignored, err);
}

int xml_read_counted(struct slice bytes, const struct xml_rules *rules, xml_doc **out, size_t *read_out, struct error *err)
{
	struct guard guard = {.rules = rules};
	xmlParserCtxtPtr parser = NULL;
	xmlDocPtr doc = NULL;
	int rc = -1;

	*read_out = 0;
	if (judge_bytes(bytes, rules, err) < 0)
		return -1;
	parser = xmlNewParserCtxt();
	if (!parser)
		return error_set(err, REASON_INTERNAL, "no XML parser");
	set_guards(parser, &guard);
	doc = xmlCtxtReadMemory(parser, bytes.p, (int)bytes.n, NULL, NULL, XML_PARSE_NONET);
	*read_out = guard.reason == REASON_NONE ? bytes_read(parser) : guard.read;
	/* A parser that was stopped may hand its half document to nobody. */
	if (!doc)
		doc = parser->myDoc;
	parser->myDoc = NULL;
	if (judge_document(parser, doc, &guard, err) < 0)
		goto out;
	*out = doc;
	doc = NULL;
	rc = 0;
out:
	xmlFreeDoc(doc);
	xmlFreeParserCtxt(parser);
	return rc;
}

void xml_free(xml_doc *doc)
{
	xmlFreeDoc(doc);
}

/*
 * xmlAddID alone would do for a document without other IDs; asking back proves
 * that the name leads to this element.
 */
int xml_register_id(xml_node *element, enum reason reason, const char **id_out, struct error *err)
{
	xmlAttrPtr attribute = xmlHasNsProp(element, BAD_CAST "ID", NULL);
	const char *id = xml_attribute(element, "ID");

	if (!id || xmlValidateNCName(BAD_CAST id, 0) != 0)
		return error_set(err, reason, "%s without a proper ID", xml_name(element));
	if (!xmlGetID(element->doc, BAD_CAST id))
		xmlAddID(NULL, element->doc, BAD_CAST id, attribute);
	if (xmlGetID(element->doc, BAD_CAST id) != attribute)
		return error_set(err, reason, "ID %.80s leads to another element", id);
	*id_out = id;
	return 0;
}
