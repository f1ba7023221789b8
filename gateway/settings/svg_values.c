/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What an attribute or a style sheet of an SVG may say.
 *
 * The tokens of CSS (CSS Syntax 3) as far as they can lead out of the file:
 * functions by a list, url() to a name in the same file, no escapes, of the
 * rules with @ those that hold ordinary rules.
 */
#include "gateway/settings/svg.h"

#include "base/encode.h"

#define SHOWN 40

/* SVG 1.1 and 2 without events, animation, links and scripts. */
static const char *const attributes[] = {
	/* geometry and structure */
	"x", "y", "x1", "y1", "x2", "y2", "cx", "cy", "r", "rx", "ry", "fx", "fy", "fr", "dx", "dy", "d", "points", "width", "height", "viewBox",
	"preserveAspectRatio", "transform", "transform-origin", "transform-box", "pathLength", "rotate", "textLength", "lengthAdjust",
	"startOffset", "method", "spacing", "side", "refX", "refY", "markerWidth", "markerHeight", "markerUnits", "orient", "offset",
	"gradientUnits", "gradientTransform", "spreadMethod", "patternUnits", "patternContentUnits", "patternTransform", "clipPathUnits",
	"maskUnits", "maskContentUnits", "style", "type", "media", "version", "baseProfile", "zoomAndPan", "systemLanguage",
	"requiredFeatures", "requiredExtensions", "enable-background", "focusable", "tabindex", "overflow", "clip",
	/* presentation */
	"alignment-baseline", "background", "background-color", "baseline-shift", "clip-path", "clip-rule", "color", "color-interpolation",
	"color-interpolation-filters", "color-rendering", "cursor", "direction", "display", "dominant-baseline", "fill", "fill-opacity", "fill-rule",
	"filter", "flood-color", "flood-opacity", "font", "font-family", "font-feature-settings", "font-size", "font-size-adjust", "font-stretch",
	"font-style", "font-variant", "font-variant-caps", "font-variant-ligatures", "font-variant-numeric", "font-variant-position",
	"font-weight", "glyph-orientation-horizontal", "glyph-orientation-vertical", "image-rendering", "inline-size", "isolation", "kerning",
	"letter-spacing", "lighting-color", "line-height", "marker", "marker-end", "marker-mid", "marker-start", "mask", "mask-type",
	"mix-blend-mode", "opacity", "paint-order", "pointer-events", "shape-inside", "shape-margin", "shape-padding", "shape-rendering",
	"solid-color", "solid-opacity", "stop-color", "stop-opacity", "stroke", "stroke-dasharray", "stroke-dashoffset", "stroke-linecap",
	"stroke-linejoin", "stroke-miterlimit", "stroke-opacity", "stroke-width", "text-align", "text-anchor", "text-decoration", "text-indent",
	"text-orientation", "text-overflow", "text-rendering", "text-transform", "unicode-bidi", "vector-effect", "visibility", "white-space",
	"word-spacing", "writing-mode",
	/* filters */
	"filterUnits", "primitiveUnits", "filterRes", "in", "in2", "result", "mode", "operator", "k1", "k2", "k3", "k4", "values", "stdDeviation",
	"edgeMode", "order", "kernelMatrix", "divisor", "bias", "targetX", "targetY", "kernelUnitLength", "preserveAlpha", "surfaceScale",
	"specularConstant", "specularExponent", "diffuseConstant", "azimuth", "elevation", "z", "pointsAtX", "pointsAtY", "pointsAtZ",
	"limitingConeAngle", "radius", "baseFrequency", "numOctaves", "seed", "stitchTiles", "scale", "xChannelSelector", "yChannelSelector",
	"tableValues", "slope", "intercept", "amplitude", "exponent",
};

static const char *const text_attributes[] = {"id", "class", "lang", "role", "title"};

static const char *const functions[] = {
	"rgb", "rgba", "hsl", "hsla", "matrix", "matrix3d", "translate", "translatex", "translatey", "rotate", "scale", "scalex", "scaley",
	"skew", "skewx", "skewy", "calc", "min", "max", "clamp", "var", "drop-shadow", "blur", "brightness", "contrast", "grayscale",
	"opacity", "saturate", "not", "is", "where", "nth-child", "nth-of-type", "first-child",
};

static const char *const sheet_rules[] = {"media", "supports"};

#define IS_ONE_OF(name, list) is_one_of(name, list, sizeof(list) / sizeof(*(list)))

static bool is_one_of(struct slice name, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (slice_is(name, list[i]))
			return true;
	return false;
}

bool svg_is_attribute(struct slice name)
{
	return IS_ONE_OF(name, attributes);
}

bool svg_is_text_attribute(struct slice name)
{
	return IS_ONE_OF(name, text_attributes) || slice_begins(name, "data-") || slice_begins(name, "aria-");
}

static const char *with(struct arena *a, const char *before, struct slice s, const char *behind)
{
	return arena_printf(a, "%s%.*s%s%s", before, (int)(s.n < SHOWN ? s.n : SHOWN), s.p, s.n > SHOWN ? "..." : "", behind);
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

/* Of an identifier of CSS, without escapes. */
static bool is_name(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || (unsigned char)c >= 0x80;
}

static size_t name_length(struct slice s)
{
	size_t n = 0;

	while (n < s.n && is_name(s.p[n]))
		n++;
	return n;
}

static struct slice from(struct slice s, size_t n)
{
	return slice_of(s.p + n, s.n - n);
}

static struct slice skip_blanks(struct slice s)
{
	while (s.n && is_blank(s.p[0]))
		s = from(s, 1);
	return s;
}

/* ---- pieces of a style; each takes what it knows off the front ---- */

/* Behind `url(`: a name in this file, with or without quotes. */
static const char *take_url(struct arena *a, struct slice *s)
{
	struct slice rest = skip_blanks(*s);
	const char *fault = with(a, "names an address (url(", rest, "), which no page loads");
	char quote = rest.n && (rest.p[0] == '"' || rest.p[0] == '\'') ? rest.p[0] : 0;

	if (quote)
		rest = from(rest, 1);
	if (!rest.n || rest.p[0] != '#')
		return fault;
	rest = from(rest, 1);
	while (rest.n && (is_name(rest.p[0]) || rest.p[0] == '.' || rest.p[0] == ':'))
		rest = from(rest, 1);
	if (quote && (!rest.n || rest.p[0] != quote))
		return fault;
	rest = skip_blanks(quote ? from(rest, 1) : rest);
	if (!rest.n || rest.p[0] != ')')
		return fault;
	*s = from(rest, 1);
	return NULL;
}

/* A word, a number with its unit, or a function up to its bracket. */
static const char *take_word(struct arena *a, struct slice *s)
{
	size_t n = name_length(*s);
	struct slice word = slice_of(arena_copy(a, slice_of(s->p, n)), n);

	*s = from(*s, n);
	if (!s->n || s->p[0] != '(')
		return NULL;
	for (char *p = (char *)word.p; *p; p++)
		*p = (char)(*p >= 'A' && *p <= 'Z' ? *p | 0x20 : *p);
	*s = from(*s, 1);
	if (slice_is(word, "url"))
		return take_url(a, s);
	return IS_ONE_OF(word, functions) ? NULL : with(a, "uses ", word, "(), which no logo needs");
}

/* What it says is not looked at: only url() makes an address of a string, and that is another token. */
static const char *take_string(struct slice *s)
{
	char quote = s->p[0];

	for (*s = from(*s, 1); s->n && s->p[0] != '\n' && s->p[0] != '\r' && s->p[0] != '\f' && s->p[0] != '\\'; *s = from(*s, 1)) {
		if (s->p[0] == quote) {
			*s = from(*s, 1);
			return NULL;
		}
	}
	return "holds a string in a style that is not closed, or has an escape in it";
}

static const char *take_comment(struct slice *s)
{
	const char *end = memmem(s->p + 2, s->n - 2, "*/", 2);

	if (!end)
		return "holds a comment in a style that is not closed";
	*s = from(*s, (size_t)(end + 2 - s->p));
	return NULL;
}

static const char *take_rule(struct arena *a, struct slice *s, bool is_sheet)
{
	struct slice word = from(*s, 1);

	word.n = name_length(word);
	*s = from(*s, 1 + word.n);
	if (slice_is_nocase(word, "import"))
		return "imports a style sheet, which no page loads";
	return is_sheet && IS_ONE_OF(word, sheet_rules) ? NULL : with(a, "has the rule @", word, " in a style, which no logo needs");
}

const char *svg_style_fault(struct arena *a, struct slice value, bool is_sheet)
{
	const char *fault = NULL;

	while (value.n && !fault) {
		if (value.p[0] == '\\')
			fault = "holds an escape (\\) in a style, behind which an address could hide";
		else if (value.p[0] == '"' || value.p[0] == '\'')
			fault = take_string(&value);
		else if (value.n > 1 && value.p[0] == '/' && value.p[1] == '*')
			fault = take_comment(&value);
		else if (value.p[0] == '@')
			fault = take_rule(a, &value, is_sheet);
		else if (is_name(value.p[0]))
			fault = take_word(a, &value);
		else
			value = from(value, 1);
	}
	return fault;
}

static bool is_image_data(struct slice value)
{
	static const char *const kinds[] = {"data:image/png;base64,", "data:image/jpeg;base64,", "data:image/jpg;base64,"};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		size_t n = strlen(kinds[i]);

		if (value.n < n || strncasecmp(value.p, kinds[i], n) != 0)
			continue;
		for (; n < value.n && (is_blank(value.p[n]) || strchr("+/=", value.p[n]) || (is_name(value.p[n]) && (unsigned char)value.p[n] < 0x80)); n++)
			;
		return n == value.n;
	}
	return false;
}

const char *svg_link_fault(struct arena *a, struct slice value, bool is_image)
{
	value = skip_blanks(value);
	if ((value.n && value.p[0] == '#') || (is_image && is_image_data(value)))
		return NULL;
	if (value.n >= 11 && strncasecmp(value.p, "javascript:", 11) == 0)
		return "holds a script, which no page runs";
	return with(a, "names an address (", value, "), which no page loads");
}
