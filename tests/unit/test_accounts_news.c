/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What an import says is new: provision/accounts_news.h. */
#include "tests/unit/accounts_stage.h"

#include "base/file.h"
#include "provision/accounts_news.h"

static const char *news_at(int64_t now)
{
	struct accounts_news news;
	struct error err;
	struct text t;

	assert_done(accounts_news_read(a, path, now, &news, &err), err);
	text_begin(&t, a, 64);
	for (size_t i = 0; i < news.count; i++)
		text_addf(&t, "%s: %s;", news.people[i].mail, news.people[i].products);
	if (news.more)
		text_addf(&t, "+%zu", news.more);
	return t.n ? t.p : "";
}

static void import_at(int64_t now, const char *csv)
{
	struct accounts_import report;
	struct error err;

	assert_done(accounts_import_csv(a, path, slice_c(csv), now, &report, &err), err);
}

/* Of when it is, as those who do not open it see it. */
static int64_t inventory_at(int64_t now)
{
	struct accounts_news news;
	struct error err;

	assert_done(accounts_news_read(a, path, now, &news, &err), err);
	return news.as_of;
}

#define HEAD "Email,Billable,Jira,Trello\n"

static void an_import_tells_who_is_billed_since_the_last_one(void **state)
{
	(void)state;
	assert_string_equal(news_at(NOW), "");
	assert_int_equal(inventory_at(NOW), 0);
	import_at(NOW, HEAD "a@x.org,yes,x,\nb@x.org,no,,\nc@x.org,,,\nd@x.org,yes,,x\n");
	assert_int_equal(inventory_at(NOW), NOW);
	assert_string_equal(news_at(NOW), "");                                  /* nothing to compare with */
	import_at(NOW + 10, HEAD "A@x.org,yes,x,\nb@x.org,yes,x,x\nc@x.org,yes,x,\nd@x.org,yes,,x\n");
	assert_string_equal(news_at(NOW + 10), "b@x.org: Jira, Trello;");       /* of c it was not said before */
	import_at(NOW + 20, HEAD "a@x.org,yes,x,x\nb@x.org,yes,x,x\nd@x.org,no,,\ne@x.org,yes,,\nf@x.org,no,x,\n");
	assert_string_equal(news_at(NOW + 20), "a@x.org: Trello;e@x.org: ;b@x.org: Jira, Trello;");
	assert_string_equal(news_at(NOW + 86400 + 15), "a@x.org: Trello;e@x.org: ;");
	assert_string_equal(news_at(NOW + 86400 + 20), "");
	assert_string_equal(news_at(NOW + 15), "b@x.org: Jira, Trello;");       /* a clock went back */
}

/* An export with more columns, or another source with other names, is no news of everybody. */
static void a_product_that_nobody_had_is_no_news(void **state)
{
	(void)state;
	import_at(NOW, "Email,Billable,Jira\na@x.org,yes,x\nb@x.org,yes,\n");
	import_at(NOW + 1, "Email,Billable,Jira - s,Loom\na@x.org,yes,x,x\nb@x.org,yes,x,x\nc@x.org,yes,,x\n");
	assert_string_equal(news_at(NOW + 1), "c@x.org: Loom;");
}

static void accounts_of_an_interface_are_compared_too(void **state)
{
	static const char *const products[] = {"trello", NULL};
	const struct account listed[] = {{.mail = "a@x.org", .kind = ACCOUNT_MANAGED, .billable = 1, .products = products}};
	struct accounts_import report;
	struct error err;

	(void)state;
	import_at(NOW, HEAD "a@x.org,no,,\n");
	assert_done(accounts_import_listed(a, path, listed, 1, NOW + 5, &report, &err), err);
	assert_string_equal(news_at(NOW + 5), "a@x.org: trello;");
	assert_int_equal(inventory_at(NOW + 90000), NOW + 5);
	assert_int_equal(inventory_at(NOW + 4), 0);     /* a clock went back */
}

static void news_of_many_are_counted(void **state)
{
	struct text t;

	(void)state;
	import_at(NOW, HEAD "a@x.org,no,,\n");
	text_begin(&t, a, 4096);
	text_add_c(&t, HEAD);
	for (int i = 0; i < 130; i++)
		text_addf(&t, "%03d@x.org,yes,x,\n", i);
	import_at(NOW + 1, t.p);
	assert_non_null(strstr(news_at(NOW + 1), "099@x.org: Jira;+30"));
	import_at(NOW + 2, arena_printf(a, "%sz@x.org,yes,x,\n", t.p));
	assert_true(strncmp(news_at(NOW + 2), "z@x.org: Jira;000@x.org", 23) == 0);
	assert_non_null(strstr(news_at(NOW + 2), "098@x.org: Jira;+31"));
}

static void news_that_are_damaged_are_an_error_until_the_next_import(void **state)
{
	struct accounts_news news;
	struct error err;

	(void)state;
	import_at(NOW, HEAD "a@x.org,no,,\n");
	assert_done(file_write(arena_printf(a, "%s.billed", path), 0640, slice_c("[]"), &err), err);
	assert_refused(accounts_news_read(a, path, NOW, &news, &err), err, REASON_FILE);
	assert_done(file_write(arena_printf(a, "%s.billed", path), 0640,
		slice_c("{\"people\":[{\"mail\":\"a\\u0007\",\"products\":\"\",\"since\":1795000000},7,{}],\"more\":-1}"), &err), err);
	assert_string_equal(news_at(NOW), "");
	import_at(NOW, HEAD "a@x.org,yes,x,\n");
	assert_string_equal(news_at(NOW), "a@x.org: Jira;");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_import_tells_who_is_billed_since_the_last_one),
		TEST(a_product_that_nobody_had_is_no_news),
		TEST(accounts_of_an_interface_are_compared_too),
		TEST(news_of_many_are_counted),
		TEST(news_that_are_damaged_are_an_error_until_the_next_import),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
