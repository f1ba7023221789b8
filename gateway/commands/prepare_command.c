/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * `postern prepare`: what the parent does before it starts roles, for roles
 * that systemd starts.  Reads and judges everything as the parent does, leaves
 * each role its snapshot, and with --units has systemd run them.  What is
 * wrong changes nothing: the roles that run go on with what they have.
 *
 * With --tree it makes instead what the parent of postern.service could not, which
 * may become others and nothing else: folders of others, and files in them.
 *
 * `postern reload`: whoever runs reads everything again.
 */
#include "base/log.h"
#include "gateway/commands/commands.h"
#include "gateway/settings/settings.h"
#include "gateway/service/running.h"
#include "gateway/service/units.h"

#include <getopt.h>
#include <sys/stat.h>
#include <unistd.h>

struct prepare {
	const char *settings_path, *folder;
	bool units, tree, beside;
};

static int leave(struct arena *a, const struct prepare *p, const struct posts *posts, struct error *err)
{
	if (p->units && units_require(a, p->folder, posts, err) < 0)
		return -1;
	if (units_write(a, p->folder, posts, posts->supply->loaded.user.gid, err) < 0)
		return -1;
	log_info("prepared", "folder", p->folder, NULL);
	return p->units ? units_run(a, p->folder, posts, err) : 0;
}

/*
 * Beside a service, as before an upgrade: it has the lock, and its roles the
 * folders.  Where the settings name another runtime_dir by now it cannot be
 * seen, so who knows that one runs says so.
 */
static int prepare_tree(struct arena *a, const struct prepare *p, struct supply *supply, struct error *err)
{
	struct running parent = {0};
	const struct settings *s;
	bool beside;
	int lock;

	if (settings_read(a, files_from_disk(a), p->settings_path, &s, NULL, err) == 0)
		running_look(s, &parent);
	beside = p->beside || parent.pid;
	if (loaded_read(p->settings_path, beside ? LOADED_BESIDE : LOADED_FOR_SERVE, &supply->loaded, err) < 0)
		return -1;
	if (beside)
		return 0;
	lock = running_say(-1, supply->loaded.settings, running_time());
	if (lock >= 0)
		close(lock);
	return 0;
}

static int prepare(struct arena *a, const struct prepare *p, struct supply *supply, struct error *err)
{
	struct posts posts = {.supply = supply};
	struct running parent;
	int rc;

	if (loaded_read(p->settings_path, LOADED_FOR_UNITS, &supply->loaded, err) < 0)
		return -1;
	running_look(supply->loaded.settings, &parent);
	if (parent.pid)
		return error_set(err, REASON_FILE, "postern serve runs with these settings, process %ld: end it first", (long)parent.pid);
	posts_make(&posts);
	rc = leave(a, p, &posts, err);
	posts_free(&posts);
	return rc;
}

int command_prepare(struct arena *a, const char *settings_path, int argc, char **argv)
{
	static const struct option options[] = {{"folder", required_argument, NULL, 'f'}, {"units", no_argument, NULL, 'u'},
		{"tree", no_argument, NULL, 't'}, {"beside", no_argument, NULL, 'b'}, {0}};
	struct prepare p = {.settings_path = settings_path, .folder = UNITS_FOLDER};
	struct supply supply = {.path = settings_path};
	struct error err;
	bool reload;
	int c, rc;

	optind = 0;
	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 'f')
			p.folder = optarg;
		else if (c == 'u')
			p.units = true;
		else if (c == 't')
			p.tree = true;
		else if (c == 'b')
			p.beside = true;
		else
			return CALLED_WRONGLY;
	}
	if (optind != argc || (p.units && p.tree) || (p.beside && !p.tree))
		return CALLED_WRONGLY;
	if (geteuid() != 0) {
		fputs("postern prepare: is for root: it hands each role what only root may read\n", stderr);
		return 1;
	}
	umask(022);
	log_begin("prepare", LOG_LEVEL_INFO);
	if (saml_start(&err) < 0) {
		log_error("cannot start", "detail", err.detail, NULL);
		return 1;
	}
	reload = !p.tree && units_are_used(p.folder);
	rc = p.tree ? prepare_tree(a, &p, &supply, &err) : prepare(a, &p, &supply, &err);
	if (rc < 0)
		log_error("not prepared, what runs stays as it is", "detail", err.detail, NULL);
	if (reload)
		units_count_reload(a, p.folder, rc == 0);
	if (supply.loaded.arena)
		loaded_free(&supply.loaded);
	saml_stop();
	return rc < 0 ? 1 : 0;
}

int command_reload(struct arena *a, const char *settings_path, int argc, char **argv)
{
	const struct settings *s;
	struct running running;
	const char *const *problems = NULL;
	struct error err;

	(void)argv;
	if (argc != 1)
		return CALLED_WRONGLY;
	if (settings_read(a, files_from_disk(a), settings_path, &s, &problems, &err) < 0) {
		for (; problems && *problems; problems++)
			fprintf(stderr, "postern reload: %s\n", *problems);
		return 1;
	}
	if (running_reload(s, &running, &err) < 0) {
		fprintf(stderr, "postern reload: %s\n", err.detail);
		return 1;
	}
	puts("the new settings are in force");
	return 0;
}
