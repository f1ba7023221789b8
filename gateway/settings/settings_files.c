/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The files that settings name: read once, each for the roles whose business
 * it is, and judged as far as no waiting can mend what is wrong with them.
 */
#include "base/clock.h"
#include "base/log.h"
#include "gateway/settings/keyring.h"
#include "gateway/settings/settings_reader.h"

#include <unistd.h>

#include <openssl/pem.h>
#include <openssl/x509.h>

#define COOKIE_SECRET_MIN 32

/* A file that `node` names; false: the problem was noted. */
static bool get(struct settings_reader *r, const struct yaml_node *node, const char *path, enum file_kind kind, unsigned audience,
	struct slice *out)
{
	struct error err;

	if (files_get(r->files, path, kind, audience, out, &err) == 0)
		return true;
	settings_problem(r, node, "%s", err.detail);
	return false;
}

/* A key that is not used yet is judged too: it is published, and would fail when it is wanted. */
static void load_signing_key(struct settings_reader *r, const struct keyring_key *k)
{
	/* what is known to be wrong before the key is looked at, is wrong with its certificate */
	const char *setting = strcmp(k->name, KEYRING_MAIN) != 0 ? "keys_dir" : k->fault.reason != REASON_NONE ? "certificate" : "key";
	const struct yaml_node *node = yaml_get(r->root, setting);
	struct slice key_pem, certificate_pem;
	struct saml_key *key = NULL;
	struct error err = k->fault;

	if (err.reason == REASON_NONE && keyring_pair(r->files, k, &key_pem, &certificate_pem, &err) == 0 &&
		saml_key_read(key_pem, certificate_pem, &key, &err) < 0)
		error_prefix(&err, "%s: ", k->key_file);
	if (err.reason != REASON_NONE)
		settings_problem_key(r, node ? node : r->root, setting, "%s", err.detail);
	saml_key_free(key);
}

static void load_signing_keys(struct settings_reader *r)
{
	const struct settings *s = r->settings;
	struct keyring keyring;
	struct error err;
	size_t i;

	if (keyring_read(r->arena, r->files, s, &keyring, &err) < 0) {
		settings_problem_key(r, r->root, "keys_dir", "%s", err.detail);
		return;
	}
	for (i = 0; i < keyring.n; i++)
		load_signing_key(r, &keyring.keys[i]);
	if (keyring.n == 0)
		settings_problem_key(r, r->root, "keys_dir", "%s holds no signing key: make one with postern keys make NAME", s->keys_dir);
	for (i = 0; keyring.n && i < s->connection_count; i++) {
		if (!keyring.of[i])
			settings_problem_key(r, yaml_get(yaml_get(r->root, "connections"), s->connections[i].name), s->connections[i].name,
				"no key signs for it: choose one with postern keys activate %s NAME", s->connections[i].name);
	}
	if (keyring.n && !keyring.requests)
		settings_problem_key(r, r->root, "keys_dir", "no key signs requests: choose one with postern keys activate --requests NAME");
}

/* What is wrong with a pair of PEM texts for TLS, NULL: nothing. */
static const char *tls_fault(struct slice certificate_pem, struct slice key_pem)
{
	BIO *certificate_bio = BIO_new_mem_buf(certificate_pem.p, (int)certificate_pem.n);
	BIO *key_bio = BIO_new_mem_buf(key_pem.p, (int)key_pem.n);
	X509 *certificate = certificate_bio ? PEM_read_bio_X509(certificate_bio, NULL, NULL, NULL) : NULL;
	EVP_PKEY *key = key_bio ? PEM_read_bio_PrivateKey(key_bio, NULL, NULL, (void *)"") : NULL;
	const char *fault = NULL;

	if (!certificate)
		fault = "the certificate is not a PEM certificate";
	else if (!key)
		fault = "the key is not a PEM private key without a passphrase";
	else if (X509_check_private_key(certificate, key) != 1)
		fault = "the key is not the certificate's";
	X509_free(certificate);
	EVP_PKEY_free(key);
	BIO_free(certificate_bio);
	BIO_free(key_bio);
	return fault;
}

static void load_tls(struct settings_reader *r)
{
	const struct settings *s = r->settings;
	struct slice certificate, key;
	const char *fault, *twin;
	struct error err;
	bool good;

	if (!s->tls_key_file)
		return;
	good = get(r, yaml_get(r->root, "tls_certificate"), s->tls_certificate_file, FILE_PUBLIC, FILES_ALL, &certificate);
	if (!get(r, yaml_get(r->root, "tls_key"), s->tls_key_file, FILE_SECRET, FILES_WORKER | FILES_SCIM, &key) || !good)
		return;
	fault = tls_fault(certificate, key);
	twin = files_twin(r->files, FILES_KEYS, key);
	if (fault)
		settings_problem(r, yaml_get(r->root, "tls_key"), "%s: %s", s->tls_key_file, fault);
	else if (twin)  /* else what strangers send would be parsed beside the key that Atlassian trusts */
		settings_problem(r, yaml_get(r->root, "tls_key"), "%s: is the key %s, which only keys roles may hold: TLS needs one of its own",
			s->tls_key_file, twin);
	else if (http_tls_check(certificate, key, &err) < 0)    /* else it would be the new workers that find it out */
		settings_problem(r, yaml_get(r->root, "tls_certificate"), "%s: %s", s->tls_certificate_file, err.detail);
}

/* Whoever can put another socket where proxies look for ours gets what browsers send, and answers as we would. */
static void require_own_socket(struct settings_reader *r, const char *key, const char *address)
{
	const char *path = http_unix_path(address);
	struct error err;

	if (path && path_require_own(path, &err) < 0)
		settings_problem(r, yaml_get(r->root, key), "%s: %s", address, err.detail);
}

static void load_sockets(struct settings_reader *r)
{
	const struct settings *s = r->settings;

	for (size_t i = 0; s->listen[i]; i++)
		require_own_socket(r, "listen", s->listen[i]);
	if (s->scim_listen)
		require_own_socket(r, "scim_listen", s->scim_listen);
}

/* The default one is made by the parent before; `postern check` finds none before the first start. */
static void load_cookie_secrets(struct settings_reader *r)
{
	const char *const *path = r->settings->cookie_secrets;
	const struct yaml_node *node = yaml_get(r->root, "cookie_secret");
	struct slice secret, first = {NULL, 0};

	if (!node)
		node = r->root;
	if (r->settings->cookie_secret_is_made && access(*path, F_OK) < 0)
		return;
	for (; *path; path++) {
		if (!get(r, node, *path, FILE_SECRET, FILES_WORKER, &secret))
			continue;
		if (secret.n < COOKIE_SECRET_MIN)
			settings_problem(r, node, "%s: holds fewer than %d bytes", *path, COOKIE_SECRET_MIN);
		else if (first.n && slice_equal(first, secret))
			settings_problem(r, node, "%s: holds the same bytes as %s", *path, r->settings->cookie_secrets[0]);
		first = secret;
	}
}

int settings_provider_options(struct files *files, const struct settings_provider *p, int64_t now, struct saml_provider_options *out,
	struct error *err)
{
	struct saml_provider_options options = {
		.entity_id = p->entity_id, .tenant = p->tenant, .name_id_format = p->name_id_format, .now = now,
	};

	if (p->metadata_certificate_file &&
		files_get(files, p->metadata_certificate_file, FILE_PUBLIC, FILES_ALL, &options.signer_pem, err) < 0)
		return -1;
	*out = options;
	return 0;
}

static bool load_signer(struct settings_reader *r, const struct settings_provider *p, const struct yaml_node *node)
{
	struct slice pem;
	struct error err;

	if (!get(r, node, p->metadata_certificate_file, FILE_PUBLIC, FILES_ALL, &pem))
		return false;
	if (saml_metadata_signer_judge(pem, &err) == 0)
		return true;
	settings_problem(r, node, "%s: %s", p->metadata_certificate_file, err.detail);
	return false;
}

/*
 * A file that cannot be used is refused: no waiting mends it.  A URL is tried
 * again and again, so a copy that is missing or unusable is only a warning.
 * Returns the entity ID that settings or file give it; NULL: neither does.
 */
static const char *load_provider(struct settings_reader *r, const struct settings_provider *p, const struct yaml_node *map)
{
	struct saml_provider_options options;
	struct saml_provider *provider = NULL;
	const char *entity = p->entity_id;
	struct slice bytes;
	struct error err;

	if (p->metadata_certificate_file && !load_signer(r, p, yaml_get(map, "metadata_certificate")))
		return p->entity_id;
	if (settings_provider_options(r->files, p, clock_now(), &options, &err) < 0)
		return entity;
	if (p->metadata_ca_file)
		get(r, yaml_get(map, "metadata_ca_file"), p->metadata_ca_file, FILE_PUBLIC, FILES_REFRESH, &bytes);
	if (p->metadata_file) {
		if (get(r, yaml_get(map, "metadata"), p->metadata_file, FILE_PUBLIC, FILES_ALL, &bytes) &&
			saml_provider_read(bytes, &options, &provider, &err) < 0)
			settings_problem(r, yaml_get(map, "metadata"), "%s: %s", p->metadata_file, err.detail);
		if (provider)
			entity = arena_strdup(r->arena, saml_provider_info(provider)->entity_id);
	} else if (file_read(r->arena, settings_metadata_path(r->arena, r->settings, p->name), FILE_PUBLIC, 8u << 20, &bytes, &err) < 0 ||
		saml_provider_read(bytes, &options, &provider, &err) < 0) {
		log_warning("no good metadata on disk yet; sign-ons wait for it to be fetched", "provider", p->name, "detail", err.detail, NULL);
	}
	saml_provider_free(provider);
	return entity;
}

static void load_providers(struct settings_reader *r)
{
	const struct settings *s = r->settings;
	const char **entities = arena_alloc(r->arena, (s->provider_count + 1) * sizeof(*entities));
	const struct yaml_node *map = yaml_get(r->root, "identity_providers")->child;

	for (size_t i = 0; i < s->provider_count; i++, map = map->next) {
		entities[i] = load_provider(r, &s->providers[i], map);
		for (size_t j = 0; entities[i] && j < i; j++) {
			if (entities[j] && strcmp(entities[i], entities[j]) == 0)
				settings_problem(r, yaml_get(map, "metadata"), "is of \"%.200s\", as that of %s: an entity is one provider", entities[i],
					s->providers[j].name);
		}
	}
}

int settings_signer(struct arena *a, struct files *files, const struct settings_connection *c, struct saml_signer **out, struct error *err)
{
	struct slice *pems = NULL, metadata = {0};
	size_t n = 0;

	for (; c->request_certificates && c->request_certificates[n]; n++) {
		pems = arena_grow(a, pems, n, sizeof(*pems));
		if (files_get(files, c->request_certificates[n], FILE_PUBLIC, FILES_ALL, &pems[n], err) < 0)
			return -1;
	}
	if (c->metadata_file && files_get(files, c->metadata_file, FILE_PUBLIC, FILES_ALL, &metadata, err) < 0)
		return -1;
	return saml_signer_read(pems, n, metadata, out, err);
}

/* A certificate that has ended is only told: it must not keep a reload from mending it. */
static void load_connection(struct settings_reader *r, const struct settings_connection *c, const struct yaml_node *map)
{
	const struct yaml_node *node = yaml_get(map, c->request_certificates ? "request_certificates" : "metadata");
	struct saml_signer *signer = NULL;
	struct error err;

	if (settings_signer(r->arena, r->files, c, &signer, &err) < 0)
		settings_problem(r, node, "%s", err.detail);
	else if (c->requests == REQUESTS_SIGNED && (!signer || saml_signer_info(signer)->key_count == 0))
		settings_problem(r, node, "signed requests are demanded, but no key (RSA from 2048 bits) that signs them is known");
	else if (signer && saml_signer_info(signer)->keys_until <= clock_now())
		log_warning("every certificate that signs the requests of a connection has ended", "connection", c->name, NULL);
	saml_signer_free(signer);
}

static void load_directory(struct settings_reader *r, size_t i, const struct yaml_node *map)
{
	const struct directory_options *o = &r->settings->directories[i];
	const struct settings_directory *of = &r->settings->directory_sources[i];
	const char *password_file = of->password_file;
	struct slice bytes;

	if (o->ca_file)
		get(r, yaml_get(map, "ca_file"), o->ca_file, FILE_PUBLIC, FILES_MIRROR, &bytes);
	if (password_file && get(r, yaml_get(map, "password_file"), password_file, FILE_SECRET, FILES_MIRROR_OF(i), &bytes) && !bytes.n)
		settings_problem(r, yaml_get(map, "password_file"), "%s: is empty", password_file);
	if (of->client_certificate)
		get(r, yaml_get(map, "client_certificate"), of->client_certificate, FILE_PUBLIC, FILES_MIRROR, &bytes);
	if (of->client_key)
		get(r, yaml_get(map, "client_key"), of->client_key, FILE_SECRET, FILES_MIRROR_OF(i), &bytes);
}

int settings_load_files(struct arena *a, struct files *files, const struct settings *s, const char *const **problems, struct error *err)
{
	struct settings copy = *s;
	struct settings_reader r = {.arena = a, .files = files, .file = s->file, .settings = &copy};
	const struct yaml_node *map;
	struct yaml_node *root;
	struct slice bytes;
	size_t i;

	r.problems = arena_alloc(a, (SETTINGS_PROBLEMS_MAX + 1) * sizeof(*r.problems));
	if (problems)
		*problems = r.problems;
	/* the tree again, for the lines */
	if (files_get(files, s->file, FILE_PUBLIC, FILES_ALL, &bytes, err) < 0 || yaml_read(a, s->file, bytes, &root, err) < 0) {
		r.problems[0] = arena_strdup(a, err->detail);
		return -1;
	}
	r.root = root;
	load_signing_keys(&r);
	settings_load_decryption_keys(&r);
	load_tls(&r);
	load_sockets(&r);
	settings_load_scim(&r);
	load_cookie_secrets(&r);
	settings_load_brand(&r);
	settings_load_accounts(&r);
	load_providers(&r);
	for (i = 0, map = yaml_get(root, "connections")->child; i < s->connection_count; i++, map = map->next)
		load_connection(&r, &s->connections[i], map);
	for (i = 0, map = yaml_get(root, "directories")->child; i < s->directory_count; i++, map = map->next)
		load_directory(&r, i, map);
	if (r.problem_count == 0)
		return 0;
	*err = r.first;
	return -1;
}

int settings_directory_secrets(struct files *files, const struct settings *s, size_t directory, struct directory_options *out,
	struct error *err)
{
	const struct settings_directory *of = &s->directory_sources[directory];
	struct slice password = {NULL, 0}, certificate = {NULL, 0}, key = {NULL, 0};

	if ((of->password_file && files_get(files, of->password_file, FILE_SECRET, FILES_MIRROR_OF(directory), &password, err) < 0) ||
		(of->client_certificate && files_get(files, of->client_certificate, FILE_PUBLIC, FILES_MIRROR, &certificate, err) < 0) ||
		(of->client_key && files_get(files, of->client_key, FILE_SECRET, FILES_MIRROR_OF(directory), &key, err) < 0))
		return -1;
	/* editors end a file with a line end, and no password ends with one */
	while (password.n && (password.p[password.n - 1] == '\n' || password.p[password.n - 1] == '\r'))
		password.n--;
	out->password = password;
	out->client_certificate = certificate;
	out->client_key = key;
	return 0;
}
