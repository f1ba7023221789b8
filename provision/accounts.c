/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Looking into the inventory of accounts, which another process may make or replace at any time. */
#include "provision/account_record.h"

#include "base/encode.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

struct accounts {
	char *path;
	struct store *store;            /* NULL: the file was not there yet */
};

int accounts_look_again(struct accounts *a, struct error *err)
{
	struct store_options options = {
		.path = a->path,
		.use = STORE_READ,
		.schema = ACCOUNTS_SCHEMA,
		.cure = accounts_cure,
		.map_size = ACCOUNTS_MAP_SIZE,
		.tables = accounts_tables,
	};

	if (a->store || (access(a->path, F_OK) < 0 && errno == ENOENT))
		return 0;
	return store_open(&options, &a->store, err);
}

int accounts_open(const char *path, struct accounts **out, struct error *err)
{
	struct accounts *a = calloc(1, sizeof(*a));

	if (!a || !(a->path = strdup(path)))
		abort();
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
	free(a->path);
	free(a);
}

/* 1 and when the inventory was read, 0 when there was no import yet, -1 error. */
static int read_as_of(struct store_txn *t, int64_t *out, struct error *err)
{
	struct slice value;
	uint64_t seconds;
	int rc = store_get(t, ACCOUNTS_IMPORTED, accounts_as_of_key, &value, err);

	if (rc <= 0)
		return rc;
	if (number_read(value, 0, INT64_MAX, &seconds) < 0)
		return error_set(err, REASON_STORE, "the time of the inventory of accounts is damaged");
	*out = (int64_t)seconds;
	return 1;
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
	*out = found;
	return 0;
}

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
