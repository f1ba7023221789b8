/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/service/confine.c: what each role may ask of the kernel once it is ready. */
#include "tests/unit/unit.h"

#include "base/sanitized.h"
#include "gateway/service/confine.h"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <signal.h>
#include <unistd.h>

#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

static void executes(void)
{
	char *const none[] = {NULL};

	execve("/nowhere", none, none);
}

static void connects(void)
{
	socket(AF_INET, SOCK_STREAM, 0);
}

static void connects_on_this_host(void)
{
	socket(AF_UNIX, SOCK_STREAM, 0);
}

static void tells_the_journal(void)
{
	close(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
}

static void forks(void)
{
	if (syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, 0) == 0)
		_exit(0);
}

static void traces(void)
{
	syscall(SYS_ptrace, 0, 0, NULL, NULL);
}

static void becomes_another(void)
{
	syscall(SYS_setuid, 65534);
}

static void signals(void)
{
	syscall(SYS_kill, getppid(), SIGCONT);
}

static void signals_a_thread(void)
{
	syscall(SYS_tgkill, getppid(), getppid(), SIGCONT);
}

/* The upper half of the argument is nothing to the kernel, and must not get by the filter. */
static void gives_a_descriptor_to_another(void)
{
	syscall(SYS_fcntl, STDERR_FILENO, F_SETOWN | 1L << 32, getppid());
}

static void gives_a_socket_to_another(void)
{
	syscall(SYS_ioctl, STDERR_FILENO, FIOSETOWN, NULL);
}

static void connects_by_sending(void)
{
	syscall(SYS_sendto, STDERR_FILENO, "", 1, MSG_FASTOPEN, NULL, 0);
}

static void shuts_what_all_listen_at(void)
{
	syscall(SYS_shutdown, STDERR_FILENO, SHUT_RD);
}

static void does_what_libraries_do(void)
{
	int flags = fcntl(STDERR_FILENO, F_GETFL), on = 0;

	fcntl(STDERR_FILENO, F_SETFL, flags);
	close(fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0));
	ioctl(STDERR_FILENO, FIONBIO, &on);
	isatty(STDERR_FILENO);
	shutdown(STDERR_FILENO, SHUT_WR);
	send(STDERR_FILENO, "", 1, MSG_NOSIGNAL);
}

/* As evhttp does for whoever connects. */
static void writes_the_address_of_a_neighbour(void)
{
	struct sockaddr_in6 peer = {.sin6_family = AF_INET6, .sin6_scope_id = 1};
	char text[200];

	peer.sin6_addr.s6_addr[0] = 0xfe;
	peer.sin6_addr.s6_addr[1] = 0x80;
	if (getnameinfo((struct sockaddr *)&peer, sizeof(peer), text, sizeof(text), NULL, 0, NI_NUMERICHOST) != 0)
		_exit(9);
}

static void asks_whether_one_lives(void)
{
	syscall(SYS_kill, getppid(), 0);
}

static void sets_a_limit(void)
{
	const struct rlimit limit = {10, 10};

	setrlimit(RLIMIT_NOFILE, &limit);
}

static void writes_a_file(void)
{
	int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);

	if (write(fd, "", 1) < 0)
		_exit(9);
	close(fd);
}

static void mounts(void)
{
	syscall(SYS_mount, "a", "b", "c", 0, NULL);
}

/* 0, or the signal that ended it. */
static int outcome(const char *role, void (*act)(void))
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		struct error err;
		int quiet = open("/dev/null", O_WRONLY | O_CLOEXEC);

		dup2(quiet, STDERR_FILENO);
		confine_memory();
		if (confine_calls(role, &err) < 0)
			_exit(8);
		act();
		_exit(0);
	}
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_false(WIFSIGNALED(status) && WCOREDUMP(status));
	if (WIFEXITED(status))
		assert_int_equal(WEXITSTATUS(status), 0);
	return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void each_role_may_do_its_job_and_no_more(void **state)
{
	static const struct { void (*act)(void); const char *name; bool with_network, without; } rows[] = {
		{executes, "executes", false, false},
		{connects, "connects", true, false},
		{connects_on_this_host, "connects on this host", true, false},
		{tells_the_journal, "tells the journal", true, true},
		{writes_the_address_of_a_neighbour, "writes the address of a neighbour", true, true},
		{forks, "forks", true, false},
		{traces, "traces", false, false},
		{becomes_another, "becomes another", false, false},
		{signals, "signals", true, false},
		{signals_a_thread, "signals a thread", true, false},
		{gives_a_descriptor_to_another, "gives a descriptor to another", true, false},
		{gives_a_socket_to_another, "gives a socket to another", true, false},
		{connects_by_sending, "connects by sending", true, false},
		{shuts_what_all_listen_at, "shuts what all listen at", true, false},
		{does_what_libraries_do, "does what libraries do", true, true},
		{asks_whether_one_lives, "asks whether one lives", true, true},
		{sets_a_limit, "sets a limit", false, false},
		{writes_a_file, "writes a file", true, true},
		{mounts, "mounts", false, false},
	};
	static const struct { const char *role; bool network; } roles[] = {
		{"worker", false}, {"keys", false}, {"metrics", false}, {"rules", false}, {"mirror", true}, {"refresh", true}, {"provision", true},
		{"scim", false},
	};
	size_t i, j;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		for (j = 0; j < sizeof(roles) / sizeof(*roles); j++) {
			bool may = roles[j].network ? rows[i].with_network : rows[i].without;

			/* a build with sanitizers goes without a filter */
			if (outcome(roles[j].role, rows[i].act) != (may || IS_SANITIZED ? 0 : SIGSYS))
				fail_msg("%s %s: not %s", roles[j].role, rows[i].name, may ? "let" : "ended");
		}
	}
}

static void a_role_without_a_list_does_not_run(void **state)
{
	struct error err;

	(void)state;
	assert_refused(confine_calls("barber", &err), err, REASON_INTERNAL);
}

static void it_can_be_turned_off_to_look_for_a_fault(void **state)
{
	(void)state;
	setenv("POSTERN_SECCOMP", "off", 1);
	assert_int_equal(outcome("worker", executes), 0);
	setenv("POSTERN_SECCOMP", "no", 1);
	assert_int_equal(outcome("worker", executes), IS_SANITIZED ? 0 : SIGSYS);
	unsetenv("POSTERN_SECCOMP");
}

static void leaves_no_core_and_lets_nobody_look(void **state)
{
	struct rlimit limit;

	(void)state;
	confine_memory();
	assert_int_equal(prctl(PR_GET_DUMPABLE), 0);
	assert_int_equal(getrlimit(RLIMIT_CORE, &limit), 0);
	assert_int_equal(limit.rlim_max, 0);
	prctl(PR_SET_DUMPABLE, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_role_may_do_its_job_and_no_more),
		cmocka_unit_test(a_role_without_a_list_does_not_run),
		cmocka_unit_test(it_can_be_turned_off_to_look_for_a_fault),
		cmocka_unit_test(leaves_no_core_and_lets_nobody_look),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
