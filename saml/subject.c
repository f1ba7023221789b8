/* SPDX-License-Identifier: GPL-3.0-or-later */
/* saml:Subject (SAML core 2.4): who, and that the answer is meant for us, now, and for our request. */
#include "saml/assertion.h"

/* Long enough for every Format; what is longer is no name. */
#define NAME_ID_MAX 1024

static int read_name_id(struct arena *a, const xml_node *subject, const struct saml_expect *expect, struct saml_identity *out,
	struct error *err)
{
	xml_node *node = NULL;
	const char *value = NULL, *qualifier, *format;
	size_t n;

	if (xml_children(subject, XML_NS_ASSERTION, "EncryptedID", NULL) > 0)
		return error_set(err, REASON_ENCRYPTED, "EncryptedID");
	if (xml_require_child(subject, XML_NS_ASSERTION, "NameID", REASON_NO_SUBJECT, &node, err) < 0)
		return -1;
	if (xml_value(node, REASON_BAD_NAME_ID, &value, err) < 0)
		return -1;
	n = strlen(value);
	if (n > NAME_ID_MAX || value[0] == ' ' || value[n - 1] == ' ')
		return error_set(err, REASON_BAD_NAME_ID, "NameID of %zu bytes, or with a blank at an end", n);
	qualifier = xml_attribute(node, "SPNameQualifier");
	if (qualifier && strcmp(qualifier, expect->entity_id) != 0)
		return error_set(err, REASON_BAD_NAME_ID, "NameID made for another service: SPNameQualifier \"%.200s\"",
			qualifier);
	format = xml_attribute(node, "Format");
	if (format && xml_require_attribute(node, "Format", REASON_BAD_NAME_ID, &format, err) < 0)
		return -1;
	out->name_id = arena_strdup(a, value);
	out->name_id_format = arena_strdup(a, format);
	out->sp_name_qualifier = arena_strdup(a, qualifier);
	qualifier = xml_attribute(node, "NameQualifier");
	if (qualifier && xml_require_attribute(node, "NameQualifier", REASON_BAD_NAME_ID, &qualifier, err) < 0)
		return -1;
	out->name_qualifier = arena_strdup(a, qualifier);
	return 0;
}

/* SAML profiles 4.1.4.2: what SubjectConfirmationData of a bearer must say, and must not. */
static int require_confirmation_data(const xml_node *data, const struct saml_expect *expect, struct saml_identity *out,
	struct error *err)
{
	const char *recipient = xml_attribute(data, "Recipient"), *request = xml_attribute(data, "InResponseTo");
	int64_t end = 0, skew = expect_skew(expect);

	if (xml_first(data) || xml_attribute(data, "NotBefore"))
		return error_set(err, REASON_WRONG_CONFIRMATION, "SubjectConfirmationData with NotBefore or with content");
	if (!recipient || strcmp(recipient, expect->acs_url) != 0)
		return error_set(err, REASON_WRONG_RECIPIENT, "Recipient \"%.200s\"", recipient ? recipient : "");
	if (!request || strcmp(request, expect->request_id) != 0)
		return error_set(err, REASON_WRONG_IN_RESPONSE_TO, "InResponseTo of SubjectConfirmationData \"%.80s\"",
			request ? request : "");
	if (xml_time(data, "NotOnOrAfter", REASON_WRONG_CONFIRMATION, &end, err) < 0)
		return -1;
	if (expect->now >= end + skew)
		return error_set(err, REASON_CONFIRMATION_EXPIRED, "SubjectConfirmationData ended %lld s ago, skew %lld s",
			(long long)(expect->now - end), (long long)skew);
	out->not_on_or_after = end + skew;
	return 0;
}

static int require_confirmation(const xml_node *subject, const struct saml_expect *expect, struct saml_identity *out,
	struct error *err)
{
	xml_node *confirmation = NULL, *data = NULL;
	const char *method = NULL;

	if (xml_require_child(subject, XML_NS_ASSERTION, "SubjectConfirmation", REASON_WRONG_CONFIRMATION, &confirmation,
		err) < 0)
		return -1;
	if (xml_require_attribute(confirmation, "Method", REASON_WRONG_CONFIRMATION, &method, err) < 0)
		return -1;
	if (strcmp(method, SAML_BEARER) != 0)
		return error_set(err, REASON_WRONG_CONFIRMATION, "SubjectConfirmation by %.120s", method);
	if (xml_require_child(confirmation, XML_NS_ASSERTION, "SubjectConfirmationData", REASON_WRONG_CONFIRMATION, &data,
		err) < 0)
		return -1;
	if (xml_first(confirmation) != data || xml_next(data))
		return error_set(err, REASON_WRONG_CONFIRMATION, "SubjectConfirmation with more than its data");
	return require_confirmation_data(data, expect, out, err);
}

int subject_read(struct arena *a, const xml_node *assertion, const struct saml_expect *expect, struct saml_identity *out,
	struct error *err)
{
	xml_node *subject = NULL;

	check_begins(expect, SAML_CHECK_NAME_ID);
	if (xml_require_child(assertion, XML_NS_ASSERTION, "Subject", REASON_NO_SUBJECT, &subject, err) < 0)
		return -1;
	if (read_name_id(a, subject, expect, out, err) < 0)
		return -1;
	check_begins(expect, SAML_CHECK_CONFIRMATION);
	return require_confirmation(subject, expect, out, err);
}
