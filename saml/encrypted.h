/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * An EncryptedAssertion (SAML core 2.3.4, XML encryption 3) in two steps:
 * encrypted_read takes it apart strictly and without any key, encrypted_open
 * does the cryptography.  For saml/ only.
 *
 * Nothing here says anything about the content.  Whoever opens must refuse
 * what comes out in one way, whatever is wrong with it, and call
 * decryption_stand_in where no signature was verified: see response_read.c.
 */
#ifndef SAML_ENCRYPTED_H
#define SAML_ENCRYPTED_H

#include "saml/holder.h"
#include "saml/trusted_key.h"
#include "saml/xml.h"

/* A row of the allow-list of content encryption (XML encryption 1.1 section 5.2). */
struct content_method {
	const char *uri;
	const char *cipher;             /* as OpenSSL names it */
	size_t key_size, iv_size, tag_size;     /* bytes; tag_size 0: CBC with the padding of XML encryption */
};

#define CONTENT_KEY_MAX SAML_CONTENT_KEY_MAX
#define CONTENT_BLOCK 16

struct encrypted {
	const struct content_method *method;
	const char *oaep_digest, *oaep_mgf_digest;      /* as OpenSSL names them */
	struct slice wrapped_key;
	struct slice content;           /* IV, ciphertext, tag */
};

/*
 * `assertion`: an EncryptedAssertion; `recipient`: whom its key may be for.
 * ENCRYPTION_SHAPE: not built as it must be; ENCRYPTION_ALGORITHM: not on the
 * lists, which is known before any key is used.
 */
int encrypted_read(struct arena *a, const xml_node *assertion, const char *recipient, struct encrypted *out, struct error *err);

/*
 * Always one RSA operation with each key and one decryption of the content,
 * with a random key where none came out.  REASON_ENCRYPTED_ANSWER, or what the
 * holder of the keys says where it cannot be asked; *out is the content, of
 * which nothing is known yet.
 */
int encrypted_open(struct arena *a, const struct saml_decryption_keys *keys, const struct encrypted *e, struct slice *out,
	struct error *err);

/* ---- keys ---- */

struct saml_key;

#define STAND_INS SAML_STAND_INS

struct stand_in {
	struct slice text;              /* an assertion of ours, signed with the first key */
	xml_doc *doc;                   /* the same, read */
};

struct saml_decryption_keys {
	struct arena *arena;
	struct saml_key *list[SAML_DECRYPTION_KEYS_MAX];        /* empty where a holder has them */
	size_t n;
	const struct saml_holder *holder;
	struct stand_in stand_ins[STAND_INS];           /* each about 1.4 times as large as the one before */
	struct trusted_keys *stand_in_keys;     /* its certificate; counts what was verified */
	struct slice stand_in_signature;        /* of the smallest */
};

/* What a refusal saved of what it costs to read and verify such a content to the end with every key of its sender. */
struct saved_work {
	size_t content;                 /* bytes of what was encrypted */
	size_t parsing;                 /* bytes of it that were not parsed */
	size_t verifications;           /* that were not made */
	size_t signatures;              /* that were left out of verifications, since they failed before */
};

/* Does that work on a stand-in of about the size.  0, or -1 when that does not verify. */
int decryption_stand_in(const struct saml_decryption_keys *keys, const struct saved_work *saved, struct error *err);

#endif
