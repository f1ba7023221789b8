/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Whole sign-ons against a running `postern serve`, by many clients at once.
 *
 * Each client is a thread with one keep-alive connection.  The sign-ons go in
 * batches.  A batch has three phases, so that the signing that Entra ID does in
 * life disturbs neither side: all first requests (measured), all Responses
 * signed (not measured), all second requests (measured).  The time of a sign-on
 * is the sum of its two requests.
 *
 * Before each batch and after the last one the floor is measured: what one
 * private and one public RSA operation cost just then, in CPU time, on as many
 * cores as the clients keep busy.  What slows the machine down for a moment so
 * slows both sides of the ratio.
 *
 * A client that is alone does not sleep while it waits but looks again and
 * again: waking it up would be billed to the service, which in life hands its
 * answer to a network card.  Prints one JSON object.
 *
 * The Responses are written by the project's own writer, under the key of the
 * bench's identity provider.
 */
#include "base/clock.h"
#include "base/encode.h"
#include "base/file.h"
#include "base/random.h"
#include "base/text.h"
#include "saml/saml.h"
#include "tests/bench/encrypt.h"

#include <arpa/inet.h>
#include <getopt.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>

#define REPLY_MAX 65536
#define FILE_MAX 65536
#define CORES_MAX 64
/*
 * Sign-ons of each client between two looks at the floor, and what one look does.  Where a phase begins and ends not
 * all clients are there: it is long enough for that to be no part of the times.
 */
#define BATCH 100
#define FLOOR_PRIVATE 40
#define FLOOR_PUBLIC 400

struct options {
	const char *host;               /* public host: the Host field */
	int port;
	const char *sp_entity, *acs, *acs_path, *issuer, *tenant;       /* toward the identity provider */
	const char *door_entity, *door_acs;     /* the connection that asks */
	const char *key, *certificate;  /* of the identity provider */
	const char *encrypt_for;        /* certificate that assertions are encrypted for; NULL: they are not */
	EVP_PKEY *encryption_key;
	const char *object_ids;         /* file, one a line */
	const char *forwarded;          /* "X-Forwarded-For: ADDRESS\r\n", as a proxy says it, or "" */
	size_t clients, count;
};

struct sign_on {
	char *request_id, *relay_state, *cookie, *form;
	int64_t us;
};

struct client {
	pthread_t thread;
	const struct options *options;
	struct sign_on *sign_ons;
	size_t n, failed;
	int socket;
	bool spin;                      /* waits without sleeping */
	bool second;                    /* phase */
	size_t from, to;                /* of its sign-ons: this batch */
	char reply[REPLY_MAX];
};

static _Noreturn void die(const char *what, const char *detail)
{
	fprintf(stderr, "sign_on_load: %s: %s\n", what, detail);
	exit(1);
}

/* ---- a client of HTTP/1.1, as small as the bench needs ---- */

static int connect_to(int port)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		die("connect", "refused");
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	return fd;
}

static size_t body_length(const char *head)
{
	const char *field = strcasestr(head, "\r\nContent-Length:");

	return field ? strtoul(field + 17, NULL, 10) : 0;
}

static ssize_t receive(const struct client *c, char *p, size_t n)
{
	struct pollfd readable = {.fd = c->socket, .events = POLLIN};

	while (c->spin && poll(&readable, 1, 0) == 0)
		;
	return read(c->socket, p, n);
}

/* Sends one request and reads one reply, head and body; its status, or -1. */
static int exchange(struct client *c, struct slice request)
{
	size_t n = 0;
	char *end = NULL;

	while (request.n) {
		ssize_t sent = write(c->socket, request.p, request.n);

		if (sent <= 0)
			return -1;
		request = slice_of(request.p + sent, request.n - (size_t)sent);
	}
	for (;;) {
		ssize_t got = receive(c, c->reply + n, sizeof(c->reply) - 1 - n);

		if (got <= 0)
			return -1;
		n += (size_t)got;
		c->reply[n] = 0;
		if (!end)
			end = strstr(c->reply, "\r\n\r\n");
		if (end && n >= (size_t)(end + 4 - c->reply) + body_length(c->reply))
			return (int)strtol(c->reply + 9, NULL, 10);
	}
}

static char *header(struct arena *a, const char *reply, const char *name)
{
	const char *at = strcasestr(reply, name);

	if (!at)
		return NULL;
	at += strlen(name);
	return arena_copy(a, slice_of(at, strcspn(at, "\r")));
}

/* ---- the two requests ---- */

static char *first_request(struct arena *a, const struct options *o)
{
	char id[RANDOM_ID_SIZE], time[21];
	unsigned char deflated[2048];
	struct text xml, url;
	z_stream z = {0};

	random_id(id);
	time_write(clock_now(), time);
	text_begin(&xml, a, 1024);
	text_addf(&xml, "<samlp:AuthnRequest xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\" ID=\"%s\" Version=\"2.0\" IssueInstant=\"%s\" "
		"ProtocolBinding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST\" AssertionConsumerServiceURL=\"", id, time);
	text_add_xml_attribute(&xml, slice_c(o->door_acs));
	text_addf(&xml, "\"><saml:Issuer xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\">%s</saml:Issuer></samlp:AuthnRequest>", o->door_entity);
	if (deflateInit2(&z, Z_BEST_SPEED, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY) != Z_OK)
		die("zlib", "deflateInit2");
	z.next_in = (unsigned char *)xml.p;
	z.avail_in = (unsigned)xml.n;
	z.next_out = deflated;
	z.avail_out = sizeof(deflated);
	if (deflate(&z, Z_FINISH) != Z_STREAM_END)
		die("zlib", "deflate");
	deflateEnd(&z);
	text_begin(&xml, a, 1024);
	text_add_base64(&xml, slice_of(deflated, z.total_out));
	text_begin(&url, a, 2048);
	text_add_c(&url, "GET /saml/idp/sso?SAMLRequest=");
	text_add_url(&url, text_slice(&xml));
	text_addf(&url, "&RelayState=bench HTTP/1.1\r\nHost: %s\r\n%s\r\n", o->host, o->forwarded);
	return url.p;
}

static int do_first(struct client *c, struct sign_on *s)
{
	struct arena *a = arena_new();
	char *request = first_request(a, c->options), *location, *cookie;
	struct saml_request asked;
	struct slice relay;
	struct error err;
	int64_t began = clock_monotonic_us();
	int rc = -1;

	if (exchange(c, slice_c(request)) != 302)
		goto out;
	s->us = clock_monotonic_us() - began;
	location = header(a, c->reply, "\r\nLocation: ");
	cookie = header(a, c->reply, "\r\nSet-Cookie: ");
	if (!location || !cookie || !strchr(location, '?'))
		goto out;
	if (saml_request_read(a, SAML_REDIRECT, slice_c(strchr(location, '?') + 1), &asked, &relay, &err) < 0)
		die("our own AuthnRequest", err.detail);
	s->request_id = strdup(asked.id);
	s->relay_state = strndup(relay.p, relay.n);
	s->cookie = strndup(cookie, strcspn(cookie, ";"));
	rc = 0;
out:
	arena_free(a);
	return rc;
}

static int do_second(struct client *c, struct sign_on *s)
{
	int64_t began = clock_monotonic_us();
	int status = exchange(c, slice_c(s->form));

	s->us += clock_monotonic_us() - began;
	return status == 200 && strstr(c->reply, "name=\"SAMLResponse\"") ? 0 : -1;
}

static void *run(void *context)
{
	struct client *c = context;
	size_t i;

	for (i = c->from; i < c->to; i++) {
		struct sign_on *s = &c->sign_ons[i];
		bool failed = c->second ? !s->form || do_second(c, s) < 0 : do_first(c, s) < 0;

		if (!failed)
			continue;
		if (c->failed++ == 0)
			fprintf(stderr, "sign_on_load: unexpected reply: %.600s\n", c->reply);
		s->us = -1;
		close(c->socket);
		c->socket = connect_to(c->options->port);
	}
	return NULL;
}

/* ---- what Entra does ---- */

static void answer(const struct options *o, const struct saml_key *key, struct sign_on *s, const char *object_id)
{
	const char *object_values[] = {object_id}, *tenant_values[] = {o->tenant}, *name_values[] = {object_id};
	const struct saml_attribute attributes[] = {
		{SAML_CLAIM_TENANT, tenant_values, 1}, {SAML_CLAIM_OBJECT_ID, object_values, 1},
		{"http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name", name_values, 1},
	};
	int64_t now = clock_now();
	struct saml_answer response = {
		.entity_id = o->issuer, .audience = o->sp_entity, .acs_url = o->acs, .in_response_to = s->request_id,
		.name_id = "person@example.org", .name_id_format = SAML_FORMAT_EMAIL, .attributes = attributes, .attribute_count = 3,
		.authn_instant = now, .sign = SAML_SIGN_ASSERTION, .now = now,
	};
	struct arena *a = arena_new();
	struct saml_issued issued;
	struct text body, request;
	const char *base64;
	struct error err;

	if (saml_response_write(a, key, &response, &issued, &err) < 0)
		die("response", err.detail);
	base64 = o->encryption_key ? encrypt_assertion(a, o->encryption_key, issued.xml) : issued.base64;
	text_begin(&body, a, 16384);
	text_add_c(&body, "SAMLResponse=");
	text_add_url(&body, slice_c(base64));
	text_addf(&body, "&RelayState=%s", s->relay_state);
	text_begin(&request, a, 16384);
	text_addf(&request, "POST %s HTTP/1.1\r\nHost: %s\r\n%sCookie: %s\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: %zu\r\n\r\n",
		o->acs_path, o->host, o->forwarded, s->cookie, body.n);
	text_add(&request, text_slice(&body));
	s->form = strdup(request.p);
	arena_free(a);
}

/* ---- the floor: RSA-2048, by the CPU's time ---- */

struct floor {
	EVP_PKEY *key;
	pthread_barrier_t together;
	double private_us, public_us;   /* sums over looks and cores */
	size_t looks;
	pthread_mutex_t lock;
};

static double thread_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void *floor_look(void *context)
{
	static const unsigned char digest[32] = {1};
	struct floor *f = context;
	unsigned char signature[512];
	size_t n = sizeof(signature);
	EVP_PKEY_CTX *sign = EVP_PKEY_CTX_new(f->key, NULL), *verify = EVP_PKEY_CTX_new(f->key, NULL);
	double began, signed_at;

	if (!sign || !verify || EVP_PKEY_sign_init(sign) != 1 || EVP_PKEY_verify_init(verify) != 1 ||
		EVP_PKEY_CTX_set_signature_md(sign, EVP_sha256()) != 1 || EVP_PKEY_CTX_set_signature_md(verify, EVP_sha256()) != 1)
		die("floor", "RSA");
	pthread_barrier_wait(&f->together);
	began = thread_us();
	for (int i = 0; i < FLOOR_PRIVATE; i++) {
		n = sizeof(signature);
		if (EVP_PKEY_sign(sign, signature, &n, digest, sizeof(digest)) != 1)
			die("floor", "sign");
	}
	signed_at = thread_us();
	for (int i = 0; i < FLOOR_PUBLIC; i++) {
		if (EVP_PKEY_verify(verify, signature, n, digest, sizeof(digest)) != 1)
			die("floor", "verify");
	}
	pthread_mutex_lock(&f->lock);
	f->private_us += (signed_at - began) / FLOOR_PRIVATE;
	f->public_us += (thread_us() - signed_at) / FLOOR_PUBLIC;
	f->looks++;
	pthread_mutex_unlock(&f->lock);
	EVP_PKEY_CTX_free(sign);
	EVP_PKEY_CTX_free(verify);
	return NULL;
}

static void look_at_floor(struct floor *f, size_t clients)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	size_t n = cores > 0 && (size_t)cores < clients ? (size_t)cores : clients;
	pthread_t threads[CORES_MAX];

	if (n > CORES_MAX)
		n = CORES_MAX;
	pthread_barrier_init(&f->together, NULL, (unsigned)n);
	for (size_t i = 0; i < n; i++) {
		if (pthread_create(&threads[i], NULL, floor_look, f) != 0)
			die("pthread_create", "failed");
	}
	for (size_t i = 0; i < n; i++)
		pthread_join(threads[i], NULL);
	pthread_barrier_destroy(&f->together);
}

static void read_floor_key(struct floor *f, struct slice pem)
{
	BIO *bio = BIO_new_mem_buf(pem.p, (int)pem.n);

	f->key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
	BIO_free(bio);
	if (!f->key || EVP_PKEY_get_bits(f->key) != 2048)
		die("floor", "the key is not one of 2048 bits RSA");
}

/* ---- all of it ---- */

static void run_phase(struct client *clients, size_t n, bool second)
{
	size_t i;

	for (i = 0; i < n; i++) {
		clients[i].second = second;
		if (pthread_create(&clients[i].thread, NULL, run, &clients[i]) != 0)
			die("pthread_create", "failed");
	}
	for (i = 0; i < n; i++)
		pthread_join(clients[i].thread, NULL);
}

/* One batch of all clients; the microseconds that were measured. */
static int64_t run_batch(const struct options *o, const struct saml_key *key, struct client *clients, struct sign_on *sign_ons,
	char *const *ids, size_t id_count, size_t batch, size_t batches)
{
	int64_t mark = clock_monotonic_us(), busy;

	for (size_t i = 0; i < o->clients; i++) {
		clients[i].from = clients[i].n * batch / batches;
		clients[i].to = clients[i].n * (batch + 1) / batches;
	}
	run_phase(clients, o->clients, false);
	busy = clock_monotonic_us() - mark;
	for (size_t i = 0; i < o->clients; i++) {
		for (size_t k = clients[i].from; k < clients[i].to; k++) {
			struct sign_on *s = &clients[i].sign_ons[k];

			if (s->request_id)
				answer(o, key, s, ids[(size_t)(s - sign_ons) % id_count]);
		}
	}
	mark = clock_monotonic_us();
	run_phase(clients, o->clients, true);
	return busy + clock_monotonic_us() - mark;
}

static int by_size(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

static void report(const struct options *o, const struct floor *f, const struct sign_on *s, size_t failed, double seconds)
{
	int64_t *times = calloc(o->count + 1, sizeof(*times));
	size_t i, n = 0;

	if (!times)
		abort();
	for (i = 0; i < o->count; i++) {
		if (s[i].us >= 0 && s[i].form)
			times[n++] = s[i].us;
	}
	qsort(times, n, sizeof(*times), by_size);
	printf("{\"sign_ons\": %zu, \"failed\": %zu, \"clients\": %zu, \"seconds\": %.3f, \"p50_us\": %lld, \"p99_us\": %lld, \"max_us\": %lld, "
		"\"private_us\": %.1f, \"public_us\": %.1f}\n",
		n, failed, o->clients, seconds, n ? (long long)times[n / 2] : -1, n ? (long long)times[n * 99 / 100] : -1,
		n ? (long long)times[n - 1] : -1, f->private_us / (double)f->looks, f->public_us / (double)f->looks);
	free(times);
}

static void read_arguments(struct arena *a, int argc, char **argv, struct options *o)
{
	static const struct option names[] = {
		{"host", 1, NULL, 'h'}, {"port", 1, NULL, 'p'}, {"sp-entity", 1, NULL, 's'}, {"acs", 1, NULL, 'a'}, {"acs-path", 1, NULL, 'P'},
		{"issuer", 1, NULL, 'i'}, {"tenant", 1, NULL, 't'}, {"door-entity", 1, NULL, 'd'}, {"door-acs", 1, NULL, 'D'}, {"key", 1, NULL, 'k'},
		{"certificate", 1, NULL, 'c'}, {"object-ids", 1, NULL, 'o'}, {"encrypt-for", 1, NULL, 'e'}, {"client", 1, NULL, 'f'}, {"clients", 1, NULL, 'C'},
		{"count", 1, NULL, 'n'}, {0},
	};
	uint64_t v;
	int c;

	while ((c = getopt_long(argc, argv, "", names, NULL)) != -1) {
		switch (c) {
		case 'h': o->host = optarg; break;
		case 's': o->sp_entity = optarg; break;
		case 'a': o->acs = optarg; break;
		case 'P': o->acs_path = optarg; break;
		case 'i': o->issuer = optarg; break;
		case 't': o->tenant = optarg; break;
		case 'd': o->door_entity = optarg; break;
		case 'D': o->door_acs = optarg; break;
		case 'k': o->key = optarg; break;
		case 'c': o->certificate = optarg; break;
		case 'o': o->object_ids = optarg; break;
		case 'e': o->encrypt_for = optarg; break;
		case 'f': o->forwarded = arena_printf(a, "X-Forwarded-For: %s\r\n", optarg); break;
		case 'p': case 'C': case 'n':
			if (number_read(slice_c(optarg), 1, 1000000, &v) < 0)
				die("not a number", optarg);
			if (c == 'p')
				o->port = (int)v;
			else if (c == 'C')
				o->clients = v;
			else
				o->count = v;
			break;
		default: die("unknown option", argv[optind - 1]);
		}
	}
	if (!o->host || !o->port || !o->sp_entity || !o->acs || !o->acs_path || !o->issuer || !o->tenant || !o->door_entity || !o->door_acs || !o->key ||
		!o->certificate || !o->object_ids || !o->clients || !o->count)
		die("usage", "every option but --encrypt-for and --client is needed; see tests/bench/bench.py");
}

static void read_encryption_key(struct arena *a, struct options *o)
{
	struct slice pem;
	struct error err;

	if (!o->encrypt_for)
		return;
	if (file_read(a, o->encrypt_for, FILE_PUBLIC, FILE_MAX, &pem, &err) < 0)
		die("certificate to encrypt for", err.detail);
	o->encryption_key = encrypt_key_read(pem);
	if (!o->encryption_key)
		die("certificate to encrypt for", "not PEM");
}

static char **read_lines(struct arena *a, const char *path, size_t *n_out)
{
	struct slice bytes;
	struct error err;
	char **lines = NULL, *at;
	size_t n = 0;

	if (file_read(a, path, FILE_PUBLIC, FILE_MAX * 16, &bytes, &err) < 0)
		die("object ids", err.detail);
	for (at = arena_copy(a, bytes); *at; at += strcspn(at, "\n") + 1) {
		lines = arena_grow(a, lines, n, sizeof(*lines));
		lines[n++] = arena_copy(a, slice_of(at, strcspn(at, "\n")));
	}
	if (n == 0)
		die("object ids", "none");
	*n_out = n;
	return lines;
}

int main(int argc, char **argv)
{
	struct options o = {.clients = 8, .count = 1000, .forwarded = ""};
	struct arena *a = arena_new();
	struct slice key_pem, certificate_pem;
	struct saml_key *key;
	struct sign_on *sign_ons;
	struct client *clients;
	struct error err;
	struct floor f = {.lock = PTHREAD_MUTEX_INITIALIZER};
	size_t i, id_count, failed = 0, batches;
	int64_t busy = 0;
	char **ids;

	read_arguments(a, argc, argv, &o);
	if (saml_start(&err) < 0 || file_read(a, o.key, FILE_PUBLIC, FILE_MAX, &key_pem, &err) < 0 ||
		file_read(a, o.certificate, FILE_PUBLIC, FILE_MAX, &certificate_pem, &err) < 0 ||
		saml_key_read(key_pem, certificate_pem, &key, &err) < 0)
		die("start", err.detail);
	read_encryption_key(a, &o);
	read_floor_key(&f, key_pem);
	batches = (o.count + BATCH * o.clients - 1) / (BATCH * o.clients);
	ids = read_lines(a, o.object_ids, &id_count);
	sign_ons = calloc(o.count, sizeof(*sign_ons));
	clients = calloc(o.clients, sizeof(*clients));
	if (!sign_ons || !clients)
		abort();
	for (i = 0; i < o.clients; i++) {
		size_t from = o.count * i / o.clients;

		clients[i].options = &o;
		clients[i].spin = o.clients == 1;
		clients[i].sign_ons = sign_ons + from;
		clients[i].n = o.count * (i + 1) / o.clients - from;
		clients[i].socket = connect_to(o.port);
	}
	for (i = 0; i < batches; i++) {
		look_at_floor(&f, o.clients);
		busy += run_batch(&o, key, clients, sign_ons, ids, id_count, i, batches);
	}
	look_at_floor(&f, o.clients);
	for (i = 0; i < o.clients; i++)
		failed += clients[i].failed;
	report(&o, &f, sign_ons, failed, (double)busy / 1e6);
	EVP_PKEY_free(f.key);
	return failed ? 1 : 0;
}
