/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Who is the client behind our reverse proxies?
 *
 * X-Forwarded-For and Forwarded (RFC 7239) are lists to which each proxy adds
 * the address it was called from, at the right.  Only from a peer that is a
 * configured proxy are they read at all; then from the right, and the first
 * address that is not a proxy of ours is the client: what stands left of it was
 * written by the client itself.  An entry that is no address (`unknown`, a
 * hidden name, rubbish) ends the reading, and the client is not known.
 *
 * A proxy adds to one of the two fields and passes the other on untouched, and
 * we are not told which.  So both are read, and where they differ neither is
 * believed.  The client is then nobody, not the proxy: a client that could be
 * the proxy by sending a field would be inside the network of a `client in`.
 */
#include "http/internal.h"

#include "base/encode.h"

#define NOT_KNOWN "unknown"             /* RFC 7239 section 6.2 */

/* Cuts the last entry off; false when none is left.  Quotes hold no comma in an address. */
static bool take_last(struct slice *list, struct slice *entry_out)
{
	size_t n = list->n;

	if (!list->p)
		return false;
	while (n > 0 && list->p[n - 1] != ',')
		n--;
	*entry_out = slice_trimmed(slice_of(list->p + n, list->n - n));
	*list = n > 0 ? slice_of(list->p, n - 1) : slice_of(NULL, 0);
	return true;
}

/* "192.0.2.7", "192.0.2.7:4711", "2001:db8::1", "[2001:db8::1]", "[2001:db8::1]:4711" */
static int node_read(struct slice node, unsigned char out[16])
{
	const char *end;
	struct slice address = node, rest = {NULL, 0};
	uint64_t port;

	if (node.n && node.p[0] == '[') {
		end = memchr(node.p, ']', node.n);
		if (!end)
			return -1;
		address = slice_of(node.p + 1, (size_t)(end - node.p) - 1);
		if (memchr(address.p, ':', address.n) == NULL)
			return -1;
		rest = slice_of(end + 1, node.n - address.n - 2);
	} else if (node.n && (end = memchr(node.p, ':', node.n)) && end == memrchr(node.p, ':', node.n)) {
		address = slice_of(node.p, (size_t)(end - node.p));
		rest = slice_of(end, node.n - address.n);
	}
	if (rest.n && (rest.p[0] != ':' || number_read(slice_of(rest.p + 1, rest.n - 1), 0, 65535, &port) < 0))
		return -1;
	return network_address_read(address, out);
}

/* The `for` of one element: for=192.0.2.7;proto=https, for="[2001:db8::1]:4711" */
static int element_read(struct slice element, unsigned char out[16])
{
	struct slice found = {NULL, 0};

	while (element.n) {
		const char *semicolon = memchr(element.p, ';', element.n);
		size_t n = semicolon ? (size_t)(semicolon - element.p) : element.n;
		struct slice pair = slice_trimmed(slice_of(element.p, n));

		if (pair.n > 4 && strncasecmp(pair.p, "for=", 4) == 0) {
			if (found.p)
				return -1;
			found = slice_of(pair.p + 4, pair.n - 4);
		}
		n += semicolon != NULL;
		element = slice_of(element.p + n, element.n - n);
	}
	if (found.n > 2 && found.p[0] == '"' && found.p[found.n - 1] == '"')
		found = slice_of(found.p + 1, found.n - 2);
	return found.p ? node_read(found, out) : -1;
}

static bool is_one_of(const struct http_peers *peers, const unsigned char address[16])
{
	for (size_t i = 0; i < peers->count; i++)
		if (network_holds(&peers->networks[i], address))
			return true;
	return false;
}

const char *peer_without_zone(const char *peer, char out[NETWORK_TEXT_SIZE])
{
	size_t n = strcspn(peer, "%");

	if (peer[n] == '\0' || n >= NETWORK_TEXT_SIZE)
		return peer;
	memcpy(out, peer, n);
	out[n] = '\0';
	return out;
}

bool peers_hold(const struct http_peers *peers, const char *peer)
{
	unsigned char address[16];

	if (strcmp(peer, HTTP_UNIX_PEER) == 0)
		return peers->unix_sockets;
	return network_address_read(slice_c(peer), address) == 0 && is_one_of(peers, address);
}

/* The right-most entry that is no proxy of ours, or the left-most of all. */
static int list_read(struct slice list, int (*read)(struct slice entry, unsigned char out[16]),
	const struct http_peers *trusted, unsigned char out[16])
{
	struct slice entry;

	do {
		if (!take_last(&list, &entry))
			return 0;
		if (read(entry, out) < 0)
			return -1;
	} while (is_one_of(trusted, out));
	return 0;
}

/* As a person writes it; what is no address stays as it is. */
static const char *spelled(struct arena *a, const char *peer)
{
	unsigned char address[16];
	char text[NETWORK_TEXT_SIZE];

	if (network_address_read(slice_c(peer), address) < 0)
		return arena_strdup(a, peer);
	network_address_write(address, text);
	return arena_strdup(a, text);
}

const char *forwarded_client(struct arena *a, const char *peer, const struct forwarded *f, const struct http_peers *trusted)
{
	unsigned char x[16], r[16];
	char text[NETWORK_TEXT_SIZE];
	int bad = 0;

	if ((!f->x_forwarded_for.p && !f->forwarded.p) || !peers_hold(trusted, peer))
		return spelled(a, peer);
	if (f->x_forwarded_for.p)
		bad |= list_read(f->x_forwarded_for, node_read, trusted, x);
	if (f->forwarded.p)
		bad |= list_read(f->forwarded, element_read, trusted, r);
	if (bad || (f->x_forwarded_for.p && f->forwarded.p && memcmp(x, r, sizeof(x)) != 0))
		return NOT_KNOWN;
	network_address_write(f->x_forwarded_for.p ? x : r, text);
	return arena_strdup(a, text);
}
