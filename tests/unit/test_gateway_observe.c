/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/judge.c with `observe: yes`: what is taken back, and what is not. */
#include "tests/unit/gateway_judge_stage.h"

#include <stdlib.h>
#include <unistd.h>

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whoever_is_known_is_let_through_and_what_the_rules_said_is_kept),
		cmocka_unit_test(observing_takes_back_nothing_but_the_rules),
		cmocka_unit_test(a_guest_goes_where_the_rules_say_while_others_are_observed),
		cmocka_unit_test(observing_never_crosses_the_kinds_of_accounts),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
