/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The way back: who is billed without a rule, and one stage of it at a time. */
#include "tests/unit/unit.h"

#include "provision/apply.h"

#include <stdlib.h>
#include <unistd.h>

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
static int begin(void **state)
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

static int end(void **state)
{
	(void)state;
	arena_free(a);
	return 0;
}

static struct plan make(enum way_back_stage stage, const char *only, size_t most)
{
	const struct way_back_options options = {.stage = stage, .only = only, .most = most};
	struct plan plan = {0};
	struct error err;

	assert_done(way_back_make(a, &desired, &world, &ledger, &limits, &options, NOW, &plan, &err), err);
	assert_non_null(plan.stopped);
	return plan;
}

static const char *said(const struct plan *plan)
{
	char *all = arena_strdup(a, "");

	for (size_t i = 0; i < plan->step_count; i++)
		all = arena_printf(a, "%s%s%s %s", all, i > 0 ? ", " : "", step_kind_word(plan->steps[i].kind),
			plan->steps[i].user ? plan->steps[i].user : plan->steps[i].member_users[0]);
	return all;
}

static void takes_them_out_of_licensed_groups_first(void **state)
{
	struct plan plan = make(WAY_BACK_GROUPS, NULL, SIZE_MAX);

	(void)state;
	assert_string_equal(said(&plan), "members-remove u2, members-remove u3");
	assert_int_equal(plan_seats_now(&plan), 4);
	assert_int_equal(plan_seats_after(&plan), 2);
	assert_int_equal(plan.counts[0].losing, 2);
	plan = make(WAY_BACK_GROUPS, NULL, 1);
	assert_string_equal(said(&plan), "members-remove u2");
	plan = make(WAY_BACK_GROUPS, "3@X.org", SIZE_MAX);
	assert_string_equal(said(&plan), "members-remove u3");
	plan = make(WAY_BACK_GROUPS, "5@x.org", SIZE_MAX);
	assert_int_equal(plan.step_count, 0);
}

static void names_products_for_a_human(void **state)
{
	struct plan plan = make(WAY_BACK_PRODUCTS, NULL, SIZE_MAX);

	(void)state;
	assert_int_equal(plan.step_count, 0);
	assert_int_equal(plan.task_count, 4);
	assert_int_equal(plan.tasks[0].kind, TASK_PRODUCTS);
	assert_string_equal(plan.tasks[0].what, "2@x.org is billed for trello");
	assert_string_equal(plan.tasks[3].what, "6@x.org is billed for trello, and is no user of this SCIM directory");
}

static void unlinks_only_who_shall_have_no_account_and_is_in_no_licensed_group(void **state)
{
	struct plan plan = make(WAY_BACK_UNLINK, NULL, SIZE_MAX);

	(void)state;
	assert_string_equal(said(&plan), "unlink u4");
	assert_string_equal(plan.steps[0].account_id, "a4");
	assert_string_equal(plan.steps[0].person, "4@x.org");   /* nobody here knows them */
	users[3].account_id = NULL;     /* done already */
	plan = make(WAY_BACK_UNLINK, NULL, SIZE_MAX);
	assert_int_equal(plan.step_count, 0);
}

static void deletes_and_activates_again_last(void **state)
{
	struct plan plan;

	(void)state;
	t.group_count = 0;
	plan = make(WAY_BACK_DELETE, NULL, SIZE_MAX);
	assert_string_equal(said(&plan), "user-delete u3, restore u3, user-delete u4, restore u4");
	assert_null(way_back_undo(WAY_BACK_DELETE));
	assert_non_null(strstr(plan.stopped, "cannot be undone"));
	assert_non_null(way_back_undo(WAY_BACK_UNLINK));
	assert_string_equal(way_back_word(WAY_BACK_UNLINK), "unlink");
	assert_non_null(way_back_says(WAY_BACK_DELETE));
}

static void the_held_and_the_unbilled_are_not_in_it(void **state)
{
	struct plan plan;

	(void)state;
	people[1].held = "in doubt";
	accounts[2].billable = -1;
	accounts[3].billable = 0;
	plan = make(WAY_BACK_GROUPS, NULL, SIZE_MAX);
	assert_int_equal(plan.step_count, 0);
	world.account_count = 0;
	plan = make(WAY_BACK_PRODUCTS, NULL, SIZE_MAX);
	assert_int_equal(plan.task_count, 0);
}

/* Of everybody who is billed and not in the plan: "2@x.org: …" */
static const char *left(const struct plan *plan)
{
	char *all = arena_strdup(a, "");

	for (size_t i = 0; i < plan->problem_count; i++)
		if (plan->problems[i].kind == PROBLEM_BILLED_LEFT)
			all = arena_printf(a, "%s%s: %s\n", all, plan->problems[i].person ? plan->problems[i].person : "", plan->problems[i].what);
	return all;
}

static void who_is_billed_and_left_is_named_with_the_reason(void **state)
{
	static const char *const protected[] = {"A4", NULL};
	struct plan plan;

	(void)state;
	plan = make(WAY_BACK_GROUPS, NULL, 1);
	assert_string_equal(left(&plan),
		"4@x.org: billed for trello, and left: in no licensed group: --release products names what they are billed for\n"
		"5@x.org: billed for trello, and left: an administrator of the organisation, by the settings\n"
		"6@x.org: billed for trello, and left: no user of this SCIM directory: --release products names what they are billed for\n"
		": people for batches after this one: 1\n");
	people[1].why = "rule staff";
	people[2].held = "something is unclear";
	limits.protect = protected;
	accounts[5].billable = -1;
	plan = make(WAY_BACK_DELETE, NULL, SIZE_MAX);
	assert_int_equal(plan.step_count, 0);
	assert_string_equal(left(&plan),
		"p2: billed for trello, and left: in the licensed group agents still: --release groups comes first\n"
		"3@x.org: billed for trello, and left: something is unclear\n"
		"4@x.org: billed for trello, and left: protected by the settings\n"
		"5@x.org: billed for trello, and left: an administrator of the organisation, by the settings\n"
		": the inventory does not say of 1 accounts whether they are billed\n");
	t.group_count = 0;
	plan = make(WAY_BACK_UNLINK, "2@x.org", SIZE_MAX);
	assert_string_equal(left(&plan), "p2: billed for trello, and left: rule staff gives them an Atlassian account\n");
	people[0].why = "rule agents";
	plan = make(WAY_BACK_UNLINK, "1@x.org", SIZE_MAX);
	assert_string_equal(left(&plan), "1@x.org: billed for trello, and left: rule agents licenses them\n");
	plan = make(WAY_BACK_UNLINK, "9@x.org", SIZE_MAX);
	assert_string_equal(left(&plan), ": the inventory knows no managed account 9@x.org that is billed\n");
}

/* Whoever the directory may have without our knowing it is not taken to be nobody's. */
static void who_may_be_in_the_directory_is_left(void **state)
{
	static const char *const nameless[] = {"4@x.org", NULL};
	struct plan plan;

	(void)state;
	t.group_count = 0;
	desired.nameless = nameless;
	plan = make(WAY_BACK_UNLINK, "4@x.org", SIZE_MAX);
	assert_int_equal(plan.step_count, 0);
	assert_non_null(strstr(left(&plan), "without telling whose it is"));
	desired.nameless = NULL;
	desired.stale = "corp was last heard of long ago";
	plan = make(WAY_BACK_UNLINK, NULL, SIZE_MAX);
	assert_string_equal(said(&plan), "unlink u3");      /* who is in it, and denied */
	assert_non_null(strstr(left(&plan), "4@x.org: billed for trello, and left: corp was last heard of long ago"));
}

/* Two who swapped mails since the inventory was read: the one who is billed has the other's mail now. */
static void a_mail_that_moved_leads_to_nobody_else(void **state)
{
	struct plan plan;

	(void)state;
	accounts[2].billable = 0;
	users[2].mail = "4@x.org";
	users[3].mail = "3@x.org";
	for (enum way_back_stage stage = 0; stage < WAY_BACK_STAGES; stage++) {
		plan = make(stage, "4@x.org", SIZE_MAX);
		assert_int_equal(plan.step_count + plan.task_count, 0);
	}
	users[2].mail = "3@x.org";
	users[3].mail = NULL;           /* known by its account alone */
	t.group_count = 0;
	plan = make(WAY_BACK_UNLINK, "4@x.org", SIZE_MAX);
	assert_string_equal(said(&plan), "unlink u4");
	users[3].external_id = "p1";    /* whom a rule licenses, under another mail */
	plan = make(WAY_BACK_PRODUCTS, "4@x.org", SIZE_MAX);
	assert_int_equal(plan.task_count, 0);
	users[3].external_id = NULL;
	users[3].account_id = "a9";     /* nobody else's, and not the one that is billed */
	users[3].mail = "4@x.org";
	plan = make(WAY_BACK_DELETE, "4@x.org", SIZE_MAX);
	assert_int_equal(plan.step_count, 0);
	assert_non_null(strstr(plan.problems[plan.problem_count - 1].what, "is another account's by now"));
}

/* Unlinked or deleted, an account goes on without the directory: nobody's who has left. */
static void who_has_left_is_not_cut_loose(void **state)
{
	const struct ledger_person gone = {.target = "organisation", .person = "p9", .user = "u4", .mail = "4@x.org"};
	struct plan plan;

	(void)state;
	t.group_count = 0;
	for (enum way_back_stage stage = WAY_BACK_UNLINK; stage <= WAY_BACK_DELETE; stage++) {
		users[2].active = false;
		plan = make(stage, "3@x.org", SIZE_MAX);
		assert_int_equal(plan.step_count, 0);
		users[2].active = true;
		accounts[2].status = "inactive";
		plan = make(stage, "3@x.org", SIZE_MAX);
		assert_int_equal(plan.step_count, 0);
		accounts[2].status = "active";
		people[2].disabled = true;
		plan = make(stage, "3@x.org", SIZE_MAX);
		assert_int_equal(plan.step_count, 0);
		assert_non_null(strstr(plan.problems[plan.problem_count - 1].what, "switched off in the directory"));
		people[2].disabled = false;
		plan = make(stage, "3@x.org", SIZE_MAX);
		assert_true(plan.step_count > 0);
		ledger = (struct ledger_view){.people = &gone, .count = 1};
		plan = make(stage, "4@x.org", SIZE_MAX);
		assert_int_equal(plan.step_count, 0);
		assert_non_null(strstr(plan.problems[plan.problem_count - 1].what, "not in the directory any more"));
		ledger = (struct ledger_view){0};
	}
}

/* Whom this is for above all: licensed once, and wanted at the portal alone.  Their Atlassian account is why nothing is made for them there. */
static void who_shall_be_portal_only_is_in_every_stage(void **state)
{
	const struct target two[] = {target, {.name = "helpdesk", .kind = TARGET_PORTAL_SCIM, .base = "p"}};
	struct world_target worlds[] = {t, {.complete = true}};
	const struct desired_place place = {.target = 1};
	struct plan plan;

	(void)state;
	people[2] = (struct desired_person){.id = "p3", .mail = "3@x.org", .kind = DESIRED_PORTAL, .places = &place, .place_count = 1};
	desired.targets = two;
	world.targets = worlds;
	desired.target_count = world.target_count = 2;
	plan = make(WAY_BACK_GROUPS, "3@x.org", SIZE_MAX);
	assert_string_equal(said(&plan), "members-remove u3");
	plan = make(WAY_BACK_PRODUCTS, "3@x.org", SIZE_MAX);
	assert_int_equal(plan.task_count, 1);
	assert_string_equal(plan.tasks[0].what, "3@x.org is billed for trello");
	worlds[0].group_count = 0;
	plan = make(WAY_BACK_UNLINK, "3@x.org", SIZE_MAX);
	assert_string_equal(said(&plan), "unlink u3");
	plan = make(WAY_BACK_DELETE, "3@x.org", SIZE_MAX);
	assert_string_equal(said(&plan), "user-delete u3, restore u3");
	users[3].external_id = "p3";    /* in doubt for something else, too: two accounts */
	plan = make(WAY_BACK_DELETE, "3@x.org", SIZE_MAX);
	assert_int_equal(plan.step_count, 0);
}

/* ---- a batch that is cut short ---- */

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

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(takes_them_out_of_licensed_groups_first),
		TEST(names_products_for_a_human),
		TEST(unlinks_only_who_shall_have_no_account_and_is_in_no_licensed_group),
		TEST(deletes_and_activates_again_last),
		TEST(the_held_and_the_unbilled_are_not_in_it),
		TEST(who_is_billed_and_left_is_named_with_the_reason),
		TEST(who_may_be_in_the_directory_is_left),
		TEST(a_mail_that_moved_leads_to_nobody_else),
		TEST(who_has_left_is_not_cut_loose),
		TEST(who_shall_be_portal_only_is_in_every_stage),
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
