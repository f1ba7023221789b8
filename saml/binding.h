/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * From the parameters that a browser brought to the bytes of a message (SAML
 * bindings 3.4.4.1 and 3.5.4).  For saml/ only.
 *
 * Parameters are taken from the raw query or form body, each at most once, so
 * that what is read is what a signature over the query covers.
 */
#ifndef SAML_BINDING_H
#define SAML_BINDING_H

#include "saml/saml.h"

/* Which parameter holds the message, how large it may be, and with which words it is refused. */
struct binding_message {
	const char *name;               /* "SAMLRequest" or "SAMLResponse" */
	size_t bytes;                   /* after inflating */
	enum reason missing, malformed, doubled, too_large;
};

/* relay_state_out: decoded, {NULL, 0}: there is none; REASON_RELAY_STATE_TOO_LONG. */
int binding_read(struct arena *a, const struct binding_message *m, enum saml_binding binding, struct slice parameters,
	struct slice *message_out, struct slice *relay_state_out, struct error *err);

/* Raw deflate of a message of ours, for HTTP-Redirect. */
struct slice binding_deflate(struct arena *a, struct slice in);

#endif
