/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The shape of a signature (SAML core 5.4, XML signature 4), then its verification. */
#include "saml/signature.h"

#include "saml/xml.h"

#include <openssl/err.h>
#include <xmlsec/openssl/crypto.h>
#include <xmlsec/keys.h>
#include <xmlsec/transforms.h>
#include <xmlsec/xmldsig.h>
#include <xmlsec/xmlsec.h>

/* Bytes of a PrefixList, each of whose prefixes is looked up for every element; senders write "xs" and the like. */
#define PREFIX_LIST_MAX 256

#define ENVELOPED "http://www.w3.org/2000/09/xmldsig#enveloped-signature"

static const char *const signature_methods[] = {
	"http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
	"http://www.w3.org/2001/04/xmldsig-more#rsa-sha384",
	"http://www.w3.org/2001/04/xmldsig-more#rsa-sha512",
	NULL,
};

static const char *const digest_methods[] = {
	"http://www.w3.org/2001/04/xmlenc#sha256",
	"http://www.w3.org/2001/04/xmldsig-more#sha384",
	"http://www.w3.org/2001/04/xmlenc#sha512",
	NULL,
};

static const char *const only_algorithm[] = {"Algorithm", NULL};
static const char *const only_uri[] = {"URI", NULL};
static const char *const only_prefix_list[] = {"PrefixList", NULL};
static const char *const nothing[] = {NULL};

int signature_find(const xml_node *element, xml_node **out, struct error *err)
{
	xml_node *first = xml_first(element), *found;
	size_t n = xml_children(element, XML_NS_SIGNATURE, "Signature", &found);

	if (n > 1)
		return error_set(err, REASON_SIGNATURE_SHAPE, "%zu signatures in %s", n, xml_name(element));
	if (n == 1 && (!xml_is(first, XML_NS_ASSERTION, "Issuer") || xml_next(first) != found))
		return error_set(err, REASON_SIGNATURE_SHAPE, "the signature of %s is not behind its Issuer",
			xml_name(element));
	*out = found;
	return 0;
}

/* The children of `parent` are these, all of XML signature, in this order, each once; `more` may follow (NULL: nothing). */
static int require_children(const xml_node *parent, const char *const *names, const char *more, xml_node **out,
	struct error *err)
{
	xml_node *child = xml_first(parent);
	size_t i = 0;

	if (xml_require_no_text(parent, REASON_SIGNATURE_SHAPE, err) < 0)
		return -1;
	for (; names[i]; i++, child = xml_next(child)) {
		if (!child || !xml_is(child, XML_NS_SIGNATURE, names[i]))
			return error_set(err, REASON_SIGNATURE_SHAPE, "%s in %s where %s belongs",
				child ? xml_name(child) : "nothing",
				xml_name(parent), names[i]);
		out[i] = child;
	}
	if (child && more && xml_is(child, XML_NS_SIGNATURE, more))
		child = xml_next(child);
	if (child)
		return error_set(err, REASON_SIGNATURE_SHAPE, "%s in %s", xml_name(child), xml_name(parent));
	return 0;
}

/* `Algorithm` is one of the list, and nothing else is said; children are judged by the caller. */
static int require_algorithm(const xml_node *node, const char *const *allowed, enum reason reason, struct error *err)
{
	const char *algorithm = xml_attribute(node, "Algorithm");

	if (!algorithm || !xml_attributes_among(node, only_algorithm))
		return error_set(err, REASON_SIGNATURE_SHAPE, "%s must have an Algorithm and nothing else", xml_name(node));
	for (; *allowed; allowed++) {
		if (strcmp(*allowed, algorithm) == 0)
			return 0;
	}
	return error_set(err, reason, "%s %.100s", xml_name(node), algorithm);
}

/* Parameters such as HMACOutputLength have no place in what is allowed. */
static int require_plain_algorithm(const xml_node *node, const char *const *allowed, enum reason reason, struct error *err)
{
	if (require_algorithm(node, allowed, reason, err) < 0)
		return -1;
	if (node && (xml_first(node) || xml_require_no_text(node, reason, err) < 0))
		return error_set(err, reason, "%s with parameters", xml_name(node));
	return 0;
}

/* Exclusive canonical form, perhaps with InclusiveNamespaces PrefixList (exclusive C14N section 4). */
static int require_exclusive_form(const xml_node *node, struct error *err)
{
	static const char *const allowed[] = {XML_NS_EXC_C14N, NULL};
	xml_node *list = xml_first(node);
	const char *prefixes;

	if (require_algorithm(node, allowed, REASON_SIGNATURE_TRANSFORM, err) < 0)
		return -1;
	if (xml_require_no_text(node, REASON_SIGNATURE_SHAPE, err) < 0)
		return -1;
	if (list && (!xml_is(list, XML_NS_EXC_C14N, "InclusiveNamespaces") || !xml_attributes_among(list, only_prefix_list) ||
		xml_first(list) || xml_next(list)))
		return error_set(err, REASON_SIGNATURE_TRANSFORM, "parameters of the canonical form");
	prefixes = list ? xml_attribute(list, "PrefixList") : NULL;
	if (prefixes && strlen(prefixes) > PREFIX_LIST_MAX)
		return error_set(err, REASON_SIGNATURE_TRANSFORM, "PrefixList of %zu bytes, at most %d", strlen(prefixes),
			PREFIX_LIST_MAX);
	return 0;
}

/* SAML core 5.4.4: the enveloped-signature transform, then exclusive canonical form; both are needed here. */
static int require_transforms(const xml_node *transforms, struct error *err)
{
	static const char *const allowed[] = {ENVELOPED, NULL};
	xml_node *enveloped = xml_first(transforms);
	xml_node *form = enveloped ? xml_next(enveloped) : NULL;

	if (xml_require_no_text(transforms, REASON_SIGNATURE_SHAPE, err) < 0)
		return -1;
	if (!form || xml_next(form))
		return error_set(err, REASON_SIGNATURE_TRANSFORM, "not two transforms");
	if (!xml_is(enveloped, XML_NS_SIGNATURE, "Transform") || !xml_is(form, XML_NS_SIGNATURE, "Transform"))
		return error_set(err, REASON_SIGNATURE_SHAPE, "%s in Transforms", xml_name(enveloped));
	if (require_plain_algorithm(enveloped, allowed, REASON_SIGNATURE_TRANSFORM, err) < 0)
		return -1;
	return require_exclusive_form(form, err);
}

/* SAML core 5.4.2: the one Reference is to the parent's ID, which must lead to the parent. */
static int require_reference(xml_node *element, const xml_node *reference, struct error *err)
{
	static const char *const names[] = {"Transforms", "DigestMethod", "DigestValue", NULL};
	xml_node *part[3];
	const char *uri = xml_attribute(reference, "URI"), *id = NULL;
	struct slice text;

	if (require_children(reference, names, NULL, part, err) < 0)
		return -1;
	if (!uri || !xml_attributes_among(reference, only_uri))
		return error_set(err, REASON_SIGNATURE_REFERENCE, "the reference must have a URI and nothing else");
	if (xml_register_id(element, REASON_SIGNATURE_REFERENCE, &id, err) < 0)
		return -1;
	if (uri[0] != '#' || strcmp(uri + 1, id) != 0)
		return error_set(err, REASON_SIGNATURE_REFERENCE, "reference to \"%.80s\", not to the %s it stands in", uri,
			xml_name(element));
	if (require_transforms(part[0], err) < 0)
		return -1;
	if (require_plain_algorithm(part[1], digest_methods, REASON_SIGNATURE_ALGORITHM, err) < 0)
		return -1;
	return xml_text(part[2], REASON_SIGNATURE_SHAPE, &text, err);
}

static int require_shape(xml_node *element, const xml_node *signature, struct error *err)
{
	static const char *const parts[] = {"SignedInfo", "SignatureValue", NULL};
	static const char *const info_parts[] = {"CanonicalizationMethod", "SignatureMethod", "Reference", NULL};
	xml_node *part[2], *info[3];
	struct slice text;

	if (require_children(signature, parts, "KeyInfo", part, err) < 0)
		return -1;
	if (xml_count(part[0], XML_NS_SIGNATURE, "Reference") != 1)
		return error_set(err, REASON_SIGNATURE_SHAPE, "not exactly one reference");
	if (require_children(part[0], info_parts, NULL, info, err) < 0)
		return -1;
	if (!xml_attributes_among(signature, nothing) || !xml_attributes_among(part[0], nothing))
		return error_set(err, REASON_SIGNATURE_SHAPE, "attributes of the signature");
	if (require_exclusive_form(info[0], err) < 0)
		return -1;
	if (require_plain_algorithm(info[1], signature_methods, REASON_SIGNATURE_ALGORITHM, err) < 0)
		return -1;
	if (require_reference(element, info[2], err) < 0)
		return -1;
	return xml_text(part[1], REASON_SIGNATURE_SHAPE, &text, err);
}

/* The digest of what is signed is no key's business: no other key makes it fit. */
static bool digest_differs(xmlSecDSigCtxPtr context)
{
	xmlSecDSigReferenceCtxPtr reference = xmlSecPtrListGetItem(&context->signedInfoReferences, 0);

	return reference && reference->status == xmlSecDSigStatusInvalid;
}

enum outcome { FAILED, VERIFIED, DIGEST_DIFFERS };

/*
 * One key, one go.  The transforms are limited once more, in xmlsec1's own
 * words: should the two readings of the shape ever differ, this one refuses.
 */
static enum outcome try(xml_node *signature, const struct trusted_key *key)
{
	static xmlSecTransformId (*const allowed[])(void) = {
		xmlSecTransformEnvelopedGetKlass, xmlSecTransformExclC14NGetKlass, xmlSecOpenSSLTransformSha256GetKlass,
		xmlSecOpenSSLTransformSha384GetKlass, xmlSecOpenSSLTransformSha512GetKlass,
	};
	static xmlSecTransformId (*const allowed_methods[])(void) = {
		xmlSecTransformExclC14NGetKlass, xmlSecOpenSSLTransformRsaSha256GetKlass,
			xmlSecOpenSSLTransformRsaSha384GetKlass,
		xmlSecOpenSSLTransformRsaSha512GetKlass,
	};
	xmlSecDSigCtxPtr context = xmlSecDSigCtxCreate(NULL);
	enum outcome outcome = FAILED;

	if (!context)
		return FAILED;
	for (size_t i = 0; i < sizeof(allowed) / sizeof(*allowed); i++) {
		if (xmlSecDSigCtxEnableReferenceTransform(context, allowed[i]()) < 0)
			goto out;
	}
	for (size_t i = 0; i < sizeof(allowed_methods) / sizeof(*allowed_methods); i++) {
		if (xmlSecDSigCtxEnableSignatureTransform(context, allowed_methods[i]()) < 0)
			goto out;
	}
	context->enabledReferenceUris = xmlSecTransformUriTypeSameDocument;
	/* the ID is looked up, as require_reference did, instead of by an XPath context with forty functions in it */
	context->flags |= XMLSEC_DSIG_FLAGS_USE_VISA3D_HACK;
	/* Lent: taken back below, since the context would destroy it. */
	context->signKey = key->key;
	if (xmlSecDSigCtxVerify(context, signature) == 0 && context->status == xmlSecDSigStatusSucceeded &&
		xmlSecPtrListGetSize(&context->signedInfoReferences) == 1 && xmlSecPtrListGetSize(&context->manifestReferences) == 0)
		outcome = VERIFIED;
	else if (digest_differs(context))
		outcome = DIGEST_DIFFERS;
out:
	context->signKey = NULL;
	xmlSecDSigCtxDestroy(context);
	ERR_clear_error();
	return outcome;
}

/* Whether the SignatureValue, whose shape require_shape judged, is as long as a signature by such a key; others cost no RSA. */
static bool has_length_for(const xml_node *signature, int bits)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", others[] = "= \t\r\n";
	struct slice text = {NULL, 0};
	struct error ignored;
	size_t n = 0;

	if (xml_text(xml_next(xml_first(signature)), REASON_SIGNATURE_SHAPE, &text, &ignored) < 0)
		return false;
	for (size_t i = 0; i < text.n; i++) {
		bool letter = memchr(letters, text.p[i], sizeof(letters) - 1) != NULL;

		if (!letter && !memchr(others, text.p[i], sizeof(others) - 1))
			return false;
		n += letter;
	}
	return n * 6 / 8 == ((size_t)bits + 7) / 8;
}

static enum outcome try_and_count(xml_node *signature, struct trusted_keys *keys, size_t at)
{
	enum outcome outcome = try(signature, &keys->list[at]);

	keys->tried++;
	keys->unused += outcome == DIGEST_DIFFERS || (outcome == FAILED && !has_length_for(signature, keys->list[at].bits));
	return outcome;
}

/* The usable keys, beginning with the one that verified last. */
static enum outcome try_usable_keys(xml_node *signature, struct trusted_keys *keys, int64_t now)
{
	enum outcome outcome = FAILED;

	for (size_t i = 0; i < keys->n && outcome == FAILED; i++) {
		size_t at = (keys->last + i) % keys->n;

		if (trusted_key_judge(&keys->list[at], now) != REASON_NONE)
			continue;
		outcome = try_and_count(signature, keys, at);
		if (outcome == VERIFIED) {
			keys->last = at;
			keys->used = true;
		}
	}
	return outcome;
}

static int refuse_changed(const struct trusted_keys *keys, struct error *err)
{
	return error_set(err, REASON_SIGNATURE_INVALID, "made by none of the %zu keys of the metadata, or changed after signing",
		keys->n);
}

/* The keys that may not be used, only to tell why it is refused. */
static int refuse_signature(xml_node *signature, struct trusted_keys *keys, int64_t now, struct error *err)
{
	enum outcome outcome = FAILED;

	for (size_t i = 0; i < keys->n && outcome == FAILED; i++) {
		const struct trusted_key *key = &keys->list[i];
		enum reason reason = trusted_key_judge(key, now);

		if (reason == REASON_NONE)
			continue;
		outcome = try_and_count(signature, keys, i);
		if (outcome == VERIFIED)
			return error_set(err, reason, "signed with key %zu of the metadata: %d bits RSA, ends at %lld",
				i + 1, key->bits,
				(long long)key->not_after);
	}
	return refuse_changed(keys, err);
}

int signature_verify(xml_node *element, xml_node *signature, struct trusted_keys *keys, int64_t now, struct error *err)
{
	if (require_shape(element, signature, err) < 0)
		return -1;
	switch (try_usable_keys(signature, keys, now)) {
	case VERIFIED:
		return 0;
	case DIGEST_DIFFERS:
		return refuse_changed(keys, err);
	default:
		return refuse_signature(signature, keys, now, err);
	}
}
