/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `prices`: what a user of each product costs a month, and which products those get who are licensed. */
#include "gateway/settings/settings_reader.h"

#include "base/encode.h"

#define TIERS_MOST 16

static int read_money(struct settings_reader *r, const struct yaml_node *node, int64_t *out)
{
	const char *fault = node->kind == YAML_NODE_SCALAR ? money_read(node->text, out) : NULL;

	if (node->kind == YAML_NODE_SCALAR && !fault)
		return 0;
	if (fault)
		settings_problem(r, node, "\"%.40s\" %s", node->text, fault);
	else
		settings_problem(r, node, "must be a price");
	return -1;
}

/* "100" of {100: 8.15, 250: 6.83, more: 5.10}; 0: more. */
static int read_upto(struct settings_reader *r, const struct yaml_node *node, size_t after, size_t *out)
{
	uint64_t upto = 0;

	if (strcmp(node->key, "more") != 0 && number_read(slice_c(node->key), after + 1, USERS_MOST, &upto) < 0) {
		settings_problem(r, node, "is neither a number of users above %zu nor `more`", after);
		return -1;
	}
	if ((upto == 0) != !node->next) {
		settings_problem(r, node, upto ? "is the last of the tiers: that must be `more`" : "must be the last of the tiers");
		return -1;
	}
	*out = (size_t)upto;
	return 0;
}

/* A price, or tiers: {100: 8.15, 250: 6.83, more: 5.10}. */
static void read_price(struct settings_reader *r, const struct yaml_node *node, struct price *out)
{
	struct price_tier *tiers;
	size_t n = 0;

	if (!node)
		return;
	if (node->kind == YAML_NODE_LIST || (node->kind == YAML_NODE_MAP && (!node->child || yaml_children(node) > TIERS_MOST))) {
		settings_problem(r, node, "must be a price, or a map of 1 to %d tiers as {100: 8.15, more: 6.83}", TIERS_MOST);
		return;
	}
	tiers = arena_alloc(r->arena, (yaml_children(node) + 1) * sizeof(*tiers));
	if (node->kind == YAML_NODE_SCALAR && read_money(r, node, &tiers[n++].each) < 0)
		return;
	for (const struct yaml_node *t = node->kind == YAML_NODE_MAP ? node->child : NULL; t; t = t->next, n++) {
		if (read_upto(r, t, n ? tiers[n - 1].upto : 0, &tiers[n].upto) < 0 || read_money(r, t, &tiers[n].each) < 0)
			return;
	}
	*out = (struct price){tiers, n};
}

static bool is_priced(const struct settings_prices *p, const char *word)
{
	for (size_t i = 0; i < p->product_count; i++) {
		if (strcmp(p->products[i].word, word) == 0)
			return true;
	}
	return false;
}

static void read_products(struct settings_reader *r, const struct yaml_node *map, struct settings_prices *p)
{
	struct settings_product *products;

	if (!map)
		return;
	if (map->kind != YAML_NODE_MAP || yaml_children(map) > PRODUCTS_MOST) {
		settings_problem(r, map, "must be a map of at most %d products", PRODUCTS_MOST);
		return;
	}
	p->products = products = arena_alloc(r->arena, (yaml_children(map) + 1) * sizeof(*products));
	for (const struct yaml_node *n = map->child; n; n = n->next) {
		struct settings_product product = {.word = product_word(r->arena, n->key)};

		if (!settings_name_is_good(r, n))
			continue;
		if (is_priced(p, product.word)) {
			settings_problem(r, n, "is %s, which is there already", product_title(product.word));
			continue;
		}
		read_price(r, n, &product.price);
		products[p->product_count++] = product;
	}
}

/* Names of products as their words; each needs a price, since a bill without one of them would be too low and look right. */
static const char *const *read_words(struct settings_reader *r, const struct yaml_node *node, const struct settings_prices *p)
{
	const struct yaml_node *n = node->kind == YAML_NODE_LIST ? node->child : node;
	const char **words = arena_alloc(r->arena, (yaml_children(node) + 2) * sizeof(*words));
	size_t count = 0;

	if (node->kind == YAML_NODE_MAP) {
		settings_problem(r, node, "must be a list of products");
		return words;
	}
	for (; n; n = node->kind == YAML_NODE_LIST ? n->next : NULL) {
		const char *word = n->kind == YAML_NODE_SCALAR ? product_word(r->arena, n->text) : "";

		if (!is_priced(p, word))
			settings_problem_key(r, n, node->key, "\"%.60s\" has no price under products", n->kind == YAML_NODE_SCALAR ? n->text : "");
		else
			words[count++] = word;
	}
	return words;
}

static bool is_rule(const struct settings *s, const char *name)
{
	for (size_t i = 0; i < s->policy.rule_count; i++) {
		if (strcmp(s->policy.rules[i].name, name) == 0)
			return true;
	}
	for (size_t i = 0; i < s->policy.exception_count; i++) {
		if (strcmp(s->policy.exceptions[i].name, name) == 0)
			return true;
	}
	return s->ldap_rules.directory != NULL;         /* whose names are known later */
}

static void read_rules(struct settings_reader *r, const struct yaml_node *map, struct settings_prices *p)
{
	struct settings_rule_products *rules;

	if (!map)
		return;
	if (map->kind != YAML_NODE_MAP) {
		settings_problem(r, map, "must be a map of rules, each with its products");
		return;
	}
	p->rules = rules = arena_alloc(r->arena, (yaml_children(map) + 1) * sizeof(*rules));
	for (const struct yaml_node *n = map->child; n; n = n->next) {
		if (!is_rule(r->settings, n->key))
			settings_problem(r, n, "is neither a rule nor an exception");
		else
			rules[p->rule_count++] = (struct settings_rule_products){n->key, read_words(r, n, p)};
	}
}

static void require_currency(struct settings_reader *r, const struct yaml_node *map, const char *currency)
{
	if (currency && (strlen(currency) != 3 || strspn(currency, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != 3))
		settings_problem(r, yaml_get(map, "currency"), "\"%.20s\" is not a currency's three capital letters (EUR, USD)", currency);
}

void settings_read_prices(struct settings_reader *r)
{
	static const char *const none[] = {NULL};
	const struct yaml_node *map = yaml_get(r->root, "prices"), *licensed;
	struct settings_prices *p = &r->settings->prices;

	p->licensed = none;
	if (!map || section_read(r, SECTION_prices, map, p) < 0)
		return;
	require_currency(r, map, p->currency);
	read_price(r, yaml_get(map, "guard_standard"), &p->guard[GUARD_STANDARD]);
	read_price(r, yaml_get(map, "guard_premium"), &p->guard[GUARD_PREMIUM]);
	read_products(r, yaml_get(map, "products"), p);
	licensed = yaml_get(map, "licensed");
	if (licensed)
		p->licensed = read_words(r, licensed, p);
	read_rules(r, yaml_get(map, "rules"), p);
	p->known = true;
}
