/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A slapd that is down, silent, cut short by a limit or of another certificate; a follower that is killed; and what `check` says. */
#include "tests/integration/mirror_slapd_stage.h"

#include <arpa/inet.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static bool error_says(struct fixture *f, const char *words)
{
	struct mirror_state s = state_of(f);

	return s.error && strstr(s.error, words);
}

static bool limit_was_met(struct fixture *f)
{
	return error_says(f, "Size limit exceeded");
}

static bool silence_was_noticed(struct fixture *f)
{
	return error_says(f, "no answer within 1 seconds");
}

/* ---- stories ---- */

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

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_while_the_server_is_down_and_catches_up),
		cmocka_unit_test(keeps_the_age_down_while_nothing_happens),
		cmocka_unit_test(says_when_a_limit_cuts_the_directory_short),
		cmocka_unit_test(a_silent_server_costs_its_time_out_and_no_cpu),
		cmocka_unit_test(a_silent_first_server_leads_to_the_second),
		cmocka_unit_test(a_server_that_falls_silent_is_noticed),
		cmocka_unit_test(a_killed_follower_leaves_a_consistent_file),
		cmocka_unit_test(takes_only_the_right_certificate_and_host),
		cmocka_unit_test(check_counts_what_is_there_and_names_what_is_not),
	};

	if (slapd_begin(argc, argv) < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
