/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The forge: keys, metadata, Responses. */
#include "tests/unit/forge.h"

#include "base/text.h"

#include <libxml/parser.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <xmlsec/crypto.h>
#include <xmlsec/openssl/crypto.h>
#include <xmlsec/openssl/evp.h>
#include <xmlsec/xmldsig.h>
#include <xmlsec/xmlsec.h>

static const char response_text[] =
	"<samlp:Response ID=\"" FORGE_RESPONSE_ID "\" Version=\"2.0\" IssueInstant=\"2026-11-24T13:19:15.123Z\" "
	"Destination=\"" FORGE_ACS "\" InResponseTo=\"" FORGE_REQUEST "\" xmlns:samlp=\"" NS_SAMLP "\">"
	"<Issuer xmlns=\"" NS_SAML "\">" FORGE_ISSUER "</Issuer>@RESPONSE@"
	"<samlp:Status><samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:Success\"/></samlp:Status>"
	"<Assertion ID=\"" FORGE_ASSERTION_ID "\" IssueInstant=\"2026-11-24T13:19:15.107Z\" Version=\"2.0\" xmlns=\""
		NS_SAML "\">"
	"<Issuer>" FORGE_ISSUER "</Issuer>@ASSERTION@"
	"<Subject><NameID Format=\"urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress\">" FORGE_NAME_ID "</NameID>"
	"<SubjectConfirmation Method=\"urn:oasis:names:tc:SAML:2.0:cm:bearer\">"
	"<SubjectConfirmationData InResponseTo=\"" FORGE_REQUEST "\" NotOnOrAfter=\"2026-11-24T14:19:15.013Z\" "
	"Recipient=\"" FORGE_ACS "\"/></SubjectConfirmation></Subject>"
	"<Conditions NotBefore=\"2026-11-24T13:14:15.013Z\" NotOnOrAfter=\"2026-11-24T14:19:15.013Z\">"
	"<AudienceRestriction><Audience>" FORGE_ENTITY "</Audience></AudienceRestriction></Conditions>"
	"<AttributeStatement>"
	"<Attribute Name=\"" SAML_CLAIM_TENANT "\"><AttributeValue>" FORGE_TENANT "</AttributeValue></Attribute>"
	"<Attribute Name=\"" SAML_CLAIM_OBJECT_ID "\"><AttributeValue>" FORGE_OBJECT_ID "</AttributeValue></Attribute>"
	"<Attribute Name=\"http://schemas.microsoft.com/identity/claims/displayname\">"
	"<AttributeValue>Anna Meier</AttributeValue></Attribute>"
	"<Attribute Name=\"http://schemas.microsoft.com/identity/claims/identityprovider\">"
	"<AttributeValue>" FORGE_ISSUER "</AttributeValue></Attribute>"
	"<Attribute Name=\"" SAML_CLAIM_AUTHN_METHODS "\">"
	"<AttributeValue>http://schemas.microsoft.com/ws/2008/06/identity/authenticationmethod/password</AttributeValue>"
	"<AttributeValue>" SAML_METHOD_MULTIPLE "</AttributeValue></Attribute>"
	"<Attribute Name=\"http://schemas.xmlsoap.org/ws/2005/05/identity/claims/givenname\">"
	"<AttributeValue>Anna</AttributeValue></Attribute>"
	"<Attribute Name=\"http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress\">"
	"<AttributeValue>anna.meier@example.org</AttributeValue></Attribute>"
	"<Attribute Name=\"http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name\">"
	"<AttributeValue>anna.meier@example.org</AttributeValue></Attribute></AttributeStatement>"
	"<AuthnStatement AuthnInstant=\"2026-09-04T06:11:02.000Z\" SessionIndex=\"" FORGE_ASSERTION_ID "\">"
	"<AuthnContext><AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:Password</AuthnContextClassRef>"
	"</AuthnContext></AuthnStatement></Assertion></samlp:Response>";

static const char usual_transforms[] = "<Transform Algorithm=\"" ALGORITHM_ENVELOPED "\"/><Transform Algorithm=\""
	ALGORITHM_C14N "\"/>";

static EVP_PKEY *keys[FORGE_KEYS];
static char *certificates[FORGE_KEYS];
static struct arena *arena, *group_arena;
static struct saml_provider *usual;

struct arena *forge_arena(void)
{
	if (!arena)
		arena = arena_new();
	return arena;
}

int forge_reset(void **state)
{
	(void)state;
	arena_free(arena);
	arena = NULL;
	return 0;
}

/* base64 of a certificate that ends at `end`. */
static char *certify(EVP_PKEY *key, time_t end)
{
	X509 *x = X509_new();
	unsigned char *der = NULL;
	struct text t;
	int n;

	X509_set_version(x, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(x), 7);
	ASN1_TIME_set(X509_getm_notBefore(x), FORGE_NOW - 700L * 86400);
	ASN1_TIME_set(X509_getm_notAfter(x), end);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC,
		(const unsigned char *)"Microsoft Azure Federated SSO Certificate", -1, -1, 0);
	X509_set_issuer_name(x, X509_get_subject_name(x));
	X509_set_pubkey(x, key);
	assert_true(X509_sign(x, key, EVP_sha256()) > 0);
	n = i2d_X509(x, &der);
	text_begin(&t, group_arena, (size_t)n * 2);
	text_add_base64(&t, slice_of(der, (size_t)n));
	OPENSSL_free(der);
	X509_free(x);
	return t.p;
}

int forge_begin(void **state)
{
	static const enum forge_key both[] = {FORGE_FIRST, FORGE_SECOND, FORGE_KEYS};
	struct error err = {0};

	(void)state;
	if (saml_start(&err) < 0)
		return -1;
	group_arena = arena_new();
	for (int i = 0; i < FORGE_KEYS; i++) {
		if (i == FORGE_EC)
			keys[i] = EVP_EC_gen("P-256");
		else
			keys[i] = EVP_RSA_gen(i == FORGE_WEAK ? 512 : 2048);
		assert_non_null(keys[i]);
		certificates[i] = certify(keys[i], FORGE_NOW + (i == FORGE_ENDED ? -1 : 300) * 86400L);
	}
	usual = forge_provider("signing", both);
	return 0;
}

int forge_end(void **state)
{
	saml_provider_free(usual);
	usual = NULL;
	for (int i = 0; i < FORGE_KEYS; i++)
		EVP_PKEY_free(keys[i]);
	forge_reset(state);
	arena_free(group_arena);
	saml_stop();
	return 0;
}

const char *forge_certificate(enum forge_key key)
{
	return certificates[key];
}

/* ---- metadata ---- */

static void add_descriptor(struct text *t, const char *use, enum forge_key key)
{
	text_add_c(t, "<KeyDescriptor");
	if (use)
		text_addf(t, " use=\"%s\"", use);
	text_addf(t, "><KeyInfo xmlns=\"" NS_DS "\"><X509Data><X509Certificate>%s</X509Certificate></X509Data></KeyInfo>"
		"</KeyDescriptor>", certificates[key]);
}

struct slice forge_metadata(const char *use, const enum forge_key *list)
{
	struct text t;

	text_begin(&t, forge_arena(), 8192);
	text_add_c(&t, "\xef\xbb\xbf<?xml version=\"1.0\" encoding=\"utf-8\"?>"
		"<EntityDescriptor ID=\"_d1f5c4e2\" entityID=\""
			FORGE_ISSUER "\" xmlns=\"urn:oasis:names:tc:SAML:2.0:metadata\">"
		"<RoleDescriptor xsi:type=\"fed:SecurityTokenServiceType\" "
		"protocolSupportEnumeration=\"http://docs.oasis-open.org/wsfed/federation/200706\" "
		"xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" "
		"xmlns:fed=\"http://docs.oasis-open.org/wsfed/federation/200706\">");
	add_descriptor(&t, "signing", FORGE_FOREIGN);
	text_add_c(&t, "</RoleDescriptor><IDPSSODescriptor protocolSupportEnumeration=\"" NS_SAMLP "\">");
	for (; *list != FORGE_KEYS; list++)
		add_descriptor(&t, use, *list);
	text_add_c(&t, "<SingleLogoutService Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect\" "
		"Location=\"https://login.microsoftonline.com/" FORGE_TENANT "/saml2\"/>"
		"<SingleSignOnService Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect\" "
		"Location=\"https://login.microsoftonline.com/" FORGE_TENANT "/saml2\"/>"
		"<SingleSignOnService Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST\" "
		"Location=\"https://login.microsoftonline.com/"
			FORGE_TENANT "/saml2\"/></IDPSSODescriptor></EntityDescriptor>");
	return text_slice(&t);
}

struct saml_provider *forge_provider(const char *use, const enum forge_key *list)
{
	struct saml_provider_options options = {.entity_id = FORGE_ISSUER, .tenant = FORGE_TENANT, .now = FORGE_NOW};
	struct saml_provider *p = NULL;
	struct error err;

	assert_done(saml_provider_read(forge_metadata(use, list), &options, &p, &err), err);
	return p;
}

/* ---- Responses ---- */

struct slice forge_replace(struct slice text, const char *from, const char *to)
{
	const char *at = memmem(text.p, text.n, from, strlen(from));
	struct text t;

	if (!at)
		fail_msg("the forge does not find \"%s\"", from);
	text_begin(&t, forge_arena(), text.n + strlen(to));
	text_add(&t, slice_of(text.p, (size_t)(at - text.p)));
	text_add_c(&t, to);
	at += strlen(from);
	text_add(&t, slice_of(at, text.n - (size_t)(at - text.p)));
	return text_slice(&t);
}

static struct slice apply(struct slice text, const struct forge_edit *edits)
{
	for (size_t i = 0; i < 6 && edits[i].from; i++)
		text = forge_replace(text, edits[i].from, edits[i].to);
	return text;
}

xmlNodePtr forge_find(xmlNodePtr top, const char *ns, const char *name)
{
	for (xmlNodePtr node = top; node; node = node->next) {
		xmlNodePtr below;

		if (node->type != XML_ELEMENT_NODE)
			continue;
		if (xmlStrEqual(node->name, BAD_CAST name) && node->ns && xmlStrEqual(node->ns->href, BAD_CAST ns))
			return node;
		below = forge_find(node->children, ns, name);
		if (below)
			return below;
	}
	return NULL;
}

static const char *signature_template(const struct forge *f, const char *id)
{
	return arena_printf(forge_arena(),
		"<Signature xmlns=\"" NS_DS "\"><SignedInfo><CanonicalizationMethod Algorithm=\"" ALGORITHM_C14N "\"/>"
		"<SignatureMethod Algorithm=\"%s\"/><Reference URI=\"#%s\"><Transforms>%s</Transforms>"
		"<DigestMethod Algorithm=\"%s\"/><DigestValue></DigestValue></Reference></SignedInfo>"
		"<SignatureValue></SignatureValue><KeyInfo><X509Data><X509Certificate>%s</X509Certificate></X509Data></KeyInfo>"
		"</Signature>", f->signature_method ? f->signature_method : ALGORITHM_RSA_SHA256, id,
		f->transforms ? f->transforms : usual_transforms, f->digest_method ? f->digest_method : ALGORITHM_SHA256,
		certificates[f->key]);
}

static xmlSecKeyPtr key_for(const struct forge *f)
{
	xmlSecKeyDataPtr data;
	xmlSecKeyPtr key;

	if (f->hmac_with_certificate)
		return xmlSecKeyReadMemory(xmlSecOpenSSLKeyDataHmacGetKlass(), (const xmlSecByte *)certificates[FORGE_FIRST],
			strlen(certificates[FORGE_FIRST]));
	EVP_PKEY_up_ref(keys[f->key]);
	data = xmlSecOpenSSLEvpKeyAdopt(keys[f->key]);
	key = xmlSecKeyCreate();
	assert_int_equal(xmlSecKeySetValue(key, data), 0);
	return key;
}

/* Signs the first Signature found below `element`, which is its own. */
static void sign(const struct forge *f, xmlNodePtr element)
{
	xmlSecDSigCtxPtr context = xmlSecDSigCtxCreate(NULL);
	xmlAttrPtr id = xmlHasNsProp(element, BAD_CAST "ID", NULL);

	if (id)
		xmlAddID(NULL, element->doc, id->children->content, id);
	context->signKey = key_for(f);
	assert_non_null(context->signKey);
	assert_int_equal(xmlSecDSigCtxSign(context, forge_find(element->children, NS_DS, "Signature")), 0);
	xmlSecDSigCtxDestroy(context);
}

static struct slice dump(xmlDocPtr doc)
{
	xmlBufferPtr buffer = xmlBufferCreate();
	struct slice out;

	xmlNodeDump(buffer, doc, xmlDocGetRootElement(doc), 0, 0);
	out = arena_slice(forge_arena(), slice_of(xmlBufferContent(buffer), (size_t)xmlBufferLength(buffer)));
	xmlBufferFree(buffer);
	return out;
}

struct slice forge_said(void)
{
	return forge_replace(forge_replace(slice_c(response_text), "@RESPONSE@", ""), "@ASSERTION@", "");
}

struct slice forge_text(const struct forge *f)
{
	enum forge_sign what = f->sign ? f->sign : FORGE_ASSERTION;
	struct slice text = slice_c(response_text);
	xmlDocPtr doc;

	text = forge_replace(text, "@RESPONSE@", what & FORGE_RESPONSE ? signature_template(f, FORGE_RESPONSE_ID) : "");
	text = forge_replace(text, "@ASSERTION@", what & FORGE_ASSERTION ? signature_template(f, FORGE_ASSERTION_ID) : "");
	text = apply(text, f->before);
	doc = xmlReadMemory(text.p, (int)text.n, NULL, NULL, XML_PARSE_NONET);
	assert_non_null(doc);
	if (what & FORGE_ASSERTION)
		sign(f, forge_find(xmlDocGetRootElement(doc), NS_SAML, "Assertion"));
	if (f->seal)
		f->seal(doc, f->how);
	if (what & FORGE_RESPONSE)
		sign(f, xmlDocGetRootElement(doc));
	if (f->rearrange)
		f->rearrange(doc);
	text = dump(doc);
	xmlFreeDoc(doc);
	return apply(text, f->after);
}

/* A template behind the start tag of the root, whose ID it names, then signed. */
struct slice forge_signed_metadata(const struct forge *f, struct slice metadata, const char *root)
{
	xmlDocPtr doc = xmlReadMemory(metadata.p, (int)metadata.n, NULL, NULL, XML_PARSE_NONET);
	xmlChar *id;
	struct slice text;
	const char *mark;

	assert_non_null(doc);
	id = xmlGetNoNsProp(xmlDocGetRootElement(doc), BAD_CAST "ID");
	text = dump(doc);
	mark = memchr(text.p, '>', text.n);
	assert_non_null(mark);
	assert_non_null(memmem(text.p, (size_t)(mark - text.p), root, strlen(root)));
	text = slice_c(arena_printf(forge_arena(), "%.*s%s%.*s", (int)(mark + 1 - text.p), text.p, signature_template(f, (const char *)id),
		(int)(text.p + text.n - mark - 1), mark + 1));
	xmlFree(id);
	xmlFreeDoc(doc);
	text = apply(text, f->before);
	doc = xmlReadMemory(text.p, (int)text.n, NULL, NULL, XML_PARSE_NONET);
	assert_non_null(doc);
	sign(f, xmlDocGetRootElement(doc));
	if (f->rearrange)
		f->rearrange(doc);
	text = dump(doc);
	xmlFreeDoc(doc);
	return apply(text, f->after);
}

struct slice forge_certificate_pem(enum forge_key key)
{
	const char *p = certificates[key];
	struct text t;

	text_begin(&t, forge_arena(), 4096);
	text_add_c(&t, "-----BEGIN CERTIFICATE-----\n");
	for (; *p; p += strnlen(p, 64))
		text_addf(&t, "%.64s\n", p);
	text_add_c(&t, "-----END CERTIFICATE-----\n");
	return text_slice(&t);
}

struct slice forge_base64(struct slice xml)
{
	struct text t;

	text_begin(&t, forge_arena(), xml.n * 2);
	text_add_base64(&t, xml);
	return text_slice(&t);
}

struct saml_expect forge_expect(void)
{
	return (struct saml_expect){
		.provider = usual, .entity_id = FORGE_ENTITY, .acs_url = FORGE_ACS, .request_id = FORGE_REQUEST,
		.requested_at = FORGE_NOW - 20, .now = FORGE_NOW,
	};
}

struct saml_identity forge_accepted(const struct forge *f)
{
	struct saml_expect expect = forge_expect();
	struct saml_identity identity = {0};
	struct error err;

	assert_done(saml_response_read(forge_arena(), &expect, forge_base64(forge_text(f)), &identity, &err), err);
	return identity;
}

void forge_text_refused(struct slice xml, enum reason reason)
{
	struct saml_expect expect = forge_expect();
	struct saml_identity identity = {0};
	struct error err;

	assert_refused(saml_response_read(forge_arena(), &expect, forge_base64(xml), &identity, &err), err, reason);
	assert_null(identity.name_id);
}

void forge_refused(const struct forge *f, enum reason reason)
{
	forge_text_refused(forge_text(f), reason);
}

void forge_edit_refused(const char *from, const char *to, enum reason reason)
{
	for (int what = FORGE_ASSERTION; what <= FORGE_BOTH; what++)
		forge_refused(&(struct forge){.sign = (enum forge_sign)what, .before = {{from, to}}}, reason);
}

/* ---- HTTP-Redirect ---- */

static void add_escaped(struct text *t, struct slice s)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		text_addf(t, strchr("+/=", c) ? "%%%02x" : "%c", c);
	}
}

/* Stored, not compressed: blocks of deflate with their length in front (RFC 1951 section 3.2.4). */
static struct slice stored(const char *xml)
{
	size_t n = strlen(xml), most = 60000;
	unsigned char *out = arena_alloc(forge_arena(), n + 5 * (n / most + 1)), *p = out;

	do {
		size_t block = n < most ? n : most;

		p[0] = block == n;
		p[1] = (unsigned char)(block & 0xff);
		p[2] = (unsigned char)(block >> 8);
		p[3] = (unsigned char)~p[1];
		p[4] = (unsigned char)~p[2];
		memcpy(p + 5, xml, block);
		p += 5 + block;
		xml += block;
		n -= block;
	} while (n > 0);
	return slice_of(out, (size_t)(p - out));
}

const char *forge_query(const char *parameter, const char *xml, const char *more)
{
	struct text t;

	text_begin(&t, forge_arena(), 4096);
	text_addf(&t, "%s=", parameter);
	add_escaped(&t, forge_base64(stored(xml)));
	text_add_c(&t, more);
	return t.p;
}

const char *forge_signed_query(const char *query, const char *algorithm, enum forge_key key)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	unsigned char signature[1024];
	size_t n = sizeof(signature);
	struct text t;

	text_begin(&t, forge_arena(), 4096);
	text_addf(&t, "%s&SigAlg=%s", query, algorithm);
	assert_int_equal(EVP_DigestSignInit_ex(context, NULL, "SHA256", NULL, NULL, keys[key], NULL), 1);
	assert_int_equal(EVP_DigestSign(context, signature, &n, (const unsigned char *)t.p, t.n), 1);
	EVP_MD_CTX_free(context);
	text_add_c(&t, "&Signature=");
	add_escaped(&t, forge_base64(slice_of(signature, n)));
	return t.p;
}
