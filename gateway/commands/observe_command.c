/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * `postern observe report`: what the rules would have done to the people who
 * came to connections with `observe: yes`, from the audit.
 *
 * Reads the lines that have `observed`, one at a time; what is kept grows with
 * the number of people, not of lines.  Other lines are passed over without
 * being parsed.  The audit may hold what a worker that was taken over wrote:
 * nothing of it reaches a terminal but plain text.
 */
#include "gateway/commands/observe_report.h"

#include "base/clock.h"
#include "base/encode.h"
#include "gateway/commands/commands.h"
#include "gateway/host_user.h"
#include "gateway/report.h"
#include "gateway/settings/settings.h"

#include <errno.h>
#include <getopt.h>

struct asked {
	const char *door;
	int64_t since;                  /* 0: all */
	enum report_form form;
	char *const *files;             /* NULL-terminated; none: audit_file */
};

static int wrongly(const char *problem, const char *what)
{
	fprintf(stderr, "postern observe: %s%s\n", problem, what ? what : "");
	return CALLED_WRONGLY;
}

static int read_since(struct arena *a, const char *text, int64_t *out)
{
	int64_t back, now = clock_now();

	if (time_read(slice_c(text), out) == 0 || time_read(slice_c(arena_printf(a, "%sT00:00:00Z", text)), out) == 0)
		return 0;
	if (duration_read(slice_c(text), &back) < 0 || back > now)
		return -1;
	*out = now - back;
	return 0;
}

static int read_arguments(struct arena *a, int argc, char **argv, struct asked *q)
{
	static const struct option options[] = {
		{"since", required_argument, NULL, 's'}, {"door", required_argument, NULL, 'd'}, {"json", no_argument, NULL, 'j'},
		{"csv", no_argument, NULL, 'c'}, {0},
	};
	int c;

	optind = 0;
	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (c) {
		case 'd': q->door = optarg; break;
		case 's':
			if (read_since(a, optarg, &q->since) < 0)
				return wrongly("--since wants a time, not ", optarg);
			break;
		case 'j':
		case 'c':
			if (q->form != REPORT_TEXT)
				return wrongly("--json or --csv, not both", NULL);
			q->form = c == 'j' ? REPORT_JSON : REPORT_CSV;
			break;
		default: return CALLED_WRONGLY;
		}
	}
	if (optind == argc || strcmp(argv[optind], "report") != 0)
		return wrongly(optind == argc ? "what?" : "there is no ", optind == argc ? NULL : argv[optind]);
	q->files = argv + optind + 1;
	return 0;
}

static int read_file(const char *path, struct observe_report *r, struct error *err)
{
	FILE *f = fopen(path, "re");
	struct progress progress;
	char *line = NULL;
	size_t size = 0;
	ssize_t n;

	if (!f)
		return error_set(err, REASON_FILE, "%s: cannot be read: %s", path, strerror(errno));
	progress_begin(&progress, "lines read", 0);
	errno = 0;
	while ((n = getline(&line, &size, f)) > 0) {
		observe_report_line(r, slice_of(line, (size_t)n));
		progress_at(&progress, r->lines);
	}
	progress_end(&progress);
	free(line);
	n = ferror(f) ? error_set(err, REASON_FILE, "%s: cannot be read: %s", path, strerror(errno)) : 0;
	fclose(f);
	return (int)n;
}

int command_observe(struct arena *a, const char *settings_path, int argc, char **argv)
{
	const struct settings *settings;
	struct asked q = {.files = NULL};
	struct observe_report *r;
	struct error err;
	size_t i;
	int rc = read_arguments(a, argc, argv, &q);

	if (rc != 0)
		return rc;
	if (settings_read(a, files_from_disk(a), settings_path, &settings, NULL, &err) < 0 || host_user_step_down(settings->user, &err) < 0)
		goto fail;
	if (q.door && !settings_connection(settings, q.door))
		return wrongly("there is no connection named ", q.door);
	r = observe_report_new(a, settings, q.door, q.since);
	if (!q.files[0] && read_file(settings->audit_file, r, &err) < 0)
		goto fail;
	for (i = 0; q.files[i]; i++) {
		if (read_file(q.files[i], r, &err) < 0)
			goto fail;
	}
	observe_report_print(r, q.form);
	return report_end("observe");
fail:
	fprintf(stderr, "postern observe: %s\n", err.detail);
	return 1;
}
