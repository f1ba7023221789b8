/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Words, quoted strings and signs of a condition.
 *
 * A string stands in single or double quotes, and the quote itself is written
 * twice inside.  The backslash is an ordinary character: DNs carry backslashes
 * of their own (RFC 4514 section 2.4), and conditions stand in YAML, where a
 * second layer of backslashes is what people get wrong.
 */
#include "policies/lexer.h"

#include "base/encode.h"

/* What people write from habit, or an editor makes of it, and what to write instead. */
static const struct {
	const char *written;
	const char *what;               /* NULL: shown as written */
	const char *instead;
} habits[] = {
	{"==", NULL, "`=`"},
	{"=~", NULL, "`like` and a pattern with * and ?"},
	{"<>", NULL, "`!=`"},
	{"=<", NULL, "`<=`"},
	{"=>", NULL, "`>=`"},
	{"&&", NULL, "`and`"},
	{"&", NULL, "`and`"},
	{"||", NULL, "`or`"},
	{"|", NULL, "`or`"},
	{"\xc2\xa0", "a non-breaking blank", "a plain one"},
	{"\xe2\x80\x98", "a typographic quote", "' or \""},
	{"\xe2\x80\x99", "a typographic quote", "' or \""},
	{"\xe2\x80\x9a", "a typographic quote", "' or \""},
	{"\xe2\x80\x9c", "a typographic quote", "' or \""},
	{"\xe2\x80\x9d", "a typographic quote", "' or \""},
	{"\xe2\x80\x9e", "a typographic quote", "' or \""},
};

static const struct {
	const char *sign;
	enum token_kind kind;
} signs[] = {
	{"!=", TOKEN_NOT_EQUAL},
	{"<=", TOKEN_LESS},
	{"<", TOKEN_LESS},
	{">=", TOKEN_LESS},
	{">", TOKEN_LESS},
	{"=", TOKEN_EQUAL},
	{"(", TOKEN_OPEN},
	{")", TOKEN_CLOSE},
	{",", TOKEN_COMMA},
};

int lexer_begin(struct lexer *l, struct arena *a, const char *text, struct error *err)
{
	struct slice in = slice_c(text);

	if (in.n > CONDITION_TEXT_MAX)
		return error_set(err, REASON_RULE, "the condition has %zu bytes, more than %d", in.n, CONDITION_TEXT_MAX);
	if (!utf8_is_clean(in))
		return error_set(err, REASON_RULE, "the condition is not UTF-8 text, or holds control characters");
	*l = (struct lexer){.arena = a, .in = in, .column = 1};
	return 0;
}

static struct slice rest(const struct lexer *l)
{
	return slice_of(l->in.p + l->at, l->in.n - l->at);
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool is_word(char c)
{
	unsigned char u = (unsigned char)c;

	return (u >= '0' && u <= '9') || (u >= 'A' && u <= 'Z') || (u >= 'a' && u <= 'z') || u >= 0x80 ||
		(u != 0 && strchr("_.@:/+-;*?#%", c));
}

/* The row of `habits` that `s` begins with, or -1. */
static int habit_at(struct slice s)
{
	for (size_t i = 0; i < sizeof(habits) / sizeof(habits[0]); i++)
		if (slice_begins(s, habits[i].written))
			return (int)i;
	return -1;
}

static void skip(struct lexer *l, size_t n)
{
	for (; n > 0; n--, l->at++)
		if (((unsigned char)l->in.p[l->at] & 0xc0) != 0x80)
			l->column++;
}

static int refuse_sign(const struct lexer *l, struct error *err)
{
	struct slice s = rest(l);
	int habit = habit_at(s);

	if (habit >= 0 && habits[habit].what)
		return error_set(err, REASON_RULE, "column %d: found %s, expected %s", l->column, habits[habit].what,
			habits[habit].instead);
	if (habit >= 0)
		return error_set(err, REASON_RULE, "column %d: found `%s`, expected %s", l->column, habits[habit].written,
			habits[habit].instead);
	if (s.p[0] == '!')
		return error_set(err, REASON_RULE, "column %d: found `!`, expected `not` or `!=`", l->column);
	return error_set(err, REASON_RULE, "column %d: found `%c`, which means nothing outside quotes", l->column, s.p[0]);
}

static int read_string(struct lexer *l, struct token *out, struct error *err)
{
	struct slice s = rest(l);
	char quote = s.p[0], *content = arena_alloc(l->arena, s.n);
	size_t i = 1, n = 0;

	for (;; i++) {
		if (i == s.n)
			return error_set(err, REASON_RULE, "column %d: the quote %c that opens here is never closed",
				l->column, quote);
		if (s.p[i] == quote && (i + 1 == s.n || s.p[i + 1] != quote))
			break;
		if (s.p[i] == quote)
			i++;
		content[n++] = s.p[i];
	}
	*out = (struct token){TOKEN_STRING, slice_of(s.p, i + 1), content, l->column};
	skip(l, i + 1);
	return 0;
}

static void read_word(struct lexer *l, struct token *out)
{
	struct slice s = rest(l), word;
	size_t n = 0;

	while (n < s.n && is_word(s.p[n]) && habit_at(slice_of(s.p + n, s.n - n)) < 0)
		n++;
	word = slice_of(s.p, n);
	*out = (struct token){TOKEN_WORD, word, arena_copy(l->arena, word), l->column};
	skip(l, n);
}

int lexer_next(struct lexer *l, struct token *out, struct error *err)
{
	struct slice s;

	while (l->at < l->in.n && is_blank(l->in.p[l->at]))
		skip(l, 1);
	s = rest(l);
	if (s.n == 0) {
		*out = (struct token){TOKEN_END, s, NULL, l->column};
		return 0;
	}
	if (habit_at(s) >= 0)
		return refuse_sign(l, err);
	if (s.p[0] == '"' || s.p[0] == '\'')
		return read_string(l, out, err);
	for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++)
		if (slice_begins(s, signs[i].sign)) {
			*out = (struct token){signs[i].kind, slice_of(s.p, strlen(signs[i].sign)), NULL, l->column};
			skip(l, out->raw.n);
			return 0;
		}
	if (!is_word(s.p[0]))
		return refuse_sign(l, err);
	read_word(l, out);
	return 0;
}
