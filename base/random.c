/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Randomness from OpenSSL. */
#include "base/random.h"
#include "base/encode.h"

#include <pthread.h>
#include <stdint.h>

#include <openssl/crypto.h>
#include <openssl/rand.h>

/*
 * OpenSSL's generator costs as much for 16 bytes as for 500, so small requests
 * are served from a stock.  What was handed out is wiped from it.  A child of
 * fork() empties its copy, and each thread has its own (the programs of
 * tests/bench have several).
 */
#define STOCK_SIZE 512

static _Thread_local struct {
	unsigned char bytes[STOCK_SIZE];
	size_t left;                    /* at the end of bytes */
} stock;

static void empty_stock(void)
{
	OPENSSL_cleanse(&stock, sizeof(stock));
}

static void watch_forks(void)
{
	if (pthread_atfork(NULL, NULL, empty_stock) != 0)
		abort();
}

static void generate(void *out, size_t n)
{
	if (n > INT32_MAX || RAND_bytes(out, (int)n) != 1)
		abort();
}

void random_bytes(void *out, size_t n)
{
	static pthread_once_t watching = PTHREAD_ONCE_INIT;
	unsigned char *from;

	if (n > STOCK_SIZE / 4) {
		generate(out, n);
		return;
	}
	if (stock.left < n) {
		pthread_once(&watching, watch_forks);
		generate(stock.bytes, STOCK_SIZE);
		stock.left = STOCK_SIZE;
	}
	from = stock.bytes + STOCK_SIZE - stock.left;
	memcpy(out, from, n);
	OPENSSL_cleanse(from, n);
	stock.left -= n;
}

void random_id(char out[RANDOM_ID_SIZE])
{
	unsigned char bytes[16];

	random_bytes(bytes, sizeof(bytes));
	out[0] = '_';
	hex_encode(bytes, sizeof(bytes), out + 1);
}

void random_spoken(char out[RANDOM_SPOKEN_SIZE])
{
	static const char letters[] = "abcdefghjkmnpqrstvwxyz0123456789";
	unsigned char bytes[12];
	size_t i, n = 0;

	random_bytes(bytes, sizeof(bytes));
	for (i = 0; i < sizeof(bytes); i++) {
		if (i == 4 || i == 8)
			out[n++] = '-';
		out[n++] = letters[bytes[i] % 32];
	}
	out[n] = 0;
}
