/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Sealing: AES-256-GCM (NIST SP 800-38D) with a random 96-bit nonce in front.
 *
 * `bound` is authenticated but not stored: a text opened under another `bound`
 * does not open.  One key seals at most 2^32 texts; each purpose derives its
 * own key from the secret (HKDF-SHA256, RFC 5869), so that a cookie of one
 * kind never opens as another.
 *
 * While a secret is changed, what one key sealed is opened by another: `also`
 * opens, and never seals.
 */
#ifndef BASE_SEAL_H
#define BASE_SEAL_H

#include "base/arena.h"

#define SEAL_KEY_SIZE 32
#define SEAL_OVERHEAD 28                /* nonce 12 + tag 16 */

struct seal_key {
	unsigned char bytes[SEAL_KEY_SIZE];
	const struct seal_key *also;    /* tried after this one; NULL: none */
};

/* secret: at least 32 bytes; 0 or -1 */
int seal_derive(struct slice secret, const char *purpose, struct seal_key *out);
struct slice seal(struct arena *a, const struct seal_key *key, struct slice bound, struct slice plain);
/* 0, or -1 for anything that neither this key nor `also` sealed under this `bound`. */
int seal_open(struct arena *a, const struct seal_key *key, struct slice bound, struct slice sealed, struct slice *out);

#endif
