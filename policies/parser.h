/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the two halves of the parser share: grammar.c joins tests, terms.c reads one.  Internal to policies/. */
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

/* A test, from its first token on. */
int parse_test(struct parser *p, struct condition *out);

#endif
