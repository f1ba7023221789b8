/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The mirror role: follows one directory into the mirror's file.
 *
 * Holds that directory's password and talks to its servers with blocking
 * libldap.  That it may hang is why it is a process of its own: the parent
 * replaces it when it is silent for too long.
 */
#include "base/clock.h"
#include "base/log.h"
#include "gateway/service/child.h"
#include "scim/scim.h"

#include <time.h>

#define SECOND ((int64_t)1000000)
#define ANOTHER (60 * SECOND)           /* what fails so long after it went well is another trouble, to be told anew */

struct follower {
	const struct role *role;
	bool began;                     /* it was ready once */
};

static void alive(void *context)
{
	struct follower *f = context;

	f->began = true;
	role_alive(f->role);
}

static bool must_stop(void *context)
{
	const struct follower *f = context;

	return *f->role->stop != 0;
}

/* What Entra ID sent stands in a file that the scim role writes; all others have a server. */
static int follow(const struct role *role, size_t i, struct directory_options *d, const struct mirror_progress *progress, struct error *err)
{
	const char *mirror = settings_mirror_path(role->arena, role->settings);

	if (d->kind == DIRECTORY_SCIM)
		return scim_follow(mirror, settings_scim_path(role->arena, role->settings), d, progress, err);
	if (settings_directory_secrets(role->files, role->settings, i, d, err) < 0)
		return -1;
	return mirror_follow(mirror, d, progress, err);
}

static void wait_seconds(struct follower *f, int64_t seconds)
{
	const struct timespec nap = {.tv_nsec = 100000000};
	int64_t until = clock_monotonic_us() + seconds * SECOND;

	while (!must_stop(f) && clock_monotonic_us() < until) {
		alive(f);
		nanosleep(&nap, NULL);
	}
}

/*
 * A full disk takes nobody's mirror away: what is in it serves on, and grows
 * old.  So it is told once, and tried again after 1, 2, 4 … 30 seconds, for as
 * long as it takes.  Who never began ends, and the parent says why.
 */
static int follow_until_stopped(const struct role *role, size_t i, struct directory_options *d)
{
	struct follower f = {.role = role};
	struct mirror_progress progress = {.alive = alive, .stop = must_stop, .context = &f};
	unsigned failures = 0;
	int64_t began;
	struct error err;

	while (began = clock_monotonic_us(), follow(role, i, d, &progress, &err) < 0) {
		if (clock_monotonic_us() - began > ANOTHER)
			failures = 0;
		if (failures++ == 0)
			log_error("the mirror cannot be written", "detail", err.detail, NULL);
		if (!f.began)
			return 1;
		wait_seconds(&f, child_back_off(failures));
	}
	return 0;
}

int role_mirror(const struct role *role)
{
	const struct settings *s = role->settings;
	struct directory_options options;
	size_t i;

	for (i = 0; i < s->directory_count && strcmp(s->directories[i].name, role->instance) != 0; i++)
		;
	if (i == s->directory_count) {
		log_error("no directory of that name", NULL);
		return 1;
	}
	options = s->directories[i];
	return follow_until_stopped(role, i, &options);
}
