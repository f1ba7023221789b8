/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Times that were noted while a clock was ahead.
 *
 * A loss of next year would count against every plan until then, a group would
 * be young as long, and no inventory newer than a stage of the way back.  Such a
 * time becomes that of the look that finds it: what waits for it to pass waits
 * from then on, as it would have.
 */
#include "provision/ledger_record.h"

static bool is_ahead(int64_t at, int64_t now)
{
	return at > now + LEDGER_CLOCK_AHEAD;
}

static int set_losses(struct arena *a, struct store_txn *t, const struct ledger_view *view, int64_t now, struct error *err)
{
	unsigned char at[8];
	struct slice key;

	for (size_t i = 0; i < view->loss_count; i++) {
		const struct ledger_loss *loss = &view->losses[i];

		if (is_ahead(loss->at, now) && (ledger_run_key(a, LEDGER_LOSS, loss->target, loss->user, &key, err) < 0 ||
			store_put(t, LEDGER_RUN, key, ledger_number(at, (uint64_t)now), err) < 0))
			return -1;
	}
	return 0;
}

static int set_groups(struct arena *a, struct store_txn *t, const struct ledger_view *view, int64_t now, struct error *err)
{
	for (size_t i = 0; i < view->group_count; i++) {
		struct ledger_group g = view->groups[i];
		struct slice key;

		if (!is_ahead(g.since, now))
			continue;
		g.since = now;
		if (ledger_key(a, g.target, g.name, &key, err) < 0 || store_put(t, LEDGER_GROUPS, key, ledger_group_write(a, &g), err) < 0)
			return -1;
	}
	return 0;
}

struct stages {
	struct arena *arena;
	int64_t now;
	struct slice *keys;
	size_t n;
};

static int find_stage(struct slice key, struct slice value, void *context)
{
	struct stages *s = context;

	if (!is_ahead((int64_t)ledger_number_read(value), s->now))
		return 0;
	s->keys = arena_grow(s->arena, s->keys, s->n, sizeof(*s->keys));
	s->keys[s->n++] = arena_slice(s->arena, key);
	return 0;
}

static int set_stages(struct arena *a, struct store_txn *t, int64_t now, struct error *err)
{
	struct stages s = {.arena = a, .now = now};
	unsigned char at[8];

	if (store_each(t, LEDGER_RUN, slice_c(LEDGER_TRIED), find_stage, &s, err) < 0)
		return -1;
	for (size_t i = 0; i < s.n; i++)
		if (store_put(t, LEDGER_RUN, s.keys[i], ledger_number(at, (uint64_t)now), err) < 0)
			return -1;
	return 0;
}

int ledger_set_clock(struct arena *a, struct store_txn *t, const struct ledger_view *view, int64_t now, struct error *err)
{
	return set_losses(a, t, view, now, err) < 0 || set_groups(a, t, view, now, err) < 0 ? -1 : set_stages(a, t, now, err);
}
