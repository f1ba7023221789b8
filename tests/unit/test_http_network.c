/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/unit.h"

#include "http/internal.h"

static void reads_networks_and_addresses(void **state)
{
	static const struct {
		const char *text;
		int bits;               /* -1: refused */
	} rows[] = {
		{"10.0.0.0/8", 104}, {"192.0.2.7", 128}, {"192.0.2.7/32", 128}, {"0.0.0.0/0", 96}, {"192.0.2.128/25", 121},
		{"2001:db8::/32", 32}, {"::1", 128}, {"::/0", 0}, {"fe80::/10", 10},
		{"10.0.0.1/8", -1}, {"192.0.2.129/25", -1}, {"2001:db8::1/32", -1}, {"10.0.0.0/33", -1}, {"::/129", -1},
		{"10.0.0.0/", -1}, {"10.0.0.0/+8", -1}, {"10.0.0.0/8/8", -1}, {"10.0.0/8", -1}, {"010.0.0.0/8", -1}, {"", -1},
		{"/8", -1}, {"example.org", -1}, {"10.0.0.0 /8", -1}, {"[::1]", -1}, {"fe80::1%eth0", -1}, {"10.0.0.0/-1", -1},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct http_network n = {.bits = -1};
		int rc = http_network_read(rows[i].text, &n);

		if (rc != (rows[i].bits < 0 ? -1 : 0) || n.bits != rows[i].bits)
			fail_msg("%s: got %d, %d bits", rows[i].text, rc, n.bits);
	}
}

static void says_who_is_inside(void **state)
{
	static const struct {
		const char *network, *address;
		bool inside;
	} rows[] = {
		{"10.0.0.0/8", "10.255.255.255", true}, {"10.0.0.0/8", "11.0.0.0", false},
		{"10.0.0.0/8", "9.255.255.255", false},
		{"10.0.0.0/8", "::ffff:10.1.2.3", true}, {"192.0.2.128/25", "192.0.2.128", true},
		{"192.0.2.128/25", "192.0.2.127", false},
		{"192.0.2.7", "192.0.2.7", true}, {"192.0.2.7", "192.0.2.6", false}, {"0.0.0.0/0", "203.0.113.1", true},
		{"0.0.0.0/0", "2001:db8::1", false}, {"2001:db8::/33", "2001:db8:7fff::1", true},
		{"2001:db8::/33", "2001:db8:8000::", false},
		{"::/0", "2001:db8::1", true}, {"::/0", "10.0.0.1", true}, {"::1", "::1", true}, {"::1", "127.0.0.1", false},
		{"10.0.0.0/8", "", false}, {"10.0.0.0/8", "10.0.0.1:80", false}, {"10.0.0.0/8", "ten", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct http_network n;

		assert_int_equal(http_network_read(rows[i].network, &n), 0);
		if (http_network_holds(&n, rows[i].address) != rows[i].inside)
			fail_msg("%s in %s", rows[i].address, rows[i].network);
	}
}

static void writes_mapped_addresses_as_ipv4(void **state)
{
	unsigned char address[16];
	char text[46];

	(void)state;
	assert_int_equal(network_address_read(slice_c("::ffff:192.0.2.7"), address), 0);
	network_address_write(address, text);
	assert_string_equal(text, "192.0.2.7");
	assert_int_equal(network_address_read(slice_c("2001:DB8:0:0::1"), address), 0);
	network_address_write(address, text);
	assert_string_equal(text, "2001:db8::1");
	assert_int_equal(network_address_read(slice_of("127.0.0.1\0x", 11), address), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_networks_and_addresses),
		cmocka_unit_test(says_who_is_inside),
		cmocka_unit_test(writes_mapped_addresses_as_ipv4),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
