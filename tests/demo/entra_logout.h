/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Single logout of the demo's Entra ID, both ways: an application's
 * LogoutRequest and the answer to it, and the LogoutRequests that go to every
 * application when somebody signs out here.  HTTP-Redirect only, as Entra.
 */
#ifndef TESTS_DEMO_ENTRA_LOGOUT_H
#define TESTS_DEMO_ENTRA_LOGOUT_H

#include "tests/demo/entra_saml.h"

struct entra_logout {
	void *logout;                   /* lasso's */
	const char *application;        /* the identifier of the one that asks */
};

/* Whether the query holds a LogoutRequest: they come to the same address as requests to sign on. */
bool entra_logout_is_asked(const char *query);
/* query: as the browser sent it, byte for byte.  false: problem_out says why, in Entra's way. */
bool entra_logout_read(struct entra_idp *idp, const char *query, struct entra_logout *out, const char **problem_out);
void entra_logout_end(struct entra_logout *logout);

/* Whether it means this session: by the NameID, and each SessionIndex must be one that this session gave that application. */
bool entra_logout_means(const struct entra_logout *logout, const struct entra_session *session);

/* Where the browser takes the LogoutResponse; NULL: that application has no Logout URL.  Caller frees with g_free. */
char *entra_logout_answer(struct entra_idp *idp, const struct entra_logout *logout, bool success);
/* Where a LogoutRequest is loaded that tells the application of this seat; NULL: it has no Logout URL.  Caller frees with g_free. */
char *entra_logout_notice(struct entra_idp *idp, const struct entra_session *session, const struct entra_seat *seat);

#endif
