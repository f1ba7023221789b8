/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The guard of a store that may be thrown away, a lock on its folder, and how it is. */
#include "store/replace.h"

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
