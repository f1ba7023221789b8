/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * SAML 2.0: bytes in, verified identity out; decision in, signed bytes out.
 *
 * The life of a sign-on, as this folder sees it:
 *
 *	saml_request_read      what Atlassian asks, from the bytes a browser brought
 *	saml_request_write     what we ask Entra
 *	saml_response_read     what Entra answers: judged, or refused with its reason
 *	saml_response_write    what we answer Atlassian: one assertion, signed
 *	saml_logout_…          the end of a session at Entra, asked by either side
 *
 * Messages from browsers are parsed once, by libxml2 and xmlsec1, and every
 * value is read from the very element whose signature was verified.  lasso
 * never sees what a browser sent, unless an administrator asks for its opinion
 * (saml_witness_received): it loads metadata, writes the request to the
 * identity provider, and serves as witness (saml_witness): what we accept,
 * lasso must accept, what we issue, lasso must accept.
 *
 * This folder knows neither HTTP nor LDAP nor rules nor settings, and the time
 * is handed in.  One thread; saml_start once a process.  Results live in the
 * caller's arena; parsed documents and library objects die where they were
 * made.  Strings handed out are clean UTF-8 without control characters.
 *
 * No is zero: an all-zero saml_identity names nobody.  A field that is missing
 * is refused like one that is wrong.
 */
#ifndef SAML_SAML_H
#define SAML_SAML_H

#include "base/arena.h"
#include "saml/checks.h"
#include "saml/claims.h"

#include <stdint.h>

/* Initialises libxml2, xmlsec1 and lasso, hooks their output into the log.  0 or -1. */
int saml_start(struct error *err);
void saml_stop(void);

/* Limits; beyond: …_TOO_LARGE or RELAY_STATE_TOO_LONG. */
#define SAML_REQUEST_MAX 65536          /* bytes of an AuthnRequest after inflating */
#define SAML_RESPONSE_MAX 524288        /* bytes of a Response after base64 */
#define SAML_RELAY_STATE_MAX 1500       /* bytes, decoded */
#define SAML_DEPTH_MAX 40               /* nested elements */
#define SAML_SKEW 180                   /* seconds that two clocks may differ, unless set */

/* What a `skew` below means: 0 was not set. */
int64_t saml_skew(int64_t set);

#define SAML_FORMAT_EMAIL "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"
#define SAML_FORMAT_UNSPECIFIED "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified"
#define SAML_FORMAT_PERSISTENT "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
#define SAML_FORMAT_TRANSIENT "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"

/* ---- keys of our own ---- */

struct saml_key;

/* PEM.  REASON_SETTINGS: not RSA, below 2048 bits, certificate of another key.  Prepared for fast signing. */
int saml_key_read(struct slice key_pem, struct slice certificate_pem, struct saml_key **out, struct error *err);
void saml_key_free(struct saml_key *k);
/* Of a certificate alone, for metadata in processes without the key: one line of base64 (DER). */
int saml_certificate_read(struct arena *a, struct slice pem, const char **base64_out, int64_t *not_after_out,
	struct error *err);

#define SAML_FINGERPRINT_SIZE 96

struct saml_certificate {
	const char *base64;             /* DER, one line */
	const char *pem;                /* the certificate alone, for pasting */
	char sha256[SAML_FINGERPRINT_SIZE];     /* "4F:0A:…", as openssl x509 -fingerprint -sha256 shows it */
	int64_t not_before, not_after;
	int bits;
};
/* The same with all that an administrator asks.  REASON_SETTINGS besides: of a key that saml_key_read would refuse. */
int saml_certificate_describe(struct arena *a, struct slice pem, struct saml_certificate *out, struct error *err);

struct saml_new_key {
	const char *common_name;
	unsigned bits;                  /* 2048 or more */
	int64_t not_before, not_after;
};
/* A new RSA key without a password, and a certificate signed by itself, both PEM. */
int saml_key_make(struct arena *a, const struct saml_new_key *wish, struct slice *key_pem_out, struct slice *certificate_pem_out,
	struct error *err);

/* ---- keys that open encrypted assertions ---- */

/* Several, so that the certificate at the identity provider can change: each is tried for each message. */
struct saml_decryption_keys;
#define SAML_DECRYPTION_KEYS_MAX 4

/* One more pair (PEM); the first makes *keys, which is NULL before.  REASON_SETTINGS as of saml_key_read, or one too many. */
int saml_decryption_keys_add(struct saml_decryption_keys **keys, struct slice key_pem, struct slice certificate_pem,
	struct error *err);
void saml_decryption_keys_free(struct saml_decryption_keys *keys);      /* NULL is fine */

/* ---- the identity provider (Entra) ---- */

struct saml_provider;

struct saml_provider_options {
	const char *entity_id;          /* expected; NULL: the one entity of the document that is an identity provider */
	const char *tenant;             /* required value of the tenant claim; NULL: the one that an entity ID of Entra names */
	const char *name_id_format;     /* asked for in a NameIDPolicy; NULL: none is sent */
	struct slice signer_pem;        /* certificates (PEM) one of which must have signed the document; {NULL, 0}: not looked at */
	int64_t now;
};

struct saml_provider_key {
	const char *fingerprint;        /* of the certificate: SHA-256 in hex */
	int64_t not_after;
};

struct saml_provider_info {
	const char *entity_id;
	const char *tenant;             /* that its answers must be of; NULL: not checked */
	const char *sso_url;            /* HTTP-Redirect */
	const char *slo_url;            /* HTTP-Redirect, where it is asked to log out; NULL: it does not offer that */
	const char *slo_answer_url;     /* where it takes answers to its own requests: slo_url unless it says otherwise */
	int64_t valid_until;            /* 0: not said */
	int64_t cache_seconds;          /* cacheDuration; 0: not said */
	size_t key_count;               /* usable signing keys */
	int64_t keys_until;             /* when the last of them ends */
	const struct saml_provider_key *keys;   /* all signing keys, those that may not be used too */
	size_t keys_listed;
};

/*
 * Metadata (SAML metadata 2.4.3), with or without byte-order mark, with
 * RoleDescriptors of other kinds before the one that counts; keys with
 * use="signing" or without use.  REASON_METADATA: does not parse, another
 * entity, no usable key (RSA from 2048 bits, certificate not ended), no
 * redirect endpoint, past validUntil, not signed as it must be.
 */
int saml_provider_read(struct slice metadata, const struct saml_provider_options *options, struct saml_provider **out, struct error *err);
void saml_provider_free(struct saml_provider *p);
const struct saml_provider_info *saml_provider_info(const struct saml_provider *p);
/* Whether an entity is a tenant of Entra ID, in any of its clouds. */
bool saml_is_entra(const char *entity_id);
/* The key that verified last, of this document and in this process; NULL: none did yet. */
const struct saml_provider_key *saml_provider_key_used(const struct saml_provider *p);
/* What may stand in signer_pem.  REASON_METADATA: no certificate, or not RSA from 2048 bits. */
int saml_metadata_signer_judge(struct slice pem, struct error *err);

/* ---- a connection (Atlassian as service provider) from metadata ---- */

/* The entity ID and the default HTTP-POST ACS of a service provider's metadata file. */
int saml_sp_metadata_read(struct arena *a, struct slice metadata, const char **entity_id_out, const char **acs_out,
	struct error *err);

/* ---- who signs the requests of a connection ---- */

struct saml_signer;

struct saml_signer_info {
	size_t key_count;               /* RSA from 2048 bits */
	int64_t keys_until;             /* when the last of them ends: none is used from then on */
};

/*
 * Of its certificates (PEM, n of them), or, when n is 0, of the signing keys
 * in its metadata; *out NULL: there are none.  REASON_SETTINGS: a certificate
 * that does not parse or whose key is too weak; REASON_METADATA.
 */
int saml_signer_read(const struct slice *certificates, size_t n, struct slice metadata, struct saml_signer **out, struct error *err);
void saml_signer_free(struct saml_signer *s);
const struct saml_signer_info *saml_signer_info(const struct saml_signer *s);

/* ---- the request from Atlassian ---- */

enum saml_binding { SAML_REDIRECT, SAML_POST };

struct saml_request {
	const char *issuer;
	const char *id;                 /* echoed byte for byte */
	const char *acs_url;            /* NULL: not named */
	bool has_acs_index;
	const char *protocol_binding;   /* NULL: not named */
	const char *destination;        /* NULL: not named */
	int64_t issue_instant;
	bool force_authn, is_passive;
	const char *subject;            /* NameID of a Subject, a hint only; NULL: none */
	bool is_signed;                 /* a signature was verified */
};

/*
 * parameters: the raw query (SAML_REDIRECT) or form body (SAML_POST), byte for
 * byte.  Reads SAMLRequest and RelayState, each at most once, and looks at no
 * signature.  relay_state_out:
 * decoded bytes, {NULL, 0} when there is none.
 */
int saml_request_read(struct arena *a, enum saml_binding binding, struct slice parameters, struct saml_request *out,
	struct slice *relay_state_out, struct error *err);

/* What is known of the signatures of one who may ask. */
struct saml_requester {
	const char *entity_id;
	struct saml_signer *signer;     /* NULL: no key is known, and a signature is passed over */
	bool signed_only;
};

struct saml_request_source {
	enum saml_binding binding;
	struct slice parameters;        /* as above */
	const struct saml_requester *requesters;
	size_t requester_count;
	int64_t now;
};

/*
 * saml_request_read, and then the signature, by the requester that the Issuer
 * names: one that is there must be right, none only where none is demanded.
 * REASON_REQUEST_UNSIGNED, _SIGNATURE_SHAPE, _SIGNATURE_ALGORITHM, _SIGNATURE.
 * The request of an unknown issuer passes: who it is, the caller asks next.
 */
int saml_request_accept(struct arena *a, const struct saml_request_source *from, struct saml_request *out, struct slice *relay_state_out,
	struct error *err);

/* ---- the request to the identity provider ---- */

struct saml_ask {
	const char *id;                 /* ours, from random_id */
	const char *entity_id;          /* ours */
	const char *acs_url;            /* ours */
	const char *relay_state;        /* at most 80 bytes */
	const char *login_hint;         /* NULL: none; no part of what is signed */
	const struct saml_key *key;     /* signs the query; NULL: not signed */
	bool force_authn, is_passive;
	int64_t now;
};

/* The address to send the browser to (bindings 3.4.4). */
int saml_request_write(struct arena *a, const struct saml_provider *provider, const struct saml_ask *ask, const char **url_out,
	struct error *err);

/* ---- the response from the identity provider ---- */

struct saml_attribute {
	const char *name;
	const char *const *values;
	size_t n;
};

struct saml_identity {
	const char *issuer;
	const char *name_id;
	const char *name_id_format;     /* NULL: not said; the same for both qualifiers */
	const char *name_qualifier, *sp_name_qualifier;
	const char *session_index;
	const char *assertion_id;
	const char *tenant;             /* NULL unless the claim is there */
	const char *object_id;          /* the same */
	const char *who;                /* "TENANT/OBJECT-ID": one person among all tenants; NULL without both, or where the tenant is not pinned */
	int64_t authn_instant;
	int64_t not_on_or_after;        /* the earliest of the assertion's ends (skew included) */
	const char *authn_context;      /* AuthnContextClassRef, NULL: not said */
	bool mfa;                       /* the methods claim holds SAML_METHOD_MULTIPLE */
	bool guest;                     /* NameID or UPN holds #EXT#, or another tenant than the issuer's signed the person on */
	bool groups_overage;            /* the groups.link claim is there */
	const struct saml_attribute *attributes;
	size_t attribute_count;
};

enum saml_encrypted { SAML_ENCRYPTED_ALLOWED, SAML_ENCRYPTED_REQUIRED };

enum saml_signed { SAML_SIGNED_ANY, SAML_SIGNED_ASSERTION, SAML_SIGNED_RESPONSE, SAML_SIGNED_BOTH };

struct saml_expect {
	const struct saml_provider *provider;
	const char *entity_id;          /* our own: the audience */
	const char *acs_url;            /* our own: destination and recipient */
	const char *request_id;         /* of the pending sign-on */
	enum saml_signed signed_part;   /* what must be signed; ANY: either */
	enum saml_encrypted encrypted;  /* whether a plain assertion is refused */
	const struct saml_decryption_keys *decryption_keys;     /* NULL: an encrypted one is refused */
	bool force_authn;               /* then AuthnInstant must not be older than the request */
	int64_t requested_at;
	int64_t now;
	int64_t skew;                   /* seconds; 0: SAML_SKEW */
	/*
	 * Names of the attributes that somebody reads, NULL-terminated; NULL: all.
	 * Any other one whose value is empty or has several lines is left out of
	 * the identity; among these it is refused.
	 */
	const char *const *claims;
	struct saml_checks *checks;     /* noted there for whoever explains; NULL: nobody does */
};

/*
 * The SAMLResponse and RelayState of a form body, each at most once and
 * decoded from the form (SAMLResponse still in base64).
 */
int saml_response_find(struct arena *a, struct slice form, struct slice *response_out, struct slice *relay_state_out, struct error *err);

/*
 * base64: as posted.  Every check of SAML profiles 4.1.4.3 and of SECURITY.md.
 *
 * An encrypted assertion that is not inside a signed Response is refused with
 * one reason, ENCRYPTED_ANSWER, and after the same work, for whatever its
 * content is refused: which step said no would tell an attacker about bytes
 * that he cannot read.  The detail, for the operator, does say it.
 */
int saml_response_read(struct arena *a, const struct saml_expect *expect, struct slice base64, struct saml_identity *out, struct error *err);
const struct saml_attribute *saml_identity_attribute(const struct saml_identity *identity, const char *name);   /* NULL: not there */

/*
 * For a refusal by the identity provider (STATUS_NOT_SUCCESS) the detail holds
 * its codes and its message, which anybody may have written: such an answer
 * need not be signed.  Of that text only what has the form of a code, a GUID
 * or a time may be shown to a browser.
 */
struct saml_refusal {
	char code[8];                   /* the digits of AADSTS50105; "" where there are none */
	char trace[37];                 /* Microsoft's trace id, a GUID; "" */
	char time[21];                  /* and its time, "2026-11-24 13:19:16Z"; "" */
};
void saml_refusal_read(const char *detail, struct saml_refusal *out);

/* ---- the response to Atlassian ---- */

enum saml_sign { SAML_SIGN_ASSERTION, SAML_SIGN_RESPONSE, SAML_SIGN_BOTH };

struct saml_answer {
	const char *entity_id;          /* ours */
	const char *audience;           /* the connection's entity ID */
	const char *acs_url;            /* Destination and Recipient, with its query */
	const char *in_response_to;     /* NULL: unsolicited */
	const char *name_id;
	const char *name_id_format;
	const struct saml_attribute *attributes;
	size_t attribute_count;
	int64_t authn_instant;
	const char *authn_context;      /* NULL: unspecified */
	enum saml_sign sign;
	int64_t now;
	int64_t lifetime;               /* seconds from now; 0: 300 */
};

struct saml_issued {
	const char *assertion_id;       /* for the audit */
	const char *response_id;
	struct slice xml;               /* exclusive canonical form */
	const char *base64;             /* for the form */
};

int saml_response_write(struct arena *a, const struct saml_key *key, const struct saml_answer *answer, struct saml_issued *out,
	struct error *err);

/* ---- a refusal to Atlassian ---- */

/* Why not: the second status below Responder (SAML core 3.2.2.2). */
enum saml_rejected {
	SAML_REQUEST_DENIED,
	SAML_NO_PASSIVE                 /* not without asking or showing the person something */
};

struct saml_rejection {
	const char *entity_id;          /* ours */
	const char *acs_url;            /* Destination, with its query */
	const char *in_response_to;
	enum saml_rejected status;
	const char *message;            /* for the eyes of anybody: the Response goes through a browser */
	int64_t now;
};

/* Without an assertion, signed as a whole whatever the connection wants signed: assertion_id is NULL. */
int saml_rejection_write(struct arena *a, const struct saml_key *key, const struct saml_rejection *refusal, struct saml_issued *out,
	struct error *err);

/* ---- logout: core 3.7, profiles 4.4, bindings 3.4 (HTTP-Redirect alone, as Entra ID) ---- */

enum saml_logout_kind { SAML_LOGOUT_REQUEST = 1, SAML_LOGOUT_RESPONSE };

/* A message that a browser brought to us as service provider. */
struct saml_logout {
	enum saml_logout_kind kind;
	const char *issuer;
	const char *id;
	const char *destination;        /* NULL: not named */
	int64_t issue_instant;
	struct slice relay_state;       /* p NULL: none */
	/* request */
	const char *name_id;            /* NULL: it names the person in a way that we cannot read (encrypted) */
	const char *const *session_indexes;
	size_t session_index_count;
	bool has_not_on_or_after;
	int64_t not_on_or_after;
	/* response */
	const char *in_response_to;
	const char *fault;              /* its status, when that is not Success; else NULL */
	/* set by saml_logout_judge: a signature was there, and it is the provider's */
	bool is_signed;
};

#define SAML_LOGOUT_AGE_MAX 600         /* seconds that a message may be old, besides the skew */

/* query: raw, byte for byte.  LOGOUT_MISSING, LOGOUT_MALFORMED, LOGOUT_TOO_LARGE.  Nothing of it is believed yet. */
int saml_logout_read(struct arena *a, struct slice query, struct saml_logout *out, struct error *err);

/*
 * Whether that Issuer is this provider.  Entra ID signs logout under its log-in
 * host too, according to its documentation, and not always with the
 * application's id behind the tenant.
 */
bool saml_logout_is_from(const struct saml_provider *provider, const char *issuer);

struct saml_logout_expect {
	const struct saml_provider *provider;   /* that the message is from */
	const char *slo_url;            /* our own: the destination */
	bool signed_only;               /* then also the destination must be there (bindings 3.4.5.2) */
	int64_t now;
	int64_t skew;                   /* seconds; 0: SAML_SKEW */
};

/*
 * A signature that is there must be good; destination and times.  UNSIGNED,
 * SIGNATURE_…, WEAK_KEY, CERTIFICATE_EXPIRED, LOGOUT_WRONG_DESTINATION,
 * LOGOUT_EXPIRED, NOT_YET_VALID.
 */
int saml_logout_judge(struct arena *a, const struct saml_logout_expect *expect, struct slice query, struct saml_logout *m, struct error *err);

struct saml_logout_ask {
	const char *id;                 /* ours, from random_id */
	const char *entity_id;          /* ours */
	const char *name_id, *name_id_format, *name_qualifier, *sp_name_qualifier;      /* as the assertion had them */
	const char *session_index;      /* the assertion's */
	const struct saml_key *key;     /* NULL: not signed */
	int64_t now;
};

/* The address to send the browser to.  The provider must have an slo_url. */
int saml_logout_request_write(struct arena *a, const struct saml_provider *provider, const struct saml_logout_ask *ask,
	const char **url_out, struct error *err);

struct saml_logout_answer {
	const char *id;                 /* ours */
	const char *entity_id;          /* ours */
	const char *in_response_to;
	struct slice relay_state;       /* comes back as it came; p NULL: none */
	bool partial;                   /* sessions that began with ours live on elsewhere (core 3.7.3.2) */
	const struct saml_key *key;     /* NULL: not signed */
	int64_t now;
};

int saml_logout_response_write(struct arena *a, const struct saml_provider *provider, const struct saml_logout_answer *answer,
	const char **url_out, struct error *err);

/* ---- metadata of our own ---- */

struct saml_own {
	const char *entity_id;
	const char *const *certificates;        /* one-line base64, NULL-terminated; may be empty for the SP face */
	const char *const *encryption_certificates;     /* sp face: the same, the one to encrypt for first; NULL: none */
	const char *sso_url;            /* idp face */
	const char *const *acs_urls;    /* sp face, NULL-terminated */
	bool requests_signed;           /* idp face: every connection must sign its requests; sp face: ours are signed */
	const char *slo_url;            /* sp face, HTTP-Redirect; NULL: none */
};
struct slice saml_idp_metadata(struct arena *a, const struct saml_own *own);
struct slice saml_sp_metadata(struct arena *a, const struct saml_own *own);

/* ---- the witness: lasso as the other side (check, tests) ---- */

/*
 * Plays the service provider for a response of ours: 0 when lasso, given our
 * IdP metadata and metadata of the connection's values, accepts it now (by
 * the system's clock) and reads the same NameID; else REASON_INTERNAL.
 */
int saml_witness_issued(struct slice own_idp_metadata, const char *sp_entity_id, const char *sp_acs, const char *request_id,
	const char *base64, const char *name_id, struct error *err);

/*
 * Plays the identity provider: asked by a request of ours, it answers with a
 * Response that must pass every check.  Its key lives as long as the call.
 */
struct saml_rehearsal {
	const char *sp_entity_id, *acs_url;     /* ours */
	const struct saml_key *key;     /* ours, when our requests are signed; else NULL */
	const char *certificate;        /* its certificate, one line of base64 */
	const char *name_id;
	/* both or neither: the assertion is encrypted for the first certificate, and must be opened */
	const char *const *encryption_certificates;     /* as of struct saml_own */
	const struct saml_decryption_keys *decryption_keys;
	int64_t now;                    /* the real time: lasso asks the system's clock */
};
int saml_rehearse_provider(const struct saml_rehearsal *r, struct error *err);

/* Plays the connection that asks us, and reads its request back. */
int saml_rehearse_request(struct arena *a, struct slice own_idp_metadata, const char *sp_entity_id, const char *sp_acs,
	struct saml_request *out, struct error *err);

#endif
