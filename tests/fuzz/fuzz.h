/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One function a target, three ways to run it.
 *
 *	make check                      replays corpus/NAME (replay.c), in the normal tests
 *	make fuzz FUZZ=NAME             libFuzzer with sanitizers, from the corpus on
 *	build/tests/fuzz/replay_NAME FILE       one file, for a crash
 *
 * Each corpus holds an input that succeeds (`fuzz_success` is called), so that
 * a target that refuses everything at its door is noticed.
 */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include "base/arena.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Weak: libFuzzer does not count, the replay does. */
void fuzz_success(void) __attribute__((weak));

static inline void fuzz_succeeded(int rc)
{
	if (rc == 0 && fuzz_success)
		fuzz_success();
}

/* corpus files and what stands beside them: TOP_SRCDIR/tests/fuzz/NAME */
static inline const char *fuzz_path(struct arena *a, const char *name)
{
	const char *top = getenv("TOP_SRCDIR");

	return arena_printf(a, "%s/tests/fuzz/%s", top ? top : ".", name);
}

#endif
