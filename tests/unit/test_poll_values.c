/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/unit.h"

#include "base/encode.h"
#include "ldap/poll_values.h"

#define SECOND INT64_C(1000000)

static const char *hex_id(struct arena *a, const char *attribute, struct slice value)
{
	unsigned char uuid[UUID_SIZE];
	char *out = arena_alloc(a, UUID_SIZE * 2 + 1);

	assert_int_equal(poll_id(attribute, value, uuid), 0);
	hex_encode(uuid, UUID_SIZE, out);
	return out;
}

static void an_id_is_the_same_however_its_server_writes_it(void **state)
{
	static const char guid[] = "\x33\x22\x11\x00\x55\x44\x77\x66\x88\x99\xaa\xbb\xcc\xdd\xee\xff";
	struct arena *a = arena_new();

	(void)state;
	assert_string_equal(hex_id(a, "entryUUID", slice_c("00112233-4455-6677-8899-aabbccddeeff")), "00112233445566778899aabbccddeeff");
	assert_string_equal(hex_id(a, "entryUUID", slice_c("00112233-4455-6677-8899-AABBCCDDEEFF")), "00112233445566778899aabbccddeeff");
	assert_string_equal(hex_id(a, "nsUniqueId", slice_c("00112233-44556677-8899aabb-ccddeeff")), "00112233445566778899aabbccddeeff");
	assert_string_equal(hex_id(a, "objectGUID", slice_of(guid, 16)), "00112233445566778899aabbccddeeff");
	assert_string_not_equal(hex_id(a, "GUID", slice_of(guid, 16)), "00112233445566778899aabbccddeeff");
	arena_free(a);
}

static void other_ids_stay_apart(void **state)
{
	static const char *const ids[] = {"1", "01", "1 ", "00112233-4455-6677-8899-aabbccddeef", "00112233--44556677-8899-aabbccddeeff",
		"-0112233-4455-6677-8899-aabbccddeeff", "00112233-4455-6677-8899-aabbccddeexf"};
	struct arena *a = arena_new();
	unsigned char uuid[UUID_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(ids) / sizeof(*ids); i++)
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(hex_id(a, "employeeNumber", slice_c(ids[i])), hex_id(a, "employeeNumber", slice_c(ids[k])));
	assert_int_equal(poll_id("employeeNumber", slice_c(""), uuid), -1);
	arena_free(a);
}

static void reads_stamps_as_servers_write_them(void **state)
{
	static const struct {
		const char *text;
		int64_t t;
	} good[] = {
		{"20261128221500Z", 1795904100}, {"20261128221500.123Z", 1795904100}, {"20261128221500,9Z", 1795904100},
		{"20261128221500.0Z", 1795904100}, {"20261128231500+0100", 1795904100}, {"20261128174500.5-0430", 1795904100},
	};
	static const char *const bad[] = {"", "20261128221500", "202611282215Z", "2026-11-28T22:15Z", "20261328221500Z",
		"20261128221500z", "20261128221500+01", "20261128221500+9900", "20261128221500.Z0", "2026112822150aZ", "20261128226500Z"};
	char text[STAMP_SIZE];
	int64_t t;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		if (stamp_read(slice_c(good[i].text), &t) < 0)
			fail_msg("%s is refused", good[i].text);
		assert_int_equal(t, good[i].t);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		if (stamp_read(slice_c(bad[i]), &t) == 0)
			fail_msg("%s is taken", bad[i]);
	stamp_write(1795904100, text);
	assert_string_equal(text, "20261128221500Z");
	stamp_write(0, text);
	assert_string_equal(text, "19700101000000Z");
}

static void a_place_reads_back(void **state)
{
	static const char *const bad[] = {"", "poll-1", "poll-1 ", "poll-1 5", "poll-1 5 6", "poll-1 -5 6 x", "poll-2 5 6 x",
		"poll-1 5 x y", "rid=000,csn=20990101000000.000000Z"};
	const struct poll_place place = {1795904100, 1795904000, slice_c("ldaps://a b")};
	struct arena *a = arena_new();
	struct poll_place back;

	(void)state;
	assert_int_equal(poll_place_read(poll_place_write(a, &place), &back), 0);
	assert_int_equal(back.known, place.known);
	assert_int_equal(back.compared, place.compared);
	assert_slice_is(back.uri, "ldaps://a b");
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		if (poll_place_read(slice_c(bad[i]), &back) == 0)
			fail_msg("\"%s\" is taken", bad[i]);
	assert_int_equal(poll_place_read((struct slice){NULL, 0}, &back), -1);
	arena_free(a);
}

static void the_servers_clock_is_never_thought_to_be_further_than_it_is(void **state)
{
	struct server_clock c = {0, 0};

	(void)state;
	assert_int_equal(server_clock_at(&c, 50 * SECOND), 0);
	server_clock_saw(&c, 1000, 50 * SECOND, 1000);
	assert_int_equal(server_clock_at(&c, 50 * SECOND), 1000);
	/* whole seconds that have passed, no more */
	assert_int_equal(server_clock_at(&c, 52 * SECOND - 1), 1001);
	assert_int_equal(server_clock_at(&c, 45 * SECOND), 994);
	/* older than what is known: nothing new */
	server_clock_saw(&c, 1005, 60 * SECOND, 1010);
	assert_int_equal(server_clock_at(&c, 60 * SECOND), 1010);
	/* it is ahead of ours */
	server_clock_saw(&c, 1020, 60 * SECOND, 1010);
	assert_int_equal(server_clock_at(&c, 60 * SECOND), 1020);
	/* the future is a mistake */
	server_clock_saw(&c, 4000, 61 * SECOND, 1011);
	assert_int_equal(server_clock_at(&c, 61 * SECOND), 1021);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_id_is_the_same_however_its_server_writes_it),
		cmocka_unit_test(other_ids_stay_apart),
		cmocka_unit_test(reads_stamps_as_servers_write_them),
		cmocka_unit_test(a_place_reads_back),
		cmocka_unit_test(the_servers_clock_is_never_thought_to_be_further_than_it_is),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
