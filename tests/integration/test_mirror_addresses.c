/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A directory whose name has several addresses: servers that are off, silent, hang, or lack what is needed. */
#include "tests/integration/slapd.h"

#include "base/clock.h"
#include "ldap/connection.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <netdb.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define SECOND ((int64_t)1000000)
#define AHEAD_MAX 4

static const char ldif[] =
	"dn: dc=example,dc=org\nobjectClass: dcObject\nobjectClass: organization\ndc: example\no: Example\n\n"
	"dn: ou=people,dc=example,dc=org\nobjectClass: organizationalUnit\nou: people\n\n"
	"dn: ou=groups,dc=example,dc=org\nobjectClass: organizationalUnit\nou: groups\n\n"
	"dn: uid=anna,ou=people,dc=example,dc=org\nobjectClass: inetOrgPerson\nuid: anna\ncn: anna\nsn: anna\n"
	"mail: anna@example.org\nemployeeNumber: 1\n\n";

static const struct directory_join joins[] = {{"objectidentifier", "employeeNumber", false}};

/* ---- dirs.example.org: `ahead`, and then 127.0.0.1 ---- */

static const char *ahead[AHEAD_MAX + 1];

/* libldap calls this one. */
int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **res)
{
	static int (*next)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
	struct addrinfo **end = res;
	int rc;

	if (!next)
		*(void **)&next = dlsym(RTLD_NEXT, "getaddrinfo");
	if (!node || strcmp(node, "dirs.example.org") != 0)
		return next(node, service, hints, res);
	for (size_t i = 0; ahead[i]; i++) {
		rc = next(ahead[i], service, hints, end);
		if (rc != 0)
			return rc;
		while (*end)
			end = &(*end)->ai_next;
	}
	return next("127.0.0.1", service, hints, end);
}

static int listening_at(const char *address, int port, int backlog)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

	inet_pton(AF_INET, address, &a.sin_addr);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(listen(fd, backlog), 0);
	return fd;
}

struct silent {
	int listening, queued[3];
};

/* Its queue is full: what comes gets no answer at all, as from a host that is off. */
static struct silent silent_at(const char *address, int port)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	struct silent s = {.listening = listening_at(address, port, 0)};

	inet_pton(AF_INET, address, &a.sin_addr);
	for (int i = 0; i < 3; i++) {
		s.queued[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		(void)connect(s.queued[i], (struct sockaddr *)&a, sizeof(a));
	}
	return s;
}

static void silent_end(const struct silent *s)
{
	for (int i = 0; i < 3; i++)
		close(s->queued[i]);
	close(s->listening);
}

/* ---- set-up ---- */

struct fixture {
	struct slapd slapd;
	int port;
	const char *uris[2];
	char uri[64];
	struct directory_options options;
};

static void fixture_make(struct fixture *f)
{
	*f = (struct fixture){.port = 0};
	slapd_make(&f->slapd, "syncprov-sessionlog 1000\naccess to * by * none");
	slapd_load(&f->slapd, ldif);
	f->port = (int)strtol(strrchr(f->slapd.uri, ':') + 1, NULL, 10);
	snprintf(f->uri, sizeof(f->uri), "ldap://dirs.example.org:%d", f->port);
	f->uris[0] = f->uri;
	f->options = (struct directory_options){.name = "corp", .uris = f->uris, .bind_dn = SLAPD_ROOT,
		.password = {SLAPD_PASSWORD, strlen(SLAPD_PASSWORD)}, .people_base = "ou=people," SLAPD_SUFFIX,
		.people_filter = "(objectClass=inetOrgPerson)", .groups_base = "ou=groups," SLAPD_SUFFIX,
		.groups_filter = "(objectClass=groupOfNames)", .member_attribute = "member", .group_name_attribute = "cn",
		.mail_attribute = "mail", .joins = joins, .join_count = 1, .network_seconds = 1};
	memset(ahead, 0, sizeof(ahead));
}

static int open_and_close(const struct fixture *f, const struct mirror_progress *progress)
{
	struct connection *c = NULL;
	struct error err;
	int rc = connection_open(&f->options, f->uri, progress, &c, &err);

	if (rc < 0)
		assert_int_equal(err.reason, REASON_DIRECTORY);
	connection_close(c);
	return rc;
}

/* On a busy machine a server may take longer than it is given here; one that is never tried does not come by asking again. */
static void opens_in_the_end(const struct fixture *f)
{
	const int64_t end = clock_monotonic_us() + 60 * SECOND;

	while (open_and_close(f, NULL) < 0)
		assert_true(clock_monotonic_us() < end);
}

/* ---- trials ---- */

/* A host with an IPv6 address at which no LDAP is. */
static void an_address_that_refuses_leads_to_the_next(void **state)
{
	struct fixture f;

	(void)state;
	fixture_make(&f);
	slapd_start(&f.slapd);
	ahead[0] = "127.0.0.2";
	opens_in_the_end(&f);
	slapd_end(&f.slapd);
}

/* Resolvers have them in the same order every time, so waiting for the first two alone would never end. */
static void several_that_do_not_answer_lead_to_the_next(void **state)
{
	static const char *const off[] = {"127.0.0.2", "127.0.0.3", "127.0.0.4"};
	struct silent silent[3];
	struct fixture f;

	(void)state;
	fixture_make(&f);
	slapd_start(&f.slapd);
	for (size_t i = 0; i < 3; i++) {
		silent[i] = silent_at(off[i], f.port);
		ahead[i] = off[i];
	}
	opens_in_the_end(&f);
	for (size_t i = 0; i < 3; i++)
		silent_end(&silent[i]);
	slapd_end(&f.slapd);
}

static void a_server_that_hangs_is_passed_over_while_another_is_there(void **state)
{
	struct slapd other;
	struct fixture f;
	char there[64];
	int hanging;

	(void)state;
	fixture_make(&f);
	slapd_start(&f.slapd);
	hanging = listening_at("127.0.0.5", f.port, 10);
	ahead[0] = "127.0.0.5";
	assert_int_equal(open_and_close(&f, NULL), -1);
	opens_in_the_end(&f);
	/* nobody else is there any more, and it is well again */
	close(hanging);
	slapd_stop(&f.slapd);
	slapd_make(&other, "");
	slapd_load(&other, ldif);
	snprintf(there, sizeof(there), "ldap://127.0.0.5:%d", f.port);
	other.listen = there;
	slapd_start(&other);
	opens_in_the_end(&f);
	slapd_end(&other);
	slapd_end(&f.slapd);
}

static bool listens(const struct fixture *f)
{
	struct arena *a = arena_new();
	struct mirror_state s = {.connected = false};
	struct mirror *m = NULL;
	struct error err;
	bool yes = mirror_open(f->slapd.mirror, &m, &err) == 0 && mirror_state(a, m, "corp", &s, &err) == 0 && s.connected && s.filled;

	mirror_close(m);
	arena_free(a);
	return yes;
}

/* It binds, but has no data: a controller that was just set up. */
static void a_server_that_lacks_the_bases_is_passed_over(void **state)
{
	const struct timespec nap = {.tv_nsec = 50000000};
	struct slapd empty;
	struct fixture f;
	char there[64];

	(void)state;
	fixture_make(&f);
	slapd_start(&f.slapd);
	slapd_make(&empty, "syncprov-sessionlog 1000");
	snprintf(there, sizeof(there), "ldap://127.0.0.6:%d", f.port);
	empty.listen = there;
	slapd_start(&empty);
	ahead[0] = "127.0.0.6";
	follower_start(&f.slapd, &f.options);
	for (int64_t end = clock_monotonic_us() + 60 * SECOND; !listens(&f); nanosleep(&nap, NULL))
		assert_true(clock_monotonic_us() < end);
	follower_stop(&f.slapd);
	slapd_end(&empty);
	slapd_end(&f.slapd);
}

static void count(void *context)
{
	++*(int *)context;
}

static bool never(void *context)
{
	(void)context;
	return false;
}

static bool at_once(void *context)
{
	(void)context;
	return true;
}

/* Or the watchdog ends a process that is well, and begins with the same addresses again. */
static void it_is_alive_while_it_waits_and_ends_when_it_must(void **state)
{
	int beats = 0;
	const struct mirror_progress waits = {.alive = count, .stop = never, .context = &beats};
	const struct mirror_progress ends = {.alive = count, .stop = at_once, .context = &beats};
	struct silent silent;
	struct fixture f;
	int64_t begin;

	(void)state;
	fixture_make(&f);
	silent = silent_at("127.0.0.7", f.port);
	ahead[0] = "127.0.0.7";
	assert_int_equal(open_and_close(&f, &waits), -1);       /* and nobody is at 127.0.0.1 */
	assert_true(beats > 0);
	f.options.network_seconds = 120;
	begin = clock_monotonic_us();
	assert_int_equal(open_and_close(&f, &ends), -1);
	assert_true(clock_monotonic_us() - begin < 60 * SECOND);
	silent_end(&silent);
	slapd_end(&f.slapd);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_address_that_refuses_leads_to_the_next),
		cmocka_unit_test(several_that_do_not_answer_lead_to_the_next),
		cmocka_unit_test(a_server_that_hangs_is_passed_over_while_another_is_there),
		cmocka_unit_test(a_server_that_lacks_the_bases_is_passed_over),
		cmocka_unit_test(it_is_alive_while_it_waits_and_ends_when_it_must),
	};

	if (slapd_begin(argc, argv) < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
