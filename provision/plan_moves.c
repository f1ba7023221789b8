/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Groups that are left for others: a group of another name is a new one, which
 * has none of the products that an administrator gave to the old one.
 */
#include "provision/plan_groups.h"

/* ---- groups that others take the place of ---- */

/* Members of a group who go to another of which nobody knows yet whether it gives them the same. */
struct movers {
	uint32_t *wants;
	size_t n;
	const char **to;                /* the other groups, each once */
	size_t to_count;
};

/*
 * Atlassian ties products to groups, and an administrator gives them there by hand.  A group that is older than the one that is left
 * was given its own.  Where that one is still named people come and go all the time, so only what was made just now is doubted.
 */
static bool may_lack_products(const struct work *w, const struct group_work *left, const char *name, bool named)
{
	const char *target = w->side->target->name;
	const struct ledger_group *old = ledger_group_of(w->p->ledger, target, left->name), *new = ledger_group_of(w->p->ledger, target, name);

	if (!world_group_by_name(w->side->world, name))
		return true;
	if (old && new && new->since < old->since)
		return false;
	return !named || (new && w->p->now - new->since < PLAN_GROUP_YOUNG);
}

/* Whoever becomes a customer, or licensed, leaves the groups of what they were. */
static bool goes_on_alike(const struct work *w, const struct group_work *g, const struct want *want, bool named)
{
	return !named || g->licensed == (person_of(w->p, want->person)->kind == DESIRED_LICENSED);
}

/* What a rule asks for beyond that is told elsewhere, and nobody waits for it. */
static bool is_given(const struct work *w, const struct want *want, const char *name)
{
	const struct target *t = w->side->target;

	return plan_is_in(t->groups, name) && (person_of(w->p, want->person)->kind == DESIRED_LICENSED || !plan_is_in(t->licensed, name));
}

static void add_once(struct arena *a, struct movers *m, const char *name)
{
	for (size_t i = 0; i < m->to_count; i++)
		if (strcmp(m->to[i], name) == 0)
			return;
	m->to = arena_grow(a, m->to, m->to_count, sizeof(*m->to));
	m->to[m->to_count++] = name;
}

static bool goes_to_new(struct work *w, const struct group_work *g, const struct want *want, bool named, struct movers *m)
{
	bool goes = false;

	for (const char *const *name = want->groups; goes_on_alike(w, g, want, named) && name && *name; name++) {
		if (!is_given(w, want, *name) || !may_lack_products(w, g, *name, named))
			continue;
		goes = true;
		add_once(w->p->arena, m, *name);
	}
	return goes;
}

/* That which is yet to be made has no product, whatever somebody says. */
static bool is_confirmed(const struct work *w, const struct group_work *g, const struct movers *m)
{
	const char *confirmed = w->p->limits->confirmed_group;

	for (size_t i = 0; i < m->to_count; i++)
		if (!world_group_by_name(w->side->world, m->to[i]))
			return false;
	return confirmed && strcmp(confirmed, g->name) == 0;
}

/* Of the members who are not wanted in the group those who wait for somebody to say so. */
static struct movers find_movers(struct work *w, const struct group_work *g, bool named)
{
	struct movers m = {.wants = arena_alloc(w->p->arena, (g->group->member_count + g->filled + 1) * sizeof(*m.wants))};
	struct side *s = w->side;
	uint32_t wanted = plan_mark_members(w, g);

	for (size_t i = 0; i < g->group->member_count; i++) {
		uint32_t n = plan_user_number(s, g->group->members[i]), want = n == NOBODY ? NOBODY : s->want_of_user[n];

		if (want == NOBODY || s->users[n].mark >= wanted || s->users[n].stays || s->users[n].guarded)
			continue;
		if (goes_to_new(w, g, &s->wants[want], named, &m))
			m.wants[m.n++] = want;
	}
	for (size_t i = 0; i < m.to_count; i++)
		index_add(w->p->arena, &w->p->replacing, m.to[i], 0);
	if (is_confirmed(w, g, &m))
		m.n = 0;
	return m;
}

static void ask_for_products(struct work *w, const struct group_work *g, const struct movers *m)
{
	struct arena *a = w->p->arena;
	const char *names;

	if (m->n == 0)
		return;
	names = m->to[0];
	for (size_t i = 1; i < m->to_count; i++)
		names = arena_printf(a, "%s, %s", names, m->to[i]);
	plan_group_task(w->p, TASK_GROUP_PRODUCTS, w->side->number, g->name,
		arena_printf(a, "give %s what %s gives access to; %zu %s in %s until then", names, g->name, m->n,
			m->n == 1 ? "person stays" : "people stay", g->name));
}

/* Takes out who is not wanted, but for those who go to a group that may give them less: *m. */
static void remove_others(struct work *w, const struct group_work *g, const struct movers *m)
{
	struct group_work kept = *g;

	if (g->filled > 0)
		memcpy(&m->wants[m->n], g->wanted, g->filled * sizeof(*m->wants));
	kept.wanted = m->wants;
	kept.filled = m->n + g->filled;
	plan_remove_members(w, &kept);
}

void plan_leave_group(struct work *w, const struct group_work *g)
{
	struct movers m;

	if (!is_scim(w->side) || !g->group || plan_guards_group(w->p, g->name)) {
		plan_remove_members(w, g);
		return;
	}
	m = find_movers(w, g, true);
	ask_for_products(w, g, &m);
	remove_others(w, g, &m);
}

/* ---- groups of ours that nothing names any more ---- */

static bool somebody_stays(const struct side *s, const struct world_group *g)
{
	for (size_t i = 0; i < g->member_count; i++) {
		uint32_t n = plan_user_number(s, g->members[i]);

		if (n == NOBODY || plan_is_stranger(&s->users[n]) || s->users[n].stays || s->users[n].guarded)
			return true;
	}
	return false;
}

static void delete_group(struct planning *p, struct side *s, const struct world_group *g)
{
	struct step *step;

	for (size_t i = 0; i < g->member_count; i++) {
		s->users[plan_user_number(s, g->members[i])].loses = true;
		s->count.removed++;
	}
	step = plan_step(p, PHASE_DELETE, STEP_GROUP_DELETE, s);
	step->name = g->name;
	step->group = g->id;
	step->why = "made by Postern, and no rule, mark or setting names it any more";
}

/* Where it has to be kept, those leave it at least whom nothing keeps there. */
static void give_up_group(struct planning *p, struct side *s, const struct world_group *g)
{
	struct work w = {.p = p, .side = s, .form = &plan_scim_form};
	const struct group_work gw = {.name = g->name, .group = g};
	struct movers m = find_movers(&w, &gw, false);
	bool kept = somebody_stays(s, g);

	if (!kept && m.n == 0) {
		delete_group(p, s, g);
		return;
	}
	if (kept)
		plan_problem(p, PROBLEM_GROUP_KEPT, s->number, NULL, arena_printf(p->arena,
			"%s is not named any more, but somebody is in it who stays: it is kept", g->name));
	ask_for_products(&w, &gw, &m);
	remove_others(&w, &gw, &m);
}

void plan_deletions(struct planning *p)
{
	for (size_t i = 0; i < p->ledger->group_count && !p->desired->groups_unsure; i++) {
		const struct ledger_group *ours = &p->ledger->groups[i];

		for (size_t k = 0; k < p->desired->target_count; k++) {
			struct side *s = &p->sides[k];
			const struct world_group *g;

			if (!s->usable || !is_scim(s) || strcmp(ours->target, s->target->name) != 0 || plan_is_in(s->target->groups, ours->name))
				continue;
			g = world_group_by_name(s->world, ours->name);
			if (g && ours->id && strcmp(g->id, ours->id) == 0 && !plan_guards_group(p, g->name))
				give_up_group(p, s, g);
		}
	}
}
