/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Settings files as a tree, from libyaml's events. */
#include "base/yaml.h"
#include "base/encode.h"

#include <yaml.h>

#define DEPTH_MAX 16

struct reader {
	struct arena *arena;
	const char *file;
	struct slice bytes;
	yaml_parser_t parser;
	yaml_event_t event;
	struct error *err;
};

static int fail(struct reader *r, yaml_mark_t mark, const char *text)
{
	return error_set(r->err, REASON_SETTINGS, "%s:%zu: %s", r->file, mark.line + 1, text);
}

/* The blanks and tabs at the begin of a line, counted from 0. */
static struct slice indent_of(struct slice bytes, size_t line)
{
	size_t at = 0, end;

	while (line && at < bytes.n)
		line -= bytes.p[at++] == '\n';
	for (end = at; end < bytes.n && (bytes.p[end] == ' ' || bytes.p[end] == '\t'); end++)
		;
	return slice_of(bytes.p + at, end - at);
}

/* What an administrator can do about it, where libyaml's own words do not say so. */
static const char *advice(const struct reader *r)
{
	static const struct {
		const char *problem, *advice;
	} known[] = {
		{"did not find expected key", "; is this line indented like those that it belongs to?"},
		{"did not find expected '-' indicator", "; is this line indented like those that it belongs to?"},
		{"mapping values are not allowed in this context", "; is this line indented too far, or does a value that holds \": \" need quotes?"},
		{"found a tab character that violates indentation", ""},
		{"found character that cannot start any token", "; a value that begins with this character needs quotes"},
	};
	struct slice indent = indent_of(r->bytes, r->parser.problem_mark.line);

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
		if (r->parser.problem && strcmp(r->parser.problem, known[i].problem) == 0)
			return indent.n && memchr(indent.p, '\t', indent.n) ? "; a tab indents this line, where YAML takes blanks alone" : known[i].advice;
	}
	return "";
}

/* libyaml names no line for bytes that are no text. */
static int fail_encoding(struct reader *r)
{
	yaml_mark_t mark = {0};

	for (size_t i = 0; i < r->parser.problem_offset && i < r->bytes.n; i++)
		mark.line += r->bytes.p[i] == '\n';
	return fail(r, mark, "is not text in UTF-8: save the file in that encoding, and without control characters");
}

/* The next event in r->event; what libyaml itself refuses ends here. */
static int next(struct reader *r)
{
	const yaml_parser_t *p = &r->parser;

	yaml_event_delete(&r->event);
	if (yaml_parser_parse(&r->parser, &r->event))
		return 0;
	if (p->error == YAML_READER_ERROR)
		return fail_encoding(r);
	return error_set(r->err, REASON_SETTINGS, "%s:%zu: %s%s%s%s", r->file, p->problem_mark.line + 1,
		p->problem ? p->problem : "cannot be read as YAML", p->context ? " " : "", p->context ? p->context : "", advice(r));
}

static int require_plain(struct reader *r)
{
	const yaml_event_t *e = &r->event;

	if (e->type == YAML_ALIAS_EVENT)
		return fail(r, e->start_mark, "an alias (*name) is not accepted in settings");
	if ((e->type == YAML_SCALAR_EVENT && e->data.scalar.anchor) || (e->type == YAML_SEQUENCE_START_EVENT && e->data.sequence_start.anchor) ||
		(e->type == YAML_MAPPING_START_EVENT && e->data.mapping_start.anchor))
		return fail(r, e->start_mark, "an anchor (&name) is not accepted in settings");
	if ((e->type == YAML_SCALAR_EVENT && e->data.scalar.tag) || (e->type == YAML_SEQUENCE_START_EVENT && e->data.sequence_start.tag) ||
		(e->type == YAML_MAPPING_START_EVENT && e->data.mapping_start.tag))
		return fail(r, e->start_mark, "a tag (!name) is not accepted in settings");
	return 0;
}

static int scalar_text(struct reader *r, const char **out)
{
	struct slice s = slice_of(r->event.data.scalar.value, r->event.data.scalar.length);

	if (!utf8_is_clean(s))
		return fail(r, r->event.start_mark, "a value holds a control character");
	*out = arena_copy(r->arena, s);
	return 0;
}

static int node_read(struct reader *r, int depth, struct yaml_node **out);

/* One key and its value; the event in hand is the key. */
static int pair_read(struct reader *r, struct yaml_node *map, int depth, struct yaml_node **out)
{
	struct yaml_node *value, *other;
	yaml_mark_t mark = r->event.start_mark;
	const char *key;

	if (require_plain(r) < 0)
		return -1;
	if (r->event.type != YAML_SCALAR_EVENT)
		return fail(r, mark, "a key must be a plain word");
	if (scalar_text(r, &key) < 0)
		return -1;
	for (other = map->child; other; other = other->next) {
		if (strcmp(other->key, key) == 0)
			return error_set(r->err, REASON_SETTINGS, "%s:%zu: %s: this key is there twice (first in line %d)", r->file, mark.line + 1, key,
				other->line);
	}
	if (next(r) < 0 || node_read(r, depth + 1, &value) < 0)
		return -1;
	value->key = key;
	value->line = (int)mark.line + 1;
	value->column = (int)mark.column + 1;
	*out = value;
	return 0;
}

static int children_read(struct reader *r, struct yaml_node *parent, int depth)
{
	yaml_event_type_t end = parent->kind == YAML_NODE_MAP ? YAML_MAPPING_END_EVENT : YAML_SEQUENCE_END_EVENT;
	struct yaml_node **last = &parent->child;

	for (;;) {
		if (next(r) < 0)
			return -1;
		if (r->event.type == end)
			return 0;
		if ((parent->kind == YAML_NODE_MAP ? pair_read(r, parent, depth, last) : node_read(r, depth + 1, last)) < 0)
			return -1;
		last = &(*last)->next;
	}
}

static int node_read(struct reader *r, int depth, struct yaml_node **out)
{
	struct yaml_node *node = arena_alloc(r->arena, sizeof(*node));
	const yaml_event_t *e = &r->event;

	if (require_plain(r) < 0)
		return -1;
	if (depth > DEPTH_MAX)
		return fail(r, e->start_mark, "settings are nested too deep");
	node->file = r->file;
	node->line = (int)e->start_mark.line + 1;
	node->column = (int)e->start_mark.column + 1;
	switch (e->type) {
	case YAML_SCALAR_EVENT:
		node->kind = YAML_NODE_SCALAR;
		node->quoted = e->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
		if (scalar_text(r, &node->text) < 0)
			return -1;
		break;
	case YAML_SEQUENCE_START_EVENT:
		node->kind = YAML_NODE_LIST;
		node->flow = e->data.sequence_start.style == YAML_FLOW_SEQUENCE_STYLE;
		if (children_read(r, node, depth) < 0)
			return -1;
		break;
	case YAML_MAPPING_START_EVENT:
		node->kind = YAML_NODE_MAP;
		node->flow = e->data.mapping_start.style == YAML_FLOW_MAPPING_STYLE;
		if (children_read(r, node, depth) < 0)
			return -1;
		break;
	default:
		return fail(r, e->start_mark, "a value was expected");
	}
	*out = node;
	return 0;
}

static int document_read(struct reader *r, struct yaml_node **out)
{
	struct yaml_node *root;

	if (next(r) < 0 || next(r) < 0)         /* stream start, then document start or the end */
		return -1;
	if (r->event.type == YAML_STREAM_END_EVENT) {
		root = arena_alloc(r->arena, sizeof(*root));
		*root = (struct yaml_node){.kind = YAML_NODE_MAP, .file = r->file, .line = 1, .column = 1};
		*out = root;
		return 0;
	}
	if (next(r) < 0 || node_read(r, 0, &root) < 0 || next(r) < 0 || next(r) < 0)
		return -1;
	if (r->event.type != YAML_STREAM_END_EVENT)
		return fail(r, r->event.start_mark, "a second document (---) is not accepted in settings");
	*out = root;
	return 0;
}

/* Editors of Windows put one ahead of a text; libyaml skips it only where it finds out the encoding by itself. */
static struct slice without_byte_order_mark(struct slice bytes)
{
	return slice_begins(bytes, "\xef\xbb\xbf") ? slice_of(bytes.p + 3, bytes.n - 3) : bytes;
}

int yaml_read(struct arena *a, const char *name, struct slice bytes, struct yaml_node **out, struct error *err)
{
	struct reader r = {.arena = a, .file = arena_strdup(a, name), .bytes = without_byte_order_mark(bytes), .err = err};
	int rc;

	if (!yaml_parser_initialize(&r.parser))
		abort();
	yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&r.parser, (const unsigned char *)(r.bytes.n ? r.bytes.p : ""), r.bytes.n);
	rc = document_read(&r, out);
	yaml_event_delete(&r.event);
	yaml_parser_delete(&r.parser);
	return rc;
}

const struct yaml_node *yaml_get(const struct yaml_node *map, const char *key)
{
	const struct yaml_node *n;

	for (n = map->kind == YAML_NODE_MAP ? map->child : NULL; n; n = n->next) {
		if (strcmp(n->key, key) == 0)
			return n;
	}
	return NULL;
}

int yaml_error(struct error *err, const struct yaml_node *node, const char *format, ...)
{
	char text[sizeof(err->detail)];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	return error_set(err, REASON_SETTINGS, "%s:%d: %s%s%s", node->file, node->line, node->key ? node->key : "", node->key ? ": " : "", text);
}
