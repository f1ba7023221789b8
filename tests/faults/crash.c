/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A request that crashes a worker, for tests/faults/faults.py: preloaded into a
 * service under test, it ends the process that inflates a message which holds
 * CRASH-ME uncompressed.  The service itself has no switch for this:
 * one that is built in is one that somebody finds, and what is tested would be
 * another program than the one that people run.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

int inflate(z_streamp stream, int flush)
{
	static int (*real)(z_streamp stream, int flush);

	if (!real)
		real = (int (*)(z_streamp, int))dlsym(RTLD_NEXT, "inflate");
	if (stream->next_in && memmem(stream->next_in, stream->avail_in, "CRASH-ME", 8))
		__builtin_trap();
	return real(stream, flush);
}
