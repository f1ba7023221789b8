/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What `postern check` says of exceptions: those that end soon or have ended,
 * and whom an end would give an account of another kind, which is a person's
 * work and not that of a sign-on.
 */
#include "base/clock.h"
#include "gateway/commands/check.h"
#include "gateway/judge.h"
#include "gateway/report.h"

static const char *day_of(struct check *c, const struct exception *x)
{
	char *day = arena_alloc(c->arena, 11);

	calendar_write_day(x->until, day);
	return day;
}

/* What there is once the exception is over: asked of the day after. */
static void check_end(struct check *c, const struct exception *x, const char *dn, struct facts *facts)
{
	const struct settings *s = c->settings;
	bool ended = zone_day(s->zone, facts->now) > x->until;
	struct decision d;

	if (!ended)
		facts->now = zone_midnight(s->zone, x->until + 1);
	policy_decide(c->arena, &(struct policy){.rules = s->policy.rules, .rule_count = s->policy.rule_count, .exceptions = s->policy.exceptions,
		.exception_count = s->policy.exception_count}, facts, TRACE_NO, &d);
	if (d.exception_ended && strcmp(d.exception, x->name) == 0)
		say(c, FINDING_WARNING, "%s:%d: %s: %s after %s; %s then has %s by %s, another kind of account than %s, so %ssign-ons are refused "
			"(exception-ended): change the account at Atlassian, then take the exception away", s->file, x->line, x->name,
			ended ? "ended" : "ends", day_of(c, x), dn, outcome_word(d.outcome), d.rule, outcome_word(x->outcome),
			ended ? "" : "from then on ");
	else
		say(c, ended ? FINDING_OK : FINDING_WARNING, "%s:%d: %s: %s after %s; %s then has %s%s%s", s->file, x->line, x->name,
			ended ? "ended" : "ends", day_of(c, x), dn, d.rule ? outcome_word(d.outcome) : "nothing", d.rule ? " by " : "",
			d.rule ? d.rule : "");
}

static void check_exception(struct check *c, struct mirror *mirror, const struct exception *x)
{
	const struct settings *s = c->settings;
	const struct directory_options *directory = x->directory ? settings_directory(s, x->directory) : s->directories;
	const char *name = x->id ? x->id : x->dn ? x->dn : x->mail;
	struct mirror_person person;
	struct facts facts;
	struct error err;

	if (mirror_person_named(c->arena, mirror, directory, 1, name, &person, &err) < 0) {
		say(c, FINDING_WARNING, "%s:%d: %s: %s", s->file, x->line, x->name, err.detail);
		return;
	}
	judge_facts(c->arena, s, &person, clock_now(), &facts);
	if (!exception_is_of(x, &facts))
		say(c, FINDING_WARNING, "%s:%d: %s: nobody in directory %s is %s", s->file, x->line, x->name, directory->name, name);
	else if (x->until < zone_day(s->zone, facts.now) + SOON_SECONDS / CALENDAR_DAY)
		check_end(c, x, person.dn, &facts);
}

void check_exceptions(struct check *c, struct mirror *mirror)
{
	const struct policy *policy = &c->settings->policy;

	if (policy->exception_count == 0)
		return;
	puts("exceptions");
	for (size_t i = 0; i < policy->exception_count; i++)
		check_exception(c, mirror, &policy->exceptions[i]);
	say(c, FINDING_OK, "%s", report_count(c->arena, policy->exception_count, "exception", "exceptions"));
}
