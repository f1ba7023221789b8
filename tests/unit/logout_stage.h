/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Signing out through the handlers of a worker, without a network: settings
 * from a file, a browser that is one cookie, an identity provider that is the
 * forge.
 */
#ifndef TESTS_UNIT_LOGOUT_STAGE_H
#define TESTS_UNIT_LOGOUT_STAGE_H

#include "tests/unit/gateway_stage.h"

#include "base/encode.h"
#include "gateway/audit.h"
#include "gateway/logout_cookie.h"

#define SLO PUBLIC "/saml/sp/slo"
#define SINCE (FORGE_NOW - 3600)

static const char settings_text[] =
	"public_url: " PUBLIC "\nhost: host1\nstate_dir: @/state\nruntime_dir: @/run\nkey: @/own.key\ncertificate: @/own.crt\n"
	"identity_providers:\n  entra: {metadata: @/idp.xml, domains: [example.org], title: 'Example & Company'#provider#}\n  gone: {metadata: @/nowhere/gone.xml, domains: [gone.example]}\n"
	"connections:\n"
	"  organisation: {kind: managed, title: 'Jira & <Confluence>', provider: entra, entity_id: 'urn:org', acs: 'https://auth.atlassian.com/login/callback?connection=1',"
	" start: 'https://site.example/'}\n"
	"  helpdesk: {kind: portal, provider: entra, entity_id: 'urn:help', acs: 'https://help.example/acs', home: 'https://help.example/portal?a=1&b=2'}\n"
	"  other: {kind: managed, provider: entra, entity_id: 'urn:o', acs: 'https://o.example/acs', start: 'https://o.example/',"
	" logout: 'https://o.example/bye'}\n"
	"directories:\n  corp:\n    uri: ldap://127.0.0.1:1\n    people: {base: 'dc=x'}\n    groups: {base: 'dc=x'}\n    providers: [entra]\n"
	"    join: {objectidentifier: employeeNumber}\n"
	"rules:\n  - {name: agents, when: \"member of 'cn=agents,dc=x'\", outcome: licensed}\n";

static struct http_cookie cookie;       /* the browser's; name.p NULL: none */

/* With `from` of the provider's metadata as `to`. */
static inline int begin_with(const char *provider_settings, const char *from, const char *to)
{
	struct slice metadata = provider_metadata();

	if (folder_begin(FORGE_NOW) < 0)
		return -1;
	cookie = (struct http_cookie){{0}};
	while (from && memmem(metadata.p, metadata.n, from, strlen(from)))
		metadata = forge_replace(metadata, from, to);
	open_gateway(forge_replace(slice_c(settings_text), "#provider#", provider_settings), metadata);
	return 0;
}

static inline int begin(void **state)
{
	(void)state;
	return begin_with("", NULL, NULL);
}

/* ---- the browser ---- */

static inline struct http_exchange *send_as(void (*handle)(struct http_exchange *, void *), const char *query, const char *body, const char *dest)
{
	struct http_exchange *x = arena_alloc(a, sizeof(*x));
	struct http_cookie *sent = arena_alloc(a, sizeof(*sent));

	*sent = cookie;
	*x = (struct http_exchange){.arena = a, .method = body ? HTTP_POST : HTTP_GET, .query = slice_c(query), .body = slice_c(body), .rest = "",
		.client = "192.0.2.1", .cookies = sent, .cookie_count = cookie.name.p ? 1 : 0, .fetch_dest = dest};
	handle(x, &gateway);
	for (const struct http_set_cookie *c = x->set_cookies; c; c = c->next) {
		assert_string_equal(c->name, "__Host-logout");
		cookie = (struct http_cookie){slice_c(c->max_age ? c->name : NULL), slice_c(c->value)};
	}
	return x;
}

static inline struct http_exchange *open_page(void)
{
	return send_as(logout_page, NULL, NULL, "document");
}

static inline struct http_exchange *press(const char *form)
{
	return send_as(logout_page, NULL, form, "document");
}

static inline struct http_exchange *notice(const char *query, const char *dest)
{
	return send_as(logout_notice, query, NULL, dest);
}

static inline bool page_has(const struct http_exchange *x, const char *text)
{
	return x->reply_body.p && memmem(x->reply_body.p, x->reply_body.n, text, strlen(text));
}

static inline void refused_with(const struct http_exchange *x, enum reason reason)
{
	if (x->status != reason_status(reason) || !page_has(x, arena_printf(a, "<code>%s</code>", reason_word(reason))))
		fail_msg("wanted %s, got %d %.*s", reason_word(reason), x->status, (int)x->reply_body.n, x->reply_body.p ? x->reply_body.p : "");
	assert_null(x->location);
	assert_null(x->set_cookies);
}

/* ---- what sign-ons left in it ---- */

static inline struct logout_cookie in_browser(void)
{
	struct http_exchange x = {.arena = a, .cookies = &cookie, .cookie_count = cookie.name.p ? 1 : 0};
	struct logout_cookie c;

	logout_cookie_read(&x, &gateway.logout_key, clock_now(), gateway.settings->logout_seconds, &c);
	return c;
}

static inline void signed_on(const char *provider, const char *name_id, const char *index, const char *door)
{
	const struct logout_session session = {
		.state = LOGOUT_LIVE, .since = SINCE, .provider = provider, .name_id = name_id, .name_id_format = SAML_FORMAT_EMAIL, .session_index = index,
		.doors = {door}, .door_count = 1,
	};
	struct logout_cookie c = in_browser();
	struct http_exchange x = {.arena = a};

	logout_cookie_add(&c, &session);
	logout_cookie_set(&x, &gateway.logout_key, &c, gateway.settings->logout_seconds);
	cookie = (struct http_cookie){slice_c(x.set_cookies->name), slice_c(x.set_cookies->value)};
}

static inline void anna_signed_on(void)
{
	signed_on("entra", FORGE_NAME_ID, FORGE_ASSERTION_ID, "organisation");
}

static inline const char *form_of(int session)
{
	struct logout_cookie c = in_browser();

	return arena_printf(a, "token=%s&session=%d", c.token, session);
}

static inline void audit_has(const char *text)
{
	struct slice bytes;

	assert_done(file_read(a, in_folder("state/audit/audit.jsonl"), FILE_PUBLIC, 1 << 20, &bytes, &err), err);
	if (!memmem(bytes.p, bytes.n, text, strlen(text)))
		fail_msg("no %s in the audit: %.*s", text, (int)bytes.n, bytes.p);
}

/* ---- the identity provider's messages ---- */

static inline const char *message(const char *element, const char *attributes, const char *issuer, const char *children)
{
	return arena_printf(a, "<samlp:%s xmlns:samlp=\"" NS_SAMLP "\" ID=\"_theirs\" Version=\"2.0\" IssueInstant=\"2026-11-24T13:19:15Z\"%s>"
		"<Issuer xmlns=\"" NS_SAML "\">%s</Issuer>%s</samlp:%s>", element, attributes, issuer, children, element);
}

static inline const char *request_of(const char *issuer, const char *name_id, const char *index)
{
	return forge_query("SAMLRequest", message("LogoutRequest", "", issuer, arena_printf(a,
		"<NameID xmlns=\"" NS_SAML "\">%s</NameID>%s%s%s", name_id, index ? "<samlp:SessionIndex>" : "", index ? index : "",
		index ? "</samlp:SessionIndex>" : "")), "");
}

static inline const char *by_entra(const char *query)
{
	return forge_signed_query(query, FORGE_SIG_ALG, FORGE_FIRST);
}

static inline struct saml_logout sent_to_provider(const struct http_exchange *x, int status)
{
	struct saml_logout m;

	assert_int_equal(x->status, status);
	assert_true(slice_begins(slice_c(x->location), "https://login.microsoftonline.com/" FORGE_TENANT "/saml2?SAML"));
	assert_done(saml_logout_read(a, slice_c(strchr(x->location, '?') + 1), &m, &err), err);
	assert_string_equal(m.issuer, PUBLIC "/saml/sp/metadata");
	return m;
}

static inline const char *asked(void)
{
	anna_signed_on();
	return sent_to_provider(press(form_of(0)), 303).id;
}

#define STAGED(test, stage) cmocka_unit_test_setup_teardown(test, stage, end)

#endif
