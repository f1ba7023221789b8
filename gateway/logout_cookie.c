/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The cookie for signing out: encoding, sealing, limits. */
#include "gateway/logout_cookie.h"

#include "base/encode.h"
#include "base/random.h"
#include "gateway/packed.h"

#include <endian.h>

#define NAME "__Host-logout"
#define ENCODING 1
#define TOKEN_DIGITS (LOGOUT_TOKEN_SIZE - 1)
#define HEAD_SIZE (1 + 1 + TOKEN_DIGITS)
#define SESSION_HEAD_SIZE (1 + 1 + 8)
#define SESSION_TEXTS 7
#define NAME_ID_MAX 1024                /* bytes, as saml/subject.c takes them */
#define OTHER_MAX 256                   /* of every other text */
#define PLAIN_MAX 2800                  /* sealed and in base64 it is below 4,096 bytes with its name and attributes */
#define AHEAD_SECONDS 60                /* of the clock of another host */

/* ---- encoding ---- */

static void texts_of(const struct logout_session *s, struct slice out[SESSION_TEXTS])
{
	const char *const texts[SESSION_TEXTS] = {s->provider, s->name_id, s->session_index, s->name_id_format, s->name_qualifier,
		s->sp_name_qualifier, s->request_id};

	for (size_t i = 0; i < SESSION_TEXTS; i++)
		out[i] = slice_c(texts[i]);
}

static size_t session_size(const struct logout_session *s)
{
	struct slice texts[SESSION_TEXTS];
	size_t i, n = SESSION_HEAD_SIZE;

	texts_of(s, texts);
	for (i = 0; i < SESSION_TEXTS; i++)
		n += packed_size(texts[i]);
	for (i = 0; i < s->door_count; i++)
		n += packed_size(slice_c(s->doors[i]));
	return n;
}

static void put_session(char **at, const struct logout_session *s)
{
	uint64_t since = htobe64((uint64_t)s->since);
	struct slice texts[SESSION_TEXTS];
	size_t i;

	*(*at)++ = (char)s->state;
	*(*at)++ = (char)s->door_count;
	memcpy(*at, &since, 8);
	*at += 8;
	texts_of(s, texts);
	for (i = 0; i < SESSION_TEXTS; i++)
		packed_put(at, texts[i]);
	for (i = 0; i < s->door_count; i++)
		packed_put(at, slice_c(s->doors[i]));
}

static int take_session(struct arena *a, struct slice *in, struct logout_session *out)
{
	const char **const texts[SESSION_TEXTS] = {&out->provider, &out->name_id, &out->session_index, &out->name_id_format,
		&out->name_qualifier, &out->sp_name_qualifier, &out->request_id};
	struct slice text;
	uint64_t since;
	size_t i;

	if (in->n < SESSION_HEAD_SIZE || in->p[0] < LOGOUT_LIVE || in->p[0] > LOGOUT_ENDED ||
		(unsigned char)in->p[1] > LOGOUT_DOORS_MAX)
		return -1;
	out->state = (enum logout_state)in->p[0];
	out->door_count = (unsigned char)in->p[1];
	memcpy(&since, in->p + 2, 8);
	since = be64toh(since);
	if (since > INT64_MAX / 2)
		return -1;
	out->since = (int64_t)since;
	*in = slice_of(in->p + SESSION_HEAD_SIZE, in->n - SESSION_HEAD_SIZE);
	for (i = 0; i < SESSION_TEXTS; i++) {
		if (packed_take(a, in, &text) < 0)
			return -1;
		*texts[i] = text.p;
	}
	for (i = 0; i < out->door_count; i++) {
		if (packed_take(a, in, &text) < 0 || !text.p)
			return -1;
		out->doors[i] = text.p;
	}
	return out->provider && out->name_id && out->session_index ? 0 : -1;
}

static int decode(struct arena *a, struct slice in, struct logout_cookie *out)
{
	size_t i;

	if (in.n < HEAD_SIZE || in.p[0] != ENCODING || in.p[1] < 0 || in.p[1] > LOGOUT_SESSIONS_MAX)
		return -1;
	out->count = (size_t)in.p[1];
	memcpy(out->token, in.p + 2, TOKEN_DIGITS);
	in = slice_of(in.p + HEAD_SIZE, in.n - HEAD_SIZE);
	for (i = 0; i < out->count; i++) {
		if (take_session(a, &in, &out->sessions[i]) < 0)
			return -1;
	}
	return in.n == 0 ? 0 : -1;
}

/* ---- reading ---- */

static void drop_old(struct logout_cookie *c, int64_t now, int64_t seconds)
{
	size_t i, kept = 0;

	for (i = 0; i < c->count; i++) {
		int64_t age = now - c->sessions[i].since, most = c->sessions[i].state == LOGOUT_LIVE ? seconds : LOGOUT_MARK_SECONDS;

		if (age <= most && age >= -AHEAD_SECONDS)
			c->sessions[kept++] = c->sessions[i];
	}
	c->count = kept;
}

void logout_cookie_read(struct http_exchange *x, const struct seal_key *key, int64_t now, int64_t seconds,
	struct logout_cookie *out)
{
	const struct http_cookie *found = NULL;
	struct logout_cookie c = {0};
	struct slice sealed, plain;
	size_t i, n = 0;

	*out = (struct logout_cookie){0};
	for (i = 0; i < x->cookie_count; i++) {
		if (slice_is(x->cookies[i].name, NAME)) {
			found = &x->cookies[i];
			n++;
		}
	}
	if (n != 1 || base64url_decode(x->arena, found->value, &sealed) < 0 ||
		seal_open(x->arena, key, slice_c(NAME), sealed, &plain) < 0 || decode(x->arena, plain, &c) < 0)
		return;
	drop_old(&c, now, seconds);
	*out = c;
}

/* ---- writing ---- */

static bool is_same(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool is_short(const char *s, size_t most)
{
	return !s || strlen(s) <= most;
}

static bool fits(const struct logout_session *s)
{
	return s->provider && s->name_id && s->session_index && is_short(s->name_id, NAME_ID_MAX) &&
		is_short(s->provider, OTHER_MAX) && is_short(s->name_id_format, OTHER_MAX) &&
		is_short(s->name_qualifier, OTHER_MAX) && is_short(s->sp_name_qualifier, OTHER_MAX) &&
		is_short(s->session_index, OTHER_MAX);
}

static void add_door(struct logout_session *s, const char *door)
{
	for (size_t i = 0; i < s->door_count; i++) {
		if (strcmp(s->doors[i], door) == 0)
			return;
	}
	if (s->door_count < LOGOUT_DOORS_MAX)
		s->doors[s->door_count++] = door;
}

void logout_cookie_add(struct logout_cookie *c, const struct logout_session *session)
{
	struct logout_session new = *session;
	size_t i, at = c->count;

	if (!fits(session))
		return;
	for (i = 0; i < c->count; i++) {
		if (is_same(c->sessions[i].provider, new.provider) && is_same(c->sessions[i].name_id, new.name_id) &&
			is_same(c->sessions[i].name_id_format, new.name_id_format))
			at = i;
	}
	for (i = 0; at < c->count && i < c->sessions[at].door_count; i++)
		add_door(&new, c->sessions[at].doors[i]);
	if (at == LOGOUT_SESSIONS_MAX)
		at--;
	else if (at == c->count)
		c->count++;
	memmove(&c->sessions[1], &c->sessions[0], at * sizeof(new));
	c->sessions[0] = new;
}

/* Kept while there is a cookie: a page for signing out may stand open in another tab. */
static void require_token(struct logout_cookie *c)
{
	unsigned char bytes[TOKEN_DIGITS / 2];

	if (*c->token)
		return;
	random_bytes(bytes, sizeof(bytes));
	hex_encode(bytes, sizeof(bytes), c->token);
}

void logout_cookie_set(struct http_exchange *x, const struct seal_key *key, struct logout_cookie *c, int64_t seconds)
{
	size_t i, size = HEAD_SIZE;
	char *bytes, *at;

	for (i = 0; i < c->count && size + session_size(&c->sessions[i]) <= PLAIN_MAX; i++)
		size += session_size(&c->sessions[i]);
	c->count = i;
	if (c->count == 0) {
		http_set_cookie(x, NAME, "", 0);
		return;
	}
	require_token(c);
	bytes = at = arena_alloc(x->arena, size);
	*at++ = ENCODING;
	*at++ = (char)c->count;
	memcpy(at, c->token, TOKEN_DIGITS);
	at += TOKEN_DIGITS;
	for (i = 0; i < c->count; i++)
		put_session(&at, &c->sessions[i]);
	http_set_cookie(x, NAME, base64url_encode(x->arena, seal(x->arena, key, slice_c(NAME), slice_of(bytes, size))), seconds);
}
