/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/unit.h"

#include "http/internal.h"

#include "base/text.h"

/* "name|value;" of each, as read from the fields in order */
static const char *read_all(struct arena *a, struct slice field)
{
	struct http_cookie *list = NULL;
	size_t count = 0;
	struct text t;

	cookies_read(a, field, &list, &count);
	text_begin(&t, a, 100);
	for (size_t i = 0; i < count; i++) {
		text_add(&t, list[i].name);
		text_add_c(&t, "|");
		text_add(&t, list[i].value);
		text_add_c(&t, ";");
	}
	return t.p;
}

static void reads_pairs_and_skips_broken_ones(void **state)
{
	static const struct {
		const char *field, *wanted;
	} rows[] = {
		{"a=1", "a|1;"}, {"a=1; b=2", "a|1;b|2;"}, {"a=1;b=2", "a|1;b|2;"}, {"  a = 1  ;\tb=2\t", "a|1;b|2;"},
		{"__Host-p1=AbC-_9", "__Host-p1|AbC-_9;"}, {"a=", "a|;"}, {"a==", "a|=;"}, {"a=b=c", "a|b=c;"},
		{"a=\"q\"", "a|\"q\";"}, {"a=x y", "a|x y;"}, {"a=1; a=2", "a|1;a|2;"},
		{"", ""}, {";", ""}, {";;;", ""}, {"=", ""}, {"=x", ""}, {"broken", ""}, {"a b=1", ""}, {"a(b=1", ""},
		{"a=1; broken; b=2", "a|1;b|2;"}, {"a=1\x7f; b=2", "b|2;"}, {"a=\x01; b=2", "b|2;"},
		{"\xc3\xbc=1; b=2", "b|2;"},
		{"a=\xc3\xbc", "a|\xc3\xbc;"}, {"$Version=1; a=1", "$Version|1;a|1;"},
	};
	struct arena *a = arena_new();

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_string_equal(read_all(a, slice_c(rows[i].field)), rows[i].wanted);
	assert_string_equal(read_all(a, slice_of("a=1\0x; b=2", 10)), "b|2;");
	arena_free(a);
}

static void reads_ours_behind_all_that_a_browser_keeps(void **state)
{
	struct arena *a = arena_new();
	struct http_cookie *list = NULL;
	size_t count = 0;
	struct text t;

	(void)state;
	text_begin(&t, a, 1000);
	for (int i = 0; i < 600; i++)
		text_addf(&t, "c%d=%d; ", i, i);
	cookies_read(a, text_slice(&t), &list, &count);
	assert_int_equal(count, 512);
	assert_slice_is(list[180].name, "c180");
	arena_free(a);
}

static void says_which_names_and_values_may_be_set(void **state)
{
	(void)state;
	assert_true(cookie_name_ok("__Host-p"));
	assert_false(cookie_name_ok(""));
	assert_false(cookie_name_ok(NULL));
	assert_false(cookie_name_ok("a b"));
	assert_false(cookie_name_ok("a=b"));
	assert_true(cookie_value_ok(""));
	assert_true(cookie_value_ok("AZaz09-_="));
	for (const char *const *bad = (const char *const[]){"a b", "a;b", "a,b", "a\"b", "a\\b", "a\r\nb", "\x7f", "\xc3",
		NULL}; *bad; bad++)
		assert_false(cookie_value_ok(*bad));
	assert_false(cookie_value_ok(NULL));
}

static void keeps_cookies_to_set_in_order(void **state)
{
	struct http_exchange x = {.arena = arena_new()};

	(void)state;
	http_set_cookie(&x, "__Host-a", "1", 900);
	http_set_cookie(&x, "__Host-b", NULL, 0);
	assert_string_equal(x.set_cookies->name, "__Host-a");
	assert_int_equal(x.set_cookies->max_age, 900);
	assert_string_equal(x.set_cookies->next->name, "__Host-b");
	assert_string_equal(x.set_cookies->next->value, "");
	assert_null(x.set_cookies->next->next);
	arena_free(x.arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_pairs_and_skips_broken_ones),
		cmocka_unit_test(reads_ours_behind_all_that_a_browser_keeps),
		cmocka_unit_test(says_which_names_and_values_may_be_set),
		cmocka_unit_test(keeps_cookies_to_set_in_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
