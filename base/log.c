/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The log: one line an event, written with one write(2) so that processes do
 * not mix; or an entry of the journal with the same message and its fields.
 */
#include "base/log.h"
#include "base/clock.h"
#include "base/encode.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#include <sys/stat.h>
#include <sys/uio.h>

/* which line of ours logged is nobody's business but ours */
#define SD_JOURNAL_SUPPRESS_LOCATION
#include <systemd/sd-journal.h>

#define LINE_MAX_BYTES 4096
#define FIELDS_MOST 24

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

/* ---- the journal ---- */

/* systemd says which file that is; standard error may have been sent elsewhere since. */
static bool is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	char ours[64];
	struct stat st;

	if (!stream || fstat(STDERR_FILENO, &st) < 0)
		return false;
	snprintf(ours, sizeof(ours), "%llu:%llu", (unsigned long long)st.st_dev, (unsigned long long)st.st_ino);
	return strcmp(ours, stream) == 0;
}

struct entry {
	char bytes[2 * LINE_MAX_BYTES];
	size_t n;
	struct iovec fields[FIELDS_MOST];
	int count;
};

/* What has no room is left out: it stands in the message, too. */
static void add_field(struct entry *e, const char *prefix, const char *key, const char *value)
{
	char *start = e->bytes + e->n, *p = start;
	size_t size = strlen(prefix) + strlen(key) + 1 + strlen(value);

	if (e->count == FIELDS_MOST || size > sizeof(e->bytes) - e->n)
		return;
	p = mempcpy(p, prefix, strlen(prefix));
	for (; *key; key++)
		*p++ = *key >= 'a' && *key <= 'z' ? (char)(*key - 'a' + 'A') : *key >= 'A' && *key <= 'Z' ? *key : '_';
	*p++ = '=';
	mempcpy(p, value, strlen(value));
	e->n += size;
	e->fields[e->count++] = (struct iovec){start, size};
}

static bool send_to_journal(enum log_level level, struct line *l, size_t message_at, va_list args)
{
	static const char *const priorities[] = {"3", "4", "6", "7"};
	struct entry e = {.n = 0};
	const char *key;

	l->bytes[l->n] = 0;
	add_field(&e, "", "MESSAGE", l->bytes + message_at);
	add_field(&e, "", "PRIORITY", priorities[level]);
	add_field(&e, "POSTERN_", "ROLE", log_role);
	while ((key = va_arg(args, const char *))) {
		const char *value = va_arg(args, const char *);

		add_field(&e, "POSTERN_", key, value ? value : "");
	}
	return sd_journal_sendv(e.fields, e.count) == 0;
}

/* ---- a line ---- */

static void add_pairs(struct line *l, va_list args)
{
	const char *key, *value;

	while ((key = va_arg(args, const char *))) {
		value = va_arg(args, const char *);
		add(l, " ", 1);
		add(l, key, strlen(key));
		add(l, "=", 1);
		if (value && is_plain(value))
			add(l, value, strlen(value));
		else
			add_quoted(l, value ? value : "");
	}
}

/* 0: written, or not wanted. */
static int write_line(enum log_level level, const char *message, va_list args)
{
	bool journal = is_journal(), sent;
	struct line l = {.n = 0};
	va_list again;
	char time[21];
	size_t at;

	if (!log_wants(level))
		return 0;
	/* journald adds the time itself */
	if (!journal) {
		time_write(clock_now(), time);
		add(&l, time, strlen(time));
		add(&l, " ", 1);
	}
	add(&l, words[level], strlen(words[level]));
	add(&l, " ", 1);
	at = l.n;
	add(&l, log_role, strlen(log_role));
	add(&l, ": ", 2);
	add(&l, message, strlen(message));
	va_copy(again, args);
	add_pairs(&l, args);
	sent = journal && send_to_journal(level, &l, at, again);
	va_end(again);
	l.bytes[l.n++] = '\n';
	/* nowhere left to say that it could not be said */
	return sent || write(STDERR_FILENO, l.bytes, l.n) == (ssize_t)l.n ? 0 : -1;
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

int log_info_surely(const char *message, ...)
{
	va_list args;
	int rc;

	va_start(args, message);
	rc = write_line(LOG_LEVEL_INFO, message, args);
	va_end(args);
	return rc;
}
