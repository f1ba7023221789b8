/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The lock of a running service: held by the parent, asked by commands. */
#include "gateway/service/running.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "gateway/report.h"
#include "gateway/service/units.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include <sys/stat.h>

#define TICK_MS 20                      /* the kernel's times of files are that coarse, and less */
#define RELOAD_SECONDS 10
#define UPGRADE_SECONDS 40              /* the parent gives up after 30 */
#define WHY_MOST 700

static const char *path_of(char *buffer, size_t size, const struct settings *s, const char *name)
{
	int n = snprintf(buffer, size, "%s/%s", s->runtime_dir, name);

	return n > 0 && (size_t)n < size ? buffer : NULL;
}

static const char *lock_path(char *buffer, size_t size, const struct settings *s)
{
	return path_of(buffer, size, s, "postern.lock");
}

static const char *refused_path(char *buffer, size_t size, const struct settings *s)
{
	return path_of(buffer, size, s, "postern.refused");
}

static struct flock whole(short type)
{
	return (struct flock){.l_type = type, .l_whence = SEEK_SET};
}

/* ---- the parent ---- */

struct timespec running_time(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME_COARSE, &now);     /* what files are stamped with */
	return now;
}

/* Another folder than before, or the lock's file was taken away. */
static bool is_same(int fd, const char *path)
{
	struct stat ours, there;

	return fd >= 0 && fstat(fd, &ours) == 0 && lstat(path, &there) == 0 && ours.st_dev == there.st_dev && ours.st_ino == there.st_ino;
}

static int take(const char *path)
{
	/* nothing is written: it may be another name of any file of this user */
	int fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0644);
	struct flock lock = whole(F_WRLCK);
	struct stat st;

	if (fd < 0)
		return -1;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_nlink == 1 && fcntl(fd, F_SETLK, &lock) == 0)
		return fd;
	close(fd);
	return -1;
}

int running_say(int fd, const struct settings *s, struct timespec read_at)
{
	const struct timespec times[2] = {read_at, read_at};
	char buffer[4096];
	const char *path = lock_path(buffer, sizeof(buffer), s);

	if (!path || !is_same(fd, path)) {
		if (fd >= 0)
			close(fd);
		fd = path ? take(path) : -1;
	}
	if (fd < 0 || futimens(fd, times) < 0)
		log_warning("commands will not find this process: is another one running?", "file", path, NULL);
	return fd;
}

/* Under postern.service root may make nothing in the folder of another, but may become him; effective alone, as in child.c. */
static int write_as_owner(const char *folder, const char *path, struct slice bytes, struct error *err)
{
	struct stat st;
	bool became = geteuid() == 0 && stat(folder, &st) == 0 && st.st_uid != 0 && seteuid(st.st_uid) == 0;
	int rc = file_write(path, 0644, bytes, err);

	if (became && seteuid(0) < 0)
		abort();
	return rc;
}

void running_refuse(const struct settings *s, const char *why)
{
	char buffer[4096];
	const char *path = refused_path(buffer, sizeof(buffer), s);
	struct error err = {0};

	/* under that name alone: in a folder of the roles' user it may have been that of any other file */
	if (!path || write_as_owner(s->runtime_dir, path, slice_of(why, strnlen(why, WHY_MOST)), &err) < 0)
		log_warning("a command that waits will not be told why", "detail", err.detail, NULL);
}

/* ---- commands ---- */

/* What was prepared last is what runs. */
static void look_at_units(struct running *out)
{
	struct stat st;

	if (units_are_used(UNITS_FOLDER) && lstat(UNITS_FOLDER "/current", &st) == 0)
		*out = (struct running){.units = true, .read_at = st.st_mtim};
}

static struct timespec last_refusal(const struct settings *s)
{
	char buffer[4096];
	const char *path = refused_path(buffer, sizeof(buffer), s);
	struct stat st;

	return path && lstat(path, &st) == 0 ? st.st_mtim : (struct timespec){0};
}

void running_look(const struct settings *s, struct running *out)
{
	char buffer[4096];
	const char *path = lock_path(buffer, sizeof(buffer), s);
	int fd = path ? open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC) : -1;
	struct flock lock = whole(F_WRLCK);
	struct stat st;

	*out = (struct running){0};
	look_at_units(out);
	if (fd < 0)
		return;
	/* another name of another service's lock, which would be told instead, is none */
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_nlink == 1 && fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type == F_WRLCK && lock.l_pid > 0)
		*out = (struct running){.pid = lock.l_pid, .read_at = st.st_mtim, .refused_at = last_refusal(s)};
	close(fd);
}

static bool is_same_time(struct timespec a, struct timespec b)
{
	return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

static bool is_before(struct timespec a, struct timespec b)
{
	return a.tv_sec < b.tv_sec || (a.tv_sec == b.tv_sec && a.tv_nsec < b.tv_nsec);
}

bool running_is_older_than(const struct running *r, const char *path)
{
	struct stat st;

	return stat(path, &st) < 0 || !is_before(st.st_ctim, r->read_at);
}

static void pause_ms(long ms)
{
	const struct timespec t = {.tv_nsec = ms * 1000000};

	nanosleep(&t, NULL);
}

/* What stands there is a hint, and anybody's who may write to the folder. */
static void read_why(const struct settings *s, char *why, size_t size)
{
	char buffer[4096], text[WHY_MOST + 1] = "";
	const char *path = refused_path(buffer, sizeof(buffer), s);
	int fd = path ? open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC) : -1;
	struct arena *a = arena_new();
	bool is_told = fd >= 0 && read(fd, text, WHY_MOST) > 0;

	snprintf(why, size, "%s", is_told ? report_clean(a, text) : "its log says why, postern check too");
	arena_free(a);
	if (fd >= 0)
		close(fd);
}

static int wait_for(const struct settings *s, const struct running *before, int64_t end, struct running *out, struct error *err)
{
	char why[sizeof(err->detail)];
	struct running now;

	do {
		pause_ms(TICK_MS);
		running_look(s, &now);
		/* a later reading, or after the clock was set back an earlier one */
		if (now.pid == before->pid && !is_same_time(before->read_at, now.read_at)) {
			*out = now;
			return 0;
		}
		if (now.pid == before->pid && !is_same_time(before->refused_at, now.refused_at)) {
			read_why(s, why, sizeof(why));
			return error_set(err, REASON_FILE, "the service, process %ld, did not take it over: %s", (long)now.pid, why);
		}
		/* a program that could not read what was handed over takes a lock of its own */
	} while ((now.pid || kill(before->pid, 0) == 0) && clock_monotonic_us() < end);
	return error_set(err, REASON_FILE, "the service, process %ld, did not take it over: its log says why, postern check too", (long)before->pid);
}

static int tell(const struct settings *s, int number, int seconds, struct running *out, struct error *err)
{
	int64_t end = clock_monotonic_us() + (int64_t)seconds * 1000000;
	struct running before;

	running_look(s, &before);
	*out = before;
	if (before.units)
		return units_reload(err);
	if (!before.pid)
		return error_set(err, REASON_FILE, "no service runs with these settings that can be seen from here");
	pause_ms(TICK_MS);      /* so that what was just written is older than the reading */
	if (kill(before.pid, number) < 0)
		return error_set(err, REASON_FILE, "the service, process %ld, cannot be told: %s", (long)before.pid, strerror(errno));
	return wait_for(s, &before, end, out, err);
}

int running_reload(const struct settings *s, struct running *out, struct error *err)
{
	return tell(s, SIGHUP, RELOAD_SECONDS, out, err);
}

int running_upgrade(const struct settings *s, struct running *out, struct error *err)
{
	return tell(s, SIGUSR2, UPGRADE_SECONDS, out, err);
}
