/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/unit.h"

#include "http/internal.h"

static struct network proxies[3];
static const struct http_peers trusted = {.networks = proxies, .count = 3};

static int read_proxies(void **state)
{
	(void)state;
	return network_read("10.0.0.0/8", &proxies[0], NULL) | network_read("127.0.0.1", &proxies[1], NULL) |
		network_read("2001:db8:ff::/48", &proxies[2], NULL);
}

struct row {
	const char *peer, *x_forwarded_for, *forwarded, *wanted;
};

static void check(const struct row *rows, size_t count)
{
	struct arena *a = arena_new();

	for (size_t i = 0; i < count; i++) {
		struct forwarded f = {slice_c(rows[i].x_forwarded_for), slice_c(rows[i].forwarded)};
		const char *got = forwarded_client(a, rows[i].peer, &f, &trusted);

		if (strcmp(got, rows[i].wanted) != 0)
			fail_msg("%s, %s, %s: wanted %s, got %s", rows[i].peer, rows[i].x_forwarded_for ?
				rows[i].x_forwarded_for : "-",
				rows[i].forwarded ? rows[i].forwarded : "-", rows[i].wanted, got);
	}
	arena_free(a);
}

static void believes_only_proxies_of_ours(void **state)
{
	static const struct row rows[] = {
		{"203.0.113.9", NULL, NULL, "203.0.113.9"},
		{"203.0.113.9", "192.0.2.1", NULL, "203.0.113.9"},
		{"203.0.113.9", NULL, "for=192.0.2.1", "203.0.113.9"},
		{"::ffff:203.0.113.9", "192.0.2.1", NULL, "203.0.113.9"},
		{"2001:db8::1", "192.0.2.1", NULL, "2001:db8::1"},
		{"10.0.0.1", NULL, NULL, "10.0.0.1"},
		{"10.0.0.1", "192.0.2.1", NULL, "192.0.2.1"},
		{"::ffff:10.0.0.1", "192.0.2.1", NULL, "192.0.2.1"},
		{"2001:db8:ff::1", "2001:DB8::0:7", NULL, "2001:db8::7"},
		{"10.0.0.1", NULL, "for=192.0.2.1", "192.0.2.1"},
	};

	(void)state;
	check(rows, sizeof(rows) / sizeof(rows[0]));
}

static void takes_the_last_hop_that_is_not_ours(void **state)
{
	static const struct row rows[] = {
		{"10.0.0.1", "192.0.2.66, 192.0.2.1", NULL, "192.0.2.1"},
		{"10.0.0.1", "192.0.2.66, 192.0.2.1, 10.0.0.2", NULL, "192.0.2.1"},
		{"10.0.0.1", "192.0.2.66,192.0.2.1,10.0.0.2,127.0.0.1", NULL, "192.0.2.1"},
		{"10.0.0.1", "10.0.0.3, 10.0.0.2", NULL, "10.0.0.3"},
		{"10.0.0.1", "10.0.0.99, 192.0.2.1", NULL, "192.0.2.1"},
		{"10.0.0.1", "rubbish, 192.0.2.1", NULL, "192.0.2.1"},
		{"10.0.0.1", NULL, "for=192.0.2.66, for=192.0.2.1;proto=https;by=10.0.0.1, For=\"10.0.0.2:99\"", "192.0.2.1"},
	};

	(void)state;
	check(rows, sizeof(rows) / sizeof(rows[0]));
}

static void knows_nobody_when_malformed(void **state)
{
	static const struct row rows[] = {
		{"10.0.0.1", "", NULL, "unknown"},
		{"10.0.0.1", ",", NULL, "unknown"},
		{"10.0.0.1", "192.0.2.1,", NULL, "unknown"},
		{"10.0.0.1", "192.0.2.1, unknown", NULL, "unknown"},
		{"10.0.0.1", "192.0.2.1, unknown, 10.0.0.2", NULL, "unknown"},
		{"10.0.0.1", "192.0.2.1 192.0.2.2", NULL, "unknown"},
		{"10.0.0.1", "192.0.2.1:99999", NULL, "unknown"},
		{"10.0.0.1", "192.0.2.1:", NULL, "unknown"},
		{"10.0.0.1", "[192.0.2.1]", NULL, "unknown"},
		{"10.0.0.1", "[2001:db8::1", NULL, "unknown"},
		{"10.0.0.1", "[2001:db8::1]x", NULL, "unknown"},
		{"10.0.0.1", "localhost", NULL, "unknown"},
		{"10.0.0.1", NULL, "for=unknown", "unknown"},
		{"10.0.0.1", NULL, "for=_hidden", "unknown"},
		{"10.0.0.1", NULL, "by=192.0.2.1", "unknown"},
		{"10.0.0.1", NULL, "for=192.0.2.1;for=192.0.2.2", "unknown"},
		{"10.0.0.1", NULL, "for=\"192.0.2.1", "unknown"},
		{"10.0.0.1", NULL, "for=", "unknown"},
		{"10.0.0.1", NULL, "192.0.2.1", "unknown"},
	};

	(void)state;
	check(rows, sizeof(rows) / sizeof(rows[0]));
}

static void reads_ports_and_brackets(void **state)
{
	static const struct row rows[] = {
		{"10.0.0.1", "192.0.2.1:4711", NULL, "192.0.2.1"},
		{"10.0.0.1", "2001:db8::7", NULL, "2001:db8::7"},
		{"10.0.0.1", "[2001:db8::7]", NULL, "2001:db8::7"},
		{"10.0.0.1", "[2001:db8::7]:4711", NULL, "2001:db8::7"},
		{"10.0.0.1", "::ffff:192.0.2.1", NULL, "192.0.2.1"},
		{"10.0.0.1", NULL, "proto=https; for=\"[2001:db8::7]:4711\"", "2001:db8::7"},
	};

	(void)state;
	check(rows, sizeof(rows) / sizeof(rows[0]));
}

/* A proxy sets one field and passes the client's other on: a client must not choose who it is. */
static void believes_neither_field_where_they_differ(void **state)
{
	static const struct row rows[] = {
		{"10.0.0.1", "192.0.2.1", "for=192.0.2.66", "unknown"},
		{"10.0.0.1", "192.0.2.1", "for=unknown", "unknown"},
		{"10.0.0.1", "rubbish", "for=192.0.2.1", "unknown"},
		{"10.0.0.1", "192.0.2.1", "for=192.0.2.1", "192.0.2.1"},
	};

	(void)state;
	check(rows, sizeof(rows) / sizeof(rows[0]));
}

/* Neighbours on the wire have limits, too, and may be proxies or inside the network of a condition. */
static void a_zone_is_no_part_of_an_address(void **state)
{
	static const char *const rows[][2] = {
		{"fe80::1%eth0", "fe80::1"}, {"fe80::1%", "fe80::1"}, {"fe80::1", "fe80::1"}, {"192.0.2.1", "192.0.2.1"}, {"unix", "unix"}, {"", ""},
	};
	char out[NETWORK_TEXT_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_string_equal(peer_without_zone(rows[i][0], out), rows[i][1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(believes_only_proxies_of_ours),
		cmocka_unit_test(takes_the_last_hop_that_is_not_ours),
		cmocka_unit_test(knows_nobody_when_malformed),
		cmocka_unit_test(reads_ports_and_brackets),
		cmocka_unit_test(believes_neither_field_where_they_differ),
		cmocka_unit_test(a_zone_is_no_part_of_an_address),
	};

	return cmocka_run_group_tests(tests, read_proxies, NULL);
}
