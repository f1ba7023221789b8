/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The languages in which pages can be shown, and which of them a browser wants.
 *
 * English is what the source is written in and is always there.  The others
 * are catalogues: those that are compiled in, and those of the brand folder,
 * which may add a language or say something else in one that is there.
 */
#ifndef GATEWAY_LANGUAGES_H
#define GATEWAY_LANGUAGES_H

#include "base/arena.h"
#include "gateway/settings/catalogue.h"

/* Marks a text for translation where it stands; xgettext finds it, the compiler sees the text alone. */
#define N_(text) text

struct language {
	const char *tag;                /* "de", "pt-BR" (RFC 5646) */
	bool rtl;                       /* is written from right to left */
	struct catalogue own, shipped;  /* asked in this order; count 0: there is none */
};

struct languages {
	struct arena *arena;
	struct language *list;          /* the first is English */
	size_t count;
	const struct language *fallback;        /* for who asks for none of them */
};

/* English and what is compiled in; English is the fallback. */
void languages_start(struct arena *a, struct languages *out);
/* One more catalogue, for a language that is there or a new one.  bytes must live as long. */
int languages_add(struct languages *l, const char *tag, struct slice bytes, struct error *err);
/* "en, ar, de", for who has to choose. */
const char *languages_list(struct arena *a, const struct languages *l);
/* By tag, in any case of letters; NULL: not there. */
const struct language *languages_find(const struct languages *l, struct slice tag);
/* Two or three letters, and subtags of letters and digits behind a hyphen. */
bool language_tag_is_good(const char *tag);

/*
 * By Accept-Language (RFC 9110 section 12.5.4, RFC 4647 section 3.4): the best
 * range that is there, whole or cut (de-CH: de), or whose kind is there (pt:
 * pt-BR).  NULL, or nothing fits: the fallback.
 */
const struct language *languages_choose(const struct languages *l, const char *accept);

/* In this language, or as it is where there is no translation. */
const char *language_say(const struct language *l, const char *text);

#endif
