/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What follows the name of an attribute or claim: an operator, then values, a
 * set, a number or a date.
 *
 * There are no regular expressions: a condition is judged with values that
 * others write, at every sign-on, and `like` cannot take longer than pattern
 * times value.  What they are mostly used for, `in`, `or`, several patterns and
 * numbers say so that it can be read.
 */
#include "policies/parser.h"
#include "policies/words.h"

#define TEXT_OPERATORS "`=`, `!=`, `like`, `in` or `present`"
#define OPERATORS "`=`, `!=`, `like`, `in`, `present`, `<`, `<=`, `>`, `>=`, `before`, `since`, `until` or `after`"
#define A_DATE "a date: 2026-12-31, 2026-12-31T18:00Z, today, or `today - 30 days`"

#define DAYS_MAX 36500

/* ---- values ---- */

static int keep_value(struct parser *p, int column, const char *value, struct condition *out)
{
	const char **values = arena_grow(p->arena, (void *)out->values, out->value_count, sizeof(*values));

	if (out->comparison == COMPARISON_LIKE && strlen(value) > PATTERN_MAX)
		return error_set(p->err, REASON_RULE, "column %d: the pattern has more than %d bytes", column, PATTERN_MAX);
	values[out->value_count++] = value;
	out->values = values;
	return 0;
}

static int take_value(struct parser *p, struct condition *out)
{
	int column = p->now.column;
	const char *value;

	return parser_take_value(p, "a value", &value) < 0 ? -1 : keep_value(p, column, value, out);
}

static int take_list(struct parser *p, struct condition *out)
{
	do {
		if (parser_advance(p) < 0 || take_value(p, out) < 0)
			return -1;
	} while (p->now.kind == TOKEN_COMMA);
	if (p->now.kind != TOKEN_CLOSE)
		return parser_expected(p, "`,` or `)`");
	return parser_advance(p);
}

static int take_set(struct parser *p, struct condition *out)
{
	const struct policy_set *set;
	int column;

	if (parser_take_set(p, &column, &set) < 0)
		return -1;
	for (size_t i = 0; set->values[i]; i++)
		if (keep_value(p, column, set->values[i], out) < 0)
			return -1;
	return 0;
}

/* ---- numbers and dates ---- */

static int take_number(struct parser *p, struct condition *out)
{
	int column = p->now.column;
	const char *text;

	if (parser_take_value(p, "a whole number", &text) < 0)
		return -1;
	if (whole_number_read(slice_c(text), &out->number) < 0)
		return error_set(p->err, REASON_RULE, "column %d: `%.60s` is not a whole number between -9223372036854775807 and "
			"9223372036854775807; dates are compared with `before`, `since`, `until` and `after`", column, text);
	return 0;
}

/* What may follow `today`: + or -, a number, `days`. */
static int take_days(struct parser *p, struct moment *out)
{
	bool back = parser_at_word(p, "-");
	int64_t days;

	if (!back && !parser_at_word(p, "+"))
		return 0;
	if (parser_advance(p) < 0)
		return -1;
	if (p->now.kind != TOKEN_WORD || whole_number_read(p->now.raw, &days) < 0 || days < 0 || days > DAYS_MAX)
		return parser_expected(p, "a number of days, at most %d", DAYS_MAX);
	out->at = back ? -days : days;
	if (parser_advance(p) < 0)
		return -1;
	if (!parser_at_word(p, "days") && !parser_at_word(p, "day"))
		return parser_expected(p, "`days`");
	return parser_advance(p);
}

static int take_moment(struct parser *p, struct moment *out)
{
	int column = p->now.column;
	const char *text;

	if (parser_at_word(p, "today")) {
		out->kind = MOMENT_TODAY;
		return parser_advance(p) < 0 ? -1 : take_days(p, out);
	}
	if (parser_take_value(p, A_DATE, &text) < 0)
		return -1;
	if (calendar_read_day(slice_c(text), &out->at) == 0)
		out->kind = MOMENT_DAY;
	else if (calendar_read_instant(slice_c(text), &out->at) == 0)
		out->kind = MOMENT_INSTANT;
	else
		return error_set(p->err, REASON_RULE, "column %d: found `%.60s`, expected %s", column, text, A_DATE);
	return 0;
}

int parser_take_date_comparison(struct parser *p, struct condition *out)
{
	static const struct {
		const char *word;
		enum comparison comparison;
	} words[] = {{"before", COMPARISON_BEFORE}, {"since", COMPARISON_SINCE}, {"until", COMPARISON_UNTIL}, {"after", COMPARISON_AFTER}};
	size_t i = 0;

	while (i < 4 && !parser_at_word(p, words[i].word))
		i++;
	if (i == 4)
		return parser_expected(p, "`before`, `since`, `until` or `after` and a date");
	out->comparison = words[i].comparison;
	if (parser_advance(p) < 0)
		return -1;
	if (parser_at_word(p, "today"))
		return parser_expected(p, "a date: today is compared with 2026-12-31 or 2026-12-31T18:00Z");
	return take_moment(p, &out->moment);
}

/* ---- the operator ---- */

static int refuse_operator(struct parser *p, const char *subject)
{
	const char *operators = slice_is_nocase(slice_c(subject), "mail") ? TEXT_OPERATORS : OPERATORS, *meant = word_meant(subject);

	if (parser_at_word(p, "matches"))
		return parser_expected(p, "`like` and a pattern with * and ?");
	if (meant)
		return parser_expected(p, "%s after `%.60s`; did you mean `%s`?", operators, subject, meant);
	if (parser_at_word(p, "is"))
		return parser_expected(p, "%s; `is` goes with `directory` and `door`", operators);
	if (parser_at_word(p, "not"))
		return parser_expected(p, "%s; `not` stands before the whole test: not %.60s …", operators, subject);
	meant = p->now.kind == TOKEN_WORD ? word_meant(p->now.text) : NULL;
	if (meant)
		return parser_expected(p, "%s; did you mean `%s`?", operators, meant);
	return parser_expected(p, "%s after `%.60s`", operators, subject);
}

static bool take_operator(const struct parser *p, enum comparison *out)
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

static int take_operand(struct parser *p, struct condition *out)
{
	bool many = out->comparison == COMPARISON_IN || out->comparison == COMPARISON_LIKE;

	if (comparison_is_number(out->comparison))
		return take_number(p, out);
	if (comparison_is_date(out->comparison))
		return take_moment(p, &out->moment);
	if (many && p->now.kind == TOKEN_OPEN)
		return take_list(p, out);
	if (many && parser_at_word(p, "set"))
		return take_set(p, out);
	if (out->comparison == COMPARISON_IN)
		return parser_expected(p, "`(` and values with commas between them, or `set` and its name");
	return take_value(p, out);
}

int parser_take_comparison(struct parser *p, const char *subject, struct condition *out)
{
	if (!take_operator(p, &out->comparison))
		return refuse_operator(p, subject);
	if (out->kind == CONDITION_MAIL && (comparison_is_number(out->comparison) || comparison_is_date(out->comparison)))
		return refuse_operator(p, subject);
	if (parser_advance(p) < 0)
		return -1;
	return out->comparison == COMPARISON_PRESENT ? 0 : take_operand(p, out);
}
