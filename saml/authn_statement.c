/* SPDX-License-Identifier: GPL-3.0-or-later */
/* saml:AuthnStatement (SAML core 2.7.2): when and how the person signed on, and in which session. */
#include "saml/assertion.h"

/*
 * AuthnInstant may be months old: Entra keeps sessions, and asks for a fresh
 * sign-on only when ForceAuthn was sent.
 */
static int require_instant(const xml_node *statement, const struct saml_expect *expect, struct saml_identity *out,
	struct error *err)
{
	int64_t instant = 0, skew = expect_skew(expect);

	if (xml_time(statement, "AuthnInstant", REASON_NO_AUTHN_STATEMENT, &instant, err) < 0)
		return -1;
	if (instant > expect->now + skew)
		return error_set(err, REASON_NOT_YET_VALID, "AuthnInstant lies %lld s ahead, skew %lld s",
			(long long)(instant - expect->now), (long long)skew);
	if (expect->force_authn && instant < expect->requested_at - skew)
		return error_set(err, REASON_NOT_FRESH, "ForceAuthn was sent, AuthnInstant is %lld s older than the request",
			(long long)(expect->requested_at - instant));
	out->authn_instant = instant;
	return 0;
}

static int require_session(struct arena *a, const xml_node *statement, const struct saml_expect *expect,
	struct saml_identity *out, struct error *err)
{
	const char *index = NULL;
	int64_t end = 0;

	/* Logout will find the session by it (SAML profiles 4.1.4.2). */
	if (xml_require_attribute(statement, "SessionIndex", REASON_NO_AUTHN_STATEMENT, &index, err) < 0)
		return -1;
	if (xml_attribute(statement, "SessionNotOnOrAfter")) {
		if (xml_time(statement, "SessionNotOnOrAfter", REASON_SESSION_EXPIRED, &end, err) < 0)
			return -1;
		if (expect->now >= end + expect_skew(expect))
			return error_set(err, REASON_SESSION_EXPIRED, "the session ended %lld s ago",
				(long long)(expect->now - end));
	}
	out->session_index = arena_strdup(a, index);
	return 0;
}

static int read_context(struct arena *a, const xml_node *statement, struct saml_identity *out, struct error *err)
{
	xml_node *context = NULL, *reference = NULL;
	const char *value = NULL;

	if (xml_optional_child(statement, XML_NS_ASSERTION, "AuthnContext", REASON_NO_AUTHN_STATEMENT, &context, err) < 0)
		return -1;
	if (!context)
		return 0;
	if (xml_optional_child(context, XML_NS_ASSERTION, "AuthnContextClassRef", REASON_NO_AUTHN_STATEMENT, &reference,
		err) < 0)
		return -1;
	if (!reference)
		return 0;
	if (xml_value(reference, REASON_NO_AUTHN_STATEMENT, &value, err) < 0)
		return -1;
	out->authn_context = arena_strdup(a, value);
	return 0;
}

int authn_statement_read(struct arena *a, const xml_node *assertion, const struct saml_expect *expect,
	struct saml_identity *out, struct error *err)
{
	xml_node *statement = NULL;

	check_begins(expect, SAML_CHECK_AUTHN);
	if (xml_require_child(assertion, XML_NS_ASSERTION, "AuthnStatement", REASON_NO_AUTHN_STATEMENT, &statement, err) < 0)
		return -1;
	if (require_instant(statement, expect, out, err) < 0)
		return -1;
	check_begins(expect, SAML_CHECK_SESSION);
	if (require_session(a, statement, expect, out, err) < 0)
		return -1;
	return read_context(a, statement, out, err);
}
