/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/service/child.c: what a new process does before it executes anything. */
#include "tests/unit/unit.h"

#include "base/file.h"
#include "gateway/service/child.h"

#include <fcntl.h>
#include <unistd.h>

#include <sys/wait.h>

/* A process that has its own log and then does what it should not. */
static void run_hostile(int log)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		dup2(log, STDOUT_FILENO);
		dup2(log, STDERR_FILENO);
		child_own_log();
		for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
			fcntl(fd, F_SETFL, O_NONBLOCK | O_APPEND);
		_exit(write(STDERR_FILENO, "role\n", 5) == 5 ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void a_role_cannot_make_the_pipe_of_others_throw_lines_away(void **state)
{
	char line[16] = "";
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	run_hostile(ends[1]);
	assert_int_equal(fcntl(ends[1], F_GETFL) & O_NONBLOCK, 0);
	assert_int_equal(read(ends[0], line, sizeof(line)), 5);
	assert_string_equal(line, "role\n");
	close(ends[0]);
	close(ends[1]);
}

/* Nobody reads: it is no reason to wait. */
static void a_pipe_without_a_reader_holds_up_no_role(void **state)
{
	int ends[2], status;
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	close(ends[0]);
	pid = fork();
	if (pid == 0) {
		dup2(ends[1], STDERR_FILENO);
		alarm(20);
		child_own_log();
		_exit(0);
	}
	close(ends[1]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* `postern serve 2>file`: without O_APPEND each would write over the others' lines. */
static void lines_of_roles_do_not_cover_one_another_in_a_file(void **state)
{
	char path[] = "/tmp/postern-child-XXXXXX";
	struct arena *a = arena_new();
	int fd = mkstemp(path);
	struct slice text;
	struct error err;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "parent\n", 7), 7);
	run_hostile(fd);
	assert_int_equal(write(fd, "parent\n", 7), 7);
	run_hostile(fd);
	assert_done(file_read(a, path, FILE_PUBLIC, 1000, &text, &err), err);
	assert_slice_is(text, "parent\nrole\nparent\nrole\n");
	close(fd);
	unlink(path);
	arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_role_cannot_make_the_pipe_of_others_throw_lines_away),
		cmocka_unit_test(a_pipe_without_a_reader_holds_up_no_role),
		cmocka_unit_test(lines_of_roles_do_not_cover_one_another_in_a_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
