/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The tests of the condition language, one parse_<word> for each TEST of words.def. */
#include "policies/parser.h"
#include "policies/words.h"

/* ---- what all tests share ---- */

int parser_expect_word(struct parser *p, const char *word)
{
	if (!parser_at_word(p, word))
		return parser_expected(p, "`%s`", word);
	return parser_advance(p);
}

static bool is_at_joiner(const struct parser *p)
{
	return parser_at_word(p, "and") || parser_at_word(p, "or") || parser_at_word(p, "not");
}

int parser_take_value(struct parser *p, const char *what, const char **out)
{
	if (p->now.kind == TOKEN_STRING && p->now.text[0] == '\0')
		return parser_expected(p, "%s that is not empty; no value at all is `not NAME present`", what);
	if (is_at_joiner(p))
		return parser_expected(p, "%s; in quotes it would be one", what);
	if (p->now.kind != TOKEN_WORD && p->now.kind != TOKEN_STRING)
		return parser_expected(p, "%s", what);
	*out = p->now.text;
	return parser_advance(p);
}

/* ", expected one of: a, b; did you mean `a`?" for names of the settings */
int parser_refuse_name(struct parser *p, int column, const char *what, const char *name, const char *const *known)
{
	const char *near = word_nearest(name, known);
	char list[300] = "none is set up";
	size_t n = 0;

	for (size_t i = 0; known && known[i] && n < sizeof(list); i++)
		n += (size_t)snprintf(list + n, sizeof(list) - n, "%s%s", i ? ", " : "", known[i]);
	if (near)
		return error_set(p->err, REASON_RULE, "column %d: no %s is called `%.80s`; did you mean `%s`?",
			column, what, name, near);
	return error_set(p->err, REASON_RULE, "column %d: no %s is called `%.80s`; there is: %s", column, what, name, list);
}

int parser_take_name(struct parser *p, const char *what, const char *const *known, const char **out)
{
	int column = p->now.column;
	const char *name, *found;

	if (parser_take_value(p, what, &name) < 0)
		return -1;
	found = word_find(slice_c(name), known);
	if (!found) {
		parser_refuse_name(p, column, what, name, known);
		return -1;
	}
	*out = found;
	return 0;
}

int parser_take_set(struct parser *p, int *column_out, const struct policy_set **out)
{
	const char **known = arena_alloc(p->arena, (p->names->set_count + 1) * sizeof(*known));
	const char *name;
	size_t i = 0;

	for (size_t k = 0; k < p->names->set_count; k++)
		known[k] = p->names->sets[k].name;
	if (parser_advance(p) < 0)
		return -1;
	*column_out = p->now.column;
	if (parser_take_name(p, "set", known, &name) < 0)
		return -1;
	while (strcmp(p->names->sets[i].name, name) != 0)
		i++;
	*out = &p->names->sets[i];
	return 0;
}

static int take_dn(struct parser *p, int column, const char *dn, const char **key_out)
{
	if (p->names->normalize(p->arena, dn, key_out) < 0)
		return error_set(p->err, REASON_RULE, "column %d: `%.200s` is not a DN (RFC 4514)", column, dn);
	return 0;
}

/* ---- groups ---- */

/* A cn alone names a group only where it can be in one directory. */
static int take_only_directory(struct parser *p, int column, const char *cn, const char **out)
{
	const char *const *known = p->names->directories;

	if (!known || !known[0])
		return error_set(p->err, REASON_RULE, "column %d: no directory is set up, so there is no group `%.80s`",
			column, cn);
	if (known[1])
		return error_set(p->err, REASON_RULE,
			"column %d: the group `%.80s` may be in several directories; write %s:%.80s or its DN",
			column, cn, known[0], cn);
	*out = known[0];
	return 0;
}

/* "directory:cn", "directory:DN", "DN" or "cn": in a DN no colon comes before the first `=`. */
static int resolve_group(struct parser *p, int column, const char *written, struct condition *out)
{
	const char *colon = strchr(written, ':'), *equal = strchr(written, '='), *name = written;
	struct slice prefix;

	out->group = written;
	if (colon && (!equal || colon < equal)) {
		prefix = slice_of(written, (size_t)(colon - written));
		out->directory = word_find(prefix, p->names->directories);
		if (!out->directory)
			return parser_refuse_name(p, column, "directory", arena_copy(p->arena, prefix), p->names->directories);
		name = colon + 1;
	}
	if (equal) {
		if (take_dn(p, column, name, &out->dn_key) < 0)
			return -1;
		out->hash = group_hash(out->dn_key);
		return 0;
	}
	if (!*name)
		return error_set(p->err, REASON_RULE, "column %d: `%.80s` names a directory, but no group", column, written);
	out->cn = name;
	out->hash = group_hash(name);
	return out->directory ? 0 : take_only_directory(p, column, name, &out->directory);
}

/* A row of groups is `or` between them. */
static int add_group(struct parser *p, const char *written, int column, struct condition ***last)
{
	struct condition *c = arena_alloc(p->arena, sizeof(*c));

	c->kind = CONDITION_MEMBER;
	c->text = arena_printf(p->arena, "member of %s", written);
	**last = c;
	*last = &c->next;
	return resolve_group(p, column, written, c);
}

static int parse_group_set(struct parser *p, struct condition *out)
{
	struct condition **last = &out->child;
	const struct policy_set *set;
	int column;

	out->kind = CONDITION_OR;
	if (parser_take_set(p, &column, &set) < 0)
		return -1;
	for (size_t i = 0; set->values[i]; i++)
		if (add_group(p, set->values[i], column, &last) < 0)
			return error_set(p->err, REASON_RULE, "%s (a group of set %s)", arena_strdup(p->arena, p->err->detail), set->name);
	return 0;
}

static int parse_group_list(struct parser *p, struct condition *out)
{
	struct condition **last = &out->child;
	const char *written;
	int column;

	out->kind = CONDITION_OR;
	do {
		if (parser_advance(p) < 0)
			return -1;
		column = p->now.column;
		if (parser_take_value(p, "a group: a DN in quotes, or directory:cn", &written) < 0 ||
			add_group(p, written, column, &last) < 0)
			return -1;
	} while (p->now.kind == TOKEN_COMMA);
	if (p->now.kind != TOKEN_CLOSE)
		return parser_expected(p, "`,` or `)`");
	return parser_advance(p);
}

static int parse_member(struct parser *p, struct condition *out)
{
	const char *written;
	int column;

	out->kind = CONDITION_MEMBER;
	if (parser_expect_word(p, "of") < 0)
		return -1;
	if (p->now.kind == TOKEN_OPEN)
		return parse_group_list(p, out);
	if (parser_at_word(p, "set"))
		return parse_group_set(p, out);
	column = p->now.column;
	if (parser_take_value(p, "a group: a DN in quotes, or directory:cn", &written) < 0)
		return -1;
	if (p->now.kind == TOKEN_EQUAL)
		return parser_expected(p, "`and`, `or` or the end; a DN needs quotes: member of \"%.80s=…\"", written);
	return resolve_group(p, column, written, out);
}

static int parse_directory(struct parser *p, struct condition *out)
{
	out->kind = CONDITION_DIRECTORY;
	if (parser_expect_word(p, "is") < 0)
		return -1;
	return parser_take_name(p, "directory", p->names->directories, &out->name);
}

static int parse_dn(struct parser *p, struct condition *out)
{
	const char *dn;
	int column;

	out->kind = CONDITION_DN_UNDER;
	if (parser_expect_word(p, "under") < 0)
		return -1;
	column = p->now.column;
	if (parser_take_value(p, "a DN in quotes", &dn) < 0)
		return -1;
	return take_dn(p, column, dn, &out->dn_key);
}

/* ---- values, dates, other conditions ---- */

static int parse_mail(struct parser *p, struct condition *out)
{
	out->kind = CONDITION_MAIL;
	return parser_take_comparison(p, "mail", out);
}

/* An attribute description: a name or an OID, then options (RFC 4512 section 2.5). */
static bool is_attribute(const char *name)
{
	bool letter = (name[0] >= 'A' && name[0] <= 'Z') || (name[0] >= 'a' && name[0] <= 'z');

	if (!letter && !(name[0] >= '0' && name[0] <= '9'))
		return false;
	return strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-.;") == strlen(name);
}

static int parse_attribute(struct parser *p, struct condition *out)
{
	out->kind = CONDITION_ATTRIBUTE;
	if (!p->now.text || !is_attribute(p->now.text))
		return parser_expected(p, "the name of an LDAP attribute");
	out->name = p->now.text;
	if (parser_advance(p) < 0)
		return -1;
	return parser_take_comparison(p, out->name, out);
}

static int parse_today(struct parser *p, struct condition *out)
{
	out->kind = CONDITION_TODAY;
	return parser_take_date_comparison(p, out);
}

static const struct policy_condition *find_condition(const struct policy_names *names, const char *name)
{
	for (size_t i = 0; i < names->condition_count; i++)
		if (strcmp(names->conditions[i].name, name) == 0)
			return &names->conditions[i];
	return NULL;
}

static int parse_condition(struct parser *p, struct condition *out)
{
	const char **known = arena_alloc(p->arena, (p->names->condition_count + 1) * sizeof(*known));
	const char *name, *word;

	for (size_t i = 0; i < p->names->condition_count; i++)
		known[i] = p->names->conditions[i].name;
	out->kind = CONDITION_NAMED;
	out->column = p->now.column;
	if (parser_take_name(p, "condition", known, &name) < 0)
		return -1;
	out->name = name;
	out->named = find_condition(p->names, name);
	out->child = out->named->when;
	word = p->scope == CONDITION_RULE ? condition_sign_on(out->child) : NULL;
	if (word)
		return error_set(p->err, REASON_RULE, "column %d: condition `%.80s` uses `%s`, which is a fact of one sign-on and belongs under "
			"`require`", out->column, name, word);
	return 0;
}

/* ---- which test ---- */

static const struct {
	const char *word;
	enum condition_scope scope;
	int (*parse)(struct parser *p, struct condition *out);
} tests[] = {
#define TEST(word, scope, form, meaning, example) {#word, CONDITION_##scope, parse_##word},
#include "policies/words.def"
};

static int parse_known(struct parser *p, size_t row, struct condition *out)
{
	if (p->scope == CONDITION_RULE && tests[row].scope == CONDITION_REQUIRE)
		return error_set(p->err, REASON_RULE, "column %d: `%s` is a fact of one sign-on and belongs under "
			"`require`; `rules` also decide about provisioning, where nobody signs on",
			p->now.column, tests[row].word);
	if (tests[row].scope == CONDITION_REQUIRE)
		out->sign_on = tests[row].word;
	if (parser_advance(p) < 0)
		return -1;
	return tests[row].parse(p, out);
}

int parse_test(struct parser *p, struct condition *out)
{
	const char *begin = p->now.raw.p;
	size_t row = 0, rows = sizeof(tests) / sizeof(tests[0]);
	int rc;

	if (p->now.kind == TOKEN_END || is_at_joiner(p))
		return parser_expected(p, "a test like `member of …` or `attribute = value`");
	while (row < rows && !parser_at_word(p, tests[row].word))
		row++;
	if (row < rows)
		rc = parse_known(p, row, out);
	else if (p->now.kind == TOKEN_WORD)
		rc = parse_attribute(p, out);
	else
		rc = parser_expected(p, "a test like `member of …` or `attribute = value`");
	if (rc == 0)
		out->text = arena_copy(p->arena, slice_of(begin, (size_t)(p->end - begin)));
	return rc;
}
