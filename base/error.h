/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Why something did not happen: a reason and a detail.
 *
 * The reason is one row of reasons.def and may be shown to anyone.  The detail
 * is for the operator: it goes to the log and to `postern check`, never to a
 * browser.  Functions that can fail return 0, or -1 with `err` filled; what
 * their out-parameters (…_out) pointed at is then untouched.
 */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#include <stdarg.h>

enum reason {
	REASON_NONE,            /* nothing went wrong; never set by error_set */
#define REASON(name, word, status, sentence) REASON_##name,
#include "base/reasons.def"
#undef REASON
	REASON_COUNT
};

struct error {
	enum reason reason;
	char detail[700];
};

/*
 * error_set(err, reason, format, ...): is -1, so that a step can end with
 * `return error_set(…)`.  error_prefix(err, format, ...): puts text before the
 * detail, keeps the reason; is -1.  Macros, so that whoever compiles or
 * analyses one file alone knows that they never are 0.
 */
#define error_set(err, reason, ...) (error_fill((err), (reason), __VA_ARGS__), error_result())
#define error_prefix(err, ...) (error_fill_before((err), __VA_ARGS__), error_result())

static inline int error_result(void)
{
	return -1;
}

void error_fill(struct error *err, enum reason reason, const char *format, ...) __attribute__((format(printf, 3, 4)));
void error_fill_before(struct error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

const char *reason_word(enum reason reason);            /* for logs and audit: "wrong-audience" */
int reason_status(enum reason reason);                  /* HTTP status of the page */
const char *reason_sentence(enum reason reason);        /* for a person, in English */

#endif
