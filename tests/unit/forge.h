/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A forge for Responses in the shape that Entra ID sends, good and bad ones.
 *
 * It signs with xmlsec1 from a text of its own and shares no code with saml/:
 * what the reading side accepts here was not written by the writing side.  A
 * Response is made of a text; `before` edits it ahead of signing (the issuer
 * says something wrong), `rearrange` and `after` behind it (an attacker).  An
 * edit whose text is not found fails the test, so that no test passes because
 * it changed nothing.
 */
#ifndef TESTS_UNIT_FORGE_H
#define TESTS_UNIT_FORGE_H

#include "tests/unit/unit.h"

#include "base/arena.h"
#include "saml/saml.h"

#include <libxml/tree.h>

#define FORGE_NOW 1795526356            /* 2026-11-24T13:19:16Z */
#define FORGE_ISSUER "https://sts.windows.net/7b1c2d3e-4f50-4a61-8b72-93a4b5c6d7e8/"
#define FORGE_TENANT "7b1c2d3e-4f50-4a61-8b72-93a4b5c6d7e8"
#define FORGE_OBJECT_ID "0d9c8b7a-6f5e-4d3c-8b2a-190817263544"
#define FORGE_ENTITY "https://sso.example.org/saml/sp/metadata"
#define FORGE_ACS "https://sso.example.org/saml/sp/acs/host1"
#define FORGE_REQUEST "_0123456789abcdef0123456789abcdef"
#define FORGE_RESPONSE_ID "_5b2f3a1c-7a51-4d8f-9a10-0c3f5d2e7b11"
#define FORGE_ASSERTION_ID "_c3b1f0de-2a34-4a53-8a0b-7d1be91c1f00"
#define FORGE_NAME_ID "anna.meier@example.org"

#define ALGORITHM_RSA_SHA256 "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
#define ALGORITHM_SHA256 "http://www.w3.org/2001/04/xmlenc#sha256"
#define ALGORITHM_C14N "http://www.w3.org/2001/10/xml-exc-c14n#"
#define ALGORITHM_ENVELOPED "http://www.w3.org/2000/09/xmldsig#enveloped-signature"
#define NS_DS "http://www.w3.org/2000/09/xmldsig#"
#define NS_SAML "urn:oasis:names:tc:SAML:2.0:assertion"
#define NS_SAMLP "urn:oasis:names:tc:SAML:2.0:protocol"

enum forge_key {
	FORGE_FIRST, FORGE_SECOND,      /* both in the usual metadata */
	FORGE_FOREIGN,                  /* in nobody's metadata */
	FORGE_WEAK,                     /* RSA of 512 bits */
	FORGE_ENDED,                    /* its certificate ended yesterday */
	FORGE_EC,                       /* not RSA */
	FORGE_KEYS
};

enum forge_sign { FORGE_ASSERTION = 1, FORGE_RESPONSE = 2, FORGE_BOTH = 3, FORGE_NOTHING = 4 };      /* 0: ASSERTION */

struct forge_edit {
	const char *from, *to;
};

struct forge_seal;                      /* forge_encryption.h */

struct forge {
	enum forge_sign sign;
	enum forge_key key;
	const char *signature_method;   /* NULL: rsa-sha256 */
	const char *digest_method;      /* NULL: sha256 */
	const char *transforms;         /* NULL: the two usual ones */
	bool hmac_with_certificate;     /* the attacker's HMAC key is the public certificate */
	struct forge_edit before[6];
	/* between the signature of the assertion and that of the Response */
	void (*seal)(xmlDocPtr doc, const struct forge_seal *how);
	const struct forge_seal *how;
	void (*rearrange)(xmlDocPtr doc);
	struct forge_edit after[6];
};

int forge_begin(void **state);          /* group setup and teardown: keys, libraries, the usual provider */
int forge_end(void **state);

struct arena *forge_arena(void);        /* of the running test; emptied by forge_reset */
int forge_reset(void **state);          /* teardown of a test */

/* Metadata in Entra's shape; `use`: "signing", "encryption" or NULL for none; keys: FORGE_KEYS ends the list. */
struct slice forge_metadata(const char *use, const enum forge_key *keys);
const char *forge_certificate(enum forge_key key);      /* base64 */
struct saml_provider *forge_provider(const char *use, const enum forge_key *keys);     /* the caller frees it */

/* Metadata whose root is `root` and has an ID, signed as a whole by f's key and methods; edits as for a Response. */
struct slice forge_signed_metadata(const struct forge *f, struct slice metadata, const char *root);
struct slice forge_certificate_pem(enum forge_key key);

struct slice forge_text(const struct forge *f);         /* XML */
struct slice forge_said(void);          /* what `before` edits, without signatures */
struct slice forge_base64(struct slice xml);
struct saml_expect forge_expect(void);

struct saml_identity forge_accepted(const struct forge *f);
void forge_refused(const struct forge *f, enum reason reason);
void forge_text_refused(struct slice xml, enum reason reason);
/* `edit` ahead of signing, signed as an assertion, as a Response and both. */
void forge_edit_refused(const char *from, const char *to, enum reason reason);

/* A query as HTTP-Redirect has it, for a message of one's own: escapes in lower case, as Entra ID's are. */
const char *forge_query(const char *parameter, const char *xml, const char *more);
/* The same with SigAlg (as it is escaped) and Signature behind it. */
const char *forge_signed_query(const char *query, const char *algorithm, enum forge_key key);
#define FORGE_SIG_ALG "http%3a%2f%2fwww.w3.org%2f2001%2f04%2fxmldsig-more%23rsa-sha256"

/* Text with the first `from` replaced. */
struct slice forge_replace(struct slice text, const char *from, const char *to);

/* The element by ID, by namespace and name; NULL when it is not there. */
xmlNodePtr forge_find(xmlNodePtr top, const char *ns, const char *name);

#endif
