/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `postern keys make`, `activate`, `retire`: the working folder is keys_dir, which is locked. */
#include "gateway/commands/keys.h"

#include "base/encode.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <sys/stat.h>

#define DAY ((int64_t)86400)
#define BEFORE 300                      /* a clock that is slow must not find the certificate not begun */
#define COMMON_NAME_MOST 64             /* X.520 */
#define FILE_NAME_SIZE 80

/* ---- active.yaml ---- */

/* All of them follow one key: then it is that of new connections too, and the old one can be retired. */
static void settle(const struct settings *s, struct keyring *k, const struct keyring_key **of)
{
	size_t i;

	for (i = 1; i < s->connection_count && of[i] == of[0]; i++)
		;
	if (s->connection_count && i == s->connection_count)
		k->usual = of[0];
}

static int write_active(struct keys *k, struct keyring *ring, const struct keyring_key **of, struct error *err)
{
	const struct settings *s = k->settings;
	bool listed = false;
	struct text t;
	size_t i;

	settle(s, ring, of);
	text_begin(&t, k->arena, 1024);
	text_add_c(&t, "# Which key signs what.  Written by `postern keys activate`; the same on all hosts.\n");
	if (ring->usual)
		text_addf(&t, "usual: \"%s\"\n", ring->usual->name);
	if (ring->requests)
		text_addf(&t, "requests: \"%s\"\n", ring->requests->name);
	for (i = 0; i < s->connection_count; i++) {
		if (!of[i] || of[i] == ring->usual)
			continue;
		text_addf(&t, "%s  \"%s\": \"%s\"\n", listed ? "" : "connections:\n", s->connections[i].name, of[i]->name);
		listed = true;
	}
	if (file_write(KEYRING_ACTIVE ".yaml", 0644, text_slice(&t), err) < 0 || folder_sync(k->folder, s->keys_dir, err) < 0)
		return error_prefix(err, "%s: ", s->keys_dir);
	ring->of = of;
	k->keyring = *ring;
	return 0;
}

static const struct keyring_key **copy_of(const struct keys *k)
{
	const struct keyring_key **of = arena_alloc(k->arena, (k->settings->connection_count + 1) * sizeof(*of));
	size_t i;

	for (i = 0; i < k->settings->connection_count; i++)
		of[i] = k->keyring.of[i];
	return of;
}

/* ---- make ---- */

static const char *host_of(struct arena *a, const struct settings *s)
{
	size_t n = strcspn(s->public_host, ":");

	return arena_copy(a, slice_of(s->public_host, n < COMMON_NAME_MOST ? n : COMMON_NAME_MOST));
}

/* The key before its certificate: by the certificate a key is seen, so it is whole from its first moment on. */
static int write_pair(struct keys *k, const char *name, struct slice key, struct slice certificate, struct error *err)
{
	char key_name[FILE_NAME_SIZE], certificate_name[FILE_NAME_SIZE];

	snprintf(key_name, sizeof(key_name), "%s.key", name);
	snprintf(certificate_name, sizeof(certificate_name), "%s.crt", name);
	if (faccessat(k->folder, certificate_name, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return error_set(err, REASON_FILE, "%s/%s is there already", k->settings->keys_dir, certificate_name);
	if (file_write_new(key_name, 0600, key, err) < 0)
		return error_prefix(err, "%s: ", k->settings->keys_dir);
	if (file_write_new(certificate_name, 0644, certificate, err) < 0) {
		unlinkat(k->folder, key_name, 0);
		return error_prefix(err, "%s: ", k->settings->keys_dir);
	}
	return folder_sync(k->folder, k->settings->keys_dir, err);
}

int keys_make(struct keys *k, const struct keys_make *wish, struct error *err)
{
	struct saml_new_key new = {
		.common_name = host_of(k->arena, k->settings), .bits = wish->bits, .not_before = k->now - BEFORE, .not_after = k->now + wish->days * DAY,
	};
	struct keyring_key *made = arena_alloc(k->arena, sizeof(*made));
	struct keyring ring = k->keyring;
	const struct keyring_key **of = copy_of(k);
	struct slice key, certificate;
	size_t i;

	if (!keyring_name_is_good(wish->name) || strcmp(wish->name, KEYRING_MAIN) == 0)
		return error_set(err, REASON_SETTINGS, "\"%.60s\" is not a name for a key (letters, digits, - and _, at most 32, the first a letter "
			"or digit, not " KEYRING_MAIN ")", wish->name);
	if (k->keyring.n >= KEYRING_MOST - 1)
		return error_set(err, REASON_SETTINGS, "there are %zu keys already: retire some", k->keyring.n);
	if (saml_key_make(k->arena, &new, &key, &certificate, err) < 0 || write_pair(k, wish->name, key, certificate, err) < 0 ||
		saml_certificate_describe(k->arena, certificate, &made->certificate, err) < 0)
		return -1;
	made->name = wish->name;
	printf("made %s/%s.key and %s.crt\n  SHA-256 fingerprint %s\n", k->settings->keys_dir, wish->name, wish->name, made->certificate.sha256);
	if (ring.usual && ring.requests) {
		printf("%s signs nothing yet: postern keys instructions CONNECTION says what comes next\n", wish->name);
		return 0;
	}
	/* the first one of all: there is nothing that it could take the place of */
	ring.usual = ring.usual ? ring.usual : made;
	ring.requests = ring.requests ? ring.requests : made;
	for (i = 0; i < k->settings->connection_count; i++)
		of[i] = of[i] ? of[i] : made;
	if (write_active(k, &ring, of, err) < 0)
		return -1;
	printf("%s signs for all connections\n", wish->name);
	return 0;
}

/* ---- activate ---- */

/* Nothing is handed to a key that could not sign, or whose certificate a partner may refuse. */
static int require_usable(const struct keys *k, const struct keyring_key *key, struct error *err)
{
	struct slice key_pem, certificate_pem;
	struct saml_key *signer = NULL;
	char day[21];

	if (key->fault.reason != REASON_NONE) {
		*err = key->fault;
		return -1;
	}
	time_write(key->certificate.not_after, day);
	if (key->certificate.not_after <= k->now)
		return error_set(err, REASON_SETTINGS, "%s: its certificate ended on %.10s", key->name, day);
	if (key->certificate.not_before > k->now)
		return error_set(err, REASON_SETTINGS, "%s: its certificate has not begun; is this host's clock right?", key->name);
	if (keyring_pair(k->files, key, &key_pem, &certificate_pem, err) < 0)
		return -1;
	if (saml_key_read(key_pem, certificate_pem, &signer, err) < 0)
		return error_prefix(err, "%s: ", key->key_file);
	saml_key_free(signer);
	return 0;
}

static void say_still_on(const struct keys *k, const struct keyring_key *key)
{
	size_t i;

	for (i = 0; i < k->keyring.n; i++) {
		const struct keyring_key *other = &k->keyring.keys[i];
		const char *used = keys_used_for(k, other);

		if (other != key && *used)
			printf("still on %s: %s\n", other->name, used);
	}
}

int keys_activate(struct keys *k, enum keys_target target, const char *connection, const char *name, struct error *err)
{
	const struct keyring_key *key = keyring_key(&k->keyring, name), **of = copy_of(k);
	const struct settings_connection *c = connection ? settings_connection(k->settings, connection) : NULL;
	struct keyring ring = k->keyring;
	size_t i;

	if (target == KEYS_CONNECTION && !c)
		return error_set(err, REASON_SETTINGS, "there is no connection \"%.60s\"", connection);
	if (!key)
		return error_set(err, REASON_SETTINGS, "there is no key \"%.60s\": postern keys list shows them", name);
	if (require_usable(k, key, err) < 0)
		return -1;
	if (target == KEYS_REQUESTS)
		ring.requests = key;
	if (target == KEYS_ALL)
		ring.usual = key;
	for (i = 0; i < k->settings->connection_count; i++) {
		if (target == KEYS_ALL || &k->settings->connections[i] == c)
			of[i] = key;
	}
	if (write_active(k, &ring, of, err) < 0)
		return -1;
	printf("%s signs for: %s\n", key->name, keys_used_for(k, key));
	say_still_on(k, key);
	return 0;
}

/* ---- retire ---- */

/* A folder of its own, so that nobody counts it among the keys; the name says when, so that a name can be used again. */
static int move_away(struct keys *k, const char *name, const char *ending, const char *when, struct error *err)
{
	char from[FILE_NAME_SIZE], to[FILE_NAME_SIZE];

	snprintf(from, sizeof(from), "%s.%s", name, ending);
	snprintf(to, sizeof(to), "retired/%s-%s.%s", name, when, ending);
	if (renameat2(k->folder, from, k->folder, to, RENAME_NOREPLACE) < 0)
		return error_set(err, REASON_FILE, "%s/%s: cannot be moved to %s: %s", k->settings->keys_dir, from, to, strerror(errno));
	return 0;
}

/* The day, and what tells two keys of one name and day apart. */
static const char *retired_as(const struct keys *k, const struct keyring_key *key)
{
	const char *f = key->certificate.sha256;
	char day[21];

	time_write(k->now, day);
	if (!*f)
		return arena_printf(k->arena, "%.10s-%lld", day, (long long)k->now);
	return arena_printf(k->arena, "%.10s-%.2s%.2s%.2s%.2s", day, f, f + 3, f + 6, f + 9);
}

static int open_retired(struct keys *k, int *fd_out, struct error *err)
{
	int found;

	if (mkdirat(k->folder, "retired", 0700) < 0 && errno != EEXIST)
		return error_set(err, REASON_FILE, "%s/retired: cannot be made: %s", k->settings->keys_dir, strerror(errno));
	found = folder_open_own("retired", fd_out, err);
	return found == 1 ? 0 : found < 0 ? -1 : error_set(err, REASON_FILE, "%s/retired: is not there", k->settings->keys_dir);
}

static int require_unused(const struct keys *k, const struct keyring_key *key, struct error *err)
{
	const char *used = keys_used_for(k, key);

	if (strcmp(key->name, KEYRING_MAIN) == 0)
		return error_set(err, REASON_SETTINGS, "main is the pair that the settings name: %s take the lines key and certificate out of %s",
			*used ? "activate another key for what it signs, then" : "nothing uses it, so", k->settings->file);
	if (*used)
		return error_set(err, REASON_SETTINGS, "%s is in use for: %s; activate another key there first", key->name, used);
	return 0;
}

int keys_retire(struct keys *k, const char *name, struct error *err)
{
	const struct keyring_key *key = keyring_key(&k->keyring, name);
	struct running running;
	const char *when;
	int retired = -1, rc;

	if (!key)
		return error_set(err, REASON_SETTINGS, "there is no key \"%.60s\": postern keys list shows them", name);
	if (require_unused(k, key, err) < 0)
		return -1;
	if (!keys_are_live(k, &running) && running.pid)
		return error_set(err, REASON_SETTINGS, "the running service may sign with %s yet: it has not read the keys since they were changed; "
			"reload it first (postern reload)", name);
	when = retired_as(k, key);
	if (open_retired(k, &retired, err) < 0)
		return -1;
	/* the certificate first: without it the key is not there any more */
	rc = move_away(k, name, "crt", when, err) < 0 || move_away(k, name, "key", when, err) < 0 ||
		folder_sync(retired, "retired", err) < 0 || folder_sync(k->folder, k->settings->keys_dir, err) < 0 ? -1 : 0;
	close(retired);
	if (rc == 0)
		printf("%s is in %s/retired and leaves the metadata with the next reload\n", name, k->settings->keys_dir);
	return rc;
}
