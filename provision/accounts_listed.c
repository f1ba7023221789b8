/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Accounts that an interface listed, into the inventory: all or nothing, with
 * the refusals of a CSV file (accounts_import.c), for the same reason.
 */
#include "provision/account_record.h"
#include "provision/accounts_news.h"

#include <inttypes.h>

#define PROBLEMS_KEPT 20

struct listed {
	struct arena *arena;            /* the caller's: for the report */
	const char *path;               /* of the inventory */
	struct accounts_before *before; /* what it held */
	size_t mute;                    /* accounts without a mail: counted, and found by nobody's sign-on */
	const char **problems;
	struct accounts_import report;
};

static void problem(struct listed *l, const struct account *account, const char *what)
{
	if (l->report.problem_count < PROBLEMS_KEPT)
		l->problems[l->report.problem_count] = arena_printf(l->arena, "account %s: %s", account->id ? account->id : account->name, what);
	l->report.problem_count++;
}

static int put_one(struct arena *scratch, struct listed *l, struct store_txn *t, const struct account *account, struct error *err)
{
	const char *why;
	int rc = account_put(scratch, t, account, &why, err);

	if (rc < 0)
		return -1;
	if (why)
		problem(l, account, why);
	l->mute += !account->mail;
	if (rc == 0)
		return 0;
	accounts_before_compare(l->before, account);
	l->report.managed += rc == 1;
	l->report.billable += account->billable == 1;
	return 0;
}

static int put_all(struct listed *l, struct store_txn *t, const struct account *accounts, size_t n, struct error *err)
{
	for (size_t i = 0; i < n; i++) {
		struct arena *scratch = arena_new();
		int rc = put_one(scratch, l, t, &accounts[i], err);

		arena_free(scratch);
		if (rc < 0)
			return -1;
	}
	if (l->report.managed == 0)
		return error_set(err, REASON_FILE, "no account is listed that can be used, so the inventory stays as it was%s%s",
			l->report.problem_count ? "; " : "", l->report.problem_count ? l->problems[0] : "");
	if (l->mute > n - l->mute)
		return error_set(err, REASON_FILE, "%zu of %zu accounts are told without a mail, so whose they are is not known, and the inventory stays "
			"as it was; %s", l->mute, n, l->problems[0]);
	return 0;
}

/*
 * A list may end too early without saying so, and nobody looks when the service reads it: whoever is missing would sign on as if
 * no account were known.
 */
static int require_not_cut(const struct listed *l, struct error *err)
{
	if (!accounts_are_cut(l->report.before, l->report.managed))
		return 0;
	return error_set(err, REASON_FILE, "%zu accounts are listed where the inventory holds %zu, so it stays as it was; if that is right, import "
		"Atlassian's export: postern accounts import FILE.csv", l->report.managed, l->report.before);
}

static int replace(struct listed *l, struct store *store, const struct account *accounts, size_t n, int64_t now, struct error *err)
{
	struct slice as_of = slice_c(arena_printf(l->arena, "%" PRId64, now));
	struct store_txn *t;

	if (store_begin_write(store, &t, err) < 0)
		return -1;
	if (store_count(t, ACCOUNTS_MANAGED, &l->report.before, err) < 0 ||
	    accounts_before_read(l->arena, t, &l->before, err) < 0 || store_clear(t, ACCOUNTS_MANAGED, err) < 0 ||
	    put_all(l, t, accounts, n, err) < 0 || require_not_cut(l, err) < 0 || store_put(t, ACCOUNTS_IMPORTED, accounts_as_of_key, as_of, err) < 0 ||
	    store_generation_next(t, err) < 0 || accounts_before_tell(l->before, l->path, now, err) < 0) {
		store_abort(t);
		return -1;
	}
	return store_commit(t, err);
}

int accounts_import_listed(struct arena *a, const char *path, const struct account *accounts, size_t n, int64_t now,
	struct accounts_import *out, struct error *err)
{
	static const char *const no_columns[] = {NULL};
	struct store_options options = {
		.path = path, .use = STORE_WRITE, .schema = ACCOUNTS_SCHEMA, .cure = accounts_cure, .map_size = ACCOUNTS_MAP_SIZE,
		.tables = accounts_tables,
	};
	struct listed l = {.arena = a, .path = path, .report = {.rows = n, .columns_used = no_columns, .columns_unneeded = no_columns, .columns_ignored = no_columns}};
	struct store *store;
	int rc;

	l.problems = arena_alloc(a, (PROBLEMS_KEPT + 1) * sizeof(*l.problems));
	l.report.problems = l.problems;
	if (store_open(&options, &store, err) < 0)
		return -1;
	rc = replace(&l, store, accounts, n, now, err);
	store_close(store);
	if (rc == 0)
		*out = l.report;
	return rc;
}
