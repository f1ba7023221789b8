/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `postern who`: the people of an outcome or a rule, or the members of a group, nested ones too, each with the way there. */
#include "base/nearest.h"
#include "gateway/census/census.h"
#include "gateway/commands/census_command.h"
#include "gateway/commands/commands.h"
#include "gateway/settings/settings.h"
#include "gateway/group_name.h"
#include "gateway/report.h"

#include <getopt.h>

enum asked_kind { ASKED_ANY, ASKED_OUTCOME, ASKED_RULE, ASKED_GROUP };

struct asked {
	const char *name;
	enum asked_kind kind;
	enum report_form form;
	enum outcome outcome;
	struct group_name group;
};

struct who_person {
	const char *directory, *dn, *mail;      /* mail "": none */
	enum outcome outcome;
	const char *rule;               /* NULL: none matched */
	enum reason refusal;
	const char *path;
};

struct who {
	struct census census;
	const struct asked *asked;
	struct who_person *people;
	size_t n;
};

static int wrongly(const char *problem, const char *what)
{
	fprintf(stderr, "postern who: %s%s\n", problem, what ? what : "");
	return CALLED_WRONGLY;
}

static int read_arguments(int argc, char **argv, struct asked *q)
{
	static const struct option options[] = {
		{"outcome", no_argument, NULL, 'o'}, {"rule", no_argument, NULL, 'r'}, {"group", no_argument, NULL, 'g'},
		{"csv", no_argument, NULL, 'c'}, {"json", no_argument, NULL, 'j'}, {0},
	};
	int c;

	optind = 0;
	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (c) {
		case 'o': q->kind = ASKED_OUTCOME; break;
		case 'r': q->kind = ASKED_RULE; break;
		case 'g': q->kind = ASKED_GROUP; break;
		case 'c': q->form = REPORT_CSV; break;
		case 'j': q->form = REPORT_JSON; break;
		default: return CALLED_WRONGLY;
		}
	}
	if (optind + 1 != argc)
		return wrongly(optind == argc ? "who has what?" : "one name at a time", NULL);
	q->name = argv[optind];
	return 0;
}

/* ---- what the name means ---- */

/* Exceptions are named like rules. */
static bool is_rule(const struct policy *policy, const char *name)
{
	size_t i;

	for (i = 0; i < policy->rule_count; i++) {
		if (strcmp(policy->rules[i].name, name) == 0)
			return true;
	}
	for (i = 0; i < policy->exception_count; i++) {
		if (strcmp(policy->exceptions[i].name, name) == 0)
			return true;
	}
	return false;
}

/* Of outcomes, rules and exceptions; NULL: none is near. */
static const char *meant(const struct policy *policy, const char *name)
{
	struct nearest near = nearest_begin(name);
	size_t i;

	for (i = 0; i < OUTCOME_COUNT; i++)
		nearest_consider(&near, outcome_word((enum outcome)i));
	for (i = 0; i < policy->rule_count; i++)
		nearest_consider(&near, policy->rules[i].name);
	for (i = 0; i < policy->exception_count; i++)
		nearest_consider(&near, policy->exceptions[i].name);
	return near.word;
}

static int require_group(struct who *w, struct asked *q)
{
	const char *near = meant(gateway_policy(&w->census.gateway), q->name);
	struct mirror_group_found found;
	struct error err;

	if (group_name_read(w->census.arena, w->census.gateway.settings, q->name, &q->group, &err) < 0 ||
		group_name_look(w->census.arena, w->census.gateway.mirror, w->census.gateway.settings, &q->group, &found, &err) < 0) {
		census_fail(&w->census, &err);
		return err.reason == REASON_RULE ? 2 : 1;
	}
	if (found.count == 0) {
		fprintf(stderr, "postern who: the mirror has no group %s%s%s%s\n", q->name, near ? ", and no rule; did you mean " : "", near ? near : "",
			near ? "?" : "");
		return 1;
	}
	if (found.count > 1 && q->group.cn) {
		fprintf(stderr, "postern who: %zu groups are called %s: name the one you mean by its DN, as %s\n", found.count, q->group.cn, found.dn);
		return 2;
	}
	return 0;
}

/* What it can only be, or an error when it may be several things. */
static int find_meaning(struct who *w, struct asked *q)
{
	bool outcome = outcome_read(q->name, &q->outcome) == 0, rule = is_rule(gateway_policy(&w->census.gateway), q->name);

	if (q->kind == ASKED_ANY && outcome && rule)
		return wrongly("this is an outcome and a rule; say which by --outcome or --rule: ", q->name);
	if (q->kind == ASKED_ANY)
		q->kind = outcome ? ASKED_OUTCOME : rule ? ASKED_RULE : ASKED_GROUP;
	if (q->kind == ASKED_OUTCOME)
		return outcome ? 0 : wrongly("an outcome is licensed, customer, portal or deny, not ", q->name);
	if (q->kind == ASKED_RULE)
		return rule ? 0 : wrongly("there is no rule ", q->name);
	return require_group(w, q);
}

/* ---- people ---- */

/* The way to the group; NULL: not a member. */
static const char *way_to(struct arena *a, const struct mirror_person *person, const struct group_name *group)
{
	for (size_t i = 0; i < person->group_count; i++) {
		if (group_name_fits(group, &person->groups[i]))
			return census_group_path(a, person, i);
	}
	return NULL;
}

static int look_at(struct arena *one_arena, const struct mirror_one *one, void *context)
{
	struct who *w = context;
	const struct asked *q = w->asked;
	const struct policy *policy = gateway_policy(&w->census.gateway);
	struct arena *a = w->census.arena;
	struct standing standing;
	const char *path;

	census_judge(one_arena, &w->census, policy, one, &standing);
	if ((q->kind == ASKED_OUTCOME && standing.judgement.decision.outcome != q->outcome) ||
		(q->kind == ASKED_RULE && (!standing.judgement.decision.rule || strcmp(standing.judgement.decision.rule, q->name) != 0)))
		return 0;
	path = q->kind == ASKED_GROUP ? way_to(one_arena, one->person, &q->group) : census_path(one_arena, &standing.judgement);
	if (!path)
		return 0;
	w->people = arena_grow(a, w->people, w->n, sizeof(*w->people));
	w->people[w->n++] = (struct who_person){
		.directory = one->person->directory, .dn = arena_strdup(a, one->person->dn),
		.mail = one->person->mail ? arena_strdup(a, one->person->mail) : "", .outcome = standing.judgement.decision.outcome,
		.rule = standing.judgement.decision.rule, .path = arena_strdup(a, path),
		.refusal = one->person->disabled ? REASON_PERSON_DISABLED : standing.refusal.reason,
	};
	return 0;
}

static int by_name(const void *a, const void *b)
{
	const struct who_person *x = a, *y = b;
	int d = strcasecmp(x->mail, y->mail);

	if (d == 0)
		d = strcmp(x->directory, y->directory);
	return d ? d : strcmp(x->dn, y->dn);
}

/* ---- printing ---- */

/* Of whom the rules give nothing, the outcome says it all. */
static const char *refusal_of(const struct who_person *p)
{
	if (p->refusal == REASON_NONE || p->refusal == REASON_DENIED_BY_DEFAULT || p->refusal == REASON_DENIED_BY_RULE)
		return NULL;
	return reason_word(p->refusal);
}

static void print_text(const struct who *w)
{
	struct arena *a = w->census.arena;
	int width = 0;
	size_t i;

	for (i = 0; i < w->n; i++) {
		int n = (int)strlen(*w->people[i].mail ? w->people[i].mail : w->people[i].dn);

		width = n > width && n <= 48 ? n : width;
	}
	for (i = 0; i < w->n; i++) {
		const struct who_person *p = &w->people[i];
		const char *refusal = refusal_of(p);

		printf("%-*s  %-8s  %-16s  %s%s%s\n", width, report_clean(a, *p->mail ? p->mail : p->dn), outcome_word(p->outcome),
			p->rule ? report_clean(a, p->rule) : "-", report_clean(a, p->path), refusal ? "   refused: " : "", refusal ? refusal : "");
	}
	printf("%s\n", report_count(a, w->n, "person", "people"));
}

static void print_csv(const struct who *w)
{
	static const char *const head[] = {"mail", "outcome", "rule", "reason", "directory", "dn", "groups"};
	size_t i;

	report_csv_row(head, 7);
	for (i = 0; i < w->n; i++) {
		const struct who_person *p = &w->people[i];
		const char *const fields[] = {p->mail, outcome_word(p->outcome), p->rule, refusal_of(p), p->directory, p->dn, p->path};

		report_csv_row(fields, 7);
	}
}

static void print_json(const struct who *w)
{
	struct arena *a = w->census.arena;
	json_t *o = json_object(), *people = json_array();
	size_t i;

	census_json_mirror(&w->census, o);
	report_json(a, o, "asked", w->asked->name);
	for (i = 0; i < w->n; i++) {
		const struct who_person *p = &w->people[i];
		json_t *one = json_object();

		report_json(a, one, "mail", *p->mail ? p->mail : NULL);
		report_json(a, one, "outcome", outcome_word(p->outcome));
		report_json(a, one, "rule", p->rule);
		report_json(a, one, "reason", refusal_of(p));
		report_json(a, one, "directory", p->directory);
		report_json(a, one, "dn", p->dn);
		report_json(a, one, "groups", *p->path ? p->path : NULL);
		json_array_append_new(people, one);
	}
	json_object_set_new(o, "people", people);
	json_dumpf(o, stdout, JSON_INDENT(1));
	putchar('\n');
	json_decref(o);
}

static int answer(struct who *w, struct asked *q)
{
	struct error err;
	int rc = find_meaning(w, q);

	if (rc != 0)
		return rc;
	if (census_each(&w->census, look_at, w, &err) < 0)
		return census_fail(&w->census, &err);
	if (w->n)
		qsort(w->people, w->n, sizeof(*w->people), by_name);
	if (q->form == REPORT_CSV)
		print_csv(w);
	else if (q->form == REPORT_JSON)
		print_json(w);
	else
		print_text(w);
	return report_end("who") != 0 || w->n == 0;
}

int command_who(struct arena *a, const char *settings_path, int argc, char **argv)
{
	struct asked q = {.name = NULL};
	struct who w = {.asked = &q};
	const struct settings *s;
	int rc = read_arguments(argc, argv, &q);

	if (rc != 0)
		return rc;
	s = census_settings(a, "who", files_from_disk(a), settings_path);
	if (!s || census_open(a, "who", s, &w.census) < 0)
		return 1;
	rc = answer(&w, &q);
	census_close(&w.census);
	return rc;
}
