/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Values against wanted texts and patterns.
 *
 * "Without case" is the case of A to Z only: anything more would depend on
 * a locale or on tables of Unicode, and other letters are compared as written.
 */
#include "policies/condition.h"

static unsigned char folded(char c, enum value_case with)
{
	return (unsigned char)(with == VALUE_NOCASE && c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

bool value_is(const char *wanted, struct slice value, enum value_case with)
{
	size_t i;

	for (i = 0; i < value.n && wanted[i]; i++)
		if (folded(wanted[i], with) != folded(value.p[i], with))
			return false;
	return i == value.n && !wanted[i];
}

static size_t character_size(struct slice s, size_t at)
{
	size_t n = 1;

	while (at + n < s.n && ((unsigned char)s.p[at + n] & 0xc0) == 0x80)
		n++;
	return n;
}

/*
 * How far one step of the pattern at p takes the value at v: bytes of the
 * value in *value_step and of the pattern in *pattern_step, or false.
 */
static bool step_fits(const char *p, struct slice value, size_t v, enum value_case with, size_t *pattern_step,
	size_t *value_step)
{
	size_t escape = p[0] == '\\' && p[1] ? 1 : 0;

	if (v == value.n || !p[0])
		return false;
	*pattern_step = escape + 1;
	*value_step = 1;
	if (!escape && p[0] == '?') {
		*value_step = character_size(value, v);
		return true;
	}
	return folded(p[escape], with) == folded(value.p[v], with);
}

/* When a step does not fit, the last `*` takes one byte more: at most pattern times value steps. */
bool pattern_fits(const char *pattern, struct slice value, enum value_case with)
{
	const char *p = pattern, *star = NULL;
	size_t v = 0, star_v = 0, pattern_step, value_step;

	while (v < value.n || *p == '*') {
		if (*p == '*') {
			star = ++p;
			star_v = v;
		} else if (step_fits(p, value, v, with, &pattern_step, &value_step)) {
			p += pattern_step;
			v += value_step;
		} else if (star) {
			star_v += character_size(value, star_v);
			p = star;
			v = star_v;
		} else {
			return false;
		}
	}
	return !*p;
}

bool policy_like(const char *pattern, struct slice value)
{
	return pattern_fits(pattern, value, VALUE_NOCASE);
}
