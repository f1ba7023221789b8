/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The loop of the parent: signals, reloads, upgrades, and a turn of its posts. */
#include "gateway/service/parent.h"
#include "base/clock.h"
#include "base/log.h"
#include "gateway/service/confine.h"
#include "gateway/service/inherit.h"
#include "gateway/limits.h"
#include "gateway/service/notify.h"
#include "gateway/service/posts.h"
#include "gateway/service/running.h"
#include "gateway/service/upgrade.h"

#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <sys/signalfd.h>

#define SECOND ((int64_t)1000000)
#define DAY (86400 * SECOND)

struct parent {
	struct supply supply;
	struct posts posts;
	int signals;
	int lock;                       /* running.h; until the process ends */
	int64_t alarm_at;               /* when to look at the keys' ends again */
	bool told_ready;
	struct upgrade upgrade;
	struct handover found;          /* of the program before, until its sockets are sorted */
	bool took_over;
};

static bool is_scim(const struct supply *with, size_t i)
{
	const char *address = with->loaded.settings->scim_listen;

	return address && strcmp(with->single_sockets.list[i].address, address) == 0;
}

static void tell_ready(struct parent *p)
{
	const struct supply *with = &p->supply;
	size_t i;

	if (p->told_ready || p->posts.stopping || !posts_serve(&p->posts))
		return;
	p->told_ready = true;
	notify_ready("serving");
	for (i = 0; i < with->browsers.n; i++)
		log_info("serving", "address", with->browsers.list[i].bound, "public_url", with->loaded.settings->public_url, NULL);
	for (i = 0; i < with->single_sockets.n; i++)
		log_info(is_scim(with, i) ? "answering SCIM" : "answering /metrics", "address", with->single_sockets.list[i].bound, NULL);
}

/* Once a day, and at each reading: certificates end without anybody having changed anything. */
static void look_at_keys(struct parent *p, int64_t now)
{
	if (now < p->alarm_at)
		return;
	p->alarm_at = now + DAY;
	keyring_alarm(&p->supply.loaded.keyring, p->supply.loaded.settings, clock_now());
}

static void turn(struct parent *p)
{
	int64_t now = clock_monotonic_us();

	notify_alive();
	look_at_keys(p, now);
	posts_turn(&p->posts, now);
	tell_ready(p);
}

/* ---- what happened ---- */

static void use_log_level(const struct parent *p)
{
	enum log_level level = LOG_LEVEL_INFO;

	log_level_read(p->supply.loaded.settings->log_level, &level);
	log_begin("parent", level);
}

static int read_again(struct parent *p)
{
	struct loaded fresh;
	struct error err;

	log_info("reading the settings again", "file", p->supply.path, NULL);
	if (loaded_read(p->supply.path, LOADED_FOR_SERVE, &fresh, &err) < 0) {
		log_error("the settings were not taken, the old ones stay in force", NULL);
		running_refuse(p->supply.loaded.settings, err.detail);
		return -1;
	}
	if (listeners_renew(&p->supply.browsers, &p->supply.single_sockets, fresh.settings, &err) < 0) {
		log_error("the settings were not taken, the old ones stay in force", "detail", err.detail, NULL);
		running_refuse(p->supply.loaded.settings, err.detail);
		loaded_free(&fresh);
		return -1;
	}
	loaded_free(&p->supply.loaded);        /* with the old posts; children keep nothing of it */
	p->supply.loaded = fresh;
	return 0;
}

static void reload(struct parent *p)
{
	struct timespec read_at = running_time();
	int rc;

	notify_reloading();
	rc = read_again(p);
	metrics_count(p->supply.metrics, METRIC_RELOADS, rc == 0 ? "taken" : "refused", NULL);
	if (rc < 0) {
		notify_ready("serving; the last settings were not taken, the log says why");
		return;
	}
	p->told_ready = false;
	p->alarm_at = 0;
	use_log_level(p);
	posts_make(&p->posts);
	p->lock = running_say(p->lock, p->supply.loaded.settings, read_at);
	log_info("the new settings are in force", "file", p->supply.path, NULL);
}

/* What another program needs to go on in this process. */
static void describe(const struct parent *p, struct handover *out)
{
	const struct listeners *const lists[] = {&p->supply.browsers, &p->supply.single_sockets};
	size_t i, k;

	*out = (struct handover){
		.generation = p->posts.generation, .lock = p->lock, .metrics = p->supply.metrics_fd, .layout = metrics_layout(),
		.children = p->posts.children,
	};
	for (k = 0; k < 2; k++) {
		for (i = 0; i < lists[k]->n; i++)
			out->sockets[out->socket_count++] = lists[k]->list[i];
	}
}

static void tell_refused_upgrade(struct parent *p)
{
	metrics_count(p->supply.metrics, METRIC_UPGRADES, "refused", NULL);
	running_refuse(p->supply.loaded.settings, p->upgrade.said);
}

static void try_upgrade(struct parent *p)
{
	struct handover h;

	describe(p, &h);
	if (upgrade_try(&p->upgrade, &h, clock_monotonic_us()) < 0)
		tell_refused_upgrade(p);
}

static void look_at_upgrade(struct parent *p)
{
	enum upgrade_state state = upgrade_look(&p->upgrade, clock_monotonic_us());
	struct handover h;

	if (state == UPGRADE_GRANTED) {
		describe(p, &h);
		upgrade_execute(&p->upgrade, &h);
	}
	if (state == UPGRADE_GRANTED || state == UPGRADE_REFUSED)
		tell_refused_upgrade(p);
}

static void stop(struct parent *p)
{
	if (p->posts.stopping)
		return;
	log_info("stopping", NULL);
	upgrade_forget(&p->upgrade);
	notify_stopping();
	posts_stop(&p->posts);
}

static void on_signals(struct parent *p)
{
	struct signalfd_siginfo info;

	while (read(p->signals, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo == SIGHUP && !p->posts.stopping)
			reload(p);
		else if (info.ssi_signo == SIGUSR2 && !p->posts.stopping)
			try_upgrade(p);
		else if (info.ssi_signo == SIGTERM || info.ssi_signo == SIGINT)
			stop(p);
	}
	posts_reap(&p->posts);
	look_at_upgrade(p);
}

/* ---- the loop ---- */

static int catch_signals(struct parent *p)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGUSR2);
	signal(SIGPIPE, SIG_IGN);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return -1;
	p->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return p->signals < 0 ? -1 : 0;
}

/* Two would each serve a part of who comes, by the settings that each has read, and both write the mirror. */
static bool is_alone(const struct parent *p)
{
	const struct settings *s = p->supply.loaded.settings;
	char number[16];
	struct running other;

	/* who took over from the program before serves already, and has the lock: it must not look, since closing the file gives that up */
	if (p->took_over)
		return true;
	running_look(s, &other);
	if (!other.pid)
		return true;
	snprintf(number, sizeof(number), "%ld", (long)other.pid);
	log_error("a service with this runtime_dir runs already: end it first, or have it read its settings by postern reload", "process", number,
		"runtime_dir", s->runtime_dir, NULL);
	return false;
}

static int read_and_listen(struct parent *p)
{
	struct supply *with = &p->supply;
	struct error err;

	if (loaded_read(with->path, LOADED_FOR_SERVE, &with->loaded, &err) < 0)
		return -1;
	use_log_level(p);
	if (!is_alone(p))
		goto fail;
	listeners_adopt(&with->browsers, &with->single_sockets, p->found.sockets, p->found.socket_count, with->loaded.settings);
	p->found.socket_count = 0;
	if ((with->metrics_fd < 0 && metrics_make(&with->metrics_fd, &err) < 0) ||
		(!with->metrics && metrics_open(with->metrics_fd, 0, &with->metrics, &err) < 0) ||
		(with->limits_fd < 0 && limits_make(&with->limits_fd, &err) < 0))
		log_error("cannot start", "detail", err.detail, NULL);
	else if (listeners_renew(&with->browsers, &with->single_sockets, with->loaded.settings, &err) < 0)
		log_error("cannot listen", "detail", err.detail, NULL);
	else
		return 0;
fail:
	loaded_free(&with->loaded);
	return -1;
}

/* What was right when this program was tried is wrong now: its predecessor's processes serve on, so there is time. */
static bool may_try_again(struct parent *p)
{
	struct pollfd fd = {.fd = p->signals, .events = POLLIN};
	struct signalfd_siginfo info;

	if (!p->took_over)
		return false;
	notify_alive();
	poll(&fd, 1, 1000);
	while (read(p->signals, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo == SIGTERM || info.ssi_signo == SIGINT)
			return false;
	}
	posts_reap(&p->posts);
	return true;
}

static void take_over(struct parent *p)
{
	p->took_over = inherit(&p->found);
	if (!p->took_over)
		return;
	p->lock = p->found.lock;
	p->supply.metrics_fd = p->found.metrics;
	p->posts.children = p->found.children;
	p->posts.generation = p->found.generation + 1;  /* which nobody is of, before the first reading */
}

static int begin(struct parent *p)
{
	struct timespec read_at;
	struct error err;

	confine_memory();
	upgrade_prepare(&p->upgrade, p->supply.path);
	take_over(p);
	if (catch_signals(p) < 0 || saml_start(&err) < 0) {
		log_error("cannot start", NULL);
		return -1;
	}
	do
		read_at = running_time();
	while (read_and_listen(p) < 0 && may_try_again(p));
	if (!p->supply.loaded.settings)
		return -1;
	posts_make(&p->posts);
	p->lock = running_say(p->lock, p->supply.loaded.settings, read_at);
	if (p->took_over) {
		if (!p->found.knows_users)
			posts_guess_users(&p->posts);
		log_info("took over from the program before", "version", PACKAGE_VERSION, "path", p->upgrade.path, NULL);
		metrics_count(p->supply.metrics, METRIC_UPGRADES, "taken", NULL);
	}
	return 0;
}

int parent_serve(const char *settings_path)
{
	struct parent p = {
		.supply = {.path = settings_path, .metrics_fd = -1, .limits_fd = -1}, .signals = -1, .lock = -1, .upgrade.verdict = -1,
	};
	int rc = 1;

	p.posts.supply = &p.supply;
	log_begin("parent", LOG_LEVEL_INFO);
	if (begin(&p) < 0)
		goto out;
	while (!p.posts.stopping || p.posts.children) {
		turn(&p);
		posts_wait(&p.posts, p.signals);
		on_signals(&p);
	}
	log_info("stopped", NULL);
	rc = 0;
out:
	upgrade_forget(&p.upgrade);
	listeners_close(&p.supply.browsers, NULL);
	listeners_close(&p.supply.single_sockets, NULL);
	posts_free(&p.posts);
	loaded_free(&p.supply.loaded);
	if (p.signals >= 0)
		close(p.signals);
	metrics_close(p.supply.metrics);
	if (p.supply.metrics_fd >= 0)
		close(p.supply.metrics_fd);
	if (p.supply.limits_fd >= 0)
		close(p.supply.limits_fd);
	saml_stop();
	return rc;
}
