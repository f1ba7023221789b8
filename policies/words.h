/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The words of the condition language, and which one was meant.  Internal to policies/. */
#ifndef POLICIES_WORDS_H
#define POLICIES_WORDS_H

#include "base/slice.h"

/* The entry of `words` (NULL-terminated; NULL: empty) that is `written` but for a typing error or two, or NULL. */
const char *word_nearest(const char *written, const char *const *words);

/* The same among the words of words.def; NULL for a word of the language. */
const char *word_meant(const char *written);

/* The entry equal to `written`, case included, or NULL. */
const char *word_find(struct slice written, const char *const *words);

#endif
