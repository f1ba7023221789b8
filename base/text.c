/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Text being written, and the escapes of each place it goes to. */
#include "base/text.h"

#include <stdint.h>

#include <openssl/evp.h>

static void reserve(struct text *t, size_t more)
{
	size_t wanted = t->n + more + 1;
	char *p;

	if (wanted <= t->capacity)
		return;
	if (wanted < t->capacity * 2)
		wanted = t->capacity * 2;
	p = arena_alloc(t->arena, wanted);
	memcpy(p, t->p, t->n);
	t->p = p;
	t->capacity = wanted;
}

void text_begin(struct text *t, struct arena *a, size_t expected)
{
	t->arena = a;
	t->capacity = expected < 64 ? 64 : expected;
	t->p = arena_alloc(a, t->capacity);
	t->n = 0;
}

void text_add(struct text *t, struct slice s)
{
	if (!s.n)
		return;
	reserve(t, s.n);
	memcpy(t->p + t->n, s.p, s.n);
	t->n += s.n;
	t->p[t->n] = 0;
}

void text_add_c(struct text *t, const char *s)
{
	text_add(t, slice_c(s));
}

void text_addf(struct text *t, const char *format, ...)
{
	va_list args, again;
	int n;

	va_start(args, format);
	va_copy(again, args);
	n = vsnprintf(t->p + t->n, t->capacity - t->n, format, args);
	if (n < 0)
		abort();
	if ((size_t)n >= t->capacity - t->n) {
		reserve(t, (size_t)n);
		vsnprintf(t->p + t->n, (size_t)n + 1, format, again);
	}
	t->n += (size_t)n;
	va_end(again);
	va_end(args);
}

/* `escapes` maps a byte to what stands for it; NULL: the byte itself. */
static void add_escaped(struct text *t, struct slice s, const char *const escapes[256])
{
	size_t i, from = 0;

	for (i = 0; i < s.n; i++) {
		const char *e = escapes[(unsigned char)s.p[i]];

		if (!e)
			continue;
		text_add(t, slice_of(s.p + from, i - from));
		text_add_c(t, e);
		from = i + 1;
	}
	text_add(t, slice_of(s.p + from, s.n - from));
}

void text_add_html(struct text *t, struct slice s)
{
	static const char *const escapes[256] = {
		['&'] = "&amp;", ['<'] = "&lt;", ['>'] = "&gt;", ['"'] = "&quot;", ['\''] = "&#39;",
		/* a browser turns these into other bytes when the form is sent */
		['\r'] = "&#13;", ['\n'] = "&#10;", ['\t'] = "&#9;",
	};

	add_escaped(t, s, escapes);
}

void text_add_xml_text(struct text *t, struct slice s)
{
	static const char *const escapes[256] = {
		['&'] = "&amp;", ['<'] = "&lt;", ['>'] = "&gt;", ['\r'] = "&#xD;",
	};

	add_escaped(t, s, escapes);
}

void text_add_xml_attribute(struct text *t, struct slice s)
{
	static const char *const escapes[256] = {
		['&'] = "&amp;", ['<'] = "&lt;", ['"'] = "&quot;", ['\t'] = "&#x9;", ['\n'] = "&#xA;", ['\r'] = "&#xD;",
	};

	add_escaped(t, s, escapes);
}

void text_add_json(struct text *t, struct slice s)
{
	static const char *const escapes[256] = {
		['"'] = "\\\"", ['\\'] = "\\\\", [0x00] = "\\u0000", [0x01] = "\\u0001", [0x02] = "\\u0002", [0x03] = "\\u0003",
		[0x04] = "\\u0004", [0x05] = "\\u0005", [0x06] = "\\u0006", [0x07] = "\\u0007", ['\b'] = "\\b", ['\t'] = "\\t",
		['\n'] = "\\n", [0x0b] = "\\u000B", ['\f'] = "\\f", ['\r'] = "\\r", [0x0e] = "\\u000E", [0x0f] = "\\u000F",
		[0x10] = "\\u0010", [0x11] = "\\u0011", [0x12] = "\\u0012", [0x13] = "\\u0013", [0x14] = "\\u0014", [0x15] = "\\u0015",
		[0x16] = "\\u0016", [0x17] = "\\u0017", [0x18] = "\\u0018", [0x19] = "\\u0019", [0x1a] = "\\u001A", [0x1b] = "\\u001B",
		[0x1c] = "\\u001C", [0x1d] = "\\u001D", [0x1e] = "\\u001E", [0x1f] = "\\u001F",
	};

	add_escaped(t, s, escapes);
}

static int is_unreserved(unsigned char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' ||
		c == '~';
}

void text_add_url(struct text *t, struct slice s)
{
	static const char digits[] = "0123456789ABCDEF";
	size_t i;

	reserve(t, s.n * 3);
	for (i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (is_unreserved(c)) {
			t->p[t->n++] = (char)c;
			continue;
		}
		t->p[t->n++] = '%';
		t->p[t->n++] = digits[c >> 4];
		t->p[t->n++] = digits[c & 15];
	}
	t->p[t->n] = 0;
}

void text_add_base64(struct text *t, struct slice s)
{
	int n;

	if (s.n > INT32_MAX / 2)
		abort();
	reserve(t, (s.n + 2) / 3 * 4);
	n = EVP_EncodeBlock((unsigned char *)t->p + t->n, (const unsigned char *)s.p, (int)s.n);
	t->n += (size_t)n;
	t->p[t->n] = 0;
}

struct slice text_slice(const struct text *t)
{
	return slice_of(t->p, t->n);
}
