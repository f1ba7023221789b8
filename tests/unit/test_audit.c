/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A line of the audit is one line of JSON, whatever whoever signs on put into it. */
#include "tests/unit/unit.h"

#include "base/file.h"
#include "gateway/audit.h"

#include <jansson.h>
#include <unistd.h>

#define VALUE_SIZE 64

static char path[] = "/tmp/postern-audit-XXXXXX";
static struct audit *audit;
static struct error err;

static int begin(void **state)
{
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	close(fd);
	audit = audit_open(path, NULL);
	return 0;
}

static int end(void **state)
{
	(void)state;
	audit_close(audit);
	unlink(path);
	memset(path + sizeof(path) - 7, 'X', 6);
	return 0;
}

static const char *const *list_of(const char *value)
{
	static const char *list[3];

	list[0] = list[1] = value;
	return list;
}

/* Writes it in all places that hold what others said, and reads what stands there then. */
static void write_and_read(const char *value, const char *wanted)
{
	struct audit_line line = {
		.id = "i", .event = "refusal", .detail = value, .name_id = value, .dn = value, .groups = list_of(value), .assertion_in = value,
		.mirror_age = -1, .read_us = -1, .person_us = -1, .decide_us = -1, .write_us = -1, .total_us = INT64_MAX,
	};
	struct arena *a = arena_new();
	struct slice text;
	json_error_t why;
	json_t *o;

	assert_int_equal(truncate(path, 0), 0);
	assert_done(audit_write(audit, &line, &err), err);
	assert_done(file_read(a, path, FILE_PUBLIC, 100000, &text, &err), err);
	assert_ptr_equal(memchr(text.p, '\n', text.n), text.p + text.n - 1);
	o = json_loadb(text.p, text.n, JSON_REJECT_DUPLICATES, &why);
	if (!o)
		fail_msg("%s in: %s", why.text, text.p);
	assert_string_equal(json_string_value(json_object_get(o, "detail")), wanted);
	assert_string_equal(json_string_value(json_object_get(o, "name_id")), wanted);
	assert_string_equal(json_string_value(json_object_get(o, "dn")), wanted);
	assert_string_equal(json_string_value(json_array_get(json_object_get(o, "groups"), 1)), wanted);
	assert_int_equal(json_array_size(json_object_get(o, "groups")), 2);
	assert_string_equal(json_string_value(json_object_get(o, "assertion_in")), wanted);
	assert_int_equal(json_integer_value(json_object_get(o, "total_us")), INT64_MAX);
	assert_int_equal(json_object_size(o), 9);
	json_decref(o);
	arena_free(a);
}

static void text_comes_back_as_it_was(void **state)
{
	static const char *const values[] = {
		"", "{", "\\", "\"", "a\",\"outcome\":\"licensed", "a\"}\n{\"event\":\"assertion\"}", "\\u0000", "\x7f", ("\xc2\x9b" "31m"), "\xe2\x80\xa8",
		"\xef\xbf\xbf", "\xf4\x8f\xbf\xbf", "</script>", "%s%n",
	};
	char value[VALUE_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		write_and_read(values[i], values[i]);
	/* each byte at each place of the eight that are looked at in one go */
	for (int c = 1; c < 0x80; c++)
		for (size_t at = 0; at < 17; at += 4) {
			snprintf(value, sizeof(value), "%.*s%c%s", (int)at, "0123456789abcdef", c, "behind it");
			write_and_read(value, value);
		}
}

static void what_is_not_utf_8_is_not_written(void **state)
{
	static const char *const values[] = {
		"\xff", "\xc0\xa2", "\xc1\xbf", "\xe0\x80\xa2", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\x80", "\xc3", "\xe2\x80", "\xc3\"",
		"01234567\xe2\x80", "0123456789abcde\xf0\x9f\x98",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		write_and_read(values[i], "(not text)");
}

static void a_change_of_an_account_has_what_every_line_has(void **state)
{
	const struct audit_account line = {
		.id = "i", .event = "account-change", .change = "user-update", .door = "organisation", .person = "a\"b", .mail_before = "old@x.org",
		.fields = list_of("mail"), .ran = "apply", .by = "\xff", .status = 204, .total_us = 7,
	};
	struct arena *a = arena_new();
	struct slice text;
	json_t *o;

	(void)state;
	assert_done(audit_write_account(audit, &line, &err), err);
	assert_done(file_read(a, path, FILE_PUBLIC, 100000, &text, &err), err);
	o = json_loadb(text.p, text.n, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(o);
	assert_string_equal(json_string_value(json_object_get(o, "person")), "a\"b");
	assert_string_equal(json_string_value(json_object_get(o, "by")), "(not text)");
	assert_int_equal(json_integer_value(json_object_get(o, "http_status")), 204);
	assert_int_equal(json_integer_value(json_object_get(o, "total_us")), 7);
	assert_true(json_is_array(json_object_get(o, "groups")));
	assert_int_equal(json_array_size(json_object_get(o, "groups")), 0);
	assert_int_equal(json_array_size(json_object_get(o, "fields")), 2);
	assert_null(json_object_get(o, "account_id"));
	json_decref(o);
	arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(text_comes_back_as_it_was, begin, end),
		cmocka_unit_test_setup_teardown(what_is_not_utf_8_is_not_written, begin, end),
		cmocka_unit_test_setup_teardown(a_change_of_an_account_has_what_every_line_has, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
