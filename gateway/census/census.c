/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Everybody of the mirror, judged: see census.h. */
#include "gateway/census/census.h"

#include "base/clock.h"
#include "base/encode.h"
#include "base/text.h"
#include "gateway/report.h"
#include "gateway/settings/domains.h"

/* ---- opening ---- */

static int count_people(struct census *c, struct error *err)
{
	const struct settings *s = c->gateway.settings;
	struct mirror_state *states = arena_alloc(c->arena, (s->directory_count + 1) * sizeof(*states));

	for (size_t i = 0; i < s->directory_count; i++) {
		if (mirror_state(c->arena, c->gateway.mirror, s->directories[i].name, &states[i], err) < 0)
			return -1;
		c->people += states[i].people;
	}
	c->states = states;
	return 0;
}

int census_begin(struct arena *a, const char *command, const struct settings *settings, struct census *out, struct error *err)
{
	struct census c = {.command = command, .arena = a, .gateway = {.arena = a, .settings = settings}, .now = clock_now()};
	struct progress progress;
	struct mirror *copy = NULL;
	int rc;

	progress_begin(&progress, "copying the mirror", 0);
	rc = mirror_open_copy(settings_mirror_path(a, settings), settings->state_dir, &copy, err);
	progress_end(&progress);
	if (rc < 0)
		return -1;
	c.gateway.mirror = copy;
	gateway_open_stores(&c.gateway);
	if (count_people(&c, err) < 0) {
		gateway_close(&c.gateway);
		return -1;
	}
	*out = c;
	return 0;
}

void census_end_judging(struct census *c)
{
	mirror_close(c->gateway.mirror);
	c->gateway.mirror = NULL;
}

void census_close(struct census *c)
{
	gateway_close(&c->gateway);
}

/* ---- everybody ---- */

#define ALIVE_EVERY 500                 /* people */

struct walk {
	const struct census *census;
	int (*each)(struct arena *one_arena, const struct mirror_one *one, void *context);
	void *context;
	struct progress progress;
	size_t n;
};

static int step(struct arena *one_arena, const struct mirror_one *one, void *context)
{
	struct walk *w = context;

	progress_at(&w->progress, ++w->n);
	if (w->census->alive && w->n % ALIVE_EVERY == 0)
		(void)w->census->alive(w->census->alive_context);
	return w->each(one_arena, one, w->context);
}

int census_each(struct census *c, int (*each)(struct arena *one_arena, const struct mirror_one *one, void *context), void *context,
	struct error *err)
{
	const struct settings *s = c->gateway.settings;
	struct walk w = {.census = c, .each = each, .context = context};
	int rc;

	progress_begin(&w.progress, "judging people", c->people);
	rc = mirror_each(c->gateway.mirror, s->directories, s->directory_count, step, &w, err);
	progress_end(&w.progress);
	return rc;
}

/* ---- one person ---- */

static int require_provider(struct arena *a, const struct settings *s, const struct mirror_person *person, struct error *err)
{
	const struct settings_provider *const *providers;

	if (!s->provider_count || !person->mail || providers_of_person(a, s, person->directory, person->mail, &providers))
		return 0;
	return error_set(err, REASON_FOREIGN_DOMAIN, "no identity provider of %s has the domain of %.260s", person->directory,
		person->mail);
}

static size_t place_of_rule(const struct policy *policy, const struct decision *d)
{
	if (d->exception && !d->exception_ended)
		return policy->rule_count + 1;
	for (size_t i = 0; d->rule && i < policy->rule_count; i++) {
		if (strcmp(policy->rules[i].name, d->rule) == 0)
			return i;
	}
	return policy->rule_count;
}

void census_judge(struct arena *one_arena, const struct census *c, const struct policy *policy, const struct mirror_one *one,
	struct standing *out)
{
	const struct settings *s = c->gateway.settings;
	struct error by_rules = {.reason = REASON_NONE};
	bool denied;

	*out = (struct standing){.rule = 0};
	judge_standing(one_arena, &c->gateway, policy, one->person, c->now, TRACE_NO, &out->judgement, &by_rules);
	out->rule = place_of_rule(policy, &out->judgement.decision);
	/* in the order of a sign-on; but whom the rules give nothing needs no other reason */
	denied = out->judgement.decision.outcome == OUTCOME_DENY;
	if (!denied && one->refusal->reason != REASON_NONE)
		out->refusal = *one->refusal;
	else if (denied || require_provider(one_arena, s, one->person, &out->refusal) == 0)
		out->refusal = by_rules;
}

/* ---- groups in words ---- */

static void add_group(struct text *t, const char *directory, const char *cn, bool cn_shared, const char *dn)
{
	if (cn && !cn_shared) {
		text_add_c(t, directory);
		text_add_c(t, ":");
		text_add_c(t, cn);
	} else {
		text_add_c(t, dn);
	}
}

const char *census_path(struct arena *a, const struct judgement *j)
{
	const struct fact_group *groups = j->facts.groups, *g;
	const struct decision *d = &j->decision;
	struct text t;
	size_t i;

	text_begin(&t, a, 64);
	for (i = 0; i < d->group_count; i++) {
		g = &groups[d->groups[i]];
		if (i)
			text_add_c(&t, groups[d->groups[i - 1]].through == d->groups[i] ? " through " : " and ");
		add_group(&t, g->directory, g->cn, g->cn_shared, g->dn);
	}
	return t.n ? t.p : "";
}

const char *census_group_path(struct arena *a, const struct mirror_person *person, size_t group)
{
	const struct mirror_group *g = &person->groups[group];
	struct text t;

	text_begin(&t, a, 64);
	for (;;) {
		add_group(&t, g->directory, g->cn, g->cn_shared, g->dn);
		if (g->through < 0)
			return t.p;
		text_add_c(&t, " through ");
		g = &person->groups[g->through];
	}
}
