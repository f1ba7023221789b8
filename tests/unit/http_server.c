/* SPDX-License-Identifier: GPL-3.0-or-later */
/* See http_server.h. */
#include "tests/unit/unit.h"

#include "tests/unit/http_server.h"

#include "base/log.h"
#include "base/text.h"

#include <errno.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

struct counts {
	unsigned handled, refused, crowded;
};

static struct counts *counts;           /* shared with the children */
static char received[400000];
static char statuses[400];

static void show(struct http_exchange *x, void *context)
{
	struct text t;

	(void)context;
	__atomic_add_fetch(&counts->handled, 1, __ATOMIC_SEQ_CST);
	text_begin(&t, x->arena, 1000);
	text_addf(&t, "method=%d\npath=%s\nrest=%s\nclient=%s\ntype=%s\nbody=%zu\nquery=", (int)x->method, x->path, x->rest,
		x->client,
		x->content_type ? x->content_type : "-", x->body.n);
	text_add(&t, x->query);
	text_addf(&t, "\ncookies=");
	for (size_t i = 0; i < x->cookie_count; i++) {
		text_add(&t, x->cookies[i].name);
		text_add_c(&t, "|");
		text_add(&t, x->cookies[i].value);
		text_add_c(&t, ";");
	}
	text_addf(&t, "\ndest=%s\n", x->fetch_dest ? x->fetch_dest : "-");
	x->status = 200;
	x->reply_type = "text/plain";
	x->reply_body = text_slice(&t);
}

static void page(struct http_exchange *x, void *context)
{
	size_t n = 100000;
	char *p = arena_alloc(x->arena, n);

	show(x, context);
	memset(p, 'a', n);
	x->reply_body = slice_of(p, n);
}

static void two_lines(struct http_exchange *x, void *context)
{
	show(x, context);
	x->status = 303;
	x->location = "https://example.org/\r\nSet-Cookie: planted=1";
}

static void nothing(struct http_exchange *x, void *context)
{
	(void)x;
	(void)context;
	__atomic_add_fetch(&counts->handled, 1, __ATOMIC_SEQ_CST);
}

static bool knows(struct slice authorization, void *context)
{
	(void)context;
	return slice_is(authorization, "Bearer good");
}

static const struct http_route routes[] = {
	{"/ok", HTTP_GET, 0, show},
	{"/go/*", HTTP_GET, 0, show},
	{"/form", HTTP_POST, 1000, show},
	{"/large", HTTP_POST, 300000, show},
	{"/closed", HTTP_POST, 300000, show, .stranger = REASON_SCIM_TOKEN},
	{"/twice", HTTP_POST, 1000, show},
	{"/twice", HTTP_GET, 0, show},
	{"/page", HTTP_GET, 0, page},
	{"/bad", HTTP_GET, 0, two_lines},
	{"/nothing", HTTP_GET, 0, nothing},
	{"/health", HTTP_GET, 0, show, .by_address = true},
	{NULL, 0, 0, NULL},
};

static void refuse(struct http_exchange *x, enum reason why, void *context)
{
	(void)context;
	__atomic_add_fetch(&counts->refused, 1, __ATOMIC_SEQ_CST);
	x->status = reason_status(why);
	x->reply_type = "text/html; charset=utf-8";
	x->reply_body = slice_c(arena_printf(x->arena, "<p>reason=%s</p>", reason_word(why)));
}

static void crowded(const char *peer, void *context)
{
	(void)context;
	(void)peer;
	__atomic_add_fetch(&counts->crowded, 1, __ATOMIC_SEQ_CST);
}

static void on_drained(void *context)
{
	event_base_loopbreak(context);
}

struct running {
	struct event_base *base;
	struct http_server *server;
};

static void on_term(evutil_socket_t fd, short what, void *context)
{
	struct running *r = context;

	(void)fd;
	(void)what;
	http_server_drain(r->server, on_drained, r->base);
}

static int serve(struct http_test *t)
{
	struct running r = {.base = http_event_base()};
	struct event *term = evsignal_new(r.base, SIGTERM, on_term, &r);
	struct error err = {0};

	signal(SIGPIPE, SIG_IGN);
	log_begin("test", LOG_LEVEL_WARNING);
	if (http_server_new(r.base, &t->options, t->certificate, t->key, &r.server, &err) < 0 ||
	    http_server_accept(r.server, t->listener, &err) < 0) {
		print_message("server: %s\n", err.detail);
		return 1;
	}
	if (t->descriptors)
		setrlimit(RLIMIT_NOFILE, &(struct rlimit){t->descriptors, t->descriptors});
	event_add(term, NULL);
	event_base_dispatch(r.base);
	http_server_free(r.server);
	event_free(term);
	event_base_free(r.base);
	libevent_global_shutdown();
	close(t->listener);
	return 0;
}

static void open_unix(struct http_test *t)
{
	struct http_unix_socket u = {.mode = 0600, .group = (gid_t)-1};
	struct error err;

	snprintf(u.path, sizeof(u.path), "%s", t->path);
	assert_done(http_unix_listen(&u, &t->listener, &err), err);
}

void http_test_start(struct http_test *t)
{
	struct error err;

	if (!counts) {
		counts = mmap(NULL, sizeof(*counts), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
		assert_ptr_not_equal(counts, MAP_FAILED);
	}
	if (!t->options.public_host)
		t->options.public_host = HTTP_TEST_HOST;
	t->options.routes = routes;
	t->options.knows = knows;
	t->options.refuse = refuse;
	t->options.crowded = crowded;
	if (t->path && !t->listener)
		open_unix(t);
	if (!t->listener)
		assert_done(http_listen("127.0.0.1:0", &t->listener, &err), err);
	t->port = http_bound_port(t->listener);
	fflush(NULL);
	t->child = fork();
	assert_int_not_equal(t->child, -1);
	if (t->child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);       /* nobody is left behind by a test that failed */
		exit(serve(t));
	}
}

void http_test_drain(struct http_test *t)
{
	assert_int_equal(kill(t->child, SIGTERM), 0);
	t->draining = true;
}

void http_test_stop(struct http_test *t)
{
	int status = -1;

	close(t->listener);
	if (!t->draining)
		http_test_drain(t);
	assert_int_equal(waitpid(t->child, &status, 0), t->child);
	assert_int_equal(status, 0);
}

unsigned http_test_handled(void)
{
	return __atomic_load_n(&counts->handled, __ATOMIC_SEQ_CST);
}

unsigned http_test_refused(void)
{
	return __atomic_load_n(&counts->refused, __ATOMIC_SEQ_CST);
}

unsigned http_test_crowded(void)
{
	return __atomic_load_n(&counts->crowded, __ATOMIC_SEQ_CST);
}

static void connect_to(int fd, int port)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
}

int client_connect(int port)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	connect_to(fd, port);
	return fd;
}

int client_connect_from(int host, int port)
{
	struct sockaddr_in from = {.sin_family = AF_INET};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), least = 1;

	assert_true(fd >= 0);
	from.sin_addr.s_addr = htonl(INADDR_LOOPBACK - 1 + (uint32_t)host);
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &least, sizeof(least));
	assert_int_equal(bind(fd, (struct sockaddr *)&from, sizeof(from)), 0);
	connect_to(fd, port);
	return fd;
}

void client_send(int fd, const char *p, size_t n)
{
	while (n > 0) {
		ssize_t sent = send(fd, p, n, MSG_NOSIGNAL);

		if (sent <= 0)
			return;                 /* the server closed: the caller sees it when it reads */
		p += sent;
		n -= (size_t)sent;
	}
}

/* As the kernel shows the server's end: bytes that it has not read, or -1 where there is no such connection. */
static long unread(const struct sockaddr_in *own, const struct sockaddr_in *servers)
{
	FILE *f = fopen("/proc/net/tcp", "r");
	char ends[40], line[300];
	const char *at;
	long n = -1;

	assert_non_null(f);
	/* then its state, and what waits to be sent and to be read: " 01 00000000:0000EA60" */
	snprintf(ends, sizeof(ends), " %08X:%04X %08X:%04X ", servers->sin_addr.s_addr, ntohs(servers->sin_port), own->sin_addr.s_addr,
		ntohs(own->sin_port));
	while (n < 0 && fgets(line, sizeof(line), f)) {
		at = strstr(line, ends);
		at = at ? strstr(at + strlen(ends), ":") : NULL;
		n = at ? strtol(at + 1, NULL, 16) : -1;
	}
	fclose(f);
	return n;
}

void client_taken(int fd)
{
	struct sockaddr_in own, servers;
	socklen_t n = sizeof(own);
	int under_way = 1;

	assert_int_equal(getsockname(fd, (struct sockaddr *)&own, &n), 0);
	assert_int_equal(getpeername(fd, (struct sockaddr *)&servers, &n), 0);
	for (int tries = 0; tries < 4000; tries++) {
		assert_int_equal(ioctl(fd, TIOCOUTQ, &under_way), 0);
		if (under_way == 0 && unread(&own, &servers) == 0)
			return;
		usleep(5000);
	}
	fail_msg("the server did not read it");
}

/* false: closed or quiet */
static bool receive(int fd, size_t *n, int quiet_ms, int *closed)
{
	struct pollfd wait = {.fd = fd, .events = POLLIN};
	ssize_t got;

	if (*n == sizeof(received) || poll(&wait, 1, quiet_ms) != 1)
		return false;
	got = recv(fd, received + *n, sizeof(received) - *n, 0);
	if (got <= 0) {
		*closed = got == 0 ? 1 : -errno;
		return false;
	}
	*n += (size_t)got;
	return true;
}

struct slice client_read(int fd, int quiet_ms, int *closed)
{
	size_t n = 0;

	*closed = 0;
	while (receive(fd, &n, quiet_ms, closed))
		continue;
	return slice_of(received, n);
}

struct slice client_wait(int fd, const char *statuses_wanted, int quiet_ms, int *closed)
{
	size_t n = 0;

	*closed = 0;
	while (strcmp(client_statuses(slice_of(received, n)), statuses_wanted) != 0 && receive(fd, &n, 20000, closed))
		continue;
	while (!*closed && receive(fd, &n, quiet_ms, closed))
		continue;
	return slice_of(received, n);
}

const char *client_statuses(struct slice bytes)
{
	size_t n = 0;

	statuses[0] = '\0';
	for (size_t i = 0; i + 13 <= bytes.n; i++) {
		if (memcmp(bytes.p + i, "HTTP/1.", 7) != 0 || (i && bytes.p[i - 1] != '\n' && bytes.p[i - 1] != '>'))
			continue;
		n += (size_t)snprintf(statuses + n, sizeof(statuses) - n, "%s%.3s", n ? " " : "", bytes.p + i + 9);
	}
	return statuses;
}
