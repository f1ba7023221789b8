/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The whole front by raw bytes: what is answered, whether the connection ends,
 * and how often a handler ran, which is what request smuggling would change.
 */
#include "tests/unit/unit.h"

#include "tests/unit/http_server.h"

#include <unistd.h>

#define H "Host: " HTTP_TEST_HOST "\r\n"
#define OK "GET /ok HTTP/1.1\r\n" H "\r\n"
#define FIVE "Content-Length: 5\r\n\r\nhello"
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
};

#define BYTES(s) s, sizeof(s) - 1

static const struct raw table[] = {
	/* plain */
	{"get", BYTES(OK), "200", OPEN, 1, "path=/ok\n"},
	{"get_http_1_0", BYTES("GET /ok HTTP/1.0\r\n" H "\r\n"), "200", CLOSED, 1, NULL},
	{"get_http_1_0_keep_alive", BYTES("GET /ok HTTP/1.0\r\n" H "Connection: keep-alive\r\n\r\n"), "200", OPEN, 1, NULL},
	{"connection_close", BYTES("GET /ok HTTP/1.1\r\n" H "Connection: close\r\n\r\n"), "200", CLOSED, 1, NULL},
	{"head_has_no_body", BYTES("HEAD /ok HTTP/1.1\r\n" H "\r\n"), "200", OPEN, 1, "Content-Length: "},
	{"post_with_length", BYTES("POST /form HTTP/1.1\r\n" H FIVE), "200", OPEN, 1, "body=5\n"},
	{"post_empty", BYTES("POST /form HTTP/1.1\r\n" H "Content-Length: 0\r\n\r\n"), "200", OPEN, 1, "body=0\n"},
	{"post_without_length_is_empty", BYTES("POST /form HTTP/1.1\r\n" H "\r\n"), "200", OPEN, 1, "body=0\n"},
	{"post_chunked",
		BYTES("POST /form HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"),
		"200", OPEN, 1, "body=5\n"},
	{"post_chunked_empty",
		BYTES("POST /form HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), "200", OPEN, 1, "body=0\n"},
	{"post_chunk_size_in_hex",
		BYTES("POST /form HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n0A\r\n0123456789\r\n0\r\n\r\n"),
		"200", OPEN, 1, "body=10\n"},
	{"length_with_leading_zeros",
		BYTES("POST /form HTTP/1.1\r\n" H "Content-Length: 005\r\n\r\nhello"), "200", OPEN, 1, "body=5\n"},
	{"field_names_in_any_case",
		BYTES("POST /form HTTP/1.1\r\nhOST: " HTTP_TEST_HOST "\r\ncontent-LENGTH:5\r\n\r\nhello"),
		"200", OPEN, 1, "body=5\n"},
	{"host_in_any_case", BYTES("GET /ok HTTP/1.1\r\nHost: SSO.Example.ORG\r\n\r\n"), "200", OPEN, 1, NULL},
	{"blanks_around_a_value", BYTES("GET /ok HTTP/1.1\r\nHost:   " HTTP_TEST_HOST " \t\r\n\r\n"), "200", OPEN, 1, NULL},
	{"query_byte_for_byte", BYTES("GET /ok?a=%41&b=+%2b%00&&=|{}\"<>^`\\ HTTP/1.1\r\n" H "\r\n"), "200", OPEN, 1,
		"query=a=%41&b=+%2b%00&&=|{}\"<>^`\\\n"},
	{"query_with_question_marks", BYTES("GET /ok?a?b? HTTP/1.1\r\n" H "\r\n"), "200", OPEN, 1, "query=a?b?\n"},
	{"prefix_route", BYTES("GET /go/help%2Fdesk HTTP/1.1\r\n" H "\r\n"), "200", OPEN, 1, "rest=help%2Fdesk\n"},
	{"two_rows_of_one_path", BYTES("GET /twice HTTP/1.1\r\n" H "\r\n"), "200", OPEN, 1, NULL},
	{"cookies_with_broken_pairs",
		BYTES("GET /ok HTTP/1.1\r\n" H "Cookie: a=1; broken; =x; b=\"q\"; c d=2\r\nCookie: e=3==\r\n\r\n"),
		"200", OPEN, 1, "cookies=a|1;b|\"q\";e|3==;\n"},
	{"body_bytes_are_no_request",
		BYTES("POST /form HTTP/1.1\r\n" H "Content-Length: 43\r\n\r\n" OK), "200", OPEN, 1, "body=43\n"},
	{"fetch_metadata",
		BYTES("GET /ok HTTP/1.1\r\n" H "Sec-Fetch-Dest: document\r\n\r\n"), "200", OPEN, 1, "dest=document\n"},
	{"content_type_without_parameters",
		BYTES("POST /form HTTP/1.1\r\n" H "Content-Type: Text/Plain;charset=x\r\n" FIVE),
		"200", OPEN, 1, "type=text/plain\n"},
	{"forwarded_for_of_a_stranger_is_ignored",
		BYTES("GET /ok HTTP/1.1\r\n" H "X-Forwarded-For: 192.0.2.1\r\n\r\n"), "200", OPEN, 1, "client=127.0.0.1\n"},
	{"expect_continue_with_body_at_hand",
		BYTES("POST /form HTTP/1.1\r\n" H "Expect: 100-continue\r\n" FIVE), "200", OPEN, 1, NULL},
	/* pipelining */
	{"pipelined_in_order",
		BYTES(OK "POST /form HTTP/1.1\r\n" H FIVE "GET /no HTTP/1.1\r\n" H "\r\n" OK),
		"200 200 404 200", OPEN, 3, NULL},
	{"pipelined_then_wrong", BYTES(OK OK "GET /ok HTTP/1.1\r\n\r\n" OK), "200 200 400", CLOSED, 2, NULL},
	{"pipelined_after_close", BYTES("GET /ok HTTP/1.1\r\n" H "Connection: close\r\n\r\n" OK), "200", CLOSED, 1, NULL},
	/* lengths */
	{"two_lengths",
		BYTES("POST /form HTTP/1.1\r\n" H "Content-Length: 5\r\nContent-Length: 60\r\n\r\nhello" OK),
		"400", CLOSED, 0, "reason=bad-request"},
	{"two_equal_lengths",
		BYTES("POST /form HTTP/1.1\r\n" H "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello" OK),
		"400", CLOSED, 0, NULL},
	{"length_list", BYTES("POST /form HTTP/1.1\r\n" H "Content-Length: 5, 5\r\n\r\nhello" OK), "400", CLOSED, 0, NULL},
	{"blank_before_colon", BYTES("POST /form HTTP/1.1\r\n" H "Content-Length : 43\r\n\r\n" OK), "400", CLOSED, 0, NULL},
	{"length_with_plus", BYTES("POST /form HTTP/1.1\r\n" H "Content-Length: +5\r\n\r\nhello" OK), "400", CLOSED, 0, NULL},
	{"length_negative", BYTES("POST /form HTTP/1.1\r\n" H "Content-Length: -5\r\n\r\nhello" OK), "400", CLOSED, 0, NULL},
	{"length_hex", BYTES("POST /form HTTP/1.1\r\n" H "Content-Length: 0x5\r\n\r\nhello" OK), "400", CLOSED, 0, NULL},
	{"length_empty", BYTES("POST /form HTTP/1.1\r\n" H "Content-Length:\r\n\r\n" OK), "400", CLOSED, 0, NULL},
	{"length_behind_tab", BYTES("POST /form HTTP/1.1\r\n" H "Content-Length:\t5\r\n\r\nhello" OK), "400", CLOSED, 0, NULL},
	{"length_beyond_64_bits",
		BYTES("POST /form HTTP/1.1\r\n" H "Content-Length: 18446744073709551621\r\n\r\nhello" OK),
		"400", CLOSED, 0, NULL},
	{"length_folded", BYTES("POST /form HTTP/1.1\r\n" H "Content-Length: 4\r\n 5\r\n\r\n" OK), "400", CLOSED, 0, NULL},
	{"get_with_body", BYTES("GET /ok HTTP/1.1\r\n" H "Content-Length: 43\r\n\r\n" OK), "400", CLOSED, 0, NULL},
	{"head_with_body", BYTES("HEAD /ok HTTP/1.1\r\n" H "Content-Length: 43\r\n\r\n" OK), "400", CLOSED, 0, NULL},
	{"body_over_the_limit",
		BYTES("POST /form HTTP/1.1\r\n" H "Content-Length: 1001\r\n\r\n" OK), "413", CLOSED, 0, "reason=too-large"},
	{"body_far_over_the_limit",
		BYTES("POST /form HTTP/1.1\r\n" H "Content-Length: 9223372036854775807\r\n\r\n" OK), "413", CLOSED, 0, NULL},
	{"body_over_the_limit_is_not_asked_for",
		BYTES("POST /form HTTP/1.1\r\n" H "Expect: 100-continue\r\nContent-Length: 1001\r\n\r\n"),
		"413", CLOSED, 0, NULL},
	/* transfer encodings */
	{"length_and_chunked",
		BYTES("POST /form HTTP/1.1\r\n" H "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" OK),
		"400", CLOSED, 0, NULL},
	{"xchunked", BYTES("POST /form HTTP/1.1\r\n" H "Transfer-Encoding: xchunked\r\n\r\n" OK), "400", CLOSED, 0, NULL},
	{"chunked_in_capitals",
		BYTES("POST /form HTTP/1.1\r\n" H "Transfer-Encoding: Chunked\r\n\r\n0\r\n\r\n" OK), "400", CLOSED, 0, NULL},
	{"gzip_chunked",
		BYTES("POST /form HTTP/1.1\r\n" H "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n" OK),
		"400", CLOSED, 0, NULL},
	{"chunked_twice",
		BYTES("POST /form HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n"
			"0\r\n\r\n" OK),
		"400", CLOSED, 0, NULL},
	{"chunked_then_identity",
		BYTES("POST /form HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n"
			"0\r\n\r\n" OK),
		"400", CLOSED, 0, NULL},
	{"chunked_behind_tab",
		BYTES("POST /form HTTP/1.1\r\n" H "Transfer-Encoding:\tchunked\r\n\r\n" OK), "400", CLOSED, 0, NULL},
	{"chunked_quoted",
		BYTES("POST /form HTTP/1.1\r\n" H "Transfer-Encoding: \"chunked\"\r\n\r\n" OK), "400", CLOSED, 0, NULL},
	{"chunked_folded",
		BYTES("POST /form HTTP/1.1\r\n" H "Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n" OK),
		"400", CLOSED, 0, NULL},
	{"encoding_with_blank_before_colon",
		BYTES("POST /form HTTP/1.1\r\n" H "Transfer-Encoding : chunked\r\n\r\n" OK), "400", CLOSED, 0, NULL},
	{"chunked_in_http_1_0",
		BYTES("POST /form HTTP/1.0\r\n" H "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" OK), "400", CLOSED, 0, NULL},
	{"get_chunked",
		BYTES("GET /ok HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" OK), "400", CLOSED, 0, NULL},
	{"chunk_size_0x3",
		BYTES("POST /form HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n0x3\r\nabc\r\n0\r\n\r\n" OK),
		"400", CLOSED, 0, NULL},
	{"chunk_size_negative",
		BYTES("POST /form HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n-3\r\nabc\r\n0\r\n\r\n" OK),
		"400", CLOSED, 0, NULL},
	{"chunk_size_empty",
		BYTES("POST /form HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n\r\n0\r\n\r\n" OK),
		"400", CLOSED, 0, NULL},
	{"chunk_size_too_long",
		BYTES("POST /form HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n000000003\r\nabc\r\n0\r\n\r\n" OK),
		"400", CLOSED, 0, NULL},
	{"chunk_extension",
		BYTES("POST /form HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n3;a=b\r\nabc\r\n0\r\n\r\n" OK),
		"400", CLOSED, 0, NULL},
	{"chunk_size_with_blank",
		BYTES("POST /form HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n3 x\r\nabc\r\n0\r\n\r\n" OK),
		"400", CLOSED, 0, NULL},
	{"chunk_longer_than_said",
		BYTES("POST /form HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n" OK),
		"400", CLOSED, 0, NULL},
	{"chunk_without_line_end",
		BYTES("POST /form HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n3\r\nabc0\r\n\r\n" OK),
		"400", CLOSED, 0, NULL},
	{"chunk_line_ends_bare",
		BYTES("POST /form HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n3\nabc\n0\n\n" OK),
		"400", CLOSED, 0, NULL},
	{"trailer",
		BYTES("POST /form HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n0\r\nCookie: planted=1\r\n\r\n" OK),
		"400", CLOSED, 0, NULL},
	{"chunks_over_the_limit",
		BYTES("POST /form HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n3e6\r\n"),
		"413", CLOSED, 0, NULL},
	{"chunk_far_over_the_limit",
		BYTES("POST /form HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\nffffffff\r\n"), "413", CLOSED, 0, NULL},
	/* hosts and targets */
	{"no_host", BYTES("GET /ok HTTP/1.1\r\n\r\n"), "400", CLOSED, 0, "reason=bad-request"},
	{"no_host_http_1_0", BYTES("GET /ok HTTP/1.0\r\n\r\n"), "400", CLOSED, 0, NULL},
	{"two_hosts", BYTES("GET /ok HTTP/1.1\r\n" H "Host: evil.example\r\n\r\n"), "400", CLOSED, 0, "reason=bad-request"},
	{"two_equal_hosts", BYTES("GET /ok HTTP/1.1\r\n" H H "\r\n"), "400", CLOSED, 0, NULL},
	{"empty_host", BYTES("GET /ok HTTP/1.1\r\nHost:\r\n\r\n"), "400", CLOSED, 0, NULL},
	{"other_host", BYTES("GET /ok HTTP/1.1\r\nHost: evil.example\r\n\r\n"), "400", CLOSED, 0, "reason=wrong-host"},
	{"host_with_other_port",
		BYTES("GET /ok HTTP/1.1\r\nHost: " HTTP_TEST_HOST ":81\r\n\r\n"), "400", CLOSED, 0, "reason=wrong-host"},
	{"host_with_dot",
		BYTES("GET /ok HTTP/1.1\r\nHost: " HTTP_TEST_HOST ".\r\n\r\n"), "400", CLOSED, 0, "reason=wrong-host"},
	{"host_cut_by_nul", BYTES("GET /ok HTTP/1.1\r\nHost: " HTTP_TEST_HOST "\0.evil\r\n\r\n"), "400", CLOSED, 0, NULL},
	{"host_with_blank_before_colon",
		BYTES("GET /ok HTTP/1.1\r\nHost : " HTTP_TEST_HOST "\r\n\r\n"), "400", CLOSED, 0, NULL},
	{"absolute_form_ours",
		BYTES("GET https://" HTTP_TEST_HOST "/ok?x=1 HTTP/1.1\r\n" H "\r\n"), "200", CLOSED, 1, "path=/ok\n"},
	{"absolute_form_other_host",
		BYTES("GET http://evil.example/ok HTTP/1.1\r\n" H "\r\n"), "400", CLOSED, 0, "reason=wrong-host"},
	{"absolute_form_longer_host",
		BYTES("GET http://" HTTP_TEST_HOST ".evil/ok HTTP/1.1\r\n" H "\r\n"), "400", CLOSED, 0, "reason=wrong-host"},
	{"absolute_form_user_info",
		BYTES("GET http://" HTTP_TEST_HOST "@evil.example/ok HTTP/1.1\r\n" H "\r\n"), "400", CLOSED, 0, NULL},
	{"absolute_form_host_field_differs",
		BYTES("GET http://" HTTP_TEST_HOST "/ok HTTP/1.1\r\nHost: evil.example\r\n\r\n"), "400", CLOSED, 0, NULL},
	{"absolute_form_other_scheme", BYTES("GET ftp://" HTTP_TEST_HOST "/ok HTTP/1.1\r\n" H "\r\n"), "400", CLOSED, 0, NULL},
	{"two_slashes", BYTES("GET //" HTTP_TEST_HOST "/ok HTTP/1.1\r\n" H "\r\n"), "400", CLOSED, 0, NULL},
	{"two_slashes_bad_port", BYTES("GET //a:b/ok HTTP/1.1\r\n" H "\r\n"), "400", CLOSED, 0, "reason=bad-request"},
	{"target_without_slash", BYTES("GET ok HTTP/1.1\r\n" H "\r\n"), "400", CLOSED, 0, NULL},
	{"target_star", BYTES("GET * HTTP/1.1\r\n" H "\r\n"), "400", CLOSED, 0, NULL},
	{"target_with_fragment", BYTES("GET /ok#x HTTP/1.1\r\n" H "\r\n"), "400", CLOSED, 0, NULL},
	{"target_with_blank", BYTES("GET /ok /ok HTTP/1.1\r\n" H "\r\n"), "400", CLOSED, 0, NULL},
	{"target_with_tab", BYTES("GET /ok\tx HTTP/1.1\r\n" H "\r\n"), "400", CLOSED, 0, NULL},
	{"target_with_nul", BYTES("GET /ok\0x HTTP/1.1\r\n" H "\r\n"), "400", CLOSED, 0, NULL},
	{"target_beyond_ascii", BYTES("GET /\xc3\xbc HTTP/1.1\r\n" H "\r\n"), "400", CLOSED, 0, NULL},
	{"dots_are_not_resolved", BYTES("GET /x/../ok HTTP/1.1\r\n" H "\r\n"), "404", OPEN, 0, "reason=no-such-page"},
	{"escapes_are_not_decoded", BYTES("GET /%6fk HTTP/1.1\r\n" H "\r\n"), "404", OPEN, 0, NULL},
	{"path_cut_by_escaped_nul", BYTES("GET /ok%00 HTTP/1.1\r\n" H "\r\n"), "404", OPEN, 0, NULL},
	{"path_with_slash_at_end", BYTES("GET /ok/ HTTP/1.1\r\n" H "\r\n"), "404", OPEN, 0, NULL},
	/* methods and routes */
	{"no_such_page", BYTES("GET /no HTTP/1.1\r\n" H "\r\n"), "404", OPEN, 0, "reason=no-such-page"},
	{"no_such_page_with_body", BYTES("POST /no HTTP/1.1\r\n" H FIVE), "404", CLOSED, 0, "reason=no-such-page"},
	{"wrong_method", BYTES("POST /ok HTTP/1.1\r\n" H "Content-Length: 0\r\n\r\n"), "405", OPEN, 0, "Allow: GET, HEAD\r\n"},
	{"wrong_method_with_body", BYTES("POST /ok HTTP/1.1\r\n" H FIVE), "405", CLOSED, 0, "Allow: GET, HEAD\r\n"},
	{"get_of_a_form", BYTES("GET /form HTTP/1.1\r\n" H "\r\n"), "405", OPEN, 0, "Allow: POST\r\n"},
	{"trace", BYTES("TRACE /ok HTTP/1.1\r\n" H "\r\n"), "501", CLOSED, 0, "reason=unknown-method"},
	{"options", BYTES("OPTIONS /ok HTTP/1.1\r\n" H "\r\n"), "501", CLOSED, 0, NULL},
	{"put", BYTES("PUT /ok HTTP/1.1\r\n" H FIVE), "501", CLOSED, 0, NULL},
	{"connect", BYTES("CONNECT " HTTP_TEST_HOST ":443 HTTP/1.1\r\n" H "\r\n"), "501", CLOSED, 0, NULL},
	{"unknown_method", BYTES("BREW /ok HTTP/1.1\r\n" H FIVE OK), "501", CLOSED, 0, NULL},
	{"method_in_small_letters", BYTES("get /ok HTTP/1.1\r\n" H "\r\n"), "501", CLOSED, 0, NULL},
	{"method_too_long", BYTES("GETGETGETGETGETGETGETGETGETGETGETGET /ok HTTP/1.1\r\n" H "\r\n"), "400", CLOSED, 0, NULL},
	/* form */
	{"bare_line_feeds", BYTES("GET /ok HTTP/1.1\n" "Host: " HTTP_TEST_HOST "\n\n"), "400", CLOSED, 0, NULL},
	{"bare_line_feed_in_head", BYTES("GET /ok HTTP/1.1\r\n" H "X: 1\nY: 2\r\n\r\n"), "400", CLOSED, 0, NULL},
	{"bare_carriage_return", BYTES("GET /ok HTTP/1.1\r\n" H "X: 1\rY: 2\r\n\r\n"), "400", CLOSED, 0, NULL},
	{"nul_in_a_value", BYTES("GET /ok HTTP/1.1\r\n" H "X: 1\0002\r\n\r\n"), "400", CLOSED, 0, NULL},
	{"nul_as_a_line", BYTES("POST /form HTTP/1.1\r\n" H "\0\r\nContent-Length: 5\r\n\r\nhello" OK), "400", CLOSED, 0, NULL},
	{"folded_value", BYTES("GET /ok HTTP/1.1\r\n" H "X: 1\r\n 2\r\n\r\n"), "400", CLOSED, 0, NULL},
	{"field_without_colon", BYTES("GET /ok HTTP/1.1\r\n" H "nonsense\r\n\r\n"), "400", CLOSED, 0, NULL},
	{"field_without_name", BYTES("GET /ok HTTP/1.1\r\n" H ": x\r\n\r\n"), "400", CLOSED, 0, NULL},
	{"field_name_with_brace", BYTES("GET /ok HTTP/1.1\r\n" H "a{b: x\r\n\r\n"), "400", CLOSED, 0, NULL},
	{"field_name_beyond_ascii", BYTES("GET /ok HTTP/1.1\r\n" H "\xe9: x\r\n\r\n"), "400", CLOSED, 0, NULL},
	{"value_beyond_ascii_passes", BYTES("GET /ok HTTP/1.1\r\n" H "X: \xc3\xbc\r\n\r\n"), "200", OPEN, 1, NULL},
	{"empty_line_first", BYTES("\r\n" OK), "400", CLOSED, 0, NULL},
	{"version_2_0", BYTES("GET /ok HTTP/2.0\r\n" H "\r\n"), "400", CLOSED, 0, NULL},
	{"version_1_2", BYTES("GET /ok HTTP/1.2\r\n" H "\r\n"), "400", CLOSED, 0, NULL},
	{"version_0_9", BYTES("GET /ok\r\n"), "400", CLOSED, 0, NULL},
	{"version_missing_number", BYTES("GET /ok HTTP/1\r\n" H "\r\n"), "400", CLOSED, 0, NULL},
	{"version_long", BYTES("GET /ok HTTP/1.11\r\n" H "\r\n"), "400", CLOSED, 0, NULL},
	{"two_blanks_in_request_line", BYTES("GET  /ok HTTP/1.1\r\n" H "\r\n"), "400", CLOSED, 0, NULL},
	{"http2_preface", BYTES("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), "400", CLOSED, 0, NULL},
	{"tls_at_the_plain_port", BYTES("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"), "400", CLOSED, 0, NULL},
	{"expect_something_else", BYTES("POST /form HTTP/1.1\r\n" H "Expect: wonders\r\n" FIVE), "400", CLOSED, 0, NULL},
	/* replies */
	{"header_injection_by_a_handler", BYTES("GET /bad HTTP/1.1\r\n" H "\r\n"), "500", OPEN, 1, NULL},
	{"handler_without_reply", BYTES("GET /nothing HTTP/1.1\r\n" H "\r\n"), "500", OPEN, 1, "reason=internal"},
	{"head_of_a_refusal", BYTES("HEAD /no HTTP/1.1\r\n" H "\r\n"), "404", OPEN, 0, NULL},
};

static struct http_test server;

static void check_row(const struct raw *row, int piece)
{
	unsigned before = http_test_handled();
	int fd = client_connect(server.port), closed;
	struct slice reply;

	for (size_t at = 0; at < row->n; at += (size_t)piece)
		client_send(fd, row->bytes + at, row->n - at < (size_t)piece ? row->n - at : (size_t)piece);
	reply = client_wait(fd, row->statuses, row->closed ? 20000 : QUIET_MS, &closed);
	close(fd);
	if (strcmp(client_statuses(reply), row->statuses) != 0)
		fail_msg("%s: wanted %s, got \"%s\": %.*s", row->name, row->statuses, client_statuses(reply), (int)reply.n,
			reply.p);
	if (closed != row->closed)
		fail_msg("%s: wanted closed %d, got %d", row->name, row->closed, closed);
	if (http_test_handled() - before != row->handled)
		fail_msg("%s: wanted %u handlers, got %u", row->name, row->handled, http_test_handled() - before);
	if (row->holds && !memmem(reply.p, reply.n, row->holds, strlen(row->holds)))
		fail_msg("%s: \"%s\" is not in: %.*s", row->name, row->holds, (int)reply.n, reply.p);
	if (memmem(reply.p, reply.n, "planted", 7))
		fail_msg("%s: planted", row->name);
}

static void answers_each_raw_request_as_the_table_says(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		check_row(&table[i], (int)table[i].n);
	print_message("%zu raw requests\n", sizeof(table) / sizeof(table[0]));
}

static void answers_the_same_when_bytes_come_one_by_one(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		check_row(&table[i], 1);
}

/* Rows of the table whose answer is that one. */
static void check_rows_of(const char *statuses, const char *holds, size_t least)
{
	size_t n = 0;

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (strcmp(table[i].statuses, statuses) != 0 || (holds && (!table[i].holds || strcmp(table[i].holds, holds) != 0)))
			continue;
		check_row(&table[i], (int)table[i].n);
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
		{"plain", BYTES("GET /ok HTTP/1.1\r\n" H "\r\n"), "200", OPEN, 1, NULL},
		{"ecp", BYTES("GET /ok HTTP/1.1\r\n" H "Accept: text/html; application/vnd.paos+xml\r\n"
			"PAOS: ver=\"urn:liberty:paos:2003-08\";\"urn:oasis:names:tc:SAML:2.0:profiles:SSO:ecp\"\r\n\r\n"), "200", OPEN, 1, NULL},
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
		cmocka_unit_test(answers_each_raw_request_as_the_table_says),
		cmocka_unit_test(answers_the_same_when_bytes_come_one_by_one),
		cmocka_unit_test(host_header_pinned),
		cmocka_unit_test(refuses_large_post_413),
		cmocka_unit_test(ignores_ecp_header),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
