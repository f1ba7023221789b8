/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the roles that listen share: the loop, its second hand, and the end.
 *
 * On SIGTERM the server drains: what is under way is answered, then it ends.
 */
#ifndef GATEWAY_LISTENER_ROLE_H
#define GATEWAY_LISTENER_ROLE_H

#include "gateway/gateway.h"
#include "gateway/service/role.h"

struct event_base;

struct listener_role {
	/* Makes *out for this loop; the role's sockets are given to it afterwards.  0 or -1. */
	int (*open)(struct listener_role *l, struct event_base *base, struct http_server **out, struct error *err);
	void (*look_again)(struct gateway *g);  /* once a second */
	const char *complaint;          /* to the log, when it cannot run */
	const struct role *role;
	struct gateway gateway;         /* open, without the worker's secrets */
};

/* Until the role is told to end.  The exit status. */
int listener_role_run(struct listener_role *l);

#endif
