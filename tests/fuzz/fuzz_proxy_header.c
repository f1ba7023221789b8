/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A PROXY header, as a whole and in pieces whose size the first byte gives: the same answer, and never a byte too many. */
#include "tests/fuzz/fuzz.h"

#include "http/internal.h"

static size_t feed(struct proxy_header *h, const uint8_t *data, size_t size, size_t piece)
{
	size_t used = 0;

	while (used < size && h->state == PROXY_HEADER_MORE) {
		size_t n = piece < size - used ? piece : size - used, took = proxy_header_feed(h, data + used, n);

		if (took > n || (took < n && h->state == PROXY_HEADER_MORE))
			abort();
		used += took;
	}
	return used;
}

/* "" is the proxy itself; else nobody, or an address in its usual spelling. */
static void require_source(const struct proxy_header *h)
{
	unsigned char address[NETWORK_ADDRESS_SIZE];
	char text[NETWORK_TEXT_SIZE];

	if (h->own != (h->source[0] == '\0'))
		abort();
	if (h->own || strcmp(h->source, "unknown") == 0)
		return;
	if (network_address_read(slice_c(h->source), address) < 0)
		abort();
	network_address_write(address, text);
	if (strcmp(text, h->source) != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct proxy_header whole = {0}, pieces = {0};
	size_t used;

	if (size == 0)
		return 0;
	used = feed(&whole, data + 1, size - 1, size);
	if (feed(&pieces, data + 1, size - 1, (size_t)data[0] + 1) != used || whole.state != pieces.state || whole.why != pieces.why)
		abort();
	if (used > PROXY_HEADER_MAX || whole.n != used || (whole.state == PROXY_HEADER_BAD) != (whole.why != NULL))
		abort();
	if (strcmp(whole.source, pieces.source) != 0 || whole.own != pieces.own)
		abort();
	if (whole.state == PROXY_HEADER_DONE) {
		require_source(&whole);
		fuzz_succeeded(0);
	}
	return 0;
}
