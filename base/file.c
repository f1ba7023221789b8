/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whole files: read with a limit, written all or nothing. */
#include "base/file.h"
#include "base/random.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static int fail(struct error *err, const char *path, const char *what)
{
	return error_set(err, REASON_FILE, "%s: %s: %s", path, what, strerror(errno));
}

/* On the open descriptor, so that the file judged is the file read. */
static int require_kind(int fd, const char *path, enum file_kind kind, size_t limit, size_t *size_out, struct error *err)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return fail(err, path, "cannot look at it");
	if (!S_ISREG(st.st_mode))
		return error_set(err, REASON_FILE, "%s: is not a regular file", path);
	if (kind == FILE_SECRET_UNLINKED && st.st_nlink != 1)
		return error_set(err, REASON_FILE, "%s: has another name too, which a secret there may not have", path);
	if (kind != FILE_PUBLIC && (st.st_mode & 077))
		return error_set(err, REASON_FILE, "%s: is secret, but its mode %04o lets group or others at it; use: chmod 0600 %s", path,
			(unsigned)(st.st_mode & 07777), path);
	if (st.st_size < 0 || (size_t)st.st_size > limit)
		return error_set(err, REASON_FILE, "%s: is larger than %zu bytes", path, limit);
	*size_out = (size_t)st.st_size;
	return 0;
}

int file_read(struct arena *a, const char *path, enum file_kind kind, size_t limit, struct slice *out, struct error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | (kind == FILE_SECRET_UNLINKED ? O_NOFOLLOW : 0));
	size_t size = 0, n = 0;
	char *bytes;
	int rc = -1;

	if (fd < 0)
		return fail(err, path, "cannot open it");
	if (require_kind(fd, path, kind, limit, &size, err) < 0)
		goto out;
	bytes = arena_alloc(a, size + 1);
	while (n < size) {
		ssize_t got = read(fd, bytes + n, size - n);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0) {
			fail(err, path, "cannot read it");
			goto out;
		}
		if (got == 0)
			break;
		n += (size_t)got;
	}
	bytes[n] = 0;
	*out = slice_of(bytes, n);
	rc = 0;
out:
	close(fd);
	return rc;
}

static int write_all(int fd, struct slice bytes)
{
	while (bytes.n) {
		ssize_t n = write(fd, bytes.p, bytes.n);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		bytes.p += n;
		bytes.n -= (size_t)n;
	}
	return 0;
}

static void sync_folder(const char *path)
{
	const char *slash = strrchr(path, '/');
	char folder[4096];
	int fd;

	snprintf(folder, sizeof(folder), "%.*s", slash ? (int)(slash - path + 1) : 1, slash ? path : ".");
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return;
	fsync(fd);
	close(fd);
}

static int replace(const char *temporary, const char *path)
{
	return rename(temporary, path);
}

static int keep_apart(const char *temporary, const char *path)
{
	return renameat2(AT_FDCWD, temporary, AT_FDCWD, path, RENAME_NOREPLACE);
}

static int write_and_place(const char *path, mode_t mode, struct slice bytes, int (*place)(const char *temporary, const char *path),
	struct error *err)
{
	char id[RANDOM_ID_SIZE], temporary[4096];
	int fd, rc = -1;

	random_id(id);
	if ((size_t)snprintf(temporary, sizeof(temporary), "%s.%s", path, id) >= sizeof(temporary))
		return error_set(err, REASON_FILE, "%s: path is too long", path);
	fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	if (fd < 0)
		return fail(err, temporary, "cannot make it");
	if (fchmod(fd, mode) < 0 || write_all(fd, bytes) < 0 || fsync(fd) < 0) {
		fail(err, temporary, "cannot write it");
		goto out;
	}
	if (place(temporary, path) < 0) {
		fail(err, path, "cannot put it in place");
		goto out;
	}
	sync_folder(path);
	rc = 0;
out:
	close(fd);
	if (rc < 0)
		unlink(temporary);
	return rc;
}

int file_write(const char *path, mode_t mode, struct slice bytes, struct error *err)
{
	return write_and_place(path, mode, bytes, replace, err);
}

int file_write_new(const char *path, mode_t mode, struct slice bytes, struct error *err)
{
	return write_and_place(path, mode, bytes, keep_apart, err);
}

int folder_open_own(const char *path, int *fd_out, struct error *err)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0)
		return fail(err, path, "cannot open this folder");
	if (fstat(fd, &st) < 0)
		fail(err, path, "cannot look at it");
	else if (st.st_uid != 0 && st.st_uid != geteuid())
		error_set(err, REASON_FILE, "%s: belongs to user %u, who could change what is in it; it must belong to root or to user %u", path,
			(unsigned)st.st_uid, (unsigned)geteuid());
	else if (st.st_mode & 022)
		error_set(err, REASON_FILE, "%s: its mode %04o lets group or others change what is in it; use: chmod go-w %s", path,
			(unsigned)(st.st_mode & 07777), path);
	else {
		*fd_out = fd;
		return 1;
	}
	close(fd);
	return -1;
}

static int require_own(const char *path, const struct stat *st, struct error *err)
{
	if (st->st_uid == 0 || st->st_uid == geteuid())
		return 0;
	return error_set(err, REASON_FILE, "%s: belongs to user %u, who could put something else there; it must belong to root or to user %u", path,
		(unsigned)st->st_uid, (unsigned)geteuid());
}

/* The same for what the link at `link` says, with the rest of the path behind it: one step, since it may lead to another link, and past others. */
static int follow(const char *link, const char *rest, struct error *err)
{
	char real[PATH_MAX], says[PATH_MAX], whole[3 * PATH_MAX];
	const char *end = strrchr(link, '/');
	ssize_t n;

	if (!realpath(link, real))
		return fail(err, link, "leads nowhere");
	n = readlink(link, says, sizeof(says) - 1);
	if (n < 0)
		return fail(err, link, "cannot be read");
	says[n] = 0;
	snprintf(whole, sizeof(whole), "%.*s%s%s", *says == '/' ? 0 : (int)(end - link) + 1, link, says, rest);
	return path_require_own(whole, err);
}

/* In a folder with the sticky bit others can take nothing away: what is there stays, and what is not there yet they could make. */
static bool is_kept(const struct stat *folder, const char *path, const char *slash)
{
	const char *next = strchr(slash + 1, '/');
	char part[PATH_MAX];
	struct stat st;

	if (!(folder->st_mode & S_ISVTX) || !next || (size_t)(next - path) >= sizeof(part))
		return false;
	memcpy(part, path, (size_t)(next - path));
	part[next - path] = 0;
	return lstat(part, &st) == 0;
}

/* Of "/run/postern-proxy/http.sock" these: "/", "/run", "/run/postern-proxy". */
int path_require_own(const char *path, struct error *err)
{
	const char *slash = strchr(path, '/');
	char part[PATH_MAX];
	struct stat st;

	for (; slash; slash = strchr(slash + 1, '/')) {
		size_t n = slash > path ? (size_t)(slash - path) : 1;

		if (n >= sizeof(part))
			return error_set(err, REASON_FILE, "%.100s: not a path that can be used", path);
		memcpy(part, path, n);
		part[n] = 0;
		if (lstat(part, &st) < 0)
			return errno == ENOENT ? 0 : fail(err, part, "cannot look at it");
		if (require_own(part, &st, err) < 0)
			return -1;
		if (S_ISLNK(st.st_mode))
			return follow(part, slash, err);
		if ((st.st_mode & 022) && !is_kept(&st, path, slash))
			return error_set(err, REASON_FILE, "%s: its mode %04o lets group or others put something else there; use: chmod go-w %s, "
				"or a folder of its own", part, (unsigned)(st.st_mode & 07777), part);
	}
	return 0;
}

int folder_sync(int fd, const char *path, struct error *err)
{
	return fsync(fd) < 0 ? fail(err, path, "cannot be written to the disk") : 0;
}

int folder_make(const char *path, mode_t mode, struct error *err)
{
	char part[PATH_MAX];
	struct stat st;
	size_t i, n = strlen(path);

	if (n == 0 || n >= sizeof(part))
		return error_set(err, REASON_FILE, "%s: not a path that can be used", path);
	for (i = 1; i <= n; i++) {
		if (path[i] != '/' && path[i] != 0)
			continue;
		memcpy(part, path, i);
		part[i] = 0;
		if (mkdir(part, mode) < 0 && errno != EEXIST)
			return fail(err, part, "cannot make this folder");
	}
	if (stat(path, &st) < 0 || !S_ISDIR(st.st_mode))
		return error_set(err, REASON_FILE, "%s: is not a folder", path);
	return 0;
}
