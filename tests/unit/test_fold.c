/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Letters without their case. */
#include "tests/unit/unit.h"

#include "base/fold.h"

static void expect(const char *from, const char *wanted)
{
	char text[100];

	snprintf(text, sizeof(text), "%s", from);
	fold_text(text);
	assert_string_equal(text, wanted);
	/* what is folded is as long, and folds to itself */
	assert_int_equal(strlen(from), strlen(text));
	fold_text(text);
	assert_string_equal(text, wanted);
}

static void letters_lose_their_case(void **state)
{
	(void)state;
	expect("", "");
	expect("AZ@[`az09", "az@[`az09");
	expect("M\u00dcLLER \u00c0\u00de", "m\u00fcller \u00e0\u00fe");
	expect("\u0141\u00d3D\u0179 \u0178", "\u0142\u00f3d\u017a \u00ff");
	expect("\u0391\u03a9 \u0416\u042f\u0401", "\u03b1\u03c9 \u0436\u044f\u0451");
}

/* Several letters to one, one to several, or of another length: not told to be the same. */
static void what_does_not_fold_one_to_one_stays(void **state)
{
	(void)state;
	expect("\u00df\u1e9e", "\u00df\u1e9e");
	expect("\u0130\u0131", "\u0130\u0131");
	expect("\u00d7\u00f7", "\u00d7\u00f7");
	expect("\u212a\u4e2d\U0001f600", "\u212a\u4e2d\U0001f600");
}

static void bytes_that_are_no_utf8_stay(void **state)
{
	char out[2];

	(void)state;
	expect("\xc3", "\xc3");
	expect("\xc3" "A\xff\x9c" "B", "\xc3" "a\xff\x9c" "b");
	assert_int_equal(fold_character("\xc3\x9c", 1, out), 1);
	assert_int_equal((unsigned char)out[0], 0xc3);
	assert_int_equal(fold_character("\xc3\x9c", 2, out), 2);
	assert_memory_equal(out, "\xc3\xbc", 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(letters_lose_their_case), cmocka_unit_test(what_does_not_fold_one_to_one_stays),
		cmocka_unit_test(bytes_that_are_no_utf8_stay),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
