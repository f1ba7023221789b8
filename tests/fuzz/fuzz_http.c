/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The bytes of a connection through the strict reader and the gate, in pieces whose size the first byte gives. */
#include "tests/fuzz/fuzz.h"

#include "http/internal.h"

static void handle(struct http_exchange *x, void *context)
{
	(void)x;
	(void)context;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct http_route routes[] = {{"/a", HTTP_GET | HTTP_POST, 1000, handle}, {"/go/*", HTTP_GET, 0, handle}, {0}};
	struct http_options options = {.public_host = "sso.example.org", .routes = routes, .header_limit = 16384};
	struct reader reader;
	size_t at, piece;

	if (size == 0)
		return 0;
	reader_begin(&reader, options.header_limit, gate(&options));
	for (at = 1; at < size && reader.bad == REASON_NONE; at += piece) {
		piece = (size_t)data[0] + 1 < size - at ? (size_t)data[0] + 1 : size - at;
		reader_feed(&reader, (const char *)data + at, piece);
	}
	if (reader.bad == REASON_NONE && reader.complete > 0)
		fuzz_succeeded(0);
	return 0;
}
