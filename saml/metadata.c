/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Metadata of our own two faces (SAML metadata 2.4): the identity provider
 * that Atlassian sees and the service provider that Entra sees.  Written as
 * text; every value comes from the settings.
 */
#include "saml/saml.h"

#include "base/text.h"

#define NS_METADATA "urn:oasis:names:tc:SAML:2.0:metadata"
#define NS_PROTOCOL "urn:oasis:names:tc:SAML:2.0:protocol"
#define NS_DSIG "http://www.w3.org/2000/09/xmldsig#"
#define BINDING "urn:oasis:names:tc:SAML:2.0:bindings:"

static void begin(struct text *t, struct arena *a, const struct saml_own *own)
{
	text_begin(t, a, 4096);
	text_add_c(t, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<EntityDescriptor xmlns=\"" NS_METADATA "\" entityID=\"");
	text_add_xml_attribute(t, slice_c(own->entity_id));
	text_add_c(t, "\">\n");
}

/* methods: EncryptionMethod elements, or nothing. */
static void add_keys(struct text *t, const char *use, const char *const *certificates, const char *methods)
{
	for (; certificates && *certificates; certificates++) {
		text_addf(t, "    <KeyDescriptor use=\"%s\">\n", use);
		text_add_c(t, "      <ds:KeyInfo xmlns:ds=\"" NS_DSIG "\"><ds:X509Data><ds:X509Certificate>");
		text_add_xml_text(t, slice_c(*certificates));
		text_add_c(t, "</ds:X509Certificate></ds:X509Data></ds:KeyInfo>\n");
		text_add_c(t, methods);
		text_add_c(t, "    </KeyDescriptor>\n");
	}
}

/* What encrypted.c reads, the best first (SAML metadata 2.4.1.1). */
static const char encryption_methods[] =
	"      <EncryptionMethod Algorithm=\"http://www.w3.org/2009/xmlenc11#aes256-gcm\"/>\n"
	"      <EncryptionMethod Algorithm=\"http://www.w3.org/2009/xmlenc11#aes128-gcm\"/>\n"
	"      <EncryptionMethod Algorithm=\"http://www.w3.org/2001/04/xmlenc#aes256-cbc\"/>\n"
	"      <EncryptionMethod Algorithm=\"http://www.w3.org/2001/04/xmlenc#aes128-cbc\"/>\n"
	"      <EncryptionMethod Algorithm=\"http://www.w3.org/2009/xmlenc11#rsa-oaep\"/>\n"
	"      <EncryptionMethod Algorithm=\"http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p\"/>\n";

static void add_endpoint(struct text *t, const char *open, const char *location, const char *shut)
{
	text_add_c(t, open);
	text_add_c(t, " Location=\"");
	text_add_xml_attribute(t, slice_c(location));
	text_add_c(t, "\"");
	text_add_c(t, shut);
}

struct slice saml_idp_metadata(struct arena *a, const struct saml_own *own)
{
	struct text t;

	begin(&t, a, own);
	text_addf(&t, "  <IDPSSODescriptor WantAuthnRequestsSigned=\"%s\" protocolSupportEnumeration=\"" NS_PROTOCOL "\">\n",
		own->requests_signed ? "true" : "false");
	add_keys(&t, "signing", own->certificates, "");
	text_add_c(&t, "    <NameIDFormat>" SAML_FORMAT_EMAIL "</NameIDFormat>\n");
	add_endpoint(&t, "    <SingleSignOnService Binding=\"" BINDING "HTTP-Redirect\"", own->sso_url, "/>\n");
	add_endpoint(&t, "    <SingleSignOnService Binding=\"" BINDING "HTTP-POST\"", own->sso_url, "/>\n");
	text_add_c(&t, "  </IDPSSODescriptor>\n</EntityDescriptor>\n");
	return text_slice(&t);
}

/* The first ACS is the default; Entra registers the others as reply addresses too (one a host). */
struct slice saml_sp_metadata(struct arena *a, const struct saml_own *own)
{
	struct text t;

	begin(&t, a, own);
	text_addf(&t, "  <SPSSODescriptor AuthnRequestsSigned=\"%s\" WantAssertionsSigned=\"true\""
		" protocolSupportEnumeration=\"" NS_PROTOCOL "\">\n", own->requests_signed ? "true" : "false");
	add_keys(&t, "signing", own->certificates, "");
	add_keys(&t, "encryption", own->encryption_certificates, encryption_methods);
	if (own->slo_url)
		add_endpoint(&t, "    <SingleLogoutService Binding=\"" BINDING "HTTP-Redirect\"", own->slo_url, "/>\n");
	for (size_t i = 0; own->acs_urls && own->acs_urls[i]; i++) {
		text_addf(&t, "    <AssertionConsumerService index=\"%zu\"%s", i, i == 0 ? " isDefault=\"true\"" : "");
		add_endpoint(&t, " Binding=\"" BINDING "HTTP-POST\"", own->acs_urls[i], "/>\n");
	}
	text_add_c(&t, "  </SPSSODescriptor>\n</EntityDescriptor>\n");
	return text_slice(&t);
}
