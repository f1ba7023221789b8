/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The SAML of a demo door: a service provider on lasso that asks as Atlassian
 * does (no NameIDPolicy, no RequestedAuthnContext, unsigned, by redirect) and
 * reads the Response as its measured code does: signature, one assertion, one
 * audience, Destination and Recipient exactly the ACS with its query.
 */
#ifndef TESTS_DEMO_DOOR_SAML_H
#define TESTS_DEMO_DOOR_SAML_H

#include <stdbool.h>
#include <stddef.h>

#define DOOR_ATTRIBUTES_MAX 32
#define DOOR_VALUE_MAX 512

struct door_sp;

struct door_options {
	const char *entity_id, *acs_url;        /* this door's own */
	const char *idp_entity_id, *idp_sso_url, *idp_certificate_pem;  /* pasted from the identity provider's screen */
};

struct door_sp *door_sp_new(const struct door_options *options);
void door_sp_free(struct door_sp *sp);

/* The address to send the browser to; id_out gets the request's ID.  Caller frees. */
char *door_request_write(struct door_sp *sp, const char *relay_state, char *id_out, size_t id_size);

struct door_attribute {
	char name[DOOR_VALUE_MAX];
	char values[DOOR_VALUE_MAX];    /* several: joined by a line break */
};

struct door_identity {
	char name_id[DOOR_VALUE_MAX], name_id_format[DOOR_VALUE_MAX], in_response_to[DOOR_VALUE_MAX];
	struct door_attribute attributes[DOOR_ATTRIBUTES_MAX];
	size_t attribute_count;
};

/* response: base64, as posted.  request_id NULL: nothing was asked, so InResponseTo must be missing. */
bool door_response_read(struct door_sp *sp, const char *response, const char *request_id, struct door_identity *out,
	char *problem, size_t problem_size);
/* "" when there is none. */
const char *door_attribute(const struct door_identity *identity, const char *name_end);

#endif
