/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Our own metadata: as identity provider toward Atlassian, as service provider toward Entra. */
#include "gateway/gateway.h"
#include "gateway/pages.h"

static void reply(struct http_exchange *x, struct slice document)
{
	x->status = 200;
	x->reply_type = "application/samlmetadata+xml";
	x->reply_body = document;
}

/* door NULL: for all.  All keys are published, so that a partner may trust the next one before it signs; the one that signs now comes first. */
static void reply_idp(struct http_exchange *x, const struct gateway *g, const struct settings_connection *door)
{
	const struct settings *s = g->settings;
	const struct keyring_key *first = door ? keyring_of(&g->keyring, s, door) : g->keyring.usual;
	struct saml_own own = {
		.entity_id = door ? door->idp_entity_id : s->idp_entity_id, .certificates = keyring_certificates(x->arena, &g->keyring, first),
		.sso_url = arena_printf(x->arena, "%s/saml/idp/sso", s->public_url),
		.requests_signed = door ? door->requests == REQUESTS_SIGNED : settings_demands_signed_requests(s),
	};

	reply(x, saml_idp_metadata(x->arena, &own));
}

void metadata_idp(struct http_exchange *x, void *gateway)
{
	reply_idp(x, gateway, NULL);
}

void metadata_idp_for(struct http_exchange *x, void *gateway)
{
	const struct gateway *g = gateway;
	const struct settings_connection *door = settings_connection(g->settings, x->rest);
	struct page_refusal page = {.reason = REASON_NO_SUCH_PAGE};

	if (door)
		reply_idp(x, g, door);
	else
		page_refusal(x, &page);
}

void metadata_sp(struct http_exchange *x, void *gateway)
{
	const struct gateway *g = gateway;
	bool signs = settings_sign_requests(g->settings);
	const char *acs_urls[] = {g->settings->acs_url, NULL};
	struct saml_own own = {
		.entity_id = g->settings->sp_entity_id,
		.encryption_certificates = g->encryption_certificates,
		.certificates = signs ? keyring_certificates(x->arena, &g->keyring, g->keyring.requests) : NULL,
		.acs_urls = acs_urls, .requests_signed = signs, .slo_url = g->settings->slo_url,
	};

	reply(x, saml_sp_metadata(x->arena, &own));
}
