/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Who is in which group, customer organization or desk.  First all that is
 * added, then all that is taken away: who could not be given everything keeps
 * what they have.
 */
#include "provision/plan_groups.h"

#include "base/builtin_groups.h"
#include "base/text.h"

#include <stdlib.h>

const struct form plan_scim_form = {STEP_MEMBERS_ADD, STEP_MEMBERS_REMOVE, STEP_GROUP_CREATE, false};
static const struct form organization_form = {STEP_ORGANIZATION_ADD, STEP_ORGANIZATION_REMOVE, STEP_ORGANIZATION_CREATE, false};
static const struct form desk_form = {STEP_DESK_ADD, STEP_DESK_REMOVE, STEP_KINDS, true};

bool plan_is_in(const char *const *list, const char *name)
{
	for (; list && *list; list++)
		if (strcmp(*list, name) == 0)
			return true;
	return false;
}

/* ---- who is wanted where ---- */

static int desk_order(const void *key, const void *element)
{
	return strcmp(key, ((const struct world_group *)element)->id);
}

static const struct world_group *find_group(const struct work *w, const char *name)
{
	const struct world_target *t = w->side->world;

	if (!w->form->desks)
		return world_group_by_name(t, name);
	return t->desk_count == 0 ? NULL : bsearch(name, t->desks, t->desk_count, sizeof(*t->desks), desk_order);
}

static int name_order(const void *a, const void *b)
{
	return strcmp(((const struct group_work *)a)->name, ((const struct group_work *)b)->name);
}

static void list_groups(struct work *w, const char *const *names)
{
	for (; names && *names; names++) {
		w->groups = arena_grow(w->p->arena, w->groups, w->n, sizeof(*w->groups));
		w->groups[w->n++] = (struct group_work){.name = *names, .group = find_group(w, *names),
			.licensed = !w->form->desks && plan_is_in(w->side->target->licensed, *names)};
	}
	if (w->n > 1)
		qsort(w->groups, w->n, sizeof(*w->groups), name_order);
}

static struct group_work *group_named(struct work *w, const char *name)
{
	const struct group_work key = {.name = name};

	return w->n == 0 ? NULL : bsearch(&key, w->groups, w->n, sizeof(*w->groups), name_order);
}

static void gather(struct work *w, void (*take)(struct work *w, uint32_t want, const char *name))
{
	for (uint32_t i = 0; i < w->side->want_count; i++) {
		const struct want *want = &w->side->wants[i];

		if (w->p->frozen[want->person])
			continue;
		for (const char *const *name = w->form->desks ? want->desks : want->groups; name && *name; name++)
			take(w, i, *name);
	}
}

static void count_want(struct work *w, uint32_t n, const char *name)
{
	struct want *want = &w->side->wants[n];
	const struct desired_person *person = person_of(w->p, want->person);
	struct group_work *g = group_named(w, name);

	if (!g)
		plan_problem(w->p, PROBLEM_GROUP_UNKNOWN, w->side->number, person->id,
			arena_printf(w->p->arena, "%s is not among the groups of this target", name));
	else if (g->licensed && person->kind != DESIRED_LICENSED)
		plan_problem(w->p, PROBLEM_CUSTOMER_LICENSED, w->side->number, person->id,
			arena_printf(w->p->arena, "%s gives access to a product, which a customer never gets", name));
	else
		g->count++;
}

static void fill_want(struct work *w, uint32_t n, const char *name)
{
	struct group_work *g = group_named(w, name);

	if (!g || (g->licensed && person_of(w->p, w->side->wants[n].person)->kind != DESIRED_LICENSED))
		return;
	if (!g->wanted)
		g->wanted = arena_alloc(w->p->arena, g->count * sizeof(*g->wanted));
	g->wanted[g->filled++] = n;
}

/* ---- steps ---- */

/* Members of one kind of change of one group, in batches. */
struct batch {
	struct work *w;
	const struct group_work *group;
	enum phase phase;
	enum step_kind kind;
	const char **people, **users;   /* of the batch */
	const char *rule;
	bool rules_differ;
	size_t n;
};

static void end_batch(struct batch *b)
{
	struct step *step;

	if (b->n == 0)
		return;
	step = plan_step(b->w->p, b->phase, b->kind, b->w->side);
	step->name = b->group->name;
	step->group = b->group->group ? b->group->group->id : NULL;
	step->members = b->people;
	step->member_users = b->users;
	step->member_count = b->n;
	step->why = b->rule && !b->rules_differ ?
		arena_printf(b->w->p->arena, "%zu %s by rule %s", b->n, b->n == 1 ? "person" : "people", b->rule) :
		arena_printf(b->w->p->arena, "%zu %s", b->n, b->n == 1 ? "person" : "people");
	b->n = 0;
	b->rules_differ = false;
}

static void add_to_batch(struct batch *b, const char *person, const char *user, const char *rule)
{
	if (b->n == 0) {
		b->people = arena_alloc(b->w->p->arena, (PLAN_MEMBERS_A_CALL + 1) * sizeof(*b->people));
		b->users = arena_alloc(b->w->p->arena, (PLAN_MEMBERS_A_CALL + 1) * sizeof(*b->users));
		b->rule = rule;
	}
	b->rules_differ |= !rule || !b->rule || strcmp(rule, b->rule) != 0;
	b->people[b->n] = person;
	b->users[b->n++] = user;
	if (b->n == PLAN_MEMBERS_A_CALL)
		end_batch(b);
}

uint32_t plan_user_number(const struct side *s, const char *id)
{
	const struct world_user *u = world_user_by_id(s->world, id);

	return u ? (uint32_t)(u - s->world->users) : NOBODY;
}

uint32_t plan_mark_members(struct work *w, const struct group_work *g)
{
	struct side *s = w->side;
	uint32_t wanted = s->mark + 1;

	s->mark += 2;
	for (size_t i = 0; i < g->filled; i++)
		if (s->wants[g->wanted[i]].user != NOBODY)
			s->users[s->wants[g->wanted[i]].user].mark = wanted;
	for (size_t i = 0; g->group && i < g->group->member_count; i++) {
		uint32_t n = plan_user_number(s, g->group->members[i]);

		if (n != NOBODY && s->users[n].mark == wanted)
			s->users[n].mark = wanted + 1;
	}
	return wanted;
}

/* A group of the directory that is called the same but for case; NULL: there is none. */
static const struct world_group *in_other_letters(const struct work *w, const char *name)
{
	const struct world_target *t = w->side->world;

	for (size_t i = 0; i < t->group_count; i++)
		if (strcasecmp(t->groups[i].name, name) == 0)
			return &t->groups[i];
	return NULL;
}

/* Why nobody can be put into this group; NULL: they can. */
static const char *refuses(const struct work *w, const struct group_work *g, enum plan_problem_kind *kind)
{
	const struct world_group *other;

	*kind = PROBLEM_PROTECTED;
	if (plan_guards_group(w->p, g->name))
		return "is protected";
	*kind = PROBLEM_GROUP_FIXED;
	if (g->group && g->group->fixed)
		return "is kept by SCIM and left alone here";
	*kind = PROBLEM_GROUP_UNKNOWN;
	if (!g->group && w->form->desks)
		return "is not a desk of this site";
	if (strlen(g->name) > LEDGER_KEY_MAX)
		return "has too long a name";
	*kind = PROBLEM_GROUP_CASE;
	if (!g->group && is_scim(w->side) && (other = in_other_letters(w, g->name)))
		return arena_printf(w->p->arena, "is called %s there, and names of groups do not differ by case alone: write it so", other->name);
	*kind = PROBLEM_GROUP_BUILTIN;
	if (is_scim(w->side) && group_is_builtin(g->name))
		return "is a group of Atlassian's own, which is never given";
	return NULL;
}

static void keep(struct side *s, struct want *want)
{
	want->keeps = true;
	if (want->user != NOBODY)
		s->users[want->user].stays = true;
}

static void make_group(struct work *w, const struct group_work *g)
{
	struct step *step = plan_step(w->p, PHASE_GROUP, w->form->create, w->side);

	step->name = g->name;
	step->why = arena_printf(w->p->arena, "%zu %s shall be in it%s", g->filled, g->filled == 1 ? "person" : "people",
		w->side->target->kind != TARGET_ORGANIZATION ? "" : g->licensed ? ", licensed: give it its product at Atlassian" :
		", who are not licensed for it: give it no product that costs");
}

static bool is_protected(const struct work *w, const struct group_work *g, const struct want *want)
{
	if (want->user == NOBODY || !w->side->users[want->user].guarded)
		return false;
	plan_problem(w->p, PROBLEM_PROTECTED, w->side->number, person_of(w->p, want->person)->id,
		arena_printf(w->p->arena, "the account is protected, so it is not put into %s", g->name));
	return true;
}

static void add_one(struct work *w, const struct group_work *g, struct want *want, struct batch *batch)
{
	const struct desired_person *person = person_of(w->p, want->person);

	w->side->count.added++;
	if (g->licensed && want->user == NOBODY)
		want->licensed_after++;
	else if (g->licensed)
		w->side->users[want->user].licensed_after++;
	add_to_batch(batch, person->id, want->user == NOBODY ? NULL : w->side->world->users[want->user].id, person->rule);
}

/* How many more a group takes; customer organizations and desks have no limit that is known. */
static size_t room_in(const struct work *w, const struct group_work *g)
{
	size_t now = g->group ? g->group->member_count : 0;

	if (!is_scim(w->side))
		return SIZE_MAX;
	return now < PLAN_MEMBERS_A_GROUP ? PLAN_MEMBERS_A_GROUP - now : 0;
}

static void tell_left_out(struct work *w, const struct group_work *g, size_t left_out, const char *refusal, enum plan_problem_kind kind)
{
	if (left_out == 0)
		return;
	plan_problem(w->p, refusal ? kind : PROBLEM_GROUP_FULL, w->side->number, NULL, refusal ?
		arena_printf(w->p->arena, "%s %s: people not put into it: %zu", g->name, refusal, left_out) :
		arena_printf(w->p->arena, "%s takes %d members: people not put into it: %zu", g->name, PLAN_MEMBERS_A_GROUP, left_out));
}

static void add_members(struct work *w, const struct group_work *g)
{
	struct batch batch = {.w = w, .group = g, .phase = PHASE_ADD, .kind = w->form->add};
	size_t room = room_in(w, g), added = 0, left_out = 0;
	uint32_t wanted = plan_mark_members(w, g);
	enum plan_problem_kind kind;
	const char *refusal = refuses(w, g, &kind);

	for (size_t i = 0; i < g->filled; i++) {
		struct want *want = &w->side->wants[g->wanted[i]];

		if ((want->user != NOBODY && w->side->users[want->user].mark == wanted + 1) || is_protected(w, g, want))
			continue;
		if (refusal || added >= room) {
			left_out++;
			keep(w->side, want);
			continue;
		}
		if (added++ == 0 && !g->group)
			make_group(w, g);
		add_one(w, g, want, &batch);
	}
	end_batch(&batch);
	tell_left_out(w, g, left_out, refusal, kind);
}

bool plan_is_stranger(const struct account_state *state)
{
	return state->person == NOBODY && state->record == NOBODY;
}

/* How many stand in an open desk that nothing gives them; who is switched off with this plan cannot ask there, either. */
static void tell_open(struct work *w, const struct group_work *g, uint32_t wanted)
{
	struct side *s = w->side;
	size_t n = 0;

	for (size_t i = 0; i < g->group->member_count; i++) {
		uint32_t user = plan_user_number(s, g->group->members[i]);
		const struct account_state *state = user == NOBODY ? NULL : &s->users[user];

		n += state && state->active_after && !plan_is_stranger(state) && !state->stays && !state->guarded && state->mark != wanted &&
			state->mark != wanted + 1;
	}
	if (n > 0)
		plan_problem(w->p, PROBLEM_DESK_OPEN, s->number, NULL, arena_printf(w->p->arena,
			"desk %s is open: nothing to take from %zu %s that no rule gives it to; whoever gets to the portal may ask there, until its access is closed",
			g->name, n, n == 1 ? "person" : "people"));
}

#define STRANGERS_NAMED 50

/* They may hold the very seats that are looked for. */
static void tell_strangers(struct work *w, const struct group_work *g)
{
	struct side *s = w->side;
	struct text t;
	size_t n = 0;

	text_begin(&t, w->p->arena, 256);
	for (size_t i = 0; i < g->group->member_count; i++) {
		uint32_t number = plan_user_number(s, g->group->members[i]);
		const struct world_user *user = number == NOBODY ? NULL : &s->world->users[number];

		if (user && !plan_is_stranger(&s->users[number]))
			continue;
		if (n++ < STRANGERS_NAMED)
			text_addf(&t, "%s%s", n > 1 ? ", " : "", user && user->mail ? user->mail : g->group->members[i]);
	}
	if (n > STRANGERS_NAMED)
		text_addf(&t, " and %zu more", n - STRANGERS_NAMED);
	if (n > 0)
		plan_problem(w->p, PROBLEM_STRANGERS, s->number, NULL, arena_printf(w->p->arena, "%s has %zu %s that nobody here knows, left alone%s: %s",
			g->name, n, n == 1 ? "member" : "members", g->licensed ? ", though each may take a seat" : "", t.p));
}

void plan_remove_members(struct work *w, const struct group_work *g)
{
	struct batch batch = {.w = w, .group = g, .phase = PHASE_REMOVE, .kind = w->form->remove};
	struct side *s = w->side;
	uint32_t wanted = plan_mark_members(w, g);

	if (!g->group || g->group->fixed || plan_guards_group(w->p, g->name))
		return;
	if (w->form->desks && ledger_open_desk(w->p->ledger, s->target->name, g->name, w->p->now)) {
		tell_open(w, g, wanted);
		return;
	}
	for (size_t i = 0; i < g->group->member_count; i++) {
		uint32_t n = plan_user_number(s, g->group->members[i]);
		struct account_state *state;

		if (n == NOBODY || plan_is_stranger(&s->users[n]))
			continue;
		state = &s->users[n];
		if (state->mark == wanted || state->mark == wanted + 1 || state->stays || state->guarded)
			continue;
		state->loses = true;
		state->licensed_after -= g->licensed;
		s->count.removed++;
		add_to_batch(&batch, state->person != NOBODY ? person_of(w->p, state->person)->id : w->p->ledger->people[state->record].person,
			s->world->users[n].id, state->person != NOBODY ? person_of(w->p, state->person)->rule : NULL);
	}
	end_batch(&batch);
	if (!w->form->desks)
		tell_strangers(w, g);
}

/* ---- all of it ---- */

void plan_count_licensed(struct side *s)
{
	for (const char *const *name = s->target->licensed; name && *name; name++) {
		const struct world_group *g = world_group_by_name(s->world, *name);

		for (size_t i = 0; g && i < g->member_count; i++) {
			uint32_t n = plan_user_number(s, g->members[i]);

			if (n == NOBODY)
				continue;
			s->users[n].licensed_now++;
			s->users[n].licensed_after++;
		}
	}
}

static struct work begin_work(struct planning *p, struct side *s, const struct form *form)
{
	struct work w = {.p = p, .side = s, .form = form};

	list_groups(&w, form->desks ? s->target->desks : s->target->groups);
	gather(&w, count_want);
	gather(&w, fill_want);
	return w;
}

static void plan_side(struct planning *p, struct side *s)
{
	struct work works[2];
	size_t n = 0;

	plan_count_licensed(s);
	works[n++] = begin_work(p, s, is_scim(s) ? &plan_scim_form : &organization_form);
	if (!is_scim(s))
		works[n++] = begin_work(p, s, &desk_form);
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < works[i].n; k++)
			add_members(&works[i], &works[i].groups[k]);
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < works[i].n; k++)
			plan_leave_group(&works[i], &works[i].groups[k]);
}

void plan_groups(struct planning *p)
{
	for (size_t i = 0; i < p->desired->target_count; i++)
		if (p->sides[i].usable)
			plan_side(p, &p->sides[i]);
}
