/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Doing plans: all of one, what is refused, what fails, what is recorded, and what trickles in. */
#include "tests/unit/apply_stage.h"

/* ---- all of it ---- */

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(does_all_of_a_plan_and_then_nothing_is_left),
		TEST(a_world_that_was_read_just_now_is_not_read_again),
		TEST(a_call_that_was_cut_short_is_no_failure),
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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
