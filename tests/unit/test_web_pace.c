/* SPDX-License-Identifier: GPL-3.0-or-later */
/* provision/web_pace.c: when a request may be sent. */
#include "tests/unit/web_stage.h"

#include "provision/web_pace.h"

static void keeps_to_the_rate_of_the_target(void **state)
{
	struct pace p;
	struct pace_endpoint *e;

	(void)state;
	pace_begin(&p, 10);
	e = pace_endpoint(&p, "/Users", WEB_POST);
	assert_int_equal(pace_turn(&p, e, 1000), 0);
	assert_int_equal(pace_turn(&p, e, 1000), 100000);
	assert_int_equal(pace_turn(&p, pace_endpoint(&p, "/Groups", WEB_GET), 150000), 51000);
	assert_int_equal(pace_turn(&p, e, 900000), 0);
	pace_begin(&p, 0);
	e = pace_endpoint(&p, "/Users", WEB_POST);
	assert_int_equal(pace_turn(&p, e, 1000) + pace_turn(&p, e, 1000), 0);
}

static void an_endpoint_that_complained_goes_slower_by_itself(void **state)
{
	struct pace p;
	struct pace_endpoint *e, *other;
	int n;

	(void)state;
	pace_begin(&p, 10);
	e = pace_endpoint(&p, "/customer", WEB_POST);
	other = pace_endpoint(&p, "/customer", WEB_GET);
	assert_ptr_not_equal(e, other);
	pace_slower(&p, e);
	assert_int_equal(pace_turn(&p, e, 0), 0);
	assert_int_equal(pace_turn(&p, other, 0), 100000);
	assert_int_equal(pace_turn(&p, e, 0), 200000);
	for (n = 0; e->gap && n < 1000; n++)
		pace_faster(&p, e);
	assert_in_range(n, 10, 60);
	for (int i = 0; i < 100; i++)
		pace_slower(&p, e);
	assert_int_equal(e->gap, 10000000);
}

static void more_endpoints_than_there_is_room_for_share_the_last(void **state)
{
	struct pace p;
	char names[PACE_ENDPOINTS + 5][8];

	(void)state;
	pace_begin(&p, 10);
	for (int i = 0; i < PACE_ENDPOINTS + 5; i++) {
		snprintf(names[i], sizeof(names[i]), "%d", i);
		assert_non_null(pace_endpoint(&p, names[i], 0));
	}
	assert_int_equal(p.n, PACE_ENDPOINTS);
}

static void reads_times_and_nothing_else(void **state)
{
	static const char *const bad[] = {
		"", "-1", "1.5", "soon", "Wed, 18 Nov 2026 11:06:40", "Wed, 18 Now 2026 11:06:40 GMT", "Wed, 00 Nov 2026 11:06:40 GMT",
		"Wednesday, 18-Nov-26 11:06:40 GMT", "Wed, 18 Nov 2026 25:06:40 GMT", "99999999999",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		if (pace_retry_after(slice_c(bad[i]), (struct slice){NULL, 0}, NOW) != -1)
			fail_msg("`%s` was read", bad[i]);
	assert_int_equal(pace_retry_after(slice_c("Wed, 18 Nov 2026 11:06:30 GMT"), (struct slice){NULL, 0}, NOW), 0);
	assert_int_equal(pace_reset(slice_c("2026-11-18T11:07Z"), NOW), 20);
	assert_int_equal(pace_reset(slice_c("30"), NOW), 30);
	assert_int_equal(pace_reset(slice_c("2026-11-18T11:06:00Z"), NOW), 0);
	assert_int_equal(pace_reset(slice_c("tomorrow"), NOW), -1);
}

static void no_request_left_means_waiting_for_the_reset(void **state)
{
	static const struct scripted script[] = {
		{"200 OK", "{}", "X-RateLimit-Remaining: 0\r\nX-RateLimit-Reset: 2026-11-18T11:06:50Z\r\n"}, {"200 OK", "{}"}, {NULL},
	};
	struct web_answer got;

	(void)state;
	open_at(script);
	assert_done(get("/x", &got), err);
	assert_int_equal(wait_count, 0);
	assert_done(get("/x", &got), err);
	assert_int_equal(wait_count, 1);
	assert_in_range(waits[0], 5000000, 10000000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(keeps_to_the_rate_of_the_target),
		TEST(an_endpoint_that_complained_goes_slower_by_itself),
		TEST(more_endpoints_than_there_is_room_for_share_the_last),
		TEST(reads_times_and_nothing_else),
		TEST(no_request_left_means_waiting_for_the_reset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
