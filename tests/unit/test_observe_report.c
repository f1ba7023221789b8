/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What `postern observe report` counts of the audit, and that nothing of it reaches a terminal but text. */
#include "tests/unit/arena.h"

#include "base/file.h"
#include "gateway/commands/observe_report.h"

#include <jansson.h>
#include <unistd.h>

#define PERSON "\"door\":\"organisation\",\"dn\":\"uid=a,dc=x\",\"mail\":\"a@example.org\""
#define OTHER "\"door\":\"second\",\"dn\":\"uid=b,dc=x\",\"mail\":\"b@example.org\""
#define DENIED "\"observed\":{\"verdict\":\"denied\",\"outcome\":\"deny\",\"reason\":\"denied-by-default\",\"passage\":\"refuse\"}"
#define BY_RULE "\"observed\":{\"verdict\":\"denied\",\"outcome\":\"deny\",\"rule\":\"left\",\"reason\":\"denied-by-rule\",\"passage\":\"refuse\"}"
#define SAME "\"observed\":{\"verdict\":\"same\",\"outcome\":\"licensed\",\"rule\":\"agents\",\"passage\":\"assert\"}"

static struct settings settings;
static char path[] = "/tmp/postern-observe-XXXXXX";

static void feed(struct observe_report *r, const char *const *lines)
{
	for (; *lines; lines++)
		observe_report_line(r, slice_c(*lines));
}

/* What it prints, by way of a file. */
static const char *printed(struct observe_report *r, enum report_form format)
{
	int fd = mkstemp(path), kept = dup(STDOUT_FILENO);
	struct slice bytes;
	struct error err;

	fflush(stdout);
	assert_true(fd >= 0 && kept >= 0 && dup2(fd, STDOUT_FILENO) >= 0);
	observe_report_print(r, format);
	fflush(stdout);
	assert_true(dup2(kept, STDOUT_FILENO) >= 0);
	close(kept);
	close(fd);
	assert_done(file_read(a, path, FILE_PUBLIC, 1 << 20, &bytes, &err), err);
	unlink(path);
	memset(path + sizeof(path) - 7, 'X', 6);
	return arena_copy(a, bytes);
}

static json_int_t number(const json_t *o, const char *verdict, const char *key)
{
	return json_integer_value(json_object_get(json_object_get(json_object_get(o, "totals"), verdict), key));
}

static void counts_people_and_sign_ons_by_what_the_rules_said(void **state)
{
	static const char *const lines[] = {
		"{\"time\":\"2026-11-24T10:00:00Z\",\"event\":\"assertion\"," PERSON "," DENIED "}\n",
		"{\"time\":\"2026-11-24T11:00:00Z\",\"event\":\"assertion\"," PERSON "," DENIED "}\n",
		/* the rules were changed: one person, two words */
		"{\"time\":\"2026-11-24T12:00:00Z\",\"event\":\"assertion\"," PERSON "," BY_RULE "}\n",
		"{\"time\":\"2026-11-24T12:00:00Z\",\"event\":\"assertion\"," OTHER "," SAME "}\n",
		"{\"time\":\"2026-11-24T12:00:00Z\",\"event\":\"assertion\"," OTHER ",\"outcome\":\"licensed\"}\n",
		/* refused in spite of it, for its own reason */
		"{\"time\":\"2026-11-24T12:00:00Z\",\"event\":\"refusal\",\"reason\":\"account-kind\"," OTHER "," DENIED "}\n",
		"not JSON, and no matter\n", "{\"time\":\"2026-11-24T12:00:00Z\",\"observed\":{\"verdict\":\"de\n",
		"{\"observed\":{\"verdict\":\"denied\"}," PERSON "}\n", "{\"time\":\"2026-11-24T12:00:00Z\"," PERSON ",\"observed\":{\"verdict\":\"new\"}}\n",
		NULL,
	};
	struct observe_report *r = observe_report_new(a, &settings, NULL, 0);
	json_t *o;

	(void)state;
	feed(r, lines);
	o = json_loads(printed(r, REPORT_JSON), 0, NULL);
	assert_non_null(o);
	assert_int_equal(json_integer_value(json_object_get(o, "observed")), 5);
	assert_int_equal(json_integer_value(json_object_get(o, "unreadable")), 3);
	assert_int_equal(number(o, "denied", "sign_ons"), 3);
	assert_int_equal(number(o, "denied", "people"), 1);
	assert_int_equal(number(o, "same", "sign_ons"), 1);
	assert_int_equal(number(o, "refused", "people"), 1);
	assert_int_equal(number(o, "elsewhere", "sign_ons"), 0);
	assert_int_equal(json_array_size(json_object_get(o, "people")), 4);
	json_decref(o);
}

static void looks_at_one_door_and_from_a_time_on(void **state)
{
	static const char *const lines[] = {
		"{\"time\":\"2026-11-24T10:00:00Z\",\"event\":\"assertion\"," PERSON "," DENIED "}\n",
		"{\"time\":\"2026-11-24T11:00:00Z\",\"event\":\"assertion\"," PERSON "," DENIED "}\n",
		"{\"time\":\"2026-11-24T11:00:00Z\",\"event\":\"assertion\"," OTHER "," DENIED "}\n", NULL,
	};
	struct observe_report *r = observe_report_new(a, &settings, "organisation", 1795518000);

	(void)state;
	feed(r, lines);
	assert_int_equal(r->observed, 1);
	assert_int_equal(r->first, 1795518000);
	assert_string_equal(r->people[0]->mail, "a@example.org");
	printed(r, REPORT_TEXT);
}

/* A worker that was taken over writes what it likes into the audit. */
static void prints_nothing_but_plain_text(void **state)
{
	static const char *const lines[] = {
		"{\"time\":\"2026-11-24T10:00:00Z\",\"event\":\"assertion\",\"door\":\"o\",\"dn\":\"=cmd|' /C calc'!A0\",\"mail\":\"\\u001b[2Ja\\n@b\"," DENIED "}\n",
		"{\"time\":\"2026-11-24T10:00:00Z\",\"event\":\"assertion\",\"door\":\"o\",\"dn\":\"d\\\"q\",\"mail\":\"+1@b\"," BY_RULE "}\n", NULL,
	};
	enum report_form format;

	(void)state;
	for (format = REPORT_TEXT; format <= REPORT_JSON; format++) {
		struct observe_report *r = observe_report_new(a, &settings, NULL, 0);
		const char *text, *p;

		feed(r, lines);
		text = printed(r, format);
		for (p = text; *p; p++)
			assert_true((unsigned char)*p >= 0x20 || *p == '\n' || *p == '\r');
		if (format != REPORT_CSV)
			continue;
		assert_non_null(strstr(text, "\"'=cmd|' /C calc'!A0\""));
		assert_non_null(strstr(text, "\"'+1@b\",\"d\"\"q\""));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(counts_people_and_sign_ons_by_what_the_rules_said, begin, end),
		cmocka_unit_test_setup_teardown(looks_at_one_door_and_from_a_time_on, begin, end),
		cmocka_unit_test_setup_teardown(prints_nothing_but_plain_text, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
