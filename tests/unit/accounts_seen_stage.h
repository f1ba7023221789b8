/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What plans saw at two connections, beside an inventory of imports. */
#ifndef TESTS_UNIT_ACCOUNTS_SEEN_STAGE_H
#define TESTS_UNIT_ACCOUNTS_SEEN_STAGE_H

#include "tests/unit/inventory.h"

#include "provision/accounts_seen.h"

#define NOW 1795000000

static struct target targets[2];
static struct world_target there[2];
static struct ledger_view ledger;
static struct accounts *accounts;
static struct accounts_found found;
static struct error err;
static enum seen_trust trust;

static inline int begin(void **state)
{
	(void)state;
	targets[0] = (struct target){.name = "organisation", .kind = TARGET_ORGANIZATION};
	targets[1] = (struct target){.name = "helpdesk", .kind = TARGET_PORTAL_REST};
	there[0] = there[1] = (struct world_target){.complete = true, .read = NOW};
	ledger = (struct ledger_view){.count = 0};
	accounts = NULL;
	trust = SEEN_DOUBTED;
	return inventory_begin();
}

static inline int end(void **state)
{
	(void)state;
	accounts_close(accounts);
	return inventory_end();
}

static inline void note(size_t target_count)
{
	const struct desired desired = {.targets = targets, .target_count = target_count};
	const struct world world = {.targets = there, .target_count = target_count};

	accounts_close(accounts);
	accounts = NULL;
	assert_done(accounts_seen_note(path, &desired, &world, &ledger, trust, &err), err);
}

static inline void import(const char *csv)
{
	struct accounts_import report;

	accounts_close(accounts);
	accounts = NULL;
	assert_done(accounts_import_csv(a, path, slice_c(csv), NOW - 10, &report, &err), err);
}

static inline const char *find(const char *mail)
{
	static const char *const kinds[] = {"unknown", "managed", "portal"};

	if (!accounts)
		assert_done(accounts_open(path, &accounts, &err), err);
	assert_done(accounts_find(a, accounts, mail, &found, &err), err);
	if (found.answer == ACCOUNTS_NO_INVENTORY)
		return "no inventory";
	if (found.answer == ACCOUNTS_NOT_LISTED)
		return "not listed";
	return arena_printf(a, "%s%s%s%s%s", kinds[found.account.kind], found.account.at ? " at " : "", found.account.at ? found.account.at : "",
		found.other_at ? ", other at " : "", found.other_at ? found.other_at : "");
}

static inline void users(size_t target, const struct world_user *list, size_t n)
{
	there[target].users = list;
	there[target].user_count = n;
}

static inline void note_source(const char *at, int64_t as_of, void *context)
{
	const char **text = context;

	*text = arena_printf(a, "%s%s %lld;", *text, at, (long long)as_of);
}

static inline void see_many(size_t n)
{
	struct world_user *many = arena_alloc(a, n * sizeof(*many));

	for (size_t i = 0; i < n; i++)
		many[i] = (struct world_user){.id = arena_printf(a, "qm:%zu", i), .mail = arena_printf(a, "p%04zu@y.org", i), .active = true};
	users(1, many, n);
	note(2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

#endif
