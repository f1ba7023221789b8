/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Plans of random worlds are harmless, and leave nothing to plan. */
#include "tests/unit/apply_stage.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(after_applying_nothing_is_left_to_plan_in_random_worlds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
