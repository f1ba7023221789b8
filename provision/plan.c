/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A plan from beginning to end: who is who, who gets which account, steps, order, counts, and whether it is unusual. */
#include "provision/ledger_record.h"
#include "provision/plan_parts.h"

#include "base/encode.h"

struct step *plan_step(struct planning *p, enum phase phase, enum step_kind kind, const struct side *side)
{
	struct step_list *list = &p->phases[phase];

	list->steps = arena_grow(p->arena, list->steps, list->n, sizeof(*list->steps));
	list->steps[list->n] = (struct step){.kind = kind, .target = side->number};
	return &list->steps[list->n++];
}

void plan_task(struct planning *p, enum plan_task_kind kind, size_t target, const struct desired_person *person, const char *what)
{
	p->tasks = arena_grow(p->arena, p->tasks, p->task_count, sizeof(*p->tasks));
	p->tasks[p->task_count++] = (struct plan_task){.kind = kind, .target = target, .person = person->id, .mail = person->mail,
		.what = what};
}

void plan_group_task(struct planning *p, enum plan_task_kind kind, size_t target, const char *group, const char *what)
{
	p->tasks = arena_grow(p->arena, p->tasks, p->task_count, sizeof(*p->tasks));
	p->tasks[p->task_count++] = (struct plan_task){.kind = kind, .target = target, .group = group, .what = what};
}

void plan_problem(struct planning *p, enum plan_problem_kind kind, size_t target, const char *person, const char *what)
{
	p->problems = arena_grow(p->arena, p->problems, p->problem_count, sizeof(*p->problems));
	p->problems[p->problem_count++] = (struct plan_problem){.kind = kind, .target = target, .person = person, .what = what};
}

/* ---- counts ---- */

static void count_seat(struct planning *p, struct side *s, struct plan_seat seat)
{
	if (!seat.now && !seat.after)
		return;
	s->count.seats_now += seat.now;
	s->count.seats_after += seat.after;
	p->seats = arena_grow(p->arena, p->seats, p->seat_count, sizeof(*p->seats));
	p->seats[p->seat_count++] = seat;
}

const char *plan_person_of_user(const struct planning *p, const struct side *s, uint32_t n)
{
	const struct account_state *state = &s->users[n];

	if (state->person != NOBODY)
		return person_of(p, state->person)->id;
	return state->record != NOBODY ? p->ledger->people[state->record].person : NULL;
}

static void count_users(struct planning *p, struct side *s)
{
	for (uint32_t i = 0; i < s->world->user_count; i++) {
		const struct account_state *state = &s->users[i];
		const struct world_user *u = &s->world->users[i];

		s->count.active_after += state->active_after;
		s->count.losing += state->loses;
		count_seat(p, s, (struct plan_seat){.person = plan_person_of_user(p, s, i), .mail = u->mail,
			.now = u->active && state->licensed_now > 0, .after = state->active_after && state->licensed_after > 0});
	}
	for (size_t i = 0; i < s->want_count; i++) {
		const struct want *w = &s->wants[i];

		if (w->user != NOBODY || p->frozen[w->person])
			continue;
		s->count.active_after++;
		count_seat(p, s, (struct plan_seat){.person = person_of(p, w->person)->id, .mail = w->mail, .after = w->licensed_after > 0});
	}
}

int plan_require_read(const struct plan *plan, struct error *err)
{
	const struct plan_problem *first = NULL;
	enum reason reason;
	size_t n = 0;

	for (size_t i = 0; i < plan->problem_count; i++) {
		if (plan->problems[i].kind != PROBLEM_TARGET_UNREAD)
			continue;
		first = first ? first : &plan->problems[i];
		n++;
	}
	if (!first)
		return 0;
	reason = n == plan->target_count ? REASON_PROVISION_STOP : REASON_PROVISION_STEP;
	if (n == 1)
		return error_set(err, reason, "%s could not be read, so nothing is done there: %s", plan->targets[first->target], first->what);
	return error_set(err, reason, "%s and %zu more could not be read, so nothing is done there: %s", plan->targets[first->target], n - 1,
		first->what);
}

size_t plan_seats_now(const struct plan *plan)
{
	size_t n = 0;

	for (size_t i = 0; i < plan->target_count; i++)
		n += plan->counts[i].seats_now;
	return n;
}

size_t plan_seats_after(const struct plan *plan)
{
	size_t n = 0;

	for (size_t i = 0; i < plan->target_count; i++)
		n += plan->counts[i].seats_after;
	return n;
}

size_t plan_step_total(const struct plan *plan, enum step_kind kind, size_t target)
{
	size_t n = 0;

	for (size_t i = 0; i < plan->step_count; i++)
		n += plan->steps[i].kind == kind && plan->steps[i].target == target;
	return n;
}

const char *plan_why(const struct desired *desired, const char *person)
{
	const struct desired_person *d = person ? desired_person_by_id(desired, person) : NULL;

	if (!d)
		return NULL;
	return d->why ? d->why : d->rule;
}

/* ---- the safety stop ---- */

/* Those who may lose something at all: accounts of ours, or if more are looked after, those. */
static size_t base_of(const struct plan_count *c)
{
	return c->ours > c->wanted ? c->ours : c->wanted;
}

/* Who loses one thing after another is one. */
static void count_lost(const struct planning *p, struct side *s)
{
	for (size_t i = 0; i < p->ledger->loss_count; i++) {
		const struct ledger_loss *loss = &p->ledger->losses[i];
		const struct world_user *u;

		if (strcmp(loss->target, s->target->name) != 0 || p->now - loss->at >= p->limits->lose_within)
			continue;
		u = world_user_by_id(s->world, loss->user);
		s->count.lost += !(u && s->users[u - s->world->users].loses);
	}
}

static const char *many(struct planning *p, const char *target, const struct plan_count *c)
{
	const char *before = c->lost ? arena_printf(p->arena, ", with %zu others that lately did,", c->lost) : "";
	size_t all = c->losing + c->lost;

	if (c->losing == 0)             /* what was taken before stops nothing that takes nothing */
		return NULL;
	if (all > p->limits->lose_most)
		return arena_printf(p->arena, "%zu accounts at %s%s would lose something, and the limit is %zu", c->losing, target, before,
			p->limits->lose_most);
	if (all >= PLAN_SHARE_FROM && all * 100 > base_of(c) * p->limits->lose_percent)
		return arena_printf(p->arena, "%zu of %zu accounts at %s%s would lose something, and the limit is %u %%", c->losing, base_of(c), target,
			before, p->limits->lose_percent);
	return NULL;
}

static size_t people_wanted(const struct planning *p)
{
	size_t n = 0;

	for (size_t i = 0; i < p->desired->count; i++)
		n += !p->desired->people[i].held && p->desired->people[i].kind != DESIRED_NOTHING;
	return n;
}

/* Whatever the number that is allowed: seats for most people are what this is to spare, and what swapped rules or groups would give. */
static const char *many_seats(struct planning *p, size_t now, size_t after)
{
	size_t more = after > now ? after - now : 0, people = people_wanted(p);

	if (more > p->limits->seats_most)
		return arena_printf(p->arena, "%zu more seats would be taken (%zu now, %zu then), and the limit is %zu", more, now, after,
			p->limits->seats_most);
	if (more >= PLAN_SHARE_FROM && more * 100 > people * p->limits->seats_percent)
		return arena_printf(p->arena, "%zu more seats would be taken (%zu now, %zu then), for %zu people who shall have any account, and the "
			"limit is %u %% of them: are rules mixed up, or the licensed groups?", more, now, after, people, p->limits->seats_percent);
	return NULL;
}

static const char *unusual(struct planning *p, const struct plan *plan)
{
	size_t now = plan_seats_now(plan), after = plan_seats_after(plan);

	for (size_t i = 0; i < plan->target_count; i++) {
		const struct plan_count *c = &plan->counts[i];
		const char *why = many(p, plan->targets[i], c);

		if (why)
			return why;
		/* few people, and yet too many: a group whose name was changed, a rule that was lost */
		if (c->seats_now >= PLAN_ALL_FROM && c->seats_after == 0 && p->limits->lose_percent < 100)
			return arena_printf(p->arena, "nobody at %s would be licensed any more (%zu now)", plan->targets[i], c->seats_now);
	}
	return many_seats(p, now, after);
}

/* ---- all of it ---- */

/* One of the future is of an age that nobody knows: a clock was wrong when it was read, or is now. */
static const char *old_inventory(const struct planning *p)
{
	int64_t age = p->now - p->world->inventory_as_of;
	char as_of[21];

	if (p->limits->inventory_most == 0 || (age <= p->limits->inventory_most && age >= -PLAN_CLOCKS_DIFFER))
		return NULL;
	time_write(p->world->inventory_as_of, as_of);
	return arena_printf(p->arena, "the inventory of accounts is of %s, so who has an account of another kind may not stand in it", as_of);
}

static void tell_about_inventory(struct planning *p)
{
	if (p->desired->target_count == 0)
		return;
	if (p->world->domains_fault)
		plan_problem(p, PROBLEM_DOMAINS_UNKNOWN, 0, NULL, arena_printf(p->arena,
			"the organisation's verified domains could not be read, so nobody looks whether mails are inside: %s", p->world->domains_fault));
	if (p->world->inventory_as_of == 0) {
		plan_problem(p, PROBLEM_NO_INVENTORY, 0, NULL, "there is no inventory of accounts, so accounts of another kind are known only "
			"where a target lists them");
		return;
	}
	p->old_inventory = old_inventory(p);
	if (p->old_inventory)
		plan_problem(p, PROBLEM_INVENTORY_OLD, 0, NULL, p->limits->inventory_needed ?
			arena_printf(p->arena, "%s: none is made until it is read again", p->old_inventory) : p->old_inventory);
}

static void put_together(struct planning *p, struct plan *plan)
{
	struct plan_count *counts = arena_alloc(p->arena, (p->desired->target_count + 1) * sizeof(*counts));
	const char **targets = arena_alloc(p->arena, (p->desired->target_count + 1) * sizeof(*targets));
	struct step *steps;

	for (size_t i = 0; i < p->desired->target_count; i++) {
		targets[i] = p->desired->targets[i].name;
		if (p->sides[i].usable) {
			count_users(p, &p->sides[i]);
			count_lost(p, &p->sides[i]);
		}
		counts[i] = p->sides[i].count;
	}
	for (int i = 0; i < PHASES; i++)
		plan->step_count += p->phases[i].n;
	steps = arena_alloc(p->arena, (plan->step_count + 1) * sizeof(*steps));
	plan->step_count = 0;
	for (int i = 0; i < PHASES; i++) {
		if (p->phases[i].n > 0)
			memcpy(&steps[plan->step_count], p->phases[i].steps, p->phases[i].n * sizeof(*steps));
		plan->step_count += p->phases[i].n;
	}
	plan->steps = steps;
	plan->targets = targets;
	plan->target_count = p->desired->target_count;
	plan->counts = counts;
	plan->seats = p->seats;
	plan->seat_count = p->seat_count;
	plan->tasks = p->tasks;
	plan->task_count = p->task_count;
	plan->problems = p->problems;
	plan->problem_count = p->problem_count;
}

static int require_no_orphans(const struct planning *p, struct error *err)
{
	size_t n;
	const char *name = ledger_orphan(p->ledger, p->desired->targets, p->desired->target_count, &n);

	if (!name)
		return 0;
	return error_set(err, REASON_SETTINGS, "the ledger has %zu accounts of %s, and no connection with accounts is called that: if it has another "
		"name now, `postern ledger rename %s NAME`; if its accounts shall be left to themselves, `postern ledger forget %s`", n, name, name,
		name);
}

/*
 * Whose account is to stay off, since they have left meanwhile, or may have: why; NULL: nobody's.  Whom the directory never knew are
 * called by the mail of their account.
 */
static const char *why_stays_off(const struct planning *p, const struct ledger_owed *o)
{
	const struct desired_person *person = o->person ? desired_person_by_id(p->desired, o->person) : NULL;
	size_t n;

	if (person)
		return person->disabled ? "switched off in the directory since" : person->held;
	if (o->person && index_find(&p->accounts, lower_case(p->arena, o->person), &n))
		return NULL;
	return "not in the directory any more";
}

/* Whoever lost an account to a deletion that is not followed by its activation yet gets it back in the next plan, whichever that is. */
static void plan_owed(struct planning *p)
{
	for (size_t i = 0; i < p->ledger->owed_count; i++) {
		const struct ledger_owed *o = &p->ledger->owed[i];

		for (size_t k = 0; k < p->desired->target_count; k++) {
			const struct side *s = &p->sides[k];
			const char *off = why_stays_off(p, o);
			struct step *step;

			if (!s->usable || strcmp(s->target->name, o->target) != 0 || world_user_by_id(s->world, o->user))
				continue;
			if (off) {
				plan_problem(p, PROBLEM_HELD, s->number, o->person, arena_printf(p->arena,
					"the way back deleted the SCIM user, and the account is not activated again: %s", off));
				continue;
			}
			step = plan_step(p, PHASE_ACTIVATE, STEP_RESTORE, s);
			step->person = o->person;
			step->user = o->user;
			step->account_id = o->account_id;
			step->why = "the way back deleted the SCIM user, and the account was not activated again yet";
		}
	}
}

int plan_begin(struct planning *p, struct error *err)
{
	if (p->world->target_count != p->desired->target_count)
		return error_set(err, REASON_INTERNAL, "the world has %zu targets, the desired state %zu", p->world->target_count,
			p->desired->target_count);
	if (p->desired->count >= NOBODY || p->ledger->count >= NOBODY)
		return error_set(err, REASON_INTERNAL, "too many people for a plan");
	if (require_no_orphans(p, err) < 0)
		return -1;
	tell_about_inventory(p);
	plan_sides(p);
	plan_match(p);
	plan_owed(p);
	return 0;
}

void plan_end(struct planning *p, struct plan *plan)
{
	put_together(p, plan);
	plan->fingerprint = plan_fingerprint(p);
	plan->id = plan_id(p->arena, plan);
}

int plan_make(struct arena *a, const struct desired *desired, const struct world *world, const struct ledger_view *ledger,
	const struct plan_limits *limits, int64_t now, struct plan *out, struct error *err)
{
	struct planning p = {.arena = a, .desired = desired, .world = world, .ledger = ledger, .limits = limits, .now = now};
	struct plan plan = {.made = now};

	if (plan_begin(&p, err) < 0)
		return -1;
	plan_people(&p);
	plan_leaving(&p);
	plan_groups(&p);
	plan_attachments(&p);
	plan_deletions(&p);
	plan_new_groups(&p);
	plan_end(&p, &plan);
	plan.stopped = unusual(&p, &plan);
	*out = plan;
	return 0;
}
