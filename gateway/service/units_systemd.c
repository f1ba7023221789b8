/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Who has systemd start the roles.
 *
 * What depends on the settings is written as drop-ins below /run, where those
 * of the administrator in /etc come after: addresses, folders to write to, how
 * long a role may be silent.  The rest stands in the units.
 */
#include "gateway/service/units.h"
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <unistd.h>

#include <sys/wait.h>

#define LIST_MOST 65536
#define SOCKET "postern.socket"
#define METRICS_SOCKET "postern-metrics.socket"
#define SCIM_SOCKET "postern-scim.socket"
#define SETTINGS "50-settings.conf"
#define SILENCE "50-silence.conf"       /* of another name, since the one of an instance hides that of its template */

extern char **environ;

/* Of each of 64 workers four: itself, its keys role, and a socket of both; 20 directories; what there is once.  NULL-terminated. */
#define NAMES_MOST 320

struct names {
	const char *list[NAMES_MOST + 1];
	size_t n;
};

static void add(struct names *names, const char *name)
{
	if (names->n < NAMES_MOST)
		names->list[names->n++] = name;
}

static bool has(const struct names *names, const char *name)
{
	size_t i;

	for (i = 0; i < names->n; i++) {
		if (strcmp(names->list[i], name) == 0)
			return true;
	}
	return false;
}

/* ---- systemctl ---- */

static int systemctl(const char *const *words, struct error *err)
{
	struct names command = {.n = 0};
	sigset_t none;
	posix_spawnattr_t attributes;
	int rc, status = 0;
	pid_t pid;

	add(&command, "systemctl");
	for (; *words; words++)
		add(&command, *words);
	sigemptyset(&none);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
	rc = posix_spawnp(&pid, "systemctl", NULL, &attributes, (char *const *)command.list, environ);
	posix_spawnattr_destroy(&attributes);
	if (rc != 0)
		return error_set(err, REASON_FILE, "systemctl cannot be run: %s", strerror(rc));
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	return error_set(err, REASON_FILE, "systemctl %s failed: journalctl -u 'postern*' says why", command.list[1]);
}

static int tell(const char *verb, const struct names *units, struct error *err)
{
	struct names words = {.n = 0};
	size_t i;

	if (units->n == 0)
		return 0;
	add(&words, verb);
	for (i = 0; i < units->n; i++)
		add(&words, units->list[i]);
	return systemctl(words.list, err);
}

/* ---- drop-ins ---- */

/* Quoted as systemd.syntax(7) has it, with no specifiers. */
static void add_quoted(struct text *t, const char *value)
{
	text_add_c(t, "\"");
	for (; *value; value++) {
		if (*value == '"' || *value == '\\')
			text_add_c(t, "\\");
		text_add(t, slice_of(value, 1));
		if (*value == '%')
			text_add_c(t, "%");
	}
	text_add_c(t, "\"");
}

/* 1: it was changed, 0: it is as before. */
static int write_drop_in(struct arena *a, const char *unit, const char *name, struct slice bytes, struct error *err)
{
	const char *folder = arena_printf(a, UNITS_SYSTEMD "/%s.d", unit), *path = arena_printf(a, "%s/%s", folder, name);
	struct error ignored;
	struct slice before;

	if (file_read(a, path, FILE_PUBLIC, LIST_MOST, &before, &ignored) == 0 && slice_equal(before, bytes))
		return 0;
	if (folder_make(folder, 0755, err) < 0 || file_write(path, 0644, bytes, err) < 0)
		return -1;
	return 1;
}

static int write_socket(struct arena *a, const char *unit, const struct settings *s, const char *const *addresses, struct error *err)
{
	struct listener_access access;
	struct text t;
	size_t i;

	if (listeners_access(s, &access, err) < 0)
		return -1;

	text_begin(&t, a, 512);
	text_add_c(&t, "# what the settings say; written by postern prepare\n[Socket]\nListenStream=\n");
	for (i = 0; addresses[i]; i++)
		text_addf(&t, "ListenStream=%s\n", http_unix_path(addresses[i]) ? http_unix_path(addresses[i]) : addresses[i]);
	text_addf(&t, "SocketUser=%s-worker\nSocketMode=%04o\n", s->user, (unsigned)access.mode);
	if (s->socket_group)
		text_addf(&t, "SocketGroup=%s\n", s->socket_group);
	return write_drop_in(a, unit, SETTINGS, text_slice(&t), err);
}

static int require_free(struct arena *a, const char *unit, const char *address, bool starts, struct error *err)
{
	const char *path = arena_printf(a, UNITS_SYSTEMD "/%s.d/" SETTINGS, unit);
	struct slice before;
	struct error ignored;
	int fd;

	/* systemd replaces a socket file that nobody has */
	if (http_unix_path(address))
		return 0;
	if (file_read(a, path, FILE_PUBLIC, LIST_MOST, &before, &ignored) == 0 &&
		memmem(before.p, before.n, address, strlen(address)) != NULL)
		return 0;
	if (listeners_open_tcp(address, starts, &fd, err) < 0)
		return -1;
	close(fd);
	return 0;
}

int units_require(struct arena *a, const char *folder, const struct posts *posts, struct error *err)
{
	const struct settings *s = posts->supply->loaded.settings;
	bool starts = !units_are_used(folder);
	struct listener_access access;
	size_t i;

	if (listeners_access(s, &access, err) < 0)
		return -1;
	for (i = 0; s->listen[i]; i++) {
		if (require_free(a, SOCKET, s->listen[i], starts, err) < 0)
			return -1;
	}
	if (s->metrics_listen && require_free(a, METRICS_SOCKET, s->metrics_listen, starts, err) < 0)
		return -1;
	return s->scim_listen ? require_free(a, SCIM_SOCKET, s->scim_listen, starts, err) : 0;
}

static const char *folder_of(struct arena *a, const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash && slash != path ? arena_printf(a, "%.*s", (int)(slash - path), path) : "/";
}

/* Which files in them a role may write says their mode: each has one owner. */
static int write_folders(struct arena *a, const struct settings *s, struct error *err)
{
	static const char *const units[] = {
		"postern-worker@.service", "postern-mirror@.service", "postern-refresh.service", "postern-rules.service",
		"postern-metrics.service", "postern-provision.service", "postern-scim.service",
	};
	struct text t;
	size_t i;
	int changed = 0;

	text_begin(&t, a, 512);
	text_add_c(&t, "# what the settings say; written by postern prepare\n[Service]\nReadWritePaths=");
	add_quoted(&t, s->state_dir);
	text_add_c(&t, " ");
	add_quoted(&t, s->runtime_dir);
	text_add_c(&t, " ");
	add_quoted(&t, folder_of(a, s->audit_file));
	text_add_c(&t, " ");
	add_quoted(&t, folder_of(a, s->accounts.audit_file));
	text_add_c(&t, "\n");
	for (i = 0; i < sizeof(units) / sizeof(*units); i++) {
		int rc = write_drop_in(a, units[i], SETTINGS, text_slice(&t), err);

		if (rc < 0)
			return -1;
		changed |= rc;
	}
	return changed;
}

static int write_patience(struct arena *a, const struct post *post, struct error *err)
{
	struct text t;

	text_begin(&t, a, 512);
	text_addf(&t, "# what the settings say; written by postern prepare\n[Service]\nWatchdogSec=%lld\n", (long long)(post->silence / 1000000));
	return write_drop_in(a, arena_printf(a, "postern-mirror@%s.service", post->instance), SILENCE, text_slice(&t), err);
}

/* ---- which ---- */

static const char *unit_of(struct arena *a, const struct post *post)
{
	if (child_has_link(post->role) || strcmp(post->role, "mirror") == 0)
		return arena_printf(a, "postern-%s@%s.service", post->role, post->instance);
	return arena_printf(a, "postern-%s.service", post->role);
}

/* Where it is told something by the other end of its line. */
static const char *line_socket_of(struct arena *a, const struct post *post)
{
	return arena_printf(a, "postern-%s@%s.socket", strcmp(post->role, "keys") == 0 ? "keys" : "answers", post->instance);
}

#define WORKER "postern-worker@"
#define KEYS "postern-keys@"

static bool is_worker(const char *unit)
{
	return strncmp(unit, WORKER, strlen(WORKER)) == 0;
}

static bool is_keys(const char *unit)
{
	return strncmp(unit, KEYS, strlen(KEYS)) == 0;
}

static void read_started(struct arena *a, const char *path, struct names *out)
{
	struct slice bytes;
	struct error ignored;
	char *at, *line;

	if (file_read(a, path, FILE_PUBLIC, LIST_MOST, &bytes, &ignored) < 0)
		return;
	for (at = (char *)arena_copy(a, bytes); (line = strsep(&at, "\n"));) {
		if (*line)
			add(out, line);
	}
}

static int write_started(struct arena *a, const char *path, const struct names *units, const struct names *others, struct error *err)
{
	struct text t;
	size_t i;

	text_begin(&t, a, 512);
	for (i = 0; i < units->n; i++)
		text_addf(&t, "%s\n", units->list[i]);
	for (i = 0; i < others->n; i++)
		text_addf(&t, "%s\n", others->list[i]);
	return file_write(path, 0644, text_slice(&t), err);
}

/* ---- one preparation ---- */

struct run {
	struct arena *arena;
	const struct posts *posts;
	struct names before, wanted, gone, sockets, fresh, workers, keys, rest;       /* sockets, fresh: to start; workers, keys, rest: to restart */
	int new_sockets, new_units;     /* what was written differs from before */
};

static int write_drop_ins(struct run *r, struct error *err)
{
	const struct settings *s = r->posts->supply->loaded.settings;
	const char *const metrics[] = {s->metrics_listen, NULL}, *const scim[] = {s->scim_listen, NULL};
	struct arena *a = r->arena;
	size_t i;
	int rc = write_socket(a, SOCKET, s, s->listen, err);

	if (rc < 0)
		return -1;
	r->new_sockets |= rc;
	rc = s->metrics_listen ? write_socket(a, METRICS_SOCKET, s, metrics, err) : 0;
	if (rc < 0)
		return -1;
	r->new_sockets |= rc;
	rc = s->scim_listen ? write_socket(a, SCIM_SOCKET, s, scim, err) : 0;
	if (rc < 0)
		return -1;
	r->new_sockets |= rc;
	r->new_units = write_folders(a, s, err);
	if (r->new_units < 0)
		return -1;
	for (i = 0; i < r->posts->count; i++) {
		rc = strcmp(r->posts->list[i].role, "mirror") == 0 ? write_patience(a, &r->posts->list[i], err) : 0;
		if (rc < 0)
			return -1;
		r->new_units |= rc;
	}
	r->new_units |= r->new_sockets;
	return 0;
}

static void sort_out(struct run *r)
{
	size_t i;

	add(&r->wanted, SOCKET);
	if (r->posts->supply->loaded.settings->metrics_listen)
		add(&r->wanted, METRICS_SOCKET);
	if (r->posts->supply->loaded.settings->scim_listen)
		add(&r->wanted, SCIM_SOCKET);
	for (i = 0; i < r->posts->count; i++) {
		const struct post *post = &r->posts->list[i];

		if (child_has_link(post->role))
			add(&r->wanted, line_socket_of(r->arena, post));
		add(&r->wanted, unit_of(r->arena, post));
	}
	for (i = 0; i < r->before.n; i++) {
		if (!has(&r->wanted, r->before.list[i]))
			add(&r->gone, r->before.list[i]);
	}
	for (i = 0; i < r->wanted.n; i++) {
		const char *unit = r->wanted.list[i];

		if (strstr(unit, ".socket"))
			add(&r->sockets, unit);
		else if (!has(&r->before, unit))
			add(&r->fresh, unit);
		else
			add(is_worker(unit) ? &r->workers : is_keys(unit) ? &r->keys : &r->rest, unit);
	}
}

/* A socket is not opened anew while those run that have it: a change of addresses is the one reload that people may notice. */
static int renew_sockets(struct run *r, struct error *err)
{
	if (!r->new_sockets || r->before.n == 0)
		return tell("start", &r->sockets, err);
	log_info("addresses have changed: all stop for a moment", NULL);
	if (tell("stop", &r->workers, err) < 0 || tell("stop", &r->keys, err) < 0 || tell("stop", &r->rest, err) < 0)
		return -1;
	return tell("restart", &r->sockets, err);
}

/* What cannot start now is tried again by systemd, and is no reason for the others not to run. */
static void start(const struct run *r)
{
	struct error err;

	if (tell("start", &r->fresh, &err) < 0)
		log_error("not everything runs yet", "detail", err.detail, NULL);
}

/* Each with its keys role, in the order of their units: the worker finishes with the one that it began with, the next begins with the next. */
static int restart_one_by_one(struct run *r, struct error *err)
{
	size_t i;
	int rc = 0;

	for (i = 0; i < r->workers.n; i++) {
		const char *worker = r->workers.list[i];
		const char *const words[] = {"restart", arena_printf(r->arena, KEYS "%s", worker + strlen(WORKER)), worker, NULL};

		/* the others are to have the new settings all the same */
		if (systemctl(words, err) < 0)
			rc = -1;
	}
	return rc;
}

int units_run(struct arena *a, const char *folder, const struct posts *posts, struct error *err)
{
	static const char *const daemon_reload[] = {"daemon-reload", NULL};
	struct run r = {.arena = a, .posts = posts};
	const char *path = arena_printf(a, "%s/started", folder);
	struct names none = {.n = 0};

	read_started(a, path, &r.before);
	sort_out(&r);
	if (write_drop_ins(&r, err) < 0)
		return -1;
	if (r.new_units && systemctl(daemon_reload, err) < 0)
		return -1;
	if (write_started(a, path, &r.wanted, &r.gone, err) < 0 || tell("stop", &r.gone, err) < 0 || renew_sockets(&r, err) < 0 ||
		write_started(a, path, &r.wanted, &none, err) < 0)
		return -1;
	start(&r);
	return restart_one_by_one(&r, err) < 0 || tell("restart", &r.rest, err) < 0 ? -1 : 0;
}

int units_reload(struct error *err)
{
	static const char *const words[] = {"reload", "postern-prepare.service", NULL};

	return systemctl(words, err);
}
