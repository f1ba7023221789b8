/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Conditions that parse, and what is said about those that do not. */
#ifndef TESTS_UNIT_CONDITION_STAGE_H
#define TESTS_UNIT_CONDITION_STAGE_H

#include "tests/unit/arena.h"
#include "tests/unit/policy_names.h"

#include "base/text.h"

static inline void parses(const char *text, enum condition_scope scope, const struct policy_names *names)
{
	struct condition *c = NULL;
	struct error err = {0};

	if (condition_parse(a, text, scope, names, &c, &err) != 0 || !c)
		fail_msg("`%s`: %s", text, err.detail);
}

struct refusal {
	const char *text, *detail;
};

static inline void refuses(const struct refusal *table, size_t n, enum condition_scope scope)
{
	struct condition *c = NULL;
	struct error err;

	for (size_t i = 0; i < n; i++) {
		assert_refused(condition_parse(a, table[i].text, scope, &two, &c, &err), err, REASON_RULE);
		if (strcmp(err.detail, table[i].detail) != 0)
			fail_msg("`%s`:\n  got    %s\n  wanted %s", table[i].text, err.detail, table[i].detail);
		assert_null(c);
	}
}

#define REFUSES(table, scope) refuses(table, sizeof(table) / sizeof((table)[0]), scope)

static inline char *repeated(const char *head, const char *part, size_t n, const char *tail)
{
	struct text t;

	text_begin(&t, a, 4096);
	text_add_c(&t, head);
	while (n-- > 0)
		text_add_c(&t, part);
	text_add_c(&t, tail);
	return t.p;
}

#define TEST_OF(name) cmocka_unit_test_setup_teardown(name, begin, end)

#endif
