/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What an organisation makes of the pages: its name, logo, colours, words,
 * whom people may ask, further languages.
 *
 * It stands in a folder of its own (`brand_dir`) with a file brand.yaml, which
 * is judged with the settings and taken over together with them.  Nothing of
 * it is HTML, CSS or script: texts are escaped, colours are six digits each,
 * and a logo is an image in the page, where an SVG runs no script and loads
 * nothing; one that holds more than a drawing is refused (svg.h).
 */
#ifndef GATEWAY_BRAND_H
#define GATEWAY_BRAND_H

#include "gateway/settings/files.h"
#include "gateway/settings/languages.h"

struct settings;

/* One text in several languages; language NULL: for all that are not named.  text NULL ends the list. */
struct brand_words {
	const char *language, *text;
};

/* Other words for a text of the source, or of the rules. */
struct brand_text {
	const char *original;
	const struct brand_words *words;
};

struct brand {
	struct languages languages;     /* those that are compiled in, too */
	const struct brand_words *name; /* NULL: none, as everything below */
	const struct brand_words *footer;
	const char *logo, *logo_dark;   /* data: URIs */
	const char *style;              /* CSS that sets the colours, behind ours */
	const char *mail, *phone, *url;
	const struct brand_text *texts;
	size_t text_count;
};

/* For a role: what the parent accepted.  Without brand_dir the languages alone. */
int brand_open(struct arena *a, struct files *files, const struct settings *s, struct brand *out, struct error *err);

/* How one page speaks. */
struct speech {
	const struct brand *brand;
	const struct language *language;
};

/* The text for this language; NULL: words is NULL. */
const char *speech_words(const struct speech *s, const struct brand_words *words);
/* A text of ours or of the rules as people of this language read it; as it is where nobody translated it. */
const char *speech_say(const struct speech *s, const char *text);

#endif
