/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Progress, clean text, CSV and JSON: see report.h. */
#include "gateway/report.h"

#include "base/clock.h"
#include "base/encode.h"
#include "base/text.h"

#include <errno.h>
#include <unistd.h>

#define FIRST_US 300000
#define EVERY_US 100000

/* ---- progress ---- */

void progress_begin(struct progress *p, const char *what, size_t of)
{
	*p = (struct progress){.what = what, .of = of, .next = isatty(STDERR_FILENO) ? clock_monotonic_us() + FIRST_US : INT64_MAX};
}

void progress_at(struct progress *p, size_t n)
{
	int64_t now;

	/* asking the time for each person would cost as much as judging some */
	if (p->next == INT64_MAX || (n % 64 != 0 && n != p->of))
		return;
	now = clock_monotonic_us();
	if (now < p->next)
		return;
	p->next = now + EVERY_US;
	p->shown = true;
	if (p->of)
		fprintf(stderr, "\r%s: %zu of %zu (%zu %%)\x1b[K", p->what, n, p->of, n * 100 / p->of);
	else
		fprintf(stderr, "\r%s: %zu\x1b[K", p->what, n);
	fflush(stderr);
}

void progress_end(struct progress *p)
{
	if (p->shown)
		fputs("\r\x1b[K", stderr);
	p->shown = false;
	p->next = INT64_MAX;
}

/* ---- text ---- */

/* Characters that end a line, or turn round what stands behind them, beyond their own text. */
static bool is_layout(const char *s, size_t n)
{
	static const struct { const char *first, *last; } ranges[] = {
		{"\xd8\x9c", "\xd8\x9c"},                       /* U+061C */
		{"\xe2\x80\x8e", "\xe2\x80\x8f"},               /* U+200E, U+200F */
		{"\xe2\x80\xa8", "\xe2\x80\xae"},               /* U+2028 to U+202E */
		{"\xe2\x81\xa6", "\xe2\x81\xa9"},               /* U+2066 to U+2069 */
		{"\xef\xbb\xbf", "\xef\xbb\xbf"},               /* U+FEFF */
	};

	for (size_t i = 0; i < sizeof(ranges) / sizeof(*ranges); i++)
		if (n == strlen(ranges[i].first) && memcmp(s, ranges[i].first, n) >= 0 && memcmp(s, ranges[i].last, n) <= 0)
			return true;
	return false;
}

/* Bytes of the UTF-8 character at `s`, and in *shown whether it may be; 0: it is none. */
static size_t character(const char *s, bool *shown)
{
	size_t n = strnlen(s, 4), i;

	for (i = 1; i <= n; i++) {
		if (utf8_is_clean(slice_of(s, i)) && (unsigned char)s[0] >= 0x20 && s[0] != 0x7f) {
			*shown = !is_layout(s, i);
			return (unsigned char)s[0] == 0xc2 && (unsigned char)s[1] < 0xa0 ? 0 : i;
		}
	}
	return 0;
}

static bool is_plain(const char *text)
{
	for (; *text; text++) {
		if ((unsigned char)*text < 0x20 || (unsigned char)*text >= 0x7f)
			return false;
	}
	return true;
}

const char *report_clean(struct arena *a, const char *text)
{
	struct text t;
	bool shown;
	size_t n;

	if (!text || is_plain(text))
		return text;
	text_begin(&t, a, strlen(text) + 1);
	for (; *text; text += n ? n : 1) {
		n = character(text, &shown);
		text_add(&t, n && shown ? slice_of(text, n) : slice_c("?"));
	}
	return t.p;
}

const char *report_cell(struct arena *a, const char *text, size_t most)
{
	const char *clean = report_clean(a, text);
	size_t n = most;

	if (!clean || strlen(clean) <= most)
		return clean;
	while (n > 0 && ((unsigned char)clean[n] & 0xc0) == 0x80)
		n--;
	return arena_printf(a, "%.*s\xe2\x80\xa6", (int)n, clean);
}

const char *report_number(struct arena *a, size_t n)
{
	char digits[24], *out = arena_alloc(a, 32), *p = out;
	int length = snprintf(digits, sizeof(digits), "%zu", n);

	for (int i = 0; i < length; i++) {
		if (i && (length - i) % 3 == 0)
			*p++ = ',';
		*p++ = digits[i];
	}
	return out;
}

const char *report_count(struct arena *a, size_t n, const char *one, const char *many)
{
	return arena_printf(a, "%s %s", report_number(a, n), n == 1 ? one : many);
}

/* ---- CSV ---- */

/* Behind blanks too, since some programs trim; the wide forms are signs to some as well. */
static bool looks_like_a_formula(const char *text)
{
	static const char *const wide[] = {"\xef\xbc\x9d", "\xef\xbc\x8b", "\xef\xbc\x8d", "\xef\xbc\xa0"};
	size_t i;

	if (*text == '\t' || *text == '\r' || *text == '\n')
		return true;
	text += strspn(text, " ");
	for (i = 0; i < sizeof(wide) / sizeof(*wide); i++) {
		if (strncmp(text, wide[i], 3) == 0)
			return true;
	}
	return *text && strchr("=+-@|", *text);
}

static void add_csv_field(struct text *t, const char *field)
{
	const char *quote, *rest = report_clean(t->arena, field);

	text_add_c(t, "\"");
	if (looks_like_a_formula(field))
		text_add_c(t, "'");
	for (quote = strchr(rest, '"'); quote; rest = quote + 1, quote = strchr(rest, '"')) {
		text_add(t, slice_of(rest, (size_t)(quote - rest)));
		text_add_c(t, "\"\"");
	}
	text_add_c(t, rest);
	text_add_c(t, "\"");
}

const char *report_csv_line(struct arena *a, const char *const *fields, size_t n)
{
	struct text t;
	size_t i;

	text_begin(&t, a, 256);
	for (i = 0; i < n; i++) {
		if (i)
			text_add_c(&t, ",");
		add_csv_field(&t, fields[i] ? fields[i] : "");
	}
	text_add_c(&t, "\r\n");
	return t.p;
}

void report_csv_row(const char *const *fields, size_t n)
{
	struct arena *a = arena_new();

	fputs(report_csv_line(a, fields, n), stdout);
	arena_free(a);
}

/* ---- JSON ---- */

void report_json(struct arena *a, json_t *o, const char *key, const char *text)
{
	if (text && !utf8_is_valid(slice_c(text)))
		text = report_clean(a, text);
	json_object_set_new(o, key, text ? json_string(text) : json_null());
}

int report_end(const char *command)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return 0;
	fprintf(stderr, "postern %s: the report could not be written: %s\n", command, strerror(errno));
	return 1;
}
