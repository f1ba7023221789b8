/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * `decryption_keys`: what opens encrypted assertions.  A list, so that the
 * certificate at the identity provider can be changed at any hour: the new
 * pair is there before it is used, the old one until it is used no more.
 */
#include "gateway/settings/settings_reader.h"
#include "saml/holder.h"

void settings_read_decryption_keys(struct settings_reader *r)
{
	const struct yaml_node *node = yaml_get(r->root, "decryption_keys"), *n;
	struct settings_decryption_key *keys;
	size_t count = 0;

	if (!node)
		return;
	if (node->kind != YAML_NODE_LIST || !node->child) {
		settings_problem(r, node, "must be a list of {key: FILE, certificate: FILE}");
		return;
	}
	if (yaml_children(node) > SAML_DECRYPTION_KEYS_MAX)
		settings_problem(r, node, "holds more than %d pairs; each costs every encrypted sign-on an RSA operation", SAML_DECRYPTION_KEYS_MAX);
	keys = arena_alloc(r->arena, yaml_children(node) * sizeof(*keys));
	for (n = node->child; n; n = n->next) {
		keys[count].line = n->line;
		section_read(r, SECTION_decryption_key, n, &keys[count++]);
	}
	r->settings->decryption_keys = keys;
	r->settings->decryption_key_count = count;
}

int settings_decryption_pair(struct files *files, const struct settings_decryption_key *k, struct slice *key_pem_out,
	struct slice *certificate_pem_out, struct error *err)
{
	struct slice key;

	if (files_get(files, k->key_file, FILE_SECRET, FILES_KEYS, &key, err) < 0 ||
		files_get(files, k->certificate_file, FILE_PUBLIC, FILES_ALL, certificate_pem_out, err) < 0)
		return -1;
	*key_pem_out = key;
	return 0;
}

static int add_pair(struct files *files, const struct settings_decryption_key *k, struct saml_decryption_keys **keys, struct error *err)
{
	struct slice key, certificate;

	if (settings_decryption_pair(files, k, &key, &certificate, err) < 0)
		return -1;
	if (saml_decryption_keys_add(keys, key, certificate, err) < 0)
		return error_prefix(err, "%s: ", k->key_file);
	return 0;
}

/* The node of pair i of the list. */
static const struct yaml_node *pair_at(const struct yaml_node *list, size_t i)
{
	const struct yaml_node *n = list->child;

	while (n && i--)
		n = n->next;
	return n;
}

static const char *stand_in_name(struct arena *a, size_t i)
{
	return arena_printf(a, "stand-in %zu", i);
}

void settings_load_decryption_keys(struct settings_reader *r)
{
	const struct settings *s = r->settings;
	const struct yaml_node *list = yaml_get(r->root, "decryption_keys");
	struct saml_decryption_keys *keys = NULL;
	struct error err;

	for (size_t i = 0; i < s->decryption_key_count; i++) {
		if (add_pair(r->files, &s->decryption_keys[i], &keys, &err) < 0)
			settings_problem_key(r, pair_at(list, i), "decryption_keys", "%s", err.detail);
	}
	for (size_t i = 0; keys && i < SAML_STAND_INS; i++)
		files_put(r->files, stand_in_name(r->arena, i), FILES_WORKER, saml_decryption_stand_in(keys, i));
	saml_decryption_keys_free(keys);
}

int settings_decryption_keys_held(struct arena *a, struct files *files, const struct settings *s, const struct saml_holder *holder,
	struct saml_decryption_keys **out, struct error *err)
{
	struct slice stand_ins[SAML_STAND_INS], certificate;

	*out = NULL;
	if (!s->decryption_key_count)
		return 0;
	for (size_t i = 0; i < SAML_STAND_INS; i++) {
		if (files_get(files, stand_in_name(a, i), FILE_SECRET, FILES_WORKER, &stand_ins[i], err) < 0)
			return -1;
	}
	if (files_get(files, s->decryption_keys[0].certificate_file, FILE_PUBLIC, FILES_ALL, &certificate, err) < 0)
		return -1;
	return saml_decryption_keys_held(holder, s->decryption_key_count, certificate, stand_ins, out, err);
}

int settings_decryption_keys(struct files *files, const struct settings *s, struct saml_decryption_keys **out, struct error *err)
{
	struct saml_decryption_keys *keys = NULL;

	for (size_t i = 0; i < s->decryption_key_count; i++) {
		if (add_pair(files, &s->decryption_keys[i], &keys, err) < 0) {
			saml_decryption_keys_free(keys);
			return -1;
		}
	}
	*out = keys;
	return 0;
}

int settings_decryption_certificates(struct arena *a, struct files *files, const struct settings *s, const char *const **out,
	struct error *err)
{
	const char **list = arena_alloc(a, (s->decryption_key_count + 1) * sizeof(*list));
	struct slice pem;
	int64_t until;

	for (size_t i = 0; i < s->decryption_key_count; i++) {
		if (files_get(files, s->decryption_keys[i].certificate_file, FILE_PUBLIC, FILES_ALL, &pem, err) < 0 ||
			saml_certificate_read(a, pem, &list[i], &until, err) < 0)
			return -1;
	}
	*out = list;
	return 0;
}
