/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Randomness from OpenSSL. */
#include "base/random.h"
#include "base/encode.h"

#include <openssl/rand.h>

void random_bytes(void *out, size_t n)
{
	if (n > INT32_MAX || RAND_bytes(out, (int)n) != 1)
		abort();
}

void random_id(char out[RANDOM_ID_SIZE])
{
	unsigned char bytes[16];

	random_bytes(bytes, sizeof(bytes));
	out[0] = '_';
	hex_encode(bytes, sizeof(bytes), out + 1);
}
