/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/unit.h"

#include "ldap/mirror.h"

struct pair {
	const char *a, *b;
};

static const char *key_of(struct arena *a, const char *dn)
{
	const char *key = NULL;

	if (dn_normalize(a, dn, &key) < 0)
		fail_msg("not taken as a DN: %s", dn);
	return key;
}

static void makes_one_key_of_spellings_that_are_equal(void **state)
{
	static const struct pair equal[] = {
		{"cn=Jira Agents,ou=groups,dc=example,dc=org", "CN=jira agents, OU=Groups, DC=Example, DC=ORG"},
		{"uid=anna,dc=example", "UID = Anna , dc=example"},
		{"cn=a  b,dc=x", "cn=a b,dc=x"},
		{"cn=\\20a\\20,dc=x", "cn=a,dc=x"},
		{"cn=M\xc3\xbcller,dc=x", "cn=M\\C3\\BCller,dc=x"},
		{"cn=M\xc3\xbcller,dc=x", "cn=M\xc3\x9cLLER,dc=x"},
		{"cn=\xd0\x98\xd0\xb2\xd0\xb0\xd0\xbd,dc=x", "cn=\xd0\xb8\xd0\x92\xd0\x90\xd0\x9d,dc=x"},
		{"cn=\xc5\xa0im\xc5\xaf,dc=x", "cn=\xc5\xa1IM\xc5\xae,dc=x"},
		{"cn=Doe\\, Jane,dc=x", "cn=doe\\2c jane,dc=x"},
		{"cn=O'Brien,dc=x", "cn=o'brien,dc=x"},
		{"cn=a+sn=b,dc=x", "SN=B+CN=A,dc=x"},
		{"2.5.4.3=anna,dc=x", "cn=Anna,dc=x"},
		{"2.5.4.3=anna,dc=x", "commonName=anna,dc=x"},
		{"userid=anna,dc=x", "uid=anna,dc=x"},
		{"cn=\\23a,dc=x", "cn=\\#A,dc=x"},
		{"X-Serial=Ab,dc=x", "x-serial=Ab,DC=X"},
	};
	struct arena *a = arena_new();

	(void)state;
	for (size_t i = 0; i < sizeof(equal) / sizeof(*equal); i++)
		if (strcmp(key_of(a, equal[i].a), key_of(a, equal[i].b)) != 0)
			fail_msg("%s -> %s but %s -> %s", equal[i].a, key_of(a, equal[i].a), equal[i].b, key_of(a, equal[i].b));
	arena_free(a);
}

static void keeps_apart_what_a_directory_may_hold_apart(void **state)
{
	static const struct pair different[] = {
		{"cn=a,dc=x", "cn=b,dc=x"},
		{"cn=a,dc=x", "cn=a,dc=x,dc=y"},
		{"cn=a\\,ou=b,dc=x", "cn=a,ou=b,dc=x"},
		{"cn=a\\+sn\\=b,dc=x", "cn=a+sn=b,dc=x"},
		{"cn=a\\=b,dc=x", "cn=a,b=x"},
		{"cn=a\\5cb,dc=x", "cn=ab,dc=x"},
		{"cn=a\\00b,dc=x", "cn=a,dc=x"},
		{"cn=\\#04024869,dc=x", "cn=#04024869,dc=x"},
		{"x-serial=Ab,dc=x", "x-serial=ab,dc=x"},
		{"x-serial=a\\20\\20b,dc=x", "x-serial=a b,dc=x"},
		{"cn=\xc3\x97,dc=x", "cn=\xc3\xb7,dc=x"},
		{"cn=\xc4\xb0,dc=x", "cn=i,dc=x"},
		{"cn=\xc4\xb1,dc=x", "cn=i,dc=x"},
		{"cn=stra\xc3\x9f" "e,dc=x", "cn=strasse,dc=x"},
		{"uid=anna,dc=x", "cn=anna,dc=x"},
	};
	struct arena *a = arena_new();

	(void)state;
	for (size_t i = 0; i < sizeof(different) / sizeof(*different); i++)
		if (strcmp(key_of(a, different[i].a), key_of(a, different[i].b)) == 0)
			fail_msg("%s and %s -> %s", different[i].a, different[i].b, key_of(a, different[i].a));
	arena_free(a);
}

static void reads_plain_names_as_the_parser_does(void **state)
{
	/* a blank before the type sends the second spelling through libldap */
	static const struct pair same[] = {
		{"uid=u1.x@example_org-2,ou=People,DC=Example", " uid=u1.x@example_org-2,ou=People,DC=Example"},
		{"unknownType=aB,dc=x", " unknownType=aB,dc=x"},
		{"CN=Jane B. Doe,OU=All Users,DC=X", " CN=Jane B. Doe,OU=All Users,DC=X"},
		{"cn=a b,unknownType=a B c,dc=x", " cn=a b,unknownType=a B c,dc=x"},
		{"cn=a  b,unknownType=a  B,dc=x", " cn=a  b,unknownType=a  B,dc=x"},
		{"cn=a ,dc=x ", " cn=a ,dc=x "},
		{"cn= a,dc= x", " cn= a,dc= x"},
		{"gn=A,userId=B,c=DE,cnn=A,dc=x", " gn=A,userId=B,c=DE,cnn=A,dc=x"},
	};
	struct arena *a = arena_new();

	(void)state;
	for (size_t i = 0; i < sizeof(same) / sizeof(*same); i++)
		assert_string_equal(key_of(a, same[i].a), key_of(a, same[i].b));
	assert_string_equal(key_of(a, "UID=Anna,dc=X"), "uid=anna,dc=x");
	arena_free(a);
}

static void refuses_what_is_no_dn(void **state)
{
	static const char *const bad[] = {"", "anna", "anna@example.org", "=x", "cn=a,", ",cn=a", "cn", "cn=\\zz", "cn=a,dc",
		/* hex values that libldap cuts short: each would be the key of another name */
		"cn=#", "cn=# x,ou=y", "cn=#04 x,ou=y", "cn=#04 ,ou=y", "cn= #04 x"};
	struct arena *a = arena_new();
	const char *key = "untouched";

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		if (dn_normalize(a, bad[i], &key) != -1)
			fail_msg("taken as a DN: \"%s\" -> %s", bad[i], key);
		assert_string_equal(key, "untouched");
	}
	arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(makes_one_key_of_spellings_that_are_equal),
		cmocka_unit_test(keeps_apart_what_a_directory_may_hold_apart),
		cmocka_unit_test(reads_plain_names_as_the_parser_does),
		cmocka_unit_test(refuses_what_is_no_dn),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
