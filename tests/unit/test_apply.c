/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Doing plans against a model of Atlassian: all of it, cut short at every call, and over random worlds. */
#include "tests/unit/atlassian_model.h"
#include "tests/unit/unit.h"

#include "provision/apply.h"

#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define NOW 1795000000
#define DAY 86400

#define LIST(...) list_of((const char *const[]){__VA_ARGS__, NULL})

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

static const char *const *list_of(const char *const *from)
{
	size_t n = 0;
	const char **list;

	while (from[n])
		n++;
	list = arena_alloc(a, (n + 1) * sizeof(*list));
	memcpy(list, from, n * sizeof(*list));
	return list;
}

static void open_ledger(void)
{
	struct error err;

	assert_done(ledger_open(path, LEDGER_WRITE, &ledger, &err), err);
}

static int begin(void **state)
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

static int end(void **state)
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

static int64_t time_now(void *context)
{
	(void)context;
	return now;
}

static bool go_on(void *context)
{
	(void)context;
	return go_on_for < 0 || go_on_for-- > 0;
}

static void progress(const struct apply_progress *p, void *context)
{
	(void)context;
	told++;
	assert_true(p->done + p->failed + p->left_out <= p->total);
}

static struct plan make(void)
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

static int try_apply(const struct plan *given, struct apply_result *out, struct error *err)
{
	struct apply_options options = {.given = given, .now = time_now, .go_on = go_on, .progress = progress};

	return apply(a, &desired, &limits, ledger, &doer, &options, out, err);
}

static struct apply_result do_apply(const struct plan *given)
{
	struct apply_result result = {0};
	struct error err;

	assert_done(try_apply(given, &result, &err), err);
	return result;
}

/* ---- people ---- */

static struct desired_person person(const char *id, enum desired_kind kind)
{
	struct desired_person p = {.id = id, .dn = id, .mail = arena_printf(a, "%s@x.org", id), .display_name = id, .kind = kind,
		.rule = "rule", .why = "rule rule"};

	if (kind == DESIRED_LICENSED)
		p.groups = LIST("agents", "staff");
	else if (kind == DESIRED_CUSTOMER)
		p.groups = LIST("customers", "staff");
	return p;
}

static struct desired_person at(const char *id, size_t target)
{
	struct desired_person p = person(id, DESIRED_PORTAL);
	struct desired_place *place = arena_alloc(a, sizeof(*place));

	*place = (struct desired_place){.target = target, .organizations = LIST("partners"), .desks = target == SITE ? LIST("15") : NULL};
	p.places = place;
	p.place_count = 1;
	return p;
}

static void want(struct desired_person *people, size_t n)
{
	desired.people = people;
	desired.count = n;
}

/* A company in which something of everything is to be done. */
static void company(void)
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

static void assert_company_is_right(void)
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

static void does_all_of_a_plan_and_then_nothing_is_left(void **state)
{
	struct apply_result result;
	struct plan plan;

	(void)state;
	company();
	plan = make();
	told = 0;
	model->calls = 0;
	result = do_apply(&plan);
	assert_true(result.ended);
	assert_int_equal(result.failed + result.left_out, 0);
	assert_int_equal(result.done, plan.step_count);
	assert_int_equal(told, plan.step_count);
	assert_int_equal(result.requests, model->calls);
	assert_int_equal(plan.counts[ORG].seats_after, 3);
	assert_int_equal(plan.counts[ORG].ours, 3);
	assert_int_equal(result.kept[ORG], 5);          /* as the next plan counts them */
	assert_company_is_right();
}

static int read_nothing(struct arena *arena, void *context, struct world *out, struct error *err)
{
	(void)arena;
	(void)context;
	(void)out;
	return error_set(err, REASON_PROVISION_STOP, "read twice");
}

static void a_world_that_was_read_just_now_is_not_read_again(void **state)
{
	struct step_doer once = doer;
	struct apply_options options = {.now = time_now};
	struct apply_result result;
	struct world world;
	struct plan plan;
	struct error err;

	(void)state;
	company();
	plan = make();
	assert_done(doer.read(a, doer.context, &world, &err), err);
	once.read = read_nothing;
	options.given = &plan;
	assert_refused(apply(a, &desired, &limits, ledger, &once, &options, &result, &err), err, REASON_PROVISION_STOP);
	options.world = &world;
	assert_done(apply(a, &desired, &limits, ledger, &once, &options, &result, &err), err);
	assert_true(result.ended);
	assert_company_is_right();
}

static bool until_the_first_call(void *context)
{
	(void)context;
	return model->calls == 0;
}

/* Ctrl-C while an answer is waited for. */
static void a_call_that_was_cut_short_is_no_failure(void **state)
{
	struct desired_person people[] = {person("p0", DESIRED_CUSTOMER), person("p1", DESIRED_CUSTOMER)};
	struct apply_options options = {.now = time_now, .go_on = until_the_first_call};
	struct apply_result result;
	struct plan plan;
	struct error err;

	(void)state;
	want(people, 2);
	plan = make();
	options.given = &plan;
	model->fail_kind = STEP_USER_CREATE;
	model->fail_reason = REASON_PROVISION_STOP;
	model->fails = 1;
	assert_done(apply(a, &desired, &limits, ledger, &doer, &options, &result, &err), err);
	assert_true(result.cut_short);
	assert_int_equal(result.failed, 0);
	assert_int_equal(result.requests, 1);
	assert_int_equal(result.stop.reason, REASON_NONE);
	assert_false(result.ended);
	result = do_apply(&plan);
	assert_true(result.ended && result.resumed && !result.cut_short);
	assert_int_equal(make().step_count, 0);
}

/* ---- killed ---- */

/* The child's end: true when it was killed by the model. */
static bool child_is_killed(const struct plan *plan)
{
	pid_t pid;
	int status = 0;

	ledger_close(ledger);           /* one environment a process */
	pid = fork();
	if (pid == 0) {
		struct apply_result result;
		struct error err;

		if (ledger_open(path, LEDGER_WRITE, &ledger, &err) < 0 || try_apply(plan, &result, &err) < 0)
			_exit(1);
		_exit(result.ended ? 0 : 2);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	open_ledger();
	assert_true(WIFEXITED(status));
	assert_true(WEXITSTATUS(status) == 9 || WEXITSTATUS(status) == 0);
	return WEXITSTATUS(status) == 9;
}

/* Killed at every call in turn, and started again each time; `after`: the call was done, its answer never written. */
static void kill_at_every_call(bool after)
{
	struct apply_result result;
	struct plan plan;
	unsigned killed = 0;

	company();
	plan = make();
	for (;;) {
		model->calls = 0;
		*(after ? &model->kill_after : &model->kill_before) = after ? 1 : 2;
		if (!child_is_killed(&plan))
			break;
		killed++;
		assert_true(killed < 100);
	}
	assert_true(killed > 8);
	model->kill_after = model->kill_before = 0;
	assert_company_is_right();
	result = do_apply(NULL);
	assert_int_equal(result.plan.step_count, 0);
}

static void killed_before_every_call_it_goes_on(void **state)
{
	(void)state;
	kill_at_every_call(false);
}

static void killed_after_every_call_nothing_is_done_twice(void **state)
{
	unsigned touched;

	(void)state;
	kill_at_every_call(true);
	touched = model_user_of(model, ORG, "p3@x.org")->touched;
	assert_int_equal(touched, 3);   /* made, and two groups: each once */
	for (size_t i = 0; i < MODEL_USERS; i++)
		for (size_t k = i + 1; k < MODEL_USERS; k++)
			assert_false(model->targets[ORG].users[k].there &&
				strcmp(model->targets[ORG].users[i].mail, model->targets[ORG].users[k].mail) == 0);
}

static void what_a_killed_process_made_is_ours(void **state)
{
	struct desired_person people[] = {person("p0", DESIRED_CUSTOMER), at("p1", SITE)};
	struct ledger_view view;
	struct error err;
	struct plan plan;

	(void)state;
	want(people, 2);
	plan = make();
	model->kill_after = 1;
	assert_true(child_is_killed(&plan));
	model->calls = 0;
	assert_true(child_is_killed(&plan));
	model->kill_after = 0;
	assert_true(do_apply(&plan).resumed);
	assert_done(ledger_load(a, ledger, &view, &err), err);
	assert_int_equal(ledger_person_of(&view, "organisation", "p0")->deed, LEDGER_CREATED);
	assert_int_equal(ledger_person_of(&view, "site", "p1")->deed, LEDGER_CREATED);
	assert_null(view.run);
}

/* ---- refusing ---- */

static void a_moved_world_is_refused(void **state)
{
	struct apply_result result;
	struct error err;
	struct plan plan;

	(void)state;
	company();
	plan = make();
	model->calls = 0;
	model_add_user(model, ORG, NULL, "p3@x.org");
	assert_refused(try_apply(&plan, &result, &err), err, REASON_PLAN_MOVED);
	assert_int_equal(model->calls, 0);
}

static void a_run_that_was_cut_short_does_nothing_that_was_not_shown(void **state)
{
	struct desired_person people[] = {person("p0", DESIRED_CUSTOMER), person("p1", DESIRED_CUSTOMER), person("p2", DESIRED_CUSTOMER)};
	struct apply_result result;
	struct error err;
	struct plan plan;

	(void)state;
	want(people, 2);
	plan = make();
	go_on_for = 2;
	result = do_apply(&plan);
	assert_false(result.ended);
	assert_int_equal(result.done, 2);
	go_on_for = -1;
	want(people, 3);
	assert_refused(try_apply(&plan, &result, &err), err, REASON_PLAN_MOVED);
	want(people, 2);
	result = do_apply(&plan);
	assert_true(result.resumed && result.ended);
	assert_int_equal(make().step_count, 0);
}

static void an_unusual_plan_wants_to_be_accepted(void **state)
{
	struct desired_person people[] = {person("p0", DESIRED_LICENSED), person("p1", DESIRED_LICENSED)};
	struct apply_options options = {.accept_stopped = true, .now = time_now};
	struct apply_result result;
	struct error err;
	struct plan plan;

	(void)state;
	want(people, 2);
	limits.seats_most = 1;
	plan = make();
	assert_refused(try_apply(&plan, &result, &err), err, REASON_PLAN_STOPPED);
	assert_refused(try_apply(NULL, &result, &err), err, REASON_PLAN_STOPPED);
	assert_string_equal(result.plan.id, plan.id);
	assert_int_equal(model->calls, 0);
	options.given = &plan;
	assert_done(apply(a, &desired, &limits, ledger, &doer, &options, &result, &err), err);
	assert_true(result.ended);
}

/* ---- failing ---- */

static void who_was_not_given_the_new_group_keeps_the_old_one(void **state)
{
	struct desired_person people[] = {person("p0", DESIRED_LICENSED)};
	struct apply_result result;
	struct plan plan;

	(void)state;
	want(people, 1);
	plan = make();
	do_apply(&plan);
	people[0] = person("p0", DESIRED_CUSTOMER);
	model->fail_kind = STEP_MEMBERS_ADD;
	model->fails = 1;
	plan = make();
	result = do_apply(&plan);
	assert_int_equal(result.failed, 1);
	assert_int_equal(result.left_out, 1);
	assert_true(result.ended);
	assert_true(model_is_in(model, ORG, "agents", "p0@x.org"));
	plan = make();
	do_apply(&plan);
	assert_false(model_is_in(model, ORG, "agents", "p0@x.org"));
}

/* A group is deleted for everybody in it at once, so not after anything failed. */
static void the_old_group_stays_where_somebody_was_not_put_into_the_new_one(void **state)
{
	struct desired_person people[] = {person("p0", DESIRED_LICENSED), person("p1", DESIRED_LICENSED)};
	struct apply_result result;
	struct plan plan;

	(void)state;
	want(people, 2);
	plan = make();
	do_apply(&plan);
	targets[ORG].groups = LIST("customers", "engineers", "staff");
	targets[ORG].licensed = LIST("engineers");
	people[0].groups = people[1].groups = LIST("engineers", "staff");
	now += DAY;
	want(people, 1);                /* p1 is gone, and in the grace time: nothing of theirs is touched */
	plan = make();
	do_apply(&plan);
	assert_true(model_is_in(model, ORG, "engineers", "p0@x.org"));
	assert_true(model_is_in(model, ORG, "agents", "p0@x.org"));

	want(people, 2);
	now += DAY;
	limits.confirmed_group = "agents";
	model->fail_kind = STEP_MEMBERS_ADD;
	model->fails = 1;
	plan = make();
	assert_int_equal(plan_step_total(&plan, STEP_GROUP_DELETE, ORG), 1);
	result = do_apply(&plan);
	assert_int_equal(result.failed, 1);
	assert_int_equal(result.left_out, 1);
	assert_true(model_is_in(model, ORG, "agents", "p0@x.org"));
	assert_true(model_is_in(model, ORG, "agents", "p1@x.org"));

	plan = make();
	assert_int_equal(do_apply(&plan).failed, 0);
	assert_true(model_is_in(model, ORG, "engineers", "p1@x.org"));
	assert_null(model_group_of(model, ORG, "agents"));
}

static void who_could_not_be_made_is_left_out_of_groups_alone(void **state)
{
	struct desired_person people[] = {person("p0", DESIRED_CUSTOMER), person("p1", DESIRED_CUSTOMER)};
	struct apply_result result;
	struct plan plan;

	(void)state;
	want(people, 2);
	model->fail_kind = STEP_USER_CREATE;
	model->fails = 1;
	plan = make();
	result = do_apply(&plan);
	assert_int_equal(result.failed, 1);
	assert_true(model_is_in(model, ORG, "customers", "p1@x.org"));
	assert_null(model_user_of(model, ORG, "p0@x.org"));
	plan = make();
	do_apply(&plan);
	assert_true(model_is_in(model, ORG, "customers", "p0@x.org"));
}

static void a_refused_key_stops_its_targets_and_no_other(void **state)
{
	struct desired_person people[] = {person("p0", DESIRED_CUSTOMER), at("p1", PORTAL), at("p2", SITE)};
	struct apply_result result;
	struct plan plan;

	(void)state;
	targets[ORG].key = targets[PORTAL].key = slice_c("one key");
	want(people, 3);
	model->fail_kind = STEP_USER_CREATE;
	model->fail_reason = REASON_PROVISION_STOP;
	model->fails = 1;
	plan = make();
	result = do_apply(&plan);
	assert_int_equal(result.stop.reason, REASON_PROVISION_STOP);
	assert_false(result.ended);
	assert_null(model_user_of(model, PORTAL, "p1@x.org"));
	assert_true(model_is_in(model, SITE, "partners", "p2@x.org"));
	result = do_apply(&plan);       /* the key was mended */
	assert_true(result.resumed && result.ended);
	assert_int_equal(make().step_count, 0);
}

/* ---- the record ---- */

/* Each change in a few words. */
static char recorded[4000];
static enum apply_event no_to;
static bool says_no;

static int keep_record(const struct apply_change *c, void *context, struct error *err)
{
	static const char *const words[] = {[APPLY_BEGINS] = "begins", [APPLY_DONE] = "done", [APPLY_FAILED] = "failed"};
	size_t n = strlen(recorded);

	(void)context;
	snprintf(recorded + n, sizeof(recorded) - n, "%s %s %s %s%s;", step_kind_word(c->step->kind), c->person ? c->person : "-",
		c->step->name ? c->step->name : "-", words[c->event], c->event != APPLY_BEGINS && c->person && !c->user ? " unknown" : "");
	assert_true((c->event == APPLY_FAILED) == (c->failure != NULL));
	assert_int_equal(strlen(c->plan), 64);
	return says_no && c->event == no_to ? error_set(err, REASON_AUDIT, "the disk is full") : 0;
}

static int apply_recorded(struct apply_result *out, struct error *err)
{
	const struct apply_options options = {.now = time_now, .record = keep_record};

	recorded[0] = 0;
	return apply(a, &desired, &limits, ledger, &doer, &options, out, err);
}

static void each_change_is_recorded_before_its_call_and_with_its_answer(void **state)
{
	struct desired_person people[] = {person("p0", DESIRED_CUSTOMER), person("p1", DESIRED_CUSTOMER)};
	struct apply_result result;
	struct error err;

	(void)state;
	says_no = false;
	model_add_user(model, ORG, NULL, "p1@x.org");
	people[0].groups = people[1].groups = LIST("customers");
	want(people, 2);
	assert_done(apply_recorded(&result, &err), err);
	assert_string_equal(recorded, "adopt p1 - begins;adopt p1 - done;user-update p1 - begins;user-update p1 - done;"
		"user-create p0 - begins;user-create p0 - done;group-create - customers begins;group-create - customers done;"
		"members-add p0 customers begins;members-add p1 customers begins;members-add p0 customers done;members-add p1 customers done;");
	people[0] = person("p0", DESIRED_NOTHING);
	people[1].mail = "p1new@x.org";
	model->fail_kind = STEP_USER_UPDATE;
	model->fails = 1;
	assert_done(apply_recorded(&result, &err), err);
	assert_string_equal(recorded, "user-update p1 - begins;user-update p1 - failed;"
		"members-remove p0 customers begins;members-remove p0 customers done;");
}

static void what_cannot_be_recorded_is_not_asked_for(void **state)
{
	struct desired_person people[] = {person("p0", DESIRED_CUSTOMER), person("p1", DESIRED_CUSTOMER)};
	struct apply_result result;
	struct ledger_view view;
	struct error err;

	(void)state;
	want(people, 2);
	says_no = true;
	no_to = APPLY_BEGINS;
	assert_refused(apply_recorded(&result, &err), err, REASON_AUDIT);
	assert_int_equal(model->calls, 0);
	assert_done(ledger_load(a, ledger, &view, &err), err);
	assert_int_equal(view.count, 0);
	no_to = APPLY_DONE;             /* done, and that could not be written: nothing more */
	assert_refused(apply_recorded(&result, &err), err, REASON_AUDIT);
	assert_int_equal(model->calls, 1);
	assert_done(ledger_load(a, ledger, &view, &err), err);
	assert_non_null(ledger_person_of(&view, "organisation", "p0")->user);
	says_no = false;
	assert_done(apply_recorded(&result, &err), err);
	assert_true(result.ended);
	assert_int_equal(make().step_count, 0);
}

/* ---- one after another ---- */

static void losses_that_trickle_in_are_stopped_until_somebody_says_yes(void **state)
{
	const struct apply_options accepted = {.now = time_now, .accept_stopped = true};
	struct desired_person people[8];
	struct apply_result result;
	struct error err;

	(void)state;
	limits.lose_most = 3;
	limits.lose_within = DAY;
	for (size_t i = 0; i < 8; i++)
		people[i] = person(arena_printf(a, "p%zu", i), DESIRED_LICENSED);
	want(people, 8);
	do_apply(NULL);
	for (size_t i = 0; i < 3; i++, now += 60) {
		people[i] = person(people[i].id, DESIRED_NOTHING);
		assert_true(do_apply(NULL).ended);
	}
	people[3] = person("p3", DESIRED_NOTHING);
	assert_refused(try_apply(NULL, &result, &err), err, REASON_PLAN_STOPPED);
	assert_true(model_is_in(model, ORG, "agents", "p3@x.org"));
	assert_done(apply(a, &desired, &limits, ledger, &doer, &accepted, &result, &err), err);
	assert_false(model_is_in(model, ORG, "agents", "p3@x.org"));
	people[4] = person("p4", DESIRED_NOTHING);      /* what was accepted counts no more */
	assert_true(do_apply(NULL).ended);
	assert_int_equal(make().counts[ORG].lost, 1);
	now += DAY;
	assert_int_equal(make().counts[ORG].lost, 0);
}

/* ---- random worlds ---- */

static uint64_t seed;

static unsigned pick(unsigned n)
{
	seed = seed * 6364136223846793005U + 1442695040888963407U;
	return (unsigned)(seed >> 33) % n;
}

enum { CROWD = 24 };

static struct desired_person *random_people(size_t *count)
{
	struct desired_person *people = arena_alloc(a, CROWD * sizeof(*people));

	*count = 0;
	for (unsigned i = 0; i < CROWD; i++) {
		const char *id = arena_printf(a, "p%02u", i);
		struct desired_person *p = &people[*count];

		switch (pick(7)) {
		case 0: continue;
		case 1: *p = person(id, DESIRED_NOTHING); break;
		case 2: *p = person(id, DESIRED_LICENSED); break;
		case 3: *p = at(id, PORTAL); break;
		case 4: *p = at(id, SITE); break;
		default: *p = person(id, DESIRED_CUSTOMER); break;
		}
		if (p->kind == DESIRED_CUSTOMER && pick(8) == 0)
			p->groups = LIST("agents", "customers");        /* a rule that goes too far */
		if (pick(12) == 0)
			p->mail = arena_printf(a, "p%02u@x.org", pick(CROWD));
		if (pick(12) == 0)
			p->held = "in doubt";
		(*count)++;
	}
	return people;
}

static void random_world(void)
{
	for (int t = 0; t < MODEL_TARGETS; t++)
		for (unsigned i = 0; i < CROWD; i++) {
			const char *mail = arena_printf(a, "p%02u@x.org", i);

			if (pick(4) != 0 || model_user_of(model, t, mail))
				continue;
			model_add_user(model, t, t == SITE || pick(2) ? NULL : arena_printf(a, "p%02u", pick(CROWD)), mail)->active = pick(5) != 0;
		}
	if (!model_group_of(model, ORG, "agents"))
		model_add_group(model, ORG, "agents");
	for (unsigned i = 0; i < MODEL_USERS; i++)
		if (model->targets[ORG].users[i].there && pick(4) == 0)
			model_group_of(model, ORG, "agents")->members[i] = true;
}

/* What must hold of every plan, whatever it was made of. */
static void assert_harmless(const struct plan *plan, const struct ledger_view *view)
{
	for (size_t i = 0; i < plan->step_count; i++) {
		const struct step *s = &plan->steps[i];
		const struct desired_person *p = s->person ? desired_person_by_id(&desired, s->person) : NULL;

		if (p && p->held)
			fail_msg("%s of %s, who is held", step_kind_word(s->kind), s->person);
		if (s->user && (strcmp(s->user, model->targets[ORG].users[0].id) == 0))
			fail_msg("the protected account is touched by %s", step_kind_word(s->kind));
		if (s->kind == STEP_USER_DEACTIVATE || s->kind == STEP_CUSTOMER_REVOKE) {
			const struct ledger_person *record = ledger_person_of(view, plan->targets[s->target], s->person);

			assert_non_null(record);
			assert_string_equal(record->user, s->user);
		}
		if (s->kind == STEP_MEMBERS_ADD && strcmp(s->name, "agents") == 0)
			for (size_t k = 0; k < s->member_count; k++)
				assert_int_equal(desired_person_by_id(&desired, s->members[k])->kind, DESIRED_LICENSED);
	}
}

static void one_round(void)
{
	struct apply_result result;
	struct ledger_view view;
	struct error err;
	struct plan plan, again;
	unsigned touched;
	size_t n;

	want(random_people(&n), 0);
	desired.count = n;
	now += pick(8) * DAY;
	plan = make();
	assert_done(ledger_load(a, ledger, &view, &err), err);
	assert_harmless(&plan, &view);
	touched = model->targets[ORG].users[0].touched;
	result = do_apply(&plan);
	assert_true(result.ended);
	assert_int_equal(result.failed, 0);
	again = make();
	assert_int_equal(plan_seats_now(&again), plan_seats_after(&plan));
	/* A mail that one kind of account gave up is free for the other kind only once that was seen. */
	for (unsigned more = 0; again.step_count > 0; more++) {
		if (more == 2)
			fail_msg("%s %s is left", step_kind_word(again.steps[0].kind), again.steps[0].person);
		assert_int_equal(do_apply(&again).failed, 0);
		again = make();
	}
	assert_int_equal(model->targets[ORG].users[0].touched, touched);
}

static void after_applying_nothing_is_left_to_plan_in_random_worlds(void **state)
{
	(void)state;
	for (unsigned world = 0; world < 60; world++) {
		seed = 77 + world;
		model->targets[ORG] = model->targets[PORTAL] = (struct model_target){.rest = false};
		model->targets[SITE] = (struct model_target){.rest = true};
		model_add_desk(model, SITE, "15");
		ledger_close(ledger);
		unlink(path);
		unlink(arena_printf(a, "%s-lock", path));
		open_ledger();
		model_add_user(model, ORG, "p00", "p00@x.org");
		limits.protect = LIST("p00@x.org");
		limits.grace = pick(2) ? 5 * DAY : 0;
		random_world();
		for (unsigned round = 0; round < 4; round++)
			one_round();
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(does_all_of_a_plan_and_then_nothing_is_left),
		TEST(a_world_that_was_read_just_now_is_not_read_again),
		TEST(a_call_that_was_cut_short_is_no_failure),
		TEST(killed_before_every_call_it_goes_on),
		TEST(killed_after_every_call_nothing_is_done_twice),
		TEST(what_a_killed_process_made_is_ours),
		TEST(a_moved_world_is_refused),
		TEST(a_run_that_was_cut_short_does_nothing_that_was_not_shown),
		TEST(an_unusual_plan_wants_to_be_accepted),
		TEST(who_was_not_given_the_new_group_keeps_the_old_one),
		TEST(the_old_group_stays_where_somebody_was_not_put_into_the_new_one),
		TEST(who_could_not_be_made_is_left_out_of_groups_alone),
		TEST(a_refused_key_stops_its_targets_and_no_other),
		TEST(each_change_is_recorded_before_its_call_and_with_its_answer),
		TEST(what_cannot_be_recorded_is_not_asked_for),
		TEST(losses_that_trickle_in_are_stopped_until_somebody_says_yes),
		TEST(after_applying_nothing_is_left_to_plan_in_random_worlds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
