/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is held: what accepting it lets go, and what other settings make of it. */
#include "tests/unit/removals_stage.h"

/* Held, accepted, read again: what is the same goes. */
static void accepting_lets_go_what_was_held_and_is_good_once(void **state)
{
	struct fixture *f = *state;
	struct mirror_removal people, groups;
	struct error err;

	fill(f, 100, 0, 0);
	refresh(f, MIRROR_PEOPLE);
	people_from(f, 1, 30, ALL);
	people_from(f, 31, 50, WITHOUT_NUMBER);
	assert_int_equal(judged(f, MIRROR_PEOPLE, REFRESH_NAMED_ALL), 0);
	assert_int_equal(mirror_writer_accepted(f->writer, &err), 0);
	accept(f);
	refresh(f, MIRROR_PEOPLE);
	assert_int_equal(mirror_writer_accepted(f->writer, &err), 1);
	people_from(f, 1, 30, ALL);
	people_from(f, 31, 50, WITHOUT_NUMBER);
	assert_int_equal(judged(f, MIRROR_PEOPLE, REFRESH_NAMED_ALL), 1);
	assert_int_equal(state_of(f).people, 50);
	assert_false(is_found(f, 31));
	assert_int_equal(state_of(f).people_held.n, 0);
	refresh(f, MIRROR_PEOPLE);
	assert_int_equal(mirror_writer_accepted(f->writer, &err), 0);
	people_from(f, 1, 30, ALL);
	assert_int_equal(judged(f, MIRROR_PEOPLE, REFRESH_NAMED_ALL), 0);
	close_writer(f);
	assert_done(mirror_accept(f->path, "other", &people, &groups, &err), err);
	assert_int_equal(people.n + groups.n, 0);
}

static void accepting_is_bound_to_whom_was_shown(void **state)
{
	struct fixture *f = *state;
	struct error err;

	fill(f, 100, 0, 0);
	refresh(f, MIRROR_PEOPLE);
	people_from(f, 1, 80, ALL);             /* 81 to 100 are gone */
	assert_int_equal(judged(f, MIRROR_PEOPLE, REFRESH_NAMED_ALL), 0);
	accept(f);
	refresh(f, MIRROR_PEOPLE);
	people_from(f, 21, 100, ALL);           /* as many, but others */
	assert_int_equal(judged(f, MIRROR_PEOPLE, REFRESH_NAMED_ALL), 0);
	assert_int_equal(state_of(f).people, 100);
	accept(f);
	refresh(f, MIRROR_PEOPLE);
	people_from(f, 31, 100, ALL);           /* those, and ten more: as many as may always go */
	assert_int_equal(judged(f, MIRROR_PEOPLE, REFRESH_NAMED_ALL), 1);
	assert_int_equal(state_of(f).people, 70);
	refresh(f, MIRROR_PEOPLE);
	people_from(f, 41, 100, ALL);
	assert_int_equal(judged(f, MIRROR_PEOPLE, REFRESH_NAMED_ALL), 0);
	/* accepted while the next refresh is under way: that one did not know, the one after it does */
	refresh(f, MIRROR_PEOPLE);
	assert_done(mirror_writer_commit(f->writer, &err), err);
	close_writer(f);
	accept(f);
	refresh(f, MIRROR_PEOPLE);
	people_from(f, 41, 100, ALL);
	assert_int_equal(judged(f, MIRROR_PEOPLE, REFRESH_NAMED_ALL), 1);
}

static void what_is_held_has_names(void **state)
{
	struct fixture *f = *state;
	const char *const *names;
	struct error err;
	size_t n;

	fill(f, 20, 1, 1);
	refresh(f, MIRROR_PEOPLE);
	people_from(f, 1, 10, ALL);
	judged(f, MIRROR_PEOPLE, REFRESH_NAMED_ALL);
	refresh(f, MIRROR_GROUPS);
	judged(f, MIRROR_GROUPS, REFRESH_NAMED_ALL);
	state_of(f);
	assert_done(mirror_held(f->arena, f->mirror, "corp", 3, &names, &n, &err), err);
	assert_int_equal(n, 3);
	assert_done(mirror_held(f->arena, f->mirror, "corp", 100, &names, &n, &err), err);
	assert_int_equal(n, 11);
	assert_string_equal(names[0], "uid=u11,dc=x");
	assert_string_equal(names[10], "cn=g1,dc=x");
}

static void a_new_attribute_leaves_groups_as_they_are(void **state)
{
	struct fixture *f = *state;
	struct error err;

	fill(f, 20, 4, 3);
	assert_done(mirror_writer_set_cookie(f->writer, MIRROR_PEOPLE, slice_c("p"), &err), err);
	assert_done(mirror_writer_set_cookie(f->writer, MIRROR_GROUPS, slice_c("g"), &err), err);
	close_writer(f);
	f->options.attributes = title;
	open_writer(f);
	assert_null(mirror_writer_cookie(f->writer, MIRROR_PEOPLE).p);
	assert_slice_is(mirror_writer_cookie(f->writer, MIRROR_GROUPS), "g");
	assert_false(state_of(f).filled);
	/* half of the people is not sent: those who are can be judged again, the others not */
	refresh(f, MIRROR_PEOPLE);
	people_from(f, 1, 10, ALL);
	assert_int_equal(judged(f, MIRROR_PEOPLE, REFRESH_NAMED_ALL), 0);
	assert_true(state_of(f).filled);
	assert_int_equal(state_of(f).people_held.n, 10);
	assert_true(is_found(f, 1));
	assert_false(is_found(f, 20));
	/* and they are again as soon as they are sent */
	refresh(f, MIRROR_PEOPLE);
	people_from(f, 1, 20, ALL);
	assert_int_equal(judged(f, MIRROR_PEOPLE, REFRESH_NAMED_ALL), 1);
	assert_true(is_found(f, 20));
	assert_int_equal(state_of(f).people_held.n, 0);
}

static void under_new_settings_an_empty_directory_is_not_whole(void **state)
{
	struct fixture *f = *state;

	fill(f, 20, 0, 0);
	close_writer(f);
	f->options.attributes = title;
	refresh(f, MIRROR_PEOPLE);
	assert_int_equal(judged(f, MIRROR_PEOPLE, REFRESH_NAMED_ALL), 0);
	assert_false(state_of(f).filled);
	assert_int_equal(state_of(f).people, 20);
}

static void groups_of_another_base_give_nothing(void **state)
{
	struct fixture *f = *state;

	fill(f, 20, 20, 3);
	close_writer(f);
	f->options.groups_base = "ou=a,dc=x";
	refresh(f, MIRROR_GROUPS);
	group(f, 1, 3, ALL);
	assert_int_equal(judged(f, MIRROR_GROUPS, REFRESH_NAMED_ALL), 1);
	assert_int_equal(state_of(f).groups, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		removal_test(accepting_lets_go_what_was_held_and_is_good_once),
		removal_test(accepting_is_bound_to_whom_was_shown),
		removal_test(what_is_held_has_names),
		removal_test(a_new_attribute_leaves_groups_as_they_are),
		removal_test(under_new_settings_an_empty_directory_is_not_whole),
		removal_test(groups_of_another_base_give_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
