/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a refresh may take away unasked. */
#include "tests/unit/removals_stage.h"

#include "ldap/tables.h"

static void gone(struct fixture *f, enum mirror_kind kind, int number)
{
	unsigned char uuid[UUID_SIZE];
	struct error err;

	uuid_of(kind == MIRROR_PEOPLE ? "u" : "g", number, uuid);
	assert_done(mirror_writer_delete(f->writer, kind, uuid, &err), err);
}

static void a_tenth_goes_unasked_and_one_more_is_held(void **state)
{
	struct fixture *f = *state;
	struct mirror_state s;

	fill(f, 100, 3, 2);
	refresh(f, MIRROR_PEOPLE);
	people_from(f, 1, 90, ALL);
	assert_int_equal(judged(f, MIRROR_PEOPLE, REFRESH_NAMED_ALL), 1);
	s = state_of(f);
	assert_int_equal(s.people, 90);
	assert_int_equal(s.people_held.n, 0);
	assert_false(is_found(f, 91));

	refresh(f, MIRROR_PEOPLE);
	people_from(f, 1, 80, ALL);
	person(f, 101, ALL);
	assert_int_equal(judged(f, MIRROR_PEOPLE, REFRESH_NAMED_ALL), 0);
	s = state_of(f);
	assert_int_equal(s.people, 91);                 /* who is new came */
	assert_int_equal(s.people_held.n, 10);
	assert_int_equal(s.people_held.known, 90);
	assert_int_equal(s.groups_held.n, 0);
	assert_true(s.filled);
	assert_false(s.connected);                      /* not as the directory is … */
	assert_int_equal(s.as_of, 1000);                /* … and known since then only */
	assert_non_null(strstr(s.error, "would take away 10 of 90 people"));
	assert_non_null(strstr(s.error, "postern mirror accept corp"));
	assert_true(is_found(f, 90));
	assert_true(is_found(f, 101));
}

static void a_few_always_go_but_never_the_last(void **state)
{
	struct fixture *f = *state;
	struct mirror_state s;

	fill(f, 6, 1, 2);
	refresh(f, MIRROR_PEOPLE);
	person(f, 1, ALL);
	assert_int_equal(judged(f, MIRROR_PEOPLE, REFRESH_NAMED_ALL), 1);
	refresh(f, MIRROR_PEOPLE);
	assert_int_equal(judged(f, MIRROR_PEOPLE, REFRESH_NAMED_ALL), 0);
	refresh(f, MIRROR_GROUPS);
	gone(f, MIRROR_GROUPS, 1);
	assert_int_equal(judged(f, MIRROR_GROUPS, REFRESH_NAMED_GONE), 0);
	s = state_of(f);
	assert_int_equal(s.people, 1);
	assert_int_equal(s.groups, 1);
	assert_int_equal(s.people_held.n, 1);
	assert_int_equal(s.groups_held.n, 1);
	assert_non_null(strstr(s.error, "the directory has none of 1 known groups any more"));
}

static void the_limit_is_a_setting_and_100_asks_for_the_last_only(void **state)
{
	struct fixture *f = *state;

	f->options.removal_limit = 50;
	fill(f, 100, 0, 0);
	refresh(f, MIRROR_PEOPLE);
	people_from(f, 1, 49, ALL);
	assert_int_equal(judged(f, MIRROR_PEOPLE, REFRESH_NAMED_ALL), 0);
	refresh(f, MIRROR_PEOPLE);
	people_from(f, 1, 50, ALL);
	assert_int_equal(judged(f, MIRROR_PEOPLE, REFRESH_NAMED_ALL), 1);
	assert_int_equal(state_of(f).people_held.n, 0);         /* what was held before is no longer */
	f->options.removal_limit = 100;
	refresh(f, MIRROR_PEOPLE);
	person(f, 1, ALL);
	assert_int_equal(judged(f, MIRROR_PEOPLE, REFRESH_NAMED_ALL), 1);
	refresh(f, MIRROR_PEOPLE);
	assert_int_equal(judged(f, MIRROR_PEOPLE, REFRESH_NAMED_ALL), 0);
	assert_int_equal(state_of(f).people, 1);
}

static void what_is_said_to_be_gone_during_a_refresh_is_judged_too(void **state)
{
	struct fixture *f = *state;

	fill(f, 100, 0, 0);
	refresh(f, MIRROR_PEOPLE);
	for (int i = 1; i <= 11; i++)
		gone(f, MIRROR_PEOPLE, i);
	gone(f, MIRROR_PEOPLE, 1000);           /* never known: no loss */
	assert_int_equal(judged(f, MIRROR_PEOPLE, REFRESH_NAMED_GONE), 0);
	assert_int_equal(state_of(f).people, 100);
	refresh(f, MIRROR_PEOPLE);
	for (int i = 1; i <= 11; i++)
		gone(f, MIRROR_PEOPLE, i);
	person(f, 11, ALL);                     /* back again, as after a move to and fro */
	person(f, 12, ALL);
	gone(f, MIRROR_PEOPLE, 12);             /* changed, then gone */
	gone(f, MIRROR_PEOPLE, 10);
	assert_int_equal(judged(f, MIRROR_PEOPLE, REFRESH_NAMED_GONE), 0);
	refresh(f, MIRROR_PEOPLE);
	for (int i = 1; i <= 11; i++)
		gone(f, MIRROR_PEOPLE, i);
	person(f, 11, ALL);
	assert_int_equal(judged(f, MIRROR_PEOPLE, REFRESH_NAMED_GONE), 1);
	assert_true(is_found(f, 11));
	assert_false(is_found(f, 10));
	assert_int_equal(state_of(f).people, 90);
}

static void news_is_done_at_once_also_while_something_is_held(void **state)
{
	struct fixture *f = *state;

	fill(f, 20, 0, 0);
	for (int i = 1; i <= 10; i++)
		gone(f, MIRROR_PEOPLE, i);
	assert_int_equal(state_of(f).people, 10);
	refresh(f, MIRROR_PEOPLE);
	people_from(f, 11, 12, ALL);
	assert_int_equal(judged(f, MIRROR_PEOPLE, REFRESH_NAMED_ALL), 0);
	gone(f, MIRROR_PEOPLE, 20);
	person(f, 21, ALL);
	assert_int_equal(state_of(f).people, 10);
	assert_true(is_found(f, 21));
	assert_false(is_found(f, 20));
	assert_true(is_found(f, 19));
}

static void attributes_that_are_hidden_count_as_taken_away(void **state)
{
	struct fixture *f = *state;
	struct mirror_state s;

	fill(f, 100, 0, 0);
	refresh(f, MIRROR_PEOPLE);
	people_from(f, 1, 89, ALL);
	people_from(f, 90, 100, WITHOUT_NUMBER);
	assert_int_equal(judged(f, MIRROR_PEOPLE, REFRESH_NAMED_ALL), 0);
	s = state_of(f);
	assert_int_equal(s.people_held.n, 11);
	assert_non_null(strstr(s.error, "(11 of them are there, and lack what they had)"));
	assert_true(is_found(f, 100));
	refresh(f, MIRROR_PEOPLE);
	people_from(f, 1, 90, ALL);
	people_from(f, 91, 100, WITHOUT_NUMBER);
	assert_int_equal(judged(f, MIRROR_PEOPLE, REFRESH_NAMED_ALL), 1);
	assert_int_equal(state_of(f).people, 100);
	assert_false(is_found(f, 100));
	assert_true(is_found(f, 90));
}

static void a_lock_that_is_hidden_counts_as_taken_away(void **state)
{
	struct fixture *f = *state;

	fill(f, 20, 0, 0);
	people_from(f, 1, 8, LOCKED);
	refresh(f, MIRROR_PEOPLE);
	people_from(f, 1, 20, ALL);
	assert_int_equal(judged(f, MIRROR_PEOPLE, REFRESH_NAMED_ALL), 0);
	assert_int_equal(state_of(f).people_held.n, 8);
}

static void groups_that_lose_their_members_count_as_taken_away(void **state)
{
	struct fixture *f = *state;

	fill(f, 20, 8, 20);
	refresh(f, MIRROR_GROUPS);
	for (int i = 1; i <= 8; i++)
		group(f, i, 20, i <= 3 ? WITHOUT_MEMBERS : i <= 6 ? HALF_OF_MEMBERS : ALL);
	assert_int_equal(judged(f, MIRROR_GROUPS, REFRESH_NAMED_ALL), 0);
	assert_int_equal(state_of(f).groups_held.n, 6);
	refresh(f, MIRROR_GROUPS);
	for (int i = 1; i <= 8; i++)
		group(f, i, 20, i <= 3 ? WITHOUT_MEMBERS : ALL);
	assert_int_equal(judged(f, MIRROR_GROUPS, REFRESH_NAMED_ALL), 1);
	assert_int_equal(state_of(f).groups, 8);
}

static void an_interrupted_refresh_takes_nothing_away(void **state)
{
	struct fixture *f = *state;

	fill(f, 10, 0, 0);
	refresh(f, MIRROR_PEOPLE);
	gone(f, MIRROR_PEOPLE, 1);
	person(f, 2, WITHOUT_NUMBER);
	mirror_writer_refresh_drop(f->writer, MIRROR_PEOPLE);
	assert_int_equal(state_of(f).people, 10);
	assert_true(is_found(f, 1));
	assert_true(is_found(f, 2));
}

static void a_set_forgets_and_finds(void **state)
{
	struct uuid_set *s = uuid_set_new();
	unsigned char uuid[UUID_SIZE];

	(void)state;
	for (int i = 0; i < 5000; i++) {
		uuid_of("x", i, uuid);
		uuid_set_add(s, uuid);
	}
	for (int i = 0; i < 5000; i += 3) {
		uuid_of("x", i, uuid);
		uuid_set_remove(s, uuid);
		uuid_set_remove(s, uuid);
	}
	for (int i = 0; i < 5000; i++) {
		uuid_of("x", i, uuid);
		assert_int_equal(uuid_set_has(s, uuid), i % 3 != 0);
	}
	assert_int_equal(uuid_set_count(s), 5000 - 1667);
	uuid_set_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		removal_test(a_tenth_goes_unasked_and_one_more_is_held),
		removal_test(a_few_always_go_but_never_the_last),
		removal_test(the_limit_is_a_setting_and_100_asks_for_the_last_only),
		removal_test(what_is_said_to_be_gone_during_a_refresh_is_judged_too),
		removal_test(news_is_done_at_once_also_while_something_is_held),
		removal_test(attributes_that_are_hidden_count_as_taken_away),
		removal_test(a_lock_that_is_hidden_counts_as_taken_away),
		removal_test(groups_that_lose_their_members_count_as_taken_away),
		removal_test(an_interrupted_refresh_takes_nothing_away),
		cmocka_unit_test(a_set_forgets_and_finds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
