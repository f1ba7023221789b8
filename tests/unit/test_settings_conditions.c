/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sets, named conditions and the time zone of the settings, in rules that use them. */
#include "tests/unit/arena.h"

#include "gateway/settings/settings_reader.h"

#define HEAD "public_url: https://sso.example.org\n" \
	"key: /etc/postern/signing.key\n" \
	"certificate: /etc/postern/signing.crt\n" \
	"identity_providers: {entra: {metadata: /etc/postern/entra.xml}}\n" \
	"connections:\n" \
	"  organisation: {kind: managed, entity_id: m, acs: https://m.example/acs, start: https://m.example}\n" \
	"  helpdesk: {kind: portal, entity_id: p, acs: https://p.example/acs, home: https://p.example}\n" \
	"directories: {corp: {uri: ldaps://l.example, bind_dn: cn=p, password_file: /x, people: {base: ou=p}, groups: {base: ou=g}, " \
	"join: {objectidentifier: employeeNumber}}}\n" \
	"go: {help: {licensed: organisation, customer: organisation, portal: helpdesk}}\n"

static int reads(const char *rest, const struct settings **out, const char *const **problems, struct error *err)
{
	struct files *files = files_from_disk(a);

	files_put(files, "/etc/postern/p.yaml", FILES_ALL, slice_c(arena_printf(a, "%s%s", HEAD, rest)));
	return settings_read(a, files, "/etc/postern/p.yaml", out, problems, err);
}

static bool keeps(const struct settings *s, const char *attribute)
{
	const char *const *list = s->directories[0].attributes;

	while (list && *list && strcasecmp(*list, attribute) != 0)
		list++;
	return list && *list;
}

static void rules_use_sets_and_conditions(void **state)
{
	static const char rest[] =
		"time_zone: Europe/Berlin\n"
		"sets:\n"
		"  offices: [Berlin, Paris]\n"
		"  agents: [corp:agents, 'cn=leads,ou=g']\n"
		"  networks: [10.0.0.0/8]\n"
		"  none: []\n"
		"conditions:\n"
		"  inside: \"condition staff and l in set offices\"\n"
		"  staff: \"member of set agents or contractEnd since today\"\n"
		"  hours: \"time in 07:00-19:00 and client in set networks and claim http://x/role present and link is help\"\n"
		"rules:\n"
		"  - {name: inside, when: \"condition inside or member of set none\", outcome: licensed}\n"
		"require:\n"
		"  - {name: hours, when: \"condition hours\"}\n";
	const struct settings *s;
	struct decision d;
	struct error err;
	/* 2026-07-01T05:30:00Z: in Berlin 07:30 */
	struct fact_group group = {.directory = "corp", .dn = "cn=agents,ou=g", .dn_key = "cn=agents,ou=g", .cn = "agents", .through = -1};
	struct slice berlin = slice_c("Berlin"), admin = slice_c("admin");
	struct fact_attribute l = {"l", &berlin, 1}, role = {"http://x/role", &admin, 1};
	struct facts facts = {.directory = "corp", .dn = "uid=a", .dn_key = "uid=a", .mail = "a@example.org", .groups = &group, .group_count = 1,
		.attributes = &l, .attribute_count = 1, .claims = &role, .claim_count = 1, .client = "10.1.2.3", .link = "help", .now = 1782883800};

	(void)state;
	assert_done(reads(rest, &s, NULL, &err), err);
	assert_string_equal(zone_name(s->zone), "Europe/Berlin");
	facts.zone = s->zone;
	policy_decide(a, &s->policy, &facts, TRACE_NO, &d);
	assert_true(d.granted);
	facts.now -= 2 * 3600;
	policy_decide(a, &s->policy, &facts, TRACE_NO, &d);
	assert_int_equal(d.reason, REASON_REQUIREMENT_FAILED);
	/* what named conditions compare is kept in the mirror, and read from the assertion */
	assert_true(keeps(s, "l") && keeps(s, "contractend"));
	assert_string_equal(s->claims[1], "http://x/role");
}

static void utc_needs_no_file(void **state)
{
	const struct settings *s;
	struct error err;

	(void)state;
	assert_done(reads("time_zone: UTC\nrules: [{name: r, when: x = y, outcome: licensed}]\n", &s, NULL, &err), err);
	assert_null(s->zone);
}

static void a_rule_must_not_use_a_sign_on_through_a_condition(void **state)
{
	const struct settings *s;
	struct error err;

	(void)state;
	assert_refused(reads("conditions: {safe: mfa, safer: condition safe}\nrules: [{name: r, when: condition safer, outcome: licensed}]\n", &s,
		NULL, &err), err, REASON_SETTINGS);
	assert_string_equal(err.detail, "/etc/postern/p.yaml:11: when: column 11: condition `safer` uses `mfa`, which is a fact of one sign-on "
		"and belongs under `require`");
}

/* In `problems`, for a person; the error itself, which is logged, has one line. */
static void problems_show_the_place_in_the_condition(void **state)
{
	const char *const *problems;
	const struct settings *s;
	struct error err;

	(void)state;
	assert_refused(reads("rules: [{name: r, when: \"x = y adn z = a\", outcome: licensed}]\n", &s, &problems, &err), err, REASON_SETTINGS);
	assert_string_equal(problems[0], "/etc/postern/p.yaml:10: when: column 7: found `adn`, expected `and`, `or` or the end; "
		"did you mean `and`?\nx = y adn z = a\n      ^");
	assert_null(strchr(err.detail, '\n'));
}

/* One mistake is told once, where it was made. */
static void a_condition_that_cannot_be_read_is_told_where_it_stands(void **state)
{
	const char *const *problems;
	const struct settings *s;
	struct error err;

	(void)state;
	assert_refused(reads("conditions: {a: x == y}\nrules: [{name: r, when: condition a, outcome: licensed}]\n", &s, &problems, &err), err,
		REASON_SETTINGS);
	assert_non_null(strstr(problems[0], "p.yaml:10: a: column 3: found `==`, expected `=`"));
	assert_null(problems[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST_OF(f) cmocka_unit_test_setup_teardown(f, begin, end)
		TEST_OF(rules_use_sets_and_conditions),
		TEST_OF(utc_needs_no_file),
		TEST_OF(a_rule_must_not_use_a_sign_on_through_a_condition),
		TEST_OF(problems_show_the_place_in_the_condition),
		TEST_OF(a_condition_that_cannot_be_read_is_told_where_it_stands),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
