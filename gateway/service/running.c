/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The lock of a running service: held by the parent, asked by commands. */
#include "gateway/service/running.h"

#include "base/clock.h"
#include "base/log.h"
#include "gateway/report.h"
#include "gateway/service/units.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <sys/stat.h>

#define TICK_MS 20                      /* the kernel's times of files are that coarse, and less */
#define RELOAD_SECONDS 10
#define UPGRADE_SECONDS 40              /* the parent gives up after 30 */
#define REFUSED "refused: "
#define WHY_MOST 700

static const char *lock_path(char *buffer, size_t size, const struct settings *s)
{
	int n = snprintf(buffer, size, "%s/postern.lock", s->runtime_dir);

	return n > 0 && (size_t)n < size ? buffer : NULL;
}

static struct flock whole(short type)
{
	return (struct flock){.l_type = type, .l_whence = SEEK_SET};
}

/* ---- how often it refused, told by times ---- */

#define BILLION 1000000000L
#define REFUSALS_MOST 100000            /* so many nanoseconds are less than a tick: nobody's reading looks so */

/*
 * The time of its last access is that of its last change after a reading of
 * the settings, and a nanosecond later for each refusal since.  Whoever writes
 * into the file moves the latter alone, so nobody takes that for a reading.
 */
static unsigned long refusals_of(const struct stat *st)
{
	int64_t n = (int64_t)(st->st_atim.tv_sec - st->st_mtim.tv_sec);

	if (n < 0 || n > 1)
		return 0;
	n = n * BILLION + st->st_atim.tv_nsec - st->st_mtim.tv_nsec;
	return n > 0 && n <= REFUSALS_MOST ? (unsigned long)n : 0;
}

static bool is_same_time(struct timespec a, struct timespec b)
{
	return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

static struct timespec later(struct timespec t, unsigned long nanoseconds)
{
	t.tv_nsec += (long)nanoseconds;
	t.tv_sec += t.tv_nsec / BILLION;
	t.tv_nsec %= BILLION;
	return t;
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
	/* written to later at most, when it is known what it is: it may be another name of any file of this user */
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

/* What it may be written over: nothing, or what was written here.  In a folder of the roles' user anything may have this name. */
static bool is_ours(int fd, const struct stat *st)
{
	char said[sizeof(REFUSED)] = "";

	return st->st_size == 0 || (pread(fd, said, strlen(REFUSED), 0) > 0 && strcmp(said, REFUSED) == 0);
}

void running_refuse(int fd, const char *why)
{
	char text[sizeof(REFUSED) + WHY_MOST];
	struct stat st;
	int n;

	if (fd < 0 || fstat(fd, &st) < 0)
		return;
	n = snprintf(text, sizeof(text), REFUSED "%.*s", WHY_MOST, why);
	if (is_ours(fd, &st) && (ftruncate(fd, 0) < 0 || pwrite(fd, text, (size_t)n, 0) != n))
		log_warning("a command will not be told why", "detail", strerror(errno), NULL);
	if (futimens(fd, (const struct timespec[2]){later(st.st_mtim, refusals_of(&st) % REFUSALS_MOST + 1), st.st_mtim}) < 0)
		log_warning("a command will not be told", "detail", strerror(errno), NULL);
}

/* ---- commands ---- */

/* What was prepared last is what runs. */
static void look_at_units(struct running *out)
{
	struct stat st;

	if (units_are_used(UNITS_FOLDER) && lstat(UNITS_FOLDER "/current", &st) == 0)
		*out = (struct running){.units = true, .read_at = st.st_mtim};
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
		*out = (struct running){.pid = lock.l_pid, .read_at = st.st_mtim, .is_settled = is_same_time(st.st_atim, st.st_mtim),
			.refusals = refusals_of(&st)};
	close(fd);
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

/* A later reading, or after the clock was set back an earlier one. */
static bool has_taken(const struct running *before, const struct running *now)
{
	return now->is_settled && !is_same_time(before->read_at, now->read_at);
}

static bool has_refused(const struct running *before, const struct running *now)
{
	return now->refusals > 0 && (now->refusals != before->refusals || !is_same_time(before->read_at, now->read_at));
}

static void read_why(const struct settings *s, char *why, size_t size)
{
	char buffer[4096];
	const char *path = lock_path(buffer, sizeof(buffer), s);
	/* who may not leave the time of access alone is not told why */
	int fd = path ? open(path, O_RDONLY | O_NOATIME | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC) : -1;
	struct arena *a = arena_new();
	char text[sizeof(REFUSED) + WHY_MOST] = "";
	bool is_told;

	is_told = fd >= 0 && read(fd, text, sizeof(text) - 1) > 0 && strncmp(text, REFUSED, strlen(REFUSED)) == 0;
	snprintf(why, size, "%s", is_told ? report_clean(a, text + strlen(REFUSED)) : "its log says why, postern check too");
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
		if (now.pid == before->pid && has_taken(before, &now)) {
			*out = now;
			return 0;
		}
		if (now.pid == before->pid && has_refused(before, &now)) {
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
