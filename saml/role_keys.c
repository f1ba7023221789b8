/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From the KeyDescriptors of a role to keys that verify. */
#include "saml/role_keys.h"

#include "base/encode.h"
#include "base/log.h"

/* Entra lists every certificate of the application, inactive ones too; more than this is nobody's metadata. */
#define KEYS_MAX 64

struct reading {
	struct arena *scratch;
	const char *entity_id;
	struct slice seen[KEYS_MAX];    /* in DER, as the keys */
	struct trusted_keys *keys;
};

/* Adds the key of one X509Certificate element, unless it is there already. */
static void add_key(struct reading *r, const xml_node *certificate)
{
	struct error err = {0};
	struct slice text, der;
	size_t n = r->keys->n;

	if (n == KEYS_MAX || xml_text(certificate, REASON_METADATA, &text, &err) < 0)
		return;
	if (base64_decode(r->scratch, text, &der) < 0) {
		log_warning("certificate in metadata left out", "entity", r->entity_id, "detail", "not base64", NULL);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		if (slice_equal(r->seen[i], der))
			return;
	}
	if (trusted_key_read(der, &r->keys->list[n], &err) < 0) {
		log_warning("certificate in metadata left out", "entity", r->entity_id, "detail", err.detail, NULL);
		return;
	}
	r->seen[n] = der;
	r->keys->n++;
}

void role_keys_read(struct arena *a, const xml_node *role, const char *entity_id, struct trusted_keys *out)
{
	struct reading r = {.scratch = arena_new(), .entity_id = entity_id, .keys = out};

	out->list = arena_alloc(a, KEYS_MAX * sizeof(*out->list));
	for (const xml_node *d = xml_first(role); d; d = xml_next(d)) {
		const char *use = xml_attribute(d, "use");

		if (!xml_is(d, XML_NS_METADATA, "KeyDescriptor") || (use && strcmp(use, "signing") != 0))
			continue;
		for (const xml_node *node = d; node; node = xml_walk(node, d)) {
			if (xml_is(node, XML_NS_SIGNATURE, "X509Certificate"))
				add_key(&r, node);
		}
	}
	arena_free(r.scratch);
}
