/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The first request of a sign-on: Atlassian sends the browser here.
 *
 * Nothing is stored on this host.  What Atlassian asked goes into a sealed
 * cookie of the browser, and the browser goes on to the identity provider.
 */
#include "gateway/sign_on.h"

#include "base/log.h"
#include "gateway/settings/mail.h"

/* SAML core 3.4.1 and profiles 4.1.4.1: of a known connection, to us, answered only at that connection's own address. */
static int require_connection(struct sign_on *s, const struct saml_request *request, struct error *err)
{
	const struct settings *settings = s->gateway->settings;
	const char *own = arena_printf(s->arena, "%s/saml/idp/sso", settings->public_url);

	s->connection = settings_connection_by_entity(settings, request->issuer);
	if (!s->connection)
		return error_set(err, REASON_UNKNOWN_ISSUER, "no connection has the entity ID %s", request->issuer);
	s->audit.door = s->connection->name;
	if (request->has_acs_index)
		return error_set(err, REASON_ACS_INDEX, "%s asks for an ACS by index", s->connection->name);
	if (request->acs_url && strcmp(request->acs_url, s->connection->acs) != 0)
		return error_set(err, REASON_WRONG_ACS, "%s asks for an answer to %s", s->connection->name, request->acs_url);
	if (request->protocol_binding && strcmp(request->protocol_binding, "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST") != 0)
		return error_set(err, REASON_WRONG_BINDING, "%s asks for binding %s", s->connection->name, request->protocol_binding);
	if (request->destination && strcmp(request->destination, own) != 0)
		return error_set(err, REASON_REQUEST_WRONG_DESTINATION, "destination %s is not %s", request->destination, own);
	/* bindings 3.4.5.2 and 3.5.5.2: what is signed says to whom */
	if (request->is_signed && !request->destination)
		return error_set(err, REASON_REQUEST_WRONG_DESTINATION, "a signed request without a destination");
	return 0;
}

/* Sent back and forth between two doors: told on a page instead of turning for ever. */
static int require_no_loop(struct sign_on *s, struct error *err)
{
	unsigned n = pending_redirects(s->x, &s->gateway->pending_key, s->now);

	if (n < PENDING_LOOP_MOST)
		return 0;
	return error_set(err, REASON_LOOP, "%u redirects between doors within %d s", n, PENDING_LOOP_SECONDS);
}

static int start(struct sign_on *s, struct error *err)
{
	struct http_exchange *x = s->x;
	const struct saml_request_source from = {
		.binding = x->method == HTTP_POST ? SAML_POST : SAML_REDIRECT, .parameters = x->method == HTTP_POST ? x->body : x->query,
		.requesters = s->gateway->requesters, .requester_count = s->gateway->settings->connection_count, .now = s->now,
	};
	struct saml_request request;

	if (sign_on_require_navigation(x, err) < 0 ||
		saml_request_accept(s->arena, &from, &request, &s->pending.relay_state, err) < 0 ||
		require_connection(s, &request, err) < 0)
		return -1;
	s->pending.connection = s->connection->name;
	s->pending.request_id = request.id;
	s->pending.force_authn = request.force_authn;
	s->pending.is_passive = request.is_passive;
	s->hint = mail_hint(s->arena, slice_c(request.subject));
	s->asker = s->connection;       /* from here on it can be told why not */
	if (require_no_loop(s, err) < 0 || sign_on_choose(s, err) < 0)
		return -1;
	log_debug("sign-on started", "id", s->id, "door", s->connection->name, NULL);
	return 0;
}

void sign_on_start(struct http_exchange *x, void *gateway)
{
	struct sign_on s;
	struct error err;

	sign_on_begin(&s, x, gateway);
	if (start(&s, &err) < 0)
		sign_on_refuse(&s, &err);
}
