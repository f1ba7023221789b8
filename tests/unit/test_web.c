/* SPDX-License-Identifier: GPL-3.0-or-later */
/* provision/web.c against a server that follows a script. */
#include "tests/unit/web_stage.h"

#include "provision/left_alone.h"

static void assert_says(const char *text)
{
	if (!strstr(err.detail, text))
		fail_msg("`%s` does not say `%s`", err.detail, text);
	assert_null(strstr(err.detail, KEY));
}

static void sends_what_it_is_told_over_one_connection(void **state)
{
	static const struct scripted script[] = {{"200 OK", "{\"a\":1}"}, {"201 Created", "{}"}, {"204 No Content"}, {NULL}};
	struct web_call post = {
		.method = WEB_POST, .endpoint = "/Users", .path = "/Users?x=%20", .body = slice_c("{\"b\":2}"), .type = "application/scim+json",
		.experimental = true,
	};
	struct web_call remove = {.method = WEB_DELETE, .endpoint = "/desk", .path = "/desk", .body = slice_c("{\"c\":3}")};
	struct web_answer got;

	(void)state;
	open_at(script);
	assert_done(get("/one", &got), err);
	assert_int_equal(got.status, 200);
	assert_slice_is(got.body, "{\"a\":1}");
	assert_string_equal(got.line, "GET /one: 200");
	assert_done(web_do(a, web, &post, &got, &err), err);
	assert_done(web_do(a, web, &remove, &got, &err), err);
	assert_int_equal(got.status, 204);
	assert_int_equal(web_requests(web), 3);
	assert_int_equal(scripted_connections(), 1);
	assert_non_null(strstr(scripted_request(0), "GET /one HTTP/1.1\r\n"));
	assert_non_null(strstr(scripted_request(0), "Authorization: Bearer " KEY "\r\n"));
	assert_null(strstr(scripted_request(0), "X-ExperimentalApi"));
	assert_null(strstr(scripted_request(0), "Content-Type"));
	assert_non_null(strstr(scripted_request(1), "POST /Users?x=%20 HTTP/1.1\r\n"));
	assert_non_null(strstr(scripted_request(1), "Content-Type: application/scim+json\r\n"));
	assert_non_null(strstr(scripted_request(1), "X-ExperimentalApi: opt-in\r\n"));
	assert_non_null(strstr(scripted_request(1), "\r\n\r\n{\"b\":2}"));
	assert_non_null(strstr(scripted_request(2), "DELETE /desk HTTP/1.1\r\n"));
	assert_non_null(strstr(scripted_request(2), "{\"c\":3}"));
}

static void logs_in_with_mail_and_token(void **state)
{
	static const struct scripted script[] = {{"200 OK", "{}"}, {NULL}};
	struct web_options o = options(scripted_begin(a, script));
	struct web_answer got;

	(void)state;
	o.login = "admin@example.org";
	o.key = slice_c("token");
	assert_done(web_open(&o, &web, &err), err);
	assert_done(get("/", &got), err);
	assert_non_null(strstr(scripted_request(0), "Authorization: Basic YWRtaW5AZXhhbXBsZS5vcmc6dG9rZW4=\r\n"));
	assert_string_equal(web_without_key(a, web, "x YWRtaW5AZXhhbXBsZS5vcmc6dG9rZW4= y token"), "x (key) y (key)");
}

static void sends_a_key_to_no_address_that_could_give_it_away(void **state)
{
	static const char *const bases[] = {
		"http://api.example.org", "http://10.0.0.1", "http://localhost", "ftp://127.0.0.1", "https://", "api.example.org", "https://me:pw@api.example.org",
		"https://api.example.org/", "https://api.example.org?x=1", "", NULL,
	};
	static const char *const keys[] = {"", "two words", "line\r\nX: y", "\xc3\xa4"};
	struct web_options o;

	(void)state;
	for (size_t i = 0; i < sizeof(bases) / sizeof(*bases); i++) {
		o = options(bases[i]);
		assert_refused(web_open(&o, &web, &err), err, REASON_PROVISION_STOP);
	}
	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
		o = options("https://api.example.org");
		o.key = slice_c(keys[i]);
		assert_refused(web_open(&o, &web, &err), err, REASON_PROVISION_STOP);
	}
	o = options("https://api.example.org");
	o.login = "a:b";
	assert_refused(web_open(&o, &web, &err), err, REASON_PROVISION_STOP);
	assert_null(web);
}

static void waits_as_long_as_the_answer_says(void **state)
{
	static const struct {
		struct scripted first;
		int64_t seconds;
	} rows[] = {
		{{"429 Too Many Requests", "{}", "Retry-After: 7\r\n"}, 7},
		{{"503 Service Unavailable", "{}", "Retry-After: Wed, 18 Nov 2026 11:06:50 GMT\r\n"}, 10},
		/* the server's clock is five minutes behind ours */
		{{"503 Service Unavailable", "{}", "Date: Wed, 18 Nov 2026 11:01:40 GMT\r\nRetry-After: Wed, 18 Nov 2026 11:01:52 GMT\r\n"}, 12},
		{{"429 Too Many Requests", "{}", "X-RateLimit-Reset: 2026-11-18T11:06:55Z\r\n"}, 15},
		{{"429 Too Many Requests", "{}", "X-RateLimit-Reset: 1795000020\r\n"}, 20},
		{{"429 Too Many Requests", "{}", "Retry-After: 3\r\nX-RateLimit-Reset: 2026-11-18T11:06:55Z\r\n"}, 3},
		{{"500 Internal Server Error", "{}"}, 1},
		{{"502 Bad Gateway", "<html>"}, 1},
		{{"429 Too Many Requests", "{}", "Retry-After: soon\r\n"}, 1},
		{{"429 Too Many Requests", "{}", "Retry-After: 0\r\n"}, 1},
	};
	struct web_answer got;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct scripted script[] = {rows[i].first, {"200 OK", "{}"}, {NULL}};

		open_at(script);
		wait_count = 0;
		assert_done(get("/x", &got), err);
		assert_int_equal(got.status, 200);
		assert_int_equal(got.requests, 2);
		assert_true(wait_count >= 1);
		assert_in_range(waits[0], rows[i].seconds * 1000000, rows[i].seconds * 4000000 / 3);
		web_close(web);
		scripted_end();
	}
	web = NULL;
}

/* 290 bytes: a key behind them would be cut in the middle. */
#define TEN "0123456789"
#define LONG TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN

static int64_t waited(void)
{
	int64_t all = 0;

	for (size_t i = 0; i < wait_count; i++)
		all += waits[i];
	return all;
}

static void tries_again_more_and_more_slowly_and_then_no_more(void **state)
{
	static const struct {
		struct scripted answer;
		enum reason reason;
		const char *says;
	} rows[] = {
		{{"500 Internal Server Error", "{\"detail\":\"no luck with " KEY "\"}"}, REASON_PROVISION_STEP, "500: no luck with (key)"},
		{{"500 Internal Server Error", "{\"detail\":\"" LONG KEY " and more\"}"}, REASON_PROVISION_STEP, "500: " LONG "(key)"},
		{{"503 Service Unavailable", "{}"}, REASON_PROVISION_STOP, "no success after 7 tries, 503"},
		{{"429 Too Many Requests", "{}"}, REASON_PROVISION_STOP, "429"},
		/* what is said of when to come again is no time at all: a reset is given to the minute, and so in the past */
		{{"429 Too Many Requests", "{}", "Retry-After: 0\r\n"}, REASON_PROVISION_STOP, "429"},
		{{"429 Too Many Requests", "{}", "X-RateLimit-Reset: 2026-11-18T11:06Z\r\n"}, REASON_PROVISION_STOP, "429"},
		{{.end = RESET}, REASON_PROVISION_STOP, "no success after 7 tries"},
		{{"200 OK", "{\"a", .end = CUT}, REASON_PROVISION_STOP, "no success after 7 tries"},
	};
	struct web_answer got = {.status = 77};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct scripted r = rows[i].answer;
		const struct scripted script[] = {r, r, r, r, r, r, r, r, {NULL}};

		open_at(script);
		wait_count = 0;
		assert_refused(get("/x", &got), err, rows[i].reason);
		assert_says(rows[i].says);
		assert_says("organisation: GET /x: ");
		assert_int_equal(web_requests(web), WEB_TRIES);
		assert_int_equal(scripted_requests(), WEB_TRIES);
		assert_true(waited() >= 63 * (int64_t)1000000);
		assert_int_equal(got.status, 77);
		web_close(web);
		scripted_end();
	}
	web = NULL;
}

static void does_not_wait_for_hours(void **state)
{
	static const struct scripted script[] = {{"429 Too Many Requests", "{}", "Retry-After: 7200\r\n"},
		{"429 Too Many Requests", "{}", "Retry-After: 2000000000\r\n"}, {NULL}};
	struct web_answer got;

	(void)state;
	open_at(script);
	assert_refused(get("/x", &got), err, REASON_PROVISION_STOP);
	assert_says("asks to be left alone for 7200 seconds");
	assert_int_equal(wait_count, 0);
	assert_int_equal(web_left_alone(web), NOW + 7200);
	assert_refused(get("/x", &got), err, REASON_PROVISION_STOP);
	assert_int_equal(web_left_alone(web), NOW + LEFT_ALONE_MOST);       /* nobody is silenced for 68 years by one answer */
}

static void a_connection_that_was_cut_is_opened_again(void **state)
{
	static const struct scripted script[] = {
		{"200 OK", "{}"}, {.end = RESET}, {"200 OK", "{\"a", .end = CUT}, {"200 OK", "{}", .end = CLOSE}, {"200 OK", "{\"b\":1}"}, {NULL},
	};
	struct web_answer got;

	(void)state;
	open_at(script);
	assert_done(get("/1", &got), err);
	assert_done(get("/2", &got), err);
	assert_slice_is(got.body, "{}");
	assert_done(get("/3", &got), err);
	assert_slice_is(got.body, "{\"b\":1}");
}

static void a_refused_key_ends_everything(void **state)
{
	static const struct scripted script[] = {{"401 Unauthorized", "{\"error\":\"bad " KEY "\"}"}, {NULL}};
	struct web_answer got;

	(void)state;
	open_at(script);
	assert_refused(get("/x", &got), err, REASON_PROVISION_STOP);
	assert_says("401, the key is not accepted");
	assert_int_equal(scripted_requests(), 1);
}

static void follows_no_redirect(void **state)
{
	static const struct scripted script[] = {{"302 Found", "{}", "Location: https://elsewhere.example.org/\r\n"}, {NULL}};
	struct web_answer got;

	(void)state;
	open_at(script);
	assert_refused(get("/x", &got), err, REASON_PROVISION_STOP);
	assert_says("302; redirects are not followed");
	assert_int_equal(scripted_requests(), 1);
}

static void an_endless_answer_is_cut(void **state)
{
	static const struct scripted script[] = {{"200 OK", "{}", .large = WEB_BODY_MOST}, {"200 OK", "{}", .large = WEB_BODY_MOST}, {NULL}};
	bool too_large = false;
	struct web_call call = {.endpoint = "/x", .path = "/x", .too_large = &too_large};
	struct web_answer got;

	(void)state;
	open_at(script);
	assert_refused(get("/x", &got), err, REASON_PROVISION_STOP);
	assert_says("is larger than");
	assert_done(web_do(a, web, &call, &got, &err), err);
	assert_true(too_large);
}

static void stops_when_it_is_told_to(void **state)
{
	static const struct scripted script[] = {{.end = SILENT}, {NULL}};
	static const struct scripted busy[] = {{"503 Service Unavailable", "{}"}, {"200 OK", "{}"}, {NULL}};
	struct web_answer got;

	(void)state;
	open_at(script);
	stop_at = 3;
	assert_refused(get("/x", &got), err, REASON_PROVISION_STOP);
	assert_says("told to stop");
	web_close(web);
	scripted_end();
	open_at(busy);
	asked = 0;
	stop_at = 1000;
	assert_done(get("/x", &got), err);
	web_close(web);
	web = NULL;
}

static void asks_whether_to_go_on_while_it_really_waits(void **state)
{
	static const struct scripted script[] = {{"503 Service Unavailable", "{}", "Retry-After: 60\r\n"}, {NULL}};
	struct web_options o = options(scripted_begin(a, script));
	struct web_answer got;

	(void)state;
	o.instead_of_waiting = NULL;
	assert_done(web_open(&o, &web, &err), err);
	stop_at = 6;
	assert_refused(get("/x", &got), err, REASON_PROVISION_STOP);
	assert_says("told to stop");
}

static void gives_up_on_who_never_answers(void **state)
{
	const struct scripted s = {.end = SILENT}, script[] = {s, s, s, s, s, s, s, s, {NULL}};
	struct web_options o = options(scripted_begin(a, script));
	struct web_answer got;

	(void)state;
	o.seconds = 1;
	assert_done(web_open(&o, &web, &err), err);
	assert_refused(get("/x", &got), err, REASON_PROVISION_STOP);
	assert_says("timed out");
}

static void says_what_a_key_needs_that_may_not(void **state)
{
	static const struct scripted script[] = {{"403 Forbidden", "{\"errorMessage\":\"no\\nway\"}"}, {NULL}};
	struct web_call call = {.endpoint = "/x", .path = "/x", .needs = "a Jira administrator"};
	struct web_answer got;

	(void)state;
	open_at(script);
	assert_done(web_do(a, web, &call, &got, &err), err);
	assert_string_equal(got.line, "GET /x: 403 no way");
	assert_refused(web_refused(web, &call, &got, &err), err, REASON_PROVISION_STEP);
	assert_string_equal(err.detail, "organisation: GET /x: 403 no way; the key may not do that: it needs a Jira administrator");
}

static void takes_no_proxy_but_the_one_that_is_set(void **state)
{
	static const struct scripted script[] = {{"200 OK", "{}"}, {NULL}};
	struct web_answer got;

	(void)state;
	open_at(script);
	setenv("http_proxy", "http://127.0.0.1:1", 1);
	assert_done(get("/x", &got), err);
	unsetenv("http_proxy");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(sends_what_it_is_told_over_one_connection),
		TEST(logs_in_with_mail_and_token),
		TEST(sends_a_key_to_no_address_that_could_give_it_away),
		TEST(waits_as_long_as_the_answer_says),
		TEST(tries_again_more_and_more_slowly_and_then_no_more),
		TEST(does_not_wait_for_hours),
		TEST(a_connection_that_was_cut_is_opened_again),
		TEST(a_refused_key_ends_everything),
		TEST(follows_no_redirect),
		TEST(an_endless_answer_is_cut),
		TEST(stops_when_it_is_told_to),
		TEST(asks_whether_to_go_on_while_it_really_waits),
		TEST(gives_up_on_who_never_answers),
		TEST(says_what_a_key_needs_that_may_not),
		TEST(takes_no_proxy_but_the_one_that_is_set),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
