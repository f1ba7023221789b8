/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Fields of a request behind the gate, a line each, from a proxy that is
 * trusted: cookies, the client's address, the language.
 */
#include "tests/fuzz/fuzz.h"

#include "gateway/settings/languages.h"
#include "http/internal.h"

#define PEER "127.0.0.1"
#define FIELDS_MOST 64

static const struct languages *spoken(void)
{
	static struct languages l;

	if (!l.arena)
		languages_start(arena_new(), &l);       /* for good */
	return &l;
}

static size_t read_fields(struct arena *a, struct slice text, struct field *out)
{
	size_t n = 0;

	while (text.n && n < FIELDS_MOST) {
		const char *end = memchr(text.p, '\n', text.n);
		size_t length = end ? (size_t)(end - text.p) : text.n;
		char *line = arena_copy(a, slice_of(text.p, length)), *colon = strchr(line, ':');

		if (colon) {
			*colon = '\0';
			out[n++] = (struct field){line, colon + 1 + strspn(colon + 1, " \t")};
		}
		length += end != NULL;
		text = slice_of(text.p + length, text.n - length);
	}
	return n;
}

static bool is_address(const char *client)
{
	unsigned char address[16];

	return network_address_read(slice_c(client), address) == 0;
}

static void require_cookies(const struct http_exchange *x)
{
	for (size_t i = 0; i < x->cookie_count; i++) {
		struct slice name = x->cookies[i].name, value = x->cookies[i].value;

		for (size_t k = 0; k < name.n; k++) {
			if (!http_is_token((unsigned char)name.p[k]))
				abort();
		}
		for (size_t k = 0; k < value.n; k++) {
			if ((unsigned char)value.p[k] < 0x20 || value.p[k] == ';')
				abort();
		}
		if (name.n == 0)
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct network networks[2];
	const struct http_options options = {.trusted = {.networks = networks, .count = 2}};
	const struct languages *l = spoken();
	const struct language *chosen;
	struct arena *a = arena_new();
	struct http_exchange x = {.arena = a};
	struct field fields[FIELDS_MOST];
	size_t n = read_fields(a, slice_of(data, size), fields);

	if (network_read("127.0.0.0/8", &networks[0], NULL) < 0 || network_read("2001:db8:1::/48", &networks[1], NULL) < 0)
		abort();
	exchange_read(&x, &options, PEER, fields, n);
	require_cookies(&x);
	if (!is_address(x.client) && strcmp(x.client, "unknown") != 0)
		abort();
	chosen = languages_choose(l, x.accept_language);
	if (chosen < l->list || chosen >= l->list + l->count)
		abort();
	if (x.cookie_count > 0 && is_address(x.client) && strcmp(x.client, PEER) != 0 && chosen != l->fallback)
		fuzz_succeeded(0);
	arena_free(a);
	return 0;
}
