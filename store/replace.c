/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The guard of a store that may be thrown away, a lock on its folder, and how it is, or another one takes its place. */
#include "store/replace.h"

#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define PATH_SIZE 4096

int store_guard(const char *path, struct error *err)
{
	const char *slash = strrchr(path, '/');
	char folder[PATH_SIZE];
	int fd;

	if (snprintf(folder, sizeof(folder), "%.*s", slash ? (int)(slash - path) + 1 : 1, slash ? path : ".") >= (int)sizeof(folder))
		return error_set(err, REASON_STORE, "%s: the path is too long", path);
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return error_set(err, REASON_STORE, "%s: %s", folder, strerror(errno));
	while (flock(fd, LOCK_EX) < 0) {
		if (errno == EINTR)
			continue;
		error_set(err, REASON_STORE, "%s: cannot be locked: %s", folder, strerror(errno));
		close(fd);
		return -1;
	}
	return fd;
}

/* The lock first: a reader opens the data before its lock, so who has the new data never has the old lock. */
void store_remove(const char *path)
{
	char lock[PATH_SIZE];

	if (snprintf(lock, sizeof(lock), "%s-lock", path) < (int)sizeof(lock))
		unlink(lock);
	unlink(path);
}

/* ---- another in its place ---- */

/* The lock first, for the same reason. */
static int take_place(const char *new, const char *path, struct error *err)
{
	char from[PATH_SIZE], to[PATH_SIZE];

	if (snprintf(from, sizeof(from), "%s-lock", new) >= (int)sizeof(from) || snprintf(to, sizeof(to), "%s-lock", path) >= (int)sizeof(to))
		return error_set(err, REASON_STORE, "%s: the path is too long", path);
	if (rename(from, to) < 0 || rename(new, path) < 0)
		return error_set(err, REASON_STORE, "%s: cannot be put in its place: %s", new, strerror(errno));
	return 0;
}

/* Under another name until it is whole, so that no reader ever meets an empty file, or one without tables. */
static int open_anew(const struct store_options *options, struct store **out, struct error *err)
{
	struct store_options begun = *options;
	struct store *s;
	char path[PATH_SIZE];

	if (snprintf(path, sizeof(path), "%s.new", options->path) >= (int)sizeof(path))
		return error_set(err, REASON_STORE, "%s: the path is too long", options->path);
	begun.path = path;
	begun.derived = false;
	store_remove(path);
	if (store_open_there(&begun, false, &s, err) < 0)
		return -1;
	store_close(s);
	return take_place(path, options->path, err) < 0 ? -1 : store_open_there(options, false, out, err);
}

int store_open_derived(const struct store_options *options, struct store **out, struct error *err)
{
	int guard = store_guard(options->path, err), rc;

	if (guard < 0)
		return -1;
	if (access(options->path, F_OK) < 0 && errno == ENOENT) {
		rc = open_anew(options, out, err);
	} else {
		rc = store_open_there(options, false, out, err);
		if (rc == -2) {
			log_warning("a file cannot be used and is made anew", "detail", err->detail, NULL);
			rc = open_anew(options, out, err);
		}
	}
	close(guard);
	return rc;
}

int store_open_anew(const struct store_options *options, struct store **out, struct error *err)
{
	int guard = store_guard(options->path, err), rc;

	if (guard < 0)
		return -1;
	rc = open_anew(options, out, err);
	close(guard);
	return rc == 0 ? 0 : -1;
}
