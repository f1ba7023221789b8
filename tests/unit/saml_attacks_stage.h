/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What an attacker does to an honest Response: an element, its signature, and a copy of it that names somebody else. */
#ifndef TESTS_UNIT_SAML_ATTACKS_STAGE_H
#define TESTS_UNIT_SAML_ATTACKS_STAGE_H

#include "tests/unit/forge.h"

#include <libxml/tree.h>

/* What the attacker works on: an element and its signature. */
static inline xmlNodePtr target(xmlDocPtr doc, enum forge_sign what)
{
	xmlNodePtr root = xmlDocGetRootElement(doc);

	return what == FORGE_ASSERTION ? forge_find(root, NS_SAML, "Assertion") : root;
}

static inline xmlNodePtr own_signature(xmlNodePtr element)
{
	xmlNodePtr node = element->children;

	while (node && !(node->ns && xmlStrEqual(node->ns->href, BAD_CAST NS_DS)))
		node = node->next;
	assert_non_null(node);
	return node;
}

/* A copy under a new ID that names somebody else. */
static inline xmlNodePtr evil_copy(xmlNodePtr element)
{
	xmlNodePtr copy = xmlDocCopyNode(element, element->doc, 1), name = forge_find(copy, NS_SAML, "NameID"), signature;

	xmlSetProp(copy, BAD_CAST "ID", BAD_CAST "_evil");
	if (!xmlStrEqual(copy->name, BAD_CAST "Assertion"))
		xmlSetProp(forge_find(copy->children, NS_SAML, "Assertion"), BAD_CAST "ID", BAD_CAST "_evil_assertion");
	xmlNodeSetContent(name, BAD_CAST "admin@example.org");
	while ((signature = forge_find(copy->children, NS_DS, "Signature"))) {
		xmlUnlinkNode(signature);
		xmlFreeNode(signature);
	}
	return copy;
}

#endif
