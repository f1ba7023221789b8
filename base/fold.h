/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Letters without their case: ASCII, Latin, Greek and Cyrillic, which are those
 * whose folding is one to one and as long (Unicode CaseFolding, status C).  All
 * others stay as they are, and nothing is normalized: two texts that somebody
 * holds equal may stay different, none that he holds apart become one.
 */
#ifndef BASE_FOLD_H
#define BASE_FOLD_H

#include <stddef.h>

/*
 * The character of UTF-8 at p, of which n > 0 bytes are there, to `out`: how many bytes it took and wrote.  What is no letter
 * that folds goes byte by byte.
 */
size_t fold_character(const char *p, size_t n, char out[2]);
void fold_text(char *s);                /* in place */

#endif
