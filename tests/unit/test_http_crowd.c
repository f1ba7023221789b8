/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Connections of one client network: its share, and that nobody else pays for it. */
#include "tests/unit/unit.h"

#include "tests/unit/http_server.h"

#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define H "Host: " HTTP_TEST_HOST "\r\n"
#define OK "GET /ok HTTP/1.1\r\n" H "\r\n"
#define PAGE "GET /page HTTP/1.1\r\n" H "\r\n"
#define ENOUGH "GET /go/enough HTTP/1.1\r\n" H "\r\n"
#define SHARE 4

/* 127.0.0.8/29 are proxies, 127.0.0.16/28 is exempt. */
static struct network proxies, exempt;
static struct http_test server;

static enum reason admit(struct http_exchange *x, void *context)
{
	(void)context;
	return strcmp(x->path, "/go/enough") == 0 ? REASON_TOO_MANY : REASON_NONE;
}

/* What is kept for who does not read: less than PAGE, and more than other answers. */
static void start_with_little_room(struct http_test *t)
{
	int little = 16384;

	http_test_start(t);
	setsockopt(t->listener, SOL_SOCKET, SO_SNDBUF, &little, sizeof(little));
}

static void await_handled(unsigned n)
{
	for (int tries = 0; http_test_handled() < n && tries < 3000; tries++)
		usleep(10000);
	assert_int_equal(http_test_handled(), n);
}

static int start(void **state)
{
	(void)state;
	network_read("127.0.0.8/29", &proxies, NULL);
	network_read("127.0.0.16/28", &exempt, NULL);
	server = (struct http_test){.options = {.header_seconds = 30, .connection_limit = 60, .network_limit = SHARE,
		.trusted = {.networks = &proxies, .count = 1}, .exempt = &exempt, .exempt_count = 1, .input_limit = 400000,
		.admit = admit}};
	start_with_little_room(&server);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	http_test_stop(&server);
	return 0;
}

static void is_served(int fd)
{
	int closed;

	client_send(fd, OK, sizeof(OK) - 1);
	assert_string_equal(client_statuses(client_wait(fd, "200", 20, &closed)), "200");
	assert_int_equal(closed, 0);
}

static bool is_closed(int fd, int wait_ms)
{
	int closed;

	client_read(fd, wait_ms, &closed);
	return closed;
}

static void open_idle(int host, int *fds, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		fds[i] = client_connect_from(host, server.port);
		is_served(fds[i]);
	}
}

static void close_all(const int *fds, size_t n)
{
	for (size_t i = 0; i < n; i++)
		close(fds[i]);
}

static void one_network_ends_its_own_longest_idle_and_nobody_elses(void **state)
{
	int others[SHARE], flood[3 * SHARE];
	unsigned crowded = http_test_crowded();

	(void)state;
	open_idle(2, others, SHARE);
	open_idle(3, flood, 3 * SHARE);
	for (size_t i = 0; i < 3 * SHARE; i++)
		assert_int_equal(is_closed(flood[i], i < 2 * SHARE ? 10000 : 20), i < 2 * SHARE);
	for (size_t i = 0; i < SHARE; i++)
		is_served(others[i]);
	assert_int_equal(http_test_crowded() - crowded, 2 * SHARE);
	close_all(others, SHARE);
	close_all(flood, 3 * SHARE);
}

static void one_that_sends_slowly_makes_room_too(void **state)
{
	int fds[SHARE + 1];

	(void)state;
	for (size_t i = 0; i <= SHARE; i++) {
		fds[i] = client_connect_from(4, server.port);
		client_send(fds[i], "GET /ok", 7);
		assert_false(is_closed(fds[i], 20));
	}
	assert_true(is_closed(fds[0], 10000));
	client_send(fds[SHARE], &OK[7], sizeof(OK) - 8);
	assert_string_equal(client_statuses(client_wait(fds[SHARE], "200", 20, &(int){0})), "200");
	close_all(fds, SHARE + 1);
}

/* They ask for more and more and read nothing: the next one of that network is ended, all others are served. */
static void those_who_never_read_keep_out_nobody_but_themselves(void **state)
{
	int fds[SHARE], next, other;
	unsigned before = http_test_handled();

	(void)state;
	for (size_t i = 0; i < SHARE; i++) {
		fds[i] = client_connect_from(5, server.port);
		for (int n = 0; n < 100; n++)
			client_send(fds[i], PAGE, sizeof(PAGE) - 1);
	}
	other = client_connect_from(6, server.port);
	is_served(other);
	await_handled(before + SHARE + 1);      /* none of them is idle any more */
	next = client_connect_from(5, server.port);
	assert_true(is_closed(next, 10000));
	is_served(other);
	close(next);
	close(other);
	close_all(fds, SHARE);
}

static void what_ended_counts_no_longer(void **state)
{
	unsigned crowded = http_test_crowded();

	(void)state;
	for (int i = 0; i < 20 * SHARE; i++) {
		int fd = client_connect_from(7, server.port);

		is_served(fd);
		close(fd);
	}
	assert_in_range(http_test_crowded() - crowded, 0, 2);
}

static void proxies_and_exempt_networks_are_not_counted(void **state)
{
	int proxied[3 * SHARE], exempted[3 * SHARE];
	unsigned crowded = http_test_crowded();

	(void)state;
	open_idle(9, proxied, 3 * SHARE);
	open_idle(17, exempted, 3 * SHARE);
	for (size_t i = 0; i < 3 * SHARE; i++) {
		is_served(proxied[i]);
		is_served(exempted[i]);
	}
	assert_int_equal(http_test_crowded(), crowded);
	close_all(proxied, 3 * SHARE);
	close_all(exempted, 3 * SHARE);
}

static const char large[] = "POST /large HTTP/1.1\r\n" H "Content-Length: 200000\r\n\r\n";
static const char half[60000] = "a";

static void send_half(int fd)
{
	client_send(fd, large, sizeof(large) - 1);
	client_send(fd, half, sizeof(half));
}

/* Of what may wait of everybody a quarter; whoever sends more is refused, and the others' messages are not. */
static void one_network_does_not_fill_what_may_wait(void **state)
{
	int first = client_connect_from(32, server.port), second = client_connect_from(32, server.port),
	    other = client_connect_from(33, server.port), closed;
	struct slice page;

	(void)state;
	send_half(first);
	client_taken(first);
	send_half(second);
	page = client_wait(second, "429", 20, &closed);
	assert_string_equal(client_statuses(page), "429");
	assert_non_null(memmem(page.p, page.n, "reason=too-many<", 16));
	assert_false(is_closed(first, 0));
	send_half(other);
	client_taken(other);
	assert_false(is_closed(other, 50));
	/* what has gone counts no longer */
	close(first);
	close(second);
	second = client_connect_from(32, server.port);
	is_served(second);
	send_half(second);
	client_taken(second);
	assert_false(is_closed(second, 50));
	close(second);
	close(other);
}

/* What it sent was thrown away, while its connection lingers so that the page gets through. */
static void what_was_refused_waits_no_longer(void **state)
{
	static const char chunked[] = "POST /large HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\nea60\r\n";
	int refused[2], next = client_connect_from(35, server.port), closed;

	(void)state;
	for (int i = 0; i < 2; i++) {
		refused[i] = client_connect_from(35, server.port);
		client_send(refused[i], chunked, sizeof(chunked) - 1);
		client_send(refused[i], half, sizeof(half));
		client_send(refused[i], "no\r\n", 4);
		assert_string_equal(client_statuses(client_wait(refused[i], "400", 20, &closed)), "400");
	}
	send_half(next);
	client_taken(next);
	assert_false(is_closed(next, 50));
	close(next);
	close_all(refused, 2);
}

/* It would have to wait, and its connection with it, which others of its network could have; a proxy's has others behind it. */
static void who_is_over_a_limit_keeps_no_connection_and_a_proxy_does(void **state)
{
	int client = client_connect_from(34, server.port), proxy = client_connect_from(9, server.port), closed;
	struct slice page;

	(void)state;
	is_served(client);
	client_send(client, ENOUGH, sizeof(ENOUGH) - 1);
	page = client_wait(client, "429", 10000, &closed);
	assert_string_equal(client_statuses(page), "429");
	assert_non_null(memmem(page.p, page.n, "\r\nConnection: close\r\n", 21));
	assert_true(closed);
	client_send(proxy, ENOUGH, sizeof(ENOUGH) - 1);
	page = client_wait(proxy, "429", 20, &closed);
	assert_string_equal(client_statuses(page), "429");
	assert_false(closed);
	is_served(proxy);
	close(client);
	close(proxy);
}

/* Whether the server has ended it, without a byte being taken. */
static bool is_cut(int fd)
{
	struct pollfd wait = {.fd = fd, .events = POLLRDHUP};

	return poll(&wait, 1, 10000) == 1;
}

/* Of many networks, each within its share. */
static void who_does_not_read_makes_room_at_last(void **state)
{
	struct http_test t = {.options = {.header_seconds = 60, .connection_limit = 8}};
	unsigned before = http_test_handled();
	int deaf[8], fd;

	(void)state;
	start_with_little_room(&t);
	for (int i = 0; i < 8; i++) {
		deaf[i] = client_connect_from(40 + i, t.port);
		for (int n = 0; n < 2000; n++)
			client_send(deaf[i], PAGE, sizeof(PAGE) - 1);
	}
	await_handled(before + 8);
	fd = client_connect_from(60, t.port);
	is_served(fd);
	assert_true(is_cut(deaf[0]));
	close(fd);
	close_all(deaf, 8);
	http_test_stop(&t);
}

/* The settings' share may be larger than all that there is. */
static void one_network_never_has_all_connections(void **state)
{
	struct http_test t = {.options = {.header_seconds = 30, .connection_limit = 40, .network_limit = 1000}};
	int other, many[60], before = server.port;

	(void)state;
	http_test_start(&t);
	server.port = t.port;
	open_idle(70, &other, 1);
	open_idle(71, many, 60);
	assert_false(is_closed(other, 50));
	is_served(other);
	assert_true(is_closed(many[0], 10000));
	server.port = before;
	close(other);
	close_all(many, 60);
	http_test_stop(&t);
}

static void a_low_limit_of_descriptors_is_raised(void **state)
{
	struct http_test t = {.options = {.header_seconds = 30}};
	int many[150], before = server.port;
	struct rlimit old, few;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	few = (struct rlimit){.rlim_cur = 100, .rlim_max = old.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	http_test_start(&t);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	server.port = t.port;
	open_idle(80, many, 150);
	assert_false(is_closed(many[0], 50));
	server.port = before;
	close_all(many, 150);
	http_test_stop(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_network_ends_its_own_longest_idle_and_nobody_elses),
		cmocka_unit_test(one_that_sends_slowly_makes_room_too),
		cmocka_unit_test(those_who_never_read_keep_out_nobody_but_themselves),
		cmocka_unit_test(what_ended_counts_no_longer),
		cmocka_unit_test(proxies_and_exempt_networks_are_not_counted),
		cmocka_unit_test(one_network_does_not_fill_what_may_wait),
		cmocka_unit_test(what_was_refused_waits_no_longer),
		cmocka_unit_test(who_is_over_a_limit_keeps_no_connection_and_a_proxy_does),
		cmocka_unit_test(who_does_not_read_makes_room_at_last),
		cmocka_unit_test(one_network_never_has_all_connections),
		cmocka_unit_test(a_low_limit_of_descriptors_is_raised),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
