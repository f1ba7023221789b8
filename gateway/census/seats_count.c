/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Who is given what, and what Atlassian says beside it: counted for `postern seats`, and for the record of months. */
#include "gateway/census/seats.h"
#include "gateway/report.h"

#include <stdlib.h>

bool seats_can_sign_on(const struct seats_person *p)
{
	return p->refusal == REASON_NONE && p->outcome != OUTCOME_DENY;
}

const char *seats_name_of(const struct seats *s, const struct seats_person *p)
{
	return report_clean(s->census.arena, *p->mail ? p->mail : p->dn);
}

static int count_one(struct arena *one_arena, const struct mirror_one *one, void *context)
{
	struct seats *s = context;
	struct arena *a = s->census.arena;
	struct standing standing;
	struct seats_person *p;

	census_judge(one_arena, &s->census, s->policy, one, &standing);
	s->people = arena_grow(a, s->people, s->people_count, sizeof(*s->people));
	p = &s->people[s->people_count++];
	*p = (struct seats_person){
		.directory = one->person->directory, .dn = arena_strdup(a, one->person->dn),
		.mail = one->person->mail ? arena_strdup(a, one->person->mail) : "",
		.outcome = standing.judgement.decision.outcome, .rule = standing.rule,
		.rule_name = standing.judgement.decision.rule, .refusal = standing.refusal.reason,
		.path = arena_strdup(a, census_path(one_arena, &standing.judgement)),
		.account = judge_account_word(&standing.judgement.account),
	};
	if (p->refusal != REASON_NONE && p->outcome != OUTCOME_DENY)
		p->detail = arena_strdup(a, standing.refusal.detail);
	return 0;
}

/* What costs most first. */
static int place_of(enum outcome o)
{
	return o == OUTCOME_DENY ? OUTCOME_COUNT : (int)o;
}

static int in_order(const void *a, const void *b)
{
	const struct seats_person *x = a, *y = b;
	int d = place_of(x->outcome) - place_of(y->outcome);

	if (d == 0 && x->rule != y->rule)
		d = x->rule < y->rule ? -1 : 1;
	if (d == 0)
		d = strcasecmp(x->mail, y->mail);
	if (d == 0)
		d = strcmp(x->directory, y->directory);
	return d ? d : strcmp(x->dn, y->dn);
}

int seats_count(struct seats *s, const char *export, struct slice csv, int64_t idle, struct error *err)
{
	if (census_each(&s->census, count_one, s, err) < 0)
		return -1;
	if (s->people_count)
		qsort(s->people, s->people_count, sizeof(*s->people), in_order);
	bill_begin(&s->bill, s->census.arena, &s->census.gateway.settings->prices);
	s->idle_after = idle ? idle : s->census.gateway.settings->accounts_idle;
	s->export = export;
	if ((export ? seats_read_export(s, csv, err) : seats_read_inventory(s, err)) < 0)
		return -1;
	seats_reckon(s);
	return 0;
}
