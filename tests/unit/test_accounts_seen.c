/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Accounts that were seen where Postern keeps some: what look-ups make of them, and that not knowing is never a yes. */
#include "tests/unit/unit.h"

#include "base/text.h"
#include "provision/accounts_seen.h"
#include "provision/account_record.h"

#include <lmdb.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define NOW 1795000000

static struct arena *a;
static char folder[] = "/tmp/postern-seen-XXXXXX";
static const char *path;
static struct target targets[2];
static struct world_target there[2];
static struct ledger_view ledger;
static struct accounts *accounts;
static struct accounts_found found;
static struct error err;
static enum seen_trust trust;

static int begin(void **state)
{
	(void)state;
	a = arena_new();
	memcpy(folder + strlen(folder) - 6, "XXXXXX", 6);
	if (!mkdtemp(folder))
		return -1;
	path = arena_printf(a, "%s/accounts", folder);
	targets[0] = (struct target){.name = "organisation", .kind = TARGET_ORGANIZATION};
	targets[1] = (struct target){.name = "helpdesk", .kind = TARGET_PORTAL_REST};
	there[0] = there[1] = (struct world_target){.complete = true, .read = NOW};
	ledger = (struct ledger_view){.count = 0};
	accounts = NULL;
	trust = SEEN_DOUBTED;
	return 0;
}

static int end(void **state)
{
	(void)state;
	accounts_close(accounts);
	unlink(path);
	unlink(arena_printf(a, "%s-lock", path));
	unlink(arena_printf(a, "%s.billed", path));
	unlink(arena_printf(a, "%s.seen", path));
	unlink(arena_printf(a, "%s.seen-lock", path));
	arena_free(a);
	return rmdir(folder);
}

static void note(size_t target_count)
{
	const struct desired desired = {.targets = targets, .target_count = target_count};
	const struct world world = {.targets = there, .target_count = target_count};

	accounts_close(accounts);
	accounts = NULL;
	assert_done(accounts_seen_note(path, &desired, &world, &ledger, trust, &err), err);
}

static void import(const char *csv)
{
	struct accounts_import report;

	accounts_close(accounts);
	accounts = NULL;
	assert_done(accounts_import_csv(a, path, slice_c(csv), NOW - 10, &report, &err), err);
}

static const char *find(const char *mail)
{
	static const char *const kinds[] = {"unknown", "managed", "portal"};

	if (!accounts)
		assert_done(accounts_open(path, &accounts, &err), err);
	assert_done(accounts_find(a, accounts, mail, &found, &err), err);
	if (found.answer == ACCOUNTS_NO_INVENTORY)
		return "no inventory";
	if (found.answer == ACCOUNTS_NOT_LISTED)
		return "not listed";
	return arena_printf(a, "%s%s%s%s%s", kinds[found.account.kind], found.account.at ? " at " : "", found.account.at ? found.account.at : "",
		found.other_at ? ", other at " : "", found.other_at ? found.other_at : "");
}

static void users(size_t target, const struct world_user *list, size_t n)
{
	there[target].users = list;
	there[target].user_count = n;
}

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

static void note_source(const char *at, int64_t as_of, void *context)
{
	const char **text = context;

	*text = arena_printf(a, "%s%s %lld;", *text, at, (long long)as_of);
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

/* ---- a file that cannot be read ---- */

static const char *seen_path(void)
{
	return arena_printf(a, "%s.seen", path);
}

static void write_seen(const char *bytes, size_t n)
{
	FILE *f = fopen(seen_path(), "w");

	assert_non_null(f);
	assert_int_equal(fwrite(bytes, 1, n, f), n);
	assert_int_equal(fclose(f), 0);
}

static void no_bytes(void)
{
	write_seen("", 0);
}

static void other_bytes(void)
{
	static const char bytes[20000] = {1};

	write_seen(bytes, sizeof(bytes));
}

/* As a writer leaves it that ended before its first commit. */
static void no_tables(void)
{
	MDB_env *env;

	unlink(seen_path());
	assert_int_equal(mdb_env_create(&env), 0);
	assert_int_equal(mdb_env_open(env, seen_path(), MDB_NOSUBDIR, 0640), 0);
	mdb_env_close(env);
}

static void another_schema(void)
{
	const struct store_options o = {.path = seen_path(), .use = STORE_WRITE, .schema = SEEN_SCHEMA + 1, .derived = true, .tables = seen_tables};
	struct store *s;

	assert_done(store_open(&o, &s, &err), err);
	store_close(s);
}

/* The whole of a table, which opening does not look at. */
static void a_lost_page(void)
{
	static char bytes[1 << 20];
	FILE *f = fopen(seen_path(), "r");
	size_t n, pages = 0;

	assert_non_null(f);
	n = fread(bytes, 1, sizeof(bytes), f);
	fclose(f);
	for (size_t page = 2 * 4096; page + 4096 <= n; page += 4096)
		if (memmem(bytes + page, 4096, "p0001@y.org\nhelpdesk", 20)) {
			memset(bytes + page, 0, 4096);
			pages++;
		}
	assert_true(pages > 0);
	write_seen(bytes, n);
}

static void see_many(size_t n)
{
	struct world_user *many = arena_alloc(a, n * sizeof(*many));

	for (size_t i = 0; i < n; i++)
		many[i] = (struct world_user){.id = arena_printf(a, "qm:%zu", i), .mail = arena_printf(a, "p%04zu@y.org", i), .active = true};
	users(1, many, n);
	note(2);
}

static void begin_again(void)
{
	accounts_close(accounts);
	accounts = NULL;
}

static void a_file_that_cannot_be_read_is_made_anew_by_whoever_writes(void **state)
{
	static void (*const damages[])(void) = {no_bytes, other_bytes, no_tables, another_schema, a_lost_page};

	(void)state;
	import("Email,Account type\nm@x.org,atlassian\nc@y.org,customer\n");
	for (size_t i = 0; i < sizeof(damages) / sizeof(damages[0]); i++) {
		const char *text = "";

		see_many(3);
		begin_again();
		damages[i]();
		/* until then it is no file without anybody in it: absence is never a yes */
		if (accounts_open(path, &accounts, &err) == 0)
			assert_refused(accounts_find(a, accounts, "p0001@y.org", &found, &err), err, REASON_STORE);
		begin_again();
		assert_done(accounts_seen_mend(path, &err), err);
		assert_string_equal(find("m@x.org"), "managed");
		assert_done(accounts_each_source(accounts, note_source, &text, &err), err);
		assert_string_equal(text, "");
		see_many(3);
		assert_string_equal(find("p0001@y.org"), "portal at helpdesk");
		begin_again();
		damages[i]();
		see_many(3);          /* an `apply` whose look was there before the damage */
		assert_string_equal(find("p0001@y.org"), "portal at helpdesk");
		assert_string_equal(find("c@y.org"), "not listed");
		assert_int_not_equal(access(arena_printf(a, "%s.new", seen_path()), F_OK), 0);
	}
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

static void what_is_whole_or_not_there_is_not_mended(void **state)
{
	(void)state;
	assert_done(accounts_seen_mend(path, &err), err);
	assert_int_not_equal(access(seen_path(), F_OK), 0);
	see_many(3);
	begin_again();
	assert_done(accounts_seen_mend(path, &err), err);
	assert_string_equal(find("p0002@y.org"), "portal at helpdesk");
}

static void damage_record(enum seen_table table, const char *key)
{
	const struct store_options o = {.path = seen_path(), .use = STORE_WRITE, .schema = SEEN_SCHEMA, .tables = seen_tables};
	struct store_txn *t;
	struct store *s;

	begin_again();
	assert_done(store_open(&o, &s, &err), err);
	assert_done(store_begin_write(s, &t, &err), err);
	assert_done(store_put(t, table, slice_c(key), slice_c("{"), &err), err);
	assert_done(store_commit(t, &err), err);
	store_close(s);
}

static void tell(const struct account *account, void *context)
{
	const char **text = context;

	*text = arena_printf(a, "%s%s %s at %s of %lld;", *text, account->mail, account->kind == ACCOUNT_PORTAL ? "portal" : "other", account->at,
		(long long)account->as_of);
}

/* One record refuses its own person, and is told to plans by its key, which says the most important. */
static void a_damaged_record_is_that_of_one_person_until_its_place_is_read(void **state)
{
	const char *text = "";

	(void)state;
	see_many(2);
	damage_record(SEEN_ACCOUNTS, "p0001@y.org\nhelpdesk\nportal");
	damage_record(SEEN_ACCOUNTS, "of nobody");
	assert_done(accounts_seen_mend(path, &err), err);
	assert_string_equal(find("p0000@y.org"), "portal at helpdesk");
	assert_refused(accounts_find(a, accounts, "p0001@y.org", &found, &err), err, REASON_STORE);
	assert_done(accounts_each_seen(accounts, tell, &text, &err), err);
	assert_string_equal(text, "p0000@y.org portal at helpdesk of 1795000000;p0001@y.org portal at helpdesk of 1795000000;");
	damage_record(SEEN_SOURCES, "helpdesk");
	text = "";
	assert_refused(accounts_find(a, (find("m@x.org"), accounts), "p0000@y.org", &found, &err), err, REASON_STORE);
	assert_done(accounts_each_seen(accounts, tell, &text, &err), err);
	assert_string_equal(text, "p0000@y.org portal at helpdesk of 0;p0001@y.org portal at helpdesk of 0;");
	see_many(2);
	assert_string_equal(find("p0001@y.org"), "portal at helpdesk");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_was_seen_is_found_without_an_inventory), TEST(both_kinds_on_one_mail_are_the_managed_one_and_told_of),
		TEST(a_place_that_was_not_read_whole_keeps_what_it_had), TEST(what_postern_made_is_known_before_it_is_seen),
		TEST(customers_of_an_import_stay_until_the_next_that_lists_some),
		TEST(a_list_of_customers_is_no_list_of_managed_accounts), TEST(all_of_them_are_told_with_where_and_when),
		TEST(a_process_that_has_it_open_sees_what_is_new),
		TEST(a_file_that_cannot_be_read_is_made_anew_by_whoever_writes), TEST(what_is_whole_or_not_there_is_not_mended),
		TEST(a_list_of_fewer_than_half_adds_to_what_was_known_until_somebody_trusts_it),
		TEST(a_damaged_record_is_that_of_one_person_until_its_place_is_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
