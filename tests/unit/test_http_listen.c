/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/unit.h"

#include "http/http.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

static void says_what_is_loopback(void **state)
{
	static const struct {
		const char *address;
		bool loopback;
	} rows[] = {
		{"127.0.0.1:8080", true}, {"127.9.9.9:1", true}, {"127.0.0.1", true}, {"[::1]:8080", true}, {"[::1]", true},
		{"0.0.0.0:80", false}, {"[::]:80", false}, {"192.0.2.1:80", false}, {"[2001:db8::1]:80", false},
		{"128.0.0.1:80", false},
		{"localhost:80", false}, {"", false}, {"127.0.0.1:99999", false}, {"127.0.0.1:x", false},
		{"[127.0.0.1]:80", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (http_is_loopback(rows[i].address) != rows[i].loopback)
			fail_msg("%s", rows[i].address);
}

static void refuses_what_is_no_address(void **state)
{
	static const char *const rows[] = {"", ":80", "8080", "localhost:8080", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536",
		"::1:8080",
		"[::1]", "[::1]8080", "[::1:8080", "[127.0.0.1]:80", "127.0.0.1:80 ", "127.0.0.1:-1"};
	struct error err;
	int fd = -7;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_refused(http_listen(rows[i], &fd, &err), err, REASON_SETTINGS);
		assert_int_equal(fd, -7);
	}
}

static void refuses_an_address_that_is_not_ours(void **state)
{
	struct error err;
	int fd = -7;

	(void)state;
	assert_refused(http_listen("192.0.2.1:0", &fd, &err), err, REASON_SETTINGS);
	assert_non_null(strstr(err.detail, "192.0.2.1:0"));
}

static void says_where_serve_could_not_listen_or_would_share(void **state)
{
	struct error err;
	char address[32];
	int fd, number = -7;

	(void)state;
	assert_done(http_listen("127.0.0.1:0", &fd, &err), err);
	snprintf(address, sizeof(address), "127.0.0.1:%d", http_bound_port(fd));
	assert_int_equal(http_may_listen(address, &number), -1);        /* though http_listen would share it */
	assert_int_equal(number, EADDRINUSE);
	close(fd);
	assert_int_equal(http_may_listen("127.0.0.1:0", &number), 0);
	assert_int_equal(number, 0);
	assert_int_equal(http_may_listen("192.0.2.1:0", &number), -1);
	assert_int_equal(number, EADDRNOTAVAIL);
	assert_int_equal(http_may_listen("localhost:80", &number), -1);
	assert_int_equal(number, EINVAL);
}

/* As before the network of a host is up; 192.0.2.0/24 is nobody's. */
static void may_listen_before_the_address_is_there(void **state)
{
	struct error err;
	int fd;

	(void)state;
	assert_done(http_listen_early("192.0.2.1:0", &fd, &err), err);
	assert_true(http_bound_port(fd) > 0);
	close(fd);
}

static void opens_a_socket_for_workers_to_share(void **state)
{
	struct error err;
	int fd, on = 0;
	socklen_t size = sizeof(on);

	(void)state;
	assert_done(http_listen("127.0.0.1:0", &fd, &err), err);
	assert_true(http_bound_port(fd) > 0);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
	assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, &size), 0);
	assert_int_equal(on, 1);
	assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &on, &size), 0);
	assert_int_equal(on, 1);
	close(fd);
	assert_int_equal(http_bound_port(fd), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(says_what_is_loopback),
		cmocka_unit_test(refuses_what_is_no_address),
		cmocka_unit_test(refuses_an_address_that_is_not_ours),
		cmocka_unit_test(may_listen_before_the_address_is_there),
		cmocka_unit_test(says_where_serve_could_not_listen_or_would_share),
		cmocka_unit_test(opens_a_socket_for_workers_to_share),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
