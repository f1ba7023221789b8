/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * `postern seats`: how many people each outcome and rule holds, who is licensed
 * and by which groups, and beside it what Atlassian says that it bills.
 */
#include "base/encode.h"
#include "gateway/commands.h"
#include "gateway/seats.h"

#include <getopt.h>

#define EXPORT_MAX ((size_t)256 << 20)

struct asked {
	enum report_form form;
	const char *export;
	int64_t idle;                   /* seconds; 0: as the settings say */
};

static int usage(void)
{
	fputs("usage: postern seats [--managed-accounts FILE.csv] [--idle DAYS] [--csv | --json]\n", stderr);
	return 2;
}

static int read_arguments(int argc, char **argv, struct asked *q)
{
	static const struct option options[] = {
		{"managed-accounts", required_argument, NULL, 'm'}, {"idle", required_argument, NULL, 'i'}, {"csv", no_argument, NULL, 'c'},
		{"json", no_argument, NULL, 'j'}, {0},
	};
	uint64_t days;
	int c;

	optind = 0;
	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (c) {
		case 'm': q->export = optarg; break;
		case 'i':
			if (number_read(slice_c(optarg), 1, 3650, &days) < 0)
				return usage();
			q->idle = (int64_t)days * 86400;
			break;
		case 'c': q->form = REPORT_CSV; break;
		case 'j': q->form = REPORT_JSON; break;
		default: return usage();
		}
	}
	return optind == argc ? 0 : usage();
}

/* ---- people ---- */

bool seats_can_sign_on(const struct seats_person *p)
{
	return p->refusal == REASON_NONE && p->outcome != OUTCOME_DENY;
}

static int count_one(struct arena *one_arena, const struct mirror_one *one, void *context)
{
	struct seats *s = context;
	struct arena *a = s->census.arena;
	struct standing standing;
	struct seats_person *p;

	census_judge(one_arena, &s->census, s->policy, one, &standing);
	s->people = arena_grow(a, s->people, s->people_count, sizeof(*s->people));
	p = &s->people[s->people_count++];
	*p = (struct seats_person){
		.directory = one->person->directory, .dn = arena_strdup(a, one->person->dn),
		.mail = one->person->mail ? arena_strdup(a, one->person->mail) : "",
		.outcome = standing.judgement.decision.outcome, .rule = standing.rule,
		.rule_name = standing.judgement.decision.rule, .refusal = standing.refusal.reason,
		.path = arena_strdup(a, census_path(one_arena, &standing.judgement)),
		.account = judge_account_word(&standing.judgement.account),
	};
	if (p->refusal != REASON_NONE && p->outcome != OUTCOME_DENY)
		p->detail = arena_strdup(a, standing.refusal.detail);
	return 0;
}

/* What costs most first. */
static int place_of(enum outcome o)
{
	return o == OUTCOME_DENY ? OUTCOME_COUNT : (int)o;
}

static int in_order(const void *a, const void *b)
{
	const struct seats_person *x = a, *y = b;
	int d = place_of(x->outcome) - place_of(y->outcome);

	if (d == 0 && x->rule != y->rule)
		d = x->rule < y->rule ? -1 : 1;
	if (d == 0)
		d = strcasecmp(x->mail, y->mail);
	if (d == 0)
		d = strcmp(x->directory, y->directory);
	return d ? d : strcmp(x->dn, y->dn);
}

/* ---- all ---- */

static int count_seats(struct seats *s, const struct asked *q, struct slice csv, struct error *err)
{
	if (census_each(&s->census, count_one, s, err) < 0)
		return -1;
	if (s->people_count)
		qsort(s->people, s->people_count, sizeof(*s->people), in_order);
	bill_begin(&s->bill, s->census.arena, &s->census.gateway.settings->prices);
	s->idle_after = q->idle ? q->idle : s->census.gateway.settings->accounts_idle;
	s->export = q->export;
	if ((q->export ? seats_read_export(s, csv, err) : seats_read_inventory(s, err)) < 0)
		return -1;
	seats_reckon(s);
	return 0;
}

static int answer(struct seats *s, const struct asked *q, struct slice csv)
{
	struct error err;

	if (count_seats(s, q, csv, &err) < 0)
		return census_fail(&s->census, &err);
	if (q->form == REPORT_CSV)
		seats_print_csv(s);
	else if (q->form == REPORT_JSON)
		seats_print_json(s);
	else
		seats_print_text(s);
	return report_end("seats");
}

int command_seats(struct arena *a, const char *settings_path, int argc, char **argv)
{
	struct seats s = {.policy = NULL};
	const struct settings *settings;
	struct slice csv = {NULL, 0};
	struct asked q = {.form = REPORT_TEXT};
	struct error err;
	int rc = read_arguments(argc, argv, &q);

	if (rc != 0)
		return rc;
	/* read as who asks: behind census_open only the roles' user is left */
	if (q.export && file_read(a, q.export, FILE_PUBLIC, EXPORT_MAX, &csv, &err) < 0) {
		fprintf(stderr, "postern seats: %s\n", err.detail);
		return 1;
	}
	settings = census_settings(a, "seats", files_from_disk(a), settings_path);
	if (!settings || census_open(a, "seats", settings, &s.census) < 0)
		return 1;
	s.policy = gateway_policy(&s.census.gateway);
	rc = answer(&s, &q, csv);
	census_close(&s.census);
	return rc;
}
