/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The ledger as a whole: opening, reading into memory, and what is learned by looking. */
#include "provision/ledger_record.h"

#include "base/clock.h"
#include "provision/step_json.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

static const char *const tables[] = {"people", "groups", "mails", "calls", "run", NULL};
static const struct slice run_key = {"run", 3};

int ledger_open(const char *path, enum ledger_use use, struct ledger **out, struct error *err)
{
	struct store_options options = {
		.path = path,
		.use = use == LEDGER_WRITE ? STORE_WRITE : STORE_READ,
		.schema = LEDGER_SCHEMA,
		.cure = "run that version; or move the ledger away: accounts are then adopted anew, and what Postern made is not known as such",
		.map_size = LEDGER_MAP_SIZE,
		.tables = tables,
	};
	struct ledger *l = calloc(1, sizeof(*l));

	if (!l || !(l->path = strdup(path)))
		abort();
	if ((use == LEDGER_WRITE || access(path, F_OK) == 0 || errno != ENOENT) && store_open(&options, &l->store, err) < 0) {
		ledger_close(l);
		return -1;
	}
	*out = l;
	return 0;
}

void ledger_close(struct ledger *l)
{
	if (!l)
		return;
	store_close(l->store);
	free(l->path);
	free(l);
}

/* ---- into memory ---- */

struct loading {
	struct arena *arena;
	struct ledger_person *people;
	struct ledger_group *groups;
	struct ledger_mail *mails;
	struct ledger_loss *losses;
	struct ledger_unlinked *unlinked;
	struct ledger_owed *owed;
	struct ledger_desk *desks;
	struct ledger_view view;
	struct error *err;
};

static int load_person(struct slice key, struct slice value, void *context)
{
	struct loading *l = context;

	l->people = arena_grow(l->arena, l->people, l->view.count, sizeof(*l->people));
	if (ledger_person_read(l->arena, key, value, &l->people[l->view.count], l->err) < 0)
		return -2;
	l->view.count++;
	return 0;
}

static int load_group(struct slice key, struct slice value, void *context)
{
	struct loading *l = context;

	l->groups = arena_grow(l->arena, l->groups, l->view.group_count, sizeof(*l->groups));
	if (ledger_group_read(l->arena, key, value, &l->groups[l->view.group_count], l->err) < 0)
		return -2;
	l->view.group_count++;
	return 0;
}

static int load_mail(struct slice key, struct slice value, void *context)
{
	struct loading *l = context;

	l->mails = arena_grow(l->arena, l->mails, l->view.mail_count, sizeof(*l->mails));
	if (ledger_mail_read(l->arena, key, value, &l->mails[l->view.mail_count], l->err) < 0)
		return -2;
	l->view.mail_count++;
	return 0;
}

static int load_loss(struct slice key, struct slice value, void *context)
{
	struct loading *l = context;

	l->losses = arena_grow(l->arena, l->losses, l->view.loss_count, sizeof(*l->losses));
	if (ledger_loss_read(l->arena, key, value, &l->losses[l->view.loss_count], l->err) < 0)
		return -2;
	l->view.loss_count++;
	return 0;
}

static int load_unlinked(struct slice key, struct slice value, void *context)
{
	struct loading *l = context;

	(void)value;
	l->unlinked = arena_grow(l->arena, l->unlinked, l->view.unlinked_count, sizeof(*l->unlinked));
	if (ledger_unlinked_read(l->arena, key, &l->unlinked[l->view.unlinked_count], l->err) < 0)
		return -2;
	l->view.unlinked_count++;
	return 0;
}

static int load_owed(struct slice key, struct slice value, void *context)
{
	struct loading *l = context;

	l->owed = arena_grow(l->arena, l->owed, l->view.owed_count, sizeof(*l->owed));
	if (ledger_owed_read(l->arena, key, value, &l->owed[l->view.owed_count], l->err) < 0)
		return -2;
	l->view.owed_count++;
	return 0;
}

static int load_desk(struct slice key, struct slice value, void *context)
{
	struct loading *l = context;

	l->desks = arena_grow(l->arena, l->desks, l->view.open_desk_count, sizeof(*l->desks));
	if (ledger_desk_read(l->arena, key, value, &l->desks[l->view.open_desk_count], l->err) < 0)
		return -2;
	l->view.open_desk_count++;
	return 0;
}

static int load_run(struct loading *l, struct store_txn *t)
{
	json_error_t why;
	struct slice value;
	json_t *object;
	int rc = store_get(t, LEDGER_RUN, run_key, &value, l->err);

	if (rc <= 0)
		return rc;
	object = json_loadb(value.p, value.n, 0, &why);
	l->view.run = json_get_text(l->arena, object, "id");
	l->view.run_began = json_get_number(object, "began");
	json_decref(object);
	return 0;
}

int ledger_load(struct arena *a, struct ledger *ledger, struct ledger_view *out, struct error *err)
{
	struct loading l = {.arena = a, .err = err};
	struct slice all = {NULL, 0};
	struct store_txn *t;
	int rc = -1;

	if (!ledger->store) {
		*out = l.view;
		return 0;
	}
	if (store_begin_read(ledger->store, &t, err) < 0)
		return -1;
	if (store_each(t, LEDGER_PEOPLE, all, load_person, &l, err) == 0 && store_each(t, LEDGER_GROUPS, all, load_group, &l, err) == 0 &&
		store_each(t, LEDGER_MAILS, all, load_mail, &l, err) == 0 &&
		store_each(t, LEDGER_RUN, slice_c(LEDGER_LOSS), load_loss, &l, err) == 0 &&
		store_each(t, LEDGER_RUN, slice_c(LEDGER_UNLINKED), load_unlinked, &l, err) == 0 &&
		store_each(t, LEDGER_RUN, slice_c(LEDGER_OWED), load_owed, &l, err) == 0 &&
		store_each(t, LEDGER_RUN, slice_c(LEDGER_DESK), load_desk, &l, err) == 0 && load_run(&l, t) == 0)
		rc = 0;
	store_abort(t);
	if (rc < 0)
		return -1;
	l.view.people = l.people;
	l.view.groups = l.groups;
	l.view.mails = l.mails;
	l.view.losses = l.losses;
	l.view.unlinked = l.unlinked;
	l.view.owed = l.owed;
	l.view.open_desks = l.desks;
	*out = l.view;
	return 0;
}

/* All three kinds of record begin with their target and what it is about: one comparison fits all. */
struct about {
	const char *target, *second;
};

static int about_after(const void *key, const void *element)
{
	const struct about *k = key, *e = element;
	int order = strcmp(k->target, e->target);

	return order ? order : strcmp(k->second, e->second);
}

_Static_assert(offsetof(struct ledger_person, person) == offsetof(struct about, second), "ledger_person begins as struct about");
_Static_assert(offsetof(struct ledger_group, name) == offsetof(struct about, second), "ledger_group begins as struct about");
_Static_assert(offsetof(struct ledger_mail, mail) == offsetof(struct about, second), "ledger_mail begins as struct about");

const struct ledger_person *ledger_person_of(const struct ledger_view *view, const char *target, const char *person)
{
	struct about key = {target, person};

	return view->count == 0 ? NULL : bsearch(&key, view->people, view->count, sizeof(*view->people), about_after);
}

const struct ledger_group *ledger_group_of(const struct ledger_view *view, const char *target, const char *name)
{
	struct about key = {target, name};

	return view->group_count == 0 ? NULL : bsearch(&key, view->groups, view->group_count, sizeof(*view->groups), about_after);
}

const struct ledger_mail *ledger_mail_of(const struct ledger_view *view, const char *target, const char *mail)
{
	struct about key = {target, mail};

	return view->mail_count == 0 ? NULL : bsearch(&key, view->mails, view->mail_count, sizeof(*view->mails), about_after);
}

/* ---- a plan being applied ---- */

/* Losses of before that time. */
static int forget_losses(struct arena *a, struct store_txn *t, const struct ledger_view *view, int64_t before, struct error *err)
{
	for (size_t i = 0; i < view->loss_count; i++) {
		const struct ledger_loss *loss = &view->losses[i];
		struct slice key;

		if (loss->at >= before)
			continue;
		if (ledger_run_key(a, LEDGER_LOSS, loss->target, loss->user, &key, err) < 0 ||
			store_delete(t, LEDGER_RUN, key, (struct slice){NULL, 0}, err) < 0)
			return -1;
	}
	return 0;
}

/* value.p NULL: there is no run any more. */
static int write_run(struct arena *a, struct ledger *l, struct slice value, const struct ledger_view *forget, struct error *err)
{
	struct store_txn *t;

	if (store_begin_write(l->store, &t, err) < 0)
		return -1;
	if ((value.p ? store_put(t, LEDGER_RUN, run_key, value, err) : store_delete(t, LEDGER_RUN, run_key, value, err)) < 0 ||
		(forget && forget_losses(a, t, forget, INT64_MAX, err) < 0)) {
		store_abort(t);
		return -1;
	}
	return store_commit(t, err);
}

int ledger_run_begin(struct ledger *l, const char *id, bool accepted, int64_t now, struct error *err)
{
	struct arena *a = arena_new();
	struct ledger_view view;
	struct text t;
	int rc = ledger_load(a, l, &view, err);

	text_begin(&t, a, 128);
	text_add_c(&t, "{");
	json_add_text(&t, "id", id);
	json_add_number(&t, "began", now);
	if (accepted)
		json_add_number(&t, "accepted", 1);
	text_add_c(&t, "}");
	if (rc == 0)
		rc = write_run(a, l, text_slice(&t), accepted ? &view : NULL, err);
	arena_free(a);
	return rc;
}

int ledger_run_end(struct ledger *l, struct error *err)
{
	return write_run(NULL, l, (struct slice){NULL, 0}, NULL, err);
}

int ledger_note_tried(struct ledger *l, const char *stage, int64_t now, struct error *err)
{
	struct arena *a;
	struct store_txn *t;
	unsigned char at[8];
	int rc;

	if (store_begin_write(l->store, &t, err) < 0)
		return -1;
	a = arena_new();
	rc = store_put(t, LEDGER_RUN, slice_c(arena_printf(a, LEDGER_TRIED "%s", stage)), ledger_number(at, (uint64_t)now), err);
	arena_free(a);
	if (rc == 0)
		return store_commit(t, err);
	store_abort(t);
	return -1;
}

int ledger_was_tried(struct ledger *l, const char *stage, int64_t *when_out, struct error *err)
{
	struct arena *a;
	struct store_txn *t;
	struct slice when;
	int rc;

	if (store_begin_read(l->store, &t, err) < 0)
		return -1;
	a = arena_new();
	rc = store_get(t, LEDGER_RUN, slice_c(arena_printf(a, LEDGER_TRIED "%s", stage)), &when, err);
	if (rc == 1)
		*when_out = (int64_t)ledger_number_read(when);
	arena_free(a);
	store_abort(t);
	return rc;
}

/* ---- what is learned by looking ---- */

static int put_person(struct arena *a, struct store_txn *t, const struct ledger_person *p, struct error *err)
{
	struct slice key;

	if (ledger_key(a, p->target, p->person, &key, err) < 0)
		return -1;
	return store_put(t, LEDGER_PEOPLE, key, ledger_person_write(a, p), err);
}

/* -1: no such target is set. */
static int target_number(const struct desired *d, const char *name)
{
	for (size_t i = 0; i < d->target_count; i++)
		if (strcmp(d->targets[i].name, name) == 0)
			return (int)i;
	return -1;
}

static int note_one(struct arena *a, struct store_txn *t, const struct desired *d, struct ledger_person p, int64_t now,
	struct error *err)
{
	const struct desired_person *person = desired_person_by_id(d, p.person);
	int target = target_number(d, p.target);
	bool wanted;

	if (target < 0 || (person && person->held))
		return 0;
	wanted = person && desired_wants(person, (size_t)target);
	if (wanted == (p.unwanted_since == 0) && p.unwanted_since <= now + LEDGER_CLOCK_AHEAD)
		return 0;
	p.unwanted_since = wanted ? 0 : now;
	return put_person(a, t, &p, err);
}

int ledger_note(struct arena *a, struct ledger *l, const struct desired *desired, int64_t now, struct error *err)
{
	struct ledger_view view;
	struct store_txn *t;
	int rc;

	/* it would begin all grace times anew at a time that is long ago when the clock is set */
	if (now < CLOCK_LEAST)
		return 0;
	if (ledger_load(a, l, &view, err) < 0 || store_begin_write(l->store, &t, err) < 0)
		return -1;
	rc = forget_losses(a, t, &view, now - LEDGER_LOSS_KEPT, err);
	if (rc == 0)
		rc = ledger_set_clock(a, t, &view, now, err);
	for (size_t i = 0; i < view.count && rc == 0; i++)
		rc = note_one(a, t, desired, view.people[i], now, err);
	if (rc < 0) {
		store_abort(t);
		return -1;
	}
	return store_commit(t, err);
}

/* Whoever stands there now because of the call that was begun; NULL: nobody, so it was not done. */
static const struct world_user *made_user(const struct target *target, const struct world_target *world, const struct ledger_person *p)
{
	for (size_t i = 0; i < world->user_count; i++) {
		const struct world_user *u = &world->users[i];

		if (target->kind == TARGET_PORTAL_REST ? !u->atlassian && u->mail && p->mail && strcasecmp(u->mail, p->mail) == 0 :
			u->external_id && strcasecmp(u->external_id, p->person) == 0)
			return u;
	}
	return NULL;
}

static int settle_person(struct arena *a, struct store_txn *t, const struct desired *d, const struct world *world,
	struct ledger_person p, struct error *err)
{
	int target = target_number(d, p.target);
	const struct world_user *u;

	if (p.user || target < 0 || !world->targets[target].complete)
		return 0;
	u = made_user(&d->targets[target], &world->targets[target], &p);
	if (!u)
		return 0;
	p.user = u->id;
	p.account_id = u->account_id;
	return put_person(a, t, &p, err);
}

static int settle_group(struct arena *a, struct store_txn *t, const struct desired *d, const struct world *world,
	struct ledger_group g, struct error *err)
{
	int target = target_number(d, g.target);
	const struct world_group *found;
	struct slice key;

	if (g.id || target < 0 || !world->targets[target].complete)
		return 0;
	found = world_group_by_name(&world->targets[target], g.name);
	if (!found)
		return 0;
	g.id = found->id;
	if (ledger_key(a, g.target, g.name, &key, err) < 0)
		return -1;
	return store_put(t, LEDGER_GROUPS, key, ledger_group_write(a, &g), err);
}

int ledger_settle(struct arena *a, struct ledger *l, const struct desired *desired, const struct world *world, struct error *err)
{
	struct ledger_view view;
	struct store_txn *t;
	int rc = 0;

	if (ledger_load(a, l, &view, err) < 0 || store_begin_write(l->store, &t, err) < 0)
		return -1;
	for (size_t i = 0; i < view.count && rc == 0; i++)
		rc = settle_person(a, t, desired, world, view.people[i], err);
	for (size_t i = 0; i < view.group_count && rc == 0; i++)
		rc = settle_group(a, t, desired, world, view.groups[i], err);
	if (rc < 0) {
		store_abort(t);
		return -1;
	}
	return store_commit(t, err);
}

int ledger_confirm_mail(struct ledger *l, const char *target, const char *mail, const char *person, struct error *err)
{
	struct arena *a = arena_new();
	struct ledger_mail m = {.target = target, .person = person};
	struct store_txn *t = NULL;
	struct slice key;
	int rc = -1;

	m.mail = lower_case(a, mail);
	if (ledger_key(a, target, m.mail, &key, err) < 0 || store_begin_write(l->store, &t, err) < 0)
		goto out;
	if (store_put(t, LEDGER_MAILS, key, ledger_mail_write(a, &m), err) < 0) {
		store_abort(t);
		goto out;
	}
	rc = store_commit(t, err);
out:
	arena_free(a);
	return rc;
}
