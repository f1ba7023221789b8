/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reading and matching of numeric addresses and networks (CIDR, RFC 4632 section 3.1). */
#include "base/network.h"

#include "base/encode.h"

#include <arpa/inet.h>

static const unsigned char mapped[12] = {[10] = 0xff, [11] = 0xff};

/* 4 or 6, or 0 for what is not an address. */
static int read_family(const char *text, unsigned char out[NETWORK_ADDRESS_SIZE])
{
	unsigned char v4[4];

	if (inet_pton(AF_INET, text, v4) == 1) {
		memcpy(out, mapped, sizeof(mapped));
		memcpy(out + sizeof(mapped), v4, sizeof(v4));
		return 4;
	}
	return inet_pton(AF_INET6, text, out) == 1 ? 6 : 0;
}

int network_address_read(struct slice text, unsigned char out[NETWORK_ADDRESS_SIZE])
{
	unsigned char address[NETWORK_ADDRESS_SIZE];
	char word[NETWORK_TEXT_SIZE];

	if (text.n == 0 || text.n >= sizeof(word) || memchr(text.p, '\0', text.n))
		return -1;
	memcpy(word, text.p, text.n);
	word[text.n] = '\0';
	if (!read_family(word, address))
		return -1;
	memcpy(out, address, sizeof(address));
	return 0;
}

void network_address_write(const unsigned char address[NETWORK_ADDRESS_SIZE], char out[NETWORK_TEXT_SIZE])
{
	if (memcmp(address, mapped, sizeof(mapped)) == 0)
		inet_ntop(AF_INET, address + sizeof(mapped), out, NETWORK_TEXT_SIZE);
	else
		inet_ntop(AF_INET6, address, out, NETWORK_TEXT_SIZE);
}

static bool is_network(const struct network *n)
{
	for (int bit = n->bits; bit < 128; bit++)
		if (n->address[bit / 8] & (0x80 >> (bit % 8)))
			return false;
	return true;
}

/* NULL, or why not. */
static const char *read_or_why(const char *text, struct network *out)
{
	const char *slash = strchr(text, '/');
	size_t n = slash ? (size_t)(slash - text) : strlen(text);
	char address[NETWORK_TEXT_SIZE];
	uint64_t bits;
	int family;

	if (n >= sizeof(address))
		return "is not a numeric address";
	memcpy(address, text, n);
	address[n] = '\0';
	family = read_family(address, out->address);
	if (family == 0)
		return "is not a numeric address";
	bits = family == 4 ? 32 : 128;
	if (slash && number_read(slice_c(slash + 1), 0, bits, &bits) < 0)
		return family == 4 ? "has a prefix length that is not 0 to 32" : "has a prefix length that is not 0 to 128";
	out->bits = (int)bits + (family == 4 ? 96 : 0);
	return is_network(out) ? NULL : "has bits set behind its prefix length";
}

int network_read(const char *text, struct network *out, const char **why_out)
{
	struct network network = {0};
	const char *why = read_or_why(text, &network);

	if (why) {
		if (why_out)
			*why_out = why;
		return -1;
	}
	*out = network;
	return 0;
}

struct network network_of(const unsigned char address[NETWORK_ADDRESS_SIZE], int bits)
{
	struct network n = {.bits = bits};
	int whole = bits / 8;

	memcpy(n.address, address, (size_t)whole);
	if (bits % 8)
		n.address[whole] = (unsigned char)(address[whole] & (0xff00 >> (bits % 8)));
	return n;
}

bool network_is_ipv4(const unsigned char address[NETWORK_ADDRESS_SIZE])
{
	return memcmp(address, mapped, sizeof(mapped)) == 0;
}

bool network_holds(const struct network *network, const unsigned char address[NETWORK_ADDRESS_SIZE])
{
	int whole = network->bits / 8, left = network->bits % 8;

	if (memcmp(network->address, address, (size_t)whole) != 0)
		return false;
	return left == 0 || ((network->address[whole] ^ address[whole]) >> (8 - left)) == 0;
}

bool network_any_holds(const struct network *networks, size_t n, const unsigned char address[NETWORK_ADDRESS_SIZE])
{
	for (size_t i = 0; i < n; i++)
		if (network_holds(&networks[i], address))
			return true;
	return false;
}
