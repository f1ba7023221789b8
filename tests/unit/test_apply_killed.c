/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Doing a plan is cut short at every call, and goes on. */
#include "tests/unit/apply_stage.h"

#include <sys/wait.h>

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(killed_before_every_call_it_goes_on),
		TEST(killed_after_every_call_nothing_is_done_twice),
		TEST(what_a_killed_process_made_is_ours),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
