/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A company, a model of Atlassian and a ledger: plans of one are done at the other. */
#ifndef TESTS_UNIT_APPLY_STAGE_H
#define TESTS_UNIT_APPLY_STAGE_H

#include "tests/unit/atlassian_model.h"
#include "tests/unit/list.h"
#include "tests/unit/unit.h"

#include "provision/apply.h"

#include <stdlib.h>
#include <unistd.h>

#define NOW 1795000000
#define DAY 86400

static struct arena *a;
/* In memory where there is such a place: the ledger is on the disk after every call, and there are thousands here. */
static char folder[40];
static char *path;
static struct ledger *ledger;
static struct model *model;
static struct step_doer doer;
static struct plan_limits limits;
static struct target targets[MODEL_TARGETS];
static struct desired desired;
static int64_t now;
static unsigned told;
static long go_on_for;

enum { ORG, PORTAL, SITE };

static inline void open_ledger(void)
{
	struct error err;

	assert_done(ledger_open(path, LEDGER_WRITE, &ledger, &err), err);
}

static inline int begin(void **state)
{
	(void)state;
	a = arena_new();
	snprintf(folder, sizeof(folder), "%s/postern-apply-XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	if (!mkdtemp(folder))
		return -1;
	path = arena_printf(a, "%s/ledger", folder);
	open_ledger();
	model = model_new();
	model->targets[SITE].rest = true;
	doer = model_doer(model);
	limits = (struct plan_limits){.grace = 10 * DAY, .lose_most = SIZE_MAX, .lose_percent = 100, .seats_most = SIZE_MAX, .seats_percent = 100};
	targets[ORG] = (struct target){.name = "organisation", .kind = TARGET_ORGANIZATION, .base = "o",
		.groups = LIST("agents", "customers", "staff"), .licensed = LIST("agents")};
	targets[PORTAL] = (struct target){.name = "helpdesk", .kind = TARGET_PORTAL_SCIM, .base = "p", .groups = LIST("partners")};
	targets[SITE] = (struct target){.name = "site", .kind = TARGET_PORTAL_REST, .base = "s", .groups = LIST("partners"),
		.desks = LIST("15")};
	desired = (struct desired){.targets = targets, .target_count = MODEL_TARGETS};
	model_add_desk(model, SITE, "15");
	now = NOW;
	told = 0;
	go_on_for = -1;
	return 0;
}

static inline int end(void **state)
{
	(void)state;
	ledger_close(ledger);
	model_free(model);
	unlink(path);
	unlink(arena_printf(a, "%s-lock", path));
	arena_free(a);
	return rmdir(folder);
}

/* ---- doing ---- */

static inline int64_t time_now(void *context)
{
	(void)context;
	return now;
}

static inline bool go_on(void *context)
{
	(void)context;
	return go_on_for < 0 || go_on_for-- > 0;
}

static inline void progress(const struct apply_progress *p, void *context)
{
	(void)context;
	told++;
	assert_true(p->done + p->failed + p->left_out <= p->total);
}

static inline struct plan make(void)
{
	struct plan plan = {0};
	struct ledger_view view;
	struct world world;
	struct error err;

	assert_done(doer.read(a, doer.context, &world, &err), err);
	assert_done(ledger_load(a, ledger, &view, &err), err);
	assert_done(plan_make(a, &desired, &world, &view, &limits, now, &plan, &err), err);
	return plan;
}

static inline int try_apply(const struct plan *given, struct apply_result *out, struct error *err)
{
	struct apply_options options = {.given = given, .now = time_now, .go_on = go_on, .progress = progress};

	return apply(a, &desired, &limits, ledger, &doer, &options, out, err);
}

static inline struct apply_result do_apply(const struct plan *given)
{
	struct apply_result result = {0};
	struct error err;

	assert_done(try_apply(given, &result, &err), err);
	return result;
}

/* ---- people ---- */

static inline struct desired_person person(const char *id, enum desired_kind kind)
{
	struct desired_person p = {.id = id, .dn = id, .mail = arena_printf(a, "%s@x.org", id), .display_name = id, .kind = kind,
		.rule = "rule", .why = "rule rule"};

	if (kind == DESIRED_LICENSED)
		p.groups = LIST("agents", "staff");
	else if (kind == DESIRED_CUSTOMER)
		p.groups = LIST("customers", "staff");
	return p;
}

static inline struct desired_person at(const char *id, size_t target)
{
	struct desired_person p = person(id, DESIRED_PORTAL);
	struct desired_place *place = arena_alloc(a, sizeof(*place));

	*place = (struct desired_place){.target = target, .organizations = LIST("partners"), .desks = target == SITE ? LIST("15") : NULL};
	p.places = place;
	p.place_count = 1;
	return p;
}

static inline void want(struct desired_person *people, size_t n)
{
	desired.people = people;
	desired.count = n;
}

/* A company in which something of everything is to be done. */
static inline void company(void)
{
	static struct desired_person people[7];
	struct model_group *g;
	struct plan plan;

	people[0] = person("p0", DESIRED_LICENSED);
	people[1] = person("p1", DESIRED_LICENSED);
	people[2] = person("p2", DESIRED_LICENSED);
	want(people, 3);
	model_add_user(model, ORG, "nick", "p1@x.org");
	plan = make();
	assert_true(do_apply(&plan).ended);
	people[0] = person("p0", DESIRED_CUSTOMER);     /* from agent to customer; p1 stays; p2 is gone for long */
	people[2] = person("p3", DESIRED_CUSTOMER);
	people[3] = at("p4", PORTAL);
	people[4] = at("p5", SITE);
	people[5] = person("p6", DESIRED_LICENSED);     /* has an account that is adopted */
	people[6] = person("p7", DESIRED_NOTHING);
	people[1].mail = "p1new@x.org";
	want(people, 7);
	model_add_user(model, ORG, NULL, "p6@x.org");
	model_add_user(model, ORG, NULL, "stranger@x.org");
	g = model_group_of(model, ORG, "agents");
	g->members[model_user_of(model, ORG, "stranger@x.org") - model->targets[ORG].users] = true;
	now += DAY;
	make();
	ledger_note(a, ledger, &desired, now, &(struct error){0});
	now += 11 * DAY;
}

static inline void assert_company_is_right(void)
{
	struct plan plan = make();

	assert_int_equal(plan.step_count, 0);
	assert_true(model_is_in(model, ORG, "customers", "p0@x.org"));
	assert_false(model_is_in(model, ORG, "agents", "p0@x.org"));
	assert_true(model_is_in(model, ORG, "agents", "p1new@x.org"));
	assert_false(model_user_of(model, ORG, "p2@x.org")->active);
	assert_true(model_is_in(model, ORG, "staff", "p3@x.org"));
	assert_true(model_is_in(model, PORTAL, "partners", "p4@x.org"));
	assert_true(model_is_in(model, SITE, "partners", "p5@x.org"));
	assert_true(model_is_in(model, ORG, "agents", "p6@x.org"));
	assert_true(model_is_in(model, ORG, "agents", "stranger@x.org"));
	assert_int_equal(model->deactivations, 1);
	assert_int_equal(plan.counts[ORG].ours, 5);
	assert_int_equal(plan_seats_now(&plan), 3);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

#endif
