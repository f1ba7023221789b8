/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/pending.c: what the browser remembers for us, and what it cannot change. */
#include "tests/unit/unit.h"

#include "base/encode.h"
#include "gateway/pending.h"

#include "saml/saml.h"

#define NOW 1800000000

static struct arena *a;
static struct seal_key key, other_key;
static struct error err;

static int begin(void **state)
{
	(void)state;
	a = arena_new();
	return seal_derive(slice_c("0123456789abcdef0123456789abcdef"), "pending sign-on", &key) < 0 ||
		seal_derive(slice_c("0123456789abcdef0123456789abcdef"), "something else", &other_key) < 0 ? -1 : 0;
}

static int end(void **state)
{
	(void)state;
	arena_free(a);
	return 0;
}

static struct http_exchange *browser(size_t room)
{
	struct http_exchange *x = arena_alloc(a, sizeof(*x));

	x->arena = a;
	x->cookies = arena_alloc(a, (room + 1) * sizeof(*x->cookies));
	return x;
}

/* What a browser does with Set-Cookie: replaces, adds, removes. */
static void keep_cookies(struct http_exchange *x)
{
	struct http_cookie *jar = (struct http_cookie *)x->cookies;
	const struct http_set_cookie *c;
	size_t i;

	for (c = x->set_cookies; c; c = c->next) {
		for (i = 0; i < x->cookie_count && !slice_is(jar[i].name, c->name); i++)
			;
		if (c->max_age == 0) {
			if (i < x->cookie_count)
				jar[i] = jar[--x->cookie_count];
			continue;
		}
		jar[i] = (struct http_cookie){slice_c(c->name), slice_c(c->value)};
		if (i == x->cookie_count)
			x->cookie_count++;
	}
	x->set_cookies = NULL;
}

static struct pending an_entry(const char *id)
{
	return (struct pending){
		.state = PENDING_OPEN, .id = id, .host = "1", .provider = "entra", .our_request_id = "_0123456789abcdef", .connection = "organisation",
		.request_id = "_asked", .relay_state = slice_c("r\"<>'& \xc3\xa4"), .force_authn = true, .hops = 2, .generation = "fifteen bytes.",
	};
}

static const char *new_id(void)
{
	char id[PENDING_ID_SIZE];

	pending_id(id);
	return arena_strdup(a, id);
}

static void comes_back_as_it_was_sealed(void **state)
{
	struct http_exchange *x = browser(4);
	struct pending p = an_entry(new_id()), q;

	(void)state;
	assert_true(pending_is_id(slice_c(p.id)));
	pending_set(x, &key, &p, NOW, 900);
	assert_int_equal(strncmp(x->set_cookies->name, "__Host-p-", 9), 0);
	keep_cookies(x);
	assert_done(pending_get(x, &key, slice_c(p.id), NOW + 900, 900, &q, &err), err);
	assert_int_equal(q.state, PENDING_OPEN);
	assert_int_equal(q.started, NOW);
	assert_int_equal(q.hops, 2);
	assert_true(q.force_authn);
	assert_false(q.is_passive);
	assert_string_equal(q.host, "1");
	assert_string_equal(q.provider, "entra");
	assert_string_equal(q.connection, "organisation");
	assert_null(q.link);
	assert_string_equal(q.request_id, "_asked");
	assert_true(slice_equal(q.relay_state, p.relay_state));
	assert_memory_equal(q.generation, p.generation, sizeof(p.generation));
}

static void keeps_no_relay_state_apart_from_an_empty_one(void **state)
{
	struct http_exchange *x = browser(4);
	struct pending none = an_entry(new_id()), empty = an_entry(new_id()), q;

	(void)state;
	none.relay_state = (struct slice){0};
	empty.relay_state = slice_c("");
	pending_set(x, &key, &none, NOW, 900);
	keep_cookies(x);
	pending_set(x, &key, &empty, NOW, 900);
	keep_cookies(x);
	assert_done(pending_get(x, &key, slice_c(none.id), NOW, 900, &q, &err), err);
	assert_null(q.relay_state.p);
	assert_done(pending_get(x, &key, slice_c(empty.id), NOW, 900, &q, &err), err);
	assert_non_null(q.relay_state.p);
	assert_int_equal(q.relay_state.n, 0);
}

static void holds_the_longest_request(void **state)
{
	struct http_exchange *x = browser(4);
	struct pending p = an_entry(new_id()), q;
	char id[257], relay[SAML_RELAY_STATE_MAX];

	(void)state;
	memset(id, 'i', 256);
	id[256] = 0;
	memset(relay, 'r', sizeof(relay));
	p.request_id = id;
	p.relay_state = slice_of(relay, sizeof(relay));
	pending_set(x, &key, &p, NOW, 900);
	assert_true(strlen(x->set_cookies->value) + strlen(x->set_cookies->name) < 4096);
	keep_cookies(x);
	assert_done(pending_get(x, &key, slice_c(p.id), NOW, 900, &q, &err), err);
	assert_int_equal(q.relay_state.n, sizeof(relay));
}

static void refuses_missing_cookie(void **state)
{
	struct http_exchange *x = browser(4);
	struct pending p = an_entry(new_id()), q;

	(void)state;
	assert_refused(pending_get(x, &key, slice_c(new_id()), NOW, 900, &q, &err), err, REASON_COOKIE_MISSING);
	pending_set(x, &key, &p, NOW, 900);
	keep_cookies(x);
	assert_refused(pending_get(x, &key, slice_c(new_id()), NOW, 900, &q, &err), err, REASON_COOKIE_MISSING);
}

static void refuses_pending_with_changed_bytes(void **state)
{
	struct http_exchange *x = browser(4);
	struct pending p = an_entry(new_id()), q;
	struct http_cookie *jar = (struct http_cookie *)x->cookies;
	struct slice good;
	size_t i;

	(void)state;
	pending_set(x, &key, &p, NOW, 900);
	keep_cookies(x);
	good = jar[0].value;
	for (i = 0; i < good.n; i++) {
		char *changed = arena_copy(a, good);

		changed[i] = changed[i] == 'A' ? 'B' : 'A';
		jar[0].value = slice_of(changed, good.n);
		assert_refused(pending_get(x, &key, slice_c(p.id), NOW, 900, &q, &err), err, REASON_PENDING_INVALID);
	}
	jar[0].value = slice_of(good.p, good.n - 1);
	assert_refused(pending_get(x, &key, slice_c(p.id), NOW, 900, &q, &err), err, REASON_PENDING_INVALID);
}

static void refuses_pending_under_another_name_or_key(void **state)
{
	struct http_exchange *x = browser(4);
	struct pending p = an_entry(new_id()), q;
	struct http_cookie *jar = (struct http_cookie *)x->cookies;
	const char *other = new_id();

	(void)state;
	pending_set(x, &key, &p, NOW, 900);
	keep_cookies(x);
	assert_refused(pending_get(x, &other_key, slice_c(p.id), NOW, 900, &q, &err), err, REASON_PENDING_INVALID);
	jar[0].name = slice_c(arena_printf(a, "__Host-p-%s", other));
	assert_refused(pending_get(x, &key, slice_c(other), NOW, 900, &q, &err), err, REASON_PENDING_INVALID);
}

static void refuses_pending_that_is_there_twice(void **state)
{
	struct http_exchange *x = browser(4);
	struct pending p = an_entry(new_id()), q;
	struct http_cookie *jar = (struct http_cookie *)x->cookies;

	(void)state;
	pending_set(x, &key, &p, NOW, 900);
	keep_cookies(x);
	jar[1] = jar[0];
	x->cookie_count = 2;
	assert_refused(pending_get(x, &key, slice_c(p.id), NOW, 900, &q, &err), err, REASON_PENDING_INVALID);
}

static void refuses_expired_pending(void **state)
{
	struct http_exchange *x = browser(4);
	struct pending p = an_entry(new_id()), q;

	(void)state;
	pending_set(x, &key, &p, NOW, 900);
	keep_cookies(x);
	assert_refused(pending_get(x, &key, slice_c(p.id), NOW + 901, 900, &q, &err), err, REASON_PENDING_EXPIRED);
	assert_refused(pending_get(x, &key, slice_c(p.id), NOW - 3600, 900, &q, &err), err, REASON_PENDING_EXPIRED);
	p.state = PENDING_ANSWERED;
	pending_set(x, &key, &p, NOW, 300);
	keep_cookies(x);
	assert_refused(pending_get(x, &key, slice_c(p.id), NOW + PENDING_MARK_SECONDS + 1, 900, &q, &err), err, REASON_PENDING_EXPIRED);
}

static size_t bytes_of(const struct http_exchange *x)
{
	size_t i, n = 0;

	for (i = 0; i < x->cookie_count; i++)
		n += x->cookies[i].name.n + x->cookies[i].value.n;
	return n;
}

static void drops_the_oldest_beyond_eight(void **state)
{
	struct http_exchange *x = browser(32);
	const char *ids[12];
	struct pending q;
	int i;

	(void)state;
	for (i = 0; i < 12; i++) {
		struct pending p = an_entry(ids[i] = new_id());

		pending_set(x, &key, &p, NOW + i, 900);
		keep_cookies(x);
		assert_true(x->cookie_count <= PENDING_MOST);
		assert_true(bytes_of(x) <= PENDING_BYTES);
	}
	assert_int_equal(x->cookie_count, PENDING_MOST);
	assert_done(pending_get(x, &key, slice_c(ids[11]), NOW + 12, 900, &q, &err), err);
	assert_done(pending_get(x, &key, slice_c(ids[4]), NOW + 12, 900, &q, &err), err);
	assert_refused(pending_get(x, &key, slice_c(ids[3]), NOW + 12, 900, &q, &err), err, REASON_COOKIE_MISSING);
}

static void drops_the_oldest_beyond_six_kilobytes(void **state)
{
	struct http_exchange *x = browser(32);
	char relay[SAML_RELAY_STATE_MAX];
	int i;

	(void)state;
	memset(relay, 'r', sizeof(relay));
	for (i = 0; i < 5; i++) {
		struct pending p = an_entry(new_id());

		p.relay_state = slice_of(relay, sizeof(relay));
		pending_set(x, &key, &p, NOW + i, 900);
		keep_cookies(x);
		assert_true(bytes_of(x) <= PENDING_BYTES);
	}
	assert_int_equal(x->cookie_count, 2);
}

static void drops_what_does_not_open_and_leaves_foreign_cookies(void **state)
{
	struct http_exchange *x = browser(8);
	struct http_cookie *jar = (struct http_cookie *)x->cookies;
	struct pending p = an_entry(new_id());

	(void)state;
	jar[0] = (struct http_cookie){slice_c(arena_printf(a, "__Host-p-%s", new_id())), slice_c("rubbish")};
	jar[1] = (struct http_cookie){slice_c("session"), slice_c("of another application")};
	x->cookie_count = 2;
	pending_set(x, &key, &p, NOW, 900);
	keep_cookies(x);
	assert_int_equal(x->cookie_count, 2);
	assert_true(slice_is(jar[0].name, "session") || slice_is(jar[1].name, "session"));
}

static void counts_redirects_of_the_last_minute_only(void **state)
{
	struct http_exchange *x = browser(16);
	int i;

	(void)state;
	for (i = 0; i < 4; i++) {
		struct pending p = an_entry(new_id());

		p.state = i == 3 ? PENDING_ANSWERED : PENDING_REDIRECTED;
		pending_set(x, &key, &p, i == 0 ? NOW - PENDING_LOOP_SECONDS - 1 : NOW, 300);
		keep_cookies(x);
	}
	assert_int_equal(pending_redirects(x, &key, NOW), 2);
}

/* While the person is asked for the organisation there is no provider, and no request of ours. */
static void keeps_a_sign_on_that_has_no_provider_yet(void **state)
{
	struct http_exchange *x = browser(4);
	struct pending p = an_entry(new_id()), q;

	(void)state;
	p.state = PENDING_CHOOSING;
	p.provider = p.our_request_id = NULL;
	pending_set(x, &key, &p, NOW, 900);
	keep_cookies(x);
	assert_done(pending_get(x, &key, slice_c(p.id), NOW + 900, 900, &q, &err), err);
	assert_int_equal(q.state, PENDING_CHOOSING);
	assert_null(q.provider);
	assert_null(q.our_request_id);
	assert_string_equal(q.connection, "organisation");
	assert_refused(pending_get(x, &key, slice_c(p.id), NOW + 901, 900, &q, &err), err, REASON_PENDING_EXPIRED);
}

/* Neither half may stand for the other: an open sign-on always has a provider. */
static void refuses_pending_that_is_half_of_another(void **state)
{
	static const struct {
		enum pending_state state;
		const char *provider, *request;
	} rows[] = {
		{PENDING_OPEN, NULL, NULL}, {PENDING_OPEN, NULL, "_1"}, {PENDING_OPEN, "entra", NULL}, {PENDING_ANSWERED, NULL, NULL},
		{PENDING_CHOOSING, "entra", "_1"}, {PENDING_CHOOSING, "entra", NULL}, {PENDING_CHOOSING, NULL, "_1"},
	};
	struct pending q;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct http_exchange *x = browser(4);
		struct pending p = an_entry(new_id());

		p.state = rows[i].state;
		p.provider = rows[i].provider;
		p.our_request_id = rows[i].request;
		pending_set(x, &key, &p, NOW, 900);
		keep_cookies(x);
		assert_refused(pending_get(x, &key, slice_c(p.id), NOW, 900, &q, &err), err, REASON_PENDING_INVALID);
	}
}

static void counts_starts_of_one_link_within_the_last_minute(void **state)
{
	struct http_exchange *x = browser(8);
	struct pending p = an_entry(new_id());

	(void)state;
	p.connection = NULL;
	p.link = "help";
	pending_set(x, &key, &p, NOW, 900);
	keep_cookies(x);
	p.id = new_id();
	p.link = "other";
	pending_set(x, &key, &p, NOW, 900);
	keep_cookies(x);
	p.id = new_id();
	p.link = "help";
	p.state = PENDING_ANSWERED;
	pending_set(x, &key, &p, NOW, 900);
	keep_cookies(x);
	assert_int_equal(pending_starts(x, &key, "help", NOW + PENDING_LOOP_SECONDS), 1);
	assert_int_equal(pending_starts(x, &key, "other", NOW), 1);
	assert_int_equal(pending_starts(x, &key, "none", NOW), 0);
	assert_int_equal(pending_starts(x, &key, "help", NOW + PENDING_LOOP_SECONDS + 1), 0);
}

static void knows_its_own_ids(void **state)
{
	(void)state;
	assert_false(pending_is_id(slice_c("")));
	assert_false(pending_is_id(slice_c("0123456789abcdef0123456789abcdeF")));
	assert_false(pending_is_id(slice_c("0123456789abcdef0123456789abcdef0")));
	assert_false(pending_is_id(slice_c("javascript:alert(1)/////////////")));
	assert_true(pending_is_id(slice_c("0123456789abcdef0123456789abcdef")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(comes_back_as_it_was_sealed),
		cmocka_unit_test(keeps_no_relay_state_apart_from_an_empty_one),
		cmocka_unit_test(holds_the_longest_request),
		cmocka_unit_test(refuses_missing_cookie),
		cmocka_unit_test(refuses_pending_with_changed_bytes),
		cmocka_unit_test(refuses_pending_under_another_name_or_key),
		cmocka_unit_test(refuses_pending_that_is_there_twice),
		cmocka_unit_test(refuses_expired_pending),
		cmocka_unit_test(drops_the_oldest_beyond_eight),
		cmocka_unit_test(drops_the_oldest_beyond_six_kilobytes),
		cmocka_unit_test(drops_what_does_not_open_and_leaves_foreign_cookies),
		cmocka_unit_test(counts_redirects_of_the_last_minute_only),
		cmocka_unit_test(keeps_a_sign_on_that_has_no_provider_yet),
		cmocka_unit_test(refuses_pending_that_is_half_of_another),
		cmocka_unit_test(counts_starts_of_one_link_within_the_last_minute),
		cmocka_unit_test(knows_its_own_ids),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
