/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The brake: what is refused over and over is not asked for everybody.
 *
 * A key that may not make accounts is refused for each of 4,000 people, and a
 * server that answers 500 takes a minute for each of them. So after some equal
 * failures in a row the steps of that kind are left out at that target, and one
 * line says so; the next plan tries again. What may be each person's own fault
 * (a mail that is not taken) brakes later.
 *
 * The same few who fail stand first in every plan, and must not hold back those
 * behind them for ever: so one in some is asked all the same, another one each
 * time, and the first success lets all others go on. Nothing that takes access
 * away is left out: how many that may be the limits of a plan say.
 */
#include "provision/apply_parts.h"

#define ROW_OF_ALL 5                    /* the key may not do it, nobody answers, something is broken there */
#define ROW_OF_EACH 20                  /* anything else that is said of one person or group */
#define ASKED_OF 17                     /* one of so many is asked all the same; prime, so that no hour or minute asks the same one again */

static struct brake *brake_of(const struct applying *w, const struct step *s)
{
	return &w->brakes[s->target * STEP_KINDS + (size_t)s->kind];
}

static unsigned row_most(int status)
{
	return status == 0 || status == 401 || status == 403 || status == 405 || status == 412 || status >= 500 ? ROW_OF_ALL : ROW_OF_EACH;
}

bool apply_brakes(struct applying *w, const struct step *s)
{
	struct brake *b = brake_of(w, s);

	if (b->row < row_most(b->status) || apply_takes_away(s->kind) ||
		(b->met++ + (uint64_t)w->options->now(w->options->context)) % ASKED_OF == 0)
		return false;
	b->left_out++;
	return true;
}

void apply_brake_failed(struct applying *w, const struct step *s, const struct step_result *r, const struct error *why)
{
	struct brake *b = brake_of(w, s);

	if (r->requests == 0)           /* never sent: this step's own fault */
		return;
	b->row = b->row > 0 && b->status == r->status ? b->row + 1 : 1;
	b->status = r->status;
	if (b->row >= row_most(b->status))
		b->braked_at = b->row;
	if (b->row == row_most(b->status))
		b->why = arena_strdup(w->arena, why->detail);
}

void apply_brake_done(struct applying *w, const struct step *s)
{
	brake_of(w, s)->row = 0;
}

void apply_tell_brakes(struct applying *w)
{
	struct apply_result *out = w->result;
	const char **told = NULL;

	for (size_t i = 0; i < w->plan->target_count * STEP_KINDS; i++) {
		const struct brake *b = &w->brakes[i];

		if (b->left_out == 0)
			continue;
		told = arena_grow(w->arena, told, out->braked_count, sizeof(*told));
		told[out->braked_count++] = arena_printf(w->arena, "%s: %s failed %u times in a row in the same way, so it was not asked for %zu more: %s",
			w->plan->targets[i / STEP_KINDS], step_kind_word((enum step_kind)(i % STEP_KINDS)), b->braked_at, b->left_out, b->why);
	}
	out->braked = told;
}
