/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Throwing a store away: two processes that both do it would go on with two
 * different files.  Within store/ alone.
 */
#ifndef STORE_REPLACE_H
#define STORE_REPLACE_H

#include "base/error.h"

/* One process at a time may judge the file; close the descriptor to let the next one. */
int store_guard(const char *path, struct error *err);
void store_remove(const char *path);

#endif
