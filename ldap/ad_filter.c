/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The attributes that an LDAP filter names. */
#include "ldap/ad.h"

/*
 * RFC 4515: an item is `(`, the attribute, an optional matching rule, a type of
 * match.  A parenthesis within a value is written \28, so each one counts.
 */
const char *const *filter_attributes(struct arena *a, const char *filter)
{
	static const char good[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.";
	const char **list = NULL;
	size_t n = 0;

	for (const char *p = strchr(filter, '('); p; p = strchr(p, '(')) {
		size_t length = strspn(++p, good);

		if (length == 0)
			continue;
		list = arena_grow(a, list, n, sizeof(*list));
		list[n++] = arena_copy(a, slice_of(p, length));
	}
	list = arena_grow(a, list, n, sizeof(*list));
	list[n] = NULL;
	return list;
}
