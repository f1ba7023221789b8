/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Comma-separated files, read strictly (RFC 4180).  Internal to provision/.
 *
 * Taken: CRLF or LF, a UTF-8 byte order mark, quotes with line ends inside,
 * and `;` or tab instead of the comma where the first line has no comma (what
 * spreadsheets of other countries write).  Refused with the line: a quote in
 * the middle of a field, text behind a closing quote, a quote never closed, a
 * carriage return alone, bytes that are not clean UTF-8.
 *
 * Our own, because libcsv (last release 2013) knows no line numbers, and an
 * error without its line helps nobody.
 */
#ifndef PROVISION_CSV_H
#define PROVISION_CSV_H

#include "base/arena.h"

#define CSV_FIELDS_MAX 512              /* in a row */
#define CSV_FIELD_MAX 65536             /* bytes */

struct csv {
	struct slice in;
	size_t at;
	int line;
	char separator;
};

struct csv_row {
	const char *const *fields;
	size_t n;
	int line;                       /* where it begins, from 1 */
};

/* REASON_FILE when the bytes are UTF-16 or hold NUL. */
int csv_begin(struct csv *c, struct slice bytes, struct error *err);
/* 1 and a row, 0 at the end, -1 with REASON_FILE: "line 17: …".  An empty line is a row of one empty field. */
int csv_next(struct arena *a, struct csv *c, struct csv_row *out, struct error *err);

#endif
