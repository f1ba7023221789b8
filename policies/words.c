/* SPDX-License-Identifier: GPL-3.0-or-later */
/* "Did you mean": the words of words.def and the distance between what was written and what was meant. */
#include "policies/words.h"

#define WORD_MAX 32             /* longer words have no near ones */

static const char *const language[] = {
#define JOINER(word, form, meaning, example) #word,
#define TEST(word, scope, form, meaning, example) #word,
#define OPERATOR(name, word, form, meaning, example) word,
#include "policies/words.def"
	"of", "is", "under", "kind", "set", "days",
	NULL,
};

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

const char *word_nearest(const char *written, const char *const *words)
{
	size_t n = strlen(written), m, d, best_distance = n < 6 ? 2 : 3;
	const char *best = NULL;

	if (n < 3 || n > WORD_MAX)
		return NULL;
	for (; words && *words; words++) {
		m = strlen(*words);
		if (m > WORD_MAX)
			continue;
		d = distance(written, n, *words, m);
		if (d < best_distance) {
			best = *words;
			best_distance = d;
		}
	}
	return best;
}

const char *word_meant(const char *written)
{
	const char *near = word_nearest(written, language);

	return near && strcasecmp(near, written) == 0 ? NULL : near;
}

const char *word_find(struct slice written, const char *const *words)
{
	for (; words && *words; words++)
		if (slice_is(written, *words))
			return *words;
	return NULL;
}
