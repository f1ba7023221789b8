/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One reading of the settings: the file, the folders, the secret, all other files. */
#include "gateway/service/loaded.h"
#include "base/log.h"
#include "base/random.h"
#include "gateway/service/folders.h"

#include <errno.h>
#include <pwd.h>
#include <unistd.h>

#define COOKIE_SECRET_SIZE 48
#define COOKIE_SECRET_MOST 4096

/* A folder that is not there yet was judged with the others. */
static int judge_place(const char *folder, const char *path, struct error *err)
{
	if (access(folder, W_OK | X_OK) == 0 || errno == ENOENT)
		return 0;
	return error_set(err, REASON_FILE, "%s: is missing, and can be made when the service starts, not while it runs: restart it (%s: %s)", path,
		folder, strerror(errno));
}

/*
 * Made once, at the first start: pending sign-ons in browsers survive restarts.
 * It stands in a folder of the roles, also when it is named as the old one.
 */
static int take_cookie_secret(const struct loaded *l, enum loaded_for what, struct error *err)
{
	const struct settings *s = l->settings;
	unsigned char secret[COOKIE_SECRET_SIZE];
	struct slice bytes;
	size_t i = 0;

	while (s->cookie_secrets[i] && strcmp(s->cookie_secrets[i], s->cookie_secret_made) != 0)
		i++;
	if (!s->cookie_secrets[i])
		return 0;
	if (s->cookie_secret_is_made && access(s->cookie_secret_made, F_OK) < 0) {
		if (what == LOADED_FOR_TRIAL)
			return judge_place(s->state_dir, s->cookie_secret_made, err);
		random_bytes(secret, sizeof(secret));
		if (file_write(s->cookie_secret_made, 0600, slice_of(secret, sizeof(secret)), err) < 0)
			return -1;
		log_info("cookie secret made", "file", s->cookie_secret_made, NULL);
	}
	if (file_read(l->arena, s->cookie_secret_made, FILE_SECRET_UNLINKED, COOKIE_SECRET_MOST, &bytes, err) < 0)
		return -1;
	files_put(l->files, s->cookie_secret_made, FILES_WORKER, bytes);
	return 0;
}

static void tell(const char *const *problems, const struct error *err)
{
	struct arena *a = arena_new();
	size_t i;

	/* below the first line `postern check` shows the place, for which a log has no room */
	for (i = 0; problems && problems[i]; i++)
		log_error("settings", "problem", arena_printf(a, "%.*s", (int)strcspn(problems[i], "\n"), problems[i]), NULL);
	arena_free(a);
	if (i == 0)
		log_error("settings", "problem", err->detail, NULL);
}

/* At each start and reload, so that what was meant for a week of trying is not forgotten. */
static void warn_of_observing(const struct settings *s)
{
	size_t i;

	for (i = 0; i < s->connection_count; i++) {
		if (s->connections[i].observe)
			log_warning("rules and requirements keep nobody out at this connection (observe: yes)", "door", s->connections[i].name, NULL);
	}
}

static int owners_of(enum loaded_for what, const char *user, struct owners *out, struct error *err)
{
	return what == LOADED_FOR_UNITS ? owners_each(user, out, err) : owners_one(user, out, err);
}

/*
 * A process can look into another one of its user while that one is being
 * executed, whatever it does afterwards: keys roles are somebody else.
 */
static int read_keys_user(struct loaded *l, struct error *err)
{
	const char *name = arena_printf(l->arena, "%s-keys", l->settings->user ? l->settings->user : "");

	l->keys_user = l->user;
	if (!l->user.set)
		return 0;
	if (getpwnam(name))
		return host_user_read(name, &l->keys_user, err);
	log_warning("there is no user for the keys roles alone: they run as the workers do", "missing", name, NULL);
	return 0;
}

static int take_folders(const struct loaded *l, enum loaded_for what, const struct owners *owners, struct error *err)
{
	bool is_trial = what == LOADED_FOR_TRIAL;

	if ((is_trial || what == LOADED_BESIDE) && folders_judge(l->arena, l->settings, owners, is_trial, err) < 0)
		return -1;
	return is_trial ? 0 : folders_make(l->arena, l->settings, owners, err);
}

int loaded_read(const char *path, enum loaded_for what, struct loaded *out, struct error *err)
{
	struct loaded l = {.arena = arena_new()};
	const char *const *problems = NULL;
	struct owners owners;

	l.files = files_from_disk(l.arena);
	if (settings_read(l.arena, l.files, path, &l.settings, &problems, err) < 0)
		goto fail;
	problems = NULL;
	if (owners_of(what, l.settings->user, &owners, err) < 0 || take_folders(&l, what, &owners, err) < 0 || take_cookie_secret(&l, what, err) < 0)
		goto fail;
	l.user = owners.each[OWNER_COMMANDS];
	if (read_keys_user(&l, err) < 0)
		goto fail;
	if (settings_load_files(l.arena, l.files, l.settings, &problems, err) < 0)
		goto fail;
	problems = NULL;
	if (keyring_read(l.arena, l.files, l.settings, &l.keyring, err) < 0)
		goto fail;
	warn_of_observing(l.settings);
	arena_hide(l.arena);
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
