/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One memory region for one piece of work (a sign-on, a settings file).
 *
 * Everything allocated from an arena lives until arena_free, which wipes the
 * bytes before giving them back: assertions and cookies do not linger.  There
 * is no way to free a single allocation.  Out of memory ends the process: it
 * is replaced by its parent, and nothing half done is kept.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "base/error.h"
#include "base/slice.h"

#include <stdarg.h>

struct arena;

struct arena *arena_new(void);
void arena_free(struct arena *a);                       /* NULL is fine */

void *arena_alloc(struct arena *a, size_t n);           /* zeroed, aligned for any type */
char *arena_strdup(struct arena *a, const char *s);     /* NULL gives NULL */
char *arena_copy(struct arena *a, struct slice s);      /* n bytes and a NUL behind them; s may hold NULs */
struct slice arena_slice(struct arena *a, struct slice s);
char *arena_printf(struct arena *a, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* A C string of s, or -1 with `reason` when s holds a NUL. */
int arena_cstr(struct arena *a, struct slice s, enum reason reason, const char **out, struct error *err)
	__attribute__((warn_unused_result));

/*
 * Room for one more in an array of n elements of `size` bytes that only grows
 * by this function, from NULL and n = 0 on: `old`, or a copy twice as large.
 */
void *arena_grow(struct arena *a, void *old, size_t n, size_t size);

/* What is in it now, keys among it, is in no core dump (madvise, MADV_DONTDUMP): for arenas that last. */
void arena_hide(const struct arena *a);

/* Bytes handed out since arena_new; for tests and limits. */
size_t arena_size(const struct arena *a);

#endif
