/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Whole sign-ons through the handlers of a worker, without a network: settings
 * from a file, a mirror filled by the writing side's own functions, Responses
 * from the forge, and a browser that is an array of cookies.
 */
#include "tests/unit/forge.h"

#include "base/clock.h"
#include "base/encode.h"
#include "base/file.h"
#include "base/text.h"
#include "gateway/audit.h"
#include "gateway/gateway.h"
#include "gateway/limits.h"
#include "gateway/logout_cookie.h"
#include "gateway/pending.h"
#include "gateway/vault.h"
#include "ldap/mirror_write.h"
#include "tests/unit/keys.h"
#include "tests/unit/start_pages.h"

#include <jansson.h>
#include <sys/stat.h>
#include <unistd.h>

#define PUBLIC "https://sso.example.org"
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

static char folder[40];
static struct arena *a;
static struct gateway gateway;
static struct vault *vault;
static struct error err;

/* The browser. */
static struct http_cookie jar[JAR];
static size_t jar_size;
static struct slice query;              /* of the requests that follow */

/* ---- the stage ---- */

static const char *in_folder(const char *name)
{
	return arena_printf(a, "%s/%s", folder, name);
}

static void write_here(const char *name, mode_t mode, struct slice bytes)
{
	assert_done(file_write(in_folder(name), mode, bytes, &err), err);
}

static struct mirror_attribute attribute(const char *name, const char *value)
{
	struct slice *v = arena_alloc(a, sizeof(*v));

	*v = slice_c(value);
	return (struct mirror_attribute){name, v, 1};
}

static void put(struct mirror_writer *w, enum mirror_kind kind, unsigned char id, const char *dn, const struct mirror_attribute *attributes, size_t n)
{
	struct entry e = {.uuid = {id}, .dn = dn, .attributes = attributes, .attribute_count = n};

	assert_done(mirror_writer_put(w, kind, &e, &err), err);
}

static int64_t heard_at = FORGE_NOW;

static void fill_mirror(const char *object_id, const char *mail, const char *group, const char *type)
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

static void anna_is_in(const char *group)
{
	fill_mirror(FORGE_OBJECT_ID, "anna.meier@example.org", group, "staff");
}

static void anna_was_last_heard_of(int64_t when)
{
	heard_at = when;
	anna_is_in("agents");
	heard_at = FORGE_NOW;
}

/* Another entry with her object id. */
static void add_a_twin(void)
{
	struct mirror_attribute twin[] = {attribute("employeeNumber", FORGE_OBJECT_ID), attribute("mail", "old@example.org")};
	struct mirror_writer *w;

	assert_done(mirror_writer_open(settings_mirror_path(a, gateway.settings), gateway.settings->directories, &w, &err), err);
	put(w, MIRROR_PEOPLE, 3, "uid=anna.old,dc=x", twin, 2);
	assert_done(mirror_writer_commit(w, &err), err);
	mirror_writer_close(w);
}

/* One key for all tests: making one takes a second under valgrind. */
static struct test_pair own_pair(void)
{
	static EVP_PKEY *key;

	if (!key)
		key = EVP_RSA_gen(2048);
	EVP_PKEY_up_ref(key);
	return test_pair_of(a, key, 86400L * 365);
}

static struct slice without_managed_connection(struct slice text)
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
static struct slice with_two_tenants(struct slice text)
{
	text = forge_replace(text, "#provider#}", ", domains: [example.org, partner.example], title: 'Example & Co'#provider#}\n"
		"  fabrikam: {metadata: @/fabrikam.xml, domains: fabrikam.example, title: Fabrikam}");
	text = forge_replace(text, "#door#}", ", providers: [entra, fabrikam], stable_id: {claim: identity}#door#}");
	text = forge_replace(text, "home: 'https://help.example/portal'}", "home: 'https://help.example/portal', provider: entra}");
	text = forge_replace(text, "    disabled:", "    providers: [entra, fabrikam]\n    disabled:");
	return forge_replace(text, "portal: helpdesk}", "portal: helpdesk, providers: [fabrikam, entra]}");
}

/* The same, but the door is for fabrikam's people alone. */
static struct slice with_a_door_of_one_tenant(struct slice text)
{
	return forge_replace(with_two_tenants(text), ", providers: [entra, fabrikam], stable_id: {claim: identity}", ", provider: fabrikam");
}

static void open_gateway(const struct more *more)
{
	static const enum forge_key keys[] = {FORGE_FIRST, FORGE_KEYS};
	struct files *files = files_from_disk(a);
	struct test_pair own = own_pair();
	struct slice text = slice_c(settings_text);
	const struct settings *settings;

	if (more->top && strcmp(more->top, "#two tenants#") == 0)
		text = with_two_tenants(text);
	if (more->top && strcmp(more->top, "#two tenants, a door of one#") == 0)
		text = with_a_door_of_one_tenant(text);
	while (memmem(text.p, text.n, "@/", 2))
		text = forge_replace(text, "@/", arena_printf(a, "%s/", folder));
	text = forge_replace(text, "#audit#", more->top ? more->top : "");
	text = forge_replace(text, "#provider#", more->provider ? more->provider : "");
	text = forge_replace(text, "#door#", more->door ? more->door : "");
	if (memmem(text.p, text.n, "#only portals#", 14))
		text = without_managed_connection(text);
	write_here("own.key", 0600, own.key);
	write_here("own.crt", 0644, own.certificate);
	write_here("idp.xml", 0644, forge_metadata("signing", keys));
	write_here("fabrikam.xml", 0644, forge_replace(forge_metadata("signing", keys), FORGE_ISSUER, "https://sts.windows.net/" FABRIKAM "/"));
	write_here("state/cookie.secret", 0600, slice_c("0123456789abcdef0123456789abcdef"));
	write_here("postern.yaml", 0644, text);
	assert_done(settings_read(a, files, in_folder("postern.yaml"), &settings, NULL, &err), err);
	assert_done(gateway_open(a, files, settings, &gateway, &err), err);
	assert_done(vault_open(a, files, settings, &vault, &err), err);
	assert_done(gateway_open_worker(&gateway, vault_keeper(vault), &err), err);
}

static int begin_with(const struct more *more)
{
	snprintf(folder, sizeof(folder), "/tmp/postern-sign-on-XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	a = arena_new();
	jar_size = 0;
	if (folder_make(in_folder("state/mirror"), 0700, &err) < 0 || folder_make(in_folder("state/accounts"), 0700, &err) < 0 || folder_make(in_folder("state/audit"), 0700, &err) < 0 ||
		folder_make(in_folder("state/seen"), 0700, &err) < 0 ||
		folder_make(in_folder("run"), 0700, &err) < 0)
		return -1;
	clock_set(FORGE_NOW - 20);
	start_pages(a);
	open_gateway(more);
	anna_is_in("agents");
	return 0;
}

static int begin(void **state)
{
	(void)state;
	return begin_with(&(struct more){0});
}

static int begin_with_full_disk(void **state)
{
	(void)state;
	return begin_with(&(struct more){.top = "audit_file: /dev/full"});
}

static int begin_with_full_disk_and_patience(void **state)
{
	(void)state;
	return begin_with(&(struct more){.top = "audit_file: /dev/full\naudit_failure: continue"});
}

static int begin_with_two_tenants(void **state)
{
	(void)state;
	return begin_with(&(struct more){.top = "#two tenants#"});
}

static int begin_with_a_door_of_one_tenant(void **state)
{
	(void)state;
	return begin_with(&(struct more){.top = "#two tenants, a door of one#"});
}

static int begin_with_limits(void **state)
{
	int fd;

	(void)state;
	if (begin_with(&(struct more){.top = "limits: {sign_ons: 5, failures: 10}"}) < 0 || limits_make(&fd, &err) < 0)
		return -1;
	assert_done(limits_open(fd, &gateway.limits, &err), err);
	close(fd);
	return 0;
}

static int begin_observing(void **state)
{
	(void)state;
	return begin_with(&(struct more){.door = ", observe: yes"});
}

static int begin_with_default_link(void **state)
{
	(void)state;
	return begin_with(&(struct more){.top = "default_link: help"});
}

/* No managed connection: a link has no door of its own, and this one lands at an address. */
static int begin_with_portals_only(void **state)
{
	(void)state;
	return begin_with(&(struct more){.top = "#only portals#"});
}

/* A copy that lasts as long as the gateway, which looks at its settings when it is closed. */
static struct settings *other_settings(void)
{
	struct settings *copy = arena_alloc(a, sizeof(*copy));

	*copy = *gateway.settings;
	return copy;
}

static int end(void **state)
{
	char command[80];

	query = (struct slice){0};
	gateway_close(&gateway);
	vault_close(vault);
	gateway = (struct gateway){0};
	arena_free(a);
	clock_set(0);
	snprintf(command, sizeof(command), "rm -r %s", folder);
	return system(command) == 0 ? forge_reset(state) : -1;
}

/* ---- the browser ---- */

static void keep_cookies(const struct http_exchange *x)
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
static struct http_exchange *request(void (*handle)(struct http_exchange *, void *), struct slice body, const char *rest)
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

static bool page_has(const struct http_exchange *x, const char *text)
{
	return x->reply_body.p && memmem(x->reply_body.p, x->reply_body.n, text, strlen(text));
}

static void refused_with(const struct http_exchange *x, enum reason reason)
{
	if (x->status != reason_status(reason) || !page_has(x, arena_printf(a, "<code>%s</code>", reason_word(reason))))
		fail_msg("wanted %s, got %d %.*s", reason_word(reason), x->status, (int)x->reply_body.n, x->reply_body.p ? x->reply_body.p : "");
	assert_false(page_has(x, "SAMLResponse"));
	assert_null(x->location);
}

/* ---- Atlassian's request ---- */

static struct slice ask_with(const char *issuer, const char *attributes, const char *children, const char *relay_state)
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

static struct slice ask(const char *issuer, const char *attributes, const char *relay_state)
{
	return ask_with(issuer, attributes, "", relay_state);
}

static struct http_exchange *start(const char *attributes)
{
	return request(sign_on_start, ask(DOOR_ENTITY, attributes, "r\"<s>&t\xc3\xa4te"), "");
}

/* ---- Entra's answer ---- */

struct asked {
	const char *request_id, *relay_state;
};

static struct asked sent_to_entra(const struct http_exchange *x)
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

static struct slice form_with(struct slice xml, const char *relay_state)
{
	struct text form;

	text_begin(&form, a, 16384);
	text_add_c(&form, "SAMLResponse=");
	text_add_url(&form, forge_base64(xml));
	if (relay_state)
		text_addf(&form, "&RelayState=%s", relay_state);
	return text_slice(&form);
}

static struct slice answer_to(struct asked asked)
{
	struct forge f = {.before = {{FORGE_REQUEST, asked.request_id}, {FORGE_REQUEST, asked.request_id}}};

	clock_set(FORGE_NOW);
	return form_with(forge_text(&f), asked.relay_state);
}

/* The same with another NameID. */
static struct slice answer_named(struct asked asked, const char *name_id)
{
	struct forge f = {.before = {{FORGE_REQUEST, asked.request_id}, {FORGE_REQUEST, asked.request_id},
		{FORGE_NAME_ID "</NameID>", arena_printf(a, "%s</NameID>", name_id)}}};

	clock_set(FORGE_NOW);
	return form_with(forge_text(&f), asked.relay_state);
}

static struct http_exchange *finish(struct slice form)
{
	return request(sign_on_finish, form, gateway.settings->host);
}

/* ---- the audit ---- */

static json_t *last_audit_line(void)
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

static void audit_says(const char *key, const char *value)
{
	json_t *o = last_audit_line();
	const char *found = json_string_value(json_object_get(o, key));

	if (!found || strcmp(found, value) != 0)
		fail_msg("audit %s is %s, not %s", key, found ? found : "not there", value);
	json_decref(o);
}

/* ---- good ways ---- */

static void an_agent_gets_an_assertion_for_the_request(void **state)
{
	struct http_exchange *x = finish(answer_to(sent_to_entra(start(""))));

	(void)state;
	assert_int_equal(x->status, 200);
	assert_true(page_has(x, "action=\"https://auth.example/login/callback?connection=saml-1&amp;x=2\""));
	assert_true(page_has(x, "name=\"RelayState\" value=\"r&quot;&lt;s&gt;&amp;t\xc3\xa4te\""));
	assert_true(page_has(x, "name=\"SAMLResponse\""));
	audit_says("event", "assertion");
	audit_says("door", "organisation");
	audit_says("outcome", "licensed");
	audit_says("rule", "agents");
	audit_says("mail", "anna.meier@example.org");
	audit_says("object_id", FORGE_OBJECT_ID);
	audit_says("account", "not checked");
}

static bool leaves_a_logout_cookie(const struct http_exchange *x)
{
	const struct http_set_cookie *c = x->set_cookies;

	while (c && strcmp(c->name, "__Host-logout") != 0)
		c = c->next;
	return c && c->max_age == gateway.settings->logout_seconds;
}

static void only_a_sign_on_that_succeeds_is_remembered_for_signing_out(void **state)
{
	struct logout_cookie c;

	(void)state;
	assert_true(leaves_a_logout_cookie(finish(answer_to(sent_to_entra(start(""))))));
	logout_cookie_read(&(struct http_exchange){.arena = a, .cookies = jar, .cookie_count = jar_size}, &gateway.logout_key, FORGE_NOW, 43200, &c);
	assert_int_equal(c.count, 1);
	assert_string_equal(c.sessions[0].provider, "entra");
	assert_string_equal(c.sessions[0].name_id, FORGE_NAME_ID);
	assert_string_equal(c.sessions[0].session_index, FORGE_ASSERTION_ID);
	assert_string_equal(c.sessions[0].doors[0], "organisation");
	anna_is_in("former");
	assert_false(leaves_a_logout_cookie(finish(answer_to(sent_to_entra(start(""))))));
}

static void the_assertion_says_what_the_mirror_knows(void **state)
{
	struct http_exchange *x = finish(answer_to(sent_to_entra(start(""))));
	const char *at = strstr(x->reply_body.p, "name=\"SAMLResponse\" value=\"") + strlen("name=\"SAMLResponse\" value=\"");
	struct slice xml;

	(void)state;
	assert_int_equal(base64_decode(a, slice_of(at, strcspn(at, "\"")), &xml), 0);
	assert_non_null(memmem(xml.p, xml.n, ">anna.meier@example.org</", 25));
	assert_non_null(memmem(xml.p, xml.n, "InResponseTo=\"_asked\"", 21));
	assert_non_null(memmem(xml.p, xml.n, "M\xc3\xbcller &lt;/x&gt;&amp;", 22));
	assert_non_null(memmem(xml.p, xml.n, "Audience>" DOOR_ENTITY "<", strlen("Audience>" DOOR_ENTITY "<")));
}

static void a_partner_at_the_managed_door_is_sent_to_the_portal(void **state)
{
	struct http_exchange *x;

	(void)state;
	fill_mirror(FORGE_OBJECT_ID, "p@partner.example", "partners", "x");
	x = finish(answer_to(sent_to_entra(start(""))));
	assert_int_equal(x->status, 303);
	assert_string_equal(x->location, "https://help.example/portal");
	audit_says("event", "redirect");
	audit_says("passage", "to-portal");
}

static void a_link_ends_in_its_landing_by_an_unsolicited_response(void **state)
{
	struct http_exchange *x = finish(answer_to(sent_to_entra(request(link_start, (struct slice){0}, "help"))));

	(void)state;
	assert_int_equal(x->status, 200);
	assert_true(page_has(x, "name=\"RelayState\" value=\"https://site.example/jira?a=1&amp;b=2\""));
	audit_says("link", "help");
	audit_says("to", "https://site.example/jira?a=1&b=2");
}

static int begin_with_signed_requests(void **state)
{
	(void)state;
	return begin_with(&(struct more){.provider = ", sign_requests: yes, name_id_format: persistent"});
}

static void the_request_is_signed_when_the_provider_wants_it(void **state)
{
	struct http_exchange *x = start(""), *metadata = arena_alloc(a, sizeof(*metadata));

	(void)state;
	sent_to_entra(x);
	assert_non_null(strstr(x->location, "&SigAlg=http%3A%2F%2Fwww.w3.org%2F2001%2F04%2Fxmldsig-more%23rsa-sha256&Signature="));
	assert_in_range(strlen(x->location), 800, 1900);
	metadata->arena = a;
	metadata_sp(metadata, &gateway);
	assert_true(page_has(metadata, "AuthnRequestsSigned=\"true\""));
	assert_true(page_has(metadata, gateway.keyring.requests->certificate.base64));
	assert_int_equal(finish(answer_to(sent_to_entra(start(""))))->status, 200);
}

/* What looks like an address is proposed to the person at the provider; nothing else reaches it, and nothing depends on it. */
static void a_hint_goes_on_to_the_provider_when_it_is_an_address(void **state)
{
	static const struct { const char *query, *sent; } rows[] = {
		{"login_hint=anna%2Bx%40example.org", "&login_hint=anna%2Bx%40example.org"}, {"login_hint=a@b.example&x", "&login_hint=a%40b.example"},
		{"login_hint=anna", NULL}, {"login_hint=a%40b%26prompt%3Dnone", NULL}, {"login_hint=a@b&login_hint=c@d", NULL}, {"login_hint=%", NULL}, {"", NULL},
	};
	struct http_exchange *x;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		x = arena_alloc(a, sizeof(*x));
		*x = (struct http_exchange){.arena = a, .method = HTTP_GET, .query = slice_c(rows[i].query), .rest = "help", .client = "192.0.2.1"};
		link_start(x, &gateway);
		sent_to_entra(x);
		if (rows[i].sent)
			assert_string_equal(strstr(x->location, "&login_hint="), rows[i].sent);
		else
			assert_null(strstr(x->location, "login_hint"));
	}
	x = request(sign_on_start, ask(DOOR_ENTITY, "", NULL), "");
	assert_null(strstr(x->location, "login_hint"));
	x = request(sign_on_start, ask_with(DOOR_ENTITY, "", "<saml:Subject xmlns:saml=\"" NS_SAML "\"><saml:NameID>anna@example.org</saml:NameID>"
		"</saml:Subject>", NULL), "");
	assert_string_equal(strstr(x->location, "&login_hint="), "&login_hint=anna%40example.org");
}

static void a_link_without_a_managed_connection_lands_at_its_address(void **state)
{
	struct http_exchange *x;

	(void)state;
	fill_mirror(FORGE_OBJECT_ID, "p@partner.example", "partners", "x");
	x = finish(answer_to(sent_to_entra(request(link_start, (struct slice){0}, "help"))));
	assert_int_equal(x->status, 303);
	assert_string_equal(x->location, "https://help.example/portal/7");
	audit_says("passage", "to-portal");
}

static void two_tabs_are_two_sign_ons(void **state)
{
	struct asked one = sent_to_entra(start("")), two = sent_to_entra(start(""));

	(void)state;
	assert_string_not_equal(one.relay_state, two.relay_state);
	assert_int_equal(finish(answer_to(one))->status, 200);
	clock_set(FORGE_NOW);
	assert_int_equal(finish(form_with(forge_text(&(struct forge){.before = {{FORGE_REQUEST, two.request_id}, {FORGE_REQUEST, two.request_id},
		{FORGE_ASSERTION_ID, "_second"}, {FORGE_ASSERTION_ID, "_second"}}, .sign = FORGE_RESPONSE}), two.relay_state))->status, 200);
}

static void the_back_button_finds_a_page_that_goes_on(void **state)
{
	struct slice form = answer_to(sent_to_entra(start("")));
	struct http_exchange *x;

	(void)state;
	assert_int_equal(finish(form)->status, 200);
	x = finish(form);
	assert_int_equal(x->status, 200);
	assert_true(page_has(x, "href=\"https://site.example/\""));
	assert_false(page_has(x, "SAMLResponse"));
}

/* ---- replay, other lives, other hosts ---- */

static void refuses_replay(void **state)
{
	struct slice form = answer_to(sent_to_entra(start("")));
	struct http_cookie before[JAR];
	size_t before_size = jar_size;
	struct http_exchange *x;

	(void)state;
	memcpy(before, jar, sizeof(jar));
	assert_int_equal(finish(form)->status, 200);
	/* the answer never reached the browser: its cookie is as it was.  A fresh sign-on, not a second assertion */
	memcpy(jar, before, sizeof(jar));
	jar_size = before_size;
	x = finish(form);
	sent_to_entra(x);
	assert_false(page_has(x, "SAMLResponse"));
	audit_says("event", "restart");
}

static void refuses_replay_on_second_process(void **state)
{
	struct slice form = answer_to(sent_to_entra(start("")));
	struct http_cookie before[JAR];
	size_t before_size = jar_size;

	(void)state;
	memcpy(before, jar, sizeof(jar));
	assert_int_equal(finish(form)->status, 200);
	claims_close(gateway.claims);
	assert_done(claims_open(settings_claims_path(a, gateway.settings), &gateway.claims, &err), err);
	memcpy(jar, before, sizeof(jar));
	jar_size = before_size;
	sent_to_entra(finish(form));
}

/* The claims file is swept from the oldest on: an assertion that lasts for years must not hold that up. */
static void a_claim_ends_with_its_sign_on_and_not_with_its_assertion(void **state)
{
	static const char end[] = "NotOnOrAfter=\"2026-11-24T14:19:15.013Z\"", late[] = "NotOnOrAfter=\"2036-11-24T14:19:15Z\"";
	struct asked asked = sent_to_entra(start(""));
	struct forge f = {.before = {{FORGE_REQUEST, asked.request_id}, {FORGE_REQUEST, asked.request_id}, {end, late}, {end, late}}};
	int64_t since = FORGE_NOW - 20, later = since + PENDING_SECONDS_MOST + SAML_SKEW;
	struct slice id = slice_c(asked.request_id);

	(void)state;
	clock_set(FORGE_NOW);
	assert_int_equal(finish(form_with(forge_text(&f), asked.relay_state))->status, 200);
	assert_int_equal(claims_take(gateway.claims, slice_c("_a"), later, later, later + 9, &err), 1);
	assert_int_equal(claims_take(gateway.claims, id, since, later, later + 9, &err), 0);
	assert_int_equal(claims_take(gateway.claims, slice_c("_b"), later, later + 9, later + 9, &err), 1);
	assert_int_equal(claims_take(gateway.claims, id, since, later + 9, later + 9, &err), 1);
}

static void starts_again_when_the_claims_are_of_another_life(void **state)
{
	struct slice form = answer_to(sent_to_entra(start("")));

	(void)state;
	claims_close(gateway.claims);
	unlink(settings_claims_path(a, gateway.settings));
	assert_done(claims_open(settings_claims_path(a, gateway.settings), &gateway.claims, &err), err);
	sent_to_entra(finish(form));
	assert_int_equal(jar_size, 1);
}

static void refuses_pending_of_other_host(void **state)
{
	struct slice form = answer_to(sent_to_entra(start("")));
	struct settings *other = other_settings();
	struct http_exchange *x;

	(void)state;
	other->host = "host2";
	gateway.settings = other;
	x = finish(form);
	assert_int_equal(x->status, 302);
	assert_false(page_has(x, "SAMLResponse"));
	audit_says("event", "restart");
}

/* Where a load balancer sends what a dead host had asked for: its own sign-ons are not judged there either. */
static void starts_again_on_the_path_of_another_host(void **state)
{
	struct asked asked = sent_to_entra(start(""));
	struct asked again;

	(void)state;
	again = sent_to_entra(request(sign_on_finish, answer_to(asked), "host2"));
	audit_says("event", "restart");
	assert_string_not_equal(again.request_id, asked.request_id);
	assert_int_equal(finish(answer_to(again))->status, 200);
	refused_with(request(sign_on_finish, answer_to(asked), "host2"), REASON_COOKIE_MISSING);
}

static void gives_up_after_some_fresh_starts(void **state)
{
	struct settings *other = other_settings();
	struct http_exchange *x = start("");
	int i;

	(void)state;
	gateway.settings = other;
	for (i = 0; i < 4; i++) {
		struct slice form = answer_to(sent_to_entra(x));

		other->host = arena_printf(a, "yet another %d", i);
		x = finish(form);
	}
	refused_with(x, REASON_LOOP);
}

/* ---- refusals of the first request ---- */

static void refuses_requests_that_are_not_its_connections(void **state)
{
	static const struct { const char *issuer, *attributes; enum reason reason; } rows[] = {
		{"https://evil.example/", "", REASON_UNKNOWN_ISSUER},
		{DOOR_ENTITY, "AssertionConsumerServiceURL=\"https://evil.example/\"", REASON_WRONG_ACS},
		{DOOR_ENTITY, "AssertionConsumerServiceURL=\"https://auth.example/login/callback\"", REASON_WRONG_ACS},
		{DOOR_ENTITY, "AssertionConsumerServiceURL=\"https://help.example/acs\"", REASON_WRONG_ACS},
		{DOOR_ENTITY, "AssertionConsumerServiceIndex=\"0\"", REASON_ACS_INDEX},
		{DOOR_ENTITY, "ProtocolBinding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Artifact\"", REASON_WRONG_BINDING},
		{DOOR_ENTITY, "Destination=\"https://other.example/saml/idp/sso\"", REASON_REQUEST_WRONG_DESTINATION},
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		refused_with(request(sign_on_start, ask(rows[i].issuer, rows[i].attributes, "r"), ""), rows[i].reason);
		audit_says("reason", reason_word(rows[i].reason));
	}
	assert_int_equal(jar_size, 0);
}

static void takes_its_own_acs_destination_and_binding(void **state)
{
	(void)state;
	sent_to_entra(start("AssertionConsumerServiceURL=\"https://auth.example/login/callback?connection=saml-1&amp;x=2\" "
		"Destination=\"" PUBLIC "/saml/idp/sso\" ProtocolBinding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST\""));
}

static void an_image_starts_nothing(void **state)
{
	struct http_exchange x = {.arena = a, .method = HTTP_POST, .body = ask(DOOR_ENTITY, "", "r"), .client = "192.0.2.1", .fetch_dest = "image"};

	(void)state;
	sign_on_start(&x, &gateway);
	refused_with(&x, REASON_BAD_REQUEST);
	assert_null(x.set_cookies);
	x = (struct http_exchange){.arena = a, .method = HTTP_GET, .rest = "help", .client = "192.0.2.1", .fetch_dest = "iframe"};
	link_start(&x, &gateway);
	refused_with(&x, REASON_BAD_REQUEST);
}

static void refuses_a_link_that_does_not_exist(void **state)
{
	(void)state;
	refused_with(request(link_start, (struct slice){0}, "<nowhere>"), REASON_NO_SUCH_LINK);
}

static void explains_a_loop_between_doors(void **state)
{
	struct asked asked;
	int i;

	(void)state;
	fill_mirror(FORGE_OBJECT_ID, "p@partner.example", "partners", "x");
	for (i = 0; i < PENDING_LOOP_MOST; i++) {
		char id[40];

		clock_set(FORGE_NOW - 20);
		asked = sent_to_entra(start(""));
		snprintf(id, sizeof(id), "_round%d", i);
		clock_set(FORGE_NOW);
		assert_int_equal(finish(form_with(forge_text(&(struct forge){.sign = FORGE_RESPONSE, .before = {{FORGE_REQUEST, asked.request_id},
			{FORGE_REQUEST, asked.request_id}, {FORGE_ASSERTION_ID, id}, {FORGE_ASSERTION_ID, id}}}), asked.relay_state))->status, 303);
	}
	refused_with(start(""), REASON_LOOP);
}

/* ---- an answer that nobody asked for ---- */

static void an_unsolicited_answer_starts_the_default_link(void **state)
{
	struct asked asked;
	struct http_exchange *x;

	(void)state;
	clock_set(FORGE_NOW);
	x = finish(form_with(slice_c("not even XML"), "https://graph.example/relay"));
	assert_int_equal(x->status, 303);
	assert_string_equal(x->location, PUBLIC "/go/help");
	assert_int_equal(jar_size, 0);
	audit_says("event", "unsolicited");
	audit_says("link", "help");
	/* what was posted, a good answer even, has no part in what follows */
	clock_set(FORGE_NOW - 20);
	asked = sent_to_entra(request(link_start, (struct slice){0}, "help"));
	clock_set(FORGE_NOW);
	assert_int_equal(finish(form_with(forge_text(&(struct forge){0}), NULL))->status, 303);
	x = finish(answer_to(asked));
	assert_int_equal(x->status, 200);
	assert_true(page_has(x, "SAMLResponse"));
}

/* A known relay state is judged as ever, and an image or a frame starts nothing. */
static void the_default_link_starts_for_nothing_else(void **state)
{
	struct slice form = answer_to(sent_to_entra(request(link_start, (struct slice){0}, "help")));
	struct http_exchange *x = arena_alloc(a, sizeof(*x));

	(void)state;
	jar_size = 0;
	refused_with(finish(form), REASON_COOKIE_MISSING);
	refused_with(finish(slice_c("x=y")), REASON_RESPONSE_MISSING);
	*x = (struct http_exchange){.arena = a, .method = HTTP_POST, .body = form_with(slice_c("x"), NULL), .rest = "", .client = "192.0.2.1",
		.fetch_dest = "iframe"};
	sign_on_finish(x, &gateway);
	refused_with(x, REASON_BAD_REQUEST);
}

static void the_default_link_does_not_start_for_ever(void **state)
{
	int i;

	(void)state;
	clock_set(FORGE_NOW);
	for (i = 0; i < PENDING_LOOP_MOST; i++) {
		assert_int_equal(finish(form_with(slice_c("x"), NULL))->status, 303);
		sent_to_entra(request(link_start, (struct slice){0}, "help"));
	}
	refused_with(finish(form_with(slice_c("x"), NULL)), REASON_LOOP);
	clock_set(FORGE_NOW + PENDING_LOOP_SECONDS + 1);
	assert_int_equal(finish(form_with(slice_c("x"), NULL))->status, 303);
}

/* ---- two tenants ---- */

static const char *choice_for(const struct http_exchange *x, const char *name)
{
	const char *page = arena_copy(a, x->reply_body), *end = strstr(page, arena_printf(a, "/%s\">", name)), *at;

	assert_int_equal(x->status, 200);
	assert_non_null(end);
	for (at = end; strncmp(at, "/choose/", 8) != 0; at--)
		assert_true(at > page);
	return arena_copy(a, slice_of(at + 8, (size_t)(end - at - 8) + 1 + strlen(name)));
}

static void the_person_says_which_organisation(void **state)
{
	struct http_exchange *x = start(""), *chosen;
	const char *entra, *fabrikam;

	(void)state;
	assert_true(page_has(x, "Which organisation do you belong to?"));
	assert_true(page_has(x, ">Example &amp; Co</a>"));
	assert_true(page_has(x, ">Fabrikam</a>"));
	assert_null(x->location);
	entra = choice_for(x, "entra");
	fabrikam = choice_for(x, "fabrikam");
	assert_true(strncmp(entra, fabrikam, 33) == 0);
	chosen = finish(answer_to(sent_to_entra(request(sign_on_chosen, (struct slice){0}, entra))));
	assert_int_equal(chosen->status, 200);
	assert_true(page_has(chosen, "SAMLResponse"));
	audit_says("provider", "entra");
	/* once: who comes back gets a fresh start, and nothing was remembered */
	x = request(sign_on_chosen, (struct slice){0}, fabrikam);
	assert_int_equal(x->status, 200);
	assert_true(page_has(x, "already been answered"));
	assert_true(page_has(start(""), "Which organisation do you belong to?"));
}

static void a_choice_leads_nowhere_else(void **state)
{
	const char *entra = choice_for(start(""), "entra"), *id = arena_copy(a, slice_of(entra, 32));
	static const char *const bad[] = {"", "/", "entra", "0123/entra", "0123456789abcdef0123456789abcdeg/entra"};
	struct asked asked = {NULL, id};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		refused_with(request(sign_on_chosen, (struct slice){0}, bad[i]), REASON_NO_SUCH_PAGE);
	refused_with(request(sign_on_chosen, (struct slice){0}, arena_printf(a, "%s/nobody", id)), REASON_PROVIDER_CHOICE);
	refused_with(request(sign_on_chosen, (struct slice){0}, arena_printf(a, "%s/entra/", id)), REASON_PROVIDER_CHOICE);
	refused_with(request(sign_on_chosen, (struct slice){0}, arena_printf(a, "%s/https:%%2f%%2fevil.example", id)), REASON_PROVIDER_CHOICE);
	/* nobody was asked yet, so there is nothing to answer */
	clock_set(FORGE_NOW);
	refused_with(finish(form_with(forge_text(&(struct forge){0}), asked.relay_state)), REASON_PENDING_INVALID);
	/* in another browser it means nothing */
	jar_size = 0;
	refused_with(request(sign_on_chosen, (struct slice){0}, entra), REASON_COOKIE_MISSING);
}

static void a_choice_is_one_of_its_own_door(void **state)
{
	const char *id = arena_copy(a, slice_of(choice_for(request(link_start, (struct slice){0}, "help"), "fabrikam"), 32));

	(void)state;
	refused_with(request(sign_on_chosen, (struct slice){0}, arena_printf(a, "%s/organisation", id)), REASON_PROVIDER_CHOICE);
	assert_int_equal(request(sign_on_chosen, (struct slice){0}, arena_printf(a, "%s/fabrikam", id))->status, 302);
}

static void the_hint_of_a_link_chooses_silently(void **state)
{
	(void)state;
	query = slice_c("login_hint=anna.meier%40EXAMPLE.org");
	assert_int_equal(finish(answer_to(sent_to_entra(request(link_start, (struct slice){0}, "help"))))->status, 200);
	audit_says("provider", "entra");
	query = slice_c("login_hint=x%40nowhere.example");
	assert_true(page_has(request(link_start, (struct slice){0}, "help"), "Which organisation"));
	query = slice_c("login_hint=a%40example.org&login_hint=b%40example.org");
	assert_true(page_has(request(link_start, (struct slice){0}, "help"), "Which organisation"));
}

static void a_passive_request_gets_no_page(void **state)
{
	struct http_exchange *x = start("IsPassive=\"true\"");

	(void)state;
	assert_false(page_has(x, "Which organisation"));
	audit_says("reason", "provider-choice");
}

/* The forge's answer is entra's, whatever was chosen. */
static void refuses_the_answer_of_the_other_tenant(void **state)
{
	struct asked asked = sent_to_entra(request(sign_on_chosen, (struct slice){0}, choice_for(start(""), "fabrikam")));

	(void)state;
	refused_with(finish(answer_to(asked)), REASON_WRONG_ISSUER);
}

static void refuses_names_and_mail_of_the_other_tenant(void **state)
{
	struct http_exchange *x;

	(void)state;
	x = start("");
	refused_with(finish(answer_named(sent_to_entra(request(sign_on_chosen, (struct slice){0}, choice_for(x, "entra"))), "anna@fabrikam.example")),
		REASON_FOREIGN_DOMAIN);
	/* the object id leads to an entry whose mail is the other tenant's: that mail is what would be asserted */
	fill_mirror(FORGE_OBJECT_ID, "boss@fabrikam.example", "agents", "staff");
	clock_set(FORGE_NOW - 20);
	x = start("");
	x = finish(answer_to(sent_to_entra(request(sign_on_chosen, (struct slice){0}, choice_for(x, "entra")))));
	refused_with(x, REASON_FOREIGN_DOMAIN);
	audit_says("reason", "foreign-domain");
}

/* The link asks both, but an assertion for a door comes only from whom that door trusts; what leads elsewhere asks there anew. */
static void a_link_is_no_way_around_the_providers_of_a_door(void **state)
{
	struct http_exchange *x;

	(void)state;
	query = slice_c("login_hint=anna.meier%40example.org");
	refused_with(finish(answer_to(sent_to_entra(request(link_start, (struct slice){0}, "help")))), REASON_PROVIDER_CHOICE);
	audit_says("provider", "entra");
	audit_says("event", "refusal");
	fill_mirror(FORGE_OBJECT_ID, "p@partner.example", "partners", "x");
	clock_set(FORGE_NOW - 20);
	x = finish(answer_to(sent_to_entra(request(link_start, (struct slice){0}, "help"))));
	assert_int_equal(x->status, 303);
	assert_string_equal(x->location, "https://help.example/portal");
}

/* ---- guests, claims, codes ---- */

static void refuses_a_guest_where_the_rule_does_not_say_guests(void **state)
{
	(void)state;
	refused_with(finish(answer_named(sent_to_entra(start("")), "anna_partner.example#EXT#@example.onmicrosoft.com")), REASON_GUEST_DENIED);
	audit_says("rule", "agents");
}

static void an_empty_street_address_keeps_nobody_out(void **state)
{
	struct asked asked = sent_to_entra(start(""));
	struct forge f = {.before = {{FORGE_REQUEST, asked.request_id}, {FORGE_REQUEST, asked.request_id}, {"<AttributeStatement>",
		"<AttributeStatement><Attribute Name=\"urn:street\"><AttributeValue/></Attribute>"
		"<Attribute Name=\"" SAML_CLAIM_GROUPS "\"><AttributeValue>1</AttributeValue><AttributeValue>2</AttributeValue></Attribute>"}}};

	(void)state;
	clock_set(FORGE_NOW);
	assert_int_equal(finish(form_with(forge_text(&f), asked.relay_state))->status, 200);
	audit_says("event", "assertion");
	audit_says("groups_claim", "2");
}

static void shows_the_code_of_entra_and_none_of_its_words(void **state)
{
	static const char status[] = "<samlp:Status><samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:Success\"/></samlp:Status>";
	struct asked asked = sent_to_entra(start(""));
	struct forge f = {.sign = FORGE_NOTHING, .before = {{status,
		"<samlp:Status><samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:Responder\"/><samlp:StatusMessage>AADSTS50105: call "
		"evil.example now. Trace ID: 6f0c3a52-8f6a-4d0b-9a55-2f5d1c7e0b00 Timestamp: 2026-11-24 13:19:16Z</samlp:StatusMessage></samlp:Status>"}}};
	struct http_exchange *x;

	(void)state;
	clock_set(FORGE_NOW);
	x = finish(form_with(forge_text(&f), asked.relay_state));
	refused_with(x, REASON_STATUS_NOT_SUCCESS);
	assert_true(page_has(x, "<code>AADSTS50105</code>"));
	assert_true(page_has(x, "<code>6f0c3a52-8f6a-4d0b-9a55-2f5d1c7e0b00</code>"));
	assert_true(page_has(x, "<code>2026-11-24 13:19:16Z</code>"));
	assert_true(page_has(x, "Your account is not assigned to this application."));
	assert_false(page_has(x, "evil.example"));
	audit_says("provider_code", "AADSTS50105");
	audit_says("provider_trace", "6f0c3a52-8f6a-4d0b-9a55-2f5d1c7e0b00");
	/* only in the browser whose sign-on it answers */
	jar_size = 0;
	refused_with(finish(form_with(forge_text(&f), asked.relay_state)), REASON_COOKIE_MISSING);
}

static void refuses_with_code(const char *code)
{
	static const char status[] = "<samlp:Status><samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:Success\"/></samlp:Status>";
	struct forge f = {.sign = FORGE_NOTHING, .before = {{status, arena_printf(a, "<samlp:Status>"
		"<samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:Responder\"/><samlp:StatusMessage>%s</samlp:StatusMessage></samlp:Status>",
		code)}}};
	struct asked asked = sent_to_entra(start(""));

	refused_with(finish(form_with(forge_text(&f), asked.relay_state)), REASON_STATUS_NOT_SUCCESS);
}

/* Whoever makes codes up cannot fill the memory of the counters. */
static void counts_refusals_of_entra_by_the_codes_that_are_known(void **state)
{
	static const struct {
		const char *code;
		uint64_t count;
	} rows[] = {{"AADSTS50105", 2}, {"none", 1}, {"other", 2}};
	const struct metrics_sample *samples;
	size_t n, i, j, found = 0;
	int fd;

	(void)state;
	assert_done(metrics_make(&fd, &err), err);
	assert_done(metrics_open(fd, 0, &gateway.metrics, &err), err);
	close(fd);
	refuses_with_code("AADSTS50105: no");
	refuses_with_code("AADSTS50105: again no");
	refuses_with_code("AADSTS99999: made up");
	refuses_with_code("AADSTS99998: made up");
	refuses_with_code("no code");
	n = metrics_read(a, gateway.metrics, &samples);
	for (i = 0; i < n; i++) {
		if (samples[i].metric != METRIC_STATUSES)
			continue;
		assert_string_equal(samples[i].values[0], "entra");
		for (j = 0; j < sizeof(rows) / sizeof(*rows) && strcmp(rows[j].code, samples[i].values[1]) != 0; j++)
			;
		assert_true(j < sizeof(rows) / sizeof(*rows));
		assert_int_equal(samples[i].count, rows[j].count);
		found++;
	}
	assert_int_equal(found, 3);
	metrics_close(gateway.metrics);
	gateway.metrics = NULL;
}

/* ---- refusals of the second request ---- */

static void refuses_unsolicited(void **state)
{
	struct asked asked = sent_to_entra(start(""));

	(void)state;
	clock_set(FORGE_NOW);
	refused_with(finish(form_with(forge_text(&(struct forge){0}), NULL)), REASON_UNSOLICITED);
	refused_with(finish(form_with(forge_text(&(struct forge){0}), "https://site.example/")), REASON_UNSOLICITED);
	refused_with(finish(form_with(forge_text(&(struct forge){.before = {{" InResponseTo=\"" FORGE_REQUEST "\"", ""}}}), asked.relay_state)),
		REASON_UNSOLICITED);
	refused_with(finish(slice_c("x=y")), REASON_RESPONSE_MISSING);
}

static void refuses_captured_response_without_cookie(void **state)
{
	struct slice form = answer_to(sent_to_entra(start("")));

	(void)state;
	jar_size = 0;
	refused_with(finish(form), REASON_COOKIE_MISSING);
	audit_says("reason", "cookie-missing");
}

static void refuses_captured_response_with_foreign_cookie(void **state)
{
	struct asked victim = sent_to_entra(start("")), attacker;
	struct slice form = answer_to(victim);

	(void)state;
	jar_size = 0;
	clock_set(FORGE_NOW - 20);
	attacker = sent_to_entra(start(""));
	refused_with(finish(form), REASON_COOKIE_MISSING);
	/* the same Response under the name of a sign-on that this browser does have */
	clock_set(FORGE_NOW);
	refused_with(finish(form_with(forge_text(&(struct forge){.before = {{FORGE_REQUEST, victim.request_id}, {FORGE_REQUEST, victim.request_id}}}),
		attacker.relay_state)), REASON_WRONG_IN_RESPONSE_TO);
}

static void refuses_answer_for_other_downstream_sp(void **state)
{
	struct asked managed = sent_to_entra(start("")), portal;

	(void)state;
	portal = sent_to_entra(request(sign_on_start, ask("urn:help", "", "r"), ""));
	clock_set(FORGE_NOW);
	refused_with(finish(form_with(forge_text(&(struct forge){.before = {{FORGE_REQUEST, portal.request_id}, {FORGE_REQUEST, portal.request_id}}}),
		managed.relay_state)), REASON_WRONG_IN_RESPONSE_TO);
}

static void refuses_a_sign_on_that_took_too_long(void **state)
{
	struct slice form = answer_to(sent_to_entra(start("")));

	(void)state;
	clock_set(FORGE_NOW + 900);
	refused_with(finish(form), REASON_PENDING_EXPIRED);
}

static void refuses_who_is_not_found_and_shows_no_groups(void **state)
{
	struct http_exchange *x;

	(void)state;
	fill_mirror("00000000-0000-4000-8000-000000000000", "anna.meier@example.org", "agents", "x");
	x = finish(answer_to(sent_to_entra(start(""))));
	refused_with(x, REASON_PERSON_NOT_FOUND);
	assert_false(page_has(x, "agents"));
	assert_true(page_has(x, "it@example.org"));
	assert_true(page_has(x, "href=\"https://site.example/\""));
}

static void refuses_an_assertion_without_the_claim_of_the_join(void **state)
{
	static const char claim[] = "<Attribute Name=\"" SAML_CLAIM_OBJECT_ID "\"><AttributeValue>" FORGE_OBJECT_ID "</AttributeValue></Attribute>";
	struct asked asked = sent_to_entra(start(""));
	struct forge f = {.before = {{FORGE_REQUEST, asked.request_id}, {FORGE_REQUEST, asked.request_id}, {claim, ""}}};

	(void)state;
	refused_with(finish(form_with(forge_text(&f), asked.relay_state)), REASON_NO_OBJECT_ID);
}

static void refuses_who_is_switched_off(void **state)
{
	(void)state;
	fill_mirror(FORGE_OBJECT_ID, "anna.meier@example.org", "agents", "disabled");
	refused_with(finish(answer_to(sent_to_entra(start("")))), REASON_PERSON_DISABLED);
}

static void refuses_by_rule_with_its_sentence_and_the_groups(void **state)
{
	struct http_exchange *x;

	(void)state;
	anna_is_in("former");
	x = finish(answer_to(sent_to_entra(start(""))));
	refused_with(x, REASON_DENIED_BY_RULE);
	assert_true(page_has(x, "You have left us."));
	assert_true(page_has(x, "<li>former</li>"));
	audit_says("rule", "left");
}

static void refuses_by_default(void **state)
{
	(void)state;
	anna_is_in("nobody");
	refused_with(finish(answer_to(sent_to_entra(start("")))), REASON_DENIED_BY_DEFAULT);
}

static void a_refused_person_is_not_judged_twice_on_one_answer(void **state)
{
	struct slice form;

	(void)state;
	anna_is_in("nobody");
	form = answer_to(sent_to_entra(start("")));
	refused_with(finish(form), REASON_DENIED_BY_DEFAULT);
	assert_true(page_has(finish(form), "This sign-on is complete"));
}

static void refuses_while_the_mirror_is_not_there(void **state)
{
	(void)state;
	mirror_close(gateway.mirror);
	gateway.mirror = NULL;
	assert_int_equal(unlink(settings_mirror_path(a, gateway.settings)), 0);
	refused_with(finish(answer_to(sent_to_entra(start("")))), REASON_MIRROR_EMPTY);
	assert_null(gateway.mirror);
}

/* The mirror role had it ready after the worker last looked, and before the worker looks again by itself. */
static void opens_a_mirror_made_since_the_last_look(void **state)
{
	(void)state;
	mirror_close(gateway.mirror);
	gateway.mirror = NULL;
	assert_true(page_has(finish(answer_to(sent_to_entra(start("")))), "name=\"SAMLResponse\""));
}

/* The disk is damaged, or root imported what the workers may not read: not the same as no inventory. */
static void refuses_while_the_inventory_cannot_be_read(void **state)
{
	(void)state;
	accounts_close(gateway.accounts);
	gateway.accounts = NULL;
	write_here("state/accounts/accounts.mdb", 0640, slice_c("this is no LMDB file, and it is longer than the head of one would be, so it is refused"));
	gateway_open_stores(&gateway);
	refused_with(finish(answer_to(sent_to_entra(start("")))), REASON_STORE);
	audit_says("event", "refusal");
	unlink(in_folder("state/accounts/accounts.mdb"));
	gateway_open_stores(&gateway);
	assert_non_null(gateway.accounts);
	assert_int_equal(gateway.accounts_fault.reason, REASON_NONE);
}

static size_t audit_lines(void)
{
	struct slice bytes;
	size_t n = 0;

	assert_done(file_read(a, in_folder("state/audit/audit.jsonl"), FILE_PUBLIC, 4 << 20, &bytes, &err), err);
	for (size_t i = 0; i < bytes.n; i++)
		n += bytes.p[i] == '\n';
	return n;
}

/* Anybody can be refused a thousand times a second; who was named by a verified answer is recorded all the same. */
static void a_flood_of_nobody_does_not_fill_the_audit(void **state)
{
	struct slice form;
	size_t before;

	(void)state;
	anna_is_in("nobody");
	form = answer_to(sent_to_entra(start("")));
	for (int i = 0; i < 3 * AUDIT_NAMELESS_BURST; i++)
		assert_int_equal(finish(slice_c("x=y"))->status, reason_status(REASON_RESPONSE_MISSING));
	before = audit_lines();
	assert_in_range(before, AUDIT_NAMELESS_BURST, 2 * AUDIT_NAMELESS_BURST);
	refused_with(finish(form), REASON_DENIED_BY_DEFAULT);
	assert_int_equal(audit_lines(), before + 1);
	audit_says("reason", "denied-by-default");
}

static void refuses_when_the_audit_cannot_be_written(void **state)
{
	(void)state;
	refused_with(finish(answer_to(sent_to_entra(start("")))), REASON_AUDIT);
}

static void goes_on_without_audit_only_when_told_so(void **state)
{
	struct http_exchange *x = finish(answer_to(sent_to_entra(start(""))));

	(void)state;
	assert_int_equal(x->status, 200);
	assert_true(page_has(x, "SAMLResponse"));
}

/* ---- refusals as Responses ---- */

/* The Response on the page, for the connection's own address, with the relay state of who asked. */
static const char *response_on(const struct http_exchange *x)
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

static void says_no(const char *xml, const char *status, enum reason reason)
{
	const char *const parts[] = {
		"InResponseTo=\"_asked\"", "Value=\"urn:oasis:names:tc:SAML:2.0:status:Responder\"", status, "<ds:SignatureValue>",
		arena_printf(a, "<samlp:StatusMessage>%s: %s (", reason_word(reason), reason_sentence(reason)),
	};

	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
		if (!strstr(xml, parts[i]))
			fail_msg("no %s in %s", parts[i], xml);
	}
	assert_null(strstr(xml, "Assertion "));
	assert_null(strstr(xml, "anna"));
	audit_says("event", "refusal");
	audit_says("reason", reason_word(reason));
	audit_says("status", strrchr(status, ':') + 1);
}

#define NO_PASSIVE "urn:oasis:names:tc:SAML:2.0:status:NoPassive"
#define REQUEST_DENIED "urn:oasis:names:tc:SAML:2.0:status:RequestDenied"

/* No page and no redirect, whatever it is. */
static void passively_refused(const struct http_exchange *x, const char *status, enum reason reason)
{
	assert_int_equal(x->status, 200);
	says_no(response_on(x), status, reason);
	assert_non_null(x->script_hash);
	audit_says("answer", "response");
}

static struct http_exchange *ask_passively(void)
{
	return start("IsPassive=\"true\"");
}

static void a_passive_request_is_asked_passively_and_answered(void **state)
{
	struct http_exchange *x = ask_passively();
	struct asked asked = sent_to_entra(x);
	struct slice relay_state;
	struct saml_request r;

	(void)state;
	assert_done(saml_request_read(a, SAML_REDIRECT, slice_c(strchr(x->location, '?') + 1), &r, &relay_state, &err), err);
	assert_true(r.is_passive && !r.force_authn);
	x = finish(answer_to(asked));
	assert_non_null(strstr(response_on(x), "<saml:Assertion "));
	assert_true(page_has(x, "name=\"RelayState\" value=\"r&quot;&lt;s&gt;&amp;t\xc3\xa4te\""));
}

static void what_the_rules_refuse_of_a_passive_request_is_denied(void **state)
{
	(void)state;
	fill_mirror(FORGE_OBJECT_ID, "anna.meier@example.org", "former", "staff");
	passively_refused(finish(answer_to(sent_to_entra(ask_passively()))), REQUEST_DENIED, REASON_DENIED_BY_RULE);
	assert_true(page_has(finish(answer_to(sent_to_entra(ask_passively()))), "name=\"RelayState\" value=\"r&quot;&lt;s&gt;&amp;t\xc3\xa4te\""));
}

/* To ask again aloud would not help a guest either. */
static void a_guest_whom_the_rules_refuse_of_a_passive_request_is_denied(void **state)
{
	(void)state;
	passively_refused(finish(answer_named(sent_to_entra(ask_passively()), "anna_partner.example#EXT#@example.onmicrosoft.com")), REQUEST_DENIED,
		REASON_GUEST_DENIED);
}

static void no_passive_of_the_provider_is_passed_through(void **state)
{
	struct asked asked = sent_to_entra(ask_passively());

	(void)state;
	clock_set(FORGE_NOW);
	passively_refused(finish(form_with(slice_c(arena_printf(a, "<samlp:Response xmlns:samlp=\"" NS_SAMLP "\" ID=\"_r\" Version=\"2.0\""
		" IssueInstant=\"2026-11-24T13:19:16Z\" Destination=\"" FORGE_ACS "\" InResponseTo=\"%s\"><samlp:Status><samlp:StatusCode"
		" Value=\"urn:oasis:names:tc:SAML:2.0:status:Responder\"><samlp:StatusCode Value=\"" NO_PASSIVE "\"/></samlp:StatusCode>"
		"</samlp:Status></samlp:Response>", asked.request_id)), asked.relay_state)), NO_PASSIVE, REASON_STATUS_NOT_SUCCESS);
}

static void a_passive_request_never_leads_to_another_door(void **state)
{
	struct http_exchange *x;

	(void)state;
	fill_mirror(FORGE_OBJECT_ID, "p@partner.example", "partners", "x");
	x = finish(answer_to(sent_to_entra(ask_passively())));
	passively_refused(x, NO_PASSIVE, REASON_ELSEWHERE);
	audit_says("passage", "to-portal");
}

static void whatever_goes_wrong_with_a_passive_request_is_a_response(void **state)
{
	struct slice form = answer_to(sent_to_entra(ask_passively()));
	struct settings *other = other_settings();
	struct http_exchange *x;
	int i;

	(void)state;
	assert_int_equal(finish(form)->status, 200);
	passively_refused(finish(form), NO_PASSIVE, REASON_ALREADY_ANSWERED);
	form = answer_to(sent_to_entra(ask_passively()));
	clock_set(FORGE_NOW + 901);
	passively_refused(finish(form), NO_PASSIVE, REASON_PENDING_EXPIRED);
	clock_set(FORGE_NOW);
	fill_mirror("00000000-0000-4000-8000-000000000000", "anna.meier@example.org", "agents", "x");
	passively_refused(finish(answer_to(sent_to_entra(ask_passively()))), NO_PASSIVE, REASON_PERSON_NOT_FOUND);
	gateway.settings = other;
	x = ask_passively();
	for (i = 0; i < 4; i++) {
		form = answer_to(sent_to_entra(x));
		other->host = arena_printf(a, "yet another %d", i);
		x = finish(form);
	}
	passively_refused(x, NO_PASSIVE, REASON_LOOP);
	providers_close(gateway.providers);
	other->provider_count = 0;
	gateway.providers = providers_open(other, gateway.files);
	other->provider_count = 1;
	passively_refused(ask_passively(), NO_PASSIVE, REASON_NOT_READY);
}

static void a_passive_request_that_cannot_be_recorded_is_told_so(void **state)
{
	struct http_exchange *x = finish(answer_to(sent_to_entra(ask_passively())));

	(void)state;
	assert_non_null(strstr(response_on(x), NO_PASSIVE));
	assert_non_null(strstr(response_on(x), "<samlp:StatusMessage>audit: "));
}

/* Only what is sure says who asked: its own request, or our cookie. */
static void nobody_is_told_where_nobody_is_known_to_have_asked(void **state)
{
	struct slice form = answer_to(sent_to_entra(ask_passively()));

	(void)state;
	refused_with(request(sign_on_start, ask("https://evil.example/", "IsPassive=\"true\"", "r"), ""), REASON_UNKNOWN_ISSUER);
	refused_with(request(sign_on_start, ask(DOOR_ENTITY, "IsPassive=\"true\" AssertionConsumerServiceURL=\"https://evil.example/\"", "r"), ""),
		REASON_WRONG_ACS);
	jar_size = 0;
	refused_with(finish(form), REASON_COOKIE_MISSING);
	fill_mirror(FORGE_OBJECT_ID, "anna.meier@example.org", "former", "staff");
	refused_with(finish(answer_to(sent_to_entra(request(link_start, (struct slice){0}, "help")))), REASON_DENIED_BY_RULE);
	audit_says("answer", "page");
}

static int begin_with_refusals_as_responses(void **state)
{
	(void)state;
	return begin_with(&(struct more){.door = ", refusals: response"});
}

static void a_refused_person_can_take_the_refusal_back(void **state)
{
	struct http_exchange *x;

	(void)state;
	fill_mirror(FORGE_OBJECT_ID, "anna.meier@example.org", "former", "staff");
	x = finish(answer_to(sent_to_entra(start(""))));
	assert_int_equal(x->status, 403);
	assert_true(page_has(x, "You have left us."));
	assert_true(page_has(x, "<code>denied-by-rule</code>"));
	assert_true(page_has(x, "name=\"RelayState\" value=\"r&quot;&lt;s&gt;&amp;t\xc3\xa4te\""));
	assert_null(x->script_hash);
	says_no(response_on(x), REQUEST_DENIED, REASON_DENIED_BY_RULE);
	audit_says("answer", "page-and-response");
	/* nobody asked: a link is refused on a page */
	refused_with(finish(answer_to(sent_to_entra(request(link_start, (struct slice){0}, "help")))), REASON_DENIED_BY_RULE);
}

/* ---- limits ---- */

static void answered_with_an_assertion(const struct http_exchange *x)
{
	assert_int_equal(x->status, 200);
	assert_true(page_has(x, "SAMLResponse"));
}

/* A loop, or a stolen session that hammers: one line a minute, and the answer can be brought once more later. */
static void a_person_is_signed_on_so_often_a_minute_and_no_more(void **state)
{
	struct http_exchange *x;
	size_t before;

	(void)state;
	for (int i = 0; i < 5; i++) {
		answered_with_an_assertion(finish(answer_to(sent_to_entra(start("")))));
		clock_set(FORGE_NOW - 20);
	}
	before = audit_lines();
	for (int i = 0; i < 4; i++) {
		x = finish(answer_to(sent_to_entra(start(""))));
		refused_with(x, REASON_TOO_MANY);
		assert_in_range(strtol(x->retry_after, NULL, 10), 7, 19);
		assert_true(page_has(x, "<h1>Please try again in a minute</h1>"));
		clock_set(FORGE_NOW - 20);
	}
	assert_int_equal(audit_lines(), before + 1);
	audit_says("reason", "too-many");
	audit_says("object_id", FORGE_OBJECT_ID);
	/* whoever asked passively is told so by a Response, as of any other refusal */
	x = finish(answer_to(sent_to_entra(ask_passively())));
	assert_int_equal(x->status, 200);
	assert_non_null(strstr(response_on(x), NO_PASSIVE));
	assert_non_null(strstr(response_on(x), "too-many: "));
}

/* An answer that comes again and again is one person's, whether or not it gives anything. */
static void a_replay_counts_for_its_person(void **state)
{
	struct slice form = answer_to(sent_to_entra(start("")));
	struct http_cookie before[JAR];
	size_t before_size = jar_size;

	(void)state;
	memcpy(before, jar, sizeof(jar));
	for (int i = 0; i < 6; i++) {
		struct http_exchange *x;

		memcpy(jar, before, sizeof(jar));
		jar_size = before_size;
		x = finish(form);
		if (i == 0)
			answered_with_an_assertion(x);
		else if (i < 5)
			sent_to_entra(x);
		else
			refused_with(x, REASON_TOO_MANY);
	}
}

/* A colleague behind the same address sends rubbish: who has begun a sign-on ends it. */
static void the_first_answer_to_a_sign_on_is_read_whatever_its_network_did(void **state)
{
	struct asked honest = sent_to_entra(start("")), other = sent_to_entra(start("IsPassive=\"true\""));
	struct slice bad = form_with(slice_c("<rubbish/>"), other.relay_state);
	struct http_exchange *x;

	(void)state;
	for (int i = 0; i < 10; i++)
		assert_null(finish(bad)->retry_after);
	/* a page and no Response, which would cost a signature, though it was asked passively */
	x = finish(bad);
	refused_with(x, REASON_TOO_MANY);
	assert_in_range(strtol(x->retry_after, NULL, 10), 7, 13);
	answered_with_an_assertion(finish(answer_to(honest)));
	assert_int_equal(limits_request(&gateway, request(sign_on_start, slice_c("x=y"), "")), REASON_TOO_MANY);
}

static void a_fresh_sign_on_is_demanded_where_it_was_asked_for(void **state)
{
	struct http_exchange *x = start("ForceAuthn=\"true\"");
	struct asked asked = sent_to_entra(x);
	struct slice relay_state;
	struct saml_request r;

	(void)state;
	assert_done(saml_request_read(a, SAML_REDIRECT, slice_c(strchr(x->location, '?') + 1), &r, &relay_state, &err), err);
	assert_true(r.force_authn && !r.is_passive);
	refused_with(finish(answer_to(asked)), REASON_NOT_FRESH);       /* the forge's AuthnInstant is 81 days old */
	asked = sent_to_entra(start("ForceAuthn=\"1\""));
	assert_int_equal(finish(form_with(forge_text(&(struct forge){.before = {{FORGE_REQUEST, asked.request_id}, {FORGE_REQUEST, asked.request_id},
		{"2026-09-04T06:11:02.000Z", "2026-11-24T13:19:10.000Z"}}}), asked.relay_state))->status, 200);
}

/* ---- observe: yes ---- */

static void observed_says(const char *key, const char *value)
{
	json_t *o = last_audit_line();
	const char *found = json_string_value(json_object_get(json_object_get(o, "observed"), key));

	if (value ? !found || strcmp(found, value) != 0 : found != NULL)
		fail_msg("observed %s is %s, not %s", key, found ? found : "not there", value ? value : "not there");
	json_decref(o);
}

static void audit_does_not_say(const char *key)
{
	json_t *o = last_audit_line();

	if (json_object_get(o, key))
		fail_msg("the audit says %s", key);
	json_decref(o);
}

static void whoever_the_rules_would_deny_is_observed(void **state)
{
	struct http_exchange *x;

	(void)state;
	anna_is_in("former");
	x = finish(answer_to(sent_to_entra(start(""))));
	assert_int_equal(x->status, 200);
	assert_non_null(strstr(response_on(x), ">anna.meier@example.org</saml:NameID>"));
	audit_says("event", "assertion");
	audit_says("passage", "assert");
	observed_says("verdict", "denied");
	observed_says("outcome", "deny");
	observed_says("rule", "left");
	observed_says("reason", "denied-by-rule");
	observed_says("passage", "refuse");
	audit_does_not_say("outcome");
	audit_does_not_say("rule");
	audit_does_not_say("reason");
	/* and whom they send elsewhere */
	anna_is_in("partners");
	x = finish(answer_to(sent_to_entra(start(""))));
	assert_non_null(strstr(response_on(x), ">anna.meier@example.org</saml:NameID>"));
	observed_says("verdict", "elsewhere");
	observed_says("outcome", "portal");
	observed_says("reason", NULL);
	/* and whom they give what is given */
	anna_is_in("agents");
	assert_non_null(strstr(response_on(finish(answer_to(sent_to_entra(start(""))))), "<saml:Assertion "));
	audit_says("outcome", "licensed");
	audit_says("rule", "agents");
	observed_says("verdict", "same");
	observed_says("rule", "agents");
}

static void a_passive_request_is_observed_as_well(void **state)
{
	(void)state;
	anna_is_in("partners");
	assert_non_null(strstr(response_on(finish(answer_to(sent_to_entra(ask_passively())))), "<saml:Assertion "));
	observed_says("verdict", "elsewhere");
}

static void a_link_is_not_observed(void **state)
{
	(void)state;
	anna_is_in("former");
	refused_with(finish(answer_to(sent_to_entra(request(link_start, (struct slice){0}, "help")))), REASON_DENIED_BY_RULE);
	audit_does_not_say("observed");
}

static void observing_lets_nobody_in_who_is_not_known(void **state)
{
	static const char other[] = "99999999-0000-4000-8000-000000000000";

	(void)state;
	fill_mirror(other, "anna.meier@example.org", "agents", "staff");
	refused_with(finish(answer_to(sent_to_entra(start("")))), REASON_PERSON_NOT_FOUND);
	fill_mirror(FORGE_OBJECT_ID, "anna.meier@example.org", "agents", "disabled");
	refused_with(finish(answer_to(sent_to_entra(start("")))), REASON_PERSON_DISABLED);
	fill_mirror(FORGE_OBJECT_ID, NULL, "agents", "staff");
	refused_with(finish(answer_to(sent_to_entra(start("")))), REASON_PERSON_NO_MAIL);
	anna_is_in("agents");
	add_a_twin();
	refused_with(finish(answer_to(sent_to_entra(start("")))), REASON_PERSON_FOUND_TWICE);
	audit_does_not_say("observed");
}

static void observing_lets_in_no_guest_and_nothing_that_is_not_verified(void **state)
{
	struct asked asked = sent_to_entra(start(""));
	struct forge f = {.before = {{FORGE_REQUEST, asked.request_id}, {FORGE_REQUEST, asked.request_id}},
		.after = {{FORGE_NAME_ID "</NameID>", "somebody.else@example.org</NameID>"}}};

	(void)state;
	refused_with(finish(answer_named(sent_to_entra(start("")), "anna_partner.example#EXT#@example.onmicrosoft.com")), REASON_GUEST_DENIED);
	audit_does_not_say("observed");
	anna_is_in("nothing");
	refused_with(finish(answer_named(sent_to_entra(start("")), "anna_partner.example#EXT#@example.onmicrosoft.com")),
		REASON_DENIED_BY_DEFAULT);
	clock_set(FORGE_NOW);
	refused_with(finish(form_with(forge_text(&f), asked.relay_state)), REASON_SIGNATURE_INVALID);
	/* of yesterday, when it comes to the audit: too old */
	clock_set(FORGE_NOW - 20);
	asked = sent_to_entra(start(""));
	anna_was_last_heard_of(FORGE_NOW - 30 * 86400);
	refused_with(finish(answer_to(asked)), REASON_DIRECTORY_STALE);
	audit_says("stale", "denied");
	audit_does_not_say("observed");
}

#define test(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(an_agent_gets_an_assertion_for_the_request),
		test(only_a_sign_on_that_succeeds_is_remembered_for_signing_out),
		test(the_assertion_says_what_the_mirror_knows),
		test(a_partner_at_the_managed_door_is_sent_to_the_portal),
		test(a_link_ends_in_its_landing_by_an_unsolicited_response),
		cmocka_unit_test_setup_teardown(the_request_is_signed_when_the_provider_wants_it, begin_with_signed_requests, end),
		test(a_hint_goes_on_to_the_provider_when_it_is_an_address),
		cmocka_unit_test_setup_teardown(a_link_without_a_managed_connection_lands_at_its_address, begin_with_portals_only, end),
		cmocka_unit_test_setup_teardown(whoever_the_rules_would_deny_is_observed, begin_observing, end),
		cmocka_unit_test_setup_teardown(a_passive_request_is_observed_as_well, begin_observing, end),
		cmocka_unit_test_setup_teardown(a_link_is_not_observed, begin_observing, end),
		cmocka_unit_test_setup_teardown(observing_lets_nobody_in_who_is_not_known, begin_observing, end),
		cmocka_unit_test_setup_teardown(observing_lets_in_no_guest_and_nothing_that_is_not_verified, begin_observing, end),
		test(two_tabs_are_two_sign_ons),
		test(the_back_button_finds_a_page_that_goes_on),
		test(refuses_replay),
		test(refuses_replay_on_second_process),
		test(a_claim_ends_with_its_sign_on_and_not_with_its_assertion),
		test(starts_again_when_the_claims_are_of_another_life),
		test(refuses_pending_of_other_host),
		test(starts_again_on_the_path_of_another_host),
		test(gives_up_after_some_fresh_starts),
		test(refuses_requests_that_are_not_its_connections),
		test(takes_its_own_acs_destination_and_binding),
		test(an_image_starts_nothing),
		test(refuses_a_link_that_does_not_exist),
		test(explains_a_loop_between_doors),
		cmocka_unit_test_setup_teardown(an_unsolicited_answer_starts_the_default_link, begin_with_default_link, end),
		cmocka_unit_test_setup_teardown(the_default_link_starts_for_nothing_else, begin_with_default_link, end),
		cmocka_unit_test_setup_teardown(the_default_link_does_not_start_for_ever, begin_with_default_link, end),
		cmocka_unit_test_setup_teardown(the_person_says_which_organisation, begin_with_two_tenants, end),
		cmocka_unit_test_setup_teardown(a_choice_leads_nowhere_else, begin_with_two_tenants, end),
		cmocka_unit_test_setup_teardown(a_choice_is_one_of_its_own_door, begin_with_two_tenants, end),
		cmocka_unit_test_setup_teardown(the_hint_of_a_link_chooses_silently, begin_with_two_tenants, end),
		cmocka_unit_test_setup_teardown(a_passive_request_gets_no_page, begin_with_two_tenants, end),
		cmocka_unit_test_setup_teardown(refuses_the_answer_of_the_other_tenant, begin_with_two_tenants, end),
		cmocka_unit_test_setup_teardown(refuses_names_and_mail_of_the_other_tenant, begin_with_two_tenants, end),
		cmocka_unit_test_setup_teardown(a_link_is_no_way_around_the_providers_of_a_door, begin_with_a_door_of_one_tenant, end),
		test(refuses_a_guest_where_the_rule_does_not_say_guests),
		test(an_empty_street_address_keeps_nobody_out),
		test(shows_the_code_of_entra_and_none_of_its_words),
		test(counts_refusals_of_entra_by_the_codes_that_are_known),
		test(refuses_unsolicited),
		test(refuses_captured_response_without_cookie),
		test(refuses_captured_response_with_foreign_cookie),
		test(refuses_answer_for_other_downstream_sp),
		test(refuses_a_sign_on_that_took_too_long),
		test(a_fresh_sign_on_is_demanded_where_it_was_asked_for),
		test(a_passive_request_is_asked_passively_and_answered),
		test(what_the_rules_refuse_of_a_passive_request_is_denied),
		test(a_guest_whom_the_rules_refuse_of_a_passive_request_is_denied),
		test(no_passive_of_the_provider_is_passed_through),
		test(a_passive_request_never_leads_to_another_door),
		test(whatever_goes_wrong_with_a_passive_request_is_a_response),
		cmocka_unit_test_setup_teardown(a_passive_request_that_cannot_be_recorded_is_told_so, begin_with_full_disk, end),
		test(nobody_is_told_where_nobody_is_known_to_have_asked),
		cmocka_unit_test_setup_teardown(a_refused_person_can_take_the_refusal_back, begin_with_refusals_as_responses, end),
		test(refuses_who_is_not_found_and_shows_no_groups),
		test(refuses_an_assertion_without_the_claim_of_the_join),
		test(refuses_who_is_switched_off),
		test(refuses_by_rule_with_its_sentence_and_the_groups),
		test(refuses_by_default),
		test(a_refused_person_is_not_judged_twice_on_one_answer),
		test(refuses_while_the_mirror_is_not_there),
		test(opens_a_mirror_made_since_the_last_look),
		test(a_flood_of_nobody_does_not_fill_the_audit),
		cmocka_unit_test_setup_teardown(a_person_is_signed_on_so_often_a_minute_and_no_more, begin_with_limits, end),
		cmocka_unit_test_setup_teardown(a_replay_counts_for_its_person, begin_with_limits, end),
		cmocka_unit_test_setup_teardown(the_first_answer_to_a_sign_on_is_read_whatever_its_network_did, begin_with_limits, end),
		test(refuses_while_the_inventory_cannot_be_read),
		cmocka_unit_test_setup_teardown(refuses_when_the_audit_cannot_be_written, begin_with_full_disk, end),
		cmocka_unit_test_setup_teardown(goes_on_without_audit_only_when_told_so, begin_with_full_disk_and_patience, end),
	};

	/* ./run-tests runs some of them under valgrind, where all would take minutes */
	if (getenv("TEST_FILTER"))
		cmocka_set_test_filter(getenv("TEST_FILTER"));
	return cmocka_run_group_tests(tests, forge_begin, forge_end);
}
