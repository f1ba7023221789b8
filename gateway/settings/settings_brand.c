/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * brand.yaml and what it names, of `brand_dir`.
 *
 * Files are named by bare names and stand in the folder, which only root and
 * we may change: whoever may write there decides what people read when they
 * are to type a password next.
 */
#include "base/encode.h"
#include "base/text.h"
#include "gateway/settings/colours.h"
#include "gateway/settings/settings_reader.h"
#include "gateway/settings/svg.h"

#include <unistd.h>

#define BRAND_FILE "brand.yaml"
#define LOGO_MOST (32u << 10)           /* bytes; it stands in each page */
#define NAME_MOST 80
#define WORDS_MOST 500                  /* bytes of a text */
#define TEXTS_MOST 500

struct brand_reader {
	struct settings_reader *r;
	struct brand *brand;
	const struct yaml_node *root;
};

/* The bytes of a file of the folder that `node` names; false: a problem was noted. */
static bool get_file(struct brand_reader *b, const struct yaml_node *node, struct slice *out)
{
	struct settings_reader *r = b->r;
	struct error err;

	if (!*node->text || *node->text == '.' || strchr(node->text, '/') || strlen(node->text) > 100) {
		settings_problem(r, node, "\"%.100s\" is not the name of a file in the folder of " BRAND_FILE, node->text);
		return false;
	}
	if (files_get(r->files, arena_printf(r->arena, "%s/%s", r->settings->brand_dir, node->text), FILE_PUBLIC, FILES_WORKER, out, &err) == 0)
		return true;
	settings_problem(r, node, "%s", err.detail);
	return false;
}

/* ---- words ---- */

static bool is_text(struct brand_reader *b, const struct yaml_node *node, size_t most)
{
	if (node->kind != YAML_NODE_SCALAR || !*node->text)
		settings_problem(b->r, node, "must be a text, or a map of languages (en, de, ...) to texts");
	else if (strlen(node->text) > most)
		settings_problem(b->r, node, "is longer than %zu bytes", most);
	else
		return true;
	return false;
}

/* "text", or {en: text, de: text} */
static const struct brand_words *read_words(struct brand_reader *b, const struct yaml_node *node, size_t most)
{
	struct arena *a = b->r->arena;
	struct brand_words *words;
	size_t n = 0;

	if (!node)
		return NULL;
	words = arena_alloc(a, (yaml_children(node) + 2) * sizeof(*words));
	if (node->kind != YAML_NODE_MAP || !node->child) {
		if (!is_text(b, node, most))
			return NULL;
		words[0].text = node->text;
		return words;
	}
	for (const struct yaml_node *child = node->child; child; child = child->next) {
		if (!languages_find(&b->brand->languages, slice_c(child->key)))
			settings_problem(b->r, child, "is not a language that pages are shown in (%s); others are added under languages",
				languages_list(a, &b->brand->languages));
		else if (is_text(b, child, most))
			words[n++] = (struct brand_words){child->key, child->text};
	}
	return n ? words : NULL;
}

static size_t pieces_of(const char *text)
{
	size_t n = 0;

	while ((text = strstr(text, "%s"))) {
		text += 2;
		n++;
	}
	return n;
}

static void read_texts(struct brand_reader *b, const struct yaml_node *node)
{
	struct brand_text *texts;
	size_t n = 0;

	if (!node)
		return;
	if (node->kind != YAML_NODE_MAP || yaml_children(node) > TEXTS_MOST) {
		settings_problem(b->r, node, "must be a map of at most %d texts to maps of languages", TEXTS_MOST);
		return;
	}
	texts = arena_alloc(b->r->arena, (yaml_children(node) + 1) * sizeof(*texts));
	for (const struct yaml_node *child = node->child; child; child = child->next) {
		const struct brand_words *words = child->kind == YAML_NODE_MAP ? read_words(b, child, WORDS_MOST) : NULL;

		if (child->kind != YAML_NODE_MAP)
			settings_problem(b->r, child, "must be a map of languages (en, de, ...) to texts");
		for (size_t i = 0; words && words[i].text; i++) {
			if (pieces_of(words[i].text) != pieces_of(child->key))
				settings_problem(b->r, child, "%s: must have %%s as often as the text itself", words[i].language);
		}
		if (words)
			texts[n++] = (struct brand_text){child->key, words};
	}
	b->brand->texts = texts;
	b->brand->text_count = n;
}

static void read_languages(struct brand_reader *b, const struct yaml_node *node)
{
	if (node && node->kind != YAML_NODE_MAP) {
		settings_problem(b->r, node, "must be a map of languages (nl, pt-BR, ...) to files that msgfmt made (.mo)");
		return;
	}
	for (const struct yaml_node *child = node ? node->child : NULL; child; child = child->next) {
		struct slice bytes;
		struct error err;

		if (!language_tag_is_good(child->key))
			settings_problem(b->r, child, "is not a language tag (nl, pt-BR)");
		else if (child->kind != YAML_NODE_SCALAR)
			settings_problem(b->r, child, "must be the name of a file");
		else if (get_file(b, child, &bytes) && languages_add(&b->brand->languages, child->key, bytes, &err) < 0)
			settings_problem(b->r, child, "%s: %s", child->text, err.detail);
	}
}

/* ---- logo ---- */

/* Big-endian, of a PNG's header. */
static unsigned long be32(const char *p)
{
	const unsigned char *u = (const unsigned char *)p;

	return (unsigned long)u[0] << 24 | (unsigned long)u[1] << 16 | (unsigned long)u[2] << 8 | u[3];
}

static const char *png_fault(struct slice bytes)
{
	unsigned long width, height;

	if (bytes.n < 33 || memcmp(bytes.p, "\x89PNG\r\n\x1a\n", 8) != 0 || memcmp(bytes.p + 12, "IHDR", 4) != 0)
		return "is not a PNG image";
	width = be32(bytes.p + 16);
	height = be32(bytes.p + 20);
	if (!width || !height || width > 2000 || height > 2000)
		return "must have at most 2000 pixels in a row and a column";
	return NULL;
}

static const char *read_logo(struct brand_reader *b, const char *key)
{
	const struct yaml_node *node = yaml_get(b->root, key);
	const char *dot, *fault;
	struct slice bytes;
	struct text uri;
	bool is_svg;

	if (!node || node->kind != YAML_NODE_SCALAR || !get_file(b, node, &bytes))
		return NULL;
	dot = strrchr(node->text, '.');
	is_svg = dot && strcmp(dot, ".svg") == 0;
	if (!is_svg && (!dot || strcmp(dot, ".png") != 0))
		fault = "must end with .svg or .png";
	else if (bytes.n > LOGO_MOST)
		fault = "is larger than 32 KiB, and every page has it in it";
	else
		fault = is_svg ? svg_fault(b->r->arena, bytes) : png_fault(bytes);
	if (fault) {
		settings_problem(b->r, node, "%s: %s", node->text, fault);
		return NULL;
	}
	text_begin(&uri, b->r->arena, bytes.n * 4 / 3 + 64);
	text_add_c(&uri, is_svg ? "data:image/svg+xml;base64," : "data:image/png;base64,");
	text_add_base64(&uri, bytes);
	return uri.p;
}

/* ---- colours ---- */

enum { BACKGROUND, SURFACE, TEXT, SOFT, LINE, ACCENT, COLOURS };

static const struct { const char *key, *variable, *light, *dark; } colours[COLOURS] = {
	[BACKGROUND] = {"background", "ground", "f5f6f8", "12161d"},
	[SURFACE] = {"surface", "card", "ffffff", "1b212b"},
	[TEXT] = {"text", "ink", "172033", "e8ecf3"},
	[SOFT] = {"soft", "soft", "566074", "a5b0c2"},
	[LINE] = {"line", "line", "d8dde6", "343d4c"},
	[ACCENT] = {"accent", "mark", "1f5fbf", "8ab4f8"},
};

static void require_contrast(struct brand_reader *b, const struct yaml_node *map, const struct colour *c)
{
	static const struct { int front, back; } pairs[] = {
		{TEXT, SURFACE}, {SOFT, SURFACE}, {ACCENT, SURFACE}, {TEXT, BACKGROUND}, {SOFT, BACKGROUND}, {ACCENT, BACKGROUND},
	};

	for (size_t i = 0; i < sizeof(pairs) / sizeof(*pairs); i++) {
		const char *front = colours[pairs[i].front].key, *back = colours[pairs[i].back].key;
		const struct yaml_node *node = yaml_get(map, front) ? yaml_get(map, front) : yaml_get(map, back);
		double contrast = colour_contrast(c[pairs[i].front], c[pairs[i].back]);

		if (node && contrast < COLOUR_CONTRAST_MIN)
			settings_problem(b->r, node, "%s on %s has a contrast of %.1f: people need 4.5 (WCAG 2 AA)", front, back,
				(double)(int)(contrast * 10) / 10);
	}
}

static const char *css_of(struct arena *a, const struct colour *c)
{
	struct colour on = colour_upon(c[ACCENT]);
	struct text t;

	text_begin(&t, a, 200);
	for (int i = 0; i < COLOURS; i++)
		text_addf(&t, "--%s:#%02x%02x%02x;", colours[i].variable, c[i].red, c[i].green, c[i].blue);
	text_addf(&t, "--on-mark:#%02x%02x%02x", on.red, on.green, on.blue);
	return t.p;
}

/* True: the map is there and good as far as it goes. */
static bool read_colours(struct brand_reader *b, const struct yaml_node *map, struct colour *c)
{
	if (!map || section_read(b->r, SECTION_colours, map, b->brand) < 0)
		return false;
	for (int i = 0; i < COLOURS; i++) {
		const struct yaml_node *node = yaml_get(map, colours[i].key);

		if (node && (node->kind != YAML_NODE_SCALAR || colour_read(node->text, &c[i]) < 0))
			settings_problem(b->r, node, "must be six hexadecimal digits in quotes, as \"#005ea2\"");
	}
	require_contrast(b, map, c);
	return true;
}

static void read_style(struct brand_reader *b)
{
	const struct yaml_node *light = yaml_get(b->root, "colours"), *dark = yaml_get(b->root, "colours_dark");
	struct colour bright[COLOURS], dim[COLOURS];

	if (!light && !dark)
		return;
	for (int i = 0; i < COLOURS; i++) {
		if (colour_read(colours[i].light, &bright[i]) < 0 || colour_read(colours[i].dark, &dim[i]) < 0)
			abort();        /* our own table */
	}
	if (read_colours(b, light, bright) && yaml_get(light, "accent"))
		dim[ACCENT] = colour_brightened(bright[ACCENT], dim[SURFACE]);
	read_colours(b, dark, dim);
	b->brand->style = arena_printf(b->r->arena, ":root{%s}\n@media (prefers-color-scheme:dark){:root{%s}}\n", css_of(b->r->arena, bright),
		css_of(b->r->arena, dim));
}

/* ---- whom to ask ---- */

static void read_contact(struct brand_reader *b)
{
	const struct yaml_node *map = yaml_get(b->root, "contact");
	struct brand *out = b->brand;

	if (!map || section_read(b->r, SECTION_contact, map, out) < 0)
		return;
	if (out->mail && (!strchr(out->mail, '@') || strpbrk(out->mail, " \t<>\"?&%,;") || strlen(out->mail) > 254))
		settings_problem(b->r, yaml_get(map, "mail"), "\"%.100s\" is not a mail address", out->mail);
	if (out->phone && (strspn(out->phone, "+0123456789 ()/-") != strlen(out->phone) || strlen(out->phone) > 40 ||
		strcspn(out->phone, "0123456789") == strlen(out->phone)))
		settings_problem(b->r, yaml_get(map, "phone"), "\"%.100s\" is not a telephone number (+49 30 123456)", out->phone);
}

/* ---- all ---- */

static void read_brand(struct brand_reader *b)
{
	if (section_read(b->r, SECTION_brand, b->root, b->brand) < 0)
		return;
	read_languages(b, yaml_get(b->root, "languages"));
	b->brand->name = read_words(b, yaml_get(b->root, "name"), NAME_MOST);
	b->brand->footer = read_words(b, yaml_get(b->root, "footer"), WORDS_MOST);
	read_texts(b, yaml_get(b->root, "texts"));
	b->brand->logo = read_logo(b, "logo");
	b->brand->logo_dark = read_logo(b, "logo_dark");
	if (b->brand->logo_dark && !b->brand->logo)
		settings_problem(b->r, yaml_get(b->root, "logo_dark"), "stands in for a logo, but there is no logo");
	if (b->brand->logo && !b->brand->name)
		settings_problem(b->r, yaml_get(b->root, "logo"), "is nothing to who cannot see it: give the name, too");
	read_style(b);
	read_contact(b);
}

static void read_fallback_language(struct settings_reader *r, struct languages *languages)
{
	const struct language *l = languages_find(languages, slice_c(r->settings->language));
	const struct yaml_node *node = yaml_get(r->root, "language");

	if (l)
		languages->fallback = l;
	else
		settings_problem(r, node ? node : r->root, "\"%.40s\" is not a language that pages are shown in (%s)", r->settings->language,
			languages_list(r->arena, languages));
}

/* brand.yaml and the files that it names. */
static void read_brand_dir(struct settings_reader *r, struct brand *out)
{
	struct brand_reader b = {.r = r, .brand = out};
	const char *path = arena_printf(r->arena, "%s/" BRAND_FILE, r->settings->brand_dir ? r->settings->brand_dir : "");
	const struct yaml_node *node = yaml_get(r->root, "brand_dir");
	struct yaml_node *root = NULL;
	struct slice bytes;
	struct error err;

	*out = (struct brand){0};
	languages_start(r->arena, &out->languages);
	if (r->settings->brand_dir && (files_get(r->files, path, FILE_PUBLIC, FILES_WORKER, &bytes, &err) < 0 ||
		yaml_read(r->arena, path, bytes, &root, &err) < 0))
		settings_problem(r, node ? node : r->root, "%s", err.detail);
	b.root = root;
	if (root)
		read_brand(&b);
	read_fallback_language(r, &out->languages);
}

void settings_load_brand(struct settings_reader *r)
{
	const struct yaml_node *node = yaml_get(r->root, "brand_dir");
	struct brand brand;
	struct error err;
	int fd = -1, found = node ? folder_open_own(r->settings->brand_dir, &fd, &err) : 1;

	if (fd >= 0)
		close(fd);
	if (found < 0)
		settings_problem(r, node, "%s", err.detail);
	else if (found == 0)
		settings_problem(r, node, "%s is not there", r->settings->brand_dir);
	else
		read_brand_dir(r, &brand);
}

int brand_open(struct arena *a, struct files *files, const struct settings *s, struct brand *out, struct error *err)
{
	struct settings copy = *s;
	struct yaml_node root = {.kind = YAML_NODE_MAP, .file = s->file, .line = 1};
	struct settings_reader r = {.arena = a, .files = files, .file = s->file, .settings = &copy, .root = &root};

	r.problems = arena_alloc(a, (SETTINGS_PROBLEMS_MAX + 1) * sizeof(*r.problems));
	read_brand_dir(&r, out);
	if (!r.problem_count)
		return 0;
	*err = r.first;
	return -1;
}
