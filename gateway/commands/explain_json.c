/* SPDX-License-Identifier: GPL-3.0-or-later */
/* An explanation for a program: one JSON object, fields only ever added. */
#include "gateway/commands/explain.h"

#include "base/encode.h"

static void add(json_t *o, const char *key, const char *value)
{
	json_object_set_new(o, key, value ? json_string(value) : json_null());
}

static json_t *group_json(const struct mirror_person *p, size_t i)
{
	const struct mirror_group *g = &p->groups[i];
	json_t *o = json_object();

	add(o, "directory", g->directory);
	add(o, "cn", g->cn);
	add(o, "dn", g->dn);
	add(o, "through", g->through < 0 ? NULL : p->groups[g->through].dn);
	return o;
}

static json_t *person_json(const struct explanation *e)
{
	const struct mirror_person *p = &e->person;
	json_t *o = json_object(), *groups = json_array(), *providers = json_array();
	size_t i;

	add(o, "directory", p->directory);
	add(o, "dn", p->dn);
	add(o, "mail", p->mail);
	add(o, "joined_by", p->joined_by);
	json_object_set_new(o, "age_s", e->age == FACTS_AGE_UNKNOWN ? json_null() : json_integer(e->age));
	add(o, "data", staleness_word(e->staleness));
	for (i = 0; i < p->group_count; i++)
		json_array_append_new(groups, group_json(p, i));
	json_object_set_new(o, "groups", groups);
	for (i = 0; i < e->provider_count; i++)
		json_array_append_new(providers, json_string(e->providers[i]->name));
	json_object_set_new(o, "identity_providers", providers);
	return o;
}

static json_t *trace_json(const struct trace_rule *rules, size_t n)
{
	json_t *list = json_array();
	size_t i, k;

	for (i = 0; i < n; i++) {
		json_t *o = json_object(), *steps = json_array();

		add(o, "name", rules[i].name);
		json_object_set_new(o, "matched", json_boolean(rules[i].matched));
		for (k = 0; k < rules[i].step_count; k++) {
			const struct trace_step *s = &rules[i].steps[k];
			json_t *step = json_object();

			add(step, "test", s->text);
			json_object_set_new(step, "matched", json_boolean(s->matched));
			add(step, "why", s->why && *s->why ? s->why : NULL);
			json_object_set_new(step, "depth", json_integer(s->depth));
			json_array_append_new(steps, step);
		}
		json_object_set_new(o, "steps", steps);
		json_array_append_new(list, o);
	}
	return list;
}

static json_t *account_json(const struct accounts_found *found)
{
	json_t *o = json_object();

	add(o, "kind", judge_account_word(found));
	if (found->answer != ACCOUNTS_NO_INVENTORY)
		json_object_set_new(o, "as_of", json_integer(found->as_of));
	if (found->answer != ACCOUNTS_LISTED)
		return o;
	add(o, "mail", found->account.mail);
	add(o, "status", found->account.status);
	add(o, "at", found->account.at);
	add(o, "other_at", found->other_at);
	json_object_set_new(o, "billed", found->account.billable < 0 ? json_null() : json_boolean(found->account.billable));
	return o;
}

static json_t *attributes_json(const struct explained_door *d)
{
	json_t *o = json_object();
	size_t i, k;

	for (i = 0; i < d->attribute_count; i++) {
		json_t *values = json_array();

		for (k = 0; k < d->attributes[i].n; k++)
			json_array_append_new(values, json_string(d->attributes[i].values[k]));
		json_object_set_new(o, d->attributes[i].name, values);
	}
	return o;
}

static json_t *deciding_json(const struct judgement *j)
{
	struct arena *a = arena_new();
	const char *const *dn = judge_deciding_groups(a, j);
	json_t *list = json_array();

	for (; *dn; dn++)
		json_array_append_new(list, json_string(*dn));
	arena_free(a);
	return list;
}

static json_t *observed_json(const struct observed *o)
{
	json_t *out;

	if (!o->on)
		return json_null();
	out = json_object();
	add(out, "verdict", observed_word(o));
	add(out, "reason", o->reason ? reason_word(o->reason) : NULL);
	add(out, "passage", judge_passage_word(o->passage));
	return out;
}

static json_t *door_json(const struct explained_door *d)
{
	const struct judgement *j = &d->judgement;
	json_t *o = json_object();

	add(o, d->link ? "link" : "door", d->link ? d->link->name : d->connection ? d->connection->name : NULL);
	add(o, "passage", judge_passage_word(j->passage));
	add(o, "reason", d->rc < 0 ? reason_word(d->err.reason) : NULL);
	add(o, "detail", d->rc < 0 ? d->err.detail : NULL);
	add(o, "sentence", d->rc == 0 ? NULL : j->decision.sentence ? j->decision.sentence : reason_sentence(d->err.reason));
	add(o, "ask", d->rc == 0 ? NULL : j->decision.ask);
	add(o, "outcome", outcome_word(j->decision.outcome));
	add(o, "rule", j->decision.rule);
	add(o, "exception", j->decision.exception);
	json_object_set_new(o, "exception_ended", json_boolean(j->decision.exception_ended));
	add(o, "requirement", j->decision.requirement);
	json_object_set_new(o, "guest_denied", json_boolean(j->decision.guest_denied));
	json_object_set_new(o, "stale", json_boolean(j->decision.stale));
	json_object_set_new(o, "observed", observed_json(&j->observed));
	json_object_set_new(o, "groups", deciding_json(j));
	json_object_set_new(o, "rules", trace_json(j->decision.rules, j->decision.rule_count));
	json_object_set_new(o, "require", trace_json(j->decision.requirements, j->decision.requirement_count));
	json_object_set_new(o, "account", account_json(&j->account));
	add(o, "to", d->rc == 0 ? j->to : NULL);
	add(o, "landing", d->rc == 0 ? j->landing : NULL);
	json_object_set_new(o, "attributes", attributes_json(d));
	return o;
}

static bool was_begun(const struct saml_checks *checks, enum saml_check check)
{
	size_t i;

	for (i = 0; i < checks->n && checks->begun[i] != check; i++)
		;
	return i < checks->n;
}

static json_t *check_json(enum saml_check check, const char *result)
{
	json_t *o = json_object();

	add(o, "check", saml_check_word(check));
	add(o, "what", saml_check_what(check));
	add(o, "result", result);
	return o;
}

static json_t *checks_json(const struct explained_response *r)
{
	json_t *list = json_array();
	size_t i;
	int k;

	for (i = 0; i < r->checks.n; i++)
		json_array_append_new(list, check_json(r->checks.begun[i], r->rc < 0 && i + 1 == r->checks.n ? "refused" : "ok"));
	for (k = 0; k < SAML_CHECK_COUNT; k++) {
		if (!was_begun(&r->checks, (enum saml_check)k))
			json_array_append_new(list, check_json((enum saml_check)k,
				r->rc < 0 && (k != SAML_CHECK_DECRYPTION || r->peek.is_encrypted) ? "not-reached" : "not-needed"));
	}
	return list;
}

static json_t *lasso_json(const struct explained_response *r)
{
	const struct saml_opinion *l = &r->lasso;
	json_t *o = json_object();

	add(o, "not_asked", r->lasso_not_asked);
	if (r->lasso_not_asked)
		return o;
	json_object_set_new(o, "accepts", json_boolean(l->accepts));
	add(o, "says", l->says);
	json_object_set_new(o, "fits", l->asked ? json_boolean(l->fits) : json_null());
	add(o, "misfit", l->misfit);
	add(o, "name_id", l->name_id);
	return o;
}

static json_t *response_json(const struct explanation *e)
{
	const struct explained_response *r = e->response;
	json_t *o = json_object();
	char at[21];

	time_write(e->now, at);
	add(o, "provider", e->provider->name);
	add(o, "at", at);
	add(o, "at_is", r->at_says);
	add(o, "in_response_to", r->peek.in_response_to);
	json_object_set_new(o, "encrypted", json_boolean(r->peek.is_encrypted));
	json_object_set_new(o, "accepted", json_boolean(r->rc == 0));
	json_object_set_new(o, "checks", checks_json(r));
	json_object_set_new(o, "lasso", lasso_json(r));
	return o;
}

/* The very text that the audit line of such a sign-on has. */
static json_t *decisions_json(struct arena *a, const struct explanation *e)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < e->door_count; i++) {
		struct slice text = audit_decision(a, &e->doors[i].line);

		json_array_append_new(list, json_loadb(text.p, text.n, 0, NULL));
	}
	return list;
}

void explain_print_json(struct arena *a, const struct explanation *e)
{
	json_t *o = json_object(), *doors = json_array(), *decisions = decisions_json(a, e);
	size_t i;

	add(o, "asked", e->asked);
	if (e->response)
		json_object_set_new(o, "response", response_json(e));
	if (e->audit) {
		json_object_set(o, "audit", e->audit->line);
		json_object_set(o, "recorded", e->audit->recorded);
		json_object_set_new(o, "same", json_boolean(json_equal(e->audit->recorded, json_array_get(decisions, 0))));
	}
	if (e->found < 0) {
		add(o, "reason", reason_word(e->err.reason));
		add(o, "detail", e->err.detail);
	} else {
		json_object_set_new(o, "person", person_json(e));
		for (i = 0; i < e->door_count; i++)
			json_array_append_new(doors, door_json(&e->doors[i]));
	}
	json_object_set_new(o, "doors", doors);
	json_object_set_new(o, "decisions", decisions);
	json_dumpf(o, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(o);
}
