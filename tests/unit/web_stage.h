/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A client of provision/web.h whose clock stands still, and a server that follows a script. */
#ifndef TESTS_UNIT_WEB_STAGE_H
#define TESTS_UNIT_WEB_STAGE_H

#include "tests/unit/scripted_server.h"
#include "tests/unit/unit.h"

#include "base/clock.h"
#include "provision/web.h"

#define KEY "kR3y-s3cret.of/this+target=="
#define NOW 1795000000                  /* 2026-11-18T11:06:40Z */

static struct arena *a;
static struct error err;
static struct web *web;
static int64_t waits[64];
static size_t wait_count;
static int asked, stop_at;

static inline void count_wait(int64_t us, void *context)
{
	(void)context;
	if (wait_count < sizeof(waits) / sizeof(*waits))
		waits[wait_count++] = us;
}

static inline bool ask(void *context)
{
	(void)context;
	asked++;
	return stop_at == 0 || asked < stop_at;
}

static inline int begin(void **state)
{
	(void)state;
	a = arena_new();
	wait_count = 0;
	asked = stop_at = 0;
	clock_set(NOW);
	return 0;
}

static inline int end(void **state)
{
	(void)state;
	web_close(web);
	web = NULL;
	scripted_end();
	clock_set(0);
	arena_free(a);
	return 0;
}

static inline struct web_options options(const char *base)
{
	return (struct web_options){
		.name = "organisation", .base = base, .key = slice_c(KEY), .go_on = ask, .instead_of_waiting = count_wait,
	};
}

static inline void open_at(const struct scripted *script)
{
	struct web_options o = options(scripted_begin(a, script));

	assert_done(web_open(&o, &web, &err), err);
}

static inline int get(const char *path, struct web_answer *out)
{
	struct web_call call = {.endpoint = "/x", .path = path};

	return web_do(a, web, &call, out, &err);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

#endif
