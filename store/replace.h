/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Throwing a store away: two processes that both do it would go on with two
 * different files.  Within store/ alone.
 */
#ifndef STORE_REPLACE_H
#define STORE_REPLACE_H

#include "store/store.h"

/* One process at a time may judge the file; close the descriptor to let the next one. */
int store_guard(const char *path, struct error *err);
void store_remove(const char *path);
/* store_open of what is derived: -1 or -2 where it cannot be. */
int store_open_derived(const struct store_options *options, struct store **out, struct error *err);
/* In store.c: what is there, whatever it is.  -1; -2: and the file will never do. */
int store_open_there(const struct store_options *options, bool is_copy, struct store **out, struct error *err);

#endif
