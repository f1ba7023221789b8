/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The text of a condition as a row of tokens.  Internal to policies/. */
#ifndef POLICIES_LEXER_H
#define POLICIES_LEXER_H

#include "base/arena.h"

#define CONDITION_TEXT_MAX 4000         /* bytes; longer conditions are a mistake, and it bounds every loop over one */

enum token_kind {
	TOKEN_END,
	TOKEN_WORD,                     /* bare */
	TOKEN_STRING,                   /* in quotes */
	TOKEN_OPEN,
	TOKEN_CLOSE,
	TOKEN_COMMA,
	TOKEN_EQUAL,
	TOKEN_NOT_EQUAL,
	TOKEN_LESS,                     /* < <= > >= */
};

struct token {
	enum token_kind kind;
	struct slice raw;               /* as written, quotes included */
	const char *text;               /* word: itself; string: its content; else NULL */
	int column;                     /* in characters, from 1 */
};

struct lexer {
	struct arena *arena;
	struct slice in;
	size_t at;
	int column;
};

int lexer_begin(struct lexer *l, struct arena *a, const char *text, struct error *err);
int lexer_next(struct lexer *l, struct token *out, struct error *err);

#endif
