/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Metadata of both faces (SAML metadata 2.4.3, 2.4.4), from pasted values. */
#include "tests/demo/peer_saml.h"
#include "tests/demo/peer.h"

#define SAML_NAMES "xmlns=\"urn:oasis:names:tc:SAML:2.0:metadata\""
#define KEY_FOR(use) "<KeyDescriptor use=\"" use "\"><KeyInfo xmlns=\"http://www.w3.org/2000/09/xmldsig#\"><X509Data>" \
	"<X509Certificate>{certificate}</X509Certificate></X509Data></KeyInfo></KeyDescriptor>"
#define KEY KEY_FOR("signing")
#define LOGOUT_SERVICE "<SingleLogoutService Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect\" Location=\"{logout}\"/>"
#define IDP_ROLE(logout) "<IDPSSODescriptor protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:2.0:protocol\">" KEY logout \
	"<SingleSignOnService Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect\" Location=\"{sso}\"/>" \
	"<SingleSignOnService Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST\" Location=\"{sso}\"/></IDPSSODescriptor>"
#define WS_FEDERATION_ROLE "<RoleDescriptor xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" " \
	"xmlns:fed=\"http://docs.oasis-open.org/wsfed/federation/200706\" xsi:type=\"fed:SecurityTokenServiceType\" " \
	"protocolSupportEnumeration=\"http://docs.oasis-open.org/wsfed/federation/200706\">" KEY "</RoleDescriptor>"
#define SP_HEAD "<EntityDescriptor " SAML_NAMES " entityID=\"{entity}\">" \
	"<SPSSODescriptor protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:2.0:protocol\" WantAssertionsSigned=\"true\">"
#define SP_ACS "<AssertionConsumerService index=\"{index}\" isDefault=\"{default}\" " \
	"Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST\" Location=\"{acs}\"/>"
#define SP_END "</SPSSODescriptor></EntityDescriptor>"

void peer_time(char text[PEER_TIME_SIZE], time_t t)
{
	struct tm parts;

	gmtime_r(&t, &parts);
	strftime(text, PEER_TIME_SIZE, "%Y-%m-%dT%H:%M:%S.000Z", &parts);
}

/* What was written into the buffer, as a string; frees the buffer. */
static char *document(struct evbuffer *buffer)
{
	size_t n = evbuffer_get_length(buffer);
	char *text = malloc(n + 1);

	if (!text)
		peer_die("out of memory");
	evbuffer_remove(buffer, text, n);
	text[n] = '\0';
	evbuffer_free(buffer);
	return text;
}

static char *idp_document(const char *template, const char *entity_id, const char *sso_url, const char *certificate)
{
	struct evbuffer *buffer = evbuffer_new();
	char id[PEER_ID_SIZE];

	peer_random_id(id);
	peer_add(buffer, template, "entity", entity_id, "sso", sso_url, "logout", sso_url, "certificate", certificate, "id", id, NULL);
	return document(buffer);
}

char *peer_idp_metadata(const char *entity_id, const char *sso_url, const char *certificate)
{
	return idp_document("<EntityDescriptor " SAML_NAMES " entityID=\"{entity}\">" IDP_ROLE("") "</EntityDescriptor>",
		entity_id, sso_url, certificate);
}

char *peer_entra_metadata(const char *entity_id, const char *sso_url, const char *certificate)
{
	return idp_document("\xef\xbb\xbf<?xml version=\"1.0\" encoding=\"utf-8\"?><EntityDescriptor ID=\"{id}\" entityID=\"{entity}\" "
		SAML_NAMES ">" WS_FEDERATION_ROLE IDP_ROLE(LOGOUT_SERVICE) "</EntityDescriptor>", entity_id, sso_url, certificate);
}

char *peer_sp_metadata(const char *entity_id, const char *acs_urls, const char *logout_url, const char *encrypt_for)
{
	struct evbuffer *buffer = evbuffer_new();
	char index[16], *url;
	size_t n;

	peer_add(buffer, SP_HEAD, "entity", entity_id, NULL);
	if (encrypt_for)
		peer_add(buffer, KEY_FOR("encryption"), "certificate", encrypt_for, NULL);
	if (logout_url)
		peer_add(buffer, LOGOUT_SERVICE, "logout", logout_url, NULL);
	for (int i = 0; *acs_urls; i++) {
		n = strcspn(acs_urls, ",");
		url = strndup(acs_urls, n);
		snprintf(index, sizeof(index), "%d", i);
		peer_add(buffer, SP_ACS, "index", index, "default", i ? "false" : "true", "acs", url, NULL);
		free(url);
		acs_urls += n + (acs_urls[n] == ',');
	}
	evbuffer_add(buffer, SP_END, strlen(SP_END));
	return document(buffer);
}
