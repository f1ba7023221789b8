/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Networks in CIDR notation, and numeric addresses.
 *
 * All addresses are 16 bytes, IPv4 as ::ffff:a.b.c.d, so that a client that
 * comes in over a socket for both families is the same client.
 */
#include "http/internal.h"

#include "base/encode.h"

#include <arpa/inet.h>

static const unsigned char mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

int network_address_read(struct slice text, unsigned char out[16])
{
	char word[INET6_ADDRSTRLEN];
	unsigned char four[4], sixteen[16];

	if (text.n == 0 || text.n >= sizeof(word) || memchr(text.p, '\0', text.n))
		return -1;
	memcpy(word, text.p, text.n);
	word[text.n] = '\0';
	if (inet_pton(AF_INET, word, four) == 1) {
		memcpy(out, mapped, sizeof(mapped));
		memcpy(out + sizeof(mapped), four, sizeof(four));
		return 0;
	}
	if (inet_pton(AF_INET6, word, sixteen) == 1) {
		memcpy(out, sixteen, sizeof(sixteen));
		return 0;
	}
	return -1;
}

void network_address_write(const unsigned char address[16], char out[46])
{
	if (memcmp(address, mapped, sizeof(mapped)) == 0)
		inet_ntop(AF_INET, address + sizeof(mapped), out, 46);
	else
		inet_ntop(AF_INET6, address, out, 46);
}

/* Are the bits from `bits` on zero? */
static bool rest_is_zero(const unsigned char address[16], int bits)
{
	for (int i = bits; i < 128; i++)
		if (address[i / 8] & (0x80 >> i % 8))
			return false;
	return true;
}

int http_network_read(const char *text, struct http_network *out)
{
	const char *slash = strchr(text, '/');
	struct slice address = slash ? slice_of(text, (size_t)(slash - text)) : slice_c(text);
	bool four = memchr(address.p, ':', address.n) == NULL;
	struct http_network network = {.bits = 128};
	uint64_t bits;

	if (network_address_read(address, network.address) < 0)
		return -1;
	if (slash) {
		if (number_read(slice_c(slash + 1), 0, four ? 32 : 128, &bits) < 0)
			return -1;
		network.bits = (int)bits + (four ? 96 : 0);
	}
	if (!rest_is_zero(network.address, network.bits))
		return -1;
	*out = network;
	return 0;
}

bool http_network_holds(const struct http_network *network, const char *numeric_address)
{
	unsigned char address[16];
	int whole = network->bits / 8, part = network->bits % 8;

	if (network_address_read(slice_c(numeric_address), address) < 0)
		return false;
	if (memcmp(address, network->address, (size_t)whole) != 0)
		return false;
	return part == 0 || ((address[whole] ^ network->address[whole]) & (0xff00 >> part) & 0xff) == 0;
}
