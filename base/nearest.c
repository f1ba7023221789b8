/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The distance between what was written and what was meant. */
#include "base/nearest.h"

#include <stdbool.h>
#include <string.h>

#define WORD_MAX 32             /* longer words have no near ones */

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Insertions, deletions, replacements and swapped neighbours between two words of at most WORD_MAX letters, without case. */
static size_t distance(const char *a, size_t an, const char *b, size_t bn)
{
	size_t d[WORD_MAX + 1][WORD_MAX + 1];
	bool same;

	for (size_t i = 0; i <= an; i++)
		d[i][0] = i;
	for (size_t j = 0; j <= bn; j++)
		d[0][j] = j;
	for (size_t i = 1; i <= an; i++)
		for (size_t j = 1; j <= bn; j++) {
			same = lower(a[i - 1]) == lower(b[j - 1]);
			d[i][j] = least(least(d[i - 1][j], d[i][j - 1]) + 1, d[i - 1][j - 1] + !same);
			if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) && lower(a[i - 2]) == lower(b[j - 1]))
				d[i][j] = least(d[i][j], d[i - 2][j - 2] + 1);
		}
	return d[an][bn];
}

struct nearest nearest_begin(const char *written)
{
	size_t n = strlen(written);

	/* of a short word nearly every other one is made by two changes */
	return (struct nearest){.written = written, .distance = n < 3 || n > WORD_MAX ? 0 : n < 6 ? 2 : 3};
}

void nearest_consider(struct nearest *n, const char *word)
{
	size_t m = strlen(word), d;

	if (n->distance == 0 || m > WORD_MAX)
		return;
	d = distance(n->written, strlen(n->written), word, m);
	if (d < n->distance) {
		n->word = word;
		n->distance = d;
	}
}
