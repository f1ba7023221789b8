/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The shape of an EncryptedAssertion: every element and attribute in its
 * place, every algorithm on a list, before a key is used.
 *
 * The encrypted key stands inside the KeyInfo of EncryptedData, or beside it
 * (XML encryption 3.5); there is exactly one.  The KeyInfo of the key itself
 * is not read: it can only say which of our keys was meant, and each is tried.
 */
#include "saml/encrypted.h"

#include "base/encode.h"
#include "saml/key.h"

#define TYPE_ELEMENT "http://www.w3.org/2001/04/xmlenc#Element"
#define TYPE_KEY "http://www.w3.org/2001/04/xmlenc#EncryptedKey"
#define OAEP "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p"
#define OAEP11 "http://www.w3.org/2009/xmlenc11#rsa-oaep"

/* No Triple-DES, no AES-192, no RSA 1.5, no key wrapping, no key agreement. */
static const struct content_method content_methods[] = {
	{"http://www.w3.org/2001/04/xmlenc#aes128-cbc", "AES-128-CBC", 16, 16, 0},
	{"http://www.w3.org/2001/04/xmlenc#aes256-cbc", "AES-256-CBC", 32, 16, 0},
	{"http://www.w3.org/2009/xmlenc11#aes128-gcm", "AES-128-GCM", 16, 12, 16},
	{"http://www.w3.org/2009/xmlenc11#aes256-gcm", "AES-256-GCM", 32, 12, 16},
	{NULL, NULL, 0, 0, 0},
};

struct word {
	const char *uri, *name;
};

static const struct word digests[] = {
	{"http://www.w3.org/2000/09/xmldsig#sha1", "SHA1"}, {"http://www.w3.org/2001/04/xmlenc#sha256", "SHA256"}, {NULL, NULL},
};

static const struct word mask_functions[] = {
	{"http://www.w3.org/2009/xmlenc11#mgf1sha1", "SHA1"}, {"http://www.w3.org/2009/xmlenc11#mgf1sha256", "SHA256"}, {NULL, NULL},
};

static const char *const only_algorithm[] = {"Algorithm", NULL};
static const char *const only_uri[] = {"URI", NULL};
static const char *const uri_and_type[] = {"URI", "Type", NULL};
static const char *const id_and_type[] = {"Id", "Type", NULL};
static const char *const id_and_recipient[] = {"Id", "Recipient", NULL};
static const char *const nothing[] = {NULL};

/* What may stand in an element, in this order, each once. */
struct child {
	const char *ns, *name;
	bool optional;
};

static const struct child assertion_children[] = {
	{XML_NS_ENCRYPTION, "EncryptedData", false}, {XML_NS_ENCRYPTION, "EncryptedKey", true}, {NULL, NULL, false},
};

static const struct child data_children[] = {
	{XML_NS_ENCRYPTION, "EncryptionMethod", false}, {XML_NS_SIGNATURE, "KeyInfo", true},
	{XML_NS_ENCRYPTION, "CipherData", false}, {NULL, NULL, false},
};

static const struct child key_children[] = {
	{XML_NS_ENCRYPTION, "EncryptionMethod", false}, {XML_NS_SIGNATURE, "KeyInfo", true},
	{XML_NS_ENCRYPTION, "CipherData", false}, {XML_NS_ENCRYPTION, "ReferenceList", true},
	{XML_NS_ENCRYPTION, "CarriedKeyName", true}, {NULL, NULL, false},
};

static const struct child cipher_children[] = {{XML_NS_ENCRYPTION, "CipherValue", false}, {NULL, NULL, false}};
static const struct child reference_children[] = {{XML_NS_ENCRYPTION, "DataReference", false}, {NULL, NULL, false}};

/* out: a place for each of `wanted`, NULL where an optional one is not there. */
static int take_children(const xml_node *parent, const struct child *wanted, xml_node **out, struct error *err)
{
	xml_node *child = xml_first(parent);

	for (size_t i = 0; wanted[i].name; i++) {
		bool there = child && xml_is(child, wanted[i].ns, wanted[i].name);

		if (!there && !wanted[i].optional)
			return error_set(err, REASON_ENCRYPTION_SHAPE, "%s in %s where %s belongs",
				child ? xml_name(child) : "nothing",
				xml_name(parent), wanted[i].name);
		out[i] = there ? child : NULL;
		if (there)
			child = xml_next(child);
	}
	if (child)
		return error_set(err, REASON_ENCRYPTION_SHAPE, "%s in %s", xml_name(child), xml_name(parent));
	return xml_require_no_text(parent, REASON_ENCRYPTION_SHAPE, err);
}

static int require_no_children(const xml_node *node, struct error *err)
{
	const xml_node *child = xml_first(node);

	if (child)
		return error_set(err, REASON_ENCRYPTION_SHAPE, "%s in %s", xml_name(child), xml_name(node));
	return xml_require_no_text(node, REASON_ENCRYPTION_SHAPE, err);
}

static int require_attributes(const xml_node *node, const char *const *among, struct error *err)
{
	if (xml_attributes_among(node, among))
		return 0;
	return error_set(err, REASON_ENCRYPTION_SHAPE, "attributes of %s", xml_name(node));
}

/* Algorithm and nothing else; NULL with err. */
static const char *algorithm_of(const xml_node *node, struct error *err)
{
	const char *algorithm = NULL;

	if (require_attributes(node, only_algorithm, err) < 0 ||
		xml_require_attribute(node, "Algorithm", REASON_ENCRYPTION_SHAPE, &algorithm, err) < 0)
		return NULL;
	return algorithm;
}

static int refuse_algorithm(const xml_node *node, const char *algorithm, struct error *err)
{
	return error_set(err, REASON_ENCRYPTION_ALGORITHM, "%s %.100s", xml_name(node), algorithm);
}

static int read_content_method(const xml_node *node, const struct content_method **out, struct error *err)
{
	const struct content_method *method = content_methods;
	const char *algorithm = algorithm_of(node, err);

	if (!algorithm || require_no_children(node, err) < 0)
		return -1;
	while (method->uri && strcmp(method->uri, algorithm) != 0)
		method++;
	if (!method->uri)
		return refuse_algorithm(node, algorithm, err);
	*out = method;
	return 0;
}

/* The word for the Algorithm of a DigestMethod or MGF; each at most once. */
static int read_word(const xml_node *node, const struct word *words, const char **out, struct error *err)
{
	const char *algorithm = algorithm_of(node, err);

	if (!algorithm || require_no_children(node, err) < 0)
		return -1;
	if (*out)
		return error_set(err, REASON_ENCRYPTION_SHAPE, "two %s", xml_name(node));
	while (words->uri && strcmp(words->uri, algorithm) != 0)
		words++;
	if (!words->uri)
		return refuse_algorithm(node, algorithm, err);
	*out = words->name;
	return 0;
}

/*
 * XML encryption 1.1 section 5.5.2: the digest is SHA-1 unless said; the mask
 * function can be said for the newer name only.  SHA-1 is sound in OAEP.  A
 * label (OAEPparams) is refused with all else.
 */
static int read_transport(const xml_node *node, struct encrypted *out, struct error *err)
{
	const char *algorithm = algorithm_of(node, err), *digest = NULL, *mask = NULL;
	bool newer = algorithm && strcmp(algorithm, OAEP11) == 0;

	if (!algorithm || xml_require_no_text(node, REASON_ENCRYPTION_SHAPE, err) < 0)
		return -1;
	if (!newer && strcmp(algorithm, OAEP) != 0)
		return refuse_algorithm(node, algorithm, err);
	for (const xml_node *child = xml_first(node); child; child = xml_next(child)) {
		int rc;

		if (xml_is(child, XML_NS_SIGNATURE, "DigestMethod"))
			rc = read_word(child, digests, &digest, err);
		else if (newer && xml_is(child, XML_NS_ENCRYPTION11, "MGF"))
			rc = read_word(child, mask_functions, &mask, err);
		else
			rc = error_set(err, REASON_ENCRYPTION_SHAPE, "%s in %s", xml_name(child), xml_name(node));
		if (rc < 0)
			return -1;
	}
	out->oaep_digest = digest ? digest : "SHA1";
	out->oaep_mgf_digest = mask ? mask : "SHA1";
	return 0;
}

static int read_cipher_value(struct arena *a, const xml_node *data, struct slice *out, struct error *err)
{
	xml_node *value = NULL;
	struct slice text;

	if (require_attributes(data, nothing, err) < 0 || take_children(data, cipher_children, &value, err) < 0 ||
		require_attributes(value, nothing, err) < 0 || xml_text(value, REASON_ENCRYPTION_SHAPE, &text, err) < 0)
		return -1;
	if (base64_decode(a, text, out) < 0)
		return error_set(err, REASON_ENCRYPTION_SHAPE, "CipherValue is not base64");
	return 0;
}

/* `reference`: its URI must lead to the element with that Id. */
static int require_leads_to(const xml_node *reference, const xml_node *element, struct error *err)
{
	const char *uri = xml_attribute(reference, "URI"), *id = xml_attribute(element, "Id");

	if (uri && id && *id && uri[0] == '#' && strcmp(uri + 1, id) == 0)
		return 0;
	return error_set(err, REASON_ENCRYPTION_SHAPE, "%s to \"%.80s\", not to the %s", xml_name(reference), uri ? uri : "",
		xml_name(element));
}

/* The KeyInfo of the data: holds the key, or leads to the one beside, or says nothing that is needed. */
static int find_key(const xml_node *info, xml_node *beside, xml_node **out, struct error *err)
{
	xml_node *inside = NULL, *way = NULL;
	const char *type;

	if (info && (xml_optional_child(info, XML_NS_ENCRYPTION, "EncryptedKey", REASON_ENCRYPTION_SHAPE, &inside, err) < 0 ||
		xml_optional_child(info, XML_NS_SIGNATURE, "RetrievalMethod", REASON_ENCRYPTION_SHAPE, &way, err) < 0))
		return -1;
	if (!inside == !beside)
		return error_set(err, REASON_ENCRYPTION_SHAPE, "not exactly one EncryptedKey where it belongs");
	*out = inside ? inside : beside;
	if (!way)
		return 0;
	type = xml_attribute(way, "Type");
	if (!xml_attributes_among(way, uri_and_type) || (type && strcmp(type, TYPE_KEY) != 0) || xml_first(way))
		return error_set(err, REASON_ENCRYPTION_SHAPE, "RetrievalMethod of another kind");
	return require_leads_to(way, *out, err);
}

static int read_key(struct arena *a, const xml_node *key, const xml_node *data, const char *recipient, struct encrypted *out,
	struct error *err)
{
	enum {METHOD, INFO, CIPHER, REFERENCES, CARRIED, PARTS};
	xml_node *part[PARTS] = {NULL}, *reference = NULL;
	const char *named = xml_attribute(key, "Recipient");

	if (require_attributes(key, id_and_recipient, err) < 0 || take_children(key, key_children, part, err) < 0)
		return -1;
	if (named && strcmp(named, recipient) != 0)
		return error_set(err, REASON_ENCRYPTION_SHAPE, "EncryptedKey for \"%.200s\"", named);
	if (part[REFERENCES] && (take_children(part[REFERENCES], reference_children, &reference, err) < 0 ||
		require_attributes(reference, only_uri, err) < 0 || require_leads_to(reference, data, err) < 0))
		return -1;
	if (read_transport(part[METHOD], out, err) < 0 || read_cipher_value(a, part[CIPHER], &out->wrapped_key, err) < 0)
		return -1;
	if (out->wrapped_key.n < KEY_BITS_MIN / 8 || out->wrapped_key.n > KEY_BITS_MAX / 8)
		return error_set(err, REASON_ENCRYPTION_SHAPE, "an encrypted key of %zu bytes", out->wrapped_key.n);
	return 0;
}

static int require_content_size(const struct encrypted *e, struct error *err)
{
	size_t n = e->content.n, least = e->method->iv_size + (e->method->tag_size ? e->method->tag_size : CONTENT_BLOCK);

	if (n >= least && (e->method->tag_size || n % CONTENT_BLOCK == 0))
		return 0;
	return error_set(err, REASON_ENCRYPTION_SHAPE, "%zu bytes encrypted with %s", n, e->method->cipher);
}

int encrypted_read(struct arena *a, const xml_node *assertion, const char *recipient, struct encrypted *out, struct error *err)
{
	enum {METHOD, INFO, CIPHER, PARTS};
	xml_node *pair[2] = {NULL}, *part[PARTS] = {NULL}, *key = NULL;
	struct encrypted e = {0};
	const char *type;

	if (require_attributes(assertion, nothing, err) < 0 || take_children(assertion, assertion_children, pair, err) < 0)
		return -1;
	if (xml_count(assertion, XML_NS_ENCRYPTION, "EncryptedKey") != 1 || xml_count(assertion, XML_NS_ENCRYPTION, "EncryptedData") != 1)
		return error_set(err, REASON_ENCRYPTION_SHAPE, "not exactly one EncryptedKey and one EncryptedData");
	if (require_attributes(pair[0], id_and_type, err) < 0 || take_children(pair[0], data_children, part, err) < 0)
		return -1;
	type = xml_attribute(pair[0], "Type");
	if (!type || strcmp(type, TYPE_ELEMENT) != 0)
		return error_set(err, REASON_ENCRYPTION_SHAPE, "EncryptedData of type \"%.80s\"", type ? type : "");
	if (read_content_method(part[METHOD], &e.method, err) < 0 || find_key(part[INFO], pair[1], &key, err) < 0 ||
		read_key(a, key, pair[0], recipient, &e, err) < 0 || read_cipher_value(a, part[CIPHER], &e.content, err) < 0 ||
		require_content_size(&e, err) < 0)
		return -1;
	*out = e;
	return 0;
}
