/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What must be pasted where, in the words of the screens: for `postern setup` and `postern keys instructions`. */
#ifndef GATEWAY_SETUP_H
#define GATEWAY_SETUP_H

#include "gateway/settings/keyring.h"

/* Atlassian's screen for this connection: the way to it and its fields; the certificate is printed apart. */
void setup_print_connection(const struct settings *s, const struct settings_connection *c);
void setup_print_certificate(const struct keyring_key *key);

#endif
