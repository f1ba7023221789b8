/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The processes of the service, as the kernel knows them, and the counters in
 * the memory of its parent.
 */
#include "gateway/report.h"
#include "gateway/commands/status.h"
#include "gateway/service/units.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <sys/stat.h>

#define PROC_MAX 65536

static bool is_number(const char *name)
{
	const char *p = name;

	while (isdigit((unsigned char)*p))
		p++;
	return p > name && !*p;
}

/* Files of /proc have no size: read in one go. */
static ssize_t read_proc(const char *path, char *buffer, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -1;
	n = read(fd, buffer, size - 1);
	close(fd);
	if (n >= 0)
		buffer[n] = 0;
	return n;
}

/* Parent and start of a process; its name may hold anything, so what counts stands behind the last bracket. */
static int read_stat(struct arena *a, long pid, long *parent, int64_t *started, int64_t now)
{
	char text[1024], state;
	unsigned long long ticks;
	struct timespec up;
	const char *rest;

	if (read_proc(arena_printf(a, "/proc/%ld/stat", pid), text, sizeof(text)) <= 0 || !(rest = strrchr(text, ')')))
		return -1;
	/* fields 3, 4 and 22 of proc(5) */
	errno = 0;
	state = rest[1] == ' ' ? rest[2] : 0;
	if (!state || state == 'Z')
		return -1;
	*parent = strtol(rest + 3, (char **)&rest, 10);
	for (int i = 5; i < 22 && rest; i++)
		rest = strchr(rest + 1, ' ');
	if (!rest || clock_gettime(CLOCK_BOOTTIME, &up) < 0)
		return -1;
	ticks = strtoull(rest, NULL, 10);
	*started = now - (int64_t)up.tv_sec + (int64_t)(ticks / (unsigned long long)sysconf(_SC_CLK_TCK));
	return errno ? -1 : 0;
}

/* The words `postern role NAME INSTANCE FROM …` of its command line; FROM are settings, or the folder of the units. */
static bool read_role(struct arena *a, long pid, struct status_process *out, const char **from)
{
	char *text = arena_alloc(a, PROC_MAX), *end;
	ssize_t n = read_proc(arena_printf(a, "/proc/%ld/cmdline", pid), text, PROC_MAX);
	const char *words[5] = {NULL};
	size_t i = 0;

	if (n <= 0)
		return false;
	for (end = text + n; text < end && i < 5; text += strlen(text) + 1)
		words[i++] = text;
	if (i < 5 || strcmp(words[1], "role") != 0)
		return false;
	out->role = report_cell(a, words[2], STATUS_NAME);
	out->instance = report_cell(a, words[3], STATUS_NAME);
	*from = words[4];
	return true;
}

/* Children of the parent; without one, what systemd has started as units. */
static bool is_ours(const struct status *s, long parent, const char *from)
{
	return s->running.pid ? parent == (long)s->running.pid : parent == 1 && strcmp(from, UNITS_FOLDER) == 0;
}

static void add_process(struct status *s, long pid)
{
	struct status_process p = {.pid = (pid_t)pid};
	const char *from;
	long parent;

	if (s->process_count == STATUS_PROCESSES || read_stat(s->arena, pid, &parent, &p.started, s->now) < 0 || !read_role(s->arena, pid, &p, &from) || !is_ours(s, parent, from))
		return;
	s->processes = arena_grow(s->arena, s->processes, s->process_count, sizeof(*s->processes));
	s->processes[s->process_count++] = p;
}

/* Workers first, then by name; numbers by their size. */
static int compare(const void *x, const void *y)
{
	const struct status_process *a = x, *b = y;
	bool worker = strcmp(a->role, "worker") == 0, other = strcmp(b->role, "worker") == 0;
	int by_role = strcmp(a->role, b->role);

	if (worker != other)
		return worker ? -1 : 1;
	if (by_role)
		return by_role;
	return strlen(a->instance) == strlen(b->instance) || !worker ? strcmp(a->instance, b->instance) :
		(strlen(a->instance) < strlen(b->instance) ? -1 : 1);
}

/* What another version wrote to its memory is not what this one reads.  -1: it may not be asked. */
static int is_this_program(const struct status *s)
{
	struct stat theirs, ours;

	if (stat(arena_printf(s->arena, "/proc/%ld/exe", (long)s->running.pid), &theirs) < 0 || stat("/proc/self/exe", &ours) < 0)
		return -1;
	return theirs.st_ino == ours.st_ino && theirs.st_dev == ours.st_dev;
}

/* The parent's memory has no name but among its descriptors; that of units is a file. */
static int open_counters(struct status *s)
{
	const char *folder = arena_printf(s->arena, "/proc/%ld/fd", (long)s->running.pid);
	const struct dirent *entry;
	int found = -1;
	DIR *dir;

	if (s->running.units)
		return open(units_metrics_path(s->arena, UNITS_FOLDER), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	dir = opendir(folder);
	if (!dir)
		return -1;
	while (found < 0 && (entry = readdir(dir))) {
		const char *path = arena_printf(s->arena, "%s/%s", folder, entry->d_name);
		char target[256];
		ssize_t n = readlink(path, target, sizeof(target));

		if (n > 0 && (size_t)n < sizeof(target) && memmem(target, (size_t)n, "/memfd:postern-metrics", 22) == target)
			found = open(path, O_RDONLY | O_CLOEXEC);
	}
	closedir(dir);
	return found;
}

static void read_counters(struct status *s)
{
	const struct metrics_sample *samples;
	struct metrics *m = NULL;
	struct error err;
	size_t i, n;
	int fd = -1, same = s->running.units ? 1 : is_this_program(s);

	if (same == 0) {
		status_warn(s, "the service runs another program than this one: it was replaced, and the service not restarted");
		status_cannot_read(s, "counters of the running service: it is another program than this one");
		return;
	}
	if (same > 0)
		fd = open_counters(s);
	if (fd < 0 || metrics_copy(fd, &m, &err) < 0) {
		status_cannot_read(s, "counters of the running service: root may");
		if (fd >= 0)
			close(fd);
		return;
	}
	s->counted = !s->running.units;         /* systemd counts for itself who died */
	n = metrics_read(s->arena, m, &samples);
	for (i = 0; i < n; i++) {
		if (samples[i].metric == METRIC_RESTARTS && samples[i].count)
			status_count(s->arena, &s->restarts, samples[i].values[0], samples[i].count);
	}
	s->audit_failing = metrics_audit_failing(m);
	metrics_close(m);
	close(fd);
}

static bool runs(const struct status *s, const char *role, const char *instance)
{
	size_t i;

	for (i = 0; i < s->process_count; i++) {
		if (strcmp(s->processes[i].role, role) == 0 && (!instance || strcmp(s->processes[i].instance, instance) == 0))
			return true;
	}
	return false;
}

/* By the settings that stand in the file now: that they are not those of the service is said elsewhere. */
static void look_for_missing(struct status *s)
{
	const struct settings *of = s->settings;
	size_t i, workers = 0;

	for (i = 0; i < s->process_count; i++)
		workers += strcmp(s->processes[i].role, "worker") == 0;
	if (workers == 0)
		s->verdict = STATUS_DOWN;
	if (workers < of->workers)
		status_warn(s, "%zu of %zu workers run", workers, of->workers);
	for (i = 0; i < of->directory_count; i++) {
		if (!runs(s, "mirror", of->directories[i].name))
			status_warn(s, "no process follows the directory %s", of->directories[i].name);
	}
	if (!runs(s, "refresh", NULL))
		status_warn(s, "no process fetches metadata");
	if ((of->provision != PROVISION_OFF || of->accounts.organization || of->prices.known) && !runs(s, "provision", NULL))
		status_warn(s, "no process looks after accounts");
	if (of->ldap_rules.directory && !runs(s, "rules", NULL))
		status_warn(s, "no process takes rules of LDAP");
	if (of->metrics_listen && !runs(s, "metrics", NULL))
		status_warn(s, "no process answers /metrics");
	if (of->scim_listen && !runs(s, "scim", NULL))
		status_warn(s, "no process takes what Entra ID provisions");
}

void status_processes(struct status *s)
{
	const struct dirent *entry;
	long parent;
	DIR *dir;

	running_look(s->settings, &s->running);
	if (!s->running.pid && !s->running.units) {
		bool hidden = access(s->settings->runtime_dir, X_OK) < 0 && errno == EACCES;

		s->verdict = hidden ? STATUS_NOT_KNOWN : STATUS_DOWN;
		if (hidden)
			status_cannot_read(s, "%s, which says whether the service runs: %s", s->settings->runtime_dir, strerror(errno));
		return;
	}
	if (s->running.units || read_stat(s->arena, (long)s->running.pid, &parent, &s->started, s->now) < 0)
		s->started = 0;
	dir = opendir("/proc");
	while (dir && (entry = readdir(dir))) {
		if (is_number(entry->d_name))
			add_process(s, strtol(entry->d_name, NULL, 10));
	}
	if (dir)
		closedir(dir);
	if (s->process_count)
		qsort(s->processes, s->process_count, sizeof(*s->processes), compare);
	look_for_missing(s);
	read_counters(s);
}
