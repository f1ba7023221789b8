/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * `postern setup`: every value to paste, for Entra's screen and for Atlassian's.
 *
 * The names are those that the screens show (doc/atlassian-setup.md walks
 * through them in order).
 */
#include "gateway/commands/setup.h"

#include "base/encode.h"
#include "gateway/commands/commands.h"
#include "gateway/settings/settings.h"

static void print_entra(const struct settings *s)
{
	size_t i;

	printf("Entra ID: Enterprise applications > your application > Single sign-on > SAML\n\n");
	printf("  Identifier (Entity ID)          %s\n", s->sp_entity_id);
	printf("  Reply URL (ACS)                 %s\n", s->acs_url);
	if (s->link_count)
		printf("  Sign on URL                     %s/go/%s\n", s->public_url, s->links[0].name);
	for (i = 1; i < s->link_count; i++)
		printf("    or                            %s/go/%s\n", s->public_url, s->links[i].name);
	printf("  Relay State                     (leave empty)\n");
	printf("  Logout URL                      %s\n", s->slo_url);
	if (settings_sign_requests(s)) {
		printf("  Verification certificates       Required, with the certificate below; leave RSA-SHA1 off\n");
		printf("                                  (from then on a sign-on cannot begin at Entra ID's tile but through a link above)\n");
	}
	if (s->decryption_key_count)
		printf("  Token encryption                import %s, then activate it\n", s->decryption_keys[0].certificate_file);
	printf("\n  Or upload our metadata          %s/saml/sp/metadata\n\n", s->public_url);
	printf("  Back to Postern, in %s:\n", s->file);
	printf("    the \"App Federation Metadata Url\" of that screen goes to identity_providers.NAME.metadata,\n");
	printf("    your tenant's id to identity_providers.NAME.tenant.\n\n");
}

/* ---- Atlassian ---- */

static void print_fields(const struct settings *s, const struct settings_connection *c)
{
	printf("  Identity provider Entity ID     %s\n", c->idp_entity_id);
	printf("  Identity provider SSO URL       %s/saml/idp/sso\n", s->public_url);
	printf("  Public x509 certificate         the certificate below\n\n");
}

void setup_print_connection(const struct settings *s, const struct settings_connection *c)
{
	if (c->kind == DOOR_MANAGED)
		printf("Atlassian, connection %s: Atlassian Administration > Security > Identity providers > your directory > SAML single sign-on\n\n",
			c->name);
	else
		printf("Atlassian, connection %s: Atlassian Administration > Apps > your site > Jira Service Management > Portal-only customers >\n"
			"  Identity provider > your directory > Set up SAML single sign-on\n\n", c->name);
	print_fields(s, c);
}

static void print_way_back(const struct settings *s, const struct settings_connection *c)
{
	if (c->kind == DOOR_MANAGED) {
		printf("  What that screen shows afterwards must stand in %s:%d:\n", s->file, c->line);
		printf("    Service provider entity URL                      entity_id, now %s\n", c->entity_id);
		printf("    Service provider assertion consumer service URL  acs, now %s\n\n", c->acs);
	} else {
		printf("  Copy entity ID and ACS of that screen, as they are, to %s:%d:\n", s->file, c->line);
		printf("    entity_id, now %s\n    acs, now %s\n\n", c->entity_id, c->acs);
	}
}

void setup_print_certificate(const struct keyring_key *key)
{
	char day[21];

	time_write(key->certificate.not_after, day);
	printf("The certificate (key %s, %s, until %.10s):\n\n%s", key->name, key->certificate_file, day, key->certificate.pem);
}

/* Whose screens get the certificate of this key: " organisation helpdesk"; false: nobody's. */
static bool print_users(const struct settings *s, const struct keyring *keyring, const struct keyring_key *key)
{
	bool verified = settings_sign_requests(s) && keyring->requests == key, found = verified;
	size_t i;

	for (i = 0; i < s->connection_count; i++)
		found |= keyring->of[i] == key;
	if (!found)
		return false;
	printf("For");
	for (i = 0; i < s->connection_count; i++) {
		if (keyring->of[i] == key)
			printf(" %s", s->connections[i].name);
	}
	printf("%s:\n", verified ? " Entra ID" : "");
	return true;
}

static int print_certificates(const struct settings *s, const struct keyring *keyring, struct error *err)
{
	size_t i;

	for (i = 0; i < keyring->n; i++) {
		const struct keyring_key *key = &keyring->keys[i];

		if (!print_users(s, keyring, key))
			continue;
		if (key->fault.reason != REASON_NONE) {
			*err = key->fault;
			return -1;
		}
		setup_print_certificate(key);
	}
	return keyring->n ? 0 : error_set(err, REASON_SETTINGS, "there is no signing key yet: postern keys make NAME");
}

int command_setup(struct arena *a, const char *settings_path, int argc, char **argv)
{
	struct files *files = files_from_disk(a);
	const struct settings *s;
	struct keyring keyring;
	struct error err;
	size_t i;

	(void)argv;
	if (argc != 1)
		return CALLED_WRONGLY;
	if (settings_read(a, files, settings_path, &s, NULL, &err) < 0 || keyring_read(a, files, s, &keyring, &err) < 0) {
		fprintf(stderr, "postern setup: %s\n", err.detail);
		return 1;
	}
	print_entra(s);
	for (i = 0; i < s->connection_count; i++) {
		setup_print_connection(s, &s->connections[i]);
		print_way_back(s, &s->connections[i]);
	}
	if (print_certificates(s, &keyring, &err) < 0) {
		fprintf(stderr, "postern setup: %s\n", err.detail);
		return 1;
	}
	return 0;
}
