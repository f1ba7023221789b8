/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/unit.h"

#include "gateway/service/refresh_wait.h"

#define NOW INT64_C(1795526356)

struct row {
	struct refresh_wishes wishes;
	int64_t wait;
};

static void check(const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++)
		assert_int_equal(refresh_wait(&rows[i].wishes, NOW), rows[i].wait);
}

#define CHECK(rows) check(rows, sizeof(rows) / sizeof(*(rows)))

static void comes_sooner_where_document_or_answer_ask_for_it(void **state)
{
	static const struct row rows[] = {
		{{.refresh = 28800}, 28800}, {{.refresh = 28800, .cache = 3600}, 3600}, {{.refresh = 28800, .max_age = 600}, 600},
		{{.refresh = 28800, .valid_until = NOW + 7200}, 3600},
		{{.refresh = 28800, .cache = 3600, .max_age = 600, .valid_until = NOW + 7200}, 600},
		{{.refresh = 28800, .cache = 600, .max_age = 3600, .valid_until = NOW + 800}, 400},
	};

	(void)state;
	CHECK(rows);
}

/* A provider that asks for a long time would hide its next key. */
static void never_waits_longer_than_the_settings_say(void **state)
{
	static const struct row rows[] = {
		{{.refresh = 3600, .cache = 86400}, 3600}, {{.refresh = 3600, .max_age = 86400}, 3600},
		{{.refresh = 3600, .valid_until = NOW + 86400}, 3600}, {{.refresh = 3600, .cache = INT64_MAX}, 3600},
		{{.refresh = 3600, .valid_until = INT64_MAX}, 3600},
	};

	(void)state;
	CHECK(rows);
}

/* 1: PT0S, as it comes out of the metadata. */
static void never_comes_more_often_than_once_a_minute_unless_the_settings_do(void **state)
{
	static const struct row rows[] = {
		{{.refresh = 28800, .cache = 1}, 60}, {{.refresh = 28800, .cache = 61}, 61}, {{.refresh = 28800, .max_age = 59}, 60},
		{{.refresh = 28800, .valid_until = NOW + 30}, 60}, {{.refresh = 28800, .valid_until = NOW - 30}, 60},
		{{.refresh = 10, .cache = 1}, 10}, {{.refresh = 10, .max_age = 30}, 10}, {{.refresh = 10, .valid_until = NOW + 1}, 10},
	};

	(void)state;
	CHECK(rows);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(comes_sooner_where_document_or_answer_ask_for_it),
		cmocka_unit_test(never_waits_longer_than_the_settings_say),
		cmocka_unit_test(never_comes_more_often_than_once_a_minute_unless_the_settings_do),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
