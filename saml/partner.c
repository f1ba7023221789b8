/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A connection from the metadata file of a service provider: its entity ID and where answers go. */
#include "saml/metadata_read.h"
#include "saml/saml.h"

/*
 * SAML metadata 2.2.3: the endpoint marked as default, else the first that is
 * not marked as none, else the first; among those for HTTP-POST.
 */
static const char *default_acs(const xml_node *role)
{
	const char *unmarked = NULL, *first = NULL;

	for (const xml_node *node = xml_first(role); node; node = xml_next(node)) {
		const char *binding = xml_attribute(node, "Binding"), *location = xml_attribute(node, "Location");
		struct error ignored = {0};
		bool is_default = false;

		if (!xml_is(node, XML_NS_METADATA, "AssertionConsumerService") || !binding || !location ||
			strcmp(binding, XML_BINDING_POST) != 0)
			continue;
		if (xml_boolean(node, "isDefault", false, REASON_METADATA, &is_default, &ignored) == 0 && is_default)
			return location;
		if (!first)
			first = location;
		if (!unmarked && !xml_attribute(node, "isDefault"))
			unmarked = location;
	}
	return unmarked ? unmarked : first;
}

int saml_sp_metadata_read(struct arena *a, struct slice metadata, const char **entity_id_out, const char **acs_out,
	struct error *err)
{
	struct metadata_role found;
	const char *acs;
	xml_doc *doc = NULL;
	int rc = -1;

	if (xml_read(metadata, &xml_rules_metadata, &doc, err) < 0)
		return -1;
	if (metadata_find_role(doc, "SPSSODescriptor", NULL, &found, err) < 0)
		goto out;
	acs = default_acs(found.role);
	if (!acs || !metadata_is_address(acs)) {
		error_set(err, REASON_METADATA, "no usable AssertionConsumerService for HTTP-POST");
		goto out;
	}
	*entity_id_out = arena_strdup(a, found.entity_id);
	*acs_out = arena_strdup(a, acs);
	rc = 0;
out:
	xml_free(doc);
	return rc;
}
