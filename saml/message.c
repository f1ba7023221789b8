/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Version, ID, Issuer and children of a protocol message. */
#include "saml/message.h"

#include "base/encode.h"

static int require_version(const xml_node *root, enum reason reason, struct error *err)
{
	const char *version;

	if (xml_require_attribute(root, "Version", reason, &version, err) < 0)
		return -1;
	if (strcmp(version, "2.0") != 0)
		return error_set(err, reason, "Version \"%.20s\", only 2.0 is spoken here", version);
	return 0;
}

int message_require(const xml_node *root, const struct message_child *children, enum reason reason, struct error *err)
{
	const struct message_child *next = children;

	if (require_version(root, reason, err) < 0)
		return -1;
	for (const xml_node *child = xml_first(root); child; child = xml_next(child)) {
		while (next->name && !xml_is(child, next->ns, next->name))
			next++;
		if (!next->name)
			return error_set(err, reason, "%s does not belong there in %s %s", xml_name(child),
				strchr("AEIOU", xml_name(root)[0]) ? "an" : "a", xml_name(root));
		if (!next->many)
			next++;
	}
	return xml_require_no_text(root, reason, err);
}

/* Character references could bring in what no address holds. */
int message_attribute(struct arena *a, const xml_node *node, const char *name, enum reason reason, const char **out, struct error *err)
{
	const char *value = xml_attribute(node, name);
	struct slice s = slice_c(value);

	if (s.n > MESSAGE_VALUE_MAX)
		return error_set(err, reason, "%s has %zu bytes", name, s.n);
	if (s.n && (!utf8_is_clean(s) || strpbrk(value, "\t\r\n")))
		return error_set(err, reason, "%s holds control characters", name);
	*out = arena_strdup(a, value);
	return 0;
}

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

int message_id(struct arena *a, const xml_node *root, enum reason reason, const char **out, struct error *err)
{
	const char *id;

	if (xml_require_attribute(root, "ID", reason, &id, err) < 0)
		return -1;
	if (strlen(id) > MESSAGE_ID_MAX)
		return error_set(err, reason, "the ID has %zu bytes, at most %d", strlen(id), MESSAGE_ID_MAX);
	if (!is_id(id) || !utf8_is_clean(slice_c(id)))
		return error_set(err, reason, "the ID is not an xs:ID");
	*out = arena_strdup(a, id);
	return 0;
}

int message_value(struct arena *a, const xml_node *node, enum reason reason, const char **out, struct error *err)
{
	const char *value;

	if (xml_value(node, reason, &value, err) < 0)
		return -1;
	if (strlen(value) > MESSAGE_VALUE_MAX)
		return error_set(err, reason, "%s has %zu bytes", xml_name(node), strlen(value));
	*out = arena_strdup(a, value);
	return 0;
}

int message_issuer(struct arena *a, const xml_node *root, enum reason reason, const char **out, struct error *err)
{
	xml_node *issuer;

	if (xml_require_child(root, XML_NS_ASSERTION, "Issuer", reason, &issuer, err) < 0)
		return -1;
	return message_value(a, issuer, reason, out, err);
}
