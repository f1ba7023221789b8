/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * LogoutRequest and LogoutResponse of the identity provider (SAML core 3.7),
 * from the query that a browser brought.
 *
 * Two steps, since the first tells whose keys the second needs: what is
 * written there, and whether that provider wrote it to us just now.  What
 * Entra ID leaves out, or documentation shows without, may be missing unless
 * the settings ask for signatures: Destination, the signature itself, the
 * Format of a NameID.  Nothing here can open a session, and what a message can
 * end is decided by who reads it (gateway/logout_notice.c).
 */
#include "saml/assertion.h"
#include "saml/binding.h"
#include "saml/entra.h"
#include "saml/message.h"
#include "saml/provider.h"
#include "saml/redirect.h"

#include "base/encode.h"

#define MALFORMED REASON_LOGOUT_MALFORMED
#define SESSION_INDEXES_MAX 32

static const char *const parameter_names[] = {[SAML_LOGOUT_REQUEST] = "SAMLRequest", [SAML_LOGOUT_RESPONSE] = "SAMLResponse"};

/* No Signature: in this binding it is in the query, and must not be in the message (bindings 3.4.4.1). */
static const struct message_child request_children[] = {
	{XML_NS_ASSERTION, "Issuer", false}, {XML_NS_PROTOCOL, "Extensions", false}, {XML_NS_ASSERTION, "BaseID", false},
	{XML_NS_ASSERTION, "NameID", false}, {XML_NS_ASSERTION, "EncryptedID", false}, {XML_NS_PROTOCOL, "SessionIndex", true},
	{NULL, NULL, false},
};

static const struct message_child response_children[] = {
	{XML_NS_ASSERTION, "Issuer", false}, {XML_NS_PROTOCOL, "Extensions", false}, {XML_NS_PROTOCOL, "Status", false},
	{NULL, NULL, false},
};

/* ---- what is written there ---- */

static int read_message(struct arena *a, struct slice query, struct saml_logout *m, struct slice *xml_out, struct error *err)
{
	struct binding_message words = {
		.bytes = SAML_REQUEST_MAX, .missing = REASON_LOGOUT_MISSING, .malformed = MALFORMED, .doubled = MALFORMED,
		.too_large = REASON_LOGOUT_TOO_LARGE,
	};
	struct slice unused;
	bool request = form_find(query, "SAMLRequest", &unused) != 0, response = form_find(query, "SAMLResponse", &unused) != 0;

	if (request && response)
		return error_set(err, MALFORMED, "SAMLRequest and SAMLResponse in one query");
	m->kind = response ? SAML_LOGOUT_RESPONSE : SAML_LOGOUT_REQUEST;
	words.name = parameter_names[m->kind];
	return binding_read(a, &words, SAML_REDIRECT, query, xml_out, &m->relay_state, err);
}

static int read_session_indexes(struct arena *a, const xml_node *root, struct saml_logout *m, struct error *err)
{
	size_t n = xml_children(root, XML_NS_PROTOCOL, "SessionIndex", NULL);
	const char **list;

	if (n > SESSION_INDEXES_MAX)
		return error_set(err, MALFORMED, "%zu SessionIndex, at most %d", n, SESSION_INDEXES_MAX);
	m->session_indexes = list = arena_alloc(a, (n + 1) * sizeof(*list));
	for (const xml_node *node = xml_first(root); node; node = xml_next(node)) {
		if (!xml_is(node, XML_NS_PROTOCOL, "SessionIndex"))
			continue;
		if (message_value(a, node, MALFORMED, &list[m->session_index_count++], err) < 0)
			return -1;
	}
	return 0;
}

/* SAML core 3.7.1: one of three ways to name the person; we read one of them. */
static int read_request(struct arena *a, const xml_node *root, struct saml_logout *m, struct error *err)
{
	size_t n = xml_children(root, XML_NS_ASSERTION, "BaseID", NULL) + xml_children(root, XML_NS_ASSERTION, "EncryptedID", NULL);
	xml_node *name_id = NULL;

	if (message_require(root, request_children, MALFORMED, err) < 0 ||
		xml_optional_child(root, XML_NS_ASSERTION, "NameID", MALFORMED, &name_id, err) < 0)
		return -1;
	if (n + (name_id != NULL) != 1)
		return error_set(err, MALFORMED, "%zu identifiers in a LogoutRequest, exactly one is needed", n + (name_id != NULL));
	if (name_id && message_value(a, name_id, MALFORMED, &m->name_id, err) < 0)
		return -1;
	m->has_not_on_or_after = xml_attribute(root, "NotOnOrAfter") != NULL;
	if (m->has_not_on_or_after && xml_time(root, "NotOnOrAfter", MALFORMED, &m->not_on_or_after, err) < 0)
		return -1;
	return read_session_indexes(a, root, m, err);
}

static int read_response(struct arena *a, const xml_node *root, struct saml_logout *m, struct error *err)
{
	struct error fault;

	if (message_require(root, response_children, MALFORMED, err) < 0 ||
		xml_require_attribute(root, "InResponseTo", MALFORMED, &m->in_response_to, err) < 0)
		return -1;
	if (strlen(m->in_response_to) > MESSAGE_ID_MAX)
		return error_set(err, MALFORMED, "InResponseTo has %zu bytes", strlen(m->in_response_to));
	m->in_response_to = arena_strdup(a, m->in_response_to);
	if (xml_children(root, XML_NS_PROTOCOL, "Status", NULL) != 1)
		return error_set(err, MALFORMED, "a LogoutResponse without Status");
	if (require_logout_status(root, &fault) < 0)
		m->fault = arena_strdup(a, fault.detail);
	return 0;
}

static int read_root(struct arena *a, const xml_node *root, struct saml_logout *m, struct error *err)
{
	const char *wanted = m->kind == SAML_LOGOUT_RESPONSE ? "LogoutResponse" : "LogoutRequest";

	if (!xml_is(root, XML_NS_PROTOCOL, wanted))
		return error_set(err, MALFORMED, "%.80s in %s is not a %s", xml_name(root), parameter_names[m->kind], wanted);
	if ((m->kind == SAML_LOGOUT_RESPONSE ? read_response(a, root, m, err) : read_request(a, root, m, err)) < 0)
		return -1;
	if (message_id(a, root, MALFORMED, &m->id, err) < 0 || message_issuer(a, root, MALFORMED, &m->issuer, err) < 0 ||
		message_attribute(a, root, "Destination", MALFORMED, &m->destination, err) < 0)
		return -1;
	return xml_time(root, "IssueInstant", MALFORMED, &m->issue_instant, err);
}

int saml_logout_read(struct arena *a, struct slice query, struct saml_logout *out, struct error *err)
{
	struct saml_logout m = {0};
	struct slice xml;
	xml_doc *doc = NULL;
	int rc;

	if (read_message(a, query, &m, &xml, err) < 0 || xml_read(xml, &xml_rules_logout, &doc, err) < 0)
		return -1;
	rc = read_root(a, xml_root(doc), &m, err);
	if (rc == 0)
		*out = m;
	xml_free(doc);
	return rc;
}

/* ---- whether that provider wrote it to us just now ---- */

bool saml_logout_is_from(const struct saml_provider *provider, const char *issuer)
{
	const char *entity_id = provider->info.entity_id;

	return strcmp(issuer, entity_id) == 0 || entra_is_alias(issuer, entity_id);
}

static int require_signature(struct arena *a, const struct saml_logout_expect *expect, struct slice query,
	struct saml_logout *m, struct error *err)
{
	const struct saml_provider *p = expect->provider;

	if (!redirect_is_signed(query)) {
		if (expect->signed_only)
			return error_set(err, REASON_UNSIGNED, "%s is not signed", parameter_names[m->kind]);
		return 0;
	}
	if (p->info.valid_until && expect->now >= p->info.valid_until)
		return error_set(err, REASON_METADATA, "the metadata of the identity provider is past its validUntil");
	if (redirect_verify(a, query, parameter_names[m->kind], p->keys, expect->now, err) < 0)
		return -1;
	m->is_signed = true;
	return 0;
}

static int require_destination(const struct saml_logout_expect *expect, const struct saml_logout *m, struct error *err)
{
	if (m->destination ? strcmp(m->destination, expect->slo_url) == 0 : !expect->signed_only)
		return 0;
	return error_set(err, REASON_LOGOUT_WRONG_DESTINATION, "Destination \"%.200s\" is not %s",
		m->destination ? m->destination : "", expect->slo_url);
}

static int require_times(const struct saml_logout_expect *expect, const struct saml_logout *m, struct error *err)
{
	int64_t skew = saml_skew(expect->skew), age = expect->now - m->issue_instant;

	if (age < -skew)
		return error_set(err, REASON_NOT_YET_VALID, "IssueInstant lies %lld s ahead, skew %lld s: clocks differ", (long long)-age,
			(long long)skew);
	if (age > SAML_LOGOUT_AGE_MAX + skew)
		return error_set(err, REASON_LOGOUT_EXPIRED, "made %lld s ago, at most %d and %lld s of skew", (long long)age,
			SAML_LOGOUT_AGE_MAX, (long long)skew);
	if (m->has_not_on_or_after && expect->now >= m->not_on_or_after + skew)
		return error_set(err, REASON_LOGOUT_EXPIRED, "NotOnOrAfter was %lld s ago, skew %lld s",
			(long long)(expect->now - m->not_on_or_after), (long long)skew);
	return 0;
}

int saml_logout_judge(struct arena *a, const struct saml_logout_expect *expect, struct slice query, struct saml_logout *m,
	struct error *err)
{
	if (!saml_logout_is_from(expect->provider, m->issuer))
		return error_set(err, REASON_LOGOUT_UNKNOWN_ISSUER, "\"%.200s\", not \"%.200s\"", m->issuer,
			expect->provider->info.entity_id);
	if (require_signature(a, expect, query, m, err) < 0 || require_destination(expect, m, err) < 0)
		return -1;
	return require_times(expect, m, err);
}
