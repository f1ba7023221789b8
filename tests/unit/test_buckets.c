/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Buckets in a sketch: sizes, strangers, collisions, processes, and the hash below. */
#include "unit.h"

#include "base/buckets.h"
#include "base/hash.h"
#include "base/network.h"

#include <stdlib.h>
#include <unistd.h>

#include <sys/mman.h>
#include <sys/wait.h>

#define SECOND INT64_C(1000000)
#define NOW (1000000 * SECOND)

static struct buckets *buckets;
static int memory = -1;

static int set_up(void **state)
{
	struct error err;

	(void)state;
	assert_done(buckets_make(2, &memory, &err), err);
	assert_done(buckets_open(memory, 2, &buckets, &err), err);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	buckets_close(buckets);
	close(memory);
	return 0;
}

static struct bucket bucket(const char *key, size_t per_minute)
{
	return (struct bucket){.kind = 0, .key = slice_c(key), .per_minute = per_minute};
}

static struct bucket numbered(const uint32_t *n, size_t per_minute)
{
	return (struct bucket){.kind = 0, .key = slice_of(n, sizeof(*n)), .per_minute = per_minute};
}

/* How many of `tries` at one moment are given. */
static size_t given(const struct bucket *which, size_t tries, int64_t now)
{
	size_t n = 0;

	for (size_t i = 0; i < tries; i++)
		n += buckets_take(buckets, which, now) == 0;
	return n;
}

static void holds_a_minutes_worth_and_then_what_flows_in(void **state)
{
	struct bucket b = bucket("192.0.2.1", 60);

	(void)state;
	assert_int_equal(given(&b, 100, NOW), 60);
	assert_int_equal(given(&b, 100, NOW), 0);
	assert_int_equal(given(&b, 100, NOW + SECOND), 1);
	assert_int_equal(given(&b, 100, NOW + 11 * SECOND), 10);
	assert_int_equal(given(&b, 100, NOW + 3600 * SECOND), 60);
}

static void says_how_long_it_takes_until_there_is_one(void **state)
{
	struct bucket b = bucket("192.0.2.2", 6);

	(void)state;
	assert_int_equal(buckets_look(buckets, &b, NOW), 0);
	assert_int_equal(given(&b, 6, NOW), 6);
	assert_int_equal(buckets_take(buckets, &b, NOW), 10 * SECOND);
	assert_int_equal(buckets_look(buckets, &b, NOW + 4 * SECOND), 6 * SECOND);
	assert_int_equal(buckets_look(buckets, &b, NOW + 10 * SECOND), 0);
}

static void looking_takes_nothing(void **state)
{
	struct bucket b = bucket("192.0.2.3", 1);

	(void)state;
	for (int i = 0; i < 5; i++)
		assert_int_equal(buckets_look(buckets, &b, NOW), 0);
	assert_int_equal(given(&b, 5, NOW), 1);
}

static void keys_and_kinds_are_apart(void **state)
{
	struct bucket b = bucket("a", 3), longer = bucket("ab", 3), other = bucket("a", 3);

	(void)state;
	other.kind = 1;
	assert_int_equal(given(&b, 9, NOW), 3);
	assert_int_equal(given(&longer, 9, NOW), 3);
	assert_int_equal(given(&other, 9, NOW), 3);
	b.key = slice_of("a\0", 2);
	assert_int_equal(given(&b, 9, NOW), 3);
}

/* After a reload the same state is judged by the new size. */
static void another_size_judges_what_was_used_before(void **state)
{
	struct bucket small = bucket("192.0.2.4", 10), large = bucket("192.0.2.4", 1000);

	(void)state;
	assert_int_equal(given(&small, 99, NOW), 10);
	assert_int_equal(given(&large, 99, NOW), 0);
	assert_int_equal(given(&large, 999, NOW + 6 * SECOND), 100);
}

/* A million strangers, each with a little, do not make room for him who has used up his own. */
static void a_flood_of_strangers_frees_nobody(void **state)
{
	struct bucket b = bucket("attacker", 10);

	(void)state;
	assert_int_equal(given(&b, 10, NOW), 10);
	for (uint32_t i = 0; i < 1000000; i++) {
		struct bucket stranger = numbered(&i, 1000);

		buckets_take(buckets, &stranger, NOW);
		if (i % 10000 == 0)
			assert_int_not_equal(buckets_take(buckets, &b, NOW), 0);
	}
	assert_int_not_equal(buckets_take(buckets, &b, NOW), 0);
}

/* What the header promises: 4,000 at their limit, and one in 4,000 of the others is held up; the test allows three times as many. */
static void many_at_their_limit_hold_up_hardly_anybody_else(void **state)
{
	unsigned held = 0;

	(void)state;
	for (uint32_t i = 0; i < 4000; i++) {
		struct bucket b = numbered(&i, 5);

		given(&b, 5, NOW);
	}
	for (uint32_t i = 1000000; i < 1040000; i++) {
		struct bucket b = numbered(&i, 5);

		held += buckets_look(buckets, &b, NOW) > 0;
	}
	assert_in_range(held, 0, 30);
}

static void honest_ones_in_a_crowd_get_nearly_all_that_is_theirs(void **state)
{
	unsigned all = 0;

	(void)state;
	for (uint32_t i = 0; i < 2000; i++) {
		struct bucket b = numbered(&i, 100);

		all += given(&b, 50, NOW) == 50;
	}
	assert_in_range(all, 1998, 2000);
}

static void processes_count_together(void **state)
{
	struct bucket b = bucket("192.0.2.5", 100);
	pid_t child = fork();
	int status;

	(void)state;
	if (child == 0) {
		struct buckets *own;
		struct error err;
		int n = 0;

		if (buckets_open(memory, 2, &own, &err) < 0)
			_exit(99);
		for (int i = 0; i < 60; i++)
			n += buckets_take(own, &b, NOW) == 0;
		_exit(n);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(WEXITSTATUS(status), 60);
	assert_int_equal(given(&b, 100, NOW), 40);
}

/* A clock that was read a moment earlier in another process, and a cell that nobody of ours wrote. */
static void a_full_bucket_stays_full_for_a_process_that_read_the_clock_earlier(void **state)
{
	struct bucket b = bucket("192.0.2.6", 4);

	(void)state;
	assert_int_equal(given(&b, 4, NOW), 4);
	assert_int_equal(given(&b, 4, NOW - 50), 0);
	assert_int_equal(given(&b, 4, NOW - 3600 * SECOND), 4);
}

static void rubbish_in_the_memory_holds_nobody_up_for_ever(void **state)
{
	size_t size = (size_t)lseek(memory, 0, SEEK_END);
	int64_t *words = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);
	struct bucket b = bucket("192.0.2.7", 10);

	(void)state;
	assert_ptr_not_equal(words, MAP_FAILED);
	for (size_t i = 4096 / sizeof(*words); i < size / sizeof(*words); i++)
		words[i] = i % 2 ? INT64_MAX : INT64_MIN;
	assert_int_equal(given(&b, 99, NOW), 10);
	munmap(words, size);
}

static void takes_no_other_memory(void **state)
{
	struct buckets *other = NULL;
	struct error err;

	(void)state;
	assert_refused(buckets_open(memory, 3, &other, &err), err, REASON_FILE);
	assert_refused(buckets_open(-1, 2, &other, &err), err, REASON_FILE);
	assert_int_not_equal(ftruncate(memory, 0), 0);
}

/* The vectors of the authors' own paper: the secret 00 01 … 0f, and messages 00 01 …. */
static void hashes_as_the_authors_of_siphash_do(void **state)
{
	static const struct {
		size_t n;
		uint64_t hash;
	} rows[] = {{0, UINT64_C(0x726fdb47dd0e0e31)}, {1, UINT64_C(0x74f839c593dc67fd)}, {15, UINT64_C(0xa129ca6149be45e5)}};
	unsigned char secret[HASH_SECRET_SIZE], message[15];

	(void)state;
	for (unsigned char i = 0; i < 16; i++)
		secret[i] = i;
	for (unsigned char i = 0; i < 15; i++)
		message[i] = i;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_true(hash_secretly(secret, slice_of(message, rows[i].n)) == rows[i].hash);
}

static void no_two_memories_have_one_secret(void **state)
{
	unsigned char first[HASH_SECRET_SIZE], second[HASH_SECRET_SIZE], zeros[HASH_SECRET_SIZE] = {0};
	struct error err;
	int other;

	(void)state;
	assert_done(buckets_make(2, &other, &err), err);
	assert_int_equal(pread(memory, first, sizeof(first), 0), sizeof(first));
	assert_int_equal(pread(other, second, sizeof(second), 0), sizeof(second));
	assert_memory_not_equal(first, second, sizeof(first));
	assert_memory_not_equal(first, zeros, sizeof(first));
	close(other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(holds_a_minutes_worth_and_then_what_flows_in, set_up, tear_down),
		cmocka_unit_test_setup_teardown(says_how_long_it_takes_until_there_is_one, set_up, tear_down),
		cmocka_unit_test_setup_teardown(looking_takes_nothing, set_up, tear_down),
		cmocka_unit_test_setup_teardown(keys_and_kinds_are_apart, set_up, tear_down),
		cmocka_unit_test_setup_teardown(another_size_judges_what_was_used_before, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_flood_of_strangers_frees_nobody, set_up, tear_down),
		cmocka_unit_test_setup_teardown(many_at_their_limit_hold_up_hardly_anybody_else, set_up, tear_down),
		cmocka_unit_test_setup_teardown(honest_ones_in_a_crowd_get_nearly_all_that_is_theirs, set_up, tear_down),
		cmocka_unit_test_setup_teardown(processes_count_together, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_full_bucket_stays_full_for_a_process_that_read_the_clock_earlier, set_up, tear_down),
		cmocka_unit_test_setup_teardown(rubbish_in_the_memory_holds_nobody_up_for_ever, set_up, tear_down),
		cmocka_unit_test_setup_teardown(takes_no_other_memory, set_up, tear_down),
		cmocka_unit_test(hashes_as_the_authors_of_siphash_do),
		cmocka_unit_test_setup_teardown(no_two_memories_have_one_secret, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
