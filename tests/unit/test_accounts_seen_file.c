/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The file of the accounts that were seen cannot be read, or not all of it. */
#include "tests/unit/accounts_seen_stage.h"

#include "provision/account_record.h"

#include <lmdb.h>

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

/* Those pages that hold the key, which opening does not look at. */
static void lose_pages_with(const char *key)
{
	static char bytes[1 << 20];
	FILE *f = fopen(seen_path(), "r");
	size_t n, pages = 0;

	assert_non_null(f);
	n = fread(bytes, 1, sizeof(bytes), f);
	fclose(f);
	for (size_t page = 2 * 4096; page + 4096 <= n; page += 4096)
		if (memmem(bytes + page, 4096, key, strlen(key))) {
			memset(bytes + page, 0, 4096);
			pages++;
		}
	assert_true(pages > 0);
	write_seen(bytes, n);
}

/* The whole of a table. */
static void a_lost_page(void)
{
	lose_pages_with("p0001@y.org\nhelpdesk");
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

/* LMDB ends a process that meets such a page: who signs on must not be able to, nor the role that alone could mend it. */
static void a_page_lost_in_the_middle_refuses_its_people_and_ends_nobody(void **state)
{
	(void)state;
	see_many(2000);
	begin_again();
	lose_pages_with("p1000@y.org\nhelpdesk");
	assert_string_equal(find("p0000@y.org"), "portal at helpdesk");
	assert_refused(accounts_find(a, accounts, "p1000@y.org", &found, &err), err, REASON_STORE);
	assert_string_equal(find("p1999@y.org"), "portal at helpdesk");
	begin_again();
	assert_done(accounts_seen_mend(path, &err), err);
	assert_string_equal(find("p0000@y.org"), "no inventory");
	see_many(2000);
	assert_string_equal(find("p1000@y.org"), "portal at helpdesk");
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_file_that_cannot_be_read_is_made_anew_by_whoever_writes),
		TEST(a_page_lost_in_the_middle_refuses_its_people_and_ends_nobody),
		TEST(what_is_whole_or_not_there_is_not_mended),
		TEST(a_damaged_record_is_that_of_one_person_until_its_place_is_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
