/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the mirror knows of itself, rules beside people, and settings that change. */
#include "tests/unit/mirror_stage.h"

/* ---- state ---- */

static uint64_t generation(const struct fixture *f)
{
	const struct store_options options = {.path = f->path, .use = STORE_READ, .schema = MIRROR_SCHEMA,
		.tables = mirror_tables};
	struct store *store;
	struct store_txn *t;
	struct error err;
	uint64_t n = 0;

	assert_done(store_open(&options, &store, &err), err);
	assert_done(store_begin_read(store, &t, &err), err);
	assert_done(store_generation(t, &n, &err), err);
	store_abort(t);
	store_close(store);
	return n;
}

static void only_a_real_change_makes_readers_look_again(void **state)
{
	struct fixture *f = *state;
	uint64_t before;

	person(f, "u1", "uid=anna,dc=x", "employeeNumber=1");
	group(f, "g1", "cn=a,dc=x", "cn=a", "member=uid=anna,dc=x");
	finish(f);
	mirror_close(f->mirror);
	f->mirror = NULL;
	before = generation(f);
	begin(f, &directories[0]);
	person(f, "u1", "uid=anna,dc=x", "employeeNumber=1", "sn=not kept");
	group(f, "g1", "cn=a,dc=x", "cn=a", "member=uid=ANNA, dc=x");
	finish(f);
	mirror_close(f->mirror);
	f->mirror = NULL;
	assert_int_equal(generation(f), before);
	begin(f, &directories[0]);
	group(f, "g1", "cn=a,dc=x", "cn=a", "member=uid=bert,dc=x");
	finish(f);
	mirror_close(f->mirror);
	f->mirror = NULL;
	assert_int_equal(generation(f), before + 1);
}

static void refuses_everybody_until_all_directories_are_whole(void **state)
{
	struct fixture *f = *state;
	struct mirror_person p;
	struct mirror_state s;
	struct error err;

	person(f, "u1", "uid=anna,dc=x", "employeeNumber=1");
	mirror_writer_whole(f->writer, MIRROR_PEOPLE);
	mirror_writer_lost(f->writer, "cable cut");
	assert_done(mirror_writer_commit(f->writer, &err), err);
	mirror_writer_close(f->writer);
	f->writer = NULL;
	assert_done(mirror_open(f->path, &f->mirror, &err), err);
	assert_refused(by_number(f, "1", &p, &err), err, REASON_MIRROR_EMPTY);
	assert_non_null(strstr(err.detail, "cable cut"));
	assert_done(mirror_state(f->arena, f->mirror, "corp", &s, &err), err);
	assert_false(s.filled);
	assert_string_equal(s.error, "cable cut");
	begin(f, &directories[0]);
	finish(f);
	assert_done(by_number(f, "1", &p, &err), err);
	f->count = 2;
	assert_refused(by_number(f, "1", &p, &err), err, REASON_MIRROR_EMPTY);
	assert_refused(named(f, "1", &p, &err), err, REASON_MIRROR_EMPTY);
	f->count = 0;
	assert_refused(by_number(f, "1", &p, &err), err, REASON_MIRROR_EMPTY);
}

static void a_file_that_is_not_there_is_an_empty_mirror(void **state)
{
	struct mirror *m = NULL;
	struct error err;

	(void)state;
	assert_refused(mirror_open("/tmp/postern-no-such-folder/mirror", &m, &err), err, REASON_MIRROR_EMPTY);
	assert_null(m);
}

static void a_mirror_of_another_version_is_read_anew(void **state)
{
	struct fixture *f = *state;
	const struct store_options other = {.path = f->path, .use = STORE_WRITE, .schema = MIRROR_SCHEMA + 1, .derived = true,
		.tables = mirror_tables};
	struct mirror_writer *left;
	struct mirror_person p;
	struct mirror *m = NULL;
	struct store *store;
	struct error err;

	person(f, "u1", "uid=anna,dc=x", "employeeNumber=1");
	finish(f);
	assert_done(by_number(f, "1", &p, &err), err);
	assert_done(mirror_writer_open(f->path, &directories[1], &left, &err), err);
	assert_done(store_open(&other, &store, &err), err);
	store_close(store);
	assert_refused(mirror_open(f->path, &m, &err), err, REASON_MIRROR_EMPTY);
	assert_non_null(strstr(err.detail, "newer version"));
	/* who still writes the old file ends, and reads it anew into the other one */
	mirror_writer_lost(left, "cable cut");
	assert_refused(mirror_writer_commit(left, &err), err, REASON_STORE);
	mirror_writer_close(left);
	/* who reads the old one goes over when the new one is there */
	assert_done(by_number(f, "1", &p, &err), err);
	assert_done(mirror_writer_open(f->path, &directories[0], &f->writer, &err), err);
	assert_done(mirror_open_again(f->path, &f->mirror, &err), err);
	assert_refused(by_number(f, "1", &p, &err), err, REASON_MIRROR_EMPTY);
	person(f, "u1", "uid=anna,dc=x", "employeeNumber=1");
	mirror_close(f->mirror);
	finish(f);
	assert_done(by_number(f, "1", &p, &err), err);
}

static void cookies_are_kept_until_the_settings_change(void **state)
{
	struct fixture *f = *state;
	struct directory_options other = directories[0];
	struct mirror_person p;
	struct error err;

	person(f, "u1", "uid=anna,dc=x", "employeeNumber=1");
	assert_done(mirror_writer_set_cookie(f->writer, MIRROR_GROUPS, slice_of("a\0b", 3), &err), err);
	finish(f);
	other.network_seconds = 99;
	other.bind_dn = "cn=other";
	begin(f, &other);
	assert_int_equal(mirror_writer_cookie(f->writer, MIRROR_GROUPS).n, 3);
	assert_null(mirror_writer_cookie(f->writer, MIRROR_PEOPLE).p);
	finish(f);
	assert_done(by_number(f, "1", &p, &err), err);
	other.people_base = "ou=elsewhere,dc=x";
	begin(f, &other);
	assert_int_equal(mirror_writer_cookie(f->writer, MIRROR_GROUPS).n, 3);  /* groups are read as before */
	finish(f);
	other.groups_base = "ou=elsewhere,dc=x";
	begin(f, &other);
	assert_null(mirror_writer_cookie(f->writer, MIRROR_GROUPS).p);
	mirror_writer_close(f->writer);
	f->writer = NULL;
	assert_done(mirror_open(f->path, &f->mirror, &err), err);
	assert_refused(by_number(f, "1", &p, &err), err, REASON_MIRROR_EMPTY);
}

/* ---- rules ---- */

static const char *const of_rules[] = {"cn", "posternoutcome", NULL};

static int rules_of(struct fixture *f, const struct directory_options *d, const struct mirror_rule **out, size_t *n_out)
{
	struct error err;
	int rc = mirror_rules(f->arena, f->mirror, d, out, n_out, &err);

	assert_true(rc >= 0);
	return rc;
}

#define rule(f, id, dn, ...) put_in(f, MIRROR_RULES, id, dn, (const char *const[]){__VA_ARGS__, NULL})

static void rules_are_kept_beside_people_and_groups(void **state)
{
	struct fixture *f = *state;
	struct directory_options with = directories[0];
	const struct mirror_rule *rules = NULL;
	struct mirror_person p;
	struct error err;
	size_t n = 0;

	with.rules_base = "ou=access,dc=x";
	with.rules_filter = "(a=b)";
	with.rules_attributes = of_rules;
	mirror_writer_close(f->writer);
	begin(f, &with);
	person(f, "u1", "uid=anna,dc=x", "employeeNumber=1");
	rule(f, "r1", "cn=Agents, ou=access,dc=x", "cn=Agents", "posternOutcome=licensed", "description=not kept");
	rule(f, "r2", "cn=partners,ou=access,dc=x", "cn=partners", "posternOutcome=portal", "posternOutcome=customer");
	finish(f);
	assert_int_equal(rules_of(f, &with, &rules, &n), 0);    /* not read whole yet */
	begin(f, &with);
	mirror_writer_whole(f->writer, MIRROR_RULES);
	finish(f);
	assert_int_equal(rules_of(f, &with, &rules, &n), 1);
	assert_int_equal(n, 2);
	assert_string_equal(rules[0].dn, "cn=Agents, ou=access,dc=x");
	assert_string_equal(rules[0].dn_key, "cn=agents,ou=access,dc=x");
	assert_int_equal(rules[0].attribute_count, 2);
	assert_string_equal(rules[0].attributes[1].name, "posternoutcome");
	assert_int_equal(rules[1].attributes[1].n, 2);
	begin(f, &with);
	gone(f, MIRROR_RULES, "r1");
	finish(f);
	assert_int_equal(rules_of(f, &with, &rules, &n), 1);
	assert_int_equal(n, 1);
	assert_done(by_number(f, "1", &p, &err), err);
}

static void other_rules_make_nobody_wait(void **state)
{
	struct fixture *f = *state;
	struct directory_options with = directories[0];
	const struct mirror_rule *rules = NULL;
	struct mirror_person p;
	struct error err;
	size_t n = 0;

	person(f, "u1", "uid=anna,dc=x", "employeeNumber=1");
	assert_done(mirror_writer_set_cookie(f->writer, MIRROR_PEOPLE, slice_c("cookie"), &err), err);
	finish(f);
	with.rules_base = "ou=access,dc=x";
	with.rules_filter = "(a=b)";
	with.rules_attributes = of_rules;
	begin(f, &with);
	assert_non_null(mirror_writer_cookie(f->writer, MIRROR_PEOPLE).p);
	rule(f, "r1", "cn=a,ou=access,dc=x", "cn=a");
	assert_done(mirror_writer_set_cookie(f->writer, MIRROR_RULES, slice_c("cookie"), &err), err);
	mirror_writer_whole(f->writer, MIRROR_RULES);
	finish(f);
	assert_done(by_number(f, "1", &p, &err), err);
	assert_int_equal(rules_of(f, &with, &rules, &n), 1);
	with.rules_base = "ou=other,dc=x";
	assert_int_equal(rules_of(f, &with, &rules, &n), 0);
	begin(f, &with);
	assert_null(mirror_writer_cookie(f->writer, MIRROR_RULES).p);
	finish(f);
	assert_done(by_number(f, "1", &p, &err), err);
}

/* Of people that would be refused: of rules it is for whoever uses them to judge. */
static const char *const of_groups[] = {"posternmembersare", NULL};

static void groups_with_a_mark_are_among_the_rules(void **state)
{
	struct fixture *f = *state;
	struct directory_options with = directories[0];
	const struct mirror_rule *rules = NULL;
	struct mirror_person p;
	struct error err;
	size_t n = 0;

	with.rules_base = "ou=access,dc=x";
	with.rules_attributes = of_rules;
	person(f, "u1", "uid=anna,dc=x", "employeeNumber=1");
	group(f, "g1", "cn=a,dc=x", "cn=a", "member=uid=anna,dc=x", "posternMembersAre=licensed");
	assert_done(mirror_writer_set_cookie(f->writer, MIRROR_GROUPS, slice_c("cookie"), &err), err);
	finish(f);
	/* marks are switched on: groups are read over what is there, and nobody waits */
	with.group_attributes = of_groups;
	begin(f, &with);
	assert_null(mirror_writer_cookie(f->writer, MIRROR_GROUPS).p);
	mirror_writer_whole(f->writer, MIRROR_RULES);
	assert_done(mirror_writer_commit(f->writer, &err), err);
	mirror_writer_close(f->writer);
	f->writer = NULL;
	assert_done(mirror_open(f->path, &f->mirror, &err), err);
	assert_int_equal(rules_of(f, &with, &rules, &n), 0);
	assert_done(by_number(f, "1", &p, &err), err);
	begin(f, &with);
	group(f, "g1", "cn=a,dc=x", "cn=a", "member=uid=anna,dc=x", "posternMembersAre=licensed");
	group(f, "g2", "cn=b,dc=x", "cn=b", "member=uid=anna,dc=x", "description=licensed");
	finish(f);
	assert_int_equal(rules_of(f, &with, &rules, &n), 1);
	assert_int_equal(n, 1);
	assert_true(rules[0].is_group);
	assert_string_equal(rules[0].dn, "cn=a,dc=x");
	assert_slice_is(rules[0].attributes[0].values[0], "licensed");
	assert_done(by_number(f, "1", &p, &err), err);
	assert_int_equal(p.group_count, 2);
}

static void all_rules_may_go(void **state)
{
	struct fixture *f = *state;
	struct directory_options with = directories[0];
	const struct mirror_rule *rules = NULL;
	struct mirror_state s;
	struct error err;
	size_t n = 9;

	with.rules_base = "ou=access,dc=x";
	with.rules_attributes = of_rules;
	mirror_writer_close(f->writer);
	begin(f, &with);
	rule(f, "r1", "cn=a,ou=access,dc=x", "cn=a");
	assert_done(mirror_writer_refresh_begin(f->writer, MIRROR_RULES, &err), err);
	assert_int_equal(mirror_writer_refresh_end(f->writer, MIRROR_RULES, REFRESH_NAMED_ALL, &err), 1);
	finish(f);
	assert_int_equal(rules_of(f, &with, &rules, &n), 1);
	assert_int_equal(n, 0);
	begin(f, &with);
	mirror_writer_no_rules(f->writer, "the base is not there");
	finish(f);
	assert_done(mirror_state(f->arena, f->mirror, "corp", &s, &err), err);
	assert_true(s.filled);
	assert_string_equal(s.rules_error, "the base is not there");
}

/* The same attributes are kept, but not the same ones find people; then all is as it was. */
static void values_of_other_settings_find_nobody(void **state)
{
	static const struct directory_join one[] = {{"objectidentifier", "carLicense", false}};
	static const char *const more[] = {"department", "employeeNumber", NULL};
	struct fixture *f = *state;
	struct directory_options other = directories[0];
	struct mirror_person p;
	struct error err;

	other.joins = one;
	other.join_count = 1;
	other.attributes = more;
	person(f, "u1", "uid=anna,dc=x", "employeeNumber=1", "carLicense=c");
	group(f, "g1", "cn=g,dc=x", "cn=g", "member=uid=anna,dc=x");
	finish(f);
	begin(f, &other);
	person(f, "u1", "uid=anna,dc=x", "employeeNumber=2", "carLicense=c");
	group(f, "g1", "cn=g,dc=x", "cn=g", "member=uid=anna,dc=x");
	finish(f);
	begin(f, &directories[0]);
	person(f, "u1", "uid=anna,dc=x", "employeeNumber=2", "carLicense=c");
	group(f, "g1", "cn=g,dc=x", "cn=g", "member=uid=anna,dc=x");
	finish(f);
	assert_refused(by_number(f, "1", &p, &err), err, REASON_PERSON_NOT_FOUND);
	assert_done(by_number(f, "2", &p, &err), err);
	assert_int_equal(p.group_count, 1);
	assert_false(p.groups[0].cn_shared);
}

/* Whether the case of a join's values counts is a setting too. */
static void an_unchanged_entry_is_indexed_by_the_new_settings(void **state)
{
	static const struct directory_join folded[] = {{"objectidentifier", "employeeNumber", true}};
	struct fixture *f = *state;
	struct directory_options other = directories[0];
	const struct mirror_claim claim = {"objectidentifier", "e-1A"}, small = {"objectidentifier", "e-1a"};
	const struct mirror_query query = {.claims = &claim, .claim_count = 1};
	struct mirror_person p;
	struct error err;

	other.joins = folded;
	other.join_count = 1;
	other.attributes = (const char *const[]){"department", "carLicense", NULL};
	person(f, "u1", "uid=anna,dc=x", "employeeNumber=E-1A");
	finish(f);
	begin(f, &other);
	person(f, "u1", "uid=anna,dc=x", "employeeNumber=E-1A");
	finish(f);
	assert_done(mirror_person(f->arena, f->mirror, &other, 1, &query, &p, &err), err);
	begin(f, &directories[0]);
	person(f, "u1", "uid=anna,dc=x", "employeeNumber=E-1A");
	finish(f);
	assert_refused(by_claims(f, &small, 1, false, &p, &err), err, REASON_PERSON_NOT_FOUND);
	assert_done(by_number(f, "E-1A", &p, &err), err);
}

static void a_directory_needs_a_usable_name(void **state)
{
	struct fixture *f = *state;
	struct directory_options nameless = directories[0];
	struct mirror_writer *w;
	struct error err;

	nameless.name = "";
	assert_refused(mirror_writer_open(f->path, &nameless, &w, &err), err, REASON_SETTINGS);
}

#define mirror_test(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		mirror_test(only_a_real_change_makes_readers_look_again),
		mirror_test(refuses_everybody_until_all_directories_are_whole),
		cmocka_unit_test(a_file_that_is_not_there_is_an_empty_mirror),
		mirror_test(a_mirror_of_another_version_is_read_anew),
		mirror_test(cookies_are_kept_until_the_settings_change),
		mirror_test(rules_are_kept_beside_people_and_groups),
		mirror_test(other_rules_make_nobody_wait),
		mirror_test(groups_with_a_mark_are_among_the_rules),
		mirror_test(all_rules_may_go),
		mirror_test(values_of_other_settings_find_nobody),
		mirror_test(an_unchanged_entry_is_indexed_by_the_new_settings),
		mirror_test(a_directory_needs_a_usable_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
