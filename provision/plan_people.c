/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Steps of people who shall have an account: adopt, update, make, activate. */
#include "provision/plan_parts.h"

#include <stdlib.h>

static struct step *step_of(struct planning *p, enum phase phase, enum step_kind kind, const struct side *s, const struct want *w)
{
	struct step *step = plan_step(p, phase, kind, s);
	const struct desired_person *person = person_of(p, w->person);

	step->person = person->id;
	step->why = person->why ? person->why : person->rule;
	if (w->user != NOBODY) {
		step->user = s->world->users[w->user].id;
		step->account_id = s->world->users[w->user].account_id;
	}
	return step;
}

/* ---- updates ---- */

static void differ(const char *wanted, const char *now, const char **field, const char **before, size_t *count)
{
	if (!wanted || (now && strcmp(wanted, now) == 0))
		return;
	*field = wanted;
	*before = now;
	(*count)++;
}

/* Fields that the directory does not know stay as they are. */
static size_t compare(const struct desired_person *d, const struct world_user *u, const struct want *w, struct step *step)
{
	struct step_fields *f = &step->fields, *b = &step->before;
	size_t count = 0;

	if (!u->external_id || strcasecmp(u->external_id, d->id) != 0)
		differ(d->id, u->external_id, &f->external_id, &b->external_id, &count);
	if (w->changes_mail)
		differ(d->mail, u->mail, &f->mail, &b->mail, &count);
	differ(d->display_name, u->display_name, &f->display_name, &b->display_name, &count);
	differ(d->given_name, u->given_name, &f->given_name, &b->given_name, &count);
	differ(d->family_name, u->family_name, &f->family_name, &b->family_name, &count);
	differ(d->title, u->title, &f->title, &b->title, &count);
	differ(d->department, u->department, &f->department, &b->department, &count);
	return count;
}

static void update(struct planning *p, struct side *s, const struct want *w)
{
	struct step draft = {0}, *step;

	if (!compare(person_of(p, w->person), &s->world->users[w->user], w, &draft))
		return;
	step = step_of(p, PHASE_UPDATE, STEP_USER_UPDATE, s, w);
	step->fields = draft.fields;
	step->before = draft.before;
	s->count.updated++;
}

/*
 * Mails that go round in a circle (two people swap theirs): one of them has
 * another mail in between, which nobody has and which says what it is.
 */
static void step_aside(struct planning *p, struct side *s, const struct want *w)
{
	struct step *step = step_of(p, PHASE_UPDATE, STEP_USER_UPDATE, s, w);
	const char *at = strrchr(w->mail, '@');

	step->fields.mail = arena_printf(p->arena, "postern-swap-%s%s", step->user, at ? at : "");
	step->before.mail = s->world->users[w->user].mail;
	s->count.updated++;
}

enum visit { VISIT_NOT, VISIT_UNDERWAY, VISIT_DONE };

static bool updates(const struct planning *p, const struct side *s, const struct want *w)
{
	return is_scim(s) && w->user != NOBODY && !w->relinks && !p->frozen[w->person] && !s->users[w->user].guarded;
}

/* Whoever has a mail that another one gets is updated first. */
static void update_in_order(struct planning *p, struct side *s, uint32_t first, uint32_t *chain)
{
	size_t n = 0;
	uint32_t next = first;

	while (next != NOBODY && s->wants[next].visit == VISIT_NOT) {
		struct want *w = &s->wants[next];

		w->visit = VISIT_UNDERWAY;
		chain[n++] = next;
		next = w->waits_for == NOBODY ? NOBODY : s->want_of_user[w->waits_for];
	}
	if (next != NOBODY && s->wants[next].visit == VISIT_UNDERWAY)
		step_aside(p, s, &s->wants[next]);
	while (n > 0) {
		struct want *w = &s->wants[chain[--n]];

		w->visit = VISIT_DONE;
		if (updates(p, s, w))
			update(p, s, w);
	}
}

/* ---- the others ---- */

static void adopt(struct planning *p, struct side *s, const struct want *w)
{
	struct step *step = step_of(p, PHASE_ADOPT, STEP_ADOPT, s, w);
	uint32_t record = s->users[w->user].record;

	step->fields.mail = s->world->users[w->user].mail;
	if (record != NOBODY)
		step->before.external_id = p->ledger->people[record].person;
	s->count.adopted++;
}

static const char *name_of(struct planning *p, const struct desired_person *d)
{
	const char *at = strchr(d->mail, '@');

	if (d->display_name && *d->display_name)
		return d->display_name;
	return arena_copy(p->arena, slice_of(d->mail, at ? (size_t)(at - d->mail) : strlen(d->mail)));
}

static void make(struct planning *p, struct side *s, const struct want *w)
{
	const struct desired_person *d = person_of(p, w->person);
	struct step *step = step_of(p, PHASE_CREATE, is_scim(s) ? STEP_USER_CREATE : STEP_CUSTOMER_CREATE, s, w);

	step->fields.mail = d->mail;
	step->fields.display_name = name_of(p, d);
	if (is_scim(s)) {
		step->fields.external_id = d->id;
		step->fields.given_name = d->given_name;
		step->fields.family_name = d->family_name;
		step->fields.title = d->title;
		step->fields.department = d->department;
	}
	s->count.created++;
}

static void activate(struct planning *p, struct side *s, const struct want *w)
{
	if (s->world->users[w->user].active)
		return;
	if (!is_scim(s)) {
		plan_task(p, TASK_PORTAL_RETURN, s->number, person_of(p, w->person),
			arena_printf(p->arena, "%s shall have access again that was revoked", w->mail));
		return;
	}
	step_of(p, PHASE_ACTIVATE, STEP_USER_ACTIVATE, s, w);
	s->users[w->user].active_after = true;
	s->count.activated++;
}

/*
 * A SCIM user that is made is linked to the account of its mail; one that was
 * unlinked is not known to be linked by anything.  So it is deleted, which
 * reaches no account, and made anew.
 */
static void relink(struct planning *p, struct side *s, struct want *w)
{
	struct account_state *old = &s->users[w->user];
	struct step *step = step_of(p, PHASE_UPDATE, STEP_USER_DELETE, s, w);

	step->account_id = NULL;        /* none is to be activated again */
	step->before.mail = s->world->users[w->user].mail;
	step->why = "the way back took it off the account: made anew, it is linked";
	old->stays = true;
	old->active_after = false;
	s->want_of_user[w->user] = NOBODY;
	w->user = NOBODY;
	make(p, s, w);
}

void plan_people(struct planning *p)
{
	for (size_t i = 0; i < p->desired->target_count; i++) {
		struct side *s = &p->sides[i];
		uint32_t *chain = arena_alloc(p->arena, (s->want_count + 1) * sizeof(*chain));

		for (uint32_t n = 0; s->usable && n < s->want_count; n++) {
			struct want *w = &s->wants[n];

			if (p->frozen[w->person])
				continue;
			update_in_order(p, s, n, chain);
			if (w->relinks && !s->users[w->user].guarded) {
				relink(p, s, w);
			} else if (w->user == NOBODY) {
				make(p, s, w);
			} else if (!s->users[w->user].guarded) {
				if (w->adopts)
					adopt(p, s, w);
				activate(p, s, w);
			}
		}
	}
}
