/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One process of a role: fork, fewer rights, only its own descriptors, execve. */
#include "gateway/service/child.h"
#include "base/clock.h"
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

/* Above the fixed descriptors, so that moving one never closes another. */
#define MOVED_FD 64

extern char **environ;

int64_t child_back_off(unsigned failures)
{
	if (failures == 0)
		return 0;
	return failures > 5 ? 30 : (int64_t)1 << (failures - 1);
}

/* ---- in the new process, until execve: only calls that are safe after fork ---- */

static int place_descriptors(int files, int heartbeat, const struct child_order *o)
{
	const int fixed[] = {files, heartbeat, o->metrics, o->limits, o->link};
	enum { FIXED = sizeof(fixed) / sizeof(*fixed) };
	int moved[FIXED + ROLE_SOCKETS_MAX];
	size_t i, n = FIXED + o->socket_count;

	for (i = 0; i < n; i++) {
		int from = i < FIXED ? fixed[i] : o->sockets[i - FIXED];

		moved[i] = from < 0 ? -1 : fcntl(from, F_DUPFD_CLOEXEC, MOVED_FD);
		if (from >= 0 && moved[i] < 0)
			return -1;
	}
	for (i = 0; i < n; i++) {
		if (moved[i] < 0)
			close(CHILD_FILES_FD + (int)i);
		else if (dup2(moved[i], CHILD_FILES_FD + (int)i) < 0)
			return -1;
	}
	return close_range(CHILD_FILES_FD + (unsigned)n, ~0U, 0);
}

bool child_has_link(const char *role)
{
	return strcmp(role, "worker") == 0 || strcmp(role, "keys") == 0;
}

void child_usual_signals(void)
{
	sigset_t none;
	int s;

	for (s = 1; s < NSIG; s++)
		signal(s, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/*
 * One open file for all roles is one O_NONBLOCK for all: a role that sets it
 * would have the others' lines thrown away where a pipe is full for a moment.
 * So each has its own, and none of the terminal's; where it cannot be opened
 * once more (a socket, another user's pipe) it stays the common one.  In a file
 * of which each has its own place lines go to its end.
 */
void child_own_log(void)
{
	int flags = fcntl(STDERR_FILENO, F_GETFL), null = open("/dev/null", O_RDWR | O_CLOEXEC), fd;
	struct stat st;

	if (null >= 0)
		dup2(null, STDIN_FILENO);
	if (flags < 0 || fstat(STDERR_FILENO, &st) < 0 || (!S_ISFIFO(st.st_mode) && !S_ISREG(st.st_mode)))
		return;
	if (S_ISREG(st.st_mode) && !(flags & O_APPEND) && fcntl(STDERR_FILENO, F_SETFL, flags | O_APPEND) < 0)
		return;
	/* a pipe that nobody reads would be waited for */
	fd = open("/proc/self/fd/2", O_WRONLY | O_APPEND | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return;
	if (fcntl(fd, F_SETFL, O_APPEND) == 0 && dup2(fd, STDERR_FILENO) >= 0 && null >= 0)
		dup2(null, STDOUT_FILENO);      /* mostly the same open file; roles write nothing to it */
}

static _Noreturn void run(const struct child_order *o, int files, int heartbeat, char *const argv[], pid_t parent)
{
	child_usual_signals();
	child_own_log();        /* as the user who may open it */
	if (host_user_become(o->user) < 0 || place_descriptors(files, heartbeat, o) < 0)
		_exit(126);
	/*
	 * After setuid, which would undo it; and the parent may be gone already.  It
	 * reaches a role of another user only where the parent has CAP_KILL: under
	 * postern.service it is systemd that kills whom the parent left (KillMode=mixed).
	 */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent)
		_exit(126);
	execve("/proc/self/exe", argv, environ);
	_exit(127);
}

/* ---- in the parent ---- */

static struct child *child_new(const struct child_order *o, int heartbeat)
{
	struct child *c = calloc(1, sizeof(*c));

	if (!c)
		abort();
	snprintf(c->role, sizeof(c->role), "%s", o->role);
	snprintf(c->instance, sizeof(c->instance), "%s", o->instance);
	c->heartbeat = heartbeat;
	c->started = c->heard = clock_monotonic_us();
	c->silence = o->silence;
	c->area = o->area;
	c->uid = o->user->set ? o->user->uid : 0;
	return c;
}

/*
 * A Response is some thousand small objects of libxml2 and xmlsec1.  glibc keeps
 * seven of each size at hand and goes a long way for the others; a role starts
 * with more.  What the administrator has set stays.
 */
static void set_heap(void)
{
	if (setenv("GLIBC_TUNABLES", "glibc.malloc.tcache_count=200", 0) < 0)
		abort();
}

/* A descriptor of our own either way. */
static int take_files(const struct child_order *o, int *out, struct error *err)
{
	if (o->snapshot < 0)
		return files_snapshot(o->files, o->audience, out, err);
	*out = fcntl(o->snapshot, F_DUPFD_CLOEXEC, 0);
	return *out < 0 ? error_set(err, REASON_INTERNAL, "no descriptor: %s", strerror(errno)) : 0;
}

struct child *child_start(const struct child_order *o, struct error *err)
{
	char sockets[8], area[8];
	char *argv[] = {
		(char *)"postern", (char *)"role", (char *)o->role, (char *)o->instance, (char *)o->settings_path, sockets, area, NULL,
	};
	int files = -1, ends[2] = {-1, -1};
	struct child *c = NULL;
	pid_t pid, parent = getpid();

	snprintf(sockets, sizeof(sockets), "%zu", o->socket_count);
	snprintf(area, sizeof(area), "%u", o->area);
	set_heap();
	if (take_files(o, &files, err) < 0)
		return NULL;
	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0) {
		error_set(err, REASON_INTERNAL, "no pipe: %s", strerror(errno));
		goto out;
	}
	pid = fork();
	if (pid == 0)
		run(o, files, ends[1], argv, parent);
	if (pid < 0) {
		error_set(err, REASON_INTERNAL, "no process: %s", strerror(errno));
		goto out;
	}
	c = child_new(o, ends[0]);
	c->pid = pid;
	ends[0] = -1;
out:
	close(files);
	if (ends[0] >= 0)
		close(ends[0]);
	if (ends[1] >= 0)
		close(ends[1]);
	return c;
}

bool child_hear(struct child *c, int64_t now)
{
	char bytes[4096];
	ssize_t n;
	bool heard = false;
	int times = 0;

	/* no more than the pipe holds: who writes without end does not keep the parent */
	do {
		n = read(c->heartbeat, bytes, sizeof(bytes));
		heard |= n > 0;
	} while (n == (ssize_t)sizeof(bytes) && ++times < 16);
	if (n == 0) {           /* the pipe's other end is gone; what ended it says waitpid */
		close(c->heartbeat);
		c->heartbeat = -1;
	}
	if (!heard)
		return false;
	c->heard = now;
	if (c->ready)
		return false;
	c->ready = true;
	return true;
}

/*
 * Under postern.service root has no CAP_KILL, but may become whom it gave the
 * child to.  Effective alone: neither may that user signal us meanwhile, nor
 * does the way back fail.
 */
static int signal_as_its_user(const struct child *c, int number)
{
	int rc = kill(c->pid, number), why = errno;

	if (rc == 0 || why != EPERM || c->uid == 0 || seteuid(c->uid) < 0)
		goto out;
	rc = kill(c->pid, number);
	why = errno;
	if (seteuid(0) < 0)
		abort();
out:
	errno = why;
	return rc;
}

static bool tell(const struct child *c, int number)
{
	char pid[24], uid[24];

	if (signal_as_its_user(c, number) == 0)
		return true;
	snprintf(pid, sizeof(pid), "%ld", (long)c->pid);
	snprintf(uid, sizeof(uid), "%u", (unsigned)c->uid);
	log_error("may not be told to end, so it goes on: restart the service", "role", c->role, "instance", c->instance, "process", pid, "user", uid,
		"detail", strerror(errno), NULL);
	return false;
}

void child_end(struct child *c, int64_t now, int64_t patience)
{
	if (c->ending)
		return;
	c->ending = true;
	c->kill_at = now + patience;
	tell(c, SIGTERM);
}

bool child_kill(struct child *c)
{
	return tell(c, SIGKILL);
}

const char *child_cause(int status, char *text, size_t size)
{
	if (WIFSIGNALED(status))
		snprintf(text, size, "signal %d (%s)", WTERMSIG(status), strsignal(WTERMSIG(status)));
	else
		snprintf(text, size, "status %d", WEXITSTATUS(status));
	return text;
}

void child_free(struct child *c)
{
	if (c->heartbeat >= 0)
		close(c->heartbeat);
	free(c);
}
