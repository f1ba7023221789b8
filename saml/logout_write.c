/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Our LogoutRequest and LogoutResponse (SAML core 3.7, bindings 3.4).
 *
 * Written straight, as the Response to Atlassian is: lasso writes such a
 * message only from a dump of its own session, and the two elements are short.
 * lasso is the witness: tests/unit/test_logout_write.c has it read them as the
 * identity provider.  NameID and SessionIndex are those of the assertion,
 * attribute for attribute (core 3.3.4): Entra ID refuses what it did not say.
 */
#include "saml/binding.h"
#include "saml/provider.h"
#include "saml/redirect.h"

#include "base/encode.h"

#define STATUS "urn:oasis:names:tc:SAML:2.0:status:"

static void add_attribute(struct text *t, const char *name, const char *value)
{
	if (!value)
		return;
	text_addf(t, " %s=\"", name);
	text_add_xml_attribute(t, slice_c(value));
	text_add_c(t, "\"");
}

struct head {
	const char *element, *id, *destination, *in_response_to, *issuer;
	int64_t now;
};

static void begin(struct text *t, struct arena *a, const struct head *h)
{
	char now[21];

	time_write(h->now, now);
	text_begin(t, a, 1024);
	text_addf(t, "<samlp:%s xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\"", h->element);
	add_attribute(t, "ID", h->id);
	add_attribute(t, "Version", "2.0");
	add_attribute(t, "IssueInstant", now);
	add_attribute(t, "Destination", h->destination);
	add_attribute(t, "InResponseTo", h->in_response_to);
	text_add_c(t, "><saml:Issuer xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\">");
	text_add_xml_text(t, slice_c(h->issuer));
	text_add_c(t, "</saml:Issuer>");
}

static void add_text(struct text *t, const char *value, const char *shut)
{
	text_add_c(t, ">");
	text_add_xml_text(t, slice_c(value));
	text_add_c(t, shut);
}

/* SAML bindings 3.4.4.1; an address may have a query of its own. */
static int send_query(struct arena *a, const char *address, const char *parameter, struct slice message, struct slice relay_state,
	const struct saml_key *key, const char **url_out, struct error *err)
{
	struct text base64, url;
	size_t from;

	text_begin(&base64, a, 1024);
	text_add_base64(&base64, binding_deflate(a, message));
	text_begin(&url, a, 2048);
	text_add_c(&url, address);
	text_add_c(&url, strchr(address, '?') ? "&" : "?");
	from = url.n;
	text_addf(&url, "%s=", parameter);
	text_add_url(&url, text_slice(&base64));
	if (relay_state.p) {
		text_add_c(&url, "&RelayState=");
		text_add_url(&url, relay_state);
	}
	if (key && redirect_sign(&url, from, key, err) < 0)
		return -1;
	*url_out = url.p;
	return 0;
}

int saml_logout_request_write(struct arena *a, const struct saml_provider *provider, const struct saml_logout_ask *ask,
	const char **url_out, struct error *err)
{
	const struct head head = {
		.element = "LogoutRequest", .id = ask->id, .destination = provider->info.slo_url, .issuer = ask->entity_id, .now = ask->now,
	};
	struct text t;

	if (!provider->info.slo_url || !ask->id || !ask->entity_id || !ask->name_id || !ask->session_index)
		return error_set(err, REASON_INTERNAL, "a LogoutRequest without address, id, entity ID, NameID or SessionIndex");
	begin(&t, a, &head);
	text_add_c(&t, "<saml:NameID xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\"");
	add_attribute(&t, "Format", ask->name_id_format);
	add_attribute(&t, "NameQualifier", ask->name_qualifier);
	add_attribute(&t, "SPNameQualifier", ask->sp_name_qualifier);
	add_text(&t, ask->name_id, "</saml:NameID><samlp:SessionIndex");
	add_text(&t, ask->session_index, "</samlp:SessionIndex></samlp:LogoutRequest>");
	return send_query(a, provider->info.slo_url, "SAMLRequest", text_slice(&t), (struct slice){0}, ask->key, url_out, err);
}

int saml_logout_response_write(struct arena *a, const struct saml_provider *provider, const struct saml_logout_answer *answer,
	const char **url_out, struct error *err)
{
	const struct head head = {
		.element = "LogoutResponse", .id = answer->id, .destination = provider->info.slo_answer_url,
		.in_response_to = answer->in_response_to, .issuer = answer->entity_id, .now = answer->now,
	};
	struct text t;

	if (!provider->info.slo_answer_url || !answer->id || !answer->entity_id || !answer->in_response_to)
		return error_set(err, REASON_INTERNAL, "a LogoutResponse without address, id, entity ID or request");
	begin(&t, a, &head);
	text_add_c(&t, "<samlp:Status><samlp:StatusCode Value=\"" STATUS "Success\"");
	text_add_c(&t, answer->partial ? "><samlp:StatusCode Value=\"" STATUS "PartialLogout\"/></samlp:StatusCode>" : "/>");
	text_add_c(&t, "</samlp:Status></samlp:LogoutResponse>");
	return send_query(a, provider->info.slo_answer_url, "SAMLResponse", text_slice(&t), answer->relay_state, answer->key, url_out, err);
}
