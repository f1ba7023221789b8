/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Looking a user up, and becoming it for good. */
#include "gateway/host_user.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <unistd.h>

int host_user_read(const char *name, struct host_user *out, struct error *err)
{
	struct host_user u = {.set = true, .group_count = (int)(sizeof(u.groups) / sizeof(*u.groups))};
	const struct passwd *p;

	if (!name || geteuid() != 0) {
		*out = (struct host_user){0};
		return 0;
	}
	errno = 0;
	p = getpwnam(name);
	if (!p)
		return error_set(err, REASON_SETTINGS, "user: \"%s\" is not a user of this host", name);
	u.uid = p->pw_uid;
	u.gid = p->pw_gid;
	if (getgrouplist(name, u.gid, u.groups, &u.group_count) < 0)
		return error_set(err, REASON_SETTINGS, "user: \"%s\" is in more than %zu groups", name, sizeof(u.groups) / sizeof(*u.groups));
	*out = u;
	return 0;
}

/* After fork, too: only calls that are safe there. */
int host_user_become(const struct host_user *u)
{
	if (!u->set)
		return 0;
	if (setgroups((size_t)u->group_count, u->groups) < 0 || setgid(u->gid) < 0 || setuid(u->uid) < 0)
		return -1;
	return u->uid != 0 && setuid(0) == 0 ? -1 : 0;
}

int host_user_step_down(const char *name, struct error *err)
{
	struct host_user user;

	if (host_user_read(name, &user, err) < 0)
		return -1;
	return host_user_become(&user) == 0 ? 0 : error_set(err, REASON_SETTINGS, "user: cannot become %s", name);
}
