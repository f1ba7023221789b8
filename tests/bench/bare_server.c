/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What p99/p50 is compared with: processes that do nothing for a sign-on but
 * its RSA operations, under the same load.
 *
 *	bare_server KEY.pem PROCESSES CLIENTS FIRST_REPLY SECOND_REPLY
 *
 * Prints its port.  Takes CLIENTS connections and gives each process as many;
 * each process answers what is ready, in turn: a GET by the bytes of the one
 * file at once, a POST by those of the other after one private and one public
 * operation with the key.  So what is left of unevenness is the kernel's, the
 * machine's and that of the clients.  Ends when its connections do.
 */
#include "base/encode.h"
#include "base/file.h"
#include "base/text.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define CLIENTS_MAX 256
#define REQUEST_MAX 65536
#define FILE_MAX 65536

static struct slice replies[2];         /* to a GET, to a POST */

static void die(const char *what)
{
	fprintf(stderr, "bare_server: %s\n", what);
	exit(1);
}

static int listen_anywhere(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	socklen_t n = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 || listen(fd, CLIENTS_MAX) < 0 ||
		getsockname(fd, (struct sockaddr *)&address, &n) < 0)
		die("cannot listen");
	printf("%u\n", ntohs(address.sin_port));
	fflush(stdout);
	return fd;
}

static void sign_and_verify(EVP_PKEY *key)
{
	static const unsigned char digest[32] = {1};
	unsigned char signature[1024];
	size_t n = sizeof(signature);
	EVP_PKEY_CTX *sign = EVP_PKEY_CTX_new(key, NULL), *verify = EVP_PKEY_CTX_new(key, NULL);

	if (!sign || !verify || EVP_PKEY_sign_init(sign) != 1 || EVP_PKEY_CTX_set_signature_md(sign, EVP_sha256()) != 1 ||
		EVP_PKEY_sign(sign, signature, &n, digest, sizeof(digest)) != 1 || EVP_PKEY_verify_init(verify) != 1 ||
		EVP_PKEY_CTX_set_signature_md(verify, EVP_sha256()) != 1 ||
		EVP_PKEY_verify(verify, signature, n, digest, sizeof(digest)) != 1)
		die("RSA");
	EVP_PKEY_CTX_free(sign);
	EVP_PKEY_CTX_free(verify);
}

/* One whole request; false: the client has gone. */
static bool take_request(int fd, bool *is_post)
{
	static char bytes[REQUEST_MAX + 1];
	size_t n = 0;
	const char *end = NULL, *length;

	do {
		ssize_t got = n < REQUEST_MAX ? read(fd, bytes + n, REQUEST_MAX - n) : 0;

		if (got <= 0)
			return false;
		n += (size_t)got;
		bytes[n] = 0;
		end = strstr(bytes, "\r\n\r\n");
		length = end ? strcasestr(bytes, "\r\nContent-Length:") : NULL;
	} while (!end || n < (size_t)(end + 4 - bytes) + (length ? strtoul(length + 17, NULL, 10) : 0));
	*is_post = bytes[0] == 'P';
	return true;
}

static void serve(EVP_PKEY *key, struct pollfd *clients, size_t n)
{
	size_t left = n;
	bool is_post;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (left && poll(clients, n, -1) > 0) {
		for (size_t i = 0; i < n; i++) {
			if (!clients[i].revents)
				continue;
			if (!take_request(clients[i].fd, &is_post)) {
				clients[i].fd = -1;
				left--;
				continue;
			}
			if (is_post)
				sign_and_verify(key);
			if (write(clients[i].fd, replies[is_post].p, replies[is_post].n) != (ssize_t)replies[is_post].n)
				die("a client does not read");
		}
	}
}

int main(int argc, char **argv)
{
	struct pollfd clients[CLIENTS_MAX];
	struct arena *a = arena_new();
	uint64_t processes, count;
	struct slice pem;
	struct error err;
	EVP_PKEY *key;
	int listening, on = 1;

	if (argc != 6 || number_read(slice_c(argv[2]), 1, 64, &processes) < 0 || number_read(slice_c(argv[3]), 1, CLIENTS_MAX, &count) < 0 ||
		file_read(a, argv[1], FILE_SECRET, FILE_MAX, &pem, &err) < 0 || file_read(a, argv[4], FILE_PUBLIC, FILE_MAX, &replies[0], &err) < 0 ||
		file_read(a, argv[5], FILE_PUBLIC, FILE_MAX, &replies[1], &err) < 0)
		die("usage: bare_server KEY.pem PROCESSES CLIENTS FIRST_REPLY SECOND_REPLY");
	key = PEM_read_bio_PrivateKey(BIO_new_mem_buf(pem.p, (int)pem.n), NULL, NULL, NULL);
	if (!key)
		die("the key");
	listening = listen_anywhere();
	for (size_t i = 0; i < count; i++) {
		clients[i] = (struct pollfd){.fd = accept(listening, NULL, NULL), .events = POLLIN};
		if (clients[i].fd < 0 || setsockopt(clients[i].fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) < 0)
			die("accept");
	}
	for (size_t k = 0; k < processes; k++) {
		if (fork() == 0) {
			serve(key, clients + count * k / processes, count * (k + 1) / processes - count * k / processes);
			return 0;
		}
	}
	for (size_t i = 0; i < count; i++)
		close(clients[i].fd);
	while (wait(NULL) > 0)
		;
	return 0;
}
