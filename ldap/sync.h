/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The consumer's side of content synchronization (RFC 4533), refreshAndPersist:
 * a search for people and one for groups, each with a cookie of its own, and
 * now and then a probe that shows whether the server is still there.
 */
#ifndef LDAP_SYNC_H
#define LDAP_SYNC_H

#include "ldap/feed.h"

#define SYNC_CONTROL_OID "1.3.6.1.4.1.4203.1.9.1.1"

extern const struct feed_protocol sync_protocol;

#endif
