/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The signature of a whole metadata document (SAML metadata 3.1), where the
 * administrator named the certificates that may vouch for it.
 */
#include "saml/metadata_read.h"
#include "saml/signature.h"

#include <limits.h>
#include <libxml/tree.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#define SIGNERS_MAX 8

static int add_signer(struct trusted_keys *keys, X509 *certificate, struct error *err)
{
	unsigned char *der = NULL;
	int n = i2d_X509(certificate, &der), rc;

	if (n <= 0)
		return error_set(err, REASON_METADATA, "a certificate that cannot be written");
	rc = trusted_key_read(slice_of(der, (size_t)n), &keys->list[keys->n], err);
	OPENSSL_free(der);
	if (rc < 0)
		return -1;
	if (trusted_key_judge(&keys->list[keys->n], 0) != REASON_NONE) {
		trusted_key_free(&keys->list[keys->n]);
		return error_set(err, REASON_METADATA, "RSA from %d bits is needed", TRUSTED_KEY_BITS_MIN);
	}
	keys->n++;
	return 0;
}

static int read_signers(struct slice pem, struct trusted_keys *keys, struct error *err)
{
	BIO *bio = pem.n <= INT_MAX ? BIO_new_mem_buf(pem.p ? pem.p : "", (int)pem.n) : NULL;
	X509 *certificate;
	int rc = 0;

	while (rc == 0 && bio && (certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL))) {
		if (keys->n == SIGNERS_MAX)
			rc = error_set(err, REASON_METADATA, "more than %d certificates", SIGNERS_MAX);
		else
			rc = add_signer(keys, certificate, err);
		X509_free(certificate);
	}
	BIO_free(bio);
	ERR_clear_error();
	if (rc == 0 && keys->n == 0)
		return error_set(err, REASON_METADATA, "no certificate (PEM)");
	return rc;
}

static void free_signers(struct trusted_keys *keys)
{
	for (size_t i = 0; i < keys->n; i++)
		trusted_key_free(&keys->list[i]);
}

int metadata_signers_judge(struct slice pem, struct error *err)
{
	struct trusted_key list[SIGNERS_MAX] = {0};
	struct trusted_keys keys = {.list = list};
	int rc = read_signers(pem, &keys, err);

	free_signers(&keys);
	return rc;
}

/* SAML metadata 2.3.1 and 2.3.2: the first child of the root, once. */
static int find(xml_node *root, xml_node **out, struct error *err)
{
	xml_node *found;
	size_t n = xml_children(root, XML_NS_SIGNATURE, "Signature", &found);

	if (n != 1)
		return error_set(err, REASON_METADATA, "%zu of them in %s, exactly one is needed", n, xml_name(root));
	if (found != xml_first(root))
		return error_set(err, REASON_METADATA, "it is not the first child of %s", xml_name(root));
	*out = found;
	return 0;
}

/*
 * A certificate here is a container for its key: that it ended is told by
 * `postern check` and stops no sign-on.  The enveloped signature does not cover itself, so
 * nothing may be read from inside of it: it is taken out once it verified.
 */
static int verify(xml_doc *doc, struct trusted_keys *keys, struct error *err)
{
	xml_node *root = xml_root(doc), *signature = NULL;

	if (find(root, &signature, err) < 0 || signature_verify(root, signature, keys, 0, err) < 0)
		return -1;
	xmlUnlinkNode(signature);
	xmlFreeNode(signature);
	return 0;
}

int metadata_require_signature(xml_doc *doc, struct slice pem, struct error *err)
{
	struct trusted_key list[SIGNERS_MAX] = {0};
	struct trusted_keys keys = {.list = list};
	int rc = -1;

	if (read_signers(pem, &keys, err) < 0)
		error_prefix(err, "the certificate for the signature of metadata: ");
	else if (verify(doc, &keys, err) < 0)
		error_prefix(err, "the signature of the document: ");
	else
		rc = 0;
	free_signers(&keys);
	if (rc < 0)
		err->reason = REASON_METADATA;
	return rc;
}
