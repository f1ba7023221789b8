/* SPDX-License-Identifier: GPL-3.0-or-later */
/* See svg.h: which elements and attributes draw, and where a file is more than a drawing.  libxml2 reads it. */
#include "gateway/settings/svg.h"

#include "base/encode.h"

#include <limits.h>
#include <libxml/parser.h>
#include <libxml/tree.h>

#define NAME_SHOWN 80

/* What the names of a namespace are to a browser. */
enum space { SPACE_UNKNOWN, SPACE_NONE, SPACE_SVG, SPACE_LINK, SPACE_XML, SPACE_EDITOR };

static const char *const elements[] = {
	"svg", "g", "defs", "symbol", "use", "switch", "title", "desc", "metadata", "style", "path", "rect", "circle", "ellipse", "line", "polyline",
	"polygon", "text", "tspan", "textPath", "image", "marker", "clipPath", "mask", "pattern", "linearGradient", "radialGradient",
	"meshgradient", "meshrow", "meshpatch", "hatch", "hatchpath", "stop", "solidColor", "view", "filter", "feBlend", "feColorMatrix",
	"feComponentTransfer", "feComposite", "feConvolveMatrix", "feDiffuseLighting", "feDisplacementMap", "feDistantLight",
	"feDropShadow", "feFlood", "feFuncA", "feFuncB", "feFuncG", "feFuncR", "feGaussianBlur", "feImage", "feMerge", "feMergeNode",
	"feMorphology", "feOffset", "fePointLight", "feSpecularLighting", "feSpotLight", "feTile", "feTurbulence",
};

/* Of editors, for themselves: no browser knows a name of these. */
static const char *const editors[] = {
	"http://www.inkscape.org/namespaces/", "http://sodipodi.sourceforge.net/", "http://inkscape.sourceforge.net/",
	"http://www.w3.org/1999/02/22-rdf-syntax-ns#", "http://creativecommons.org/ns#", "http://web.resource.org/cc/",
	"http://purl.org/dc/", "http://ns.adobe.com/", "adobe:ns:meta/", "http://www.bohemiancoding.com/sketch/", "http://www.serif.com/",
	"http://www.figma.com/", "http://vectornator.io", "http://www.vectornator.io", "https://boxy-svg.com", "http://krita.org/",
	"http://www.openswatchbook.org/", "http://svgjs.com/", "http://svgjs.dev/", "http://schemas.microsoft.com/visio/",
	"http://xml.openoffice.org/svg/export", "http://www.corel.com/",
};

/* ---- names ---- */

static struct slice text_of(const xmlChar *s)
{
	return slice_c((const char *)s);
}

static enum space space_of(const xmlNs *ns)
{
	struct slice uri;

	if (!ns || !ns->href)
		return SPACE_NONE;
	uri = text_of(ns->href);
	if (slice_is(uri, "http://www.w3.org/2000/svg"))
		return SPACE_SVG;
	if (slice_is(uri, "http://www.w3.org/1999/xlink"))
		return SPACE_LINK;
	if (slice_is(uri, (const char *)XML_XML_NAMESPACE))
		return SPACE_XML;
	for (size_t i = 0; i < sizeof(editors) / sizeof(*editors); i++)
		if (slice_begins(uri, editors[i]))
			return SPACE_EDITOR;
	return SPACE_UNKNOWN;
}

static bool may_stand(struct slice local)
{
	for (size_t i = 0; i < sizeof(elements) / sizeof(*elements); i++)
		if (slice_is(local, elements[i]))
			return true;
	return false;
}

static bool is_svg(const xmlNode *node, const char *local)
{
	return node->type == XML_ELEMENT_NODE && space_of(node->ns) == SPACE_SVG && slice_is(text_of(node->name), local);
}

static const char *about(struct arena *a, const char *before, const xmlChar *name, const char *behind)
{
	return arena_printf(a, "%s%.*s%s", before, NAME_SHOWN, (const char *)name, behind);
}

/* ---- attributes ---- */

static struct slice content_of(struct arena *a, const xmlNode *node)
{
	xmlChar *content = xmlNodeGetContent(node);
	struct slice copy = content ? slice_c(arena_strdup(a, (const char *)content)) : slice_of("", 0);

	xmlFree(content);
	return copy;
}

static const char *plain_fault(struct arena *a, const xmlAttr *attribute)
{
	struct slice local = text_of(attribute->name), value = content_of(a, (const xmlNode *)attribute);

	if (slice_is(local, "href"))
		return svg_link_fault(a, value, is_svg(attribute->parent, "image") || is_svg(attribute->parent, "feImage"));
	if (svg_is_attribute(local))
		return svg_style_fault(a, value, false);
	if (slice_begins(local, "on"))
		return about(a, "holds a script (", attribute->name, "), which no page runs");
	return svg_is_text_attribute(local) ? NULL : about(a, "has an attribute ", attribute->name, ", which draws nothing in a logo");
}

static const char *attribute_fault(struct arena *a, const xmlAttr *attribute)
{
	static const char *const of_links[] = {"type", "title", "show", "actuate", "role", "arcrole"};
	struct slice local = text_of(attribute->name);
	enum space space = space_of(attribute->ns);

	for (const xmlNode *part = attribute->children; part; part = part->next)
		if (part->type != XML_TEXT_NODE)
			return "refers to an entity that is declared elsewhere";
	if (space == SPACE_EDITOR || (space == SPACE_XML && (slice_is(local, "space") || slice_is(local, "lang"))))
		return NULL;
	if (space == SPACE_NONE || (space == SPACE_LINK && slice_is(local, "href")))
		return plain_fault(a, attribute);
	for (size_t i = 0; space == SPACE_LINK && i < sizeof(of_links) / sizeof(*of_links); i++)
		if (slice_is(local, of_links[i]))
			return NULL;
	return about(a, "has an attribute ", attribute->name, " of a namespace that is not known");
}

/* ---- elements ---- */

static const char *name_fault(struct arena *a, const xmlNode *element)
{
	enum space space = space_of(element->ns);
	struct slice local = text_of(element->name);

	if (space != SPACE_SVG && space != SPACE_EDITOR)
		return about(a, "holds an element <", element->name, "> of a namespace that is neither SVG's nor a known editor's");
	if (space == SPACE_EDITOR || may_stand(local))
		return NULL;
	if (slice_is_nocase(local, "script"))
		return "holds a script, which no page runs";
	if (slice_is_nocase(local, "foreignObject"))
		return "holds HTML (foreignObject), which no page shows";
	return about(a, "holds an element <", element->name, ">, which draws nothing in a logo");
}

static const char *element_fault(struct arena *a, const xmlNode *element)
{
	const char *fault = name_fault(a, element);

	/* of an editor's element nothing counts but what XML itself knows: xml:base is for all that stands in it */
	for (const xmlAttr *attribute = element->properties; attribute && !fault; attribute = attribute->next)
		if (space_of(element->ns) == SPACE_SVG || space_of(attribute->ns) == SPACE_XML)
			fault = attribute_fault(a, attribute);
	if (fault || !is_svg(element, "style"))
		return fault;
	for (const xmlNode *part = element->children; part; part = part->next)
		if (part->type == XML_ELEMENT_NODE)
			return about(a, "holds an element <", part->name, "> inside of a style");
	/* its text without comments in between, as browsers take it */
	return svg_style_fault(a, content_of(a, element), true);
}

static const char *node_fault(struct arena *a, const xmlNode *node)
{
	switch (node->type) {
	case XML_ELEMENT_NODE:
		return element_fault(a, node);
	case XML_PI_NODE:
		/* an editor's packet of notes is marked by these */
		return slice_is(text_of(node->name), "xpacket") ? NULL :
			about(a, "holds an instruction to programs (<?", node->name, "), which no logo needs");
	case XML_ENTITY_REF_NODE:
		return "refers to an entity that is declared elsewhere";
	case XML_DTD_NODE:
		return node->children ? "declares an entity, or something else in its DOCTYPE" : NULL;
	default:
		return NULL;
	}
}

/* The next one in the order of the document; what an entity stands for is not entered. */
static const xmlNode *next_of(const xmlNode *node)
{
	if (node->type == XML_ELEMENT_NODE && node->children)
		return node->children;
	while (node && !node->next)
		node = node->parent;
	return node ? node->next : NULL;
}

static const char *document_fault(struct arena *a, xmlDoc *doc)
{
	const char *fault = NULL;

	if (doc->encoding && !slice_is_nocase(text_of(doc->encoding), "utf-8"))
		return "is not an SVG image in UTF-8";
	if (!is_svg(xmlDocGetRootElement(doc), "svg"))
		return "has no xmlns=\"http://www.w3.org/2000/svg\" at its outermost element <svg>, without which browsers show nothing";
	for (const xmlNode *node = doc->children; node && !fault; node = next_of(node))
		fault = node_fault(a, node);
	return fault;
}

const char *svg_fault(struct arena *a, struct slice bytes)
{
	const char *fault;
	xmlDoc *doc;

	if (!utf8_is_clean(bytes) || bytes.n > INT_MAX)
		return "is not an SVG image in UTF-8";
	/* no network, no file, no entity replaced */
	doc = xmlReadMemory(bytes.p, (int)bytes.n, NULL, NULL, XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
	if (!doc)
		return "is not XML that can be read";
	fault = document_fault(a, doc);
	xmlFreeDoc(doc);
	return fault;
}
