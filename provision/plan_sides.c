/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Who is who: accounts of the world, people of the directory and records of the ledger brought together, by sorting and searching. */
#include "provision/ledger_record.h"
#include "provision/plan_parts.h"

#include <fnmatch.h>
#include <stdlib.h>

/* ---- sorted pairs ---- */

void index_add(struct arena *a, struct index *ix, const char *key, uint32_t value)
{
	ix->pairs = arena_grow(a, ix->pairs, ix->n, sizeof(*ix->pairs));
	ix->pairs[ix->n++] = (struct pair){key, value};
}

static int pair_order(const void *a, const void *b)
{
	const struct pair *x = a, *y = b;
	int order = strcmp(x->key, y->key);

	return order ? order : (x->value > y->value) - (x->value < y->value);
}

void index_sort(struct index *ix)
{
	if (ix->n > 1)
		qsort(ix->pairs, ix->n, sizeof(*ix->pairs), pair_order);
}

const struct pair *index_find(const struct index *ix, const char *key, size_t *count_out)
{
	size_t low = 0, high = ix->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(ix->pairs[middle].key, key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (high = low; high < ix->n && strcmp(ix->pairs[high].key, key) == 0; high++)
		;
	*count_out = high - low;
	return high > low ? &ix->pairs[low] : NULL;
}

/* ---- what is protected ---- */

static void add_guards(struct planning *p, const char *const *list)
{
	for (; list && *list; list++)
		index_add(p->arena, &p->guards, lower_case(p->arena, *list), 0);
}

static bool is_guard(const struct planning *p, const char *s)
{
	size_t n;

	return s && p->guards.n > 0 && index_find(&p->guards, lower_case(p->arena, s), &n);
}

bool plan_guards_mail(const struct planning *p, const char *mail)
{
	const struct pair *account;
	size_t n;

	if (!mail || p->guards.n == 0)
		return false;
	account = index_find(&p->accounts, lower_case(p->arena, mail), &n);
	for (size_t i = 0; account && i < n; i++)
		if (is_guard(p, p->world->accounts[account[i].value].id))
			return true;
	return is_guard(p, mail);
}

/* By what the target says, and by what the inventory says of the account that the user is linked to. */
static bool guards_user(const struct planning *p, const struct world_user *u)
{
	const struct pair *account = u->account_id && p->guards.n > 0 ? index_find(&p->account_ids, u->account_id, &(size_t){0}) : NULL;

	return is_guard(p, u->id) || is_guard(p, u->account_id) || plan_guards_mail(p, u->mail) || plan_guards_mail(p, u->user_name) ||
		(account && is_guard(p, p->world->accounts[account->value].mail));
}

bool plan_guards_group(const struct planning *p, const char *name)
{
	for (const char *const *pattern = p->limits->protect_groups; pattern && *pattern; pattern++)
		if (fnmatch(*pattern, name, 0) == 0)
			return true;
	return false;
}

/* ---- one target ---- */

static void read_users(struct planning *p, struct side *s)
{
	const struct world_target *w = s->world;

	s->users = arena_alloc(p->arena, (w->user_count + 1) * sizeof(*s->users));
	s->want_of_user = arena_alloc(p->arena, (w->user_count + 1) * sizeof(*s->want_of_user));
	for (uint32_t i = 0; i < w->user_count; i++) {
		const struct world_user *u = &w->users[i];
		const char *mail = lower_case(p->arena, u->mail), *name = lower_case(p->arena, u->user_name);

		s->users[i] = (struct account_state){.person = NOBODY, .record = NOBODY, .active_after = u->active};
		s->users[i].guarded = guards_user(p, u);
		s->want_of_user[i] = NOBODY;
		s->count.active_now += u->active;
		if (u->external_id)
			index_add(p->arena, &s->by_external, lower_case(p->arena, u->external_id), i);
		if (mail)
			index_add(p->arena, &s->by_mail, mail, i);
		if (name && !(mail && strcmp(mail, name) == 0))
			index_add(p->arena, &s->by_mail, name, i);
	}
	index_sort(&s->by_external);
	index_sort(&s->by_mail);
}

static void freeze(struct planning *p, const struct side *s, uint32_t person, const char *what)
{
	if (p->frozen[person])
		return;
	p->frozen[person] = true;
	plan_problem(p, PROBLEM_HELD, s->number, person_of(p, person)->id, what);
}

/* The ledger comes first: externalId can be changed by anybody who may change accounts. */
static void read_ledger(struct planning *p, struct side *s)
{
	for (uint32_t i = 0; i < p->ledger->count; i++) {
		const struct ledger_person *record = &p->ledger->people[i];
		const struct desired_person *person;
		const struct world_user *u;
		uint32_t n;

		if (strcmp(record->target, s->target->name) != 0 || !record->user)
			continue;
		u = world_user_by_id(s->world, record->user);
		if (!u)         /* deleted by somebody else */
			continue;
		n = (uint32_t)(u - s->world->users);
		s->users[n].record = i;
		s->count.ours++;
		person = desired_person_by_id(p->desired, record->person);
		if (!person)
			continue;
		s->users[n].person = (uint32_t)(person - p->desired->people);
		s->user_of[s->users[n].person] = n;
	}
}

static void know_unlinked(struct planning *p, struct side *s)
{
	for (size_t i = 0; i < p->ledger->unlinked_count; i++) {
		const struct world_user *u = world_user_by_id(s->world, p->ledger->unlinked[i].user);

		if (u && strcmp(p->ledger->unlinked[i].target, s->target->name) == 0)
			s->users[u - s->world->users].unlinked = true;
	}
}

static void know_by_external_id(struct planning *p, struct side *s)
{
	for (size_t i = 0; i < s->by_external.n; i++) {
		const char *external = s->world->users[s->by_external.pairs[i].value].external_id;
		const struct desired_person *person = desired_person_by_id(p->desired, external);
		uint32_t n = s->by_external.pairs[i].value, who;

		if (!person)    /* ids of directories are lower case where they are GUIDs */
			person = desired_person_by_id(p->desired, s->by_external.pairs[i].key);
		if (!person)
			continue;
		who = (uint32_t)(person - p->desired->people);
		if (s->users[n].person == who)
			continue;
		if (s->users[n].person != NOBODY) {
			freeze(p, s, who, "the account with this externalId is another person's in the ledger");
			freeze(p, s, s->users[n].person, "the account has another person's externalId");
			continue;
		}
		s->users[n].person = who;
		if (s->user_of[who] == NOBODY)
			s->user_of[who] = n;
		else if (s->world->users[n].active && !p->frozen[who]) {
			p->frozen[who] = true;
			plan_task(p, TASK_TWO_ACCOUNTS, s->number, person, "two accounts carry this person's externalId");
		}
	}
}

static void add_want(struct planning *p, struct side *s, uint32_t person, const char *const *groups, const char *const *desks)
{
	const struct desired_person *d = person_of(p, person);
	struct want want = {.person = person, .user = NOBODY, .waits_for = NOBODY, .groups = groups, .desks = desks};

	s->count.wanted++;
	if (!d->mail || !*d->mail || strlen(d->mail) > LEDGER_KEY_MAX || strlen(d->id) > LEDGER_KEY_MAX) {
		if (!p->frozen[person])
			plan_problem(p, PROBLEM_NO_MAIL, s->number, d->id, d->mail && *d->mail ? "the mail or the id is too long" : "there is no mail");
		p->frozen[person] = true;
		return;
	}
	want.mail = lower_case(p->arena, d->mail);
	s->wants = arena_grow(p->arena, s->wants, s->want_count, sizeof(*s->wants));
	s->wants[s->want_count++] = want;
}

static void read_people(struct planning *p)
{
	for (uint32_t i = 0; i < p->desired->count; i++) {
		const struct desired_person *d = person_of(p, i);

		if (d->held) {
			p->frozen[i] = true;
			plan_problem(p, PROBLEM_HELD, d->kind == DESIRED_PORTAL && d->place_count > 0 ? d->places[0].target : d->target, d->id, d->held);
		} else if (d->kind == DESIRED_LICENSED || d->kind == DESIRED_CUSTOMER) {
			add_want(p, &p->sides[d->target], i, d->groups, NULL);
		}
		for (size_t k = 0; !d->held && d->kind == DESIRED_PORTAL && k < d->place_count; k++)
			add_want(p, &p->sides[d->places[k].target], i, d->places[k].organizations, d->places[k].desks);
	}
}

/*
 * A site lists people by its desks and customer organizations alone: who was
 * taken out of all of them, or shall be in none, is there and not listed.  Such
 * accounts of ours are known by the ledger: they are revoked when they are due,
 * put where they are wanted again, whatever their mail is then, and made no
 * second time (ledger_lose_unknown: where the site knows them no more).
 */
static bool is_unlisted(const struct side *s, const struct ledger_person *record)
{
	return strcmp(record->target, s->target->name) == 0 && record->user && !record->ended && !world_user_by_id(s->world, record->user);
}

static int user_order(const void *a, const void *b)
{
	return strcmp(((const struct world_user *)a)->id, ((const struct world_user *)b)->id);
}

static void add_unlisted(struct planning *p, struct side *s)
{
	struct world_target *w = arena_alloc(p->arena, sizeof(*w));
	struct world_user *users = NULL;
	size_t n = 0, unlisted;

	for (size_t i = 0; i < p->ledger->count; i++) {
		const struct ledger_person *record = &p->ledger->people[i];

		if (!is_unlisted(s, record))
			continue;
		users = arena_grow(p->arena, users, n, sizeof(*users));
		users[n++] = (struct world_user){.id = record->user, .account_id = record->account_id, .mail = record->mail, .active = true};
	}
	unlisted = n;
	for (size_t i = 0; unlisted && i < s->world->user_count; i++) {
		users = arena_grow(p->arena, users, n, sizeof(*users));
		users[n++] = s->world->users[i];
	}
	if (!unlisted)
		return;
	qsort(users, n, sizeof(*users), user_order);
	*w = *s->world;
	w->users = users;
	for (size_t i = w->user_count = 0; i < n; i++)  /* two people of the ledger may have had one account */
		if (i == 0 || strcmp(users[w->user_count - 1].id, users[i].id) != 0)
			users[w->user_count++] = users[i];
	s->world = w;
}

void plan_sides(struct planning *p)
{
	const struct desired *d = p->desired;

	p->sides = arena_alloc(p->arena, (d->target_count + 1) * sizeof(*p->sides));
	p->frozen = arena_alloc(p->arena, d->count + 1);
	add_guards(p, p->limits->protect);
	add_guards(p, p->limits->administrators);
	index_sort(&p->guards);
	for (const char *const *mail = d->nameless; mail && *mail; mail++)
		index_add(p->arena, &p->nameless, lower_case(p->arena, *mail), 0);
	index_sort(&p->nameless);
	if (d->stale && d->target_count > 0)
		plan_problem(p, PROBLEM_HELD, 0, NULL, d->stale);
	for (uint32_t i = 0; i < p->world->account_count; i++) {
		const struct account *account = &p->world->accounts[i];

		p->lists_managed |= account->kind == ACCOUNT_MANAGED;
		p->lists_portal |= account->kind == ACCOUNT_PORTAL;
		if (account->mail)
			index_add(p->arena, &p->accounts, lower_case(p->arena, account->mail), i);
		if (account->id)
			index_add(p->arena, &p->account_ids, account->id, i);
	}
	index_sort(&p->accounts);
	index_sort(&p->account_ids);
	for (size_t i = 0; i < d->target_count; i++) {
		struct side *s = &p->sides[i];

		s->target = &d->targets[i];
		s->world = &p->world->targets[i];
		s->number = i;
		s->usable = s->world->complete;
		s->user_of = arena_alloc(p->arena, (d->count + 1) * sizeof(*s->user_of));
		for (size_t k = 0; k < d->count; k++)
			s->user_of[k] = NOBODY;
		if (!s->usable) {
			plan_problem(p, PROBLEM_TARGET_UNREAD, i, NULL, s->world->fault ? s->world->fault : "not read to its end");
			continue;
		}
		if (!is_scim(s))
			add_unlisted(p, s);
		read_users(p, s);
		read_ledger(p, s);
		know_unlinked(p, s);
		know_by_external_id(p, s);
	}
	read_people(p);
}
