/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What an identity provider may say in other words, and what it must not say: changes ahead of the signature. */
#include "tests/differential/generator.h"

#define SUCCESS "urn:oasis:names:tc:SAML:2.0:status:Success"
#define BEARER "urn:oasis:names:tc:SAML:2.0:cm:bearer"
#define STATUS "<samlp:Status><samlp:StatusCode Value=\"" SUCCESS "\"/></samlp:Status>"
#define NAME_ID_OPEN "<NameID Format=\"" SAML_FORMAT_EMAIL "\">"
#define NAME_ID NAME_ID_OPEN FORGE_NAME_ID "</NameID>"
#define NOT_BEFORE "NotBefore=\"2026-11-24T13:14:15.013Z\""
#define NOT_AFTER "NotOnOrAfter=\"2026-11-24T14:19:15.013Z\""
#define RESTRICTION "<AudienceRestriction><Audience>" FORGE_ENTITY "</Audience></AudienceRestriction>"
#define CONTEXT "<AuthnContext><AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:Password</AuthnContextClassRef>" \
	"</AuthnContext>"
#define SESSION "SessionIndex=\"" FORGE_ASSERTION_ID "\""
#define DATA "<SubjectConfirmationData InResponseTo=\"" FORGE_REQUEST "\" " NOT_AFTER " Recipient=\"" FORGE_ACS "\"/>"
#define CONFIRMATION "<SubjectConfirmation Method=\"" BEARER "\">" DATA "</SubjectConfirmation>"
#define XSI "xmlns:i=\"http://www.w3.org/2001/XMLSchema-instance\" xmlns:s=\"http://www.w3.org/2001/XMLSchema\" " \
	"i:type=\"s:string\""
#define NAMED(text) FORGE_NAME_ID "</NameID>", text "</NameID>"

const struct saying sayings[] = {
	/* in other words */
	{"name with marks", NAMED("o'brien&amp;sons@example.org"), true},
	{"name with angles", NAMED("a&lt;b&gt;c"), true},
	{"name beyond ASCII", NAMED("J\xc3\xbcrgen &#x4e00;&#x1f600;"), true},
	{"name with two blanks", NAMED("a  b"), true},
	{"name like an end of CDATA", NAMED("]]&gt;&quot;&#39;"), true},
	{"name of a guest", NAMED("a_b#EXT#@example.onmicrosoft.com"), true},
	{"no name format", " Format=\"" SAML_FORMAT_EMAIL "\"", "", true},
	{"persistent name", SAML_FORMAT_EMAIL, SAML_FORMAT_PERSISTENT, true},
	{"name qualified", "<NameID ", "<NameID SPNameQualifier=\"" FORGE_ENTITY "\" NameQualifier=\"x\" ", true},
	{"prefix of its own", NAME_ID, "<n:NameID xmlns:n=\"" NS_SAML "\">" FORGE_NAME_ID "</n:NameID>", true},
	{"default namespace again", "<Subject>", "<Subject xmlns=\"" NS_SAML "\">", true},
	{"unused prefix", "<Conditions ", "<Conditions xmlns:u=\"urn:unused\" ", true},
	{"issuer of entity format", "<Issuer xmlns=\"" NS_SAML "\">",
		"<Issuer xmlns=\"" NS_SAML "\" Format=\"urn:oasis:names:tc:SAML:2.0:nameid-format:entity\">", true},
	{"consent", " Version=\"2.0\" IssueInstant=\"2026-11-24T13:19:15.123Z\"",
		" Consent=\"urn:oasis:names:tc:SAML:2.0:consent:unspecified\" Version=\"2.0\" IssueInstant=\"2026-11-24T13:19:15.123Z\"", true},
	{"one-time use", RESTRICTION, RESTRICTION "<OneTimeUse/>", true},
	{"proxy restriction", RESTRICTION, RESTRICTION "<ProxyRestriction Count=\"0\"/>", true},
	{"no context", CONTEXT,
		"<AuthnContext><AuthnContextClassRef>urn:federation:authentication:windows</AuthnContextClassRef></AuthnContext>", true},
	{"authority", "</AuthnContextClassRef>",
		"</AuthnContextClassRef><AuthenticatingAuthority>urn:x</AuthenticatingAuthority>", true},
	{"session end", SESSION, SESSION " SessionNotOnOrAfter=\"2026-11-24T23:00:00Z\"", true},
	{"typed value", "<AttributeValue>Anna Meier", "<AttributeValue " XSI ">Anna Meier", true},
	{"friendly name", "<Attribute Name=\"" SAML_CLAIM_TENANT "\"",
		"<Attribute FriendlyName=\"t\" NameFormat=\"urn:oasis:names:tc:SAML:2.0:attrname-format:uri\" Name=\"" SAML_CLAIM_TENANT "\"", true},
	{"more attributes", "<AttributeStatement>", "<AttributeStatement><Attribute Name=\"urn:x\"><AttributeValue>1</AttributeValue>"
		"<AttributeValue>&amp;2</AttributeValue></Attribute>", true},
	{"empty lines", "</Conditions>", "\n</Conditions>\n\t", true},
	{"indented", "<Subject>", "\n  <Subject>\n    ", true},
	{"address on confirmation", "<SubjectConfirmationData ", "<SubjectConfirmationData Address=\"192.0.2.7\" ", true},
	{"end within the skew", NOT_BEFORE " " NOT_AFTER ">", NOT_BEFORE " NotOnOrAfter=\"2026-11-24T13:16:17Z\">", true},
	{"begin within the skew", NOT_BEFORE " " NOT_AFTER ">", "NotBefore=\"2026-11-24T13:22:16Z\" " NOT_AFTER ">", true},
	{"confirmation within the skew", NOT_AFTER " Recipient", "NotOnOrAfter=\"2026-11-24T13:16:17Z\" Recipient", true},
	{"issued within the skew", "2026-11-24T13:19:15.107Z", "2026-11-24T13:15:56Z", true},
	{"tenant in capitals", "<AttributeValue>" FORGE_TENANT, "<AttributeValue>7B1C2D3E-4F50-4A61-8B72-93A4B5C6D7E8", true},
	/* wrongly */
	{"other audience", "<Audience>", "<Audience>https://other.example.org", false},
	{"audience with a blank", "<Audience>", "<Audience> ", false},
	{"two audiences", "<Audience>", "<Audience>https://other.example.org</Audience><Audience>", false},
	{"two restrictions", RESTRICTION, RESTRICTION RESTRICTION, false},
	{"no restriction", RESTRICTION, "", false},
	{"unknown condition", RESTRICTION, RESTRICTION "<Condition/>", false},
	{"no conditions", "<Conditions " NOT_BEFORE " " NOT_AFTER ">" RESTRICTION "</Conditions>", "", false},
	{"ended", NOT_AFTER ">", "NotOnOrAfter=\"2026-11-24T13:16:16Z\">", false},
	{"not begun", NOT_BEFORE, "NotBefore=\"2026-11-24T13:22:17Z\"", false},
	{"no begin", NOT_BEFORE, "", false},
	{"no end", " " NOT_AFTER ">", ">", false},
	{"confirmation ended", NOT_AFTER " Recipient", "NotOnOrAfter=\"2026-11-24T13:16:16Z\" Recipient", false},
	{"confirmation without end", NOT_AFTER " Recipient", "Recipient", false},
	{"confirmation with begin", "<SubjectConfirmationData ",
		"<SubjectConfirmationData NotBefore=\"2026-11-24T13:14:15Z\" ", false},
	{"other recipient", "Recipient=\"" FORGE_ACS, "Recipient=\"https://other.example.org/", false},
	{"no recipient", " Recipient=\"" FORGE_ACS "\"", "", false},
	{"other destination", "Destination=\"" FORGE_ACS, "Destination=\"" FORGE_ACS "/", false},
	{"no destination", " Destination=\"" FORGE_ACS "\"", "", false},
	{"unsolicited", " InResponseTo=\"" FORGE_REQUEST "\" xmlns", " xmlns", false},
	{"other request", "InResponseTo=\"" FORGE_REQUEST "\" xmlns", "InResponseTo=\"_ffff\" xmlns", false},
	{"other request inside", "Data InResponseTo=\"" FORGE_REQUEST, "Data InResponseTo=\"_ffff", false},
	{"no request inside", "Data InResponseTo=\"" FORGE_REQUEST "\"", "Data", false},
	{"other issuer", FORGE_ISSUER "</Issuer>", "https://sts.windows.net/other/</Issuer>", false},
	{"no issuer", "<Issuer xmlns=\"" NS_SAML "\">" FORGE_ISSUER "</Issuer>", "", false},
	{"other status", SUCCESS, "urn:oasis:names:tc:SAML:2.0:status:Responder", false},
	{"no status", STATUS, "", false},
	{"no name", NAME_ID, "", false},
	{"empty name", FORGE_NAME_ID "</NameID>", "</NameID>", false},
	{"two names", NAME_ID, NAME_ID NAME_ID, false},
	{"name with an element", NAMED("a<x xmlns=\"urn:x\"/>b"), false},
	{"name of another service", "<NameID ", "<NameID SPNameQualifier=\"https://other.example.org\" ", false},
	{"no confirmation", CONFIRMATION, "", false},
	{"two confirmations", CONFIRMATION, CONFIRMATION CONFIRMATION, false},
	{"holder of key", BEARER, "urn:oasis:names:tc:SAML:2.0:cm:holder-of-key", false},
	{"no statement", SESSION, "", false},
	{"session over", SESSION, SESSION " SessionNotOnOrAfter=\"2026-11-24T13:16:16Z\"", false},
	{"signed on in the future", "2026-09-04T06:11:02.000Z", "2026-11-24T13:22:17Z", false},
	{"issued long ago", "2026-11-24T13:19:15.107Z", "2026-11-24T12:19:15Z", false},
	{"issued in the future", "2026-11-24T13:19:15.123Z", "2026-11-24T13:22:17Z", false},
	{"local time", "13:19:15.123Z", "13:19:15.123+01:00", false},
	{"other tenant", "<AttributeValue>" FORGE_TENANT, "<AttributeValue>11111111-4f50-4a61-8b72-93a4b5c6d7e8", false},
	{"attribute twice", "<AttributeStatement>",
		"<AttributeStatement><Attribute Name=\"" SAML_CLAIM_OBJECT_ID "\"><AttributeValue>x"
		"</AttributeValue></Attribute>", false},
	{"value with an element", "<AttributeValue>Anna Meier", "<AttributeValue>Anna<b xmlns=\"urn:x\"/>Meier", false},
	{"empty value", "<AttributeValue>Anna Meier", "<AttributeValue>", false},
	{"advice", "<AttributeStatement>", "<Advice/><AttributeStatement>", false},
	{"extensions", STATUS, "<samlp:Extensions><x xmlns=\"urn:x\"/></samlp:Extensions>" STATUS, false},
	{"SAML 1.1", "Version=\"2.0\"", "Version=\"1.1\"", false},
};

const size_t saying_count = sizeof(sayings) / sizeof(*sayings);
