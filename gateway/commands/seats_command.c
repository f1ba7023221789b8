/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * `postern seats`: how many people each outcome and rule holds, who is licensed
 * and by which groups, and beside it what Atlassian says that it bills.
 */
#include "base/encode.h"
#include "gateway/commands/commands.h"
#include "gateway/settings/settings.h"
#include "gateway/service/folders.h"
#include "gateway/census/seats_record.h"
#include "gateway/commands/census_command.h"
#include "gateway/commands/seats_print.h"
#include "gateway/report.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <unistd.h>

#define EXPORT_MAX ((size_t)256 << 20)

struct asked {
	enum report_form form;
	const char *export;
	int64_t idle;                   /* seconds; 0: as the settings say */
	const char *html;               /* file of the page; NULL: none */
	int html_fd;
	bool no_names, record;
};

static int read_option(struct asked *q, int c)
{
	uint64_t days;

	switch (c) {
	case 'm': q->export = optarg; break;
	case 'c': q->form = REPORT_CSV; break;
	case 'j': q->form = REPORT_JSON; break;
	case 'h': q->html = optarg; break;
	case 'n': q->no_names = true; break;
	case 'r': q->record = true; break;
	case 'i':
		if (number_read(slice_c(optarg), 1, 3650, &days) < 0)
			return CALLED_WRONGLY;
		q->idle = (int64_t)days * 86400;
		break;
	default: return CALLED_WRONGLY;
	}
	return 0;
}

static int read_arguments(int argc, char **argv, struct asked *q)
{
	static const struct option options[] = {
		{"managed-accounts", required_argument, NULL, 'm'}, {"idle", required_argument, NULL, 'i'}, {"csv", no_argument, NULL, 'c'},
		{"json", no_argument, NULL, 'j'}, {"html", required_argument, NULL, 'h'}, {"no-names", no_argument, NULL, 'n'},
		{"record", no_argument, NULL, 'r'}, {0},
	};
	int c;

	optind = 0;
	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (read_option(q, c) != 0)
			return CALLED_WRONGLY;
	}
	if (optind != argc || (q->html && q->form != REPORT_TEXT) || (q->no_names && !q->html))
		return CALLED_WRONGLY;
	return 0;
}

/* ---- all ---- */

/* What was, and then what is: a record of this month is no earlier one. */
static int look_back(struct seats *s, const struct asked *q, struct error *err)
{
	struct arena *a = s->census.arena;
	const char *path = settings_seats_path(a, s->census.gateway.settings);
	struct seats_month *before = arena_alloc(a, sizeof(*before)), now;
	int rc = seats_month_before(a, path, s->census.now, before, err);

	if (rc < 0)
		return -1;
	s->before = rc ? before : NULL;
	if (!q->record)
		return 0;
	seats_month_now(s, &now);
	return seats_month_record(a, path, &now, err);
}

/* The file was opened as who asks; what was in it stays there until the page is whole. */
static int write_html(const struct seats *s, const struct asked *q)
{
	struct slice page = seats_html(s, !q->no_names);
	ssize_t n = 1;

	if (ftruncate(q->html_fd, 0) < 0 && errno != EINVAL)
		n = -1;
	for (size_t at = 0; at < page.n && n > 0; at += n > 0 ? (size_t)n : 0)
		n = write(q->html_fd, page.p + at, page.n - at);
	if (n > 0)
		return 0;
	fprintf(stderr, "postern seats: %s: %s\n", q->html, strerror(errno));
	return 1;
}

static int answer(struct seats *s, const struct asked *q, struct slice csv)
{
	struct error err;

	if (seats_count(s, q->export, csv, q->idle, &err) < 0 || look_back(s, q, &err) < 0)
		return census_fail(&s->census, &err);
	if (q->html)
		return write_html(s, q);
	if (q->form == REPORT_CSV)
		seats_print_csv(s);
	else if (q->form == REPORT_JSON)
		seats_print_json(s);
	else
		seats_print_text(s);
	return report_end("seats");
}

/* As who asks: behind census_open only the roles' user is left. */
static int open_files(struct arena *a, struct asked *q, struct slice *csv)
{
	struct error err;

	if (q->export && file_read(a, q->export, FILE_PUBLIC, EXPORT_MAX, csv, &err) < 0) {
		fprintf(stderr, "postern seats: %s\n", err.detail);
		return -1;
	}
	if (q->html && (q->html_fd = open(q->html, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600)) < 0) {
		fprintf(stderr, "postern seats: %s: %s\n", q->html, strerror(errno));
		return -1;
	}
	return 0;
}

/* Who keeps the month must be who owns its folder. */
static int open_census(struct arena *a, const struct settings *settings, const struct asked *q, struct census *out)
{
	struct error err;

	if (!q->record)
		return census_open(a, "seats", settings, out);
	if (folders_step_down(settings, settings_seats_path(a, settings), &err) == 0 && census_begin(a, "seats", settings, out, &err) == 0)
		return 0;
	fprintf(stderr, "postern seats: %s\n", report_clean(a, err.detail));
	return -1;
}

int command_seats(struct arena *a, const char *settings_path, int argc, char **argv)
{
	struct seats s = {.policy = NULL};
	const struct settings *settings;
	struct slice csv = {NULL, 0};
	struct asked q = {.form = REPORT_TEXT, .html_fd = -1};
	int rc = read_arguments(argc, argv, &q);

	if (rc != 0)
		return rc;
	rc = 1;
	if (open_files(a, &q, &csv) < 0)
		return 1;
	settings = census_settings(a, "seats", files_from_disk(a), settings_path);
	if (settings && open_census(a, settings, &q, &s.census) == 0) {
		s.policy = gateway_policy(&s.census.gateway);
		rc = answer(&s, &q, csv);
		census_close(&s.census);
	}
	if (q.html_fd >= 0 && close(q.html_fd) < 0 && rc == 0) {
		fprintf(stderr, "postern seats: %s: %s\n", q.html, strerror(errno));
		rc = 1;
	}
	return rc;
}
