/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What Prometheus reads. */
#include "tests/unit/unit.h"

#include "gateway/metrics_text.h"

#include <unistd.h>

static struct arena *a;
static struct metrics *m;
static int fd;
static struct error err;

static int begin(void **state)
{
	(void)state;
	a = arena_new();
	assert_done(metrics_make(&fd, &err), err);
	assert_done(metrics_open(fd, 1, &m, &err), err);
	return 0;
}

static int end(void **state)
{
	(void)state;
	metrics_close(m);
	close(fd);
	arena_free(a);
	return 0;
}

static struct slice text_of(struct gauges *gauges)
{
	struct gauges none = {.arena = a};

	return metrics_text(a, m, gauges ? gauges : &none);
}

static void has(struct slice text, const char *line)
{
	if (!memmem(text.p, text.n, line, strlen(line)))
		fail_msg("no \"%s\" in:\n%s", line, text.p);
}

static void a_counter_has_help_type_and_labels(void **state)
{
	struct slice text;

	(void)state;
	metrics_count(m, METRIC_SIGN_ONS, "organisation", "licensed", "assertion", "", NULL);
	metrics_count(m, METRIC_SIGN_ONS, "organisation", "licensed", "assertion", "", NULL);
	metrics_count(m, METRIC_SIGN_ONS, "", "", "refusal", "loop", NULL);
	text = text_of(NULL);
	has(text, "# HELP postern_sign_ons_total Sign-ons that came to an end");
	has(text, "\n# TYPE postern_sign_ons_total counter\n");
	has(text, "\npostern_sign_ons_total{door=\"organisation\",outcome=\"licensed\",event=\"assertion\",reason=\"\"} 2\n");
	has(text, "\npostern_sign_ons_total{door=\"\",outcome=\"\",event=\"refusal\",reason=\"loop\"} 1\n");
	assert_null(strstr(text.p, "postern_reloads_total"));
}

static void a_histogram_cumulates_and_ends_with_inf(void **state)
{
	struct slice text;

	(void)state;
	metrics_time(m, METRIC_STEPS, 90, "read", NULL);
	metrics_time(m, METRIC_STEPS, 700, "read", NULL);
	metrics_time(m, METRIC_STEPS, 2000000, "read", NULL);
	text = text_of(NULL);
	has(text, "# TYPE postern_step_seconds histogram\n");
	has(text, "postern_step_seconds_bucket{step=\"read\",le=\"0.0001\"} 1\n");
	has(text, "postern_step_seconds_bucket{step=\"read\",le=\"0.0005\"} 1\n");
	has(text, "postern_step_seconds_bucket{step=\"read\",le=\"0.001\"} 2\n");
	has(text, "postern_step_seconds_bucket{step=\"read\",le=\"1\"} 2\n");
	has(text, "postern_step_seconds_bucket{step=\"read\",le=\"+Inf\"} 3\n");
	has(text, "postern_step_seconds_sum{step=\"read\"} 2.000790\n");
	has(text, "postern_step_seconds_count{step=\"read\"} 3\n");
}

static void label_values_are_escaped(void **state)
{
	struct gauges gauges = {.arena = a};

	(void)state;
	gauge_add(&gauges, METRIC_ALARM, 1, "a\"b\\c\nd", "e", NULL);
	has(text_of(&gauges), "postern_alarm{name=\"a\\\"b\\\\c\\nd\",subject=\"e\"} 1\n");
}

static void gauges_stand_together_by_family(void **state)
{
	struct gauges gauges = {.arena = a};
	struct slice text;

	(void)state;
	gauge_add(&gauges, METRIC_ALARM, 0, "metadata-old", "one", NULL);
	gauge_add(&gauges, METRIC_PROVIDER_KEY, -86400, "one", "abcd", "yes", NULL);
	gauge_add(&gauges, METRIC_ALARM, 1, "metadata-old", "two", NULL);
	text = text_of(&gauges);
	has(text, "postern_alarm{name=\"metadata-old\",subject=\"one\"} 0\npostern_alarm{name=\"metadata-old\",subject=\"two\"} 1\n");
	has(text, "postern_provider_key_left_seconds{provider=\"one\",key=\"abcd\",in_use=\"yes\"} -86400\n");
}

static void names_and_kinds_follow_the_conventions(void **state)
{
	(void)state;
	for (int i = 0; i < METRIC_COUNT; i++) {
		const char *name = metrics_table[i].name, *total = strstr(name, "_total");

		assert_memory_equal(name, "postern_", 8);
		assert_int_equal(strspn(name, "abcdefghijklmnopqrstuvwxyz_"), strlen(name));
		assert_int_equal(metrics_table[i].kind == COUNTER, total && strlen(total) == 6);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_counter_has_help_type_and_labels, begin, end),
		cmocka_unit_test_setup_teardown(a_histogram_cumulates_and_ends_with_inf, begin, end),
		cmocka_unit_test_setup_teardown(label_values_are_escaped, begin, end),
		cmocka_unit_test_setup_teardown(gauges_stand_together_by_family, begin, end),
		cmocka_unit_test_setup_teardown(names_and_kinds_follow_the_conventions, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
