/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is told of each change, person by person, to whoever keeps a record of them. */
#include "provision/apply_parts.h"

static bool is_among(const char *const *list, const char *id)
{
	for (; list && *list; list++)
		if (strcmp(*list, id) == 0)
			return true;
	return false;
}

static int record_members(struct applying *w, const struct apply_change *all, const struct ready *ready, const struct step_result *r)
{
	struct error not_taken;

	error_set(&not_taken, REASON_PROVISION_STEP, "the call was done, but not for this person");
	for (size_t i = 0; i < ready->step.member_count; i++) {
		struct apply_change c = *all;

		c.person = ready->people[i];
		c.user = ready->step.members[i];
		c.account_id = apply_account_of(w, c.step->target, c.user);
		if (c.event == APPLY_DONE && is_among(r->failed, c.user)) {
			c.event = APPLY_FAILED;
			c.failure = &not_taken;
		}
		if (w->options->record(&c, w->options->context, w->err) < 0)
			return -1;
	}
	return 0;
}

int apply_record(struct applying *w, enum apply_event event, const struct step *planned, const struct ready *ready,
	const struct step_result *r, const struct error *failure)
{
	struct apply_change c = {
		.event = event, .plan = w->options->given ? w->options->given->id : w->plan->id, .step = planned, .person = planned->person,
		.user = planned->user, .account_id = planned->account_id, .status = r->status, .failure = failure,
	};

	if (!w->options->record)
		return 0;
	if (planned->member_count > 0)
		return record_members(w, &c, ready, r);
	if (!c.user && planned->person)
		c.user = r->id;
	if (!c.account_id)
		c.account_id = r->account_id ? r->account_id : apply_account_of(w, planned->target, c.user);
	return w->options->record(&c, w->options->context, w->err);
}
