/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whole lines, whatever becomes of the file meanwhile. */
#include "tests/unit/unit.h"

#include "base/clock.h"
#include "base/file.h"
#include "gateway/audit_file.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define NOW INT64_C(1795526356)

static char folder[] = "/tmp/postern-audit-file-XXXXXX";
static char path[64], moved[64];
static struct audit_file *file;
static struct arena *a;
static struct error err;

static int begin(void **state)
{
	(void)state;
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof(path), "%s/audit.jsonl", folder);
	snprintf(moved, sizeof(moved), "%s/audit.jsonl.1", folder);
	a = arena_new();
	clock_set(NOW);
	file = audit_file_open(path);
	return 0;
}

static int end(void **state)
{
	(void)state;
	audit_file_close(file);
	clock_set(0);
	arena_free(a);
	unlink(path);
	unlink(moved);
	if (rmdir(folder) < 0)
		return -1;
	memset(folder + sizeof(folder) - 7, 'X', 6);
	return 0;
}

/* The file's own writes, with what another process does while this one waits for its turn. */
static const char *cut_by_others;

ssize_t write(int fd, const void *bytes, size_t n)
{
	const char *cut = cut_by_others;

	if (cut && n > 1) {
		cut_by_others = NULL;
		syscall(SYS_write, fd, cut, strlen(cut));
	}
	return syscall(SYS_write, fd, bytes, n);
}

static int append(const char *line)
{
	return audit_file_append(file, slice_c(line), &err);
}

static void assert_holds(const char *name, const char *text)
{
	struct slice s;

	assert_done(file_read(a, name, FILE_PUBLIC, 1 << 20, &s, &err), err);
	assert_slice_is(s, text);
}

/* As another process leaves it. */
static void put(const char *text, size_t n)
{
	int fd = open(path, O_WRONLY | O_APPEND);

	assert_int_equal(write(fd, text, n), n);
	close(fd);
}

static void lines_follow_one_another(void **state)
{
	struct stat st;

	(void)state;
	assert_done(append("one\n"), err);
	assert_done(append("two\n"), err);
	assert_holds(path, "one\ntwo\n");
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
}

/* Whatever the mask of the process is; one that somebody made keeps its mode. */
static void the_file_may_be_read_by_its_group(void **state)
{
	mode_t mask = umask(0077);
	struct stat st;

	(void)state;
	unlink(path);
	assert_done(append("one\n"), err);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	assert_int_equal(chmod(path, 0600), 0);
	audit_file_close(file);
	file = audit_file_open(path);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	umask(mask);
}

static void a_line_that_was_cut_is_joined_by_none(void **state)
{
	(void)state;
	put("{\"time\":\"20", 11);
	assert_done(append("two\n"), err);
	assert_done(append("three\n"), err);
	assert_holds(path, "{\"time\":\"20\ntwo\nthree\n");
}

/* Who wrote it was killed while this process waited in write(2): what was joined is there twice, once as a line. */
static void nor_is_one_that_is_cut_at_the_last_moment(void **state)
{
	(void)state;
	assert_done(append("one\n"), err);
	cut_by_others = "{\"time\":\"20";
	assert_done(append("two\n"), err);
	assert_done(append("three\n"), err);
	assert_holds(path, "one\n{\"time\":\"20two\ntwo\nthree\n");
}

/* What a file system may leave of bytes that were not on the disk yet when the power went. */
static void nor_are_zeros(void **state)
{
	struct slice s;

	(void)state;
	put("one\n\0\0\0", 7);
	assert_done(append("two\n"), err);
	assert_done(file_read(a, path, FILE_PUBLIC, 1000, &s, &err), err);
	assert_int_equal(s.n, 12);
	assert_memory_equal(s.p, "one\n\0\0\0\ntwo\n", 12);
}

static void a_file_that_was_moved_gets_no_line_more(void **state)
{
	(void)state;
	assert_done(append("one\n"), err);
	assert_int_equal(rename(path, moved), 0);
	assert_done(append("two\n"), err);
	assert_holds(moved, "one\n");
	assert_holds(path, "two\n");
	assert_int_equal(unlink(path), 0);
	assert_done(append("three\n"), err);
	assert_holds(path, "three\n");
}

/* logrotate's `create`: another file stands there at once. */
static void nor_does_one_that_was_replaced(void **state)
{
	int fd;

	(void)state;
	assert_done(append("one\n"), err);
	assert_int_equal(rename(path, moved), 0);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0640);
	assert_true(fd >= 0);
	close(fd);
	assert_done(append("two\n"), err);
	assert_holds(moved, "one\n");
	assert_holds(path, "two\n");
}

static void without_a_line_a_new_file_is_made_too(void **state)
{
	(void)state;
	assert_int_equal(rename(path, moved), 0);
	audit_file_look_again(file);
	assert_int_equal(access(path, F_OK), 0);
}

/* The folder is gone: what was opened before is no place for a line. */
static void where_no_file_can_be_made_lines_are_refused_until_it_can(void **state)
{
	char away[64];

	(void)state;
	snprintf(away, sizeof(away), "%s.away", folder);
	assert_int_equal(audit_file_failing(file), 0);
	assert_int_equal(rename(folder, away), 0);
	assert_refused(append("one\n"), err, REASON_AUDIT);
	assert_int_equal(audit_file_failing(file), NOW);
	clock_set(NOW + 9);
	assert_refused(append("two\n"), err, REASON_AUDIT);
	audit_file_look_again(file);
	assert_int_equal(audit_file_failing(file), NOW);
	assert_int_equal(rename(away, folder), 0);
	audit_file_look_again(file);
	assert_int_equal(audit_file_failing(file), 0);
	assert_done(append("three\n"), err);
	assert_holds(path, "three\n");
}

static void a_file_that_could_not_be_opened_at_first_is_used_when_it_can(void **state)
{
	(void)state;
	audit_file_close(file);
	unlink(path);
	assert_int_equal(mkdir(path, 0755), 0);
	file = audit_file_open(path);
	assert_int_equal(audit_file_failing(file), NOW);
	assert_refused(append("one\n"), err, REASON_AUDIT);
	assert_int_equal(rmdir(path), 0);
	assert_done(append("two\n"), err);
	assert_int_equal(audit_file_failing(file), 0);
	assert_holds(path, "two\n");
}

/* Bytes up to a limit, then none, as a disk that fills up. */
static void a_line_that_has_no_room_is_refused_and_joined_by_none(void **state)
{
	struct rlimit before, small;

	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	small = (struct rlimit){.rlim_cur = 10, .rlim_max = before.rlim_max};
	assert_done(append("one\n"), err);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	assert_refused(append("a longer line\n"), err, REASON_AUDIT);
	assert_refused(append("another\n"), err, REASON_AUDIT);
	assert_int_equal(audit_file_failing(file), NOW);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_done(append("two\n"), err);
	assert_int_equal(audit_file_failing(file), 0);
	assert_holds(path, "one\na long\ntwo\n");
}

static void what_is_full_for_ever_stays_refused(void **state)
{
	struct audit_file *full = audit_file_open("/dev/full");

	(void)state;
	assert_refused(audit_file_append(full, slice_c("one\n"), &err), err, REASON_AUDIT);
	audit_file_look_again(full);
	assert_int_equal(audit_file_failing(full), NOW);
	audit_file_close(full);
}

#define WRITERS 4
#define LINES 1500
#define MOVES 30

static _Noreturn void write_many(int writer)
{
	struct audit_file *mine = audit_file_open(path);
	char line[600];
	int i;

	for (i = 0; i < LINES; i++) {
		int n = snprintf(line, sizeof(line), "%d %d ", writer, i);

		memset(line + n, 'a' + writer, 500);
		line[n + 500] = '\n';
		if (audit_file_append(mine, slice_of(line, (size_t)n + 501), &err) < 0)
			_exit(1);
	}
	_exit(0);
}

static void count_lines(const char *name, int seen[WRITERS][LINES])
{
	struct slice s;
	const char *p;

	assert_done(file_read(a, name, FILE_PUBLIC, 16 << 20, &s, &err), err);
	for (p = s.p; p < s.p + s.n;) {
		const char *newline = memchr(p, '\n', (size_t)(s.p + s.n - p));
		char *rest;
		long writer, i;

		assert_non_null(newline);
		if (newline > p) {              /* an empty one may be there */
			writer = strtol(p, &rest, 10);
			i = strtol(rest, &rest, 10);
			assert_true(writer >= 0 && writer < WRITERS && i >= 0 && i < LINES);
			assert_int_equal(newline - rest, 501);
			seen[writer][i]++;
		}
		p = newline + 1;
	}
}

static void lines_of_many_writers_are_whole_and_there_once_while_the_file_is_moved(void **state)
{
	static int seen[WRITERS][LINES];
	char names[MOVES][96];
	int i, j, moves = 0, status;
	pid_t writers[WRITERS];

	(void)state;
	for (i = 0; i < WRITERS; i++) {
		writers[i] = fork();
		if (writers[i] == 0)
			write_many(i);
	}
	for (i = 0; i < MOVES; i++) {
		snprintf(names[moves], sizeof(names[moves]), "%s.%d", path, i);
		moves += rename(path, names[moves]) == 0;
		usleep(1000);
	}
	for (i = 0; i < WRITERS; i++) {
		assert_int_equal(waitpid(writers[i], &status, 0), writers[i]);
		assert_int_equal(status, 0);
	}
	audit_file_look_again(file);
	count_lines(path, seen);
	for (i = 0; i < moves; i++) {
		count_lines(names[i], seen);
		unlink(names[i]);
	}
	for (i = 0; i < WRITERS; i++) {
		for (j = 0; j < LINES; j++)
			assert_int_equal(seen[i][j], 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(lines_follow_one_another, begin, end),
		cmocka_unit_test_setup_teardown(the_file_may_be_read_by_its_group, begin, end),
		cmocka_unit_test_setup_teardown(a_line_that_was_cut_is_joined_by_none, begin, end),
		cmocka_unit_test_setup_teardown(nor_is_one_that_is_cut_at_the_last_moment, begin, end),
		cmocka_unit_test_setup_teardown(nor_are_zeros, begin, end),
		cmocka_unit_test_setup_teardown(a_file_that_was_moved_gets_no_line_more, begin, end),
		cmocka_unit_test_setup_teardown(nor_does_one_that_was_replaced, begin, end),
		cmocka_unit_test_setup_teardown(without_a_line_a_new_file_is_made_too, begin, end),
		cmocka_unit_test_setup_teardown(where_no_file_can_be_made_lines_are_refused_until_it_can, begin, end),
		cmocka_unit_test_setup_teardown(a_file_that_could_not_be_opened_at_first_is_used_when_it_can, begin, end),
		cmocka_unit_test_setup_teardown(a_line_that_has_no_room_is_refused_and_joined_by_none, begin, end),
		cmocka_unit_test_setup_teardown(what_is_full_for_ever_stays_refused, begin, end),
		cmocka_unit_test_setup_teardown(lines_of_many_writers_are_whole_and_there_once_while_the_file_is_moved, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
