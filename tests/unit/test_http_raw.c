/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The whole front by raw bytes: what is answered, whether the connection ends,
 * and how often a handler ran, which is what request smuggling would change.
 * The table is tests/raw_requests.txt, which a running gateway is asked by too;
 * below are those that only this server's own routes can answer.
 */
#include "tests/unit/unit.h"

#include "tests/unit/http_server.h"

#include "base/encode.h"
#include "base/file.h"
#include "base/text.h"

#include <sys/socket.h>
#include <unistd.h>

#define H "Host: " HTTP_TEST_HOST "\r\n"
#define OK "GET /ok HTTP/1.1\r\n" H "\r\n"
#define LAST "GET /ok HTTP/1.1\r\n" H "Connection: close\r\n\r\n"
#define OVER "1001"
#define OVER_HEX "3e9"
#define QUIET_MS 60

enum { OPEN, CLOSED };

struct raw {
	const char *name;
	const char *bytes;
	size_t n;                       /* 0: strlen(bytes) */
	const char *statuses;
	int closed;
	unsigned handled;
	const char *holds;              /* the reply holds this; NULL: not looked at */
	bool half, slow;
};

#define BYTES(s) s, sizeof(s) - 1

static const struct raw own[] = {
	{"query_byte_for_byte", BYTES("GET /ok?a=%41&b=+%2b%00&&=|{}\"<>^`\\ HTTP/1.1\r\n" H "\r\n"), "200", OPEN, 1,
		"query=a=%41&b=+%2b%00&&=|{}\"<>^`\\\n", false, false},
	{"prefix_route", BYTES("GET /go/help%2Fdesk HTTP/1.1\r\n" H "\r\n"), "200", OPEN, 1, "rest=help%2Fdesk\n", false, false},
	{"two_rows_of_one_path", BYTES("GET /twice HTTP/1.1\r\n" H "\r\n"), "200", OPEN, 1, NULL, false, false},
	{"header_injection_by_a_handler", BYTES("GET /bad HTTP/1.1\r\n" H "Connection: close\r\n\r\n"), "500", CLOSED, 1, NULL, false, false},
	{"health_by_address", BYTES("GET /health HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n\r\n"), "200", OPEN, 1, NULL, false, false},
	{"health_by_address_of_ipv6", BYTES("HEAD /health HTTP/1.1\r\nHost: [2001:db8::1]:8080\r\n\r\n"), "200", OPEN, 1, NULL, false, false},
	{"health_by_localhost", BYTES("GET /health HTTP/1.1\r\nHost: LocalHost\r\n\r\n"), "200", OPEN, 1, NULL, false, false},
	{"health_by_an_empty_host", BYTES("GET /health HTTP/1.1\r\nHost: \r\n\r\n"), "200", OPEN, 1, NULL, false, false},
	{"health_without_host", BYTES("GET /health HTTP/1.1\r\n\r\n"), "200", OPEN, 1, NULL, false, false},
	{"health_without_host_http_1_0", BYTES("GET /health HTTP/1.0\r\n\r\n"), "200", CLOSED, 1, NULL, false, false},
	{"health_by_our_name", BYTES("GET /health HTTP/1.1\r\n" H "\r\n"), "200", OPEN, 1, NULL, false, false},
	{"health_by_another_name", BYTES("GET /health HTTP/1.1\r\nHost: evil.example\r\n\r\n"), "400", CLOSED, 0, "reason=wrong-host", false, false},
	{"health_by_a_name_that_begins_as_an_address", BYTES("GET /health HTTP/1.1\r\nHost: 127.0.0.1.evil.example\r\n\r\n"), "400", CLOSED,
		0, "reason=wrong-host", false, false},
	{"health_by_two_hosts", BYTES("GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: 127.0.0.1\r\n\r\n"), "400", CLOSED, 0, NULL, false, false},
	{"health_by_the_wrong_method", BYTES("POST /health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"), "400", CLOSED, 0, "reason=wrong-host", false,
		false},
	{"another_page_by_address", BYTES("GET /ok HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n\r\n"), "400", CLOSED, 0, "reason=wrong-host", false, false},
	{"no_page_by_address", BYTES("GET /healthy HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"), "400", CLOSED, 0, "reason=wrong-host", false, false},
	{"another_page_behind_health_by_address", BYTES("GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\nGET /ok HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"),
		"200 400", CLOSED, 1, "reason=wrong-host", false, false},
	{"handler_without_reply", BYTES("GET /nothing HTTP/1.1\r\n" H "\r\n"), "500", OPEN, 1, "reason=internal", false, false},
};

static struct http_test server;
static struct arena *arena;
static struct raw *table;
static size_t row_count;

/* ---- the table ---- */

static struct slice expand(struct slice in);

static const char *word_for(struct slice name)
{
	static const struct {
		const char *name, *text;
	} words[] = {
		{"host", HTTP_TEST_HOST}, {"HOST", "SSO.EXAMPLE.ORG"}, {"H", H}, {"GET", OK}, {"get", "/ok"}, {"form", "/form"}, {"over", OVER},
		{"overhex", OVER_HEX},
	};

	if (slice_is(name, "getlen"))
		return arena_printf(arena, "%zu", sizeof(OK) - 1);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (slice_is(name, words[i].name))
			return words[i].text;
	fail_msg("{%.*s}", (int)name.n, name.p);
	return NULL;
}

/* Where the brace at in.p[0] is closed; one may stand inside. */
static size_t brace_end(struct slice in)
{
	int depth = 0;

	for (size_t i = 0; i < in.n; i++) {
		depth += in.p[i] == '{' ? 1 : in.p[i] == '}' ? -1 : 0;
		if (depth == 0)
			return i;
	}
	fail_msg("not closed: %.*s", (int)in.n, in.p);
	return 0;
}

static void add_brace(struct text *t, struct slice inside)
{
	const char *blank = memchr(inside.p, ' ', inside.n);
	uint64_t times;
	struct slice text;

	if (inside.p[0] != '*') {
		text_add_c(t, word_for(inside));
		return;
	}
	assert_non_null(blank);
	assert_int_equal(number_read(slice_of(inside.p + 1, (size_t)(blank - inside.p) - 1), 1, 100000, &times), 0);
	text = expand(slice_of(blank + 1, inside.n - (size_t)(blank - inside.p) - 1));
	while (times-- > 0)
		text_add(t, text);
}

/* What stands behind a backslash, and how many characters that were. */
static size_t add_escape(struct text *t, struct slice in)
{
	static const char letters[] = "rnt\\", bytes[] = "\r\n\t\\";
	const char *letter = memchr(letters, in.p[1], sizeof(letters) - 1);
	char byte;

	if (letter) {
		text_add(t, slice_of(&bytes[letter - letters], 1));
		return 2;
	}
	assert_int_equal(in.p[1], 'x');
	byte = (char)(hex_value(in.p[2]) << 4 | hex_value(in.p[3]));
	text_add(t, slice_of(&byte, 1));
	return 4;
}

static struct slice expand(struct slice in)
{
	struct text t;

	text_begin(&t, arena, in.n + 200);
	for (size_t i = 0; i < in.n;) {
		struct slice rest = slice_of(in.p + i, in.n - i);

		if (rest.p[0] == '{') {
			size_t end = brace_end(rest);

			add_brace(&t, slice_of(rest.p + 1, end ? end - 1 : 0));
			i += end + 1;
		} else if (rest.p[0] == '\\') {
			i += add_escape(&t, rest);
		} else {
			text_add(&t, slice_of(rest.p, 1));
			i++;
		}
	}
	return text_slice(&t);
}

/* "get,form,404" -> "200 200 404", 2 */
static const char *statuses_of(struct slice answers, unsigned *handled)
{
	struct text t;

	text_begin(&t, arena, 100);
	*handled = 0;
	while (answers.n && !slice_is(answers, "-")) {
		const char *comma = memchr(answers.p, ',', answers.n);
		size_t n = comma ? (size_t)(comma - answers.p) : answers.n;
		bool page = answers.p[0] >= 'a';

		*handled += page;
		text_add_c(&t, t.n ? " " : "");
		text_add(&t, page ? slice_c("200") : slice_of(answers.p, n));
		n += comma != NULL;
		answers = slice_of(answers.p + n, answers.n - n);
	}
	return arena_copy(arena, text_slice(&t));
}

static struct slice take_until(struct slice *in, char end)
{
	const char *p = in->n ? memchr(in->p, end, in->n) : NULL;
	size_t n = p ? (size_t)(p - in->p) : in->n;
	struct slice taken = slice_of(in->p, n);

	n += p != NULL;
	*in = slice_of(in->p + n, in->n - n);
	return taken;
}

static void read_row(struct slice line, struct slice bytes)
{
	struct raw *row = &table[row_count++];
	struct slice words = take_until(&line, '|'), word;

	row->name = arena_copy(arena, take_until(&words, ' '));
	row->statuses = statuses_of(take_until(&words, ' '), &row->handled);
	row->closed = slice_is(take_until(&words, ' '), "closed") ? CLOSED : OPEN;
	word = take_until(&words, ' ');
	row->half = slice_is(word, "half");
	row->slow = slice_is(word, "slow");
	if (line.n)
		row->holds = arena_copy(arena, slice_begins(line, " sees ") ? slice_of(line.p + 6, line.n - 6) : slice_of(line.p + 1, line.n - 1));
	bytes = expand(bytes);
	row->bytes = arena_copy(arena, bytes);
	row->n = bytes.n;
}

static void read_table(void)
{
	const char *top = getenv("TOP_SRCDIR");
	struct slice text, line;
	struct error err;

	arena = arena_new();
	assert_done(file_read(arena, arena_printf(arena, "%s/tests/raw_requests.txt", top ? top : "."), FILE_PUBLIC, 1 << 20, &text, &err), err);
	table = arena_alloc(arena, 1000 * sizeof(*table));
	while (text.n) {
		line = take_until(&text, '\n');
		if (line.n && line.p[0] >= 'a' && line.p[0] <= 'z') {
			struct slice bytes = take_until(&text, '\n');

			assert_true(bytes.n && bytes.p[0] == '\t');
			read_row(line, slice_of(bytes.p + 1, bytes.n - 1));
		}
	}
}

/* ---- one row ---- */

static void check_reply(const struct raw *row, struct slice reply, const char *wanted)
{
	const char *got = client_statuses(reply);

	/* no answer yet, to who waits with his body; whether ours is at hand when the head ends depends on who is quicker */
	if (memmem(row->bytes, row->n, "Expect: 100-", 12) && strncmp(got, "100 ", 4) == 0)
		got += 4;
	if (strcmp(got, wanted) != 0)
		fail_msg("%s: wanted \"%s\", got \"%s\": %.*s", row->name, wanted, got, (int)reply.n, reply.p);
	if (row->holds && !memmem(reply.p, reply.n, row->holds, strlen(row->holds)))
		fail_msg("%s: \"%s\" is not in: %.*s", row->name, row->holds, (int)reply.n, reply.p);
	if (memmem(reply.p, reply.n, "\nSet-Cookie", 11))
		fail_msg("%s: planted", row->name);
}

static int send_row(const struct raw *row, int port, size_t piece)
{
	int fd = client_connect(port);

	for (size_t at = 0; at < row->n; at += piece)
		client_send(fd, row->bytes + at, row->n - at < piece ? row->n - at : piece);
	if (row->half)
		shutdown(fd, SHUT_WR);
	return fd;
}

/*
 * Where the connection stays open, one more request ends it: its answer is the
 * next one and the last, so that nothing was left over of what came before.
 */
static void check_row(const struct raw *row, size_t piece)
{
	unsigned before = http_test_handled(), wanted = row->handled;
	const char *statuses = row->statuses;
	int fd = send_row(row, server.port, piece), closed;
	struct slice reply;

	if (!row->closed) {
		client_send(fd, LAST, sizeof(LAST) - 1);
		statuses = arena_printf(arena, "%s%s200", statuses, *statuses ? " " : "");
		wanted++;
	}
	reply = client_wait(fd, statuses, 20000, &closed);
	close(fd);
	check_reply(row, reply, statuses);
	if (closed != 1)
		fail_msg("%s: wanted an end, got %d", row->name, closed);
	if (http_test_handled() - before != wanted)
		fail_msg("%s: wanted %u handlers, got %u", row->name, wanted, http_test_handled() - before);
}

static void answers_each_raw_request_as_the_table_says(void **state)
{
	(void)state;
	for (size_t i = 0; i < row_count; i++)
		if (!table[i].slow)
			check_row(&table[i], 100000);
	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		check_row(&own[i], 100000);
	print_message("%zu raw requests\n", row_count);
	assert_true(row_count >= 250);
}

static void answers_the_same_when_bytes_come_one_by_one(void **state)
{
	(void)state;
	for (size_t i = 0; i < row_count; i++)
		if (!table[i].slow)
			check_row(&table[i], table[i].n < 2000 ? 1 : 5);
}

/* All at once, since each waits for its time to be over. */
static void a_request_that_never_ends_is_cut(void **state)
{
	struct http_test slow = {.options = {.header_seconds = 1, .idle_seconds = 1}};
	unsigned before = http_test_handled(), wanted = 0;
	int fds[100], closed;
	size_t n = 0;

	(void)state;
	http_test_start(&slow);
	for (size_t i = 0; i < row_count; i++)
		if (table[i].slow) {
			assert_true(n < 100);
			fds[n++] = send_row(&table[i], slow.port, 100000);
			wanted += table[i].handled;
		}
	assert_true(n >= 8);
	for (size_t i = 0, k = 0; i < row_count; i++) {
		if (!table[i].slow)
			continue;
		check_reply(&table[i], client_wait(fds[k], table[i].statuses, 20000, &closed), table[i].statuses);
		if (closed != 1)
			fail_msg("%s: wanted an end, got %d", table[i].name, closed);
		close(fds[k++]);
	}
	assert_int_equal(http_test_handled() - before, wanted);
	http_test_stop(&slow);
}

/* Rows of the table whose answer is that one. */
static void check_rows_of(const char *statuses, const char *holds, size_t least)
{
	size_t n = 0;

	for (size_t i = 0; i < row_count; i++) {
		if (strcmp(table[i].statuses, statuses) != 0 || (holds && (!table[i].holds || strcmp(table[i].holds, holds) != 0)))
			continue;
		check_row(&table[i], 100000);
		n++;
	}
	assert_true(n >= least);
}

static void host_header_pinned(void **state)
{
	(void)state;
	check_rows_of("400", "reason=wrong-host", 5);
}

static void refuses_large_post_413(void **state)
{
	(void)state;
	check_rows_of("413", NULL, 4);
}

/* mod_auth_mellon changed to a profile with fewer checks for whoever sent these. */
static void ignores_ecp_header(void **state)
{
	static const struct raw rows[] = {
		{"plain", BYTES("GET /ok HTTP/1.1\r\n" H "\r\n"), "200", OPEN, 1, NULL, false, false},
		{"ecp", BYTES("GET /ok HTTP/1.1\r\n" H "Accept: text/html; application/vnd.paos+xml\r\n"
			"PAOS: ver=\"urn:liberty:paos:2003-08\";\"urn:oasis:names:tc:SAML:2.0:profiles:SSO:ecp\"\r\n\r\n"), "200", OPEN, 1, NULL, false, false},
	};
	struct slice body[2];

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		int fd = client_connect(server.port), closed;

		client_send(fd, rows[i].bytes, rows[i].n);
		body[i] = client_wait(fd, "200", QUIET_MS, &closed);
		close(fd);
		body[i].p = memmem(body[i].p, body[i].n, "method=", 7);
		assert_non_null(body[i].p);
		body[i].p = strdup(body[i].p);
	}
	assert_string_equal(body[0].p, body[1].p);
	free((char *)(uintptr_t)body[0].p);
	free((char *)(uintptr_t)body[1].p);
}

static int start(void **state)
{
	(void)state;
	read_table();
	http_test_start(&server);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	http_test_stop(&server);
	arena_free(arena);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_each_raw_request_as_the_table_says),
		cmocka_unit_test(answers_the_same_when_bytes_come_one_by_one),
		cmocka_unit_test(a_request_that_never_ends_is_cut),
		cmocka_unit_test(host_header_pinned),
		cmocka_unit_test(refuses_large_post_413),
		cmocka_unit_test(ignores_ecp_header),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
