/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Groups of the mirror, and what a change leaves behind. */
#include "tests/unit/mirror_stage.h"

/* ---- groups ---- */

static void walks_nested_groups_nearest_first(void **state)
{
	struct fixture *f = *state;

	person(f, "u1", "uid=anna,ou=people,dc=x", "employeeNumber=1");
	group(f, "g1", "cn=agents,ou=groups,dc=x", "cn=agents", "member=UID=Anna, ou=people, dc=x", "member=uid=nobody,dc=x");
	group(f, "g2", "cn=staff,ou=groups,dc=x", "cn=staff", "member=cn=agents,ou=groups,dc=x");
	group(f, "g3", "cn=all,ou=groups,dc=x", "cn=all", "member=cn=staff,ou=groups,dc=x", "member=uid=anna,ou=people,dc=x");
	group(f, "g4", "cn=none,ou=groups,dc=x", "cn=none", "member=uid=nobody,dc=x", "member=not a dn");
	group(f, "g5", "cn=nameless,ou=groups,dc=x", "member=cn=all,ou=groups,dc=x");
	finish(f);
	groups_are(f, "1", "agents all staff<agents ?<all");
}

static void a_cycle_is_walked_once(void **state)
{
	struct fixture *f = *state;

	person(f, "u1", "uid=anna,dc=x", "employeeNumber=1");
	group(f, "g1", "cn=a,dc=x", "cn=a", "member=uid=anna,dc=x", "member=cn=c,dc=x", "member=cn=a,dc=x");
	group(f, "g2", "cn=b,dc=x", "cn=b", "member=cn=a,dc=x");
	group(f, "g3", "cn=c,dc=x", "cn=c", "member=cn=b,dc=x");
	finish(f);
	groups_are(f, "1", "a b<a c<b");
}

static void knows_when_a_groups_name_is_not_its_own(void **state)
{
	struct fixture *f = *state;
	struct mirror_person p;
	struct error err;

	person(f, "u1", "uid=a,dc=x", "employeeNumber=1");
	group(f, "g1", "cn=agents,ou=groups,dc=x", "cn=agents", "member=uid=a,dc=x");
	group(f, "g2", "cn=staff,ou=groups,dc=x", "cn=staff", "member=uid=a,dc=x");
	group(f, "g3", "cn=AGENTS,ou=own,dc=x", "cn=AGENTS", "member=uid=b,dc=x");
	finish(f);
	assert_done(by_number(f, "1", &p, &err), err);
	assert_int_equal(p.group_count, 2);
	for (size_t i = 0; i < p.group_count; i++)
		assert_int_equal(p.groups[i].cn_shared, strcmp(p.groups[i].cn, "agents") == 0);
	begin(f, &directories[0]);
	gone(f, MIRROR_GROUPS, "g3");
	finish(f);
	assert_done(by_number(f, "1", &p, &err), err);
	for (size_t i = 0; i < p.group_count; i++)
		assert_false(p.groups[i].cn_shared);
	/* a rename takes the old name along */
	begin(f, &directories[0]);
	group(f, "g2", "cn=agents,ou=elsewhere,dc=x", "cn=agents", "member=uid=b,dc=x");
	finish(f);
	assert_done(by_number(f, "1", &p, &err), err);
	assert_int_equal(p.group_count, 1);
	assert_true(p.groups[0].cn_shared);
}

static void agents_is_shared(struct fixture *f, bool shared)
{
	struct mirror_person p;
	struct error err;

	finish(f);
	assert_done(by_number(f, "1", &p, &err), err);
	assert_int_equal(p.group_count, 1);
	assert_int_equal(p.groups[0].cn_shared, shared);
	begin(f, &directories[0]);
}

static void a_name_is_shared_until_one_group_is_left(void **state)
{
	struct fixture *f = *state;

	person(f, "u1", "uid=a,dc=x", "employeeNumber=1");
	group(f, "g1", "cn=1,dc=x", "cn=agents", "member=uid=b,dc=x");
	group(f, "g2", "cn=2,dc=x", "cn=agents", "member=uid=b,dc=x");
	group(f, "g3", "cn=3,dc=x", "cn=agents", "member=uid=b,dc=x");
	group(f, "g4", "cn=4,dc=x", "cn=agents", "member=uid=a,dc=x");
	agents_is_shared(f, true);
	gone(f, MIRROR_GROUPS, "g1");
	agents_is_shared(f, true);
	group(f, "g2", "cn=2,dc=x", "cn=others", "member=uid=b,dc=x");
	agents_is_shared(f, true);
	group(f, "g3", "cn=3,dc=x", "description=has no name", "member=uid=b,dc=x");
	agents_is_shared(f, false);
	/* who is a member now was not the one that changed */
	group(f, "g4", "cn=4,dc=x", "cn=agents", "member=uid=a,dc=x", "member=uid=b,dc=x");
	agents_is_shared(f, false);
	group(f, "g2", "cn=2,dc=x", "cn=Agents", "member=uid=b,dc=x");
	agents_is_shared(f, true);
	group(f, "g4", "cn=4,dc=x", "cn=own", "member=uid=a,dc=x");
	agents_is_shared(f, false);
}

static void the_own_directory_alone_gives_groups(void **state)
{
	struct fixture *f = *state;

	person(f, "u1", "uid=anna,dc=x", "employeeNumber=1");
	finish(f);
	begin(f, &directories[1]);
	group(f, "g1", "cn=a,dc=y", "cn=a", "member=uid=anna,dc=x");
	finish(f);
	f->count = 2;
	groups_are(f, "1", "");
}

static void members_may_come_before_their_entries(void **state)
{
	struct fixture *f = *state;

	group(f, "g2", "cn=outer,dc=x", "cn=outer", "member=cn=inner,dc=x");
	group(f, "g1", "cn=inner,dc=x", "cn=inner", "member=cn=M\xc3\xbcller\\, O'Neil+uid=m,dc=x");
	person(f, "u1", "uid=M+cn=m\xc3\x9cLLER\\2C o'neil,DC=x", "employeeNumber=1");
	finish(f);
	groups_are(f, "1", "inner outer<inner");
}

static void refuses_whose_groups_are_beyond_the_limits(void **state)
{
	struct fixture *f = *state;
	struct mirror_person p;
	struct error err;

	person(f, "u1", "uid=deep,dc=x", "employeeNumber=1");
	group(f, "g", "cn=g0,dc=x", "cn=g0", "member=uid=deep,dc=x");
	for (int i = 1; i < 65; i++)
		group(f, arena_printf(f->arena, "g%d", i), arena_printf(f->arena, "cn=g%d,dc=x", i), "cn=g",
			arena_printf(f->arena, "member=cn=g%d,dc=x", i - 1), i == 1 ? "member=uid=well,dc=x"
			: "member=uid=nobody,dc=x");
	person(f, "u2", "uid=well,dc=x", "employeeNumber=2");
	finish(f);
	assert_refused(by_number(f, "1", &p, &err), err, REASON_TOO_MANY_GROUPS);
	assert_done(by_number(f, "2", &p, &err), err);
	assert_int_equal(p.group_count, 64);
}

/* ---- changes ---- */

static void a_changed_entry_leaves_nothing_of_its_old_self(void **state)
{
	struct fixture *f = *state;
	struct mirror_person p;
	struct error err;

	person(f, "u1", "uid=anna,dc=x", "employeeNumber=1", "mail=old@example.org");
	group(f, "g1", "cn=a,dc=x", "cn=a", "member=uid=anna,dc=x", "member=uid=bert,dc=x");
	person(f, "u1", "uid=anna,dc=x", "employeeNumber=2", "mail=new@example.org");
	group(f, "g1", "cn=a,dc=x", "cn=renamed", "member=uid=anna,dc=x");
	person(f, "u2", "uid=bert,dc=x", "employeeNumber=3");
	finish(f);
	assert_refused(by_number(f, "1", &p, &err), err, REASON_PERSON_NOT_FOUND);
	assert_refused(named(f, "old@example.org", &p, &err), err, REASON_PERSON_NOT_FOUND);
	groups_are(f, "2", "renamed");
	groups_are(f, "3", "");
}

static void a_renamed_entry_is_no_member_under_its_old_name(void **state)
{
	struct fixture *f = *state;
	struct mirror_state s;
	struct error err;

	person(f, "u1", "uid=anna,dc=x", "employeeNumber=1");
	group(f, "g1", "cn=a,dc=x", "cn=a", "member=uid=anna,dc=x");
	group(f, "g2", "cn=b,dc=x", "cn=b", "member=cn=a,dc=x");
	person(f, "u1", "uid=anne,dc=x", "employeeNumber=1");
	/* somebody else gets the old name, and with it what the directory says of that name */
	person(f, "u2", "uid=anna,dc=x", "employeeNumber=2");
	finish(f);
	groups_are(f, "1", "");
	groups_are(f, "2", "a b<a");
	begin(f, &directories[0]);
	group(f, "g1", "cn=c,dc=x", "cn=c", "member=uid=anna,dc=x");
	finish(f);
	groups_are(f, "2", "c");
	assert_done(mirror_state(f->arena, f->mirror, "corp", &s, &err), err);
	assert_int_equal(s.people, 2);
	assert_int_equal(s.groups, 2);
}

static void a_name_taken_over_removes_who_had_it(void **state)
{
	struct fixture *f = *state;
	struct mirror_person p;
	struct error err;

	person(f, "u1", "uid=anna,dc=x", "employeeNumber=1");
	person(f, "u2", "UID=Anna,DC=x", "employeeNumber=2");
	gone(f, MIRROR_PEOPLE, "u1");
	finish(f);
	assert_refused(by_number(f, "1", &p, &err), err, REASON_PERSON_NOT_FOUND);
	assert_done(by_number(f, "2", &p, &err), err);
}

static void a_deleted_group_or_person_is_gone(void **state)
{
	struct fixture *f = *state;
	struct mirror_person p;
	struct error err;

	person(f, "u1", "uid=anna,dc=x", "employeeNumber=1");
	person(f, "u2", "uid=bert,dc=x", "employeeNumber=2");
	group(f, "g1", "cn=a,dc=x", "cn=a", "member=uid=anna,dc=x");
	gone(f, MIRROR_PEOPLE, "u2");
	gone(f, MIRROR_PEOPLE, "unknown");
	gone(f, MIRROR_GROUPS, "g1");
	group(f, "g2", "cn=a,dc=x", "cn=again", "member=uid=bert,dc=x");
	finish(f);
	groups_are(f, "1", "");
	assert_refused(by_number(f, "2", &p, &err), err, REASON_PERSON_NOT_FOUND);
	begin(f, &directories[0]);
	person(f, "u3", "uid=bert,dc=x", "employeeNumber=3");
	finish(f);
	groups_are(f, "3", "again");
}

static void an_entry_without_a_dn_is_left_out(void **state)
{
	struct fixture *f = *state;
	struct mirror_person p;
	struct error err;

	person(f, "u1", "uid=anna,dc=x", "employeeNumber=1");
	person(f, "u1", "anna", "employeeNumber=1");
	finish(f);
	assert_refused(by_number(f, "1", &p, &err), err, REASON_PERSON_NOT_FOUND);
}

static void names_longer_than_a_key_still_differ(void **state)
{
	struct fixture *f = *state;
	char *x = arena_alloc(f->arena, 601);

	memset(x, 'x', 600);
	person(f, "u1", arena_printf(f->arena, "uid=%s1,dc=x", x), "employeeNumber=1");
	person(f, "u2", arena_printf(f->arena, "uid=%s2,dc=x", x), "employeeNumber=2");
	group(f, "g1", "cn=a,dc=x", "cn=a", arena_printf(f->arena, "member=uid=%s2,dc=x", x));
	finish(f);
	groups_are(f, "1", "");
	groups_are(f, "2", "a");
}

#define mirror_test(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		mirror_test(walks_nested_groups_nearest_first),
		mirror_test(knows_when_a_groups_name_is_not_its_own),
		mirror_test(a_name_is_shared_until_one_group_is_left),
		mirror_test(a_cycle_is_walked_once),
		mirror_test(the_own_directory_alone_gives_groups),
		mirror_test(members_may_come_before_their_entries),
		mirror_test(refuses_whose_groups_are_beyond_the_limits),
		mirror_test(a_changed_entry_leaves_nothing_of_its_old_self),
		mirror_test(a_renamed_entry_is_no_member_under_its_old_name),
		mirror_test(a_name_taken_over_removes_who_had_it),
		mirror_test(a_deleted_group_or_person_is_gone),
		mirror_test(an_entry_without_a_dn_is_left_out),
		mirror_test(names_longer_than_a_key_still_differ),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
