/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Whether a service runs with these settings, and since when it knows what it
 * knows: a lock on runtime_dir/postern.lock, which the parent holds as long as
 * it lives.
 *
 * runtime_dir belongs to the user of the roles, so nothing that is written
 * there is believed: the process id comes from the kernel, which knows who
 * holds the lock.  A role that puts a lock of its own there has a command
 * signal that very role.  The file's time is that of the last reading of the
 * settings; it serves for a hint only.  So does postern.refused beside it: why
 * the parent last refused what a command had asked for.
 */
#ifndef GATEWAY_RUNNING_H
#define GATEWAY_RUNNING_H

#include "gateway/settings/settings.h"

#include <sys/types.h>
#include <time.h>

struct running {
	pid_t pid;                      /* of the parent; 0: none, or none that can be seen from here */
	bool units;                     /* no parent: systemd runs a unit for each role (units.h) */
	struct timespec read_at;        /* when it last began to read settings that it then took */
	struct timespec refused_at;     /* when it last refused to do what it was told; 0: never */
};

/* ---- the parent ---- */

/* The time to remember as that of a reading: before the first file is read. */
struct timespec running_time(void);
/*
 * Says that this process runs, and when it read.  fd: of the last call, -1 at first; the new one.
 * -1: it could not be said, which harms nothing but convenience; logged.
 */
int running_say(int fd, const struct settings *s, struct timespec read_at);
/* Says why what it was told to do was not done, and everything stays as it is. */
void running_refuse(const struct settings *s, const char *why);

/* ---- commands ---- */

/* Not for who holds the lock: closing the file gives it up. */
void running_look(const struct settings *s, struct running *out);
/* Whether a file was changed after it was read by the running service, or is not there. */
bool running_is_older_than(const struct running *r, const char *path);
/* SIGHUP, or a reload by systemd, then waits until the service has taken what is on the disk.  REASON_FILE: none runs, or it did not take it, and why. */
int running_reload(const struct settings *s, struct running *out, struct error *err);
/* The same with SIGUSR2, until the program that is installed now has taken over. */
int running_upgrade(const struct settings *s, struct running *out, struct error *err);

#endif
