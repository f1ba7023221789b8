/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What passes for a mail address, and what for a hint. */
#include "tests/unit/unit.h"

#include "gateway/settings/mail.h"

static const char *const plain[] = {
	"anna@example.org", "o'brien+jira@mail.example.org", "a@b", "bob_partner.example#EXT#@example.onmicrosoft.com", "A.B-c_d@EXAMPLE.org",
};

static const char *const others[] = {
	"", "anna", "@example.org", "anna@", "a@b@c", "a b@example.org", "anna@example.org.", "anna@.example.org", "anna@exa..mple.org",
	"anna@example.org\n", "anna@example.org&prompt=none", "\"a\"@example.org", "<a@example.org>", "j\xc3\xbcrgen@example.org", "a@b/c", "a@b,c",
};

static void tells_plain_addresses_from_others(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(plain) / sizeof(*plain); i++)
		assert_true(mail_is_plain(plain[i]));
	for (i = 0; i < sizeof(others) / sizeof(*others); i++) {
		if (mail_is_plain(others[i]))
			fail_msg("\"%s\" passes for an address", others[i]);
	}
}

static void passes_over_hints_that_are_no_address(void **state)
{
	struct arena *a = arena_new();
	char longest[256];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(plain) / sizeof(*plain); i++)
		assert_string_equal(mail_hint(a, slice_c(plain[i])), plain[i]);
	for (i = 0; i < sizeof(others) / sizeof(*others); i++)
		assert_null(mail_hint(a, slice_c(others[i])));
	assert_null(mail_hint(a, (struct slice){0}));
	assert_null(mail_hint(a, slice_of("anna@example.org\0x", 18)));
	memset(longest, 'x', sizeof(longest));
	longest[1] = '@';
	assert_non_null(mail_hint(a, slice_of(longest, 254)));
	assert_null(mail_hint(a, slice_of(longest, 255)));
	arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_plain_addresses_from_others),
		cmocka_unit_test(passes_over_hints_that_are_no_address),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
