/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `postern status`: how the service is doing, for a person at a terminal and for monitoring. */
#include "gateway/commands/commands.h"
#include "gateway/settings/settings.h"

#include "base/clock.h"
#include "gateway/report.h"
#include "gateway/commands/status.h"

#include <getopt.h>
#include <unistd.h>

#define CANNOT_SAY 3                    /* as monitoring plugins have it: neither good nor bad is known */

static bool wants_colours(void)
{
	const char *term = getenv("TERM"), *no = getenv("NO_COLOR");

	return isatty(STDOUT_FILENO) && term && strcmp(term, "dumb") != 0 && !(no && *no);
}

int command_status(struct arena *a, const char *settings_path, int argc, char **argv)
{
	static const struct option options[] = {{"json", no_argument, NULL, 'j'}, {0}};
	struct files *files = files_from_disk(a);
	struct status s = {.arena = a, .now = clock_now()};
	struct error err;
	bool json = false;
	int c;

	optind = 0;
	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c != 'j')
			return CALLED_WRONGLY;
		json = true;
	}
	if (optind != argc) {
		fputs("postern status: it is about the whole service, and takes no name\n", stderr);
		return CALLED_WRONGLY;
	}
	if (settings_read(a, files, settings_path, &s.settings, NULL, &err) < 0 || saml_start(&err) < 0 ||
		status_gather(&s, files, &err) < 0) {
		fprintf(stderr, "postern status: %s\n", err.detail);
		return CANNOT_SAY;
	}
	if (json)
		status_print_json(&s);
	else
		status_print(&s, wants_colours());
	saml_stop();
	return report_end("status") == 0 ? (int)s.verdict : CANNOT_SAY;
}
