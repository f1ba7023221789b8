/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Looking up what a brand says. */
#include "gateway/settings/brand.h"

static const char *words_of(const struct brand_words *words, const char *language)
{
	for (; words->text; words++) {
		if (language ? words->language && strcasecmp(words->language, language) == 0 : !words->language)
			return words->text;
	}
	return NULL;
}

const char *speech_words(const struct speech *s, const struct brand_words *words)
{
	const char *found;

	if (!words)
		return NULL;
	found = words_of(words, s->language->tag);
	if (!found)
		found = words_of(words, NULL);
	if (!found)
		found = words_of(words, s->brand->languages.fallback->tag);
	return found ? found : words->text;
}

/* Here a language that is not named keeps the text as it would be without the brand. */
const char *speech_say(const struct speech *s, const char *text)
{
	const struct brand *b = s->brand;

	for (size_t i = 0; text && i < b->text_count; i++) {
		const char *found = strcmp(b->texts[i].original, text) == 0 ? words_of(b->texts[i].words, s->language->tag) : NULL;

		if (found)
			return found;
	}
	return language_say(s->language, text);
}
