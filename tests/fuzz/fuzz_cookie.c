/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The cookie of a pending sign-on: first byte even, its value as a browser
 * brings it; odd, what lies in one that we sealed.
 */
#include "tests/fuzz/fuzz.h"

#include "base/encode.h"
#include "gateway/pending.h"

#define ID "00112233445566778899aabbccddeeff"
#define NAME "__Host-p-" ID
#define NOW 1795526356

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct seal_key key = {.bytes = "0123456789abcdef0123456789abcde"};
	struct arena *a = arena_new();
	struct http_cookie cookie = {slice_c(NAME), slice_of(data + (size > 0), size - (size > 0))};
	struct http_exchange x = {.arena = a, .cookies = &cookie, .cookie_count = 1};
	struct pending p = {0};
	struct error err;

	if (size > 0 && data[0] & 1)
		cookie.value = slice_c(base64url_encode(a, seal(a, &key, cookie.name, cookie.value)));
	if (pending_get(&x, &key, slice_c(ID), NOW, 900, &p, &err) == 0) {
		if (!p.id || !p.host || !p.provider != (p.state == PENDING_CHOOSING) || !p.provider != !p.our_request_id ||
			!p.connection == !p.link || p.started > NOW + 900)
			abort();
		fuzz_succeeded(0);
	}
	pending_redirects(&x, &key, NOW);
	pending_set(&x, &key, &(struct pending){.state = PENDING_OPEN, .id = ID, .host = "h", .provider = "p", .our_request_id = "_r",
		.link = "l"}, NOW, 900);
	arena_free(a);
	return 0;
}
