/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What signing out needs, remembered by the browser: a sealed cookie.
 *
 * It is no session: nothing but /logout and the identity provider's logout
 * messages look at it, and all that they do with it is to end something.  It
 * is sealed by a key of its own, so that it never opens as a pending sign-on,
 * nor a pending sign-on as it.  One cookie, `__Host-logout`, holds what this
 * browser's sign-ons had: for each identity provider and NameID the newest
 * SessionIndex and the doors that were opened, at most LOGOUT_SESSIONS_MAX of
 * them, the newest first.  Two tabs that end at once may lose a door of one.
 *
 * What has ended stays as a mark for LOGOUT_MARK_SECONDS, so that the page
 * which says so can be loaded again.
 */
#ifndef GATEWAY_LOGOUT_COOKIE_H
#define GATEWAY_LOGOUT_COOKIE_H

#include "base/seal.h"
#include "http/http.h"

#define LOGOUT_SESSIONS_MAX 4
#define LOGOUT_DOORS_MAX 8
#define LOGOUT_MARK_SECONDS 600
#define LOGOUT_TOKEN_SIZE 33

enum logout_state { LOGOUT_LIVE = 1, LOGOUT_ENDED };

struct logout_session {
	enum logout_state state;
	int64_t since;                  /* its newest sign-on; or when it ended */
	const char *provider;           /* name in the settings */
	const char *name_id, *name_id_format, *name_qualifier, *sp_name_qualifier;
	const char *session_index;
	const char *request_id;         /* of our newest LogoutRequest; NULL: none */
	const char *doors[LOGOUT_DOORS_MAX];
	size_t door_count;
};

struct logout_cookie {
	char token[LOGOUT_TOKEN_SIZE];  /* that a form of /logout must bring: no other site can read it; "" while there is no cookie */
	struct logout_session sessions[LOGOUT_SESSIONS_MAX];
	size_t count;
};

/* What still holds of it; a cookie that is not there, does not open or is there twice counts as empty. */
void logout_cookie_read(struct http_exchange *x, const struct seal_key *key, int64_t now, int64_t seconds,
	struct logout_cookie *out);

/* A sign-on that has just ended: takes the place of an older one of the same provider and NameID, whose doors it keeps. */
void logout_cookie_add(struct logout_cookie *c, const struct logout_session *session);

/* Sets it for `seconds`; the oldest sessions are left out where a cookie does not hold them.  Empty: deletes it. */
void logout_cookie_set(struct http_exchange *x, const struct seal_key *key, struct logout_cookie *c, int64_t seconds);

#endif
