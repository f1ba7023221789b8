/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/fetch.c against a server of its own that answers each path in one way. */
#include "tests/unit/unit.h"

#include "gateway/fetch.h"
#include "http/http.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define LARGE (FETCH_LIMIT + 1)

static struct arena *a;
static struct error err;
static int port;
static pid_t server;

/* ---- the server ---- */

static const struct {
	const char *path, *answer;
} answers[] = {
	{"/good ", "HTTP/1.1 200 OK\r\nETag: \"v1\" \r\nContent-Length: 8\r\n\r\n<a>b</a>"},
	{"/without-etag ", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"},
	{"/unchanged ", "HTTP/1.1 304 Not Modified\r\n\r\n"},
	{"/kept ", "HTTP/1.1 200 OK\r\nCache-Control: private, max-age=3600\r\nLast-Modified: Tue, 24 Nov 2026 13:19:16 GMT\r\nContent-Length: 0\r\n\r\n"},
	{"/not-kept ", "HTTP/1.1 200 OK\r\nCache-Control: max-age=3600, no-cache\r\nContent-Length: 0\r\n\r\n"},
	{"/odd-age ", "HTTP/1.1 200 OK\r\nCache-Control: max-age=-1\r\nContent-Length: 0\r\n\r\n"},
	{"/moved-to-file ", "HTTP/1.1 302 Found\r\nLocation: file:///etc/hostname\r\nContent-Length: 0\r\n\r\n"},
	{"/moved ", "HTTP/1.1 302 Found\r\nLocation: /good\r\nContent-Length: 0\r\n\r\n"},
	{"/missing ", "HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno"},
	{"/broken ", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n<a>"},
	{"/announced ", "HTTP/1.1 200 OK\r\nContent-Length: 4194305\r\n\r\n"},
	{"/endless ", "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"},
	{"/silent ", ""},
};

static void send_all(int fd, const char *p, size_t n)
{
	while (n) {
		ssize_t sent = send(fd, p, n, MSG_NOSIGNAL);

		if (sent <= 0)
			return;
		p += sent;
		n -= (size_t)sent;
	}
}

static void serve_one(int fd)
{
	char request[4096] = "", *large;
	size_t i;

	if (read(fd, request, sizeof(request) - 1) <= 0)
		return;
	for (i = 0; i < sizeof(answers) / sizeof(*answers); i++) {
		if (strncmp(request + 4, answers[i].path, strlen(answers[i].path)) != 0)
			continue;
		send_all(fd, answers[i].answer, strlen(answers[i].answer));
		if (strcmp(answers[i].path, "/endless ") == 0) {
			large = calloc(1, LARGE);
			send_all(fd, large, LARGE);
			free(large);
		}
		if (strcmp(answers[i].path, "/silent ") == 0)
			(void)!read(fd, request, 1);    /* until the other side gives up */
	}
}

static _Noreturn void serve(int listener)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;) {
		int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

		if (fd < 0)
			continue;
		serve_one(fd);
		close(fd);
	}
}

static int begin(void **state)
{
	int listener;

	(void)state;
	a = arena_new();
	assert_done(http_listen("127.0.0.1:0", &listener, &err), err);
	port = http_bound_port(listener);
	/* blocking, for a server this simple */
	assert_int_equal(fcntl(listener, F_SETFL, fcntl(listener, F_GETFL) & ~O_NONBLOCK), 0);
	server = fork();
	if (server == 0)
		serve(listener);
	close(listener);
	return server < 0 ? -1 : 0;
}

static int end(void **state)
{
	(void)state;
	kill(server, SIGKILL);
	waitpid(server, NULL, 0);
	arena_free(a);
	return 0;
}

static const char *url(const char *path)
{
	return arena_printf(a, "http://127.0.0.1:%d%s", port, path);
}

/* ---- tests ---- */

static void brings_the_document_and_its_etag(void **state)
{
	struct fetch what = {.url = url("/good")};
	struct fetched got;

	(void)state;
	assert_done(fetch(a, &what, &got, &err), err);
	assert_slice_is(got.body, "<a>b</a>");
	assert_string_equal(got.etag, "\"v1\"");
	assert_false(got.unchanged);
	what.url = url("/without-etag");
	assert_done(fetch(a, &what, &got, &err), err);
	assert_int_equal(got.body.n, 0);
	assert_null(got.etag);
}

static void is_told_that_nothing_changed(void **state)
{
	struct fetch what = {.url = url("/unchanged"), .etag = "\"v1\""};
	struct fetched got;

	(void)state;
	assert_done(fetch(a, &what, &got, &err), err);
	assert_true(got.unchanged);
	what.etag = NULL;       /* nothing was asked that 304 could answer */
	assert_refused(fetch(a, &what, &got, &err), err, REASON_FETCH);
}

static void refuses_everything_else_and_says_why(void **state)
{
	static const struct {
		const char *path, *says;
	} rows[] = {
		{"/moved", "rotocol"}, {"/moved-to-file", "rotocol"}, {"/missing", "status 404"}, {"/broken", ""}, {"/announced", "larger than"}, {"/endless", "larger than"},
	};
	struct fetched got = {.etag = "untouched"};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct fetch what = {.url = url(rows[i].path)};

		assert_refused(fetch(a, &what, &got, &err), err, REASON_FETCH);
		assert_non_null(strstr(err.detail, what.url));
		assert_non_null(strstr(err.detail, rows[i].says));
		assert_string_equal(got.etag, "untouched");
	}
}

static void refuses_what_does_not_answer(void **state)
{
	struct fetch what = {.url = arena_printf(a, "https://127.0.0.1:%d/good", port)};
	struct fetched got;
	int listener;

	(void)state;
	assert_refused(fetch(a, &what, &got, &err), err, REASON_FETCH);        /* plain HTTP there */
	assert_done(http_listen("127.0.0.1:0", &listener, &err), err);
	what.url = arena_printf(a, "http://127.0.0.1:%d/good", http_bound_port(listener));
	close(listener);
	assert_refused(fetch(a, &what, &got, &err), err, REASON_FETCH);
	what.url = "file:///etc/hostname";
	assert_refused(fetch(a, &what, &got, &err), err, REASON_FETCH);
}

static void says_how_long_the_answer_may_be_kept(void **state)
{
	struct fetch what = {.url = url("/kept")};
	struct fetched got;

	(void)state;
	assert_done(fetch(a, &what, &got, &err), err);
	assert_int_equal(got.max_age, 3600);
	assert_string_equal(got.modified, "Tue, 24 Nov 2026 13:19:16 GMT");
	what.url = url("/not-kept");
	assert_done(fetch(a, &what, &got, &err), err);
	assert_int_equal(got.max_age, 0);
	assert_null(got.modified);
	what.url = url("/odd-age");
	assert_done(fetch(a, &what, &got, &err), err);
	assert_int_equal(got.max_age, 0);
	what.url = url("/unchanged");
	what.modified = "Tue, 24 Nov 2026 13:19:16 GMT";
	assert_done(fetch(a, &what, &got, &err), err);
	assert_true(got.unchanged);
}

static void sends_no_name_and_password(void **state)
{
	struct fetch what = {.url = arena_printf(a, "http://somebody:secret@127.0.0.1:%d/good", port)};
	struct fetched got;

	(void)state;
	assert_refused(fetch(a, &what, &got, &err), err, REASON_FETCH);
}

static void waits_only_as_long_as_it_is_told_to(void **state)
{
	struct fetch what = {.url = url("/silent"), .seconds = 1};
	struct fetched got;

	(void)state;
	assert_refused(fetch(a, &what, &got, &err), err, REASON_FETCH);
	assert_non_null(strstr(err.detail, "timed out"));
}

static bool never(void *context)
{
	++*(int *)context;
	return false;
}

static void ends_when_it_is_told_to(void **state)
{
	int asked = 0;
	struct fetch what = {.url = url("/silent"), .go_on = never, .context = &asked};
	struct fetched got;

	(void)state;
	assert_refused(fetch(a, &what, &got, &err), err, REASON_FETCH);
	assert_int_not_equal(asked, 0);
}

static void takes_no_proxy_but_the_one_that_is_set(void **state)
{
	struct fetch what = {.url = url("/good")};
	struct fetched got;

	(void)state;
	setenv("http_proxy", "http://127.0.0.1:1", 1);
	assert_done(fetch(a, &what, &got, &err), err);
	unsetenv("http_proxy");
	what.proxy = "http://127.0.0.1:1";
	assert_refused(fetch(a, &what, &got, &err), err, REASON_FETCH);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(brings_the_document_and_its_etag),
		cmocka_unit_test(is_told_that_nothing_changed),
		cmocka_unit_test(refuses_everything_else_and_says_why),
		cmocka_unit_test(refuses_what_does_not_answer),
		cmocka_unit_test(says_how_long_the_answer_may_be_kept),
		cmocka_unit_test(sends_no_name_and_password),
		cmocka_unit_test(waits_only_as_long_as_it_is_told_to),
		cmocka_unit_test(ends_when_it_is_told_to),
		cmocka_unit_test(takes_no_proxy_but_the_one_that_is_set),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
