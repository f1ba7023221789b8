/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What `postern check` says of the mirror: is what sign-ons are judged by fresh?  The last step, without root's rights. */
#include "base/clock.h"
#include "gateway/alarms.h"
#include "gateway/commands/check.h"
#include "gateway/report.h"
#include "gateway/staleness.h"

/* A rule's own limit beyond that of every directory says nothing. */
static void check_rule_limits(struct check *c)
{
	const struct settings *s = c->settings;
	int64_t longest = 0;
	size_t i;

	for (i = 0; i < s->directory_count; i++) {
		int64_t limit = s->directory_sources[i].stale_after + s->directory_sources[i].stale_grace;

		longest = limit > longest ? limit : longest;
	}
	for (i = 0; i < s->policy.rule_count; i++) {
		const struct rule *rule = &s->policy.rules[i];

		if (rule->stale_after && rule->stale_after >= longest)
			say(c, FINDING_WARNING, "%s:%d: %s: stale_after has no effect: people of every directory are refused sooner by its own "
				"stale_after and stale_grace", s->file, rule->line, rule->name);
	}
}

static void check_directory(struct check *c, struct mirror *mirror, size_t i)
{
	const struct settings *s = c->settings;
	const char *name = s->directories[i].name;
	struct mirror_state state = {0};
	struct alarms alarms;
	struct error err;
	int k;

	if (mirror_state(c->arena, mirror, name, &state, &err) < 0 || !state.filled) {
		say(c, FINDING_WARNING, "%s:%d: %s: was not read whole yet", s->file, s->directory_sources[i].line, name);
		return;
	}
	alarms_of_directory(c->arena, s, mirror, name, clock_now(), &alarms);
	for (k = 0; k < ALARM_COUNT; k++) {
		if (alarms.text[k])
			say(c, FINDING_WARNING, "%s:%d: %s: alarm %s: %s", s->file, s->directory_sources[i].line, name,
				alarm_word((enum alarm)k), alarms.text[k]);
	}
	if (!alarms.text[ALARM_MIRROR_STALE])
		say(c, FINDING_OK, "%s: %s and %s, %lld s old", name, report_count(c->arena, state.people, "person", "people"),
			report_count(c->arena, state.groups, "group", "groups"), (long long)staleness_age(state.as_of, clock_now()));
}

/* Whether the roles can write, nobody knows here but they. */
static void check_disks(struct check *c)
{
	struct alarms alarms;

	alarms_of_host(c->arena, c->settings, NULL, &alarms);
	if (alarms.text[ALARM_DISK_LOW])
		say(c, FINDING_WARNING, "alarm %s: %s", alarm_word(ALARM_DISK_LOW), alarms.text[ALARM_DISK_LOW]);
}

void check_mirror(struct check *c)
{
	const struct settings *s = c->settings;
	struct mirror *mirror = NULL;
	struct error err;
	size_t i;

	if (!c->stepped_down)           /* that was said */
		return;
	puts("mirror");
	check_disks(c);
	check_rule_limits(c);
	if (mirror_open(settings_mirror_path(c->arena, s), &mirror, &err) < 0) {
		say(c, FINDING_WARNING, "%s", err.detail);
		return;
	}
	for (i = 0; i < s->directory_count; i++)
		check_directory(c, mirror, i);
	check_exceptions(c, mirror);
	mirror_close(mirror);
}
