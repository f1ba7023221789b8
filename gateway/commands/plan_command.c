/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `postern plan`: what would change at Atlassian so that accounts are as the rules want them.  Changes nothing. */
#include "gateway/commands/census_command.h"
#include "gateway/commands/commands.h"
#include "gateway/commands/plan_bill.h"
#include "gateway/host_user.h"
#include "gateway/report.h"
#include "gateway/settings/settings.h"

#include <getopt.h>

struct asked {
	bool json, all;
	const char *release, *person, *most;
	struct way_back_options way_back;
};

static int read_arguments(int argc, char **argv, struct asked *q)
{
	static const struct option options[] = {
		{"all", no_argument, NULL, 'a'}, {"json", no_argument, NULL, 'j'}, {"release", required_argument, NULL, 'r'},
		{"person", required_argument, NULL, 'p'}, {"most", required_argument, NULL, 'm'}, {0},
	};
	int c;

	optind = 0;
	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (c) {
		case 'a': q->all = true; break;
		case 'j': q->json = true; break;
		case 'r': q->release = optarg; break;
		case 'p': q->person = optarg; break;
		case 'm': q->most = optarg; break;
		default: return CALLED_WRONGLY;
		}
	}
	if (optind != argc || (q->all && q->json))
		return CALLED_WRONGLY;
	return provisioning_way_back("plan", q->release, q->person, q->most, &q->way_back) < 0 ? CALLED_WRONGLY : 0;
}

static int show(struct provisioning *p, const struct asked *q)
{
	struct error err;

	if (provisioning_open(p, LEDGER_READ, NULL, NULL, &err) < 0 || provisioning_plan(p, &err) < 0) {
		fprintf(stderr, "postern plan: %s\n", report_clean(p->arena, err.detail));
		return 1;
	}
	if (q->json)
		plan_print_json(p);
	else
		provisioning_print(p, q->all ? PLAN_ALL : PLAN_SOME);
	if (report_end("plan") != 0)
		return 1;
	if (plan_require_read(&p->plan, &err) < 0) {
		fprintf(stderr, "postern plan: %s\n", report_clean(p->arena, err.detail));
		return 1;
	}
	return 0;
}

int command_plan(struct arena *a, const char *settings_path, int argc, char **argv)
{
	struct files *files = files_from_disk(a);
	const struct settings *settings;
	struct provisioning p;
	struct asked q = {.json = false};
	struct error err;
	int rc = read_arguments(argc, argv, &q);

	if (rc != 0)
		return rc;
	settings = census_settings(a, "plan", files, settings_path);
	if (!settings)
		return 1;
	if (provisioning_secrets(a, "plan", files, settings, &p, &err) < 0 || host_user_step_down(settings->user, &err) < 0) {
		fprintf(stderr, "postern plan: %s\n", err.detail);
		return 1;
	}
	p.way_back = q.release ? &q.way_back : NULL;
	rc = show(&p, &q);
	provisioning_end(&p);
	return rc;
}
