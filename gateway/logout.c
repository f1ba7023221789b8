/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * /logout: what the person sees, and the button that ends the session at the
 * identity provider.
 *
 * A GET changes nothing: it may be an image of a hostile page, or a browser
 * that loads ahead.  The POST must bring the token that the sealed cookie
 * holds, which no other site can read; SameSite cannot help, since the cookie
 * has to come with the provider's cross-site messages.
 */
#include "gateway/logout.h"

#include "base/encode.h"
#include "base/log.h"
#include "base/random.h"
#include "base/text.h"
#include "gateway/pages.h"

/* ---- what both sides share ---- */

void logout_begin(struct logout *l, struct http_exchange *x, const struct gateway *g)
{
	*l = (struct logout){0};
	sign_on_begin(&l->s, x, g);
	logout_cookie_read(x, &g->logout_key, l->s.now, g->settings->logout_seconds, &l->cookie);
}

void logout_remember(struct sign_on *s)
{
	const struct settings *settings = s->gateway->settings;
	const struct saml_identity *identity = &s->identity;
	struct logout_session session = {
		.state = LOGOUT_LIVE, .since = s->now, .provider = s->provider_settings->name, .name_id = identity->name_id,
		.name_id_format = identity->name_id_format, .name_qualifier = identity->name_qualifier,
		.sp_name_qualifier = identity->sp_name_qualifier, .session_index = identity->session_index,
	};
	struct logout_cookie cookie;

	if (s->judgement.passage == PASSAGE_ASSERT)
		session.doors[session.door_count++] = s->judgement.door->name;
	logout_cookie_read(s->x, &s->gateway->logout_key, s->now, settings->logout_seconds, &cookie);
	logout_cookie_add(&cookie, &session);
	logout_cookie_set(s->x, &s->gateway->logout_key, &cookie, settings->logout_seconds);
}

void logout_refuse(struct logout *l, const struct error *err)
{
	sign_on_refuse(&l->s, err);
}

int logout_resolve(struct logout *l, const char *provider, struct error *err)
{
	const char *why = "the settings no longer know it";

	l->s.audit.provider = provider;
	l->s.provider_settings = settings_provider(l->s.gateway->settings, provider);
	l->s.provider = l->s.provider_settings ? providers_get(l->s.gateway->providers, provider, &why) : NULL;
	return l->s.provider ? 0 : error_set(err, REASON_NOT_READY, "no usable metadata of %s: %s", provider, why);
}

const struct saml_key *logout_signing_key(const struct logout *l)
{
	return l->s.provider_settings->sign_requests ? l->s.gateway->request_key : NULL;
}

void logout_set_cookie(struct logout *l)
{
	logout_cookie_set(l->s.x, &l->s.gateway->logout_key, &l->cookie, l->s.gateway->settings->logout_seconds);
}

static const char *doors_of(struct arena *a, const struct logout_session *session)
{
	struct text t;

	text_begin(&t, a, 64);
	for (size_t i = 0; session && i < session->door_count; i++)
		text_addf(&t, "%s%s", i ? ", " : "", session->doors[i]);
	return t.p;
}

void logout_record(struct logout *l, const char *what, const struct logout_session *session)
{
	struct sign_on *s = &l->s;
	const char *doors = doors_of(s->arena, session);
	struct error err;

	s->audit.event = "logout";
	s->audit.name_id = session ? session->name_id : NULL;
	s->audit.detail = *doors ? arena_printf(s->arena, "%s; not at an end: %s", what, doors) : what;
	if (sign_on_record(s, &err) < 0)
		log_error("logout not in the audit file", "id", s->id, "detail", err.detail, NULL);
	log_info("logout", "id", s->id, "provider", s->audit.provider, "what", what, NULL);
}

/* ---- the page ---- */

static void add_place(struct page_logout_place *places, size_t *n, const struct settings_connection *door)
{
	for (size_t i = 0; i < *n; i++) {
		if (strcmp(places[i].name, door->title) == 0 && strcmp(places[i].url, door->logout) == 0)
			return;
	}
	places[(*n)++] = (struct page_logout_place){door->title, door->logout};
}

/* The doors of all sessions, live or ended, that the settings still know. */
static size_t places_of(const struct logout *l, struct page_logout_place *places)
{
	size_t i, j, n = 0;

	for (i = 0; i < l->cookie.count; i++) {
		for (j = 0; j < l->cookie.sessions[i].door_count; j++) {
			const struct settings_connection *door = settings_connection(l->s.gateway->settings, l->cookie.sessions[i].doors[j]);

			if (door)
				add_place(places, &n, door);
		}
	}
	return n;
}

/* What the settings no longer know keeps its name. */
static const char *title_of(const struct logout *l, const char *provider)
{
	const struct settings_provider *p = settings_provider(l->s.gateway->settings, provider);

	return p ? p->title : provider;
}

/* Titles of the providers of those sessions that live. */
static size_t live_providers(const struct logout *l, const char **titles)
{
	size_t i, n = 0;

	for (i = 0; i < l->cookie.count; i++) {
		if (l->cookie.sessions[i].state == LOGOUT_LIVE)
			titles[n++] = title_of(l, l->cookie.sessions[i].provider);
	}
	return n;
}

void logout_show(struct logout *l, enum logout_fault fault)
{
	struct page_logout_place places[LOGOUT_SESSIONS_MAX * LOGOUT_DOORS_MAX];
	const char *providers[LOGOUT_SESSIONS_MAX + 1] = {NULL};
	size_t live = live_providers(l, providers);
	static const enum page_logout_state faults[] = {
		[LOGOUT_NO_FAULT] = PAGE_LOGOUT_ASK, [LOGOUT_REFUSED] = PAGE_LOGOUT_REFUSED, [LOGOUT_UNASKABLE] = PAGE_LOGOUT_UNASKABLE,
	};
	struct page_logout page = {.state = live ? faults[fault] : l->cookie.count ? PAGE_LOGOUT_DONE : PAGE_LOGOUT_NOBODY};

	page.places = places;
	page.place_count = places_of(l, places);
	page.providers = providers;
	page.token = live && fault != LOGOUT_UNASKABLE ? l->cookie.token : NULL;
	page_logout(l->s.x, &page);
}

/* ---- the button ---- */

/* The live session that the button names by its place among the live ones. */
static struct logout_session *chosen(struct logout *l, struct slice form)
{
	struct slice raw;
	uint64_t place = 0;

	if (form_find(form, "session", &raw) != 1 || number_read(raw, 0, LOGOUT_SESSIONS_MAX, &place) < 0)
		return NULL;
	for (size_t i = 0; i < l->cookie.count; i++) {
		if (l->cookie.sessions[i].state == LOGOUT_LIVE && place-- == 0)
			return &l->cookie.sessions[i];
	}
	return NULL;
}

static int ask(struct logout *l, struct logout_session *session, struct error *err)
{
	struct sign_on *s = &l->s;
	char id[RANDOM_ID_SIZE];
	const struct saml_logout_ask message = {
		.id = id, .entity_id = s->gateway->settings->sp_entity_id, .name_id = session->name_id,
		.name_id_format = session->name_id_format, .name_qualifier = session->name_qualifier,
		.sp_name_qualifier = session->sp_name_qualifier, .session_index = session->session_index,
		.key = logout_signing_key(l), .now = s->now,
	};
	const char *url;

	random_id(id);
	if (saml_logout_request_write(s->arena, s->provider, &message, &url, err) < 0)
		return -1;
	session->request_id = arena_strdup(s->arena, id);
	s->x->status = 303;
	s->x->location = url;
	logout_record(l, "the person asked, the identity provider is asked", session);
	return 0;
}

static int press(struct logout *l, struct error *err)
{
	struct slice form = l->s.x->body, token;
	struct logout_session *session;

	if (l->cookie.count == 0) {
		logout_show(l, LOGOUT_NO_FAULT);
		return 0;
	}
	if (form_find(form, "token", &token) != 1 || !slice_is(token, l->cookie.token))
		return error_set(err, REASON_LOGOUT_FORGED, "the form does not hold the token of this browser's cookie");
	session = chosen(l, form);
	if (!session) {
		logout_show(l, LOGOUT_NO_FAULT);
		return 0;
	}
	if (logout_resolve(l, session->provider, err) < 0)
		return -1;
	if (!saml_provider_info(l->s.provider)->slo_url) {
		logout_record(l, "the person asked, the identity provider offers no logout", session);
		logout_show(l, LOGOUT_UNASKABLE);
		return 0;
	}
	if (ask(l, session, err) < 0)
		return -1;
	logout_set_cookie(l);
	return 0;
}

void logout_page(struct http_exchange *x, void *gateway)
{
	struct logout l;
	struct error err;

	logout_begin(&l, x, gateway);
	if (x->method != HTTP_POST)
		logout_show(&l, LOGOUT_NO_FAULT);
	else if (sign_on_require_navigation(x, &err) < 0 || press(&l, &err) < 0)
		logout_refuse(&l, &err);
}
