/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A bill: who has which products, counted and priced.
 *
 * People are counted one after another by the set of products that each has.
 * Sums of parts add up to the whole (bill_share); what would be saved without
 * some of them is the difference of two bills, since tiers make the last user
 * cheaper than the first.  Pure.
 */
#ifndef GATEWAY_BILL_H
#define GATEWAY_BILL_H

#include "gateway/settings/settings.h"

typedef uint64_t product_set;            /* a set: bits in the order of bill.words */

struct bill {
	struct arena *arena;
	const struct settings_prices *prices;
	const char *words[PRODUCTS_MOST + 1];
	size_t count;                   /* the priced ones first, then as they came */
	product_set guard[GUARDS];      /* which products count */
};

struct bill_users {
	size_t people;                  /* with any product */
	size_t of[PRODUCTS_MOST + 1];
	size_t guard[GUARDS];           /* nobody twice: whom Premium counts, Standard does not */
};

void bill_begin(struct bill *b, struct arena *a, const struct settings_prices *prices);
/* The set of one product by any of its names; beyond PRODUCTS_MOST all others are one, `other`. */
product_set bill_product(struct bill *b, const char *name);
product_set bill_products(struct bill *b, const char *const *names);
/* What the people of this rule or exception are given, who are licensed; rule NULL: of any. */
product_set bill_of_rule(struct bill *b, const char *rule);

void bill_add(const struct bill *b, struct bill_users *users, product_set set);
void bill_take(const struct bill *b, struct bill_users *users, product_set set);  /* who was added with this set */

const struct price *bill_price(const struct bill *b, size_t product);  /* NULL: none is known */

/* What a bill says of one product, or of Guard. */
struct bill_row {
	const char *word, *title;       /* "guard-standard", "Guard Standard" */
	size_t people;
	int64_t money;                  /* a month; MONEY_UNKNOWN: it has no price */
};
size_t bill_rows(const struct bill *b);         /* products, then the kinds of Guard that have a price */
struct bill_row bill_row(const struct bill *b, const struct bill_users *users, size_t i);

/* A month; MONEY_UNKNOWN without prices.  Products without a price cost nothing here. */
int64_t bill_cost(const struct bill *b, const struct bill_users *users);
/* What `part` of `all` costs, each user at the average price of the product. */
int64_t bill_share(const struct bill *b, const struct bill_users *all, const struct bill_users *part);

#endif
