/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Counting and pricing: see bill.h. */
#include "gateway/census/bill.h"

void bill_begin(struct bill *b, struct arena *a, const struct settings_prices *prices)
{
	*b = (struct bill){.arena = a, .prices = prices};
	for (size_t i = 0; i < prices->product_count; i++)
		bill_product(b, prices->products[i].word);
}

/* ---- sets ---- */

static product_set bit(size_t product)
{
	return (product_set)1 << product;
}

static product_set add_word(struct bill *b, const char *word)
{
	size_t i = b->count++;

	b->words[i] = word;
	for (int g = 0; g < GUARDS; g++) {
		if (product_counts(word, (enum guard)g))
			b->guard[g] |= bit(i);
	}
	return bit(i);
}

product_set bill_product(struct bill *b, const char *name)
{
	const char *word = product_word(b->arena, name);

	for (size_t i = 0; i < b->count; i++) {
		if (strcmp(b->words[i], word) == 0)
			return bit(i);
	}
	if (b->count < PRODUCTS_MOST)
		return add_word(b, word);
	return b->count == PRODUCTS_MOST ? add_word(b, "other") : bit(PRODUCTS_MOST);
}

product_set bill_products(struct bill *b, const char *const *names)
{
	product_set set = 0;

	for (; names && *names; names++)
		set |= bill_product(b, *names);
	return set;
}

product_set bill_of_rule(struct bill *b, const char *rule)
{
	const struct settings_prices *p = b->prices;

	for (size_t i = 0; rule && i < p->rule_count; i++) {
		if (strcmp(p->rules[i].rule, rule) == 0)
			return bill_products(b, p->rules[i].products);
	}
	return bill_products(b, p->licensed);
}

/* ---- counting ---- */

static bool has_guard(const struct bill *b, enum guard guard)
{
	return b->prices->guard[guard].count > 0;
}

static void count(const struct bill *b, struct bill_users *users, product_set set, size_t by)
{
	users->people += set ? by : 0;
	for (size_t i = 0; i < b->count; i++) {
		if (set & bit(i))
			users->of[i] += by;
	}
	if (has_guard(b, GUARD_PREMIUM) && (set & b->guard[GUARD_PREMIUM]))
		users->guard[GUARD_PREMIUM] += by;
	else if (set & b->guard[GUARD_STANDARD])
		users->guard[GUARD_STANDARD] += by;
}

void bill_add(const struct bill *b, struct bill_users *users, product_set set)
{
	count(b, users, set, 1);
}

void bill_take(const struct bill *b, struct bill_users *users, product_set set)
{
	count(b, users, set, (size_t)-1);
}

/* ---- money ---- */

const struct price *bill_price(const struct bill *b, size_t product)
{
	/* the priced ones are the first, in their order */
	return product < b->prices->product_count ? &b->prices->products[product].price : NULL;
}

size_t bill_rows(const struct bill *b)
{
	return b->count + has_guard(b, GUARD_STANDARD) + has_guard(b, GUARD_PREMIUM);
}

static struct bill_row guard_row(const struct bill *b, const struct bill_users *users, enum guard guard)
{
	static const char *const words[GUARDS] = {[GUARD_STANDARD] = "guard-standard", [GUARD_PREMIUM] = "guard-premium"},
		*const titles[GUARDS] = {[GUARD_STANDARD] = "Guard Standard", [GUARD_PREMIUM] = "Guard Premium"};

	return (struct bill_row){words[guard], titles[guard], users->guard[guard], price_of(&b->prices->guard[guard], users->guard[guard])};
}

struct bill_row bill_row(const struct bill *b, const struct bill_users *users, size_t i)
{
	const struct price *price = bill_price(b, i);

	if (i < b->count)
		return (struct bill_row){b->words[i], product_title(b->words[i]), users->of[i], price ? price_of(price, users->of[i]) : MONEY_UNKNOWN};
	return guard_row(b, users, i == b->count && has_guard(b, GUARD_STANDARD) ? GUARD_STANDARD : GUARD_PREMIUM);
}

int64_t bill_cost(const struct bill *b, const struct bill_users *users)
{
	return bill_share(b, users, users);
}

static int64_t share(const struct price *price, size_t all, size_t part)
{
	int64_t cost = all ? price_of(price, all) : 0;

	/* cost * part / all, without a product that could be too large */
	return part == all ? cost : cost / (int64_t)all * (int64_t)part + cost % (int64_t)all * (int64_t)part / (int64_t)all;
}

int64_t bill_share(const struct bill *b, const struct bill_users *all, const struct bill_users *part)
{
	int64_t sum = 0;

	if (!b->prices->known)
		return MONEY_UNKNOWN;
	for (size_t i = 0; i < b->prices->product_count; i++)
		sum += share(&b->prices->products[i].price, all->of[i], part->of[i]);
	for (int g = 0; g < GUARDS; g++) {
		if (has_guard(b, (enum guard)g))
			sum += share(&b->prices->guard[g], all->guard[g], part->guard[g]);
	}
	return sum;
}
