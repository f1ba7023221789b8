/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From identity, person and judgement to the fields of an audit line. */
#include "gateway/decision.h"

static size_t count_values(const struct saml_identity *identity, const char *name)
{
	const struct saml_attribute *attribute = saml_identity_attribute(identity, name);

	return attribute ? attribute->n : 0;
}

void decision_identity(struct arena *a, struct audit_line *line, const struct saml_identity *identity)
{
	size_t groups = count_values(identity, SAML_CLAIM_GROUPS);
	size_t roles = count_values(identity, SAML_CLAIM_ROLE) + count_values(identity, SAML_CLAIM_DIRECTORY_ROLES);

	line->tenant = identity->tenant;
	line->object_id = identity->object_id;
	line->name_id = identity->name_id;
	line->guest = identity->guest ? "yes" : NULL;
	line->mfa = identity->mfa ? "yes" : NULL;
	line->assertion_in = identity->assertion_id;
	/* Groups come from the mirror, whatever Entra sends as groups or as roles; that it sends some, or too many to send, is worth knowing. */
	if (groups || identity->groups_overage)
		line->groups_claim = identity->groups_overage ? "too many to send" : arena_printf(a, "%zu", groups);
	if (roles)
		line->roles_claim = arena_printf(a, "%zu", roles);
}

void decision_person(struct audit_line *line, const struct mirror_person *person)
{
	line->directory = person->directory;
	line->dn = person->dn;
	line->mail = person->mail;
}

/* Whoever reads `outcome` reads what was done: what the rules said and did not get stands apart. */
static void note_rules(struct arena *a, struct audit_line *line, const struct judgement *j)
{
	const struct decision *d = &j->decision;
	struct audit_observed *observed;

	if (!j->observed.overruled) {
		line->outcome = outcome_word(d->outcome);
		line->rule = d->rule;
		line->requirement = d->requirement;
	}
	if (!j->observed.on)
		return;
	observed = arena_alloc(a, sizeof(*observed));
	*observed = (struct audit_observed){
		.verdict = observed_word(&j->observed), .outcome = outcome_word(d->outcome), .rule = d->rule, .requirement = d->requirement,
		.reason = j->observed.reason ? reason_word(j->observed.reason) : NULL, .passage = judge_passage_word(j->observed.passage),
	};
	line->observed = observed;
}

void decision_judgement(struct arena *a, struct audit_line *line, const struct judgement *j)
{
	line->door = j->door ? j->door->name : line->door;
	line->mirror_age = j->facts.age == FACTS_AGE_UNKNOWN ? -1 : j->facts.age;
	line->stale = j->staleness == STALE_FRESH ? NULL : staleness_word(j->staleness);
	note_rules(a, line, j);
	line->groups = judge_deciding_groups(a, j);
	line->account = judge_account_word(&j->account);
	line->passage = judge_passage_word(j->passage);
	line->to = j->landing ? j->landing : j->to;
}

const struct saml_refusal *decision_refusal(struct arena *a, struct audit_line *line, const struct error *err)
{
	struct saml_refusal *r;

	line->event = "refusal";
	line->reason = reason_word(err->reason);
	line->detail = arena_strdup(a, err->detail);
	if (err->reason != REASON_STATUS_NOT_SUCCESS)
		return NULL;
	r = arena_alloc(a, sizeof(*r));
	saml_refusal_read(err->detail, r);
	line->provider_code = *r->code ? arena_printf(a, "AADSTS%s", r->code) : NULL;
	line->provider_trace = *r->trace ? r->trace : NULL;
	return r;
}

const char *decision_event(const struct judgement *j)
{
	return j->passage == PASSAGE_ASSERT ? "assertion" : "redirect";
}
