/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Two processes accept from one socket: who has fewer connections takes the next one. */
#include "tests/unit/unit.h"

#include "tests/unit/http_server.h"

#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <unistd.h>

#define OK "GET /ok HTTP/1.1\r\nHost: " HTTP_TEST_HOST "\r\n\r\n"
#define QUIET_MS 20
#define CONNECTIONS 40
#define PROCESSES 2
#define ROUNDS 20
#define NEARLY_ALL (CONNECTIONS / 2 - 3)

/* What each process says, one more; 0: it accepts none. */
static _Atomic unsigned *said;

static bool has_more_than_another(unsigned own, size_t connections, bool accepts)
{
	atomic_store(&said[own], accepts ? (unsigned)connections + 1 : 0);
	for (unsigned i = 0; i < PROCESSES; i++) {
		unsigned other = atomic_load(&said[i]);

		if (other && other < connections + 1)
			return true;
	}
	return false;
}

static bool share_first(size_t connections, bool accepts, void *context)
{
	(void)context;
	return has_more_than_another(0, connections, accepts);
}

static bool share_second(size_t connections, bool accepts, void *context)
{
	(void)context;
	return has_more_than_another(1, connections, accepts);
}

static bool always_behind(size_t connections, bool accepts, void *context)
{
	(void)connections;
	(void)accepts;
	(void)context;
	return true;
}

static void start_two(struct http_test two[PROCESSES])
{
	for (unsigned i = 0; i < PROCESSES; i++)
		atomic_store(&said[i], 0);
	two[0] = (struct http_test){.options.share = share_first};
	http_test_start(&two[0]);
	two[1] = (struct http_test){.options.share = share_second, .listener = two[0].listener};
	http_test_start(&two[1]);
	for (unsigned i = 0; i < PROCESSES; i++) {
		for (int tries = 0; atomic_load(&said[i]) == 0 && tries < 2000; tries++)
			usleep(10000);
		assert_int_equal(atomic_load(&said[i]), 1);
	}
}

static void assert_answered(int fd)
{
	int closed;

	client_send(fd, OK, sizeof(OK) - 1);
	assert_string_equal(client_statuses(client_wait(fd, "200", QUIET_MS, &closed)), "200");
	assert_int_equal(closed, 0);
}

/* Until a process has learnt of all that were closed. */
static void await_connections(unsigned process, unsigned n)
{
	for (int tries = 0; atomic_load(&said[process]) != n + 1 && tries < 2000; tries++)
		usleep(10000);
	assert_int_equal(atomic_load(&said[process]), n + 1);
}

/* How many of as many as the first one has the second takes, who has none. */
static unsigned taken_by_second(const struct http_test two[PROCESSES])
{
	int fds[CONNECTIONS / 2];
	unsigned taken;

	for (int i = 0; i < CONNECTIONS / 2; i++) {
		fds[i] = client_connect(two[0].port);
		assert_answered(fds[i]);
	}
	taken = atomic_load(&said[1]) - 1;
	assert_int_equal(atomic_load(&said[0]) - 1 + taken, CONNECTIONS);
	for (int i = 0; i < CONNECTIONS / 2; i++)
		close(fds[i]);
	await_connections(0, CONNECTIONS / 2);
	await_connections(1, 0);
	return taken;
}

/* While one is stuck, the other takes what it leaves; then the first takes what comes until it has as many. */
static void who_has_fewer_takes_what_comes(void **state)
{
	struct http_test two[PROCESSES];
	int fds[CONNECTIONS / 2];
	unsigned most = 0;

	(void)state;
	start_two(two);
	kill(two[1].child, SIGSTOP);
	for (int i = 0; i < CONNECTIONS / 2; i++) {
		fds[i] = client_connect(two[0].port);
		assert_answered(fds[i]);
	}
	assert_int_equal(atomic_load(&said[0]), CONNECTIONS / 2 + 1);
	kill(two[1].child, SIGCONT);
	/* left to itself the kernel gives each of them a half; on a busy machine a moment is too short now and then */
	for (int round = 0; round < ROUNDS && most < NEARLY_ALL; round++) {
		unsigned taken = taken_by_second(two);

		most = taken > most ? taken : most;
	}
	assert_in_range(most, NEARLY_ALL, CONNECTIONS / 2);
	for (int i = 0; i < CONNECTIONS / 2; i++)
		close(fds[i]);
	http_test_stop(&two[1]);
	assert_int_equal(atomic_load(&said[1]), 0);     /* it drained, and says so */
	http_test_stop(&two[0]);
}

static void who_is_always_told_to_wait_still_serves(void **state)
{
	struct http_test one = {.options.share = always_behind};

	(void)state;
	http_test_start(&one);
	for (int i = 0; i < CONNECTIONS; i++) {
		int fd = client_connect(one.port);

		assert_answered(fd);
		close(fd);
	}
	http_test_stop(&one);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_has_fewer_takes_what_comes),
		cmocka_unit_test(who_is_always_told_to_wait_still_serves),
	};

	said = mmap(NULL, PROCESSES * sizeof(*said), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (said == MAP_FAILED)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
