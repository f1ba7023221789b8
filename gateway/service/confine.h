/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a role may ask of the kernel once it is ready: a list of system calls
 * (seccomp), in both ways to run and whoever started it.
 *
 * No role can execute a program any more.  Those that talk to browsers can
 * open no connection and start no process or thread; only mirror and refresh,
 * whose job it is, can.  Which files may be opened says the file system: modes,
 * and the units.
 *
 * A call that is not on the list ends the process (SIGSYS) with a line in the
 * log that names it.  POSTERN_SECCOMP=off in the environment turns it off, to
 * find out whether it is in the way; a build with sanitizers and valgrind,
 * which ask for more, go without by themselves.
 */
#ifndef GATEWAY_CONFINE_H
#define GATEWAY_CONFINE_H

#include "base/error.h"

/* For a process that holds keys: no core dump of it, and no debugger. */
void confine_memory(void);
/* For good.  Does nothing where it is off, which is logged.  REASON_INTERNAL: the kernel has none of it. */
int confine_calls(const char *role, struct error *err);

#endif
