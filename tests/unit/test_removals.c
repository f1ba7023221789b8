/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a refresh may take away unasked, what is held, and what accepting it lets go. */
#include "tests/unit/unit.h"

#include "ldap/mirror_write.h"
#include "ldap/tables.h"

#include <unistd.h>

static const struct directory_join joins[] = {{"objectidentifier", "employeeNumber", false}, {"mail", "mail", true}};
static const char *const no_uris[] = {NULL}, *const title[] = {"title", NULL};

struct fixture {
	char folder[40], path[60];
	struct arena *arena;
	struct directory_options options;
	struct mirror_writer *writer;
	struct mirror *mirror;
};

/* ---- writing ---- */

static void open_writer(struct fixture *f)
{
	struct error err;

	mirror_close(f->mirror);
	f->mirror = NULL;
	if (!f->writer)
		assert_done(mirror_writer_open(f->path, &f->options, &f->writer, &err), err);
}

static void close_writer(struct fixture *f)
{
	struct error err;

	if (f->writer)
		assert_done(mirror_writer_commit(f->writer, &err), err);
	mirror_writer_close(f->writer);
	f->writer = NULL;
}

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	*f = (struct fixture){.folder = "/tmp/postern-removals-XXXXXX"};
	assert_non_null(mkdtemp(f->folder));
	snprintf(f->path, sizeof(f->path), "%s/mirror", f->folder);
	f->arena = arena_new();
	f->options = (struct directory_options){.name = "corp", .uris = no_uris, .people_base = "dc=x", .people_filter = "(a=b)",
		.groups_base = "dc=x", .groups_filter = "(a=b)", .member_attribute = "member", .group_name_attribute = "cn",
		.mail_attribute = "mail", .disabled_filter_attribute = "locked", .joins = joins, .join_count = 2};
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	mirror_writer_close(f->writer);
	mirror_close(f->mirror);
	unlink(f->path);
	unlink(arena_printf(f->arena, "%s-lock", f->path));
	arena_free(f->arena);
	rmdir(f->folder);
	free(f);
	return 0;
}

static void uuid_of(const char *what, int number, unsigned char out[UUID_SIZE])
{
	char text[UUID_SIZE + 1] = "";

	snprintf(text, sizeof(text), "%s%d", what, number);
	memcpy(out, text, UUID_SIZE);
}

/* What a person or group is sent with, for tests that leave something out. */
enum sent { ALL, WITHOUT_NUMBER, WITHOUT_MEMBERS, HALF_OF_MEMBERS, LOCKED };

static void person(struct fixture *f, int number, enum sent how)
{
	struct slice id = slice_c(arena_printf(f->arena, "%d", number)), yes = slice_c("yes");
	const struct mirror_attribute mail = {"mail", &id, 1};
	struct mirror_attribute list[3] = {mail};
	struct entry e = {.dn = arena_printf(f->arena, "uid=u%d,dc=x", number), .attributes = list, .attribute_count = 1};
	struct error err;

	if (how != WITHOUT_NUMBER)
		list[e.attribute_count++] = (struct mirror_attribute){"employeeNumber", &id, 1};
	if (how == LOCKED)
		list[e.attribute_count++] = (struct mirror_attribute){"locked", &yes, 1};
	uuid_of("u", number, e.uuid);
	assert_done(mirror_writer_put(f->writer, MIRROR_PEOPLE, &e, &err), err);
}

static void group(struct fixture *f, int number, int members, enum sent how)
{
	struct slice *values = arena_alloc(f->arena, (size_t)members * sizeof(*values) + 1), name = slice_c("g");
	size_t n = how == WITHOUT_MEMBERS ? 0 : how == HALF_OF_MEMBERS ? (size_t)members / 2 - 1 : (size_t)members;
	const struct mirror_attribute list[] = {{"cn", &name, 1}, {"member", values, n}};
	const struct entry e = {.dn = arena_printf(f->arena, "cn=g%d,dc=x", number), .attributes = list, .attribute_count = 2};
	struct entry with = e;
	struct error err;

	for (int i = 0; i < members; i++)
		values[i] = slice_c(arena_printf(f->arena, "uid=u%d,dc=x", i));
	uuid_of("g", number, with.uuid);
	assert_done(mirror_writer_put(f->writer, MIRROR_GROUPS, &with, &err), err);
}

static void refresh(struct fixture *f, enum mirror_kind kind)
{
	struct error err;

	open_writer(f);
	assert_done(mirror_writer_refresh_begin(f->writer, kind, &err), err);
}

static int judged(struct fixture *f, enum mirror_kind kind, enum refresh_extent extent)
{
	struct error err;
	int rc = mirror_writer_refresh_end(f->writer, kind, extent, &err);

	if (rc < 0)
		fail_msg("%s", err.detail);
	return rc;
}

static void people_from(struct fixture *f, int first, int last, enum sent how)
{
	for (int i = first; i <= last; i++)
		person(f, i, how);
}

/* So many people, and groups of so many members each. */
static void fill(struct fixture *f, int people, int groups, int members)
{
	refresh(f, MIRROR_PEOPLE);
	people_from(f, 1, people, ALL);
	assert_int_equal(judged(f, MIRROR_PEOPLE, REFRESH_NAMED_ALL), 1);
	refresh(f, MIRROR_GROUPS);
	for (int i = 1; i <= groups; i++)
		group(f, i, members, ALL);
	assert_int_equal(judged(f, MIRROR_GROUPS, REFRESH_NAMED_ALL), 1);
	mirror_writer_heard(f->writer, 1000);
}

static void gone(struct fixture *f, enum mirror_kind kind, int number)
{
	unsigned char uuid[UUID_SIZE];
	struct error err;

	uuid_of(kind == MIRROR_PEOPLE ? "u" : "g", number, uuid);
	assert_done(mirror_writer_delete(f->writer, kind, uuid, &err), err);
}

static void accept(struct fixture *f)
{
	struct mirror_removal people, groups;
	struct error err;

	close_writer(f);
	assert_done(mirror_accept(f->path, "corp", &people, &groups, &err), err);
	assert_true(people.n + groups.n > 0);
}

/* ---- reading ---- */

static struct mirror_state state_of(struct fixture *f)
{
	struct mirror_state s;
	struct error err;

	close_writer(f);
	if (!f->mirror)
		assert_done(mirror_open(f->path, &f->mirror, &err), err);
	assert_done(mirror_state(f->arena, f->mirror, "corp", &s, &err), err);
	return s;
}

static bool is_found(struct fixture *f, int number)
{
	const struct mirror_claim claim = {"objectidentifier", arena_printf(f->arena, "%d", number)};
	const struct mirror_query query = {.claims = &claim, .claim_count = 1};
	struct mirror_person p;
	struct error err;
	int rc;

	state_of(f);
	rc = mirror_person(f->arena, f->mirror, &f->options, 1, &query, &p, &err);
	if (rc < 0 && err.reason != REASON_PERSON_NOT_FOUND)
		fail_msg("%s", err.detail);
	return rc == 0;
}

/* ---- tests ---- */

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

#define removal_test(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

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
		removal_test(accepting_lets_go_what_was_held_and_is_good_once),
		removal_test(accepting_is_bound_to_whom_was_shown),
		removal_test(what_is_held_has_names),
		removal_test(an_interrupted_refresh_takes_nothing_away),
		removal_test(a_new_attribute_leaves_groups_as_they_are),
		removal_test(under_new_settings_an_empty_directory_is_not_whole),
		removal_test(groups_of_another_base_give_nothing),
		cmocka_unit_test(a_set_forgets_and_finds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
