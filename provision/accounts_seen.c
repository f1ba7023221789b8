/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Writing down where accounts were seen: see accounts_seen.h. */
#include "provision/accounts_seen.h"

#include "base/log.h"
#include "provision/account_record.h"

#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

struct record {
	struct slice key, value;
	bool same;                      /* the file has it already */
};

struct place {
	const char *source;
	int64_t read;                   /* when */
	size_t before, now;             /* accounts in the file, and of this list */
	bool is_cut;                    /* it lists so few that it is not believed */
};

struct change {
	struct arena *arena;
	struct place *places;           /* that were read whole: what the file has of them is replaced */
	size_t place_count;
	enum seen_trust trust;
	const char **kept;              /* others that stay, NULL-terminated; NULL: all others */
	size_t kept_count;
	struct record *records;
	size_t n, next;                 /* next: looked at while the file is walked */
	struct slice *gone;             /* keys */
	size_t gone_count;
};

/* ---- gathering ---- */

static void add(struct change *c, const char *source, const struct account *account)
{
	struct slice key = account_seen_key(c->arena, source, account);

	if (!key.p)
		return;
	c->records = arena_grow(c->arena, c->records, c->n, sizeof(*c->records));
	c->records[c->n++] = (struct record){.key = key, .value = account_write(c->arena, account)};
}

static int order(struct slice x, struct slice y)
{
	int d = memcmp(x.p, y.p, x.n < y.n ? x.n : y.n);

	return d ? d : (x.n > y.n) - (x.n < y.n);
}

static int by_key(const void *x, const void *y)
{
	const struct record *one = x, *other = y;
	int d = order(one->key, other->key);

	return d ? d : order(one->value, other->value);
}

/* Two of one kind with one mail at one place are one. */
static void sort(struct change *c)
{
	size_t n = 0;

	if (c->n)
		qsort(c->records, c->n, sizeof(*c->records), by_key);
	for (size_t i = 0; i < c->n; i++)
		if (n == 0 || order(c->records[n - 1].key, c->records[i].key) != 0)
			c->records[n++] = c->records[i];
	c->n = n;
}

static struct place *place_of(const struct change *c, struct slice source)
{
	for (size_t i = 0; i < c->place_count; i++)
		if (slice_equal(slice_c(c->places[i].source), source))
			return &c->places[i];
	return NULL;
}

static bool is_kept(const struct change *c, struct slice source)
{
	for (size_t i = 0; c->kept && i < c->kept_count; i++)
		if (slice_equal(slice_c(c->kept[i]), source))
			return true;
	return !c->kept;
}

static bool stays(const struct change *c, struct slice source)
{
	const struct place *p = place_of(c, source);

	return p ? p->is_cut : is_kept(c, source);
}

/* ---- the file ---- */

static void drop(struct change *c, struct slice key)
{
	c->gone = arena_grow(c->arena, c->gone, c->gone_count, sizeof(*c->gone));
	c->gone[c->gone_count++] = slice_of(arena_copy(c->arena, key), key.n);
}

/* Both are sorted by key, so one walk tells what is new, what is the same and what is gone: most of the file stays as it is. */
static int compare(struct slice key, struct slice value, void *context)
{
	struct change *c = context;

	while (c->next < c->n && order(c->records[c->next].key, key) < 0)
		c->next++;
	if (c->next < c->n && order(c->records[c->next].key, key) == 0)
		c->records[c->next].same = slice_equal(c->records[c->next].value, value);
	else if (!stays(c, account_seen_source(key)))
		drop(c, key);
	return 0;
}

static int compare_source(struct slice key, struct slice value, void *context)
{
	struct change *c = context;

	(void)value;
	if (!place_of(c, key) && !is_kept(c, key))
		drop(c, key);
	return 0;
}

static int drop_all(struct change *c, struct store_txn *t, enum seen_table table, struct error *err)
{
	const struct slice whole = {NULL, 0};

	for (size_t i = 0; i < c->gone_count; i++)
		if (store_delete(t, table, c->gone[i], whole, err) < 0)
			return -1;
	c->gone_count = 0;
	return 0;
}

static int count(struct slice key, struct slice value, void *context)
{
	struct place *p = place_of(context, account_seen_source(key));

	(void)value;
	if (p)
		p->before++;
	return 0;
}

/*
 * A list may end too early without saying so, as that of the inventory may: whoever is missing would sign on as if no account
 * were known.  What it does list is there all the same.
 */
static int look_for_cuts(struct change *c, struct store_txn *t, struct error *err)
{
	const struct slice all = {"", 0};

	if (c->trust == SEEN_TRUSTED)
		return 0;
	if (store_each(t, SEEN_ACCOUNTS, all, count, c, err) < 0)
		return -1;
	for (size_t i = 0; i < c->n; i++)
		place_of(c, account_seen_source(c->records[i].key))->now++;
	for (size_t i = 0; i < c->place_count; i++) {
		struct place *p = &c->places[i];

		p->is_cut = accounts_are_cut(p->before, p->now);
		if (p->is_cut)
			log_warning("fewer than half of the accounts that were seen there are listed, so those of before stay known; if that is right: "
				"postern apply --accept", "connection", p->source, "before", arena_printf(c->arena, "%zu", p->before), "now",
				arena_printf(c->arena, "%zu", p->now), NULL);
	}
	return 0;
}

static int put_all(struct change *c, struct store_txn *t, struct error *err)
{
	const struct slice all = {"", 0};

	if (look_for_cuts(c, t, err) < 0 || store_each(t, SEEN_ACCOUNTS, all, compare, c, err) < 0 || drop_all(c, t, SEEN_ACCOUNTS, err) < 0)
		return -1;
	for (size_t i = 0; i < c->n; i++)
		if (!c->records[i].same && store_put(t, SEEN_ACCOUNTS, c->records[i].key, c->records[i].value, err) < 0)
			return -1;
	if (store_each(t, SEEN_SOURCES, all, compare_source, c, err) < 0 || drop_all(c, t, SEEN_SOURCES, err) < 0)
		return -1;
	for (size_t i = 0; i < c->place_count; i++) {
		const struct place *p = &c->places[i];
		struct slice at = slice_c(arena_printf(c->arena, "%" PRId64, p->read));

		if (!p->is_cut && store_put(t, SEEN_SOURCES, slice_c(p->source), at, err) < 0)
			return -1;
	}
	return store_generation_next(t, err);
}

static int pass_over(struct slice key, struct slice value, void *context)
{
	(void)key, (void)value, (void)context;
	return 0;
}

/* Whether all of it can be walked; what a record holds is looked at by whoever needs it. */
static int walk(struct store *store, uint64_t *generation_out, struct error *err)
{
	const struct slice all = {"", 0};
	struct store_txn *t;
	int rc;

	if (store_begin_read(store, &t, err) < 0)
		return -1;
	rc = store_generation(t, generation_out, err);
	for (int table = SEEN_ACCOUNTS; table <= SEEN_SOURCES && rc == 0; table++)
		rc = store_each(t, table, all, pass_over, NULL, err);
	store_abort(t);
	return rc;
}

/* It has a generation from now on, so that the loss is told of once. */
static int begin_anew(struct store *store, const char *path, struct error *err)
{
	struct store_txn *t;

	log_warning("where accounts were seen is lost, and known again as connections are read; customers that an import listed must be "
		"imported again", "file", path, NULL);
	if (store_begin_write(store, &t, err) < 0)
		return -1;
	if (store_generation_next(t, err) < 0) {
		store_abort(t);
		return -1;
	}
	return store_commit(t, err);
}

static int open_seen(struct arena *a, const char *path, struct store **out, struct error *err)
{
	const struct store_options options = {
		.path = account_seen_path(a, path), .use = STORE_WRITE, .schema = SEEN_SCHEMA, .derived = true, .map_size = SEEN_MAP_SIZE,
		.tables = seen_tables,
	};
	bool was_there = access(options.path, F_OK) == 0;
	uint64_t generation = 0;
	struct store *store;

	if (store_open(&options, &store, err) < 0)
		return -1;
	if (walk(store, &generation, err) < 0) {
		log_warning("a file is damaged and is made anew", "detail", err->detail, NULL);
		generation = 0;
		store_close(store);
		if (store_open_anew(&options, &store, err) < 0)
			return -1;
	}
	if (was_there && generation == 0 && begin_anew(store, options.path, err) < 0) {
		store_close(store);
		return -1;
	}
	*out = store;
	return 0;
}

static int write_change(struct change *c, const char *path, struct error *err)
{
	struct store_txn *t;
	struct store *store;
	int rc = -1;

	sort(c);
	if (open_seen(c->arena, path, &store, err) < 0)
		return -1;
	if (store_begin_write(store, &t, err) == 0) {
		rc = put_all(c, t, err);
		if (rc < 0)
			store_abort(t);
		else
			rc = store_commit(t, err);
	}
	store_close(store);
	return rc;
}

int accounts_seen_mend(const char *path, struct error *err)
{
	struct arena *a = arena_new();
	struct store *store = NULL;
	int rc = 0;

	if (access(account_seen_path(a, path), F_OK) == 0)      /* none is no damage: nothing was seen yet */
		rc = open_seen(a, path, &store, err);
	store_close(store);
	arena_free(a);
	return rc;
}

/* ---- from the world and the ledger ---- */

static enum account_kind kind_of(const struct target *t, const struct world_user *u)
{
	return t->kind == TARGET_ORGANIZATION || (u && u->atlassian) ? ACCOUNT_MANAGED : ACCOUNT_PORTAL;
}

static void add_users(struct change *c, const struct target *t, const struct world_target *w)
{
	for (size_t i = 0; i < w->user_count; i++) {
		const struct world_user *u = &w->users[i];
		const struct account account = {.mail = u->mail ? u->mail : u->user_name, .id = u->account_id ? u->account_id : u->id,
			.kind = kind_of(t, u), .status = u->active ? "active" : "inactive", .billable = -1};

		if (account.mail)
			add(c, t->name, &account);
	}
}

/*
 * Made since the world was read; a portal-only customer whom the site lists nowhere, since desks and customer organizations were
 * left; or an account whose mail the site keeps to itself.  Any other that the world has is told by that, and one that SCIM does
 * not list any more is gone.
 */
static void add_ours(struct change *c, const struct target *t, const struct world_target *w, const struct ledger_view *ledger)
{
	for (size_t i = 0; i < ledger->count; i++) {
		const struct ledger_person *p = &ledger->people[i];
		const struct account account = {.mail = p->mail, .id = p->account_id ? p->account_id : p->user, .kind = kind_of(t, NULL),
			.status = "active", .billable = -1};

		const struct world_user *u = p->user ? world_user_by_id(w, p->user) : NULL;

		if (strcmp(p->target, t->name) != 0 || !p->user || !p->mail || p->ended || (u && (u->mail || u->user_name)))
			continue;
		if (u || t->kind == TARGET_PORTAL_REST || p->since >= w->read)
			add(c, t->name, &account);
	}
}

int accounts_seen_note(const char *path, const struct desired *desired, const struct world *world, const struct ledger_view *ledger,
	enum seen_trust trust, struct error *err)
{
	struct change c = {.arena = arena_new(), .trust = trust};
	size_t room = desired->target_count + 2;
	int rc = 0;

	c.places = arena_alloc(c.arena, room * sizeof(*c.places));
	c.kept = arena_alloc(c.arena, room * sizeof(*c.kept));
	c.kept[c.kept_count++] = SEEN_BY_IMPORT;
	for (size_t i = 0; i < desired->target_count && i < world->target_count; i++) {
		const struct target *t = &desired->targets[i];
		const struct world_target *w = &world->targets[i];

		if (!w->complete) {
			c.kept[c.kept_count++] = t->name;
			continue;
		}
		c.places[c.place_count++] = (struct place){.source = t->name, .read = w->read};
		add_users(&c, t, w);
		add_ours(&c, t, w, ledger);
	}
	if (world->target_count == desired->target_count)       /* else nothing was read */
		rc = write_change(&c, path, err);
	arena_free(c.arena);
	return rc;
}

int accounts_seen_import(const char *path, const struct account *accounts, size_t n, int64_t now, struct error *err)
{
	struct place place = {.source = SEEN_BY_IMPORT, .read = now};
	struct change c = {.arena = arena_new(), .places = &place, .place_count = 1, .trust = SEEN_TRUSTED};
	int rc;

	for (size_t i = 0; i < n; i++)
		add(&c, place.source, &accounts[i]);
	rc = write_change(&c, path, err);
	arena_free(c.arena);
	return rc;
}
