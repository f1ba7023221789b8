/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The feed of Active Directory: DirSync, by polling. */
#ifndef LDAP_AD_H
#define LDAP_AD_H

#include "ldap/feed.h"

extern const struct feed_protocol ad_protocol;

/* Attributes that the filter looks at, as it names them, ended by NULL: a change of one may be what makes an entry fit. */
const char *const *filter_attributes(struct arena *a, const char *filter);

#endif
