/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Whoever keeps our private keys, as a worker sees it.
 *
 * What is asked for is said by its values, never by bytes to be signed: who
 * keeps the keys writes each Response itself, from the settings and by its own
 * clock.  So a worker that was taken over gets no other issuer, audience,
 * address or lifetime than the settings have, and no id of its own choosing.
 * vault.h is the one that has the keys; keys_link.h asks the vault of another
 * process.
 */
#ifndef GATEWAY_KEEPER_H
#define GATEWAY_KEEPER_H

#include "saml/holder.h"

struct keeper_assertion {
	size_t door;                    /* the connection, by its place in the settings */
	const char *in_response_to;     /* NULL: unsolicited */
	const char *name_id;
	const char *authn_context;      /* NULL: unspecified */
	int64_t authn_instant;
	const struct saml_attribute *attributes;
	size_t attribute_count;
};

struct keeper_rejection {
	size_t door;
	const char *in_response_to;
	enum saml_rejected status;
	const char *message;
};

/* REASON_KEYS_REFUSED: it may not be signed; KEYS_UNAVAILABLE: nobody answered; UNSENDABLE, INTERNAL as of saml.h. */
struct keeper {
	int (*assertion)(void *context, struct arena *a, const struct keeper_assertion *what, struct saml_issued *out, struct error *err);
	int (*rejection)(void *context, struct arena *a, const struct keeper_rejection *what, struct saml_issued *out, struct error *err);
	struct saml_holder holder;      /* queries, and what is encrypted for us */
	void *context;
};

#endif
