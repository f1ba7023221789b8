/* SPDX-License-Identifier: GPL-3.0-or-later */
/* provision/organization_*.c and accounts_listed.c, against a server that follows a script. */
#include "tests/unit/doer_fixture.h"

#include "base/clock.h"
#include "base/text.h"
#include "provision/accounts_news.h"
#include "provision/organization_client.h"

#include <stdlib.h>
#include <unistd.h>

#define NOW 1795000000
#define LIST "/admin/v1/orgs/org-1/users"
#define ONE(id, mail) \
	"{\"account_id\":\"" id "\",\"account_type\":\"atlassian\",\"account_status\":\"active\",\"name\":\"Ada\",\"picture\":\"x\"," \
	"\"email\":\"" mail "\",\"access_billable\":true,\"last_active\":\"2026-11-20T10:00:00Z\"," \
	"\"product_access\":[{\"key\":\"jira-software\",\"name\":\"Jira\"},{\"key\":\"trello\",\"name\":\"Trello\",\"url\":\"u\",\"last_active\":\"2026-11-20\"}]}"
#define OTHER(id, type, status) "{\"account_id\":\"" id "\",\"account_type\":\"" type "\",\"account_status\":\"" status "\",\"name\":\"x\"}"
#define PAGE(total, next, data) "{\"data\":[" data "],\"meta\":{\"total\":" total "},\"links\":{\"self\":\"s\"" next "}}"
#define LINK(user) "{\"scimUserId\":\"" user "\",\"atlassianAccountId\":\"acc\",\"orgId\":\"org-1\",\"directoryId\":\"d\"}"

static struct organization org;

static void open_at(const struct scripted *script)
{
	struct doer_options o = {.targets = &target, .target_count = 1, .organization = &org, .instead_of_waiting = pass};

	close_doer();
	org = (struct organization){.id = "org-1", .base = scripted_begin(a, script), .key = slice_c("s3cret"), .instead_of_waiting = pass};
	target = (struct target){.name = "organisation", .base = arena_printf(a, "%s/scim/directory/dir-1", org.base), .key = slice_c("other")};
	doer = doer_new(&o);
}

/* ---- domains ---- */

#define DOMAIN(name, status) "{\"id\":\"1\",\"type\":\"domains\",\"attributes\":{\"name\":\"" name "\",\"claim\":{\"type\":\"dns\"" \
	",\"status\":\"" status "\"}},\"links\":{\"self\":\"s\"}}"

static void reads_the_domains_that_are_verified(void **state)
{
	static const struct scripted script[] = {
		{"200 OK", "{\"data\":[" DOMAIN("Example.org", "verified") "," DOMAIN("old.example", "unverified") "],\"links\":{\"next\":\"c2\"}}"},
		{"200 OK", "{\"data\":[" DOMAIN("a.example", "verified") "],\"links\":{}}"},
		{"403 Forbidden", "{}"}, {"200 OK", "{}"}, {NULL},
	};
	struct organization_domain_list got;

	(void)state;
	open_at(script);
	assert_done(organization_domains(a, &org, &got, &err), err);
	assert_int_equal(got.count, 2);
	assert_string_equal(got.names[0], "a.example");
	assert_string_equal(got.names[1], "example.org");
	assert_int_equal(got.requests, 2);
	assert_text_in("GET /admin/v1/orgs/org-1/domains ", scripted_request(0));
	assert_text_in("GET /admin/v1/orgs/org-1/domains?cursor=c2 ", scripted_request(1));
	assert_refused(organization_domains(a, &org, &got, &err), err, REASON_PROVISION_STEP);
	assert_refused(organization_domains(a, &org, &got, &err), err, REASON_PROVISION_STOP);
	assert_text_in("`data` is missing", err.detail);
}

/* ---- accounts ---- */

static void reads_every_page_whichever_way_it_is_named(void **state)
{
	static const struct scripted script[] = {
		{"200 OK", PAGE("6", ",\"next\":\"{base}" LIST "?cursor=abc%3D\"", ONE("a1", "a@x") "," OTHER("b", "app", "active"))},
		{"200 OK", PAGE("6", ",\"next\":\"d e&f\"", OTHER("c", "atlassian", "closed"))},
		{"200 OK", PAGE("6", "", OTHER("d", "customer", "active") "," OTHER("e", "atlassian", "inactive") "," ONE("0", "z@x"))},
		{NULL},
	};
	struct organization_accounts got = {0};
	const struct account *first;

	(void)state;
	open_at(script);
	assert_done(organization_read(a, &org, NOW, &got, &err), err);
	assert_int_equal(got.count, 3);
	assert_int_equal(got.closed, 1);
	assert_int_equal(got.others, 2);
	assert_int_equal(got.requests, 3);
	first = &got.accounts[1];
	assert_string_equal(first->id, "a1");
	assert_string_equal(first->mail, "a@x");
	assert_string_equal(first->status, "active");
	assert_string_equal(first->last_active, "2026-11-20T10:00:00Z");
	assert_int_equal(first->kind, ACCOUNT_MANAGED);
	assert_int_equal(first->billable, 1);
	assert_int_equal(first->as_of, NOW);
	assert_string_equal(first->products[0], "Jira");
	assert_string_equal(first->products[1], "Trello");
	assert_null(first->products[2]);
	assert_string_equal(first->products_active[0], "");
	assert_string_equal(first->products_active[1], "2026-11-20");
	assert_null(got.accounts[2].mail);
	assert_int_equal(got.accounts[2].billable, -1);
	assert_null(got.accounts[2].products[0]);
	assert_text_in("GET " LIST " ", scripted_request(0));
	assert_text_in("Authorization: Bearer s3cret\r\n", scripted_request(0));
	assert_text_in("GET " LIST "?cursor=abc%3D ", scripted_request(1));
	assert_text_in("GET " LIST "?cursor=d%20e%26f ", scripted_request(2));
}

static void a_key_goes_to_no_other_address(void **state)
{
	static const char *const pages[] = {
		PAGE("2", ",\"next\":\"https://evil.example.org" LIST "?cursor=1\"", ONE("a", "a@x")),
		PAGE("2", ",\"next\":\"{base}.evil.example.org" LIST "?cursor=1\"", ONE("a", "a@x")),
		PAGE("2", ",\"next\":\"{base}/admin/v1/orgs/org-2/users?cursor=1\"", ONE("a", "a@x")),
		PAGE("2", ",\"next\":\"{base}" LIST "/../x?cursor=1\"", ONE("a", "a@x")),
		PAGE("2", ",\"next\":\"{base}" LIST "?cursor=1 2\"", ONE("a", "a@x")),
		PAGE("2", ",\"next\":7", ONE("a", "a@x")),
	};
	struct organization_accounts got = {.count = 77};

	(void)state;
	for (size_t i = 0; i < sizeof(pages) / sizeof(*pages); i++) {
		const struct scripted script[] = {{"200 OK", pages[i]}, {NULL}};

		open_at(script);
		assert_refused(organization_read(a, &org, NOW, &got, &err), err, REASON_PROVISION_STOP);
		assert_int_equal(scripted_requests(), 1);
		assert_int_equal(got.count, 77);
	}
}

static void what_makes_no_sense_is_no_list(void **state)
{
	static const struct {
		const char *page, *says;
	} rows[] = {
		{"{}", "`data` is missing"}, {"{\"data\":{}}", "`data` is no list"}, {"{\"data\":[7]}", "an account is no object"},
		{"{\"data\":[{}]}", "is missing"}, {PAGE("-1", "", ""), "`total` is no number"},
		{"{\"data\":[{\"account_id\":\"a\",\"account_type\":\"atlassian\",\"account_status\":\"active\",\"access_billable\":\"yes\"}]}", "`access_billable`"},
		{"{\"data\":[{\"account_id\":\"a\",\"account_type\":\"atlassian\",\"account_status\":\"active\",\"product_access\":[1]}]}", "a product is no object"},
	};
	static const struct scripted circle[] = {
		{"200 OK", PAGE("9", ",\"next\":\"c\"", ONE("a", "a@x"))}, {"200 OK", PAGE("9", ",\"next\":\"c\"", ONE("b", "b@x"))}, {NULL},
	};
	struct organization_accounts got;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct scripted script[] = {{"200 OK", rows[i].page}, {NULL}};

		open_at(script);
		assert_refused(organization_read(a, &org, NOW, &got, &err), err, REASON_PROVISION_STOP);
		assert_text_in(rows[i].says, err.detail);
	}
	open_at(circle);
	assert_refused(organization_read(a, &org, NOW, &got, &err), err, REASON_PROVISION_STOP);
	assert_text_in("the next page is the same page", err.detail);
	org.id = "../x";
	assert_refused(organization_read(a, &org, NOW, &got, &err), err, REASON_PROVISION_STOP);
}

static void a_list_that_changes_meanwhile_is_read_again(void **state)
{
	static const struct scripted script[] = {
		{"200 OK", PAGE("2", "", ONE("a", "a@x"))}, {"200 OK", PAGE("2", "", ONE("a", "a@x") "," ONE("a", "a@x"))},
		{"200 OK", PAGE("1", "", ONE("a", "a@x"))}, {"200 OK", PAGE("2", "", "")}, {"200 OK", PAGE("2", "", "")}, {"200 OK", PAGE("2", "", "")},
		{"403 Forbidden", "{\"errors\":[{\"code\":\"ADMIN-403-3\",\"title\":\"No\"}]}"}, {NULL},
	};
	struct organization_accounts got;

	(void)state;
	open_at(script);
	assert_done(organization_read(a, &org, NOW, &got, &err), err);
	assert_int_equal(got.count, 1);
	assert_refused(organization_read(a, &org, NOW, &got, &err), err, REASON_PROVISION_STEP);
	assert_text_in("changed while it was read, 3 times", err.detail);
	assert_refused(organization_read(a, &org, NOW, &got, &err), err, REASON_PROVISION_STEP);
	assert_text_in("403 ADMIN-403-3: No; the key may not do that: it needs an API key of the organisation", err.detail);
}

static void a_time_of_a_clock_that_was_ahead_is_over_once_it_was_asked(void **state)
{
	static const struct scripted script[] = {{"200 OK", PAGE("1", "", ONE("a", "a@x"))},
		{"429 Too Many Requests", "{}", "Retry-After: 3600\r\n"}, {NULL}};
	struct organization_accounts got;
	int64_t until = NOW + 30 * 86400;

	(void)state;
	clock_set(NOW);
	open_at(script);
	org.left_alone = &until;
	assert_done(organization_read(a, &org, NOW, &got, &err), err);
	assert_int_equal(until, 0);
	until = NOW + 30 * 86400;
	assert_refused(organization_read(a, &org, NOW, &got, &err), err, REASON_PROVISION_STOP);
	assert_int_equal(until, NOW + 3600);
	assert_refused(organization_read(a, &org, NOW, &got, &err), err, REASON_PROVISION_STOP);
	assert_text_in("asked to be left alone until", err.detail);
	assert_int_equal(until, NOW + 3600);
	org.left_alone = NULL;
	clock_set(0);
}

static void accounts_go_into_the_inventory_whole_or_not_at_all(void **state)
{
	static const char *const none[] = {NULL};
	char folder[] = "/tmp/postern-listed-XXXXXX";
	struct account list[] = {
		{.id = "1", .mail = "A@x", .kind = ACCOUNT_MANAGED, .billable = 1, .products = none, .as_of = NOW},
		{.id = "2", .kind = ACCOUNT_MANAGED, .billable = 1, .products = none, .as_of = NOW},
		{.id = "3", .mail = "a@X", .kind = ACCOUNT_MANAGED, .products = none, .as_of = NOW},
		{.id = "4", .mail = "b@x", .kind = ACCOUNT_MANAGED, .products = none, .as_of = NOW},
	};
	struct accounts_import report = {.rows = 77};
	struct accounts_found found;
	struct accounts *accounts;
	const char *path;

	(void)state;
	assert_non_null(mkdtemp(folder));
	path = arena_printf(a, "%s/accounts", folder);
	assert_done(accounts_import_listed(a, path, list, 4, NOW, &report, &err), err);
	assert_int_equal(report.rows, 4);
	assert_int_equal(report.managed, 4);
	assert_int_equal(report.billable, 2);
	assert_int_equal(report.problem_count, 2);
	assert_string_equal(report.problems[0], "account 2: no mail address is told");
	assert_string_equal(report.problems[1], "account 3: another account has the same mail; the first is found by it");
	list[0].mail = list[2].mail = NULL;
	report.rows = 77;
	assert_refused(accounts_import_listed(a, path, list, 4, NOW + 60, &report, &err), err, REASON_FILE);
	assert_string_equal(err.detail, "3 of 4 accounts are told without a mail, so whose they are is not known, and the inventory "
		"stays as it was; account 1: no mail address is told");
	assert_refused(accounts_import_listed(a, path, list, 0, NOW + 60, &report, &err), err, REASON_FILE);
	assert_int_equal(report.rows, 77);
	assert_done(accounts_open(path, &accounts, &err), err);
	assert_done(accounts_find(a, accounts, "a@X", &found, &err), err);
	accounts_close(accounts);
	assert_int_equal(found.answer, ACCOUNTS_LISTED);
	assert_string_equal(found.account.id, "1");
	assert_int_equal(found.as_of, NOW);
	unlink(path);
	unlink(arena_printf(a, "%s-lock", path));
	unlink(arena_printf(a, "%s.billed", path));
	assert_int_equal(rmdir(folder), 0);
}

static void list_one(const struct account *account, void *context)
{
	struct text *t = context;

	text_addf(t, "%s:%s:%d ", account->id ? account->id : "-", account->mail ? account->mail : "-", account->billable);
}

/* Counted they are all; by a mail the one is found that is billed. */
static void accounts_that_no_mail_leads_to_are_in_the_inventory(void **state)
{
	static const char *const none[] = {NULL};
	char folder[] = "/tmp/postern-listed-XXXXXX";
	struct account list[] = {
		{.id = "1", .mail = "a@x", .kind = ACCOUNT_MANAGED, .products = none}, {.id = "2", .mail = "A@x", .kind = ACCOUNT_MANAGED, .billable = 1, .products = none},
		{.id = "3", .kind = ACCOUNT_MANAGED, .billable = 1, .products = none}, {.id = "4", .mail = "b@x", .kind = ACCOUNT_MANAGED, .products = none},
		{.id = "4", .mail = "b@x", .kind = ACCOUNT_MANAGED, .products = none},
	};
	struct accounts_import report;
	struct accounts_found found;
	struct accounts_news news;
	struct accounts *accounts;
	const char *path;
	struct text t;
	size_t count;
	int64_t as_of;

	(void)state;
	assert_non_null(mkdtemp(folder));
	path = arena_printf(a, "%s/accounts", folder);
	assert_done(accounts_import_listed(a, path, list, 5, NOW, &report, &err), err);
	assert_int_equal(report.managed, 4);
	assert_int_equal(report.billable, 2);
	assert_string_equal(report.problems[0], "account 2: another account has the same mail; this one is billed, and found by it");
	assert_string_equal(report.problems[2], "account 4: it is listed twice");
	text_begin(&t, a, 64);
	assert_done(accounts_open(path, &accounts, &err), err);
	assert_int_equal(accounts_inventory(accounts, &as_of, &count, &err), 1);
	assert_int_equal(count, 4);
	assert_done(accounts_find(a, accounts, "a@x", &found, &err), err);
	assert_string_equal(found.account.id, "2");
	assert_done(accounts_each(accounts, list_one, &t, &err), err);
	assert_string_equal(t.p, "1:a@x:0 3:-:1 2:A@x:1 4:b@x:0 ");
	accounts_close(accounts);
	/* the same people a day later: a mail that is told again, and one that is not any more, are no news; who is billed now is */
	list[2].mail = "c@x";
	list[1].mail = NULL;
	list[0].billable = 1;
	list[3].mail = NULL;
	list[3].billable = 1;
	assert_done(accounts_import_listed(a, path, list, 4, NOW + 60, &report, &err), err);
	assert_done(accounts_news_read(a, path, NOW + 60, &news, &err), err);
	assert_int_equal(news.count, 2);
	assert_string_equal(news.people[0].mail, "a@x");
	assert_string_equal(news.people[1].mail, "account 4");
	unlink(path);
	unlink(arena_printf(a, "%s-lock", path));
	unlink(arena_printf(a, "%s.billed", path));
	assert_int_equal(rmdir(folder), 0);
}

/* No page need say how many there are, so one that says that it was the last is all that can be known of the end. */
static void a_list_that_was_cut_is_no_inventory(void **state)
{
	static const char *const none[] = {NULL};
	char folder[] = "/tmp/postern-listed-XXXXXX";
	struct accounts_import report;
	struct account list[21];
	const char *path;

	(void)state;
	for (int i = 0; i < 21; i++)
		list[i] = (struct account){.id = arena_printf(a, "%d", i), .mail = arena_printf(a, "%d@x", i), .kind = ACCOUNT_MANAGED, .products = none};
	assert_non_null(mkdtemp(folder));
	path = arena_printf(a, "%s/accounts", folder);
	assert_done(accounts_import_listed(a, path, list, 19, NOW, &report, &err), err);
	assert_done(accounts_import_listed(a, path, list, 1, NOW, &report, &err), err);         /* so few may be tests */
	assert_done(accounts_import_listed(a, path, list, 21, NOW, &report, &err), err);
	assert_refused(accounts_import_listed(a, path, list, 10, NOW, &report, &err), err, REASON_FILE);
	assert_text_in("10 accounts are listed where the inventory holds 21, so it stays as it was", err.detail);
	assert_done(accounts_import_listed(a, path, list, 11, NOW, &report, &err), err);
	assert_int_equal(report.before, 21);
	unlink(path);
	unlink(arena_printf(a, "%s-lock", path));
	unlink(arena_printf(a, "%s.billed", path));
	assert_int_equal(rmdir(folder), 0);
}

/* ---- the way back ---- */

static void unlinks_and_looks_whether_it_is_so(void **state)
{
	static const struct scripted script[] = {
		{"200 OK", "{\"scimLinks\":[" LINK("u9") "," LINK("u1") "]}"}, {"204 No Content"}, {"200 OK", "{\"scimLinks\":[" LINK("u9") "]}"},
		{"200 OK", "{\"scimLinks\":[]}"},
		{"200 OK", "{\"scimLinks\":[" LINK("u1") "]}"}, {"204 No Content"}, {"200 OK", "{\"scimLinks\":[" LINK("u1") "]}"},
		{"200 OK", "{}"}, {NULL},
	};
	struct step step = {.kind = STEP_UNLINK, .user = "u1", .account_id = "557058:a"};

	(void)state;
	open_at(script);
	assert_done(do_step(&step), err);
	assert_false(out.was_so);
	assert_int_equal(out.requests, 3);
	assert_text_in("GET /admin/user-provisioning/v1/org/org-1/user/557058%3Aa/get-scim-links ", scripted_request(0));
	assert_text_in("PATCH /admin/user-provisioning/v1/org/org-1/scimDirectoryId/dir-1/scimUserId/u1/unlink ", scripted_request(1));
	assert_done(do_step(&step), err);
	assert_true(out.was_so);
	assert_refused(do_step(&step), err, REASON_PROVISION_STEP);
	assert_text_in("success, but the account 557058:a is still linked", err.detail);
	step.account_id = NULL;
	assert_refused(do_step(&step), err, REASON_PROVISION_STEP);
	step.account_id = "557058:a";
	assert_refused(do_step(&step), err, REASON_PROVISION_STOP);
	assert_text_in("`scimLinks` is missing", err.detail);
	assert_int_equal(scripted_requests(), 8);
	assert_refused(do_step(&step), err, REASON_PROVISION_STOP);     /* and nothing is sent any more */
	assert_int_equal(scripted_requests(), 8);
}

static void makes_an_account_active_again(void **state)
{
	static const struct scripted script[] = {{"204 No Content"}, {"403 Forbidden", "{\"key\":\"x\",\"message\":\"not managed\"}"}, {NULL}};
	const struct step step = {.kind = STEP_RESTORE, .user = "u1", .account_id = "acc-1"};

	(void)state;
	open_at(script);
	assert_done(do_step(&step), err);
	assert_string_equal(out.account_id, "acc-1");
	assert_text_in("POST /users/acc-1/manage/lifecycle/enable ", scripted_request(0));
	assert_refused(do_step(&step), err, REASON_PROVISION_STEP);
	assert_text_in("403 not managed; the key may not do that", err.detail);
}

static void without_the_key_of_the_organisation_there_is_no_way_back(void **state)
{
	static const struct scripted script[] = {{NULL}};
	struct doer_options o = {.targets = &target, .target_count = 1};
	const struct step step = {.kind = STEP_RESTORE, .user = "u1", .account_id = "acc-1"};

	(void)state;
	open_at(script);
	doer_free(doer);
	doer = doer_new(&o);
	assert_refused(do_step(&step), err, REASON_PROVISION_STEP);
	assert_string_equal(err.detail, "restore: there is no key of the organisation");
	assert_refused(organization_step(a, &org, &target, &(struct step){.kind = STEP_USER_ACTIVATE}, &out, &err), err, REASON_PROVISION_STEP);
	target.base = org.base;
	assert_refused(organization_step(a, &org, &target, &(struct step){.kind = STEP_UNLINK, .user = "u1"}, &out, &err), err, REASON_PROVISION_STEP);
	assert_text_in("does not tell the id of its SCIM directory", err.detail);
	assert_int_equal(scripted_requests(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST_OF(f) cmocka_unit_test_setup_teardown(f, begin, end)
		TEST_OF(reads_every_page_whichever_way_it_is_named),
		TEST_OF(a_key_goes_to_no_other_address),
		TEST_OF(what_makes_no_sense_is_no_list),
		TEST_OF(a_list_that_changes_meanwhile_is_read_again),
		TEST_OF(a_time_of_a_clock_that_was_ahead_is_over_once_it_was_asked),
		TEST_OF(accounts_go_into_the_inventory_whole_or_not_at_all),
		TEST_OF(accounts_that_no_mail_leads_to_are_in_the_inventory),
		TEST_OF(reads_the_domains_that_are_verified),
		TEST_OF(a_list_that_was_cut_is_no_inventory),
		TEST_OF(unlinks_and_looks_whether_it_is_so),
		TEST_OF(makes_an_account_active_again),
		TEST_OF(without_the_key_of_the_organisation_there_is_no_way_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
