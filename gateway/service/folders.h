/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The folders of the stores, and whose they are.
 *
 * Each folder is written by one role, and the modes say so: folders 0750, data
 * 0640, LMDB's lock files 0660, all of one group.  Started by `postern serve`,
 * all roles are one user, who owns everything.  As units of systemd each role
 * is a user of its own, USER-ROLE; USER itself is then whom commands act as.
 */
#ifndef GATEWAY_FOLDERS_H
#define GATEWAY_FOLDERS_H

#include "gateway/host_user.h"
#include "gateway/settings/settings.h"

enum folder_owner {
	OWNER_COMMANDS, OWNER_WORKER, OWNER_MIRROR, OWNER_REFRESH, OWNER_RULES, OWNER_METRICS, OWNER_PROVISION, OWNER_SCIM, OWNER_COUNT
};

struct owners {
	struct host_user each[OWNER_COUNT];    /* whose folders are to be */
	uid_t known[OWNER_COUNT];       /* who may have had them before: the other way to run */
	size_t known_count;
};

/* All roles are `user` (NULL: whoever we are). */
int owners_one(const char *user, struct owners *out, struct error *err);
/* `user` for commands, USER-ROLE for each role.  REASON_SETTINGS when one is missing, or is of another group. */
int owners_each(const char *user, struct owners *out, struct error *err);

/*
 * Makes what is missing of state_dir and runtime_dir, and gives it to its
 * owners with the files in it, where it was root's or one of theirs.  What the
 * administrator gave to somebody else stays as it is, and is refused where the
 * roles cannot use it.  Takes files of earlier versions to their places.
 */
int folders_make(struct arena *a, const struct settings *s, const struct owners *owners, struct error *err);
/*
 * Whether it could be done with the rights that this process has, which under
 * postern.service are few; changes nothing.  gives: it may give what is there to
 * another user.
 */
int folders_judge(struct arena *a, const struct settings *s, const struct owners *owners, bool gives, struct error *err);
/*
 * For a command that writes the file `path` (NULL: none): becomes the owner of
 * its folder, when that is one of the users above, else `user`.  For good.
 */
int folders_step_down(const struct settings *s, const char *path, struct error *err);
/*
 * The same for a command that may come before the first start: as root it makes
 * state_dir, or gives it to `user` as a start does; then the file's folder.
 */
int folders_enter(struct arena *a, const struct settings *s, const char *path, struct error *err);

#endif
