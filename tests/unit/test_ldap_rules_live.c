/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A set of rules of a directory as it lives: its file, another set, whose outcome changes. */
#include "tests/unit/ldap_rules_stage.h"

/* ---- the file ---- */

/* until NULL: none has a date. */
static void mirror_with(struct mirror **out, const char *const *rules, size_t n, const char *until)
{
	struct mirror_writer *w;
	struct slice values[LDAP_RULE_FIELDS], last = slice_c(until ? until : "");
	struct mirror_attribute list[] = {{"cn", &values[0], 1}, {"posternOrder", &values[1], 1}, {"posternCondition", &values[2], 1},
		{"posternOutcome", &values[3], 1}, {"posternValidUntil", &last, 1}};

	assert_done(mirror_writer_open(settings_mirror_path(a, settings), &settings->directories[0], &w, &err), err);
	for (size_t i = 0; i < n; i++) {
		struct entry e = {.uuid = {(unsigned char)(i + 1), (unsigned char)(i >> 8)}, .dn = arena_printf(a, "cn=%s,ou=access,dc=x", rules[4 * i]),
			.attributes = list, .attribute_count = until ? 5 : 4};

		for (size_t k = 0; k < 4; k++)
			values[k] = slice_c(rules[4 * i + k]);
		assert_done(mirror_writer_put(w, MIRROR_RULES, &e, &err), err);
	}
	mirror_writer_whole(w, MIRROR_RULES);
	mirror_writer_whole(w, MIRROR_PEOPLE);
	mirror_writer_whole(w, MIRROR_GROUPS);
	mirror_writer_heard(w, NOW);
	assert_done(mirror_writer_commit(w, &err), err);
	mirror_writer_close(w);
	assert_done(mirror_open(settings_mirror_path(a, settings), out, &err), err);
}

static void a_set_has_the_same_version_from_the_mirror_and_from_its_file(void **state)
{
	static const char *const rules[] = {"b", "2", "department = y", "customer", "a", "1", "department = x", "deny"};
	struct ldap_rule_set set = {0}, kept = {0};
	const char *path = settings_ldap_rules_path(a, settings);
	struct mirror *m;

	(void)state;
	mirror_with(&m, rules, 2, NULL);
	assert_int_equal(ldap_rules_mirrored(a, settings, m, &set, &err), 1);
	assert_int_equal(set.n, 2);
	assert_string_equal(set.entries[0].dn, "cn=a,ou=access,dc=x");
	assert_int_equal(strlen(set.version), LDAP_RULES_VERSION);
	assert_int_equal(ldap_rules_read(a, path, &kept, &err), 0);
	set.taken = NOW;
	assert_done(ldap_rules_write(path, &set, &err), err);
	assert_int_equal(ldap_rules_read(a, path, &kept, &err), 1);
	assert_string_equal(kept.version, set.version);
	assert_int_equal(kept.taken, NOW);
	assert_string_equal(kept.entries[1].says[LDAP_RULE_WHEN].list[0], "department = y");
	mirror_close(m);
}

static void a_file_that_was_changed_denies_whoever_comes_to_it(void **state)
{
	static const char *const one[] = {"a", "1", "department = Partner", "customer"};
	struct ldap_rule_set set = set_of(GOOD, NULL), kept;
	const char *path = settings_ldap_rules_path(a, settings);
	struct ldap_rules rules;
	struct slice bytes;
	struct mirror *m;
	char *at;

	(void)state;
	/* the version of a set that was never read is empty, which is not what its file would count to */
	assert_refused(ldap_rules_write(path, &set, &err), err, REASON_FILE);
	mirror_with(&m, one, 1, NULL);
	assert_int_equal(ldap_rules_mirrored(a, settings, m, &set, &err), 1);
	assert_done(ldap_rules_write(path, &set, &err), err);
	mirror_close(m);
	assert_done(file_read(a, path, FILE_PUBLIC, 65536, &bytes, &err), err);
	at = strstr(bytes.p, "Partner");
	assert_non_null(at);
	memcpy(at, "Pirates", 7);
	assert_done(file_write(path, 0640, bytes, &err), err);
	ldap_rules_in_force(a, settings, &kept);
	rules = compiled(&kept);
	assert_int_equal(rules.n, 1);
	assert_int_equal(rules.list[0].rule.outcome, OUTCOME_DENY);
	assert_null(rules.list[0].rule.when);   /* not sure of anybody, so it denies everybody */
}

static void other_bounds_deny_what_they_no_longer_allow(void **state)
{
	struct ldap_rule_set set = set_of(GOOD, NULL);
	struct ldap_rules rules = compiled(&set);

	(void)state;
	assert_int_equal(rules.list[0].rule.outcome, OUTCOME_CUSTOMER);
	settings = read_settings("ldap_rules: {directory: corp, base: 'ou=access,dc=x', outcomes: [portal]}\n");
	rules = compiled(&set);
	assert_int_equal(rules.list[0].rule.outcome, OUTCOME_DENY);
	assert_non_null(rules.list[0].rule.when);
}

/* ---- live ---- */

static void takes_another_set_over_at_the_next_look(void **state)
{
	static const char *const one[] = {"a", "1", "department = x", "customer"}, *const two[] = {"b", "1", "department = x", "customer"};
	struct ldap_rules_live *l = ldap_rules_live_open(settings);
	struct ldap_rules_running *running;
	struct ldap_rule_set set = {0};
	const struct policy *before;
	struct mirror *m;

	(void)state;
	ldap_rules_live_look(l, NOW);
	assert_int_equal(ldap_rules_live_policy(l)->rule_count, 3);
	assert_string_equal(ldap_rules_live_version(l), "");
	assert_non_null(ldap_rules_live_fault(l));
	ldap_rules_live_say(l);
	mirror_with(&m, one, 1, NULL);
	assert_int_equal(ldap_rules_mirrored(a, settings, m, &set, &err), 1);
	assert_done(ldap_rules_write(settings_ldap_rules_path(a, settings), &set, &err), err);
	ldap_rules_live_look(l, NOW);
	before = ldap_rules_live_policy(l);
	assert_string_equal(before->rules[1].name, "ldap:a");
	assert_null(ldap_rules_live_fault(l));
	assert_null(ldap_rules_live_rule_fault(l, "ldap:a"));
	assert_true(ldap_rules_live_are_sound(l));
	assert_int_equal(ldap_rules_running(a, settings, &running), 1);
	assert_string_equal(running[0].version, set.version);
	assert_int_equal(running[0].pid, getpid());
	mirror_close(m);
	mirror_with(&m, two, 1, NULL);
	assert_int_equal(ldap_rules_mirrored(a, settings, m, &set, &err), 1);
	/* its file gone: what is in force stays */
	unlink(settings_ldap_rules_path(a, settings));
	ldap_rules_live_look(l, NOW);
	assert_string_equal(ldap_rules_live_policy(l)->rules[1].name, "ldap:a");
	assert_done(ldap_rules_write(settings_ldap_rules_path(a, settings), &set, &err), err);
	ldap_rules_live_look(l, NOW);
	assert_string_equal(ldap_rules_live_version(l), set.version);
	ldap_rules_live_close(l);
	assert_int_equal(ldap_rules_running(a, settings, &running), 0);
	mirror_close(m);
}

static void tells_which_rule_denies_because_of_other_bounds(void **state)
{
	static const char *const one[] = {"a", "1", "department = x", "customer"};
	struct ldap_rule_set set = {0};
	struct ldap_rules_live *l;
	struct mirror *m;

	(void)state;
	mirror_with(&m, one, 1, NULL);
	assert_int_equal(ldap_rules_mirrored(a, settings, m, &set, &err), 1);
	assert_done(ldap_rules_write(settings_ldap_rules_path(a, settings), &set, &err), err);
	mirror_close(m);
	settings = read_settings("ldap_rules: {directory: corp, base: 'ou=access,dc=x', outcomes: [portal]}\n");
	l = ldap_rules_live_open(settings);
	ldap_rules_live_look(l, NOW);
	assert_null(ldap_rules_live_fault(l));
	assert_non_null(ldap_rules_live_rule_fault(l, "ldap:a"));
	assert_null(ldap_rules_live_rule_fault(l, "former"));
	assert_false(ldap_rules_live_are_sound(l));
	ldap_rules_live_close(l);
}

/* A date is no way to take rules out of force by taking their file away. */
static void a_date_comes_while_the_file_is_gone(void **state)
{
	static const char *const two[] = {"a", "1", "department = x", "deny", "b", "2", "department = y", "customer"};
	struct ldap_rules_live *l = ldap_rules_live_open(settings);
	struct ldap_rule_set set = {0};
	struct mirror *m;

	(void)state;
	mirror_with(&m, two, 2, "20270116000000Z");
	assert_int_equal(ldap_rules_mirrored(a, settings, m, &set, &err), 1);
	assert_done(ldap_rules_write(settings_ldap_rules_path(a, settings), &set, &err), err);
	mirror_close(m);
	ldap_rules_live_look(l, NOW);
	assert_int_equal(ldap_rules_live_policy(l)->rule_count, 5);
	/* asked about another time, as explain is, and back */
	ldap_rules_live_at(l, 1800057600);
	assert_int_equal(ldap_rules_live_policy(l)->rule_count, 3);
	ldap_rules_live_at(l, NOW - 86400);
	assert_int_equal(ldap_rules_live_policy(l)->rule_count, 5);
	ldap_rules_live_at(l, 1800057600);
	ldap_rules_live_look(l, NOW);
	assert_int_equal(ldap_rules_live_policy(l)->rule_count, 5);
	assert_int_equal(unlink(settings_ldap_rules_path(a, settings)), 0);
	ldap_rules_live_look(l, 1800057599);
	assert_int_equal(ldap_rules_live_policy(l)->rule_count, 5);
	ldap_rules_live_look(l, 1800057600);
	assert_int_equal(ldap_rules_live_policy(l)->rule_count, 3);
	assert_string_equal(ldap_rules_live_version(l), set.version);
	ldap_rules_live_close(l);
}

static void status_and_acceptance_are_kept(void **state)
{
	static const char *const told[] = {"anna: x", "bert: y"};
	const struct ldap_rules_status in = {.state = LDAP_RULES_PENDING, .version = "0123456789abcdef0123456789abcdef", .since = NOW, .detail = "too many",
		.told = told, .told_count = 2, .changed = 70, .people = 90};
	struct ldap_rules_status out;

	(void)state;
	assert_int_equal(ldap_rules_status_read(a, settings, &out), -1);
	assert_done(ldap_rules_status_write(a, settings, &in, &err), err);
	assert_int_equal(ldap_rules_status_read(a, settings, &out), 0);
	assert_int_equal(out.state, LDAP_RULES_PENDING);
	assert_string_equal(out.version, in.version);
	assert_string_equal(out.detail, "too many");
	assert_string_equal(out.told[1], "bert: y");
	assert_int_equal(out.changed, 70);
	assert_string_equal(ldap_rules_accepted(a, settings), "");
	assert_refused(ldap_rules_accept(a, settings, "../x", &err), err, REASON_FILE);
	assert_done(ldap_rules_accept(a, settings, in.version, &err), err);
	assert_string_equal(ldap_rules_accepted(a, settings), in.version);
}

/* ---- whose outcome changes ---- */

static void add_person(struct mirror_writer *w, unsigned char id, const char *department)
{
	const char *name = arena_printf(a, "p%d", id);
	const struct slice uid = slice_c(name), mail = slice_c(arena_printf(a, "%s@example.org", name)), of = slice_c(department);
	const struct mirror_attribute list[] = {{"uid", &uid, 1}, {"mail", &mail, 1}, {"department", &of, 1}, {"employeeNumber", &uid, 1}};
	const struct entry e = {.uuid = {id}, .dn = arena_printf(a, "uid=%s,ou=people,dc=x", name), .attributes = list, .attribute_count = 4};

	assert_done(mirror_writer_put(w, MIRROR_PEOPLE, &e, &err), err);
}

static struct mirror *company(void)
{
	struct mirror_writer *w;
	struct mirror *m;

	assert_done(mirror_writer_open(settings_mirror_path(a, settings), &settings->directories[0], &w, &err), err);
	for (unsigned char i = 1; i <= 10; i++)
		add_person(w, i, i <= 4 ? "Partner" : "Staff");
	mirror_writer_whole(w, MIRROR_PEOPLE);
	mirror_writer_whole(w, MIRROR_GROUPS);
	assert_done(mirror_writer_commit(w, &err), err);
	mirror_writer_close(w);
	assert_done(mirror_open(settings_mirror_path(a, settings), &m, &err), err);
	return m;
}

static int go_on(void *context)
{
	(void)context;
	return 0;
}

static size_t changed(struct mirror *m, const char *before, const char *after, struct ldap_rules_change *change)
{
	struct ldap_rule_set was = set_of(before, NULL), is = set_of(after, NULL);
	struct ldap_rules x = compiled(&was), y = compiled(&is);

	assert_done(ldap_rules_compare(a, settings, m, &x, &y, NOW, go_on, NULL, change, &err), err);
	return change->changed;
}

static void counts_whose_outcome_another_set_changes(void **state)
{
	struct mirror *m = company();
	struct ldap_rules_change change;

	(void)state;
	assert_int_equal(changed(m, NULL, GOOD, &change), 4);
	assert_int_equal(change.people, 10);
	assert_string_equal(change.told[0], "p1@example.org: deny by default, would be customer by ldap:partners");
	assert_int_equal(changed(m, GOOD, GOOD, &change), 0);
	assert_int_equal(changed(m, GOOD, NULL, &change), 4);
	/* another name, another order, the same outcome */
	assert_int_equal(changed(m, GOOD, "order=7|name=other|when=department = Partner|outcome=customer", &change), 0);
	assert_int_equal(changed(m, GOOD, "order=10|name=partners|when=department = Staff|outcome=customer", &change), 10);
	/* guests */
	assert_int_equal(changed(m, GOOD, GOOD "|guests=TRUE", &change), 4);
	/* sites */
	assert_int_equal(changed(m, "order=1|name=x|when=department = Partner|outcome=portal|at=helpdesk",
		"order=1|name=x|when=department = Partner|outcome=portal|at=shop", &change), 4);
	/* what accounts are put in */
	assert_int_equal(changed(m, GOOD, GOOD "|group=jira-x", &change), 4);
	assert_string_equal(change.told[0], "p1@example.org: customer by ldap:partners, would be customer by ldap:partners with other Atlassian groups, "
		"customer organizations or desks");
	assert_int_equal(changed(m, "order=1|name=x|when=department = Partner|outcome=portal|at=helpdesk|desk=BUY",
		"order=1|name=x|when=department = Partner|outcome=portal|at=helpdesk|desk=12", &change), 4);
	mirror_close(m);
}

/* Else a date would be the way around change_limit. */
static void counts_what_begins_tomorrow(void **state)
{
	struct mirror *m = company();
	struct ldap_rules_change change;

	(void)state;
	assert_int_equal(changed(m, NULL, GOOD "|from=20270116000000Z", &change), 4);
	assert_int_equal(changed(m, GOOD, GOOD "|until=20270116000000Z", &change), 4);
	/* it is over: nothing changes */
	assert_int_equal(changed(m, NULL, GOOD "|until=20270101000000Z", &change), 0);
	mirror_close(m);
}

/* Nor may a date in a condition be: "today since" next year gives nobody anything yet. */
static void counts_whom_a_condition_might_match_on_another_day(void **state)
{
	struct mirror *m = company();
	struct ldap_rules_change change;

	(void)state;
	assert_int_equal(changed(m, NULL, "order=1|name=x|when=department = Staff and today since 2030-01-01|outcome=customer", &change), 6);
	assert_string_equal(change.told[0], "p5@example.org: on another day ldap:x may match, which is changed");
	/* what is denied today is let go tomorrow */
	assert_int_equal(changed(m, "order=1|name=x|when=department = Staff|outcome=deny",
		"order=1|name=x|when=department = Staff and not today after 2027-01-16|outcome=deny", &change), 6);
	assert_int_equal(changed(m, NULL, "order=1|name=x|when=department = Staff and department before today + 30 days|outcome=customer",
		&change), 6);
	/* no date can make these match */
	assert_int_equal(changed(m, NULL, "order=1|name=x|when=department = Nobody and today since 2030-01-01|outcome=customer", &change), 0);
	assert_int_equal(changed(m, GOOD, GOOD, &change), 0);
	mirror_close(m);
}

/* Else it would deny whoever comes to it from then on, without any limit. */
static void a_set_that_could_not_be_read_again_is_not_written(void **state)
{
	static const char *const one[] = {"a", "1", "department = x", "customer"};
	const char *path = settings_ldap_rules_path(a, settings), **many = arena_alloc(a, 4 * LDAP_RULES_MAX * sizeof(*many));
	struct ldap_rule_set good = {0}, large = {0}, kept = {0};
	char *quotes = arena_alloc(a, VALUE_LONG + 1);
	struct mirror *m;

	(void)state;
	mirror_with(&m, one, 1, NULL);
	assert_int_equal(ldap_rules_mirrored(a, settings, m, &good, &err), 1);
	assert_done(ldap_rules_write(path, &good, &err), err);
	mirror_close(m);
	/* each is within its bounds; a quote is two bytes in the file */
	memset(quotes, '"', VALUE_LONG);
	quotes[VALUE_LONG] = 0;
	for (size_t i = 0; i < 4 * LDAP_RULES_MAX; i += 4) {
		memcpy(many + i, one, sizeof(one));
		many[i] = arena_printf(a, "%zu", i);
		many[i + 2] = quotes;
	}
	mirror_with(&m, many, LDAP_RULES_MAX, NULL);
	assert_int_equal(ldap_rules_mirrored(a, settings, m, &large, &err), 1);
	assert_refused(ldap_rules_write(path, &large, &err), err, REASON_FILE);
	assert_int_equal(ldap_rules_read(a, path, &kept, &err), 1);
	assert_string_equal(kept.version, good.version);
	mirror_close(m);
}

static void of_too_many_rules_none_is_looked_at(void **state)
{
	struct ldap_rule_set set = {.entries = arena_alloc(a, (LDAP_RULES_MAX + 1) * sizeof(*set.entries)), .n = LDAP_RULES_MAX + 1};
	struct ldap_rules rules;

	(void)state;
	for (size_t i = 0; i < set.n; i++)
		set.entries[i] = entry(arena_printf(a, "cn=%zu,ou=access,dc=x", i), "order=x");
	rules = compiled(&set);
	assert_int_equal(rules.problem_count, 1);
	assert_non_null(strstr(rules.problems[0], "at most 1000 are taken"));
	assert_int_equal(rules.n, 0);
}

static void a_group_that_is_not_there_can_never_match(void **state)
{
	struct mirror *m = company();
	struct ldap_rule_set set = set_of("order=1|name=x|when=member of corp:nobody|outcome=customer", NULL);
	struct ldap_rules rules;

	(void)state;
	ldap_rules_compile(a, settings, m, &set, &rules);
	assert_int_equal(rules.problem_count, 1);
	assert_non_null(strstr(rules.problems[0], "there is no group corp:nobody, so the rule can never match"));
	mirror_close(m);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_set_has_the_same_version_from_the_mirror_and_from_its_file),
		TEST(a_file_that_was_changed_denies_whoever_comes_to_it),
		TEST(other_bounds_deny_what_they_no_longer_allow),
		TEST(takes_another_set_over_at_the_next_look),
		TEST(tells_which_rule_denies_because_of_other_bounds),
		TEST(a_date_comes_while_the_file_is_gone),
		TEST(status_and_acceptance_are_kept),
		TEST(counts_whose_outcome_another_set_changes),
		TEST(counts_what_begins_tomorrow),
		TEST(counts_whom_a_condition_might_match_on_another_day),
		TEST(a_set_that_could_not_be_read_again_is_not_written),
		TEST(of_too_many_rules_none_is_looked_at),
		TEST(a_group_that_is_not_there_can_never_match),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
