/* SPDX-License-Identifier: GPL-3.0-or-later */
/* See audit_file.h. */
#include "gateway/audit_file.h"

#include "base/clock.h"
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <sys/stat.h>
#include <sys/statvfs.h>

#define ROOM 65536                      /* bytes that must be free before a full disk counts as mended */
#define LOOKS 5                         /* at a line that is not ended: another process may be about to */
#define LOOK_US 200

struct audit_file {
	char *path;
	int fd;                         /* -1: not open */
	struct stat opened;             /* what it was then */
	int64_t failing_since;          /* 0: it can be written */
	unsigned long not_written;      /* since then */
};

/* ---- which file ---- */

/* Ours is 0640 whatever the umask: whoever collects it is in the group.  One that was made for us has the mode it was given. */
static int open_or_make(const char *path)
{
	const int flags = O_RDWR | O_APPEND | O_CLOEXEC | O_NOCTTY;     /* its last byte is read */
	int fd = open(path, flags);

	if (fd >= 0 || errno != ENOENT)
		return fd;
	fd = open(path, flags | O_CREAT, 0640);
	if (fd >= 0 && fchmod(fd, 0640) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

static int open_anew(struct audit_file *f, struct error *err)
{
	int fd = open_or_make(f->path);

	if (fd < 0)
		return error_set(err, REASON_AUDIT, "%s: cannot open it for writing: %s", f->path, strerror(errno));
	if (f->fd >= 0)
		close(f->fd);
	f->fd = fd;
	return fstat(fd, &f->opened) == 0 ? 0 : error_set(err, REASON_AUDIT, "%s: %s", f->path, strerror(errno));
}

/* What was moved away may be packed by now: no line may go there, not even where there is no other place for it. */
static int use_current(struct audit_file *f, off_t *size, struct error *err)
{
	struct stat there;

	if (f->fd < 0 || stat(f->path, &there) < 0 || there.st_ino != f->opened.st_ino || there.st_dev != f->opened.st_dev) {
		if (open_anew(f, err) < 0)
			return -1;
		there = f->opened;
	}
	*size = there.st_size;
	return 0;
}

/* ---- the line before ---- */

static bool ends_in_the_middle(const struct audit_file *f, off_t size)
{
	char last;

	return S_ISREG(f->opened.st_mode) && size > 0 && pread(f->fd, &last, 1, size - 1) == 1 && last != '\n';
}

/*
 * A long line that another process writes at this moment looks like one, too,
 * so it is looked at again.  Two processes that find one at the same time leave
 * an empty line.
 */
static int end_line_before(struct audit_file *f, off_t size, struct error *err)
{
	struct stat now;
	int i;

	for (i = 0; ends_in_the_middle(f, size); i++) {
		if (i == LOOKS)
			return write(f->fd, "\n", 1) == 1 ? 0 :
				error_set(err, REASON_AUDIT, "%s: cannot write to it: %s", f->path, strerror(errno));
		usleep(LOOK_US);
		if (fstat(f->fd, &now) < 0)
			return error_set(err, REASON_AUDIT, "%s: %s", f->path, strerror(errno));
		size = now.st_size;
	}
	return 0;
}

/* ---- a line ---- */

/*
 * A process that is killed in the middle of a write leaves a part of a line
 * while the next one waits in its own: that one looked too early.  Where it was
 * put is known afterwards.
 */
static bool was_joined(const struct audit_file *f, size_t n)
{
	off_t end = S_ISREG(f->opened.st_mode) ? lseek(f->fd, 0, SEEK_CUR) : -1;

	return end > (off_t)n && ends_in_the_middle(f, end - (off_t)n);
}

static int write_whole(struct audit_file *f, struct slice line, struct error *err)
{
	ssize_t written = -1;

	for (int i = 0; i < LOOKS; i++) {
		written = write(f->fd, line.p, line.n);         /* one write, one line */
		if (written != (ssize_t)line.n)
			break;
		/* the line that it joined ends where it ends: it is written once more, behind that */
		if (!was_joined(f, line.n))
			return 0;
		error_set(err, REASON_AUDIT, "%s: lines of others are cut again and again", f->path);
	}
	if (written == (ssize_t)line.n)
		return -1;
	return error_set(err, REASON_AUDIT, "%s: cannot write to it: %s", f->path, written < 0 ? strerror(errno) : "the disk is full");
}

static void note_failure(struct audit_file *f, const struct error *err)
{
	f->not_written++;
	if (f->failing_since)
		return;
	f->failing_since = clock_now();
	log_error("the audit cannot be written", "detail", err->detail, NULL);
}

static void note_success(struct audit_file *f)
{
	char count[24];

	if (!f->failing_since)
		return;
	snprintf(count, sizeof(count), "%lu", f->not_written);
	log_info("the audit can be written again", "lines_not_written", count, NULL);
	f->failing_since = 0;
	f->not_written = 0;
}

int audit_file_append(struct audit_file *f, struct slice line, struct error *err)
{
	off_t size;

	if (use_current(f, &size, err) < 0 || end_line_before(f, size, err) < 0 || write_whole(f, line, err) < 0) {
		note_failure(f, err);
		return -1;
	}
	note_success(f);
	return 0;
}

/* ---- without a line ---- */

/* Reserves it, where the file system can: a quota counts as well as the disk. */
static bool has_room(const struct audit_file *f, off_t size)
{
	struct statvfs disk;

	if (!S_ISREG(f->opened.st_mode))
		return false;
	if (fallocate(f->fd, FALLOC_FL_KEEP_SIZE, size, ROOM) == 0)
		return true;
	if (errno != EOPNOTSUPP && errno != ENOSYS && errno != EPERM)
		return false;
	return fstatvfs(f->fd, &disk) == 0 && !(disk.f_flag & ST_RDONLY) && disk.f_bavail * disk.f_frsize >= ROOM;
}

void audit_file_look_again(struct audit_file *f)
{
	struct error err;
	off_t size;

	if (use_current(f, &size, &err) < 0) {
		if (!f->failing_since) {
			note_failure(f, &err);
			f->not_written = 0;
		}
		return;
	}
	if (f->failing_since && has_room(f, size))
		note_success(f);
}

int64_t audit_file_failing(const struct audit_file *f)
{
	return f->failing_since;
}

struct audit_file *audit_file_open(const char *path)
{
	struct audit_file *f = calloc(1, sizeof(*f));

	if (!f || !(f->path = strdup(path)))
		abort();
	f->fd = -1;
	audit_file_look_again(f);
	return f;
}

void audit_file_close(struct audit_file *f)
{
	if (!f)
		return;
	if (f->fd >= 0)
		close(f->fd);
	free(f->path);
	free(f);
}
