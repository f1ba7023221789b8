/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What somebody without a key does to a message that was signed. */
#include "tests/differential/generator.h"

#include "base/text.h"

#define NODES_MAX 512

static const char *const spaces[] = {NS_SAML, NS_SAMLP, NS_DS, "urn:x", "http://www.w3.org/2001/04/xmlenc#"};
static const char *const names[] = {
	"Assertion", "Response", "Issuer", "Subject", "NameID", "Signature", "Conditions", "AttributeStatement",
	"AuthnStatement", "Extensions",
	"Object", "Advice", "EncryptedAssertion", "Attribute", "AttributeValue", "x",
};
static const char *const texts[] = {
	"admin@example.org", FORGE_NAME_ID, FORGE_ISSUER, FORGE_ENTITY, "", " ", "1d9c8b7a-6f5e-4d3c-8b2a-190817263544",
	"&", "\xc3\xbc",
	FORGE_ASSERTION_ID, FORGE_REQUEST, FORGE_ACS, "2026-11-24T14:19:15Z", "urn:oasis:names:tc:SAML:2.0:status:Success", "2.0",
};
static const char *const attributes[] = {"ID", "Id", "id", "Version", "InResponseTo", "Format", "Name", "Destination", "x"};

#define ONE_OF(d, list) ((list)[dice_below((d), sizeof(list) / sizeof(*(list)))])

void add_word(char *words, const char *word)
{
	size_t n = strlen(words);

	snprintf(words + n, GENERATOR_WORDS - n, "%s%s", n ? ", " : "", word);
}

/* ---- picking ---- */

static size_t collect(xmlNodePtr top, xmlNodePtr *list, size_t n, bool elements)
{
	for (xmlNodePtr node = top; node; node = node->next) {
		if (n < NODES_MAX && (node->type == XML_ELEMENT_NODE) == elements)
			list[n++] = node;
		if (node->type == XML_ELEMENT_NODE)
			n = collect(node->children, list, n, elements);
	}
	return n;
}

static xmlNodePtr any_element(struct dice *d, xmlDocPtr doc)
{
	xmlNodePtr list[NODES_MAX];

	return list[dice_below(d, collect(xmlDocGetRootElement(doc), list, 0, true))];
}

/* NULL: there is no text. */
static xmlNodePtr any_text(struct dice *d, xmlDocPtr doc)
{
	xmlNodePtr list[NODES_MAX];
	size_t n = collect(xmlDocGetRootElement(doc), list, 0, false);

	return n ? list[dice_below(d, n)] : NULL;
}

static bool is_root(xmlNodePtr node)
{
	return node->parent == (xmlNodePtr)node->doc;
}

static bool is_inside(xmlNodePtr node, xmlNodePtr top)
{
	while (node && node != top)
		node = node->parent;
	return node != NULL;
}

/* ---- the tree ---- */

static void drop_element(struct dice *d, xmlDocPtr doc)
{
	xmlNodePtr node = any_element(d, doc);

	if (is_root(node))
		return;
	xmlUnlinkNode(node);
	xmlFreeNode(node);
}

static xmlAttrPtr any_attribute(struct dice *d, xmlDocPtr doc)
{
	xmlNodePtr node = any_element(d, doc);
	size_t n = 0, at;
	xmlAttrPtr a;

	for (a = node->properties; a; a = a->next)
		n++;
	at = n ? dice_below(d, n) : 0;
	for (a = node->properties; a && at; a = a->next)
		at--;
	return a;
}

static void drop_attribute(struct dice *d, xmlDocPtr doc)
{
	xmlAttrPtr a = any_attribute(d, doc);

	if (a)
		xmlRemoveProp(a);
}

static void set_attribute(struct dice *d, xmlDocPtr doc)
{
	xmlAttrPtr a = any_attribute(d, doc);

	if (a)
		xmlSetProp(a->parent, a->name, BAD_CAST ONE_OF(d, texts));
}

static void add_attribute(struct dice *d, xmlDocPtr doc)
{
	xmlNodePtr node = any_element(d, doc);
	const char *name = ONE_OF(d, attributes);

	if (!xmlHasProp(node, BAD_CAST name))
		xmlNewProp(node, BAD_CAST name, BAD_CAST ONE_OF(d, texts));
}

static void duplicate_element(struct dice *d, xmlDocPtr doc)
{
	xmlNodePtr node = any_element(d, doc);

	if (!is_root(node))
		xmlAddNextSibling(node, xmlCopyNode(node, 1));
}

static void put(struct dice *d, xmlNodePtr node, xmlNodePtr to)
{
	switch (dice_below(d, is_root(to) ? 1 : 3)) {
	case 0:
		xmlAddChild(to, node);
		break;
	case 1:
		xmlAddPrevSibling(to, node);
		break;
	default:
		xmlAddNextSibling(to, node);
	}
}

static void move_element(struct dice *d, xmlDocPtr doc)
{
	xmlNodePtr node = any_element(d, doc), to = any_element(d, doc);

	if (is_root(node) || is_inside(to, node))
		return;
	xmlUnlinkNode(node);
	put(d, node, to);
	xmlReconciliateNs(doc, node);
}

static void copy_element(struct dice *d, xmlDocPtr doc)
{
	xmlNodePtr node = any_element(d, doc), to = any_element(d, doc), copy = xmlDocCopyNode(node, doc, 1);

	put(d, copy, to);
	xmlReconciliateNs(doc, copy);
}

static void rename_element(struct dice *d, xmlDocPtr doc)
{
	xmlNodeSetName(any_element(d, doc), BAD_CAST ONE_OF(d, names));
}

static void change_namespace(struct dice *d, xmlDocPtr doc)
{
	xmlNodePtr node = any_element(d, doc);
	xmlNsPtr ns = xmlNewNs(node, BAD_CAST ONE_OF(d, spaces), BAD_CAST "m");

	if (ns)
		xmlSetNs(node, ns);
}

static void declare_namespace(struct dice *d, xmlDocPtr doc)
{
	xmlNewNs(any_element(d, doc), BAD_CAST ONE_OF(d, spaces), BAD_CAST "more");
}

static void change_text(struct dice *d, xmlDocPtr doc)
{
	xmlNodePtr node = any_text(d, doc);

	if (node)
		xmlNodeSetContent(node, BAD_CAST ONE_OF(d, texts));
}

static void split_text(struct dice *d, xmlDocPtr doc)
{
	xmlNodePtr node = any_text(d, doc), rest, between;
	int n = node && node->content ? xmlStrlen(node->content) : 0;

	if (n < 2)
		return;
	rest = xmlNewText(node->content + n / 2);
	node->content[n / 2] = 0;
	switch (dice_below(d, 4)) {
	case 0:
		between = xmlNewComment(BAD_CAST "x");
		break;
	case 1:
		between = xmlNewPI(BAD_CAST "x", BAD_CAST "y");
		break;
	case 2:
		between = xmlNewCDataBlock(doc, BAD_CAST "x", 1);
		break;
	default:
		between = xmlNewNode(NULL, BAD_CAST "x");
	}
	xmlAddNextSibling(node, between);
	xmlAddNextSibling(between, rest);
}

static void add_blanks(struct dice *d, xmlDocPtr doc)
{
	xmlAddNextSibling(any_element(d, doc)->children ? any_element(d, doc) : xmlDocGetRootElement(doc)->children,
		xmlNewText(BAD_CAST "\n \t"));
}

static void add_element(struct dice *d, xmlDocPtr doc)
{
	xmlNodePtr node = xmlNewNode(NULL, BAD_CAST ONE_OF(d, names));

	xmlSetNs(node, xmlNewNs(node, BAD_CAST ONE_OF(d, spaces), NULL));
	put(d, node, any_element(d, doc));
}

static void wrap_element(struct dice *d, xmlDocPtr doc)
{
	xmlNodePtr node = any_element(d, doc), box;

	if (is_root(node))
		return;
	box = xmlNewNode(NULL, BAD_CAST ONE_OF(d, names));
	xmlSetNs(box, xmlNewNs(box, BAD_CAST ONE_OF(d, spaces), NULL));
	xmlReplaceNode(node, box);
	xmlAddChild(box, node);
}

static void share_id(struct dice *d, xmlDocPtr doc)
{
	static const char *const ids[] = {FORGE_ASSERTION_ID, FORGE_RESPONSE_ID, "_new"};

	xmlSetProp(any_element(d, doc), BAD_CAST ONE_OF(d, attributes), BAD_CAST ONE_OF(d, ids));
}

/* Signature wrapping with a free choice of where everything goes. */
static void wrap_signature(struct dice *d, xmlDocPtr doc)
{
	xmlNodePtr honest = forge_find(xmlDocGetRootElement(doc), NS_SAML, "Assertion"), evil, name, signature, issuer;

	if (!honest || is_root(honest))
		return;
	evil = xmlDocCopyNode(honest, doc, 1);
	name = forge_find(evil->children, NS_SAML, "NameID");
	if (name)
		xmlNodeSetContent(name, BAD_CAST "admin@example.org");
	if (dice_below(d, 2))
		xmlSetProp(evil, BAD_CAST "ID", BAD_CAST "_evil");
	xmlReplaceNode(honest, evil);
	signature = forge_find(evil->children, NS_DS, "Signature");
	if (signature && dice_below(d, 2)) {
		xmlUnlinkNode(signature);
		xmlFreeNode(signature);
		signature = forge_find(honest->children, NS_DS, "Signature");
		issuer = forge_find(evil->children, NS_SAML, "Issuer");
		if (signature && issuer && dice_below(d, 2)) {
			xmlUnlinkNode(signature);
			xmlAddNextSibling(issuer, signature);
		}
	}
	if (dice_below(d, 3) == 0)
		xmlSetNs(honest, xmlNewNs(honest, BAD_CAST "urn:x", BAD_CAST "hidden"));
	put(d, honest, any_element(d, doc));
	xmlReconciliateNs(doc, honest);
}

/* What nobody reads. */
static void change_key_info(struct dice *d, xmlDocPtr doc)
{
	xmlNodePtr info = forge_find(xmlDocGetRootElement(doc), NS_DS, "KeyInfo");

	if (!info)
		return;
	switch (dice_below(d, 3)) {
	case 0:
		xmlUnlinkNode(info);
		xmlFreeNode(info);
		break;
	case 1:
		xmlNodeSetContent(info, BAD_CAST "");
		break;
	default:
		xmlNewChild(info, NULL, BAD_CAST "KeyName", BAD_CAST "admin");
	}
}

void mutate_tree(struct dice *d, xmlDocPtr doc, char *words)
{
	static const struct {
		const char *name;
		void (*change)(struct dice *d, xmlDocPtr doc);
	} changes[] = {
		{"element dropped", drop_element}, {"attribute dropped", drop_attribute}, {"attribute set", set_attribute},
		{"attribute added", add_attribute}, {"element doubled", duplicate_element}, {"element moved", move_element},
		{"element copied", copy_element}, {"element renamed", rename_element}, {"namespace changed", change_namespace},
		{"namespace declared", declare_namespace}, {"text changed", change_text}, {"text split", split_text},
		{"blanks added", add_blanks},
		{"element added", add_element}, {"element wrapped", wrap_element}, {"id shared", share_id}, {"signature wrapped",
			wrap_signature},
		{"KeyInfo changed", change_key_info},
	};
	size_t i = dice_below(d, sizeof(changes) / sizeof(*changes));

	add_word(words, changes[i].name);
	changes[i].change(d, doc);
}

/* ---- the text ---- */

static struct slice spliced(struct slice text, size_t at, size_t drop, struct slice with)
{
	struct text t;

	text_begin(&t, forge_arena(), text.n + with.n + 16);
	text_add(&t, slice_of(text.p, at));
	text_add(&t, with);
	text_add(&t, slice_of(text.p + at + drop, text.n - at - drop));
	return text_slice(&t);
}

/* The n-th of a byte, where there is one; SIZE_MAX else. */
static size_t any_byte(struct dice *d, struct slice text, char c)
{
	size_t from = dice_below(d, text.n);
	const char *at = memchr(text.p + from, c, text.n - from);

	return at ? (size_t)(at - text.p) : SIZE_MAX;
}

static struct slice in_utf16(struct slice text)
{
	char *p = arena_alloc(forge_arena(), text.n * 2 + 2);

	memcpy(p, "\xff\xfe", 2);
	for (size_t i = 0; i < text.n; i++)
		p[2 + 2 * i] = text.p[i];
	return slice_of(p, text.n * 2 + 2);
}

/* `name="value"` with the other quotation marks: the same attribute. */
static struct slice other_quotes(struct dice *d, struct slice text)
{
	size_t from = any_byte(d, text, '"');
	const char *to = from == SIZE_MAX ? NULL : memchr(text.p + from + 1, '"', text.n - from - 1);
	char *p;

	if (!to || from == 0 || text.p[from - 1] != '=' || memchr(text.p + from, '\'', (size_t)(to - text.p) - from))
		return text;
	p = arena_copy(forge_arena(), text);
	p[from] = p[to - text.p] = '\'';
	return slice_of(p, text.n);
}

/* A letter of a text or of a value as a reference to itself. */
static struct slice as_reference(struct dice *d, struct slice text)
{
	size_t at = any_byte(d, text, '>');

	for (; at != SIZE_MAX && at + 1 < text.n; at++) {
		if (text.p[at] == '>' && text.p[at + 1] != '<')
			return spliced(text, at + 1, 1, slice_c(arena_printf(forge_arena(), "&#%d;", (unsigned char)text.p[at + 1])));
	}
	return text;
}

struct slice mutate_text(struct dice *d, struct slice text, char *words)
{
	static const char *const heads[] = {
		"\xef\xbb\xbf", "<?xml version=\"1.0\"?>", "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n",
		"<?xml version=\"1.0\" encoding=\"utf-8\"?>",
		"<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>", "<?xml version=\"1.1\"?>", "<!DOCTYPE x>", "<!-- x -->",
		"<?x y?>", "\n", " ",
		"<!DOCTYPE x [<!ENTITY a \"b\">]>", "<?xml version=\"1.0\" standalone=\"yes\"?>",
	};
	static const char *const tails[] = {"\n", "<!-- x -->", "<x/>", "x", "<?x y?>", " \t\r\n"};
	size_t at = dice_below(d, text.n), end = any_byte(d, text, '>');
	char byte = (char)dice_below(d, 256);

	switch (dice_below(d, 11)) {
	case 0:
		add_word(words, "byte changed");
		return spliced(text, at, 1, slice_of(&byte, 1));
	case 1:
		add_word(words, "byte inserted");
		return spliced(text, at, 0, slice_of(&byte, 1));
	case 2:
		add_word(words, "byte dropped");
		return spliced(text, at, 1, slice_c(""));
	case 3:
		add_word(words, "head added");
		return spliced(text, 0, 0, slice_c(ONE_OF(d, heads)));
	case 4:
		add_word(words, "tail added");
		return spliced(text, text.n, 0, slice_c(ONE_OF(d, tails)));
	case 5:
		add_word(words, "UTF-16");
		return in_utf16(text);
	case 6:
		add_word(words, "quotation marks");
		return other_quotes(d, text);
	case 7:
		add_word(words, "character reference");
		return as_reference(d, text);
	case 8:
		add_word(words, "cut short");
		return slice_of(text.p, at);
	default:
		add_word(words, "blanks in a tag");
		return end == SIZE_MAX || end == 0 || text.p[end - 1] == '/' || text.p[end - 1] == '?' ? text :
			spliced(text, end, 0, slice_c("\n "));
	}
}

struct slice mutate_base64(struct dice *d, struct slice base64, char *words)
{
	size_t at = dice_below(d, base64.n);

	switch (dice_below(d, 5)) {
	case 0:
		add_word(words, "folded");
		return spliced(base64, at, 0, slice_c("\r\n"));
	case 1:
		add_word(words, "blank in base64");
		return spliced(base64, at, 0, slice_c(" "));
	case 2:
		add_word(words, "letter of base64 dropped");
		return spliced(base64, at, 1, slice_c(""));
	case 3:
		add_word(words, "padding added");
		return spliced(base64, base64.n, 0, slice_c("="));
	default:
		add_word(words, "letter of base64 changed");
		return spliced(base64, at, 1, slice_c("A"));
	}
}
