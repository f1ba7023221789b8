/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The lines between workers and their keys roles.
 *
 * The parent keeps both ends of each, so that either side may be replaced.
 * Those of an earlier reading of the settings are kept for as long as a worker
 * of it lives, with what its keys roles were handed: a worker finishes with
 * the keys that it began with.  Parent only.
 */
#ifndef GATEWAY_LINES_H
#define GATEWAY_LINES_H

#include "base/error.h"

#include <stddef.h>

struct line {
	int ends[2];                    /* worker's, keys role's; -1: not open */
};

/* Of one reading. */
struct lines {
	unsigned long generation;
	int files;                      /* the keys roles' snapshot; -1: none was started yet */
	struct line *list;
	size_t n;
	struct lines *before;
};

/* n that are not open yet, ahead of what *all holds. */
void lines_make(struct lines **all, size_t n, unsigned long generation);
/* NULL: they are gone, or were another program's. */
struct lines *lines_of(struct lines *all, unsigned long generation);
int lines_open(struct lines *l, size_t i, struct error *err);   /* open already is fine */
void lines_close(struct lines *l, size_t i);
/* Those of other generations that have no line any more, and their files. */
void lines_forget(struct lines **all, unsigned long generation);
void lines_free(struct lines **all);

#endif
