/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/service/child.c: what a new process does before it executes anything. */
#include "tests/unit/unit.h"

#include "base/file.h"
#include "gateway/service/child.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <linux/capability.h>
#include <sys/syscall.h>
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

/* As the parent of postern.service is. */
static int give_up_the_right_to_signal_others(void)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct has[2];

	if (syscall(SYS_capget, &head, has) < 0)
		return -1;
	has[0].effective &= ~(1U << CAP_KILL);
	has[0].permitted &= ~(1U << CAP_KILL);
	return (int)syscall(SYS_capset, &head, has);
}

static _Noreturn void try_to_kill(struct child *c, uid_t right, uid_t wrong)
{
	if (give_up_the_right_to_signal_others() < 0)
		_exit(2);
	c->uid = wrong;
	if (child_kill(c) || geteuid() != 0)
		_exit(3);
	c->uid = right;
	_exit(child_kill(c) && geteuid() == 0 ? 0 : 4);
}

static void who_may_not_signal_others_kills_a_child_as_its_user_or_says_that_it_did_not(void **state)
{
	struct child c = {.role = "keys", .instance = "1", .heartbeat = -1};
	int ready[2], status;
	pid_t pid;
	char byte;

	(void)state;
	if (geteuid() != 0)
		return;                 /* only root starts processes of others */
	assert_int_equal(pipe(ready), 0);
	c.pid = fork();
	if (c.pid == 0) {
		if (setuid(65533) < 0 || write(ready[1], "x", 1) != 1)
			_exit(2);
		alarm(20);
		pause();
		_exit(3);
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	pid = fork();
	if (pid == 0)
		try_to_kill(&c, 65533, 65532);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(waitpid(c.pid, &status, 0), c.pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	close(ready[0]);
	close(ready[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_role_cannot_make_the_pipe_of_others_throw_lines_away),
		cmocka_unit_test(a_pipe_without_a_reader_holds_up_no_role),
		cmocka_unit_test(lines_of_roles_do_not_cover_one_another_in_a_file),
		cmocka_unit_test(who_may_not_signal_others_kills_a_child_as_its_user_or_says_that_it_did_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
