/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What networks may ask for: whose a request is, what counts, and what is said of it.  Persons: test_sign_on_observe.c. */
#include "unit.h"

#include "gateway/limits.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define ACS "/saml/sp/acs/1"

static struct network exempt[2], proxies[1];
static struct settings settings;
static struct gateway gateway;
static int metrics_memory;

static int set_up(void **state)
{
	struct error err;
	int fd;

	(void)state;
	network_read("127.0.0.0/8", &exempt[0], NULL);
	network_read("198.51.100.0/24", &exempt[1], NULL);
	network_read("10.0.0.1", &proxies[0], NULL);
	settings = (struct settings){.trusted_proxies = {.networks = proxies, .count = 1}, .limits = {.requests = 100, .failures = 10, .sign_ons = 5,
		.connections = 16, .ipv4_prefix = 32, .ipv6_prefix = 64, .exempt = exempt, .exempt_count = 2}};
	gateway = (struct gateway){.arena = arena_new(), .settings = &settings};
	assert_done(limits_make(&fd, &err), err);
	assert_done(limits_open(fd, &gateway.limits, &err), err);
	close(fd);
	assert_done(metrics_make(&metrics_memory, &err), err);
	assert_done(metrics_open(metrics_memory, 1, &gateway.metrics, &err), err);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	limits_close(gateway.limits);
	metrics_close(gateway.metrics);
	close(metrics_memory);
	arena_free(gateway.arena);
	return 0;
}

static struct http_exchange of(const char *client)
{
	return (struct http_exchange){.arena = gateway.arena, .client = client, .path = "/saml/idp/sso"};
}

static bool passes(const char *client)
{
	struct http_exchange x = of(client);

	return limits_request(&gateway, &x) == REASON_NONE;
}

static unsigned passing(const char *client, unsigned tries)
{
	unsigned n = 0;

	for (unsigned i = 0; i < tries; i++)
		n += passes(client);
	return n;
}

static void failed(const char *client, enum reason reason, unsigned times)
{
	struct http_exchange x = of(client);

	while (times-- > 0)
		limits_failed(&gateway, &x, reason);
}

static uint64_t counted(const char *limit)
{
	const struct metrics_sample *samples;
	size_t n = metrics_read(gateway.arena, gateway.metrics, &samples);

	for (size_t i = 0; i < n; i++)
		if (samples[i].metric == METRIC_LIMITED && strcmp(samples[i].values[0], limit) == 0)
			return samples[i].count;
	return 0;
}

static void a_network_has_its_requests_and_nobody_elses(void **state)
{
	struct http_exchange x = of("192.0.2.1");

	(void)state;
	assert_in_range(passing("192.0.2.1", 200), 100, 101);
	assert_in_range(passing("192.0.2.2", 200), 100, 101);
	assert_int_equal(limits_request(&gateway, &x), REASON_TOO_MANY);
	assert_in_range(strtol(x.retry_after, NULL, 10), 6, 8);
	assert_in_range(counted("requests"), 198, 201);
}

/* A TLS connection is dearer than many a request: it takes one. */
static void connections_take_of_the_requests(void **state)
{
	unsigned n = 0;

	(void)state;
	for (unsigned i = 0; i < 150; i++)
		n += limits_connection(&gateway, "192.0.2.1");
	assert_in_range(n, 100, 101);
	assert_false(passes("192.0.2.1"));
	assert_true(limits_connection(&gateway, "192.0.2.2"));
	assert_true(limits_connection(&gateway, "unix"));
	for (unsigned i = 0; i < 150; i++)
		assert_true(limits_connection(&gateway, "127.0.0.1"));
}

/* The same client by either family, with whatever it puts into the half of the address that is its own. */
static void a_network_is_a_prefix(void **state)
{
	unsigned n = 0;
	char client[60];

	(void)state;
	for (unsigned i = 0; i < 150; i++) {
		snprintf(client, sizeof(client), "2001:db8:0:7:%x::%x", i, i * 7 + 1);
		n += passes(client);
	}
	assert_in_range(n, 100, 101);
	assert_int_equal(passing("::ffff:192.0.2.1", 60) + passing("192.0.2.1", 60), 100);
	settings.limits.ipv4_prefix = 24;
	assert_in_range(passing("203.0.113.1", 60) + passing("203.0.113.200", 60), 100, 101);
	assert_int_equal(passing("203.0.112.1", 60), 60);
}

/* Who has a /48 has 65,536 networks: together they are 16. */
static void a_site_of_many_ipv6_networks_is_not_as_many_clients(void **state)
{
	unsigned n = 0;
	char client[60];

	(void)state;
	for (unsigned i = 0; i < 2000; i++) {
		snprintf(client, sizeof(client), "2001:db8:1:%x::1", i);
		n += passes(client);
	}
	assert_in_range(n, 1600, 1640);
	assert_false(passes("2001:db8:1:ffff::1"));
	assert_true(passes("2001:db8:2::1"));
}

static void this_host_proxies_that_name_nobody_and_exempt_networks_have_no_limit(void **state)
{
	static const char *const free[] = {"127.0.0.1", "198.51.100.200", "10.0.0.1", ""};

	(void)state;
	for (size_t i = 0; i < sizeof(free) / sizeof(free[0]); i++) {
		failed(free[i], REASON_REQUEST_MALFORMED, 50);
		assert_int_equal(passing(free[i], 300), 300);
	}
	assert_in_range(passing("unknown", 300), 100, 101);
	assert_in_range(passing("10.0.0.2", 300), 100, 101);
}

static void what_is_refused_for_what_it_holds_has_a_limit_of_its_own(void **state)
{
	struct http_exchange x = of("192.0.2.1");

	(void)state;
	failed("192.0.2.1", REASON_REQUEST_MALFORMED, 5);
	failed("192.0.2.1", REASON_SIGNATURE_INVALID, 4);
	assert_true(passes("192.0.2.1"));
	failed("192.0.2.1", REASON_PENDING_INVALID, 1);
	assert_false(passes("192.0.2.1"));
	assert_true(passes("192.0.2.2"));
	assert_int_equal(counted("failures"), 1);
	/* answers to sign-ons under way are judged when their cookie was opened */
	x.path = ACS;
	assert_int_equal(limits_request(&gateway, &x), REASON_NONE);
}

/* A clock that is wrong, blocked cookies, a link in an old mail: a company that brings these all at once is not an attacker. */
static void what_honest_browsers_bring_counts_nothing(void **state)
{
	static const enum reason honest[] = {
		REASON_COOKIE_MISSING, REASON_PENDING_EXPIRED, REASON_ALREADY_ANSWERED, REASON_LOOP, REASON_NOT_READY, REASON_NO_SUCH_PAGE,
		REASON_NO_SUCH_LINK, REASON_PROVIDER_CHOICE, REASON_STATUS_NOT_SUCCESS, REASON_NOT_YET_VALID, REASON_EXPIRED, REASON_AUDIT,
		REASON_DIRECTORY_STALE, REASON_TOO_MANY,
	};

	(void)state;
	for (size_t i = 0; i < sizeof(honest) / sizeof(honest[0]); i++)
		failed("192.0.2.1", honest[i], 50);
	assert_true(passes("192.0.2.1"));
}

static void only_the_second_answer_to_a_sign_on_asks_its_network(void **state)
{
	struct http_exchange x = of("192.0.2.1");

	(void)state;
	assert_int_equal(limits_answer(&gateway, &x, "0123"), REASON_NONE);
	assert_int_equal(limits_answer(&gateway, &x, "0123"), REASON_NONE);
	failed("192.0.2.1", REASON_SIGNATURE_INVALID, 10);
	assert_int_equal(limits_answer(&gateway, &x, "0123"), REASON_TOO_MANY);
	assert_int_equal(limits_answer(&gateway, &x, "4567"), REASON_NONE);
	assert_int_equal(limits_answer(&gateway, &x, "4567"), REASON_TOO_MANY);
}

static void what_is_off_limits_nobody(void **state)
{
	struct http_exchange x = of("192.0.2.1");

	(void)state;
	settings.limits.requests = settings.limits.failures = settings.limits.sign_ons = 0;
	failed("192.0.2.1", REASON_REQUEST_MALFORMED, 50);
	assert_int_equal(passing("192.0.2.1", 500), 500);
	for (int i = 0; i < 50; i++) {
		assert_int_equal(limits_person(&gateway, &x, "anna"), REASON_NONE);
		assert_int_equal(limits_answer(&gateway, &x, "0123"), REASON_NONE);
	}
	assert_int_equal(counted("requests") + counted("failures") + counted("sign_ons"), 0);
}

/* The log: once a minute for each subject, and for so many subjects; a flood from everywhere is no flood of lines. */
static void says_so_once_a_minute_and_not_for_everybody(void **state)
{
	unsigned said = 0;
	char subject[20];

	(void)state;
	assert_true(limits_tells(&gateway, "192.0.2.1"));
	assert_false(limits_tells(&gateway, "192.0.2.1"));
	for (unsigned i = 0; i < 1000; i++) {
		snprintf(subject, sizeof(subject), "s%u", i);
		said += limits_tells(&gateway, subject);
	}
	assert_in_range(said, 59, 61);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_network_has_its_requests_and_nobody_elses, set_up, tear_down),
		cmocka_unit_test_setup_teardown(connections_take_of_the_requests, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_network_is_a_prefix, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_site_of_many_ipv6_networks_is_not_as_many_clients, set_up, tear_down),
		cmocka_unit_test_setup_teardown(this_host_proxies_that_name_nobody_and_exempt_networks_have_no_limit, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_is_refused_for_what_it_holds_has_a_limit_of_its_own, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_honest_browsers_bring_counts_nothing, set_up, tear_down),
		cmocka_unit_test_setup_teardown(only_the_second_answer_to_a_sign_on_asks_its_network, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_is_off_limits_nobody, set_up, tear_down),
		cmocka_unit_test_setup_teardown(says_so_once_a_minute_and_not_for_everybody, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
