/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The inventory's file: not there, of another kind, of another version, damaged; and its records. */
#include "tests/unit/accounts_stage.h"

#include "base/encode.h"
#include "base/file.h"
#include "provision/account_record.h"

static void without_an_inventory_says_so_and_looks_again(void **state)
{
	struct accounts_import report;
	struct accounts_found found;
	struct accounts *accounts = NULL;
	struct error err;
	int64_t as_of = 0;
	size_t count = 0;

	(void)state;
	assert_done(accounts_find(a, NULL, "a@example.org", &found, &err), err);
	assert_int_equal(found.answer, ACCOUNTS_NO_INVENTORY);
	assert_int_equal(accounts_inventory(NULL, &as_of, &count, &err), 0);
	assert_done(accounts_open(path, &accounts, &err), err);
	assert_done(accounts_find(a, accounts, "a@example.org", &found, &err), err);
	assert_int_equal(found.answer, ACCOUNTS_NO_INVENTORY);
	assert_int_equal(found.as_of, 0);
	assert_int_equal(accounts_inventory(accounts, &as_of, &count, &err), 0);

	assert_done(import("email\na@example.org\n", &report, &err), err);
	assert_done(accounts_look_again(accounts, &err), err);
	assert_done(accounts_find(a, accounts, "a@example.org", &found, &err), err);
	assert_int_equal(found.answer, ACCOUNTS_LISTED);
	assert_int_equal(accounts_inventory(accounts, &as_of, &count, &err), 1);
	assert_int_equal(as_of, NOW);
	assert_int_equal(count, 1);
	accounts_close(accounts);
}

/* The first import failed behind the making of the file: that is no inventory, not an empty one. */
static void a_failed_first_import_is_no_inventory(void **state)
{
	struct accounts_import report;
	struct error err;

	(void)state;
	assert_refused(import("email\nx\n", &report, &err), err, REASON_FILE);
	assert_int_equal(access(path, F_OK), 0);
	assert_int_equal(find("a@example.org").answer, ACCOUNTS_NO_INVENTORY);
}

static void a_file_of_another_kind_is_an_error(void **state)
{
	struct accounts *accounts = NULL;
	struct accounts_import report;
	struct error err;

	(void)state;
	assert_done(file_write(path, 0640, slice_c("this is no store, but text that is long enough to be one"), &err), err);
	assert_refused(accounts_open(path, &accounts, &err), err, REASON_STORE);
	assert_null(accounts);
	assert_refused(import("email\na@example.org\n", &report, &err), err, REASON_STORE);
}

static void an_inventory_of_another_version_stays_as_it_is_and_says_what_to_do(void **state)
{
	struct accounts *accounts = NULL;
	struct accounts_import report;
	static const char *const foreign[] = {"people", NULL};
	struct store_options o = {.path = path, .use = STORE_WRITE, .schema = 2, .tables = foreign};
	struct store *s;
	struct error err;

	(void)state;
	assert_done(store_open(&o, &s, &err), err);
	store_close(s);
	assert_refused(accounts_open(path, &accounts, &err), err, REASON_STORE);
	assert_non_null(strstr(err.detail, "newer version of Postern (schema 2, this one has 1)"));
	assert_non_null(strstr(err.detail, "postern accounts import FILE.csv"));
	assert_refused(import("email\na@example.org\n", &report, &err), err, REASON_STORE);
	assert_non_null(strstr(err.detail, "newer version of Postern"));
	assert_done(store_open(&o, &s, &err), err);     /* untouched */
	store_close(s);
}

static void a_record_that_is_damaged_is_an_error(void **state)
{
	static const char *const table[] = {"", "{", "[]", "{\"mail\":\"x@y\"}", "{\"mail\":\"x@y\",\"kind\":\"odd\"}",
		"{\"kind\":\"managed\"}"};
	struct account account = {.mail = "untouched"};
	struct error err;
	int64_t at;

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		assert_refused(account_read(a, slice_c(table[i]), &account, &err), err, REASON_STORE);
	assert_string_equal(account.mail, "untouched");
	/* nor can a time be said that has five digits for its year */
	assert_refused(account_time_read(slice_c("253402300800"), &at, &err), err, REASON_STORE);
	assert_done(account_time_read(slice_c("253402300799"), &at, &err), err);
}

static void a_record_is_read_as_it_was_written(void **state)
{
	static const char *const products[] = {"Jira", "Trello", NULL}, *const active[] = {"", "Never", NULL};
	const struct account in = {"Ä@example.org", "\"q\" \\", "1", ACCOUNT_PORTAL, "x", 0, "y", products, active, NOW};
	struct account out;
	struct error err;

	(void)state;
	assert_done(account_read(a, account_write(a, &in), &out, &err), err);
	assert_string_equal(out.mail, in.mail);
	assert_string_equal(out.name, in.name);
	assert_string_equal(out.id, in.id);
	assert_int_equal(out.kind, in.kind);
	assert_string_equal(out.status, in.status);
	assert_int_equal(out.billable, in.billable);
	assert_string_equal(out.last_active, in.last_active);
	assert_string_equal(joined(out.products), "Jira|Trello|");
	assert_string_equal(joined(out.products_active), "|Never|");
	assert_int_equal(out.as_of, NOW);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(without_an_inventory_says_so_and_looks_again),
		TEST(a_failed_first_import_is_no_inventory),
		TEST(a_file_of_another_kind_is_an_error),
		TEST(an_inventory_of_another_version_stays_as_it_is_and_says_what_to_do),
		TEST(a_record_that_is_damaged_is_an_error),
		TEST(a_record_is_read_as_it_was_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
