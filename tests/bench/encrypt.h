/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The identity provider's encryption, as Entra ID does it: AES-256-CBC, its key by RSA-OAEP (SHA-1, MGF1). */
#ifndef BENCH_ENCRYPT_H
#define BENCH_ENCRYPT_H

#include "base/arena.h"

#include <openssl/evp.h>

EVP_PKEY *encrypt_key_read(struct slice certificate_pem);       /* NULL: not a certificate; the caller frees it */

/* The Response with its one assertion encrypted, in base64. */
const char *encrypt_assertion(struct arena *a, EVP_PKEY *to, struct slice response);

#endif
