/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Who shall have which account: a mirror filled by the writing side's own functions, rules, and what comes out of both. */
#include "tests/unit/unit.h"

#include "base/clock.h"
#include "base/file.h"
#include "gateway/provisioning/desired_census.h"
#include "gateway/ldap_rules.h"
#include "ldap/mirror_write.h"

#include <sys/stat.h>
#include <unistd.h>

#define SETTINGS \
	"state_dir: %s\n" \
	"claimed_domains: [example.org]\n" \
	"provision: plan\n" \
	"accounts: {administrators: [root@example.net]}\n" \
	"connections:\n" \
	"  org: {kind: managed, entity_id: \"urn:o\", acs: \"https://o.example/acs\", start: \"https://o.example\", provider: entra,\n" \
	"    accounts: {scim: \"https://api.example/1\", key: /k, licensed: [jira], customer: [portal]}}\n" \
	"  help: {kind: portal, entity_id: \"urn:h\", acs: \"https://h.example/acs\", home: \"https://h.example\", provider: entra,\n" \
	"    accounts: {site: \"https://h.example\", key: /k, organizations: [All], desks: [HELP]}}\n" \
	"  other: {kind: portal, entity_id: \"urn:s\", acs: \"https://s.example/acs\", home: \"https://s.example\", provider: entra%s}\n" \
	"identity_providers: {entra: {metadata: /e.xml}}\n" \
	"directories:\n" \
	"  corp:\n" \
	"    uri: ldaps://ldap.example.org\n" \
	"    people: {base: \"dc=x\"}\n" \
	"    groups: {base: \"dc=x\"}\n" \
	"    join: {objectidentifier: employeeNumber}\n" \
	"    disabled: employeeType=off\n" \
	"rules:\n" \
	"  - {name: agents, when: \"member of corp:agents\", outcome: licensed, groups: [software, jira]}\n" \
	"  - {name: staff, when: \"title = staff\", outcome: customer}\n" \
	"  - {name: partners, when: \"title = partner\", outcome: portal, at: [help, other], organizations: [Gold], desks: [BUY]}\n" \
	"  - {name: fresh, when: \"title = fresh\", outcome: customer, stale_after: 1h}\n" \
	"public_url: https://sso.example.org\n" \
	"keys_dir: /nowhere/keys\n" \
	"key: /s.key\n" \
	"certificate: /s.crt\n"

static struct arena *a;
static struct error err;
static char *folder;
static struct census census;
static struct desired desired;
static struct desired_left left;
static const char *more;                /* lines of the settings */
static const char *of_other;            /* what connection `other` has besides */

static const char *odd_name = "carl";    /* of one of them */

static struct mirror_attribute attribute(const char *name, const char *value)
{
	struct slice *v = arena_alloc(a, sizeof(*v));

	*v = slice_c(value);
	return (struct mirror_attribute){name, v, value ? 1 : 0};
}

static void put(struct mirror_writer *w, enum mirror_kind kind, const char *dn, const struct mirror_attribute *attributes, size_t n)
{
	static unsigned char id;
	struct entry e = {.dn = dn, .attributes = attributes, .attribute_count = n};

	memset(e.uuid, ++id, sizeof(e.uuid));
	assert_done(mirror_writer_put(w, kind, &e, &err), err);
}

static void person(struct mirror_writer *w, const char *uid, const char *number, const char *mail, const char *title, const char *type)
{
	struct mirror_attribute attributes[5];
	size_t n = 0;

	if (number)
		attributes[n++] = attribute("employeeNumber", number);
	if (mail)
		attributes[n++] = attribute("mail", mail);
	if (title)
		attributes[n++] = attribute("title", title);
	if (type)
		attributes[n++] = attribute("employeeType", type);
	attributes[n++] = attribute("sn", strcmp(uid, "carl") == 0 ? odd_name : uid);
	put(w, MIRROR_PEOPLE, arena_printf(a, "uid=%s,dc=x", uid), attributes, n);
}

/* Of everybody that they name, only the portal person is given what portal people are. */
static void put_marked_groups(struct mirror_writer *w)
{
	const struct mirror_attribute buyers[] = {attribute("cn", "buyers"), attribute("member", "uid=pia,dc=x"),
		attribute("posternCustomerOrganization", "Silver"), attribute("posternDesk", "SELL")};
	const struct mirror_attribute all[] = {attribute("cn", "all"), attribute("member", "cn=buyers,dc=x"), attribute("member", "uid=carl,dc=x"),
		attribute("posternDesk", "12"), attribute("posternSite", "help")};
	const struct mirror_attribute others[] = {attribute("cn", "others"), attribute("member", "uid=pia,dc=x"),
		attribute("posternDesk", "13"), attribute("posternSite", "other")};

	put(w, MIRROR_GROUPS, "cn=buyers,dc=x", buyers, 4);
	put(w, MIRROR_GROUPS, "cn=all,dc=x", all, 5);
	put(w, MIRROR_GROUPS, "cn=others,dc=x", others, 4);
	mirror_writer_whole(w, MIRROR_RULES);
}

static void fill(const struct settings *s, int64_t heard)
{
	const struct mirror_attribute agents[] = {attribute("cn", "agents"), attribute("member", "uid=anna,dc=x")};
	struct mirror_writer *w;

	assert_done(mirror_writer_open(settings_mirror_path(a, s), s->directories, &w, &err), err);
	person(w, "anna", "0A0B0C0D-0000-4000-8000-00000000000A", "anna@example.org", "staff", NULL);
	person(w, "carl", "2", "carl@example.org", "staff", NULL);
	person(w, "pia", "3", "pia@partner.example", "partner", NULL);
	person(w, "own", "4", "own@example.org", "partner", NULL);
	person(w, "gone", "5", "gone@example.org", "staff", "off");
	person(w, "none", "6", "none@example.org", "nobody", NULL);
	person(w, "twin1", "7", "twin1@example.org", "staff", NULL);
	person(w, "twin2", "7", "twin2@example.org", "staff", NULL);
	person(w, "mute", "8", NULL, "staff", NULL);
	person(w, "anon", NULL, "anon@example.org", "staff", NULL);
	person(w, "odd", "10\xfc", "odd@example.org", "staff", NULL);          /* no UTF-8: it cannot be an externalId */
	person(w, "frida", "9", "frida@example.org", "fresh", NULL);
	put(w, MIRROR_GROUPS, "cn=agents,dc=x", agents, 2);
	if (s->ldap_rules.marks)
		put_marked_groups(w);
	mirror_writer_whole(w, MIRROR_PEOPLE);
	mirror_writer_whole(w, MIRROR_GROUPS);
	mirror_writer_heard(w, heard);
	assert_done(mirror_writer_commit(w, &err), err);
	mirror_writer_close(w);
}

/* As the rules role does it. */
static void take_rules(const struct settings *s)
{
	struct ldap_rule_set set;
	struct mirror *m;

	assert_done(mirror_open(settings_mirror_path(a, s), &m, &err), err);
	assert_int_equal(ldap_rules_mirrored(a, s, m, &set, &err), 1);
	assert_done(ldap_rules_write(settings_ldap_rules_path(a, s), &set, &err), err);
	mirror_close(m);
}

/* Heard of so many seconds ago. */
static void begin_census(int64_t ago)
{
	char *path = arena_printf(a, "%s/postern.yaml", folder);
	FILE *f = fopen(path, "w");
	const struct settings *s;

	assert_non_null(f);
	assert_true(fprintf(f, SETTINGS "%s", folder, of_other, more) > 0);
	assert_int_equal(fclose(f), 0);
	assert_done(settings_read(a, files_from_disk(a), path, &s, NULL, &err), err);
	fill(s, clock_now() - ago);
	if (s->ldap_rules.marks)
		take_rules(s);
	assert_done(census_begin(a, "test", s, &census, &err), err);
}

static void gather(int64_t ago)
{
	begin_census(ago);
	assert_done(desired_of_census(&census, gateway_policy(&census.gateway), &desired, &left, &err), err);
}

static int begin(void **state)
{
	(void)state;
	a = arena_new();
	more = of_other = "";
	folder = arena_strdup(a, "/tmp/postern-desired-XXXXXX");
	assert_non_null(mkdtemp(folder));
	assert_int_equal(mkdir(arena_printf(a, "%s/mirror", folder), 0700), 0);
	return 0;
}

static int end(void **state)
{
	(void)state;
	census_close(&census);
	for (const char *const *name = (const char *const []){"mirror/mirror.mdb", "mirror/mirror.mdb-lock", "rules/ldap-rules.json",
		"postern.yaml", NULL}; *name; name++)
		unlink(arena_printf(a, "%s/%s", folder, *name));
	rmdir(arena_printf(a, "%s/mirror", folder));
	rmdir(arena_printf(a, "%s/rules", folder));
	rmdir(folder);
	arena_free(a);
	return 0;
}

static const struct desired_person *of(const char *id)
{
	for (size_t i = 0; i < desired.count; i++) {
		if (strcmp(desired.people[i].id, id) == 0)
			return &desired.people[i];
	}
	fail_msg("nobody has the id %s", id);
	return NULL;
}

static void assert_list(const char *const *list, const char *expected)
{
	const char *text = "";

	for (; *list; list++)
		text = arena_printf(a, "%s%s%s", text, *text ? " " : "", *list);
	assert_string_equal(text, expected);
}

static void targets_know_every_name(void **state)
{
	(void)state;
	gather(0);
	assert_int_equal(desired.target_count, 2);
	assert_string_equal(desired.targets[0].name, "org");
	assert_list(desired.targets[0].groups, "jira portal software");
	assert_list(desired.targets[0].licensed, "jira software");
	assert_string_equal(desired.targets[1].name, "help");
	assert_list(desired.targets[1].groups, "All Gold");
	assert_list(desired.targets[1].desks, "BUY HELP");
	/* what stands in one rule, not what all of the site have */
	assert_int_equal(desired.targets[1].attach_count, 1);
	assert_string_equal(desired.targets[1].attach[0].organization, "Gold");
	assert_string_equal(desired.targets[1].attach[0].desk, "BUY");
	assert_int_equal(desired.targets[0].attach_count, 0);
	assert_null(desired.targets[0].key.p);
}

static void rules_say_who_gets_what(void **state)
{
	const struct desired_person *p;

	(void)state;
	gather(0);
	p = of("0a0b0c0d-0000-4000-8000-00000000000a");
	assert_int_equal(p->kind, DESIRED_LICENSED);
	assert_list(p->groups, "jira software");
	assert_string_equal(p->why, "rule agents, by corp:agents");
	assert_string_equal(p->family_name, "anna");
	assert_null(p->held);
	p = of("2");
	assert_int_equal(p->kind, DESIRED_CUSTOMER);
	assert_list(p->groups, "portal");
	p = of("3");
	assert_int_equal(p->kind, DESIRED_PORTAL);
	assert_int_equal(p->place_count, 1);
	assert_list(p->places[0].organizations, "All Gold");
	assert_list(p->places[0].desks, "BUY HELP");
	p = of("6");
	assert_int_equal(p->kind, DESIRED_NOTHING);
	assert_null(p->held);
	assert_string_equal(p->why, "no rule");
	p = of("5");
	assert_true(p->disabled);
	assert_int_equal(p->kind, DESIRED_NOTHING);
	assert_null(p->held);
	assert_int_equal(left.without_id, 2);
	assert_string_equal(left.example, "uid=anon,dc=x");
	assert_list(desired.nameless, "anon@example.org odd@example.org");
	assert_int_equal(desired.count, 9);
}

/* Nothing is made for them, and nothing is taken away. */
static void whoever_is_in_doubt_is_held(void **state)
{
	(void)state;
	gather(0);
	assert_non_null(of("4")->held);         /* portal in a claimed domain */
	assert_non_null(of("7")->held);         /* two entries */
	assert_non_null(of("8")->held);         /* no mail */
	assert_null(of("9")->held);
}

static void names_are_one_line_that_an_account_can_have(void **state)
{
	static const char *const rows[][2] = {
		{"Carl\nBerg", "Carl Berg"}, {"Carl \t\r\n Berg", "Carl  Berg"}, {"\tCarl Berg\n", "Carl Berg"}, {"Carl  Berg", "Carl  Berg"},
		{"J\xc3\xb8rn\xc2\x85\xc3\x85s", "J\xc3\xb8rn \xc3\x85s"}, {"\n", NULL}, {"Carl\xff", NULL},
	};
	char longest[2 * DESIRED_TEXT_MOST];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		odd_name = rows[i][0];
		gather(0);
		if (rows[i][1])
			assert_string_equal(of("2")->family_name, rows[i][1]);
		else
			assert_null(of("2")->family_name);
		assert_null(of("2")->held);
		end(state);
		begin(state);
	}
	for (size_t i = 0; i + 2 < sizeof(longest); i += 2)
		memcpy(longest + i, "\xc3\xb8", 3);
	odd_name = longest;
	gather(0);
	assert_int_equal(strlen(of("2")->family_name), DESIRED_TEXT_MOST - 1);  /* no half a character */
	odd_name = "carl";
}

static void old_facts_hold_everybody(void **state)
{
	(void)state;
	gather(2 * 3600);
	assert_non_null(of("9")->held);         /* its rule wants facts of the last hour */
	assert_null(of("2")->held);
	assert_null(desired.stale);
	census_close(&census);
	gather(13 * 3600);
	assert_non_null(of("2")->held);
	assert_non_null(of("6")->held);
	assert_non_null(desired.stale);         /* nor is anybody gone who is missing in them */
}

static void write_rules(const char *text)
{
	assert_done(file_write(arena_printf(a, "%s/rules/ldap-rules.json", folder), 0640, slice_c(text), &err), err);
}

/* Rules of LDAP that are not there, or not whole, would deny everybody whom they license. */
static void without_the_rules_of_ldap_nothing_is_wanted_of_anybody(void **state)
{
	(void)state;
	more = "ldap_rules: {directory: corp, base: \"ou=rules,dc=x\", outcomes: [customer]}\n";
	assert_int_equal(mkdir(arena_printf(a, "%s/rules", folder), 0700), 0);
	begin_census(0);
	assert_refused(desired_of_census(&census, gateway_policy(&census.gateway), &desired, &left, &err), err, REASON_MIRROR_EMPTY);
	census_close(&census);
	write_rules("{");
	begin_census(0);
	assert_refused(desired_of_census(&census, gateway_policy(&census.gateway), &desired, &left, &err), err, REASON_MIRROR_EMPTY);
}

/* Which site, which desk, and for whom. */
static void marks_bring_portal_people_to_desks_and_organizations(void **state)
{
	const struct desired_person *p;

	(void)state;
	more = "ldap_rules: {directory: corp, base: \"ou=rules,dc=x\", outcomes: [customer], marks: yes, organizations: ['S*'], desks: ['*', OLD]}\n";
	of_other = ", accounts: {site: \"https://s.example\", key: /k}";
	assert_int_equal(mkdir(arena_printf(a, "%s/rules", folder), 0700), 0);
	gather(0);
	p = of("3");
	assert_int_equal(p->kind, DESIRED_PORTAL);
	assert_int_equal(p->place_count, 2);
	assert_list(p->places[0].organizations, "All Gold Silver");
	/* `all` through `buyers`; `others` is at another site; nobody is given OLD, which the settings write out */
	assert_list(p->places[0].desks, "12 BUY HELP SELL");
	assert_list(p->places[1].organizations, "Gold Silver");
	assert_list(p->places[1].desks, "13 BUY SELL");
	assert_list(desired.targets[1].groups, "All Gold Silver");
	assert_list(desired.targets[1].desks, "12 BUY HELP OLD SELL");
	assert_list(desired.targets[2].desks, "13 BUY OLD SELL");
	p = of("2");
	assert_int_equal(p->kind, DESIRED_CUSTOMER);
	assert_list(p->groups, "portal");
	assert_int_equal(p->place_count, 0);
}

/* Whether they give access to a product nobody here knows, so no customer gets into one of them by another's word. */
static void groups_of_ldap_count_as_licensed(void **state)
{
	(void)state;
	more = "ldap_rules: {directory: corp, base: \"ou=rules,dc=x\", outcomes: [customer], marks: yes, groups: [written, 'jira-*'], desks: ['*'],\n"
		"  organizations: ['*']}\n";
	assert_int_equal(mkdir(arena_printf(a, "%s/rules", folder), 0700), 0);
	gather(0);
	assert_list(desired.targets[0].groups, "jira portal software written");
	assert_list(desired.targets[0].licensed, "jira software written");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(targets_know_every_name, begin, end),
		cmocka_unit_test_setup_teardown(rules_say_who_gets_what, begin, end),
		cmocka_unit_test_setup_teardown(whoever_is_in_doubt_is_held, begin, end),
		cmocka_unit_test_setup_teardown(names_are_one_line_that_an_account_can_have, begin, end),
		cmocka_unit_test_setup_teardown(old_facts_hold_everybody, begin, end),
		cmocka_unit_test_setup_teardown(marks_bring_portal_people_to_desks_and_organizations, begin, end),
		cmocka_unit_test_setup_teardown(groups_of_ldap_count_as_licensed, begin, end),
		cmocka_unit_test_setup_teardown(without_the_rules_of_ldap_nothing_is_wanted_of_anybody, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
