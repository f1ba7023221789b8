/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The sealed cookies.  Of the first byte, bit 1 says which: that of a pending
 * sign-on, or that of signing out; bit 0: its value as a browser brings it (0),
 * or what lies in one that we sealed (1).
 */
#include "tests/fuzz/fuzz.h"

#include "base/encode.h"
#include "gateway/logout_cookie.h"
#include "gateway/pending.h"

#define ID "00112233445566778899aabbccddeeff"
#define NAME "__Host-p-" ID
#define LOGOUT_NAME "__Host-logout"
#define NOW 1795526356
#define DAY 86400

static const struct seal_key key = {.bytes = "0123456789abcdef0123456789abcde"};

static void read_pending(struct http_exchange *x)
{
	struct pending p = {0};
	struct error err;

	if (pending_get(x, &key, slice_c(ID), NOW, 900, &p, &err) == 0) {
		if (!p.id || !p.host || !p.provider != (p.state == PENDING_CHOOSING) || !p.provider != !p.our_request_id ||
			!p.connection == !p.link || p.started > NOW + 900)
			abort();
		fuzz_succeeded(0);
	}
	if (pending_redirects(x, &key, NOW) > x->cookie_count || pending_starts(x, &key, "l", NOW) > x->cookie_count)
		abort();
	pending_set(x, &key, &(struct pending){.state = PENDING_OPEN, .id = ID, .host = "h", .provider = "p", .our_request_id = "_r",
		.link = "l"}, NOW, 900);
}

static void require_session(const struct logout_session *s)
{
	if ((s->state != LOGOUT_LIVE && s->state != LOGOUT_ENDED) || !s->provider || !s->name_id || !s->session_index ||
		s->door_count > LOGOUT_DOORS_MAX || s->since > NOW + 60)
		abort();
	for (size_t i = 0; i < s->door_count; i++) {
		if (!s->doors[i])
			abort();
	}
}

/* What is set again holds no more than what was read, and one more sign-on. */
static void read_logout(struct http_exchange *x)
{
	const struct logout_session more = {
		.state = LOGOUT_LIVE, .since = NOW, .provider = "p", .name_id = "n", .session_index = "_s", .doors = {"d"}, .door_count = 1,
	};
	struct logout_cookie c, again;
	struct http_cookie set = {slice_c(LOGOUT_NAME), {0}};
	struct http_exchange next = {.arena = x->arena, .cookies = &set, .cookie_count = 1};

	logout_cookie_read(x, &key, NOW, DAY, &c);
	if (c.count > LOGOUT_SESSIONS_MAX)
		abort();
	for (size_t i = 0; i < c.count; i++)
		require_session(&c.sessions[i]);
	if (c.count > 0)
		fuzz_succeeded(0);
	logout_cookie_add(&c, &more);
	logout_cookie_set(x, &key, &c, DAY);
	set.value = slice_c(x->set_cookies->value);
	logout_cookie_read(&next, &key, NOW, DAY, &again);
	if (again.count != c.count || strcmp(again.sessions[0].name_id, "n") != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	bool logout = size > 0 && data[0] & 2;
	struct arena *a = arena_new();
	struct http_cookie cookie = {slice_c(logout ? LOGOUT_NAME : NAME), slice_of(data + (size > 0), size - (size > 0))};
	struct http_exchange x = {.arena = a, .cookies = &cookie, .cookie_count = 1};

	if (size > 0 && data[0] & 1)
		cookie.value = slice_c(base64url_encode(a, seal(a, &key, cookie.name, cookie.value)));
	if (logout)
		read_logout(&x);
	else
		read_pending(&x);
	arena_free(a);
	return 0;
}
