/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Several servers of one directory: whom the mirror listens to, how it binds, and what it takes for the right host. */
#include "tests/integration/slapd.h"

#include "base/clock.h"

#include <dlfcn.h>
#include <netdb.h>
#include <signal.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define SECOND INT64_C(1000000)

static const char ldif[] =
	"dn: dc=example,dc=org\nobjectClass: organization\nobjectClass: dcObject\no: Example\ndc: example\n\n"
	"dn: ou=people,dc=example,dc=org\nobjectClass: organizationalUnit\nou: people\n\n"
	"dn: ou=groups,dc=example,dc=org\nobjectClass: organizationalUnit\nou: groups\n\n"
	"dn: uid=anna,ou=people,dc=example,dc=org\nobjectClass: inetOrgPerson\nuid: anna\ncn: anna\nsn: anna\n"
	"mail: anna@example.org\nemployeeNumber: 1\n\n"
	"dn: uid=bert,ou=people,dc=example,dc=org\nobjectClass: inetOrgPerson\nuid: bert\ncn: bert\nsn: bert\n"
	"mail: bert@example.org\nemployeeNumber: 2\n\n"
	"dn: cn=agents,ou=groups,dc=example,dc=org\nobjectClass: groupOfNames\ncn: agents\n"
	"member: uid=anna,ou=people,dc=example,dc=org\n\n";

static const struct directory_join joins[] = {{"objectidentifier", "employeeNumber", false}};

struct fixture {
	struct slapd first, second;
	const char *uris[4];
	struct directory_options options;
	struct arena *arena;
	struct mirror *mirror;
};

/* libldap loses what it reads of client certificates, and once is allowed: see ldap/connection.c. */
const char *__lsan_default_suppressions(void);

const char *__lsan_default_suppressions(void)
{
	return "leak:libgnutls.so\nleak:libtasn1.so\nleak:libldap-2.5.so\n";
}

/* ---- names: every host below dirs.example.org is this one ---- */

/* In a file, since the follower is another process. */
static char resolved[] = "/tmp/postern-resolved-XXXXXX";

/* libldap calls this one. */
int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **res)
{
	static int (*next)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
	static const char suffix[] = "dirs.example.org";
	size_t n = node ? strlen(node) : 0;
	FILE *f;

	if (!next)
		*(void **)&next = dlsym(RTLD_NEXT, "getaddrinfo");
	if (n < sizeof(suffix) - 1 || strcmp(node + n - (sizeof(suffix) - 1), suffix) != 0)
		return next(node, service, hints, res);
	f = fopen(resolved, "a");
	if (f) {
		fprintf(f, "%s\n", node);
		fclose(f);
	}
	return next("127.0.0.1", service, hints, res);
}

static int times_resolved(void)
{
	FILE *f = fopen(resolved, "r");
	int c, n = 0;

	while (f && (c = fgetc(f)) != EOF)
		n += c == '\n';
	if (f)
		fclose(f);
	return n;
}

/* ---- set-up ---- */

static void fixture_make(struct fixture *f)
{
	*f = (struct fixture){.arena = arena_new()};
	slapd_make(&f->first, "syncprov-sessionlog 1000\naccess to * by * none");
	slapd_load(&f->first, ldif);
	f->uris[0] = f->first.uri;
	f->options = (struct directory_options){.name = "corp", .uris = f->uris, .bind_dn = SLAPD_ROOT,
		.password = {SLAPD_PASSWORD, strlen(SLAPD_PASSWORD)}, .people_base = "ou=people," SLAPD_SUFFIX,
		.people_filter = "(objectClass=inetOrgPerson)", .groups_base = "ou=groups," SLAPD_SUFFIX,
		.groups_filter = "(objectClass=groupOfNames)", .member_attribute = "member", .group_name_attribute = "cn",
		.mail_attribute = "mail", .joins = joins, .join_count = 1, .network_seconds = 1, .return_seconds = 1};
}

/* A copy of the first, entryUUIDs, CSNs and all. */
static void second_make(struct fixture *f)
{
	slapd_make(&f->second, "syncprov-sessionlog 1000");
	shell("/usr/sbin/slapcat -f %s -l %s/copy.ldif && /usr/sbin/slapadd -q -w -f %s -l %s/copy.ldif >/dev/null 2>&1", f->first.config,
		f->first.folder, f->second.config, f->first.folder);
	f->uris[1] = f->second.uri;
}

static void fixture_end(struct fixture *f)
{
	mirror_close(f->mirror);
	slapd_end(&f->first);
	if (*f->second.folder)
		slapd_end(&f->second);
	arena_free(f->arena);
}

static struct mirror_state state_of(struct fixture *f)
{
	struct mirror_state s = {0};
	struct error err;

	if (f->mirror || mirror_open(f->first.mirror, &f->mirror, &err) == 0)
		assert_done(mirror_state(f->arena, f->mirror, "corp", &s, &err), err);
	return s;
}

static bool is_found(struct fixture *f, const char *number)
{
	const struct mirror_claim claim = {"objectidentifier", number};
	const struct mirror_query query = {&claim, 1, false, NULL};
	struct mirror_person p;
	struct error err;

	state_of(f);
	return f->mirror && mirror_person(f->arena, f->mirror, &f->options, 1, &query, &p, &err) == 0;
}

typedef bool question(struct fixture *f);

static void until_named(struct fixture *f, question *q, const char *name)
{
	const struct timespec nap = {.tv_nsec = 10000000};
	int64_t end = clock_monotonic_us() + 60 * SECOND;

	while (!q(f)) {
		if (clock_monotonic_us() > end)
			fail_msg("not within 60 s: %s (server %s, error %s)", name, state_of(f).server, state_of(f).error);
		nanosleep(&nap, NULL);
	}
}

#define until(f, q) until_named(f, q, #q)

static bool listens_to(struct fixture *f, const char *uri)
{
	struct mirror_state s = state_of(f);

	return s.connected && s.server && strcmp(s.server, uri) == 0;
}

static bool listens_to_the_first(struct fixture *f)
{
	return listens_to(f, f->first.uri);
}

static bool listens_to_the_second(struct fixture *f)
{
	return listens_to(f, f->second.uri);
}

static bool cleo_is_there(struct fixture *f)
{
	return is_found(f, "3");
}

static bool cleo_is_gone(struct fixture *f)
{
	return state_of(f).filled && !cleo_is_there(f);
}

static bool bert_is_gone(struct fixture *f)
{
	return state_of(f).filled && !is_found(f, "2");
}

static const char cleo[] =
	"dn: uid=cleo,ou=people,dc=example,dc=org\nchangetype: add\nobjectClass: inetOrgPerson\nuid: cleo\ncn: cleo\nsn: cleo\n"
	"mail: cleo@example.org\nemployeeNumber: 3\n\n";
static const char no_cleo[] = "dn: uid=cleo,ou=people,dc=example,dc=org\nchangetype: delete\n\n";
static const char no_bert[] = "dn: uid=bert,ou=people,dc=example,dc=org\nchangetype: delete\n\n";

static int64_t seen_after(struct fixture *f, const char *change, question *q)
{
	int64_t begin;

	slapd_change(&f->second, change);
	begin = clock_monotonic_us();
	until(f, q);
	return clock_monotonic_us() - begin;
}

/* ---- failover ---- */

static void listens_to_the_second_until_the_first_is_back(void **state)
{
	struct fixture f;
	int64_t quickest = 60 * SECOND;

	(void)state;
	fixture_make(&f);
	second_make(&f);
	slapd_start(&f.second);
	follower_start(&f.first, &f.options);
	until(&f, listens_to_the_second);
	slapd_change(&f.second, cleo);
	until(&f, cleo_is_there);
	/* it looks, and finds nobody there, more than once; what the second tells comes as fast as ever */
	nanosleep(&(struct timespec){2, 500000000}, NULL);
	for (int i = 0; i < 10 && quickest >= SECOND; i++) {
		int64_t took = seen_after(&f, i % 2 ? cleo : no_cleo, i % 2 ? cleo_is_there : cleo_is_gone);

		quickest = took < quickest ? took : quickest;
	}
	assert_true(quickest < SECOND);
	if (!cleo_is_there(&f))
		slapd_change(&f.second, cleo);
	slapd_change(&f.second, no_bert);
	until(&f, bert_is_gone);
	assert_true(listens_to_the_second(&f));
	/* the first is as the second */
	shell("rm -f %s/db/*; ldapsearch -x -LLL -H %s -D %s -w %s -b %s '*' '+' >%s/copy.ldif; "
		"/usr/sbin/slapadd -q -w -f %s -l %s/copy.ldif >%s/add.log 2>&1", f.first.folder, f.second.uri, SLAPD_ROOT, SLAPD_PASSWORD,
		SLAPD_SUFFIX, f.first.folder, f.first.config, f.first.folder, f.first.folder);
	slapd_start(&f.first);
	until(&f, listens_to_the_first);
	assert_int_equal(state_of(&f).people, 2);
	assert_null(state_of(&f).error);
	follower_stop(&f.first);
	fixture_end(&f);
}

/* Who was locked out, or removed, since the first stopped must not come back with it. */
static void does_not_go_back_to_a_server_that_is_behind(void **state)
{
	struct fixture f;

	(void)state;
	fixture_make(&f);
	second_make(&f);
	slapd_start(&f.second);
	follower_start(&f.first, &f.options);
	until(&f, listens_to_the_second);
	slapd_change(&f.second, no_bert);
	until(&f, bert_is_gone);
	slapd_start(&f.first);
	for (int i = 0; i < 60; i++) {
		nanosleep(&(struct timespec){0, 50000000}, NULL);
		assert_false(is_found(&f, "2"));
	}
	until(&f, listens_to_the_second);
	/* it has caught up */
	slapd_change(&f.first, no_bert);
	until(&f, listens_to_the_first);
	assert_false(is_found(&f, "2"));
	follower_stop(&f.first);
	fixture_end(&f);
}

static void asks_the_next_server_when_the_first_lacks_too_much(void **state)
{
	struct fixture f;

	(void)state;
	fixture_make(&f);
	second_make(&f);
	slapd_start(&f.first);
	follower_start(&f.first, &f.options);
	until(&f, listens_to_the_first);
	slapd_stop(&f.first);
	slapd_start(&f.second);
	until(&f, listens_to_the_second);
	/* restored without any people, and not behind: its clock is the newest */
	slapd_forget_data(&f.first);
	slapd_load(&f.first, "dn: dc=example,dc=org\nobjectClass: organization\nobjectClass: dcObject\no: Example\ndc: example\n\n"
		"dn: ou=people,dc=example,dc=org\nobjectClass: organizationalUnit\nou: people\n\n"
		"dn: ou=groups,dc=example,dc=org\nobjectClass: organizationalUnit\nou: groups\n\n");
	slapd_start(&f.first);
	for (int i = 0; i < 100; i++) {
		nanosleep(&(struct timespec){0, 50000000}, NULL);
		assert_true(is_found(&f, "1"));
		assert_true(is_found(&f, "2"));
	}
	until(&f, listens_to_the_second);
	assert_int_equal(state_of(&f).people_held.n, 0);
	follower_stop(&f.first);
	fixture_end(&f);
}

/* ---- names ---- */

static bool listens(struct fixture *f)
{
	return state_of(f).connected;
}

static bool has_lost_it(struct fixture *f)
{
	return state_of(f).filled && !state_of(f).connected;
}

static void asks_for_the_address_at_each_connection(void **state)
{
	struct fixture f;
	int before;

	(void)state;
	fixture_make(&f);
	slapd_start(&f.first);
	f.uris[0] = arena_printf(f.arena, "ldap://dc1.dirs.example.org%s", strrchr(f.first.uri, ':'));
	follower_start(&f.first, &f.options);
	until(&f, listens);
	before = times_resolved();
	assert_true(before > 0);
	for (int i = 0; i < 2; i++) {
		slapd_stop(&f.first);
		until(&f, has_lost_it);
		slapd_start(&f.first);
		until(&f, listens);
		assert_true(times_resolved() > before);
		before = times_resolved();
	}
	follower_stop(&f.first);
	fixture_end(&f);
}

/* ---- certificates ---- */

static void make_certificates(struct slapd *s)
{
	shell("cd %s && new() { openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=$1 -keyout $1.key -out $1.csr "
		"2>/dev/null; printf \"$2\" >san; openssl x509 -req -in $1.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -extfile san "
		"-out $1.crt 2>/dev/null; }; "
		"for ca in ca other; do openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=$ca "
		"-keyout $ca.key -out $ca.crt 2>/dev/null; done; "
		"new tls 'subjectAltName=DNS:*.dirs.example.org'; new client 'keyUsage=digitalSignature'; new stranger 'keyUsage=digitalSignature'",
		s->folder);
}

static void slapd_with_tls(struct fixture *f, const char *more)
{
	FILE *g;

	make_certificates(&f->first);
	g = fopen(arena_printf(f->arena, "%s/global.conf", f->first.folder), "w");
	assert_non_null(g);
	fprintf(g, "TLSCACertificateFile %s/ca.crt\nTLSCertificateFile %s/tls.crt\nTLSCertificateKeyFile %s/tls.key\n%s", f->first.folder,
		f->first.folder, f->first.folder, more);
	fclose(g);
	snprintf(f->first.tls_uri, sizeof(f->first.tls_uri), "ldaps://127.0.0.1:%d", port_free());
	f->options.ca_file = arena_printf(f->arena, "%s/ca.crt", f->first.folder);
	slapd_start(&f->first);
}

static void a_wildcard_stands_for_one_label_of_its_domain(void **state)
{
	static const struct {
		const char *host;
		bool good;
	} cases[] = {
		{"dc1.dirs.example.org", true}, {"DC-17.dirs.example.org", true}, {"dirs.example.org", false},
		{"a.b.dirs.example.org", false}, {"otherdirs.example.org", false}, {"127.0.0.1", false},
	};
	struct fixture f;

	(void)state;
	fixture_make(&f);
	slapd_with_tls(&f, "");
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases) * 2; i++) {
		struct directory_check out = {0};
		struct error err = {0};
		const char *host = cases[i / 2].host;
		int rc;

		f.options.starttls = i % 2;
		f.uris[0] = arena_printf(f.arena, "%s://%s%s", i % 2 ? "ldap" : "ldaps", host,
			strrchr(i % 2 ? f.first.uri : f.first.tls_uri, ':'));
		rc = directory_check(f.arena, &f.options, &out, &err);
		if (rc != (cases[i / 2].good ? 0 : -1))
			fail_msg("%s: %d: %s", f.uris[0], rc, err.detail);
	}
	fixture_end(&f);
}

static struct slice bytes_of(struct fixture *f, const char *name)
{
	FILE *file = fopen(arena_printf(f->arena, "%s/%s", f->first.folder, name), "r");
	char *bytes = arena_alloc(f->arena, 4096);
	size_t n;

	assert_non_null(file);
	n = fread(bytes, 1, 4096, file);
	fclose(file);
	return slice_of(bytes, n);
}

static void binds_by_the_client_certificate(void **state)
{
	static const char map[] = "TLSVerifyClient try\nauthz-regexp \"^cn=client$\" \"" SLAPD_ROOT "\"\n";
	struct fixture f;
	struct directory_check out;
	struct error err;

	(void)state;
	fixture_make(&f);
	slapd_with_tls(&f, map);
	f.options.bind = DIRECTORY_BIND_EXTERNAL;
	f.options.bind_dn = NULL;
	f.options.client_certificate = bytes_of(&f, "client.crt");
	f.options.client_key = bytes_of(&f, "client.key");
	f.uris[0] = arena_printf(f.arena, "ldaps://dc1.dirs.example.org%s", strrchr(f.first.tls_uri, ':'));
	assert_done(directory_check(f.arena, &f.options, &out, &err), err);
	assert_int_equal(out.people, 2);
	f.options.starttls = true;
	f.uris[0] = arena_printf(f.arena, "ldap://dc1.dirs.example.org%s", strrchr(f.first.uri, ':'));
	assert_done(directory_check(f.arena, &f.options, &out, &err), err);
	assert_int_equal(out.people, 2);
	follower_start(&f.first, &f.options);
	until(&f, listens);
	follower_stop(&f.first);
	/* the key of another certificate */
	f.options.client_key = bytes_of(&f, "stranger.key");
	assert_refused(directory_check(f.arena, &f.options, &out, &err), err, REASON_DIRECTORY);
	/* none at all */
	f.options.client_certificate = f.options.client_key = (struct slice){NULL, 0};
	assert_refused(directory_check(f.arena, &f.options, &out, &err), err, REASON_DIRECTORY);
	assert_non_null(strstr(err.detail, "SASL EXTERNAL"));
	fixture_end(&f);
}

/* The server knows by the socket whose process this is. */
static void binds_by_the_socket_of_this_host(void **state)
{
	struct fixture f;
	struct directory_check out;
	struct error err;
	const char *socket;
	FILE *g;

	(void)state;
	fixture_make(&f);
	g = fopen(arena_printf(f.arena, "%s/global.conf", f.first.folder), "w");
	assert_non_null(g);
	fprintf(g, "authz-regexp \"^gidNumber=%u[+]uidNumber=%u,cn=peercred,cn=external,cn=auth$\" \"" SLAPD_ROOT "\"\n",
		(unsigned)getegid(), (unsigned)geteuid());
	fclose(g);
	socket = arena_printf(f.arena, "ldapi://%%2Ftmp%%2F%s%%2Fsocket", strrchr(f.first.folder, '/') + 1);
	snprintf(f.first.tls_uri, sizeof(f.first.tls_uri), "%s", socket);
	slapd_start(&f.first);
	f.uris[0] = socket;
	f.options.bind_dn = NULL;
	f.options.bind = DIRECTORY_BIND_EXTERNAL;
	assert_done(directory_check(f.arena, &f.options, &out, &err), err);
	assert_int_equal(out.people, 2);
	follower_start(&f.first, &f.options);
	until(&f, listens);
	follower_stop(&f.first);
	fixture_end(&f);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(listens_to_the_second_until_the_first_is_back),
		cmocka_unit_test(does_not_go_back_to_a_server_that_is_behind),
		cmocka_unit_test(asks_the_next_server_when_the_first_lacks_too_much),
		cmocka_unit_test(asks_for_the_address_at_each_connection),
		cmocka_unit_test(a_wildcard_stands_for_one_label_of_its_domain),
		cmocka_unit_test(binds_by_the_client_certificate),
		cmocka_unit_test(binds_by_the_socket_of_this_host),
	};
	int rc;

	if (slapd_begin(argc, argv) < 0)
		return 1;
	close(mkstemp(resolved));
	rc = cmocka_run_group_tests(tests, NULL, NULL);
	unlink(resolved);
	return rc;
}
