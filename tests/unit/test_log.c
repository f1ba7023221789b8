/* SPDX-License-Identifier: GPL-3.0-or-later */
/* base/log.c: what goes to the journal, and when.  sd_journal_sendv is this program's own. */
#include "tests/unit/unit.h"

#include "base/log.h"
#include "base/text.h"

#include <errno.h>
#include <unistd.h>

#include <sys/stat.h>
#include <sys/uio.h>

#define SD_JOURNAL_SUPPRESS_LOCATION
#include <systemd/sd-journal.h>

static struct arena *a;
static struct text sent;                /* a field a line */
static int result;

int sd_journal_sendv(const struct iovec *fields, int n)
{
	int i;

	for (i = 0; i < n; i++) {
		text_add(&sent, slice_of(fields[i].iov_base, fields[i].iov_len));
		text_add_c(&sent, "|");
	}
	return result;
}

/* What `tell` writes to standard error; stream: JOURNAL_STREAM, NULL: that very file's. */
static const char *written(void (*tell)(void), const char *stream)
{
	FILE *file = tmpfile();
	int before = dup(STDERR_FILENO);
	static char text[8192];
	struct stat st;
	size_t n;

	assert_non_null(file);
	assert_int_equal(fstat(fileno(file), &st), 0);
	setenv("JOURNAL_STREAM", stream ? stream : arena_printf(a, "%llu:%llu", (unsigned long long)st.st_dev, (unsigned long long)st.st_ino), 1);
	text_begin(&sent, a, 256);
	assert_true(dup2(fileno(file), STDERR_FILENO) >= 0);
	tell();
	assert_true(dup2(before, STDERR_FILENO) >= 0);
	close(before);
	unsetenv("JOURNAL_STREAM");
	rewind(file);
	n = fread(text, 1, sizeof(text) - 1, file);
	text[n] = 0;
	fclose(file);
	return text;
}

static void refuses_somebody(void)
{
	log_warning("refused", "reason", "wrong-host", "left_out", "3", "detail", "a\nPRIORITY=0 \"b\"", NULL);
}

static void says_much(void)
{
	static char much[6000];

	memset(much, 'x', sizeof(much) - 1);
	log_error("much", "first", much, "second", much, "third", "short", NULL);
}

static void an_entry_of_the_journal_has_a_field_for_each_key(void **state)
{
	(void)state;
	assert_string_equal(written(refuses_somebody, NULL), "");
	assert_slice_is(text_slice(&sent), "MESSAGE=worker 2: refused reason=wrong-host left_out=3 detail=\"a\\x0aPRIORITY=0 \\\"b\\\"\"|PRIORITY=4|"
		"POSTERN_ROLE=worker 2|POSTERN_REASON=wrong-host|POSTERN_LEFT_OUT=3|POSTERN_DETAIL=a\nPRIORITY=0 \"b\"|");
}

static void a_field_that_is_too_long_is_left_out_and_the_message_cut(void **state)
{
	struct slice s;

	(void)state;
	assert_string_equal(written(says_much, NULL), "");
	s = text_slice(&sent);
	assert_true(s.n < 8192 + 64);
	assert_null(memmem(s.p, s.n, "POSTERN_FIRST", 13));
	assert_non_null(memmem(s.p, s.n, "|POSTERN_THIRD=short|", 21));
}

static void a_line_is_written_where_standard_error_is_no_journal(void **state)
{
	const char *line;

	(void)state;
	line = written(refuses_somebody, "1:2");
	assert_non_null(strstr(line, "Z warning worker 2: refused reason=wrong-host"));
	assert_int_equal(text_slice(&sent).n, 0);
}

static void a_line_is_written_when_the_journal_takes_nothing(void **state)
{
	const char *line;

	(void)state;
	result = -ENOENT;
	line = written(refuses_somebody, NULL);
	assert_ptr_equal(strstr(line, "warning worker 2: refused reason=wrong-host"), line);
	result = 0;
}

static int begin(void **state)
{
	(void)state;
	a = arena_new();
	log_begin("worker 2", LOG_LEVEL_INFO);
	return 0;
}

static int end(void **state)
{
	(void)state;
	arena_free(a);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_entry_of_the_journal_has_a_field_for_each_key),
		cmocka_unit_test(a_field_that_is_too_long_is_left_out_and_the_message_cut),
		cmocka_unit_test(a_line_is_written_where_standard_error_is_no_journal),
		cmocka_unit_test(a_line_is_written_when_the_journal_takes_nothing),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
