/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The AuthnRequest from Atlassian, from the bytes that a browser brought (SAML
 * bindings 3.4 and 3.5, core 3.4.1).
 *
 * Parameters are taken from the raw query or form body, each at most once, so
 * that what is read is what a signature over the query would cover.  A
 * signature in the request is allowed and gives it no more trust: the answer
 * goes to the connection's own address in any case.
 */
#include "saml/saml.h"
#include "saml/xml.h"

#include "base/encode.h"

#include <zlib.h>

#define ID_MAX 256                      /* bytes; it comes back in the browser's cookie and in the answer */
#define VALUE_MAX 2048                  /* bytes of an address, an issuer or a name */
#define INFLATE_BEGIN 4096
#define DEFLATE_ENCODING "urn:oasis:names:tc:SAML:2.0:bindings:URL-Encoding:DEFLATE"

/* ---- from parameters to bytes ---- */

/* decoded {NULL, 0}: the parameter is not there. */
static int parameter(struct arena *a, struct slice parameters, const char *name, struct slice *out, struct error *err)
{
	struct slice raw = {NULL, 0}, decoded = {NULL, 0};
	int found = form_find(parameters, name, &raw);

	if (found < 0)
		return error_set(err, REASON_REQUEST_DOUBLED, "%s is there twice", name);
	if (found > 0 && form_decode(a, raw, &decoded) < 0)
		return error_set(err, REASON_REQUEST_MALFORMED, "%s has a bad %%-escape", name);
	*out = decoded;
	return 0;
}

/*
 * Goes to a browser as a form value and comes back from there: what a form
 * does not carry unchanged (no UTF-8; line ends become CR LF) is refused, the
 * rest is kept byte for byte.
 */
static int read_relay_state(struct arena *a, struct slice parameters, struct slice *out, struct error *err)
{
	struct slice s;

	if (parameter(a, parameters, "RelayState", &s, err) < 0)
		return -1;
	if (s.n > SAML_RELAY_STATE_MAX)
		return error_set(err, REASON_RELAY_STATE_TOO_LONG, "RelayState has %zu bytes, at most %d", s.n,
			SAML_RELAY_STATE_MAX);
	if (s.n && (!utf8_is_clean(s) || memchr(s.p, '\r', s.n) || memchr(s.p, '\n', s.n)))
		return error_set(err, REASON_REQUEST_MALFORMED, "RelayState is not UTF-8, or holds control characters");
	*out = s;
	return 0;
}

/* SAML bindings 3.4.4.1; the stream must end where the bytes end. */
static int inflate_all(struct arena *a, z_stream *z, struct slice *out, struct error *err)
{
	size_t capacity = INFLATE_BEGIN;
	char *p = arena_alloc(a, capacity);
	int rc;

	for (;;) {
		z->next_out = (Bytef *)p + z->total_out;
		z->avail_out = (uInt)(capacity - z->total_out);
		rc = inflate(z, Z_FINISH);
		if (z->total_out > SAML_REQUEST_MAX)
			return error_set(err, REASON_REQUEST_TOO_LARGE, "inflates to more than %d bytes", SAML_REQUEST_MAX);
		if (rc == Z_STREAM_END)
			break;
		if (z->avail_out != 0 || (rc != Z_OK && rc != Z_BUF_ERROR))
			return error_set(err, REASON_REQUEST_MALFORMED, "not a deflate stream: %s",
				z->msg ? z->msg : "cut off");
		p = memcpy(arena_alloc(a, capacity * 2), p, z->total_out);
		capacity *= 2;
	}
	if (z->avail_in != 0)
		return error_set(err, REASON_REQUEST_MALFORMED, "%u bytes behind the deflate stream", z->avail_in);
	*out = slice_of(p, z->total_out);
	return 0;
}

static int inflate_raw(struct arena *a, struct slice in, struct slice *out, struct error *err)
{
	z_stream z = {.next_in = (Bytef *)(uintptr_t)in.p, .avail_in = (uInt)in.n};
	int rc;

	if (inflateInit2(&z, -MAX_WBITS) != Z_OK)
		return error_set(err, REASON_INTERNAL, "zlib does not start");
	rc = inflate_all(a, &z, out, err);
	inflateEnd(&z);
	return rc;
}

static int require_encoding(struct arena *a, struct slice parameters, struct error *err)
{
	struct slice encoding;

	if (parameter(a, parameters, "SAMLEncoding", &encoding, err) < 0)
		return -1;
	if (encoding.p && !slice_is(encoding, DEFLATE_ENCODING))
		return error_set(err, REASON_REQUEST_MALFORMED, "SAMLEncoding is not DEFLATE");
	return 0;
}

static int read_message(struct arena *a, enum saml_binding binding, struct slice parameters, struct slice *out,
	struct error *err)
{
	struct slice base64, bytes;

	if (parameter(a, parameters, "SAMLRequest", &base64, err) < 0)
		return -1;
	if (base64.n == 0)
		return error_set(err, REASON_REQUEST_MISSING, "no SAMLRequest");
	if (base64.n > SAML_REQUEST_MAX * 2 && binding == SAML_POST)
		return error_set(err, REASON_REQUEST_TOO_LARGE, "SAMLRequest has %zu bytes", base64.n);
	if (binding == SAML_REDIRECT && require_encoding(a, parameters, err) < 0)
		return -1;
	if (base64_decode(a, base64, &bytes) < 0)
		return error_set(err, REASON_REQUEST_MALFORMED, "SAMLRequest is not base64");
	if (binding == SAML_REDIRECT)
		return inflate_raw(a, bytes, out, err);
	*out = bytes;
	return 0;
}

/* ---- from the document to the request ---- */

/* In the order of the schema, each at most once (core 3.2.1 and 3.4.1). */
static const struct {
	const char *ns, *name;
} children[] = {
	{XML_NS_ASSERTION, "Issuer"},
	{XML_NS_SIGNATURE, "Signature"},
	{XML_NS_PROTOCOL, "Extensions"},
	{XML_NS_ASSERTION, "Subject"},
	{XML_NS_PROTOCOL, "NameIDPolicy"},
	{XML_NS_ASSERTION, "Conditions"},
	{XML_NS_PROTOCOL, "RequestedAuthnContext"},
	{XML_NS_PROTOCOL, "Scoping"},
};

static int require_children(const xml_node *root, struct error *err)
{
	const size_t n = sizeof(children) / sizeof(children[0]);
	size_t next = 0;

	for (const xml_node *child = xml_first(root); child; child = xml_next(child)) {
		while (next < n && !xml_is(child, children[next].ns, children[next].name))
			next++;
		if (next++ >= n)
			return error_set(err, REASON_REQUEST_MALFORMED, "%s does not belong there in an AuthnRequest",
				xml_name(child));
	}
	return xml_require_no_text(root, REASON_REQUEST_MALFORMED, err);
}

/* An attribute that may be missing (*out NULL); character references could bring in what no address holds. */
static int copy_attribute(struct arena *a, const xml_node *node, const char *name, const char **out, struct error *err)
{
	const char *value = xml_attribute(node, name);
	struct slice s = slice_c(value);

	if (s.n > VALUE_MAX)
		return error_set(err, REASON_REQUEST_MALFORMED, "%s has %zu bytes", name, s.n);
	if (s.n && (!utf8_is_clean(s) || strpbrk(value, "\t\r\n")))
		return error_set(err, REASON_REQUEST_MALFORMED, "%s holds control characters", name);
	*out = arena_strdup(a, value);
	return 0;
}

/* An xs:ID in plain characters: it is echoed in InResponseTo, where it must be one again. */
static bool is_id(const char *id)
{
	for (size_t i = 0; id[i]; i++) {
		unsigned char c = (unsigned char)id[i];
		bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c >= 0x80;
		bool later = (c >= '0' && c <= '9') || c == '-' || c == '.';

		if (!letter && !(later && i > 0))
			return false;
	}
	return *id != '\0';
}

static int read_id(struct arena *a, const xml_node *root, const char **out, struct error *err)
{
	const char *id;

	if (xml_require_attribute(root, "ID", REASON_REQUEST_MALFORMED, &id, err) < 0)
		return -1;
	if (strlen(id) > ID_MAX)
		return error_set(err, REASON_REQUEST_MALFORMED, "the ID has %zu bytes, at most %d", strlen(id), ID_MAX);
	if (!is_id(id) || !utf8_is_clean(slice_c(id)))
		return error_set(err, REASON_REQUEST_MALFORMED, "the ID is not an xs:ID");
	*out = arena_strdup(a, id);
	return 0;
}

static int copy_value(struct arena *a, const xml_node *node, const char **out, struct error *err)
{
	const char *value;

	if (xml_value(node, REASON_REQUEST_MALFORMED, &value, err) < 0)
		return -1;
	if (strlen(value) > VALUE_MAX)
		return error_set(err, REASON_REQUEST_MALFORMED, "%s has %zu bytes", xml_name(node), strlen(value));
	*out = arena_strdup(a, value);
	return 0;
}

static int read_issuer(struct arena *a, const xml_node *root, const char **out, struct error *err)
{
	xml_node *issuer;

	if (xml_require_child(root, XML_NS_ASSERTION, "Issuer", REASON_REQUEST_MALFORMED, &issuer, err) < 0)
		return -1;
	return copy_value(a, issuer, out, err);
}

/* Only a name in clear is a hint; other subjects say nothing to us. */
static int read_subject(struct arena *a, const xml_node *root, const char **out, struct error *err)
{
	xml_node *subject, *name_id = NULL;

	if (xml_children(root, XML_NS_ASSERTION, "Subject", &subject) == 0)
		return 0;
	if (xml_optional_child(subject, XML_NS_ASSERTION, "NameID", REASON_REQUEST_MALFORMED, &name_id, err) < 0)
		return -1;
	return name_id ? copy_value(a, name_id, out, err) : 0;
}

static int require_version(const xml_node *root, struct error *err)
{
	const char *version;

	if (xml_require_attribute(root, "Version", REASON_REQUEST_MALFORMED, &version, err) < 0)
		return -1;
	if (strcmp(version, "2.0") != 0)
		return error_set(err, REASON_REQUEST_MALFORMED, "Version \"%.20s\", only 2.0 is spoken here", version);
	return 0;
}

static int read_request(struct arena *a, const xml_node *root, struct saml_request *out, struct error *err)
{
	struct saml_request r = {.has_acs_index = xml_attribute(root, "AssertionConsumerServiceIndex") != NULL};
	const enum reason malformed = REASON_REQUEST_MALFORMED;

	if (!xml_is(root, XML_NS_PROTOCOL, "AuthnRequest"))
		return error_set(err, malformed, "%s is not an AuthnRequest", xml_name(root));
	if (require_version(root, err) < 0 || require_children(root, err) < 0)
		return -1;
	if (read_id(a, root, &r.id, err) < 0 || read_issuer(a, root, &r.issuer, err) < 0)
		return -1;
	if (xml_time(root, "IssueInstant", malformed, &r.issue_instant, err) < 0)
		return -1;
	if (copy_attribute(a, root, "AssertionConsumerServiceURL", &r.acs_url, err) < 0
		|| copy_attribute(a, root, "ProtocolBinding", &r.protocol_binding, err) < 0
		|| copy_attribute(a, root, "Destination", &r.destination, err) < 0)
		return -1;
	if (xml_boolean(root, "ForceAuthn", false, malformed, &r.force_authn, err) < 0
		|| xml_boolean(root, "IsPassive", false, malformed, &r.is_passive, err) < 0)
		return -1;
	if (read_subject(a, root, &r.subject, err) < 0)
		return -1;
	*out = r;
	return 0;
}

int saml_request_read(struct arena *a, enum saml_binding binding, struct slice parameters, struct saml_request *out,
	struct slice *relay_state_out, struct error *err)
{
	struct slice relay_state, message;
	xml_doc *doc = NULL;
	int rc = -1;

	if (read_message(a, binding, parameters, &message, err) < 0)
		return -1;
	if (read_relay_state(a, parameters, &relay_state, err) < 0)
		return -1;
	if (xml_read(message, &xml_rules_request, &doc, err) < 0)
		return -1;
	if (read_request(a, xml_root(doc), out, err) < 0)
		goto out;
	*relay_state_out = relay_state;
	rc = 0;
out:
	xml_free(doc);
	return rc;
}
