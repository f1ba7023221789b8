/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The mirror role: follows one directory into the mirror's file.
 *
 * Holds that directory's password and talks to its servers with blocking
 * libldap.  That it may hang is why it is a process of its own: the parent
 * replaces it when it is silent for too long.
 */
#include "base/log.h"
#include "gateway/role.h"
#include "scim/scim.h"

static void alive(void *context)
{
	role_alive(context);
}

static bool must_stop(void *context)
{
	const struct role *role = context;

	return *role->stop != 0;
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

int role_mirror(const struct role *role)
{
	const struct settings *s = role->settings;
	struct mirror_progress progress = {.alive = alive, .stop = must_stop, .context = (void *)role};
	struct directory_options options;
	struct error err;
	size_t i;

	for (i = 0; i < s->directory_count && strcmp(s->directories[i].name, role->instance) != 0; i++)
		;
	if (i == s->directory_count) {
		log_error("no directory of that name", NULL);
		return 1;
	}
	options = s->directories[i];
	if (follow(role, i, &options, &progress, &err) < 0) {
		log_error("the mirror cannot be written", "detail", err.detail, NULL);
		return 1;
	}
	return 0;
}
