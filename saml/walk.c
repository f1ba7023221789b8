/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Walking a document that xml_read gave: elements, attributes, texts, each
 * asked for by namespace and name, each counted.
 */
#include "saml/xml.h"

#include "base/encode.h"

#include <libxml/tree.h>

static bool is_element(const xmlNode *node)
{
	return node->type == XML_ELEMENT_NODE;
}

xml_node *xml_root(const xml_doc *doc)
{
	return xmlDocGetRootElement((xmlDocPtr)(uintptr_t)doc);
}

/* strcmp and not xmlStrEqual, which goes byte by byte: this is asked hundreds of times a Response. */
static bool is(const xmlChar *name, const char *wanted)
{
	return name && strcmp((const char *)name, wanted) == 0;
}

bool xml_in(const xml_node *node, const char *ns)
{
	return node->ns && is(node->ns->href, ns);
}

bool xml_is(const xml_node *node, const char *ns, const char *name)
{
	return is_element(node) && is(node->name, name) && xml_in(node, ns);
}

const char *xml_name(const xml_node *node)
{
	return (const char *)node->name;
}

static xml_node *element_from(xmlNode *node)
{
	while (node && !is_element(node))
		node = node->next;
	return node;
}

xml_node *xml_first(const xml_node *parent)
{
	return element_from(parent->children);
}

xml_node *xml_next(const xml_node *node)
{
	return element_from(node->next);
}

xml_node *xml_walk(const xml_node *node, const xml_node *top)
{
	xml_node *next = xml_first(node);

	while (!next && node != top) {
		next = xml_next(node);
		node = node->parent;
	}
	return next;
}

size_t xml_children(const xml_node *parent, const char *ns, const char *name, xml_node **out)
{
	size_t n = 0;
	xml_node *found = NULL;

	for (xml_node *child = xml_first(parent); child; child = xml_next(child)) {
		if (!xml_is(child, ns, name))
			continue;
		if (n++ == 0)
			found = child;
	}
	if (out)
		*out = found;
	return n;
}

size_t xml_count(const xml_node *top, const char *ns, const char *name)
{
	size_t n = 0;

	for (const xml_node *node = top; node; node = xml_walk(node, top))
		n += xml_is(node, ns, name);
	return n;
}

int xml_require_child(const xml_node *parent, const char *ns, const char *name, enum reason reason, xml_node **out,
	struct error *err)
{
	xml_node *child;
	size_t n = xml_children(parent, ns, name, &child);

	if (n != 1)
		return error_set(err, reason, "%zu %s in %s, exactly one is needed", n, name, xml_name(parent));
	*out = child;
	return 0;
}

int xml_optional_child(const xml_node *parent, const char *ns, const char *name, enum reason reason, xml_node **out,
	struct error *err)
{
	xml_node *child;
	size_t n = xml_children(parent, ns, name, &child);

	if (n > 1)
		return error_set(err, reason, "%zu %s in %s, at most one may be there", n, name, xml_name(parent));
	*out = child;
	return 0;
}

int xml_require_no_text(const xml_node *parent, enum reason reason, struct error *err)
{
	for (const xmlNode *child = parent->children; child; child = child->next) {
		if (!is_element(child) && !xmlIsBlankNode(child))
			return error_set(err, reason, "text between the elements of %s", xml_name(parent));
	}
	return 0;
}

void xml_add_namespaces(struct text *t, const xml_node *node)
{
	xmlNs **list = xmlGetNsList(node->doc, node);

	for (xmlNs **ns = list; ns && *ns; ns++) {
		text_add_c(t, (*ns)->prefix ? " xmlns:" : " xmlns");
		text_add_c(t, (*ns)->prefix ? (const char *)(*ns)->prefix : "");
		text_add_c(t, "=\"");
		text_add_xml_attribute(t, slice_c((*ns)->href ? (const char *)(*ns)->href : ""));
		text_add_c(t, "\"");
	}
	xmlFree(list);
}

/* Without a DOCTYPE an attribute's value is one text node, or none when it is empty. */
const char *xml_attribute(const xml_node *node, const char *name)
{
	for (const xmlAttr *a = node->properties; a; a = a->next) {
		if (!a->ns && is(a->name, name))
			return a->children ? (const char *)a->children->content : "";
	}
	return NULL;
}

int xml_require_attribute(const xml_node *node, const char *name, enum reason reason, const char **out, struct error *err)
{
	const char *value = xml_attribute(node, name);

	if (!value || !*value)
		return error_set(err, reason, "%s without %s", xml_name(node), name);
	/* character references can write what the bytes of the document could not */
	if (!utf8_is_clean(slice_c(value)) || strpbrk(value, "\t\r\n"))
		return error_set(err, reason, "%s of %s holds a control character", name, xml_name(node));
	*out = value;
	return 0;
}

int xml_boolean(const xml_node *node, const char *name, bool missing, enum reason reason, bool *out, struct error *err)
{
	const char *value = xml_attribute(node, name);

	if (!value)
		*out = missing;
	else if (strcmp(value, "true") == 0 || strcmp(value, "1") == 0)
		*out = true;
	else if (strcmp(value, "false") == 0 || strcmp(value, "0") == 0)
		*out = false;
	else
		return error_set(err, reason, "%s of %s is not a boolean: \"%.40s\"", name, xml_name(node), value);
	return 0;
}

int xml_time(const xml_node *node, const char *name, enum reason reason, int64_t *out, struct error *err)
{
	const char *value = NULL;

	if (xml_require_attribute(node, name, reason, &value, err) < 0)
		return -1;
	if (time_read(slice_c(value), out) < 0)
		return error_set(err, reason, "%s of %s is not a time in UTC: \"%.40s\"", name, xml_name(node), value);
	return 0;
}

bool xml_attributes_among(const xml_node *node, const char *const *names)
{
	for (const xmlAttr *a = node->properties; a; a = a->next) {
		const char *const *name = names;

		while (*name && !is(a->name, *name))
			name++;
		if (a->ns || !*name)
			return false;
	}
	return true;
}

int xml_text(const xml_node *node, enum reason reason, struct slice *out, struct error *err)
{
	const xmlNode *text = node->children;
	struct slice s;

	if (!text || text->next || text->type != XML_TEXT_NODE || !text->content)
		return error_set(err, reason, "%s must hold one text and nothing else", xml_name(node));
	s = slice_c((const char *)text->content);
	/* Character references can write what the bytes of the document could not. */
	if (!utf8_is_clean(s))
		return error_set(err, reason, "%s holds a control character", xml_name(node));
	*out = s;
	return 0;
}

bool xml_is_empty(const xml_node *node)
{
	return !node->children;
}

int xml_value(const xml_node *node, enum reason reason, const char **out, struct error *err)
{
	struct slice s;

	if (xml_text(node, reason, &s, err) < 0)
		return -1;
	if (s.n == 0)
		return error_set(err, reason, "%s is empty", xml_name(node));
	for (size_t i = 0; i < s.n; i++) {
		if ((unsigned char)s.p[i] < 0x20)
			return error_set(err, reason, "%s holds a line end or a tab", xml_name(node));
	}
	*out = s.p;
	return 0;
}
