/* SPDX-License-Identifier: GPL-3.0-or-later */
/* An inventory of accounts: imported, and looked into. */
#ifndef TESTS_UNIT_ACCOUNTS_STAGE_H
#define TESTS_UNIT_ACCOUNTS_STAGE_H

#include "tests/unit/inventory.h"

#include "base/text.h"
#include "provision/accounts.h"

#define NOW 1795000000

static inline int begin(void **state)
{
	(void)state;
	return inventory_begin();
}

static inline int end(void **state)
{
	(void)state;
	return inventory_end();
}

static inline int import(const char *csv, struct accounts_import *out, struct error *err)
{
	return accounts_import_csv(a, path, slice_c(csv), NOW, out, err);
}

static inline struct accounts_found find(const char *mail)
{
	struct accounts_found found = {0};
	struct accounts *accounts;
	struct error err;

	assert_done(accounts_open(path, &accounts, &err), err);
	assert_done(accounts_find(a, accounts, mail, &found, &err), err);
	accounts_close(accounts);
	return found;
}

static inline const char *joined(const char *const *list)
{
	struct text t;

	text_begin(&t, a, 256);
	for (; *list; list++)
		text_addf(&t, "%s|", *list);
	return t.p;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

#endif
