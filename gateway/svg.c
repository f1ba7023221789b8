/* SPDX-License-Identifier: GPL-3.0-or-later */
/* See svg.h: a strict reader of XML with namespaces, and which elements and attributes of it draw. */
#include "gateway/svg.h"

#include "base/encode.h"
#include "base/text.h"

#define DEPTH_MAX 64
#define BINDINGS_MAX 64
#define ATTRIBUTES_MAX 100
#define NAME_MAX_BYTES 80

/* What the names of a namespace are to a browser. */
enum space { SPACE_UNKNOWN, SPACE_SVG, SPACE_LINK, SPACE_XML, SPACE_EDITOR };

struct name {
	struct slice prefix, local;
};

struct attribute {
	struct name name;
	struct slice value;             /* references replaced */
};

struct binding {
	struct slice prefix;
	enum space space;
};

struct element {
	struct slice name;              /* as written */
	enum space space;
	struct slice local;
	size_t bindings;                /* that were in force outside of it */
};

struct svg {
	struct arena *arena;
	const char *p, *end;
	const char *fault;
	struct element open[DEPTH_MAX];
	size_t depth;
	struct attribute attributes[ATTRIBUTES_MAX];    /* of the element that is begun */
	struct binding bindings[BINDINGS_MAX];
	size_t binding_count;
	bool ended;                     /* the outermost element is closed */
	struct text sheet;              /* of the <style> that is open: its text without comments in between, as browsers take it */
};

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

/* The first one counts. */
static void fail(struct svg *s, const char *fault)
{
	if (!s->fault)
		s->fault = fault;
}

static void fail_about(struct svg *s, const char *before, struct slice what, const char *behind)
{
	fail(s, arena_printf(s->arena, "%s%.*s%s", before, (int)(what.n < NAME_MAX_BYTES ? what.n : NAME_MAX_BYTES), what.p, behind));
}

static const char not_xml[] = "is not XML that can be read";

/* ---- pieces of XML ---- */

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static void skip_blanks(struct svg *s)
{
	while (s->p < s->end && is_blank(*s->p))
		s->p++;
}

static bool begins(const struct svg *s, const char *word)
{
	return slice_begins(slice_of(s->p, (size_t)(s->end - s->p)), word);
}

/* What stands before `end`, with which it is closed; {NULL, 0}: it is not. */
static struct slice take_until(struct svg *s, const char *end)
{
	const char *begin = s->p, *found = memmem(s->p, (size_t)(s->end - s->p), end, strlen(end));

	if (!found) {
		fail(s, not_xml);
		return (struct slice){NULL, 0};
	}
	s->p = found + strlen(end);
	return slice_of(begin, (size_t)(found - begin));
}

static bool is_name(char c, bool first)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (!first && ((c >= '0' && c <= '9') || c == '-' || c == '.'));
}

static struct slice take_part(struct svg *s)
{
	const char *begin = s->p;

	while (s->p < s->end && is_name(*s->p, s->p == begin))
		s->p++;
	if (s->p == begin || s->p - begin > NAME_MAX_BYTES)
		fail(s, not_xml);
	return slice_of(begin, (size_t)(s->p - begin));
}

static struct name take_name(struct svg *s)
{
	struct name name = {.prefix = {"", 0}, .local = take_part(s)};

	if (s->p < s->end && *s->p == ':') {
		s->p++;
		name.prefix = name.local;
		name.local = take_part(s);
	}
	return name;
}

/* Of text or an attribute, where a line end counts as a blank. */
static void add_decoded(struct svg *s, struct text *t, struct slice raw, bool is_attribute)
{
	for (size_t i = 0; i < raw.n && !s->fault; i++) {
		const char *end;

		if (raw.p[i] != '&') {
			text_add(t, is_attribute && is_blank(raw.p[i]) ? slice_c(" ") : slice_of(raw.p + i, 1));
			continue;
		}
		end = memchr(raw.p + i, ';', raw.n - i);
		if (!end || !svg_add_reference(t, slice_of(raw.p + i + 1, (size_t)(end - raw.p) - i - 1)))
			fail_about(s, "refers to an entity (", slice_of(raw.p + i, end ? (size_t)(end - raw.p) - i + 1 : 1), ") that XML does not know");
		else
			i = (size_t)(end - raw.p);
	}
}

static void take_attribute(struct svg *s, struct attribute *out)
{
	struct text value;
	struct slice raw;
	char quote[2] = "";

	out->name = take_name(s);
	skip_blanks(s);
	if (s->fault || s->end - s->p < 2 || *s->p++ != '=') {
		fail(s, not_xml);
		return;
	}
	skip_blanks(s);
	quote[0] = s->p < s->end ? *s->p++ : 0;
	if (quote[0] != '"' && quote[0] != '\'') {
		fail(s, not_xml);
		return;
	}
	raw = take_until(s, quote);
	if (raw.n && memchr(raw.p, '<', raw.n))
		fail(s, not_xml);
	text_begin(&value, s->arena, raw.n + 1);
	add_decoded(s, &value, raw, true);
	out->value = text_slice(&value);
}

/* ---- namespaces ---- */

static enum space space_named(struct slice uri)
{
	if (slice_is(uri, "http://www.w3.org/2000/svg"))
		return SPACE_SVG;
	if (slice_is(uri, "http://www.w3.org/1999/xlink"))
		return SPACE_LINK;
	for (size_t i = 0; i < sizeof(editors) / sizeof(*editors); i++)
		if (slice_begins(uri, editors[i]))
			return SPACE_EDITOR;
	return SPACE_UNKNOWN;
}

static bool is_binding(const struct attribute *a)
{
	return slice_is(a->name.prefix, "xmlns") || (!a->name.prefix.n && slice_is(a->name.local, "xmlns"));
}

static void bind(struct svg *s, const struct attribute *a)
{
	struct slice prefix = a->name.prefix.n ? a->name.local : slice_of("", 0);

	if (s->binding_count == BINDINGS_MAX || slice_is(prefix, "xml") || slice_is(prefix, "xmlns"))
		fail(s, not_xml);
	else
		s->bindings[s->binding_count++] = (struct binding){prefix, space_named(a->value)};
}

static enum space space_of(const struct svg *s, struct slice prefix)
{
	if (slice_is(prefix, "xml"))
		return SPACE_XML;
	for (size_t i = s->binding_count; i > 0; i--)
		if (slice_equal(s->bindings[i - 1].prefix, prefix))
			return s->bindings[i - 1].space;
	return SPACE_UNKNOWN;
}

/* ---- what may stand there ---- */

static bool may_stand(struct slice local)
{
	for (size_t i = 0; i < sizeof(elements) / sizeof(*elements); i++)
		if (slice_is(local, elements[i]))
			return true;
	return false;
}

static bool is_style(const struct element *e)
{
	return e->space == SPACE_SVG && slice_is(e->local, "style");
}

static void judge_element(struct svg *s, const struct element *e)
{
	if (s->depth == 0 && (e->space != SPACE_SVG || !slice_is(e->local, "svg")))
		fail(s, "has no xmlns=\"http://www.w3.org/2000/svg\" at its outermost element <svg>, without which browsers show nothing");
	else if (s->depth && is_style(&s->open[s->depth - 1]))
		fail_about(s, "holds an element <", e->name, "> inside of a style");
	else if (e->space != SPACE_SVG && e->space != SPACE_EDITOR)
		fail_about(s, "holds an element <", e->name, "> of a namespace that is neither SVG's nor a known editor's");
	else if (e->space == SPACE_SVG && slice_is_nocase(e->local, "script"))
		fail(s, "holds a script, which no page runs");
	else if (e->space == SPACE_SVG && slice_is_nocase(e->local, "foreignObject"))
		fail(s, "holds HTML (foreignObject), which no page shows");
	else if (e->space == SPACE_SVG && !may_stand(e->local))
		fail_about(s, "holds an element <", e->name, ">, which draws nothing in a logo");
}

static void judge_plain(struct svg *s, const struct element *e, const struct attribute *a)
{
	bool is_image = slice_is(e->local, "image") || slice_is(e->local, "feImage");

	if (slice_is(a->name.local, "href"))
		fail(s, svg_link_fault(s->arena, a->value, is_image));
	else if (svg_is_attribute(a->name.local))
		fail(s, svg_style_fault(s->arena, a->value, false));
	else if (slice_begins(a->name.local, "on"))
		fail_about(s, "holds a script (", a->name.local, "), which no page runs");
	else if (!svg_is_text_attribute(a->name.local))
		fail_about(s, "has an attribute ", a->name.local, ", which draws nothing in a logo");
}

static void judge_attribute(struct svg *s, const struct element *e, const struct attribute *a)
{
	static const char *const of_links[] = {"type", "title", "show", "actuate", "role", "arcrole"};
	enum space space = a->name.prefix.n ? space_of(s, a->name.prefix) : SPACE_SVG;
	struct slice local = a->name.local;

	if (space == SPACE_EDITOR)
		return;
	if (space == SPACE_SVG && !a->name.prefix.n) {
		judge_plain(s, e, a);
		return;
	}
	if (space == SPACE_XML && (slice_is(local, "space") || slice_is(local, "lang")))
		return;
	if (space == SPACE_LINK && slice_is(local, "href")) {
		judge_plain(s, e, a);
		return;
	}
	for (size_t i = 0; space == SPACE_LINK && i < sizeof(of_links) / sizeof(*of_links); i++)
		if (slice_is(local, of_links[i]))
			return;
	fail_about(s, "has an attribute ", local, " of a namespace that is not known");
}

/* ---- elements ---- */

static void close_element(struct svg *s)
{
	const struct element *e = &s->open[--s->depth];

	if (is_style(e))
		fail(s, svg_style_fault(s->arena, text_slice(&s->sheet), true));
	s->binding_count = e->bindings;
	s->ended = s->depth == 0;
}

static size_t take_attributes(struct svg *s)
{
	struct attribute *list = s->attributes;
	size_t n = 0;

	for (;;) {
		bool blank = s->p < s->end && is_blank(*s->p);

		skip_blanks(s);
		if (s->fault || s->p == s->end || *s->p == '>' || *s->p == '/')
			return n;
		if (!blank || n == ATTRIBUTES_MAX) {
			fail(s, not_xml);
			return n;
		}
		take_attribute(s, &list[n]);
		for (size_t i = 0; i < n; i++)
			if (slice_equal(list[i].name.prefix, list[n].name.prefix) && slice_equal(list[i].name.local, list[n].name.local))
				fail(s, not_xml);
		n++;
	}
}

/* Behind `<`. */
static void take_start(struct svg *s)
{
	const struct attribute *list = s->attributes;
	struct element e = {.bindings = s->binding_count};
	const char *begin = s->p;
	struct name name = take_name(s);
	size_t n;

	e.local = name.local;
	e.name = slice_of(begin, (size_t)(s->p - begin));
	n = take_attributes(s);
	if (s->ended || s->depth == DEPTH_MAX)
		fail(s, not_xml);
	for (size_t i = 0; i < n && !s->fault; i++)
		if (is_binding(&list[i]))
			bind(s, &list[i]);
	e.space = space_of(s, name.prefix);
	if (!s->fault)
		judge_element(s, &e);
	for (size_t i = 0; i < n && !s->fault && e.space == SPACE_SVG; i++)
		if (!is_binding(&list[i]))
			judge_attribute(s, &e, &list[i]);
	if (s->fault)
		return;
	s->open[s->depth++] = e;
	if (is_style(&e))
		text_begin(&s->sheet, s->arena, 256);
	if (begins(s, "/>"))
		close_element(s);
	else if (!begins(s, ">"))
		fail(s, not_xml);
	s->p = s->fault ? s->p : s->p + (*s->p == '/' ? 2 : 1);
}

/* Behind `</`. */
static void take_end(struct svg *s)
{
	struct slice name = take_until(s, ">");

	while (name.n && is_blank(name.p[name.n - 1]))
		name.n--;
	if (s->depth == 0 || !slice_equal(name, s->open[s->depth - 1].name))
		fail(s, not_xml);
	else
		close_element(s);
}

/* ---- all the rest ---- */

/* Behind `<?`.  An editor's packet of notes is marked by some. */
static void take_instruction(struct svg *s, bool first)
{
	struct slice text = take_until(s, "?>");
	struct slice word = slice_of(text.p, 0);

	while (word.n < text.n && !is_blank(text.p[word.n]))
		word.n++;
	if (slice_is(word, "xml") && first) {
		if (memmem(text.p, text.n, "encoding", 8) && !memmem(text.p, text.n, "utf-8", 5) && !memmem(text.p, text.n, "UTF-8", 5))
			fail(s, "is not an SVG image in UTF-8");
	} else if (!slice_is(word, "xpacket")) {
		fail_about(s, "holds an instruction to programs (<?", word, "), which no logo needs");
	}
}

/* Behind `<!DOCTYPE`.  A `>` between quotes does not end it: what we then took for a comment, a browser could take for elements. */
static void take_doctype(struct svg *s)
{
	char quote = 0;

	for (; s->p < s->end && (quote || *s->p != '>'); s->p++) {
		if (quote ? *s->p == quote : *s->p == '"' || *s->p == '\'')
			quote = quote ? 0 : *s->p;
		else if (*s->p == '[')
			fail(s, "declares an entity, or something else in its DOCTYPE");
		else if (*s->p == '<')
			fail(s, not_xml);
	}
	if (s->p == s->end || s->depth || s->ended)
		fail(s, not_xml);
	else
		s->p++;
}

static void take_text(struct svg *s, struct slice raw, bool is_literal)
{
	struct text ignored, *to = &s->sheet;

	if (s->depth == 0) {
		for (size_t i = 0; i < raw.n; i++)
			if (!is_blank(raw.p[i]) || is_literal)
				fail(s, not_xml);
		return;
	}
	if (!is_style(&s->open[s->depth - 1])) {
		text_begin(&ignored, s->arena, raw.n + 1);
		to = &ignored;
	}
	if (is_literal)
		text_add(to, raw);
	else
		add_decoded(s, to, raw, false);
}

static void take_markup(struct svg *s, bool first)
{
	static const char *const kinds[] = {"<!--", "<![CDATA[", "<?", "</", "<!DOCTYPE", "<!", "<"};
	size_t kind = 0;

	while (!begins(s, kinds[kind]))
		kind++;
	s->p += strlen(kinds[kind]);
	switch (kind) {
	case 0:
		take_until(s, "-->");
		break;
	case 1:
		take_text(s, take_until(s, "]]>"), true);
		break;
	case 2:
		take_instruction(s, first);
		break;
	case 3:
		take_end(s);
		break;
	case 4:
		take_doctype(s);
		break;
	case 5:
		fail(s, not_xml);
		break;
	default:
		take_start(s);
	}
}

const char *svg_fault(struct arena *a, struct slice bytes)
{
	struct svg *s = arena_alloc(a, sizeof(*s));
	const char *begin = bytes.p + (slice_begins(bytes, "\xef\xbb\xbf") ? 3 : 0);

	if (!utf8_is_clean(bytes))
		return "is not an SVG image in UTF-8";
	s->arena = a;
	s->p = begin;
	s->end = bytes.p + bytes.n;
	while (s->p < s->end && !s->fault) {
		const char *markup = memchr(s->p, '<', (size_t)(s->end - s->p));

		if (markup == s->p) {
			take_markup(s, s->p == begin);
			continue;
		}
		markup = markup ? markup : s->end;
		take_text(s, slice_of(s->p, (size_t)(markup - s->p)), false);
		s->p = markup;
	}
	if (!s->fault && !s->ended)
		fail(s, not_xml);
	return s->fault;
}
