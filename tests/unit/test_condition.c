/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The grammar of conditions: what parses in which scope, and what is said where it does not. */
#include "tests/unit/condition_stage.h"

static void every_example_of_the_words_parses_in_its_scope(void **state)
{
	static const struct {
		enum condition_scope scope;
		const char *example;
	} table[] = {
#define JOINER(word, form, meaning, example) {CONDITION_RULE, example},
#define TEST(word, scope, form, meaning, example) {CONDITION_##scope, example},
#define OPERATOR(name, word, form, meaning, example) {CONDITION_RULE, example},
#include "policies/words.def"
	};

	const struct policy_condition staff = {.name = "staff"};
	struct policy_names named = two;

	(void)state;
	named.conditions = &staff;
	named.condition_count = 1;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		parses(table[i].example, table[i].scope, &named);
		parses(table[i].example, CONDITION_REQUIRE, &named);
	}
}

static void parses_what_administrators_write(void **state)
{
	static const char *const table[] = {
		"member of \"cn=jira-agents,ou=groups,dc=example,dc=org\"",
		"member of 'cn=jira-agents,ou=groups,dc=example,dc=org'",
		"member of 'corp:cn=jira-agents,ou=groups,dc=example,dc=org'",
		"member of corp:jira-agents and not department = \"Sales\"",
		"mail like \"*@example.org\" or (title = Engineer and directory is corp)",
		"member of 'corp:All Staff'",
		"member of 'cn=a:b,dc=example'",
		"MEMBER OF corp:x AND NOT (Department PRESENT)",
		"department='O''Neill & Söhne'",
		"department=\"say \"\"no\"\"\"",
		"a = b\n\tand c = d\r\n",
		"attribute member like '*'",
		"attribute guest = yes",
		"2.5.4.11 = x",
		"cn;lang-de = Köln",
		"department in (a)",
		"department in (a, 'b c', d)",
		"not not a present",
		"department = present",
		"((((a = b))))",
		"member of (corp:x, 'cn=y,dc=z')",
		"member of set teams and not member of set nothing",
		"member of 'corp:set' and department in set offices or department like set offices",
		"title like ('*engineer*', Lead)",
		"level >= 3 and level<10 and level > -2 and level <= +7",
		"contractEnd before today and contractEnd since 2026-01-01 or contractEnd until 2026-12-31T18:00:00Z",
		"lastLogonTimestamp after today - 90 days and x before today + 1 day",
		"today since 2026-01-01 and today before 2026-12-31T18:00+01:00",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		parses(table[i], CONDITION_RULE, &two);
	parses("member of jira-agents", CONDITION_RULE, &one);
}

static void parses_facts_of_the_sign_on_under_require(void **state)
{
	static const char *const table[] = {
		"mfa and client in 10.0.0.0/8, 192.0.2.7 and not guest",
		"door is helpdesk or claim \"http://…/role\" = \"admin\"",
		"door is portal and door kind is managed",
		"DOOR KIND IS Portal",
		"claim role in (a, b) or claim http://x/y present or claim groups like jira-*",
		"user is member and not user is guest and link is help",
		"client in set networks or time in 22:00-06:00, 08:00-24:00 and weekday in mon-fri, Sunday, sat-sun",
		"tenant is 7B1c2d3e-4f50-4a61-8b72-93a4b5c6d7e8 and claim level > 3 and claim http://x/end before today",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		parses(table[i], CONDITION_REQUIRE, &two);
}

#define TEXT_OPS "`=`, `!=`, `like`, `in` or `present`"
#define OPS "`=`, `!=`, `like`, `in`, `present`, `<`, `<=`, `>`, `>=`, `before`, `since`, `until` or `after`"
#define A_DATE "a date: 2026-12-31, 2026-12-31T18:00Z, today, or `today - 30 days`"
#define QUOTES "; a value with blanks or signs in it needs quotes"
#define A_TEST "a test like `member of …` or `attribute = value`"

static void says_where_and_what_was_expected(void **state)
{
	static const struct refusal table[] = {
		{NULL, "the condition is missing"},
		{"", "the condition is empty"},
		{" \n", "the condition is empty"},
		{"a = b and", "column 10: the condition ends, expected " A_TEST},
		{"and a = b", "column 1: found `and`, expected " A_TEST},
		{"a = b or or c = d", "column 10: found `or`, expected " A_TEST},
		{"'x' = b", "column 1: found `'x'`, expected " A_TEST},
		{"()", "column 2: found `)`, expected " A_TEST},
		{"(a = b", "column 7: the condition ends, expected `and`, `or` or the `)` for the `(` in column 1"},
		{"(a = b, c)", "column 7: found `,`, expected `and`, `or` or the `)` for the `(` in column 1"},
		{"a = b)", "column 6: found `)`, expected `and`, `or` or the end: no `(` is open"},
		{"a = b c",
			"column 7: found `c`, expected `and`, `or` or the end" QUOTES},
		{"a = b adn c = d", "column 7: found `adn`, expected `and`, `or` or the end; did you mean `and`?"},
		{"title = Engineer,Lead",
			"column 17: found `,`, expected `and`, `or` or the end" QUOTES},
		{"a = 'b", "column 5: the quote ' that opens here is never closed"},
		{"ü = x", "column 1: found `ü`, expected the name of an LDAP attribute"},
		{"a = Köln Süd",
			"column 10: found `Süd`, expected `and`, `or` or the end" QUOTES},
		{"department", "column 11: the condition ends, expected " OPS " after `department`"},
		{"department is Sales", "column 12: found `is`, expected " OPS "; `is` goes with `directory` and `door`"},
		{"department not like x",
			"column 12: found `not`, expected " OPS "; `not` stands before the whole test: not department …"},
		{"department lke x", "column 12: found `lke`, expected " OPS "; did you mean `like`?"},
		{"department 'x'", "column 12: found `'x'`, expected " OPS " after `department`"},
		{"department 'in' (x)", "column 12: found `'in'`, expected " OPS " after `department`"},
		{"memeber of corp:x", "column 9: found `of`, expected " OPS " after `memeber`; did you mean `member`?"},
		{"mfaa", "column 5: the condition ends, expected " OPS " after `mfaa`; did you mean `mfa`?"},
		{"department = ''",
			"column 14: found `''`, expected a value that is not empty; no value at all is `not NAME present`"},
		{"department = and", "column 14: found `and`, expected a value; in quotes it would be one"},
		{"department = (a)", "column 14: found `(`, expected a value"},
		{"department in a, b", "column 15: found `a`, expected `(` and values with commas between them, or `set` and its name"},
		{"department in ()", "column 16: found `)`, expected a value"},
		{"department in (a b)", "column 18: found `b`, expected `,` or `)`"},
		{"attribute 'x y' = z", "column 11: found `'x y'`, expected the name of an LDAP attribute"},
		{"directory corp", "column 11: found `corp`, expected `is`"},
		{"dn = 'dc=example'", "column 4: found `=`, expected `under`"},
		{"dn under example", "column 10: `example` is not a DN (RFC 4514)"},
	};

	(void)state;
	REFUSES(table, CONDITION_RULE);
}

static void says_what_is_wrong_with_sets_numbers_and_dates(void **state)
{
	static const struct refusal table[] = {
		{"department in set office", "column 19: no set is called `office`; did you mean `offices`?"},
		{"member of set mistaken", "column 15: no directory is called `crop`; did you mean `corp`? (a group of set mistaken)"},
		{"member of (corp:x corp:y)", "column 19: found `corp:y`, expected `,` or `)`"},
		{"member of (corp:x, y)", "column 20: the group `y` may be in several directories; write corp:y or its DN"},
		{"title matches 'x.*'", "column 7: found `matches`, expected `like` and a pattern with * and ?"},
		{"mail > 3", "column 6: found `>`, expected " TEXT_OPS " after `mail`"},
		{"mail before today", "column 6: found `before`, expected " TEXT_OPS " after `mail`"},
		{"level >= x", "column 10: `x` is not a whole number between -9223372036854775807 and 9223372036854775807; "
			"dates are compared with `before`, `since`, `until` and `after`"},
		{"level > 9223372036854775808", "column 9: `9223372036854775808` is not a whole number between -9223372036854775807 and "
			"9223372036854775807; dates are compared with `before`, `since`, `until` and `after`"},
		{"x before", "column 9: the condition ends, expected " A_DATE},
		{"x before 2026-02-30", "column 10: found `2026-02-30`, expected " A_DATE},
		{"x before today-90", "column 10: found `today-90`, expected " A_DATE},
		{"x before today - x days", "column 18: found `x`, expected a number of days, at most 36500"},
		{"x before today - 36501 days", "column 18: found `36501`, expected a number of days, at most 36500"},
		{"x before today - 30", "column 20: the condition ends, expected `days`"},
		{"today is 2026-12-31", "column 7: found `is`, expected `before`, `since`, `until` or `after` and a date"},
		{"today before today", "column 14: found `today`, expected a date: today is compared with 2026-12-31 or 2026-12-31T18:00Z"},
		{"condition x", "column 11: no condition is called `x`; there is: none is set up"},
	};

	(void)state;
	REFUSES(table, CONDITION_RULE);
}

static void says_what_to_write_instead_of_a_habit(void **state)
{
	static const struct refusal table[] = {
		{"a == b", "column 3: found `==`, expected `=`"},
		{"a =~ b", "column 3: found `=~`, expected `like` and a pattern with * and ?"},
		{"a <> b", "column 3: found `<>`, expected `!=`"},
		{"a = b && c = d", "column 7: found `&&`, expected `and`"},
		{"a = b & c = d", "column 7: found `&`, expected `and`"},
		{"a = b || c = d", "column 7: found `||`, expected `or`"},
		{"!(a = b)", "column 1: found `!`, expected `not` or `!=`"},
		{"(&(a=b)(c=d))", "column 2: found `&`, expected `and`"},
		{"a => 3", "column 3: found `=>`, expected `>=`"},
		{"a =< 3", "column 3: found `=<`, expected `<=`"},
		{"a ~ b", "column 3: found `~`, which means nothing outside quotes"},
		{"a = \"x\\\"y\"",
			"column 9: found `y`, expected `and`, `or` or the end" QUOTES},
		{"a = “b”", "column 5: found a typographic quote, expected ' or \""},
		{"member\xc2\xa0of corp:x", "column 7: found a non-breaking blank, expected a plain one"},
		{"a = x\x01", "the condition is not UTF-8 text, or holds control characters"},
		{"a = x\xff", "the condition is not UTF-8 text, or holds control characters"},
	};

	(void)state;
	REFUSES(table, CONDITION_RULE);
}

static void names_groups_directories_doors_and_networks_in_errors(void **state)
{
	static const struct refusal rules[] = {
		{"member corp:x", "column 8: found `corp:x`, expected `of`"},
		{"member of", "column 10: the condition ends, expected a group: a DN in quotes, or directory:cn"},
		{"member of cn=x,dc=y",
			"column 13: found `=`, expected `and`, `or` or the end; a DN needs quotes: member of \"cn=…\""},
		{"member of '=x'", "column 11: `=x` is not a DN (RFC 4514)"},
		{"member of 'corp:=x'", "column 11: `=x` is not a DN (RFC 4514)"},
		{"member of agents",
			"column 11: the group `agents` may be in several directories; write corp:agents or its DN"},
		{"member of crop:agents", "column 11: no directory is called `crop`; did you mean `corp`?"},
		{"member of Corp:agents", "column 11: no directory is called `Corp`; did you mean `corp`?"},
		{"member of entra:agents", "column 11: no directory is called `entra`; there is: corp, lab"},
		{"member of 'entra:cn=x,dc=y'", "column 11: no directory is called `entra`; there is: corp, lab"},
		{"member of corp:", "column 11: `corp:` names a directory, but no group"},
		{"directory is copr", "column 14: no directory is called `copr`; did you mean `corp`?"},
	};
	static const struct refusal requirements[] = {
		{"method is pasword", "column 11: no way of signing on is called `pasword`; did you mean `password`?"},
		{"method is fido", "column 11: no way of signing on is called `fido`; there is: mfa, password, windows, x509"},
		{"method x509", "column 8: found `x509`, expected `is`"},
		{"door is helpdisk", "column 9: no connection is called `helpdisk`; did you mean `helpdesk`?"},
		{"door is managed", "column 9: no connection is called `managed`; there is: organisation, helpdesk, portal"},
		{"door = helpdesk",
			"column 6: found `=`, expected `is` and a connection, or `kind is managed` or `kind is portal`"},
		{"door kind is customer", "column 14: found `customer`, expected `managed` or `portal`"},
		{"door kind managed", "column 11: found `managed`, expected `is`"},
		{"client in 10.0.0.1/8",
			"column 11: `10.0.0.1/8` has bits set behind its prefix length; "
			"expected a network like 10.0.0.0/8 or 2001:db8::/32"},
		{"client in 10.0.0.0/8, intranet",
			"column 23: `intranet` is not a numeric address; "
			"expected a network like 10.0.0.0/8 or 2001:db8::/32"},
		{"client in (10.0.0.0/8)", "column 11: found `(`, expected a network like 10.0.0.0/8"},
		{"claim = x", "column 7: found `=`, expected the name of a claim in quotes"},
		{"claim role", "column 11: the condition ends, expected " OPS " after `claim`"},
		{"user is admin", "column 9: found `admin`, expected `guest` or `member`"},
		{"tenant is example.org", "column 11: `example.org` is not a tenant ID like 7b1c2d3e-4f50-4a61-8b72-93a4b5c6d7e8"},
		{"link is hlep", "column 9: no link is called `hlep`; did you mean `help`?"},
		{"client in set offices", "column 15: `Berlin` is not a numeric address; expected a network like 10.0.0.0/8 or 2001:db8::/32"},
		{"time in 8-18", "column 9: found `8-18`, expected a span of time like 07:00-19:00, or 22:00-06:00 over midnight"},
		{"time in 08:00-08:00", "column 9: found `08:00-08:00`, expected a span of time like 07:00-19:00, or 22:00-06:00 over midnight"},
		{"time in 24:00-08:00", "column 9: found `24:00-08:00`, expected a span of time like 07:00-19:00, or 22:00-06:00 over midnight"},
		{"time in 08:00-24:01", "column 9: found `08:00-24:01`, expected a span of time like 07:00-19:00, or 22:00-06:00 over midnight"},
		{"weekday in mo-fri", "column 12: found `mo-fri`, expected a day of the week like mon or monday, or mon-fri"},
		{"weekday is monday", "column 9: found `is`, expected `in`"},
	};

	(void)state;
	REFUSES(rules, CONDITION_RULE);
	REFUSES(requirements, CONDITION_REQUIRE);
}

static void a_rule_with_a_fact_of_the_sign_on_is_sent_to_require(void **state)
{
	static const char *const words[] = {"mfa", "guest", "method is x509", "door is helpdesk", "client in 10.0.0.0/8", "claim role = x",
		"user is member", "tenant is 7b1c2d3e-4f50-4a61-8b72-93a4b5c6d7e8", "link is help", "time in 08:00-18:00", "weekday in mon-fri"};
	struct condition *c = NULL;
	struct error err;
	char *text, *wanted;

	(void)state;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		text = arena_printf(a, "a = b and not %s", words[i]);
		wanted = arena_printf(a, "column 15: `%.*s` is a fact of one sign-on and belongs under `require`",
			(int)strcspn(words[i], " "), words[i]);
		assert_refused(condition_parse(a, text, CONDITION_RULE, &two, &c, &err), err, REASON_RULE);
		assert_true(slice_begins(slice_c(err.detail), wanted));
		parses(text, CONDITION_REQUIRE, &two);
	}
}

/* ---- beside parsing ---- */

static void shows_the_place_of_an_error(void **state)
{
	static const struct {
		const char *text, *detail, *caret;
	} table[] = {
		{"a = b adn c = d", "column 7: found", "a = b adn c = d\n      ^"},
		{"ü = b\n\tadn c", "column 8: found", "ü = b  adn c\n       ^"},
		{"a", "column 2: ends", "a\n ^"},
	};
	const char *caret;

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		assert_string_equal(condition_caret(a, table[i].text, table[i].detail), table[i].caret);
	assert_null(condition_caret(a, "a = b", "the condition is empty"));
	assert_null(condition_caret(a, "a = \xff", "column 1: x"));
	assert_null(condition_caret(a, "a = b", "column x"));
	assert_null(condition_caret(a, NULL, "column 1: x"));
	caret = condition_caret(a, repeated("", "0123456789", 20, ""), "column 101: x");
	assert_string_equal(caret, arena_printf(a, "…%s…\n%61s^", repeated("", "0123456789", 10, ""), ""));
}

static void a_group_needs_a_directory_that_is_set_up(void **state)
{
	static const char *const none[] = {NULL};
	const struct policy_names names[] = {{.normalize = normalize, .directories = none, .doors = none}, {.normalize = normalize}};
	struct condition *c = NULL;
	struct error err;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		assert_refused(condition_parse(a, "member of x", CONDITION_RULE, &names[i], &c, &err), err, REASON_RULE);
		assert_string_equal(err.detail, "column 11: no directory is set up, so there is no group `x`");
		assert_refused(condition_parse(a, "directory is x", CONDITION_RULE, &names[i], &c, &err), err, REASON_RULE);
		assert_string_equal(err.detail, "column 14: no directory is called `x`; there is: none is set up");
	}
}

/* Whatever an editor's slip makes of a condition either parses or is refused with words. */
static void damaged_conditions_parse_or_say_why(void **state)
{
	static const char intact[] = "member of 'corp:cn=x,dc=y' and not (a in (b, \"c\") or mail like '*@x') or client in 10.0.0.0/8 "
		"and claim \"http://x/y\" != z and door kind is portal or dn under \"dc=y\"";
	static const char bytes[] = "'\"()=!,*:/ \\<&|\n\xc3\xbc\xe2\x80\x9c" "andorti0";
	size_t parsed = 0, refused = 0;
	char text[sizeof(intact)];
	struct condition *c;
	struct error err;
	uint32_t seed = 7;

	(void)state;
	for (int round = 0; round < 20000; round++) {
		memcpy(text, intact, sizeof(text));
		for (int i = round % 4; i >= 0; i--) {
			seed = seed * 1664525u + 1013904223u;
			text[(seed >> 8) % (sizeof(text) - 1)] = bytes[(seed >> 20) % (sizeof(bytes) - 1)];
		}
		c = NULL;
		err = (struct error){0};
		if (condition_parse(a, text, CONDITION_REQUIRE, &two, &c, &err) == 0) {
			parsed++;
			assert_non_null(c);
			continue;
		}
		refused++;
		assert_null(c);
		if (err.reason != REASON_RULE || !err.detail[0])
			fail_msg("`%s`: %s", text, reason_word(err.reason));
	}
	assert_true(parsed > 500);
	assert_true(refused > 5000);
}

static void note(const char *name, void *context)
{
	struct text *t = context;

	text_add_c(t, name);
	text_add_c(t, "|");
}

static void tells_which_attributes_and_groups_it_uses(void **state)
{
	struct condition *c;
	struct error err;
	struct text t;

	(void)state;
	assert_done(condition_parse(a, "(department = x or not (title present and mail like 'y')) and attribute mail = z "
		"and (member of 'CN=X, dc=y' or member of corp:agents) and not member of lab:x and claim c = d",
			CONDITION_REQUIRE, &two,
		&c, &err), err);
	text_begin(&t, a, 64);
	condition_attributes(c, note, &t);
	assert_slice_is(text_slice(&t), "department|title|mail|");
	text_begin(&t, a, 64);
	condition_groups(c, note, &t);
	assert_slice_is(text_slice(&t), "CN=X, dc=y|corp:agents|lab:x|");
	text_begin(&t, a, 64);
	condition_groups(NULL, note, &t);
	assert_slice_is(text_slice(&t), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST_OF(every_example_of_the_words_parses_in_its_scope),
		TEST_OF(parses_what_administrators_write),
		TEST_OF(parses_facts_of_the_sign_on_under_require),
		TEST_OF(says_where_and_what_was_expected),
		TEST_OF(says_what_is_wrong_with_sets_numbers_and_dates),
		TEST_OF(says_what_to_write_instead_of_a_habit),
		TEST_OF(names_groups_directories_doors_and_networks_in_errors),
		TEST_OF(a_rule_with_a_fact_of_the_sign_on_is_sent_to_require),
		TEST_OF(shows_the_place_of_an_error),
		TEST_OF(a_group_needs_a_directory_that_is_set_up),
		TEST_OF(damaged_conditions_parse_or_say_why),
		TEST_OF(tells_which_attributes_and_groups_it_uses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
