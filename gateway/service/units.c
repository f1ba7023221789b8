/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The generations of snapshots; units_systemd.c has those who start what was written. */
#include "gateway/service/units.h"
#include "base/file.h"
#include "base/log.h"
#include "base/random.h"
#include "gateway/limits.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <sys/stat.h>

/* As the units name them: LoadCredential=files:…/current/mirror-%i */
static const char *snapshot_name(struct arena *a, const struct post *post)
{
	return strcmp(post->role, "mirror") == 0 ? arena_printf(a, "mirror-%s", post->instance) : post->role;
}

static int write_snapshot(struct arena *a, const char *generation, const struct posts *posts, const struct post *post, struct error *err)
{
	const char *path = arena_printf(a, "%s/%s", generation, snapshot_name(a, post));
	struct slice bytes;
	int fd;

	/* workers are all handed the same, and so are keys roles */
	if (access(path, F_OK) == 0)
		return 0;
	if (files_snapshot(posts->supply->loaded.files, post->audience, &fd, err) < 0 || files_snapshot_bytes(a, fd, &bytes, err) < 0)
		return -1;
	if (bytes.n > UNITS_SNAPSHOT_MAX)
		return error_set(err, REASON_FILE, "the files that the role %s is to be handed are %zu bytes, and systemd takes %zu for a credential: "
			"keep metadata and pictures smaller, or run postern.service", post->role, bytes.n, UNITS_SNAPSHOT_MAX);
	return file_write(path, 0400, bytes, err);
}

/* One folder deep; links are removed, not followed. */
static void remove_generation(const char *folder, const char *name)
{
	int at = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC), fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	while (dir && (entry = readdir(dir)))
		unlinkat(dirfd(dir), entry->d_name, 0);
	if (dir)
		closedir(dir);
	if (at >= 0) {
		unlinkat(at, name, AT_REMOVEDIR);
		close(at);
	}
}

static int put_in_place(struct arena *a, const char *folder, const char *generation, struct error *err)
{
	const char *link = arena_printf(a, "%s/current", folder), *fresh = arena_printf(a, "%s/%s.link", folder, generation);

	unlink(fresh);
	if (symlink(generation, fresh) == 0 && rename(fresh, link) == 0)
		return 0;
	return error_set(err, REASON_FILE, "%s: cannot be put in place: %s", link, strerror(errno));
}

static int is_generation(const struct dirent *entry)
{
	return *entry->d_name != '.' && strstr(entry->d_name, ".files") != NULL;
}

static void remove_others(const char *folder, const char *kept)
{
	struct dirent **list;
	int n = scandir(folder, &list, is_generation, alphasort), i;

	for (i = 0; i < n; i++) {
		if (strcmp(list[i]->d_name, kept) != 0)
			remove_generation(folder, list[i]->d_name);
		free(list[i]);
	}
	if (n >= 0)
		free(list);
}

/*
 * A memory file as the parent makes one, with a name.  What is there already
 * goes on over a reload; of what is new, the head alone is not zero.
 */
static int make_memory(const char *path, int memory, uid_t uid, gid_t gid, mode_t mode, struct error *err)
{
	int fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	struct stat wanted, there;
	char head[4096];
	ssize_t n;

	if (fd < 0 || fstat(memory, &wanted) < 0 || fstat(fd, &there) < 0)
		goto fail;
	n = pread(memory, head, sizeof(head), 0);
	if (there.st_size != wanted.st_size &&
		(n < 0 || ftruncate(fd, 0) < 0 || pwrite(fd, head, (size_t)n, 0) != n || ftruncate(fd, wanted.st_size) < 0))
		goto fail;
	if (fchown(fd, uid, gid) < 0 || fchmod(fd, mode) < 0)
		goto fail;
	close(fd);
	return 0;
fail:
	error_set(err, REASON_FILE, "%s: cannot be made: %s", path, strerror(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}

/* NULL: nothing is counted. */
static struct metrics *open_own_area(const char *path)
{
	int fd = open(path, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
	struct metrics *m = NULL;
	struct error err;

	if (fd >= 0 && metrics_open(fd, 0, &m, &err) < 0)
		log_warning("nothing is counted", "file", path, "detail", err.detail, NULL);
	if (fd >= 0)
		close(fd);
	return m;
}

/* What nobody has counted yet is there, as 0. */
static void begin_counters(const char *path, const struct settings *s)
{
	struct metrics *m = open_own_area(path);

	metrics_begin(m, s);
	metrics_close(m);
}

void units_count_reload(struct arena *a, const char *folder, bool taken)
{
	struct metrics *m = open_own_area(units_metrics_path(a, folder));

	metrics_count(m, METRIC_RELOADS, taken ? "taken" : "refused", NULL);
	metrics_close(m);
}

/* Everybody counts; the limits are the workers' alone. */
static int make_memories(struct arena *a, const char *folder, const struct settings *s, gid_t gid, struct error *err)
{
	struct host_user worker;
	int metrics = -1, limits = -1, rc = -1;

	if (host_user_read(arena_printf(a, "%s-worker", s->user), &worker, err) < 0 || metrics_make(&metrics, err) < 0 ||
		limits_make(&limits, err) < 0)
		goto out;
	rc = make_memory(units_metrics_path(a, folder), metrics, 0, gid, 0660, err);
	if (rc == 0) {
		begin_counters(units_metrics_path(a, folder), s);
		rc = make_memory(units_limits_path(a, folder), limits, worker.uid, gid, 0600, err);
	}
out:
	if (metrics >= 0)
		close(metrics);
	if (limits >= 0)
		close(limits);
	return rc;
}

const char *units_metrics_path(struct arena *a, const char *folder)
{
	return arena_printf(a, "%s/metrics-%016llx", folder, (unsigned long long)metrics_layout());
}

const char *units_limits_path(struct arena *a, const char *folder)
{
	return arena_printf(a, "%s/limits", folder);
}

/* The group comes through to the counters, and no further. */
static int make_folder(const char *folder, gid_t gid, struct error *err)
{
	int fd = -1;

	if (folder_make(folder, 0750, err) < 0 || folder_open_own(folder, &fd, err) < 0)
		return -1;
	if (fchown(fd, (uid_t)-1, gid) < 0 || fchmod(fd, 0710) < 0) {
		error_set(err, REASON_FILE, "%s: cannot be given to the group of the roles: %s", folder, strerror(errno));
		close(fd);
		return -1;
	}
	close(fd);
	return 0;
}

int units_write(struct arena *a, const char *folder, const struct posts *posts, gid_t gid, struct error *err)
{
	char id[RANDOM_ID_SIZE];
	const char *name, *generation;
	uint64_t number;
	size_t i;

	random_id(id);
	random_bytes(&number, sizeof(number));
	files_put(posts->supply->loaded.files, UNITS_GENERATION, FILES_WORKER | FILES_KEYS, slice_of(&number, sizeof(number)));
	name = arena_printf(a, "%s.files", id);
	generation = arena_printf(a, "%s/%s", folder, name);
	if (make_folder(folder, gid, err) < 0 || make_memories(a, folder, posts->supply->loaded.settings, gid, err) < 0)
		return -1;
	if (mkdir(generation, 0700) < 0)
		return error_set(err, REASON_FILE, "%s: %s", generation, strerror(errno));
	for (i = 0; i < posts->count; i++) {
		if (write_snapshot(a, generation, posts, &posts->list[i], err) < 0) {
			remove_generation(folder, name);
			return -1;
		}
	}
	if (put_in_place(a, folder, name, err) < 0) {
		remove_generation(folder, name);
		return -1;
	}
	remove_others(folder, name);
	return 0;
}

bool units_are_used(const char *folder)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/started", folder);
	return access(path, F_OK) == 0;
}
