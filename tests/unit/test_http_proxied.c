/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Connections that begin with a PROXY header, plain, behind TLS, by Unix sockets; and who the client is then. */
#include "tests/unit/unit.h"

#include "tests/unit/http_server.h"

#include "base/clock.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define H "Host: " HTTP_TEST_HOST "\r\n"
#define OK "GET /ok HTTP/1.1\r\n" H "\r\n"
#define OK_FOR(x) "GET /ok HTTP/1.1\r\n" H "X-Forwarded-For: " x "\r\n\r\n"
#define ENOUGH "GET /go/enough HTTP/1.1\r\n" H "\r\n"
#define POST "POST /form HTTP/1.1\r\n" H "Content-Length: 5\r\n\r\nhello"
#define V1 "PROXY TCP4 192.0.2.1 192.0.2.9 4711 443\r\n"
#define SIG "\r\n\r\n\0\r\nQUIT\n"
#define V2 SIG "\x21\x11\0\x17\xc0\0\x02\x01\xc0\0\x02\x09\x12\x67\x01\xbb\x02\0\x08" "example."
#define V2_SIX SIG "\x21\x21\0\x24\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x07\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x09\x12\x67\x01\xbb"
#define V2_LOCAL SIG "\x20\0\0\0"
#define V2_FROM_10 SIG "\x21\x11\0\x0c\x0a\0\0\x05\xc0\0\x02\x09\x12\x67\x01\xbb"
#define QUIET_MS 60
#define BYTES(s) s, sizeof(s) - 1

enum { OPEN, CLOSED };

struct row {
	const char *name, *bytes;
	size_t n;
	const char *statuses;
	int closed;
	unsigned handled;
	const char *client;     /* of the last reply; NULL: not looked at */
};

/* 127.0.0.1 must send a header; 127.0.0.1 and 10.0.0.0/8 are believed what they forward. */
static const struct row required[] = {
	{"v1", BYTES(V1 OK), "200", OPEN, 1, "192.0.2.1"},
	{"v1_keep_alive", BYTES(V1 OK POST OK), "200 200 200", OPEN, 3, "192.0.2.1"},
	{"v1_tcp6", BYTES("PROXY TCP6 2001:db8::7 2001:db8::9 1 2\r\n" OK), "200", OPEN, 1, "2001:db8::7"},
	{"v1_unknown", BYTES("PROXY UNKNOWN\r\n" OK), "200", OPEN, 1, "unknown"},
	{"v2", BYTES(V2 OK POST), "200 200", OPEN, 2, "192.0.2.1"},
	{"v2_six", BYTES(V2_SIX OK), "200", OPEN, 1, "2001:db8::7"},
	{"v2_local", BYTES(V2_LOCAL OK), "200", OPEN, 1, "127.0.0.1"},
	{"header_alone", BYTES(V1), "", OPEN, 0, NULL},
	{"refusal_behind_it", BYTES(V1 "GET /no HTTP/1.1\r\n" H "\r\n"), "404", OPEN, 0, NULL},
	{"bad_request_behind_it", BYTES(V2 OK "GET /ok HTTP/1.1\nHost: x\n\n" OK), "200 400", CLOSED, 1, NULL},
	{"none", BYTES(OK), "", CLOSED, 0, NULL},
	{"none_and_a_post", BYTES(POST OK), "", CLOSED, 0, NULL},
	{"twice", BYTES(V1 V1 OK), "400", CLOSED, 0, NULL},
	{"v2_twice", BYTES(V2 V2 OK), "400", CLOSED, 0, NULL},
	{"between_requests", BYTES(V1 OK V1 OK), "200 400", CLOSED, 1, NULL},
	{"behind_the_request", BYTES(OK V1), "", CLOSED, 0, NULL},
	{"line_feed_only", BYTES("PROXY TCP4 192.0.2.1 192.0.2.9 1 2\n" OK), "", CLOSED, 0, NULL},
	{"datagrams", BYTES(SIG "\x21\x12\0\x0c\xc0\0\x02\x01\xc0\0\x02\x09\x12\x67\x01\xbb" OK), "", CLOSED, 0, NULL},
	{"too_long", BYTES(SIG "\x21\x11\xff\xff" OK), "", CLOSED, 0, NULL},
	/* the address of the header stands for the peer's, also where it is asked who may forward */
	{"named_client_is_no_proxy", BYTES(V1 OK_FOR("198.51.100.7")), "200", OPEN, 1, "192.0.2.1"},
	{"named_client_is_a_proxy", BYTES(V2_FROM_10 OK_FOR("198.51.100.66, 198.51.100.7")), "200", OPEN, 1, "198.51.100.7"},
	{"unknown_client_forwards_nothing", BYTES("PROXY UNKNOWN\r\n" OK_FOR("198.51.100.7")), "200", OPEN, 1, "unknown"},
	/* over a limit: whose connection it is, is for the header to say */
	{"who_was_named_is_over_a_limit", BYTES(V1 ENOUGH), "429", CLOSED, 0, NULL},
	{"who_was_named_is_a_proxy_with_one_over_a_limit", BYTES(V2_FROM_10 ENOUGH), "429", OPEN, 0, NULL},
	{"proxy_itself_may_forward", BYTES(V2_LOCAL OK_FOR("198.51.100.7")), "200", OPEN, 1, "198.51.100.7"},
};

/* Nobody may send a header. */
static const struct row refused[] = {
	{"no_header", BYTES(OK), "200", OPEN, 1, "127.0.0.1"},
	{"v1", BYTES(V1 OK), "400", CLOSED, 0, NULL},
	{"v1_unknown", BYTES("PROXY UNKNOWN\r\n" OK), "400", CLOSED, 0, NULL},
	{"v2", BYTES(V2 OK), "400", CLOSED, 0, NULL},
	{"v2_local", BYTES(V2_LOCAL OK), "400", CLOSED, 0, NULL},
	{"forwarded", BYTES(OK_FOR("198.51.100.7")), "200", OPEN, 1, "127.0.0.1"},
};

static struct network loopback, tens;

static void check_reply(const struct row *row, struct slice reply, int closed, unsigned handled)
{
	char wanted[80];

	if (strcmp(client_statuses(reply), row->statuses) != 0)
		fail_msg("%s: wanted \"%s\", got \"%s\": %.*s", row->name, row->statuses, client_statuses(reply), (int)reply.n, reply.p);
	if (row->closed ? closed == 0 : closed != 0)
		fail_msg("%s: wanted closed %d, got %d", row->name, row->closed, closed);
	if (handled != row->handled)
		fail_msg("%s: wanted %u handlers, got %u", row->name, row->handled, handled);
	snprintf(wanted, sizeof(wanted), "client=%s\n", row->client ? row->client : "");
	if (row->client && !memmem(reply.p, reply.n, wanted, strlen(wanted)))
		fail_msg("%s: %s is not in %.*s", row->name, wanted, (int)reply.n, reply.p);
}

static void check_rows(int (*connect_to)(const struct http_test *t), const struct http_test *t, const struct row *rows, size_t count,
	size_t piece)
{
	for (size_t i = 0; i < count; i++) {
		unsigned before = http_test_handled();
		int fd = connect_to(t), closed;
		struct slice reply;

		for (size_t at = 0; at < rows[i].n; at += piece)
			client_send(fd, rows[i].bytes + at, rows[i].n - at < piece ? rows[i].n - at : piece);
		reply = client_wait(fd, rows[i].statuses, rows[i].closed ? 20000 : QUIET_MS, &closed);
		close(fd);
		check_reply(&rows[i], reply, closed, http_test_handled() - before);
	}
}

static int by_tcp(const struct http_test *t)
{
	return client_connect(t->port);
}

static int by_unix(const struct http_test *t)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(to.sun_path, sizeof(to.sun_path), "%s", t->path);
	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	return fd;
}

#define ROWS(r) r, sizeof(r) / sizeof(*(r))

static enum reason admit(struct http_exchange *x, void *context)
{
	(void)context;
	return strcmp(x->path, "/go/enough") == 0 ? REASON_TOO_MANY : REASON_NONE;
}

static struct http_options demanding(void)
{
	static struct network trusted[2];

	assert_int_equal(network_read("127.0.0.1", &loopback, NULL) | network_read("10.0.0.0/8", &tens, NULL), 0);
	trusted[0] = loopback;
	trusted[1] = tens;
	return (struct http_options){.proxy_protocol = {.networks = &loopback, .count = 1}, .trusted = {.networks = trusted, .count = 2},
		.admit = admit};
}

static void takes_the_header_off_and_believes_it(void **state)
{
	struct http_test t = {.options = demanding()};

	(void)state;
	http_test_start(&t);
	check_rows(by_tcp, &t, ROWS(required), 100000);
	check_rows(by_tcp, &t, ROWS(required), 1);
	http_test_stop(&t);
}

static void refuses_the_header_of_others(void **state)
{
	struct http_test t = {.options = demanding()};

	(void)state;
	t.options.proxy_protocol = (struct http_peers){.networks = &tens, .count = 1, .unix_sockets = true};
	t.options.trusted = t.options.proxy_protocol;
	http_test_start(&t);
	check_rows(by_tcp, &t, ROWS(refused), 100000);
	http_test_stop(&t);
}

static void a_slow_header_is_cut_however_often_a_byte_comes(void **state)
{
	struct http_test t = {.options = demanding()};
	int64_t begin = clock_monotonic_us();
	int fd, closed = 0;

	(void)state;
	t.options.header_seconds = 2;
	http_test_start(&t);
	fd = client_connect(t.port);
	client_send(fd, V2, 12);
	for (int i = 12; i < 28 && !closed; i++) {
		client_send(fd, &V2[i], 1);
		client_read(fd, 1000, &closed);
	}
	assert_int_equal(closed, 1);
	assert_in_range((clock_monotonic_us() - begin) / 1000, 1500, 15000);
	close(fd);
	http_test_stop(&t);
}

/* A client that has sent its header has its whole time for the request, and then gets a page. */
static void a_header_without_a_request_is_cut_too(void **state)
{
	struct http_test t = {.options = demanding()};
	int fd, closed;

	(void)state;
	t.options.header_seconds = 1;
	http_test_start(&t);
	fd = client_connect(t.port);
	client_send(fd, V1, sizeof(V1) - 1);
	client_read(fd, 9000, &closed);
	assert_int_equal(closed, 1);
	close(fd);
	fd = client_connect(t.port);
	client_send(fd, V1 "GET /", sizeof(V1 "GET /") - 1);
	assert_string_equal(client_statuses(client_read(fd, 9000, &closed)), "408");
	assert_int_equal(closed, 1);
	close(fd);
	http_test_stop(&t);
}

static bool is_ended(int fd)
{
	char byte;

	return recv(fd, &byte, 1, MSG_DONTWAIT) == 0;
}

/* A caller's connections are counted as his, not as the proxy's, and from the header on. */
static void each_caller_has_a_share_of_the_connections(void **state)
{
	static const char *const callers[] = {V1 OK, V1 OK, V1 OK, V1 OK, "PROXY TCP4 192.0.2.2 192.0.2.9 1 2\r\n" OK, "PROXY UNKNOWN\r\n" OK};
	static const bool ended[] = {true, true, false, false, false, false};
	struct http_test t = {.options = demanding()};
	int fds[6], closed;

	(void)state;
	t.options.network_limit = 2;
	http_test_start(&t);
	for (size_t i = 0; i < 6; i++) {
		fds[i] = client_connect(t.port);
		client_send(fds[i], callers[i], strlen(callers[i]));
		assert_string_equal(client_statuses(client_wait(fds[i], "200", QUIET_MS, &closed)), "200");
	}
	for (size_t i = 0; i < 6; i++) {
		if (is_ended(fds[i]) != ended[i])
			fail_msg("connection %zu", i);
		close(fds[i]);
	}
	http_test_stop(&t);
}

/* ---- Unix sockets ---- */

static const struct row unix_trusted[] = {
	{"nobody_said", BYTES(OK), "200", OPEN, 1, "unix"},
	{"forwarded", BYTES(OK_FOR("198.51.100.7")), "200", OPEN, 1, "198.51.100.7"},
	{"forwarded_by_two", BYTES(OK_FOR("198.51.100.66, 198.51.100.7, 10.0.0.1")), "200", OPEN, 1, "198.51.100.7"},
	{"proxy_before_it_is_a_unix_socket_too", BYTES(OK_FOR("198.51.100.7, unix:")), "200", OPEN, 1, "unknown"},
	{"header_is_refused", BYTES(V1 OK), "400", CLOSED, 0, NULL},
	{"many", BYTES(OK OK OK), "200 200 200", OPEN, 3, NULL},
};

static const struct row unix_stranger[] = {
	{"forwarded", BYTES(OK_FOR("198.51.100.7")), "200", OPEN, 1, "unix"},
};

static const struct row unix_required[] = {
	{"v1", BYTES(V1 OK), "200", OPEN, 1, "192.0.2.1"},
	{"v2", BYTES(V2 OK), "200", OPEN, 1, "192.0.2.1"},
	{"v2_local", BYTES(V2_LOCAL OK), "200", OPEN, 1, "unix"},
	/* what a proxy was reached by is no word about us: only our own socket is `unix` of the settings */
	{"called_by_unix", BYTES(SIG "\x21\0\0\0" OK_FOR("198.51.100.7")), "200", OPEN, 1, "unknown"},
	{"none", BYTES(OK), "", CLOSED, 0, NULL},
};

static void check_unix(const struct http_options *options, const struct row *rows, size_t count)
{
	struct http_test t = {.options = *options};
	char path[60];

	snprintf(path, sizeof(path), "/tmp/postern-test-%d.sock", (int)getpid());
	t.path = path;
	http_test_start(&t);
	check_rows(by_unix, &t, rows, count, 100000);
	check_rows(by_unix, &t, rows, count, 7);
	http_test_stop(&t);
	unlink(path);
}

static void serves_a_unix_socket(void **state)
{
	struct http_options options = demanding();

	(void)state;
	options.trusted.unix_sockets = true;
	check_unix(&options, ROWS(unix_trusted));
	options.trusted.unix_sockets = false;
	check_unix(&options, ROWS(unix_stranger));
	options.trusted.unix_sockets = true;
	options.proxy_protocol.unix_sockets = true;
	check_unix(&options, ROWS(unix_required));
}

/* ---- TLS ---- */

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

static void make_pair(struct http_test *t)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	BIO *key_bio = BIO_new(BIO_s_mem()), *certificate_bio = BIO_new(BIO_s_mem());
	X509 *x = X509_new();

	X509_gmtime_adj(X509_getm_notBefore(x), -60);
	X509_gmtime_adj(X509_getm_notAfter(x), 3600);
	X509_set_pubkey(x, key);
	assert_true(X509_sign(x, key, EVP_sha256()) > 0);
	assert_int_equal(PEM_write_bio_PrivateKey(key_bio, key, NULL, NULL, 0, NULL, NULL), 1);
	assert_int_equal(PEM_write_bio_X509(certificate_bio, x), 1);
	t->key = bio_bytes(key_bio);
	t->certificate = bio_bytes(certificate_bio);
	X509_free(x);
	EVP_PKEY_free(key);
}

/* NULL: the handshake failed */
static SSL *tls_client(const struct http_test *t, const char *header, size_t n, size_t piece)
{
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());
	SSL *ssl = SSL_new(context);
	int fd = client_connect(t->port);

	SSL_CTX_free(context);
	for (size_t at = 0; at < n; at += piece) {
		client_send(fd, header + at, n - at < piece ? n - at : piece);
		if (piece < n)
			usleep(500);
	}
	SSL_set_fd(ssl, fd);
	if (SSL_connect(ssl) != 1) {
		ERR_clear_error();
		close(fd);
		SSL_free(ssl);
		return NULL;
	}
	return ssl;
}

static const char *ask(SSL *ssl, const char *request)
{
	static char reply[4096];
	int n = 0, got;

	assert_int_equal(SSL_write(ssl, request, (int)strlen(request)), (int)strlen(request));
	reply[0] = '\0';
	while (!strstr(reply, "dest=") && (got = SSL_read(ssl, reply + n, (int)sizeof(reply) - 1 - n)) > 0)
		reply[n += got] = '\0';
	return reply;
}

static void takes_the_header_off_ahead_of_tls(void **state)
{
	static const struct {
		const char *bytes;
		size_t n;
		const char *client;     /* NULL: no handshake */
	} heads[] = {
		{BYTES(V1), "client=192.0.2.1\n"}, {BYTES(V2), "client=192.0.2.1\n"}, {BYTES(V2_SIX), "client=2001:db8::7\n"},
		{BYTES(V2_LOCAL), "client=127.0.0.1\n"}, {BYTES("PROXY UNKNOWN\r\n"), "client=unknown\n"}, {BYTES(""), NULL}, {BYTES(V1 V1), NULL},
		{BYTES("PROXY TCP4 192.0.2.1\r\n"), NULL}, {BYTES(OK), NULL},
	};
	static const size_t pieces[] = {100000, 1, 6};
	struct http_test t = {.options = demanding()};

	(void)state;
	make_pair(&t);
	http_test_start(&t);
	for (size_t k = 0; k < 3; k++) {
		for (size_t i = 0; i < sizeof(heads) / sizeof(*heads); i++) {
			SSL *ssl = tls_client(&t, heads[i].bytes, heads[i].n, pieces[k]);

			if ((ssl != NULL) != (heads[i].client != NULL))
				fail_msg("header %zu in pieces of %zu", i, pieces[k]);
			for (int times = 0; ssl && times < 3; times++)
				assert_non_null(strstr(ask(ssl, OK), heads[i].client));
			if (ssl)
				close(SSL_get_fd(ssl));
			SSL_free(ssl);
		}
	}
	http_test_stop(&t);
	free((char *)(uintptr_t)t.key.p);
	free((char *)(uintptr_t)t.certificate.p);
}

static void a_slow_header_ahead_of_tls_is_cut(void **state)
{
	struct http_test t = {.options = demanding()};
	int fd, closed;

	(void)state;
	t.options.header_seconds = 1;
	make_pair(&t);
	http_test_start(&t);
	fd = client_connect(t.port);
	client_send(fd, V2, 20);
	client_read(fd, 9000, &closed);
	assert_int_equal(closed, 1);
	close(fd);
	http_test_stop(&t);
	free((char *)(uintptr_t)t.key.p);
	free((char *)(uintptr_t)t.certificate.p);
}

static bool welcome(const char *peer, void *context)
{
	(void)context;
	return strcmp(peer, "192.0.2.66") != 0 && strcmp(peer, "127.0.0.1") != 0;
}

/* Not only once a request comes: a handshake is dear, and a connection without a request is one as well. */
static void a_caller_is_judged_before_the_handshake(void **state)
{
	struct http_test t = {.options = demanding()};
	SSL *callers[4];

	(void)state;
	t.options.welcome = welcome;
	t.options.network_limit = 2;
	make_pair(&t);
	http_test_start(&t);
	assert_null(tls_client(&t, BYTES("PROXY TCP4 192.0.2.66 192.0.2.9 1 2\r\n"), 6));
	for (size_t i = 0; i < 4; i++) {
		callers[i] = i == 1 ? tls_client(&t, BYTES(V2_SIX), 100000) : tls_client(&t, BYTES(V1), 100000);
		assert_non_null(callers[i]);
	}
	assert_string_equal(ask(callers[0], OK), "");   /* the third of its network ended it, none of which had asked for anything */
	for (size_t i = 1; i < 4; i++)
		assert_non_null(strstr(ask(callers[i], OK), i == 1 ? "client=2001:db8::7\n" : "client=192.0.2.1\n"));
	for (size_t i = 0; i < 4; i++) {
		close(SSL_get_fd(callers[i]));
		SSL_free(callers[i]);
	}
	http_test_stop(&t);
	free((char *)(uintptr_t)t.key.p);
	free((char *)(uintptr_t)t.certificate.p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_the_header_off_and_believes_it),
		cmocka_unit_test(refuses_the_header_of_others),
		cmocka_unit_test(a_slow_header_is_cut_however_often_a_byte_comes),
		cmocka_unit_test(a_header_without_a_request_is_cut_too),
		cmocka_unit_test(each_caller_has_a_share_of_the_connections),
		cmocka_unit_test(serves_a_unix_socket),
		cmocka_unit_test(takes_the_header_off_ahead_of_tls),
		cmocka_unit_test(a_slow_header_ahead_of_tls_is_cut),
		cmocka_unit_test(a_caller_is_judged_before_the_handshake),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
