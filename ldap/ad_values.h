/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What Active Directory writes in its own way: GUIDs, SIDs, DNs with both in
 * front, options of ranges, accounts that are switched off or have ended.
 *
 * Functions of bytes: nothing here knows a connection.
 */
#ifndef LDAP_AD_VALUES_H
#define LDAP_AD_VALUES_H

#include "ldap/record.h"

/* "S-1-", an authority of 48 bits, at most 15 parts of 32 bits */
#define SID_TEXT_SIZE 192
#define GUID_TEXT_SIZE 37

/*
 * Its GUIDs lie with the first three fields in little-endian order
 * (MS-DTYP 2.3.4.2); the UUID of our records is in the order of the text.
 * -1: not 16 bytes.
 */
int guid_read(struct slice bytes, unsigned char uuid[UUID_SIZE]);
void guid_text(const unsigned char uuid[UUID_SIZE], char out[GUID_TEXT_SIZE]);
/* 8-4-4-4-12 hexadecimal digits, nothing around them; 0 or -1. */
int guid_parse(struct slice text, unsigned char uuid[UUID_SIZE]);

/* MS-DTYP 2.4.2.2 as 2.4.2.1 writes it; -1: no SID. */
int sid_text(struct slice bytes, char out[SID_TEXT_SIZE]);
/* The SID of the group that a primaryGroupID means: in the domain of the person's own SID; 0 or -1. */
int sid_of_primary_group(struct slice person_sid_text, struct slice primary_group_id, char out[SID_TEXT_SIZE]);

/* `<GUID=…>;<SID=…>;CN=…` in the text form of LDAP_SERVER_EXTENDED_DN_OID (MS-ADTS 3.1.1.3.4.1.5). */
struct extended_dn {
	unsigned char uuid[UUID_SIZE];
	struct slice dn;
};
int extended_dn_read(struct slice value, struct extended_dn *out);

/*
 * `member;range=0-1499` (MS-ADTS 3.1.1.3.1.3.3).  With DirSync's incremental
 * values 1-1 are values that were added, 0-0 such that were removed.
 */
struct value_range {
	size_t name_length;             /* of what stands before the option */
	uint64_t first, last;
	bool is_end;                    /* `-*`: there are no more */
};
/* 1: a range, 0: an attribute without one, -1: something that looks like one and is none. */
int value_range_read(const char *attribute, struct value_range *out);

/* userAccountControl (MS-ADTS 2.2.16): no number is like switched off. */
bool account_is_disabled(const struct slice *user_account_control, size_t n);
/* accountExpires: 100 ns since 1601; 0 and the largest number mean never, and what is no number has ended. */
bool account_has_ended(struct slice account_expires, int64_t now);

/*
 * Values as the mirror keeps them: objectGUID and mS-DS-ConsistencyGuid as the
 * text of the GUID (other lengths than 16 in base64), objectSid as S-1-…; all
 * others as they are.
 */
struct slice ad_kept_value(struct arena *a, const char *attribute, struct slice value);
/*
 * A claim that is to be found in such an attribute: the GUID's text, or base64
 * of its 16 bytes as they lie there, which is how Entra Connect makes an
 * immutable id.  1: uuid is filled; 0: neither, to be compared as it is.
 */
int ad_claimed_guid(const char *attribute, struct slice claim, char out[GUID_TEXT_SIZE]);

#endif
