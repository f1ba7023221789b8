/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * How commands over everybody show what they found: progress on a terminal,
 * text without tricks, CSV and JSON for other programs.
 *
 * What stands in a directory was written by many hands.  On a terminal its
 * control characters would be commands; in a spreadsheet a field that begins
 * like a formula would be one.  Neither leaves here as it is.
 */
#ifndef GATEWAY_REPORT_H
#define GATEWAY_REPORT_H

#include "base/arena.h"

#include <jansson.h>
#include <stdint.h>

enum report_form { REPORT_TEXT, REPORT_CSV, REPORT_JSON };

/* ---- progress: only where standard error is a terminal, only when it takes long enough to be read ---- */

struct progress {
	const char *what;               /* "judging" */
	size_t of;                      /* 0: not known */
	int64_t next;                   /* monotonic: when the line is written anew */
	bool shown;
};

void progress_begin(struct progress *p, const char *what, size_t of);
void progress_at(struct progress *p, size_t n);
void progress_end(struct progress *p);

/* ---- text ---- */

/* UTF-8 without control characters or any that reorder a line: each of those, and each byte that is none, becomes `?`.  NULL stays NULL. */
const char *report_clean(struct arena *a, const char *text);
/* The same, and what is longer than `most` bytes is cut, with an ellipsis. */
const char *report_cell(struct arena *a, const char *text, size_t most);
/* "3,842" */
const char *report_number(struct arena *a, size_t n);
/* "1 person", "3,842 people" */
const char *report_count(struct arena *a, size_t n, const char *one, const char *many);

/* ---- CSV: RFC 4180, every field in quotes; what a spreadsheet would take for a formula gets an apostrophe in front ---- */

const char *report_csv_line(struct arena *a, const char *const *fields, size_t n);     /* NULL is an empty field; ends with CRLF */
void report_csv_row(const char *const *fields, size_t n);       /* written */

/* ---- JSON ---- */

void report_json(struct arena *a, json_t *o, const char *key, const char *text);        /* NULL is null */

/* Everything was written: 0, or 1 and said so. */
int report_end(const char *command);

#endif
