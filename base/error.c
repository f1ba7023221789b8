/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reasons as a table, and how an error is filled. */
#include "base/error.h"

#include "base/encode.h"

static const struct {
	const char *word;
	int status;
	const char *sentence;
} reasons[REASON_COUNT] = {
	[REASON_NONE] = {"none", 500, "Something went wrong in this service. Please try again."},
#define REASON(name, word, status, sentence) [REASON_##name] = {word, status, sentence},
#include "base/reasons.def"
#undef REASON
};

/* A text that was cut within a character is no text any more: JSON would not take it, and the audit would lose it. */
static void end_with_a_whole_character(char *text, size_t n)
{
	while (n > 0 && ((unsigned char)text[n - 1] & 0xc0) == 0x80)
		n--;
	if (n > 0 && (unsigned char)text[n - 1] >= 0xc0)
		n--;
	text[n] = 0;
}

/* The same of what a precision cut, or of foreign bytes that never were text: `?` stands for them. */
static void keep_to_text(char *text)
{
	size_t i, length, n = strlen(text);

	for (i = 0; i < n && !utf8_is_valid(slice_of(text + i, n - i)); i += length) {
		for (length = 1; length < 4 && i + length < n && !utf8_is_valid(slice_of(text + i, length)); length++)
			;
		if (utf8_is_valid(slice_of(text + i, length)))
			continue;
		text[i] = '?';
		length = 1;
	}
}

void error_fill(struct error *err, enum reason reason, const char *format, ...)
{
	va_list args;
	int n;

	err->reason = reason;
	va_start(args, format);
	n = vsnprintf(err->detail, sizeof(err->detail), format, args);
	va_end(args);
	if (n >= (int)sizeof(err->detail))
		end_with_a_whole_character(err->detail, sizeof(err->detail) - 1);
	keep_to_text(err->detail);
}

void error_fill_before(struct error *err, const char *format, ...)
{
	char old[sizeof(err->detail)];
	va_list args;
	int n;

	memcpy(old, err->detail, sizeof(old));
	va_start(args, format);
	n = vsnprintf(err->detail, sizeof(err->detail), format, args);
	va_end(args);
	if (n >= 0 && (size_t)n < sizeof(err->detail))
		n += snprintf(err->detail + n, sizeof(err->detail) - (size_t)n, "%s", old);
	if (n >= (int)sizeof(err->detail))
		end_with_a_whole_character(err->detail, sizeof(err->detail) - 1);
	keep_to_text(err->detail);
}

static int known(enum reason reason)
{
	return (int)reason > 0 && reason < REASON_COUNT ? (int)reason : REASON_NONE;
}

const char *reason_word(enum reason reason)
{
	return reasons[known(reason)].word;
}

int reason_status(enum reason reason)
{
	return reasons[known(reason)].status;
}

const char *reason_sentence(enum reason reason)
{
	return reasons[known(reason)].sentence;
}
