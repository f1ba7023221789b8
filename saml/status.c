/* SPDX-License-Identifier: GPL-3.0-or-later */
/* samlp:Status (SAML core 3.2.2): success, or why not in the words of the identity provider. */
#include "saml/assertion.h"

#define SUCCESS "urn:oasis:names:tc:SAML:2.0:status:Success"
#define STATUS_PREFIX "urn:oasis:names:tc:SAML:2.0:status:"

/* The part of a code that tells something; codes of others stay whole. */
static const char *short_code(const char *code)
{
	size_t n = strlen(STATUS_PREFIX);

	return strncmp(code, STATUS_PREFIX, n) == 0 ? code + n : code;
}

static int refuse_status(const xml_node *status, const char *code, const xml_node *code_node, struct error *err)
{
	xml_node *second, *message;
	struct slice text = {"", 0};
	struct error unread = {0};
	const char *second_code = NULL;

	if (xml_children(code_node, XML_NS_PROTOCOL, "StatusCode", &second) > 0)
		second_code = xml_attribute(second, "Value");
	if (xml_children(status, XML_NS_PROTOCOL, "StatusMessage", &message) > 0 &&
		xml_text(message, REASON_STATUS_NOT_SUCCESS, &text, &unread) < 0)
		text = slice_c("(a message that cannot be read)");
	return error_set(err, REASON_STATUS_NOT_SUCCESS, "%.80s%s%.80s%s%.*s", short_code(code), second_code ? ", " : "",
		second_code ? short_code(second_code) : "", text.n ? ": " : "", text.n > 480 ? 480 : (int)text.n, text.p);
}

/* SAML core 3.2.2: what may stand beside the code.  What is expected nowhere is read by nobody, or by somebody else. */
static int require_known_parts(const xml_node *status, const xml_node *code, struct error *err)
{
	static const char *const known[] = {"StatusCode", "StatusMessage", "StatusDetail", NULL};

	for (const xml_node *node = xml_first(status); node; node = xml_next(node)) {
		const char *const *name = known;

		while (*name && !xml_is(node, XML_NS_PROTOCOL, *name))
			name++;
		if (!*name || xml_children(status, XML_NS_PROTOCOL, *name, NULL) != 1)
			return error_set(err, REASON_XML_SHAPE, "%.80s in Status", xml_name(node));
	}
	if (xml_first(code))
		return error_set(err, REASON_XML_SHAPE, "%.80s in the StatusCode of a success", xml_name(xml_first(code)));
	if (xml_require_no_text(code, REASON_XML_SHAPE, err) < 0)
		return -1;
	return xml_require_no_text(status, REASON_XML_SHAPE, err);
}

int require_status(const xml_node *response, struct error *err)
{
	xml_node *status = NULL, *code_node = NULL;
	const char *code = NULL;

	if (xml_require_child(response, XML_NS_PROTOCOL, "Status", REASON_STATUS_NOT_SUCCESS, &status, err) < 0)
		return -1;
	if (xml_require_child(status, XML_NS_PROTOCOL, "StatusCode", REASON_STATUS_NOT_SUCCESS, &code_node, err) < 0)
		return -1;
	if (xml_require_attribute(code_node, "Value", REASON_STATUS_NOT_SUCCESS, &code, err) < 0)
		return -1;
	if (strcmp(code, SUCCESS) != 0)
		return refuse_status(status, code, code_node, err);
	return require_known_parts(status, code_node, err);
}
