/* SPDX-License-Identifier: GPL-3.0-or-later */
/* saml:AttributeStatement (SAML core 2.7.3): names and values, each there once and each one text. */
#include "saml/assertion.h"

#include "base/log.h"

/* Entra sends about ten and at most 150 groups in one of them. */
#define ATTRIBUTES_MAX 200

/* What the meaning of a sign-on is read from (claims.c), whoever else reads it. */
static const char *const always_read[] = {
	SAML_CLAIM_TENANT, SAML_CLAIM_OBJECT_ID, SAML_CLAIM_IDENTITY_PROVIDER, SAML_CLAIM_AUTHN_METHODS, SAML_CLAIM_GROUPS_LINK,
	SAML_CLAIM_UPN, SAML_CLAIM_NAME, NULL,
};

static bool is_among(const char *const *names, const char *name)
{
	while (*names && strcmp(*names, name) != 0)
		names++;
	return *names != NULL;
}

static bool is_read(const struct saml_expect *expect, const char *name)
{
	return !expect->claims || is_among(expect->claims, name) || is_among(always_read, name);
}

/* One text, though empty or of several lines: what people put into a street address. */
static bool is_only_formless(const xml_node *value)
{
	struct error ignored;
	struct slice text;

	return xml_is_empty(value) || xml_text(value, REASON_BAD_ATTRIBUTE, &text, &ignored) == 0;
}

/*
 * 0, -1, or 1: a value without form in an attribute that nobody reads, which
 * is then no reason to refuse anybody.  Elements and comments within a value
 * always are: they are how one reader is made to see another value than the next.
 */
static int read_value(struct arena *a, const xml_node *node, bool read, const char **out, struct error *err)
{
	const char *value = NULL;

	if (xml_value(node, REASON_BAD_ATTRIBUTE, &value, err) < 0)
		return read || !is_only_formless(node) ? -1 : 1;
	*out = arena_strdup(a, value);
	return 0;
}

/* As read_value, for all of them. */
static int read_values(struct arena *a, const struct saml_expect *expect, const xml_node *attribute, struct saml_attribute *out,
	struct error *err)
{
	bool read = is_read(expect, out->name), formless = false;
	const char **values;
	size_t n = xml_children(attribute, XML_NS_ASSERTION, "AttributeValue", NULL), i = 0;

	if (n == 0 && (read || !xml_is_empty(attribute)))
		return error_set(err, REASON_BAD_ATTRIBUTE, "attribute \"%.120s\" without a value", out->name);
	values = arena_alloc(a, (n + 1) * sizeof(*values));
	for (const xml_node *node = xml_first(attribute); node; node = xml_next(node)) {
		int rc;

		if (!xml_is(node, XML_NS_ASSERTION, "AttributeValue"))
			return error_set(err, REASON_BAD_ATTRIBUTE, "%.80s in attribute \"%.120s\"", xml_name(node),
				out->name);
		rc = read_value(a, node, read, &values[i++], err);
		if (rc < 0)
			return error_prefix(err, "attribute \"%.120s\": ", out->name);
		formless = formless || rc > 0;
	}
	if (formless || n == 0) {
		log_debug("attribute passed over: a value is empty or has several lines, and nobody reads it", "name", out->name, NULL);
		return 1;
	}
	out->values = values;
	out->n = n;
	return 0;
}

/* Names that differ only in NameFormat count as equal: nobody after us looks at the format. */
static int read_attribute(struct arena *a, const struct saml_expect *expect, const xml_node *node, const struct saml_attribute *before,
	struct saml_attribute *out, struct error *err)
{
	const char *name = NULL;

	if (xml_in(node, XML_NS_ASSERTION) && strcmp(xml_name(node), "EncryptedAttribute") == 0)
		return error_set(err, REASON_ENCRYPTED, "EncryptedAttribute");
	if (!xml_is(node, XML_NS_ASSERTION, "Attribute"))
		return error_set(err, REASON_BAD_ATTRIBUTE, "%.80s in AttributeStatement", xml_name(node));
	if (xml_require_attribute(node, "Name", REASON_BAD_ATTRIBUTE, &name, err) < 0)
		return -1;
	for (; before < out; before++) {
		if (strcmp(before->name, name) == 0)
			return error_set(err, REASON_DUPLICATE_ATTRIBUTE, "attribute \"%.120s\"", name);
	}
	out->name = arena_strdup(a, name);
	return read_values(a, expect, node, out, err) < 0 ? -1 : 0;
}

/* Those that were passed over (n is 0) were kept until here, so that none is there twice. */
static size_t leave_out_formless(struct saml_attribute *list, size_t count)
{
	size_t kept = 0;

	for (size_t i = 0; i < count; i++) {
		if (list[i].n)
			list[kept++] = list[i];
	}
	return kept;
}

int attributes_read(struct arena *a, const xml_node *assertion, const struct saml_expect *expect, struct saml_identity *out,
	struct error *err)
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
		if (read_attribute(a, expect, node, list, &list[i], err) < 0)
			return -1;
	}
	out->attributes = list;
	out->attribute_count = leave_out_formless(list, count);
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
