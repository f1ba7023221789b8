/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The PROXY header, versions 1 and 2: what a proxy that does not read HTTP says
 * ahead of a connection's bytes about who called it.
 *
 *	"PROXY TCP4 192.0.2.1 192.0.2.9 4711 443\r\n"                      version 1, at most 107 bytes
 *	signature, version and command, family, length, addresses, fields   version 2
 *
 * Taken are: version 1 with TCP4, TCP6 and UNKNOWN; version 2 with LOCAL, and
 * PROXY for streams over IPv4, IPv6 and Unix sockets or without a family.
 * Everything else is refused.  Who called is "unknown" wherever the proxy does
 * not name a numeric address: never the proxy itself, since a client that could
 * be the proxy would be inside the network of a `client in`.  LOCAL alone means
 * the proxy itself (its health checks).
 *
 * Fields (TLV) must fit, and a checksum that is there must be right; what else
 * they say is nothing to us.
 */
#include "http/internal.h"

#include "base/encode.h"

#define LINE_MAX 107
#define FIXED 16                        /* of version 2, up to and with the length */
#define FIELD_CHECKSUM 3
#define NOT_KNOWN "unknown"

static const char signature[12] = "\r\n\r\n\0\r\nQUIT\n";
static const char word[6] = "PROXY ";

enum family { FAMILY_NONE = 0x00, FAMILY_TCP4 = 0x11, FAMILY_TCP6 = 0x21, FAMILY_UNIX = 0x31 };

static void refuse(struct proxy_header *h, const char *why)
{
	h->state = PROXY_HEADER_BAD;
	h->why = why;
}

static void done(struct proxy_header *h)
{
	h->state = PROXY_HEADER_DONE;
}

static void say_source(struct proxy_header *h, const unsigned char address[NETWORK_ADDRESS_SIZE])
{
	network_address_write(address, h->source);
	done(h);
}

static void say_unknown(struct proxy_header *h)
{
	memcpy(h->source, NOT_KNOWN, sizeof(NOT_KNOWN));
	done(h);
}

/* ---- version 1 ---- */

/* Cuts off what stands before the next blank; nothing behind the last one. */
static struct slice take_word(struct slice *line)
{
	const char *blank = line->n ? memchr(line->p, ' ', line->n) : NULL;
	size_t n = blank ? (size_t)(blank - line->p) : line->n;
	struct slice taken = slice_of(line->p, n);

	n += blank != NULL;
	*line = slice_of(line->p + n, line->n - n);
	return taken;
}

static bool is_address(struct slice s, bool six, unsigned char out[NETWORK_ADDRESS_SIZE])
{
	return network_address_read(s, out) == 0 && (memchr(s.p, ':', s.n) != NULL) == six;
}

static bool is_port(struct slice s)
{
	uint64_t port;

	return number_read(s, 0, 65535, &port) == 0 && (s.n == 1 || s.p[0] != '0');
}

static void read_line(struct proxy_header *h, struct slice line)
{
	unsigned char source[NETWORK_ADDRESS_SIZE], destination[NETWORK_ADDRESS_SIZE];
	struct slice family = take_word(&line), from, to, port;
	bool six = slice_is(family, "TCP6");

	if (slice_is(family, "UNKNOWN")) {      /* whatever follows means nothing */
		say_unknown(h);
		return;
	}
	if (!six && !slice_is(family, "TCP4")) {
		refuse(h, "is of a protocol that is none of TCP4, TCP6 and UNKNOWN");
		return;
	}
	from = take_word(&line);
	to = take_word(&line);
	port = take_word(&line);
	if (!is_address(from, six, source) || !is_address(to, six, destination))
		refuse(h, "holds an address that is none of its family");
	else if (!is_port(port) || !is_port(line))
		refuse(h, "holds a port that is none");
	else
		say_source(h, source);
}

static void look_at_line(struct proxy_header *h)
{
	struct slice line = slice_of(h->bytes, h->n);
	size_t n = h->n < sizeof(word) ? h->n : sizeof(word);

	if (memcmp(line.p, word, n) != 0)
		refuse(h, "is missing");
	else if (line.p[line.n - 1] != '\n')
		line.n == LINE_MAX ? refuse(h, "is a line that is too long") : (void)0;
	else if (line.p[line.n - 2] != '\r')
		refuse(h, "is a line that ends without a carriage return");
	else
		read_line(h, slice_of(line.p + sizeof(word), line.n - sizeof(word) - 2));
}

/* ---- version 2 ---- */

static size_t number_at(const struct proxy_header *h, size_t at)
{
	return (size_t)h->bytes[at] << 8 | h->bytes[at + 1];
}

/* CRC-32C (RFC 3720 section 12.1) over the header, the checksum's own four bytes at `skip` taken as zero. */
static uint32_t checksum(const struct proxy_header *h, size_t skip)
{
	uint32_t crc = UINT32_MAX;

	for (size_t i = 0; i < h->n; i++) {
		crc ^= i - skip < 4 ? 0 : h->bytes[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? UINT32_C(0x82f63b78) : 0);
	}
	return ~crc;
}

static bool is_right(const struct proxy_header *h, size_t at)
{
	return checksum(h, at) == (uint32_t)(number_at(h, at) << 16 | number_at(h, at + 2));
}

/* NULL, or what is wrong with the fields from `at` to the end. */
static const char *fields_fault(const struct proxy_header *h, size_t at)
{
	size_t n, sums = 0;

	for (; at < h->n; at += 3 + n) {
		if (h->n - at < 3)
			return "ends inside a field";
		n = number_at(h, at + 1);
		if (n > h->n - at - 3)
			return "holds a field that is longer than the rest";
		if (h->bytes[at] != FIELD_CHECKSUM)
			continue;
		if (++sums > 1 || n != 4 || !is_right(h, at + 3))
			return "has a wrong checksum";
	}
	return NULL;
}

static void read_addresses(struct proxy_header *h, size_t size, bool six)
{
	static const unsigned char mapped[12] = {[10] = 0xff, [11] = 0xff};
	unsigned char source[NETWORK_ADDRESS_SIZE];
	const char *fault = h->n < FIXED + size ? "is too short for its addresses" : fields_fault(h, FIXED + size);

	if (fault) {
		refuse(h, fault);
		return;
	}
	if (!six)
		memcpy(source, mapped, sizeof(mapped));
	memcpy(source + (six ? 0 : sizeof(mapped)), h->bytes + FIXED, six ? 16 : 4);
	say_source(h, source);
}

static void read_unix(struct proxy_header *h)
{
	const char *fault = h->n < FIXED + 216 ? "is too short for its addresses" : fields_fault(h, FIXED + 216);

	if (fault)
		refuse(h, fault);
	else
		say_unknown(h);
}

static void read_binary(struct proxy_header *h)
{
	unsigned char command = h->bytes[12];

	if (command == 0x20) {          /* LOCAL: what else is there is not looked at */
		h->own = true;
		done(h);
		return;
	}
	if (command != 0x21) {
		refuse(h, "is of another version, or holds a command that is none");
		return;
	}
	switch (h->bytes[13]) {
	case FAMILY_TCP4:
		read_addresses(h, 12, false);
		break;
	case FAMILY_TCP6:
		read_addresses(h, 36, true);
		break;
	case FAMILY_UNIX:
		read_unix(h);
		break;
	case FAMILY_NONE:
		say_unknown(h);
		break;
	default:
		refuse(h, "is of a family or protocol that is not served");
	}
}

static void look_at_binary(struct proxy_header *h)
{
	if (memcmp(h->bytes, signature, h->n < sizeof(signature) ? h->n : sizeof(signature)) != 0) {
		refuse(h, "is missing");
		return;
	}
	if (h->n == FIXED) {
		h->size = FIXED + number_at(h, 14);
		if (h->size > PROXY_HEADER_MAX)
			refuse(h, "is too long");
	}
	if (h->n == h->size && h->state == PROXY_HEADER_MORE)
		read_binary(h);
}

/* ---- both ---- */

size_t proxy_header_feed(struct proxy_header *h, const void *p, size_t n)
{
	size_t used = 0;

	while (used < n && h->state == PROXY_HEADER_MORE) {
		size_t step = h->size ? h->size - h->n : 1;

		if (step > n - used)
			step = n - used;
		memcpy(h->bytes + h->n, (const char *)p + used, step);
		h->n += step;
		used += step;
		if (h->bytes[0] == (unsigned char)signature[0])
			look_at_binary(h);
		else
			look_at_line(h);
	}
	return used;
}
