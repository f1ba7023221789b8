/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/settings/catalogue.c, gateway/settings/languages.c: what msgfmt wrote, damaged catalogues, and what browsers ask for. */
#include "tests/unit/unit.h"

#include "gateway/settings/languages.h"

static struct arena *a;
static struct languages languages;

static int begin(void **state)
{
	(void)state;
	a = arena_new();
	languages_start(a, &languages);
	return 0;
}

static int end(void **state)
{
	(void)state;
	arena_free(a);
	return 0;
}

static const struct language *in(const char *tag)
{
	return languages_find(&languages, slice_c(tag));
}

static struct slice german(void)
{
	const struct catalogue_file *file = catalogues_compiled_in;

	while (strcmp(file->language, "de") != 0)
		file++;
	return slice_of(file->bytes, file->n);
}

/* ---- catalogues ---- */

/* A catalogue of rows (original, translation), the header among them, in this byte order or the other. */
static struct slice written(const char *const (*rows)[2], uint32_t n, bool swapped)
{
	char *out = arena_alloc(a, 65536);
	uint32_t *head = (uint32_t *)(void *)out, at = 28 + 16 * n;
	uint32_t words[7] = {0x950412de, 0, n, 28, 28 + 8 * n, 0, 0};

	memcpy(head, words, sizeof(words));
	for (uint32_t side = 0; side < 2; side++) {
		for (uint32_t i = 0; i < n; i++) {
			head[7 + side * 2 * n + 2 * i] = (uint32_t)strlen(rows[i][side]);
			head[7 + side * 2 * n + 2 * i + 1] = at;
			memcpy(out + at, rows[i][side], strlen(rows[i][side]) + 1);
			at += (uint32_t)strlen(rows[i][side]) + 1;
		}
	}
	for (uint32_t i = 0; swapped && i < 7 + 4 * n; i++)
		head[i] = __builtin_bswap32(head[i]);
	return slice_of(out, at);
}

#define HEADER {"", "Content-Type: text/plain; charset=UTF-8\n"}

static void finds_what_msgfmt_wrote(void **state)
{
	struct catalogue c;
	struct error err;

	(void)state;
	assert_done(catalogue_open(german(), &c, &err), err);
	assert_true(catalogue_count(&c) > 150);
	assert_string_equal(catalogue_find(&c, "Continue"), "Weiter");
	assert_string_equal(catalogue_find(&c, reason_sentence(REASON_DENIED_BY_DEFAULT)), "Keine Regel Ihrer Organisation gibt Ihnen Zugang.");
	assert_null(catalogue_find(&c, "Continu"));
	assert_null(catalogue_find(&c, "Continued"));
	assert_null(catalogue_find(&c, "~"));
	assert_null(catalogue_find(&c, "!"));
}

static void reads_both_byte_orders(void **state)
{
	static const char *const rows[][2] = {HEADER, {"a", "A"}, {"b", "B"}, {"c", ""}};
	struct error err;

	(void)state;
	for (int swapped = 0; swapped < 2; swapped++) {
		struct catalogue c;

		assert_done(catalogue_open(written(rows, 4, swapped), &c, &err), err);
		assert_int_equal(catalogue_count(&c), 3);
		assert_string_equal(catalogue_find(&c, "a"), "A");
		assert_string_equal(catalogue_find(&c, "b"), "B");
		assert_null(catalogue_find(&c, "c"));           /* not translated */
	}
}

static void refuses_what_is_no_catalogue_of_pages(void **state)
{
	static const char *const unsorted[][2] = {HEADER, {"b", "B"}, {"a", "A"}}, *const twice[][2] = {HEADER, {"a", "A"}, {"a", "B"}},
		*const bytes[][2] = {HEADER, {"a", "\xff"}}, *const control[][2] = {HEADER, {"a", "\x1b[0m"}},
		*const latin[][2] = {{"", "Content-Type: text/plain; charset=ISO-8859-1\n"}}, *const headless[][2] = {{"a", "A"}};
	const struct {
		struct slice bytes;
		const char *says;
	} cases[] = {
		{slice_c(""), "too short"}, {slice_c("not a catalogue at all, but text"), "is not what msgfmt writes"},
		{written(unsorted, 3, false), "is not sorted"}, {written(twice, 3, false), "is not sorted"},
		{written(bytes, 2, false), "is not UTF-8"}, {written(control, 2, false), "control characters"},
		{written(latin, 1, false), "charset=UTF-8"}, {written(headless, 1, false), "charset=UTF-8"},
	};
	struct catalogue c;
	struct error err;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		assert_refused(catalogue_open(cases[i].bytes, &c, &err), err, REASON_SETTINGS);
		if (!strstr(err.detail, cases[i].says))
			fail_msg("case %zu: %s", i, err.detail);
	}
}

/* Cut anywhere, and with any number of its header and tables changed: refused, or every text can be looked up. */
static void never_reads_beside_a_damaged_catalogue(void **state)
{
	struct slice good = german();
	uint32_t tables = 28 + 16 * 180;
	struct catalogue c;
	struct error err;

	(void)state;
	for (size_t n = 0; n < good.n; n += n < 64 ? 1 : 97)
		assert_refused(catalogue_open(arena_slice(a, slice_of(good.p, n)), &c, &err), err, REASON_SETTINGS);
	for (size_t at = 0; at < tables; at += at < 128 ? 1 : 13) {
		static const char values[] = {0, 1, 0x7f, (char)0x80, (char)0xff};
		char *copy = arena_copy(a, good);

		for (size_t i = 0; i < sizeof(values); i++) {
			copy[at] = values[i];
			if (catalogue_open(slice_of(copy, good.n), &c, &err) == 0)
				catalogue_find(&c, "Continue");
		}
	}
}

/* ---- languages ---- */

static void knows_which_languages_run_from_right_to_left(void **state)
{
	static const char *const right[] = {"he", "fa-IR", "ur", "az-Arab", "yi"}, *const left[] = {"nl", "pt-BR", "az", "ar-Latn", "arn"};
	struct error err;

	(void)state;
	assert_true(in("ar")->rtl);
	assert_false(in("en")->rtl || in("de")->rtl || in("fr")->rtl);
	for (size_t i = 0; i < 5; i++) {
		assert_done(languages_add(&languages, right[i], german(), &err), err);
		assert_done(languages_add(&languages, left[i], german(), &err), err);
		assert_true(in(right[i])->rtl);
		assert_false(in(left[i])->rtl);
	}
	assert_string_equal(languages.fallback->tag, "en");
}

static void a_further_catalogue_comes_first_and_the_rest_stays(void **state)
{
	static const char *const rows[][2] = {HEADER, {"Continue", "Weitermachen"}};
	size_t before = languages.count;
	struct error err;

	(void)state;
	assert_done(languages_add(&languages, "de", written(rows, 2, false), &err), err);
	assert_int_equal(languages.count, before);
	assert_string_equal(language_say(in("de"), "Continue"), "Weitermachen");
	assert_string_equal(language_say(in("de"), "Sign out"), "Abmelden");
	assert_string_equal(language_say(in("de"), "as it is"), "as it is");
	assert_string_equal(language_say(in("en"), "Continue"), "Continue");
	assert_null(language_say(in("de"), NULL));
	assert_string_equal(language_say(in("de"), ""), "");            /* not the header */
}

static void takes_only_tags_that_can_stand_in_a_page(void **state)
{
	static const char *const good[] = {"de", "pt-BR", "zh-Hant-TW", "ast", "de-1996"};
	static const char *const bad[] = {"", "d", "DE", "german", "de-", "de--AT", "de-\"", "de-AT ", "x-y", "de-abcdefghi", "de_AT", "de-a"};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
		assert_true(language_tag_is_good(good[i]));
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		if (language_tag_is_good(bad[i]))
			fail_msg("\"%s\" is taken", bad[i]);
	}
}

static void chooses_what_the_browser_likes_best_of_what_is_there(void **state)
{
	static const struct {
		const char *accept, *chosen;
	} cases[] = {
		{NULL, "en"}, {"", "en"}, {"de", "de"}, {"DE", "de"}, {"de-CH", "de"}, {"de-Latn-CH-1996", "de"}, {"de-CH,fr;q=0.9", "de"},
		{"tlh", "en"}, {"tlh,fr;q=0.1", "fr"}, {"fr;q=0.5,de;q=0.8", "de"}, {"fr;q=0.8,de;q=0.8", "fr"}, {"en,de", "en"},
		{"en-GB;q=0.2,ar-EG;q=0.3", "ar"}, {"*", "en"}, {"*;q=0.5,fr;q=0.4", "en"}, {"de;q=0,de-CH", "en"}, {"fr;q=0,*", "en"},
		{"en;q=0,fr;q=0.1", "fr"}, {"en;q=0", "en"},
		/* a range of which only a kind is there, and subtags of one letter */
		{"pt", "pt-BR"}, {"pt-PT", "en"}, {"pt-br", "pt-BR"}, {"de-x-fun", "de"}, {"p", "en"},
		/* blanks, and what is not of the form is as if it were not there */
		{" fr ; q=0.9 ,\tde;q=0.1", "fr"}, {"fr;q=1.5,de", "de"}, {"fr;q=,de;q=0.1", "de"}, {"fr;q=0.1234,de;q=0.1", "de"},
		{"fr;q=-1,de", "de"}, {"fr;v=1,de", "de"}, {",,;q=1,de", "de"}, {"fr;q=1.001,de", "de"}, {"fr;q=1.000,de", "fr"},
		{"\"><script>", "en"}, {"fr\xc3\xa9,de", "de"}, {"--,de", "de"},
		{"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa,de", "de"},
	};
	struct error err;

	(void)state;
	assert_done(languages_add(&languages, "pt-BR", german(), &err), err);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const struct language *l = languages_choose(&languages, cases[i].accept);

		if (strcmp(l->tag, cases[i].chosen) != 0)
			fail_msg("%s: %s instead of %s", cases[i].accept, l->tag, cases[i].chosen);
	}
}

static void looks_at_a_bounded_number_of_ranges(void **state)
{
	char many[512] = "";
	size_t n = 0;

	(void)state;
	for (int i = 0; i < 32; i++)
		n += (size_t)snprintf(many + n, sizeof(many) - n, "tlh-%d,", i);
	snprintf(many + n, sizeof(many) - n, "de");
	assert_string_equal(languages_choose(&languages, many)->tag, "en");
	assert_string_equal(languages_choose(&languages, strchr(many, ',') + 1)->tag, "de");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(finds_what_msgfmt_wrote, begin, end),
		cmocka_unit_test_setup_teardown(reads_both_byte_orders, begin, end),
		cmocka_unit_test_setup_teardown(refuses_what_is_no_catalogue_of_pages, begin, end),
		cmocka_unit_test_setup_teardown(never_reads_beside_a_damaged_catalogue, begin, end),
		cmocka_unit_test_setup_teardown(knows_which_languages_run_from_right_to_left, begin, end),
		cmocka_unit_test_setup_teardown(a_further_catalogue_comes_first_and_the_rest_stays, begin, end),
		cmocka_unit_test_setup_teardown(takes_only_tags_that_can_stand_in_a_page, begin, end),
		cmocka_unit_test_setup_teardown(chooses_what_the_browser_likes_best_of_what_is_there, begin, end),
		cmocka_unit_test_setup_teardown(looks_at_a_bounded_number_of_ranges, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
