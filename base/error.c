/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reasons as a table, and how an error is filled. */
#include "base/error.h"

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

int error_set(struct error *err, enum reason reason, const char *format, ...)
{
	va_list args;

	err->reason = reason;
	va_start(args, format);
	vsnprintf(err->detail, sizeof(err->detail), format, args);
	va_end(args);
	return -1;
}

int error_prefix(struct error *err, const char *format, ...)
{
	char old[sizeof(err->detail)];
	va_list args;
	int n;

	memcpy(old, err->detail, sizeof(old));
	va_start(args, format);
	n = vsnprintf(err->detail, sizeof(err->detail), format, args);
	va_end(args);
	if (n >= 0 && (size_t)n < sizeof(err->detail))
		snprintf(err->detail + n, sizeof(err->detail) - (size_t)n, "%s", old);
	return -1;
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
