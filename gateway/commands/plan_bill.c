/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A plan in money: see plan_bill.h. */
#include "gateway/commands/plan_bill.h"

#include "base/encode.h"

#include <stdlib.h>
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

/* ---- the way back: what the inventory says of those whom it is for ---- */

/* Mails and account ids by which the plan names people. */
struct names {
	struct arena *arena;
	const char **list;
	size_t n;
};

static void add_name(struct names *names, const char *name)
{
	if (!name)
		return;
	names->list = arena_grow(names->arena, names->list, names->n, sizeof(*names->list));
	names->list[names->n++] = name;
}

static void add_user(struct names *names, const struct world_target *t, const char *user)
{
	const struct world_user *u = user ? world_user_by_id(t, user) : NULL;

	if (!u)
		return;
	add_name(names, u->account_id);
	add_name(names, u->mail ? u->mail : u->user_name);
}

static int by_name(const void *a, const void *b)
{
	return strcasecmp(*(const char *const *)a, *(const char *const *)b);
}

static bool has_name(const struct names *names, const char *name)
{
	return name && names->n && bsearch(&name, names->list, names->n, sizeof(*names->list), by_name);
}

static struct names names_of(const struct provisioning *p)
{
	struct names names = {.arena = p->arena};

	for (size_t i = 0; i < p->plan.step_count; i++) {
		const struct step *s = &p->plan.steps[i];

		add_user(&names, &p->world.targets[s->target], s->user);
		for (size_t k = 0; s->member_users && k < s->member_count; k++)
			add_user(&names, &p->world.targets[s->target], s->member_users[k]);
	}
	for (size_t i = 0; i < p->plan.task_count; i++)
		add_name(&names, p->plan.tasks[i].mail);
	if (names.n)
		qsort(names.list, names.n, sizeof(*names.list), by_name);
	return names;
}

static void reckon_way_back(const struct provisioning *p, struct plan_bill *b)
{
	struct names names = names_of(p);
	struct bill_users all = {0}, rest = {0};
	int64_t cost;

	for (size_t i = 0; i < p->account_count; i++) {
		const struct account *account = &p->accounts[i];
		product_set set;

		if (account->billable != 1 || account->kind != ACCOUNT_MANAGED)
			continue;
		set = bill_products(&b->bill, account->products);
		bill_add(&b->bill, &all, set);
		if (has_name(&names, account->id) || has_name(&names, account->mail))
			b->billed++;
		else
			bill_add(&b->bill, &rest, set);
	}
	cost = bill_cost(&b->bill, &all);
	b->billed_money = cost == MONEY_UNKNOWN ? cost : cost - bill_cost(&b->bill, &rest);
}

/* ---- all of it ---- */

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
	if (p->way_back)
		reckon_way_back(p, &b);
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

static void print_way_back(const struct provisioning *p, const struct plan_bill *b)
{
	struct arena *a = p->arena;
	char as_of[21];

	time_write(p->inventory_as_of, as_of);
	printf("%-10s %s of this plan %s billed, says the inventory of %s%s\n", "", b->billed == 1 ? "1 person" :
		arena_printf(a, "%s people", report_number(a, b->billed)), b->billed == 1 ? "is" : "are", as_of, b->billed_money == MONEY_UNKNOWN ? "" :
		arena_printf(a, ": %s %s a month for all that they have", report_clean(a, b->bill.prices->currency), money_text(a, b->billed_money)));
}

void plan_bill_print(const struct provisioning *p, const struct plan_bill *b)
{
	if (b->bill.prices->known)
		print_money(p, b);
	else
		printf("\n%-10s %s seats now, %s after; nothing of money, since the settings have no `prices`\n", "Bill",
			report_number(p->arena, b->seats_now), report_number(p->arena, b->seats_after));
	if (b->billed)
		print_way_back(p, b);
}
