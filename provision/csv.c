/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reading of RFC 4180, one row at a time. */
#include "provision/csv.h"

#include "base/encode.h"
#include "base/text.h"

static struct slice rest(const struct csv *c)
{
	return slice_of(c->in.p + c->at, c->in.n - c->at);
}

/* Of comma, semicolon and tab the first in the first line, outside quotes; a comma anywhere in it wins. */
static char find_separator(struct slice in)
{
	bool quoted = false;
	char found = '\0';

	for (size_t i = 0; i < in.n && (quoted || in.p[i] != '\n'); i++) {
		if (in.p[i] == '"')
			quoted = !quoted;
		else if (!quoted && in.p[i] == ',')
			return ',';
		else if (!quoted && !found && (in.p[i] == ';' || in.p[i] == '\t'))
			found = in.p[i];
	}
	return found ? found : ',';
}

int csv_begin(struct csv *c, struct slice bytes, struct error *err)
{
	if (slice_begins(bytes, "\xff\xfe") || slice_begins(bytes, "\xfe\xff"))
		return error_set(err, REASON_FILE, "the file is UTF-16: save it as UTF-8");
	if (bytes.n && memchr(bytes.p, 0, bytes.n))
		return error_set(err, REASON_FILE, "the file is no text: it holds zero bytes");
	*c = (struct csv){.in = bytes, .line = 1};
	if (slice_begins(bytes, "\xef\xbb\xbf"))
		c->at = 3;
	c->separator = find_separator(rest(c));
	return 0;
}

static int fail(const struct csv *c, struct error *err, const char *what)
{
	return error_set(err, REASON_FILE, "line %d: %s", c->line, what);
}

/* From behind the opening quote to behind the closing one. */
static int read_quoted(struct csv *c, struct text *field, struct error *err)
{
	int begin = c->line;
	char byte;

	for (;;) {
		if (c->at == c->in.n)
			return error_set(err, REASON_FILE, "line %d: a quote that opens here is never closed", begin);
		byte = c->in.p[c->at++];
		if (byte == '"' && (c->at == c->in.n || c->in.p[c->at] != '"'))
			return 0;
		if (byte == '"')
			c->at++;
		if (byte == '\n')
			c->line++;
		if (field->n == CSV_FIELD_MAX)
			return error_set(err, REASON_FILE, "line %d: a field has more than %d bytes", begin, CSV_FIELD_MAX);
		text_add(field, slice_of(&byte, 1));
	}
}

static int read_bare(struct csv *c, struct text *field, struct error *err)
{
	size_t begin = c->at;

	while (c->at < c->in.n && c->in.p[c->at] != c->separator && c->in.p[c->at] != '\r' && c->in.p[c->at] != '\n') {
		if (c->in.p[c->at] == '"')
			return fail(c, err, "a quote in the middle of a field");
		c->at++;
	}
	if (c->at - begin > CSV_FIELD_MAX)
		return error_set(err, REASON_FILE, "line %d: a field has more than %d bytes", c->line, CSV_FIELD_MAX);
	text_add(field, slice_of(c->in.p + begin, c->at - begin));
	return 0;
}

static int read_field(struct arena *a, struct csv *c, const char **out, struct error *err)
{
	struct text field;
	int line = c->line, rc;

	text_begin(&field, a, 32);
	if (c->at < c->in.n && c->in.p[c->at] == '"') {
		c->at++;
		rc = read_quoted(c, &field, err);
	} else {
		rc = read_bare(c, &field, err);
	}
	if (rc < 0)
		return -1;
	if (!utf8_is_clean(text_slice(&field)))
		return error_set(err, REASON_FILE, "line %d: a field is not UTF-8 text, or holds control characters", line);
	*out = field.p;
	return 0;
}

/* What stands behind a field: 1 another one, 0 the row's end, -1 an error. */
static int read_end(struct csv *c, struct error *err)
{
	struct slice s = rest(c);

	if (s.n == 0)
		return 0;
	if (s.p[0] == c->separator) {
		c->at++;
		return 1;
	}
	if (slice_begins(s, "\r\n") || s.p[0] == '\n') {
		c->at += s.p[0] == '\n' ? 1 : 2;
		c->line++;
		return 0;
	}
	return fail(c, err, s.p[0] == '\r' ? "a carriage return without a line feed" : "text behind a closing quote");
}

int csv_next(struct arena *a, struct csv *c, struct csv_row *out, struct error *err)
{
	struct csv_row row = {.line = c->line};
	const char **fields = NULL, *field = NULL;
	int more = 1;

	if (c->at == c->in.n)
		return 0;
	while (more) {
		if (row.n == CSV_FIELDS_MAX)
			return error_set(err, REASON_FILE, "line %d: more than %d fields", row.line, CSV_FIELDS_MAX);
		if (read_field(a, c, &field, err) < 0)
			return -1;
		fields = arena_grow(a, fields, row.n, sizeof(*fields));
		fields[row.n++] = field;
		more = read_end(c, err);
		if (more < 0)
			return -1;
	}
	row.fields = fields;
	*out = row;
	return 1;
}
