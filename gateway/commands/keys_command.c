/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `postern keys`: which signing keys there are, and their life from made to retired. */
#include "gateway/commands/commands.h"
#include "gateway/settings/settings.h"

#include "base/clock.h"
#include "base/encode.h"
#include "gateway/commands/keys.h"

#include <errno.h>
#include <getopt.h>
#include <unistd.h>

#include <sys/file.h>
#include <sys/stat.h>

/*
 * Three years, as Entra's own.  2048 bits: a third of the CPU of 3072, what
 * Entra signs with, and sound until the end of such a life.
 */
#define DAYS_USUAL 1095
#define DAYS_MOST 3650
#define BITS_USUAL 2048
#define LOCK_PATIENCE_US 10000000        /* for another `postern keys` */
#define LOCK_AGAIN_US 50000

struct asked {
	bool all, requests, json, reload;
	unsigned days, bits;
	int count;                      /* of words */
	char **words;
};

struct action {
	const char *name;
	const char *options;            /* names that it takes, each with a blank behind it */
	/* 0, 1: as an exit status; -1: err; or CALLED_WRONGLY */
	int (*run)(struct keys *k, const struct asked *q, struct error *err);
	bool changes;                   /* wants keys_dir locked */
	bool makes_folder;
};

/* ---- the actions ---- */

static int list(struct keys *k, const struct asked *q, struct error *err)
{
	(void)err;
	if (q->count != 0)
		return CALLED_WRONGLY;
	return q->json ? keys_list_json(k) : keys_list_text(k);
}

static int make(struct keys *k, const struct asked *q, struct error *err)
{
	const struct keys_make wish = {
		.name = q->words[0], .days = q->days ? q->days : DAYS_USUAL, .bits = q->bits ? q->bits : BITS_USUAL,
	};

	return q->count == 1 ? keys_make(k, &wish, err) : CALLED_WRONGLY;
}

static int activate(struct keys *k, const struct asked *q, struct error *err)
{
	if (q->all && q->requests)
		return CALLED_WRONGLY;
	if (q->all || q->requests)
		return q->count == 1 ? keys_activate(k, q->all ? KEYS_ALL : KEYS_REQUESTS, NULL, q->words[0], err) : CALLED_WRONGLY;
	return q->count == 2 ? keys_activate(k, KEYS_CONNECTION, q->words[0], q->words[1], err) : CALLED_WRONGLY;
}

static int retire(struct keys *k, const struct asked *q, struct error *err)
{
	return q->count == 1 ? keys_retire(k, q->words[0], err) : CALLED_WRONGLY;
}

static int instructions(struct keys *k, const struct asked *q, struct error *err)
{
	int first = q->requests ? 0 : 1;

	if (q->count < first || q->count > first + 1)
		return CALLED_WRONGLY;
	return keys_instructions(k, q->requests ? NULL : q->words[0], q->count > first ? q->words[first] : NULL, err);
}

static const struct action actions[] = {
	{"list", "json ", list, false, false},
	{"make", "days bits reload ", make, true, true},
	{"activate", "all requests reload ", activate, true, false},
	{"retire", "reload ", retire, true, false},
	{"instructions", "requests ", instructions, false, false},
};

static const struct action *action_named(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(actions) / sizeof(*actions); i++) {
		if (strcmp(actions[i].name, name) == 0)
			return &actions[i];
	}
	return NULL;
}

/* ---- the command line ---- */

static int read_number(const char *text, unsigned least, unsigned most, unsigned *out)
{
	uint64_t n;

	if (number_read(slice_c(text), least, most, &n) < 0) {
		fprintf(stderr, "postern keys: \"%s\" is not a number from %u to %u\n", text, least, most);
		return -1;
	}
	*out = (unsigned)n;
	return 0;
}

/* argv[0] is the action's name. */
static int read_arguments(int argc, char **argv, const struct action *action, struct asked *q)
{
	static const struct option options[] = {
		{"json", no_argument, NULL, 'j'}, {"days", required_argument, NULL, 'd'}, {"bits", required_argument, NULL, 'b'},
		{"all", no_argument, NULL, 'a'}, {"requests", no_argument, NULL, 'q'}, {"reload", no_argument, NULL, 'r'}, {0},
	};
	char name[32];
	int c, at;

	optind = 0;
	while ((c = getopt_long(argc, argv, "", options, &at)) != -1) {
		if (c == '?')
			return -1;
		snprintf(name, sizeof(name), "%s ", options[at].name);
		if (!strstr(action->options, name))
			return -1;
		switch (c) {
		case 'j': q->json = true; break;
		case 'a': q->all = true; break;
		case 'q': q->requests = true; break;
		case 'r': q->reload = true; break;
		case 'd':
			if (read_number(optarg, 1, DAYS_MOST, &q->days) < 0)
				return -1;
			break;
		default:
			if (read_number(optarg, 2048, 4096, &q->bits) < 0)
				return -1;
			break;
		}
	}
	q->count = argc - optind;
	q->words = argv + optind;
	return 0;
}

/* ---- running an action ---- */

/* One that was stopped in the middle (Ctrl-Z), or hangs on a disk, must not hold up this one for ever. */
static int lock_folder(int folder, const char *path, struct error *err)
{
	int64_t began = clock_monotonic_us();
	bool told = false;

	while (flock(folder, LOCK_EX | LOCK_NB) < 0) {
		int64_t waited = clock_monotonic_us() - began;

		if (errno != EWOULDBLOCK && errno != EINTR)
			return error_set(err, REASON_FILE, "%s: cannot be locked: %s", path, strerror(errno));
		if (waited >= LOCK_PATIENCE_US)
			return error_set(err, REASON_FILE, "%s: another `postern keys` is at work here", path);
		if (waited >= 1000000 && !told) {
			fprintf(stderr, "postern keys: %s: waiting for another `postern keys`, %d s at most\n", path, LOCK_PATIENCE_US / 1000000);
			told = true;
		}
		usleep(LOCK_AGAIN_US);
	}
	return 0;
}

/* Opens, locks and enters keys_dir: from here on the path is not used to write. */
static int enter(struct keys *k, const struct action *action, struct error *err)
{
	const char *path = k->settings->keys_dir;
	int found = folder_open_own(path, &k->folder, err);

	if (found == 0 && action->makes_folder) {
		if (mkdir(path, 0700) < 0 && errno != EEXIST)
			return error_set(err, REASON_FILE, "%s: cannot be made: %s", path, strerror(errno));
		found = folder_open_own(path, &k->folder, err);
	}
	if (found <= 0)
		return found < 0 ? -1 : error_set(err, REASON_FILE, "%s: is not there yet: postern keys make NAME makes it", path);
	if (lock_folder(k->folder, path, err) < 0)
		return -1;
	if (fchdir(k->folder) < 0)
		return error_set(err, REASON_FILE, "%s: cannot be worked in: %s", path, strerror(errno));
	return 0;
}

static void say_reload(const struct keys *k)
{
	struct running running;

	running_look(k->settings, &running);
	if (running.pid || running.units)
		printf("Not live yet.  When you want it to be: postern reload\n");
	else
		printf("Live at the next start or reload; no running service can be seen from here.\n");
}

static int reload(const struct keys *k, struct error *err)
{
	struct running running;

	if (running_reload(k->settings, &running, err) < 0)
		return -1;
	if (running.pid)
		printf("Live: the service (process %ld) took it over.\n", (long)running.pid);
	else
		printf("Live: the units took it over.\n");
	return 0;
}

static int run(struct keys *k, const struct action *action, const struct asked *q, const char *settings_path, struct error *err)
{
	int rc;

	if (settings_read(k->arena, k->files, settings_path, &k->settings, NULL, err) < 0)
		return -1;
	if (action->changes && enter(k, action, err) < 0)
		return -1;
	if (keyring_read(k->arena, k->files, k->settings, &k->keyring, err) < 0)
		return -1;
	rc = action->run(k, q, err);
	if (rc != 0 || !action->changes)
		return rc;
	if (q->reload)
		return reload(k, err);
	say_reload(k);
	return 0;
}

int command_keys(struct arena *a, const char *settings_path, int argc, char **argv)
{
	struct keys k = {.arena = a, .files = files_from_disk(a), .now = clock_now(), .folder = -1};
	const struct action *action = argc > 1 ? action_named(argv[1]) : NULL;
	struct asked q = {0};
	struct error err;
	int rc;

	if (!action || read_arguments(argc - 1, argv + 1, action, &q) < 0)
		return CALLED_WRONGLY;
	rc = run(&k, action, &q, settings_path, &err);
	if (rc == -1)
		fprintf(stderr, "postern keys: %s\n", err.detail);
	if (k.folder >= 0)
		close(k.folder);
	return rc < 0 ? 1 : rc;
}
