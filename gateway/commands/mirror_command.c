/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * `postern mirror`: what is in it, how it stands, and whether a removal that is
 * held may go (ldap/mirror_refresh.c).
 *
 * Reads the file as the roles' user, holds no password and asks no directory.
 */
#include "base/clock.h"
#include "base/encode.h"
#include "gateway/commands/commands.h"
#include "gateway/settings/settings.h"
#include "gateway/service/folders.h"
#include "gateway/commands/mirror_print.h"
#include "gateway/staleness.h"

#include <getopt.h>
#include <sys/stat.h>

/* Names of what is held, in `status` and `accept`. */
#define EXAMPLES 5

struct asked {
	struct arena *arena;
	const struct settings *settings;
	const char *what, *name;        /* name NULL: none given */
	bool json;
	struct mirror *mirror;
};

static int wrongly(const char *problem)
{
	fprintf(stderr, "postern mirror: %s\n", problem);
	return CALLED_WRONGLY;
}

static int fail(const struct error *err)
{
	fprintf(stderr, "postern mirror: %s\n", err->detail);
	return 1;
}

/* ---- status ---- */

static int gather_status(struct asked *q, const char *name, struct mirror_status *out, struct error *err)
{
	struct mirror_status s = {.name = name, .now = clock_now()};
	struct mirror_state *state = &s.state;

	if (mirror_state(q->arena, q->mirror, name, state, err) < 0)
		return -1;
	s.age = state->filled ? staleness_age(state->as_of, s.now) : FACTS_AGE_UNKNOWN;
	s.staleness = staleness_word(staleness_of(q->settings, name, s.age));
	if ((state->people_held.n || state->groups_held.n) &&
		mirror_held(q->arena, q->mirror, name, EXAMPLES, &s.examples, &s.example_count, err) < 0)
		return -1;
	*out = s;
	return 0;
}

/* Exit status 1: something is held, or a directory was never read whole. */
static int status(struct asked *q)
{
	const struct settings *s = q->settings;
	struct mirror_status *list = arena_alloc(q->arena, (s->directory_count + 1) * sizeof(*list));
	const char *path = settings_mirror_path(q->arena, s);
	struct stat st = {.st_size = 0};
	struct error err;
	size_t i, n = 0;
	int bad = 0;

	for (i = 0; i < s->directory_count; i++) {
		if (q->name && strcmp(q->name, s->directories[i].name) != 0)
			continue;
		if (gather_status(q, s->directories[i].name, &list[n], &err) < 0)
			return fail(&err);
		bad |= !list[n].state.filled || list[n].state.people_held.n || list[n].state.groups_held.n;
		n++;
	}
	if (stat(path, &st) < 0)
		st.st_size = 0;
	mirror_print_status(list, n, path, (int64_t)st.st_blocks * 512, q->json);
	return bad ? 1 : 0;
}

/* ---- person, group ---- */

static int entries(struct asked *q, enum mirror_entry_kind kind)
{
	const struct settings *s = q->settings;
	const struct mirror_entry *list;
	struct mirror_status of;
	struct error err;
	size_t i, n;

	if (mirror_entries_named(q->arena, q->mirror, s->directories, s->directory_count, kind, q->name, &list, &n, &err) < 0)
		return fail(&err);
	if (n == 0) {
		fprintf(stderr, "postern mirror: no %s is named \"%s\"\n", kind == MIRROR_ENTRY_PERSON ? "person" : "group", q->name);
		return 1;
	}
	mirror_print_begin(q->json);
	for (i = 0; i < n; i++) {
		if (gather_status(q, list[i].directory, &of, &err) < 0)
			return fail(&err);
		mirror_print_entry(q->arena, &list[i], &of, q->json);
	}
	mirror_print_end(q->json);
	return 0;
}

/* ---- accept ---- */

static int accept_held(struct asked *q)
{
	const char *path = settings_mirror_path(q->arena, q->settings);
	struct mirror_removal people, groups;
	struct mirror_status held;
	struct error err;

	if (gather_status(q, q->name, &held, &err) < 0)
		return fail(&err);
	mirror_close(q->mirror);        /* LMDB lets one process open a file once */
	q->mirror = NULL;
	if (mirror_accept(path, q->name, &people, &groups, &err) < 0)
		return fail(&err);
	held.state.people_held = people;
	held.state.groups_held = groups;
	mirror_print_accepted(&held, q->json);
	return people.n || groups.n ? 0 : 1;
}

/* ---- the command ---- */

static int run(struct asked *q)
{
	const char *path = settings_mirror_path(q->arena, q->settings);
	bool is_accept = strcmp(q->what, "accept") == 0;
	struct error err;
	int rc;

	if (q->name && strcmp(q->what, "person") != 0 && strcmp(q->what, "group") != 0 && !settings_directory(q->settings, q->name)) {
		fprintf(stderr, "postern mirror: there is no directory \"%s\"\n", q->name);
		return 2;
	}
	if (folders_step_down(q->settings, is_accept ? path : NULL, &err) < 0)
		return fail(&err);
	if (strcmp(q->what, "dump") == 0)
		rc = mirror_open_copy(path, q->settings->state_dir, &q->mirror, &err);
	else
		rc = mirror_open(path, &q->mirror, &err);
	if (rc < 0)
		return fail(&err);
	if (strcmp(q->what, "status") == 0)
		rc = status(q);
	else if (strcmp(q->what, "person") == 0)
		rc = entries(q, MIRROR_ENTRY_PERSON);
	else if (strcmp(q->what, "group") == 0)
		rc = entries(q, MIRROR_ENTRY_GROUP);
	else if (strcmp(q->what, "dump") == 0)
		rc = mirror_dump(q->mirror, q->settings, q->name);
	else
		rc = accept_held(q);
	mirror_close(q->mirror);
	return rc;
}

static bool is_known(const char *what)
{
	return strcmp(what, "status") == 0 || strcmp(what, "person") == 0 || strcmp(what, "group") == 0 || strcmp(what, "dump") == 0 ||
		strcmp(what, "accept") == 0;
}

int command_mirror(struct arena *a, const char *settings_path, int argc, char **argv)
{
	static const struct option options[] = {{"json", no_argument, NULL, 'j'}, {0}};
	struct asked q = {.arena = a};
	struct error err;
	int c, left;

	optind = 0;
	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c != 'j')
			return CALLED_WRONGLY;
		q.json = true;
	}
	left = argc - optind;
	if (left < 1 || left > 2 || !is_known(argv[optind]))
		return wrongly(left < 1 ? "what?" : left > 2 ? "one name at a time" : "there is no such thing to do");
	q.what = argv[optind];
	q.name = left == 2 ? argv[optind + 1] : NULL;
	if (!q.name && (strcmp(q.what, "person") == 0 || strcmp(q.what, "group") == 0))
		return wrongly("which one?");
	if (!q.name && strcmp(q.what, "accept") == 0)
		return wrongly("of which directory?");
	if (settings_read(a, files_from_disk(a), settings_path, &q.settings, NULL, &err) < 0)
		return fail(&err);
	return run(&q);
}
