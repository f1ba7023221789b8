/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * demo-entra: a stand-in for Entra ID, with a page that lists whom to sign in as.
 *
 * GET  /                         who is signed in here, and a way out
 * GET  /TENANT/saml2             a sign-on request: silent where somebody is signed in, else the list; or a LogoutRequest
 * POST /login                    somebody was picked from the list
 * POST /signout                  tells every application in hidden frames
 * GET  /TENANT/federationmetadata/2007-06/federationmetadata.xml, /metadata
 */
#include "tests/demo/entra_logout.h"
#include "tests/demo/peer.h"
#include "tests/demo/peer_saml.h"

#include <getopt.h>
#include <jansson.h>
#include <lasso/lasso.h>

#define SESSIONS_MAX 256
#define COOKIE "DEMOENTRA"
#define BRAND "Demo Entra ID"

struct session_slot {
	char token[PEER_ID_SIZE];
	struct entra_session session;
};

struct entra {
	const char *host, *tenant;
	char *sso_path, *metadata;
	struct entra_idp *idp;
	json_t *document;               /* owns the people's strings */
	struct entra_person *people;
	size_t people_count;
	struct session_slot sessions[SESSIONS_MAX];     /* the oldest is overwritten */
	size_t next_session;
};

/* ---- sessions ---- */

static struct entra_session *session_of(struct entra *entra, struct evhttp_request *req)
{
	char token[PEER_ID_SIZE];

	if (!peer_cookie(req, COOKIE, token, sizeof token) || !*token)
		return NULL;
	for (size_t i = 0; i < SESSIONS_MAX; i++) {
		if (strcmp(entra->sessions[i].token, token) == 0)
			return &entra->sessions[i].session;
	}
	return NULL;
}

static struct entra_session *session_begin(struct entra *entra, struct evhttp_request *req, const struct entra_person *person, bool mfa)
{
	struct session_slot *slot = &entra->sessions[entra->next_session++ % SESSIONS_MAX];

	peer_random_id(slot->token);
	slot->session = (struct entra_session){.person = person, .mfa = mfa, .since = time(NULL)};
	peer_set_cookie(req, COOKIE, slot->token, "SameSite=Lax");
	return &slot->session;
}

/* Its cookie finds nothing any more; who holds the session may still read it. */
static void session_end(struct entra *entra, const struct entra_session *session)
{
	for (size_t i = 0; i < SESSIONS_MAX; i++) {
		if (&entra->sessions[i].session == session)
			entra->sessions[i].token[0] = '\0';
	}
}

static const struct entra_person *person_by_id(const struct entra *entra, const char *id)
{
	for (size_t i = 0; id && i < entra->people_count; i++) {
		if (strcmp(entra->people[i].id, id) == 0)
			return &entra->people[i];
	}
	return NULL;
}

/* ---- pages ---- */

static void send_problem(struct evhttp_request *req, const char *problem)
{
	struct evbuffer *page = peer_page("Sorry, but we’re having trouble signing you in.", "entra", BRAND);

	peer_add(page, "<p class=\"card\">{problem}</p>\n", "problem", problem, NULL);
	peer_send_page(req, 400, page);
}

static void send_form(struct evhttp_request *req, const struct entra_form *form)
{
	struct evbuffer *page = peer_page("Working…", "entra", BRAND);

	peer_add(page, "<form method=\"post\" action=\"{action}\"><input type=\"hidden\" name=\"SAMLResponse\" value=\"{response}\">",
		"action", form->action, "response", form->response, NULL);
	if (form->relay_state)
		peer_add(page, "<input type=\"hidden\" name=\"RelayState\" value=\"{state}\">", "state", form->relay_state, NULL);
	peer_add(page, "<p><button class=\"button\">Continue</button></p></form>"
		"<script>document.forms[0].submit();</script>\n", NULL);
	peer_send_page(req, 200, page);
}

static void add_person(struct evbuffer *page, const struct entra_person *person)
{
	peer_add(page, "<li><button class=\"person\" name=\"person\" value=\"{id}\"><b>{name}</b><span>{upn}</span>",
		"id", person->id, "name", person->name, "upn", person->upn, NULL);
	if (*person->hint)
		peer_add(page, "<em>{hint}</em>", "hint", person->hint, NULL);
	peer_add(page, "</button></li>\n", NULL);
}

static void send_people(struct entra *entra, struct evhttp_request *req, const char *query, const char *issuer)
{
	struct evbuffer *page = peer_page("Pick an account", "entra", BRAND);
	const char *department = "";

	peer_add(page, "<p class=\"soft\">to continue to {issuer}</p><form method=\"post\" action=\"/login\">"
		"<input type=\"hidden\" name=\"query\" value=\"{query}\">"
		"<p class=\"card\"><label><input type=\"checkbox\" name=\"mfa\" value=\"yes\" checked> "
		"with a second factor (the demo’s rules want one from agents)</label></p>\n"
		"<h2>People to begin with</h2>\n<ul class=\"grid story\">\n", "issuer", issuer, "query", query, NULL);
	for (size_t i = 0; i < entra->people_count; i++) {
		if (*entra->people[i].hint)
			add_person(page, &entra->people[i]);
	}
	for (size_t i = 0; i < entra->people_count; i++) {
		if (*entra->people[i].hint)
			continue;
		if (strcmp(department, entra->people[i].department) != 0) {
			department = entra->people[i].department;
			peer_add(page, "</ul>\n<h2>{department}</h2>\n<ul class=\"grid\">\n", "department", department, NULL);
		}
		add_person(page, &entra->people[i]);
	}
	peer_add(page, "</ul></form>\n", NULL);
	peer_send_page(req, 200, page);
}

static void send_start(struct entra *entra, struct evhttp_request *req)
{
	const struct entra_session *session = session_of(entra, req);
	struct evbuffer *page = peer_page(session ? "You are signed in" : "Nobody is signed in", "entra", BRAND);

	if (session)
		peer_add(page, "<form class=\"card\" method=\"post\" action=\"/signout\"><p>as <b>{name}</b> ({upn}), {mfa}. "
			"Sign-ons go through silently until you sign out.</p><button class=\"button\">Sign out</button></form>\n",
			"name", session->person->name, "upn", session->person->upn,
			"mfa", session->mfa ? "with a second factor" : "without a second factor", NULL);
	else
		peer_add(page, "<p class=\"card\">Open one of the demo’s doors and log in there: you will be sent here and can "
			"pick who you are.</p>\n", NULL);
	peer_send_page(req, 200, page);
}

static bool is_told_later(const struct entra_session *session, size_t i)
{
	for (size_t later = i + 1; later < session->seat_count && later < ENTRA_SEATS_MAX; later++) {
		if (strcmp(session->seats[later].application, session->seats[i].application) == 0)
			return true;
	}
	return false;
}

/* Each application that the session was used for loads a LogoutRequest, once. */
static void send_signed_out(struct entra *entra, struct evhttp_request *req, const struct entra_session *session)
{
	struct evbuffer *page = peer_page("You signed out of your account", "entra", BRAND);

	peer_add(page, "<p class=\"card\">It’s a good idea to close all browser windows.</p>\n", NULL);
	for (size_t i = 0; session && i < session->seat_count && i < ENTRA_SEATS_MAX; i++) {
		char *url = is_told_later(session, i) ? NULL : entra_logout_notice(entra->idp, session, &session->seats[i]);

		if (url)
			peer_add(page, "<iframe hidden src=\"{url}\"></iframe>\n", "url", url, NULL);
		g_free(url);
	}
	peer_send_page(req, 200, page);
}

/* ---- what a browser asks ---- */

static void answer(struct entra *entra, struct evhttp_request *req, struct entra_request *request, struct entra_session *session)
{
	struct entra_form form;

	if (entra_response_write(entra->idp, request, session, &form))
		send_form(req, &form);
	else
		send_problem(req, "The Response could not be written.");
}

static void sign_on(struct entra *entra, struct evhttp_request *req)
{
	struct entra_session *session = session_of(entra, req);
	struct entra_request request;
	const char *problem;

	if (!entra_request_read(entra->idp, peer_query(req), &request, &problem))
		send_problem(req, problem);
	else if ((session && !request.force_authn) || request.is_passive)
		answer(entra, req, &request, session);
	else
		send_people(entra, req, peer_query(req), request.issuer);
	entra_request_end(&request);
}

static void login(struct entra *entra, struct evhttp_request *req)
{
	struct evkeyvalq form;
	struct entra_request request = {0};
	const struct entra_person *person;
	const char *query, *problem = "Nobody was picked.";

	peer_form(req, &form);
	person = person_by_id(entra, evhttp_find_header(&form, "person"));
	query = evhttp_find_header(&form, "query");
	if (!person || !query || !entra_request_read(entra->idp, query, &request, &problem))
		send_problem(req, problem);
	else
		answer(entra, req, &request, session_begin(entra, req, person, evhttp_find_header(&form, "mfa") != NULL));
	entra_request_end(&request);
	evhttp_clear_headers(&form);
}

static void sign_out(struct entra *entra, struct evhttp_request *req)
{
	const struct entra_session *session = session_of(entra, req);

	session_end(entra, session);
	peer_set_cookie(req, COOKIE, "", "Max-Age=0");
	send_signed_out(entra, req, session);
}

/* Where nobody is signed in there is nothing left to end: that is a success. */
static void sign_out_for_application(struct entra *entra, struct evhttp_request *req)
{
	const struct entra_session *session = session_of(entra, req);
	struct entra_logout logout;
	const char *problem;
	bool good;
	char *url;

	if (!entra_logout_read(entra->idp, peer_query(req), &logout, &problem)) {
		send_problem(req, problem);
		entra_logout_end(&logout);
		return;
	}
	good = !session || entra_logout_means(&logout, session);
	if (good)
		session_end(entra, session);
	url = entra_logout_answer(entra->idp, &logout, good);
	if (url)
		peer_redirect(req, url);
	else if (good)
		send_signed_out(entra, req, NULL);
	else
		send_problem(req, "The session to sign out of was not found.");
	g_free(url);
	entra_logout_end(&logout);
}

static void handle(struct evhttp_request *req, void *context)
{
	struct entra *entra = context;
	const char *path = peer_path(req);

	/* Servers fetch the metadata by address, since libc does not know *.localhost. */
	if (strcmp(path, "/metadata") == 0 || strstr(path, "/federationmetadata.xml"))
		peer_send(req, 200, "application/samlmetadata+xml", entra->metadata, strlen(entra->metadata));
	else if (!peer_host_is(req, entra->host))
		send_problem(req, "This address is not this service's.");
	else if (strcmp(path, entra->sso_path) == 0 && !peer_is_post(req) && entra_logout_is_asked(peer_query(req)))
		sign_out_for_application(entra, req);
	else if (strcmp(path, entra->sso_path) == 0 && !peer_is_post(req))
		sign_on(entra, req);
	else if (strcmp(path, "/login") == 0 && peer_is_post(req))
		login(entra, req);
	else if (strcmp(path, "/signout") == 0 && peer_is_post(req))
		sign_out(entra, req);
	else if (strcmp(path, "/") == 0)
		send_start(entra, req);
	else
		peer_send(req, 404, "text/plain", "not found\n", 10);
}

/* ---- start ---- */

static const char *field(json_t *person, const char *name)
{
	const char *value = json_string_value(json_object_get(person, name));

	return value ? value : "";
}

static void read_people(struct entra *entra, const char *path)
{
	json_error_t error;
	json_t *person;
	size_t i;

	entra->document = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
	if (!json_is_array(entra->document))
		peer_die("%s:%d: %s", path, error.line, error.text);
	entra->people_count = json_array_size(entra->document);
	entra->people = calloc(entra->people_count + 1, sizeof *entra->people);
	json_array_foreach(entra->document, i, person) {
		entra->people[i] = (struct entra_person){.id = field(person, "id"), .upn = field(person, "upn"),
			.mail = field(person, "mail"), .name = field(person, "name"), .given = field(person, "given"),
			.surname = field(person, "surname"), .department = field(person, "department"), .hint = field(person, "hint")};
	}
}

enum { OPTION_LISTEN = 1, OPTION_HOST, OPTION_TENANT, OPTION_PEOPLE, OPTION_KEY, OPTION_CERTIFICATE, OPTION_APPLICATION, OPTION_SIGN,
	OPTION_ENCRYPT_FOR, OPTION_COUNT };

static void set_up(struct entra *entra, const char *const given[OPTION_COUNT])
{
	char *key = peer_read_file(given[OPTION_KEY]), *pem = peer_read_file(given[OPTION_CERTIFICATE]);
	char *encrypt_for = given[OPTION_ENCRYPT_FOR] ? peer_read_file(given[OPTION_ENCRYPT_FOR]) : NULL;
	char *certificate = peer_certificate_body(pem);
	char *sso_url = g_strdup_printf("http://%s/%s/saml2", entra->host, entra->tenant);
	char *issuer = g_strdup_printf("https://sts.windows.net/%s/", entra->tenant);

	entra->sso_path = g_strdup_printf("/%s/saml2", entra->tenant);
	entra->metadata = peer_entra_metadata(issuer, sso_url, certificate);
	entra->idp = entra_idp_new(&(struct entra_options){.tenant = entra->tenant, .sso_url = sso_url, .key_pem = key,
		.certificate_pem = pem, .sign = given[OPTION_SIGN], .encrypt_for_pem = encrypt_for});
	g_free(issuer);
	g_free(sso_url);
	free(certificate);
	free(encrypt_for);
	free(pem);
	free(key);
}

static const struct option options[] = {
	{"listen", required_argument, NULL, OPTION_LISTEN},             /* 127.0.0.1:8461 */
	{"host", required_argument, NULL, OPTION_HOST},                 /* entra.localhost:8461 */
	{"tenant", required_argument, NULL, OPTION_TENANT},
	{"people", required_argument, NULL, OPTION_PEOPLE},             /* JSON: what tests/demo/company.py writes */
	{"key", required_argument, NULL, OPTION_KEY},
	{"certificate", required_argument, NULL, OPTION_CERTIFICATE},
	{"application", required_argument, NULL, OPTION_APPLICATION},   /* "ENTITY-ID ACS[,ACS...] [LOGOUT-URL]", once for each */
	{"sign", required_argument, NULL, OPTION_SIGN},                 /* assertion (unless given), response or both */
	{"encrypt-for", required_argument, NULL, OPTION_ENCRYPT_FOR},   /* certificate (PEM) of who opens assertions; without it none is encrypted */
	{0},
};

int main(int argc, char **argv)
{
	const char *given[OPTION_COUNT] = {[OPTION_SIGN] = "assertion"}, *applications[8];
	size_t application_count = 0;
	struct entra entra = {0};
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == '?')
			return 2;
		given[option] = optarg;
		if (option == OPTION_APPLICATION && application_count < 8)
			applications[application_count++] = optarg;
	}
	for (int i = 1; i < OPTION_COUNT; i++) {
		if (!given[i] && i != OPTION_ENCRYPT_FOR)
			peer_die("--%s is missing", options[i - 1].name);
	}
	lasso_init();
	entra.host = given[OPTION_HOST];
	entra.tenant = given[OPTION_TENANT];
	read_people(&entra, given[OPTION_PEOPLE]);
	set_up(&entra, given);
	for (size_t i = 0; i < application_count; i++) {
		char **parts = g_strsplit(applications[i], " ", 3);

		if (!parts[0] || !parts[1])
			peer_die("--application wants \"ENTITY-ID ACS[,ACS...] [LOGOUT-URL]\"");
		entra_idp_add_application(entra.idp, parts[0], parts[1], parts[2]);
		g_strfreev(parts);
	}
	peer_serve(given[OPTION_LISTEN], handle, &entra);
	entra_idp_free(entra.idp);
	free(entra.metadata);
	g_free(entra.sso_path);
	free(entra.people);
	json_decref(entra.document);
	lasso_shutdown();
	return 0;
}
