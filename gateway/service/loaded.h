/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One reading of the settings with all files that they name, in an arena of
 * its own: what the parent works with until the next one takes its place.
 */
#ifndef GATEWAY_LOADED_H
#define GATEWAY_LOADED_H

#include "gateway/host_user.h"
#include "gateway/settings/keyring.h"

/* Who the roles will be. */
enum loaded_for {
	LOADED_FOR_SERVE,               /* all of them `user` */
	LOADED_FOR_UNITS,               /* each a user of its own: folders.h */
	LOADED_BESIDE,                  /* as to serve, while a service does: what is there is given to nobody else */
	LOADED_FOR_TRIAL                /* as to serve, but nothing is made, moved or given to anybody: only whether it could be */
};

struct loaded {
	struct arena *arena;
	struct files *files;
	const struct settings *settings;
	struct keyring keyring;
	struct host_user user;         /* of the roles, where all are one user */
	struct host_user keys_user;    /* of keys roles: USER-keys, where there is one, else the same */
};

/*
 * Reads and judges everything, makes the folders and the cookie secret where
 * they are missing (but for a trial).  On failure every problem was logged at error level, and
 * nothing of it is kept.
 */
int loaded_read(const char *path, enum loaded_for what, struct loaded *out, struct error *err);
void loaded_free(struct loaded *l);

#endif
