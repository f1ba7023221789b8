/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The strict reading by itself: what ends where, and what it asks when.  The many odd requests are in test_http_raw.c. */
#include "tests/unit/unit.h"

#include "http/internal.h"

static unsigned lines, heads;
static char seen[600];

static enum reason line(const struct reader *r, const void *context)
{
	(void)context;
	lines++;
	assert_true(r->target_size > 0);
	return r->method ? REASON_NONE : REASON_UNKNOWN_METHOD;
}

static enum reason head(struct reader *r, const void *context)
{
	size_t kept = r->target_size < READER_TARGET ? r->target_size : READER_TARGET;

	(void)context;
	heads++;
	snprintf(seen, sizeof(seen), "%d %.*s %.*s %llu %u", (int)r->method, (int)kept, r->target, (int)r->host_size, r->host,
		(unsigned long long)r->length, r->encodings);
	r->body_limit = 100;
	return slice_is(slice_of(r->target, kept), "/refused") ? REASON_WRONG_HOST : REASON_NONE;
}

static bool knows(struct slice authorization, const void *context)
{
	(void)context;
	return slice_is(authorization, "Bearer good");
}

static const struct judge judge = {line, head, knows, NULL};

/* Feeds in pieces of `piece` bytes. */
static void feed(struct reader *r, const char *p, size_t n, size_t piece)
{
	reader_begin(r, 300, judge);
	for (size_t at = 0; at < n; at += piece)
		reader_feed(r, p + at, n - at < piece ? n - at : piece);
}

static const struct row {
	const char *bytes;
	unsigned long complete;
	enum reason bad;
	bool idle;
} rows[] = {
	{"", 0, REASON_NONE, true},
	{"G", 0, REASON_NONE, false},
	{"GET / HTTP/1.1\r\n\r", 0, REASON_NONE, false},
	{"GET / HTTP/1.1\r\n\r\n", 1, REASON_NONE, true},
	{"GET / HTTP/1.1\r\n\r\nHEAD /x HTTP/1.0\r\nA: b\r\n\r\n", 2, REASON_NONE, true},
	{"GET / HTTP/1.1\r\n\r\nGET", 1, REASON_NONE, false},
	{"POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nab", 0, REASON_NONE, false},
	{"POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc", 1, REASON_NONE, true},
	{"POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabcGET / HTTP/1.1\r\n\r\n", 2, REASON_NONE, true},
	{"POST / HTTP/1.1\r\nContent-Length: 100\r\n\r\n", 0, REASON_NONE, false},
	{"POST / HTTP/1.1\r\nContent-Length: 101\r\n\r\n", 0, REASON_TOO_LARGE, false},
	{"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", 1, REASON_NONE, true},
	{"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\nG", 1, REASON_NONE, false},
	{"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n64\r\n", 0, REASON_NONE, false},
	{"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n65\r\n", 0, REASON_TOO_LARGE, false},
	{"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n64\r\n", 0, REASON_TOO_LARGE, false},
	{"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nA: b\r\n\r\n", 0, REASON_BAD_REQUEST, false},
	{"GET / HTTP/1.1\r\n\r\nGET / HTTP/1.1\n", 1, REASON_BAD_REQUEST, false},
	{"GET /refused HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\n\r\n", 0, REASON_WRONG_HOST, false},
	{"BREW / HTTP/1.1\r", 0, REASON_UNKNOWN_METHOD, false},
	{"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n", 0, REASON_BAD_REQUEST, false},
	{"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 1, REASON_NONE, true},
};

static void ends_requests_where_they_end(void **state)
{
	struct reader r;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		for (size_t piece = 1; piece < 60; piece++) {
			feed(&r, rows[i].bytes, strlen(rows[i].bytes), piece);
			if (r.complete != rows[i].complete || r.bad != rows[i].bad || reader_is_idle(&r) != rows[i].idle)
				fail_msg("row %zu in pieces of %zu: %lu complete, %s", i, piece, r.complete,
					reason_word(r.bad));
		}
}

static void asks_once_a_line_and_once_a_head(void **state)
{
	static const char bytes[] = "POST /a?b HTTP/1.1\r\nhost:\t x\r\n\r\n";
	static const char good[] = "POST /a?b HTTP/1.1\r\nhost: x.example \t\r\n"
		"Transfer-Encoding: chunked\r\nX: y\r\n\r\n3\r\n";
	struct reader r;

	(void)state;
	lines = heads = 0;
	feed(&r, good, sizeof(good) - 1, 1);
	assert_int_equal(lines, 1);
	assert_int_equal(heads, 1);
	assert_string_equal(seen, "4 /a?b x.example 0 1");
	feed(&r, bytes, sizeof(bytes) - 1, 7);
	assert_int_equal(r.bad, REASON_BAD_REQUEST);
	assert_int_equal(lines, 2);
	assert_int_equal(heads, 1);
}

static void forgets_the_request_before(void **state)
{
	static const char bytes[] = "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nab"
		"GET /b HTTP/1.1\r\nHost: y\r\n\r\n";
	struct reader r;

	(void)state;
	feed(&r, bytes, sizeof(bytes) - 1, sizeof(bytes));
	assert_int_equal(r.bad, REASON_NONE);
	assert_string_equal(seen, "1 /b y 0 0");
}

static void takes_no_byte_after_it_stopped(void **state)
{
	static const char good[] = "GET / HTTP/1.1\r\n\r\n";
	struct reader r;

	(void)state;
	for (int c = 0; c < 256; c++) {
		char byte = (char)c;

		reader_begin(&r, 300, judge);
		reader_feed(&r, &byte, 1);
		assert_int_equal(r.bad, http_is_token((unsigned char)c) ? REASON_NONE : REASON_BAD_REQUEST);
		reader_stop(&r, REASON_REQUEST_SLOW);
		reader_feed(&r, good, sizeof(good) - 1);
		assert_int_equal(r.complete, 0);
		assert_int_equal(r.bad, REASON_REQUEST_SLOW);
	}
}

static void counts_the_head_and_not_the_body(void **state)
{
	static const char head_300[] = "POST / HTTP/1.1\r\nContent-Length: 100\r\nX: ";
	static char bytes[500];
	size_t n = sizeof(head_300) - 1;
	struct reader r;

	(void)state;
	memcpy(bytes, head_300, n);
	memset(bytes + n, 'x', 296 - n);
	memcpy(bytes + 296, "\r\n\r\n", 4);
	memset(bytes + 300, 'b', 100);
	feed(&r, bytes, 400, 400);
	assert_int_equal(r.bad, REASON_NONE);
	assert_int_equal(r.complete, 1);
	memcpy(bytes + 296, "x\r\n\r\n", 5);
	feed(&r, bytes, 401, 401);
	assert_int_equal(r.bad, REASON_HEAD_TOO_LARGE);
}

/* The server keeps READER_FIELDS of them: a client that filled those itself would hide what a proxy added behind. */
static void leaves_no_field_unread(void **state)
{
	static char bytes[2000];

	(void)state;
	for (unsigned count = READER_FIELDS; count <= READER_FIELDS + 1; count++) {
		int n = snprintf(bytes, sizeof(bytes), "GET / HTTP/1.1\r\n");
		struct reader r;

		for (unsigned i = 0; i < count; i++)
			n += snprintf(bytes + n, sizeof(bytes) - (size_t)n, "a:b\r\n");
		n += snprintf(bytes + n, sizeof(bytes) - (size_t)n, "\r\n");
		reader_begin(&r, sizeof(bytes), judge);
		reader_feed(&r, bytes, (size_t)n);
		reader_feed(&r, bytes, (size_t)n);
		assert_int_equal(r.bad, count > READER_FIELDS ? REASON_HEAD_TOO_LARGE : REASON_NONE);
		assert_int_equal(r.complete, count > READER_FIELDS ? 0 : 2);
	}
}

/* A name or host that was cut for want of room must not pass for a shorter one. */
static void confuses_no_long_word_with_a_short_one(void **state)
{
	static char bytes[2000];
	struct reader r;
	int n;

	(void)state;
	n = snprintf(bytes, sizeof(bytes), "GET / HTTP/1.1\r\nHost: ");
	memset(bytes + n, 'h', READER_VALUE);
	memcpy(bytes + n + READER_VALUE, "\r\n", 2);
	reader_begin(&r, 2000, judge);
	reader_feed(&r, bytes, (size_t)n + READER_VALUE + 2);
	assert_int_equal(r.bad, REASON_BAD_REQUEST);
	n = snprintf(bytes, sizeof(bytes), "GET /");
	memset(bytes + n, 't', 900);
	memcpy(bytes + n + 900, " HTTP/1.1\r\n", 11);
	reader_begin(&r, 2000, judge);
	reader_feed(&r, bytes, (size_t)n + 911);
	assert_int_equal(r.bad, REASON_NONE);
	assert_int_equal(r.target_size, 901);
}

/* Each byte in the middle of a target and of a value, alone and among others. */
static void judges_each_byte_wherever_it_is_cut(void **state)
{
	struct reader r;

	(void)state;
	for (int c = 0; c < 256; c++)
		for (size_t piece = 1; piece < 40; piece++) {
			char target[] = "GET /abc?def HTTP/1.1\r\nX: y\r\n\r\n", value[] = "GET / HTTP/1.1\r\nHost: abc?def\r\n\r\n";
			bool fits = c > 0x20 && c < 0x7f && c != '#';

			*strchr(target, '?') = (char)c;
			feed(&r, target, sizeof(target) - 1, piece);
			assert_int_equal(r.bad, fits ? REASON_NONE : REASON_BAD_REQUEST);
			fits = (c >= 0x20 && c != 0x7f) || c == '\t';
			*strchr(value, '?') = (char)c;
			feed(&r, value, sizeof(value) - 1, piece);
			assert_int_equal(r.bad, fits ? REASON_NONE : REASON_BAD_REQUEST);
			assert_int_equal(r.complete, fits);
		}
}

/* What is kept of a target and of a host is its beginning, in pieces of any size. */
static void keeps_the_beginning_of_what_is_long(void **state)
{
	static const char head_only[] = "GET /";
	static char bytes[1200];
	struct reader r;

	(void)state;
	memcpy(bytes, head_only, 5);
	for (size_t i = 5; i < 905; i++)
		bytes[i] = (char)('a' + i % 23);
	memcpy(bytes + 905, " HTTP/1.1\r\nHost: ab.example", 27);
	for (size_t piece = 1; piece < 1000; piece += 37) {
		reader_begin(&r, 2000, judge);
		for (size_t at = 0; at < 932; at += piece)
			reader_feed(&r, bytes + at, 932 - at < piece ? 932 - at : piece);
		assert_int_equal(r.bad, REASON_NONE);
		assert_int_equal(r.target_size, 901);
		assert_memory_equal(r.target, bytes + 4, READER_TARGET);
		assert_int_equal(r.head_size, 932);
		assert_int_equal(r.word_size, 10);
		assert_memory_equal(r.word, "ab.example", 10);
	}
}

/* DNS rebinding: a page of http://evil.example/ whose name now leads here is, to its browser, of one origin with us. */
static void takes_without_a_public_host_only_names_that_are_known(void **state)
{
	static const char *const hosts[] = {"metrics.example", NULL};
	static const struct http_route routes[] = {{"/", HTTP_GET, 0, NULL}, {0}};
	static const struct {
		const char *host;
		bool listed, unlisted;
	} asked[] = {
		{"127.0.0.1", true, true}, {"127.0.0.1:9464", true, true}, {"[::1]:9464", true, true}, {"[::ffff:10.0.0.1]", true, true},
		{"localhost", true, true}, {"LocalHost:9464", true, true}, {"Metrics.example:9464", true, false}, {"metrics.example", true, false},
		{"evil.example", false, false}, {"evil.example:9464", false, false}, {"127.0.0.1.evil.example", false, false},
		{"localhost.evil.example", false, false}, {"metrics.example.evil.example", false, false}, {"[evil.example]", false, false},
		{":9464", false, false}, {"[", false, false}, {"[]", false, false}, {"evil.example@127.0.0.1", false, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(asked) / sizeof(asked[0]); i++)
		for (int listed = 0; listed < 2; listed++) {
			struct http_options options = {.routes = routes, .hosts = listed ? hosts : NULL};
			char bytes[200];
			struct reader r;
			int n = snprintf(bytes, sizeof(bytes), "GET / HTTP/1.1\r\nHost: %s\r\n\r\n", asked[i].host);

			reader_begin(&r, 300, gate(&options));
			reader_feed(&r, bytes, (size_t)n);
			if (r.bad != ((listed ? asked[i].listed : asked[i].unlisted) ? REASON_NONE : REASON_WRONG_HOST))
				fail_msg("%s, %s: %s", asked[i].host, listed ? "a name is listed" : "none is listed", reason_word(r.bad));
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ends_requests_where_they_end),
		cmocka_unit_test(asks_once_a_line_and_once_a_head),
		cmocka_unit_test(forgets_the_request_before),
		cmocka_unit_test(takes_no_byte_after_it_stopped),
		cmocka_unit_test(counts_the_head_and_not_the_body),
		cmocka_unit_test(leaves_no_field_unread),
		cmocka_unit_test(confuses_no_long_word_with_a_short_one),
		cmocka_unit_test(judges_each_byte_wherever_it_is_cut),
		cmocka_unit_test(keeps_the_beginning_of_what_is_long),
		cmocka_unit_test(takes_without_a_public_host_only_names_that_are_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
