/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `postern keys list` and `instructions`: what there is, and what to paste where. */
#include "gateway/commands/keys.h"

#include "base/encode.h"
#include "base/text.h"
#include "gateway/commands/setup.h"

#include <jansson.h>
#include <unistd.h>

#define DAY ((int64_t)86400)

/* ---- what a key is used for ---- */

static void add_use(struct text *t, const char *use)
{
	text_addf(t, "%s%s", t->n ? ", " : "", use);
}

const char *keys_used_for(const struct keys *k, const struct keyring_key *key)
{
	const struct settings *s = k->settings;
	struct text t;
	size_t i;

	text_begin(&t, k->arena, 128);
	for (i = 0; i < s->connection_count; i++) {
		if (k->keyring.of[i] == key)
			add_use(&t, s->connections[i].name);
	}
	if (k->keyring.usual == key)
		add_use(&t, "new connections");
	if (k->keyring.requests == key)
		add_use(&t, "requests to identity providers");
	return t.p;
}

bool keys_are_live(const struct keys *k, struct running *running)
{
	const struct keyring *ring = &k->keyring;
	size_t i;

	running_look(k->settings, running);
	if (!running->pid && !running->units)
		return false;
	if (running_is_older_than(running, k->settings->file))
		return false;
	/* its time changes with each file that is put there, taken away or replaced */
	if (access(k->settings->keys_dir, F_OK) == 0 && running_is_older_than(running, k->settings->keys_dir))
		return false;
	for (i = 0; i < ring->n; i++) {
		if (running_is_older_than(running, ring->keys[i].certificate_file) || running_is_older_than(running, ring->keys[i].key_file))
			return false;
	}
	return true;
}

/* ---- list ---- */

static int64_t days_left(const struct keys *k, const struct keyring_key *key)
{
	return key->certificate.not_after > k->now ? (key->certificate.not_after - k->now) / DAY : 0;
}

static const char *state_of(const struct keys *k, const struct keyring_key *key)
{
	const struct saml_certificate *c = &key->certificate;

	if (c->not_after <= k->now)
		return " (ENDED)";
	if (c->not_before > k->now)
		return " (NOT BEGUN)";
	return c->not_after < k->now + KEYRING_SOON ? " (ENDS SOON)" : "";
}

static void print_key(const struct keys *k, const struct keyring_key *key)
{
	const char *used = keys_used_for(k, key);
	char begins[21], ends[21];

	printf("%s\n", key->name);
	if (key->fault.reason != REASON_NONE) {
		printf("  CANNOT BE USED   %s\n", key->fault.detail);
	} else {
		time_write(key->certificate.not_before, begins);
		time_write(key->certificate.not_after, ends);
		printf("  certificate      %.10s to %.10s, %lld days left%s, RSA %d bits\n", begins, ends, (long long)days_left(k, key), state_of(k, key),
			key->certificate.bits);
		printf("  SHA-256          %s\n", key->certificate.sha256);
	}
	printf("  file             %s\n", key->certificate_file);
	printf("  signs for        %s\n", *used ? used : "nothing; published in the metadata");
}

int keys_list_text(const struct keys *k)
{
	struct running running;
	bool live = keys_are_live(k, &running);
	size_t i, bad = 0;

	for (i = 0; i < k->keyring.n; i++) {
		print_key(k, &k->keyring.keys[i]);
		bad += k->keyring.keys[i].fault.reason != REASON_NONE;
	}
	if (k->keyring.n == 0)
		printf("no key yet: postern keys make NAME\n");
	else if (live)
		printf("The running service (process %ld) knows them as they are.\n", (long)running.pid);
	else if (running.pid)
		printf("The running service (process %ld) has not read them since something was changed: postern reload\n", (long)running.pid);
	return bad ? 1 : 0;
}

static json_t *text_or_null(const char *text)
{
	return text ? json_string(text) : json_null();
}

static json_t *time_or_null(int64_t t)
{
	char text[21];

	if (!t)
		return json_null();
	time_write(t, text);
	return json_string(text);
}

static json_t *key_json(const struct keys *k, const struct keyring_key *key)
{
	const struct saml_certificate *c = &key->certificate;
	bool good = key->fault.reason == REASON_NONE;
	json_t *o = json_object(), *connections = json_array();
	size_t i;

	for (i = 0; i < k->settings->connection_count; i++) {
		if (k->keyring.of[i] == key)
			json_array_append_new(connections, json_string(k->settings->connections[i].name));
	}
	json_object_set_new(o, "name", json_string(key->name));
	json_object_set_new(o, "fault", text_or_null(good ? NULL : key->fault.detail));
	json_object_set_new(o, "certificate_file", json_string(key->certificate_file));
	json_object_set_new(o, "sha256", text_or_null(good ? c->sha256 : NULL));
	json_object_set_new(o, "bits", good ? json_integer(c->bits) : json_null());
	json_object_set_new(o, "not_before", time_or_null(c->not_before));
	json_object_set_new(o, "not_after", time_or_null(c->not_after));
	json_object_set_new(o, "days_left", good ? json_integer(days_left(k, key)) : json_null());
	json_object_set_new(o, "published", json_boolean(good));
	json_object_set_new(o, "connections", connections);
	json_object_set_new(o, "new_connections", json_boolean(k->keyring.usual == key));
	json_object_set_new(o, "requests", json_boolean(k->keyring.requests == key));
	return o;
}

int keys_list_json(const struct keys *k)
{
	json_t *o = json_object(), *keys = json_array();
	struct running running;
	bool live = keys_are_live(k, &running);
	size_t i, bad = 0;

	for (i = 0; i < k->keyring.n; i++) {
		json_array_append_new(keys, key_json(k, &k->keyring.keys[i]));
		bad += k->keyring.keys[i].fault.reason != REASON_NONE;
	}
	json_object_set_new(o, "keys", keys);
	json_object_set_new(o, "process", running.pid ? json_integer(running.pid) : json_null());
	json_object_set_new(o, "live", running.pid ? json_boolean(live) : json_null());
	json_dumpf(o, stdout, JSON_INDENT(2) | JSON_ENSURE_ASCII);
	putchar('\n');
	json_decref(o);
	return bad ? 1 : 0;
}

/* ---- instructions ---- */

/* The one that began last, of those that can be used. */
static const struct keyring_key *newest(const struct keyring *ring)
{
	const struct keyring_key *found = NULL;
	size_t i;

	for (i = 0; i < ring->n; i++) {
		const struct keyring_key *key = &ring->keys[i];

		if (key->fault.reason == REASON_NONE && (!found || key->certificate.not_before > found->certificate.not_before))
			found = key;
	}
	return found;
}

static void print_requests(const struct keys *k, const struct keyring_key *key)
{
	printf("Entra ID: Enterprise applications > your application > Single sign-on > SAML Certificates >\n"
		"  Verification certificates (optional) > Edit > Upload certificate\n\n");
	printf("  Only where requests are signed.  Entra tries the two newest certificates there, so the new one is uploaded first,\n"
		"  then activated, and the old one deleted when the old key is retired.\n\n");
	setup_print_certificate(key);
	if (key != k->keyring.requests)
		printf("\nThen: postern keys activate --requests %s --reload\n", key->name);
}

static void print_swap(const struct keys *k, const struct settings_connection *c, const struct keyring_key *key)
{
	const struct keyring_key *now = keyring_of(&k->keyring, k->settings, c);
	size_t i;

	if (key == now) {
		printf("\n%s signs for %s already; nothing has to be done.\n", key->name, c->name);
	} else {
		printf("\n%s signs with %s now.  Atlassian holds one certificate, so between the two steps nobody can sign on there:\n", c->name,
			now ? now->name : "no key");
		printf("  1. have the screen open, paste the certificate, save\n");
		printf("  2. at once: postern keys activate %s %s --reload (on each host)\n", c->name, key->name);
		printf("  3. sign on in a private window.  The way back: the old certificate, and the same command with %s\n",
			now ? now->name : "the old key");
	}
	printf("\nWith %s sign: %s\n", key->name, *keys_used_for(k, key) ? keys_used_for(k, key) : "none yet");
	for (i = 0; i < k->keyring.n; i++) {
		if (&k->keyring.keys[i] != key && *keys_used_for(k, &k->keyring.keys[i]))
			printf("Still with %s: %s\n", k->keyring.keys[i].name, keys_used_for(k, &k->keyring.keys[i]));
	}
}

int keys_instructions(const struct keys *k, const char *connection, const char *name, struct error *err)
{
	const struct settings_connection *c = connection ? settings_connection(k->settings, connection) : NULL;
	const struct keyring_key *key = name ? keyring_key(&k->keyring, name) : newest(&k->keyring);

	if (connection && !c)
		return error_set(err, REASON_SETTINGS, "there is no connection \"%.60s\"", connection);
	if (!key)
		return error_set(err, REASON_SETTINGS, "there is no key \"%.60s\": postern keys list shows them", name ? name : "that can be used");
	if (key->fault.reason != REASON_NONE) {
		*err = key->fault;
		return -1;
	}
	if (!c) {
		print_requests(k, key);
		return 0;
	}
	setup_print_connection(k->settings, c);
	setup_print_certificate(key);
	print_swap(k, c, key);
	return 0;
}
