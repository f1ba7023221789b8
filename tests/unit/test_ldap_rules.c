/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/ldap_rules_*.c: sets of rules, what is wrong with them, in which order they stand, whose outcome they change. */
#include "tests/unit/unit.h"

#include "base/file.h"
#include "gateway/ldap_rules_live.h"
#include "gateway/ldap_rules_status.h"
#include "ldap/mirror_write.h"

#include <unistd.h>

#include <sys/stat.h>

#define NOW 1800000000                  /* 2027-01-15 08:00:00 */

static struct arena *a;
static struct error err;
static char folder[64];
static const struct settings *settings;

static const char text[] =
	"public_url: https://sso.example.org\n"
	"listen: [127.0.0.1:8080]\n"
	"state_dir: %s\n"
	"runtime_dir: %s/run\n"
	"claimed_domains: [example.org]\n"
	"identity_providers: {entra: {metadata: https://login.example.com/metadata.xml}}\n"
	"connections:\n"
	"  organisation: {kind: managed, entity_id: org, acs: https://a.example.com/acs, start: https://a.example.com}\n"
	"  helpdesk: {kind: portal, entity_id: help, acs: https://h.example.com/acs, home: https://h.example.com,\n"
	"    accounts: {site: https://h.example.com, key: /k}}\n"
	"  shop: {kind: portal, entity_id: shop, acs: https://s.example.com/acs, home: https://s.example.com}\n"
	"directories:\n"
	"  corp:\n"
	"    uri: ldaps://ldap1.example.org\n"
	"    people: {base: 'ou=people,dc=x'}\n"
	"    groups: {base: 'ou=groups,dc=x'}\n"
	"    attributes: [department]\n"
	"    join: {objectidentifier: employeeNumber}\n"
	"conditions: {strong: mfa, boss: 'member of corp:bosses and (room = Boss or department = x)', staff: 'department = Staff'}\n"
	"rules:\n"
	"  - {name: former, when: 'member of corp:former', outcome: deny}\n"
	"  - {name: agents, when: 'member of corp:agents', outcome: licensed}\n"
	"  - {name: staff, when: 'member of corp:staff', outcome: customer}\n"
	"%s";

#define PLACES "groups: ['jira-*', team-?], organizations: ['Silver *'], desks: ['1?', BUY]"
#define LDAP "ldap_rules: {directory: corp, base: 'ou=access,dc=x', after: former, outcomes: [customer, portal, deny], change_limit: 1,\n" \
	"  " PLACES "}\n"

static const struct settings *read_settings(const char *more)
{
	struct files *files = files_from_disk(a);
	const struct settings *s = NULL;

	files_put(files, "/etc/postern/p.yaml", FILES_ALL, slice_c(arena_printf(a, text, folder, folder, more)));
	assert_done(settings_read(a, files, "/etc/postern/p.yaml", &s, NULL, &err), err);
	return s;
}

static int begin(void **state)
{
	(void)state;
	a = arena_new();
	snprintf(folder, sizeof(folder), "/tmp/postern-rules-XXXXXX");
	assert_non_null(mkdtemp(folder));
	assert_int_equal(mkdir(arena_printf(a, "%s/rules", folder), 0700), 0);
	assert_int_equal(mkdir(arena_printf(a, "%s/mirror", folder), 0700), 0);
	settings = read_settings(LDAP);
	return 0;
}

static int end(void **state)
{
	const char *const names[] = {"rules/ldap-rules.json", "rules/ldap-rules.status", "rules/ldap-rules.accept", "mirror/mirror.mdb",
		"mirror/mirror.mdb-lock"};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		unlink(arena_printf(a, "%s/%s", folder, names[i]));
	unlink(arena_printf(a, "%s/run/ldap-rules/%ld", folder, (long)getpid()));
	rmdir(arena_printf(a, "%s/rules", folder));
	rmdir(arena_printf(a, "%s/mirror", folder));
	rmdir(arena_printf(a, "%s/run/ldap-rules", folder));
	rmdir(arena_printf(a, "%s/run", folder));
	assert_int_equal(rmdir(folder), 0);
	arena_free(a);
	return 0;
}

/* ---- entries ---- */

/* "when=x|outcome=deny"; a value that is there twice is two. */
static struct ldap_rule_entry entry(const char *dn, const char *says)
{
	static const char *const keys[LDAP_RULE_FIELDS] = {"order", "name", "when", "outcome", "at", "because", "ask", "from", "until", "guests", "group",
		"organization", "desk"};
	struct ldap_rule_entry e = {.dn = arena_strdup(a, dn)};
	const char *p = says;

	assert_int_equal(dn_normalize(a, dn, &e.dn_key), 0);
	while (*p) {
		size_t n = strcspn(p, "|"), k = 0;
		const char *equals = memchr(p, '=', n);
		struct ldap_rule_values *v;
		const char **list;

		assert_non_null(equals);
		while (k < LDAP_RULE_FIELDS && (strlen(keys[k]) != (size_t)(equals - p) || strncmp(keys[k], p, strlen(keys[k])) != 0))
			k++;
		assert_true(k < LDAP_RULE_FIELDS);
		v = &e.says[k];
		list = arena_alloc(a, (v->n + 2) * sizeof(*list));
		for (size_t i = 0; i < v->n; i++)
			list[i] = v->list[i];
		list[v->n] = arena_copy(a, slice_of(equals + 1, n - (size_t)(equals + 1 - p)));
		*v = (struct ldap_rule_values){list, v->n + 1};
		p += n + (p[n] == '|');
	}
	return e;
}

static struct ldap_rule_set set_of(const char *first, const char *second)
{
	struct ldap_rule_set set = {.entries = arena_alloc(a, 2 * sizeof(*set.entries))};

	if (first)
		set.entries[set.n++] = entry("cn=a,ou=access,dc=x", first);
	if (second)
		set.entries[set.n++] = entry("cn=b,ou=access,dc=x", second);
	return set;
}

static struct ldap_rules compiled(const struct ldap_rule_set *set)
{
	struct ldap_rules rules;

	ldap_rules_compile(a, settings, NULL, set, &rules);
	return rules;
}

#define VALUE_LONG 4090
#define PORTAL "order=1|name=x|when=department = x|outcome=portal|at=helpdesk"
#define GOOD "order=10|name=partners|when=department = Partner|outcome=customer"

static const struct { const char *says, *problem; } wrong[] = {
	{"name=x|when=department = x|outcome=customer", "posternOrder is missing"},
	{"order=1|when=department = x|outcome=customer", "cn is missing"},
	{"order=1|name=x|outcome=customer", "posternCondition is missing"},
	{"order=1|name=x|when=department = x", "posternOutcome is missing"},
	{"order=-1|name=x|when=department = x|outcome=customer", "posternOrder: \"-1\" is not a number"},
	{"order=1|order=2|name=x|when=department = x|outcome=customer", "posternOrder has 2 values"},
	{"order=1|name=x|when=department is|outcome=customer", "posternCondition: "},
	{"order=1|name=x|when=mfa|outcome=customer", "posternCondition: "},
	{"order=1|name=x|when=condition strong|outcome=customer", "posternCondition: "},
	{"order=1|name=x|when=condition nobody|outcome=customer", "posternCondition: "},
	{"order=1|name=x|when=condition boss|outcome=customer", "the attribute room is not kept"},
	{"order=1|name=x|when=room = x|outcome=customer", "the attribute room is not kept: add it to attributes of directory corp"},
	{"order=1|name=x|when=department = x|outcome=licensed", "licensed is not among the outcomes that ldap_rules allows"},
	{"order=1|name=x|when=department = x|outcome=admin", "\"admin\" must be one of"},
	{"order=1|name=x|when=department = x|outcome=portal", "posternSite is missing"},
	{"order=1|name=x|when=department = x|outcome=portal|at=nowhere", "\"nowhere\" is not a connection"},
	{"order=1|name=x|when=department = x|outcome=portal|at=organisation", "\"organisation\" is a managed connection"},
	{"order=1|name=x|when=department = x|outcome=customer|at=helpdesk", "posternSite belongs to outcome portal only"},
	{"order=1|name=x|when=department = x|outcome=customer|because=no", "posternSentence belongs to outcome deny only"},
	{"order=1|name=x|when=department = x|outcome=deny|guests=TRUE", "posternGuests belongs to rules that give"},
	{"order=1|name=x|when=department = x|outcome=customer|guests=yes", "\"yes\" must be TRUE or FALSE"},
	{"order=1|name=x|when=department = x and department != x|outcome=customer", "can never match: `department = x` and `department != x` never hold"},
	{"order=1|name=x|when=department = x|outcome=customer|from=tomorrow", "\"tomorrow\" is not a time"},
	{"order=1|name=x|when=department = x|outcome=customer|from=20270230000000Z", "is not a time"},
	{"order=1|name=x|when=department = x|outcome=customer|from=20270101000000+0100", "is not a time"},
	{"order=1|name=x|when=department = x|outcome=customer|from=20270201000000Z|until=20270101000000Z", "the rule can never match"},
	{"order=1|name=x|when=department = x|outcome=customer|group=staff", "posternAtlassianGroup: \"staff\" is not among the groups that"},
	{"order=1|name=x|when=department = x|outcome=customer|group=jira-administrators", "is a group of Atlassian's own"},
	{"order=1|name=x|when=department = x|outcome=deny|group=jira-x", "posternAtlassianGroup belongs to outcomes licensed and customer"},
	{PORTAL "|group=jira-x", "posternAtlassianGroup belongs to outcomes licensed and customer"},
	{PORTAL "|organization=Gold", "posternCustomerOrganization: \"Gold\" is not among the organizations that"},
	{PORTAL "|desk=HR", "posternDesk: \"HR\" is not among the desks that"},
	{PORTAL "|desk=1/", "posternDesk: \"1/\" is neither the number nor the project key of a desk"},
	{"order=1|name=x|when=department = x|outcome=portal|at=shop|desk=BUY", "posternDesk: no portal connection of posternSite has accounts"},
	{"order=1|name=x|when=department = x|outcome=customer|organization=Silver x", "posternCustomerOrganization belongs to outcome portal only"},
	{"order=1|name=x|when=department = x|outcome=customer|desk=BUY", "posternDesk belongs to outcome portal only"},
};

static void says_what_is_wrong_with_which_entry(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		struct ldap_rule_set set = set_of(wrong[i].says, NULL);
		struct ldap_rules rules = compiled(&set);

		if (rules.problem_count < 1 || strncmp(rules.problems[0], "cn=a,ou=access,dc=x: ", 21) != 0 ||
			!strstr(rules.problems[0], wrong[i].problem))
			fail_msg("%s: wanted \"%s\", got \"%s\"", wrong[i].says, wrong[i].problem,
				rules.problem_count ? rules.problems[0] : "no problem");
		/* what is wrong and in force all the same gives nothing */
		assert_int_equal(rules.list[0].rule.outcome, OUTCOME_DENY);
		assert_false(rules.list[0].rule.guests);
		assert_null(rules.list[0].rule.groups);
		assert_null(rules.list[0].rule.organizations);
		assert_null(rules.list[0].rule.desks);
	}
}

static void two_entries_of_one_name_are_wrong(void **state)
{
	struct ldap_rule_set set = set_of(GOOD, "order=11|name=partners|when=department = x|outcome=customer");
	struct ldap_rules rules = compiled(&set);

	(void)state;
	assert_int_equal(rules.problem_count, 1);
	assert_string_equal(rules.problems[0], "cn=b,ou=access,dc=x: cn: \"partners\" is also the name of cn=a,ou=access,dc=x");
}

static void a_good_entry_is_a_rule(void **state)
{
	struct ldap_rule_set set = set_of("order=1|name=p|when=department = x|outcome=portal|at=helpdesk|at=shop|ask=desk@example.org|guests=TRUE|"
		"from=202701010000Z|until=20270201000000.5Z", NULL);
	struct ldap_rules rules = compiled(&set);
	const struct ldap_rule *r = &rules.list[0];

	(void)state;
	assert_int_equal(rules.problem_count, 0);
	assert_string_equal(r->rule.name, "ldap:p");
	assert_string_equal(r->rule.origin, "cn=a,ou=access,dc=x");
	assert_int_equal(r->rule.outcome, OUTCOME_PORTAL);
	assert_string_equal(r->rule.at[1], "shop");
	assert_string_equal(r->rule.ask, "desk@example.org");
	assert_true(r->rule.guests);
	assert_int_equal(r->from, 1798761600);
	assert_int_equal(r->until, 1801440000);
}

static void an_entry_puts_its_people_in_what_the_settings_allow(void **state)
{
	struct ldap_rule_set set = set_of(PORTAL "|at=shop|organization=Silver one|organization=silver two|desk=BUY|desk=15",
		"order=2|name=y|when=department = y|outcome=customer|group=jira-y");
	struct ldap_rules rules = compiled(&set);

	(void)state;
	assert_int_equal(rules.problem_count, 0);
	assert_string_equal(rules.list[0].rule.organizations[1], "silver two");
	assert_string_equal(rules.list[0].rule.desks[1], "15");
	assert_null(rules.list[0].rule.groups);
	assert_string_equal(rules.list[1].rule.groups[0], "jira-y");
	assert_null(rules.list[1].rule.desks);
}

/* ---- marks ---- */

#define MARKS "ldap_rules: {directory: corp, base: 'ou=access,dc=x', outcomes: [customer, portal, deny], marks: yes, " PLACES "}\n"

static struct ldap_rule_set marks(const char *first, const char *second)
{
	struct ldap_rule_set set = set_of(first, second);

	for (size_t i = 0; i < set.n; i++)
		set.entries[i].is_mark = true;
	return set;
}

static void a_mark_on_a_group_is_a_rule_for_its_members(void **state)
{
	struct ldap_rule_set set = marks("outcome=customer|group=jira-people|group=team-7", "outcome=deny");
	struct ldap_rules rules;

	(void)state;
	settings = read_settings(MARKS);
	set.entries[0] = entry("cn=Builders' Union,ou=groups,dc=x", "outcome=customer|group=jira-people|group=team-7");
	set.entries[0].is_mark = true;
	rules = compiled(&set);
	assert_int_equal(rules.problem_count, 0);
	assert_int_equal(rules.n, 2);
	/* without a number: those that deny first */
	assert_int_equal(rules.list[0].rule.outcome, OUTCOME_DENY);
	assert_string_equal(rules.list[1].rule.name, "mark:cn=Builders' Union,ou=groups,dc=x");
	assert_string_equal(rules.list[1].rule.when_text, "directory is corp and member of 'cn=Builders'' Union,ou=groups,dc=x'");
	assert_non_null(rules.list[1].rule.when);
	assert_int_equal(rules.given_count, 1);
	assert_string_equal(rules.given[0].groups[1], "team-7");
	assert_null(rules.given[0].desks);
}

/* Which of the members are portal people, other rules say, too. */
static void a_mark_gives_desks_and_organizations_to_portal_people(void **state)
{
	struct ldap_rule_set set = marks("desk=BUY|desk=12|organization=Silver one|at=helpdesk", "outcome=portal|at=helpdesk|at=shop|desk=12");
	struct ldap_rules rules;

	(void)state;
	settings = read_settings(MARKS);
	rules = compiled(&set);
	assert_int_equal(rules.problem_count, 0);
	assert_int_equal(rules.n, 1);
	assert_int_equal(rules.given_count, 2);
	assert_null(rules.given[0].groups);
	assert_string_equal(rules.given[0].organizations[0], "Silver one");
	assert_string_equal(rules.given[0].desks[1], "12");
	assert_string_equal(rules.given[0].at[0], "helpdesk");
	assert_string_equal(rules.given[1].at[1], "shop");
	set = marks("desk=BUY", NULL);
	rules = compiled(&set);
	assert_int_equal(rules.problem_count, 0);
	assert_null(rules.given[0].at);
}

/* One byte that is no text in a mark: found by the fuzz target, since the rule behind it was held against no name. */
static void a_mark_that_cannot_be_read_is_a_fault_and_has_a_name(void **state)
{
	struct ldap_rule_set set = marks("outcome=customer", GOOD);
	struct ldap_rules rules;

	(void)state;
	set.entries[0].fault = "is no text";
	set.entries[1].is_mark = false;
	settings = read_settings(MARKS);
	rules = compiled(&set);
	assert_int_equal(rules.n, 2);
	assert_true(rules.problem_count >= 1);
	for (size_t i = 0; i < rules.n; i++)
		assert_non_null(rules.list[i].rule.name);
}

static void marks_without_a_number_stand_behind_all_that_have_one(void **state)
{
	struct ldap_rule_set set = marks("outcome=portal|at=helpdesk", "order=999999999|outcome=customer");
	struct ldap_rules rules;

	(void)state;
	settings = read_settings(MARKS);
	rules = compiled(&set);
	assert_int_equal(rules.problem_count, 0);
	assert_int_equal(rules.list[0].rule.outcome, OUTCOME_CUSTOMER);
}

static void a_mark_may_give_atlassian_groups_alone(void **state)
{
	struct ldap_rule_set set = marks("group=jira-people", NULL);
	struct ldap_rules rules;

	(void)state;
	settings = read_settings(MARKS);
	rules = compiled(&set);
	assert_int_equal(rules.problem_count, 0);
	assert_int_equal(rules.n, 0);
	assert_int_equal(rules.given_count, 1);
}

static void a_mark_gives_nothing_beyond_the_bounds(void **state)
{
	static const struct { const char *says, *problem; } beyond[] = {
		{"group=confluence-people", "posternAtlassianGroup: \"confluence-people\" is not among the groups that ldap_rules allows"},
		{"group=jira-administrators", "\"jira-administrators\" is a group of Atlassian's own"},
		{"group=JIRA-Admins-example", "is a group of Atlassian's own"},
		{"group=jira-people|group=site-admins", "\"site-admins\" is a group of Atlassian's own"},
		{"group=Jira-Software-Users-example", "\"Jira-Software-Users-example\" is a group of Atlassian's own"},
		{"group=jira-user-access-admins-example", "is a group of Atlassian's own"},
		{"group= jira-admins-example ", "is a group of Atlassian's own"},
		{"group=jira-administrators ", "is a group of Atlassian's own"},
		{"outcome=licensed", "posternMembersAre: licensed is not among the outcomes"},
		{"order=3", "the mark says nothing"},
		{"outcome=portal", "posternSite is missing"},
		{"desk=HR", "posternDesk: \"HR\" is not among the desks that ldap_rules allows"},
		{"desk=BUY|desk=1/", "posternDesk: \"1/\" is neither the number nor"},
		{"organization=Gold", "posternCustomerOrganization: \"Gold\" is not among the organizations that ldap_rules allows"},
		{"outcome=customer|desk=BUY", "posternDesk belongs to outcome portal only"},
		{"outcome=deny|organization=Silver x", "posternCustomerOrganization belongs to outcome portal only"},
		{"desk=BUY|at=nowhere", "posternSite: \"nowhere\" is not a connection"},
		{"desk=BUY|at=organisation", "posternSite: \"organisation\" is a managed connection"},
		{"desk=BUY|at=shop", "posternDesk: no portal connection of posternSite has accounts with a site"},
		{"group=jira-people|at=helpdesk", "posternSite belongs to outcome portal, customer organizations and desks only"},
	};

	(void)state;
	settings = read_settings(MARKS);
	for (size_t i = 0; i < sizeof(beyond) / sizeof(*beyond); i++) {
		struct ldap_rule_set set = marks(beyond[i].says, NULL);
		struct ldap_rules rules = compiled(&set);

		if (!rules.problem_count || !strstr(rules.problems[0], beyond[i].problem))
			fail_msg("%s: %s", beyond[i].says, rules.problem_count ? rules.problems[0] : "no problem");
		assert_int_equal(rules.given_count, 0);
	}
}

/* ---- order ---- */

static void stand_behind_the_rule_that_the_settings_name(void **state)
{
	struct ldap_rule_set set = set_of("order=20|name=late|when=department = x|outcome=customer", "order=3|name=early|when=department = y|outcome=customer");
	struct ldap_rules rules = compiled(&set);
	static const char *const expected[] = {"former", "ldap:early", "ldap:late", "agents", "staff"};
	struct policy policy;
	int64_t until;

	(void)state;
	ldap_rules_policy(a, settings, &rules, NOW, &policy, &until);
	assert_int_equal(policy.rule_count, 5);
	for (size_t i = 0; i < 5; i++)
		assert_string_equal(policy.rules[i].name, expected[i]);
	assert_int_equal(until, 0);
}

static void of_one_order_those_that_deny_come_first(void **state)
{
	struct ldap_rule_set set = set_of("order=5|name=give|when=department = x|outcome=customer", "order=5|name=no|when=department = y|outcome=deny");
	struct ldap_rules rules = compiled(&set);

	(void)state;
	assert_string_equal(rules.list[0].rule.name, "ldap:no");
}

static void dates_begin_and_end_by_themselves(void **state)
{
	struct ldap_rule_set set = set_of("order=1|name=x|when=department = x|outcome=customer|from=20270201000000Z|until=20270301000000Z", NULL);
	struct ldap_rules rules = compiled(&set);
	struct policy policy;
	int64_t until;

	(void)state;
	ldap_rules_policy(a, settings, &rules, NOW, &policy, &until);
	assert_int_equal(policy.rule_count, 3);
	assert_int_equal(until, 1801440000);
	ldap_rules_policy(a, settings, &rules, until, &policy, &until);
	assert_int_equal(policy.rule_count, 4);
	ldap_rules_policy(a, settings, &rules, until, &policy, &until);
	assert_int_equal(policy.rule_count, 3);
	assert_int_equal(until, 0);
}

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

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(says_what_is_wrong_with_which_entry),
		TEST(two_entries_of_one_name_are_wrong),
		TEST(a_good_entry_is_a_rule),
		TEST(an_entry_puts_its_people_in_what_the_settings_allow),
		TEST(a_mark_on_a_group_is_a_rule_for_its_members),
		TEST(a_mark_that_cannot_be_read_is_a_fault_and_has_a_name),
		TEST(marks_without_a_number_stand_behind_all_that_have_one),
		TEST(a_mark_may_give_atlassian_groups_alone),
		TEST(a_mark_gives_nothing_beyond_the_bounds),
		TEST(a_mark_gives_desks_and_organizations_to_portal_people),
		TEST(stand_behind_the_rule_that_the_settings_name),
		TEST(of_one_order_those_that_deny_come_first),
		TEST(dates_begin_and_end_by_themselves),
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
