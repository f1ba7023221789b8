/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Who is counted by which product and by Guard, what that costs, and the record of months. */
#include "tests/unit/arena.h"

#include "base/file.h"
#include "gateway/census/seats_record.h"

#include <unistd.h>

#define CENTS(n) ((n) * MONEY_ONE / 100)

static const struct price_tier five[] = {{0, CENTS(500)}}, eight[] = {{10, CENTS(800)}, {0, CENTS(600)}}, three[] = {{0, CENTS(300)}},
	seven[] = {{0, CENTS(700)}};
static const struct settings_product priced[] = {{"jira", {eight, 2}}, {"jira-service-management", {five, 1}}, {"trello", {five, 1}}};
static const char *const usual[] = {"jira-service-management", NULL}, *const other[] = {"jira", "trello", NULL};
static const struct settings_rule_products rules[] = {{"developers", other}};
static const struct settings_prices standard_only = {.known = true, .currency = "EUR", .guard = {[GUARD_STANDARD] = {three, 1}},
	.products = priced, .product_count = 3, .licensed = usual, .rules = rules, .rule_count = 1};
static const struct settings_prices both = {.known = true, .currency = "EUR", .guard = {{three, 1}, {seven, 1}}, .products = priced,
	.product_count = 3, .licensed = usual};

static product_set set_of(struct bill *b, const char *x, const char *y, const char *z)
{
	const char *const names[] = {x, y, z, NULL};

	return bill_products(b, names);
}

static void nobody_is_counted_twice_by_guard(void **state)
{
	struct bill_users users = {0};
	struct bill b;

	(void)state;
	bill_begin(&b, a, &standard_only);
	bill_add(&b, &users, set_of(&b, "Jira", "Trello", "jira-software"));
	assert_int_equal(users.people, 1);
	assert_int_equal(users.guard[GUARD_STANDARD], 1);
	assert_int_equal(users.guard[GUARD_PREMIUM], 0);
	assert_int_equal(bill_cost(&b, &users), CENTS(800 + 500 + 300));
	bill_add(&b, &users, set_of(&b, "Loom", NULL, NULL));           /* no price, and Guard does not count it */
	assert_int_equal(users.people, 2);
	assert_int_equal(bill_cost(&b, &users), CENTS(1600));
	bill_add(&b, &users, 0);
	assert_int_equal(users.people, 2);
}

static void premium_costs_its_price_instead_and_leaves_service_management_out(void **state)
{
	struct bill_users users = {0};
	struct bill b;

	(void)state;
	bill_begin(&b, a, &both);
	bill_add(&b, &users, set_of(&b, "jira-service-desk", NULL, NULL));
	assert_int_equal(users.guard[GUARD_STANDARD], 1);
	assert_int_equal(users.guard[GUARD_PREMIUM], 0);
	bill_add(&b, &users, set_of(&b, "jira-service-desk", "confluence", NULL));
	assert_int_equal(users.guard[GUARD_STANDARD], 1);
	assert_int_equal(users.guard[GUARD_PREMIUM], 1);
	assert_int_equal(bill_cost(&b, &users), CENTS(2 * 500 + 300 + 700));
	bill_take(&b, &users, set_of(&b, "jira-service-desk", "confluence", NULL));
	assert_int_equal(bill_cost(&b, &users), CENTS(500 + 300));
	assert_int_equal(users.people, 1);
}

static void a_rule_has_products_of_its_own_or_the_usual_ones(void **state)
{
	struct bill b;

	(void)state;
	bill_begin(&b, a, &standard_only);
	assert_int_equal(bill_of_rule(&b, "developers"), set_of(&b, "jira", "trello", NULL));
	assert_int_equal(bill_of_rule(&b, "agents"), set_of(&b, "jira-service-management", NULL, NULL));
	assert_int_equal(bill_of_rule(&b, NULL), set_of(&b, "jira-service-management", NULL, NULL));
}

static void parts_add_up_to_the_whole(void **state)
{
	struct bill_users all = {0}, part[3] = {{0}};
	int64_t sum = 0, whole;
	struct bill b;

	(void)state;
	bill_begin(&b, a, &standard_only);
	for (size_t i = 0; i < 37; i++) {
		product_set one = i % 2 ? set_of(&b, "jira", NULL, NULL) : set_of(&b, "jira", "trello", NULL);

		bill_add(&b, &all, one);
		bill_add(&b, &part[i % 3], one);
	}
	whole = bill_cost(&b, &all);
	assert_int_equal(whole, CENTS(10 * 800 + 27 * 600 + 19 * 500 + 37 * 300));
	for (size_t i = 0; i < 3; i++)
		sum += bill_share(&b, &all, &part[i]);
	assert_in_range(whole - sum, 0, 9);             /* ten-thousandths, by rounding down */
}

static void many_products_are_told_apart_and_the_rest_are_one(void **state)
{
	struct bill b;
	product_set last = 0;

	(void)state;
	bill_begin(&b, a, &standard_only);
	for (int i = 0; i < 100; i++)
		last = bill_product(&b, arena_printf(a, "product %d", i));
	assert_int_equal(b.count, PRODUCTS_MOST + 1);
	assert_string_equal(b.words[PRODUCTS_MOST], "other");
	assert_int_equal(last, (product_set)1 << PRODUCTS_MOST);
	assert_int_equal(bill_product(&b, "product 0"), (product_set)1 << 3);
	assert_null(bill_price(&b, PRODUCTS_MOST));
}

/* `standard_only` has no price of Premium, so that is no row. */
static void rows_are_products_and_then_guard(void **state)
{
	struct bill_users users = {0};
	struct bill_row row;
	struct bill b;
	int64_t sum = 0;

	(void)state;
	bill_begin(&b, a, &standard_only);
	bill_add(&b, &users, bill_product(&b, "jira") | bill_product(&b, "something new"));
	assert_int_equal(bill_rows(&b), standard_only.product_count + 2);
	for (size_t i = 0; i < bill_rows(&b); i++) {
		row = bill_row(&b, &users, i);
		sum += row.money == MONEY_UNKNOWN ? 0 : row.money;
	}
	assert_int_equal(sum, bill_cost(&b, &users));
	assert_string_equal(row.word, "guard-standard");
	assert_int_equal(row.people, 1);
	row = bill_row(&b, &users, standard_only.product_count);
	assert_string_equal(row.word, "something-new");
	assert_int_equal(row.people, 1);
	assert_true(row.money == MONEY_UNKNOWN);
}

static void without_prices_there_is_no_money(void **state)
{
	static const char *const none[] = {NULL};
	const struct settings_prices unknown = {.licensed = none};
	struct bill_users users = {0};
	struct bill b;

	(void)state;
	bill_begin(&b, a, &unknown);
	bill_add(&b, &users, bill_product(&b, "jira"));
	assert_int_equal(users.people, 1);
	assert_true(bill_cost(&b, &users) == MONEY_UNKNOWN);
}

/* ---- months ---- */

#define NOVEMBER INT64_C(1795000000)            /* 2026-11-18 */
#define MONTH INT64_C(2630000)

static struct seats_month month(const char *name, size_t wanted)
{
	return (struct seats_month){.month = name, .at = NOVEMBER, .wanted = wanted, .wanted_money = 7, .billed_money = MONEY_UNKNOWN, .prices = "p"};
}

static void an_earlier_month_is_the_last_that_was_recorded(void **state)
{
	char folder[] = "/tmp/postern-months-XXXXXX";
	struct seats_month m, got;
	const char *path;
	struct error err;

	(void)state;
	assert_non_null(mkdtemp(folder));
	path = arena_printf(a, "%s/seats.json", folder);
	assert_int_equal(seats_month_before(a, path, NOVEMBER, &got, &err), 0);
	for (int i = 0; i < 40; i++) {
		m = month(arena_printf(a, "%04d-%02d", 2023 + i / 12, i % 12 + 1), (size_t)i);
		assert_done(seats_month_record(a, path, &m, &err), err);
	}
	assert_int_equal(seats_month_before(a, path, NOVEMBER, &got, &err), 1);
	assert_string_equal(got.month, "2026-04");
	assert_int_equal(got.wanted, 39);
	assert_int_equal(got.wanted_money, 7);
	assert_true(got.billed_money == MONEY_UNKNOWN);
	assert_false(got.compared);
	m = month("2026-11", 50);
	assert_done(seats_month_record(a, path, &m, &err), err);
	m = month("2026-11", 51);
	assert_done(seats_month_record(a, path, &m, &err), err);
	assert_int_equal(seats_month_before(a, path, NOVEMBER, &got, &err), 1);
	assert_string_equal(got.month, "2026-04");
	assert_int_equal(seats_month_before(a, path, NOVEMBER + MONTH, &got, &err), 1);
	assert_int_equal(got.wanted, 51);
	assert_int_equal(seats_month_before(a, path, NOVEMBER - 42 * MONTH, &got, &err), 0);     /* the oldest made way */
	assert_done(file_write(path, 0600, slice_c("{\"months\":7}"), &err), err);
	assert_refused(seats_month_before(a, path, NOVEMBER, &got, &err), err, REASON_FILE);
	unlink(path);
	rmdir(folder);
}

static void what_atlassian_bills_is_not_lost_by_a_record_without_it(void **state)
{
	char folder[] = "/tmp/postern-months-XXXXXX";
	struct seats_month m, got;
	const char *path;
	struct error err;

	(void)state;
	assert_non_null(mkdtemp(folder));
	path = arena_printf(a, "%s/accounts/seats.json", folder);       /* a folder that is not there yet */
	for (size_t i = 0; i < 4; i++) {
		m = month(i == 3 ? "2026-12" : "2026-11", 50 + i);
		m.compared = i == 1;
		m.billed = 60;
		assert_done(seats_month_keep(a, path, &m, &err), err);
	}
	assert_int_equal(seats_month_before(a, path, NOVEMBER + MONTH, &got, &err), 1);
	assert_int_equal(got.wanted, 51);
	assert_true(got.compared);
	assert_int_equal(seats_month_before(a, path, NOVEMBER + 2 * MONTH, &got, &err), 1);
	assert_int_equal(got.wanted, 53);
	unlink(path);
	rmdir(arena_printf(a, "%s/accounts", folder));
	rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST_OF(f) cmocka_unit_test_setup_teardown(f, begin, end)
		TEST_OF(nobody_is_counted_twice_by_guard),
		TEST_OF(premium_costs_its_price_instead_and_leaves_service_management_out),
		TEST_OF(a_rule_has_products_of_its_own_or_the_usual_ones),
		TEST_OF(parts_add_up_to_the_whole),
		TEST_OF(many_products_are_told_apart_and_the_rest_are_one),
		TEST_OF(rows_are_products_and_then_guard),
		TEST_OF(without_prices_there_is_no_money),
		TEST_OF(an_earlier_month_is_the_last_that_was_recorded),
		TEST_OF(what_atlassian_bills_is_not_lost_by_a_record_without_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
