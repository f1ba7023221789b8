/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/unit.h"

#include "http/internal.h"

static void handle(struct http_exchange *x, void *context)
{
	(void)x;
	(void)context;
}

static const struct http_route routes[] = {
	{"/", HTTP_GET, 0, handle},                     /* 0 */
	{"/sso", HTTP_GET | HTTP_POST, 100, handle},    /* 1 */
	{"/acs/*", HTTP_POST, 100, handle},             /* 2 */
	{"/go/*", HTTP_GET, 0, handle},                 /* 3 */
	{"/form", HTTP_POST, 100, handle},              /* 4 */
	{"/form", HTTP_GET, 0, handle},                 /* 5 */
	{NULL, 0, 0, NULL},
};

static void finds_the_row_or_says_why_not(void **state)
{
	static const struct {
		const char *path;
		unsigned method;
		int row;                /* -1: none */
		enum reason why;
		const char *allow;
	} rows[] = {
		{"/", HTTP_GET, 0, REASON_NONE, ""}, {"/sso", HTTP_GET, 1, REASON_NONE, ""},
		{"/sso", HTTP_POST, 1, REASON_NONE, ""},
		{"/sso", HTTP_HEAD, 1, REASON_NONE, ""}, {"/acs/a", HTTP_POST, 2, REASON_NONE, ""},
		{"/acs/", HTTP_POST, 2, REASON_NONE, ""},
		{"/go/x/y", HTTP_GET, 3, REASON_NONE, ""}, {"/form", HTTP_POST, 4, REASON_NONE, ""},
		{"/form", HTTP_GET, 5, REASON_NONE, ""},
		{"/form", HTTP_HEAD, 5, REASON_NONE, ""},
		{"/acs/a", HTTP_GET, -1, REASON_WRONG_METHOD, "POST"},
		{"/go/a", HTTP_POST, -1, REASON_WRONG_METHOD, "GET, HEAD"},
		{"/acs/a", HTTP_HEAD, -1, REASON_WRONG_METHOD, "POST"},
		{"/form", 0, -1, REASON_WRONG_METHOD, "GET, HEAD, POST"},
		{"/acs", HTTP_POST, -1, REASON_NO_SUCH_PAGE, ""}, {"", HTTP_GET, -1, REASON_NO_SUCH_PAGE, ""},
		{"/sso/", HTTP_GET, -1, REASON_NO_SUCH_PAGE, ""}, {"/SSO", HTTP_GET, -1, REASON_NO_SUCH_PAGE, ""},
		{"//sso", HTTP_GET, -1, REASON_NO_SUCH_PAGE, ""}, {"/./sso", HTTP_GET, -1, REASON_NO_SUCH_PAGE, ""},
		{"/ss%6f", HTTP_GET, -1, REASON_NO_SUCH_PAGE, ""}, {"/go/*", HTTP_GET, 3, REASON_NONE, ""},
	};
	struct arena *a = arena_new();

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		enum reason why = REASON_NONE;
		unsigned allowed = 0;
		const struct http_route *r = route_find(routes, slice_c(rows[i].path), rows[i].method, &allowed, &why);

		if (r != (rows[i].row < 0 ? NULL : &routes[rows[i].row]) || why != rows[i].why)
			fail_msg("%s: row %d, %s", rows[i].path, r ? (int)(r - routes) : -1, reason_word(why));
		assert_string_equal(route_allow(a, allowed), rows[i].allow);
	}
	arena_free(a);
}

static void takes_targets_apart(void **state)
{
	static const struct {
		const char *target;
		enum reason why;
		const char *path, *query;       /* query NULL: none */
	} rows[] = {
		{"/", REASON_NONE, "/", NULL}, {"/a?b", REASON_NONE, "/a", "b"}, {"/a?", REASON_NONE, "/a", ""},
		{"/a?b?c", REASON_NONE, "/a", "b?c"}, {"https://h.example:8443/a?b", REASON_NONE, "/a", "b"},
		{"HTTP://H.Example:8443/a", REASON_NONE, "/a", NULL}, {"https://h.example:8443", REASON_NONE, "/", NULL},
		{"https://h.example/a", REASON_WRONG_HOST, NULL, NULL},
		{"https://h.example:84433/a", REASON_WRONG_HOST, NULL, NULL},
		{"https://h.example:8443@evil/a", REASON_WRONG_HOST, NULL, NULL},
		{"https://h.example:8443?x", REASON_WRONG_HOST, NULL, NULL},
		{"https://", REASON_BAD_REQUEST, NULL, NULL}, {"https:/h.example:8443/", REASON_BAD_REQUEST, NULL, NULL},
		{"", REASON_BAD_REQUEST, NULL, NULL}, {"*", REASON_BAD_REQUEST, NULL, NULL},
		{"a", REASON_BAD_REQUEST, NULL, NULL},
		{"//a", REASON_BAD_REQUEST, NULL, NULL}, {"?a", REASON_BAD_REQUEST, NULL, NULL},
		{"h.example:8443", REASON_BAD_REQUEST, NULL, NULL}, {"ftp://h.example:8443/", REASON_BAD_REQUEST, NULL, NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct slice path = {NULL, 0}, query = {NULL, 0};

		assert_int_equal(gate_target("h.example:8443", slice_c(rows[i].target), &path, &query), rows[i].why);
		if (!rows[i].path)
			continue;
		assert_slice_is(path, rows[i].path);
		assert_true((query.p == NULL) == (rows[i].query == NULL));
		if (rows[i].query)
			assert_slice_is(query, rows[i].query);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_the_row_or_says_why_not),
		cmocka_unit_test(takes_targets_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
