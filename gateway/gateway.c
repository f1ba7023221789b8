/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a process that judges sign-ons holds: opened, looked at again, closed. */
#include "gateway/gateway.h"

#include "base/clock.h"
#include "base/log.h"
#include "gateway/audit.h"
#include "gateway/keeper.h"
#include "gateway/ldap_rules_live.h"
#include "gateway/limits.h"

/* One that is there and cannot be read is not the same as none: no sign-on goes on until it can be.  Told once. */
static void open_accounts(struct gateway *g)
{
	struct error err = {.reason = REASON_NONE};
	int rc = g->accounts ? accounts_look_again(g->accounts, &err) :
		accounts_open(settings_accounts_path(g->arena, g->settings), &g->accounts, &err);

	if (rc == 0)
		err = (struct error){.reason = REASON_NONE};
	else if (strcmp(err.detail, g->accounts_fault.detail) != 0)
		log_error("accounts cannot be read, so nobody is signed on", "detail", err.detail, NULL);
	g->accounts_fault = err;
}

/* Told once. */
static void open_mirror(struct gateway *g)
{
	struct error err = {.reason = REASON_NONE};
	struct arena *a = arena_new();

	if (mirror_open_again(settings_mirror_path(a, g->settings), &g->mirror, &err) == 0)
		err = (struct error){.reason = REASON_NONE};
	else if (err.reason != REASON_MIRROR_EMPTY && strcmp(err.detail, g->mirror_fault.detail) != 0)
		log_error("mirror cannot be read", "detail", err.detail, NULL);
	g->mirror_fault = err;
	arena_free(a);
}

/* Not there yet is no error: the mirror role or an import makes them later. */
void gateway_open_stores(struct gateway *g)
{
	open_mirror(g);
	open_accounts(g);
	gateway_look_at_rules(g);
}

void gateway_look_for_mirror(struct gateway *g)
{
	if (!g->mirror)
		open_mirror(g);
}

const struct policy *gateway_policy(const struct gateway *g)
{
	return g->ldap_rules ? ldap_rules_live_policy(g->ldap_rules) : &g->settings->policy;
}

void gateway_rules_at(struct gateway *g, int64_t t)
{
	if (g->ldap_rules)
		ldap_rules_live_at(g->ldap_rules, t);
}

void gateway_policy_with(struct arena *a, const struct gateway *g, const struct policy *file, struct policy *out)
{
	if (g->ldap_rules)
		ldap_rules_live_with(a, g->ldap_rules, file, clock_now(), out);
	else
		*out = *file;
}

void gateway_look_at_rules(struct gateway *g)
{
	if (!g->settings->ldap_rules.directory)
		return;
	if (!g->ldap_rules)
		g->ldap_rules = ldap_rules_live_open(g->settings);
	ldap_rules_live_look(g->ldap_rules, clock_now());
}

int gateway_open(struct arena *a, struct files *files, const struct settings *settings, struct gateway *out, struct error *err)
{
	struct gateway g = {.arena = a, .files = files, .settings = settings};

	if (keyring_read(a, files, settings, &g.keyring, err) < 0 ||
		settings_decryption_certificates(a, files, settings, &g.encryption_certificates, err) < 0)
		return -1;
	g.providers = providers_open(settings, files);
	gateway_open_stores(&g);
	*out = g;
	return 0;
}

/* What seals stands first in the settings; one behind it only opens what was sealed before a change. */
static int open_cookie_secret(struct gateway *g, const char *path, struct seal_key *pending, struct seal_key *logout, struct error *err)
{
	struct slice secret;

	if (files_get(g->files, path, FILE_SECRET, FILES_WORKER, &secret, err) < 0)
		return -1;
	if (seal_derive(secret, "pending sign-on", pending) < 0 || seal_derive(secret, "logout", logout) < 0)
		return error_set(err, REASON_SETTINGS, "%s: a cookie secret has at least 32 bytes", path);
	return 0;
}

static int open_secrets(struct gateway *g, struct error *err)
{
	const char *const *path = g->settings->cookie_secrets;
	struct seal_key *old;

	if (settings_decryption_keys_held(g->arena, g->files, g->settings, &g->keeper->holder, &g->decryption_keys, err) < 0 ||
		saml_key_held(&g->keeper->holder, &g->request_key, err) < 0 || open_cookie_secret(g, path[0], &g->pending_key, &g->logout_key, err) < 0)
		return -1;
	if (!path[1])
		return 0;
	old = arena_alloc(g->arena, 2 * sizeof(*old));
	if (open_cookie_secret(g, path[1], &old[0], &old[1], err) < 0)
		return -1;
	g->pending_key.also = &old[0];
	g->logout_key.also = &old[1];
	return 0;
}

static int open_requesters(struct gateway *g, struct error *err)
{
	const struct settings *s = g->settings;
	size_t i;

	g->requesters = arena_alloc(g->arena, (s->connection_count + 1) * sizeof(*g->requesters));
	for (i = 0; i < s->connection_count; i++) {
		const struct settings_connection *c = &s->connections[i];

		g->requesters[i] = (struct saml_requester){.entity_id = c->entity_id, .signed_only = c->requests == REQUESTS_SIGNED};
		if (settings_signer(g->arena, g->files, c, &g->requesters[i].signer, err) < 0)
			return -1;
	}
	return 0;
}

int gateway_open_worker(struct gateway *g, const struct keeper *keeper, struct error *err)
{
	g->keeper = keeper;
	if (open_secrets(g, err) < 0 || open_requesters(g, err) < 0 ||
		claims_open(settings_claims_path(g->arena, g->settings), &g->claims, err) < 0)
		return -1;
	if (g->ldap_rules)
		ldap_rules_live_say(g->ldap_rules);
	g->audit = audit_open(g->settings->audit_file, g->metrics);
	return 0;
}

void gateway_look_again(struct gateway *g)
{
	providers_look_again(g->providers);
	gateway_open_stores(g);
	audit_look_again(g->audit);
}

void gateway_close(struct gateway *g)
{
	size_t i;

	for (i = 0; g->requesters && i < g->settings->connection_count; i++)
		saml_signer_free(g->requesters[i].signer);
	limits_close(g->limits);
	audit_close(g->audit);
	claims_close(g->claims);
	accounts_close(g->accounts);
	mirror_close(g->mirror);
	ldap_rules_live_close(g->ldap_rules);
	providers_close(g->providers);
	saml_decryption_keys_free(g->decryption_keys);
	saml_key_free(g->request_key);
}
