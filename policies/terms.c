/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The tests of the condition language, one parse_<word> for each TEST of words.def. */
#include "policies/parser.h"
#include "policies/words.h"

#define OPERATORS "`=`, `!=`, `like`, `in` or `present`"

static int expect_word(struct parser *p, const char *word)
{
	if (!parser_at_word(p, word))
		return parser_expected(p, "`%s`", word);
	return parser_advance(p);
}

static bool at_joiner(const struct parser *p)
{
	return parser_at_word(p, "and") || parser_at_word(p, "or") || parser_at_word(p, "not");
}

/* A quoted string or a bare word, never empty; `what` is for the error. */
static int take_value(struct parser *p, const char *what, const char **out)
{
	if (p->now.kind == TOKEN_STRING && p->now.text[0] == '\0')
		return parser_expected(p, "%s that is not empty; no value at all is `not NAME present`", what);
	if (at_joiner(p))
		return parser_expected(p, "%s; in quotes it would be one", what);
	if (p->now.kind != TOKEN_WORD && p->now.kind != TOKEN_STRING)
		return parser_expected(p, "%s", what);
	*out = p->now.text;
	return parser_advance(p);
}

/* ", expected one of: a, b; did you mean `a`?" for names of the settings */
static int refuse_name(struct parser *p, int column, const char *what, const char *name, const char *const *known)
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

static int take_name(struct parser *p, const char *what, const char *const *known, const char **out)
{
	int column = p->now.column;
	const char *name, *found;

	if (take_value(p, what, &name) < 0)
		return -1;
	found = word_find(slice_c(name), known);
	if (!found)
		return refuse_name(p, column, what, name, known);
	*out = found;
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
			return refuse_name(p, column, "directory", arena_copy(p->arena, prefix), p->names->directories);
		name = colon + 1;
	}
	if (equal)
		return take_dn(p, column, name, &out->dn_key);
	if (!*name)
		return error_set(p->err, REASON_RULE, "column %d: `%.80s` names a directory, but no group", column, written);
	out->cn = name;
	return out->directory ? 0 : take_only_directory(p, column, name, &out->directory);
}

static int parse_member(struct parser *p, struct condition *out)
{
	const char *written;
	int column;

	out->kind = CONDITION_MEMBER;
	if (expect_word(p, "of") < 0)
		return -1;
	column = p->now.column;
	if (take_value(p, "a group: a DN in quotes, or directory:cn", &written) < 0)
		return -1;
	if (p->now.kind == TOKEN_EQUAL)
		return parser_expected(p, "`and`, `or` or the end; a DN needs quotes: member of \"%.80s=…\"", written);
	return resolve_group(p, column, written, out);
}

static int parse_directory(struct parser *p, struct condition *out)
{
	out->kind = CONDITION_DIRECTORY;
	if (expect_word(p, "is") < 0)
		return -1;
	return take_name(p, "directory", p->names->directories, &out->name);
}

static int parse_dn(struct parser *p, struct condition *out)
{
	const char *dn;
	int column;

	out->kind = CONDITION_DN_UNDER;
	if (expect_word(p, "under") < 0)
		return -1;
	column = p->now.column;
	if (take_value(p, "a DN in quotes", &dn) < 0)
		return -1;
	return take_dn(p, column, dn, &out->dn_key);
}

/* ---- values ---- */

static void keep_value(struct parser *p, struct condition *out, const char *value)
{
	const char **values = arena_grow(p->arena, (void *)out->values, out->value_count, sizeof(*values));

	values[out->value_count++] = value;
	out->values = values;
}

static int take_list(struct parser *p, struct condition *out)
{
	const char *value;

	if (p->now.kind != TOKEN_OPEN)
		return parser_expected(p, "`(` and values with commas between them");
	do {
		if (parser_advance(p) < 0 || take_value(p, "a value", &value) < 0)
			return -1;
		keep_value(p, out, value);
	} while (p->now.kind == TOKEN_COMMA);
	if (p->now.kind != TOKEN_CLOSE)
		return parser_expected(p, "`,` or `)`");
	return parser_advance(p);
}

static int refuse_operator(struct parser *p, const char *subject)
{
	const char *meant = word_meant(subject);

	if (meant)
		return parser_expected(p, "%s after `%.60s`; did you mean `%s`?", OPERATORS, subject, meant);
	if (parser_at_word(p, "is"))
		return parser_expected(p, "%s; `is` goes with `directory` and `door`", OPERATORS);
	if (parser_at_word(p, "not"))
		return parser_expected(p, "%s; `not` stands before the whole test: not %.60s …", OPERATORS, subject);
	meant = p->now.kind == TOKEN_WORD ? word_meant(p->now.text) : NULL;
	if (meant)
		return parser_expected(p, "%s; did you mean `%s`?", OPERATORS, meant);
	return parser_expected(p, "%s after `%.60s`", OPERATORS, subject);
}

static bool take_comparison(const struct parser *p, enum comparison *out)
{
	static const char *const words[] = {
#define OPERATOR(name, word, form, meaning, example) [COMPARISON_##name] = word,
#include "policies/words.def"
	};

	if (p->now.kind == TOKEN_STRING || p->now.kind == TOKEN_END)
		return false;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (slice_is_nocase(p->now.raw, words[i])) {
			*out = (enum comparison)i;
			return true;
		}
	return false;
}

static int take_comparison_and_values(struct parser *p, const char *subject, struct condition *out)
{
	const char *value;
	int column;

	if (!take_comparison(p, &out->comparison))
		return refuse_operator(p, subject);
	if (parser_advance(p) < 0)
		return -1;
	if (out->comparison == COMPARISON_PRESENT)
		return 0;
	if (out->comparison == COMPARISON_IN)
		return take_list(p, out);
	column = p->now.column;
	if (take_value(p, "a value", &value) < 0)
		return -1;
	if (out->comparison == COMPARISON_LIKE && strlen(value) > PATTERN_MAX)
		return error_set(p->err, REASON_RULE, "column %d: the pattern has more than %d bytes", column, PATTERN_MAX);
	keep_value(p, out, value);
	return 0;
}

static int parse_mail(struct parser *p, struct condition *out)
{
	out->kind = CONDITION_MAIL;
	return take_comparison_and_values(p, "mail", out);
}

/* An attribute description: a name or an OID, then options (RFC 4512 section 2.5). */
static bool is_attribute(const char *name)
{
	bool letter = (name[0] >= 'A' && name[0] <= 'Z') || (name[0] >= 'a' && name[0] <= 'z');

	if (!letter && !(name[0] >= '0' && name[0] <= '9'))
		return false;
	return strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-.;") == strlen(name);
}

static int take_attribute(struct parser *p, struct condition *out)
{
	out->kind = CONDITION_ATTRIBUTE;
	if (!p->now.text || !is_attribute(p->now.text))
		return parser_expected(p, "the name of an LDAP attribute");
	out->name = p->now.text;
	if (parser_advance(p) < 0)
		return -1;
	return take_comparison_and_values(p, out->name, out);
}

static int parse_attribute(struct parser *p, struct condition *out)
{
	return take_attribute(p, out);
}

/* ---- facts of this sign-on ---- */

static int parse_mfa(struct parser *p, struct condition *out)
{
	(void)p;
	out->kind = CONDITION_MFA;
	return 0;
}

/* A short name, or a URI; any other word would never be said of anybody, and its `not` of all. */
static int parse_method(struct parser *p, struct condition *out)
{
	static const char *const words[] = {
#define METHOD(word, uri, meaning) #word,
#include "policies/words.def"
		NULL
	};
	static const char *const uris[] = {
#define METHOD(word, uri, meaning) uri,
#include "policies/words.def"
	};
	int column;
	const char *name;

	out->kind = CONDITION_METHOD;
	if (expect_word(p, "is") < 0)
		return -1;
	column = p->now.column;
	if (take_value(p, "a way of signing on", &name) < 0)
		return -1;
	out->name = name;
	for (size_t i = 0; words[i]; i++)
		if (slice_is_nocase(slice_c(name), words[i]))
			out->name = uris[i];
	if (slice_is_nocase(slice_c(name), "mfa"))
		out->kind = CONDITION_MFA;
	return strchr(out->name, ':') ? 0 : refuse_name(p, column, "way of signing on", name, words);
}

static int parse_guest(struct parser *p, struct condition *out)
{
	(void)p;
	out->kind = CONDITION_GUEST;
	return 0;
}

static int parse_door(struct parser *p, struct condition *out)
{
	out->kind = CONDITION_DOOR;
	if (!parser_at_word(p, "kind")) {
		if (!parser_at_word(p, "is"))
			return parser_expected(p, "`is` and a connection, or `kind is managed` or `kind is portal`");
		if (parser_advance(p) < 0)
			return -1;
		return take_name(p, "connection", p->names->doors, &out->name);
	}
	out->kind = CONDITION_DOOR_KIND;
	if (parser_advance(p) < 0 || expect_word(p, "is") < 0)
		return -1;
	if (!parser_at_word(p, "managed") && !parser_at_word(p, "portal"))
		return parser_expected(p, "`managed` or `portal`");
	out->door_kind = parser_at_word(p, "managed") ? DOOR_MANAGED : DOOR_PORTAL;
	return parser_advance(p);
}

static int take_network(struct parser *p, struct condition *out)
{
	struct network *networks = arena_grow(p->arena, (void *)out->networks, out->network_count, sizeof(*networks));
	int column = p->now.column;
	const char *text, *why;

	if (take_value(p, "a network like 10.0.0.0/8", &text) < 0)
		return -1;
	if (network_read(text, &networks[out->network_count], &why) < 0)
		return error_set(p->err, REASON_RULE,
			"column %d: `%.80s` %s; expected a network like 10.0.0.0/8 or 2001:db8::/32",
			column, text, why);
	out->networks = networks;
	out->network_count++;
	return 0;
}

static int parse_client(struct parser *p, struct condition *out)
{
	out->kind = CONDITION_CLIENT;
	if (expect_word(p, "in") < 0 || take_network(p, out) < 0)
		return -1;
	while (p->now.kind == TOKEN_COMMA)
		if (parser_advance(p) < 0 || take_network(p, out) < 0)
			return -1;
	return 0;
}

static int parse_claim(struct parser *p, struct condition *out)
{
	out->kind = CONDITION_CLAIM;
	if (take_value(p, "the name of a claim in quotes", &out->name) < 0)
		return -1;
	return take_comparison_and_values(p, "claim", out);
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
	if (parser_advance(p) < 0)
		return -1;
	return tests[row].parse(p, out);
}

int parse_test(struct parser *p, struct condition *out)
{
	const char *begin = p->now.raw.p;
	size_t row = 0, rows = sizeof(tests) / sizeof(tests[0]);
	int rc;

	if (p->now.kind == TOKEN_END || at_joiner(p))
		return parser_expected(p, "a test like `member of …` or `attribute = value`");
	while (row < rows && !parser_at_word(p, tests[row].word))
		row++;
	if (row < rows)
		rc = parse_known(p, row, out);
	else if (p->now.kind == TOKEN_WORD)
		rc = take_attribute(p, out);
	else
		rc = parser_expected(p, "a test like `member of …` or `attribute = value`");
	if (rc == 0)
		out->text = arena_copy(p->arena, slice_of(begin, (size_t)(p->end - begin)));
	return rc;
}
