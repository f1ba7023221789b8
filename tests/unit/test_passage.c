/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/unit.h"

#include "policies/policies.h"

static const char *const helpdesk_only[] = {"helpdesk", NULL};
static const char *const nowhere[] = {NULL};

static const struct door managed = {"organisation", DOOR_MANAGED};
static const struct door helpdesk = {"helpdesk", DOOR_PORTAL};
static const struct door other_site = {"vendors", DOOR_PORTAL};
static const struct door no_door = {NULL, DOOR_NONE};

static void every_outcome_at_every_door(void **state)
{
	static const struct {
		enum outcome outcome;
		const struct door *door;
		enum passage passage;
		enum reason reason;
	} table[] = {
		{OUTCOME_DENY, &managed, PASSAGE_REFUSE, REASON_DENIED_BY_DEFAULT},
		{OUTCOME_DENY, &helpdesk, PASSAGE_REFUSE, REASON_DENIED_BY_DEFAULT},
		{OUTCOME_DENY, &other_site, PASSAGE_REFUSE, REASON_DENIED_BY_DEFAULT},
		{OUTCOME_DENY, &no_door, PASSAGE_REFUSE, REASON_DENIED_BY_DEFAULT},
		{OUTCOME_LICENSED, &managed, PASSAGE_ASSERT, REASON_NONE},
		{OUTCOME_LICENSED, &helpdesk, PASSAGE_TO_MANAGED, REASON_NONE},
		{OUTCOME_LICENSED, &other_site, PASSAGE_TO_MANAGED, REASON_NONE},
		{OUTCOME_LICENSED, &no_door, PASSAGE_TO_MANAGED, REASON_NONE},
		{OUTCOME_CUSTOMER, &managed, PASSAGE_ASSERT, REASON_NONE},
		{OUTCOME_CUSTOMER, &helpdesk, PASSAGE_TO_MANAGED, REASON_NONE},
		{OUTCOME_CUSTOMER, &other_site, PASSAGE_TO_MANAGED, REASON_NONE},
		{OUTCOME_CUSTOMER, &no_door, PASSAGE_TO_MANAGED, REASON_NONE},
		{OUTCOME_PORTAL, &managed, PASSAGE_TO_PORTAL, REASON_NONE},
		{OUTCOME_PORTAL, &helpdesk, PASSAGE_ASSERT, REASON_NONE},
		{OUTCOME_PORTAL, &other_site, PASSAGE_REFUSE, REASON_WRONG_SITE},
		{OUTCOME_PORTAL, &no_door, PASSAGE_TO_PORTAL, REASON_NONE},
	};
	struct decision d;
	enum reason reason;

	(void)state;
	assert_int_equal(sizeof(table) / sizeof(table[0]), OUTCOME_COUNT * 4);
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		d = (struct decision){.outcome = table[i].outcome, .granted = true, .at = helpdesk_only};
		reason = REASON_NONE;
		if (passage_for(&d, table[i].door, &reason) != table[i].passage || reason != table[i].reason)
			fail_msg("%s at %s: %s", outcome_word(table[i].outcome), table[i].door->name, reason_word(reason));
	}
}

static void no_outcome_passes_when_it_was_not_granted(void **state)
{
	const struct door *doors[] = {&managed, &helpdesk, &no_door};
	struct decision d = {.at = helpdesk_only, .reason = REASON_REQUIREMENT_FAILED};
	enum reason reason;

	(void)state;
	for (int o = 0; o < OUTCOME_COUNT; o++)
		for (size_t i = 0; i < sizeof(doors) / sizeof(doors[0]); i++) {
			d.outcome = (enum outcome)o;
			assert_int_equal(passage_for(&d, doors[i], &reason), PASSAGE_REFUSE);
			assert_int_equal(reason, REASON_REQUIREMENT_FAILED);
		}
}

static void all_zero_is_refused(void **state)
{
	struct decision d = {0};
	enum reason reason;

	(void)state;
	assert_int_equal(passage_for(&d, &managed, &reason), PASSAGE_REFUSE);
	assert_int_equal(reason, REASON_DENIED_BY_DEFAULT);
}

static void a_portal_outcome_without_a_site_goes_nowhere(void **state)
{
	const struct door *doors[] = {&managed, &helpdesk, &no_door, NULL};
	struct decision d = {.outcome = OUTCOME_PORTAL, .granted = true};
	enum reason reason;

	(void)state;
	for (size_t i = 0; i < sizeof(doors) / sizeof(doors[0]); i++)
		for (int listed = 0; listed < 2; listed++) {
			d.at = listed ? nowhere : NULL;
			assert_int_equal(passage_for(&d, doors[i], &reason), PASSAGE_REFUSE);
			assert_int_equal(reason, REASON_WRONG_SITE);
		}
}

static void no_door_is_never_an_assertion(void **state)
{
	struct decision d = {.granted = true, .at = helpdesk_only};
	enum reason reason;

	(void)state;
	for (int o = 0; o < OUTCOME_COUNT; o++) {
		d.outcome = (enum outcome)o;
		assert_int_not_equal(passage_for(&d, NULL, &reason), PASSAGE_ASSERT);
	}
}

static void values_outside_the_table_are_refused(void **state)
{
	struct decision d = {.granted = true, .at = helpdesk_only, .outcome = OUTCOME_COUNT};
	struct door odd = {"odd", (enum door_kind)9};
	enum reason reason;

	(void)state;
	assert_int_equal(passage_for(&d, &managed, &reason), PASSAGE_REFUSE);
	assert_int_equal(reason, REASON_INTERNAL);
	d.outcome = OUTCOME_LICENSED;
	assert_int_equal(passage_for(&d, &odd, &reason), PASSAGE_REFUSE);
	assert_int_equal(reason, REASON_INTERNAL);
}

static void outcomes_are_read_by_their_words(void **state)
{
	enum outcome out = OUTCOME_PORTAL;

	(void)state;
	for (int o = 0; o < OUTCOME_COUNT; o++) {
		assert_int_equal(outcome_read(outcome_word((enum outcome)o), &out), 0);
		assert_int_equal(out, o);
	}
	assert_int_equal(outcome_read("Licensed", &out), -1);
	assert_int_equal(outcome_read("", &out), -1);
	assert_int_equal(outcome_read(NULL, &out), -1);
	assert_int_equal(out, OUTCOME_PORTAL);
	assert_string_equal(outcome_word(OUTCOME_COUNT), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_outcome_at_every_door),
		cmocka_unit_test(no_outcome_passes_when_it_was_not_granted),
		cmocka_unit_test(all_zero_is_refused),
		cmocka_unit_test(a_portal_outcome_without_a_site_goes_nowhere),
		cmocka_unit_test(no_door_is_never_an_assertion),
		cmocka_unit_test(values_outside_the_table_are_refused),
		cmocka_unit_test(outcomes_are_read_by_their_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
