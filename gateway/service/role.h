/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Roles: the processes that the parent starts, and what each is handed.
 *
 * `postern role NAME` is executed anew with a snapshot of the files that are
 * its business, a heartbeat pipe and, for a worker, its listening sockets; a
 * worker and its keys role also have the two ends of a line.  By systemd as a
 * unit (units.h) with the same snapshot as a credential, the watchdog in place
 * of the pipe, and sockets as sd_listen_fds has them.  A
 * role writes one byte to the pipe when it is ready and one every second while
 * it makes progress; the parent replaces one that is silent for too long.
 * SIGTERM: finish what is in hand, then end with status 0.  Each role's entry
 * is in a file of its own name (worker.c, mirror_role.c, refresh_role.c,
 * metrics_role.c, rules_role.c, keys_role.c, provision_role.c,
 * scim_role.c).
 */
#ifndef GATEWAY_ROLE_H
#define GATEWAY_ROLE_H

#include "gateway/keys/keys_line.h"
#include "gateway/metrics.h"
#include "gateway/settings/settings.h"

#include <signal.h>

#define ROLE_SOCKETS_MAX 8

struct role {
	const char *name;               /* "worker", "keys", "mirror", "refresh", "metrics", "rules", "provision", "scim" */
	const char *instance;           /* number of a worker and its keys role, directory's or provider's name */
	struct arena *arena;            /* lives as long as the process */
	struct files *files;
	const struct settings *settings;
	int sockets[ROLE_SOCKETS_MAX];  /* of those that listen: bound and listening */
	size_t socket_count;
	int limits;                     /* worker: the memory file of limits.h */
	struct keys_end keys;           /* worker, keys: its end of the line between them */
	int heartbeat;                  /* pipe to the parent; -1: systemd is told instead */
	struct metrics *metrics;        /* to count in; NULL: not counted */
	volatile sig_atomic_t *stop;    /* set by SIGTERM */
};

/* One byte to the parent, or word to systemd's watchdog; also says "ready" the first time.  Ends the process when the parent is gone. */
void role_alive(const struct role *role);

/* role NAME INSTANCE SETTINGS SOCKETS AREA by the parent, NAME INSTANCE FOLDER by systemd: what main() calls in the role's process. */
int command_role(struct arena *a, int argc, char **argv);

int role_worker(const struct role *role);       /* exit status */
int role_keys(const struct role *role);
int role_mirror(const struct role *role);
int role_refresh(const struct role *role);
int role_metrics(const struct role *role);
int role_rules(const struct role *role);
int role_provision(const struct role *role);
int role_scim(const struct role *role);

#endif
