/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Customer organizations at desks: whoever is in an organization that is
 * attached to a desk is a customer there, and may see what its other members
 * asked for, where they share it.  So one is attached only where a rule names
 * the two together, and nobody gets a desk by it that no rule gives them:
 * everybody who shall be in the organization shall be at the desk, and nobody
 * else is in it.  Where that is so no more, it is taken off again, ahead of who
 * is put into the organization.  Taken off is only what Postern attached.
 */
#include "provision/plan_parts.h"

#include <stdlib.h>

static bool has(const char *const *list, const char *name)
{
	for (; list && *list; list++)
		if (strcmp(*list, name) == 0)
			return true;
	return false;
}

static bool shall_be_attached(const struct side *s, const char *organization, const char *desk)
{
	for (size_t i = 0; i < s->target->attach_count; i++) {
		const struct desired_attachment *one = &s->target->attach[i];

		if (strcmp(one->organization, organization) == 0 && strcmp(one->desk, desk) == 0)
			return true;
	}
	return false;
}

/* Somebody who would get the desk by it alone: why that is; NULL: nobody. */
static const char *would_give(struct planning *p, const struct side *s, const struct desired_attachment *one, const struct world_group *g)
{
	size_t strangers = 0;

	for (size_t i = 0; i < s->want_count; i++)
		if (has(s->wants[i].groups, one->organization) && !has(s->wants[i].desks, one->desk))
			return arena_printf(p->arena, "%s is given the one without the other", s->wants[i].mail);
	for (size_t i = 0; g && i < g->member_count; i++) {
		const struct world_user *u = world_user_by_id(s->world, g->members[i]);
		const struct account_state *state = u ? &s->users[u - s->world->users] : NULL;

		strangers += !state || (state->person == NOBODY && state->record == NOBODY);
	}
	return strangers ? arena_printf(p->arena, "%zu members that nobody here knows would get the desk by it", strangers) : NULL;
}

static const struct world_group *desk_of(const struct side *s, const char *id)
{
	for (size_t i = 0; i < s->world->desk_count; i++)
		if (strcmp(s->world->desks[i].id, id) == 0)
			return &s->world->desks[i];
	return NULL;
}

static bool is_made_now(const struct planning *p, const struct side *s, const char *name)
{
	const struct step_list *list = &p->phases[PHASE_GROUP];

	for (size_t i = 0; i < list->n; i++)
		if (list->steps[i].target == s->number && strcmp(list->steps[i].name, name) == 0)
			return true;
	return false;
}

static void step_of(struct planning *p, const struct side *s, enum phase phase, enum step_kind kind, const struct desired_attachment *one,
	const char *organization_id, const char *why)
{
	struct step *step = plan_step(p, phase, kind, s);

	step->name = one->organization;
	step->desk = one->desk;
	step->group = organization_id;
	step->why = why;
}

static void attach(struct planning *p, const struct side *s, const struct desired_attachment *one)
{
	const struct world_group *organization = world_group_by_name(s->world, one->organization), *desk = desk_of(s, one->desk);
	const char *why_not;

	if (!desk || (organization ? organization->fixed : !is_made_now(p, s, one->organization)))
		return;                 /* that is said where people are put into them */
	if (plan_guards_group(p, one->organization) || plan_guards_group(p, one->desk) ||
		(organization && has(desk->attached, organization->id)))
		return;
	why_not = would_give(p, s, one, organization);
	if (why_not)
		plan_problem(p, PROBLEM_STRANGERS, s->number, NULL,
			arena_printf(p->arena, "%s is not attached to desk %s: %s", one->organization, one->desk, why_not));
	else
		step_of(p, s, PHASE_ADD, STEP_DESK_ATTACH, one, organization ? organization->id : NULL, "a rule names both");
}

/* Who would get the desk by one that is still named: why it is to be taken off all the same; NULL: it is not. */
static const char *gives_too_much(struct planning *p, const struct side *s, const struct desired_attachment *one, const char *organization_id)
{
	const struct world_group *desk = desk_of(s, one->desk);

	return desk && has(desk->attached, organization_id) ? would_give(p, s, one, world_group_by_name(s->world, one->organization)) : NULL;
}

static void detach(struct planning *p, const struct side *s, const struct ledger_group *ours)
{
	const struct world_group *organization;
	struct desired_attachment one;
	const char *too_much;

	if (strcmp(ours->target, s->target->name) != 0 || !ours->id || !ledger_attachment_read(p->arena, ours, &one.desk, &one.organization))
		return;
	organization = world_group_by_name(s->world, one.organization);
	if (plan_guards_group(p, one.organization) || plan_guards_group(p, one.desk) || (organization && organization->fixed))
		return;
	if (!shall_be_attached(s, one.organization, one.desk)) {
		step_of(p, s, PHASE_REMOVE, STEP_DESK_DETACH, &one, ours->id, "attached by Postern, and no rule names both any more");
		return;
	}
	too_much = gives_too_much(p, s, &one, ours->id);
	if (too_much)
		step_of(p, s, PHASE_GROUP, STEP_DESK_DETACH, &one, ours->id, too_much);
}

void plan_attachments(struct planning *p)
{
	for (size_t i = 0; i < p->desired->target_count; i++) {
		const struct side *s = &p->sides[i];

		if (!s->usable || is_scim(s))
			continue;
		for (size_t k = 0; k < s->target->attach_count; k++)
			attach(p, s, &s->target->attach[k]);
		for (size_t k = 0; k < p->ledger->group_count && !p->desired->groups_unsure; k++)
			detach(p, s, &p->ledger->groups[k]);
	}
}
