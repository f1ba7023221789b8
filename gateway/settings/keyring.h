/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Our signing keys: which there are, and which of them signs what.
 *
 * A key is a pair of files in `keys_dir`, NAME.key and NAME.crt, or the pair
 * that the settings name with `key` and `certificate`, whose name is "main".
 * Each is published in our metadata as soon as it is there.  Which key signs
 * for which connection stands in `keys_dir`/active.yaml, which `postern keys`
 * writes and nobody else, so that one connection after another can follow when
 * Atlassian's screen has the new certificate:
 *
 *	usual: "2026"
 *	requests: "2026"
 *	connections:
 *	  helpdesk: "2027"
 *
 * `usual` is for connections that are not listed; `requests` signs what goes
 * to identity providers, and moves only when told to, since they are given its
 * certificate by hand too.  Without the file, main does all of it.
 *
 * Read from `struct files`, so a role sees what its parent accepted.  Needs no
 * private key; memory is the arena's.
 */
#ifndef GATEWAY_KEYRING_H
#define GATEWAY_KEYRING_H

#include "gateway/settings/settings.h"

#define KEYRING_MAIN "main"
#define KEYRING_ACTIVE "active"         /* active.yaml */
#define KEYRING_MOST 32                 /* keys: each is a KeyDescriptor of our metadata */
#define KEYRING_SOON ((int64_t)30 * 86400)      /* an end so near is said */

struct keyring_key {
	const char *name;
	const char *key_file, *certificate_file;
	struct saml_certificate certificate;    /* all zero with a fault */
	struct error fault;             /* REASON_NONE: good as far as the certificate shows */
};

struct keyring {
	const struct keyring_key *keys; /* main first, then by name */
	size_t n;
	const struct keyring_key *usual, *requests;     /* NULL: no key yet */
	const struct keyring_key *const *of;    /* of each connection, in the order of the settings; NULL: no key yet */
};

/* Letters, digits, `-` and `_`, at most 32: never a path. */
bool keyring_name_is_good(const char *name);

/*
 * What there is.  A key with a fault is in the list and no error; REASON_FILE,
 * REASON_SETTINGS: the folder, active.yaml, or a key that it names and nobody has.
 */
int keyring_read(struct arena *a, struct files *files, const struct settings *s, struct keyring *out, struct error *err);

const struct keyring_key *keyring_key(const struct keyring *k, const char *name);      /* NULL: none */
const struct keyring_key *keyring_of(const struct keyring *k, const struct settings *s, const struct settings_connection *c);

/* The bytes of a pair, from the files that were read. */
int keyring_pair(struct files *files, const struct keyring_key *key, struct slice *key_pem_out, struct slice *certificate_pem_out,
	struct error *err);

/* For metadata: the certificates of all good keys, `first` (NULL: none) before the others; base64, NULL-terminated. */
const char *const *keyring_certificates(struct arena *a, const struct keyring *k, const struct keyring_key *first);

/* Whether anything is signed by it: a connection's messages, those of new connections, or requests. */
bool keyring_is_used(const struct keyring *k, const struct settings *s, const struct keyring_key *key);

/* A log line for each key that is used and whose certificate ends within KEYRING_SOON, has ended, or has not begun. */
void keyring_alarm(const struct keyring *k, const struct settings *s, int64_t now);

#endif
