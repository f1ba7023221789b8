/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/judge.c: outcomes by door, accounts, claimed domains, links, the age of data, exceptions. */
#include "tests/unit/gateway_judge_stage.h"

#include <stdlib.h>
#include <unistd.h>

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
		cmocka_unit_test(the_facts_hold_when_where_from_and_by_which_link),
		cmocka_unit_test(an_ended_exception_refuses_another_kind_of_account),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
