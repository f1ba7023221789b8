/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The grammar of conditions, by recursive descent:
 *
 *	condition  = all { "or" all }
 *	all        = one { "and" one }
 *	one        = "not" one | "(" condition ")" | test
 *
 * Words are read without case.  Tests are in terms.c, their words in words.def.
 */
#include "policies/parser.h"
#include "policies/words.h"

static int parse_any(struct parser *p, struct condition **out);

int parser_advance(struct parser *p)
{
	struct token next;

	if (lexer_next(&p->lexer, &next, p->err) < 0)
		return -1;
	if (p->now.raw.p)
		p->end = p->now.raw.p + p->now.raw.n;
	p->now = next;
	return 0;
}

bool parser_at_word(const struct parser *p, const char *word)
{
	return p->now.kind == TOKEN_WORD && slice_is_nocase(p->now.raw, word);
}

void parser_fill_expected(struct parser *p, const char *format, ...)
{
	char expected[400];
	va_list ap;
	int n;

	va_start(ap, format);
	n = vsnprintf(expected, sizeof(expected), format, ap);
	va_end(ap);
	if (n < 0)
		expected[0] = '\0';
	if (p->now.kind == TOKEN_END) {
		error_set(p->err, REASON_RULE, "column %d: the condition ends, expected %s", p->now.column, expected);
		return;
	}
	error_set(p->err, REASON_RULE, "column %d: found `%.*s`, expected %s", p->now.column,
		(int)(p->now.raw.n < 60 ? p->now.raw.n : 60), p->now.raw.p, expected);
}

static struct condition *new_condition(struct parser *p, enum condition_kind kind)
{
	struct condition *c = arena_alloc(p->arena, sizeof(*c));

	c->kind = kind;
	return c;
}

static int enter(struct parser *p)
{
	if (++p->depth > CONDITION_DEPTH_MAX)
		return error_set(p->err, REASON_RULE, "column %d: more than %d parentheses and `not` within each other",
			p->now.column, CONDITION_DEPTH_MAX);
	return parser_advance(p);
}

static int parse_not(struct parser *p, struct condition **out);

static int parse_parentheses(struct parser *p, struct condition **out)
{
	int column = p->now.column;

	if (enter(p) < 0 || parse_any(p, out) < 0)
		return -1;
	if (p->now.kind != TOKEN_CLOSE)
		return parser_expected(p, "`and`, `or` or the `)` for the `(` in column %d", column);
	p->depth--;
	return parser_advance(p);
}

static int parse_one(struct parser *p, struct condition **out)
{
	if (p->now.kind == TOKEN_OPEN)
		return parse_parentheses(p, out);
	if (parser_at_word(p, "not"))
		return parse_not(p, out);
	*out = new_condition(p, CONDITION_NOTHING);
	return parse_test(p, *out);
}

static int parse_not(struct parser *p, struct condition **out)
{
	struct condition *c = new_condition(p, CONDITION_NOT);

	if (enter(p) < 0 || parse_one(p, &c->child) < 0)
		return -1;
	p->depth--;
	*out = c;
	return 0;
}

/* `operand`s with `word` between them; one alone is itself. */
static int parse_joined(struct parser *p, const char *word, enum condition_kind kind,
	int (*operand)(struct parser *, struct condition **), struct condition **out)
{
	struct condition *first, **last;

	if (operand(p, &first) < 0)
		return -1;
	if (!parser_at_word(p, word)) {
		*out = first;
		return 0;
	}
	*out = new_condition(p, kind);
	(*out)->child = first;
	last = &first->next;
	while (parser_at_word(p, word)) {
		if (parser_advance(p) < 0 || operand(p, last) < 0)
			return -1;
		last = &(*last)->next;
	}
	return 0;
}

static int parse_all(struct parser *p, struct condition **out)
{
	return parse_joined(p, "and", CONDITION_AND, parse_one, out);
}

static int parse_any(struct parser *p, struct condition **out)
{
	return parse_joined(p, "or", CONDITION_OR, parse_all, out);
}

static int parse_whole(struct parser *p, struct condition **out)
{
	static const char *const joiners[] = {"and", "or", NULL};
	const char *meant;

	if (p->now.kind == TOKEN_END)
		return error_set(p->err, REASON_RULE, "the condition is empty");
	if (parse_any(p, out) < 0)
		return -1;
	if (p->now.kind == TOKEN_END)
		return 0;
	if (p->now.kind == TOKEN_CLOSE)
		return parser_expected(p, "`and`, `or` or the end: no `(` is open");
	meant = p->now.kind == TOKEN_WORD ? word_nearest(p->now.text, joiners) : NULL;
	if (meant)
		return parser_expected(p, "`and`, `or` or the end; did you mean `%s`?", meant);
	return parser_expected(p, "`and`, `or` or the end; a value with blanks or signs in it needs quotes");
}

int condition_parse(struct arena *a, const char *text, enum condition_scope scope, const struct policy_names *names,
	struct condition **out, struct error *err)
{
	struct parser p = {.arena = a, .scope = scope, .names = names, .err = err};
	struct condition *parsed;

	if (!text)
		return error_set(err, REASON_RULE, "the condition is missing");
	if (lexer_begin(&p.lexer, a, text, err) < 0 || parser_advance(&p) < 0 || parse_whole(&p, &parsed) < 0)
		return -1;
	*out = parsed;
	return 0;
}

void condition_attributes(const struct condition *c, void (*use)(const char *attribute, void *context), void *context)
{
	for (; c; c = c->next) {
		condition_attributes(c->child, use, context);
		if (c->kind == CONDITION_ATTRIBUTE)
			use(c->name, context);
	}
}

void condition_groups(const struct condition *c, void (*use)(const char *group_as_written, void *context), void *context)
{
	for (; c; c = c->next) {
		condition_groups(c->child, use, context);
		if (c->kind == CONDITION_MEMBER)
			use(c->group, context);
	}
}

void condition_claims(const struct condition *c, void (*use)(const char *claim, void *context), void *context)
{
	for (; c; c = c->next) {
		condition_claims(c->child, use, context);
		if (c->kind == CONDITION_CLAIM)
			use(c->name, context);
	}
}

bool condition_depends_on_day(const struct condition *c)
{
	bool depends = false;

	for (; c && !depends; c = c->next)
		depends = c->kind == CONDITION_TODAY || c->kind == CONDITION_TIME || c->kind == CONDITION_WEEKDAY ||
			(comparison_is_date(c->comparison) && c->moment.kind == MOMENT_TODAY) || condition_depends_on_day(c->child);
	return depends;
}

const char *condition_sign_on(const struct condition *c)
{
	const char *word = NULL;

	for (; c && !word; c = c->next)
		word = c->sign_on ? c->sign_on : condition_sign_on(c->child);
	return word;
}

/* ---- conditions that name others ---- */

enum visit { VISIT_NONE, VISIT_OPEN, VISIT_DONE };

struct linker {
	struct policy_condition *list;
	size_t n;
	enum visit *visits;
	size_t *tests;                  /* how many each holds, with all that it names */
	int *heights;                   /* of the longest way down by names */
	size_t *which;
	struct error *err;
};

static int link_one(struct linker *l, size_t i);

static int link_named(struct linker *l, size_t from, struct condition *c, size_t *tests)
{
	size_t to = (size_t)(c->named - l->list);

	if (l->visits[to] == VISIT_OPEN) {
		*l->which = from;
		return error_set(l->err, REASON_RULE, "column %d: condition `%s` leads back to this one", c->column, c->name);
	}
	if (link_one(l, to) < 0)
		return -1;
	if (l->heights[from] < l->heights[to] + 1)
		l->heights[from] = l->heights[to] + 1;
	if (l->heights[from] > CONDITION_DEPTH_MAX) {
		*l->which = from;
		return error_set(l->err, REASON_RULE, "column %d: more than %d conditions that name one another in a row", c->column,
			CONDITION_DEPTH_MAX);
	}
	c->child = l->list[to].when;
	*tests += l->tests[to];
	return 0;
}

static int link_tree(struct linker *l, size_t from, struct condition *c, size_t *tests)
{
	for (; c; c = c->next) {
		++*tests;
		if (c->kind == CONDITION_NAMED ? link_named(l, from, c, tests) < 0 : link_tree(l, from, c->child, tests) < 0)
			return -1;
		if (*tests > CONDITION_TESTS_MAX) {
			*l->which = from;
			return error_set(l->err, REASON_RULE, "holds more than %d tests with all the conditions that it names", CONDITION_TESTS_MAX);
		}
	}
	return 0;
}

static int link_one(struct linker *l, size_t i)
{
	if (l->visits[i] == VISIT_DONE)
		return 0;
	l->visits[i] = VISIT_OPEN;
	if (link_tree(l, i, l->list[i].when, &l->tests[i]) < 0)
		return -1;
	l->visits[i] = VISIT_DONE;
	return 0;
}

int policy_conditions_link(struct policy_condition *list, size_t n, size_t *which, struct error *err)
{
	struct arena *a = arena_new();
	struct linker l = {.list = list, .n = n, .which = which, .err = err};
	int rc = 0;

	l.visits = arena_alloc(a, (n + 1) * sizeof(*l.visits));
	l.tests = arena_alloc(a, (n + 1) * sizeof(*l.tests));
	l.heights = arena_alloc(a, (n + 1) * sizeof(*l.heights));
	for (size_t i = 0; i < n && rc == 0; i++)
		rc = link_one(&l, i);
	arena_free(a);
	return rc;
}
