/* SPDX-License-Identifier: GPL-3.0-or-later */
/* People of the mirror, and by what they are found. */
#include "tests/unit/mirror_stage.h"

/* ---- people ---- */

static void finds_a_person_and_tells_what_is_kept(void **state)
{
	struct fixture *f = *state;
	struct mirror_person p;
	struct error err;

	person(f, "u1", "cn=Doe\\, Jos\xc3\xa9 O'Brien,ou=people,dc=x", "cn=not kept", "employeeNumber=7",
		"mail=Jose@Example.org",
		"mail=second@example.org", "Department=R&D", "department;lang-de=F&E", "uid=jose");
	finish(f);
	assert_done(by_number(f, "7", &p, &err), err);
	assert_string_equal(p.directory, "corp");
	assert_string_equal(p.dn, "cn=Doe\\, Jos\xc3\xa9 O'Brien,ou=people,dc=x");
	assert_string_equal(p.entry_uuid, "75310000-0000-0000-0000-000000000000");
	assert_string_equal(p.mail, "Jose@Example.org");
	assert_string_equal(p.joined_by, "corp: employeeNumber");
	assert_false(p.disabled);
	assert_int_equal(p.as_of, 1700000000);
	assert_int_equal(p.group_count, 0);
	assert_int_equal(p.attribute_count, 4);
	assert_string_equal(p.attributes[0].name, "department");
	assert_slice_is(p.attributes[0].values[0], "R&D");
	assert_string_equal(p.attributes[1].name, "employeenumber");
	assert_string_equal(p.attributes[2].name, "mail");
	assert_slice_is(p.attributes[2].values[1], "second@example.org");
	assert_string_equal(p.attributes[3].name, "uid");
}

static void finds_by_any_value_of_the_join(void **state)
{
	struct fixture *f = *state;
	struct mirror_person p;
	struct error err;

	person(f, "u1", "uid=a,dc=x", "employeeNumber=7", "employeeNumber=8");
	finish(f);
	assert_done(by_number(f, "8", &p, &err), err);
	assert_null(p.mail);
	assert_refused(by_number(f, "9", &p, &err), err, REASON_PERSON_NOT_FOUND);
}

static void compares_guids_without_case_and_other_ids_exactly(void **state)
{
	struct fixture *f = *state;
	struct mirror_person p;
	struct error err;

	person(f, "u1", "uid=a,dc=x", "employeeNumber=5E6F7A8B-1111-4222-8333-ABCDEFabcdef");
	person(f, "u2", "uid=b,dc=x", "employeeNumber=aBc=");
	person(f, "u3", "uid=c,dc=x", "employeeNumber=abc=");
	finish(f);
	assert_done(by_number(f, "5e6f7a8b-1111-4222-8333-abcdefabcdef", &p, &err), err);
	assert_done(by_number(f, "aBc=", &p, &err), err);
	assert_string_equal(p.dn, "uid=b,dc=x");
	assert_refused(by_number(f, "ABC=", &p, &err), err, REASON_PERSON_NOT_FOUND);
}

static void values_that_cannot_be_keys_find_nobody(void **state)
{
	struct fixture *f = *state;
	static const struct slice odd[] = {{"7\0", 2}, {"", 0}};
	static const struct mirror_attribute attribute = {"employeeNumber", odd, 2};
	struct entry e = {.uuid = "u2", .dn = "uid=b,dc=x", .attributes = &attribute, .attribute_count = 1};
	char longest[INDEX_VALUE_MAX + 2];
	struct mirror_person p;
	struct error err;

	memset(longest, 'a', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	person(f, "u1", "uid=a,dc=x", arena_printf(f->arena, "employeeNumber=%s", longest));
	assert_done(mirror_writer_put(f->writer, MIRROR_PEOPLE, &e, &err), err);
	person(f, "u3", "uid=c,dc=x", arena_printf(f->arena, "employeeNumber=%s", longest + 1));
	finish(f);
	assert_refused(by_number(f, longest, &p, &err), err, REASON_PERSON_NOT_FOUND);
	assert_refused(by_number(f, "7", &p, &err), err, REASON_PERSON_NOT_FOUND);
	assert_refused(by_number(f, "", &p, &err), err, REASON_PERSON_NOT_FOUND);
	assert_refused(by_claims(f, NULL, 0, false, &p, &err), err, REASON_PERSON_NOT_FOUND);
	assert_done(by_number(f, longest + 1, &p, &err), err);
	assert_string_equal(p.dn, "uid=c,dc=x");
}

/* What would be a filter is a key like another: it finds who has exactly it. */
static void escapes_filter(void **state)
{
	struct fixture *f = *state;
	static const char *const values[] = {
		"*", "(", ")", "\\", "u7@x*", "u7@example.o*", "(|(uid=*))", " u7@example.org", "u7@example.org ", "\\2a",
		"u7@example.org)(uid=*", "",
	};
	struct mirror_person p;
	struct error err;

	person(f, "u1", "uid=a,dc=x", "employeeNumber=u7@example.org");
	person(f, "u2", "uid=b,dc=x", "employeeNumber=a*");
	finish(f);
	for (size_t i = 0; i < sizeof(values) / sizeof(*values); i++)
		assert_refused(by_number(f, values[i], &p, &err), err, REASON_PERSON_NOT_FOUND);
	assert_done(by_number(f, "a*", &p, &err), err);
	assert_string_equal(p.dn, "uid=b,dc=x");
}

static void refuses_two_entries(void **state)
{
	struct fixture *f = *state;
	struct mirror_person p;
	struct error err;

	person(f, "u1", "uid=a,dc=x", "employeeNumber=7");
	person(f, "u2", "uid=b,dc=x", "employeeNumber=7");
	finish(f);
	assert_refused(by_number(f, "7", &p, &err), err, REASON_PERSON_FOUND_TWICE);
	assert_non_null(strstr(err.detail, "uid=b,dc=x"));
}

static void refuses_who_is_found_in_two_directories(void **state)
{
	struct fixture *f = *state;
	struct mirror_person p;
	struct error err;

	person(f, "u1", "uid=a,dc=x", "employeeNumber=7");
	person(f, "u2", "uid=b,dc=x", "employeeNumber=8");
	finish(f);
	begin(f, &directories[1]);
	person(f, "u1", "uid=a,dc=y", "employeeNumber=7");
	person(f, "u3", "uid=c,dc=y", "employeeNumber=9");
	finish(f);
	f->count = 2;
	assert_refused(by_number(f, "7", &p, &err), err, REASON_PERSON_FOUND_TWICE);
	assert_refused(named(f, "7", &p, &err), err, REASON_PERSON_FOUND_TWICE);
	assert_done(by_number(f, "8", &p, &err), err);
	assert_string_equal(p.directory, "corp");
	assert_done(by_number(f, "9", &p, &err), err);
	assert_string_equal(p.directory, "daughter");
}

static void refuses_who_is_switched_off(void **state)
{
	struct fixture *f = *state;
	struct mirror_person p;
	struct error err;

	person(f, "u1", "uid=a,dc=x", "employeeNumber=7", "nsAccountLock=TRUE");
	person(f, "u2", "uid=b,dc=x", "employeeNumber=8", "nsAccountLock=false");
	finish(f);
	assert_refused(by_number(f, "7", &p, &err), err, REASON_PERSON_DISABLED);
	assert_refused(named(f, "uid=a,dc=x", &p, &err), err, REASON_PERSON_DISABLED);
	assert_done(by_number(f, "8", &p, &err), err);
}

static void refuses_a_mail_that_two_people_have(void **state)
{
	struct fixture *f = *state;
	struct mirror_person p;
	struct error err;

	person(f, "u1", "uid=a,dc=x", "employeeNumber=1", "mail=shared@example.org");
	person(f, "u2", "uid=b,dc=x", "employeeNumber=2", "mail=Shared@example.org");
	person(f, "u3", "uid=c,dc=x", "employeeNumber=3", "mail=left@example.org");
	person(f, "u4", "uid=d,dc=x", "employeeNumber=4", "mail=left@example.org", "nsAccountLock=true");
	person(f, "u5", "uid=e,dc=x", "employeeNumber=5", "mail=own@example.org", "mail=left@example.org");
	finish(f);
	assert_refused(by_number(f, "1", &p, &err), err, REASON_PERSON_FOUND_TWICE);
	assert_non_null(strstr(err.detail, "uid=b,dc=x"));
	assert_done(by_number(f, "3", &p, &err), err);
	assert_done(by_number(f, "5", &p, &err), err);
}

/* It is no key of the index, so nobody knows whether it is there twice. */
static void refuses_a_mail_too_long_to_be_looked_up(void **state)
{
	struct fixture *f = *state;
	char line[400] = "mail=";
	struct mirror_person p;
	struct error err;

	memset(line + 5, 'x', 300);
	memcpy(line + 305, "@example.org", 13);
	person(f, "u1", "uid=a,dc=x", "employeeNumber=1", line);
	person(f, "u2", "uid=b,dc=x", "employeeNumber=2", line);
	finish(f);
	assert_refused(by_number(f, "1", &p, &err), err, REASON_PERSON_NO_MAIL);
}

/* ---- joins ---- */

static void a_mutable_join_steps_in_only_without_a_stronger_attribute(void **state)
{
	struct fixture *f = *state;
	const struct mirror_claim claims[] = {{"objectidentifier", "7"}, {"mail", "ANNA@example.org"}};
	const struct mirror_claim only_mail = {"mail", "bert@example.org"};
	const struct mirror_claim other[] = {{"objectidentifier", "7"}, {"mail", "bert@example.org"}};
	struct mirror_person p;
	struct error err;

	person(f, "u1", "uid=anna,dc=x", "mail=anna@example.org");
	person(f, "u2", "uid=bert,dc=x", "mail=bert@example.org", "employeeNumber=2");
	finish(f);
	assert_done(by_claims(f, claims, 2, false, &p, &err), err);
	assert_string_equal(p.dn, "uid=anna,dc=x");
	assert_string_equal(p.joined_by, "corp: mail");
	assert_refused(by_claims(f, other, 2, false, &p, &err), err, REASON_JOIN_CONFLICT);
	/* the stronger claim missing is as wrong as a different one */
	assert_refused(by_claims(f, &only_mail, 1, false, &p, &err), err, REASON_JOIN_CONFLICT);
}

static void a_weaker_stable_join_must_not_contradict_a_stronger_one(void **state)
{
	struct fixture *f = *state;
	const struct mirror_claim agree[] = {{"immutableid", "x="}};
	const struct mirror_claim differ[] = {{"immutableid", "x="}, {"objectidentifier", "9"}};
	struct mirror_person p;
	struct error err;

	person(f, "u1", "uid=a,dc=x", "employeeNumber=1", "carLicense=x=");
	finish(f);
	assert_done(by_claims(f, agree, 1, false, &p, &err), err);
	assert_string_equal(p.joined_by, "corp: carLicense");
	assert_refused(by_claims(f, differ, 2, false, &p, &err), err, REASON_JOIN_CONFLICT);
}

static void the_strongest_join_that_finds_somebody_counts(void **state)
{
	struct fixture *f = *state;
	const struct mirror_claim claims[] = {{"mail", "bert@example.org"}, {"immutableid", "x="}, {"objectidentifier", "1"}};
	struct mirror_person p;
	struct error err;

	person(f, "u1", "uid=a,dc=x", "employeeNumber=1");
	person(f, "u2", "uid=b,dc=x", "carLicense=x=", "mail=bert@example.org");
	finish(f);
	assert_done(by_claims(f, claims, 3, false, &p, &err), err);
	assert_string_equal(p.dn, "uid=a,dc=x");
}

static void a_stable_join_anywhere_beats_a_mutable_one_elsewhere(void **state)
{
	struct fixture *f = *state;
	const struct mirror_claim claims[] = {{"objectidentifier", "1"}, {"mail", "a@example.org"}};
	struct mirror_person p;
	struct error err;

	person(f, "u1", "uid=a,dc=x", "mail=a@example.org", "nsAccountLock=true");
	finish(f);
	begin(f, &directories[1]);
	person(f, "u2", "uid=b,dc=y", "employeeNumber=1");
	finish(f);
	f->count = 2;
	assert_done(by_claims(f, claims, 2, false, &p, &err), err);
	assert_string_equal(p.dn, "uid=b,dc=y");
}

static void guests_are_never_joined_by_what_people_can_change(void **state)
{
	struct fixture *f = *state;
	const struct mirror_claim claims[] = {{"objectidentifier", "7"}, {"mail", "anna@example.org"}};
	const struct mirror_claim nobody[] = {{"objectidentifier", "7"}, {"mail", "nobody@example.org"}};
	const struct mirror_claim stable[] = {{"objectidentifier", "8"}, {"mail", "anna@example.org"}};
	struct mirror_person p;
	struct error err;

	person(f, "u1", "uid=anna,dc=x", "mail=anna@example.org");
	person(f, "u2", "uid=bert,dc=x", "employeeNumber=8");
	finish(f);
	assert_refused(by_claims(f, claims, 2, true, &p, &err), err, REASON_GUEST_JOIN);
	assert_refused(by_claims(f, nobody, 2, true, &p, &err), err, REASON_PERSON_NOT_FOUND);
	assert_done(by_claims(f, stable, 2, true, &p, &err), err);
	assert_string_equal(p.dn, "uid=bert,dc=x");
}

/* An identity provider vouches for its own people only, whatever it says. */
static void claims_find_people_only_where_their_source_may(void **state)
{
	static const char *const ours[] = {"entra", NULL};
	struct fixture *f = *state;
	struct directory_options d = directories[0];
	const struct mirror_claim claims[] = {{"objectidentifier", "1"}, {"mail", "a@example.org"}};
	struct mirror_query query = {.claims = claims, .claim_count = 2, .source = "entra"};
	struct mirror_person p;
	struct error err;

	d.sources = ours;
	person(f, "u1", "uid=a,dc=x", "employeeNumber=1");
	person(f, "u2", "uid=b,dc=x", "mail=a@example.org");
	finish(f);
	assert_done(mirror_person(f->arena, f->mirror, &d, 1, &query, &p, &err), err);
	query.source = "partner";
	assert_refused(mirror_person(f->arena, f->mirror, &d, 1, &query, &p, &err), err, REASON_PERSON_NOT_FOUND);
	query.source = NULL;
	assert_refused(mirror_person(f->arena, f->mirror, &d, 1, &query, &p, &err), err, REASON_PERSON_NOT_FOUND);
	assert_done(mirror_person(f->arena, f->mirror, directories, 1, &query, &p, &err), err);
}

static void names_are_dn_mail_uid_or_join_value(void **state)
{
	struct fixture *f = *state;
	static const char *const good[] = {"anna@EXAMPLE.org", "ANNA", "7", "UID=Anna, DC=x", "uid=anna,dc=x"};
	struct mirror_person p;
	struct error err;

	person(f, "u1", "uid=anna,dc=x", "mail=anna@example.org", "uid=anna", "employeeNumber=7");
	person(f, "u2", "uid=bert,dc=x", "mail=bert@example.org", "uid=bert", "employeeNumber=anna@example.org.org");
	group(f, "g1", "cn=anna,ou=groups,dc=x", "cn=anna", "member=uid=anna,dc=x");
	finish(f);
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		assert_done(named(f, good[i], &p, &err), err);
		assert_string_equal(p.dn, "uid=anna,dc=x");
	}
	assert_refused(named(f, "cn=anna,ou=groups,dc=x", &p, &err), err, REASON_PERSON_NOT_FOUND);
	assert_refused(named(f, "*", &p, &err), err, REASON_PERSON_NOT_FOUND);
	assert_refused(named(f, "", &p, &err), err, REASON_PERSON_NOT_FOUND);
}

#define mirror_test(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		mirror_test(finds_a_person_and_tells_what_is_kept),
		mirror_test(finds_by_any_value_of_the_join),
		mirror_test(compares_guids_without_case_and_other_ids_exactly),
		mirror_test(values_that_cannot_be_keys_find_nobody),
		mirror_test(escapes_filter),
		mirror_test(refuses_two_entries),
		mirror_test(refuses_who_is_found_in_two_directories),
		mirror_test(refuses_who_is_switched_off),
		mirror_test(refuses_a_mail_that_two_people_have),
		mirror_test(refuses_a_mail_too_long_to_be_looked_up),
		mirror_test(a_mutable_join_steps_in_only_without_a_stronger_attribute),
		mirror_test(a_weaker_stable_join_must_not_contradict_a_stronger_one),
		mirror_test(the_strongest_join_that_finds_somebody_counts),
		mirror_test(a_stable_join_anywhere_beats_a_mutable_one_elsewhere),
		mirror_test(guests_are_never_joined_by_what_people_can_change),
		mirror_test(claims_find_people_only_where_their_source_may),
		mirror_test(names_are_dn_mail_uid_or_join_value),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
