/* SPDX-License-Identifier: GPL-3.0-or-later */
/* base/encode.c and base/text.c: what is read strictly, and what is escaped for where it goes. */
#include "tests/unit/arena.h"

#include "base/encode.h"
#include "base/random.h"
#include "base/text.h"

static void refuses_nul_in_c_strings(void **state)
{
	struct error err;
	const char *out = "kept";

	(void)state;
	assert_refused(arena_cstr(a, slice_of("a\0b", 3), REASON_BAD_NAME_ID, &out, &err), err, REASON_BAD_NAME_ID);
	assert_string_equal(out, "kept");
	assert_done(arena_cstr(a, slice_of("ab", 2), REASON_BAD_NAME_ID, &out, &err), err);
	assert_string_equal(out, "ab");
}

static void decodes_base64_strictly(void **state)
{
	static const struct { const char *in, *out; } rows[] = {
		{"", ""}, {"Zg==", "f"}, {"Zm8=", "fo"}, {"Zm9v", "foo"}, {"Zm9vYg==", "foob"}, {"Zm\r\n9v", "foo"}, {"Zm9vYmFy", "foobar"},
		{"Zg=", NULL}, {"Zg", NULL}, {"Zh==", NULL}, {"Zm9=", NULL}, {"Zm9v=", NULL}, {"Zm9v====", NULL}, {"Z", NULL}, {"Zg==Zg==", NULL},
		{"Zm-v", NULL}, {"Zm9v!", NULL},
	};
	struct slice out;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		int rc = base64_decode(a, slice_c(rows[i].in), &out);

		if (!rows[i].out) {
			assert_int_equal(rc, -1);
			continue;
		}
		assert_int_equal(rc, 0);
		assert_slice_is(out, rows[i].out);
	}
}

static void round_trips_base64url_of_any_length(void **state)
{
	unsigned char bytes[70];
	struct slice out;
	size_t n;

	(void)state;
	for (n = 0; n < sizeof(bytes); n++) {
		random_bytes(bytes, n);
		assert_int_equal(base64url_decode(a, slice_c(base64url_encode(a, slice_of(bytes, n))), &out), 0);
		assert_int_equal(out.n, n);
		assert_memory_equal(out.p, bytes, n);
	}
	assert_int_equal(base64url_decode(a, slice_c("Zg=="), &out), -1);
	assert_int_equal(base64url_decode(a, slice_c("Zm 9v"), &out), -1);
}

static void decodes_forms_strictly(void **state)
{
	static const struct { const char *in, *out; } rows[] = {
		{"a+b%20c", "a b c"}, {"%2f%2F", "//"}, {"", ""}, {"%c3%a4", "\xc3\xa4"}, {"%", NULL}, {"%4", NULL}, {"a%zz", NULL}, {"%-1", NULL},
	};
	struct slice out;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		int rc = form_decode(a, slice_c(rows[i].in), &out);

		assert_int_equal(rc, rows[i].out ? 0 : -1);
		if (rows[i].out)
			assert_slice_is(out, rows[i].out);
	}
}

static void finds_form_values_once(void **state)
{
	struct slice q = slice_c("SAMLRequest=a%2fb&RelayState=&x&SAMLRequestx=1"), raw;

	(void)state;
	assert_int_equal(form_find(q, "SAMLRequest", &raw), 1);
	assert_slice_is(raw, "a%2fb");
	assert_int_equal(form_find(q, "RelayState", &raw), 1);
	assert_slice_is(raw, "");
	assert_int_equal(form_find(q, "x", &raw), 1);
	assert_int_equal(form_find(q, "Signature", &raw), 0);
	assert_int_equal(form_find(slice_c("a=1&b=2&a=1"), "a", &raw), -1);
	assert_int_equal(form_find((struct slice){0}, "a", &raw), 0);
}

#define SLICE(text) {text, sizeof(text) - 1}

/* What a signature covers is found by this, so no two readings: one separator, and names as they are sent. */
static void finds_nothing_by_odd_separators_and_names(void **state)
{
	static const struct { struct slice query; int count; const char *raw; } rows[] = {
		{SLICE("&&a=1&&"), 1, "1"}, {SLICE("&a=1&=a&="), 1, "1"}, {SLICE("a"), 1, ""}, {SLICE("a="), 1, ""}, {SLICE("a==1"), 1, "=1"},
		{SLICE("b=1;a=1"), 0, NULL}, {SLICE("a=1;a=2"), 1, "1;a=2"}, {SLICE("%61=1"), 0, NULL}, {SLICE("A=1"), 0, NULL},
		{SLICE(" a=1"), 0, NULL}, {SLICE("a =1"), 0, NULL}, {SLICE("+a=1"), 0, NULL}, {SLICE("a[]=1"), 0, NULL}, {SLICE("a%00=1"), 0, NULL},
		{SLICE("a\0=1"), 0, NULL}, {SLICE("b\0&a=1"), 1, "1"}, {SLICE("a&a"), -1, NULL}, {SLICE("a=1&b&a"), -1, NULL}, {SLICE("a=1\n&a=2"), -1, NULL},
		{SLICE("?a=1"), 0, NULL}, {SLICE("#a=1"), 0, NULL}, {SLICE(""), 0, NULL}, {SLICE("&"), 0, NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct slice raw = {0};

		if (form_find(rows[i].query, "a", &raw) != rows[i].count)
			fail_msg("row %zu, %s", i, rows[i].query.p);
		if (rows[i].raw)
			assert_slice_is(raw, rows[i].raw);
		else
			assert_null(raw.p);
	}
}

static void reads_times_strictly(void **state)
{
	static const struct { const char *in; int64_t t; } rows[] = {
		{"1970-01-01T00:00:00Z", 0}, {"2026-11-24T13:19:16Z", 1795526356}, {"2024-02-29T23:59:59.123456Z", 1709251199},
		{"2023-02-29T00:00:00Z", -1}, {"2026-11-24T13:19:16", -1}, {"2026-11-24T13:19:16+01:00", -1}, {"2026-13-01T00:00:00Z", -1},
		{"2026-11-24 13:19:16Z", -1}, {"2026-11-24T24:00:00Z", -1}, {"2026-11-24T13:19:16.Z", -1}, {"", -1}, {"2026-11-24T13:19:16ZZ", -1},
	};
	char again[21];
	int64_t t;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		assert_int_equal(time_read(slice_c(rows[i].in), &t), rows[i].t < 0 ? -1 : 0);
		if (rows[i].t >= 0)
			assert_int_equal(t, rows[i].t);
	}
	time_write(1795526356, again);
	assert_string_equal(again, "2026-11-24T13:19:16Z");
}

/* Files of other roles hold times, and no role may end another one by what it writes there. */
static void a_time_that_nobody_could_say_is_written_as_the_nearest(void **state)
{
	static const struct { int64_t t; const char *text; } rows[] = {
		{0, "1970-01-01T00:00:00Z"}, {-1, "1970-01-01T00:00:00Z"}, {INT64_MIN, "1970-01-01T00:00:00Z"},
		{TIME_LAST, "9999-12-31T23:59:59Z"}, {TIME_LAST + 1, "9999-12-31T23:59:59Z"}, {INT64_MAX, "9999-12-31T23:59:59Z"},
	};
	char text[21];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		time_write(rows[i].t, text);
		assert_string_equal(text, rows[i].text);
	}
}

static void reads_numbers_and_durations(void **state)
{
	uint64_t v;
	int64_t s;

	(void)state;
	assert_int_equal(number_read(slice_c("8080"), 1, 65535, &v), 0);
	assert_int_equal(v, 8080);
	assert_int_equal(number_read(slice_c("65536"), 1, 65535, &v), -1);
	assert_int_equal(number_read(slice_c("+5"), 0, 9, &v), -1);
	assert_int_equal(number_read(slice_c(" 5"), 0, 9, &v), -1);
	assert_int_equal(number_read(slice_c(""), 0, 9, &v), -1);
	assert_int_equal(duration_read(slice_c("15m"), &s), 0);
	assert_int_equal(s, 900);
	assert_int_equal(duration_read(slice_c("m"), &s), -1);
	assert_int_equal(duration_read(slice_c("1w"), &s), -1);
}

static void knows_clean_utf8(void **state)
{
	static const struct { const char *in; size_t n; int clean; } rows[] = {
		{"J\xc3\xbcrgen O'Neill", 15, 1}, {"", 0, 1}, {"a\0b", 3, 0}, {"a\x1b", 2, 0}, {"\xc0\xaf", 2, 0}, {"\xed\xa0\x80", 3, 0},
		{"\xf4\x90\x80\x80", 4, 0}, {"\xc3", 1, 0}, {"\xc2\x85", 2, 0}, {"\xe2\x82\xac", 3, 1}, {"\x7f", 1, 0}, {"\xef\xbf\xbe", 3, 0},
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		assert_int_equal(utf8_is_clean(slice_of(rows[i].in, rows[i].n)), rows[i].clean);
	/* every byte at every place of a long text, where eight are looked at together */
	for (i = 0; i < 256; i++) {
		size_t k;

		for (k = 0; k < 24; k++) {
			char text[24];

			memset(text, 'x', sizeof(text));
			text[k] = (char)i;
			assert_int_equal(utf8_is_clean(slice_of(text, sizeof(text))), (i >= 0x20 && i < 0x7f) || i == '\t' || i == '\n' || i == '\r');
		}
	}
}

static void escapes_every_control_character_for_json(void **state)
{
	int c;

	(void)state;
	for (c = 0; c < 0x20; c++) {
		char byte = (char)c;
		struct text t;

		text_begin(&t, a, 1);
		text_add_json(&t, slice_of(&byte, 1));
		assert_true(t.n >= 2 && t.p[0] == '\\');
		if (t.p[1] == 'u')
			assert_int_equal(strtol(t.p + 2, NULL, 16), c);
		else
			assert_int_equal("btnvfr"[c - 8], t.p[1]);
	}
}

static void takes_control_characters_for_utf8_but_no_broken_sequence(void **state)
{
	(void)state;
	assert_true(utf8_is_valid(slice_of("\0\x1f\x7f and then some \xc2\x85\xf0\x9f\x98\x80", 24)));
	assert_false(utf8_is_valid(slice_c("eight plain bytes, then \xff")));
	assert_false(utf8_is_valid(slice_c("\xed\xa0\x80")));
	assert_false(utf8_is_valid(slice_c("cut off \xe2\x82")));
}

static void escapes_for_each_place(void **state)
{
	struct slice s = slice_c("<a href=\"x\">'&\r\n\t]]>");
	struct text t;

	(void)state;
	text_begin(&t, a, 1);
	text_add_html(&t, s);
	assert_string_equal(t.p, "&lt;a href=&quot;x&quot;&gt;&#39;&amp;&#13;&#10;&#9;]]&gt;");
	text_begin(&t, a, 1);
	text_add_xml_text(&t, s);
	assert_string_equal(t.p, "&lt;a href=\"x\"&gt;'&amp;&#xD;\n\t]]&gt;");
	text_begin(&t, a, 1);
	text_add_xml_attribute(&t, s);
	assert_string_equal(t.p, "&lt;a href=&quot;x&quot;>'&amp;&#xD;&#xA;&#x9;]]>");
	text_begin(&t, a, 1);
	text_add_url(&t, slice_c("a b/\xc3\xa4~"));
	assert_string_equal(t.p, "a%20b%2F%C3%A4~");
	text_begin(&t, a, 1);
	text_add_json(&t, slice_of("\"\\/\b\f\n\r\t\0\x1f\x7f\xc3\xa4<", 14));
	assert_string_equal(t.p, "\\\"\\\\/\\b\\f\\n\\r\\t\\u0000\\u001F\x7f\xc3\xa4<");
	text_begin(&t, a, 1);
	text_add_base64(&t, slice_c("foob"));
	assert_string_equal(t.p, "Zm9vYg==");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_nul_in_c_strings),
		cmocka_unit_test(decodes_base64_strictly),
		cmocka_unit_test(round_trips_base64url_of_any_length),
		cmocka_unit_test(decodes_forms_strictly),
		cmocka_unit_test(finds_form_values_once),
		cmocka_unit_test(finds_nothing_by_odd_separators_and_names),
		cmocka_unit_test(reads_times_strictly),
		cmocka_unit_test(a_time_that_nobody_could_say_is_written_as_the_nearest),
		cmocka_unit_test(reads_numbers_and_durations),
		cmocka_unit_test(knows_clean_utf8),
		cmocka_unit_test(escapes_for_each_place),
		cmocka_unit_test(escapes_every_control_character_for_json),
		cmocka_unit_test(takes_control_characters_for_utf8_but_no_broken_sequence),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
