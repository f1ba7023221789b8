/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the answers say of a person is what the doors would do; which settings are enough for them; other rules. */
#include "tests/unit/arena.h"

#include "gateway/census/census.h"
#include "gateway/group_name.h"

#include <unistd.h>

#define FEW \
	"state_dir: /tmp/state\n" \
	"claimed_domains: [example.org]\n" \
	"directories:\n" \
	"  corp:\n" \
	"    uri: ldaps://ldap.example.org\n" \
	"    people: {base: \"dc=x\"}\n" \
	"    groups: {base: \"dc=x\"}\n" \
	"    join: {objectidentifier: employeeNumber}\n" \
	"    attributes: [title]\n"

#define RULES \
	"rules:\n" \
	"  - {name: agents, when: \"member of corp:agents\", outcome: licensed}\n" \
	"  - {name: staff, when: \"member of corp:staff\", outcome: customer}\n" \
	"  - {name: partners, when: \"member of corp:partners\", outcome: portal, at: [help]}\n" \
	"  - {name: former, when: \"member of corp:former\", outcome: deny, because: Gone}\n"

/* With doors and a requirement that nobody meets without a sign-on. */
#define MORE \
	"public_url: https://sso.example.org\n" \
	"identity_providers:\n" \
	"  entra: {metadata: /e.xml, domains: [example.org, partner.example]}\n" \
	"connections:\n" \
	"  org: {kind: managed, entity_id: \"urn:o\", acs: \"https://o.example/acs\", start: \"https://o.example\"}\n" \
	"  help: {kind: portal, entity_id: \"urn:h\", acs: \"https://h.example/acs\", home: \"https://h.example\"}\n" \
	"require:\n" \
	"  - {name: two-factors, when: mfa}\n"

static struct error err;

/* The text in a file of its own. */
static const char *file_of(const char *text)
{
	char *path = arena_strdup(a, "/tmp/postern-census-XXXXXX");
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
	return path;
}

static int read_text(enum settings_use use, const char *text, const struct settings **out)
{
	const char *path = file_of(text);
	int rc = settings_read_for(use, a, files_from_disk(a), path, out, NULL, &err);

	unlink(path);
	return rc;
}

static const struct settings *answers(const char *text)
{
	const struct settings *s;

	assert_done(read_text(SETTINGS_TO_ANSWER, text, &s), err);
	return s;
}

/* ---- settings ---- */

static void directories_and_rules_are_enough_to_answer(void **state)
{
	const struct settings *s;

	(void)state;
	s = answers(FEW RULES);
	assert_int_equal(s->policy.rule_count, 4);
	assert_int_equal(s->connection_count, 0);
	assert_refused(read_text(SETTINGS_TO_SERVE, FEW RULES, &s), err, REASON_SETTINGS);
	assert_refused(read_text(SETTINGS_TO_ANSWER, FEW, &s), err, REASON_SETTINGS);
	assert_refused(read_text(SETTINGS_TO_ANSWER, RULES, &s), err, REASON_SETTINGS);
	assert_done(read_text(SETTINGS_TO_SERVE, FEW RULES MORE, &s), err);
}

/* What is there must be right: a site that is not among the connections is a mistake, as it is for the service. */
static void what_is_there_must_be_right(void **state)
{
	const struct settings *s;

	(void)state;
	assert_refused(read_text(SETTINGS_TO_ANSWER, FEW RULES "public_url: nonsense\n", &s), err, REASON_SETTINGS);
	assert_refused(read_text(SETTINGS_TO_ANSWER, FEW RULES MORE "rule: 1\n", &s), err, REASON_SETTINGS);
	assert_refused(read_text(SETTINGS_TO_ANSWER, FEW MORE "rules: [{name: p, when: directory is corp, outcome: portal, at: [shop]}]\n", &s), err,
		REASON_SETTINGS);
	assert_non_null(strstr(err.detail, "\"shop\" is not a connection"));
}

/* ---- other rules ---- */

static int other(const struct settings *s, const char *text, struct policy *out)
{
	const char *path = file_of(text), *const *problems;
	int rc = settings_read_other_rules(a, files_from_disk(a), path, s, out, &problems, &err);

	unlink(path);
	return rc;
}

static void other_rules_need_nothing_else_in_their_file(void **state)
{
	const struct settings *s = answers(FEW RULES);
	struct policy p;

	(void)state;
	assert_done(other(s, "rules: [{name: all, when: \"directory is corp\", outcome: customer}]\n", &p), err);
	assert_int_equal(p.rule_count, 1);
	assert_string_equal(p.rules[0].name, "all");
	assert_int_equal(s->policy.rule_count, 4);
	assert_done(other(s, FEW RULES MORE, &p), err);
	assert_int_equal(p.rule_count, 4);
}

static void other_rules_use_their_own_names_or_those_of_the_settings(void **state)
{
	const struct settings *s = answers(FEW RULES "sets:\n  here: [a, b]\n");
	struct policy p;

	(void)state;
	assert_done(other(s, "rules: [{name: a, when: \"title in set here\", outcome: customer}]\n", &p), err);
	assert_done(other(s, "sets: {there: [x]}\nrules: [{name: a, when: \"title in set there\", outcome: customer}]\n", &p), err);
	assert_refused(other(s, "sets: {there: [x]}\nrules: [{name: a, when: \"title in set here\", outcome: customer}]\n", &p), err,
		REASON_SETTINGS);
}

static void other_rules_are_judged_like_those_of_the_settings(void **state)
{
	static const struct {
		const char *text, *problem;
	} rows[] = {
		{"rule: []\n", "rules: is missing"},
		{"rules: []\n", "must be a list"},
		{"rules: [{name: a, when: \"member of\", outcome: customer}]\n", "when: column"},
		{"rules: [{name: a, when: \"directory is other\", outcome: customer}]\n", "when: column"},
		{"rules: [{name: a, when: \"mfa\", outcome: customer}]\n", "when: column"},
		{"rules: [{name: a, when: \"title = x\", outcome: free}]\n", "outcome"},
		{"rules:\n  - {name: a, when: \"shoeSize = 46\", outcome: customer}\n", ":2: a: uses shoeSize, which the mirror does not keep"},
	};
	const struct settings *s = answers(FEW RULES);
	struct policy p;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		assert_refused(other(s, rows[i].text, &p), err, REASON_SETTINGS);
		if (!strstr(err.detail, rows[i].problem))
			fail_msg("row %zu: %s", i, err.detail);
	}
	assert_done(other(s, "rules: [{name: a, when: \"TITLE = x\", outcome: customer}]\n", &p), err);
}

/* ---- people ---- */

static struct mirror_person person(const char *mail, const char *group)
{
	struct mirror_group *groups = arena_alloc(a, 2 * sizeof(*groups));

	groups[0] = (struct mirror_group){.directory = "corp", .dn = "cn=team,dc=x", .dn_key = "cn=team,dc=x", .cn = "team", .through = -1};
	groups[1] = (struct mirror_group){.directory = "corp", .dn = arena_printf(a, "cn=%s,dc=x", group),
		.dn_key = arena_printf(a, "cn=%s,dc=x", group), .cn = group, .through = 0};
	return (struct mirror_person){.directory = "corp", .dn = "uid=p,dc=x", .mail = mail, .groups = groups, .group_count = 2, .as_of = 1000};
}

static struct standing judged(const struct census *c, const struct mirror_person *p, enum reason refusal)
{
	struct error why = {.reason = refusal};
	struct standing s;

	census_judge(a, c, &c->gateway.settings->policy, &(struct mirror_one){p, &why}, &s);
	return s;
}

struct row {
	const char *group, *mail;
	enum reason found;              /* what the mirror says */
	enum outcome outcome;
	size_t rule;
	enum reason reason;
};

static const struct row rows[] = {
	{"agents", "a@example.org", REASON_NONE, OUTCOME_LICENSED, 0, REASON_NONE},
	{"staff", "a@example.org", REASON_NONE, OUTCOME_CUSTOMER, 1, REASON_NONE},
	{"partners", "a@partner.example", REASON_NONE, OUTCOME_PORTAL, 2, REASON_NONE},
	{"partners", "a@example.org", REASON_NONE, OUTCOME_PORTAL, 2, REASON_CLAIMED_DOMAIN},
	{"former", "a@example.org", REASON_NONE, OUTCOME_DENY, 3, REASON_DENIED_BY_RULE},
	{"nothing", "a@example.org", REASON_NONE, OUTCOME_DENY, 4, REASON_DENIED_BY_DEFAULT},
	{"agents", NULL, REASON_NONE, OUTCOME_LICENSED, 0, REASON_PERSON_NO_MAIL},
	{"agents", "a b@example.org", REASON_NONE, OUTCOME_LICENSED, 0, REASON_UNSENDABLE},
	{"agents", "a@example.org", REASON_PERSON_FOUND_TWICE, OUTCOME_LICENSED, 0, REASON_PERSON_FOUND_TWICE},
	{"former", "a@example.org", REASON_PERSON_DISABLED, OUTCOME_DENY, 3, REASON_DENIED_BY_RULE},
	{"agents", "a@foreign.example", REASON_NONE, OUTCOME_LICENSED, 0, REASON_FOREIGN_DOMAIN},
};

static void judges_as_a_sign_on_without_its_requirements(void **state)
{
	const struct settings *settings = answers(FEW RULES MORE);
	struct census c = {.arena = a, .gateway = {.arena = a, .settings = settings}, .now = 2000};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct row *r = &rows[i];
		struct mirror_person p = person(r->mail, r->group);
		struct standing s = judged(&c, &p, r->found);

		if (s.judgement.decision.outcome != r->outcome || s.rule != r->rule || s.refusal.reason != r->reason)
			fail_msg("row %zu: %s by %zu, %s: %s", i, outcome_word(s.judgement.decision.outcome), s.rule, reason_word(s.refusal.reason),
				s.refusal.detail);
	}
}

/* The door of the outcome's own kind asserts exactly for those of whom the answers say that they can sign on. */
static void agrees_with_the_doors(void **state)
{
	const struct settings *settings = answers(FEW RULES MORE);
	struct settings open = *settings;
	struct census c = {.arena = a, .gateway = {.arena = a, .settings = &open}, .now = 2000};

	(void)state;
	open.policy.requirement_count = 0;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct mirror_person p = person(rows[i].mail, rows[i].group);
		struct judge_question q = {.now = c.now};
		struct standing s = judged(&c, &p, REASON_NONE);
		struct judgement j;
		int rc;

		if (s.refusal.reason == REASON_FOREIGN_DOMAIN)  /* judge_person says that, before judge */
			continue;
		q.door = settings_connection(&open, rows[i].outcome == OUTCOME_PORTAL ? "help" : "org");
		rc = judge(a, &c.gateway, &q, &p, TRACE_NO, &j, &err);
		assert_int_equal(j.decision.outcome, s.judgement.decision.outcome);
		assert_int_equal(rc < 0 ? err.reason : REASON_NONE, s.refusal.reason);
		assert_int_equal(j.passage == PASSAGE_ASSERT, s.refusal.reason == REASON_NONE);
	}
}

static void tells_exceptions_from_rules(void **state)
{
	const struct settings *settings = answers(FEW RULES "exceptions:\n"
		"  - {name: project, mail: a@example.org, outcome: licensed, until: 2030-01-01, because: \"a project\"}\n");
	struct census c = {.arena = a, .gateway = {.arena = a, .settings = settings}, .now = 2000};
	struct mirror_person p = person("a@example.org", "staff"), q = person("b@example.org", "staff");
	struct policy without;

	(void)state;
	assert_int_equal(judged(&c, &p, REASON_NONE).rule, settings->policy.rule_count + 1);
	assert_int_equal(judged(&c, &p, REASON_NONE).judgement.decision.outcome, OUTCOME_LICENSED);
	assert_int_equal(judged(&c, &q, REASON_NONE).rule, 1);
	assert_done(other(settings, "rules: [{name: all, when: \"directory is corp\", outcome: customer}]\n", &without), err);
	assert_int_equal(without.exception_count, 1);
}

static void is_not_refused_for_the_age_of_the_mirror(void **state)
{
	const struct settings *settings = answers(FEW RULES MORE);
	struct census c = {.arena = a, .gateway = {.arena = a, .settings = settings}, .now = INT64_C(1) << 40};
	struct mirror_person p = person("a@example.org", "agents");

	(void)state;
	assert_int_equal(judged(&c, &p, REASON_NONE).refusal.reason, REASON_NONE);
}

static void names_the_way_through_groups(void **state)
{
	const struct settings *settings = answers(FEW RULES);
	struct census c = {.arena = a, .gateway = {.arena = a, .settings = settings}, .now = 2000};
	struct mirror_person p = person("a@example.org", "agents");
	struct standing s = judged(&c, &p, REASON_NONE);

	(void)state;
	assert_string_equal(census_path(a, &s.judgement), "corp:agents through corp:team");
	assert_string_equal(census_group_path(a, &p, 1), "corp:agents through corp:team");
	assert_string_equal(census_group_path(a, &p, 0), "corp:team");
	((struct mirror_group *)p.groups)[0].cn_shared = true;
	assert_string_equal(census_group_path(a, &p, 1), "corp:agents through cn=team,dc=x");
}

/* ---- names of groups ---- */

static void reads_groups_as_rules_name_them(void **state)
{
	const struct settings *s = answers(FEW RULES);
	struct mirror_person p = person("a@example.org", "agents");
	struct group_name g;

	(void)state;
	assert_done(group_name_read(a, s, "corp:AGENTS", &g, &err), err);
	assert_true(group_name_fits(&g, &p.groups[1]));
	assert_false(group_name_fits(&g, &p.groups[0]));
	assert_done(group_name_read(a, s, "agents", &g, &err), err);
	assert_string_equal(g.directory, "corp");
	assert_done(group_name_read(a, s, "CN=Agents, DC=x", &g, &err), err);
	assert_true(group_name_fits(&g, &p.groups[1]));
	assert_done(group_name_read(a, s, "corp:cn=agents,dc=x", &g, &err), err);
	assert_true(group_name_fits(&g, &p.groups[1]));
	assert_refused(group_name_read(a, s, "other:agents", &g, &err), err, REASON_RULE);
	assert_refused(group_name_read(a, s, "corp:", &g, &err), err, REASON_RULE);
	assert_refused(group_name_read(a, s, "=x", &g, &err), err, REASON_RULE);
}

#define TWO \
	"  other:\n" \
	"    uri: ldaps://other.example.org\n" \
	"    people: {base: \"dc=y\"}\n" \
	"    groups: {base: \"dc=y\"}\n" \
	"    join: {objectidentifier: employeeNumber}\n"

static void a_name_alone_means_nothing_with_two_directories(void **state)
{
	const struct settings *s = answers(FEW TWO RULES);
	struct mirror_person p = person("a@example.org", "agents");
	struct group_name g;

	(void)state;
	assert_refused(group_name_read(a, s, "agents", &g, &err), err, REASON_RULE);
	assert_non_null(strstr(err.detail, "write corp:agents, or its DN"));
	assert_done(group_name_read(a, s, "other:agents", &g, &err), err);
	assert_false(group_name_fits(&g, &p.groups[1]));
	assert_done(group_name_read(a, s, "cn=agents,dc=x", &g, &err), err);
	assert_true(group_name_fits(&g, &p.groups[1]));
}

static void a_name_that_groups_share_means_none_of_them(void **state)
{
	const struct settings *s = answers(FEW RULES);
	struct mirror_person p = person("a@example.org", "agents");
	struct group_name g;

	(void)state;
	((struct mirror_group *)p.groups)[1].cn_shared = true;
	assert_done(group_name_read(a, s, "corp:agents", &g, &err), err);
	assert_false(group_name_fits(&g, &p.groups[1]));
	assert_done(group_name_read(a, s, "cn=agents,dc=x", &g, &err), err);
	assert_true(group_name_fits(&g, &p.groups[1]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(directories_and_rules_are_enough_to_answer, begin, end),
		cmocka_unit_test_setup_teardown(what_is_there_must_be_right, begin, end),
		cmocka_unit_test_setup_teardown(other_rules_need_nothing_else_in_their_file, begin, end),
		cmocka_unit_test_setup_teardown(other_rules_use_their_own_names_or_those_of_the_settings, begin, end),
		cmocka_unit_test_setup_teardown(other_rules_are_judged_like_those_of_the_settings, begin, end),
		cmocka_unit_test_setup_teardown(judges_as_a_sign_on_without_its_requirements, begin, end),
		cmocka_unit_test_setup_teardown(agrees_with_the_doors, begin, end),
		cmocka_unit_test_setup_teardown(tells_exceptions_from_rules, begin, end),
		cmocka_unit_test_setup_teardown(is_not_refused_for_the_age_of_the_mirror, begin, end),
		cmocka_unit_test_setup_teardown(names_the_way_through_groups, begin, end),
		cmocka_unit_test_setup_teardown(reads_groups_as_rules_name_them, begin, end),
		cmocka_unit_test_setup_teardown(a_name_alone_means_nothing_with_two_directories, begin, end),
		cmocka_unit_test_setup_teardown(a_name_that_groups_share_means_none_of_them, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
