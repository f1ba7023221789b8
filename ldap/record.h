/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One entry as it lies in the mirror's file.
 *
 * A record is read in place: after one copy into an arena its strings are used
 * where they are.  Bytes are checked when read, since a file may be damaged.
 */
#ifndef LDAP_RECORD_H
#define LDAP_RECORD_H

#include "ldap/mirror.h"

#define UUID_SIZE 16

/* Rules: entries that say who gets what, kept as they are; what they mean is not known here. */
enum mirror_kind { MIRROR_PEOPLE, MIRROR_GROUPS, MIRROR_RULES, MIRROR_KINDS };

struct record {
	enum mirror_kind kind;
	bool disabled;
	unsigned char uuid[UUID_SIZE];  /* entryUUID: stays when the entry is renamed */
	const char *dn, *dn_key;
	const char *name;               /* group: its name; person: first mail; NULL: none */
	const struct mirror_attribute *attributes;      /* sorted by name */
	size_t attribute_count;
};

struct slice record_write(struct arena *a, const struct record *r);
/* bytes must live as long as the record: its strings point into them. */
int record_read(struct arena *a, struct slice bytes, struct record *out, struct error *err);
/* The same without attributes, which needs no memory of its own. */
int record_read_head(struct slice bytes, struct record *out, struct error *err);

/* NULL: the record does not have it; name in lower case. */
const struct mirror_attribute *record_attribute(const struct record *r, const char *name);

#endif
