/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Strict decoders, and numbers and times from text.
 *
 * All refuse what is not exactly the form they are named for; none looks at
 * the locale.
 */
#ifndef BASE_ENCODE_H
#define BASE_ENCODE_H

#include "base/arena.h"

#include <stdint.h>

/*
 * RFC 4648 section 4.  Blanks and line ends inside are skipped (browsers and
 * Entra fold); wrong padding, other characters and trailing bits are refused.
 * 0, or -1.
 */
int base64_decode(struct arena *a, struct slice in, struct slice *out);

/* RFC 4648 section 5, no padding: for cookies. */
char *base64url_encode(struct arena *a, struct slice in);
int base64url_decode(struct arena *a, struct slice in, struct slice *out);

/* %XX, and `+` as a blank (application/x-www-form-urlencoded).  A bad escape: -1. */
int form_decode(struct arena *a, struct slice in, struct slice *out);

/*
 * The raw value of `name` in a query or form body, still encoded.
 * 1 found once, 0 not there, -1 there twice.
 */
int form_find(struct slice query, const char *name, struct slice *raw_out);

int hex_value(char c);                  /* of one digit, in either case; -1: it is none */
void hex_encode(const void *in, size_t n, char *out);   /* 2n characters and a NUL, lower case */

/* Decimal digits only, no sign, within [min, max]; 0 or -1. */
int number_read(struct slice in, uint64_t min, uint64_t max, uint64_t *out);

/* "90", "90s", "15m", "8h", "30d" as seconds; 0 or -1. */
int duration_read(struct slice in, int64_t *seconds_out);

/* xs:dateTime in UTC with Z, fractions allowed and dropped (SAML core 1.3.3); seconds since 1970.  0 or -1. */
int time_read(struct slice in, int64_t *out);
#define TIME_LAST INT64_C(253402300799)                 /* the last second of the year 9999 */
/* 2026-11-24T13:19:16Z; of a time before 1970 or after TIME_LAST the nearest of these: it may be out of a file of others. */
void time_write(int64_t t, char out[21]);

int utf8_is_valid(struct slice in);                     /* well-formed UTF-8 */
size_t utf8_length(struct slice in);                    /* bytes of the character that it begins with; 0: of none */
/* Well-formed UTF-8 without NUL, C0 (but tab, LF, CR), DEL or C1 control characters. */
int utf8_is_clean(struct slice in);

#endif
