/* SPDX-License-Identifier: GPL-3.0-or-later */
/* TLS of our own, against a client made of OpenSSL and a certificate made here. */
#include "tests/unit/unit.h"

#include "tests/unit/http_server.h"

#include "base/clock.h"
#include "http/internal.h"

#include <event2/event.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#define H "Host: " HTTP_TEST_HOST "\r\n"
#define OK "GET /ok HTTP/1.1\r\n" H "\r\n"

static struct http_test server;
static struct slice certificate, key, other_key, locked_key;

static struct slice bio_bytes(BIO *bio)
{
	char *p, *copy;
	long n = BIO_get_mem_data(bio, &p);

	copy = malloc((size_t)n);
	assert_non_null(copy);
	memcpy(copy, p, (size_t)n);
	BIO_free(bio);
	return slice_of(copy, (size_t)n);
}

static struct slice key_pem(EVP_PKEY *pkey, const EVP_CIPHER *cipher)
{
	BIO *bio = BIO_new(BIO_s_mem());

	assert_int_equal(PEM_write_bio_PrivateKey(bio, pkey, cipher, (const unsigned char *)"pass", cipher ? 4 : 0, NULL, NULL),
		1);
	return bio_bytes(bio);
}

static struct slice certificate_pem(EVP_PKEY *pkey)
{
	X509 *x = X509_new();
	BIO *bio = BIO_new(BIO_s_mem());

	ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
	X509_gmtime_adj(X509_getm_notBefore(x), -60);
	X509_gmtime_adj(X509_getm_notAfter(x), 3600);
	X509_set_pubkey(x, pkey);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC, (const unsigned char *)HTTP_TEST_HOST, -1, -1,
		0);
	X509_set_issuer_name(x, X509_get_subject_name(x));
	assert_true(X509_sign(x, pkey, EVP_sha256()) > 0);
	assert_int_equal(PEM_write_bio_X509(bio, x), 1);
	X509_free(x);
	return bio_bytes(bio);
}

static int make_certificate(void **state)
{
	EVP_PKEY *mine = EVP_EC_gen("P-256"), *other = EVP_EC_gen("P-256");

	(void)state;
	certificate = certificate_pem(mine);
	key = key_pem(mine, NULL);
	other_key = key_pem(other, NULL);
	locked_key = key_pem(mine, EVP_aes_128_cbc());
	EVP_PKEY_free(mine);
	EVP_PKEY_free(other);
	return 0;
}

static int forget_certificate(void **state)
{
	(void)state;
	free((void *)certificate.p);
	free((void *)key.p);
	free((void *)other_key.p);
	free((void *)locked_key.p);
	return 0;
}

static bool welcome(const char *peer, void *context)
{
	(void)context;
	return strcmp(peer, "127.0.0.66") != 0;
}

static int start(void **state)
{
	make_certificate(state);
	server = (struct http_test){.options = {.header_seconds = 3, .idle_seconds = 20, .welcome = welcome}, .certificate = certificate,
		.key = key};
	http_test_start(&server);
	return 0;
}

static int stop(void **state)
{
	http_test_stop(&server);
	return forget_certificate(state);
}

/* NULL when the handshake fails; version 0: whatever both like best */
static SSL *client(int version, const char *suites)
{
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());
	int fd = client_connect(server.port);
	SSL *ssl;

	if (version) {
		SSL_CTX_set_security_level(context, 0);
		SSL_CTX_set_min_proto_version(context, version);
		SSL_CTX_set_max_proto_version(context, version);
	}
	if (suites)
		assert_int_equal(SSL_CTX_set_cipher_list(context, suites), 1);
	ssl = SSL_new(context);
	SSL_CTX_free(context);
	SSL_set_fd(ssl, fd);
	SSL_set_tlsext_host_name(ssl, HTTP_TEST_HOST);
	if (SSL_connect(ssl) != 1) {
		ERR_clear_error();
		close(fd);
		SSL_free(ssl);
		return NULL;
	}
	return ssl;
}

static void client_end(SSL *ssl)
{
	int fd = SSL_get_fd(ssl);

	SSL_free(ssl);
	close(fd);
}

static bool is_whole(const char *reply)
{
	const char *body = strstr(reply, "\r\n\r\n"), *length = strstr(reply, "Content-Length: ");

	return body && length && strlen(body + 4) >= strtoul(length + 16, NULL, 10);
}

/* One reply, in whatever records it comes; what there is when the server closed instead */
static const char *ask(SSL *ssl, const char *request, size_t n)
{
	static char reply[4096];
	int got, all = 0;

	reply[0] = '\0';
	assert_int_equal(SSL_write(ssl, request, (int)n), (int)n);
	while (!is_whole(reply) && (got = SSL_read(ssl, reply + all, (int)sizeof(reply) - 1 - all)) > 0) {
		all += got;
		reply[all] = '\0';
	}
	return reply;
}

static void answers_by_tls_1_2_and_1_3(void **state)
{
	static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		SSL *ssl = client(versions[i], NULL);

		assert_non_null(ssl);
		assert_int_equal(SSL_version(ssl), versions[i]);
		for (int k = 0; k < 3; k++)
			assert_memory_equal(ask(ssl, OK, sizeof(OK) - 1), "HTTP/1.1 200 OK\r\n", 17);
		client_end(ssl);
	}
}

static void refuses_older_versions(void **state)
{
	(void)state;
	assert_null(client(TLS1_1_VERSION, "ALL:@SECLEVEL=0"));
	assert_null(client(TLS1_VERSION, "ALL:@SECLEVEL=0"));
}

static void refuses_suites_without_ephemeral_keys_or_with_cbc(void **state)
{
	SSL *ssl;

	(void)state;
	assert_null(client(TLS1_2_VERSION, "AES128-GCM-SHA256"));
	assert_null(client(TLS1_2_VERSION, "ECDHE-ECDSA-AES128-SHA256"));
	ssl = client(TLS1_2_VERSION, "ECDHE-ECDSA-AES128-GCM-SHA256");
	assert_non_null(ssl);
	client_end(ssl);
}

static void says_that_it_speaks_http_1_1_only(void **state)
{
	static const unsigned char offered[] = "\x02h2\x08http/1.1";
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());
	int fd = client_connect(server.port);
	const unsigned char *chosen;
	unsigned n;
	SSL *ssl;

	(void)state;
	SSL_CTX_set_alpn_protos(context, offered, sizeof(offered) - 1);
	ssl = SSL_new(context);
	SSL_CTX_free(context);
	SSL_set_fd(ssl, fd);
	assert_int_equal(SSL_connect(ssl), 1);
	SSL_get0_alpn_selected(ssl, &chosen, &n);
	assert_slice_is(slice_of(chosen, n), "http/1.1");
	client_end(ssl);
}

static void shakes_no_hand_for_another_protocol(void **state)
{
	static const unsigned char offered[] = "\x02h2\x04smtp";
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());
	int fd = client_connect(server.port);
	SSL *ssl;

	(void)state;
	SSL_CTX_set_alpn_protos(context, offered, sizeof(offered) - 1);
	ssl = SSL_new(context);
	SSL_CTX_free(context);
	SSL_set_fd(ssl, fd);
	assert_int_equal(SSL_connect(ssl), -1);
	assert_int_equal(ERR_GET_REASON(ERR_peek_last_error()), SSL_R_TLSV1_ALERT_NO_APPLICATION_PROTOCOL);
	ERR_clear_error();
	client_end(ssl);
}

/* 40 ms a request is what a missing TCP_NODELAY costs; a busy machine costs some of them as much. */
static void answers_without_delay(void **state)
{
	SSL *ssl = client(0, NULL);
	int quick = 0;

	(void)state;
	assert_non_null(ssl);
	for (int i = 0; i < 200; i++) {
		int64_t begin = clock_monotonic_us();

		assert_memory_equal(ask(ssl, OK, sizeof(OK) - 1), "HTTP/1.1 200 OK\r\n", 17);
		quick += clock_monotonic_us() - begin < 30000;
	}
	assert_true(quick > 50);
	client_end(ssl);
}

static void refuses_by_a_page_and_says_goodbye(void **state)
{
	static const char request[] = "POST /form HTTP/1.1\r\n" H "Content-Length : 43\r\n\r\n" OK;
	unsigned before = http_test_handled();
	char more[100];
	SSL *ssl;

	(void)state;
	for (int i = 0; i < 10; i++) {
		ssl = client(0, NULL);
		assert_non_null(ssl);
		assert_memory_equal(ask(ssl, request, sizeof(request) - 1), "HTTP/1.1 400 Bad Request\r\n", 26);
		assert_int_equal(SSL_read(ssl, more, sizeof(more)), 0);
		assert_int_equal(SSL_get_shutdown(ssl) & SSL_RECEIVED_SHUTDOWN, SSL_RECEIVED_SHUTDOWN);
		client_end(ssl);
	}
	assert_int_equal(http_test_handled(), before);
}

static void survives_what_is_no_handshake(void **state)
{
	static const char *const rubbish[] = {OK, "\x16\x03\x01", "\x16\x03\x01\xff\xff\xff\xff\xff\xff\xff\xff",
		"\x80\x2e\x01\x03\x01"};
	int fd, closed;
	SSL *ssl;

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		fd = client_connect(server.port);
		client_send(fd, rubbish[i], strlen(rubbish[i]));
		assert_string_equal(client_statuses(client_read(fd, 50, &closed)), "");
		close(fd);
	}
	ssl = client(0, NULL);
	assert_non_null(ssl);
	assert_memory_equal(ask(ssl, OK, sizeof(OK) - 1), "HTTP/1.1 200", 12);
	client_end(ssl);
}

static void cuts_a_handshake_that_never_ends(void **state)
{
	int64_t begin = clock_monotonic_us();
	int fd = client_connect(server.port), closed;

	(void)state;
	client_send(fd, "\x16", 1);
	client_read(fd, 20000, &closed);
	assert_int_equal(closed, 1);
	assert_in_range((clock_monotonic_us() - begin) / 1000, 2500, 19000);
	close(fd);
}

static void refuses_certificates_and_keys_that_do_not_fit(void **state)
{
	struct http_options options = {.public_host = HTTP_TEST_HOST, .routes = &(struct http_route){0}};
	struct event_base *base = event_base_new();
	const struct {
		struct slice certificate, key;
		const char *detail;
	} rows[] = {
		{certificate, other_key, "mismatch"}, {certificate, {NULL, 0}, "private key"}, {{NULL, 0}, key, "certificate"},
		{key, key, "certificate"}, {certificate, certificate, "private key"}, {certificate, locked_key, "private key"},
		{{"rubbish", 7}, key, "certificate"},
	};
	struct http_server *s = NULL;
	struct error err;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_refused(http_server_new(base, &options, rows[i].certificate, rows[i].key, &s, &err), err,
			REASON_SETTINGS);
		assert_non_null(strstr(err.detail, rows[i].detail));
		assert_null(s);
	}
	event_base_free(base);
}

/* A handshake is the dearest that a stranger can ask for. */
static void shakes_no_hand_that_is_not_welcome(void **state)
{
	int stranger = client_connect_from(66, server.port), other = client_connect_from(67, server.port), closed;

	(void)state;
	assert_int_equal(client_read(stranger, 10000, &closed).n, 0);
	assert_int_equal(closed, 1);
	client_read(other, 50, &closed);
	assert_int_equal(closed, 0);
	close(stranger);
	close(other);
}

/* Changes the keys so often, in one go; false: the server has closed. */
static bool change_keys(SSL *ssl, int times)
{
	BIO *all = BIO_new(BIO_s_mem()), *socket = SSL_get_wbio(ssl);
	ssize_t sent = 0;
	char *p;
	long n;

	BIO_up_ref(socket);
	SSL_set0_wbio(ssl, all);
	for (int i = 0; i < times; i++) {
		assert_int_equal(SSL_key_update(ssl, SSL_KEY_UPDATE_NOT_REQUESTED), 1);
		assert_int_equal(SSL_do_handshake(ssl), 1);
	}
	n = BIO_get_mem_data(all, &p);
	while (n > 0 && (sent = send(SSL_get_fd(ssl), p, (size_t)n, MSG_NOSIGNAL)) > 0) {
		p += sent;
		n -= sent;
	}
	SSL_set0_wbio(ssl, socket);
	return n == 0;
}

static void new_keys_now_and_then_do_no_harm(void **state)
{
	SSL *ssl = client(TLS1_3_VERSION, NULL);

	(void)state;
	assert_non_null(ssl);
	for (int i = 0; i < 4; i++) {
		assert_true(change_keys(ssl, 4));
		assert_memory_equal(ask(ssl, OK, sizeof(OK) - 1), "HTTP/1.1 200 OK\r\n", 17);
	}
	assert_true(change_keys(ssl, 1));
	assert_string_equal(ask(ssl, OK, sizeof(OK) - 1), "");
	client_end(ssl);
}

/* OpenSSL would read on for as long as more of them come, and a worker with it until it is taken for stuck. */
static void endless_new_keys_keep_nobody_waiting(void **state)
{
	SSL *ssl = client(TLS1_3_VERSION, NULL);
	struct ssl_ctx_st *context;
	struct error err;
	int rounds = 0;

	(void)state;
	assert_done(tls_new(certificate, key, &context, &err), err);
	assert_int_equal(SSL_CTX_get_mode(context) & SSL_MODE_AUTO_RETRY, 0);
	tls_free(context);
	assert_non_null(ssl);
	while (rounds < 200 && change_keys(ssl, 2000))
		rounds++;
	assert_in_range(rounds, 0, 100);
	client_end(ssl);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_by_tls_1_2_and_1_3),
		cmocka_unit_test(refuses_older_versions),
		cmocka_unit_test(refuses_suites_without_ephemeral_keys_or_with_cbc),
		cmocka_unit_test(says_that_it_speaks_http_1_1_only),
		cmocka_unit_test(shakes_no_hand_for_another_protocol),
		cmocka_unit_test(answers_without_delay),
		cmocka_unit_test(refuses_by_a_page_and_says_goodbye),
		cmocka_unit_test(new_keys_now_and_then_do_no_harm),
		cmocka_unit_test(endless_new_keys_keep_nobody_waiting),
		cmocka_unit_test(survives_what_is_no_handshake),
		cmocka_unit_test(shakes_no_hand_that_is_not_welcome),
		cmocka_unit_test(cuts_a_handshake_that_never_ends),
		cmocka_unit_test(refuses_certificates_and_keys_that_do_not_fit),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, start, stop);
}
