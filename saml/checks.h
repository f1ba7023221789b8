/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What is asked of a stored Response besides who it names: each check, what it
 * says of itself, and lasso's opinion.  A part of saml/saml.h, for `postern
 * explain`; no sign-on needs it.
 */
#ifndef SAML_CHECKS_H
#define SAML_CHECKS_H

#include "base/arena.h"

#include <stdint.h>

struct saml_expect;

/* The checks of a Response, as they were begun: all but the last one held, and it did where the Response was accepted. */
enum saml_check {
#define CHECK(name, word, what) SAML_CHECK_##name,
#include "saml/checks.def"
#undef CHECK
	SAML_CHECK_COUNT
};

struct saml_checks {
	enum saml_check begun[SAML_CHECK_COUNT * 2];    /* of what was encrypted, some come twice */
	size_t n;
};
const char *saml_check_word(enum saml_check check);
const char *saml_check_what(enum saml_check check);

/*
 * What a Response says of itself, for whoever explains a stored one.  Nothing
 * of it is verified, and any of it may be NULL or 0.  The refusals are those of
 * a document that saml_response_read would not read either.
 */
struct saml_peek {
	const char *issuer, *in_response_to;
	int64_t issue_instant;
	bool is_encrypted;
};
int saml_response_peek(struct arena *a, struct slice base64, struct saml_peek *out, struct error *err);

/*
 * Plays the service provider for a Response of the identity provider that
 * somebody stored, with what saml_response_read was given.  lasso reads what
 * strangers may have written here: call it in a process of its own, without
 * keys, and with limits.  Encrypted ones it is not asked about.
 */
struct saml_opinion {
	bool accepts;                   /* by itself: signature, status, InResponseTo */
	const char *says;               /* why not; NULL: it does */
	/* what lasso leaves to its caller (destination, recipient, audience, times), asked of what it read */
	bool asked, fits;
	const char *misfit;             /* the first that does not; NULL: all do, or not asked */
	const char *name_id;            /* as lasso reads it; NULL: not read */
};
void saml_witness_received(struct arena *a, const struct saml_expect *expect, const char *base64, struct saml_opinion *out);

#endif
