/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Everybody of the mirror, on a copy: each as a look-up of that one would find them. */
#include "tests/unit/unit.h"

#include "ldap/mirror_write.h"

#include <dirent.h>
#include <unistd.h>

static const struct directory_join joins[] = {{"objectidentifier", "employeeNumber", false}, {"mail", "mail", true}};
static const char *const no_uris[] = {NULL};
static const char *const of_one[] = {"one", NULL}, *const of_two[] = {"two", NULL};

#define DIRECTORY(its_name, its_sources) \
	{.name = (its_name), .uris = no_uris, .people_base = "dc=x", .people_filter = "(a=b)", .groups_base = "dc=x", .groups_filter = "(a=b)", \
		.member_attribute = "member", .group_name_attribute = "cn", .mail_attribute = "mail", .disabled_filter_attribute = "locked", \
		.joins = joins, .join_count = 2, .sources = (its_sources)}

static const struct directory_options directories[] = {DIRECTORY("corp", NULL), DIRECTORY("daughter", NULL)};
static const struct directory_options apart[] = {DIRECTORY("corp", of_one), DIRECTORY("daughter", of_two)};

static char folder[40], path[60];
static struct arena *a;
static struct mirror_writer *writer;
static struct mirror *mirror;
static struct error err;

static void put(enum mirror_kind kind, const char *id, const char *dn, const struct mirror_attribute *attributes, size_t n)
{
	struct entry e = {.dn = dn, .attributes = attributes, .attribute_count = n};

	strncpy((char *)e.uuid, id, sizeof(e.uuid) - 1);
	assert_done(mirror_writer_put(writer, kind, &e, &err), err);
}

/* number, mail, locked: NULL is none. */
static void person(const char *uid, const char *number, const char *mail, bool locked)
{
	const struct slice values[] = {slice_c(number ? number : ""), slice_c(mail ? mail : ""), slice_c("yes")};
	struct mirror_attribute list[3];
	size_t n = 0;

	if (number)
		list[n++] = (struct mirror_attribute){"employeeNumber", &values[0], 1};
	if (mail)
		list[n++] = (struct mirror_attribute){"mail", &values[1], 1};
	if (locked)
		list[n++] = (struct mirror_attribute){"locked", &values[2], 1};
	put(MIRROR_PEOPLE, uid, arena_printf(a, "uid=%s,dc=x", uid), list, n);
}

static void group(const char *id, const char *dn, const char *cn, const char *const *members)
{
	struct slice name = slice_c(cn), values[8];
	const struct mirror_attribute list[] = {{"cn", &name, 1}, {"member", values, 0}};
	struct mirror_attribute both[] = {list[0], list[1]};

	for (; members[both[1].n]; both[1].n++)
		values[both[1].n] = slice_c(members[both[1].n]);
	put(MIRROR_GROUPS, id, dn, both, 2);
}

#define MEMBERS(...) ((const char *const[]){__VA_ARGS__, NULL})

static void begin_writing(const struct directory_options *d)
{
	assert_done(mirror_writer_open(path, d, &writer, &err), err);
}

static void end_writing(void)
{
	mirror_writer_whole(writer, MIRROR_PEOPLE);
	mirror_writer_whole(writer, MIRROR_GROUPS);
	mirror_writer_heard(writer, 1700000000);
	assert_done(mirror_writer_commit(writer, &err), err);
	mirror_writer_close(writer);
	writer = NULL;
}

static size_t files_in(const char *name)
{
	DIR *d = opendir(name);
	size_t n = 0;

	assert_non_null(d);
	while (readdir(d))
		n++;
	closedir(d);
	return n - 2;
}

static void open_copy(const char *where)
{
	size_t before = files_in(folder);

	assert_done(mirror_open_copy(path, where, &mirror, &err), err);
	assert_int_equal(files_in(folder), before);     /* the copy has no name */
}

static int begin(void **state)
{
	(void)state;
	snprintf(folder, sizeof(folder), "/tmp/postern-everyone-XXXXXX");
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/mirror", folder);
	a = arena_new();
	begin_writing(&directories[0]);
	person("ada", "1", "ada@example.org", false);
	person("ben", "2", "ben@example.org", true);
	person("cyd", "3", "same@example.org", false);
	person("dan", "4", "SAME@example.org", false);
	person("eve", NULL, NULL, false);
	person("fay", "6", NULL, false);
	person("gus", NULL, "gus@example.org", false);
	group("g1", "cn=agents,dc=x", "agents", MEMBERS("cn=team,dc=x"));
	group("g2", "cn=team,dc=x", "team", MEMBERS("uid=ada,dc=x", "uid=ben,dc=x", "uid=nobody,dc=x"));
	group("g3", "cn=twin,ou=a,dc=x", "twin", MEMBERS("uid=ada,dc=x"));
	group("g4", "cn=twin,ou=b,dc=x", "twin", MEMBERS("cn=stranger,dc=x"));
	end_writing();
	return 0;
}

static int end(void **state)
{
	char lock[80];

	(void)state;
	mirror_writer_close(writer);
	writer = NULL;
	mirror_close(mirror);
	mirror = NULL;
	arena_free(a);
	snprintf(lock, sizeof(lock), "%s-lock", path);
	unlink(path);
	unlink(lock);
	rmdir(folder);
	return 0;
}

/* ---- who comes, and why not ---- */

struct seen {
	const char *dn, *groups;
	enum reason reason;
};

struct all {
	struct seen list[16];
	size_t n, stop_at;
};

static int see(struct arena *one_arena, const struct mirror_one *one, void *context)
{
	struct all *all = context;
	const char *groups = "";

	(void)one_arena;
	for (size_t i = 0; i < one->person->group_count; i++)
		groups = arena_printf(a, "%s%s ", groups, one->person->groups[i].cn);
	all->list[all->n++] = (struct seen){arena_strdup(a, one->person->dn), groups, one->refusal->reason};
	return all->n == all->stop_at ? 7 : 0;
}

static const struct seen *find(const struct all *all, const char *uid)
{
	for (size_t i = 0; i < all->n; i++) {
		if (strcmp(all->list[i].dn, arena_printf(a, "uid=%s,dc=x", uid)) == 0)
			return &all->list[i];
	}
	fail_msg("%s did not come", uid);
	return NULL;
}

static void shows_everybody_with_their_groups_and_why_not(void **state)
{
	static const struct {
		const char *uid, *groups;
		enum reason reason;
	} rows[] = {
		{"ada", "team twin agents ", REASON_NONE},
		{"ben", "team agents ", REASON_PERSON_DISABLED},
		{"cyd", "", REASON_PERSON_FOUND_TWICE},
		{"dan", "", REASON_PERSON_FOUND_TWICE},
		{"eve", "", REASON_PERSON_NOT_FOUND},
		{"fay", "", REASON_NONE},
		{"gus", "", REASON_NONE},       /* by the mutable join */
	};
	struct all all = {.n = 0};

	(void)state;
	open_copy(folder);
	assert_done(mirror_each(mirror, directories, 1, see, &all, &err), err);
	assert_int_equal(all.n, sizeof(rows) / sizeof(*rows));
	for (size_t i = 0; i < all.n; i++) {
		const struct seen *s = find(&all, rows[i].uid);

		if (s->reason != rows[i].reason || strcmp(s->groups, rows[i].groups) != 0)
			fail_msg("%s: %s, groups %s", rows[i].uid, reason_word(s->reason), s->groups);
	}
}

static void says_the_same_as_a_look_up_by_name(void **state)
{
	static const char *const names[] = {"uid=ada,dc=x", "uid=ben,dc=x", "uid=cyd,dc=x", "uid=dan,dc=x", "uid=fay,dc=x", "uid=gus,dc=x"};
	struct all all = {.n = 0};
	struct mirror_person p;

	(void)state;
	open_copy(folder);
	assert_done(mirror_each(mirror, directories, 1, see, &all, &err), err);
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		int rc = mirror_person_named(a, mirror, directories, 1, names[i], &p, &err);
		const struct seen *s = find(&all, arena_copy(a, slice_of(names[i] + 4, 3)));

		assert_int_equal(rc < 0 ? err.reason : REASON_NONE, s->reason);
	}
}

static void ends_when_it_is_told_to(void **state)
{
	struct all all = {.stop_at = 2};

	(void)state;
	open_copy(folder);
	assert_int_equal(mirror_each(mirror, directories, 1, see, &all, &err), 7);
	assert_int_equal(all.n, 2);
}

/* One object id in two directories finds two people, unless each believes another provider. */
static void finds_who_shares_an_object_id_with_another_directory(void **state)
{
	struct all all = {.n = 0};

	(void)state;
	begin_writing(&directories[1]);
	put(MIRROR_PEOPLE, "d1", "uid=other,dc=x", &(struct mirror_attribute){"employeeNumber", &(struct slice){"1", 1}, 1}, 1);
	end_writing();
	open_copy(folder);
	assert_done(mirror_each(mirror, directories, 2, see, &all, &err), err);
	assert_int_equal(all.n, 8);
	assert_int_equal(find(&all, "ada")->reason, REASON_PERSON_FOUND_TWICE);
	assert_int_equal(find(&all, "other")->reason, REASON_PERSON_FOUND_TWICE);
	all.n = 0;
	assert_done(mirror_each(mirror, apart, 2, see, &all, &err), err);
	assert_int_equal(find(&all, "ada")->reason, REASON_NONE);
}

static void shows_nobody_of_a_mirror_that_is_not_whole(void **state)
{
	struct all all = {.n = 0};

	(void)state;
	open_copy(folder);
	assert_refused(mirror_each(mirror, directories, 2, see, &all, &err), err, REASON_MIRROR_EMPTY);
	assert_int_equal(all.n, 0);
}

/* ---- the copy ---- */

static void copies_elsewhere_when_the_folder_cannot_be_written(void **state)
{
	struct all all = {.n = 0};

	(void)state;
	open_copy("/nonexistent/folder");
	assert_done(mirror_each(mirror, directories, 1, see, &all, &err), err);
	assert_int_equal(all.n, 7);
}

static void keeps_the_copy_as_it_was(void **state)
{
	struct all all = {.n = 0};

	(void)state;
	open_copy(folder);
	begin_writing(&directories[0]);
	person("hal", "8", NULL, false);
	end_writing();
	assert_done(mirror_each(mirror, directories, 1, see, &all, &err), err);
	assert_int_equal(all.n, 7);
}

static void refuses_what_is_not_there_yet(void **state)
{
	(void)state;
	assert_refused(mirror_open_copy("/tmp/postern-no-such-mirror", folder, &mirror, &err), err, REASON_MIRROR_EMPTY);
}

/* ---- groups ---- */

static void knows_groups_by_dn_and_by_name(void **state)
{
	static const struct {
		const char *dn_key, *cn;
		size_t count, members;
	} rows[] = {
		{NULL, "AGENTS", 1, 1},
		{"cn=team,dc=x", NULL, 1, 3},
		{NULL, "twin", 2, 1},
		{"cn=twin,ou=b,dc=x", NULL, 1, 1},
		{NULL, "nothing", 0, 0},
		{"cn=stranger,dc=x", NULL, 0, 0},       /* only a member of one */
		{"uid=ada,dc=x", NULL, 0, 0},           /* a person */
	};
	struct mirror_group_found found;

	(void)state;
	open_copy(folder);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		assert_done(mirror_group(a, mirror, "corp", rows[i].dn_key, rows[i].cn, &found, &err), err);
		if (found.count != rows[i].count || found.members != rows[i].members || !found.dn != !rows[i].count)
			fail_msg("row %zu: %zu groups, %zu members", i, found.count, found.members);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(shows_everybody_with_their_groups_and_why_not, begin, end),
		cmocka_unit_test_setup_teardown(says_the_same_as_a_look_up_by_name, begin, end),
		cmocka_unit_test_setup_teardown(ends_when_it_is_told_to, begin, end),
		cmocka_unit_test_setup_teardown(finds_who_shares_an_object_id_with_another_directory, begin, end),
		cmocka_unit_test_setup_teardown(shows_nobody_of_a_mirror_that_is_not_whole, begin, end),
		cmocka_unit_test_setup_teardown(copies_elsewhere_when_the_folder_cannot_be_written, begin, end),
		cmocka_unit_test_setup_teardown(keeps_the_copy_as_it_was, begin, end),
		cmocka_unit_test_setup_teardown(refuses_what_is_not_there_yet, begin, end),
		cmocka_unit_test_setup_teardown(knows_groups_by_dn_and_by_name, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
