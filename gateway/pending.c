/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Pending sign-ons in the browser's cookies: encoding, sealing, limits. */
#include "gateway/pending.h"

#include "base/encode.h"
#include "base/random.h"
#include "gateway/packed.h"

#include <endian.h>

#define PREFIX "__Host-p-"
#define PREFIX_SIZE (sizeof(PREFIX) - 1)
#define ENCODING 1
#define HEAD_SIZE (1 + 1 + 1 + 1 + 8 + CLAIMS_GENERATION_SIZE)
#define FLAG_FORCE 1
#define FLAG_PASSIVE 2
#define COOKIE_VALUE_MAX 3900           /* browsers keep 4,096 bytes of name, value and attributes */

void pending_id(char out[PENDING_ID_SIZE])
{
	unsigned char bytes[16];

	random_bytes(bytes, sizeof(bytes));
	hex_encode(bytes, sizeof(bytes), out);
}

bool pending_is_id(struct slice text)
{
	size_t i;

	for (i = 0; i < text.n; i++) {
		if (!((text.p[i] >= '0' && text.p[i] <= '9') || (text.p[i] >= 'a' && text.p[i] <= 'f')))
			return false;
	}
	return text.n == PENDING_ID_SIZE - 1;
}

/* ---- encoding: a fixed head, then the texts, each with its length ---- */

static struct slice encode(struct arena *a, const struct pending *p)
{
	struct slice texts[] = {slice_c(p->host), slice_c(p->provider), slice_c(p->our_request_id), slice_c(p->connection), slice_c(p->link),
		slice_c(p->request_id), p->relay_state};
	uint64_t started = htobe64((uint64_t)p->started);
	size_t i, size = HEAD_SIZE;
	char *bytes, *at;

	for (i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		size += packed_size(texts[i]);
	bytes = at = arena_alloc(a, size);
	*at++ = ENCODING;
	*at++ = (char)p->state;
	*at++ = (char)p->hops;
	*at++ = (char)((p->force_authn ? FLAG_FORCE : 0) | (p->is_passive ? FLAG_PASSIVE : 0));
	memcpy(at, &started, 8);
	at += 8;
	memcpy(at, p->generation, sizeof(p->generation));
	at += sizeof(p->generation);
	for (i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		packed_put(&at, texts[i]);
	return slice_of(bytes, size);
}

static int decode(struct arena *a, struct slice in, struct pending *out)
{
	struct slice host, provider, ours, connection, link, request;
	uint64_t started;

	/* sealed by us, and all the same held to what can be reckoned with */
	if (in.n < HEAD_SIZE || in.p[0] != ENCODING || in.p[1] < PENDING_OPEN || in.p[1] > PENDING_CHOOSING)
		return -1;
	out->state = (enum pending_state)in.p[1];
	out->hops = (unsigned char)in.p[2];
	out->force_authn = in.p[3] & FLAG_FORCE;
	out->is_passive = in.p[3] & FLAG_PASSIVE;
	memcpy(&started, in.p + 4, 8);
	started = be64toh(started);
	if (started > INT64_MAX / 2)
		return -1;
	out->started = (int64_t)started;
	memcpy(out->generation, in.p + 12, sizeof(out->generation));
	in = slice_of(in.p + HEAD_SIZE, in.n - HEAD_SIZE);
	if (packed_take(a, &in, &host) < 0 || packed_take(a, &in, &provider) < 0 || packed_take(a, &in, &ours) < 0 || packed_take(a, &in, &connection) < 0 ||
		packed_take(a, &in, &link) < 0 || packed_take(a, &in, &request) < 0 || packed_take(a, &in, &out->relay_state) < 0 || in.n)
		return -1;
	out->host = host.p;
	out->provider = provider.p;
	out->our_request_id = ours.p;
	out->connection = connection.p;
	out->link = link.p;
	out->request_id = request.p;
	/* what every one of ours has; who asked is a connection or a link, and who is asked may not be known yet */
	if ((out->state == PENDING_CHOOSING) == (provider.p || ours.p) || !provider.p != !ours.p)
		return -1;
	return host.p && !connection.p != !link.p ? 0 : -1;
}

/* ---- cookies ---- */

static bool is_ours(const struct http_cookie *c)
{
	return slice_begins(c->name, PREFIX) && pending_is_id(slice_of(c->name.p + PREFIX_SIZE, c->name.n - PREFIX_SIZE));
}

static int open_cookie(struct arena *a, const struct seal_key *key, const struct http_cookie *c, struct pending *out)
{
	struct slice sealed, plain;
	struct pending p = {0};

	if (base64url_decode(a, c->value, &sealed) < 0 || seal_open(a, key, c->name, sealed, &plain) < 0 || decode(a, plain, &p) < 0)
		return -1;
	p.id = arena_copy(a, slice_of(c->name.p + PREFIX_SIZE, c->name.n - PREFIX_SIZE));
	*out = p;
	return 0;
}

struct kept {
	const struct http_cookie *cookie;
	int64_t started;
};

static int newest_first(const void *a, const void *b)
{
	const struct kept *x = a, *y = b;

	return x->started < y->started ? 1 : x->started > y->started ? -1 : 0;
}

/* Others of ours beyond the limits, and any that do not open: deleted. */
static void drop_oldest(struct http_exchange *x, const struct seal_key *key, const char *name, size_t bytes)
{
	struct kept *kept = arena_alloc(x->arena, (x->cookie_count + 1) * sizeof(*kept));
	struct pending p;
	size_t i, n = 0;

	for (i = 0; i < x->cookie_count; i++) {
		if (!is_ours(&x->cookies[i]) || slice_is(x->cookies[i].name, name))
			continue;
		kept[n].cookie = &x->cookies[i];
		kept[n++].started = open_cookie(x->arena, key, &x->cookies[i], &p) < 0 ? 0 : p.started;
	}
	qsort(kept, n, sizeof(*kept), newest_first);
	for (i = 0; i < n; i++) {
		bytes += kept[i].cookie->name.n + kept[i].cookie->value.n;
		if (i + 1 >= PENDING_MOST || bytes > PENDING_BYTES || kept[i].started == 0)
			http_set_cookie(x, arena_copy(x->arena, kept[i].cookie->name), "", 0);
	}
}

void pending_set(struct http_exchange *x, const struct seal_key *key, const struct pending *p, int64_t now, int64_t seconds)
{
	const char *name = arena_printf(x->arena, PREFIX "%s", p->id);
	struct pending copy = *p;
	const char *value;

	copy.started = now;
	value = base64url_encode(x->arena, seal(x->arena, key, slice_c(name), encode(x->arena, &copy)));
	if (strlen(value) > COOKIE_VALUE_MAX)
		abort();                /* the limits of request id and relay state keep it below */
	http_set_cookie(x, name, value, seconds);
	drop_oldest(x, key, name, strlen(name) + strlen(value));
}

void pending_drop(struct http_exchange *x, const char *id)
{
	http_set_cookie(x, arena_printf(x->arena, PREFIX "%s", id), "", 0);
}

int pending_get(struct http_exchange *x, const struct seal_key *key, struct slice id, int64_t now, int64_t seconds, struct pending *out,
	struct error *err)
{
	const struct http_cookie *found = NULL;
	struct pending p;
	size_t i;

	for (i = 0; i < x->cookie_count; i++) {
		const struct http_cookie *c = &x->cookies[i];

		if (!is_ours(c) || !slice_equal(slice_of(c->name.p + PREFIX_SIZE, c->name.n - PREFIX_SIZE), id))
			continue;
		if (found)
			return error_set(err, REASON_PENDING_INVALID, "the cookie of this sign-on is there twice");
		found = c;
	}
	if (!found)
		return error_set(err, REASON_COOKIE_MISSING, "no cookie of this sign-on among %zu cookies", x->cookie_count);
	if (open_cookie(x->arena, key, found, &p) < 0)
		return error_set(err, REASON_PENDING_INVALID, "the cookie of this sign-on does not open");
	if (p.state != PENDING_OPEN && p.state != PENDING_CHOOSING)
		seconds = PENDING_MARK_SECONDS;
	*out = p;
	if (now - p.started > seconds || p.started > now + 60)
		return error_set(err, REASON_PENDING_EXPIRED, "the sign-on was started %lld s ago, it may take %lld", (long long)(now - p.started),
			(long long)seconds);
	return 0;
}

/* Cookies of this state (and link, unless NULL) that were set within PENDING_LOOP_SECONDS. */
static unsigned count(struct http_exchange *x, const struct seal_key *key, enum pending_state state, const char *link, int64_t now)
{
	unsigned n = 0;
	size_t i;

	for (i = 0; i < x->cookie_count; i++) {
		struct pending p;

		if (is_ours(&x->cookies[i]) && open_cookie(x->arena, key, &x->cookies[i], &p) == 0 && p.state == state &&
			(!link || (p.link && strcmp(p.link, link) == 0)) && now - p.started <= PENDING_LOOP_SECONDS)
			n++;
	}
	return n;
}

unsigned pending_redirects(struct http_exchange *x, const struct seal_key *key, int64_t now)
{
	return count(x, key, PENDING_REDIRECTED, NULL, now);
}

unsigned pending_starts(struct http_exchange *x, const struct seal_key *key, const char *link, int64_t now)
{
	return count(x, key, PENDING_OPEN, link, now);
}
