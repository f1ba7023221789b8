/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One step after another: what it still needs is filled in, the ledger is written, the call made, and what it brought kept. */
#include "provision/apply_parts.h"

#include <stdlib.h>

#define ADOPTIONS_AT_ONCE 500           /* no calls: so many in one transaction */

/* ---- what was learned ---- */

static int learned_order(const void *a, const void *b)
{
	const struct learned *x = a, *y = b;

	if (x->target != y->target)
		return x->target < y->target ? -1 : 1;
	return strcmp(x->key, y->key);
}

static void learn(struct applying *w, struct learned_list *l, size_t target, const char *key, const char *id)
{
	l->list = arena_grow(w->arena, l->list, l->n, sizeof(*l->list));
	l->list[l->n++] = (struct learned){target, key, arena_strdup(w->arena, id)};
	l->sorted = false;
}

static const struct learned *learned_of(struct learned_list *l, size_t target, const char *key)
{
	const struct learned wanted = {target, key, NULL};

	if (l->n == 0 || !key)
		return NULL;
	if (!l->sorted)
		qsort(l->list, l->n, sizeof(*l->list), learned_order);
	l->sorted = true;
	return bsearch(&wanted, l->list, l->n, sizeof(*l->list), learned_order);
}

const char *apply_account_of(struct applying *w, size_t target, const char *user)
{
	const struct world_user *there = user ? world_user_by_id(&w->world->targets[target], user) : NULL;
	const struct learned *made = there ? NULL : learned_of(&w->accounts, target, user);

	return there ? there->account_id : made ? made->id : NULL;
}

static bool is_troubled(struct applying *w, size_t target, const char *person)
{
	return learned_of(&w->troubled, target, person) != NULL;
}

static void trouble(struct applying *w, size_t target, const char *person)
{
	if (person)
		learn(w, &w->troubled, target, person, "");
}

/* ---- kinds of steps ---- */

static bool adds(enum step_kind kind)
{
	return kind == STEP_MEMBERS_ADD || kind == STEP_DESK_ADD || kind == STEP_ORGANIZATION_ADD;
}

bool apply_takes_away(enum step_kind kind)
{
	switch (kind) {
	case STEP_MEMBERS_REMOVE: case STEP_DESK_REMOVE: case STEP_ORGANIZATION_REMOVE: case STEP_USER_DEACTIVATE: case STEP_CUSTOMER_REVOKE:
	case STEP_USER_DELETE: case STEP_UNLINK: case STEP_GROUP_DELETE:
		return true;
	default:
		return false;
	}
}

static bool makes_user(enum step_kind kind)
{
	return kind == STEP_USER_CREATE || kind == STEP_CUSTOMER_CREATE;
}

static bool makes_group(enum step_kind kind)
{
	return kind == STEP_GROUP_CREATE || kind == STEP_ORGANIZATION_CREATE;
}

static bool needs_group(enum step_kind kind)
{
	return kind == STEP_MEMBERS_ADD || kind == STEP_MEMBERS_REMOVE || kind == STEP_ORGANIZATION_ADD || kind == STEP_ORGANIZATION_REMOVE ||
		kind == STEP_GROUP_DELETE || kind == STEP_DESK_ATTACH || kind == STEP_DESK_DETACH;
}

/* ---- before the call ---- */

static void resolve_members(struct applying *w, struct arena *scratch, const struct step *s, struct ready *out)
{
	const char **users = arena_alloc(scratch, (s->member_count + 1) * sizeof(*users));
	size_t n = 0;

	out->people = arena_alloc(scratch, (s->member_count + 1) * sizeof(*out->people));
	for (size_t i = 0; i < s->member_count; i++) {
		const struct learned *made = learned_of(&w->users, s->target, s->members[i]);
		const char *user = s->member_users && s->member_users[i] ? s->member_users[i] : made ? made->id : NULL;

		if (!user && adds(s->kind))
			trouble(w, s->target, s->members[i]);
		if (!user || (apply_takes_away(s->kind) && is_troubled(w, s->target, s->members[i])))
			continue;
		out->people[n] = s->members[i];
		users[n++] = user;
	}
	out->step.members = users;
	out->step.member_users = NULL;
	out->step.member_count = n;
}

/* false: what it needs is not there, or it must not be done after what failed. */
static bool get_ready(struct applying *w, struct arena *scratch, const struct step *s, struct ready *out)
{
	const struct learned *group = learned_of(&w->groups, s->target, s->name);

	*out = (struct ready){.step = *s};
	if (w->stopped[s->target] || apply_brakes(w, s))
		return false;
	if (!s->group && group)
		out->step.group = group->id;
	if (needs_group(s->kind) && !out->step.group)
		return false;
	if (s->kind == STEP_GROUP_DELETE)       /* whom it still gives access to is not known any more once something failed */
		return w->troubled.n == 0;
	if (s->member_count > 0) {
		resolve_members(w, scratch, s, out);
		return out->step.member_count > 0;
	}
	if (makes_user(s->kind))        /* after a deletion that failed it would be found, and not made */
		return !is_troubled(w, s->target, s->person);
	if (makes_group(s->kind) || s->kind == STEP_DESK_ATTACH || s->kind == STEP_DESK_DETACH)
		return true;
	return out->step.user && !(apply_takes_away(s->kind) && is_troubled(w, s->target, s->person));
}

static void left_out(struct applying *w, const struct step *s)
{
	w->result->left_out++;
	if (!adds(s->kind) && !makes_user(s->kind))
		return;
	trouble(w, s->target, s->person);
	for (size_t i = 0; i < s->member_count; i++)
		trouble(w, s->target, s->members[i]);
}

/* ---- after the call ---- */

static void keep(struct applying *w, const struct step *s, const struct step_result *r)
{
	if (makes_user(s->kind)) {
		if (r->id)
			learn(w, &w->users, s->target, s->person, r->id);
		else
			trouble(w, s->target, s->person);
		if (r->id && r->account_id)
			learn(w, &w->accounts, s->target, arena_strdup(w->arena, r->id), r->account_id);
	} else if (makes_group(s->kind) && r->id) {
		learn(w, &w->groups, s->target, s->name, r->id);
	}
}

/* Those who were not taken, as users' ids: their persons keep what they have. */
static void keep_failed(struct applying *w, const struct ready *ready, const struct step_result *r)
{
	for (const char *const *id = r->failed; id && *id; id++)
		for (size_t i = 0; i < ready->step.member_count; i++) {
			if (strcmp(ready->step.members[i], *id) != 0)
				continue;
			w->result->people_failed++;
			if (adds(ready->step.kind))
				trouble(w, ready->step.target, ready->people[i]);
		}
}

static void stop_key(struct applying *w, size_t target, const struct error *why)
{
	const struct slice key = w->desired->targets[target].key;

	if (w->result->stop.reason == REASON_NONE)
		w->result->stop = *why;
	w->stopped[target] = true;
	for (size_t i = 0; key.p && i < w->desired->target_count; i++)
		if (slice_equal(w->desired->targets[i].key, key))
			w->stopped[i] = true;
}

/* Ended by hand in the middle of it: neither done nor refused. */
static bool is_cut_short(const struct applying *w, const struct error *why)
{
	return why->reason == REASON_PROVISION_STOP && w->options->go_on && !w->options->go_on(w->options->context);
}

static void failed(struct applying *w, const struct step *s, const struct error *why)
{
	if (is_cut_short(w, why)) {
		w->result->cut_short = true;
		return;
	}
	w->result->failed++;
	if (adds(s->kind) || makes_user(s->kind) || s->kind == STEP_USER_ACTIVATE || s->kind == STEP_USER_DELETE) {
		trouble(w, s->target, s->person);
		for (size_t i = 0; i < s->member_count; i++)
			trouble(w, s->target, s->members[i]);
	}
	if (why->reason == REASON_PROVISION_STOP)
		stop_key(w, s->target, why);
}

static void tell(struct applying *w, const struct step *s, const struct error *failure, const struct step_result *r)
{
	const struct apply_progress progress = {.done = w->result->done, .failed = w->result->failed, .left_out = w->result->left_out,
		.total = w->plan->step_count, .target = w->plan->targets[s->target], .step = s, .failure = failure, .result = r};

	if (w->options->progress)
		w->options->progress(&progress, w->options->context);
}

static int64_t time_now(const struct applying *w)
{
	return w->options->now(w->options->context);
}

/* 0, or -1: the ledger could not be written, or whoever keeps a record says no. */
static int call(struct applying *w, struct arena *scratch, const struct step *planned, const struct ready *ready)
{
	const char *target = w->plan->targets[planned->target];
	struct step logged = *planned;
	struct step_result r = {0};
	struct error why = {0};
	uint64_t number;
	int rc;

	logged.group = ready->step.group;
	if (ready->people) {
		logged.members = ready->people;
		logged.member_users = ready->step.members;
		logged.member_count = ready->step.member_count;
	}
	if (apply_record(w, APPLY_BEGINS, planned, ready, &r, NULL) < 0 ||
		ledger_begin(w->ledger, target, &logged, time_now(w), &number, w->err) < 0)
		return -1;
	rc = w->doer->step(scratch, w->doer->context, &ready->step, &r, &why);
	w->result->requests += r.requests;
	if (rc < 0) {
		failed(w, planned, &why);
		apply_brake_failed(w, planned, &r, &why);
		if (!w->result->cut_short)
			tell(w, planned, &why, &r);
		if (ledger_failed(w->ledger, number, target, &logged, &r, &why, time_now(w), w->err) < 0)
			return -1;
		return apply_record(w, APPLY_FAILED, planned, ready, &r, &why);
	}
	if (ledger_done(w->ledger, number, target, &logged, &r, time_now(w), w->err) < 0)
		return -1;
	apply_brake_done(w, planned);
	keep(w, planned, &r);
	keep_failed(w, ready, &r);
	w->result->done++;
	tell(w, planned, NULL, &r);
	return apply_record(w, APPLY_DONE, planned, ready, &r, NULL);
}

static int do_step(struct applying *w, const struct step *s)
{
	struct arena *scratch = arena_new();
	struct ready ready;
	int rc = 0;

	if (get_ready(w, scratch, s, &ready)) {
		rc = call(w, scratch, s, &ready);
	} else {
		left_out(w, s);
		tell(w, s, NULL, NULL);
	}
	arena_free(scratch);
	return rc;
}

static int record_adopted(struct applying *w, enum apply_event event, const struct step *steps, size_t n)
{
	const struct step_result none = {0};

	for (size_t i = 0; i < n; i++)
		if (apply_record(w, event, &steps[i], NULL, &none, NULL) < 0)
			return -1;
	return 0;
}

/* Adoptions stand together at the beginning; none of them is a call. */
static int adopt(struct applying *w, size_t *next)
{
	size_t n = 0;

	while (n < ADOPTIONS_AT_ONCE && *next + n < w->plan->step_count && w->plan->steps[*next + n].kind == STEP_ADOPT)
		n++;
	if (record_adopted(w, APPLY_BEGINS, &w->plan->steps[*next], n) < 0 ||
		ledger_adopt(w->ledger, w->plan->targets, &w->plan->steps[*next], n, time_now(w), w->err) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		w->result->done++;
		tell(w, &w->plan->steps[*next + i], NULL, NULL);
	}
	*next += n;
	return record_adopted(w, APPLY_DONE, &w->plan->steps[*next - n], n);
}

int apply_steps(struct applying *w)
{
	size_t i = 0;

	while (i < w->plan->step_count) {
		if (w->options->go_on && !w->options->go_on(w->options->context))
			return 0;
		if (w->plan->steps[i].kind == STEP_ADOPT) {
			if (adopt(w, &i) < 0)
				return -1;
		} else if (do_step(w, &w->plan->steps[i++]) < 0) {
			return -1;
		}
	}
	return 1;
}
