/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What users cost at Atlassian: products by whatever name, prices with tiers, money.
 *
 * Pure: knows neither settings nor people.  Money is a whole number of
 * ten-thousandths of the currency, so that sums are exact.
 *
 * Atlassian Guard counts people and not their products: who has access to one
 * of the products below is counted once.  Premium counts fewer products than
 * Standard; whom it counts costs its price and not that of Standard besides.
 */
#ifndef GATEWAY_PRICES_H
#define GATEWAY_PRICES_H

#include "base/arena.h"

#include <stdint.h>

#define MONEY_ONE INT64_C(10000)
#define MONEY_UNKNOWN INT64_MIN
#define PRODUCTS_MOST 62                /* products that one bill tells apart: bits of a set, and two are kept free */
#define USERS_MOST ((size_t)100000000)

/* ---- products ---- */

enum guard { GUARD_STANDARD, GUARD_PREMIUM, GUARDS };

/*
 * One word for a product, whatever a source calls it: "Jira Software - example.atlassian.net" and "jira-software" are "jira".
 * Of a product that is not known, its name in lower case with `-`.
 */
const char *product_word(struct arena *a, const char *name);
const char *product_title(const char *word);    /* "Jira Service Management"; the word itself where the product is not known */
bool product_counts(const char *word, enum guard guard);

/* ---- prices ---- */

struct price_tier {
	size_t upto;                    /* users; 0: however many */
	int64_t each;                   /* money a month */
};

/* Of the first users the first tier's price, of the next ones the second's: as Atlassian counts.  count 0: no price is known. */
struct price {
	const struct price_tier *tiers;
	size_t count;
};

/* "7.53": at most four places, at most a million; NULL, or what is wrong. */
const char *money_read(const char *text, int64_t *out);
/* "1,222.56"; "-" when not known. */
const char *money_text(struct arena *a, int64_t money);
/* "1222.5600": all four places and nothing between thousands, for programs; in JSON as text, since sums of floats are not exact. */
const char *money_exact(struct arena *a, int64_t money);
int64_t price_of(const struct price *price, size_t users);      /* MONEY_UNKNOWN without a price */

#endif
