/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What fails in the same way for one person after another is not asked for everybody: provision/apply_brake.c. */
#include "tests/unit/unit.h"

#include "provision/apply_parts.h"

#include <stdlib.h>
#include <unistd.h>

#define NOW 1795000000
#define PEOPLE 60

static struct arena *a;
static char folder[] = "/tmp/postern-brake-XXXXXX";
static char *path;
static struct ledger *ledger;
static struct apply_result result;
static struct desired_person people[PEOPLE];
static struct target targets[1];
static int answers[PEOPLE];             /* to each call: its status; 0: nothing came; -1: nothing was sent */
static unsigned calls;
static bool by_person;                  /* `answers` is of the people, whenever they come */
static bool asked[PEOPLE];
static int64_t now;

static int begin(void **state)
{
	static const char *const groups[] = {"customers", NULL};
	struct error err;

	(void)state;
	a = arena_new();
	memcpy(folder + strlen(folder) - 6, "XXXXXX", 6);
	if (!mkdtemp(folder))
		return -1;
	path = arena_printf(a, "%s/ledger", folder);
	for (size_t i = 0; i < PEOPLE; i++) {
		people[i] = (struct desired_person){.id = arena_printf(a, "p%02zu", i), .mail = arena_printf(a, "p%02zu@x.org", i),
			.kind = DESIRED_CUSTOMER, .groups = groups};
		answers[i] = 201;
	}
	targets[0] = (struct target){.name = "organisation", .kind = TARGET_ORGANIZATION, .base = "o", .groups = groups};
	calls = 0;
	by_person = false;
	memset(asked, 0, sizeof(asked));
	now = NOW;
	return ledger_open(path, LEDGER_WRITE, &ledger, &err);
}

static int end(void **state)
{
	(void)state;
	ledger_close(ledger);
	unlink(path);
	unlink(arena_printf(a, "%s-lock", path));
	arena_free(a);
	return rmdir(folder);
}

static int read_empty(struct arena *arena, void *context, struct world *out, struct error *err)
{
	static const struct world_target empty = {.complete = true};

	(void)arena;
	(void)context;
	(void)err;
	*out = (struct world){.targets = &empty, .target_count = 1, .inventory_as_of = NOW};
	return 0;
}

static int answer(struct arena *arena, void *context, const struct step *step, struct step_result *out, struct error *err)
{
	size_t who = step->person ? (size_t)(step->person[1] - '0') * 10 + (size_t)(step->person[2] - '0') : 0;
	int status = step->kind != STEP_USER_CREATE ? 201 : answers[by_person ? who : calls];

	if (step->kind == STEP_USER_CREATE) {
		asked[who] = true;
		calls++;
	}

	(void)context;
	*out = (struct step_result){.status = status > 0 ? status : 0, .requests = status >= 0};
	if (status != 201)
		return error_set(err, REASON_PROVISION_STEP, "POST /Users: %d", status);
	out->id = arena_printf(arena, "id-%s-%s", step->person ? step->person : "", step->name ? step->name : "");
	return 0;
}

static int64_t time_now(void *context)
{
	(void)context;
	return now;
}

static void do_apply(void)
{
	const struct desired desired = {.targets = targets, .target_count = 1, .people = people, .count = PEOPLE};
	const struct plan_limits limits = {.lose_most = SIZE_MAX, .lose_percent = 100, .seats_most = SIZE_MAX, .seats_percent = 100};
	const struct step_doer doer = {.read = read_empty, .step = answer};
	const struct apply_options options = {.now = time_now};
	struct error err;

	assert_done(apply(a, &desired, &limits, ledger, &doer, &options, &result, &err), err);
}

static void answer_all(int status)
{
	for (size_t i = 0; i < PEOPLE; i++)
		answers[i] = status;
}

/* Five times, and then for one of seventeen. */
static void what_the_key_may_not_is_not_asked_for_everybody(void **state)
{
	(void)state;
	answer_all(403);
	do_apply();
	assert_int_equal(calls, 5 + 3);
	assert_int_equal(result.failed, 5 + 3);
	assert_int_equal(result.left_out, result.plan.step_count - 5 - 3 - result.done);
	assert_true(result.ended);
	assert_int_equal(result.braked_count, 1);
	assert_string_equal(result.braked[0], "organisation: user-create failed 8 times in a row in the same way, so it was not asked for 52 more: "
		"POST /Users: 403");
}

/* Whom it left out before is told of all the same, with the row that it was for. */
static void a_brake_that_was_released_tells_how_often_it_failed(void **state)
{
	const char *more;

	(void)state;
	answer_all(201);
	for (size_t i = 0; i < 5; i++)
		answers[i] = 403;
	do_apply();
	assert_int_equal(result.braked_count, 1);
	more = strstr(result.braked[0], "organisation: user-create failed 5 times in a row in the same way, so it was not asked for ");
	assert_ptr_equal(more, result.braked[0]);
}

static void nobody_waits_a_minute_for_each_of_those_whom_a_broken_server_refuses(void **state)
{
	static const int rows[] = {500, 0};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		answer_all(rows[i]);
		calls = 0;
		do_apply();
		assert_int_equal(calls, 5 + 3);
	}
}

static void what_may_be_each_ones_own_fault_is_asked_for_longer(void **state)
{
	(void)state;
	answer_all(400);
	do_apply();
	assert_int_equal(calls, 20 + 2);
}

static void one_that_is_done_or_differs_begins_anew(void **state)
{
	(void)state;
	answer_all(403);
	for (size_t i = 4; i < PEOPLE; i += 5)
		answers[i] = i % 10 == 4 ? 201 : 400;
	do_apply();
	assert_int_equal(calls, PEOPLE);
	assert_int_equal(result.braked_count, 0);
}

static void what_was_never_sent_brakes_nothing(void **state)
{
	(void)state;
	answer_all(-1);
	do_apply();
	assert_int_equal(calls, PEOPLE);
}

/* The same few stand first in every plan, however often it is made. */
static void those_who_always_fail_do_not_hold_back_the_others_for_ever(void **state)
{
	(void)state;
	by_person = true;
	for (size_t i = 0; i < 6; i++)
		answers[i] = 500;
	for (int hour = 0; hour < 40; hour++) {
		now = NOW + hour * 3600;
		do_apply();
	}
	for (size_t i = 0; i < PEOPLE; i++)
		assert_true(asked[i]);
}

/* An account that is to be switched off stays on for nobody's sake. */
static void nothing_that_takes_access_away_is_left_out(void **state)
{
	struct brake brakes[STEP_KINDS] = {{0}};
	const struct apply_options options = {.now = time_now};
	struct applying w = {.arena = a, .options = &options, .brakes = brakes};
	const struct step off = {.kind = STEP_USER_DEACTIVATE}, change = {.kind = STEP_USER_UPDATE};
	const struct step_result refused = {.status = 403, .requests = 1};
	const struct error why = {0};

	(void)state;
	for (int i = 0; i < 100; i++) {
		apply_brake_failed(&w, &off, &refused, &why);
		apply_brake_failed(&w, &change, &refused, &why);
		assert_false(apply_brakes(&w, &off));
	}
	assert_true(apply_brakes(&w, &change));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_the_key_may_not_is_not_asked_for_everybody),
		TEST(a_brake_that_was_released_tells_how_often_it_failed),
		TEST(nobody_waits_a_minute_for_each_of_those_whom_a_broken_server_refuses),
		TEST(what_may_be_each_ones_own_fault_is_asked_for_longer),
		TEST(one_that_is_done_or_differs_begins_anew),
		TEST(what_was_never_sent_brakes_nothing),
		TEST(those_who_always_fail_do_not_hold_back_the_others_for_ever),
		TEST(nothing_that_takes_access_away_is_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
