/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a plan looks up in the world, and the words that plans and ledgers keep for ever. */
#include "provision/step.h"

#include "tests/unit/unit.h"

static void finds_by_id_and_by_name(void **state)
{
	const struct world_user users[] = {{.id = "1"}, {.id = "2"}, {.id = "30"}};
	const struct world_group groups[] = {{.name = "agents"}, {.name = "customers"}};
	const struct world_target t = {.users = users, .user_count = 3, .groups = groups, .group_count = 2};
	const struct world_target none = {0};

	(void)state;
	assert_ptr_equal(world_user_by_id(&t, "2"), &users[1]);
	assert_ptr_equal(world_user_by_id(&t, "30"), &users[2]);
	assert_null(world_user_by_id(&t, "3"));
	assert_null(world_user_by_id(&none, "3"));
	assert_ptr_equal(world_group_by_name(&t, "customers"), &groups[1]);
	assert_null(world_group_by_name(&t, "Customers"));
	assert_null(world_group_by_name(&none, "agents"));
}

static void each_step_has_a_word_of_its_own(void **state)
{
	enum step_kind i, j;

	(void)state;
	for (i = 0; i < STEP_KINDS; i++) {
		assert_non_null(step_kind_word(i));
		for (j = 0; j < i; j++)
			assert_string_not_equal(step_kind_word(i), step_kind_word(j));
	}
	assert_string_equal(step_kind_word(STEP_KINDS), "unknown");
	assert_string_equal(target_kind_word(TARGET_PORTAL_REST), "portal-rest");
	assert_string_equal(desired_kind_word(DESIRED_NOTHING), "nothing");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_by_id_and_by_name),
		cmocka_unit_test(each_step_has_a_word_of_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
