/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Holds the private keys, writes and signs what is asked for, and says so in the log. */
#include "gateway/keys/vault.h"

#include "base/clock.h"
#include "base/log.h"
#include "gateway/settings/keyring.h"

struct vault {
	const struct settings *settings;
	struct keyring keyring;
	struct saml_key **signers;      /* those that are used, in the order of the keyring */
	struct saml_key *decryption_keys[SAML_DECRYPTION_KEYS_MAX];
	size_t decryption_key_count;
	struct keeper keeper;
};

static const struct keyring_key *key_of(const struct vault *v, const struct settings_connection *door)
{
	return keyring_of(&v->keyring, v->settings, door);
}

static const struct saml_key *signer(const struct vault *v, const struct keyring_key *key)
{
	return v->signers[key - v->keyring.keys];
}

/*
 * What was signed is known by the log alone once a worker was taken over, and
 * who fills the disk of the log must not sign unseen.
 */
static int logged(const struct vault *v, int rc, struct error *err)
{
	if (rc == 0 || v->settings->audit_failure == AUDIT_CONTINUE)
		return 0;
	return error_set(err, REASON_AUDIT, "a signature is not given, since its line of the log could not be written");
}

static int sign_assertion(void *context, struct arena *a, const struct keeper_assertion *what, struct saml_issued *out, struct error *err)
{
	const struct vault *v = context;
	const struct settings_connection *door;
	struct saml_answer answer;
	struct saml_issued issued;
	int64_t now = clock_now();

	if (vault_judge(v->settings, what, now, err) < 0)
		return -1;
	door = &v->settings->connections[what->door];
	answer = (struct saml_answer){
		.entity_id = door->idp_entity_id, .audience = door->entity_id, .acs_url = door->acs, .in_response_to = what->in_response_to,
		.name_id = what->name_id, .name_id_format = door->name_id_format, .attributes = what->attributes,
		.attribute_count = what->attribute_count, .authn_instant = what->authn_instant, .authn_context = what->authn_context,
		.sign = door->sign, .now = now, .lifetime = door->lifetime,
	};
	if (saml_response_write(a, signer(v, key_of(v, door)), &answer, &issued, err) < 0)
		return -1;
	if (logged(v, log_info_surely("signed", "what", "assertion", "id", issued.assertion_id, "response", issued.response_id, "door",
		door->name, "name_id", what->name_id, "key", key_of(v, door)->name, NULL), err) < 0)
		return -1;
	*out = issued;
	return 0;
}

static int sign_rejection(void *context, struct arena *a, const struct keeper_rejection *what, struct saml_issued *out, struct error *err)
{
	const struct vault *v = context;
	const struct settings_connection *door;
	struct saml_rejection rejection;
	struct saml_issued issued;

	if (what->door >= v->settings->connection_count)
		return error_set(err, REASON_KEYS_REFUSED, "a refusal for connection %zu of %zu", what->door, v->settings->connection_count);
	if (what->status != SAML_REQUEST_DENIED && what->status != SAML_NO_PASSIVE)
		return error_set(err, REASON_KEYS_REFUSED, "a refusal with status %d", (int)what->status);
	door = &v->settings->connections[what->door];
	rejection = (struct saml_rejection){
		.entity_id = door->idp_entity_id, .acs_url = door->acs, .in_response_to = what->in_response_to, .status = what->status,
		.message = what->message, .now = clock_now(),
	};
	if (saml_rejection_write(a, signer(v, key_of(v, door)), &rejection, &issued, err) < 0)
		return -1;
	if (logged(v, log_info_surely("signed", "what", "refusal", "response", issued.response_id, "door", door->name, "key",
		key_of(v, door)->name, NULL), err) < 0)
		return -1;
	*out = issued;
	return 0;
}

static int sign_query(void *context, struct arena *a, struct slice query, struct slice *signature_out, struct error *err)
{
	const struct vault *v = context;
	struct saml_query seen;
	struct slice signature;

	if (!settings_sign_requests(v->settings))
		return error_set(err, REASON_KEYS_REFUSED, "a message to an identity provider, and the settings sign none");
	if (saml_query_sign(a, signer(v, v->keyring.requests), query, &seen, &signature, err) < 0 ||
		logged(v, log_info_surely("signed", "what", seen.kind, "id", seen.id, "key", v->keyring.requests->name, NULL), err) < 0)
		return -1;
	*signature_out = signature;
	return 0;
}

/* Not above debug: anybody whom the provider knows can have as many opened as he posts. */
static int unwrap(void *context, const struct saml_wrapped *wrapped, unsigned char key_out[SAML_CONTENT_KEY_MAX], struct error *err)
{
	const struct vault *v = context;
	int found;

	if (!v->decryption_key_count)
		return error_set(err, REASON_KEYS_REFUSED, "an encrypted key, and the settings have no decryption_keys");
	found = saml_unwrap(v->decryption_keys, v->decryption_key_count, wrapped, key_out);
	log_debug("opened a key", "found", found ? "yes" : "no", NULL);
	return found;
}

/* Only the keys that sign something: one that is published alone costs nothing. */
static int open_signers(struct arena *a, struct files *files, struct vault *v, struct error *err)
{
	struct slice key, certificate;
	size_t i;

	v->signers = arena_alloc(a, (v->keyring.n + 1) * sizeof(*v->signers));
	for (i = 0; i < v->keyring.n; i++) {
		const struct keyring_key *k = &v->keyring.keys[i];

		if (!keyring_is_used(&v->keyring, v->settings, k))
			continue;
		if (keyring_pair(files, k, &key, &certificate, err) < 0 || saml_key_read(key, certificate, &v->signers[i], err) < 0)
			return -1;
	}
	for (i = 0; i < v->settings->connection_count; i++) {
		if (!v->keyring.of[i])
			return error_set(err, REASON_SETTINGS, "no key signs for %s", v->settings->connections[i].name);
	}
	return v->keyring.requests ? 0 : error_set(err, REASON_SETTINGS, "no key signs requests");
}

static int open_decryption_keys(struct files *files, struct vault *v, struct error *err)
{
	const struct settings *s = v->settings;
	struct slice key, certificate;

	for (size_t i = 0; i < s->decryption_key_count; i++) {
		if (settings_decryption_pair(files, &s->decryption_keys[i], &key, &certificate, err) < 0 ||
			saml_key_read(key, certificate, &v->decryption_keys[i], err) < 0)
			return -1;
		v->decryption_key_count++;
	}
	return 0;
}

int vault_open(struct arena *a, struct files *files, const struct settings *settings, struct vault **out, struct error *err)
{
	struct vault *v = arena_alloc(a, sizeof(*v));

	v->settings = settings;
	v->keeper = (struct keeper){
		.assertion = sign_assertion, .rejection = sign_rejection, .holder = {.sign_query = sign_query, .unwrap = unwrap, .context = v},
		.context = v,
	};
	if (keyring_read(a, files, settings, &v->keyring, err) < 0 || open_signers(a, files, v, err) < 0 ||
		open_decryption_keys(files, v, err) < 0) {
		vault_close(v);
		return -1;
	}
	*out = v;
	return 0;
}

void vault_close(struct vault *v)
{
	if (!v)
		return;
	for (size_t i = 0; i < v->decryption_key_count; i++)
		saml_key_free(v->decryption_keys[i]);
	for (size_t i = 0; v->signers && i < v->keyring.n; i++)
		saml_key_free(v->signers[i]);
}

const struct keeper *vault_keeper(struct vault *v)
{
	return &v->keeper;
}
