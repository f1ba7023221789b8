/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Entities and roles in foreign metadata; what both providers' and partners' documents need. */
#include "saml/metadata_read.h"

#include "base/encode.h"

#include <libxml/tree.h>

struct unit {
	char letter;
	int64_t seconds;
};

static const struct unit date_units[] = {{'Y', 365 * 86400}, {'M', 30 * 86400}, {'D', 86400}, {0, 0}};
static const struct unit time_units[] = {{'H', 3600}, {'M', 60}, {'S', 1}, {0, 0}};

/* "nX" pairs, their letters in the order of `units`; how many, with *p behind them, or -1. */
static int read_units(const char **p, const char *end, const struct unit *units, int64_t *total)
{
	int count = 0;

	while (*p < end && **p >= '0' && **p <= '9') {
		const char *digits = *p;
		uint64_t n;

		while (*p < end && **p >= '0' && **p <= '9')
			++*p;
		if (number_read(slice_of(digits, (size_t)(*p - digits)), 0, 1000000000, &n) < 0)
			return -1;
		while (*p < end && units->letter && units->letter != **p)
			units++;
		if (*p == end || !units->letter)
			return -1;
		*total += (int64_t)n * units->seconds;
		units++;
		++*p;
		count++;
	}
	return count;
}

int xml_duration_read(struct slice s, int64_t *out)
{
	const char *p = s.p + 1, *end = s.p + s.n;
	int64_t total = 0;
	int dates, times = 0;

	if (s.n < 3 || s.p[0] != 'P')
		return -1;
	dates = read_units(&p, end, date_units, &total);
	if (dates >= 0 && p < end && *p == 'T') {
		p++;
		times = read_units(&p, end, time_units, &total);
		if (times == 0)
			return -1;
	}
	if (dates < 0 || times < 0 || dates + times == 0 || p != end)
		return -1;
	*out = total;
	return 0;
}

static bool speaks_saml2(const xml_node *role)
{
	const char *p = xml_attribute(role, "protocolSupportEnumeration");
	size_t n = strlen(XML_NS_PROTOCOL);

	while (p && *p) {
		size_t word = strcspn(p, " \t\r\n");

		if (word == n && memcmp(p, XML_NS_PROTOCOL, n) == 0)
			return true;
		p += word;
		p += strspn(p, " \t\r\n");
	}
	return false;
}

static xml_node *role_of(const xml_node *entity, const char *role_name)
{
	for (xml_node *child = xml_first(entity); child; child = xml_next(child)) {
		if (xml_is(child, XML_NS_METADATA, role_name) && speaks_saml2(child))
			return child;
	}
	return NULL;
}

/* From the role outwards, the strictest of what is said. */
static int read_lifetime(struct metadata_role *found, struct error *err)
{
	for (const xml_node *node = found->role; node && node->type == XML_ELEMENT_NODE; node = node->parent) {
		const char *cache = xml_attribute(node, "cacheDuration");
		int64_t t;

		if (xml_attribute(node, "validUntil")) {
			if (xml_time(node, "validUntil", REASON_METADATA, &t, err) < 0)
				return -1;
			/* 0 means that nothing was said; nobody's metadata ended in 1970 */
			if (t < 1)
				t = 1;
			if (found->valid_until == 0 || t < found->valid_until)
				found->valid_until = t;
		}
		if (cache) {
			if (xml_duration_read(slice_c(cache), &t) < 0)
				return error_set(err, REASON_METADATA, "cacheDuration \"%.40s\"", cache);
			/* not to be kept at all (PT0S) is said, too */
			if (t < 1)
				t = 1;
			if (found->cache_seconds == 0 || t < found->cache_seconds)
				found->cache_seconds = t;
		}
	}
	return 0;
}

int metadata_find_role(const xml_doc *doc, const char *role_name, const char *entity_id, struct metadata_role *out,
	struct error *err)
{
	struct metadata_role found = {0};
	const xml_node *root = xml_root(doc);
	size_t n = 0;

	if (!xml_is(root, XML_NS_METADATA, "EntityDescriptor") && !xml_is(root, XML_NS_METADATA, "EntitiesDescriptor"))
		return error_set(err, REASON_METADATA, "the document is %.60s, not SAML metadata", xml_name(root));
	for (const xml_node *node = root; node; node = xml_walk(node, root)) {
		const char *id = xml_is(node, XML_NS_METADATA, "EntityDescriptor") ? xml_attribute(node, "entityID") : NULL;
		xml_node *role;

		if (!id || (entity_id && strcmp(id, entity_id) != 0))
			continue;
		role = role_of(node, role_name);
		if (!role)
			continue;
		n++;
		found = (struct metadata_role){.entity = (xml_node *)(uintptr_t)node, .role = role, .entity_id = id};
	}
	if (n != 1)
		return error_set(err, REASON_METADATA,
			"%zu entities %s%.200s%swith %s for SAML 2.0, exactly one is needed", n,
			entity_id ? "\"" : "", entity_id ? entity_id : "", entity_id ? "\" " : "", role_name);
	if (!*found.entity_id || !utf8_is_clean(slice_c(found.entity_id)) || strlen(found.entity_id) > 1024)
		return error_set(err, REASON_METADATA, "an entityID that is empty or too long");
	if (read_lifetime(&found, err) < 0)
		return -1;
	*out = found;
	return 0;
}

bool metadata_is_address(const char *s)
{
	if (strncmp(s, "https://", 8) != 0 && strncmp(s, "http://", 7) != 0)
		return false;
	for (; *s; s++) {
		if ((unsigned char)*s <= ' ' || (unsigned char)*s >= 0x7f || strchr("\"<>\\^`{|}#", *s))
			return false;
	}
	return true;
}

int metadata_entity_text(struct arena *a, const xml_node *entity, struct slice *out, struct error *err)
{
	xmlDocPtr doc = xmlNewDoc(BAD_CAST "1.0");
	xmlNodePtr copy = doc ? xmlDocCopyNode((xmlNodePtr)(uintptr_t)entity, doc, 1) : NULL;
	xmlChar *text = NULL;
	int n = 0, rc = -1;

	if (!copy) {
		error_set(err, REASON_INTERNAL, "no memory for metadata");
		goto out;
	}
	xmlDocSetRootElement(doc, copy);
	xmlReconciliateNs(doc, copy);
	xmlDocDumpMemoryEnc(doc, &text, &n, "UTF-8");
	if (!text || n <= 0) {
		error_set(err, REASON_INTERNAL, "no memory for metadata");
		goto out;
	}
	*out = arena_slice(a, slice_of(text, (size_t)n));
	rc = 0;
out:
	xmlFree(text);
	xmlFreeDoc(doc);
	return rc;
}
