/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The listening sockets: for each address one SO_REUSEPORT socket a worker,
 * opened by the parent and kept open by it, so that what waits in a dead
 * worker's queue is served by its replacement on the same socket.
 */
#ifndef GATEWAY_LISTENERS_H
#define GATEWAY_LISTENERS_H

#include "gateway/role.h"

#define LISTENERS_WORKERS_MAX 64

struct listener {
	char address[64];               /* as in the settings */
	char bound[64];                 /* with the port that the kernel gave */
	int fds[LISTENERS_WORKERS_MAX];
	size_t n;
};

struct listeners {
	struct listener list[ROLE_SOCKETS_MAX];
	size_t n;
};

/*
 * What `addresses` and `workers` need: sockets of `now` where it has them,
 * new ones else.  All or nothing: on failure those made here are closed again.
 */
int listeners_open(const struct listeners *now, const char *const *addresses, size_t workers, struct listeners *out, struct error *err);
/* Closes what `old` has and `kept` (may be NULL) has not. */
void listeners_close(struct listeners *old, const struct listeners *kept);
/* All that the settings want, for browsers and for /metrics, from what is open and what is new; all or nothing. */
int listeners_renew(struct listeners *browsers, struct listeners *metrics, const struct settings *s, struct error *err);
/* The sockets of one worker, of every address. */
size_t listeners_of_worker(const struct listeners *l, size_t worker, int out[ROLE_SOCKETS_MAX]);

#endif
