/* SPDX-License-Identifier: GPL-3.0-or-later */
/* An organisation in which some are billed without a rule, and the stages of the way back from there. */
#ifndef TESTS_UNIT_WAY_BACK_STAGE_H
#define TESTS_UNIT_WAY_BACK_STAGE_H

#include "tests/unit/unit.h"

#include "provision/apply.h"

#define NOW 1795000000

static struct arena *a;
static const char *const groups[] = {"agents", "customers", NULL}, *const licensed[] = {"agents", NULL};
static const char *const in_agents[] = {"u1", "u2", "u3", "u5", NULL}, *const products[] = {"trello", NULL}, *const administrators[] = {"5@x.org", NULL};
static const struct target target = {.name = "organisation", .kind = TARGET_ORGANIZATION, .base = "o", .groups = groups, .licensed = licensed};
static struct desired_person people[3];
static struct desired desired;
static struct world_user users[5];
static struct world_group world_groups[1];
static struct world_target t;
static struct account accounts[6];
static struct world world;
static struct ledger_view ledger;
static struct plan_limits limits;

/* u1 is licensed, u2 a customer, u3 denied, u4 unknown here and in no group, u5 an administrator; a sixth is no SCIM user. */
static inline int begin(void **state)
{
	(void)state;
	a = arena_new();
	people[0] = (struct desired_person){.id = "p1", .mail = "1@x.org", .kind = DESIRED_LICENSED, .groups = licensed};
	people[1] = (struct desired_person){.id = "p2", .mail = "2@x.org", .kind = DESIRED_CUSTOMER};
	people[2] = (struct desired_person){.id = "p3", .mail = "3@x.org", .kind = DESIRED_NOTHING};
	desired = (struct desired){.targets = &target, .target_count = 1, .people = people, .count = 3};
	for (int i = 0; i < 6; i++)
		accounts[i] = (struct account){.mail = arena_printf(a, "%d@x.org", i + 1), .id = arena_printf(a, "a%d", i + 1), .kind = ACCOUNT_MANAGED,
			.billable = 1, .products = products};
	for (int i = 0; i < 5; i++)
		users[i] = (struct world_user){.id = arena_printf(a, "u%d", i + 1), .external_id = i < 3 ? people[i].id : NULL,
			.mail = accounts[i].mail, .account_id = accounts[i].id, .active = true};
	world_groups[0] = (struct world_group){.id = "g1", .name = "agents", .members = in_agents, .member_count = 4};
	t = (struct world_target){.complete = true, .users = users, .user_count = 5, .groups = world_groups, .group_count = 1};
	world = (struct world){.targets = &t, .target_count = 1, .accounts = accounts, .account_count = 6, .inventory_as_of = NOW};
	ledger = (struct ledger_view){0};
	limits = (struct plan_limits){.administrators = administrators};
	return 0;
}

static inline int end(void **state)
{
	(void)state;
	arena_free(a);
	return 0;
}

static inline struct plan make(enum way_back_stage stage, const char *only, size_t most)
{
	const struct way_back_options options = {.stage = stage, .only = only, .most = most};
	struct plan plan = {0};
	struct error err;

	assert_done(way_back_make(a, &desired, &world, &ledger, &limits, &options, NOW, &plan, &err), err);
	assert_non_null(plan.stopped);
	return plan;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

#endif
