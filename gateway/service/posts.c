/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One turn of the posts: who is stuck is killed, who has a successor ends, what is empty is filled. */
#include "gateway/service/posts.h"
#include "base/clock.h"
#include "base/log.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include <sys/wait.h>

#define SECOND ((int64_t)1000000)

/* A worker is an event loop, a keys role less: five seconds of silence are a stuck one.  The others may wait for a network. */
#define SILENCE_WORKER (5 * SECOND)
#define SILENCE_OTHER (60 * SECOND)
#define SILENCE_STARTING (30 * SECOND)  /* nobody is heard while libraries load */
#define PATIENCE (30 * SECOND)          /* from SIGTERM to SIGKILL */
#define SETTLED SECOND                  /* who dies sooner was not really ready, as with a full disk */

#define SINGLE_POSTS 5                  /* refresh, rules, provision, metrics, scim */

/* ---- what there is ---- */

static struct post *add_post(struct posts *p, const char *role, const char *instance, unsigned audience, int64_t silence)
{
	struct post *post = &p->list[p->count++];

	*post = (struct post){.role = role, .instance = instance, .audience = audience, .silence = silence};
	return post;
}

void posts_make(struct posts *p)
{
	const struct settings *s = p->supply->loaded.settings;
	struct arena *a = p->supply->loaded.arena;
	size_t i;

	p->generation++;
	p->list = arena_alloc(a, (2 * s->workers + s->directory_count + SINGLE_POSTS) * sizeof(*p->list));
	p->count = 0;
	lines_make(&p->lines, s->workers, p->generation);
	for (i = 0; i < s->workers; i++) {
		const char *number = arena_printf(a, "%zu", i + 1);

		add_post(p, "keys", number, FILES_KEYS, SILENCE_WORKER)->line = i;
		add_post(p, "worker", number, FILES_WORKER, SILENCE_WORKER)->line = i;
	}
	for (i = 0; i < s->directory_count; i++) {
		/* StartTLS is two waits, and a resolver whose name servers are away takes its time ahead of them */
		add_post(p, "mirror", s->directories[i].name, FILES_MIRROR | FILES_MIRROR_OF(i),
			SILENCE_OTHER + 2 * s->directories[i].network_seconds * SECOND);
	}
	add_post(p, "refresh", "metadata", FILES_REFRESH, SILENCE_OTHER);
	if (s->ldap_rules.directory)
		add_post(p, "rules", "ldap", FILES_RULES, SILENCE_OTHER);
	if (s->provision != PROVISION_OFF || s->accounts.organization || s->prices.known)
		add_post(p, "provision", "atlassian", FILES_PROVISION, SILENCE_OTHER);
	if (s->metrics_listen)
		add_post(p, "metrics", "listener", FILES_METRICS, SILENCE_OTHER);
	if (s->scim_listen)
		add_post(p, "scim", "listener", FILES_SCIM, SILENCE_OTHER);
	metrics_begin(p->supply->metrics, s);
}

static bool is_worker(const char *role)
{
	return strcmp(role, "worker") == 0;
}

static bool is_keys(const char *role)
{
	return strcmp(role, "keys") == 0;
}

/* The mirror's file and the metadata have one writer: the old one ends before the new one begins. */
static bool must_wait(const struct posts *p, const struct post *post)
{
	const struct child *c;

	for (c = p->children; c && !child_has_link(post->role); c = c->next) {
		if (c->generation != p->generation && strcmp(c->role, post->role) == 0 && strcmp(c->instance, post->instance) == 0)
			return true;
	}
	return false;
}

static bool area_is_taken(const struct posts *p, unsigned area)
{
	const struct child *c;

	for (c = p->children; c; c = c->next) {
		if (c->area == area)
			return true;
	}
	return false;
}

/* The lowest that no process has: it goes on where the last one stopped counting. */
static unsigned free_area(const struct posts *p)
{
	unsigned area = 1;

	while (area < METRICS_AREAS && area_is_taken(p, area))
		area++;
	return area;
}

static const struct host_user *user_of(const struct posts *p, const char *role)
{
	return is_keys(role) ? &p->supply->loaded.keys_user : &p->supply->loaded.user;
}

void posts_guess_users(struct posts *p)
{
	struct child *c;

	for (c = p->children; c; c = c->next)
		c->uid = user_of(p, c->role)->uid;
}

/* What all have that are started now. */
static struct child_order order_of(const struct posts *p, const char *role, const char *instance, int64_t silence)
{
	const struct loaded *loaded = &p->supply->loaded;

	return (struct child_order){
		.role = role, .instance = instance, .settings_path = p->supply->path, .files = loaded->files, .snapshot = -1, .silence = silence,
		.user = user_of(p, role), .metrics = p->supply->metrics_fd, .area = free_area(p),
		.limits = is_worker(role) ? p->supply->limits_fd : -1, .link = -1,
	};
}

static struct child *start(struct posts *p, const struct child_order *order, unsigned long generation, struct error *err)
{
	struct child *c = child_start(order, err);

	if (!c)
		return NULL;
	c->generation = generation;
	c->next = p->children;
	p->children = c;
	return c;
}

/* Its end of the line, and a keys role the files that those of its generation share.  NULL: err says why. */
static struct child *start_at_line(struct posts *p, struct lines *lines, size_t i, struct child_order *order, struct error *err)
{
	struct child *c;

	if (lines_open(lines, i, err) < 0)
		return NULL;
	if (is_keys(order->role)) {
		if (lines->files < 0 && files_snapshot(order->files, order->audience, &lines->files, err) < 0)
			return NULL;
		order->snapshot = lines->files;
	}
	order->link = lines->list[i].ends[is_keys(order->role)];
	c = start(p, order, lines->generation, err);
	if (c)
		c->line = i;
	return c;
}

static void fill_post(struct posts *p, struct post *post, int64_t now)
{
	struct child_order order = order_of(p, post->role, post->instance, post->silence);
	int sockets[ROLE_SOCKETS_MAX];
	struct error err;
	struct child *c;

	order.audience = post->audience;
	order.sockets = sockets;
	if (is_worker(post->role))
		order.socket_count = listeners_sockets(&p->supply->browsers, sockets);
	else if (strcmp(post->role, "metrics") == 0)
		order.socket_count = listeners_socket_at(&p->supply->single_sockets, p->supply->loaded.settings->metrics_listen, sockets);
	else if (strcmp(post->role, "scim") == 0)
		order.socket_count = listeners_socket_at(&p->supply->single_sockets, p->supply->loaded.settings->scim_listen, sockets);
	c = child_has_link(post->role) ? start_at_line(p, p->lines, post->line, &order, &err) : start(p, &order, p->generation, &err);
	if (!c) {
		log_error("cannot start a process", "role", post->role, "instance", post->instance, "detail", err.detail, NULL);
		post->start_at = now + child_back_off(++post->failures) * SECOND;
		return;
	}
	c->post = (size_t)(post - p->list);
	post->child = c;
}

/* ---- one turn: what is missing ---- */

static void fill_posts(struct posts *p, int64_t now)
{
	size_t i;

	for (i = 0; i < p->count && !p->stopping; i++) {
		struct post *post = &p->list[i];

		if (!post->child && post->start_at <= now && !must_wait(p, post))
			fill_post(p, post, now);
	}
}

/*
 * Whether those of this generation can do the work of the worker `old`: the
 * one of its number with its keys role, or all, where there are fewer now.
 */
static bool is_succeeded(const struct posts *p, const struct child *old)
{
	bool all = true, same = true, found = false;
	size_t i;

	for (i = 0; i < p->count; i++) {
		const struct post *post = &p->list[i];
		bool ready = post->child && post->child->ready;

		if (!child_has_link(post->role))
			continue;
		all &= ready;
		if (strcmp(post->instance, old->instance) != 0)
			continue;
		found = true;
		same &= ready;
	}
	return found ? same : all;
}

/* One that is stuck says no more that it accepts nothing, and nobody is to wait for it until it is killed. */
static void end(struct posts *p, struct child *c, int64_t now)
{
	child_end(c, now, PATIENCE);
	metrics_forget(p->supply->metrics, c->area);
}

static void end_predecessors(struct posts *p, int64_t now)
{
	struct child *c;

	for (c = p->children; c; c = c->next) {
		if (c->generation == p->generation || c->ending || is_keys(c->role))
			continue;
		/* one that never came to serve is no loss: reloads in a row do not pile up processes */
		if (!c->ready || !is_worker(c->role) || is_succeeded(p, c))
			end(p, c, now);
	}
}

static void hear(struct child *c)
{
	if (c->heartbeat >= 0 && child_hear(c, clock_monotonic_us()))
		log_info("ready", "role", c->role, "instance", c->instance, NULL);
}

static void kill_what_is_stuck(struct posts *p, int64_t now)
{
	struct child *c;

	for (c = p->children; c; c = c->next) {
		int64_t most = c->ready || c->silence > SILENCE_STARTING ? c->silence : SILENCE_STARTING;

		if (c->ending ? now < c->kill_at : now - c->heard < most)
			continue;
		hear(c);                /* it may be this process that was held up, by a reload */
		if (!c->ending && now - c->heard < most)
			continue;
		if (child_kill(c))
			log_error(c->ending ? "does not end, killed" : "is stuck, killed", "role", c->role, "instance", c->instance, NULL);
		c->heard = now;         /* once is enough; waitpid says when it is gone */
		c->kill_at = now + PATIENCE;
	}
}

bool posts_serve(const struct posts *p)
{
	size_t i;

	for (i = 0; i < p->count; i++) {
		if (child_has_link(p->list[i].role) && !(p->list[i].child && p->list[i].child->ready))
			return false;
	}
	return true;
}

static struct child *worker_of(const struct posts *p, unsigned long generation, const char *instance)
{
	struct child *c = p->children;

	while (c && !(is_worker(c->role) && c->generation == generation && strcmp(c->instance, instance) == 0))
		c = c->next;
	return c;
}

/* A line of an earlier reading ends with its worker: nobody holds it open any more, and the keys role behind it ends. */
static void end_lines(struct posts *p)
{
	struct lines *lines;
	char instance[24];
	size_t i;

	for (lines = p->lines; lines; lines = lines->before) {
		for (i = 0; i < lines->n && lines->generation != p->generation; i++) {
			snprintf(instance, sizeof(instance), "%zu", i + 1);
			if (!worker_of(p, lines->generation, instance))
				lines_close(lines, i);
		}
	}
	lines_forget(&p->lines, p->generation);
}

void posts_turn(struct posts *p, int64_t now)
{
	kill_what_is_stuck(p, now);
	end_predecessors(p, now);
	end_lines(p);
	fill_posts(p, now);
}

/* ---- what happened ---- */

/* A keys role of an earlier reading ends by itself behind its worker. */
static bool is_meant(const struct posts *p, const struct child *c, int status)
{
	return c->ending || p->stopping || (is_keys(c->role) && c->generation != p->generation && status == 0);
}

/*
 * A worker of an earlier reading signs until it ends: it may serve for long yet,
 * where its successor does not come to serve.  So who dies beside it is
 * replaced, with the files of that reading.  Where that cannot be, since
 * the one before died at once or another program started it, the worker ends:
 * the others take what comes, and it loses what is in its hands alone.
 */
static void stand_in(struct posts *p, const struct child *dead, bool settled, int64_t now)
{
	struct child_order order = order_of(p, dead->role, dead->instance, dead->silence);
	struct child *worker = worker_of(p, dead->generation, dead->instance);
	struct lines *lines = lines_of(p->lines, dead->generation);
	struct error err;

	if (!worker)
		return;
	error_set(&err, REASON_INTERNAL, lines ? "it died as soon as it was there" : "another program started it");
	if (lines && settled && start_at_line(p, lines, dead->line, &order, &err))
		return;
	log_error("a worker of the settings before has no keys role any more, and ends", "instance", worker->instance, "detail", err.detail, NULL);
	end(p, worker, now);
}

static void on_death(struct posts *p, struct child *c, int status)
{
	struct post *post = c->generation == p->generation ? &p->list[c->post] : NULL;
	int64_t now = clock_monotonic_us(), wait = 0;
	bool settled = c->ready && now - c->started > SETTLED;
	char text[80];

	if (post && post->child == c) {
		post->child = NULL;
		post->failures = settled ? 0 : post->failures + 1;
		/* it was killed by what it was given: whoever does that again and again must not gain half a minute each time */
		if (c->ready && WIFSIGNALED(status) && post->failures > 1)
			post->failures = 1;
		wait = child_back_off(post->failures);
		post->start_at = now + wait * SECOND;
	}
	if (!is_meant(p, c, status))
		metrics_count(p->supply->metrics, METRIC_RESTARTS, c->role, NULL);
	if (is_meant(p, c, status))
		log_info("ended", "role", c->role, "instance", c->instance, "by", child_cause(status, text, sizeof(text)), NULL);
	else if (wait)
		log_error(c->ready ? "died soon after it was ready, tried again later" : "died before it was ready, tried again later",
			"role", c->role, "instance", c->instance, "by", child_cause(status, text, sizeof(text)), NULL);
	else
		log_error("died, replaced at once", "role", c->role, "instance", c->instance, "by", child_cause(status, text, sizeof(text)), NULL);
	if (!post && is_keys(c->role) && !is_meant(p, c, status))
		stand_in(p, c, settled, now);
}

void posts_reap(struct posts *p)
{
	struct child **at, *c;
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		for (at = &p->children; *at && (*at)->pid != pid; at = &(*at)->next)
			;
		c = *at;
		if (!c)
			continue;
		*at = c->next;
		metrics_forget(p->supply->metrics, c->area);
		on_death(p, c, status);
		child_free(c);
	}
}

void posts_stop(struct posts *p)
{
	int64_t now = clock_monotonic_us();
	struct child *c;

	p->stopping = true;
	lines_free(&p->lines);
	for (c = p->children; c; c = c->next)
		child_end(c, now, PATIENCE);
}

void posts_free(struct posts *p)
{
	lines_free(&p->lines);
}

/* ---- waiting ---- */

/* Milliseconds until something is due even if nothing happens. */
static int next_due(const struct posts *p)
{
	int64_t now = clock_monotonic_us(), due = now + SECOND;
	size_t i;

	for (i = 0; i < p->count; i++) {
		const struct post *post = &p->list[i];

		if (!post->child && post->start_at > now && post->start_at < due)
			due = post->start_at;
	}
	return (int)((due - now) / 1000) + 1;
}

void posts_wait(struct posts *p, int other)
{
	struct child *c;
	struct pollfd *fds;
	size_t n = 1, i = 1;

	for (c = p->children; c; c = c->next)
		n++;
	fds = calloc(n, sizeof(*fds));
	if (!fds)
		abort();
	fds[0] = (struct pollfd){.fd = other, .events = POLLIN};
	for (c = p->children; c; c = c->next)
		fds[i++] = (struct pollfd){.fd = c->heartbeat, .events = POLLIN};
	if (poll(fds, n, next_due(p)) > 0) {
		for (c = p->children, i = 1; c; c = c->next, i++) {
			if (fds[i].revents)
				hear(c);
		}
	}
	free(fds);
}
