/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * How many connections each client network has, and how many bytes that wait:
 * one that opens many and sends half of what it announces must not use up what
 * there is for all.
 *
 * A table of counts of fixed size, four rows, found by a hash under a secret
 * of this process: a network has as many as the least of its four counts says.
 * There are no more connections than connection_limit, so hardly ever does
 * anybody share all four with somebody else, and then only until that one is
 * gone: a count goes down with each connection that ends.
 */
#include "http/connection.h"

#include "base/random.h"

void crowd_begin(struct http_server *s)
{
	struct http_options *o = &s->options;

	random_bytes(s->crowd.secret, sizeof(s->crowd.secret));
	o->ipv4_prefix = o->ipv4_prefix ? o->ipv4_prefix : 32;
	o->ipv6_prefix = o->ipv6_prefix ? o->ipv6_prefix : 64;
}

/* Of a peer that speaks for itself alone. */
static bool is_counted(const struct http_options *o, const char *peer, unsigned char address[NETWORK_ADDRESS_SIZE])
{
	return o->network_limit > 0 && network_address_read(slice_c(peer), address) == 0 &&
		!peers_hold(&o->trusted, peer) && !network_any_holds(o->exempt, o->exempt_count, address);
}

bool crowd_enter(struct connection *c)
{
	struct http_server *s = c->server;
	const struct http_options *o = &s->options;
	unsigned char address[NETWORK_ADDRESS_SIZE];
	unsigned least = UINT16_MAX;
	uint64_t h;

	if (!is_counted(o, c->peer, address))
		return false;
	c->counted = true;
	c->network = network_of(address, network_is_ipv4(address) ? 96 + o->ipv4_prefix : o->ipv6_prefix);
	h = hash_secretly(s->crowd.secret, slice_of(c->network.address, sizeof(c->network.address)));
	for (size_t row = 0; row < CROWD_ROWS; row++, h >>= 16) {
		uint16_t *count = &s->crowd.counts[row][h % CROWD_CELLS];

		if (*count < UINT16_MAX)
			++*count;
		c->cells[row] = (uint16_t)(h % CROWD_CELLS);
		least = *count < least ? *count : least;
	}
	return least > o->network_limit;
}

/* Unsigned, so that less comes out as less. */
void crowd_input(struct connection *c, size_t was)
{
	for (size_t row = 0; c->counted && row < CROWD_ROWS; row++)
		c->server->crowd.input[row][c->cells[row]] += (uint32_t)c->input - (uint32_t)was;
}

bool crowd_sends_too_much(const struct connection *c)
{
	const struct http_server *s = c->server;

	for (size_t row = 0; c->counted && row < CROWD_ROWS; row++)
		if (s->crowd.input[row][c->cells[row]] <= s->options.input_limit / 4)
			return false;
	return c->counted;
}

void crowd_leave(struct connection *c)
{
	for (size_t row = 0; c->counted && row < CROWD_ROWS; row++) {
		uint16_t *count = &c->server->crowd.counts[row][c->cells[row]];

		if (*count > 0)
			--*count;
	}
	c->counted = false;
}

bool crowd_same(const struct connection *a, const struct connection *b)
{
	return a->counted && b->counted && memcmp(a->network.address, b->network.address, sizeof(a->network.address)) == 0;
}
