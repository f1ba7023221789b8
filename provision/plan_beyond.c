/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Plans compared change by change: a field of a user, a member of a group. */
#include "provision/plan.h"

#include "base/hash.h"
#include "base/text.h"

#include <stdlib.h>

struct change {
	uint64_t high, low;
};

struct changes {
	struct arena *arena;            /* of the list */
	struct change *list;
	size_t n;
	struct text text;
};

static int change_order(const void *a, const void *b)
{
	const struct change *x = a, *y = b;

	if (x->high != y->high)
		return x->high < y->high ? -1 : 1;
	return (x->low > y->low) - (x->low < y->low);
}

static void say(struct text *t, const char *s)
{
	text_add(t, slice_of(s ? s : "\1", s ? strlen(s) + 1 : 2));
}

static struct change change_of(struct text *t)
{
	static const unsigned char secrets[2][HASH_SECRET_SIZE] = {{1}, {2}};

	return (struct change){hash_secretly(secrets[0], text_slice(t)), hash_secretly(secrets[1], text_slice(t))};
}

/* Accounts that were not made when the plan was cannot be part of what is compared. */
static bool names_user(enum step_kind kind)
{
	switch (kind) {
	case STEP_USER_CREATE: case STEP_CUSTOMER_CREATE: case STEP_MEMBERS_ADD: case STEP_DESK_ADD: case STEP_ORGANIZATION_ADD:
		return false;
	default:
		return true;
	}
}

/* Calls `each` for every change of a step, until it is not 0. */
static int each_change(struct text *t, const struct step *s, const char *target, int (*each)(void *context, struct change c),
	void *context)
{
	const char *const fields[] = {s->fields.external_id, s->fields.mail, s->fields.display_name, s->fields.given_name,
		s->fields.family_name, s->fields.title, s->fields.department};
	bool single = s->member_count == 0;
	size_t head;

	t->n = 0;
	say(t, step_kind_word(s->kind));
	say(t, target);
	say(t, s->person);
	say(t, s->name);
	if (s->desk)
		say(t, s->desk);
	if (names_user(s->kind))
		say(t, s->user);
	head = t->n;
	for (size_t i = 0; i < s->member_count; i++) {
		t->n = head;
		say(t, s->members[i]);
		if (names_user(s->kind) && s->member_users)
			say(t, s->member_users[i]);
		if (each(context, change_of(t)))
			return 1;
	}
	for (size_t i = 0; s->kind == STEP_USER_UPDATE && i < sizeof(fields) / sizeof(fields[0]); i++) {
		t->n = head;
		single = false;
		if (!fields[i])
			continue;
		text_addf(t, "%zu", i);
		say(t, fields[i]);
		if (each(context, change_of(t)))
			return 1;
	}
	if (!single)
		return 0;
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		say(t, fields[i]);
	return each(context, change_of(t));
}

static int collect(void *context, struct change c)
{
	struct changes *all = context;

	all->list = arena_grow(all->arena, all->list, all->n, sizeof(*all->list));
	all->list[all->n++] = c;
	return 0;
}

static int is_missing(void *context, struct change c)
{
	const struct changes *all = context;

	return all->n == 0 || !bsearch(&c, all->list, all->n, sizeof(c), change_order);
}

const char *plan_beyond(struct arena *a, const struct plan *part, const struct plan *whole)
{
	struct changes all = {.arena = arena_new()};
	const char *beyond = NULL;

	text_begin(&all.text, all.arena, 1024);
	for (size_t i = 0; i < whole->step_count; i++)
		each_change(&all.text, &whole->steps[i], whole->targets[whole->steps[i].target], collect, &all);
	if (all.n > 1)
		qsort(all.list, all.n, sizeof(*all.list), change_order);
	for (size_t i = 0; i < part->step_count && !beyond; i++) {
		const struct step *s = &part->steps[i];

		if (each_change(&all.text, s, part->targets[s->target], is_missing, &all))
			beyond = arena_printf(a, "%s at %s of %s", step_kind_word(s->kind), part->targets[s->target], s->person ? s->person : s->name);
	}
	arena_free(all.arena);
	return beyond;
}
