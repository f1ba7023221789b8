/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What every unit test includes first: cmocka, and assertions on reasons.
 *
 * A test's name is a sentence.  assert_refused is the only way to say that
 * something was refused: it wants the reason.
 */
#ifndef TESTS_UNIT_UNIT_H
#define TESTS_UNIT_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <time.h>

#include "base/arena.h"
#include "base/error.h"

#define assert_done(call, err) \
	do { \
		(err) = (struct error){0}; \
		if ((call) != 0) \
			fail_msg("%s: %s: %s", #call, reason_word((err).reason), (err).detail); \
	} while (0)

#define assert_refused(call, err, expected) \
	do { \
		(err) = (struct error){0}; \
		int assert_refused_rc = (call); \
		if (assert_refused_rc != -1 || (err).reason != (expected)) \
			fail_msg("%s: wanted -1 with %s, got %d with %s: %s", #call, reason_word(expected), \
				assert_refused_rc, reason_word((err).reason), (err).detail); \
	} while (0)

#define assert_slice_is(s, text) \
	do { \
		struct slice assert_slice_s = (s); \
		assert_int_equal(assert_slice_s.n, strlen(text)); \
		assert_memory_equal(assert_slice_s.p, (text), assert_slice_s.n); \
	} while (0)

/* Of a processor's time; what a busy machine lets it wait does not count. */
static inline int64_t cpu_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return t.tv_sec * INT64_C(1000000) + t.tv_nsec / 1000;
}

#endif
