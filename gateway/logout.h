/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One request about signing out, private to logout.c and logout_notice.c.
 *
 * What a sign-on leaves is in the browser's cookie (logout_cookie.h).  The
 * person's side is /logout: a page with a button, whose POST sends the browser
 * to the identity provider with our LogoutRequest.  The provider's side is
 * /saml/sp/slo: its LogoutResponse to that, and the LogoutRequests that it
 * sends to every application of a person who signs out anywhere.
 *
 * Sessions at Atlassian do not end by any of this: Atlassian Cloud takes no
 * LogoutRequest from us.  The page names them, and links to where they end.
 */
#ifndef GATEWAY_LOGOUT_H
#define GATEWAY_LOGOUT_H

#include "gateway/logout_cookie.h"
#include "gateway/sign_on.h"

struct logout {
	struct sign_on s;               /* id, time, audit, refusing; no sign-on */
	struct logout_cookie cookie;
};

void logout_begin(struct logout *l, struct http_exchange *x, const struct gateway *g);
void logout_refuse(struct logout *l, const struct error *err);

/* At the end of a sign-on: what signing out will need. */
void logout_remember(struct sign_on *s);

/* l->s.provider_settings and l->s.provider, by the name in the settings: NOT_READY. */
int logout_resolve(struct logout *l, const char *provider, struct error *err);
/* Signs what we send there, where the settings want that; else NULL. */
const struct saml_key *logout_signing_key(const struct logout *l);

void logout_set_cookie(struct logout *l);
/* One line with event `logout`: what happened, and the doors whose sessions live on. */
void logout_record(struct logout *l, const char *what, const struct logout_session *session);

/* Why the session at the identity provider has not ended: it said so, or it can be asked nowhere. */
enum logout_fault { LOGOUT_NO_FAULT, LOGOUT_REFUSED, LOGOUT_UNASKABLE };

/* The page for what the cookie holds. */
void logout_show(struct logout *l, enum logout_fault fault);

#endif
