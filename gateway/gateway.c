/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a process that judges sign-ons holds: opened, looked at again, closed. */
#include "gateway/gateway.h"

#include "base/clock.h"
#include "base/log.h"
#include "gateway/audit.h"


static int open_certificate(struct gateway *g, struct error *err)
{
	struct slice pem;
	int64_t until;

	if (files_get(g->files, g->settings->certificate_file, FILE_PUBLIC, FILES_ALL, &pem, err) < 0)
		return -1;
	return saml_certificate_read(g->arena, pem, &g->certificate, &until, err);
}

/* One that is there and cannot be read is not the same as none: no sign-on goes on until it can be.  Told once. */
static void open_accounts(struct gateway *g)
{
	struct error err = {.reason = REASON_NONE};

	if (g->accounts || accounts_open(settings_accounts_path(g->arena, g->settings), &g->accounts, &err) == 0)
		err = (struct error){.reason = REASON_NONE};
	else if (strcmp(err.detail, g->accounts_fault.detail) != 0)
		log_error("accounts cannot be read, so nobody is signed on", "detail", err.detail, NULL);
	g->accounts_fault = err;
}

/* Not there yet is no error: the mirror role or an import makes them later. */
void gateway_open_stores(struct gateway *g)
{
	struct error err;

	if (!g->mirror && mirror_open(settings_mirror_path(g->arena, g->settings), &g->mirror, &err) < 0 && err.reason != REASON_MIRROR_EMPTY)
		log_error("mirror cannot be read", "detail", err.detail, NULL);
	open_accounts(g);
}

int gateway_open(struct arena *a, struct files *files, const struct settings *settings, struct gateway *out, struct error *err)
{
	struct gateway g = {.arena = a, .files = files, .settings = settings};

	if (open_certificate(&g, err) < 0)
		return -1;
	g.providers = providers_open(settings, files);
	gateway_open_stores(&g);
	*out = g;
	return 0;
}

static int open_secrets(struct gateway *g, struct error *err)
{
	const struct settings *s = g->settings;
	struct slice key, certificate, secret;

	if (files_get(g->files, s->key_file, FILE_SECRET, FILES_WORKER, &key, err) < 0 ||
		files_get(g->files, s->certificate_file, FILE_PUBLIC, FILES_ALL, &certificate, err) < 0 ||
		files_get(g->files, s->cookie_secret_file, FILE_SECRET, FILES_WORKER, &secret, err) < 0 ||
		saml_key_read(key, certificate, &g->key, err) < 0)
		return -1;
	if (seal_derive(secret, "pending sign-on", &g->pending_key) < 0)
		return error_set(err, REASON_SETTINGS, "%s: a cookie secret has at least 32 bytes", s->cookie_secret_file);
	return 0;
}

int gateway_open_worker(struct gateway *g, struct error *err)
{
	if (open_secrets(g, err) < 0 || claims_open(settings_claims_path(g->arena, g->settings), &g->claims, err) < 0)
		return -1;
	return audit_open(g->settings->audit_file, &g->audit, err);
}

void gateway_look_again(struct gateway *g)
{
	providers_look_again(g->providers);
	gateway_open_stores(g);
	audit_look_again(g->audit);
}

void gateway_close(struct gateway *g)
{
	audit_close(g->audit);
	claims_close(g->claims);
	accounts_close(g->accounts);
	mirror_close(g->mirror);
	providers_close(g->providers);
	saml_key_free(g->key);
}
