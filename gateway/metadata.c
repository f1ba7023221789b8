/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Our own metadata: as identity provider toward Atlassian, as service provider toward Entra. */
#include "gateway/gateway.h"

static void reply(struct http_exchange *x, struct slice document)
{
	x->status = 200;
	x->reply_type = "application/samlmetadata+xml";
	x->reply_body = document;
}

void metadata_idp(struct http_exchange *x, void *gateway)
{
	const struct gateway *g = gateway;
	const char *certificates[] = {g->certificate, NULL};
	struct saml_own own = {
		.entity_id = g->settings->idp_entity_id, .certificates = certificates,
		.sso_url = arena_printf(x->arena, "%s/saml/idp/sso", g->settings->public_url),
	};

	reply(x, saml_idp_metadata(x->arena, &own));
}

void metadata_sp(struct http_exchange *x, void *gateway)
{
	const struct gateway *g = gateway;
	bool signs = settings_sign_requests(g->settings);
	const char *certificates[] = {signs ? g->certificate : NULL, NULL}, *acs_urls[] = {g->settings->acs_url, NULL};
	struct saml_own own = {
		.entity_id = g->settings->sp_entity_id, .certificates = certificates, .acs_urls = acs_urls, .requests_signed = signs,
	};

	reply(x, saml_sp_metadata(x->arena, &own));
}
