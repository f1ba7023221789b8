/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Imports of exports of several years, and looking into what they gave. */
#include "tests/unit/accounts_stage.h"

#include "base/encode.h"

static const char export_of_2026[] =
	"\xef\xbb\xbfName,Email,Last active,Status,Billable,Policy name,Policy type,SAML single sign-on,Two-step verification,"
	"Jira,Jira Service Management,Confluence\r\n"
	"Ada Lovelace,Ada@Example.org,\"Nov 20, 2026\",Active,Yes,Default,Member,Enforced,Optional,example.atlassian.net,"
	"example.atlassian.net,\r\n"
	"\"O'Neill, Jürgen\",j.oneill@example.org,Never,Active,No,Default,Member,Enforced,Optional,,,\r\n"
	"\r\n";

static void imports_the_export_of_managed_accounts(void **state)
{
	struct accounts_import report;
	struct accounts_found found;
	struct error err;

	(void)state;
	assert_done(import(export_of_2026, &report, &err), err);
	assert_int_equal(report.rows, 2);
	assert_int_equal(report.managed, 2);
	assert_int_equal(report.billable, 1);
	assert_int_equal(report.before, 0);
	assert_int_equal(report.problem_count, 0);
	assert_null(report.problems[0]);
	assert_string_equal(joined(report.columns_used),
		"Name|Email|Last active|Status|Billable|Jira|Jira Service Management|Confluence|");
	assert_string_equal(joined(report.columns_unneeded),
		"Policy name|Policy type|SAML single sign-on|Two-step verification|");
	assert_string_equal(joined(report.columns_ignored), "");

	found = find("ada@example.ORG");
	assert_int_equal(found.answer, ACCOUNTS_LISTED);
	assert_int_equal(found.as_of, NOW);
	assert_string_equal(found.account.mail, "Ada@Example.org");
	assert_string_equal(found.account.name, "Ada Lovelace");
	assert_string_equal(found.account.status, "Active");
	assert_string_equal(found.account.last_active, "Nov 20, 2026");
	assert_int_equal(found.account.kind, ACCOUNT_MANAGED);
	assert_int_equal(found.account.billable, 1);
	assert_int_equal(found.account.as_of, NOW);
	assert_null(found.account.id);
	assert_string_equal(joined(found.account.products), "Jira|Jira Service Management|");

	found = find("j.oneill@example.org");
	assert_string_equal(found.account.name, "O'Neill, Jürgen");
	assert_int_equal(found.account.billable, 0);
	assert_null(found.account.products[0]);
}

static void knows_columns_by_other_names(void **state)
{
	struct accounts_import report;
	struct accounts_found found;
	struct error err;

	(void)state;
	assert_done(import("User ID;Full_name;E-Mail Address;Account status;Is billable;Last active date;Last seen in Jira - x;"
		"Jira Software - x.atlassian.net;Trello (free);Shoe size;\n"
		"5b10a;Bob;bob@example.org;Deactivated;FALSE;2026-01-01;2026-01-01;None;yes;44;\n", &report, &err), err);
	assert_string_equal(joined(report.columns_used),
		"User ID|Full_name|E-Mail Address|Account status|Is billable|Last active date|"
		"Jira Software - x.atlassian.net|Trello (free)|");
	assert_string_equal(joined(report.columns_unneeded), "Last seen in Jira - x|");
	assert_string_equal(joined(report.columns_ignored), "Shoe size|");
	found = find("BOB@example.org");
	assert_string_equal(found.account.id, "5b10a");
	assert_string_equal(found.account.status, "Deactivated");
	assert_int_equal(found.account.billable, 0);
	assert_string_equal(joined(found.account.products), "Trello (free)|");
}

static void a_file_of_mails_alone_is_enough(void **state)
{
	struct accounts_import report;
	struct accounts_found found;
	struct error err;

	(void)state;
	assert_done(import("email\nbob@example.org", &report, &err), err);
	found = find("bob@example.org");
	assert_int_equal(found.account.billable, -1);
	assert_null(found.account.name);
	assert_null(found.account.status);
	assert_null(found.account.last_active);
}

static void reports_rows_it_cannot_use_with_their_line(void **state)
{
	struct accounts_import report;
	struct error err;

	(void)state;
	assert_done(import("Name,Email,Billable,Account type\n"
		"a,a@example.org,maybe,atlassian\n"
		"b,,Yes,\n"
		"\"c\nd\",c.example.org,Yes,\n"
		"e,e@example.org\n"
		"a,A@example.org,Yes,\n"
		"f,f@example.org,Yes,App\n"
		"g,g@example.org,Yes,\n"
		"h,h@example.org,,\n"
		"i,i@example.org,,\n"
		"j,j@example.org,,\n", &report, &err), err);
	assert_int_equal(report.rows, 10);
	assert_int_equal(report.managed, 5);
	assert_int_equal(report.billable, 2);
	assert_int_equal(report.problem_count, 6);
	assert_string_equal(joined(report.problems),
		"line 2: `maybe` does not say whether the account is billed|"
		"line 3: no mail address|"
		"line 4: `c.example.org` is not a mail address|"
		"line 6: 2 fields where the header has 4|"
		"line 7: A@example.org: another account has the same mail; this one is billed, and found by it|"
		"line 8: f@example.org: an account of type `App` is nobody's|");
	assert_int_equal(find("f@example.org").answer, ACCOUNTS_NOT_LISTED);
	assert_string_equal(find("a@example.org").account.mail, "A@example.org");
	assert_int_equal(find("a@example.org").account.billable, 1);
}

static void keeps_twenty_problems_and_counts_all(void **state)
{
	struct accounts_import report;
	struct error err;
	struct text t;

	(void)state;
	text_begin(&t, a, 4096);
	text_add_c(&t, "email\n");
	for (int i = 0; i < 60; i++)
		text_addf(&t, "%d@example.org\n", i % 30);
	assert_done(import(t.p, &report, &err), err);
	assert_int_equal(report.managed, 30);
	assert_int_equal(report.problem_count, 30);
	assert_string_equal(report.problems[19], "line 51: 19@example.org: another account has the same mail; the first is found by it");
	assert_null(report.problems[20]);
}

static void a_new_import_replaces_the_old_one(void **state)
{
	struct accounts_import report;
	struct error err;

	(void)state;
	assert_done(import("email\na@example.org\nb@example.org\n", &report, &err), err);
	assert_done(accounts_import_csv(a, path, slice_c("email\nb@example.org\n"), NOW + 60, &report, &err), err);
	assert_int_equal(report.before, 2);
	assert_int_equal(report.managed, 1);
	assert_int_equal(find("a@example.org").answer, ACCOUNTS_NOT_LISTED);
	assert_int_equal(find("b@example.org").as_of, NOW + 60);
}

static void a_file_that_is_not_understood_leaves_the_inventory_as_it_was(void **state)
{
	static const struct {
		const char *csv, *detail;
	} table[] = {
		{"", "the file is empty"},
		{"<!doctype html>\n", "line 1: no column `Email` or `Email address`; there is: <!doctype html>"},
		{"Name, Mailbox\nx,y\n", "line 1: no column `Email` or `Email address`; there is: Name, Mailbox"},
		{"Email,Email address\nx,y\n",
			"line 1: the columns `Email` and `Email address` mean the same; take one of them out"},
		{"Email,Status,Account status\nx,y,z\n",
			"line 1: the columns `Status` and `Account status` mean the same; take one of them out"},
		{"Email\n", "the file lists no account, so the inventory stays as it was"},
		{"Email\n\n\n", "the file lists no account, so the inventory stays as it was"},
		{"Email\nx\n",
			"the file lists no account that can be used, so the inventory stays as it was; "
			"line 2: `x` is not a mail address"},
		{"Email\nb@example.org\nx\ny\n",
			"2 of 3 rows cannot be used, so the inventory stays as it was; line 3: `x` is not a mail address"},
		{"Email\nb@example.org\n\"c", "line 3: a quote that opens here is never closed"},
		{"Email\nb@example.org\nJ\xfcrgen@example.org\n",
			"line 3: a field is not UTF-8 text, or holds control characters"},
	};
	struct accounts_import report = {.rows = 77};
	struct error err;

	(void)state;
	assert_done(import("email\na@example.org\n", &report, &err), err);
	report.rows = 77;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		assert_refused(import(table[i].csv, &report, &err), err, REASON_FILE);
		assert_string_equal(err.detail, table[i].detail);
		assert_int_equal(report.rows, 77);
		assert_int_equal(find("a@example.org").answer, ACCOUNTS_LISTED);
		assert_int_equal(find("b@example.org").answer, ACCOUNTS_NOT_LISTED);
	}
}

static void note_account(const struct account *account, void *context)
{
	const char **seen = context;

	*seen = arena_printf(a, "%s%s %d%s%s;", *seen, account->mail, account->billable, account->products[0] ? " " : "",
		account->products[0] ? account->products[0] : "");
}

static void reads_a_file_without_an_inventory(void **state)
{
	struct accounts_import report;
	const char *seen = "";
	struct error err;

	(void)state;
	assert_done(accounts_read_csv(a, slice_c("Email,Billable,Trello\na@example.org,yes,x\nnobody\nb@example.org,no,\na@example.org,,\n"), NOW,
		note_account, &seen, &report, &err), err);
	assert_string_equal(seen, "a@example.org 1 Trello;b@example.org 0;a@example.org -1;");
	assert_int_equal(report.managed, 3);
	assert_int_equal(report.billable, 1);
	assert_int_equal(report.problem_count, 1);
	assert_int_equal(find("a@example.org").answer, ACCOUNTS_NO_INVENTORY);
	assert_refused(accounts_read_csv(a, slice_c("Email\nx\n"), NOW, note_account, &seen, &report, &err), err, REASON_FILE);
	assert_string_equal(err.detail, "the file lists no account that can be used; line 2: `x` is not a mail address");
}

/* Of a product's own column, by its site where there are several, and not of a product without access. */
static void knows_when_a_product_was_used(void **state)
{
	struct accounts_import report;
	struct accounts_found found;
	struct error err;

	(void)state;
	assert_done(import("Email,Jira - a,Jira - b,Trello,Confluence,Last seen in Jira - b,Last seen in Jira - a,Last active in Trello,Last seen in Loom\n"
		"a@example.org,User,User,yes,,2026-02-02,\"Jan 1, 2026\",Never,2026-01-01\n"
		"b@example.org,,,,x,,,,\n", &report, &err), err);
	assert_string_equal(joined(report.columns_unneeded), "Last seen in Loom|");
	found = find("a@example.org");
	assert_string_equal(joined(found.account.products), "Jira - a|Jira - b|Trello|");
	assert_string_equal(joined(found.account.products_active), "Jan 1, 2026|2026-02-02|Never|");
	found = find("b@example.org");
	assert_string_equal(joined(found.account.products), "Confluence|");
	assert_null(found.account.products_active);
}

static void reads_when_somebody_was_active(void **state)
{
	static const struct { const char *text; int rc; const char *day; } rows[] = {
		{"Nov 20, 2026", 1, "2026-11-20T00:00:00Z"}, {"20 Nov 2026", 1, "2026-11-20T00:00:00Z"}, {"November 2, 2026", 1, "2026-11-02T00:00:00Z"},
		{"2026-11-20", 1, "2026-11-20T00:00:00Z"}, {"2026-11-20T13:19:16Z", 1, "2026-11-20T13:19:16Z"},
		{"2026-11-20T13:19:16.123Z", 1, "2026-11-20T13:19:16Z"}, {"2026-11-20 13:19", 1, "2026-11-20T00:00:00Z"},
		{"20-Nov-2026", 1, "2026-11-20T00:00:00Z"}, {"Never", 0, NULL}, {"Never accessed", 0, NULL},
		{"", -1, NULL}, {"yesterday", -1, NULL}, {"2026-02-30", -1, NULL}, {"Feb 30, 2026", -1, NULL}, {"11/20/2026", -1, NULL},
		{"20261120", -1, NULL}, {"Nov 20", -1, NULL}, {"2026-11-20x", -1, NULL}, {"99999999-1-1", -1, NULL}, {"\xff", -1, NULL},
	};
	int64_t t = 0;
	char day[21];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		assert_int_equal(account_active(rows[i].text, &t), rows[i].rc);
		if (rows[i].rc == 1) {
			time_write(t, day);
			assert_string_equal(day, rows[i].day);
		}
	}
	assert_int_equal(account_active(NULL, &t), -1);
}

static void note_with_kind(const struct account *account, void *context)
{
	const char **seen = context;

	*seen = arena_printf(a, "%s%s %s;", *seen, account->mail, account->kind == ACCOUNT_PORTAL ? "portal" : "managed");
}

static void customers_are_read_and_no_part_of_the_inventory_proper(void **state)
{
	static const char csv[] = "Email,Account type\nb@example.org,atlassian\nb@example.org,customer\na@example.org,atlassian\nc@example.org,app\n";
	struct accounts_import report;
	struct accounts *accounts;
	const char *seen = "";
	struct error err;

	(void)state;
	assert_done(accounts_read_csv(a, slice_c(csv), NOW, note_with_kind, &seen, &report, &err), err);
	assert_string_equal(seen, "b@example.org managed;b@example.org portal;a@example.org managed;");
	assert_int_equal(report.managed, 2);
	assert_int_equal(report.problem_count, 1);
	assert_done(accounts_open(path, &accounts, &err), err);
	seen = "";
	assert_done(accounts_each(accounts, note_with_kind, &seen, &err), err);
	assert_string_equal(seen, "");
	accounts_close(accounts);
	assert_done(import(csv, &report, &err), err);
	assert_int_equal(report.problem_count, 1);
	assert_int_equal(report.portal, 1);
	assert_done(accounts_open(path, &accounts, &err), err);
	assert_done(accounts_each(accounts, note_with_kind, &seen, &err), err);
	assert_string_equal(seen, "a@example.org managed;b@example.org managed;");
	accounts_close(accounts);
}

static void refuses_mails_that_are_none(void **state)
{
	static const char *const table[] = {"x", "@", "x@", "@x", "a@b@c", "a b@c", "<a@b>", "a@b;c@d", "a@b\tc"};
	struct accounts_import report;
	struct error err;

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		assert_refused(import(arena_printf(a, "email,x\n\"%s\",\n", table[i]), &report, &err), err, REASON_FILE);
	assert_refused(import(arena_printf(a, "email\n%0250d@a.de\n", 1), &report, &err), err, REASON_FILE);
	assert_done(import(arena_printf(a, "email\n %0249d@a.de \n", 1), &report, &err), err);
}

static void nobody_is_listed_without_a_mail(void **state)
{
	struct accounts_import report;
	struct error err;

	(void)state;
	assert_int_equal(find("").answer, ACCOUNTS_NO_INVENTORY);
	assert_done(import("email\na@example.org\n", &report, &err), err);
	assert_int_equal(find("").answer, ACCOUNTS_NOT_LISTED);
	assert_int_equal(find(NULL).answer, ACCOUNTS_NOT_LISTED);
	assert_int_equal(find(arena_printf(a, "%0600d@example.org", 1)).answer, ACCOUNTS_NOT_LISTED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(imports_the_export_of_managed_accounts),
		TEST(knows_columns_by_other_names),
		TEST(knows_when_a_product_was_used),
		TEST(reads_when_somebody_was_active),
		TEST(customers_are_read_and_no_part_of_the_inventory_proper),
		TEST(a_file_of_mails_alone_is_enough),
		TEST(reports_rows_it_cannot_use_with_their_line),
		TEST(keeps_twenty_problems_and_counts_all),
		TEST(a_new_import_replaces_the_old_one),
		TEST(a_file_that_is_not_understood_leaves_the_inventory_as_it_was),
		TEST(reads_a_file_without_an_inventory),
		TEST(refuses_mails_that_are_none),
		TEST(nobody_is_listed_without_a_mail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
