/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Catalogues in gettext's format: GNU gettext manual, "The Format of GNU MO Files". */
#include "gateway/settings/catalogue.h"

#include "base/encode.h"

#define MAGIC 0x950412deu
#define MAGIC_SWAPPED 0xde120495u
#define HEADER 28
#define TEXTS_MAX 10000

static uint32_t number_at(const struct catalogue *c, size_t at)
{
	uint32_t v;

	memcpy(&v, c->bytes.p + at, sizeof(v));
	return c->swapped ? __builtin_bswap32(v) : v;
}

/* Row i of a table: length and place.  NULL: not wholly inside, or without a NUL behind it. */
static const char *text_at(const struct catalogue *c, uint32_t table, uint32_t i, size_t *n)
{
	size_t length = number_at(c, table + 8u * i), at = number_at(c, table + 8u * i + 4);

	if (at >= c->bytes.n || length >= c->bytes.n - at || c->bytes.p[at + length])
		return NULL;
	*n = length;
	return c->bytes.p + at;
}

static bool table_fits(const struct catalogue *c, uint32_t table)
{
	return table >= HEADER && table <= c->bytes.n && c->count <= (c->bytes.n - table) / 8;
}

/* Sorted as strcmp does it, each once. */
static const char *fault_of_row(const struct catalogue *c, uint32_t i, const char **before)
{
	size_t original_n, translation_n;
	const char *original = text_at(c, c->originals, i, &original_n), *translation = text_at(c, c->translations, i, &translation_n);

	if (!original || !translation)
		return "holds a text that is not wholly inside";
	if (strlen(original) != original_n || strlen(translation) != translation_n)
		return "holds a text with a plural, which no page has";
	if (!utf8_is_clean(slice_of(original, original_n)) || !utf8_is_clean(slice_of(translation, translation_n)))
		return "holds a text that is not UTF-8, or has control characters";
	if (*before && strcmp(*before, original) >= 0)
		return "is not sorted";
	*before = original;
	return NULL;
}

static const char *fault_of(struct catalogue *c)
{
	const char *header, *before = NULL, *fault = NULL;
	uint32_t magic;

	if (c->bytes.n < HEADER)
		return "is too short for a catalogue";
	memcpy(&magic, c->bytes.p, sizeof(magic));
	c->swapped = magic == MAGIC_SWAPPED;
	if (magic != MAGIC && !c->swapped)
		return "is not what msgfmt writes (.mo)";
	if (number_at(c, 4) >> 16)
		return "is of a revision that is not known";
	c->count = number_at(c, 8);
	c->originals = number_at(c, 12);
	c->translations = number_at(c, 16);
	if (c->count > TEXTS_MAX || !table_fits(c, c->originals) || !table_fits(c, c->translations))
		return "has tables that are not wholly inside";
	for (uint32_t i = 0; i < c->count && !fault; i++)
		fault = fault_of_row(c, i, &before);
	if (fault)
		return fault;
	header = catalogue_find(c, "");
	if (!header || !strstr(header, "charset=UTF-8"))
		return "does not say that it is in UTF-8 (Content-Type: text/plain; charset=UTF-8)";
	return NULL;
}

int catalogue_open(struct slice bytes, struct catalogue *out, struct error *err)
{
	struct catalogue c = {.bytes = bytes};
	const char *fault = fault_of(&c);

	if (fault)
		return error_set(err, REASON_SETTINGS, "%s", fault);
	*out = c;
	return 0;
}

const char *catalogue_find(const struct catalogue *c, const char *text)
{
	uint32_t low = 0, high = c->count;
	size_t n;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		const char *original = text_at(c, c->originals, middle, &n), *found = text_at(c, c->translations, middle, &n);
		int order;

		if (!original || !found)        /* fault_of_row saw to that */
			return NULL;
		order = strcmp(text, original);
		if (order == 0)
			return *found ? found : NULL;
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

size_t catalogue_count(const struct catalogue *c)
{
	return c->count - (catalogue_find(c, "") ? 1 : 0);
}
