/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A plan as a file, and whether one plan is a part of another. */
#include "tests/unit/plan_stage.h"

#include "base/text.h"

static void is_written_and_read_back_the_same(void **state)
{
	const struct desired_person people[] = {licensed("p1", "a@x.org"), customer("p2", "\"b\"@x.org"), customer("p3", "\"B\"@x.org"),
		at_portal("p4", "d@y.org", PORTAL)};
	struct plan plan = make(people, 4), read = {0};
	struct slice json = plan_write(a, &plan);
	struct error err;

	(void)state;
	assert_done(plan_read(a, json, &read, &err), err);
	assert_slice_is(plan_write(a, &read), json.p);
	assert_int_equal(read.step_count, plan.step_count);
	assert_int_equal(read.task_count, 3);           /* one for each of the two of one mail, and the new group's products */
	assert_non_null(strstr(json.p, "\"steps\":[\"An account at Atlassian belongs to one mail, so only one of them can have one.\",\"Correct "));
	assert_non_null(strstr(json.p, "\"link\":\"https://support.atlassian.com/provisioning-users/docs/understand-user-provisioning/\"}"));
	assert_string_equal(read.id, plan.id);
	assert_null(plan_beyond(a, &read, &plan));
	assert_null(plan_beyond(a, &plan, &read));
}

static void add_piece(struct slice piece, void *context)
{
	struct text *t = context;

	text_add(t, piece);
}

static void is_written_in_pieces_as_in_one(void **state)
{
	enum { MANY = 400 };
	struct desired_person *people = arena_alloc(a, MANY * sizeof(*people));
	struct plan plan;
	struct text t;

	(void)state;
	for (int i = 0; i < MANY; i++)
		people[i] = customer(arena_printf(a, "p%03d", i), arena_printf(a, "p%03d@x.org", i));
	plan = make(people, MANY);
	text_begin(&t, a, 64);
	plan_write_open(&plan, add_piece, &t);
	assert_true(t.n > 65536);       /* more than one piece */
	text_add_c(&t, "}\n");
	assert_slice_is(plan_write(a, &plan), t.p);
}

static void what_is_no_plan_is_refused(void **state)
{
	static const char *const bad[] = {
		"", "[]", "{}", "{\"postern_plan\":2,\"id\":\"i\",\"fingerprint\":\"f\"}", "{\"postern_plan\":1}",
		"{\"postern_plan\":1,\"id\":\"i\",\"fingerprint\":\"f\",\"targets\":[{\"name\":\"o\"}],\"steps\":[{\"step\":\"explode\",\"target\":\"o\"}]}",
		"{\"postern_plan\":1,\"id\":\"i\",\"fingerprint\":\"f\",\"targets\":[],\"steps\":[{\"step\":\"user-create\",\"target\":\"o\"}]}",
		"{\"postern_plan\":1,\"id\":\"i\",\"fingerprint\":\"f\",\"targets\":[{\"name\":\"o\"}],\"tasks\":[{\"task\":\"x\",\"target\":\"o\"}]}",
		"{\"postern_plan\":1,\"id\":\"i\",\"fingerprint\":\"f\",\"targets\":[{\"name\":\"o\"}],\"problems\":[7]}",
	};
	struct plan plan;
	struct error err;

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_refused(plan_read(a, slice_c(bad[i]), &plan, &err), err, REASON_FILE);
}

static void a_moved_world_has_another_fingerprint(void **state)
{
	const struct desired_person people[] = {customer("p1", "a@x.org")};
	struct world_user users[] = {user("u1", "p1", "a@x.org")};
	struct plan one, two;

	(void)state;
	SET_USERS(ORG, users);
	one = make(people, 1);
	two = make(people, 1);
	assert_string_equal(one.fingerprint, two.fingerprint);
	assert_string_equal(one.id, two.id);
	users[0].active = false;
	two = make(people, 1);
	assert_string_not_equal(one.fingerprint, two.fingerprint);
	assert_non_null(plan_beyond(a, &two, &one));
}

static void a_part_is_compared_member_by_member(void **state)
{
	const char *const three[] = {"p1", "p2", "p3", NULL}, *const nobody[] = {NULL, NULL, NULL, NULL}, *const two[] = {"p3", "p2", NULL};
	const char *const names[] = {"organisation"};
	const struct step whole[] = {{.kind = STEP_MEMBERS_ADD, .name = "g", .members = three, .member_users = nobody, .member_count = 3},
		{.kind = STEP_USER_UPDATE, .person = "p", .user = "u", .fields = {.mail = "m", .title = "t"}}};
	struct step part[] = {{.kind = STEP_MEMBERS_ADD, .name = "g", .group = "7", .members = two, .member_users = two, .member_count = 2},
		{.kind = STEP_USER_UPDATE, .person = "p", .user = "u", .fields = {.title = "t"}}};
	const struct plan big = {.steps = whole, .step_count = 2, .targets = names, .target_count = 1};
	const struct plan small = {.steps = part, .step_count = 2, .targets = names, .target_count = 1};

	(void)state;
	assert_null(plan_beyond(a, &small, &big));
	assert_non_null(plan_beyond(a, &big, &small));
	part[1].fields.title = "other";
	assert_string_equal(plan_beyond(a, &small, &big), "user-update at organisation of p");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(is_written_and_read_back_the_same),
		TEST(is_written_in_pieces_as_in_one),
		TEST(what_is_no_plan_is_refused),
		TEST(a_moved_world_has_another_fingerprint),
		TEST(a_part_is_compared_member_by_member),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
