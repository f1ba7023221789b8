/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * `postern what-if --rules FILE`: who would get something else by other rules,
 * and what that costs or saves.
 *
 * A change of the account's kind is told apart: Atlassian cannot change it
 * back, so for whoever has an account already it is not a change but a refusal.
 */
#include "gateway/census/census.h"
#include "gateway/commands/census_command.h"
#include "gateway/commands/commands.h"
#include "gateway/report.h"
#include "gateway/settings/settings.h"

#include <getopt.h>

struct asked {
	enum report_form form;
	const char *rules;
};

struct side {
	enum outcome outcome;
	const char *rule;               /* NULL: none matched */
	enum reason refusal;            /* as standing.refusal */
};

struct change {
	const char *directory, *dn, *mail;      /* mail "": none */
	const char *account;            /* in the inventory */
	struct side from, to;
	bool other_kind;
};

struct what_if {
	struct census census;
	const struct asked *asked;
	const struct policy *now;
	struct policy of_file, other;   /* as read, and with the rules of LDAP */
	struct change *changes;
	size_t n, other_kinds, other_rule;      /* other_rule: the same outcome by a rule of another name */
	size_t people[2][OUTCOME_COUNT];        /* who can sign on, before and after */
};

static int read_arguments(int argc, char **argv, struct asked *q)
{
	static const struct option options[] = {
		{"rules", required_argument, NULL, 'r'}, {"csv", no_argument, NULL, 'c'}, {"json", no_argument, NULL, 'j'}, {0},
	};
	int c;

	optind = 0;
	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (c) {
		case 'r': q->rules = optarg; break;
		case 'c': q->form = REPORT_CSV; break;
		case 'j': q->form = REPORT_JSON; break;
		default: return CALLED_WRONGLY;
		}
	}
	return optind == argc && q->rules ? 0 : CALLED_WRONGLY;
}

/* ---- people ---- */

static struct side side_of(const struct standing *s)
{
	return (struct side){s->judgement.decision.outcome, s->judgement.decision.rule, s->refusal.reason};
}

static bool is_let_in(const struct side *s)
{
	return s->outcome != OUTCOME_DENY && s->refusal == REASON_NONE;
}

static const char *kind_of(enum outcome o)
{
	return o == OUTCOME_PORTAL ? "portal" : o == OUTCOME_DENY ? "" : "managed";
}

/* Which of two denials it is, and by which rule, changes nothing for the person. */
static bool is_same(const struct side *a, const struct side *b)
{
	if (a->outcome != b->outcome)
		return false;
	return a->outcome == OUTCOME_DENY || a->refusal == b->refusal;
}

static bool changes_kind(const struct side *from, const struct side *to)
{
	if (to->refusal == REASON_ACCOUNT_KIND)
		return true;
	return *kind_of(from->outcome) && *kind_of(to->outcome) && strcmp(kind_of(from->outcome), kind_of(to->outcome)) != 0;
}

static void note(struct what_if *w, const struct mirror_person *person, struct change change)
{
	struct arena *a = w->census.arena;

	change.directory = person->directory;
	change.dn = arena_strdup(a, person->dn);
	change.mail = person->mail ? arena_strdup(a, person->mail) : "";
	change.other_kind = changes_kind(&change.from, &change.to);
	w->other_kinds += change.other_kind;
	w->changes = arena_grow(a, w->changes, w->n, sizeof(*w->changes));
	w->changes[w->n++] = change;
}

static int compare(struct arena *one_arena, const struct mirror_one *one, void *context)
{
	struct what_if *w = context;
	struct standing from, to;
	struct change c = {.directory = NULL};

	census_judge(one_arena, &w->census, w->now, one, &from);
	census_judge(one_arena, &w->census, &w->other, one, &to);
	c.from = side_of(&from);
	c.to = side_of(&to);
	c.account = judge_account_word(&to.judgement.account);
	w->people[0][c.from.outcome] += is_let_in(&c.from);
	w->people[1][c.to.outcome] += is_let_in(&c.to);
	if (!is_same(&c.from, &c.to))
		note(w, one->person, c);
	else if (strcmp(c.from.rule ? c.from.rule : "", c.to.rule ? c.to.rule : "") != 0)
		w->other_rule++;
	return 0;
}

/* What grows the bill first: by outcome after, outcome before, then by name. */
static int in_order(const void *a, const void *b)
{
	static const int place[OUTCOME_COUNT] = {
		[OUTCOME_LICENSED] = 0, [OUTCOME_CUSTOMER] = 1, [OUTCOME_PORTAL] = 2, [OUTCOME_DENY] = 3,
	};
	const struct change *x = a, *y = b;
	int d = place[x->to.outcome] - place[y->to.outcome];

	if (d == 0)
		d = place[x->from.outcome] - place[y->from.outcome];
	if (d == 0)
		d = strcasecmp(x->mail, y->mail);
	if (d == 0)
		d = strcmp(x->directory, y->directory);
	return d ? d : strcmp(x->dn, y->dn);
}

/* ---- printing ---- */

static long long seats_more(const struct what_if *w)
{
	return (long long)w->people[1][OUTCOME_LICENSED] - (long long)w->people[0][OUTCOME_LICENSED];
}

static const char *side_text(const struct what_if *w, const struct side *s)
{
	bool refused = s->outcome != OUTCOME_DENY && s->refusal != REASON_NONE;

	return arena_printf(w->census.arena, "%s (%s)%s%s", outcome_word(s->outcome),
		s->rule ? report_clean(w->census.arena, s->rule) : "no rule", refused ? " refused: " : "", refused ? reason_word(s->refusal) : "");
}

static void print_changes(const struct what_if *w)
{
	struct arena *a = w->census.arena;
	size_t i;

	for (i = 0; i < w->n; i++) {
		const struct change *c = &w->changes[i];

		printf("  %-40s %s -> %s%s\n", report_clean(a, *c->mail ? c->mail : c->dn), side_text(w, &c->from), side_text(w, &c->to),
			c->other_kind ? "   ANOTHER KIND OF ACCOUNT" : "");
	}
}

/* Changes stand in order, so those of one kind stand together. */
static void print_sums(const struct what_if *w)
{
	size_t i, n = 0;

	for (i = 0; w->changes && i < w->n; i++) {
		const struct change *c = &w->changes[i], *next = i + 1 < w->n ? c + 1 : NULL;

		n++;
		if (next && next->from.outcome == c->from.outcome && next->to.outcome == c->to.outcome)
			continue;
		printf("%-10s %9s  %s -> %s\n", "", report_number(w->census.arena, n), outcome_word(c->from.outcome), outcome_word(c->to.outcome));
		n = 0;
	}
}

static void print_text(const struct what_if *w)
{
	static const enum outcome order[] = {OUTCOME_LICENSED, OUTCOME_CUSTOMER, OUTCOME_PORTAL};
	struct arena *a = w->census.arena;
	long long more = seats_more(w);
	size_t i;

	census_print_mirror(&w->census);
	printf("%-10s %zu in %s, %zu in %s\n", "Rules", w->now->rule_count, w->census.gateway.settings->file, w->other.rule_count, w->asked->rules);
	for (i = 0; i < sizeof(order) / sizeof(*order); i++)
		printf("%-10s %-9s %9s -> %9s people who can sign on\n", i ? "" : "Outcome", outcome_word(order[i]),
			report_number(a, w->people[0][order[i]]), report_number(a, w->people[1][order[i]]));
	printf("%-10s %s\n", "Seats", more == 0 ? "as many as now" : arena_printf(a, "%s %s", report_number(a, (size_t)llabs(more)),
		more > 0 ? "more than now" : "fewer than now"));
	printf("%-10s %s of %s people%s\n", "Changes", report_number(a, w->n), report_number(a, w->census.people), w->n ? ":" : "");
	print_sums(w);
	print_changes(w);
	if (w->other_rule)
		printf("%-10s %s the same by a rule of another name\n", "", report_count(a, w->other_rule, "person gets", "people get"));
	if (w->other_kinds)
		printf("%-10s %s would need another kind of account than now. Atlassian cannot change the kind of an account back:\n"
			"%-10s whoever has one already is refused (account-kind) until somebody moves it by hand\n", "Warning",
			report_count(a, w->other_kinds, "person", "people"), "");
	if (!w->census.gateway.accounts)
		printf("%-10s there is no inventory, so it is not known who has which account: postern accounts import FILE.csv\n", "Note");
}

static void print_csv(const struct what_if *w)
{
	static const char *const head[] = {"mail", "from_outcome", "from_rule", "from_reason", "to_outcome", "to_rule", "to_reason",
		"other_kind", "account", "directory", "dn"};
	size_t i;

	report_csv_row(head, 11);
	for (i = 0; i < w->n; i++) {
		const struct change *c = &w->changes[i];
		const char *const fields[] = {c->mail, outcome_word(c->from.outcome), c->from.rule,
			c->from.refusal ? reason_word(c->from.refusal) : NULL, outcome_word(c->to.outcome), c->to.rule,
			c->to.refusal ? reason_word(c->to.refusal) : NULL, c->other_kind ? "yes" : "no", c->account, c->directory, c->dn};

		report_csv_row(fields, 11);
	}
}

static json_t *side_json(const struct what_if *w, const struct side *s)
{
	json_t *o = json_object();

	report_json(w->census.arena, o, "outcome", outcome_word(s->outcome));
	report_json(w->census.arena, o, "rule", s->rule);
	report_json(w->census.arena, o, "reason", s->refusal ? reason_word(s->refusal) : NULL);
	return o;
}

static json_t *people_json(const size_t people[OUTCOME_COUNT])
{
	json_t *o = json_object();

	for (int i = 0; i < OUTCOME_COUNT; i++) {
		if (i != OUTCOME_DENY)
			json_object_set_new(o, outcome_word((enum outcome)i), json_integer((json_int_t)people[i]));
	}
	return o;
}

static void print_json(const struct what_if *w)
{
	json_t *o = json_object(), *changes = json_array();
	struct arena *a = w->census.arena;
	size_t i;

	census_json_mirror(&w->census, o);
	json_object_set_new(o, "now", people_json(w->people[0]));
	json_object_set_new(o, "then", people_json(w->people[1]));
	json_object_set_new(o, "seats_more", json_integer(seats_more(w)));
	json_object_set_new(o, "other_kind", json_integer((json_int_t)w->other_kinds));
	for (i = 0; i < w->n; i++) {
		const struct change *c = &w->changes[i];
		json_t *one = json_object();

		report_json(a, one, "mail", *c->mail ? c->mail : NULL);
		json_object_set_new(one, "from", side_json(w, &c->from));
		json_object_set_new(one, "to", side_json(w, &c->to));
		json_object_set_new(one, "other_kind", json_boolean(c->other_kind));
		report_json(a, one, "account", c->account);
		report_json(a, one, "directory", c->directory);
		report_json(a, one, "dn", c->dn);
		json_array_append_new(changes, one);
	}
	json_object_set_new(o, "changes", changes);
	json_dumpf(o, stdout, JSON_INDENT(1));
	putchar('\n');
	json_decref(o);
}

/* ---- all ---- */

static int answer(struct what_if *w)
{
	struct error err;

	if (census_each(&w->census, compare, w, &err) < 0)
		return census_fail(&w->census, &err);
	if (w->n)
		qsort(w->changes, w->n, sizeof(*w->changes), in_order);
	if (w->asked->form == REPORT_CSV)
		print_csv(w);
	else if (w->asked->form == REPORT_JSON)
		print_json(w);
	else
		print_text(w);
	return report_end("what-if");
}

static int read_rules(struct arena *a, struct files *files, const struct settings *s, struct what_if *w)
{
	const char *const *problems = NULL;
	struct error err;

	if (settings_read_other_rules(a, files, w->asked->rules, s, &w->of_file, &problems, &err) == 0)
		return 0;
	for (; problems && *problems; problems++)
		fprintf(stderr, "postern what-if: %s\n", *problems);
	return -1;
}

int command_what_if(struct arena *a, const char *settings_path, int argc, char **argv)
{
	struct asked q = {REPORT_TEXT, NULL};
	struct what_if w = {.asked = &q};
	struct files *files = files_from_disk(a);
	const struct settings *s;
	int rc = read_arguments(argc, argv, &q);

	if (rc != 0)
		return rc;
	s = census_settings(a, "what-if", files, settings_path);
	if (!s || read_rules(a, files, s, &w) < 0 || census_open(a, "what-if", s, &w.census) < 0)
		return 1;
	w.now = gateway_policy(&w.census.gateway);
	gateway_policy_with(a, &w.census.gateway, &w.of_file, &w.other);
	rc = answer(&w);
	census_close(&w.census);
	return rc;
}
