/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * `postern fill`: the directories read once into the mirror, without the
 * service, so that who, seats, what-if and explain have something to answer by.
 *
 * The same reading as the service's: a second fill asks only for what changed,
 * and a service that is started later goes on from there.
 */
#include "base/clock.h"
#include "base/log.h"
#include "gateway/commands/commands.h"
#include "gateway/settings/settings.h"
#include "gateway/service/folders.h"
#include "gateway/report.h"
#include "gateway/service/running.h"
#include "scim/scim.h"

#include <signal.h>
#include <unistd.h>

/* As the parent has patience with a mirror role: libldap may hang in TLS and name look-ups whatever its time-outs say. */
#define SILENCE_SECONDS 60

struct fill {
	struct arena *arena;
	const struct settings *settings;
	const struct directory_options *directory;
	struct progress progress;
	size_t entries;
	const char *uri;                /* read whole from there; NULL: not yet */
	size_t lost;                    /* addresses that failed */
	const char *why;                /* the last of them */
};

/* In a signal handler: only what is safe there. */
static void silent(int number)
{
	static const char words[] = "postern fill: the directory server does not answer, and the connection hangs\n";

	(void)number;
	if (write(STDERR_FILENO, words, sizeof(words) - 1) < 0)
		_exit(1);
	_exit(1);
}

static void alive(void *context)
{
	(void)context;
	alarm(SILENCE_SECONDS);
}

/* Once all addresses have failed there is nothing to wait for. */
static bool must_stop(void *context)
{
	const struct fill *f = context;
	size_t n = 0;

	while (f->directory->uris[n])
		n++;
	return f->uri || f->lost >= n;
}

static void entry(void *context)
{
	struct fill *f = context;

	progress_at(&f->progress, ++f->entries);
}

static void whole(void *context, const char *uri)
{
	struct fill *f = context;

	f->uri = arena_strdup(f->arena, uri);
}

static void lost(void *context, const char *why)
{
	struct fill *f = context;

	f->lost++;
	f->why = arena_strdup(f->arena, why);
	progress_end(&f->progress);
	fprintf(stderr, "postern fill: %s: %s\n", f->directory->name, report_clean(f->arena, why));
}

static int tell(const struct fill *f, int64_t begun)
{
	struct mirror_state state;
	struct mirror *mirror;
	struct error err;
	int rc = -1;

	if (mirror_open(settings_mirror_path(f->arena, f->settings), &mirror, &err) == 0) {
		rc = mirror_state(f->arena, mirror, f->directory->name, &state, &err);
		mirror_close(mirror);
	}
	if (rc < 0) {
		fprintf(stderr, "postern fill: %s\n", err.detail);
		return 1;
	}
	printf("%s: %s and %s; %s read from %s in %.1f s\n", f->directory->name, report_count(f->arena, state.people, "person", "people"),
		report_count(f->arena, state.groups, "group", "groups"), report_count(f->arena, f->entries, "entry", "entries"), f->uri, (double)(clock_monotonic_us() - begun) / 1e6);
	return 0;
}

static int fill_one(struct arena *a, const struct settings *s, const struct directory_options *directory)
{
	struct fill f = {.arena = a, .settings = s, .directory = directory};
	const struct mirror_progress progress = {.alive = alive, .stop = must_stop, .context = &f, .entry = entry, .whole = whole, .lost = lost};
	int64_t begun = clock_monotonic_us();
	struct error err;
	int rc;

	progress_begin(&f.progress, arena_printf(a, "reading %s", directory->name), 0);
	rc = directory->kind == DIRECTORY_SCIM ? scim_follow(settings_mirror_path(a, s), settings_scim_path(a, s), directory, &progress, &err)
		: mirror_follow(settings_mirror_path(a, s), directory, &progress, &err);
	alarm(0);
	progress_end(&f.progress);
	if (rc < 0) {
		fprintf(stderr, "postern fill: %s\n", err.detail);
		return 1;
	}
	return f.uri ? tell(&f, begun) : 1;
}

/* Passwords are read while we may still read them. */
static struct directory_options *with_passwords(struct arena *a, struct files *files, const struct settings *s, struct error *err)
{
	struct directory_options *list = arena_alloc(a, (s->directory_count + 1) * sizeof(*list));

	for (size_t i = 0; i < s->directory_count; i++) {
		list[i] = s->directories[i];
		if (settings_directory_secrets(files, s, i, &list[i], err) < 0)
			return NULL;
	}
	return list;
}

static int fill_all(struct arena *a, const struct settings *s, const struct directory_options *directories)
{
	int failed = 0;

	signal(SIGALRM, silent);
	log_begin("fill", LOG_LEVEL_ERROR);     /* what is lost is said here, in our own words */
	for (size_t i = 0; i < s->directory_count; i++)
		failed |= fill_one(a, s, &directories[i]);
	return failed;
}

int command_fill(struct arena *a, const char *settings_path, int argc, char **argv)
{
	struct files *files = files_from_disk(a);
	const char *const *problems = NULL;
	struct directory_options *directories;
	const struct settings *s;
	struct running running;
	struct error err;

	(void)argv;
	if (argc != 1)
		return CALLED_WRONGLY;
	if (settings_read_for(SETTINGS_TO_ANSWER, a, files, settings_path, &s, &problems, &err) < 0) {
		for (; problems && *problems; problems++)
			fprintf(stderr, "postern fill: %s\n", *problems);
		return 1;
	}
	running_look(s, &running);
	if (running.pid || running.units) {
		fputs("postern fill: the service runs and keeps the mirror as the directories are\n", stderr);
		return 1;
	}
	directories = with_passwords(a, files, s, &err);
	if (!directories || folders_enter(a, s, settings_mirror_path(a, s), &err) < 0) {
		fprintf(stderr, "postern fill: %s\n", err.detail);
		return 1;
	}
	return fill_all(a, s, directories) || report_end("fill");
}
