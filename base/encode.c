/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Strict decoders, and numbers and times from text. */
#include "base/encode.h"
#include "base/text.h"

#include <time.h>

/* Value of a letter in bits 0 to 5; the alphabets differ in the last two letters. */
#define NO_LETTER 0xff

struct alphabet {
	bool made;
	unsigned char value[256];
};

static const struct alphabet *alphabet(const char last[2])
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
	static struct alphabet standard, url;
	struct alphabet *a = last[0] == '+' ? &standard : &url;
	size_t i;

	if (a->made)
		return a;
	memset(a->value, NO_LETTER, sizeof(a->value));
	for (i = 0; letters[i]; i++)
		a->value[(unsigned char)letters[i]] = (unsigned char)i;
	a->value[(unsigned char)last[0]] = 62;
	a->value[(unsigned char)last[1]] = 63;
	a->made = true;
	return a;
}

/* From `i` on four letters at a time as long as there are four in a row; where that ends. */
static size_t base64_quads(struct slice in, size_t i, const struct alphabet *a, unsigned char *out)
{
	const unsigned char *p = (const unsigned char *)in.p;

	for (; i + 4 <= in.n; i += 4) {
		unsigned v0 = a->value[p[i]], v1 = a->value[p[i + 1]], v2 = a->value[p[i + 2]], v3 = a->value[p[i + 3]];
		unsigned bits;

		if ((v0 | v1 | v2 | v3) & 0xc0)
			break;
		bits = v0 << 18 | v1 << 12 | v2 << 6 | v3;
		*out++ = (unsigned char)(bits >> 16);
		*out++ = (unsigned char)(bits >> 8);
		*out++ = (unsigned char)bits;
	}
	return i;
}

/* Letters to bytes; `letters` counts them, the bits left over must be zero. */
static int base64_letters(struct slice in, const char last[2], bool skip_blanks, unsigned char *out, size_t *n_out, size_t *letters_out,
	size_t *rest_out)
{
	const struct alphabet *a = alphabet(last);
	size_t i = 0, n = 0, letters = 0;
	unsigned bits = 0;

	for (; i < in.n; i++) {
		unsigned char c;

		if (letters % 4 == 0) {
			size_t end = base64_quads(in, i, a, out + n);

			letters += end - i;
			n += (end - i) / 4 * 3;
			i = end;
			if (i == in.n)
				break;
		}
		c = (unsigned char)in.p[i];
		if (skip_blanks && (c == ' ' || c == '\t' || c == '\r' || c == '\n'))
			continue;
		if (c == '=')
			break;
		if (a->value[c] == NO_LETTER)
			return -1;
		bits = (bits << 6 | a->value[c]) & 0xfffff;
		if (letters++ % 4)
			out[n++] = (unsigned char)(bits >> (6 - 2 * ((letters - 1) % 4)));
	}
	if (letters % 4 == 1 || (letters % 4 == 2 && (bits & 15)) || (letters % 4 == 3 && (bits & 3)))
		return -1;
	*n_out = n;
	*letters_out = letters;
	*rest_out = i;
	return 0;
}

int base64_decode(struct arena *a, struct slice in, struct slice *out)
{
	unsigned char *bytes = arena_alloc(a, in.n / 4 * 3 + 4);
	size_t n, letters, i, padding = 0;

	if (base64_letters(in, "+/", true, bytes, &n, &letters, &i) < 0)
		return -1;
	for (; i < in.n; i++) {
		if (in.p[i] == '=')
			padding++;
		else if (in.p[i] != ' ' && in.p[i] != '\t' && in.p[i] != '\r' && in.p[i] != '\n')
			return -1;
	}
	if (padding != (4 - letters % 4) % 4)
		return -1;
	*out = slice_of(bytes, n);
	return 0;
}

char *base64url_encode(struct arena *a, struct slice in)
{
	struct text t;
	size_t i;

	text_begin(&t, a, in.n / 3 * 4 + 8);
	text_add_base64(&t, in);
	for (i = 0; i < t.n; i++) {
		if (t.p[i] == '+')
			t.p[i] = '-';
		else if (t.p[i] == '/')
			t.p[i] = '_';
		else if (t.p[i] == '=')
			t.p[i] = 0;
	}
	return t.p;
}

int base64url_decode(struct arena *a, struct slice in, struct slice *out)
{
	unsigned char *bytes = arena_alloc(a, in.n / 4 * 3 + 4);
	size_t n, letters, rest;

	if (base64_letters(in, "-_", false, bytes, &n, &letters, &rest) < 0 || rest != in.n)
		return -1;
	*out = slice_of(bytes, n);
	return 0;
}

int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Behind a `%`. */
static int take_escape(struct slice *in, char *out)
{
	int high = in->n >= 2 ? hex_value(in->p[0]) : -1, low = in->n >= 2 ? hex_value(in->p[1]) : -1;

	if (high < 0 || low < 0)
		return -1;
	*out = (char)(high << 4 | low);
	*in = slice_of(in->p + 2, in->n - 2);
	return 0;
}

int form_decode(struct arena *a, struct slice in, struct slice *out)
{
	char *p = arena_alloc(a, in.n + 1), *plus;
	size_t n = 0;

	while (in.n > 0) {
		const char *escape = memchr(in.p, '%', in.n);
		size_t part = escape ? (size_t)(escape - in.p) : in.n;

		memcpy(p + n, in.p, part);
		for (plus = p + n; (plus = memchr(plus, '+', (size_t)(p + n + part - plus))) != NULL; plus++)
			*plus = ' ';
		n += part;
		in = slice_of(in.p + part, in.n - part);
		if (!escape)
			break;
		in = slice_of(in.p + 1, in.n - 1);
		if (take_escape(&in, p + n++) < 0)
			return -1;
	}
	*out = slice_of(p, n);
	return 0;
}

/* The part of the query up to the next `&`, which is taken off it. */
static struct slice take_part(struct slice *query)
{
	const char *end = memchr(query->p, '&', query->n);
	struct slice part = slice_of(query->p, end ? (size_t)(end - query->p) : query->n);

	*query = end ? slice_of(end + 1, query->n - part.n - 1) : (struct slice){0};
	return part;
}

int form_find(struct slice query, const char *name, struct slice *raw_out)
{
	size_t n = strlen(name);
	struct slice found = {0};
	int count = 0;

	while (query.p) {
		struct slice part = take_part(&query);

		if (part.n < n || memcmp(part.p, name, n) != 0 || (part.n > n && part.p[n] != '='))
			continue;
		found = part.n > n ? slice_of(part.p + n + 1, part.n - n - 1) : slice_of(part.p + n, 0);
		count++;
	}
	if (count == 1)
		*raw_out = found;
	return count > 1 ? -1 : count;
}

void hex_encode(const void *in, size_t n, char *out)
{
	static const char digits[] = "0123456789abcdef";
	const unsigned char *p = in;
	size_t i;

	for (i = 0; i < n; i++) {
		out[2 * i] = digits[p[i] >> 4];
		out[2 * i + 1] = digits[p[i] & 15];
	}
	out[2 * n] = 0;
}

int number_read(struct slice in, uint64_t min, uint64_t max, uint64_t *out)
{
	uint64_t v = 0;
	size_t i;

	if (in.n == 0 || in.n > 19)
		return -1;
	for (i = 0; i < in.n; i++) {
		if (in.p[i] < '0' || in.p[i] > '9')
			return -1;
		v = v * 10 + (uint64_t)(in.p[i] - '0');
	}
	if (v < min || v > max)
		return -1;
	*out = v;
	return 0;
}

int duration_read(struct slice in, int64_t *seconds_out)
{
	static const struct { char unit; int64_t seconds; } units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}};
	int64_t factor = 1;
	uint64_t v;
	size_t i;

	for (i = 0; in.n && i < sizeof(units) / sizeof(*units); i++) {
		if (in.p[in.n - 1] != units[i].unit)
			continue;
		factor = units[i].seconds;
		in.n--;
		break;
	}
	if (number_read(in, 0, INT32_MAX, &v) < 0)
		return -1;
	*seconds_out = (int64_t)v * factor;
	return 0;
}

static int two_digits(const char *p, int min, int max, int *out)
{
	int v;

	if (p[0] < '0' || p[0] > '9' || p[1] < '0' || p[1] > '9')
		return -1;
	v = (p[0] - '0') * 10 + p[1] - '0';
	if (v < min || v > max)
		return -1;
	*out = v;
	return 0;
}

/* Days since 1970-01-01 of a date in the Gregorian calendar, years counted from March. */
static int64_t days_of(int year, int month, int day)
{
	int64_t y = month <= 2 ? year - 1 : year;
	int64_t m = month <= 2 ? month + 9 : month - 3;

	return 365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1 - 719468;
}

static int days_in_month(int year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

	return month == 2 && year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : days[month - 1];
}

int time_read(struct slice in, int64_t *out)
{
	int century, year, month, day, hour, minute, second;
	const char *p = in.p;
	size_t i = 19;

	if (in.n < 20 || in.n > 40 || p[4] != '-' || p[7] != '-' || p[10] != 'T' || p[13] != ':' || p[16] != ':')
		return -1;
	if (two_digits(p, 0, 99, &century) < 0 || two_digits(p + 2, 0, 99, &year) < 0 || two_digits(p + 5, 1, 12, &month) < 0 ||
		two_digits(p + 8, 1, 31, &day) < 0 || two_digits(p + 11, 0, 23, &hour) < 0 || two_digits(p + 14, 0, 59, &minute) < 0 ||
		two_digits(p + 17, 0, 59, &second) < 0)
		return -1;
	year += century * 100;
	if (year < 1970 || day > days_in_month(year, month))
		return -1;
	if (p[i] == '.') {
		size_t first = ++i;

		while (i < in.n && p[i] >= '0' && p[i] <= '9')
			i++;
		if (i == first)
			return -1;
	}
	if (i + 1 != in.n || p[i] != 'Z')
		return -1;
	*out = ((days_of(year, month, day) * 24 + hour) * 60 + minute) * 60 + second;
	return 0;
}

void time_write(int64_t t, char out[21])
{
	time_t seconds = (time_t)(t < 0 ? 0 : t > TIME_LAST ? TIME_LAST : t);
	struct tm tm;

	if (!gmtime_r(&seconds, &tm))
		abort();
	strftime(out, 21, "%Y-%m-%dT%H:%M:%SZ", &tm);
}

/* Length of the well-formed sequence at p (RFC 3629), its code point in *c; 0: not well-formed. */
static size_t utf8_next(const unsigned char *p, size_t n, uint32_t *c)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t length, i;

	if (p[0] < 0x80) {
		*c = p[0];
		return 1;
	}
	if (p[0] < 0xc2 || p[0] > 0xf4)
		return 0;
	length = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
	if (n < length)
		return 0;
	*c = p[0] & (0xffu >> (length + 1));
	for (i = 1; i < length; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		*c = *c << 6 | (p[i] & 0x3fu);
	}
	return *c < least[length] || *c > 0x10ffff || (*c >= 0xd800 && *c <= 0xdfff) ? 0 : length;
}

/* Whether eight bytes are all printable ASCII: each test below sets the high bit of a byte that is not. */
static bool is_plain(const unsigned char *p)
{
	const uint64_t ones = UINT64_C(0x0101010101010101), high = ones << 7;
	uint64_t x, del;

	memcpy(&x, p, sizeof(x));
	del = x ^ (ones * 0x7f);
	return ((x | ((x - ones * 0x20) & ~x) | ((del - ones) & ~del)) & high) == 0;
}

int utf8_is_valid(struct slice in)
{
	const unsigned char *p = (const unsigned char *)in.p;
	size_t i = 0, length;
	uint32_t c;

	for (; i < in.n; i += length) {
		length = in.n - i >= 8 && is_plain(p + i) ? 8 : utf8_next(p + i, in.n - i, &c);
		if (!length)
			return 0;
	}
	return 1;
}

size_t utf8_length(struct slice in)
{
	uint32_t c;

	return in.n ? utf8_next((const unsigned char *)in.p, in.n, &c) : 0;
}

int utf8_is_clean(struct slice in)
{
	const unsigned char *p = (const unsigned char *)in.p;
	size_t i = 0, length;
	uint32_t c;

	for (; i < in.n; i += length) {
		if (in.n - i >= 8 && is_plain(p + i)) {
			length = 8;
			continue;
		}
		length = utf8_next(p + i, in.n - i, &c);
		if (!length || (c < 0x20 && c != '\t' && c != '\n' && c != '\r') || (c >= 0x7f && c < 0xa0) || c == 0xfffe || c == 0xffff)
			return 0;
	}
	return 1;
}
