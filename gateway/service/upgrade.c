/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The trial on both sides, and taking over: see upgrade.h. */
#include "gateway/service/upgrade.h"
#include "base/log.h"
#include "gateway/service/inherit.h"
#include "gateway/service/loaded.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include <sys/prctl.h>

#define PATIENCE ((int64_t)30000000)    /* microseconds; less than `postern upgrade` has */
#define YES "yes\n"

/* The descriptors of a trial, and where they are put meanwhile. */
#define TRIAL_HANDOVER_FD 3
#define TRIAL_VERDICT_FD 4
#define MOVED_FD 64

extern char **environ;

void upgrade_prepare(struct upgrade *u, const char *settings_path)
{
	ssize_t n = readlink("/proc/self/exe", u->path, sizeof(u->path) - 1);

	u->path[n > 0 ? n : 0] = '\0';
	u->settings_path = settings_path;
	u->verdict = -1;
}

/* ---- the trial, in the parent ---- */

static _Noreturn void run_trial(const struct upgrade *u, int handover, int verdict, pid_t parent)
{
	char *argv[] = {(char *)"postern", (char *)"trial", (char *)u->settings_path, NULL};
	int moved[] = {fcntl(handover, F_DUPFD_CLOEXEC, MOVED_FD), fcntl(verdict, F_DUPFD_CLOEXEC, MOVED_FD)};
	const char *why;

	child_usual_signals();
	if (moved[0] < 0 || moved[1] < 0 || dup2(moved[0], TRIAL_HANDOVER_FD) < 0 || dup2(moved[1], TRIAL_VERDICT_FD) < 0 ||
		close_range(TRIAL_VERDICT_FD + 1, ~0U, 0) < 0 || prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent)
		_exit(126);
	execve(u->path, argv, environ);
	why = strerrordesc_np(errno);
	if (!why || write(TRIAL_VERDICT_FD, why, strlen(why)) < 0)
		_exit(126);
	_exit(127);
}

static void say_why(struct upgrade *u, const char *what, const char *why)
{
	if (why != u->said)
		snprintf(u->said, sizeof(u->said), "%s", why);
	log_error(what, "path", u->path, "detail", u->said, NULL);
}

int upgrade_try(struct upgrade *u, const struct handover *h, int64_t now)
{
	int handover = -1, ends[2] = {-1, -1}, rc = -1;
	pid_t parent = getpid();
	struct error err;

	if (u->verdict >= 0)
		return 0;
	log_info("the program at its path is tried, to take over", "path", u->path, NULL);
	if (handover_write(h, &handover, &err) < 0)
		goto out;
	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0) {
		error_set(&err, REASON_INTERNAL, "no pipe: %s", strerror(errno));
		goto out;
	}
	u->pid = fork();
	if (u->pid == 0)
		run_trial(u, handover, ends[1], parent);
	if (u->pid < 0) {
		error_set(&err, REASON_INTERNAL, "no process: %s", strerror(errno));
		goto out;
	}
	u->verdict = ends[0];
	ends[0] = -1;
	u->until = now + PATIENCE;
	u->said_n = 0;
	rc = 0;
out:
	if (handover >= 0)
		close(handover);
	if (ends[0] >= 0)
		close(ends[0]);
	if (ends[1] >= 0)
		close(ends[1]);
	if (rc < 0)
		say_why(u, "no upgrade: the program could not be tried", err.detail);
	return rc;
}

void upgrade_forget(struct upgrade *u)
{
	if (u->verdict < 0)
		return;
	kill(u->pid, SIGKILL);          /* it is ours until the parent reaps it, which it does when it hears of it */
	close(u->verdict);
	u->verdict = -1;
}

enum upgrade_state upgrade_look(struct upgrade *u, int64_t now)
{
	ssize_t n;

	if (u->verdict < 0)
		return UPGRADE_NONE;
	do {
		n = read(u->verdict, u->said + u->said_n, sizeof(u->said) - 1 - u->said_n);
		u->said_n += n > 0 ? (size_t)n : 0;
	} while (n > 0);
	if (n < 0 && errno == EAGAIN && now < u->until)
		return UPGRADE_TRYING;
	close(u->verdict);
	u->verdict = -1;
	u->said[u->said_n] = '\0';
	if (n == 0 && strcmp(u->said, YES) == 0)
		return UPGRADE_GRANTED;
	if (n != 0)
		kill(u->pid, SIGKILL);
	say_why(u, "no upgrade: the program at its path does not take over, and everything stays as it is",
		u->said_n ? u->said : n == 0 ? "it ended; what it said stands in the log" : "it did not answer");
	return UPGRADE_REFUSED;
}

/* ---- taking over ---- */

static void set_inherited(const struct handover *h, int handover, int flags)
{
	const struct child *c;
	size_t i;

	fcntl(handover, F_SETFD, flags);
	if (h->lock >= 0)
		fcntl(h->lock, F_SETFD, flags);
	if (h->metrics >= 0)
		fcntl(h->metrics, F_SETFD, flags);
	for (i = 0; i < h->socket_count; i++)
		fcntl(h->sockets[i].fd, F_SETFD, flags);
	for (c = h->children; c; c = c->next) {
		if (c->heartbeat >= 0)
			fcntl(c->heartbeat, F_SETFD, flags);
	}
}

void upgrade_execute(struct upgrade *u, const struct handover *h)
{
	char *argv[] = {(char *)u->path, (char *)"-c", (char *)u->settings_path, (char *)"serve", NULL};
	char value[40];
	struct error err;
	int handover;

	if (handover_write(h, &handover, &err) < 0) {
		say_why(u, "no upgrade: nothing could be handed over", err.detail);
		return;
	}
	snprintf(value, sizeof(value), "%ld %d", (long)getpid(), handover);
	if (setenv(INHERIT_VARIABLE, value, 1) < 0)
		abort();
	log_info("the program at its path takes over", "path", u->path, NULL);
	set_inherited(h, handover, 0);
	execve(u->path, argv, environ);
	say_why(u, "no upgrade: the program could not be executed, and everything stays as it is", strerror(errno));
	set_inherited(h, handover, FD_CLOEXEC);
	unsetenv(INHERIT_VARIABLE);
	close(handover);
}

/* ---- the trial, in the new program ---- */

static int try_to_read(const char *settings_path, struct error *err)
{
	struct loaded loaded;

	if (saml_start(err) < 0) {
		log_error("cannot start", "detail", err->detail, NULL);
		return -1;
	}
	if (loaded_read(settings_path, LOADED_FOR_TRIAL, &loaded, err) < 0)
		return -1;
	loaded_free(&loaded);
	saml_stop();
	return 0;
}

int command_trial(int argc, char **argv)
{
	struct handover h = {0};
	struct error err;

	prctl(PR_SET_DUMPABLE, 0);
	log_begin("trial", LOG_LEVEL_INFO);
	if (argc != 2 || fcntl(TRIAL_VERDICT_FD, F_SETFD, FD_CLOEXEC) < 0) {
		fputs("usage: postern trial is for `postern serve` alone\n", stderr);
		return 2;
	}
	if (try_to_read(argv[1], &err) < 0)
		return write(TRIAL_VERDICT_FD, err.detail, strlen(err.detail)) < 0 ? 2 : 1;
	if (handover_read(TRIAL_HANDOVER_FD, &h, &err) < 0)
		log_warning("the running program hands over in a way that this one does not know; its processes will all be replaced", "detail", err.detail, NULL);
	handover_free(&h);
	return write(TRIAL_VERDICT_FD, YES, strlen(YES)) == (ssize_t)strlen(YES) ? 0 : 1;
}
