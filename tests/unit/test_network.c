/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/unit.h"

#include "base/network.h"

static void reads_and_matches_networks(void **state)
{
	static const struct {
		const char *network, *address;
		bool held;
	} table[] = {
		{"10.0.0.0/8", "10.255.0.1", true},
		{"10.0.0.0/8", "11.0.0.1", false},
		{"10.0.0.0/8", "::ffff:10.1.2.3", true},
		{"192.0.2.7", "192.0.2.7", true},
		{"192.0.2.7", "192.0.2.6", false},
		{"192.0.2.128/25", "192.0.2.129", true},
		{"192.0.2.128/25", "192.0.2.127", false},
		{"0.0.0.0/0", "203.0.113.9", true},
		{"0.0.0.0/0", "2001:db8::1", false},
		{"::/0", "2001:db8::1", true},
		{"2001:db8::/33", "2001:db8:7fff::1", true},
		{"2001:db8::/33", "2001:db8:8000::1", false},
		{"::1", "::1", true},
		{"::1", "::2", false},
	};
	unsigned char address[NETWORK_ADDRESS_SIZE];
	struct network network;

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		assert_int_equal(network_read(table[i].network, &network, NULL), 0);
		assert_int_equal(network_address_read(slice_c(table[i].address), address), 0);
		if (network_holds(&network, address) != table[i].held)
			fail_msg("%s in %s", table[i].address, table[i].network);
	}
}

static void refuses_what_is_not_a_network_and_says_why(void **state)
{
	static const struct {
		const char *text, *why;
	} table[] = {
		{"", "is not a numeric address"},
		{"/8", "is not a numeric address"},
		{"localhost", "is not a numeric address"},
		{"10.0.0", "is not a numeric address"},
		{"010.0.0.1", "is not a numeric address"},
		{"10.0.0.0 /8", "is not a numeric address"},
		{"1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb", "is not a numeric address"},
		{"10.0.0.0/33", "has a prefix length that is not 0 to 32"},
		{"10.0.0.0/", "has a prefix length that is not 0 to 32"},
		{"10.0.0.0/8/8", "has a prefix length that is not 0 to 32"},
		{"10.0.0.0/-1", "has a prefix length that is not 0 to 32"},
		{"2001:db8::/129", "has a prefix length that is not 0 to 128"},
		{"10.0.0.1/8", "has bits set behind its prefix length"},
		{"2001:db8::1/64", "has bits set behind its prefix length"},
	};
	struct network network = {.bits = 77};
	const char *why;

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		why = "";
		if (network_read(table[i].text, &network, &why) != -1 || strcmp(why, table[i].why) != 0)
			fail_msg("`%s`: wanted `%s`, got `%s`", table[i].text, table[i].why, why);
	}
	assert_int_equal(network.bits, 77);
}

static void refuses_what_is_not_an_address(void **state)
{
	unsigned char address[NETWORK_ADDRESS_SIZE] = {0};

	(void)state;
	assert_int_equal(network_address_read(slice_c(NULL), address), -1);
	assert_int_equal(network_address_read(slice_c("10.0.0.0/8"), address), -1);
	assert_int_equal(network_address_read(slice_c("fe80::1%eth0"), address), -1);
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

static void cuts_an_address_to_its_network(void **state)
{
	static const struct {
		const char *address;
		int bits;
		const char *network;
		bool ipv4;
	} rows[] = {
		{"192.0.2.7", 128, "192.0.2.7", true}, {"192.0.2.255", 96 + 25, "192.0.2.128", true},
		{"127.3.2.1", 96 + 24, "127.3.2.0", true}, {"2001:db8:1:2:3:4:5:6", 64, "2001:db8:1:2::", false},
		{"2001:db8:1:2ff::6", 55, "2001:db8:1:200::", false}, {"::1", 128, "::1", false},
		{"::ffff:127.0.0.1", 128, "127.0.0.1", true}, {"::2", 128, "::2", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		unsigned char address[16];
		struct network network;
		char text[46];

		assert_int_equal(network_address_read(slice_c(rows[i].address), address), 0);
		network = network_of(address, rows[i].bits);
		network_address_write(network.address, text);
		assert_string_equal(text, rows[i].network);
		assert_int_equal(network.bits, rows[i].bits);
		assert_true(network_holds(&network, address));
		assert_int_equal(network_is_ipv4(address), rows[i].ipv4);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_and_matches_networks),
		cmocka_unit_test(refuses_what_is_not_a_network_and_says_why),
		cmocka_unit_test(refuses_what_is_not_an_address),
		cmocka_unit_test(writes_mapped_addresses_as_ipv4),
		cmocka_unit_test(cuts_an_address_to_its_network),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
