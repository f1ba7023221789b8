/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Looking into the inventory of accounts, which another process may make or replace at any time. */
#include "base/log.h"
#include "provision/account_record.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

struct accounts {
	char *path;
	char *seen_path;
	struct store *store, *seen;     /* NULL: the file was not there yet */
};

static int open_file(const struct store_options *options, struct store **store, struct error *err)
{
	/* what is derived may be thrown away and made anew */
	if (*store && store_is_replaced(*store)) {
		store_close(*store);
		*store = NULL;
	}
	if (*store || (access(options->path, F_OK) < 0 && errno == ENOENT))
		return 0;
	return store_open(options, store, err);
}

int accounts_look_again(struct accounts *a, struct error *err)
{
	const struct store_options inventory = {
		.path = a->path,
		.use = STORE_READ,
		.schema = ACCOUNTS_SCHEMA,
		.cure = accounts_cure,
		.map_size = ACCOUNTS_MAP_SIZE,
		.tables = accounts_tables,
	};
	const struct store_options seen = {
		.path = a->seen_path, .use = STORE_READ, .schema = SEEN_SCHEMA, .map_size = SEEN_MAP_SIZE, .tables = seen_tables,
	};

	return open_file(&inventory, &a->store, err) < 0 || open_file(&seen, &a->seen, err) < 0 ? -1 : 0;
}

int accounts_open(const char *path, struct accounts **out, struct error *err)
{
	struct accounts *a = calloc(1, sizeof(*a));
	struct arena *scratch = arena_new();

	if (!a || !(a->path = strdup(path)) || !(a->seen_path = strdup(account_seen_path(scratch, path))))
		abort();
	arena_free(scratch);
	if (accounts_look_again(a, err) < 0) {
		accounts_close(a);
		return -1;
	}
	*out = a;
	return 0;
}

void accounts_close(struct accounts *a)
{
	if (!a)
		return;
	store_close(a->store);
	store_close(a->seen);
	free(a->path);
	free(a->seen_path);
	free(a);
}

/* 1 and when the inventory was read, 0 when there was no import yet, -1 error. */
static int read_as_of(struct store_txn *t, int64_t *out, struct error *err)
{
	struct slice value;
	int rc = store_get(t, ACCOUNTS_IMPORTED, accounts_as_of_key, &value, err);

	if (rc <= 0)
		return rc;
	return account_time_read(value, out, err) < 0 ? -1 : 1;
}

static int look_up(struct arena *a, struct store_txn *t, struct slice key, struct accounts_found *found, struct error *err)
{
	struct slice record;
	int rc = read_as_of(t, &found->as_of, err);

	if (rc <= 0)
		return rc;
	found->answer = ACCOUNTS_NOT_LISTED;
	if (key.n == 0 || key.n > STORE_KEY_MAX)
		return 0;
	rc = store_get(t, ACCOUNTS_MANAGED, key, &record, err);
	if (rc <= 0)
		return rc;
	if (account_read(a, record, &found->account, err) < 0)
		return -1;
	found->answer = ACCOUNTS_LISTED;
	return 0;
}

/* ---- what was seen elsewhere ---- */

struct seen {
	struct arena *arena;
	struct store_txn *txn;
	struct account managed, portal;         /* mail NULL: there is none */
	void (*each)(const struct account *account, void *context);
	void *context;
	struct error *err;
};

static int read_seen(struct arena *a, struct store_txn *t, struct slice key, struct slice value, struct account *out, struct error *err)
{
	struct slice source = account_seen_source(key), at;
	struct account account;
	int rc;

	if (account_read(a, value, &account, err) < 0)
		return -1;
	rc = store_get(t, SEEN_SOURCES, source, &at, err);
	if (rc < 0 || (rc == 1 && account_time_read(at, &account.as_of, err) < 0))
		return -1;
	account.at = arena_printf(a, "%.*s", (int)source.n, source.p);
	*out = account;
	return 0;
}

/* Of several places the one that was read last. */
static int keep_seen(struct slice key, struct slice value, void *context)
{
	struct seen *s = context;
	struct account account, *known;

	if (read_seen(s->arena, s->txn, key, value, &account, s->err) < 0)
		return -1;
	known = account.kind == ACCOUNT_MANAGED ? &s->managed : &s->portal;
	if (!known->mail || known->as_of < account.as_of)
		*known = account;
	return 0;
}

/* The inventory says more of a managed account than where it was seen does; one that both kinds are known of is the managed one. */
static void join(const struct seen *seen, struct accounts_found *found)
{
	const struct account *first = seen->managed.mail ? &seen->managed : seen->portal.mail ? &seen->portal : NULL;

	if (found->answer != ACCOUNTS_LISTED && first) {
		found->account = *first;
		found->as_of = found->answer == ACCOUNTS_NO_INVENTORY ? first->as_of : found->as_of;
		found->answer = ACCOUNTS_LISTED;
	}
	if (found->answer != ACCOUNTS_LISTED)
		return;
	if (found->account.kind == ACCOUNT_MANAGED && seen->portal.mail)
		found->other_at = seen->portal.at;
	else if (found->account.kind == ACCOUNT_PORTAL && seen->managed.mail)
		found->other_at = seen->managed.at;
}

static int look_where_seen(struct arena *a, struct accounts *accounts, const char *mail, struct accounts_found *found, struct error *err)
{
	struct seen seen = {.arena = a, .err = err};
	struct slice prefix;
	int rc;

	if (!accounts->seen || !mail || !*mail || strlen(mail) > ACCOUNT_MAIL_MAX)
		return 0;
	prefix = account_seen_prefix(a, mail);
	if (store_begin_read(accounts->seen, &seen.txn, err) < 0)
		return -1;
	rc = store_each(seen.txn, SEEN_ACCOUNTS, prefix, keep_seen, &seen, err);
	store_abort(seen.txn);
	if (rc < 0)
		return -1;
	join(&seen, found);
	return 0;
}

int accounts_find(struct arena *a, struct accounts *accounts, const char *mail, struct accounts_found *out, struct error *err)
{
	struct accounts_found found = {.answer = ACCOUNTS_NO_INVENTORY};
	struct store_txn *t;
	int rc;

	if (accounts && accounts->store) {
		if (store_begin_read(accounts->store, &t, err) < 0)
			return -1;
		rc = look_up(a, t, account_key(a, mail ? mail : ""), &found, err);
		store_abort(t);
		if (rc < 0)
			return -1;
	}
	if (accounts && look_where_seen(a, accounts, mail, &found, err) < 0)
		return -1;
	*out = found;
	return 0;
}

/* ---- all of them ---- */

struct copy {
	struct arena *arena;
	struct slice *records;
	size_t n;
};

static int copy_record(struct slice key, struct slice value, void *context)
{
	struct copy *c = context;

	(void)key;
	c->records = arena_grow(c->arena, c->records, c->n, sizeof(*c->records));
	c->records[c->n++] = slice_of(arena_copy(c->arena, value), value.n);
	return 0;
}

/* The bytes first, since reading them as accounts takes longer than a transaction may. */
static int copy_records(struct accounts *accounts, struct copy *c, struct error *err)
{
	const struct slice all = {"", 0};
	struct store_txn *t;
	int64_t as_of;
	int rc;

	if (store_begin_read(accounts->store, &t, err) < 0)
		return -1;
	rc = read_as_of(t, &as_of, err);
	if (rc == 1)
		rc = store_each(t, ACCOUNTS_MANAGED, all, copy_record, c, err);
	store_abort(t);
	return rc;
}

int accounts_each(struct accounts *accounts, void (*each)(const struct account *account, void *context), void *context, struct error *err)
{
	struct copy c = {.arena = arena_new()};
	int rc = accounts && accounts->store ? copy_records(accounts, &c, err) : 0;

	for (size_t i = 0; i < c.n && rc == 0; i++) {
		struct arena *one = arena_new();
		struct account account;

		rc = account_read(one, c.records[i], &account, err);
		if (rc == 0)
			each(&account, context);
		arena_free(one);
	}
	arena_free(c.arena);
	return rc;
}

/* ---- all that were seen ---- */

struct source {
	const char *name;
	int64_t as_of;
};

struct seen_copy {
	struct arena *arena;
	struct source *sources;
	size_t source_count, n;
	struct slice *keys, *values;
};

static int copy_source(struct slice key, struct slice value, void *context)
{
	struct seen_copy *c = context;
	struct source one = {.name = arena_printf(c->arena, "%.*s", (int)key.n, key.p)};
	struct error damage;

	/* each list of the place that is read whole writes it anew; until then it is as old as can be */
	if (account_time_read(value, &one.as_of, &damage) < 0)
		log_warning("when accounts were seen somewhere is damaged", "at", one.name, "detail", damage.detail, NULL);
	c->sources = arena_grow(c->arena, c->sources, c->source_count, sizeof(*c->sources));
	c->sources[c->source_count++] = one;
	return 0;
}

static int copy_seen(struct slice key, struct slice value, void *context)
{
	struct seen_copy *c = context;

	c->keys = arena_grow(c->arena, c->keys, c->n, sizeof(*c->keys));
	c->values = arena_grow(c->arena, c->values, c->n, sizeof(*c->values));
	c->keys[c->n] = slice_of(arena_copy(c->arena, key), key.n);
	c->values[c->n++] = slice_of(arena_copy(c->arena, value), value.n);
	return 0;
}

enum seen_part { SEEN_SOURCES_ALONE, SEEN_ALL };

static int copy_all_seen(struct accounts *accounts, enum seen_part part, struct seen_copy *c, struct error *err)
{
	const struct slice all = {"", 0};
	struct store_txn *t;
	int rc;

	if (!accounts || !accounts->seen)
		return 0;
	if (store_begin_read(accounts->seen, &t, err) < 0)
		return -1;
	rc = store_each(t, SEEN_SOURCES, all, copy_source, c, err);
	if (rc == 0 && part == SEEN_ALL)
		rc = store_each(t, SEEN_ACCOUNTS, all, copy_seen, c, err);
	store_abort(t);
	return rc;
}

static void set_source(const struct seen_copy *c, struct slice name, struct account *account)
{
	for (size_t i = 0; i < c->source_count; i++) {
		if (!slice_equal(slice_c(c->sources[i].name), name))
			continue;
		account->at = c->sources[i].name;
		account->as_of = c->sources[i].as_of;
	}
}

/* The key of a damaged record still tells the most important of it; false: not even that. */
static bool read_copy(struct arena *a, const struct seen_copy *c, size_t i, struct account *out)
{
	struct error damage;
	bool is_known = true;

	if (account_read(a, c->values[i], out, &damage) < 0) {
		is_known = account_of_seen_key(a, c->keys[i], out);
		log_warning("an account that was seen is damaged until its place is read again, or its list imported", "mail",
			is_known ? out->mail : "", "detail", damage.detail, NULL);
	}
	if (is_known)
		set_source(c, account_seen_source(c->keys[i]), out);
	return is_known;
}

int accounts_each_seen(struct accounts *accounts, void (*each)(const struct account *account, void *context), void *context,
	struct error *err)
{
	struct seen_copy c = {.arena = arena_new()};
	int rc = copy_all_seen(accounts, SEEN_ALL, &c, err);

	for (size_t i = 0; i < c.n && rc == 0; i++) {
		struct arena *one = arena_new();
		struct account account;

		if (read_copy(one, &c, i, &account))
			each(&account, context);
		arena_free(one);
	}
	arena_free(c.arena);
	return rc;
}

int accounts_each_source(struct accounts *accounts, void (*each)(const char *at, int64_t as_of, void *context), void *context,
	struct error *err)
{
	struct seen_copy c = {.arena = arena_new()};
	int rc = copy_all_seen(accounts, SEEN_SOURCES_ALONE, &c, err);

	for (size_t i = 0; i < c.source_count && rc == 0; i++)
		each(c.sources[i].name, c.sources[i].as_of, context);
	arena_free(c.arena);
	return rc;
}

int accounts_inventory(struct accounts *accounts, int64_t *as_of_out, size_t *count_out, struct error *err)
{
	struct store_txn *t;
	int64_t as_of;
	size_t count;
	int rc;

	if (!accounts || !accounts->store)
		return 0;
	if (store_begin_read(accounts->store, &t, err) < 0)
		return -1;
	rc = read_as_of(t, &as_of, err);
	if (rc == 1 && store_count(t, ACCOUNTS_MANAGED, &count, err) < 0)
		rc = -1;
	store_abort(t);
	if (rc != 1)
		return rc;
	*as_of_out = as_of;
	*count_out = count;
	return 1;
}
