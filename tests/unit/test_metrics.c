/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Counters that several processes write and one reads. */
#include "unit.h"

#include "gateway/metrics.h"

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include <sys/mman.h>
#include <sys/wait.h>

struct world {
	struct arena *arena;
	int fd;
	struct metrics *reader;
};

static struct world world_new(void)
{
	struct world w = {.arena = arena_new(), .fd = -1};
	struct error err;

	assert_int_equal(metrics_make(&w.fd, &err), 0);
	assert_int_equal(metrics_open(w.fd, 0, &w.reader, &err), 0);
	return w;
}

static void world_free(struct world *w)
{
	metrics_close(w->reader);
	close(w->fd);
	arena_free(w->arena);
}

static struct metrics *area(const struct world *w, unsigned n)
{
	struct metrics *m = NULL;
	struct error err;

	assert_int_equal(metrics_open(w->fd, n, &m, &err), 0);
	return m;
}

/* What is counted of the metric under these label values; 0 when there is no such row. */
static uint64_t counted(const struct world *w, enum metric metric, const char *first, const char *second)
{
	const struct metrics_sample *samples;
	size_t i, n = metrics_read(w->arena, w->reader, &samples);

	for (i = 0; i < n; i++) {
		if (samples[i].metric == metric && strcmp(samples[i].values[0], first) == 0 &&
			(!second || strcmp(samples[i].values[1], second) == 0))
			return samples[i].count;
	}
	return 0;
}

static void what_several_areas_count_is_added_up(void **state)
{
	struct world w = world_new();
	struct metrics *one = area(&w, 1), *seven = area(&w, 7);

	(void)state;
	metrics_count(one, METRIC_REFUSALS, "wrong-audience", NULL);
	metrics_count(seven, METRIC_REFUSALS, "wrong-audience", NULL);
	metrics_count(seven, METRIC_REFUSALS, "wrong-audience", NULL);
	metrics_count(seven, METRIC_REFUSALS, "loop", NULL);
	assert_int_equal(counted(&w, METRIC_REFUSALS, "wrong-audience", NULL), 3);
	assert_int_equal(counted(&w, METRIC_REFUSALS, "loop", NULL), 1);
	metrics_close(one);
	metrics_close(seven);
	world_free(&w);
}

static void label_values_do_not_run_into_one_another(void **state)
{
	struct world w = world_new();
	struct metrics *m = area(&w, 1);

	(void)state;
	metrics_count(m, METRIC_STARTS, "ab", "c", NULL);
	metrics_count(m, METRIC_STARTS, "a", "bc", NULL);
	metrics_count(m, METRIC_STARTS, "", "abc", NULL);
	assert_int_equal(counted(&w, METRIC_STARTS, "ab", "c"), 1);
	assert_int_equal(counted(&w, METRIC_STARTS, "a", "bc"), 1);
	assert_int_equal(counted(&w, METRIC_STARTS, "", "abc"), 1);
	metrics_close(m);
	world_free(&w);
}

static void an_area_that_is_given_on_goes_on_counting(void **state)
{
	struct world w = world_new();
	int i;

	(void)state;
	for (i = 0; i < 3; i++) {
		struct metrics *m = area(&w, 1);

		metrics_count(m, METRIC_RELOADS, "taken", NULL);
		metrics_close(m);
	}
	assert_int_equal(counted(&w, METRIC_RELOADS, "taken", NULL), 3);
	world_free(&w);
}

static void durations_fall_into_their_buckets(void **state)
{
	struct world w = world_new();
	struct metrics *m = area(&w, 2);
	const struct metrics_sample *samples;

	(void)state;
	metrics_time(m, METRIC_STEPS, 0, "read", NULL);
	metrics_time(m, METRIC_STEPS, 100, "read", NULL);
	metrics_time(m, METRIC_STEPS, 101, "read", NULL);
	metrics_time(m, METRIC_STEPS, 5000000, "read", NULL);
	metrics_time(m, METRIC_STEPS, -1, "read", NULL);        /* was not measured */
	assert_int_equal(metrics_read(w.arena, w.reader, &samples), 1);
	assert_int_equal(samples[0].buckets[0], 2);
	assert_int_equal(samples[0].buckets[1], 1);
	assert_int_equal(samples[0].buckets[METRICS_BUCKETS - 1], 1);
	assert_int_equal(samples[0].microseconds, 5000201);
	metrics_close(m);
	world_free(&w);
}

static void more_values_than_there_is_room_for_are_counted_as_other(void **state)
{
	struct world w = world_new();
	struct metrics *m = area(&w, 1);
	uint64_t sum = 0;
	const struct metrics_sample *samples;
	size_t i, n;
	char name[32];

	(void)state;
	for (i = 0; i < 5000; i++) {
		snprintf(name, sizeof(name), "door%zu", i);
		metrics_count(m, METRIC_STARTS, name, "entra", NULL);
	}
	n = metrics_read(w.arena, w.reader, &samples);
	for (i = 0; i < n; i++)
		sum += samples[i].count;
	assert_int_equal(sum, 5000);
	assert_true(n < 1024);
	assert_true(counted(&w, METRIC_STARTS, "other", "other") > 4000);
	metrics_close(m);
	world_free(&w);
}

static void a_value_that_is_too_long_is_counted_as_other(void **state)
{
	struct world w = world_new();
	struct metrics *m = area(&w, 1);
	char name[300];

	(void)state;
	memset(name, 'a', sizeof(name) - 1);
	name[sizeof(name) - 1] = 0;
	metrics_count(m, METRIC_STARTS, name, "entra", NULL);
	assert_int_equal(counted(&w, METRIC_STARTS, "other", "entra"), 1);
	metrics_close(m);
	world_free(&w);
}

static void without_memory_nothing_is_counted_and_nothing_breaks(void **state)
{
	struct world w = world_new();
	struct metrics *none = (struct metrics *)&w;
	struct error err;

	(void)state;
	assert_int_equal(metrics_open(w.fd, METRICS_AREAS, &none, &err), 0);
	assert_null(none);
	metrics_count(none, METRIC_RELOADS, "taken", NULL);
	metrics_time(none, METRIC_STEPS, 1, "read", NULL);
	assert_int_equal(counted(&w, METRIC_RELOADS, "taken", NULL), 0);
	metrics_close(none);
	world_free(&w);
}

static void a_descriptor_that_is_something_else_is_refused(void **state)
{
	int fd = memfd_create("else", MFD_CLOEXEC);
	struct metrics *m = NULL;
	struct error err;

	(void)state;
	assert_refused(metrics_open(fd, 1, &m, &err), err, REASON_FILE);
	assert_null(m);
	close(fd);
}

static void no_role_can_cut_the_memory_under_the_others(void **state)
{
	struct world w = world_new();

	(void)state;
	assert_int_equal(ftruncate(w.fd, 0), -1);
	assert_int_equal(ftruncate(w.fd, 1 << 30), -1);
	world_free(&w);
}

static void garbage_in_an_area_harms_no_reader(void **state)
{
	struct world w = world_new();
	struct metrics *m = area(&w, 3), *good = area(&w, 4);
	const struct metrics_sample *samples;
	unsigned char *bytes = mmap(NULL, 8 << 20, PROT_READ | PROT_WRITE, MAP_SHARED, w.fd, 0);
	uint32_t x = 1;
	size_t i, j, n;

	(void)state;
	assert_true(bytes != MAP_FAILED);
	for (i = 1 << 17; i < 4 << 17; i++) {
		x = x * 1664525u + 1013904223u;
		bytes[i] = (unsigned char)(x >> 24);
	}
	/* keys that are metrics, so that the texts behind them are looked at */
	for (i = 2 << 17; i < 4 << 17; i += 256)
		memcpy(bytes + i, &(uint32_t){1 + (uint32_t)(i / 256) % METRIC_COUNT}, 4);
	metrics_count(good, METRIC_RELOADS, "taken", NULL);
	n = metrics_read(w.arena, w.reader, &samples);
	for (i = 0; i < n; i++) {
		for (j = 0; samples[i].values[j]; j++)
			assert_true(strlen(samples[i].values[j]) < 128);
	}
	assert_true(n >= 1);
	munmap(bytes, 8 << 20);
	metrics_close(m);
	metrics_close(good);
	world_free(&w);
}

/* A process is killed at a random moment of counting, again and again; what it had counted stays. */
static void a_writer_that_is_killed_loses_nothing_that_was_counted(void **state)
{
	struct world w = world_new();
	uint64_t before = 0;
	int round;

	(void)state;
	for (round = 0; round < 20; round++) {
		pid_t pid = fork();
		uint64_t now;

		if (pid == 0) {
			struct metrics *m = area(&w, 1);

			for (;;)
				metrics_count(m, METRIC_REFUSALS, "loop", NULL);
		}
		for (int tries = 0; counted(&w, METRIC_REFUSALS, "loop", NULL) == before && tries < 5000; tries++)
			usleep(2000 + 100 * (unsigned)round);
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		now = counted(&w, METRIC_REFUSALS, "loop", NULL);
		assert_true(now > before);
		before = now;
	}
	world_free(&w);
}

static void who_has_more_connections_than_another_is_told_so(void **state)
{
	struct world w = world_new();
	struct metrics *first = area(&w, 1), *second = area(&w, 2);

	(void)state;
	assert_false(metrics_connections(NULL, 5, true));
	assert_false(metrics_connections(first, 5, true));              /* nobody else accepts */
	assert_false(metrics_connections(second, 4, true));
	assert_true(metrics_connections(first, 5, true));
	assert_false(metrics_connections(first, 4, true));              /* as many is not more */
	assert_true(metrics_connections(first, 5, true));
	assert_false(metrics_connections(second, 4, false));            /* drains */
	assert_false(metrics_connections(first, 5, true));
	assert_false(metrics_connections(second, 0, true));
	assert_true(metrics_connections(first, 5, true));
	/* with many, one more or less is not worth waiting for */
	assert_true(metrics_connections(second, 80, true));
	assert_false(metrics_connections(first, 90, true));
	assert_true(metrics_connections(first, 91, true));
	assert_false(metrics_connections(second, 0, true));
	metrics_forget(w.reader, 2);                        /* died */
	assert_false(metrics_connections(first, 5, true));
	metrics_forget(w.reader, METRICS_AREAS);
	metrics_close(first);
	metrics_close(second);
	world_free(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_several_areas_count_is_added_up),
		cmocka_unit_test(label_values_do_not_run_into_one_another),
		cmocka_unit_test(an_area_that_is_given_on_goes_on_counting),
		cmocka_unit_test(durations_fall_into_their_buckets),
		cmocka_unit_test(more_values_than_there_is_room_for_are_counted_as_other),
		cmocka_unit_test(a_value_that_is_too_long_is_counted_as_other),
		cmocka_unit_test(without_memory_nothing_is_counted_and_nothing_breaks),
		cmocka_unit_test(a_descriptor_that_is_something_else_is_refused),
		cmocka_unit_test(no_role_can_cut_the_memory_under_the_others),
		cmocka_unit_test(garbage_in_an_area_harms_no_reader),
		cmocka_unit_test(a_writer_that_is_killed_loses_nothing_that_was_counted),
		cmocka_unit_test(who_has_more_connections_than_another_is_told_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
