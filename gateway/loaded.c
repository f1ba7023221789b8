/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One reading of the settings: the file, the folders, the secret, all other files. */
#include "gateway/loaded.h"
#include "base/log.h"
#include "base/random.h"

#include <errno.h>
#include <unistd.h>

#include <sys/stat.h>

#define COOKIE_SECRET_SIZE 48

static int make_folder(const char *path, const struct child_user *u, struct error *err)
{
	struct stat st;

	if (folder_make(path, 0750, err) < 0)
		return -1;
	/* a folder that the administrator gave to somebody else stays as it is */
	if (!u->set || (stat(path, &st) == 0 && st.st_uid != 0))
		return 0;
	if (chown(path, u->uid, u->gid) < 0)
		return error_set(err, REASON_FILE, "%s: cannot be given to the user of the roles: %s", path, strerror(errno));
	return 0;
}

static int make_folders(struct loaded *l, struct error *err)
{
	const struct settings *s = l->settings;

	if (make_folder(s->state_dir, &l->user, err) < 0 || make_folder(s->runtime_dir, &l->user, err) < 0)
		return -1;
	return make_folder(arena_printf(l->arena, "%s/metadata", s->state_dir), &l->user, err);
}

/* Once, at the first start: pending sign-ons in browsers survive restarts. */
static int make_cookie_secret(const struct settings *s, struct error *err)
{
	unsigned char secret[COOKIE_SECRET_SIZE];

	if (!s->cookie_secret_is_ours || access(s->cookie_secret_file, F_OK) == 0)
		return 0;
	random_bytes(secret, sizeof(secret));
	if (file_write(s->cookie_secret_file, 0600, slice_of(secret, sizeof(secret)), err) < 0)
		return -1;
	log_info("cookie secret made", "file", s->cookie_secret_file, NULL);
	return 0;
}

static void tell(const char *const *problems, const struct error *err)
{
	size_t i;

	for (i = 0; problems && problems[i]; i++)
		log_error("settings", "problem", problems[i], NULL);
	if (i == 0)
		log_error("settings", "problem", err->detail, NULL);
}

int loaded_read(const char *path, struct loaded *out, struct error *err)
{
	struct loaded l = {.arena = arena_new()};
	const char *const *problems = NULL;

	l.files = files_from_disk(l.arena);
	if (settings_read(l.arena, l.files, path, &l.settings, &problems, err) < 0)
		goto fail;
	problems = NULL;
	if (child_user_read(l.settings->user, &l.user, err) < 0 || make_folders(&l, err) < 0 || make_cookie_secret(l.settings, err) < 0)
		goto fail;
	if (settings_load_files(l.arena, l.files, l.settings, &problems, err) < 0)
		goto fail;
	*out = l;
	return 0;
fail:
	tell(problems, err);
	arena_free(l.arena);
	return -1;
}

void loaded_free(struct loaded *l)
{
	arena_free(l->arena);
	*l = (struct loaded){0};
}
