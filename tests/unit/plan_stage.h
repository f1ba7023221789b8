/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is wanted, found and remembered of a few people at three targets, and a plan of it in one line. */
#ifndef TESTS_UNIT_PLAN_STAGE_H
#define TESTS_UNIT_PLAN_STAGE_H

#include "tests/unit/list.h"
#include "tests/unit/unit.h"

#include "provision/plan.h"

#define NOW 1795000000
#define DAY 86400

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static struct arena *a;
static struct plan_limits limits;
static struct ledger_view ledger;
static const char *stale, *const *nameless;
static bool groups_unsure;

/* The organisation, one portal by SCIM, one by REST. */
enum { ORG, PORTAL, SITE, TARGETS };
static struct target targets[TARGETS];
static struct world_target worlds[TARGETS];
static struct world world;

static inline int begin(void **state)
{
	(void)state;
	a = arena_new();
	limits = (struct plan_limits){.grace = 30 * DAY, .lose_most = SIZE_MAX, .lose_percent = 100, .seats_most = SIZE_MAX, .seats_percent = 100};
	ledger = (struct ledger_view){0};
	stale = NULL;
	nameless = NULL;
	groups_unsure = false;
	memset(worlds, 0, sizeof(worlds));
	targets[ORG] = (struct target){.name = "organisation", .kind = TARGET_ORGANIZATION, .base = "o",
		.groups = LIST("agents", "customers"), .licensed = LIST("agents")};
	targets[PORTAL] = (struct target){.name = "helpdesk", .kind = TARGET_PORTAL_SCIM, .base = "p", .groups = LIST("partners")};
	targets[SITE] = (struct target){.name = "site", .kind = TARGET_PORTAL_REST, .base = "s", .groups = LIST("partners"),
		.desks = LIST("15")};
	for (int i = 0; i < TARGETS; i++)
		worlds[i].complete = true;
	world = (struct world){.targets = worlds, .target_count = TARGETS, .inventory_as_of = NOW};
	return 0;
}

static inline int end(void **state)
{
	(void)state;
	arena_free(a);
	return 0;
}

static inline struct desired_person licensed(const char *id, const char *mail)
{
	return (struct desired_person){.id = id, .dn = id, .mail = mail, .display_name = id, .kind = DESIRED_LICENSED, .groups = LIST("agents"),
		.rule = "agents", .why = "rule agents"};
}

static inline struct desired_person customer(const char *id, const char *mail)
{
	return (struct desired_person){.id = id, .dn = id, .mail = mail, .display_name = id, .kind = DESIRED_CUSTOMER,
		.groups = LIST("customers"), .rule = "employees", .why = "rule employees"};
}

static inline struct desired_person at_portal(const char *id, const char *mail, size_t target)
{
	struct desired_place *place = arena_alloc(a, sizeof(*place));

	*place = (struct desired_place){.target = target, .organizations = LIST("partners"), .desks = target == SITE ? LIST("15") : NULL};
	return (struct desired_person){.id = id, .dn = id, .mail = mail, .display_name = id, .kind = DESIRED_PORTAL, .places = place,
		.place_count = 1, .rule = "partners", .why = "rule partners"};
}

static inline struct desired_person denied(const char *id, const char *mail)
{
	return (struct desired_person){.id = id, .dn = id, .mail = mail, .kind = DESIRED_NOTHING};
}

static inline struct world_user user(const char *id, const char *external, const char *mail)
{
	return (struct world_user){.id = id, .external_id = external, .user_name = mail, .mail = mail, .display_name = external, .active = true};
}

static inline struct world_group group(const char *id, const char *name, const char *const *members)
{
	struct world_group g = {.id = id, .name = name, .members = members};

	for (; members && members[g.member_count]; g.member_count++)
		;
	return g;
}

static inline struct ledger_person ours(const char *target, const char *person, const char *its_user, const char *mail)
{
	return (struct ledger_person){.target = target, .person = person, .user = its_user, .mail = mail, .deed = LEDGER_CREATED,
		.since = NOW - 100 * DAY};
}

#define SET_USERS(target, list) (worlds[target].users = (list), worlds[target].user_count = COUNT(list))
#define SET_GROUPS(target, list) (worlds[target].groups = (list), worlds[target].group_count = COUNT(list))
#define SET_MADE(list) (ledger.groups = (list), ledger.group_count = COUNT(list))
#define SET_LEDGER(list) (ledger.people = (list), ledger.count = COUNT(list))

static inline struct plan make(const struct desired_person *people, size_t count)
{
	struct desired desired = {.targets = targets, .target_count = TARGETS, .people = people, .count = count, .stale = stale,
		.nameless = nameless, .groups_unsure = groups_unsure};
	struct plan plan = {0};
	struct error err;

	assert_done(plan_make(a, &desired, &world, &ledger, &limits, NOW, &plan, &err), err);
	return plan;
}

/* "user-create m1" for each step, separated by a comma: kind, then person, or name and members. */
static inline const char *said(const struct plan *plan)
{
	char *all = arena_strdup(a, "");

	for (size_t i = 0; i < plan->step_count; i++) {
		const struct step *s = &plan->steps[i];

		all = arena_printf(a, "%s%s%s %s", all, i > 0 ? ", " : "", step_kind_word(s->kind), s->person ? s->person : s->name);
		for (size_t k = 0; k < s->member_count; k++)
			all = arena_printf(a, "%s%s%s", all, k > 0 ? "+" : ":", s->members[k]);
	}
	return all;
}

static inline void assert_task(const struct plan *plan, enum plan_task_kind kind, const char *person)
{
	for (size_t i = 0; i < plan->task_count; i++)
		if (plan->tasks[i].kind == kind && strcmp(plan->tasks[i].person ? plan->tasks[i].person : plan->tasks[i].group, person) == 0)
			return;
	fail_msg("no task %s for %s", plan_task_word(kind), person);
}

static inline void assert_problem(const struct plan *plan, enum plan_problem_kind kind)
{
	for (size_t i = 0; i < plan->problem_count; i++)
		if (plan->problems[i].kind == kind)
			return;
	fail_msg("no problem %s", plan_problem_word(kind));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

#endif
