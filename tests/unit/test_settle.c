/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/unit.h"

#include "gateway/service/settle.h"

#define SECOND INT64_C(1000000)
#define FIRST (1000 * SECOND)

static void changes_make_a_plan_once_they_have_settled_and_no_later_than_a_minute(void **state)
{
	static const struct {
		int64_t first, last, now;
		bool settled;
	} rows[] = {
		{0, 0, FIRST, false},           /* there were none */
		{FIRST, FIRST, FIRST, false},
		{FIRST, FIRST, FIRST + 10 * SECOND - 1, false},
		{FIRST, FIRST, FIRST + 10 * SECOND, true},
		{FIRST, FIRST + 9 * SECOND, FIRST + 19 * SECOND - 1, false},
		{FIRST, FIRST + 9 * SECOND, FIRST + 19 * SECOND, true},
		{FIRST, FIRST + 59 * SECOND, FIRST + 60 * SECOND - 1, false},
		{FIRST, FIRST + 59 * SECOND, FIRST + 60 * SECOND, true},        /* they do not end */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		assert_int_equal(settled(rows[i].first, rows[i].last, rows[i].now), rows[i].settled);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(changes_make_a_plan_once_they_have_settled_and_no_later_than_a_minute),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
