/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The PROXY header ahead of TLS.
 *
 * A TLS connection's bytes go from the socket straight into OpenSSL, so the
 * header is taken off on that way: by a filter in front of the socket's BIO,
 * which lets everything pass once the header is complete, and fails the
 * handshake where it is wrong, or who called is not welcome.
 */
#include "http/internal.h"

#include <openssl/bio.h>
#include <openssl/ssl.h>

/* What OpenSSL asked for is read into its own buffer; the header's bytes are taken off the front. */
static int take(BIO *bio, char *out, int size)
{
	struct proxy_header *h = BIO_get_data(bio);
	BIO *socket = BIO_next(bio);
	int n = 0, taken;

	while (h && h->state == PROXY_HEADER_MORE) {
		n = BIO_read(socket, out, size);
		if (n <= 0)
			return n;
		taken = (int)proxy_header_feed(h, out, (size_t)n);
		n -= taken;
		memmove(out, out + taken, (size_t)n);
	}
	if (h && (h->state == PROXY_HEADER_BAD || !h->read(h->context)))
		return -1;
	BIO_set_data(bio, NULL);
	return n > 0 ? n : BIO_read(socket, out, size);
}

static int filter_read(BIO *bio, char *out, int size)
{
	int n;

	if (!BIO_next(bio) || size <= 0)
		return 0;
	BIO_clear_retry_flags(bio);
	n = take(bio, out, size);
	BIO_copy_next_retry(bio);       /* none behind a header that ends it: the last read gave bytes */
	return n;
}

static long filter_ctrl(BIO *bio, int command, long number, void *p)
{
	return BIO_next(bio) ? BIO_ctrl(BIO_next(bio), command, number, p) : 0;
}

static int filter_create(BIO *bio)
{
	BIO_set_init(bio, 1);
	return 1;
}

static const BIO_METHOD *method(void)
{
	static BIO_METHOD *made;

	if (made)
		return made;
	made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_FILTER, "PROXY header");
	if (!made || BIO_meth_set_read(made, filter_read) != 1 || BIO_meth_set_ctrl(made, filter_ctrl) != 1 ||
	    BIO_meth_set_create(made, filter_create) != 1)
		abort();
	return made;
}

void tls_expect_header(struct ssl_st *ssl, struct proxy_header *h)
{
	BIO *filter = BIO_new(method()), *socket = SSL_get_wbio(ssl);

	/* out of memory ends a worker: without the filter the connection would go on without its header */
	if (!filter || !socket || BIO_up_ref(socket) != 1)
		abort();
	BIO_set_data(filter, h);
	SSL_set0_rbio(ssl, BIO_push(filter, socket));
}

void tls_forget_header(struct ssl_st *ssl)
{
	BIO_set_data(SSL_get_rbio(ssl), NULL);
}
