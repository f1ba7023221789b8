/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lasso, and what a careful caller of lasso would ask. */
#include "tests/differential/second_reader.h"

#include "base/text.h"

#include <time.h>

#include <lasso/lasso.h>
#include <lasso/xml/misc_text_node.h>
#include <lasso/xml/saml-2.0/saml2_assertion.h>
#include <lasso/xml/saml-2.0/saml2_attribute.h>
#include <lasso/xml/saml-2.0/saml2_attribute_statement.h>
#include <lasso/xml/saml-2.0/saml2_attribute_value.h>
#include <lasso/xml/saml-2.0/saml2_audience_restriction.h>
#include <lasso/xml/saml-2.0/saml2_authn_statement.h>
#include <lasso/xml/saml-2.0/saml2_name_id.h>
#include <lasso/xml/saml-2.0/saml2_subject_confirmation_data.h>
#include <lasso/xml/saml-2.0/samlp2_response.h>
#include <lasso/xml/saml-2.0/samlp2_status_response.h>

#define SKEW 180
#define ATTRIBUTES_MAX 64
#define BEARER "urn:oasis:names:tc:SAML:2.0:cm:bearer"

static LassoServer *server;
static const char *why;

int second_reader_begin(void)
{
	static const enum forge_key keys[] = {FORGE_FIRST, FORGE_SECOND, FORGE_KEYS};
	const char *const acs_urls[] = {FORGE_ACS, NULL};
	const struct saml_own own = {.entity_id = FORGE_ENTITY, .acs_urls = acs_urls};
	const char *metadata = arena_copy(forge_arena(), forge_metadata("signing", keys));

	server = lasso_server_new_from_buffers(saml_sp_metadata(forge_arena(), &own).p, NULL, NULL, NULL);
	if (!server || lasso_server_set_encryption_private_key(server, forge_sealing_key(FORGE_OURS)) != 0)
		return -1;
	return lasso_server_add_provider_from_buffer(server, LASSO_PROVIDER_ROLE_IDP, metadata, NULL, NULL) == 0 ? 0 : -1;
}

void second_reader_end(void)
{
	lasso_server_destroy(server);
	server = NULL;
}

/* ---- asking ---- */

static bool require(bool holds, const char *what)
{
	if (!holds && !why)
		why = what;
	return holds;
}

static bool is(const char *a, const char *b)
{
	return a && b && strcmp(a, b) == 0;
}

/* Written anew with the C library, so that a fault of time_read is no fault of both. */
static bool instant(const char *text, int64_t *out)
{
	struct tm tm = {0};
	const char *rest = text ? strptime(text, "%Y-%m-%dT%H:%M:%S", &tm) : NULL;

	if (!rest)
		return false;
	if (*rest == '.')
		rest += 1 + strspn(rest + 1, "0123456789");
	*out = (int64_t)timegm(&tm);
	return strcmp(rest, "Z") == 0;
}

static bool is_over(const char *text)
{
	int64_t end;

	return !instant(text, &end) || FORGE_NOW >= end + SKEW;
}

static bool is_ahead(const char *text)
{
	int64_t begin;

	return !instant(text, &begin) || begin > FORGE_NOW + SKEW;
}

static bool is_of_before(const char *text)
{
	int64_t made;

	return !instant(text, &made) || made < FORGE_NOW - 20 - SKEW;
}

static bool judge_response(const LassoSamlp2StatusResponse *r)
{
	return require(is(r->Destination, FORGE_ACS), "Destination") && require(is(r->InResponseTo, FORGE_REQUEST), "InResponseTo") &&
		require(is(r->Version, "2.0"), "Version") && require(r->Issuer && is(r->Issuer->content, FORGE_ISSUER), "Issuer") &&
		require(!is_ahead(r->IssueInstant) && !is_of_before(r->IssueInstant), "IssueInstant") &&
		require(g_list_length(LASSO_SAMLP2_RESPONSE(r)->Assertion) == 1, "number of assertions");
}

static bool judge_subject(const LassoSaml2Subject *s)
{
	const LassoSaml2SubjectConfirmationData *data;

	if (!require(s && s->NameID && s->NameID->content && *s->NameID->content, "NameID"))
		return false;
	if (!require(!s->NameID->SPNameQualifier || is(s->NameID->SPNameQualifier, FORGE_ENTITY), "SPNameQualifier"))
		return false;
	if (!require(s->SubjectConfirmation && is(s->SubjectConfirmation->Method, BEARER), "SubjectConfirmation"))
		return false;
	data = s->SubjectConfirmation->SubjectConfirmationData;
	return require(data && is(data->Recipient, FORGE_ACS), "Recipient") &&
		require(is(data->InResponseTo, FORGE_REQUEST), "InResponseTo of the confirmation") &&
		require(!data->NotBefore, "NotBefore of the confirmation") && require(!is_over(data->NotOnOrAfter), "confirmation is over");
}

static bool judge_conditions(const LassoSaml2Conditions *c)
{
	const LassoSaml2AudienceRestriction *restriction;

	if (!require(c && !is_ahead(c->NotBefore) && !is_over(c->NotOnOrAfter), "times"))
		return false;
	if (!require(g_list_length(c->AudienceRestriction) == 1, "AudienceRestriction"))
		return false;
	restriction = c->AudienceRestriction->data;
	return require(is(restriction->Audience, FORGE_ENTITY), "Audience") && require(!c->Condition, "Condition");
}

static bool judge_statement(const LassoSaml2Assertion *a)
{
	const LassoSaml2AuthnStatement *s;

	if (!require(g_list_length(a->AuthnStatement) == 1, "AuthnStatement"))
		return false;
	s = a->AuthnStatement->data;
	return require(!is_ahead(s->AuthnInstant), "AuthnInstant") && require(s->SessionIndex && *s->SessionIndex, "SessionIndex") &&
		require(!s->SessionNotOnOrAfter || !is_over(s->SessionNotOnOrAfter), "session is over");
}

static bool judge(LassoLogin *login, const LassoSaml2Assertion *a)
{
	return judge_response(LASSO_SAMLP2_STATUS_RESPONSE(LASSO_PROFILE(login)->response)) &&
		require(a->Issuer && is(a->Issuer->content, FORGE_ISSUER), "Issuer of the assertion") &&
		require(is(a->Version, "2.0"), "Version of the assertion") &&
		require(!is_ahead(a->IssueInstant) && !is_of_before(a->IssueInstant), "IssueInstant of the assertion") &&
		judge_subject(a->Subject) && judge_conditions(a->Conditions) && judge_statement(a) &&
		require(!a->AuthzDecisionStatement && !a->Advice, "parts that do not belong there");
}

/* ---- reading ---- */

static const char *own(const char *s)
{
	return arena_strdup(forge_arena(), s);
}

/* lasso cuts a value at comments and the like into nodes; a careful caller joins them. */
static const char *value_of(const LassoSaml2AttributeValue *value)
{
	struct text t;

	text_begin(&t, forge_arena(), 64);
	for (const GList *i = value->any; i; i = i->next)
		text_add_c(&t, LASSO_IS_MISC_TEXT_NODE(i->data) ? LASSO_MISC_TEXT_NODE(i->data)->content : "<element>");
	return arena_copy(forge_arena(), text_slice(&t));
}

static struct saml_attribute attribute_of(const LassoSaml2Attribute *a)
{
	struct saml_attribute out = {.name = own(a->Name), .n = g_list_length(a->AttributeValue)};
	const char **values = arena_alloc(forge_arena(), (out.n + 1) * sizeof(*values));
	size_t n = 0;

	for (const GList *i = a->AttributeValue; i; i = i->next)
		values[n++] = value_of(i->data);
	out.values = values;
	return out;
}

static bool read_attributes(const LassoSaml2Assertion *a, struct saml_identity *out)
{
	struct saml_attribute *list = arena_alloc(forge_arena(), ATTRIBUTES_MAX * sizeof(*list));
	const LassoSaml2AttributeStatement *statement;

	if (!require(g_list_length(a->AttributeStatement) <= 1, "AttributeStatement"))
		return false;
	if (!a->AttributeStatement)
		return true;
	statement = a->AttributeStatement->data;
	for (const GList *i = statement->Attribute; i; i = i->next) {
		if (!require(out->attribute_count < ATTRIBUTES_MAX, "number of attributes"))
			return false;
		list[out->attribute_count++] = attribute_of(i->data);
	}
	out->attributes = list;
	return true;
}

static const char *only_value(const struct saml_identity *who, const char *name)
{
	const char *found = NULL;

	for (size_t i = 0; i < who->attribute_count; i++) {
		if (!is(who->attributes[i].name, name))
			continue;
		if (!require(!found && who->attributes[i].n == 1, "an attribute that identifies"))
			return NULL;
		found = who->attributes[i].values[0];
	}
	return found;
}

static bool read_identity(const LassoSaml2Assertion *a, struct saml_identity *out)
{
	const LassoSaml2AuthnStatement *s = a->AuthnStatement->data;

	*out = (struct saml_identity){
		.issuer = own(a->Issuer->content), .name_id = own(a->Subject->NameID->content),
			.name_id_format = own(a->Subject->NameID->Format),
		.session_index = own(s->SessionIndex), .assertion_id = own(a->ID),
		.authn_context = s->AuthnContext ? own(s->AuthnContext->AuthnContextClassRef) : NULL,
	};
	if (!read_attributes(a, out) || !instant(s->AuthnInstant, &out->authn_instant))
		return false;
	out->tenant = only_value(out, SAML_CLAIM_TENANT);
	out->object_id = only_value(out, SAML_CLAIM_OBJECT_ID);
	return require(out->tenant && strcasecmp(out->tenant, FORGE_TENANT) == 0, "tenant");
}

/* Folded base64 is base64 (RFC 2045 section 6.8); lasso knows it only in one piece. */
static char *in_one_piece(struct slice base64)
{
	char *p = arena_copy(forge_arena(), base64), *to = p;

	for (size_t i = 0; i < base64.n; i++) {
		if (!memchr(" \t\r\n", base64.p[i], 4))
			*to++ = base64.p[i];
	}
	*to = 0;
	return p;
}

int second_reader_read(struct slice base64, struct saml_identity *out, const char **why_out)
{
	static const char asked[] = "<lasso:Login xmlns:lasso=\"" LASSO_LASSO_HREF "\" LoginDumpVersion=\"2\">"
		"<lasso:RequestID>" FORGE_REQUEST "</lasso:RequestID></lasso:Login>";
	LassoLogin *login = lasso_login_new_from_dump(server, asked);
	LassoSaml2Assertion *assertion = NULL;
	int rc = lasso_login_process_authn_response_msg(login, in_one_piece(base64)), result = -1;

	why = NULL;
	if (rc == 0)
		rc = lasso_login_accept_sso(login);
	if (rc == 0)
		assertion = LASSO_SAML2_ASSERTION(lasso_login_get_assertion(login));
	if (assertion && judge(login, assertion) && read_identity(assertion, out))
		result = 0;
	*why_out = why ? why : rc ? lasso_strerror(rc) : "no assertion";
	if (assertion)
		g_object_unref(assertion);
	lasso_login_destroy(login);
	return result;
}
