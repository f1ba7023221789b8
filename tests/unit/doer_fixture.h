/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the tests of the three clients of provision/ begin with: a doer with one target, at a server that follows a script. */
#ifndef TESTS_UNIT_DOER_FIXTURE_H
#define TESTS_UNIT_DOER_FIXTURE_H

#include "tests/unit/scripted_server.h"
#include "tests/unit/unit.h"

#include "provision/doer.h"

static struct arena *a;
static struct error err;
static struct doer *doer;
static struct target target;
static struct step_result out;

/* For instead_of_waiting. */
static inline void pass(int64_t us, void *context)
{
	(void)us;
	(void)context;
}

static inline int begin(void **state)
{
	(void)state;
	a = arena_new();
	out = (struct step_result){0};
	return 0;
}

static inline void close_doer(void)
{
	doer_free(doer);
	doer = NULL;
	scripted_end();
}

static inline int end(void **state)
{
	(void)state;
	close_doer();
	arena_free(a);
	return 0;
}

/* The one target of what the doer reads now. */
static inline struct world_target read_target(void)
{
	struct world world;

	assert_done(doer_steps(doer)->read(a, doer_steps(doer)->context, &world, &err), err);
	assert_int_equal(world.target_count, 1);
	return world.targets[0];
}

static inline int do_step(const struct step *step)
{
	err = (struct error){0};
	return doer_steps(doer)->step(a, doer_steps(doer)->context, step, &out, &err);
}

static inline void assert_text_in(const char *text, const char *in)
{
	if (!strstr(in, text))
		fail_msg("`%s` is not in `%s`", text, in);
}

#endif
