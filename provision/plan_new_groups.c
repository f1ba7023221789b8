/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Licensed groups that Postern makes: a new group gives access to nothing until
 * an administrator adds it to a product, and no interface tells whether one
 * did.  So that is asked for until the inventory shows that the group's people
 * are billed; where none of after the group was made says so, for a day.
 */
#include "provision/ledger_record.h"
#include "provision/plan_groups.h"

/* What the inventory says of the account that a user is linked to, or has the mail of: 1 billed, 0 not, -1 nothing. */
static int is_billed(const struct planning *p, const struct world_user *u)
{
	size_t n;
	const struct pair *found = u->account_id ? index_find(&p->account_ids, u->account_id, &n) : NULL;

	if (!found && u->mail)
		found = index_find(&p->accounts, lower_case(p->arena, u->mail), &n);
	return found ? p->world->accounts[found->value].billable : -1;
}

/*
 * Somebody may be billed by another group or Trello, and somebody not yet: 1 at least as many are as are not, 0 fewer, -1 the inventory
 * says of nobody.
 */
static int most_are_billed(const struct planning *p, const struct side *s, const struct world_group *g)
{
	size_t billed = 0, others = 0;

	for (size_t i = 0; i < g->member_count; i++) {
		const struct world_user *u = world_user_by_id(s->world, g->members[i]);
		int said = u && u->active ? is_billed(p, u) : -1;

		billed += said == 1;
		others += said == 0;
	}
	return billed + others == 0 ? -1 : billed > 0 && billed >= others;
}

static bool is_made_now(const struct planning *p, const struct side *s, const char *name)
{
	const struct step_list *list = &p->phases[PHASE_GROUP];

	for (size_t i = 0; i < list->n; i++)
		if (list->steps[i].kind == STEP_GROUP_CREATE && list->steps[i].target == s->number && strcmp(list->steps[i].name, name) == 0)
			return true;
	return false;
}

/* Whom a rule gives it is in it, or will be. */
static bool is_wanted(const struct planning *p, const struct side *s, const char *name)
{
	for (size_t i = 0; i < s->want_count; i++)
		if (!p->frozen[s->wants[i].person] && plan_is_in(s->wants[i].groups, name))
			return true;
	return false;
}

static bool may_lack_products(const struct planning *p, const struct side *s, const char *name)
{
	const struct world_group *g = world_group_by_name(s->world, name);
	const struct ledger_group *ours = ledger_group_of(p->ledger, s->target->name, name);
	int billed;
	size_t n;

	if (index_find(&p->replacing, name, &n))        /* asked about with the group that it takes the place of */
		return false;
	if (!g)
		return is_made_now(p, s, name);
	if (!ours || plan_guards_group(p, name) || (g->member_count == 0 && !is_wanted(p, s, name)))
		return false;
	billed = p->world->inventory_as_of > ours->since ? most_are_billed(p, s, g) : -1;
	return billed < 0 ? p->now - ours->since < PLAN_GROUP_YOUNG : billed == 0;
}

void plan_new_groups(struct planning *p)
{
	index_sort(&p->replacing);
	for (size_t i = 0; i < p->desired->target_count; i++) {
		const struct side *s = &p->sides[i];

		for (const char *const *name = s->usable && is_scim(s) ? s->target->licensed : NULL; name && *name; name++)
			if (may_lack_products(p, s, *name))
				plan_group_task(p, TASK_GROUP_NEW, s->number, *name,
					arena_printf(p->arena, "give %s the product and role that its people shall have", *name));
	}
}
