/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Signing out through the handlers of a worker, without a network: settings
 * from a file, a browser that is one cookie, an identity provider that is the
 * forge.
 */
#include "tests/unit/forge.h"

#include "base/clock.h"
#include "base/encode.h"
#include "base/file.h"
#include "gateway/audit.h"
#include "gateway/gateway.h"
#include "gateway/logout_cookie.h"
#include "gateway/keys/vault.h"
#include "tests/unit/keys.h"
#include "tests/unit/start_pages.h"

#include <unistd.h>

#define PUBLIC "https://sso.example.org"
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

static char folder[40];
static struct arena *a;
static struct gateway gateway;
static struct vault *vault;
static struct error err;
static struct http_cookie cookie;       /* the browser's; name.p NULL: none */

static const char *in_folder(const char *name)
{
	return arena_printf(a, "%s/%s", folder, name);
}

static void write_here(const char *name, mode_t mode, struct slice bytes)
{
	assert_done(file_write(in_folder(name), mode, bytes, &err), err);
}

static void open_gateway(const char *provider_settings, struct slice metadata)
{
	struct files *files = files_from_disk(a);
	struct test_pair own = test_rsa(a, 2048);
	struct slice text = forge_replace(slice_c(settings_text), "#provider#", provider_settings);
	const struct settings *settings;

	while (memmem(text.p, text.n, "@/", 2))
		text = forge_replace(text, "@/", arena_printf(a, "%s/", folder));
	write_here("own.key", 0600, own.key);
	write_here("own.crt", 0644, own.certificate);
	write_here("idp.xml", 0644, metadata);
	write_here("state/cookie.secret", 0600, slice_c("0123456789abcdef0123456789abcdef"));
	write_here("postern.yaml", 0644, text);
	assert_done(settings_read(a, files, in_folder("postern.yaml"), &settings, NULL, &err), err);
	assert_done(gateway_open(a, files, settings, &gateway, &err), err);
	assert_done(vault_open(a, files, settings, &vault, &err), err);
	assert_done(gateway_open_worker(&gateway, vault_keeper(vault), &err), err);
}

static int begin_with(const char *provider_settings, const char *from, const char *to)
{
	static const enum forge_key keys[] = {FORGE_FIRST, FORGE_KEYS};
	struct slice metadata = forge_metadata("signing", keys);

	snprintf(folder, sizeof(folder), "/tmp/postern-logout-XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	a = arena_new();
	cookie = (struct http_cookie){{0}};
	if (folder_make(in_folder("state/audit"), 0700, &err) < 0 || folder_make(in_folder("state/seen"), 0700, &err) < 0 ||
		folder_make(in_folder("run"), 0700, &err) < 0)
		return -1;
	clock_set(FORGE_NOW);
	start_pages(a);
	while (from && memmem(metadata.p, metadata.n, from, strlen(from)))
		metadata = forge_replace(metadata, from, to);
	open_gateway(provider_settings, metadata);
	return 0;
}

static int begin(void **state)
{
	(void)state;
	return begin_with("", NULL, NULL);
}

static int begin_with_page(void **state)
{
	(void)state;
	return begin_with(", logout_answer: page", "https://sts.windows.net/", "https://idp.example/");
}

static int begin_with_signed_only(void **state)
{
	(void)state;
	return begin_with(", logout_signed: required, sign_requests: yes, logout_answer: response", NULL, NULL);
}

static int begin_with_signing(void **state)
{
	(void)state;
	return begin_with(", sign_requests: yes, logout_answer: response", NULL, NULL);
}

/* Some other product than Entra ID. */
static int begin_with_other(void **state)
{
	(void)state;
	return begin_with("", "https://sts.windows.net/", "https://idp.example/");
}

/* The cloud of the United States' government, by the name of its log-in host. */
static int begin_with_government(void **state)
{
	(void)state;
	return begin_with("", "https://sts.windows.net/", "https://login.microsoftonline.us/");
}

static int begin_without_logout(void **state)
{
	(void)state;
	return begin_with("", "<SingleLogoutService", "<ManageNameIDService");
}

static int end(void **state)
{
	char command[80];

	gateway_close(&gateway);
	vault_close(vault);
	gateway = (struct gateway){0};
	arena_free(a);
	clock_set(0);
	snprintf(command, sizeof(command), "rm -r %s", folder);
	return system(command) == 0 ? forge_reset(state) : -1;
}

/* ---- the browser ---- */

static struct http_exchange *send_as(void (*handle)(struct http_exchange *, void *), const char *query, const char *body, const char *dest)
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

static struct http_exchange *open_page(void)
{
	return send_as(logout_page, NULL, NULL, "document");
}

static struct http_exchange *press(const char *form)
{
	return send_as(logout_page, NULL, form, "document");
}

static struct http_exchange *notice(const char *query, const char *dest)
{
	return send_as(logout_notice, query, NULL, dest);
}

static bool page_has(const struct http_exchange *x, const char *text)
{
	return x->reply_body.p && memmem(x->reply_body.p, x->reply_body.n, text, strlen(text));
}

static void refused_with(const struct http_exchange *x, enum reason reason)
{
	if (x->status != reason_status(reason) || !page_has(x, arena_printf(a, "<code>%s</code>", reason_word(reason))))
		fail_msg("wanted %s, got %d %.*s", reason_word(reason), x->status, (int)x->reply_body.n, x->reply_body.p ? x->reply_body.p : "");
	assert_null(x->location);
	assert_null(x->set_cookies);
}

/* ---- what sign-ons left in it ---- */

static struct logout_cookie in_browser(void)
{
	struct http_exchange x = {.arena = a, .cookies = &cookie, .cookie_count = cookie.name.p ? 1 : 0};
	struct logout_cookie c;

	logout_cookie_read(&x, &gateway.logout_key, clock_now(), gateway.settings->logout_seconds, &c);
	return c;
}

static void signed_on(const char *provider, const char *name_id, const char *index, const char *door)
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

static void anna_signed_on(void)
{
	signed_on("entra", FORGE_NAME_ID, FORGE_ASSERTION_ID, "organisation");
}

static const char *form_of(int session)
{
	struct logout_cookie c = in_browser();

	return arena_printf(a, "token=%s&session=%d", c.token, session);
}

static void audit_has(const char *text)
{
	struct slice bytes;

	assert_done(file_read(a, in_folder("state/audit/audit.jsonl"), FILE_PUBLIC, 1 << 20, &bytes, &err), err);
	if (!memmem(bytes.p, bytes.n, text, strlen(text)))
		fail_msg("no %s in the audit: %.*s", text, (int)bytes.n, bytes.p);
}

/* ---- the identity provider's messages ---- */

static const char *message(const char *element, const char *attributes, const char *issuer, const char *children)
{
	return arena_printf(a, "<samlp:%s xmlns:samlp=\"" NS_SAMLP "\" ID=\"_theirs\" Version=\"2.0\" IssueInstant=\"2026-11-24T13:19:15Z\"%s>"
		"<Issuer xmlns=\"" NS_SAML "\">%s</Issuer>%s</samlp:%s>", element, attributes, issuer, children, element);
}

static const char *request_of(const char *issuer, const char *name_id, const char *index)
{
	return forge_query("SAMLRequest", message("LogoutRequest", "", issuer, arena_printf(a,
		"<NameID xmlns=\"" NS_SAML "\">%s</NameID>%s%s%s", name_id, index ? "<samlp:SessionIndex>" : "", index ? index : "",
		index ? "</samlp:SessionIndex>" : "")), "");
}

static const char *by_entra(const char *query)
{
	return forge_signed_query(query, FORGE_SIG_ALG, FORGE_FIRST);
}

static const char *response_to(const char *id, const char *status)
{
	return forge_query("SAMLResponse", message("LogoutResponse", arena_printf(a, " InResponseTo=\"%s\"", id), FORGE_ISSUER, arena_printf(a,
		"<samlp:Status><samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:%s\"/></samlp:Status>", status)), "");
}

static struct saml_logout sent_to_provider(const struct http_exchange *x, int status)
{
	struct saml_logout m;

	assert_int_equal(x->status, status);
	assert_true(slice_begins(slice_c(x->location), "https://login.microsoftonline.com/" FORGE_TENANT "/saml2?SAML"));
	assert_done(saml_logout_read(a, slice_c(strchr(x->location, '?') + 1), &m, &err), err);
	assert_string_equal(m.issuer, PUBLIC "/saml/sp/metadata");
	return m;
}

/* ---- the page ---- */

static void survives_logout_without_session(void **state)
{
	static const char *const bodies[] = {"", "token=", "token=&session=0", "session=99999999999999999999", "%%%", "token=a&token=b"};
	static const char *const cookies[] = {"", "x", "AAAA", "%00", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"};
	size_t i;

	(void)state;
	assert_true(page_has(open_page(), "You are not signed on here"));
	for (i = 0; i < sizeof(bodies) / sizeof(*bodies); i++)
		assert_true(page_has(press(bodies[i]), "You are not signed on here"));
	for (i = 0; i < sizeof(cookies) / sizeof(*cookies); i++) {
		cookie = (struct http_cookie){slice_c("__Host-logout"), slice_c(cookies[i])};
		assert_true(page_has(open_page(), "You are not signed on here"));
		assert_true(page_has(press("token=x&session=0"), "You are not signed on here"));
	}
	refused_with(notice("", "document"), REASON_LOGOUT_MISSING);
	refused_with(notice("SAMLRequest=garbage", "iframe"), REASON_LOGOUT_MALFORMED);
	refused_with(notice(response_to("_nothing", "Success"), "document"), REASON_LOGOUT_NOT_ASKED);
	assert_int_equal(notice(request_of(FORGE_ISSUER, FORGE_NAME_ID, NULL), "iframe")->status, 200);
}

static void the_page_asks_before_it_does_anything_and_names_the_doors(void **state)
{
	struct http_exchange *x;

	(void)state;
	anna_signed_on();
	signed_on("entra", FORGE_NAME_ID, FORGE_ASSERTION_ID, "helpdesk");
	signed_on("entra", FORGE_NAME_ID, FORGE_ASSERTION_ID, "other");
	signed_on("entra", FORGE_NAME_ID, FORGE_ASSERTION_ID, "no-longer-there");
	x = open_page();
	assert_int_equal(x->status, 200);
	assert_null(x->set_cookies);
	assert_true(page_has(x, "Sign out?"));
	assert_true(page_has(x, "<button name=\"session\" value=\"0\">Sign out</button>"));
	assert_true(page_has(x, in_browser().token));
	assert_true(page_has(x, "<a href=\"https://id.atlassian.com/logout\">Jira &amp; &lt;Confluence&gt;</a>"));
	assert_true(page_has(x, "<a href=\"https://help.example/portal?a=1&amp;b=2\">helpdesk</a>"));
	assert_true(page_has(x, "<a href=\"https://o.example/bye\">other</a>"));
	assert_false(page_has(x, "no-longer-there"));
	assert_false(page_has(x, FORGE_NAME_ID));
	assert_string_equal(x->form_action, "'self' https:");
	assert_null(x->frame_ancestors);
}

static void the_button_asks_the_identity_provider(void **state)
{
	struct saml_logout m;

	(void)state;
	anna_signed_on();
	m = sent_to_provider(press(form_of(0)), 303);
	assert_int_equal(m.kind, SAML_LOGOUT_REQUEST);
	assert_string_equal(m.name_id, FORGE_NAME_ID);
	assert_int_equal(m.session_index_count, 1);
	assert_string_equal(m.session_indexes[0], FORGE_ASSERTION_ID);
	assert_string_equal(in_browser().sessions[0].request_id, m.id);
	assert_int_equal(in_browser().sessions[0].state, LOGOUT_LIVE);
	audit_has("\"event\":\"logout\"");
	audit_has("\"provider\":\"entra\"");
	audit_has("not at an end: organisation");
}

static void a_form_of_another_site_is_refused(void **state)
{
	static const char *const forms[] = {"", "session=0", "token=&session=0", "token=00000000000000000000000000000000&session=0"};

	(void)state;
	anna_signed_on();
	for (size_t i = 0; i < sizeof(forms) / sizeof(*forms); i++)
		refused_with(press(forms[i]), REASON_LOGOUT_FORGED);
	refused_with(press(arena_printf(a, "%s&token=x", form_of(0))), REASON_LOGOUT_FORGED);
	refused_with(send_as(logout_page, NULL, form_of(0), "iframe"), REASON_BAD_REQUEST);
	assert_null(in_browser().sessions[0].request_id);
	assert_true(page_has(press(form_of(1)), "Sign out?"));
}

static void several_sessions_have_a_button_each(void **state)
{
	struct http_exchange *x;

	(void)state;
	signed_on("gone", "bea", "_bea", "other");
	anna_signed_on();
	x = open_page();
	assert_true(page_has(x, "value=\"0\">Sign out of <bdi>Example &amp; Company</bdi><"));
	assert_true(page_has(x, "value=\"1\">Sign out of <bdi>gone</bdi><"));
	assert_int_equal(x->status, 200);
	refused_with(press(form_of(1)), REASON_NOT_READY);
	sent_to_provider(press(form_of(0)), 303);
	assert_null(in_browser().sessions[1].request_id);
}

static void a_provider_without_logout_is_said_to_go_on(void **state)
{
	struct http_exchange *x;

	(void)state;
	anna_signed_on();
	x = press(form_of(0));
	assert_true(page_has(x, "You are still signed in") && page_has(x, "&lt;Confluence&gt;</a>"));
	assert_false(page_has(x, "<form"));
	assert_null(x->set_cookies);
	assert_int_equal(in_browser().sessions[0].state, LOGOUT_LIVE);
	audit_has("offers no logout");
}

/* ---- its answer ---- */

static const char *asked(void)
{
	anna_signed_on();
	return sent_to_provider(press(form_of(0)), 303).id;
}

static void its_answer_ends_the_session_here(void **state)
{
	const char *answer = response_to(asked(), "Success");
	struct http_exchange *x = notice(answer, "document");

	(void)state;
	assert_int_equal(x->status, 303);
	assert_string_equal(x->location, PUBLIC "/logout");
	x = open_page();
	assert_true(page_has(x, "You are signed out"));
	assert_true(page_has(x, "https://id.atlassian.com/logout"));
	assert_false(page_has(x, "<form"));
	audit_has("has ended its session");
	/* loaded again: the same */
	assert_string_equal(notice(answer, "document")->location, PUBLIC "/logout");
	clock_set(FORGE_NOW + LOGOUT_MARK_SECONDS + 1);
	assert_true(page_has(open_page(), "You are not signed on here"));
}

static void its_refusal_is_told_and_can_be_tried_again(void **state)
{
	struct http_exchange *x = notice(response_to(asked(), "Requester"), "document");

	(void)state;
	assert_int_equal(x->status, 200);
	assert_true(page_has(x, "You may still be signed in"));
	assert_true(page_has(x, ">Sign out</button>"));
	assert_int_equal(in_browser().sessions[0].state, LOGOUT_LIVE);
	audit_has("\"reason\":\"status-not-success\"");
	audit_has("refused: Requester");
	sent_to_provider(press(form_of(0)), 303);
}

static void an_answer_that_this_browser_did_not_ask_for_is_refused(void **state)
{
	(void)state;
	asked();
	refused_with(notice(response_to("_somebody-else", "Success"), "document"), REASON_LOGOUT_NOT_ASKED);
	refused_with(notice(by_entra(response_to("_somebody-else", "Success")), "document"), REASON_LOGOUT_NOT_ASKED);
	assert_int_equal(in_browser().sessions[0].state, LOGOUT_LIVE);
}

static void an_answer_with_a_bad_signature_or_of_another_issuer_is_refused(void **state)
{
	const char *id = asked();
	struct slice foreign = forge_replace(slice_c(message("LogoutResponse", arena_printf(a, " InResponseTo=\"%s\"", id), "https://evil.example/",
		"<samlp:Status><samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:Success\"/></samlp:Status>")), "_theirs", "_t");

	(void)state;
	refused_with(notice(forge_signed_query(response_to(id, "Success"), FORGE_SIG_ALG, FORGE_FOREIGN), "document"), REASON_SIGNATURE_INVALID);
	refused_with(notice(forge_query("SAMLResponse", foreign.p, ""), "document"), REASON_LOGOUT_UNKNOWN_ISSUER);
	assert_int_equal(in_browser().sessions[0].state, LOGOUT_LIVE);
}

/* ---- its request ---- */

static void is_told(const char *query, enum logout_state then)
{
	struct http_exchange *x = notice(query, "iframe");

	if (x->status != 200)
		fail_msg("status %d: %.*s", x->status, (int)x->reply_body.n, x->reply_body.p);
	assert_string_equal(x->frame_ancestors, "*");
	assert_false(page_has(x, "<a ") || page_has(x, "<form") || page_has(x, "<script"));
	assert_int_equal(in_browser().sessions[0].state, then);
	if (then == LOGOUT_LIVE)
		assert_null(x->set_cookies);
}

static void a_broadcast_ends_the_session_that_its_index_names(void **state)
{
	(void)state;
	anna_signed_on();
	is_told(request_of(FORGE_ISSUER, "pairwise", FORGE_ASSERTION_ID), LOGOUT_ENDED);
	audit_has("the identity provider asked");
	assert_true(page_has(open_page(), "You are signed out"));
	/* again: there is nothing left to end */
	is_told(request_of(FORGE_ISSUER, "pairwise", FORGE_ASSERTION_ID), LOGOUT_ENDED);
}

static void a_signed_broadcast_ends_the_session_that_its_name_names(void **state)
{
	(void)state;
	anna_signed_on();
	is_told(by_entra(request_of(FORGE_ISSUER, FORGE_NAME_ID, "_unknown")), LOGOUT_ENDED);
}

/* Whoever knows a mail address could take the button of /logout away, by an image. */
static void an_unsigned_request_by_name_ends_nothing(void **state)
{
	(void)state;
	anna_signed_on();
	is_told(request_of(FORGE_ISSUER, FORGE_NAME_ID, NULL), LOGOUT_LIVE);
	is_told(request_of(FORGE_ISSUER, FORGE_NAME_ID, "_guess"), LOGOUT_LIVE);
}

static void a_request_for_somebody_else_ends_nothing(void **state)
{
	(void)state;
	anna_signed_on();
	is_told(by_entra(request_of(FORGE_ISSUER, "mallory@example.org", "_mallory")), LOGOUT_LIVE);
}

/* Seconds behind the instant at which message() says that it was made. */
static void signed_on_after(int64_t seconds)
{
	struct logout_cookie c;
	struct http_exchange x = {.arena = a};

	anna_signed_on();
	c = in_browser();
	c.sessions[0].since = FORGE_NOW - 1 + seconds;
	logout_cookie_set(&x, &gateway.logout_key, &c, 43200);
	cookie.value = slice_c(x.set_cookies->value);
	clock_set(FORGE_NOW + 300);
}

/* A request that comes again, or late, is older than the sign-on. */
static void a_request_ends_no_sign_on_that_came_after_it(void **state)
{
	(void)state;
	signed_on_after(250);
	is_told(by_entra(request_of(FORGE_ISSUER, FORGE_NAME_ID, NULL)), LOGOUT_LIVE);
	is_told(request_of(FORGE_ISSUER, FORGE_NAME_ID, FORGE_ASSERTION_ID), LOGOUT_LIVE);
}

static void ends_what_is_younger_by(int64_t skew)
{
	signed_on_after(skew + 1);
	is_told(by_entra(request_of(FORGE_ISSUER, FORGE_NAME_ID, FORGE_ASSERTION_ID)), LOGOUT_LIVE);
	signed_on_after(skew);
	is_told(by_entra(request_of(FORGE_ISSUER, FORGE_NAME_ID, FORGE_ASSERTION_ID)), LOGOUT_ENDED);
}

static void ends_what_is_younger_by_the_skew_and_no_second_more(void **state)
{
	struct settings_provider *p = (struct settings_provider *)(uintptr_t)settings_provider(gateway.settings, "entra");

	(void)state;
	assert_int_equal(p->skew, SAML_SKEW);
	ends_what_is_younger_by(SAML_SKEW);
	p->skew = 20;
	ends_what_is_younger_by(20);
	/* settings refuse 0; in saml/ it is what was not set, and here it is the same */
	p->skew = 0;
	ends_what_is_younger_by(SAML_SKEW);
}

static void a_bad_request_is_refused_and_ends_nothing(void **state)
{
	(void)state;
	anna_signed_on();
	refused_with(notice(request_of("https://evil.example/", FORGE_NAME_ID, FORGE_ASSERTION_ID), "iframe"), REASON_LOGOUT_UNKNOWN_ISSUER);
	refused_with(notice(forge_signed_query(request_of(FORGE_ISSUER, FORGE_NAME_ID, FORGE_ASSERTION_ID), FORGE_SIG_ALG, FORGE_FOREIGN), "iframe"),
		REASON_SIGNATURE_INVALID);
	clock_set(FORGE_NOW + 1000);
	refused_with(notice(request_of(FORGE_ISSUER, FORGE_NAME_ID, FORGE_ASSERTION_ID), "iframe"), REASON_LOGOUT_EXPIRED);
	assert_int_equal(in_browser().sessions[0].state, LOGOUT_LIVE);
}

/* Where the person looks at it, the page that says what lives on. */
static void a_broadcast_that_the_person_sees_leads_to_the_page(void **state)
{
	struct http_exchange *x;

	(void)state;
	anna_signed_on();
	x = notice(request_of(FORGE_ISSUER, FORGE_NAME_ID, FORGE_ASSERTION_ID), "document");
	assert_int_equal(x->status, 303);
	assert_string_equal(x->location, PUBLIC "/logout");
}

/* Entra ID refuses a LogoutResponse to its broadcast, in each of its clouds. */
static void every_cloud_of_entra_gets_a_page(void **state)
{
	(void)state;
	anna_signed_on();
	is_told(request_of("https://login.microsoftonline.us/" FORGE_TENANT "/", FORGE_NAME_ID, FORGE_ASSERTION_ID), LOGOUT_ENDED);
	anna_signed_on();
	is_told(request_of(FORGE_ISSUER, FORGE_NAME_ID, FORGE_ASSERTION_ID), LOGOUT_ENDED);
}

static void others_than_entra_get_a_logout_response(void **state)
{
	const char *issuer = "https://idp.example/" FORGE_TENANT "/";
	struct saml_logout m;

	(void)state;
	anna_signed_on();
	m = sent_to_provider(notice(arena_printf(a, "%s&RelayState=r%%2fs", request_of(issuer, FORGE_NAME_ID, FORGE_ASSERTION_ID)), "iframe"), 302);
	assert_int_equal(m.kind, SAML_LOGOUT_RESPONSE);
	assert_string_equal(m.in_response_to, "_theirs");
	assert_slice_is(m.relay_state, "r/s");
	assert_null(m.fault);
	assert_int_equal(in_browser().sessions[0].state, LOGOUT_ENDED);
	/* nothing to end is no failure */
	sent_to_provider(notice(request_of(issuer, "nobody", NULL), "document"), 302);
}

/* Its id and relay state are anybody's: our name is not put under them. */
static void an_answer_is_signed_only_where_the_request_was(void **state)
{
	const char *query = arena_printf(a, "%s&RelayState=anything", request_of(FORGE_ISSUER, FORGE_NAME_ID, "_unknown"));
	struct http_exchange *x = notice(query, "iframe");

	(void)state;
	assert_int_equal(sent_to_provider(x, 302).kind, SAML_LOGOUT_RESPONSE);
	assert_null(strstr(x->location, "Signature=") ? x->location : strstr(x->location, "SigAlg="));
	x = notice(by_entra(query), "iframe");
	assert_int_equal(sent_to_provider(x, 302).kind, SAML_LOGOUT_RESPONSE);
	assert_non_null(strstr(x->location, "&Signature="));
	refused_with(notice(forge_signed_query(query, FORGE_SIG_ALG, FORGE_FOREIGN), "iframe"), REASON_SIGNATURE_INVALID);
}

static void a_setting_gives_others_the_page(void **state)
{
	(void)state;
	anna_signed_on();
	is_told(request_of("https://idp.example/" FORGE_TENANT "/", FORGE_NAME_ID, FORGE_ASSERTION_ID), LOGOUT_ENDED);
}

static void settings_demand_signatures_and_sign_ours(void **state)
{
	const char *plain = request_of(FORGE_ISSUER, FORGE_NAME_ID, FORGE_ASSERTION_ID);
	struct http_exchange *x;

	(void)state;
	anna_signed_on();
	refused_with(notice(plain, "iframe"), REASON_UNSIGNED);
	refused_with(notice(by_entra(plain), "iframe"), REASON_LOGOUT_WRONG_DESTINATION);
	x = press(form_of(0));
	sent_to_provider(x, 303);
	assert_non_null(strstr(x->location, "&SigAlg="));
	x = notice(by_entra(forge_query("SAMLRequest", message("LogoutRequest", " Destination=\"" SLO "\"", FORGE_ISSUER,
		"<NameID xmlns=\"" NS_SAML "\">" FORGE_NAME_ID "</NameID>"), "")), "iframe");
	sent_to_provider(x, 302);
	assert_non_null(strstr(x->location, "&Signature="));
	assert_int_equal(in_browser().sessions[0].state, LOGOUT_ENDED);
}

/* Atlassian offers single logout with one other product only. */
static void connections_are_told_that_logout_is_not_offered(void **state)
{
	(void)state;
	refused_with(send_as(logout_not_offered, "SAMLRequest=x", NULL, "document"), REASON_LOGOUT_NOT_OFFERED);
	refused_with(send_as(logout_not_offered, NULL, "SAMLRequest=x", "document"), REASON_LOGOUT_NOT_OFFERED);
}

#define STAGED(test, stage) cmocka_unit_test_setup_teardown(test, stage, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		STAGED(survives_logout_without_session, begin),
		STAGED(the_page_asks_before_it_does_anything_and_names_the_doors, begin),
		STAGED(the_button_asks_the_identity_provider, begin),
		STAGED(a_form_of_another_site_is_refused, begin),
		STAGED(several_sessions_have_a_button_each, begin),
		STAGED(a_provider_without_logout_is_said_to_go_on, begin_without_logout),
		STAGED(its_answer_ends_the_session_here, begin),
		STAGED(its_refusal_is_told_and_can_be_tried_again, begin),
		STAGED(an_answer_that_this_browser_did_not_ask_for_is_refused, begin),
		STAGED(an_answer_with_a_bad_signature_or_of_another_issuer_is_refused, begin),
		STAGED(a_broadcast_ends_the_session_that_its_index_names, begin),
		STAGED(a_signed_broadcast_ends_the_session_that_its_name_names, begin),
		STAGED(an_unsigned_request_by_name_ends_nothing, begin),
		STAGED(a_request_for_somebody_else_ends_nothing, begin),
		STAGED(a_request_ends_no_sign_on_that_came_after_it, begin),
		STAGED(ends_what_is_younger_by_the_skew_and_no_second_more, begin),
		STAGED(a_bad_request_is_refused_and_ends_nothing, begin),
		STAGED(a_broadcast_that_the_person_sees_leads_to_the_page, begin),
		STAGED(every_cloud_of_entra_gets_a_page, begin_with_government),
		STAGED(others_than_entra_get_a_logout_response, begin_with_other),
		STAGED(a_setting_gives_others_the_page, begin_with_page),
		STAGED(an_answer_is_signed_only_where_the_request_was, begin_with_signing),
		STAGED(settings_demand_signatures_and_sign_ours, begin_with_signed_only),
		STAGED(connections_are_told_that_logout_is_not_offered, begin),
	};

	return cmocka_run_group_tests(tests, forge_begin, forge_end);
}
