/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The SAML of the demo's Entra ID: an identity provider on lasso whose
 * messages look like the real ones (claims, times, NameID, context).
 * Together with entra_logout.c all of that program that knows lasso or people's claims.
 */
#ifndef TESTS_DEMO_ENTRA_SAML_H
#define TESTS_DEMO_ENTRA_SAML_H

#include "tests/demo/peer.h"

#include <time.h>

struct entra_person {
	const char *id;                 /* object id */
	const char *upn, *mail, *name, *given, *surname;
	const char *department;
	const char *hint;               /* what this person shows in the demo; "" for most */
};

struct entra_idp;

struct entra_options {
	const char *tenant;
	const char *sso_url;
	const char *key_pem, *certificate_pem;
	const char *sign;               /* "assertion" (as Entra, unless told otherwise), "response", "both" */
	const char *encrypt_for_pem;    /* certificate that every application's assertions are encrypted for; NULL: none is */
};

struct entra_idp *entra_idp_new(const struct entra_options *options);
void entra_idp_free(struct entra_idp *idp);
/* An application's identifier, its reply addresses with a comma between, and its Logout URL (NULL: none). */
void entra_idp_add_application(struct entra_idp *idp, const char *entity_id, const char *acs_urls, const char *logout_url);

struct entra_request {
	void *login;                    /* lasso's */
	const char *issuer;
	char *reply_address;
	bool force_authn, is_passive;
};

/* query: as the browser sent it, byte for byte.  false: problem_out says why, in Entra's way. */
bool entra_request_read(struct entra_idp *idp, const char *query, struct entra_request *out, const char **problem_out);
void entra_request_end(struct entra_request *request);

#define ENTRA_SEATS_MAX 16

/* One application that a session has signed somebody on to. */
struct entra_seat {
	const char *application;        /* its identifier; the idp's */
	char index[PEER_ID_SIZE];       /* the SessionIndex of that assertion */
};

struct entra_session {
	const struct entra_person *person;
	bool mfa;
	time_t since;
	struct entra_seat seats[ENTRA_SEATS_MAX];       /* the oldest is overwritten */
	size_t seat_count;                              /* ever */
};

/* What the browser posts; strings live until entra_request_end. */
struct entra_form {
	const char *action, *response, *relay_state;    /* relay_state NULL: none came */
};

/* session NULL: a Response that says no (a passive request without a session). */
bool entra_response_write(struct entra_idp *idp, struct entra_request *request, struct entra_session *session,
	struct entra_form *out);

#endif
