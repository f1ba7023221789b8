/* SPDX-License-Identifier: GPL-3.0-or-later */
/* XML under the rules that the first byte chooses; the whole document is walked and asked for everything. */
#include "tests/fuzz/fuzz.h"

#include "saml/saml.h"
#include "saml/xml.h"

static void ask(const xml_node *node)
{
	static const char *const names[] = {"ID", "Version", NULL};
	const char *value;
	struct slice text;
	struct error err;
	xml_node *child;
	int64_t time;
	bool yes;

	(void)!xml_text(node, REASON_XML_SHAPE, &text, &err);
	if (xml_value(node, REASON_XML_SHAPE, &value, &err) == 0 && !*value)
		abort();
	if (xml_require_attribute(node, "ID", REASON_XML_SHAPE, &value, &err) == 0 && strpbrk(value, "\t\r\n"))
		abort();
	(void)!xml_time(node, "IssueInstant", REASON_ISSUE_INSTANT, &time, &err);
	(void)!xml_boolean(node, "ForceAuthn", false, REASON_XML_SHAPE, &yes, &err);
	(void)!xml_require_child(node, XML_NS_ASSERTION, "Issuer", REASON_XML_SHAPE, &child, &err);
	(void)!xml_optional_child(node, XML_NS_SIGNATURE, "Signature", REASON_XML_SHAPE, &child, &err);
	(void)!xml_require_no_text(node, REASON_XML_SHAPE, &err);
	xml_attributes_among(node, names);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct xml_rules *const rules[] = {&xml_rules_response, &xml_rules_request, &xml_rules_metadata};
	static int started;
	const char *id;
	xml_doc *doc = NULL;
	struct error err;
	size_t n = 0;

	if (!started && saml_start(&err) < 0)
		abort();
	started = 1;
	if (size == 0 || xml_read(slice_of(data + 1, size - 1), rules[data[0] % 3], &doc, &err) < 0)
		return 0;
	for (xml_node *node = xml_root(doc); node; node = xml_walk(node, xml_root(doc))) {
		ask(node);
		if (n++ < 4)
			(void)!xml_register_id(node, REASON_XML_SHAPE, &id, &err);
	}
	if (n == 0 || n > rules[data[0] % 3]->nodes)
		abort();
	xml_free(doc);
	fuzz_succeeded(0);
	return 0;
}
