/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Audit lines in, people and sums out. */
#include "gateway/commands/observe_report.h"

#include "base/encode.h"
#include "gateway/report.h"

#include <search.h>

#define LINE_MAX_BYTES ((size_t)1 << 20)

static const char *const verdicts[] = {"denied", "elsewhere", "refused", "same"};
#define VERDICT_COUNT (sizeof(verdicts) / sizeof(*verdicts))

struct observe_report *observe_report_new(struct arena *a, const struct settings *s, const char *door, int64_t since)
{
	struct observe_report *r = arena_alloc(a, sizeof(*r));

	*r = (struct observe_report){.arena = a, .settings = s, .door = door, .since = since};
	return r;
}

/* ---- reading ---- */

static int compare(const void *a, const void *b)
{
	return strcmp(((const struct observe_person *)a)->key, ((const struct observe_person *)b)->key);
}

static const char *text_of(const json_t *o, const char *key)
{
	return json_string_value(json_object_get(o, key));
}

static const char *known_verdict(const char *word)
{
	size_t i;

	for (i = 0; word && i < VERDICT_COUNT; i++) {
		if (strcmp(verdicts[i], word) == 0)
			return verdicts[i];
	}
	return NULL;
}

static const char *or_none(const char *s)
{
	return s ? s : "";
}

static struct observe_person *find_or_add(struct observe_report *r, const struct observe_person *p)
{
	struct observe_person wanted = *p, **found, *fresh;
	char *key;

	/* with lengths, so that no two are one */
	if (asprintf(&key, "%zu:%s%zu:%s%zu:%s%s|%zu:%s%zu:%s%zu:%s%zu:%s", strlen(or_none(p->mail)), or_none(p->mail), strlen(or_none(p->dn)),
		or_none(p->dn), strlen(p->door), p->door, p->verdict, strlen(or_none(p->outcome)), or_none(p->outcome), strlen(or_none(p->rule)),
		or_none(p->rule), strlen(or_none(p->requirement)), or_none(p->requirement), strlen(or_none(p->reason)), or_none(p->reason)) < 0)
		abort();
	wanted.key = key;
	found = tfind(&wanted, &r->tree, compare);
	if (found) {
		free(key);
		return *found;
	}
	fresh = arena_alloc(r->arena, sizeof(*fresh));
	*fresh = (struct observe_person){
		.key = arena_strdup(r->arena, key), .mail = arena_strdup(r->arena, p->mail), .dn = arena_strdup(r->arena, p->dn),
		.door = arena_strdup(r->arena, p->door), .verdict = p->verdict, .outcome = arena_strdup(r->arena, p->outcome),
		.rule = arena_strdup(r->arena, p->rule), .requirement = arena_strdup(r->arena, p->requirement),
		.reason = arena_strdup(r->arena, p->reason),
	};
	free(key);
	if (!tsearch(fresh, &r->tree, compare))
		abort();
	r->people = arena_grow(r->arena, r->people, r->person_count, sizeof(*r->people));
	r->people[r->person_count++] = fresh;
	return fresh;
}

static void count(struct observe_report *r, const json_t *o, int64_t time)
{
	const json_t *observed = json_object_get(o, "observed");
	/* in spite of what the rules would have given, somebody may be refused for another reason (another kind of account) */
	bool refused = !text_of(o, "event") || strcmp(text_of(o, "event"), "refusal") == 0;
	struct observe_person p = {
		.mail = text_of(o, "mail"), .dn = text_of(o, "dn"), .door = text_of(o, "door"), .verdict = known_verdict(text_of(observed, "verdict")),
		.outcome = text_of(observed, "outcome"), .rule = text_of(observed, "rule"), .requirement = text_of(observed, "requirement"),
		.reason = text_of(observed, "reason"),
	}, *met;

	if (!p.verdict || !p.door || (!p.mail && !p.dn)) {
		r->unreadable++;
		return;
	}
	if ((r->door && strcmp(r->door, p.door) != 0) || time < r->since)
		return;
	if (refused) {
		p.verdict = "refused";
		p.reason = text_of(o, "reason");
	}
	met = find_or_add(r, &p);
	met->first = met->count == 0 || time < met->first ? time : met->first;
	met->last = time > met->last ? time : met->last;
	met->count++;
	r->first = r->observed == 0 || time < r->first ? time : r->first;
	r->last = time > r->last ? time : r->last;
	r->observed++;
}

void observe_report_line(struct observe_report *r, struct slice line)
{
	json_t *o;
	int64_t time;

	r->lines++;
	if (!memmem(line.p, line.n, "\"observed\":{", 12))
		return;
	o = line.n > LINE_MAX_BYTES ? NULL : json_loadb(line.p, line.n, JSON_REJECT_DUPLICATES, NULL);
	if (!json_is_object(json_object_get(o, "observed")) || !text_of(o, "time") || time_read(slice_c(text_of(o, "time")), &time) < 0)
		r->unreadable++;
	else
		count(r, o, time);
	json_decref(o);
}

/* ---- printing ---- */

static int by_verdict_and_rule(const void *a, const void *b)
{
	const struct observe_person *x = *(const struct observe_person *const *)a, *y = *(const struct observe_person *const *)b;
	int c = strcmp(x->verdict, y->verdict);

	if (c == 0)
		c = strcmp(or_none(x->reason), or_none(y->reason));
	if (c == 0)
		c = strcmp(or_none(x->rule), or_none(y->rule));
	if (c == 0)
		c = strcmp(or_none(x->requirement), or_none(y->requirement));
	return c ? c : strcasecmp(or_none(x->mail), or_none(y->mail));
}

/* The people of one verdict, reason, rule and requirement stand together: from i to the end that is given back. */
static size_t end_of_group(const struct observe_report *r, size_t i)
{
	const struct observe_person *first = r->people[i];

	while (i < r->person_count && strcmp(first->verdict, r->people[i]->verdict) == 0 &&
		strcmp(or_none(first->reason), or_none(r->people[i]->reason)) == 0 && strcmp(or_none(first->rule), or_none(r->people[i]->rule)) == 0 &&
		strcmp(or_none(first->requirement), or_none(r->people[i]->requirement)) == 0)
		i++;
	return i;
}

static const char *name_of(const struct observe_person *p)
{
	return p->mail ? p->mail : p->dn;
}

static int by_name(const void *a, const void *b)
{
	return strcasecmp(name_of(*(const struct observe_person *const *)a), name_of(*(const struct observe_person *const *)b));
}

/* A person whom one rule would have refused, and another one later, is one person. */
static void sum(const struct observe_report *r, const char *verdict, size_t *sign_ons, size_t *people)
{
	const struct observe_person **met = arena_alloc(r->arena, (r->person_count + 1) * sizeof(*met));
	size_t i, n = 0;

	*sign_ons = *people = 0;
	for (i = 0; i < r->person_count; i++) {
		if (strcmp(r->people[i]->verdict, verdict) != 0)
			continue;
		*sign_ons += r->people[i]->count;
		met[n++] = r->people[i];
	}
	if (n)
		qsort(met, n, sizeof(*met), by_name);
	for (i = 0; i < n; i++)
		*people += i == 0 || by_name(&met[i - 1], &met[i]) != 0;
}

static void print_group(struct observe_report *r, size_t from, size_t to)
{
	const struct observe_person *g = r->people[from];
	char last[21];
	size_t i;

	printf("\n%s%s%s%s%s%s%s\n", strcmp(g->verdict, "denied") == 0 ? "Would be refused: " : strcmp(g->verdict, "elsewhere") == 0 ?
		"Would be sent to the portal" : "Refused all the same: ", report_clean(r->arena, g->reason), g->rule ? ", rule " : "", report_clean(r->arena, g->rule),
		g->requirement ? ", requirement " : "", report_clean(r->arena, g->requirement), g->rule || g->requirement ? "" : ", no rule matched");
	for (i = from; i < to; i++) {
		time_write(r->people[i]->last, last);
		printf("  %-40s %6zu x  last %s  %s\n", report_clean(r->arena, name_of(r->people[i])),
			r->people[i]->count, last, report_clean(r->arena, r->people[i]->door));
	}
}

static void print_text(struct observe_report *r)
{
	static const char *const lines[] = {
		"let through, whom the rules would refuse", "let through, whom the rules would send to the portal",
		"refused all the same", "let through, as the rules would",
	};
	char first[21], last[21];
	size_t i, n, sign_ons, people;

	for (i = 0; i < r->settings->connection_count; i++) {
		if (r->settings->connections[i].observe)
			printf("Observing: at %s rules keep nobody out (observe: yes)\n", r->settings->connections[i].name);
	}
	if (r->unreadable)
		printf("%zu lines could not be read\n", r->unreadable);
	if (r->observed == 0) {
		printf("No sign-on was observed among %zu lines of the audit\n", r->lines);
		return;
	}
	time_write(r->first, first);
	time_write(r->last, last);
	printf("%zu sign-ons observed, from %s to %s\n\n", r->observed, first, last);
	for (i = 0; i < VERDICT_COUNT; i++) {
		sum(r, verdicts[i], &sign_ons, &people);
		printf("  %-52s %7zu sign-ons %7zu people\n", lines[i], sign_ons, people);
	}
	for (i = 0; i < r->person_count; i = n) {
		n = end_of_group(r, i);
		if (strcmp(r->people[i]->verdict, "same") != 0)
			print_group(r, i, n);
	}
}

static void print_csv(const struct observe_report *r)
{
	static const char *const head[] = {
		"mail", "dn", "door", "verdict", "reason", "outcome", "rule", "requirement", "sign_ons", "first", "last",
	};
	char first[21], last[21];
	size_t i;

	report_csv_row(head, sizeof(head) / sizeof(*head));
	for (i = 0; i < r->person_count; i++) {
		const struct observe_person *p = r->people[i];
		const char *fields[] = {
			p->mail, p->dn, p->door, p->verdict, p->reason, p->outcome, p->rule, p->requirement,
			arena_printf(r->arena, "%zu", p->count), first, last,
		};

		time_write(p->first, first);
		time_write(p->last, last);
		report_csv_row(fields, sizeof(fields) / sizeof(*fields));
	}
}

static void add_time(struct arena *a, json_t *o, const char *key, int64_t time)
{
	char text[21];

	time_write(time, text);
	report_json(a, o, key, text);
}

static json_t *person_json(struct arena *a, const struct observe_person *p)
{
	json_t *o = json_object();

	report_json(a, o, "mail", p->mail);
	report_json(a, o, "dn", p->dn);
	report_json(a, o, "door", p->door);
	report_json(a, o, "verdict", p->verdict);
	report_json(a, o, "reason", p->reason);
	report_json(a, o, "outcome", p->outcome);
	report_json(a, o, "rule", p->rule);
	report_json(a, o, "requirement", p->requirement);
	json_object_set_new(o, "sign_ons", json_integer((json_int_t)p->count));
	add_time(a, o, "first", p->first);
	add_time(a, o, "last", p->last);
	return o;
}

static json_t *rules_json(const struct observe_report *r)
{
	json_t *list = json_array();
	size_t i, k, n, sign_ons;

	for (i = 0; i < r->person_count; i = n) {
		const struct observe_person *p = r->people[i];
		json_t *o = json_object();

		n = end_of_group(r, i);
		for (sign_ons = 0, k = i; k < n; k++)
			sign_ons += r->people[k]->count;
		report_json(r->arena, o, "verdict", p->verdict);
		report_json(r->arena, o, "reason", p->reason);
		report_json(r->arena, o, "rule", p->rule);
		report_json(r->arena, o, "requirement", p->requirement);
		json_object_set_new(o, "sign_ons", json_integer((json_int_t)sign_ons));
		json_object_set_new(o, "people", json_integer((json_int_t)(n - i)));
		json_array_append_new(list, o);
	}
	return list;
}

static void print_json(const struct observe_report *r)
{
	json_t *o = json_object(), *totals = json_object(), *people = json_array();
	size_t i, sign_ons, count;

	json_object_set_new(o, "lines", json_integer((json_int_t)r->lines));
	json_object_set_new(o, "unreadable", json_integer((json_int_t)r->unreadable));
	json_object_set_new(o, "observed", json_integer((json_int_t)r->observed));
	if (r->observed) {
		add_time(r->arena, o, "first", r->first);
		add_time(r->arena, o, "last", r->last);
	}
	for (i = 0; i < VERDICT_COUNT; i++) {
		sum(r, verdicts[i], &sign_ons, &count);
		json_object_set_new(totals, verdicts[i], json_pack("{s:I,s:I}", "sign_ons", (json_int_t)sign_ons, "people", (json_int_t)count));
	}
	json_object_set_new(o, "totals", totals);
	json_object_set_new(o, "rules", rules_json(r));
	for (i = 0; i < r->person_count; i++)
		json_array_append_new(people, person_json(r->arena, r->people[i]));
	json_object_set_new(o, "people", people);
	json_dumpf(o, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(o);
}

static void keep(void *person)
{
	(void)person;                   /* the arena's */
}

void observe_report_print(struct observe_report *r, enum report_form form)
{
	tdestroy(r->tree, keep);
	r->tree = NULL;
	if (r->person_count)
		qsort(r->people, r->person_count, sizeof(*r->people), by_verdict_and_rule);
	if (form == REPORT_JSON)
		print_json(r);
	else if (form == REPORT_CSV)
		print_csv(r);
	else
		print_text(r);
}
