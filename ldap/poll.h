/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The feed of servers that tell nothing by themselves: changes by modifyTimestamp, the rest by comparison. */
#ifndef LDAP_POLL_H
#define LDAP_POLL_H

#include "ldap/feed.h"

extern const struct feed_protocol poll_protocol;

#endif
