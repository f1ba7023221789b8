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

/* All keys are published, so that a partner may trust the next one before it signs; the one that signs now comes first. */
static void reply_idp(struct http_exchange *x, const struct gateway *g, const char *entity_id, const struct keyring_key *first)
{
	struct saml_own own = {
		.entity_id = entity_id, .certificates = keyring_certificates(x->arena, &g->keyring, first),
		.sso_url = arena_printf(x->arena, "%s/saml/idp/sso", g->settings->public_url),
	};

	reply(x, saml_idp_metadata(x->arena, &own));
}

void metadata_idp(struct http_exchange *x, void *gateway)
{
	const struct gateway *g = gateway;

	reply_idp(x, g, g->settings->idp_entity_id, g->keyring.usual);
}

void metadata_idp_for(struct http_exchange *x, void *gateway)
{
	const struct gateway *g = gateway;
	const struct settings_connection *door = settings_connection(g->settings, x->rest);
	struct page_refusal page = {.reason = REASON_NO_SUCH_PAGE};

	if (door)
		reply_idp(x, g, door->idp_entity_id, keyring_of(&g->keyring, g->settings, door));
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
		.certificates = signs ? keyring_certificates(x->arena, &g->keyring, g->keyring.requests) : NULL, .acs_urls = acs_urls, .requests_signed = signs,
		.encryption_certificates = g->encryption_certificates,
	};

	reply(x, saml_sp_metadata(x->arena, &own));
}
