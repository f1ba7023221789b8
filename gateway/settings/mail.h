/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Mail addresses: which are plain enough to be sent on, and hints.
 *
 * A hint is what somebody says the person's address or user principal name
 * is.  Nobody vouches for it: it only chooses whom the identity provider's
 * form proposes, and never decides who is signed on.
 */
#ifndef GATEWAY_MAIL_H
#define GATEWAY_MAIL_H

#include "base/arena.h"

/*
 * Local part of RFC 5321 without quotes, one `@`, a domain of letters, digits,
 * `-` and single dots.  Whoever reads the name at the other side may trim it,
 * fold it or drop a last dot: only what means the same to everybody is sent,
 * so that nobody's mail becomes somebody else's, or leaves a claimed domain.
 */
bool mail_is_plain(const char *mail);

/* The hint, when it looks like an address; else NULL: what does not is passed over, not refused. */
const char *mail_hint(struct arena *a, struct slice text);

#endif
