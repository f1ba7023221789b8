/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The log: one line an event, written with one write(2) so that processes do not mix. */
#include "base/log.h"
#include "base/clock.h"
#include "base/encode.h"

#include <stdarg.h>
#include <stdbool.h>
#include <unistd.h>

#define LINE_MAX_BYTES 4096

static const char *const words[] = {"error", "warning", "info", "debug"};
static const char *log_role = "postern";
static enum log_level log_most = LOG_LEVEL_INFO;

struct line {
	char bytes[LINE_MAX_BYTES];
	size_t n;
};

void log_begin(const char *role, enum log_level most)
{
	log_role = role;
	log_most = most;
}

int log_level_read(const char *word, enum log_level *out)
{
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(*words); i++) {
		if (strcmp(word, words[i]) == 0) {
			*out = (enum log_level)i;
			return 0;
		}
	}
	return -1;
}

int log_wants(enum log_level level)
{
	return level <= log_most;
}

static void add(struct line *l, const char *s, size_t n)
{
	if (n > sizeof(l->bytes) - 1 - l->n)    /* the last byte is the line end's */
		n = sizeof(l->bytes) - 1 - l->n;
	memcpy(l->bytes + l->n, s, n);
	l->n += n;
}

static bool is_plain(const char *s)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.:/@+,";

	return *s && strspn(s, plain) == strlen(s);
}

/*
 * In quotes, with quotes, backslashes and control characters escaped: foreign text cannot fake a line or a key.  Those
 * of eight bits (C1), and bytes that are no text, are control characters to a terminal, too.
 */
static void add_quoted(struct line *l, const char *s)
{
	bool clean = utf8_is_clean(slice_c(s));

	add(l, "\"", 1);
	for (; *s; s++) {
		unsigned char c = (unsigned char)*s;
		char escape[5];

		if (c == '"' || c == '\\') {
			add(l, "\\", 1);
			add(l, s, 1);
		} else if (c < 0x20 || c == 0x7f || (c >= 0x80 && !clean)) {
			snprintf(escape, sizeof(escape), "\\x%02x", c);
			add(l, escape, 4);
		} else {
			add(l, s, 1);
		}
	}
	add(l, "\"", 1);
}

static void write_line(enum log_level level, const char *message, va_list args)
{
	struct line l = {.n = 0};
	const char *key, *value;
	char time[21];

	if (!log_wants(level))
		return;
	/* journald adds the time itself */
	if (!getenv("JOURNAL_STREAM")) {
		time_write(clock_now(), time);
		add(&l, time, strlen(time));
		add(&l, " ", 1);
	}
	add(&l, words[level], strlen(words[level]));
	add(&l, " ", 1);
	add(&l, log_role, strlen(log_role));
	add(&l, ": ", 2);
	add(&l, message, strlen(message));
	while ((key = va_arg(args, const char *))) {
		value = va_arg(args, const char *);
		add(&l, " ", 1);
		add(&l, key, strlen(key));
		add(&l, "=", 1);
		if (value && is_plain(value))
			add(&l, value, strlen(value));
		else
			add_quoted(&l, value ? value : "");
	}
	l.bytes[l.n++] = '\n';
	if (write(STDERR_FILENO, l.bytes, l.n) < 0)
		return;                 /* nowhere left to say it */
}

#define LOG_FUNCTION(name, level) \
	void name(const char *message, ...) \
	{ \
		va_list args; \
\
		va_start(args, message); \
		write_line(level, message, args); \
		va_end(args); \
	}

LOG_FUNCTION(log_error, LOG_LEVEL_ERROR)
LOG_FUNCTION(log_warning, LOG_LEVEL_WARNING)
LOG_FUNCTION(log_info, LOG_LEVEL_INFO)
LOG_FUNCTION(log_debug, LOG_LEVEL_DEBUG)
