/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The PROXY header by itself: every row as a whole, byte by byte, and cut short. */
#include "tests/unit/unit.h"

#include "http/internal.h"

#define BYTES(s) s, sizeof(s) - 1
#define SIG "\r\n\r\n\0\r\nQUIT\n"
#define FOUR "\xc0\0\x02\x01\xc0\0\x02\x09\x12\x67\x01\xbb"
#define SIX_FROM "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x07"
#define SIX SIX_FROM "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x09\x12\x67\x01\xbb"
#define EIGHT "12345678"
#define HUNDRED "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789"
#define PATH_108 "/run/x" "\0\0" HUNDRED

struct row {
	const char *name, *bytes;
	size_t n;
	const char *source;     /* "": the proxy's own; NULL: refused */
	const char *why;        /* of a refusal: holds this */
};

static const struct row rows[] = {
	/* version 1 */
	{"v1_tcp4", BYTES("PROXY TCP4 192.0.2.1 192.0.2.9 4711 443\r\n"), "192.0.2.1", NULL},
	{"v1_tcp4_longest", BYTES("PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n"), "255.255.255.255", NULL},
	{"v1_tcp6", BYTES("PROXY TCP6 2001:DB8::0:7 2001:db8::9 0 1\r\n"), "2001:db8::7", NULL},
	{"v1_tcp6_longest", BYTES("PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n"),
		"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", NULL},
	{"v1_tcp6_mapped", BYTES("PROXY TCP6 ::ffff:192.0.2.1 ::1 1 2\r\n"), "192.0.2.1", NULL},
	{"v1_unknown", BYTES("PROXY UNKNOWN\r\n"), "unknown", NULL},
	{"v1_unknown_with_addresses", BYTES("PROXY UNKNOWN ffff::1 rubbish 1 2 3 4\r\n"), "unknown", NULL},
	{"v1_port_0", BYTES("PROXY TCP4 192.0.2.1 192.0.2.9 0 0\r\n"), "192.0.2.1", NULL},
	{"v1_small_letters", BYTES("proxy TCP4 192.0.2.1 192.0.2.9 1 2\r\n"), NULL, "is missing"},
	{"v1_other_protocol", BYTES("PROXY UDP4 192.0.2.1 192.0.2.9 1 2\r\n"), NULL, "protocol"},
	{"v1_protocol_small", BYTES("PROXY tcp4 192.0.2.1 192.0.2.9 1 2\r\n"), NULL, "protocol"},
	{"v1_no_protocol", BYTES("PROXY \r\n"), NULL, "protocol"},
	{"v1_unknown_and_more", BYTES("PROXY UNKNOWNX\r\n"), NULL, "protocol"},
	{"v1_bare_line_feed", BYTES("PROXY TCP4 192.0.2.1 192.0.2.9 1 2\n"), NULL, "carriage return"},
	{"v1_two_blanks", BYTES("PROXY TCP4  192.0.2.1 192.0.2.9 1 2\r\n"), NULL, "address"},
	{"v1_tab", BYTES("PROXY TCP4\t192.0.2.1 192.0.2.9 1 2\r\n"), NULL, "protocol"},
	{"v1_blank_at_the_end", BYTES("PROXY TCP4 192.0.2.1 192.0.2.9 1 2 \r\n"), NULL, "port"},
	{"v1_one_port", BYTES("PROXY TCP4 192.0.2.1 192.0.2.9 1\r\n"), NULL, "port"},
	{"v1_three_ports", BYTES("PROXY TCP4 192.0.2.1 192.0.2.9 1 2 3\r\n"), NULL, "port"},
	{"v1_port_beyond", BYTES("PROXY TCP4 192.0.2.1 192.0.2.9 65536 2\r\n"), NULL, "port"},
	{"v1_port_with_sign", BYTES("PROXY TCP4 192.0.2.1 192.0.2.9 +1 2\r\n"), NULL, "port"},
	{"v1_port_with_zero", BYTES("PROXY TCP4 192.0.2.1 192.0.2.9 01 2\r\n"), NULL, "port"},
	{"v1_port_empty", BYTES("PROXY TCP4 192.0.2.1 192.0.2.9  2\r\n"), NULL, "port"},
	{"v1_no_addresses", BYTES("PROXY TCP4\r\n"), NULL, "address"},
	{"v1_six_in_tcp4", BYTES("PROXY TCP4 2001:db8::7 192.0.2.9 1 2\r\n"), NULL, "address"},
	{"v1_four_in_tcp6", BYTES("PROXY TCP6 192.0.2.1 2001:db8::9 1 2\r\n"), NULL, "address"},
	{"v1_short_address", BYTES("PROXY TCP4 192.0.2 192.0.2.9 1 2\r\n"), NULL, "address"},
	{"v1_octal_address", BYTES("PROXY TCP4 192.0.2.010 192.0.2.9 1 2\r\n"), NULL, "address"},
	{"v1_name", BYTES("PROXY TCP4 localhost 192.0.2.9 1 2\r\n"), NULL, "address"},
	{"v1_zone", BYTES("PROXY TCP6 fe80::1%eth0 ::1 1 2\r\n"), NULL, "address"},
	{"v1_nul_in_address", BYTES("PROXY TCP4 192.0.2.1\0 192.0.2.9 1 2\r\n"), NULL, "address"},
	{"v1_too_long", BYTES("PROXY UNKNOWN " HUNDRED "\r\n"), NULL, "too long"},
	{"a_request", BYTES("GET /ok HTTP/1.1\r\n"), NULL, "is missing"},
	{"a_post", BYTES("POST /ok HTTP/1.1\r\n"), NULL, "is missing"},
	{"a_propfind", BYTES("PROPFIND / HTTP/1.1\r\n"), NULL, "is missing"},
	{"tls", BYTES("\x16\x03\x01\x02\0"), NULL, "is missing"},
	{"nul", BYTES("\0"), NULL, "is missing"},
	/* version 2 */
	{"v2_tcp4", BYTES(SIG "\x21\x11\0\x0c" FOUR), "192.0.2.1", NULL},
	{"v2_tcp6", BYTES(SIG "\x21\x21\0\x24" SIX), "2001:db8::7", NULL},
	{"v2_unix", BYTES(SIG "\x21\x31\0\xd8" PATH_108 PATH_108), "unknown", NULL},
	{"v2_no_family", BYTES(SIG "\x21\0\0\0"), "unknown", NULL},
	{"v2_no_family_with_bytes", BYTES(SIG "\x21\0\0\x08" EIGHT), "unknown", NULL},
	{"v2_local", BYTES(SIG "\x20\0\0\0"), "", NULL},
	{"v2_local_with_addresses", BYTES(SIG "\x20\x11\0\x0c" FOUR), "", NULL},
	{"v2_local_of_any_family", BYTES(SIG "\x20\xff\0\x03" "abc"), "", NULL},
	{"v2_field", BYTES(SIG "\x21\x11\0\x17" FOUR "\x02\0\x08" EIGHT), "192.0.2.1", NULL},
	{"v2_fields_known_and_not", BYTES(SIG "\x21\x11\0\x1d" FOUR "\x01\0\x02h2\x04\0\x03" "abc" "\xee\0\0" "\x04\0\0"), "192.0.2.1",
		NULL},
	{"v2_unix_with_field", BYTES(SIG "\x21\x31\0\xdc" PATH_108 PATH_108 "\x04\0\x01" "a"), "unknown", NULL},
	{"v2_six_with_field", BYTES(SIG "\x21\x21\0\x27" SIX "\x04\0\0"), "2001:db8::7", NULL},
	{"v2_checksum", BYTES(SIG "\x21\x11\0\x13" FOUR "\x03\0\x04\x35\x7b\xb2\x9d"), "192.0.2.1", NULL},
	{"v2_checksum_wrong", BYTES(SIG "\x21\x11\0\x13" FOUR "\x03\0\x04\x35\x7b\xb2\x9e"), NULL, "checksum"},
	{"v2_checksum_short", BYTES(SIG "\x21\x11\0\x12" FOUR "\x03\0\x03\x35\x7b\xb2"), NULL, "checksum"},
	{"v2_checksum_twice", BYTES(SIG "\x21\x11\0\x1a" FOUR "\x03\0\x04\x35\x7b\xb2\x9d\x03\0\x04\x35\x7b\xb2\x9d"), NULL, "checksum"},
	{"v2_field_cut", BYTES(SIG "\x21\x11\0\x0e" FOUR "\x02\0"), NULL, "inside a field"},
	{"v2_field_beyond", BYTES(SIG "\x21\x11\0\x10" FOUR "\x02\0\x02" "a"), NULL, "longer than the rest"},
	{"v2_field_far_beyond", BYTES(SIG "\x21\x11\0\x0f" FOUR "\x02\xff\xff"), NULL, "longer than the rest"},
	{"v2_four_too_short", BYTES(SIG "\x21\x11\0\x0b\xc0\0\x02\x01\xc0\0\x02\x09\x12\x67\x01"), NULL, "too short"},
	{"v2_four_without_any", BYTES(SIG "\x21\x11\0\0"), NULL, "too short"},
	{"v2_six_with_four", BYTES(SIG "\x21\x21\0\x0c" FOUR), NULL, "too short"},
	{"v2_unix_too_short", BYTES(SIG "\x21\x31\0\x0c" FOUR), NULL, "too short"},
	{"v2_datagrams", BYTES(SIG "\x21\x12\0\x0c" FOUR), NULL, "family or protocol"},
	{"v2_datagrams_six", BYTES(SIG "\x21\x22\0\x24" SIX), NULL, "family or protocol"},
	{"v2_family_4", BYTES(SIG "\x21\x41\0\x0c" FOUR), NULL, "family or protocol"},
	{"v2_protocol_none", BYTES(SIG "\x21\x10\0\x0c" FOUR), NULL, "family or protocol"},
	{"v2_version_1", BYTES(SIG "\x11\x11\0\x0c" FOUR), NULL, "another version"},
	{"v2_version_3", BYTES(SIG "\x31\x11\0\x0c" FOUR), NULL, "another version"},
	{"v2_command_2", BYTES(SIG "\x22\x11\0\x0c" FOUR), NULL, "another version"},
	{"v2_too_long", BYTES(SIG "\x21\x11\x0f\xf1" FOUR), NULL, "too long"},
	{"v2_as_long_as_it_can_say", BYTES(SIG "\x20\0\xff\xff"), NULL, "too long"},
	{"v2_signature_changed", BYTES("\r\n\r\n\0\r\nQUIX\n\x21\x11\0\x0c" FOUR), NULL, "is missing"},
	{"v2_empty_lines_and_a_request", BYTES("\r\n\r\nGET / HTTP/1.1\r\n"), NULL, "is missing"},
};

static void check(const struct row *row, const struct proxy_header *h)
{
	const char *wanted = row->source ? row->source : "refused";
	const char *got = h->state == PROXY_HEADER_DONE ? h->source : h->state == PROXY_HEADER_BAD ? "refused" : "more";

	if (strcmp(wanted, got) != 0)
		fail_msg("%s: wanted %s, got %s (%s)", row->name, wanted, got, h->why ? h->why : "-");
	if (row->source && h->own != (*row->source == '\0'))
		fail_msg("%s: own %d", row->name, h->own);
	if (row->why && !strstr(h->why, row->why))
		fail_msg("%s: wanted \"%s\", got \"%s\"", row->name, row->why, h->why);
}

static void reads_each_header_as_the_table_says(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct proxy_header h = {0};

		proxy_header_feed(&h, rows[i].bytes, rows[i].n);
		check(&rows[i], &h);
	}
}

static void reads_the_same_byte_by_byte(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct proxy_header h = {0};

		for (size_t at = 0; at < rows[i].n && h.state == PROXY_HEADER_MORE; at++)
			assert_int_equal(proxy_header_feed(&h, rows[i].bytes + at, 1), 1);
		check(&rows[i], &h);
	}
}

static void leaves_what_follows_alone(void **state)
{
	char all[600];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct proxy_header h = {0};

		if (!rows[i].source)
			continue;
		memcpy(all, rows[i].bytes, rows[i].n);
		memcpy(all + rows[i].n, "GET / HTTP/1.1\r\n\r\n", 18);
		assert_int_equal(proxy_header_feed(&h, all, rows[i].n + 18), rows[i].n);
		check(&rows[i], &h);
		assert_int_equal(proxy_header_feed(&h, "GET", 3), 0);
	}
}

static void wants_more_of_what_is_cut_short(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		for (size_t n = 0; rows[i].source && n < rows[i].n; n++) {
			struct proxy_header h = {0};

			assert_int_equal(proxy_header_feed(&h, rows[i].bytes, n), n);
			if (h.state != PROXY_HEADER_MORE)
				fail_msg("%s cut at %zu", rows[i].name, n);
		}
	}
}

static void takes_a_header_of_the_longest_kind(void **state)
{
	unsigned char bytes[PROXY_HEADER_MAX + 10] = {0};
	struct proxy_header h = {0};

	(void)state;
	memcpy(bytes, SIG "\x21\x11\x0f\xf0" FOUR "\xe0\x0f\xe1", 31);
	assert_int_equal(proxy_header_feed(&h, bytes, sizeof(bytes)), PROXY_HEADER_MAX);
	assert_int_equal(h.state, PROXY_HEADER_DONE);
	assert_string_equal(h.source, "192.0.2.1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_each_header_as_the_table_says),
		cmocka_unit_test(reads_the_same_byte_by_byte),
		cmocka_unit_test(leaves_what_follows_alone),
		cmocka_unit_test(wants_more_of_what_is_cut_short),
		cmocka_unit_test(takes_a_header_of_the_longest_kind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
