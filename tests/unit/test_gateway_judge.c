/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/judge.c: outcomes by door, accounts, claimed domains, links.  Rules are parsed by the real grammar. */
#include "tests/unit/unit.h"

#include "gateway/judge.h"
#include "gateway/release.h"

#include <stdlib.h>
#include <unistd.h>

#define NOW 1800000000

static struct arena *a;
static struct error err;
static struct settings settings;
static struct gateway gateway;

static const char *const sites[] = {"helpdesk", NULL};
static const char *const doors[] = {"organisation", "helpdesk", "shop", NULL};
static const char *const directories[] = {"corp", NULL};
static const char *const claimed[] = {"example.org", NULL};

#define STALE_AFTER 3600
#define STALE_GRACE 7200
static const struct directory_options known_directories[] = {{.name = "corp"}};
static const struct settings_directory directory_sources[] = {{.stale_after = STALE_AFTER, .stale_grace = STALE_GRACE}};

static struct settings_connection connections[] = {
	{.name = "organisation", .kind = DOOR_MANAGED, .entity_id = "urn:org", .acs = "https://auth.example/acs?c=1", .start = "https://site.example/"},
	{.name = "helpdesk", .kind = DOOR_PORTAL, .entity_id = "urn:help", .acs = "https://help.example/acs", .home = "https://help.example/portal"},
	{.name = "shop", .kind = DOOR_PORTAL, .entity_id = "urn:shop", .acs = "https://shop.example/acs", .home = "https://shop.example/portal"},
};
static const struct settings_link links[] = {
	{.name = "help", .via = "organisation",
		.landing = {[OUTCOME_LICENSED] = "https://site.example/jira", [OUTCOME_PORTAL] = "https://help.example/portal"},
		.landing_door = {[OUTCOME_PORTAL] = "helpdesk"}},
};

static struct condition *parse(const char *text, enum condition_scope scope)
{
	struct policy_names names = {.normalize = dn_normalize, .directories = directories, .doors = doors};
	struct condition *c;

	assert_done(condition_parse(a, text, scope, &names, &c, &err), err);
	return c;
}

static int begin(void **state)
{
	static struct rule rules[4];
	static struct requirement requirements[2];

	(void)state;
	a = arena_new();
	rules[0] = (struct rule){.name = "agents", .when = parse("member of 'cn=agents,dc=example'", CONDITION_RULE), .outcome = OUTCOME_LICENSED};
	rules[1] = (struct rule){.name = "staff", .when = parse("member of corp:staff", CONDITION_RULE), .outcome = OUTCOME_CUSTOMER};
	rules[2] = (struct rule){.name = "partners", .when = parse("member of corp:partners", CONDITION_RULE), .outcome = OUTCOME_PORTAL, .at = sites};
	rules[3] = (struct rule){.name = "former", .when = parse("member of corp:former", CONDITION_RULE), .outcome = OUTCOME_DENY,
		.because = "You have left."};
	requirements[0] = (struct requirement){.name = "second-factor", .when = parse("mfa", CONDITION_REQUIRE),
		.for_outcome = {[OUTCOME_LICENSED] = true}, .otherwise = "Use a second factor."};
	requirements[1] = (struct requirement){.name = "not-at-home", .when = parse("not door is helpdesk or client in 10.0.0.0/8", CONDITION_REQUIRE),
		.for_outcome = {[OUTCOME_PORTAL] = true}};
	settings = (struct settings){
		.connections = connections, .connection_count = 3, .links = links, .link_count = 1, .claimed_domains = claimed,
		.directories = known_directories, .directory_sources = directory_sources, .directory_count = 1,
		.policy = {rules, 4, requirements, 2},
	};
	gateway = (struct gateway){.arena = a, .settings = &settings};
	return 0;
}

static int end(void **state)
{
	(void)state;
	arena_free(a);
	return 0;
}

static struct mirror_person person(const char *mail, const char *group)
{
	struct mirror_group *groups = arena_alloc(a, sizeof(*groups));

	*groups = (struct mirror_group){.directory = "corp", .dn = arena_printf(a, "cn=%s,dc=example", group), .cn = group, .through = -1};
	assert_int_equal(dn_normalize(a, groups->dn, &groups->dn_key), 0);
	return (struct mirror_person){.directory = "corp", .dn = "uid=p,dc=example", .mail = mail, .groups = groups, .group_count = 1,
		.as_of = NOW - 5};
}

static const struct settings_connection *door(const char *name)
{
	return settings_connection(&settings, name);
}

struct row {
	const char *group, *mail, *door;
	bool mfa;
	const char *client;
	enum passage passage;
	const char *to;
	enum reason reason;
};

static void follows_the_table_of_outcomes_by_door(void **state)
{
	static const struct row rows[] = {
		{"agents", "a@example.org", "organisation", true, NULL, PASSAGE_ASSERT, "https://auth.example/acs?c=1", 0},
		{"agents", "a@example.org", "organisation", false, NULL, PASSAGE_REFUSE, NULL, REASON_REQUIREMENT_FAILED},
		{"agents", "a@example.org", "helpdesk", true, NULL, PASSAGE_TO_MANAGED, "https://site.example/", 0},
		{"staff", "a@example.org", "organisation", false, NULL, PASSAGE_ASSERT, "https://auth.example/acs?c=1", 0},
		{"staff", "a@example.org", "shop", false, NULL, PASSAGE_TO_MANAGED, "https://site.example/", 0},
		{"partners", "p@partner.example", "organisation", false, NULL, PASSAGE_TO_PORTAL, "https://help.example/portal", 0},
		{"partners", "p@partner.example", "helpdesk", false, "10.1.2.3", PASSAGE_ASSERT, "https://help.example/acs", 0},
		{"partners", "p@partner.example", "helpdesk", false, "192.0.2.1", PASSAGE_REFUSE, NULL, REASON_REQUIREMENT_FAILED},
		{"partners", "p@partner.example", "shop", false, NULL, PASSAGE_REFUSE, NULL, REASON_WRONG_SITE},
		{"partners", "p@example.org", "organisation", false, NULL, PASSAGE_REFUSE, NULL, REASON_CLAIMED_DOMAIN},
		{"partners", "p@EXAMPLE.ORG", "helpdesk", false, "10.1.2.3", PASSAGE_REFUSE, NULL, REASON_CLAIMED_DOMAIN},
		{"former", "f@example.org", "organisation", true, NULL, PASSAGE_REFUSE, NULL, REASON_DENIED_BY_RULE},
		{"nothing", "n@example.org", "organisation", true, NULL, PASSAGE_REFUSE, NULL, REASON_DENIED_BY_DEFAULT},
		{"staff", NULL, "organisation", true, NULL, PASSAGE_REFUSE, NULL, REASON_PERSON_NO_MAIL},
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct row *r = &rows[i];
		struct mirror_person p = person(r->mail, r->group);
		struct judge_question q = {.door = door(r->door), .mfa = r->mfa, .client = r->client, .now = NOW};
		struct judgement j;
		int rc = judge(a, &gateway, &q, &p, TRACE_NO, &j, &err);

		if (j.passage != r->passage || (rc < 0) != (r->passage == PASSAGE_REFUSE) || (rc < 0 && err.reason != r->reason))
			fail_msg("row %zu (%s at %s): passage %d, %s: %s", i, r->group, r->door, j.passage, rc < 0 ? reason_word(err.reason) : "done",
				rc < 0 ? err.detail : "");
		if (rc == 0)
			assert_string_equal(j.to, r->to);
	}
}

/* Each might be trimmed, folded or split into victim@example.org, or leave the claimed domain, at the other side. */
static void sends_no_mail_that_others_may_read_otherwise(void **state)
{
	static const char *const mails[] = {
		"victim@example.org ", " victim@example.org", "victim@example.org\n", "victim@example.org.", "victim@.example.org",
		"victim@example..org", "mallory@evil.example,victim@example.org", "mallory@evil.example@example.org",
		"<victim@example.org>", "\"victim\"@example.org", "victim(x)@example.org", "victim@example.org;x", "victim\t@example.org",
		"victim@\xef\xbd\x85xample.org", "victim@example.org\xe2\x80\x8b", "v\304\261ctim@example.org", "victim@", "@example.org",
		"victim", "victim@[192.0.2.1]", "victim@exam_ple.org",
	};
	static const char *const good[] = {"o'neill+x.y_z-1@sub.example.org", "a@b"};
	struct judge_question q = {.door = door("organisation"), .now = NOW};
	struct judgement j;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(mails) / sizeof(*mails); i++) {
		struct mirror_person p = person(mails[i], "staff");

		if (judge(a, &gateway, &q, &p, TRACE_NO, &j, &err) == 0)
			fail_msg("\"%s\" was sent", mails[i]);
		assert_int_equal(err.reason, REASON_UNSENDABLE);
		assert_int_equal(j.passage, PASSAGE_REFUSE);
	}
	for (i = 0; i < sizeof(good) / sizeof(*good); i++) {
		struct mirror_person p = person(good[i], "staff");

		assert_done(judge(a, &gateway, &q, &p, TRACE_NO, &j, &err), err);
	}
}

static void a_denial_carries_the_public_sentence_of_its_rule(void **state)
{
	struct mirror_person p = person("f@example.org", "former");
	struct judge_question q = {.door = door("organisation"), .now = NOW};
	struct judgement j;

	(void)state;
	assert_refused(judge(a, &gateway, &q, &p, TRACE_NO, &j, &err), err, REASON_DENIED_BY_RULE);
	assert_string_equal(j.decision.sentence, "You have left.");
}

static void a_link_lands_each_outcome_where_it_says(void **state)
{
	struct mirror_person agent = person("a@example.org", "agents"), partner = person("p@partner.example", "partners"),
		staff = person("s@example.org", "staff");
	struct judge_question q = {.link = &links[0], .mfa = true, .client = "10.0.0.1", .now = NOW};
	struct judgement j;

	(void)state;
	assert_done(judge(a, &gateway, &q, &agent, TRACE_NO, &j, &err), err);
	assert_int_equal(j.passage, PASSAGE_ASSERT);
	assert_string_equal(j.to, "https://auth.example/acs?c=1");
	assert_string_equal(j.landing, "https://site.example/jira");
	assert_done(judge(a, &gateway, &q, &partner, TRACE_NO, &j, &err), err);
	assert_int_equal(j.passage, PASSAGE_TO_PORTAL);
	assert_string_equal(j.to, "https://help.example/portal");
	assert_refused(judge(a, &gateway, &q, &staff, TRACE_NO, &j, &err), err, REASON_NO_LANDING);
	/* a requirement about the portal's door holds for a link that lands there */
	q.client = "192.0.2.1";
	assert_refused(judge(a, &gateway, &q, &partner, TRACE_NO, &j, &err), err, REASON_REQUIREMENT_FAILED);
}

static void a_link_without_a_managed_connection_serves_the_portal_alone(void **state)
{
	struct settings_link link = links[0];
	struct mirror_person agent = person("a@example.org", "agents"), partner = person("p@partner.example", "partners");
	struct judge_question q = {.link = &link, .mfa = true, .client = "10.0.0.1", .now = NOW};
	struct settings portal_only = settings;
	struct judgement j;

	(void)state;
	link.via = NULL;
	portal_only.connections = &connections[1];
	portal_only.connection_count = 2;
	gateway.settings = &portal_only;
	assert_done(judge(a, &gateway, &q, &partner, TRACE_NO, &j, &err), err);
	assert_string_equal(j.to, "https://help.example/portal");
	assert_refused(judge(a, &gateway, &q, &agent, TRACE_NO, &j, &err), err, REASON_NO_LANDING);
	gateway.settings = &settings;
}

static void an_account_of_another_kind_is_refused(void **state)
{
	static const struct { enum accounts_answer answer; enum account_kind kind; enum outcome outcome; enum reason reason; } rows[] = {
		{ACCOUNTS_NO_INVENTORY, ACCOUNT_UNKNOWN, OUTCOME_PORTAL, 0}, {ACCOUNTS_NOT_LISTED, ACCOUNT_UNKNOWN, OUTCOME_PORTAL, 0},
		{ACCOUNTS_LISTED, ACCOUNT_MANAGED, OUTCOME_LICENSED, 0}, {ACCOUNTS_LISTED, ACCOUNT_MANAGED, OUTCOME_CUSTOMER, 0},
		{ACCOUNTS_LISTED, ACCOUNT_PORTAL, OUTCOME_PORTAL, 0}, {ACCOUNTS_LISTED, ACCOUNT_MANAGED, OUTCOME_PORTAL, REASON_ACCOUNT_KIND},
		{ACCOUNTS_LISTED, ACCOUNT_PORTAL, OUTCOME_CUSTOMER, REASON_ACCOUNT_KIND}, {ACCOUNTS_LISTED, ACCOUNT_UNKNOWN, OUTCOME_LICENSED, REASON_ACCOUNT_KIND},
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct accounts_found found = {.answer = rows[i].answer, .account = {.kind = rows[i].kind, .mail = "m@example.org"}, .as_of = NOW};

		if (rows[i].reason)
			assert_refused(judge_account(&settings, &found, rows[i].outcome, NOW, &err), err, rows[i].reason);
		else
			assert_done(judge_account(&settings, &found, rows[i].outcome, NOW, &err), err);
	}
}

static void an_old_inventory_refuses_only_when_told_so(void **state)
{
	struct accounts_found found = {.answer = ACCOUNTS_NOT_LISTED, .as_of = NOW - 86401};
	struct settings strict = settings;

	(void)state;
	assert_done(judge_account(&strict, &found, OUTCOME_CUSTOMER, NOW, &err), err);
	strict.accounts_max_age = 86400;
	assert_refused(judge_account(&strict, &found, OUTCOME_CUSTOMER, NOW, &err), err, REASON_ACCOUNTS_TOO_OLD);
	found.as_of = NOW - 86400;
	assert_done(judge_account(&strict, &found, OUTCOME_CUSTOMER, NOW, &err), err);
	found.answer = ACCOUNTS_NO_INVENTORY;
	found.as_of = 0;
	assert_done(judge_account(&strict, &found, OUTCOME_CUSTOMER, NOW, &err), err);
}

/* What stale data gives is what fresh data would have given, or a refusal: no third. */
static void stale_data_gives_the_same_or_nothing(void **state)
{
	static const struct { int64_t as_of; enum staleness staleness; bool refused; } rows[] = {
		{NOW, STALE_FRESH, false}, {NOW - STALE_AFTER, STALE_FRESH, false}, {NOW - STALE_AFTER - 1, STALE_SERVED, false},
		{NOW - STALE_AFTER - STALE_GRACE, STALE_SERVED, false}, {NOW - STALE_AFTER - STALE_GRACE - 1, STALE_DENIED, true},
		{0, STALE_DENIED, true}, {-1, STALE_DENIED, true}, {NOW + 60, STALE_FRESH, false}, {NOW + 61, STALE_DENIED, true},
		{INT64_MAX, STALE_DENIED, true}, {INT64_MIN, STALE_DENIED, true},
	};
	static const char *const groups[] = {"agents", "staff", "partners", "former", "nothing"};
	size_t i, k;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		for (k = 0; k < sizeof(groups) / sizeof(*groups); k++) {
			struct mirror_person p = person("p@partner.example", groups[k]);
			struct judge_question q = {.door = door("organisation"), .mfa = true, .now = NOW};
			struct judgement fresh, j;
			int rc = judge(a, &gateway, &q, &p, TRACE_NO, &fresh, &err), stale;

			p.as_of = rows[i].as_of;
			stale = judge(a, &gateway, &q, &p, TRACE_NO, &j, &err);
			assert_int_equal(j.staleness, rows[i].staleness);
			assert_int_equal(j.decision.outcome, fresh.decision.outcome);
			if (rows[i].refused) {
				assert_int_equal(stale, -1);
				assert_int_equal(err.reason, REASON_DIRECTORY_STALE);
				assert_int_equal(j.passage, PASSAGE_REFUSE);
				assert_null(j.to);
				continue;
			}
			assert_int_equal(stale, rc);
			assert_int_equal(j.passage, fresh.passage);
		}
	}
}

static void a_directory_that_the_settings_do_not_know_is_too_old(void **state)
{
	(void)state;
	assert_int_equal(staleness_of(&settings, "nowhere", 0), STALE_DENIED);
	assert_int_equal(staleness_of(&settings, NULL, 0), STALE_DENIED);
	assert_int_equal(staleness_of(&settings, "corp", -1), STALE_DENIED);
	assert_int_equal(staleness_of(&settings, "corp", 0), STALE_FRESH);
}

/* Agents would be customers by a later rule: they are refused instead. */
static void a_rule_that_wants_fresher_data_refuses_and_no_later_one_is_tried(void **state)
{
	struct rule strict[4];
	struct settings s = settings;
	struct mirror_person p = person("a@example.org", "agents"), other = person("s@example.org", "staff");
	struct judge_question q = {.door = door("organisation"), .mfa = true, .now = NOW};
	struct judgement j;

	(void)state;
	memcpy(strict, settings.policy.rules, sizeof(strict));
	strict[0].stale_after = 600;
	strict[1].when = parse("dn under 'dc=example'", CONDITION_RULE);        /* everybody */
	s.policy.rules = strict;
	gateway.settings = &s;
	p.as_of = other.as_of = NOW - 601;
	assert_refused(judge(a, &gateway, &q, &p, TRACE_NO, &j, &err), err, REASON_RULE_STALE);
	assert_int_equal(j.passage, PASSAGE_REFUSE);
	assert_string_equal(j.decision.rule, "agents");
	assert_int_equal(j.decision.outcome, OUTCOME_LICENSED);
	assert_done(judge(a, &gateway, &q, &other, TRACE_NO, &j, &err), err);
	assert_string_equal(j.decision.rule, "staff");
	p.as_of = NOW - 600;
	assert_done(judge(a, &gateway, &q, &p, TRACE_NO, &j, &err), err);
	assert_int_equal(j.decision.outcome, OUTCOME_LICENSED);
	/* a guest whom the rule does not mean is told that, and age would not help */
	p.as_of = NOW - 601;
	q.identity = &(struct saml_identity){.name_id = "g", .guest = true};
	assert_refused(judge(a, &gateway, &q, &p, TRACE_NO, &j, &err), err, REASON_GUEST_DENIED);
	gateway.settings = &settings;
}

/* ---- observe: yes ---- */

static struct settings_connection observing[3];
static struct settings observed_settings;

static struct judge_question observing_question(bool mfa)
{
	memcpy(observing, connections, sizeof(observing));
	observing[0].observe = true;
	observed_settings = settings;
	observed_settings.connections = observing;
	gateway.settings = &observed_settings;
	return (struct judge_question){.door = &observing[0], .mfa = mfa, .now = NOW};
}

static void whoever_is_known_is_let_through_and_what_the_rules_said_is_kept(void **state)
{
	static const struct { const char *group, *mail; bool mfa; const char *verdict; enum outcome outcome; enum passage passage; enum reason reason; } rows[] = {
		{"agents", "a@example.org", true, "same", OUTCOME_LICENSED, PASSAGE_ASSERT, REASON_NONE},
		{"agents", "a@example.org", false, "denied", OUTCOME_LICENSED, PASSAGE_REFUSE, REASON_REQUIREMENT_FAILED},
		{"staff", "a@example.org", false, "same", OUTCOME_CUSTOMER, PASSAGE_ASSERT, REASON_NONE},
		{"partners", "p@partner.example", false, "elsewhere", OUTCOME_PORTAL, PASSAGE_TO_PORTAL, REASON_NONE},
		/* the claimed domain forbids a portal account, and this is none */
		{"partners", "p@example.org", false, "elsewhere", OUTCOME_PORTAL, PASSAGE_TO_PORTAL, REASON_NONE},
		{"former", "f@example.org", true, "denied", OUTCOME_DENY, PASSAGE_REFUSE, REASON_DENIED_BY_RULE},
		{"nothing", "n@example.org", true, "denied", OUTCOME_DENY, PASSAGE_REFUSE, REASON_DENIED_BY_DEFAULT},
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct judge_question q = observing_question(rows[i].mfa);
		struct mirror_person p = person(rows[i].mail, rows[i].group);
		struct judgement j;

		assert_done(judge(a, &gateway, &q, &p, TRACE_NO, &j, &err), err);
		assert_int_equal(j.passage, PASSAGE_ASSERT);
		assert_string_equal(j.to, "https://auth.example/acs?c=1");
		assert_null(j.landing);
		assert_true(j.observed.on);
		assert_int_equal(j.observed.overruled, rows[i].passage != PASSAGE_ASSERT);
		assert_string_equal(observed_word(&j.observed), rows[i].verdict);
		assert_int_equal(j.observed.passage, rows[i].passage);
		assert_int_equal(j.observed.reason, rows[i].reason);
		assert_int_equal(j.decision.outcome, rows[i].outcome);
	}
	gateway.settings = &settings;
}

static void refused_while_observing(const struct judge_question *q, const struct mirror_person *p, enum reason reason)
{
	struct judgement j;

	assert_refused(judge(a, &gateway, q, p, TRACE_NO, &j, &err), err, reason);
	assert_int_equal(j.passage, PASSAGE_REFUSE);
}

static void observing_takes_back_nothing_but_the_rules(void **state)
{
	struct saml_identity guest = {.name_id = "g", .guest = true};
	struct judge_question q = observing_question(true), portal = {.door = &observing[1], .mfa = true, .client = "192.0.2.1", .now = NOW};
	struct judge_question by_link = {.link = &links[0], .mfa = true, .client = "192.0.2.1", .now = NOW};
	struct mirror_person former = person("f@example.org", "former"), nobody = person("n@example.org", "nothing");
	struct mirror_person partner = person("p@partner.example", "partners"), agent = person("a@example.org", "agents");
	struct rule strict[4];

	(void)state;
	/* mail that cannot be sent, or none */
	nobody.mail = NULL;
	refused_while_observing(&q, &nobody, REASON_PERSON_NO_MAIL);
	nobody.mail = "victim@example.org ";
	refused_while_observing(&q, &nobody, REASON_UNSENDABLE);
	nobody.mail = "n@example.org";
	/* stale data: the directory's, and a rule's own demand */
	former.as_of = NOW - STALE_AFTER - STALE_GRACE - 1;
	refused_while_observing(&q, &former, REASON_DIRECTORY_STALE);
	former.as_of = NOW;
	memcpy(strict, settings.policy.rules, sizeof(strict));
	strict[0].stale_after = 1;
	observed_settings.policy.rules = strict;
	refused_while_observing(&q, &agent, REASON_RULE_STALE);
	observed_settings.policy.rules = settings.policy.rules;
	/* accounts that cannot be read */
	gateway.accounts_fault = (struct error){.reason = REASON_STORE};
	refused_while_observing(&q, &former, REASON_STORE);
	gateway.accounts_fault = (struct error){.reason = REASON_NONE};
	/* guests: what no rule gives them they do not get by observing, whichever rule it is */
	q.identity = &guest;
	refused_while_observing(&q, &nobody, REASON_DENIED_BY_DEFAULT);
	refused_while_observing(&q, &former, REASON_DENIED_BY_RULE);
	refused_while_observing(&q, &agent, REASON_GUEST_DENIED);
	/* another door, and a link to the observed one */
	refused_while_observing(&portal, &nobody, REASON_DENIED_BY_DEFAULT);
	refused_while_observing(&portal, &partner, REASON_REQUIREMENT_FAILED);
	refused_while_observing(&by_link, &nobody, REASON_DENIED_BY_DEFAULT);
	gateway.settings = &settings;
}

/* A guest whom a rule sends to the portal goes there, observed or not. */
static void a_guest_goes_where_the_rules_say_while_others_are_observed(void **state)
{
	struct saml_identity guest = {.name_id = "g", .guest = true};
	struct judge_question q = observing_question(true);
	struct mirror_person partner = person("p@partner.example", "partners");
	struct rule open[4];
	struct judgement j;

	(void)state;
	memcpy(open, settings.policy.rules, sizeof(open));
	open[2].guests = true;
	observed_settings.policy.rules = open;
	q.identity = &guest;
	assert_done(judge(a, &gateway, &q, &partner, TRACE_NO, &j, &err), err);
	assert_int_equal(j.passage, PASSAGE_TO_PORTAL);
	assert_false(j.observed.on);
	gateway.settings = &settings;
}

/* As a file brings them that lists both kinds. */
static void know_accounts(const char *path)
{
	static const char csv[] = "Email,Account type\np@partner.example,customer\nf@example.org,customer\nn@example.org,atlassian\n";
	struct accounts_import report;

	assert_done(accounts_import_csv(a, path, slice_c(csv), NOW, &report, &err), err);
	assert_done(accounts_open(path, &gateway.accounts, &err), err);
}

/* Whoever has a portal-only account would get a second one of the other kind at the observed door. */
static void observing_never_crosses_the_kinds_of_accounts(void **state)
{
	char folder[] = "/tmp/postern-judge-XXXXXX";
	struct judge_question q = observing_question(true);
	struct mirror_person partner = person("p@partner.example", "partners"), former = person("f@example.org", "former");
	struct mirror_person known = person("n@example.org", "nothing");
	struct judgement j;
	const char *path;

	(void)state;
	assert_non_null(mkdtemp(folder));
	path = arena_printf(a, "%s/accounts.mdb", folder);
	know_accounts(path);
	refused_while_observing(&q, &partner, REASON_ACCOUNT_KIND);
	assert_non_null(strstr(err.detail, "p@partner.example has a portal one at " SEEN_BY_IMPORT));
	refused_while_observing(&q, &former, REASON_ACCOUNT_KIND);
	assert_done(judge(a, &gateway, &q, &known, TRACE_NO, &j, &err), err);
	assert_true(j.observed.overruled);
	/* an inventory that is too old says nothing */
	observed_settings.accounts_max_age = 3600;
	q.now = NOW + 3601;
	known.as_of = q.now;
	refused_while_observing(&q, &known, REASON_ACCOUNTS_TOO_OLD);
	q.now = known.as_of = NOW - 301;        /* nor does one of the future */
	refused_while_observing(&q, &known, REASON_ACCOUNTS_TOO_OLD);
	accounts_close(gateway.accounts);
	gateway.accounts = NULL;
	gateway.settings = &settings;
	assert_int_equal(unlink(path), 0);
	unlink(arena_printf(a, "%s-lock", path));
	unlink(arena_printf(a, "%s.billed", path));
	unlink(arena_printf(a, "%s.seen", path));
	unlink(arena_printf(a, "%s.seen-lock", path));
	assert_int_equal(rmdir(folder), 0);
}

static const char *one[] = {"11111111-2222-4333-8444-555555555555"}, *two[] = {"a", "b"};
static const struct saml_attribute claims[] = {{SAML_CLAIM_OBJECT_ID, one, 1}, {"urn:roles", two, 2}};
static const struct saml_identity identity = {.name_id = "a@example.org", .attributes = claims, .attribute_count = 2};

static void reads_claims_by_short_and_full_name(void **state)
{
	(void)state;
	assert_string_equal(judge_claim(&identity, "objectidentifier"), one[0]);
	assert_string_equal(judge_claim(&identity, SAML_CLAIM_OBJECT_ID), one[0]);
	assert_string_equal(judge_claim(&identity, "nameid"), "a@example.org");
	assert_null(judge_claim(&identity, "urn:roles"));       /* of several values none is the one */
	assert_null(judge_claim(&identity, "upn"));
}

static void releases_what_the_connection_names_and_no_more(void **state)
{
	static const struct settings_attribute wanted[] = {
		{"id", ATTRIBUTE_CLAIM, "objectidentifier", false}, {"department", ATTRIBUTE_LDAP, "Department", false},
		{"missing", ATTRIBUTE_LDAP, "title", false}, {"fixed", ATTRIBUTE_VALUE, "x", false}, {"groups", ATTRIBUTE_GROUPS, "ag*", false},
		{"dns", ATTRIBUTE_GROUPS, "*", true}, {"none", ATTRIBUTE_GROUPS, "zz*", false}, {"mail", ATTRIBUTE_MAIL, "mail", false},
	};
	struct settings_connection c = {.attributes = wanted, .attribute_count = 8};
	struct slice values[] = {slice_c("</x>&"), slice_of("\0", 1)};
	struct mirror_attribute attributes[] = {{"department", values, 2}};
	struct mirror_person p = person("a@example.org", "agents");
	const struct saml_attribute *out;

	(void)state;
	p.attributes = attributes;
	p.attribute_count = 1;
	assert_int_equal(release_attributes(a, &gateway, &c, &identity, &p, &out), 6);
	assert_string_equal(out[0].values[0], one[0]);
	assert_string_equal(out[1].name, "department");
	assert_int_equal(out[1].n, 1);
	assert_string_equal(out[1].values[0], "</x>&");
	assert_string_equal(out[2].values[0], "x");
	assert_string_equal(out[3].values[0], "agents");
	assert_string_equal(out[4].values[0], "cn=agents,dc=example");
	assert_string_equal(out[5].values[0], "a@example.org");
	assert_int_equal(release_attributes(a, &gateway, &c, NULL, &p, &out), 5);
}

/* Whoever may make a group somewhere in the directory chooses its name. */
static void releases_no_name_that_several_groups_share(void **state)
{
	static const struct settings_attribute wanted[] = {{"groups", ATTRIBUTE_GROUPS, "*", false}, {"dns", ATTRIBUTE_GROUPS, "*", true}};
	struct settings_connection c = {.attributes = wanted, .attribute_count = 2};
	struct mirror_person p = person("a@example.org", "agents");
	struct mirror_group shared = p.groups[0];
	const struct saml_attribute *out;

	(void)state;
	shared.cn_shared = true;
	p.groups = &shared;
	assert_int_equal(release_attributes(a, &gateway, &c, &identity, &p, &out), 1);
	assert_string_equal(out[0].name, "dns");
	assert_string_equal(out[0].values[0], "cn=agents,dc=example");
}

/* What a group is called is not its members' doing: they sign on without it. */
static void releases_no_group_that_cannot_be_told(void **state)
{
	static const struct settings_attribute wanted[] = {{"groups", ATTRIBUTE_GROUPS, "*", false}, {"dns", ATTRIBUTE_GROUPS, "*", true}};
	struct settings_connection c = {.attributes = wanted, .attribute_count = 2};
	static struct mirror_group groups[] = {
		{.dn = "cn=nameless,dc=x", .cn_shared = true}, {.dn = "cn=bell,dc=x", .cn = "bell\a"}, {.dn = "cn=bell\a,dc=x", .cn = "bell"},
		{.dn = "cn=site-admins,dc=x", .cn = "Bosses"}, {.dn = "cn=Bosses,dc=x", .cn = "site-admins"}, {.dn = "cn=agents,dc=x", .cn = "agents"},
	};
	struct mirror_person p = person("a@example.org", "agents");
	const struct saml_attribute *out;

	(void)state;
	p.groups = groups;
	p.group_count = sizeof(groups) / sizeof(groups[0]);
	assert_int_equal(release_attributes(a, &gateway, &c, &identity, &p, &out), 2);
	assert_int_equal(out[0].n, 3);
	assert_string_equal(out[0].values[0], "bell");
	assert_string_equal(out[0].values[1], "Bosses");
	assert_string_equal(out[0].values[2], "agents");
	assert_int_equal(out[1].n, 2);
	assert_string_equal(out[1].values[0], "cn=bell,dc=x");
	assert_string_equal(out[1].values[1], "cn=agents,dc=x");
}

/* ---- facts of this sign-on, and exceptions ---- */

static void the_facts_hold_when_where_from_and_by_which_link(void **state)
{
	struct requirement now = {.name = "now", .for_outcome = {[OUTCOME_CUSTOMER] = true}};
	static const char *const all_links[] = {"help", NULL};
	const struct policy_names names = {.normalize = dn_normalize, .directories = directories, .doors = doors, .links = all_links};
	/* NOW is 2027-01-15T08:00:00Z, a Friday */
	static const struct {
		const char *when;
		bool holds;
	} table[] = {
		{"today since 2027-01-15 and today until 2027-01-15", true}, {"time in 08:00-08:01 and weekday in fri", true},
		{"time in 08:01-08:00", false}, {"tenant is 7b1c2d3e-4f50-4a61-8b72-93a4b5c6d7e8", true},
		{"tenant is 7b1c2d3e-4f50-4a61-8b72-93a4b5c6d7e9", false}, {"link is help", false}, {"user is member", true},
	};
	const struct saml_identity of_tenant = {.tenant = "7b1c2d3e-4f50-4a61-8b72-93a4b5c6d7e8"};
	struct judge_question q = {.door = door("organisation"), .identity = &of_tenant, .now = NOW};
	struct mirror_person p = person("a@example.org", "staff");
	const struct settings kept = settings;
	struct judgement j;

	(void)state;
	settings.policy.requirements = &now;
	settings.policy.requirement_count = 1;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		assert_done(condition_parse(a, table[i].when, CONDITION_REQUIRE, &names, &now.when, &err), err);
		assert_int_equal(judge(a, &gateway, &q, &p, TRACE_NO, &j, &err), table[i].holds ? 0 : -1);
	}
	assert_done(condition_parse(a, "link is help", CONDITION_REQUIRE, &names, &now.when, &err), err);
	q.door = NULL;
	q.link = &links[0];
	judge(a, &gateway, &q, &p, TRACE_NO, &j, &err);
	assert_true(j.decision.granted);
	settings = kept;
}

static void an_ended_exception_refuses_another_kind_of_account(void **state)
{
	static const struct directory_join joins[] = {
		{.claim = "objectidentifier", .attribute = "employeeNumber"}, {.claim = "upn", .attribute = "mail", .is_mutable = true},
	};
	static const struct directory_options joined[] = {{.name = "corp", .joins = joins, .join_count = 2}};
	struct slice number = slice_c("4711"), mail = slice_c("a@example.org");
	struct mirror_attribute attributes[] = {{"employeenumber", &number, 1}, {"mail", &mail, 1}};
	struct exception x = {.name = "ada", .id = "4711", .outcome = OUTCOME_LICENSED, .until = NOW / 86400};
	struct judge_question q = {.door = door("helpdesk"), .client = "10.1.2.3", .mfa = true, .now = NOW};
	struct mirror_person p = person("p@partner.example", "partners");
	const struct settings kept = settings;
	struct judgement j;

	(void)state;
	p.attributes = attributes;
	p.attribute_count = 2;
	settings.directories = joined;
	settings.policy.exceptions = &x;
	settings.policy.exception_count = 1;
	assert_done(judge(a, &gateway, &q, &p, TRACE_NO, &j, &err), err);
	assert_int_equal(j.passage, PASSAGE_TO_MANAGED);
	q.now += 86400;
	p.as_of = q.now;
	assert_refused(judge(a, &gateway, &q, &p, TRACE_NO, &j, &err), err, REASON_EXCEPTION_ENDED);
	assert_string_equal(err.detail, "exception ada ended, and the rules now say portal (rule partners), which is another kind of account: change the "
		"account at Atlassian, then take the exception away");
	/* by a value that can change hands nobody is meant */
	x.id = "a@example.org";
	assert_done(judge(a, &gateway, &q, &p, TRACE_NO, &j, &err), err);
	settings = kept;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(follows_the_table_of_outcomes_by_door),
		cmocka_unit_test(sends_no_mail_that_others_may_read_otherwise),
		cmocka_unit_test(a_denial_carries_the_public_sentence_of_its_rule),
		cmocka_unit_test(a_link_lands_each_outcome_where_it_says),
		cmocka_unit_test(a_link_without_a_managed_connection_serves_the_portal_alone),
		cmocka_unit_test(an_account_of_another_kind_is_refused),
		cmocka_unit_test(an_old_inventory_refuses_only_when_told_so),
		cmocka_unit_test(stale_data_gives_the_same_or_nothing),
		cmocka_unit_test(a_directory_that_the_settings_do_not_know_is_too_old),
		cmocka_unit_test(a_rule_that_wants_fresher_data_refuses_and_no_later_one_is_tried),
		cmocka_unit_test(whoever_is_known_is_let_through_and_what_the_rules_said_is_kept),
		cmocka_unit_test(observing_takes_back_nothing_but_the_rules),
		cmocka_unit_test(a_guest_goes_where_the_rules_say_while_others_are_observed),
		cmocka_unit_test(observing_never_crosses_the_kinds_of_accounts),
		cmocka_unit_test(reads_claims_by_short_and_full_name),
		cmocka_unit_test(releases_no_name_that_several_groups_share),
		cmocka_unit_test(releases_no_group_that_cannot_be_told),
		cmocka_unit_test(releases_what_the_connection_names_and_no_more),
		cmocka_unit_test(the_facts_hold_when_where_from_and_by_which_link),
		cmocka_unit_test(an_ended_exception_refuses_another_kind_of_account),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
