/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The forge's encryption: good and bad EncryptedAssertions, by OpenSSL from a
 * text of its own.  It shares no code with saml/.
 */
#ifndef TESTS_UNIT_FORGE_ENCRYPTION_H
#define TESTS_UNIT_FORGE_ENCRYPTION_H

#include "tests/unit/forge.h"

#define NS_XENC "http://www.w3.org/2001/04/xmlenc#"
#define NS_XENC11 "http://www.w3.org/2009/xmlenc11#"
#define AES128_CBC NS_XENC "aes128-cbc"
#define AES256_CBC NS_XENC "aes256-cbc"
#define AES128_GCM NS_XENC11 "aes128-gcm"
#define AES256_GCM NS_XENC11 "aes256-gcm"
#define OAEP_MGF1P NS_XENC "rsa-oaep-mgf1p"
#define OAEP_11 NS_XENC11 "rsa-oaep"
#define DIGEST_SHA1 "http://www.w3.org/2000/09/xmldsig#sha1"

enum forge_sealed_for { FORGE_OURS, FORGE_OURS_TOO, FORGE_SOMEBODY, FORGE_SEALS };      /* whose key */
enum forge_place { FORGE_INSIDE, FORGE_BESIDE, FORGE_RETRIEVED };       /* where the EncryptedKey stands */

struct forge_seal {
	enum forge_sealed_for whom;
	const char *content;            /* URI; NULL: aes256-cbc */
	const char *transport;          /* URI; NULL: rsa-oaep-mgf1p */
	const char *digest, *mask;      /* URI; NULL: not said */
	enum forge_place place;
	const char *recipient;          /* NULL: not said */
	struct forge_edit inside[3];    /* of the assertion's text, signed already */
	const char *instead;            /* of that text */
	void (*spoil)(unsigned char *content, size_t n);        /* the bytes ahead of base64 */
	void (*spoil_key)(unsigned char *wrapped, size_t n);    /* the same of the key, as encrypted */
	size_t key_bytes;               /* of the content's key as wrapped; 0: as many as it must have */
};

int forge_encryption_begin(void **state);       /* instead of forge_begin and forge_end */
int forge_encryption_end(void **state);

void forge_seal(xmlDocPtr doc, const struct forge_seal *how);

struct saml_decryption_keys *forge_keys(enum forge_sealed_for first, enum forge_sealed_for last);       /* the caller frees them */
const char *forge_sealing_certificate(enum forge_sealed_for whom);      /* PEM */
const char *forge_sealing_key(enum forge_sealed_for whom);              /* PEM */

#endif
