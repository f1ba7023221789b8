/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The parent's loop.
 *
 * A post is a place that must be filled: "worker 2", "mirror corp", "refresh".
 * A child fills a post.  Each reading of the settings (a generation) makes all
 * posts anew; children of earlier generations are ended as soon as those that
 * come after them can take over.  Nothing else is remembered: every turn of
 * the loop compares the posts with the children and does what is missing.
 */
#include "gateway/parent.h"
#include "base/clock.h"
#include "base/log.h"
#include "gateway/listeners.h"
#include "gateway/keyring.h"
#include "gateway/loaded.h"
#include "gateway/running.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>

#define SECOND ((int64_t)1000000)
#define DAY (86400 * SECOND)

/* A worker is an event loop: five seconds of silence are a stuck one.  The others may wait for a network. */
#define SILENCE_WORKER (5 * SECOND)
#define SILENCE_OTHER (60 * SECOND)
#define SILENCE_STARTING (30 * SECOND)  /* nobody is heard while libraries load */
#define PATIENCE (30 * SECOND)          /* from SIGTERM to SIGKILL */
#define SETTLED SECOND                  /* who dies sooner was not really ready, as with a full disk */

struct post {
	const char *role, *instance;    /* in the memory of this reading */
	unsigned audience;
	int64_t silence;
	struct child *child;            /* NULL: empty */
	unsigned failures;              /* deaths in a row before it was ready */
	int64_t start_at;
};

struct parent {
	const char *path;
	struct loaded loaded;
	struct listeners listeners, metrics_listeners;
	struct post *posts;
	size_t post_count;
	unsigned long generation;
	struct child *children;
	int signals;
	int lock;                       /* running.h; until the process ends */
	int64_t alarm_at;               /* when to look at the keys' ends again */
	int metrics_fd;
	struct metrics *metrics;        /* area 0 */
	bool stopping, told_ready;
};

/* ---- posts ---- */

static void add_post(struct parent *p, const char *role, const char *instance, unsigned audience, int64_t silence)
{
	struct post *post = &p->posts[p->post_count++];

	*post = (struct post){.role = role, .instance = instance, .audience = audience, .silence = silence};
}

static void make_posts(struct parent *p)
{
	const struct settings *s = p->loaded.settings;
	struct arena *a = p->loaded.arena;
	size_t i;

	p->posts = arena_alloc(a, (s->workers + s->directory_count + 3) * sizeof(*p->posts));
	p->post_count = 0;
	for (i = 0; i < s->workers; i++)
		add_post(p, "worker", arena_printf(a, "%zu", i + 1), FILES_WORKER, SILENCE_WORKER);
	for (i = 0; i < s->directory_count; i++) {
		int64_t network = s->directories[i].network_seconds * 2 * SECOND;

		add_post(p, "mirror", s->directories[i].name, FILES_MIRROR | FILES_MIRROR_OF(i), network > SILENCE_OTHER ? network : SILENCE_OTHER);
	}
	add_post(p, "refresh", "metadata", FILES_REFRESH, SILENCE_OTHER);
	if (s->ldap_rules.directory)
		add_post(p, "rules", "ldap", FILES_RULES, SILENCE_OTHER);
	if (s->metrics_listen)
		add_post(p, "metrics", "listener", FILES_METRICS, SILENCE_OTHER);
}

static bool is_worker(const char *role)
{
	return strcmp(role, "worker") == 0;
}

/* The mirror's file and the metadata have one writer: the old one ends before the new one begins. */
static bool must_wait(const struct parent *p, const struct post *post)
{
	const struct child *c;

	for (c = p->children; c && !is_worker(post->role); c = c->next) {
		if (c->generation != p->generation && strcmp(c->role, post->role) == 0 && strcmp(c->instance, post->instance) == 0)
			return true;
	}
	return false;
}

static bool area_is_taken(const struct parent *p, unsigned area)
{
	const struct child *c;

	for (c = p->children; c; c = c->next) {
		if (c->area == area)
			return true;
	}
	return false;
}

/* The lowest that no process has: it goes on where the last one stopped counting. */
static unsigned free_area(const struct parent *p)
{
	unsigned area = 1;

	while (area < METRICS_AREAS && area_is_taken(p, area))
		area++;
	return area;
}

static void fill_post(struct parent *p, struct post *post, int64_t now)
{
	int sockets[ROLE_SOCKETS_MAX];
	struct child_order order = {
		.role = post->role, .instance = post->instance, .settings_path = p->path, .files = p->loaded.files, .audience = post->audience,
		.sockets = sockets, .silence = post->silence, .user = &p->loaded.user, .metrics = p->metrics_fd, .area = free_area(p),
	};
	struct error err;
	struct child *c;

	if (is_worker(post->role))
		order.socket_count = listeners_sockets(&p->listeners, sockets);
	else if (strcmp(post->role, "metrics") == 0)
		order.socket_count = listeners_sockets(&p->metrics_listeners, sockets);
	c = child_start(&order, &err);
	if (!c) {
		log_error("cannot start a process", "role", post->role, "instance", post->instance, "detail", err.detail, NULL);
		post->start_at = now + child_back_off(++post->failures) * SECOND;
		return;
	}
	c->generation = p->generation;
	c->post = (size_t)(post - p->posts);
	c->next = p->children;
	p->children = c;
	post->child = c;
}

/* ---- one turn: what is missing ---- */

static void fill_posts(struct parent *p, int64_t now)
{
	size_t i;

	for (i = 0; i < p->post_count && !p->stopping; i++) {
		struct post *post = &p->posts[i];

		if (!post->child && post->start_at <= now && !must_wait(p, post))
			fill_post(p, post, now);
	}
}

/* Whether those of this generation can do the work of `old`. */
static bool is_succeeded(const struct parent *p, const struct child *old)
{
	bool all = true;
	size_t i;

	for (i = 0; i < p->post_count; i++) {
		const struct post *post = &p->posts[i];
		bool ready = post->child && post->child->ready;

		if (!is_worker(post->role))
			continue;
		if (strcmp(post->instance, old->instance) == 0)
			return ready;
		all &= ready;
	}
	return all;     /* fewer workers than before: once the others serve */
}

/* One that is stuck says no more that it accepts nothing, and nobody is to wait for it until it is killed. */
static void end(struct parent *p, struct child *c, int64_t now)
{
	child_end(c, now, PATIENCE);
	metrics_forget_connections(p->metrics, c->area);
}

static void end_predecessors(struct parent *p, int64_t now)
{
	struct child *c;

	for (c = p->children; c; c = c->next) {
		if (c->generation == p->generation || c->ending)
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

static void kill_what_is_stuck(struct parent *p, int64_t now)
{
	struct child *c;

	for (c = p->children; c; c = c->next) {
		int64_t most = c->ready || c->silence > SILENCE_STARTING ? c->silence : SILENCE_STARTING;

		if (c->ending ? now < c->kill_at : now - c->heard < most)
			continue;
		hear(c);                /* it may be this process that was held up, by a reload */
		if (!c->ending && now - c->heard < most)
			continue;
		log_error(c->ending ? "does not end, killed" : "is stuck, killed", "role", c->role, "instance", c->instance, NULL);
		child_kill(c);
		c->heard = now;         /* once is enough; waitpid says when it is gone */
		c->kill_at = now + PATIENCE;
	}
}

static void tell_ready(struct parent *p)
{
	size_t i;

	if (p->told_ready || p->stopping)
		return;
	for (i = 0; i < p->post_count; i++) {
		if (is_worker(p->posts[i].role) && !(p->posts[i].child && p->posts[i].child->ready))
			return;
	}
	p->told_ready = true;
	for (i = 0; i < p->listeners.n; i++)
		log_info("serving", "address", p->listeners.list[i].bound, "public_url", p->loaded.settings->public_url, NULL);
	for (i = 0; i < p->metrics_listeners.n; i++)
		log_info("answering /metrics", "address", p->metrics_listeners.list[i].bound, NULL);
}

/* Once a day, and at each reading: certificates end without anybody having changed anything. */
static void look_at_keys(struct parent *p, int64_t now)
{
	if (now < p->alarm_at)
		return;
	p->alarm_at = now + DAY;
	keyring_alarm(&p->loaded.keyring, p->loaded.settings, clock_now());
}

static void turn(struct parent *p)
{
	int64_t now = clock_monotonic_us();

	look_at_keys(p, now);
	kill_what_is_stuck(p, now);
	end_predecessors(p, now);
	fill_posts(p, now);
	tell_ready(p);
}

/* ---- what happened ---- */

static void on_death(struct parent *p, struct child *c, int status)
{
	struct post *post = c->generation == p->generation ? &p->posts[c->post] : NULL;
	int64_t now = clock_monotonic_us(), wait = 0;
	char text[80];

	if (post && post->child == c) {
		post->child = NULL;
		post->failures = c->ready && now - c->started > SETTLED ? 0 : post->failures + 1;
		wait = child_back_off(post->failures);
		post->start_at = now + wait * SECOND;
	}
	if (!c->ending && !p->stopping)
		metrics_count(p->metrics, METRIC_RESTARTS, c->role, NULL);
	if (c->ending || p->stopping)
		log_info("ended", "role", c->role, "instance", c->instance, "by", child_cause(status, text, sizeof(text)), NULL);
	else if (wait)
		log_error("died before it was ready, tried again later", "role", c->role, "instance", c->instance, "by",
			child_cause(status, text, sizeof(text)), NULL);
	else
		log_error("died, replaced at once", "role", c->role, "instance", c->instance, "by", child_cause(status, text, sizeof(text)), NULL);
}

static void reap(struct parent *p)
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
		metrics_forget_connections(p->metrics, c->area);
		on_death(p, c, status);
		child_free(c);
	}
}

static void use_log_level(const struct parent *p)
{
	enum log_level level = LOG_LEVEL_INFO;

	log_level_read(p->loaded.settings->log_level, &level);
	log_begin("parent", level);
}

static int read_again(struct parent *p)
{
	struct loaded fresh;
	struct error err;

	log_info("reading the settings again", "file", p->path, NULL);
	if (loaded_read(p->path, &fresh, &err) < 0) {
		log_error("the settings were not taken, the old ones stay in force", NULL);
		return -1;
	}
	if (listeners_renew(&p->listeners, &p->metrics_listeners, fresh.settings, &err) < 0) {
		log_error("the settings were not taken, the old ones stay in force", "detail", err.detail, NULL);
		loaded_free(&fresh);
		return -1;
	}
	loaded_free(&p->loaded);        /* with the old posts; children keep nothing of it */
	p->loaded = fresh;
	return 0;
}

static void reload(struct parent *p)
{
	struct timespec read_at = running_time();
	int rc = read_again(p);

	metrics_count(p->metrics, METRIC_RELOADS, rc == 0 ? "taken" : "refused", NULL);
	if (rc < 0)
		return;
	p->generation++;
	p->told_ready = false;
	p->alarm_at = 0;
	use_log_level(p);
	make_posts(p);
	p->lock = running_say(p->lock, p->loaded.settings, read_at);
	log_info("the new settings are in force", "file", p->path, NULL);
}

static void stop(struct parent *p)
{
	int64_t now = clock_monotonic_us();
	struct child *c;

	if (p->stopping)
		return;
	log_info("stopping", NULL);
	p->stopping = true;
	for (c = p->children; c; c = c->next)
		child_end(c, now, PATIENCE);
}

static void on_signals(struct parent *p)
{
	struct signalfd_siginfo info;

	while (read(p->signals, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo == SIGHUP && !p->stopping)
			reload(p);
		else if (info.ssi_signo == SIGTERM || info.ssi_signo == SIGINT)
			stop(p);
	}
	reap(p);
}

/* ---- the loop ---- */

/* Milliseconds until something is due even if nothing happens. */
static int next_due(const struct parent *p)
{
	int64_t now = clock_monotonic_us(), due = now + SECOND;
	size_t i;

	for (i = 0; i < p->post_count; i++) {
		const struct post *post = &p->posts[i];

		if (!post->child && post->start_at > now && post->start_at < due)
			due = post->start_at;
	}
	return (int)((due - now) / 1000) + 1;
}

static void wait_for_events(struct parent *p)
{
	struct child *c;
	struct pollfd *fds;
	size_t n = 1, i = 1;

	for (c = p->children; c; c = c->next)
		n++;
	fds = calloc(n, sizeof(*fds));
	if (!fds)
		abort();
	fds[0] = (struct pollfd){.fd = p->signals, .events = POLLIN};
	for (c = p->children; c; c = c->next)
		fds[i++] = (struct pollfd){.fd = c->heartbeat, .events = POLLIN};
	if (poll(fds, n, next_due(p)) > 0) {
		for (c = p->children, i = 1; c; c = c->next, i++) {
			if (fds[i].revents)
				hear(c);
		}
	}
	free(fds);
	on_signals(p);
}

static int catch_signals(struct parent *p)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGCHLD);
	signal(SIGPIPE, SIG_IGN);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return -1;
	p->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return p->signals < 0 ? -1 : 0;
}

static int begin(struct parent *p)
{
	struct timespec read_at = running_time();
	struct error err;

	prctl(PR_SET_DUMPABLE, 0);
	if (catch_signals(p) < 0 || saml_start(&err) < 0) {
		log_error("cannot start", NULL);
		return -1;
	}
	if (loaded_read(p->path, &p->loaded, &err) < 0)
		return -1;
	use_log_level(p);
	if (metrics_make(&p->metrics_fd, &err) < 0 || metrics_open(p->metrics_fd, 0, &p->metrics, &err) < 0) {
		log_error("cannot start", "detail", err.detail, NULL);
		return -1;
	}
	if (listeners_renew(&p->listeners, &p->metrics_listeners, p->loaded.settings, &err) < 0) {
		log_error("cannot listen", "detail", err.detail, NULL);
		return -1;
	}
	make_posts(p);
	p->lock = running_say(-1, p->loaded.settings, read_at);
	return 0;
}

int parent_serve(const char *settings_path)
{
	struct parent p = {.path = settings_path, .signals = -1, .metrics_fd = -1, .lock = -1};
	int rc = 1;

	log_begin("parent", LOG_LEVEL_INFO);
	if (begin(&p) < 0)
		goto out;
	while (!p.stopping || p.children) {
		turn(&p);
		wait_for_events(&p);
	}
	log_info("stopped", NULL);
	rc = 0;
out:
	listeners_close(&p.listeners, NULL);
	listeners_close(&p.metrics_listeners, NULL);
	loaded_free(&p.loaded);
	if (p.signals >= 0)
		close(p.signals);
	metrics_close(p.metrics);
	if (p.metrics_fd >= 0)
		close(p.metrics_fd);
	saml_stop();
	return rc;
}
