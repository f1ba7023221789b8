/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/arena.h"

#include "base/text.h"
#include "provision/csv.h"

/* All rows as "line:field|field|\n"; fails the test on an error. */
static const char *read_all(const char *csv)
{
	struct csv_row row;
	struct error err = {0};
	struct text t;
	struct csv c;
	int rc;

	text_begin(&t, a, 256);
	assert_done(csv_begin(&c, slice_c(csv), &err), err);
	while ((rc = csv_next(a, &c, &row, &err)) == 1) {
		text_addf(&t, "%d:", row.line);
		for (size_t i = 0; i < row.n; i++)
			text_addf(&t, "%s|", row.fields[i]);
		text_add_c(&t, "\n");
	}
	if (rc < 0)
		fail_msg("`%s`: %s", csv, err.detail);
	return t.p;
}

static void reads_what_rfc_4180_writes(void **state)
{
	static const struct {
		const char *csv, *rows;
	} table[] = {
		{"", ""},
		{"a", "1:a|\n"},
		{"a,b\r\nc,d\r\n", "1:a|b|\n2:c|d|\n"},
		{"a,b\nc,d", "1:a|b|\n2:c|d|\n"},
		{"a,,\n,\n", "1:a|||\n2:||\n"},
		{"\n\na\n", "1:|\n2:|\n3:a|\n"},
		{"\"a, b\",\"say \"\"no\"\"\",\"\"\n", "1:a, b|say \"no\"||\n"},
		{"\"a\nb\r\nc\",d\ne", "1:a\nb\r\nc|d|\n4:e|\n"},
		{"\xef\xbb\xbf\"a\",b\n", "1:a|b|\n"},
		{"\xef\xbb\xbf", ""},
		{"a;b\n1,5;2\n", "1:a|b|\n2:1,5|2|\n"},
		{"a\tb\n", "1:a|b|\n"},
		{"a;b,c\n", "1:a;b|c|\n"},
		{"\"x,y\";b\n", "1:x,y|b|\n"},
		{" a , b\n", "1: a | b|\n"},
		{"Jürgen O'Neill,\"\xe2\x80\xa6\"\n", "1:Jürgen O'Neill|\xe2\x80\xa6|\n"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		assert_string_equal(read_all(table[i].csv), table[i].rows);
}

static int read_to_error(struct slice csv, struct error *err)
{
	struct csv_row row;
	struct csv c;
	int rc;

	if (csv_begin(&c, csv, err) < 0)
		return -1;
	while ((rc = csv_next(a, &c, &row, err)) == 1)
		;
	return rc;
}

static void refuses_what_is_not_csv_with_its_line(void **state)
{
	static const struct {
		const char *csv;
		size_t n;
		const char *detail;
	} table[] = {
#define ROW(csv, detail) {csv, sizeof(csv) - 1, detail}
		ROW("\xff\xfe" "a\0", "the file is UTF-16: save it as UTF-8"),
		ROW("\xfe\xff\0a", "the file is UTF-16: save it as UTF-8"),
		ROW("a\0b", "the file is no text: it holds zero bytes"),
		ROW("a\nb \"c\"\n", "line 2: a quote in the middle of a field"),
		ROW("a\n\"b\"c\n", "line 2: text behind a closing quote"),
		ROW("a\n\"b\n\nc", "line 2: a quote that opens here is never closed"),
		ROW("\"", "line 1: a quote that opens here is never closed"),
		ROW("a\rb\n", "line 1: a carriage return without a line feed"),
		ROW("a\n\xfc\n", "line 2: a field is not UTF-8 text, or holds control characters"),
		ROW("\"a\nb\x01\"\n", "line 1: a field is not UTF-8 text, or holds control characters"),
	};
	struct error err;

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		assert_refused(read_to_error(slice_of(table[i].csv, table[i].n), &err), err, REASON_FILE);
		assert_string_equal(err.detail, table[i].detail);
	}
}

static void limits_fields_and_their_size(void **state)
{
	char *row = arena_alloc(a, 1024), *bytes = arena_alloc(a, CSV_FIELD_MAX + 8);
	struct error err;

	(void)state;
	memset(row, ',', CSV_FIELDS_MAX - 1);
	assert_int_equal(read_to_error(slice_of(row, CSV_FIELDS_MAX - 1), &err), 0);
	memset(row, ',', CSV_FIELDS_MAX);
	assert_refused(read_to_error(slice_of(row, CSV_FIELDS_MAX), &err), err, REASON_FILE);
	assert_string_equal(err.detail, "line 1: more than 512 fields");

	memset(bytes, 'x', CSV_FIELD_MAX + 2);
	assert_int_equal(read_to_error(slice_of(bytes, CSV_FIELD_MAX), &err), 0);
	assert_refused(read_to_error(slice_of(bytes, CSV_FIELD_MAX + 1), &err), err, REASON_FILE);
	assert_string_equal(err.detail, "line 1: a field has more than 65536 bytes");
	bytes[0] = '"';
	assert_refused(read_to_error(slice_of(bytes, CSV_FIELD_MAX + 2), &err), err, REASON_FILE);
	assert_string_equal(err.detail, "line 1: a field has more than 65536 bytes");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST_OF(f) cmocka_unit_test_setup_teardown(f, begin, end)
		TEST_OF(reads_what_rfc_4180_writes),
		TEST_OF(refuses_what_is_not_csv_with_its_line),
		TEST_OF(limits_fields_and_their_size),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
