/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * While another server serves than the first: is one that stands before it back?
 *
 * Connecting blocks, for as long as network_seconds and more, and meanwhile
 * nobody would read what the present server tells.  So a child looks: it
 * connects, binds, finds the bases, and its exit status is the answer: the
 * server's place in the list, from FOUND on.  It touches nothing of ours and
 * ends with us.
 */
#include "ldap/follow.h"

#include "base/clock.h"
#include "base/log.h"

#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define RETURN_EVERY (60 * SECOND)
#define RETURN_MAX (3600 * SECOND)
#define FOUND 100
#define FOUND_MAX 100                   /* servers; more than that are not looked at */

static int64_t usual_wait(const struct follow *f)
{
	return f->directory->return_seconds > 0 ? f->directory->return_seconds * SECOND : RETURN_EVERY;
}

static void note(const struct entry *e, void *context)
{
	bool *found = context;

	(void)e;
	*found = true;
}

static bool has(struct connection *c, const char *base)
{
	static const char *const nothing[] = {"1.1", NULL};
	const struct search search = {.base = base, .scope = SEARCH_BASE, .attributes = nothing};
	bool found = false;
	struct error err;

	return connection_search(c, &search, note, &found, &err) == 0 && found;
}

static bool serves(const struct directory_options *d, const char *uri)
{
	struct connection *c = NULL;
	struct error err;
	bool good = connection_open(d, uri, NULL, &c, &err) == 0 && has(c, d->people_base) && has(c, d->groups_base);

	connection_close(c);
	return good;
}

/* _exit: what is open here is the parent's. */
static void look(const struct follow *f, pid_t parent)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (size_t i = 0; getppid() == parent && i < f->at && i < FOUND_MAX; i++)
		if (serves(f->directory, f->directory->uris[i]))
			_exit(FOUND + (int)i);
	_exit(1);
}

void scout_plan(struct follow *f)
{
	if (!f->return_wait)
		f->return_wait = usual_wait(f);
	f->scout_at = f->at > 0 ? clock_monotonic_us() + f->return_wait : 0;
}

static void send_scout(struct follow *f, int64_t now)
{
	pid_t parent = getpid();

	f->scout_at = now + f->return_wait;
	f->scout_until = now + (int64_t)f->at * 12 * f->feed.connection->seconds * SECOND;
	f->scout = fork();
	if (f->scout == 0)
		look(f, parent);
	if (f->scout < 0) {
		log_warning("no process to look for the first server", "directory", f->directory->name, NULL);
		f->scout = 0;
	}
}

bool scout_came_back(struct follow *f, size_t *better_out)
{
	int64_t now = clock_monotonic_us();
	int status = 0;
	pid_t ended;

	if (f->scout == 0) {
		if (f->scout_at && now >= f->scout_at)
			send_scout(f, now);
		return false;
	}
	ended = waitpid(f->scout, &status, WNOHANG);
	if (ended == 0 || (ended < 0 && errno == EINTR)) {
		if (now >= f->scout_until)
			scout_end(f);
		return false;
	}
	f->scout = 0;
	if (ended < 0 || !WIFEXITED(status) || WEXITSTATUS(status) < FOUND || (size_t)WEXITSTATUS(status) - FOUND >= f->at)
		return false;
	*better_out = (size_t)WEXITSTATUS(status) - FOUND;
	return true;
}

void scout_end(struct follow *f)
{
	int status;

	if (f->scout == 0)
		return;
	kill(f->scout, SIGKILL);
	while (waitpid(f->scout, &status, 0) < 0 && errno == EINTR)
		;
	f->scout = 0;
}

void scout_was_wrong(struct follow *f)
{
	f->return_wait = f->return_wait * 2 < RETURN_MAX ? f->return_wait * 2 : RETURN_MAX;
}

void scout_was_right(struct follow *f)
{
	f->return_wait = usual_wait(f);
}
