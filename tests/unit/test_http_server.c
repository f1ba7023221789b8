/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The front as clients meet it who are slow, many, large, or half gone. */
#include "tests/unit/unit.h"

#include "tests/unit/http_server.h"

#include "base/clock.h"

#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define H "Host: " HTTP_TEST_HOST "\r\n"
#define OK "GET /ok HTTP/1.1\r\n" H "\r\n"
#define FIVE "Content-Length: 5\r\n\r\nhello"
#define QUIET_MS 60

static struct http_test server;

static long long ms_since(int64_t start_us)
{
	return (clock_monotonic_us() - start_us) / 1000;
}

/* Sends `bytes` piece by piece, one each 50 ms, until the server closes; how long that took, and what it said last. */
static long long drip(const char *bytes, size_t n, const char **statuses_out)
{
	int64_t start = clock_monotonic_us();
	int fd = client_connect(server.port), closed = 0;
	struct slice reply = {NULL, 0};

	for (size_t i = 0; !closed && ms_since(start) < 15000; i = (i + 1) % n) {
		client_send(fd, bytes + i, 1);
		reply = client_read(fd, 50, &closed);
		if (reply.n)
			break;
	}
	*statuses_out = client_statuses(reply);
	close(fd);
	return ms_since(start);
}

static void cuts_a_head_that_drips(void **state)
{
	const char *statuses;
	long long ms = drip("abcdefgh", 8, &statuses);

	(void)state;
	assert_string_equal(statuses, "408");
	assert_in_range(ms, 900, 12000);
}

static void cuts_a_body_that_drips(void **state)
{
	static const char head[] = "POST /form HTTP/1.1\r\n" H "Content-Length: 900\r\n\r\n";
	unsigned before = http_test_handled();
	int64_t start = clock_monotonic_us();
	int fd = client_connect(server.port), closed = 0;
	struct slice reply = {NULL, 0};

	(void)state;
	client_send(fd, head, sizeof(head) - 1);
	while (!reply.n && !closed && ms_since(start) < 15000) {
		client_send(fd, "x", 1);
		reply = client_read(fd, 50, &closed);
	}
	assert_string_equal(client_statuses(reply), "408");
	assert_in_range(ms_since(start), 900, 12000);
	client_read(fd, 15000, &closed);
	assert_int_equal(closed, 1);
	assert_int_equal(http_test_handled(), before);
	close(fd);
}

static void closes_an_idle_connection_after_its_time(void **state)
{
	int64_t start = clock_monotonic_us();
	int fd = client_connect(server.port), closed;
	struct slice reply;

	(void)state;
	client_send(fd, OK, sizeof(OK) - 1);
	reply = client_wait(fd, "200", 5000, &closed);
	assert_string_equal(client_statuses(reply), "200");
	assert_int_equal(closed, 1);
	assert_in_range(ms_since(start), 1800, 12000);
	close(fd);
}

static void closes_a_connection_that_says_nothing(void **state)
{
	int64_t start = clock_monotonic_us();
	int fd = client_connect(server.port), closed;

	(void)state;
	assert_int_equal(client_read(fd, 15000, &closed).n, 0);
	assert_int_equal(closed, 1);
	assert_in_range(ms_since(start), 800, 12000);
	close(fd);
}

static void answers_a_client_that_closed_its_half(void **state)
{
	(void)state;
	for (int i = 0; i < 50; i++) {
		int fd = client_connect(server.port), closed;

		client_send(fd, OK, sizeof(OK) - 1);
		shutdown(fd, SHUT_WR);
		assert_string_equal(client_statuses(client_wait(fd, "200", 15000, &closed)), "200");
		assert_int_equal(closed, 1);
		close(fd);
	}
}

static void sends_a_long_page_to_a_client_that_closed_its_half(void **state)
{
	static const char bytes[] = "GET /page HTTP/1.1\r\n" H "\r\n";
	int fd = client_connect(server.port), closed;
	struct slice reply;

	(void)state;
	client_send(fd, bytes, sizeof(bytes) - 1);
	shutdown(fd, SHUT_WR);
	reply = client_read(fd, 15000, &closed);
	assert_true(reply.n > 100000);
	close(fd);
}

static void refuses_a_client_that_closed_its_half(void **state)
{
	static const char bytes[] = "POST /form HTTP/1.1\r\n" H "Content-Length: x\r\n\r\n";
	int fd = client_connect(server.port), closed;

	(void)state;
	client_send(fd, bytes, sizeof(bytes) - 1);
	shutdown(fd, SHUT_WR);
	assert_string_equal(client_statuses(client_wait(fd, "400", 15000, &closed)), "400");
	assert_int_equal(closed, 1);
	close(fd);
}

static void runs_no_handler_for_half_a_request(void **state)
{
	static const char bytes[] = "POST /form HTTP/1.1\r\n" H "Content-Length: 10\r\n\r\nhello";
	unsigned before = http_test_handled();
	int fd = client_connect(server.port), closed;

	(void)state;
	client_send(fd, bytes, sizeof(bytes) - 1);
	shutdown(fd, SHUT_WR);
	client_read(fd, 15000, &closed);
	assert_int_equal(closed, 1);
	assert_int_equal(http_test_handled(), before);
	close(fd);
}

static void asks_for_a_body_that_is_announced(void **state)
{
	static const char head[] = "POST /form HTTP/1.1\r\n" H "Expect: 100-continue\r\nContent-Length: 5\r\n\r\n";
	int fd = client_connect(server.port), closed;

	(void)state;
	client_send(fd, head, sizeof(head) - 1);
	assert_string_equal(client_statuses(client_wait(fd, "100", QUIET_MS, &closed)), "100");
	client_send(fd, "hello", 5);
	assert_string_equal(client_statuses(client_wait(fd, "200", QUIET_MS, &closed)), "200");
	close(fd);
}

static void takes_a_large_body_within_the_limit(void **state)
{
	static const char head[] = "POST /large HTTP/1.1\r\n" H "Content-Length: 300000\r\n\r\n";
	static char body[300000];
	int fd = client_connect(server.port), closed;
	struct slice reply;

	(void)state;
	memset(body, 'x', sizeof(body));
	for (int i = 0; i < 3; i++) {
		client_send(fd, head, sizeof(head) - 1);
		client_send(fd, body, sizeof(body));
		reply = client_wait(fd, "200", 200, &closed);
		assert_string_equal(client_statuses(reply), "200");
		assert_non_null(memmem(reply.p, reply.n, "body=300000\n", 12));
	}
	close(fd);
}

/* The refusal comes while the client still sends: it must not be lost to a reset. */
static void tells_a_client_that_sends_too_much(void **state)
{
	static const char head[] = "POST /large HTTP/1.1\r\n" H "Content-Length: 300001\r\n\r\n";
	static char body[300001];
	int closed;

	(void)state;
	for (int i = 0; i < 20; i++) {
		int fd = client_connect(server.port);

		client_send(fd, head, sizeof(head) - 1);
		client_send(fd, body, sizeof(body));
		assert_string_equal(client_statuses(client_wait(fd, "413", 15000, &closed)), "413");
		assert_int_equal(closed, 1);
		close(fd);
	}
}

static void refuses_a_head_over_the_limit(void **state)
{
	static char head[20000];
	int n = snprintf(head, sizeof(head), "GET /ok HTTP/1.1\r\n" H "Cookie: ");
	unsigned before = http_test_handled();
	int closed, fd;

	(void)state;
	memset(head + n, 'c', 16384 - (size_t)n - 4);
	memcpy(head + 16380, "\r\n\r\n", 4);
	fd = client_connect(server.port);
	client_send(fd, head, 16384);
	assert_string_equal(client_statuses(client_wait(fd, "200", QUIET_MS, &closed)), "200");
	close(fd);
	memcpy(head + 16380, "c\r\n\r\n", 5);
	fd = client_connect(server.port);
	client_send(fd, head, 16385);
	assert_string_equal(client_statuses(client_wait(fd, "431", 15000, &closed)), "431");
	close(fd);
	assert_int_equal(http_test_handled(), before + 1);
}

static void refuses_a_target_over_the_limit(void **state)
{
	static char bytes[20000] = "GET /ok?";
	int fd = client_connect(server.port), closed;

	(void)state;
	memset(bytes + 8, 'q', sizeof(bytes) - 8);
	client_send(fd, bytes, sizeof(bytes));
	assert_string_equal(client_statuses(client_wait(fd, "431", 15000, &closed)), "431");
	close(fd);
}

static void passes_on_a_long_query(void **state)
{
	static const char end[] = " HTTP/1.1\r\n" H "Connection: close\r\n\r\n";
	static char bytes[16000] = "GET /ok?";
	size_t n = 15000;
	int fd = client_connect(server.port), closed;
	struct slice reply;

	(void)state;
	memset(bytes + 8, 'q', n - 8);
	memcpy(bytes + n, end, sizeof(end) - 1);
	client_send(fd, bytes, n + sizeof(end) - 1);
	reply = client_wait(fd, "200", 15000, &closed);
	assert_string_equal(client_statuses(reply), "200");
	assert_true(reply.n > n);
	close(fd);
}

/* Clients that go away at every moment; the sanitizers and the exit status of the child say whether that was harmless. */
static void survives_clients_that_hang_up(void **state)
{
	static const char bytes[] = "GET /page HTTP/1.1\r\n" H "\r\n"
		"POST /form HTTP/1.1\r\n" H FIVE "GET /ok HTTP/1.1\r\n\r\n";
	int closed, fd;

	(void)state;
	for (size_t n = 1; n < sizeof(bytes); n += 3)
		for (int hard = 0; hard < 2; hard++) {
			struct linger none = {.l_onoff = 1};

			fd = client_connect(server.port);
			if (hard)
				setsockopt(fd, SOL_SOCKET, SO_LINGER, &none, sizeof(none));
			client_send(fd, bytes, n);
			close(fd);
		}
	fd = client_connect(server.port);
	client_send(fd, OK, sizeof(OK) - 1);
	assert_string_equal(client_statuses(client_wait(fd, "200", 500, &closed)), "200");
	close(fd);
}

/* It asks for 100 kB again and again and reads nothing: it is cut off, and others are served meanwhile. */
static void cuts_a_client_that_never_reads(void **state)
{
	static const char page[] = "GET /page HTTP/1.1\r\n" H "\r\n";
	unsigned before = http_test_handled();
	int64_t start = clock_monotonic_us();
	int fd = client_connect(server.port), other = client_connect(server.port), closed;
	struct pollfd gone = {.fd = fd, .events = 0};

	(void)state;
	for (int i = 0; i < 300; i++)
		send(fd, page, sizeof(page) - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
	client_send(other, OK, sizeof(OK) - 1);
	assert_string_equal(client_statuses(client_wait(other, "200", 200, &closed)), "200");
	assert_true(http_test_handled() - before < 150);
	while (!(gone.revents & (POLLHUP | POLLERR)) && ms_since(start) < 15000) {
		send(fd, page, sizeof(page) - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
		poll(&gone, 1, 20);
	}
	assert_true(gone.revents & (POLLHUP | POLLERR));
	close(fd);
	close(other);
}

static void serves_among_a_thousand_idle_connections(void **state)
{
	enum { IDLE = 1000 };
	static int fds[IDLE];
	int64_t start;
	int closed, fd;

	(void)state;
	for (int i = 0; i < IDLE; i++)
		fds[i] = client_connect(server.port);
	start = clock_monotonic_us();
	fd = client_connect(server.port);
	client_send(fd, OK, sizeof(OK) - 1);
	assert_string_equal(client_statuses(client_wait(fd, "200", 500, &closed)), "200");
	assert_in_range(ms_since(start), 0, 20000);
	close(fd);
	for (int i = 0; i < IDLE; i++) {
		client_read(fds[i], 15000, &closed);
		assert_int_equal(closed, 1);
		close(fds[i]);
	}
}

static int start(void **state)
{
	(void)state;
	server = (struct http_test){.options = {.header_seconds = 1, .idle_seconds = 2}};
	http_test_start(&server);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	http_test_stop(&server);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cuts_a_head_that_drips),
		cmocka_unit_test(cuts_a_body_that_drips),
		cmocka_unit_test(closes_an_idle_connection_after_its_time),
		cmocka_unit_test(closes_a_connection_that_says_nothing),
		cmocka_unit_test(answers_a_client_that_closed_its_half),
		cmocka_unit_test(sends_a_long_page_to_a_client_that_closed_its_half),
		cmocka_unit_test(refuses_a_client_that_closed_its_half),
		cmocka_unit_test(runs_no_handler_for_half_a_request),
		cmocka_unit_test(asks_for_a_body_that_is_announced),
		cmocka_unit_test(takes_a_large_body_within_the_limit),
		cmocka_unit_test(tells_a_client_that_sends_too_much),
		cmocka_unit_test(refuses_a_head_over_the_limit),
		cmocka_unit_test(refuses_a_target_over_the_limit),
		cmocka_unit_test(passes_on_a_long_query),
		cmocka_unit_test(survives_clients_that_hang_up),
		cmocka_unit_test(cuts_a_client_that_never_reads),
		cmocka_unit_test(serves_among_a_thousand_idle_connections),
	};
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < 4096) {
		files.rlim_cur = files.rlim_max < 4096 ? files.rlim_max : 4096;
		setrlimit(RLIMIT_NOFILE, &files);
	}
	return cmocka_run_group_tests(tests, start, stop);
}
