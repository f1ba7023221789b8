/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The front at its limits, when it drains, and its sockets. */
#include "tests/unit/unit.h"

#include "tests/unit/http_server.h"

#include <event2/event.h>
#include <sys/socket.h>
#include <unistd.h>

#define H "Host: " HTTP_TEST_HOST "\r\n"
#define OK "GET /ok HTTP/1.1\r\n" H "\r\n"
#define QUIET_MS 60

static struct http_test server;

static void makes_room_by_ending_the_longest_idle(void **state)
{
	int fds[12], closed;

	(void)state;
	for (int i = 0; i < 12; i++) {
		fds[i] = client_connect(server.port);
		client_send(fds[i], OK, sizeof(OK) - 1);
		assert_string_equal(client_statuses(client_wait(fds[i], "200", QUIET_MS, &closed)), "200");
		assert_int_equal(closed, 0);
	}
	for (int i = 0; i < 12; i++) {
		client_read(fds[i], i < 4 ? 10000 : 20, &closed);
		assert_int_equal(closed, i < 4);
		close(fds[i]);
	}
}

static void makes_room_by_ending_the_slowest(void **state)
{
	int fds[12], closed;

	(void)state;
	for (int i = 0; i < 12; i++) {
		fds[i] = client_connect(server.port);
		client_send(fds[i], "GET /ok", 7);
		client_read(fds[i], 20, &closed);
	}
	client_send(fds[11], &OK[7], sizeof(OK) - 8);
	assert_string_equal(client_statuses(client_wait(fds[11], "200", QUIET_MS, &closed)), "200");
	client_read(fds[0], 10000, &closed);
	assert_int_equal(closed, 1);
	for (int i = 0; i < 12; i++)
		close(fds[i]);
}

static void assert_page_says(struct slice page, const char *status, enum reason reason)
{
	char words[60];

	snprintf(words, sizeof(words), "reason=%s<", reason_word(reason));
	assert_string_equal(client_statuses(page), status);
	assert_non_null(memmem(page.p, page.n, words, strlen(words)));
}

static void refuses_when_too_much_is_under_way(void **state)
{
	static const char head[] = "POST /large HTTP/1.1\r\n" H "Content-Length: 300000\r\n\r\n";
	static char part[90000];
	int first = client_connect(server.port), second = client_connect(server.port), closed;

	(void)state;
	client_send(first, head, sizeof(head) - 1);
	client_send(first, part, sizeof(part));
	client_taken(first);
	client_send(second, head, sizeof(head) - 1);
	client_send(second, part, sizeof(part));
	assert_page_says(client_wait(second, "503", 500, &closed), "503", REASON_BUSY);
	assert_int_equal(client_read(first, 0, &closed).n, 0);
	close(first);
	client_read(second, 10000, &closed);
	close(second);
	first = client_connect(server.port);
	client_send(first, OK, sizeof(OK) - 1);
	assert_string_equal(client_statuses(client_wait(first, "200", 500, &closed)), "200");
	close(first);
}

/* Its head is enough: the page is there before a byte of the body, and the connection ends. */
static void reads_no_large_body_of_a_stranger(void **state)
{
	static const struct {
		const char *fields, *body;      /* body "": a large one; NULL: none is sent */
	} rows[] = {
		{"Content-Length: 16385\r\n", NULL},
		{"Authorization: Bearer bad\r\nContent-Length: 300000\r\n", NULL},
		{"Authorization: Bearer good\r\nAuthorization: Bearer good\r\nContent-Length: 16385\r\n", NULL},
		{"Authorization: Bearer bad\r\nAuthorization: Bearer good\r\nContent-Length: 16385\r\n", NULL},
		{"Transfer-Encoding: chunked\r\n", NULL},
		{"Content-Length: 3\r\n", "abc"},
		{"Authorization:\tBearer bad\r\nContent-Length: 3\r\n", "abc"},
		{"authorization:  Bearer good \r\nContent-Length: 16385\r\n", ""},
		{"AUTHORIZATION: Bearer good\r\nTransfer-Encoding: chunked\r\n", "3\r\nabc\r\n0\r\n\r\n"},
	};
	static char large[HTTP_STRANGERS_BODY + 1];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		unsigned before = http_test_handled();
		int fd = client_connect(server.port), closed;
		char head[400];
		int n = snprintf(head, sizeof(head), "POST /closed HTTP/1.1\r\n" H "%s\r\n%s", rows[i].fields, rows[i].body ? rows[i].body : "");

		client_send(fd, head, (size_t)n);
		if (rows[i].body && !*rows[i].body)
			client_send(fd, large, sizeof(large));
		if (rows[i].body)
			assert_string_equal(client_statuses(client_wait(fd, "200", QUIET_MS, &closed)), "200");
		else
			assert_page_says(client_wait(fd, "401", 10000, &closed), "401", REASON_SCIM_TOKEN);
		assert_int_equal(closed, !rows[i].body);
		assert_int_equal(http_test_handled() - before, rows[i].body ? 1 : 0);
		close(fd);
	}
}

/* What one request proved says nothing of the next one. */
static void knows_each_request_by_itself(void **state)
{
	static const char good[] = "POST /closed HTTP/1.1\r\n" H "Authorization: Bearer good\r\nContent-Length: 3\r\n\r\nabc";
	static const char bad[] = "POST /closed HTTP/1.1\r\n" H "Content-Length: 300000\r\n\r\n";
	int fd = client_connect(server.port), closed;

	(void)state;
	client_send(fd, good, sizeof(good) - 1);
	client_send(fd, bad, sizeof(bad) - 1);
	assert_string_equal(client_statuses(client_wait(fd, "200 401", 10000, &closed)), "200 401");
	assert_int_equal(closed, 1);
	close(fd);
}

static void sends_the_security_headers_with_page_and_refusal(void **state)
{
	static const char *const wanted[] = {
		"Content-Security-Policy: default-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'none'\r\n",
		"X-Content-Type-Options: nosniff\r\n", "Referrer-Policy: no-referrer\r\n", "Cache-Control: no-store\r\n",
		"X-Frame-Options: DENY\r\n", "Strict-Transport-Security: max-age=600\r\n"};
	static const char *const requests[] = {OK, "GET /no HTTP/1.1\r\n" H "\r\n", "GET /ok HTTP/1.1\r\n\r\n"};
	int closed;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		int fd = client_connect(server.port);
		struct slice reply;

		client_send(fd, requests[i], strlen(requests[i]));
		reply = client_wait(fd, i == 0 ? "200" : i == 1 ? "404" : "400", QUIET_MS, &closed);
		for (size_t w = 0; w < sizeof(wanted) / sizeof(wanted[0]); w++)
			assert_non_null(memmem(reply.p, reply.n, wanted[w], strlen(wanted[w])));
		close(fd);
	}
}

static void believes_the_address_that_a_proxy_of_ours_names(void **state)
{
	static const char bytes[] = "GET /ok HTTP/1.1\r\n" H
		"X-Forwarded-For: 203.0.113.9, 198.51.100.7\r\nX-Forwarded-For: 127.0.0.9\r\n\r\n";
	int fd = client_connect(server.port), closed;
	struct slice reply;

	(void)state;
	client_send(fd, bytes, sizeof(bytes) - 1);
	reply = client_wait(fd, "200", QUIET_MS, &closed);
	assert_non_null(memmem(reply.p, reply.n, "client=198.51.100.7\n", 20));
	close(fd);
}

/* SIGTERM while one connection is idle and another is in the middle of a request: that one is answered. */
static void answers_what_is_under_way_when_it_drains(void **state)
{
	static const char head[] = "POST /form HTTP/1.1\r\n" H "Content-Length: 5\r\n\r\nhel";
	struct http_test own = {.options = {.header_seconds = 5}};
	int idle, busy, late, closed;
	struct slice reply;

	(void)state;
	http_test_start(&own);
	idle = client_connect(own.port);
	client_send(idle, OK, sizeof(OK) - 1);
	client_wait(idle, "200", QUIET_MS, &closed);
	late = client_connect(own.port);
	client_send(late, OK, sizeof(OK) - 1);
	client_wait(late, "200", QUIET_MS, &closed);
	busy = client_connect(own.port);
	client_send(busy, head, sizeof(head) - 1);
	client_taken(busy);
	http_test_drain(&own);
	assert_int_equal(client_read(busy, 150, &closed).n, 0);
	client_send(late, OK, sizeof(OK) - 1);
	reply = client_wait(late, "200", 10000, &closed);
	assert_string_equal(client_statuses(reply), "200");
	assert_non_null(memmem(reply.p, reply.n, "Connection: close\r\n", 19));
	assert_int_equal(closed, 1);
	client_read(idle, 10000, &closed);
	assert_int_equal(closed, 1);
	client_send(busy, "lo", 2);
	reply = client_wait(busy, "200", 10000, &closed);
	assert_string_equal(client_statuses(reply), "200");
	assert_int_equal(closed, 1);
	http_test_stop(&own);
	close(idle);
	close(late);
	close(busy);
}

/* The kernel refuses to give descriptors: idle ones make room, those that send slowly too, and nobody spins or falls. */
static void goes_on_when_descriptors_run_out(void **state)
{
	enum { CLIENTS = 120 };
	struct http_test own = {.options = {.header_seconds = 60}, .descriptors = 60};
	int fds[CLIENTS], fd, closed;

	(void)state;
	http_test_start(&own);
	for (int i = 0; i < CLIENTS; i++)
		fds[i] = client_connect(own.port);
	for (int round = 0; round < 2; round++) {
		fd = client_connect(own.port);
		client_send(fd, OK, sizeof(OK) - 1);
		assert_string_equal(client_statuses(client_wait(fd, "200", 20, &closed)), "200");
		close(fd);
		for (int i = 0; i < CLIENTS; i++)
			client_send(fds[i], "GET /", 5);
	}
	for (int i = 0; i < CLIENTS; i++)
		close(fds[i]);
	http_test_stop(&own);
}

static void spreads_connections_over_two_sockets_of_one_port(void **state)
{
	enum { CLIENTS = 200 };
	int first, second, clients[CLIENTS], taken[2] = {0, 0}, listeners[2], fd;
	char address[40];
	struct error err;

	(void)state;
	assert_done(http_listen("127.0.0.1:0", &first, &err), err);
	snprintf(address, sizeof(address), "127.0.0.1:%d", http_bound_port(first));
	assert_done(http_listen(address, &second, &err), err);
	assert_int_equal(http_bound_port(second), http_bound_port(first));
	for (int i = 0; i < CLIENTS; i++)
		clients[i] = client_connect(http_bound_port(first));
	listeners[0] = first;
	listeners[1] = second;
	for (int i = 0; i < 2; i++)
		while ((fd = accept(listeners[i], NULL, NULL)) >= 0) {
			taken[i]++;
			close(fd);
		}
	assert_int_equal(taken[0] + taken[1], CLIENTS);
	assert_true(taken[0] > CLIENTS / 4 && taken[1] > CLIENTS / 4);
	for (int i = 0; i < CLIENTS; i++)
		close(clients[i]);
	close(first);
	close(second);
}

static unsigned worked, alive;

static void work(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
	worked++;
	usleep(20000);
}

static void be_alive(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
	alive += worked < 50;
}

/* A second's work in one turn: fifty connections of which each takes its time. */
static void what_comes_first_does_not_wait_for_a_whole_turn(void **state)
{
	const struct timeval often = {.tv_usec = 50000};
	struct event_base *base = http_event_base();
	struct event *pulse = event_new(base, -1, EV_PERSIST, be_alive, NULL), *each[50];

	(void)state;
	assert_int_equal(event_priority_set(pulse, HTTP_EVENT_FIRST), 0);
	event_add(pulse, &often);
	for (size_t i = 0; i < 50; i++) {
		each[i] = event_new(base, -1, 0, work, NULL);
		event_active(each[i], EV_READ, 1);
	}
	while (worked < 50)
		event_base_loop(base, EVLOOP_ONCE);
	assert_true(alive >= 2);
	for (size_t i = 0; i < 50; i++)
		event_free(each[i]);
	event_free(pulse);
	event_base_free(base);
}

static int start_small(void **state)
{
	static struct network loopback;

	(void)state;
	network_read("127.0.0.0/8", &loopback, NULL);
	server = (struct http_test){.options = {.header_seconds = 5, .connection_limit = 8, .input_limit = 150000,
		.hsts_seconds = 600, .trusted = {.networks = &loopback, .count = 1}}};
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
	const struct CMUnitTest small[] = {
		cmocka_unit_test(makes_room_by_ending_the_longest_idle),
		cmocka_unit_test(makes_room_by_ending_the_slowest),
		cmocka_unit_test(refuses_when_too_much_is_under_way),
		cmocka_unit_test(reads_no_large_body_of_a_stranger),
		cmocka_unit_test(knows_each_request_by_itself),
		cmocka_unit_test(sends_the_security_headers_with_page_and_refusal),
		cmocka_unit_test(believes_the_address_that_a_proxy_of_ours_names),
	};
	const struct CMUnitTest alone[] = {
		cmocka_unit_test(answers_what_is_under_way_when_it_drains),
		cmocka_unit_test(goes_on_when_descriptors_run_out),
		cmocka_unit_test(what_comes_first_does_not_wait_for_a_whole_turn),
		cmocka_unit_test(spreads_connections_over_two_sockets_of_one_port),
	};
	int failed = cmocka_run_group_tests_name("small limits", small, start_small, stop);

	return failed + cmocka_run_group_tests_name("drain and sockets", alone, NULL, NULL);
}
