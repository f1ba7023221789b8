/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the identity provider tells about signing out, at /saml/sp/slo.
 *
 * Its LogoutResponse counts where this browser's cookie remembers the id of
 * the request that it answers: 128 random bits, so it needs no signature to
 * belong to it.
 *
 * Its LogoutRequests come to every application, ours among them, also when the
 * logout began here; Entra ID loads them in hidden frames.  What such a
 * request can do is end an entry of the browser's own cookie, and then that
 * browser cannot ask the provider to log out any more.  A hostile page must
 * not reach that by an image, so the entry that is ended must be the one that
 * is meant: by its SessionIndex, which nobody can guess, or, where the message
 * is signed, by its NameID (compared without Format: Entra ID leaves it out).
 * It must also be older than the request, or younger by no more than the skew
 * that is allowed between the two clocks, so one that comes again later harms
 * no later sign-on.  Where none is meant (Entra ID may send a pairwise NameID that
 * no sign-on showed), the cookie stays, and with it the button of /logout.
 */
#include "gateway/logout.h"

#include "base/random.h"
#include "gateway/pages.h"

/* ---- from whom ---- */

static int find_provider(struct logout *l, const char *issuer, struct error *err)
{
	const struct settings *settings = l->s.gateway->settings;
	const char *why, *name = NULL;

	/* Two applications of one tenant may go by the same alias: who has the very name is the one. */
	for (size_t i = 0; i < settings->provider_count; i++) {
		const struct saml_provider *p = providers_get(l->s.gateway->providers, settings->providers[i].name, &why);

		if (!p || !saml_logout_is_from(p, issuer))
			continue;
		if (!name || strcmp(saml_provider_info(p)->entity_id, issuer) == 0)
			name = settings->providers[i].name;
	}
	if (name)
		return logout_resolve(l, name, err);
	return error_set(err, REASON_LOGOUT_UNKNOWN_ISSUER, "no identity provider has the entity ID %s", issuer);
}

static int judge_message(struct logout *l, struct saml_logout *m, struct error *err)
{
	const struct settings_provider *p = l->s.provider_settings;
	const struct saml_logout_expect expect = {
		.provider = l->s.provider, .slo_url = l->s.gateway->settings->slo_url,
		.signed_only = p->logout_signed != LOGOUT_SIGNED_ANY, .now = l->s.now, .skew = p->skew,
	};

	return saml_logout_judge(l->s.arena, &expect, l->s.x->query, m, err);
}

/* ---- its answer to us ---- */

static struct logout_session *asked(struct logout *l, const char *request_id)
{
	for (size_t i = 0; i < l->cookie.count; i++) {
		const char *id = l->cookie.sessions[i].request_id;

		if (id && strcmp(id, request_id) == 0)
			return &l->cookie.sessions[i];
	}
	return NULL;
}

static int take_response(struct logout *l, struct saml_logout *m, struct error *err)
{
	struct logout_session *session = asked(l, m->in_response_to);

	if (!session)
		return error_set(err, REASON_LOGOUT_NOT_ASKED, "this browser asked for nothing under the id %s", m->in_response_to);
	if (logout_resolve(l, session->provider, err) < 0 || judge_message(l, m, err) < 0)
		return -1;
	if (m->fault) {
		l->s.audit.reason = reason_word(REASON_STATUS_NOT_SUCCESS);
		logout_record(l, arena_printf(l->s.arena, "the identity provider refused: %s", m->fault), session);
		logout_show(l, LOGOUT_REFUSED);
		return 0;
	}
	session->state = LOGOUT_ENDED;
	session->since = l->s.now;
	logout_record(l, "the identity provider has ended its session", session);
	logout_set_cookie(l);
	/* a page that can be loaded again, at an address without the message */
	l->s.x->status = 303;
	l->s.x->location = arena_printf(l->s.arena, "%s/logout", l->s.gateway->settings->public_url);
	return 0;
}

/* ---- its request to us ---- */

static bool is_meant_by_index(const struct saml_logout *m, const struct logout_session *session)
{
	for (size_t i = 0; i < m->session_index_count; i++) {
		if (strcmp(m->session_indexes[i], session->session_index) == 0)
			return true;
	}
	return false;
}

static bool is_meant_by_name(const struct saml_logout *m, const struct logout_session *session)
{
	return m->is_signed && m->name_id && strcmp(m->name_id, session->name_id) == 0;
}

/* The first entry that one of the two tests finds; NULL: none. */
static struct logout_session *meant(struct logout *l, const struct saml_logout *m)
{
	bool (*const tests[])(const struct saml_logout *, const struct logout_session *) = {is_meant_by_index, is_meant_by_name};
	int64_t skew = saml_skew(l->s.provider_settings->skew);

	for (size_t t = 0; t < sizeof(tests) / sizeof(*tests); t++) {
		for (size_t i = 0; i < l->cookie.count; i++) {
			struct logout_session *session = &l->cookie.sessions[i];

			if (session->state == LOGOUT_LIVE && strcmp(session->provider, l->s.provider_settings->name) == 0 &&
				session->since <= m->issue_instant + skew && tests[t](m, session))
				return session;
		}
	}
	return NULL;
}

static bool wants_page(const struct logout *l)
{
	const struct saml_provider_info *info = saml_provider_info(l->s.provider);
	enum logout_answer wanted = l->s.provider_settings->logout_answer;

	if (!info->slo_answer_url)
		return true;
	return wanted == LOGOUT_ANSWER_PAGE || (wanted == LOGOUT_ANSWER_AUTO && saml_is_entra(info->entity_id));
}

/*
 * Entra ID refuses a LogoutResponse to its own broadcast, and counts status 200.
 *
 * Only the answer to a verified request is signed.  Of an unsigned one anybody
 * may have chosen the id and the relay state that come back: an answer without
 * our name under it is no more than he could have written himself.
 */
static int answer(struct logout *l, const struct saml_logout *m, const struct logout_session *session, struct error *err)
{
	char id[RANDOM_ID_SIZE];
	const struct saml_logout_answer response = {
		.id = id, .entity_id = l->s.gateway->settings->sp_entity_id, .in_response_to = m->id, .relay_state = m->relay_state,
		.partial = session && session->door_count > 0,
		.key = m->is_signed ? logout_signing_key(l) : NULL, .now = l->s.now,
	};
	struct http_exchange *x = l->s.x;

	random_id(id);
	if (!wants_page(l)) {
		if (saml_logout_response_write(l->s.arena, l->s.provider, &response, &x->location, err) < 0)
			return -1;
		x->status = 302;
	} else if (x->fetch_dest && strcmp(x->fetch_dest, "document") == 0) {
		x->status = 303;
		x->location = arena_printf(l->s.arena, "%s/logout", l->s.gateway->settings->public_url);
	} else {
		page_logout_done(x);
	}
	return 0;
}

static int take_request(struct logout *l, struct saml_logout *m, struct error *err)
{
	struct logout_session *session;

	if (find_provider(l, m->issuer, err) < 0 || judge_message(l, m, err) < 0)
		return -1;
	session = meant(l, m);
	if (answer(l, m, session, err) < 0)
		return -1;
	if (session) {
		session->state = LOGOUT_ENDED;
		session->since = l->s.now;
		logout_record(l, "the identity provider asked", session);
		logout_set_cookie(l);
	}
	return 0;
}

void logout_notice(struct http_exchange *x, void *gateway)
{
	struct logout l;
	struct saml_logout m;
	struct error err;
	int rc;

	logout_begin(&l, x, gateway);
	rc = saml_logout_read(x->arena, x->query, &m, &err);
	if (rc == 0)
		rc = m.kind == SAML_LOGOUT_RESPONSE ? take_response(&l, &m, &err) : take_request(&l, &m, &err);
	if (rc < 0)
		logout_refuse(&l, &err);
}

/*
 * Toward the connections there is no single logout: Atlassian offers it with
 * one other product only, and no session of ours would end by it.
 */
void logout_not_offered(struct http_exchange *x, void *gateway)
{
	struct logout l;
	struct error err;

	logout_begin(&l, x, gateway);
	error_set(&err, REASON_LOGOUT_NOT_OFFERED, "a LogoutRequest at the identity provider's side");
	logout_refuse(&l, &err);
}
