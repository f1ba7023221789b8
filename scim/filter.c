/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Filters and paths (RFC 7644 sections 3.4.2.2 and 3.5.2), read.
 *
 * Besides the grammar: words that stand for values need no quotes, as in
 * `externalId eq jyoung`, and an attribute with a filter may be compared, as in
 * `emails[type eq "work"].value eq "x"`.  Entra ID writes both.
 */
#include "scim/internal.h"

#include "base/encode.h"
#include "base/text.h"

#define FILTER_BYTES_MAX 8192
#define FILTER_DEPTH_MAX 20
#define FILTER_TERMS_MAX 50

struct reading {
	struct arena *arena;
	const char *p, *end;
	struct fault *fault;
	const char *type;               /* scimType of what is wrong */
	int depth;
	size_t terms;
};

static int wrong(struct reading *r, const char *what)
{
	return fault_set(r->fault, 400, r->type, "%s at \"%.*s\".", what, (int)(r->end - r->p > 60 ? 60 : r->end - r->p), r->p);
}

static void skip_blanks(struct reading *r)
{
	while (r->p < r->end && *r->p == ' ')
		r->p++;
}

static bool is_name_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.' || c == ':' || c == '$';
}

static struct slice name_at(const struct reading *r)
{
	const char *p = r->p;

	while (p < r->end && is_name_byte(*p))
		p++;
	return slice_of(r->p, (size_t)(p - r->p));
}

/* The word is there, and ends there. */
static bool take_word(struct reading *r, const char *word)
{
	struct slice at = name_at(r);

	if (!slice_is_nocase(at, word))
		return false;
	r->p += at.n;
	return true;
}

/* ---- paths ---- */

static int read_or(struct reading *r, const struct filter **out);

/* "urn:…:User:manager.value", "name.givenName", "emails", or the extension itself. */
static void split_name(struct arena *a, const char *text, struct path *out)
{
	const char *colon = strrchr(text, ':'), *rest = colon ? colon + 1 : text, *dot;

	if (text_same(text, URN_ENTERPRISE)) {
		out->urn = URN_ENTERPRISE;
		return;
	}
	if (colon)
		out->urn = name_canonical(arena_copy(a, slice_of(text, (size_t)(colon - text))));
	if (out->urn && (strcmp(out->urn, URN_USER) == 0 || strcmp(out->urn, URN_GROUP) == 0))
		out->urn = NULL;
	dot = strchr(rest, '.');
	out->name = name_canonical(dot ? arena_copy(a, slice_of(rest, (size_t)(dot - rest))) : rest);
	if (dot)
		out->sub = name_canonical(dot + 1);
}

static int read_within(struct reading *r, struct path *out)
{
	struct slice sub;

	r->p++;
	if (read_or(r, &out->within) < 0)
		return -1;
	skip_blanks(r);
	if (r->p == r->end || *r->p != ']')
		return wrong(r, "A bracket is not closed");
	r->p++;
	if (r->p == r->end || *r->p != '.')
		return 0;
	r->p++;
	sub = name_at(r);
	if (!sub.n || out->sub)
		return wrong(r, "No attribute stands");
	out->sub = name_canonical(arena_copy(r->arena, sub));
	r->p += sub.n;
	return 0;
}

static int read_path(struct reading *r, struct path *out)
{
	struct slice name = name_at(r);
	struct path path = {.name = NULL};

	if (!name.n || name.p[name.n - 1] == ':' || name.p[name.n - 1] == '.' || name.p[0] == '.' || name.p[0] == ':' || name.p[0] == '$')
		return wrong(r, "No attribute stands");
	r->p += name.n;
	split_name(r->arena, arena_copy(r->arena, name), &path);
	if (path.name && (!*path.name || (!path.urn && *path.name == '$') || (path.sub && (!*path.sub || strchr(path.sub, '.')))))
		return wrong(r, "No attribute stands before what comes");
	if (r->p < r->end && *r->p == '[' && (!path.name || path.sub || read_within(r, &path) < 0))
		return r->fault->status ? -1 : wrong(r, "No bracket can stand");
	*out = path;
	return 0;
}

/* ---- values ---- */

static int hex_quad(const char *p, const char *end, unsigned *out)
{
	unsigned n = 0;

	if (end - p < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		static const char digits[] = "0123456789abcdef";
		char c = p[i] >= 'A' && p[i] <= 'F' ? (char)(p[i] + 32) : p[i];
		const char *digit = c ? strchr(digits, c) : NULL;

		if (!digit)
			return -1;
		n = n << 4 | (unsigned)(digit - digits);
	}
	*out = n;
	return 0;
}

/* In the basic plane; who has more writes it as it is. */
static int add_escaped(struct reading *r, struct text *t)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	const char *at = r->p < r->end && *r->p ? strchr(from, *r->p) : NULL;
	unsigned c;

	if (at) {
		text_addf(t, "%c", to[at - from]);
		r->p++;
		return 0;
	}
	if (r->p == r->end || *r->p != 'u' || hex_quad(r->p + 1, r->end, &c) < 0 || c == 0 || (c >= 0xd800 && c <= 0xdfff))
		return wrong(r, "No escape that is known stands");
	r->p += 5;
	if (c < 0x80)
		text_addf(t, "%c", (char)c);
	else if (c < 0x800)
		text_addf(t, "%c%c", (char)(0xc0 | c >> 6), (char)(0x80 | (c & 0x3f)));
	else
		text_addf(t, "%c%c%c", (char)(0xe0 | c >> 12), (char)(0x80 | (c >> 6 & 0x3f)), (char)(0x80 | (c & 0x3f)));
	return 0;
}

static int read_quoted(struct reading *r, const char **out)
{
	struct text t;

	text_begin(&t, r->arena, 64);
	for (r->p++; r->p < r->end && *r->p != '"';) {
		if (*r->p == '\\') {
			r->p++;
			if (add_escaped(r, &t) < 0)
				return -1;
		} else {
			text_add(&t, slice_of(r->p++, 1));
		}
	}
	if (r->p == r->end)
		return wrong(r, "A quote is not closed");
	r->p++;
	/* what escapes make of it can be kept: a path's filter says what to make */
	if (!utf8_is_clean(text_slice(&t)))
		return wrong(r, "Control characters stand");
	*out = text_slice(&t).p;
	return 0;
}

static int read_value(struct reading *r, const char **out)
{
	const char *begin = r->p, *text;

	if (r->p < r->end && *r->p == '"')
		return read_quoted(r, out);
	while (r->p < r->end && *r->p != ' ' && *r->p != ')' && *r->p != ']' && *r->p != '"' && *r->p != '(' && *r->p != '[')
		r->p++;
	if (r->p == begin)
		return wrong(r, "No value stands");
	text = arena_copy(r->arena, slice_of(begin, (size_t)(r->p - begin)));
	*out = text_same(text, "null") ? NULL : text;
	return 0;
}

/* ---- filters ---- */

static struct filter *term(struct reading *r, enum filter_kind kind)
{
	struct filter *f = arena_alloc(r->arena, sizeof(*f));

	f->kind = kind;
	return f;
}

static int read_operator(struct reading *r, enum filter_operator *out)
{
	static const char *const words[] = {
		[FILTER_EQ] = "eq", [FILTER_NE] = "ne", [FILTER_CO] = "co", [FILTER_SW] = "sw", [FILTER_EW] = "ew", [FILTER_GT] = "gt",
		[FILTER_GE] = "ge", [FILTER_LT] = "lt", [FILTER_LE] = "le", [FILTER_PR] = "pr",
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		if (take_word(r, words[i])) {
			*out = (enum filter_operator)i;
			return 0;
		}
	}
	return wrong(r, "No operator stands (eq, ne, co, sw, ew, gt, ge, lt, le, pr)");
}

static int read_comparison(struct reading *r, const struct filter **out)
{
	struct filter *f = term(r, FILTER_COMPARE);

	if (++r->terms > FILTER_TERMS_MAX)
		return wrong(r, "There are too many comparisons");
	if (read_path(r, &f->path) < 0)
		return -1;
	skip_blanks(r);
	*out = f;
	if (f->path.within && !f->path.sub && (r->p == r->end || *r->p == ')' || *r->p == ']' || slice_is_nocase(name_at(r), "and") ||
		slice_is_nocase(name_at(r), "or"))) {
		f->op = FILTER_HAS;
		return 0;
	}
	if (read_operator(r, &f->op) < 0)
		return -1;
	if (f->op == FILTER_PR)
		return 0;
	skip_blanks(r);
	return read_value(r, &f->value);
}

static int read_group(struct reading *r, const struct filter **out)
{
	r->p++;
	if (read_or(r, out) < 0)
		return -1;
	skip_blanks(r);
	if (r->p == r->end || *r->p != ')')
		return wrong(r, "A parenthesis is not closed");
	r->p++;
	return 0;
}

static int read_term(struct reading *r, const struct filter **out)
{
	const char *begin;

	skip_blanks(r);
	begin = r->p;
	if (r->p < r->end && *r->p == '(')
		return read_group(r, out);
	if (take_word(r, "not")) {
		struct filter *f = term(r, FILTER_NOT);

		skip_blanks(r);
		if (r->p < r->end && *r->p == '(') {
			*out = f;
			return read_group(r, &f->left);
		}
		r->p = begin;
	}
	return read_comparison(r, out);
}

/* LEFT word LEFT word …: from the left. */
static int read_chain(struct reading *r, const char *word, enum filter_kind kind,
	int (*part)(struct reading *r, const struct filter **out), const struct filter **out)
{
	if (part(r, out) < 0)
		return -1;
	for (;;) {
		struct filter *f;
		const char *before = r->p;

		skip_blanks(r);
		if (r->p == before || !take_word(r, word)) {
			r->p = before;
			return 0;
		}
		f = term(r, kind);
		f->left = *out;
		if (part(r, &f->right) < 0)
			return -1;
		*out = f;
	}
}

static int read_and(struct reading *r, const struct filter **out)
{
	return read_chain(r, "and", FILTER_AND, read_term, out);
}

static int read_or(struct reading *r, const struct filter **out)
{
	int rc;

	if (++r->depth > FILTER_DEPTH_MAX)
		return wrong(r, "It is nested too deep");
	rc = read_chain(r, "or", FILTER_OR, read_and, out);
	r->depth--;
	return rc;
}

static int read_whole(struct reading *r, struct slice text)
{
	if (text.n > FILTER_BYTES_MAX || memchr(text.p ? text.p : "", 0, text.n))
		return fault_set(r->fault, 400, r->type, "The filter or path is longer than %d bytes.", FILTER_BYTES_MAX);
	return 0;
}

int filter_read(struct arena *a, struct slice text, const struct filter **out, struct fault *f)
{
	struct reading r = {.arena = a, .p = text.p, .end = text.p + text.n, .fault = f, .type = "invalidFilter"};

	f->status = 0;
	if (read_whole(&r, text) < 0 || read_or(&r, out) < 0)
		return -1;
	skip_blanks(&r);
	return r.p == r.end ? 0 : wrong(&r, "The filter does not end");
}

int path_read(struct arena *a, struct slice text, struct path *out, struct fault *f)
{
	struct reading r = {.arena = a, .p = text.p, .end = text.p + text.n, .fault = f, .type = "invalidPath"};

	f->status = 0;
	if (read_whole(&r, text) < 0 || read_path(&r, out) < 0)
		return -1;
	return r.p == r.end ? 0 : wrong(&r, "The path does not end");
}
