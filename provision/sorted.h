/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Lists of texts, sorted by strcmp, each once.  Internal to provision/. */
#ifndef PROVISION_SORTED_H
#define PROVISION_SORTED_H

#include "base/slice.h"

/* Sorts, and takes out what is there twice; how many are left.  There is room for a NULL behind them, which is put. */
size_t sort_texts(const char **texts, size_t n);
/* In a NULL-terminated list, sorted or not; NULL has none. */
bool texts_have(const char *const *texts, const char *text);
/* In n texts that are sorted. */
bool sorted_have(const char *const *texts, size_t n, const char *text);
size_t texts_count(const char *const *texts);

#endif
