/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Bytes as (pointer, length), owned by somebody else.
 *
 * Whatever comes from outside is a slice until a function that refuses an
 * embedded NUL (arena_cstr) made a C string of it.  A slice never owns; who
 * does is said where it is handed out.  {NULL, 0} means "not there"; an empty
 * value has n == 0 and a pointer.
 */
#ifndef BASE_SLICE_H
#define BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

struct slice {
	const char *p;
	size_t n;
};

static inline struct slice slice_of(const void *p, size_t n)
{
	return (struct slice){p, n};
}

/* The bytes of a C string, without its NUL; {NULL, 0} for NULL. */
static inline struct slice slice_c(const char *s)
{
	return (struct slice){s, s ? strlen(s) : 0};
}

static inline bool slice_equal(struct slice a, struct slice b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static inline bool slice_is(struct slice a, const char *s)
{
	return slice_equal(a, slice_c(s));
}

/* Equal but for the case of ASCII letters. */
static inline bool slice_is_nocase(struct slice a, const char *s)
{
	return a.n == strlen(s) && (a.n == 0 || strncasecmp(a.p, s, a.n) == 0);
}

static inline bool slice_begins(struct slice a, const char *s)
{
	size_t n = strlen(s);

	return a.n >= n && memcmp(a.p, s, n) == 0;
}

/* Without blanks and tabs on both sides: the optional whitespace of HTTP's fields (RFC 9110 section 5.6.3). */
static inline struct slice slice_trimmed(struct slice s)
{
	while (s.n && (s.p[0] == ' ' || s.p[0] == '\t'))
		s = slice_of(s.p + 1, s.n - 1);
	while (s.n && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t'))
		s.n--;
	return s;
}

#endif
