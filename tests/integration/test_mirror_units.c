/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Units of a real slapd that are renamed and moved: slapd tells of them, and of nothing below them. */
#include "tests/integration/slapd.h"

#include "base/clock.h"
#include "base/text.h"

#include <signal.h>
#include <time.h>

#define SECOND INT64_C(1000000)
#define PEOPLE 40
#define IN_SALES 30
#define PAUSE 3                         /* seconds between two readings because of moves */
#define REREAD "a unit was renamed or moved"
#define WARNING "are noticed only when everything is read again"

static const char base_ldif[] =
	"dn: dc=example,dc=org\nobjectClass: organization\nobjectClass: dcObject\no: Example\ndc: example\n\n"
	"dn: ou=people,dc=example,dc=org\nobjectClass: organizationalUnit\nou: people\n\n"
	"dn: ou=sales,ou=people,dc=example,dc=org\nobjectClass: organizationalUnit\nou: sales\n\n"
	"dn: ou=former,dc=example,dc=org\nobjectClass: organizationalUnit\nou: former\n\n"
	"dn: ou=groups,dc=example,dc=org\nobjectClass: organizationalUnit\nou: groups\n\n"
	"dn: ou=teams,ou=groups,dc=example,dc=org\nobjectClass: organizationalUnit\nou: teams\n\n"
	"dn: cn=agents,ou=teams,ou=groups,dc=example,dc=org\nobjectClass: groupOfNames\ncn: agents\n"
	"member: uid=u1,ou=sales,ou=people,dc=example,dc=org\n\n"
	"dn: cn=all,ou=groups,dc=example,dc=org\nobjectClass: groupOfNames\ncn: all\n"
	"member: cn=agents,ou=teams,ou=groups,dc=example,dc=org\nmember: uid=u40,ou=people,dc=example,dc=org\n\n";

static const struct directory_join joins[] = {{"objectidentifier", "employeeNumber", false}};

struct fixture {
	struct slapd slapd;
	const char *uris[2];
	struct directory_options options;
	struct arena *arena;
	struct mirror *mirror;
};

static const char *person(struct arena *a, int number, const char *unit, const char *change)
{
	return arena_printf(a, "dn: uid=u%d,%sou=people," SLAPD_SUFFIX "\n%sobjectClass: inetOrgPerson\nuid: u%d\ncn: u%d\nsn: u%d\n"
		"mail: u%d@example.org\nemployeeNumber: %d\n\n", number, unit, change, number, number, number, number, number);
}

static void fixture_make(struct fixture *f, const char *database_settings)
{
	struct text t;

	*f = (struct fixture){.arena = arena_new()};
	slapd_make(&f->slapd, database_settings);
	f->slapd.log = arena_printf(f->arena, "%s/follower.log", f->slapd.folder);
	text_begin(&t, f->arena, 20000);
	text_add_c(&t, base_ldif);
	for (int i = 1; i <= PEOPLE; i++)
		text_add_c(&t, person(f->arena, i, i <= IN_SALES ? "ou=sales," : "", ""));
	slapd_load(&f->slapd, text_slice(&t).p);
	slapd_start(&f->slapd);
	f->uris[0] = f->slapd.uri;
	f->options = (struct directory_options){.name = "corp", .uris = f->uris, .bind_dn = SLAPD_ROOT,
		.password = {SLAPD_PASSWORD, strlen(SLAPD_PASSWORD)}, .people_base = "ou=people," SLAPD_SUFFIX,
		.people_filter = "(objectClass=inetOrgPerson)", .groups_base = "ou=groups," SLAPD_SUFFIX,
		.groups_filter = "(objectClass=groupOfNames)", .member_attribute = "member", .group_name_attribute = "cn",
		.mail_attribute = "mail", .joins = joins, .join_count = 1, .network_seconds = 2};
}

static void fixture_end(struct fixture *f)
{
	mirror_close(f->mirror);
	slapd_end(&f->slapd);
	arena_free(f->arena);
}

/* ---- what the mirror says ---- */

static struct mirror_state state_of(struct fixture *f)
{
	struct mirror_state s = {0};
	struct error err;

	if (f->mirror || mirror_open(f->slapd.mirror, &f->mirror, &err) == 0)
		assert_done(mirror_state(f->arena, f->mirror, "corp", &s, &err), err);
	return s;
}

static bool find(struct fixture *f, int number, struct mirror_person *out)
{
	const struct mirror_claim claim = {"objectidentifier", arena_printf(f->arena, "%d", number)};
	const struct mirror_query query = {&claim, 1, false, NULL};
	struct error err;

	state_of(f);
	return f->mirror && mirror_person(f->arena, f->mirror, &f->options, 1, &query, out, &err) == 0;
}

static bool is_there(struct fixture *f, int number)
{
	struct mirror_person p;

	return find(f, number, &p);
}

/* "" while the person is not there. */
static const char *dn_of(struct fixture *f, int number)
{
	struct mirror_person p;

	return find(f, number, &p) ? p.dn : "";
}

/* In the order of the mirror, which is the nearest first. */
static const char *groups_of(struct fixture *f, int number)
{
	struct mirror_person p;
	struct text t;

	text_begin(&t, f->arena, 200);
	if (find(f, number, &p))
		for (size_t i = 0; i < p.group_count; i++)
			text_addf(&t, "%s%s", i ? " " : "", p.groups[i].dn);
	return text_slice(&t).p;
}

static int logged(struct fixture *f, const char *words)
{
	FILE *p = popen(arena_printf(f->arena, "grep -c '%s' %s", words, f->slapd.log), "r");
	int n = 0;

	assert_non_null(p);
	assert_int_equal(fscanf(p, "%d", &n), 1);
	pclose(p);
	return n;
}

/* Readings of people, of which one goes with each of groups. */
static int rereads(struct fixture *f)
{
	return logged(f, "read from the beginning.*" REREAD) / 2;
}

static void nap_ms(int milliseconds)
{
	const struct timespec t = {milliseconds / 1000, milliseconds % 1000 * 1000000L};

	nanosleep(&t, NULL);
}

#define until(what) \
	do { \
		for (int64_t end = clock_monotonic_us() + 60 * SECOND; !(what); nap_ms(10)) \
			if (clock_monotonic_us() > end) \
				fail_msg("not within 60 s: %s (%s)", #what, state_of(&f).error); \
	} while (0)

/* ---- what happens in the directory ---- */

static void move(struct fixture *f, const char *dn, const char *rdn, const char *superior)
{
	slapd_change(&f->slapd, arena_printf(f->arena, "dn: %s," SLAPD_SUFFIX "\nchangetype: modrdn\nnewrdn: %s\ndeleteoldrdn: 1\n%s\n",
		dn, rdn, superior ? arena_printf(f->arena, "newsuperior: %s" SLAPD_SUFFIX "\n", superior) : ""));
}

static void add_unit(struct fixture *f)
{
	slapd_change(&f->slapd, "dn: ou=new,ou=people," SLAPD_SUFFIX "\nchangetype: add\nobjectClass: organizationalUnit\nou: new\n\n");
}

static void describe(struct fixture *f, const char *dn)
{
	slapd_change(&f->slapd, arena_printf(f->arena, "dn: %s," SLAPD_SUFFIX "\nchangetype: modify\nadd: description\n"
		"description: x\n\n", dn));
}

/*
 * With one person: where many are not where they were, a cookie is doubted anyway (refresh.c).  Before anybody follows: slapd says
 * whether a unit has children when it tells of it, not when it was made.
 */
static void add_small_unit(struct fixture *f)
{
	add_unit(f);
	slapd_change(&f->slapd, person(f->arena, 77, "ou=new,", "changetype: add\n"));
}

static void a_renamed_unit_renames_who_is_in_it(void **state)
{
	struct fixture f;

	(void)state;
	fixture_make(&f, "syncprov-sessionlog 1000");
	follower_start(&f.slapd, &f.options);
	until(state_of(&f).connected);
	assert_string_equal(groups_of(&f, 1), "cn=agents,ou=teams,ou=groups,dc=example,dc=org cn=all,ou=groups,dc=example,dc=org");
	move(&f, "ou=sales,ou=people", "ou=trade", NULL);
	until(strcmp(dn_of(&f, 1), "uid=u1,ou=trade,ou=people,dc=example,dc=org") == 0);
	until(strcmp(dn_of(&f, 30), "uid=u30,ou=trade,ou=people,dc=example,dc=org") == 0);
	assert_string_equal(dn_of(&f, 31), "uid=u31,ou=people,dc=example,dc=org");
	assert_int_equal(state_of(&f).people, PEOPLE);
	/* the group names who is no more: slapd leaves its members as they were */
	assert_string_equal(groups_of(&f, 1), "");
	slapd_change(&f.slapd, "dn: cn=agents,ou=teams,ou=groups," SLAPD_SUFFIX "\nchangetype: modify\nreplace: member\n"
		"member: uid=u1,ou=trade,ou=people," SLAPD_SUFFIX "\n\n");
	until(strncmp(groups_of(&f, 1), "cn=agents", 9) == 0);
	assert_int_equal(rereads(&f), 1);
	assert_int_equal(logged(&f, WARNING), 0);
	follower_stop(&f.slapd);
	fixture_end(&f);
}

static void a_renamed_unit_renames_the_groups_in_it(void **state)
{
	struct fixture f;

	(void)state;
	fixture_make(&f, "");
	follower_start(&f.slapd, &f.options);
	until(state_of(&f).connected);
	move(&f, "ou=teams,ou=groups", "ou=crews", NULL);
	until(strcmp(groups_of(&f, 1), "cn=agents,ou=crews,ou=groups,dc=example,dc=org") == 0);
	assert_string_equal(groups_of(&f, 40), "cn=all,ou=groups,dc=example,dc=org");
	slapd_change(&f.slapd, "dn: cn=all,ou=groups," SLAPD_SUFFIX "\nchangetype: modify\nadd: member\n"
		"member: cn=agents,ou=crews,ou=groups," SLAPD_SUFFIX "\n\n");
	until(strcmp(groups_of(&f, 1), "cn=agents,ou=crews,ou=groups,dc=example,dc=org cn=all,ou=groups,dc=example,dc=org") == 0);
	follower_stop(&f.slapd);
	fixture_end(&f);
}

static void a_unit_that_leaves_the_base_takes_all_with_it_and_brings_it_back(void **state)
{
	struct fixture f;

	(void)state;
	fixture_make(&f, "syncprov-sessionlog 1000");
	f.options.removal_limit = 100;
	f.options.moved_seconds = 1;
	follower_start(&f.slapd, &f.options);
	until(state_of(&f).connected);
	move(&f, "ou=sales,ou=people", "ou=sales", "ou=former,");
	until(!is_there(&f, 1));
	until(state_of(&f).connected);
	assert_int_equal(state_of(&f).people, PEOPLE - IN_SALES);
	assert_true(is_there(&f, 31));
	move(&f, "ou=sales,ou=former", "ou=sales", "ou=people,");
	until(state_of(&f).people == PEOPLE);
	assert_true(is_there(&f, 1));
	assert_string_equal(groups_of(&f, 1), "cn=agents,ou=teams,ou=groups,dc=example,dc=org cn=all,ou=groups,dc=example,dc=org");
	follower_stop(&f.slapd);
	fixture_end(&f);
}

/* The guard holds them, and believes at once that they are back. */
static void a_large_unit_that_leaves_the_base_is_held(void **state)
{
	struct fixture f;
	int64_t heard;

	(void)state;
	fixture_make(&f, "syncprov-sessionlog 1000");
	f.options.moved_seconds = 1;
	follower_start(&f.slapd, &f.options);
	until(state_of(&f).connected);
	move(&f, "ou=sales,ou=people", "ou=sales", "ou=former,");
	until(state_of(&f).people_held.n == IN_SALES);
	assert_true(is_there(&f, 1));
	heard = state_of(&f).as_of;
	nap_ms(2500);
	assert_int_equal(state_of(&f).as_of, heard);
	move(&f, "ou=sales,ou=former", "ou=trade", "ou=people,");
	until(state_of(&f).people_held.n == 0);
	until(state_of(&f).connected);
	assert_string_equal(dn_of(&f, 1), "uid=u1,ou=trade,ou=people,dc=example,dc=org");
	assert_int_equal(state_of(&f).people, PEOPLE);
	follower_stop(&f.slapd);
	fixture_end(&f);
}

static void the_last_of_many_moves_is_not_lost(void **state)
{
	struct fixture f;
	int64_t began, told, later;

	(void)state;
	fixture_make(&f, "");
	f.options.moved_seconds = PAUSE;
	f.options.network_seconds = 1;
	add_small_unit(&f);
	follower_start(&f.slapd, &f.options);
	until(state_of(&f).connected);
	began = clock_monotonic_us();
	move(&f, "ou=sales,ou=people", "ou=s1", NULL);
	until(strstr(dn_of(&f, 1), "ou=s1,"));
	until(logged(&f, "the directory was read") >= 2);       /* with the groups, whose end counts as news */
	for (int i = 2; i <= 5; i++)
		move(&f, arena_printf(f.arena, "ou=s%d,ou=people", i - 1), arena_printf(f.arena, "ou=s%d", i), NULL);
	until(logged(&f, "ou=s5,") > 0);
	told = clock_now();             /* what was heard before is written at most this late, but no later time */
	nap_ms(2200);                   /* probes are answered: it is known, all the same, not to be as the directory is */
	later = state_of(&f).as_of;
	if (strstr(dn_of(&f, 1), "ou=s1,") && logged(&f, "directory lost") == 0)
		assert_true(later <= told);
	until(strstr(dn_of(&f, 1), "ou=s5,"));
	assert_in_range(rereads(&f), 2, 1 + (clock_monotonic_us() - began) / (PAUSE * SECOND));
	until(state_of(&f).as_of > told);
	follower_stop(&f.slapd);
	fixture_end(&f);
}

static void who_stops_before_it_is_time_begins_with_the_moves(void **state)
{
	struct fixture f;

	(void)state;
	fixture_make(&f, "");
	f.options.moved_seconds = 3600;
	add_small_unit(&f);
	follower_start(&f.slapd, &f.options);
	until(state_of(&f).connected);
	move(&f, "ou=new,ou=people", "ou=newer", NULL);
	until(strstr(dn_of(&f, 77), "ou=newer,"));
	move(&f, "ou=newer,ou=people", "ou=newest", NULL);
	until(logged(&f, "ou=newest,") > 0);
	follower_stop(&f.slapd);
	assert_non_null(strstr(dn_of(&f, 77), "ou=newer,"));
	follower_start(&f.slapd, &f.options);
	until(strstr(dn_of(&f, 77), "ou=newest,"));
	assert_int_equal(logged(&f, "did not understand"), 0);
	follower_stop(&f.slapd);
	fixture_end(&f);
}

static void a_move_while_nobody_listens_is_seen_by_the_next_connection(void **state)
{
	struct fixture f;

	(void)state;
	fixture_make(&f, "syncprov-sessionlog 1000");
	f.options.moved_seconds = 1;
	add_small_unit(&f);
	follower_start(&f.slapd, &f.options);
	until(state_of(&f).connected);
	/* units come on a search of their own: it has told of them when it tells of a move */
	move(&f, "ou=new,ou=people", "ou=known", NULL);
	until(strstr(dn_of(&f, 77), "ou=known,"));
	until(logged(&f, "the directory was read") >= 2);
	kill(f.slapd.follower, SIGSTOP);
	slapd_stop(&f.slapd);
	slapd_start(&f.slapd);
	move(&f, "ou=known,ou=people", "ou=newer", NULL);
	kill(f.slapd.follower, SIGCONT);
	until(strstr(dn_of(&f, 77), "ou=newer,"));
	assert_int_equal(logged(&f, "did not understand"), 0);
	follower_stop(&f.slapd);
	fixture_end(&f);
}

/* What is told of units is told in its order: had one of the others been taken for a move, the last would have to wait for an hour. */
static void only_a_unit_with_something_in_it_matters(void **state)
{
	struct fixture f;

	(void)state;
	fixture_make(&f, "");
	f.options.moved_seconds = 3600;
	follower_start(&f.slapd, &f.options);
	until(state_of(&f).connected);
	add_unit(&f);
	describe(&f, "ou=new,ou=people");
	describe(&f, "ou=sales,ou=people");
	move(&f, "ou=sales,ou=people", "ou=trade", NULL);
	until(strstr(dn_of(&f, 1), "ou=trade,"));
	assert_int_equal(rereads(&f), 1);
	follower_stop(&f.slapd);
	fixture_end(&f);
}

/* Units are hidden, and the base of the rules is missing: each is told once, and people and groups are as always. */
static void a_search_for_units_that_fails_harms_nothing(void **state)
{
	static const char *const of_rules[] = {"description", NULL};
	struct fixture f;

	(void)state;
	fixture_make(&f, "access to filter=(objectClass=organizationalUnit) attrs=entry by * search\naccess to * by * read");
	f.options.bind_dn = NULL;
	f.options.rules_base = "ou=nowhere," SLAPD_SUFFIX;
	f.options.rules_filter = "(objectClass=device)";
	f.options.rules_attributes = of_rules;
	follower_start(&f.slapd, &f.options);
	until(state_of(&f).connected);
	slapd_change(&f.slapd, person(f.arena, 77, "", "changetype: add\n"));
	until(is_there(&f, 77));
	slapd_stop(&f.slapd);
	until(!state_of(&f).connected);
	slapd_start(&f.slapd);
	until(state_of(&f).connected);
	slapd_change(&f.slapd, "dn: cn=agents,ou=teams,ou=groups," SLAPD_SUFFIX "\nchangetype: modify\nadd: member\n"
		"member: uid=u77,ou=people," SLAPD_SUFFIX "\n\n");
	until(strncmp(groups_of(&f, 77), "cn=agents", 9) == 0);
	until(logged(&f, WARNING ".*ou=people,dc=example,dc=org: no unit may be seen") == 1);
	until(logged(&f, WARNING ".*ou=groups,dc=example,dc=org: no unit may be seen") == 1);
	until(logged(&f, WARNING ".*ou=nowhere,dc=example,dc=org: No such object") == 1);
	assert_int_equal(logged(&f, WARNING), 3);
	follower_stop(&f.slapd);
	fixture_end(&f);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_renamed_unit_renames_who_is_in_it),
		cmocka_unit_test(a_renamed_unit_renames_the_groups_in_it),
		cmocka_unit_test(a_unit_that_leaves_the_base_takes_all_with_it_and_brings_it_back),
		cmocka_unit_test(a_large_unit_that_leaves_the_base_is_held),
		cmocka_unit_test(the_last_of_many_moves_is_not_lost),
		cmocka_unit_test(who_stops_before_it_is_time_begins_with_the_moves),
		cmocka_unit_test(a_move_while_nobody_listens_is_seen_by_the_next_connection),
		cmocka_unit_test(only_a_unit_with_something_in_it_matters),
		cmocka_unit_test(a_search_for_units_that_fails_harms_nothing),
	};

	if (slapd_begin(argc, argv) < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
