/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What signing out needs, in a sealed cookie: kept, merged, bounded, and good for nothing else. */
#include "tests/unit/unit.h"

#include "base/encode.h"
#include "gateway/logout_cookie.h"
#include "gateway/pending.h"

#define NOW 1795526356
#define HOURS_12 43200

static struct arena *a;
static struct seal_key key, pending_key;

static int begin(void **state)
{
	struct slice secret = slice_c("0123456789abcdef0123456789abcdef");

	(void)state;
	a = arena_new();
	return seal_derive(secret, "logout", &key) < 0 || seal_derive(secret, "pending sign-on", &pending_key) < 0 ? -1 : 0;
}

static int end(void **state)
{
	(void)state;
	arena_free(a);
	return 0;
}

static struct http_exchange *browser(void)
{
	struct http_exchange *x = arena_alloc(a, sizeof(*x));

	*x = (struct http_exchange){.arena = a, .cookies = arena_alloc(a, 4 * sizeof(struct http_cookie))};
	return x;
}

/* As if the browser came again with the last cookie it was given. */
static void come_again(struct http_exchange *x)
{
	const struct http_set_cookie *c = x->set_cookies;
	struct http_cookie *jar = (struct http_cookie *)x->cookies;

	assert_non_null(c);
	assert_null(c->next);
	jar[0] = (struct http_cookie){slice_c(c->name), slice_c(c->value)};
	x->cookie_count = c->max_age ? 1 : 0;
	x->set_cookies = NULL;
}

static struct logout_session a_session(const char *name_id, const char *door)
{
	return (struct logout_session){
		.state = LOGOUT_LIVE, .since = NOW, .provider = "entra", .name_id = name_id, .name_id_format = "urn:email", .session_index = "_index",
		.doors = {door}, .door_count = 1,
	};
}

static struct logout_cookie read_at(struct http_exchange *x, int64_t now)
{
	struct logout_cookie c;

	logout_cookie_read(x, &key, now, HOURS_12, &c);
	return c;
}

static struct http_exchange *browser_with(struct logout_session session)
{
	struct http_exchange *x = browser();
	struct logout_cookie c = {0};

	logout_cookie_add(&c, &session);
	logout_cookie_set(x, &key, &c, HOURS_12);
	come_again(x);
	return x;
}

static void keeps_everything_that_a_logout_needs(void **state)
{
	struct logout_session s = a_session("anna", "organisation");
	struct http_exchange *x = browser();
	struct logout_cookie c = {0};

	(void)state;
	s.name_qualifier = "urn:q";
	s.sp_name_qualifier = "urn:sp";
	s.request_id = "_asked";
	logout_cookie_add(&c, &s);
	logout_cookie_set(x, &key, &c, HOURS_12);
	assert_string_equal(x->set_cookies->name, "__Host-logout");
	assert_int_equal(x->set_cookies->max_age, HOURS_12);
	come_again(x);
	c = read_at(x, NOW + HOURS_12);
	assert_int_equal(c.count, 1);
	assert_int_equal(strlen(c.token), 32);
	assert_int_equal(c.sessions[0].state, LOGOUT_LIVE);
	assert_int_equal(c.sessions[0].since, NOW);
	assert_string_equal(c.sessions[0].provider, "entra");
	assert_string_equal(c.sessions[0].name_id, "anna");
	assert_string_equal(c.sessions[0].name_id_format, "urn:email");
	assert_string_equal(c.sessions[0].name_qualifier, "urn:q");
	assert_string_equal(c.sessions[0].sp_name_qualifier, "urn:sp");
	assert_string_equal(c.sessions[0].session_index, "_index");
	assert_string_equal(c.sessions[0].request_id, "_asked");
	assert_int_equal(c.sessions[0].door_count, 1);
	assert_string_equal(c.sessions[0].doors[0], "organisation");
	assert_int_equal(read_at(x, NOW + HOURS_12 + 1).count, 0);
	assert_int_equal(read_at(x, NOW - 61).count, 0);
}

/* Sealed by us and never meant: whoever counts with it must not be led out of the numbers. */
static void a_time_that_cannot_be_makes_it_empty(void **state)
{
	static const int64_t times[] = {-1, INT64_MIN, INT64_MAX};
	struct logout_session s = a_session("anna", "organisation");
	struct logout_cookie c = {0};

	(void)state;
	logout_cookie_add(&c, &s);
	for (size_t i = 0; i < sizeof(times) / sizeof(*times); i++) {
		struct logout_session odd = a_session("boris", "organisation");
		struct http_exchange *x = browser();

		odd.since = times[i];
		logout_cookie_add(&c, &odd);
		logout_cookie_set(x, &key, &c, HOURS_12);
		come_again(x);
		assert_int_equal(read_at(x, NOW).count, 0);
	}
}

static void the_token_stays_while_there_is_a_cookie(void **state)
{
	struct http_exchange *x = browser_with(a_session("anna", "organisation")), *other = browser_with(a_session("anna", "organisation"));
	struct logout_cookie c = read_at(x, NOW), again;

	(void)state;
	logout_cookie_set(x, &key, &c, HOURS_12);
	come_again(x);
	again = read_at(x, NOW);
	assert_string_equal(again.token, c.token);
	again = read_at(other, NOW);
	assert_string_not_equal(again.token, c.token);
}

static void a_mark_is_short_lived(void **state)
{
	struct logout_session s = a_session("anna", "organisation");
	struct http_exchange *x;

	(void)state;
	s.state = LOGOUT_ENDED;
	x = browser_with(s);
	assert_int_equal(read_at(x, NOW + LOGOUT_MARK_SECONDS).count, 1);
	assert_int_equal(read_at(x, NOW + LOGOUT_MARK_SECONDS + 1).count, 0);
}

static void a_new_sign_on_of_the_same_person_keeps_the_doors(void **state)
{
	struct logout_cookie c = {0};
	struct logout_session s = a_session("anna", "organisation"), other = a_session("ben", "helpdesk");

	(void)state;
	logout_cookie_add(&c, &s);
	logout_cookie_add(&c, &other);
	s = a_session("anna", "helpdesk");
	s.session_index = "_newer";
	logout_cookie_add(&c, &s);
	logout_cookie_add(&c, &s);
	assert_int_equal(c.count, 2);
	assert_string_equal(c.sessions[0].name_id, "anna");
	assert_string_equal(c.sessions[0].session_index, "_newer");
	assert_int_equal(c.sessions[0].door_count, 2);
	assert_string_equal(c.sessions[0].doors[0], "helpdesk");
	assert_string_equal(c.sessions[0].doors[1], "organisation");
	assert_string_equal(c.sessions[1].name_id, "ben");
	s.provider = "other";
	logout_cookie_add(&c, &s);
	assert_int_equal(c.count, 3);
	assert_int_equal(c.sessions[0].door_count, 1);
}

static void the_oldest_make_room(void **state)
{
	struct logout_cookie c = {0};

	(void)state;
	for (int i = 0; i < 10; i++) {
		struct logout_session s = a_session(arena_printf(a, "person%d", i), "organisation");

		logout_cookie_add(&c, &s);
	}
	assert_int_equal(c.count, LOGOUT_SESSIONS_MAX);
	for (size_t i = 0; i < c.count; i++)
		assert_string_equal(c.sessions[i].name_id, arena_printf(a, "person%zu", 9 - i));
	for (int i = 0; i < 20; i++) {
		struct logout_session s = a_session("person9", arena_printf(a, "door%d", i));

		logout_cookie_add(&c, &s);
	}
	assert_int_equal(c.sessions[0].door_count, LOGOUT_DOORS_MAX);
	assert_string_equal(c.sessions[0].doors[0], "door19");
}

static const char *of_length(size_t n)
{
	char *p = arena_alloc(a, n + 1);

	memset(p, 'n', n);
	return p;
}

static void never_grows_beyond_what_a_browser_keeps(void **state)
{
	struct http_exchange *x = browser();
	struct logout_cookie c = {0}, read;

	(void)state;
	for (int i = 0; i < LOGOUT_SESSIONS_MAX; i++) {
		struct logout_session s = a_session(of_length(1024 - (size_t)i), "organisation");

		s.name_id_format = s.name_qualifier = s.sp_name_qualifier = s.session_index = of_length(256);
		s.provider = of_length(32);
		s.request_id = of_length(33);
		for (s.door_count = 0; s.door_count < LOGOUT_DOORS_MAX; s.door_count++)
			s.doors[s.door_count] = of_length(32 - s.door_count);
		logout_cookie_add(&c, &s);
	}
	logout_cookie_set(x, &key, &c, HOURS_12);
	assert_in_range(strlen(x->set_cookies->name) + strlen(x->set_cookies->value), 1, 4000);
	come_again(x);
	read = read_at(x, NOW);
	assert_int_equal(read.count, 1);
	assert_int_equal(strlen(read.sessions[0].name_id), 1024 - 3);
	assert_int_equal(read.sessions[0].door_count, LOGOUT_DOORS_MAX);
}

static void what_no_cookie_holds_is_not_remembered(void **state)
{
	struct logout_session rows[] = {a_session(of_length(1025), "d"), a_session("n", "d"), a_session("n", "d"), a_session(NULL, "d"),
		a_session("n", "d")};
	struct logout_cookie c = {0};

	(void)state;
	rows[1].session_index = of_length(257);
	rows[2].name_id_format = of_length(257);
	rows[4].session_index = NULL;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		logout_cookie_add(&c, &rows[i]);
	assert_int_equal(c.count, 0);
}

static void nothing_left_deletes_the_cookie(void **state)
{
	struct http_exchange *x = browser();
	struct logout_cookie c = {0};

	(void)state;
	logout_cookie_set(x, &key, &c, HOURS_12);
	assert_int_equal(x->set_cookies->max_age, 0);
	assert_string_equal(x->set_cookies->value, "");
}

static void a_changed_doubled_or_foreign_cookie_counts_as_none(void **state)
{
	struct http_exchange *x = browser_with(a_session("anna", "organisation"));
	struct http_cookie *jar = (struct http_cookie *)x->cookies;
	struct slice good = jar[0].value;

	(void)state;
	for (size_t i = 0; i < good.n; i++) {
		char *changed = arena_copy(a, good);

		changed[i] = changed[i] == 'A' ? 'B' : 'A';
		jar[0].value = slice_of(changed, good.n);
		assert_int_equal(read_at(x, NOW).count, 0);
	}
	for (size_t n = 0; n < good.n; n++) {
		jar[0].value = slice_of(good.p, n);
		assert_int_equal(read_at(x, NOW).count, 0);
	}
	jar[0].value = good;
	assert_int_equal(read_at(x, NOW).count, 1);
	jar[1] = jar[0];
	x->cookie_count = 2;
	assert_int_equal(read_at(x, NOW).count, 0);
}

/* Neither kind of cookie opens as the other, whatever name it is given. */
static void never_opens_as_a_pending_sign_on_nor_the_other_way_round(void **state)
{
	struct http_exchange *x = browser_with(a_session("anna", "organisation"));
	struct http_cookie *jar = (struct http_cookie *)x->cookies;
	struct pending p = {.state = PENDING_OPEN, .host = "1", .provider = "entra", .our_request_id = "_r", .connection = "organisation"}, q;
	char id[PENDING_ID_SIZE];
	struct logout_cookie c;
	struct error err;

	(void)state;
	pending_id(id);
	jar[0].name = slice_c(arena_printf(a, "__Host-p-%s", id));
	assert_refused(pending_get(x, &pending_key, slice_c(id), NOW, 900, &q, &err), err, REASON_PENDING_INVALID);
	x->set_cookies = NULL;
	x->cookie_count = 0;
	p.id = id;
	pending_set(x, &pending_key, &p, NOW, 900);
	come_again(x);
	jar[0].name = slice_c("__Host-logout");
	assert_int_equal(read_at(x, NOW).count, 0);
	/* not even under the other key: the name is sealed with it */
	logout_cookie_read(x, &pending_key, NOW, HOURS_12, &c);
	assert_int_equal(c.count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keeps_everything_that_a_logout_needs),
		cmocka_unit_test(a_time_that_cannot_be_makes_it_empty),
		cmocka_unit_test(the_token_stays_while_there_is_a_cookie),
		cmocka_unit_test(a_mark_is_short_lived),
		cmocka_unit_test(a_new_sign_on_of_the_same_person_keeps_the_doors),
		cmocka_unit_test(the_oldest_make_room),
		cmocka_unit_test(never_grows_beyond_what_a_browser_keeps),
		cmocka_unit_test(what_no_cookie_holds_is_not_remembered),
		cmocka_unit_test(nothing_left_deletes_the_cookie),
		cmocka_unit_test(a_changed_doubled_or_foreign_cookie_counts_as_none),
		cmocka_unit_test(never_opens_as_a_pending_sign_on_nor_the_other_way_round),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
