/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A ledger in a folder of its own, and calls that it learns of. */
#ifndef TESTS_UNIT_LEDGER_STAGE_H
#define TESTS_UNIT_LEDGER_STAGE_H

#include "tests/unit/unit.h"

#include "provision/ledger.h"

#include <stdlib.h>
#include <unistd.h>

#define NOW 1795000000

static struct arena *a;
static char folder[] = "/tmp/postern-ledger-XXXXXX";
static char *path;
static struct ledger *ledger;

static inline int begin(void **state)
{
	struct error err;

	(void)state;
	a = arena_new();
	memcpy(folder + strlen(folder) - 6, "XXXXXX", 6);
	if (!mkdtemp(folder))
		return -1;
	path = arena_printf(a, "%s/ledger", folder);
	return ledger_open(path, LEDGER_WRITE, &ledger, &err);
}

static inline int end(void **state)
{
	(void)state;
	ledger_close(ledger);
	unlink(path);
	unlink(arena_printf(a, "%s-lock", path));
	arena_free(a);
	return rmdir(folder);
}

static inline struct ledger_view load(void)
{
	struct ledger_view view = {0};
	struct error err;

	assert_done(ledger_load(a, ledger, &view, &err), err);
	return view;
}

static inline uint64_t begun(const struct step *step)
{
	uint64_t number = 0;
	struct error err;

	assert_done(ledger_begin(ledger, "org", step, NOW, &number, &err), err);
	return number;
}

static inline void done(const struct step *step, const struct step_result *result)
{
	uint64_t number = begun(step);
	struct error err;

	assert_done(ledger_done(ledger, number, "org", step, result, NOW + 1, &err), err);
}

static const struct step create = {.kind = STEP_USER_CREATE, .person = "p1", .fields = {.external_id = "p1", .mail = "A@x.org"}};
static const struct step_result made = {.id = "u1", .account_id = "557", .status = 201, .requests = 1, .answer = "POST /Users 201"};

static inline int keep_call(const struct ledger_call *call, void *context)
{
	struct ledger_call **next = context;

	**next = *call;
	(*next)->answer = arena_strdup(a, call->answer);
	(*next)->step.person = arena_strdup(a, call->step.person);
	(*next)->run = arena_strdup(a, call->run);
	(*next)++;
	return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

#endif
