/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Who may write an attribute of an entry, as far as that gives people power
 * over themselves or each other: SELF, Everyone, Authenticated Users, Users and
 * Domain Users.  Functions of bytes (MS-DTYP 2.4.4 to 2.4.6).
 */
#ifndef LDAP_AD_RIGHTS_H
#define LDAP_AD_RIGHTS_H

#include "ldap/record.h"

/* The attribute in the rights: its own GUID, and that of its property set; both as they lie in the schema. */
struct attribute_rights {
	struct slice guid, set;         /* set {NULL, 0}: it is in none */
};

/* 1: *who may write it (a word for people); 0: none of those; -1: no security descriptor. */
int rights_writer(struct slice descriptor, const struct attribute_rights *attribute, const char **who);

#endif
