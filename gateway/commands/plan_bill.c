/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A plan in money: see plan_bill.h. */
#include "gateway/commands/plan_bill.h"
#include "gateway/report.h"

const char *plan_reason(const struct provisioning *p, const char *person)
{
	const char *why = person ? plan_why(&p->desired, person) : NULL;

	if (why)
		return report_clean(p->arena, why);
	return person && desired_person_by_id(&p->desired, person) ? "" : "in no directory";
}

/* Whom no rule licenses has, while it lasts, what licensed people usually have. */
static product_set products_of(const struct provisioning *p, struct bill *b, const struct plan_seat *seat)
{
	const struct desired_person *d = seat->person ? desired_person_by_id(&p->desired, seat->person) : NULL;

	return bill_of_rule(b, d && d->kind == DESIRED_LICENSED ? d->rule : NULL);
}

void plan_bill_reckon(const struct provisioning *p, struct plan_bill *out)
{
	struct plan_bill b = {.seats_now = 0};
	struct bill_users stay = {0};
	int64_t cost;

	bill_begin(&b.bill, p->arena, &p->settings->prices);
	for (size_t i = 0; i < p->plan.seat_count; i++) {
		const struct plan_seat *seat = &p->plan.seats[i];
		product_set set = products_of(p, &b.bill, seat);

		b.seats_now += seat->now;
		b.seats_after += seat->after;
		b.taken += seat->after && !seat->now;
		b.given_back += seat->now && !seat->after;
		if (seat->now)
			bill_add(&b.bill, &b.now, set);
		if (seat->after)
			bill_add(&b.bill, &b.after, set);
		if (seat->now && seat->after)
			bill_add(&b.bill, &stay, set);
	}
	cost = bill_cost(&b.bill, &stay);
	b.given_back_money = cost == MONEY_UNKNOWN ? cost : bill_cost(&b.bill, &b.now) - cost;
	b.taken_money = cost == MONEY_UNKNOWN ? cost : bill_cost(&b.bill, &b.after) - cost;
	*out = b;
}

/* ---- on a terminal ---- */

static const char *more(struct arena *a, int64_t now, int64_t after)
{
	if (now == MONEY_UNKNOWN)
		return "";
	return arena_printf(a, "%s%s", after < now ? "" : "+", money_text(a, after - now));
}

static void print_row(struct arena *a, const char *title, const char *name, const struct bill_row *now, const struct bill_row *after)
{
	printf("%-10s %-28s %9s %13s  %9s %13s %14s\n", title, report_cell(a, name, 28), report_number(a, now->people), money_text(a, now->money),
		report_number(a, after->people), money_text(a, after->money), more(a, now->money, after->money));
}

static void print_money(const struct provisioning *p, const struct plan_bill *b)
{
	const struct bill_row now = {.people = b->seats_now, .money = bill_cost(&b->bill, &b->now)},
		after = {.people = b->seats_after, .money = bill_cost(&b->bill, &b->after)};
	struct arena *a = p->arena;
	const char *each = arena_printf(a, "%s a month", report_clean(a, b->bill.prices->currency));

	printf("\n%-10s %-28s %9s %13s  %9s %13s %14s\n", "Bill", "", "now", each, "after", each, "difference");
	for (size_t i = 0; i < bill_rows(&b->bill); i++) {
		struct bill_row before = bill_row(&b->bill, &b->now, i), then = bill_row(&b->bill, &b->after, i);

		if (before.people || then.people)
			print_row(a, "", before.title, &before, &then);
	}
	print_row(a, "", "seats", &now, &after);
	printf("%-10s By `prices` of the settings, for seats that Postern's groups give.  What Atlassian bills: postern seats\n", "");
}

void plan_bill_print(const struct provisioning *p, const struct plan_bill *b)
{
	if (b->bill.prices->known)
		print_money(p, b);
	else
		printf("\n%-10s %s seats now, %s after; nothing of money, since the settings have no `prices`\n", "Bill",
			report_number(p->arena, b->seats_now), report_number(p->arena, b->seats_after));
}
