/* SPDX-License-Identifier: GPL-3.0-or-later */
/* saml:AttributeStatement (SAML core 2.7.3): names and values, each there once and each one text. */
#include "saml/assertion.h"

/* Entra sends about ten and at most 150 groups in one of them. */
#define ATTRIBUTES_MAX 200

static int read_values(struct arena *a, const xml_node *attribute, struct saml_attribute *out, struct error *err)
{
	const char **values;
	size_t n = xml_children(attribute, XML_NS_ASSERTION, "AttributeValue", NULL), i = 0;

	if (n == 0)
		return error_set(err, REASON_BAD_ATTRIBUTE, "attribute \"%.120s\" without a value", out->name);
	values = arena_alloc(a, n * sizeof(*values));
	for (const xml_node *node = xml_first(attribute); node; node = xml_next(node)) {
		const char *value = NULL;

		if (!xml_is(node, XML_NS_ASSERTION, "AttributeValue"))
			return error_set(err, REASON_BAD_ATTRIBUTE, "%.80s in attribute \"%.120s\"", xml_name(node),
				out->name);
		if (xml_value(node, REASON_BAD_ATTRIBUTE, &value, err) < 0)
			return error_prefix(err, "attribute \"%.120s\": ", out->name);
		values[i++] = arena_strdup(a, value);
	}
	out->values = values;
	out->n = n;
	return 0;
}

/* Names that differ only in NameFormat count as equal: nobody after us looks at the format. */
static int read_attribute(struct arena *a, const xml_node *node, const struct saml_attribute *before, size_t n,
	struct saml_attribute *out, struct error *err)
{
	const char *name = NULL;

	if (xml_in(node, XML_NS_ASSERTION) && strcmp(xml_name(node), "EncryptedAttribute") == 0)
		return error_set(err, REASON_ENCRYPTED, "EncryptedAttribute");
	if (!xml_is(node, XML_NS_ASSERTION, "Attribute"))
		return error_set(err, REASON_BAD_ATTRIBUTE, "%.80s in AttributeStatement", xml_name(node));
	if (xml_require_attribute(node, "Name", REASON_BAD_ATTRIBUTE, &name, err) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		if (strcmp(before[i].name, name) == 0)
			return error_set(err, REASON_DUPLICATE_ATTRIBUTE, "attribute \"%.120s\"", name);
	}
	out->name = arena_strdup(a, name);
	return read_values(a, node, out, err);
}

int attributes_read(struct arena *a, const xml_node *assertion, struct saml_identity *out, struct error *err)
{
	xml_node *statement = NULL;
	struct saml_attribute *list;
	size_t count = 0, i = 0;

	if (xml_optional_child(assertion, XML_NS_ASSERTION, "AttributeStatement", REASON_BAD_ATTRIBUTE, &statement, err) < 0)
		return -1;
	if (!statement)
		return 0;
	for (const xml_node *node = xml_first(statement); node; node = xml_next(node))
		count++;
	if (count > ATTRIBUTES_MAX)
		return error_set(err, REASON_BAD_ATTRIBUTE, "%zu attributes, at most %d", count, ATTRIBUTES_MAX);
	list = arena_alloc(a, (count + 1) * sizeof(*list));
	for (const xml_node *node = xml_first(statement); node; node = xml_next(node), i++) {
		if (read_attribute(a, node, list, i, &list[i], err) < 0)
			return -1;
	}
	out->attributes = list;
	out->attribute_count = count;
	return 0;
}

const struct saml_attribute *saml_identity_attribute(const struct saml_identity *identity, const char *name)
{
	for (size_t i = 0; i < identity->attribute_count; i++) {
		if (strcmp(identity->attributes[i].name, name) == 0)
			return &identity->attributes[i];
	}
	return NULL;
}
