/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Corners of RFC 4533 with real slapds, and the mirror's process killed and its server stopped in the middle of everything.
 * What the mirror holds in the end is compared with what a new one holds that is filled from the same server.
 */
#include "tests/integration/slapd.h"

#include "base/clock.h"
#include "base/text.h"

#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SECOND INT64_C(1000000)
#define DN(uid) "uid=" uid ",ou=people," SLAPD_SUFFIX

static const char base_ldif[] =
	"dn: dc=example,dc=org\nobjectClass: organization\nobjectClass: dcObject\no: Example\ndc: example\n\n"
	"dn: ou=people,dc=example,dc=org\nobjectClass: organizationalUnit\nou: people\n\n"
	"dn: ou=groups,dc=example,dc=org\nobjectClass: organizationalUnit\nou: groups\n\n"
	"dn: ou=former,dc=example,dc=org\nobjectClass: organizationalUnit\nou: former\n\n";

static const struct directory_join joins[] = {{"objectidentifier", "employeeNumber", false}};

struct fixture {
	struct slapd first, second;
	const char *uris[3];
	struct directory_options options;
	struct arena *arena;
	struct mirror *mirror;
};

/* ---- set-up ---- */

static const char *person(struct arena *a, int number, const char *change)
{
	return arena_printf(a, "dn: uid=u%d,ou=people,dc=example,dc=org\n%sobjectClass: inetOrgPerson\nuid: u%d\ncn: u%d\nsn: u%d\n"
		"mail: u%d@example.org\nemployeeNumber: %d\n\n", number, change, number, number, number, number, number);
}

static const char *group(struct arena *a, int number, const char *change, int first, int last)
{
	struct text t;

	text_begin(&t, a, 400);
	text_addf(&t, "dn: cn=g%d,ou=groups,dc=example,dc=org\n%sobjectClass: groupOfNames\ncn: g%d\n", number, change, number);
	for (int i = first; i <= last; i++)
		text_addf(&t, "member: uid=u%d,ou=people,dc=example,dc=org\n", i);
	text_addf(&t, "member: cn=g%d,ou=groups,dc=example,dc=org\n\n", number + 1);
	return text_slice(&t).p;
}

#define PEOPLE 60
#define GROUPS 10
#define MARK 9999

static void log_accesses(struct slapd *s)
{
	shell("mkdir %s/log && printf 'moduleload accesslog\\ndatabase mdb\\nsuffix cn=accesslog\\nrootdn %s\\ndirectory %s/log\\n"
		"index entryCSN,objectClass,reqEnd,reqResult,reqStart eq\\noverlay syncprov\\nsyncprov-nopresent TRUE\\n"
		"syncprov-reloadhint TRUE\\n' >%s/global.conf", s->folder, SLAPD_ROOT, s->folder, s->folder);
}

static void fixture_make(struct fixture *f, void (*prepare)(struct slapd *s), const char *database_settings)
{
	struct text t;

	*f = (struct fixture){.arena = arena_new()};
	slapd_make(&f->first, database_settings);
	if (prepare)
		prepare(&f->first);
	text_begin(&t, f->arena, 20000);
	text_add_c(&t, base_ldif);
	for (int i = 1; i <= PEOPLE; i++)
		text_add_c(&t, person(f->arena, i, ""));
	for (int i = 1; i <= GROUPS; i++)
		text_add_c(&t, group(f->arena, i, "", i, i + 5));
	slapd_load(&f->first, text_slice(&t).p);
	f->uris[0] = f->first.uri;
	f->options = (struct directory_options){.name = "corp", .uris = f->uris, .bind_dn = SLAPD_ROOT,
		.password = {SLAPD_PASSWORD, strlen(SLAPD_PASSWORD)}, .people_base = "ou=people," SLAPD_SUFFIX,
		.people_filter = "(objectClass=inetOrgPerson)", .groups_base = "ou=groups," SLAPD_SUFFIX,
		.groups_filter = "(objectClass=groupOfNames)", .member_attribute = "member", .group_name_attribute = "cn",
		.mail_attribute = "mail", .joins = joins, .join_count = 1, .network_seconds = 2, .return_seconds = 1};
}

static void close_mirror(struct fixture *f)
{
	mirror_close(f->mirror);        /* LMDB does not let one process open a file twice */
	f->mirror = NULL;
}

static void fixture_end(struct fixture *f)
{
	close_mirror(f);
	slapd_end(&f->first);
	if (*f->second.folder)
		slapd_end(&f->second);
	arena_free(f->arena);
}

static void nap_ms(int milliseconds)
{
	const struct timespec t = {milliseconds / 1000, milliseconds % 1000 * 1000000L};

	nanosleep(&t, NULL);
}

/* ---- what the mirror holds, as text ---- */

static struct mirror_state state_of(struct fixture *f)
{
	struct mirror_state s = {0};
	struct error err;

	if (f->mirror || mirror_open(f->first.mirror, &f->mirror, &err) == 0)
		assert_done(mirror_state(f->arena, f->mirror, "corp", &s, &err), err);
	return s;
}

static int write_entry(const struct mirror_entry *e, void *context)
{
	FILE *out = context;

	fprintf(out, "%s %s %s", e->dn, e->entry_uuid, e->name ? e->name : "-");
	for (size_t i = 0; i < e->attribute_count; i++)
		for (size_t j = 0; j < e->attributes[i].n; j++)
			fprintf(out, " %s=%.*s", e->attributes[i].name, (int)e->attributes[i].values[j].n, e->attributes[i].values[j].p);
	fputs("\n", out);
	for (size_t i = 0; i < e->group_count; i++)
		fprintf(out, "%s in %s\n", e->dn, e->groups[i].dn);
	for (size_t i = 0; i < e->member_count; i++)
		fprintf(out, "%s has %s\n", e->dn, e->members[i]);
	fprintf(out, "%s others %zu\n", e->dn, e->members_elsewhere);
	return 0;
}

/* Sorted, since nodes have other numbers in another file. */
static void write_out(struct fixture *f, const char *mirror, const char *file)
{
	struct mirror *m;
	struct error err;
	FILE *out = popen(arena_printf(f->arena, "sort >%s", file), "w");

	assert_non_null(out);
	assert_done(mirror_open(mirror, &m, &err), err);
	assert_done(mirror_each_entry(m, &f->options, write_entry, out, &err), err);
	mirror_close(m);
	assert_int_equal(pclose(out), 0);
}

typedef bool question(struct fixture *f);

static void until_named(struct fixture *f, question *q, const char *name)
{
	int64_t end = clock_monotonic_us() + 60 * SECOND;

	while (!q(f)) {
		if (clock_monotonic_us() > end)
			fail_msg("not within 60 s: %s (server %s, error %s)", name, state_of(f).server, state_of(f).error);
		nap_ms(10);
	}
}

#define until(f, q) until_named(f, q, #q)

static bool listens(struct fixture *f)
{
	return state_of(f).connected;
}

static bool has_lost_it(struct fixture *f)
{
	return state_of(f).filled && !state_of(f).connected;
}

static bool find(struct fixture *f, int number, struct mirror_person *p)
{
	const struct mirror_claim claim = {"objectidentifier", arena_printf(f->arena, "%d", number)};
	const struct mirror_query query = {&claim, 1, false, NULL};
	struct error err;

	state_of(f);
	return f->mirror && mirror_person(f->arena, f->mirror, &f->options, 1, &query, p, &err) == 0;
}

static bool is_found(struct fixture *f, int number)
{
	struct mirror_person p;

	return find(f, number, &p);
}

/* A person in a group of its own: people and groups come on searches of their own. */
static bool the_marks_are_there(struct fixture *f)
{
	struct mirror_person p;

	return find(f, MARK, &p) && p.group_count == 1;
}

/* The follower has seen everything, for changes come in their order: then both mirrors say the same. */
static void is_as_a_new_one(struct fixture *f, struct slapd *server)
{
	static const char *uris[2];
	struct slapd fresh = *server;

	slapd_change(server, person(f->arena, MARK, "changetype: add\n"));
	slapd_change(server, group(f->arena, MARK, "changetype: add\n", MARK, MARK));
	until(f, the_marks_are_there);
	until(f, listens);
	close_mirror(f);
	write_out(f, f->first.mirror, arena_printf(f->arena, "%s/was", f->first.folder));
	snprintf(fresh.mirror, sizeof(fresh.mirror), "%s/fresh.mdb", server->folder);
	fresh.follower = 0;
	uris[0] = server->uri;
	f->options.uris = uris;
	snprintf(f->first.mirror, sizeof(f->first.mirror), "%s", fresh.mirror);
	follower_start(&fresh, &f->options);
	until(f, listens);
	follower_stop(&fresh);
	close_mirror(f);
	write_out(f, fresh.mirror, arena_printf(f->arena, "%s/is", f->first.folder));
	shell("diff %s/was %s/is >&2", f->first.folder, f->first.folder);
	print_message("  the same as a new one\n");
}

/* ---- stories ---- */

static const char *moves_out_and_back(struct fixture *f, int number, bool out)
{
	return arena_printf(f->arena, "dn: uid=u%d,%s," SLAPD_SUFFIX "\nchangetype: modrdn\nnewrdn: uid=u%d\ndeleteoldrdn: 1\n"
		"newsuperior: %s," SLAPD_SUFFIX "\n\n", number, out ? "ou=people" : "ou=former", number, out ? "ou=former" : "ou=people");
}

static bool u1_is_gone(struct fixture *f)
{
	return !is_found(f, 1);
}

static bool u1_is_there(struct fixture *f)
{
	return is_found(f, 1);
}

static void an_entry_that_leaves_the_base_goes_and_comes_back(void **state)
{
	static const char *const settings[] = {"syncprov-sessionlog 1000", ""};
	struct fixture f;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		fixture_make(&f, NULL, settings[i]);
		slapd_start(&f.first);
		follower_start(&f.first, &f.options);
		until(&f, listens);
		slapd_change(&f.first, moves_out_and_back(&f, 1, true));
		until(&f, u1_is_gone);
		slapd_change(&f.first, moves_out_and_back(&f, 1, false));
		until(&f, u1_is_there);
		/* and while nobody listens */
		follower_stop(&f.first);
		slapd_change(&f.first, moves_out_and_back(&f, 1, true));
		slapd_change(&f.first, moves_out_and_back(&f, 2, true));
		slapd_change(&f.first, moves_out_and_back(&f, 2, false));
		slapd_change(&f.first, "dn: " DN("u3") "\nchangetype: modrdn\nnewrdn: uid=u3\ndeleteoldrdn: 1\n"
			"newsuperior: ou=groups," SLAPD_SUFFIX "\n\n");
		follower_start(&f.first, &f.options);
		until(&f, u1_is_gone);
		is_as_a_new_one(&f, &f.first);
		follower_stop(&f.first);
		fixture_end(&f);
	}
}

/* The session log is the log of accesses, as delta replication has it. */
static void catches_up_from_a_log_of_accesses(void **state)
{
	struct fixture f;

	(void)state;
	fixture_make(&f, log_accesses, "syncprov-sessionlog-source cn=accesslog\noverlay accesslog\nlogdb cn=accesslog\nlogops writes\n"
		"logsuccess TRUE");
	slapd_start(&f.first);
	follower_start(&f.first, &f.options);
	until(&f, listens);
	for (int i = 0; i < 3; i++) {
		follower_stop(&f.first);
		slapd_change(&f.first, arena_printf(f.arena, "dn: uid=u%d,ou=people,dc=example,dc=org\nchangetype: delete\n\n", 10 + i));
		slapd_change(&f.first, person(f.arena, 100 + i, "changetype: add\n"));
		slapd_change(&f.first, arena_printf(f.arena, "dn: cn=g2,ou=groups,dc=example,dc=org\nchangetype: modify\nadd: member\n"
			"member: uid=u%d,ou=people,dc=example,dc=org\n\n", 100 + i));
		follower_start(&f.first, &f.options);
		until(&f, listens);
	}
	assert_int_equal(state_of(&f).people, PEOPLE);
	is_as_a_new_one(&f, &f.first);
	follower_stop(&f.first);
	fixture_end(&f);
}

static void replicates(struct fixture *f, struct slapd *s, int id, const struct slapd *other)
{
	FILE *g = fopen(s->config, "a");

	assert_non_null(g);
	fprintf(g, "syncrepl rid=%03d provider=%s type=refreshAndPersist searchbase=%s bindmethod=simple binddn=%s credentials=%s "
		"retry=\"1 +\"\nmultiprovider on\n", id, other->uri, SLAPD_SUFFIX, SLAPD_ROOT, SLAPD_PASSWORD);
	fclose(g);
	shell("printf 'serverID %d\\n' >>%s/global.conf", id, s->folder);
	(void)f;
}

static bool u201_is_there(struct fixture *f)
{
	return is_found(f, 201);
}

static bool u5_is_gone(struct fixture *f)
{
	return state_of(f).filled && !is_found(f, 5);
}

static bool u202_is_there(struct fixture *f)
{
	return is_found(f, 202);
}

static bool listens_to_the_first(struct fixture *f)
{
	struct mirror_state s = state_of(f);

	return s.connected && strcmp(s.server, f->first.uri) == 0;
}

/* Each has a number of its own in the cookie; the one of the first is good at the second. */
static void goes_on_at_another_provider_with_the_cookie_of_the_first(void **state)
{
	struct fixture f;

	(void)state;
	fixture_make(&f, NULL, "syncprov-sessionlog 1000");
	slapd_make(&f.second, "syncprov-sessionlog 1000");
	replicates(&f, &f.first, 1, &f.second);
	replicates(&f, &f.second, 2, &f.first);
	f.uris[1] = f.second.uri;
	slapd_start(&f.first);
	slapd_start(&f.second);
	follower_start(&f.first, &f.options);
	until(&f, listens_to_the_first);
	slapd_change(&f.second, person(f.arena, 201, "changetype: add\n"));     /* by way of the first */
	until(&f, u201_is_there);
	slapd_change(&f.first, person(f.arena, 202, "changetype: add\n"));
	until(&f, u202_is_there);
	slapd_stop(&f.first);
	slapd_change(&f.second, "dn: " DN("u5") "\nchangetype: delete\n\n");
	until(&f, u5_is_gone);
	assert_true(is_found(&f, 1));
	assert_true(is_found(&f, 201));
	slapd_start(&f.first);
	until(&f, listens_to_the_first);
	assert_true(u5_is_gone(&f));
	is_as_a_new_one(&f, &f.first);
	follower_stop(&f.first);
	fixture_end(&f);
}

/* ---- killed and stopped at any instant ---- */

static unsigned seed = 20261128;

static int dice(int n)
{
	seed = seed * 1103515245u + 12345u;
	return (int)(seed >> 16) % n;
}

/* Some of these fail, because what they want is there or is not: that is as good. */
static void change_something(struct fixture *f, struct slapd *s)
{
	int who = 1 + dice(PEOPLE), which = 1 + dice(GROUPS);
	const char *ldif;
	char command[300];
	FILE *p;

	switch (dice(7)) {
	case 0:
		ldif = arena_printf(f->arena, "dn: uid=u%d,ou=people,dc=example,dc=org\nchangetype: delete\n\n", who);
		break;
	case 1:
		ldif = person(f->arena, who, "changetype: add\n");
		break;
	case 2:
		ldif = moves_out_and_back(f, who, dice(2));
		break;
	case 3:
		ldif = arena_printf(f->arena, "dn: cn=g%d,ou=groups,dc=example,dc=org\nchangetype: modify\nadd: member\n"
			"member: uid=u%d,ou=people,dc=example,dc=org\n\n", which, who);
		break;
	case 4:
		ldif = arena_printf(f->arena, "dn: cn=g%d,ou=groups,dc=example,dc=org\nchangetype: modify\ndelete: member\n"
			"member: uid=u%d,ou=people,dc=example,dc=org\n\n", which, which + dice(6));
		break;
	case 5:
		ldif = arena_printf(f->arena, "dn: uid=u%d,ou=people,dc=example,dc=org\nchangetype: modify\nreplace: mail\nmail: m%d@example.org\n\n",
			who, dice(100000));
		break;
	default:
		ldif = arena_printf(f->arena, "dn: cn=g%d,ou=groups,dc=example,dc=org\nchangetype: modrdn\nnewrdn: cn=g%d\ndeleteoldrdn: 1\n\n",
			which, 1 + dice(GROUPS));
		break;
	}
	snprintf(command, sizeof(command), "ldapmodify -c -x -H %s -D %s -w %s >/dev/null 2>&1", s->uri, SLAPD_ROOT, SLAPD_PASSWORD);
	p = popen(command, "w");
	assert_non_null(p);
	fputs(ldif, p);
	pclose(p);
}

static void kill_follower(struct slapd *s)
{
	int status;

	kill(s->follower, SIGKILL);
	waitpid(s->follower, &status, 0);
	s->follower = 0;
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static void is_whole_however_it_was_killed(void **state)
{
	static const char *const settings[] = {"syncprov-sessionlog 5", "syncprov-sessionlog 1000", ""};
	struct fixture f;

	(void)state;
	for (size_t way = 0; way < sizeof(settings) / sizeof(*settings); way++) {
		fixture_make(&f, NULL, settings[way]);
		f.options.removal_limit = 100;
		slapd_start(&f.first);
		for (int i = 0; i < 25; i++) {
			follower_start(&f.first, &f.options);
			for (int n = dice(4); n > 0; n--)
				change_something(&f, &f.first);
			nap_ms(dice(60));
			kill_follower(&f.first);
			for (int n = dice(3); n > 0; n--)
				change_something(&f, &f.first);
			if (dice(5) == 0) {
				slapd_stop(&f.first);
				slapd_start(&f.first);
			}
		}
		follower_start(&f.first, &f.options);
		is_as_a_new_one(&f, &f.first);
		follower_stop(&f.first);
		fixture_end(&f);
	}
}

static void follows_a_server_that_stops_in_the_middle_of_everything(void **state)
{
	struct fixture f;

	(void)state;
	fixture_make(&f, NULL, "syncprov-sessionlog 20");
	f.options.removal_limit = 100;
	slapd_start(&f.first);
	follower_start(&f.first, &f.options);
	for (int i = 0; i < 6; i++) {
		for (int n = 0; n < 5; n++)
			change_something(&f, &f.first);
		slapd_stop(&f.first);
		until(&f, has_lost_it);
		slapd_start(&f.first);
		if (i % 2)
			until(&f, listens);
		else
			nap_ms(dice(1000));
	}
	is_as_a_new_one(&f, &f.first);
	follower_stop(&f.first);
	fixture_end(&f);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_entry_that_leaves_the_base_goes_and_comes_back),
		cmocka_unit_test(catches_up_from_a_log_of_accesses),
		cmocka_unit_test(goes_on_at_another_provider_with_the_cookie_of_the_first),
		cmocka_unit_test(is_whole_however_it_was_killed),
		cmocka_unit_test(follows_a_server_that_stops_in_the_middle_of_everything),
	};

	if (slapd_begin(argc, argv) < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
