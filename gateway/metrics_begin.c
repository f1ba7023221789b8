/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Counters that are there before anything was counted, as 0: whoever looks at
 * the growth of a counter does not see the first one of a counter that comes
 * with it, and a first death or a first refused reload is what they wait for.
 */
#include "gateway/metrics.h"

#include "gateway/settings/settings.h"
#include "policies/policies.h"
#include "provision/step.h"

static void begin_door(struct metrics *m, const struct settings_connection *door)
{
	const char *const *provider;

	for (provider = door->providers; provider && *provider; provider++)
		metrics_zero(m, METRIC_STARTS, door->name, *provider, NULL);
	metrics_zero(m, METRIC_AGAIN, door->name, "replay", NULL);
	metrics_zero(m, METRIC_AGAIN, door->name, "elsewhere", NULL);
	if (door->kind == DOOR_PORTAL) {
		metrics_zero(m, METRIC_SIGN_ONS, door->name, outcome_word(OUTCOME_PORTAL), "assertion", "", NULL);
		return;
	}
	metrics_zero(m, METRIC_SIGN_ONS, door->name, outcome_word(OUTCOME_LICENSED), "assertion", "", NULL);
	metrics_zero(m, METRIC_SIGN_ONS, door->name, outcome_word(OUTCOME_CUSTOMER), "assertion", "", NULL);
}

/* Who waits for the first failure or the first 429 of a place. */
static void begin_accounts(struct metrics *m, const struct settings *s)
{
	static const char *const results[] = {"none", "2xx", "3xx", "4xx", "429", "5xx"};

	metrics_zero(m, METRIC_ACCOUNT_STOPS, NULL);
	for (size_t i = 0; i < s->connection_count; i++) {
		if (!s->connections[i].accounts)
			continue;
		for (size_t k = 0; k < sizeof(results) / sizeof(*results); k++)
			metrics_zero(m, METRIC_ATLASSIAN_REQUESTS, s->connections[i].name, results[k], NULL);
		for (int kind = 0; kind < STEP_KINDS; kind++)
			metrics_zero(m, METRIC_ACCOUNT_STEPS, s->connections[i].name, step_kind_word((enum step_kind)kind), "failed", NULL);
	}
}

void metrics_begin(struct metrics *m, const struct settings *s)
{
	static const char *const roles[] = {"worker", "keys", "mirror", "refresh", "rules", "metrics", "provision", "scim"};
	static const char *const steps[] = {"start", "read", "person", "decide", "write", "audit", "total"};
	static const char *const lines[] = {"written", "failed", "left-out"};
	static const char *const results[] = {"taken", "refused"};
	static const char *const limits[] = {"requests", "failures", "sign_ons", "connections"};
	size_t i;

	for (i = 0; i < sizeof(roles) / sizeof(*roles); i++)
		metrics_zero(m, METRIC_RESTARTS, roles[i], NULL);
	for (i = 0; i < sizeof(steps) / sizeof(*steps); i++)
		metrics_zero(m, METRIC_STEPS, steps[i], NULL);
	for (i = 0; i < sizeof(lines) / sizeof(*lines); i++)
		metrics_zero(m, METRIC_AUDIT_LINES, lines[i], NULL);
	for (i = 0; i < sizeof(results) / sizeof(*results); i++) {
		metrics_zero(m, METRIC_RELOADS, results[i], NULL);
		metrics_zero(m, METRIC_UPGRADES, results[i], NULL);
	}
	for (i = 0; i < sizeof(limits) / sizeof(*limits); i++)
		metrics_zero(m, METRIC_LIMITED, limits[i], NULL);
	for (i = REASON_NONE + 1; i < REASON_COUNT; i++)
		metrics_zero(m, METRIC_REFUSALS, reason_word((enum reason)i), NULL);
	for (i = 0; i < s->connection_count; i++)
		begin_door(m, &s->connections[i]);
	if (s->provision != PROVISION_OFF)
		begin_accounts(m, s);
}
