/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What happens before the first step and after the last. */
#include "provision/apply_parts.h"

#include "base/encode.h"
#include "provision/plan_parts.h"

static int load(struct arena *a, struct ledger *ledger, const struct desired *desired, const struct world *world,
	const struct plan *given, bool *resumed_out, struct ledger_view *view, struct error *err)
{
	bool resumed;

	if (ledger_load(a, ledger, view, err) < 0)
		return -1;
	resumed = given && view->run && strcmp(view->run, given->id) == 0;
	*resumed_out = resumed;
	if (given && !resumed)
		return 0;
	/* What a killed process made is found before anything is planned. */
	return ledger_settle(a, ledger, desired, world, err) < 0 || ledger_load(a, ledger, view, err) < 0 ? -1 : 0;
}

/* What a batch of the way back left undone, and not the next people. */
static void keep_to_batch(struct arena *a, struct plan *now, const struct plan *given)
{
	struct step *steps = arena_alloc(a, (now->step_count + 1) * sizeof(*steps));
	struct plan one = {.targets = now->targets, .target_count = now->target_count, .step_count = 1};
	size_t n = 0;

	for (size_t i = 0; i < now->step_count; i++) {
		one.steps = &now->steps[i];
		if (!plan_beyond(a, &one, given))
			steps[n++] = now->steps[i];
	}
	now->steps = steps;
	now->step_count = n;
}

static int require_same(struct arena *a, const struct plan *now, const struct plan *given, bool resumed, struct error *err)
{
	const char *beyond;

	if (!given)
		return 0;
	if (strcmp(plan_id(a, given), given->id) != 0)
		return error_set(err, REASON_PLAN_MOVED, "this plan was changed after it was made");
	if (!resumed && strcmp(now->id, given->id) == 0)
		return 0;
	beyond = plan_beyond(a, now, given);
	if (resumed && !beyond)
		return 0;
	if (beyond)
		return error_set(err, REASON_PLAN_MOVED, "something changed since the plan was made, so it is not done: new is %s", beyond);
	return error_set(err, REASON_PLAN_MOVED, "something changed since the plan was made, so it is not done; plan again");
}

static int require_accepted(const struct plan *now, const struct apply_options *o, struct error *err)
{
	const char *why = now->stopped ? now->stopped : o->given ? o->given->stopped : NULL;

	if (!why || o->accept_stopped)
		return 0;
	return error_set(err, REASON_PLAN_STOPPED, "%s", why);
}

static size_t people_of(const struct plan *plan)
{
	size_t n = 0;

	for (size_t i = 0; i < plan->target_count; i++)
		n += plan->counts[i].losing;
	return n;
}

/* One test person first: a stage of the way back of which nothing was ever done is done for nobody besides. */
static int require_tried(struct ledger *ledger, const struct plan *now, const struct apply_options *o, bool resumed, struct error *err)
{
	const char *stage = o->way_back ? way_back_word(o->way_back->stage) : NULL;
	int64_t when;
	int tried;

	if (!stage || resumed || people_of(now) <= 1)
		return 0;
	tried = ledger_was_tried(ledger, stage, &when, err);
	if (tried != 0)
		return tried < 0 ? -1 : 0;
	return error_set(err, REASON_PLAN_STOPPED, "nothing was done: stage %s of the way back was never tried. Do it for one person first "
		"(--person MAIL, or --most 1), and look at the account and the bill a day later", stage);
}

/* Who is still billed after a stage is known by an inventory that was read after it: nobody else's account is cut. */
static int require_read_again(struct ledger *ledger, const struct world *world, const struct apply_options *o, bool resumed, struct error *err)
{
	char done[21], read[21];
	int64_t when;
	int rc = 0;

	if (!o->way_back || o->way_back->stage < WAY_BACK_UNLINK || resumed)
		return 0;
	for (enum way_back_stage i = WAY_BACK_GROUPS; i < o->way_back->stage; i++) {
		rc = ledger_was_tried(ledger, way_back_word(i), &when, err);
		if (rc < 0)
			return -1;
		if (rc == 0 || when <= world->inventory_as_of)
			continue;
		time_write(when, done);
		time_write(world->inventory_as_of, read);
		return error_set(err, REASON_PLAN_STOPPED, "nothing was done: the inventory of accounts is of %s, and stage %s was done at %s: read it again "
			"first (postern accounts refresh, or import), since whoever is no longer billed is left", read, way_back_word(i), done);
	}
	return 0;
}

/* Of which something failed is not tried: with `delete` an account may be left that is not active again. */
static int note_tried(struct ledger *ledger, const struct apply_result *result, const struct apply_options *o, struct error *err)
{
	if (!o->way_back || people_of(&result->plan) == 0 || result->done == 0 || result->failed > 0 || result->people_failed > 0)
		return 0;
	return ledger_note_tried(ledger, way_back_word(o->way_back->stage), o->now(o->context), err);
}

static int begin_run(struct arena *a, struct applying *w, struct error *err)
{
	int64_t now = w->options->now(w->options->context);
	const char *id = w->options->given ? w->options->given->id : w->plan->id;

	if (ledger_note(a, w->ledger, w->desired, now, err) < 0 || ledger_settle_owed(a, w->ledger, w->desired, w->world, err) < 0)
		return -1;
	return w->result->resumed || w->plan->step_count == 0 ? 0 : ledger_run_begin(w->ledger, id, w->options->accept_stopped, now, err);
}

static int make(struct arena *a, const struct desired *desired, const struct world *world, const struct ledger_view *view,
	const struct plan_limits *limits, const struct apply_options *o, struct plan *out, struct error *err)
{
	int64_t at = o->given ? o->given->made : o->now(o->context);

	if (o->way_back && way_back_make(a, desired, world, view, limits, o->way_back, at, out, err) < 0)
		return -1;
	if (o->way_back && o->given && view->run && strcmp(view->run, o->given->id) == 0)
		keep_to_batch(a, out, o->given);
	if (o->way_back)
		return 0;
	return plan_make(a, desired, world, view, limits, at, out, err);
}

static size_t accounts_of(const struct ledger_view *view, const char *target)
{
	size_t n = 0;

	for (size_t i = 0; i < view->count; i++)
		n += view->people[i].user && strcmp(view->people[i].target, target) == 0;
	return n;
}

/* The plan counts what was there before; those of the ledger that somebody else deleted stay out. */
static int count_kept(struct arena *a, const struct applying *w, const struct ledger_view *before, struct apply_result *result, struct error *err)
{
	size_t *kept = arena_alloc(a, (w->plan->target_count + 1) * sizeof(*kept));
	struct ledger_view after;

	if (ledger_load(a, w->ledger, &after, err) < 0)
		return -1;
	for (size_t i = 0; i < w->plan->target_count; i++)
		kept[i] = accounts_of(&after, w->plan->targets[i]) + w->plan->counts[i].ours - accounts_of(before, w->plan->targets[i]);
	result->kept = kept;
	return 0;
}

int apply(struct arena *a, const struct desired *desired, const struct plan_limits *limits, struct ledger *ledger,
	const struct step_doer *doer, const struct apply_options *o, struct apply_result *out, struct error *err)
{
	struct apply_result result = {.stop = {.reason = REASON_NONE}};
	struct applying w = {.arena = a, .desired = desired, .ledger = ledger, .doer = doer, .options = o, .err = err};
	struct ledger_view view = {0};
	struct world world = {0};
	int rc;

	if (o->world)
		world = *o->world;
	else if (doer->read(a, doer->context, &world, err) < 0)
		return -1;
	if (load(a, ledger, desired, &world, o->given, &result.resumed, &view, err) < 0 ||
		make(a, desired, &world, &view, limits, o, &result.plan, err) < 0 ||
		require_same(a, &result.plan, o->given, result.resumed, err) < 0)
		return -1;
	result.world = world;
	*out = result;
	if (require_accepted(&result.plan, o, err) < 0 || require_tried(ledger, &result.plan, o, result.resumed, err) < 0 ||
		require_read_again(ledger, &world, o, result.resumed, err) < 0)
		return -1;
	w.plan = &result.plan;
	w.world = &world;
	w.result = &result;
	w.stopped = arena_alloc(a, desired->target_count + 1);
	w.brakes = arena_alloc(a, (desired->target_count + 1) * STEP_KINDS * sizeof(*w.brakes));
	if (begin_run(a, &w, err) < 0)
		return -1;
	rc = apply_steps(&w);
	if (rc < 0)
		return -1;
	apply_tell_brakes(&w);
	if (count_kept(a, &w, &view, &result, err) < 0)
		return -1;
	result.ended = rc == 1 && result.stop.reason == REASON_NONE;
	if (result.ended && (note_tried(ledger, &result, o, err) < 0 || ledger_run_end(ledger, err) < 0))
		return -1;
	*out = result;
	return 0;
}
