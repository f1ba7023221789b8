/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/unit.h"

#include "http/internal.h"

#include "base/text.h"

static struct text written;

static void add(void *to, const char *name, const char *value)
{
	text_addf(to, "%s: %s\n", name, value);
}

static const char *write_all(const struct http_exchange *x, int64_t hsts, bool close)
{
	text_begin(&written, x->arena, 1000);
	headers_write(x, hsts, close, add, &written);
	return written.p;
}

static void assert_holds(const char *text, const char *line)
{
	if (!strstr(text, line))
		fail_msg("\"%s\" is not in: %s", line, text);
}

static void writes_a_page(void **state)
{
	struct http_exchange x = {.arena = arena_new(), .status = 200, .reply_type = "text/html; charset=utf-8",
		.reply_body = {"hello", 5}};

	(void)state;
	assert_string_equal(write_all(&x, 0, false), "Content-Type: text/html; charset=utf-8\nContent-Length: 5\n"
		"Content-Security-Policy: default-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'none'\n"
		"X-Content-Type-Options: nosniff\nX-Frame-Options: DENY\nReferrer-Policy: no-referrer\n"
		"Cross-Origin-Resource-Policy: same-origin\nCache-Control: no-store\n");
	arena_free(x.arena);
}

static void widens_the_policy_only_by_what_the_page_names(void **state)
{
	struct http_exchange x = {.arena = arena_new(), .status = 200, .form_action = "https:", .style_hash = "'sha256-abc='",
		.script_hash = "'sha256-def='"};

	(void)state;
	assert_holds(write_all(&x, 0, false),
		"Content-Security-Policy: default-src 'none'; base-uri 'none'; frame-ancestors 'none'; "
		"form-action https:; style-src 'sha256-abc='; script-src 'sha256-def='\n");
	arena_free(x.arena);
}

static void lets_only_the_reply_be_framed_that_says_so(void **state)
{
	struct http_exchange x = {.arena = arena_new(), .status = 200, .frame_ancestors = "*"};

	(void)state;
	assert_holds(write_all(&x, 0, false), "frame-ancestors *; form-action 'none'\nX-Content-Type-Options: nosniff\nReferrer-Policy");
	assert_null(strstr(written.p, "X-Frame-Options"));
	arena_free(x.arena);
}

static void writes_cookies_with_their_attributes(void **state)
{
	struct http_exchange x = {.arena = arena_new(), .status = 303, .location = "https://login.example/?a=b"};

	(void)state;
	http_set_cookie(&x, "__Host-p1", "AbC", 900);
	http_set_cookie(&x, "__Host-p2", "", 0);
	headers_check(&x);
	assert_int_equal(x.status, 303);
	assert_holds(write_all(&x, 0, false),
		"\nSet-Cookie: __Host-p1=AbC; Path=/; Max-Age=900; Secure; HttpOnly; SameSite=None\n"
		"Set-Cookie: __Host-p2=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=None\n");
	assert_holds(written.p, "Location: https://login.example/?a=b\n");
	assert_holds(written.p, "Content-Length: 0\n");
	assert_null(strstr(written.p, "\nContent-Type:"));
	arena_free(x.arena);
}

static void writes_what_only_some_replies_have(void **state)
{
	struct http_exchange x = {.arena = arena_new(), .status = 405, .allow = "POST", .retry_after = "60"};

	(void)state;
	assert_holds(write_all(&x, 31536000, true),
		"Retry-After: 60\nAllow: POST\nConnection: close\nStrict-Transport-Security: max-age=31536000\n");
	x.status = 204;
	assert_null(strstr(write_all(&x, 0, false), "Content-Length"));
	assert_null(strstr(written.p, "Strict-Transport-Security"));
	assert_null(strstr(written.p, "Allow"));
	arena_free(x.arena);
}

static void withholds_a_reply_with_an_unfit_field(void **state)
{
	static const struct http_exchange rows[] = {
		{.status = 303, .location = "https://a/\r\nX: y"}, {.status = 303, .location = "https://a/ b"},
			{.status = 303, .location = ""},
		{.status = 303, .location = "https://a/\x7f"}, {.status = 303, .location = "https://a/\tb"},
		{.status = 200, .reply_type = "text/html\nX: y"}, {.status = 200, .form_action = "https:\r\nX: y"},
		{.status = 200, .frame_ancestors = "*\nX: y"},
		{.status = 200, .style_hash = "'sha256-a' 'unsafe-inline'"}, {.status = 200, .script_hash = "\n"},
		{.status = 503, .retry_after = "1\r\n"}, {.status = 0}, {.status = 100}, {.status = 600},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct http_exchange x = rows[i];

		x.arena = arena_new();
		x.reply_body = slice_c("secret");
		headers_check(&x);
		assert_int_equal(x.status, 500);
		assert_slice_is(x.reply_body, reason_sentence(REASON_INTERNAL));
		assert_null(strstr(write_all(&x, 0, false), "X: y"));
		assert_null(strstr(written.p, "Location"));
		arena_free(x.arena);
	}
}

static void withholds_a_reply_with_an_unfit_cookie(void **state)
{
	static const char *const rows[][2] = {{"a b", "x"}, {"a", "x; Domain=example.org"}, {"a", "x\r\nX: y"}, {"", "x"},
		{"a", "\""}};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct http_exchange x = {.arena = arena_new(), .status = 200};

		http_set_cookie(&x, rows[i][0], rows[i][1], 60);
		headers_check(&x);
		assert_int_equal(x.status, 500);
		assert_null(strstr(write_all(&x, 0, false), "Set-Cookie"));
		arena_free(x.arena);
	}
}

/* Every status that a reason can give has its phrase. */
static void names_each_status(void **state)
{
	(void)state;
	for (enum reason r = REASON_NONE + 1; r < REASON_COUNT; r++)
		assert_string_not_equal(status_phrase(reason_status(r)), "Other");
	assert_string_equal(status_phrase(599), "Other");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_a_page),
		cmocka_unit_test(widens_the_policy_only_by_what_the_page_names),
		cmocka_unit_test(lets_only_the_reply_be_framed_that_says_so),
		cmocka_unit_test(writes_cookies_with_their_attributes),
		cmocka_unit_test(writes_what_only_some_replies_have),
		cmocka_unit_test(withholds_a_reply_with_an_unfit_field),
		cmocka_unit_test(withholds_a_reply_with_an_unfit_cookie),
		cmocka_unit_test(names_each_status),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
