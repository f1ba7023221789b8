/* SPDX-License-Identifier: GPL-3.0-or-later */
/* saml:Conditions (SAML core 2.5): from when until when, and for whom. */
#include "saml/assertion.h"

/*
 * OneTimeUse is met by us: an assertion's id is claimed once.  ProxyRestriction
 * limits assertions that are made *from* this one and handed on as SAML; what
 * we issue speaks for our own mirror and names nobody's authority but ours.
 */
static const char *const known[] = {"AudienceRestriction", "OneTimeUse", "ProxyRestriction", NULL};

static int require_known(const xml_node *conditions, struct error *err)
{
	for (const xml_node *node = xml_first(conditions); node; node = xml_next(node)) {
		const char *const *name = known;

		while (*name && !xml_is(node, XML_NS_ASSERTION, *name))
			name++;
		if (!*name)
			return error_set(err, REASON_UNKNOWN_CONDITION, "condition %.80s", xml_name(node));
	}
	return 0;
}

static int require_times(const xml_node *conditions, const struct saml_expect *expect, struct saml_identity *out,
	struct error *err)
{
	int64_t begin = 0, end = 0, skew = expect_skew(expect);

	if (xml_time(conditions, "NotBefore", REASON_NO_CONDITIONS, &begin, err) < 0)
		return -1;
	if (xml_time(conditions, "NotOnOrAfter", REASON_NO_CONDITIONS, &end, err) < 0)
		return -1;
	if (begin > expect->now + skew)
		return error_set(err, REASON_NOT_YET_VALID, "valid in %lld s, skew %lld s: clocks differ",
			(long long)(begin - expect->now), (long long)skew);
	if (expect->now >= end + skew)
		return error_set(err, REASON_EXPIRED, "ended %lld s ago, skew %lld s", (long long)(expect->now - end),
			(long long)skew);
	if (end <= begin)
		return error_set(err, REASON_NO_CONDITIONS, "the conditions end before they begin");
	if (end + skew < out->not_on_or_after)
		out->not_on_or_after = end + skew;
	return 0;
}

/* One restriction with one audience: more would have to be "and" outside, "or" inside, and nobody sends it. */
static int require_audience(const xml_node *conditions, const struct saml_expect *expect, struct error *err)
{
	xml_node *restriction = NULL, *audience = NULL;
	struct slice text = {NULL, 0};

	if (xml_require_child(conditions, XML_NS_ASSERTION, "AudienceRestriction", REASON_WRONG_AUDIENCE, &restriction,
		err) < 0)
		return -1;
	if (xml_require_child(restriction, XML_NS_ASSERTION, "Audience", REASON_WRONG_AUDIENCE, &audience, err) < 0)
		return -1;
	if (xml_text(audience, REASON_WRONG_AUDIENCE, &text, err) < 0)
		return -1;
	if (!slice_is(text, expect->entity_id))
		return error_set(err, REASON_WRONG_AUDIENCE, "Audience \"%.200s\", ours is \"%.200s\"", text.p,
			expect->entity_id);
	return 0;
}

int conditions_read(const xml_node *assertion, const struct saml_expect *expect, struct saml_identity *out, struct error *err)
{
	xml_node *conditions = NULL;

	check_begins(expect, SAML_CHECK_CONDITIONS);
	if (xml_require_child(assertion, XML_NS_ASSERTION, "Conditions", REASON_NO_CONDITIONS, &conditions, err) < 0)
		return -1;
	if (require_known(conditions, err) < 0)
		return -1;
	check_begins(expect, SAML_CHECK_VALIDITY);
	if (require_times(conditions, expect, out, err) < 0)
		return -1;
	check_begins(expect, SAML_CHECK_AUDIENCE);
	return require_audience(conditions, expect, err);
}
