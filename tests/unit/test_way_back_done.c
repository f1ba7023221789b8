/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The way back is gone: batches that are cut short, and what later plans make of it. */
#include "tests/unit/way_back_stage.h"

#include <stdlib.h>
#include <unistd.h>

static bool deleted[5], restored[5], refuse_deletion;
static int made;
static int steps_left;

static int read_world(struct arena *arena, void *context, struct world *out, struct error *err)
{
	struct world_user *there = arena_alloc(arena, sizeof(users));
	struct world_target *now = arena_alloc(arena, sizeof(*now));

	(void)context;
	(void)err;
	*now = t;
	now->users = there;
	now->user_count = 0;
	for (size_t i = 0; i < t.user_count; i++)
		if (!deleted[i])
			there[now->user_count++] = users[i];
	*out = world;
	out->targets = now;
	return 0;
}

static int do_step(struct arena *arena, void *context, const struct step *step, struct step_result *out, struct error *err)
{
	(void)arena;
	(void)context;
	made += step->kind == STEP_USER_CREATE;
	if (step->kind == STEP_USER_DELETE && refuse_deletion)
		return error_set(err, REASON_PROVISION_STEP, "500");
	if (step->kind == STEP_RESTORE)
		restored[step->user[1] - '1'] = true;
	else if (step->kind == STEP_USER_DELETE)
		deleted[step->user[1] - '1'] = true;
	out->status = 204;
	return 0;
}

static int64_t time_now(void *context)
{
	(void)context;
	return NOW;
}

static bool go_on(void *context)
{
	(void)context;
	return steps_left-- > 0;
}

static struct ledger *open_ledger(char *folder)
{
	struct ledger *file = NULL;
	struct error err;

	memset(deleted, 0, sizeof(deleted));
	memset(restored, 0, sizeof(restored));
	refuse_deletion = false;
	made = 0;
	assert_non_null(mkdtemp(folder));
	assert_done(ledger_open(arena_printf(a, "%s/ledger", folder), LEDGER_WRITE, &file, &err), err);
	return file;
}

static void close_ledger(struct ledger *file, const char *folder)
{
	ledger_close(file);
	unlink(arena_printf(a, "%s/ledger", folder));
	unlink(arena_printf(a, "%s/ledger-lock", folder));
	rmdir(folder);
}

static void a_batch_that_was_cut_short_leaves_nobody_deactivated(void **state)
{
	const struct step_doer doer = {.read = read_world, .step = do_step};
	const struct way_back_options way = {.stage = WAY_BACK_DELETE, .most = 1};
	struct apply_options options = {.way_back = &way, .accept_stopped = true, .now = time_now, .go_on = go_on};
	struct apply_result result;
	char path[] = "/tmp/postern-way-back-XXXXXX";
	struct ledger *file = open_ledger(path);
	struct error err;
	struct plan plan;

	(void)state;
	t.group_count = 0;
	plan = make(WAY_BACK_DELETE, NULL, 1);
	options.given = &plan;
	steps_left = 1;
	assert_done(apply(a, &desired, &limits, file, &doer, &options, &result, &err), err);
	assert_true(deleted[2] && !restored[2] && !result.ended);
	steps_left = 100;
	assert_done(apply(a, &desired, &limits, file, &doer, &options, &result, &err), err);
	assert_true(restored[2] && !deleted[3] && result.ended && result.resumed);
	plan.steps = NULL;
	plan.step_count = 0;
	assert_refused(apply(a, &desired, &limits, file, &doer, &options, &result, &err), err, REASON_PLAN_MOVED);
	close_ledger(file, path);
}

/* Whom an ordinary plan of now would activate again: "u3 " */
static const char *to_restore(struct ledger *file)
{
	char *all = arena_strdup(a, "");
	struct ledger_view view;
	struct world now;
	struct error err;
	struct plan plan;

	assert_done(read_world(a, NULL, &now, &err), err);
	assert_done(ledger_load(a, file, &view, &err), err);
	assert_done(plan_make(a, &desired, &now, &view, &limits, NOW, &plan, &err), err);
	for (size_t i = 0; i < plan.step_count; i++)
		if (plan.steps[i].kind == STEP_RESTORE)
			all = arena_printf(a, "%s%s ", all, plan.steps[i].user);
	return all;
}

/* Nobody has the plan any more that was cut short, and the inventory knows the account as it was before. */
static void an_account_that_was_deactivated_is_activated_by_whatever_plan_comes_next(void **state)
{
	const struct step_doer doer = {.read = read_world, .step = do_step};
	const struct way_back_options way = {.stage = WAY_BACK_DELETE, .only = "3@x.org", .most = 1};
	struct apply_options options = {.way_back = &way, .accept_stopped = true, .now = time_now, .go_on = go_on};
	const struct step begun = {.kind = STEP_USER_DELETE, .user = "u4", .account_id = "a4", .person = "4@x.org"};
	char path[] = "/tmp/postern-way-back-XXXXXX";
	struct ledger *file = open_ledger(path);
	struct apply_result result;
	uint64_t number;
	size_t moved;
	struct error err;

	(void)state;
	t.group_count = 0;
	steps_left = 1;
	assert_done(apply(a, &desired, &limits, file, &doer, &options, &result, &err), err);
	assert_true(deleted[2] && !restored[2]);
	assert_string_equal(to_restore(file), "u3 ");
	/* but for those who have left meanwhile, or may have */
	people[2].disabled = true;
	assert_string_equal(to_restore(file), "");
	people[2].disabled = false;
	people[2].held = "in doubt";
	assert_string_equal(to_restore(file), "");
	people[2].held = NULL;
	desired.count = 2;
	assert_string_equal(to_restore(file), "");
	desired.count = 3;
	assert_string_equal(to_restore(file), "u3 ");
	assert_done(ledger_rename(file, "organisation", "other", &moved, &err), err);
	assert_string_equal(to_restore(file), "");
	assert_done(ledger_rename(file, "other", "organisation", &moved, &err), err);
	/* a call that was never sent: the user is there, and whoever takes them away later means it */
	assert_done(ledger_begin(file, "organisation", &begun, NOW, &number, &err), err);
	options.way_back = NULL;
	steps_left = 100;
	assert_done(apply(a, &desired, &limits, file, &doer, &options, &result, &err), err);
	assert_true(restored[2]);
	deleted[3] = true;
	assert_string_equal(to_restore(file), "");
	/* whom the directory never knew */
	assert_done(ledger_begin(file, "organisation", &begun, NOW, &number, &err), err);
	assert_string_equal(to_restore(file), "u4 ");
	close_ledger(file, path);
}

static void a_stage_is_done_for_one_person_before_it_is_for_many(void **state)
{
	const struct step_doer doer = {.read = read_world, .step = do_step};
	struct way_back_options way = {.stage = WAY_BACK_UNLINK, .most = 20};
	struct apply_options options = {.way_back = &way, .accept_stopped = true, .now = time_now};
	char path[] = "/tmp/postern-way-back-XXXXXX";
	struct ledger *file = open_ledger(path);
	struct apply_result result;
	struct error err;

	(void)state;
	t.group_count = 0;
	assert_refused(apply(a, &desired, &limits, file, &doer, &options, &result, &err), err, REASON_PLAN_STOPPED);
	assert_non_null(strstr(err.detail, "stage unlink of the way back was never tried"));
	way.only = "3@x.org";
	assert_done(apply(a, &desired, &limits, file, &doer, &options, &result, &err), err);
	assert_int_equal(result.done, 1);
	way.only = NULL;
	assert_done(apply(a, &desired, &limits, file, &doer, &options, &result, &err), err);
	assert_int_equal(result.done, 2);
	way.stage = WAY_BACK_DELETE;            /* each for itself */
	assert_refused(apply(a, &desired, &limits, file, &doer, &options, &result, &err), err, REASON_PLAN_STOPPED);
	close_ledger(file, path);
}

static void an_account_is_cut_only_by_an_inventory_that_was_read_after_the_stages_before(void **state)
{
	const struct step_doer doer = {.read = read_world, .step = do_step};
	const struct way_back_options way = {.stage = WAY_BACK_UNLINK, .only = "3@x.org", .most = 1};
	const struct apply_options options = {.way_back = &way, .accept_stopped = true, .now = time_now};
	char path[] = "/tmp/postern-way-back-XXXXXX";
	struct ledger *file = open_ledger(path);
	struct apply_result result;
	struct error err;

	(void)state;
	t.group_count = 0;
	assert_done(ledger_note_tried(file, "groups", NOW + 1, &err), err);
	assert_refused(apply(a, &desired, &limits, file, &doer, &options, &result, &err), err, REASON_PLAN_STOPPED);
	assert_non_null(strstr(err.detail, "read it again first"));
	world.inventory_as_of = NOW + 1;
	assert_done(apply(a, &desired, &limits, file, &doer, &options, &result, &err), err);
	assert_int_equal(result.done, 1);
	close_ledger(file, path);
}

/* How many SCIM users an ordinary plan would switch off, by what the ledger knows after a look. */
static size_t switched_off(struct ledger *file)
{
	struct ledger_view view;
	struct error err;
	struct plan plan;

	assert_done(ledger_note(a, file, &desired, NOW, &err), err);
	assert_done(ledger_load(a, file, &view, &err), err);
	assert_done(plan_make(a, &desired, &world, &view, &limits, NOW, &plan, &err), err);
	return plan_step_total(&plan, STEP_USER_DEACTIVATE, 0);
}

static void who_was_unlinked_is_not_switched_off_by_a_later_plan(void **state)
{
	const struct step adopt = {.kind = STEP_ADOPT, .person = "p3", .user = "u3", .fields = {.mail = "3@x.org"}};
	const struct step_doer doer = {.read = read_world, .step = do_step};
	const struct way_back_options way = {.stage = WAY_BACK_UNLINK, .only = "3@x.org", .most = 1};
	const struct apply_options options = {.way_back = &way, .accept_stopped = true, .now = time_now};
	const struct apply_options ordinary = {.accept_stopped = true, .now = time_now};
	char path[] = "/tmp/postern-way-back-XXXXXX";
	struct ledger *file = open_ledger(path);
	struct apply_result result;
	struct error err;

	(void)state;
	t.group_count = 0;
	assert_done(ledger_adopt(file, &(const char *){target.name}, &adopt, 1, NOW, &err), err);
	assert_int_equal(switched_off(file), 1);
	assert_done(apply(a, &desired, &limits, file, &doer, &options, &result, &err), err);
	assert_int_equal(result.done, 1);
	assert_int_equal(switched_off(file), 0);
	/* wanted again, while Atlassian says that it is linked, and then no more: as anybody else */
	people[2].kind = DESIRED_CUSTOMER;
	assert_int_equal(switched_off(file), 0);
	assert_done(apply(a, &desired, &limits, file, &doer, &ordinary, &result, &err), err);
	people[2].kind = DESIRED_NOTHING;
	assert_int_equal(switched_off(file), 1);
	close_ledger(file, path);
}

/* What is done for p3, who is taken on again: "user-delete u3, user-create, members-add" */
static const char *done_for_p3(const struct plan *plan)
{
	char *all = arena_strdup(a, "");

	for (size_t i = 0; i < plan->step_count; i++) {
		const struct step *s = &plan->steps[i];

		if ((s->person && strcmp(s->person, "p3") == 0) || (s->member_count > 0 && strcmp(s->members[s->member_count - 1], "p3") == 0))
			all = arena_printf(a, "%s%s%s%s%s", all, *all ? ", " : "", step_kind_word(s->kind), s->user ? " " : "", s->user ? s->user : "");
	}
	return all;
}

static void who_was_unlinked_and_is_wanted_again_is_made_anew(void **state)
{
	const struct ledger_unlinked unlinked = {"organisation", "u3"};
	struct error err;
	struct plan plan;

	(void)state;
	ledger = (struct ledger_view){.unlinked = &unlinked, .unlinked_count = 1};      /* nobody's whom Postern ever kept */
	users[2].account_id = NULL;
	people[2].kind = DESIRED_LICENSED;
	people[2].groups = licensed;
	assert_done(plan_make(a, &desired, &world, &ledger, &limits, NOW, &plan, &err), err);
	assert_string_equal(done_for_p3(&plan), "user-delete u3, user-create, members-add");
	for (size_t i = 0; i < plan.step_count; i++)
		assert_true(plan.steps[i].kind != STEP_USER_DELETE || !plan.steps[i].account_id);       /* nothing is owed to an account */
	assert_int_equal(plan.counts[0].losing, 1);     /* u2, who is a customer */
	assert_int_equal(plan.counts[0].active_after, plan.counts[0].active_now);
	users[2].account_id = "a3";     /* Atlassian linked it by itself */
	assert_done(plan_make(a, &desired, &world, &ledger, &limits, NOW, &plan, &err), err);
	assert_string_equal(done_for_p3(&plan), "adopt u3");
}

/* The user would be found by its externalId, taken for ours, and be linked to nothing for ever. */
static void nobody_is_made_anew_whose_deletion_failed(void **state)
{
	const struct step adopt = {.kind = STEP_ADOPT, .person = "p3", .user = "u3", .fields = {.mail = "3@x.org"}};
	const struct step cut = {.kind = STEP_UNLINK, .person = "p3", .user = "u3", .account_id = "a3"};
	const struct step_doer doer = {.read = read_world, .step = do_step};
	const struct apply_options options = {.accept_stopped = true, .now = time_now};
	char path[] = "/tmp/postern-way-back-XXXXXX";
	struct ledger *file = open_ledger(path);
	struct apply_result result;
	struct error err;
	uint64_t number;

	(void)state;
	t.group_count = 0;
	assert_done(ledger_adopt(file, &(const char *){target.name}, &adopt, 1, NOW, &err), err);
	assert_done(ledger_begin(file, target.name, &cut, NOW, &number, &err), err);
	users[2].account_id = NULL;
	people[2].kind = DESIRED_CUSTOMER;
	refuse_deletion = true;
	assert_done(apply(a, &desired, &limits, file, &doer, &options, &result, &err), err);
	assert_int_equal(result.failed, 1);
	assert_int_equal(made, 0);
	refuse_deletion = false;
	assert_done(apply(a, &desired, &limits, file, &doer, &options, &result, &err), err);
	assert_true(made == 1 && deleted[2]);
	close_ledger(file, path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_batch_that_was_cut_short_leaves_nobody_deactivated),
		TEST(an_account_that_was_deactivated_is_activated_by_whatever_plan_comes_next),
		TEST(a_stage_is_done_for_one_person_before_it_is_for_many),
		TEST(an_account_is_cut_only_by_an_inventory_that_was_read_after_the_stages_before),
		TEST(who_was_unlinked_and_is_wanted_again_is_made_anew),
		TEST(nobody_is_made_anew_whose_deletion_failed),
		TEST(who_was_unlinked_is_not_switched_off_by_a_later_plan),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
