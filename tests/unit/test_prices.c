/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Products by all their names, which of them Guard counts, prices in tiers, and money that is exact. */
#include "tests/unit/arena.h"

#include "gateway/settings/prices.h"

static void a_product_has_one_word_by_all_its_names(void **state)
{
	static const struct { const char *name, *word; } rows[] = {
		{"Jira", "jira"}, {"jira-software", "jira"}, {"Jira Software", "jira"}, {"jira-core", "jira"}, {"Jira (example)", "jira"},
		{"Jira Work Management - example.atlassian.net", "jira"},
		{"Jira Service Management", "jira-service-management"}, {"jira-service-desk", "jira-service-management"},
		{"jira-servicedesk", "jira-service-management"},
		{"Jira Product Discovery - x", "jira-product-discovery"}, {"Confluence", "confluence"}, {"TRELLO", "trello"},
		{"Trello Enterprise", "trello"}, {"Team Central", "team-central"}, {"J\xc3\xb6ra", "j\xc3\xb6ra"}, {" - ", ""}, {"", ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		assert_string_equal(product_word(a, rows[i].name), rows[i].word);
	assert_string_equal(product_title("jira-service-management"), "Jira Service Management");
	assert_string_equal(product_title("team-central"), "team-central");
}

static void guard_counts_what_the_licence_names(void **state)
{
	static const struct { const char *word; bool standard, premium; } rows[] = {
		{"jira", true, true}, {"confluence", true, true}, {"jira-service-management", true, false},
		{"jira-product-discovery", true, false}, {"trello", true, false}, {"bitbucket", true, false}, {"loom", false, false},
		{"unheard-of", false, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		assert_int_equal(product_counts(rows[i].word, GUARD_STANDARD), rows[i].standard);
		assert_int_equal(product_counts(rows[i].word, GUARD_PREMIUM), rows[i].premium);
	}
}

static void money_is_exact_in_and_out(void **state)
{
	static const struct { const char *in; int64_t money; const char *out; } rows[] = {
		{"7", 70000, "7.00"}, {"7.53", 75300, "7.53"}, {"0.0025", 25, "0.00"}, {"0.005", 50, "0.01"}, {"0", 0, "0.00"},
		{"1234567.891", -1, NULL}, {"1000000", INT64_C(10000000000), "1,000,000.00"}, {"12345.6789", 123456789, "12,345.68"},
	};
	static const char *const wrong[] = {"", ".", "1.", ".5", "1,50", "-1", "+1", "1e3", "1.23456", "1000001", "7 EUR", "1.5.2", "0x1"};
	int64_t money;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		if (!rows[i].out) {
			assert_non_null(money_read(rows[i].in, &money));
			continue;
		}
		assert_null(money_read(rows[i].in, &money));
		assert_int_equal(money, rows[i].money);
		assert_string_equal(money_text(a, money), rows[i].out);
	}
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		assert_non_null(money_read(wrong[i], &money));
	assert_string_equal(money_text(a, -75300), "-7.53");
	assert_string_equal(money_text(a, -40), "0.00");
	assert_string_equal(money_text(a, MONEY_UNKNOWN), "-");
}

static void tiers_count_as_atlassian_does(void **state)
{
	static const struct price_tier tiers[] = {{100, 80000}, {250, 60000}, {0, 50000}};
	const struct price price = {tiers, 3}, none = {NULL, 0};

	(void)state;
	assert_int_equal(price_of(&price, 0), 0);
	assert_int_equal(price_of(&price, 1), 80000);
	assert_int_equal(price_of(&price, 100), 8000000);
	assert_int_equal(price_of(&price, 101), 8060000);
	assert_int_equal(price_of(&price, 250), 8000000 + 150 * 60000);
	assert_int_equal(price_of(&price, 1000), 8000000 + 150 * 60000 + 750 * 50000);
	assert_true(price_of(&none, 5) == MONEY_UNKNOWN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_product_has_one_word_by_all_its_names, begin, end),
		cmocka_unit_test_setup_teardown(guard_counts_what_the_licence_names, begin, end),
		cmocka_unit_test_setup_teardown(money_is_exact_in_and_out, begin, end),
		cmocka_unit_test_setup_teardown(tiers_count_as_atlassian_does, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
