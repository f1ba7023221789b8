/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Numeric addresses and networks, IPv4 and IPv6 as one: IPv4 stands as
 * ::ffff:a.b.c.d (RFC 4291 section 2.5.5.2), so a browser that reached an
 * IPv6 socket by IPv4 is the same browser.  Host names are no addresses here.
 */
#ifndef BASE_NETWORK_H
#define BASE_NETWORK_H

#include "base/slice.h"

#define NETWORK_ADDRESS_SIZE 16

struct network {
	unsigned char address[NETWORK_ADDRESS_SIZE];
	int bits;                       /* of the 128 */
};

#define NETWORK_TEXT_SIZE 46            /* INET6_ADDRSTRLEN */

/* 0, or -1 for anything but a numeric address. */
int network_address_read(struct slice text, unsigned char out[NETWORK_ADDRESS_SIZE]);
/* As a person writes it: IPv4 without its prefix. */
void network_address_write(const unsigned char address[NETWORK_ADDRESS_SIZE], char out[NETWORK_TEXT_SIZE]);

/*
 * "10.0.0.0/8", "192.0.2.7", "2001:db8::/32".  Bits set behind the prefix are
 * refused: one of the two numbers is a mistake.  0, or -1 with *why_out (may
 * be NULL) a fixed text like "is not a numeric address".
 */
int network_read(const char *text, struct network *out, const char **why_out);

/* The network of so many leading bits that holds the address: the bits behind them become 0. */
struct network network_of(const unsigned char address[NETWORK_ADDRESS_SIZE], int bits);
bool network_is_ipv4(const unsigned char address[NETWORK_ADDRESS_SIZE]);

bool network_holds(const struct network *network, const unsigned char address[NETWORK_ADDRESS_SIZE]);
/* One of them does. */
bool network_any_holds(const struct network *networks, size_t n, const unsigned char address[NETWORK_ADDRESS_SIZE]);

#endif
