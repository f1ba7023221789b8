/* SPDX-License-Identifier: GPL-3.0-or-later */
/* See limits.h for what is limited; base/buckets.h counts. */
#include "gateway/limits.h"

#include "base/buckets.h"
#include "base/clock.h"
#include "base/log.h"

#include <stdlib.h>

#define SITE_BITS 48                    /* of IPv6: what one site is given at most (RFC 6177) */
#define SITE_TIMES 16
#define TOLD_PER_MINUTE 60
#define ACS "/saml/sp/acs/"             /* of this host, or of one that died */
#define SPARE_US (6 * INT64_C(1000000)) /* whoever comes back then finds a tenth of a minute's worth, not a single one */

enum kind { REQUESTS, FAILURES, ANSWERS, SIGN_ONS, TOLD, KINDS };

struct limits {
	struct buckets *buckets;
};

int limits_make(int *fd_out, struct error *err)
{
	return buckets_make(KINDS, fd_out, err);
}

int limits_open(int fd, struct limits **out, struct error *err)
{
	struct buckets *buckets;
	struct limits *l;

	if (buckets_open(fd, KINDS, &buckets, err) < 0)
		return -1;
	l = calloc(1, sizeof(*l));
	if (!l)
		abort();
	l->buckets = buckets;
	*out = l;
	return 0;
}

void limits_close(struct limits *l)
{
	if (!l)
		return;
	buckets_close(l->buckets);
	free(l);
}

/* ---- whose network ---- */

/* The buckets that a request of this client takes from; 0: it has no limit. */
struct client {
	char names[2][NETWORK_TEXT_SIZE + 5];   /* "192.0.2.7", "2001:db8:1:2::/64" */
	size_t times[2];                /* its size, in limits */
	size_t count;
};

static void add_network(struct client *c, const unsigned char address[NETWORK_ADDRESS_SIZE], int bits, size_t times)
{
	struct network network = network_of(address, bits);
	char text[NETWORK_TEXT_SIZE];

	network_address_write(network.address, text);
	if (bits == 128)
		snprintf(c->names[c->count], sizeof(c->names[0]), "%s", text);
	else
		snprintf(c->names[c->count], sizeof(c->names[0]), "%s/%d", text, network_is_ipv4(address) ? bits - 96 : bits);
	c->times[c->count++] = times;
}

/* A proxy of ours is the client only where it names nobody, and then for the whole world behind it. */
static bool is_exempt(const struct settings *s, const unsigned char address[NETWORK_ADDRESS_SIZE])
{
	return network_any_holds(s->limits.exempt, s->limits.exempt_count, address) ||
		network_any_holds(s->trusted_proxies.networks, s->trusted_proxies.count, address);
}

static struct client client_of(const struct settings *settings, const char *text)
{
	const struct settings_limits *s = &settings->limits;
	unsigned char address[NETWORK_ADDRESS_SIZE];
	struct client c = {.count = 0};
	int bits;

	if (network_address_read(slice_c(text), address) < 0) {
		/* of a proxy of ours: http.h.  Anything else is a peer without an address, which is this host */
		if (strcmp(text, "unknown") == 0)
			c = (struct client){.names = {"unknown"}, .times = {1}, .count = 1};
		return c;
	}
	if (is_exempt(settings, address))
		return c;
	bits = network_is_ipv4(address) ? 96 + (int)s->ipv4_prefix : (int)s->ipv6_prefix;
	add_network(&c, address, bits, 1);
	if (!network_is_ipv4(address) && bits > SITE_BITS)
		add_network(&c, address, SITE_BITS, SITE_TIMES);
	return c;
}

static struct bucket bucket(enum kind kind, const char *name, size_t per_minute)
{
	if (per_minute > BUCKETS_PER_MINUTE_MOST)
		per_minute = BUCKETS_PER_MINUTE_MOST;
	return (struct bucket){.kind = kind, .key = slice_c(name), .per_minute = per_minute};
}

/* Microseconds until each of its buckets has one, and in *which the one that is the last to. */
static int64_t look(const struct limits *l, const struct client *c, enum kind kind, size_t limit, size_t *which)
{
	int64_t longest = 0, now = clock_monotonic_us();

	for (size_t i = 0; limit && i < c->count; i++) {
		struct bucket b = bucket(kind, c->names[i], limit * c->times[i]);
		int64_t wait = buckets_look(l->buckets, &b, now);

		if (wait > longest) {
			longest = wait;
			*which = i;
		}
	}
	return longest;
}

static void take(struct limits *l, const struct client *c, enum kind kind, size_t limit)
{
	int64_t now = clock_monotonic_us();

	for (size_t i = 0; limit && i < c->count; i++) {
		struct bucket b = bucket(kind, c->names[i], limit * c->times[i]);

		buckets_take(l->buckets, &b, now);
	}
}

/* ---- saying no ---- */

bool limits_tells(const struct gateway *g, const char *subject)
{
	int64_t now = clock_monotonic_us();
	struct bucket mine = bucket(TOLD, subject, 1), all = bucket(TOLD, "", TOLD_PER_MINUTE);

	return !g->limits || (buckets_take(g->limits->buckets, &mine, now) == 0 && buckets_take(g->limits->buckets, &all, now) == 0);
}

static void tell(const struct gateway *g, const char *limit, const char *network, size_t per_minute)
{
	char subject[120], most[24];

	metrics_count(g->metrics, METRIC_LIMITED, limit, NULL);
	snprintf(subject, sizeof(subject), "%s %s", limit, network);
	snprintf(most, sizeof(most), "%zu", per_minute);
	if (limits_tells(g, subject))
		log_warning("a network is over a limit, what is more is refused", "limit", limit, "network", network, "most", most, NULL);
}

static enum reason refuse(struct http_exchange *x, int64_t wait_us)
{
	x->retry_after = arena_printf(x->arena, "%lld", (long long)((wait_us + SPARE_US + 999999) / 1000000));
	return REASON_TOO_MANY;
}

static enum reason refuse_network(const struct gateway *g, struct http_exchange *x, const char *limit, const struct client *c, size_t which,
	size_t most, int64_t wait_us)
{
	tell(g, limit, c->names[which], most * c->times[which]);
	return refuse(x, wait_us);
}

/* ---- the limits ---- */

static enum reason require_failures_left(const struct gateway *g, struct http_exchange *x, const struct client *c)
{
	size_t which = 0, most = g->settings->limits.failures;
	int64_t wait = look(g->limits, c, FAILURES, most, &which);

	return wait > 0 ? refuse_network(g, x, "failures", c, which, most, wait) : REASON_NONE;
}

enum reason limits_request(const struct gateway *g, struct http_exchange *x)
{
	const struct settings_limits *s = &g->settings->limits;
	struct client c;
	size_t which = 0;
	int64_t wait;

	if (!g->limits)
		return REASON_NONE;
	c = client_of(g->settings, x->client);
	wait = look(g->limits, &c, REQUESTS, s->requests, &which);
	if (wait > 0)
		return refuse_network(g, x, "requests", &c, which, s->requests, wait);
	take(g->limits, &c, REQUESTS, s->requests);
	/* answers to our sign-ons have a rule of their own, once it is known whether they are: limits_answer */
	return strncmp(x->path, ACS, strlen(ACS)) == 0 ? REASON_NONE : require_failures_left(g, x, &c);
}

bool limits_connection(const struct gateway *g, const char *peer)
{
	size_t which = 0, most = g->settings->limits.requests;
	struct client c;

	if (!g->limits)
		return true;
	c = client_of(g->settings, peer);
	if (look(g->limits, &c, REQUESTS, most, &which) > 0) {
		tell(g, "requests", c.names[which], most * c.times[which]);
		return false;
	}
	take(g->limits, &c, REQUESTS, most);
	return true;
}

enum reason limits_answer(const struct gateway *g, struct http_exchange *x, const char *pending_id)
{
	struct bucket first = bucket(ANSWERS, pending_id, 1);
	struct client c;

	if (!g->limits || buckets_take(g->limits->buckets, &first, clock_monotonic_us()) == 0)
		return REASON_NONE;
	c = client_of(g->settings, x->client);
	return require_failures_left(g, x, &c);
}

enum reason limits_person(const struct gateway *g, struct http_exchange *x, const char *person)
{
	size_t most = g->settings->limits.sign_ons;
	struct bucket b;
	int64_t wait;

	if (!g->limits || !most)
		return REASON_NONE;
	b = bucket(SIGN_ONS, person, most);
	wait = buckets_take(g->limits->buckets, &b, clock_monotonic_us());
	if (wait == 0)
		return REASON_NONE;
	metrics_count(g->metrics, METRIC_LIMITED, "sign_ons", NULL);
	return refuse(x, wait);
}

/* What honest browsers bring as well, a whole company of them at once when something is wrong elsewhere; or what costs us nothing. */
static bool is_harmless(enum reason reason)
{
	static const enum reason list[] = {
		REASON_BAD_REQUEST, REASON_NO_SUCH_PAGE, REASON_NO_SUCH_LINK, REASON_TOO_MANY, REASON_COOKIE_MISSING, REASON_PENDING_EXPIRED,
		REASON_ALREADY_ANSWERED, REASON_UNSOLICITED, REASON_PROVIDER_CHOICE, REASON_STATUS_NOT_SUCCESS, REASON_EXPIRED,
		REASON_CONFIRMATION_EXPIRED, REASON_NOT_YET_VALID, REASON_SESSION_EXPIRED, REASON_NOT_FRESH, REASON_LOGOUT_EXPIRED,
		REASON_LOGOUT_NOT_ASKED, REASON_LOGOUT_NOT_OFFERED,
	};

	for (size_t i = 0; i < sizeof(list) / sizeof(*list); i++)
		if (list[i] == reason)
			return true;
	return reason_status(reason) >= 500;
}

void limits_failed(const struct gateway *g, const struct http_exchange *x, enum reason reason)
{
	struct client c;

	if (!g->limits || is_harmless(reason))
		return;
	c = client_of(g->settings, x->client);
	take(g->limits, &c, FAILURES, g->settings->limits.failures);
}

void limits_crowded(const struct gateway *g, const char *peer)
{
	struct client c = client_of(g->settings, peer);

	if (g->limits && c.count)
		tell(g, "connections", c.names[0], g->settings->limits.connections);
}
