/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Counting and pricing of seats: what the rules want, what Atlassian bills, what everybody would cost. */
#include "gateway/census/seats.h"

const enum outcome seats_outcomes[SEATS_OUTCOMES] = {OUTCOME_LICENSED, OUTCOME_CUSTOMER, OUTCOME_PORTAL, OUTCOME_DENY};

void seats_reckon(struct seats *s)
{
	product_set usual = bill_of_rule(&s->bill, NULL);
	size_t i;

	for (i = 0; i < s->people_count; i++) {
		struct seats_person *p = &s->people[i];

		if (!seats_can_sign_on(p))
			continue;
		if (p->outcome == OUTCOME_LICENSED)
			p->wants = bill_of_rule(&s->bill, p->rule_name);
		bill_add(&s->bill, &s->wanted, p->wants);
		bill_add(&s->bill, &s->everybody, p->wants ? p->wants : usual);
	}
	for (i = 0; i < s->account_count; i++) {
		s->billed_count += s->accounts[i].billable == 1;
		bill_add(&s->bill, &s->billed, s->accounts[i].has);
	}
	if (s->compared)
		seats_make_lines(s);
}

int64_t seats_cost(const struct seats *s, const struct seats_person *p)
{
	struct bill_users one = {0};

	bill_add(&s->bill, &one, p->wants);
	return bill_share(&s->bill, &s->wanted, &one);
}

int64_t seats_everybody_cost(const struct seats *s)
{
	return s->bill.prices->licensed[0] ? bill_cost(&s->bill, &s->everybody) : MONEY_UNKNOWN;
}

size_t seats_let_in(const struct seats *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->people_count; i++)
		n += seats_can_sign_on(&s->people[i]);
	return n;
}

/* ---- parts of the people ---- */

struct part {
	struct seats_count count;
	struct bill_users users;
};

static void add_to_part(const struct seats *s, struct part *part, const struct seats_person *p)
{
	part->count.people++;
	part->count.able += seats_can_sign_on(p);
	bill_add(&s->bill, &part->users, p->wants);
}

static struct seats_count priced(const struct seats *s, struct part *part)
{
	part->count.money = bill_share(&s->bill, &s->wanted, &part->users);
	return part->count;
}

struct seats_count seats_of_outcome(const struct seats *s, enum outcome o)
{
	struct part part = {0};

	for (size_t i = 0; i < s->people_count; i++) {
		if (s->people[i].outcome == o)
			add_to_part(s, &part, &s->people[i]);
	}
	return priced(s, &part);
}

struct seats_count seats_of_rule(const struct seats *s, size_t rule)
{
	struct part part = {0};

	for (size_t i = 0; i < s->people_count; i++) {
		if (s->people[i].rule == rule)
			add_to_part(s, &part, &s->people[i]);
	}
	return priced(s, &part);
}

/* ---- by which groups ---- */

static int by_path(const void *a, const void *b)
{
	return strcmp((*(const struct seats_person *const *)a)->path, (*(const struct seats_person *const *)b)->path);
}

static int by_size(const void *a, const void *b)
{
	const struct seats_way *x = a, *y = b;

	if (x->n != y->n)
		return x->n > y->n ? -1 : 1;
	return strcmp(x->path, y->path);
}

size_t seats_ways(const struct seats *s, struct seats_way **out)
{
	const struct seats_person **licensed = arena_alloc(s->census.arena, (s->people_count + 1) * sizeof(*licensed));
	struct seats_way *ways = NULL;
	size_t i, j, n = 0, count = 0;

	for (i = 0; i < s->people_count; i++) {
		if (s->people[i].outcome == OUTCOME_LICENSED && seats_can_sign_on(&s->people[i]))
			licensed[n++] = &s->people[i];
	}
	qsort(licensed, n, sizeof(*licensed), by_path);
	for (i = 0; i < n; i = j) {
		struct part part = {0};

		for (j = i; j < n && strcmp(licensed[i]->path, licensed[j]->path) == 0; j++)
			add_to_part(s, &part, licensed[j]);
		ways = arena_grow(s->census.arena, ways, count, sizeof(*ways));
		ways[count++] = (struct seats_way){licensed[i]->path, j - i, priced(s, &part).money};
	}
	if (count)
		qsort(ways, count, sizeof(*ways), by_size);
	*out = ways;
	return count;
}
