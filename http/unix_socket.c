/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Listening Unix sockets, opened by the parent.
 *
 * The socket is made under another name, gets its mode and group while nobody
 * can know it, and is then moved to its own: whoever finds it may use it as the
 * settings say, and there is no moment without one while a service that ended
 * is followed by another.
 */
#include "http/internal.h"

#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG 4096                    /* the kernel cuts it to net.core.somaxconn */
#define PREFIX "unix:"

const char *http_unix_path(const char *address)
{
	return strncmp(address, PREFIX, sizeof(PREFIX) - 1) == 0 ? address + sizeof(PREFIX) - 1 : NULL;
}

static int fail(struct error *err, const char *path, const char *what)
{
	return error_set(err, REASON_SETTINGS, PREFIX "%s: %s: %s", path, what, strerror(errno));
}

static struct sockaddr_un address_of(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	return address;
}

/* Nobody listens at a socket that is left over from a process that ended. */
static int require_free(const char *path, struct error *err)
{
	struct sockaddr_un address = address_of(path);
	struct stat st;
	int fd, rc;

	if (lstat(path, &st) < 0)
		return errno == ENOENT ? 0 : fail(err, path, "cannot be looked at");
	if (!S_ISSOCK(st.st_mode))
		return error_set(err, REASON_SETTINGS, PREFIX "%s: is there already, and is no socket", path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return fail(err, path, "no socket");
	rc = connect(fd, (struct sockaddr *)&address, sizeof(address));
	rc = rc < 0 && errno == ECONNREFUSED ? 0 :
		error_set(err, REASON_SETTINGS, PREFIX "%s: another process listens there (%s)", path, rc == 0 ? "it answers" : strerror(errno));
	close(fd);
	return rc;
}

/* The folder is ours to make: /run is empty after each start of the host. */
static int make_folder(const char *path, struct error *err)
{
	const char *slash = strrchr(path, '/');
	char folder[HTTP_UNIX_PATH_MAX + 1];

	if (!slash || slash == path)
		return 0;
	snprintf(folder, sizeof(folder), "%.*s", (int)(slash - path), path);
	return access(folder, F_OK) == 0 ? 0 : folder_make(folder, 0755, err);
}

/* The file at `path`, if it is u's. */
static int file_open(const struct http_unix_socket *u, const char *path)
{
	int fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISSOCK(st.st_mode) && st.st_dev == u->device && st.st_ino == u->inode)
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

/* The owner may give it to a group that he is in: without CAP_CHOWN we are in it for a moment. */
static int give_group(int fd, gid_t group)
{
	gid_t ours = getegid();
	int rc = fchownat(fd, "", (uid_t)-1, group, AT_EMPTY_PATH), why = errno;

	if (rc == 0 || why != EPERM || setegid(group) < 0)
		goto out;
	rc = fchownat(fd, "", (uid_t)-1, group, AT_EMPTY_PATH);
	why = errno;
	if (setegid(ours) < 0)
		abort();
out:
	errno = why;
	return rc;
}

/* By its descriptor: a link that somebody put there meanwhile is not followed. */
static int allow(const struct http_unix_socket *u, const char *path, struct error *err)
{
	int fd = file_open(u, path), rc = 0;
	char name[40];

	if (fd < 0)
		return error_set(err, REASON_SETTINGS, PREFIX "%s: is not the socket that was made there", path);
	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	if (u->group != (gid_t)-1 && give_group(fd, u->group) < 0)
		rc = fail(err, path, "cannot be given to the group of socket_group");
	else if (chmod(name, u->mode) < 0)
		rc = fail(err, path, "cannot be given its mode");
	close(fd);
	return rc;
}

/* Makes it at `path`, for nobody yet. */
static int make(struct http_unix_socket *u, const char *path, struct error *err)
{
	struct sockaddr_un address = address_of(path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), rc;
	struct stat st;
	mode_t old;

	if (fd < 0)
		return fail(err, path, "no socket");
	unlink(path);
	old = umask(0777);
	rc = bind(fd, (struct sockaddr *)&address, sizeof(address));
	umask(old);
	if (rc < 0 || lstat(path, &st) < 0 || listen(fd, BACKLOG) < 0) {
		fail(err, path, "cannot be made");
		close(fd);
		return -1;
	}
	u->device = st.st_dev;
	u->inode = st.st_ino;
	return fd;
}

int http_unix_listen(struct http_unix_socket *u, int *fd_out, struct error *err)
{
	char fresh[HTTP_UNIX_PATH_MAX + 8];
	int fd;

	if (make_folder(u->path, err) < 0 || require_free(u->path, err) < 0)
		return -1;
	snprintf(fresh, sizeof(fresh), "%s.new", u->path);
	fd = make(u, fresh, err);
	if (fd < 0)
		return -1;
	if (allow(u, fresh, err) < 0 || (rename(fresh, u->path) < 0 && fail(err, u->path, "cannot be put there") < 0)) {
		unlink(fresh);
		close(fd);
		return -1;
	}
	*fd_out = fd;
	return 0;
}

void http_unix_adopt(struct http_unix_socket *u)
{
	struct stat st;

	u->device = 0;
	u->inode = 0;
	if (lstat(u->path, &st) == 0 && S_ISSOCK(st.st_mode)) {
		u->device = st.st_dev;
		u->inode = st.st_ino;
	}
}

bool http_unix_is_there(const struct http_unix_socket *u)
{
	int fd = file_open(u, u->path);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

int http_unix_allow(const struct http_unix_socket *u, struct error *err)
{
	return allow(u, u->path, err);
}

void http_unix_remove(const struct http_unix_socket *u)
{
	if (http_unix_is_there(u))
		unlink(u->path);
}
