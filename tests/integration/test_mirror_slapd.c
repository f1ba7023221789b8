/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The mirror against a real slapd: changes, cookies, outages, silence. */
#include "tests/integration/slapd.h"

#include "base/clock.h"
#include "base/text.h"
#include "ldap/mirror_write.h"

#include <arpa/inet.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SECOND INT64_C(1000000)

static const char base_ldif[] =
	"dn: dc=example,dc=org\nobjectClass: organization\nobjectClass: dcObject\no: Example\ndc: example\n\n"
	"dn: ou=people,dc=example,dc=org\nobjectClass: organizationalUnit\nou: people\n\n"
	"dn: ou=groups,dc=example,dc=org\nobjectClass: organizationalUnit\nou: groups\n\n";

#define PERSON(uid, number) \
	"dn: uid=" uid ",ou=people,dc=example,dc=org\nobjectClass: inetOrgPerson\nuid: " uid "\ncn: " uid "\nsn: " uid \
	"\nmail: " uid "@example.org\nemployeeNumber: " number "\n\n"
#define GROUP(cn, member) \
	"dn: cn=" cn ",ou=groups,dc=example,dc=org\nobjectClass: groupOfNames\ncn: " cn "\nmember: " member "\n\n"
#define DN(uid) "uid=" uid ",ou=people,dc=example,dc=org"
#define GDN(cn) "cn=" cn ",ou=groups,dc=example,dc=org"

static const char people_ldif[] = PERSON("anna", "1") PERSON("bert", "2") PERSON("cleo", "3") PERSON("dora", "4")
	GROUP("agents", "UID=Anna, OU=People, DC=example, DC=org") GROUP("staff", GDN("agents")) GROUP("all", GDN("staff"))
	GROUP("ring1", GDN("ring2")) GROUP("ring2", GDN("ring1"));

static const struct directory_join joins[] = {{"objectidentifier", "employeeNumber", false}, {"mail", "mail", true}};
static const char *const title_too[] = {"title", NULL};

struct fixture {
	struct slapd slapd;
	const char *uris[4];
	struct directory_options options;
	struct arena *arena;
	struct mirror *mirror;
};

static void fixture_make(struct fixture *f, const char *database_settings)
{
	*f = (struct fixture){0};
	slapd_make(&f->slapd, database_settings);
	slapd_load(&f->slapd, base_ldif);
	slapd_load(&f->slapd, people_ldif);
	f->uris[0] = f->slapd.uri;
	f->options = (struct directory_options){.name = "corp", .uris = f->uris, .bind_dn = SLAPD_ROOT,
		.password = {SLAPD_PASSWORD, strlen(SLAPD_PASSWORD)}, .people_base = "ou=people," SLAPD_SUFFIX,
		.people_filter = "(objectClass=inetOrgPerson)", .groups_base = "ou=groups," SLAPD_SUFFIX,
		.groups_filter = "(objectClass=groupOfNames)", .member_attribute = "member", .group_name_attribute = "cn",
		.mail_attribute = "mail", .joins = joins, .join_count = 2, .network_seconds = 1};
	f->arena = arena_new();
	slapd_start(&f->slapd);
}

static void fixture_end(struct fixture *f)
{
	mirror_close(f->mirror);
	arena_free(f->arena);
	slapd_end(&f->slapd);
}

static void nap_ms(int milliseconds)
{
	const struct timespec t = {milliseconds / 1000, milliseconds % 1000 * 1000000L};

	nanosleep(&t, NULL);
}

/* ---- questions, asked until the answer is right ---- */

static bool open_mirror(struct fixture *f)
{
	struct error err;

	return f->mirror || mirror_open(f->slapd.mirror, &f->mirror, &err) == 0;
}

static struct mirror_state state_of(struct fixture *f)
{
	struct mirror_state s = {0};
	struct error err;

	if (open_mirror(f))
		assert_done(mirror_state(f->arena, f->mirror, "corp", &s, &err), err);
	return s;
}

static int look_up(struct fixture *f, const char *number, struct mirror_person *p, struct error *err)
{
	const struct mirror_claim claim = {"objectidentifier", number};
	const struct mirror_query query = {&claim, 1, false};

	*err = (struct error){0};
	if (!open_mirror(f))
		return error_set(err, REASON_MIRROR_EMPTY, "not there");
	return mirror_person(f->arena, f->mirror, &f->options, 1, &query, p, err);
}

typedef bool question(struct fixture *f);

/* Generous: a back-off may have come to 8 s, and the machine may be busy. */
#define PATIENCE_SECONDS 60

static int64_t until_named(struct fixture *f, question *q, const char *name)
{
	int64_t begin = clock_monotonic_us();

	while (!q(f)) {
		if (clock_monotonic_us() - begin > PATIENCE_SECONDS * SECOND) {
			struct mirror_state s = state_of(f);

			fail_msg("not within %d s: %s (error: %s)", PATIENCE_SECONDS, name, s.error ? s.error : "none");
		}
		nap_ms(5);
	}
	return clock_monotonic_us() - begin;
}

#define until(f, q) until_named(f, q, #q)

static bool connected(struct fixture *f)
{
	return state_of(f).connected;
}

static bool disconnected(struct fixture *f)
{
	struct mirror_state s = state_of(f);

	return s.filled && !s.connected && s.error;
}

static bool error_says(struct fixture *f, const char *words)
{
	struct mirror_state s = state_of(f);

	return s.error && strstr(s.error, words);
}

static bool nothing_was_sent(struct fixture *f)
{
	struct mirror_state s = state_of(f);

	return s.people_held.n && s.groups_held.n && s.error && strstr(s.error, "has none of");
}

static bool limit_was_met(struct fixture *f)
{
	return error_says(f, "Size limit exceeded");
}

static bool silence_was_noticed(struct fixture *f)
{
	return error_says(f, "no answer within 1 seconds");
}

static bool person_is_gone(struct fixture *f, const char *number)
{
	struct mirror_person p;
	struct error err;

	return look_up(f, number, &p, &err) < 0 && err.reason == REASON_PERSON_NOT_FOUND;
}

static bool groups_are(struct fixture *f, const char *number, const char *expected)
{
	struct mirror_person p;
	struct error err;
	struct text t;

	if (look_up(f, number, &p, &err) < 0)
		return false;
	text_begin(&t, f->arena, 100);
	for (size_t i = 0; i < p.group_count; i++)
		text_addf(&t, "%s%s", i ? " " : "", p.groups[i].cn);
	return strcmp(text_slice(&t).p ? text_slice(&t).p : "", expected) == 0;
}

static bool mail_is(struct fixture *f, const char *number, const char *mail)
{
	struct mirror_person p;
	struct error err;

	return look_up(f, number, &p, &err) == 0 && p.mail && strcmp(p.mail, mail) == 0;
}

/* ---- stories ---- */

static bool anna_has_new_mail(struct fixture *f)
{
	return mail_is(f, "1", "anna.new@example.org");
}

static bool emil_is_there(struct fixture *f)
{
	return mail_is(f, "5", "emil@example.org");
}

static bool bert_is_gone(struct fixture *f)
{
	return person_is_gone(f, "2");
}

static bool cleo_is_gone(struct fixture *f)
{
	return person_is_gone(f, "3");
}

static bool dora_is_agent(struct fixture *f)
{
	return groups_are(f, "4", "agents staff all");
}

static bool anna_is_in_nothing(struct fixture *f)
{
	return groups_are(f, "1", "");
}

static bool anna_is_in_the_ring(struct fixture *f)
{
	return groups_are(f, "1", "ring1 ring2");
}

static bool anna_has_moved(struct fixture *f)
{
	struct mirror_person p;
	struct error err;

	return look_up(f, "1", &p, &err) == 0 && strcmp(p.dn, DN("anna-maria")) == 0 && p.group_count == 0;
}

static bool staff_is_renamed(struct fixture *f)
{
	return groups_are(f, "4", "agents everybody");
}

static const char new_mail[] = "dn: " DN("anna") "\nchangetype: modify\nreplace: mail\nmail: anna.new@example.org\n\n";
static const char new_person[] =
	"dn: " DN("emil") "\nchangetype: add\nobjectClass: inetOrgPerson\nuid: emil\ncn: emil\nsn: emil\n"
	"mail: emil@example.org\nemployeeNumber: 5\n\n";
static const char no_bert[] = "dn: " DN("bert") "\nchangetype: delete\n\n";
static const char no_cleo[] = "dn: " DN("cleo") "\nchangetype: delete\n\n";

static int64_t change_and_see(struct fixture *f, const char *ldif, question *q, const char *name)
{
	int64_t took;

	slapd_change(&f->slapd, ldif);
	took = until_named(f, q, name);
	print_message("  seen after %lld ms: %s\n", (long long)took / 1000, name);
	return took;
}

#define change(f, ldif, q) change_and_see(f, ldif, q, #q)

static int64_t earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* The quickest of them: the machine may be busy. */
static void sees_every_kind_of_change_within_a_second(void **state)
{
	struct fixture f;
	int64_t took;

	(void)state;
	fixture_make(&f, "syncprov-sessionlog 1000");
	follower_start(&f.slapd, &f.options);
	until(&f, connected);
	assert_int_equal(state_of(&f).people, 4);
	assert_int_equal(state_of(&f).groups, 5);
	assert_true(groups_are(&f, "1", "agents staff all"));
	took = change(&f, new_mail, anna_has_new_mail);
	took = earlier(took, change(&f, new_person, emil_is_there));
	took = earlier(took, change(&f, no_bert, bert_is_gone));
	took = earlier(took, change(&f, "dn: " GDN("agents") "\nchangetype: modify\nreplace: member\nmember: " DN("dora") "\n\n",
		dora_is_agent));
	assert_true(anna_is_in_nothing(&f));
	took = earlier(took, change(&f, "dn: " GDN("ring1") "\nchangetype: modify\nadd: member\nmember: " DN("anna") "\n\n",
		anna_is_in_the_ring));
	took = earlier(took, change(&f, "dn: " DN("anna") "\nchangetype: modrdn\nnewrdn: uid=anna-maria\ndeleteoldrdn: 1\n\n",
		anna_has_moved));
	took = earlier(took, change(&f, "dn: " GDN("staff") "\nchangetype: modrdn\nnewrdn: cn=everybody\ndeleteoldrdn: 1\n\n",
		staff_is_renamed));
	assert_true(took < SECOND);
	assert_int_equal(state_of(&f).people, 4);
	follower_stop(&f.slapd);
	assert_false(state_of(&f).connected);
	assert_null(state_of(&f).error);
	fixture_end(&f);
}

static bool zoe_is_there(struct fixture *f)
{
	struct mirror_person p;
	struct error err;

	return look_up(f, "9", &p, &err) == 0;
}

static bool zoe_has_moved(struct fixture *f)
{
	struct mirror_person p;
	struct error err;

	return look_up(f, "9", &p, &err) == 0 && strcmp(p.dn, "uid=zoe,cn=new,ou=people," SLAPD_SUFFIX) == 0;
}

static bool zoe_is_gone(struct fixture *f)
{
	return person_is_gone(f, "9");
}

/* slapd tells nothing of those in it, and its class is not one of those that are followed as units. */
static void sees_a_moved_subtree_when_all_is_read_again(void **state)
{
	struct fixture f;

	(void)state;
	fixture_make(&f, "syncprov-sessionlog 1000");
	f.options.reread_seconds = 1;
	follower_start(&f.slapd, &f.options);
	until(&f, connected);
	slapd_change(&f.slapd, "dn: cn=old,ou=people," SLAPD_SUFFIX "\nchangetype: add\nobjectClass: device\ncn: old\n\n"
		"dn: uid=zoe,cn=old,ou=people," SLAPD_SUFFIX "\nchangetype: add\nobjectClass: inetOrgPerson\nuid: zoe\ncn: zoe\nsn: zoe\n"
		"employeeNumber: 9\n\n");
	until(&f, zoe_is_there);
	slapd_change(&f.slapd, "dn: cn=old,ou=people," SLAPD_SUFFIX "\nchangetype: modrdn\nnewrdn: cn=new\ndeleteoldrdn: 1\n\n");
	until(&f, zoe_has_moved);
	slapd_change(&f.slapd, "dn: cn=new,ou=people," SLAPD_SUFFIX "\nchangetype: modrdn\nnewrdn: cn=new\ndeleteoldrdn: 1\n"
		"newsuperior: " SLAPD_SUFFIX "\n\n");
	until(&f, zoe_is_gone);
	assert_int_equal(state_of(&f).people, 4);
	assert_true(groups_are(&f, "1", "agents staff all"));
	follower_stop(&f.slapd);
	fixture_end(&f);
}

/* A person whom only the mirror knows: stays when the refresh goes on from the cookie, goes when everything is compared. */
static void plant_ghost(struct fixture *f, const char *cookie)
{
	static const struct slice number = {"99", 2};
	static const struct mirror_attribute attributes[] = {{"employeeNumber", &number, 1}};
	const struct entry ghost = {.uuid = "ghostghostghost", .dn = DN("ghost"), .attributes = attributes,
		.attribute_count = 1};
	struct mirror_writer *w;
	struct error err;

	assert_done(mirror_writer_open(f->slapd.mirror, &f->options, &w, &err), err);
	assert_non_null(mirror_writer_cookie(w, MIRROR_PEOPLE).p);
	assert_done(mirror_writer_put(w, MIRROR_PEOPLE, &ghost, &err), err);
	if (cookie)
		assert_done(mirror_writer_set_cookie(w, MIRROR_PEOPLE, slice_c(cookie), &err), err);
	assert_done(mirror_writer_commit(w, &err), err);
	mirror_writer_close(w);
}

/* The follower stops, things happen, it starts again. */
static void away(struct fixture *f, const char *cookie, const char *ldif)
{
	follower_start(&f->slapd, &f->options);
	until(f, connected);
	follower_stop(&f->slapd);
	/* LMDB does not let one process open a file twice */
	mirror_close(f->mirror);
	f->mirror = NULL;
	plant_ghost(f, cookie);
	slapd_change(&f->slapd, ldif);
	follower_start(&f->slapd, &f->options);
	until(f, connected);
}

static void continues_from_the_cookie_with_a_session_log(void **state)
{
	struct fixture f;
	struct mirror_person p;
	struct error err;

	(void)state;
	fixture_make(&f, "syncprov-sessionlog 1000");
	away(&f, NULL, "dn: " DN("bert") "\nchangetype: delete\n\ndn: " DN("cleo") "\nchangetype: delete\n\n");
	assert_true(bert_is_gone(&f));
	assert_true(cleo_is_gone(&f));
	assert_true(mail_is(&f, "1", "anna@example.org"));
	assert_done(look_up(&f, "99", &p, &err), err);
	fixture_end(&f);
}

static void finds_deletions_without_a_session_log(void **state)
{
	struct fixture f;

	(void)state;
	fixture_make(&f, "");
	away(&f, NULL, no_bert);
	assert_true(bert_is_gone(&f));
	assert_true(person_is_gone(&f, "99"));
	assert_true(mail_is(&f, "1", "anna@example.org"));
	assert_true(groups_are(&f, "1", "agents staff all"));
	fixture_end(&f);
}

static void reads_everything_again_for_a_cookie(const char *cookie, const char *settings)
{
	struct fixture f;

	fixture_make(&f, settings);
	away(&f, cookie, no_bert);
	assert_true(bert_is_gone(&f));
	if (!person_is_gone(&f, "99"))
		fail_msg("cookie %s: what the directory does not have is still there", cookie);
	assert_int_equal(state_of(&f).people, 3);
	change(&f, no_cleo, cleo_is_gone);
	fixture_end(&f);
}

static void reads_everything_again_for_a_junk_cookie(void **state)
{
	(void)state;
	reads_everything_again_for_a_cookie("junk", "syncprov-sessionlog 1000");
	reads_everything_again_for_a_cookie("rid=000,csn=", "syncprov-sessionlog 1000");
}

static void reads_everything_again_for_a_cookie_from_the_future(void **state)
{
	(void)state;
	reads_everything_again_for_a_cookie("rid=000,csn=20990101000000.000000Z#000000#000#000000", "syncprov-sessionlog 1000");
}

static void reads_everything_again_for_a_cookie_older_than_the_log(void **state)
{
	(void)state;
	reads_everything_again_for_a_cookie("rid=000,csn=20010101000000.000000Z#000000#000#000000", "syncprov-sessionlog 1000");
}

static void answers_while_the_server_is_down_and_catches_up(void **state)
{
	struct fixture f;

	(void)state;
	fixture_make(&f, "syncprov-sessionlog 1000");
	follower_start(&f.slapd, &f.options);
	until(&f, connected);
	slapd_stop(&f.slapd);
	until(&f, disconnected);
	assert_true(groups_are(&f, "1", "agents staff all"));
	assert_true(mail_is(&f, "1", "anna@example.org"));
	slapd_start(&f.slapd);
	slapd_change(&f.slapd, new_mail);
	until(&f, anna_has_new_mail);
	until(&f, connected);
	assert_null(state_of(&f).error);
	fixture_end(&f);
}

static int64_t heard_before;

static bool was_heard_again(struct fixture *f)
{
	return state_of(f).as_of > heard_before;
}

/* By probes, once a second here; three times, so that none of them was the refresh itself. */
static void keeps_the_age_down_while_nothing_happens(void **state)
{
	struct fixture f;

	(void)state;
	fixture_make(&f, "");
	follower_start(&f.slapd, &f.options);
	until(&f, connected);
	for (int i = 0; i < 3; i++) {
		heard_before = state_of(&f).as_of;
		until(&f, was_heard_again);
	}
	fixture_end(&f);
}

static bool nobody_is_left(struct fixture *f)
{
	struct mirror_state s = state_of(f);

	return s.people == 0 && s.groups == 0;
}

static void accept_held(struct fixture *f)
{
	struct mirror_removal people, groups;
	struct error err;

	/* LMDB does not let one process open a file twice */
	mirror_close(f->mirror);
	f->mirror = NULL;
	assert_done(mirror_accept(f->slapd.mirror, "corp", &people, &groups, &err), err);
}

static void never_empties_a_filled_mirror(void **state)
{
	struct fixture f;

	(void)state;
	fixture_make(&f, "");
	follower_start(&f.slapd, &f.options);
	until(&f, connected);
	slapd_stop(&f.slapd);
	slapd_forget_data(&f.slapd);
	slapd_load(&f.slapd, base_ldif);
	until(&f, disconnected);
	slapd_start(&f.slapd);
	until(&f, nothing_was_sent);
	assert_int_equal(state_of(&f).people, 4);
	assert_true(groups_are(&f, "1", "agents staff all"));
	heard_before = state_of(&f).as_of;
	nap_ms(2500);                   /* probes are answered meanwhile: that says nothing of what is held */
	assert_int_equal(state_of(&f).as_of, heard_before);
	accept_held(&f);
	until(&f, nobody_is_left);
	until(&f, connected);
	assert_int_equal(state_of(&f).people_held.n, 0);
	assert_null(state_of(&f).error);
	fixture_end(&f);
}

static void other_settings_fill_the_mirror_anew(void **state)
{
	struct fixture f;
	struct mirror_person p;
	struct error err;

	(void)state;
	fixture_make(&f, "syncprov-sessionlog 1000");
	slapd_change(&f.slapd, "dn: " DN("anna") "\nchangetype: modify\nadd: title\ntitle: Agent\n\n");
	follower_start(&f.slapd, &f.options);
	until(&f, connected);
	assert_done(look_up(&f, "1", &p, &err), err);
	assert_int_equal(p.attribute_count, 3);         /* employeenumber, mail, uid */
	follower_stop(&f.slapd);
	f.options.attributes = title_too;
	assert_refused(look_up(&f, "1", &p, &err), err, REASON_MIRROR_EMPTY);
	follower_start(&f.slapd, &f.options);
	until(&f, connected);
	assert_done(look_up(&f, "1", &p, &err), err);
	assert_int_equal(p.attribute_count, 4);
	assert_string_equal(p.attributes[2].name, "title");
	assert_slice_is(p.attributes[2].values[0], "Agent");
	fixture_end(&f);
}

static void says_when_a_limit_cuts_the_directory_short(void **state)
{
	struct fixture f;

	(void)state;
	fixture_make(&f, "limits anonymous size=2\naccess to * by * read");
	f.options.bind_dn = NULL;
	follower_start(&f.slapd, &f.options);
	until(&f, limit_was_met);
	assert_false(state_of(&f).filled);
	fixture_end(&f);
}

/* ---- silence ---- */

static int listen_silently(char *address, size_t size, const char *scheme)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t n = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(listen(fd, 10), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &n), 0);
	snprintf(address, size, "%s://127.0.0.1:%d", scheme, ntohs(a.sin_port));
	return fd;
}

static void a_silent_server_costs_its_time_out_and_no_cpu(void **state)
{
	static const struct {
		const char *scheme;
		bool starttls;
	} ways[] = {{"ldap", false}, {"ldap", true}, {"ldaps", false}};
	struct fixture f;

	(void)state;
	fixture_make(&f, "");
	for (size_t i = 0; i < sizeof(ways) / sizeof(*ways); i++) {
		char address[64];
		int fd = listen_silently(address, sizeof(address), ways[i].scheme);
		int64_t begin = clock_monotonic_us(), cpu = cpu_us();
		struct directory_check out;
		struct error err;

		f.uris[0] = address;
		f.options.starttls = ways[i].starttls;
		assert_refused(directory_check(f.arena, &f.options, &out, &err), err, REASON_DIRECTORY);
		print_message("  %s%s: %lld ms, %lld ms of CPU: %s\n", ways[i].scheme, ways[i].starttls ? " with StartTLS" : "",
			(long long)(clock_monotonic_us() - begin) / 1000, (long long)(cpu_us() - cpu) / 1000, err.detail);
		assert_true(clock_monotonic_us() - begin < 20 * SECOND);        /* the time-out is one; TCP's are minutes */
		assert_true(clock_monotonic_us() - begin > SECOND / 2);
		assert_true(cpu_us() - cpu < SECOND / 4);
		close(fd);
	}
	fixture_end(&f);
}

static void a_silent_first_server_leads_to_the_second(void **state)
{
	struct fixture f;
	char address[64];
	int fd;

	(void)state;
	fixture_make(&f, "");
	fd = listen_silently(address, sizeof(address), "ldap");
	f.uris[0] = address;
	f.uris[1] = f.slapd.uri;
	follower_start(&f.slapd, &f.options);
	until(&f, connected);
	assert_true(mail_is(&f, "1", "anna@example.org"));
	close(fd);
	fixture_end(&f);
}

static void a_server_that_falls_silent_is_noticed(void **state)
{
	struct fixture f;

	(void)state;
	fixture_make(&f, "syncprov-sessionlog 1000");
	follower_start(&f.slapd, &f.options);
	until(&f, connected);
	kill(f.slapd.pid, SIGSTOP);
	until(&f, silence_was_noticed);
	kill(f.slapd.pid, SIGCONT);
	until(&f, connected);
	change(&f, new_mail, anna_has_new_mail);
	fixture_end(&f);
}

static void a_killed_follower_leaves_a_consistent_file(void **state)
{
	struct fixture f;
	int status;

	(void)state;
	fixture_make(&f, "syncprov-sessionlog 1000");
	for (int i = 0; i < 8; i++) {
		follower_start(&f.slapd, &f.options);
		nap_ms(5 + i * 9);
		kill(f.slapd.follower, SIGKILL);
		waitpid(f.slapd.follower, &status, 0);
	}
	follower_start(&f.slapd, &f.options);
	until(&f, connected);
	assert_int_equal(state_of(&f).people, 4);
	assert_true(groups_are(&f, "1", "agents staff all"));
	fixture_end(&f);
}

/* ---- TLS and check ---- */

static void make_certificates(struct slapd *s)
{
	shell("cd %s && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=ca -keyout ca.key "
		"-out ca.crt 2>/dev/null && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 "
		"-subj /CN=other -keyout other.key -out other.crt 2>/dev/null && "
		"openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=ldap -keyout tls.key -out tls.csr "
		"2>/dev/null && printf 'subjectAltName=IP:127.0.0.1' >san && openssl x509 -req -in tls.csr -CA ca.crt -CAkey ca.key "
		"-CAcreateserial -days 2 -extfile san -out tls.crt 2>/dev/null && "
		"printf 'TLSCACertificateFile %s/ca.crt\\nTLSCertificateFile %s/tls.crt\\nTLSCertificateKeyFile %s/tls.key\\n' >global.conf",
		s->folder, s->folder, s->folder, s->folder);
}

static void takes_only_the_right_certificate_and_host(void **state)
{
	static const struct {
		const char *scheme, *host, *ca;
		bool starttls, good;
	} cases[] = {
		{"ldaps", "127.0.0.1", "ca.crt", false, true}, {"ldaps", "localhost", "ca.crt", false, false},
		{"ldaps", "127.0.0.1", "other.crt", false, false}, {"ldaps", "127.0.0.1", NULL, false, false},
		{"ldap", "127.0.0.1", "ca.crt", true, true}, {"ldap", "localhost", "ca.crt", true, false},
		{"ldap", "127.0.0.1", "other.crt", true, false}, {"ldaps", "127.0.0.1", "nowhere.crt", false, false},
	};
	struct fixture f;
	int tls_port = port_free();

	(void)state;
	fixture_make(&f, "");
	slapd_stop(&f.slapd);
	make_certificates(&f.slapd);
	snprintf(f.slapd.tls_uri, sizeof(f.slapd.tls_uri), "ldaps://127.0.0.1:%d", tls_port);
	slapd_start(&f.slapd);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct directory_check out = {0};
		struct error err = {0};
		const char *port = strrchr(cases[i].starttls ? f.slapd.uri : f.slapd.tls_uri, ':');
		int rc;

		f.uris[0] = arena_printf(f.arena, "%s://%s%s", cases[i].scheme, cases[i].host, port);
		f.options.ca_file = cases[i].ca ? arena_printf(f.arena, "%s/%s", f.slapd.folder, cases[i].ca) : NULL;
		f.options.starttls = cases[i].starttls;
		rc = directory_check(f.arena, &f.options, &out, &err);
		if (rc != (cases[i].good ? 0 : -1) || (!cases[i].good && err.reason != REASON_DIRECTORY))
			fail_msg("%s, CA %s: got %d: %s", f.uris[0], cases[i].ca ? cases[i].ca : "of the system", rc,
				err.detail);
		print_message("  %s, CA %s: %s\n", f.uris[0], cases[i].ca ? cases[i].ca : "of the system", rc ? err.detail
			: "good");
	}
	fixture_end(&f);
}

static void check_counts_what_is_there_and_names_what_is_not(void **state)
{
	struct fixture f;
	struct directory_check out;
	struct error err;

	(void)state;
	fixture_make(&f, "");
	slapd_change(&f.slapd, "dn: " DN("bert") "\nchangetype: modify\ndelete: employeeNumber\n\n");
	assert_done(directory_check(f.arena, &f.options, &out, &err), err);
	assert_string_equal(out.uri, f.slapd.uri);
	assert_null(out.cannot_follow);
	assert_int_equal(out.people, 4);
	assert_int_equal(out.people_with_join, 3);
	assert_int_equal(out.groups, 5);

	f.options.groups_base = "ou=nowhere," SLAPD_SUFFIX;
	assert_refused(directory_check(f.arena, &f.options, &out, &err), err, REASON_DIRECTORY);
	assert_non_null(strstr(err.detail, "ou=nowhere"));
	f.options.groups_base = "ou=groups," SLAPD_SUFFIX;
	f.options.groups_filter = "(objectClass=";
	assert_refused(directory_check(f.arena, &f.options, &out, &err), err, REASON_DIRECTORY);
	assert_non_null(strstr(err.detail, "filter"));
	f.options.groups_filter = "(objectClass=groupOfNames)";
	f.options.password = slice_c("wrong");
	assert_refused(directory_check(f.arena, &f.options, &out, &err), err, REASON_DIRECTORY);
	assert_non_null(strstr(err.detail, "Invalid credentials"));
	f.options.password = slice_c("");
	assert_refused(directory_check(f.arena, &f.options, &out, &err), err, REASON_DIRECTORY);
	assert_non_null(strstr(err.detail, "is empty"));
	fixture_end(&f);
}

/* ---- rules ---- */

#define ACCESS "ou=access," SLAPD_SUFFIX
#define RULE(cn, says) "dn: cn=" cn "," ACCESS "\nobjectClass: device\ncn: " cn "\ndescription: " says "\n\n"

static const char *const of_rules[] = {"cn", "description", NULL};

/* What the rules say, in the order of their names: "one=x two=y". */
static bool rules_are(struct fixture *f, const char *expected)
{
	const struct mirror_rule *rules = NULL;
	char all[200] = "";
	struct error err;
	size_t n = 0;

	if (!open_mirror(f) || mirror_rules(f->arena, f->mirror, &f->options, &rules, &n, &err) != 1)
		return false;
	for (char name = 'a'; name <= 'z'; name++) {
		for (size_t i = 0; i < n; i++) {
			struct slice cn = rules[i].attributes[0].values[0], says = rules[i].attributes[1].values[0];

			if (cn.p[0] == name)
				snprintf(all + strlen(all), sizeof(all) - strlen(all), "%.*s=%.*s ", (int)cn.n, cn.p, (int)says.n, says.p);
		}
	}
	return strcmp(all, expected) == 0;
}

static bool two_rules(struct fixture *f)
{
	return rules_are(f, "a=x b=y ");
}

static bool one_rule_changed(struct fixture *f)
{
	return rules_are(f, "a=z b=y ");
}

static bool one_rule_left(struct fixture *f)
{
	return rules_are(f, "b=y ");
}

static bool rules_are_missed(struct fixture *f)
{
	struct mirror_state s = state_of(f);

	return s.connected && s.rules_error && strstr(s.rules_error, ACCESS);
}

static bool no_error_of_rules(struct fixture *f)
{
	return !state_of(f).rules_error;
}

static void follows_rules_beside_people_and_harms_neither(void **state)
{
	struct fixture f;

	(void)state;
	fixture_make(&f, "");
	f.options.rules_base = ACCESS;
	f.options.rules_filter = "(objectClass=device)";
	f.options.rules_attributes = of_rules;
	follower_start(&f.slapd, &f.options);
	until(&f, connected);
	until(&f, rules_are_missed);    /* the base is not there, and the people are */
	slapd_change(&f.slapd, "dn: " ACCESS "\nchangetype: add\nobjectClass: organizationalUnit\nou: access\n\n");
	slapd_stop(&f.slapd);
	slapd_load(&f.slapd, RULE("a", "x") RULE("b", "y"));
	slapd_start(&f.slapd);
	until(&f, two_rules);
	until(&f, no_error_of_rules);
	slapd_change(&f.slapd, "dn: cn=a," ACCESS "\nchangetype: modify\nreplace: description\ndescription: z\n\n");
	until(&f, one_rule_changed);
	slapd_change(&f.slapd, "dn: cn=a," ACCESS "\nchangetype: delete\n\n");
	until(&f, one_rule_left);
	fixture_end(&f);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sees_every_kind_of_change_within_a_second),
		cmocka_unit_test(sees_a_moved_subtree_when_all_is_read_again),
		cmocka_unit_test(continues_from_the_cookie_with_a_session_log),
		cmocka_unit_test(finds_deletions_without_a_session_log),
		cmocka_unit_test(reads_everything_again_for_a_junk_cookie),
		cmocka_unit_test(reads_everything_again_for_a_cookie_from_the_future),
		cmocka_unit_test(reads_everything_again_for_a_cookie_older_than_the_log),
		cmocka_unit_test(answers_while_the_server_is_down_and_catches_up),
		cmocka_unit_test(keeps_the_age_down_while_nothing_happens),
		cmocka_unit_test(never_empties_a_filled_mirror),
		cmocka_unit_test(other_settings_fill_the_mirror_anew),
		cmocka_unit_test(says_when_a_limit_cuts_the_directory_short),
		cmocka_unit_test(a_silent_server_costs_its_time_out_and_no_cpu),
		cmocka_unit_test(a_silent_first_server_leads_to_the_second),
		cmocka_unit_test(a_server_that_falls_silent_is_noticed),
		cmocka_unit_test(a_killed_follower_leaves_a_consistent_file),
		cmocka_unit_test(takes_only_the_right_certificate_and_host),
		cmocka_unit_test(follows_rules_beside_people_and_harms_neither),
		cmocka_unit_test(check_counts_what_is_there_and_names_what_is_not),
	};

	signal(SIGPIPE, SIG_IGN);       /* as every process of ours */
	if (!slapd_there()) {
		fprintf(stderr, "/usr/sbin/slapd is not installed\n");
		return 1;
	}
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
