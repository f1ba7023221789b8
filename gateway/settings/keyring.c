/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Our signing keys as the files say: the pairs, and which signs what. */
#include "gateway/settings/keyring.h"

#include "base/encode.h"
#include "base/log.h"
#include "base/yaml.h"

#include <ctype.h>

struct reading {
	struct arena *arena;
	struct files *files;
	const struct settings *settings;
	struct keyring_key *keys;
	size_t n;
};

bool keyring_name_is_good(const char *name)
{
	static const char good[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
	size_t n = strlen(name);

	return n && n <= 32 && strspn(name, good) == n && isalnum((unsigned char)*name);
}

/* ---- the pairs ---- */

static void describe(struct reading *r, struct keyring_key *key)
{
	struct slice pem;

	if (files_get(r->files, key->certificate_file, FILE_PUBLIC, FILES_ALL, &pem, &key->fault) < 0)
		return;
	if (saml_certificate_describe(r->arena, pem, &key->certificate, &key->fault) < 0)
		error_prefix(&key->fault, "%s: ", key->certificate_file);
}

static int add_folder(struct reading *r, struct error *err)
{
	const char *folder = r->settings->keys_dir, *const *names;
	size_t i;

	if (files_list(r->files, folder, ".crt", &names, err) < 0)
		return -1;
	for (i = 0; names[i]; i++) {
		const char *certificate_file = arena_printf(r->arena, "%s/%s.crt", folder, names[i]);
		struct keyring_key *key = &r->keys[r->n];

		/* `certificate` may name one of the folder's: it is main, and not twice there */
		if (r->settings->certificate_file && strcmp(r->settings->certificate_file, certificate_file) == 0)
			continue;
		if (!keyring_name_is_good(names[i]) || strcmp(names[i], KEYRING_MAIN) == 0)
			return error_set(err, REASON_SETTINGS, "%s/%s.crt: \"%s\" is not a name for a key (letters, digits, - and _, at most 32, "
				"the first a letter or digit, not " KEYRING_MAIN ")", folder, names[i], names[i]);
		if (r->n == KEYRING_MOST)
			return error_set(err, REASON_SETTINGS, "%s: holds more than %d keys: retire some", folder, KEYRING_MOST - 1);
		key->name = names[i];
		key->key_file = arena_printf(r->arena, "%s/%s.key", folder, names[i]);
		key->certificate_file = certificate_file;
		describe(r, key);
		r->n++;
	}
	return 0;
}

static int read_pairs(struct reading *r, struct error *err)
{
	const struct settings *s = r->settings;

	r->keys = arena_alloc(r->arena, (KEYRING_MOST + 1) * sizeof(*r->keys));
	if (s->key_file) {
		r->keys[0] = (struct keyring_key){.name = KEYRING_MAIN, .key_file = s->key_file, .certificate_file = s->certificate_file};
		describe(r, &r->keys[0]);
		r->n = 1;
	}
	return add_folder(r, err);
}

/* ---- which signs what ---- */

static const struct keyring_key *find(const struct keyring_key *keys, size_t n, const char *name)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (strcmp(keys[i].name, name) == 0)
			return &keys[i];
	}
	return NULL;
}

/* The key that a line names. */
static int read_choice(const struct reading *r, const struct yaml_node *node, const struct keyring_key **out, struct error *err)
{
	const struct keyring_key *key = node->kind == YAML_NODE_SCALAR ? find(r->keys, r->n, node->text) : NULL;

	if (node->kind != YAML_NODE_SCALAR)
		return yaml_error(err, node, "must be the name of a key");
	if (!key)
		return yaml_error(err, node, "there is no key \"%.40s\" in %s", node->text, r->settings->keys_dir);
	*out = key;
	return 0;
}

static int read_connections(const struct reading *r, const struct yaml_node *map, const struct keyring_key **of, struct error *err)
{
	const struct keyring_key *key = NULL;
	const struct yaml_node *n;

	if (map->kind != YAML_NODE_MAP)
		return yaml_error(err, map, "must be a map of connections and keys");
	for (n = map->child; n; n = n->next) {
		const struct settings_connection *c = settings_connection(r->settings, n->key);

		if (!c)         /* taken out of the settings since */
			continue;
		if (read_choice(r, n, &key, err) < 0)
			return -1;
		of[c - r->settings->connections] = key;
	}
	return 0;
}

static int read_active(const struct reading *r, struct keyring *k, const struct keyring_key **of, struct error *err)
{
	const char *path = arena_printf(r->arena, "%s/" KEYRING_ACTIVE ".yaml", r->settings->keys_dir), *const *names;
	const struct yaml_node *n;
	struct yaml_node *root;
	struct slice bytes;
	size_t i;

	if (files_list(r->files, r->settings->keys_dir, ".yaml", &names, err) < 0)
		return -1;
	for (i = 0; names[i] && strcmp(names[i], KEYRING_ACTIVE) != 0; i++)
		;
	if (!names[i])
		return 0;
	if (files_get(r->files, path, FILE_PUBLIC, FILES_ALL, &bytes, err) < 0 || yaml_read(r->arena, path, bytes, &root, err) < 0)
		return -1;
	for (n = root->child; n; n = n->next) {
		int rc;

		if (strcmp(n->key, "usual") == 0)
			rc = read_choice(r, n, &k->usual, err);
		else if (strcmp(n->key, "requests") == 0)
			rc = read_choice(r, n, &k->requests, err);
		else if (strcmp(n->key, "connections") == 0)
			rc = read_connections(r, n, of, err);
		else
			rc = yaml_error(err, n, "is not known here");
		if (rc < 0)
			return -1;
	}
	return 0;
}

int keyring_read(struct arena *a, struct files *files, const struct settings *s, struct keyring *out, struct error *err)
{
	struct reading r = {.arena = a, .files = files, .settings = s};
	const struct keyring_key **of = arena_alloc(a, (s->connection_count + 1) * sizeof(*of));
	struct keyring k = {.of = of};
	size_t i;

	if (read_pairs(&r, err) < 0 || read_active(&r, &k, of, err) < 0)
		return -1;
	if (!k.usual)
		k.usual = find(r.keys, r.n, KEYRING_MAIN);
	if (!k.requests)
		k.requests = find(r.keys, r.n, KEYRING_MAIN);
	for (i = 0; i < s->connection_count; i++) {
		if (!of[i])
			of[i] = k.usual;
	}
	k.keys = r.keys;
	k.n = r.n;
	*out = k;
	return 0;
}

/* ---- asked for ---- */

const struct keyring_key *keyring_key(const struct keyring *k, const char *name)
{
	return find(k->keys, k->n, name);
}

const struct keyring_key *keyring_of(const struct keyring *k, const struct settings *s, const struct settings_connection *c)
{
	return k->of[c - s->connections];
}

int keyring_pair(struct files *files, const struct keyring_key *key, struct slice *key_pem_out, struct slice *certificate_pem_out,
	struct error *err)
{
	struct slice key_pem, certificate_pem;

	if (files_get(files, key->key_file, FILE_SECRET, FILES_KEYS, &key_pem, err) < 0 ||
		files_get(files, key->certificate_file, FILE_PUBLIC, FILES_ALL, &certificate_pem, err) < 0)
		return -1;
	*key_pem_out = key_pem;
	*certificate_pem_out = certificate_pem;
	return 0;
}

const char *const *keyring_certificates(struct arena *a, const struct keyring *k, const struct keyring_key *first)
{
	const char **list = arena_alloc(a, (k->n + 2) * sizeof(*list));
	size_t i, n = 0;

	if (first && first->certificate.base64)
		list[n++] = first->certificate.base64;
	for (i = 0; i < k->n; i++) {
		const char *one = k->keys[i].certificate.base64;

		if (one && !(n && strcmp(one, list[0]) == 0))
			list[n++] = one;
	}
	return list;
}

bool keyring_is_used(const struct keyring *k, const struct settings *s, const struct keyring_key *key)
{
	size_t i;

	for (i = 0; i < s->connection_count; i++) {
		if (k->of[i] == key)
			return true;
	}
	return k->usual == key || k->requests == key;
}

void keyring_alarm(const struct keyring *k, const struct settings *s, int64_t now)
{
	size_t i;

	for (i = 0; i < k->n; i++) {
		const struct keyring_key *key = &k->keys[i];
		char begins[21], ends[21];

		if (!key->certificate.base64 || !keyring_is_used(k, s, key))
			continue;
		time_write(key->certificate.not_before, begins);
		time_write(key->certificate.not_after, ends);
		if (key->certificate.not_after <= now)
			log_error("the certificate of a signing key has ended", "key", key->name, "at", ends, NULL);
		else if (key->certificate.not_before > now)
			log_error("the certificate of a signing key has not begun", "key", key->name, "at", begins, NULL);
		else if (key->certificate.not_after < now + KEYRING_SOON)
			log_warning("the certificate of a signing key ends soon: see postern keys", "key", key->name, "at", ends, NULL);
	}
}
