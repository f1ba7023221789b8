/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The users that processes of Postern become. */
#ifndef GATEWAY_HOST_USER_H
#define GATEWAY_HOST_USER_H

#include "base/error.h"

#include <stdbool.h>

#include <sys/types.h>

struct host_user {
	bool set;                       /* change to: */
	uid_t uid;
	gid_t gid;
	gid_t groups[32];
	int group_count;
};

/* `user` of the settings; without it, or when not started as root, nothing is changed. */
int host_user_read(const char *name, struct host_user *out, struct error *err);
int host_user_become(const struct host_user *u);      /* for good; 0 or -1 */
/*
 * Both, for a command that goes on as the user whose roles own the stores: root
 * would follow a link that a role put there.  For good; what only root may
 * read must have been read before.
 */
int host_user_step_down(const char *name, struct error *err);

#endif
