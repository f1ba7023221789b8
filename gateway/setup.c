/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * `postern setup`: every value to paste, for Entra's screen and for Atlassian's.
 *
 * The names are those that the screens show (doc/atlassian-setup.md walks
 * through them in order).
 */
#include "gateway/commands.h"

#include "base/encode.h"

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
	printf("  Logout URL                      (leave empty)\n\n");
	if (settings_sign_requests(s)) {
		printf("  Verification certificates       Required, with the certificate below; leave RSA-SHA1 off\n");
		printf("                                  (from then on a sign-on cannot begin at Entra ID's tile but through a link above)\n");
	}
	printf("  Or upload our metadata          %s/saml/sp/metadata\n\n", s->public_url);
	printf("  Back to Postern, in %s:\n", s->file);
	printf("    the \"App Federation Metadata Url\" of that screen goes to identity_providers.NAME.metadata,\n");
	printf("    your tenant's id to identity_providers.NAME.tenant.\n\n");
}

static void print_managed(const struct settings *s, const struct settings_connection *c)
{
	printf("Atlassian, connection %s: Atlassian Administration > Security > Identity providers > your directory > SAML single sign-on\n\n",
		c->name);
	printf("  Identity provider Entity ID     %s\n", s->idp_entity_id);
	printf("  Identity provider SSO URL       %s/saml/idp/sso\n", s->public_url);
	printf("  Public x509 certificate         the certificate below\n\n");
	printf("  What that screen shows afterwards must stand in %s:%d:\n", s->file, c->line);
	printf("    Service provider entity URL                      entity_id, now %s\n", c->entity_id);
	printf("    Service provider assertion consumer service URL  acs, now %s\n\n", c->acs);
}

static void print_portal(const struct settings *s, const struct settings_connection *c)
{
	printf("Atlassian, connection %s: Atlassian Administration > Apps > your site > Jira Service Management > Portal-only customers >\n"
	       "  Identity provider > your directory > Set up SAML single sign-on\n\n", c->name);
	printf("  Identity provider Entity ID     %s\n", s->idp_entity_id);
	printf("  Identity provider SSO URL       %s/saml/idp/sso\n", s->public_url);
	printf("  Public x509 certificate         the certificate below\n\n");
	printf("  Copy entity ID and ACS of that screen, as they are, to %s:%d:\n", s->file, c->line);
	printf("    entity_id, now %s\n    acs, now %s\n\n", c->entity_id, c->acs);
}

static int print_certificate(struct arena *a, const struct settings *s, struct files *files, struct error *err)
{
	struct slice pem;
	const char *base64, *begin, *end;
	int64_t until;
	char day[21];

	if (files_get(files, s->certificate_file, FILE_PUBLIC, FILES_ALL, &pem, err) < 0 ||
		saml_certificate_read(a, pem, &base64, &until, err) < 0)
		return -1;
	time_write(until, day);
	printf("The certificate (%s, until %.10s):\n\n", s->certificate_file, day);
	begin = strstr(pem.p, "-----BEGIN CERTIFICATE-----");
	end = begin ? strstr(begin, "-----END CERTIFICATE-----") : NULL;
	if (end)
		printf("%.*s-----END CERTIFICATE-----\n", (int)(end - begin), begin);
	return 0;
}

int command_setup(struct arena *a, const char *settings_path, int argc, char **argv)
{
	struct files *files = files_from_disk(a);
	const struct settings *s;
	struct error err;
	size_t i;

	(void)argv;
	if (argc != 1) {
		fputs("usage: postern setup\n", stderr);
		return 2;
	}
	if (settings_read(a, files, settings_path, &s, NULL, &err) < 0) {
		fprintf(stderr, "postern setup: %s\n", err.detail);
		return 1;
	}
	print_entra(s);
	for (i = 0; i < s->connection_count; i++) {
		if (s->connections[i].kind == DOOR_MANAGED)
			print_managed(s, &s->connections[i]);
		else
			print_portal(s, &s->connections[i]);
	}
	if (print_certificate(a, s, files, &err) < 0) {
		fprintf(stderr, "postern setup: %s\n", err.detail);
		return 1;
	}
	return 0;
}
