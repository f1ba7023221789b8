/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What `postern check` says of the rules. */
#include "base/clock.h"
#include "gateway/commands/check.h"
#include "gateway/report.h"

/* A rule that names a claimed domain and gives `portal`; who else is in one, only a sign-on shows. */
static void check_claimed(struct check *c, const struct rule *rule)
{
	const struct settings *s = c->settings;
	const char *const *d;

	for (d = s->claimed_domains; *d; d++) {
		if (!s->portal_in_claimed_domains && strstr(rule->when_text, *d))
			say(c, FINDING_WARNING, "%s:%d: %s: gives portal and names the claimed domain %s, whose people are refused at a portal door",
				s->file, rule->line, rule->name, *d);
	}
}

static void check_guests(struct check *c)
{
	const struct policy *policy = &c->settings->policy;
	const char *names = "";
	size_t i;

	for (i = 0; i < policy->rule_count; i++) {
		if (policy->rules[i].guests)
			names = arena_printf(c->arena, "%s%s%s", names, *names ? ", " : "", policy->rules[i].name);
	}
	say(c, FINDING_OK, *names ? "guests of the tenant get something from: %s" : "guests of the tenant get nothing: no rule says guests: yes%s",
		names);
}

static void check_observe(struct check *c)
{
	const struct settings *s = c->settings;
	size_t i;

	for (i = 0; i < s->connection_count; i++) {
		if (!s->connections[i].observe)
			continue;
		say(c, FINDING_WARNING, "%s:%d: %s: observe: yes: rules and requirements keep nobody out here who is found in the mirror; "
			"postern observe report says what they would have done", s->file, s->connections[i].line, s->connections[i].name);
		if (s->connections[i].accounts && s->provision == PROVISION_AUTO)
			say(c, FINDING_WARNING, "%s:%d: %s: observe: yes tries the rules at sign-ons alone: provision: auto takes accounts and licences "
				"from whom they deny; provision: plan shows it and does nothing", s->file, s->connections[i].line, s->connections[i].name);
	}
}

static void check_never(struct check *c)
{
	const struct settings *s = c->settings;
	const struct policy_note *notes;
	size_t n = policy_review(c->arena, &s->policy, clock_now(), s->zone, &notes);

	for (size_t i = 0; i < n; i++)
		say(c, FINDING_WARNING, "%s:%d: %s: %s: %s", s->file, notes[i].line, notes[i].name,
			notes[i].requirement ? "can never hold, so all that it applies to are refused" : "can never match", notes[i].text);
}

void check_rules(struct check *c)
{
	const struct settings *s = c->settings;
	bool portal = false;
	size_t i;

	puts("rules");
	for (i = 0; i < s->policy.rule_count; i++) {
		if (s->policy.rules[i].outcome != OUTCOME_PORTAL)
			continue;
		portal = true;
		check_claimed(c, &s->policy.rules[i]);
	}
	if (portal && s->portal_in_claimed_domains)
		say(c, FINDING_WARNING, "%s: allow_portal_in_claimed_domains: what Atlassian does there must have been tried on the real site", s->file);
	check_never(c);
	check_guests(c);
	check_observe(c);
	if (!s->claimed_domains[0])
		say(c, FINDING_WARNING, "%s: claimed_domains: is not set, so nobody is kept from a portal-only account on a claimed mail address",
			s->file);
	say(c, FINDING_OK, "%s and %s can be judged; postern explain PERSON says what they give",
		report_count(c->arena, s->policy.rule_count, "rule", "rules"),
		report_count(c->arena, s->policy.requirement_count, "requirement", "requirements"));
}
