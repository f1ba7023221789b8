/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A plan for programs: what is in it (provision/plan_json.c), and beside it the
 * bill and each person that it names, with why.  Written one after another: for
 * 50,000 people one document in memory would be larger than all else.
 */
#include "gateway/commands/plan_bill.h"
#include "gateway/report.h"

#include <stdlib.h>

static json_t *money_json(struct arena *a, int64_t money)
{
	return money == MONEY_UNKNOWN ? json_null() : json_string(money_exact(a, money));
}

static json_t *sum_json(struct arena *a, size_t people, int64_t money)
{
	json_t *o = json_object();

	json_object_set_new(o, "people", json_integer((json_int_t)people));
	json_object_set_new(o, "month", money_json(a, money));
	return o;
}

static json_t *rows_json(struct arena *a, const struct plan_bill *b)
{
	json_t *list = json_array();

	for (size_t i = 0; i < bill_rows(&b->bill); i++) {
		struct bill_row now = bill_row(&b->bill, &b->now, i), after = bill_row(&b->bill, &b->after, i);
		json_t *o = json_object();

		report_json(a, o, "product", now.word);
		json_object_set_new(o, "now", sum_json(a, now.people, now.money));
		json_object_set_new(o, "after", sum_json(a, after.people, after.money));
		json_array_append_new(list, o);
	}
	return list;
}

static void write_bill(const struct provisioning *p)
{
	struct arena *a = p->arena;
	json_t *o = json_object();
	struct plan_bill b;

	plan_bill_reckon(p, &b);
	report_json(a, o, "currency", b.bill.prices->known ? b.bill.prices->currency : NULL);
	json_object_set_new(o, "now", sum_json(a, b.seats_now, bill_cost(&b.bill, &b.now)));
	json_object_set_new(o, "after", sum_json(a, b.seats_after, bill_cost(&b.bill, &b.after)));
	json_object_set_new(o, "taken", sum_json(a, b.taken, b.taken_money));
	json_object_set_new(o, "given_back", sum_json(a, b.given_back, b.given_back_money));
	json_object_set_new(o, "products", rows_json(a, &b));
	if (p->way_back)
		json_object_set_new(o, "billed", sum_json(a, b.billed, b.billed_money));
	fputs(",\n\"bill\":", stdout);
	json_dumpf(o, stdout, JSON_COMPACT);
	json_decref(o);
}

/* ---- people ---- */

enum { NAMED = 1, SEAT_NOW = 2, SEAT_AFTER = 4 };

/* Whom a plan names that the directory does not have. */
struct gone {
	const char *person, *mail;
	unsigned char flags;
};

struct people {
	const struct provisioning *p;
	unsigned char *flags;           /* of each desired person */
	struct gone *gone;
	size_t gone_count, written;
};

static void note(struct people *w, const char *person, const char *mail, int flags)
{
	const struct desired_person *d = person ? desired_person_by_id(&w->p->desired, person) : NULL;

	if (d) {
		w->flags[d - w->p->desired.people] |= (unsigned char)flags;
	} else if (person || mail) {
		w->gone = arena_grow(w->p->arena, w->gone, w->gone_count, sizeof(*w->gone));
		w->gone[w->gone_count++] = (struct gone){person, mail, (unsigned char)flags};
	}
}

/* Everybody in a step, a task or a problem, and whoever has a seat only now or only after. */
static void note_all(struct people *w)
{
	const struct plan *plan = &w->p->plan;

	for (size_t i = 0; i < plan->step_count; i++) {
		const struct step *s = &plan->steps[i];

		note(w, s->person, NULL, NAMED);
		for (size_t k = 0; k < s->member_count; k++)
			note(w, s->members[k], NULL, NAMED);
	}
	for (size_t i = 0; i < plan->task_count; i++)
		note(w, plan->tasks[i].person, plan->tasks[i].mail, NAMED);
	for (size_t i = 0; i < plan->problem_count; i++)
		note(w, plan->problems[i].person, NULL, NAMED);
	for (size_t i = 0; i < plan->seat_count; i++) {
		const struct plan_seat *s = &plan->seats[i];

		note(w, s->person, s->mail, (s->now ? SEAT_NOW : 0) | (s->after ? SEAT_AFTER : 0) | (s->now != s->after ? NAMED : 0));
	}
}

static void write_person(struct people *w, json_t *o, int flags)
{
	json_object_set_new(o, "seat_now", json_boolean(flags & SEAT_NOW));
	json_object_set_new(o, "seat_after", json_boolean(flags & SEAT_AFTER));
	fputs(w->written++ ? ",\n" : "\n", stdout);
	json_dumpf(o, stdout, JSON_COMPACT);
	json_decref(o);
}

static void write_desired(struct people *w, const struct desired_person *d, int flags)
{
	struct arena *one = arena_new();
	json_t *o = json_object();

	report_json(one, o, "person", d->id);
	report_json(one, o, "mail", d->mail);
	report_json(one, o, "directory", d->directory);
	report_json(one, o, "dn", d->dn);
	report_json(one, o, "wants", desired_kind_word(d->kind));
	report_json(one, o, "rule", d->rule);
	report_json(one, o, "why", d->why ? d->why : d->rule);
	report_json(one, o, "held", d->held);
	write_person(w, o, flags);
	arena_free(one);
}

static int by_name(const void *a, const void *b)
{
	const struct gone *x = a, *y = b;
	const char *one = x->person ? x->person : x->mail, *other = y->person ? y->person : y->mail;

	return strcmp(one, other);
}

static void write_gone(struct people *w)
{
	struct arena *a = w->p->arena;

	if (w->gone_count)
		qsort(w->gone, w->gone_count, sizeof(*w->gone), by_name);
	for (size_t i = 0; i < w->gone_count; i++) {
		struct gone all = w->gone[i];
		json_t *o;

		for (; i + 1 < w->gone_count && by_name(&all, &w->gone[i + 1]) == 0; i++) {
			all.flags |= w->gone[i + 1].flags;
			all.mail = all.mail ? all.mail : w->gone[i + 1].mail;
		}
		if (!(all.flags & NAMED))
			continue;
		o = json_object();
		report_json(a, o, "person", all.person);
		report_json(a, o, "mail", all.mail ? all.mail : provisioning_mail(w->p, all.person));
		report_json(a, o, "directory", NULL);
		report_json(a, o, "wants", desired_kind_word(DESIRED_NOTHING));
		report_json(a, o, "why", plan_reason(w->p, NULL));
		write_person(w, o, all.flags);
	}
}

static void write_people(const struct provisioning *p)
{
	struct people w = {.p = p, .flags = arena_alloc(p->arena, p->desired.count + 1)};

	note_all(&w);
	fputs(",\n\"people\":[", stdout);
	for (size_t i = 0; i < p->desired.count; i++) {
		if (w.flags[i] & NAMED)
			write_desired(&w, &p->desired.people[i], w.flags[i]);
	}
	write_gone(&w);
	fputs("]", stdout);
}

static void print(struct slice piece, void *context)
{
	(void)context;
	fwrite(piece.p, 1, piece.n, stdout);
}

void plan_print_json(const struct provisioning *p)
{
	plan_write_open(&p->plan, print, NULL);
	write_bill(p);
	write_people(p);
	fputs("}\n", stdout);
}
