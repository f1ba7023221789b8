/* SPDX-License-Identifier: GPL-3.0-or-later */
/* See scripted_server.h. */
#include "tests/unit/unit.h"

#include "tests/unit/scripted_server.h"

#include "base/text.h"

#include <netinet/in.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define KEPT 64
#define REQUEST_MOST 32768

/* Shared with the child. */
static struct record {
	unsigned requests, connections;
	char text[KEPT][REQUEST_MOST];
} *record;
static pid_t child;
static const char *base;                /* the arena's that it was begun with */

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

/* One request into `out`; false: the other side has gone. */
static bool receive(int fd, char *out)
{
	size_t n = 0, length = 0;
	char *end = NULL, *field;

	while (!end || n < (size_t)(end + 4 - out) + length) {
		ssize_t got = recv(fd, out + n, REQUEST_MOST - 1 - n, 0);

		if (got <= 0)
			return false;
		n += (size_t)got;
		out[n] = '\0';
		end = strstr(out, "\r\n\r\n");
		field = strcasestr(out, "content-length: ");
		length = end && field && field < end ? strtoul(field + 16, NULL, 10) : 0;
	}
	return true;
}

static const char *with_base(struct arena *a, const char *body)
{
	const char *at = strstr(body, "{base}");

	return at ? arena_printf(a, "%.*s%s%s", (int)(at - body), body, base, with_base(a, at + 6)) : body;
}

static void answer(int fd, const struct scripted *s)
{
	struct arena *a = arena_new();
	const char *text = with_base(a, s->body ? s->body : "");
	size_t body = strlen(text), more = s->end == CUT ? 100 : 0;
	char *blanks = arena_alloc(a, s->large + 1);
	const char *head = arena_printf(a, "HTTP/1.1 %s\r\nContent-Type: application/json\r\n%sContent-Length: %zu\r\n\r\n", s->status,
		s->fields ? s->fields : "", body + s->large + more);

	memset(blanks, ' ', s->large);
	send_all(fd, head, strlen(head));
	send_all(fd, blanks, s->large);
	send_all(fd, text, body);
	arena_free(a);
}

/* false: the connection is over. */
static bool play(int fd, const struct scripted *s)
{
	static const struct scripted teapot = {.status = "418 I'm a teapot"};
	const struct linger at_once = {.l_onoff = 1};
	char c;

	if (s->end == RESET)
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	else if (s->end == SILENT)
		(void)!recv(fd, &c, 1, 0);
	else
		answer(fd, s->status ? s : &teapot);
	return s->end == KEEP;
}

static void serve(int listener, const struct scripted *script)
{
	size_t at = 0;

	for (;;) {
		int fd = accept(listener, NULL, NULL);
		bool open = fd >= 0;

		if (open)
			record->connections++;
		while (open && receive(fd, record->text[record->requests % KEPT])) {
			__atomic_add_fetch(&record->requests, 1, __ATOMIC_SEQ_CST);
			open = play(fd, &script[at]);
			at += script[at].status != NULL || script[at].end != KEEP;
		}
		close(fd);
	}
}

const char *scripted_begin(struct arena *a, const struct scripted *script)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t n = sizeof(at);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (!record)
		record = mmap(NULL, sizeof(*record), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(record, MAP_FAILED);
	memset(record, 0, sizeof(*record));
	assert_int_equal(bind(listener, (struct sockaddr *)&at, n), 0);
	assert_int_equal(listen(listener, 16), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&at, &n), 0);
	base = arena_printf(a, "http://127.0.0.1:%d", ntohs(at.sin_port));
	fflush(NULL);
	child = fork();
	assert_int_not_equal(child, -1);
	if (child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);       /* nobody is left behind by a test that failed */
		serve(listener, script);
	}
	close(listener);
	return base;
}

void scripted_end(void)
{
	if (child > 0) {
		kill(child, SIGKILL);
		waitpid(child, NULL, 0);
	}
	child = 0;
}

const char *scripted_request(unsigned n)
{
	return record && n < scripted_requests() && n < KEPT ? record->text[n] : "";
}

unsigned scripted_requests(void)
{
	return record ? __atomic_load_n(&record->requests, __ATOMIC_SEQ_CST) : 0;
}

unsigned scripted_connections(void)
{
	return record ? record->connections : 0;
}
