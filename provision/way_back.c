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
		"A rule or an exception that gives them an account, then postern apply, which makes the SCIM user anew; "
		"nobody has seen yet that it is linked again."},
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

bool way_back_asks_organization(enum way_back_stage stage)
{
	return stage == WAY_BACK_UNLINK || stage == WAY_BACK_DELETE;
}

/* ---- who ---- */

struct release {
	struct planning p;
	const struct way_back_options *options;
	struct index mails;             /* of everybody in the directory */
	struct index users;             /* of the SCIM directory, by the account that they are linked to */
	const struct plan_task *doubts; /* those of the ordinary plan: why somebody is frozen */
	const struct plan_problem *troubles;
	size_t doubt_count, trouble_count;
	size_t people;                  /* in this batch */
	size_t later;                   /* for those behind it */
	size_t unsaid;                  /* of whom the inventory does not say whether they are billed */
	size_t mute;                    /* who are billed, and no mail of theirs is told */
	bool seen;                      /* somebody whom this plan may be for is in the inventory */
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

/* Tasks and problems of the ordinary plan are of no other use here than to say why somebody is left. */
static void take_doubts(struct release *r)
{
	struct planning *p = &r->p;

	r->doubts = p->tasks;
	r->doubt_count = p->task_count;
	r->troubles = p->problems;
	r->trouble_count = p->problem_count;
	p->tasks = NULL;
	p->problems = NULL;
	p->task_count = p->problem_count = 0;
	for (size_t i = 0; i < r->trouble_count; i++)
		if (!r->troubles[i].person)     /* what could not be read, … */
			plan_problem(p, r->troubles[i].kind, r->troubles[i].target, NULL, r->troubles[i].what);
}

static void know_mails(struct release *r)
{
	for (uint32_t i = 0; i < r->p.desired->count; i++)
		if (person_of(&r->p, i)->mail)
			index_add(r->p.arena, &r->mails, lower_case(r->p.arena, person_of(&r->p, i)->mail), i);
	index_sort(&r->mails);
}

static const char *doubt_about(const struct release *r, uint32_t person)
{
	const char *id = person_of(&r->p, person)->id;

	for (size_t i = 0; i < r->doubt_count; i++)
		if (r->doubts[i].person && strcmp(r->doubts[i].person, id) == 0)
			return r->doubts[i].what;
	for (size_t i = 0; i < r->trouble_count; i++)
		if (r->troubles[i].person && strcmp(r->troubles[i].person, id) == 0)
			return r->troubles[i].what;
	return "something is in doubt about them";
}

/* Why nothing is taken from this person; NULL: it is.  `well`: since a rule licenses them, of which nobody need be told. */
static const char *keeps(const struct release *r, uint32_t person, bool *well)
{
	const struct desired_person *d = person_of(&r->p, person);

	if (d->held || r->p.frozen[person])
		return d->held ? d->held : doubt_about(r, person);
	if (d->kind != DESIRED_LICENSED)
		return NULL;
	*well = true;
	return arena_printf(r->p.arena, "%s licenses them", d->why ? d->why : "a rule");
}

static bool is_listed(const char *const *list, const char *name)
{
	for (; list && *list; list++)
		if (name && strcasecmp(*list, name) == 0)
			return true;
	return false;
}

static const char *guarded(const struct release *r, const struct account *account)
{
	const struct plan_limits *l = r->p.limits;

	if (is_listed(l->administrators, account->mail) || is_listed(l->administrators, account->id))
		return "an administrator of the organisation, by the settings";
	return is_listed(l->protect, account->mail) || is_listed(l->protect, account->id) ? "protected by the settings" : NULL;
}

/* The same of an account, by its mail, whether or not it is a user of the SCIM directory. */
static const char *account_keeps(const struct release *r, const struct account *account, bool *well)
{
	const char *mail = lower_case(r->p.arena, account->mail), *why = guarded(r, account);
	const struct pair *found;
	size_t n;

	if (why)
		return why;
	if (index_find(&r->p.nameless, mail, &n))
		return "the directory has this mail without telling whose it is";
	found = index_find(&r->mails, mail, &n);
	if (!found)
		return r->p.desired->stale;
	for (size_t i = 0; i < n && !why; i++)
		why = keeps(r, found[i].value, well);
	return why;
}

static void know_accounts(struct release *r, const struct side *s)
{
	for (uint32_t i = 0; i < s->world->user_count; i++)
		if (s->world->users[i].account_id)
			index_add(r->p.arena, &r->users, s->world->users[i].account_id, i);
	index_sort(&r->users);
}

/* One that may be the account's.  *why: it is somebody's who keeps what they have, or there are two. */
static void consider(const struct release *r, const struct side *s, uint32_t n, uint32_t *user, const char **why, bool *well)
{
	const struct account_state *state = &s->users[n];

	if (state->guarded)
		*why = "its SCIM user is protected by the settings";
	else if (state->person != NOBODY)
		*why = keeps(r, state->person, well);
	if (!*why && *user != NOBODY && *user != n)
		*why = "more than one SCIM user could be the account's";
	if (*user == NOBODY)
		*user = n;
}

/*
 * The SCIM user of an account, by its id and by its mail; NOBODY: there is none.  The inventory is older than the SCIM directory:
 * mails may have been given to others since.
 */
static uint32_t user_of(const struct release *r, const struct side *s, const struct account *account, const char **why, bool *well)
{
	size_t by_id = 0, by_mail;
	const struct pair *linked = account->id ? index_find(&r->users, account->id, &by_id) : NULL;
	const struct pair *found = index_find(&s->by_mail, lower_case(r->p.arena, account->mail), &by_mail);
	uint32_t user = NOBODY;
	const char *its;

	for (size_t i = 0; i < by_id && !*why; i++)
		consider(r, s, linked[i].value, &user, why, well);
	for (size_t i = 0; i < by_mail && !*why; i++)
		consider(r, s, found[i].value, &user, why, well);
	its = user != NOBODY ? s->world->users[user].account_id : NULL;
	if (!*why && its && account->id && strcmp(its, account->id) != 0)
		*why = "the SCIM user with this mail is another account's by now: read the inventory again";
	return user;
}

/* ---- stages ---- */

/* Whom nobody here knows has no id: the mail says to people who it is. */
static const char *who(const struct release *r, const struct side *s, uint32_t n, const struct account *account)
{
	const char *name = n != NOBODY ? plan_person_of_user(&r->p, s, n) : NULL;

	return name ? name : account->mail;
}

static bool contains(const struct world_group *g, const char *user)
{
	for (size_t i = 0; g && i < g->member_count; i++)
		if (strcmp(g->members[i], user) == 0)
			return true;
	return false;
}

/* The first licensed group that the user is in, protected ones or those that are not; NULL: in none. */
static const char *licensed_group(const struct release *r, const struct side *s, uint32_t n, bool protected)
{
	for (const char *const *name = s->target->licensed; name && *name; name++)
		if (plan_guards_group(&r->p, *name) == protected && contains(world_group_by_name(s->world, *name), s->world->users[n].id))
			return *name;
	return NULL;
}

/* Why a stage does nothing for this user; NULL: it does. */
static const char *not_out_of_groups(const struct release *r, const struct side *s, uint32_t n)
{
	const char *protected;

	if (licensed_group(r, s, n, false))
		return NULL;
	protected = licensed_group(r, s, n, true);
	return protected ? arena_printf(r->p.arena, "in the licensed group %s, which is protected", protected) :
		"in no licensed group: --release products names what they are billed for";
}

/* Whose account is off, or shall be: what is cut stays, or is made, active.  NULL: nothing says so. */
static const char *shall_be_off(const struct release *r, const struct side *s, uint32_t n, const struct account *account)
{
	const struct account_state *state = &s->users[n];

	if (!s->world->users[n].active || (account->status && strcasecmp(account->status, "inactive") == 0))
		return "switched off at Atlassian since the inventory was read: read it again";
	if (state->person != NOBODY && person_of(&r->p, state->person)->disabled)
		return "switched off in the directory: the account shall be, too, and not go on without the directory";
	if (state->person == NOBODY && state->record != NOBODY)
		return "not in the directory any more: the account shall be switched off, and not go on without the directory";
	return NULL;
}

/* Not for who shall have an Atlassian account, or none at all, or is in a licensed group still. */
static const char *not_cut(const struct release *r, const struct side *s, uint32_t n, const struct account *account)
{
	const struct account_state *state = &s->users[n];
	const char *group = licensed_group(r, s, n, false), *off;

	if (!group)
		group = licensed_group(r, s, n, true);
	if (group)
		return arena_printf(r->p.arena, "in the licensed group %s still: --release groups comes first", group);
	if (state->person != NOBODY && desired_wants(person_of(&r->p, state->person), s->number))
		return arena_printf(r->p.arena, "%s gives them an Atlassian account", plan_why(r->p.desired, person_of(&r->p, state->person)->id));
	off = shall_be_off(r, s, n, account);
	if (off || s->world->users[n].account_id)
		return off;
	if (r->options->stage == WAY_BACK_UNLINK)
		return "linked to no account of Atlassian's, or not any more";
	return account->id ? NULL : "Atlassian does not tell the account's id, so it could not be activated again";
}

static const char *not_in_stage(const struct release *r, const struct side *s, uint32_t n, const struct account *account)
{
	if (r->options->stage == WAY_BACK_PRODUCTS)
		return NULL;
	if (n == NOBODY)
		return "no user of this SCIM directory: --release products names what they are billed for";
	return r->options->stage == WAY_BACK_GROUPS ? not_out_of_groups(r, s, n) : not_cut(r, s, n, account);
}

static void leave_groups(struct release *r, struct side *s, uint32_t n, const struct account *account)
{
	const struct world_user *u = &s->world->users[n];

	for (const char *const *name = s->target->licensed; name && *name; name++) {
		const struct world_group *g = world_group_by_name(s->world, *name);
		const char **lists;
		struct step *step;

		if (plan_guards_group(&r->p, *name) || !contains(g, u->id))
			continue;
		lists = arena_alloc(r->p.arena, 4 * sizeof(*lists));
		lists[0] = who(r, s, n, account);
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
	}
}

static void user_step(struct release *r, struct side *s, uint32_t n, enum step_kind kind, const struct account *account)
{
	const struct world_user *u = &s->world->users[n];
	struct step *step = plan_step(&r->p, PHASE_DEACTIVATE, kind, s);

	step->person = who(r, s, n, account);
	step->user = u->id;
	step->account_id = u->account_id ? u->account_id : account->id;
	step->before.mail = u->mail;
	step->why = "billed, and no rule licenses them";
	s->users[n].loses = true;
}

static const char *products_of(const struct release *r, const struct account *account)
{
	char *list = arena_strdup(r->p.arena, "");

	for (const char *const *product = account->products; product && *product; product++)
		list = arena_printf(r->p.arena, "%s%s%s", list, *list ? ", " : "", *product);
	return *list ? list : "what the inventory does not say";
}

static void name_products(struct release *r, const struct side *s, uint32_t n, const struct account *account)
{
	const struct desired_person about = {.id = who(r, s, n, account), .mail = account->mail};

	plan_task(&r->p, TASK_PRODUCTS, s->number, &about, arena_printf(r->p.arena, "%s is billed for %s%s", account->mail,
		products_of(r, account), n == NOBODY ? ", and is no user of this SCIM directory" : ""));
}

static void do_stage(struct release *r, struct side *s, uint32_t n, const struct account *account)
{
	switch (r->options->stage) {
	case WAY_BACK_GROUPS:
		leave_groups(r, s, n, account);
		break;
	case WAY_BACK_UNLINK:
		user_step(r, s, n, STEP_UNLINK, account);
		break;
	case WAY_BACK_DELETE:
		user_step(r, s, n, STEP_USER_DELETE, account);
		user_step(r, s, n, STEP_RESTORE, account);
		break;
	default:
		name_products(r, s, n, account);
		break;
	}
}

/* ---- one account after another ---- */

static void leave(struct release *r, const struct side *s, uint32_t n, const struct account *account, const char *why)
{
	plan_problem(&r->p, PROBLEM_BILLED_LEFT, s->number, who(r, s, n, account),
		arena_printf(r->p.arena, "billed for %s, and left: %s", products_of(r, account), why));
}

static void look_at(struct release *r, struct side *s, const struct account *account)
{
	bool well = false;
	const char *why = account_keeps(r, account, &well);
	uint32_t n = user_of(r, s, account, &why, &well);

	if (well && !r->options->only)
		return;
	if (!why)
		why = not_in_stage(r, s, n, account);
	if (why) {
		leave(r, s, n, account, why);
	} else if (r->people < r->options->most) {
		do_stage(r, s, n, account);
		r->people++;
	} else {
		r->later++;
	}
}

/* By an inventory that says of everybody whether they are billed; whoever is not is well as they are. */
static void look_at_all(struct release *r, struct side *s)
{
	for (size_t i = 0; i < r->p.world->account_count; i++) {
		const struct account *account = &r->p.world->accounts[i];

		r->mute += account->kind == ACCOUNT_MANAGED && !account->mail && account->billable == 1;
		if (account->kind != ACCOUNT_MANAGED || !account->mail ||
			(r->options->only && strcasecmp(r->options->only, account->mail) != 0))
			continue;
		r->unsaid += account->billable < 0;
		if (account->billable != 1)
			continue;
		r->seen = true;
		look_at(r, s, account);
	}
}

static void tell_about_others(struct release *r, const struct side *s)
{
	struct arena *a = r->p.arena;

	if (r->unsaid > 0)
		plan_problem(&r->p, PROBLEM_BILLED_LEFT, s->number, NULL,
			arena_printf(a, "the inventory does not say of %zu accounts whether they are billed", r->unsaid));
	if (r->mute > 0)
		plan_problem(&r->p, PROBLEM_BILLED_LEFT, s->number, NULL,
			arena_printf(a, "%zu accounts are billed whose mail Atlassian does not tell, so whose they are is not known", r->mute));
	if (r->later > 0)
		plan_problem(&r->p, PROBLEM_BILLED_LEFT, s->number, NULL, arena_printf(a, "people for batches after this one: %zu", r->later));
	if (r->options->only && !r->seen && r->p.world->inventory_as_of)
		plan_problem(&r->p, PROBLEM_BILLED_LEFT, s->number, NULL,
			arena_printf(a, "the inventory knows no managed account %s that is billed", r->options->only));
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
	take_doubts(&r);
	know_mails(&r);
	for (size_t i = 0; i < desired->target_count; i++)
		r.p.sides[i].want_count = 0;
	s = organization(&r);
	if (s) {
		plan_count_licensed(s);
		know_accounts(&r, s);
		look_at_all(&r, s);
		tell_about_others(&r, s);
	}
	plan_end(&r.p, &plan);
	plan.stopped = arena_printf(a, "the way back, stage %s: %s %s%s It is not proven on a live site.", stages[options->stage].word,
		stages[options->stage].says, stages[options->stage].undo ? "Undone: " : "It cannot be undone.",
		stages[options->stage].undo ? stages[options->stage].undo : "");
	*out = plan;
	return 0;
}
