/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a start refuses: keys, certificates, metadata and passwords that are no good. */
#include "tests/unit/loaded_stage.h"

static void refuses_a_key_that_its_group_may_read(void **state)
{
	struct error err;

	(void)state;
	put("signing.key", 0640, pair.key);
	assert_refused(load(&err), err, REASON_SETTINGS);
	assert_told(&err, "p.yaml:3: key: ", "0640");
}

static void refuses_decryption_keys_that_cannot_be_used(void **state)
{
	struct error err;

	(void)state;
	put("open.key", 0640, other.key);
	assert_refused(load(&err), err, REASON_SETTINGS);
	assert_told(&err, "p.yaml:25: decryption_keys: ", "0640");
	put("open.key", 0600, other.key);
	assert_refused(load(&err), err, REASON_SETTINGS);
	assert_told(&err, "p.yaml:25: decryption_keys: ", "another key");
	put("open.key", 0600, weak.key);
	assert_refused(load(&err), err, REASON_SETTINGS);
	assert_told(&err, "open.key: ", "1024 bits");
}

static void refuses_a_key_that_is_not_there(void **state)
{
	struct error err;

	(void)state;
	unlink(path_of("signing.key"));
	assert_refused(load(&err), err, REASON_SETTINGS);
	assert_told(&err, "p.yaml:3: key: ", "cannot open");
}

/* root reads everything, so it must be somebody else who tries */
static void refuses_a_key_that_cannot_be_read(void **state)
{
	struct error err;
	int status;
	pid_t pid;

	(void)state;
	put("signing.key", 0000, pair.key);
	assert_int_equal(chmod(folder, 0755), 0);
	pid = fork();
	if (pid == 0) {
		if (geteuid() == 0 && (setgid(65534) < 0 || setuid(65534) < 0))
			_exit(2);
		_exit(file_read(a, path_of("signing.key"), FILE_SECRET, 10000, &(struct slice){0}, &err) < 0 && err.reason == REASON_FILE &&
			strstr(err.detail, "Permission denied") ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void refuses_a_short_key(void **state)
{
	struct error err;

	(void)state;
	put("signing.key", 0600, weak.key);
	put("signing.crt", 0644, weak.certificate);
	assert_refused(load(&err), err, REASON_SETTINGS);
	assert_told(&err, "p.yaml:4: certificate: ", "2048");
}

static void refuses_the_certificate_of_another_key(void **state)
{
	struct error err;

	(void)state;
	put("signing.crt", 0644, other.certificate);
	assert_refused(load(&err), err, REASON_SETTINGS);
	assert_told(&err, "p.yaml:3: key: ", "signing.key");
}

static void refuses_a_tls_key_of_another_certificate(void **state)
{
	struct error err;

	(void)state;
	put("tls.key", 0600, weak.key);
	assert_refused(load(&err), err, REASON_SETTINGS);
	assert_told(&err, "p.yaml:8: tls_key: ", "not the certificate's");
	put("tls.key", 0600, slice_c("rubbish"));
	assert_refused(load(&err), err, REASON_SETTINGS);
	assert_told(&err, "p.yaml:8: tls_key: ", "not a PEM private key");
}

/* A worker would hold it, beside the parsers. */
static void refuses_a_tls_key_that_signs_as_well(void **state)
{
	struct error err;

	(void)state;
	put("tls.key", 0600, pair.key);
	put("tls.crt", 0644, pair.certificate);
	assert_refused(load(&err), err, REASON_SETTINGS);
	assert_told(&err, "p.yaml:8: tls_key: ", "TLS needs one of its own");
}

/* What OpenSSL takes from us only when a worker starts is found by the parent, so that a reload leaves the old workers alone. */
static void refuses_what_workers_could_not_serve_by(void **state)
{
	struct error err;

	(void)state;
	put("tls.crt", 0644, weak.certificate);
	put("tls.key", 0600, weak.key);
	assert_refused(load(&err), err, REASON_SETTINGS);
	assert_told(&err, "p.yaml:7: tls_certificate: ", "key too small");
	put("tls.crt", 0644, slice_c(arena_printf(a, "%.*s-----BEGIN CERTIFICATE-----\nrubbish\n-----END CERTIFICATE-----\n",
		(int)other.certificate.n, other.certificate.p)));
	put("tls.key", 0600, other.key);
	assert_refused(load(&err), err, REASON_SETTINGS);
	assert_told(&err, "p.yaml:7: tls_certificate: ", "certificate chain");
}

static void refuses_metadata_without_a_usable_key(void **state)
{
	struct error err;

	(void)state;
	put("entra.xml", 0644, metadata_with(weak.certificate));
	assert_refused(load(&err), err, REASON_SETTINGS);
	assert_told(&err, "p.yaml:11: metadata: ", "entra.xml");
	put("entra.xml", 0644, slice_c("<html/>"));
	assert_refused(load(&err), err, REASON_SETTINGS);
	assert_told(&err, "p.yaml:11: metadata: ", "entra.xml");
}

static void refuses_a_password_that_others_may_read(void **state)
{
	struct error err;

	(void)state;
	put("password", 0644, slice_c("secret"));
	assert_refused(load(&err), err, REASON_SETTINGS);
	assert_told(&err, "p.yaml:18: password_file: ", "0644");
	put("password", 0600, slice_c(""));
	assert_refused(load(&err), err, REASON_SETTINGS);
	assert_told(&err, "p.yaml:18: password_file: ", "is empty");
}

/* A thousand reloads, mostly bad ones since those are quick; the sanitizers' build would tell of a leak. */

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(refuses_a_key_that_its_group_may_read, begin),
		cmocka_unit_test_setup(refuses_decryption_keys_that_cannot_be_used, begin),
		cmocka_unit_test_setup(refuses_a_key_that_is_not_there, begin),
		cmocka_unit_test_setup(refuses_a_key_that_cannot_be_read, begin),
		cmocka_unit_test_setup(refuses_a_short_key, begin),
		cmocka_unit_test_setup(refuses_the_certificate_of_another_key, begin),
		cmocka_unit_test_setup(refuses_a_tls_key_of_another_certificate, begin),
		cmocka_unit_test_setup(refuses_a_tls_key_that_signs_as_well, begin),
		cmocka_unit_test_setup(refuses_what_workers_could_not_serve_by, begin),
		cmocka_unit_test_setup(refuses_metadata_without_a_usable_key, begin),
		cmocka_unit_test_setup(refuses_a_password_that_others_may_read, begin),
	};

	return cmocka_run_group_tests(tests, begin_all, end_all);
}
