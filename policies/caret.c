/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where in a condition an error is: the text, and a caret below the column. */
#include "policies/policies.h"

#include "base/encode.h"
#include "base/text.h"

#define BEFORE 60                       /* characters that are shown before the column, and behind it */
#define BEHIND 40

static bool begins_character(char c)
{
	return ((unsigned char)c & 0xc0) != 0x80;
}

/* The byte at which the character with this number, from 0 on, begins; the end of the text when there is none. */
static size_t byte_of(const char *text, size_t character)
{
	size_t at = 0;

	while (text[at] && character > 0) {
		at++;
		while (!begins_character(text[at]))
			at++;
		character--;
	}
	return at;
}

/* "column 12: …" */
static size_t column_of(const char *detail)
{
	static const char word[] = "column ";
	uint64_t column;
	size_t n;

	if (!slice_begins(slice_c(detail), word))
		return 0;
	detail += strlen(word);
	n = strspn(detail, "0123456789");
	return number_read(slice_of(detail, n), 1, 100000, &column) < 0 ? 0 : (size_t)column;
}

const char *condition_caret(struct arena *a, const char *text, const char *detail)
{
	size_t column = text && detail && utf8_is_valid(slice_c(text)) ? column_of(detail) : 0, first, from, to;
	struct text t;

	if (column == 0)
		return NULL;
	first = column - 1 > BEFORE ? column - 1 - BEFORE : 0;
	from = byte_of(text, first);
	to = byte_of(text, column - 1 + BEHIND);
	text_begin(&t, a, to - from + 2 * BEFORE);
	text_add_c(&t, first ? "…" : "");
	for (size_t i = from; i < to; i++)
		text_add(&t, (unsigned char)text[i] < 0x20 ? slice_c(" ") : slice_of(text + i, 1));
	text_addf(&t, "%s\n%*s^", text[to] ? "…" : "", (int)(column - 1 - first + (first ? 1 : 0)), "");
	return t.p;
}
