/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SipHash-2-4, as its authors define it: four words of state, two rounds a block of eight bytes, four at the end. */
#include "base/hash.h"

struct state {
	uint64_t a, b, c, d;
};

static uint64_t turned(uint64_t x, int bits)
{
	return x << bits | x >> (64 - bits);
}

static uint64_t word_at(const unsigned char *p)
{
	uint64_t w = 0;

	for (int i = 7; i >= 0; i--)
		w = w << 8 | p[i];
	return w;
}

static void rounds(struct state *s, int n)
{
	while (n-- > 0) {
		s->a += s->b;
		s->c += s->d;
		s->b = turned(s->b, 13) ^ s->a;
		s->d = turned(s->d, 16) ^ s->c;
		s->a = turned(s->a, 32) + s->d;
		s->c += s->b;
		s->b = turned(s->b, 17) ^ s->c;
		s->d = turned(s->d, 21) ^ s->a;
		s->c = turned(s->c, 32);
	}
}

static void take(struct state *s, uint64_t word)
{
	s->d ^= word;
	rounds(s, 2);
	s->a ^= word;
}

uint64_t hash_secretly(const unsigned char secret[HASH_SECRET_SIZE], struct slice bytes)
{
	uint64_t k0 = word_at(secret), k1 = word_at(secret + 8), last = (uint64_t)bytes.n << 56;
	struct state s = {
		k0 ^ UINT64_C(0x736f6d6570736575), k1 ^ UINT64_C(0x646f72616e646f6d), k0 ^ UINT64_C(0x6c7967656e657261),
		k1 ^ UINT64_C(0x7465646279746573),
	};
	const unsigned char *p = (const unsigned char *)bytes.p;
	size_t left = bytes.n;

	for (; left >= 8; left -= 8, p += 8)
		take(&s, word_at(p));
	for (size_t i = 0; i < left; i++)
		last |= (uint64_t)p[i] << (8 * i);
	take(&s, last);
	s.c ^= 0xff;
	rounds(&s, 4);
	return s.a ^ s.b ^ s.c ^ s.d;
}
