/* SPDX-License-Identifier: GPL-3.0-or-later */
/* "Did you mean": the words of words.def. */
#include "policies/words.h"
#include "base/nearest.h"

static const char *const language[] = {
#define JOINER(word, form, meaning, example) #word,
#define TEST(word, scope, form, meaning, example) #word,
#define OPERATOR(name, word, form, meaning, example) word,
#include "policies/words.def"
	"of", "is", "under", "kind", "set", "days",
	NULL,
};

const char *word_nearest(const char *written, const char *const *words)
{
	struct nearest near = nearest_begin(written);

	for (; words && *words; words++)
		nearest_consider(&near, *words);
	return near.word;
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
