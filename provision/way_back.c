/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Who is billed and need not be, and one stage of what is done about it. */
#include "provision/way_back.h"

#include "provision/ledger_record.h"
#include "provision/plan_parts.h"

static const struct {
	const char *word, *says, *undo;
} stages[WAY_BACK_STAGES] = {
	[WAY_BACK_GROUPS] = {"groups", "They are taken out of the licensed groups.", "A rule or an exception that licenses them, then postern apply."},
	[WAY_BACK_PRODUCTS] = {"products", "A human takes away the products that no group of Postern's gives.", "Give the product again."},
	[WAY_BACK_UNLINK] = {"unlink", "The SCIM user is taken off the Atlassian account; both stay as they are.",
		"Not proven: a rule or an exception that gives them an account, then postern apply; "
		"nobody has seen whether that links the two again."},
	[WAY_BACK_DELETE] = {"delete", "The SCIM user is deleted, which deactivates the account, and the account is activated again.", NULL},
};

const char *way_back_word(enum way_back_stage stage)
{
	return stages[stage].word;
}

const char *way_back_says(enum way_back_stage stage)
{
	return stages[stage].says;
}

const char *way_back_undo(enum way_back_stage stage)
{
	return stages[stage].undo;
}

/* ---- who ---- */

struct release {
	struct planning p;
	const struct way_back_options *options;
	struct index licensed_mails;    /* of people whom a rule licenses, or who are held */
	size_t people;                  /* in this batch */
};

/*
 * Somebody who shall be a portal-only customer is frozen for their very
 * Atlassian account.  Here that is no doubt but what is to be ended.  Whoever is
 * in doubt for something else has no such task: it is found first.
 */
static void thaw_portal_people(struct planning *p)
{
	for (size_t i = 0; i < p->task_count; i++)
		if (p->tasks[i].kind == TASK_TO_PORTAL)
			p->frozen[desired_person_by_id(p->desired, p->tasks[i].person) - p->desired->people] = false;
}

static void know_mails(struct release *r)
{
	for (uint32_t i = 0; i < r->p.desired->count; i++) {
		const struct desired_person *d = person_of(&r->p, i);

		if (d->mail && (d->kind == DESIRED_LICENSED || d->held || r->p.frozen[i]))
			index_add(r->p.arena, &r->licensed_mails, lower_case(r->p.arena, d->mail), i);
	}
	index_sort(&r->licensed_mails);
}

static bool is_guarded(const struct release *r, const struct account *account)
{
	const char *const names[] = {account->mail, account->id};
	size_t n;

	for (size_t i = 0; i < 2; i++)
		if (names[i] && index_find(&r->p.guards, lower_case(r->p.arena, names[i]), &n))
			return true;
	return false;
}

/* Billed, and neither a rule, nor a doubt, nor protection says that it is well so. */
static bool may_go(const struct release *r, const struct account *account)
{
	size_t n;

	if (account->billable != 1 || account->kind != ACCOUNT_MANAGED || !account->mail || is_guarded(r, account))
		return false;
	if (r->options->only && strcasecmp(r->options->only, account->mail) != 0)
		return false;
	return !index_find(&r->licensed_mails, lower_case(r->p.arena, account->mail), &n);
}

/* The SCIM user of an account, whoever it belongs to must not be licensed, held or protected; NOBODY: there is none like that. */
static uint32_t user_of(const struct release *r, const struct side *s, const struct account *account, bool *bars_out)
{
	size_t n;
	const struct pair *found = index_find(&s->by_mail, lower_case(r->p.arena, account->mail), &n);

	for (size_t i = 0; found && i < n; i++) {
		const struct account_state *state = &s->users[found[i].value];

		if (state->guarded || (state->person != NOBODY && (r->p.frozen[state->person] ||
			person_of(&r->p, state->person)->kind == DESIRED_LICENSED)))
			*bars_out = true;
		else
			return found[i].value;
	}
	return NOBODY;
}

/* ---- stages ---- */

static const char *name_of(const struct release *r, const struct side *s, uint32_t n)
{
	const struct account_state *state = &s->users[n];

	if (state->person != NOBODY)
		return person_of(&r->p, state->person)->id;
	return state->record != NOBODY ? r->p.ledger->people[state->record].person : NULL;
}

static bool contains(const struct world_group *g, const char *user)
{
	for (size_t i = 0; i < g->member_count; i++)
		if (strcmp(g->members[i], user) == 0)
			return true;
	return false;
}

static void leave_groups(struct release *r, struct side *s, uint32_t n, const struct account *account)
{
	const struct world_user *u = &s->world->users[n];
	bool any = false;

	for (const char *const *name = s->target->licensed; name && *name; name++) {
		const struct world_group *g = world_group_by_name(s->world, *name);
		const char **lists;
		struct step *step;

		if (!g || plan_guards_group(&r->p, *name) || !contains(g, u->id))
			continue;
		lists = arena_alloc(r->p.arena, 4 * sizeof(*lists));
		lists[0] = name_of(r, s, n) ? name_of(r, s, n) : u->id;
		lists[2] = u->id;
		step = plan_step(&r->p, PHASE_REMOVE, STEP_MEMBERS_REMOVE, s);
		step->name = g->name;
		step->group = g->id;
		step->members = lists;
		step->member_users = lists + 2;
		step->member_count = 1;
		step->why = arena_printf(r->p.arena, "%s is billed, and no rule licenses them", account->mail);
		s->users[n].licensed_after--;
		s->users[n].loses = true;
		s->count.removed++;
		any = true;
	}
	r->people += any;
}

static struct step *user_step(struct release *r, struct side *s, uint32_t n, enum step_kind kind, const struct account *account)
{
	const struct world_user *u = &s->world->users[n];
	struct step *step = plan_step(&r->p, PHASE_DEACTIVATE, kind, s);

	step->person = name_of(r, s, n);
	step->user = u->id;
	step->account_id = u->account_id ? u->account_id : account->id;
	step->before.mail = u->mail;
	step->why = "billed, and no rule licenses them";
	return step;
}

/* Not for who shall have an Atlassian account, or is in a licensed group still. */
static bool may_be_cut(const struct release *r, const struct side *s, uint32_t n)
{
	const struct account_state *state = &s->users[n];

	if (state->person != NOBODY && desired_wants(person_of(&r->p, state->person), s->number))
		return false;
	for (const char *const *name = s->target->licensed; name && *name; name++) {
		const struct world_group *g = world_group_by_name(s->world, *name);

		if (g && contains(g, s->world->users[n].id))
			return false;
	}
	return true;
}

static void cut(struct release *r, struct side *s, uint32_t n, const struct account *account)
{
	/* A user without an account is unlinked already; to activate an account again its id must be known. */
	if (!may_be_cut(r, s, n) || !(s->world->users[n].account_id || (account->id && r->options->stage == WAY_BACK_DELETE)))
		return;
	if (r->options->stage == WAY_BACK_UNLINK) {
		user_step(r, s, n, STEP_UNLINK, account);
	} else {
		user_step(r, s, n, STEP_USER_DELETE, account);
		user_step(r, s, n, STEP_RESTORE, account);
	}
	s->users[n].loses = true;
	r->people++;
}

static void name_products(struct release *r, const struct side *s, uint32_t n, const struct account *account)
{
	const struct desired_person who = {.id = n != NOBODY && name_of(r, s, n) ? name_of(r, s, n) : account->mail, .mail = account->mail};
	char *list = arena_strdup(r->p.arena, "");

	for (const char *const *product = account->products; product && *product; product++)
		list = arena_printf(r->p.arena, "%s%s%s", list, *list ? ", " : "", *product);
	plan_task(&r->p, TASK_PRODUCTS, s->number, &who, arena_printf(r->p.arena, "%s is billed for %s%s", account->mail,
		*list ? list : "what the inventory does not say", n == NOBODY ? ", and is no user of this SCIM directory" : ""));
	r->people++;
}

static void look_at(struct release *r, struct side *s, const struct account *account)
{
	bool bars = false;
	uint32_t n = user_of(r, s, account, &bars);

	if (bars)
		return;
	if (r->options->stage == WAY_BACK_PRODUCTS)
		name_products(r, s, n, account);
	else if (n != NOBODY && r->options->stage == WAY_BACK_GROUPS)
		leave_groups(r, s, n, account);
	else if (n != NOBODY)
		cut(r, s, n, account);
}

/* ---- all of it ---- */

static struct side *organization(struct release *r)
{
	for (size_t i = 0; i < r->p.desired->target_count; i++)
		if (r->p.sides[i].target->kind == TARGET_ORGANIZATION && r->p.sides[i].usable)
			return &r->p.sides[i];
	return NULL;
}

int way_back_make(struct arena *a, const struct desired *desired, const struct world *world, const struct ledger_view *ledger,
	const struct plan_limits *limits, const struct way_back_options *options, int64_t now, struct plan *out, struct error *err)
{
	struct release r = {.p = {.arena = a, .desired = desired, .world = world, .ledger = ledger, .limits = limits, .now = now},
		.options = options};
	struct plan plan = {.made = now};
	struct side *s;

	if (plan_begin(&r.p, err) < 0)
		return -1;
	thaw_portal_people(&r.p);
	know_mails(&r);
	r.p.task_count = 0;             /* of the ordinary plan */
	for (size_t i = 0; i < desired->target_count; i++)
		r.p.sides[i].want_count = 0;
	s = organization(&r);
	if (s)
		plan_count_licensed(s);
	for (size_t i = 0; s && i < world->account_count && r.people < options->most; i++)
		if (may_go(&r, &world->accounts[i]))
			look_at(&r, s, &world->accounts[i]);
	plan_end(&r.p, &plan);
	plan.stopped = arena_printf(a, "the way back, stage %s: %s %s%s It is not proven on a live site.", stages[options->stage].word,
		stages[options->stage].says, stages[options->stage].undo ? "Undone: " : "It cannot be undone.",
		stages[options->stage].undo ? stages[options->stage].undo : "");
	*out = plan;
	return 0;
}
