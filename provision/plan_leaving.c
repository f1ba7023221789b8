/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Accounts that nobody wants any more.  Who is in the directory and denied
 * leaves the groups at once; who is not in it at all stays as they were until
 * the grace time is over: they may be back tomorrow, and cannot sign on
 * meanwhile.  While a directory was not heard of for too long, nobody is taken
 * to be gone, nor is whoever it has under that mail without telling who it is.
 * Only accounts of ours are ever switched off, and of these no SCIM user that
 * the way back took off its account: nobody knows whether that would still
 * reach the account, which is to stay as it is.
 */
#include "provision/ledger_record.h"
#include "provision/plan_parts.h"

static bool is_due(const struct planning *p, const struct ledger_person *record)
{
	if (p->limits->grace <= 0)
		return true;
	return record->unwanted_since > 0 && p->now - record->unwanted_since >= p->limits->grace;
}

static const char *why_leaves(const struct planning *p, const struct account_state *state)
{
	const struct desired_person *person;

	if (state->person == NOBODY)
		return "not in the directory any more";
	person = person_of(p, state->person);
	if (person->disabled)
		return "switched off in the directory";
	return person->why ? person->why : "no rule gives it";
}

static void switch_off(struct planning *p, struct side *s, uint32_t n)
{
	const struct world_user *u = &s->world->users[n];
	struct step *step = plan_step(p, PHASE_DEACTIVATE, is_scim(s) ? STEP_USER_DEACTIVATE : STEP_CUSTOMER_REVOKE, s);

	step->person = p->ledger->people[s->users[n].record].person;
	step->user = u->id;
	step->account_id = u->account_id;
	step->before.mail = u->mail;
	step->why = why_leaves(p, &s->users[n]);
	s->users[n].active_after = false;
	s->users[n].loses = true;
	s->count.deactivated++;
}

static bool has_mail_of(const struct planning *p, const struct index *mails, const struct side *s, uint32_t n)
{
	const struct world_user *u = &s->world->users[n];
	const char *const its[] = {u->mail, u->user_name, p->ledger->people[s->users[n].record].mail};
	size_t count;

	for (size_t i = 0; mails->n && i < sizeof(its) / sizeof(*its); i++)
		if (its[i] && index_find(mails, lower_case(p->arena, its[i]), &count))
			return true;
	return false;
}

/*
 * Somebody was deleted in the directory and made anew, under another id: until
 * a human has said whether the account is theirs, it is not switched off.
 */
static void know_asked(struct planning *p)
{
	for (uint32_t i = 0; i < p->desired->count; i++)
		if (p->frozen[i] && person_of(p, i)->mail)
			index_add(p->arena, &p->asked, lower_case(p->arena, person_of(p, i)->mail), i);
	index_sort(&p->asked);
}

/* Memberships of who is held, protected or in grace stay; the others' are plan_groups.c's to take. */
static void look_at(struct planning *p, struct side *s, uint32_t n)
{
	struct account_state *state = &s->users[n];
	const struct ledger_person *record = state->record == NOBODY ? NULL : &p->ledger->people[state->record];
	bool gone = state->person == NOBODY;

	if ((!gone && p->frozen[state->person]) || state->guarded) {
		state->stays = true;
		return;
	}
	if (state->wanted || !record)
		return;
	if (!gone && strcmp(record->person, person_of(p, state->person)->id) != 0) {
		state->stays = true;    /* the ledger's person is not the externalId's */
		return;
	}
	if (gone && (p->desired->stale || has_mail_of(p, &p->nameless, s, n) || has_mail_of(p, &p->asked, s, n))) {
		state->stays = true;
		s->count.waiting++;
		return;
	}
	if (!is_due(p, record)) {
		s->count.waiting++;
		state->stays = gone;
	} else if (has_mail_of(p, &p->asked, s, n)) {
		s->count.waiting++;
	} else if (s->world->users[n].active && !s->world->users[n].atlassian && !state->unlinked) {
		switch_off(p, s, n);
	}
}

void plan_leaving(struct planning *p)
{
	know_asked(p);
	for (size_t i = 0; i < p->desired->target_count; i++)
		for (uint32_t n = 0; p->sides[i].usable && n < p->sides[i].world->user_count; n++)
			look_at(p, &p->sides[i], n);
}
