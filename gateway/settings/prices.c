/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Products, prices and money: see prices.h. */
#include "gateway/settings/prices.h"

#include "base/encode.h"
#include "base/text.h"

#include <ctype.h>

static const struct {
	const char *word, *title, *names;
	bool counts[GUARDS];
} products[] = {
#define PRODUCT(word, title, names, standard, premium) {word, title, names, {[GUARD_STANDARD] = standard, [GUARD_PREMIUM] = premium}},
#include "gateway/settings/products.def"
#undef PRODUCT
};
#define PRODUCTS_KNOWN (sizeof(products) / sizeof(*products))

/* ---- products ---- */

/* Lower case, each run of anything else than letters and digits one `-`; what stands behind " - " or "(" is a site. */
static char *plain_word(struct arena *a, const char *name)
{
	const char *site = strstr(name, " - "), *bracket = strchr(name, '(');
	size_t length = strlen(name), n = 0;
	char *out;

	if (site && site != name)
		length = (size_t)(site - name);
	if (bracket && bracket != name && (size_t)(bracket - name) < length)
		length = (size_t)(bracket - name);
	out = arena_alloc(a, length + 1);
	for (size_t i = 0; i < length; i++) {
		unsigned char c = (unsigned char)name[i];

		if (isalnum(c) || c >= 0x80)
			out[n++] = (char)tolower(c);
		else if (n && out[n - 1] != '-')
			out[n++] = '-';
	}
	while (n && out[n - 1] == '-')
		n--;
	out[n] = '\0';
	return out;
}

/* Whether `word` is among names with blanks for `-` and `|` between them. */
static bool is_named(const char *names, const char *word)
{
	size_t n = strlen(word), i;

	for (; *names; names += *names == '|') {
		size_t length = strcspn(names, "|");

		for (i = 0; i < n && i < length && (names[i] == word[i] || (names[i] == ' ' && word[i] == '-')); i++)
			;
		if (n && i == n && length == n)
			return true;
		names += length;
	}
	return false;
}

const char *product_word(struct arena *a, const char *name)
{
	const char *word = plain_word(a, name);

	for (size_t i = 0; i < PRODUCTS_KNOWN; i++) {
		if (strcmp(products[i].word, word) == 0 || is_named(products[i].names, word))
			return products[i].word;
	}
	return word;
}

const char *product_title(const char *word)
{
	for (size_t i = 0; i < PRODUCTS_KNOWN; i++) {
		if (strcmp(products[i].word, word) == 0)
			return products[i].title;
	}
	return word;
}

bool product_counts(const char *word, enum guard guard)
{
	for (size_t i = 0; i < PRODUCTS_KNOWN; i++) {
		if (strcmp(products[i].word, word) == 0)
			return products[i].counts[guard];
	}
	return false;
}

/* ---- money ---- */

const char *money_read(const char *text, int64_t *out)
{
	const char *point = strchr(text, '.');
	size_t whole = point ? (size_t)(point - text) : strlen(text), places = point ? strlen(point + 1) : 0;
	uint64_t units, part = 0;

	if (number_read(slice_of(text, whole), 0, 1000000, &units) < 0 || (point && (places == 0 || places > 4)) ||
		(places && number_read(slice_c(point + 1), 0, 9999, &part) < 0))
		return "is not a price (as 7 or 7.53, with at most four places and without a currency)";
	for (; places < 4; places++)
		part *= 10;
	*out = (int64_t)units * MONEY_ONE + (int64_t)part;
	return NULL;
}

/* Two places, rounded half away from zero. */
const char *money_text(struct arena *a, int64_t money)
{
	uint64_t cents, units;
	char digits[24];
	struct text t;
	int n;

	if (money == MONEY_UNKNOWN)
		return "-";
	cents = ((uint64_t)(money < 0 ? -money : money) + (MONEY_ONE / 200)) / (MONEY_ONE / 100);
	units = cents / 100;
	n = snprintf(digits, sizeof(digits), "%llu", (unsigned long long)units);
	text_begin(&t, a, 32);
	if (money < 0 && cents)
		text_add_c(&t, "-");
	for (int i = 0; i < n; i++) {
		if (i && (n - i) % 3 == 0)
			text_add_c(&t, ",");
		text_add(&t, slice_of(&digits[i], 1));
	}
	text_addf(&t, ".%02u", (unsigned)(cents % 100));
	return t.p;
}

const char *money_exact(struct arena *a, int64_t money)
{
	uint64_t size = (uint64_t)(money < 0 ? -money : money);

	return arena_printf(a, "%s%llu.%04llu", money < 0 ? "-" : "", (unsigned long long)(size / (uint64_t)MONEY_ONE),
		(unsigned long long)(size % (uint64_t)MONEY_ONE));
}

int64_t price_of(const struct price *price, size_t users)
{
	int64_t sum = 0;
	size_t from = 0;

	if (!price->count)
		return MONEY_UNKNOWN;
	for (size_t i = 0; i < price->count && from < users; i++) {
		size_t upto = price->tiers[i].upto && price->tiers[i].upto < users ? price->tiers[i].upto : users;

		sum += (int64_t)(upto - from) * price->tiers[i].each;
		from = upto;
	}
	return sum;
}
