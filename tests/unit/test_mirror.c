/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The mirror without any server: entries are put by the writing side's own functions. */
#include "tests/unit/unit.h"

#include "ldap/mirror_write.h"
#include "ldap/tables.h"

#include "base/text.h"

#include <unistd.h>

static const struct directory_join joins[] = {
	{"objectidentifier", "employeeNumber", false}, {"immutableid", "carLicense", false}, {"mail", "mail", true}};
static const char *const kept[] = {"department", NULL};
static const char *const no_uris[] = {NULL};

static const struct directory_options directories[2] = {
	{.name = "corp", .uris = no_uris, .people_base = "ou=people,dc=x", .people_filter = "(a=b)",
		.groups_base = "ou=groups,dc=x",
		.groups_filter = "(a=b)", .member_attribute = "member", .group_name_attribute = "cn", .mail_attribute = "mail",
		.disabled_filter_attribute = "nsAccountLock", .disabled_value = "true", .joins = joins, .join_count = 3,
		.attributes = kept},
	{.name = "daughter", .uris = no_uris, .people_base = "dc=y", .people_filter = "(a=b)", .groups_base = "dc=y",
		.groups_filter = "(a=b)", .member_attribute = "member", .group_name_attribute = "cn", .mail_attribute = "mail",
		.joins = joins, .join_count = 3},
};

struct fixture {
	char folder[40], path[60];
	struct arena *arena;
	struct mirror_writer *writer;
	const struct directory_options *directory;
	struct mirror *mirror;
	size_t count;                   /* directories that are read */
};

/* ---- writing ---- */

static void begin(struct fixture *f, const struct directory_options *d)
{
	struct error err;

	mirror_close(f->mirror);
	f->mirror = NULL;
	f->directory = d;
	assert_done(mirror_writer_open(f->path, d, &f->writer, &err), err);
}

static void finish(struct fixture *f)
{
	struct error err;

	mirror_writer_whole(f->writer, MIRROR_PEOPLE);
	mirror_writer_whole(f->writer, MIRROR_GROUPS);
	mirror_writer_heard(f->writer, 1700000000);
	assert_done(mirror_writer_commit(f->writer, &err), err);
	mirror_writer_close(f->writer);
	f->writer = NULL;
	assert_done(mirror_open(f->path, &f->mirror, &err), err);
}

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	*f = (struct fixture){.folder = "/tmp/postern-mirror-XXXXXX", .count = 1};
	assert_non_null(mkdtemp(f->folder));
	snprintf(f->path, sizeof(f->path), "%s/mirror", f->folder);
	f->arena = arena_new();
	begin(f, &directories[0]);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;
	char lock[80];

	mirror_writer_close(f->writer);
	mirror_close(f->mirror);
	arena_free(f->arena);
	snprintf(lock, sizeof(lock), "%s-lock", f->path);
	unlink(f->path);
	unlink(lock);
	rmdir(f->folder);
	free(f);
	return 0;
}

static void uuid_of(const char *name, unsigned char out[UUID_SIZE])
{
	memset(out, 0, UUID_SIZE);
	memcpy(out, name, strnlen(name, UUID_SIZE));
}

/* id names the entryUUID; text is "name=value" lines: one attribute a line, values of one name in a row. */
static void put_in(struct fixture *f, enum mirror_kind kind, const char *id, const char *dn, const char *const *lines)
{
	struct mirror_attribute list[16];
	struct slice values[64];
	struct entry e = {.dn = dn, .attributes = list};
	struct error err;

	uuid_of(id, e.uuid);
	for (size_t i = 0; lines[i]; i++) {
		size_t n = strcspn(lines[i], "=");
		char *name = arena_copy(f->arena, slice_of(lines[i], n));

		values[i] = slice_c(lines[i] + n + 1);
		if (e.attribute_count && strcmp(list[e.attribute_count - 1].name, name) == 0)
			list[e.attribute_count - 1].n++;
		else
			list[e.attribute_count++] = (struct mirror_attribute){name, &values[i], 1};
	}
	assert_done(mirror_writer_put(f->writer, kind, &e, &err), err);
}

#define person(f, id, dn, ...) put_in(f, MIRROR_PEOPLE, id, dn, (const char *const[]){__VA_ARGS__, NULL})
#define group(f, id, dn, ...) put_in(f, MIRROR_GROUPS, id, dn, (const char *const[]){__VA_ARGS__, NULL})

static void gone(struct fixture *f, enum mirror_kind kind, const char *id)
{
	unsigned char uuid[UUID_SIZE];
	struct error err;

	uuid_of(id, uuid);
	assert_done(mirror_writer_delete(f->writer, kind, uuid, &err), err);
}

/* ---- reading ---- */

static int by_claims(struct fixture *f, const struct mirror_claim *claims, size_t n, bool guest, struct mirror_person *out,
	struct error *err)
{
	const struct mirror_query query = {.claims = claims, .claim_count = n, .guest = guest};

	return mirror_person(f->arena, f->mirror, directories, f->count, &query, out, err);
}

static int by_number(struct fixture *f, const char *number, struct mirror_person *out, struct error *err)
{
	const struct mirror_claim claim = {"objectidentifier", number};

	return by_claims(f, &claim, 1, false, out, err);
}

static int named(struct fixture *f, const char *name, struct mirror_person *out, struct error *err)
{
	return mirror_person_named(f->arena, f->mirror, directories, f->count, name, out, err);
}

static const char *names(struct fixture *f, const struct mirror_person *p)
{
	struct text t;

	text_begin(&t, f->arena, 100);
	for (size_t i = 0; i < p->group_count; i++) {
		text_addf(&t, "%s%s", i ? " " : "", p->groups[i].cn ? p->groups[i].cn : "?");
		if (p->groups[i].through >= 0) {
			assert_true(p->groups[i].through < (int)i);
			text_addf(&t, "<%s", p->groups[p->groups[i].through].cn);
		}
	}
	return arena_copy(f->arena, text_slice(&t));
}

static void groups_are(struct fixture *f, const char *number, const char *expected)
{
	struct mirror_person p;
	struct error err;

	assert_done(by_number(f, number, &p, &err), err);
	assert_string_equal(names(f, &p), expected);
}

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

/* ---- groups ---- */

static void walks_nested_groups_nearest_first(void **state)
{
	struct fixture *f = *state;

	person(f, "u1", "uid=anna,ou=people,dc=x", "employeeNumber=1");
	group(f, "g1", "cn=agents,ou=groups,dc=x", "cn=agents", "member=UID=Anna, ou=people, dc=x", "member=uid=nobody,dc=x");
	group(f, "g2", "cn=staff,ou=groups,dc=x", "cn=staff", "member=cn=agents,ou=groups,dc=x");
	group(f, "g3", "cn=all,ou=groups,dc=x", "cn=all", "member=cn=staff,ou=groups,dc=x", "member=uid=anna,ou=people,dc=x");
	group(f, "g4", "cn=none,ou=groups,dc=x", "cn=none", "member=uid=nobody,dc=x", "member=not a dn");
	group(f, "g5", "cn=nameless,ou=groups,dc=x", "member=cn=all,ou=groups,dc=x");
	finish(f);
	groups_are(f, "1", "agents all staff<agents ?<all");
}

static void a_cycle_is_walked_once(void **state)
{
	struct fixture *f = *state;

	person(f, "u1", "uid=anna,dc=x", "employeeNumber=1");
	group(f, "g1", "cn=a,dc=x", "cn=a", "member=uid=anna,dc=x", "member=cn=c,dc=x", "member=cn=a,dc=x");
	group(f, "g2", "cn=b,dc=x", "cn=b", "member=cn=a,dc=x");
	group(f, "g3", "cn=c,dc=x", "cn=c", "member=cn=b,dc=x");
	finish(f);
	groups_are(f, "1", "a b<a c<b");
}

static void knows_when_a_groups_name_is_not_its_own(void **state)
{
	struct fixture *f = *state;
	struct mirror_person p;
	struct error err;

	person(f, "u1", "uid=a,dc=x", "employeeNumber=1");
	group(f, "g1", "cn=agents,ou=groups,dc=x", "cn=agents", "member=uid=a,dc=x");
	group(f, "g2", "cn=staff,ou=groups,dc=x", "cn=staff", "member=uid=a,dc=x");
	group(f, "g3", "cn=AGENTS,ou=own,dc=x", "cn=AGENTS", "member=uid=b,dc=x");
	finish(f);
	assert_done(by_number(f, "1", &p, &err), err);
	assert_int_equal(p.group_count, 2);
	for (size_t i = 0; i < p.group_count; i++)
		assert_int_equal(p.groups[i].cn_shared, strcmp(p.groups[i].cn, "agents") == 0);
	begin(f, &directories[0]);
	gone(f, MIRROR_GROUPS, "g3");
	finish(f);
	assert_done(by_number(f, "1", &p, &err), err);
	for (size_t i = 0; i < p.group_count; i++)
		assert_false(p.groups[i].cn_shared);
	/* a rename takes the old name along */
	begin(f, &directories[0]);
	group(f, "g2", "cn=agents,ou=elsewhere,dc=x", "cn=agents", "member=uid=b,dc=x");
	finish(f);
	assert_done(by_number(f, "1", &p, &err), err);
	assert_int_equal(p.group_count, 1);
	assert_true(p.groups[0].cn_shared);
}

static void agents_is_shared(struct fixture *f, bool shared)
{
	struct mirror_person p;
	struct error err;

	finish(f);
	assert_done(by_number(f, "1", &p, &err), err);
	assert_int_equal(p.group_count, 1);
	assert_int_equal(p.groups[0].cn_shared, shared);
	begin(f, &directories[0]);
}

static void a_name_is_shared_until_one_group_is_left(void **state)
{
	struct fixture *f = *state;

	person(f, "u1", "uid=a,dc=x", "employeeNumber=1");
	group(f, "g1", "cn=1,dc=x", "cn=agents", "member=uid=b,dc=x");
	group(f, "g2", "cn=2,dc=x", "cn=agents", "member=uid=b,dc=x");
	group(f, "g3", "cn=3,dc=x", "cn=agents", "member=uid=b,dc=x");
	group(f, "g4", "cn=4,dc=x", "cn=agents", "member=uid=a,dc=x");
	agents_is_shared(f, true);
	gone(f, MIRROR_GROUPS, "g1");
	agents_is_shared(f, true);
	group(f, "g2", "cn=2,dc=x", "cn=others", "member=uid=b,dc=x");
	agents_is_shared(f, true);
	group(f, "g3", "cn=3,dc=x", "description=has no name", "member=uid=b,dc=x");
	agents_is_shared(f, false);
	/* who is a member now was not the one that changed */
	group(f, "g4", "cn=4,dc=x", "cn=agents", "member=uid=a,dc=x", "member=uid=b,dc=x");
	agents_is_shared(f, false);
	group(f, "g2", "cn=2,dc=x", "cn=Agents", "member=uid=b,dc=x");
	agents_is_shared(f, true);
	group(f, "g4", "cn=4,dc=x", "cn=own", "member=uid=a,dc=x");
	agents_is_shared(f, false);
}

static void the_own_directory_alone_gives_groups(void **state)
{
	struct fixture *f = *state;

	person(f, "u1", "uid=anna,dc=x", "employeeNumber=1");
	finish(f);
	begin(f, &directories[1]);
	group(f, "g1", "cn=a,dc=y", "cn=a", "member=uid=anna,dc=x");
	finish(f);
	f->count = 2;
	groups_are(f, "1", "");
}

static void members_may_come_before_their_entries(void **state)
{
	struct fixture *f = *state;

	group(f, "g2", "cn=outer,dc=x", "cn=outer", "member=cn=inner,dc=x");
	group(f, "g1", "cn=inner,dc=x", "cn=inner", "member=cn=M\xc3\xbcller\\, O'Neil+uid=m,dc=x");
	person(f, "u1", "uid=M+cn=m\xc3\x9cLLER\\2C o'neil,DC=x", "employeeNumber=1");
	finish(f);
	groups_are(f, "1", "inner outer<inner");
}

static void refuses_whose_groups_are_beyond_the_limits(void **state)
{
	struct fixture *f = *state;
	struct mirror_person p;
	struct error err;

	person(f, "u1", "uid=deep,dc=x", "employeeNumber=1");
	group(f, "g", "cn=g0,dc=x", "cn=g0", "member=uid=deep,dc=x");
	for (int i = 1; i < 65; i++)
		group(f, arena_printf(f->arena, "g%d", i), arena_printf(f->arena, "cn=g%d,dc=x", i), "cn=g",
			arena_printf(f->arena, "member=cn=g%d,dc=x", i - 1), i == 1 ? "member=uid=well,dc=x"
			: "member=uid=nobody,dc=x");
	person(f, "u2", "uid=well,dc=x", "employeeNumber=2");
	finish(f);
	assert_refused(by_number(f, "1", &p, &err), err, REASON_TOO_MANY_GROUPS);
	assert_done(by_number(f, "2", &p, &err), err);
	assert_int_equal(p.group_count, 64);
}

/* ---- changes ---- */

static void a_changed_entry_leaves_nothing_of_its_old_self(void **state)
{
	struct fixture *f = *state;
	struct mirror_person p;
	struct error err;

	person(f, "u1", "uid=anna,dc=x", "employeeNumber=1", "mail=old@example.org");
	group(f, "g1", "cn=a,dc=x", "cn=a", "member=uid=anna,dc=x", "member=uid=bert,dc=x");
	person(f, "u1", "uid=anna,dc=x", "employeeNumber=2", "mail=new@example.org");
	group(f, "g1", "cn=a,dc=x", "cn=renamed", "member=uid=anna,dc=x");
	person(f, "u2", "uid=bert,dc=x", "employeeNumber=3");
	finish(f);
	assert_refused(by_number(f, "1", &p, &err), err, REASON_PERSON_NOT_FOUND);
	assert_refused(named(f, "old@example.org", &p, &err), err, REASON_PERSON_NOT_FOUND);
	groups_are(f, "2", "renamed");
	groups_are(f, "3", "");
}

static void a_renamed_entry_is_no_member_under_its_old_name(void **state)
{
	struct fixture *f = *state;
	struct mirror_state s;
	struct error err;

	person(f, "u1", "uid=anna,dc=x", "employeeNumber=1");
	group(f, "g1", "cn=a,dc=x", "cn=a", "member=uid=anna,dc=x");
	group(f, "g2", "cn=b,dc=x", "cn=b", "member=cn=a,dc=x");
	person(f, "u1", "uid=anne,dc=x", "employeeNumber=1");
	/* somebody else gets the old name, and with it what the directory says of that name */
	person(f, "u2", "uid=anna,dc=x", "employeeNumber=2");
	finish(f);
	groups_are(f, "1", "");
	groups_are(f, "2", "a b<a");
	begin(f, &directories[0]);
	group(f, "g1", "cn=c,dc=x", "cn=c", "member=uid=anna,dc=x");
	finish(f);
	groups_are(f, "2", "c");
	assert_done(mirror_state(f->arena, f->mirror, "corp", &s, &err), err);
	assert_int_equal(s.people, 2);
	assert_int_equal(s.groups, 2);
}

static void a_name_taken_over_removes_who_had_it(void **state)
{
	struct fixture *f = *state;
	struct mirror_person p;
	struct error err;

	person(f, "u1", "uid=anna,dc=x", "employeeNumber=1");
	person(f, "u2", "UID=Anna,DC=x", "employeeNumber=2");
	gone(f, MIRROR_PEOPLE, "u1");
	finish(f);
	assert_refused(by_number(f, "1", &p, &err), err, REASON_PERSON_NOT_FOUND);
	assert_done(by_number(f, "2", &p, &err), err);
}

static void a_deleted_group_or_person_is_gone(void **state)
{
	struct fixture *f = *state;
	struct mirror_person p;
	struct error err;

	person(f, "u1", "uid=anna,dc=x", "employeeNumber=1");
	person(f, "u2", "uid=bert,dc=x", "employeeNumber=2");
	group(f, "g1", "cn=a,dc=x", "cn=a", "member=uid=anna,dc=x");
	gone(f, MIRROR_PEOPLE, "u2");
	gone(f, MIRROR_PEOPLE, "unknown");
	gone(f, MIRROR_GROUPS, "g1");
	group(f, "g2", "cn=a,dc=x", "cn=again", "member=uid=bert,dc=x");
	finish(f);
	groups_are(f, "1", "");
	assert_refused(by_number(f, "2", &p, &err), err, REASON_PERSON_NOT_FOUND);
	begin(f, &directories[0]);
	person(f, "u3", "uid=bert,dc=x", "employeeNumber=3");
	finish(f);
	groups_are(f, "3", "again");
}

static void an_entry_without_a_dn_is_left_out(void **state)
{
	struct fixture *f = *state;
	struct mirror_person p;
	struct error err;

	person(f, "u1", "uid=anna,dc=x", "employeeNumber=1");
	person(f, "u1", "anna", "employeeNumber=1");
	finish(f);
	assert_refused(by_number(f, "1", &p, &err), err, REASON_PERSON_NOT_FOUND);
}

static void names_longer_than_a_key_still_differ(void **state)
{
	struct fixture *f = *state;
	char *x = arena_alloc(f->arena, 601);

	memset(x, 'x', 600);
	person(f, "u1", arena_printf(f->arena, "uid=%s1,dc=x", x), "employeeNumber=1");
	person(f, "u2", arena_printf(f->arena, "uid=%s2,dc=x", x), "employeeNumber=2");
	group(f, "g1", "cn=a,dc=x", "cn=a", arena_printf(f->arena, "member=uid=%s2,dc=x", x));
	finish(f);
	groups_are(f, "1", "");
	groups_are(f, "2", "a");
}

/* ---- state ---- */

static uint64_t generation(const struct fixture *f)
{
	const struct store_options options = {.path = f->path, .use = STORE_READ, .schema = MIRROR_SCHEMA,
		.tables = mirror_tables};
	struct store *store;
	struct store_txn *t;
	struct error err;
	uint64_t n = 0;

	assert_done(store_open(&options, &store, &err), err);
	assert_done(store_begin_read(store, &t, &err), err);
	assert_done(store_generation(t, &n, &err), err);
	store_abort(t);
	store_close(store);
	return n;
}

static void only_a_real_change_makes_readers_look_again(void **state)
{
	struct fixture *f = *state;
	uint64_t before;

	person(f, "u1", "uid=anna,dc=x", "employeeNumber=1");
	group(f, "g1", "cn=a,dc=x", "cn=a", "member=uid=anna,dc=x");
	finish(f);
	mirror_close(f->mirror);
	f->mirror = NULL;
	before = generation(f);
	begin(f, &directories[0]);
	person(f, "u1", "uid=anna,dc=x", "employeeNumber=1", "sn=not kept");
	group(f, "g1", "cn=a,dc=x", "cn=a", "member=uid=ANNA, dc=x");
	finish(f);
	mirror_close(f->mirror);
	f->mirror = NULL;
	assert_int_equal(generation(f), before);
	begin(f, &directories[0]);
	group(f, "g1", "cn=a,dc=x", "cn=a", "member=uid=bert,dc=x");
	finish(f);
	mirror_close(f->mirror);
	f->mirror = NULL;
	assert_int_equal(generation(f), before + 1);
}

static void refuses_everybody_until_all_directories_are_whole(void **state)
{
	struct fixture *f = *state;
	struct mirror_person p;
	struct mirror_state s;
	struct error err;

	person(f, "u1", "uid=anna,dc=x", "employeeNumber=1");
	mirror_writer_whole(f->writer, MIRROR_PEOPLE);
	mirror_writer_lost(f->writer, "cable cut");
	assert_done(mirror_writer_commit(f->writer, &err), err);
	mirror_writer_close(f->writer);
	f->writer = NULL;
	assert_done(mirror_open(f->path, &f->mirror, &err), err);
	assert_refused(by_number(f, "1", &p, &err), err, REASON_MIRROR_EMPTY);
	assert_non_null(strstr(err.detail, "cable cut"));
	assert_done(mirror_state(f->arena, f->mirror, "corp", &s, &err), err);
	assert_false(s.filled);
	assert_string_equal(s.error, "cable cut");
	begin(f, &directories[0]);
	finish(f);
	assert_done(by_number(f, "1", &p, &err), err);
	f->count = 2;
	assert_refused(by_number(f, "1", &p, &err), err, REASON_MIRROR_EMPTY);
	assert_refused(named(f, "1", &p, &err), err, REASON_MIRROR_EMPTY);
	f->count = 0;
	assert_refused(by_number(f, "1", &p, &err), err, REASON_MIRROR_EMPTY);
}

static void a_file_that_is_not_there_is_an_empty_mirror(void **state)
{
	struct mirror *m = NULL;
	struct error err;

	(void)state;
	assert_refused(mirror_open("/tmp/postern-no-such-folder/mirror", &m, &err), err, REASON_MIRROR_EMPTY);
	assert_null(m);
}

static void a_mirror_of_another_version_is_read_anew(void **state)
{
	struct fixture *f = *state;
	const struct store_options other = {.path = f->path, .use = STORE_WRITE, .schema = MIRROR_SCHEMA + 1, .derived = true,
		.tables = mirror_tables};
	struct mirror_writer *left;
	struct mirror_person p;
	struct mirror *m = NULL;
	struct store *store;
	struct error err;

	person(f, "u1", "uid=anna,dc=x", "employeeNumber=1");
	finish(f);
	assert_done(by_number(f, "1", &p, &err), err);
	assert_done(mirror_writer_open(f->path, &directories[1], &left, &err), err);
	assert_done(store_open(&other, &store, &err), err);
	store_close(store);
	assert_refused(mirror_open(f->path, &m, &err), err, REASON_MIRROR_EMPTY);
	assert_non_null(strstr(err.detail, "newer version"));
	/* who still writes the old file ends, and reads it anew into the other one */
	mirror_writer_lost(left, "cable cut");
	assert_refused(mirror_writer_commit(left, &err), err, REASON_STORE);
	mirror_writer_close(left);
	/* who reads the old one goes over when the new one is there */
	assert_done(by_number(f, "1", &p, &err), err);
	assert_done(mirror_writer_open(f->path, &directories[0], &f->writer, &err), err);
	assert_done(mirror_open_again(f->path, &f->mirror, &err), err);
	assert_refused(by_number(f, "1", &p, &err), err, REASON_MIRROR_EMPTY);
	person(f, "u1", "uid=anna,dc=x", "employeeNumber=1");
	mirror_close(f->mirror);
	finish(f);
	assert_done(by_number(f, "1", &p, &err), err);
}

static void cookies_are_kept_until_the_settings_change(void **state)
{
	struct fixture *f = *state;
	struct directory_options other = directories[0];
	struct mirror_person p;
	struct error err;

	person(f, "u1", "uid=anna,dc=x", "employeeNumber=1");
	assert_done(mirror_writer_set_cookie(f->writer, MIRROR_GROUPS, slice_of("a\0b", 3), &err), err);
	finish(f);
	other.network_seconds = 99;
	other.bind_dn = "cn=other";
	begin(f, &other);
	assert_int_equal(mirror_writer_cookie(f->writer, MIRROR_GROUPS).n, 3);
	assert_null(mirror_writer_cookie(f->writer, MIRROR_PEOPLE).p);
	finish(f);
	assert_done(by_number(f, "1", &p, &err), err);
	other.people_base = "ou=elsewhere,dc=x";
	begin(f, &other);
	assert_int_equal(mirror_writer_cookie(f->writer, MIRROR_GROUPS).n, 3);  /* groups are read as before */
	finish(f);
	other.groups_base = "ou=elsewhere,dc=x";
	begin(f, &other);
	assert_null(mirror_writer_cookie(f->writer, MIRROR_GROUPS).p);
	mirror_writer_close(f->writer);
	f->writer = NULL;
	assert_done(mirror_open(f->path, &f->mirror, &err), err);
	assert_refused(by_number(f, "1", &p, &err), err, REASON_MIRROR_EMPTY);
}

/* ---- rules ---- */

static const char *const of_rules[] = {"cn", "posternoutcome", NULL};

static int rules_of(struct fixture *f, const struct directory_options *d, const struct mirror_rule **out, size_t *n_out)
{
	struct error err;
	int rc = mirror_rules(f->arena, f->mirror, d, out, n_out, &err);

	assert_true(rc >= 0);
	return rc;
}

#define rule(f, id, dn, ...) put_in(f, MIRROR_RULES, id, dn, (const char *const[]){__VA_ARGS__, NULL})

static void rules_are_kept_beside_people_and_groups(void **state)
{
	struct fixture *f = *state;
	struct directory_options with = directories[0];
	const struct mirror_rule *rules = NULL;
	struct mirror_person p;
	struct error err;
	size_t n = 0;

	with.rules_base = "ou=access,dc=x";
	with.rules_filter = "(a=b)";
	with.rules_attributes = of_rules;
	mirror_writer_close(f->writer);
	begin(f, &with);
	person(f, "u1", "uid=anna,dc=x", "employeeNumber=1");
	rule(f, "r1", "cn=Agents, ou=access,dc=x", "cn=Agents", "posternOutcome=licensed", "description=not kept");
	rule(f, "r2", "cn=partners,ou=access,dc=x", "cn=partners", "posternOutcome=portal", "posternOutcome=customer");
	finish(f);
	assert_int_equal(rules_of(f, &with, &rules, &n), 0);    /* not read whole yet */
	begin(f, &with);
	mirror_writer_whole(f->writer, MIRROR_RULES);
	finish(f);
	assert_int_equal(rules_of(f, &with, &rules, &n), 1);
	assert_int_equal(n, 2);
	assert_string_equal(rules[0].dn, "cn=Agents, ou=access,dc=x");
	assert_string_equal(rules[0].dn_key, "cn=agents,ou=access,dc=x");
	assert_int_equal(rules[0].attribute_count, 2);
	assert_string_equal(rules[0].attributes[1].name, "posternoutcome");
	assert_int_equal(rules[1].attributes[1].n, 2);
	begin(f, &with);
	gone(f, MIRROR_RULES, "r1");
	finish(f);
	assert_int_equal(rules_of(f, &with, &rules, &n), 1);
	assert_int_equal(n, 1);
	assert_done(by_number(f, "1", &p, &err), err);
}

static void other_rules_make_nobody_wait(void **state)
{
	struct fixture *f = *state;
	struct directory_options with = directories[0];
	const struct mirror_rule *rules = NULL;
	struct mirror_person p;
	struct error err;
	size_t n = 0;

	person(f, "u1", "uid=anna,dc=x", "employeeNumber=1");
	assert_done(mirror_writer_set_cookie(f->writer, MIRROR_PEOPLE, slice_c("cookie"), &err), err);
	finish(f);
	with.rules_base = "ou=access,dc=x";
	with.rules_filter = "(a=b)";
	with.rules_attributes = of_rules;
	begin(f, &with);
	assert_non_null(mirror_writer_cookie(f->writer, MIRROR_PEOPLE).p);
	rule(f, "r1", "cn=a,ou=access,dc=x", "cn=a");
	assert_done(mirror_writer_set_cookie(f->writer, MIRROR_RULES, slice_c("cookie"), &err), err);
	mirror_writer_whole(f->writer, MIRROR_RULES);
	finish(f);
	assert_done(by_number(f, "1", &p, &err), err);
	assert_int_equal(rules_of(f, &with, &rules, &n), 1);
	with.rules_base = "ou=other,dc=x";
	assert_int_equal(rules_of(f, &with, &rules, &n), 0);
	begin(f, &with);
	assert_null(mirror_writer_cookie(f->writer, MIRROR_RULES).p);
	finish(f);
	assert_done(by_number(f, "1", &p, &err), err);
}

/* Of people that would be refused: of rules it is for whoever uses them to judge. */
static const char *const of_groups[] = {"posternmembersare", NULL};

static void groups_with_a_mark_are_among_the_rules(void **state)
{
	struct fixture *f = *state;
	struct directory_options with = directories[0];
	const struct mirror_rule *rules = NULL;
	struct mirror_person p;
	struct error err;
	size_t n = 0;

	with.rules_base = "ou=access,dc=x";
	with.rules_attributes = of_rules;
	person(f, "u1", "uid=anna,dc=x", "employeeNumber=1");
	group(f, "g1", "cn=a,dc=x", "cn=a", "member=uid=anna,dc=x", "posternMembersAre=licensed");
	assert_done(mirror_writer_set_cookie(f->writer, MIRROR_GROUPS, slice_c("cookie"), &err), err);
	finish(f);
	/* marks are switched on: groups are read over what is there, and nobody waits */
	with.group_attributes = of_groups;
	begin(f, &with);
	assert_null(mirror_writer_cookie(f->writer, MIRROR_GROUPS).p);
	mirror_writer_whole(f->writer, MIRROR_RULES);
	assert_done(mirror_writer_commit(f->writer, &err), err);
	mirror_writer_close(f->writer);
	f->writer = NULL;
	assert_done(mirror_open(f->path, &f->mirror, &err), err);
	assert_int_equal(rules_of(f, &with, &rules, &n), 0);
	assert_done(by_number(f, "1", &p, &err), err);
	begin(f, &with);
	group(f, "g1", "cn=a,dc=x", "cn=a", "member=uid=anna,dc=x", "posternMembersAre=licensed");
	group(f, "g2", "cn=b,dc=x", "cn=b", "member=uid=anna,dc=x", "description=licensed");
	finish(f);
	assert_int_equal(rules_of(f, &with, &rules, &n), 1);
	assert_int_equal(n, 1);
	assert_true(rules[0].is_group);
	assert_string_equal(rules[0].dn, "cn=a,dc=x");
	assert_slice_is(rules[0].attributes[0].values[0], "licensed");
	assert_done(by_number(f, "1", &p, &err), err);
	assert_int_equal(p.group_count, 2);
}

static void all_rules_may_go(void **state)
{
	struct fixture *f = *state;
	struct directory_options with = directories[0];
	const struct mirror_rule *rules = NULL;
	struct mirror_state s;
	struct error err;
	size_t n = 9;

	with.rules_base = "ou=access,dc=x";
	with.rules_attributes = of_rules;
	mirror_writer_close(f->writer);
	begin(f, &with);
	rule(f, "r1", "cn=a,ou=access,dc=x", "cn=a");
	assert_done(mirror_writer_refresh_begin(f->writer, MIRROR_RULES, &err), err);
	assert_int_equal(mirror_writer_refresh_end(f->writer, MIRROR_RULES, REFRESH_NAMED_ALL, &err), 1);
	finish(f);
	assert_int_equal(rules_of(f, &with, &rules, &n), 1);
	assert_int_equal(n, 0);
	begin(f, &with);
	mirror_writer_no_rules(f->writer, "the base is not there");
	finish(f);
	assert_done(mirror_state(f->arena, f->mirror, "corp", &s, &err), err);
	assert_true(s.filled);
	assert_string_equal(s.rules_error, "the base is not there");
}

/* The same attributes are kept, but not the same ones find people; then all is as it was. */
static void values_of_other_settings_find_nobody(void **state)
{
	static const struct directory_join one[] = {{"objectidentifier", "carLicense", false}};
	static const char *const more[] = {"department", "employeeNumber", NULL};
	struct fixture *f = *state;
	struct directory_options other = directories[0];
	struct mirror_person p;
	struct error err;

	other.joins = one;
	other.join_count = 1;
	other.attributes = more;
	person(f, "u1", "uid=anna,dc=x", "employeeNumber=1", "carLicense=c");
	group(f, "g1", "cn=g,dc=x", "cn=g", "member=uid=anna,dc=x");
	finish(f);
	begin(f, &other);
	person(f, "u1", "uid=anna,dc=x", "employeeNumber=2", "carLicense=c");
	group(f, "g1", "cn=g,dc=x", "cn=g", "member=uid=anna,dc=x");
	finish(f);
	begin(f, &directories[0]);
	person(f, "u1", "uid=anna,dc=x", "employeeNumber=2", "carLicense=c");
	group(f, "g1", "cn=g,dc=x", "cn=g", "member=uid=anna,dc=x");
	finish(f);
	assert_refused(by_number(f, "1", &p, &err), err, REASON_PERSON_NOT_FOUND);
	assert_done(by_number(f, "2", &p, &err), err);
	assert_int_equal(p.group_count, 1);
	assert_false(p.groups[0].cn_shared);
}

/* Whether the case of a join's values counts is a setting too. */
static void an_unchanged_entry_is_indexed_by_the_new_settings(void **state)
{
	static const struct directory_join folded[] = {{"objectidentifier", "employeeNumber", true}};
	struct fixture *f = *state;
	struct directory_options other = directories[0];
	const struct mirror_claim claim = {"objectidentifier", "e-1A"}, small = {"objectidentifier", "e-1a"};
	const struct mirror_query query = {.claims = &claim, .claim_count = 1};
	struct mirror_person p;
	struct error err;

	other.joins = folded;
	other.join_count = 1;
	other.attributes = (const char *const[]){"department", "carLicense", NULL};
	person(f, "u1", "uid=anna,dc=x", "employeeNumber=E-1A");
	finish(f);
	begin(f, &other);
	person(f, "u1", "uid=anna,dc=x", "employeeNumber=E-1A");
	finish(f);
	assert_done(mirror_person(f->arena, f->mirror, &other, 1, &query, &p, &err), err);
	begin(f, &directories[0]);
	person(f, "u1", "uid=anna,dc=x", "employeeNumber=E-1A");
	finish(f);
	assert_refused(by_claims(f, &small, 1, false, &p, &err), err, REASON_PERSON_NOT_FOUND);
	assert_done(by_number(f, "E-1A", &p, &err), err);
}

static void a_directory_needs_a_usable_name(void **state)
{
	struct fixture *f = *state;
	struct directory_options nameless = directories[0];
	struct mirror_writer *w;
	struct error err;

	nameless.name = "";
	assert_refused(mirror_writer_open(f->path, &nameless, &w, &err), err, REASON_SETTINGS);
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
		mirror_test(walks_nested_groups_nearest_first),
		mirror_test(knows_when_a_groups_name_is_not_its_own),
		mirror_test(a_name_is_shared_until_one_group_is_left),
		mirror_test(a_cycle_is_walked_once),
		mirror_test(the_own_directory_alone_gives_groups),
		mirror_test(members_may_come_before_their_entries),
		mirror_test(refuses_whose_groups_are_beyond_the_limits),
		mirror_test(a_changed_entry_leaves_nothing_of_its_old_self),
		mirror_test(a_renamed_entry_is_no_member_under_its_old_name),
		mirror_test(a_name_taken_over_removes_who_had_it),
		mirror_test(a_deleted_group_or_person_is_gone),
		mirror_test(an_entry_without_a_dn_is_left_out),
		mirror_test(names_longer_than_a_key_still_differ),
		mirror_test(only_a_real_change_makes_readers_look_again),
		mirror_test(refuses_everybody_until_all_directories_are_whole),
		cmocka_unit_test(a_file_that_is_not_there_is_an_empty_mirror),
		mirror_test(a_mirror_of_another_version_is_read_anew),
		mirror_test(cookies_are_kept_until_the_settings_change),
		mirror_test(rules_are_kept_beside_people_and_groups),
		mirror_test(other_rules_make_nobody_wait),
		mirror_test(groups_with_a_mark_are_among_the_rules),
		mirror_test(all_rules_may_go),
		mirror_test(values_of_other_settings_find_nobody),
		mirror_test(an_unchanged_entry_is_indexed_by_the_new_settings),
		mirror_test(a_directory_needs_a_usable_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
