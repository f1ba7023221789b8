/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Accounts that were seen where Postern keeps some: what look-ups make of them, and that not knowing is never a yes. */
#include "tests/unit/accounts_seen_stage.h"

#include "base/text.h"

#include <sys/wait.h>

static void what_was_seen_is_found_without_an_inventory(void **state)
{
	const struct world_user staff[] = {{.id = "u1", .user_name = "m@x.org", .active = true}};
	const struct world_user customers[] = {{.id = "qm:1", .mail = "P@y.org", .active = true},
		{.id = "557058:2", .mail = "own@z.org", .atlassian = true}, {.id = "qm:3"}};

	(void)state;
	assert_string_equal(find("p@y.org"), "no inventory");
	users(0, staff, 1);
	users(1, customers, 3);
	note(2);
	assert_string_equal(find("M@X.org"), "managed at organisation");
	assert_string_equal(find("p@y.org"), "portal at helpdesk");
	assert_string_equal(found.account.mail, "P@y.org");
	assert_string_equal(found.account.id, "qm:1");
	assert_int_equal(found.as_of, NOW);
	assert_string_equal(find("own@z.org"), "managed at helpdesk");
	/* who was seen nowhere may be anywhere else */
	assert_string_equal(find("q@y.org"), "no inventory");
	assert_string_equal(find("p@y.or"), "no inventory");
	assert_string_equal(find(""), "no inventory");
	assert_string_equal(find(NULL), "no inventory");
	import("Email\nelse@x.org\n");
	assert_string_equal(find("q@y.org"), "not listed");
	assert_string_equal(find("p@y.org"), "portal at helpdesk");
	assert_int_equal(found.as_of, NOW - 10);        /* of the inventory, whose age sign-ons go by */
}

static void both_kinds_on_one_mail_are_the_managed_one_and_told_of(void **state)
{
	const struct world_user staff[] = {{.id = "u1", .mail = "b@x.org", .account_id = "557058:1", .active = true}};
	const struct world_user customers[] = {{.id = "qm:1", .mail = "b@x.org", .active = true}, {.id = "qm:2", .mail = "c@x.org", .active = true},
		{.id = "557058:1", .mail = "b@x.org", .atlassian = true, .active = true}};

	(void)state;
	users(0, staff, 1);
	users(1, customers, 3);
	note(2);
	assert_string_equal(find("b@x.org"), "managed at helpdesk, other at helpdesk");
	there[0].read++;                /* the newer one is told */
	note(2);
	assert_string_equal(find("b@x.org"), "managed at organisation, other at helpdesk");
	assert_string_equal(found.account.id, "557058:1");
	import("Email\nc@x.org\nb@x.org\n");
	assert_string_equal(find("b@x.org"), "managed, other at helpdesk");
	assert_string_equal(find("c@x.org"), "managed, other at helpdesk");
}

static void a_place_that_was_not_read_whole_keeps_what_it_had(void **state)
{
	const struct world_user staff[] = {{.id = "u1", .mail = "m@x.org", .active = true}};
	const struct world_user before[] = {{.id = "qm:1", .mail = "p@y.org", .active = true}, {.id = "qm:2", .mail = "q@y.org", .active = true}};

	(void)state;
	users(0, staff, 1);
	users(1, before, 2);
	note(2);
	there[1] = (struct world_target){.fault = "401", .read = NOW + 100};
	users(0, NULL, 0);
	note(2);
	assert_string_equal(find("m@x.org"), "no inventory");   /* read, and gone */
	assert_string_equal(find("q@y.org"), "portal at helpdesk");
	assert_int_equal(found.account.as_of, NOW);
	there[1] = (struct world_target){.complete = true, .read = NOW + 200, .users = before, .user_count = 1};
	note(2);
	assert_string_equal(find("q@y.org"), "no inventory");
	assert_string_equal(find("p@y.org"), "portal at helpdesk");
	assert_int_equal(found.account.as_of, NOW + 200);
	note(1);                        /* a connection without accounts any more */
	assert_string_equal(find("p@y.org"), "no inventory");
}

static void what_postern_made_is_known_before_it_is_seen(void **state)
{
	const struct world_user customers[] = {{.id = "qm:1", .mail = "new@y.org", .active = true}, {.id = "qm:5", .active = true}};
	const struct ledger_person people[] = {
		{.target = "helpdesk", .person = "p1", .user = "qm:1", .mail = "old@y.org", .since = NOW - 50},
		{.target = "helpdesk", .person = "p2", .user = "qm:2", .mail = "left@y.org", .since = NOW - 50},
		{.target = "helpdesk", .person = "p3", .user = "qm:3", .mail = "ended@y.org", .since = NOW - 50, .ended = NOW - 5},
		{.target = "helpdesk", .person = "p4", .mail = "begun@y.org", .since = NOW},
		{.target = "helpdesk", .person = "p5", .user = "qm:5", .mail = "private@y.org", .since = NOW - 50},
		{.target = "organisation", .person = "p6", .user = "u6", .mail = "made@x.org", .since = NOW + 5},
		{.target = "organisation", .person = "p7", .user = "u7", .mail = "deleted@x.org", .since = NOW - 50},
		{.target = "elsewhere", .person = "p8", .user = "u8", .mail = "else@x.org", .since = NOW},
	};

	(void)state;
	users(1, customers, 2);
	ledger = (struct ledger_view){.people = people, .count = sizeof(people) / sizeof(people[0])};
	note(2);
	assert_string_equal(find("new@y.org"), "portal at helpdesk");
	assert_string_equal(find("old@y.org"), "no inventory");
	assert_string_equal(find("left@y.org"), "portal at helpdesk");
	assert_string_equal(find("ended@y.org"), "no inventory");
	assert_string_equal(find("begun@y.org"), "no inventory");
	assert_string_equal(find("private@y.org"), "portal at helpdesk");
	assert_string_equal(find("made@x.org"), "managed at organisation");
	assert_string_equal(find("deleted@x.org"), "no inventory");
	assert_string_equal(find("else@x.org"), "no inventory");
}

static void customers_of_an_import_stay_until_the_next_that_lists_some(void **state)
{
	(void)state;
	import("Email,Account type\nm@x.org,atlassian\nc@y.org,customer\nboth@x.org,customer\nboth@x.org,atlassian\n");
	assert_string_equal(find("c@y.org"), "portal at " SEEN_BY_IMPORT);
	assert_string_equal(find("both@x.org"), "managed, other at " SEEN_BY_IMPORT);
	note(2);
	import("Email\nn@x.org\n");
	assert_string_equal(find("c@y.org"), "portal at " SEEN_BY_IMPORT);
	assert_string_equal(find("m@x.org"), "not listed");
	import("Email,Account type\nd@y.org,customer\n");       /* customers alone: the managed ones stay */
	assert_string_equal(find("c@y.org"), "not listed");
	assert_string_equal(find("d@y.org"), "portal at " SEEN_BY_IMPORT);
	assert_string_equal(find("n@x.org"), "managed");
}

/* Some customers have an Atlassian account, and a list of customers says so of them alone. */
static void a_list_of_customers_is_no_list_of_managed_accounts(void **state)
{
	const char *csv = "Email,Account type\nm00@x.org,atlassian\nc@y.org,customer\n";
	struct accounts_import report;
	struct text t;

	(void)state;
	text_begin(&t, a, 512);
	text_add_c(&t, "Email,Account type\n");
	for (int i = 0; i < 20; i++)
		text_addf(&t, "m%02d@x.org,atlassian\n", i);
	import(t.p);
	assert_refused(accounts_import_csv(a, path, slice_c(csv), NOW, &report, &err), err, REASON_FILE);
	assert_non_null(strstr(err.detail, "a list of customers, 1 managed accounts among them where the inventory holds 20"));
	assert_string_equal(find("m19@x.org"), "managed");
	assert_string_equal(find("c@y.org"), "not listed");
	text_add_c(&t, "c@y.org,customer\n");
	import(t.p);
	assert_string_equal(find("c@y.org"), "portal at " SEEN_BY_IMPORT);
}

static void note_seen(const struct account *account, void *context)
{
	const char **text = context;

	*text = arena_printf(a, "%s%s at %s;", *text, account->mail, account->at);
	assert_int_equal(account->as_of, NOW);
}

static void all_of_them_are_told_with_where_and_when(void **state)
{
	const struct world_user customers[] = {{.id = "qm:2", .mail = "q@y.org"}, {.id = "qm:1", .mail = "p@y.org"},
		{.id = "qm:9", .mail = "line\nfeed@y.org"}, {.id = "qm:3", .mail = "p@y.org"}};
	const char *text = "";

	(void)state;
	users(1, customers, 4);
	note(2);
	find("p@y.org");
	assert_done(accounts_each_seen(accounts, note_seen, &text, &err), err);
	assert_string_equal(text, "p@y.org at helpdesk;q@y.org at helpdesk;");
	text = "";
	assert_done(accounts_each_source(accounts, note_source, &text, &err), err);
	assert_string_equal(text, "helpdesk 1795000000;organisation 1795000000;");
	assert_done(accounts_each_seen(NULL, note_seen, &text, &err), err);
}

/* One that is open in a process for months sees what is written, and a file that took the place of a damaged one. */
static void a_process_that_has_it_open_sees_what_is_new(void **state)
{
	const struct world_user customers[] = {{.id = "qm:1", .mail = "p@y.org"}};
	const struct desired desired = {.targets = targets, .target_count = 2};
	const struct world world = {.targets = there, .target_count = 2};
	int status;
	pid_t pid;

	(void)state;
	import("Email\nm@x.org\n");
	assert_string_equal(find("p@y.org"), "not listed");
	users(1, customers, 1);
	pid = fork();
	if (pid == 0)
		_exit(accounts_seen_note(path, &desired, &world, &ledger, trust, &err) < 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_done(accounts_look_again(accounts, &err), err);
	assert_string_equal(find("p@y.org"), "portal at helpdesk");
	assert_int_equal(unlink(arena_printf(a, "%s.seen", path)), 0);
	assert_done(accounts_look_again(accounts, &err), err);
	assert_string_equal(find("p@y.org"), "not listed");
}

/* What a site says of itself may end too early, and who is missing is not known to have no account. */
static void a_list_of_fewer_than_half_adds_to_what_was_known_until_somebody_trusts_it(void **state)
{
	const struct world_user fresh[] = {{.id = "qm:9", .mail = "new@y.org", .active = true}};

	(void)state;
	see_many(20);
	there[1].read += 100;
	users(1, NULL, 0);
	note(2);
	assert_string_equal(find("p0019@y.org"), "portal at helpdesk");
	assert_int_equal(found.account.as_of, NOW);
	users(1, fresh, 1);
	note(2);
	assert_string_equal(find("new@y.org"), "portal at helpdesk");
	assert_string_equal(find("p0019@y.org"), "portal at helpdesk");
	assert_int_equal(found.account.as_of, NOW);
	see_many(12);                   /* more than half of 21 */
	assert_string_equal(find("p0019@y.org"), "no inventory");
	assert_string_equal(find("p0011@y.org"), "portal at helpdesk");
	assert_int_equal(found.account.as_of, NOW + 100);
	see_many(20);
	trust = SEEN_TRUSTED;
	users(1, fresh, 1);
	note(2);
	assert_string_equal(find("new@y.org"), "portal at helpdesk");
	assert_string_equal(find("p0019@y.org"), "no inventory");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_was_seen_is_found_without_an_inventory),
		TEST(both_kinds_on_one_mail_are_the_managed_one_and_told_of),
		TEST(a_place_that_was_not_read_whole_keeps_what_it_had),
		TEST(what_postern_made_is_known_before_it_is_seen),
		TEST(customers_of_an_import_stay_until_the_next_that_lists_some),
		TEST(a_list_of_customers_is_no_list_of_managed_accounts),
		TEST(all_of_them_are_told_with_where_and_when),
		TEST(a_process_that_has_it_open_sees_what_is_new),
		TEST(a_list_of_fewer_than_half_adds_to_what_was_known_until_somebody_trusts_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
