/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Metadata as the demo's programs need it, made from values as an administrator pastes them. */
#ifndef TESTS_DEMO_PEER_SAML_H
#define TESTS_DEMO_PEER_SAML_H

#include <time.h>

#define PEER_TIME_SIZE 32

/* xs:dateTime in UTC, whole seconds with ".000Z" as Entra writes them. */
void peer_time(char text[PEER_TIME_SIZE], time_t t);
/* certificate: base64 without line breaks.  Callers free. */
char *peer_idp_metadata(const char *entity_id, const char *sso_url, const char *certificate);
/* acs_urls: one, or several with a comma between; logout_url NULL: none; encrypt_for: a certificate as above, NULL: none. */
char *peer_sp_metadata(const char *entity_id, const char *acs_urls, const char *logout_url, const char *encrypt_for);
/*
 * The identity provider's document as Entra publishes it: byte-order mark, a WS-Federation role before the one that
 * counts, and one address for signing on and out.
 */
char *peer_entra_metadata(const char *entity_id, const char *sso_url, const char *certificate);

#endif
