/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The stage for whole sign-ons through the handlers of a worker, without a
 * network: settings from a file, a mirror filled by the writing side's own
 * functions, Responses from the forge, and a browser that is an array of
 * cookies.
 */
#ifndef TESTS_UNIT_SIGN_ON_STAGE_H
#define TESTS_UNIT_SIGN_ON_STAGE_H

#include "tests/unit/gateway_stage.h"

#include "base/encode.h"
#include "base/text.h"
#include "gateway/audit.h"
#include "gateway/limits.h"
#include "gateway/logout_cookie.h"
#include "gateway/pending.h"
#include "ldap/mirror_write.h"

#include <jansson.h>
#include <sys/stat.h>

#define DOOR_ENTITY "https://auth.example/saml/1"
#define DOOR_ACS "https://auth.example/login/callback?connection=saml-1&x=2"
#define JAR 16

static const char settings_text[] =
	"public_url: " PUBLIC "\nhost: host1\nstate_dir: @/state\nruntime_dir: @/run\nkey: @/own.key\ncertificate: @/own.crt\n"
	"claimed_domains: [example.org]\nshow_groups: yes\notherwise: {ask: it@example.org}\n#audit#\n"
	"identity_providers:\n  entra: {metadata: @/idp.xml, tenant: " FORGE_TENANT "#provider#}\n"
	"connections:\n"
	"  organisation: {kind: managed, entity_id: '" DOOR_ENTITY "', acs: '" DOOR_ACS "', start: 'https://site.example/'#door#}\n"
	"  helpdesk: {kind: portal, entity_id: 'urn:help', acs: 'https://help.example/acs', home: 'https://help.example/portal'}\n"
	"directories:\n  corp:\n    uri: ldap://127.0.0.1:1\n    people: {base: 'dc=x'}\n    groups: {base: 'dc=x'}\n"
	"    disabled: employeeType=disabled\n    join: {objectidentifier: employeeNumber}\n"
	"rules:\n  - {name: agents, when: \"member of 'cn=agents,dc=x'\", outcome: licensed}\n"
	"  - {name: partners, when: \"member of 'cn=partners,dc=x'\", outcome: portal, at: [helpdesk]}\n"
	"  - {name: left, when: \"member of 'cn=former,dc=x'\", outcome: deny, because: You have left us.}\n"
	"go:\n  help: {licensed: 'https://site.example/jira?a=1&b=2', portal: helpdesk}\n";

/* The browser. */
static struct http_cookie jar[JAR];
static size_t jar_size;
static struct slice query;              /* of the requests that follow */

/* ---- the stage ---- */

static inline struct mirror_attribute attribute(const char *name, const char *value)
{
	struct slice *v = arena_alloc(a, sizeof(*v));

	*v = slice_c(value);
	return (struct mirror_attribute){name, v, 1};
}

static inline void put(struct mirror_writer *w, enum mirror_kind kind, unsigned char id, const char *dn, const struct mirror_attribute *attributes, size_t n)
{
	struct entry e = {.uuid = {id}, .dn = dn, .attributes = attributes, .attribute_count = n};

	assert_done(mirror_writer_put(w, kind, &e, &err), err);
}

static int64_t heard_at = FORGE_NOW;

static inline void fill_mirror(const char *object_id, const char *mail, const char *group, const char *type)
{
	struct mirror_attribute person[] = {attribute("employeeNumber", object_id), attribute("mail", mail), attribute("sn", "M\xc3\xbcller </x>&"),
		attribute("employeeType", type)};
	struct mirror_attribute of_group[] = {attribute("cn", group), attribute("member", "uid=anna,dc=x")};
	struct mirror_writer *w;

	assert_done(mirror_writer_open(settings_mirror_path(a, gateway.settings), gateway.settings->directories, &w, &err), err);
	put(w, MIRROR_PEOPLE, 1, "uid=anna,dc=x", person, mail ? 4 : 1);
	put(w, MIRROR_GROUPS, 2, arena_printf(a, "cn=%s,dc=x", group), of_group, 2);
	mirror_writer_whole(w, MIRROR_PEOPLE);
	mirror_writer_whole(w, MIRROR_GROUPS);
	mirror_writer_heard(w, heard_at);
	assert_done(mirror_writer_commit(w, &err), err);
	mirror_writer_close(w);
	gateway_open_stores(&gateway);
	assert_non_null(gateway.mirror);
}

static inline void anna_is_in(const char *group)
{
	fill_mirror(FORGE_OBJECT_ID, "anna.meier@example.org", group, "staff");
}

static inline void anna_was_last_heard_of(int64_t when)
{
	heard_at = when;
	anna_is_in("agents");
	heard_at = FORGE_NOW;
}

/* Another entry with her object id. */
static inline void add_a_twin(void)
{
	struct mirror_attribute twin[] = {attribute("employeeNumber", FORGE_OBJECT_ID), attribute("mail", "old@example.org")};
	struct mirror_writer *w;

	assert_done(mirror_writer_open(settings_mirror_path(a, gateway.settings), gateway.settings->directories, &w, &err), err);
	put(w, MIRROR_PEOPLE, 3, "uid=anna.old,dc=x", twin, 2);
	assert_done(mirror_writer_commit(w, &err), err);
	mirror_writer_close(w);
}

static inline struct slice without_managed_connection(struct slice text)
{
	static const char *const gone[] = {
		"  organisation: {kind: managed, entity_id: '" DOOR_ENTITY "', acs: '" DOOR_ACS "', start: 'https://site.example/'}\n",
		"  - {name: agents, when: \"member of 'cn=agents,dc=x'\", outcome: licensed}\n", "licensed: 'https://site.example/jira?a=1&b=2', ",
	};

	for (size_t i = 0; i < sizeof(gone) / sizeof(*gone); i++)
		text = forge_replace(text, gone[i], "");
	return forge_replace(text, "portal: helpdesk}", "portal: 'https://help.example/portal/7'}");
}

/* What a test adds to the settings. */
struct more {
	const char *top, *provider, *door;
};

#define FABRIKAM "9c2d3e4f-5061-4b72-9c83-a4b5c6d7e8f9"

/* Two tenants after a merger, at one door and one link; entra has two of their three domains. */
static inline struct slice with_two_tenants(struct slice text)
{
	text = forge_replace(text, "#provider#}", ", domains: [example.org, partner.example], title: 'Example & Co'#provider#}\n"
		"  fabrikam: {metadata: @/fabrikam.xml, domains: fabrikam.example, title: Fabrikam}");
	text = forge_replace(text, "#door#}", ", providers: [entra, fabrikam], stable_id: {claim: identity}#door#}");
	text = forge_replace(text, "home: 'https://help.example/portal'}", "home: 'https://help.example/portal', provider: entra}");
	text = forge_replace(text, "    disabled:", "    providers: [entra, fabrikam]\n    disabled:");
	return forge_replace(text, "portal: helpdesk}", "portal: helpdesk, providers: [fabrikam, entra]}");
}

/* The same, but the door is for fabrikam's people alone. */
static inline struct slice with_a_door_of_one_tenant(struct slice text)
{
	return forge_replace(with_two_tenants(text), ", providers: [entra, fabrikam], stable_id: {claim: identity}", ", provider: fabrikam");
}

static inline void open_with(const struct more *more)
{
	struct slice text = slice_c(settings_text), metadata = provider_metadata();

	if (more->top && strcmp(more->top, "#two tenants#") == 0)
		text = with_two_tenants(text);
	if (more->top && strcmp(more->top, "#two tenants, a door of one#") == 0)
		text = with_a_door_of_one_tenant(text);
	text = forge_replace(text, "#audit#", more->top ? more->top : "");
	text = forge_replace(text, "#provider#", more->provider ? more->provider : "");
	text = forge_replace(text, "#door#", more->door ? more->door : "");
	if (memmem(text.p, text.n, "#only portals#", 14))
		text = without_managed_connection(text);
	write_here("fabrikam.xml", 0644, forge_replace(metadata, FORGE_ISSUER, "https://sts.windows.net/" FABRIKAM "/"));
	open_gateway(text, metadata);
}

static inline int begin_with(const struct more *more)
{
	if (folder_begin(FORGE_NOW - 20) < 0)
		return -1;
	jar_size = 0;
	query = (struct slice){0};
	open_with(more);
	anna_is_in("agents");
	return 0;
}

static inline int begin(void **state)
{
	(void)state;
	return begin_with(&(struct more){0});
}

static inline int begin_observing(void **state)
{
	(void)state;
	return begin_with(&(struct more){.door = ", observe: yes"});
}

/* A copy that lasts as long as the gateway, which looks at its settings when it is closed. */
static inline struct settings *other_settings(void)
{
	struct settings *copy = arena_alloc(a, sizeof(*copy));

	*copy = *gateway.settings;
	return copy;
}

/* ---- the browser ---- */

static inline void keep_cookies(const struct http_exchange *x)
{
	const struct http_set_cookie *c;
	size_t i;

	for (c = x->set_cookies; c; c = c->next) {
		for (i = 0; i < jar_size && !slice_is(jar[i].name, c->name); i++)
			;
		if (c->max_age == 0) {
			if (i < jar_size)
				jar[i] = jar[--jar_size];
			continue;
		}
		assert_true(i < JAR);
		jar[i] = (struct http_cookie){arena_slice(a, slice_c(c->name)), arena_slice(a, slice_c(c->value))};
		if (i == jar_size)
			jar_size++;
	}
}

/* One request; the exchange stays readable until the test ends. */
static inline struct http_exchange *request(void (*handle)(struct http_exchange *, void *), struct slice body, const char *rest)
{
	struct http_exchange *x = arena_alloc(a, sizeof(*x));
	struct http_cookie *sent = arena_alloc(a, sizeof(jar));

	memcpy(sent, jar, sizeof(jar));
	*x = (struct http_exchange){.arena = a, .method = body.p ? HTTP_POST : HTTP_GET, .body = body, .rest = rest, .client = "192.0.2.1",
		.query = query, .path = "/",
		.cookies = sent, .cookie_count = jar_size, .fetch_dest = "document"};
	handle(x, &gateway);
	keep_cookies(x);
	return x;
}

static inline bool page_has(const struct http_exchange *x, const char *text)
{
	return x->reply_body.p && memmem(x->reply_body.p, x->reply_body.n, text, strlen(text));
}

static inline void refused_with(const struct http_exchange *x, enum reason reason)
{
	if (x->status != reason_status(reason) || !page_has(x, arena_printf(a, "<code>%s</code>", reason_word(reason))))
		fail_msg("wanted %s, got %d %.*s", reason_word(reason), x->status, (int)x->reply_body.n, x->reply_body.p ? x->reply_body.p : "");
	assert_false(page_has(x, "SAMLResponse"));
	assert_null(x->location);
}

/* ---- Atlassian's request ---- */

static inline struct slice ask_with(const char *issuer, const char *attributes, const char *children, const char *relay_state)
{
	struct text xml, form;

	text_begin(&xml, a, 1024);
	text_addf(&xml, "<samlp:AuthnRequest xmlns:samlp=\"" NS_SAMLP "\" ID=\"_asked\" Version=\"2.0\" IssueInstant=\"2026-11-24T13:18:00Z\" %s>"
		"<saml:Issuer xmlns:saml=\"" NS_SAML "\">%s</saml:Issuer>%s</samlp:AuthnRequest>", attributes, issuer, children);
	text_begin(&form, a, 4096);
	text_add_c(&form, "SAMLRequest=");
	{
		struct text base64;

		text_begin(&base64, a, 2048);
		text_add_base64(&base64, text_slice(&xml));
		text_add_url(&form, text_slice(&base64));
	}
	if (relay_state) {
		text_add_c(&form, "&RelayState=");
		text_add_url(&form, slice_c(relay_state));
	}
	return text_slice(&form);
}

static inline struct slice ask(const char *issuer, const char *attributes, const char *relay_state)
{
	return ask_with(issuer, attributes, "", relay_state);
}

static inline struct http_exchange *start(const char *attributes)
{
	return request(sign_on_start, ask(DOOR_ENTITY, attributes, "r\"<s>&t\xc3\xa4te"), "");
}

/* ---- Entra's answer ---- */

struct asked {
	const char *request_id, *relay_state;
};

static inline struct asked sent_to_entra(const struct http_exchange *x)
{
	struct saml_request r;
	struct slice relay_state;

	assert_int_equal(x->status, 302);
	assert_true(slice_begins(slice_c(x->location), "https://login.microsoftonline.com/" FORGE_TENANT "/saml2?"));
	assert_done(saml_request_read(a, SAML_REDIRECT, slice_c(strchr(x->location, '?') + 1), &r, &relay_state, &err), err);
	assert_string_equal(r.issuer, FORGE_ENTITY);
	assert_string_equal(r.acs_url, FORGE_ACS);
	assert_true(pending_is_id(relay_state));
	return (struct asked){r.id, arena_copy(a, relay_state)};
}

static inline struct slice form_with(struct slice xml, const char *relay_state)
{
	struct text form;

	text_begin(&form, a, 16384);
	text_add_c(&form, "SAMLResponse=");
	text_add_url(&form, forge_base64(xml));
	if (relay_state)
		text_addf(&form, "&RelayState=%s", relay_state);
	return text_slice(&form);
}

static inline struct slice answer_to(struct asked asked)
{
	struct forge f = {.before = {{FORGE_REQUEST, asked.request_id}, {FORGE_REQUEST, asked.request_id}}};

	clock_set(FORGE_NOW);
	return form_with(forge_text(&f), asked.relay_state);
}

/* The same with another NameID. */
static inline struct slice answer_named(struct asked asked, const char *name_id)
{
	struct forge f = {.before = {{FORGE_REQUEST, asked.request_id}, {FORGE_REQUEST, asked.request_id},
		{FORGE_NAME_ID "</NameID>", arena_printf(a, "%s</NameID>", name_id)}}};

	clock_set(FORGE_NOW);
	return form_with(forge_text(&f), asked.relay_state);
}

static inline struct http_exchange *finish(struct slice form)
{
	return request(sign_on_finish, form, gateway.settings->host);
}

/* ---- the audit ---- */

static inline json_t *last_audit_line(void)
{
	struct slice bytes;
	const char *line;
	json_t *o;

	assert_done(file_read(a, in_folder("state/audit/audit.jsonl"), FILE_PUBLIC, 1 << 20, &bytes, &err), err);
	assert_true(bytes.n > 1 && bytes.p[bytes.n - 1] == '\n');
	line = memrchr(bytes.p, '\n', bytes.n - 1);
	o = json_loads(line ? line + 1 : bytes.p, 0, NULL);
	assert_non_null(o);
	return o;
}

static inline void audit_says(const char *key, const char *value)
{
	json_t *o = last_audit_line();
	const char *found = json_string_value(json_object_get(o, key));

	if (!found || strcmp(found, value) != 0)
		fail_msg("audit %s is %s, not %s", key, found ? found : "not there", value);
	json_decref(o);
}

static inline size_t audit_lines(void)
{
	struct slice bytes;
	size_t n = 0;

	assert_done(file_read(a, in_folder("state/audit/audit.jsonl"), FILE_PUBLIC, 4 << 20, &bytes, &err), err);
	for (size_t i = 0; i < bytes.n; i++)
		n += bytes.p[i] == '\n';
	return n;
}

/* ---- refusals as Responses ---- */

#define NO_PASSIVE "urn:oasis:names:tc:SAML:2.0:status:NoPassive"
#define REQUEST_DENIED "urn:oasis:names:tc:SAML:2.0:status:RequestDenied"

/* The Response on the page, for the connection's own address, with the relay state of who asked. */
static inline const char *response_on(const struct http_exchange *x)
{
	const char *at = strstr(arena_copy(a, x->reply_body), "name=\"SAMLResponse\" value=\"");
	struct slice xml;

	if (!at)
		fail_msg("no Response on %.*s", (int)x->reply_body.n, x->reply_body.p ? x->reply_body.p : "");
	at += strlen("name=\"SAMLResponse\" value=\"");
	assert_int_equal(base64_decode(a, slice_of(at, strcspn(at, "\"")), &xml), 0);
	assert_true(page_has(x, "action=\"https://auth.example/login/callback?connection=saml-1&amp;x=2\""));
	assert_string_equal(x->form_action, "https:");
	assert_null(x->location);
	return arena_copy(a, xml);
}

static inline struct http_exchange *ask_passively(void)
{
	return start("IsPassive=\"true\"");
}

#define test(f) cmocka_unit_test_setup_teardown(f, begin, end)

/* ./run-tests runs some of them under valgrind, where all would take minutes. */
#define run_on_stage(tests) \
	(getenv("TEST_FILTER") ? cmocka_set_test_filter(getenv("TEST_FILTER")) : (void)0, cmocka_run_group_tests(tests, forge_begin, forge_end))

#endif
