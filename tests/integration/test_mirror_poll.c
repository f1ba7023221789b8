/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A directory that tells nothing by itself (kind other), played by a slapd that is only asked. */
#include "tests/integration/slapd.h"

#include "base/clock.h"
#include "base/text.h"
#include "ldap/mirror_write.h"

#include <signal.h>
#include <time.h>
#include <unistd.h>

#define SECOND INT64_C(1000000)
#define DN(uid) "uid=" uid ",ou=people," SLAPD_SUFFIX
#define GDN(cn) "cn=" cn ",ou=groups," SLAPD_SUFFIX
#define PERSON(uid, number) \
	"dn: " DN(uid) "\nobjectClass: inetOrgPerson\nuid: " uid "\ncn: " uid "\nsn: " uid "\nmail: " uid "@example.org\n" \
	"employeeNumber: " number "\n\n"
#define GROUP(cn, member) "dn: " GDN(cn) "\nobjectClass: groupOfNames\ncn: " cn "\nmember: " member "\n\n"

static const char base_ldif[] =
	"dn: dc=example,dc=org\nobjectClass: organization\nobjectClass: dcObject\no: Example\ndc: example\n\n"
	"dn: ou=people,dc=example,dc=org\nobjectClass: organizationalUnit\nou: people\n\n"
	"dn: ou=left,dc=example,dc=org\nobjectClass: organizationalUnit\nou: left\n\n"
	"dn: ou=groups,dc=example,dc=org\nobjectClass: organizationalUnit\nou: groups\n\n";
static const char people_ldif[] = PERSON("anna", "1") PERSON("bert", "2") PERSON("cleo", "3") PERSON("dora", "4")
	GROUP("agents", DN("anna")) GROUP("staff", GDN("agents"));

static const struct directory_join joins[] = {{"objectidentifier", "employeeNumber", false}, {"mail", "mail", true}};

struct fixture {
	struct slapd slapd;
	const char *uris[3];
	struct directory_options options;
	struct arena *arena;
	struct mirror *mirror;
};

/* Comparisons come once an hour: what a story finds, it finds by polling, unless it says otherwise. */
static void fixture_make(struct fixture *f, const char *database_settings, const char *ldif)
{
	*f = (struct fixture){0};
	slapd_make(&f->slapd, database_settings);
	slapd_load(&f->slapd, base_ldif);
	slapd_load(&f->slapd, ldif);
	f->uris[0] = f->slapd.uri;
	f->options = (struct directory_options){.name = "corp", .kind = DIRECTORY_OTHER, .uris = f->uris, .bind_dn = SLAPD_ROOT,
		.password = {SLAPD_PASSWORD, strlen(SLAPD_PASSWORD)}, .people_base = "ou=people," SLAPD_SUFFIX,
		.people_filter = "(objectClass=inetOrgPerson)", .groups_base = "ou=groups," SLAPD_SUFFIX,
		.groups_filter = "(objectClass=groupOfNames)", .member_attribute = "member", .group_name_attribute = "cn",
		.mail_attribute = "mail", .joins = joins, .join_count = 2, .network_seconds = 2, .poll_seconds = 1,
		.compare_seconds = 3600};
	f->arena = arena_new();
	slapd_start(&f->slapd);
}

static void fixture_end(struct fixture *f)
{
	mirror_close(f->mirror);
	arena_free(f->arena);
	slapd_end(&f->slapd);
}

static struct mirror_state state_of(struct fixture *f)
{
	struct mirror_state s = {0};
	struct error err;

	if (f->mirror || mirror_open(f->slapd.mirror, &f->mirror, &err) == 0)
		assert_done(mirror_state(f->arena, f->mirror, "corp", &s, &err), err);
	return s;
}

/* 1 found, 0 not found; anything else is no answer. */
static int look_up(struct fixture *f, const char *number, struct mirror_person *p)
{
	const struct mirror_claim claim = {"objectidentifier", number};
	const struct mirror_query query = {&claim, 1, false, NULL};
	struct error err = {0};

	state_of(f);
	if (!f->mirror)
		return -1;
	if (mirror_person(f->arena, f->mirror, &f->options, 1, &query, p, &err) == 0)
		return 1;
	return err.reason == REASON_PERSON_NOT_FOUND ? 0 : -1;
}

typedef bool question(struct fixture *f);

static void until_true(struct fixture *f, question *q, const char *name)
{
	const struct timespec nap = {.tv_nsec = 20000000};
	int64_t end = clock_monotonic_us() + 60 * SECOND;

	while (!q(f)) {
		if (clock_monotonic_us() > end) {
			struct mirror_state s = state_of(f);

			fail_msg("not in time: %s (error: %s)", name, s.error ? s.error : "none");
		}
		nanosleep(&nap, NULL);
	}
}

#define until(f, q) until_true(f, q, #q)

static bool connected(struct fixture *f)
{
	return state_of(f).connected;
}

static bool lost(struct fixture *f)
{
	struct mirror_state s = state_of(f);

	return !s.connected && s.error;
}

static bool mail_is(struct fixture *f, const char *number, const char *mail)
{
	struct mirror_person p;

	return look_up(f, number, &p) == 1 && p.mail && strcmp(p.mail, mail) == 0;
}

static bool groups_are(struct fixture *f, const char *number, const char *expected)
{
	struct mirror_person p;
	struct text t;

	if (look_up(f, number, &p) != 1)
		return false;
	text_begin(&t, f->arena, 100);
	for (size_t i = 0; i < p.group_count; i++)
		text_addf(&t, "%s%s", i ? " " : "", p.groups[i].cn);
	return strcmp(text_slice(&t).p ? text_slice(&t).p : "", expected) == 0;
}

static bool is_gone(struct fixture *f, const char *number)
{
	struct mirror_person p;

	return look_up(f, number, &p) == 0;
}

static bool error_says(struct fixture *f, const char *words)
{
	struct mirror_state s = state_of(f);

	return s.error && strstr(s.error, words);
}

static void begin(struct fixture *f, const char *database_settings)
{
	fixture_make(f, database_settings, people_ldif);
	follower_start(&f->slapd, &f->options);
	until(f, connected);
	assert_int_equal(state_of(f).people, 4);
	assert_int_equal(state_of(f).groups, 2);
	assert_true(groups_are(f, "1", "agents staff"));
}

static void set_mail(struct fixture *f, const char *uid, const char *mail)
{
	slapd_change(&f->slapd, arena_printf(f->arena, "dn: uid=%s,ou=people," SLAPD_SUFFIX
		"\nchangetype: modify\nreplace: mail\nmail: %s\n\n", uid, mail));
}

/* ---- questions ---- */

static bool emil_is_there(struct fixture *f)
{
	return mail_is(f, "5", "emil@example.org");
}

static bool dora_is_agent(struct fixture *f)
{
	return groups_are(f, "4", "agents staff") && groups_are(f, "1", "");
}

static bool anna_is_anna_maria(struct fixture *f)
{
	struct mirror_person p;

	return look_up(f, "1", &p) == 1 && strcmp(p.dn, DN("anna-maria")) == 0;
}

static bool bert_is_gone(struct fixture *f)
{
	return is_gone(f, "2");
}

static bool cleo_is_gone(struct fixture *f)
{
	return is_gone(f, "3");
}

static bool cleo_is_first(struct fixture *f)
{
	return mail_is(f, "3", "first@example.org");
}

static bool cleo_is_second(struct fixture *f)
{
	return mail_is(f, "3", "second@example.org");
}

static bool zoe_has_moved(struct fixture *f)
{
	struct mirror_person p;

	return look_up(f, "9", &p) == 1 && strcmp(p.dn, "uid=zoe,ou=new,ou=people," SLAPD_SUFFIX) == 0;
}

static bool zoe_is_there(struct fixture *f)
{
	struct mirror_person p;

	return look_up(f, "9", &p) == 1;
}

/* ---- stories ---- */

static void changes_are_found_by_their_stamp(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f, "");
	slapd_change(&f.slapd, "dn: " DN("emil") "\nchangetype: add\nobjectClass: inetOrgPerson\nuid: emil\ncn: emil\nsn: emil\n"
		"mail: emil@example.org\nemployeeNumber: 5\n\n");
	until(&f, emil_is_there);
	slapd_change(&f.slapd, "dn: " GDN("agents") "\nchangetype: modify\nreplace: member\nmember: " DN("dora") "\n\n");
	until(&f, dora_is_agent);
	slapd_change(&f.slapd, "dn: " DN("anna") "\nchangetype: modrdn\nnewrdn: uid=anna-maria\ndeleteoldrdn: 1\n\n");
	until(&f, anna_is_anna_maria);
	assert_int_equal(state_of(&f).people, 5);
	follower_stop(&f.slapd);
	assert_null(state_of(&f).error);
	fixture_end(&f);
}

static void who_fits_the_filter_no_longer_is_gone_at_once(void **state)
{
	struct fixture f;

	(void)state;
	fixture_make(&f, "", people_ldif);
	f.options.people_filter = "(&(objectClass=inetOrgPerson)(!(title=away)))";
	follower_start(&f.slapd, &f.options);
	until(&f, connected);
	slapd_change(&f.slapd, "dn: " DN("bert") "\nchangetype: modify\nadd: title\ntitle: away\n\n");
	until(&f, bert_is_gone);
	assert_int_equal(state_of(&f).people, 3);
	fixture_end(&f);
}

/* Stamps have seconds: the second change has the same one, and comes after it was asked for. */
static void two_changes_within_one_second_are_both_found(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f, "");
	for (int i = 0; i < 3; i++) {
		set_mail(&f, "cleo", "first@example.org");
		until(&f, cleo_is_first);
		set_mail(&f, "cleo", "second@example.org");
		until(&f, cleo_is_second);
	}
	fixture_end(&f);
}

static void deletions_and_moves_are_found_by_comparison(void **state)
{
	struct fixture f;

	(void)state;
	fixture_make(&f, "", people_ldif);
	f.options.compare_seconds = 1;
	follower_start(&f.slapd, &f.options);
	until(&f, connected);
	slapd_change(&f.slapd, "dn: " DN("bert") "\nchangetype: delete\n\n");
	until(&f, bert_is_gone);
	slapd_change(&f.slapd, "dn: " DN("cleo") "\nchangetype: modrdn\nnewrdn: uid=cleo\ndeleteoldrdn: 1\nnewsuperior: ou=left,"
		SLAPD_SUFFIX "\n\n");
	until(&f, cleo_is_gone);
	slapd_change(&f.slapd, "dn: ou=old,ou=people," SLAPD_SUFFIX "\nchangetype: add\nobjectClass: organizationalUnit\nou: old\n\n"
		"dn: uid=zoe,ou=old,ou=people," SLAPD_SUFFIX "\nchangetype: add\nobjectClass: inetOrgPerson\nuid: zoe\ncn: zoe\nsn: zoe\n"
		"employeeNumber: 9\n\n");
	until(&f, zoe_is_there);
	slapd_change(&f.slapd, "dn: ou=old,ou=people," SLAPD_SUFFIX "\nchangetype: modrdn\nnewrdn: ou=new\ndeleteoldrdn: 1\n\n");
	until(&f, zoe_has_moved);
	assert_int_equal(state_of(&f).people, 3);
	fixture_end(&f);
}

static void goes_on_where_it_stopped(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f, "");
	follower_stop(&f.slapd);
	set_mail(&f, "cleo", "first@example.org");
	slapd_change(&f.slapd, "dn: " DN("bert") "\nchangetype: delete\n\n");
	follower_start(&f.slapd, &f.options);
	until(&f, cleo_is_first);
	until(&f, connected);
	/* the hour is not over: nobody compared */
	assert_true(mail_is(&f, "2", "bert@example.org"));
	slapd_stop(&f.slapd);
	until(&f, lost);
	assert_true(mail_is(&f, "3", "first@example.org"));
	slapd_start(&f.slapd);
	set_mail(&f, "cleo", "second@example.org");
	until(&f, cleo_is_second);
	fixture_end(&f);
}

/* By another name it may be another server, whose clock and data are its own. */
static void another_server_is_compared_at_once(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f, "");
	follower_stop(&f.slapd);
	slapd_change(&f.slapd, "dn: " DN("bert") "\nchangetype: delete\n\n");
	f.uris[0] = arena_printf(f.arena, "ldap://localhost%s", strrchr(f.slapd.uri, ':'));
	follower_start(&f.slapd, &f.options);
	until(&f, bert_is_gone);
	fixture_end(&f);
}

static const char *many_people(struct arena *a, size_t n)
{
	struct text t;

	text_begin(&t, a, n * 200);
	for (size_t i = 0; i < n; i++)
		text_addf(&t, "dn: uid=p%zu,ou=people," SLAPD_SUFFIX "\nobjectClass: inetOrgPerson\nuid: p%zu\ncn: p%zu\nsn: p%zu\n"
			"mail: p%zu@example.org\nemployeeNumber: n%zu\n\n", i, i, i, i, i, i);
	text_add_c(&t, GROUP("agents", DN("p1")));
	return text_slice(&t).p;
}

static void a_large_directory_comes_in_pages(void **state)
{
	struct arena *a = arena_new();
	struct fixture f;

	(void)state;
	fixture_make(&f, "limits anonymous size.soft=500 size.hard=500 size.prtotal=unlimited\naccess to * by * read",
		many_people(a, 1203));
	f.options.bind_dn = NULL;
	follower_start(&f.slapd, &f.options);
	until(&f, connected);
	assert_int_equal(state_of(&f).people, 1203);
	assert_true(groups_are(&f, "n1", "agents"));
	assert_true(mail_is(&f, "n1202", "p1202@example.org"));
	fixture_end(&f);
	arena_free(a);
}

static bool limit_was_met(struct fixture *f)
{
	return error_says(f, "Size limit exceeded");
}

static void a_reading_that_is_cut_short_is_not_taken_for_all(void **state)
{
	struct arena *a = arena_new();
	struct fixture f;

	(void)state;
	fixture_make(&f, "limits anonymous size.soft=500 size.hard=500 size.prtotal=700\naccess to * by * read", many_people(a, 1203));
	f.options.bind_dn = NULL;
	follower_start(&f.slapd, &f.options);
	until(&f, limit_was_met);
	assert_false(state_of(&f).filled);
	fixture_end(&f);
	arena_free(a);
}

static void a_stamp_of_the_future_hides_nothing(void **state)
{
	struct fixture f;

	(void)state;
	fixture_make(&f, "", PERSON("cleo", "3") GROUP("agents", DN("cleo")) "dn: " DN("anna")
		"\nobjectClass: inetOrgPerson\nuid: anna\ncn: anna\nsn: anna\nemployeeNumber: 1\nmodifyTimestamp: 20990101000000Z\n\n");
	follower_start(&f.slapd, &f.options);
	until(&f, connected);
	set_mail(&f, "cleo", "first@example.org");
	until(&f, cleo_is_first);
	fixture_end(&f);
}

static bool an_id_is_missing(struct fixture *f)
{
	return error_says(f, "cleo") && error_says(f, "has no employeeNumber");
}

static bool an_id_is_there_twice(struct fixture *f)
{
	return error_says(f, "has the employeeNumber of another entry");
}

static bool there_are_no_ids(struct fixture *f)
{
	return error_says(f, "has no carLicense");
}

static void each_entry_needs_an_id_of_its_own(void **state)
{
	static const struct {
		const char *attribute, *ldif;
		question *found;
	} cases[] = {
		{"employeeNumber", PERSON("anna", "1") "dn: " DN("cleo") "\nobjectClass: inetOrgPerson\nuid: cleo\ncn: cleo\nsn: c\n\n",
			an_id_is_missing},
		{"employeeNumber", PERSON("anna", "1") PERSON("bert", "1"), an_id_is_there_twice},
		{"carLicense", PERSON("anna", "1"), there_are_no_ids},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct fixture f;

		fixture_make(&f, "", cases[i].ldif);
		f.options.id_attribute = cases[i].attribute;
		follower_start(&f.slapd, &f.options);
		until_true(&f, cases[i].found, cases[i].attribute);
		assert_false(state_of(&f).filled);
		fixture_end(&f);
	}
}

static bool ids_are_unknown(struct fixture *f)
{
	return error_says(f, "no entry has an id that stays");
}

static bool stamps_are_unknown(struct fixture *f)
{
	return error_says(f, "shows a modifyTimestamp");
}

static void a_server_that_hides_what_is_needed_is_refused(void **state)
{
	struct directory_check found;
	struct fixture f;
	struct error err;

	(void)state;
	fixture_make(&f, "access to attrs=entryUUID by * none\naccess to * by * read", people_ldif);
	assert_done(directory_check(f.arena, &f.options, &found, &err), err);
	assert_null(found.cannot_follow);
	assert_int_equal(found.people, 4);
	f.options.bind_dn = NULL;
	assert_done(directory_check(f.arena, &f.options, &found, &err), err);
	assert_non_null(strstr(found.cannot_follow, "no entry has an id that stays"));
	follower_start(&f.slapd, &f.options);
	until(&f, ids_are_unknown);
	fixture_end(&f);
	fixture_make(&f, "access to attrs=modifyTimestamp by * none\naccess to * by * read", people_ldif);
	f.options.bind_dn = NULL;
	assert_done(directory_check(f.arena, &f.options, &found, &err), err);
	assert_string_equal(found.cannot_follow, "4 of 4 people show no modifyTimestamp");
	follower_start(&f.slapd, &f.options);
	until(&f, stamps_are_unknown);
	fixture_end(&f);
}

static bool a_removal_is_held(struct fixture *f)
{
	return error_says(f, "none of 2 known groups");
}

static void a_comparison_never_empties_a_filled_mirror(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f, "");
	follower_stop(&f.slapd);
	slapd_stop(&f.slapd);
	slapd_forget_data(&f.slapd);
	slapd_load(&f.slapd, base_ldif);
	slapd_start(&f.slapd);
	f.options.compare_seconds = 1;
	follower_start(&f.slapd, &f.options);
	until(&f, a_removal_is_held);
	/* polls and comparisons go on, and change nothing about it */
	sleep(4);
	assert_true(a_removal_is_held(&f));
	assert_int_equal(state_of(&f).people, 4);
	assert_true(groups_are(&f, "1", "agents staff"));
	fixture_end(&f);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(changes_are_found_by_their_stamp),
		cmocka_unit_test(who_fits_the_filter_no_longer_is_gone_at_once),
		cmocka_unit_test(two_changes_within_one_second_are_both_found),
		cmocka_unit_test(deletions_and_moves_are_found_by_comparison),
		cmocka_unit_test(goes_on_where_it_stopped),
		cmocka_unit_test(another_server_is_compared_at_once),
		cmocka_unit_test(a_large_directory_comes_in_pages),
		cmocka_unit_test(a_reading_that_is_cut_short_is_not_taken_for_all),
		cmocka_unit_test(a_stamp_of_the_future_hides_nothing),
		cmocka_unit_test(each_entry_needs_an_id_of_its_own),
		cmocka_unit_test(a_server_that_hides_what_is_needed_is_refused),
		cmocka_unit_test(a_comparison_never_empties_a_filled_mirror),
	};

	if (slapd_begin(argc, argv) < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
