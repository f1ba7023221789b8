/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Runs of capital letters, and how far behind them their small ones stand. */
#include "base/fold.h"

#include <string.h>

static unsigned fold_latin(unsigned c)
{
	if (c >= 0xc0 && c <= 0xde && c != 0xd7)
		return c + 0x20;
	/* Latin Extended-A: pairs, the capital first; three runs with their parity, and what does not pair left alone */
	if ((c >= 0x100 && c <= 0x12f) || (c >= 0x132 && c <= 0x137) || (c >= 0x14a && c <= 0x177))
		return c | 1;
	if ((c >= 0x139 && c <= 0x148) || (c >= 0x179 && c <= 0x17e))
		return c + (c & 1);
	return c == 0x178 ? 0xff : c;
}

static unsigned fold_letter(unsigned c)
{
	if (c < 0x180)
		return fold_latin(c);
	if (c >= 0x391 && c <= 0x3a9 && c != 0x3a2)
		return c + 0x20;
	if (c >= 0x400 && c <= 0x40f)
		return c + 0x50;
	if (c >= 0x410 && c <= 0x42f)
		return c + 0x20;
	return c;
}

size_t fold_character(const char *p, size_t n, char out[2])
{
	unsigned char first = (unsigned char)p[0];
	unsigned c;

	out[0] = first >= 'A' && first <= 'Z' ? (char)(first + ('a' - 'A')) : p[0];
	if (first < 0xc2 || first > 0xdf || n < 2 || ((unsigned char)p[1] & 0xc0) != 0x80)
		return 1;
	c = fold_letter((unsigned)(first & 0x1f) << 6 | ((unsigned char)p[1] & 0x3f));
	out[0] = (char)(0xc0 | c >> 6);
	out[1] = (char)(0x80 | (c & 0x3f));
	return 2;
}

void fold_text(char *s)
{
	while (*s) {
		char folded[2];
		size_t n = fold_character(s, 2, folded);        /* a NUL behind is there, and goes on no character */

		memcpy(s, folded, n);
		s += n;
	}
}
