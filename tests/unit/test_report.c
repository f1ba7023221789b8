/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What commands over everybody print: nothing of a directory is a command to a terminal or a formula to a spreadsheet. */
#include "tests/unit/arena.h"

#include "base/clock.h"
#include "gateway/report.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

static void quotes_every_field(void **state)
{
	const char *const fields[] = {"ada@example.org", NULL, "cn=\"a\",dc=x", "O'Brien, M", ""};

	(void)state;
	assert_string_equal(report_csv_line(a, fields, 5), "\"ada@example.org\",\"\",\"cn=\"\"a\"\",dc=x\",\"O'Brien, M\",\"\"\r\n");
}

static void writes_no_formula(void **state)
{
	static const char *const formulas[] = {"=1+1", "+49 30", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "  =1", "|cmd", "\xef\xbc\x9d" "1",
		"\xef\xbc\x8b" "1", "\xef\xbc\x8d" "1", "\xef\xbc\xa0" "A"};
	static const char *const plain[] = {"a=b", "1+1", "x-y", "ada@example.org", "cn=x", " a"};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(formulas) / sizeof(*formulas); i++) {
		if (strncmp(report_csv_line(a, &formulas[i], 1), "\"'", 2) != 0)
			fail_msg("%s: %s", formulas[i], report_csv_line(a, &formulas[i], 1));
	}
	for (i = 0; i < sizeof(plain) / sizeof(*plain); i++)
		assert_string_equal(report_csv_line(a, &plain[i], 1), arena_printf(a, "\"%s\"\r\n", plain[i]));
}

static void shows_no_control_characters(void **state)
{
	static const struct {
		const char *text, *shown;
	} rows[] = {
		{"Jürgen Weiß", "Jürgen Weiß"},
		{"a\x1b[31mb", "a?[31mb"},
		{"a\nb\tc\x7f", "a?b?c?"},
		{"a\xc2\x9b" "b", "a??b"},        /* CSI in one character */
		{"a\xff\xfe" "b", "a??b"},
		{"\xe2\x82", "??"},
		{"\xe2\x82\xac", "\xe2\x82\xac"},
		{"\xf0\x9f\x8e\x89", "\xf0\x9f\x8e\x89"},
		{"a\xe2\x80\xae" "b\xe2\x81\xa6" "c\xe2\x80\xa8" "d\xd8\x9c" "e\xef\xbb\xbf", "a?b?c?d?e?"},    /* what turns a line round, or ends it */
		{"\xd9\x85\xe2\x80\x8c\xd9\x86", "\xd9\x85\xe2\x80\x8c\xd9\x86"},      /* Persian needs the non-joiner */
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		assert_string_equal(report_clean(a, rows[i].text), rows[i].shown);
	assert_null(report_clean(a, NULL));
}

static void cuts_a_cell_between_characters(void **state)
{
	(void)state;
	assert_string_equal(report_cell(a, "1234567", 7), "1234567");
	assert_string_equal(report_cell(a, "12345678", 7), "1234567\xe2\x80\xa6");
	assert_string_equal(report_cell(a, "123456\xc3\xbc" "8", 7), "123456\xe2\x80\xa6");
	assert_string_equal(report_cell(a, "\xf0\x9f\x8e\x89", 3), "\xe2\x80\xa6");
	assert_string_equal(report_cell(a, "\n\n\n", 2), "??\xe2\x80\xa6");
	assert_null(report_cell(a, NULL, 7));
}

static void groups_digits(void **state)
{
	(void)state;
	assert_string_equal(report_number(a, 0), "0");
	assert_string_equal(report_number(a, 999), "999");
	assert_string_equal(report_number(a, 1000), "1,000");
	assert_string_equal(report_number(a, 1234567), "1,234,567");
}

static void keeps_json_readable_whatever_the_bytes(void **state)
{
	json_t *o = json_object();

	(void)state;
	report_json(a, o, "bad", "a\xff" "b");
	report_json(a, o, "good", "a\nb");
	report_json(a, o, "none", NULL);
	assert_string_equal(json_string_value(json_object_get(o, "bad")), "a?b");
	assert_string_equal(json_string_value(json_object_get(o, "good")), "a\nb");
	assert_true(json_is_null(json_object_get(o, "none")));
	json_decref(o);
}

/* ---- progress ---- */

/* Standard error is a terminal from here on; what it shows comes out of the descriptor returned. */
static int terminal_in(int *before)
{
	int shows = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC), terminal;

	assert_true(shows >= 0 && grantpt(shows) == 0 && unlockpt(shows) == 0);
	terminal = open(ptsname(shows), O_RDWR | O_NOCTTY | O_CLOEXEC);
	*before = dup(STDERR_FILENO);
	assert_true(terminal >= 0 && *before >= 0 && dup2(terminal, STDERR_FILENO) >= 0);
	close(terminal);
	assert_int_equal(fcntl(shows, F_SETFL, O_NONBLOCK), 0);
	return shows;
}

static const char *shown(int shows)
{
	static char text[256];
	ssize_t n;

	fflush(stderr);
	n = read(shows, text, sizeof(text) - 1);
	text[n > 0 ? n : 0] = 0;
	return text;
}

/* `next` is when the line is due: each step sets it, so that no machine is too slow or too quick. */
static void shows_progress_on_a_terminal_when_it_is_due(void **state)
{
	const int64_t due = 0, later = clock_monotonic_us() + (int64_t)3600 * 1000000;
	struct progress p, unknown;
	int before, shows = terminal_in(&before);
	char said[5][256];

	(void)state;
	progress_begin(&p, "judging people", 2000);
	assert_true(p.next > clock_monotonic_us() - 10000000 && p.next < later);
	p.next = later;
	progress_at(&p, 640);
	progress_end(&p);
	snprintf(said[0], sizeof(said[0]), "%s", shown(shows));
	progress_begin(&p, "judging people", 2000);
	p.next = due;
	progress_at(&p, 641);           /* the clock is read for some of them only */
	snprintf(said[1], sizeof(said[1]), "%s", shown(shows));
	progress_at(&p, 640);
	snprintf(said[2], sizeof(said[2]), "%s", shown(shows));
	progress_end(&p);
	snprintf(said[3], sizeof(said[3]), "%s", shown(shows));
	progress_begin(&unknown, "lines read", 0);
	unknown.next = due;
	progress_at(&unknown, 64);
	progress_end(&unknown);
	snprintf(said[4], sizeof(said[4]), "%s", shown(shows));
	dup2(before, STDERR_FILENO);
	close(before);
	close(shows);
	assert_string_equal(said[0], "");
	assert_string_equal(said[1], "");
	assert_string_equal(said[2], "\rjudging people: 640 of 2000 (32 %)\x1b[K");
	assert_string_equal(said[3], "\r\x1b[K");
	assert_string_equal(said[4], "\rlines read: 64\x1b[K\r\x1b[K");
}

static void shows_no_progress_to_a_file(void **state)
{
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC), before = dup(STDERR_FILENO);
	struct progress p;

	(void)state;
	assert_true(null >= 0 && before >= 0 && dup2(null, STDERR_FILENO) >= 0);
	progress_begin(&p, "judging people", 2000);
	dup2(before, STDERR_FILENO);
	close(before);
	close(null);
	assert_true(p.next == INT64_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(quotes_every_field, begin, end),
		cmocka_unit_test_setup_teardown(writes_no_formula, begin, end),
		cmocka_unit_test_setup_teardown(shows_no_control_characters, begin, end),
		cmocka_unit_test_setup_teardown(cuts_a_cell_between_characters, begin, end),
		cmocka_unit_test_setup_teardown(groups_digits, begin, end),
		cmocka_unit_test_setup_teardown(keeps_json_readable_whatever_the_bytes, begin, end),
		cmocka_unit_test(shows_progress_on_a_terminal_when_it_is_due),
		cmocka_unit_test(shows_no_progress_to_a_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
