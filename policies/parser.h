/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the parts of the parser share: grammar.c joins tests, terms.c reads one.  Internal to policies/. */
#ifndef POLICIES_PARSER_H
#define POLICIES_PARSER_H

#include "policies/condition.h"
#include "policies/lexer.h"

struct parser {
	struct arena *arena;
	struct lexer lexer;
	struct token now;               /* read, not yet used */
	const char *end;                /* behind the last token used */
	enum condition_scope scope;
	const struct policy_names *names;
	struct error *err;
	int depth;
};

int parser_advance(struct parser *p);
bool parser_at_word(const struct parser *p, const char *word);
/* "column 7: found `x`, expected …"; is -1, as error_set. */
#define parser_expected(p, ...) (parser_fill_expected((p), __VA_ARGS__), error_result())
void parser_fill_expected(struct parser *p, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* A test, from its first token on (terms.c). */
int parse_test(struct parser *p, struct condition *out);

int parser_expect_word(struct parser *p, const char *word);
/* A quoted string or a bare word, never empty; `what` is for the error. */
int parser_take_value(struct parser *p, const char *what, const char **out);
/* One of the names of the settings. */
int parser_take_name(struct parser *p, const char *what, const char *const *known, const char **out);
/* The error for what is none of them. */
int parser_refuse_name(struct parser *p, int column, const char *what, const char *name, const char *const *known);
/* `set NAME`, from `set` on; the column is that of the name. */
int parser_take_set(struct parser *p, int *column_out, const struct policy_set **out);

/* What follows the name of an attribute or claim, or `mail` (comparisons.c). */
int parser_take_comparison(struct parser *p, const char *subject, struct condition *out);
/* What follows `today`. */
int parser_take_date_comparison(struct parser *p, struct condition *out);

/* Facts of one sign-on (signon.c). */
int parse_mfa(struct parser *p, struct condition *out);
int parse_method(struct parser *p, struct condition *out);
int parse_guest(struct parser *p, struct condition *out);
int parse_user(struct parser *p, struct condition *out);
int parse_tenant(struct parser *p, struct condition *out);
int parse_door(struct parser *p, struct condition *out);
int parse_link(struct parser *p, struct condition *out);
int parse_client(struct parser *p, struct condition *out);
int parse_time(struct parser *p, struct condition *out);
int parse_weekday(struct parser *p, struct condition *out);
int parse_claim(struct parser *p, struct condition *out);

#endif
