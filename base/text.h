/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Text being written: a buffer in an arena that grows.
 *
 * The bytes are always followed by a NUL that does not count.  Writers escape
 * for exactly one place each; pick the one of the place you write into.
 */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include "base/arena.h"

struct text {
	struct arena *arena;
	char *p;
	size_t n, capacity;
};

void text_begin(struct text *t, struct arena *a, size_t expected);
void text_add(struct text *t, struct slice s);
void text_add_c(struct text *t, const char *s);
void text_addf(struct text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
void text_add_html(struct text *t, struct slice s);     /* element content and quoted attributes */
void text_add_json(struct text *t, struct slice s);     /* within a string (RFC 8259 section 7); UTF-8 stays as it is */
void text_add_url(struct text *t, struct slice s);      /* one query value: RFC 3986 unreserved stay, the rest %XX */
/* Canonical XML 1.0 section 2.3: text nodes and attribute values escape different characters. */
void text_add_xml_text(struct text *t, struct slice s);
void text_add_xml_attribute(struct text *t, struct slice s);
void text_add_base64(struct text *t, struct slice s);   /* RFC 4648 section 4, with padding, one line */
struct slice text_slice(const struct text *t);

#endif
