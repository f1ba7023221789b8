/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * demo-atlassian: one door of a stand-in for Atlassian Cloud, the
 * organisation's (managed accounts) or a site's portal (portal-only customers).
 *
 * It answers to two names, as the real one does: the log-in host, where the
 * ACS is, and the site, where people end.
 *
 * log-in host  GET  /login                        begins a sign-on: redirect to the identity provider
 *              POST /login/callback?connection=…  the ACS; 303 to the site
 * site         GET  /                             who is signed on here, or "Log in"
 *              GET  /welcome?ticket=…             from the ACS: the site's own session begins
 *              POST /logout
 * both         GET  /accounts                     JSON for tests: which accounts came to be, what arrived
 */
#include "tests/demo/door_saml.h"
#include "tests/demo/peer.h"

#include <getopt.h>
#include <jansson.h>
#include <lasso/lasso.h>

#include <sys/stat.h>

#define PENDING_MAX 4096
#define TICKETS_MAX 256
#define PATH_MAX_SIZE 1600
#define LOGIN_COOKIE "DEMOLOGIN"
#define SITE_COOKIE "DEMOSITE"

struct pending {
	char browser[PEER_ID_SIZE];     /* value of the log-in host's cookie: the browser that asked */
	char state[PEER_ID_SIZE];       /* RelayState */
	char request_id[PEER_ID_SIZE];
	char path[PATH_MAX_SIZE];       /* where on the site the person wanted to go */
};

struct ticket {
	char value[PEER_ID_SIZE];       /* first a ticket, once used the site's session */
	bool used;
	char mail[DOOR_VALUE_MAX], name[DOOR_VALUE_MAX], groups[DOOR_VALUE_MAX];
};

struct door {
	const char *kind;               /* "managed", "portal" */
	const char *login_host, *site_host;
	char *brand, *acs_path, *site_url;
	const char *const *given;       /* the command line */
	struct stat pasted;             /* the certificate's file when it was read */
	struct door_sp *sp;
	json_t *accounts;               /* by mail */
	struct pending pending[PENDING_MAX];    /* the oldest is overwritten */
	size_t next_pending;
	struct ticket tickets[TICKETS_MAX];
	size_t next_ticket;
};

static bool is_managed(const struct door *door)
{
	return strcmp(door->kind, "managed") == 0;
}

/* ---- the administrator's screen ---- */

enum { OPTION_LISTEN = 1, OPTION_KIND, OPTION_LOGIN_HOST, OPTION_SITE_HOST, OPTION_ENTITY_ID, OPTION_ACS_PATH, OPTION_IDP_ENTITY_ID,
	OPTION_IDP_SSO_URL, OPTION_IDP_CERTIFICATE, OPTION_COUNT };

static const struct option options[] = {
	{"listen", required_argument, NULL, OPTION_LISTEN},             /* 127.0.0.1:8462 */
	{"kind", required_argument, NULL, OPTION_KIND},                 /* managed or portal */
	{"login-host", required_argument, NULL, OPTION_LOGIN_HOST},     /* auth.localhost:8462 */
	{"site-host", required_argument, NULL, OPTION_SITE_HOST},       /* example.localhost:8462 */
	{"entity-id", required_argument, NULL, OPTION_ENTITY_ID},
	{"acs-path", required_argument, NULL, OPTION_ACS_PATH},         /* with its query */
	{"idp-entity-id", required_argument, NULL, OPTION_IDP_ENTITY_ID},
	{"idp-sso-url", required_argument, NULL, OPTION_IDP_SSO_URL},
	{"idp-certificate", required_argument, NULL, OPTION_IDP_CERTIFICATE},
	{0},
};

/*
 * What was pasted: one certificate at a time.  The file of the certificate
 * stands for the screen's field; whoever replaces it has saved another one.
 */
static void use_screen(struct door *door)
{
	const char *const *given = door->given;
	char *acs_url, *certificate;
	struct stat now;

	if (stat(given[OPTION_IDP_CERTIFICATE], &now) != 0)
		peer_die("%s cannot be read", given[OPTION_IDP_CERTIFICATE]);
	if (door->sp && now.st_ino == door->pasted.st_ino && now.st_mtim.tv_sec == door->pasted.st_mtim.tv_sec &&
		now.st_mtim.tv_nsec == door->pasted.st_mtim.tv_nsec)
		return;
	if (door->sp)
		door_sp_free(door->sp);
	door->pasted = now;
	certificate = peer_read_file(given[OPTION_IDP_CERTIFICATE]);
	acs_url = g_strdup_printf("http://%s%s", given[OPTION_LOGIN_HOST], given[OPTION_ACS_PATH]);
	door->sp = door_sp_new(&(struct door_options){.entity_id = given[OPTION_ENTITY_ID], .acs_url = acs_url,
		.idp_entity_id = given[OPTION_IDP_ENTITY_ID], .idp_sso_url = given[OPTION_IDP_SSO_URL],
		.idp_certificate_pem = certificate});
	g_free(acs_url);
	free(certificate);
}

/* ---- log-in host ---- */

/* A path on the site; anything else a query could bring would be an open redirect. */
static bool is_site_path(const char *path)
{
	return path && path[0] == '/' && path[1] != '/' && path[1] != '\\' && strlen(path) < PATH_MAX_SIZE &&
		strcspn(path, "\r\n \t") == strlen(path);
}

static void begin(struct door *door, struct evhttp_request *req)
{
	struct pending *pending = &door->pending[door->next_pending++ % PENDING_MAX];
	struct evkeyvalq form;
	const char *path;
	char *url;

	peer_form(req, &form);
	path = evhttp_find_header(&form, "path");
	memset(pending, 0, sizeof *pending);
	snprintf(pending->path, sizeof pending->path, "%s", is_site_path(path) ? path : "/");
	evhttp_clear_headers(&form);
	/* The ACS is met by a cross-site POST: SameSite=None, which browsers take only with Secure. */
	if (!peer_cookie(req, LOGIN_COOKIE, pending->browser, sizeof pending->browser) || !*pending->browser)
		peer_random_id(pending->browser);
	peer_set_cookie(req, LOGIN_COOKIE, pending->browser, "Secure; SameSite=None");
	peer_random_id(pending->state);
	url = door_request_write(door->sp, pending->state, pending->request_id, sizeof pending->request_id);
	peer_redirect(req, url);
	g_free(url);
}

/* The pending sign-on that a RelayState names, if this very browser began it; it is used up. */
static bool take_pending(struct door *door, struct evhttp_request *req, const char *state, struct pending *out)
{
	char browser[PEER_ID_SIZE];

	if (!state || !*state || !peer_cookie(req, LOGIN_COOKIE, browser, sizeof browser))
		return false;
	for (size_t i = 0; i < PENDING_MAX; i++) {
		struct pending *pending = &door->pending[i];

		if (strcmp(pending->state, state) == 0 && strcmp(pending->browser, browser) == 0) {
			*out = *pending;
			memset(pending, 0, sizeof *pending);
			return true;
		}
	}
	return false;
}

static json_t *attributes_json(const struct door_identity *identity)
{
	json_t *attributes = json_object();

	for (size_t i = 0; i < identity->attribute_count; i++) {
		json_t *values = json_array();
		char *rest = strdup(identity->attributes[i].values), *at = rest, *value;

		while (at && (value = strsep(&at, "\n")) != NULL)
			json_array_append_new(values, json_string(value));
		free(rest);
		json_object_set_new(attributes, identity->attributes[i].name, values);
	}
	return attributes;
}

/* Just in time: the first assertion for a mail makes the account, the later ones refresh it. */
static void keep_account(struct door *door, const struct door_identity *identity)
{
	json_t *account = json_object_get(door->accounts, identity->name_id);

	if (!account) {
		account = json_pack("{s:s, s:s, s:i}", "mail", identity->name_id, "kind", door->kind, "sign_ons", 0);
		json_object_set_new(door->accounts, identity->name_id, account);
	}
	json_object_set_new(account, "sign_ons", json_integer(json_integer_value(json_object_get(account, "sign_ons")) + 1));
	json_object_set_new(account, "name_id_format", json_string(identity->name_id_format));
	json_object_set_new(account, "in_response_to", json_string(identity->in_response_to));
	json_object_set_new(account, "attributes", attributes_json(identity));
}

static const struct ticket *make_ticket(struct door *door, const struct door_identity *identity)
{
	struct ticket *ticket = &door->tickets[door->next_ticket++ % TICKETS_MAX];

	memset(ticket, 0, sizeof *ticket);
	peer_random_id(ticket->value);
	snprintf(ticket->mail, sizeof ticket->mail, "%s", identity->name_id);
	snprintf(ticket->name, sizeof ticket->name, "%s %s", door_attribute(identity, "/claims/givenname"),
		door_attribute(identity, "/claims/surname"));
	snprintf(ticket->groups, sizeof ticket->groups, "%s", door_attribute(identity, "groups"));
	return ticket;
}

static void refuse(struct door *door, struct evhttp_request *req, const char *problem)
{
	struct evbuffer *page = peer_page("We couldn’t log you in", door->kind, door->brand);

	peer_add(page, "<p class=\"card\">The answer of your identity provider was not accepted: {problem}.</p>"
		"<p><a class=\"button\" href=\"/login\">Try again</a></p>\n", "problem", problem, NULL);
	peer_send_page(req, 403, page);
}

/* Where on the site: what was asked, or for an unsolicited Response the RelayState if it is an address of the site. */
static const char *landing(const struct door *door, const struct pending *pending, const char *relay_state)
{
	size_t n = strlen(door->site_url);

	if (pending)
		return pending->path;
	if (relay_state && strncmp(relay_state, door->site_url, n) == 0 && is_site_path(relay_state + n))
		return relay_state + n;
	return "/";
}

static void consume(struct door *door, struct evhttp_request *req)
{
	struct evkeyvalq form;
	struct pending pending;
	struct door_identity *identity = calloc(1, sizeof *identity);
	char problem[256], *url, *path;
	const char *response, *relay_state;
	bool asked;

	peer_form(req, &form);
	use_screen(door);
	response = evhttp_find_header(&form, "SAMLResponse");
	relay_state = evhttp_find_header(&form, "RelayState");
	asked = take_pending(door, req, relay_state, &pending);
	if (!identity || !response) {
		refuse(door, req, "there is no SAMLResponse");
	} else if (!door_response_read(door->sp, response, asked ? pending.request_id : NULL, identity, problem, sizeof problem)) {
		refuse(door, req, problem);
	} else {
		keep_account(door, identity);
		path = g_uri_escape_string(landing(door, asked ? &pending : NULL, relay_state), NULL, FALSE);
		url = g_strdup_printf("%s/welcome?ticket=%s&path=%s", door->site_url, make_ticket(door, identity)->value, path);
		peer_redirect(req, url);
		g_free(url);
		g_free(path);
	}
	free(identity);
	evhttp_clear_headers(&form);
}

/* ---- site ---- */

static struct ticket *ticket_of(struct door *door, const char *value, bool used)
{
	for (size_t i = 0; value && *value && i < TICKETS_MAX; i++) {
		if (door->tickets[i].used == used && strcmp(door->tickets[i].value, value) == 0)
			return &door->tickets[i];
	}
	return NULL;
}

static void welcome(struct door *door, struct evhttp_request *req)
{
	struct evkeyvalq form;
	struct ticket *ticket;
	const char *path;
	char *url;

	peer_form(req, &form);
	path = evhttp_find_header(&form, "path");
	ticket = ticket_of(door, evhttp_find_header(&form, "ticket"), false);
	if (ticket) {
		/* The address bar showed the ticket; the session gets a value that nobody saw. */
		ticket->used = true;
		peer_random_id(ticket->value);
		peer_set_cookie(req, SITE_COOKIE, ticket->value, "SameSite=Lax");
	}
	url = g_strdup(is_site_path(path) ? path : "/");
	peer_redirect(req, url);
	g_free(url);
	evhttp_clear_headers(&form);
}

static void site_page(struct door *door, struct evhttp_request *req)
{
	char session[PEER_ID_SIZE] = "";
	struct ticket *ticket = peer_cookie(req, SITE_COOKIE, session, sizeof session) ? ticket_of(door, session, true) : NULL;
	const char *what = is_managed(door) ? "an Atlassian account of the organisation" : "a portal-only customer of this help centre";
	struct evbuffer *page;
	char *path;

	if (ticket) {
		page = peer_page(is_managed(door) ? "Your work" : "Help centre", door->kind, door->brand);
		peer_add(page, "<div class=\"card\"><dl><dt>Signed on as</dt><dd><b>{name}</b></dd><dt>Mail</dt><dd>{mail}</dd>"
			"<dt>As</dt><dd>{what}</dd><dt>Groups</dt><dd>{groups}</dd><dt>Page</dt><dd>{path}</dd></dl></div>\n"
			"<form method=\"post\" action=\"/logout\"><button class=\"button\">Log out</button></form>\n",
			"name", ticket->name, "mail", ticket->mail, "what", what, "groups", *ticket->groups ? ticket->groups : "none sent",
			"path", peer_path(req), NULL);
	} else {
		page = peer_page(is_managed(door) ? "Log in to continue" : "Welcome to the help centre", door->kind, door->brand);
		path = g_uri_escape_string(peer_path(req), NULL, FALSE);
		peer_add(page, "<div class=\"card\"><p>Nobody is logged in here. Whoever gets through this door becomes {what}.</p>"
			"<p><a class=\"button\" href=\"http://{login}/login?path={path}\">Log in</a></p></div>\n",
			"what", what, "login", door->login_host, "path", path, NULL);
		g_free(path);
	}
	peer_send_page(req, 200, page);
}

/* ---- both ---- */

static void send_accounts(struct door *door, struct evhttp_request *req)
{
	char *text = json_dumps(door->accounts, JSON_INDENT(2) | JSON_SORT_KEYS);

	peer_send(req, 200, "application/json", text, strlen(text));
	free(text);
}

static void handle_login_host(struct door *door, struct evhttp_request *req, const char *path)
{
	/* The ACS is known by its path and query; a login host serves many connections in real life. */
	if (peer_is_post(req) && strcmp(evhttp_request_get_uri(req), door->acs_path) == 0)
		consume(door, req);
	else if (strcmp(path, "/login") == 0 && !peer_is_post(req))
		begin(door, req);
	else
		refuse(door, req, "there is nothing at this address of the log-in host");
}

static void handle(struct evhttp_request *req, void *context)
{
	struct door *door = context;
	const char *path = peer_path(req);

	if (strcmp(path, "/accounts") == 0)
		send_accounts(door, req);
	else if (peer_host_is(req, door->login_host))
		handle_login_host(door, req, path);
	else if (!peer_host_is(req, door->site_host))
		peer_send(req, 400, "text/plain", "not a name of this door\n", 24);
	else if (strcmp(path, "/welcome") == 0)
		welcome(door, req);
	else if (strcmp(path, "/logout") == 0 && peer_is_post(req)) {
		peer_set_cookie(req, SITE_COOKIE, "", "Max-Age=0");
		peer_redirect(req, "/");
	} else
		site_page(door, req);
}

/* ---- start ---- */

static void set_up(struct door *door, const char *const *given)
{
	door->given = given;
	door->kind = given[OPTION_KIND];
	door->login_host = given[OPTION_LOGIN_HOST];
	door->site_host = given[OPTION_SITE_HOST];
	door->acs_path = g_strdup(given[OPTION_ACS_PATH]);
	door->site_url = g_strdup_printf("http://%s", door->site_host);
	door->brand = g_strdup_printf("Demo Atlassian, %s", is_managed(door) ? "the organisation" : "a help centre");
	door->accounts = json_object();
	use_screen(door);
}

int main(int argc, char **argv)
{
	const char *given[OPTION_COUNT] = {0};
	static struct door door;
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == '?')
			return 2;
		given[option] = optarg;
	}
	for (int i = 1; i < OPTION_COUNT; i++) {
		if (!given[i])
			peer_die("--%s is missing", options[i - 1].name);
	}
	lasso_init();
	set_up(&door, given);
	peer_serve(given[OPTION_LISTEN], handle, &door);
	door_sp_free(door.sp);
	json_decref(door.accounts);
	g_free(door.brand);
	g_free(door.acs_path);
	g_free(door.site_url);
	lasso_shutdown();
	return 0;
}
