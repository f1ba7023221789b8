/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * `postern ledger`: for which accounts Postern answers, what it last asked of
 * Atlassian, and what of it belongs to a connection that is called otherwise
 * now, or is no more.
 *
 * Needs no key and asks Atlassian nothing.
 */
#include "base/encode.h"
#include "gateway/commands/census_command.h"
#include "gateway/commands/commands.h"
#include "gateway/commands/ledger_history.h"
#include "gateway/host_user.h"
#include "gateway/settings/settings.h"
#include "gateway/service/folders.h"
#include "gateway/provisioning/provisioning.h"
#include "gateway/report.h"

#include <getopt.h>
#include <unistd.h>

#define CALLS_SHOWN 20
#define CALLS_MOST 100000

struct asked {
	struct arena *arena;
	const struct settings *settings;
	const char *what;               /* "list", "calls", "rename", "forget" */
	const char *name, *to;
	size_t last;
	bool failed, json;              /* of the calls only those; for programs */
	const char *mail;               /* only those about who has it; NULL */
	struct ledger *ledger;
};

static int fail(struct arena *a, const struct error *err)
{
	fprintf(stderr, "postern ledger: %s\n", report_clean(a, err->detail));
	return 1;
}

static int read_options(int argc, char **argv, struct asked *q)
{
	static const struct option options[] = {{"last", required_argument, NULL, 'l'}, {"failed", no_argument, NULL, 'f'},
		{"json", no_argument, NULL, 'j'}, {0}};
	uint64_t n;
	int c;

	optind = 0;
	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 'l' && number_read(slice_c(optarg), 1, CALLS_MOST, &n) == 0)
			q->last = (size_t)n;
		else if (c == 'f')
			q->failed = true;
		else if (c == 'j')
			q->json = true;
		else
			return CALLED_WRONGLY;
	}
	return 0;
}

static int read_arguments(int argc, char **argv, struct asked *q)
{
	static const struct { const char *what; int least, most; } words[] = {{"list", 0, 0}, {"calls", 0, 1}, {"rename", 2, 2}, {"forget", 1, 1}};
	const struct asked none = *q;
	size_t i = 0;
	int names;

	if (read_options(argc, argv, q) != 0)
		return CALLED_WRONGLY;
	q->what = optind < argc ? argv[optind] : "list";
	while (i < sizeof(words) / sizeof(*words) && strcmp(words[i].what, q->what) != 0)
		i++;
	names = optind < argc ? argc - optind - 1 : 0;
	if (i == sizeof(words) / sizeof(*words) || names < words[i].least || names > words[i].most)
		return CALLED_WRONGLY;
	if (strcmp(q->what, "calls") == 0) {
		q->mail = names > 0 ? argv[optind + 1] : NULL;
		return 0;
	}
	if (q->last != none.last || q->failed || q->json)
		return CALLED_WRONGLY;
	q->name = names > 0 ? argv[optind + 1] : NULL;
	q->to = names > 1 ? argv[optind + 2] : NULL;
	return 0;
}

/* ---- what it keeps ---- */

static bool makes_accounts(const struct settings *s, const char *name)
{
	const struct settings_connection *c = settings_connection(s, name);

	return c && c->accounts;
}

/* Of one connection; the lists are in the order of its names. */
struct kept {
	size_t accounts, made, unwanted, ended, groups, attached;
};

static void print_kept(const struct asked *q, const char *name, const struct kept *k)
{
	struct arena *a = q->arena;

	printf("%s%s\n", report_clean(a, name), makes_accounts(q->settings, name) ? "" : ": no connection with accounts is called that");
	printf("  %s (%s made, %s adopted), of which %s are not wanted any more and %s were switched off; %s made\n",
		report_count(a, k->accounts, "account", "accounts"), report_number(a, k->made), report_number(a, k->accounts - k->made), report_number(a, k->unwanted),
		report_number(a, k->ended), report_count(a, k->groups, "group", "groups"));
	if (k->attached)
		printf("  %s customer organizations attached to desks\n", report_number(a, k->attached));
}

static void count_groups(const struct asked *q, const struct ledger_view *v, const char *name, struct kept *k)
{
	const char *desk, *organization;

	for (size_t i = 0; i < v->group_count; i++)
		if (strcmp(v->groups[i].target, name) == 0)
			*(ledger_attachment_read(q->arena, &v->groups[i], &desk, &organization) ? &k->attached : &k->groups) += 1;
}

static int list(const struct asked *q)
{
	struct ledger_view v;
	struct error err;

	if (ledger_load(q->arena, q->ledger, &v, &err) < 0)
		return fail(q->arena, &err);
	if (v.count == 0)
		puts("The ledger keeps no accounts.");
	for (size_t i = 0, next; i < v.count; i = next) {
		struct kept k = {0};

		for (next = i; next < v.count && strcmp(v.people[next].target, v.people[i].target) == 0; next++) {
			const struct ledger_person *p = &v.people[next];

			k.accounts++;
			k.made += p->deed == LEDGER_CREATED;
			k.unwanted += p->unwanted_since != 0 && !p->ended;
			k.ended += p->ended != 0;
		}
		count_groups(q, &v, v.people[i].target, &k);
		print_kept(q, v.people[i].target, &k);
	}
	if (v.run)
		printf("\nA plan is being done, or was cut short: postern apply goes on with it.\n");
	return report_end("ledger");
}

/* ---- calls ---- */

static int calls(struct asked *q)
{
	const struct ledger_history history = {.arena = q->arena, .last = q->last, .failed = q->failed, .mail = q->mail, .json = q->json};
	struct error err;

	return ledger_history_print(&history, q->ledger, &err) < 0 ? fail(q->arena, &err) : report_end("ledger");
}

/* ---- changing ---- */

/* What is under way would be under one name and end under another. */
static int change(struct asked *q)
{
	struct arena *a = q->arena;
	struct error err;
	size_t n = 0;

	if (q->to && !makes_accounts(q->settings, q->to)) {
		error_set(&err, REASON_SETTINGS, "%s: no connection with accounts is called %.200s", q->settings->file, q->to);
		return fail(a, &err);
	}
	if ((q->to ? ledger_rename(q->ledger, q->name, q->to, &n, &err) : ledger_forget(q->ledger, q->name, &n, &err)) < 0)
		return fail(a, &err);
	if (q->to)
		printf("What was of %s is of %s now: %s.\n", report_clean(a, q->name), q->to, report_count(a, n, "account", "accounts"));
	else
		printf("Postern does not answer for the %s of %s any more; nothing changes at Atlassian.\n", report_count(a, n, "account", "accounts"),
			report_clean(a, q->name));
	return report_end("ledger");
}

static int open_and_do(struct asked *q)
{
	const char *path = provisioning_ledger_path(q->arena, q->settings);
	bool changes = q->name != NULL;
	struct error err;
	int lock = -1, rc;

	if ((changes ? folders_step_down(q->settings, path, &err) : host_user_step_down(q->settings->user, &err)) < 0 ||
		(changes && provisioning_lock(q->arena, q->settings, &lock, &err) < 0) ||
		ledger_open(path, changes ? LEDGER_WRITE : LEDGER_READ, &q->ledger, &err) < 0) {
		rc = fail(q->arena, &err);
	} else {
		rc = changes ? change(q) : strcmp(q->what, "calls") == 0 ? calls(q) : list(q);
		ledger_close(q->ledger);
	}
	if (lock >= 0)
		close(lock);
	return rc;
}

int command_ledger(struct arena *a, const char *settings_path, int argc, char **argv)
{
	struct asked q = {.arena = a, .last = CALLS_SHOWN};
	int rc = read_arguments(argc, argv, &q);

	if (rc != 0)
		return rc;
	q.settings = census_settings(a, "ledger", files_from_disk(a), settings_path);
	return q.settings ? open_and_do(&q) : 1;
}
