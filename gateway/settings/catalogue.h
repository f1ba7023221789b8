/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Translations: a catalogue as msgfmt(1) writes it (.mo), read from memory.
 *
 * gettext's own functions take the language from the process (setlocale,
 * LANGUAGE), want locales generated on the host and read files when a text is
 * first asked for.  A worker answers several languages in one thread, in
 * containers without any locale, and reads nothing but its snapshot.  So only
 * the format is gettext's; looking up is this file's.
 *
 * What is accepted was looked at whole: every text lies inside the bytes, ends
 * with a NUL and is UTF-8, and the originals are sorted.  Looking up needs no
 * check afterwards.
 */
#ifndef GATEWAY_CATALOGUE_H
#define GATEWAY_CATALOGUE_H

#include "base/error.h"
#include "base/slice.h"

#include <stdint.h>

struct catalogue {
	struct slice bytes;             /* must live as long */
	uint32_t count, originals, translations;        /* of texts; where their tables begin */
	bool swapped;                   /* written by a machine of the other byte order */
};

/* 0, or -1: REASON_SETTINGS, the detail says what is wrong with the bytes. */
int catalogue_open(struct slice bytes, struct catalogue *out, struct error *err);
/* NULL: there is no translation. */
const char *catalogue_find(const struct catalogue *c, const char *text);
/* How many texts it translates (the header is none). */
size_t catalogue_count(const struct catalogue *c);

/* Those that are compiled in, made by the build from po/ *.po (written without the blank). */
struct catalogue_file {
	const char *language;           /* "de"; NULL ends the list */
	const unsigned char *bytes;
	size_t n;
};
extern const struct catalogue_file catalogues_compiled_in[];

#endif
