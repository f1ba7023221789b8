/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The frame of every role: what `postern role` does before and after its job.
 *
 * Reads its snapshot, which the parent handed over, and from it the settings
 * by the very function that the parent judged them with; then hands over to
 * the role's own file.
 */
#include "gateway/service/role.h"
#include "base/clock.h"
#include "base/encode.h"
#include "base/log.h"
#include "gateway/service/child.h"
#include "gateway/service/confine.h"
#include "gateway/service/notify.h"
#include "gateway/service/units.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <sys/prctl.h>
#include <sys/socket.h>

#define TELL_EVERY 500000               /* microseconds */

static volatile sig_atomic_t stop;

static void on_stop(int signal_number)
{
	(void)signal_number;
	stop = 1;
}

static void catch_signals(void)
{
	struct sigaction on = {.sa_handler = on_stop}, off = {.sa_handler = SIG_IGN};

	/* no SA_RESTART: a wait ends when it is time to stop */
	sigaction(SIGTERM, &on, NULL);
	sigaction(SIGPIPE, &off, NULL);
	/* a terminal sends these to all; it is the parent that decides */
	sigaction(SIGINT, &off, NULL);
	sigaction(SIGHUP, &off, NULL);
}

/* Called as often as it suits a role, and told once in a while. */
static void tell_systemd(void)
{
	static int64_t told = -TELL_EVERY;
	int64_t now = clock_monotonic_us();

	if (now - told < TELL_EVERY)
		return;
	told = now;
	notify_ready("running");
	notify_alive();
}

/* It has said that it is ready: what it needed to become so, it needs no more. */
static void confine_once(const struct role *role)
{
	static bool confined;
	struct error err;

	if (confined)
		return;
	confined = true;
	if (confine_calls(role->name, &err) < 0) {
		log_error("cannot run", "detail", err.detail, NULL);
		_exit(1);
	}
}

void role_alive(const struct role *role)
{
	confine_once(role);
	if (role->heartbeat < 0) {
		tell_systemd();
		return;
	}
	if (write(role->heartbeat, "", 1) < 0 && errno == EPIPE) {
		log_error("the parent is gone", NULL);
		_exit(1);
	}
}

/* Counting is in nobody's way: what is wrong with it is said, and the role runs without. */
static void open_metrics(struct role *role, int fd, unsigned area)
{
	struct error err;

	if (metrics_open(fd, area, &role->metrics, &err) < 0)
		log_error("nothing is counted", "detail", err.detail, NULL);
	else if (!role->metrics)
		log_warning("nothing is counted: there are too many processes", NULL);
}

static int role_read(struct role *role, const char *settings_path, const char *sockets, const char *area, struct error *err)
{
	uint64_t n, m;
	size_t i;

	if (number_read(slice_c(sockets), 0, ROLE_SOCKETS_MAX, &n) < 0 || number_read(slice_c(area), 0, METRICS_AREAS, &m) < 0)
		return error_set(err, REASON_INTERNAL, "started with %s sockets and area %s", sockets, area);
	role->socket_count = (size_t)n;
	for (i = 0; i < role->socket_count; i++)
		role->sockets[i] = CHILD_SOCKETS_FD + (int)i;
	if (child_has_link(role->name))
		role->keys.fd = CHILD_LINK_FD;
	for (i = 0; i < role->socket_count + (CHILD_SOCKETS_FD - CHILD_FILES_FD); i++)
		fcntl(CHILD_FILES_FD + (int)i, F_SETFD, FD_CLOEXEC);
	role->limits = CHILD_LIMITS_FD;
	open_metrics(role, CHILD_METRICS_FD, (unsigned)m);
	if (files_from_snapshot(role->arena, CHILD_FILES_FD, &role->files, err) < 0)
		return -1;
	return settings_read(role->arena, role->files, settings_path, &role->settings, NULL, err);
}

/* The descriptor stays open: the area is ours by a lock on it. */
static void take_metrics(struct role *role, const char *path)
{
	int fd = open(path, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
	unsigned area;

	if (fd < 0) {
		log_error("nothing is counted", "file", path, "detail", strerror(errno), NULL);
		return;
	}
	area = metrics_take_area(fd);
	open_metrics(role, fd, area);
	metrics_forget(role->metrics, area);
}

/* Those of browsers are streams; one of datagrams is the line's. */
static int take_sockets(struct role *role, struct error *err)
{
	int given[ROLE_SOCKETS_MAX + 1], n = notify_sockets(given, ROLE_SOCKETS_MAX + 1), i;

	for (i = 0; i < n; i++) {
		int type = 0;
		socklen_t size = sizeof(type);

		if (getsockopt(given[i], SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_DGRAM)
			role->keys.fd = given[i];
		else if (role->socket_count < ROLE_SOCKETS_MAX)
			role->sockets[role->socket_count++] = given[i];
		else
			n = -1;
	}
	return n < 0 ? error_set(err, REASON_INTERNAL, "started with more sockets than there can be") : 0;
}

/* What joins it to the other one. */
static int take_line(struct role *role, struct error *err)
{
	bool is_keys = strcmp(role->name, "keys") == 0;
	struct slice bytes;

	if (role->keys.fd < 0)
		return error_set(err, REASON_INTERNAL, "started without %s@%s.socket, which joins worker and keys role", is_keys ? "postern-keys" : "postern-answers",
			role->instance);
	if (files_get(role->files, UNITS_GENERATION, FILE_SECRET, FILES_WORKER | FILES_KEYS, &bytes, err) < 0)
		return -1;
	if (bytes.n != sizeof(role->keys.generation))
		return error_set(err, REASON_INTERNAL, "started with a generation of %zu bytes", bytes.n);
	memcpy(&role->keys.generation, bytes.p, bytes.n);
	role->keys.to = arena_printf(role->arena, UNITS_LINES "/%s-%s", is_keys ? "worker" : "keys", role->instance);
	return 0;
}

/* As a unit of systemd. */
static int role_read_unit(struct role *role, const char *units, struct error *err)
{
	const char *folder = getenv("CREDENTIALS_DIRECTORY"), *path = arena_printf(role->arena, "%s/files", folder ? folder : "");
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (!folder || fd < 0)
		return error_set(err, REASON_FILE, "%s: %s: is this a unit of postern.target?", path, strerror(errno));
	if (files_from_snapshot(role->arena, fd, &role->files, err) < 0)
		return -1;
	if (!files_first(role->files))
		return error_set(err, REASON_INTERNAL, "started without settings");
	if (take_sockets(role, err) < 0 || (child_has_link(role->name) && take_line(role, err) < 0))
		return -1;
	role->heartbeat = -1;
	take_metrics(role, units_metrics_path(role->arena, units));
	role->limits = open(units_limits_path(role->arena, units), O_RDWR | O_NOFOLLOW | O_CLOEXEC);      /* workers alone can */
	return settings_read(role->arena, role->files, files_first(role->files), &role->settings, NULL, err);
}

/* NAME INSTANCE SETTINGS SOCKETS AREA by the parent, NAME INSTANCE FOLDER (units.h) by systemd */
static int role_begin(struct role *role, int argc, char **argv, struct error *err)
{
	if (argc == 4)
		return role_read_unit(role, argv[3], err);
	/* execve keeps it, a change of user does not: once more */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	return role_read(role, argv[3], argv[4], argv[5], err);
}

int command_role(struct arena *a, int argc, char **argv)
{
	static const struct { const char *name; int (*run)(const struct role *); } roles[] = {
		{"worker", role_worker}, {"keys", role_keys}, {"mirror", role_mirror}, {"refresh", role_refresh}, {"metrics", role_metrics}, {"rules", role_rules},
		{"provision", role_provision}, {"scim", role_scim},
	};
	struct role role = {.arena = a, .keys.fd = -1, .heartbeat = CHILD_HEARTBEAT_FD, .stop = &stop};
	enum log_level level = LOG_LEVEL_INFO;
	struct error err;
	size_t i;

	if (argc != 6 && argc != 4) {
		fputs("usage: postern role is for `postern serve` and the units of postern.target alone\n", stderr);
		return 2;
	}
	confine_memory();
	catch_signals();
	role.name = argv[1];
	role.instance = argv[2];
	log_begin(arena_printf(a, "%s %s", role.name, role.instance), level);
	if (role_begin(&role, argc, argv, &err) < 0) {
		log_error("cannot start", "detail", err.detail, NULL);
		return 1;
	}
	arena_hide(a);
	log_level_read(role.settings->log_level, &level);
	log_begin(arena_printf(a, "%s %s", role.name, role.instance), level);
	for (i = 0; i < sizeof(roles) / sizeof(*roles); i++) {
		if (strcmp(roles[i].name, role.name) == 0) {
			int rc = roles[i].run(&role);

			metrics_close(role.metrics);
			return rc;
		}
	}
	fprintf(stderr, "postern role: there is no role %s\n", role.name);
	return 2;
}
